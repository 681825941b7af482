"""Wire columns to canonical option quotes: OCC symbols, roots, settlement instants, quote states.

Input is what a provider's parser decoded, column by column; output is `OPTION_QUOTES`. Rows that cannot be keyed (no
OCC symbol, unknown root) come back apart with their reason, so that rows in = rows out + rows rejected. No judgement
of prices here: that is validation.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from alvh_core import frames
from alvh_core.errors import ContractError, SkippableError
from alvh_core.schemas import OPTION_QUOTES
from alvh_core.sessions import NEW_YORK, Session, TradingCalendar, quote_clock
from alvh_core.universe import AM, SOQ, Asset, Root

OCC_PATTERN = r"[A-Z0-9]{1,6}\d{6}[CP]\d{8}"
SECONDS_PER_YEAR = 365.0 * 86_400.0
WIRE_NUMBERS = ("bid", "ask", "bid_size", "ask_size", "iv", "open_interest", "volume", "delta")


@dataclass(frozen=True, kw_only=True)
class ChainHeader:
    """What a chain file says about itself.

    Attributes
    ----------
    symbol : str
        Our symbol.
    rendered_at_utc, quote_at : datetime
        Envelope time in UTC, and the underlying's last tick as New York wall time; either may be None.
    underlying_price_usd, iv30_vol : float
        Vendor's last price and 30-day volatility (decimal); NaN where absent.
    contracts_count : int
    payload_sha256, url : str
    """

    symbol: str
    rendered_at_utc: datetime | None
    quote_at: datetime | None
    underlying_price_usd: float
    iv30_vol: float
    contracts_count: int
    payload_sha256: str
    url: str


def snapshot_row(header: ChainHeader, asset: Asset, session: Session, *, calendar: TradingCalendar, source_mode: str,
                 venue_scope: str) -> dict[str, object]:  # fmt: skip
    """Check that a chain belongs to the session and describe when its quotes were taken.

    Returns
    -------
    dict
        One row of `SNAPSHOTS`.

    Raises
    ------
    SkippableError
        The chain is empty, has no clock, or shows another session.
    """
    where = f"{header.symbol}: {header.url}"
    if header.contracts_count == 0:
        raise SkippableError(f"{where}: expected option contracts, found an empty chain")
    if header.quote_at is None:
        raise SkippableError(f"{where}: expected data.last_trade_time, found none; the session cannot be told")
    quote_at = _instant(header.quote_at, NEW_YORK)
    found = _session_of(quote_at, calendar)
    if found != session.trade_date:
        raise SkippableError(
            f"{where}: expected quotes of session {session.trade_date}, found {header.quote_at} New York, "
            f"which is session {found}"
        )
    rendered = _instant(header.rendered_at_utc, "UTC") if header.rendered_at_utc else quote_at
    to_close = (session.close_at_utc - quote_at).total_seconds() / 60.0
    length = (session.close_at_utc - session.open_at_utc).total_seconds() / 60.0
    return {
        "trade_date": session.trade_date, "source_mode": source_mode, "underlying": header.symbol,
        "asset_class": asset.asset_class, "quote_at_utc": quote_at.tz_convert("UTC"),
        "rendered_at_utc": rendered.tz_convert("UTC"),
        "quote_age_minutes": (rendered - quote_at).total_seconds() / 60.0, "minutes_to_close": to_close,
        "quote_clock": quote_clock(to_close, length), "venue_scope": venue_scope,
        "underlying_price_usd": header.underlying_price_usd, "vendor_iv30_vol": header.iv30_vol,
        "contracts_count": header.contracts_count, "payload_sha256": header.payload_sha256,
    }  # fmt: skip


def _instant(wall: datetime, zone: str) -> pd.Timestamp:
    """Read a vendor's time: in the zone it is documented to be in, unless it says another one itself."""
    stamp = pd.Timestamp(wall)
    if stamp.tzinfo is not None:
        return stamp
    return stamp.tz_localize(zone, ambiguous=True, nonexistent="shift_forward")


