"""Invented macro series with their vintages, spelled as FRED spells them: strings, and a dot where there is no value.

Yields are those of the simulated curve, published the next session. Everything else drifts from a plausible level; the
product of a quarter is published three times, each time another number.
"""

import json
from dataclasses import dataclass
from datetime import date, timedelta

import numpy as np
from numpy.typing import NDArray

from alvh_core.expiries import next_month
from alvh_core.market.noise import FloatArray, generator

_YIELDS = {"DGS10": 11, "DGS2": 7, "DTB3": 3, "EFFR": 0}  # position in the file of the curve; overnight, its first
_FORMAT = "%.2f"


@dataclass(frozen=True, kw_only=True)
class Drift:
    """A series that drifts: level in January 2018, growth and noise per period, months in one, days to publication."""

    level: float
    growth: float
    noise: float
    months: int
    lag_days: int
    revised_days: tuple[int, ...] = ()


_DRIFTS = {
    "FEDFUNDS": Drift(level=3.6, growth=0.0, noise=0.01, months=1, lag_days=33),
    "CPIAUCSL": Drift(level=248.0, growth=0.003, noise=0.001, months=1, lag_days=43),
    "PPIACO": Drift(level=200.0, growth=0.003, noise=0.004, months=1, lag_days=45, revised_days=(120,)),
    "GDPC1": Drift(level=19900.0, growth=0.006, noise=0.002, months=3, lag_days=120, revised_days=(30, 60)),
    "RBUSBIS": Drift(level=98.0, growth=0.0005, noise=0.006, months=1, lag_days=50),
}


@dataclass(frozen=True, kw_only=True)
class Release:
    """One value of one observation, from the day it was published until the next one replaced it."""

    observed: date
    published: date
    replaced: date | None
    text: str


def releases(series_id: str, sessions: NDArray[np.datetime64], curve_percent: FloatArray, start: str,
             seed: int) -> list[Release] | None:  # fmt: skip
    """Return what has been published of a series up to the last session.

    Parameters
    ----------
    series_id : str
    sessions : ndarray of datetime64[D]
        Up to the night.
    curve_percent : ndarray of shape (n_sessions, 14)
    start : str
        First observation wanted, an ISO date.
    seed : int

    Returns
    -------
    list of Release or None
        In order of observation, then of publication; None for a series that is not known.
    """
    if series_id in _YIELDS:
        return _yields(sessions, curve_percent[:, _YIELDS[series_id]], start)
    if series_id in _DRIFTS:
        return _drifting(_DRIFTS[series_id], generator(seed, series_id), start, sessions[-1].astype(object))
    return None


def api_bytes(found: list[Release], *, since: str, until: str, start: str) -> bytes:
    """Return the API's JSON: rows cut to the days asked for."""
    rows = [
        {"realtime_start": max(str(r.published), since),
         "realtime_end": str(r.replaced - timedelta(days=1)) if r.replaced else until,
         "date": str(r.observed), "value": r.text}
        for r in found if r.replaced is None or str(r.replaced) > since
    ]  # fmt: skip
    head = {"realtime_start": since, "realtime_end": until, "observation_start": start, "observation_end": "9999-12-31",
            "units": "lin", "output_type": 1, "file_type": "json", "order_by": "observation_date", "sort_order": "asc",
            "count": len(rows), "offset": 0, "limit": 100000}  # fmt: skip
    return json.dumps({**head, "observations": rows}).encode()


def graph_bytes(series_id: str, found: list[Release]) -> bytes:
    """Return the keyless CSV: the values that stand, blank where there is none."""
    rows = [f"{r.observed},{'' if r.text == '.' else r.text}" for r in found if r.replaced is None]
    return "\n".join([f"observation_date,{series_id}", *rows, ""]).encode()


def _yields(sessions: NDArray[np.datetime64], percent: FloatArray, start: str) -> list[Release]:
    days = sessions[sessions >= np.datetime64(start, "D")].astype(object).tolist()
    values = percent[len(percent) - len(days) :]
    found = [
        Release(observed=day, published=after, replaced=None, text=_FORMAT % value)
        for day, after, value in zip(days[:-1], days[1:], values[:-1].tolist(), strict=True)
    ]
    holidays = set(_weekdays(days)).difference(days)
    blanks = [Release(observed=d, published=d + timedelta(days=3), replaced=None, text=".") for d in holidays
              if d + timedelta(days=3) <= days[-1]]  # fmt: skip
    return sorted([*found, *blanks], key=lambda release: release.observed)


def _weekdays(days: list[date]) -> list[date]:
    span = (days[0] + timedelta(days=n) for n in range((days[-1] - days[0]).days))
    return [day for day in span if day.weekday() < 5]


def _drifting(drift: Drift, draws: np.random.Generator, start: str, night: date) -> list[Release]:
    """Publish period after period; the draws come in the order of the periods, so a later night changes nothing."""
    found, level, observed = [], drift.level, date(2018, 1, 1)
    while observed <= night:
        level *= float(np.exp(drift.growth + drift.noise * draws.standard_normal()))
        texts = [f"{level * (1.0 + error):.3f}" for error in 0.001 * draws.standard_normal(len(drift.revised_days))]
        first = observed + timedelta(days=drift.lag_days)
        days = [first, *(first + timedelta(days=later) for later in drift.revised_days)]
        for text, day, after in zip([*texts, f"{level:.3f}"], days, [*days[1:], None], strict=True):
            if day <= night and str(observed) >= start:
                end = after if after is not None and after <= night else None
                found.append(Release(observed=observed, published=day, replaced=end, text=text))
        observed = date(*next_month(observed.year, observed.month, drift.months), 1)
    return found
