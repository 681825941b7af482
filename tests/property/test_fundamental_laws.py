"""What was filed later never changes what a night knew; and the order of a file says nothing."""

from datetime import date, timedelta

import pandas as pd
from hypothesis import given, settings
from hypothesis.strategies import booleans, composite, integers, lists, sampled_from

from alvh_core import frames
from alvh_core.fundamentals.facts import UNITS, in_force, night_facts
from alvh_core.fundamentals.ratios import night_ratios
from alvh_core.fundamentals.trailing import trailing
from alvh_core.schemas import CLOSES, DAILY_ACTIONS
from alvh_core.universe import DEFAULT_UNIVERSE

LAWS = settings(max_examples=60)
DAY = date(2026, 8, 21)
UNIVERSE = {s: DEFAULT_UNIVERSE[s] for s in ("KO", "JPM")}
ENDS = [date(2024, 12, 31), date(2025, 3, 31), date(2025, 6, 30), date(2025, 9, 30), date(2025, 12, 31),
        date(2026, 3, 31), date(2026, 6, 30)]  # fmt: skip
CLOSE = frames.conform(pd.DataFrame({"trade_date": pd.Timestamp(DAY), "source_mode": "live", "symbol": list(UNIVERSE),
                                     "close_usd": 80.0, "bar_date": pd.Timestamp(DAY)}), CLOSES)  # fmt: skip
NO_ACTIONS = frames.empty(DAILY_ACTIONS)


@composite
def fact(draw):
    end, tag = draw(sampled_from(ENDS)), draw(sampled_from(sorted(UNITS)))
    months = 0 if draw(booleans()) and UNITS[tag] != "USD/shares" else draw(sampled_from([3, 6, 9, 12]))
    month = end.year * 12 + end.month - months
    start = date(month // 12, month % 12 + 1, 1) if months else None
    filed = end + timedelta(days=draw(integers(20, 700)))
    value = draw(integers(-20, 400)) / 4.0 * (1e6 if UNITS[tag] != "USD/shares" else 1.0)
    return draw(sampled_from(sorted(UNIVERSE))), tag, UNITS[tag], start, end, value, filed


def table(rows):
    names = ["symbol", "fact_tag", "fact_unit", "start_date", "end_date", "fact_value", "filed_date"]
    frame = pd.DataFrame(rows, columns=names).assign(filing_form="10-Q", row_position=0, payload_sha256="x")
    frame["row_position"] = range(len(rows))
    dates = ("start_date", "end_date", "filed_date")
    return frame.assign(**{name: pd.to_datetime(frame[name]).astype("datetime64[s]") for name in dates})


def answer(rows):
    return night_ratios(night_facts(table(rows), DAY, "live"), CLOSE, NO_ACTIONS, UNIVERSE, DAY, "live")


@given(lists(fact(), min_size=1, max_size=40))
@LAWS
def test_no_fact_filed_later_changes_an_answer(rows):
    known = [row for row in rows if row[-1] < DAY]
    pd.testing.assert_frame_equal(answer(rows), answer(known) if known else night_ratios(
        night_facts(pd.DataFrame(), DAY, "live"), CLOSE, NO_ACTIONS, UNIVERSE, DAY, "live"))  # fmt: skip


@given(lists(fact(), min_size=1, max_size=40))
@LAWS
def test_every_fact_used_was_filed_before_the_night(rows):
    known = night_facts(table(rows), DAY, "live")
    assert (known["filed_date"] < pd.Timestamp(DAY)).all()
    assert not in_force(known).duplicated(["symbol", "fact_tag", "period_end_date", "period_days"]).any()
    dates = answer(rows)["available_date"].dropna()
    assert (dates <= pd.Timestamp(DAY)).all()


@given(lists(fact(), min_size=1, max_size=30, unique_by=lambda row: (row[0], row[1], row[3], row[4], row[6])))
@LAWS
def test_the_order_of_a_file_says_nothing(rows):
    pd.testing.assert_frame_equal(answer(rows), answer(rows[::-1]))


@given(lists(integers(-400, 400), min_size=6, max_size=6), booleans())
@LAWS
def test_six_quarters_told_as_years_to_date_add_up(quarters, is_year_told):
    """However they are told, four quarters are the sum of four quarters; and a year is what was reported."""
    rows = []
    for at, end in enumerate(ENDS[1:]):
        first = at - at % 4
        months = end.year * 12 + end.month - 3 * (at - first + 1)
        start = date(months // 12, months % 12 + 1, 1)
        value = sum(quarters[first : at + 1]) / 4.0
        if at != 3 or is_year_told:
            rows.append(("KO", "EarningsPerShareDiluted", "USD/shares", start, end, value, end + timedelta(days=40)))
    found = trailing(night_facts(table(rows), DAY, "live"), pd.Timestamp(DAY)).iloc[0]
    assert found["status"] == ("OK" if is_year_told else "INCOMPLETE")
    if is_year_told:
        assert found["value"] == sum(quarters[2:]) / 4.0
