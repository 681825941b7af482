"""Shared fixtures; append, do not overwrite. Test modules cannot import one another (no packages under tests)."""

import warnings
from collections.abc import Sequence
from datetime import date, datetime, time
from zoneinfo import ZoneInfo

import numpy as np
import pandas as pd
import pytest

from alvh_core import black, frames
from alvh_core.quotes import ChainHeader, normalise_quotes, snapshot_row
from alvh_core.schemas import RATE_CURVE, SNAPSHOTS
from alvh_core.universe import DEFAULT_UNIVERSE

NEW_YORK = ZoneInfo("America/New_York")


@pytest.fixture(scope="session")
def calendar():
    """The New York sessions from 2019 on."""
    from tasks.sources.exchange import load_calendar

    with warnings.catch_warnings():  # exchange_calendars 4.13 trips a deprecation of pandas 3.1
        warnings.simplefilter("ignore")
        return load_calendar()


class Chains:
    """Prices clean Black-76 chains and takes them through the front door: wire columns to canonical frames."""

    rate = 0.04  # continuously compounded, flat

    def __init__(self, calendar, universe=DEFAULT_UNIVERSE):
        self.calendar, self.universe = calendar, universe

    def years(self, symbol: str, root: str, expiry: date, quote_at: datetime) -> float:
        """Time to settlement: 09:30 for AM and SOQ, 16:00 else, New York."""
        settlement = next(r.settlement for r in self.universe[symbol].roots if r.name == root)
        clock = time(16, 0) if settlement == "PM" else time(9, 30)
        settle = datetime.combine(expiry, clock, tzinfo=NEW_YORK)
        return (settle - quote_at.replace(tzinfo=NEW_YORK)).total_seconds() / (365.0 * 86_400.0)

    def wire(self, symbol: str, expiries: Sequence[tuple], strikes: Sequence[float], *, quote_at: datetime,
             spread_frac: float = 0.02, min_spread: float = 0.0) -> pd.DataFrame:  # fmt: skip
        """Wire columns of one chain.

        ``expiries`` holds (root, expiry date, forward, volatility); volatility may be a function of the strike.
        """
        rows = []
        for root, expiry, forward, vol in expiries:
            years = self.years(symbol, root, expiry, quote_at)
            for strike in strikes:
                for right in "CP":
                    sigma = vol(strike) if callable(vol) else vol
                    mid = float(black.price(forward, strike, years, sigma, np.exp(-self.rate * years), right == "C"))
                    half = max(spread_frac * mid, min_spread) / 2.0
                    option = f"{root}{expiry:%y%m%d}{right}{round(strike * 1000):08d}"
                    rows.append((option, mid - half, mid + half, 50.0, 60.0, sigma, 1000.0, 200.0, 0.5))
        names = ["option", "bid", "ask", "bid_size", "ask_size", "iv", "open_interest", "volume", "delta"]
        raw = pd.DataFrame(rows, columns=names)
        raw.insert(0, "row_position", np.arange(len(raw)))
        raw.insert(0, "underlying", pd.Categorical([symbol] * len(raw)))
        return raw

    def header(self, symbol: str, quote_at: datetime | None, *, spot: float = 20.0, contracts: int = 1) -> ChainHeader:
        return ChainHeader(
            symbol=symbol, rendered_at_utc=datetime(2026, 7, 17, 1, 0), quote_at=quote_at, underlying_price_usd=spot,
            iv30_vol=0.8, contracts_count=contracts, payload_sha256=symbol.lower() * 3, url=f"https://x/{symbol}.json",
        )  # fmt: skip

    def snapshots(self, spots: dict[str, float], quote_at: datetime) -> pd.DataFrame:
        """`SNAPSHOTS` of several chains quoted at one New York wall time, simulated."""
        session = self.calendar.session(quote_at.date())
        rows = [
            snapshot_row(self.header(s, quote_at, spot=spot), self.universe[s], session, calendar=self.calendar,
                         source_mode="simulated", venue_scope="test")
            for s, spot in spots.items()
        ]  # fmt: skip
        return frames.conform(pd.DataFrame(rows), SNAPSHOTS)

    def normalise(self, raw: pd.DataFrame, snapshots: pd.DataFrame) -> tuple[pd.DataFrame, pd.DataFrame]:
        return normalise_quotes(raw, snapshots, self.universe, self.calendar)

    def curve(self, day: date) -> pd.DataFrame:
        """A flat curve at ``rate``."""
        tenors = np.array([1 / 12, 0.5, 1.0, 2.0])
        return frames.conform(
            pd.DataFrame({
                "trade_date": pd.Timestamp(day), "source_mode": "simulated", "curve_date": pd.Timestamp(day),
                "tenor_years": tenors, "par_yield_frac": 2.0 * np.expm1(self.rate / 2.0), "zero_rate_frac": self.rate,
                "payload_sha256": "c", "row_position": np.arange(4),
            }),
            RATE_CURVE,
        )  # fmt: skip


@pytest.fixture(scope="session")
def chains(calendar):
    """A maker of clean chains."""
    return Chains(calendar)
