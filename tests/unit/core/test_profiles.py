"""The built-in profiles at their boundaries, and how premium becomes whole contracts."""

from dataclasses import replace
from datetime import date

import numpy as np
import pandas as pd
import pytest

from alvh_core.columns import LEG_STATUSES
from alvh_core.errors import ContractError
from alvh_core.ladders import host_profiles
from alvh_core.params import SpreadRule
from alvh_core.profiles import (
    COMPARISON_PROFILE,
    DEFAULT_PROFILE,
    PROFILES,
    UNFILTERED_TWIN,
    comparison_profile,
    extend_profiles,
    unfiltered,
)
from alvh_core.sizing import layer_shares, roll_budgets, size_legs
from alvh_core.triggers import LADDER, advance, arm, band_weight, initial_state
from alvh_core.universe import extend_universe

RATIOS = [name for name in PROFILES if name.startswith("ratio_")]
VXTH = PROFILES["vxth_baseline"]
DAY = date(2026, 7, 1)
ANNUAL_USD = 150_000.0  # 1.5 % of ten millions


def _fresh(name):
    return initial_state(pd.DataFrame([["SPX", "V0_REF", "VIX", name]], columns=LADDER), DAY, "simulated")


def _armed(name, reading):
    return arm(_fresh(name), reading, DAY, PROFILES[name])["is_armed"].tolist()


# --- what the publisher's pages say -----------------------------------------------------------------------------------
def test_ten_profiles_one_control_and_the_default_is_the_articles():
    assert DEFAULT_PROFILE == "trigger_442"
    assert list(PROFILES) == [
        "trigger_442", "tenor_442", "weight_40_40_20", "calendar_sell2", "vxth_baseline",
        "ratio_4_4_2", "ratio_10_0_0", "ratio_5_5_0", "ratio_3_3_3", "ratio_2_4_4",
        "unfiltered_442",
    ]  # fmt: skip
    assert all(name == profile.name for name, profile in PROFILES.items())


def test_what_compares_is_the_default_sized_by_premium():
    mine, default = PROFILES[COMPARISON_PROFILE], PROFILES[DEFAULT_PROFILE]
    assert (mine.unit_basis, default.unit_basis) == ("premium", "contracts")
    own = {name: getattr(default, name) for name in ("name", "source", "unit_basis")}
    assert replace(mine, **own) == default
    assert comparison_profile(PROFILES) is mine


def test_the_control_is_the_default_without_its_filter():
    mine, default = PROFILES[UNFILTERED_TWIN], PROFILES[DEFAULT_PROFILE]
    filters = ("name", "source", "spread_limit_frac", "worst_leg_frac", "keep_spread_frac")
    assert replace(mine, **{name: getattr(default, name) for name in filters}) == default
    assert mine.spread_rule == SpreadRule(limit_frac=2.0, worst_leg_frac=2.0)
    assert default.spread_rule == SpreadRule()


def test_the_control_follows_a_users_own_default():
    mine = {"source": "a desk", "version": "2", "levels_vol_points": [20, 25, 30], "spread_limit_frac": 0.05}
    found = extend_profiles({"profiles": {DEFAULT_PROFILE: mine}}, "p.toml")
    assert found[UNFILTERED_TWIN] == unfiltered(found[DEFAULT_PROFILE])
    assert (found[UNFILTERED_TWIN].levels_vol_points, found[UNFILTERED_TWIN].version) == ((20, 25, 30), "2")
    assert found[UNFILTERED_TWIN].spread_limit_frac == 2.0
    assert list(found) == list(PROFILES)


