"""Implied volatility by value: every status, shapes, blocks and threads, and the corners of the domain."""

import numpy as np
import pandas as pd
import pytest

from alvh_core import _implied_guess, _normalised, implied
from alvh_core.black import price
from alvh_core.implied import ImpliedVol, IvStatus, implied_vol

OK_CALL = (0.608924148422, 18.25, 23.0, 30 / 365, np.exp(-0.04 * 30 / 365), True)


def _contracts(n: int, seed: int = 11) -> tuple[np.ndarray, ...]:
    """(premium, forward, strike, years, discount, is_call, vol), in and out of the money."""
    rng = np.random.default_rng(seed)
    forward, years, vol = rng.uniform(10.0, 90.0, n), rng.uniform(0.003, 2.0, n), rng.uniform(0.05, 2.5, n)
    strike = forward * np.exp(vol * np.sqrt(years) * rng.uniform(-2.0, 2.0, n))
    discount, is_call = np.exp(-0.04 * years), rng.random(n) < 0.5
    return price(forward, strike, years, vol, discount, is_call), forward, strike, years, discount, is_call, vol


def _assert_identical(left: ImpliedVol, right: ImpliedVol) -> None:
    np.testing.assert_array_equal(left.vol.view(np.int64), right.vol.view(np.int64))
    np.testing.assert_array_equal(left.status, right.status)


@pytest.mark.parametrize(
    ("premium", "forward", "strike", "total"),
    [  # 50-digit arithmetic
        pytest.param(0.005186249641566640236, 100.0, 100.0, 0.00013, id="at-the-money-hours"),
        pytest.param(0.02041755127851873146, 100.0, 100.5, 0.004, id="one-day-low-vol"),
        pytest.param(3.6000355278618392296e-35, 20.0, 60.0, 0.09, id="far-out-of-the-money"),
        pytest.param(4.4064962499102937722, 20.0, 60.0, 1.3, id="vix-call"),
        pytest.param(19.996047419546574538, 20.0, 25.0, 7.5, id="near-the-upper-bound"),
        pytest.param(11.923494435883485239, 100.0, 100.0001, 0.3, id="equity"),
    ],
)
def test_high_precision_reference(premium: float, forward: float, strike: float, total: float) -> None:
    vol, status = implied_vol(premium, forward, strike, 1.0, 1.0, True)
    assert status == IvStatus.OK
    assert vol == pytest.approx(total, rel=1e-12)
    quarter = implied_vol(premium * 0.9, forward, strike, 0.25, 0.9, True).vol
    assert quarter == pytest.approx(2.0 * total, rel=1e-12)


