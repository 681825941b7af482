"""The rows of nights: replaced, read and hashed.

Functions on an open connection, whose transaction is the caller's (`tasks.warehouse.repository`).
"""

import hashlib
from collections.abc import Mapping
from typing import Any

import orjson
import pandas as pd
import sqlalchemy as sa

from alvh_core import frames
from alvh_core.registry.spec import TableSpec
from alvh_core.schemas import NIGHT_TABLES
from tasks.warehouse import postgresql
from tasks.warehouse.ledger import NightKey, is_date

Records = Mapping[str, list[dict[str, Any]]]


def replace_night(connection: sa.Connection, table: sa.Table, key: NightKey, rows: list[dict[str, Any]]) -> None:
    """Put rows in the place of those a night has in a table."""
    connection.execute(sa.delete(table).where(is_date(table, key)))
    if rows and connection.dialect.name == "postgresql":
        postgresql.copy_rows(connection, table, rows)
    elif rows:
        _insert(connection, table, rows)


def _insert(connection: sa.Connection, table: sa.Table, rows: list[dict[str, Any]]) -> None:
    """Insert rows of the same columns; values are made ready column by column, in half the time of row by row."""
    dialect = connection.dialect
    names = [column.name for column in table.c if column.name in rows[0]]  # the order of the statement
    columns = ([row[name] for row in rows] for name in names)
    ready = (table.c[name].type.dialect_impl(dialect).bind_processor(dialect) for name in names)
    bound = [values if of_one is None else [of_one(value) for value in values]
             for values, of_one in zip(columns, ready, strict=True)]  # fmt: skip
    statement = sa.insert(table).compile(dialect=dialect, column_keys=names)
    connection.exec_driver_sql(str(statement), list(zip(*bound, strict=True)))


def read_frame(connection: sa.Connection, query: sa.Select[Any], spec: TableSpec) -> pd.DataFrame:
    """Return a query's rows as a frame of its table."""
    rows = [tuple(row) for row in connection.execute(query)]
    # as objects: a column of whole numbers with a null would become floats on the way
    return frames.conform(pd.DataFrame(rows, columns=list(spec.names), dtype="object"), spec)


def answers_sha256(rows: Records) -> str:
    """Hash every answer row of a night, ordered by key; the run's own records do not count."""
    digest = hashlib.sha256()
    for spec in NIGHT_TABLES:
        if spec.name.startswith(("core_", "out_")):
            digest.update(orjson.dumps([spec.name, rows[spec.name]], option=orjson.OPT_SORT_KEYS))
    return digest.hexdigest()
