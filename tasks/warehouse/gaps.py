"""The gaps, `META_GAPS`: sessions that should have been published and were not, and what became of them.

Functions on an open connection, whose transaction is the caller's (`tasks.warehouse.repository`).
"""

from typing import Any

import sqlalchemy as sa

from alvh_core.errors import ContractError
from alvh_core.schemas import META_GAPS
from tasks.warehouse.ledger import NightKey, is_date, is_night, now
from tasks.warehouse.tables import SQL_TABLES

GAPS = SQL_TABLES[META_GAPS.name]


def note(connection: sa.Connection, key: NightKey, reason: str) -> None:
    """Write a gap down as OPEN. One noted before keeps its time and its attempts; one that is LOST stays so."""
    known = connection.scalar(sa.select(GAPS.c.gap_status).where(is_night(GAPS, key)))
    fresh = {"gap_status": "OPEN", "reason": reason, "closed_at_utc": None}
    if known is None:
        connection.execute(sa.insert(GAPS).values(**vars(key), **fresh, attempts_count=0, noted_at_utc=now()))
    elif known != "LOST":
        connection.execute(sa.update(GAPS).where(is_night(GAPS, key)).values(**fresh))


def count_attempt(connection: sa.Connection, key: NightKey) -> None:
    """Count one more attempt to fill an open gap."""
    is_open = is_night(GAPS, key) & (GAPS.c.gap_status == "OPEN")
    connection.execute(sa.update(GAPS).where(is_open).values(attempts_count=GAPS.c.attempts_count + 1))


def fill(connection: sa.Connection, key: NightKey) -> None:
    """Close a night's gap, if it was one, under whatever universe: the night is published."""
    is_unfilled = is_date(GAPS, key) & (GAPS.c.gap_status != "FILLED")
    connection.execute(sa.update(GAPS).where(is_unfilled).values(gap_status="FILLED", closed_at_utc=now()))


def lose(connection: sa.Connection, key: NightKey, reason: str) -> None:
    """Close a gap that nothing can fill any more.

    Raises
    ------
    ContractError
        There is no such gap.
    """
    lost = {"gap_status": "LOST", "reason": reason, "closed_at_utc": now()}
    if connection.execute(sa.update(GAPS).where(is_night(GAPS, key)).values(**lost)).rowcount == 0:
        raise ContractError(f"gap of {key}: expected it to be noted before it is lost, found none")


def entries(connection: sa.Connection, source_mode: str) -> list[dict[str, Any]]:
    """Return every gap of a mode, in order."""
    query = sa.select(GAPS).where(GAPS.c.source_mode == source_mode).order_by(*GAPS.primary_key)
    return [dict(row) for row in connection.execute(query).mappings()]
