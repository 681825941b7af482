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
        TOML with ``closed = [dates]`` and ``early_closes = {"2026-12-24" = "13:00"}``.

    Returns
    -------
    TradingCalendar

    Raises
    ------
    ContractError
        The override file has an unknown key or a value that is no date or time.
    """
    import exchange_calendars  # noqa: PLC0415 - half a second, not needed by `alvh query`

    calendar = exchange_calendars.get_calendar("XNYS", start=str(FIRST_SESSION))
    dates = calendar.sessions.to_numpy().astype("datetime64[D]")
    opens = calendar.opens.dt.tz_localize(None).to_numpy().astype("datetime64[s]")
    closes = calendar.closes.dt.tz_localize(None).to_numpy().astype("datetime64[s]")
    if overrides is not None:
        closed, early = _read(overrides)
        for day, clock in early.items():
            local = datetime.combine(day, clock, tzinfo=ZoneInfo(NEW_YORK)).astimezone(ZoneInfo("UTC"))
            closes[dates == np.datetime64(day)] = np.datetime64(local.replace(tzinfo=None), "s")
        keep = ~np.isin(dates, np.array(closed, dtype="datetime64[D]"))
        dates, opens, closes = dates[keep], opens[keep], closes[keep]
    return TradingCalendar(dates=dates, opens_utc=opens, closes_utc=closes)


def early_closes(calendar: TradingCalendar) -> frozenset[date]:
    """Return the sessions shorter than six and a half hours."""
    length = calendar.closes_utc - calendar.opens_utc
    return frozenset(calendar.dates[length < np.timedelta64(timedelta(hours=6, minutes=30))].astype(object).tolist())


def _read(path: Path) -> tuple[list[date], dict[date, time]]:
    document = tomllib.loads(path.read_text(encoding="utf-8"))
    for key in document:
        if key not in {"closed", "early_closes"}:
            raise ContractError(f"{path}: unknown key {key!r}; expected closed, early_closes")
    try:
        closed = [date.fromisoformat(str(day)) for day in document.get("closed", [])]
        early = {date.fromisoformat(d): time.fromisoformat(str(t)) for d, t in document.get("early_closes", {}).items()}
    except ValueError as error:
        raise ContractError(f"{path}: expected ISO dates and times: {error}") from error
    return closed, early
