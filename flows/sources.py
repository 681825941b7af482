"""Settings to sources: the transport of a night's bytes, who is asked elsewhere or not at all, and the keys."""

from collections.abc import Callable, Mapping
from datetime import date
from functools import partial
from pathlib import Path
from urllib.parse import urlsplit

from requests.adapters import BaseAdapter

from alvh_core.errors import AbsentNightError, ContractError
from alvh_core.sessions import TradingCalendar
from alvh_core.universe import Asset
from tasks.lake.raw import RawArchive
from tasks.settings import Settings
from tasks.sources.catalogue import IMPORTED, PUBLISHERS, SOURCES
from tasks.sources.client import HttpClient
from tasks.sources.exchange import early_closes
from tasks.sources.filedrops.layout import SCHEME
from tasks.sources.keys import HostKey
from tasks.sources.source import ACTIONS, CROSS_CHECK, GROUPED, REFERENCE
from tasks.sources.transport import (
    ImportedTransport,
    RecordedTransport,
    SimulatedTransport,
    live_transport,
    session_with,
    simulated_market,
)

ON_REQUEST = (CROSS_CHECK, ACTIONS, GROUPED, REFERENCE)  # from publishers who all want a key
DROPS = str(urlsplit(SCHEME).hostname)
ORIGINS = "simulated, live, recorded:PATH, or imported[:HISTORIES]"


def check_imported(settings: Settings, trade_date: date, source: str) -> None:
    """Refuse to run an imported night of which no file is there: a watcher who asks for it has an alarm to raise.

    Raises
    ------
    AbsentNightError
        No file of it was imported.
    """
    is_imported = source.partition(":")[0] == IMPORTED
    if is_imported and not RawArchive(settings.raw_root, IMPORTED, trade_date).has_any(DROPS):
        raise AbsentNightError(
            f"--source imported: expected imported files of {trade_date}, found none; run `alvh import FILE`"
        )


def open_source(settings: Settings, trade_date: date, source: str, universe: dict[str, Asset],
            calendar: TradingCalendar) -> tuple[str, Callable[[], HttpClient], tuple[str, ...]]:  # fmt: skip
    """Choose the transport; return its source mode, how to build the client on it, and datasets it cannot give."""
    if source == "simulated":
        market = partial(
            simulated_market, tuple(universe.values()), calendar.dates.tobytes(), early_closes(calendar), settings.seed
        )
        mode = SimulatedTransport(market(), trade_date).source_mode
        return mode, _client(settings, lambda: SimulatedTransport(market(), trade_date), mode), ()
    if source == "live":
        keys = host_keys(settings)
        client = _client(settings, live_transport, "live", settings.requests_per_second, keys)
        return "live", client, _without(settings, lambda host: keys[host].is_set)
    if source.partition(":")[0] == IMPORTED:
        folder = source.partition(":")[2]
        imported = ImportedTransport(Path(folder).expanduser() if folder else None)
        return IMPORTED, _client(settings, lambda: imported, IMPORTED), ON_REQUEST
    path = source.removeprefix("recorded:")
    if path == source or not path:
        raise ContractError(f"--source, ALVH_SOURCE: expected {ORIGINS}, found {source!r}")
    recorded = RecordedTransport(Path(path).expanduser(), trade_date)
    client = _client(settings, lambda: recorded, recorded.source_mode)
    return recorded.source_mode, client, _without(settings, recorded.knows)


def _without(settings: Settings, has: Callable[[str], bool]) -> tuple[str, ...]:
    """Return the datasets that a desk has decided to do without: those on request of which no host has anything.

    Without a key nobody is asked, and a recording of such a night does not know the hosts; one missing body a symbol
    and night would hide what is missing indeed.
    """
    return tuple(dataset for dataset in ON_REQUEST if not any(map(has, _hosts(settings, dataset))))


def _hosts(settings: Settings, dataset: str) -> list[str]:
    """Return the hosts that are asked for a dataset."""
    asked = [source for source in SOURCES.values()
             if source.dataset == dataset and source.publisher not in settings.sources_off]  # fmt: skip
    return [urlsplit(base).netloc for source in asked for base in source.based(settings.base_urls)]


def host_keys(settings: Settings) -> dict[str, HostKey]:
    """Return which hosts want a key, and the keys the settings have."""
    return {
        urlsplit(base).netloc: HostKey(source.key, settings.key_of(source.key.variable))
        for source in SOURCES.values()
        if source.key
        for base in source.based(settings.base_urls)
    }


def check_publishers(settings: Settings) -> None:
    """Refuse settings about a publisher that nobody has heard of.

    Raises
    ------
    ContractError
        Names it and those there are.
    """
    for setting, names in (("ALVH_BASE_URLS", settings.base_urls), ("ALVH_SOURCES_OFF", settings.sources_off)):
        if unknown := sorted(set(names) - PUBLISHERS):
            raise ContractError(f"{setting}: expected publishers among {', '.join(sorted(PUBLISHERS))}, found "
                                f"{', '.join(unknown)}")  # fmt: skip


def _client(settings: Settings, transport: Callable[[], BaseAdapter], mode: str, per_second: float = 0.0,
            keys: Mapping[str, HostKey] | None = None) -> Callable[[], HttpClient]:  # fmt: skip
    agent = settings.user_agent  # not the settings, which hold every key
    return lambda: HttpClient(session_with(transport()), mode, user_agent=agent, per_second=per_second, keys=keys)
