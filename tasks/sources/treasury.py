"""The US Treasury par yield curve, public domain: address and parser. Discounting is pure (`alvh_core.curve`)."""

import re

import numpy as np
import pandas as pd

from alvh_core.errors import SkippableError
from tasks.sources.dated_csv import read_dated_csv

BASE_URL = "https://home.treasury.gov/resource-center/data-chart-center/interest-rates/daily-treasury-rates.csv"
_TENOR = re.compile(r"^(\d{1,3}(?:\.\d{1,3})?)\s*(mo|month|yr|year)s?$", re.IGNORECASE)


def curve_url(year: int, base: str = BASE_URL) -> str:
    """Address of one calendar year's par yields."""
    query = f"type=daily_treasury_yield_curve&field_tdr_date_value={year}&page&_format=csv"
    return f"{base}/{year}/all?{query}"


def parse_curve(body: bytes, symbol: str, url: str) -> pd.DataFrame:
    """Decode par yields; columns are bound by name because their number grows over the years.

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
    frame, days = read_dated_csv(body, f"{symbol}: {url}")
    tenors = {name: years for name in frame.columns if (years := _years(str(name))) is not None}
    if not tenors:
        raise SkippableError(f"{symbol}: {url}: no column names a maturity; found {list(frame.columns)}")
    try:
        wide = frame[list(tenors)].apply(pd.to_numeric).astype("float64").rename(columns=tenors)
    except (ValueError, TypeError) as error:
        raise SkippableError(f"{symbol}: {url}: expected yields in percent: {error}") from error
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
