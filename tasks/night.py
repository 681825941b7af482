"""The night in hand: everything a stage needs to know, and the adapters it works with.

Built once by the wiring and handed from task to task. It is plain values, so that a worker on another machine can
rebuild the adapters; frames never travel, stages meet in the lake.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import date
from functools import cached_property
from pathlib import Path

from alvh_core.params import LadderProfile, SpreadRule
from alvh_core.sessions import Session, TradingCalendar
from alvh_core.universe import Asset
from alvh_core.verdict import EvidenceRule
from tasks.lake.raw import RawArchive
from tasks.lake.tables import LakeTables
from tasks.sources.client import HttpClient
from tasks.warehouse.repository import NightKey, Warehouse


@dataclass(frozen=True, kw_only=True, eq=False)
class Night:
    """One night's identity, parameters and adapters.

    Attributes
    ----------
    key : NightKey
        Trade date, universe name and source mode.
    run_id, code_version, rules_hash : str
        Recorded in the ledger.
    session : Session
    calendar : TradingCalendar
    universe : mapping of str to Asset
    profile : LadderProfile
    spread_rule : SpreadRule
    evidence_rule : EvidenceRule
    venue_scope : str
        Whose best quotes the source gives, as far as known.
    lake_root, raw_root, reports_root : Path
    warehouse_url : str
    make_client : callable
        Builds the HTTP client with the transport of the source.
    price_threads : int
    """

    key: NightKey
    run_id: str
    code_version: str
    rules_hash: str
    session: Session
    calendar: TradingCalendar
    universe: Mapping[str, Asset]
    profile: LadderProfile
    spread_rule: SpreadRule
    evidence_rule: EvidenceRule
    venue_scope: str
    lake_root: Path
    raw_root: Path
    reports_root: Path
    warehouse_url: str
    make_client: Callable[[], HttpClient]
    price_threads: int = 2

    @property
    def trade_date(self) -> date:
        """Session of the night."""
        return self.key.trade_date

    @property
    def source_mode(self) -> str:
        """Where the bytes come from."""
        return self.key.source_mode

    @property
    def report_path(self) -> Path:
        """Page of the night."""
        return self.reports_root / f"{self.trade_date}-{self.source_mode}.html"

    def connect(self) -> None:
        """Build the adapters that threads share, before they do: two clients would keep two paces."""
        assert self.client.source_mode == self.source_mode
        assert self.warehouse is not None

    @cached_property
    def lake(self) -> LakeTables:
        """Parquet tables of the night."""
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
