"""Costs: scenarios, break-even jumps, yearly costs, internal rates, structure beta, dividends; slow references here."""

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from alvh_core import frames
from alvh_core.basis.betas import slopes
from alvh_core.basis.closes import Closes
from alvh_core.basis.term import DECLARED_BETAS, tenor_beta
from alvh_core.black import price
from alvh_core.costs.carry import night_costs, yearly_costs
from alvh_core.costs.dividends import (
    gordon_value,
    hedged_betas,
    host_yields,
    night_dividends,
    night_drip,
    portfolio_pe,
)
from alvh_core.costs.scenario import break_even_shocks, distinct_legs, known_betas, night_scenarios, value_after
from alvh_core.costs.structure import READ, night_structure
from alvh_core.costs.xirr import xirr
from alvh_core.ladders import ladder_books, plan_ladders
from alvh_core.profiles import PROFILES
from alvh_core.registry.basis import TERM
from alvh_core.registry.book import BOOK
from alvh_core.registry.costs import COSTS, SCENARIOS
from alvh_core.reporting.surroundings import cost_section
from alvh_core.universe import DEFAULT_UNIVERSE

NIGHT = pd.Timestamp("2026-07-16")
FORWARDS, STRIKES, VOLS, DAYS = (18.25, 19.5, 20.1), (23.0, 27.0, 30.0), (0.95, 0.75, 0.62), (30, 110, 220)


def _ladder(units=(4, 4, 2), sides=(1, 1, 1), spread=0.1, symbol="VIX", profile="trigger_442", right="C"):
    """The three VIX calls of the domain paper's goldens, priced at 4 %."""
    years = np.array(DAYS) / 365.0
    discount = np.exp(-0.04 * years)
    mids = price(FORWARDS, STRIKES, years, VOLS, discount, right == "C")
    rows = [{
        "host": "SPX", "scenario_host": "SPX", "variant": "V0_REF", "hedge_symbol": symbol, "profile": profile,
        "layer_no": at + 1, "option_right": right, "units_target": units[at], "side": sides[at], "multiplier": 100,
        "strike_usd": STRIKES[at], "forward_usd": FORWARDS[at], "iv_vol": VOLS[at], "years": years[at],
        "dte_days": DAYS[at], "discount": discount[at], "mid_usd": mids[at], "bid_usd": mids[at] * (1 - spread / 2),
        "ask_usd": mids[at] * (1 + spread / 2), "spread_frac": spread, "leg_status": "OK", "size_status": "OK",
    } for at in range(3)]  # fmt: skip
    return pd.DataFrame(rows)


def test_nothing_is_gained_without_a_jump_and_layers_add_up():
    legs = distinct_legs(_ladder().assign(mid_usd=lambda rows: rows["mid_usd"] * (1.0 + 1e-12)), {})
    found = night_scenarios(legs, {}, NIGHT, "simulated")
    calm = found[found["shock_vol_points"] == 0]
    assert (calm["gain_usd"] == 0.0).all(), "to the last bit, though a volatility gives its mid back but for rounding"
    np.testing.assert_allclose(found["gain_usd"], found["value_mid_usd"] - found["premium_usd"], atol=1e-8)
    for _, part in found.groupby("shock_vol_points"):
        by_layer = part.set_index("scenario_layer_no")["value_mid_usd"]
        assert by_layer[0] == pytest.approx(by_layer[[1, 2, 3]].sum())


def test_forwards_are_damped_by_tenor():
    found = night_scenarios(distinct_legs(_ladder(), {}), {}, NIGHT, "simulated")
    jump = found[(found["shock_vol_points"] == 10) & (found["scenario_layer_no"] > 0)]
    moved = jump.set_index("scenario_layer_no")["shocked_forward_usd"] - pd.Series(FORWARDS, index=[1, 2, 3])
    np.testing.assert_allclose(moved, [5.3, 2.7, 1.7])
    assert tenor_beta([30, 110, 220]).tolist() == list(DECLARED_BETAS.values())


def test_a_sale_brings_less_the_wider_the_market():
    found = night_scenarios(distinct_legs(_ladder(spread=0.12), {}), {("VIX", "C"): 0.2}, NIGHT, "simulated")
    whole = found[found["scenario_layer_no"] == 0]
    np.testing.assert_allclose(whole["liq_tonight_usd"], whole["value_mid_usd"] * 0.94)
    np.testing.assert_allclose(whole["liq_p95_usd"], whole["value_mid_usd"] * 0.90)
    np.testing.assert_allclose(whole["liq_x3_usd"], whole["value_mid_usd"] * 0.82)
    assert (whole["liq_x2_usd"] > whole["liq_x3_usd"]).all()


