"""What runs when: the clock is moved, runs come late, twice and out of order, and every session is published once."""

import os
import subprocess
import sys
from datetime import UTC, date, datetime, time, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest

from alvh_core.sessions import NEW_YORK

YORK = ZoneInfo(NEW_YORK)
# The weekend on which New York's clocks go back, a Monday after it, and the two nights around Thanksgiving.
FALL_BACK = [date(2026, 10, 30), date(2026, 11, 2), date(2026, 11, 3)]


def scheduled_times(name: str, start: datetime, end: datetime) -> list[datetime]:
    """What Prefect's own scheduler makes of a deployment's schedule."""
    import anyio
    from prefect.client.schemas.schedules import CronSchedule as Asked
    from prefect.server.schemas.schedules import CronSchedule

    from flows.schedules import runner_deployments

    deployment = next(d for d in runner_deployments() if d.name == name)
    (planned,) = deployment.schedules
    assert isinstance(planned.schedule, Asked)
    schedule = CronSchedule(cron=planned.schedule.cron, timezone=planned.schedule.timezone)
    return list(anyio.run(schedule.get_dates, 1000, start, end))


@pytest.mark.parametrize("year", [2025, 2026])
def test_every_session_of_a_year_has_one_run_at_half_past_six_in_new_york(calendar, year: int) -> None:
    from flows.wiring import scheduled_date

    start, end = datetime(year, 1, 1, tzinfo=YORK), datetime(year + 1, 1, 1, tzinfo=YORK)
    runs = scheduled_times("nightly", start, end)
    assert {run.astimezone(YORK).time() for run in runs} == {time(18, 30)}
    assert {run.astimezone(UTC).hour for run in runs} == {22, 23}, "daylight saving moves it in UTC"
    days = [scheduled_date(run) for run in runs]
    assert len(days) == len(set(days))
    sessions = calendar.between(start.date() - timedelta(days=1), end.date() - timedelta(days=1)).astype(object)
    assert [day for day in days if calendar.is_session(day)] == sessions.tolist()


def test_the_morning_run_follows_every_session(calendar) -> None:
    start = datetime(2026, 1, 1, tzinfo=YORK)
    runs = scheduled_times("reconcile", start, start + timedelta(days=365))
    assert {run.astimezone(YORK).time() for run in runs} == {time(7, 30)}
    mornings = {run.astimezone(YORK).date() for run in runs}
    assert {
        day + timedelta(days=1) for day in calendar.between(date(2026, 1, 1), date(2026, 12, 30)).astype(object)
    } <= mornings


def run_at(monkeypatch: pytest.MonkeyPatch, scheduled: datetime) -> str:
    """Run the nightly flow as a runner does: nothing but the time it was scheduled for."""
    from prefect import runtime

    from flows.nightly import nightly

    monkeypatch.setattr(runtime.flow_run, "scheduled_start_time", scheduled.astimezone(UTC), raising=False)
    state = nightly(return_state=True)
    assert not state.is_failed(), state.result(raise_on_failure=False)
    return state.name


def half_past_six(day: date) -> datetime:
    return datetime.combine(day, time(18, 30), tzinfo=YORK)


def published(warehouse_of, home: Path) -> dict[date, str]:
    warehouse = warehouse_of(home)
    nights = warehouse.nights("simulated", date(2026, 1, 1), date(2026, 12, 31))
    return {day: warehouse.fingerprint("simulated", day) for day, status in nights.items() if status == "COMPLETE"}


def test_a_machine_that_slept_runs_late_twice_and_out_of_order(
    home: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, warehouse_of
) -> None:
    """It slept over the change of the clocks; what was due comes all at once, the newest first, some of it twice."""
    late = [FALL_BACK[2], date(2026, 10, 31), FALL_BACK[0], FALL_BACK[2], FALL_BACK[1], FALL_BACK[0]]
    states = [run_at(monkeypatch, half_past_six(day)) for day in late]
    closed, done = "MarketClosed", "AlreadyComplete"
    assert states == ["Completed", closed, "Completed", done, "Completed", done]
    asleep = published(warehouse_of, home)
    assert list(asleep) == FALL_BACK
    monkeypatch.setenv("ALVH_HOME", str(tmp_path / "awake"))
    for day in FALL_BACK:
        assert run_at(monkeypatch, half_past_six(day)) == "Completed"
    assert published(warehouse_of, tmp_path / "awake") == asleep


def test_the_trade_date_is_the_scheduled_one_whatever_the_clock_says(
    home: Path, monkeypatch: pytest.MonkeyPatch, warehouse_of
) -> None:
    import time_machine

    with time_machine.travel(datetime(2027, 2, 3, 4, 5, tzinfo=UTC)):
        assert run_at(monkeypatch, half_past_six(date(2026, 11, 27))) == "Completed"  # an early close, too
    assert list(published(warehouse_of, home)) == [date(2026, 11, 27)]


def test_a_closure_nobody_foresaw_is_no_night(home: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "closed.toml").write_text("closed = [2026-11-18]\n")
    monkeypatch.setenv("ALVH_CALENDAR_FILE", str(tmp_path / "closed.toml"))
    assert run_at(monkeypatch, half_past_six(date(2026, 11, 18))) == "MarketClosed"
    assert not (home / "lake").exists()


def test_a_second_run_waits_and_finds_the_night_complete(environment: dict[str, str], warehouse_of) -> None:
    day = "2026-11-18"
    command = [sys.executable, "-m", "flows.cli", "nightly", "--date", day]
    both = [subprocess.Popen(command, env=environment, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
            for _ in range(2)]  # fmt: skip
    ends = [run.communicate(timeout=300) for run in both]
    assert [run.returncode for run in both] == [0, 0], ends
    assert sorted("AlreadyComplete" in err for _, err in ends) == [False, True], ends
    warehouse = warehouse_of(Path(environment["ALVH_HOME"]))
    assert warehouse.ledger("simulated", date(2026, 11, 18))["publication_no"] == 1


def test_alerts_and_runs_never_read_the_zone_of_the_machine() -> None:
    """The schedule's zone is part of it: a machine in Tokyo starts the same instants."""
    script = ("from datetime import datetime, UTC; from flows.schedules import DEPLOYMENTS, runner_deployments;"
              "print([str(s.schedule.timezone) for d in runner_deployments() for s in d.schedules])")  # fmt: skip
    done = subprocess.run([sys.executable, "-c", script], env=os.environ | {"TZ": "Asia/Tokyo"}, capture_output=True,
                          text=True, check=True)  # fmt: skip
    assert done.stdout.strip() == str([NEW_YORK] * 3)
