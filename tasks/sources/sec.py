"""The SEC's companyfacts: everything a company has reported in XBRL, one file per company.

Only the facts that a ratio is made of are read; what they mean, and from when they count, is pure
(`alvh_core.fundamentals`). Without a contact in the user agent the SEC answers 403, and blocks for minutes.
"""

import re
from collections.abc import Iterator
from itertools import islice
from typing import Any

import numpy as np
import pandas as pd

from alvh_core.fundamentals.facts import UNITS
from tasks.sources.documents import read_json, reading, told
from tasks.sources.source import FUNDAMENTALS, Source, Wanted

BASE_URL = "https://data.sec.gov"
MAX_BYTES = 64 << 20  # several times the largest bank's
MAX_FACTS = 50_000  # of the tags that are read; ten times what fifteen years of filings have
TAXONOMIES = ("dei", "us-gaap")
_PATH = re.compile(r"/api/xbrl/companyfacts/CIK(?P<cik>\d{10})\.json$")
_DATES = ("start_date", "end_date", "filed_date")


def facts_url(wanted: Wanted, base: str = BASE_URL) -> str | None:
    """Address of a company's facts; None for what has no number at the SEC."""
    cik = wanted.asset.cik if wanted.asset else None
    return None if cik is None else f"{base}/api/xbrl/companyfacts/CIK{cik:010d}.json"


def parse_facts(body: bytes, symbol: str, url: str) -> pd.DataFrame:
    """Decode the facts that ratios are made of, every filing of every period.

    Returns
    -------
    DataFrame
        As `alvh_core.fundamentals.facts.night_facts` takes them, but for the payload's hash. Without rows where the
        company reports none of them, as funds do.

    Raises
    ------
    SkippableError
        Another company's facts, a fact that cannot be read, or a page of HTML.
    RetriableError
        The body is cut short.
    """
    document = read_json(body, symbol, url, MAX_BYTES)
    with reading(body, f"{symbol}: {url}", "cik and facts with end, val, form and filed"):
        _check_company(document, url)
        frame = _frame(document)
    return frame.assign(symbol=symbol, row_position=np.arange(len(frame)))


def _check_company(document: dict[str, Any], url: str) -> None:
    asked, found = _PATH.search(url), int(document["cik"])
    if asked and int(asked["cik"]) != found:
        raise ValueError(f"facts of company {found}, not of the one asked for")


def _frame(document: dict[str, Any]) -> pd.DataFrame:
    rows = list(islice(_rows(document["facts"]), MAX_FACTS + 1))
    names = ["fact_tag", "fact_unit", "start_date", "end_date", "fact_value", "filed_date", "filing_form"]
    frame = pd.DataFrame(rows, columns=names)
    frame = frame.assign(**{name: _days(frame[name]) for name in _DATES},
                         fact_value=frame["fact_value"].astype("float64"))  # fmt: skip
    if len(rows) > MAX_FACTS:
        raise ValueError(f"more than {MAX_FACTS} facts")
    if frame[["end_date", "filed_date"]].isna().any(axis=None) or not np.isfinite(frame["fact_value"]).all():
        raise ValueError("a date is absent, or a number is not finite")
    return frame


def _rows(facts: dict[str, Any]) -> Iterator[tuple[Any, ...]]:
    """Yield facts in the order of the file; ``fy`` and ``fp`` are the filing's, and say nothing of the fact."""
    for taxonomy in TAXONOMIES:
        for tag, fact in facts.get(taxonomy, {}).items():
            if tag not in UNITS:
                continue
            for one in fact["units"].get(UNITS[tag], []):
                if isinstance(one["val"], bool) or not isinstance(one["val"], int | float):
                    raise TypeError(f"{tag}: val {str(one['val'])[:40]!r}")
                yield (tag, UNITS[tag], one.get("start"), one["end"], one["val"], one["filed"],
                       told(str(one["form"])))  # fmt: skip


def _days(texts: pd.Series) -> pd.Series:
    return pd.to_datetime(texts.astype("str").where(texts.notna()), format="%Y-%m-%d").astype("datetime64[s]")


SOURCES = (
    Source(name="sec_companyfacts", publisher="sec", dataset=FUNDAMENTALS, bases=(BASE_URL,), address=facts_url,
           route=_PATH, read=parse_facts,
           simulate=lambda market, day, asked: market.company_facts(int(asked["cik"]), day),
           sample="sec_companyfacts.json", sample_symbol="KO",
           terms="U.S. Securities and Exchange Commission, public domain; needs a contact in ALVH_USER_AGENT"),
)  # fmt: skip