@pytest.mark.parametrize(
    ("contract", "expected"),
    [
        pytest.param(OK_CALL, IvStatus.OK, id="ok"),
        pytest.param((np.nan, 20.0, 20.0, 1.0, 1.0, True), IvStatus.BAD_INPUT, id="premium-nan"),
        pytest.param((np.inf, 20.0, 20.0, 1.0, 1.0, True), IvStatus.BAD_INPUT, id="premium-infinite"),
        pytest.param((1.0, np.nan, 20.0, 1.0, 1.0, True), IvStatus.BAD_INPUT, id="forward-nan"),
        pytest.param((1.0, 0.0, 20.0, 1.0, 1.0, True), IvStatus.BAD_INPUT, id="forward-zero"),
        pytest.param((1.0, 20.0, -1.0, 1.0, 1.0, True), IvStatus.BAD_INPUT, id="strike-negative"),
        pytest.param((1.0, 20.0, np.inf, 1.0, 1.0, True), IvStatus.BAD_INPUT, id="strike-infinite"),
        pytest.param((1.0, 20.0, 20.0, np.nan, 1.0, True), IvStatus.BAD_INPUT, id="years-nan"),
        pytest.param((1.0, 20.0, 20.0, np.inf, 1.0, True), IvStatus.BAD_INPUT, id="years-infinite"),
        pytest.param((1.0, 20.0, 20.0, 1.0, 0.0, True), IvStatus.BAD_INPUT, id="discount-zero"),
        pytest.param((-1.0, 20.0, 20.0, 0.0, -1.0, True), IvStatus.BAD_INPUT, id="bad-input-goes-first"),
        pytest.param((1.0, 20.0, 20.0, 0.0, 1.0, True), IvStatus.NO_TIME, id="expired"),
        pytest.param((0.0, 20.0, 20.0, -0.1, 1.0, True), IvStatus.NO_TIME, id="long-expired"),
        pytest.param((0.0, 20.0, 25.0, 1.0, 1.0, True), IvStatus.NO_PREMIUM, id="no-bid"),
        pytest.param((-0.1, 20.0, 15.0, 1.0, 1.0, True), IvStatus.NO_PREMIUM, id="negative-premium"),
        pytest.param((4.49, 20.0, 15.0, 1.0, 0.9, True), IvStatus.BELOW_INTRINSIC, id="call-below-intrinsic"),
        pytest.param((4.49, 15.0, 20.0, 1.0, 0.9, False), IvStatus.BELOW_INTRINSIC, id="put-below-intrinsic"),
        pytest.param((0.9 * 5.0, 20.0, 15.0, 1.0, 0.9, True), IvStatus.AT_INTRINSIC, id="call-at-intrinsic"),
        pytest.param((0.9 * 5.0, 15.0, 20.0, 1.0, 0.9, False), IvStatus.AT_INTRINSIC, id="put-at-intrinsic"),
        pytest.param((18.0, 20.0, 15.0, 1.0, 0.9, True), IvStatus.ABOVE_MAX, id="call-at-forward"),
        pytest.param((17.9, 20.0, 15.0, 1.0, 0.9, True), IvStatus.OK, id="call-just-below-forward"),
        pytest.param((13.6, 20.0, 15.0, 1.0, 0.9, False), IvStatus.ABOVE_MAX, id="put-above-strike"),
        pytest.param((13.4, 20.0, 15.0, 1.0, 0.9, False), IvStatus.OK, id="put-just-below-strike"),
        pytest.param((5e-324, 1e10, 2e10, 1.0, 1.0, True), IvStatus.NO_CONVERGENCE, id="premium-underflows"),
    ],
)
def test_each_status(contract: tuple, expected: IvStatus) -> None:
    vol, status = implied_vol(*contract)
    assert IvStatus(int(status)) is expected
    assert np.isfinite(vol) == (expected is IvStatus.OK)


def test_rounding_of_the_intrinsic_value_is_not_a_volatility() -> None:
    rng = np.random.default_rng(5)
    forward, discount = rng.uniform(20.0, 90.0, 5000), rng.uniform(0.8, 1.1, 5000)
    strike = forward * rng.uniform(0.1, 0.9, 5000)
    _, status = implied_vol(discount * (forward - strike), forward, strike, 1.0, discount, True)
    assert set(status) == {IvStatus.AT_INTRINSIC}


def test_statuses_are_small_whole_numbers() -> None:
    _, status = implied_vol([OK_CALL[0], 0.0], *OK_CALL[1:])
    assert status.tolist() == [IvStatus.OK, IvStatus.NO_PREMIUM]
    assert status.dtype == np.int8


def test_in_and_out_of_the_money_agree_through_parity() -> None:
    _, forward, strike, years, discount, _, vol = _contracts(2000)
    sides = [
        implied_vol(price(forward, strike, years, vol, discount, flag), forward, strike, years, discount, flag)
        for flag in (True, False)
    ]
    assert not any(side.status.any() for side in sides)
    np.testing.assert_allclose(sides[0].vol, sides[1].vol, rtol=1e-10)
    np.testing.assert_allclose(sides[0].vol, vol, rtol=1e-10)


def test_bad_rows_do_not_disturb_their_neighbours() -> None:
    *inputs, vol = _contracts(1000)
    inputs[0][::3] = np.nan
    inputs[3][1::3] = 0.0
    found, status = implied_vol(*inputs)
    np.testing.assert_array_equal(status[:6], [1, 2, 0, 1, 2, 0])
    np.testing.assert_allclose(found[2::3], vol[2::3], rtol=1e-10)
    assert np.isnan(found[status > 0]).all()


