"""Parquet tables of the lake: schemas from the registry, one file per table, source mode and night, replaced whole.

``{root}/{table}/source_mode={mode}/trade_date={date}/part.parquet``. Anything that reads Parquet reads it. While a
night is computed in shards, each writes ``part.{shard}.parquet`` beside it, until they are joined.
"""

import io
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from datetime import date
from pathlib import Path

import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from alvh_core.errors import ContractError, FatalError
from alvh_core.frames import conform
from alvh_core.registry.spec import TableSpec
from alvh_core.schemas import TABLES
from tasks.lake.store import open_store

PART = "part"
HELD_CELLS = 8_000_000  # of one table: 64 MB, 150,000 quotes
_ARROW = {
    "date": pa.date32(),
    "timestamp": pa.timestamp("us", tz="UTC"),
    "str": pa.string(),
    "category": pa.dictionary(pa.int32(), pa.string()),
    "float": pa.float64(),
    "int": pa.int64(),
    "bool": pa.bool_(),
}


def arrow_schema(table: TableSpec, *, is_judged: bool = True) -> pa.Schema:
    """Return the Parquet schema of a registry table, units and descriptions in the field metadata.

    Parameters
    ----------
    table : TableSpec
    is_judged : bool
        Whether nulls are refused where the registry forbids them; rows that wait for validation may still be faulty.
    """
    return pa.schema([
        pa.field(c.name, _ARROW[c.dtype], table.is_nullable(c.name) or not is_judged,
                 metadata={"unit": c.unit, "description": c.description})
        for c in table.columns
    ])  # fmt: skip


