"""Rows of the two CSV families, volatility index histories and the Treasury curve, from the factors.

Which rows a session may see is decided in `simulated`; the spelling of a cell in `wire`.
"""

from datetime import date, timedelta

import numpy as np
from numpy.typing import NDArray

from alvh_core.market import wire
from alvh_core.market.paths import Factors
from alvh_core.market.series import daily_bars, volatility_indices

OHLC_INDICES = ("VIX", "VXN", "RVX", "VIX9D", "VIX3M", "VIX6M")
CLOSE_ONLY_INDICES = ("VVIX", "SKEW")
INDEX_DAILY_VOL = 0.06  # of the bars of a volatility index
# first publication of the newer Treasury tenors, by position in the file
_TENOR_FROM = {1: np.datetime64("2025-02-18", "D"), 4: np.datetime64("2022-10-19", "D")}


def index_rows(name: str, factors: Factors) -> list[str]:
    """Return header and rows of a volatility index, open to close or close only."""
    close = volatility_indices(factors)[name]
    dates = american_dates(factors.dates)
    if name in CLOSE_ONLY_INDICES:
        return wire.index_lines(f"DATE,{name}", dates, [close])
    bars = daily_bars(name, close, INDEX_DAILY_VOL, factors)
    return wire.index_lines("DATE,OPEN,HIGH,LOW,CLOSE", dates, [bars["open"], bars["high"], bars["low"], close])


def treasury_file(year: int, factors: Factors, at: int) -> bytes:
    """Return the curve file of a year as it stands after the session at a position, newest first."""
    seen = factors.dates[: at + 1]
    inside = np.flatnonzero(seen.astype("datetime64[Y]").astype(np.int64) + 1970 == year)
    chosen = [row for row in inside[::-1].tolist() if not is_bank_holiday(seen[row].astype(object))]
    days, percent = seen[chosen], factors.curve_percent[chosen].reshape(-1, len(wire.TREASURY_TENORS))
    known = np.ones(percent.shape, dtype=np.bool_)
    for column, since in _TENOR_FROM.items():
        known[:, column] = days >= since
    return wire.treasury_bytes(american_dates(days), percent, known)


def american_dates(days: NDArray[np.datetime64]) -> list[str]:
    """Spell dates as month/day/year."""
    return [f"{text[5:7]}/{text[8:]}/{text[:4]}" for text in days.astype(str).tolist()]


def is_bank_holiday(day: date) -> bool:
    """Tell whether banks are closed while the exchange trades: Columbus Day and Veterans Day.

    Examples
    --------
    >>> is_bank_holiday(date(2026, 10, 12)), is_bank_holiday(date(2026, 10, 13))
    (True, False)
    """
    columbus = day.month == 10 and day.weekday() == 0 and 8 <= day.day <= 14
    veterans = date(day.year, 11, 11)
    observed = veterans + timedelta(days={5: -1, 6: 1}.get(veterans.weekday(), 0))
    return columbus or day == observed
