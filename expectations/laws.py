"""Row laws that no ready-made expectation states: pure functions from some columns to one truth value per row.

A law takes the frame of its columns, in the order its rule lists them, and returns True where the row is lawful or the
law does not apply. It must say what nulls mean: comparisons with a null are False, so laws are written as "not broken".
Whether a dataset has a law is said in `expectations.suites`.
"""

from collections.abc import Callable
from functools import reduce
from operator import and_, or_

import numpy as np
import pandas as pd

from alvh_core.sessions import NEW_YORK

SATURDAY = 5
OFFICE_HOURS = (7, 18)
WHOLE_TOLERANCE, SPREAD_ROUNDING = 1e-9, 1e-6
BAR_TOLERANCE = 1e-6  # vendors round high, low and close apart


def at_most(frame: pd.DataFrame, tolerance: float = 0.0) -> pd.Series:
    """First column at most the second plus an absolute tolerance; nulls are lawful."""
    first, second = _columns(frame)
    return ~(first > second + tolerance).fillna(False)


def present_when(frame: pd.DataFrame, equals: str = "OK") -> pd.Series:
    """All further columns present wherever the first one equals a value."""
    flag, *required = _columns(frame)
    return ~(flag.eq(equals).fillna(False) & _any_missing(required))


def absent_unless(frame: pd.DataFrame, equals: str) -> pd.Series:
    """All further columns missing wherever the first one differs from a value."""
    flag, *others = _columns(frame)
    return flag.eq(equals).fillna(False) | reduce(and_, (column.isna() for column in others))


def matches_unless(frame: pd.DataFrame, equals: str, pattern: str) -> pd.Series:
    """Second column matches a pattern wherever the first one differs from a value; nulls are lawful."""
    flag, text = _columns(frame)
    return flag.eq(equals).fillna(False) | text.astype("str").str.match(pattern, na=True)


def present_when_positive(frame: pd.DataFrame) -> pd.Series:
    """All further columns present wherever the first one is above zero, or true."""
    amount, *required = _columns(frame)
    return ~((amount.astype("float64") > 0) & _any_missing(required))


def ask_not_below_bid(frame: pd.DataFrame) -> pd.Series:
    """Ask at least the bid (columns ask, bid) where there is an ask; a zero ask is no ask, locked is lawful."""
    ask, bid = _columns(frame)
    return ~((ask > 0) & (ask < bid))


def ask_covers_intrinsic(frame: pd.DataFrame) -> pd.Series:
    """Ask at least the intrinsic value less its tolerance (columns ask, intrinsic, tolerance); nulls are lawful."""
    ask, intrinsic, tolerance = _columns(frame)
    return ~(ask < intrinsic - tolerance)


def not_crossed_when(frame: pd.DataFrame, equals: str) -> pd.Series:
    """Ask at least the bid (columns flag, ask, bid) wherever the flag equals a value."""
    flag, ask, bid = _columns(frame)
    return ~flag.eq(equals).fillna(False) | ~(ask < bid)


def close_inside_bar(frame: pd.DataFrame) -> pd.Series:
    """Close between low and high (columns close, low, high) but for a relative 1e-6; a missing side is lawful."""
    close, low, high = _columns(frame)
    return ~((close < low * (1 - BAR_TOLERANCE)) | (close > high * (1 + BAR_TOLERANCE)))


def below_when(frame: pd.DataFrame, equals: str, limit: float) -> pd.Series:
    """Second column present and strictly below a limit wherever the first one equals a value."""
    flag, value = _columns(frame)
    return ~flag.eq(equals).fillna(False) | (value < limit).fillna(False)


def below_other_when(frame: pd.DataFrame, equals: str) -> pd.Series:
    """Second column present and strictly below the third wherever the first one equals a value."""
    flag, value, limit = _columns(frame)
    return ~flag.eq(equals).fillna(False) | (value < limit).fillna(False)


def equal_when(frame: pd.DataFrame, equals: str, then: str) -> pd.Series:
    """Second column equal to a value wherever the first one equals its own."""
    flag, value = _columns(frame)
    return ~flag.eq(equals).fillna(False) | value.eq(then).fillna(False)


def among_when(frame: pd.DataFrame, equals: str, allowed: str) -> pd.Series:
    """Second column among words separated by blanks wherever the first one equals a value."""
    flag, value = _columns(frame)
    return ~flag.eq(equals).fillna(False) | value.isin(allowed.split())


def on_weekday(frame: pd.DataFrame) -> pd.Series:
    """First column, a date, on a weekday; a missing one is lawful."""
    day, *_ = _columns(frame)
    return ~(pd.to_datetime(day).dt.day_of_week >= SATURDAY)


def within_day(frame: pd.DataFrame) -> pd.Series:
    """Instant on the date beside it, by New York's clock; nulls are lawful."""
    at, day = _columns(frame)
    local = pd.to_datetime(at, utc=True).dt.tz_convert(NEW_YORK).dt.tz_localize(None).dt.normalize()
    return ~((local != pd.to_datetime(day)) & at.notna() & day.notna())


def in_office_hours(frame: pd.DataFrame) -> pd.Series:
    """First column, an instant, from seven to eighteen by New York's clock; a missing one is lawful."""
    at, *_ = _columns(frame)
    hour = pd.to_datetime(at, utc=True).dt.tz_convert(NEW_YORK).dt.hour
    return ~((hour < OFFICE_HOURS[0]) | (hour >= OFFICE_HOURS[1]))