def test_what_a_host_declares_of_its_filter_is_not_laid_over_its_control():
    overrides = {"levels_vol_points": [20, 25, 30], "spread_limit_frac": 0.10, "worst_leg_frac": 0.20,
                 "keep_spread_frac": 0.12}  # fmt: skip
    universe = extend_universe({"assets": {"VNQ": {"profile_overrides": overrides}}}, "u.toml")
    mine, own = (host_profiles(universe, PROFILES[name])["VNQ"] for name in (UNFILTERED_TWIN, DEFAULT_PROFILE))
    assert mine == unfiltered(own)
    assert mine.levels_vol_points == (20, 25, 30)
    assert (own.spread_limit_frac, mine.spread_limit_frac, mine.worst_leg_frac) == (0.10, 2.0, 2.0)
    assert host_profiles(universe, PROFILES[UNFILTERED_TWIN])["SPX"] == PROFILES[UNFILTERED_TWIN]


def test_a_night_that_does_not_run_it_compares_by_its_first_profile():
    own = {"profiles": {"mine": {"source": "a page", "units": [1, 1, 1]}}, "run": ["mine", "tenor_442"]}
    assert comparison_profile(extend_profiles(own, "x")).name == "mine"


@pytest.mark.parametrize("profile", PROFILES.values(), ids=list(PROFILES))
def test_a_source_names_a_page_or_a_paper(profile):
    assert any(word in profile.source for word in ("page", "vixshield.com/ask, ", "source article", "cboe.com/"))


@pytest.mark.parametrize(
    ("name", "units", "sides", "tenors", "tolerances"),
    [
        ("trigger_442", (4, 4, 2), (1, 1, 1), (30, 110, 220), (12, 20, 35)),
        ("tenor_442", (4, 4, 2), (1, 1, 1), (30, 110, 220), (12, 20, 35)),
        ("weight_40_40_20", (4, 4, 2), (1, 1, 1), (10, 37, 75), (4, 8, 15)),
        ("calendar_sell2", (4, 4, 2), (1, 1, -1), (10, 37, 75), (4, 8, 15)),
    ],
)
def test_units_tenors_and_tolerances(name, units, sides, tenors, tolerances):
    profile = PROFILES[name]
    assert (profile.units, profile.sides) == (units, sides)
    assert (profile.tenors_days, profile.tolerances_days) == (tenors, tolerances)


@pytest.mark.parametrize("name", ["weight_40_40_20", "calendar_sell2"])
def test_tolerances_hold_the_publishers_windows(name):
    profile = PROFILES[name]
    for target, tolerance, (first, last) in zip(
        profile.tenors_days, profile.tolerances_days, ((7, 14), (30, 45), (60, 90)), strict=True
    ):
        assert target - tolerance <= first <= target <= last
        assert target + tolerance >= last


def test_only_one_profile_sells():
    assert [name for name, profile in PROFILES.items() if min(profile.sides) < 0] == ["calendar_sell2"]


# --- levels and bands -------------------------------------------------------------------------------------------------
@pytest.mark.parametrize("name", ["trigger_442", "ratio_4_4_2", "ratio_3_3_3", "ratio_2_4_4"])
@pytest.mark.parametrize(("level", "armed"), [(18.0, 1), (22.0, 2), (28.0, 3)])
def test_a_level_arms_at_equality(name, level, armed):
    assert sum(_armed(name, level)) == armed
    assert sum(_armed(name, np.nextafter(level, 0.0))) == armed - 1


@pytest.mark.parametrize(("name", "layers"), [("ratio_10_0_0", [1]), ("ratio_5_5_0", [1, 2])])
def test_a_layer_without_units_never_arms(name, layers):
    assert [at for at, armed in enumerate(_armed(name, 80.0), start=1) if armed] == layers


@pytest.mark.parametrize("name", ["tenor_442", "weight_40_40_20", "calendar_sell2"])
@pytest.mark.parametrize("close", [5.0, 80.0, float("nan")])
def test_always_is_whatever_the_close(name, close):
    assert _armed(name, close) == [True] * 3


