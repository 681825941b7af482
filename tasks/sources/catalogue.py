"""The sources there are, in the order of trust, and what a night asks of them.

A provider is a module that ends with ``SOURCES``; it is added to `PROVIDERS`, and its place there is its place among
those that have the same dataset. Nothing here knows an address, a column or Prefect.
"""

from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass, replace
from datetime import date
from typing import Any
from urllib.parse import urlsplit

from alvh_core.crosscheck import sample as sampled
from alvh_core.errors import ContractError
from alvh_core.expiries import IsSession, is_weekday
from alvh_core.futures import listed_contracts
from alvh_core.macro.series import SERIES
from alvh_core.quotes import ChainHeader, snapshot_row
from alvh_core.sessions import Session, TradingCalendar
from alvh_core.universe import Asset
from tasks.sources import (
    bea,
    bls,
    cboe,
    cfe,
    fed,
    fred,
    massive,
    massive_stocks,
    schwab,
    sec,
    tiingo,
    tradier,
    treasury,
)
from tasks.sources.client import Payload
from tasks.sources.filedrops.layout import SCHEME, drop_url
from tasks.sources.filedrops.registry import read_drop
from tasks.sources.parsed import parse
from tasks.sources.source import (
    ACTIONS,
    BARS,
    CHAIN,
    CROSS_CHECK,
    CURVE,
    FUNDAMENTALS,
    GROUPED,
    INDEX,
    MACRO_CALENDAR,
    MACRO_SERIES,
    REFERENCE,
    VX_HISTORY,
    VX_SETTLEMENT,
    Chain,
    Source,
    Wanted,
)

PROVIDERS = (cboe, tradier, massive, schwab, tiingo, cfe, treasury, fed, bls, bea, fred, sec, massive_stocks)
SOURCES: dict[str, Source] = {source.name: source for provider in PROVIDERS for source in provider.SOURCES}
PUBLISHERS = frozenset(source.publisher for source in SOURCES.values())
MARKET_DATASETS = frozenset({ACTIONS, VX_SETTLEMENT, VX_HISTORY, GROUPED, REFERENCE})
# Read for the whole night at once, not symbol by symbol.
NIGHT_DATASETS = frozenset({CURVE, MACRO_CALENDAR, MACRO_SERIES, CROSS_CHECK, FUNDAMENTALS}) | MARKET_DATASETS
INDICES = ("RVX", "SKEW", "VIX", "VIX3M", "VIX6M", "VIX9D", "VVIX", "VXN")  # asked for whatever the universe holds
IMPORTED = "imported"
EXCLUSIVE = "exclusive_listing"  # one exchange lists it and publishes the quotes: whatever they are of, they are all


@dataclass(frozen=True, kw_only=True)
class PayloadRequest:
    """One body to fetch.

    Attributes
    ----------
    dataset : str
        e.g. ``option_chain``.
    symbol : str
        Ours; for the curve, its year.
    url : str
        Where it is asked first.
    fallbacks : tuple of str
        Where it is asked next, in the order of trust.
    """

    dataset: str
    symbol: str
    url: str
    fallbacks: tuple[str, ...] = ()

    @property
    def urls(self) -> tuple[str, ...]:
        """All addresses, in the order of trust."""
        return (self.url, *self.fallbacks)


# What a night wants, chains first: they cannot be fetched again tomorrow.
SYMBOLS: dict[str, Callable[[Mapping[str, Asset], date], list[str]]] = {
    CHAIN: lambda universe, _day: list(universe),
    INDEX: lambda universe, _day: _indices(universe),
    # early in January the curve itself stands in last year's file; later on the sessions by which moves are measured
    CURVE: lambda _universe, day: [f"UST{day.year}", f"UST{day.year - 1}"],
    BARS: lambda universe, _day: [symbol for symbol in universe if symbol not in _indices(universe)],
    CROSS_CHECK: lambda universe, day: sampled(list(universe), day),
    MACRO_CALENDAR: lambda _universe, _day: ["FED", "BLS", "BEA"],
    MACRO_SERIES: lambda _universe, _day: list(SERIES),
    FUNDAMENTALS: lambda universe, _day: list(universe),
    ACTIONS: lambda universe, _day: list(universe),
    VX_SETTLEMENT: lambda _universe, _day: ["VX", cfe.BEFORE],
    VX_HISTORY: lambda _universe, day: listed_contracts(day, is_weekday),
    GROUPED: lambda _universe, _day: ["US_STOCKS", massive_stocks.BEFORE],
    REFERENCE: lambda _universe, _day: ["XNYS"],
}


def _indices(universe: Mapping[str, Asset]) -> list[str]:
    return sorted({*INDICES, *(asset.vol_index for asset in universe.values() if asset.vol_index)})


