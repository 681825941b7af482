"""The vendor's formats: chain JSON, chart JSON, index CSV and the Treasury's CSV, as bytes.

Field names, their order and the spelling of numbers follow the recorded originals. Numbers are looked up in tables of
ready strings, which is what makes a hundred thousand contracts a second possible. No value is computed here.
"""

import json
from collections.abc import Callable, Mapping, Sequence
from functools import cache
from itertools import repeat
from typing import Any

import numpy as np
from numpy.typing import NDArray

from alvh_core.market.activity import NEVER, Columns
from alvh_core.market.noise import FloatArray
from alvh_core.market.series import Series

_TABLE_SIZE = 1 << 15
DECIMALS = {
    "bid": 2, "bid_size": 0, "ask": 2, "ask_size": 0, "iv": 4, "open_interest": 0, "volume": 0, "delta": 4, "gamma": 4,
    "vega": 4, "theta": 4, "rho": 4, "theo": 4, "change": 4, "open": 2, "high": 2, "low": 2, "last_trade_price": 2,
    "percent_change": 4,
}  # fmt: skip
_ROW = (
    '{"option": "%s%s%s", "bid": %s, "bid_size": %s, "ask": %s, "ask_size": %s, "iv": %s, "open_interest": %s, '
    '"volume": %s, "delta": %s, "gamma": %s, "vega": %s, "theta": %s, "rho": %s, "theo": %s, "change": %s, '
    '"open": %s, "high": %s, "low": %s, "tick": "%s", "last_trade_price": %s, "last_trade_time": %s%s, '
    '"percent_change": %s, "prev_day_close": %s}'
)
_NUMBERS_BEFORE_TICK = ("bid", "bid_size", "ask", "ask_size", "iv", "open_interest", "volume", "delta", "gamma", "vega",
                        "theta", "rho", "theo", "change", "open", "high", "low")  # fmt: skip

TREASURY_TENORS = ("1 Mo", "1.5 Month", "2 Mo", "3 Mo", "4 Mo", "6 Mo", "1 Yr", "2 Yr", "3 Yr", "5 Yr", "7 Yr", "10 Yr",
                   "20 Yr", "30 Yr")  # fmt: skip


@cache
def _table(per_unit: int, text: Callable[[float], str]) -> NDArray[np.object_]:
    return np.array([text(units / per_unit) for units in range(-_TABLE_SIZE, _TABLE_SIZE + 1)], dtype=object)


def number_texts(values: FloatArray, per_unit: int, text: Callable[[float], str] = repr) -> list[str]:
    """Return the wire spelling of numbers that are whole multiples of a unit.

    Parameters
    ----------
    values : ndarray of shape (n,)
        Numbers; rounded to the unit.
    per_unit : int
        Units in 1.0, e.g. 100 for cents.
    text : callable
        Spelling of one float.

    Examples
    --------
    >>> number_texts(np.array([0.0, 1.7, -0.12, 412.0]), 100)
    ['0.0', '1.7', '-0.12', '412.0']
    """
    units = np.rint(np.asarray(values) * per_unit).astype(np.int64)
    far = np.abs(units) > _TABLE_SIZE
    texts = _table(per_unit, text)[np.where(far, 0, units) + _TABLE_SIZE]
    if far.any():
        large = units[far]
        is_short = (text is repr) & (np.abs(large) < per_unit * _TABLE_SIZE)
        texts[far] = _joined(large, per_unit) if np.all(is_short) else [text(u / per_unit) for u in large.tolist()]
    found: list[str] = texts.tolist()
    return found


def _joined(units: NDArray[np.int64], per_unit: int) -> NDArray[Any]:
    """Join whole and decimal places, each from its table: three times as fast as spelling every number."""
    whole, rest = np.divmod(np.abs(units), per_unit)
    signs = np.array(["", "-"], dtype=object)[(units < 0).astype(np.int64)]
    return np.asarray(signs + _whole_texts()[whole] + _decimal_texts(per_unit)[rest])


@cache
def _whole_texts() -> NDArray[np.object_]:
    return np.array([str(number) for number in range(_TABLE_SIZE)], dtype=object)


@cache
def _decimal_texts(per_unit: int) -> NDArray[np.object_]:
    return np.array([repr(units / per_unit)[1:] for units in range(per_unit)], dtype=object)


def single_precision(value: float) -> str:
    """Spell a number the way the vendor's float32 comes through.

    Examples
    --------
    >>> single_precision(1.76)
    '1.75999999046326'
    """
    text = f"{float(np.float32(value)):.15g}"
    return text if "." in text or "e" in text else text + ".0"


