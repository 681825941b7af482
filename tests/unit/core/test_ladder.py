"""Leg selection: expiry, strike, what is wrong with a leg, and where it breaks even."""

from datetime import date, datetime

import numpy as np
import pandas as pd
import pytest

from alvh_core.forwards import expiry_forwards
from alvh_core.ladder import band_medians, break_even, with_costs
from alvh_core.ladders import Ladder, night_books
from alvh_core.params import FEE_USD_PER_CONTRACT
from alvh_core.pricing import price_quotes
from alvh_core.profiles import PROFILES
from alvh_core.selection import LegRule, Selection, choose_expiries
from alvh_core.volumes import READ

PROFILE = PROFILES["trigger_442"]
CALL, PUT = LegRule(option_right="C", target_delta=0.5), LegRule(option_right="P", target_delta=-0.30)
QUOTE_AT = datetime.fromisoformat("2026-07-16 15:50")
DAYS = (date(2026, 8, 19), date(2026, 11, 18), date(2027, 2, 17))  # 34, 125 and 216 days
STRIKES = np.arange(12.0, 60.0)


def select_legs(chain, rule, profile):
    """Return the legs of one ladder in VIX options."""
    plan = [Ladder(host="SPX", variant="V0_REF", hedge_symbol="VIX", rule=rule, profile=profile)]
    return night_books(chain, plan, {}, lambda _: chain[READ].head(0)).legs


def band_median(chain, rule, profile):
    return band_medians(chain, [("VIX", Selection.of(profile, rule))])[0]


def _chosen(listed, *window):
    found = choose_expiries(listed.assign(underlying="VIX"), *window)
    return found.iloc[0] if len(found) else None


def _price(chains, raw, spot=20.0, symbol="VIX", quote_at=QUOTE_AT):
    snapshots = chains.snapshots({symbol: spot}, quote_at)
    quotes, _ = chains.normalise(raw, snapshots)
    forwards = expiry_forwards(quotes, chains.curve(quote_at.date()))
    return price_quotes(quotes, forwards, snapshots, chains.universe)


@pytest.fixture(scope="module")
def vix(chains):
    raw = chains.wire("VIX", [("VIX", day, 21.0 + i, 0.8) for i, day in enumerate(DAYS)], STRIKES, quote_at=QUOTE_AT)
    return _price(chains, raw)


def _changed(chain, mask, **columns):
    result = chain.astype({"quote_flag": "str", "iv_status": "str"})
    for name, value in columns.items():
        result.loc[mask, name] = value
    return result


# --- break-even -------------------------------------------------------------------------------------------------------
def test_break_even_of_the_specification():
    assert break_even(23.0, 1.0, 0.10, 1.0, fill=0.0) == pytest.approx(24.00, abs=1e-12)
    assert break_even(23.0, 1.0, 0.10, 1.0, fill=1.0) == pytest.approx(24.05, abs=1e-12)


def test_a_fee_is_borne_and_erodes_nothing():
    at = [float(break_even(23.0, 1.0, 0.10, 0.98, fill=k, fee=1.0 / 100)) for k in (0.0, 1.0)]
    assert at == pytest.approx([23.0 + 1.0 / 0.98 + 0.01, 23.0 + 1.05 / 0.98 + 0.01])
    assert break_even(23.0, 1.0, 0.10, 1.0, fill=1.0, is_call=False, fee=0.01) == pytest.approx(21.94)
    assert break_even(23.0, 1.0, 0.10, 1.0, fill=0.0, fee=[0.0, 0.01]) == pytest.approx([24.00, 24.01])


@pytest.mark.parametrize(
    ("args", "expected"),
    [
        pytest.param((23.0, 1.0, 0.1, 0.5), 25.1, id="the premium is carried to expiry"),
        pytest.param((23.0, np.nan, 0.1, 1.0), np.nan, id="no premium"),
        pytest.param(([], [], [], []), [], id="empty"),
        pytest.param(([23.0, 24.0], [1.0, np.nan], 0.1, 1.0), [24.05, np.nan], id="vector"),
    ],
)
def test_break_even_at_the_touch(args, expected):
    np.testing.assert_allclose(break_even(*args, fill=1.0), expected)


def test_a_put_breaks_even_below_its_strike():
    assert break_even(23.0, 1.0, 0.10, 1.0, fill=1.0, is_call=False) == pytest.approx(21.95)


