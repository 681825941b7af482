"""What hosts' rules say of a night, and how the state machine obeys them."""

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest

from alvh_core.basis.closes import Closes
from alvh_core.basis.indicators import night_indicators
from alvh_core.declared_rules import DeclaredRule, rules_of_entry
from alvh_core.errors import ContractError
from alvh_core.host_rules import NightContext, night_rules, replayed_rules
from alvh_core.indicators import crosses, macd
from alvh_core.macro.windows import event_windows
from alvh_core.profiles import PROFILES
from alvh_core.triggers import LADDER, LayerRules, advance, initial_state
from alvh_core.universe import DEFAULT_UNIVERSE

PROFILE, DAY, NAN = PROFILES["trigger_442"], pd.Timestamp("2026-07-16"), float("nan")
RISE, FALL = 100.0 * 1.001 ** np.arange(300), 0.99


def _closes(values, vix):
    days = pd.bdate_range(end=DAY, periods=len(values))
    parts = [pd.DataFrame({"symbol": "VNQ", "bar_date": days, "close_usd": values}),
             pd.DataFrame({"symbol": "VIX", "bar_date": days, "close_usd": vix})]  # fmt: skip
    return Closes.of(pd.concat(parts))


def _rules(rule, values=RISE, vix=20.0, windows=None, pctile=None, has_calendar=True, overrides=None):
    closes = _closes(values, vix)
    found = night_indicators(closes, DAY, "simulated")
    if pctile is not None:
        found = found.assign(rsi_pctile_frac=pctile)
    windows = pd.DataFrame({"is_blocking": pd.Series(dtype=bool)}) if windows is None else windows
    context = NightContext(closes=closes, indicators=found, basis=pd.DataFrame({"host": []}), windows=windows,
                           macro=pd.DataFrame({"host": []}), has_calendar=has_calendar)  # fmt: skip
    universe = {"VNQ": replace(DEFAULT_UNIVERSE["VNQ"], rules=(rule,), profile_overrides=overrides or {})}
    return night_rules(universe, context, PROFILE, DAY, "simulated").set_index("layer_no")


MACD = DeclaredRule(kind="macd_cross", is_enabled=True, layers=(2, 3))


def _after_cross(sessions):
    """A rise, then a fall whose first bearish cross lies so many sessions back."""
    values = np.concatenate([RISE, RISE[-1] * FALL ** np.arange(1, 60)])
    at = next(i for i in np.flatnonzero(crosses(macd(values).histogram) < 0) if i >= 300)
    return values[: at + sessions + 1]


@pytest.mark.parametrize(
    ("sessions", "vix", "arms"), [(0, 18.0, True), (4, 18.0, True), (5, 18.0, False), (0, 17.99, False)]
)
def test_a_bearish_cross_arms_the_second_layer(sessions, vix, arms):
    values = _after_cross(sessions)
    rows = _rules(MACD, values, vix)
    assert rows["is_arming"].fillna(value=False).loc[2] == arms
    assert rows["is_index_ignored"].all()
    below = macd(values).line[-1] < 0.0
    assert pd.notna(rows.loc[3, "is_arming"]) == (below and vix >= 18.0)


def test_the_line_below_zero_arms_the_third_layer_and_a_bullish_cross_disarms():
    fallen = _after_cross(30)
    assert macd(fallen).line[-1] < 0.0
    assert bool(_rules(MACD, fallen).loc[3, "is_arming"])
    risen = np.concatenate([fallen, fallen[-1] * 1.02 ** np.arange(1, 30)])
    assert _rules(MACD, risen)["is_arming"].tolist() == [False, False]


@pytest.mark.parametrize(("mode", "pctile", "factor"), [("oversold_earlier", 0.0, 0.9), ("oversold_earlier", 1.0, 1.1),
                         ("overbought_earlier", 1.0, 0.9), ("overbought_earlier", 0.5, 1.0)])  # fmt: skip
def test_rsi_moves_levels(mode, pctile, factor):
    rows = _rules(DeclaredRule(kind="rsi_percentile", is_enabled=True, mode=mode, alpha=0.1), pctile=pctile)
    assert rows["level_factor"].tolist() == pytest.approx([factor] * 3)
    assert rows["level_vol_points"].tolist() == pytest.approx([18.0 * factor, 22.0 * factor, 28.0 * factor])
    still = _rules(DeclaredRule(kind="rsi_percentile", is_enabled=True, mode=mode), pctile=pctile)
    assert still[["level_factor", "level_vol_points"]].isna().all(axis=None)