def test_a_chain_without_a_beta_says_so_and_a_missing_leg_leaves_no_sum():
    no_beta = night_scenarios(distinct_legs(_ladder(symbol="VXX"), {}), {}, NIGHT, "simulated")
    told = no_beta[no_beta["scenario_layer_no"] == 0].set_index("shock_vol_points")["scenario_status"].astype("str")
    assert told[10] == "NO_BETA"
    lost = _ladder().assign(iv_vol=[0.95, np.nan, 0.62])
    found = night_scenarios(distinct_legs(lost, {}), {}, NIGHT, "simulated")
    whole = found[found["scenario_layer_no"] == 0]
    assert whole["value_mid_usd"].isna().all()
    assert set(whole["scenario_status"].astype("str")) == {"NO_LEG"}


def _basis(**betas):
    rows = [{"host": name, "vix_beta_frac": beta, "vix_beta_se": error} for name, (beta, error) in betas.items()]
    return pd.DataFrame(rows)


def test_a_beta_that_chance_would_give_is_none():
    nan = np.nan
    betas, weak = known_betas(_basis(KO=(0.0007, 0.0006), XLE=(1.644e-3, 1e-3), SPX=(-1.646e-3, 1e-3), VXX=(0.02, 1e-3),
                                     GONE=(nan, nan), BARE=(-0.004, nan), STILL=(0.0, 0.0)))  # fmt: skip
    assert weak == {"KO", "XLE", "BARE", "STILL"}, "without an error there is no evidence"
    assert (betas["SPX"], betas["VXX"]) == (-1.646e-3, 0.02)
    assert set(betas) == {"SPX", "VXX", "GONE"}


def test_few_betas_of_zero_pass():
    """Half a year of sessions with tails as fat as markets have: the limit is meant for 10 of 100."""
    rng = np.random.default_rng(3)
    fit = slopes(rng.standard_t(3, (120, 2000)), rng.standard_t(3, (120, 2000)), min_nobs=120)
    rows = pd.DataFrame({"host": np.arange(2000).astype("U"), "vix_beta_frac": fit.slope, "vix_beta_se": fit.se})
    passed = len(known_betas(rows)[0]) / 2000
    assert 0.08 < passed < 0.16


def test_what_follows_vix_by_chance_has_no_stress_and_says_why():
    puts = _ladder(symbol="KO", right="P").assign(variant="V3_NATIVE")
    betas, weak = known_betas(_basis(KO=(-0.0003, 0.0004), SPX=(-0.004, 0.0003)))
    legs = distinct_legs(pd.concat([puts, _ladder()]), betas, weak=weak)
    found = night_scenarios(legs, {}, NIGHT, "recorded")
    mine = found[found["hedge_symbol"] == "KO"]
    assert set(mine["scenario_status"].astype("str")) == {"WEAK_BETA"}
    assert mine[["value_mid_usd", "value_vol_up_usd", "gain_usd", "liq_tonight_usd"]].isna().all(axis=None)
    assert set(found.loc[found["hedge_symbol"] == "VIX", "scenario_status"].astype("str")) == {"OK"}
    for fill in (0.0, 1.0):
        even = break_even_shocks(legs, fill).set_index("hedge_symbol")
        assert even["status"].to_dict() == {"KO": "WEAK_BETA", "VIX": "OK"}
        assert np.isnan(even.loc["KO", "shock"])
    lost = distinct_legs(puts.assign(leg_status="NO_EXPIRY", size_status="NO_QUOTE"), betas, weak=weak)
    assert break_even_shocks(lost, 1.0)["status"].tolist() == ["NO_LEG"], "what is not there has nothing to follow"


def test_costs_of_a_ladder_that_follows_vix_by_chance_tell_no_price_of_stress():
    puts = distinct_legs(_ladder(symbol="SPX", right="P"), {}, weak={"SPX"})
    found = _tonight(puts, _reference()).set_index("variant").loc["V3_NATIVE"]
    assert found["be_shock_status"] == "WEAK_BETA"
    names = [name for name in found.index if name.startswith(("be_shock_", "stress_price_")) and "status" not in name]
    assert len(names) == 4
    assert found[names].isna().all()


def _whole(legs):
    found = night_scenarios(distinct_legs(legs, {}), {}, NIGHT, "recorded")
    return found[found["scenario_layer_no"] == 0]


