"""Stages fundamentals and ratios: what companies had filed before the night, then the night's closes over it.

The first needs no quotes; the second waits for the closes of all symbols. Neither needs another night.
"""

from collections.abc import Sequence

from prefect import get_run_logger

from alvh_core.fundamentals.facts import night_facts
from alvh_core.fundamentals.ratios import night_ratios
from alvh_core.landing import Landing
from alvh_core.schemas import CLOSES, DAILY_ACTIONS, DAILY_RATIOS, FACTS
from expectations.company_suites import facts_suite
from expectations.gate import validate_rows
from tasks.assets import RAW, in_lake, stage
from tasks.bookkeeping import books, keep_books
from tasks.night import Night
from tasks.sources.decode import decode_tables
from tasks.sources.source import FUNDAMENTALS


@stage(reads=[RAW], writes=[in_lake(FACTS), *books(FUNDAMENTALS)])
def fundamentals(night: Night, landings: Sequence[Landing]) -> None:
    """Decode and validate what companies have reported."""
    mine = [landing for landing in landings if landing.dataset == FUNDAMENTALS]
    found, mine = decode_tables(mine, night.archive.read, {FUNDAMENTALS})
    facts = night_facts(found, night.trade_date, night.source_mode)
    judged = validate_rows(facts, FACTS, facts_suite(min_rows=min(len(mine), 1)))
    night.lake.write(judged.clean, FACTS)
    keep_books(night, FUNDAMENTALS, mine, judged)
    get_run_logger().info("%d facts", len(judged.clean))


@stage(reads=[*map(in_lake, (FACTS, CLOSES, DAILY_ACTIONS))], writes=[in_lake(DAILY_RATIOS)])
def ratios(night: Night) -> None:
    """Set the night's closes beside what had been filed before it."""
    lake = night.lake
    rows = night_ratios(lake.read(FACTS), lake.read(CLOSES), lake.read(DAILY_ACTIONS), night.universe, night.trade_date,
                        night.source_mode)  # fmt: skip
    lake.write(rows, DAILY_RATIOS)
    get_run_logger().info("ratios of %d companies", len(rows))
