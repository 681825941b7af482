"""Which listed contract each layer would buy, for all chains and all ways to choose at once.

Chosen every night for every layer, armed or not, among every listed strike, also those without a bid: a dead strike
must fail the filter, not vanish. What a leg costs is `alvh_core.ladder`; what is done with it `alvh_core.triggers`.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from alvh_core.black import greeks
from alvh_core.params import LAYERS, LadderProfile

QUOTE_STATUS = {"OK": "OK", "LOCKED": "OK", "ZERO_BID": "ZERO_BID", "NO_QUOTE": "BAD_QUOTE", "BAD": "BAD_QUOTE"}
COPIED = (
    "osi_symbol", "root", "expiry_date", "dte_days", "forward_usd", "strike_usd", "delta_fwd", "iv_vol", "bid_usd",
    "ask_usd", "mid_usd", "spread_frac", "tick_usd", "tick_floor_frac", "extrinsic_usd", "discount", "quote_clock",
    "multiplier", "years", "volume_count", "open_interest_count", "bid_size_count", "ask_size_count",
)  # fmt: skip
_EXPIRY = ["root", "expiry_date", "dte_days", "is_monthly"]
# What a contract is chosen by: the other columns wait until one is
_CHOOSING = ["underlying", *_EXPIRY, "option_right", "strike_usd", "osi_symbol", "quote_flag", "forward_usd", "years",
             "discount", "iv_vol"]  # fmt: skip
_READ = [*dict.fromkeys(["underlying", *_EXPIRY, *COPIED, "option_right", "quote_flag"])]


@dataclass(frozen=True, kw_only=True)
class LegRule:
    """What a ladder buys: the right and the target delta, negative for puts."""

    option_right: str
    target_delta: float


@dataclass(frozen=True, kw_only=True)
class Selection:
    """One way to choose the contracts of the layers; profiles that only differ in units share it."""

    rule: LegRule
    tenors_days: tuple[int, ...]
    tolerances_days: tuple[int, ...]
    monthly_preference_days: int
    max_delta_error: float

    @classmethod
    def of(cls, profile: LadderProfile, rule: LegRule) -> "Selection":
        """Return how a profile chooses."""
        return cls(
            rule=rule,
            tenors_days=profile.tenors_days,
            tolerances_days=profile.tolerances_days,
            monthly_preference_days=profile.monthly_preference_days,
            max_delta_error=profile.max_delta_error,
        )


def choose_expiries(listed: pd.DataFrame, tenor_days: int, tolerance_days: int, monthly_days: int) -> pd.DataFrame:
    """Choose the listed expiry for a tenor in every chain.

    Parameters
    ----------
    listed : DataFrame
        ``underlying``, ``root``, ``expiry_date``, ``dte_days``, ``is_monthly``.
    tenor_days, tolerance_days : int
        Target and how far from it an expiry may lie. [calendar days]
    monthly_days : int
        A standard monthly this near to the target beats a nearer weekly. [calendar days]

    Returns
    -------
    DataFrame
        One row per chain that has an expiry within the tolerance, with ``tenor_error_days``; ties go to the longer
        one, of twins to the root that comes first in the alphabet, which is the AM root.
    """
    error = listed["dte_days"] - tenor_days
    near = error.abs() <= tolerance_days
    preferred = near & listed["is_monthly"].astype(bool) & (error.abs() <= monthly_days)
    ranked = listed.assign(tenor_error_days=error, preferred=~preferred, off=error.abs(), sooner=-listed["dte_days"],
                           name=listed["root"].astype("str"))[near]  # fmt: skip
    ranked = ranked.sort_values(["underlying", "preferred", "off", "sooner", "name"], kind="stable")
    return ranked.drop_duplicates("underlying")[["underlying", *_EXPIRY, "tenor_error_days"]]


def select_legs(chains: pd.DataFrame, wanted: Sequence[tuple[str, Selection]]) -> pd.DataFrame:
    """Choose the contract of each layer.

    Parameters
    ----------
    chains : DataFrame
        `PRICED_QUOTES` of any number of underlyings, in any order; quarantined strikes may be among them with
        ``quote_flag`` BAD.
    wanted : sequence of (underlying, Selection)
        Distinct. A chain that is not there has legs without data.

    Returns
    -------
    DataFrame
        Three rows for each of ``wanted``, numbered by ``selection_no``: ``layer_no``, ``leg_status``, `COPIED`,
        ``tenor_error_days`` and ``delta_error``, in the order of ``wanted`` and of the layers.

    Notes
    -----
    The strike nearest to the target delta is taken, ties to the higher strike. One-sided strikes take the volatility
    of their two-sided neighbours.
    """
    chains = chains[_READ].reset_index(drop=True)
    names = chains["underlying"].astype("str")
    chains = chains.assign(underlying=names.to_numpy())
    slim = chains[_CHOOSING].assign(expiry_no=chains.groupby(["underlying", "root", "expiry_date"]).ngroup())
    slim = slim.sort_values(["underlying", "strike_usd", "osi_symbol"], kind="stable")
    present = set(names.unique())
    parts = []
    for selection in dict.fromkeys(selection for _, selection in wanted):
        numbers = {name: at for at, (name, other) in enumerate(wanted) if other == selection}
        is_mine = slim["underlying"].isin(list(numbers)) & (slim["option_right"] == selection.rule.option_right)
        mine = slim[is_mine]
        chosen = pd.concat([_layer(mine, at, selection) for at in range(len(LAYERS))])
        parts.append(chosen.assign(selection_no=chosen["underlying"].map(numbers)))
    found = _legs_of(chains, pd.concat(parts))
    every = pd.MultiIndex.from_product([range(len(wanted)), LAYERS], names=["selection_no", "layer_no"])
    result = found.set_index(["selection_no", "layer_no"]).reindex(every).reset_index()
    is_missing = np.array([name not in present for name, _ in wanted])[result["selection_no"]]
    status = result["leg_status"].fillna("NO_EXPIRY").mask(is_missing, "NO_DATA")
    return result.assign(leg_status=status)


def _layer(chains: pd.DataFrame, at: int, selection: Selection) -> pd.DataFrame:
    """Choose one layer's contract in every chain, from strikes in order; the index says which row of them it is."""
    tenor, tolerance = selection.tenors_days[at], selection.tolerances_days[at]
    near = chains[chains["dte_days"].between(tenor - tolerance, tenor + tolerance)]
    listed = near.loc[~near["expiry_no"].duplicated(), ["underlying", *_EXPIRY, "expiry_no"]]
    chosen = choose_expiries(listed, tenor, tolerance, selection.monthly_preference_days)
    strikes = near[near["expiry_no"].isin(listed.loc[chosen.index, "expiry_no"])]
    delta = _selection_delta(strikes, selection.rule)
    error = np.round(np.abs(delta - selection.rule.target_delta), 12)  # 0.4 - 0.3 is above 0.1 in floating point
    ranked = strikes[["underlying"]].assign(delta_fwd=delta, delta_error=error, lower=-strikes["strike_usd"])
    best = ranked.sort_values(["underlying", "delta_error", "lower"], kind="stable").drop_duplicates("underlying")
    is_blind, why = best["delta_error"].isna(), pd.Series("", index=best.index, dtype="str")
    if is_blind.any():
        told = {name: _status_without_delta(part) for name, part in strikes.groupby("underlying")}
        why = best["underlying"].map(told).where(is_blind, "")
    return best.drop(columns="lower").assign(
        layer_no=LAYERS[at], why=why, is_far=best["delta_error"] > selection.max_delta_error,
        tenor_error_days=best["underlying"].map(chosen.set_index("underlying")["tenor_error_days"]),
    )  # fmt: skip


