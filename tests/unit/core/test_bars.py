"""Daily bars: nothing after the night, last closes, the trigger's close, closes of missing nights."""

from datetime import date, datetime

import numpy as np
import pandas as pd
import pytest

from alvh_core import frames
from alvh_core.bars import bars_as_of, host_returns, last_closes, missed_closes, trigger_close
from alvh_core.schemas import CLOSES, DAILY_BARS, SNAPSHOTS
from alvh_core.sessions import TradingCalendar

NIGHT = date(2026, 7, 16)
_DAYS = np.arange("2026-01-02", "2026-08-01", dtype="datetime64[D]")
_SESSIONS = _DAYS[np.is_busday(_DAYS, holidays=["2026-06-19", "2026-07-03"])]
CALENDAR = TradingCalendar(_SESSIONS, _SESSIONS + np.timedelta64(810, "m"), _SESSIONS + np.timedelta64(1200, "m"))


def _bars(*rows):
    frame = pd.DataFrame(rows, columns=["symbol", "bar_date", "close_usd"])
    return frame.assign(bar_date=pd.to_datetime(frame["bar_date"]), payload_sha256="a", row_position=range(len(frame)))


def _table(*rows, night=NIGHT):
    return bars_as_of(_bars(*rows), night, "simulated", CALENDAR)


# --- no look-ahead ----------------------------------------------------------------------------------------------------
def test_pitfall_20_bars_after_the_night_are_dropped():
    found = _table(("VIX", "2026-07-15", 17.0), ("VIX", "2026-07-16", 18.0), ("VIX", "2026-07-17", 40.0))
    assert found["bar_date"].max() == pd.Timestamp(NIGHT)
    assert found["close_usd"].tolist() == [17.0, 18.0]
    assert list(found.columns) == list(DAILY_BARS.names)


def test_a_history_fetched_later_tells_the_same_night():
    then = [("VIX", "2026-07-15", 17.0), ("VIX", "2026-07-16", 18.0)]
    later = [*then, ("VIX", "2026-07-17", 40.0), ("VIX", "2026-07-31", 50.0)]
    pd.testing.assert_frame_equal(_table(*then), _table(*later))


def test_a_print_on_a_holiday_is_no_session():
    """Cboe prints VIX on some: beside shares without a bar it would cost every one of them two returns."""
    found = _table(("VIX", "2026-07-02", 16.15), ("VIX", "2026-07-03", 15.81), ("VIX", "2026-07-06", 15.57))
    assert found["close_usd"].tolist() == [16.15, 15.57]


def test_the_later_row_of_a_file_wins():
    found = _table(("VIX", "2026-07-16", 18.0), ("VIX", "2026-07-15", 17.0), ("VIX", "2026-07-16", 19.0))
    assert found["close_usd"].tolist() == [17.0, 19.0]


@pytest.mark.parametrize(
    "bars",
    [pytest.param(pd.DataFrame(), id="nothing"), pytest.param(_bars(("VIX", "2026-07-17", 1.0)), id="only the future")],
)
def test_no_bars(bars):
    found = bars_as_of(bars, NIGHT, "simulated", CALENDAR)
    assert found.empty
    assert list(found.columns) == list(DAILY_BARS.names)
    assert last_closes(found).empty
    assert list(last_closes(found).columns) == list(CLOSES.names)


# --- closes -----------------------------------------------------------------------------------------------------------
def test_last_close_of_every_symbol():
    found = last_closes(_table(("SPY", "2026-07-14", 1.0), ("VIX", "2026-07-16", 18.0), ("VIX", "2026-07-15", 17.0)))
    assert found["symbol"].astype(str).tolist() == ["SPY", "VIX"]
    assert found["close_usd"].tolist() == [1.0, 18.0]
    assert found["bar_date"].tolist() == [pd.Timestamp("2026-07-14"), pd.Timestamp("2026-07-16")]
    assert found["hv20_vol"].isna().all()


@pytest.mark.parametrize(("n_bars", "has_value"), [(20, False), (21, True), (60, True)])
def test_realised_volatility_needs_twenty_returns(n_bars, has_value):
    days = pd.DatetimeIndex(_SESSIONS[np.datetime64(NIGHT) >= _SESSIONS][-n_bars:])
    closes = 100.0 * np.exp(np.cumsum(np.random.default_rng(1).normal(0, 0.01, n_bars)))
    other = [("SPY", str(day.date()), 50.0) for day in days]
    found = last_closes(_table(*[("VIX", str(d.date()), c) for d, c in zip(days, closes, strict=True)], *other))
    by_symbol = found.set_index(found["symbol"].astype(str))["hv20_vol"]
    assert np.isfinite(by_symbol["VIX"]) == has_value
    if has_value:
        expected = np.std(np.diff(np.log(closes))[-20:], ddof=1) * np.sqrt(252)
        assert by_symbol["VIX"] == pytest.approx(expected, rel=1e-9)
        assert by_symbol["SPY"] == pytest.approx(0.0, abs=1e-12)


