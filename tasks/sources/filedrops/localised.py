"""Dates as a browser writes them in its reader's language: the first lines of the exchange's page download.

English, Spanish and Russian were seen. Another language is one line of `MONTHS`; an unknown word is refused, because a
guessed date would be published.
"""

import re
from datetime import UTC, datetime, timedelta, timezone, tzinfo
from zoneinfo import ZoneInfo

from alvh_core.errors import SkippableError
from alvh_core.sessions import NEW_YORK

MONTHS = {
    "en": "january february march april may june july august september october november december",
    "es": "enero febrero marzo abril mayo junio julio agosto septiembre octubre noviembre diciembre",
    "ru": "января февраля марта апреля мая июня июля августа сентября октября ноября декабря",
}
_MONTH = {name: at for names in MONTHS.values() for at, name in enumerate(names.split(), start=1)}
_CLOCK = re.compile(r"(\d{1,2}):(\d{2})\s*(am|pm)?\s*(.*)$", re.IGNORECASE)
_OFFSET = re.compile(r"(?:gmt|utc)\s*([+-]\d{1,2})?(?::?(\d{2}))?$")


def read_moment(text: str, where: str) -> datetime:
    """Read a localised date with its clock.

    Parameters
    ----------
    text : str
        ``September 14, 2023 at 4:31 PM EDT``, ``23 de marzo de 2022, 10:11 GMT-4`` and the like.
    where : str

    Returns
    -------
    datetime
        With time zone.

    Raises
    ------
    SkippableError
        A part is missing, stands there twice, or is not known; nothing is guessed.
    """
    plain = text.replace("\u2212", "-").replace("\u202f", " ").replace("\xa0", " ").strip()
    clock = _CLOCK.search(plain)
    words = re.findall(r"[^\W\d_]+|\d+", plain[: clock.start()] if clock else plain)
    months = [_MONTH[word.lower()] for word in words if word.lower() in _MONTH]
    years = [int(word) for word in words if re.fullmatch(r"(19|20)\d\d", word)]
    days = [int(word) for word in words if word.isdecimal() and len(word) <= 2]
    lacks = [name for name, found in (("one month name", months), ("one year", years), ("one day", days))
             if len(found) != 1] + ["a clock"] * (clock is None)  # fmt: skip
    if lacks or clock is None:
        raise SkippableError(f"{where}: expected a date such as 'September 14, 2023 at 4:31 PM EDT', found {text!r}, "
                             f"which lacks {', '.join(lacks)}; nothing is guessed, get the file again")  # fmt: skip
    try:
        hour, minute = _hour(clock), int(clock[2])
        return datetime(years[0], months[0], days[0], hour, minute, tzinfo=_zone(clock[4], text, where))
    except ValueError as error:
        raise SkippableError(f"{where}: no such moment as {text!r}: {error}") from error


def _hour(clock: re.Match[str]) -> int:
    hour, half = int(clock[1]), (clock[3] or "").lower()
    if half and not 1 <= hour <= 12:
        raise ValueError(f"hour {hour} {half}")
    return hour % 12 + 12 * (half == "pm") if half else hour


def _zone(text: str, moment: str, where: str) -> tzinfo:
    name = text.strip().lower()
    if name in {"est", "edt", "et"}:
        return ZoneInfo(NEW_YORK)
    offset = _OFFSET.match(name)
    if offset is None:
        raise SkippableError(f"{where}: expected a clock in EST, EDT, GMT or UTC, found {text.strip()!r} in {moment!r}")
    hours = int(offset[1] or 0)
    minutes = int(offset[2] or 0) * (-1 if hours < 0 else 1)
    return timezone(timedelta(hours=hours, minutes=minutes)) if hours or minutes else UTC
