"""The futures exchange's files: settlements of an evening with their decoys, and the history of one contract.

Prices come from the same curve as the VIX options' forwards. Which URL asks for which file is the source's business.
"""

from datetime import date, timedelta

import numpy as np
from numpy.typing import NDArray

from alvh_core.expiries import IsSession, vix_week_settlement
from alvh_core.futures import MONTH_LETTERS, expiry_of, futures_symbol, listed_contracts
from alvh_core.market.noise import FloatArray
from alvh_core.market.paths import Factors, vix_forward
from alvh_core.market.series import daily_bars
from alvh_core.market.tables import INDEX_DAILY_VOL
from alvh_core.market.wire import csv_bytes

_HEADER = "Product,Symbol,Expiration Date,Price"
_HISTORY_HEADER = "Trade Date,Futures,Open,High,Low,Close,Settle,Change,Total Volume,EFP,Open Interest"
_DISCLAIMER = "Invented futures data, in the shape of files that open with a line of small print"
_STEP = 0.025  # of a settlement [VIX points]
_LISTED_DAYS, _QUIET_DAYS = 270, 250  # a contract is listed so long before it settles, and hardly traded at first
_DISCLAIMED_UNTIL = 2022
_SETTLE_HOUR, _CLOSE_HOUR = 9.5, 16.25


def settlement_bytes(asked: date, at: int | None, factors: Factors, is_session: IsSession) -> bytes:
    """Return the settlements of a day, header only where there is no session of it (yet).

    Parameters
    ----------
    asked : date
    at : int, optional
        Its position among the sessions.
    factors : Factors
    is_session : callable
        Date to bool.
    """
    if at is None:
        return csv_bytes([_HEADER])
    rows = []
    for symbol in listed_contracts(asked, is_session, count=9):
        expiry = expiry_of(symbol, asked, is_session)
        price = float(_curve(factors, np.array([at]), expiry)[0])
        week = vix_week_settlement(expiry - timedelta(days=expiry.weekday() - 2 + 7), is_session)
        rows.append(f"VX,{symbol},{expiry},{price:.4f}")
        if week > asked:
            rows.append(f"VX,VX{week:%V}/{symbol[-2:]},{week},{price:.4f}")
        rows.append(f"VXM,VXM/{symbol[-2:]},{expiry},{price:.4f}")
    return csv_bytes([_HEADER, *_final(asked, at, factors, is_session), *rows])


def history_bytes(expiry: date, dates: NDArray[np.datetime64], factors: Factors, is_session: IsSession) -> bytes | None:
    """Return the history of the contract that settles on a date, up to the last of some sessions; None for no such."""
    year, month = expiry.year, expiry.month  # a settlement day never leaves the month of its contract
    if expiry_of(futures_symbol(year, month), expiry, is_session) != expiry:
        return None
    since = np.datetime64(expiry - timedelta(days=_LISTED_DAYS), "D")
    chosen = np.flatnonzero((dates >= since) & (dates < np.datetime64(expiry, "D")))
    settle = _curve(factors, chosen, expiry)
    label = f"{MONTH_LETTERS[month - 1]} ({date(year, month, 1):%b %Y})"
    lines = [
        _history_row(str(day), label, now, before, (expiry - day.astype(object)).days)
        for day, now, before in zip(dates[chosen], settle, [*settle[:1], *settle[:-1]], strict=True)
    ]
    small_print = [_DISCLAIMER] if expiry.year < _DISCLAIMED_UNTIL else []
    return csv_bytes([*small_print, _HISTORY_HEADER, *lines])


def _history_row(day: str, label: str, settle: float, before: float, ahead: int) -> str:
    change = f"{settle - before:g}"
    if ahead > _QUIET_DAYS:
        return f"{day},{label},0.0000,0.0000,0.0000,0.0000,{settle:.4f},{change},0,0,0"
    low, high = min(settle, before) - 0.15, max(settle, before) + 0.2
    volume = 40 * (300 - ahead)
    return (f"{day},{label},{before:.4f},{high:.4f},{low:.4f},{settle:.4f},{settle:.4f},{change},{volume},0,"
            f"{3 * volume}")  # fmt: skip


def _curve(factors: Factors, chosen: NDArray[np.int64], expiry: date) -> FloatArray:
    days = (np.datetime64(expiry, "D") - factors.dates[chosen]).astype(np.float64)
    days = np.maximum(days + (_SETTLE_HOUR - _CLOSE_HOUR) / 24.0, 0.0)
    price = vix_forward(factors.vix[chosen], factors.anchor[chosen], days)
    return np.asarray(np.round(price / _STEP) * _STEP, dtype=np.float64)


def _final(asked: date, at: int, factors: Factors, is_session: IsSession) -> list[str]:
    """Return the row of the contract that settled this morning, to the opening: a monthly, or a weekly of its week."""
    wednesday = asked + timedelta(days=2 - asked.weekday())
    if vix_week_settlement(wednesday, is_session) != asked:
        return []
    symbol = futures_symbol(asked.year, asked.month)
    if expiry_of(symbol, asked, is_session) != asked:
        symbol = f"VX{asked:%V}/{symbol[-2:]}"
    opened = daily_bars("VIX", factors.vix, INDEX_DAILY_VOL, factors)["open"][at]
    return [f"VX,{symbol},{asked},{opened:.4f}"]
