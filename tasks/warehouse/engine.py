"""From an address to an engine: one that writes nights, one that can only read.

What differs per database is in `tasks.warehouse.sqlite` (the embedded default) and `tasks.warehouse.postgresql`;
tables are `tasks.warehouse.tables`. An address may hold a password: messages name it by `describe_url`, never as it is.
"""

from collections.abc import Iterator
from contextlib import contextmanager

import sqlalchemy as sa

from alvh_core.errors import ContractError
from tasks.warehouse import postgresql, sqlite
from tasks.warehouse.faults import clear_errors

EXPECTED = "an address such as sqlite:////path/file.sqlite or postgresql://user:password@host/database"


def writer_engine(url: str) -> sa.Engine:
    """Return an engine whose transactions see what was committed before each statement, and may write.

    Parameters
    ----------
    url : str
        SQLAlchemy address; a SQLite file's folder is made.

    Raises
    ------
    ContractError
        No such address, or of a database that the warehouse does not know.
    """
    address = parse_url(url)
    return postgresql.writer_engine(address) if is_postgresql(address) else sqlite.writer_engine(address)


def reader_engine(url: str) -> sa.Engine:
    """Return an engine that cannot change anything, whatever statement it is given; a transaction sees one state.

    Raises
    ------
    ContractError
        No such address, of a database that the warehouse does not know, or there is no such file.
    """
    address = parse_url(url)
    return postgresql.reader_engine(address) if is_postgresql(address) else sqlite.reader_engine(address)


@contextmanager
def one_look(url: str) -> Iterator[sa.Connection]:
    """Give a connection for one question: it reads one state, and is closed with its engine.

    Raises
    ------
    ContractError
        As `reader_engine`.
    RetriableError, FatalError
        The database does not answer.
    """
    engine = reader_engine(url)
    try:
        with clear_errors(describe_url(url)), engine.begin() as connection:
            yield connection
    finally:
        engine.dispose()


def parse_url(url: str) -> sa.URL:
    """Return an address in its parts, with the driver we use.

    Raises
    ------
    ContractError
        It is none, or of a database that the warehouse does not know; the message holds no password.
    """
    try:
        address = sa.make_url(url)
    except (sa.exc.ArgumentError, ValueError):  # ValueError: a port that is no number
        # their words may repeat what is meant as the password
        raise ContractError(f"warehouse: expected {EXPECTED}, found {_masked(url)!r}") from None
    if address.drivername in {"postgresql", "postgres"}:
        address = address.set(drivername=postgresql.DRIVER)
    if address.drivername not in {postgresql.DRIVER, "sqlite", "sqlite+pysqlite"}:
        raise ContractError(f"warehouse: expected {EXPECTED}, found one of {address.drivername!r}")
    if not is_postgresql(address) and (not address.database or address.database == ":memory:"):
        raise ContractError(f"warehouse {url}: expected a file; a database in memory is gone before anyone reads it")
    if "@" in (address.host or ""):
        raise ContractError("warehouse: expected @, : and / in the password to be written %40, %3A and %2F")
    return address


def describe_url(url: str) -> str:
    """Return an address as it may be printed: without password, and without options, which may hold one."""
    return parse_url(url).set(query={}).render_as_string(hide_password=True)


def is_postgresql(address: sa.URL) -> bool:
    """Tell PostgreSQL from SQLite."""
    return address.get_backend_name() == "postgresql"


def _masked(text: str) -> str:
    """Return a text that is no address without what may be meant as its password."""
    return f"***@{text.rpartition('@')[2]}" if "@" in text else text
