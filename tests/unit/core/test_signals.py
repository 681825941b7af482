"""A night's ladders put together: plan, legs, filter, state machine, reasons."""

from dataclasses import replace
from datetime import date, datetime

import numpy as np
import pandas as pd
import pytest

from alvh_core import frames
from alvh_core.errors import ContractError
from alvh_core.forwards import expiry_forwards
from alvh_core.ladders import hedge_symbols, plan_ladders
from alvh_core.pricing import price_quotes
from alvh_core.profiles import PROFILES
from alvh_core.registry.rules import HOST_RULES
from alvh_core.schemas import LADDER_LEGS, LADDER_SIGNALS, LADDER_STATE, PRICED_QUOTES
from alvh_core.signals import TriggerClose, night_outcome, night_signals
from alvh_core.universe import DEFAULT_UNIVERSE
from alvh_core.volumes import READ

PROFILE = PROFILES["trigger_442"]
QUOTE_AT = datetime.fromisoformat("2026-07-16 15:50")
NIGHT = QUOTE_AT.date()
DAYS = (date(2026, 8, 19), date(2026, 11, 18), date(2027, 2, 17))
SMALL = {name: DEFAULT_UNIVERSE[name] for name in ("VIX", "SPX", "RUT", "IWM", "VXX")}
NO_STATE = frames.empty(LADDER_STATE)
NO_RULES = frames.empty(HOST_RULES)


@pytest.fixture(scope="module")
def vix(chains):
    def build(spread_frac=0.02, quote_at=QUOTE_AT):
        raw = chains.wire("VIX", [("VIX", day, 21.0, 0.8) for day in DAYS], np.arange(12.0, 60.0), quote_at=QUOTE_AT,
                          spread_frac=spread_frac)  # fmt: skip
        snapshots = chains.snapshots({"VIX": 20.0}, quote_at)
        quotes, _ = chains.normalise(raw, snapshots)
        forwards = expiry_forwards(quotes, chains.curve(NIGHT))
        return price_quotes(quotes, forwards, snapshots, chains.universe)

    return build


@pytest.fixture(scope="module")
def tight(vix):
    return vix()


def _night(
    chains_of,
    *,
    close=20.0,
    previous=NO_STATE,
    universe=SMALL,
    missed=(),
    provisional=False,
    missing=None,
    profiles=(PROFILE,),
    host_rules=NO_RULES,
):
    priced = frames.concat(chains_of.values(), PRICED_QUOTES)
    plan = plan_ladders(universe, priced, profiles)
    return night_signals(
        priced, plan, close=TriggerClose(vol_points=close, is_provisional=provisional), previous=previous,
        missed_closes=missed, trade_date=NIGHT, source_mode="simulated", missing=missing or {}, host_rules=host_rules,
        volumes_of=lambda _: priced[READ].head(0),
    )  # fmt: skip


def _ladder(frame, host="SPX", variant="V0_REF", hedge="VIX"):
    text = frame.astype({"host": "str", "variant": "str", "hedge_symbol": "str"})
    return text[(text["host"] == host) & (text["variant"] == variant) & (text["hedge_symbol"] == hedge)]


def _armed(answers):
    """The state of a night before, with the first layer armed."""
    state = answers.state.copy()
    first = state["layer_no"] == 1
    return state.assign(is_armed=first, armed_date=state["armed_date"].mask(first, pd.Timestamp("2026-07-15")))


# --- plan -------------------------------------------------------------------------------------------------------------
def test_plan(tight):
    plan = [(p.host, p.variant, p.hedge_symbol, p.rule.option_right) for p in plan_ladders(SMALL, tight, [PROFILE])]
    assert plan == [
        ("SPX", "V0_REF", "VIX", "C"), ("SPX", "V1_SAME_HEDGE", "VIX", "C"), ("SPX", "V2_VOL_WRAPPER", "VXX", "C"),
        ("SPX", "V3_NATIVE", "SPX", "P"),
        ("RUT", "V1_SAME_HEDGE", "VIX", "C"), ("RUT", "V2_VOL_WRAPPER", "VXX", "C"), ("RUT", "V3_NATIVE", "IWM", "P"),
        ("IWM", "V1_SAME_HEDGE", "VIX", "C"), ("IWM", "V2_VOL_WRAPPER", "VXX", "C"), ("IWM", "V3_NATIVE", "IWM", "P"),
    ]  # fmt: skip
    assert hedge_symbols(plan_ladders(SMALL, tight, [PROFILE])) == {"VIX", "VXX", "SPX", "IWM"}


