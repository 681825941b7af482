"""Laws of the state machine for every path of closes and every run of passes."""

from dataclasses import replace
from datetime import date, timedelta

import numpy as np
import pandas as pd
from hypothesis import given, settings
from hypothesis import strategies as st

from alvh_core.profiles import PROFILES
from alvh_core.triggers import LADDER, LayerRules, advance, arm_through, initial_state

LAWS = settings(max_examples=30)
PROFILE = PROFILES["trigger_442"]
LADDERS = pd.DataFrame([["SPX", "V0_REF", "VIX", "trigger_442"]], columns=LADDER)
START = date(2026, 7, 1)

closes = st.one_of(st.floats(9.0, 40.0), st.sampled_from([15.9, 16.0, 18.0, 20.0, 22.0, 26.0, 28.0, float("nan")]))
paths = st.lists(st.tuples(closes, st.booleans()), min_size=1, max_size=18)


def _nights(path):
    state = initial_state(LADDERS, START, "simulated")
    for at, (close, ok) in enumerate(path):
        before = state
        state = advance(state, close, np.full((3, 8), ok), START + timedelta(days=at), PROFILE)
        yield before, close, ok, state


def test_units_make_ten():
    assert PROFILE.units == (4, 4, 2)
    assert sum(PROFILE.units) == 10
    assert np.cumsum((0, *PROFILE.units)).tolist() == [0, 4, 8, 10]


@LAWS
@given(paths)
def test_laws_of_a_path(path):
    for before, close, ok, after in _nights(path):
        armed = after["is_armed"].to_numpy()
        was = before["is_armed"].to_numpy()
        held, had = after["units_deployed"].to_numpy(), before["units_deployed"].to_numpy()
        # a higher layer is armed only with all lower ones, so armed units are 0, 4, 8 or 10
        assert (np.diff(armed.astype(int)) <= 0).all()
        assert np.array(PROFILE.units)[armed].sum() in {0, 4, 8, 10}
        # a layer holds all its units or none, only while armed, and keeps them while armed
        assert set(zip(held, PROFILE.units, strict=True)) <= {(0, 4), (4, 4), (0, 2), (2, 2)}
        assert (held[~armed] == 0).all()
        assert (held[was & armed] >= had[was & armed]).all()
        # nothing is bought on the night it arms, nor on a night that does not pass
        bought = held > had
        assert not (bought & ~was).any()
        assert ok or not bought.any()
        # a missing close moves no layer
        if np.isnan(close):
            assert (armed == was).all()
        assert after["retries_count"].between(0, PROFILE.max_retries).all()
        assert after["below_count"].between(0, PROFILE.disarm_sessions - 1).all()
        assert after["armed_date"].notna().tolist() == armed.tolist()
        assert after["deployed_date"].notna().tolist() == (held > 0).tolist()


@LAWS
@given(st.lists(closes, min_size=1, max_size=18))
def test_while_every_night_passes_deployed_units_are_cumulative(path):
    for *_, after in _nights([(close, True) for close in path]):
        assert after["units_deployed"].sum() in {0, 4, 8, 10}


NO = float("nan")
two_ladders = pd.DataFrame([["SPX", "V0_REF", "VIX", "p"], ["VNQ", "V1_SAME_HEDGE", "VIX", "p"]], columns=LADDER)
by_layer = st.lists(
    st.tuples(st.sampled_from([NO, 0.5, 0.9, 1.2]), st.sampled_from([NO, 0.0, 1.0]), st.booleans(), st.booleans()),
    min_size=6, max_size=6,
)  # fmt: skip


def _said(of_layers):
    factor, arming, ignores, blocks = map(np.array, zip(*of_layers, strict=True))
    return LayerRules(level_factor=factor, is_arming=arming, ignores_index=ignores, blocks_new=blocks)


@LAWS
@given(st.lists(st.tuples(closes, by_layer, st.booleans()), min_size=1, max_size=12))
def test_arming_depends_on_closes_and_rules_alone(path):
    """Nights that are missing leave the layers armed as nights that were lived through, whatever the filter said."""
    fresh = state = initial_state(two_ladders, START, "simulated")
    replayed, rules = [], {}
    for at, (close, said, ok) in enumerate(path):
        day = START + timedelta(days=at)
        rules[day] = _said(said)
        state = advance(state, close, np.full((6, 8), ok), day, PROFILE, rules=rules[day])
        replayed.append((day, close))
    names = ["is_armed", "armed_date", "below_count"]
    pd.testing.assert_frame_equal(state[names], arm_through(fresh, replayed, PROFILE, rules)[names])


@LAWS
@given(st.lists(st.tuples(closes, by_layer), min_size=1, max_size=12),
       st.sampled_from([(4, 4, 2), (0, 4, 2), (4, 0, 2), (10, 0, 0)]))  # fmt: skip
def test_whatever_rules_say_no_layer_is_armed_above_one_that_is_not(path, units):
    profile = replace(PROFILE, units=units)
    has_units = np.array(units) > 0
    state = initial_state(two_ladders, START, "simulated")
    for at, (close, said) in enumerate(path):
        state = advance(state, close, np.full((6, 8), True), START + timedelta(days=at), profile, rules=_said(said))
        for armed in state["is_armed"].to_numpy().reshape(2, 3):
            assert (np.diff(armed[has_units].astype(int)) <= 0).all()
            assert not armed[~has_units].any()
        held, armed = state["units_deployed"].to_numpy(), state["is_armed"].to_numpy()
        assert (held[~armed] == 0).all()
        assert state["armed_date"].notna().tolist() == armed.tolist()
