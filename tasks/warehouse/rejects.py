"""What a night's quarantine holds, as a person asks for it: which night, a summary by rule, the entries.

Read only, on any engine; whole rows and suspended contracts are questions for SQL (`tasks.warehouse.query`).
"""

from dataclasses import dataclass
from datetime import date
from typing import Any

import pandas as pd
import sqlalchemy as sa

from alvh_core.schemas import META_QUARANTINE
from tasks.warehouse.engine import one_look
from tasks.warehouse.published import find_published
from tasks.warehouse.tables import SQL_TABLES

QUARANTINE = SQL_TABLES[META_QUARANTINE.name]


@dataclass(frozen=True, kw_only=True)
class Wanted:
    """Which entries: those of one night, and of it what is named; None names everything."""

    trade_date: date | None = None
    source_mode: str | None = None
    symbol: str | None = None
    rule: str | None = None
    severity: str | None = None


@dataclass(frozen=True, kw_only=True, eq=False)
class Rejects:
    """The answer.

    Attributes
    ----------
    trade_date, source_mode, source
        The night; ``source`` is what it was run from, where the ledger knows.
    summary : DataFrame
        One row per dataset, severity and rule: symbols, entries, rows; most rows first.
    entries : DataFrame
        `META_QUARANTINE`, the first of them in the order of the summary.
    """

    trade_date: date
    source_mode: str
    source: str | None
    summary: pd.DataFrame
    entries: pd.DataFrame


def rejects_of(url: str, wanted: Wanted, limit: int) -> Rejects:
    """Look a night's quarantine up; without a date, that of the night published last.

    Raises
    ------
    ContractError
        There is no such published night.
    RetriableError, FatalError
        The database does not answer.
    """
    with one_look(url) as connection:
        night = find_published(connection, wanted.trade_date, wanted.source_mode)
        mine = _conditions(night, wanted)
        groups = _summary(mine)
        return Rejects(trade_date=night.trade_date, source_mode=night.source_mode, source=night.source,
                       summary=_frame(connection, groups),
                       entries=_frame(connection, _entries(mine, groups.subquery(), limit)))  # fmt: skip


def _conditions(night: Any, wanted: Wanted) -> sa.ColumnElement[bool]:
    table = QUARANTINE.c
    mine = (table.trade_date == night.trade_date) & (table.source_mode == night.source_mode)
    if wanted.symbol:
        mine &= table.symbol == wanted.symbol
    if wanted.severity:
        mine &= table.severity == wanted.severity
    if wanted.rule:  # a row may break more rules than the one it is filed under
        mine &= ("; " + table.reason).contains(f"; {wanted.rule}:", autoescape=True)
    return mine


def _summary(mine: sa.ColumnElement[bool]) -> sa.Select[Any]:
    table = QUARANTINE.c
    names = (table.dataset, table.severity, table.rule_name)
    rows = sa.func.sum(table.rows_count)
    counts = (sa.func.count(table.symbol.distinct()).label("symbols"), sa.func.count().label("entries"),
              sa.cast(rows, sa.BigInteger).label("rows"))  # fmt: skip
    return sa.select(*names, *counts).where(mine).group_by(*names).order_by(rows.desc(), *names)


def _entries(mine: sa.ColumnElement[bool], groups: sa.Subquery, limit: int) -> sa.Select[Any]:
    shared = ("dataset", "severity", "rule_name")
    same = sa.and_(*(QUARANTINE.c[name].is_not_distinct_from(groups.c[name]) for name in shared))
    query = sa.select(QUARANTINE).join_from(QUARANTINE, groups, same).where(mine)
    return query.order_by(groups.c.rows.desc(), *(QUARANTINE.c[n] for n in shared), *QUARANTINE.primary_key).limit(
        limit
    )


def _frame(connection: sa.Connection, query: sa.Select[Any]) -> pd.DataFrame:
    result = connection.execute(query)
    return pd.DataFrame(result.all(), columns=list(result.keys()))
