"""The runner of the schedules, a child process of `alvh serve`: starts flow runs when they are due, each as a process.

Not a command of its own: it expects a server, and tells by a file when it is ready.
"""

import sys
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from prefect import serve
from prefect.deployments import run_deployment

from alvh_core.upkeep import night_due, sessions_up_to
from flows.automations import ensure_automations
from flows.schedules import runner_deployments
from flows.wiring import build_night, trading_calendar
from tasks.settings import Settings, load_settings

CONCURRENT_RUNS = 4
FIRST_NIGHTS = 3


def main(ready: Path) -> None:
    """Create the deployments and automations, catch up with what a machine that slept has missed, and serve."""
    deployments = runner_deployments()
    for deployment in deployments:
        deployment.apply()
    ensure_automations()
    name, parameters = first_run(load_settings(), datetime.now(UTC))
    run_deployment(name, parameters=parameters, timeout=0, as_subflow=False)
    ready.touch()
    serve(*deployments, pause_on_shutdown=False, print_starting_message=False, limit=CONCURRENT_RUNS)


def first_run(settings: Settings, instant: datetime) -> tuple[str, dict[str, Any]]:
    """Choose what runs at once: the watch over the night due last; in an empty simulated home a backfill to look at.

    Parameters
    ----------
    settings : Settings
    instant : datetime
        Now, with time zone.

    Returns
    -------
    tuple of str and dict
        Deployment and its parameters.
    """
    calendar = trading_calendar(settings.calendar_file)
    last = night_due(calendar, instant)
    if settings.source == "simulated":
        night = build_night(settings, last, settings.source, "start")
        is_empty = night.warehouse.latest_complete() is None
        night.disconnect()
        if is_empty:
            return "backfill/backfill", {"start": sessions_up_to(calendar, last, FIRST_NIGHTS)[0], "end": last}
    return "watch/watch", {}


if __name__ == "__main__":
    main(Path(sys.argv[1]))
