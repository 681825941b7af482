"""The 4/4/2 state machine against hand-written tables."""

from dataclasses import replace
from datetime import date, timedelta

import numpy as np
import pandas as pd
import pytest

from alvh_core.profiles import PROFILES
from alvh_core.schemas import LADDER_STATE
from alvh_core.triggers import LADDER, advance, arm, arm_through, carry_over, initial_state

PROFILE = PROFILES["trigger_442"]
LADDERS = pd.DataFrame([["SPX", "V0_REF", "VIX", "trigger_442"]], columns=LADDER)
START = date(2026, 7, 1)
NAN = float("nan")


def _fresh(ladders=LADDERS):
    return initial_state(ladders, START, "simulated")


def _replay(closes, passes=True, profile=PROFILE):
    """State after each close, one day apart; ``passes`` is one value or one per night."""
    passes = [passes] * len(closes) if isinstance(passes, bool) else passes
    state, nights = _fresh(), []
    for at, (close, ok) in enumerate(zip(closes, passes, strict=True)):
        state = advance(state, close, np.full((3, 8), ok), START + timedelta(days=at), profile)
        nights.append(state)
    return nights


def _table(nights):
    return [
        (
            "".join("x" if armed else "." for armed in night["is_armed"]),
            " ".join(night["leg_action"].astype(str)),
            int(night["units_deployed"].sum()),
            tuple(night["below_count"]),
        )
        for night in nights
    ]


def test_the_specifications_path():
    nights = _replay([15.0, 18.0, 17.9, 22.0, 30.0, 19.0, 15.9, 15.9, 15.9])
    assert _table(nights) == [
        ("...", "IDLE IDLE IDLE", 0, (0, 0, 0)),
        ("x..", "ARM IDLE IDLE", 0, (0, 0, 0)),  # 18.00 arms; nothing is bought on the same night
        ("x..", "DEPLOY IDLE IDLE", 4, (0, 0, 0)),
        ("xx.", "HOLD ARM IDLE", 4, (0, 0, 0)),
        ("xxx", "HOLD DEPLOY ARM", 8, (0, 0, 0)),
        ("xxx", "HOLD HOLD DEPLOY", 10, (0, 1, 1)),  # 19 is below 20 and 26
        ("xxx", "HOLD HOLD HOLD", 10, (1, 2, 2)),
        ("x..", "HOLD DISARM DISARM", 4, (2, 0, 0)),
        ("...", "DISARM IDLE IDLE", 0, (0, 0, 0)),
    ]


@pytest.mark.parametrize(
    ("close", "armed"),
    [
        pytest.param(17.99, "...", id="below"),
        pytest.param(18.00, "x..", id="equality arms"),
        pytest.param(21.99, "x..", id="below the second"),
        pytest.param(22.00, "xx.", id="second"),
        pytest.param(28.00, "xxx", id="third"),
        pytest.param(80.00, "xxx", id="a gap arms all at once"),
        pytest.param(0.0, "...", id="zero is a number"),
        pytest.param(NAN, "...", id="unknown is none"),
    ],
)
def test_levels(close, armed):
    assert _table(_replay([close]))[0][0] == armed


def test_a_gap_through_all_levels_buys_all_on_the_next_night():
    assert [row[2] for row in _table(_replay([35.0, 35.0]))] == [0, 10]


def test_never_on_the_same_night_even_after_disarming():
    nights = _replay([18.0, 15.0, 15.0, 15.0, 18.0, 18.0])
    assert [str(night["leg_action"].iloc[0]) for night in nights] == [
        "ARM",
        "DEPLOY",
        "HOLD",
        "DISARM",
        "ARM",
        "DEPLOY",
    ]


def test_a_missing_close_holds_everything():
    nights = _replay([22.0, 15.0, 15.0, NAN, NAN, 15.0], passes=False)
    assert _table(nights)[3:5] == [("xx.", "BLOCKED BLOCKED IDLE", 0, (2, 2, 0))] * 2
    assert _table(nights)[5][0] == "..."  # the third close below, not the fifth night


def test_a_close_at_the_disarm_level_breaks_the_run():
    nights = _replay([18.0, 15.9, 15.9, 16.0, 15.9, 15.9, 15.9])
    assert [row[3][0] for row in _table(nights)] == [0, 1, 2, 0, 1, 2, 0]
    assert [row[0] for row in _table(nights)][-2:] == ["x..", "..."]


def test_a_layer_that_disarms_tonight_is_not_bought():
    nights = _replay([18.0, 15.0, 15.0, 15.0], passes=[False, False, False, True])
    assert _table(nights)[-1] == ("...", "DISARM IDLE IDLE", 0, (0, 0, 0))


