"""What the legs of a ladder cost, where they break even, and how wide their part of the chain is.

Which contracts are the legs is `alvh_core.selection`, how many of them are bought `alvh_core.sizing`, and whether they
are bought `alvh_core.triggers`.
"""

from collections.abc import Sequence

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike, NDArray

from alvh_core.liquidity import in_quoted_band
from alvh_core.params import FEE_USD_PER_CONTRACT
from alvh_core.selection import Selection


def break_even(strike: ArrayLike, mid: ArrayLike, spread: ArrayLike, discount: ArrayLike, *, fill: float,
               is_call: ArrayLike = True, fee: ArrayLike = 0.0) -> NDArray[np.float64]:  # fmt: skip
    """Return the underlying's level at expiry at which a bought option has earned its premium back.

    Parameters
    ----------
    strike, mid, spread, discount : array_like
        [USD or points, USD, USD, factor]
    fill : float
        Where inside the market it was bought: 0 at the mid, 1 at the ask. [half-spreads]
    is_call : array_like of bool
        A put breaks even below its strike.
    fee : array_like
        Of the purchase, per share; a contract's fee over its multiplier. [USD]

    Returns
    -------
    ndarray
        ``K +/- ((m + k S / 2) / D + fee)``: the premium is carried to expiry, the fee is not. NaN in gives NaN out.

    Examples
    --------
    >>> float(break_even(23.0, 1.0, 0.10, 1.0, fill=1.0).round(4))
    24.05
    """
    paid = (np.asarray(mid, dtype=np.float64) + fill * np.asarray(spread) / 2.0) / np.asarray(discount)
    paid = paid + np.asarray(fee, dtype=np.float64)
    return np.asarray(np.asarray(strike, dtype=np.float64) + np.where(is_call, paid, -paid))


def with_costs(legs: pd.DataFrame) -> pd.DataFrame:
    """Add premium and break-evens.

    Parameters
    ----------
    legs : DataFrame
        ``option_right``, ``side``, ``units_target``, ``multiplier``, ``strike_usd``, ``mid_usd``, ``bid_usd``,
        ``ask_usd``, ``discount``, ``forward_usd``, ``extrinsic_usd``, ``dte_days``.

    Returns
    -------
    DataFrame
        With ``premium_usd``, negative where a leg is sold, the break-even columns of `LADDER_LEGS`, which a sold leg
        does not have, and time value as a share of the premium and by the day, straight-line. Break-evens bear the fee
        of the purchase; their erosion is of the spread alone.
    """
    is_call = (legs["option_right"] == "C").to_numpy()
    spread = legs["ask_usd"] - legs["bid_usd"]
    args = (legs["strike_usd"], legs["mid_usd"], spread, legs["discount"])
    fee = FEE_USD_PER_CONTRACT / legs["multiplier"].to_numpy(dtype=np.float64)
    levels = {}
    for name, fill in (("break_even_usd", 0.0), ("break_even_touch_usd", 1.0)):
        level = break_even(*args, fill=fill, is_call=is_call, fee=fee)
        levels[name] = pd.Series(level, index=legs.index).where(legs["side"] > 0)
    erosion = (levels["break_even_touch_usd"] - levels["break_even_usd"]).abs()
    distance = (levels["break_even_usd"] - legs["forward_usd"]) * np.where(is_call, 1.0, -1.0)
    return legs.assign(
        **levels, be_erosion_usd=erosion, be_erosion_frac=erosion / distance.where(distance > 0.0),
        extrinsic_frac=legs["extrinsic_usd"] / legs["mid_usd"].where(legs["mid_usd"] > 0.0),
        extrinsic_usd_per_day=legs["extrinsic_usd"] / legs["dte_days"].where(legs["dte_days"] > 0),
        premium_usd=legs["side"] * legs["units_target"] * legs["multiplier"] * legs["mid_usd"],
    )  # fmt: skip


def band_medians(chains: pd.DataFrame, wanted: Sequence[tuple[str, Selection]]) -> NDArray[np.float64]:
    """Return the median spread of the out-of-the-money band over the tenor windows of each selection.

    Parameters
    ----------
    chains : DataFrame
        `PRICED_QUOTES` of any number of underlyings.
    wanted : sequence of (underlying, Selection)

    Returns
    -------
    ndarray of shape (n_wanted,)
        [fraction of mid] A strike in the band that nobody bids for counts 200 %; NaN where the band is empty.
    """
    band = chains.loc[in_quoted_band(chains), ["underlying", "option_right", "dte_days", "spread_frac"]]
    result = np.full(len(wanted), np.nan)
    windows: dict[tuple[object, ...], pd.Series] = {}
    for at, (name, selection) in enumerate(wanted):
        key = (selection.rule.option_right, selection.tenors_days, selection.tolerances_days)
        if key not in windows:
            reach = zip(selection.tenors_days, selection.tolerances_days, strict=True)
            inside = np.logical_or.reduce([band["dte_days"].between(t - d, t + d).to_numpy() for t, d in reach])
            mine = band[inside & (band["option_right"] == key[0])]
            windows[key] = mine.groupby("underlying", observed=True)["spread_frac"].median()
        result[at] = windows[key].get(name, np.nan)
    return result
