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
from alvh_core.params import LAYERS, MONTHLY_HELD_FRAC, LadderProfile

QUOTE_STATUS = {"OK": "OK", "LOCKED": "OK", "ZERO_BID": "ZERO_BID", "NO_QUOTE": "BAD_QUOTE", "BAD": "BAD_QUOTE"}
COPIED = (
    "osi_symbol", "root", "expiry_date", "dte_days", "forward_usd", "strike_usd", "delta_fwd", "iv_vol", "bid_usd",
    "ask_usd", "mid_usd", "spread_frac", "tick_usd", "tick_floor_frac", "extrinsic_usd", "discount", "quote_clock",
    "multiplier", "years", "volume_count", "open_interest_count", "bid_size_count", "ask_size_count",
)  # fmt: skip
_EXPIRY = ["root", "expiry_date", "dte_days"]
_CONTRACT = [name for name in COPIED if name not in _EXPIRY]
_STRIKE = ["osi_symbol", "option_right", "strike_usd", "iv_vol", "forward_usd", "years", "discount", "quote_flag"]
_READ = [*dict.fromkeys(["underlying", *_EXPIRY, "is_monthly", *COPIED, "option_right", "quote_flag"])]


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
    roll_dte_days: int
    max_delta_error: float

    @classmethod
    def of(cls, profile: LadderProfile, rule: LegRule) -> "Selection":
        """Return how a profile chooses."""
        return cls(
            rule=rule,
            tenors_days=profile.tenors_days,
            tolerances_days=profile.tolerances_days,
            roll_dte_days=profile.roll_dte_days,
            max_delta_error=profile.max_delta_error,
        )


def choose_expiries(listed: pd.DataFrame, tenor_days: int, tolerance_days: int, roll_dte_days: int) -> pd.DataFrame:
    """Choose the listed expiry for a tenor in every chain.

    Parameters
    ----------
    listed : DataFrame
        ``underlying``, ``root``, ``expiry_date``, ``dte_days``, ``is_monthly``, ``has_forward``.
    tenor_days, tolerance_days : int
        Target and how far from it an expiry may lie. [calendar days]
    roll_dte_days : int
        What is bought is rolled this near to its settlement; 0 holds it to settlement. [calendar days]

    Returns
    -------
    DataFrame
        The row of each chain that has an expiry within the tolerance, with ``tenor_error_days``. One without a forward
        is taken only where no other has one; then a standard monthly beats a weekly, and the nearer to the target the
        farther. Ties go to the longer one, of twins to the root that comes first in the alphabet, which is the AM root.

    Notes
    -----
    Open interest is in the monthlies. Recorded VIX monthlies were 3 to 6 % wide at the money where the weeklies beside
    them were 9 to 60 %, mostly 14 to 25 %. What is bought pays its spread once, however soon it is rolled: a quarter of
    the spread is the better price as long as it is held a quarter of the time. A monthly that is nearer to its roll
    than `MONTHLY_HELD_FRAC` of what the target is away from it has no preference.
    """
    fitting = listed[(listed["dte_days"] - tenor_days).abs() <= tolerance_days]
    days, root = fitting["dte_days"].to_numpy(), pd.factorize(fitting["root"], sort=True)[0]
    off = np.abs(days - tenor_days)
    held, held_at_target = days - roll_dte_days, tenor_days - roll_dte_days
    is_worth_it = (held > 0) & (held >= MONTHLY_HELD_FRAC * held_at_target)
    is_preferred = fitting["is_monthly"].to_numpy(dtype=bool) & is_worth_it
    is_blind = ~fitting["has_forward"].to_numpy(dtype=bool)  # no strike of it has a delta
    order = np.lexsort((root, -days, off, ~is_preferred, is_blind))  # the last key counts most
    ranked = fitting.iloc[order].drop_duplicates("underlying")
    found: pd.DataFrame = ranked.assign(tenor_error_days=ranked["dte_days"] - tenor_days)
    return found


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
    expiry_no = chains.groupby(["underlying", "root", "expiry_date", "option_right"], observed=True).ngroup()
    listed = chains.loc[~expiry_no.duplicated(), ["underlying", *_EXPIRY, "is_monthly", "option_right"]]
    listed = listed.assign(
        underlying=listed["underlying"].astype("str"), expiry_no=expiry_no[listed.index],
        has_forward=expiry_no[listed.index].isin(expiry_no[chains["forward_usd"].notna()].unique()),
    )  # fmt: skip
    legs = _expiries(listed, wanted)
    strikes = chains.loc[expiry_no.isin(legs["expiry_no"]), _STRIKE].assign(expiry_no=expiry_no)
    strikes = strikes.sort_values(["expiry_no", "strike_usd", "osi_symbol"], kind="stable")
    legs = legs.join(_nearest(legs, strikes.assign(delta_fwd=_selection_delta(strikes))))
    return _with_contracts(legs, chains, strikes)


