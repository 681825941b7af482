"""Trading sessions as plain arrays: which session a date or an instant belongs to, and when it opens and closes.

The arrays come from outside (an exchange calendar with overrides); nothing here asks for the time of day.
"""

from dataclasses import dataclass, field
from datetime import date, datetime, timedelta

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from alvh_core.errors import ContractError

NEW_YORK = "America/New_York"
AT_CLOSE_BEFORE_MINUTES, AT_CLOSE_AFTER_MINUTES = 15.0, 30.0
QUOTE_DELAY = np.timedelta64(30, "m")


@dataclass(frozen=True, kw_only=True)
class Session:
    """One trading day: its date and its opening and closing instants in UTC."""

    trade_date: date
    open_at_utc: pd.Timestamp
    close_at_utc: pd.Timestamp


@dataclass(frozen=True, eq=False)
class TradingCalendar:
    """Sessions of the exchange.

    Attributes
    ----------
    dates : ndarray of datetime64[D]
        Ascending session dates.
    opens_utc, closes_utc : ndarray of datetime64[s]
        Opening and closing instants of the sessions.
    """

    dates: NDArray[np.datetime64]
    opens_utc: NDArray[np.datetime64]
    closes_utc: NDArray[np.datetime64]
    _days: frozenset[date] = field(init=False, repr=False)
    _first: date = field(init=False, repr=False)
    _last: date = field(init=False, repr=False)

    def __post_init__(self) -> None:
        """Keep the dates as a set too: single look-ups are many."""
        object.__setattr__(self, "_days", frozenset(self.dates.astype(object).tolist()))
        object.__setattr__(self, "_first", min(self._days))
        object.__setattr__(self, "_last", max(self._days))

    def is_session(self, day: date) -> bool:
        """Tell whether the exchange trades; beyond the calendar's end every weekday counts."""
        return day in self._days or (not self._first <= day <= self._last and day.weekday() < 5)

    def are_sessions(self, days: NDArray[np.datetime64]) -> NDArray[np.bool_]:
        """Vectorised `is_session` over datetime64[D]."""
        inside = np.isin(days, self.dates)
        beyond = (days > self.dates[-1]) | (days < self.dates[0])
        return np.asarray(inside | (beyond & np.is_busday(days)))

    def session(self, day: date) -> Session:
        """Return one session.

        Raises
        ------
        ContractError
            The date is no session or lies outside the calendar.
        """
        at = int(np.searchsorted(self.dates, np.datetime64(day, "D")))
        if at == len(self.dates) or self.dates[at] != np.datetime64(day, "D"):
            if not self._first <= day <= self._last:
                raise ContractError(f"{day} lies outside the calendar, {self._first} to {self._last}")
            raise ContractError(f"{day} is no trading session; the nearest before is {self.dates[at - 1]}")
        return Session(trade_date=day, open_at_utc=pd.Timestamp(self.opens_utc[at], tz="UTC"),
                       close_at_utc=pd.Timestamp(self.closes_utc[at], tz="UTC"))  # fmt: skip

    def session_of(self, instant: datetime) -> date:
        """Return the last session that had opened at an instant; a quote at 03:24 belongs to the evening before.

        Parameters
        ----------
        instant : datetime
            With time zone.

        Raises
        ------
        ContractError
            The instant lies before the calendar's first session.
        """
        return self._last_before(self.opens_utc, instant)

    def last_closed(self, instant: datetime) -> date:
        """Return the last session whose close lies at least the quote delay before an instant.

        Raises
        ------
        ContractError
            The instant lies before the calendar's first session.
        """
        return self._last_before(self.closes_utc + QUOTE_DELAY, instant)

    def between(self, after: date, until: date) -> NDArray[np.datetime64]:
        """Return the sessions in (after, until]."""
        inside = (self.dates > np.datetime64(after, "D")) & (self.dates <= np.datetime64(until, "D"))
        return np.asarray(self.dates[inside])

    def session_after(self, day: date) -> date:
        """Return the first session after a date; beyond the calendar's end every weekday counts."""
        following = day + timedelta(days=1)
        while not self.is_session(following):
            following += timedelta(days=1)
        return following

    def close_or_default(self, days: NDArray[np.datetime64]) -> NDArray[np.datetime64]:
        """Return the closing instants of dates; 16:00 New York where the date is no known session."""
        closes = pd.DatetimeIndex(days).tz_localize(NEW_YORK) + pd.Timedelta(hours=16)
        result = np.array(closes.tz_convert("UTC").tz_localize(None), dtype="datetime64[s]")
        at = np.minimum(np.searchsorted(self.dates, days), len(self.dates) - 1)
        known = self.dates[at] == days
        result[known] = self.closes_utc[at[known]]
        return result

    def _last_before(self, marks_utc: NDArray[np.datetime64], instant: datetime) -> date:
        utc = pd.Timestamp(instant).tz_convert("UTC").tz_localize(None).to_datetime64()
        at = int(np.searchsorted(marks_utc, utc, side="right")) - 1
        if at < 0:
            raise ContractError(f"{instant} lies before {self.dates[0]}, the first session of the calendar")
        day: date = self.dates[at].astype(object)
        return day


def quote_clock(minutes_to_close: float, open_to_close_minutes: float) -> str:
    """Name the state of the market at the quotes' own time.

    Parameters
    ----------
    minutes_to_close : float
        Close less quote time. [minutes] Negative after the close.
    open_to_close_minutes : float
        Length of the session. [minutes]

    Returns
    -------
    {'in_session', 'at_close', 'after_hours'}
        At the close means from 15 minutes before to 30 after: index options close at 16:15 and vendors' closing
        snapshots are taken from 15:45 on.
    """
    if -AT_CLOSE_AFTER_MINUTES <= minutes_to_close <= AT_CLOSE_BEFORE_MINUTES:
        return "at_close"
    return "in_session" if 0 < minutes_to_close <= open_to_close_minutes else "after_hours"