# --- trigger ----------------------------------------------------------------------------------------------------------
PUBLISHED = _table(("VIX", "2026-07-15", 17.0), ("VIX", "2026-07-16", 18.0))
STALE = _table(("VIX", "2026-07-15", 17.0), ("SPX", "2026-07-16", 6000.0))
NO_CHAIN = frames.empty(SNAPSHOTS)


@pytest.fixture(scope="module")
def at_close(chains):
    return chains.snapshots({"VIX": 18.4, "SPX": 6000.0}, datetime.fromisoformat("2026-07-16 16:14"))


@pytest.fixture(scope="module")
def in_session(chains):
    return chains.snapshots({"VIX": 25.0}, datetime.fromisoformat("2026-07-16 11:00"))


def test_the_published_close(at_close):
    found = trigger_close(PUBLISHED, at_close, NIGHT)
    assert (found.vol_points, found.is_provisional) == (18.0, False)


def test_the_chains_own_price_is_provisional(at_close):
    found = trigger_close(STALE, at_close, NIGHT)
    assert (found.vol_points, found.is_provisional) == (18.4, True)


def test_an_older_close_is_never_used():
    found = trigger_close(STALE, NO_CHAIN, NIGHT)
    assert np.isnan(found.vol_points)
    assert not found.is_provisional


def test_a_price_in_session_is_no_close(in_session):
    assert np.isnan(trigger_close(STALE, in_session, NIGHT).vol_points)
    assert trigger_close(PUBLISHED, in_session, NIGHT).vol_points == 18.0


def test_a_chain_without_a_price_is_no_close(at_close):
    found = trigger_close(STALE, at_close.assign(underlying_price_usd=np.nan), NIGHT)
    assert np.isnan(found.vol_points)
    assert not found.is_provisional


# --- missing nights ---------------------------------------------------------------------------------------------------
def test_closes_strictly_between_two_nights(calendar):
    bars = _table(("VIX", "2026-07-10", 1.0), ("VIX", "2026-07-13", 2.0), ("VIX", "2026-07-15", 3.0),
                  ("VIX", "2026-07-16", 4.0), ("SPX", "2026-07-14", 9.0))  # fmt: skip
    found = missed_closes(bars, date(2026, 7, 10), NIGHT, calendar)
    assert [day for day, _ in found] == [date(2026, 7, 13), date(2026, 7, 14), date(2026, 7, 15)]
    np.testing.assert_array_equal([close for _, close in found], [2.0, np.nan, 3.0])


def test_rows_of_days_without_a_session_are_no_closes(calendar):
    bars = _table(("VIX", "2026-07-02", 1.0), ("VIX", "2026-07-03", 99.0), ("VIX", "2026-07-04", 99.0))
    assert missed_closes(bars, date(2026, 7, 2), date(2026, 7, 6), calendar) == []


@pytest.mark.parametrize("after", [None, NIGHT, date(2026, 7, 15), date(2026, 7, 20)])
def test_nothing_is_missed_from_one_night_to_the_next(after, calendar):
    assert missed_closes(PUBLISHED, after, NIGHT, calendar) == []


@pytest.mark.parametrize("price", [0.0, -1.0, np.inf])
def test_a_price_that_is_none_is_no_close(at_close, price):
    """A zero is below every level: three of them would disarm every layer."""
    assert np.isnan(trigger_close(STALE, at_close.assign(underlying_price_usd=price), NIGHT).vol_points)


@pytest.mark.parametrize(("minutes", "vol_points"), [(0.0, np.nan), (-1.0, 18.4)])
def test_a_print_at_the_bell_is_from_before_the_close(at_close, minutes, vol_points):
    found = trigger_close(STALE, at_close.assign(minutes_to_close=minutes), NIGHT)
    assert found.vol_points == pytest.approx(vol_points, nan_ok=True)


def test_a_move_over_a_gap_is_of_no_session():
    found = _table(("KO", "2026-07-14", 100.0), ("KO", "2026-07-16", 96.0), ("SPY", "2026-07-15", 50.0),
                   ("SPY", "2026-07-16", 49.0), ("XLF", "2026-07-15", 9.0))  # fmt: skip
    moves = host_returns(found, NIGHT, CALENDAR)
    assert moves.dropna().to_dict() == {"SPY": pytest.approx(-0.02)}
