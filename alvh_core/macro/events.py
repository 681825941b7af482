"""The macro calendar: which releases count, and the calendar as known on a night.

A release that moves keeps its old row, closed from the night the source no longer listed it; two sources that disagree
are two rows. How a vendor spells its calendar is the sources' business.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta

import pandas as pd

from alvh_core import frames
from alvh_core.macro.history import KNOWN_FROM, SUPERSEDED, observe
from alvh_core.schemas import MACRO_EVENTS, MACRO_LISTED
from alvh_core.sessions import NEW_YORK

FOMC_DECISION, FOMC_MINUTES, GDP, PERSONAL_INCOME = "FOMC_DECISION", "FOMC_MINUTES", "GDP", "PERSONAL_INCOME"
BLS_TITLES = {
    "Consumer Price Index": "CPI", "Producer Price Index": "PPI", "Employment Situation": "EMPLOYMENT",
    "Job Openings and Labor Turnover Survey": "JOLTS", "Employment Cost Index": "ECI",
}  # fmt: skip
BEA_TITLES = {"Gross Domestic Product": GDP, "Personal Income and Outlays": PERSONAL_INCOME}
# New York wall time of a release whose source gives only its day
USUAL_TIMES = {FOMC_DECISION: time(14, 0), FOMC_MINUTES: time(14, 0), "JOLTS": time(10, 0)}
USUAL_TIME = time(8, 30)
# What a night keeps of the calendar: two years of monthly releases, some of them late
PAST_DAYS, FUTURE_DAYS = 850, 550
IDENTITY = ("event_type", "event_period", "event_source", "event_date", "event_at_utc", "time_source")
LISTS = ("event_type", "event_source")


@dataclass(frozen=True, kw_only=True)
class Event:
    """One line of a calendar.

    Attributes
    ----------
    kind : str
        One of `alvh_core.columns.EVENT_TYPES`.
    day : date
    at : time or datetime, optional
        New York wall time, or an instant with time zone; by default the usual time, marked as convention.
    title, source : str
    period : str
        Reference month ``2026-08`` where the source states it; by default ``in`` and the month of the date.
    """

    kind: str
    day: date
    title: str
    source: str
    at: time | datetime | None = None
    period: str = ""


def listed(events: Iterable[Event]) -> pd.DataFrame:
    """Return lines of a calendar as rows, each once.

    Returns
    -------
    DataFrame
        Columns of `MACRO_LISTED` but for night and payload; ``row_position`` counts the lines.
    """
    rows = [
        {"event_type": e.kind, "event_period": e.period or f"in {e.day:%Y-%m}", "event_source": e.source,
         "event_date": pd.Timestamp(e.day), "event_at_utc": _instant(e), "event_title": e.title,
         "time_source": "stated" if e.at is not None else "convention", "row_position": at}
        for at, e in enumerate(events)
    ]  # fmt: skip
    names = [name for name in MACRO_LISTED.names if name not in {"trade_date", "source_mode", "payload_sha256"}]
    frame = pd.DataFrame(rows, columns=names)
    return frame.drop_duplicates([*IDENTITY]).reset_index(drop=True)


def night_listed(found: pd.DataFrame, trade_date: date, source_mode: str) -> pd.DataFrame:
    """Return `MACRO_LISTED` of a night: what its calendars list, as far as a night keeps it.

    Parameters
    ----------
    found : DataFrame
        Stacked lines with ``payload_sha256``; may be empty and without columns.
    trade_date : date
    source_mode : str
    """
    return _near(frames.of_night(found, MACRO_LISTED, trade_date, source_mode), trade_date)


def night_events(seen: pd.DataFrame, before: pd.DataFrame, packaged: pd.DataFrame, trade_date: date,
                 source_mode: str) -> pd.DataFrame:  # fmt: skip
    """Return the calendar as known on a night.

    Parameters
    ----------
    seen : DataFrame
        `MACRO_LISTED`, validated.
    before : DataFrame
        `MACRO_EVENTS` of the night before, or empty.
    packaged : DataFrame
        Lines of the packaged schedule with ``known_from_date`` and ``payload_sha256``; used, from that date on, for
        kinds of events of which no other source has ever told a date from tonight on.
    trade_date : date
    source_mode : str

    Returns
    -------
    DataFrame
        `MACRO_EVENTS`.
    """
    day = pd.Timestamp(trade_date)
    listed_now = frames.conform(seen.assign(known_from_date=day), MACRO_EVENTS)
    told = observe(
        before[before["event_source"] != "packaged"], listed_now, trade_date,
        identity=IDENTITY, group=LISTS, about="event_date", subject=_release,
    )  # fmt: skip
    ahead = told[(told["event_date"] >= day) & told[SUPERSEDED].isna()]
    last = packaged[~packaged["event_type"].isin(ahead["event_type"].astype("str")) & (packaged[KNOWN_FROM] <= day)]
    parts = (frames.of_night(part, MACRO_EVENTS, trade_date, source_mode) for part in (told, last))
    return _near(_moved(frames.concat(parts, MACRO_EVENTS)), trade_date)


def _release(events: pd.DataFrame) -> pd.Series:
    """Name the release of every row; where its source states no reference month, a date is a release of its own."""
    period = events["event_period"].astype("str")
    period = period.where(~period.str.startswith("in "), events["event_date"].astype("str"))
    return events["event_type"].astype("str") + events["event_source"].astype("str") + period


def _moved(events: pd.DataFrame) -> pd.DataFrame:
    """Say of a superseded date which one its source lists now for the same release."""
    release = ["event_type", "event_source", "event_period"]
    plain = events[release].astype("str")
    standing = plain.assign(to=events["event_date"])[events[SUPERSEDED].isna()].drop_duplicates(release)
    now = plain.merge(standing, how="left", on=release)["to"].set_axis(events.index)
    is_moved = events[SUPERSEDED].notna() & (now != events["event_date"])
    return frames.conform(events.assign(moved_to_date=now.where(is_moved)), MACRO_EVENTS)


def _near(events: pd.DataFrame, trade_date: date) -> pd.DataFrame:
    day = pd.Timestamp(trade_date)
    is_near = events["event_date"].between(day - timedelta(days=PAST_DAYS), day + timedelta(days=FUTURE_DAYS))
    return events[is_near | events["event_date"].isna()].reset_index(drop=True)


def _instant(event: Event) -> pd.Timestamp:
    at = event.at if event.at is not None else USUAL_TIMES.get(event.kind, USUAL_TIME)
    if isinstance(at, datetime):
        return pd.Timestamp(at).tz_convert("UTC")
    return pd.Timestamp(datetime.combine(event.day, at)).tz_localize(NEW_YORK).tz_convert("UTC")
