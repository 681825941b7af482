"""Spread arithmetic and the article's 8 % filter on exactly the legs to be bought.

The denominator is the mid premium, always. Scores (how liquid is a chain) are `alvh_core.liquidity`; which legs are
bought is `alvh_core.ladder`.
"""

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike, NDArray

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


def ladder_spreads(legs: pd.DataFrame, limit_frac: ArrayLike, worst_leg_frac: ArrayLike) -> pd.DataFrame:
    """Apply the 8 % rule to the legs of every ladder.

    Parameters
    ----------
    legs : DataFrame
        One row per ladder and layer: ``book_no``, ``leg_status``, ``units_target``, ``bid_usd``, ``ask_usd``,
        ``tick_usd``. Units are contracts, or, for a ladder that buys equal premium, shares over the mid.
    limit_frac, worst_leg_frac : array_like
        As in `alvh_core.params.SpreadRule`: of all ladders, or of each in the order of ``book_no``.

    Returns
    -------
    DataFrame
        By ``book_no``, spreads as fractions of the mid premium, NaN where not defined: ``s_ladder_frac``, the decision
        value, units-weighted spread over units-weighted premium; ``s_simple_frac``, plain mean of the legs;
        ``s_worst_frac``, widest leg; ``tick_floor_frac``, the decision value if every leg were one tick wide, and no
        market can do better; ``filter_state``, one of `alvh_core.columns.FILTER_STATES`. PASS only if the decision
        value is strictly below the limit, no leg reaches the worst-leg limit and no leg is missing. The numbers cover
        the legs that have a quote even where the state is not PASS; a crossed, negative or missing quote among them
        leaves no number at all. A leg of zero units is not bought and not judged.

    Notes
    -----
    ``s_ladder = sum(u S) / sum(u m)`` is the whole round-trip crossing cost over the premium. Where even one-tick-wide
    markets would fail the limit the state is FAIL_TICK: the premium is too small for the tick, no market can pass.
    """
    bought = legs["units_target"].to_numpy(dtype=np.float64) > 0
    status = legs["leg_status"].astype("str").to_numpy()
    quoted = bought & np.isin(status, ["OK", "ZERO_BID"])
    units = np.where(quoted, legs["units_target"].to_numpy(dtype=np.float64), 0.0)
    bid, ask, tick = (_on_grid(legs[name]) for name in ("bid_usd", "ask_usd", "tick_usd"))
    rank = np.where(bought, pd.Index(_STATUS_ORDER).get_indexer(pd.Index(status)), len(_STATUS_ORDER))
    per_leg = relative_spread(bid, ask)
    by_leg = pd.DataFrame({
        "book_no": legs["book_no"].to_numpy(), "wide": units * 2.0 * (ask - bid), "paid": units * (ask + bid),
        "floor": units * 2.0 * tick, "spread": np.where(quoted, per_leg, np.nan), "quoted": quoted,
        "rank": np.where(rank < 0, len(_STATUS_ORDER), rank), "unknown": quoted & np.isnan(per_leg),
    })  # fmt: skip
    books = by_leg.groupby("book_no").agg(
        wide=("wide", "sum"), paid=("paid", "sum"), floor=("floor", "sum"), simple=("spread", "mean"),
        worst=("spread", "max"), quoted=("quoted", "any"), unknown=("unknown", "any"), rank=("rank", "min"),
    )  # fmt: skip
    return _read(books, np.asarray(limit_frac), np.asarray(worst_leg_frac))


_STATUS_ORDER = ("NO_DATA", "NO_EXPIRY", "NO_STRIKE", "BAD_QUOTE", "ZERO_BID")  # gravest first
_MISSING_STATES = ("NO_DATA", "MISSING_LEG", "MISSING_LEG", "BAD_QUOTE", "ZERO_BID", "")


def _read(books: pd.DataFrame, limit: NDArray[np.float64], worst_limit: NDArray[np.float64]) -> pd.DataFrame:
    """Turn the sums of ladders into the filter's reading."""
    is_readable = (books["quoted"] & ~books["unknown"]).to_numpy()
    paid = books["paid"].where(is_readable)
    s_ladder, floor = books["wide"] / paid, books["floor"] / paid
    worst = books["worst"].where(is_readable)
    passes = (s_ladder < limit) & (worst < worst_limit)
    state = np.select([~is_readable, passes, floor >= limit], ["BAD_QUOTE", "PASS", "FAIL_TICK"],
                      default="FAIL_ILLIQUID")  # fmt: skip
    missing = np.array(_MISSING_STATES)[books["rank"].to_numpy()]
    return pd.DataFrame({
        "s_ladder_frac": s_ladder, "s_simple_frac": books["simple"].where(is_readable), "s_worst_frac": worst,
        "tick_floor_frac": floor, "filter_state": np.where(missing != "", missing, state),
    })  # fmt: skip


def _on_grid(prices: pd.Series) -> NDArray[np.float64]:
    """Count prices in whole grid steps: sums and differences are exact then, and so is a ratio at the limit."""
    return np.asarray(np.rint(prices.to_numpy(dtype=np.float64) / PRICE_GRID_USD))
