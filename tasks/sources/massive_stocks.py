"""Massive (once Polygon.io): the closes of all US shares of a session, and who is common stock of the NYSE.

Two sessions are asked for in the same run, both adjusted: a split between them would else look like a fall.
"""

import re
from datetime import date
from typing import Any
from urllib.parse import urlencode, urlsplit

import pandas as pd

from alvh_core.errors import SkippableError
from tasks.sources.chain_pages import read_pages
from tasks.sources.documents import read_json, reading
from tasks.sources.massive import BASE_URL, KEY, further_pages
from tasks.sources.source import GROUPED, REFERENCE, Source, Wanted

BEFORE = "US_STOCKS_BEFORE"
MAX_TICKER_CHARS = 20
_TICKERS = "/v3/reference/tickers"
_DAY = re.compile(r"/stocks/(\d{4}-\d\d-\d\d)$")


def grouped_url(wanted: Wanted, base: str = BASE_URL) -> str:
    """Address of all closes of the night's session, or of the one before."""
    day = wanted.previous if wanted.symbol == BEFORE else wanted.trade_date
    return f"{base}/v2/aggs/grouped/locale/us/market/stocks/{day}?adjusted=true&include_otc=false"


def reference_url(wanted: Wanted, base: str = BASE_URL) -> str:
    """Address of the exchange's common stock as of the night, two or three pages of it."""
    asked = {"market": "stocks", "exchange": wanted.symbol, "type": "CS", "active": "true", "limit": 1000}
    return f"{base}{_TICKERS}?{urlencode(asked | {'date': wanted.trade_date})}"


def parse_grouped(body: bytes, symbol: str, url: str) -> pd.DataFrame:
    """Read the closes of a session, under the date that was asked for: the file's own stamps differ by kind.

    Returns
    -------
    DataFrame
        ``ticker``, ``close_usd``, ``session_date`` (missing where the address has none).

    Raises
    ------
    SkippableError
        Not adjusted, not authorised, or no session of that day: then there are no ``results``.
    RetriableError
        The body is cut short.
    """
    where = f"{symbol}: {url}"
    page = read_json(body, symbol, url)
    if page.get("adjusted") is not True:
        raise SkippableError(f"{where}: expected adjusted closes, found adjusted {str(page.get('adjusted'))[:20]}")
    rows = _results(page, where)
    with reading(body, where, "results of T and c"):
        names = [_ticker(row["T"]) for row in rows]
        closes = pd.Series([float(row["c"]) for row in rows], dtype="float64")
    asked = _DAY.search(urlsplit(url).path)
    day = pd.Timestamp(date.fromisoformat(asked[1])) if asked else pd.Timestamp("NaT")
    frame = pd.DataFrame({"ticker": pd.Series(names, dtype="str"), "close_usd": closes}).assign(session_date=day)
    return frame[(frame["close_usd"] > 0.0) & (frame["close_usd"] < float("inf"))]


def parse_reference(body: bytes, symbol: str, url: str) -> pd.DataFrame:
    """Read who is listed: ``ticker`` of the common stock whose first exchange was asked for.

    Raises
    ------
    SkippableError, RetriableError
        As `parse_grouped`.
    """
    where = f"{symbol}: {url}"
    rows = [row for page in read_pages(body, symbol, url) for row in _results(page, where)]
    with reading(body, where, "results of ticker, primary_exchange, type"):
        names = [_ticker(row["ticker"]) for row in rows if row["primary_exchange"] == symbol and row["type"] == "CS"]
    if not names:
        raise SkippableError(f"{where}: expected common stock of {symbol}, found {len(rows)} rows and none of it")
    return pd.DataFrame({"ticker": pd.Series(sorted(set(names)), dtype="str")})


def _ticker(value: Any) -> str:
    if not isinstance(value, str) or not 0 < len(value) <= MAX_TICKER_CHARS:
        raise ValueError(f"no ticker: {str(value)[:40]!r}")
    return value


def _results(page: dict[str, Any], where: str) -> list[Any]:
    if page.get("status") not in {"OK", "DELAYED"}:
        told = page.get("message") or page.get("error") or page.get("status")
        raise SkippableError(f"{where}: expected status OK, found {str(told)[:120]!r}")
    rows = page.get("results")
    if not isinstance(rows, list) or not rows:
        raise SkippableError(f"{where}: expected results, found none: no session, or not released yet")
    return rows


_TERMS = "Massive's by paid or free licence, internal use, not to be passed on"
SOURCES = (
    Source(name="massive_grouped", publisher="massive", dataset=GROUPED, bases=(BASE_URL,), key=KEY, terms=_TERMS,
           address=grouped_url, route=re.compile(r"/v2/aggs/grouped/locale/us/market/stocks/(?P<day>\d{4}-\d\d-\d\d)$"),
           read=parse_grouped, sample="massive_grouped.json", sample_symbol="US_STOCKS",
           simulate=lambda market, day, asked: market.grouped_daily(date.fromisoformat(asked["day"]), day)),
    Source(name="massive_reference", publisher="massive", dataset=REFERENCE, bases=(BASE_URL,), key=KEY, terms=_TERMS,
           address=reference_url, route=re.compile(r"/v3/reference/tickers$"), read=parse_reference, more=further_pages,
           sample="massive_reference.json", sample_symbol="XNYS",
           simulate=lambda market, _day, asked: market.reference_tickers(asked)),
)  # fmt: skip
