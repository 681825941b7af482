"""Parquet tables of the lake: schemas from the registry, one file per table, source mode and night, replaced whole.

``{root}/{table}/source_mode={mode}/trade_date={date}/part.parquet``. Anything that reads Parquet reads it.
"""

import io
from datetime import date
from pathlib import Path

import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq

from alvh_core.errors import FatalError
from alvh_core.frames import conform
from alvh_core.schemas import TableSpec
from tasks.lake.raw import write_atomic

_ARROW = {
    "date": pa.date32(),
    "timestamp": pa.timestamp("us", tz="UTC"),
    "str": pa.string(),
    "category": pa.dictionary(pa.int32(), pa.string()),
    "float": pa.float64(),
    "int": pa.int64(),
    "bool": pa.bool_(),
}


def arrow_schema(table: TableSpec) -> pa.Schema:
    """Return the Parquet schema of a registry table, units and descriptions in the field metadata."""
    return pa.schema([
        pa.field(c.name, _ARROW[c.dtype], table.is_nullable(c.name), metadata={"unit": c.unit, "description": c.description})
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

    def path_of(self, table: TableSpec, part: str = "part") -> Path:
        """Return the file of a table; ``part`` tells stages of one table apart."""
        night = f"source_mode={self._mode}/trade_date={self._date}"
        return self._root / table.name / night / f"{part}.parquet"

    def write(self, frame: pd.DataFrame, table: TableSpec, part: str = "part") -> Path:
        """Write a table of the night, replacing it whole."""
        path, sink = self.path_of(table, part), io.BytesIO()
        arrow = pa.Table.from_pandas(conform(frame, table), schema=arrow_schema(table), preserve_index=False)
        pq.write_table(arrow, sink, compression="zstd", compression_level=1)
        write_atomic(path, sink.getbuffer())
        return path

    def read(self, table: TableSpec, part: str = "part", columns: list[str] | None = None) -> pd.DataFrame:
        """Read a table of the night.

        Raises
        ------
        FatalError
            A stage was run before the one that writes its input.
        """
        path = self.path_of(table, part)
        if not path.is_file():
            raise FatalError(
                f"expected {table.name} of {self._date} ({self._mode}) at {path}; run the stage before first"
            )
        # partitioning=None: the night is in the rows, not to be guessed from the folder names
        arrow = pq.read_table(path, columns=columns, partitioning=None)
        return arrow.to_pandas(date_as_object=False, strings_to_categorical=False)

    def sweep(self) -> None:
        """Remove what a killed run of this night left half written."""
        for stray in self._root.glob(f"*/source_mode={self._mode}/trade_date={self._date}/.*.tmp"):
            stray.unlink(missing_ok=True)
