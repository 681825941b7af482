"""Forwards, discount factors and volatilities of the expiries listed on one night.

The state of the market at one close, per expiry and per strike. How prices become quotes is in `quoting`.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from alvh_core.curve import continuous_rate
from alvh_core.market.listing import Expiry
from alvh_core.market.noise import FloatArray
from alvh_core.market.paths import TENORS_YEARS, Factors, vix_forward
from alvh_core.market.profiles import SMILES, Profile
from alvh_core.market.series import Series
from alvh_core.universe import PM, Asset

_MORNING, _AFTERNOON = 9.5, 16.0  # settlement, New York [hours]
_ROUNDING = 0.6  # width of the smile's round bottom [standard deviations]
_MIN_SMILE, _MAX_SMILE, _MAX_DEVIATIONS = 0.35, 4.0, 9.0


@dataclass(frozen=True, eq=False)
class NightState:
    """The market of one symbol at one close; arrays of shape (n_expiries,).

    Attributes
    ----------
    spot : float
        Closing price of the underlying. [USD or index points]
    liquidity : float
        Tonight's factor on option spreads.
    years : ndarray
        Time from the close to settlement. [years] Zero for what settled this afternoon.
    forward, discount, vol : ndarray
        Forward [USD], discount factor, at-the-money volatility [fraction].
    """

    spot: float
    liquidity: float
    years: FloatArray
    forward: FloatArray
    discount: FloatArray
    vol: FloatArray


def night_state(
    asset: Asset,
    profile: Profile,
    factors: Factors,
    series: Series,
    *,
    at: int,
    close_hour: float,
    expiries: Sequence[Expiry],
) -> NightState:
    """Return the state of every listed expiry at one close.

    Parameters
    ----------
    asset, profile : Asset, Profile
        The symbol.
    factors, series : Factors, Series
        Daily paths of the market and of the symbol.
    at : int
        Position of the session in the paths.
    close_hour : float
        Close of the symbol's options, New York. [hours]
    expiries : sequence of Expiry
        What is listed.
    """
    dates = np.array([expiry.day for expiry in expiries], dtype="datetime64[D]")
    settles = np.array([_AFTERNOON if expiry.root.settlement == PM else _MORNING for expiry in expiries])
    days = np.maximum((dates - factors.dates[at]).astype(np.float64) + (settles - close_hour) / 24.0, 0.0)
    years = days / 365.0
    rate = np.interp(years, TENORS_YEARS, continuous_rate(factors.curve_percent[at] / 100.0))
    spot, level = float(series.close[at]), float(series.iv[at])
    if asset.asset_class == "vix_index":
        forward = vix_forward(np.full_like(days, spot), np.full_like(days, factors.anchor[at]), days)
        vol = level * (0.68 + 0.38 * np.exp(-days / 60.0))
    else:
        forward = spot * np.exp((rate - profile.yield_frac) * years)
        reversion = 1.0 - np.exp(-np.maximum(days - 30.0, 0.0) / 200.0)
        vol = level * (profile.iv / level) ** reversion
    return NightState(spot=spot, liquidity=float(series.liquidity[at]), years=years, forward=forward,
                      discount=np.exp(-rate * years), vol=np.asarray(vol, dtype=np.float64))  # fmt: skip


def smile_vol(
    profile: Profile, strike: FloatArray, forward: FloatArray, years: FloatArray, vol: FloatArray
) -> FloatArray:
    """Return the volatility of every strike: linear wings with a round bottom, in standard deviations.

    Parameters
    ----------
    profile : Profile
        Of the symbol; names its smile.
    strike, forward, years, vol : ndarray of shape (n_contracts,)
        Contract and at-the-money volatility of its expiry.

    Returns
    -------
    ndarray of shape (n_contracts,)
        Volatility, always positive. [fraction]
    """
    smile, deviation = SMILES[profile.smile], np.maximum(vol * np.sqrt(years), 1e-4)
    x = np.clip(np.log(strike / forward) / deviation, -_MAX_DEVIATIONS, _MAX_DEVIATIONS)
    shape = 1.0 + smile.slope * x + smile.curvature * (np.sqrt(x * x + _ROUNDING**2) - _ROUNDING)
    return np.asarray(vol * np.clip(shape, _MIN_SMILE, _MAX_SMILE), dtype=np.float64)
