"""The warehouse as the pipeline uses it: claim a night, read what earlier nights left, publish in one transaction.

Publishing replaces every row of a night in every table together with its ledger row: readers see the old night or the
new one, never half of either.
"""

import contextlib
import hashlib
import json
import sqlite3
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime
from typing import Any

import pandas as pd
import sqlalchemy as sa

from alvh_core import frames
from alvh_core.errors import ContractError, FatalError
from alvh_core.schemas import LADDER_SIGNALS, LADDER_STATE, META_NIGHTS, NIGHT_TABLES, OUT_TABLES, TableSpec
from tasks.warehouse.engine import reader_engine, writer_engine
from tasks.warehouse.tables import METADATA, SQL_TABLES, records


@dataclass(frozen=True, kw_only=True)
class NightKey:
    """What identifies a night in the ledger."""

    trade_date: date
    universe: str
    source_mode: str


class Warehouse:
    """Reads and writes of the pipeline.

    Parameters
    ----------
    url : str
        SQLAlchemy address.

    Raises
    ------
    FatalError
        It is no database, or does not answer.
    """

    def __init__(self, url: str) -> None:
        self._engine = writer_engine(url)
        with _clear_errors(url):
            METADATA.create_all(self._engine)
        self._reads = reader_engine(url)  # reading must not ask for the write lock

    def status(self, key: NightKey) -> str | None:
        """Return RUNNING, COMPLETE or FAILED, or None for a night never claimed.

        A night published under any universe is COMPLETE: its rows are one set, only a forced run may replace them.
        """
        nights = SQL_TABLES[META_NIGHTS.name]
        query = sa.select(nights.c.universe, nights.c.night_status).where(_is_date(nights, key))
        with self._reads.connect() as connection:
            found: dict[str, str] = {row.universe: row.night_status for row in connection.execute(query)}
        return "COMPLETE" if "COMPLETE" in found.values() else found.get(key.universe)

    def claim(self, key: NightKey, *, run_id: str, code_version: str, rules_hash: str) -> None:
        """Write the night down as RUNNING; the caller holds its lock.

        Rows it published before stay until it publishes again; how that attempt ended is forgotten.
        """
        nights = SQL_TABLES[META_NIGHTS.name]
        forgotten = dict.fromkeys(name.rstrip("?") for name in META_NIGHTS.values)
        row = {**forgotten, **_key(key), "night_status": "RUNNING", "run_id": run_id, "code_version": code_version,
               "rules_hash": rules_hash, "claimed_at_utc": _now()}  # fmt: skip
        with self._engine.begin() as connection:
            changed = connection.execute(sa.update(nights).where(_is_night(nights, key)).values(**row))
            if changed.rowcount == 0:
                connection.execute(sa.insert(nights).values(**row))

    def fail(self, key: NightKey, reason: str, *, run_id: str) -> None:
        """Mark a claimed night FAILED, unless it is published by now; whatever it had published before stays."""
        nights = SQL_TABLES[META_NIGHTS.name]
        mine = _is_night(nights, key) & (nights.c.run_id == run_id) & (nights.c.night_status == "RUNNING")
        with self._engine.begin() as connection:
            connection.execute(
                sa.update(nights).where(mine).values(night_status="FAILED", reason=reason, finished_at_utc=_now())
            )

    def publish(self, key: NightKey, tables: Mapping[str, pd.DataFrame], *, outcome: str, reason: str | None,
                counts: Mapping[str, int]) -> dict[str, int]:  # fmt: skip
        """Replace the night in every table and turn its ledger row COMPLETE, all or nothing.

        Parameters
        ----------
        key : NightKey
        tables : mapping of str to DataFrame
            Every warehouse table of a night, by name.
        outcome, reason : str
            OK, or NO_DATA and why.
        counts : mapping of str to int
            rows_in_count, rows_published_count, rows_quarantined_count.

        Returns
        -------
        dict of str to int
            Rows written per table.

        Raises
        ------
        ContractError
            A table of the night is missing or breaks its contract, or the night was not claimed; nothing is published.
        FatalError
            The database refuses; nothing is published.
        """
        missing = [spec.name for spec in NIGHT_TABLES if spec.name not in tables]
        if missing:
            raise ContractError(f"night {key.trade_date}: expected every table of a night, missing {missing}")
        rows = {spec.name: records(tables[spec.name], spec) for spec in NIGHT_TABLES}
        done = {"night_status": "COMPLETE", "outcome": outcome, "reason": reason, "finished_at_utc": _now(), **counts}
        with _clear_errors(f"night {key.trade_date} ({key.source_mode})"), self._engine.begin() as connection:
            for name, part in rows.items():
                _replace_night(connection, SQL_TABLES[name], key, part)
            _complete(connection, key, done)
        return {name: len(part) for name, part in rows.items()}

    def state_before(self, source_mode: str, trade_date: date) -> pd.DataFrame:
        """Return `LADDER_STATE` of the latest night before a date; empty where there is none."""
        table = SQL_TABLES[LADDER_STATE.name]
        earlier = (table.c.source_mode == source_mode) & (table.c.trade_date < trade_date)
        newest = sa.select(sa.func.max(table.c.trade_date)).where(earlier).scalar_subquery()
        return self._read(sa.select(table).where(earlier & (table.c.trade_date == newest)), LADDER_STATE)

    def signals_before(self, source_mode: str, trade_date: date) -> pd.DataFrame:
        """Return `LADDER_SIGNALS` of all nights before a date."""
        table = SQL_TABLES[LADDER_SIGNALS.name]
        earlier = (table.c.source_mode == source_mode) & (table.c.trade_date < trade_date)
        return self._read(sa.select(table).where(earlier), LADDER_SIGNALS)

    def night(self, source_mode: str, trade_date: date) -> dict[str, pd.DataFrame]:
        """Return every published table of a night, by name; all of one publication."""
        result = {}
        with self._reads.begin() as connection:
            for spec in NIGHT_TABLES:
                table = SQL_TABLES[spec.name]
                mine = (table.c.source_mode == source_mode) & (table.c.trade_date == trade_date)
                result[spec.name] = _frame(connection, sa.select(table).where(mine).order_by(*table.primary_key), spec)
        return result

    def ledger(self, source_mode: str, trade_date: date) -> dict[str, Any] | None:
        """Return the row of `META_NIGHTS` of a night claimed last under that date and source mode, or None."""
        nights = SQL_TABLES[META_NIGHTS.name]
        mine = (nights.c.source_mode == source_mode) & (nights.c.trade_date == trade_date)
        query = sa.select(nights).where(mine).order_by(nights.c.claimed_at_utc.desc()).limit(1)
        with self._reads.connect() as connection:
            row = connection.execute(query).mappings().first()
        return dict(row) if row else None

    def fingerprint(self, source_mode: str, trade_date: date) -> str:
        """Hash every published answer row of a night; two runs agree exactly if these agree."""
        digest = hashlib.sha256()
        published = self.night(source_mode, trade_date)
        for spec in NIGHT_TABLES:
            if spec in OUT_TABLES or spec.name.startswith("core_"):
                rows = records(published[spec.name], spec)
                digest.update(json.dumps([spec.name, rows], default=str, sort_keys=True).encode())
        return digest.hexdigest()

    def latest_complete(self) -> tuple[date, str] | None:
        """Return date and source mode of the night published last, or None."""
        nights = SQL_TABLES[META_NIGHTS.name]
        query = sa.select(nights.c.trade_date, nights.c.source_mode).where(nights.c.night_status == "COMPLETE")
        with self._reads.connect() as connection:
            row = connection.execute(query.order_by(nights.c.finished_at_utc.desc()).limit(1)).first()
        return (row.trade_date, row.source_mode) if row else None

    def close(self) -> None:
        """Give the connections back."""
        self._engine.dispose()
        self._reads.dispose()

    def _read(self, query: sa.Select[Any], spec: TableSpec) -> pd.DataFrame:
        with self._reads.connect() as connection:
            return _frame(connection, query, spec)


