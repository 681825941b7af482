"""Massive (once Polygon.io): option chain snapshots, 250 contracts a page. Quotes need a plan that includes them.

The address of the next page comes with a page, and never holds the key; only its query is believed. Epochs are
nanoseconds.
"""

import re
from datetime import timedelta
from typing import Any
from urllib.parse import parse_qsl, quote, urlencode, urlsplit, urlunsplit

from alvh_core.errors import SkippableError
from alvh_core.quotes import ChainHeader
from tasks.sources.chain_pages import (
    HORIZON_DAYS,
    NBBO,
    as_list,
    chain_table,
    found,
    guarded,
    newest,
    number,
    read_pages,
    told,
)
from tasks.sources.keys import ApiKey
from tasks.sources.source import CHAIN, Chain, Source, Wanted

BASE_URL = "https://api.massive.com"  # https://api.polygon.io still answers
KEY = ApiKey(variable="ALVH_MASSIVE_KEY", header="Authorization", template="Bearer {}")
PAGE_LIMIT = 250  # its largest; the default is 10
_SNAPSHOT = "/v3/snapshot/options/"
_PLACES = {
    "bid": ("last_quote", "bid"), "ask": ("last_quote", "ask"), "bid_size": ("last_quote", "bid_size"),
    "ask_size": ("last_quote", "ask_size"), "volume": ("day", "volume"), "open_interest": ("open_interest",),
    "iv": ("implied_volatility",), "delta": ("greeks", "delta"),
}  # fmt: skip
_NEEDED = ("bid", "ask", "open_interest")  # a day without trades is {}
_GOOD = frozenset({"OK", "DELAYED"})


def chain_url(wanted: Wanted, base: str = BASE_URL) -> str | None:
    """Address of the first page of a chain; indices are called ``I:VIX``."""
    if wanted.asset is None:
        return None
    name = f"I:{wanted.symbol}" if wanted.asset.is_index else wanted.symbol
    last = wanted.trade_date + timedelta(days=HORIZON_DAYS)
    asked = {"expiration_date.gte": wanted.trade_date, "expiration_date.lte": last, "limit": PAGE_LIMIT}
    return f"{base}{_SNAPSHOT}{quote(name, safe=':')}?{urlencode(asked)}"


def further_pages(page: bytes, url: str) -> list[str]:
    """Return the address of the next page, at the host that was asked: the key goes nowhere else.

    Raises
    ------
    SkippableError
        What stands there is no address of the same list.
    """
    symbol = urlsplit(url).path.rpartition("/")[2]
    following = read_pages(page, symbol, url)[0].get("next_url")
    if not following:
        return []
    try:
        here, there = urlsplit(url), urlsplit(str(following))
        query = [(name, value) for name, value in parse_qsl(there.query) if name.lower() != "apikey"]
    except ValueError as error:
        raise SkippableError(f"{symbol}: {url}: next_url is no address, {told(following)}: {error}") from error
    if not there.path or not here.path.endswith(there.path) or not query:
        raise SkippableError(f"{symbol}: {url}: expected next_url of the same list, found {told(following)}")
    return [urlunsplit((here.scheme, here.netloc, here.path, urlencode(query), ""))]


@guarded
def read_chain(body: bytes, symbol: str, url: str) -> Chain:
    """Read the pages of a snapshot as one chain.

    Parameters
    ----------
    body : bytes
        The pages.
    symbol, url : str

    Returns
    -------
    Chain

    Raises
    ------
    SkippableError
        Not authorised, no contracts, or no quotes at all: then the plan has none, which says nothing of the market.
    RetriableError
        Cut short.
    """
    where = f"{symbol}: {url}"
    pages = read_pages(body, symbol, url)
    for page in pages:
        if page.get("status") not in _GOOD:
            raise SkippableError(f"{where}: expected status OK, found {told(page.get('status'))}: "
                                 f"{told(page.get('message') or page.get('error') or '')}")  # fmt: skip
    rows = [row for page in pages for row in as_list(page.get("results"))]
    if rows and not any(found(row, "last_quote") for row in rows):
        raise SkippableError(f"{where}: no_quotes: none of {len(rows)} contracts has last_quote, so spreads cannot be "
                             f"told; {KEY.variable} needs a plan with option quotes")  # fmt: skip
    option = [str(found(row, "details", "ticker") or "").removeprefix("O:") for row in rows]
    table = chain_table(symbol, rows, option, _PLACES, needed=_NEEDED, where=where,
                        multiplier=("details", "shares_per_contract"))  # fmt: skip
    header = ChainHeader(
        symbol=symbol, url=url, contracts_count=len(rows), underlying_price_usd=_underlying(rows),
        quote_at=newest((found(row, "last_quote", "last_updated") for row in rows), "ns"),
    )  # fmt: skip
    return Chain(header=header, table=table, venue_scope=NBBO)


def _underlying(rows: list[Any]) -> float:
    """Return the price of the underlying: ``price`` of a share, ``value`` of an index."""
    places = (found(row, "underlying_asset", name) for row in rows for name in ("price", "value"))
    return number(next((price for price in places if price is not None), None))


SOURCES = (
    Source(name="massive_chain", publisher="massive", dataset=CHAIN, bases=(BASE_URL,), key=KEY, address=chain_url,
           route=re.compile(r"/v3/snapshot/options/(?P<name>[^/]+)$"), read=read_chain, more=further_pages,
           simulate=lambda market, day, asked: market.massive_page(asked, day),
           sample="massive_chain.json", sample_symbol="VIX",
           terms="OPRA's national best bid and offer by paid licence, not to be passed on"),
)  # fmt: skip
