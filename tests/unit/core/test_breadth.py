"""Breadth: what counts, what does not, and when a line goes on."""

from datetime import date

import numpy as np
import pandas as pd
import pytest

from alvh_core.breadth import continued, exchange_breadth, universe_breadth, universe_changes, universe_moves
from alvh_core.frames import conform, empty
from alvh_core.schemas import BREADTH, BREADTH_COUNTS, DAILY_ACTIONS, DAILY_BARS
from alvh_core.universe import DEFAULT_UNIVERSE
from expectations.gate import validate_answers
from expectations.runner import validate
from expectations.suites import out_suite

DAYS = [date(2026, 7, day) for day in (13, 14, 15, 16)]
DAY, BEFORE = DAYS[-1], DAYS[-2]
MODE = "live"


def closes(**by_ticker):
    rows = [(ticker, pd.Timestamp(day), price)
            for ticker, prices in by_ticker.items() for day, price in zip((BEFORE, DAY), prices, strict=True)
            ]  # fmt: skip
    return pd.DataFrame(rows, columns=["ticker", "session_date", "close_usd"]).dropna()


def bars(**by_symbol):
    rows = [(symbol, pd.Timestamp(day), price) for symbol, prices in by_symbol.items()
            for day, price in zip(DAYS, prices, strict=True) if price]  # fmt: skip
    frame = pd.DataFrame(rows, columns=["symbol", "bar_date", "close_usd"])
    return conform(frame.assign(trade_date=pd.Timestamp(DAY), source_mode=MODE, payload_sha256="a", row_position=0),
                   DAILY_BARS)  # fmt: skip


def splits(*rows):
    frame = pd.DataFrame(rows, columns=["symbol", "ex_date", "split_ratio"])
    return conform(frame.assign(ex_date=pd.to_datetime(frame["ex_date"]), dividend_usd=0.0, payload_sha256="a",
                                row_position=0, trade_date=pd.Timestamp(DAY), source_mode=MODE),
                   DAILY_ACTIONS)  # fmt: skip


def test_the_exchange_and_everything_are_two_methods():
    found = exchange_breadth(closes(A=(1.0, 2.0), B=(2.0, 1.0), C=(3.0, 3.0), ETF=(1.0, 1.1), NEW=(np.nan, 5.0),
                                    GONE=(4.0, np.nan)), {"A", "B", "C", "NEW", "GONE"}, BEFORE, DAY, MODE)  # fmt: skip
    counts = found.set_index(found["breadth_method"].astype("str"))[list(BREADTH_COUNTS.names[4:])]
    assert counts.loc["massive_us_all"].tolist() == [2, 1, 1, 4, 1]
    assert counts.loc["nyse_true"].tolist() == [1, 1, 1, 3, 0], "new and gone names have no change"


def test_without_the_list_of_members_the_exchange_is_not_counted():
    found = exchange_breadth(closes(A=(1.0, 2.0)), set(), BEFORE, DAY, MODE)
    assert found["breadth_method"].tolist() == ["massive_us_all"]


@pytest.mark.parametrize("lost", [BEFORE, DAY])
def test_one_session_is_no_breadth(lost):
    found = closes(A=(1.0, 2.0))
    assert exchange_breadth(found[found["session_date"] != pd.Timestamp(lost)], {"A"}, BEFORE, DAY, MODE).empty
    assert exchange_breadth(pd.DataFrame(), {"A"}, BEFORE, DAY, MODE).empty


def test_a_ticker_twice_in_a_file_is_left_out():
    twice = pd.concat([closes(A=(1.0, 2.0), B=(1.0, 2.0)), closes(A=(9.0, 1.0))])
    assert exchange_breadth(twice, {"A", "B"}, BEFORE, DAY, MODE)["members_count"].tolist() == [1, 1]


def test_the_universe_counts_shares_and_funds_only(calendar):
    found = bars(
        XLF=(1, 2, 3, 4), KO=(4, 3, 2, 1), SPX=(1, 2, 3, 4), VXX=(1, 2, 3, 4), VIX=(1, 2, 3, 4), O=(5, 5, 5, 5)
    )
    moves = universe_moves(universe_changes(found, DEFAULT_UNIVERSE, calendar, empty(DAILY_ACTIONS)))
    tonight = universe_breadth(moves, DAY, MODE).iloc[0]
    assert tonight[list(BREADTH_COUNTS.names[3:])].tolist() == [pd.Timestamp(BEFORE), 1, 1, 1, 3, 0]