@pytest.mark.parametrize("status", ["NO_DATA", "NO_EXPIRY", "NO_STRIKE", "BAD_QUOTE", "ZERO_BID"])
@pytest.mark.parametrize("units", [0, 2])  # of a layer sized by premium, and of one in contracts
def test_a_declared_layer_without_a_leg_leaves_no_ladder(status, units):
    lost = _ladder(units=(4, 4, units)).assign(leg_status=["OK", "OK", status], size_status=["OK", "OK", "NO_QUOTE"])
    whole = _whole(lost)
    assert set(whole["scenario_status"].astype("str")) == {"NO_LEG"}
    assert whole[["value_mid_usd", "premium_usd", "gain_usd", "liq_x3_usd"]].isna().all(axis=None)
    even = break_even_shocks(distinct_legs(lost, {}), 1.0).iloc[0]
    assert (even["status"], np.isnan(even["shock"])) == ("NO_LEG", True)


def test_a_layer_that_the_profile_leaves_out_or_the_budget_cannot_buy_is_not_missing():
    for sized in ("NOT_IN_LADDER", "TOO_SMALL", "CAPPED"):
        legs = _ladder(units=(4, 4, 0)).assign(size_status=["OK", "OK", sized])
        whole = _whole(legs)
        assert set(whole["scenario_status"].astype("str")) == {"OK"}
        alone = _whole(_ladder().iloc[:2])
        np.testing.assert_allclose(whole["value_mid_usd"], alone["value_mid_usd"])
        assert break_even_shocks(distinct_legs(legs, {}), 1.0)["status"].iloc[0] == "OK"


def test_a_ladder_that_buys_nothing_has_a_row_and_no_sum():
    nothing = _ladder(units=(0, 0, 0)).assign(size_status="TOO_SMALL")
    whole = _whole(nothing)
    assert set(whole["scenario_status"].astype("str")) == {"NO_LEG"}
    assert whole["value_mid_usd"].isna().all()
    assert break_even_shocks(distinct_legs(nothing, {}), 1.0)["status"].iloc[0] == "NO_LEG"


def test_a_host_with_parameters_of_its_own_has_its_own_scenarios_and_notional():
    own = {"target_delta": 0.3, "hedged_notional_usd": 1e6}
    universe = {name: DEFAULT_UNIVERSE[name] for name in ("VIX", "SPX", "IWM", "QQQ", "XLE")}
    universe["XLE"] = replace(universe["XLE"], profile_overrides=own)
    universe["QQQ"] = replace(universe["QQQ"], profile_overrides={"target_delta": 0.5})  # what the profile says too
    plan = plan_ladders(universe, pd.DataFrame({"underlying": list(universe)}), [PROFILES["trigger_442"]])
    ladders = ladder_books(plan)
    calls = ladders[ladders["hedge_symbol"] == "VIX"]
    assert dict(zip(calls["host"], calls["scenario_host"], strict=True)) == {
        "SPX": "IWM", "IWM": "IWM", "QQQ": "IWM", "XLE": "XLE",
    }  # fmt: skip
    chosen = _ladder().drop(columns=["host", "variant", "option_right", "scenario_host"])
    legs = calls.merge(chosen, on=["hedge_symbol", "profile"])
    far = np.where(legs["host"] == "XLE", 1.2, 1.0)
    legs = legs.assign(
        strike_usd=legs["strike_usd"] * far, bid_usd=legs["bid_usd"] / far, mid_usd=legs["mid_usd"] / far
    )
    found = distinct_legs(legs.astype({"host": "category", "scenario_host": "category"}), {})  # as the stage has them
    assert found["scenario_host"].tolist() == ["IWM"] * 3 + ["XLE"] * 3
    jump = night_scenarios(found, {}, NIGHT, "simulated").astype({"scenario_host": "str"})
    whole = jump[(jump["scenario_layer_no"] == 0) & (jump["shock_vol_points"] == 10)].set_index("scenario_host")
    assert whole.loc["XLE", "value_mid_usd"] < whole.loc["IWM", "value_mid_usd"]
    book = ladders.assign(**dict.fromkeys(set(BOOK.names) - set(ladders), 0.0))
    cost = night_costs(book[[n for n in BOOK.names if n in book]], found, ladders, {}, funding_rate=0.04,
                       trade_date=NIGHT, source_mode="simulated").astype({"host": "str", "variant": "str"})  # fmt: skip
    by = cost[cost["variant"] == "V1_SAME_HEDGE"].set_index("host")
    assert by["hedged_notional_usd"].to_dict() == {"SPX": 1e7, "IWM": 1e7, "QQQ": 1e7, "XLE": 1e6}
    shocks = by["be_shock_touch_vol_points"]
    assert shocks["SPX"] == shocks["IWM"] == shocks["QQQ"] != shocks["XLE"]
    for named in (cost, cost.assign(scenario_host=None)):  # a night of before has no names, and one book
        told = jump if named is cost else jump[jump["scenario_host"] == "IWM"]
        tables = {COSTS.name: named, SCENARIOS.name: told, TERM.name: frames.empty(TERM)}
        rows = cost_section(tables, {"trigger_442": PROFILES["trigger_442"]}).tables[1].rows
        assert len(rows) == 5, "the report shows the reference's own, once"
    tables[COSTS.name] = cost[cost["variant"] != "V0_REF"]
    shown = cost_section(tables, {"trigger_442": PROFILES["trigger_442"]}).tables
    assert (len(shown[0].rows), len(shown[1].rows)) == (0, 5), "without a reference ladder what there is, and no error"