@pytest.mark.parametrize(
    ("forward", "weight"),
    [(9.0, 0.0), (15.0, 0.0), (np.nextafter(15.0, 99.0), 0.01), (30.0, 0.01), (np.nextafter(30.0, 99.0), 0.005),
     (50.0, 0.005), (np.nextafter(50.0, 99.0), 0.0)],
)  # fmt: skip
def test_an_upper_edge_belongs_to_its_band(forward, weight):
    assert band_weight(forward, VXTH) == weight
    assert _armed("vxth_baseline", forward) == [weight > 0.0, False, False]


def test_an_unknown_forward_holds_the_band():
    assert np.isnan(band_weight(float("nan"), VXTH))
    held = arm(_fresh("vxth_baseline"), 20.0, DAY, VXTH)
    assert arm(held, float("nan"), DAY, VXTH)["is_armed"].tolist() == [True, False, False]


def test_always_buys_on_the_first_night_and_gives_up_no_retries():
    profile = PROFILES["tenor_442"]
    state = _fresh("tenor_442")
    for _ in range(profile.max_retries + 2):
        state = advance(state, 15.0, np.full((3, 8), False), DAY, profile)
        assert state["leg_action"].astype(str).tolist() == ["BLOCKED"] * 3
    state = advance(state, 15.0, np.full((3, 8), True), DAY, profile)
    assert state["units_deployed"].tolist() == [4, 4, 2]


# --- budgets ----------------------------------------------------------------------------------------------------------
@pytest.mark.parametrize("profile", PROFILES.values(), ids=list(PROFILES))
def test_shares_add_up(profile):
    assert layer_shares(profile).sum() == pytest.approx(1.0)
    assert layer_shares(profile) == pytest.approx(np.array(profile.units) / sum(profile.units))


@pytest.mark.parametrize("name", [*RATIOS, "weight_40_40_20"])
def test_every_ratio_spends_the_same_premium_in_a_year(name):
    profile = PROFILES[name]
    held = np.array(profile.tenors_days) - profile.roll_dte_days
    assert (roll_budgets(profile) * 365.0 / held).sum() == pytest.approx(ANNUAL_USD)


def test_a_fixed_holding_time_sets_the_purchases_of_a_year():
    weekly = replace(PROFILES["calendar_sell2"], unit_basis="premium")  # 7 days, whatever the tenor
    assert roll_budgets(weekly) == pytest.approx(ANNUAL_USD * np.array([0.4, 0.4, 0.2]) * 7 / 365)


def test_a_band_buys_its_weight_of_the_notional():
    assert roll_budgets(VXTH, 0.01) == pytest.approx([100_000.0, 0.0, 0.0])
    assert np.isnan(roll_budgets(VXTH)[0])


# --- contracts --------------------------------------------------------------------------------------------------------
def _legs(**changes):
    row = {"declared_units": 4, "unit_basis": "premium", "roll_budget_usd": 1000.0, "hedged_notional_usd": 1e7,
           "ask_usd": 3.0, "multiplier": 100, "open_interest_count": 100_000.0, "adv20_count": np.nan,
           "leg_status": "OK"}  # fmt: skip
    return pd.DataFrame(row | changes, index=range(max(np.size(value) for value in (row | changes).values())))


def _sized(**changes):
    return size_legs(_legs(**changes)).iloc[0]


@pytest.mark.parametrize(
    ("budget", "contracts"), [(300.0, 1), (599.99, 1), (600.0, 2), (899.999, 2), (900.0, 3), (1000.0, 3)]
)
def test_a_budget_is_never_rounded_up(budget, contracts):
    leg = _sized(roll_budget_usd=budget)
    assert (leg["units_target"], leg["size_status"]) == (contracts, "OK")
    assert leg["residual_usd"] == pytest.approx(budget - 300.0 * contracts)


def test_a_budget_of_exactly_three_contracts_buys_three():
    assert 21.0 / (0.07 * 100) < 3.0, "in binary it falls short"
    assert _sized(ask_usd=0.07, roll_budget_usd=21.0)["units_target"] == 3


