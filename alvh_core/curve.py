"""The discount factor: Treasury par yields to continuously compounded rates, interpolated in maturity.

Par yields of bills are taken as zero rates; inside two years, where the ladder lives, the difference is a few basis
points. Downloading and parsing the curve is a source's business.
"""

from datetime import date, timedelta

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike, NDArray

from alvh_core import frames
from alvh_core.schemas import LISTED_YIELDS, RATE_CURVE

MAX_AGE_DAYS = 4
SLOPE_YEARS = (0.25, 10.0)  # the slope of the curve is the difference of their yields


def continuous_rate(par_yield_frac: ArrayLike) -> NDArray[np.float64]:
    """Return the continuously compounded rate of a bond-equivalent yield.

    Parameters
    ----------
    par_yield_frac : array_like
        Semi-annually compounded yield. [fraction]

    Returns
    -------
    ndarray
        ``2 ln(1 + y / 2)``. [fraction] NaN stays NaN.

    Examples
    --------
    >>> float(continuous_rate(0.04).round(6))
    0.039605
    """
    return 2.0 * np.log1p(np.asarray(par_yield_frac, dtype=np.float64) / 2.0)


def curve_as_of(curve: pd.DataFrame, trade_date: date) -> pd.DataFrame:
    """Return the newest curve row not after the session and not older than four calendar days.

    Parameters
    ----------
    curve : DataFrame
        ``curve_date``, ``tenor_years``, ``par_yield_frac`` and more, any number of dates.
    trade_date : date

    Returns
    -------
    DataFrame
        One date's tenors, ascending, with ``zero_rate_frac``; empty where there is none (nothing is carried forward).
    """
    day = pd.Timestamp(trade_date)
    known = curve[(curve["curve_date"] <= day) & (curve["curve_date"] >= day - timedelta(days=MAX_AGE_DAYS))]
    newest: pd.DataFrame = known[known["curve_date"] == known["curve_date"].max()].sort_values("tenor_years")
    return newest.assign(zero_rate_frac=continuous_rate(newest["par_yield_frac"])).reset_index(drop=True)


def night_curve(curve: pd.DataFrame, trade_date: date, source_mode: str) -> pd.DataFrame:
    """Return the curve a night discounts with.

    Parameters
    ----------
    curve : DataFrame
        Parsed curve rows of any dates; may be empty and without columns.
    trade_date : date
    source_mode : str

    Returns
    -------
    DataFrame
        `RATE_CURVE`, one curve date; empty where none is recent enough.
    """
    if curve.empty:
        return frames.empty(RATE_CURVE)
    chosen = curve_as_of(curve, trade_date)
    return frames.of_night(chosen, RATE_CURVE, trade_date, source_mode)


def night_yields(curve: pd.DataFrame, trade_date: date, source_mode: str) -> pd.DataFrame:
    """Return the yields of a curve file by which moves of rates are measured, of all its dates up to the session.

    Parameters
    ----------
    curve : DataFrame
        Parsed curve rows of any dates; may be empty and without columns.
    trade_date : date
    source_mode : str

    Returns
    -------
    DataFrame
        `LISTED_YIELDS`, the tenors of `SLOPE_YEARS`.
    """
    if curve.empty:
        return frames.empty(LISTED_YIELDS)
    listed = curve[(curve["curve_date"] <= pd.Timestamp(trade_date)) & curve["tenor_years"].isin(SLOPE_YEARS)]
    return frames.of_night(listed, LISTED_YIELDS, trade_date, source_mode)


def rate_at(curve: pd.DataFrame, years: float) -> float:
    """Return the continuous zero rate of a maturity, linear between tenors; NaN where there is no curve.

    Parameters
    ----------
    curve : DataFrame
        From `night_curve`.
    years : float
    """
    factor = float(discount_factor(curve, np.array([years]))[0])
    return float(-np.log(factor) / years)


def discount_factor(curve: pd.DataFrame, years: ArrayLike) -> NDArray[np.float64]:
    """Return ``exp(-r(T) T)`` with the rate linear in maturity and flat beyond both ends.

    Parameters
    ----------
    curve : DataFrame
        From `curve_as_of` or `night_curve`: one curve date, tenors in any order.
    years : array_like
        Time to settlement. [years]

    Returns
    -------
    ndarray
        Discount factor; NaN everywhere where the curve is empty.
    """
    maturity = np.asarray(years, dtype=np.float64)
    if curve.empty:
        return np.full(maturity.shape, np.nan)
    ascending = curve.sort_values("tenor_years")
    rate = np.interp(maturity, ascending["tenor_years"].to_numpy(), ascending["zero_rate_frac"].to_numpy())
    return np.asarray(np.exp(-rate * maturity))
