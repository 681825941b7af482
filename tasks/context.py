"""Stage context: indicators, basis, regime and event windows of the night, and what the hosts' rules make of them."""

import pandas as pd
from prefect import get_run_logger

from alvh_core.bars import trigger_close
from alvh_core.basis.closes import Closes
from alvh_core.basis.hosts import WINDOW, YIELDS, night_basis
from alvh_core.basis.indicators import night_indicators
from alvh_core.basis.regime import night_regime
from alvh_core.basis.term import night_term
from alvh_core.breadth import universe_changes
from alvh_core.frames import concat
from alvh_core.host_rules import NightContext, crypto_hosts, night_rules
from alvh_core.macro.windows import event_windows, macro_context
from alvh_core.registry.basis import BASIS_TABLES, EVENT_WINDOWS, HOST_BASIS, INDICATORS, MACRO_CONTEXT, REGIME, TERM
from alvh_core.registry.rules import HOST_RULES
from alvh_core.schemas import (
    DAILY_ACTIONS,
    DAILY_BARS,
    LISTED_YIELDS,
    MACRO_EVENTS,
    MACRO_SERIES,
    MODEL_FREE,
    RATE_CURVE,
    SNAPSHOTS,
    VX_SETTLEMENTS,
)
from alvh_core.universe import based_on_vix
from tasks.assets import in_lake, in_warehouse, stage
from tasks.night import Night


@stage(reads=[*map(in_lake, (DAILY_BARS, DAILY_ACTIONS, SNAPSHOTS, MACRO_EVENTS, MACRO_SERIES, VX_SETTLEMENTS,
                             LISTED_YIELDS, MODEL_FREE)),
              *map(in_warehouse, (RATE_CURVE, MODEL_FREE, REGIME, TERM))],
       writes=[*map(in_lake, (*BASIS_TABLES, HOST_RULES))])  # fmt: skip
def context(night: Night) -> None:
    """Compute what surrounds the ladders tonight."""
    lake, warehouse, day, mode = night.lake, night.warehouse, night.trade_date, night.source_mode
    at, universe, bars = pd.Timestamp(day), night.universe, lake.read(DAILY_BARS)
    closes, events, series = Closes.of(bars), lake.read(MACRO_EVENTS), lake.read(MACRO_SERIES)
    curve, volatility = (
        concat([warehouse.last_nights(before, mode, night.eve, WINDOW), lake.read(tonight)], before)
        for before, tonight in ((YIELDS, LISTED_YIELDS), (MODEL_FREE, MODEL_FREE))
    )
    changes = universe_changes(bars, universe, night.calendar, lake.read(DAILY_ACTIONS))
    before, settlements = warehouse.rows_before(REGIME, mode, day), lake.read(VX_SETTLEMENTS)
    moved = warehouse.last_nights(TERM, mode, night.eve, WINDOW - 1)
    close = trigger_close(bars, lake.read(SNAPSHOTS), day).vol_points
    tables = {
        INDICATORS: night_indicators(closes, at, mode),
        REGIME: night_regime(closes, settlements, before, close, night.calendar.is_session, at, mode),
        TERM: night_term(settlements, closes, moved, at, mode),
        HOST_BASIS: night_basis(closes, based_on_vix(universe), changes, curve=curve, volatility=volatility,
                                trade_date=at, source_mode=mode),
        EVENT_WINDOWS: event_windows(events, night.calendar, at, mode),
        MACRO_CONTEXT: macro_context(closes, crypto_hosts(universe), events, series, at, mode),
    }  # fmt: skip
    for table, rows in tables.items():
        lake.write(rows, table)
    known = NightContext(
        closes=closes, indicators=tables[INDICATORS], basis=tables[HOST_BASIS], windows=tables[EVENT_WINDOWS],
        macro=tables[MACRO_CONTEXT], has_calendar=len(events) > 0,
    )  # fmt: skip
    lake.write(night_rules(universe, known, night.profile, at, mode), HOST_RULES)
    get_run_logger().info("%d symbols", len(tables[INDICATORS]))
