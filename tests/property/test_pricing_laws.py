"""Laws of Black-76 that hold for every contract: round trip, parity, monotonicity and homogeneity."""

import numpy as np
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from alvh_core.black import greeks, price
from alvh_core.implied import IvStatus, implied_vol

EPS = float(np.finfo(np.float64).eps)
LAWS = settings(max_examples=300)

forwards = st.floats(0.5, 5000.0)
moneyness = st.floats(-3.0, 3.0)  # ln(K/F)
totals = st.floats(np.log(1e-4), np.log(8.0)).map(np.exp)  # sigma sqrt(T)
years = st.floats(1 / 365, 3.0)
discounts = st.floats(0.7, 1.1)
flags = st.booleans()


@LAWS
@given(forwards, moneyness, totals, years, discounts, flags)
def test_round_trip(f: float, x: float, total: float, t: float, df: float, call: bool) -> None:
    k, vol = f * np.exp(x), total / np.sqrt(t)
    premium = float(price(f, k, t, vol, df, call))
    intrinsic = max(f - k if call else k - f, 0.0)
    assume(premium / df - intrinsic > 1e-13 * f)
    found, status = implied_vol(premium, f, k, t, df, call)
    # a premium is known to half a unit in the last place; its share of vega is the volatility it can determine
    lost = 4.0 * EPS * premium / (float(greeks(f, k, t, vol, df, call).vega) * vol)
    assume(lost < 1e-3)
    assert status == IvStatus.OK
    assert found == pytest.approx(vol, rel=1e-12 + lost)


@LAWS
@given(forwards, st.floats(-6.0, 6.0), totals, years, discounts, flags)
def test_out_of_the_money_round_trip_needs_no_allowance(
    f: float, width: float, total: float, t: float, df: float, call: bool
) -> None:
    k, vol = f * np.exp(abs(width) * total * (1 if call else -1)), total / np.sqrt(t)
    assume(abs(width) * total <= 3.0)
    found, status = implied_vol(price(f, k, t, vol, df, call), f, k, t, df, call)
    assert status == IvStatus.OK
    assert found == pytest.approx(vol, rel=1e-12)


@LAWS
@given(forwards, moneyness, st.floats(0.0, 1.2), years, discounts, flags)
def test_any_premium_is_reproduced_or_refused(
    f: float, x: float, share: float, t: float, df: float, call: bool
) -> None:
    assume(share == 0.0 or share > 1e-290)  # below, premiums lose digits to underflow
    k = f * np.exp(x)
    premium = share * df * (f if call else k)
    found, status = implied_vol(premium, f, k, t, df, call)
    assert np.isfinite(found) == (status == IvStatus.OK)
    assert status != IvStatus.NO_CONVERGENCE
    if status == IvStatus.OK:
        assert price(f, k, t, found, df, call) == pytest.approx(premium, rel=1e-12)


@LAWS
@given(forwards, moneyness, totals, years, discounts)
def test_call_put_parity(f: float, x: float, total: float, t: float, df: float) -> None:
    k, vol = f * np.exp(x), total / np.sqrt(t)
    call, put = price(f, k, t, vol, df, [True, False])
    assert call - put == pytest.approx(df * (f - k), rel=1e-12, abs=1e-14 * max(f, k))


@LAWS
@given(forwards, moneyness, totals, years, discounts)
def test_call_delta_minus_put_delta_is_one(f: float, x: float, total: float, t: float, df: float) -> None:
    g = greeks(f, f * np.exp(x), t, total / np.sqrt(t), df, [True, False])
    assert g.delta_fwd[0] - g.delta_fwd[1] == pytest.approx(1.0, rel=1e-15)
    assert g.gamma[0] == g.gamma[1] >= 0.0
    assert g.vega[0] == g.vega[1] >= 0.0


@LAWS
@given(forwards, moneyness, st.tuples(totals, totals).map(sorted), years, discounts, flags)
def test_price_rises_with_volatility(f: float, x: float, pair: list[float], t: float, df: float, call: bool) -> None:
    low, high = price(f, f * np.exp(x), t, np.array(pair) / np.sqrt(t), df, call)
    assert low <= high * (1.0 + 1e-12)


@LAWS
@given(forwards, st.lists(moneyness, min_size=2, max_size=9, unique=True).map(sorted), totals, years, flags)
def test_delta_falls_with_strike(f: float, xs: list[float], total: float, t: float, call: bool) -> None:
    delta = greeks(f, f * np.exp(np.array(xs)), t, total / np.sqrt(t), 1.0, call).delta_fwd
    assert (np.diff(delta) <= 1e-15).all()
    assert ((delta >= 0.0) if call else (delta <= 0.0)).all()


@LAWS
@given(forwards, moneyness, totals, years, discounts, flags, st.floats(1e-3, 1e3))
def test_homogeneous_of_degree_one(
    f: float, x: float, total: float, t: float, df: float, call: bool, scale: float
) -> None:
    k, vol = f * np.exp(x), total / np.sqrt(t)
    value, scaled = price(f, k, t, vol, df, call), price(scale * f, scale * k, t, vol, df, call)
    g, scaled_g = greeks(f, k, t, vol, df, call), greeks(scale * f, scale * k, t, vol, df, call)
    allowance = 1e-12 + 8.0 * EPS * (1.0 + abs(x) / total) / total  # scaling rounds F/K, which small totals magnify
    assert scaled == pytest.approx(scale * value, rel=allowance, abs=1e-280)
    assert scaled_g.vega == pytest.approx(scale * g.vega, rel=allowance, abs=1e-280)
    assert scaled_g.delta_fwd == pytest.approx(g.delta_fwd, rel=allowance, abs=1e-280)
