"""Parity of Cboe's sample table, single legs by hand, and a spread's percentile against a slow count."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from alvh_core.basis.closes import Closes
from alvh_core.ladders import Ladder
from alvh_core.params import SpreadRule
from alvh_core.profiles import PROFILES
from alvh_core.selection import LegRule
from alvh_core.tightness.history import MIN_NIGHTS, book_spreads
from alvh_core.tightness.legs import ladder_tightness, leg_tightness
from alvh_core.tightness.parity import band_measures, implied_rates, night_parity, spot_candidates, vouched_spots
from alvh_core.universe import DEFAULT_UNIVERSE

DAY = pd.Timestamp("2026-07-16")
TRIGGER = PROFILES["trigger_442"]
NAN = float("nan")
# Cboe's sample calculation of 2014: file, minutes to settlement, rate, and its forward (domain paper 0.3)
TABLE = Path(__file__).parents[2] / "golden" / "data"
EXPIRIES = {
    "near": ("vixnearterm.tsv", 35_924, 0.000305, 1962.89996),
    "next": ("vixnextterm.tsv", 46_394, 0.000286, 1962.40006),
}  # fmt: skip


def _table(which):
    """The sample's quotes as `PRICED_QUOTES` and its forward as `FORWARDS`, as far as parity reads them."""
    file, minutes, rate, forward = EXPIRIES[which]
    strikes, call_bid, call_ask, put_bid, put_ask = np.loadtxt(TABLE / file).T
    years = minutes / 525_600.0
    expiry = DAY + pd.Timedelta(days=minutes // 1440)
    named = {"underlying": "SPX", "root": "SPX", "expiry_date": expiry, "years": years, "dte_days": minutes // 1440}
    sides = [
        pd.DataFrame({**named, "strike_usd": strikes, "option_right": right, "bid_usd": bid, "ask_usd": ask})
        for right, bid, ask in (("C", call_bid, call_ask), ("P", put_bid, put_ask))
    ]
    priced = pd.concat(sides, ignore_index=True).assign(quote_flag="OK")
    return priced, pd.DataFrame([{**named, "forward_usd": forward, "discount": np.exp(-rate * years)}])


def _parity(*which, universe=DEFAULT_UNIVERSE, spot=1962.0, change=lambda priced, forwards: (priced, forwards)):
    tables = [change(*_table(name)) for name in which]
    priced, forwards = (pd.concat(parts, ignore_index=True) for parts in zip(*tables, strict=True))
    spots = pd.DataFrame({"underlying": ["SPX"], "spot_usd": [spot]})
    return night_parity(priced, forwards, spots, universe, DAY, "simulated")


def _ratios(which):
    priced, forwards = _table(which)
    wide = priced.pivot_table(index="strike_usd", columns="option_right", values=["bid_usd", "ask_usd"])
    forward, discount = forwards["forward_usd"].iloc[0], forwards["discount"].iloc[0]
    near = wide[(np.abs(wide.index / forward - 1.0) <= 0.05) & (wide["bid_usd"] > 0).all(axis=1)]
    gap = (near["bid_usd"]["C"] + near["ask_usd"]["C"] - near["bid_usd"]["P"] - near["ask_usd"]["P"]) / 2.0
    half = (near["ask_usd"] - near["bid_usd"]).sum(axis=1) / 2.0
    return np.abs(gap - discount * (forward - near.index)) / half


# --- parity -----------------------------------------------------------------------------------------------------------
@pytest.mark.parametrize(("which", "count", "mean", "most"), [("near", 40, 0.074, 0.201), ("next", 39, 0.317, 0.528)])
def test_parity_of_cboes_table(which, count, mean, most):
    row = _parity(which).iloc[0]
    slow = _ratios(which)
    assert (len(slow), round(slow.mean(), 3), round(slow.max(), 3)) == (count, mean, most)  # domain paper C9
    assert row["band_pairs_count"] == count
    assert row["parity_ratio_max"] == pytest.approx(most, abs=5e-4)
    assert row["parity_ratio_median"] == pytest.approx(slow.median())
    assert (row["conv_edge_usd"] < 0, row["rev_edge_usd"] < 0, row["is_edge_positive"]) == (True, True, False)


def test_the_financing_rate_of_a_short_tenor_is_refused():
    rows = _parity("near", "next")
    assert rows["financing_status"].astype(str).tolist() == ["SHORT_TENOR"] * 2
    assert rows[["r_implied_frac", "r_implied_se_frac", "fin_gap_bp"]].isna().all(axis=None)


def test_what_the_refused_rate_would_be():
    priced, forwards = _table("near")
    wide = priced.pivot_table(index="strike_usd", columns="option_right", values=["bid_usd", "ask_usd"])
    near = wide[np.abs(wide.index / forwards["forward_usd"].iloc[0] - 1.0) <= 0.05]
    pairs = pd.DataFrame({
        "expiry_no": 0, "years": forwards["years"].iloc[0], "strike_usd": near.index,
        "low_usd": (near["bid_usd"]["C"] - near["ask_usd"]["P"]).to_numpy(),
        "high_usd": (near["ask_usd"]["C"] - near["bid_usd"]["P"]).to_numpy(),
    })  # fmt: skip
    found = implied_rates(pairs.assign(gap_usd=(pairs["low_usd"] + pairs["high_usd"]) / 2.0)).iloc[0]
    assert 100.0 * found["r_implied_frac"] == pytest.approx(0.07, abs=0.005)  # domain paper C10: 0.07 % +- 0.48 %
    assert 100.0 * found["r_implied_se_frac"] == pytest.approx(0.48, abs=0.005)


def _clean(rate=0.05, years=0.5, half=0.05, count=21):
    strikes, forward, discount = np.linspace(96.0, 104.0, count), 100.0, np.exp(-rate * years)
    fair = discount * (forward - strikes)
    return pd.DataFrame({"expiry_no": 0, "years": years, "strike_usd": strikes, "gap_usd": fair,
                         "low_usd": fair - 2 * half, "high_usd": fair + 2 * half, "forward_usd": forward,
                         "discount": discount})  # fmt: skip


def test_a_clean_chain_gives_its_rate_back():
    found = implied_rates(_clean()).iloc[0]
    assert found["r_implied_frac"] == pytest.approx(0.05, abs=1e-12)
    assert found["r_implied_se_frac"] == pytest.approx(0.0, abs=1e-6)


def test_a_clean_chain_is_at_parity_and_an_edge_is_seen():
    clean = _clean()
    row = band_measures(clean).iloc[0]
    assert row["parity_ratio_max"] == pytest.approx(0.0, abs=1e-12)
    assert row["conv_edge_usd"] == row["rev_edge_usd"] == pytest.approx(-0.10 - 0.02)  # 2 fees of 1 USD per 100 shares
    assert row["synth_halfspread_bp"] == pytest.approx(1e4 * 0.10 / (clean["discount"].iloc[0] * 100.0))
    row = band_measures(clean.assign(low_usd=clean["low_usd"] + 0.5, high_usd=clean["high_usd"] + 0.5)).iloc[0]
    assert (row["conv_edge_usd"], row["rev_edge_usd"]) == pytest.approx((0.38, -0.62))


def test_american_options_have_a_bound_and_no_edge():
    row = _parity("near", universe={"SPX": DEFAULT_UNIVERSE["SPY"]}).iloc[0]
    assert row["financing_status"] == "AMERICAN"
    assert row[["conv_edge_usd", "rev_edge_usd"]].isna().all()
    assert row["american_excess_usd"] >= 0.0
    assert np.isnan(_parity("near")["american_excess_usd"].iloc[0])


@pytest.mark.parametrize(
    ("clock", "header", "expected"),
    [
        pytest.param("at_close", 448.82, 451.10, id="a header of after the bell: the close"),
        pytest.param("at_close", 451.40, 451.40, id="quotes of a quarter past, as of ETFs: the header"),
        pytest.param("in_session", 448.82, None, id="a stale header in session, where the close is not of the quotes"),
        pytest.param("in_session", 451.60, 451.60, id="a good one"),
        pytest.param("at_close", NAN, 451.10, id="no header"),
    ],
)  # fmt: skip
def test_parity_of_the_nearest_expiry_says_which_price_is_of_the_quotes(clock, header, expected):
    snapshots = pd.DataFrame({"underlying": ["MSFT"], "quote_clock": clock, "underlying_price_usd": header})
    bars = pd.DataFrame({"symbol": ["MSFT", "MSFT", "SPX"], "bar_date": [DAY - pd.Timedelta(days=1), DAY, DAY],
                         "close_usd": [451.43, 451.10, 451.43]})  # fmt: skip
    expiries = pd.DataFrame({
        "underlying": "MSFT", "root": "MSFT", "expiry_date": DAY + pd.to_timedelta([400, 0, 1, 30], "D"),
        "forward_usd": [448.82, 448.82, 451.475, 460.0], "discount": [1.0, 1.0, 0.9999, 0.99],
        "synth_halfspread_bp": [50.0, NAN, 11.0, 0.0],
    })  # fmt: skip
    found = vouched_spots(expiries, spot_candidates(snapshots, bars, DAY))
    assert found.to_dict() == ({} if expected is None else {"MSFT": expected})


def test_the_excess_is_over_the_price_that_is_vouched_for():
    """The sample's synthetic is 1962.86, half a width of 1.86 around it."""
    american = {"SPX": DEFAULT_UNIVERSE["SPY"]}
    priced, forwards = _table("near")
    wide = priced.pivot_table(index="strike_usd", columns="option_right", values=["bid_usd", "ask_usd"])
    near = wide[(np.abs(wide.index / 1962.9 - 1.0) <= 0.05) & (wide["bid_usd"] > 0).all(axis=1)]
    executable = near["bid_usd"]["C"] - near["ask_usd"]["P"] + near.index * forwards["discount"].iloc[0]
    for spot in (1961.0, 1962.0):
        excess = _parity("near", universe=american, spot=spot)["american_excess_usd"].iloc[0]
        assert excess == pytest.approx(max(executable.max() - spot, 0.0))
    for spot in (1950.0, 1970.0, NAN):
        assert np.isnan(_parity("near", universe=american, spot=spot)["american_excess_usd"].iloc[0])


@pytest.mark.parametrize(
    ("change", "status"),
    [
        (lambda p, f: (p, f.assign(dte_days=60)), "OK"),
        (lambda p, f: (p, f.assign(dte_days=59)), "SHORT_TENOR"),
        (lambda p, f: (p[p["strike_usd"].between(1950, 1970)], f.assign(dte_days=90)), "FEW_PAIRS"),
        (lambda p, f: (p, f.assign(dte_days=90, discount=NAN)), "NO_CURVE"),
    ],
)  # fmt: skip
def test_why_there_is_no_rate(change, status):
    if status == "OK":  # the rate's error here, 0.48 %, is just within the 0.5 % allowed
        row = _parity("near", change=lambda p, f: (p, f.assign(dte_days=60))).iloc[0]
        assert row["r_implied_se_frac"] <= 0.005
    else:
        row = _parity("near", change=change).iloc[0]
        assert np.isnan(row["r_implied_frac"])
    assert row["financing_status"] == status


# --- legs -------------------------------------------------------------------------------------------------------------
def _leg(**changes):
    row = {"osi_symbol": "VIX   260819C00020000", "underlying": "VIX", "spread_usd": 0.10, "spread_frac": 0.05,
           "spread_ticks": 2.0, "tick_floor_frac": 0.025, "delta_fwd": 0.5, "forward_usd": 20.0, "vega": 2.5,
           "bid_size_count": 30.0, "ask_size_count": 10.0}  # fmt: skip
    priced = pd.DataFrame([row | changes])
    return leg_tightness(priced[["osi_symbol"]], priced, SpreadRule(), DAY, "simulated").iloc[0]


def test_a_leg_by_hand():
    leg = _leg()
    assert leg["eas_bp"] == pytest.approx(100.0)  # 0.10 / (0.5 * 20)
    assert leg["iv_spread_vol"] == pytest.approx(0.04)
    assert leg["depth_imbalance_frac"] == pytest.approx(0.5)
    assert (leg["is_tick_constrained"], leg["adverse_selection_status"]) == (False, "ONE_SNAPSHOT")
    assert _leg(delta_fwd=-0.5)["eas_bp"] == pytest.approx(100.0)  # a put


@pytest.mark.parametrize(("bid", "ask", "imbalance"), [(7.0, 7.0, 0.0), (5.0, 0.0, 1.0), (0.0, 5.0, -1.0)])
def test_depth_imbalance(bid, ask, imbalance):
    assert _leg(bid_size_count=bid, ask_size_count=ask)["depth_imbalance_frac"] == imbalance
    assert _leg(bid_size_count=ask, ask_size_count=bid)["depth_imbalance_frac"] == -imbalance


@pytest.mark.parametrize(("bid", "ask"), [(NAN, NAN), (0.0, 0.0), (NAN, 5.0)])
def test_without_sizes_there_is_no_imbalance(bid, ask):
    leg = _leg(bid_size_count=bid, ask_size_count=ask)
    assert np.isnan(leg["depth_imbalance_frac"])
    assert leg["adverse_selection_status"] == "NO_SIZES"


def test_zero_delta_or_vega_measures_nothing():
    assert np.isnan(_leg(delta_fwd=0.0)["eas_bp"])
    assert np.isnan(_leg(vega=0.0)["iv_spread_vol"])


def test_tick_constrained():
    assert _leg(spread_ticks=1.0)["is_tick_constrained"]
    assert _leg(tick_floor_frac=0.08)["is_tick_constrained"]
    assert not _leg(tick_floor_frac=0.0799)["is_tick_constrained"]


# --- the acid test ----------------------------------------------------------------------------------------------------
def _acid(**changes):
    rows = {"host": "SPX", "variant": "V0_REF", "hedge_symbol": "VIX", "profile": "trigger_442", "layer_no": [1, 2, 3],
            "osi_symbol": ["A", "B", "C"], "size_status": "OK", "unit_basis": "contracts", "budget_usd": NAN,
            "ask_usd": 2.0, "multiplier": 100,
            "units_target": [4, 4, 2], "side": 1, "ask_size_count": [50.0, 30.0, 20.0], "bid_size_count": 1000.0,
            "adv20_count": [400.0, 200.0, 100.0], "open_interest_count": [9000.0, 3000.0, 700.0]}  # fmt: skip
    legs = pd.DataFrame(rows | changes)
    return ladder_tightness(legs.sample(frac=1.0, random_state=1), DAY, "simulated").iloc[0]


BUDGET = {"unit_basis": "premium", "budget_usd": [899.0, 800.0, 400.0], "units_target": [4, 4, 2]}


def _told(row):
    return row["acid_test_ratio"], row["qr_binding_layer"], row["qr_basis"], row["qr_status"]


def test_acid_test_by_hand():
    # min(50, 40, 90) / 4, min(30, 20, 30) / 4, min(20, 10, 7) / 2
    assert _told(_acid()) == (3.5, 3, "size_volume_oi", "OK")


@pytest.mark.parametrize("times", [2, 5, 70])
def test_acid_test_is_homogeneous_of_degree_minus_one(times):
    assert _acid(units_target=[4 * times, 4 * times, 2 * times])["acid_test_ratio"] == pytest.approx(3.5 / times)


def test_acid_test_is_one_at_the_exact_limit():
    assert _acid(open_interest_count=[9000.0, 3000.0, 200.0])["acid_test_ratio"] == 1.0


def test_a_layer_that_buys_nothing_does_not_count():
    assert _told(_acid(units_target=[4, 4, 0]))[:2] == (5.0, 2)
    row = _acid(units_target=[0, 0, 0])
    assert np.isnan(row["acid_test_ratio"])
    assert row["qr_binding_layer"] is pd.NA
    assert (row["qr_basis"], row["qr_status"]) == ("none", "NOTHING_NEEDED")


@pytest.mark.parametrize(
    ("changes", "told"),
    [
        ({"ask_size_count": NAN}, (3.5, 3, "volume_oi", "OK")),
        ({"adv20_count": NAN}, (3.5, 3, "size_oi", "OK")),
        ({"adv20_count": [400.0, 200.0, NAN]}, (3.5, 3, "size_oi", "OK")),  # the binding layer's
        ({"adv20_count": NAN, "ask_size_count": NAN}, (3.5, 3, "oi", "OK")),
    ],
)
def test_a_term_that_is_not_known_is_left_out_and_the_basis_says_so(changes, told):
    assert _told(_acid(**changes)) == told


def test_a_contract_that_nobody_trades_on_average_can_not_be_had():
    assert _told(_acid(adv20_count=[400.0, 0.0, 100.0])) == (0.0, 2, "size_volume_oi", "OK")


@pytest.mark.parametrize(
    ("changes", "status"),
    [
        ({"osi_symbol": ["A", "B", None], "open_interest_count": [9000.0, 3000.0, NAN]}, "MISSING_LEG"),
        (BUDGET | {"osi_symbol": ["A", "B", None], "units_target": [4, 4, 0]}, "MISSING_LEG"),  # nothing to pay for
        (BUDGET | {"ask_usd": [2.0, 2.0, NAN], "units_target": [4, 4, 0]}, "MISSING_LEG"),
        ({"size_status": ["OK", "NO_QUOTE", "OK"]}, "MISSING_LEG"),  # crossed: a contract without a price
        ({"open_interest_count": [9000.0, 3000.0, NAN]}, "NO_OPEN_INTEREST"),
    ],
)
def test_a_ladder_without_one_of_its_contracts_has_no_ratio(changes, status):
    row = _acid(**changes)
    assert np.isnan(row["acid_test_ratio"])
    assert row["qr_binding_layer"] is pd.NA
    assert (row["qr_basis"], row["qr_status"]) == ("none", status)


def test_what_a_cap_keeps_from_being_bought_is_needed_all_the_same():
    """Of the contracts that the caps leave the ratio would be 1 or more whatever the market."""
    row = _acid(**BUDGET | {"adv20_count": [10.0, 200.0, 100.0], "units_target": [1, 4, 2]})
    assert _told(row) == (0.25, 1, "size_volume_oi", "OK")  # 1 of the 4 that the budget pays for


def test_a_layer_that_is_not_in_the_ladder_is_not_missing():
    one = {"osi_symbol": ["A", None, None], "size_status": ["OK", "NOT_IN_LADDER", "NOT_IN_LADDER"]}
    assert _told(_acid(**one, units_target=[4, 0, 0])) == (10.0, 1, "size_volume_oi", "OK")


def test_a_sold_layer_takes_the_bid():
    assert _acid(side=[1, 1, -1], bid_size_count=4.0)["acid_test_ratio"] == 2.0


# --- a spread beside its history --------------------------------------------------------------------------------------
NIGHTS = np.busday_offset("2026-07-16", np.arange(-299, 1), roll="backward")
NO_CLOSES = Closes(dates=NIGHTS[:0], symbols=(), values=np.empty((0, 0)))


def _book(spread, close, earlier, state="PASS", closes=NO_CLOSES, vol=NAN, clock="at_close"):
    signals = pd.DataFrame([{"host": "SPX", "variant": "V0_REF", "hedge_symbol": "VIX", "profile": "trigger_442",
                             "s_ladder_frac": spread, "vix_close_vol_points": close,
                             "filter_state": state, "quote_clock": clock}])  # fmt: skip
    volatility = pd.DataFrame({"underlying": ["VIX", "SPX"], "iv30_vol": [vol, 9.9]})
    ladder = Ladder(host="SPX", variant="V0_REF", hedge_symbol="VIX", profile=TRIGGER,
                    rule=LegRule(option_right="C", target_delta=TRIGGER.target_delta))  # fmt: skip
    plan = [replace(ladder, host="EEM", profile=replace(TRIGGER, target_delta=0.3)), ladder]
    own = signals.assign(host="EEM", s_ladder_frac=0.99)  # an entry that changes the profile is no reading of it
    return book_spreads(pd.concat([own, signals]), plan, TRIGGER, earlier, closes, volatility, DAY, "simulated").iloc[0]


def _earlier(spreads, regimes, vol=NAN):
    nights = pd.DatetimeIndex(NIGHTS[-len(spreads) - 1 : -1].astype("datetime64[s]"))
    return pd.DataFrame({"hedge_symbol": "VIX", "option_right": "C", "s_ladder_frac": spreads, "vix_regime": regimes,
                         "trade_date": nights, "iv30_vol": vol})  # fmt: skip


@pytest.mark.parametrize("seed", range(4))
def test_percentile_of_the_regime_is_a_plain_count(seed):
    rng = np.random.default_rng(seed)
    spreads = rng.uniform(0.02, 0.12, 120).round(2)
    regimes = rng.choice(["below_18", "18_to_22", "22_to_28"], 120)
    found = _book(0.06, 19.0, _earlier(spreads, regimes))
    same = [s for s, r in zip(spreads, regimes, strict=True) if r == "18_to_22"] + [0.06]  # tonight counts
    assert found["regime_nights_count"] == len(same) >= MIN_NIGHTS
    assert found["s_regime_pctile_frac"] == pytest.approx(sum(s <= 0.06 for s in same) / len(same))
    assert found["spread_nights_count"] == 121
    assert found["s_p95_frac"] == pytest.approx(np.percentile([*spreads, 0.06], 95))


@pytest.mark.parametrize(("nights", "is_known"), [(18, False), (19, True)])
def test_twenty_nights_are_needed(nights, is_known):
    found = _book(0.05, 19.0, _earlier([0.04] * nights, "18_to_22"))
    assert (found["regime_nights_count"], found["spread_nights_count"]) == (nights + 1, nights + 1)
    assert found["s_regime_pctile_frac"] == 1.0 if is_known else np.isnan(found["s_regime_pctile_frac"])
    assert np.isnan(found["s_p95_frac"]) != is_known


def test_nights_of_another_regime_do_not_count():
    found = _book(0.05, 30.0, _earlier([0.04] * 40, "18_to_22"))
    assert (found["regime_nights_count"], found["spread_nights_count"]) == (1, 41)
    assert np.isnan(found["s_regime_pctile_frac"])


@pytest.mark.parametrize(("state", "clock"), [("BAD_QUOTE", "after_hours"), ("FAIL_ILLIQUID", "after_hours"),
                                              ("MISSING_LEG", "at_close")])  # fmt: skip
def test_quotes_after_hours_and_half_ladders_are_no_reading(state, clock):
    found = _book(0.05, 19.0, _earlier([0.04] * 40, "18_to_22"), state=state, clock=clock)
    assert found[["s_ladder_frac", "s_regime_pctile_frac"]].isna().all()


# --- a spread and the moves of its underlying -------------------------------------------------------------------------
def _moved(returns):
    values = 20.0 * np.cumprod(1.0 + np.r_[0.0, returns])
    other = np.full(len(values), 100.0)
    return Closes(dates=NIGHTS[-len(values) :], symbols=("VIX", "VXX"), values=np.column_stack([values, other]))


def _widened(nights, slope=5.0, seed=3):
    """Return spreads that widen with the size of the move, both ways, tonight's last, and the closes."""
    returns = np.random.default_rng(seed).normal(0.0, 0.05, nights)
    spreads = 0.05 * np.exp(slope * np.abs(returns))
    return spreads, _moved(returns)


@pytest.mark.parametrize("nights", [20, 45, 60])
@pytest.mark.parametrize("slope", [5.0, 0.0, -2.0])
def test_the_slope_of_the_spread_on_the_moves_is_recovered(nights, slope):
    spreads, closes = _widened(nights, slope)
    found = _book(spreads[-1], 19.0, _earlier(spreads[:-1], "18_to_22"), closes=closes)
    assert found["adv_sel_proxy"] == pytest.approx(slope, abs=1e-9)
    assert (found["adv_sel_nobs_count"], found["adv_sel_quality"]) == (nights, "OK")


def test_sixty_sessions_are_read_and_no_more():
    spreads, closes = _widened(100)
    spreads[:40] = 1.9
    found = _book(spreads[-1], 19.0, _earlier(spreads[:-1], "18_to_22"), closes=closes)
    assert (found["adv_sel_proxy"], found["adv_sel_nobs_count"]) == (pytest.approx(5.0), 60)


def test_a_night_without_spread_or_move_does_not_count():
    spreads, closes = _widened(30)
    closes.values[-5, 0] = np.nan  # takes two moves with it
    found = _book(spreads[-1], 19.0, _earlier(np.r_[NAN, 0.0, spreads[2:-1]], "18_to_22"), closes=closes)
    assert (found["adv_sel_proxy"], found["adv_sel_nobs_count"]) == (pytest.approx(5.0), 26)


@pytest.mark.parametrize(
    ("nights", "closes", "told"),
    [
        pytest.param(19, None, (19, "INSUFFICIENT"), id="too few"),
        pytest.param(40, NO_CLOSES, (0, "NO_DATA"), id="no closes"),
        pytest.param(40, _moved(np.zeros(40)), (40, "INSUFFICIENT"), id="nothing ever moved"),
    ],
)
def test_without_enough_there_is_no_proxy(nights, closes, told):
    spreads, moved = _widened(nights)
    found = _book(spreads[-1], 19.0, _earlier(spreads[:-1], "18_to_22"), closes=moved if closes is None else closes)
    assert np.isnan(found["adv_sel_proxy"])
    assert (found["adv_sel_nobs_count"], found["adv_sel_quality"]) == told


# --- a volatility beside its history ----------------------------------------------------------------------------------
@pytest.mark.parametrize(("vol", "pctile"), [(0.95, 0.55), (0.50, 0.05), (2.0, 1.0)])
def test_where_tonights_volatility_stands_is_a_plain_count(vol, pctile):
    vols = np.r_[np.full(9, 0.9), 0.95, np.linspace(1.0, 1.2, 9)]
    found = _book(0.05, 19.0, _earlier([NAN] * 19, "unknown", vols), vol=vol)  # whatever the spreads were
    assert found["iv30_pctile_frac"] == pytest.approx(pctile)
    assert (found["iv30_vol"], found["iv30_nights_count"]) == (vol, 20)


@pytest.mark.parametrize(("nights", "vol", "count"), [(18, 1.0, 19), (40, NAN, 40)])
def test_without_enough_nights_or_without_tonight_it_stands_nowhere(nights, vol, count):
    found = _book(0.05, 19.0, _earlier([0.04] * nights, "18_to_22", 0.9), vol=vol)
    assert np.isnan(found["iv30_pctile_frac"])
    assert found["iv30_nights_count"] == count
