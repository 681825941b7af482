"""Wire columns to canonical option quotes: OCC symbols, roots, settlement instants, quote states.

Input is what a provider's parser decoded, column by column; output is `OPTION_QUOTES`. Rows that cannot be keyed (no
OCC symbol, unknown root) come back apart with their reason, so that rows in = rows out + rows rejected. No judgement
of prices here: that is validation.
"""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from alvh_core import frames
from alvh_core.errors import ContractError, SkippableError
from alvh_core.schemas import OPTION_QUOTES
from alvh_core.sessions import NEW_YORK, Session, TradingCalendar, quote_clock
from alvh_core.universe import AM, PM, SOQ, Asset, Root

ROOT_PATTERN = r"[A-Z0-9]{1,6}"
OCC_PATTERN = ROOT_PATTERN + r"\d{6}[CP]\d{8}"
_TAIL = 15  # characters of an OCC symbol behind its root
SECONDS_PER_YEAR = 365.0 * 86_400.0
WIRE_NUMBERS = ("bid", "ask", "bid_size", "ask_size", "iv", "open_interest", "volume", "delta")


@dataclass(frozen=True, kw_only=True)
class ChainHeader:
    """What a chain file says about itself.

    Attributes
    ----------
    symbol : str
        Our symbol.
    url : str
    quote_at : datetime, optional
        The underlying's last tick as New York wall time.
    contracts_count : int
    underlying_price_usd, iv30_vol : float
        Vendor's last price and 30-day volatility (decimal); NaN where absent.
    rendered_at_utc : datetime, optional
        Envelope time in UTC.
    """

    symbol: str
    url: str
    quote_at: datetime | None
    contracts_count: int
    underlying_price_usd: float = np.nan
    iv30_vol: float = np.nan
    rendered_at_utc: datetime | None = None


