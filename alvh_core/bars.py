"""Daily bars as known on the night: nothing after it, the last close of every symbol, realised volatility.

Parsing vendor files is a source's business.
"""

from collections.abc import Collection
from datetime import date

import numpy as np
import pandas as pd

from alvh_core import frames
from alvh_core.ladders import HEDGE_INDEX
from alvh_core.schemas import CLOSES, DAILY_BARS
from alvh_core.sessions import TradingCalendar
from alvh_core.signals import TriggerClose

SESSIONS_PER_YEAR = 252.0
HV_RETURNS = 20
CLOSE = ["symbol", "bar_date", "close_usd"]


def bars_as_of(bars: pd.DataFrame, trade_date: date, source_mode: str, calendar: TradingCalendar) -> pd.DataFrame:
    """Return the bars of the sessions up to tonight: a history file fetched later must not tell the future.

    Cboe prints VIX on some holidays of the stock exchange. Beside symbols without a bar such a day would be a session
    on which all of them lack two returns, so it is none.

    Parameters
    ----------
    bars : DataFrame
        Columns of `DAILY_BARS` without the night.
    trade_date : date
    source_mode : str
    calendar : TradingCalendar

    Returns
    -------
    DataFrame
        `DAILY_BARS`, at most one bar per symbol and date (the later row of a file wins).
    """
    if bars.empty:
        return frames.empty(DAILY_BARS)
    named = bars.assign(symbol=bars["symbol"].astype("category"))  # sorted and compared by number, not by text
    is_session = calendar.are_sessions(named["bar_date"].to_numpy().astype("datetime64[D]"))
    known = named[is_session & (named["bar_date"] <= pd.Timestamp(trade_date)).to_numpy()]
    known = known.sort_values(["symbol", "bar_date", "row_position"], kind="stable")
    known = known.drop_duplicates(["symbol", "bar_date"], keep="last")
    return frames.of_night(known, DAILY_BARS, trade_date, source_mode)


def host_returns(bars: pd.DataFrame, trade_date: date, calendar: TradingCalendar) -> pd.Series:
    """Return every symbol's return of the session, by symbol; NaN where one of the two sessions' closes is missing.

    Parameters
    ----------
    bars : DataFrame
        `DAILY_BARS`, or `CLOSE`.
    trade_date : date
    calendar : TradingCalendar
        Tells the session before: a move over a gap is of no session.
    """
    sessions = calendar.dates[calendar.dates <= np.datetime64(trade_date, "D")]
    named = bars.astype({"symbol": "str"}).set_index("symbol")
    before = named.loc[named["bar_date"].isin(sessions[-2:-1]), "close_usd"]
    moves: pd.Series = named.loc[named["bar_date"].isin(sessions[-1:]), "close_usd"] / before - 1.0
    return moves


def last_closes(bars: pd.DataFrame) -> pd.DataFrame:
    """Return the last known close of every symbol and its 20-day realised volatility.

    Parameters
    ----------
    bars : DataFrame
        `DAILY_BARS`.

    Returns
    -------
    DataFrame
        `CLOSES`; ``hv20_vol`` is NaN with fewer than 20 returns.
    """
    ordered = bars.sort_values(["symbol", "bar_date"])
    log_return = np.log(ordered["close_usd"]).groupby(ordered["symbol"], observed=True).diff()
    deviation = log_return.groupby(ordered["symbol"], observed=True).rolling(HV_RETURNS).std().droplevel(0)
    last = ordered.drop_duplicates("symbol", keep="last")
    return frames.conform(last.assign(hv20_vol=deviation * np.sqrt(SESSIONS_PER_YEAR)), CLOSES)


def are_closes(snapshots: pd.DataFrame) -> pd.Series:
    """Return of which chains the header's price is the index's last print of the session.

    One at the bell is from before the closing auctions, and a header without a price may hold a zero.

    Parameters
    ----------
    snapshots : DataFrame
        `SNAPSHOTS`.
    """
    price = snapshots["underlying_price_usd"]
    is_close: pd.Series = (snapshots["minutes_to_close"] < 0.0) & (price > 0.0) & np.isfinite(price)
    return is_close


def printed_closes(snapshots: pd.DataFrame, bars: pd.DataFrame, indices: Collection[str]) -> pd.DataFrame:
    """Return the closes of indices that nobody gives bars of.

    An index is not traded after hours: its last print after the close is its close. One that has bars waits for its
    bar, which may be late.

    Parameters
    ----------
    snapshots : DataFrame
        `SNAPSHOTS`, of any nights.
    bars : DataFrame
        `DAILY_BARS`.
    indices : collection of str

    Returns
    -------
    DataFrame
        `CLOSE`, the night's own date as ``bar_date``.
    """
    is_close = are_closes(snapshots) & snapshots["underlying"].isin(set(indices) - set(bars["symbol"].unique()))
    printed = snapshots.loc[is_close, ["underlying", "trade_date", "underlying_price_usd"]].set_axis(CLOSE, axis=1)
    return printed.astype({"symbol": "str"})


def trigger_close(bars: pd.DataFrame, snapshots: pd.DataFrame, trade_date: date) -> TriggerClose:
    """Return the trigger index's close of the session.

    Parameters
    ----------
    bars, snapshots : DataFrame
        `DAILY_BARS` and `SNAPSHOTS`.
    trade_date : date

    Returns
    -------
    TriggerClose
        From the published history; where its row is not out yet, the chain file's own price, marked provisional; NaN
        where neither is there. An older close is never used, nor is a price that `are_closes` refuses.
    """
    published = bars.loc[(bars["symbol"] == HEDGE_INDEX) & (bars["bar_date"] == pd.Timestamp(trade_date)), "close_usd"]
    if len(published):
        return TriggerClose(vol_points=float(published.iloc[-1]), is_provisional=False)
    quoted = snapshots.loc[(snapshots["underlying"] == HEDGE_INDEX) & are_closes(snapshots), "underlying_price_usd"]
    if quoted.empty:
        return TriggerClose(vol_points=float("nan"), is_provisional=False)
    return TriggerClose(vol_points=float(quoted.iloc[0]), is_provisional=True)


def missed_closes(
    bars: pd.DataFrame, after: date | None, before: date, calendar: TradingCalendar
) -> list[tuple[date, float]]:
    """Return the trigger index's published closes strictly between two nights; histories also hold non-sessions.

    Parameters
    ----------
    bars : DataFrame
        `DAILY_BARS`.
    after : date, optional
        The last night with a state; None before the first.
    before : date
        Tonight.
    calendar : TradingCalendar

    Returns
    -------
    list of (date, close)
        NaN where a session has no published close.
    """
    if after is None:
        return []
    closes = bars[bars["symbol"] == HEDGE_INDEX].set_index("bar_date")["close_usd"]
    days = [day for day in calendar.between(after, before).astype(object) if day < before]
    return [(day, float(closes.get(pd.Timestamp(day), np.nan))) for day in days]
