"""What a night asks for: one request per chain, bar file, index history and curve of the universe, and macro files.

Knows which provider serves which dataset and how a body is checked and parsed; adding a provider is adding a line here.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import date, timedelta

import pandas as pd

from alvh_core.macro.series import SERIES
from alvh_core.quotes import snapshot_row
from alvh_core.sessions import Session, TradingCalendar
from alvh_core.universe import Asset
from tasks.sources import bea, bls, cboe, fed, fred, treasury
from tasks.sources.client import Payload
from tasks.sources.filedrops.layout import SCHEME, drop_url
from tasks.sources.filedrops.registry import read_drop

CHAIN, BARS, INDEX, CURVE = "option_chain", "daily_bars", "index_history", "treasury_curve"
MACRO_CALENDAR, MACRO_SERIES = "macro_calendar", "macro_series"
NIGHT_DATASETS = frozenset({CURVE, MACRO_CALENDAR, MACRO_SERIES})  # of the night, not of a symbol of its universe
IMPORTED = "imported"


@dataclass(frozen=True, kw_only=True)
class PayloadRequest:
    """One body a night needs: kind, our symbol, address, and where to ask if that gives nothing."""

    dataset: str
    symbol: str
    url: str
    fallbacks: tuple[str, ...] = ()

    @property
    def urls(self) -> tuple[str, ...]:
        """All addresses, in the order of trust."""
        return (self.url, *self.fallbacks)


@dataclass(frozen=True, kw_only=True)
class Bases:
    """Where the public offices are; tests put a local server here."""

    treasury_csv: str = treasury.BASE_URL
    treasury_xml: str = treasury.XML_URL
    fed_site: str = fed.BASE_URL
    bls_site: str = bls.BASE_URL
    bea_site: str = bea.BASE_URL
    fred_api: str = fred.API_URL
    fred_graph: str = fred.GRAPH_URL


def night_requests(
    universe: Mapping[str, Asset],
    trade_date: date,
    *,
    cboe_base: str = cboe.BASE_URL,
    bases: Bases | None = None,
    source_mode: str = "",
) -> list[PayloadRequest]:
    """List the bodies of a night, chains first: they cannot be fetched again tomorrow.

    Parameters
    ----------
    universe : mapping of str to Asset
    trade_date : date
    cboe_base : str
        Address of the provider; tests put a local server here.
    bases : Bases, optional
        Addresses of the public offices.
    source_mode : str
        Chains of ``imported`` nights come from dropped files, whoever gives the rest.

    Returns
    -------
    list of PayloadRequest
    """
    bases = bases or Bases()
    assets = list(universe.values())
    indices = sorted({"VIX", *(asset.vol_index for asset in assets if asset.vol_index)})
    years = sorted({trade_date.year, (trade_date - timedelta(days=10)).year}, reverse=True)
    chains = {a.symbol: cboe.chain_url(a.wire_symbol, cboe_base) for a in assets}
    if source_mode == IMPORTED:
        chains = {a.symbol: drop_url(a.symbol) for a in assets}
    wanted = [PayloadRequest(dataset=CHAIN, symbol=symbol, url=url) for symbol, url in chains.items()]
    wanted += [PayloadRequest(dataset=INDEX, symbol=i, url=cboe.index_history_url(i, cboe_base)) for i in indices]
    wanted += [PayloadRequest(dataset=CURVE, symbol=f"UST{year}", url=treasury.curve_url(year, bases.treasury_csv),
                              fallbacks=(treasury.xml_url(year, bases.treasury_xml),)) for year in years]  # fmt: skip
    wanted += [PayloadRequest(dataset=BARS, symbol=a.symbol, url=cboe.bars_url(a.wire_symbol, cboe_base))
               for a in assets if a.symbol not in indices]  # fmt: skip
    return wanted + macro_requests(trade_date, bases)


def macro_requests(trade_date: date, bases: Bases) -> list[PayloadRequest]:
    """List the macro files of a night: three calendars, and every series by vintage or, without a key, as it stands."""
    calendars = {
        "FED": (fed.calendar_url(bases.fed_site), fed.page_url(bases.fed_site)),
        "BLS": (bls.calendar_url(bases.bls_site), fred.releases_url(trade_date, bases.fred_api)),
        "BEA": (bea.calendar_url(bases.bea_site),),
    }
    by_vintage, as_it_stands = bases.fred_api, bases.fred_graph
    series = {
        name: (fred.observations_url(name, trade_date, by_vintage), fred.graph_url(name, trade_date, as_it_stands))
        for name in SERIES
    }
    return [
        PayloadRequest(dataset=dataset, symbol=symbol, url=urls[0], fallbacks=urls[1:])
        for dataset, files in ((MACRO_CALENDAR, calendars), (MACRO_SERIES, series))
        for symbol, urls in files.items()
    ]


def check_payload(request: PayloadRequest, payload: Payload, universe: Mapping[str, Asset], session: Session,
                  calendar: TradingCalendar) -> None:  # fmt: skip
    """Refuse a body that must not be archived as this session's.

    Raises
    ------
    RetriableError, SkippableError
        Cut short, a page of HTML, empty, or another session's quotes; names symbol, address and reason.
    """
    is_drop = request.url.startswith(SCHEME)
    if request.dataset in {CHAIN, BARS} and not is_drop:
        cboe.check_json(payload.body, request.symbol, request.url)
    if request.dataset == CHAIN:
        asset, origin = universe[request.symbol], (request.url, payload.sha256)
        header = (read_drop(payload.body, asset, *origin, calendar).header if is_drop
                  else cboe.read_header(payload.body, request.symbol, *origin))  # fmt: skip
        snapshot_row(header, asset, session, calendar=calendar, source_mode=payload.source_mode, venue_scope="")
    elif request.dataset != BARS:
        PARSERS[request.dataset](payload.body, request.symbol, payload.url)


def parse_calendar(body: bytes, symbol: str, url: str) -> pd.DataFrame:
    """Decode the macro calendar of an office."""
    return CALENDARS[symbol](body, symbol, url)


CALENDARS: dict[str, Callable[[bytes, str, str], pd.DataFrame]] = {
    "FED": fed.parse_fed,
    "BLS": bls.parse_bls,
    "BEA": bea.parse_bea,
}
PARSERS: dict[str, Callable[[bytes, str, str], pd.DataFrame]] = {
    BARS: cboe.parse_bars,
    INDEX: cboe.parse_index_history,
    CURVE: treasury.parse_curve,
    MACRO_CALENDAR: parse_calendar,
    MACRO_SERIES: fred.parse_series,
}
