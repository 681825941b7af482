"""Black-76 prices and greeks by value: shapes, edges, and formulas written down a second time."""

import math

import numpy as np
import pytest
from scipy.integrate import quad

from alvh_core.black import Greeks, greeks, price

CALL = (18.25, 23.0, 30 / 365, 0.95, 0.9967, True)
FIELDS = ("delta_fwd", "gamma", "vega", "theta")
CONTRACTS = [
    pytest.param((18.25, 23.0, 30 / 365, 0.95, 0.9967, True), id="vix-otm-call"),
    pytest.param((18.25, 15.0, 30 / 365, 0.95, 0.9967, True), id="vix-itm-call"),
    pytest.param((100.0, 100.0, 0.5, 0.2, 0.98, False), id="atm-put"),
    pytest.param((100.0, 140.0, 2.0, 0.35, 0.9, False), id="itm-put"),
    pytest.param((5000.0, 3000.0, 1.0, 0.4, 1.02, False), id="otm-put-negative-rate"),
]


def _textbook(f: float, k: float, t: float, vol: float, df: float, call: bool) -> float:
    def cdf(z: float) -> float:
        return 0.5 * (1.0 + math.erf(z / math.sqrt(2.0)))

    d1 = math.log(f / k) / (vol * math.sqrt(t)) + 0.5 * vol * math.sqrt(t)
    d2 = d1 - vol * math.sqrt(t)
    return df * (f * cdf(d1) - k * cdf(d2) if call else k * cdf(-d2) - f * cdf(-d1))


@pytest.mark.parametrize("contract", CONTRACTS)
def test_price_equals_the_textbook_formula(contract: tuple) -> None:
    assert price(*contract) == pytest.approx(_textbook(*contract), rel=1e-12)


@pytest.mark.parametrize("contract", CONTRACTS)
def test_price_equals_the_expected_payoff(contract: tuple) -> None:
    f, k, t, vol, df, call = contract
    s = vol * math.sqrt(t)
    kink = math.log(k / f) / s + 0.5 * s

    def payoff(z: float) -> float:
        terminal = f * math.exp(s * z - 0.5 * s * s)
        return max(terminal - k if call else k - terminal, 0.0) * math.exp(-0.5 * z * z) / math.sqrt(2.0 * math.pi)

    bounds = (kink, kink + 40.0) if call else (kink - 40.0, kink)
    value, _ = quad(payoff, *bounds, epsabs=0.0, epsrel=1e-12, limit=400)
    assert price(*contract) == pytest.approx(df * value, rel=1e-10)


@pytest.mark.parametrize("contract", CONTRACTS)
def test_greeks_are_the_derivatives_of_the_price(contract: tuple) -> None:
    f, k, t, vol, df, call = contract
    g = greeks(*contract)
    rate = -math.log(df) / t

    def at(f: float = f, t: float = t, vol: float = vol) -> float:
        return float(price(f, k, t, vol, math.exp(-rate * t), call))

    h = 1e-4
    assert df * g.delta_fwd == pytest.approx((at(f=f * (1 + h)) - at(f=f * (1 - h))) / (2 * h * f), rel=1e-6)
    assert g.gamma == pytest.approx((at(f=f * (1 + h)) - 2 * at() + at(f=f * (1 - h))) / (h * f) ** 2, rel=1e-5)
    assert g.vega == pytest.approx((at(vol=vol + h) - at(vol=vol - h)) / (2 * h), rel=1e-6)
    assert g.theta == pytest.approx(-(at(t=t * (1 + h)) - at(t=t * (1 - h))) / (2 * h * t), rel=1e-5)


def test_far_out_of_the_money_price_keeps_its_relative_accuracy() -> None:
    # 50-digit arithmetic; the textbook difference of two normal probabilities has no digit left here.
    assert price(1.0, 2.0, 1.0, 0.05, 1.0, True) == pytest.approx(2.6808420799285900504e-46, rel=1e-12)


def test_tiny_total_volatility_is_the_normal_model() -> None:
    s = 1e-6
    assert price(100.0, 100.0, 1.0, s, 1.0, True) == pytest.approx(100.0 * s / math.sqrt(2.0 * math.pi), rel=1e-12)


@pytest.mark.parametrize(("years", "vol"), [(0.0, 0.5), (1.0, 0.0), (0.0, 0.0)])
def test_without_time_or_volatility_the_price_is_intrinsic_and_greeks_are_missing(years: float, vol: float) -> None:
    strikes = np.array([80.0, 100.0, 120.0])
    np.testing.assert_array_equal(price(100.0, strikes, years, vol, 0.5, True), [10.0, 0.0, 0.0])
    np.testing.assert_array_equal(price(100.0, strikes, years, vol, 0.5, False), [0.0, 0.0, 10.0])
    for name in FIELDS:
        assert np.isnan(getattr(greeks(100.0, strikes, years, vol, 0.5, True), name)).all()


@pytest.mark.parametrize("position", range(5))
@pytest.mark.parametrize("value", [np.nan, np.inf, -1.0])
def test_illegal_input_yields_nan_in_its_own_row_only(position: int, value: float) -> None:
    columns = [np.array([number, number]) for number in CALL[:5]]
    columns[position][0] = value
    g = greeks(*columns, True)
    for result in (price(*columns, True), *(getattr(g, name) for name in FIELDS)):
        assert np.isnan(result[0])
        assert np.isfinite(result[1])


@pytest.mark.parametrize("position", [0, 1, 4])
def test_zero_forward_strike_or_discount_yields_nan(position: int) -> None:
    contract = list(CALL)
    contract[position] = 0.0
    assert np.isnan(price(*contract))


def test_scalar_in_scalar_shape_out() -> None:
    assert price(*CALL).shape == ()
    assert {getattr(greeks(*CALL), name).shape for name in FIELDS} == {()}


def test_inputs_broadcast_and_are_not_mutated() -> None:
    forward = np.array([[18.0], [20.0]])
    strike = np.array([15.0, np.nan, 25.0])
    before = strike.copy()
    value = price(forward, strike, 0.1, 0.9, 0.99, strike > 20.0)
    g = greeks(forward, strike, 0.1, 0.9, 0.99, strike > 20.0)
    assert value.shape == g.theta.shape == (2, 3)
    assert np.isnan(value[:, 1]).all()
    np.testing.assert_array_equal(strike, before)
    assert value[1, 2] == price(20.0, 25.0, 0.1, 0.9, 0.99, True)


def test_empty_and_all_nan() -> None:
    empty = greeks([], [], [], [], [], [])
    assert price([], [], [], [], [], []).shape == empty.vega.shape == (0,)
    nothing = np.full(3, np.nan)
    assert np.isnan(price(nothing, nothing, nothing, nothing, nothing, np.array([True, False, True]))).all()


@pytest.mark.parametrize("flag", [1, [1.0, np.nan], ["C", "P"], [True, None]])
def test_flag_must_be_boolean(flag: object) -> None:
    with pytest.raises(TypeError, match="is_call must be boolean"):
        price(20.0, 20.0, 1.0, 0.5, 1.0, flag)


def test_greeks_are_frozen() -> None:
    with pytest.raises(AttributeError):
        greeks(*CALL).vega = 0.0
    assert isinstance(greeks(*CALL), Greeks)
