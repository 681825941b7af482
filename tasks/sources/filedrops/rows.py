"""Layouts that are one CSV table: a declarative map from a vendor's columns to wire columns.

One row is one contract, or the call and the put of one strike. What a vendor calls its columns stands in the vendor's
module; here is only how such a map is applied.
"""

import csv
import io
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import numpy as np
import pandas as pd

from alvh_core.errors import SkippableError
from alvh_core.expiries import monthly_expiry, vix_settlement
from alvh_core.quotes import OCC_PATTERN, ChainHeader
from alvh_core.sessions import NEW_YORK, TradingCalendar
from alvh_core.universe import AM, SOQ, Asset
from tasks.sources.filedrops.layout import NULLS, Drop, Part, numbers, wire_table
from tasks.sources.limits import MAX_CONTRACTS, MAX_CSV_COLUMNS, MAX_CSV_FIELD_CHARS

CALL, PUT = "C", "P"
EITHER = ""  # one row is one contract; a column says which right
MAX_ROWS = 3_000_000  # a day of every US underlying is about one and a half million
DATE_FORMATS = {"%Y-%m-%d": r"\d{4}-\d\d-\d\d", "%m/%d/%Y": r"\d{1,2}/\d{1,2}/\d{4}", "%Y%m%d": r"\d{8}"}


@dataclass(frozen=True, kw_only=True)
class Snapshot:
    """When a vendor looked, and in which columns he wrote it down.

    Attributes
    ----------
    scope : str
        Whose quotes at which clock; stored with every chain.
    clock : time, optional
        New York. None is the close of the session, early ones too.
    before_close : timedelta
        Taken so long before the close.
    sides : mapping
        Right to (wire column to vendor's column); `EITHER` where a column says which.
    spot : tuple of str
        Where the underlying's price may stand, in order of preference.
    """

    scope: str
    sides: Mapping[str, Mapping[str, str]]
    clock: time | None = None
    before_close: timedelta = timedelta()
    spot: tuple[str, ...] = ()


