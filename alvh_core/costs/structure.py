"""One profile's ladders beside the SPX ladder and beside the host alone, over the last nights.

Weekly, because VIX options and shares close a quarter of an hour apart. Beta of a ladder on the SPX ladder is a
structure beta, no CAPM beta: it is of P&L over all premium since the first night. Where the calls are the same it is
one by construction, and left empty.
"""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from alvh_core import frames
from alvh_core.basis.betas import slopes
from alvh_core.basis.closes import Closes
from alvh_core.costs.xirr import xirr
from alvh_core.keys import rows_of
from alvh_core.ladders import HEDGE_INDEX, REFERENCE_HOST
from alvh_core.registry.book import BOOK
from alvh_core.registry.costs import STRUCTURE
from alvh_core.triggers import LADDER, ladder_keys

WINDOW_NIGHTS, MIN_WEEKS, MIN_DAYS = 252, 26, 90.0
READ = (*LADDER, "trade_date", "pnl_mid_usd", "cash_mid_usd", "crossing_usd", "fees_usd", "sum_premium_usd",
        "book_mark_usd", "book_liquidation_usd", "units_open")  # fmt: skip
BOOKED = BOOK.only(READ)
_TEXTS = dict.fromkeys(LADDER, "str")
Tables = Mapping[str, NDArray[np.float64]]  # of shape (n_nights, n_columns)


def night_structure(earlier: pd.DataFrame, tonight: pd.DataFrame, closes: Closes,
                    notionals: Mapping[str, float], trade_date: pd.Timestamp,
                    source_mode: str) -> pd.DataFrame:  # fmt: skip
    """Return `STRUCTURE` of the night.

    Parameters
    ----------
    earlier, tonight : DataFrame
        `BOOKED` of the profile that compares: up to 251 nights before tonight, and tonight.
    closes : Closes
        Of the hosts and SPX.
    notionals : mapping of str to float
        Held in the host at the start of the window, by host. [USD]
    trade_date : Timestamp
    source_mode : str
    """
    now = tonight.astype(_TEXTS)
    rows = pd.concat([earlier.astype(_TEXTS), now], ignore_index=True) if len(earlier) else now
    keys = now[LADDER].sort_values(LADDER, ignore_index=True)
    column = rows_of(ladder_keys(rows), ladder_keys(keys))
    days, tables = laid_out(rows, READ[len(LADDER) + 1 :], column, len(keys))
    nights = pd.DatetimeIndex(days)
    prices = closes.on(nights.to_numpy().astype("datetime64[D]"), [*keys["host"], REFERENCE_HOST])
    weeks = np.flatnonzero(np.diff(nights.isocalendar().week.to_numpy(dtype=np.int64)))
    notional_usd = np.asarray(keys["host"].map(dict(notionals)), dtype=np.float64)
    found: dict[str, Any] = {
        **_betas(tables, prices, keys, weeks, notional_usd),
        **_rates(tables, prices, nights, notional_usd),
    }
    return frames.conform(keys.assign(**found, trade_date=trade_date, source_mode=source_mode), STRUCTURE)


def laid_out(rows: pd.DataFrame, names: Sequence[str], column: NDArray[np.integer],
             columns: int) -> tuple[Any, Tables]:  # fmt: skip
    """Return the nights of rows, and some of their numbers by night and column; NaN where a night has no row.

    Parameters
    ----------
    rows : DataFrame
        ``trade_date`` and ``names``, one row per night and column.
    names : sequence of str
    column : ndarray of int of shape (n_rows,)
        Where each row belongs; below 0 it belongs nowhere.
    columns : int
        How many there are.
    """
    row, nights = pd.factorize(rows["trade_date"], sort=True)
    known = column >= 0
    tables = {name: np.full((len(nights), columns), np.nan) for name in names}
    for name, table in tables.items():
        table[row[known], column[known]] = rows[name].to_numpy(dtype=np.float64)[known]
    return nights, tables


