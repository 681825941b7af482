"""What a source is: one kind of file of one publisher, said once. A provider's module ends with its own.

Everything that treats sources alike stands on this record: the requests of a night and their fallbacks, landing,
decoding, the simulated market's routes, keys, `alvh doctor`, the contract tests. No publisher's names here.
"""

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import date
from typing import Any

import pyarrow as pa

from alvh_core.crosscheck import DATASET
from alvh_core.expiries import ONE_DAY, IsSession, is_weekday, last_session_on_or_before
from alvh_core.market.simulated import SimulatedMarket
from alvh_core.quotes import ChainHeader
from alvh_core.universe import Asset
from tasks.sources.keys import ApiKey

CHAIN, BARS, INDEX, CURVE = "option_chain", "daily_bars", "index_history", "treasury_curve"
MACRO_CALENDAR, MACRO_SERIES, FUNDAMENTALS = "macro_calendar", "macro_series", "fundamentals"
CROSS_CHECK = DATASET  # chains of a second source, for comparison only
ACTIONS, VX_SETTLEMENT, VX_HISTORY = "daily_actions", "vx_settlement", "vx_history"
GROUPED, REFERENCE = "grouped_daily", "reference_tickers"
PAGES = b'{"pages":['  # how a body of several pages begins


@dataclass(frozen=True, kw_only=True)
class Chain:
    """One option chain that was read.

    Attributes
    ----------
    header : ChainHeader
        With the clock of the quotes that were taken.
    table : Table
        As from `tasks.sources.cboe.parse_chain`.
    venue_scope : str
        Whose quotes, and which snapshot of them where a file has several.
    """

    header: ChainHeader
    table: pa.Table
    venue_scope: str


@dataclass(frozen=True, kw_only=True)
class Wanted:
    """What a night wants to know, and what an address may be made of.

    Attributes
    ----------
    symbol : str
        Ours: of the universe, an index, or the name of a file of the night.
    asset : Asset, optional
        The universe's entry, if it has one.
    trade_date : date
    is_session : callable
        Date to bool; every weekday unless the exchange's calendar is given.
    """

    symbol: str
    asset: Asset | None
    trade_date: date
    is_session: IsSession = is_weekday

    @property
    def previous(self) -> date:
        """The session before."""
        return last_session_on_or_before(self.trade_date - ONE_DAY, self.is_session)


Query = Mapping[str, str]


@dataclass(frozen=True, kw_only=True)
class Source:
    """One kind of file of one publisher.

    Attributes
    ----------
    name : str
        e.g. ``cboe_chain``.
    publisher : str
        Key of ``ALVH_BASE_URLS`` and of ``ALVH_SOURCES_OFF``.
    dataset : str
    bases : tuple of str
        The publisher's addresses, in the order they are asked.
    address : callable
        What is wanted and a base, to the address of the (first) page; None where this source has nothing for it.
    route : Pattern
        Of the path of such an address; its named groups and the query's parameters are what `simulate` is told.
    read : callable
        Body, our symbol, address: to the dataset's wire frame, or `Chain`; raises a retriable or skippable error.
    simulate : callable
        Market, session and what the address says, to the body the publisher would have sent; None is a refusal.
    check : callable, optional
        A cheaper `read` for landing; of a chain it returns the header.
    more : callable, optional
        A page and its address, to the addresses of further pages. Pages are JSON.
    key : ApiKey, optional
        Without it, nothing is asked live.
    headers : mapping of str to str
        Besides the client's.
    sample : str
        An invented body among the samples of the contract tests.
    sample_symbol : str
        What it is of.
    terms : str
        Whose numbers, on what terms.
    """

    name: str
    publisher: str
    dataset: str
    bases: tuple[str, ...]
    address: Callable[[Wanted, str], str | None]
    route: re.Pattern[str]
    read: Callable[[bytes, str, str], Any]
    simulate: Callable[[SimulatedMarket, date, Query], bytes | None]
    sample: str
    sample_symbol: str
    terms: str
    check: Callable[[bytes, str, str], Any] | None = None
    more: Callable[[bytes, str], list[str]] | None = None
    key: ApiKey | None = None
    headers: Mapping[str, str] = field(default_factory=dict)

    def addresses(self, wanted: Wanted, bases: Mapping[str, str]) -> list[str]:
        """Where to ask for something; `bases` replaces a publisher's own addresses by one other."""
        return [url for base in self.based(bases) if (url := self.address(wanted, base.rstrip("/"))) is not None]

    def based(self, bases: Mapping[str, str]) -> tuple[str, ...]:
        """Return the publisher's addresses, or the one that replaces them."""
        return (bases[self.publisher],) if self.publisher in bases else self.bases


def bundled(pages: list[bytes]) -> bytes:
    """Return pages of JSON as one body, each as it arrived."""
    return PAGES + b",".join(pages) + b"]}"
