"""Implied volatility: the Black-76 volatility that reproduces a premium, with a reason wherever there is none.

Belongs here: the public inversion, its statuses, and the blocks and threads that make it fast. Does not belong here:
prices and greeks (`black`), the arithmetic of the normalised price (`_normalised`), the table (`_implied_guess`),
and any judgement about the quote the premium came from.
"""

from concurrent.futures import ThreadPoolExecutor
from enum import IntEnum
from functools import partial
from typing import Final, NamedTuple

import numpy as np
from numpy.typing import ArrayLike, NDArray

from alvh_core._contracts import BoolArray, FloatArray, contract_columns
from alvh_core._implied_guess import cold_start, guess
from alvh_core._normalised import STEP_TOLERANCE, householder_step, moneyness, solve

_BLOCK: Final = 32_768  # rows: the temporaries of one block stay in the second-level cache
_ROUNDING: Final = 4.0 * float(np.finfo(np.float64).eps)  # of premium / discount - intrinsic, relative to the intrinsic


class IvStatus(IntEnum):
    """Why a contract has, or has no, implied volatility; the first reason that applies, in this order."""

    OK = 0
    """A verified volatility."""
    BAD_INPUT = 1
    """An input is NaN or infinite, or forward, strike or discount is not positive."""
    NO_TIME = 2
    """Years to expiry are zero or negative."""
    NO_PREMIUM = 3
    """The premium is zero or negative."""
    BELOW_INTRINSIC = 4
    """The premium is less than the discounted intrinsic value: an arbitrage or a stale quote."""
    AT_INTRINSIC = 5
    """The premium equals the discounted intrinsic value within rounding: no time value to invert."""
    ABOVE_MAX = 6
    """The premium reaches the discounted forward (call) or strike (put), the price at infinite volatility."""
    NO_CONVERGENCE = 7
    """No volatility could be verified. Reached only at the edge of the floating-point range."""


class ImpliedVol(NamedTuple):
    """The result of `implied_vol`, unpackable as ``vol, status``."""

    vol: FloatArray
    """Annual volatility. [1, 0.20 = 20 %] NaN wherever the status is not OK."""
    status: NDArray[np.int8]
    """Codes of `IvStatus`."""


def implied_vol(
    premium: ArrayLike,
    forward: ArrayLike,
    strike: ArrayLike,
    years: ArrayLike,
    discount: ArrayLike,
    is_call: ArrayLike,
    *,
    threads: int = 1,
) -> ImpliedVol:
    r"""Return the Black-76 implied volatility of every contract and a status that says why one is missing.

    Parameters
    ----------
    premium : array_like of shape (n_contracts,)
        Option premium. [USD per share]
    forward : array_like of shape (n_contracts,)
        Forward of the underlying for the option's expiry. [USD per share]
    strike : array_like of shape (n_contracts,)
        Strike. [USD per share]
    years : array_like of shape (n_contracts,)
        Time to expiry. [years]
    discount : array_like of shape (n_contracts,)
        Discount factor to expiry. [1]
    is_call : array_like of bool of shape (n_contracts,)
        True for a call, False for a put.
    threads : int, default 1
        Threads that share the blocks of a large input. The result does not depend on it, bit for bit.

    Returns
    -------
    ImpliedVol
        ``vol`` and ``status``, both of the broadcast shape of the inputs. NaN in any input yields NaN and
        ``BAD_INPUT``; a premium without an implied volatility yields NaN and its reason, never a number.

    Raises
    ------
    TypeError
        If `is_call` is not boolean: a missing value cannot be told from a put.
    ValueError
        If `threads` is less than one, or the shapes do not broadcast.

    Notes
    -----
    The time value over min(F, K) is the normalised out-of-the-money price c. A table gives the total volatility
    sigma sqrt(T) within 2e-4; one Householder step of order four on ln c below the inflection point, ln(1 - c) above,
    finishes. Where that step is larger than `STEP_TOLERANCE`, a bracketed iteration takes over. An answer is reported
    only if its last step was smaller than the tolerance.

    The relative error is about 1e-15 to 1e-13 wherever the premium determines the volatility. In the money the
    subtraction of the intrinsic value costs eps * premium / time value, which no method can recover.

    References
    ----------
    .. [1] Peter Jaeckel, "Let's be rational", Wilmott, January 2015.

    Examples
    --------
    >>> vol, status = implied_vol([0.608924148422, 0.0], 18.25, 23.0, 30 / 365, 0.9967177, [True, True])
    >>> vol.round(4)
    array([0.95,  nan])
    >>> [IvStatus(code).name for code in status]
    ['OK', 'NO_PREMIUM']
    """
    if threads < 1:
        raise ValueError(f"threads must be at least 1, found {threads}")
    columns, calls, shape = contract_columns(premium, forward, strike, years, discount, is_call=is_call)
    vol = np.empty(calls.size, dtype=np.float64)
    status = np.empty(calls.size, dtype=np.int8)
    fill = partial(_fill_block, columns, calls, vol, status)
    starts = range(0, calls.size, _BLOCK)
    if threads == 1 or len(starts) == 1:
        for start in starts:
            fill(start)
    else:
        with ThreadPoolExecutor(threads) as pool:
            list(pool.map(fill, starts))  # the list raises what a block raised
    return ImpliedVol(vol.reshape(shape), status.reshape(shape))