def test_a_blocked_layer_is_tried_ten_times_and_no_more():
    nights = _replay([18.0] * 13, passes=[False] * 12 + [True])
    actions = [str(night["leg_action"].iloc[0]) for night in nights]
    assert actions == ["ARM", *["BLOCKED"] * 10, "HOLD", "HOLD"]
    assert nights[-1]["retries_count"].tolist() == [10, 0, 0]
    assert nights[-1]["units_deployed"].sum() == 0


def test_a_night_on_which_the_filter_could_not_be_asked_is_no_try():
    """Twelve nights without a leg, and the order still goes out when there is one."""
    state, unread = arm(_fresh(), 18.0, START, PROFILE), np.full((3, 8), False)
    for at in range(12):
        state = advance(state, 18.0, unread, START + timedelta(days=at + 1), PROFILE, is_read=unread)
        assert str(state["leg_action"].iloc[0]) == "BLOCKED"
        assert state["retries_count"].tolist() == [0, 0, 0]
    passes = np.full((3, 8), True)
    state = advance(state, 18.0, passes, START + timedelta(days=13), PROFILE, is_read=passes)
    assert str(state["leg_action"].iloc[0]) == "DEPLOY"


def test_a_layer_that_its_budget_does_not_pay_for_is_not_refused():
    state, passes = arm(_fresh(), 18.0, START, PROFILE), np.full((3, 8), True)
    found = advance(state, 18.0, passes, START + timedelta(days=1), PROFILE, units=np.array([0, 4, 2]))
    assert str(found["leg_action"].iloc[0]) == "BLOCKED"
    assert found["retries_count"].tolist() == [0, 0, 0]


@pytest.mark.parametrize("name", ["tenor_442", "vxth_baseline"])
def test_only_a_trigger_gives_up(name):
    """What is always on, or is said by a band, is said anew every night: a wide market only delays it."""
    nights = _replay([18.0] * 13, passes=[False] * 12 + [True], profile=PROFILES[name])
    assert str(nights[-2]["leg_action"].iloc[0]) == "BLOCKED"
    assert str(nights[-1]["leg_action"].iloc[0]) == "DEPLOY"
    assert nights[-1]["retries_count"].tolist() == [0, 0, 0]


def test_the_tenth_retry_may_still_buy():
    nights = _replay([18.0] * 11, passes=[False] * 10 + [True])
    assert str(nights[-1]["leg_action"].iloc[0]) == "DEPLOY"
    assert nights[-1]["retries_count"].iloc[0] == 9


def test_arming_again_gives_new_retries():
    nights = _replay([18.0] * 12 + [15.0] * 3 + [18.0] * 2, passes=False)
    assert str(nights[-1]["leg_action"].iloc[0]) == "BLOCKED"
    assert nights[-1]["retries_count"].iloc[0] == 1


def test_dates_are_kept_and_dropped():
    nights = _replay([15.0, 18.0, 18.0, 18.0, 15.0, 15.0, 15.0])
    assert nights[3]["armed_date"].iloc[0] == pd.Timestamp(START + timedelta(days=1))
    assert nights[3]["deployed_date"].iloc[0] == pd.Timestamp(START + timedelta(days=2))
    assert nights[3]["armed_date"].iloc[1:].isna().all()
    assert nights[-1][["armed_date", "deployed_date"]].isna().all(axis=None)


def test_parameters_decide():
    eager = replace(PROFILE, units=(5, 3, 1), levels_vol_points=(10.0, 12.0, 14.0), disarm_gap_vol_points=0.0,
                    disarm_sessions=1)  # fmt: skip
    assert [row[2] for row in _table(_replay([14.0, 14.0], profile=eager))] == [0, 9]
    assert _table(_replay([14.0, 9.9], profile=eager))[-1][0] == "..."


# --- nights without quotes --------------------------------------------------------------------------------------------
def test_closes_of_missing_nights_arm_and_disarm_but_buy_nothing():
    days = [START + timedelta(days=i) for i in range(1, 8)]
    state = arm_through(_fresh(), list(zip(days, [18.0, NAN, 22.0], strict=False)), PROFILE, {})
    assert state["is_armed"].tolist() == [True, True, False]
    assert state["armed_date"].tolist()[:2] == [pd.Timestamp(days[0]), pd.Timestamp(days[2])]
    assert state["units_deployed"].sum() == 0
    night = advance(state, 22.0, np.full((3, 8), True), days[3], PROFILE)
    assert night["leg_action"].astype(str).tolist() == ["DEPLOY", "DEPLOY", "IDLE"]


def test_replaying_the_closes_is_living_through_the_nights():
    closes = [19.0, 23.0, 29.0, 15.0, 15.0, 15.0, 18.0]
    days = [START + timedelta(days=i) for i in range(len(closes))]
    lived = _replay(closes, passes=False)[-1]
    replayed = arm_through(_fresh(), list(zip(days, closes, strict=True)), PROFILE, {})
    names = ["is_armed", "armed_date", "below_count"]
    pd.testing.assert_frame_equal(lived[names], replayed[names])


