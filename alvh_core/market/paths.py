"""The factors of the simulated market, generated once from the first session forward.

Holds VIX, its anchor and its forwards, the market and group factors and the Treasury curve. Every series is a causal
recursion over draws taken in session order, so the path seen on one session is the first part of the path seen on any
later one. Prices of single symbols are in `series`, option quotes in `quoting`.

Notes
-----
Log VIX is a quadratic of the sum of a fast and a slow Ornstein-Uhlenbeck factor; the fast one also jumps up. The
market's return takes most of its variance from the same draws, with the opposite sign, and its volatility from the
night before.
"""

from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray
from scipy.signal import lfilter

from alvh_core.market.noise import FloatArray, generator

SESSIONS_PER_YEAR = 252.0
TENORS_YEARS = np.array([1 / 12, 0.125, 1 / 6, 0.25, 1 / 3, 0.5, 1, 2, 3, 5, 7, 10, 20, 30], dtype=np.float64)

_FAST_SESSIONS, _SLOW_SESSIONS, _FAST_WEIGHT = 7.0, 42.0, 0.28  # half-lives; share of the variance
_JUMP_PROBABILITY, _JUMP_MEAN = 0.02, 3.0
_LOG_VIX = (2.83, 0.31, 0.034)  # ln VIX = a + b z + c z^2, quantiles of 2010-2026
_LEVERAGE = 0.87  # correlation of the market's return with the (negative) innovation of VIX
_MARKET_VOL_PER_VIX = 0.0088
_ANCHOR_SESSIONS = 60.0
_DECAYS = ((0.30, 8.0), (0.45, 55.0), (0.25, 600.0))  # sensitivity of a VIX future to spot: weights and days


def half_life(sessions: float) -> float:
    """Return the persistence per session of a process with this half-life."""
    return float(0.5 ** (1.0 / sessions))


def mean_reverting(shocks: FloatArray, persistence: float) -> FloatArray:
    """Return the unit-variance autoregressive process driven by unit-variance shocks; causal, so prefix-stable."""
    scaled = shocks * np.sqrt(1.0 - persistence**2)
    scaled[:1] = shocks[:1]
    return np.asarray(lfilter([1.0], [1.0, -persistence], scaled, axis=0), dtype=np.float64)


def exponential_average(values: FloatArray, persistence: float, start: float) -> FloatArray:
    """Return the running average with the given memory, starting from a neutral value."""
    memory = np.array([persistence * start])
    return np.asarray(lfilter([1.0 - persistence], [1.0, -persistence], values, zi=memory)[0], dtype=np.float64)


def vix_forward(vix: FloatArray, anchor: FloatArray, days: FloatArray) -> FloatArray:
    """Return the VIX future of a maturity.

    Parameters
    ----------
    vix, anchor : ndarray
        Spot VIX and the slow level it reverts to. [VIX points]
    days : ndarray
        Time to settlement. [calendar days]

    Returns
    -------
    ndarray
        Contango when VIX is below its anchor, backwardation above; moves with spot by 0.63 at two weeks, 0.18 at
        seven months. [VIX points]
    """
    dampening = sum(weight * np.exp(-days / scale) for weight, scale in _DECAYS)
    premium = 2.4 * (1.0 - np.exp(-days / 110.0))
    return np.asarray(anchor + dampening * (vix - anchor) + premium, dtype=np.float64)


