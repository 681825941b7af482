"""Invented macro calendars, spelled as the public offices spell theirs, quirks included.

Dates follow plain rules. Every October the price index of September is put off by nine days, which the bureau says on
the first of the month: so calendars change from one night to the next, as they did in 2025.
"""

import json
from collections.abc import Iterator
from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

_NEW_YORK = ZoneInfo("America/New_York")
_WEDNESDAY, _FRIDAY, _THURSDAY, _TUESDAY = 2, 4, 3, 1
_MEETINGS = ((1, 4), (3, 3), (4, 5), (6, 3), (7, 5), (9, 3), (10, 5), (12, 2))  # month, which Wednesday; 5 is the last
_MONTHS = ("January", "February", "March", "April", "May", "June", "July", "August", "September", "October", "November",
           "December")  # fmt: skip
_PUT_OFF = timedelta(days=9)


def nth_weekday(year: int, month: int, weekday: int, number: int) -> date:
    """Return the n-th weekday of a month, or the last where there are fewer.

    Examples
    --------
    >>> nth_weekday(2026, 7, 2, 5), nth_weekday(2026, 8, 4, 1)
    (datetime.date(2026, 7, 29), datetime.date(2026, 8, 7))
    """
    first = date(year, month, 1)
    day = first + timedelta(days=(weekday - first.weekday()) % 7 + 7 * (number - 1))
    return day if day.month == month else day - timedelta(days=7)


def fed_bytes(session: date) -> bytes:
    """Return the Fed's JSON: a byte order mark, entities in titles, blank times, several days in one field."""
    events = []
    for year in (session.year - 1, session.year, session.year + 1):
        for month, number in _MEETINGS:
            day = nth_weekday(year, month, _WEDNESDAY, number)
            minutes = day + timedelta(days=21)
            events += [
                _fed("FOMC Meeting", "2:00 p.m.", day, f"{day.day - 1}-{day.day}", description="Two-day meeting"),
                _fed("FOMC Press Conference", "2:30 p.m.", day, str(day.day)),
                _fed("FOMC Minutes", "", minutes, str(minutes.day)),
            ]
        events.append({"title": "Beige Book &amp; more", "time": "", "month": f"{year}-04", "days": "1, 8, 15",
                       "type": "Beige"})  # fmt: skip
    return b"\xef\xbb\xbf" + json.dumps({"events": events}).encode()


def bls_bytes(session: date) -> bytes:
    """Return the bureau's calendar of this year and the next: carriage returns, folded lines, its own zone, decoys."""
    lines = ["BEGIN:VCALENDAR", "VERSION:2.0", "PRODID:-//Simulated//EN"]
    for title, day, at in sorted(_releases(session), key=lambda release: (release[1], release[0])):
        summary = f"SUMMARY:{title}"
        lines += ["BEGIN:VEVENT", f"UID:{day}-{abs(hash_free(title))}@simulated",
                  f"DTSTART;TZID=US-Eastern:{day:%Y%m%d}T{at:%H%M%S}", summary[:40],
                  *([f" {summary[40:]}"] if len(summary) > 40 else []), "END:VEVENT"]  # fmt: skip
    return "\r\n".join([*lines, "END:VCALENDAR", ""]).encode()


def bea_bytes(session: date) -> bytes:
    """Return the bureau's JSON: UTC, one date twice, a list of what waits, a value that is no release."""
    days = {
        title: [_utc(nth_weekday(year, month, weekday, 5)) for year in (session.year, session.year + 1)
                for month in range(1, 13)]
        for title, weekday in (("Gross Domestic Product", _THURSDAY), ("Personal Income and Outlays", _FRIDAY))
    }  # fmt: skip
    gdp, income = days.values()
    return json.dumps({
        "Gross Domestic Product": {"release_dates": [*gdp, gdp[-1]]},
        "Personal Income and Outlays": {"release_dates": income, "to_be_rescheduled": []},
        "file_generated": str(session),
    }).encode()  # fmt: skip


def hash_free(title: str) -> int:
    """Return a number for a title that is the same in every process."""
    return sum(at * ord(letter) for at, letter in enumerate(title, 1))


def _releases(session: date) -> Iterator[tuple[str, date, time]]:
    for year in (session.year, session.year + 1):
        for month in range(1, 13):
            before = date(year, month, 1) - timedelta(days=1)
            period = f" for {_MONTHS[before.month - 1]} {before.year}"
            prices = nth_weekday(year, month, _WEDNESDAY, 2)
            is_put_off = month == 10 and session >= date(year, 10, 1)
            yield f"Consumer Price Index{period}", prices + _PUT_OFF * is_put_off, time(8, 30)
            yield f"Producer Price Index{period}", prices + timedelta(days=1), time(8, 30)
            yield f"Employment Situation{period}", nth_weekday(year, month, _FRIDAY, 1), time(8, 30)
            yield "Job Openings and Labor Turnover Survey", nth_weekday(year, month, _TUESDAY, 1), time(10, 0)
            yield "State Job Openings and Labor Turnover", nth_weekday(year, month, _THURSDAY, 3), time(10, 0)
            if month in {1, 4, 7, 10}:
                yield "Employment Cost Index", nth_weekday(year, month, _FRIDAY, 5), time(8, 30)
        yield "Employment Situation of Veterans", nth_weekday(year, 3, _FRIDAY, 3), time(10, 0)


def _fed(title: str, clock: str, day: date, days: str, **more: str) -> dict[str, str]:
    return {"title": title, "time": clock, "month": f"{day:%Y-%m}", "days": days, "type": "FOMC"} | more


def _utc(day: date) -> str:
    return datetime.combine(day, time(8, 30), tzinfo=_NEW_YORK).astimezone(UTC).isoformat()
