"""SQL over the lake: DuckDB in memory with one view per Parquet table. Reads only."""

from pathlib import Path
from typing import TYPE_CHECKING, Any

import pandas as pd
from fsspec import AbstractFileSystem

from alvh_core.errors import ContractError
from alvh_core.registry.spec import LAKE
from alvh_core.schemas import TABLES
from tasks.lake.store import RemoteStore, Store, open_store

if TYPE_CHECKING:
    import duckdb

READS = "SELECT, DESCRIBE, SUMMARIZE or SHOW TABLES"
_NIGHTS = "*/*/part.parquet"
_CONFIG: dict[str, str | bool | int | float | list[str]] = {
    "autoinstall_known_extensions": "false", "autoload_known_extensions": "false",
    "python_enable_replacements": "false",  # else a name in a statement finds this program's own variables
    "temp_directory": "",  # no spilling: a statement may read every file of the folder it spills to
}  # fmt: skip


def query_lake(root: str | Path, sql: str) -> pd.DataFrame:
    """Run one SELECT over the lake's tables.

    Parameters
    ----------
    root : str or Path
        Folder or address of the lake.
    sql : str

    Returns
    -------
    DataFrame

    Raises
    ------
    ContractError
        The statement is not valid or no SELECT; carries DuckDB's words and the tables there are.
    """
    import duckdb  # noqa: PLC0415 - only this command needs it

    store, present = open_store(root.resolve() if isinstance(root, Path) else root), []
    with duckdb.connect(config=_CONFIG) as connection:
        try:
            if isinstance(store, RemoteStore):
                connection.register_filesystem(_Straight(store.filesystem))
            present = _make_views(connection, store)
            _lock(connection, store)
            statements = connection.extract_statements(sql)
            if [s.type for s in statements] != [duckdb.StatementType.SELECT]:
                found = ", ".join(s.type.name for s in statements) or "nothing"
                raise ContractError(f"the lake is only read: expected one {READS}, found {found}")
            # by way of Arrow: a date stays a date, and DuckDB's own conversion trips a deprecation of pandas 3.1
            frame: pd.DataFrame = connection.sql(sql).to_arrow_table().to_pandas()
        except (duckdb.Error, PermissionError) as error:
            tables = ", ".join(present) or "none yet, run `alvh nightly` first"
            raise ContractError(f"the lake did not answer: {error}\ntables: {tables}") from error
    return frame


def _make_views(connection: "duckdb.DuckDBPyConnection", store: Store) -> list[str]:
    """Make one view per table that has nights; return their names."""
    lake = [name for name, table in TABLES.items() if table.home == LAKE]
    present = [name for name in lake if store.glob(f"{name}/{_NIGHTS}")]
    for name in present:
        pattern = store.where(f"{name}/{_NIGHTS}").replace("'", "''")
        # by name, because older nights may lack a column; names and pattern are ours, not the user's
        source = f"read_parquet('{pattern}', hive_partitioning=false, union_by_name=true)"
        connection.execute(f"create view {name} as select * from {source}")  # noqa: S608
    return present


def _lock(connection: "duckdb.DuckDBPyConnection", store: Store) -> None:
    """From here on a statement sees the lake's files and nothing else, and can change no setting."""
    connection.execute("set TimeZone = 'UTC'")
    connection.execute("set allowed_directories = [$root]", {"root": store.where()})
    connection.execute("set enable_external_access = false")
    connection.execute("set lock_configuration = true")


class _Straight(AbstractFileSystem):
    """A file system that takes no way back: DuckDB allows `lake/../other`, where only some stores mean it so."""

    cachable = False

    def __init__(self, inner: AbstractFileSystem) -> None:
        super().__init__()
        self.inner, self.protocol = inner, inner.protocol

    def glob(self, path: str, **options: Any) -> Any:
        """Return the files of a pattern; DuckDB asks this of every address first."""
        return self.inner.glob(_straight(path), **options)

    def open(self, path: str, mode: str = "rb", **options: Any) -> Any:
        """Open a file."""
        return self.inner.open(_straight(path), mode, **options)

    def info(self, path: str, **options: Any) -> Any:
        """Return what is known of a file."""
        return self.inner.info(_straight(path), **options)

    def modified(self, path: str) -> Any:
        """Return when a file was written."""
        return self.inner.modified(_straight(path))


def _straight(path: str) -> str:
    if ".." in path.split("/"):
        raise PermissionError(f"{path}: expected an address below the lake, found ..")
    return path