@given(st.floats(0.01, 0.4), st.floats(0.01, 0.4))
def test_value_rises_with_the_jump_and_the_even_jump_with_the_price_paid(spread, fill):
    legs = distinct_legs(_ladder(spread=spread), {})
    values = [float((legs["shares"] * value_after(legs, jump)).sum()) for jump in (0.0, 5.0, 10.0, 30.0)]
    assert values == sorted(values)
    low, high = (break_even_shocks(legs, k)["shock"].iloc[0] for k in (fill, fill + 0.5))
    assert 0.0 <= low <= high


def test_the_even_jump_against_a_slow_search():
    legs = distinct_legs(_ladder(spread=0.3), {})
    found = break_even_shocks(legs, 1.0).iloc[0]
    paid = float((legs["shares"] * legs["ask_usd"]).sum())
    slow = next(x for x in np.arange(0.0, 20.0, 0.001) if (legs["shares"] * value_after(legs, x)).sum() >= paid)
    assert found["shock"] == pytest.approx(slow, abs=0.002)
    assert break_even_shocks(legs, 0.0)["shock"].iloc[0] == pytest.approx(0.0, abs=1e-6), "at mid it is even at once"


def test_no_solution_is_said():
    found = break_even_shocks(distinct_legs(_ladder(symbol="SPX", right="P"), {"SPX": 0.01}), 1.0).iloc[0]
    assert (found["status"], np.isnan(found["shock"])) == ("NO_SOLUTION", True), "puts of what rises with VIX"


def test_order_of_legs_does_not_matter():
    legs = pd.concat([_ladder(), _ladder(profile="other", units=(2, 4, 4)), _ladder(symbol="VXX")])
    mixed = legs.sample(frac=1.0, random_state=3)
    one, other = (
        night_scenarios(distinct_legs(frame, {"VXX": 0.02}), {}, NIGHT, "simulated") for frame in (legs, mixed)
    )
    pd.testing.assert_frame_equal(one, other)


NIGHTS = ("book_nights_count", "calm_nights_count", "held_nights_count")


def _sums(**values):
    zero = dict.fromkeys(("sum_pnl_calm_usd", "sum_crossing_usd", "sum_fees_usd", "sum_outlay_days_usd"), 0.0)
    return pd.DataFrame([{**zero, **dict.fromkeys(NIGHTS, 252), **values}])


def test_a_monthly_share_of_premium_that_always_expires_worthless_costs_twelve_times_it():
    notional, share = 1e6, 0.001
    cost = yearly_costs(_sums(sum_pnl_calm_usd=-12 * share * notional), pd.Series([notional]), 0.0).iloc[0]
    assert cost["carry_mid_bp"] == pytest.approx(12 * share * 1e4)
    assert cost["friction_touch_bp"] == 0.0


def test_costs_of_half_a_year_by_hand():
    sums = _sums(book_nights_count=126, calm_nights_count=120, sum_pnl_calm_usd=-600.0, sum_crossing_usd=100.0,
                 sum_fees_usd=10.0, sum_outlay_days_usd=365_000.0)  # fmt: skip
    cost = yearly_costs(sums, pd.Series([1e6]), 0.05).iloc[0]
    assert cost["carry_mid_bp"] == pytest.approx(600 * 252 / 120 / 1e6 * 1e4)
    assert cost["friction_touch_bp"] == pytest.approx(2.0)
    assert cost["friction_eff_bp"] == pytest.approx(1.18), "linear in the fill: 0.59 of the touch"
    assert cost["financing_bp"] == pytest.approx(1000 * 0.05 * 2 / 1e6 * 1e4)
    assert cost["hedge_cost_of_capital_bp"] == pytest.approx(12.6 + 2.0 + 0.2 + 1.0)