@dataclass(frozen=True, kw_only=True)
class RowLayout:
    """A CSV layout.

    Attributes
    ----------
    name : str
    session, expiry, strike : str
        Columns.
    snapshots : tuple of Snapshot
        The first that has any ask is taken, for the whole chain: two clocks are never mixed.
    underlying, right, root, option, am_flag, adjusted : str
        Columns, empty where there is none. ``option`` holds OCC symbols in some vintages and is used where it does.
    strike_scale, iv_scale : float
        What a vendor's number is multiplied by.
    extra_needs : tuple of str
        Further columns the layout is known by.
    prepare : callable, optional
        Derives columns that a map cannot name.
    """

    name: str
    session: str
    expiry: str
    strike: str
    snapshots: tuple[Snapshot, ...]
    underlying: str = ""
    right: str = ""
    root: str = ""
    option: str = ""
    am_flag: str = ""
    adjusted: str = ""
    strike_scale: float = 1.0
    extra_needs: tuple[str, ...] = ()
    prepare: Callable[[pd.DataFrame], pd.DataFrame] | None = None

    @property
    def needs(self) -> tuple[str, ...]:
        """Columns it is known by: where a contract is told, and its bids and asks."""
        told = [self.session, self.expiry, self.strike, self.underlying, self.right, self.root, *self.extra_needs]
        quoted = [side[n] for s in self.snapshots for side in s.sides.values() for n in ("bid", "ask")]
        return tuple(dict.fromkeys(name for name in [*told, *quoted] if name))

    def split(self, body: bytes, where: str) -> list[Part]:
        """Cut a file by day and underlying; every part keeps the header and its rows as they are."""
        lines, frame = read_rows(body, where)
        days = frame[self.session].fillna("").str.strip()
        names = frame[self.underlying].fillna("").str.strip() if self.underlying else days.str.slice(0, 0)
        groups: dict[Any, Any] = days.groupby([names, days], sort=True).indices  # a row without either is a part too
        return [
            Part(symbol=str(key[0]), body=b"\n".join([lines[0], *(lines[1 + at] for at in rows)]) + b"\n")
            for key, rows in groups.items()
        ]

    def read(self, body: bytes, asset: Asset, url: str, calendar: TradingCalendar) -> Drop:
        """Read one chain.

        Raises
        ------
        SkippableError
            Several days, no date, or more contracts than any chain has.
        ContractError
            The day is no session.
        """
        where = f"{asset.symbol}: {url}"
        _, frame = read_rows(body, where)
        if self.prepare:
            frame = self.prepare(frame)
        claimed = _one_day(frame[self.session], where)
        taken = next((s for s in self.snapshots if _has_asks(frame, s)), self.snapshots[-1])
        symbols, values = self._contracts(frame, taken, asset, calendar)
        if len(symbols) > MAX_CONTRACTS:
            raise SkippableError(f"{where}: expected at most {MAX_CONTRACTS} contracts, found {len(symbols)}; refused")
        header = ChainHeader(
            symbol=asset.symbol, url=url, quote_at=_clock(taken, claimed, calendar), contracts_count=len(symbols),
            underlying_price_usd=_spot(frame, taken),
        )  # fmt: skip
        return Drop(
            header=header, table=wire_table(asset.symbol, symbols, values), venue_scope=taken.scope, claimed=claimed
        )

    def _contracts(self, frame: pd.DataFrame, taken: Snapshot, asset: Asset,
                   calendar: TradingCalendar) -> tuple[pd.Series, pd.DataFrame]:  # fmt: skip
        parts, symbols = [], []
        for right, columns in taken.sides.items():
            present = {wire: frame[name] for wire, name in columns.items() if name in frame}
            parts.append(pd.DataFrame(present))
            symbols.append(self._symbols(frame, right, asset, calendar))
        stacked = pd.concat(parts, ignore_index=True)
        return pd.concat(symbols, ignore_index=True), stacked

    def _symbols(self, frame: pd.DataFrame, right: str, asset: Asset, calendar: TradingCalendar) -> pd.Series:
        """Return OCC symbols; what cannot be told stays visible and is quarantined as no symbol."""
        expiry = days_of(frame[self.expiry])
        strike = (numbers(frame[self.strike]) * self.strike_scale * 1000.0).round()
        rights = right or frame[self.right].str.strip().str.slice(0, 1).str.upper()
        root = frame[self.root].str.strip().str.upper() if self.root else self._roots(frame, expiry, asset, calendar)
        if self.adjusted and self.adjusted in frame:
            marked = ~frame[self.adjusted].fillna("").str.strip().isin(["", "0"])
            root = root.where(~marked | root.str.contains(r"\d$"), root + "1")
        told = expiry.notna() & strike.between(1, 99_999_999)
        digits = strike.where(told, 0).astype("int64").astype("str").str.zfill(8)
        built = root + expiry.dt.strftime("%y%m%d") + rights + digits
        text = frame[self.expiry].fillna("") + " " + frame[self.strike].fillna("")
        built = built.where(told, text).fillna("?").astype("str")
        if self.option and self.option in frame:
            named = frame[self.option].fillna("").str.replace(" ", "", regex=False).str.upper()
            built = named.where(named.str.fullmatch(OCC_PATTERN).astype("bool"), built)
        return pd.Series(built)

    def _roots(self, frame: pd.DataFrame, expiry: pd.Series, asset: Asset, calendar: TradingCalendar) -> pd.Series:
        """Choose a root where the vendor names none: by his settlement flag, else by the date."""
        am = frame[self.am_flag].str.strip() if self.am_flag and self.am_flag in frame else pd.Series("", frame.index)
        pairs = pd.MultiIndex.from_arrays([expiry, am.fillna("")])
        codes, distinct = pd.factorize(pairs)
        names = [_root_name(asset, day, flag, calendar) for day, flag in distinct]
        return pd.Series(np.array(names, dtype=object)[codes], index=frame.index).astype("str")


def _root_name(asset: Asset, day: pd.Timestamp, flag: str, calendar: TradingCalendar) -> str:
    if len(asset.roots) == 1 or pd.isna(day):
        return asset.roots[0].name
    monthly = next((root for root in asset.roots if root.is_monthly), asset.roots[0])
    weekly = next((root for root in asset.roots if not root.is_monthly), asset.roots[0])
    if flag in {"0", "1"} and monthly.settlement == AM:
        return monthly.name if flag == "1" else weekly.name
    rule = vix_settlement if monthly.settlement == SOQ else monthly_expiry
    is_monthly = rule(day.year, day.month, calendar.is_session) == day.date()
    return monthly.name if is_monthly else weekly.name