def _session_of(instant: pd.Timestamp, calendar: TradingCalendar) -> date | None:
    """Return the session, None before all sessions: a clock that was never set is the vendor's fault, not ours."""
    try:
        return calendar.session_of(instant)
    except ContractError:
        return None


def normalise_quotes(raw: pd.DataFrame, snapshots: pd.DataFrame, universe: Mapping[str, Asset],
                     calendar: TradingCalendar) -> tuple[pd.DataFrame, pd.DataFrame]:  # fmt: skip
    """Turn decoded wire columns of any number of chains into canonical quotes.

    Parameters
    ----------
    raw : DataFrame
        Columns ``underlying`` (category), ``row_position``, ``option`` (unpadded OCC symbol) and `WIRE_NUMBERS`.
    snapshots : DataFrame
        `SNAPSHOTS`, one row per underlying in ``raw``.
    universe : mapping of str to Asset
    calendar : TradingCalendar

    Returns
    -------
    quotes : DataFrame
        `OPTION_QUOTES`; prices as found, even illegal ones.
    rejects : DataFrame
        Rows of ``raw`` without a usable key, with ``reason`` and ``payload_sha256``.
    """
    option = raw["option"].astype("str")
    underlying = raw["underlying"].astype("category")
    pairs = _RootPairs(underlying, option.str.slice(0, -15).astype("category"), universe)
    reason = _key_faults(option, pairs)
    bad = reason.notna().to_numpy()
    hashes = dict(zip(snapshots["underlying"].astype("str"), snapshots["payload_sha256"], strict=True))
    rejects = raw[bad].assign(reason=reason[bad], payload_sha256=raw.loc[bad, "underlying"].astype("str").map(hashes))
    good = raw[~bad].reset_index(drop=True)
    quotes = _keyed(good, pairs.only(~bad), snapshots, calendar)
    return frames.conform(quotes.assign(**_quote_columns(good)), OPTION_QUOTES), rejects.reset_index(drop=True)


def _key_faults(option: pd.Series, pairs: "_RootPairs") -> pd.Series:
    reason = pd.Series(None, index=option.index, dtype="str")
    reason[~pairs.is_known()] = "UNKNOWN_ROOT: no settlement rule for this root"
    is_symbol = option.str.fullmatch(OCC_PATTERN).fillna(False).astype(bool)
    is_dated = _dates(option.str.slice(-15, -9)).notna()
    reason[~(is_symbol & is_dated)] = "BAD_SYMBOL: not an OCC symbol"
    return reason


def find_root(asset: Asset, name: str) -> Root | None:
    """Return the root a contract belongs to; ``UVXY1`` (adjusted) belongs to ``UVXY``. None if there is none."""
    by_name = {root.name: root for root in asset.roots}
    return by_name.get(name) or by_name.get(name.rstrip("0123456789"))


