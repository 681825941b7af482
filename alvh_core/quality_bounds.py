"""What a price can be at most and at least: intrinsic value, no-arbitrage bounds, volatility bounds, ticks.

Everything is judged on the parity forward of the expiry, never on spot. Facts only; limits that differ by asset class
come in as a frame of bounds per symbol.
"""

from collections.abc import Mapping
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from alvh_core import black
from alvh_core.forwards import EXPIRY
from alvh_core.ticks import quote_ticks
from alvh_core.universe import Asset

FloatArray = NDArray[np.float64]
ABSURD_TIME_VALUE_FRAC = 0.15
FORWARD_SLACK_FRAC = 0.005
CALL_CAP_FRAC = 1.10  # dividends and borrow lift spot over the forward
CENT_USD = 0.01
_GRID = 1e-6


def bound_columns(quotes: pd.DataFrame, forwards: pd.DataFrame, bounds: pd.DataFrame) -> dict[str, Any]:
    """Return the bounds of every contract's price and strike.

    Parameters
    ----------
    quotes : DataFrame
        `OPTION_QUOTES`.
    forwards : DataFrame
        From `alvh_core.forwards.expiry_forwards`.
    bounds : DataFrame
        Per symbol, see `expectations.packs`.

    Returns
    -------
    dict of str to ndarray
        ``intrinsic_forward_usd`` (discounted, on the forward; NaN without one), ``intrinsic_tolerance_usd`` (half the
        width of the parity quote plus half a percent of the forward), ``absurd_ask_usd`` (limit of a no-bid contract's
        ask; NaN for others), ``bid_cap_usd`` (nothing is worth more: a put its strike, a call its underlying),
        ``vol_cap_usd`` and ``vol_floor_usd`` (Black price at the pack's highest and lowest volatility, tolerance
        included; NaN outside the judged strikes), ``strike_frac`` (strike over forward), ``listed_low_frac`` and
        ``listed_high_frac``.

    Notes
    -----
    An expiry without a forward of its own is measured by the median forward of its chain, for strikes and caps only.
    A contract without a bid is worth a few ticks; an ask 15 % of the forward above intrinsic is a placeholder.
    """
    joined = quotes[EXPIRY].merge(forwards[[*EXPIRY, "forward_usd", "discount", "half_width_usd"]], on=EXPIRY,
                                  how="left")  # fmt: skip
    forward, discount = joined["forward_usd"].to_numpy(), joined["discount"].to_numpy()
    strike, is_call = quotes["strike_usd"].to_numpy(), quotes["option_right"].eq("C").to_numpy(dtype=bool)
    tolerance = joined["half_width_usd"].fillna(0.0).to_numpy() + FORWARD_SLACK_FRAC * np.nan_to_num(forward)
    intrinsic = discount * np.maximum(np.where(is_call, forward - strike, strike - forward), 0.0)
    limit = intrinsic + ABSURD_TIME_VALUE_FRAC * np.maximum(forward, strike)
    reference = np.where(np.isnan(forward), _chain_forward(quotes, forwards), forward)
    of_symbol = bounds.reindex(quotes["underlying"].astype("category").cat.categories.astype("str"))
    codes = quotes["underlying"].astype("category").cat.codes.to_numpy()
    pack = {name: of_symbol[name].to_numpy()[codes] for name in _PACKED}
    ratio = strike / np.where(reference > 0, reference, np.nan)
    judged = (ratio >= pack["judged_low_frac"]) & (ratio <= pack["judged_high_frac"])
    judged &= ~np.isnan(forward) & ~quotes["is_adjusted"].to_numpy()
    years = quotes["years"].to_numpy()
    cap, floor = (_black(forward, strike, years, pack[name], discount, is_call, judged)
                  for name in ("vol_high", "vol_low"))  # fmt: skip
    return {
        "intrinsic_forward_usd": intrinsic,
        "intrinsic_tolerance_usd": tolerance,
        "absurd_ask_usd": np.where(quotes["quote_flag"] == "ZERO_BID", limit, np.nan),
        "bid_cap_usd": np.where(is_call, CALL_CAP_FRAC * reference, strike),
        "vol_cap_usd": cap + tolerance,
        "vol_floor_usd": floor - tolerance,
        "strike_frac": ratio,
        "listed_low_frac": pack["listed_low_frac"],
        "listed_high_frac": pack["listed_high_frac"],
    }


_PACKED = ("vol_low", "vol_high", "judged_low_frac", "judged_high_frac", "listed_low_frac", "listed_high_frac")


def _black(forward: FloatArray, strike: FloatArray, years: FloatArray, vol: FloatArray, discount: FloatArray,
           is_call: NDArray[np.bool_], judged: NDArray[np.bool_]) -> FloatArray:  # fmt: skip
    """Price the judged contracts only; the others have no bound."""
    chosen = judged & (years > 0) & (strike > 0) & (forward > 0) & (discount > 0)
    result = np.full(len(forward), np.nan)
    if chosen.any():
        result[chosen] = black.price(forward[chosen], strike[chosen], years[chosen], vol[chosen], discount[chosen],
                                     is_call[chosen])  # fmt: skip
    return result


def _chain_forward(quotes: pd.DataFrame, forwards: pd.DataFrame) -> FloatArray:
    known = forwards.assign(symbol=forwards["underlying"].astype("str")).groupby("symbol")["forward_usd"].median()
    underlying = quotes["underlying"].astype("category")
    of_symbol: FloatArray = known.reindex(underlying.cat.categories.astype("str")).to_numpy(dtype="float64")
    return of_symbol[underlying.cat.codes.to_numpy()]


def tick_columns(quotes: pd.DataFrame, universe: Mapping[str, Asset]) -> dict[str, Any]:
    """Return how far bid and ask lie off their price grid.

    Parameters
    ----------
    quotes : DataFrame
        `OPTION_QUOTES`.
    universe : mapping of str to Asset

    Returns
    -------
    dict of str to ndarray
        ``off_cent_usd`` (distance of the worse side from whole cents) and ``is_off_tick`` (a side is no multiple of the
        root's tick, by the dated table): the first is impossible, the second a fact, for programmes change.
    """
    bid, ask = (quotes[name].to_numpy() for name in ("bid_usd", "ask_usd"))
    off_cent = np.fmax(_off(bid, CENT_USD), _off(ask, CENT_USD))
    off_bid, off_ask = (_off(side, quote_ticks(quotes, side, universe)) > _GRID for side in (bid, ask))
    return {"off_cent_usd": off_cent, "is_off_tick": (off_bid | off_ask) & ~quotes["is_adjusted"].to_numpy()}


def _off(price: FloatArray, tick: Any) -> FloatArray:
    with np.errstate(invalid="ignore"):
        finite = np.where(np.isfinite(price), price, np.nan)
        return np.asarray(np.nan_to_num(np.abs(finite - np.rint(finite / tick) * tick)))