@cache
def _clock_texts() -> NDArray[np.object_]:
    minutes = [f"{hour:02d}:{minute:02d}" for hour in range(24) for minute in range(60)]
    return np.array([f'T{minute}:{second:02d}"' for minute in minutes for second in range(60)], dtype=object)


def option_rows(columns: Columns, days: Sequence[str], *, is_single_precision: bool) -> str:
    """Return the contracts of a chain as JSON objects, comma-separated.

    Parameters
    ----------
    columns : dict of str to ndarray
        Vendor columns and ``series`` (root and date), ``right``, ``strike_code``, ``trade_age``, ``trade_second``.
    days : sequence of str
        ISO dates of the sessions back from tonight.
    is_single_precision : bool
        Whether previous closes carry float32 noise.
    """
    texts = {name: number_texts(columns[name], 10**decimals) for name, decimals in DECIMALS.items()}
    before_tick = [texts[name] for name in _NUMBERS_BEFORE_TICK]
    age = columns["trade_age"]
    day_texts = np.array([f'"{day}' for day in days] + ["null"], dtype=object)
    dates = day_texts[np.where(age == NEVER, len(days), np.clip(age, 0, len(days) - 1))]
    clocks = np.where(age == NEVER, "", _clock_texts()[columns["trade_second"]])
    previous = number_texts(columns["prev_day_close"], 200, single_precision if is_single_precision else repr)
    cells = [
        columns["series"].tolist(), columns["right"].tolist(), columns["strike_code"].tolist(), *before_tick,
        columns["tick"].tolist(), texts["last_trade_price"], dates.tolist(), clocks.tolist(), texts["percent_change"],
        previous,
    ]  # fmt: skip
    *before, after = _ROW.split("%s")  # joined with what stands between them: formatting takes half as long again
    parts = [part for name, cell in zip(before, cells, strict=True) for part in (repeat(name, len(age)), cell)]
    return ", ".join(map("".join, zip(*parts, repeat(after, len(age)), strict=True)))


def chain_bytes(rows: str, header: Mapping[str, Any], *, wire_symbol: str, rendered_at: str) -> bytes:
    """Return the chain file: envelope, header and contracts."""
    tail = json.dumps(header)[1:]
    text = f'{{"timestamp": "{rendered_at}", "data": {{"options": [{rows}], {tail}, "symbol": "{wire_symbol}"}}'
    return text.encode()


def bar_rows(dates: Sequence[str], series: Series, *, is_text: bool) -> list[str]:
    """Return one JSON object per daily bar; an index file spells its numbers as strings."""
    row = '{"date": "%s", "open": %s, "high": %s, "low": %s, "close": %s, "volume": %d}'
    prices = (series.open, series.high, series.low, series.close)
    columns = [number_texts(price, 100) for price in prices]
    if is_text:
        row = row.replace("%d", '"%d"')
        columns = [[f'"{price:.2f}"' for price in column.tolist()] for column in prices]
    return [row % values for values in zip(dates, *columns, series.volume.tolist(), strict=True)]


def bars_bytes(rows: Sequence[str], *, wire_symbol: str, rendered_at: str) -> bytes:
    """Return the chart file."""
    return f'{{"timestamp": "{rendered_at}", "symbol": "{wire_symbol}", "data": [{", ".join(rows)}]}}'.encode()


def index_lines(header: str, dates: Sequence[str], columns: Sequence[FloatArray]) -> list[str]:
    """Return header and rows of an index history, six decimals each."""
    spelled = [[f"{value:.6f}" for value in column.tolist()] for column in columns]
    return [header, *(",".join(row) for row in zip(dates, *spelled, strict=True))]


def csv_bytes(lines: Sequence[str]) -> bytes:
    """Return lines as a CSV file."""
    return ("\n".join(lines) + "\n").encode()


def treasury_bytes(dates: Sequence[str], percent: FloatArray, known: NDArray[np.bool_]) -> bytes:
    """Return the par yield curve file.

    Parameters
    ----------
    dates : sequence of str
        Month/day/year, in file order (newest first).
    percent : ndarray of shape (n_dates, 14)
        Par yields. [percent]
    known : ndarray of bool of shape (n_dates, 14)
        False where the tenor did not exist yet; a tenor that no row has is no column.
    """
    shown = np.asarray(known.any(axis=0) if len(dates) else known.all(axis=0))
    header = ",".join(["Date", *(f'"{name}"' for name, kept in zip(TREASURY_TENORS, shown, strict=True) if kept)])
    cells = np.where(known, np.char.mod("%.2f", percent), "")[:, shown].tolist()
    return csv_bytes([header, *(",".join([day, *row]) for day, row in zip(dates, cells, strict=True))])
