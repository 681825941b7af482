"""File headers and time stamps: what the vendor says about the underlying and about the moment of rendering.

Clock rules of the vendor live here: New York wall time in the data, UTC on the envelope. Contracts are not
described here.
"""

from collections.abc import Collection
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import numpy as np

from alvh_core.market.noise import generator
from alvh_core.market.series import Series
from alvh_core.universe import Asset

_NEW_YORK = ZoneInfo("America/New_York")
_CLOSE_HOUR, _EARLY_CLOSE_HOUR = 16.0, 13.0
_INDEX_EXTRA_HOURS = 0.25
_RENDER_DELAY = timedelta(minutes=33)  # after the index close: delay of the feed and a margin


@dataclass(frozen=True)
class Clock:
    """When a session ends; knows the exchange's early closes."""

    early_closes: Collection[date]

    def close_hour(self, asset: Asset, session: date) -> float:
        """Return the close of a symbol's options, New York. [hours]."""
        hour = _EARLY_CLOSE_HOUR if session in self.early_closes else _CLOSE_HOUR
        return hour + (_INDEX_EXTRA_HOURS if asset.is_index else 0.0)

    def rendered_at(self, session: date, seconds: int) -> str:
        """Return the envelope's time stamp, UTC, so many seconds after the file could first be made."""
        hour = _EARLY_CLOSE_HOUR if session in self.early_closes else _CLOSE_HOUR
        close = midnight(session) + timedelta(hours=hour + _INDEX_EXTRA_HOURS)
        rendered = (close + _RENDER_DELAY + timedelta(seconds=seconds)).replace(tzinfo=_NEW_YORK)
        return rendered.astimezone(UTC).strftime("%Y-%m-%d %H:%M:%S")


def midnight(session: date) -> datetime:
    """Return the start of a date as wall time."""
    return datetime.fromordinal(session.toordinal())


def chain_header(
    asset: Asset, series: Series, *, at: int, session: date, close_hour: float, seed: int
) -> dict[str, Any]:
    """Return the underlying's part of a chain file, in the vendor's order.

    Parameters
    ----------
    asset, series : Asset, Series
        The symbol and its daily paths.
    at : int
        Position of the session in the paths.
    session : date
    close_hour : float
        Close, New York. [hours]
    seed : int
        Seed of the market.
    """
    rng = generator(seed, "header", asset.symbol, session.toordinal())
    index = asset.is_index  # without a bid and an ask of its own
    close, before = float(series.close[at]), float(series.close[max(at - 1, 0)])
    # an index ticks just after the bell, a share just before it
    late = int(rng.integers(0, 4)) if index else -int(rng.integers(0, 3))
    last_trade = midnight(session) + timedelta(hours=close_hour, seconds=late)
    change = round(close - before, 4)
    iv_before, iv_now = (100.0 * series.iv[[max(at - 1, 0), at]]).tolist()
    return {
        "symbol": asset.wire_symbol.replace("_", "^"),
        "security_type": "index" if index else "stock",
        "exchange_id": 5 if index else 3,
        "current_price": close,
        "price_change": change,
        "price_change_percent": round(100.0 * change / before, 4),
        "bid": 0.0 if index else round(close - 0.01, 2),
        "ask": 0.0 if index else round(close + 0.01, 2),
        "bid_size": 0.0 if index else float(rng.integers(1, 40)),
        "ask_size": 0.0 if index else float(rng.integers(1, 40)),
        "open": float(series.open[at]),
        "high": float(series.high[at]),
        "low": float(series.low[at]),
        "close": close,
        "prev_day_close": before,
        "volume": 0 if index else int(series.volume[at]),
        "iv30": round(iv_now, 3),
        "iv30_change": round(iv_now - iv_before, 3),
        "iv30_change_percent": round(100.0 * (iv_now - iv_before) / iv_before, 4),
        "seqno": int(45_000_000_000 + rng.integers(0, 1_000_000_000)),
        "last_trade_time": last_trade.isoformat(),
        "tick": "up" if change > 0 else "down" if change < 0 else "no_change",
    }


def previous_days(dates: np.ndarray[Any, np.dtype[np.datetime64]], at: int, count: int) -> list[str]:
    """Return the ISO dates of the last sessions, newest first."""
    found: list[str] = dates[max(at - count, 0) : at + 1][::-1].astype(str).tolist()
    return found
