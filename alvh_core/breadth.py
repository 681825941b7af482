"""Breadth: how many members closed higher and lower, and the line of their running difference.

What was counted is the method: the exchange's common stock, everything a vendor lists, or the pipeline's own universe.
Methods answer different questions, so none continues another's line. Where closes come from is a source's business.
"""

from collections.abc import Collection, Mapping
from datetime import date
from typing import Any

import numpy as np
import pandas as pd

from alvh_core import frames
from alvh_core.basis.closes import Closes
from alvh_core.expiries import ONE_DAY
from alvh_core.schemas import BREADTH, BREADTH_COUNTS
from alvh_core.sessions import TradingCalendar
from alvh_core.universe import Asset, hosts

UNIVERSE, US_ALL, NYSE = "universe", "massive_us_all", "nyse_true"
_COUNTS = ("advances_count", "declines_count", "unchanged_count", "members_count", "ad_diff_count")


def count_moves(change: pd.DataFrame) -> pd.DataFrame:
    """Count the signs of changes, row by row; a member without a change is none.

    Parameters
    ----------
    change : DataFrame
        Sessions by members. [USD]

    Returns
    -------
    DataFrame
        ``advances_count`` ... ``ad_diff_count``, one row per session.
    """
    by = change.to_numpy(dtype=np.float64)
    up, down = (by > 0.0).sum(axis=1), (by < 0.0).sum(axis=1)
    counts = (up, down, (by == 0.0).sum(axis=1), (~np.isnan(by)).sum(axis=1), up - down)
    return pd.DataFrame(dict(zip(_COUNTS, counts, strict=True)), index=change.index).astype("int64")


def exchange_breadth(closes: pd.DataFrame, listed: Collection[str], before: date, trade_date: date,
                     source_mode: str) -> pd.DataFrame:  # fmt: skip
    """Count what a vendor's two files of all closes say, both adjusted and fetched in one run.

    Parameters
    ----------
    closes : DataFrame
        ``ticker``, ``session_date``, ``close_usd``; empty where a file is missing.
    listed : collection of str
        Common stock of the exchange as of the night; empty where unknown, and then it is not counted.
    before, trade_date : date
    source_mode : str

    Returns
    -------
    DataFrame
        `BREADTH_COUNTS`; a method without both sessions has no row.
    """
    if closes.empty:
        return frames.empty(BREADTH_COUNTS)
    once = closes.drop_duplicates(["ticker", "session_date"], keep=False).dropna(subset="close_usd")
    last, previous = (once[once["session_date"] == pd.Timestamp(day)] for day in (trade_date, before))
    if last.empty or previous.empty:
        return frames.empty(BREADTH_COUNTS)
    change = (last.set_index("ticker")["close_usd"] - previous.set_index("ticker")["close_usd"]).to_frame().T
    members = change.columns.intersection(pd.Index(list(listed), dtype="str"))
    parts = {US_ALL: change, NYSE: change[members]}
    rows = [_tonight(count_moves(part), method, before, trade_date, source_mode) for method, part in parts.items()]
    return frames.concat(rows, BREADTH_COUNTS)