def query_warehouse(url: str, sql: str) -> pd.DataFrame:
    """Run one read-only statement.

    Raises
    ------
    ContractError
        The statement is not valid or tries to write; carries the database's words and the tables there are.
    """
    engine = reader_engine(url)
    try:
        with engine.connect() as connection:  # as typed: a colon or a percent sign in it is no parameter of ours
            result = connection.exec_driver_sql(sql, execution_options={"no_parameters": True})
            return pd.DataFrame(result.all(), columns=list(result.keys()))
    except (
        sa.exc.DBAPIError,
        sa.exc.ResourceClosedError,
        sqlite3.Warning,
    ) as error:  # Warning: Python 3.11, two statements
        words = getattr(error, "orig", None) or error
        if isinstance(error, sa.exc.ResourceClosedError):
            words = "expected one SELECT, found a statement without rows"
        raise ContractError(
            f"the warehouse did not answer: {words}\ntables: {', '.join(sorted(SQL_TABLES))}"
        ) from error
    finally:
        engine.dispose()


@contextlib.contextmanager
def _clear_errors(where: str) -> Iterator[None]:
    """Give the database's own words, without the statement and its thousands of values."""
    try:
        yield
    except sa.exc.DBAPIError as error:
        hint = "; if its tables are of another version, move it away" * isinstance(error, sa.exc.OperationalError)
        raise FatalError(f"warehouse, {where}: {error.orig}; nothing was changed{hint}") from error.orig


def _replace_night(connection: sa.Connection, table: sa.Table, key: NightKey, rows: list[dict[str, Any]]) -> None:
    connection.execute(sa.delete(table).where(_is_date(table, key)))
    if rows:
        connection.execute(sa.insert(table), rows)


def _complete(connection: sa.Connection, key: NightKey, done: Mapping[str, Any]) -> None:
    """Turn the ledger row COMPLETE; the rows of a night are one universe's, another's claim on them ends here."""
    nights = SQL_TABLES[META_NIGHTS.name]
    connection.execute(sa.delete(nights).where(_is_date(nights, key) & (nights.c.universe != key.universe)))
    changed = connection.execute(sa.update(nights).where(_is_night(nights, key)).values(**done))
    if changed.rowcount != 1:
        raise ContractError(f"night {key.trade_date} ({key.source_mode}, {key.universe}): expected it to be claimed "
                            "before it is published, found no such row in the ledger")  # fmt: skip


def _frame(connection: sa.Connection, query: sa.Select[Any], spec: TableSpec) -> pd.DataFrame:
    rows = [tuple(row) for row in connection.execute(query)]
    # as objects: a column of whole numbers with a null would become floats on the way
    return frames.conform(pd.DataFrame(rows, columns=list(spec.names), dtype="object"), spec)


def _key(key: NightKey) -> dict[str, Any]:
    return {"trade_date": key.trade_date, "universe": key.universe, "source_mode": key.source_mode}


def _is_date(table: sa.Table, key: NightKey) -> sa.ColumnElement[bool]:
    return (table.c.trade_date == key.trade_date) & (table.c.source_mode == key.source_mode)


def _is_night(table: sa.Table, key: NightKey) -> sa.ColumnElement[bool]:
    return _is_date(table, key) & (table.c.universe == key.universe)


def _now() -> datetime:
    return datetime.now(UTC).replace(tzinfo=None)
