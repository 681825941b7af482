"""Single legs and whole ladders: measures that compare across moneyness, and the acid test of what can be had now.

The decision value of the filter is `alvh_core.spreads`. PROXY in a column's description means what it says: quotes of
one moment cannot show who trades against whom.
"""

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from alvh_core import frames
from alvh_core.params import SpreadRule
from alvh_core.registry.tightness import LADDER_TIGHTNESS, LEG_TIGHTNESS
from alvh_core.triggers import LADDER
from alvh_core.volumes import OPEN_INTEREST_FRAC, VOLUME_FRAC


def leg_tightness(legs: pd.DataFrame, priced: pd.DataFrame, rule: SpreadRule, trade_date: pd.Timestamp,
                  source_mode: str) -> pd.DataFrame:  # fmt: skip
    """Return `LEG_TIGHTNESS`: every contract with a usable quote that a ladder chose tonight, once.

    Parameters
    ----------
    legs : DataFrame
        `LADDER_LEGS`.
    priced : DataFrame
        `PRICED_QUOTES`.
    rule : SpreadRule
    trade_date : Timestamp
    source_mode : str

    Notes
    -----
    ``EAS = S / (|delta| F)`` (Goetz, Riordan, Schuster, Uhrig-Homburg 2025) and ``IV spread = S / vega``.
    """
    chosen = priced[priced["osi_symbol"].isin(legs["osi_symbol"].dropna().unique())].drop_duplicates("osi_symbol")
    spread, delta = chosen["spread_usd"], chosen["delta_fwd"].abs()
    bid_size, ask_size = chosen["bid_size_count"], chosen["ask_size_count"]
    size = bid_size + ask_size
    is_tick = (chosen["spread_ticks"].round(6) == 1.0) | (chosen["tick_floor_frac"] >= rule.limit_frac)
    return frames.conform(
        chosen.assign(
            trade_date=trade_date, source_mode=source_mode,
            eas_bp=1e4 * spread / (delta * chosen["forward_usd"]).where(delta > 0),
            iv_spread_vol=spread / chosen["vega"].where(chosen["vega"] > 0),
            is_tick_constrained=is_tick.astype("boolean").where(spread.notna()),
            depth_imbalance_frac=(bid_size - ask_size) / size.where(size > 0),
            adverse_selection_status=np.where(size > 0, "ONE_SNAPSHOT", "NO_SIZES"),
        ).sort_values("osi_symbol"),
        LEG_TIGHTNESS,
    )  # fmt: skip


def ladder_tightness(legs: pd.DataFrame, trade_date: pd.Timestamp, source_mode: str) -> pd.DataFrame:
    """Return `LADDER_TIGHTNESS`: ``min over layers of min(size at the touch, 10 % of ADV20, 1 % of OI) / contracts``.

    Parameters
    ----------
    legs : DataFrame
        `LADDER_LEGS`. A layer that needs nothing does not count; without sizes, or with too few nights for an average
        volume, that term is left out and the basis says so. What a cap of the sizing keeps from being bought is needed
        all the same: of what it leaves the ratio is 1 or more by construction.
    trade_date : Timestamp
    source_mode : str

    Returns
    -------
    DataFrame
        Of a ladder that misses a contract, its price or its open interest there is no ratio: the status says why.
    """
    average, interest = (legs[name].to_numpy(dtype=np.float64) for name in ("adv20_count", "open_interest_count"))
    needed = _contracts_needed(legs)
    size = np.where(legs["side"] > 0, legs["ask_size_count"], legs["bid_size_count"]).astype("float64")
    able = np.fmin(np.fmin(size, VOLUME_FRAC * average), OPEN_INTEREST_FRAC * interest)
    is_lost = legs["osi_symbol"].isna() | np.isnan(needed) | legs["size_status"].eq("NO_QUOTE")
    is_lost &= legs["size_status"].ne("NOT_IN_LADDER")
    is_dark = (needed > 0) & np.isnan(interest)
    with np.errstate(invalid="ignore", divide="ignore"):
        ratio = np.where(needed > 0, able / needed, np.nan)
    rows = legs[[*LADDER, "layer_no"]].astype(dict.fromkeys(LADDER, "str")).assign(
        ratio=ratio, is_lost=is_lost.to_numpy(), is_dark=is_dark,
        basis=np.char.add(np.where(np.isnan(size), "", "size_"), np.where(np.isnan(average), "oi", "volume_oi")),
    )  # fmt: skip
    found = rows.sort_values(["ratio", "layer_no"]).groupby(LADDER).agg(
        ratio=("ratio", "first"), layer_no=("layer_no", "first"), basis=("basis", "first"),
        is_lost=("is_lost", "any"), is_dark=("is_dark", "any"),
    ).reset_index()  # fmt: skip
    status = np.select([found["is_lost"], found["is_dark"], found["ratio"].isna()],
                       ["MISSING_LEG", "NO_OPEN_INTEREST", "NOTHING_NEEDED"], default="OK")  # fmt: skip
    known = status == "OK"
    return frames.conform(
        found.assign(
            trade_date=trade_date, source_mode=source_mode, acid_test_ratio=found["ratio"].where(known),
            qr_binding_layer=found["layer_no"].astype("Int64").where(known),
            qr_basis=found["basis"].where(known, "none"), qr_status=status,
        ),
        LADDER_TIGHTNESS,
    )  # fmt: skip


def _contracts_needed(legs: pd.DataFrame) -> NDArray[np.float64]:
    """Return the declared contracts, or what the budget pays for at the ask; NaN where that is not known."""
    price = legs["ask_usd"].where(legs["ask_usd"] > 0) * legs["multiplier"]
    affordable = np.floor((legs["budget_usd"] / price).to_numpy(dtype=np.float64).round(9))
    by_premium = (legs["unit_basis"] == "premium") & legs["size_status"].ne("NOT_IN_LADDER")
    return np.where(by_premium, affordable, legs["units_target"].to_numpy(dtype=np.float64))