def test_cost_is_within_the_budget():
    rng = np.random.default_rng(5)
    asks, budgets = rng.uniform(0.05, 40.0, 500).round(2), rng.uniform(1.0, 40_000.0, 500)
    legs = size_legs(_legs(ask_usd=asks, roll_budget_usd=budgets, open_interest_count=1e9))
    cost = legs["units_target"] * asks * 100.0
    assert (cost <= budgets + 1e-6).all()
    assert (budgets - cost < asks * 100.0).all()  # and one more would be too much
    assert set(legs["size_status"]) == {"OK", "TOO_SMALL"}


@pytest.mark.parametrize(
    ("open_interest", "contracts", "status"),
    [(300.0, 3, "OK"), (299.0, 2, "CAPPED"), (99.0, 0, "CAPPED"), (0.0, 0, "CAPPED"), (np.nan, 3, "OK")],
)
def test_one_percent_of_open_interest_caps(open_interest, contracts, status):
    leg = _sized(open_interest_count=open_interest)
    assert (leg["units_target"], leg["size_status"]) == (contracts, status)
    assert leg["residual_usd"] == pytest.approx(1000.0 - 300.0 * contracts)


@pytest.mark.parametrize(
    ("average", "contracts", "status"),
    [(30.0, 3, "OK"), (29.9, 2, "CAPPED"), (9.9, 0, "CAPPED"), (0.0, 0, "CAPPED"), (np.nan, 3, "OK")],
)
def test_a_tenth_of_the_average_volume_caps(average, contracts, status):
    leg = _sized(adv20_count=average)
    assert (leg["units_target"], leg["size_status"]) == (contracts, status)
    assert _sized(adv20_count=average, open_interest_count=100.0)["units_target"] == min(contracts, 1), "the lower cap"


@pytest.mark.parametrize(
    ("changes", "used"),
    [
        ({}, 0.9),
        ({"open_interest_count": 100.0}, 0.3),  # capped to one of three
        ({"roll_budget_usd": 200.0}, 0.0),  # too small for one
        ({"ask_usd": 0.07, "roll_budget_usd": 21.0}, 1.0),  # never above, whatever binary makes of it
        ({"roll_budget_usd": 0.0}, np.nan),  # a band that buys nothing asks for nothing
        ({"leg_status": "NO_STRIKE"}, np.nan),
        ({"unit_basis": "contracts", "roll_budget_usd": np.nan}, np.nan),
    ],
)
def test_the_share_of_the_budget_that_is_spent_is_told(changes, used):
    assert _sized(**changes)["budget_used_frac"] == pytest.approx(used, nan_ok=True, abs=1e-12)


def test_too_small_says_which_account_would_do():
    profile = PROFILES["ratio_4_4_2"]
    ask, budget = 20.0, roll_budgets(profile)[0]  # 2,000 against 1,479.45
    leg = _sized(ask_usd=ask, roll_budget_usd=budget)
    assert (leg["units_target"], leg["size_status"]) == (0, "TOO_SMALL")
    assert leg["min_account_usd"] == pytest.approx(1e7 * 2000.0 / budget)
    larger = roll_budgets(replace(profile, hedged_notional_usd=float(leg["min_account_usd"])))[0]
    assert _sized(ask_usd=ask, roll_budget_usd=larger)["units_target"] == 1
    assert np.isnan(_sized()["min_account_usd"])


@pytest.mark.parametrize("change", [{"ask_usd": np.nan}, {"ask_usd": 0.0}, {"leg_status": "NO_STRIKE"},
                                    {"roll_budget_usd": np.nan}])  # fmt: skip
def test_without_a_price_or_a_budget_nothing_is_sized(change):
    leg = _sized(**change)
    assert (leg["units_target"], leg["size_status"]) == (0, "NO_QUOTE")
    assert np.isnan(leg["min_account_usd"])


@pytest.mark.parametrize("status", [status for status in LEG_STATUSES if status != "OK"])
def test_without_a_contract_to_buy_no_declared_size_is_ok(status):
    leg = _sized(unit_basis="contracts", roll_budget_usd=np.nan, leg_status=status)
    assert (leg["units_target"], leg["size_status"]) == (4, "NO_QUOTE")


