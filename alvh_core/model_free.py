"""Model-free 30-day volatility per underlying, by the VIX methodology.

Out-of-the-money options around K0, two consecutive zero bids end a wing, contributions dK / K^2, minute-weighted
between the expiries on either side of 30 days. Only K0 needs its call and its put; elsewhere the side in the money says
nothing. Works on any number of underlyings; no smoothing, no model.

References
----------
Cboe, "Volatility Index Methodology: Cboe Volatility Index", sample calculation.
"""

from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from alvh_core import frames
from alvh_core.columns import TWO_SIDED
from alvh_core.forwards import EXPIRY
from alvh_core.schemas import MODEL_FREE

MINUTES_PER_YEAR, MINUTES_30_DAYS = 525_600.0, 43_200.0
MIN_DAYS, MAX_DAYS, MAX_SINGLE_GAP_DAYS = 7, 365, 15
MIN_STRIKES = 5
TARGET_YEARS = MINUTES_30_DAYS / MINUTES_PER_YEAR

Variance = tuple[float, pd.Timestamp, str, float]  # years, expiry, root, annual variance

_SIDES = ["strike_usd", "bid_usd", "ask_usd"]


@dataclass(frozen=True, kw_only=True)
class ExpiryVariance:
    """Variance of one expiry: annual variance, the strikes it rests on and the forward behind it."""

    variance: float
    strikes_count: int
    low_strike: float
    high_strike: float
    forward: float
    contribution: float


def expiry_variance(strike: NDArray[np.float64], call_bid: NDArray[np.float64], call_ask: NDArray[np.float64],
                    put_bid: NDArray[np.float64], put_ask: NDArray[np.float64], *, years: float,
                    growth: float) -> ExpiryVariance | None:  # fmt: skip
    r"""Compute the model-free variance of one expiry.

    Parameters
    ----------
    strike : ndarray of shape (n_strikes,)
        Ascending. [USD or index points]
    call_bid, call_ask, put_bid, put_ask : ndarray of shape (n_strikes,)
        [USD per share] A bid of zero is no bid; a NaN bid is no listed contract, which neither counts nor ends a wing.
    years : float
        Minutes to settlement over 525,600.
    growth : float
        :math:`e^{rT}`, one over the discount factor.

    Returns
    -------
    ExpiryVariance or None
        None where no strike has both a call and a put bid, where fewer than five strikes contribute or one of them has
        no ask, and where the forward lies below all strikes that list both: K0 is the highest of those not above it.

    Notes
    -----
    :math:`\sigma^2 = \frac{2}{T}\sum \frac{\Delta K}{K^2} e^{rT} Q(K) - \frac{1}{T}(F/K_0 - 1)^2`
    """
    call_mid, put_mid = (call_bid + call_ask) / 2.0, (put_bid + put_ask) / 2.0
    both = (call_bid > 0) & (put_bid > 0)
    if not both.any():
        return None
    gap = np.where(both, np.abs(call_mid - put_mid), np.inf)
    at = int(np.argmin(gap))
    forward = float(strike[at] + growth * (call_mid[at] - put_mid[at]))
    below = np.flatnonzero((strike <= forward) & ~np.isnan(call_bid) & ~np.isnan(put_bid))
    if not below.size:
        return None
    zero = int(below[-1])
    puts = _wing(put_bid[:zero][::-1])[::-1]
    calls = _wing(call_bid[zero + 1 :])
    used = np.concatenate([puts, [True], calls])
    if used.sum() < MIN_STRIKES:
        return None
    price = np.concatenate([put_mid[:zero], [(call_mid[zero] + put_mid[zero]) / 2.0], call_mid[zero + 1 :]])
    k, q = strike[used], price[used]
    if np.isnan(q).any():
        return None
    total = _sum(k, q, growth)
    variance = 2.0 / years * total - (forward / strike[zero] - 1.0) ** 2 / years
    return ExpiryVariance(variance=float(variance), strikes_count=int(used.sum()), low_strike=float(k[0]),
                          high_strike=float(k[-1]), forward=forward, contribution=total)  # fmt: skip


def _sum(k: NDArray[np.float64], q: NDArray[np.float64], growth: float) -> float:
    width = np.empty_like(k)
    width[1:-1] = (k[2:] - k[:-2]) / 2.0
    width[0], width[-1] = k[1] - k[0], k[-1] - k[-2]
    return float(np.sum(width / k**2 * growth * q))


def _wing(bids: NDArray[np.float64]) -> NDArray[np.bool_]:
    """Use bid strikes walking away from K0 until two listed ones in a row have no bid."""
    listed = np.flatnonzero(~np.isnan(bids))
    dead = ~(bids[listed] > 0)
    two_in_a_row = dead & np.concatenate([[False], dead[:-1]])
    used = np.zeros(len(bids), dtype=bool)
    used[listed] = ~dead & ~np.logical_or.accumulate(two_in_a_row)
    return used


def thirty_day_volatility(years: tuple[float, float], variance: tuple[float, float]) -> float:
    """Interpolate two total variances to 30 days.

    Parameters
    ----------
    years : tuple of float
        Minutes to settlement over 525,600, near and next.
    variance : tuple of float
        Annual variances.

    Returns
    -------
    float
        Annual volatility. [decimal] NaN where the weighted variance is negative.
    """
    near, following = years[0] * MINUTES_PER_YEAR, years[1] * MINUTES_PER_YEAR
    weight = (following - MINUTES_30_DAYS) / (following - near)
    total = years[0] * variance[0] * weight + years[1] * variance[1] * (1.0 - weight)
    return _root(total * MINUTES_PER_YEAR / MINUTES_30_DAYS)


