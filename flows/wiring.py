"""The one place that chooses implementations: settings to a `Night` with its source, stores and parameters."""

import hashlib
import json
import logging
import platform
import tomllib
from dataclasses import asdict, replace
from datetime import date, datetime
from functools import lru_cache
from importlib.metadata import version
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

from prefect import runtime

from alvh_core.alerting.plan import AlertPlan, alert_plan
from alvh_core.errors import AbsentNightError, ContractError, FatalError
from alvh_core.evaluation.rules import EvidenceRule
from alvh_core.frames import empty
from alvh_core.ladders import plan_ladders
from alvh_core.params import LadderProfile
from alvh_core.profiles import extend_profiles
from alvh_core.schemas import PRICED_QUOTES
from alvh_core.sessions import NEW_YORK, TradingCalendar
from alvh_core.universe import DEFAULT_UNIVERSE, Asset, extend_universe
from expectations.handbook import suites_hash
from flows.sources import check_imported, check_publishers, open_source
from tasks.night import Night, no_client
from tasks.settings import Settings
from tasks.sources.exchange import load_calendar
from tasks.warehouse.repository import NightKey

PACKAGE = "alvh-pipeline"
LOG = logging.getLogger("alvh.progress")


@lru_cache(maxsize=4)
def trading_calendar(overrides: Path | None) -> TradingCalendar:
    """Return the exchange calendar of the settings; half a second the first time."""
    return load_calendar(overrides)


def read_universe(settings: Settings) -> tuple[str, dict[str, Asset]]:
    """Return the universe's name and entries.

    Raises
    ------
    ContractError
        The file is not there, is no TOML, or has an unknown key.
    """
    path = settings.universe_file
    if path is None:
        return "default", dict(DEFAULT_UNIVERSE)
    return path.stem, extend_universe(_read_toml("ALVH_UNIVERSE_FILE", path), str(path))


def read_profiles(settings: Settings) -> dict[str, LadderProfile]:
    """Return the ladder profiles that a night runs, the first one for the headline.

    Raises
    ------
    ContractError
        The file is not there, is no TOML, or has an unknown key.
    """
    path = settings.profiles_file
    return extend_profiles(_read_toml("ALVH_PROFILES_FILE", path) if path else {}, str(path))


def read_alert_plan(settings: Settings) -> AlertPlan:
    """Return the alert rules and channels of the settings.

    Raises
    ------
    ContractError
        The file is not there, is no TOML, or has an unknown key; an address in it is not repeated.
    """
    path = settings.alerts_file
    document = _read_toml("ALVH_ALERTS_FILE", path) if path else {}
    return alert_plan(document, str(path), speaks_simulated=settings.alert_simulated)


def _read_toml(setting: str, path: Path) -> dict[str, Any]:
    try:
        return tomllib.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:  # ValueError: no TOML, or no UTF-8
        raise ContractError(f"{setting}: expected a TOML file at {path}: {error}") from error


def scheduled_date(scheduled: datetime) -> date:
    """Return the New York date a run was scheduled for; late runs come out of order, the clock does not tell."""
    return scheduled.astimezone(ZoneInfo(NEW_YORK)).date()


def check_over(calendar: TradingCalendar, day: date, scheduled: datetime) -> None:
    """Refuse a session that is not over: a click in the UI, or a date of next month, would use up its night.

    Raises
    ------
    ContractError
        The session had not closed at that time.
    """
    if (close := calendar.session(day).close_at_utc) > scheduled:
        raise ContractError(
            f"nightly: expected a run after the close of {day}, {close:%H:%M} UTC, found one for "
            f"{scheduled:%Y-%m-%d %H:%M}; what lands once is never fetched again: run it after the close, or name "
            "another session"
        )


def run_name() -> str:
    """Name a flow run by its flow and the night it is about, else the date it was scheduled for."""
    run = runtime.flow_run
    return f"{run.flow_name}-{run.parameters.get('trade_date') or scheduled_date(run.scheduled_start_time)}"


