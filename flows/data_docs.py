"""Great Expectations' own Data Docs of a published night, on request: `alvh report --data-docs`.

Built from what the lake holds of the night. Nothing of it is needed by anything else; our own page is `tasks.report`.
"""

from datetime import date
from pathlib import Path

from alvh_core.forwards import expiry_forwards
from alvh_core.frames import concat, conform
from alvh_core.quality import with_quality
from alvh_core.schemas import DAILY_BARS, OPTION_QUOTES, OUT_TABLES, QUARANTINED_QUOTES, RATE_CURVE
from expectations import suites
from expectations.data_docs import build_data_docs
from expectations.packs import pack_bounds
from flows.wiring import read_universe, trading_calendar
from tasks.lake.tables import LakeTables
from tasks.settings import Settings


def data_docs(settings: Settings, trade_date: date, source_mode: str) -> Path:
    """Validate a night's quotes, bars, curve and answers once more and write Data Docs; return the page to open."""
    lake = LakeTables(settings.lake_root, source_mode, trade_date)
    curve, (_, universe) = lake.read(RATE_CURVE), read_universe(settings)
    quotes = concat([lake.read(OPTION_QUOTES), conform(lake.read(QUARANTINED_QUOTES), OPTION_QUOTES)], OPTION_QUOTES)
    facts = with_quality(quotes, expiry_forwards(quotes, curve), universe, trading_calendar(settings.calendar_file),
                         pack_bounds(universe))  # fmt: skip
    answers = [(lake.read(spec), suites.out_suite(spec)) for spec in OUT_TABLES]
    judged = [(facts, suites.option_quotes_suite()), (lake.read(DAILY_BARS), suites.daily_bars_suite()),
              (curve, suites.curve_suite()), *answers]  # fmt: skip
    folder = settings.home / "data-docs" / f"{trade_date}-{source_mode}"
    return build_data_docs(folder, judged, f"{trade_date}-{source_mode}")
