r"""Conversion and reversal: how near to parity the market is, and the financing rate its slope implies.

A conversion is long the underlying, long the put and short the call; a reversal is the opposite. At the touch both lose
money; one that does not is a data error until proven otherwise, and is never called arbitrage here.

.. math:: C - P = D (F - K), \qquad \text{conv} = D (K - F) + C_b - P_a, \qquad \text{rev} = D (F - K) - C_a + P_b .
"""

from collections.abc import Mapping

import numpy as np
import pandas as pd

from alvh_core import frames
from alvh_core.forwards import EXPIRY, parity_pairs
from alvh_core.params import FEE_USD_PER_CONTRACT
from alvh_core.registry.tightness import PARITY
from alvh_core.universe import Asset

BAND_FRAC = 0.05  # strikes this near to the forward
MIN_PAIRS, MIN_DTE_DAYS, MAX_SE_FRAC = 10, 60, 0.005  # below, the slope is hopeless
PAIRED = ["strike_usd", "gap_usd", "low_usd", "high_usd"]
_FEES = 2.0 * FEE_USD_PER_CONTRACT / 100.0


def night_parity(
    priced: pd.DataFrame,
    forwards: pd.DataFrame,
    spots: pd.DataFrame,
    universe: Mapping[str, Asset],
    trade_date: pd.Timestamp,
    source_mode: str,
) -> pd.DataFrame:
    """Return `PARITY` of the night: one row per expiry with a forward.

    Parameters
    ----------
    priced : DataFrame
        `PRICED_QUOTES`.
    forwards : DataFrame
        `FORWARDS`.
    spots : DataFrame
        From `spot_candidates`, for the bound of American options only.
    universe : mapping of str to Asset
    trade_date : Timestamp
    source_mode : str
    """
    known = forwards[forwards["forward_usd"].notna()].reset_index(drop=True)
    numbered = known[[*EXPIRY, "forward_usd", "discount", "years"]].rename_axis("expiry_no").reset_index()
    columns = ["underlying", *PAIRED, "expiry_no", "forward_usd", "discount", "years"]
    pairs = parity_pairs(priced.assign(is_adjusted=False))[[*EXPIRY, *PAIRED]].merge(numbered, on=EXPIRY)[columns]
    near = pairs[(pairs["strike_usd"] / pairs["forward_usd"] - 1.0).abs() <= BAND_FRAC]
    terms = known[[*EXPIRY, "dte_days", "years", "discount"]]
    bands = band_measures(near)
    result = terms.join([bands, implied_rates(near), _american_excess(near, vouched_spots(known.join(bands), spots))])
    names = result["underlying"].astype("str")
    american = names.map(lambda name: universe[name].exercise == "american").to_numpy(dtype=bool)
    status = _financing_status(result, american)
    curve_rate = -np.log(result["discount"]) / result["years"].where(result["years"] > 0)
    is_ok = status == "OK"
    edges = {name: result[name].where(~american) for name in ("conv_edge_usd", "rev_edge_usd")}
    positive = (edges["conv_edge_usd"] > 0.0) | (edges["rev_edge_usd"] > 0.0)
    return frames.conform(
        result.assign(
            trade_date=trade_date, source_mode=source_mode, **edges, financing_status=status,
            band_pairs_count=result["band_pairs_count"].fillna(0),
            is_edge_positive=positive.astype("boolean").where(edges["conv_edge_usd"].notna()),
            american_excess_usd=result["american_excess_usd"].where(american),
            fin_gap_bp=(1e4 * (result["r_implied_frac"] - curve_rate)).where(is_ok),
            r_implied_frac=result["r_implied_frac"].where(is_ok),
            r_implied_se_frac=result["r_implied_se_frac"].where(is_ok),
        ),
        PARITY,
    )  # fmt: skip


def band_measures(pairs: pd.DataFrame) -> pd.DataFrame:
    """Measure parity over the strikes of a band.

    Parameters
    ----------
    pairs : DataFrame
        ``expiry_no``, ``strike_usd``, ``forward_usd``, ``discount``, ``gap_usd`` = call mid - put mid, ``low_usd`` =
        call bid - put ask, ``high_usd`` = call ask - put bid.

    Returns
    -------
    DataFrame
        By expiry: the ratio of the gap ``|C - P - D (F - K)|`` to half of both spreads (locked pairs have none), the
        best edges at the touch less fees, half the width of the synthetic forward, and the number of pairs.
    """
    fair = pairs["discount"] * (pairs["forward_usd"] - pairs["strike_usd"])
    half = (pairs["high_usd"] - pairs["low_usd"]) / 2.0
    measured = pairs[["expiry_no"]].assign(
        ratio=(pairs["gap_usd"] - fair).abs() / half.where(half > 0), conv=pairs["low_usd"] - fair - _FEES,
        rev=fair - pairs["high_usd"] - _FEES, width=1e4 * half / (pairs["discount"] * pairs["forward_usd"]),
    )  # fmt: skip
    expiries = measured.groupby("expiry_no")
    most, median = expiries[["ratio", "conv", "rev"]].max(), expiries[["ratio", "width"]].median()
    return pd.DataFrame({
        "parity_ratio_median": median["ratio"], "parity_ratio_max": most["ratio"], "conv_edge_usd": most["conv"],
        "rev_edge_usd": most["rev"], "synth_halfspread_bp": median["width"], "band_pairs_count": expiries.size(),
    })  # fmt: skip


