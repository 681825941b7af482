"""Dividend portfolios: what a share is worth by its dividends, and what the companies of a class earn for their price.

Context for whoever hedges income; it sizes and triggers nothing.
"""

from collections.abc import Mapping

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike, NDArray

from alvh_core import frames
from alvh_core.ladders import REFERENCE_VARIANTS
from alvh_core.params import DIVIDEND_GROWTH_FRAC, EQUITY_PREMIUM_FRAC
from alvh_core.registry.costs import DIVIDEND_VALUE, DRIP
from alvh_core.universe import Asset


def gordon_value(next_dividend: ArrayLike, required: ArrayLike, growth: ArrayLike) -> NDArray[np.float64]:
    """Return ``D1 / (r - g)``; NaN where r is not above g.

    Examples
    --------
    >>> gordon_value([2.0, 2.0], [0.08, 0.03], 0.03).round(9).tolist()
    [40.0, nan]
    """
    gap = np.asarray(required, dtype=np.float64) - np.asarray(growth, dtype=np.float64)
    with np.errstate(divide="ignore", invalid="ignore"):
        return np.asarray(np.where(gap > 1e-12, np.asarray(next_dividend, dtype=np.float64) / gap, np.nan))


def portfolio_pe(market_caps: ArrayLike, earnings: ArrayLike) -> float:
    """Return the sum of market caps over the sum of earnings, loss-makers counted; NaN where nothing is earned.

    Examples
    --------
    >>> portfolio_pe([100.0, 100.0], [10.0, -5.0]), portfolio_pe([100.0], [-1.0])
    (40.0, nan)
    """
    earned = float(np.sum(np.asarray(earnings, dtype=np.float64)))
    return float(np.sum(np.asarray(market_caps, dtype=np.float64))) / earned if earned > 0.0 else float("nan")


def night_drip(actions: pd.DataFrame, bars: pd.DataFrame, trade_date: pd.Timestamp, source_mode: str) -> pd.DataFrame:
    """Return `DRIP` of the night: what one share of a year ago has become with its dividends reinvested.

    Parameters
    ----------
    actions : DataFrame
        `DAILY_ACTIONS`.
    bars : DataFrame
        `DAILY_BARS`, on the share count of the night.
    trade_date : Timestamp
    source_mode : str

    Returns
    -------
    DataFrame
        One row per symbol with an ex date in the last 365 days. Shares are those of the night, splits undone; each
        dividend D makes them ``1 + D / P`` times as many, at the close P of its ex date, for no source tells the day of
        payment, and untaxed: whoever holds them knows his own rate. NULL where one of those closes is missing.
    """
    paid = _of_the_year(actions, trade_date)
    closes = bars.loc[bars["bar_date"].isin(paid["ex_date"]), ["symbol", "bar_date", "close_usd"]]
    bought = paid.merge(closes.astype({"symbol": "str"}), left_on=["symbol", "ex_date"],
                        right_on=["symbol", "bar_date"], how="left")  # fmt: skip
    grouped = bought.assign(growth=1.0 + bought["dividend_usd"] / bought["close_usd"]).groupby("symbol")
    known, whole = grouped["growth"].count(), grouped.size()
    found = pd.DataFrame({
        "drip_shares": grouped["growth"].prod().where(known == whole), "payments_count": whole,
        "dividends_year_usd": grouped["dividend_usd"].sum(),
    })  # fmt: skip
    return frames.of_night(found.reset_index(), DRIP, trade_date, source_mode)


def _of_the_year(actions: pd.DataFrame, trade_date: pd.Timestamp) -> pd.DataFrame:
    """Return the dividends with an ex date in the last 365 days, on the share count of the night."""
    told = actions.assign(symbol=actions["symbol"].astype("str")).sort_values(["symbol", "ex_date"])
    later = told[::-1].groupby("symbol")["split_ratio"].cumprod() / told["split_ratio"]  # splits after the ex date
    is_recent = (told["ex_date"] > trade_date - pd.Timedelta(days=365)) & (told["ex_date"] <= trade_date)
    return told.assign(dividend_usd=told["dividend_usd"] / later)[is_recent & (told["dividend_usd"] > 0.0)]


