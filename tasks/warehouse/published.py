"""Which published night is meant: the one named, or the one published last; read only, on any engine."""

from datetime import date
from typing import Any

import sqlalchemy as sa

from alvh_core.errors import ContractError
from tasks.warehouse.engine import one_look
from tasks.warehouse.ledger import NIGHTS

_IS_PUBLISHED = NIGHTS.c.publication_no.is_not(None) | (NIGHTS.c.night_status == "COMPLETE")


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


def published_modes(url: str, trade_date: date) -> list[str]:
    """Return the source modes under which a session is published; one that is published twice is two nights."""
    query = sa.select(NIGHTS.c.source_mode).where(_IS_PUBLISHED, NIGHTS.c.trade_date == trade_date)
    with one_look(url) as connection:
        return list(connection.execute(query.order_by(NIGHTS.c.source_mode)).scalars())


def find_published(connection: sa.Connection, trade_date: date | None, source_mode: str | None) -> Any:
    """Return what `published_night` does, on an open connection."""
    query = sa.select(NIGHTS.c.trade_date, NIGHTS.c.source_mode, NIGHTS.c.source).where(_IS_PUBLISHED)
    for column, value in ((NIGHTS.c.trade_date, trade_date), (NIGHTS.c.source_mode, source_mode)):
        query = query.where(column == value) if value else query
    order = (NIGHTS.c.finished_at_utc.is_(None), NIGHTS.c.finished_at_utc.desc())
    night = connection.execute(query.order_by(*order).limit(1)).first()
    if night is None:
        named = " ".join(str(value) for value in (trade_date, source_mode) if value) or "any"
        raise ContractError(f"expected a published night ({named}), found none; "
                            f"run {_run(trade_date, source_mode)} first")  # fmt: skip
    return night


def _run(trade_date: date | None, source_mode: str | None) -> str:
    """Name the command that publishes such a night."""
    if source_mode == "imported":
        return "`alvh import FILE`"
    day = f" --date {trade_date}" if trade_date else ""
    source = f" --source {source_mode}{':PATH' * (source_mode == 'recorded')}" if source_mode else ""
    return f"`alvh nightly{day}{source}`"
