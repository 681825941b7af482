"""The US Treasury par yield curve, public domain: address and parser. Discounting is pure (`alvh_core.curve`)."""

import io
import re

import numpy as np
import pandas as pd

from alvh_core.errors import SkippableError

BASE_URL = "https://home.treasury.gov/resource-center/data-chart-center/interest-rates/daily-treasury-rates.csv"
_TENOR = re.compile(r"^([\d.]+)\s*(mo|month|yr|year)s?$", re.IGNORECASE)


def curve_url(year: int) -> str:
    """Address of one calendar year's par yields."""
    query = f"type=daily_treasury_yield_curve&field_tdr_date_value={year}&page&_format=csv"
    return f"{BASE_URL}/{year}/all?{query}"


def parse_curve(body: bytes, symbol: str, url: str) -> pd.DataFrame:
    """Decode par yields; columns are bound by name because their number grows over the years.

    Returns
    -------
    DataFrame
        ``curve_date``, ``tenor_years``, ``par_yield_frac``, ``row_position``; blank yields are dropped.

    Raises
    ------
    SkippableError
        No dates, or no column that names a maturity.
    """
    try:
        frame = pd.read_csv(io.BytesIO(body), na_values=["N/A"])
        days = pd.to_datetime(frame["Date"], format="%m/%d/%Y")
    except (ValueError, KeyError, pd.errors.ParserError) as error:
        raise SkippableError(f"{symbol}: {url}: expected CSV with Date and maturities, found {body[:60]!r}: "
                             f"{type(error).__name__}") from error  # fmt: skip
    tenors = {name: years for name in frame.columns if (years := _years(str(name))) is not None}
    if not tenors:
        raise SkippableError(f"{symbol}: {url}: no column names a maturity; found {list(frame.columns)}")
    wide = frame[list(tenors)].rename(columns=tenors).assign(curve_date=days, row_position=np.arange(len(frame)))
    long = wide.melt(["curve_date", "row_position"], var_name="tenor_years", value_name="par_yield")
    long = long.dropna(subset="par_yield")
    return pd.DataFrame({
        "curve_date": long["curve_date"], "tenor_years": long["tenor_years"].astype("float64"),
        "par_yield_frac": pd.to_numeric(long["par_yield"]) / 100.0, "row_position": long["row_position"],
    }).reset_index(drop=True)  # fmt: skip


def _years(name: str) -> float | None:
    found = _TENOR.match(name.strip())
    if found is None:
        return None
    number, unit = float(found[1]), found[2].lower()
    return number / 12.0 if unit.startswith("mo") else number
