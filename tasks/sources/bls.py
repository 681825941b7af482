"""The Bureau of Labor Statistics' release calendar, public domain: iCalendar with folded lines and a home-made zone.

Titles are taken exactly: "Employment Situation of Veterans" is another release.
"""

import re
from collections.abc import Iterator
from datetime import UTC, date, datetime
from zoneinfo import ZoneInfo

import pandas as pd

from alvh_core.errors import RetriableError, SkippableError
from alvh_core.macro.events import BLS_TITLES, Event, listed
from alvh_core.sessions import NEW_YORK
from tasks.sources.documents import read_text, reading, told
from tasks.sources.source import MACRO_CALENDAR, Source

BASE_URL = "https://www.bls.gov"
ZONES = ("US-Eastern", NEW_YORK)
_FOLD = re.compile(r"\r?\n[ \t]")
_PERIOD = re.compile(r" for ([A-Z][a-z]{2,8}) (\d{4})$")
_MONTHS = ("January", "February", "March", "April", "May", "June", "July", "August", "September", "October", "November",
           "December")  # fmt: skip


def parse_bls(body: bytes, symbol: str, url: str) -> pd.DataFrame:
    """Decode the calendar.

    Returns
    -------
    DataFrame
        From `alvh_core.macro.events.listed`.

    Raises
    ------
    SkippableError
        No calendar, none of our releases in it, a date that is none, or a time zone we do not know.
    RetriableError
        The calendar is cut short.
    """
    text = read_text(body, symbol, url)
    if not text.lstrip().startswith("BEGIN:VCALENDAR"):
        raise SkippableError(f"{symbol}: {url}: expected a calendar, found {body[:60]!r}")
    if not text.rstrip().endswith("END:VCALENDAR"):
        raise RetriableError(f"{symbol}: {url}: a calendar cut short after {len(body)} bytes")
    with reading(body, f"{symbol}: {url}", "dates in New York time or UTC"):
        lines = list(_events(_FOLD.sub("", text)))
    if not lines:
        raise SkippableError(f"{symbol}: {url}: expected one of {', '.join(BLS_TITLES)}, found none")
    return listed(lines)


def _events(text: str) -> Iterator[Event]:
    for block in text.split("BEGIN:VEVENT")[1:]:
        fields = dict(line.strip().partition(":")[::2] for line in block.partition("END:VEVENT")[0].splitlines())
        title = told(fields.get("SUMMARY", ""))
        period = _PERIOD.search(title)
        kind = BLS_TITLES.get(title[: period.start()] if period else title)
        start = next((name for name in fields if name.split(";")[0] == "DTSTART"), None)
        if kind is None or start is None:
            continue
        at = _instant(start, fields[start])
        day = at.astimezone(ZoneInfo(NEW_YORK)).date() if isinstance(at, datetime) else at
        yield Event(kind=kind, day=day, title=title, source="bls_ics", at=at if isinstance(at, datetime) else None,
                    period=_period(period))  # fmt: skip


def _instant(name: str, value: str) -> datetime | date:
    """Read a start: local to a zone, UTC, or a day without time."""
    if len(value) == len("20260911"):
        return datetime.strptime(value, "%Y%m%d").date()  # noqa: DTZ007 - a day
    if value.endswith("Z"):
        return datetime.strptime(value, "%Y%m%dT%H%M%SZ").replace(tzinfo=UTC)
    zone = dict(part.partition("=")[::2] for part in name.split(";")[1:]).get("TZID", "")
    if zone.strip('"') not in ZONES:
        raise ValueError(f"time zone {zone[:40]!r}")
    return datetime.strptime(value, "%Y%m%dT%H%M%S").replace(tzinfo=ZoneInfo(NEW_YORK))


def _period(found: re.Match[str] | None) -> str:
    if found is None or found[1] not in _MONTHS:
        return ""
    return f"{found[2]}-{_MONTHS.index(found[1]) + 1:02d}"


SOURCES = (
    Source(name="bls_ics", publisher="bls", dataset=MACRO_CALENDAR, bases=(BASE_URL,), read=parse_bls,
           address=lambda wanted, base: f"{base}/schedule/news_release/bls.ics" if wanted.symbol == "BLS" else None,
           route=re.compile(r"/bls\.ics$"), simulate=lambda market, day, _asked: market.bls_calendar(day),
           sample="bls.ics", sample_symbol="BLS", terms="Bureau of Labor Statistics, public domain"),
)  # fmt: skip