def night_requests(
    universe: Mapping[str, Asset],
    trade_date: date,
    *,
    source_mode: str = "",
    bases: Mapping[str, str] | None = None,
    off: Collection[str] = (),
    without: Collection[str] = (),
    is_session: IsSession = is_weekday,
) -> list[PayloadRequest]:
    """List the bodies of a night.

    Parameters
    ----------
    universe : mapping of str to Asset
    trade_date : date
    source_mode : str
        Chains of ``imported`` nights come from dropped files, whoever gives the rest.
    bases : mapping of str to str, optional
        Addresses in place of the publishers' own.
    off : collection of str
        Publishers that are not asked.
    without : collection of str
        Datasets that are not asked for.
    is_session : callable
        Date to bool: the exchange's calendar, which names of files depend on.

    Returns
    -------
    list of PayloadRequest
        What no source has is not asked for.
    """
    wanted = [
        (dataset, Wanted(symbol=symbol, asset=universe.get(symbol), trade_date=trade_date, is_session=is_session))
        for dataset, symbols in SYMBOLS.items()
        if dataset not in without
        for symbol in symbols(universe, trade_date)
    ]
    asked = [(dataset, one.symbol, _urls(dataset, one, source_mode, bases or {}, off)) for dataset, one in wanted]
    return [
        PayloadRequest(dataset=dataset, symbol=symbol, url=urls[0], fallbacks=tuple(urls[1:]))
        for dataset, symbol, urls in asked
        if urls
    ]


def _urls(dataset: str, wanted: Wanted, source_mode: str, bases: Mapping[str, str], off: Collection[str]) -> list[str]:
    if dataset == CHAIN and source_mode == IMPORTED:
        return [drop_url(wanted.symbol)]
    mine = [source for source in SOURCES.values() if source.dataset == dataset and source.publisher not in off]
    return [url for source in mine for url in source.addresses(wanted, bases)]


def source_of(dataset: str, url: str) -> Source:
    """Return the source that an address is of.

    Raises
    ------
    ContractError
        There is none: the address comes from elsewhere, or a provider was taken out.
    """
    path = urlsplit(url).path
    for source in SOURCES.values():
        if source.dataset == dataset and source.route.search(path):
            return source
    raise ContractError(f"{dataset}: expected the address of a source, found {url}; known are {', '.join(SOURCES)}")


def same_source(dataset: str, *urls: str) -> bool:
    """Tell whether addresses are of one source, at whatever host."""
    return len({SCHEME if url.startswith(SCHEME) else source_of(dataset, url).name for url in urls}) == 1


def check_payload(request: PayloadRequest, payload: Payload, universe: Mapping[str, Asset], session: Session,
                  calendar: TradingCalendar) -> Mapping[str, Any] | None:  # fmt: skip
    """Refuse a body that must not be archived as this session's.

    Returns
    -------
    mapping, optional
        Of a chain: when its quotes were taken, as in `SNAPSHOTS`.

    Raises
    ------
    RetriableError, SkippableError
        Cut short, a page of HTML, empty, or another session's quotes; names symbol, address and reason.
    """
    if request.dataset != CHAIN:
        source = source_of(request.dataset, payload.url)
        if source.check:
            source.check(payload.body, request.symbol, payload.url)
        else:
            parse(source, payload.body, request.symbol, payload.url)
        return None
    asset = universe[request.symbol]
    header = chain_header(payload.body, asset, payload.url, calendar)
    return snapshot_row(header, asset, session, calendar=calendar, source_mode=payload.source_mode, venue_scope="")


def chain_header(body: bytes, asset: Asset, url: str, calendar: TradingCalendar) -> ChainHeader:
    """Read what a chain says about itself, from whatever source it is."""
    if url.startswith(SCHEME):
        return read_drop(body, asset, url, calendar).header
    source = source_of(CHAIN, url)
    header: ChainHeader = (
        source.check(body, asset.symbol, url) if source.check else parse(source, body, asset.symbol, url).header
    )
    return header


def read_chain(body: bytes, asset: Asset, url: str, calendar: TradingCalendar) -> Chain:
    """Read a chain whole, from whatever source it is."""
    if url.startswith(SCHEME):
        return read_drop(body, asset, url, calendar)
    source = source_of(CHAIN, url)
    chain: Chain = parse(source, body, asset.symbol, url)
    return replace(chain, venue_scope=EXCLUSIVE) if source.publisher == asset.listing else chain


def read_table(dataset: str, body: bytes, symbol: str, url: str) -> Any:
    """Decode a body that is no chain."""
    return parse(source_of(dataset, url), body, symbol, url)
