"""Dividends and splits, and prices across a split.

The pipeline stores prices adjusted for the splits known on the night, and for no dividend: an option's strike moves
with a split and not with an ordinary dividend. A split that lies after the night adjusts nothing.
"""

from datetime import date

import numpy as np
import pandas as pd

from alvh_core import frames
from alvh_core.schemas import DAILY_ACTIONS

ACTION_DAYS = 400  # a year of dividends and a month


def split_adjusted(rows: pd.DataFrame) -> pd.DataFrame:
    """Return raw daily prices of one symbol on the share count of the last row.

    Parameters
    ----------
    rows : DataFrame
        ``bar_date``, ``split_ratio``, and ``open_usd``, ``high_usd``, ``low_usd``, ``close_usd``, ``volume_shares`` as
        traded. A split of the last row itself is in its prices already.

    Returns
    -------
    DataFrame
        The same rows, oldest first: prices over the splits that came after them, volume times those.
    """
    ordered = rows.sort_values("bar_date", kind="stable", ignore_index=True)
    ratio = ordered["split_ratio"].where(ordered["split_ratio"] > 0.0, 1.0).to_numpy(dtype=np.float64)
    later = np.append(np.cumprod(ratio[::-1])[::-1][1:], 1.0)
    prices = {name: ordered[name] / later for name in ("open_usd", "high_usd", "low_usd", "close_usd")}
    return ordered.assign(**prices, volume_shares=ordered["volume_shares"] * later)


def splits_since(symbols: pd.Series, since: pd.Series, actions: pd.DataFrame) -> pd.DataFrame:
    """Return the splits that went ex after some dates: what was told on such a date is of other shares than today's.

    Parameters
    ----------
    symbols : Series of str
    since : Series of datetime64
        Aligned with ``symbols``; a split of the very day is in what was told that day.
    actions : DataFrame
        `DAILY_ACTIONS`: nothing after the night.

    Returns
    -------
    DataFrame
        ``row`` (position in ``symbols``), ``ex_date``, ``split_ratio`` (shares of today for one), oldest first; no row
        without a split.
    """
    splits = actions.loc[actions["split_ratio"].ne(1.0), ["symbol", "ex_date", "split_ratio"]]
    rows = pd.DataFrame(
        {"symbol": symbols.astype("str").to_numpy(), "since": since.to_numpy(), "row": range(len(since))}
    )
    found = rows.merge(splits.astype({"symbol": "str"}).sort_values("ex_date"), on="symbol")
    return found.loc[found["ex_date"] > found["since"], ["row", "ex_date", "split_ratio"]]


def night_actions(found: pd.DataFrame, trade_date: date, source_mode: str) -> pd.DataFrame:
    """Return `DAILY_ACTIONS` of a night: nothing that goes ex after it, and no more than `ACTION_DAYS` back.

    Parameters
    ----------
    found : DataFrame
        Stacked rows of the sources with ``payload_sha256``; may be empty and without columns.
    trade_date : date
    source_mode : str
    """
    if found.empty:
        return frames.empty(DAILY_ACTIONS)
    day = pd.Timestamp(trade_date)
    is_known = ~(found["ex_date"] > day) & ~(found["ex_date"] < day - pd.Timedelta(days=ACTION_DAYS))
    return frames.of_night(found[is_known], DAILY_ACTIONS, day, source_mode)