def build_night(settings: Settings, trade_date: date, source: str, run_id: str) -> Night:
    """Put a night together.

    Parameters
    ----------
    settings : Settings
    trade_date : date
        A session.
    source : str
        ``simulated``, ``live``, ``recorded:PATH`` or ``imported[:HISTORIES]``.
    run_id : str

    Returns
    -------
    Night

    Raises
    ------
    ContractError, FatalError
        The date is no session, the source is not known, or what a host lays over a profile does not suit it.
    AbsentNightError
        A recording does not hold the session.
    """
    check_publishers(settings)
    calendar = trading_calendar(settings.calendar_file)
    name, universe = read_universe(settings)
    profiles = read_profiles(settings)
    plan_ladders(universe, empty(PRICED_QUOTES), profiles.values())  # an entry has to suit every profile: refused now
    evidence_rule = EvidenceRule()
    mode, make_client, without = open_source(settings, trade_date, source, universe, calendar)
    rules = [[asdict(profile) for profile in profiles.values()], asdict(evidence_rule),
             {s: repr(a) for s, a in universe.items()}, suites_hash()]  # fmt: skip
    return Night(
        key=NightKey(trade_date=trade_date, universe=name, source_mode=mode), run_id=run_id, source=source,
        code_version=version(PACKAGE), rules_hash=hashlib.sha256(json.dumps(rules).encode()).hexdigest()[:16],
        session=calendar.session(trade_date), calendar=calendar, universe=universe, profiles=profiles,
        evidence_rule=evidence_rule,
        lake_root=settings.lake_root,
        raw_root=settings.raw_root, reports_root=settings.reports_root, warehouse_url=settings.database_url,
        make_client=make_client, price_threads=settings.price_threads, shards=settings.shards,
        base_urls=settings.base_urls, sources_off=settings.sources_off, datasets_off=without,
        runner=settings.runner, runner_address=settings.runner_address,
        reports_url=settings.reports_url, alert_plan=read_alert_plan(settings),
    )  # fmt: skip


def held_night(settings: Settings, trade_date: date, source: str, run_id: str) -> Night | None:
    """Put a night together; None, and the log says why, where the source does not hold it."""
    try:
        check_imported(settings, trade_date, source)
        return build_night(settings, trade_date, source, run_id)
    except AbsentNightError as error:
        LOG.warning("%s is left out: %s", trade_date, error)
        return None


def sibling(night: Night, trade_date: date) -> tuple[Night, dict[str, int]]:
    """Return another published night of the same mode, to be concluded again, and the counts it was published with.

    Raises
    ------
    ContractError
        It was published under another universe, other rules or another version, or was claimed again since: only a
        forced run may replace it.
    """
    row = night.warehouse.ledger(night.source_mode, trade_date) or {}
    for name, mine in (("night_status", "COMPLETE"), ("universe", night.key.universe), ("rules_hash", night.rules_hash),
                       ("code_version", night.code_version)):  # fmt: skip
        if row.get(name) != mine:
            raise ContractError(
                f"{trade_date} ({night.source_mode}): expected {name} {mine}, the ledger has {row.get(name)}; "
                f"`alvh nightly --date {trade_date} --force` computes it anew"
            )
    counts = {name: int(row[name]) for name in ("rows_in_count", "rows_published_count", "rows_quarantined_count")}
    key = replace(night.key, trade_date=trade_date)
    later = replace(night, key=key, session=night.calendar.session(trade_date), source=str(row["source"]),
                    make_client=no_client)  # fmt: skip
    return later.with_warehouse(night.warehouse), counts


def check_version(night: Night) -> None:
    """Refuse a part of a night that another version began: rows of two versions must not stand in one night.

    Raises
    ------
    FatalError
        A worker of a cluster has another version installed.
    """
    if (here := version(PACKAGE)) != night.code_version:
        raise FatalError(f"shard {night.shard}: expected {PACKAGE} {night.code_version} on every worker, found {here} "
                         f"on {platform.node()}; install the same version there")  # fmt: skip