def _expiries(listed: pd.DataFrame, wanted: Sequence[tuple[str, Selection]]) -> pd.DataFrame:
    """Return the legs that are wanted, each with the number of its expiry, -1 where none fits, and what it lacks."""
    present = set(listed["underlying"])
    by_right = listed[["dte_days", "is_monthly", "has_forward", "expiry_no"]].assign(
        underlying=listed["underlying"] + listed["option_right"].astype("str"),
        root=pd.factorize(listed["root"].astype("str"), sort=True)[0],  # once for all windows
    )
    chosen: dict[tuple[int, ...], dict[str, tuple[int, int]]] = {}
    rows = []
    for number, (name, how) in enumerate(wanted):
        for at, window in enumerate(zip(how.tenors_days, how.tolerances_days, strict=True)):
            key = (*window, how.roll_dte_days)
            if key not in chosen:  # most selections share their windows
                found = choose_expiries(by_right, *key)
                told = zip(found["expiry_no"], found["tenor_error_days"], strict=True)
                chosen[key] = dict(zip(found["underlying"], told, strict=True))
            expiry = chosen[key].get(name + how.rule.option_right, (-1, np.nan))
            status = "NO_EXPIRY" if name in present else "NO_DATA"
            rows.append((number, LAYERS[at], how.rule.target_delta, how.max_delta_error, *expiry, status))
    names = ["selection_no", "layer_no", "target_delta", "max_delta_error", "expiry_no", "tenor_error_days",
             "leg_status"]  # fmt: skip
    return pd.DataFrame(rows, columns=names)


def _nearest(legs: pd.DataFrame, strikes: pd.DataFrame) -> pd.DataFrame:
    """Return the strike nearest to the target of every leg that has an expiry, by its row of the chains."""
    every = strikes[["expiry_no", "strike_usd", "delta_fwd"]].rename_axis("row").reset_index()
    pairs = legs[["expiry_no", "target_delta"]].rename_axis("leg").reset_index().merge(every, on="expiry_no")
    error = np.round(np.abs(pairs["delta_fwd"] - pairs["target_delta"]), 12)  # 0.4 - 0.3 is above 0.1 in floating point
    best = pairs.assign(delta_error=error).iloc[np.lexsort((-pairs["strike_usd"], error, pairs["leg"]))]
    return best.drop_duplicates("leg").set_index("leg")[["row", "delta_fwd", "delta_error"]]


def _with_contracts(legs: pd.DataFrame, chains: pd.DataFrame, strikes: pd.DataFrame) -> pd.DataFrame:
    """Lay the contracts beside the legs; where none fits, the expiry is told and no contract."""
    has_expiry, row = legs["row"].notna(), legs["row"].fillna(-1).astype("int64")
    is_blind, is_far = has_expiry & legs["delta_error"].isna(), legs["delta_error"] > legs["max_delta_error"]
    fits = ~(is_blind | is_far)
    expiry, contract = chains.reindex(row), chains.reindex(row.where(fits, -1))[_CONTRACT]
    blind = strikes[strikes["expiry_no"].isin(legs.loc[is_blind, "expiry_no"])]
    why = {number: _status_without_delta(part) for number, part in blind.groupby("expiry_no")}
    status = legs["leg_status"].mask(has_expiry, expiry["quote_flag"].astype("str").map(QUOTE_STATUS).array)
    status = status.mask(is_far, "NO_STRIKE").mask(is_blind, legs["expiry_no"].map(why))
    told = legs[["selection_no", "layer_no", "tenor_error_days", "delta_error"]]
    parts = [told, expiry[_EXPIRY].reset_index(drop=True), contract.reset_index(drop=True)]
    return pd.concat(parts, axis=1).assign(delta_fwd=legs["delta_fwd"].where(fits), leg_status=status)


def _status_without_delta(strikes: pd.DataFrame) -> str:
    """Say why no strike can be judged: nobody bids, no forward (no curve, no parity pairs), or unusable quotes."""
    flags = strikes["quote_flag"].astype("str")
    if flags.eq("ZERO_BID").any() and not flags.eq("OK").any():
        return "ZERO_BID"
    return "NO_DATA" if strikes["forward_usd"].isna().all() else "BAD_QUOTE"


def _selection_delta(strikes: pd.DataFrame) -> NDArray[np.float64]:
    """Deltas of all strikes; expiries lie one after the other, each with rising strikes."""
    vol, strike = strikes["iv_vol"].to_numpy(dtype=np.float64).copy(), strikes["strike_usd"].to_numpy(dtype=np.float64)
    known = ~np.isnan(vol)
    number = strikes["expiry_no"].to_numpy()
    starts, ends = np.flatnonzero(np.diff(number, prepend=-1)), np.flatnonzero(np.diff(number, append=-1)) + 1
    given = {name: strikes[name].to_numpy(dtype=np.float64) for name in ("forward_usd", "years", "discount")}
    terms = {name: np.full(len(strikes), np.nan) for name in given}
    for start, end in zip(starts, ends, strict=True):
        mine = known[start:end]
        if not mine.any():
            continue
        part = slice(start, end)
        vol[part] = np.where(mine, vol[part], np.interp(strike[part], strike[part][mine], vol[part][mine]))
        for name, values in terms.items():  # a quarantined strike brings no forward of its own
            values[part] = given[name][start + int(np.argmax(mine))]
    is_call = (strikes["option_right"] == "C").to_numpy()
    found = greeks(terms["forward_usd"], strike, terms["years"], vol, terms["discount"], is_call)
    return np.asarray(found.delta_fwd)
