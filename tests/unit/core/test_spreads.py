"""The 8 % rule on exactly the legs to be bought: boundaries, missing legs, the tick floor."""

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest

from alvh_core.params import SpreadRule
from alvh_core.spreads import ladder_spreads, relative_spread

RULE = SpreadRule()


def ladder_spread(legs, rule):
    """The filter's reading of one ladder."""
    return ladder_spreads(legs.assign(book_no=0), rule.limit_frac, rule.worst_leg_frac).iloc[0]


def _legs(*quotes, units=(4, 4, 2), statuses=("OK", "OK", "OK"), tick=0.01):
    bid, ask = zip(*quotes, strict=True)
    return pd.DataFrame({
        "leg_status": statuses[: len(quotes)], "units_target": units[: len(quotes)], "bid_usd": bid, "ask_usd": ask,
        "tick_usd": tick,
    })  # fmt: skip


@pytest.mark.parametrize(
    ("bid", "ask", "expected"),
    [
        pytest.param(0.95, 1.05, 0.1, id="scalar"),
        pytest.param(0.0, 0.1, 2.0, id="no bid is 200 %"),
        pytest.param(1.0, 1.0, 0.0, id="locked"),
        pytest.param(1.05, 1.0, np.nan, id="crossed"),
        pytest.param(-0.1, 1.0, np.nan, id="negative"),
        pytest.param(0.0, 0.0, np.nan, id="zero mid"),
        pytest.param(np.nan, 1.0, np.nan, id="missing bid"),
        pytest.param(1.0, np.nan, np.nan, id="missing ask"),
        pytest.param(1.0, np.inf, np.nan, id="infinite"),
        pytest.param([], [], [], id="empty"),
        pytest.param([np.nan, 0.95], [np.nan, 1.05], [np.nan, 0.1], id="vector"),
        pytest.param([[1.0], [2.0]], [2.0, 4.0], [[2 / 3, 1.2], [0.0, 2 / 3]], id="broadcast"),
    ],
)
def test_relative_spread(bid, ask, expected):
    np.testing.assert_allclose(relative_spread(bid, ask), expected, rtol=1e-12)


def test_the_specifications_ladder():
    # (mid, spread) = (1.00, .05), (1.50, .10), (2.00, .30): one leg of 15 % sinks the premium-weighted value
    found = ladder_spread(_legs((0.975, 1.025), (1.45, 1.55), (1.85, 2.15)), RULE)
    assert found.s_ladder_frac == pytest.approx(1.2 / 14.0, rel=1e-12)
    assert round(found.s_ladder_frac, 5) == 0.08571
    assert found.s_worst_frac == pytest.approx(0.15)
    assert found.filter_state == "FAIL_ILLIQUID"


def test_the_plain_mean_of_the_specifications_legs_is_another_number():
    # 8.889 % is the unweighted mean of 5 %, 6.67 % and 15 %; ours weights by units
    per_leg = relative_spread([0.975, 1.45, 1.85], [1.025, 1.55, 2.15])
    assert per_leg.mean() == pytest.approx(0.08889, abs=5e-6)
    found = ladder_spread(_legs((0.975, 1.025), (1.45, 1.55), (1.85, 2.15)), RULE)
    assert found.s_simple_frac == pytest.approx(0.08889, abs=5e-6)


@pytest.mark.parametrize(
    ("bid", "ask", "state"),
    [
        pytest.param(3.61, 3.91, "PASS", id="0.0798"),
        pytest.param(3.60, 3.90, "FAIL_ILLIQUID", id="0.08 exactly, 0.07999999999999996 in floating point"),
        pytest.param(0.96, 1.04, "FAIL_ILLIQUID", id="0.08 exactly, 0.08000000000000007 in floating point"),
        pytest.param(12.0, 13.0, "FAIL_ILLIQUID", id="0.08 exactly, also in floating point"),
        pytest.param(3.59, 3.89, "FAIL_ILLIQUID", id="0.0802"),
        pytest.param(9.6000004, 10.3999996, "PASS", id="0.07999992"),
        pytest.param(9.5999996, 10.4000004, "FAIL_ILLIQUID", id="0.08000008"),
    ],
)
def test_the_limit_is_strict(bid, ask, state):
    assert ladder_spread(_legs((bid, ask), (bid, ask), (bid, ask)), RULE).filter_state == state


def test_every_quote_that_is_exactly_at_the_limit_fails():
    # all cent quotes with 2 (a - b) = 0.08 (a + b): ask / bid = 13 / 12
    for cents in range(12, 12_000, 60):
        quote = (cents / 100, cents * 13 / 12 / 100)
        found = ladder_spread(_legs(quote, quote, quote), RULE)
        assert (found.s_ladder_frac, found.filter_state) == (0.08, "FAIL_ILLIQUID" if cents > 12 else "FAIL_TICK")