def test_the_level_that_is_told_is_that_of_the_entry():
    rule = DeclaredRule(kind="rsi_percentile", is_enabled=True, alpha=0.2)
    rows = _rules(rule, pctile=0.0, overrides={"levels_vol_points": [10.0, 12.0, 14.0]})
    assert rows["level_vol_points"].tolist() == pytest.approx([8.0, 9.6, 11.2])


def test_no_data_says_so():
    rule = DeclaredRule(kind="event_window", is_enabled=True)
    assert set(_rules(rule, has_calendar=False)["rule_state"]) == {"NO_DATA"}
    assert set(_rules(MACD, vix=NAN)["rule_state"]) == {"NO_DATA"}
    assert set(_rules(MACD, RISE[:84])["rule_state"]) == {"WARMING_UP"}


@pytest.mark.parametrize(
    ("event", "blocks"),
    [("2026-07-15", False), ("2026-07-16", False), ("2026-07-17", True), ("2026-07-18", False), ("2026-07-20", False)],
)
def test_only_the_night_before_a_release_blocks(calendar, event, blocks):
    events = pd.DataFrame({"event_type": "CPI", "event_date": [pd.Timestamp(event)], "superseded_date": pd.NaT,
                           "event_at_utc": pd.Timestamp(event, tz="UTC")})  # fmt: skip
    assert event_windows(events, calendar, DAY, "live")["is_blocking"].tolist() == [blocks]
    moved = event_windows(events.assign(superseded_date=DAY), calendar, DAY, "live")
    assert moved.empty, "a superseded date is none"


@pytest.mark.parametrize(("kind", "blocks"), [
    ("FOMC_DECISION", True), ("PPI", True), ("GDP", True), ("EMPLOYMENT", False),
])  # fmt: skip
def test_the_papers_four_kinds_block_and_employment_is_only_told(calendar, kind, blocks):
    events = pd.DataFrame({"event_type": kind, "event_date": [pd.Timestamp("2026-07-17")], "superseded_date": pd.NaT,
                           "event_at_utc": pd.Timestamp("2026-07-17", tz="UTC")})  # fmt: skip
    found = event_windows(events, calendar, DAY, "live")
    assert (found["is_in_window"].tolist(), found["is_blocking"].tolist()) == ([True], [blocks])


def test_an_event_on_a_holiday_belongs_to_the_next_session(calendar):
    events = pd.DataFrame({"event_type": "CPI", "event_date": [pd.Timestamp("2026-09-07")], "superseded_date": pd.NaT,
                           "event_at_utc": pd.Timestamp("2026-09-07", tz="UTC")})  # fmt: skip
    found = event_windows(events, calendar, pd.Timestamp("2026-09-04"), "live")  # Labor Day is between
    assert (found["window_pos_count"].tolist(), found["is_blocking"].tolist()) == ([-1], [True])


@pytest.mark.parametrize(("tables", "message"), [
    ("x", "expected a list of tables"), ([{"kind": "none"}], r"\[0\]\.kind"), ([{}], r"\[0\]\.kind"),
    ([{"kind": "macd_cross", "layer": [1]}], "unknown key 'layer'"),
    ([{"kind": "macd_cross", "layers": [4]}], "layers among"),
    ([{"kind": "macd_cross", "layers": [1, 2]}], r"layers among \(2, 3\), found \[1, 2\]"),
    ([{"kind": "ad_correlation", "layers": [True]}], "layers among"),
    ([{"kind": "ad_correlation", "layers": []}], "layers among"),
    ([{"kind": "ad_correlation", "layers": [[1]]}], "layers among"),
    ([{"kind": "rsi_percentile", "layers": [2, 2]}], "found rsi_percentile for layer 2 twice; leave one out"),
    ([{"kind": "rsi_percentile"}, {"kind": "rsi_percentile", "layers": [3]}], "rsi_percentile for layer 3 twice"),
    ([{"kind": "rsi_percentile", "alpha": 1.0}], r"\.alpha: expected from 0 to 0\.99, found 1\.0"),
    ([{"kind": "rsi_percentile", "alpha": -0.2}], r"\.alpha: expected from 0"),
    ([{"kind": "rsi_percentile", "alpha": NAN}], r"\.alpha: expected from 0"),
    ([{"kind": "macd_cross", "recent_sessions": 0}], r"\.recent_sessions: expected from 1 to 252, found 0"),
    ([{"kind": "macd_cross", "floor_vol_points": -1}], r"\.floor_vol_points: expected from 0 to 200, found -1"),
    ([{"kind": "rsi_percentile", "mode": "x"}], r"\.mode"), ([{"kind": "rsi_percentile", "alpha": True}], r"\.alpha"),
])  # fmt: skip
def test_a_rule_that_cannot_be(tables, message):
    with pytest.raises(ContractError, match=message):
        rules_of_entry(tables, "u.toml")


