"""The outbox of alerts: functions on an open connection, as of the ledger; `Warehouse` owns the transactions.

Alerts are written in the transaction that publishes their night, so that neither is seen without the other. Sending is
promised at least once: a message is leased before it is sent and recorded after, and a lease nobody recorded runs out.
"""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from typing import Any

import pandas as pd
import sqlalchemy as sa
from sqlalchemy.dialects import postgresql, sqlite

from alvh_core.alerting.quiet import WITHDRAWN
from alvh_core.alerting.rules import ALERT_RULES
from alvh_core.columns import ALERT_SEVERITIES
from alvh_core.schemas import META_ALERTS, META_DELIVERIES
from tasks.warehouse.rows import read_frame
from tasks.warehouse.tables import SQL_TABLES, plain_columns

BUNDLE = 20
LEASE = timedelta(minutes=5)
MAX_ATTEMPTS = 12
FIRST_WAIT, LONGEST_WAIT = timedelta(minutes=1), timedelta(hours=6)
FRESH = timedelta(days=4)  # older news is not sent to anybody

_alerts, _deliveries = SQL_TABLES[META_ALERTS.name], SQL_TABLES[META_DELIVERIES.name]
_STANDS = _alerts.c.quiet_reason.is_distinct_from(WITHDRAWN)  # the status alone does not tell: a DEAD one stays DEAD


@dataclass(frozen=True, kw_only=True)
class Message:
    """One alert on its way to one channel; its text is what the channel gets."""

    alert_id: str
    alert_severity: str
    title: str
    body: str
    attempts_count: int


def add_alerts(connection: sa.Connection, alerts: pd.DataFrame) -> None:
    """Store alerts that are not stored yet: the same alert, raised again, changes nothing unless it was withdrawn.

    Parameters
    ----------
    connection : Connection
        In the transaction of whatever raised them.
    alerts : DataFrame
        `META_ALERTS`.
    """
    columns = plain_columns(alerts, META_ALERTS)
    rows = [dict(zip(columns, row, strict=True)) for row in zip(*columns.values(), strict=True)]
    _insert_absent(connection, _alerts, rows)
    again: dict[tuple[Any, Any], list[str]] = {}
    for row in rows:
        again.setdefault((row["alert_status"], row["quiet_reason"]), []).append(row["alert_id"])
    for (status, reason), ids in again.items():
        revived = sa.update(_alerts).where(_alerts.c.alert_id.in_(ids) & (_alerts.c.quiet_reason == WITHDRAWN))
        is_quiet = _alerts.c.alert_status == "QUIET"
        connection.execute(revived.where(is_quiet).values(alert_status=status, quiet_reason=reason))
        connection.execute(revived.where(~is_quiet).values(quiet_reason=None))  # it was sent, and is true again


def replace_alerts(connection: sa.Connection, alerts: pd.DataFrame, trade_date: date, source_mode: str) -> None:
    """Store what a publication raises; withdraw what was raised about the night before and is not true any more.

    What is not sent by then never is; of what was, it is written down. That its answers have changed once stays true.
    """
    mine = (_alerts.c.trade_date == trade_date) & (_alerts.c.source_mode == source_mode)
    mine &= _alerts.c.alert_rule != "night_restated"
    gone = sa.update(_alerts).where(mine & _alerts.c.alert_id.not_in(alerts["alert_id"].tolist()))
    connection.execute(gone.values(quiet_reason=WITHDRAWN))
    connection.execute(gone.where(_alerts.c.alert_status == "PENDING").values(alert_status="QUIET"))
    add_alerts(connection, alerts)


def recent_alerts(connection: sa.Connection, source_mode: str, since: date) -> pd.DataFrame:
    """Return `META_ALERTS` of one source mode about sessions from a date on."""
    mine = (_alerts.c.source_mode == source_mode) & (_alerts.c.trade_date >= since)
    return read_frame(connection, sa.select(_alerts).where(mine), META_ALERTS)


def address_alerts(connection: sa.Connection, channels: Mapping[str, Collection[str]], now: datetime) -> None:
    """Decide who gets what is pending: by the channels there are at the time of sending, not of raising.

    A worker that publishes need not know the channels, and a new channel gets no old news. What nobody wants to hear
    turns QUIET; what could not be sent in `FRESH` is given up.

    Parameters
    ----------
    connection : Connection
    channels : mapping of str to collection of str
        Severities each channel takes.
    now : datetime
        With time zone.
    """
    _give_up_stale(connection, now)
    pending = sa.select(_alerts.c.alert_id, _alerts.c.alert_severity).where(_alerts.c.alert_status == "PENDING")
    alerts = connection.execute(pending).all()
    wanted = [(alert.alert_id, name) for alert in alerts for name, takes in channels.items()
              if alert.alert_severity in takes]  # fmt: skip
    waiting = {"delivery_status": "PENDING", "attempts_count": 0, "next_attempt_at_utc": _naive(now)}
    rows = [{"alert_id": alert_id, "channel": name, **waiting} for alert_id, name in wanted]
    _insert_absent(connection, _deliveries, rows)
    if channels:
        unwanted = {alert.alert_id for alert in alerts} - {alert_id for alert_id, _ in wanted}
        _keep_quiet(connection, _alerts.c.alert_id.in_(unwanted), "no channel takes its severity")


