r"""The normalised out-of-the-money Black price and its inverse: the arithmetic under `black` and `implied`.

Every Black-76 price is its intrinsic value plus the out-of-the-money option at the same strike, and that option has
two numbers only: moneyness x = |ln(F/K)| and total volatility s = sigma sqrt(T). With the price c in units of
min(F, K), h = x/s and t = s/2,

.. math:: c(x, s) = N(t - h) - e^{x} N(-t - h), \qquad 0 < c < 1 .

Only this kernel belongs here: arrays of x, s and c in, arrays out. Contracts (premiums, years, discounts, calls and
puts), statuses, blocks and threads belong to `black` and `implied`; the starting guess belongs to `_implied_guess`.

References
----------
.. [1] Peter Jaeckel, "Let's be rational", Wilmott, January 2015: the scaled complementary error function against
   cancellation, the two objectives split at the inflection point, and third-order Householder steps.
"""

from typing import Final, NamedTuple

import numpy as np
from scipy.special import erfcx

from alvh_core._contracts import BoolArray, FloatArray

STEP_TOLERANCE: Final = 2.5e-4
"""Largest relative step that verifies a root: the order is four, so what remains is of the size of its 4th power."""
_SQRT_HALF: Final = float(np.sqrt(0.5))
_SQRT_2_OVER_PI: Final = float(np.sqrt(2.0 / np.pi))
_SERIES_BELOW: Final = 0.01  # total volatility under which two error functions are expanded, not subtracted
_MAX_ITERATIONS: Final = 100


class _Mass(NamedTuple):
    """The stable form of the price: mass exp(-d^2/2) / 2 is c where sign is +1 and 1 - c where it is -1."""

    sign: FloatArray
    mass: FloatArray
    d: FloatArray  # h - t, which is -d1


def moneyness(forward: FloatArray, strike: FloatArray) -> tuple[FloatArray, FloatArray]:
    """Return the unit of the normalised price, min(F, K), and x = |ln(F/K)|.

    Parameters
    ----------
    forward, strike : ndarray of shape (n,)
        Forward and strike. [USD per share] Positive; anything else yields NaN or a value that callers mask.

    Returns
    -------
    unit, x : ndarray of shape (n,)
        [USD per share] and [1]. x goes through `log1p` of the difference, which is exact near the money.
    """
    unit = np.minimum(forward, strike)
    x = np.abs(forward - strike)
    x /= unit
    return unit, np.log1p(x, out=x)


def otm_price(x: FloatArray, s: FloatArray) -> FloatArray:
    """Return the normalised out-of-the-money price c(x, s).

    Parameters
    ----------
    x : ndarray of shape (n,)
        |ln(F/K)|. [1] Not negative.
    s : ndarray of shape (n,)
        Total volatility sigma sqrt(T). [1] Zero is legal and prices to zero.

    Returns
    -------
    ndarray of shape (n,)
        Price over min(F, K). [fraction, 0 to 1] Relative accuracy down to the smallest doubles. NaN gives NaN.
    """
    sign, mass, d = _mass(x, s)
    tail = 0.5 * np.exp(-0.5 * d * d) * mass
    price = np.where(sign > 0.0, tail, 1.0 - tail)
    return np.where(s == 0.0, 0.0 * x, price)


def householder_step(x: FloatArray, s: FloatArray, c: FloatArray) -> FloatArray:
    """Return the fourth-order correction of s towards c(x, s) = c.

    Parameters
    ----------
    x, s, c : ndarray of shape (n,)
        Moneyness, current total volatility and normalised price. [1]

    Returns
    -------
    ndarray of shape (n,)
        The step to add to s. [1] NaN where there is none.
    """
    state = _mass(x, s)
    tail = 0.5 - 0.5 * state.sign  # 0 below the inflection point, 1 above ...
    tail -= c
    np.abs(tail, out=tail)  # ... so this is c below and 1 - c above, without a selection
    return _householder(x, s, state, tail)[1]


