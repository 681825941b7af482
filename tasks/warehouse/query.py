"""One question in SQL, as typed by a person, to a warehouse that it cannot change."""

import contextlib
import re
import sqlite3
from typing import Any

import pandas as pd
import sqlalchemy as sa

from alvh_core.errors import AlvhError, ContractError, RetriableError
from tasks.warehouse.engine import describe_url, reader_engine
from tasks.warehouse.faults import is_passing
from tasks.warehouse.migrate import current_revision, head_revision
from tasks.warehouse.tables import SQL_TABLES


def query_warehouse(url: str, sql: str) -> pd.DataFrame:
    """Run one read-only statement.

    Raises
    ------
    ContractError
        The statement is not valid or tries to write; carries the database's words and what there is.
    RetriableError
        The database is not there, went away, or is busy.
    """
    engine = reader_engine(url)
    try:
        with engine.connect() as connection:
            result = _answer(connection, sql)
            return pd.DataFrame(result.all(), columns=list(result.keys()))
    except (
        sa.exc.DBAPIError,
        sa.exc.ResourceClosedError,
        sqlite3.Warning,
    ) as error:  # Warning: Python 3.11, two statements
        words = getattr(error, "orig", None) or error
        if isinstance(error, sa.exc.DBAPIError) and is_passing(error):
            raise RetriableError(
                f"warehouse, {describe_url(url)}: expected an answer, found: {str(words).strip()}; ask again"
            ) from error
        if isinstance(error, sa.exc.ResourceClosedError):
            words = "expected one SELECT, found a statement without rows"
        raise ContractError(
            f"the warehouse did not answer: {words}{_only_reads(str(words), sql)}\n"
            f"{_is_not_migrated(url) or _there_is(str(words), sql)}"
        ) from error
    finally:
        engine.dispose()


def _only_reads(words: str, sql: str) -> str:
    """Say that nothing can be changed here, where that may be why there is no answer."""
    is_change = re.search(r"\b(alter|create|delete|drop|insert|truncate|update)\b", sql, re.IGNORECASE)
    return "; `alvh query` only reads: expected one SELECT" if is_change or "not authorized" in words else ""


def _is_not_migrated(url: str) -> str:
    """Say that the tables are not those of this version, which is then the first thing to mend; else nothing."""
    with contextlib.suppress(AlvhError):  # a role that may not ask for the revision
        if (found := current_revision(url)) != (head := head_revision()):
            return f"its tables are of revision {found or 'none'}, this version's are of {head}: run `alvh migrate`"
    return ""


def _there_is(words: str, sql: str) -> str:
    """Return the columns of the tables that a statement names, where a column is what is wrong; else all tables."""
    is_column = re.search(r"no such column|column \S+ does not exist", words)  # SQLite's words, PostgreSQL's
    asked = re.findall(r"\w+", sql.lower()) if is_column else []
    named = [name for name in dict.fromkeys(asked) if name in SQL_TABLES]
    columns = [f"columns of {name}: {', '.join(SQL_TABLES[name].columns.keys())}" for name in named]
    return "\n".join(columns) or f"tables: {', '.join(sorted(SQL_TABLES))}"


def _answer(connection: sa.Connection, sql: str) -> sa.CursorResult[Any]:
    """Run a statement as typed: a colon or a percent sign in it is no parameter of ours."""
    as_typed = {"no_parameters": True}
    if connection.dialect.name == "postgresql":  # what has a cursor is a query: no COPY to a program, no SET, no CALL
        connection.exec_driver_sql(f"declare answer no scroll cursor for\n{sql}", execution_options=as_typed)
        sql = "fetch all from answer"
    return connection.exec_driver_sql(sql, execution_options=as_typed)
