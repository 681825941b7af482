"""Nights that should be there and are not: take them up, or write down that they are lost.

Shared by the morning's `reconcile` and the evening's `watch`. How one night runs is `flows.nightly`; which nights are
due is `alvh_core.upkeep`.
"""

from datetime import UTC, date, datetime

from prefect import get_run_logger

from alvh_core.errors import AlvhError
from alvh_core.upkeep import open_nights, why_lost
from flows.nightly import run_night
from flows.wiring import build_night, held_night
from tasks.alert import raise_watch_alert
from tasks.night import Night
from tasks.settings import Settings


def take_up(settings: Settings, days: list[date], source: str | None = None, *, wait_seconds: float) -> dict[date, str]:
    """Run the nights that are not COMPLETE, oldest first; one that fails never stops the others.

    Returns
    -------
    dict of date to str
        What became of every night that was open: COMPLETE, RUNNING (another run has it), FAILED: why, or LOST: why.
    """
    return {day: _take_up_one(settings, day, source, wait_seconds) for day in _open(settings, days, source)}


def _open(settings: Settings, days: list[date], source: str | None) -> list[date]:
    if not days:
        return []
    night = build_night(settings, days[-1], source or settings.source, "upkeep")
    return open_nights(days, night.warehouse.nights(night.source_mode, days[0], days[-1]))


def _take_up_one(settings: Settings, day: date, source: str | None, wait_seconds: float) -> str:
    night = held_night(settings, day, source or settings.source, "upkeep")
    if night is None:
        return "LOST: the source does not hold it"
    try:
        lost = _note_gap(night)
    except AlvhError as error:  # a lake or a database that does not answer
        return _failed(night, str(error))
    return f"LOST: {lost}" if lost else run_guarded(settings, night, source, wait_seconds=wait_seconds)


def _note_gap(night: Night) -> str | None:
    """Write down that the night is open; return why it is lost, if it is."""
    has_landed = night.archive.has_any()
    lost = why_lost(night.calendar, night.trade_date, night.source, datetime.now(UTC), has_landed=has_landed)
    night.warehouse.note_gaps({night.key: lost or "not published when looked for"})
    if lost:
        night.warehouse.lose_gap(night.key, lost)
    return lost


def run_guarded(settings: Settings, night: Night, source: str | None = None, *, force: bool = False,
                wait_seconds: float) -> str:  # fmt: skip
    """Run a night and say how it stands; a failure is an alert and an answer, whatever failed.

    What fails after the publication, such as the report, does not make a night one that is missing.
    """
    try:
        run_night(settings, night.trade_date, source, force=force, wait_seconds=wait_seconds)
    except Exception as error:  # noqa: BLE001 - a fault of the program too must not keep the alarm from being raised
        return _failed(night, str(error) if isinstance(error, AlvhError) else f"{type(error).__name__}: {error}")
    return night.warehouse.status(night.key) or "FAILED: no such night in the ledger"


def _failed(night: Night, reason: str) -> str:
    """Raise the alarm unless the night is published; the database may be what failed, and must not hide the reason."""
    get_run_logger().warning("%s: %s", night.trade_date, reason)
    try:
        if night.warehouse.status(night.key) == "COMPLETE":
            return "COMPLETE"
        raise_watch_alert(night, "night_failed", reason)
    except AlvhError as error:
        get_run_logger().error("%s: no alarm could be stored: %s", night.trade_date, error)
    return f"FAILED: {reason}"
