"""Stages macro and remember: what tonight's calendars and series say, then what is known with what was known before.

The first needs no other night. The second starts from the night before, so it belongs to what is concluded in order.
"""

from collections.abc import Sequence

from prefect import get_run_logger

from alvh_core.landing import Landing
from alvh_core.macro.events import night_events, night_listed
from alvh_core.macro.series import night_series, night_values
from alvh_core.schemas import MACRO_EVENTS, MACRO_LISTED, MACRO_SERIES, MACRO_VALUES
from expectations.gate import validate_rows
from expectations.suites import macro_listed_suite, macro_values_suite
from tasks.assets import RAW, in_lake, in_warehouse, stage
from tasks.bookkeeping import books, keep_books
from tasks.night import Night
from tasks.sources import source
from tasks.sources.decode import decode_tables
from tasks.sources.schedule import packaged_schedule

MACRO = "macro"  # bookkeeping, before `tasks.gather` joins it with the symbols'
DATASETS = {source.MACRO_CALENDAR, source.MACRO_SERIES}


@stage(reads=[RAW], writes=[*map(in_lake, (MACRO_LISTED, MACRO_VALUES)), *books(MACRO)])
def macro(night: Night, landings: Sequence[Landing]) -> None:
    """Decode and validate the calendars and series of the night."""
    lake, day, mode, read = night.lake, night.trade_date, night.source_mode, night.archive.read
    mine = [landing for landing in landings if landing.dataset in DATASETS]
    lines, mine = decode_tables(mine, read, {source.MACRO_CALENDAR})
    values, mine = decode_tables(mine, read, {source.MACRO_SERIES})
    events = validate_rows(night_listed(lines, day, mode), MACRO_LISTED, macro_listed_suite())
    series = validate_rows(night_values(values, day, mode), MACRO_VALUES, macro_values_suite())
    lake.write(events.clean, MACRO_LISTED)
    lake.write(series.clean, MACRO_VALUES)
    keep_books(night, MACRO, mine, events, series)
    get_run_logger().info("%d dates, %d values", len(events.clean), len(series.clean))


@stage(reads=[*map(in_lake, (MACRO_LISTED, MACRO_VALUES)), *map(in_warehouse, (MACRO_EVENTS, MACRO_SERIES))],
       writes=[*map(in_lake, (MACRO_EVENTS, MACRO_SERIES))])  # fmt: skip
def remember(night: Night) -> None:
    """Join what tonight's files say with what earlier nights knew."""
    lake, day, mode, before = night.lake, night.trade_date, night.source_mode, night.warehouse.rows_before
    events = night_events(lake.read(MACRO_LISTED), before(MACRO_EVENTS, mode, day), packaged_schedule(), day, mode)
    series = night_series(lake.read(MACRO_VALUES), before(MACRO_SERIES, mode, day), day, mode)
    lake.write(events, MACRO_EVENTS)
    lake.write(series, MACRO_SERIES)
    get_run_logger().info("%d events, %d values known", len(events), len(series))