def implied_rates(pairs: pd.DataFrame) -> pd.DataFrame:
    r"""Fit ``C - P`` on the strike, weighted by the inverse square of the half-spread.

    Parameters
    ----------
    pairs : DataFrame
        As for `band_measures`, with ``years``.

    Returns
    -------
    DataFrame
        By expiry ``r_implied_frac`` = -ln(-slope) / T and its standard error from the residuals' scatter.
    """
    half = ((pairs["high_usd"] - pairs["low_usd"]) / 2.0).clip(lower=1e-4)  # a locked pair is not infinitely sure
    w, k, y = 1.0 / half**2, pairs["strike_usd"], pairs["gap_usd"]
    number = pairs["expiry_no"]
    total = pd.DataFrame({"w": w, "k": w * k, "y": w * y}).groupby(number).transform("sum")
    dk, dy = k - total["k"] / total["w"], y - total["y"] / total["w"]
    parts = pd.DataFrame({"kk": w * dk * dk, "ky": w * dk * dy, "yy": w * dy * dy, "years": pairs["years"]})
    expiries = parts.groupby(number)
    sums, count, years = expiries[["kk", "ky", "yy"]].sum(), expiries.size(), expiries["years"].first()
    with np.errstate(all="ignore"):  # NaN is a result here
        slope = sums["ky"] / sums["kk"]
        scatter = np.maximum(sums["yy"] - slope * sums["ky"], 0.0) / (count - 2).where(count > 2)
        rate = -np.log(-slope) / years
        error = np.sqrt(scatter / sums["kk"]) / (-slope * years)
    found = pd.DataFrame({"r_implied_frac": rate, "r_implied_se_frac": error})
    return found.replace([np.inf, -np.inf], np.nan)


def _financing_status(result: pd.DataFrame, american: np.ndarray) -> np.ndarray:
    few = result["band_pairs_count"].fillna(0) < MIN_PAIRS
    wide = ~(result["r_implied_se_frac"] <= MAX_SE_FRAC)
    return np.select(
        [american, result["discount"].isna(), result["dte_days"] < MIN_DTE_DAYS, few, wide],
        ["AMERICAN", "NO_CURVE", "SHORT_TENOR", "FEW_PAIRS", "WIDE_ERROR"], default="OK",
    )  # fmt: skip


def spot_candidates(snapshots: pd.DataFrame, bars: pd.DataFrame, trade_date: pd.Timestamp) -> pd.DataFrame:
    """Return what each underlying may have cost at the instant of its chain's quotes.

    Parameters
    ----------
    snapshots : DataFrame
        `SNAPSHOTS`.
    bars : DataFrame
        `DAILY_BARS`.
    trade_date : Timestamp

    Returns
    -------
    DataFrame
        ``underlying``, ``spot_usd``: the header's price, and the session's close beside quotes taken at the close.
    """
    at_close = snapshots.loc[snapshots["quote_clock"] == "at_close", "underlying"].astype("str")
    is_close = (bars["bar_date"] == trade_date) & bars["symbol"].isin(set(at_close))
    parts = (snapshots[["underlying", "underlying_price_usd"]], bars.loc[is_close, ["symbol", "close_usd"]])
    named = [part.set_axis(["underlying", "spot_usd"], axis=1).astype({"underlying": "str"}) for part in parts]
    return pd.concat(named, ignore_index=True)


def vouched_spots(expiries: pd.DataFrame, spots: pd.DataFrame) -> pd.Series:
    """Return the candidate of each underlying that the parity of its nearest expiry vouches for; none is left out.

    A header may hold a trade of after the bell beside quotes of the bell, and the close is a quarter of an hour older
    than quotes of options that trade until 16:15: either is dollars off, on the same night.

    Parameters
    ----------
    expiries : DataFrame
        `EXPIRY`, ``forward_usd``, ``discount``, ``synth_halfspread_bp``.
    spots : DataFrame
        From `spot_candidates`.

    Returns
    -------
    Series
        By underlying the price nearest to ``F D``, no further from it than half the width of the synthetic. The nearest
        expiry has hardly a dividend or an early exercise before it; later ones are judged by what it vouches for.
    """
    known = expiries[expiries["synth_halfspread_bp"].notna()].sort_values(["expiry_date", "root"])
    near = known.astype({"underlying": "str"}).drop_duplicates("underlying")
    fair = near["forward_usd"] * near["discount"]
    half = 1e-4 * near["synth_halfspread_bp"] * fair
    tried = near[["underlying"]].assign(fair=fair, half=half).merge(spots, on="underlying")
    tried["gap"] = (tried["spot_usd"] - tried["fair"]).abs()
    held = tried[tried["gap"] <= tried["half"]].sort_values(["gap", "spot_usd"]).drop_duplicates("underlying")
    found: pd.Series = held.set_index("underlying")["spot_usd"]
    return found


def _american_excess(pairs: pd.DataFrame, spots: pd.Series) -> pd.DataFrame:
    """Return how far an executable ``C - P`` is above its upper bound ``S - K D``; below it dividends would count."""
    spot = pairs["underlying"].astype("str").map(spots).astype("float64")
    over = (pairs["low_usd"] - (spot - pairs["strike_usd"] * pairs["discount"])).clip(lower=0.0)
    return over.rename("american_excess_usd").groupby(pairs["expiry_no"]).max().to_frame()
