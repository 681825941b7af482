"""Validated quotes to priced quotes: mid, spread, forward, Black-76 volatility and greeks, intrinsic value.

One set of columns for all underlyings of a night; a reason code wherever there is no number. The kernels themselves are
`alvh_core.black` and `alvh_core.implied`.
"""

from collections.abc import Collection, Mapping

import numpy as np
import pandas as pd

from alvh_core import frames
from alvh_core.black import greeks
from alvh_core.columns import IV_STATUSES
from alvh_core.forwards import EXPIRY
from alvh_core.implied import IvStatus, implied_vol
from alvh_core.schemas import PRICED_QUOTES
from alvh_core.spreads import relative_spread
from alvh_core.ticks import quote_ticks
from alvh_core.universe import Asset

DAYS_PER_YEAR = 365.0


def price_quotes(quotes: pd.DataFrame, forwards: pd.DataFrame, snapshots: pd.DataFrame,
                 universe: Mapping[str, Asset], *, threads: int = 2) -> pd.DataFrame:  # fmt: skip
    """Price every unadjusted quote of a night.

    Parameters
    ----------
    quotes : DataFrame
        `OPTION_QUOTES` that passed validation.
    forwards : DataFrame
        From `alvh_core.forwards.expiry_forwards`.
    snapshots : DataFrame
        `SNAPSHOTS`; the vendor's underlying price gives the intrinsic value of American options, nothing else.
    universe : mapping of str to Asset
    threads : int
        Threads of the implied-volatility kernel; the result does not depend on it.

    Returns
    -------
    DataFrame
        `PRICED_QUOTES`. Adjusted contracts are left out. ``iv_vol`` is NaN unless ``iv_status`` is OK.
    """
    plain = quotes[~quotes["is_adjusted"]]
    columns = [*EXPIRY, "forward_usd", "discount"]
    priced = plain.merge(forwards[columns], on=EXPIRY, how="left")
    bid, ask = priced["bid_usd"].to_numpy(), priced["ask_usd"].to_numpy()
    mid = (bid + ask) / 2.0
    is_call = (priced["option_right"] == "C").to_numpy()
    forward, strike, years = (priced[name].to_numpy() for name in ("forward_usd", "strike_usd", "years"))
    discount = priced["discount"].to_numpy()
    vol, code = implied_vol(mid, forward, strike, years, discount, is_call, threads=threads)
    status = _iv_status(priced, code)
    vol = np.where(status == "OK", vol, np.nan)
    sensitivities = greeks(forward, strike, years, vol, discount, is_call)
    spots = frames.as_mapping(snapshots, "underlying", "underlying_price_usd")
    intrinsic = _intrinsic(priced, spots, universe, is_call)
    spread = np.where(ask >= bid, ask - bid, np.nan)
    tick = quote_ticks(priced, mid, universe)
    return frames.conform(
        priced.assign(
            mid_usd=mid, spread_usd=spread, spread_frac=relative_spread(bid, ask), tick_usd=tick,
            spread_ticks=spread / tick, tick_floor_frac=tick / np.where(mid > 0.0, mid, np.nan), iv_vol=vol,
            iv_status=pd.Categorical(status),
            delta_fwd=sensitivities.delta_fwd, gamma=sensitivities.gamma, vega=sensitivities.vega,
            theta_usd_per_day=sensitivities.theta / DAYS_PER_YEAR, intrinsic_usd=intrinsic,
            extrinsic_usd=mid - intrinsic, is_neg_extrinsic=(mid - intrinsic) < -spread / 2.0 - 1e-9,
        ),
        PRICED_QUOTES,
    )  # fmt: skip


def hedge_chains(priced: pd.DataFrame, quarantined: pd.DataFrame, symbols: Collection[str]) -> pd.DataFrame:
    """Return the chains that ladders are bought in, rejected strikes included.

    Parameters
    ----------
    priced : DataFrame
        `PRICED_QUOTES`.
    quarantined : DataFrame
        `QUARANTINED_QUOTES`; a strike rejected for its own quote comes back with ``quote_flag`` BAD, so that a ladder
        which wants exactly that strike says so. Suspended expiries and adjusted contracts stay out.
    symbols : collection of str

    Returns
    -------
    DataFrame
        `PRICED_QUOTES`; nothing of a symbol without any priced quote.
    """
    wanted = priced[priced["underlying"].isin(symbols)]
    bad = quarantined[(quarantined["severity"] == "row") & ~quarantined["is_adjusted"]]
    bad = bad[bad["underlying"].isin(symbols)]
    kept = wanted.loc[wanted["osi_symbol"].isin(bad["osi_symbol"]), "osi_symbol"]
    bad = bad[~bad["osi_symbol"].isin(kept)].drop_duplicates("osi_symbol")
    bad = frames.conform(bad.assign(quote_flag="BAD", iv_status="NO_QUOTE", is_neg_extrinsic=False), PRICED_QUOTES)
    with_chain = bad[bad["underlying"].isin(wanted["underlying"].unique())]
    return frames.concat([wanted, with_chain], PRICED_QUOTES)


def _iv_status(priced: pd.DataFrame, code: np.ndarray) -> np.ndarray:
    """Say why there is no volatility: no quote, no bid, no time, no forward, then the kernel's own reasons."""
    names = np.array([status.name for status in IvStatus], dtype=object)
    assert set(names) <= set(IV_STATUSES)
    flag = priced["quote_flag"]
    conditions = [flag == "NO_QUOTE", flag == "ZERO_BID", priced["years"] <= 0.0, priced["forward_usd"].isna()]
    return np.select(conditions, ["NO_QUOTE", "NO_BID", "NO_TIME", "NO_FORWARD"], default=names[code])


def _intrinsic(
    priced: pd.DataFrame, spots: Mapping[str, float], universe: Mapping[str, Asset], is_call: np.ndarray
) -> np.ndarray:
    """Discounted on the forward for European chains; on the spot for American ones, never spot for VIX."""
    underlying = priced["underlying"].astype("category")
    american = np.array([universe[s].exercise == "american" for s in underlying.cat.categories])
    spot = np.array([float(spots.get(s, np.nan)) for s in underlying.cat.categories])
    codes = underlying.cat.codes.to_numpy()
    strike = priced["strike_usd"].to_numpy()
    on_spot = american[codes]
    base = np.where(on_spot, spot[codes], priced["forward_usd"].to_numpy())
    payoff = np.where(is_call, base - strike, strike - base)
    scale = np.where(on_spot, 1.0, priced["discount"].to_numpy())
    return np.asarray(scale * np.maximum(payoff, 0.0))
