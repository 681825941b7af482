"""Cboe's keyless files: option chains, daily bars, index histories. Addresses, cheap landing checks, columnar parsers.

Undocumented and without a licence to redistribute: nothing of it is committed or published. Parsers take bytes and
return frames; fetching is the client's business, judging prices is validation's.
"""

import io
import json
import re
from collections.abc import Iterable
from datetime import UTC, date, datetime, tzinfo
from typing import Any
from zoneinfo import ZoneInfo

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.json as pj

from alvh_core.errors import SkippableError
from alvh_core.quotes import WIRE_NUMBERS, ChainHeader
from alvh_core.sessions import NEW_YORK
from tasks.sources.dated_csv import finite, read_dated_csv
from tasks.sources.documents import check_json, reading
from tasks.sources.limits import MAX_CONTRACTS, MAX_NAME_BYTES, unique_keys
from tasks.sources.source import BARS, CHAIN, INDEX, Chain, Query, Source, Wanted

BASE_URL = "https://cdn-api.cboe.com/api/global"
BASES = (BASE_URL, "https://cdn.cboe.com/api/global")  # the second redirects to the first, or is its older twin
VENUE_SCOPE = "cboe_delayed(unknown)"
REQUIRED_FIELDS = ("option", "bid", "ask", "iv", "open_interest", "volume")  # without them the feed is another one

_BAR_FIELDS = ("date", "open", "high", "low", "close", "volume")
_CONTRACTS = re.compile(rb'"options"\s*:\s*\[')
_NUMBER = pa.float64()
_OPTION = pa.struct([("option", pa.string()), *((name, _NUMBER) for name in WIRE_NUMBERS)])
_BAR = pa.struct([("date", pa.string()), *((name, _NUMBER) for name in _BAR_FIELDS[1:])])
_BARS = pa.schema([("data", pa.list_(_BAR))])
_CHAIN = pa.schema([("data", pa.struct([("options", pa.list_(_OPTION))]))])


def chain_url(wire_symbol: str, base: str = BASE_URL) -> str:
    """Address of an option chain; indices take a leading underscore."""
    return f"{base}/delayed_quotes/options/{wire_symbol}.json"


def bars_url(wire_symbol: str, base: str = BASE_URL) -> str:
    """Address of daily bars."""
    return f"{base}/delayed_quotes/charts/historical/{wire_symbol}.json"


def index_history_url(name: str, base: str = BASE_URL) -> str:
    """Address of an index's daily history; no underscore here."""
    return f"{base}/us_indices/daily_prices/{name}_History.csv"


def read_header(body: bytes, symbol: str, url: str) -> ChainHeader:
    """Read what a chain says about itself, without decoding its contracts.

    Parameters
    ----------
    body : bytes
    symbol, url : str
        Ours; named in errors.

    Returns
    -------
    ChainHeader

    Raises
    ------
    SkippableError
        The envelope is not a chain's.
    """
    with reading(body, f"{symbol}: {url}", "timestamp, data.options and a header"):
        envelope, count = _envelope(body)
        data = envelope["data"]
        rendered_at, quote_at = envelope.get("timestamp"), data.get("last_trade_time")
    return ChainHeader(
        symbol=symbol, url=url, rendered_at_utc=_wall_time(rendered_at, UTC),
        quote_at=_wall_time(quote_at, ZoneInfo(NEW_YORK)), contracts_count=count,
        underlying_price_usd=_number(data.get("current_price")), iv30_vol=_number(data.get("iv30")) / 100.0,
    )  # fmt: skip


def _envelope(body: bytes) -> tuple[Any, int]:
    """Return the document with its contracts cut out, and how many there were."""
    span = _contracts_span(body)
    if span is not None:
        start, end = span
        try:
            count = body.count(b'"option"', start, end) or body.count(b"{", start, end)
            return _document(body[:start] + body[end:]), count
        except ValueError:
            pass  # a bracket inside a contract: take the long way
    document = _document(body)
    return document, len(document["data"]["options"])


def _document(body: bytes) -> Any:
    return json.loads(body.decode("utf-8-sig"), object_pairs_hook=unique_keys)


def _contracts_span(body: bytes) -> tuple[int, int] | None:
    """Return where the contracts begin and end; None where there is no list of them."""
    opening = _CONTRACTS.search(body)
    end = body.find(b"]", opening.end()) if opening else -1
    return (opening.end(), end) if opening and end >= 0 else None


def parse_chain(body: bytes, symbol: str, url: str) -> pa.Table:
    """Decode the contracts of one chain, column by column.

    Returns
    -------
    Table
        ``underlying``, ``row_position``, ``option`` and `WIRE_NUMBERS`; a field the file lacks is null, and so is a
        number that is not finite.

    Raises
    ------
    SkippableError
        Not the documented shape, or without one of `REQUIRED_FIELDS`; says where. Nothing is loaded in part.
    """
    read = pj.ReadOptions(block_size=len(body) + 1, use_threads=False)
    parse = pj.ParseOptions(explicit_schema=_CHAIN, newlines_in_values=True, unexpected_field_behavior="ignore")
    with reading(body, f"{symbol}: {url}", "contracts that can be decoded"):
        options = pj.read_json(io.BytesIO(body), read, parse)["data"].combine_chunks().field("options").flatten()
        options.field("option").validate(full=True)  # UTF-8
    _check_fields(options, f"{symbol}: {url}")
    name = pa.DictionaryArray.from_arrays(pa.array(np.zeros(len(options), dtype="int32")), pa.array([symbol]))
    columns = {"underlying": name, "row_position": pa.array(np.arange(len(options))), "option": options.field("option")}
    return pa.table(columns | {field: _finite(options.field(field)) for field in WIRE_NUMBERS})