def host_yields(actions: pd.DataFrame, closes: pd.DataFrame, trade_date: pd.Timestamp) -> dict[str, float]:
    """Return dividends with an ex date in the last 365 days over the last close, by symbol; none without a dividend.

    Parameters
    ----------
    actions : DataFrame
        `DAILY_ACTIONS`.
    closes : DataFrame
        `CLOSES`.
    trade_date : Timestamp
    """
    paid = _of_the_year(actions, trade_date).groupby("symbol")["dividend_usd"].sum()
    last = closes.assign(symbol=closes["symbol"].astype("str")).set_index("symbol")["close_usd"]
    return {str(name): float(value) for name, value in (paid / last.reindex(paid.index)).dropna().items()}


def hedged_betas(structure: pd.DataFrame) -> dict[str, float]:
    """Return the beta on SPX of every host with its ladder on the reference's calls, where there is one.

    Parameters
    ----------
    structure : DataFrame
        `STRUCTURE` of the night.
    """
    mine = structure[structure["variant"].isin(REFERENCE_VARIANTS)].dropna(subset="beta_host_hedged")
    return frames.as_mapping(mine, "host", "beta_host_hedged")


def night_dividends(ratios: pd.DataFrame, universe: Mapping[str, Asset], hedged: Mapping[str, float],
                    unhedged: Mapping[str, float], ten_year: float, trade_date: pd.Timestamp,
                    source_mode: str) -> pd.DataFrame:  # fmt: skip
    """Return `DIVIDEND_VALUE` of the night.

    Parameters
    ----------
    ratios : DataFrame
        `DAILY_RATIOS`.
    universe : mapping of str to Asset
    hedged : mapping of str to float
        Beta on SPX with the ladder, by symbol: the required return is of what is held, hedge included.
    unhedged : mapping of str to float
        Beta on SPX on its worst days, for what has no hedged one.
    ten_year : float
        [fraction a year]
    trade_date : Timestamp
    source_mode : str
    """
    names = ratios["symbol"].astype("str")
    classes = names.map(lambda name: universe[name].asset_class)
    with_ladder, alone = (names.map(dict(betas)).astype("float64") for betas in (hedged, unhedged))
    beta = with_ladder.fillna(alone)
    kind = np.select([with_ladder.notna(), alone.notna()], ["HEDGED", "UNHEDGED_STRESS"], default="NONE")
    required = ten_year + beta * EQUITY_PREMIUM_FRAC
    paid = ratios["dividends_ttm_usd"].astype("float64")  # per share
    value = gordon_value(paid * (1.0 + DIVIDEND_GROWTH_FRAC), required, DIVIDEND_GROWTH_FRAC)
    status = np.select(
        [ratios["dividends_status"] == "NOT_REPORTED", paid.isna(), paid <= 0, beta.isna(), required.isna(),
         np.isnan(value)],
        ["NOT_REPORTED", "NO_FACTS", "NO_DIVIDEND", "NO_BETA", "NO_RATE", "R_NOT_ABOVE_G"], default="OK",
    )  # fmt: skip
    is_ok = status == "OK"
    earned = ratios["eps_ttm_usd"].astype("float64") * ratios["shares_count"].astype("float64")
    cap = ratios["market_cap_usd"].astype("float64")
    both = earned.notna() & cap.notna()
    pe = {str(c): portfolio_pe(cap[both & (classes == c)], earned[both & (classes == c)]) for c in classes.unique()}
    worth = pd.Series(np.where(is_ok, value, np.nan), index=ratios.index)
    rows = pd.DataFrame({
        "symbol": names, "asset_class": classes, "dividends_ttm_usd": paid, "required_return_frac": required,
        "ddm_value_usd": worth, "ddm_gap_frac": ratios["close_usd"] / worth - 1.0, "ddm_status": status,
        "class_pe_ratio": classes.map(pe), "ddm_beta": beta, "ddm_beta_kind": kind,
    })  # fmt: skip
    return frames.of_night(rows, DIVIDEND_VALUE, trade_date, source_mode)