def test_a_host_with_a_chain_needs_no_proxy(tight):
    rut = tight.assign(underlying=pd.Categorical(["RUT"] * len(tight)))
    natives = {p.host: p.hedge_symbol for p in plan_ladders(SMALL, rut, [PROFILE]) if p.variant == "V3_NATIVE"}
    assert natives == {"SPX": "SPX", "RUT": "RUT", "IWM": "IWM"}


def test_overrides_of_one_host_stay_with_it(tight):
    own = SMALL | {"IWM": replace(SMALL["IWM"], profile_overrides={"levels_vol_points": [20, 25, 30]})}
    levels = {p.host: p.profile.levels_vol_points for p in plan_ladders(own, tight, [PROFILE])}
    assert levels == {"SPX": (18.0, 22.0, 28.0), "RUT": (18.0, 22.0, 28.0), "IWM": (20, 25, 30)}
    answers = _night({"VIX": tight}, close=19.0, universe=own)
    armed = answers.signals.groupby("host", observed=True)["layers_armed_count"].first()
    assert armed.to_dict() == {"SPX": 1, "RUT": 1, "IWM": 0}


def test_an_override_of_nothing_is_refused(tight):
    own = SMALL | {"IWM": replace(SMALL["IWM"], profile_overrides={"levles": [1]})}
    with pytest.raises(ContractError, match=r"IWM.*levles"):
        plan_ladders(own, tight, [PROFILE])


# --- a night ----------------------------------------------------------------------------------------------------------
def test_tables_of_a_night(tight):
    answers = _night({"VIX": tight})
    assert list(answers.legs.columns) == list(LADDER_LEGS.names)
    assert list(answers.signals.columns) == list(LADDER_SIGNALS.names)
    assert list(answers.state.columns) == list(LADDER_STATE.names)
    assert len(answers.legs) == len(answers.state) == 3 * len(answers.signals) == 30


def test_v1_is_v0_to_the_cent(tight):
    answers = _night({"VIX": tight})
    names = [name for name in LADDER_LEGS.names if name != "variant"]
    reference, same = (
        _ladder(answers.legs, variant=v)[names].reset_index(drop=True) for v in ("V0_REF", "V1_SAME_HEDGE")
    )
    pd.testing.assert_frame_equal(reference, same)


def test_first_night_arms_and_buys_nothing(tight):
    signal = _ladder(_night({"VIX": tight}).signals).iloc[0]
    assert (signal["filter_state"], signal["action"]) == ("PASS", "ARM")
    assert (signal["layers_armed_count"], signal["units_armed_count"], signal["units_deployed_count"]) == (1, 4, 0)
    assert signal["s_ladder_frac"] == pytest.approx(0.02)
    assert signal["block_reason"] == ""
    assert signal["s_median_frac"] == pytest.approx(0.02)


def test_the_night_after_buys(tight):
    previous = _armed(_night({"VIX": tight}, close=15.0))
    answers = _night({"VIX": tight}, previous=previous)
    signal = _ladder(answers.signals).iloc[0]
    assert (signal["action"], signal["units_deployed_count"], signal["block_reason"]) == ("DEPLOY", 4, "")
    assert _ladder(answers.legs)["leg_action"].tolist() == ["DEPLOY", "IDLE", "IDLE"]
    assert _ladder(answers.legs)["is_armed"].tolist() == [True, False, False]
    missing = _ladder(answers.signals, variant="V2_VOL_WRAPPER", hedge="VXX").iloc[0]
    assert (missing["action"], missing["filter_state"]) == ("BLOCKED", "NO_DATA")


def test_a_wide_market_blocks_with_numbers(vix):
    chain = {"VIX": vix(0.12)}
    signal = _ladder(_night(chain, previous=_armed(_night(chain, close=15.0))).signals).iloc[0]
    assert (signal["filter_state"], signal["action"], signal["units_deployed_count"]) == ("FAIL_ILLIQUID", "BLOCKED", 0)
    assert signal["block_reason"].startswith("FAIL_ILLIQUID: spread 12.00% of the premium (limit 8%)")
    assert "worst leg 12.00% (limit 16%)" in signal["block_reason"]


