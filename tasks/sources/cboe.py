"""Cboe's keyless files: option chains, daily bars, index histories. Addresses, cheap checks at landing, columnar parsers.

Undocumented and without a licence to redistribute: nothing of it is committed or published. Parsers take bytes and return
frames; fetching is the client's business, judging prices is validation's.
"""

import io
import json
from collections.abc import Iterable
from datetime import datetime
from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.json as pj

from alvh_core.errors import RetriableError, SkippableError
from alvh_core.quotes import WIRE_NUMBERS, ChainHeader

BASE_URL = "https://cdn-api.cboe.com/api/global"
VENUE_SCOPE = "cboe_delayed(unknown)"

_NUMBER = pa.float64()
_OPTION = pa.struct([("option", pa.string()), *((name, _NUMBER) for name in WIRE_NUMBERS)])
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


def check_json(body: bytes, symbol: str, url: str) -> None:
    """Refuse what cannot be a whole JSON document, cheaply enough for every landing.

    Raises
    ------
    SkippableError
        A page of HTML, or something else that is no JSON object.
    RetriableError
        A body cut short: brackets do not balance.
    """
    head = body[:200].lstrip(b"\xef\xbb\xbf \r\n\t")
    if not head.startswith(b"{"):
        raise SkippableError(f"{symbol}: {url} answered 200, expected JSON, found {head[:40]!r}")
    if body.count(b"{") != body.count(b"}") or body.count(b"[") != body.count(b"]"):
        raise RetriableError(
            f"{symbol}: {url} answered a body cut short after {len(body)} bytes: brackets do not balance"
        )


def read_header(body: bytes, symbol: str, url: str, sha256: str) -> ChainHeader:
    """Read what a chain says about itself, without decoding its contracts.

    Parameters
    ----------
    body : bytes
    symbol, url, sha256 : str
        Ours; named in errors.

    Returns
    -------
    ChainHeader

    Raises
    ------
    SkippableError
        The envelope is not a chain's.
    """
    start, end = body.find(b"["), body.rfind(b"]")
    try:
        envelope = json.loads((body[: start + 1] + body[end:]).decode("utf-8-sig") if start >= 0 else body)
        data = envelope["data"]
        if not isinstance(data["options"], list):
            raise TypeError(f"options is a {type(data['options']).__name__}")
    except (ValueError, KeyError, TypeError) as error:
        raise SkippableError(f"{symbol}: {url}: expected timestamp, data.options and a header, found "
                             f"{body[:80]!r}: {type(error).__name__} {error}") from error  # fmt: skip
    return ChainHeader(
        symbol=symbol, url=url, payload_sha256=sha256, rendered_at_utc=_instant(envelope.get("timestamp")),
        quote_at=_instant(data.get("last_trade_time")), contracts_count=body.count(b'"option"', start, end),
        underlying_price_usd=_number(data.get("current_price")), iv30_vol=_number(data.get("iv30")) / 100.0,
    )  # fmt: skip


def parse_chain(body: bytes, symbol: str, url: str) -> pa.Table:
    """Decode the contracts of one chain, column by column.

    Returns
    -------
    Table
        ``underlying``, ``row_position``, ``option`` and `WIRE_NUMBERS`; a field the file lacks is null.

    Raises
    ------
    SkippableError
        Not the documented shape; says where. Nothing is loaded in part.
    """
    read = pj.ReadOptions(block_size=len(body) + 1, use_threads=False)
    parse = pj.ParseOptions(explicit_schema=_CHAIN, newlines_in_values=True, unexpected_field_behavior="ignore")
    try:
        options = pj.read_json(io.BytesIO(body), read, parse)["data"].combine_chunks().field("options").flatten()
    except (pa.ArrowInvalid, pa.ArrowKeyError) as error:
        raise SkippableError(f"{symbol}: {url}: contracts could not be decoded: {error}") from error
    table = pa.Table.from_struct_array(options)
    if table["option"].null_count:
        raise SkippableError(f"{symbol}: {url}: {table['option'].null_count} of {len(table)} contracts have no `option`; "
                             "the vendor's schema has changed")  # fmt: skip
    name = pa.DictionaryArray.from_arrays(pa.array(np.zeros(len(table), dtype="int32")), pa.array([symbol]))
    return table.add_column(0, "row_position", pa.array(np.arange(len(table)))).add_column(0, "underlying", name)


def stack_chains(tables: Iterable[pa.Table]) -> pd.DataFrame:
    """Stack decoded chains into one frame; no chains give an empty one."""
    parts = [table.filter(pc.is_valid(table["option"])) for table in tables]
    if not parts:
        names = ["underlying", "row_position", "option", *WIRE_NUMBERS]
        return pd.DataFrame({n: pd.Series(dtype="str" if n in {"underlying", "option"} else "float64") for n in names})
    return pa.concat_tables(parts).unify_dictionaries().to_pandas()


def parse_bars(body: bytes, symbol: str, url: str) -> pd.DataFrame:
    """Decode daily bars; numbers may be strings, rows before the listing have an open of 0.

    Returns
    -------
    DataFrame
        ``symbol``, ``bar_date``, ``open_usd`` ... ``volume_shares``, ``row_position``.
    """
    try:
        rows = json.loads(body.decode("utf-8-sig"))["data"]
        frame = pd.DataFrame(rows, columns=["date", "open", "high", "low", "close", "volume"])
        days = pd.to_datetime(frame["date"], format="%Y-%m-%d")
    except (ValueError, KeyError, TypeError) as error:
        raise SkippableError(
            f"{symbol}: {url}: expected data as a list of dated bars: {type(error).__name__} {error}"
        ) from error
    numbers = frame.drop(columns="date").apply(pd.to_numeric, errors="coerce")
    named = {f"{n}_usd": numbers[n] for n in ("open", "high", "low", "close")}
    bars = pd.DataFrame(
        {"bar_date": days, **named, "volume_shares": numbers["volume"], "row_position": np.arange(len(frame))}
    )
    return bars[numbers["open"] != 0.0].assign(symbol=symbol)


def parse_index_history(body: bytes, symbol: str, url: str) -> pd.DataFrame:
    """Decode an index history of either layout: OHLC, or date and one value column named like the index.

    Returns
    -------
    DataFrame
        As `parse_bars`, without volume; the two-column layout leaves open, high and low empty.
    """
    try:
        frame = pd.read_csv(io.BytesIO(body))
        frame.columns = [str(c).strip().upper() for c in frame.columns]
        days = pd.to_datetime(frame["DATE"], format="%m/%d/%Y")
    except (ValueError, KeyError, pd.errors.ParserError) as error:
        raise SkippableError(f"{symbol}: {url}: expected CSV with DATE and CLOSE or one value column, found "
                             f"{body[:60]!r}: {type(error).__name__}") from error  # fmt: skip
    close = "CLOSE" if "CLOSE" in frame else frame.columns[-1]
    optional = {f"{n.lower()}_usd": pd.to_numeric(frame[n]) if n in frame else np.nan for n in ("OPEN", "HIGH", "LOW")}
    return pd.DataFrame({"bar_date": days, **optional, "close_usd": pd.to_numeric(frame[close]), "volume_shares": np.nan,
                         "row_position": np.arange(len(frame))}).assign(symbol=symbol)  # fmt: skip


def _instant(text: Any) -> datetime | None:
    try:
        return datetime.fromisoformat(str(text)) if text else None
    except ValueError:
        return None


def _number(value: Any) -> float:
    try:
        return float(value) if value not in (None, "") else float("nan")
    except (TypeError, ValueError):
        return float("nan")
