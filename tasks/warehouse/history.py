"""What earlier nights left, kept in memory from one night to the next and compared with the ledger each time.

A run of many nights asks at each of them for the same year of history but one night. Rows are kept by the hash of the
answers they are part of: a night that was published again with other answers, by whomever, is read again.
"""

from collections.abc import Collection, Mapping
from datetime import date
from typing import Any

import pandas as pd
import sqlalchemy as sa

from alvh_core.frames import concat, empty
from alvh_core.registry.spec import TableSpec
from tasks.warehouse.rows import is_answer, read_frame
from tasks.warehouse.tables import SQL_TABLES

Hashes = Mapping[date, str | None]  # of the answers of published nights


class History:
    """Rows of the last published nights; of each question the nights of the last answer are kept, no more."""

    def __init__(self) -> None:
        self._kept: dict[Any, tuple[Hashes, pd.DataFrame]] = {}

    def rows(self, connection: sa.Connection, spec: TableSpec, published: Hashes, **equal: str) -> pd.DataFrame:
        """Return a table's rows of some nights, oldest first.

        Parameters
        ----------
        connection : Connection
            In the transaction in which the ledger was asked.
        spec : TableSpec
            With ``trade_date``.
        published : mapping of date to str
            The nights.
        **equal
            Columns that have one value, ``source_mode`` among them.
        """
        asked = (spec, *sorted(equal.items()))
        hashes, rows = self._kept.get(asked, ({}, empty(spec)))
        same = [day for day, sha in published.items() if sha and sha == hashes.get(day) and is_answer(spec)]
        fresh = read_frame(connection, _of_nights(spec, published.keys() - set(same), equal), spec)
        known = _without_unused(rows[rows["trade_date"].isin(pd.to_datetime(same))])
        rows = concat([known, fresh], spec).sort_values("trade_date", kind="stable", ignore_index=True)
        self._kept[asked] = (published, rows)
        return rows.copy(deep=False)  # who changes it changes a frame of his own


def _of_nights(spec: TableSpec, days: Collection[date], equal: Mapping[str, str]) -> sa.Select[Any]:
    table = SQL_TABLES[spec.name]
    wanted = [table.c[name] == value for name, value in equal.items()]
    query = sa.select(*(table.c[name] for name in spec.names)).where(table.c.trade_date.in_(days), *wanted)
    return query.order_by(*table.primary_key)


def _without_unused(rows: pd.DataFrame) -> pd.DataFrame:
    """Return rows as if they had just been read: their categories are the names that occur."""
    named = rows.select_dtypes("category")
    return rows.assign(**{str(name): values.cat.remove_unused_categories() for name, values in named.items()})
