"""Stage book: what the ladders hold on paper after the night, what they traded, and what that leaves of their state."""

import pandas as pd
from prefect import get_run_logger

from alvh_core.bars import host_returns
from alvh_core.book.market import settlement_values
from alvh_core.book.sums import held_state, night_book
from alvh_core.book.transition import of_last_night, trade
from alvh_core.ladders import hedge_symbols, ladder_terms, legs_to_trade, plan_ladders
from alvh_core.pricing import hedge_chains
from alvh_core.registry.book import BOOK, FILLS, POSITIONS
from alvh_core.schemas import (
    DAILY_BARS,
    LADDER_LEGS,
    LADDER_SIGNALS,
    LADDER_STATE,
    PRICED_QUOTES,
    QUARANTINED_QUOTES,
    SNAPSHOTS,
    VX_SETTLEMENTS,
)
from alvh_core.universe import option_roots
from tasks.assets import in_lake, in_warehouse, stage
from tasks.night import Night


@stage(
    reads=[*map(in_lake, (LADDER_LEGS, LADDER_SIGNALS, LADDER_STATE, PRICED_QUOTES, QUARANTINED_QUOTES)),
           *map(in_lake, (VX_SETTLEMENTS, DAILY_BARS, SNAPSHOTS)), *map(in_warehouse, (POSITIONS, BOOK))],
    writes=[*map(in_lake, (POSITIONS, FILLS, BOOK, LADDER_STATE))],
)  # fmt: skip
def book(night: Night) -> None:
    """Take the paper book through the night."""
    lake, warehouse, day, mode = night.lake, night.warehouse, pd.Timestamp(night.trade_date), night.source_mode
    priced, bars, signals = lake.read(PRICED_QUOTES), lake.read(DAILY_BARS), lake.read(LADDER_SIGNALS)
    plan = plan_ladders(night.universe, priced, night.profiles.values())
    chains = hedge_chains(priced, lake.read(QUARANTINED_QUOTES), hedge_symbols(plan))
    before = warehouse.rows_before(BOOK, mode, night.trade_date)
    values = settlement_values(lake.read(VX_SETTLEMENTS), bars, lake.read(SNAPSHOTS), option_roots(night.universe))
    trades = trade(
        of_last_night(warehouse.rows_before(POSITIONS, mode, night.trade_date), before),
        legs_to_trade(lake.read(LADDER_LEGS), signals, plan),
        chains, values, ladder_terms(plan),
        trade_date=day, source_mode=mode,
    )  # fmt: skip
    sums = night_book(trades, before, signals, host_returns(bars, day), trade_date=day, source_mode=mode)
    lake.write(trades.positions, POSITIONS)
    lake.write(trades.fills, FILLS)
    lake.write(sums, BOOK)
    lake.write(held_state(lake.read(LADDER_STATE), trades.positions), LADDER_STATE)
    get_run_logger().info("%d positions, %d fills", len(trades.positions), len(trades.fills))