def _check_fields(options: pa.StructArray, where: str) -> None:
    """Refuse a file whose contracts lack what the pipeline stands on: the vendor has renamed or dropped a field."""
    if not len(options):
        raise SkippableError(f"{where}: expected option contracts, found an empty list")
    if len(options) > MAX_CONTRACTS:
        raise SkippableError(f"{where}: expected at most {MAX_CONTRACTS} contracts, found {len(options)}; refused")
    lost = [name for name in REQUIRED_FIELDS if options.field(name).null_count == len(options)]
    if lost:
        raise SkippableError(f"{where}: no contract has {', '.join(lost)}; the vendor's schema has changed")
    nameless = options.field("option").null_count
    if nameless:
        raise SkippableError(f"{where}: {nameless} of {len(options)} contracts have no `option`; the vendor's schema "
                             "has changed")  # fmt: skip
    longest = pc.max(pc.binary_length(options.field("option"))).as_py()
    if longest > MAX_NAME_BYTES:
        raise SkippableError(f"{where}: expected an `option` of at most {MAX_NAME_BYTES} bytes, found {longest}")


def _finite(numbers: pa.Array) -> pa.Array:
    """Return the numbers with infinities and NaN literals as null."""
    return pc.if_else(pc.is_finite(numbers), numbers, pa.scalar(None, _NUMBER))


def stack_chains(tables: Iterable[pa.Table]) -> pd.DataFrame:
    """Stack decoded chains into one frame; no chains give an empty one."""
    parts = list(tables)
    if not parts:
        names = ["underlying", "row_position", "option", *WIRE_NUMBERS]
        return pd.DataFrame({n: pd.Series(dtype="str" if n in {"underlying", "option"} else "float64") for n in names})
    stacked: pd.DataFrame = pa.concat_tables(parts).unify_dictionaries().to_pandas()
    return stacked


def parse_bars(body: bytes, symbol: str, url: str) -> pd.DataFrame:
    """Decode daily bars; numbers may be strings, rows before the listing have an open of 0.

    Returns
    -------
    DataFrame
        ``symbol``, ``bar_date``, ``open_usd`` ... ``volume_shares``, ``row_position``.

    Raises
    ------
    SkippableError
        Not a list of dated bars, or none at all.
    """
    with reading(body, f"{symbol}: {url}", f"data as a list of bars with {', '.join(_BAR_FIELDS)}"):
        table = _bar_columns(body)
        days = pc.cast(table["date"], pa.date32())
    if not len(table) or days.null_count:
        raise SkippableError(f"{symbol}: {url}: expected dated bars, found {len(table)}, {days.null_count} undated")
    prices = {f"{name}_usd": _finite(table[name]) for name in ("open", "high", "low", "close")}
    rows = pa.table({"bar_date": days, **prices, "volume_shares": _finite(table["volume"]),
                     "row_position": pa.array(np.arange(len(table)))})  # fmt: skip
    listed = pc.fill_null(pc.not_equal(table["open"], 0.0), fill_value=True)
    bars: pd.DataFrame = rows.filter(listed).to_pandas(date_as_object=False)
    return bars.assign(symbol=symbol)


def _bar_columns(body: bytes) -> pa.Table:
    """Decode bars column by column; files with numbers as strings take the slow way, there are two or three of them."""
    read = pj.ReadOptions(block_size=len(body) + 1, use_threads=False)
    parse = pj.ParseOptions(explicit_schema=_BARS, newlines_in_values=True, unexpected_field_behavior="ignore")
    try:
        bars = pj.read_json(io.BytesIO(body), read, parse)["data"].combine_chunks()
    except (pa.ArrowInvalid, pa.ArrowKeyError):
        rows = _document(body)["data"]
        columns = {name: pd.Series([row[name] for row in rows], dtype="object") for name in _BAR_FIELDS}
        numbers = {name: pa.array(finite(columns[name]), _NUMBER) for name in _BAR_FIELDS[1:]}
        return pa.table({"date": pa.array(columns["date"], pa.string()), **numbers})
    table = pa.Table.from_struct_array(bars.flatten())
    absent = [name for name in _BAR_FIELDS if table[name].null_count == len(table)]
    if absent:
        raise KeyError(", ".join(absent))
    return table