def test_erosion_is_linear_in_the_fill_and_nothing_without_a_spread():
    at = [float(break_even(23.0, 1.0, 0.4, 0.98, fill=k)) for k in (0.0, 0.32, 0.59, 0.79, 1.0)]
    np.testing.assert_allclose((np.array(at) - at[0]) / (at[-1] - at[0]), [0.0, 0.32, 0.59, 0.79, 1.0], atol=1e-12)
    assert break_even(23.0, 1.0, 0.0, 0.98, fill=1.0) == break_even(23.0, 1.0, 0.0, 0.98, fill=0.0)


# --- expiry -----------------------------------------------------------------------------------------------------------
def _listed(*days, night="2026-07-16"):
    """(root, date, is it a monthly) of each expiry, all with a forward."""
    frame = pd.DataFrame(days, columns=["root", "expiry_date", "is_monthly"]).assign(has_forward=True)
    frame["expiry_date"] = pd.to_datetime(frame["expiry_date"])
    return frame.assign(dte_days=(frame["expiry_date"] - pd.Timestamp(night)).dt.days)


AUG_MONTHLY = ("VIX", "2026-08-19", True)
AUG_WEEKLY = ("VIXW", "2026-08-12", False)
AUG_26 = ("VIXW", "2026-08-26", False)
SEP_MONTHLY = ("VIX", "2026-09-16", True)


@pytest.mark.parametrize(
    ("listed", "night", "expected"),
    [
        pytest.param([AUG_MONTHLY, AUG_WEEKLY], "2026-07-16", "2026-08-19", id="34-day monthly before 27-day weekly"),
        pytest.param(
            [AUG_MONTHLY, SEP_MONTHLY, ("VIXW", "2026-09-02", False), ("VIXW", "2026-08-26", False)],
            "2026-07-31",
            "2026-09-02",
            id="a monthly due for its roll, the next too far: the nearest weekly",
        ),
        pytest.param([AUG_MONTHLY, AUG_WEEKLY], "2026-07-08", "2026-08-19", id="monthly at the edge of the tolerance"),
        pytest.param([AUG_MONTHLY, AUG_WEEKLY], "2026-07-07", "2026-08-12", id="monthly a day beyond it"),
        pytest.param([AUG_MONTHLY, AUG_26], "2026-07-26", "2026-08-19", id="24 days: three to the roll"),
        pytest.param([AUG_MONTHLY, AUG_26], "2026-07-27", "2026-08-26", id="23 days: two, not worth its spread"),
        pytest.param([AUG_MONTHLY], "2026-07-31", "2026-08-19", id="due for its roll and nothing else there"),
        pytest.param(
            [("A", "2026-08-13", False), ("A", "2026-08-17", False)], "2026-07-16", "2026-08-17", id="tie: the longer"
        ),
        pytest.param(
            [("A", "2026-08-13", True), ("A", "2026-08-17", True)],
            "2026-07-16",
            "2026-08-17",
            id="tie of monthlies: the longer",
        ),
        pytest.param(
            [("SPXW", "2026-08-21", True), ("SPX", "2026-08-21", True)], "2026-07-16", "2026-08-21", id="twins"
        ),
        pytest.param([("A", "2026-08-27", False)], "2026-07-16", "2026-08-27", id="42 days are within tolerance"),
        pytest.param([("A", "2026-08-28", False)], "2026-07-16", None, id="43 days are not"),
        pytest.param([("A", "2026-08-03", False)], "2026-07-16", "2026-08-03", id="18 days are"),
        pytest.param([("A", "2026-08-02", False)], "2026-07-16", None, id="17 days are not"),
        pytest.param([], "2026-07-16", None, id="nothing listed"),
    ],
)
def test_thirty_day_expiry(listed, night, expected):
    found = _chosen(_listed(*listed, night=night), 30, 12, 21)
    assert (None if found is None else str(found["expiry_date"].date())) == expected


def test_of_twins_the_am_root():
    found = _chosen(_listed(("SPXW", "2026-08-21", True), ("SPX", "2026-08-21", True)), 30, 12, 21)
    assert found["root"] == "SPX"