def test_scalar_empty_and_all_nan() -> None:
    scalar = implied_vol(*OK_CALL)
    assert scalar.vol.shape == scalar.status.shape == ()
    assert scalar.vol == pytest.approx(0.95, rel=1e-10)
    assert implied_vol([], [], [], [], [], []).vol.shape == (0,)
    nothing = np.full(4, np.nan)
    vol, status = implied_vol(nothing, nothing, nothing, nothing, nothing, np.ones(4, dtype=bool))
    assert np.isnan(vol).all()
    assert set(status) == {IvStatus.BAD_INPUT}


def test_inputs_broadcast_and_are_not_mutated() -> None:
    strike = np.array([15.0, 20.0, 25.0])
    premium = price(np.array([[18.0], [22.0]]), strike, 0.2, 0.8, 0.99, False)
    copies = strike.copy(), premium.copy()
    vol, status = implied_vol(premium, np.array([[18.0], [22.0]]), strike, 0.2, 0.99, False)
    assert status.shape == (2, 3)
    np.testing.assert_allclose(vol, 0.8, rtol=1e-12)
    np.testing.assert_array_equal(strike, copies[0])
    np.testing.assert_array_equal(premium, copies[1])


def test_series_are_accepted() -> None:
    premium, forward, strike, years, discount, is_call, vol = _contracts(50)
    frame = pd.DataFrame({"premium": premium, "is_call": is_call}, index=range(100, 150))
    found = implied_vol(frame["premium"], forward, strike, years, discount, frame["is_call"]).vol
    np.testing.assert_allclose(found, vol, rtol=1e-10)


def test_thread_count_does_not_matter() -> None:
    *inputs, _ = _contracts(3 * implied._BLOCK + 17)
    inputs[0][::1000] = np.nan
    one = implied_vol(*inputs, threads=1)
    _assert_identical(one, implied_vol(*inputs, threads=2))
    _assert_identical(one, implied_vol(*inputs, threads=5))


def test_block_boundaries_and_memory_layout_do_not_matter(monkeypatch: pytest.MonkeyPatch) -> None:
    *inputs, _ = _contracts(4001)
    inputs[0][5:40] *= 1e-290  # a few for the bracketed iteration
    whole = implied_vol(*inputs)
    strided = implied_vol(*(np.repeat(values, 2)[::2] for values in inputs))
    backwards = implied_vol(*(values[::-1] for values in inputs))
    _assert_identical(whole, strided)
    _assert_identical(whole, ImpliedVol(backwards.vol[::-1], backwards.status[::-1]))
    monkeypatch.setattr(implied, "_BLOCK", 7)
    _assert_identical(whole, implied_vol(*inputs))


def test_premiums_outside_the_table_are_still_solved() -> None:
    strike, premium = np.array([1.0000001, 1.5, 40.0, 1e30]), np.array([1e-300, 1e-305, 1e-290, 0.5])
    vol, status = implied_vol(premium, 1.0, strike, 1.0, 1.0, True)
    assert not status.any()
    np.testing.assert_allclose(np.log(price(1.0, strike, 1.0, vol, 1.0, True)), np.log(premium), rtol=1e-12)


def test_guess_is_good_enough_for_one_step() -> None:
    rng = np.random.default_rng(3)
    s = np.exp(rng.uniform(np.log(1e-3), np.log(8.0), 20_000))
    x = np.minimum(s * rng.uniform(0.0, 15.0, s.size), 3.0)
    c = _normalised.otm_price(x, s)
    found = _implied_guess.guess(x, c)
    assert np.abs(found / s - 1.0).max() < _normalised.STEP_TOLERANCE
    cold = _implied_guess.cold_start(x, c) / s
    assert cold.min() > 0.3
    assert cold.max() < 1.5


@pytest.mark.parametrize("flag", [1, [1.0, np.nan], [True, None], "call"])
def test_flag_must_be_boolean(flag: object) -> None:
    with pytest.raises(TypeError, match="is_call must be boolean"):
        implied_vol(1.0, 20.0, 20.0, 1.0, 1.0, flag)


def test_threads_must_be_positive() -> None:
    with pytest.raises(ValueError, match="threads must be at least 1, found 0"):
        implied_vol(*OK_CALL, threads=0)


def test_shapes_must_broadcast() -> None:
    with pytest.raises(ValueError, match="broadcast"):
        implied_vol([1.0, 2.0], [20.0, 20.0, 20.0], 20.0, 1.0, 1.0, True)
