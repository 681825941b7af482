"""The simulated market: one object that answers for every vendor file of any session, byte for byte the same each time.

A pure function of the universe, the sessions and the seed; the instance only remembers what it has computed. Which URL
asks for which file is the transport's business.
"""

import json
from collections.abc import Collection, Mapping
from datetime import date

import numpy as np
from numpy.typing import NDArray

from alvh_core.errors import ContractError
from alvh_core.market import (
    company_facts,
    futures_files,
    macro_files,
    macro_values,
    stock_files,
    vendor_chains,
    wire,
)
from alvh_core.market.chain import ChainSource
from alvh_core.market.header import Clock, chain_header, previous_days
from alvh_core.market.noise import name_code
from alvh_core.market.paths import Factors
from alvh_core.market.profiles import profile_of
from alvh_core.market.series import build_series
from alvh_core.market.tables import CLOSE_ONLY_INDICES, OHLC_INDICES, index_rows, treasury_file
from alvh_core.universe import Asset

FIRST_SESSION = date(2020, 1, 1)
_DAYS_BEYOND = 4 * 366
_NO_CHART = ("_NDX", "_RUT")  # the real feed has no daily history of these
_LONGEST_MEMORY = 60  # sessions since the oldest last trade
_CHART_DELAY_SECONDS = 720
_NIGHTS_REMEMBERED = 4  # as many chains as are landed side by side


