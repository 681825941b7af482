"""Parquet tables of the lake: schemas from the registry, one file per table, source mode and night, replaced whole.

``{root}/{table}/source_mode={mode}/trade_date={date}/part.parquet``. Anything that reads Parquet reads it.
"""

import io
from dataclasses import replace
from datetime import date
from pathlib import Path

import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq

from alvh_core.errors import ContractError, FatalError
from alvh_core.frames import conform
from alvh_core.schemas import TableSpec
from tasks.lake.raw import write_atomic

PART = "part"
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
    root : Path
        The lake.
    source_mode : str
    trade_date : date
    """

    def __init__(self, root: Path, source_mode: str, trade_date: date) -> None:
        self._root, self._mode, self._date = root, source_mode, trade_date

    def path_of(self, table: TableSpec, part: str = PART) -> Path:
        """Return the file of a table; ``part`` tells stages of one table apart."""
        night = f"source_mode={self._mode}/trade_date={self._date}"
        return self._root / table.name / night / f"{part}.parquet"

    def write(self, frame: pd.DataFrame, table: TableSpec, part: str = PART) -> Path:
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
        path, sink = self.path_of(table, part), io.BytesIO()
        schema = arrow_schema(table, is_judged=part == PART)
        try:
            arrow = pa.Table.from_pandas(conform(frame, table), schema=schema, preserve_index=False)
        except (pa.ArrowException, ValueError) as error:
            raise ContractError(f"{table.name} of {self._date} ({self._mode}): {error}") from error
        pq.write_table(arrow, sink, compression="zstd", compression_level=1)
        write_atomic(path, sink.getbuffer())
        return path

    def read(self, table: TableSpec, part: str = PART, columns: list[str] | None = None) -> pd.DataFrame:
        """Read a table of the night, in the types of the registry.

        Raises
        ------
        FatalError
            A stage was run before the one that writes its input, or the file is damaged.
        """
        path = self.path_of(table, part)
        if not path.is_file():
            raise FatalError(
                f"expected {table.name} of {self._date} ({self._mode}) at {path}; run the stage before first"
            )
        try:
            # partitioning=None: the night is in the rows, not to be guessed from the folder names
            frame: pd.DataFrame = pq.read_table(path, columns=columns, partitioning=None).to_pandas()
        except (pa.ArrowException, OSError, ValueError) as error:
            raise FatalError(f"{path} cannot be read: {error}; run the night again with --force") from error
        if columns is None:
            return conform(frame, table)
        values = tuple(v for v in table.values if v.rstrip("?") in columns)
        some = replace(table, key=tuple(k for k in table.key if k in columns), values=values)
        return conform(frame, some)[columns]

    def sweep(self) -> None:
        """Remove what a killed run of this night left half written."""
        for stray in self._root.glob(f"*/source_mode={self._mode}/trade_date={self._date}/.*.tmp"):
            stray.unlink(missing_ok=True)
