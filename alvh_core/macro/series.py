"""Macro series: which ones a night keeps, and the values known on it, by vintage or by a cautious publication lag.

An observation's date is the start of what it measures, never the day it was published. Context columns only: nothing
monthly is a daily trigger. Downloading and decoding are the sources' business.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date

import numpy as np
import pandas as pd

from alvh_core import frames
from alvh_core.macro.history import KNOWN_FROM, SUPERSEDED, numbers, observe
from alvh_core.schemas import MACRO_SERIES, MACRO_VALUES

VINTAGE, LAG = "VINTAGE", "LAG"
WINDOW_DAYS = 800  # of observations asked for: eight quarters
VINTAGE_DAYS = 400  # of releases asked for; older ones count as known from the first of them


@dataclass(frozen=True, kw_only=True)
class SeriesSpec:
    """One series.

    Attributes
    ----------
    unit : str
    lag_days : int
        Days from an observation's date until it counts as published, where no vintage says so. Longer than any delay
        seen, the shutdown of 2025 included: a value late is a nuisance, a value early is a lie.
    kept_count : int
        Observations a night keeps.
    """

    unit: str
    lag_days: int
    kept_count: int


SERIES: Mapping[str, SeriesSpec] = {
    "DGS10": SeriesSpec(unit="percent", lag_days=5, kept_count=10),
    "DGS2": SeriesSpec(unit="percent", lag_days=5, kept_count=10),
    "DTB3": SeriesSpec(unit="percent", lag_days=5, kept_count=10),
    "EFFR": SeriesSpec(unit="percent", lag_days=5, kept_count=10),
    "FEDFUNDS": SeriesSpec(unit="percent", lag_days=45, kept_count=14),
    "CPIAUCSL": SeriesSpec(unit="index 1982-84=100", lag_days=60, kept_count=14),
    "PPIACO": SeriesSpec(unit="index 1982=100", lag_days=90, kept_count=14),
    "GDPC1": SeriesSpec(unit="bn chained 2017 USD", lag_days=180, kept_count=6),
    "RBUSBIS": SeriesSpec(unit="index 2020=100", lag_days=75, kept_count=14),  # the BIS's own; the others are free
}
IDENTITY = ("series_id", "observation_date", "series_value")


def with_lags(values: pd.DataFrame) -> pd.DataFrame:
    """Say of values without vintages from when they count as known.

    Parameters
    ----------
    values : DataFrame
        ``series_id``, ``observation_date`` and more; ``known_by`` tells which rows have no vintage.

    Returns
    -------
    DataFrame
        With ``known_from_date`` filled in.
    """
    lags = values["series_id"].astype("str").map({name: spec.lag_days for name, spec in SERIES.items()})
    published = values["observation_date"] + pd.to_timedelta(lags.astype("float64"), unit="D")
    is_lagged = values["known_by"].astype("str") == LAG
    return values.assign(**{KNOWN_FROM: values[KNOWN_FROM].mask(is_lagged, published)})


def night_values(found: pd.DataFrame, trade_date: date, source_mode: str) -> pd.DataFrame:
    """Return `MACRO_VALUES` of a night: what its files say, without anything published after it.

    Parameters
    ----------
    found : DataFrame
        Stacked values with ``payload_sha256``; may be empty and without columns.
    trade_date : date
    source_mode : str
    """
    if found.empty:
        return frames.empty(MACRO_VALUES)
    day = pd.Timestamp(trade_date)
    rows = frames.of_night(with_lags(found), MACRO_VALUES, day, source_mode)
    rows = rows[~(rows[KNOWN_FROM] > day)]  # what has no date is for validation to refuse
    return _kept(rows.assign(**{SUPERSEDED: rows[SUPERSEDED].mask(rows[SUPERSEDED] > day)}))


def night_series(seen: pd.DataFrame, before: pd.DataFrame, trade_date: date, source_mode: str) -> pd.DataFrame:
    """Return the series as known on a night.

    A series with vintages replaces what was known; without them, a value that differs from the one known before is a
    revision known from tonight; of a series that did not arrive the values known before stand.

    Parameters
    ----------
    seen : DataFrame
        `MACRO_VALUES`, validated.
    before : DataFrame
        `MACRO_SERIES` of the night before, or empty.
    trade_date : date
    source_mode : str

    Returns
    -------
    DataFrame
        `MACRO_SERIES`.
    """
    day = pd.Timestamp(trade_date)
    by_vintage = seen[seen["known_by"].astype("str") == VINTAGE]
    names = before["series_id"].astype("str")
    known = before[~names.isin(by_vintage["series_id"].astype("str"))]
    lagged = _dated(seen[seen["known_by"].astype("str") == LAG], known, day)
    told = observe(known[list(MACRO_SERIES.names)], lagged[list(MACRO_SERIES.names)], trade_date, identity=IDENTITY,
                   group=("series_id",), about="observation_date")  # fmt: skip
    parts = (frames.of_night(part, MACRO_SERIES, trade_date, source_mode) for part in (by_vintage, told))
    return _kept(frames.concat(parts, MACRO_SERIES))


def _dated(lagged: pd.DataFrame, known: pd.DataFrame, day: pd.Timestamp) -> pd.DataFrame:
    """Take a value for an observation that had one before as known from tonight, whatever the lag says."""
    about, had = numbers(lagged, known, ("series_id", "observation_date"))
    return lagged.assign(**{KNOWN_FROM: lagged[KNOWN_FROM].mask(np.isin(about, had), day)})


def _kept(rows: pd.DataFrame) -> pd.DataFrame:
    """Keep the newest observations of every series, with all their vintages."""
    names = rows["series_id"].astype("str")
    rank = rows.groupby(names)["observation_date"].rank("dense", ascending=False)
    counts = names.map({name: float(spec.kept_count) for name, spec in SERIES.items()}).astype("float64")
    return rows[~(rank > counts)].reset_index(drop=True)