@pytest.mark.parametrize(("nights", "calm", "status"), [
    (62, 62, "INSUFFICIENT"), (252, 62, "INSUFFICIENT"), (62, 0, "INSUFFICIENT"), (63, 0, "NO_RETURNS"),
])  # fmt: skip
def test_too_few_nights_are_no_year_and_a_host_without_bars_never_has_one(nights, calm, status):
    cost = yearly_costs(_sums(book_nights_count=nights, calm_nights_count=calm), pd.Series([1e6]), 0.05).iloc[0]
    assert (cost["cost_status"], np.isnan(cost["carry_mid_bp"])) == (status, True)


@pytest.mark.parametrize(("traces", "status"), [
    pytest.param({}, "NEVER_HELD", id="nothing was ever traded"),
    pytest.param({"book_nights_count": 5, "calm_nights_count": 5}, "NEVER_HELD", id="nor on the first nights"),
    pytest.param({"calm_nights_count": 0}, "NEVER_HELD", id="whatever the host's bars tell"),
    pytest.param({"held_nights_count": 2}, "OK", id="held twice, and sold without a fee: premium is not asked"),
    pytest.param({"sum_fees_usd": 4.0}, "OK", id="bought and gone before the night was over"),
    pytest.param(dict.fromkeys(NIGHTS, np.nan), "INSUFFICIENT", id="no row in the book"),
])  # fmt: skip
def test_what_was_never_held_has_cost_nothing_known(traces, status):
    cost = yearly_costs(_sums(**{"held_nights_count": 0, **traces}), pd.Series([1e6]), 0.05).iloc[0]
    assert cost["cost_status"] == status
    numbers = cost.drop("cost_status").astype("float64")
    assert numbers.isna().all() if status != "OK" else numbers.notna().all()


def _tonight(legs, ladders, **sums):
    """Return `COSTS` of ladders whose books have all the same sums, otherwise 0."""
    book = ladders.assign(**dict.fromkeys(set(BOOK.names) - set(ladders), 0.0)).assign(**sums)
    found = night_costs(book, legs, ladders, {"SPX": 0.02}, funding_rate=0.04, trade_date=NIGHT, source_mode="recorded")
    return found.astype({"host": "str", "variant": "str", "be_shock_status": "str", "cost_status": "str"})


def _reference():
    plan = plan_ladders({name: DEFAULT_UNIVERSE[name] for name in ("VIX", "SPX")},
                        pd.DataFrame({"underlying": ["VIX", "SPX"]}), [PROFILES["trigger_442"]])  # fmt: skip
    return ladder_books(plan)


def test_the_nights_on_which_a_ladder_was_held_stand_beside_its_costs():
    nights, calls = {"book_nights_count": 66, "calm_nights_count": 66}, distinct_legs(_ladder(), {})
    held = _tonight(calls, _reference(), **nights, held_nights_count=2, sum_fees_usd=10.0)
    first = held[held["variant"] == "V0_REF"].iloc[0]
    assert (first["cost_status"], first["held_nights_count"]) == ("OK", 2)
    assert first["dividend_cover_ratio"] > 1000, "that it covers so much says how seldom it was held"
    never = _tonight(calls, _reference(), **nights).iloc[0]
    assert (never["cost_status"], never["held_nights_count"]) == ("NEVER_HELD", 0)
    assert never[["carry_mid_bp", "hedge_cost_of_capital_bp", "dividend_cover_ratio"]].isna().all()
    tables = {SCENARIOS.name: frames.empty(SCENARIOS), TERM.name: frames.empty(TERM)}
    rows = (cost_section({COSTS.name: costs, **tables}, {"trigger_442": PROFILES["trigger_442"]}).tables[0].rows[0]
            for costs in (held, _tonight(calls, _reference(), **nights)))  # fmt: skip
    shown = [[cell.text for cell in row.cells][-3:] for row in rows]
    assert shown == [["0.0", "2", "OK"], ["—", "0", "NEVER_HELD"]]


def test_the_status_of_a_break_even_is_that_of_the_one_at_the_touch():
    """Puts on what rises with VIX: at mid even at once, at the touch never."""
    puts = distinct_legs(_ladder(symbol="SPX", right="P").assign(variant="V3_NATIVE"), {"SPX": 0.01})
    found = _tonight(puts, _reference()).set_index("variant").loc["V3_NATIVE"]
    assert (found["be_shock_mid_vol_points"], found["be_shock_status"]) == (pytest.approx(0.0), "NO_SOLUTION")
    assert np.isnan(found["be_shock_touch_vol_points"])


