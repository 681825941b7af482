"""Sessions: which one a date or an instant belongs to, early closes, daylight saving, the host's own time zone."""

import time
from datetime import UTC, date, datetime
from zoneinfo import ZoneInfo

import numpy as np
import pandas as pd
import pytest

from alvh_core.errors import ContractError
from alvh_core.sessions import quote_clock

NY = ZoneInfo("America/New_York")


@pytest.mark.parametrize(
    ("wall", "session"),
    [
        pytest.param("2026-07-18 03:24", "2026-07-17", id="Saturday night belongs to Friday"),
        pytest.param("2026-07-19 12:00", "2026-07-17", id="Sunday"),
        pytest.param("2026-07-20 09:29:59", "2026-07-17", id="before Monday's opening"),
        pytest.param("2026-07-20 09:30", "2026-07-20", id="at the opening"),
        pytest.param("2026-07-20 23:59", "2026-07-20", id="late evening"),
        pytest.param("2026-07-21 00:30", "2026-07-20", id="after midnight"),
        pytest.param("2026-07-03 15:00", "2026-07-02", id="holiday"),
        pytest.param("2026-03-09 09:30", "2026-03-09", id="first session of summer time"),
        pytest.param("2026-11-02 09:29", "2026-10-30", id="before the first opening of winter time"),
    ],
)
def test_session_of(wall, session, calendar):
    instant = datetime.fromisoformat(wall).replace(tzinfo=NY)
    assert calendar.session_of(instant) == date.fromisoformat(session)
    assert calendar.session_of(instant.astimezone(UTC)) == date.fromisoformat(session)


def test_an_instant_before_the_calendar_has_no_session(calendar):
    with pytest.raises(ContractError, match="1970-01-01"):
        calendar.session_of(datetime(1970, 1, 1, tzinfo=UTC))
    with pytest.raises(ContractError, match="2019"):
        calendar.last_closed(datetime(2019, 1, 2, 12, tzinfo=UTC))


@pytest.mark.parametrize(
    ("wall", "session"),
    [
        pytest.param("2026-07-20 16:29", "2026-07-17", id="before the delay has passed"),
        pytest.param("2026-07-20 16:30", "2026-07-20", id="half an hour after the close"),
        pytest.param("2026-07-20 10:00", "2026-07-17", id="in session"),
        pytest.param("2026-11-27 13:30", "2026-11-27", id="early close"),
    ],
)
def test_last_closed(wall, session, calendar):
    assert calendar.last_closed(datetime.fromisoformat(wall).replace(tzinfo=NY)) == date.fromisoformat(session)


@pytest.mark.parametrize(("day", "following"), [
    ("2026-07-02", "2026-07-06"), ("2026-07-04", "2026-07-06"), ("2026-07-06", "2026-07-07"),
    pytest.param("2098-01-03", "2098-01-06", id="beyond the calendar"),
])  # fmt: skip
def test_session_after(day, following, calendar):
    assert calendar.session_after(date.fromisoformat(day)) == date.fromisoformat(following)


def test_session_of_a_day(calendar):
    early = calendar.session(date(2026, 11, 27))
    assert early.close_at_utc == pd.Timestamp("2026-11-27 18:00", tz="UTC")
    summer = calendar.session(date(2026, 7, 20))
    assert summer.open_at_utc == pd.Timestamp("2026-07-20 13:30", tz="UTC")
    assert summer.trade_date == date(2026, 7, 20)


@pytest.mark.parametrize("day", [date(2026, 7, 18), date(2026, 7, 3), date(1999, 1, 4), date(2090, 1, 3)])
def test_no_session_is_refused_by_name(day, calendar):
    with pytest.raises(ContractError, match=str(day)):
        calendar.session(day)


def test_pitfall_16_holidays(calendar):
    closed = ["2020-04-10", "2021-04-02", "2022-04-15", "2026-06-19", "2026-07-03", "2024-06-19", "2025-01-09"]
    assert not any(calendar.is_session(date.fromisoformat(day)) for day in closed)
    assert calendar.is_session(date(2026, 7, 20))
    for day in ("2024-07-03", "2025-12-24", "2026-11-27"):
        session = calendar.session(date.fromisoformat(day))
        assert (session.close_at_utc - session.open_at_utc).total_seconds() == 3.5 * 3600


def test_every_weekday_counts_beyond_the_calendar(calendar):
    days = np.array(["2035-01-01", "2035-01-06", "2001-01-01", "2001-01-06"], dtype="datetime64[D]")
    assert calendar.are_sessions(days).tolist() == [True, False, True, False]


def test_sessions_between_are_half_open(calendar):
    found = calendar.between(date(2026, 7, 2), date(2026, 7, 7)).astype(str).tolist()
    assert found == ["2026-07-06", "2026-07-07"]
    assert calendar.between(date(2026, 7, 7), date(2026, 7, 7)).size == 0


def test_closes_of_unknown_days_are_sixteen_hundred(calendar):
    days = np.array(["2026-11-27", "2026-11-28", "2040-07-02", "2040-12-03"], dtype="datetime64[D]")
    found = calendar.close_or_default(days).astype(str).tolist()
    assert found == ["2026-11-27T18:00:00", "2026-11-28T21:00:00", "2040-07-02T20:00:00", "2040-12-03T21:00:00"]


@pytest.mark.parametrize(
    ("to_close", "clock"),
    [
        pytest.param(200.0, "in_session", id="midday"),
        pytest.param(390.0, "in_session", id="the opening"),
        pytest.param(15.1, "in_session", id="15:44:54"),
        pytest.param(15.0, "at_close", id="15:45"),
        pytest.param(-15.0, "at_close", id="16:15, when index options close"),
        pytest.param(-30.0, "at_close", id="16:30"),
        pytest.param(-30.1, "after_hours", id="past 16:30"),
        pytest.param(391.0, "after_hours", id="before the opening"),
        pytest.param(float("nan"), "after_hours", id="unknown"),
    ],
)
def test_pitfall_08_the_quotes_own_clock_is_kept(to_close, clock):
    assert quote_clock(to_close, 390.0) == clock


@pytest.mark.parametrize("zone", ["Asia/Tokyo", "America/Los_Angeles", "UTC"])
def test_pitfall_10_the_hosts_time_zone_changes_nothing(zone, calendar, chains, monkeypatch):
    monkeypatch.setenv("TZ", zone)
    time.tzset()
    try:
        quote_at = datetime.fromisoformat("2026-07-16 15:50")
        snapshots = chains.snapshots({"VIX": 20.0}, quote_at)
        raw = chains.wire("VIX", [("VIX", date(2026, 8, 19), 21.0, 0.9)], [20.0], quote_at=quote_at)
        quotes, _ = chains.normalise(raw, snapshots)
        assert calendar.session_of(datetime(2026, 7, 18, 3, 24, tzinfo=NY)) == date(2026, 7, 17)
    finally:
        monkeypatch.undo()
        time.tzset()
    assert quotes["expiry_date"].tolist() == [pd.Timestamp("2026-08-19")] * 2
    assert quotes["dte_days"].tolist() == [34, 34]
    assert quotes["settle_at_utc"].tolist() == [pd.Timestamp("2026-08-19 13:30", tz="UTC")] * 2
    assert quotes["quote_at_utc"].tolist() == [pd.Timestamp("2026-07-16 19:50", tz="UTC")] * 2