def take(connection: sa.Connection, channel: str, severities: Collection[str], *, due_at: datetime,
         now: datetime) -> list[Message]:  # fmt: skip
    """Lease what is due for a channel, gravest first, then as the rules stand, at most `BUNDLE`.

    Nobody else gets it while the lease runs. The attempt is counted here: a message that kills its sender is given up
    some time too.

    Parameters
    ----------
    connection : Connection
    channel : str
    severities : collection of str
        What the channel takes at this hour.
    due_at : datetime
        What is due later is left; one round asks with one instant, so that it ends.
    now : datetime
        The lease begins.
    """
    gravity = sa.case({name: -at for at, name in enumerate(ALERT_SEVERITIES)}, value=_alerts.c.alert_severity)
    rank = sa.case(
        {name: at for at, name in enumerate(ALERT_RULES)}, value=_alerts.c.alert_rule, else_=len(ALERT_RULES)
    )
    due = (
        sa.select(*(_alerts.c[name] for name in ("alert_id", "alert_severity", "title", "body")),
                  _deliveries.c.attempts_count)
        .join(_deliveries, _deliveries.c.alert_id == _alerts.c.alert_id)
        .where(_deliveries.c.channel == channel, _deliveries.c.delivery_status == "PENDING",
               _deliveries.c.next_attempt_at_utc <= _naive(due_at), _alerts.c.alert_status != "QUIET", _STANDS,
               _alerts.c.alert_severity.in_(severities))
        .order_by(gravity, rank, _alerts.c.created_at_utc, _alerts.c.alert_id)
        .limit(BUNDLE)
        .with_for_update(of=_deliveries, skip_locked=True)  # SQLite has no such clause: there, one writes at a time
    )  # fmt: skip
    messages = [Message(**row) for row in connection.execute(due).mappings()]
    leased = {"attempts_count": _deliveries.c.attempts_count + 1, "next_attempt_at_utc": _naive(now + LEASE)}
    connection.execute(sa.update(_deliveries).where(_these(channel, messages)).values(**leased))
    return messages


def record_sent(connection: sa.Connection, channel: str, messages: Sequence[Message], now: datetime) -> None:
    """Write down that a channel took messages."""
    sent = {"delivery_status": "SENT", "sent_at_utc": _naive(now), "next_attempt_at_utc": None, "last_error": None}
    connection.execute(sa.update(_deliveries).where(_these(channel, messages)).values(**sent))
    _settle(connection, [message.alert_id for message in messages])


def record_failed(connection: sa.Connection, channel: str, messages: Sequence[Message], *, error: str, is_refused: bool,
                  now: datetime) -> None:  # fmt: skip
    """Write down that a channel did not take messages, and when to try again: after 1, 2, 4 ... minutes, at most 6 h.

    A refusal (a wrong address, a password) waits the longest at once: only a person can help, and may until morning.

    Parameters
    ----------
    connection : Connection
    channel : str
    messages : sequence of Message
    error : str
        Without the address.
    is_refused : bool
    now : datetime
    """
    for message in messages:
        attempts = message.attempts_count + 1
        wait = LONGEST_WAIT if is_refused else min(FIRST_WAIT * 2 ** (attempts - 1), LONGEST_WAIT)
        is_dead = attempts >= MAX_ATTEMPTS
        failed = {"delivery_status": "DEAD" if is_dead else "PENDING", "last_error": error,
                  "next_attempt_at_utc": None if is_dead else _naive(now + wait)}  # fmt: skip
        mine = _these(channel, [message]) & (_deliveries.c.delivery_status == "PENDING")
        connection.execute(sa.update(_deliveries).where(mine).values(**failed))
    _settle(connection, [message.alert_id for message in messages])


def try_again(connection: sa.Connection, channels: Collection[str], now: datetime) -> None:
    """Make fresh messages due that wait for their next attempt or were given up: somebody has mended the channel."""
    fresh = sa.select(_alerts.c.alert_id).where(_alerts.c.created_at_utc > _naive(now - FRESH), _is_open(), _STANDS)
    unsent = _deliveries.c.channel.in_(channels) & (_deliveries.c.delivery_status != "SENT")
    again = sa.update(_deliveries).where(unsent & _deliveries.c.alert_id.in_(fresh))
    connection.execute(again.values(delivery_status="PENDING", attempts_count=0, next_attempt_at_utc=_naive(now)))


