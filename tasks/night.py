"""The night in hand: everything a stage needs to know, and the adapters it works with.

Built once by the wiring and handed from task to task. It is plain values, so that a worker on another machine can
rebuild the adapters; frames never travel, stages meet in the lake, which may keep them at hand in one process.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from datetime import date, timedelta
from functools import cached_property
from pathlib import Path
from typing import Any

import pandas as pd

from alvh_core.alerting.plan import AlertPlan
from alvh_core.basis.closes import Closes
from alvh_core.errors import FatalError
from alvh_core.evaluation.nights import NIGHTS, PRINTS, VOUCHED, host_closes
from alvh_core.evaluation.rules import EvidenceRule
from alvh_core.frames import concat, conform
from alvh_core.params import LadderProfile
from alvh_core.registry.spec import TableSpec
from alvh_core.schemas import DAILY_BARS, MODEL_FREE, SNAPSHOTS
from alvh_core.sessions import Session, TradingCalendar
from alvh_core.universe import Asset, cash_indices
from tasks.lake.raw import RawArchive
from tasks.lake.tables import LakeTables
from tasks.sources.catalogue import PayloadRequest, night_requests
from tasks.sources.client import HttpClient
from tasks.warehouse.repository import NightKey, Warehouse

_ADAPTERS = frozenset({"lake", "common", "archive", "warehouse", "client"})


@dataclass(frozen=True, kw_only=True, eq=False)
class Night:
    """One night's identity, parameters and adapters.

    Attributes
    ----------
    key : NightKey
        Trade date, universe name and source mode.
    run_id, source, code_version, rules_hash : str
        Recorded in the ledger.
    session : Session
    calendar : TradingCalendar
    universe : mapping of str to Asset
    profiles : mapping of str to LadderProfile
        The profiles that run side by side, the default first.
    evidence_rule : EvidenceRule
    lake_root, raw_root : str or Path
        Folder or fsspec address.
    reports_root : Path
    warehouse_url : str
    make_client : callable
        Builds the HTTP client with the transport of the source.
    base_urls : mapping of str to str
        Addresses in place of publishers' own.
    datasets_off : tuple of str
        Datasets that the night's source cannot give, such as the cross-check without its key.
    sources_off : tuple of str
        Publishers that are not asked.
    price_threads : int
    shards : int
        Parts that the symbols are computed in, side by side.
    runner, runner_address : str
        Where the parts are computed.
    shard : str
        Which part this is; empty for the night itself.
    reports_url : str, optional
        Where browsers find `reports_root`.
    alert_plan : AlertPlan
        Rules of the alerts and who hears them; no addresses.
    """

    key: NightKey
    run_id: str
    source: str
    code_version: str
    rules_hash: str
    session: Session
    calendar: TradingCalendar
    universe: Mapping[str, Asset]
    profiles: Mapping[str, LadderProfile]
    evidence_rule: EvidenceRule
    lake_root: str | Path
    raw_root: str | Path
    reports_root: Path
    warehouse_url: str = field(repr=False)  # may hold a password
    make_client: Callable[[], HttpClient]
    base_urls: Mapping[str, str] = field(default_factory=dict)
    sources_off: tuple[str, ...] = ()
    datasets_off: tuple[str, ...] = ()
    price_threads: int = 2
    shards: int = 1
    runner: str = "threads"
    runner_address: str | None = None
    shard: str = ""
    reports_url: str | None = None
    alert_plan: AlertPlan = field(default_factory=AlertPlan)

    def __getstate__(self) -> dict[str, Any]:
        """Travel as plain values: a worker builds its own adapters, connections do not cross processes."""
        return {name: value for name, value in vars(self).items() if name not in _ADAPTERS}

    @property
    def profile(self) -> LadderProfile:
        """The first profile: what scores and the report's headline read."""
        return next(iter(self.profiles.values()))

    @property
    def trade_date(self) -> date:
        """Session of the night."""
        return self.key.trade_date

    @property
    def eve(self) -> date:
        """The day before: earlier nights are asked for up to it, so that a second run does not find its own rows."""
        return self.trade_date - timedelta(days=1)

    @property
    def source_mode(self) -> str:
        """Where the bytes come from."""
        return self.key.source_mode

    @property
    def requests(self) -> list[PayloadRequest]:
        """Every body the night asks for."""
        return night_requests(self.universe, self.trade_date, source_mode=self.source_mode, bases=self.base_urls,
                              off=self.sources_off, without=self.datasets_off,
                              is_session=self.calendar.is_session)  # fmt: skip

    @property
    def report_path(self) -> Path:
        """Page of the night."""
        return self.reports_root / f"{self.trade_date}-{self.source_mode}.html"

    @property
    def quality_path(self) -> Path:
        """Quality page of the night, in a folder of its own beside the reports."""
        return self.reports_root / "quality" / self.report_path.name

    def and_before(self, table: TableSpec, part: TableSpec) -> pd.DataFrame:
        """Return some columns of a table, of tonight and of the nights before that are evaluated."""
        earlier = self.warehouse.last_nights(part, self.source_mode, self.eve, NIGHTS - 1)
        return concat([earlier, conform(self.lake.read(table), part)], part)

    def closes(self) -> Closes:
        """Return the closes that ladders are set beside: bars, and last prints of indices that nobody gives bars of."""
        prints, quoted = self.and_before(SNAPSHOTS, PRINTS), self.and_before(MODEL_FREE, VOUCHED)
        return Closes.of(host_closes(self.lake.read(DAILY_BARS), prints, quoted, cash_indices(self.universe)))

    def with_warehouse(self, warehouse: Warehouse) -> "Night":
        """Work with a warehouse that is open already: nights in a row share the statements and the history it holds."""
        vars(self)["warehouse"] = warehouse
        return self

    def connect(self) -> None:
        """Build the adapters that threads share, before they do: two clients would keep two paces."""
        for name in _ADAPTERS:
            getattr(self, name)

    def disconnect(self) -> None:
        """Drop the adapters: a night that is over need not keep connections, and statements ready for them."""
        if "warehouse" in vars(self):
            self.warehouse.close()
        for name in _ADAPTERS:
            vars(self).pop(name, None)

    def as_shard(self, number: int, count: int) -> "Night":
        """Return one part of the night, for whoever computes it: raw bodies in, tables out, nothing else to hold."""
        # the run is in the name: a worker that outlives its run must not write into the parts of the next one
        name = f"{number}of{count}-{self.run_id[:8]}"
        return replace(self, shard=name, warehouse_url="", make_client=no_client)

    @cached_property
    def lake(self) -> LakeTables:
        """Parquet tables of the night, or of the shard."""
        return LakeTables(self.lake_root, self.source_mode, self.trade_date, self.shard)

    @cached_property
    def common(self) -> LakeTables:
        """Parquet tables that all shards share."""
        return LakeTables(self.lake_root, self.source_mode, self.trade_date)

    @cached_property
    def archive(self) -> RawArchive:
        """Raw payloads of the night."""
        return RawArchive(self.raw_root, self.source_mode, self.trade_date)

    @cached_property
    def warehouse(self) -> Warehouse:
        """Where answers are published."""
        return Warehouse(self.warehouse_url)

    @cached_property
    def client(self) -> HttpClient:
        """The one HTTP client, paced over all threads."""
        return self.make_client()


def no_client() -> HttpClient:
    """Stand in for the client where nothing may be fetched.

    Raises
    ------
    FatalError
        Always.
    """
    raise FatalError("expected raw payloads in the archive only, found a stage that fetches; land them first")