def solve(x: FloatArray, c: FloatArray, complement: FloatArray, start: FloatArray) -> tuple[FloatArray, BoolArray]:
    """Solve c(x, s) = c for s by Householder steps inside a shrinking bracket, bisecting where a step leaves it.

    This is the path for starts that are poor: outside the table, and while building it. An element stops moving when
    it is verified, so the answer does not depend on its neighbours.

    Parameters
    ----------
    x, c, complement : ndarray of shape (n,)
        Moneyness, normalised price and 1 - c, which the caller may know better than the subtraction. [1]
    start : ndarray of shape (n,)
        First total volatility. [1] NaN is legal and means the middle of the bracket.

    Returns
    -------
    s : ndarray of shape (n,)
        Total volatility. [1]
    verified : ndarray of bool of shape (n,)
        Whether the residual at s was small enough; otherwise s is meaningless.
    """
    low = np.full_like(x, 1e-160)
    high = np.full_like(x, 1e3)
    s = np.where((start > low) & (start < high), start, 1.0)
    verified = np.zeros(x.shape, dtype=np.bool_)
    for _ in range(_MAX_ITERATIONS):
        state = _mass(x, s)
        residual, step = _householder(x, s, state, np.where(state.sign > 0.0, c, complement))
        above = residual * state.sign > 0.0
        np.copyto(high, s, where=above)
        np.copyto(low, s, where=~above)
        settled = np.abs(step) <= STEP_TOLERANCE * s
        trial = s + step
        trial = np.where(settled | ((trial > low) & (trial < high)), trial, np.sqrt(low) * np.sqrt(high))
        np.copyto(s, trial, where=~verified)
        verified |= settled
        if verified.all():
            break
    return s, verified


def _mass(x: FloatArray, s: FloatArray) -> _Mass:
    """Return the price below the inflection point h = t, the complement above; the price where s is small.

    With E(u) = erfcx(u / sqrt 2) the mass is E(h - t) - E(h + t) below and E(t - h) + E(h + t) above.
    """
    h = x / s
    t = 0.5 * s
    d = h - t
    mass = np.abs(d)
    mass *= _SQRT_HALF
    erfcx(mass, out=mass)
    far = h + t
    far *= _SQRT_HALF
    erfcx(far, out=far)
    sign = np.copysign(1.0, d)
    far *= sign
    mass -= far
    small = np.flatnonzero(s < _SERIES_BELOW)
    if small.size:
        mass[small] = _difference_series(h[small], t[small])
        sign[small] = 1.0
    return _Mass(sign, mass, d)


def _difference_series(h: FloatArray, t: FloatArray) -> FloatArray:
    """Return E(h - t) - E(h + t) = -2 (t E' + t^3/6 E''' + t^5/120 E^(5)) at h, to full accuracy for small t.

    E' = h E - sqrt(2/pi) and E^(n+1) = h E^(n) + n E^(n-1). For large h these cancel, by less than the price's
    sensitivity to s grows; beyond h = 40 the price is zero.
    """
    e0 = erfcx(h * _SQRT_HALF)
    e1 = h * e0 - _SQRT_2_OVER_PI
    e2 = e0 + h * e1
    e3 = 2.0 * e1 + h * e2
    e4 = 3.0 * e2 + h * e3
    e5 = 4.0 * e3 + h * e4
    t2 = t * t
    series = -2.0 * t * (e1 + t2 / 6.0 * (e3 + t2 / 20.0 * e5))
    positive: FloatArray = np.fmax(series, np.finfo(np.float64).tiny)
    return positive


def _householder(x: FloatArray, s: FloatArray, state: _Mass, tail: FloatArray) -> tuple[FloatArray, FloatArray]:
    """Return the residual g = ln(mass exp(-d^2/2) / 2) - ln(tail) and the third-order Householder step for g = 0.

    With p = g', the price's own ratios are c''/c' = x^2/s^3 - s/4 = a and c'''/c' = a^2 - 3 x^2/s^4 - 1/4, hence
    g''/g' = a - p and g'''/g' = c'''/c' - 3 a p + 2 p^2.
    """
    sign, mass, d = state
    residual = mass / tail
    residual *= 0.5
    np.log(residual, out=residual)
    residual -= 0.5 * d * d
    p = _SQRT_2_OVER_PI / mass
    p *= sign
    newton = residual / p
    np.negative(newton, out=newton)

    ratio = x / s
    ratio /= s
    ratio *= ratio  # x^2 / s^4
    a = ratio - 0.25
    a *= s
    third = 2.0 * p
    third -= 3.0 * a
    third *= p
    third += a * a
    ratio *= 3.0
    third -= ratio
    third -= 0.25
    second = a
    second -= p

    numerator = second * newton
    denominator = third
    denominator *= newton
    denominator *= 1.0 / 6.0
    denominator += second
    denominator *= newton
    denominator += 1.0
    numerator *= 0.5
    numerator += 1.0
    newton *= numerator
    newton /= denominator
    return residual, newton