class _RootPairs:
    """The (underlying, root) of every row: looked up once per pair, a few hundred a night, never once per row."""

    def __init__(self, underlying: pd.Series, root: pd.Series, universe: Mapping[str, Asset]) -> None:
        self.underlying, self.root, self._universe = underlying, root, universe
        width = max(len(root.cat.categories), 1)
        numbers = underlying.cat.codes.to_numpy(dtype=np.int64) * width + root.cat.codes.to_numpy(dtype=np.int64)
        self._codes, distinct = pd.factorize(numbers)
        symbols, names = underlying.cat.categories, root.cat.categories
        self._names = [(symbols[n // width], names[n % width]) for n in distinct.tolist()]
        self._roots = [find_root(universe[str(symbol)], str(name)) for symbol, name in self._names]

    def only(self, kept: NDArray[np.bool_]) -> "_RootPairs":
        """Return the pairs of some rows."""
        underlying, root = self.underlying[kept], self.root[kept]
        return _RootPairs(underlying.reset_index(drop=True), root.reset_index(drop=True), self._universe)

    def is_known(self) -> NDArray[np.bool_]:
        """Tell the rows whose root has a settlement rule."""
        return np.array([root is not None for root in self._roots], dtype=bool)[self._codes]

    def is_adjusted(self) -> NDArray[np.bool_]:
        """Tell the rows whose root is another than its rule's: a digit was appended by a corporate action."""
        pairs = zip(self._roots, self._names, strict=True)
        return np.array([root is not None and root.name != name[1] for root, name in pairs], dtype=bool)[self._codes]

    def attribute(self, name: str) -> NDArray[np.object_]:
        """Return an attribute of the row's `Root`."""
        return np.array([getattr(root, name) for root in self._roots], dtype=object)[self._codes]

    def settlement(self) -> pd.Categorical:
        """Return the settlement style of the rows."""
        return _categorical([root.settlement for root in self._roots if root is not None], self._codes)


def _categorical(values: Sequence[str], codes: NDArray[np.intp]) -> pd.Categorical:
    names, inner = np.unique(np.array(values, dtype=object), return_inverse=True)
    return pd.Categorical.from_codes(inner[codes], pd.Index(names, dtype="str"))


_SNAPSHOT_NAMES = ("source_mode", "quote_clock", "payload_sha256")
_SNAPSHOT_VALUES = ("trade_date", "quote_at_utc", "quote_age_minutes")


def _of_snapshot(snapshots: pd.DataFrame, underlying: pd.Series) -> dict[str, Any]:
    """Spread a chain's facts over its contracts."""
    order = pd.Index(snapshots["underlying"].astype("str")).get_indexer(underlying.cat.categories.astype("str"))
    at = order[underlying.cat.codes.to_numpy()]
    names: dict[str, Any] = {n: _categorical(snapshots[n].astype("str").tolist(), at) for n in _SNAPSHOT_NAMES}
    return names | {name: snapshots[name].take(at).reset_index(drop=True) for name in _SNAPSHOT_VALUES}


def _keyed(good: pd.DataFrame, pairs: _RootPairs, snapshots: pd.DataFrame, calendar: TradingCalendar) -> pd.DataFrame:
    option = good["option"].astype("str")
    expiry = _dates(option.str.slice(-15, -9))
    of_chain = _of_snapshot(snapshots, pairs.underlying)
    settlement = pairs.settlement()
    settle_at = settlement_instants(expiry.to_numpy().astype("datetime64[D]"), pd.Series(settlement), calendar)
    quote_at = pd.DatetimeIndex(of_chain["quote_at_utc"]).tz_localize(None).to_numpy()
    return pd.DataFrame(
        {
            **of_chain,
            "osi_symbol": pairs.root.astype("str").str.pad(6, side="right") + option.str.slice(-15),
            "underlying": pairs.underlying,
            "root": pairs.root,
            "expiry_date": expiry,
            "option_right": option.str.slice(-9, -8).astype("category"),
            "strike_usd": option.str.slice(-8).astype("int64") / 1000.0,
            "settlement": settlement,
            "settle_at_utc": settle_at,
            "dte_days": (expiry - of_chain["trade_date"]).dt.days,
            # a contract that settled before the quote's own clock has no time left, which is no fault
            "years": np.maximum((settle_at - quote_at) / np.timedelta64(1, "s") / SECONDS_PER_YEAR, 0.0),
            "multiplier": pairs.attribute("multiplier").astype("int64"),
            "is_adjusted": pairs.is_adjusted(),
            "is_monthly": _monthlies(expiry, pairs.attribute("is_monthly").astype(bool), calendar),
            "row_position": good["row_position"],
        }
    )


def _dates(yymmdd: pd.Series) -> pd.Series:
    """Parse yymmdd by its distinct values; an impossible date becomes NaT."""
    codes, values = pd.factorize(yymmdd)
    days = pd.to_datetime(pd.Series(values, dtype="str"), format="%y%m%d", errors="coerce").astype("datetime64[s]")
    return pd.Series(days.to_numpy()[codes], index=yymmdd.index)


def settlement_instants(expiry: NDArray[np.datetime64], settlement: pd.Series,
                        calendar: TradingCalendar) -> NDArray[np.datetime64]:  # fmt: skip
    """Return the instants at which contracts settle.

    Parameters
    ----------
    expiry : ndarray of datetime64[D]
    settlement : Series of {'AM', 'PM', 'SOQ'}
    calendar : TradingCalendar
        An early close settles PM contracts early.

    Returns
    -------
    ndarray of datetime64[s]
        UTC. AM and SOQ at 09:30 New York, PM at the close.
    """
    codes, days = pd.factorize(expiry)
    opens = pd.DatetimeIndex(days).tz_localize(NEW_YORK) + pd.Timedelta(hours=9, minutes=30)
    morning = np.array(opens.tz_convert("UTC").tz_localize(None), dtype="datetime64[s]")[codes]
    evening = calendar.close_or_default(np.asarray(days))[codes]
    return np.where(settlement.isin([AM, SOQ]).to_numpy(), morning, evening)


def _monthlies(expiry: pd.Series, root_is_monthly: NDArray[np.bool_], calendar: TradingCalendar) -> NDArray[np.bool_]:
    """Tell standard monthlies: all of a monthly root, else third Fridays, or the Thursday before a closed one."""
    codes, distinct = pd.factorize(expiry.to_numpy().astype("datetime64[D]"))
    days: NDArray[np.datetime64] = np.asarray(distinct)
    day = pd.DatetimeIndex(days)
    friday = (day.day_of_week == 4) & (day.day >= 15) & (day.day <= 21)
    next_is_closed = ~calendar.are_sessions((day + pd.Timedelta(days=1)).to_numpy().astype("datetime64[D]"))
    thursday = (day.day_of_week == 3) & (day.day >= 14) & (day.day <= 20) & next_is_closed
    return np.asarray(root_is_monthly | (friday | thursday)[codes])


def _quote_columns(good: pd.DataFrame) -> dict[str, Any]:
    """Quote states and vendor numbers, sentinel zeros removed; illegal prices stay for validation to find."""
    bid, ask = good["bid"].astype("float64"), good["ask"].astype("float64")
    silent = ask.eq(0.0) | (ask.isna() & ~(bid > 0.0))
    ask = ask.where(ask != 0.0)
    flag = np.select([silent, bid == 0.0, (bid == ask)], ["NO_QUOTE", "ZERO_BID", "LOCKED"], default="OK")
    iv, delta = good["iv"], good["delta"]
    return {
        "bid_usd": bid,
        "ask_usd": ask,
        "quote_flag": pd.Categorical(flag),
        "bid_size_count": good["bid_size"],
        "ask_size_count": good["ask_size"],
        "volume_count": good["volume"],
        "open_interest_count": good["open_interest"],
        "vendor_iv_vol": iv.where(iv != 0.0),
        "vendor_delta": delta.where(~((iv == 0.0) & (delta == 0.0))),
    }


def night_before(state: pd.DataFrame) -> date | None:
    """Return the trade date of an earlier night's state, None where there is none."""
    return trade_date_of(state) if len(state) else None


def trade_date_of(frame: pd.DataFrame) -> date:
    """Return the one trade date of a frame.

    Raises
    ------
    ContractError
        The frame is empty or holds several nights.
    """
    days = frame["trade_date"].unique()
    if len(days) != 1:
        raise ContractError(f"expected rows of one night, found trade dates {[str(d)[:10] for d in days]}")
    day: date = pd.Timestamp(days[0]).date()
    return day
