"""Share vendors' files: one symbol's prices with dividends and splits, all closes of a session, who is listed where.

Prices of the universe are those of the charts. The market's splits lie before its first night: no chart of a night has
one ahead. All other listed names are invented, a population that moves with the market.
"""

import json
from collections.abc import Mapping
from datetime import date
from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

from alvh_core.market.noise import FloatArray, hashed_normal, hashed_uniform, mix, name_code
from alvh_core.market.paths import Factors
from alvh_core.market.profiles import Profile
from alvh_core.market.series import Series

SPLITS: Mapping[str, tuple[np.datetime64, float]] = {"NVDA": (np.datetime64("2019-09-16", "D"), 4.0)}
_MONTHLY = frozenset({"O", "BITO"})
_MEMBERS, _OTHERS, PAGE = 1100, 300, 1000  # invented common stock of the exchange, the rest, rows of a page
_BETA_SALT, _LEVEL_SALT = 21, 22
_OWN_VOL = 0.02


def price_rows(symbol: str, series: Series, profile: Profile, dates: NDArray[np.datetime64],
               asked: Mapping[str, str]) -> list[dict[str, object]]:  # fmt: skip
    """Return a symbol's days as traded, with what went ex on them, between the dates asked for.

    Parameters
    ----------
    symbol : str
    series, profile : Series, Profile
    dates : ndarray of datetime64[D]
        Sessions up to the night.
    asked : mapping of str to str
        ``startDate`` and ``endDate``.
    """
    count = len(dates)
    close = series.close[:count]
    split_day, ratio = SPLITS.get(symbol, (np.datetime64("1900-01-01", "D"), 1.0))
    scale = np.where(dates < split_day, ratio, 1.0)
    split = np.where(dates == split_day, ratio, 1.0)
    dividend = dividends(symbol, profile, close, dates) * scale
    before = np.concatenate([close[:1], close[:-1]]) * np.concatenate([scale[:1], scale[:-1]])
    step = (1.0 - dividend / before) / split
    adjust = np.append(np.cumprod(step[::-1])[::-1][1:], 1.0)
    start, end = asked.get("startDate", "1900-01-01"), asked.get("endDate", "9999-12-31")
    at = slice(*np.searchsorted(dates, [np.datetime64(start, "D"), np.datetime64(end, "D") + 1]).tolist())
    bar = {name: np.round(getattr(series, name)[at] * scale[at], 2) for name in ("close", "high", "low", "open")}
    volume = (series.volume[at] / scale[at]).astype(np.int64)
    columns = {
        "date": np.char.add(dates[at].astype(str), "T00:00:00.000Z"), **bar, "volume": volume,
        **{f"adj{name.capitalize()}": values * adjust[at] for name, values in bar.items()}, "adjVolume": volume,
        "divCash": dividend[at], "splitFactor": split[at],
    }  # fmt: skip
    rows = zip(*(column.tolist() for column in columns.values()), strict=True)
    return [dict(zip(columns, row, strict=True)) for row in rows]


def dividends(symbol: str, profile: Profile, close: FloatArray, dates: NDArray[np.datetime64]) -> FloatArray:
    """Return the cash dividend of every session: the yield of a quarter, or of a month, on a day of its own."""
    a_year = 12 if symbol in _MONTHLY else 4
    months = dates.astype("datetime64[M]")
    nominal = np.asarray(months.astype("datetime64[D]") + np.timedelta64(8 + name_code(symbol) % 14, "D"), dates.dtype)
    is_due = (months.astype(np.int64) % (12 // a_year)) == (name_code(symbol) // 14) % (12 // a_year)
    is_first = np.concatenate([[False], (dates[1:] >= nominal[1:]) & (dates[:-1] < nominal[1:])])
    before = np.concatenate([close[:1], close[:-1]])
    cash = np.where(is_due & is_first, profile.yield_frac / a_year * before, 0.0)
    return np.asarray(np.round(cash, 4), dtype=np.float64)


def grouped_bytes(asked: date, at: int | None, factors: Factors, universe: Mapping[str, float]) -> bytes:
    """Return the closes of all shares of a day, without ``results`` where there is no session of it.

    Parameters
    ----------
    asked : date
    at : int, optional
        Its position among the sessions.
    factors : Factors
    universe : mapping of str to float
        Closes of the universe's own shares and funds.
    """
    head: dict[str, object] = {"queryCount": 0, "resultsCount": 0, "adjusted": True}
    if at is None:
        return json.dumps(head | {"status": "OK", "request_id": f"{asked}", "count": 0}).encode()
    closes = dict(zip(_names(), _closes(at, factors).tolist(), strict=True)) | dict(universe)
    rows = [
        {"T": name, "v": 1000 + 10 * place, "o": close, "c": close, "h": close, "l": close}
        for place, (name, close) in enumerate(closes.items())
    ]
    count = len(rows)
    return json.dumps(head | {"queryCount": count, "resultsCount": count, "results": rows, "status": "OK",
                              "request_id": f"{asked}", "count": count}).encode()  # fmt: skip


def reference_bytes(asked: Mapping[str, str]) -> bytes:
    """Return a page of the exchange's common stock; the first one names the address of the second."""
    is_first = "cursor" not in asked
    names = _names()[:_MEMBERS]
    page = names[:PAGE] if is_first else names[PAGE:]
    rows = [
        {"ticker": name, "name": f"Invented {name}", "market": "stocks", "locale": "us", "primary_exchange": "XNYS",
         "type": "CS", "active": True, "currency_name": "usd"}
        for name in page
    ]  # fmt: skip
    following = {"next_url": "https://api.massive.com/v3/reference/tickers?cursor=cGFnZTI"} if is_first else {}
    return json.dumps({"results": rows, "status": "OK", "request_id": "r1", "count": len(rows)} | following).encode()


@lru_cache(maxsize=1)
def _names() -> list[str]:
    letters = "ABCDEFGHIJKLMNOPQRSTUVWXYZ"
    numbers = range(_MEMBERS + _OTHERS)
    return [f"Z{letters[n // 676 % 26]}{letters[n // 26 % 26]}{letters[n % 26]}" for n in numbers]


def _closes(at: int, factors: Factors) -> FloatArray:
    keys = mix(np.arange(_MEMBERS + _OTHERS, dtype=np.uint64) ^ np.uint64(factors.seed & 0xFFFFFFFF))
    beta = 0.4 + 1.4 * hashed_uniform(keys, _BETA_SALT)
    level = 4.0 * np.exp(4.0 * hashed_uniform(keys, _LEVEL_SALT))
    own = _OWN_VOL * hashed_normal(keys, int(factors.dates[at].astype(np.int64)))
    market = float(np.sum(factors.market[: at + 1]))
    return np.asarray(np.round(np.maximum(level * np.exp(beta * market + own), 0.01), 2), dtype=np.float64)
