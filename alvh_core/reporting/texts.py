"""How numbers, dates and states are written in the report. A missing number is a dash, never a zero."""

from collections.abc import Iterator
from typing import Any, NamedTuple

import pandas as pd

from alvh_core.readings import READINGS
from alvh_core.sessions import NEW_YORK

DASH = "—"


class Word(NamedTuple):
    """A state as a sign, in words, and in a tone."""

    symbol: str
    word: str
    tone: str


AFTER_HOURS = "AFTER_HOURS"
STATE_WORDS: dict[str, Word] = {
    "PASS": Word("✓", "deployable", "good"),
    "FAIL_ILLIQUID": Word("✕", "too wide", "bad"),
    "FAIL_TICK": Word("✕", "tick too coarse", "bad"),
    "ZERO_BID": Word("✕", "no bid", "bad"),
    "MISSING_LEG": Word("◐", "leg missing", "warn"),
    "BAD_QUOTE": Word("!", "bad quote", "warn"),
    AFTER_HOURS: Word("~", "after hours", "warn"),
    "NO_DATA": Word("∅", "no data", "mute"),
}
SPREAD_STATES = ("FAIL_ILLIQUID", "FAIL_TICK", "ZERO_BID")
VERDICT_SYMBOLS = {"HOLDS": "●", "ADAPT": "◆", "FALLS_APART": "▼", "INSUFFICIENT": "?"}
VARIANT_WORDS = {
    "V0_REF": ("V0", "reference"),
    "V1_SAME_HEDGE": ("V1", "same hedge"),
    "V2_VOL_WRAPPER": ("V2", "wrapper"),
    "V3_NATIVE": ("V3", "native"),
}
CLOCK_WORDS = {"in_session": "in session", "at_close": "at the close", "after_hours": "after hours"}


def records(frame: pd.DataFrame) -> Iterator[Any]:
    """Go through the rows as named tuples."""
    return iter(frame.itertuples(index=False))


def known(value: Any) -> bool:
    """Tell whether there is a value."""
    return not pd.isna(value)


def text(value: Any) -> str:
    """Write a name; a dash where there is none."""
    return str(value) if known(value) and str(value) != "" else DASH


def percent(value: Any, digits: int = 2) -> str:
    """Write a fraction as a percentage.

    Examples
    --------
    >>> percent(0.08571), percent(float("nan"))
    ('8.57 %', '—')
    """
    return f"{_signed(100.0 * float(value), digits)} %" if known(value) else DASH


def number(value: Any, digits: int = 2) -> str:
    """Write a number with a fixed number of decimals.

    Examples
    --------
    >>> number(-1234.5), number(None)
    ('−1,234.50', '—')
    """
    return _signed(float(value), digits) if known(value) else DASH


def gain(value: Any, digits: int = 2) -> str:
    """Write a difference, always with its sign."""
    return ("+" if known(value) and float(value) > 0.0 else "") + number(value, digits)


def count(value: Any) -> str:
    """Write a whole number."""
    return f"{int(value):,}" if known(value) else DASH


def plain(value: Any) -> str:
    """Write a strike or a level: only the decimals it has."""
    return f"{float(value):,.10g}" if known(value) else DASH


def limit(fraction: float) -> str:
    """Write a limit as a percentage, with only the decimals it has.

    Examples
    --------
    >>> limit(0.08), limit(0.075)
    ('8 %', '7.5 %')
    """
    return f"{plain(100.0 * fraction)} %"


def day(value: Any) -> str:
    """Write a date as ISO."""
    return pd.Timestamp(value).strftime("%Y-%m-%d") if known(value) else DASH


def new_york(value: Any) -> str:
    """Write an instant as New York date and time."""
    return pd.Timestamp(value).tz_convert(NEW_YORK).strftime("%Y-%m-%d %H:%M:%S") if known(value) else DASH


def minutes(value: Any) -> str:
    """Write a span of minutes in the unit a reader thinks in.

    Examples
    --------
    >>> minutes(0.2), minutes(48.3), minutes(273.4), minutes(None)
    ('0 min', '48 min', '4 h 33 min', '—')
    """
    if not known(value):
        return DASH
    total = round(abs(float(value)))
    return f"{total} min" if total < 120 else f"{total // 60} h {total % 60:02d} min"


def reading(spread: str, filter_state: str) -> str:
    """Put a ladder's spread in brackets where it is no reading of the filter.

    Examples
    --------
    >>> reading("3.21 %", "ZERO_BID"), reading("3.21 %", "MISSING_LEG"), reading("", "NO_DATA")
    ('3.21 %', '(3.21 %)', '')
    >>> reading("3.21 %", "NO_DATA")  # the forward of one expiry is not known, the others have theirs
    '(3.21 %)'
    """
    return spread if filter_state in READINGS or spread in {"", DASH} else f"({spread})"


def several(amount: int, one: str, many: str = "") -> str:
    """Write an amount with its noun.

    Examples
    --------
    >>> several(1, "ladder"), several(1200, "ladder")
    ('1 ladder', '1,200 ladders')
    """
    return f"{amount:,} {one if amount == 1 else many or one + 's'}"


def tally(values: "pd.Series[Any]") -> str:
    """Count values, most frequent first; a value shared by all stands alone.

    Examples
    --------
    >>> tally(pd.Series(["ARM", "HOLD", "ARM"])), tally(pd.Series(["ARM", "ARM"]))
    ('ARM 2 · HOLD 1', 'ARM')
    """
    counted = sorted(values.astype("str").value_counts().items(), key=lambda item: (-item[1], str(item[0])))
    if len(counted) == 1:
        return str(counted[0][0])
    return " · ".join(f"{name} {amount:,}" for name, amount in counted) or DASH


def listed(names: list[str], every: int, noun: str) -> str:
    """Name the members of a set, or say that it is all of them.

    Examples
    --------
    >>> listed(["A", "B"], 3, "hosts"), listed(["A", "B"], 2, "hosts")
    ('A, B', 'all 2 hosts')
    """
    return f"all {every} {noun}" if len(names) == every and every > 1 else ", ".join(names)


def _signed(value: float, digits: int) -> str:
    written = f"{value:,.{digits}f}"
    return "−" + written[1:] if written.startswith("-") and written.strip("-0.,") else written.lstrip("-")
