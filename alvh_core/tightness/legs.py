"""Single legs and whole ladders: measures that compare across moneyness, and the acid test of what can be had now.

The decision value of the filter is `alvh_core.spreads`. PROXY in a column's description means what it says: quotes of
one moment cannot show who trades against whom.
"""

import numpy as np
import pandas as pd

from alvh_core import frames
from alvh_core.params import SpreadRule
from alvh_core.registry.tightness import LADDER_TIGHTNESS, LEG_TIGHTNESS
from alvh_core.triggers import LADDER

VOLUME_FRAC, OPEN_INTEREST_FRAC = 0.10, 0.01  # participation, domain paper C11


def leg_tightness(legs: pd.DataFrame, priced: pd.DataFrame, rule: SpreadRule, trade_date: pd.Timestamp,
                  source_mode: str) -> pd.DataFrame:  # fmt: skip
    """Return `LEG_TIGHTNESS`: every contract that a ladder chose tonight, once.

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
    """Return `LADDER_TIGHTNESS`: ``min over layers of min(size at the touch, 10 % of volume, 1 % of OI) / contracts``.

    Parameters
    ----------
    legs : DataFrame
        `LADDER_LEGS`. A layer that buys nothing does not count; without sizes the first term is left out and the basis
        says so.
    trade_date : Timestamp
    source_mode : str
    """
    needed = legs["units_target"].to_numpy(dtype=np.float64)
    size = np.where(legs["side"] > 0, legs["ask_size_count"], legs["bid_size_count"]).astype("float64")
    flow = np.minimum(VOLUME_FRAC * legs["volume_count"].to_numpy(dtype=np.float64),
                      OPEN_INTEREST_FRAC * legs["open_interest_count"].to_numpy(dtype=np.float64))  # fmt: skip
    able = np.fmin(size, flow)
    with np.errstate(invalid="ignore", divide="ignore"):
        ratio = np.where((needed > 0) & ~np.isnan(flow), able / needed, np.nan)
    rows = legs[[*LADDER, "layer_no"]].assign(ratio=ratio, sized=~np.isnan(size))
    binding = rows.sort_values(["ratio", "layer_no"]).drop_duplicates(LADDER).sort_values(LADDER)
    basis = np.where(binding["sized"], "size_volume_oi", "volume_oi")
    known = binding["ratio"].notna()
    return frames.conform(
        binding.assign(
            trade_date=trade_date, source_mode=source_mode, acid_test_ratio=binding["ratio"],
            qr_binding_layer=binding["layer_no"].astype("Int64").where(known), qr_basis=np.where(known, basis, "none"),
        ),
        LADDER_TIGHTNESS,
    )  # fmt: skip
