r"""Black-76: prices and greeks of European options on a forward.

With the total volatility :math:`s = \sigma\sqrt{T}`, :math:`d_1 = \ln(F/K)/s + s/2` and :math:`d_2 = d_1 - s`,

.. math:: C = D\,[F N(d_1) - K N(d_2)], \qquad P = D\,[K N(-d_2) - F N(-d_1)] .

Belongs here: values and sensitivities of one option given its volatility. Does not belong here: the inversion
(`implied`), forwards and discount factors from rates and dividends, and positions of several options. An option on a
spot with carry is priced through its forward, :math:`F = S e^{(r - q) T}`; an option on VIX through the VIX future.

References
----------
.. [1] Fischer Black, "The pricing of commodity contracts", Journal of Financial Economics 3, 1976.
.. [2] Peter Jaeckel, "Let's be rational", Wilmott, January 2015, for the form without cancellation.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike
from scipy.special import ndtr

from alvh_core._contracts import BoolArray, FloatArray, contract_columns
from alvh_core._normalised import moneyness, otm_price


@dataclass(frozen=True, slots=True)
class Greeks:
    """Sensitivities of option prices, arrays of one shape; NaN where the option has no time, volatility or input."""

    delta_fwd: FloatArray
    """Undiscounted forward delta, N(d1) for calls and N(d1) - 1 for puts. [1]"""
    gamma: FloatArray
    """Second derivative of the price by the forward, discounted. [per USD]"""
    vega: FloatArray
    """Derivative of the price by volatility. [USD per share per 1.00 of volatility]"""
    theta: FloatArray
    """Change of the price as time passes at fixed forward and rate, usually negative. [USD per share per year]"""


def price(
    forward: ArrayLike, strike: ArrayLike, years: ArrayLike, vol: ArrayLike, discount: ArrayLike, is_call: ArrayLike
) -> FloatArray:
    r"""Return Black-76 prices.

    Parameters
    ----------
    forward : array_like of shape (n_contracts,)
        Forward of the underlying for the option's expiry. [USD per share] Positive.
    strike : array_like of shape (n_contracts,)
        Strike. [USD per share] Positive.
    years : array_like of shape (n_contracts,)
        Time to expiry. [years] Zero is legal: the intrinsic value.
    vol : array_like of shape (n_contracts,)
        Annual volatility. [1, 0.20 = 20 %] Zero is legal: the discounted intrinsic value.
    discount : array_like of shape (n_contracts,)
        Discount factor to expiry. [1] Positive.
    is_call : array_like of bool of shape (n_contracts,)
        True for a call, False for a put.

    Returns
    -------
    ndarray of the broadcast shape
        Premium. [USD per share, not negative] NaN in any input, or an input outside its legal range, yields NaN.

    Raises
    ------
    TypeError
        If `is_call` is not boolean.

    Notes
    -----
    Computed as D times (intrinsic value + min(F, K) c(x, s)), where c is the normalised out-of-the-money price, so
    that small prices keep their relative accuracy.

    Examples
    --------
    Haug's example of an option on futures: F = K = 19, nine months, r = 10 %, volatility 28 %.

    >>> price(19.0, 19.0, 0.75, 0.28, np.exp(-0.075), [True, False]).round(4)
    array([1.7011, 1.7011])
    """
    columns, calls, shape = contract_columns(forward, strike, years, vol, discount, is_call=is_call)
    f, k, t, sigma, df = columns
    with np.errstate(all="ignore"):  # NaN is a result here
        unit, x = moneyness(f, k)
        value = otm_price(x, sigma * np.sqrt(t))
        value *= unit
        value += np.maximum(np.where(calls, f - k, k - f), 0.0)
        value *= df
    value[~_is_legal(columns, zero_legal=True)] = np.nan
    return value.reshape(shape)


def greeks(
    forward: ArrayLike, strike: ArrayLike, years: ArrayLike, vol: ArrayLike, discount: ArrayLike, is_call: ArrayLike
) -> Greeks:
    r"""Return the Black-76 sensitivities of every contract.

    Parameters
    ----------
    forward, strike, discount, is_call : array_like of shape (n_contracts,)
        As in `price`.
    years, vol : array_like of shape (n_contracts,)
        Time to expiry [years] and annual volatility [1]. Positive: at zero the price has no derivative.

    Returns
    -------
    Greeks
        Arrays of the broadcast shape. NaN in any input, or an input that is not positive, yields NaN in all four.

    Raises
    ------
    TypeError
        If `is_call` is not boolean.

    Notes
    -----
    With n the normal density and r = -ln(D)/T,

    .. math:: \Gamma = \frac{D\,n(d_1)}{F s}, \quad \mathcal{V} = D F n(d_1) \sqrt{T}, \quad
        \Theta = r V - \frac{D F n(d_1) \sigma}{2 \sqrt{T}} .

    The forward delta of a call minus that of its put is one. A spot delta is :math:`D (F/S)` times the forward delta.

    Examples
    --------
    >>> greeks(18.25, 23.0, 30 / 365, 0.95, 0.9967, True).delta_fwd.round(10)
    np.float64(0.2378662122)
    """
    columns, calls, shape = contract_columns(forward, strike, years, vol, discount, is_call=is_call)
    f, k, t, sigma, df = columns
    value = price(f, k, t, sigma, df, calls)
    with np.errstate(all="ignore"):  # NaN is a result here
        root = np.sqrt(t)
        s = sigma * root
        d1 = np.copysign(moneyness(f, k)[1], f - k) / s + 0.5 * s
        side = np.where(calls, 1.0, -1.0)
        density = df * np.exp(-0.5 * d1 * d1) / np.sqrt(2.0 * np.pi)
        vega = f * density * root
        theta = -np.log(df) / t * value - 0.5 * vega * sigma / t
        results = [side * ndtr(side * d1), density / (f * s), vega, theta]
    illegal = ~_is_legal(columns, zero_legal=False)
    for result in results:
        result[illegal] = np.nan
    return Greeks(*(result.reshape(shape) for result in results))


def _is_legal(columns: list[FloatArray], *, zero_legal: bool) -> BoolArray:
    """Return which contracts have finite, positive inputs; `zero_legal` admits zero years and volatility."""
    forward, strike, years, vol, discount = columns
    legal = (forward > 0.0) & (strike > 0.0) & (discount > 0.0)
    legal &= (years >= 0.0) & (vol >= 0.0) if zero_legal else (years > 0.0) & (vol > 0.0)
    for column in columns:
        legal &= column < np.inf
    return legal
