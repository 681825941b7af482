"""Laws of the 8 % filter that hold for every ladder."""

import numpy as np
import pandas as pd
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from alvh_core.params import SpreadRule
from alvh_core.spreads import ladder_spreads, relative_spread

LAWS = settings(max_examples=100)
RULE = SpreadRule()


def ladder_spread(legs, rule):
    """The filter's reading of one ladder."""
    return ladder_spreads(legs.assign(book_no=0), rule.limit_frac, rule.worst_leg_frac).iloc[0]


cents = st.integers(1, 5_000)
widths = st.integers(0, 500)
leg = st.tuples(cents, widths).map(lambda x: (x[0] / 100, (x[0] + x[1]) / 100))
ladders = st.tuples(leg, leg, leg)


def _legs(quotes, units=(4, 4, 2), tick=0.01):
    bid, ask = zip(*quotes, strict=True)
    return pd.DataFrame({"leg_status": "OK", "units_target": units, "bid_usd": bid, "ask_usd": ask, "tick_usd": tick})


@LAWS
@given(ladders)
def test_between_the_best_and_the_worst_leg(quotes):
    each = relative_spread(*zip(*quotes, strict=True))
    found = ladder_spread(_legs(quotes), RULE)
    assert each.min() - 1e-12 <= found.s_ladder_frac <= each.max() + 1e-12
    assert each.min() - 1e-12 <= found.s_simple_frac <= each.max() + 1e-12
    assert found.s_worst_frac == pytest.approx(each.max(), rel=1e-12)


@LAWS
@given(ladders, st.floats(1e-2, 1e3))
def test_scaling_all_prices_changes_nothing(quotes, factor):
    found = ladder_spread(_legs(quotes), RULE)
    scaled = ladder_spread(_legs([(b * factor, a * factor) for b, a in quotes], tick=0.01 * factor), RULE)
    assert scaled.s_ladder_frac == pytest.approx(found.s_ladder_frac, rel=1e-3, abs=1e-6)
    assert scaled.tick_floor_frac == pytest.approx(found.tick_floor_frac, rel=1e-3, abs=1e-6)


@LAWS
@given(leg)
def test_equal_legs_have_the_spread_of_one(quote):
    found = ladder_spread(_legs([quote] * 3), RULE)
    one = float(relative_spread(*quote))
    assert [found.s_ladder_frac, found.s_simple_frac, found.s_worst_frac] == pytest.approx([one] * 3, rel=1e-12)


@LAWS
@given(ladders, st.integers(2, 4))
def test_buying_everything_several_times_changes_nothing(quotes, times):
    found = ladder_spread(_legs(quotes), RULE)
    again = pd.concat([_legs(quotes)] * times, ignore_index=True)
    more = _legs(quotes, units=[u * times for u in (4, 4, 2)])
    for other in (ladder_spread(again, RULE), ladder_spread(more, RULE)):
        assert other.s_ladder_frac == pytest.approx(found.s_ladder_frac, rel=1e-12)
        assert other.filter_state == found.filter_state


@LAWS
@given(ladders, st.permutations([0, 1, 2]))
def test_the_order_of_the_legs_does_not_matter(quotes, order):
    found, other = ladder_spread(_legs(quotes), RULE), ladder_spread(_legs(quotes).iloc[order], RULE)
    assert other.s_simple_frac == pytest.approx(found.s_simple_frac, rel=1e-12)
    decided = ["s_ladder_frac", "s_worst_frac", "tick_floor_frac", "filter_state"]
    assert other[decided].tolist() == found[decided].tolist(), "the decision does not move by one bit"


@LAWS
@given(ladders, st.integers(0, 2), st.integers(1, 50))
def test_a_wider_ask_never_helps(quotes, at, more):
    wider = [(b, a + more / 100 * (i == at)) for i, (b, a) in enumerate(quotes)]
    found, worse = ladder_spread(_legs(quotes), RULE), ladder_spread(_legs(wider), RULE)
    assert worse.s_worst_frac >= found.s_worst_frac - 1e-12
    if len(set(quotes)) == 1:  # a dearer leg also adds premium, so only for equal legs does the ladder always widen
        assert worse.s_ladder_frac >= found.s_ladder_frac - 1e-12


@LAWS
@given(ladders)
def test_a_pass_is_below_both_limits_and_never_below_the_floor(quotes):
    found = ladder_spread(_legs(quotes), RULE)
    below = found.s_ladder_frac < RULE.limit_frac and found.s_worst_frac < RULE.worst_leg_frac
    assert (found.filter_state == "PASS") == below
    if found.filter_state == "FAIL_TICK":
        assert found.tick_floor_frac >= RULE.limit_frac


@LAWS
@given(st.floats(0.0, 1e4), st.floats(0.0, 1e4))
def test_a_spread_lies_between_nothing_and_twice_the_mid(bid, ask):
    assume(ask >= bid and ask > 0)
    assert 0.0 <= relative_spread(bid, ask) <= 2.0


@LAWS
@given(st.floats(0.01, 1e4), st.floats(0.0, 1.9))
def test_spread_over_the_ask_follows_from_spread_over_the_mid(mid, s):
    bid, ask = mid * (1 - s / 2), mid * (1 + s / 2)
    assert (ask - bid) / ask == pytest.approx(s / (1 + s / 2), abs=1e-12)
    assert float(relative_spread(bid, ask)) == pytest.approx(s, abs=1e-12)
    assert np.isclose(0.08 / 1.04, 0.0769, atol=5e-5)  # 8 % of the mid is 7.69 % of the ask
