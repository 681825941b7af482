"""The morning after: no session of the last days is left unpublished, and no provisional close stays.

A night decided on the chain file's own price of the trigger index is decided again on the published close; later nights
follow (`flows.nightly.restate`). What cannot be had any more is written down as LOST.
"""

from dataclasses import dataclass
from datetime import date, timedelta

from prefect import flow, get_run_logger, runtime

from alvh_core.errors import AlvhError, FatalError
from alvh_core.upkeep import sessions_up_to
from flows.nightly import WAIT_SECONDS
from flows.upkeep import run_guarded, take_up
from flows.wiring import build_night, held_night, run_name, scheduled_date, trading_calendar
from tasks.deliver import deliver_alerts
from tasks.settings import Settings, load_settings
from tasks.settle import settle_closes

SESSIONS = 5


@dataclass(frozen=True, kw_only=True)
class Reconciled:
    """Which sessions of which source mode were looked at, and what became of those that were not as they should be."""

    source_mode: str
    looked_at: list[date]
    nights: dict[date, str]


@flow(name="reconcile", flow_run_name=run_name)
def reconcile(trade_date: date | None = None, source: str | None = None, sessions: int = SESSIONS) -> Reconciled:
    """Fill gaps and settle closes.

    Parameters
    ----------
    trade_date : date, optional
        Last session to look at; by default the one before the New York date this run was scheduled for.
    source : str, optional
        As for `nightly`.
    sessions : int
        How many sessions to look back; none before the first night that was ever claimed.

    Raises
    ------
    FatalError
        A night is still open; the ledger says why.
    """
    settings = load_settings()
    calendar = trading_calendar(settings.calendar_file)
    last = trade_date or scheduled_date(runtime.flow_run.scheduled_start_time) - timedelta(days=1)
    days = sessions_up_to(calendar, last, sessions)
    night = build_night(settings, days[-1], source or settings.source, "reconcile")
    known = night.warehouse.nights(night.source_mode, calendar.dates[0].astype(object), days[-1])
    days = [day for day in days if known and day >= min(known)]
    ended = take_up(settings, days, source, wait_seconds=WAIT_SECONDS)
    for day in days:
        try:
            ended |= _settle(settings, day, source)
        except AlvhError as error:  # one day's archive never keeps the others from their closes
            ended[day] = f"FAILED: {error}"
    deliver_alerts(night)  # also what waited for the morning: the next watch is in the evening
    failed = {day: end for day, end in ended.items() if end.startswith("FAILED")}
    if failed:
        told = "; ".join(f"{day} {end}" for day, end in failed.items())
        raise FatalError(f"{len(failed)} of {len(days)} nights ({night.source_mode}) are still open: {told}")
    return Reconciled(source_mode=night.source_mode, looked_at=days, nights=ended)


def _settle(settings: Settings, day: date, source: str | None) -> dict[date, str]:
    """Decide a night again if its provisional close can be replaced; how it ended, if it was."""
    night = held_night(settings, day, source or settings.source, "reconcile")
    if night is None or not settle_closes(night):
        return {}
    get_run_logger().info("%s: provisional close replaced, to be decided again", day)
    end = run_guarded(settings, night, source, force=True, wait_seconds=WAIT_SECONDS)
    return {day: "SETTLED" if end == "COMPLETE" else end}