def _widened(chain, spreads):
    """Give the contracts of each expiry a spread of their own."""
    share = chain["expiry_date"].map(dict(zip(map(pd.Timestamp, DAYS), spreads, strict=True))).astype("float64")
    mid = chain["mid_usd"].to_numpy()
    return chain.assign(bid_usd=mid * (1 - share / 2), ask_usd=mid * (1 + share / 2), spread_frac=share)


@pytest.mark.parametrize(
    ("spreads", "whole", "bought"),
    [
        pytest.param((0.02, 0.02, 0.30), "FAIL_ILLIQUID", "PASS", id="a wide leg that is not bought yet"),
        pytest.param((0.12, 0.01, 0.01), "PASS", "FAIL_ILLIQUID", id="a wide leg among tight ones that are not bought"),
    ],
)
def test_only_what_would_be_bought_tonight_is_judged(tight, spreads, whole, bought):
    chain = {"VIX": _widened(tight, spreads)}
    answers = _night(chain, previous=_armed(_night(chain, close=15.0)))
    signal = _ladder(answers.signals).iloc[0]
    assert (signal["filter_state"], signal["buy_filter_state"]) == (whole, bought)
    assert signal["s_buy_frac"] == pytest.approx(spreads[0])
    assert signal["action"] == ("DEPLOY" if bought == "PASS" else "BLOCKED")
    told = "FAIL_ILLIQUID: spread 12.00% of the premium (limit 8%), worst leg 12.00% (limit 16%), in layer 1"
    assert signal["block_reason"] == ("" if bought == "PASS" else told)


def test_where_nothing_is_bought_only_the_whole_ladder_is_read(tight):
    for answers in (_night({"VIX": tight}), _night({"VIX": tight}, close=15.0)):
        signal = _ladder(answers.signals).iloc[0]
        assert signal["filter_state"] == "PASS"
        assert pd.isna([signal["buy_filter_state"], signal["s_buy_frac"]]).all()


def test_all_that_goes_to_the_market_is_judged_together(tight):
    """Layer 2 is held, 1 and 3 wait: 4 and 2 contracts, and nothing of the leg that is not bought again."""
    chain = {"VIX": _widened(tight, (0.03, 0.50, 0.05))}
    before = _night(chain, close=15.0).state
    before = before.assign(is_armed=True, armed_date=pd.Timestamp("2026-07-15"), units_deployed=[0, 4, 0] * 10)
    answers = _night(chain, close=30.0, previous=before)
    signal, mid = _ladder(answers.signals).iloc[0], _ladder(answers.legs)["mid_usd"].to_numpy()
    assert signal["s_buy_frac"] == pytest.approx((0.03 * 4 * mid[0] + 0.05 * 2 * mid[2]) / (4 * mid[0] + 2 * mid[2]))
    assert (signal["action"], signal["units_deployed_count"]) == ("DEPLOY", 10)


def test_a_roll_is_judged_by_its_new_leg_alone_and_stays_up_to_the_exit_limit(tight):
    chain = {"VIX": _widened(tight, (0.09, 0.02, 0.30))}
    before = _night(chain, close=15.0)
    assert _ladder(before.legs)["is_eligible"].tolist() == [False, True, False]
    held = before.state.assign(is_armed=True, armed_date=pd.Timestamp("2026-07-14"), units_deployed=[4, 4, 2] * 10)
    assert _ladder(_night(chain, close=30.0, previous=held).legs)["is_eligible"].tolist() == [True, True, False]


def test_each_profile_has_limits_of_its_own(vix):
    chain, both = {"VIX": vix(0.12)}, (PROFILE, PROFILES["unfiltered_442"])
    before = _armed(_night(chain, close=15.0, profiles=both))
    night = _night(chain, previous=before, profiles=both)
    signals = _ladder(night.signals)
    assert _ladder(night.legs)["is_eligible"].tolist() == [False] * 3 + [True] * 3, "the control may roll"
    assert signals["profile"].astype(str).tolist() == ["trigger_442", "unfiltered_442"]
    assert signals["buy_filter_state"].tolist() == ["FAIL_ILLIQUID", "PASS"]
    assert signals["action"].tolist() == ["BLOCKED", "DEPLOY"]
    assert signals["spread_limit_frac"].tolist() == [0.08, 2.0]
    assert signals["worst_leg_limit_frac"].tolist() == [0.16, 2.0]