def _fill_block(
    columns: list[FloatArray], calls: BoolArray, vol: FloatArray, status: NDArray[np.int8], start: int
) -> None:
    """Compute the block of rows that begins at `start` into `vol` and `status`, alone in its thread."""
    rows = slice(start, start + _BLOCK)
    premium, forward, strike, years, discount = (np.ascontiguousarray(column[rows]) for column in columns)
    with np.errstate(all="ignore"):  # NaN and steps that fail are results here; the flag is per thread
        time_value, intrinsic = _time_value(premium, forward, strike, discount, calls[rows])
        unit, x = moneyness(forward, strike)
        price = time_value / unit
        usable = (time_value > _ROUNDING * intrinsic) & (price < 1.0)
        usable &= (unit > 0.0) & (x < np.inf) & (discount > 0.0) & (years > 0.0) & (years < np.inf)
        total, verified = _total_volatility(x, price, usable)
        total /= np.sqrt(years)
        code = np.zeros(total.shape, dtype=np.int8)
        if not verified.all():
            total[~verified] = np.nan
            code[~verified] = IvStatus.NO_CONVERGENCE
            lost = np.flatnonzero(~usable)
            inputs = np.stack([premium, forward, strike, years, discount])[:, lost]
            code[lost] = _reason(inputs, time_value[lost], intrinsic[lost])
    vol[rows] = total
    status[rows] = code


def _time_value(
    premium: FloatArray, forward: FloatArray, strike: FloatArray, discount: FloatArray, calls: BoolArray
) -> tuple[FloatArray, FloatArray]:
    """Return the undiscounted time value and intrinsic value, in USD per share."""
    intrinsic = forward - strike
    intrinsic *= 2.0 * calls - 1.0
    np.maximum(intrinsic, 0.0, out=intrinsic)
    time_value = premium / discount
    time_value -= intrinsic
    return time_value, intrinsic


def _total_volatility(x: FloatArray, price: FloatArray, usable: BoolArray) -> tuple[FloatArray, BoolArray]:
    """Return sigma sqrt(T) and whether it is verified: one step for nearly all, `solve` for the rest."""
    total = guess(x, price)
    step = householder_step(x, total, price)
    total += step
    np.abs(step, out=step)
    verified = step <= STEP_TOLERANCE * total
    hard = np.flatnonzero(usable & ~verified)
    verified &= usable
    if hard.size:
        x, price = x[hard], price[hard]
        near = step[hard] < 0.2 * total[hard]
        start = np.where(near, total[hard], cold_start(x, price))
        total[hard], verified[hard] = solve(x, price, 1.0 - price, start)
    return total, verified


def _reason(inputs: FloatArray, time_value: FloatArray, intrinsic: FloatArray) -> NDArray[np.int8]:
    """Return the first status that explains each unusable contract; rows of `inputs` as in `implied_vol`."""
    premium, forward, strike, years, discount = inputs
    bad = ~np.isfinite(inputs).all(axis=0) | (np.minimum(forward, strike) <= 0.0) | (discount <= 0.0)
    rounding = _ROUNDING * intrinsic
    reasons = [
        (IvStatus.BAD_INPUT, bad),
        (IvStatus.NO_TIME, years <= 0.0),
        (IvStatus.NO_PREMIUM, premium <= 0.0),
        (IvStatus.BELOW_INTRINSIC, time_value < -rounding),
        (IvStatus.AT_INTRINSIC, time_value <= rounding),
        (IvStatus.ABOVE_MAX, time_value >= np.minimum(forward, strike)),
    ]
    codes = [np.int8(status) for status, _ in reasons]
    return np.select([condition for _, condition in reasons], codes, np.int8(IvStatus.NO_CONVERGENCE))