def percent_when(frame: pd.DataFrame, equals: str, low: float, high: float) -> pd.Series:
    """Second column within a range wherever the first one equals a value; a missing value is lawful."""
    flag, value = _columns(frame)
    return ~(flag.eq(equals).fillna(False) & ((value < low) | (value > high)))


def positive_unless(frame: pd.DataFrame, equals: str) -> pd.Series:
    """Second column above zero unless the first one equals a value; a missing value is lawful."""
    flag, value = _columns(frame)
    return flag.eq(equals).fillna(False) | ~(value <= 0)


def adds_up(frame: pd.DataFrame) -> pd.Series:
    """First column the sum of the others; nulls are lawful."""
    whole, *parts = _columns(frame)
    return ~(whole != sum(parts)).fillna(False)


def same(frame: pd.DataFrame) -> pd.Series:
    """Both columns equal where both are present."""
    first, second = (column.astype("str") if not _is_plain(column) else column for column in _columns(frame))
    return (first == second).fillna(True) | first.isna() | second.isna()


def near(frame: pd.DataFrame, tolerance: float) -> pd.Series:
    """Second column, a gap, no further from zero than a tolerance; a missing one is lawful."""
    _, gap = _columns(frame)
    return ~(gap.abs() > tolerance)


def whole(frame: pd.DataFrame, first: int) -> pd.Series:
    """Whole numbers in the first so many columns; nulls and infinities are other rules' business."""
    lawful = pd.Series(True, index=frame.index)
    for column in _columns(frame)[:first]:
        values = column.to_numpy(dtype="float64", na_value=np.nan)
        with np.errstate(invalid="ignore"):
            lawful &= ~(np.abs(values - np.rint(values)) > WHOLE_TOLERANCE)
    return lawful


def flag_agrees(frame: pd.DataFrame) -> pd.Series:
    """Quote state (columns flag, bid, ask) the one its prices give; an illegal price is another rule's business."""
    flag, bid, ask = _columns(frame)
    state = flag.astype("str")
    wrong = (state.eq("LOCKED") & (bid != ask)) | (state.eq("ZERO_BID") & (bid != 0.0))
    wrong |= state.eq("OK") & ((bid == 0.0) | (bid == ask) | (ask == 0.0))
    return ~(wrong | (state.eq("NO_QUOTE") & (ask > 0.0)))


def within(frame: pd.DataFrame) -> pd.Series:
    """First column between the second and the third; nulls are lawful."""
    value, low, high = _columns(frame)
    return ~((value < low) | (value > high))


def true_law(frame: pd.DataFrame) -> pd.Series:
    """First column, a truth value, true."""
    value, *_ = _columns(frame)
    return value.astype(bool)


def false_law(frame: pd.DataFrame) -> pd.Series:
    """First column, a truth value, false."""
    value, *_ = _columns(frame)
    return ~value.astype(bool)


def no_spike(frame: pd.DataFrame, factor: float) -> pd.Series:
    """Close (columns symbol, date, close) not so many times off both neighbours; the last not off the one before."""
    ordered = frame.sort_values(list(frame.columns[:2]), kind="stable")
    close = np.log(ordered.iloc[:, 2].where(ordered.iloc[:, 2] > 0))
    of_symbol = close.groupby(ordered.iloc[:, 0], observed=True)
    before = (close - of_symbol.shift(1)).abs() > np.log(factor)
    after = (of_symbol.shift(-1) - close).abs()
    is_spike: pd.Series = before & ((after > np.log(factor)) | after.isna())
    return ~is_spike.reindex(frame.index)


def no_repeat(frame: pd.DataFrame) -> pd.Series:
    """Bars (columns symbol, date, then values) not the very values of the bar before, where those differ at all."""
    names = list(frame.columns)
    ordered = frame.sort_values(names[:2], kind="stable")
    values = ordered[names[2:]].astype("float64")
    same = values.eq(values.groupby(ordered[names[0]], observed=True).shift(1)).all(axis=1)
    distinct = np.sort(values.to_numpy(), axis=1)
    varied = (np.diff(distinct, axis=1) != 0.0).sum(axis=1) + 1 - values.isna().sum(axis=1).to_numpy()
    repeats: pd.Series = (same & (varied > 2)).reindex(frame.index)
    return ~repeats


def spread_of_sides(frame: pd.DataFrame) -> pd.Series:
    """Spread (columns spread, bid, ask) the one that bid and ask give; nulls are lawful."""
    spread, bid, ask = _columns(frame)
    return ~((spread - 2.0 * (ask - bid) / (ask + bid)).abs() > SPREAD_ROUNDING)


LAWS: dict[str, Callable[..., pd.Series]] = {
    function.__name__: function
    for function in (
        at_most, present_when, absent_unless, present_when_positive, ask_not_below_bid, ask_covers_intrinsic,
        close_inside_bar, below_when, below_other_when, equal_when, on_weekday, within_day, in_office_hours,
        percent_when, positive_unless, same, near, whole, among_when, flag_agrees, within, true_law, false_law, adds_up,
        no_spike, no_repeat, spread_of_sides, not_crossed_when, matches_unless,
    )
}  # fmt: skip


def _columns(frame: pd.DataFrame) -> list[pd.Series]:
    return [frame[name] for name in frame.columns]


def _is_plain(column: pd.Series) -> bool:
    return isinstance(column.dtype, np.dtype) and column.dtype.kind in "iufb"


def _any_missing(columns: list[pd.Series]) -> pd.Series:
    return reduce(or_, (column.isna() for column in columns))
