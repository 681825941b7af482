"""FRED's series and list of releases: the API, whose vintages say when a value was known, and the keyless graph CSV.

The key is no part of an address here: the client adds it on the wire (`tasks.sources.client`). What counts as known is
pure (`alvh_core.macro.series`). Terms of use are the operator's matter; docs/sources.md names them.
"""

import io
import re
from collections.abc import Iterator
from datetime import date, timedelta
from typing import Any

import numpy as np
import pandas as pd

from alvh_core.errors import RetriableError, SkippableError
from alvh_core.macro.events import BLS_TITLES, Event, listed
from alvh_core.macro.series import LAG, SERIES, VINTAGE, VINTAGE_DAYS, WINDOW_DAYS
from tasks.sources.documents import first_byte, read_json, reading
from tasks.sources.keys import ApiKey
from tasks.sources.limits import MAX_JSON_VALUES, check_csv
from tasks.sources.source import MACRO_CALENDAR, MACRO_SERIES, Source, Wanted

API_URL, GRAPH_URL = "https://api.stlouisfed.org", "https://fred.stlouisfed.org"
MISSING = (".", "")
_DATE_NAMES = ("observation_date", "date")


def observations_url(wanted: Wanted, base: str) -> str:
    """Address of a series as it stood on a day and on the days before it, revision by revision."""
    day = wanted.trade_date
    since, start = day - timedelta(days=VINTAGE_DAYS), day - timedelta(days=WINDOW_DAYS)
    return (f"{base}/fred/series/observations?series_id={wanted.symbol}&file_type=json&observation_start={start}"
            f"&realtime_start={since}&realtime_end={day}")  # fmt: skip


def graph_url(wanted: Wanted, base: str) -> str:
    """Address of a series as it stands now, without a key."""
    start = wanted.trade_date - timedelta(days=WINDOW_DAYS)
    return f"{base}/graph/fredgraph.csv?id={wanted.symbol}&cosd={start}&coed={wanted.trade_date}"


def releases_url(wanted: Wanted, base: str) -> str | None:
    """Address of the releases of all offices from a day on, those to come included."""
    if wanted.symbol != "BLS":
        return None
    return (f"{base}/fred/releases/dates?file_type=json&realtime_start={wanted.trade_date}&sort_order=asc&limit=1000"
            "&include_release_dates_with_no_data=true")  # fmt: skip


def parse_series(body: bytes, symbol: str, url: str) -> pd.DataFrame:
    """Decode a series, whichever of the two doors it came through.

    Returns
    -------
    DataFrame
        ``series_id``, ``observation_date``, ``series_value``, ``series_unit``, ``known_from_date``,
        ``superseded_date``, ``series_source``, ``known_by``, ``row_position``; missing values are dropped.

    Raises
    ------
    SkippableError
        Another series, an error in words, a value that is no number, or a page of HTML.
    RetriableError
        The body is cut short.
    """
    where = f"{symbol}: {url}"
    is_api = first_byte(body) == b"{"
    with reading(body, where, "dates and values"):
        frame = _vintages(_document(body, symbol, url)) if is_api else _graph(body, symbol, where)
        values = pd.to_numeric(frame["text"]).astype("float64")
    if not np.isfinite(values.to_numpy()).all():
        raise SkippableError(f"{where}: expected finite values, found one that is not")
    return frame.drop(columns="text").assign(
        series_id=symbol, series_value=values, series_unit=SERIES[symbol].unit if symbol in SERIES else "",
        series_source="fred_api" if is_api else "fredgraph", known_by=VINTAGE if is_api else LAG,
    ).reset_index(drop=True)  # fmt: skip


def parse_releases(body: bytes, symbol: str, url: str) -> pd.DataFrame:
    """Decode the list of releases to come: days without a time of day, so the usual one is meant.

    Returns
    -------
    DataFrame
        From `alvh_core.macro.events.listed`.

    Raises
    ------
    SkippableError
        An error in words, or none of the Bureau of Labor Statistics' releases.
    RetriableError
        The body is cut short.
    """
    document = _document(body, symbol, url)
    with reading(body, f"{symbol}: {url}", "release_name and date"):
        lines = list(_release_events(document))
    if not lines:
        raise SkippableError(f"{symbol}: {url}: expected one of {', '.join(BLS_TITLES)}, found none")
    return listed(lines)


def _release_events(document: dict[str, Any]) -> Iterator[Event]:
    for row in document["release_dates"]:
        title = row.get("release_name")
        if isinstance(title, str) and title in BLS_TITLES:
            yield Event(
                kind=BLS_TITLES[title], day=date.fromisoformat(row["date"]), title=title, source="fred_releases"
            )