class SimulatedMarket:
    """A seeded market that speaks the vendors' wire formats.

    Parameters
    ----------
    universe : mapping of str to Asset
        What is quoted; a symbol that is not in it is unknown.
    sessions : ndarray of datetime64[D]
        Ascending exchange sessions. Beyond the last one every weekday is a session.
    early_closes : collection of date
        Sessions that end at 13:00.
    seed : int
        Same seed, same bytes.
    quirks : bool
        Plant the faults that real files have, at a low rate.
    density : float
        Scales strikes in proportion and, above one, expiries by its square root.

    Raises
    ------
    ContractError
        The sessions are not ascending, or the density is not positive.

    Notes
    -----
    Every answer depends on the arguments and on what happened up to the session only: the history seen from one session
    is the first part of the history seen from the next.
    """

    def __init__(
        self,
        universe: Mapping[str, Asset],
        sessions: NDArray[np.datetime64],
        early_closes: Collection[date] = (),
        *,
        seed: int = 442,
        quirks: bool = True,
        density: float = 1.0,
    ) -> None:
        days = np.asarray(sessions, dtype="datetime64[D]")
        if not len(days) or (np.diff(days) <= np.timedelta64(0, "D")).any():
            raise ContractError(
                f"simulated market: expected ascending session dates, found {len(days)} unordered or none"
            )
        if not density > 0.0:
            raise ContractError(f"simulated market: expected a density above zero, found {density}")
        beyond = days[-1] + np.arange(1, _DAYS_BEYOND).astype("timedelta64[D]")
        self._dates = np.concatenate([days, beyond[np.is_busday(beyond)]])
        self._positions: dict[date, int] = {day: at for at, day in enumerate(self._dates.astype(object))}
        self._last: date = self._dates[-1].astype(object)
        self._assets = {asset.wire_symbol: asset for asset in universe.values()}
        self._clock = Clock(frozenset(early_closes))
        self._seed, self._quirks, self._density = seed, quirks, density
        self._factors_seen: Factors | None = None
        self._sources_seen: dict[str, ChainSource] = {}
        self._rows_seen: dict[str, list[str]] = {}
        self._nights_seen: dict[tuple[str, date], vendor_chains.Night] = {}

    def chain(self, wire_symbol: str, session: date) -> bytes | None:
        """Return the option chain file of a symbol after the close of a session.

        Parameters
        ----------
        wire_symbol : str
            The vendor's name, e.g. ``_VIX`` or ``SPY``.
        session : date
            From 2020 on.

        Returns
        -------
        bytes or None
            JSON; None when the symbol is unknown.

        Raises
        ------
        ContractError
            The date is no session, or too early.
        """
        at = self._position(session)
        source = self._source(wire_symbol)
        if source is None:
            return None
        days = previous_days(self._dates, at, _LONGEST_MEMORY)
        rows = wire.option_rows(source.columns(at), days, is_single_precision=self._quirks)
        header = chain_header(source.asset, source.series, at=at, session=session, seed=self._seed,
                              close_hour=self._clock.close_hour(source.asset, session))  # fmt: skip
        return wire.chain_bytes(rows, header, wire_symbol=wire_symbol, rendered_at=self._rendered(wire_symbol, session))

    def tradier_page(self, asked: Mapping[str, str], session: date) -> bytes | None:
        """Return one of Tradier's pages of a chain; None for a symbol that is not known."""
        night = self._night(asked.get("symbol", asked.get("symbols", "")), session)
        return None if night is None else vendor_chains.tradier_page(night, asked)

    def massive_page(self, asked: Mapping[str, str], session: date) -> bytes | None:
        """Return a page of Massive's snapshot of a chain; None for a symbol that is not known."""
        night = self._night(asked["name"].removeprefix("I:"), session)
        return None if night is None else vendor_chains.massive_page(night, asked)

    def schwab_chain(self, asked: Mapping[str, str], session: date) -> bytes | None:
        """Return Schwab's chain, or a window of it; None for a symbol that is not known."""
        night = self._night(asked.get("symbol", "").removeprefix("$"), session)
        return None if night is None else vendor_chains.schwab_chain(night, asked)

    def _night(self, symbol: str, session: date) -> vendor_chains.Night | None:
        """Return a symbol's chain as every vendor starts from it; the last few are remembered, for their pages."""
        source = next((self._source(wire) for wire, asset in self._assets.items() if asset.symbol == symbol), None)
        if source is None:
            return None
        seen = self._nights_seen.get((symbol, session))
        if seen is None:
            at = self._position(session)
            header = chain_header(source.asset, source.series, at=at, session=session, seed=self._seed,
                                  close_hour=self._clock.close_hour(source.asset, session))  # fmt: skip
            seen = vendor_chains.Night(
                symbol=symbol, is_index=source.asset.is_index, session=session, columns=source.columns(at),
                days=previous_days(self._dates, at, _LONGEST_MEMORY), header=header,
            )  # fmt: skip
            while len(self._nights_seen) >= _NIGHTS_REMEMBERED:
                self._nights_seen.pop(next(iter(self._nights_seen.copy()), (symbol, session)), None)
            self._nights_seen[symbol, session] = seen
        return seen

    def bars(self, wire_symbol: str, session: date) -> bytes | None:
        """Return the daily chart file of a symbol, whose last bar is the session.

        Parameters
        ----------
        wire_symbol : str
            The vendor's name.
        session : date
            From 2020 on.

        Returns
        -------
        bytes or None
            JSON; None for an unknown symbol and for those the vendor has no history of.
        """
        at = self._position(session)
        source = None if wire_symbol in _NO_CHART else self._source(wire_symbol)
        if source is None:
            return None
        if wire_symbol not in self._rows_seen:
            dates = self._dates.astype(str).tolist()
            self._rows_seen[wire_symbol] = wire.bar_rows(dates, source.series, is_text=source.asset.is_index)
        rows = self._rows_seen[wire_symbol][: at + 1]
        rendered_at = self._rendered(wire_symbol, session, _CHART_DELAY_SECONDS)
        return wire.bars_bytes(rows, wire_symbol=wire_symbol, rendered_at=rendered_at)

    def index_history(self, name: str, session: date) -> bytes | None:
        """Return the daily history file of a volatility index, whose last row is the session.

        Parameters
        ----------
        name : str
            Ticker without underscore: VIX, VXN, RVX, VIX9D, VIX3M, VIX6M (open to close), VVIX, SKEW (close only).
        session : date
            From 2020 on.

        Returns
        -------
        bytes or None
            CSV; None for any other name.
        """
        at = self._position(session)
        if name not in OHLC_INDICES and name not in CLOSE_ONLY_INDICES:
            return None
        key = f"index {name}"
        if key not in self._rows_seen:
            self._rows_seen[key] = index_rows(name, self._factors)
        return wire.csv_bytes(self._rows_seen[key][: at + 2])

    def vx_settlements(self, asked: date, session: date) -> bytes:
        """Return the futures exchange's settlements of a day, as known on the evening of a session: CSV."""
        at = self._positions.get(asked) if asked <= session else None
        return futures_files.settlement_bytes(asked, at, self._factors, self._is_session)

    def vx_history(self, expiry: date, session: date) -> bytes | None:
        """Return the history of a VIX future by its settlement date; it is a session late. None for no such future."""
        dates = self._dates[: self._position(session)]
        return futures_files.history_bytes(expiry, dates, self._factors, self._is_session)

    def share_prices(self, ticker: str, session: date, asked: Mapping[str, str]) -> bytes | None:
        """Return prices as traded with dividends and splits: JSON; None for an index or an unknown symbol."""
        dates = self._dates[: self._position(session) + 1]
        source = None if ticker.startswith("_") else self._source(ticker)
        if source is None:
            return None
        return json.dumps(stock_files.price_rows(ticker, source.series, source.profile, dates, asked)).encode()

    def grouped_daily(self, asked: date, session: date) -> bytes | None:
        """Return the closes of all shares of a day: JSON; None before the day's release."""
        if asked > session:
            return None
        at = self._positions.get(asked)
        wires = [name for name in self._assets if not name.startswith("_")]
        sources = {name: self._source(name) for name in wires} if at is not None else {}
        closes = {name: float(source.series.close[at]) for name, source in sources.items() if source is not None}
        return stock_files.grouped_bytes(asked, at, self._factors, closes)

    def reference_tickers(self, asked: Mapping[str, str]) -> bytes:
        """Return a page of the common stock of the exchange: JSON."""
        return stock_files.reference_bytes(asked)

    def treasury_curve(self, year: int, session: date) -> bytes:
        """Return the Treasury's par yield curve file of a year, newest first, up to the session.

        Parameters
        ----------
        year : int
            Calendar year; a year without rows so far gives a header only.
        session : date
            From 2020 on.

        Returns
        -------
        bytes
            CSV in percent. Two bank holidays on which the exchange trades are absent.
        """
        return treasury_file(year, self._factors, self._position(session))

    def company_facts(self, cik: int, session: date) -> bytes | None:
        """Return what a company has reported to the SEC up to a session: JSON; None for one that is not known."""
        self._position(session)
        asset = next((a for a in self._assets.values() if a.cik == cik and a.asset_class == "single_stock"), None)
        if asset is None:
            return None
        return company_facts.facts_bytes(asset.symbol, cik, profile_of(asset, self._seed), session, self._seed)

    def fed_calendar(self, session: date) -> bytes:
        """Return the Federal Reserve's calendar of last year, this one and the next: JSON with a byte order mark."""
        return macro_files.fed_bytes(session)

    def bls_calendar(self, session: date) -> bytes:
        """Return the Bureau of Labor Statistics' calendar as it stands on a session: iCalendar."""
        return macro_files.bls_bytes(session)

    def bea_calendar(self, session: date) -> bytes:
        """Return the Bureau of Economic Analysis' release dates as they stand on a session: JSON."""
        return macro_files.bea_bytes(session)

    def observations(self, series_id: str, session: date, asked: Mapping[str, str]) -> bytes | None:
        """Return FRED's JSON of a series, vintage by vintage, as published up to a session.

        Parameters
        ----------
        series_id : str
        session : date
        asked : mapping of str to str
            The query: observation_start, realtime_start and realtime_end.

        Returns
        -------
        bytes or None
            None for a series that the market does not know.
        """
        start, since = asked.get("observation_start", "2020-01-01"), asked.get("realtime_start", str(session))
        found = self._releases(series_id, session, start)
        return None if found is None else macro_values.api_bytes(found, since=since, until=str(session), start=start)

    def graph(self, series_id: str, session: date, asked: Mapping[str, str]) -> bytes | None:
        """Return FRED's keyless CSV of a series as it stands on a session; None for one that is not known."""
        found = self._releases(series_id, session, asked.get("cosd", "2020-01-01"))
        return None if found is None else macro_values.graph_bytes(series_id, found)

    def _releases(self, series_id: str, session: date, start: str) -> list[macro_values.Release] | None:
        at = self._position(session)
        return macro_values.releases(series_id, self._dates[: at + 1], self._factors.curve_percent[: at + 1], start,
                                     self._seed)  # fmt: skip

    @property
    def _factors(self) -> Factors:
        if self._factors_seen is None:
            self._factors_seen = Factors(self._dates, self._seed)
        return self._factors_seen

    def _position(self, session: date) -> int:
        at = self._positions.get(session)
        if session < FIRST_SESSION:
            raise ContractError(f"simulated market: expected a session from {FIRST_SESSION} on, found {session}")
        if at is None:
            raise ContractError(
                f"simulated market: {session} is no session between {self._dates[0]} and {self._last}; "
                "ask for a trading day, or pass more sessions"
            )
        return at

    def _is_session(self, day: date) -> bool:
        return day in self._positions or (day > self._last and day.weekday() < 5)

    def _rendered(self, wire_symbol: str, session: date, later_seconds: int = 0) -> str:
        return self._clock.rendered_at(session, later_seconds + name_code(wire_symbol) % 50)

    def _source(self, wire_symbol: str) -> ChainSource | None:
        asset = self._assets.get(wire_symbol)
        if asset is not None and wire_symbol not in self._sources_seen:
            profile = profile_of(asset, self._seed)
            self._sources_seen[wire_symbol] = ChainSource(
                asset=asset, profile=profile, factors=self._factors, clock=self._clock, is_session=self._is_session,
                series=build_series(asset.symbol, profile, self._factors, asset_class=asset.asset_class),
                density=self._density, has_quirks=self._quirks,
            )  # fmt: skip
        return self._sources_seen.get(wire_symbol)
