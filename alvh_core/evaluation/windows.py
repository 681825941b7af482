"""Stress windows: those that were declared before anything was looked at, and the rule for those to come.

A rule finds no window in years whose windows are declared: they would count twice.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

FALL_FRAC, HIGH_SESSIONS = -0.07, 20  # SPX this far below the highest of so many closes: once or twice a year


@dataclass(frozen=True, kw_only=True)
class StressWindow:
    """Sessions in which a hedge is needed: from the close before the first one to the close of the last."""

    first: date
    last: date
    name: str


DECLARED: tuple[StressWindow, ...] = (
    StressWindow(first=date(2018, 2, 5), last=date(2018, 2, 5), name="VIX from 17 to 37 in a day"),
    StressWindow(first=date(2018, 10, 1), last=date(2018, 12, 31), name="fourth quarter of 2018"),
    StressWindow(first=date(2020, 2, 19), last=date(2020, 3, 23), name="pandemic"),
    StressWindow(first=date(2022, 1, 3), last=date(2022, 12, 30), name="2022, a grind: VIX mostly below 37"),
    StressWindow(first=date(2023, 3, 1), last=date(2023, 3, 31), name="regional banks"),
    StressWindow(first=date(2024, 8, 5), last=date(2024, 8, 5), name="carry trade"),
    StressWindow(first=date(2025, 4, 3), last=date(2025, 4, 9), name="tariffs"),
)


def found_windows(dates: NDArray[np.datetime64], spx: NDArray[np.float64],
                  declared: Sequence[StressWindow] = DECLARED) -> list[StressWindow]:  # fmt: skip
    """Return the windows that the rule finds after the declared ones.

    Parameters
    ----------
    dates : ndarray of datetime64[D] of shape (n_sessions,)
        Rising.
    spx : ndarray of shape (n_sessions,)
        Closes of SPX. [points] NaN is passed over.
    declared : sequence of StressWindow

    Returns
    -------
    list of StressWindow
        Of a spell of sessions that close 7 % or more below the highest of 21 closes, one after the other within 20
        sessions: from the session after that high to the lowest close, of an open spell the lowest so far. In order.
    """
    known = np.isfinite(spx)
    days, close = dates[known], spx[known]
    if len(close) <= HIGH_SESSIONS:
        return []
    highs = np.lib.stride_tricks.sliding_window_view(close, HIGH_SESSIONS + 1)
    after = np.datetime64(max((window.last for window in declared), default=date.min), "D")
    fallen = np.flatnonzero(close[HIGH_SESSIONS:] <= (1.0 + FALL_FRAC) * highs.max(axis=1)) + HIGH_SESSIONS
    cuts = [0, *(np.flatnonzero(np.diff(fallen) > HIGH_SESSIONS) + 1), len(fallen)]
    result = []
    for spell in (fallen[low:high] for low, high in pairwise(cuts) if high > low):
        begin = int(spell[0]) - int(np.argmax(close[spell[0] - HIGH_SESSIONS : spell[0] + 1][::-1])) + 1  # last high
        end = begin + int(np.argmin(close[begin : spell[-1] + 1]))
        if days[begin] > after:
            result.append(StressWindow(first=days[begin].astype(object), last=days[end].astype(object),
                                       name=f"SPX {close[end] / close[begin - 1] - 1.0:.1%}"))  # fmt: skip
    return result
