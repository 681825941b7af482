"""Which nights are due and which are lost: New York clocks, daylight saving, holidays, and no clock of its own."""

from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from alvh_core.upkeep import (
    NIGHTLY_AT,
    night_due,
    open_nights,
    progress_line,
    remaining_seconds,
    sessions_up_to,
    why_lost,
)

NEW_YORK = ZoneInfo("America/New_York")


def ny(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=NEW_YORK)


@pytest.mark.parametrize(("asked", "due"), [
    ("2026-11-18 18:29", "2026-11-17"), ("2026-11-18 18:30", "2026-11-18"), ("2026-11-19 07:30", "2026-11-18"),
    ("2026-11-21 12:00", "2026-11-20"),  # Saturday
    ("2026-11-26 19:00", "2026-11-25"),  # Thanksgiving
    ("2026-11-27 19:00", "2026-11-27"),  # early close
    ("2026-03-08 19:00", "2026-03-06"), ("2026-03-09 18:30", "2026-03-09"),  # clocks go forward on the 8th
    ("2026-11-01 19:00", "2026-10-30"), ("2026-11-02 18:30", "2026-11-02"),  # and back on the 1st
])  # fmt: skip
def test_the_night_that_was_due_last(calendar, asked, due):
    instant = ny(asked)
    assert night_due(calendar, instant) == date.fromisoformat(due)
    assert night_due(calendar, instant.astimezone(UTC)) == date.fromisoformat(due)
    assert night_due(calendar, instant.astimezone(ZoneInfo("Asia/Tokyo"))) == date.fromisoformat(due)


@given(st.datetimes(min_value=datetime(2020, 1, 3), max_value=datetime(2027, 6, 1), timezones=st.just(UTC)))  # noqa: DTZ001
def test_every_night_becomes_due_once_and_in_order(calendar, instant):
    day, later = night_due(calendar, instant), night_due(calendar, instant + timedelta(hours=1))
    assert calendar.is_session(day)
    assert datetime.combine(day, NIGHTLY_AT, tzinfo=NEW_YORK) <= instant
    assert later in {day, *calendar.between(day, later).astype(object)[:1]}


def test_sessions_up_to(calendar):
    thanksgiving = date(2026, 11, 26)
    assert sessions_up_to(calendar, thanksgiving, 3) == [date(2026, 11, 23), date(2026, 11, 24), date(2026, 11, 25)]


def test_open_nights():
    days = [date(2026, 11, d) for d in (16, 17, 18, 19)]
    assert open_nights(days, {days[0]: "COMPLETE", days[1]: "FAILED", days[2]: "RUNNING"}) == days[1:]


@pytest.mark.parametrize(("source", "has_landed", "now", "is_lost"), [
    ("live", False, "2026-11-18 19:00", False), ("live", False, "2026-11-19 09:29", False),
    ("live", False, "2026-11-19 09:30", True), ("live", True, "2026-11-25 12:00", False),
    ("simulated", False, "2026-11-25 12:00", False), ("recorded:x", False, "2026-11-25 12:00", False),
])  # fmt: skip
def test_what_cannot_be_had_again(calendar, source, has_landed, now, is_lost):
    reason = why_lost(calendar, date(2026, 11, 18), source, ny(now), has_landed=has_landed)
    assert (reason is not None) == is_lost
    assert reason is None or "2026-11-18" in reason


def test_the_estimate_follows_the_pace():
    assert remaining_seconds(0, 10, 5.0) is remaining_seconds(1, 10, 0.0) is None
    assert remaining_seconds(5, 11, 20.0) == 30.0
    assert progress_line(date(2026, 11, 18), "OK", 1, 10, 0.0) == " 1/10  2026-11-18  OK"
    line = progress_line(date(2026, 11, 18), "OK", 4, 10, 15.0)
    assert line == " 4/10  2026-11-18  OK, about 0:00:30 left"
    assert progress_line(date(2026, 11, 18), "OK", 10, 10, 20.0) == "10/10  2026-11-18  OK"
