"""Stage publish asks here what the night raises; watchers ask here to raise what they saw. Nothing is sent here.

An alert becomes a row of the outbox, in the transaction of its night; `tasks.deliver` sends it.
"""

from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from typing import Any

import pandas as pd

from alvh_core import frames
from alvh_core.alerting.findings import BEFORE_TABLES, BOUGHT_LEGS, HISTORY, TONIGHT_TABLES, NightEvidence
from alvh_core.alerting.ladders import deployed_on
from alvh_core.alerting.nights import night_alerts, watch_alert
from alvh_core.alerting.quiet import RECENT_DAYS, news_of, told, with_quiet
from alvh_core.alerting.rules import AlertLimits
from alvh_core.errors import AlvhError
from alvh_core.ladders import host_profiles
from alvh_core.schemas import LADDER_STATE, META_ALERTS
from tasks.night import Night
from tasks.warehouse import ledger, outbox
from tasks.warehouse.locks import take_turns


def raise_night_alerts(night: Night, tables: Mapping[str, pd.DataFrame], counts: Mapping[str, int]) -> pd.DataFrame:
    """Return `META_ALERTS` of a night about to be published; `store_night_alerts` stores them."""
    recent = _recent(night)
    return _quietened(night, _raised(night, tables, counts, recent), recent)


def night_news(night: Night, tables: Mapping[str, pd.DataFrame], counts: Mapping[str, Any]) -> pd.DataFrame:
    """Return what is new about a published night, told anybody or not."""
    recent, last = _recent(night), night.warehouse.night_before(night.source_mode, night.trade_date)
    return news_of(_raised(night, tables, counts, recent), recent, night.trade_date, last)


def _recent(night: Night) -> pd.DataFrame:
    with night.warehouse.reading() as connection:
        return outbox.recent_alerts(connection, night.source_mode, night.trade_date - timedelta(days=RECENT_DAYS))


def _raised(night: Night, tables: Mapping[str, pd.DataFrame], counts: Mapping[str, int],
            recent: pd.DataFrame) -> pd.DataFrame:  # fmt: skip
    """Return what the rules find; a fault of theirs is an alert, not the end of the night."""
    rules, now = night.alert_plan.rules, datetime.now(UTC)
    try:
        return night_alerts(_evidence(night, tables, counts, recent), now, rules)
    except AlvhError:
        raise
    except Exception as error:  # noqa: BLE001 - nobody foresaw it, and the answers do not depend on it
        reason = f"{type(error).__name__}: {error}"
        return watch_alert("rules_failed", night.trade_date, night.source_mode, reason=reason, created_at=now,
                           rules=rules)  # fmt: skip


def store_night_alerts(connection: Any, *, night: Night, alerts: pd.DataFrame,
                       answers_before: str | None) -> None:  # fmt: skip
    """Store what a publication raises, in its transaction, and tell a night that was published with other answers.

    What has been sent of the old answers cannot be taken back: the desk is told that they hold no more.
    """
    outbox.replace_alerts(connection, alerts, night.trade_date, night.source_mode)
    published = ledger.entry(connection, night.source_mode, night.trade_date) or {}
    if answers_before not in {None, published["answers_sha256"]}:
        reason = "other answers than those published before: an earlier night, a payload, a close or the rules changed"
        outbox.add_alerts(connection, _watched(night, "night_restated", reason, published["answers_sha256"]))


def _evidence(night: Night, tables: Mapping[str, pd.DataFrame], counts: Mapping[str, int],
              recent: pd.DataFrame) -> NightEvidence:  # fmt: skip
    """Return what the rules look at: of the default profile, one message a desk, not one a profile."""
    day, mode, warehouse, profile = night.trade_date, night.source_mode, night.warehouse, night.profile.name
    last = warehouse.night_before(mode, day)
    empty = {spec.name: frames.empty(spec) for spec in BEFORE_TABLES}
    limits = AlertLimits()
    tonight = frames.narrowed({name: tables[name] for name in TONIGHT_TABLES}, "profile", profile)
    bought = [warehouse.night(mode, past, profile=profile, tables=[BOUGHT_LEGS])[BOUGHT_LEGS.name]
              for past in deployed_on(tonight[LADDER_STATE.name]) if past != day]  # fmt: skip
    history = warehouse.last_nights(HISTORY, mode, day, limits.history_nights, profile=profile)
    return NightEvidence(
        trade_date=day, source_mode=mode, tonight=tonight,
        before=warehouse.night(mode, last, profile=profile, tables=BEFORE_TABLES) if last else empty,
        history=frames.before(history, day), bought_legs=frames.concat(bought, BOUGHT_LEGS), counts=counts,
        told=told(recent, "filter_flip", day), profiles=host_profiles(night.universe, night.profile), limits=limits,
    )  # fmt: skip


def raise_watch_alert(night: Night, rule_name: str, reason: str) -> None:
    """Put an alert about a whole night into the outbox: ``night_missing`` or ``night_failed``.

    The same night's same trouble is stored once, however often it is seen; publishing the night withdraws what is not
    sent by then, and one that is published already, by another run, raises none.

    Parameters
    ----------
    night : Night
    rule_name : str
        See `alvh_core.alerting.nights.watch_alert`.
    reason : str
        What was found, without secrets.
    """
    with night.warehouse.writing(f"alert {rule_name}") as connection:
        take_turns(connection, "publications")  # what is being published now is seen, or withdraws what is raised here
        if ledger.status(connection, night.key) != "COMPLETE":
            outbox.add_alerts(connection, _watched(night, rule_name, reason))


def _watched(night: Night, rule_name: str, reason: str, turned_to: str = "") -> pd.DataFrame:
    raised = watch_alert(rule_name, night.trade_date, night.source_mode, reason=reason, created_at=datetime.now(UTC),
                         turned_to=turned_to, rules=night.alert_plan.rules)  # fmt: skip
    return _quietened(night, raised, frames.empty(META_ALERTS))


def _quietened(night: Night, alerts: pd.DataFrame, recent: pd.DataFrame) -> pd.DataFrame:
    plan = night.alert_plan
    return with_quiet(alerts, recent, night.calendar, rules=plan.rules, speaks_simulated=plan.speaks_simulated)
