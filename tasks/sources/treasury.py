"""The US Treasury par yield curve, public domain: CSV, and the XML feed of the same numbers where that fails.

Discounting is pure (`alvh_core.curve`).
"""

import re

import numpy as np
import pandas as pd

from alvh_core.errors import RetriableError, SkippableError
from tasks.sources.dated_csv import read_dated_csv
from tasks.sources.documents import first_byte, read_text, reading
from tasks.sources.limits import MAX_CSV_COLUMNS
from tasks.sources.source import CURVE, Source

BASE_URL = "https://home.treasury.gov"
_RATES = "resource-center/data-chart-center/interest-rates"
_PROPERTY = re.compile(r"<d:(NEW_DATE|BC_\w{1,20})(?:\s[^<>]{0,200})?>([^<>]{1,40})</d:")
_XML_TENOR = re.compile(r"^BC_(\d{1,2}(?:_\d)?)(MONTH|YEAR)$")
_TENOR = re.compile(r"^(\d{1,3}(?:\.\d{1,3})?)\s*(mo|month|yr|year)s?$", re.IGNORECASE)


def curve_url(year: int, base: str = BASE_URL) -> str:
    """Address of one calendar year's par yields."""
    query = f"type=daily_treasury_yield_curve&field_tdr_date_value={year}&page&_format=csv"
    return f"{base}/{_RATES}/daily-treasury-rates.csv/{year}/all?{query}"


def xml_url(year: int, base: str = BASE_URL) -> str:
    """Address of the same year as an XML feed."""
    return f"{base}/{_RATES}/pages/xml?data=daily_treasury_yield_curve&field_tdr_date_value={year}"


def parse_curve(body: bytes, symbol: str, url: str) -> pd.DataFrame:
    """Decode par yields, CSV or XML; columns are bound by name because their number grows over the years.

    Returns
    -------
    DataFrame
        ``curve_date``, ``tenor_years``, ``par_yield_frac``, ``row_position``; blank yields are dropped. A year that has
        just begun gives no rows.

    Raises
    ------
    SkippableError
        No dates, no column that names a maturity, or a yield that is no number.
    RetriableError
        The body is cut short.
    """
    if first_byte(body) == b"<" and b"<feed" in body[:1000]:
        body = _xml_as_csv(read_text(body, symbol, url), f"{symbol}: {url}")
    frame, days = read_dated_csv(body, f"{symbol}: {url}")
    tenors = {name: years for name in frame.columns if (years := _years(str(name))) is not None}
    if not tenors:
        raise SkippableError(f"{symbol}: {url}: no column names a maturity; found {list(frame.columns)}")
    with reading(body, f"{symbol}: {url}", "yields in percent"):
        wide = frame[list(tenors)].apply(pd.to_numeric).astype("float64").rename(columns=tenors)
    if np.isinf(wide.to_numpy()).any():
        raise SkippableError(f"{symbol}: {url}: expected yields in percent, found one that is not finite")
    wide = wide.assign(curve_date=days, row_position=np.arange(len(frame)))
    long = wide.melt(["curve_date", "row_position"], var_name="tenor_years", value_name="par_yield")
    long = long.dropna(subset="par_yield")
    return pd.DataFrame({
        "curve_date": long["curve_date"], "tenor_years": long["tenor_years"].astype("float64"),
        "par_yield_frac": long["par_yield"] / 100.0, "row_position": long["row_position"],
    }).reset_index(drop=True)  # fmt: skip


def _years(name: str) -> float | None:
    found = _TENOR.match(name)
    if found is None:
        return None
    number, unit = float(found[1]), found[2].lower()
    return number / 12.0 if unit.startswith("mo") else number


def _xml_as_csv(text: str, where: str) -> bytes:
    """Write the feed down as the CSV file it is a copy of; a date opens a row, and what is no tenor is left out."""
    if not text.rstrip().endswith("</feed>"):
        raise RetriableError(f"{where}: a feed cut short after {len(text)} characters")
    rows: list[dict[str, str]] = []
    for name, value in _PROPERTY.findall(text):
        tenor = _XML_TENOR.match(name)
        if name == "NEW_DATE":
            rows.append({"Date": f"{value[5:7]}/{value[8:10]}/{value[:4]}"})
        elif tenor and rows:
            rows[-1][f"{tenor[1].replace('_', '.')} {tenor[2]}"] = value
    names = list(dict.fromkeys(name for row in rows for name in row))
    if len(names) > MAX_CSV_COLUMNS:
        raise SkippableError(f"{where}: expected at most {MAX_CSV_COLUMNS} tenors, found {len(names)}; refused")
    lines = [names, *([row.get(name, "") for name in names] for row in rows)]
    return "\n".join(",".join(f'"{cell.replace(chr(34), "")}"' for cell in line) for line in lines).encode() + b"\n"


_TERMS = "US Treasury, public domain"
SOURCES = (
    Source(name="treasury_csv", publisher="treasury", dataset=CURVE, bases=(BASE_URL,), terms=_TERMS,
           address=lambda wanted, base: curve_url(int(wanted.symbol.removeprefix("UST")), base),
           route=re.compile(r"/daily-treasury-rates\.csv/(?P<year>\d{4})/all$"), read=parse_curve,
           simulate=lambda market, day, asked: market.treasury_curve(int(asked["year"]), day),
           sample="treasury.csv", sample_symbol="UST2026"),
    Source(name="treasury_xml", publisher="treasury", dataset=CURVE, bases=(BASE_URL,), terms=_TERMS,
           address=lambda wanted, base: xml_url(int(wanted.symbol.removeprefix("UST")), base),
           route=re.compile(r"/interest-rates/pages/xml$"), read=parse_curve,
           simulate=lambda _market, _day, _asked: None,  # the CSV it stands in for always answers
           sample="treasury.xml", sample_symbol="UST2026"),
)  # fmt: skip
