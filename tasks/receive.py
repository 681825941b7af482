"""Before a night: dropped files into the raw archive, chain by chain; what a file is, its columns say.

Nothing is judged here but whether a chain belongs to the day it says. The nights are then run like any other.
"""

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime
from pathlib import Path

import pandas as pd
from prefect import get_run_logger, task
from prefect.cache_policies import NO_CACHE

from alvh_core.errors import AlvhError, SkippableError
from alvh_core.quotes import snapshot_row
from alvh_core.schemas import META_PAYLOADS
from alvh_core.sessions import NEW_YORK, TradingCalendar
from alvh_core.universe import Asset
from tasks.lake.raw import RawArchive, keep_original
from tasks.night import Night
from tasks.sources.catalogue import IMPORTED
from tasks.sources.filedrops.layout import Drop, Layout, Part, drop_url, plain_symbol
from tasks.sources.filedrops.registry import read_part, recognise, split_file
from tasks.sources.filedrops.sessions import check_claim
from tasks.sources.filedrops.unpack import unpack
from tasks.sources.source import CHAIN

PARTIAL = "+partial"  # the operator said that near expiries were cut away; it stands in the origin
LANDED, KNOWN, REFUSED, LEFT_OUT = "LANDED", "KNOWN", "REFUSED", "LEFT OUT"


@dataclass(frozen=True, kw_only=True)
class Received:
    """What became of one chain of a file, or of a file as a whole.

    Attributes
    ----------
    file, symbol : str
    outcome : str
        LANDED; KNOWN, the archive has it; REFUSED; LEFT OUT, the universe has no such symbol.
    layout, reason : str
    session : date, optional
    contracts_count : int
    payload_sha256 : str
        Of the chain that the archive holds.
    """

    file: str
    outcome: str
    symbol: str = ""
    layout: str = ""
    reason: str = ""
    session: date | None = None
    contracts_count: int = 0
    payload_sha256: str = ""

    def __str__(self) -> str:
        """Say it in one line."""
        what = " ".join(map(str, filter(None, (self.layout, self.symbol, self.session))))
        count = f"{self.contracts_count} contracts" if self.contracts_count else ""
        return ": ".join(filter(None, (f"{self.outcome:<8}  {self.file}", what, count, self.reason)))


@dataclass(frozen=True, kw_only=True)
class Desk:
    """Where files are received: the universe they are read by, the archive they go to, and what the operator says."""

    universe: Mapping[str, Asset]
    calendar: TradingCalendar
    raw_root: str | Path
    symbol: str | None = None
    is_replacing: bool = False
    is_partial: bool = False

    def asset(self, vendor_symbol: str) -> Asset | None:
        """Return whose options these are, by symbol or by a root of it; what a file says goes before --symbol."""
        name = plain_symbol(vendor_symbol or self.symbol or "")
        owners = {root.name: asset for asset in self.universe.values() for root in asset.roots}
        return self.universe.get(name) or owners.get(name) or owners.get(name.rstrip("0123456789"))


@task(task_run_name="receive-{path.name}", cache_policy=NO_CACHE)
def receive(desk: Desk, path: Path) -> list[Received]:
    """Take one file in, or the files of a zip; one that is refused takes nothing else with it."""
    try:
        files = unpack(path)
    except SkippableError as error:
        return [Received(file=path.name, outcome=REFUSED, reason=str(error))]
    found = [one for name, body in files for one in _receive_file(desk, name, body)]
    get_run_logger().info("%s: %d chains", path.name, len(found))
    return found


def _receive_file(desk: Desk, name: str, body: bytes) -> list[Received]:
    try:
        layout = recognise(body, name)
        parts = split_file(layout, body, name)
    except SkippableError as error:
        return [Received(file=name, outcome=REFUSED, reason=str(error))]
    origin = f"{layout.name}:{keep_original(desk.raw_root, body, name)}"
    return [replace(_receive_part(desk, layout, part, name, origin), file=name, layout=layout.name) for part in parts]


def _receive_part(desk: Desk, layout: Layout, part: Part, name: str, origin: str) -> Received:
    if not (desk.symbol or part.symbol):
        return Received(file=name, outcome=REFUSED, reason=f"{name}: a file of {layout.name} does not say whose "
                        "options it holds; name it with --symbol")  # fmt: skip
    asset = desk.asset(part.symbol)
    if asset is None:
        rows = part.body.count(b"\n")
        return Received(file=name, outcome=LEFT_OUT, symbol=part.symbol, reason=f"not in the universe, {rows} lines; "
                        "ALVH_UNIVERSE_FILE adds it")  # fmt: skip
    try:
        drop = read_part(layout, part.body, asset, drop_url(asset.symbol), desk.calendar)
        session = _session_of(desk, asset, drop, name)
        outcome, held = _archive(desk, asset, part.body, session, origin + PARTIAL * desk.is_partial)
    except AlvhError as error:
        return Received(file=name, outcome=REFUSED, symbol=asset.symbol, reason=str(error))
    return Received(file=name, outcome=outcome, symbol=asset.symbol, session=session,
                    contracts_count=len(drop.table), payload_sha256=held)  # fmt: skip


def _session_of(desk: Desk, asset: Asset, drop: Drop, name: str) -> date:
    """Return the session of a chain's quotes, if its expiries agree with it."""
    wall = pd.Timestamp(str(drop.header.quote_at))
    quote_at = wall.tz_localize(NEW_YORK, ambiguous=True, nonexistent="shift_forward")
    session = desk.calendar.session_of(quote_at)
    where = f"{asset.symbol}: {name}"
    check_claim(drop, session, where, is_partial=desk.is_partial)
    snapshot_row(drop.header, asset, desk.calendar.session(session), calendar=desk.calendar, source_mode=IMPORTED,
                 venue_scope=drop.venue_scope)  # fmt: skip
    return session


def _archive(desk: Desk, asset: Asset, body: bytes, session: date, origin: str) -> tuple[str, str]:
    """Archive a chain once, return the hash it is held under; another of the session needs a word of the operator."""
    archive, url = RawArchive(desk.raw_root, IMPORTED, session), drop_url(asset.symbol)
    present = archive.find_whole(url)
    if present is not None and origin.split("+", maxsplit=1)[0] == str(present.etag).split("+")[0]:
        return KNOWN, present.payload_sha256
    if present is not None and not desk.is_replacing:
        raise SkippableError(f"{asset.symbol} of {session} is there from another file ({present.etag}); --replace puts "
                             "this one in its place")  # fmt: skip
    archive.supersede(url)
    sha256 = hashlib.sha256(body).hexdigest()
    archive.put(body, dataset=CHAIN, symbol=asset.symbol, url=url, source_mode=IMPORTED, http_status=0, etag=origin,
                payload_sha256=sha256, last_modified=None, fetched_at_utc=datetime.now(UTC).isoformat())  # fmt: skip
    return LANDED, sha256


def is_published(night: Night, received: Sequence[Received]) -> bool:
    """Tell whether a night was published with these chains: a run that was killed has landed some that it was not."""
    tables = night.warehouse.night(night.source_mode, night.trade_date, tables=[META_PAYLOADS])
    payloads = tables[META_PAYLOADS.name]
    return {one.payload_sha256 for one in received} <= set(payloads["payload_sha256"].dropna())
