"""Invented company facts, spelled as the SEC spells them, with the traps that real ones have.

Every filing repeats the periods of the year before under its own fiscal year, quarters and years to date stand side by
side, fourth quarters are missing, some fiscal years have 53 weeks, cash flows come as years to date only and are
restated, banks and property trusts have no current assets, and one count of shares froze when classes were split.
"""

import json
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, timedelta
from types import MappingProxyType
from typing import Any

import numpy as np

from alvh_core.expiries import next_month
from alvh_core.market.noise import generator
from alvh_core.market.profiles import Profile

_FIRST_YEAR, _ANCHOR_YEAR = 2017, 2026
_YEARS_KEPT = 3  # of filings in a file; real ones begin in 2009
_DAY, _WEEK = timedelta(days=1), timedelta(days=7)
_REPORT_DAYS, _ANNUAL_REPORT_DAYS = 35, 52
_RESTATED = 0.98
_SATURDAY, _SUNDAY = 5, 6
_SHARES, _EPS = "EntityCommonStockSharesOutstanding", "EarningsPerShareDiluted"
_CASH, _DECLARED = "NetCashProvidedByUsedInOperatingActivities", "CommonStockDividendsPerShareDeclared"
_UNITS = {_EPS: "USD/shares", _DECLARED: "USD/shares"}  # all else is in dollars


@dataclass(frozen=True, kw_only=True)
class Habit:
    """How a company reports.

    Attributes
    ----------
    month : int
        In which its fiscal year ends.
    weekday : int, optional
        The year ends on the last such day of the month, so it has 52 or 53 weeks; by default with the month.
    is_classified : bool
        Whether it tells current from other assets.
    is_frozen : bool
        Its count of shares as a whole ended in 2019.
    dividends : str
        Tag, in dollars per share or in all.
    """

    month: int = 12
    weekday: int | None = None
    is_classified: bool = True
    is_frozen: bool = False
    dividends: str = _DECLARED


HABITS = MappingProxyType({
    "AAPL": Habit(month=9, weekday=_SATURDAY), "MSFT": Habit(month=6), "NVDA": Habit(month=1, weekday=_SUNDAY),
    "TSLA": Habit(is_frozen=True), "JPM": Habit(is_classified=False), "O": Habit(is_classified=False),
    "PLD": Habit(is_classified=False, dividends="PaymentsOfDividendsCommonStock"),
    "JNJ": Habit(weekday=_SUNDAY),
})  # fmt: skip


@dataclass(frozen=True, kw_only=True)
class _Year:
    """One fiscal year: last days of its quarters, and what was earned in each."""

    number: int
    start: date
    ends: tuple[date, ...]
    flows: dict[str, tuple[float, ...]]
    balances: dict[str, tuple[float, ...]]
    shares: float


def facts_bytes(symbol: str, cik: int, profile: Profile, session: date, seed: int) -> bytes:
    """Return the file of a company as it stands on a session, with every filing stamped up to that day.

    Returns
    -------
    bytes
        JSON.
    """
    habit = HABITS.get(symbol, Habit())
    years = _years(symbol, profile, habit, seed, session.year + 1)
    facts: dict[str, dict[str, Any]] = {"dei": {}, "us-gaap": {}}
    for at, year in enumerate(years[2:], 2):
        for quarter, end in enumerate(year.ends):
            filed = _filed(end, quarter)
            if session.year - _YEARS_KEPT <= filed.year and filed <= session:
                for tag, unit, row in _filing(years[: at + 1], quarter, filed, habit):
                    _put(facts, tag, unit, row | _stamp(cik, year, quarter, filed))
    if habit.is_frozen:
        frozen = {"end": "2019-07-31", "val": 180_000_000} | _stamp(cik, years[2], 1, date(2019, 8, 5))
        facts["dei"] = {}
        _put(facts, _SHARES, "shares", frozen)
    return json.dumps({"cik": cik, "entityName": f"SIMULATED {symbol}", "facts": facts}).encode()