@pytest.mark.parametrize(
    ("flows", "rate", "status"),
    [
        pytest.param([-100.0, 0.0, 110.0], 0.10, "OK", id="a year at ten percent"),
        pytest.param([-100.0, 0.0, 0.0], np.nan, "NO_SIGN_CHANGE", id="expires worthless"),
        pytest.param([-100.0, 230.0, -132.0], np.nan, "MULTIPLE_SIGN_CHANGES", id="two rates"),
        pytest.param([-100.0, np.nan, 110.0], np.nan, "NO_DATA", id="unknown"),
        pytest.param([-100.0, 0.0, 50.0], -0.5, "OK", id="half is lost"),
    ],
)
def test_internal_rates(flows, rate, status):
    found, told = xirr([0, 182, 365], np.array(flows)[:, None])
    assert told[0] == status
    np.testing.assert_allclose(found[0], rate, atol=1e-9)


@given(st.floats(-0.6, 2.0), st.integers(30, 900))
def test_an_internal_rate_is_found_again(rate, days):
    found, told = xirr([0, days], [[-50.0], [50.0 * (1.0 + rate) ** (days / 365.0)]])
    assert told[0] == "OK"
    assert found[0] == pytest.approx(rate, abs=1e-7)


def test_a_rate_is_the_only_one_while_the_investor_has_money_in():
    """By hand at 10 %: 100 grow to 110, 50 are taken, 60 grow to 66, 34 are paid in, 100 grow to 110 and go."""
    rate, told = xirr([0, 365, 730, 1095], np.array([[-100.0, 50.0, -34.0, 110.0]]).T)
    assert (told[0], rate[0]) == ("OK", pytest.approx(0.10, abs=1e-9))


@given(st.lists(st.floats(-60.0, 60.0), min_size=1, max_size=6), st.floats(-100.0, 150.0))
def test_a_rate_that_is_told_is_the_only_one(between, last):
    days, flows = 90.0 * np.arange(len(between) + 2), np.array([-100.0, *between, last])
    rate, told = xirr(days, flows[:, None])
    grid = np.linspace(np.log1p(-0.99), np.log1p(50.0), 4001)
    values = flows @ np.exp(-np.outer(days / 365.0, grid))
    crossings = int((np.sign(values[1:]) != np.sign(values[:-1])).sum())
    if told[0] == "OK":
        assert crossings == (-0.99 < rate[0] < 50.0)
        worth = flows * (1.0 + rate[0]) ** (-days / 365.0)
        assert abs(worth.sum()) <= 1e-6 * np.abs(worth).sum()
    elif (flows > 0.0).sum() == 1 and last > 1.0:
        assert not (-0.99 < (last / 100.0) ** (365.0 / days[-1]) - 1.0 < 50.0), "one change of sign has one rate"


def _history(nights, pnl_by_host):
    rows = []
    for host, variant, symbol, pnl in pnl_by_host:
        told = zip(nights, pnl, strict=True)
        rows += [[host, variant, symbol, "trigger_442", day, x, x, 0.0, 0.0, 1000.0, 0.0, 0.0, 1] for day, x in told]
    return pd.DataFrame(rows, columns=list(READ))


def test_a_structure_that_moves_twice_as_much_has_a_beta_of_two():
    rng = np.random.default_rng(5)
    nights = pd.bdate_range("2025-07-01", "2026-07-16")
    base, closes = rng.normal(0.0, 100.0, len(nights)), 100.0 * np.exp(np.cumsum(rng.normal(0, 0.01, len(nights))))
    native_pnl = 2.0 * base - 5.0 * (nights.day_of_week == 0)  # 5 a week of a premium of 1,000
    history = _history(nights, [("SPX", "V0_REF", "VIX", base), ("IWM", "V1_SAME_HEDGE", "VIX", base),
                                ("IWM", "V3_NATIVE", "IWM", native_pnl)])  # fmt: skip
    tonight = history["trade_date"] == NIGHT
    bars = Closes(dates=nights.to_numpy().astype("datetime64[D]"), symbols=("IWM", "SPX"),
                  values=np.column_stack([closes, closes]))  # fmt: skip
    found = night_structure(history[~tonight], history[tonight], bars, {"SPX": 1e6, "IWM": 1e6}, NIGHT, "recorded")
    by = found.astype({"variant": "str", "structure_status": "str"}).set_index(["host", "variant"])
    native = by.xs("V3_NATIVE", level="variant").iloc[0]
    assert native["structure_beta"] == pytest.approx(2.0)
    assert native["structure_alpha_frac"] == pytest.approx(-0.005)
    assert native["structure_r2_frac"] == pytest.approx(1.0)
    assert native["beta_host_unhedged"] == pytest.approx(1.0)
    same = by.xs("V1_SAME_HEDGE", level="variant").iloc[0]
    assert (same["structure_status"], pd.isna(same["structure_beta"])) == ("IDENTICAL_INSTRUMENTS", True)
    assert pd.isna(same["structure_alpha_frac"])
    growth = (closes[-1] / closes[0]) ** (365.0 / (nights[-1] - nights[0]).days) - 1.0
    assert native["irr_unhedged_frac"] == pytest.approx(growth, abs=1e-6)


