"""Schwab's option chains, for desks that have an account there. The access token lives for 30 minutes.

Nothing here renews it: whoever starts the night has to. A large index is asked for in windows of dates. The format is
the one that desks also drop as files (`tasks.sources.filedrops.schwab`).
"""

import re
from datetime import date, timedelta
from itertools import pairwise
from urllib.parse import parse_qs, urlencode, urlsplit

from tasks.sources.chain_pages import HORIZON_DAYS, guarded, read_pages
from tasks.sources.filedrops.schwab import read_documents
from tasks.sources.keys import ApiKey
from tasks.sources.source import CHAIN, Chain, Source, Wanted

BASE_URL = "https://api.schwabapi.com"
KEY = ApiKey(variable="ALVH_SCHWAB_TOKEN", header="Authorization", template="Bearer {}")
_CHAINS = "/marketdata/v1/chains"
INDEX_WINDOWS_DAYS = (60, 80, 118)  # with the days between them, the horizon; every index lists expiries in each


def chain_url(wanted: Wanted, base: str = BASE_URL) -> str | None:
    """Address of a chain, or of its first window; indices are called ``$VIX``."""
    if wanted.asset is None:
        return None
    is_index = wanted.asset.is_index
    days = INDEX_WINDOWS_DAYS[0] if is_index else HORIZON_DAYS
    return _url(base, f"${wanted.symbol}" if is_index else wanted.symbol, wanted.trade_date, days)


def further_pages(_page: bytes, url: str) -> list[str]:
    """Return the address of the window after this one."""
    asked = {name: values[0] for name, values in parse_qs(urlsplit(url).query).items()}
    first, last = (date.fromisoformat(asked[name]) for name in ("fromDate", "toDate"))
    following = dict(pairwise(INDEX_WINDOWS_DAYS)).get((last - first).days)
    if following is None:
        return []
    return [_url(url.partition(_CHAINS)[0], asked["symbol"], last + timedelta(days=1), following)]


def _url(base: str, name: str, first: date, days: int) -> str:
    asked = {"symbol": name, "contractType": "ALL", "includeUnderlyingQuote": "true", "fromDate": first,
             "toDate": first + timedelta(days=days)}  # fmt: skip
    return f"{base}{_CHAINS}?{urlencode(asked)}"


@guarded
def read_chain(body: bytes, symbol: str, url: str) -> Chain:
    """Read a chain, or the windows of one.

    Raises
    ------
    SkippableError
        A window failed, which is how an unknown symbol is told too, or a contract lacks what the pipeline stands on.
    RetriableError
        Cut short.
    """
    return read_documents(read_pages(body, symbol, url), symbol, url)


SOURCES = (
    Source(name="schwab_chain", publisher="schwab", dataset=CHAIN, bases=(BASE_URL,), key=KEY, address=chain_url,
           route=re.compile(r"/marketdata/v1/chains$"), read=read_chain, more=further_pages,
           simulate=lambda market, day, asked: market.schwab_chain(asked, day),
           sample="schwab_chain.json", sample_symbol="VIX",
           terms="brokerage terms of the account, not to be passed on"),
)  # fmt: skip
