"""The forward of every expiry from put-call parity: never spot, never one forward for two settlements.

``F = K* + (C - P) / D`` at the strike K* where the mids of call and put differ least (the VIX methodology's rule). The
discount factor comes from the curve, because the slope of parity is far too noisy at short tenors. Only two-sided,
unadjusted contracts take part.
"""

import numpy as np
import pandas as pd

from alvh_core import frames
from alvh_core.curve import discount_factor
from alvh_core.schemas import FORWARDS

EXPIRY = ["underlying", "root", "expiry_date"]
NEIGHBOURS = 9
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
    Parity is BROKEN where, of the nine pairs nearest to K*, most exclude F from their own executable interval
    ``K + [C_bid - P_ask, C_ask - P_bid] / D`` widened by half a percent (early exercise, asynchronous quotes): strikes
    of two corporate-action regimes in one expiry look like that. Mid-price inconsistencies are not counted.
    """
    expiries = quotes.groupby(EXPIRY, observed=True, sort=True)[["dte_days", "years"]].first().reset_index()
    expiries["discount"] = discount_factor(curve, expiries["years"])
    pairs = parity_pairs(quotes).merge(expiries[[*EXPIRY, "discount"]], on=EXPIRY)
    pairs["distance"] = pairs["gap_usd"].abs()
    pairs = pairs.sort_values([*EXPIRY, "distance", "strike_usd"], kind="stable")
    best = pairs.groupby(EXPIRY, observed=True).head(1)
    best = best.assign(
        forward_usd=best["strike_usd"] + best["gap_usd"] / best["discount"],
        half_width_usd=(best["high_usd"] - best["low_usd"]) / 2.0,
    )
    counts = pairs.groupby(EXPIRY, observed=True).size().rename("pairs_count").reset_index()
    result = expiries.merge(best[[*EXPIRY, "forward_usd", "half_width_usd"]], on=EXPIRY, how="left")
    result = result.merge(counts, on=EXPIRY, how="left").merge(_parity_status(pairs, best), on=EXPIRY, how="left")
    result["pairs_count"] = result["pairs_count"].fillna(0).astype("int64")
    result["parity_status"] = result["parity_status"].fillna("UNKNOWN")
    return _with_status(result)


def forward_rows(forwards: pd.DataFrame, snapshots: pd.DataFrame) -> pd.DataFrame:
    """Return `FORWARDS`: the forwards with the night they belong to and their gap to the vendor's underlying price.

    Parameters
    ----------
    forwards : DataFrame
        From `expiry_forwards`.
    snapshots : DataFrame
        `SNAPSHOTS`.

    Returns
    -------
    DataFrame
    """
    columns = ["underlying", "trade_date", "source_mode", "underlying_price_usd"]
    dated = forwards.assign(underlying=forwards["underlying"].astype("str")).merge(
        snapshots[columns].assign(underlying=snapshots["underlying"].astype("str")), on="underlying"
    )
    return frames.conform(dated.assign(forward_gap_usd=dated["forward_usd"] - dated["underlying_price_usd"]), FORWARDS)


def _parity_status(pairs: pd.DataFrame, best: pd.DataFrame) -> pd.DataFrame:
    near = pairs.groupby(EXPIRY, observed=True).head(NEIGHBOURS).merge(best[[*EXPIRY, "forward_usd"]], on=EXPIRY)
    slack = _AMERICAN_SLACK_FRAC * near["forward_usd"]
    low = near["strike_usd"] + near["low_usd"] / near["discount"] - slack
    high = near["strike_usd"] + near["high_usd"] / near["discount"] + slack
    near["agrees"] = (near["forward_usd"] >= low) & (near["forward_usd"] <= high)
    share = near.groupby(EXPIRY, observed=True)["agrees"].agg(["mean", "size"]).reset_index()
    status = np.where(share["size"] < 3, "UNKNOWN", np.where(share["mean"] >= 0.5, "OK", "BROKEN"))
    return share[EXPIRY].assign(parity_status=status)


def _with_status(result: pd.DataFrame) -> pd.DataFrame:
    status = np.select(
        [result["years"] <= 0, result["discount"].isna(), result["pairs_count"] == 0, result["parity_status"] == "BROKEN",
         ~(result["forward_usd"] > 0)],
        ["NO_TIME", "NO_CURVE", "NO_PAIRS", "INCONSISTENT", "BAND"], default="OK",
    )  # fmt: skip
    return result.assign(forward_status=status, forward_usd=result["forward_usd"].where(status == "OK"))