@pytest.mark.parametrize(
    ("third", "state"),
    [
        pytest.param((0.2304, 0.2696), "PASS", id="0.1568"),
        pytest.param((2.3, 2.7), "FAIL_ILLIQUID", id="0.16 exactly"),
        pytest.param((0.23, 0.27), "FAIL_ILLIQUID", id="0.16 exactly, small"),
    ],
)
def test_no_leg_may_reach_the_worst_limit(third, state):
    found = ladder_spread(_legs((99.9, 100.1), (99.9, 100.1), third), RULE)
    assert found.s_ladder_frac < 0.01
    assert found.filter_state == state


@pytest.mark.parametrize(
    ("statuses", "state"),
    [
        pytest.param(("OK", "OK", "NO_EXPIRY"), "MISSING_LEG", id="no expiry"),
        pytest.param(("NO_STRIKE", "OK", "OK"), "MISSING_LEG", id="no strike"),
        pytest.param(("OK", "BAD_QUOTE", "OK"), "BAD_QUOTE", id="bad quote"),
        pytest.param(("OK", "ZERO_BID", "OK"), "ZERO_BID", id="zero bid"),
        pytest.param(("ZERO_BID", "BAD_QUOTE", "OK"), "BAD_QUOTE", id="a bad quote is graver than none"),
        pytest.param(("NO_EXPIRY", "BAD_QUOTE", "ZERO_BID"), "MISSING_LEG", id="a missing leg is graver still"),
        pytest.param(("NO_DATA", "NO_DATA", "NO_DATA"), "NO_DATA", id="no chain"),
    ],
)
def test_an_incomplete_ladder_never_passes(statuses, state):
    found = ladder_spread(_legs((9.99, 10.0), (9.99, 10.0), (9.99, 10.0), statuses=statuses), RULE)
    assert found.filter_state == state


def test_a_zero_bid_counts_as_200_percent():
    found = ladder_spread(_legs((0.99, 1.01), (0.0, 0.1), (0.99, 1.01), statuses=("OK", "ZERO_BID", "OK")), RULE)
    assert found.s_worst_frac == 2.0
    assert found.s_ladder_frac == pytest.approx((4 * 0.02 + 4 * 0.1 + 2 * 0.02) / (4 + 4 * 0.05 + 2))


@pytest.mark.parametrize(
    "bad",
    [
        pytest.param((1.05, 1.0), id="crossed"),
        pytest.param((np.nan, 1.0), id="missing bid"),
        pytest.param((1.0, np.nan), id="missing ask"),
        pytest.param((-1.0, 1.0), id="negative bid"),
    ],
)
def test_a_broken_quote_has_no_spread_at_all(bad):
    found = ladder_spread(_legs((0.99, 1.0), bad, (0.99, 1.0)), RULE)
    assert found.filter_state == "BAD_QUOTE"
    assert np.isnan([found.s_ladder_frac, found.s_simple_frac, found.s_worst_frac]).all()


def test_a_leg_without_units_is_not_bought():
    found = ladder_spread(_legs((0.99, 1.01), (0.99, 1.01), (0.5, 1.5), units=(5, 5, 0)), RULE)
    assert found.filter_state == "PASS"
    assert found.s_worst_frac == pytest.approx(0.02)
    missing = _legs((0.99, 1.01), (0.99, 1.01), (0.5, 1.5), units=(5, 5, 0), statuses=("OK", "OK", "NO_EXPIRY"))
    assert ladder_spread(missing, RULE).filter_state == "PASS"


@pytest.mark.parametrize(
    ("premium", "tick"),
    [
        pytest.param(0.125, 0.01, id="penny"),
        pytest.param(0.625, 0.05, id="nickel"),
        pytest.param(1.25, 0.10, id="dime"),
    ],
)
def test_no_market_can_pass_where_a_tick_is_the_limit(premium, tick):
    quote = (premium - tick, premium + tick)
    assert ladder_spread(_legs(quote, quote, quote, tick=tick), RULE).filter_state == "FAIL_TICK"
    above = (premium - tick + 0.01, premium + tick + 0.01)
    assert ladder_spread(_legs(above, above, above, tick=tick), RULE).filter_state == "FAIL_ILLIQUID"


def test_a_locked_market_passes():
    found = ladder_spread(_legs((0.1, 0.1), (0.1, 0.1), (0.1, 0.1)), RULE)
    assert (found.s_ladder_frac, found.filter_state) == (0.0, "PASS")


def test_the_rule_is_the_parameters():
    legs = _legs((0.95, 1.05), (0.95, 1.05), (0.95, 1.05))
    assert ladder_spread(legs, RULE).filter_state == "FAIL_ILLIQUID"
    assert ladder_spread(legs, replace(RULE, limit_frac=0.11)).filter_state == "PASS"
    assert ladder_spread(legs, replace(RULE, limit_frac=0.11, worst_leg_frac=0.10)).filter_state == "FAIL_ILLIQUID"
