"""Which layouts there are, and which one a file is of: its columns tell, never its name. A new layout is a line."""

import csv
import io
import json
from collections.abc import Iterator

import pyarrow as pa
import pyarrow.parquet as pq

from alvh_core.errors import SkippableError
from alvh_core.sessions import TradingCalendar
from alvh_core.universe import Asset
from tasks.sources.documents import first_byte, reading
from tasks.sources.filedrops.datashop import DATASHOP
from tasks.sources.filedrops.historical import HISTORICAL
from tasks.sources.filedrops.ivydb import IVYDB
from tasks.sources.filedrops.layout import Drop, Layout, Part
from tasks.sources.filedrops.optionsdx import OPTIONSDX
from tasks.sources.filedrops.orats import ORATS
from tasks.sources.filedrops.own_lake import OwnLake
from tasks.sources.filedrops.quotedata import QuoteData
from tasks.sources.filedrops.rows import clean_name
from tasks.sources.filedrops.schwab import Schwab
from tasks.sources.limits import check_json_values

LAYOUTS: tuple[Layout, ...] = (DATASHOP, OPTIONSDX, ORATS, HISTORICAL, IVYDB, QuoteData(), Schwab(), OwnLake())
HEADER_LINES = 8  # names stand in the first lines
_HEADER_BYTES = 1 << 16


def recognise(body: bytes, where: str) -> Layout:
    """Return the layout of a file.

    Raises
    ------
    SkippableError
        None fits; names what the nearest one would need besides.
    """
    candidates = list(_names(body, where))
    for names in candidates:
        for layout in LAYOUTS:
            if names.issuperset(layout.needs):
                return layout
    near, missing = min(
        ((layout, [name for name in layout.needs if name not in names]) for layout in LAYOUTS for names in candidates),
        key=lambda pair: len(pair[1]) / len(pair[0].needs),
    )
    known = ", ".join(layout.name for layout in LAYOUTS)
    raise SkippableError(f"{where}: expected a layout of {known}; the nearest is {near.name}, which also needs "
                         f"{', '.join(missing)}")  # fmt: skip


def read_drop(body: bytes, asset: Asset, url: str, calendar: TradingCalendar) -> Drop:
    """Read one archived chain of any layout.

    Raises
    ------
    SkippableError
        It cannot be read as the layout it is of.
    """
    return read_part(recognise(body, f"{asset.symbol}: {url}"), body, asset, url, calendar)


def read_part(layout: Layout, body: bytes, asset: Asset, url: str, calendar: TradingCalendar) -> Drop:
    """Read one chain of a known layout.

    Raises
    ------
    SkippableError
        It cannot be read; whatever strangers put in a file is that file's loss.
    """
    with reading(body, f"{asset.symbol}: {url}", f"a chain of {layout.name}"):
        return layout.read(body, asset, url, calendar)


def split_file(layout: Layout, body: bytes, where: str) -> list[Part]:
    """Cut a file of a known layout into chains.

    Raises
    ------
    SkippableError
        It cannot be read.
    """
    with reading(body, where, f"chains of {layout.name}"):
        return layout.split(body, where)


def _names(body: bytes, where: str) -> Iterator[frozenset[str]]:
    """Return what the columns may be: a Parquet schema, a JSON object's keys, or one of the first lines."""
    if body.startswith(b"PAR1"):
        yield _parquet_names(body, where)
    elif first_byte(body) == b"{":
        yield _json_names(body, where)
    else:
        text = body[:_HEADER_BYTES].decode("utf-8", errors="replace")
        for line in text.splitlines()[:HEADER_LINES] or [""]:
            yield _csv_names(line)


def _csv_names(line: str) -> frozenset[str]:
    try:
        return frozenset(clean_name(name) for row in csv.reader([line], skipinitialspace=True) for name in row)
    except csv.Error:  # no text
        return frozenset()


def _parquet_names(body: bytes, where: str) -> frozenset[str]:
    try:
        return frozenset(pq.read_schema(io.BytesIO(body)).names)
    except (pa.ArrowException, OSError, ValueError) as error:  # a name may be no text
        raise SkippableError(f"{where}: expected Parquet, found {error}") from error


def _json_names(body: bytes, where: str) -> frozenset[str]:
    check_json_values(body, where)
    with reading(body, where, "JSON"):
        return frozenset(json.loads(body.decode("utf-8-sig")))
