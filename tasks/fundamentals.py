"""Stages fundamentals and ratios: what companies had filed before the night, then the night's closes over it.

The first needs no quotes; the second waits for the closes of all symbols. Neither needs another night.
"""

from collections.abc import Sequence

from prefect import get_run_logger

from alvh_core.fundamentals.facts import night_facts
from alvh_core.fundamentals.ratios import night_ratios
from alvh_core.landing import Landing, payload_rows
from alvh_core.schemas import (
    CLOSES,
    DAILY_ACTIONS,
    DAILY_RATIOS,
    FACTS,
    META_PAYLOADS,
    META_QUARANTINE,
    META_VALIDATIONS,
)
from expectations.company_suites import facts_suite
from expectations.gate import dated, validate_rows
from tasks.assets import RAW, in_lake, stage
from tasks.night import Night
from tasks.sources.decode import decode_tables
from tasks.sources.source import FUNDAMENTALS


@stage(reads=[RAW], writes=[in_lake(FACTS), *(in_lake(t, FUNDAMENTALS) for t in
       (META_QUARANTINE, META_VALIDATIONS, META_PAYLOADS))])  # fmt: skip
def fundamentals(night: Night, landings: Sequence[Landing]) -> None:
    """Decode and validate what companies have reported."""
    lake, day, mode = night.lake, night.trade_date, night.source_mode
    mine = [landing for landing in landings if landing.dataset == FUNDAMENTALS]
    found, mine = decode_tables(mine, night.archive.read, {FUNDAMENTALS})
    judged = validate_rows(night_facts(found, day, mode), FACTS, facts_suite(min_rows=min(len(mine), 1)))
    lake.write(judged.clean, FACTS)
    lake.write(judged.entries, META_QUARANTINE, FUNDAMENTALS)
    lake.write(dated([judged.checks], day, mode), META_VALIDATIONS, FUNDAMENTALS)
    lake.write(payload_rows(mine, day, mode), META_PAYLOADS, FUNDAMENTALS)
    get_run_logger().info("%d facts", len(judged.clean))


@stage(reads=[*map(in_lake, (FACTS, CLOSES, DAILY_ACTIONS))], writes=[in_lake(DAILY_RATIOS)])
def ratios(night: Night) -> None:
    """Set the night's closes beside what had been filed before it."""
    lake = night.lake
    rows = night_ratios(lake.read(FACTS), lake.read(CLOSES), lake.read(DAILY_ACTIONS), night.universe, night.trade_date,
                        night.source_mode)  # fmt: skip
    lake.write(rows, DAILY_RATIOS)
    get_run_logger().info("ratios of %d companies", len(rows))
