"""The main job: one trading night, from raw bytes to verdicts. Read the stages in order; each is one task module.

Runs at 18:30 New York on weekdays (vendors are final from 17:30; a weekday that is no session ends as MarketClosed). A
night that is already COMPLETE is left alone, so a second run is harmless; a killed run is simply run again and goes on
from what has landed. Nothing is published until everything is, in one transaction.
"""

from datetime import date
from pathlib import Path
from typing import Any

from prefect import flow, runtime
from prefect.states import Completed, State
from prefect.task_runners import ThreadPoolTaskRunner

from flows.wiring import build_night, scheduled_date, trading_calendar
from tasks.judge import judge
from tasks.land import land, outcome
from tasks.night import Night
from tasks.normalise import normalise
from tasks.open_night import NightTakenError, open_night
from tasks.price import price
from tasks.publish import publish
from tasks.report import report
from tasks.score import score
from tasks.settings import load_settings
from tasks.signals import signal
from tasks.sources.catalogue import night_requests
from tasks.validate import validate

# Threads are for landing, the other stages are columnar; the runner's own type does not fit its decorator's.
RUNNER: Any = ThreadPoolTaskRunner(max_workers=4)


@flow(name="nightly", task_runner=RUNNER)
def nightly(
    trade_date: date | None = None, source: str | None = None, force: bool = False
) -> State[Any] | dict[str, str]:
    """Run one night.

    Parameters
    ----------
    trade_date : date, optional
        Session to run; by default the New York date the run was scheduled for, never today's.
    source : str, optional
        ``simulated``, ``live`` or ``recorded:PATH``; by default ``ALVH_SOURCE``.
    force : bool
        Compute a night again that is already COMPLETE, from what has landed.
    """
    settings = load_settings()
    day = trade_date or scheduled_date(runtime.flow_run.scheduled_start_time)
    if not trading_calendar(settings.calendar_file).is_session(day):
        return Completed(name="MarketClosed", message=f"{day} is no trading session")
    night = build_night(settings, day, source or settings.source, str(runtime.flow_run.id))
    try:
        with open_night(night, force=force):
            return run_stages(night)
    except NightTakenError as taken:
        if taken.state == "AlreadyComplete" and not night.report_path.is_file():
            report(night)  # killed between publishing and reporting
        return Completed(name=taken.state, message=str(taken))


def run_stages(night: Night) -> dict[str, str]:
    """Take an opened night through its stages."""
    night.connect()
    requests = night_requests(night.universe, night.trade_date)
    futures = [land.submit(night, request) for request in requests]
    results = [future.result(raise_on_failure=False) for future in futures]
    landings = [outcome(request, result) for request, result in zip(requests, results, strict=True)]
    normalise(night, landings)
    counts = validate(night)
    price(night)
    score(night)
    signal(night)
    judge(night)
    ended = publish(night, counts)
    page: Path = report(night)
    return {
        "trade_date": str(night.trade_date),
        "source_mode": night.source_mode,
        "outcome": ended,
        "report": str(page),
    }