def parse_index_history(body: bytes, symbol: str, url: str) -> pd.DataFrame:
    """Decode an index history of either layout: OHLC, or date and one value column named like the index.

    Returns
    -------
    DataFrame
        As `parse_bars`, without volume; the two-column layout leaves open, high and low empty.

    Raises
    ------
    SkippableError
        Neither layout, or no rows.
    RetriableError
        The body is cut short.
    """
    frame, days = read_dated_csv(body, f"{symbol}: {url}")
    values = [name for name in frame.columns if name != "DATE"]
    close = "CLOSE" if "CLOSE" in values else values[0] if len(values) == 1 else None
    if close is None or not len(frame):
        raise SkippableError(f"{symbol}: {url}: expected rows of DATE and CLOSE, or DATE and one value column, found "
                             f"{len(frame)} rows of {', '.join(frame.columns)}")  # fmt: skip
    named = {"open_usd": "OPEN", "high_usd": "HIGH", "low_usd": "LOW", "close_usd": close}
    prices = {name: finite(frame[column]) if column in frame else np.nan for name, column in named.items()}
    rows = {"bar_date": days, **prices, "volume_shares": np.nan, "row_position": np.arange(len(days))}
    return pd.DataFrame(rows).assign(symbol=symbol)


def _wall_time(text: Any, zone: tzinfo) -> datetime | None:
    """Read a vendor's instant as wall time of a zone, whether or not it carries an offset; None if it is none."""
    try:
        instant = datetime.fromisoformat(text)
        local = instant.astimezone(zone).replace(tzinfo=None) if instant.tzinfo else instant
    except (TypeError, ValueError, OverflowError):
        return None
    return local if 1970 < local.year < 2262 else None  # an epoch of 0 is a null, and beyond lies no timestamp


def _number(value: Any) -> float:
    try:
        number = float(value)
    except (TypeError, ValueError, OverflowError):
        return float("nan")
    return number if np.isfinite(number) else float("nan")


def read_chain(body: bytes, symbol: str, url: str) -> Chain:
    """Read a chain whole."""
    return Chain(header=check_chain(body, symbol, url), table=parse_chain(body, symbol, url), venue_scope=VENUE_SCOPE)


def check_chain(body: bytes, symbol: str, url: str) -> ChainHeader:
    """Read what a chain says about itself, if it arrived whole."""
    check_json(body, symbol, url)
    return read_header(body, symbol, url)


def read_bars(body: bytes, symbol: str, url: str) -> pd.DataFrame:
    """Read bars; the columnar reader crashes the process on some bytes that are no JSON, so those stay away from it."""
    check_json(body, symbol, url)
    return parse_bars(body, symbol, url)


def check_bars(body: bytes, symbol: str, url: str) -> None:
    """Refuse what holds no close, cheaply: another address may have the bars.

    Raises
    ------
    SkippableError, RetriableError
        It is no JSON, cut short, or without a close.
    """
    check_json(body, symbol, url)
    if b'"close"' not in body:
        raise SkippableError(f"{symbol}: {url}: expected bars with a close, found {body[:60]!r}")


def _index_bars_url(wanted: Wanted, base: str) -> str | None:
    """Where an index has no chart, the same publisher may have its history; a fund would be another thing."""
    is_index = wanted.asset is not None and wanted.asset.is_index
    return index_history_url(wanted.symbol, base) if is_index else None


def _index_file(market: Any, day: date, asked: Query) -> bytes | None:
    found: bytes | None = market.index_history(asked["name"], day)
    return found


_INDEX_ROUTE = re.compile(r"/daily_prices/(?P<name>[^/]+)_History\.csv$")
_TERMS = "Cboe's, unofficial and delayed, no licence to redistribute"
SOURCES = (
    Source(name="cboe_chain", publisher="cboe", dataset=CHAIN, bases=BASES, terms=_TERMS,
           address=lambda wanted, base: chain_url(wanted.asset.wire_symbol, base) if wanted.asset else None,
           route=re.compile(r"/delayed_quotes/options/(?P<wire>[^/]+)\.json$"), read=read_chain, check=check_chain,
           simulate=lambda market, day, asked: market.chain(asked["wire"], day),
           sample="cboe_chain.json", sample_symbol="VIX"),
    Source(name="cboe_index", publisher="cboe", dataset=INDEX, bases=BASES, terms=_TERMS,
           address=lambda wanted, base: index_history_url(wanted.symbol, base),
           route=_INDEX_ROUTE, read=parse_index_history, simulate=_index_file,
           sample="cboe_index.csv", sample_symbol="VIX"),
    Source(name="cboe_bars", publisher="cboe", dataset=BARS, bases=BASES, terms=_TERMS,
           address=lambda wanted, base: bars_url(wanted.asset.wire_symbol, base) if wanted.asset else None,
           route=re.compile(r"/charts/historical/(?P<wire>[^/]+)\.json$"), read=read_bars, check=check_bars,
           simulate=lambda market, day, asked: market.bars(asked["wire"], day),
           sample="cboe_bars.json", sample_symbol="XLF"),
    Source(name="cboe_index_bars", publisher="cboe", dataset=BARS, bases=(BASE_URL,), terms=_TERMS,
           address=_index_bars_url, route=_INDEX_ROUTE, read=parse_index_history, simulate=_index_file,
           sample="cboe_spx.csv", sample_symbol="SPX"),
)  # fmt: skip
