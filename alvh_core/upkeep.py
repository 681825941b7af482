"""Which nights are due, which can still be had, and how long the rest will take. No clock: instants are arguments."""

from collections.abc import Mapping
from datetime import date, datetime, time, timedelta
from zoneinfo import ZoneInfo

import numpy as np
import pandas as pd

from alvh_core.schemas import LADDER_SIGNALS
from alvh_core.sessions import NEW_YORK, TradingCalendar

NIGHTLY_AT = time(18, 30)  # New York


def night_due(calendar: TradingCalendar, instant: datetime) -> date:
    """Return the session whose nightly run was due last at an instant.

    Parameters
    ----------
    calendar : TradingCalendar
    instant : datetime
        With time zone; the scheduled time of whoever asks.
    """
    local = instant.astimezone(ZoneInfo(NEW_YORK))
    latest = local.date() if local.time() >= NIGHTLY_AT else local.date() - timedelta(days=1)
    day: date = calendar.dates[calendar.dates <= np.datetime64(latest)][-1].astype(object)
    return day


def sessions_up_to(calendar: TradingCalendar, last: date, count: int) -> list[date]:
    """Return the last sessions up to and with a date, ascending."""
    days: list[date] = calendar.dates[calendar.dates <= np.datetime64(last)][-count:].astype(object).tolist()
    return days


def is_overdue(day: date, instant: datetime, deadline: time) -> bool:
    """Tell whether a night should be COMPLETE by now; the deadline is New York's, on the night's own date."""
    return instant >= datetime.combine(day, deadline, tzinfo=ZoneInfo(NEW_YORK))


def open_nights(days: list[date], statuses: Mapping[date, str]) -> list[date]:
    """Return the sessions that are not COMPLETE."""
    return [day for day in days if statuses.get(day) != "COMPLETE"]


def why_lost(calendar: TradingCalendar, day: date, source: str, instant: datetime, *, has_landed: bool) -> str | None:
    """Say why a session cannot be had any more, or None if it can.

    A vendor's delayed chain is tonight's until the next session opens; what is not archived by then nobody has.

    Parameters
    ----------
    calendar : TradingCalendar
    day : date
    source : str
        As in ``ALVH_SOURCE``.
    instant : datetime
        Now, with time zone.
    has_landed : bool
        Whether anything of the session is in the raw archive.
    """
    if source != "live" or has_landed or calendar.session_of(instant) <= day:
        return None
    return f"nothing of {day} was archived before the next session opened, and live chains cannot be had again"


def was_provisional(tables: Mapping[str, pd.DataFrame]) -> bool:
    """Tell whether a night was decided on a provisional close of the trigger index.

    Parameters
    ----------
    tables : mapping of str to DataFrame
        Warehouse tables of the night, by name.
    """
    return bool(tables[LADDER_SIGNALS.name]["is_vix_provisional"].fillna(value=False).any())


def is_settled(history: pd.DataFrame, day: date) -> bool:
    """Tell whether a published history of the trigger index, with its ``bar_date``, has the close of a session."""
    return bool((pd.to_datetime(history["bar_date"]) == pd.Timestamp(day)).any())


def remaining_seconds(done: int, total: int, since_first_seconds: float) -> float | None:
    """Estimate what the rest of a batch takes, at the pace since its first was done; None before the second is.

    The first takes longer than any other: servers and workers start, modules are imported.
    """
    return since_first_seconds / (done - 1) * (total - done) if done > 1 else None


def progress_line(day: date, outcome: str, done: int, total: int, since_first_seconds: float) -> str:
    """Say how far a backfill is, in one line."""
    left = remaining_seconds(done, total, since_first_seconds) if done < total else None
    estimate = f", about {timedelta(seconds=round(left))} left" if left is not None else ""
    return f"{done:>{len(str(total))}}/{total}  {day}  {outcome}{estimate}"
