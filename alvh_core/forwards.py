"""The forward of every expiry from put-call parity: never spot, never one forward for two settlements.

``F = K* + (C - P) / D`` at the strike K* where the mids of call and put differ least (the VIX methodology's rule),
among the strikes that agree with the others, so that a stale quote cannot move the forward. The discount factor comes
from the curve, because the slope of parity is far too noisy at short tenors. Adjusted and one-sided contracts stay out.
"""

from collections.abc import Sequence
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from alvh_core import frames
from alvh_core.columns import TWO_SIDED
from alvh_core.curve import discount_factor
from alvh_core.futures import with_vx_gaps
from alvh_core.schemas import FORWARDS

FloatArray = NDArray[np.float64]
Positions = NDArray[np.int64]
EXPIRY = ["underlying", "root", "expiry_date"]
NEIGHBOURS, MIN_NEIGHBOURS, MIN_AGREEING = 9, 3, 2.0 / 3.0
_AMERICAN_SLACK_FRAC = 0.005


def parity_pairs(quotes: pd.DataFrame) -> pd.DataFrame:
    """Match calls with puts of the same root, expiry and strike.

    Parameters
    ----------
    quotes : DataFrame
        `OPTION_QUOTES`.

    Returns
    -------
    DataFrame
        One row per pair of two-sided, unadjusted contracts: `EXPIRY`, ``strike_usd``, ``years``, ``dte_days``,
        ``gap_usd`` = call mid - put mid, ``low_usd`` = call bid - put ask, ``high_usd`` = call ask - put bid. Duplicate
        contracts leave no pair: which of them is right cannot be told.
    """
    calls, puts = _matched(quotes, expiry_numbers(quotes))
    return (
        quotes.iloc[calls][[*EXPIRY, "strike_usd", "years", "dte_days"]]
        .reset_index(drop=True)
        .assign(**_gaps(quotes, calls, puts))
    )


def expiry_numbers(quotes: pd.DataFrame) -> Positions:
    """Return every row's expiry by its number in order; -1 for a row without one.

    One whole number instead of three keys: every sort, match and count by expiry costs a fraction.
    """
    numbers = quotes.groupby(EXPIRY, observed=True).ngroup()
    return np.asarray(numbers.fillna(-1).astype("int64"))


def _matched(quotes: pd.DataFrame, expiry: Positions) -> tuple[Positions, Positions]:
    """Return the positions of the calls of all pairs, in order, and those of their puts."""
    bid, ask, strike = (quotes[name].to_numpy() for name in ("bid_usd", "ask_usd", "strike_usd"))
    two_sided = quotes["quote_flag"].isin(TWO_SIDED).to_numpy() & ~quotes["is_adjusted"].to_numpy(dtype=bool)
    at = np.flatnonzero(two_sided & (bid > 0) & (ask >= bid) & (expiry >= 0))
    is_put = quotes["option_right"].ne("C").to_numpy()
    at = at[np.lexsort((is_put[at], strike[at], expiry[at]))]
    same = (expiry[at][1:] == expiry[at][:-1]) & (strike[at][1:] == strike[at][:-1])
    # the first of exactly two at one strike, a call before a put
    first = np.flatnonzero(
        same & ~np.r_[False, same[:-1]] & ~np.r_[same[1:], False] & (is_put[at][1:] > is_put[at][:-1])
    )
    calls, puts = at[first], at[first + 1]
    order = np.argsort(calls)
    return calls[order], puts[order]


@np.errstate(invalid="ignore")  # of two infinite sides
def _gaps(quotes: pd.DataFrame, calls: Positions, puts: Positions) -> dict[str, FloatArray]:
    """Return what the pairs of calls and puts cost, at the mids and at the sides that could be traded."""
    bid, ask = quotes["bid_usd"].to_numpy(), quotes["ask_usd"].to_numpy()
    return {
        "gap_usd": (bid[calls] + ask[calls] - bid[puts] - ask[puts]) / 2.0,
        "low_usd": bid[calls] - ask[puts],
        "high_usd": ask[calls] - bid[puts],
    }


def expiry_forwards(quotes: pd.DataFrame, curve: pd.DataFrame) -> pd.DataFrame:
    """Compute one forward per underlying, root and expiry.

    Parameters
    ----------
    quotes : DataFrame
        `OPTION_QUOTES`, any number of underlyings.
    curve : DataFrame
        From `alvh_core.curve.curve_as_of`.

    Returns
    -------
    DataFrame
        `EXPIRY`, ``dte_days``, ``years``, ``discount``, ``forward_usd`` (NaN unless ``forward_status`` is OK),
        ``half_width_usd`` (half the width of the parity quote at K*), ``pairs_count``, ``parity_status``
        (OK, UNKNOWN, BROKEN) and ``forward_status``.

    Notes
    -----
    K* is the strike of the smallest ``|C - P|`` whose executable interval ``K + [C_bid - P_ask, C_ask - P_bid] / D``
    holds the median forward of the nine pairs of smallest ``|C - P|``; where none does, of the smallest ``|C - P|``.

    Parity is BROKEN where, of the nine strikes nearest to K*, more than a third exclude F from their interval widened
    by half a percent (early exercise, asynchronous quotes): strikes of two corporate-action regimes in one expiry look
    like that. Mid-price inconsistencies are not counted. It is UNKNOWN with fewer than three strikes, and without a
    discount factor or time to expiry.
    """
    expiries = quotes.groupby(EXPIRY, observed=True)[["dte_days", "years"]].first().reset_index()
    expiries["discount"] = discount_factor(curve, expiries["years"])
    pairs = _synthetic_forwards(quotes, expiries)
    best = pairs.iloc[_best_pairs(pairs)].set_index("expiry_no").reindex(range(len(expiries)))
    return _with_status(
        expiries.assign(
            forward_usd=best["forward_usd"], half_width_usd=best["half_width_usd"],
            pairs_count=np.bincount(pairs["expiry_no"], minlength=len(expiries)),
            parity_status=_parity_status(pairs, best),
        )
    )  # fmt: skip


