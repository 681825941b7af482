"""Engines: one that writes nights, one that can only read. SQLite in WAL mode is the embedded default.

In WAL mode readers never block the nightly writer, nor it them. Tables are `tasks.warehouse.tables`.
"""

import sqlite3
from pathlib import Path
from typing import Any

import sqlalchemy as sa

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
    """
    engine = sa.create_engine(url)
    if engine.dialect.name == "sqlite":
        Path(str(engine.url.database)).parent.mkdir(parents=True, exist_ok=True)
        sa.event.listen(engine, "connect", _configure_writer)
        sa.event.listen(engine, "begin", _begin_immediate)
    return engine


def reader_engine(url: str) -> sa.Engine:
    """Return an engine that cannot change anything, whatever statement it is given."""
    address = sa.engine.make_url(url)
    if address.get_backend_name() == "sqlite":
        path = Path(str(address.database)).resolve()
        engine = sa.create_engine(f"sqlite:///file:{path.as_posix()}?mode=ro&uri=true")
        sa.event.listen(engine, "connect", _configure_reader)
        return engine
    return sa.create_engine(url, execution_options={"postgresql_readonly": True})


def _configure_writer(connection: Any, _record: Any) -> None:
    connection.isolation_level = None  # the driver must not begin transactions of its own
    connection.execute(f"PRAGMA busy_timeout={BUSY_TIMEOUT_MS}")
    connection.execute("PRAGMA journal_mode=WAL")
    connection.execute("PRAGMA synchronous=FULL")


def _begin_immediate(connection: sa.Connection) -> None:
    connection.exec_driver_sql("BEGIN IMMEDIATE")


def _configure_reader(connection: Any, _record: Any) -> None:
    connection.execute(f"PRAGMA busy_timeout={BUSY_TIMEOUT_MS}")
    connection.set_authorizer(_authorize_reading)


def _authorize_reading(
    action: int, first: str | None, _second: str | None, _db: str | None, _trigger: str | None
) -> int:
    """Let a statement read; ATTACH would otherwise create files beside a read-only database."""
    is_pragma = action == sqlite3.SQLITE_PRAGMA and first in _READ_PRAGMAS
    is_transaction = action == sqlite3.SQLITE_TRANSACTION
    return sqlite3.SQLITE_OK if action in _READ_ACTIONS or is_pragma or is_transaction else sqlite3.SQLITE_DENY
