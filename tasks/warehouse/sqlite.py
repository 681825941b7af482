"""SQLite, the embedded database: a file in WAL mode, in which readers never block the nightly writer, nor it them."""

import sqlite3
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any
from urllib.parse import quote

import sqlalchemy as sa

from alvh_core.errors import ContractError

BUSY_TIMEOUT_MS = 30_000
_READ_ACTIONS = frozenset({
    sqlite3.SQLITE_SELECT, sqlite3.SQLITE_READ, sqlite3.SQLITE_FUNCTION, sqlite3.SQLITE_RECURSIVE,
})  # fmt: skip
_READ_PRAGMAS = frozenset({"table_info", "table_list", "index_list", "database_list"})


def writer_engine(address: sa.URL) -> sa.Engine:
    """Return an engine whose transactions take the write lock at once; the file's folder is made."""
    try:
        Path(str(address.database)).parent.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise ContractError(f"warehouse {address}: its folder cannot be made: {error}") from error
    # no pool: opening a file is cheap, and a killed or forgotten owner leaves no connection behind
    engine = sa.create_engine(address, poolclass=sa.NullPool)
    sa.event.listen(engine, "connect", _configure_writer)
    sa.event.listen(engine, "begin", _begin_immediate)
    return engine


def reader_engine(address: sa.URL) -> sa.Engine:
    """Return an engine that opens the file for reading only; there must be one."""
    path = Path(str(address.database)).resolve()
    if not path.is_file():
        raise ContractError(f"expected a warehouse at {path}, found none; run `alvh nightly` first")
    # as a URI, in which the path's own ? and # must not look like one's
    read_only = sa.URL.create("sqlite", database=f"file:{quote(path.as_posix())}", query={"mode": "ro", "uri": "true"})
    engine = sa.create_engine(read_only, poolclass=sa.NullPool)
    sa.event.listen(engine, "connect", _configure_reader)
    sa.event.listen(engine, "begin", _begin)
    return engine


def load_rows(connection: sa.Connection, table: sa.Table, columns: Mapping[str, Sequence[Any]]) -> None:
    """Insert rows; values are made ready column by column, in half the time of row by row."""
    dialect = connection.dialect
    quote = dialect.identifier_preparer
    names, places = ", ".join(map(quote.quote, columns)), ", ".join("?" * len(columns))
    ready = [_ready(values, table.c[name].type.dialect_impl(dialect).bind_processor(dialect))
             for name, values in columns.items()]  # fmt: skip
    statement = f"INSERT INTO {quote.format_table(table)} ({names}) VALUES ({places})"  # noqa: S608 - names of our own
    connection.exec_driver_sql(statement, list(zip(*ready, strict=True)))


def is_busy(error: BaseException | None) -> bool:
    """Whether another process held the file too long."""
    code = getattr(error, "sqlite_errorcode", None)
    return code is not None and code & 0xFF in {sqlite3.SQLITE_BUSY, sqlite3.SQLITE_LOCKED}


def _ready(values: Sequence[Any], of_one: Callable[[Any], Any] | None) -> Sequence[Any]:
    """Return values as the driver takes them: dates and truth values are few, in however many rows."""
    if of_one is None:
        return values
    known = {value: of_one(value) for value in set(values)}
    return [known[value] for value in values]


def _configure_writer(connection: Any, _record: Any) -> None:
    connection.isolation_level = None  # the driver must not begin transactions of its own
    connection.execute(f"PRAGMA busy_timeout={BUSY_TIMEOUT_MS}")
    connection.execute("PRAGMA journal_mode=WAL")
    connection.execute("PRAGMA synchronous=FULL")


def _begin_immediate(connection: sa.Connection) -> None:
    if not connection.get_execution_options().get("is_glance"):  # a look at one value waits for no writer
        connection.exec_driver_sql("BEGIN IMMEDIATE")


def _begin(connection: sa.Connection) -> None:
    connection.exec_driver_sql("BEGIN")


def _configure_reader(connection: Any, _record: Any) -> None:
    connection.isolation_level = None
    connection.execute(f"PRAGMA busy_timeout={BUSY_TIMEOUT_MS}")
    connection.set_authorizer(_authorize_reading)


def _authorize_reading(
    action: int, first: str | None, _second: str | None, _db: str | None, _trigger: str | None
) -> int:
    """Let a statement read; ATTACH would otherwise create files beside a read-only database."""
    is_pragma = action == sqlite3.SQLITE_PRAGMA and first in _READ_PRAGMAS
    is_transaction = action == sqlite3.SQLITE_TRANSACTION
    return sqlite3.SQLITE_OK if action in _READ_ACTIONS or is_pragma or is_transaction else sqlite3.SQLITE_DENY
