"""PostgreSQL, the production database: how connections are made, and how reading is kept from writing.

Roles are the operator's, `docs/postgresql.md`; what is done here holds whatever role the address names.
"""

from collections.abc import Mapping, Sequence
from typing import Any

import sqlalchemy as sa

DRIVER = "postgresql+psycopg"
STATEMENT_TIMEOUT_SECONDS = 300
# A peer that vanished without a word (power, network) is noticed in a minute, on its side and on ours; the system's
# own time is two hours, in which the lock of a dead run would stay.
_KEEPALIVE = {"keepalives_idle": 30, "keepalives_interval": 10, "keepalives_count": 3}
_TIRED_CLASSES = ("08", "40", "53")  # connection, rollback (deadlock, serialisation), resources
_TIRED_STATES = frozenset({"55P03", "57P01", "57P02", "57P03", "57P05", "25P03"})


def writer_engine(address: sa.URL) -> sa.Engine:
    """Return an engine that waits for others' locks, and is let go if it falls asleep in a transaction."""
    return _engine(address, {}, lock_timeout="30s", idle_in_transaction_session_timeout="300s")


def reader_engine(address: sa.URL) -> sa.Engine:
    """Return an engine of read-only transactions that see one state, and of one statement at a time."""
    engine = _engine(
        address, {"isolation_level": "REPEATABLE READ", "postgresql_readonly": True},
        default_transaction_read_only="on", statement_timeout=f"{STATEMENT_TIMEOUT_SECONDS}s",
    )  # fmt: skip
    sa.event.listen(engine, "begin", _fix_reading)
    sa.event.listen(engine, "do_execute", _execute_one)
    sa.event.listen(engine, "do_execute_no_params", _execute_one_as_typed)
    return engine


def session_engine(address: sa.URL) -> sa.Engine:
    """Return an engine for a connection that is held for hours and has no transactions."""
    return _engine(address, {"isolation_level": "AUTOCOMMIT"}, idle_session_timeout="0")


def load_rows(connection: sa.Connection, table: sa.Table, columns: Mapping[str, Sequence[Any]]) -> None:
    """Load rows by COPY, in a third to three fifths of the time of INSERTs: `docs/adr/0008`."""
    quote = connection.dialect.identifier_preparer
    statement = f"copy {quote.format_table(table)} ({', '.join(map(quote.quote, columns))}) from stdin"
    driver: Any = connection.connection.driver_connection
    try:
        with driver.cursor() as cursor, cursor.copy(statement) as sink:
            for row in zip(*columns.values(), strict=True):
                sink.write_row(row)
    except connection.dialect.loaded_dbapi.Error as error:  # as SQLAlchemy tells the errors of what goes through it
        raise sa.exc.DBAPIError(statement, None, error) from error


def is_tired(error: BaseException | None) -> bool:
    """Whether the server was not there, went away, or asked to try again."""
    state = getattr(error, "sqlstate", "")
    if state is None:  # without a state nothing was answered: the connection failed, or broke
        return "OperationalError" in {kind.__name__ for kind in type(error).__mro__}
    return state.startswith(_TIRED_CLASSES) or state in _TIRED_STATES


def is_forbidden(error: BaseException | None) -> bool:
    """Whether the role lacks a privilege, or is set to read only."""
    return getattr(error, "sqlstate", None) in {"42501", "25006"}


def _engine(address: sa.URL, execution_options: dict[str, Any], **settings: str) -> sa.Engine:
    """Return an engine without a pool: a night has few transactions, hours apart, and servers restart in between."""
    chosen = {f"tcp_{name}": str(value) for name, value in _KEEPALIVE.items()} | settings
    theirs = address.query.get("options", "")
    options = " ".join([*(f"-c {name}={value}" for name, value in chosen.items()), str(theirs)])
    ours = {"connect_timeout": 10, "application_name": "alvh", **_KEEPALIVE}
    arguments = {name: value for name, value in ours.items() if name not in address.query} | {"options": options}
    return sa.create_engine(address, poolclass=sa.NullPool, connect_args=arguments, execution_options=execution_options)


def _fix_reading(connection: sa.Connection) -> None:
    """Take the snapshot; after it a transaction cannot be made one that writes."""
    connection.exec_driver_sql("select 1")


def _execute_one(cursor: Any, statement: str, parameters: Any, _context: Any) -> bool:
    """Prepare before executing: several statements in one string cannot be prepared, so none of them runs."""
    cursor.execute(statement, parameters, prepare=True)
    return True


def _execute_one_as_typed(cursor: Any, statement: str, _context: Any) -> bool:
    cursor.execute(statement, prepare=True)
    return True