def _document(body: bytes, symbol: str, url: str) -> dict[str, Any]:
    """Read the API's JSON; it may refuse in words with status 200."""
    document = read_json(body, symbol, url)
    if "error_code" in document:
        raise SkippableError(f"{symbol}: {url}: FRED refuses, {document['error_code']!r}: "
                             f"{str(document.get('error_message'))[:200]}")  # fmt: skip
    count, limit = document.get("count", 0), document.get("limit", MAX_JSON_VALUES)
    if not isinstance(count, int) or not isinstance(limit, int) or (count > limit and "observations" in document):
        raise SkippableError(f"{symbol}: {url}: expected all of {count!r} rows, found a page of {limit!r}")
    return document


def _vintages(document: dict[str, Any]) -> pd.DataFrame:
    """One row per observation and revision; the last day asked for is no end of anything."""
    rows = document["observations"]
    frame = pd.DataFrame({
        "observation_date": _days([row["date"] for row in rows]), "text": [row["value"] for row in rows],
        "known_from_date": _days([row["realtime_start"] for row in rows]),
        "until": [str(row["realtime_end"]) for row in rows], "row_position": np.arange(len(rows)),
    })  # fmt: skip
    is_replaced = (frame["until"] < str(document["realtime_end"])).to_numpy()
    ended = _days(frame["until"].where(is_replaced, "1970-01-01").tolist()) + pd.Timedelta(days=1)
    frame["superseded_date"] = pd.Series(ended).where(is_replaced)
    known = ~frame["text"].astype("str").isin(MISSING)
    return frame.loc[known].drop(columns="until")


def _graph(body: bytes, symbol: str, where: str) -> pd.DataFrame:
    check_csv(body, where)
    frame = pd.read_csv(io.BytesIO(body), dtype="str", keep_default_na=False, encoding="utf-8-sig")
    names = [str(name).strip() for name in frame.columns]
    if len(names) != 2 or names[0].lower() not in _DATE_NAMES or names[1] != symbol:
        raise SkippableError(f"{where}: expected columns observation_date and {symbol}, found {', '.join(names)[:200]}")
    if b"," not in body.rstrip().rsplit(b"\n", 1)[-1]:
        raise RetriableError(f"{where}: a body cut short after {len(body)} bytes")
    days, values = _days(frame.iloc[:, 0].tolist()), frame.iloc[:, 1].str.strip()
    known = ~values.isin(MISSING)
    found = pd.DataFrame({"observation_date": days, "text": values, "row_position": np.arange(len(frame))})[known]
    never = pd.Series(pd.NaT, index=found.index, dtype="datetime64[s]")
    return found.assign(known_from_date=never, superseded_date=never)


def _days(texts: list[Any]) -> pd.Series:
    return pd.Series(pd.to_datetime(pd.Series(texts, dtype="str"), format="%Y-%m-%d")).astype("datetime64[s]")


KEY = ApiKey(variable="ALVH_FRED_API_KEY")
_TERMS = "public domain numbers but for RBUSBIS (copyright BIS); FRED's terms of use forbid re-hosting"
SOURCES = (
    Source(name="fred_vintages", publisher="fred", dataset=MACRO_SERIES, bases=(API_URL,), key=KEY, terms=_TERMS,
           address=observations_url,
           route=re.compile(r"/fred/series/observations$"), read=parse_series,
           simulate=lambda market, day, asked: market.observations(asked.get("series_id", ""), day, asked),
           sample="fred_observations.json", sample_symbol="DGS10"),
    Source(name="fredgraph", publisher="fredgraph", dataset=MACRO_SERIES, bases=(GRAPH_URL,), terms=_TERMS,
           address=graph_url,
           route=re.compile(r"/graph/fredgraph\.csv$"), read=parse_series,
           simulate=lambda market, day, asked: market.graph(asked.get("id", ""), day, asked),
           sample="fredgraph.csv", sample_symbol="DGS10"),
    Source(name="fred_releases", publisher="fred", dataset=MACRO_CALENDAR, bases=(API_URL,), key=KEY, terms=_TERMS,
           address=releases_url,
           route=re.compile(r"/fred/releases/dates$"), read=parse_releases,
           simulate=lambda _market, _day, _asked: None,  # the calendar it stands in for always answers
           sample="fred_releases.json", sample_symbol="BLS"),
)  # fmt: skip
