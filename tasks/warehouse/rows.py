"""The rows of nights: replaced, read and hashed.

Functions on an open connection, whose transaction is the caller's (`tasks.warehouse.repository`).
"""

import hashlib
from collections.abc import Mapping
from typing import Any

import orjson
import pandas as pd
import sqlalchemy as sa

from alvh_core.registry.spec import TableSpec
from alvh_core.schemas import NIGHT_TABLES
from tasks.warehouse import postgresql, sqlite
from tasks.warehouse.ledger import NightKey, is_date
from tasks.warehouse.tables import Columns, typed_frame


def replace_night(connection: sa.Connection, table: sa.Table, key: NightKey, columns: Columns) -> None:
    """Put rows in the place of those a night has in a table."""
    connection.execute(sa.delete(table).where(is_date(table, key)))
    if any(columns.values()):
        engine = postgresql if connection.dialect.name == "postgresql" else sqlite
        engine.load_rows(connection, table, columns)


def read_frame(connection: sa.Connection, query: sa.Select[Any], spec: TableSpec) -> pd.DataFrame:
    """Return a query's rows as a frame of its table."""
    return typed_frame(connection.execute(query).all(), spec)


def is_answer(spec: TableSpec) -> bool:
    """Tell what a night answers from the run's own records."""
    return spec.name.startswith(("core_", "out_"))


def answers_sha256(tables: Mapping[str, Columns]) -> str:
    """Hash every answer row of a night, ordered by key; the run's own records do not count."""
    digest = hashlib.sha256()
    for spec in NIGHT_TABLES:
        if is_answer(spec):
            names, columns = zip(*sorted(tables[spec.name].items()), strict=True)
            rows = [dict(zip(names, row, strict=True)) for row in zip(*columns, strict=True)]
            digest.update(orjson.dumps([spec.name, rows]))
    return digest.hexdigest()
