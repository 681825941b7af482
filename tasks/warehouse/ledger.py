"""The ledger of nights, `META_NIGHTS`: who claimed a night, how it ended, in which order nights were published.

Functions on an open connection, whose transaction is the caller's (`tasks.warehouse.repository`).

Publications are numbered over the whole ledger. A night published again with the same answers keeps its number, so a
number tells one state of the answers; a night writes down the highest number before it, of which it was computed. An
earlier night with a higher number means that its past has changed since. A night of a version that kept no numbers
counts as based on none, 0: whatever has a number was published after it.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime
from typing import Any

import sqlalchemy as sa

from alvh_core.errors import FatalError
from alvh_core.schemas import META_NIGHTS
from tasks.warehouse.locks import take_turns
from tasks.warehouse.tables import SQL_TABLES

NIGHTS = SQL_TABLES[META_NIGHTS.name]
# What the ledger says of the rows that are published: it stays until others are.
_OF_PUBLICATION = frozenset({"publication_no", "based_on_no", "answers_sha256"})


@dataclass(frozen=True, kw_only=True)
class NightKey:
    """What identifies a night in the ledger."""

    trade_date: date
    universe: str
    source_mode: str

    def __str__(self) -> str:
        return f"night {self.trade_date} ({self.source_mode}, {self.universe})"


def now() -> datetime:
    """Return the instant, naive, in UTC, as instants are stored."""
    return datetime.now(UTC).replace(tzinfo=None)


def is_date(table: sa.Table, key: NightKey) -> sa.ColumnElement[bool]:
    """Return the condition on a night's rows, which are one set whatever universe they were published under."""
    return (table.c.trade_date == key.trade_date) & (table.c.source_mode == key.source_mode)


def is_night(table: sa.Table, key: NightKey) -> sa.ColumnElement[bool]:
    """Return the condition on a night's row of its own."""
    return is_date(table, key) & (table.c.universe == key.universe)


def claim(connection: sa.Connection, key: NightKey, row: Mapping[str, Any]) -> None:
    """Write the night down as RUNNING; how the attempt before ended is forgotten, what it published is not."""
    forgotten = dict.fromkeys({name.rstrip("?") for name in META_NIGHTS.values} - _OF_PUBLICATION)
    values = {**forgotten, **row, "night_status": "RUNNING", "claimed_at_utc": now()}
    changed = connection.execute(sa.update(NIGHTS).where(is_night(NIGHTS, key)).values(**values))
    if changed.rowcount == 0:
        connection.execute(sa.insert(NIGHTS).values(**vars(key), **values))


def published(connection: sa.Connection, source_mode: str, start: date, end: date) -> dict[date, Any]:
    """Return when each published night from start to end was computed last, by date."""
    mine = (NIGHTS.c.source_mode == source_mode) & NIGHTS.c.trade_date.between(start, end)
    query = sa.select(NIGHTS.c.trade_date, sa.func.max(NIGHTS.c.finished_at_utc))
    rows = connection.execute(query.where(mine & NIGHTS.c.publication_no.is_not(None)).group_by(NIGHTS.c.trade_date))
    return dict(sorted(tuple(row) for row in rows))


def take_over(connection: sa.Connection, key: NightKey, run_id: str) -> bool:
    """Let another run publish a COMPLETE night again, which stays COMPLETE; tell whether there is such a night."""
    published = is_night(NIGHTS, key) & (NIGHTS.c.night_status == "COMPLETE")
    return connection.execute(sa.update(NIGHTS).where(published).values(run_id=run_id)).rowcount > 0


def fail(connection: sa.Connection, key: NightKey, run_id: str, reason: str) -> None:
    """Mark a run's claim FAILED, unless it is published or another's by now."""
    mine = is_night(NIGHTS, key) & (NIGHTS.c.run_id == run_id) & (NIGHTS.c.night_status == "RUNNING")
    connection.execute(
        sa.update(NIGHTS).where(mine).values(night_status="FAILED", reason=reason, finished_at_utc=now())
    )


def fence(connection: sa.Connection, key: NightKey, run_id: str) -> None:
    """Let only the run go on that holds the claim; nobody can take it until the transaction ends.

    Raises
    ------
    FatalError
        The claim is another run's, or none.
    """
    holder = connection.scalar(sa.select(NIGHTS.c.run_id).where(is_night(NIGHTS, key)).with_for_update())
    if holder != run_id:
        raise FatalError(f"{key}: expected it to be claimed by run {run_id} when it is published, found "
                         f"{f'run {holder}' if holder else 'no claim'}; nothing was published")  # fmt: skip


def complete(connection: sa.Connection, key: NightKey, answers_sha256: str, row: Mapping[str, Any]) -> None:
    """Turn a claim COMPLETE and number its publication; another universe's claim on the same rows ends here."""
    number = _publication_no(connection, key, answers_sha256)
    values = {**row, "night_status": "COMPLETE", "answers_sha256": answers_sha256, "publication_no": number,
              "finished_at_utc": now()}  # fmt: skip
    connection.execute(sa.update(NIGHTS).where(is_night(NIGHTS, key)).values(**values))
    connection.execute(sa.delete(NIGHTS).where(is_date(NIGHTS, key) & (NIGHTS.c.universe != key.universe)))


