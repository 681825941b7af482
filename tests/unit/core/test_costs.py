"""Costs: scenarios, break-even jumps, yearly costs, internal rates, structure beta, dividends; slow references here."""

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from alvh_core.basis.closes import Closes
from alvh_core.basis.term import DECLARED_BETAS, tenor_beta
from alvh_core.black import price
from alvh_core.costs.carry import yearly_costs
from alvh_core.costs.dividends import gordon_value, night_drip, portfolio_pe, reinvested_shares
from alvh_core.costs.scenario import break_even_shocks, distinct_legs, night_scenarios, value_after
from alvh_core.costs.structure import READ, night_structure
from alvh_core.costs.xirr import xirr

NIGHT = pd.Timestamp("2026-07-16")
FORWARDS, STRIKES, VOLS, DAYS = (18.25, 19.5, 20.1), (23.0, 27.0, 30.0), (0.95, 0.75, 0.62), (30, 110, 220)


def _ladder(units=(4, 4, 2), sides=(1, 1, 1), spread=0.1, symbol="VIX", profile="trigger_442", right="C"):
    """The three VIX calls of the domain paper's goldens, priced at 4 %."""
    years = np.array(DAYS) / 365.0
    discount = np.exp(-0.04 * years)
    mids = price(FORWARDS, STRIKES, years, VOLS, discount, right == "C")
    rows = [{
        "host": "SPX", "variant": "V0_REF", "hedge_symbol": symbol, "profile": profile, "layer_no": at + 1,
        "option_right": right, "units_target": units[at], "side": sides[at], "multiplier": 100,
        "strike_usd": STRIKES[at], "forward_usd": FORWARDS[at], "iv_vol": VOLS[at], "years": years[at],
        "dte_days": DAYS[at], "discount": discount[at], "mid_usd": mids[at], "bid_usd": mids[at] * (1 - spread / 2),
        "ask_usd": mids[at] * (1 + spread / 2), "spread_frac": spread,
    } for at in range(3)]  # fmt: skip
    return pd.DataFrame(rows)


def test_nothing_is_gained_without_a_jump_and_layers_add_up():
    legs = distinct_legs(_ladder(), {})
    found = night_scenarios(legs, {}, NIGHT, "simulated")
    calm = found[found["shock_vol_points"] == 0]
    np.testing.assert_allclose(calm["gain_usd"], 0.0, atol=1e-8)
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


@settings(deadline=None)  # a machine that is busy
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


def _sums(**values):
    zero = dict.fromkeys(("sum_pnl_calm_usd", "sum_crossing_usd", "sum_fees_usd", "sum_outlay_days_usd"), 0.0)
    return pd.DataFrame([{**zero, "book_nights_count": 252, "calm_nights_count": 252, **values}])


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


@pytest.mark.parametrize(("nights", "calm"), [(62, 62), (252, 62)])
def test_too_few_nights_are_no_year(nights, calm):
    cost = yearly_costs(_sums(book_nights_count=nights, calm_nights_count=calm), pd.Series([1e6]), 0.05).iloc[0]
    assert (cost["cost_status"], np.isnan(cost["carry_mid_bp"])) == ("INSUFFICIENT", True)


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


def _history(nights, pnl_by_host):
    rows = []
    for host, variant, symbol, pnl in pnl_by_host:
        told = zip(nights, pnl, strict=True)
        rows += [[host, variant, symbol, "trigger_442", day, x, x, 0.0, 0.0, 1000.0, 0.0, 0.0] for day, x in told]
    return pd.DataFrame(rows, columns=list(READ))


def test_a_structure_that_moves_twice_as_much_has_a_beta_of_two():
    rng = np.random.default_rng(5)
    nights = pd.bdate_range("2025-07-01", "2026-07-16")
    base, closes = rng.normal(0.0, 100.0, len(nights)), 100.0 * np.exp(np.cumsum(rng.normal(0, 0.01, len(nights))))
    history = _history(nights, [("SPX", "V0_REF", "VIX", base), ("IWM", "V1_SAME_HEDGE", "VIX", base),
                                ("IWM", "V3_NATIVE", "IWM", 2.0 * base)])  # fmt: skip
    tonight = history["trade_date"] == NIGHT
    bars = Closes(dates=nights.to_numpy().astype("datetime64[D]"), symbols=("IWM", "SPX"),
                  values=np.column_stack([closes, closes]))  # fmt: skip
    found = night_structure(history[~tonight], history[tonight], bars, 1e6, NIGHT, "recorded")
    by = found.astype({"variant": "str", "structure_status": "str"}).set_index(["host", "variant"])
    native = by.xs("V3_NATIVE", level="variant").iloc[0]
    assert native["structure_beta"] == pytest.approx(2.0)
    assert native["structure_r2_frac"] == pytest.approx(1.0)
    assert native["beta_host_unhedged"] == pytest.approx(1.0)
    same = by.xs("V1_SAME_HEDGE", level="variant").iloc[0]
    assert (same["structure_status"], pd.isna(same["structure_beta"])) == ("IDENTICAL_INSTRUMENTS", True)
    growth = (closes[-1] / closes[0]) ** (365.0 / (nights[-1] - nights[0]).days) - 1.0
    assert native["irr_unhedged_frac"] == pytest.approx(growth, abs=1e-6)


def test_dividends_by_hand():
    assert gordon_value(2.0, 0.08, 0.03) == pytest.approx(40.0)
    assert np.isnan(gordon_value(2.0, 0.03, 0.03))
    assert portfolio_pe([100.0, 300.0], [10.0, 30.0]) == 10.0
    assert np.isnan(portfolio_pe([100.0], [0.0]))
    assert reinvested_shares(100.0, 2.0, 0.25, 50.0) == pytest.approx(103.0)


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


def test_without_the_close_of_an_ex_date_nothing_is_reinvested():
    found = _drip([("KO", "2026-06-15", 0.5, 1.0), ("KO", "2026-03-13", 0.5, 1.0)], [("KO", "2026-06-15", 50.0)])
    assert found["payments_count"].tolist() == [2]
    assert found["drip_shares"].isna().all()
    assert _drip([], []).empty
