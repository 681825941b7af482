"""The forward of every expiry from put-call parity: never spot, never one forward for two settlements.

``F = K* + (C - P) / D`` at the strike K* where the mids of call and put differ least (the VIX methodology's rule),
among the strikes that agree with the others, so that a stale quote cannot move the forward. The discount factor comes
from the curve, because the slope of parity is far too noisy at short tenors. Adjusted and one-sided contracts stay out.
"""

import numpy as np
import pandas as pd

from alvh_core import frames
from alvh_core.curve import discount_factor
from alvh_core.futures import with_vx_gaps
from alvh_core.schemas import FORWARDS

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
    two_sided = quotes["quote_flag"].isin(["OK", "LOCKED"]) & ~quotes["is_adjusted"]
    usable = two_sided & (quotes["bid_usd"] > 0) & (quotes["ask_usd"] >= quotes["bid_usd"])
    columns = [*EXPIRY, "strike_usd", "bid_usd", "ask_usd"]
    sided = quotes.loc[usable, [*columns, "years", "dte_days", "option_right"]]
    sided = sided[~sided.duplicated([*EXPIRY, "strike_usd", "option_right"], keep=False)]
    is_call = sided["option_right"] == "C"
    pairs = sided[is_call].merge(sided.loc[~is_call, columns], on=[*EXPIRY, "strike_usd"], suffixes=("_c", "_p"))
    return pairs[[*EXPIRY, "strike_usd", "years", "dte_days"]].assign(
        gap_usd=(pairs["bid_usd_c"] + pairs["ask_usd_c"] - pairs["bid_usd_p"] - pairs["ask_usd_p"]) / 2.0,
        low_usd=pairs["bid_usd_c"] - pairs["ask_usd_p"],
        high_usd=pairs["ask_usd_c"] - pairs["bid_usd_p"],
    )


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
    expiries = quotes.groupby(EXPIRY, observed=True, sort=True)[["dte_days", "years"]].first().reset_index()
    expiries["discount"] = discount_factor(curve, expiries["years"])
    pairs = _synthetic_forwards(parity_pairs(quotes).merge(expiries[[*EXPIRY, "discount"]], on=EXPIRY))
    best = _best_pairs(pairs)
    counts = pairs.groupby(EXPIRY, observed=True).size().rename("pairs_count").reset_index()
    result = expiries.merge(best[[*EXPIRY, "forward_usd", "half_width_usd"]], on=EXPIRY, how="left")
    result = result.merge(counts, on=EXPIRY, how="left").merge(_parity_status(pairs, best), on=EXPIRY, how="left")
    result["pairs_count"] = result["pairs_count"].fillna(0).astype("int64")
    result["parity_status"] = result["parity_status"].fillna("UNKNOWN")
    return _with_status(result)


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

    Returns
    -------
    DataFrame
    """
    columns = ["underlying", "trade_date", "source_mode", "underlying_price_usd"]
    dated = forwards.assign(underlying=forwards["underlying"].astype("str")).merge(
        snapshots[columns].assign(underlying=snapshots["underlying"].astype("str")), on="underlying"
    )
    dated = dated.assign(forward_gap_usd=dated["forward_usd"] - dated["underlying_price_usd"])
    return frames.conform(with_vx_gaps(dated, settlements), FORWARDS)


def _synthetic_forwards(pairs: pd.DataFrame) -> pd.DataFrame:
    """Add every pair's own forward at the mids, and the interval in which it could be traded."""
    of_gap = {"forward_usd": "gap_usd", "low_forward_usd": "low_usd", "high_forward_usd": "high_usd"}
    own = {name: pairs["strike_usd"] + pairs[gap] / pairs["discount"] for name, gap in of_gap.items()}
    return pairs.assign(**own, half_width_usd=(pairs["high_usd"] - pairs["low_usd"]) / 2.0)


def _nearest(pairs: pd.DataFrame, by: list[str], count: int) -> pd.DataFrame:
    """Return the first pairs of every expiry in the order of some columns, ties to the lower strike."""
    ranked = pairs.sort_values([*EXPIRY, *by, "strike_usd"], kind="stable")
    return ranked.groupby(EXPIRY, observed=True).head(count)


def _best_pairs(pairs: pd.DataFrame) -> pd.DataFrame:
    """Choose the pair of every expiry that gives its forward."""
    pairs = pairs.assign(distance=pairs["gap_usd"].abs())
    smallest = _nearest(pairs, ["distance"], NEIGHBOURS).groupby(EXPIRY, observed=True)
    median = smallest["forward_usd"].median().rename("median_usd").reset_index()
    pairs = pairs.merge(median, on=EXPIRY)
    outside = ~pairs["median_usd"].between(pairs["low_forward_usd"], pairs["high_forward_usd"])
    return _nearest(pairs.assign(outside=outside), ["outside", "distance"], 1)


def _parity_status(pairs: pd.DataFrame, best: pd.DataFrame) -> pd.DataFrame:
    chosen = best[[*EXPIRY, "strike_usd", "forward_usd"]]
    centre = chosen.rename(columns={"strike_usd": "centre", "forward_usd": "chosen"})
    known = pairs[(pairs["years"] > 0) & pairs["discount"].notna()].merge(centre, on=EXPIRY)
    near = _nearest(known.assign(steps=(known["strike_usd"] - known["centre"]).abs()), ["steps"], NEIGHBOURS)
    slack = _AMERICAN_SLACK_FRAC * near["chosen"]
    inside = near["chosen"].between(near["low_forward_usd"] - slack, near["high_forward_usd"] + slack)
    agrees = near.assign(agrees=inside)
    share = agrees.groupby(EXPIRY, observed=True)["agrees"].agg(["mean", "size"]).reset_index()
    status = np.where(share["mean"] >= MIN_AGREEING, "OK", "BROKEN")
    return share[EXPIRY].assign(parity_status=np.where(share["size"] < MIN_NEIGHBOURS, "UNKNOWN", status))


def _with_status(result: pd.DataFrame) -> pd.DataFrame:
    conditions = [
        result["years"] <= 0, result["discount"].isna(), result["pairs_count"] == 0,
        result["parity_status"] == "BROKEN", ~(result["forward_usd"] > 0),
    ]  # fmt: skip
    status = np.select(conditions, ["NO_TIME", "NO_CURVE", "NO_PAIRS", "INCONSISTENT", "BAND"], default="OK")
    return result.assign(forward_status=status, forward_usd=result["forward_usd"].where(status == "OK"))