def forward_rows(forwards: pd.DataFrame, snapshots: pd.DataFrame, settlements: pd.DataFrame) -> pd.DataFrame:
    """Return `FORWARDS`: the forwards with their night, and their gaps to the vendor's underlying and the VX future.

    Parameters
    ----------
    forwards : DataFrame
        From `expiry_forwards`.
    snapshots : DataFrame
        `SNAPSHOTS`.
    settlements : DataFrame
        `VX_SETTLEMENTS`.
    """
    columns = ["underlying", "trade_date", "source_mode", "underlying_price_usd"]
    dated = forwards.assign(underlying=forwards["underlying"].astype("str")).merge(
        snapshots[columns].assign(underlying=snapshots["underlying"].astype("str")), on="underlying"
    )
    dated = dated.assign(forward_gap_usd=dated["forward_usd"] - dated["underlying_price_usd"])
    return frames.conform(with_vx_gaps(dated, settlements), FORWARDS)


@np.errstate(invalid="ignore")  # of two infinite sides
def _synthetic_forwards(quotes: pd.DataFrame, expiries: pd.DataFrame) -> pd.DataFrame:
    """Return every pair's own forward at the mids, and the interval in which it could be traded."""
    number = expiry_numbers(quotes)
    calls, puts = _matched(quotes, number)
    strike, years = quotes["strike_usd"].to_numpy()[calls], quotes["years"].to_numpy()[calls]
    discount = expiries["discount"].to_numpy()[number[calls]]
    gaps = _gaps(quotes, calls, puts)
    return pd.DataFrame({
        "expiry_no": number[calls], "strike_usd": strike, "distance": np.abs(gaps["gap_usd"]),
        "forward_usd": strike + gaps["gap_usd"] / discount, "low_forward_usd": strike + gaps["low_usd"] / discount,
        "high_forward_usd": strike + gaps["high_usd"] / discount,
        "half_width_usd": (gaps["high_usd"] - gaps["low_usd"]) / 2.0, "is_timed": (years > 0) & ~np.isnan(discount),
    })  # fmt: skip


def _nearest(expiry: Positions, by: Sequence[NDArray[Any]], count: int) -> Positions:
    """Return the positions of the first rows of every expiry in the order of some columns."""
    order = np.lexsort((*reversed(by), expiry))
    ordered = expiry[order]
    place = np.arange(len(order)) - np.searchsorted(ordered, ordered)
    return np.asarray(order[place < count])


def _best_pairs(pairs: pd.DataFrame) -> Positions:
    """Choose the pair of every expiry that gives its forward, ties to the lower strike."""
    number, strike, distance = (pairs[name].to_numpy() for name in ("expiry_no", "strike_usd", "distance"))
    smallest = pairs.iloc[_nearest(number, (distance, strike), NEIGHBOURS)]
    median = smallest.groupby("expiry_no")["forward_usd"].median().reindex(number).to_numpy()
    low, high = pairs["low_forward_usd"].to_numpy(), pairs["high_forward_usd"].to_numpy()
    outside = ~((median >= low) & (median <= high))
    return _nearest(number, (outside, distance, strike), 1)


def _parity_status(pairs: pd.DataFrame, best: pd.DataFrame) -> NDArray[np.str_]:
    """Say of every expiry whether the strikes around its forward agree with it."""
    known = pairs[pairs["is_timed"]]
    number, strike = known["expiry_no"].to_numpy(), known["strike_usd"].to_numpy()
    steps = np.abs(strike - best["strike_usd"].to_numpy()[number])
    near = known.iloc[_nearest(number, (steps, strike), NEIGHBOURS)]
    chosen = best["forward_usd"].to_numpy()[near["expiry_no"]]
    slack = _AMERICAN_SLACK_FRAC * chosen
    inside = (chosen >= near["low_forward_usd"] - slack) & (chosen <= near["high_forward_usd"] + slack)
    count = np.bincount(near["expiry_no"], minlength=len(best))
    agreeing = np.bincount(near["expiry_no"], weights=inside, minlength=len(best)) / np.maximum(count, 1)
    return np.where(count < MIN_NEIGHBOURS, "UNKNOWN", np.where(agreeing >= MIN_AGREEING, "OK", "BROKEN"))


def _with_status(result: pd.DataFrame) -> pd.DataFrame:
    conditions = [
        result["years"] <= 0, result["discount"].isna(), result["pairs_count"] == 0,
        result["parity_status"] == "BROKEN", ~(result["forward_usd"] > 0),
    ]  # fmt: skip
    status = np.select(conditions, ["NO_TIME", "NO_CURVE", "NO_PAIRS", "INCONSISTENT", "BAND"], default="OK")
    return result.assign(forward_status=status, forward_usd=result["forward_usd"].where(status == "OK"))
