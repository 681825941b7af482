"""The exchange calendar: holidays and early closes as published, and a file that overrides them."""

from datetime import UTC, date, datetime

import numpy as np
import pytest

from alvh_core.errors import ContractError
from tasks.sources.exchange import early_closes, load_calendar

EARLY = ["2024-07-03", "2024-11-29", "2024-12-24", "2025-07-03", "2025-11-28", "2025-12-24", "2026-11-27", "2026-12-24"]
HOLIDAYS = ["2025-01-09", "2026-01-01", "2026-01-19", "2026-02-16", "2026-04-03", "2026-05-25", "2026-06-19",
            "2026-07-03", "2026-09-07", "2026-11-26", "2026-12-25"]  # fmt: skip


@pytest.fixture
def overridden(tmp_path, monkeypatch, calendar):
    """Load the calendar with a file of overrides."""
    import warnings

    def load(text):
        path = tmp_path / "calendar.toml"
        path.write_bytes(text if isinstance(text, bytes) else text.encode())
        with warnings.catch_warnings():  # exchange_calendars 4.13 trips a deprecation of pandas 3.1
            warnings.simplefilter("ignore")
            return load_calendar(path)

    return load


def test_published_early_closes(calendar):
    known = {str(day) for day in early_closes(calendar) if 2024 <= day.year <= 2026}
    assert known == set(EARLY)
    assert calendar.session(date(2026, 11, 27)).close_at_utc == datetime(2026, 11, 27, 18, tzinfo=UTC)


def test_published_holidays_and_the_day_of_mourning(calendar):
    assert not any(calendar.is_session(date.fromisoformat(day)) for day in HOLIDAYS)
    assert calendar.is_session(date(2026, 7, 16))


def test_summer_and_winter_time(calendar):
    assert calendar.session(date(2026, 7, 16)).close_at_utc == datetime(2026, 7, 16, 20, tzinfo=UTC)
    assert calendar.session(date(2026, 1, 16)).close_at_utc == datetime(2026, 1, 16, 21, tzinfo=UTC)


def test_the_calendar_reaches_back_and_ahead(calendar):
    assert calendar.dates[0] == np.datetime64("2019-01-02")
    assert calendar.dates[-1] > np.datetime64("today") + 300
    assert (np.diff(calendar.dates) > np.timedelta64(0)).all()
    assert (calendar.closes_utc > calendar.opens_utc).all()


def test_a_closure_and_an_early_close_from_the_file(overridden):
    calendar = overridden(
        'closed = ["2026-07-16", 2026-07-04]\n[early_closes]\n2026-07-17 = "13:00"\n2026-01-16 = 13:15:00\n'
    )
    assert not calendar.is_session(date(2026, 7, 16))
    assert calendar.session(date(2026, 7, 17)).close_at_utc == datetime(2026, 7, 17, 17, tzinfo=UTC)
    assert calendar.session(date(2026, 1, 16)).close_at_utc == datetime(2026, 1, 16, 18, 15, tzinfo=UTC)
    assert date(2026, 7, 17) in early_closes(calendar)


def test_an_empty_file_changes_nothing(overridden, calendar):
    assert np.array_equal(overridden("").dates, calendar.dates)


@pytest.mark.parametrize(("text", "words"), [
    ("holidays = []", "unknown key 'holidays'; expected closed, early_closes"),
    ('closed = ["16.07.2026"]', "expected ISO dates and times: Invalid isoformat string: '16.07.2026'"),
    ('closed = "2026-07-16"', "expected closed as a list of dates"), ("closed = 3",
    "expected closed as a list of dates"),
    ("closed = [2026-07-16T00:00:00]", "expected ISO dates"),
    ('early_closes = ["2026-07-17"]', "as a table of date = time"),
    ('[early_closes]\n2026-07-17 = "noon"', "expected ISO dates and times"),
    ('[early_closes]\n2026-07-18 = "13:00"', "expected a session between .* found 2026-07-18 13:00:00"),
    ('[early_closes]\n2026-07-17 = "09:00"', "a time while it is open, found 2026-07-17 09:00:00"),
    ('[early_closes]\n2026-07-17 = "23:00"', "a time while it is open"),
    ('closed = ["2026-07-17"]\n[early_closes]\n2026-07-17 = "13:00"', "expected a session"),
    ("closed = [", "ALVH_CALENDAR_FILE: expected a TOML file"), (b"\xff\xfe",
    "ALVH_CALENDAR_FILE: expected a TOML file"),
])  # fmt: skip
def test_a_faulty_file_is_named(overridden, text, words):
    with pytest.raises(ContractError, match=f"calendar.toml.*{words}|{words}.*calendar.toml"):
        overridden(text)


def test_a_missing_file(tmp_path):
    import warnings

    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        with pytest.raises(ContractError, match=r"ALVH_CALENDAR_FILE: expected a TOML file at .*nope\.toml"):
            load_calendar(tmp_path / "nope.toml")
