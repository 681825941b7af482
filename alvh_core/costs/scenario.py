"""What tonight's ladder would be worth after a jump of spot VIX: payoff by layer, and what a sale would bring.

A VIX forward follows spot damped by its tenor; a share or a wrapper moves by its own measured beta to VIX. Volatility
stays, or rises by ten points. What the ladder has cost is `alvh_core.costs.carry`.
"""

from collections.abc import Mapping

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from alvh_core import frames
from alvh_core.basis.term import DECLARED_BETAS, tenor_beta
from alvh_core.black import price
from alvh_core.ladders import HEDGE_INDEX
from alvh_core.registry.costs import SCENARIOS

SHOCKS = (0, 5, 10, 20, 30)
STRESS_VOL_POINTS, VOL_UP = 10.0, 0.10  # domain paper C30
MAX_SHOCK, GRID_STEP, HALVINGS = 100.0, 2.0, 24
BOOK = ["hedge_symbol", "option_right", "profile"]


def distinct_legs(legs: pd.DataFrame, betas: Mapping[str, float],
                  term: Mapping[int, float] = DECLARED_BETAS) -> pd.DataFrame:  # fmt: skip
    """Return the legs of every distinct ladder, with how far their forward moves for a point of spot VIX.

    Parameters
    ----------
    legs : DataFrame
        `LADDER_LEGS` with ``option_right``. Of hosts with parameters of their own the first in the alphabet counts.
    betas : mapping of str to float
        Return of a chain's underlying per VIX point; NaN or none where it is not known.
    term : mapping of int to float
        Move of a VIX future per point of spot, by days to settlement.

    Returns
    -------
    DataFrame
        Three rows per book with ``move_usd`` (per VIX point) and ``is_bought`` (the layer has units and a quote).
    """
    ordered = legs.sort_values(["host", "variant", "layer_no"]).drop_duplicates([*BOOK, "layer_no"])
    rows = ordered.sort_values([*BOOK, "layer_no"], ignore_index=True)
    names = rows["hedge_symbol"].astype("str")
    own = names.map(dict(betas)).astype("float64") * rows["forward_usd"]
    move = np.where(names == HEDGE_INDEX, tenor_beta(rows["dte_days"].astype("float64"), term), own)
    priced = rows["iv_vol"].notna() & rows["forward_usd"].notna() & rows["discount"].notna()
    size = rows["side"] * rows["units_target"] * rows["multiplier"].astype("float64")
    return rows.assign(move_usd=move, shares=size.fillna(0.0), is_bought=(rows["units_target"] > 0) & priced,
                       premium_usd=(size * rows["mid_usd"]).fillna(0.0))  # fmt: skip


def value_after(legs: pd.DataFrame, shock: NDArray[np.float64] | float, vol_up: float = 0.0) -> NDArray[np.float64]:
    """Return what a share of every leg is worth after a jump of spot VIX.

    Parameters
    ----------
    legs : DataFrame
        From `distinct_legs`.
    shock : float or ndarray of shape (..., n_legs)
        [VIX points]
    vol_up : float
        Added to the volatility. [annual, decimal]

    Returns
    -------
    ndarray of shape (..., n_legs)
        [USD per share] NaN where the leg has no volatility or no beta.
    """
    forward = np.maximum(legs["forward_usd"].to_numpy(dtype=np.float64) + shock * legs["move_usd"].to_numpy(), 1e-6)
    years = legs["years"].to_numpy(dtype=np.float64)
    is_call = (legs["option_right"] == "C").to_numpy()
    vol = legs["iv_vol"].to_numpy(dtype=np.float64) + vol_up
    return np.asarray(price(forward, legs["strike_usd"].to_numpy(dtype=np.float64), years, vol,
                            legs["discount"].to_numpy(dtype=np.float64), is_call))  # fmt: skip


def night_scenarios(legs: pd.DataFrame, p95: Mapping[tuple[str, str], float], trade_date: pd.Timestamp,
                    source_mode: str) -> pd.DataFrame:  # fmt: skip
    """Return `SCENARIOS` of the night.

    Parameters
    ----------
    legs : DataFrame
        From `distinct_legs`.
    p95 : mapping of (hedge symbol, right) to float
        95th percentile of the chain's spread, where there is a history.
    trade_date : Timestamp
    source_mode : str
    """
    parts = [_after(legs, shock, p95) for shock in SHOCKS]
    layers = pd.concat(parts, ignore_index=True)
    sums = [name for name in map(str, layers) if name.endswith("_usd") and name != "shocked_forward_usd"]
    counted = layers[layers["units_target"] > 0]
    by = counted.groupby([*BOOK, "shock_vol_points"], observed=True)
    whole = by[sums].sum(min_count=1)
    whole[sums] = whole[sums].where(by[sums].count().eq(by.size(), axis=0))  # a missing layer leaves no sum
    worst = by["rank"].max()
    whole = whole.assign(units_target=by["units_target"].sum(), rank=worst, scenario_layer_no=0).reset_index()
    result = pd.concat([layers, whole], ignore_index=True)
    status = np.array(["OK", "NO_BETA", "NO_LEG"])[result["rank"].to_numpy(dtype=np.int64)]
    dated = result.assign(scenario_status=status, trade_date=trade_date, source_mode=source_mode)
    return frames.conform(dated.sort_values([*BOOK, "shock_vol_points", "scenario_layer_no"]), SCENARIOS)