def _rates(units, marks, cash, sale=0.0):
    """Return the structure of one ladder beside a host of 1,000,000 that stands still for a year."""
    nights = pd.to_datetime(["2025-07-16", "2025-07-17", "2026-01-16", "2026-07-16"])
    rows = [["SPX", "V0_REF", "VIX", "ratio_4_4_2", day, 0.0, *told] for day, *told in zip(
        nights, cash, [0.0] * 4, [0.0] * 4, [0.0] * 4, marks, [*marks[:3], sale], units, strict=True)]  # fmt: skip
    history = pd.DataFrame(rows, columns=list(READ))
    bars = Closes(dates=nights.to_numpy().astype("datetime64[D]"), symbols=("SPX",), values=np.full((4, 1), 100.0))
    found = night_structure(history[:3], history[3:], bars, {"SPX": 1e6}, NIGHT, "recorded").iloc[0]
    return found.astype("object").to_dict() | {"irr_status": str(found["irr_status"])}


def test_the_drag_of_a_ladder_that_trades_by_hand():
    """1,000 paid on the second day; 500 come back after half a year, 500 more are paid, and nothing is left."""
    found = _rates([0, 4, 4, 4], [0.0, 1000.0, 500.0, 0.0], [0.0, -1000.0, 0.0, 0.0])
    assert found["irr_status"] == "OK"
    assert found["irr_drag_bp"] == pytest.approx(1e4 * (1 - 1e6 / 1.001e6), abs=0.05)
    both = _rates([0, 4, 2, 4], [0.0, 1000.0, 500.0, 0.0], [0.0, -1000.0, 500.0, -500.0])
    assert (both["irr_status"], both["irr_hedged_touch_frac"]) == ("OK", pytest.approx(-0.001, abs=2e-6))


def test_an_opening_without_a_mark_is_no_free_gift():
    found = _rates([4, 4, 4, 4], [np.nan, 1e5, 1e5, 1e5], [0.0] * 4, sale=1e5)
    assert found["irr_status"] == "NO_DATA"
    assert np.isnan([found["irr_hedged_mid_frac"], found["irr_hedged_touch_frac"], found["irr_drag_bp"]]).all()
    assert found["irr_unhedged_frac"] == pytest.approx(0.0, abs=1e-9)
    held = _rates([4, 4, 4, 4], [1e5] * 4, [0.0] * 4, sale=1e5)
    assert (held["irr_status"], held["irr_drag_bp"]) == ("OK", pytest.approx(0.0, abs=1e-6))


def test_a_ladder_that_held_nothing_says_nothing_of_its_drag():
    found = _rates([0, 0, 0, 0], [0.0] * 4, [0.0] * 4)
    assert (found["irr_status"], np.isnan(found["irr_drag_bp"])) == ("NOT_HELD", True)


def test_dividends_by_hand():
    assert gordon_value(2.0, 0.08, 0.03) == pytest.approx(40.0)
    assert np.isnan(gordon_value(2.0, 0.03, 0.03))
    assert portfolio_pe([100.0, 300.0], [10.0, 30.0]) == 10.0
    assert np.isnan(portfolio_pe([100.0], [0.0]))


def test_a_required_return_takes_the_hedged_beta_where_there_is_one():
    structure = pd.DataFrame({
        "host": ["KO", "KO", "JNJ", "SPX"], "variant": ["V1_SAME_HEDGE", "V3_NATIVE", "V1_SAME_HEDGE", "V0_REF"],
        "beta_host_hedged": [0.5, 0.1, np.nan, 0.99],
    })  # fmt: skip
    ratios = pd.DataFrame({
        "symbol": ["KO", "JNJ", "AAPL"], "dividends_ttm_usd": 2.0, "close_usd": 60.0, "eps_ttm_usd": 3.0,
        "shares_count": 1e9, "market_cap_usd": 6e10, "dividends_status": "OK",
    })  # fmt: skip
    hedged = hedged_betas(structure)
    assert hedged == {"KO": 0.5, "SPX": 0.99}
    stress = {"KO": 0.7, "JNJ": 0.8}
    found = night_dividends(ratios, DEFAULT_UNIVERSE, hedged, stress, 0.04, NIGHT, "simulated").set_index("symbol")
    assert found["ddm_beta_kind"].astype("str").to_dict() == {
        "KO": "HEDGED", "JNJ": "UNHEDGED_STRESS", "AAPL": "NONE",
    }  # fmt: skip
    np.testing.assert_allclose(found["ddm_beta"], [0.5, 0.8, np.nan])
    np.testing.assert_allclose(found["required_return_frac"], [0.065, 0.08, np.nan])  # at a premium of 5 %
    assert found["ddm_status"].astype("str").tolist() == ["OK", "OK", "NO_BETA"]


