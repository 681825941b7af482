"""Our own lake's quotes: a Parquet file of ``core_options__daily_quotes``, from another home or another machine.

Simulated rows are refused: imported quotes count as evidence, simulated ones never do.
"""

import io
from zoneinfo import ZoneInfo

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from alvh_core.errors import SkippableError
from alvh_core.quotes import ChainHeader
from alvh_core.schemas import OPTION_QUOTES
from alvh_core.sessions import NEW_YORK, TradingCalendar
from alvh_core.universe import Asset
from tasks.sources.filedrops.layout import Drop, Part, wire_table
from tasks.sources.filedrops.rows import MAX_ROWS
from tasks.sources.limits import MAX_CONTRACTS

_WIRE = {"bid": "bid_usd", "ask": "ask_usd", "bid_size": "bid_size_count", "ask_size": "ask_size_count",
         "iv": "vendor_iv_vol", "open_interest": "open_interest_count", "volume": "volume_count",
         "delta": "vendor_delta"}  # fmt: skip


class OwnLake:
    """The layout."""

    name = "own_lake"
    needs = OPTION_QUOTES.names

    def split(self, body: bytes, where: str) -> list[Part]:
        """Cut by night and underlying."""
        table = _table(body, where, MAX_ROWS)
        pairs = table.select(["underlying", "trade_date"]).to_pandas().drop_duplicates()
        return [Part(symbol=str(who), body=_parquet(table, who, day)) for who, day in pairs.itertuples(index=False)]

    def read(self, body: bytes, asset: Asset, url: str, calendar: TradingCalendar) -> Drop:
        """Read one chain; its clock is the one that was stored.

        Raises
        ------
        SkippableError
            Simulated rows, several nights or clocks, or more contracts than any chain has.
        """
        where = f"{asset.symbol}: {url}"
        rows = _table(body, where, MAX_CONTRACTS).to_pandas()
        modes = sorted(set(rows["source_mode"].astype("str")))
        if modes == [] or "simulated" in modes or len(modes) > 1:
            raise SkippableError(f"{where}: expected rows of one source_mode, live, recorded or imported, found "
                                 f"{modes}; simulated rows are no evidence")  # fmt: skip
        nights, clocks = len(set(rows["trade_date"])), len(set(rows["quote_at_utc"]))
        if (nights, clocks) != (1, 1):
            raise SkippableError(f"{where}: expected one night and one quote_at_utc, found {nights} and {clocks}")
        moment = pd.Timestamp(rows["quote_at_utc"].iloc[0]).tz_convert(ZoneInfo(NEW_YORK)).tz_localize(None)
        option = rows["osi_symbol"].astype("str").str.replace(" ", "", regex=False)
        quote_at = moment.to_pydatetime(warn=False)
        header = ChainHeader(symbol=asset.symbol, url=url, quote_at=quote_at, contracts_count=len(rows))
        values = pd.DataFrame({wire: rows[name] for wire, name in _WIRE.items()})
        values["ask"] = values["ask"].where(rows["quote_flag"].ne("NO_QUOTE"), np.nan)
        day = pd.Timestamp(rows["trade_date"].iloc[0]).date()
        return Drop(header=header, table=wire_table(asset.symbol, option, values), venue_scope=f"own_lake_{modes[0]}",
                    claimed=day)  # fmt: skip


def _table(body: bytes, where: str, most_rows: int) -> pa.Table:
    """Read a Parquet file, after its own word on how many rows it unpacks to."""
    try:
        with pq.ParquetFile(io.BytesIO(body)) as file:
            count = file.metadata.num_rows
            if 0 < count <= most_rows:
                return file.read(columns=list(OPTION_QUOTES.names), use_threads=False)
    except (pa.ArrowException, OSError, ValueError, KeyError) as error:
        raise SkippableError(f"{where}: expected Parquet of {OPTION_QUOTES.name}: {error}") from error
    raise SkippableError(f"{where}: expected 1 to {most_rows} rows, found {count}; refused")


def _parquet(table: pa.Table, who: str, day: object) -> bytes:
    mine = pc.and_(pc.equal(table["underlying"].cast(pa.string()), who), pc.equal(table["trade_date"], day))
    sink = io.BytesIO()
    pq.write_table(table.filter(mine), sink, compression="zstd")
    return sink.getvalue()
