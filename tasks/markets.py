"""Stages markets and breadth: dividends and splits, VIX futures, advances and declines.

The first needs no other night. The second continues lines that the night before left, so it is concluded in order.
"""

from collections.abc import Sequence

import pandas as pd
from prefect import get_run_logger

from alvh_core.actions import night_actions
from alvh_core.breadth import continued, exchange_breadth, universe_breadth, universe_changes, universe_moves
from alvh_core.frames import concat
from alvh_core.futures import night_settlements
from alvh_core.landing import Landing
from alvh_core.schemas import BREADTH, BREADTH_COUNTS, DAILY_ACTIONS, DAILY_BARS, VX_SETTLEMENTS
from expectations.gate import validate_rows
from expectations.suites import daily_actions_suite, vx_settlements_suite
from tasks.assets import RAW, in_lake, in_warehouse, stage
from tasks.bookkeeping import books, keep_books
from tasks.night import Night
from tasks.sources.catalogue import MARKET_DATASETS
from tasks.sources.decode import decode_tables
from tasks.sources.source import ACTIONS, GROUPED, REFERENCE, VX_HISTORY, VX_SETTLEMENT, Wanted

MARKETS = "markets"  # bookkeeping, before `tasks.gather` joins it with the symbols'


@stage(reads=[RAW], writes=[*map(in_lake, (DAILY_ACTIONS, VX_SETTLEMENTS, BREADTH_COUNTS)), *books(MARKETS)])
def markets(night: Night, landings: Sequence[Landing]) -> None:
    """Decode and validate what belongs to the market as a whole."""
    lake, day, mode, read = night.lake, night.trade_date, night.source_mode, night.archive.read
    mine = [landing for landing in landings if landing.dataset in MARKET_DATASETS]
    paid, mine = decode_tables(mine, read, {ACTIONS})
    settled, mine = decode_tables(mine, read, {VX_SETTLEMENT, VX_HISTORY})
    closes, mine = decode_tables(mine, read, {GROUPED})
    listed, mine = decode_tables(mine, read, {REFERENCE})
    actions = validate_rows(night_actions(paid, day, mode), DAILY_ACTIONS, daily_actions_suite())
    futures = validate_rows(
        night_settlements(settled, day, mode, night.calendar.is_session), VX_SETTLEMENTS, vx_settlements_suite()
    )
    lake.write(actions.clean, DAILY_ACTIONS)
    lake.write(futures.clean, VX_SETTLEMENTS)
    lake.write(_exchange(night, closes, listed), BREADTH_COUNTS)
    keep_books(night, MARKETS, mine, actions, futures)
    get_run_logger().info("%d actions, %d settlements", len(actions.clean), len(futures.clean))


@stage(reads=[*map(in_lake, (BREADTH_COUNTS, DAILY_BARS, DAILY_ACTIONS)), in_warehouse(BREADTH)],
       writes=[in_lake(BREADTH)])  # fmt: skip
def breadth(night: Night) -> None:
    """Count the universe, and continue the lines of advances less declines."""
    lake, day, mode = night.lake, night.trade_date, night.source_mode
    bars, actions = lake.read(DAILY_BARS), lake.read(DAILY_ACTIONS)
    moves = universe_moves(universe_changes(bars, night.universe, night.calendar, actions))
    tonight = concat([lake.read(BREADTH_COUNTS), universe_breadth(moves, day, mode)], BREADTH_COUNTS)
    before = night.warehouse.rows_before(BREADTH, mode, day)
    lake.write(continued(tonight, before, moves, night.calendar), BREADTH)
    get_run_logger().info("breadth by %d methods", len(tonight))


def _exchange(night: Night, closes: pd.DataFrame, listed: pd.DataFrame) -> pd.DataFrame:
    day = night.trade_date
    before = Wanted(symbol="", asset=None, trade_date=day, is_session=night.calendar.is_session).previous
    names = set(listed["ticker"]) if len(listed) else set()
    return exchange_breadth(closes, names, before, day, night.source_mode)
