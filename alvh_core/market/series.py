"""Daily series of single symbols: closes, bars, implied volatility level and liquidity, all driven by the factors.

Also the volatility indices. Everything is causal, as in `paths`. Option quotes are in `quoting`, formats in `wire`.
"""

from dataclasses import dataclass
from types import MappingProxyType

import numpy as np
from scipy.signal import lfilter

from alvh_core.market.noise import FloatArray, name_code
from alvh_core.market.paths import SESSIONS_PER_YEAR, Factors, half_life, mean_reverting, vix_forward
from alvh_core.market.profiles import Profile

_TREND_SESSIONS = 120.0
_TREND_DATE = np.datetime64("2026-07-01", "D")
_LEVERED = MappingProxyType({"VXX": 1.0, "UVXY": 1.5})
_FUND_DAYS = 30.0  # constant maturity that the volatility products hold


@dataclass(frozen=True, eq=False)
class Series:
    """Everything about one symbol that changes from session to session; arrays of shape (n_sessions,).

    Attributes
    ----------
    open, high, low, close : ndarray
        Prices, rounded as published. [USD or index points]
    volume : ndarray
        Shares. [shares] Zero for an index.
    iv : ndarray
        At-the-money 30-day volatility. [fraction]
    liquidity : ndarray
        Factor on the symbol's typical option spread; above one is wider.
    """

    open: FloatArray
    high: FloatArray
    low: FloatArray
    close: FloatArray
    volume: FloatArray
    iv: FloatArray
    liquidity: FloatArray


def volatility_indices(factors: Factors) -> dict[str, FloatArray]:
    """Return the closes of the published volatility indices by ticker, in index points."""
    vix, anchor = factors.vix, factors.anchor
    stretch = np.log(vix / anchor)

    def wobble(name: str, size: float) -> FloatArray:
        return np.asarray(np.exp(size * factors.drifting(name, 15.0)), dtype=np.float64)

    closes = {
        "VIX": vix,
        "VIX9D": vix * np.exp(0.22 * stretch) * wobble("VIX9D", 0.03),
        "VIX3M": (anchor + 0.62 * (vix - anchor) + 1.3) * wobble("VIX3M", 0.01),
        "VIX6M": (anchor + 0.38 * (vix - anchor) + 2.1) * wobble("VIX6M", 0.01),
        "VXN": 1.22 * vix * wobble("VXN", 0.05),
        "RVX": 1.24 * vix * wobble("RVX", 0.05),
        "VVIX": 84.0 * np.sqrt(vix / 14.0) * wobble("VVIX", 0.05),
        "SKEW": 142.0 - 0.5 * (vix - 17.0) + 6.0 * factors.drifting("SKEW", 20.0),
    }
    return {name: np.round(close, 2) for name, close in closes.items()}


def build_series(symbol: str, profile: Profile, factors: Factors, *, asset_class: str) -> Series:
    """Generate a symbol's daily series.

    Parameters
    ----------
    symbol : str
        Names the symbol's own random streams.
    profile : Profile
        Character of the symbol.
    factors : Factors
        The market's paths.
    asset_class : str
        VIX and volatility products follow VIX and its futures; everything else follows the market factor.
    """
    if asset_class == "vix_index":
        indices = volatility_indices(factors)
        close, iv = factors.vix, indices["VVIX"] / 100.0
    else:
        is_fund = asset_class == "volatility_etp"
        returns = _fund_return(symbol, factors) if is_fund else _host_return(symbol, profile, factors)
        close = _anchored_price(returns, profile, factors)
        iv = _implied_level(symbol, profile, factors)
    is_index = asset_class.endswith("_index")
    bars = daily_bars(symbol, close, 0.06 if asset_class == "vix_index" else iv / np.sqrt(SESSIONS_PER_YEAR), factors)
    return Series(
        **bars,
        close=close,
        volume=np.zeros_like(close) if is_index else _share_volume(symbol, profile, close, factors),
        iv=iv,
        liquidity=_liquidity(symbol, factors, asset_class=asset_class),
    )