@pytest.mark.parametrize(
    ("window", "night", "expected"),
    [
        pytest.param((30, 12, 0), "2026-08-01", "2026-08-19", id="held to settlement, 18 days are most of a month"),
        pytest.param((30, 12, 30), "2026-07-25", "2026-08-26", id="a target that is rolled at once prefers nothing"),
        pytest.param((20, 12, 30), "2026-07-22", "2026-08-12", id="nor does one that is due before it"),
        pytest.param((10, 4, 3), "2026-08-05", "2026-08-19", id="of a week or two, 14 days"),
        pytest.param((10, 4, 3), "2026-08-02", "2026-08-12", id="of a week or two, where only a weekly is"),
        pytest.param((10, 4, 3), "2026-08-13", "2026-08-19", id="6 days, three to the roll of seven"),
    ],
)
def test_the_monthly_is_held_a_quarter_of_the_targets_time(window, night, expected):
    listed = _listed(AUG_MONTHLY, AUG_WEEKLY, AUG_26, night=night)
    assert str(_chosen(listed, *window)["expiry_date"].date()) == expected


def test_an_expiry_without_a_forward_only_where_no_other_has_one():
    listed = _listed(AUG_MONTHLY, AUG_WEEKLY, ("VIXW", "2026-08-05", False))
    by_forward = [_chosen(listed.assign(has_forward=has), 30, 12, 21)["dte_days"]
                  for has in ([True] * 3, [False, True, True], [False, False, True], [False] * 3)]  # fmt: skip
    assert by_forward == [34, 27, 20, 34]


# --- strike -----------------------------------------------------------------------------------------------------------
def test_three_legs_nearest_to_the_target(vix):
    legs = select_legs(vix, CALL, PROFILE)
    assert legs["layer_no"].tolist() == [1, 2, 3]
    assert legs["units_target"].tolist() == [4, 4, 2]
    assert legs["leg_status"].tolist() == ["OK"] * 3
    assert legs["tenor_error_days"].tolist() == [4, 15, -4]
    for leg in legs.itertuples():
        listed = vix[(vix["expiry_date"] == leg.expiry_date) & (vix["option_right"] == "C")]
        errors = (listed.set_index("osi_symbol")["delta_fwd"] - 0.5).abs()
        assert leg.osi_symbol == errors.idxmin()
        assert leg.delta_error == pytest.approx(errors.min())


def test_costs_of_a_leg(vix):
    leg = select_legs(vix, CALL, PROFILE).iloc[0]
    assert leg["premium_usd"] == pytest.approx(4 * 100 * leg["mid_usd"])
    fee = FEE_USD_PER_CONTRACT / 100
    assert leg["break_even_usd"] == pytest.approx(leg["strike_usd"] + leg["mid_usd"] / leg["discount"] + fee)
    assert leg["break_even_touch_usd"] == pytest.approx(leg["strike_usd"] + leg["ask_usd"] / leg["discount"] + fee)
    assert leg["be_erosion_usd"] == pytest.approx((leg["ask_usd"] - leg["mid_usd"]) / leg["discount"])
    distance = leg["break_even_usd"] - leg["forward_usd"]
    assert leg["be_erosion_frac"] == pytest.approx(leg["be_erosion_usd"] / distance)
    assert leg["extrinsic_frac"] == pytest.approx(leg["extrinsic_usd"] / leg["mid_usd"])
    assert leg["extrinsic_usd_per_day"] == pytest.approx(leg["extrinsic_usd"] / leg["dte_days"])


def test_time_value_of_what_costs_nothing_or_ends_today_is_no_ratio(vix):
    legs = select_legs(vix, CALL, PROFILE)
    found = with_costs(legs.assign(mid_usd=0.0, dte_days=0))
    assert found[["extrinsic_frac", "extrinsic_usd_per_day"]].isna().all(axis=None)


def test_puts_are_chosen_by_their_negative_delta(vix):
    legs = select_legs(vix, PUT, PROFILE)
    assert legs["delta_fwd"].between(-0.40, -0.20).all()
    assert (legs["break_even_touch_usd"] < legs["break_even_usd"]).all()
    assert (legs["be_erosion_frac"] > 0).all()