def test_a_close_that_is_missing_is_no_move_and_no_other_days_close_stands_in(calendar):
    found = bars(XLF=(1, 2, 3, 0), KO=(4, 3, 0, 5))
    moves = universe_moves(universe_changes(found, DEFAULT_UNIVERSE, calendar, empty(DAILY_ACTIONS)))
    assert moves["members_count"].tolist() == [2, 1]
    assert universe_breadth(moves, DAY, MODE).empty, "KO's last close is two sessions old"
    nothing = universe_changes(empty(DAILY_BARS), DEFAULT_UNIVERSE, calendar, empty(DAILY_ACTIONS))
    assert universe_moves(nothing).empty


def test_a_member_does_not_count_on_the_day_it_splits(calendar):
    found = bars(XLF=(100, 101, 102, 25.4), KO=(4, 3, 2, 1))
    split = universe_moves(universe_changes(found, DEFAULT_UNIVERSE, calendar, splits(("XLF", DAY, 4.0))))
    assert universe_breadth(split, DAY, MODE)["members_count"].tolist() == [1]
    assert split["members_count"].tolist() == [2, 2, 1]


def counted(method="universe", diff=3, day=DAY):
    up, down = max(diff, 0), max(-diff, 0)
    return conform(pd.DataFrame({
        "trade_date": [pd.Timestamp(day)], "source_mode": MODE, "breadth_method": method,
        "before_date": pd.Timestamp(BEFORE), "advances_count": up, "declines_count": down, "unchanged_count": 0,
        "members_count": up + down, "ad_diff_count": diff,
    }), BREADTH_COUNTS)  # fmt: skip


def line(calendar, tonight, previous, moves=None):
    nothing = pd.DataFrame({"ad_diff_count": pd.Series(dtype="int64")}, index=pd.DatetimeIndex([]))
    found = continued(tonight, previous, nothing if moves is None else moves, calendar)
    assert validate(found, out_suite(BREADTH, min_rows=0)).rejects().empty
    return [(int(row.ad_line_count), row.line_from_date.date()) for row in found.itertuples()]


def test_a_line_goes_on_from_the_session_before(calendar):
    first = continued(counted(diff=5, day=BEFORE), empty(BREADTH), pd.DataFrame({"ad_diff_count": []}), calendar)
    assert line(calendar, counted(diff=-2), first) == [(3, BEFORE)]
    assert line(calendar, counted(diff=-2), empty(BREADTH)) == [(-2, DAY)]


def test_methods_never_continue_one_another(calendar):
    first = continued(counted("nyse_true", 5, BEFORE), empty(BREADTH), pd.DataFrame({"ad_diff_count": []}), calendar)
    assert line(calendar, counted("massive_us_all", 2), first) == [(2, DAY)]


def test_a_missing_night_breaks_the_exchanges_line_and_is_bridged_in_the_universes(calendar):
    nothing = pd.DataFrame({"ad_diff_count": []})
    moves = pd.DataFrame({"ad_diff_count": [7, 10]}, index=pd.to_datetime([DAYS[1], DAYS[2]]))
    for method, with_bars, without in (
        ("universe", (5 + 10 + 2, DAYS[1]), (2, DAY)),
        ("nyse_true", (2, DAY), (2, DAY)),
    ):
        first = continued(counted(method, 5, DAYS[1]), empty(BREADTH), nothing, calendar)
        assert line(calendar, counted(method, 2), first, moves) == [with_bars]
        assert line(calendar, counted(method, 2), first) == [without]


def test_no_closes_tonight_are_no_row_and_no_fault(calendar):
    assert line(calendar, empty(BREADTH_COUNTS), empty(BREADTH)) == []
    validate_answers({BREADTH.name: (empty(BREADTH), BREADTH)})


@pytest.mark.parametrize(("change", "rule"), [
    ({"unchanged_count": 1}, "COUNTS_DO_NOT_ADD_UP"), ({"ad_diff_count": 1}, "DIFFERENCE_WRONG"),
    ({"before_date": pd.Timestamp("2026-07-17")}, "BEFORE_AFTER_THE_NIGHT"),
    ({"line_from_date": pd.Timestamp("2026-07-17")}, "LINE_FROM_THE_FUTURE"),
])  # fmt: skip
def test_an_answer_that_contradicts_itself_stops_the_night(change, rule, calendar):
    good = continued(counted(), empty(BREADTH), pd.DataFrame({"ad_diff_count": []}), calendar)
    report = validate(good.assign(**change), out_suite(BREADTH))
    assert report.has_night_failure
    assert report.rejects()["reason"].iloc[0].startswith(rule)
