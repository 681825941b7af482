"""Dropped files: take them in, then run every night that got a new chain, from the archive, like any other night."""

import logging
from dataclasses import dataclass
from datetime import date
from pathlib import Path

from prefect import flow, get_run_logger

from alvh_core.errors import AlvhError
from flows.nightly import run_night
from flows.wiring import build_night, read_universe, trading_calendar
from tasks.receive import REFUSED, Desk, Received, is_published, receive
from tasks.settings import Settings, load_settings
from tasks.sources.catalogue import IMPORTED
from tasks.sources.filedrops.unpack import files_of

LOG = logging.getLogger("alvh.progress")


@dataclass(frozen=True, kw_only=True)
class Imported:
    """What became of the files, chain by chain, and of the nights they belong to."""

    received: list[Received]
    nights: dict[date, str]

    @property
    def has_failed(self) -> bool:
        """Whether anything was refused, or a night could not be run."""
        return any(one.outcome == REFUSED for one in self.received) or any(
            outcome.startswith("FAILED") for outcome in self.nights.values()
        )


@flow(name="import")
def import_files(paths: list[Path], symbol: str | None = None, histories: Path | None = None,
                 is_replacing: bool = False, is_partial: bool = False) -> Imported:  # fmt: skip
    """Take files in and run their nights; nothing changes where the archive has them already.

    Parameters
    ----------
    paths : list of Path
        Files, plain, gzip or zip, or folders of them.
    symbol : str, optional
        Whose options they hold, where a layout does not say.
    histories : Path, optional
        Folder that has curve, bars and index histories; without it there is no curve, so no forward and no volatility.
    is_replacing : bool
        Let a chain take the place of one from another file.
    is_partial : bool
        Near expiries were cut away: do not hold a late first expiry against a file's date.
    """
    settings = load_settings()
    source = f"{IMPORTED}:{histories}" if histories else IMPORTED
    desk = Desk(universe=read_universe(settings)[1], calendar=trading_calendar(settings.calendar_file),
                raw_root=settings.raw_root, symbol=symbol, is_replacing=is_replacing,
                is_partial=is_partial)  # fmt: skip
    received: list[Received] = []
    for path in files_of(paths):  # told at once: whoever stops it during the nights knows what was refused
        for one in receive(desk, path):
            received.append(one)
            LOG.info(one)
    nights: dict[date, str] = {}
    for day in sorted({one.session for one in received if one.session is not None}):
        nights[day] = _run(settings, source, day, [one for one in received if one.session == day])
        LOG.info("%s  %s", day, nights[day])
    return Imported(received=received, nights=nights)


def _run(settings: Settings, source: str, day: date, received: list[Received]) -> str:
    """Run one night, again if it has a new chain; tell its counts. One that fails never stops the others."""
    night = build_night(settings, day, source, "import")
    try:
        state = run_night(settings, day, source, force=not is_published(night, received))
    except AlvhError as error:
        get_run_logger().warning("%s: %s", day, error)
        return f"FAILED: {error}"
    row, name = night.warehouse.ledger(night.source_mode, day), getattr(state, "name", "")
    if row is None or name == "AlreadyRunning":
        return "FAILED: another run holds this night; import again when it has ended"
    word = "unchanged" if name == "AlreadyComplete" else str(row["outcome"])
    counts = "{rows_in_count} contracts in = {rows_published_count} published + {rows_quarantined_count} quarantined"
    reason = f" ({row['reason']})" if row.get("reason") else ""
    return f"{word}: {counts.format(**row)}{reason}"
