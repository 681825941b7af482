"""The futures exchange's keyless files: all settlements of an evening, and the history of one VIX future.

Neither file says in its rows what the other does: the evening's has no date but the one it was asked for, the history
no expiry but its name's. Monthly contracts are read, and of weeklies what they settled at: until then they repeat a
reference price. What is known when is pure (`alvh_core.futures`).
"""

import io
import re
from datetime import date
from urllib.parse import parse_qs, urlsplit

import numpy as np
import pandas as pd

from alvh_core.errors import RetriableError, SkippableError
from alvh_core.futures import expiry_of, futures_symbol
from tasks.sources.dated_csv import finite
from tasks.sources.documents import reading
from tasks.sources.limits import check_csv
from tasks.sources.source import VX_HISTORY, VX_SETTLEMENT, Source, Wanted

EVENING_URL, HISTORY_URL = "https://www.cboe.com", "https://cdn.cboe.com"
BEFORE = "VX_BEFORE"  # the evening file of the session before: tonight's may be late, and yesterday's may be corrected

_MONTHLY, _WEEKLY = r"^VX/[FGHJKMNQUVXZ]\d$", r"^VX\d\d/[FGHJKMNQUVXZ]\d$"  # VXM/U6, a mini, is neither
_MONTH = re.compile(r"^[FGHJKMNQUVXZ] \((?P<month>[A-Z][a-z]{2} \d{4})\)$")
_NO_DATE = pd.Timestamp("NaT")
_PRICES = {"OPEN": "open_usd", "HIGH": "high_usd", "LOW": "low_usd", "CLOSE": "close_usd",
           "SETTLE": "settle_vol_points", "TOTAL VOLUME": "volume_count"}  # fmt: skip


def evening_url(wanted: Wanted, base: str = EVENING_URL) -> str:
    """Address of the settlements of the night's session, or of the one before."""
    day = wanted.previous if wanted.symbol == BEFORE else wanted.trade_date
    return f"{base}/us/futures/market_statistics/settlement/csv?dt={day}"


def history_url(wanted: Wanted, base: str = HISTORY_URL) -> str:
    """Address of the history of a contract, which is named after the day it settles."""
    expiry = expiry_of(wanted.symbol, wanted.trade_date, wanted.is_session)
    return f"{base}/data/us/futures/market_statistics/historical_data/VX/VX_{expiry}.csv"


def parse_evening(body: bytes, symbol: str, url: str) -> pd.DataFrame:
    """Read the settlements of the monthly VIX futures, and of the weekly that settled on the date that was asked for.

    Returns
    -------
    DataFrame
        ``futures_symbol``, ``expiry_date``, ``settle_date`` (missing where the address has none), ``settle_kind``,
        ``settle_vol_points``, empty bars, ``row_position``.

    Raises
    ------
    SkippableError
        Not that file, or no monthly VIX future in it: no session, or not settled yet.
    RetriableError
        The last row is cut short.
    """
    where = f"{symbol}: {url}"
    frame = _table(body, "PRODUCT,SYMBOL,EXPIRATION DATE,PRICE", where)
    asked = parse_qs(urlsplit(url).query).get("dt", [""])[0]
    of_vix = frame["PRODUCT"] == "VX"
    is_monthly = of_vix & frame["SYMBOL"].str.match(_MONTHLY)
    is_final = of_vix & frame["SYMBOL"].str.match(_WEEKLY) & (frame["EXPIRATION DATE"] == asked)
    rows = frame[is_monthly | is_final].reset_index(drop=True)
    if not is_monthly.any():
        raise SkippableError(f"{where}: expected settlements of monthly VX futures, found {len(frame)} rows, none of "
                             "them such; no session, or not settled yet")  # fmt: skip
    found = pd.DataFrame({
        "futures_symbol": rows["SYMBOL"], "expiry_date": _days(rows["EXPIRATION DATE"], where),
        "settle_date": pd.to_datetime(asked, format="%Y-%m-%d", errors="coerce"), "settle_kind": "settlement",
        "settle_vol_points": finite(rows["PRICE"]), "row_position": np.arange(len(rows)),
    })  # fmt: skip
    return found.assign(**dict.fromkeys([name for name in _PRICES.values() if name not in found], np.nan))