def listing(connection: sa.Connection, *, trade_date: date | None = None, with_settled: bool = False) -> pd.DataFrame:
    """Return the outbox for a person to read, newest session first: what is open, or everything.

    Parameters
    ----------
    connection : Connection
    trade_date : date, optional
        One session only.
    with_settled : bool
        Also what is delivered or was kept quiet.
    """
    asked = sa.select(_alerts).order_by(_alerts.c.trade_date.desc(), _alerts.c.created_at_utc, _alerts.c.alert_id)
    asked = asked.where(_about(trade_date))
    if not with_settled:
        asked = asked.where(_is_open() & _STANDS)
    alerts = connection.execute(asked).mappings().all()
    ids = [alert["alert_id"] for alert in alerts]
    told: dict[str, list[str]] = {}
    deliveries = sa.select(_deliveries).where(_deliveries.c.alert_id.in_(ids)).order_by(_deliveries.c.channel)
    for row in connection.execute(deliveries):
        failed = f" after {row.attempts_count}: {row.last_error}" if row.last_error else ""
        told.setdefault(row.alert_id, []).append(f"{row.channel} {row.delivery_status}{failed}")
    rows = [
        (alert["alert_id"][:8], alert["alert_status"], alert["title"],
         "; ".join(told.get(alert["alert_id"], [])) or alert["quiet_reason"] or "not addressed yet")
        for alert in alerts
    ]  # fmt: skip
    return pd.DataFrame(rows, columns=["alert", "status", "title", "channels"])


def settled_count(connection: sa.Connection, trade_date: date | None = None) -> int:
    """Count what `listing` leaves out unless it is asked for."""
    settled = sa.select(sa.func.count()).select_from(_alerts).where(_about(trade_date), ~(_is_open() & _STANDS))
    return int(connection.execute(settled).scalar_one())


def _about(trade_date: date | None) -> sa.ColumnElement[bool]:
    return sa.true() if trade_date is None else _alerts.c.trade_date == trade_date


def _give_up_stale(connection: sa.Connection, now: datetime) -> None:
    awaits = sa.exists().where((_deliveries.c.alert_id == _alerts.c.alert_id)
                               & (_deliveries.c.delivery_status == "PENDING"))  # fmt: skip
    is_waiting = (_alerts.c.alert_status == "PENDING") | awaits  # one that is DEAD may be on its way to another channel
    stale = is_waiting & (_alerts.c.created_at_utc < _naive(now - FRESH))
    ids = connection.execute(sa.select(_alerts.c.alert_id).where(stale)).scalars().all()
    waiting = _deliveries.c.alert_id.in_(ids) & (_deliveries.c.delivery_status == "PENDING")
    connection.execute(sa.update(_deliveries).where(waiting).values(delivery_status="DEAD", next_attempt_at_utc=None))
    addressed = sa.exists().where(_deliveries.c.alert_id == _alerts.c.alert_id)
    _keep_quiet(connection, _alerts.c.alert_id.in_(ids) & ~addressed, f"no channel in {FRESH.days} days")
    _settle(connection, ids)


def _keep_quiet(connection: sa.Connection, which: sa.ColumnElement[bool], reason: str) -> None:
    pending = which & (_alerts.c.alert_status == "PENDING")
    connection.execute(sa.update(_alerts).where(pending).values(alert_status="QUIET", quiet_reason=reason))


def _settle(connection: sa.Connection, alert_ids: Sequence[str]) -> None:
    """Derive an alert's status from its deliveries: DEAD if one is given up, DELIVERED if all are sent."""
    mine = _alerts.c.alert_id.in_(alert_ids) & _is_open()
    of_alert = _deliveries.c.alert_id == _alerts.c.alert_id
    has_dead = sa.exists().where(of_alert & (_deliveries.c.delivery_status == "DEAD"))
    is_open = sa.exists().where(of_alert & (_deliveries.c.delivery_status == "PENDING"))
    for which, status in ((has_dead, "DEAD"), (~has_dead & is_open, "PENDING"), (~has_dead & ~is_open, "DELIVERED")):
        connection.execute(sa.update(_alerts).where(mine & which).values(alert_status=status))


def _is_open() -> sa.ColumnElement[bool]:
    """Not settled: one that a channel gave up may still be on its way to another."""
    return _alerts.c.alert_status.in_(["PENDING", "DEAD"])


def _these(channel: str, messages: Sequence[Message]) -> sa.ColumnElement[bool]:
    ids = [message.alert_id for message in messages]
    return (_deliveries.c.channel == channel) & _deliveries.c.alert_id.in_(ids)


def _insert_absent(connection: sa.Connection, table: sa.Table, rows: Sequence[Mapping[str, Any]]) -> None:
    if not rows:
        return
    insert: Any = postgresql.insert if connection.dialect.name == "postgresql" else sqlite.insert
    connection.execute(insert(table).on_conflict_do_nothing(), list(rows))


def _naive(instant: datetime) -> datetime:
    """Return an instant as the tables hold it: UTC, without a zone."""
    return instant.astimezone(UTC).replace(tzinfo=None)
