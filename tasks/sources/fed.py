"""The Federal Reserve's meeting calendar, public domain: JSON with a byte order mark, and the page it is a copy of.

Only scheduled meetings and their minutes. A meeting's date is its last day.
"""

import html
import re
from collections import Counter
from collections.abc import Iterator
from datetime import date, time
from typing import Any

import pandas as pd

from alvh_core.errors import SkippableError
from alvh_core.macro.events import FOMC_DECISION, FOMC_MINUTES, Event, listed
from tasks.sources.documents import first_byte, read_json, read_text, reading, told
from tasks.sources.source import MACRO_CALENDAR, Source

BASE_URL = "https://www.federalreserve.gov"
MEETINGS_A_YEAR = 8
MAX_DAYS_CHARS = 100
_TITLES = {"FOMC Meeting": FOMC_DECISION, "FOMC Minutes": FOMC_MINUTES}
_NOT_SCHEDULED = re.compile(r"notation|unscheduled|cancel", re.IGNORECASE)
_CLOCK = re.compile(r"(\d{1,2}):(\d{2})\s*([ap])\.?m", re.IGNORECASE)
_DAYS = re.compile(r"(\d{1,2})(?:\s*-\s*(\d{1,2}))?\*?")
_MONTHS = dict(zip("jan feb mar apr may jun jul aug sep oct nov dec".split(), range(1, 13), strict=True))  # noqa: SIM905
_PANEL = re.compile(
    r"(?P<year>\d{4}) FOMC Meetings"
    r"|<div[^>]{0,200}fomc-meeting__(?P<cell>month|date)[^>]{0,200}>(?P<text>.{0,200}?)</div>",
    re.DOTALL,
)
_TAG = re.compile(r"<[^>]{0,200}>")


def parse_fed(body: bytes, symbol: str, url: str) -> pd.DataFrame:
    """Decode the JSON calendar, or the page of meetings if that is what arrived.

    Returns
    -------
    DataFrame
        From `alvh_core.macro.events.listed`.

    Raises
    ------
    SkippableError
        Neither, no meeting in it, a decision on a weekend, or more meetings in a year than there are.
    RetriableError
        The JSON is cut short.
    """
    is_page = first_byte(body) == b"<"
    with reading(body, f"{symbol}: {url}", "title, month and days of meetings"):
        lines = list(
            _page_events(read_text(body, symbol, url)) if is_page else _json_events(read_json(body, symbol, url))
        )
    _check_meetings([line.day for line in lines if line.kind == FOMC_DECISION], symbol, url)
    return listed(lines)


def _check_meetings(days: list[date], symbol: str, url: str) -> None:
    most = Counter(day.year for day in set(days)).most_common(1)
    weekend = [day for day in days if day.weekday() >= 5]
    if not days or most[0][1] > MEETINGS_A_YEAR or weekend:
        found = f"one on {weekend[0]}, a weekend" if weekend else f"{most[0][1]} in {most[0][0]}" if days else "none"
        raise SkippableError(f"{symbol}: {url}: expected up to {MEETINGS_A_YEAR} meetings a year, found {found}")


def _json_events(document: dict[str, Any]) -> Iterator[Event]:
    for entry in document["events"]:
        title = told(html.unescape(str(entry.get("title", ""))))
        kind = _TITLES.get(title)
        if kind is None or _NOT_SCHEDULED.search(str(entry.get("description", ""))):
            continue
        year, month = (int(part) for part in str(entry["month"]).split("-"))
        clock = _CLOCK.search(str(entry.get("time", "")))
        for part in _listed_days(str(entry["days"])):
            yield Event(kind=kind, day=_last_day(year, month, part), title=title, source="fed_json",
                        at=_time(clock) if clock else None)  # fmt: skip


def _page_events(text: str) -> Iterator[Event]:
    year, month = 0, ""
    for found in _PANEL.finditer(text):
        if found["year"]:
            year = int(found["year"])
        elif found["cell"] == "month":
            month = _TAG.sub("", found["text"]).strip()
        elif year and not _NOT_SCHEDULED.search(found["text"]):
            days = _TAG.sub("", found["text"]).strip()
            first = _MONTHS[month[:3].lower()]
            yield Event(kind=FOMC_DECISION, day=_last_day(year, first, days), source="fed_html",
                        title=told(f"FOMC Meeting, {month} {days} {year}"))  # fmt: skip


def _listed_days(days: str) -> list[str]:
    """Cut ``1, 8, 15``; no field of a month is long."""
    if len(days) > MAX_DAYS_CHARS:
        raise ValueError(f"days {days[:40]!r} and more")
    return days.split(",")


def _last_day(year: int, month: int, days: str) -> date:
    """Return the last day of ``27-28`` or ``28``; one that runs over the end of the month ends in the next."""
    found = _DAYS.fullmatch(days.strip())
    if found is None:
        raise ValueError(f"days {days[:40]!r}")
    first, last = int(found[1]), int(found[2] or found[1])
    return date(year + month // 12, month % 12 + 1, last) if last < first else date(year, month, last)


def _time(clock: re.Match[str]) -> time:
    return time(int(clock[1]) % 12 + 12 * (clock[3].lower() == "p"), int(clock[2]))


_TERMS = "Federal Reserve, public domain"
SOURCES = (
    Source(name="fed_json", publisher="fed", dataset=MACRO_CALENDAR, bases=(BASE_URL,), terms=_TERMS,
           address=lambda wanted, base: f"{base}/json/calendar.json" if wanted.symbol == "FED" else None,
           route=re.compile(r"/json/calendar\.json$"), read=parse_fed,
           simulate=lambda market, day, _asked: market.fed_calendar(day),
           sample="fed_calendar.json", sample_symbol="FED"),
    Source(name="fed_page", publisher="fed", dataset=MACRO_CALENDAR, bases=(BASE_URL,), terms=_TERMS,
           address=lambda wanted, base: f"{base}/monetarypolicy/fomccalendars.htm" if wanted.symbol == "FED" else None,
           route=re.compile(r"/fomccalendars\.htm$"), read=parse_fed,
           simulate=lambda _market, _day, _asked: None,  # the JSON it stands in for always answers
           sample="fed_page.html", sample_symbol="FED"),
)  # fmt: skip
