"""Splits of the underlying while a contract is held: how many shares of today one share of its entry has become.

After a split the clearing house adjusts what is held, and its old symbol is nobody's or another contract's: its quotes
say nothing of the position. So the position has no mark, waits, and settles by the shares it was bought on. Splits are
told by `DAILY_ACTIONS`. Where no source tells one, closes that were restated since the entry give it away, and nothing
is settled on it.
"""

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from alvh_core.actions import splits_since

RESTATED_FRAC = 0.02  # vendors correct closes by less, no split is smaller


def splits_since_entry(held: pd.DataFrame, actions: pd.DataFrame, then: pd.DataFrame, bars: pd.DataFrame,
                       is_due: pd.Series) -> pd.DataFrame:  # fmt: skip
    """Return what splits have made of the shares that positions were bought on.

    Parameters
    ----------
    held : DataFrame
        `POSITIONS` of the night before.
    actions : DataFrame
        `DAILY_ACTIONS`: nothing after the night.
    then : DataFrame
        `CLOSES` of the nights on which positions were opened, as far as their histories are to be checked.
    bars : DataFrame
        `DAILY_BARS` of tonight.
    is_due : Series of bool
        Aligned with ``held``: settles by a close of a share, so that its history is checked.

    Returns
    -------
    DataFrame
        Aligned with ``held``: ``split_factor``, shares of today for one of the entry, 1 without a split, NaN where only
        the restated history tells one; ``split_told``, in words, empty without a split.
    """
    if actions["split_ratio"].eq(1.0).all() and then.empty:  # as on most nights
        return pd.DataFrame({"split_factor": 1.0, "split_told": ""}, index=held.index)
    every = range(len(held))
    mine = held[["entry_date"]].assign(symbol=held["hedge_symbol"].astype("str"))
    hit = splits_since(mine["symbol"], mine["entry_date"], actions)
    words = hit["split_ratio"].map("{:g} shares for one on ".format).astype("str")
    words += hit["ex_date"].dt.strftime("%Y-%m-%d").astype("str")
    factor = hit["split_ratio"].groupby(hit["row"]).prod().reindex(every, fill_value=1.0).to_numpy(dtype=np.float64)
    told = words.groupby(hit["row"]).agg(", ".join).reindex(every, fill_value="")
    told = ("split: " + told + "; counted in shares of the entry").where(told != "", "").to_numpy(dtype=object)
    restated = _restated(mine, then, bars)
    is_moved = (np.abs(restated - 1.0) > RESTATED_FRAC) & (np.abs(restated * factor - 1.0) > RESTATED_FRAC)
    is_untold = is_due.to_numpy() & is_moved
    why = [f"closes are {x:.4g} times what they were at entry: a split that no source tells in full" for x in restated]
    return pd.DataFrame({"split_factor": np.where(is_untold, np.nan, factor),
                         "split_told": np.where(is_untold, np.array(why, dtype=object), told)},
                        index=held.index)  # fmt: skip


def _restated(mine: pd.DataFrame, then: pd.DataFrame, bars: pd.DataFrame) -> NDArray[np.float64]:
    """Return the close that was the last one at entry, as known tonight, over what it was; NaN where not known."""
    told = then[["symbol", "trade_date", "bar_date", "close_usd"]].astype({"symbol": "str"})
    now = bars.loc[bars["bar_date"].isin(told["bar_date"]), ["symbol", "bar_date", "close_usd"]]
    known = told.merge(now.astype({"symbol": "str"}), on=["symbol", "bar_date"], suffixes=("_then", ""))
    ratio = (known["close_usd"] / known["close_usd_then"]).to_numpy(dtype=np.float64)
    keys = pd.MultiIndex.from_arrays([known["symbol"], pd.DatetimeIndex(known["trade_date"])])
    at = pd.MultiIndex.from_arrays([mine["symbol"], pd.DatetimeIndex(mine["entry_date"])])
    return np.asarray(pd.Series(ratio, index=keys).reindex(at), dtype=np.float64)