def snapshot_row(header: ChainHeader, asset: Asset, session: Session, *, calendar: TradingCalendar, source_mode: str,
                 venue_scope: str) -> dict[str, object]:  # fmt: skip
    """Check that a chain belongs to the session and describe when its quotes were taken.

    Returns
    -------
    dict
        One row of `SNAPSHOTS`, without the hash of its payload.

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
        "contracts_count": header.contracts_count,
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
    symbols = _Symbols.of(raw["option"])
    pairs = RootPairs.of(raw["underlying"].astype("category"), symbols.root, universe)
    reason = _key_faults(symbols, pairs)
    bad = reason != ""
    hashes = dict(zip(snapshots["underlying"].astype("str"), snapshots["payload_sha256"], strict=True))
    rejects = raw[bad].assign(reason=pd.Series(reason[bad], index=raw.index[bad], dtype="str"),
                              payload_sha256=raw.loc[bad, "underlying"].astype("str").map(hashes))  # fmt: skip
    good = raw[~bad].reset_index(drop=True)
    quotes = _keyed(good["row_position"], symbols.only(~bad), pairs.only(~bad), snapshots, calendar)
    return frames.conform(quotes.assign(**_quote_columns(good)), OPTION_QUOTES), rejects.reset_index(drop=True)


@dataclass(frozen=True, kw_only=True, eq=False)
class _Symbols:
    """OCC symbols taken apart: a root, and behind it yymmdd, the right and the strike in fifteen characters.

    All rows at once, as numbers of characters: a step on texts costs a call per row.
    """

    root: Any  # categorical
    tail: NDArray[np.object_]
    is_symbol: NDArray[np.bool_]
    expiry: NDArray[np.datetime64]  # NaT where there is no such date
    is_put: NDArray[np.bool_]
    strike_usd: NDArray[np.float64]

    @classmethod
    def of(cls, option: pd.Series) -> "_Symbols":
        texts = option.astype("str").fillna("").tolist()
        tail = np.array([text[-_TAIL:] for text in texts], dtype=object)
        root = pd.Series([text[:-_TAIL] for text in texts], dtype="str").astype("category").array
        chars = tail.astype(f"U{_TAIL}").view("u4").reshape(len(texts), _TAIL)
        digits = chars.astype(np.int64) - ord("0")
        day, strike, right = digits[:, :6], digits[:, 7:], chars[:, 6]
        are_digits = ((day >= 0) & (day <= 9)).all(axis=1) & ((strike >= 0) & (strike <= 9)).all(axis=1)
        is_root = np.array([bool(re.fullmatch(ROOT_PATTERN, name)) for name in root.categories], dtype=bool)
        is_symbol = is_root[root.codes] & are_digits & np.isin(right, [ord("C"), ord("P")])
        yymmdd = np.where(are_digits, day @ (10 ** np.arange(5, -1, -1)), 0)
        return cls(root=root, tail=tail, is_symbol=is_symbol, expiry=_dates(yymmdd), is_put=right == ord("P"),
                   strike_usd=strike @ (10 ** np.arange(7, -1, -1)) / 1000.0)  # fmt: skip

    def only(self, kept: NDArray[np.bool_]) -> "_Symbols":
        """Return the symbols of some rows."""
        return _Symbols(**{name: column[kept] for name, column in vars(self).items()})

    def padded(self) -> pd.Series:
        """Return the symbols with their roots filled up to six characters."""
        roots = np.array([name.ljust(6) for name in self.root.categories], dtype=object)
        return pd.Series(roots[self.root.codes] + self.tail, dtype="str")


def _dates(yymmdd: NDArray[np.int64]) -> NDArray[np.datetime64]:
    """Parse yymmdd by its distinct values; an impossible date becomes NaT."""
    codes, values = pd.factorize(yymmdd)
    texts = pd.Series([f"{value:06d}" for value in values.tolist()], dtype="str")
    days = pd.to_datetime(texts, format="%y%m%d", errors="coerce").astype("datetime64[s]")
    return np.asarray(days.to_numpy()[codes])


def _key_faults(symbols: _Symbols, pairs: "RootPairs") -> NDArray[np.object_]:
    """Say why a row has no key; nothing where it has one."""
    is_dated = symbols.is_symbol & ~np.isnat(symbols.expiry)
    texts = ["BAD_SYMBOL: not an OCC symbol", "UNKNOWN_ROOT: no settlement rule for this root"]
    return np.select([~is_dated, ~pairs.is_known()], texts, default="").astype(object)


def find_root(asset: Asset, name: str) -> Root | None:
    """Return the root a contract belongs to; ``UVXY1`` (adjusted) belongs to ``UVXY``. None if there is none."""
    by_name = {root.name: root for root in asset.roots}
    return by_name.get(name) or by_name.get(name.rstrip("0123456789"))


@dataclass(frozen=True, kw_only=True, eq=False)
class RootPairs:
    """The (underlying, root) of every row: looked up once per pair, a few hundred a night, never once per row.

    A missing underlying or root, and one that is not in the universe, has no `Root`.
    """

    underlying: pd.Series
    names: list[str]
    roots: list[Root | None]
    codes: NDArray[np.intp]

    @classmethod
    def of(cls, underlying: pd.Series, root: Any, universe: Mapping[str, Asset]) -> "RootPairs":
        """Look the pairs of two categoricals up: a Series, and the array of another."""
        symbols, names = ["", *underlying.cat.categories], ["", *root.categories]  # a missing one has code -1
        numbers = (underlying.cat.codes.to_numpy(dtype=np.int64) + 1) * len(names) + root.codes + 1
        codes, distinct = pd.factorize(numbers)
        pairs = [(universe.get(str(symbols[n // len(names)])), str(names[n % len(names)])) for n in distinct.tolist()]
        roots = [find_root(asset, name) if asset else None for asset, name in pairs]
        return cls(underlying=underlying, names=[name for _, name in pairs], roots=roots, codes=codes)

    def only(self, kept: NDArray[np.bool_]) -> "RootPairs":
        """Return the pairs of some rows."""
        return replace(self, underlying=self.underlying[kept].reset_index(drop=True), codes=self.codes[kept])

    def is_known(self) -> NDArray[np.bool_]:
        """Tell the rows whose root has a settlement rule."""
        return np.array([root is not None for root in self.roots], dtype=bool)[self.codes]

    def is_adjusted(self) -> NDArray[np.bool_]:
        """Tell the rows whose root is another than its rule's: a digit was appended by a corporate action."""
        pairs = zip(self.roots, self.names, strict=True)
        return np.array([root is not None and root.name != name for root, name in pairs], dtype=bool)[self.codes]

    def attribute(self, name: str, unknown: Any) -> NDArray[Any]:
        """Return an attribute of the row's `Root`."""
        return np.array([getattr(root, name, unknown) for root in self.roots], dtype=object)[self.codes]

    def settlement(self) -> pd.Categorical:
        """Return the settlement style of the rows."""
        return _categorical([root.settlement if root else PM for root in self.roots], self.codes)


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


def _keyed(row_position: pd.Series, symbols: _Symbols, pairs: RootPairs, snapshots: pd.DataFrame,
           calendar: TradingCalendar) -> pd.DataFrame:  # fmt: skip
    expiry = pd.Series(symbols.expiry)
    of_chain = _of_snapshot(snapshots, pairs.underlying)
    settlement = pairs.settlement()
    settle_at = settlement_instants(symbols.expiry.astype("datetime64[D]"), pd.Series(settlement), calendar)
    quote_at = pd.DatetimeIndex(of_chain["quote_at_utc"]).tz_localize(None).to_numpy()
    return pd.DataFrame(
        {
            **of_chain,
            "osi_symbol": symbols.padded(),
            "underlying": pairs.underlying,
            "root": symbols.root,
            "expiry_date": expiry,
            "option_right": pd.Categorical.from_codes(symbols.is_put.astype(np.int8), pd.Index(["C", "P"])),
            "strike_usd": symbols.strike_usd,
            "settlement": settlement,
            "settle_at_utc": settle_at,
            "dte_days": (expiry - of_chain["trade_date"]).dt.days,
            # a contract that settled before the quote's own clock has no time left, which is no fault
            "years": np.maximum((settle_at - quote_at) / np.timedelta64(1, "s") / SECONDS_PER_YEAR, 0.0),
            "multiplier": pairs.attribute("multiplier", 0).astype("int64"),
            "is_adjusted": pairs.is_adjusted(),
            "is_monthly": _monthlies(expiry, pairs.attribute("is_monthly", False).astype(bool), calendar),
            "row_position": row_position,
        }
    )


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
