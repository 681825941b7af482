"""The legs of a ladder: which listed contract each layer would buy tonight, what it costs, where it breaks even.

Legs are chosen every night for all three layers, armed or not. Selection looks at every listed strike, also those
without a bid: a dead strike must fail the filter, not vanish. What the state machine does with the legs is
`alvh_core.triggers`.
"""

from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike, NDArray

from alvh_core.black import greeks
from alvh_core.liquidity import in_band
from alvh_core.params import LAYERS, LadderProfile

_EXPIRY_COLUMNS = ["root", "expiry_date", "dte_days", "is_monthly"]
_QUOTE_STATUS = {"OK": "OK", "LOCKED": "OK", "ZERO_BID": "ZERO_BID", "NO_QUOTE": "BAD_QUOTE", "BAD": "BAD_QUOTE"}
_COPIED = (
    "osi_symbol", "root", "expiry_date", "dte_days", "forward_usd", "strike_usd", "delta_fwd", "iv_vol", "bid_usd",
    "ask_usd", "mid_usd", "spread_frac", "tick_usd", "tick_floor_frac", "extrinsic_usd", "discount", "quote_clock",
)  # fmt: skip


@dataclass(frozen=True, kw_only=True)
class LegRule:
    """What a ladder buys: the right and the target delta, negative for puts."""

    option_right: str
    target_delta: float


def break_even(strike: ArrayLike, mid: ArrayLike, spread: ArrayLike, discount: ArrayLike, *, fill: float,
               is_call: bool = True) -> NDArray[np.float64]:  # fmt: skip
    """Return the underlying's level at expiry at which a bought option has earned its premium back.

    Parameters
    ----------
    strike, mid, spread, discount : array_like
        [USD or points, USD, USD, factor]
    fill : float
        Where inside the market it was bought: 0 at the mid, 1 at the ask. [half-spreads]
    is_call : bool
        A put breaks even below its strike.

    Returns
    -------
    ndarray
        ``K +/- (m + k S / 2) / D``: the premium is carried to expiry. NaN in gives NaN out.

    Examples
    --------
    >>> float(break_even(23.0, 1.0, 0.10, 1.0, fill=1.0).round(4))
    24.05
    """
    paid = (np.asarray(mid, dtype=np.float64) + fill * np.asarray(spread) / 2.0) / np.asarray(discount)
    return np.asarray(np.asarray(strike, dtype=np.float64) + (paid if is_call else -paid))


def choose_expiry(chain: pd.DataFrame, tenor_days: int, tolerance_days: int, monthly_days: int) -> pd.Series | None:
    """Choose the listed expiry for a tenor.

    Parameters
    ----------
    chain : DataFrame
        ``root``, ``expiry_date``, ``dte_days``, ``is_monthly``, any number of rows per expiry.
    tenor_days, tolerance_days : int
        Target and how far from it an expiry may lie. [calendar days]
    monthly_days : int
        A standard monthly this near to the target beats a nearer weekly. [calendar days]

    Returns
    -------
    Series or None
        The chosen expiry's row; ties go to the longer one, of twins to the AM root. None: nothing within tolerance.
    """
    listed = chain[_EXPIRY_COLUMNS].drop_duplicates()
    dte, name = listed["dte_days"].to_numpy(), listed["root"].astype("str").to_numpy()
    error = np.abs(dte - tenor_days)
    near_monthly = listed["is_monthly"].to_numpy(dtype=bool) & (error <= min(monthly_days, tolerance_days))
    wanted = near_monthly if near_monthly.any() else error <= tolerance_days
    ranked = [at for at in np.lexsort((name, -dte, error)) if wanted[at]]
    return listed.iloc[ranked[0]] if ranked else None


def select_legs(chain: pd.DataFrame, rule: LegRule, profile: LadderProfile) -> pd.DataFrame:
    """Choose the contract of each layer from one hedge chain.

    Parameters
    ----------
    chain : DataFrame
        `PRICED_QUOTES` of one underlying; quarantined strikes may be among them with ``quote_flag`` BAD.
    rule : LegRule
    profile : LadderProfile

    Returns
    -------
    DataFrame
        Three rows with the leg columns of `LADDER_LEGS` and ``tick_usd``; ``leg_status`` says what is wrong with a leg.
    """
    reach = [(t - d, t + d) for t, d in zip(profile.tenors_days, profile.tolerances_days, strict=True)]
    near = np.logical_or.reduce([chain["dte_days"].between(low, high).to_numpy() for low, high in reach])
    sided = chain[near & (chain["option_right"] == rule.option_right).to_numpy()]
    listed = sided[_EXPIRY_COLUMNS].drop_duplicates()
    rows = []
    for layer in LAYERS:
        at = layer - 1
        tenor, tolerance = profile.tenors_days[at], profile.tolerances_days[at]
        chosen = choose_expiry(listed, tenor, tolerance, profile.monthly_preference_days)
        leg: dict[str, Any] = {"layer_no": layer, "units_target": profile.units[at], "leg_status": "NO_EXPIRY"}
        if chosen is not None:
            same = (sided["root"] == chosen["root"]) & (sided["expiry_date"] == chosen["expiry_date"])
            leg |= {"tenor_error_days": int(chosen["dte_days"]) - tenor, "expiry_date": chosen["expiry_date"],
                    "root": str(chosen["root"]), "dte_days": int(chosen["dte_days"])}  # fmt: skip
            leg |= _leg(sided[same].sort_values("strike_usd"), rule, profile)
        rows.append(leg)
    return _with_costs(pd.DataFrame(rows).reindex(columns=_LEG_COLUMNS), rule)