def _betas(tables: Tables, prices: np.ndarray, keys: pd.DataFrame, weeks: np.ndarray,
           notional_usd: NDArray[np.float64]) -> dict[str, object]:  # fmt: skip
    """Regress weekly sums of P&L over the premium bought so far on the reference ladder's, and hosts on SPX."""
    total, premium = pd.DataFrame(tables["pnl_mid_usd"]).cumsum().to_numpy(), tables["sum_premium_usd"]
    moved, paid = np.diff(total[weeks], axis=0), premium[weeks][1:]
    with np.errstate(invalid="ignore", divide="ignore"):
        scaled = np.where(paid > 0, moved / paid, np.nan)
    is_reference = (keys["variant"] == "V0_REF").to_numpy()
    reference = scaled[:, is_reference][:, 0] if is_reference.any() else np.full(len(scaled), np.nan)
    fit = slopes(scaled, reference, min_nobs=MIN_WEEKS)
    returns = np.diff(prices[weeks], axis=0) / prices[weeks][:-1]
    alone = slopes(returns[:, :-1], returns[:, -1], min_nobs=MIN_WEEKS)
    hedged = slopes(returns[:, :-1] + moved / notional_usd, returns[:, -1], min_nobs=MIN_WEEKS)
    alpha = pd.DataFrame(scaled - fit.slope * reference[:, None]).mean().to_numpy()
    same = (keys["hedge_symbol"] == HEDGE_INDEX).to_numpy()
    known = np.isfinite(fit.slope) & ~same
    return {
        "structure_beta": np.where(known, fit.slope, np.nan), "structure_beta_se": np.where(known, fit.se, np.nan),
        "structure_r2_frac": np.where(known, np.clip(fit.r2, 0.0, 1.0), np.nan), "structure_weeks_count": fit.nobs,
        "structure_status": np.select([same, known], ["IDENTICAL_INSTRUMENTS", "OK"], default="INSUFFICIENT"),
        "beta_host_unhedged": alone.slope, "beta_host_hedged": hedged.slope,
        "structure_alpha_frac": np.where(known, alpha, np.nan),
    }  # fmt: skip


def _rates(tables: Tables, prices: np.ndarray, nights: pd.DatetimeIndex,
           notional_usd: NDArray[np.float64]) -> dict[str, object]:  # fmt: skip
    """Return the internal rates of the host alone and with the ladder, which starts and ends with what it holds.

    What is held when the window opens is bought at its mark; without one there is no rate. Premium is paid in when it
    is paid, and payoffs are taken out. A ladder that held nothing says nothing about what one would have cost.
    """
    days = np.asarray((nights - nights[0]).days, dtype=np.float64)
    host = np.zeros(tables["cash_mid_usd"].shape)
    host[0] = -notional_usd
    host[-1] += notional_usd * prices[-1, :-1] / prices[0, :-1]
    cash, crossing, fees = (np.nan_to_num(tables[name]) for name in ("cash_mid_usd", "crossing_usd", "fees_usd"))
    units = tables["units_open"]
    opening = np.where(np.isnan(units[0]), 0.0, tables["book_mark_usd"][0])  # a ladder without a row held nothing
    at_mid, at_touch = cash.copy(), cash - crossing - fees
    for flows, worth in ((at_mid, "book_mark_usd"), (at_touch, "book_liquidation_usd")):
        flows[0] = -opening
        flows[-1] += tables[worth][-1]
    alone, told = xirr(days, host, MIN_DAYS)
    mid, _ = xirr(days, host + at_mid, MIN_DAYS)
    touch, status = xirr(days, host + at_touch, MIN_DAYS)
    status = np.select([told != "OK", np.nansum(units, axis=0) == 0.0], [told, np.array("NOT_HELD")], default=status)
    found = {"irr_hedged_mid_frac": mid, "irr_hedged_touch_frac": touch, "irr_drag_bp": 1e4 * (alone - touch)}
    return {"irr_unhedged_frac": alone, "irr_status": status,
            **{name: np.where(status == "OK", values, np.nan) for name, values in found.items()}}  # fmt: skip
