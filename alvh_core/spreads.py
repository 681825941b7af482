"""Spread arithmetic and the article's 8 % filter on exactly the legs to be bought.

The denominator is the mid premium, always. Scores (how liquid is a chain) are `alvh_core.liquidity`; which legs are
bought is `alvh_core.ladder`.
"""

from dataclasses import dataclass

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike, NDArray

from alvh_core.params import SpreadRule

# Prices go to whole numbers of this before they are added: 3.60 x 3.90 is 8 % wide, and 0.07999999999999996 in floats.
PRICE_GRID_USD = 1e-8


def relative_spread(bid: ArrayLike, ask: ArrayLike) -> NDArray[np.float64]:
    """Return the quoted spread as a fraction of the mid premium.

    Parameters
    ----------
    bid : array_like of shape (n_quotes,)
        Best bid. [USD per share] Zero is legal (no buyer).
    ask : array_like of shape (n_quotes,)
        Best ask. [USD per share]

    Returns
    -------
    ndarray of shape (n_quotes,)
        ``(a - b) / ((a + b) / 2)``. [fraction, 0.08 = 8 %] No bid gives exactly 2, a locked market 0. A crossed quote,
        a negative price, a missing side or a zero mid gives NaN, never a number.

    Examples
    --------
    >>> relative_spread([0.95, 0.0, 1.05], [1.05, 0.1, 1.0]).round(4).tolist()
    [0.1, 2.0, nan]
    """
    low, high = np.broadcast_arrays(np.asarray(bid, dtype=np.float64), np.asarray(ask, dtype=np.float64))
    legal = (low >= 0.0) & (high >= low) & (high > 0.0) & np.isfinite(high)
    result = np.full(low.shape, np.nan)
    np.divide(2.0 * (high - low), high + low, out=result, where=legal)
    return result


@dataclass(frozen=True, kw_only=True)
class LadderSpread:
    """The filter's reading of a ladder; all spreads are fractions of the mid premium, NaN where not defined.

    Attributes
    ----------
    s_ladder_frac : float
        Decision value: units-weighted spread over units-weighted premium.
    s_simple_frac : float
        Plain mean of the legs' spreads.
    s_worst_frac : float
        Widest leg.
    tick_floor_frac : float
        The decision value if every leg were one tick wide: no market can do better.
    filter_state : str
        One of `alvh_core.columns.FILTER_STATES`.
    """

    s_ladder_frac: float
    s_simple_frac: float
    s_worst_frac: float
    tick_floor_frac: float
    filter_state: str


def ladder_spread(legs: pd.DataFrame, rule: SpreadRule) -> LadderSpread:
    """Apply the 8 % rule to the legs of one ladder.

    Parameters
    ----------
    legs : DataFrame
        One row per layer: ``leg_status``, ``units_target``, ``bid_usd``, ``ask_usd``, ``tick_usd``.
    rule : SpreadRule

    Returns
    -------
    LadderSpread
        PASS only if the premium-weighted spread is strictly below the limit, no leg reaches the worst-leg limit and no
        leg is missing. The numbers cover the legs that have a quote even where the state is not PASS; a crossed,
        negative or missing quote among them leaves no number at all. A leg of zero units is not bought and not judged.

    Notes
    -----
    ``s_ladder = sum(u S) / sum(u m)`` is the whole round-trip crossing cost over the premium. Where even one-tick-wide
    markets would fail the limit the state is FAIL_TICK: the premium is too small for the tick, no market can pass.
    """
    bought = legs[legs["units_target"] > 0]
    quoted = bought[bought["leg_status"].isin(["OK", "ZERO_BID"])]
    units = quoted["units_target"].to_numpy(dtype=np.float64)
    bid, ask, tick = (_on_grid(quoted[name]) for name in ("bid_usd", "ask_usd", "tick_usd"))
    per_leg = relative_spread(bid, ask)
    if not len(quoted) or np.isnan(per_leg).any():
        return LadderSpread(s_ladder_frac=np.nan, s_simple_frac=np.nan, s_worst_frac=np.nan, tick_floor_frac=np.nan,
                            filter_state=_missing_state(bought) or "BAD_QUOTE")  # fmt: skip
    twice_premium = units @ (ask + bid)
    floor = float(units @ (2.0 * tick) / twice_premium)
    s_ladder, s_worst = float(units @ (2.0 * (ask - bid)) / twice_premium), float(per_leg.max())
    return LadderSpread(
        s_ladder_frac=s_ladder, s_simple_frac=float(per_leg.mean()), s_worst_frac=s_worst, tick_floor_frac=floor,
        filter_state=_missing_state(bought) or _spread_state(s_ladder, s_worst, floor, rule),
    )  # fmt: skip


def _on_grid(prices: pd.Series) -> NDArray[np.float64]:
    """Count prices in whole grid steps: sums and differences are exact then, and so is a ratio at the limit."""
    return np.asarray(np.rint(prices.to_numpy(dtype=np.float64) / PRICE_GRID_USD))


def _missing_state(legs: pd.DataFrame) -> str | None:
    """Name what keeps a ladder from being complete, gravest first."""
    statuses = set(legs["leg_status"].astype("str"))
    for status, state in (
        ("NO_DATA", "NO_DATA"), ("NO_EXPIRY", "MISSING_LEG"), ("NO_STRIKE", "MISSING_LEG"), ("BAD_QUOTE", "BAD_QUOTE"),
        ("ZERO_BID", "ZERO_BID"),
    ):  # fmt: skip
        if status in statuses:
            return state
    return None


def _spread_state(s_ladder: float, s_worst: float, floor: float, rule: SpreadRule) -> str:
    if s_ladder < rule.limit_frac and s_worst < rule.worst_leg_frac:
        return "PASS"
    return "FAIL_TICK" if floor >= rule.limit_frac else "FAIL_ILLIQUID"