def _root(variance: float) -> float:
    return float(np.sqrt(variance)) if variance >= 0 else float("nan")


def model_free_30d(priced: pd.DataFrame, snapshots: pd.DataFrame, closes: pd.DataFrame) -> pd.DataFrame:
    """Compute the 30-day volatility of every underlying that has a snapshot.

    Parameters
    ----------
    priced : DataFrame
        `PRICED_QUOTES`.
    snapshots : DataFrame
        `SNAPSHOTS`.
    closes : DataFrame
        `CLOSES`; realised volatility beside the implied one.

    Returns
    -------
    DataFrame
        `MODEL_FREE`; ``method`` says whether 30 days lay between two expiries or near one.
    """
    hv20 = closes.set_index(closes["symbol"].astype("str"))["hv20_vol"]
    variances = _variances(priced)
    quoted = set(priced["underlying"].unique())
    rows = []
    for snapshot in snapshots.itertuples(index=False):
        symbol = str(snapshot.underlying)
        row = _combine(sorted(variances.get(symbol, []))) if symbol in quoted else _none("NO_QUOTES")
        rows.append({"trade_date": snapshot.trade_date, "source_mode": snapshot.source_mode, "underlying": symbol,
                     "vendor_iv30_vol": snapshot.vendor_iv30_vol, "hv20_vol": hv20.get(symbol, np.nan),
                     **row})  # fmt: skip
    return frames.conform(pd.DataFrame(rows), MODEL_FREE) if rows else frames.empty(MODEL_FREE)


def _variances(priced: pd.DataFrame) -> dict[str, list[Variance]]:
    """Compute the variances of the expiries around 30 days: two on either side, one of them spare."""
    is_usable = priced["forward_usd"].notna() & priced["dte_days"].between(MIN_DAYS, MAX_DAYS)
    usable = priced.loc[is_usable, [*EXPIRY, *_SIDES, "years", "discount", "option_right", "quote_flag"]]
    expiries = usable.groupby(EXPIRY, observed=True)[["years", "discount"]].first().reset_index()
    expiries["is_above"] = expiries["years"] > TARGET_YEARS
    expiries["distance"] = (expiries["years"] - TARGET_YEARS).abs()
    ranked = expiries.sort_values(["distance", "root"]).groupby(["underlying", "is_above"], observed=True).head(2)
    pairs = _pairs(usable, ranked)
    result: dict[str, list[Variance]] = {}
    positions: dict[Any, Any] = pairs.groupby(EXPIRY, observed=True, sort=False).indices
    names = ("strike_usd", "bid_usd_c", "ask_usd_c", "bid_usd_p", "ask_usd_p", "years", "discount")
    columns = [pairs[name].to_numpy() for name in names]
    for (symbol, root, expiry), at in positions.items():
        *sides, year, discount = (column[at] for column in columns)
        years = float(year[0])
        found = expiry_variance(*sides, years=years, growth=1.0 / float(discount[0]))
        if found is not None:
            result.setdefault(str(symbol), []).append((years, expiry, str(root), found.variance))
    return result


def _pairs(usable: pd.DataFrame, expiries: pd.DataFrame) -> pd.DataFrame:
    """Match calls and puts of the chosen expiries by strike, ascending; a contract without a bid has a bid of zero.

    A strike that lists one of them stays, with NaN for the other.
    """
    chosen = usable.merge(expiries[EXPIRY], on=EXPIRY)
    bid = chosen["bid_usd"].where(chosen["quote_flag"].isin(TWO_SIDED), 0.0)
    sides, is_call = chosen[[*EXPIRY, *_SIDES]].assign(bid_usd=bid), chosen["option_right"] == "C"
    pairs = sides[is_call].merge(sides[~is_call], on=[*EXPIRY, "strike_usd"], how="outer", suffixes=("_c", "_p"))
    pairs = pairs.merge(expiries[[*EXPIRY, "years", "discount"]], on=EXPIRY)
    return pairs.sort_values([*EXPIRY, "strike_usd"], kind="stable", ignore_index=True)


def _combine(variances: list[Variance]) -> dict[str, object]:
    """Interpolate between the expiries on either side of 30 days; else take one that is near."""
    below = [v for v in variances if v[0] <= TARGET_YEARS]
    above = [v for v in variances if v[0] > TARGET_YEARS]
    if below and above:
        near, following = below[-1], above[0]
        vol = thirty_day_volatility((near[0], following[0]), (near[3], following[3]))
        return _row(vol, "interpolated", near[1], following[1])
    if not variances:
        return _none("NO_EXPIRY: no expiry with five bid strikes")
    years, expiry, _, variance = min(variances, key=lambda v: abs(v[0] - TARGET_YEARS))
    if abs(years - TARGET_YEARS) * 365.0 > MAX_SINGLE_GAP_DAYS:
        return _none("NO_EXPIRY: none within 15 days of 30")
    return _row(_root(variance), "single", expiry, None)


def _row(vol: float, method: str, near: object, following: object) -> dict[str, object]:
    status = "OK" if np.isfinite(vol) else "NEGATIVE_VARIANCE"
    return {
        "iv30_vol": vol,
        "method": method,
        "status": status,
        "near_expiry_date": near,
        "next_expiry_date": following,
    }


def _none(status: str) -> dict[str, object]:
    return _row(float("nan"), "none", None, None) | {"status": status}