@pytest.mark.parametrize(
    ("reported", "paid", "told"),
    [
        ("OK", 2.0, "OK"),
        ("OK", 0.0, "NO_DIVIDEND"),
        ("NOT_REPORTED", np.nan, "NOT_REPORTED"),
        *((status, np.nan, "NO_FACTS") for status in ("NO_FACTS", "NO_CIK", "STALE", "INCOMPLETE")),
    ],
)
def test_what_is_not_known_is_no_dividend_of_zero(reported, paid, told):
    ratios = pd.DataFrame({
        "symbol": ["KO"], "dividends_ttm_usd": paid, "dividends_status": reported, "close_usd": 60.0,
        "eps_ttm_usd": 3.0, "shares_count": 1e9, "market_cap_usd": 6e10,
    })  # fmt: skip
    found = night_dividends(ratios, DEFAULT_UNIVERSE, {"KO": 0.5}, {}, 0.04, NIGHT, "simulated").iloc[0]
    assert (found["ddm_status"], np.isnan(found["ddm_value_usd"])) == (told, told != "OK")


def _drip(actions, closes):
    told = pd.DataFrame(actions, columns=["symbol", "ex_date", "dividend_usd", "split_ratio"])
    told = told.astype({"ex_date": "datetime64[s]", "dividend_usd": "float64", "split_ratio": "float64"})
    bars = pd.DataFrame(closes, columns=["symbol", "bar_date", "close_usd"])
    bars = bars.astype({"bar_date": "datetime64[s]", "close_usd": "float64"})
    found = night_drip(told, bars, NIGHT, "recorded").astype({"symbol": "str"}).set_index("symbol")
    return found[["dividends_year_usd", "payments_count", "drip_shares"]]


def test_a_year_of_dividends_reinvested_by_hand():
    found = _drip(
        [("KO", "2026-06-15", 0.5, 1.0), ("KO", "2026-03-13", 0.5, 1.0), ("KO", "2025-07-16", 9.0, 1.0),  # a year ago
         ("SCHD", "2026-06-24", 0.3, 1.0), ("NVDA", "2026-06-10", 0.0, 10.0)],
        [("KO", "2026-06-15", 50.0), ("KO", "2026-03-13", 40.0), ("KO", "2025-07-16", 40.0),
         ("SCHD", "2026-06-24", 30.0)],
    )  # fmt: skip
    assert found.loc["KO"].tolist() == pytest.approx([1.0, 2, (1 + 0.5 / 40.0) * (1 + 0.5 / 50.0)])
    assert found.loc["SCHD"].tolist() == pytest.approx([0.3, 1, 1.01])
    assert len(found) == 2, "of what pays nothing, or whose dividends nobody tells, there is no row"


def test_dividends_before_a_split_are_of_the_old_shares():
    """Four for one in May: 2.00 a share in March are 0.50 of today's; that of the day itself is of the new shares."""
    actions = [("X", "2026-03-13", 2.0, 1.0), ("X", "2026-05-15", 0.6, 4.0), ("X", "2026-07-01", 0.6, 1.0)]
    closes = [("X", "2026-03-13", 25.0), ("X", "2026-05-15", 30.0), ("X", "2026-07-01", 30.0)]  # adjusted
    assert _drip(actions, closes).loc["X"].tolist() == pytest.approx([1.7, 3, 1.02**3])


def test_a_yield_is_of_the_shares_of_tonight():
    """10 USD before a split of ten for one are 1 USD of today's shares, 1 % of a close of 100."""
    actions = pd.DataFrame({
        "symbol": ["X", "X"], "ex_date": pd.to_datetime(["2026-03-13", "2026-05-15"]), "dividend_usd": [10.0, 0.0],
        "split_ratio": [1.0, 10.0],
    })  # fmt: skip
    closes = pd.DataFrame({"symbol": ["X"], "close_usd": [100.0]})
    assert host_yields(actions, closes, NIGHT) == {"X": pytest.approx(0.01)}


def test_without_the_close_of_an_ex_date_nothing_is_reinvested():
    found = _drip([("KO", "2026-06-15", 0.5, 1.0), ("KO", "2026-03-13", 0.5, 1.0)], [("KO", "2026-06-15", 50.0)])
    assert found["payments_count"].tolist() == [2]
    assert found["drip_shares"].isna().all()
    assert _drip([], []).empty