_LEG_COLUMNS = [
    "layer_no", "units_target", "leg_status", "tenor_error_days", "delta_error", "multiplier", *_COPIED,
]  # fmt: skip


def _leg(strikes: pd.DataFrame, rule: LegRule, profile: LadderProfile) -> dict[str, Any]:
    """Choose the strike nearest to the target delta, ties to the higher strike, one-sided strikes included."""
    delta = _selection_delta(strikes, rule)
    if np.isnan(delta).all():
        return {"leg_status": _status_without_delta(strikes)}
    error = np.nan_to_num(np.abs(delta - rule.target_delta), nan=np.inf)
    error = np.round(error, 12)  # 0.4 - 0.3 is above 0.1 in floating point
    best = len(error) - 1 - int(np.argmin(error[::-1]))
    if error[best] > profile.max_delta_error:
        return {"leg_status": "NO_STRIKE", "delta_error": float(error[best])}
    contract = strikes.iloc[best]
    return {
        **{name: contract[name] for name in _COPIED},
        "root": str(contract["root"]), "quote_clock": str(contract["quote_clock"]), "delta_fwd": float(delta[best]),
        "delta_error": float(error[best]), "multiplier": int(contract["multiplier"]),
        "leg_status": _QUOTE_STATUS[str(contract["quote_flag"])],
    }  # fmt: skip


def _status_without_delta(strikes: pd.DataFrame) -> str:
    """Say why no strike can be judged: nobody bids, no forward (no curve, no parity pairs), or unusable quotes."""
    flags = strikes["quote_flag"].astype("str")
    if flags.eq("ZERO_BID").any() and not flags.eq("OK").any():
        return "ZERO_BID"
    return "NO_DATA" if strikes["forward_usd"].isna().all() else "BAD_QUOTE"


def _selection_delta(strikes: pd.DataFrame, rule: LegRule) -> NDArray[np.float64]:
    """Deltas of all strikes; one-sided strikes take the volatility of their two-sided neighbours."""
    vol, strike = strikes["iv_vol"].to_numpy(dtype=np.float64), strikes["strike_usd"].to_numpy(dtype=np.float64)
    known = ~np.isnan(vol)
    if not known.any():
        return np.full(len(strikes), np.nan)
    filled = np.where(known, vol, np.interp(strike, strike[known], vol[known]))
    first = strikes[known].iloc[0]
    result = greeks(float(first["forward_usd"]), strike, float(first["years"]), filled, float(first["discount"]),
                    rule.option_right == "C")  # fmt: skip
    return np.asarray(result.delta_fwd)


def _with_costs(legs: pd.DataFrame, rule: LegRule) -> pd.DataFrame:
    numbers = ["strike_usd", "mid_usd", "bid_usd", "ask_usd", "discount", "forward_usd", "multiplier"]
    legs = legs.astype(dict.fromkeys(numbers, "float64"))
    is_call, spread = rule.option_right == "C", legs["ask_usd"] - legs["bid_usd"]
    args = (legs["strike_usd"], legs["mid_usd"], spread, legs["discount"])
    at_mid, at_touch = (pd.Series(break_even(*args, fill=k, is_call=is_call)) for k in (0.0, 1.0))
    erosion, distance = (at_touch - at_mid).abs(), (at_mid - legs["forward_usd"]) * (1 if is_call else -1)
    return legs.assign(
        break_even_usd=at_mid, break_even_touch_usd=at_touch, be_erosion_usd=erosion,
        be_erosion_frac=erosion / distance.where(distance > 0.0),
        premium_usd=legs["units_target"] * legs["multiplier"] * legs["mid_usd"],
    )  # fmt: skip


def missing_legs(profile: LadderProfile) -> pd.DataFrame:
    """Return three legs without data, for a hedge chain that did not arrive."""
    rows = [{"layer_no": layer, "units_target": profile.units[layer - 1], "leg_status": "NO_DATA"} for layer in LAYERS]
    return _with_costs(pd.DataFrame(rows).reindex(columns=_LEG_COLUMNS), LegRule(option_right="C", target_delta=0.5))


def band_median(chain: pd.DataFrame, rule: LegRule, profile: LadderProfile) -> float:
    """Return the median spread of the out-of-the-money band over the tenor windows of the ladder.

    Parameters
    ----------
    chain : DataFrame
        `PRICED_QUOTES` of one underlying.
    rule : LegRule
    profile : LadderProfile

    Returns
    -------
    float
        [fraction of mid] NaN where the band is empty.
    """
    inside = np.zeros(len(chain), dtype=bool)
    for tenor, tolerance in zip(profile.tenors_days, profile.tolerances_days, strict=True):
        inside |= chain["dte_days"].between(tenor - tolerance, tenor + tolerance).to_numpy()
    band = chain[inside & in_band(chain) & (chain["option_right"] == rule.option_right)]
    return float(band["spread_frac"].median()) if len(band) else float("nan")
