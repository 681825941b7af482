"""The exchange calendar as arrays, with a file of overrides for closures that libraries learn of too late.

The only importer of exchange_calendars. Rules on sessions are pure (`alvh_core.sessions`).
"""

import tomllib
from datetime import date, datetime, time, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

import numpy as np

from alvh_core.errors import ContractError
from alvh_core.sessions import NEW_YORK, TradingCalendar

FIRST_SESSION = date(2019, 1, 2)


def load_calendar(overrides: Path | None = None) -> TradingCalendar:
    """Load the New York sessions from 2019 to about a year ahead.

    Parameters
    ----------
    overrides : Path, optional
        TOML with ``closed = [dates]`` and ``early_closes = {"2026-12-24" = "13:00"}``, New York time. A closure that
        the library knows by now does no harm.

    Returns
    -------
    TradingCalendar

    Raises
    ------
    ContractError
        The override file is not there or no TOML, has an unknown key, a value that is no date or time, or closes a day
        early that is no session.
    """
    import exchange_calendars  # noqa: PLC0415 - half a second, not needed by `alvh query`

    calendar = exchange_calendars.get_calendar("XNYS", start=str(FIRST_SESSION))
    regular = TradingCalendar(
        dates=calendar.sessions.to_numpy().astype("datetime64[D]"),
        opens_utc=calendar.opens.dt.tz_localize(None).to_numpy().astype("datetime64[s]"),
        closes_utc=calendar.closes.dt.tz_localize(None).to_numpy().astype("datetime64[s]"),
    )
    return regular if overrides is None else _overridden(regular, overrides)


def early_closes(calendar: TradingCalendar) -> frozenset[date]:
    """Return the sessions shorter than six and a half hours."""
    length = calendar.closes_utc - calendar.opens_utc
    return frozenset(calendar.dates[length < np.timedelta64(timedelta(hours=6, minutes=30))].astype(object).tolist())


def _overridden(regular: TradingCalendar, path: Path) -> TradingCalendar:
    closed, early = _read(path)
    closes = regular.closes_utc.copy()
    for day, clock in early.items():
        at = np.flatnonzero(regular.dates == np.datetime64(day))
        close = np.datetime64(_utc(day, clock), "s")
        if day in closed or not len(at) or not regular.opens_utc[at[0]] < close <= regular.closes_utc[at[0]]:
            raise ContractError(f"{path}: early_closes: expected a session between {regular.dates[0]} and "
                                f"{regular.dates[-1]} and a time while it is open, found {day} {clock}")  # fmt: skip
        closes[at] = close
    keep = ~np.isin(regular.dates, np.array(closed, dtype="datetime64[D]"))
    return TradingCalendar(dates=regular.dates[keep], opens_utc=regular.opens_utc[keep], closes_utc=closes[keep])


def _utc(day: date, clock: time) -> datetime:
    local = datetime.combine(day, clock, tzinfo=ZoneInfo(NEW_YORK))
    return local.astimezone(ZoneInfo("UTC")).replace(tzinfo=None)


def _read(path: Path) -> tuple[list[date], dict[date, time]]:
    try:
        document = tomllib.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise ContractError(f"ALVH_CALENDAR_FILE: expected a TOML file at {path}: {error}") from error
    for key in document:
        if key not in {"closed", "early_closes"}:
            raise ContractError(f"{path}: unknown key {key!r}; expected closed, early_closes")
    closed, early = document.get("closed", []), document.get("early_closes", {})
    if not isinstance(closed, list) or not isinstance(early, dict):
        raise ContractError(f"{path}: expected closed as a list of dates and early_closes as a table of date = time, "
                            f"found {closed!r} and {early!r}")  # fmt: skip
    try:
        return (
            [date.fromisoformat(str(day)) for day in closed],
            {date.fromisoformat(day): time.fromisoformat(str(clock)) for day, clock in early.items()},
        )
    except ValueError as error:
        raise ContractError(f"{path}: expected ISO dates and times: {error}") from error
