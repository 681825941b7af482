"""Windows around macro events: where tonight lies, and what moves of a host on release days were.

Which releases there are, as known on the night, is `alvh_core.macro.events`; what a window holds back is
`alvh_core.host_rules`.
"""

import zlib
from collections.abc import Sequence

import numpy as np
import pandas as pd

from alvh_core import frames
from alvh_core.basis.closes import Closes
from alvh_core.registry.basis import EVENT_WINDOWS, MACRO_CONTEXT
from alvh_core.sessions import TradingCalendar

WINDOW = (-2, 1)  # sessions around the event
BLOCKING = ("FOMC_DECISION", "CPI", "PPI", "GDP")  # VIX falls about 3 % on FOMC days
KINDS = (*BLOCKING, "EMPLOYMENT")  # moves the market as well, and holds nothing back
SHOWN = (-5, 20)  # sessions: events further away are not told
MIN_RELEASES, RESAMPLES, BLOCK = 24, 500, 20


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
        One row per host. The ratio's interval is a stationary block bootstrap over release days with a seed of its
        own inputs, so that the same night gives the same interval.
    """
    reer = series[(series["series_id"] == "RBUSBIS") & series["superseded_date"].isna()].sort_values("observation_date")
    level = {"reer_level": float(reer["series_value"].iloc[-1]), "reer_date": reer["observation_date"].iloc[-1]} if len(
        reer
    ) else {"reer_level": np.nan, "reer_date": pd.NaT}  # fmt: skip
    dates = events.loc[(events["event_type"] == "PPI") & events["superseded_date"].isna(), "event_date"]
    is_release = np.isin(closes.dates[1:], dates.to_numpy().astype("datetime64[D]"))
    rows = [{"host": name, **level, **_event_ratio(closes.of_symbol(name), is_release)} for name in names]
    frame = pd.DataFrame(rows, columns=[n for n in MACRO_CONTEXT.names if n not in {"trade_date", "source_mode"}])
    return frames.conform(frame.assign(trade_date=trade_date, source_mode=source_mode), MACRO_CONTEXT)


def _event_ratio(closes: np.ndarray, is_release: np.ndarray) -> dict[str, object]:
    size = np.abs(closes[1:] / closes[:-1] - 1.0)
    on, off = size[is_release & ~np.isnan(size)], size[~is_release & ~np.isnan(size)]
    unknown = dict.fromkeys(("ppi_event_ratio", "ppi_ratio_low", "ppi_ratio_high"), np.nan)
    if len(on) < MIN_RELEASES:
        return {**unknown, "ppi_events_count": len(on), "context_status": "INSUFFICIENT" if len(on) else "NO_DATA"}
    low, high = ratio_interval(on, off)
    return {"ppi_event_ratio": on.mean() / off.mean(), "ppi_ratio_low": low, "ppi_ratio_high": high,
            "ppi_events_count": len(on), "context_status": "OK"}  # fmt: skip


def ratio_interval(on: np.ndarray, off: np.ndarray, resamples: int = RESAMPLES) -> tuple[float, float]:
    """Return a 90 % bootstrap interval of ``mean(on) / mean(off)``.

    Parameters
    ----------
    on : ndarray of shape (n_releases,)
        Moves on release days, a month apart: drawn one by one.
    off : ndarray of shape (n_others,)
        Moves on other days: drawn in blocks of 20, for large moves come together.
    resamples : int
    """
    rng = np.random.default_rng(zlib.crc32(on.tobytes() + off.tobytes()))
    drawn = rng.choice(on, (resamples, len(on))).mean(axis=1)
    starts = rng.integers(0, len(off), (resamples, -(-len(off) // BLOCK)))
    blocks = (starts[:, :, None] + np.arange(BLOCK)).reshape(resamples, -1)[:, : len(off)] % len(off)
    ratios = drawn / off[blocks].mean(axis=1)
    low, high = np.quantile(ratios, [0.05, 0.95])
    return float(low), float(high)