def test_a_limit_is_told_with_all_its_digits(vix):
    own = replace(PROFILE, spread_limit_frac=0.075, worst_leg_frac=0.155)
    signal = _ladder(_night({"VIX": vix(0.12)}, close=15.0, profiles=(own,)).signals).iloc[0]
    assert "of the premium (limit 7.5%), worst leg 12.00% (limit 15.5%)" in signal["block_reason"]


def test_a_control_buys_nothing_without_a_bid(vix):
    chain = vix()
    chain = {
        "VIX": chain.assign(
            bid_usd=0.0,
            ask_usd=0.1,
            mid_usd=0.05,
            spread_frac=2.0,
            quote_flag=pd.Categorical(["ZERO_BID"] * len(chain)),
        )
    }
    control = (PROFILES["unfiltered_442"],)
    before = _armed(_night(chain, close=15.0, profiles=control))
    signal = _ladder(_night(chain, previous=before, profiles=control).signals).iloc[0]
    assert (signal["buy_filter_state"], signal["action"]) == ("ZERO_BID", "BLOCKED")


def test_a_wide_market_after_hours_is_no_refusal(vix):
    chain = {"VIX": vix(0.12, quote_at=datetime.fromisoformat("2026-07-16 19:00"))}
    signal = _ladder(_night(chain, previous=_armed(_night(chain, close=15.0))).signals).iloc[0]
    assert (signal["filter_state"], signal["buy_filter_state"], signal["action"]) == ("BAD_QUOTE",) * 2 + ("BLOCKED",)
    assert signal["block_reason"].startswith("AFTER_HOURS")


def test_pitfall_08_quotes_after_hours_buy_nothing(vix):
    chain = {"VIX": vix(quote_at=datetime.fromisoformat("2026-07-16 19:00"))}
    signal = _ladder(_night(chain, previous=_armed(_night(chain, close=15.0))).signals).iloc[0]
    assert (signal["filter_state"], signal["action"]) == ("BAD_QUOTE", "BLOCKED")
    assert signal["block_reason"].startswith("AFTER_HOURS")


@pytest.mark.parametrize(
    ("close", "told"),
    [
        pytest.param(15.0, "NOT_ARMED: VIX closed at 15.00, first level 18", id="low"),
        pytest.param(float("nan"), "NO_TRIGGER: close of the trigger index unknown, state held", id="unknown"),
    ],
)
def test_why_nothing_is_bought(close, told, tight):
    signal = _ladder(_night({"VIX": tight}, close=close).signals).iloc[0]
    assert (signal["action"], signal["block_reason"]) == ("IDLE", told)


def test_an_unknown_close_holds_the_state_and_keeps_the_order(tight):
    previous = _armed(_night({"VIX": tight}, close=15.0))
    signal = _ladder(_night({"VIX": tight}, close=float("nan"), previous=previous).signals).iloc[0]
    assert (signal["action"], signal["layers_armed_count"], signal["block_reason"]) == ("DEPLOY", 1, "")
    assert np.isnan(signal["vix_close_vol_points"])


def test_giving_up_is_said(tight):
    previous = _armed(_night({"VIX": tight}, close=15.0)).assign(retries_count=10)
    signal = _ladder(_night({"VIX": tight}, previous=previous).signals).iloc[0]
    assert (signal["action"], signal["block_reason"]) == ("HOLD", "GAVE_UP: refused on 10 sessions")


def test_only_a_refusal_uses_up_a_retry(vix):
    tight, late = vix(), datetime.fromisoformat("2026-07-16 19:00")
    for chain, tries in ((vix(0.12), 5), (vix(quote_at=late), 4), (tight[tight["expiry_date"] > str(DAYS[0])], 4)):
        previous = _armed(_night({"VIX": chain}, close=15.0)).assign(retries_count=4)
        answers = _night({"VIX": chain}, previous=previous)
        assert _ladder(answers.signals).iloc[0]["action"] == "BLOCKED"
        assert _ladder(answers.state)["retries_count"].tolist() == [tries, 4, 4]