def parse_history(body: bytes, symbol: str, url: str) -> pd.DataFrame:
    """Read the history of one future, with or without a line of small print, dates in either spelling.

    Returns
    -------
    DataFrame
        As `parse_evening`, with bars; ``expiry_date`` is for the rule to say.

    Raises
    ------
    SkippableError
        Not that file, without rows, or rows of no monthly contract.
    RetriableError
        The last row is cut short.
    """
    where = f"{symbol}: {url}"
    frame = _table(body, "TRADE DATE,FUTURES,OPEN,HIGH,LOW,CLOSE,SETTLE,CHANGE,TOTAL VOLUME", where)
    months = frame["FUTURES"].map({label: _symbol_of(label) for label in frame["FUTURES"].unique()})
    if frame.empty or months.isna().any():
        raise SkippableError(f"{where}: expected rows of a contract such as 'U (Sep 2026)', found {len(frame)} rows, "
                             f"{int(months.isna().sum())} without")  # fmt: skip
    prices = {name: finite(frame[column]) for column, name in _PRICES.items()}
    return pd.DataFrame({
        "futures_symbol": months, "expiry_date": _NO_DATE, "settle_date": _days(frame["TRADE DATE"], where),
        "settle_kind": "history", **prices, "row_position": np.arange(len(frame)),
    })  # fmt: skip


def _table(body: bytes, header: str, where: str) -> pd.DataFrame:
    """Read CSV below the line that begins with a header; small print above it is skipped, commas at an end too."""
    check_csv(body, where)
    lines, names = body.decode("utf-8-sig").splitlines(), header.split(",")
    at = next((at for at, line in enumerate(lines[:3]) if line.upper().split(",")[: len(names)] == names), None)
    if at is None:
        raise SkippableError(f"{where}: expected CSV of {header.lower()}, found {body[:60]!r}")
    rows = lines[at + 1 :]
    if not rows:
        return pd.DataFrame({name: pd.Series(dtype="str") for name in names})
    columns = [*lines[at].upper().rstrip(",").split(","), "_"]  # rows may end with a comma
    if rows[-1].count(",") < len(columns) - 2:
        raise RetriableError(f"{where}: a body cut short after {len(body)} bytes, its last row is {rows[-1][:60]!r}")
    with reading(body, where, f"CSV of {header.lower()}"):
        frame = pd.read_csv(io.StringIO("\n".join(rows)), names=columns, dtype="str", index_col=False,
                            keep_default_na=False)  # fmt: skip
    return frame[names].fillna("")


def _symbol_of(label: str) -> str | None:
    found = _MONTH.match(label.strip())
    if found is None:
        return None
    try:
        month = pd.to_datetime(found["month"], format="%b %Y")
    except ValueError:
        return None
    symbol = futures_symbol(month.year, month.month)
    return symbol if symbol[-2] == label.strip()[0] else None


def _days(texts: pd.Series, where: str) -> pd.Series:
    spelling = "%m/%d/%Y" if texts.str.contains("/").any() else "%Y-%m-%d"
    try:
        return pd.to_datetime(texts, format=spelling)
    except ValueError as error:
        raise SkippableError(f"{where}: expected dates, found {error}") from error


_TERMS = "Cboe Futures Exchange's, keyless, no licence to redistribute"
SOURCES = (
    Source(name="cfe_settlement", publisher="cfe", dataset=VX_SETTLEMENT, bases=(EVENING_URL,), terms=_TERMS,
           address=evening_url, route=re.compile(r"/us/futures/market_statistics/settlement/csv$"), read=parse_evening,
           simulate=lambda market, day, asked: market.vx_settlements(date.fromisoformat(asked["dt"]), day),
           sample="cfe_settlement.csv", sample_symbol="VX"),
    Source(name="cfe_history", publisher="cfe_history", dataset=VX_HISTORY, bases=(HISTORY_URL,), terms=_TERMS,
           address=history_url, route=re.compile(r"/historical_data/VX/VX_(?P<expiry>\d{4}-\d\d-\d\d)\.csv$"),
           read=parse_history,
           simulate=lambda market, day, asked: market.vx_history(date.fromisoformat(asked["expiry"]), day),
           sample="cfe_history.csv", sample_symbol="VX/U6"),
)  # fmt: skip