def _publication_no(connection: sa.Connection, key: NightKey, answers_sha256: str) -> int:
    take_turns(connection, "publications")  # the numbers' order is the order of the commits
    is_same = is_date(NIGHTS, key) & (NIGHTS.c.answers_sha256 == answers_sha256)
    kept = connection.scalar(sa.select(sa.func.max(NIGHTS.c.publication_no)).where(is_same))
    newest = sa.select(sa.func.coalesce(sa.func.max(NIGHTS.c.publication_no), 0))
    return kept or connection.execute(newest).scalar_one() + 1


def last_publication(connection: sa.Connection, source_mode: str, before: date) -> int:
    """Return the highest number of the nights before a date, 0 if none has one.

    A night that runs again keeps its own: until it publishes, its rows are what others read.
    """
    earlier = (NIGHTS.c.source_mode == source_mode) & (NIGHTS.c.trade_date < before)
    newest = sa.select(sa.func.coalesce(sa.func.max(NIGHTS.c.publication_no), 0)).where(earlier)
    return int(connection.execute(newest).scalar_one())


def last_answers(connection: sa.Connection, source_mode: str, trade_date: date, nights: int) -> dict[date, str | None]:
    """Return the hash of the answers of the last published nights up to a date, so many in all, by their dates."""
    mine = (NIGHTS.c.source_mode == source_mode) & (NIGHTS.c.trade_date <= trade_date)
    sha = sa.func.max(NIGHTS.c.answers_sha256).label("answers_sha256")  # of a date one universe's night is published
    query = sa.select(NIGHTS.c.trade_date, sha).group_by(NIGHTS.c.trade_date)
    newest = query.where(mine & NIGHTS.c.publication_no.is_not(None)).order_by(NIGHTS.c.trade_date.desc()).limit(nights)
    return {row.trade_date: row.answers_sha256 for row in connection.execute(newest)}


def stale_nights(connection: sa.Connection, source_mode: str) -> list[date]:
    """Return the COMPLETE nights whose past was published again since they were computed, in order."""
    earlier = NIGHTS.alias()
    is_changed = sa.exists().where(
        (earlier.c.source_mode == NIGHTS.c.source_mode)
        & (earlier.c.trade_date < NIGHTS.c.trade_date)
        & (earlier.c.publication_no > sa.func.coalesce(NIGHTS.c.based_on_no, 0))
    )
    complete_nights = (NIGHTS.c.source_mode == source_mode) & (NIGHTS.c.night_status == "COMPLETE")
    query = sa.select(NIGHTS.c.trade_date).where(complete_nights & is_changed)
    return list(connection.scalars(query.distinct().order_by(NIGHTS.c.trade_date)))


def statuses(connection: sa.Connection, source_mode: str, start: date, end: date) -> dict[date, str]:
    """Return how nights stand that were ever claimed; one published under any universe is COMPLETE."""
    mine = (NIGHTS.c.source_mode == source_mode) & NIGHTS.c.trade_date.between(start, end)
    query = sa.select(NIGHTS.c.trade_date, NIGHTS.c.night_status).where(mine)
    found: dict[date, str] = {}
    for row in connection.execute(query.order_by(NIGHTS.c.trade_date, NIGHTS.c.claimed_at_utc)):
        if found.get(row.trade_date) != "COMPLETE":
            found[row.trade_date] = row.night_status
    return found


def status(connection: sa.Connection, key: NightKey) -> str | None:
    """Return how a night stands under its universe; one published under any is COMPLETE."""
    query = sa.select(NIGHTS.c.universe, NIGHTS.c.night_status).where(is_date(NIGHTS, key))
    found: dict[str, str] = {row.universe: row.night_status for row in connection.execute(query)}
    return "COMPLETE" if "COMPLETE" in found.values() else found.get(key.universe)


def entry(connection: sa.Connection, source_mode: str, trade_date: date) -> dict[str, Any] | None:
    """Return the row of a night, claimed last under that date and source mode."""
    mine = (NIGHTS.c.source_mode == source_mode) & (NIGHTS.c.trade_date == trade_date)
    query = sa.select(NIGHTS).where(mine).order_by(NIGHTS.c.claimed_at_utc.desc()).limit(1)
    row = connection.execute(query).mappings().first()
    return dict(row) if row else None


def latest_complete(connection: sa.Connection) -> tuple[date, str] | None:
    """Return date and source mode of the night published last."""
    query = sa.select(NIGHTS.c.trade_date, NIGHTS.c.source_mode).where(NIGHTS.c.night_status == "COMPLETE")
    row = connection.execute(query.order_by(NIGHTS.c.finished_at_utc.desc()).limit(1)).first()
    return (row.trade_date, row.source_mode) if row else None