def test_a_missing_chain_says_why(tight):
    answers = _night({"VIX": tight}, missing={"VXX": "404 from the vendor"})
    signal = _ladder(answers.signals, variant="V2_VOL_WRAPPER", hedge="VXX").iloc[0]
    assert signal["filter_state"] == "NO_DATA"
    assert signal["block_reason"] == "NO_DATA: 404 from the vendor"
    assert np.isnan(signal["s_ladder_frac"])
    assert pd.isna(signal["quote_clock"])
    unknown = _ladder(_night({"VIX": tight}).signals, variant="V2_VOL_WRAPPER", hedge="VXX").iloc[0]
    assert unknown["block_reason"] == "NO_DATA: no chain"


def test_missing_legs_are_named(vix):
    short = vix()
    answers = _night({"VIX": short[short["expiry_date"] != pd.Timestamp(DAYS[2])]})
    signal = _ladder(answers.signals).iloc[0]
    assert (signal["filter_state"], signal["block_reason"]) == ("MISSING_LEG", "MISSING_LEG: layer 3 NO_EXPIRY")
    assert np.isnan(signal["ladder_premium_usd"]), "two legs are no ladder, and their premium not its"
    assert signal["s_ladder_frac"] == pytest.approx(0.02)  # of the legs there are


def test_where_the_tick_decides(vix):
    tiny = vix()
    tiny = tiny.assign(bid_usd=0.04, ask_usd=0.06, mid_usd=0.05, tick_usd=0.01)
    signal = _ladder(_night({"VIX": tiny}).signals).iloc[0]
    assert signal["filter_state"] == "FAIL_TICK"
    assert signal["block_reason"].startswith("FAIL_TICK: one tick alone is 20.0% of the premium, limit 8%")


def test_closes_of_missing_nights_are_replayed(tight):
    previous = _night({"VIX": tight}, close=15.0).state
    missed = [(date(2026, 7, 14), 18.5), (date(2026, 7, 15), 23.0)]
    signal = _ladder(_night({"VIX": tight}, close=23.0, previous=previous, missed=missed).signals).iloc[0]
    assert (signal["action"], signal["units_deployed_count"]) == ("DEPLOY", 8)


def test_rules_of_missing_nights_are_replayed_with_their_closes(tight):
    """VIX closed at 23 on a missed night; the rule of the host, not the index, arms its layers above the first."""
    previous = _night({"VIX": tight}, close=15.0).state
    said = {"host": "IWM", "host_rule": "macd_cross", "is_enabled": True, "rule_state": "CLEAR", "rule_reason": "",
            "is_new_blocked": False, "is_index_ignored": True, "is_arming": None,
            "source_mode": "simulated"}  # fmt: skip
    missed = [(date(2026, 7, 15), 23.0)]
    rows = [{**said, "layer_no": layer, "trade_date": pd.Timestamp(day)}
            for layer in (2, 3) for day in (missed[0][0], NIGHT)]  # fmt: skip
    rules = frames.conform(pd.DataFrame(rows), HOST_RULES)
    found = _night({"VIX": tight}, close=23.0, previous=previous, missed=missed, host_rules=rules).signals
    armed = found[found["variant"] == "V1_SAME_HEDGE"].groupby("host", observed=True)["layers_armed_count"].first()
    assert armed.to_dict() == {"SPX": 2, "RUT": 2, "IWM": 1}


def test_a_ladder_that_sleeps_listens_to_the_rules(tight):
    rut = tight.assign(underlying=pd.Categorical(["RUT"] * len(tight)))
    own = _night({"VIX": tight, "RUT": rut}, close=15.0)
    rules = frames.conform(pd.DataFrame([{
        "host": "RUT", "host_rule": "macd_cross", "is_enabled": True, "rule_state": "CLEAR", "rule_reason": "",
        "layer_no": 2, "is_new_blocked": False, "is_index_ignored": True, "is_arming": None,
        "source_mode": "simulated", "trade_date": pd.Timestamp(NIGHT),
    }]), HOST_RULES)  # fmt: skip
    asleep = _night({"VIX": tight}, close=23.0, previous=own.state, host_rules=rules)
    native = _ladder(asleep.state, host="RUT", variant="V3_NATIVE", hedge="RUT")
    assert native["is_armed"].tolist() == [True, False, False]


