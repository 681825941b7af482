"""Technical indicators of daily closes: Wilder's RSI and MACD, with their seeds fixed and written down.

Pure functions of closes in time order, of one symbol or of many side by side; which closes to use and what a value
triggers is decided elsewhere. Libraries differ in the seed, by more than a point of RSI on the first values.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy.signal import lfilter

RSI_PERIODS = 14
MACD_FAST, MACD_SLOW, MACD_SIGNAL = 12, 26, 9


def wilder_rsi(close: ArrayLike) -> NDArray[np.float64]:
    """Return Wilder's relative strength index.

    Parameters
    ----------
    close : array_like of shape (n_bars,) or (n_bars, n_symbols)
        Closes in time order. [USD or points]

    Returns
    -------
    ndarray of the shape of ``close``
        0 to 100. NaN for the first 14 bars, and from a missing close on. 100 where nothing fell, 50 where
        nothing moved.

    Notes
    -----
    The first averages are simple means of the first 14 changes; from then on ``A = A + (x - A) / 14``.

    References
    ----------
    J. Welles Wilder, "New Concepts in Technical Trading Systems", 1978; StockCharts, RSI worksheet.
    """
    prices = np.asarray(close, dtype=np.float64)
    result = np.full(prices.shape, np.nan)
    change = np.diff(prices, axis=0)
    if len(change) < RSI_PERIODS:
        return result
    gain = _wilder_average(np.maximum(change, 0.0))
    loss = _wilder_average(np.maximum(-change, 0.0))
    moved = gain + loss
    strength = np.full(moved.shape, 0.5)
    np.divide(gain, moved, out=strength, where=moved != 0.0)
    result[RSI_PERIODS:] = 100.0 * strength
    return result


@dataclass(frozen=True, kw_only=True, eq=False)
class Macd:
    """Moving average convergence divergence: the line, its signal and their difference, shaped as the closes."""

    line: NDArray[np.float64]
    signal: NDArray[np.float64]
    histogram: NDArray[np.float64]


def macd(close: ArrayLike) -> Macd:
    """Return the moving average convergence divergence.

    Parameters
    ----------
    close : array_like of shape (n_bars,) or (n_bars, n_symbols)
        Closes in time order. [USD or points]

    Returns
    -------
    Macd
        ``EMA(12) - EMA(26)``, its ``EMA(9)`` and their difference. [as the closes] A missing close makes everything
        from it on NaN. The seed still shows in the first 85 bars.

    Notes
    -----
    Every mean starts at its first value; from then on ``E = E + 2 (x - E) / (span + 1)``.
    """
    prices = np.asarray(close, dtype=np.float64)
    line = exponential_mean(prices, MACD_FAST) - exponential_mean(prices, MACD_SLOW)
    smooth = exponential_mean(line, MACD_SIGNAL)
    return Macd(line=line, signal=smooth, histogram=line - smooth)


def exponential_mean(values: ArrayLike, span: int) -> NDArray[np.float64]:
    """Return the exponential mean of weight ``2 / (span + 1)``, seeded with the first value.

    Examples
    --------
    >>> exponential_mean([1.0, 2.0, 3.0], 3).tolist()
    [1.0, 1.5, 2.25]
    """
    series = np.asarray(values, dtype=np.float64)
    return _recursive_mean(series[1:], 2.0 / (span + 1.0), series[:1])


def _wilder_average(moves: NDArray[np.float64]) -> NDArray[np.float64]:
    seed = np.mean(moves[:RSI_PERIODS], axis=0, keepdims=True)
    return _recursive_mean(moves[RSI_PERIODS:], 1.0 / RSI_PERIODS, seed)


def _recursive_mean(values: NDArray[np.float64], weight: float, seed: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return the seed and the means after it: each moves by ``weight`` of the way to the next value."""
    if not seed.size:
        return seed.copy()
    means, _ = lfilter([weight], [1.0, weight - 1.0], values, axis=0, zi=seed * (1.0 - weight))
    return np.concatenate([seed, means])


def crosses(histogram: ArrayLike) -> NDArray[np.int64]:
    """Return where a line crosses another: 1 upward, -1 downward, 0 elsewhere.

    Parameters
    ----------
    histogram : array_like of shape (n_bars,) or (n_bars, n_symbols)
        The line less the other one. A difference of exactly 0 counts with the sign before it.

    Returns
    -------
    ndarray of int
        NaN and the first bar cross nothing.

    Examples
    --------
    >>> crosses([1.0, 0.0, -1.0, -2.0, 0.0, -1.0, 3.0]).tolist()
    [0, 0, -1, 0, 0, 0, 1]
    """
    values = np.asarray(histogram, dtype=np.float64)
    signs = np.sign(values)
    last = np.where((signs != 0.0) & ~np.isnan(signs), np.arange(len(values)).reshape(-1, *[1] * (values.ndim - 1)), 0)
    carried = np.take_along_axis(signs, np.maximum.accumulate(last, axis=0), axis=0)
    moved = np.zeros(values.shape, dtype=np.int64)
    before, after = carried[:-1], carried[1:]
    moved[1:] = np.where(before * after < 0.0, after, 0.0)
    return np.where(np.isnan(values), 0, moved)
