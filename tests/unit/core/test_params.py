"""Parameter sets: the default ladder, its overrides, and what they refuse."""

from dataclasses import FrozenInstanceError, replace

import pytest

from alvh_core.errors import ContractError
from alvh_core.params import SpreadRule, with_overrides
from alvh_core.profiles import PROFILES

PROFILE = PROFILES["trigger_442"]


def test_the_default_is_the_specifications():
    assert PROFILE.units == (4, 4, 2)
    assert PROFILE.levels_vol_points == (18.0, 22.0, 28.0)
    assert (PROFILE.tenors_days, PROFILE.tolerances_days) == ((30, 110, 220), (12, 20, 35))
    assert (PROFILE.target_delta, PROFILE.max_delta_error, PROFILE.roll_dte_days) == (0.50, 0.10, 21)
    assert (PROFILE.disarm_gap_vol_points, PROFILE.disarm_sessions, PROFILE.max_retries) == (2.0, 3, 10)
    assert PROFILE.source
    rule = SpreadRule()
    assert (rule.limit_frac, rule.worst_leg_frac) == (0.08, 0.16)


def test_profiles_are_frozen_and_named():
    for name, profile in PROFILES.items():
        assert profile.name == name
        assert hash(profile) == hash(replace(profile))
    with pytest.raises(FrozenInstanceError):
        PROFILE.units = (1, 1, 1)


@pytest.mark.parametrize("field", ["units", "levels_vol_points", "tenors_days", "tolerances_days"])
def test_one_entry_per_layer(field):
    with pytest.raises(ContractError, match=rf"trigger_442: {field} needs 3 entries, found 2"):
        replace(PROFILE, **{field: (1, 2)})


@pytest.mark.parametrize("levels", [(22.0, 18.0, 28.0), (18.0, 18.0, 28.0), (28.0, 22.0, 18.0)])
def test_levels_increase(levels):
    with pytest.raises(ContractError, match="levels must increase"):
        replace(PROFILE, levels_vol_points=levels)


@pytest.mark.parametrize(
    ("overrides", "told"),
    [
        pytest.param({"units": [-4, 4, 2]}, "units", id="negative units"),
        pytest.param({"units": [4.5, 4, 2]}, "units", id="half a contract"),
        pytest.param({"units": "442"}, "units", id="text"),
        pytest.param({"tenors_days": ["a", "b", "c"]}, "tenors_days", id="text for days"),
        pytest.param({"target_delta": "half"}, "target_delta", id="text for a number"),
        pytest.param({"max_retries": None}, "max_retries", id="nothing for a number"),
        pytest.param({"sides": 1}, "sides needs 1 or -1", id="one side for all"),
        pytest.param({"bands_vol_points": 15.0}, "expected rising bands_vol_points", id="one edge for all"),
        pytest.param({"units": [0, 0, 0]}, "units: expected some in one layer", id="no units"),
        pytest.param(
            {"roll_dte_days": 30},
            r"roll_dte_days: expected fewer than each of tenors_days \(30, 110, 220\), "
            "found 30; lower it",
            id="rolled on the night it is bought",
        ),
        pytest.param(
            {"hold_days": 10}, "hold_days: expected at most 9, .* found 10; lower it", id="held past its roll"
        ),
        pytest.param({"profit_sold_frac": 1.5}, "profit_sold_frac: expected from 0 to 1, found 1.5", id="sold twice"),
        pytest.param({"profit_multiple": 0.5}, "profit_multiple: expected 1 or more, found 0.5", id="profit of a loss"),
        pytest.param(
            {"disarm_sessions": 0}, "disarm_sessions: expected 1 or more, found 0", id="disarmed at any close"
        ),
        pytest.param({"native_put_delta": 0.3}, "native_put_delta: expected from -1 to 0", id="delta of a call"),
        pytest.param({"budget_frac_per_year": -0.01}, "budget_frac_per_year: expected from 0", id="negative budget"),
        pytest.param({"hedged_notional_usd": 0.0}, "hedged_notional_usd: expected 1 or more", id="nothing hedged"),
        pytest.param({"levels_vol_points": [-1, 22, 28]}, "levels_vol_points: expected from 0 to 200", id="below zero"),
        pytest.param([1], "expected a table of a profile's fields, found", id="a list for a table"),
    ],
)
def test_nonsense_is_refused_by_name(overrides, told):
    with pytest.raises(ContractError, match=told):
        with_overrides(PROFILE, overrides, "universe.toml: assets.VNQ")


def test_weights_of_bands_are_shares():
    with pytest.raises(ContractError, match="band_weights_frac: expected from 0 to 1"):
        replace(PROFILES["vxth_baseline"], band_weights_frac=(0.0, 1.01, 0.005, 0.0))


def test_overrides_replace_and_leave_the_base_alone():
    found = with_overrides(PROFILE, {"levels_vol_points": [16, 20, 26], "target_delta": 0.3}, "here")
    assert (found.levels_vol_points, found.target_delta, found.units) == ((16, 20, 26), 0.3, (4, 4, 2))
    assert PROFILE.levels_vol_points == (18.0, 22.0, 28.0)
    assert with_overrides(PROFILE, {}, "here") == PROFILE


@pytest.mark.parametrize("key", ["levles_vol_points", "name", "version", "source"])
def test_an_unknown_key_is_named_with_its_place(key):
    with pytest.raises(
        ContractError, match=rf"universe\.toml: assets\.VNQ: unknown key '{key}'; expected one of .*units"
    ):
        with_overrides(PROFILE, {key: 1}, "universe.toml: assets.VNQ")