def read_rows(body: bytes, where: str) -> tuple[list[bytes], pd.DataFrame]:
    """Read a CSV of text whose every line is a row.

    Parameters
    ----------
    body : bytes
    where : str

    Returns
    -------
    lines : list of bytes
        Header first, without blank lines.
    frame : DataFrame
        Of str; names without blanks and brackets.

    Raises
    ------
    SkippableError
        Too many rows, columns or characters, no text, a field that holds a line end, or a last row that is cut.
    """
    lines = [line.rstrip(b"\r") for line in body.removeprefix(b"\xef\xbb\xbf").split(b"\n")]
    lines = [line for line in lines if line.strip()]
    width = lines[0].count(b",") + 1 if lines else 0
    if len(lines) < 2 or len(lines) > MAX_ROWS or width > MAX_CSV_COLUMNS:
        raise SkippableError(f"{where}: expected 1 to {MAX_ROWS} rows of at most {MAX_CSV_COLUMNS} columns, found "
                             f"{max(len(lines) - 1, 0)} rows of {width}; refused")  # fmt: skip
    if max(map(len, lines)) > MAX_CSV_COLUMNS * MAX_CSV_FIELD_CHARS // 4:
        raise SkippableError(f"{where}: a row of more characters than any of ours; refused")
    if lines[-1].count(b",") < lines[0].count(b","):
        raise SkippableError(f"{where}: cut short, the last row is {lines[-1][:60]!r}; get the file again")
    try:
        frame = pd.read_csv(io.BytesIO(b"\n".join(lines)), dtype="str", na_values=list(NULLS), keep_default_na=False,
                            skipinitialspace=True, encoding="utf-8")  # fmt: skip
    except (ValueError, csv.Error) as error:
        raise SkippableError(f"{where}: expected CSV, found {lines[0][:60]!r}: {error}") from error
    if not isinstance(frame.index, pd.RangeIndex):
        raise SkippableError(f"{where}: expected as many fields in a row as names, found more in every row")
    if len(frame) != len(lines) - 1:
        raise SkippableError(f"{where}: expected one row a line, found {len(frame)} rows on {len(lines) - 1} lines")
    frame = frame.astype("str")  # a column without any value would be of numbers
    return lines, frame.set_axis([clean_name(name) for name in frame.columns], axis="columns")


def clean_name(name: object) -> str:
    """Return a column name without blanks, brackets and byte-order mark."""
    return str(name).strip().strip("\ufeff[]").strip()


def days_of(values: pd.Series) -> pd.Series:
    """Parse dates of any vintage by their distinct values; an impossible one, or one that is cut, becomes NaT."""
    codes, distinct = pd.factorize(values.str.strip().str.split(" ", n=1).str[0])
    text = pd.Series(distinct, dtype="str")
    days = pd.Series(pd.NaT, index=text.index, dtype="datetime64[s]")
    for form, shape in DATE_FORMATS.items():
        whole = text.where(text.str.fullmatch(shape).astype("bool"))
        days = days.fillna(pd.to_datetime(whole, format=form, errors="coerce").astype("datetime64[s]"))
    padded = np.append(days.to_numpy(), np.datetime64("NaT", "s"))  # code -1 is no value
    return pd.Series(padded[codes], index=values.index)


def _one_day(values: pd.Series, where: str) -> date:
    days = days_of(values)
    if days.isna().any() or len(set(days)) != 1:
        raise SkippableError(f"{where}: expected one date in every row of {values.name}, found "
                             f"{sorted(set(values.fillna('nothing')))[:5]}")  # fmt: skip
    day: date = days.iloc[0].date()
    return day


def _has_asks(frame: pd.DataFrame, snapshot: Snapshot) -> bool:
    return any(
        bool(numbers(frame[side["ask"]]).gt(0).any()) for side in snapshot.sides.values() if side["ask"] in frame
    )


def _clock(taken: Snapshot, day: date, calendar: TradingCalendar) -> datetime:
    """Return when the quotes were taken, New York wall time."""
    session = calendar.session(day)
    close: datetime = session.close_at_utc.tz_convert(NEW_YORK).tz_localize(None).to_pydatetime()
    if taken.clock is None:
        return close - taken.before_close
    at = datetime.combine(day, taken.clock, tzinfo=ZoneInfo(NEW_YORK)).replace(tzinfo=None)
    return min(at, close)


def _spot(frame: pd.DataFrame, taken: Snapshot) -> float:
    for name in taken.spot:
        prices = numbers(frame[name]) if name in frame else pd.Series(dtype="float64")
        if prices.gt(0).any():
            return float(prices[prices > 0].median())
    return float("nan")
