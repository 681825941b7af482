"""The warehouse as the pipeline uses it: claim a night, read what earlier nights left, publish in one transaction.

Publishing replaces every row of a night in every table together with its ledger row: readers see the old night or the
new one, never half of either. Connections and transactions are made here; what is done in them stands in
`tasks.warehouse.ledger`, `gaps` and `rows`.
"""

import contextlib
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from datetime import date
from typing import Any

import pandas as pd
import sqlalchemy as sa

from alvh_core.errors import ContractError
from alvh_core.registry.spec import TableSpec
from alvh_core.schemas import LADDER_STATE, NIGHT_TABLES
from tasks.warehouse import gaps, ledger, locks, migrate
from tasks.warehouse.engine import describe_url, reader_engine, writer_engine
from tasks.warehouse.faults import clear_errors
from tasks.warehouse.history import History
from tasks.warehouse.ledger import NightKey
from tasks.warehouse.query import query_warehouse
from tasks.warehouse.rows import answers_sha256, read_frame, replace_night
from tasks.warehouse.tables import SQL_TABLES, plain_columns

__all__ = ["NightKey", "Warehouse", "query_warehouse"]


class Warehouse:
    """Reads and writes of the pipeline; opening it brings its tables to this version, if the role may.

    Parameters
    ----------
    url : str
        SQLAlchemy address.

    Raises
    ------
    ContractError
        The address is none, or the tables are of another version and must stay so.
    RetriableError, FatalError
        The database does not answer, or is none.
    """

    def __init__(self, url: str) -> None:
        self._url, self._name = url, describe_url(url)
        self._engine = writer_engine(url)
        with clear_errors(self._name):
            migrate.bring_to_head(self._engine)
        self._reads = reader_engine(url)  # reading must not ask for the write lock
        self._history = History()

    @contextlib.contextmanager
    def writing(self, what: object = "writing") -> Iterator[sa.Connection]:
        """Give a connection in a transaction that is committed at the end, or leaves nothing."""
        with clear_errors(f"{self._name}, {what}"), self._engine.begin() as connection:
            yield connection

    @contextlib.contextmanager
    def reading(self) -> Iterator[sa.Connection]:
        """Give a connection in a transaction that sees one state of the warehouse."""
        with clear_errors(self._name), self._reads.begin() as connection:
            yield connection

    def hold(self, key: NightKey, timeout_seconds: float) -> contextlib.AbstractContextManager[None]:
        """Hold a night across processes and machines, whatever its universe; see `tasks.warehouse.locks.hold`."""
        return locks.hold(self._url, f"{key.trade_date}-{key.source_mode}", timeout_seconds)

    def hold_mode(self, source_mode: str, timeout_seconds: float) -> contextlib.AbstractContextManager[None]:
        """Hold the order of a mode's nights, for what starts from the state that the night before left."""
        return locks.hold(self._url, f"order-{source_mode}", timeout_seconds)

    # The ledger

    def status(self, key: NightKey) -> str | None:
        """Return RUNNING, COMPLETE or FAILED, or None for a night never claimed.

        A night published under any universe is COMPLETE: its rows are one set, only a forced run may replace them.
        """
        with self.reading() as connection:
            return ledger.status(connection, key)

    def nights(self, source_mode: str, start: date, end: date) -> dict[date, str]:
        """Return the status of every night from start to end that was ever claimed."""
        with self.reading() as connection:
            return ledger.statuses(connection, source_mode, start, end)

    def published(self, source_mode: str, start: date, end: date) -> dict[date, Any]:
        """Return when each published night from start to end was computed last, by date, in order."""
        with self.reading() as connection:
            return ledger.published(connection, source_mode, start, end)

    def claim(self, key: NightKey, *, run_id: str, code_version: str, rules_hash: str,
              source: str | None = None) -> None:  # fmt: skip
        """Write the night down as RUNNING; the caller holds its lock.

        Rows it published before stay until it publishes again; how that attempt ended is forgotten.
        """
        row = {"run_id": run_id, "code_version": code_version, "rules_hash": rules_hash, "source": source}
        with self.writing(key) as connection:
            ledger.claim(connection, key, row)
            gaps.count_attempt(connection, key)

    def take_over(self, key: NightKey, *, run_id: str) -> bool:
        """Let a run publish a COMPLETE night again, and no other; False if it is not COMPLETE. It holds its lock."""
        with self.writing(key) as connection:
            return ledger.take_over(connection, key, run_id)

    def fail(self, key: NightKey, reason: str, *, run_id: str) -> None:
        """Mark a claimed night FAILED, unless it is published by now; whatever it had published before stays."""
        with self.writing(key) as connection:
            ledger.fail(connection, key, run_id, reason)

    def ledger(self, source_mode: str, trade_date: date) -> dict[str, Any] | None:
        """Return the row of `META_NIGHTS` of a night claimed last under that date and source mode, or None."""
        with self.reading() as connection:
            return ledger.entry(connection, source_mode, trade_date)

    def latest_complete(self) -> tuple[date, str] | None:
        """Return date and source mode of the night published last, or None."""
        with self.reading() as connection:
            return ledger.latest_complete(connection)

    def last_publication(self, source_mode: str, before: date) -> int:
        """Return the highest publication number of the nights before a date, 0 if none.

        Ask before their state is read: a night published in between then makes the reader stale, not blind.
        """
        with self.reading() as connection:
            return ledger.last_publication(connection, source_mode, before)

    def stale_nights(self, source_mode: str) -> list[date]:
        """Return the COMPLETE nights, in order, whose past was published again since they were computed."""
        with self.reading() as connection:
            return ledger.stale_nights(connection, source_mode)

    # Gaps

    def note_gaps(self, reasons: Mapping[NightKey, str]) -> None:
        """Write nights down as OPEN gaps, each with its reason; one that is LOST stays so."""
        with self.writing("noting gaps") as connection:
            for key, reason in reasons.items():
                gaps.note(connection, key, reason)

    def lose_gap(self, key: NightKey, reason: str) -> None:
        """Close a gap that nothing can fill any more; publishing a night fills its gap by itself."""
        with self.writing(key) as connection:
            gaps.lose(connection, key, reason)

    def gaps(self, source_mode: str) -> list[dict[str, Any]]:
        """Return the rows of `META_GAPS` of a mode, in order."""
        with self.reading() as connection:
            return gaps.entries(connection, source_mode)

    # The rows

    def publish(self, key: NightKey, tables: Mapping[str, pd.DataFrame], *, run_id: str, outcome: str,
                reason: str | None, counts: Mapping[str, int], based_on_no: int | None = None,
                also: Callable[[sa.Connection], None] | None = None) -> dict[str, int]:  # fmt: skip
        """Replace the night in every table and turn its ledger row COMPLETE, all or nothing.

        Parameters
        ----------
        key : NightKey
        tables : mapping of str to DataFrame
            Every warehouse table of a night, by name.
        run_id : str
            The run that claimed the night; if another has claimed it since, nothing is published.
        outcome, reason : str
            OK, or NO_DATA and why.
        counts : mapping of str to int
            rows_in_count, rows_published_count, rows_quarantined_count.
        based_on_no : int, optional
            What `last_publication` said before the state was read that the night starts from.
        also : callable, optional
            What else belongs to the transaction.

        Returns
        -------
        dict of str to int
            Rows written per table.

        Raises
        ------
        ContractError
            A table of the night is missing or breaks its contract; nothing is published.
        RetriableError
            The connection broke, or others held the night; publishing it again is safe.
        FatalError
            The claim is another run's, or the database refuses; nothing is published.
        """
        missing = [spec.name for spec in NIGHT_TABLES if spec.name not in tables]
        if missing:
            raise ContractError(f"{key}: expected every table of a night, missing {missing}")
        plain = {spec.name: plain_columns(tables[spec.name], spec) for spec in NIGHT_TABLES}
        done = {"outcome": outcome, "reason": reason, "based_on_no": based_on_no, **counts}
        with self.writing(key) as connection:
            ledger.fence(connection, key, run_id)
            for name, columns in plain.items():
                replace_night(connection, SQL_TABLES[name], key, columns)
            ledger.complete(connection, key, answers_sha256(plain), done)
            gaps.fill(connection, key)
            if also is not None:
                also(connection)
        return {name: len(tables[name]) for name in plain}

    def rows_before(self, spec: TableSpec, source_mode: str, trade_date: date) -> pd.DataFrame:
        """Return a table's rows of the latest night before a date that has any; empty where there is none."""
        table = SQL_TABLES[spec.name]
        newest = _newest(table, source_mode, trade_date).scalar_subquery()
        mine = (table.c.source_mode == source_mode) & (table.c.trade_date == newest)
        return self._read(_columns(spec).where(mine), spec)

    def rows_of(self, spec: TableSpec, source_mode: str, nights: Iterable[Any]) -> pd.DataFrame:
        """Return a table's rows of some nights; empty where there are none."""
        table, days = SQL_TABLES[spec.name], sorted({pd.Timestamp(night).date() for night in nights})
        mine = (table.c.source_mode == source_mode) & table.c.trade_date.in_(days)
        return self._read(_columns(spec).where(mine), spec)

    def night_before(self, source_mode: str, trade_date: date) -> date | None:
        """Return the latest night before a date that left its `LADDER_STATE`."""
        with self.reading() as connection:
            return connection.scalar(_newest(SQL_TABLES[LADDER_STATE.name], source_mode, trade_date))

    def all_before(self, spec: TableSpec, source_mode: str, trade_date: date) -> pd.DataFrame:
        """Return a table's rows of all nights before a date."""
        table = SQL_TABLES[spec.name]
        earlier = (table.c.source_mode == source_mode) & (table.c.trade_date < trade_date)
        return self._read(_columns(spec).where(earlier), spec)

    def last_nights(self, spec: TableSpec, source_mode: str, trade_date: date, nights: int,
                    **equal: str) -> pd.DataFrame:  # fmt: skip
        """Return a table's rows of a night and the nights before it, so many in all, with some columns as told.

        Nights are counted by the ledger's published ones: to find them in a large table would mean reading all of it.
        """
        with self.reading() as connection:
            published = ledger.last_answers(connection, source_mode, trade_date, nights)
            return self._history.rows(connection, spec, published, source_mode=source_mode, **equal)

    def night(self, source_mode: str, trade_date: date, *, profile: str | None = None,
              tables: Sequence[TableSpec] = NIGHT_TABLES) -> dict[str, pd.DataFrame]:  # fmt: skip
        """Return published tables of a night, by name; all of one publication. Of one profile, if one is named."""
        result = {}
        with self.reading() as connection:
            for spec in tables:
                table = SQL_TABLES[spec.name]
                mine = (table.c.source_mode == source_mode) & (table.c.trade_date == trade_date)
                mine &= _of_profile(table, profile)
                query = _columns(spec).where(mine).order_by(*table.primary_key)
                result[spec.name] = read_frame(connection, query, spec)
        return result

    def fingerprint(self, source_mode: str, trade_date: date) -> str:
        """Hash every published answer row of a night; two runs agree exactly if these agree."""
        published = self.night(source_mode, trade_date)
        return answers_sha256({spec.name: plain_columns(published[spec.name], spec) for spec in NIGHT_TABLES})

    def close(self) -> None:
        """Give the connections back."""
        self._engine.dispose()
        self._reads.dispose()

    def _read(self, query: sa.Select[Any], spec: TableSpec) -> pd.DataFrame:
        with self.reading() as connection:
            return read_frame(connection, query, spec)


def _columns(spec: TableSpec) -> sa.Select[Any]:
    table = SQL_TABLES[spec.name]
    return sa.select(*(table.c[name] for name in spec.names))


def _newest(table: sa.Table, source_mode: str, before: date) -> sa.Select[Any]:
    """Select the date of the latest night before another that has rows in a table."""
    earlier = (table.c.source_mode == source_mode) & (table.c.trade_date < before)
    return sa.select(sa.func.max(table.c.trade_date)).where(earlier)


def _of_profile(table: sa.Table, profile: str | None) -> sa.ColumnElement[bool]:
    is_told_apart = profile is not None and "profile" in table.c
    return table.c.profile == profile if is_told_apart else sa.true()
