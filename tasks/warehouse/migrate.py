"""Bring the tables of a warehouse to the revision this version knows; steps are `tasks/warehouse/migrations/versions`.

A migration runs in one transaction on both engines, one process at a time. A warehouse made before there were
revisions has the tables of the first one, and is taken for that. There is no way down: a backup is the way back.
"""

from functools import cache
from pathlib import Path

import sqlalchemy as sa

from alvh_core.errors import ContractError
from tasks.warehouse import postgresql
from tasks.warehouse.engine import describe_url, reader_engine, writer_engine
from tasks.warehouse.faults import clear_errors
from tasks.warehouse.locks import take_turns
from tasks.warehouse.tables import SQL_TABLES

MIGRATIONS = Path(__file__).with_name("migrations")
_FIRST, _UNVERSIONED_TABLE = "0001", "meta_nights"


def migrate(url: str) -> tuple[str | None, str]:
    """Bring a warehouse to head, making it if there is none.

    Parameters
    ----------
    url : str
        Address, on PostgreSQL with the role that owns the tables.

    Returns
    -------
    from_revision : str or None
        None where there were no tables.
    to_revision : str

    Raises
    ------
    ContractError
        A newer version wrote it, or the role may not change tables.
    RetriableError, FatalError
        The database does not answer, or refuses.
    """
    engine = writer_engine(url)
    try:
        with clear_errors(describe_url(url)):
            return _upgrade(engine), head_revision()
    finally:
        engine.dispose()


def current_revision(url: str) -> str | None:
    """Return the revision of a warehouse; None for one without revisions.

    Raises
    ------
    ContractError
        There is no such file.
    RetriableError, FatalError
        The database does not answer, or is none.
    """
    engine = reader_engine(url)
    try:
        with clear_errors(describe_url(url)):
            return _glance(engine)
    finally:
        engine.dispose()


@cache
def head_revision() -> str:
    """Return the newest revision this version knows."""
    return _revisions()[-1]


def bring_to_head(engine: sa.Engine) -> None:
    """Migrate a warehouse unless it is at head, which costs a look."""
    if _glance(engine) != head_revision():
        _upgrade(engine)


def _revisions() -> list[str]:
    """Return all revisions in order: their files are numbered, so that a look does not import Alembic."""
    return sorted(path.stem[1:5] for path in (MIGRATIONS / "versions").glob("v*.py"))


def _glance(engine: sa.Engine) -> str | None:
    with engine.connect().execution_options(is_glance=True) as connection:
        return _revision(connection)


def _revision(connection: sa.Connection) -> str | None:
    if not sa.inspect(connection).has_table("alembic_version"):
        return None
    revision: str | None = connection.scalar(sa.text("select version_num from alembic_version"))
    return revision


def _upgrade(engine: sa.Engine) -> str | None:
    """Run what is missing; return the revision before."""
    try:
        with engine.begin() as connection:
            take_turns(connection, "migration")
            before = _revision(connection)
            _refuse_newer(before, engine.url)
            if before is None and sa.inspect(connection).has_table(_UNVERSIONED_TABLE):
                before = _FIRST
                _alembic(connection, "stamp", before)
            _alembic(connection, "upgrade", "head")
            _describe(connection)
            return before
    except sa.exc.DBAPIError as error:
        if not postgresql.is_forbidden(error.orig):
            raise
        raise ContractError(
            f"warehouse {engine.url}: expected tables of revision {head_revision()}, found "
            f"{_glance(engine) or 'none'}, and this role may not change them ({str(error.orig).splitlines()[0]}); run "
            "`alvh migrate` with the address of their owner"
        ) from error.orig


def _refuse_newer(revision: str | None, address: sa.URL) -> None:
    if revision is not None and revision not in _revisions():
        raise ContractError(
            f"warehouse {address.set(query={})}: expected a revision up to {head_revision()}, found {revision}: a "
            "newer version of alvh-pipeline made it; use that version"
        )


def _alembic(connection: sa.Connection, command: str, revision: str) -> None:
    import alembic.command  # noqa: PLC0415 - a fifth of a second, which only a migration needs
    from alembic.config import Config  # noqa: PLC0415

    config = Config(attributes={"connection": connection})
    config.set_main_option("script_location", str(MIGRATIONS).replace("%", "%%"))
    getattr(alembic.command, command)(config, revision)


def _describe(connection: sa.Connection) -> None:
    """Say in the database what tables and columns mean, where it can; words may change without a revision."""
    if not connection.dialect.supports_comments:
        return
    for table in SQL_TABLES.values():
        connection.execute(sa.schema.SetTableComment(table))
        for column in table.columns:
            connection.execute(sa.schema.SetColumnComment(column))