def universe_changes(bars: pd.DataFrame, universe: Mapping[str, Asset], calendar: TradingCalendar,
                     actions: pd.DataFrame) -> pd.DataFrame:  # fmt: skip
    """Return the moves of the hosts of the universe that are shares or funds, from tonight's bars alone.

    Parameters
    ----------
    bars : DataFrame
        `DAILY_BARS`.
    universe : mapping of str to Asset
        Indices are left out, their funds and members are there; and volatility products, which rise as the rest falls.
    calendar : TradingCalendar
        Only a change from one session to the very next one counts.
    actions : DataFrame
        `DAILY_ACTIONS`: a member is not counted on the day it splits, for a chart may not be adjusted yet.

    Returns
    -------
    DataFrame
        Sessions by members. [USD]
    """
    members = [asset.symbol for asset in hosts(universe) if not asset.is_index]
    closes = Closes.of(bars.loc[bars["symbol"].isin(members), ["symbol", "bar_date", "close_usd"]])
    if not closes.symbols:
        return pd.DataFrame(index=pd.DatetimeIndex([], dtype="datetime64[s]"))
    first, last = closes.dates[[0, -1]].astype(object)
    sessions = pd.DatetimeIndex(calendar.between(first - ONE_DAY, last).astype("datetime64[s]"))
    table = pd.DataFrame(closes.values, pd.DatetimeIndex(closes.dates.astype("datetime64[s]")), closes.symbols)
    change = table.reindex(sessions).diff()
    splits: list[Any] = list(actions[actions["split_ratio"] != 1.0].itertuples())
    for split in splits:
        if split.symbol in change.columns and split.ex_date in change.index:
            change.loc[split.ex_date, split.symbol] = np.nan
    return change


def universe_moves(changes: pd.DataFrame) -> pd.DataFrame:
    """Count what `universe_changes` returns: as `count_moves`, with ``before_date``, without sessions of no member."""
    counts = count_moves(changes).assign(before_date=changes.index.to_series().shift())
    return counts[counts["members_count"] > 0]


def universe_breadth(moves: pd.DataFrame, trade_date: date, source_mode: str) -> pd.DataFrame:
    """Return `BREADTH_COUNTS` of the universe tonight; no row without tonight's closes."""
    day = pd.Timestamp(trade_date)
    if day not in moves.index:
        return frames.empty(BREADTH_COUNTS)
    found = moves[moves.index == day]
    return _tonight(found, UNIVERSE, found["before_date"].iloc[0].date(), trade_date, source_mode)


def continued(tonight: pd.DataFrame, previous: pd.DataFrame, moves: pd.DataFrame,
              calendar: TradingCalendar) -> pd.DataFrame:  # fmt: skip
    """Continue each method's line where the night before left it.

    Parameters
    ----------
    tonight : DataFrame
        `BREADTH_COUNTS`.
    previous : DataFrame
        `BREADTH` of the latest night before that has any.
    moves : DataFrame
        From `universe_moves`: bridges sessions whose nights are missing, for the universe's own line.
    calendar : TradingCalendar

    Returns
    -------
    DataFrame
        `BREADTH`. A line that lacks a session in between begins anew, which ``line_from_date`` tells.
    """
    left: dict[str, Any] = {str(row.breadth_method): row for row in previous.itertuples()}
    rows: list[Any] = list(tonight.itertuples())
    lines = [(row.ad_diff_count, row.trade_date) for row in rows]
    for at, row in enumerate(rows):
        before = left.get(str(row.breadth_method))
        bridge = moves if row.breadth_method == UNIVERSE else moves[:0]
        missed = None if before is None else _missed(bridge, before.trade_date, row.trade_date, calendar)
        if before is not None and missed is not None:
            lines[at] = (before.ad_line_count + missed + row.ad_diff_count, before.line_from_date)
    sums, starts = [line for line, _ in lines], [start for _, start in lines]
    return frames.conform(tonight.assign(ad_line_count=sums, line_from_date=starts), BREADTH)


def _missed(moves: pd.DataFrame, after: pd.Timestamp, until: pd.Timestamp, calendar: TradingCalendar) -> int | None:
    """Return the sum of differences strictly between two nights; None where a session is not known."""
    between = pd.DatetimeIndex(calendar.between(after.date(), until.date())[:-1].astype("datetime64[s]"))
    found = moves["ad_diff_count"].reindex(between).astype("float64")
    return None if found.isna().any() else int(found.sum())


def _tonight(counts: pd.DataFrame, method: str, before: date, trade_date: date, source_mode: str) -> pd.DataFrame:
    counted = counts[counts["members_count"] > 0].assign(breadth_method=method, before_date=pd.Timestamp(before))
    return frames.of_night(counted, BREADTH_COUNTS, trade_date, source_mode)
