"""Laws of what a desk declares: whatever stands in its files is refused by us, or a night can be run by it."""

from dataclasses import fields

import numpy as np
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from alvh_core import frames
from alvh_core.declared_rules import DeclaredRule
from alvh_core.errors import ContractError
from alvh_core.ladders import plan_ladders
from alvh_core.params import LadderProfile
from alvh_core.profiles import PROFILES, extend_profiles
from alvh_core.schemas import PRICED_QUOTES
from alvh_core.sizing import roll_budgets
from alvh_core.universe import Asset, Root, extend_universe, hosts

LAWS = settings(max_examples=150)
numbers = st.one_of(st.integers(-3, 400), st.floats(-2.0, 3.0), st.sampled_from([0.5, 1, 10, 21, 30, 110]))
scalars = st.one_of(numbers, st.booleans(), st.sampled_from(["", "VIX", "SPX", "GLD", "premium", "macd_cross", "PM"]))
values = st.one_of(scalars, st.lists(scalars, max_size=3), st.dictionaries(st.sampled_from(["a", "name"]), scalars))


def _tables(kind, *more):
    return st.dictionaries(st.sampled_from([*(f.name for f in fields(kind)), *more]), values, max_size=4)


def _accepted(read, where):
    """What was read, or None where it was refused with its place."""
    try:
        return read()
    except ContractError as error:
        if not str(error).startswith(where):
            raise
        return None


@LAWS
@given(st.sampled_from(sorted(PROFILES)), _tables(LadderProfile))
@example("ratio_4_4_2", {"roll_dte_days": 30})
@example("ratio_4_4_2", {"tenors_days": [21, 110, 220]})
@example("ratio_4_4_2", {"hold_days": 10})
@example("trigger_442", {"spread_limit_frac": 8})
@example("trigger_442", {"worst_leg_frac": -0.1})
@example("vxth_baseline", {"bands_vol_points": 0})
def test_a_profile_is_refused_or_its_budgets_are_of_a_year(base, table):
    document = {"profiles": {"own": {"base": base, "source": "a desk"} | table}}
    found = _accepted(lambda: extend_profiles(document, "p.toml")["own"], "p.toml: profiles.own")
    if found is None or found.mode == "bands":
        return
    budgets, annual = roll_budgets(found), found.budget_frac_per_year * found.hedged_notional_usd
    assert ((budgets >= 0.0) & np.isfinite(budgets)).all()
    assert budgets.sum() <= annual * max(found.tenors_days) / 365.0 * (1.0 + 1e-9)
    assert 0.0 <= found.profit_sold_frac <= 1.0
    assert 0.0 <= found.spread_limit_frac <= 2.0, "what a signal may carry"
    assert 0.0 <= found.worst_leg_frac <= 2.0


assets = _tables(Asset, "clas").flatmap(lambda table: st.one_of(
    st.just(table),
    st.lists(_tables(Root), max_size=2).map(lambda roots: table | {"roots": roots}),
    st.lists(_tables(DeclaredRule), max_size=2).map(lambda rules: table | {"rules": rules}),
    _tables(LadderProfile).map(lambda overrides: table | {"profile_overrides": overrides}),
))  # fmt: skip
documents = st.fixed_dictionaries({}, optional={
    "assets": st.one_of(values, st.dictionaries(st.sampled_from(["VNQ", "GLD", "VIX"]), st.one_of(assets, values))),
    "include": values, "asset_classes": values,
})  # fmt: skip


@LAWS
@given(documents)
@example({"include": ["VIX"]})
@example({"include": ["SPX"]})
@example({"assets": {"VNQ": {"rules": [{"kind": "rsi_percentile", "layers": [2, 2]}]}}})
@example({"assets": {"VNQ": {"is_host": "no"}}})
@example({"assets": {"VNQ": {"roots": ["VNQ"]}}})
@example({"assets": {"VNQ": {"roots": [{"name": "VNQ", "multiplier": 0}]}}})
@example({"assets": {"VIX": {"is_host": True}}})
def test_a_universe_is_refused_or_has_ladders(document):
    found = _accepted(lambda: extend_universe(document, "u.toml"), "u.toml")
    if found is None:
        return
    assert "VIX" in found
    assert hosts(found)
    for asset in found.values():
        assert all(root.multiplier > 0 for root in asset.roots)
        spoken = [(rule.kind, layer) for rule in asset.declared for layer in rule.layers]
        assert len(spoken) == len(set(spoken))
        assert all(0.0 <= rule.alpha < 1.0 for rule in asset.declared)
    assert plan_ladders(found, frames.empty(PRICED_QUOTES), [PROFILES["trigger_442"]])


def test_overrides_that_one_profile_cannot_take_are_refused_with_the_hosts_name():
    """An entry is laid over every profile that runs, also over one whose shortest tenor is of 10 days."""
    entry = {"VNQ": {"profile_overrides": {"roll_dte_days": 12}}}
    universe = extend_universe({"assets": entry}, "u")
    assert plan_ladders(universe, frames.empty(PRICED_QUOTES), [PROFILES["trigger_442"]])
    with pytest.raises(ContractError, match=r"VNQ\.profile_overrides: profile weight_40_40_20: roll_dte_days"):
        plan_ladders(universe, frames.empty(PRICED_QUOTES), PROFILES.values())
