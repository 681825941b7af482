"""Expiry rules against the published VIX calendar 2019-2028 (data/vix_expiries.csv) and known holiday shifts."""

import csv
import warnings
from datetime import date
from pathlib import Path

import exchange_calendars
import pytest

from alvh_core.expiries import (
    is_vix_monthly,
    last_session_on_or_before,
    month_end,
    monthly_expiry,
    next_month,
    third_friday,
    vix_settlement,
    vix_week_settlement,
)

with (Path(__file__).parent / "data" / "vix_expiries.csv").open() as _file:
    PUBLISHED = list(csv.DictReader(_file))


@pytest.fixture(scope="module")
def is_session():
    with warnings.catch_warnings():  # exchange_calendars 4.13 trips a deprecation of pandas 3.1
        warnings.simplefilter("ignore")
        calendar = exchange_calendars.get_calendar("XNYS", start="2019-01-01")
    days = set(calendar.sessions.date)
    last = max(days)
    return lambda day: day in days or (day > last and day.weekday() < 5)


def test_published_vix_settlements(is_session):
    found = [vix_settlement(int(row["year"]), int(row["month"]), is_session).isoformat() for row in PUBLISHED]
    assert found == [row["date"] for row in PUBLISHED]
    assert len(found) == 120


def test_shifted_settlements_are_tuesdays(is_session):
    for row in PUBLISHED:
        weekday = vix_settlement(int(row["year"]), int(row["month"]), is_session).weekday()
        assert weekday == (1 if row["shifted"] == "true" else 2), row


@pytest.mark.parametrize(
    ("year", "month", "expected"),
    [
        pytest.param(2026, 6, date(2026, 6, 18), id="Juneteenth is the third Friday"),
        pytest.param(2025, 4, date(2025, 4, 17), id="Good Friday"),
        pytest.param(2026, 11, date(2026, 11, 20), id="ordinary"),
    ],
)
def test_monthly_expiry(year, month, expected, is_session):
    assert monthly_expiry(year, month, is_session) == expected


@pytest.mark.parametrize(
    ("wednesday", "expected"),
    [
        pytest.param(date(2024, 12, 25), date(2024, 12, 24), id="Wednesday is Christmas"),
        pytest.param(date(2025, 1, 1), date(2024, 12, 31), id="Wednesday is New Year"),
        pytest.param(date(2026, 11, 25), date(2026, 11, 24), id="the Friday 30 days on is Christmas"),
        pytest.param(date(2026, 11, 4), date(2026, 11, 4), id="ordinary"),
    ],
)
def test_weekly_vix_settlement(wednesday, expected, is_session):
    assert vix_week_settlement(wednesday, is_session) == expected


def test_weekly_vix_settlement_walks_back_over_several_holidays(is_session):
    closed = {date(2026, 12, 1), date(2026, 12, 2)}
    assert vix_week_settlement(date(2026, 12, 2), lambda day: day not in closed and is_session(day)) == date(
        2026, 11, 30
    )


def test_nominal_wednesday_of_a_monthly():
    assert is_vix_monthly(date(2026, 5, 20))  # settles on Tuesday the 19th, still the monthly
    assert not is_vix_monthly(date(2026, 5, 27))


def test_helpers(is_session):
    assert third_friday(2026, 5) == date(2026, 5, 15)
    assert next_month(2026, 12) == (2027, 1)
    assert next_month(2026, 1, -1) == (2025, 12)
    assert next_month(2026, 3, 22) == (2028, 1)
    assert month_end(2026, 5, is_session) == date(2026, 5, 29)
    assert last_session_on_or_before(date(2026, 11, 22), is_session) == date(2026, 11, 20)
