"""Domain rules of bars, curve and answers: each on the rows it is about, and silent beside them."""

import numpy as np
import pandas as pd
import pytest

from expectations.laws import LAWS
from expectations.suites import curve_suite, daily_bars_suite, out_suite

CLOCKS = ["at_close", "after_hours", None, None]
DAYS = pd.to_datetime(["2026-07-13", "2026-07-14", "2026-07-15", "2026-07-16"])


def _bars(close, **columns):
    base = {"symbol": "VIX", "bar_date": DAYS, "close_usd": close}
    return pd.DataFrame(base | columns)


@pytest.mark.parametrize(
    ("close", "lawful"),
    [
        ([17.0, 18.0, 16.0, 35.0], [True, True, True, True]),  # VIX has doubled in a day
        ([17.0, 170.0, 16.0, 17.0], [True, False, True, True]),  # times ten on one bar
        ([17.0, 18.0, 16.0, 167.0], [True, True, True, False]),  # times ten on the night itself
        ([100.0, 101.0, 10.0, 10.1], [True, True, True, True]),  # a split that stays: a level, not a spike
    ],
)
def test_spikes(close, lawful):
    frame = _bars(close).iloc[::-1]  # whatever the order of the rows
    found = LAWS["no_spike"](frame, factor=4.0)
    assert found.sort_index().tolist() == lawful


def test_bars_filled_forward_are_told_from_flat_ones():
    sides = {"open_usd": [1.0, 1.0, 5.0, 5.0], "high_usd": [2.0, 2.0, 5.0, 5.0], "low_usd": [0.5, 0.5, 5.0, 5.0]}
    frame = _bars([1.5, 1.5, 5.0, 5.0])[["symbol", "bar_date"]].assign(**sides, close_usd=[1.5, 1.5, 5.0, 5.0])
    assert LAWS["no_repeat"](frame).tolist() == [True, False, True, True]
    two = frame.assign(symbol=["A", "B", "A", "B"])
    assert LAWS["no_repeat"](two).all()


def test_the_spread_is_that_of_its_sides():
    frame = pd.DataFrame({"s": [0.1, 0.2, np.nan, 2.0], "b": [0.95, 0.95, 1.0, 0.0], "a": [1.05, 1.05, 1.0, 0.1]})
    assert LAWS["spread_of_sides"](frame).tolist() == [True, False, True, True]


def test_a_pass_needs_a_clock():
    frame = pd.DataFrame(
        {"state": ["PASS", "PASS", "PASS", "NO_DATA"], "clock": ["at_close", "after_hours", None, None]}
    )
    found = LAWS["among_when"](frame, equals="PASS", allowed="in_session at_close")
    assert found.tolist() == [True, False, False, True]


@pytest.mark.parametrize(
    ("suite", "names"),
    [
        (daily_bars_suite(), {"BAR_SPIKE", "BAR_REPEATED", "BAR_AT_WEEKEND"}),
        (curve_suite(), {"CURVE_AT_WEEKEND", "ABSURD_YIELD", "ABSURD_TENOR"}),
    ],
    ids=["bars", "curve"],
)
def test_suites_have_their_domain_rules(suite, names):
    assert names <= {rule.name for rule in suite.rules}


def test_answers_have_their_domain_rules():
    from alvh_core.schemas import LADDER_LEGS, LADDER_SIGNALS, VERDICTS_TABLE

    for table, name in ((LADDER_SIGNALS, "PASS_AFTER_HOURS"), (LADDER_LEGS, "LEG_SPREAD_WRONG"),
                        (LADDER_LEGS, "LEG_EXPIRED"), (VERDICTS_TABLE, "VERDICT_ON_SIMULATION")):  # fmt: skip
        (rule,) = (rule for rule in out_suite(table).rules if rule.name == name)
        assert rule.severity == "night"