def test_nothing_to_replay_changes_nothing():
    pd.testing.assert_frame_equal(arm_through(_fresh(), [], PROFILE, {}), _fresh())


# --- carrying over ----------------------------------------------------------------------------------------------------
TWO = pd.DataFrame(
    [["SPX", "V0_REF", "VIX", "trigger_442"], ["NDX", "V1_SAME_HEDGE", "VIX", "trigger_442"]], columns=LADDER
)


def test_a_new_ladder_starts_empty_beside_an_old_one():
    lived = _replay([18.0, 18.0])[-1].drop(columns="leg_action")
    found = carry_over(lived, TWO, date(2026, 7, 9), "simulated")
    assert found["host"].astype(str).tolist() == ["SPX"] * 3 + ["NDX"] * 3
    assert found["is_armed"].tolist() == [True, False, False] + [False] * 3
    assert found["units_deployed"].tolist() == [4, 0, 0, 0, 0, 0]
    assert found["trade_date"].unique().tolist() == [pd.Timestamp("2026-07-09")]
    assert list(found.columns) == list(LADDER_STATE.names)
    assert found.dtypes.astype(str).tolist() == _fresh(TWO).dtypes.astype(str).tolist()


def test_nothing_before_means_an_empty_start():
    pd.testing.assert_frame_equal(carry_over(_fresh().iloc[:0], LADDERS, START, "simulated"), _fresh())


def test_a_ladder_that_left_the_universe_is_forgotten():
    lived = initial_state(TWO, START, "simulated").assign(is_armed=True)
    found = carry_over(lived, LADDERS, START, "simulated")
    assert found["host"].astype(str).unique().tolist() == ["SPX"]
    assert found["is_armed"].all()


def test_the_order_of_the_stored_state_does_not_matter():
    lived = initial_state(TWO, START, "simulated").assign(is_armed=[True, True, False, True, False, False])
    shuffled = lived.sample(frac=1.0, random_state=1).reset_index(drop=True)
    pd.testing.assert_frame_equal(
        carry_over(shuffled, TWO, START, "simulated"), carry_over(lived, TWO, START, "simulated")
    )


def test_input_is_not_changed():
    state = _fresh()
    before = state.copy()
    advance(state, 30.0, np.full((3, 8), True), START, PROFILE)
    held = arm(state, NAN, START, PROFILE)
    held.loc[:, "is_armed"] = True
    pd.testing.assert_frame_equal(state, before)


def test_many_ladders_at_once_are_each_by_itself():
    state = initial_state(TWO, START, "simulated")
    armed = arm(state, 18.0, START, PROFILE)
    passes = np.repeat([[True], [False]], 3, axis=0).repeat(8, axis=1)
    found = advance(armed, 18.0, passes, START + timedelta(days=1), PROFILE)
    assert found["leg_action"].astype(str).tolist() == ["DEPLOY", "IDLE", "IDLE", "BLOCKED", "IDLE", "IDLE"]
    assert found["units_deployed"].tolist() == [4, 0, 0, 0, 0, 0]
    assert np.array_equal(found["retries_count"], [0, 0, 0, 1, 0, 0])


@pytest.mark.parametrize("refused", range(8))
def test_what_goes_to_the_market_goes_or_waits_together(refused):
    """Layers 1 and 3 wait, 2 is held: the filter is asked about set 5 and no other."""
    state = arm(_fresh(), 30.0, START, PROFILE).assign(units_deployed=[0, 4, 0])
    passes = np.full((3, 8), True)
    passes[:, refused] = False
    after = advance(state, 30.0, passes, START + timedelta(days=1), PROFILE)
    assert after["layer_set"].tolist() == [5] * 3
    does = "BLOCKED" if refused == 5 else "DEPLOY"
    assert after["leg_action"].astype(str).tolist() == [does, "HOLD", does]


def test_an_escalation_renews_the_lower_layers_retries():
    """A lower layer that gave up is not left out when a higher one goes to the market: units stay 0, 4, 8 or 10."""
    state = arm(_fresh(), 19.0, START, PROFILE).assign(retries_count=[PROFILE.max_retries, 0, 0])
    after = arm(state, 23.0, START + timedelta(days=1), PROFILE)
    assert after["is_armed"].tolist() == [True, True, False]
    assert after["retries_count"].tolist() == [0, 0, 0]


@pytest.mark.parametrize("tries", [0, 5, 9, 10])
def test_a_blocked_layer_starts_afresh_when_a_higher_one_arms(tries):
    state = arm(_fresh(), 19.0, START, PROFILE).assign(retries_count=[tries, 0, 0])
    blocked = np.full((3, 8), False)
    after = advance(state, 23.0, blocked, START + timedelta(days=1), PROFILE)
    assert after["retries_count"].tolist() == [1, 0, 0]
    assert after["leg_action"].astype(str).tolist() == ["BLOCKED", "ARM", "IDLE"]
