"""The one place that chooses implementations: settings to a `Night` with its source, stores and parameters."""

import hashlib
import json
import tomllib
from collections.abc import Callable
from dataclasses import asdict
from datetime import date, datetime
from functools import lru_cache
from importlib.metadata import version
from pathlib import Path
from zoneinfo import ZoneInfo

from requests.adapters import BaseAdapter

from alvh_core.errors import ContractError
from alvh_core.market.simulated import SimulatedMarket
from alvh_core.params import PROFILES, SpreadRule
from alvh_core.sessions import NEW_YORK, TradingCalendar
from alvh_core.universe import DEFAULT_UNIVERSE, Asset, extend_universe
from alvh_core.verdict import EvidenceRule
from tasks.night import Night
from tasks.settings import Settings
from tasks.sources.cboe import VENUE_SCOPE
from tasks.sources.client import HttpClient
from tasks.sources.exchange import early_closes, load_calendar
from tasks.sources.transport import RecordedTransport, SimulatedTransport, live_transport, session_with
from tasks.warehouse.repository import NightKey

PROFILE = "trigger_442"
SOURCES = "simulated, live, or recorded:PATH"


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
    try:
        document = tomllib.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:  # ValueError: no TOML, or no UTF-8
        raise ContractError(f"ALVH_UNIVERSE_FILE: expected a TOML file at {path}: {error}") from error
    return path.stem, extend_universe(DEFAULT_UNIVERSE, document, str(path))


def scheduled_date(scheduled: datetime) -> date:
    """Return the New York date a run was scheduled for; late runs come out of order, the clock does not tell."""
    return scheduled.astimezone(ZoneInfo(NEW_YORK)).date()


def build_night(settings: Settings, trade_date: date, source: str, run_id: str) -> Night:
    """Put a night together.

    Parameters
    ----------
    settings : Settings
    trade_date : date
        A session.
    source : str
        ``simulated``, ``live`` or ``recorded:PATH``.
    run_id : str

    Returns
    -------
    Night

    Raises
    ------
    ContractError, FatalError
        The date is no session, the source is not known, or a recording does not hold the session.
    """
    calendar = trading_calendar(settings.calendar_file)
    name, universe = read_universe(settings)
    profile, spread_rule, evidence_rule = PROFILES[PROFILE], SpreadRule(), EvidenceRule()
    mode, make_client = _source(settings, trade_date, source, universe, calendar)
    rules = [asdict(profile), asdict(spread_rule), asdict(evidence_rule), {s: repr(a) for s, a in universe.items()}]
    return Night(
        key=NightKey(trade_date=trade_date, universe=name, source_mode=mode), run_id=run_id,
        code_version=version("alvh-pipeline"), rules_hash=hashlib.sha256(json.dumps(rules).encode()).hexdigest()[:16],
        session=calendar.session(trade_date), calendar=calendar, universe=universe, profile=profile,
        spread_rule=spread_rule, evidence_rule=evidence_rule, venue_scope=VENUE_SCOPE, lake_root=settings.lake_root,
        raw_root=settings.raw_root, reports_root=settings.reports_root, warehouse_url=settings.database_url,
        make_client=make_client, price_threads=settings.price_threads,
    )  # fmt: skip


def _source(settings: Settings, trade_date: date, source: str, universe: dict[str, Asset],
            calendar: TradingCalendar) -> tuple[str, Callable[[], HttpClient]]:  # fmt: skip
    """Choose the transport; return its source mode and how to build the client on it."""
    if source == "simulated":
        market = SimulatedMarket(universe, calendar.dates, early_closes(calendar), seed=settings.seed)
        simulated = SimulatedTransport(market, trade_date)
        return simulated.source_mode, _client(settings, simulated, simulated.source_mode)
    if source == "live":
        return "live", _client(settings, live_transport(), "live", settings.requests_per_second)
    path = source.removeprefix("recorded:")
    if path == source or not path:
        raise ContractError(f"--source, ALVH_SOURCE: expected {SOURCES}, found {source!r}")
    recorded = RecordedTransport(Path(path).expanduser(), trade_date)
    return recorded.source_mode, _client(settings, recorded, recorded.source_mode)


def _client(settings: Settings, transport: BaseAdapter, mode: str, per_second: float = 0.0) -> Callable[[], HttpClient]:
    return lambda: HttpClient(session_with(transport), mode, user_agent=settings.user_agent, per_second=per_second)
