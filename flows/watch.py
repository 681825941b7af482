"""Every quarter of an hour in the evening: tonight's night is there, or taken up, or an alarm.

A night whose run died goes on from what has landed. If it is not COMPLETE by the deadline, that is an alarm. Nights are
known by the ledger only, so it does not matter what died: the flow, its worker, or the server that should start it.
"""

from datetime import UTC, date, datetime

from prefect import flow, get_run_logger, runtime

from alvh_core.upkeep import is_overdue, night_due
from flows.automations import crash_silent_runs
from flows.upkeep import take_up
from flows.wiring import build_night, run_name, trading_calendar
from tasks.alert import raise_watch_alert
from tasks.deliver import deliver_alerts
from tasks.settings import load_settings


@flow(name="watch", flow_run_name=run_name)
def watch(trade_date: date | None = None, source: str | None = None) -> dict[str, str]:
    """Look after one night.

    Parameters
    ----------
    trade_date : date, optional
        Session to look after; by default the one whose nightly run was due last when this run was scheduled.
    source : str, optional
        As for `nightly`.

    Returns
    -------
    dict of str to str
        ``trade_date``, ``source_mode``, ``status``, and ``done``: whether the night was run now or was there.
    """
    settings = load_settings()
    day = trade_date or night_due(trading_calendar(settings.calendar_file), runtime.flow_run.scheduled_start_time)
    ended = take_up(settings, [day], source, wait_seconds=0.0)
    status = ended.get(day, "COMPLETE")
    night = build_night(settings, day, source or settings.source, str(runtime.flow_run.id))
    if status != "COMPLETE" and is_overdue(day, datetime.now(UTC), settings.deadline):
        raise_watch_alert(night, "night_missing", f"not COMPLETE by {settings.deadline:%H:%M} New York: {status}")
    deliver_alerts(night)
    if runtime.deployment.id:  # a run by hand may have no server that keeps heartbeats
        for name in crash_silent_runs(datetime.now(UTC)):  # last: whatever is wrong there, the night was looked after
            get_run_logger().warning("%s has been silent for long: crashed", name)
    done = "run now" if day in ended else "was there"
    return {"trade_date": str(day), "source_mode": night.source_mode, "status": status, "done": done}
