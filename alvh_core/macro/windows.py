"""Windows around macro events: where tonight lies, and what moves of a host on release days were.

Which releases there are, as known on the night, is `alvh_core.macro.events`; what a window holds back is
`alvh_core.host_rules`.
"""

from collections.abc import Sequence

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from alvh_core import frames
from alvh_core.basis.closes import Closes
from alvh_core.basis.resampling import drawn_counts
from alvh_core.registry.basis import EVENT_WINDOWS, MACRO_CONTEXT
from alvh_core.sessions import TradingCalendar

WINDOW = (-2, 1)  # sessions around the event
BLOCKING = ("FOMC_DECISION", "CPI", "PPI", "GDP")  # VIX falls about 3 % on FOMC days
KINDS = (*BLOCKING, "EMPLOYMENT")  # moves the market as well, and holds nothing back
SHOWN = (-5, 20)  # sessions: events further away are not told
MIN_RELEASES = 24


def event_windows(events: pd.DataFrame, calendar: TradingCalendar, trade_date: pd.Timestamp,
                  source_mode: str) -> pd.DataFrame:  # fmt: skip
    """Return `EVENT_WINDOWS` of the night.

    Parameters
    ----------
    events : DataFrame
        `MACRO_EVENTS` as known on the night.
    calendar : TradingCalendar
    trade_date : Timestamp
    source_mode : str

    Returns
    -------
    DataFrame
        One row per kind and date near the night. An event on a day without a session belongs to the next session. One
        of `BLOCKING` holds back new layers where the release is before the next close: the order would go to quotes
        around it.
    """
    standing = events[events["superseded_date"].isna() & events["event_type"].isin(KINDS)]
    near = standing.drop_duplicates(["event_type", "event_date"]).copy()
    sessions = calendar.dates
    tonight = int(np.searchsorted(sessions, np.datetime64(trade_date, "D")))
    at = np.searchsorted(sessions, near["event_date"].to_numpy().astype("datetime64[D]"))
    position = tonight - at
    result = near.assign(
        trade_date=trade_date, source_mode=source_mode, window_pos_count=position,
        is_in_window=(position >= WINDOW[0]) & (position <= WINDOW[1]),
        is_blocking=(position == -1) & near["event_type"].isin(BLOCKING),
    )  # fmt: skip
    shown = (-position >= SHOWN[0]) & (-position <= SHOWN[1])
    return frames.conform(result[shown].sort_values(["event_type", "event_date"]), EVENT_WINDOWS)


def macro_context(closes: Closes, names: Sequence[str], events: pd.DataFrame, series: pd.DataFrame,
                  trade_date: pd.Timestamp, source_mode: str) -> pd.DataFrame:  # fmt: skip
    """Return `MACRO_CONTEXT` of crypto-linked hosts.

    Parameters
    ----------
    closes : Closes
    names : sequence of str
    events, series : DataFrame
        `MACRO_EVENTS` and `MACRO_SERIES` as known on the night.
    trade_date : Timestamp
    source_mode : str

    Returns
    -------
    DataFrame
        One row per host. The ratio is over the sessions since the first release that the night knows: calendars tell
        this year and the next, so that it takes two years of nights until there is one.
    """
    reer = series[(series["series_id"] == "RBUSBIS") & series["superseded_date"].isna()].sort_values("observation_date")
    level = {"reer_level": float(reer["series_value"].iloc[-1]), "reer_date": reer["observation_date"].iloc[-1]} if len(
        reer
    ) else {"reer_level": np.nan, "reer_date": pd.NaT}  # fmt: skip
    dates = events.loc[(events["event_type"] == "PPI") & events["superseded_date"].isna(), "event_date"]
    days = dates.to_numpy().astype("datetime64[D]")
    rows = [{"host": name, **level, **_event_ratio(closes, name, days)} for name in names]
    frame = pd.DataFrame(rows, columns=[n for n in MACRO_CONTEXT.names if n not in {"trade_date", "source_mode"}])
    return frames.of_night(frame, MACRO_CONTEXT, trade_date, source_mode)


def _event_ratio(closes: Closes, name: str, releases: NDArray[np.datetime64]) -> dict[str, object]:
    size = np.abs(np.diff(closes.of_symbol(name)) / closes.of_symbol(name)[:-1])
    is_told = np.searchsorted(np.sort(releases), closes.dates[1:], side="right") > 0  # before, no release is known
    is_known = ~np.isnan(size) & is_told
    size, dates = size[is_known], closes.dates[1:][is_known]
    is_release = np.isin(dates, releases)
    count = int(is_release.sum())
    unknown = dict.fromkeys(("ppi_event_ratio", "ppi_ratio_low", "ppi_ratio_high"), np.nan)
    if count < MIN_RELEASES:
        return {**unknown, "ppi_events_count": count, "context_status": "INSUFFICIENT" if count else "NO_DATA"}
    low, high = ratio_interval(size, is_release, dates)
    return {"ppi_event_ratio": size[is_release].mean() / size[~is_release].mean(), "ppi_ratio_low": low,
            "ppi_ratio_high": high, "ppi_events_count": count, "context_status": "OK"}  # fmt: skip


def ratio_interval(size: NDArray[np.float64], is_release: NDArray[np.bool_],
                   dates: NDArray[np.datetime64]) -> tuple[float, float]:  # fmt: skip
    """Return a 90 % interval of the mean move on release days over that on others.

    Parameters
    ----------
    size : ndarray of shape (n_sessions,)
        Absolute returns. [fraction]
    is_release : ndarray of bool
    dates : ndarray of datetime64[D]
        Drawn in blocks (`alvh_core.basis.resampling`), for large moves come together; draws without a release are left
        out.
    """
    counts = drawn_counts(dates)
    with np.errstate(invalid="ignore", divide="ignore"):
        on, off = (size[days] @ counts[days] / counts[days].sum(axis=0) for days in (is_release, ~is_release))
        low, high = np.nanquantile(on / off, [0.05, 0.95])
    return float(low), float(high)
