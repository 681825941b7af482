"""Engines: one that writes nights, one that can only read. SQLite in WAL mode is the embedded default.

In WAL mode readers never block the nightly writer, nor it them. Tables are `tasks.warehouse.tables`.
"""

import sqlite3
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


def writer_engine(url: str) -> sa.Engine:
    """Return an engine whose transactions take the write lock at once.

    Parameters
    ----------
    url : str
        SQLAlchemy address; a SQLite file's folder is made.

    Raises
    ------
    ContractError
        No such address, or its database driver is not installed.
    """
    address = _address(url)
    if address.get_backend_name() != "sqlite":
        return _engine(address)
    try:
        Path(str(address.database)).parent.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise ContractError(f"warehouse {url}: its folder cannot be made: {error}") from error
    # no pool: opening a file is cheap, and a killed or forgotten owner leaves no connection behind
    engine = _engine(address, poolclass=sa.NullPool)
    sa.event.listen(engine, "connect", _configure_writer)
    sa.event.listen(engine, "begin", _begin_immediate)
    return engine


def reader_engine(url: str) -> sa.Engine:
    """Return an engine that cannot change anything, whatever statement it is given; a transaction sees one state.

    Raises
    ------
    ContractError
        No such address, its driver is not installed, or there is no such file.
    """
    address = _address(url)
    if address.get_backend_name() != "sqlite":
        return _engine(address, isolation_level="REPEATABLE READ", execution_options={"postgresql_readonly": True})
    path = Path(str(address.database)).resolve()
    if not path.is_file():
        raise ContractError(f"expected a warehouse at {path}, found none; run `alvh nightly` first")
    # as a URI, in which the path's own ? and # must not look like one's
    read_only = sa.URL.create("sqlite", database=f"file:{quote(path.as_posix())}", query={"mode": "ro", "uri": "true"})
    engine = _engine(read_only, poolclass=sa.NullPool)
    sa.event.listen(engine, "connect", _configure_reader)
    sa.event.listen(engine, "begin", _begin)
    return engine


def _address(url: str) -> sa.URL:
    try:
        address = sa.make_url(url)
    except sa.exc.ArgumentError as error:
        raise ContractError(
            f"warehouse: expected an address such as sqlite:////path/file.sqlite, found {url!r}"
        ) from error
    if address.get_backend_name() == "sqlite" and (not address.database or address.database == ":memory:"):
        raise ContractError(f"warehouse {url}: expected a file; a database in memory is gone before anyone reads it")
    return address


def _engine(address: sa.URL, **options: Any) -> sa.Engine:
    try:
        return sa.create_engine(address, **options)
    except (sa.exc.NoSuchModuleError, ImportError) as error:
        raise ContractError(f"warehouse {address!r}: its database driver is not installed: {error}") from error


def _configure_writer(connection: Any, _record: Any) -> None:
    connection.isolation_level = None  # the driver must not begin transactions of its own
    connection.execute(f"PRAGMA busy_timeout={BUSY_TIMEOUT_MS}")
    connection.execute("PRAGMA journal_mode=WAL")
    connection.execute("PRAGMA synchronous=FULL")


def _begin_immediate(connection: sa.Connection) -> None:
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
