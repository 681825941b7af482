"""Tradier's option chains: the second source, of the national best bid and offer. Documented, needs a token.

One list of expiries, then one chain per expiry and the underlying's quote. What was JSON made of XML shows: a list of
one is sent bare, an empty one as null. Epochs are milliseconds, 0 is none.
"""

import re
from dataclasses import replace
from datetime import date, timedelta
from typing import Any
from urllib.parse import parse_qs, quote, urlsplit

from alvh_core.errors import RetriableError, SkippableError
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
from tasks.sources.source import CHAIN, CROSS_CHECK, Chain, Source, Wanted

BASE_URL = "https://api.tradier.com/v1"  # https://sandbox.tradier.com/v1 is the same, 15 minutes late
KEY = ApiKey(variable="ALVH_TRADIER_TOKEN", header="Authorization", template="Bearer {}")
ACCEPT = {"Accept": "application/json"}  # else it sends XML
_PLACES = {
    "bid": ("bid",), "ask": ("ask",), "bid_size": ("bidsize",), "ask_size": ("asksize",), "volume": ("volume",),
    "open_interest": ("open_interest",), "iv": ("greeks", "mid_iv"), "delta": ("greeks", "delta"),
}  # fmt: skip
_NEEDED = ("bid", "ask", "volume", "open_interest")  # greeks may be null, even all of them
_LIST = "/markets/options/expirations"


def chain_url(wanted: Wanted, base: str = BASE_URL) -> str | None:
    """Address of the expiries of a symbol, from which its chains follow; without all roots the weeklies are absent."""
    if wanted.asset is None:
        return None
    return f"{base}{_LIST}?symbol={quote(wanted.symbol, safe='')}&includeAllRoots=true&strikes=false"


def further_pages(page: bytes, url: str) -> list[str]:
    """Return the addresses of the chains that a list of expiries tells of, and of the underlying's quote.

    Raises
    ------
    SkippableError
        It is no list of expiries, or there are none.
    RetriableError
        It is cut short.
    """
    parts = urlsplit(url)
    if not parts.path.endswith(_LIST):
        return []
    symbol = parse_qs(parts.query).get("symbol", [""])[0]
    document = _document(read_pages(page, symbol, url)[0], "expirations", f"{symbol}: {url}")
    days = _days(document, f"{symbol}: {url}")
    base, name = url.partition(_LIST)[0], quote(symbol, safe="")
    chains = [f"{base}/markets/options/chains?symbol={name}&expiration={day}&greeks=true" for day in days]
    return [*chains, f"{base}/markets/quotes?symbols={name}"]


def _days(expirations: Any, where: str) -> list[date]:
    """Return the expiries that a ladder may need: those of the months after the nearest one."""
    listed = as_list(found(expirations, "date")) or [
        found(e, "date") for e in as_list(found(expirations, "expiration"))
    ]
    try:
        days = sorted({date.fromisoformat(text) for text in listed})
    except (TypeError, ValueError) as error:
        raise SkippableError(f"{where}: expected expiries as ISO dates, found {told(listed)}: {error}") from error
    if not days:
        raise SkippableError(f"{where}: no expiries; the symbol has no listed options here")
    return [day for day in days if day <= days[0] + timedelta(days=HORIZON_DAYS)]


def _document(page: dict[str, Any], name: str, where: str) -> Any:
    """Return what a page holds under its name; what it says instead is an error of theirs, told.

    Raises
    ------
    SkippableError
        Another kind of page.
    """
    if name not in page:
        raise SkippableError(f"{where}: expected {name}, found {told(page)}")
    return page[name]


@guarded
def read_chain(body: bytes, symbol: str, url: str) -> Chain:
    """Read the chains of all expiries as one; its clock is that of the quote that changed last.

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
        A page is of another kind, or a contract lacks what the pipeline stands on.
    RetriableError
        Cut short, or without the chain of an expiry that was listed.
    """
    where = f"{symbol}: {url}"
    pages = read_pages(body, symbol, url)
    rows = [row for page in pages if "options" in page for row in as_list(found(page["options"], "option"))]
    _check_pages(pages, where)
    if not all(isinstance(row, dict) for row in rows):
        raise SkippableError(f"{where}: expected contracts as objects, found {told(rows)}")
    table = chain_table(symbol, rows, [row.get("symbol") for row in rows], _PLACES, needed=_NEEDED,
                        multiplier=("contract_size",), where=where)  # fmt: skip
    quotes = [quote for page in pages for quote in as_list(found(page, "quotes", "quote"))]
    clock = newest((row.get(name) for row in rows for name in ("bid_date", "ask_date")), "ms")
    header = ChainHeader(
        symbol=symbol, url=url, quote_at=clock, contracts_count=len(rows),
        underlying_price_usd=number(found(quotes[0], "last")) if quotes else float("nan"),
    )  # fmt: skip
    return Chain(header=header, table=table, venue_scope=NBBO)


def _check_pages(pages: list[dict[str, Any]], where: str) -> None:
    """Refuse pages of another kind, and a chain without the pages it promised: nothing is loaded in part."""
    for page in pages:
        if not {"expirations", "options", "quotes"} & page.keys():
            raise SkippableError(f"{where}: expected expirations, options or quotes, found {told(page)}")
    chains = sum("options" in page for page in pages)
    promised = len(_days(found(pages[0], "expirations"), where))
    if chains != promised:
        raise RetriableError(f"{where}: expected the chains of {promised} expiries, found {chains}")


_CHAIN = Source(
    name="tradier_chain", publisher="tradier", dataset=CHAIN, bases=(BASE_URL,), key=KEY, headers=ACCEPT,
    address=chain_url, route=re.compile(r"/markets/(?P<page>options/expirations|options/chains|quotes)$"),
    read=read_chain, more=further_pages, simulate=lambda market, day, asked: market.tradier_page(asked, day),
    sample="tradier_chain.json", sample_symbol="VIX",
    terms="national best bid and offer under brokerage terms, not to be passed on",
)  # fmt: skip
SOURCES = (_CHAIN, replace(_CHAIN, name="tradier_sample", dataset=CROSS_CHECK))