def _years(symbol: str, profile: Profile, habit: Habit, seed: int, last: int) -> list[_Year]:
    """Invent year after year; the draws come in the order of the years, so a later night changes nothing."""
    draws = generator(seed, "company", symbol)
    multiple, cash_share, count = draws.uniform(14.0, 32.0), draws.uniform(0.9, 1.6), 10.0 ** draws.uniform(8.8, 9.8)
    found = []
    for number in range(_FIRST_YEAR, last + 1):
        shocks = draws.standard_normal((4, 4))
        price = profile.level_usd * float(np.exp(profile.growth_frac * (number - _ANCHOR_YEAR)))
        shares = round(count * 0.99 ** (number - _FIRST_YEAR))
        eps = np.round(price / multiple / 4.0 * np.exp(0.08 * shocks[0]), 2)
        dividend = round(price * profile.yield_frac / 4.0, 2)
        paid = dividend if habit.dividends in _UNITS else float(round(dividend * shares, -6))
        flows = {_EPS: eps, _CASH: np.round(eps * shares * cash_share * np.exp(0.1 * shocks[1]), -6)}
        flows |= {habit.dividends: np.full(4, paid)} if dividend > 0.0 else {}
        liabilities = 0.2 * price * shares * np.exp(0.05 * shocks[2]) / multiple * 4.0
        sheets = {"LiabilitiesCurrent": liabilities, "AssetsCurrent": 1.3 * liabilities * np.exp(0.05 * shocks[3]),
                  "InventoryNet": 0.25 * liabilities}  # fmt: skip
        ends = _quarter_ends(number, habit)
        found.append(_Year(
            number=number, start=_year_end(number - 1, habit) + _DAY, ends=ends, shares=shares,
            flows={tag: tuple(values.tolist()) for tag, values in flows.items()},
            balances={tag: tuple(np.round(values, -6).tolist()) for tag, values in sheets.items()},
        ))  # fmt: skip
    return found


def _filing(years: list[_Year], quarter: int, filed: date, habit: Habit) -> Iterator[tuple[str, str, dict[str, Any]]]:
    """Yield the facts of a quarterly or annual report: this year's, then the same of the year before."""
    for back, year in enumerate(reversed(years[-3:] if quarter == 3 else years[-2:])):
        for tag, values in year.flows.items():
            is_cash = tag not in _UNITS
            factor = _RESTATED if is_cash and back and quarter == 1 else 1.0
            firsts = (0,) if quarter == 3 or is_cash or quarter == 0 else (quarter, 0)
            for first in firsts:
                start = year.start if first == 0 else year.ends[first - 1] + _DAY
                value = round(sum(values[first : quarter + 1]) * factor, 2)
                yield tag, _UNITS.get(tag, "USD"), {"start": str(start), "end": str(year.ends[quarter]), "val": value}
    sheets = [(years[-1], quarter), (years[-2], 3)]
    for year, at in sheets if habit.is_classified else []:
        for tag, values in year.balances.items():
            yield tag, "USD", {"end": str(year.ends[at]), "val": values[at]}
    yield _SHARES, "shares", {"end": str(filed - 10 * _DAY), "val": years[-1].shares}


def _put(facts: dict[str, dict[str, Any]], tag: str, unit: str, row: dict[str, Any]) -> None:
    about: dict[str, Any] = {"label": tag, "description": None, "units": {}}
    facts["dei" if tag == _SHARES else "us-gaap"].setdefault(tag, about)["units"].setdefault(unit, []).append(row)


def _stamp(cik: int, year: _Year, quarter: int, filed: date) -> dict[str, Any]:
    annual = quarter == 3
    return {"accn": f"{cik:010d}-{filed:%y}-{year.number % 100 * 4 + quarter:06d}", "fy": year.number,
            "fp": "FY" if annual else f"Q{quarter + 1}", "form": "10-K" if annual else "10-Q",
            "filed": str(filed)}  # fmt: skip


def _filed(end: date, quarter: int) -> date:
    day = end + timedelta(days=_ANNUAL_REPORT_DAYS if quarter == 3 else _REPORT_DAYS)
    return day + timedelta(days=max(7 - day.weekday(), 0) if day.weekday() >= _SATURDAY else 0)


def _quarter_ends(number: int, habit: Habit) -> tuple[date, ...]:
    end = _year_end(number, habit)
    if habit.weekday is not None:
        before = _year_end(number - 1, habit)
        return (*(before + 13 * quarter * _WEEK for quarter in (1, 2, 3)), end)
    return tuple(_month_end(*next_month(end.year, end.month, -back)) for back in (9, 6, 3, 0))


def _year_end(number: int, habit: Habit) -> date:
    end = _month_end(number, habit.month)
    return end if habit.weekday is None else end - (end.weekday() - habit.weekday) % 7 * _DAY


def _month_end(year: int, month: int) -> date:
    return date(*next_month(year, month), 1) - _DAY