def daily_bars(name: str, close: FloatArray, daily_vol: FloatArray | float, factors: Factors) -> dict[str, FloatArray]:
    """Return open, high and low around given closes, rounded to cents."""
    draws = factors.normals("bars", name, columns=3)
    before = np.concatenate([close[:1], close[:-1]])
    opened = before * np.exp(0.35 * np.log(close / before) + 0.25 * daily_vol * draws[:, 0])
    high = np.maximum(opened, close) * np.exp(0.4 * daily_vol * np.abs(draws[:, 1]))
    low = np.minimum(opened, close) * np.exp(-0.4 * daily_vol * np.abs(draws[:, 2]))
    return {"open": np.round(opened, 2), "high": np.round(high, 2), "low": np.round(low, 2)}


def _host_return(symbol: str, profile: Profile, factors: Factors) -> FloatArray:
    own = factors.scaled_vol(profile.own_vol) * factors.normals("own", symbol) if profile.own_vol else 0.0
    shared = factors.scaled_vol(profile.group_vol) * factors.normals("group", profile.group) if profile.group else 0.0
    return np.asarray(profile.beta * factors.market + shared + own, dtype=np.float64)


def _fund_return(symbol: str, factors: Factors) -> FloatArray:
    """Return the log return of holding the 30-day VIX future for a session, levered daily, less its usual decay.

    The usual decay is replaced by the trend of the profile, so that no reverse split is ever needed.
    """
    leverage = _LEVERED.get(symbol, 1.0)
    days = np.diff(factors.dates).astype(np.float64)
    bought = vix_forward(factors.vix[:-1], factors.anchor[:-1], np.full(days.shape, _FUND_DAYS))
    sold = vix_forward(factors.vix[1:], factors.anchor[1:], _FUND_DAYS - days)
    gain = np.maximum(leverage * (sold / bought - 1.0), -0.9)
    decay = 0.00065 * leverage + 0.00095 * leverage**2
    tracking = factors.scaled_vol(0.02) * factors.normals("own", symbol)
    return np.asarray(np.concatenate([[0.0], np.log1p(gain) + decay]) + tracking, dtype=np.float64)


def _anchored_price(returns: FloatArray, profile: Profile, factors: Factors) -> FloatArray:
    years = (factors.dates - _TREND_DATE).astype(np.float64) / 365.25
    away = lfilter([1.0], [1.0, -half_life(_TREND_SESSIONS)], returns)
    price = profile.level_usd * np.exp(profile.growth_frac * years + away)
    return np.asarray(np.round(np.maximum(price, 0.5), 2), dtype=np.float64)


def _implied_level(symbol: str, profile: Profile, factors: Factors) -> FloatArray:
    elasticity = {"index": 0.95, "etf": 0.85, "stock": 0.5, "crypto": 0.25, "vol": 0.45}[profile.smile]
    wobble = 0.0 if profile.smile == "index" else 0.05
    level = profile.iv * (factors.vix / 17.0) ** elasticity * np.exp(wobble * factors.drifting(f"iv {symbol}", 20.0))
    return np.asarray(np.clip(level, 0.03, 3.0), dtype=np.float64)


def _liquidity(symbol: str, factors: Factors, *, asset_class: str) -> FloatArray:
    slow, fast = (0.38, 0.14) if asset_class == "vix_index" else (0.15, 0.06)
    regime = slow * factors.drifting(f"spread {symbol}", 25.0) + fast * factors.normals("spread today", symbol)
    fear = 0.45 if asset_class == "vix_index" else 0.30
    return np.asarray(np.exp(regime) * (factors.vix / 17.0) ** fear, dtype=np.float64)


def _share_volume(symbol: str, profile: Profile, close: FloatArray, factors: Factors) -> FloatArray:
    before = np.concatenate([close[:1], close[:-1]])
    persistent = mean_reverting(factors.normals("volume", symbol), half_life(5.0))
    typical = 4e5 * profile.activity**0.8 * (1.0 + name_code(symbol) % 7 / 7.0)
    return np.asarray(
        np.round(typical * np.exp(0.3 * persistent + 8.0 * np.abs(np.log(close / before)))), dtype=np.float64
    )