def test_a_macd_rule_speaks_to_the_layers_above_the_first():
    assert rules_of_entry([{"kind": "macd_cross"}], "u")[0].layers == (2, 3)
    assert rules_of_entry([{"kind": "rsi_percentile"}], "u")[0].layers == (1, 2, 3)


def _advanced(rules, close=20.0, armed=(True, False, False), profile=PROFILE):
    state = initial_state(pd.DataFrame([["SPX", "V0_REF", "VIX", "trigger_442"]], columns=LADDER), DAY, "simulated")
    return advance(state.assign(is_armed=list(armed)), close, np.full((3, 8), True), DAY, profile,
                   rules=replace(LayerRules.none(3), **rules))  # fmt: skip


@pytest.mark.parametrize("kind", ["macd_cross", "rsi_percentile"])
def test_rules_of_a_missed_session_see_nothing_after_it(kind):
    values = _after_cross(8)
    dates = pd.bdate_range(end=DAY, periods=len(values))
    host, vix = (pd.DataFrame({"symbol": name, "bar_date": dates, "close_usd": closes})
                 for name, closes in (("VNQ", values), ("VIX", 20.0)))  # fmt: skip
    bars = pd.concat([host, vix])
    rule = replace(MACD, kind=kind, alpha=0.2)
    universe = {"VNQ": replace(DEFAULT_UNIVERSE["VNQ"], rules=(rule,))}
    days = [day.date() for day in pd.bdate_range(end=DAY, periods=9)]
    every = replayed_rules(universe, bars, days, PROFILE, "simulated")
    assert every["trade_date"].nunique() == len(days)
    for day in days:
        then = bars[bars["bar_date"] <= pd.Timestamp(day)]
        alone = replayed_rules(universe, then, [day], PROFILE, "simulated")
        mine = every[every["trade_date"] == pd.Timestamp(day)].reset_index(drop=True)
        pd.testing.assert_frame_equal(mine, alone, check_categorical=False)
    said = every.set_index(["trade_date", "layer_no"])
    if kind == "macd_cross":  # armed while the cross was five sessions old at most, which the last session cannot tell
        armed = said["is_arming"].fillna(value=False).xs(2, level="layer_no").tolist()
        assert armed == [True] * 5 + [False] * 4
    assert (said["rule_state"] != "NO_DATA").all()


def test_nothing_missed_has_no_rules():
    assert replayed_rules(DEFAULT_UNIVERSE, pd.DataFrame(), [], PROFILE, "simulated").empty


def test_the_state_machine_obeys():
    held = _advanced({"blocks_new": np.full(3, True)})
    assert held["leg_action"].astype(str).tolist() == ["BLOCKED", "IDLE", "IDLE"]
    assert (held["units_deployed"].tolist(), held["retries_count"].tolist()) == ([0, 0, 0], [0, 0, 0])
    # the rule leaves the second layer as it is, and the third does not arm over it, whatever the index says
    assert _advanced({"ignores_index": np.array([False, True, False])}, 30.0)["is_armed"].tolist() == [
        True,
        False,
        False,
    ]
    assert _advanced({"level_factor": np.array([NAN, 20.0 / 22.0, NAN])})["is_armed"].tolist() == [True, True, False]


def test_a_factor_moves_the_levels_of_the_ladder_it_meets():
    """A desk whose levels are 10, 12 and 14 has all layers armed at 14.61, with the rule or without it."""
    own = replace(PROFILE, levels_vol_points=(10.0, 12.0, 14.0))
    for factor, armed in ((NAN, 3), (1.04, 3), (1.1, 2), (1.3, 1), (1.5, 0)):
        found = _advanced({"level_factor": np.full(3, factor)}, 14.61, (False,) * 3, own)
        assert found["is_armed"].sum() == armed
        none = _advanced({"level_factor": np.full(3, factor)}, 14.61, (False,) * 3)  # 18 x 1.04 and above
        assert not none["is_armed"].any()


def test_no_layer_is_armed_above_one_that_is_not():
    off, on = 0.0, 1.0
    assert _advanced({"is_arming": np.array([off, on, NAN])})["is_armed"].tolist() == [False] * 3
    assert _advanced({"is_arming": np.array([NAN, on, on])}, armed=(False,) * 3)["is_armed"].tolist() == [True] * 3
    low = _advanced({"is_arming": np.array([NAN, on, on])}, 17.9, (False,) * 3)
    assert low["is_armed"].tolist() == [False] * 3, "they wait for the first"
    fallen = _advanced({"is_arming": np.array([off, NAN, NAN]), "ignores_index": np.full(3, True)}, armed=(True,) * 3)
    assert fallen["leg_action"].astype(str).tolist() == ["DISARM"] * 3
    assert fallen["armed_date"].isna().all()