class LakeTables:
    """Tables of one night.

    Parameters
    ----------
    root : str or Path
        Folder or address of the lake.
    source_mode : str
    trade_date : date
    shard : str
        Name of the part of the night whose files these are; empty for the night.

    Attributes
    ----------
    rows_written : dict of str to int
        Rows of what was written through this object: by table, and by ``table/part`` before validation.
    """

    def __init__(self, root: str | Path, source_mode: str, trade_date: date, shard: str = "") -> None:
        self._store, self._mode, self._date, self._shard = open_store(root), source_mode, trade_date, shard
        self.rows_written: dict[str, int] = {}
        self._held: dict[str, pd.DataFrame] | None = None

    @contextmanager
    def in_memory(self) -> Iterator[None]:
        """Keep what is written and read inside at hand, and what waits for validation nowhere else.

        For a night that one process runs from end to end. Tables above `HELD_CELLS` pass through files all the same.
        """
        self._held = {}
        try:
            yield
        finally:
            self._held = None

    def path_of(self, table: TableSpec, part: str = PART) -> str:
        """Return the file of a table, below the root; ``part`` tells stages of one table apart."""
        return self._path(table, part, self._shard)

    def write(self, frame: pd.DataFrame, table: TableSpec, part: str = PART) -> None:
        """Write a table of the night, replacing it whole.

        Parameters
        ----------
        frame : DataFrame
        table : TableSpec
        part : str
            Another name than the default is a stage before validation: its rows may have nulls in any column.

        Raises
        ------
        ContractError
            A column is missing, cannot be cast, or has nulls it must not have.
        """
        path, is_judged, whole = self.path_of(table, part), part == PART, conform(frame, table)
        if is_judged or not self._is_held(whole):
            schema = arrow_schema(table, is_judged=is_judged)
            try:
                arrow = pa.Table.from_pandas(whole, schema=schema, preserve_index=False)
            except (pa.ArrowException, ValueError) as error:
                raise ContractError(f"{table.name} of {self._date} ({self._mode}): {error}") from error
            self._write(arrow, path)
        self._hold(path, whole)
        self.rows_written[table.name if is_judged else f"{table.name}/{part}"] = len(whole)

    def read(self, table: TableSpec, part: str = PART, columns: list[str] | None = None) -> pd.DataFrame:
        """Read a table of the night, in the types of the registry.

        Raises
        ------
        FatalError
            A stage was run before the one that writes its input, or the file is damaged.
        """
        path = self.path_of(table, part)
        if self._held is not None and path in self._held:
            held = self._held[path]
            return held[columns] if columns else held.copy(deep=False)  # of its own: who adds to it adds here only
        frame = _to_pandas(self._read(table, path, columns))
        if columns is None:
            return self._hold(path, conform(frame, table))
        return conform(frame, table.only(columns))[columns]

    def columns_of(self, table: TableSpec, columns: list[str]) -> pa.Table:
        """Read some columns of a table as they lie in the lake, without descriptions.

        Raises
        ------
        FileNotFoundError
            It is not there.
        """
        bare = pa.schema([pa.field(c.name, _ARROW[c.dtype]) for c in table.only(columns).columns])
        if not self._store.exists(self.path_of(table)):
            raise FileNotFoundError(self.path_of(table))
        return self._read(table, self.path_of(table), columns).cast(bare)

    def _is_held(self, frame: pd.DataFrame) -> bool:
        return self._held is not None and frame.size <= HELD_CELLS

    def _hold(self, path: str, frame: pd.DataFrame) -> pd.DataFrame:
        if self._held is None:
            return frame
        self._held.pop(path, None)
        if self._is_held(frame):
            self._held[path] = frame.copy(deep=False)
        return frame

    def join(self, table: TableSpec, shards: Sequence[str]) -> None:
        """Write a table of the night from the files of its shards, in their order.

        Parameters
        ----------
        table : TableSpec
        shards : sequence of str
            Names of the shards.

        Raises
        ------
        FatalError
            A shard has not written its file, or it is damaged.
        """
        parts = [self._read(table, self._path(table, PART, shard)) for shard in shards]
        if self._held is not None:
            self._held.pop(self.path_of(table), None)
        self._write(_in_one_dictionary(pa.concat_tables(parts)), self.path_of(table))

    def sweep(self) -> None:
        """Remove all but the tables of the night: stages before them, those of shards, files half written."""
        for table in TABLES.values():
            for path in self._store.glob(f"{self._folder(table)}/*"):
                if path != self._path(table, PART, ""):
                    self._store.remove(path)
        if self._held is not None:
            self._held = {path: frame for path, frame in self._held.items() if path.endswith(f"/{PART}.parquet")}

    def _folder(self, table: TableSpec) -> str:
        return f"{table.name}/source_mode={self._mode}/trade_date={self._date}"

    def _path(self, table: TableSpec, part: str, shard: str) -> str:
        return f"{self._folder(table)}/{part}{'.' * bool(shard)}{shard}.parquet"

    def _write(self, arrow: pa.Table, path: str) -> None:
        sink = io.BytesIO()
        named = [f.name for f in arrow.schema if pa.types.is_dictionary(f.type)]  # numbers and keys hardly repeat
        pq.write_table(arrow, sink, compression="zstd", compression_level=1, use_dictionary=named)
        self._store.write(path, sink.getbuffer())

    def _read(self, table: TableSpec, path: str, columns: list[str] | None = None) -> pa.Table:
        try:
            # one file, not a data set: a third of the time, and the night is in the rows, not in the folders' names
            with pq.ParquetFile(self._store.source(path)) as file:
                return file.read(columns=columns)
        except FileNotFoundError as error:
            raise FatalError(
                f"expected {table.name} of {self._date} ({self._mode}) at {self._store.where(path)}, found no file: "
                f"it was not computed in this lake, or was removed; {self._again()} makes it from what landed"
            ) from error
        except (pa.ArrowException, OSError, ValueError) as error:
            raise FatalError(
                f"{self._store.where(path)} cannot be read: {error}; {self._again()} makes it from what landed"
            ) from error

    def _again(self) -> str:
        return f"`alvh nightly --date {self._date} --force`"


def _to_pandas(arrow: pa.Table) -> pd.DataFrame:
    """Return a table in types that `conform` need hardly change: no date becomes an object, no whole number a float."""
    fields = [f.with_type(pa.timestamp("s")) if pa.types.is_date(f.type) else f for f in arrow.schema]
    masked = {pa.int64(): pd.Int64Dtype(), pa.bool_(): pd.BooleanDtype()}
    frame: pd.DataFrame = arrow.cast(pa.schema(fields)).to_pandas(types_mapper=masked.get)
    return frame


def _in_one_dictionary(table: pa.Table) -> pa.Table:
    """Let every category column have one dictionary, in the order of the alphabet, as if it had never been cut."""
    table = table.unify_dictionaries()
    for at, field in enumerate(table.schema):
        column = table.column(at)
        if pa.types.is_dictionary(field.type) and column.num_chunks:
            names = column.chunk(0).dictionary
            order = pc.array_sort_indices(names)
            rank = pc.array_sort_indices(order).cast(pa.int32())
            chunks = [pa.DictionaryArray.from_arrays(rank.take(c.indices), names.take(order)) for c in column.chunks]
            table = table.set_column(at, field, pa.chunked_array(chunks, field.type))
    return table
