"""Stage book: what the ladders hold on paper after the night, what they traded, and what that leaves of their state."""

import pandas as pd
from prefect import get_run_logger

from alvh_core.bars import host_returns
from alvh_core.book.filtering import filter_counts
from alvh_core.book.market import QUOTED, official_closes, on_last_session, settlement_values
from alvh_core.book.splits import splits_since_entry
from alvh_core.book.sums import held_signals, held_state, night_book
from alvh_core.book.transition import READ, of_last_night, trade
from alvh_core.evaluation.nights import PRINTS, VOUCHED, host_closes
from alvh_core.expiries import last_session_on_or_before
from alvh_core.frames import concat, conform
from alvh_core.ladders import hedge_symbols, ladder_terms, legs_to_trade, plan_ladders
from alvh_core.registry.book import BOOK, FILLS, POSITIONS
from alvh_core.schemas import (
    CLOSES,
    DAILY_ACTIONS,
    DAILY_BARS,
    LADDER_LEGS,
    LADDER_SIGNALS,
    LADDER_STATE,
    MODEL_FREE,
    PRICED_QUOTES,
    SNAPSHOTS,
    VX_SETTLEMENTS,
)
from alvh_core.universe import cash_indices, option_roots
from tasks.assets import in_lake, in_warehouse, stage
from tasks.night import Night


@stage(
    reads=[*map(in_lake, (LADDER_LEGS, LADDER_SIGNALS, LADDER_STATE, PRICED_QUOTES)),
           *map(in_lake, (VX_SETTLEMENTS, DAILY_BARS, DAILY_ACTIONS, SNAPSHOTS, MODEL_FREE)),
           *map(in_warehouse, (POSITIONS, BOOK, CLOSES, SNAPSHOTS, MODEL_FREE))],
    writes=[*map(in_lake, (POSITIONS, FILLS, BOOK, LADDER_SIGNALS, LADDER_STATE))],
)  # fmt: skip
def book(night: Night) -> None:
    """Take the paper book through the night."""
    lake, warehouse, day, mode = night.lake, night.warehouse, pd.Timestamp(night.trade_date), night.source_mode
    bars, signals = lake.read(DAILY_BARS), lake.read(LADDER_SIGNALS)
    priced = lake.read(PRICED_QUOTES, columns=["underlying", "osi_symbol", "quote_flag", *QUOTED])
    plan = plan_ladders(night.universe, priced, night.profiles.values())
    chains = priced[priced["underlying"].isin(hedge_symbols(plan))]
    before = warehouse.rows_before(BOOK, mode, night.trade_date)
    held = of_last_night(warehouse.rows_before(POSITIONS, mode, night.trade_date), before)
    sound = cash_indices(night.universe) & set(priced["underlying"].unique())  # a chain in quarantine says nothing
    closes = official_closes(bars, lake.read(SNAPSHOTS), sound, held["expiry_date"])
    roots, following = option_roots(night.universe), pd.Timestamp(night.calendar.session_after(night.trade_date))
    values = settlement_values(lake.read(VX_SETTLEMENTS), closes, roots)
    legs = legs_to_trade(lake.read(LADDER_LEGS, columns=READ), plan)
    terms, state = ladder_terms(plan), lake.read(LADDER_STATE)
    is_due = (held["expiry_date"] <= day) & ~held["hedge_symbol"].isin(cash_indices(night.universe))
    then = warehouse.rows_of(CLOSES, mode, held.loc[is_due, "entry_date"])  # an index has no shares to split
    splits = splits_since_entry(held, lake.read(DAILY_ACTIONS), then, bars, is_due)
    trades = trade(held, legs, chains, values, terms, trade_date=day, source_mode=mode, splits=splits,
                   closing=on_last_session(held, roots, following))  # fmt: skip
    eve = last_session_on_or_before(night.eve, night.calendar.is_session)
    counts = filter_counts(signals, legs, state, terms, eve=pd.Timestamp(eve))
    prints, quoted = (concat([warehouse.rows_of(part, mode, [eve]), conform(lake.read(table), part)], part)
                      for table, part in ((SNAPSHOTS, PRINTS), (MODEL_FREE, VOUCHED)))  # fmt: skip
    hosts = host_closes(bars, prints, quoted, cash_indices(night.universe))
    sums = night_book(trades, before, counts, host_returns(hosts, night.trade_date, night.calendar), trade_date=day,
                      source_mode=mode)  # fmt: skip
    lake.write(trades.positions, POSITIONS)
    lake.write(trades.fills, FILLS)
    lake.write(sums, BOOK)
    lake.write(held_signals(signals, sums), LADDER_SIGNALS)
    lake.write(held_state(state, trades.positions), LADDER_STATE)
    get_run_logger().info("%d positions, %d fills", len(trades.positions), len(trades.fills))