def _after(legs: pd.DataFrame, shock: int, p95: Mapping[tuple[str, str], float]) -> pd.DataFrame:
    size = legs["shares"].where(legs["is_bought"])
    mid = pd.Series(value_after(legs, float(shock)), index=legs.index)
    value, wide = size * mid, legs["spread_frac"].astype("float64")
    keys = zip(legs["hedge_symbol"].astype("str"), legs["option_right"].astype("str"), strict=True)
    usual = pd.Series([p95.get(key, np.nan) for key in keys], index=legs.index)
    move = shock * legs["move_usd"]
    rank = np.select([~legs["is_bought"], legs["move_usd"].isna()], [2, 1], default=0)
    return pd.DataFrame({
        **{name: legs[name].astype("str") for name in BOOK}, "shock_vol_points": shock,
        "scenario_layer_no": legs["layer_no"], "units_target": legs["units_target"],
        "premium_usd": legs["premium_usd"].where(legs["is_bought"]),
        "shocked_forward_usd": (legs["forward_usd"] + move).clip(lower=1e-6), "value_mid_usd": value,
        "value_vol_up_usd": size * value_after(legs, float(shock), VOL_UP), "gain_usd": value - legs["premium_usd"],
        "liq_tonight_usd": _sold(value, wide), "liq_p95_usd": _sold(value, usual),
        "liq_x2_usd": _sold(value, 2.0 * wide), "liq_x3_usd": _sold(value, 3.0 * wide), "rank": rank,
    })  # fmt: skip


def _sold(value: pd.Series, spread_frac: pd.Series) -> pd.Series:
    """Return what crossing half the spread leaves: less of what is owned, more to pay for what is owed."""
    return value - value.abs() * spread_frac.clip(upper=2.0) / 2.0


def break_even_shocks(legs: pd.DataFrame, fill: float) -> pd.DataFrame:
    """Return the smallest jump of spot VIX at which each ladder is worth what it cost, at once.

    Parameters
    ----------
    legs : DataFrame
        From `distinct_legs`.
    fill : float
        Half-spreads paid at the purchase: 0 at the mid, 1 at the ask.

    Returns
    -------
    DataFrame
        `BOOK`, ``shock`` [VIX points; NaN: none below 100] and ``status``. A grid of two points brackets the first
        crossing, halvings close it.
    """
    half = (legs["ask_usd"] - legs["bid_usd"]).fillna(0.0) / 2.0
    paid = (legs["premium_usd"] + fill * legs["shares"].abs() * half).where(legs["is_bought"], 0.0)
    grouped = legs.assign(**{name: legs[name].astype("str") for name in BOOK}).groupby(BOOK)
    named, numbers = grouped.size().index.to_frame(index=False), grouped.ngroup().to_numpy()
    cost, is_bought = np.bincount(numbers, paid), legs["is_bought"].to_numpy()
    usable = np.bincount(numbers, (legs["units_target"] > 0) & ~is_bought) == 0
    usable &= np.bincount(numbers, is_bought) > 0
    has_beta = np.bincount(numbers, is_bought & legs["move_usd"].isna()) == 0
    shares, order = np.where(is_bought, legs["shares"], 0.0), np.argsort(numbers, kind="stable")
    starts = np.searchsorted(numbers[order], np.arange(len(named)))

    def is_paid_back(shocks: NDArray[np.float64]) -> NDArray[np.bool_]:
        """Tell by jump, of shape (n_jumps, n_books), whether the books are worth what they cost."""
        worth = shares * np.nan_to_num(value_after(legs, shocks[:, numbers]))
        return np.asarray(np.add.reduceat(worth[:, order], starts, axis=1) - cost >= -1e-9)

    steps = np.arange(0.0, MAX_SHOCK + GRID_STEP, GRID_STEP)
    paid_back = is_paid_back(np.broadcast_to(steps[:, None], (len(steps), len(named))))
    high = np.where(paid_back.any(axis=0), steps[paid_back.argmax(axis=0)], np.nan)
    low = np.maximum(high - GRID_STEP, 0.0)
    for _ in range(HALVINGS):
        middle = (low + high) / 2.0
        above = is_paid_back(np.nan_to_num(middle)[None, :])[0]
        high, low = np.where(above, middle, high), np.where(above, low, middle)
    status = np.select([~usable, ~has_beta, np.isnan(high)], ["NO_LEG", "NO_BETA", "NO_SOLUTION"], default="OK")
    return named.assign(shock=np.where(status == "OK", high, np.nan), status=status)