def _legs_of(chains: pd.DataFrame, chosen: pd.DataFrame) -> pd.DataFrame:
    """Lay the contracts beside what was chosen; where none fits, the expiry is told and no contract."""
    legs = chains.loc[chosen.index, [*COPIED, "quote_flag"]].reset_index(drop=True)
    chosen = chosen.reset_index(drop=True)
    is_blind = chosen["why"] != ""
    flags = legs["quote_flag"].astype("str").map(QUOTE_STATUS)
    legs["delta_fwd"] = chosen["delta_fwd"]
    contract = [name for name in COPIED if name not in {"root", "expiry_date", "dte_days"}]
    legs[contract] = legs[contract].where(~(chosen["is_far"] | is_blind))
    return legs[[*COPIED]].assign(
        selection_no=chosen["selection_no"], layer_no=chosen["layer_no"],
        leg_status=flags.mask(chosen["is_far"], "NO_STRIKE").mask(is_blind, chosen["why"]),
        tenor_error_days=chosen["tenor_error_days"], delta_error=chosen["delta_error"],
    )  # fmt: skip


def _status_without_delta(strikes: pd.DataFrame) -> str:
    """Say why no strike can be judged: nobody bids, no forward (no curve, no parity pairs), or unusable quotes."""
    flags = strikes["quote_flag"].astype("str")
    if flags.eq("ZERO_BID").any() and not flags.eq("OK").any():
        return "ZERO_BID"
    return "NO_DATA" if strikes["forward_usd"].isna().all() else "BAD_QUOTE"


def _selection_delta(strikes: pd.DataFrame, rule: LegRule) -> NDArray[np.float64]:
    """Deltas of all strikes; chains lie one after the other, each with rising strikes."""
    if strikes.empty:
        return np.empty(0)
    vol, strike = strikes["iv_vol"].to_numpy(dtype=np.float64).copy(), strikes["strike_usd"].to_numpy(dtype=np.float64)
    known = ~np.isnan(vol)
    starts = np.flatnonzero(strikes["underlying"].ne(strikes["underlying"].shift()).to_numpy())
    given = {name: strikes[name].to_numpy(dtype=np.float64) for name in ("forward_usd", "years", "discount")}
    terms = {name: np.full(len(strikes), np.nan) for name in given}
    for start, end in zip(starts, [*starts[1:], len(strikes)], strict=True):
        mine = known[start:end]
        if not mine.any():
            continue
        part = slice(start, end)
        vol[part] = np.where(mine, vol[part], np.interp(strike[part], strike[part][mine], vol[part][mine]))
        for name, values in terms.items():  # a quarantined strike brings no forward of its own
            values[part] = given[name][start + int(np.argmax(mine))]
    found = greeks(terms["forward_usd"], strike, terms["years"], vol, terms["discount"], rule.option_right == "C")
    return np.asarray(found.delta_fwd)