def test_a_universe_without_hosts_has_no_ladders(tight):
    answers = _night({"VIX": tight}, universe={"VIX": DEFAULT_UNIVERSE["VIX"]})
    assert answers.legs.empty
    assert answers.signals.empty
    assert answers.state.empty
    assert list(answers.signals.columns) == list(LADDER_SIGNALS.names)


def test_outcome_of_a_night(tight):
    good, bad = _night({"VIX": tight}), _night({}, missing={"VIX": "timed out"})
    assert night_outcome({LADDER_SIGNALS.name: good.signals}) == ("OK", None)
    outcome, reason = night_outcome({LADDER_SIGNALS.name: bad.signals})
    assert outcome == "NO_DATA"
    assert reason == "timed out"


def test_a_night_is_a_pure_function(tight):
    previous = _armed(_night({"VIX": tight}, close=15.0))
    before = previous.copy()
    one, two = (_night({"VIX": tight}, previous=previous) for _ in range(2))
    for name in ("legs", "signals", "state"):
        pd.testing.assert_frame_equal(getattr(one, name), getattr(two, name))
    pd.testing.assert_frame_equal(previous, before)


def test_a_ladder_that_sleeps_keeps_its_state(tight):
    """RUT has no chain tonight and IWM stands in: the ladder in RUT's own chain sleeps, and wakes as it was."""
    rut = tight.assign(underlying=pd.Categorical(["RUT"] * len(tight)))
    own = _night({"VIX": tight, "RUT": rut}, close=19.0)
    asleep = _night({"VIX": tight}, close=19.0, previous=own.state)
    native = _ladder(asleep.state, host="RUT", variant="V3_NATIVE", hedge="RUT")
    assert native["is_armed"].tolist() == [True, False, False]
    assert _ladder(asleep.signals, host="RUT", variant="V3_NATIVE", hedge="IWM")["layers_armed_count"].tolist() == [1]
    assert _ladder(asleep.signals, host="RUT", variant="V3_NATIVE", hedge="RUT").empty


def test_a_rule_moves_the_levels_that_each_ladder_has_of_its_own(tight):
    """Levels of 10, 12 and 14 of a desk's own profile, or of a host's entry: the default's 18 count for neither."""
    low = (10.0, 12.0, 14.0)
    desk = replace(PROFILE, name="desk", levels_vol_points=low)
    universe = SMALL | {"RUT": replace(SMALL["RUT"], profile_overrides={"levels_vol_points": list(low)})}
    said = {"host_rule": "rsi_percentile", "is_enabled": True, "rule_state": "ACTIVE", "rule_reason": "oversold",
            "is_new_blocked": False, "is_index_ignored": False, "is_arming": None, "trade_date": pd.Timestamp(NIGHT),
            "source_mode": "simulated"}  # fmt: skip
    rules = frames.conform(pd.DataFrame([
        {**said, "host": host, "layer_no": layer, "level_factor": 1.1, "level_vol_points": 1.1 * level}
        for host in ("IWM", "RUT") for layer, level in enumerate(PROFILE.levels_vol_points, 1)
    ]), HOST_RULES)  # fmt: skip
    found = _night({"VIX": tight}, close=14.61, universe=universe, profiles=(PROFILE, desk), host_rules=rules).signals
    calls = found[found["variant"] == "V1_SAME_HEDGE"].astype({"host": "str", "profile": "str"})
    armed = calls.set_index(["host", "profile"])["layers_armed_count"].to_dict()
    assert armed == {("SPX", "trigger_442"): 0, ("SPX", "desk"): 3, ("IWM", "trigger_442"): 0, ("IWM", "desk"): 2,
                     ("RUT", "trigger_442"): 2, ("RUT", "desk"): 2}  # fmt: skip
    told = calls.set_index(["host", "profile"]).loc[("IWM", "trigger_442"), "block_reason"]
    assert "first level 19.8" in told