def test_contracts_are_bought_as_declared():
    leg = _sized(unit_basis="contracts", roll_budget_usd=np.nan, open_interest_count=1.0)
    assert (leg["units_target"], leg["size_status"]) == (4, "OK")
    assert leg[["budget_usd", "residual_usd"]].isna().all()
    assert _sized(declared_units=0)["size_status"] == "NOT_IN_LADDER"
    assert _sized(declared_units=0, leg_status="NO_EXPIRY")["size_status"] == "NOT_IN_LADDER"
    assert _sized(declared_units=0)["units_target"] == 0


# --- a user's own -----------------------------------------------------------------------------------------------------
def test_a_profile_over_another_one():
    found = extend_profiles({"profiles": {"mine": {"base": "tenor_442", "source": "a memo", "units": [1, 2, 3]}},
                             "run": ["mine", "trigger_442"]}, "p.toml")  # fmt: skip
    assert list(found) == ["mine", "trigger_442"]
    assert found["mine"] == replace(PROFILES["tenor_442"], name="mine", source="a memo", units=(1, 2, 3))
    assert extend_profiles({}, "p.toml") == PROFILES


@pytest.mark.parametrize(
    ("document", "message"),
    [
        ({"profile": {}}, r"p\.toml: unknown key 'profile'"),
        ({"run": ["none"]}, r"p\.toml: run names 'none'; expected one of trigger_442"),
        ({"run": []}, r"expected at least one profile"),
        (
            {"run": "tenor_442"},
            r"run: expected a list of names, found 'tenor_442'; write run = \[.tenor_442.\]",
        ),
        ({"run": ["tenor_442", 3]}, r"p\.toml: run: expected a list of names, found \['tenor_442', 3\]; write run ="),
        ({"run": {"tenor_442": True}}, r"p\.toml: run: expected a list of names, found \{'tenor_442': True\}"),
        (
            {"profiles": "x"},
            r"p\.toml: profiles: expected one table .*, found 'x'; write .* \[profiles\.NAME\]",
        ),
        ({"profiles": [{"source": "s"}]}, r"p\.toml: profiles: expected one table .*, found \[\{'source': 's'\}\]"),
        ({"profiles": {"x": [1, 2]}}, r"p\.toml: profiles\.x: expected a table .*, found \[1, 2\]; .*\[profiles\.x\]"),
        ({"profiles": {"x": "tenor_442"}}, r"p\.toml: profiles\.x: expected a table .*, found 'tenor_442'"),
        ({"profiles": {"x": {"base": ["y"], "source": "s"}}}, r"profiles\.x\.base: expected one of .*found \['y'\]"),
        ({"profiles": {"x": {"source": 5}}}, r"profiles\.x: expected a source .*, found 5"),
        ({"profiles": {"x": {"base": "none", "source": "s"}}}, r"profiles\.x\.base: expected one of .*found 'none'"),
        (
            {"profiles": {"unfiltered_442": {"source": "s"}}},
            r"unfiltered_442: expected another name, .* trigger_442, or",
        ),
        ({"profiles": {"x": {}}}, r"profiles\.x: expected a source"),
        ({"profiles": {"x": {"source": "s", "unit": [1]}}}, r"profiles\.x: unknown key 'unit'"),
        ({"profiles": {"x": {"source": "s", "units": [1]}}}, r"units needs 3 entries, found 1"),
        ({"profiles": {"x": {"source": "s", "mode": "never"}}}, r"mode is one of trigger, always, bands"),
        ({"profiles": {"x": {"source": "s", "mode": "bands"}}}, r"one weight more than edges"),
        ({"profiles": {"x": {"source": "s", "sides": [1, 0, 1]}}}, r"sides needs 1 or -1"),
    ],
)
def test_a_document_that_does_not_hold_together(document, message):
    with pytest.raises(ContractError, match=message):
        extend_profiles(document, "p.toml")