@pytest.fixture
def strikes():
    """Three strikes of one expiry whose deltas are set by hand through the volatility."""

    def chain(*deltas, flags=None):
        from scipy.stats import norm

        years, forward, discount = 0.1, 20.0, 1.0
        strike = np.array([22.0 + i for i in range(len(deltas))])
        # N(d1) = delta: solve d1 = ln(F/K)/(s) + s/2 for the total volatility s
        d1, x = norm.ppf(deltas), np.log(forward / strike)
        vol = (d1 + np.sqrt(d1**2 - 2 * x)) / np.sqrt(years)
        return pd.DataFrame({
            "option_right": "C", "osi_symbol": [f"S{k:.0f}" for k in strike], "root": "VIX", "is_monthly": True,
            "expiry_date": pd.Timestamp("2026-08-19"), "dte_days": 34, "years": years, "forward_usd": forward,
            "discount": discount, "strike_usd": strike, "iv_vol": vol, "delta_fwd": deltas, "bid_usd": 0.9,
            "ask_usd": 1.1, "mid_usd": 1.0, "spread_frac": 0.2, "tick_usd": 0.01, "tick_floor_frac": 0.01,
            "extrinsic_usd": 1.0, "quote_clock": "at_close", "multiplier": 100, "quote_flag": flags or "OK",
            "underlying": "VIX", "volume_count": 10.0, "open_interest_count": 1e4, "bid_size_count": 9.0,
            "ask_size_count": 9.0,
        })  # fmt: skip

    return chain


def _first(chain):
    return select_legs(chain, CALL, PROFILE).iloc[0]


def test_a_tie_goes_to_the_higher_strike(strikes):
    # 0.55 and 0.45 are equally far from 0.50
    chain = strikes(0.55, 0.45, 0.40)
    assert _first(chain)["osi_symbol"] == "S23"
    assert _first(chain.iloc[::-1])["osi_symbol"] == "S23"


@pytest.mark.parametrize(
    ("delta", "status"),
    [
        pytest.param(0.41, "OK", id="0.09 away"),
        pytest.param(0.40, "OK", id="0.10 away"),
        pytest.param(0.39, "NO_STRIKE", id="0.11 away"),
        pytest.param(0.61, "NO_STRIKE", id="0.11 away on the other side"),
    ],
)
def test_no_strike_near_the_target(delta, status, strikes):
    leg = _first(strikes(delta))
    assert leg["leg_status"] == status
    assert leg["delta_error"] == pytest.approx(abs(delta - 0.5))
    assert pd.isna(leg["osi_symbol"]) == (status != "OK")


@pytest.mark.parametrize("delta", [0.40, 0.60, 0.3 + 0.3])
def test_exactly_a_tenth_away_is_near_enough(delta, strikes):
    assert _first(strikes(delta))["leg_status"] == "OK"


def test_a_dead_strike_is_chosen_and_said_never_dropped(vix):
    chosen = _first(vix)
    dead = _changed(vix, vix["osi_symbol"] == chosen["osi_symbol"], bid_usd=0.0, quote_flag="ZERO_BID", iv_vol=np.nan,
                    delta_fwd=np.nan, mid_usd=chosen["ask_usd"] / 2)  # fmt: skip
    leg = _first(dead)
    assert (leg["osi_symbol"], leg["leg_status"]) == (chosen["osi_symbol"], "ZERO_BID")
    assert leg["delta_fwd"] == pytest.approx(chosen["delta_fwd"], abs=1e-6)  # from its neighbours' volatility


@pytest.mark.parametrize("flag", ["BAD", "NO_QUOTE"])
def test_a_quarantined_strike_is_chosen_and_said(flag, vix):
    chosen = _first(vix)
    missing = dict.fromkeys(["iv_vol", "delta_fwd", "mid_usd", "forward_usd", "discount"], np.nan)
    bad = _changed(vix, vix["osi_symbol"] == chosen["osi_symbol"], quote_flag=flag, **missing)
    leg = _first(bad)
    assert (leg["osi_symbol"], leg["leg_status"]) == (chosen["osi_symbol"], "BAD_QUOTE")
    assert np.isnan(leg["premium_usd"])


def test_a_bad_strike_elsewhere_changes_nothing(vix):
    far = (vix["expiry_date"] == pd.Timestamp(DAYS[0])) & (vix["strike_usd"] == 40.0)
    bad = _changed(vix, far, quote_flag="BAD", iv_vol=np.nan, delta_fwd=np.nan)
    pd.testing.assert_frame_equal(select_legs(bad, CALL, PROFILE), select_legs(vix, CALL, PROFILE))