@dataclass(frozen=True, eq=False)
class Factors:
    """Daily factor paths.

    Attributes
    ----------
    dates : ndarray of datetime64[D] of shape (n_sessions,)
        Session dates.
    seed : int
        Seed of every stream.
    vix, anchor : ndarray of shape (n_sessions,)
        Closing VIX, rounded as published, and the level it reverts to. [VIX points]
    market : ndarray of shape (n_sessions,)
        Log return of the market, without drift.
    curve_percent : ndarray of shape (n_sessions, 14)
        Par yields at `TENORS_YEARS`. [percent]
    """

    dates: NDArray[np.datetime64]
    seed: int
    vix: FloatArray = field(init=False)
    anchor: FloatArray = field(init=False)
    market: FloatArray = field(init=False)
    curve_percent: FloatArray = field(init=False)

    def __post_init__(self) -> None:
        """Generate all paths."""
        level, innovation = self._vix_level()
        vix = np.asarray(np.round(np.exp(level), 2), dtype=np.float64)
        values: dict[str, FloatArray] = {
            "vix": vix,
            "anchor": 9.0 + 0.5 * exponential_average(vix, half_life(_ANCHOR_SESSIONS), 17.0),
            "market": self._market_return(vix, innovation),
            "curve_percent": self._curve(),
        }
        for name, value in values.items():
            value.setflags(write=False)
            object.__setattr__(self, name, value)

    def normals(self, *labels: str, columns: int = 0) -> FloatArray:
        """Return standard normal draws of one named stream, a row per session."""
        shape = (len(self.dates), columns) if columns else (len(self.dates),)
        return np.asarray(generator(self.seed, *labels).standard_normal(shape), dtype=np.float64)

    def drifting(self, label: str, sessions: float) -> FloatArray:
        """Return a slow unit-variance process of its own."""
        return mean_reverting(self.normals(label), half_life(sessions))

    def scaled_vol(self, annual_vol: float) -> FloatArray:
        """Return the daily volatility of something whose annual volatility is this while VIX is 17."""
        before = np.concatenate([self.vix[:1], self.vix[:-1]])
        return np.asarray(annual_vol * np.sqrt(before / 17.0 / SESSIONS_PER_YEAR), dtype=np.float64)

    def _vix_level(self) -> tuple[FloatArray, FloatArray]:
        plain = self.normals("fear", columns=2)
        uniform = generator(self.seed, "vix jumps").random((len(self.dates), 2))
        jump = np.where(uniform[:, 0] < _JUMP_PROBABILITY, -_JUMP_MEAN * np.log1p(-uniform[:, 1]), 0.0)
        mean = _JUMP_PROBABILITY * _JUMP_MEAN
        variance = 2.0 * _JUMP_PROBABILITY * _JUMP_MEAN**2 - mean**2
        fast = np.sqrt(1.0 - variance) * plain[:, 0] + jump - mean
        slow = plain[:, 1]
        weights = np.sqrt([_FAST_WEIGHT, 1.0 - _FAST_WEIGHT])
        keep = np.array([half_life(_FAST_SESSIONS), half_life(_SLOW_SESSIONS)])
        z = weights[0] * mean_reverting(fast, keep[0]) + weights[1] * mean_reverting(slow, keep[1])
        size = weights * np.sqrt(1.0 - keep**2)
        innovation = (size[0] * fast + size[1] * slow) / np.hypot(*size)
        constant, slope, bend = _LOG_VIX
        z = np.clip(z, -2.8, 2.95)
        return constant + slope * z + bend * z * z, innovation

    def _market_return(self, vix: FloatArray, innovation: FloatArray) -> FloatArray:
        before = np.concatenate([vix[:1], vix[:-1]])
        daily = _MARKET_VOL_PER_VIX * before / np.sqrt(SESSIONS_PER_YEAR)
        own = np.sqrt(1.0 - _LEVERAGE**2) * self.normals("market")
        # a day's move is a bounded multiple of its volatility: limit-down, not a collapse
        return np.asarray(daily * np.clip(own - _LEVERAGE * innovation, -6.0, 6.0), dtype=np.float64)

    def _curve(self) -> FloatArray:
        level = 4.1 + 0.4 * self.drifting("curve level", 250.0)
        slope = 0.4 + 0.35 * self.drifting("curve slope", 200.0)
        belly = 0.12 * self.drifting("curve belly", 120.0) - 0.15
        rise = 1.0 - np.exp(-TENORS_YEARS / 6.0)
        hump = (TENORS_YEARS / 2.5) * np.exp(1.0 - TENORS_YEARS / 2.5)
        percent = level[:, None] + slope[:, None] * rise + belly[:, None] * hump
        return np.asarray(np.round(np.maximum(percent, 0.02), 2), dtype=np.float64)
