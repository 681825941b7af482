"""Listed expiry dates: third Fridays, VIX settlement days and their holiday shifts, as pure date rules.

A rule takes ``is_session`` (a date to bool) instead of a calendar, so any exchange calendar or a plain set will
do. Which expiries a symbol lists on a night is not known here.
"""

from collections.abc import Callable
from datetime import date, timedelta

IsSession = Callable[[date], bool]

ONE_DAY = timedelta(days=1)
_VIX_LAG = timedelta(days=30)


def is_weekday(day: date) -> bool:
    """Stand in for an exchange's calendar where none is at hand."""
    return day.weekday() < 5


def third_friday(year: int, month: int) -> date:
    """Return the third Friday of a month.

    Examples
    --------
    >>> third_friday(2026, 6)
    datetime.date(2026, 6, 19)
    """
    first = date(year, month, 1)
    return first + timedelta(days=(4 - first.weekday()) % 7 + 14)


def next_month(year: int, month: int, ahead: int = 1) -> tuple[int, int]:
    """Return year and month so many months ahead (negative: back)."""
    years, zero_based = divmod(year * 12 + month - 1 + ahead, 12)
    return years, zero_based + 1


def last_session_on_or_before(day: date, is_session: IsSession) -> date:
    """Return the day itself when it is a session, else the last session before it."""
    while not is_session(day):
        day -= ONE_DAY
    return day


def monthly_expiry(year: int, month: int, is_session: IsSession) -> date:
    """Return the standard monthly expiry of equity and index options.

    The third Friday, or the session before it when that Friday is a holiday (2026-06-18).
    """
    return last_session_on_or_before(third_friday(year, month), is_session)


def month_end(year: int, month: int, is_session: IsSession) -> date:
    """Return the last session of a month, when quarterly and month-end options expire."""
    following = date(*next_month(year, month), 1)
    return last_session_on_or_before(following - ONE_DAY, is_session)


def vix_settlement(year: int, month: int, is_session: IsSession) -> date:
    """Return the settlement date of the standard VIX contract of a month.

    The Wednesday 30 days before the third Friday of the following month; when that Wednesday or that Friday is a
    holiday, the session before that Wednesday. Trading ends on the session before.

    References
    ----------
    Cboe, "VIX options product specifications".
    """
    return vix_week_settlement(third_friday(*next_month(year, month)) - _VIX_LAG, is_session)


def vix_week_settlement(wednesday: date, is_session: IsSession) -> date:
    """Return the settlement date of the VIX contract, weekly or monthly, of a nominal Wednesday."""
    if is_session(wednesday) and is_session(wednesday + _VIX_LAG):
        return wednesday
    return last_session_on_or_before(wednesday - ONE_DAY, is_session)


def is_vix_monthly(wednesday: date) -> bool:
    """Tell whether the nominal Wednesday belongs to a standard monthly contract, not to a weekly."""
    friday = wednesday + _VIX_LAG
    return friday == third_friday(friday.year, friday.month)
