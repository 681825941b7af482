"""Tiingo: daily prices of shares and funds as traded, with dividends and splits. Needs a token; has no indices.

Its own adjusted columns are not read: they fold in dividends, and splits that a night does not know yet.
"""

import json
import re
from datetime import date, timedelta
from typing import Any
from urllib.parse import parse_qs, urlsplit

import numpy as np
import pandas as pd

from alvh_core.actions import ACTION_DAYS, split_adjusted
from alvh_core.errors import RetriableError, SkippableError
from tasks.sources.documents import BOM, check_size, reading
from tasks.sources.keys import ApiKey
from tasks.sources.limits import unique_keys
from tasks.sources.source import ACTIONS, BARS, Query, Source, Wanted

BASE_URL = "https://api.tiingo.com"
KEY = ApiKey(variable="ALVH_TIINGO_TOKEN", header="Authorization", template="Token {}")
BAR_DAYS = 800
_NUMBERS = {"open": "open_usd", "high": "high_usd", "low": "low_usd", "close": "close_usd", "volume": "volume_shares",
            "divCash": "dividend_usd", "splitFactor": "split_ratio"}  # fmt: skip


def bars_url(wanted: Wanted, base: str = BASE_URL) -> str | None:
    """Address of the bars of a share or fund up to the night; an index has none, and no fund stands in for it."""
    return _url(wanted, base, BAR_DAYS, "resampleFreq=daily")


def actions_url(wanted: Wanted, base: str = BASE_URL) -> str | None:
    """Address of the same days for their dividends and splits; it differs, for a body belongs to one dataset."""
    return _url(wanted, base, ACTION_DAYS, "format=json")


def _url(wanted: Wanted, base: str, days: int, more: str) -> str | None:
    if wanted.asset is None or wanted.asset.is_index:
        return None
    start = wanted.trade_date - timedelta(days=days)
    return f"{base}/tiingo/daily/{wanted.asset.wire_symbol}/prices?startDate={start}&endDate={wanted.trade_date}&{more}"


def parse_bars(body: bytes, symbol: str, url: str) -> pd.DataFrame:
    """Read bars, adjusted for the splits among them and for no dividend.

    Returns
    -------
    DataFrame
        As `tasks.sources.cboe.parse_bars`.

    Raises
    ------
    SkippableError
        Not that list, an error in words, or no day at all.
    RetriableError
        The body is cut short.
    """
    rows = split_adjusted(_rows(body, symbol, url).rename(columns={"day": "bar_date"}))
    return rows.drop(columns=["dividend_usd", "split_ratio"]).assign(symbol=symbol)


def parse_actions(body: bytes, symbol: str, url: str) -> pd.DataFrame:
    """Read the days on which a dividend was paid or shares were split; there may be none.

    Returns
    -------
    DataFrame
        ``symbol``, ``ex_date``, ``dividend_usd``, ``split_ratio``, ``row_position``.

    Raises
    ------
    SkippableError, RetriableError
        As `parse_bars`.
    """
    rows = _rows(body, symbol, url)
    is_action = (rows["dividend_usd"] != 0.0) | (rows["split_ratio"] != 1.0)
    found = rows.loc[is_action, ["day", "dividend_usd", "split_ratio", "row_position"]].reset_index(drop=True)
    return found.rename(columns={"day": "ex_date"}).assign(symbol=symbol)


def _rows(body: bytes, symbol: str, url: str) -> pd.DataFrame:
    """Decode the list of days; what lies after the last day asked for is left out, splits of the future with it."""
    where = f"{symbol}: {url}"
    check_size(body, symbol, url)
    text = body.removeprefix(BOM).strip()
    if text[:1] != b"[":
        raise SkippableError(f"{where}: expected a list of days, found {body[:80]!r}")
    if not text.endswith(b"]"):
        raise RetriableError(f"{where}: a body cut short after {len(body)} bytes")
    with reading(body, where, f"days of date, {', '.join(_NUMBERS)}"):
        rows = json.loads(text.decode(), object_pairs_hook=unique_keys)
        days = pd.to_datetime([str(row["date"])[:10] for row in rows], format="%Y-%m-%d").as_unit("s")
        numbers = {mine: np.array([row[name] for row in rows], dtype=np.float64) for name, mine in _NUMBERS.items()}
    last = parse_qs(urlsplit(url).query).get("endDate", ["9999-12-31"])[0]
    kept = np.flatnonzero(days <= pd.Timestamp(last))
    if not len(kept):
        raise SkippableError(f"{where}: expected days up to {last}, found none among {len(rows)}")
    finite = {name: np.where(np.isfinite(values), values, np.nan)[kept] for name, values in numbers.items()}
    return pd.DataFrame({"day": days[kept], **finite, "row_position": kept})


def _simulate(market: Any, day: date, asked: Query) -> bytes | None:
    found: bytes | None = market.share_prices(asked["ticker"], day, asked)
    return found


_TERMS = "Tiingo's by personal or commercial licence, internal use, not to be passed on"
_ROUTE = re.compile(r"/tiingo/daily/(?P<ticker>[^/]+)/prices$")
SOURCES = (
    Source(name="tiingo_bars", publisher="tiingo", dataset=BARS, bases=(BASE_URL,), key=KEY, terms=_TERMS,
           address=bars_url, route=_ROUTE, read=parse_bars, simulate=_simulate, sample="tiingo_prices.json",
           sample_symbol="XLF"),
    Source(name="tiingo_actions", publisher="tiingo", dataset=ACTIONS, bases=(BASE_URL,), key=KEY, terms=_TERMS,
           address=actions_url, route=_ROUTE, read=parse_actions, simulate=_simulate, sample="tiingo_prices.json",
           sample_symbol="XLF"),
)  # fmt: skip
