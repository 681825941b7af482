"""The Bureau of Economic Analysis' release dates, public domain: one JSON object, with strangers among its values."""

import re
from collections.abc import Iterator
from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo

import pandas as pd

from alvh_core.errors import SkippableError
from alvh_core.macro.events import BEA_TITLES, Event, listed
from alvh_core.sessions import NEW_YORK
from tasks.sources.documents import read_json, reading
from tasks.sources.source import MACRO_CALENDAR, Source

BASE_URL = "https://apps.bea.gov"


def parse_bea(body: bytes, symbol: str, url: str) -> pd.DataFrame:
    """Decode release dates; repeated ones count once, those that wait for a new date do not count.

    Returns
    -------
    DataFrame
        From `alvh_core.macro.events.listed`.

    Raises
    ------
    SkippableError
        Neither of our releases, or a time without zone.
    RetriableError
        The body is cut short.
    """
    document = read_json(body, symbol, url)
    with reading(body, f"{symbol}: {url}", "release_dates in UTC"):
        lines = list(_events(document))
    if not lines:
        raise SkippableError(f"{symbol}: {url}: expected {' or '.join(BEA_TITLES)}, found {list(document)[:5]}")
    return listed(lines)


def _events(document: dict[str, Any]) -> Iterator[Event]:
    for title, kind in BEA_TITLES.items():
        release = document.get(title)
        if not isinstance(release, dict):  # absent, or a stranger such as file_generated
            continue
        waiting = set(map(str, release.get("to_be_rescheduled") or []))
        for text in dict.fromkeys(map(str, release["release_dates"])):
            if text in waiting:
                continue
            at = datetime.fromisoformat(text)
            if at.tzinfo is None:
                raise ValueError(f"{text!r} without a time zone")
            yield Event(kind=kind, day=at.astimezone(ZoneInfo(NEW_YORK)).date(), title=title, source="bea_json", at=at)


SOURCES = (
    Source(name="bea_json", publisher="bea", dataset=MACRO_CALENDAR, bases=(BASE_URL,), read=parse_bea,
           address=lambda wanted, base: f"{base}/API/signup/release_dates.json" if wanted.symbol == "BEA" else None,
           route=re.compile(r"/release_dates\.json$"), simulate=lambda market, day, _asked: market.bea_calendar(day),
           sample="bea.json", sample_symbol="BEA", terms="Bureau of Economic Analysis, public domain"),
)  # fmt: skip