@pytest.mark.parametrize(
    ("flag", "status"),
    [pytest.param("ZERO_BID", "ZERO_BID", id="no bids"), pytest.param("OK", "BAD_QUOTE", id="no forward")],
)
def test_an_expiry_without_any_volatility(flag, status, vix):
    first = vix["expiry_date"] == pd.Timestamp(DAYS[0])
    legs = select_legs(_changed(vix, first, quote_flag=flag, iv_vol=np.nan, delta_fwd=np.nan), CALL, PROFILE)
    assert legs["leg_status"].tolist() == [status, "OK", "OK"]


def test_an_expiry_without_pairs_does_not_stand_before_one_with_them(vix):
    blind = vix[vix["expiry_date"] == pd.Timestamp(DAYS[0])].assign(
        expiry_date=pd.Timestamp("2026-08-15").as_unit("s"),
        dte_days=30,
        forward_usd=np.nan,
        iv_vol=np.nan,
        delta_fwd=np.nan,
    )
    both = pd.concat([blind, vix], ignore_index=True)
    pd.testing.assert_frame_equal(select_legs(both, CALL, PROFILE), select_legs(vix, CALL, PROFILE))
    alone = both[both["expiry_date"] != pd.Timestamp(DAYS[0])]
    assert select_legs(alone, CALL, PROFILE)["leg_status"].tolist() == ["NO_DATA", "OK", "OK"]


def test_a_missing_tenor_is_a_missing_leg(vix):
    legs = select_legs(vix[vix["expiry_date"] != pd.Timestamp(DAYS[2])], CALL, PROFILE)
    assert legs["leg_status"].tolist() == ["OK", "OK", "NO_EXPIRY"]
    assert pd.isna(legs["expiry_date"].iloc[2])
    assert legs["units_target"].tolist() == [4, 4, 2]


def test_break_even_below_the_forward_has_no_relative_erosion(strikes):
    chain = strikes(0.50).assign(mid_usd=0.05, bid_usd=0.04, ask_usd=0.06, forward_usd=22.1)  # an absurdly cheap call
    leg = _first(chain)
    assert leg["leg_status"] == "OK"
    assert leg["break_even_usd"] < leg["forward_usd"]
    assert np.isnan(leg["be_erosion_frac"])


def test_legs_of_a_chain_that_did_not_arrive(vix):
    legs = select_legs(vix.iloc[:0], CALL, PROFILE)
    assert legs["leg_status"].tolist() == ["NO_DATA"] * 3
    assert legs["units_target"].tolist() == [4, 4, 2]
    assert legs["premium_usd"].isna().all()


def test_band_median_covers_the_tenor_windows_only(vix, chains):
    assert band_median(vix, CALL, PROFILE) == pytest.approx(0.02)
    far = vix.assign(dte_days=70)  # between the windows
    assert np.isnan(band_median(far, CALL, PROFILE))
    assert np.isnan(band_median(vix.iloc[:0], CALL, PROFILE))


def test_a_dead_strike_between_quoted_ones_counts_two_hundred_percent(vix):
    """Only one strike of the band is alive at either end: the dead ones between them are the most."""
    band = vix["delta_fwd"].between(0.10, 0.60) & (vix["strike_usd"] >= vix["forward_usd"]) & (vix["dte_days"] == 34)
    strikes = vix.loc[band, "strike_usd"]
    inner = band & vix["strike_usd"].between(strikes.min(), strikes.max(), inclusive="neither")
    only = vix[(vix["dte_days"] == 34)]
    dead = _changed(only, inner, quote_flag="ZERO_BID", spread_frac=2.0, delta_fwd=np.nan)
    assert inner.sum() > 2
    assert band_median(dead, CALL, PROFILE) == 2.0
    wing = only[only["strike_usd"].isin([strikes.min(), strikes.max()]) | (only["strike_usd"] > strikes.max())]
    wing = _changed(wing, wing["strike_usd"] > strikes.max(), quote_flag="ZERO_BID", spread_frac=2.0, delta_fwd=np.nan)
    assert band_median(wing, CALL, PROFILE) < 0.1, "no quote beyond says that they are in the band"


def test_input_is_not_changed(vix):
    before = vix.copy()
    select_legs(vix, CALL, PROFILE)
    pd.testing.assert_frame_equal(vix, before)
