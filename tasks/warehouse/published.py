"""Which published night is meant: the one named, or the one published last; read only, on any engine."""

from datetime import date
from typing import Any

import sqlalchemy as sa

from alvh_core.errors import ContractError
from tasks.warehouse.engine import one_look
from tasks.warehouse.ledger import NIGHTS


def published_night(url: str, trade_date: date | None = None, source_mode: str | None = None) -> Any:
    """Return trade_date, source_mode and source of a published night; of several the one published last.

    Parameters
    ----------
    url : str
    trade_date : date, optional
    source_mode : str, optional

    Raises
    ------
    ContractError
        There is no such published night.
    RetriableError, FatalError
        The database does not answer.
    """
    with one_look(url) as connection:
        return find_published(connection, trade_date, source_mode)


def find_published(connection: sa.Connection, trade_date: date | None, source_mode: str | None) -> Any:
    """Return what `published_night` does, on an open connection."""
    query = sa.select(NIGHTS.c.trade_date, NIGHTS.c.source_mode, NIGHTS.c.source)
    query = query.where(NIGHTS.c.publication_no.is_not(None) | (NIGHTS.c.night_status == "COMPLETE"))
    for column, value in ((NIGHTS.c.trade_date, trade_date), (NIGHTS.c.source_mode, source_mode)):
        query = query.where(column == value) if value else query
    order = (NIGHTS.c.finished_at_utc.is_(None), NIGHTS.c.finished_at_utc.desc())
    night = connection.execute(query.order_by(*order).limit(1)).first()
    if night is None:
        named = " ".join(str(value) for value in (trade_date, source_mode) if value) or "any"
        raise ContractError(f"expected a published night ({named}), found none; run `alvh nightly` first")
    return night
