"""Stage 2, curve: what belongs to the night and to no symbol of it: the discount curve, and which payloads it missed.

Everything after it can be computed symbol by symbol, so in shards.
"""

from collections.abc import Sequence

from prefect import get_run_logger

from alvh_core.curve import night_curve
from alvh_core.landing import Landing
from alvh_core.schemas import RATE_CURVE
from expectations.gate import validate_rows
from expectations.suites import curve_suite
from tasks.assets import RAW, in_lake, stage
from tasks.bookkeeping import books, keep_books
from tasks.night import Night
from tasks.sources.decode import decode_tables
from tasks.sources.source import CURVE


@stage(reads=[RAW], writes=[in_lake(RATE_CURVE), *books(CURVE)])
def curve(night: Night, landings: Sequence[Landing]) -> None:
    """Decode and validate the curve that discounts every expiry."""
    night.archive.note_misses(landings)
    mine = [landing for landing in landings if landing.dataset == CURVE]
    found, mine = decode_tables(mine, night.archive.read, {CURVE})
    judged = validate_rows(night_curve(found, night.trade_date, night.source_mode), RATE_CURVE, curve_suite())
    night.lake.write(judged.clean, RATE_CURVE)
    keep_books(night, CURVE, mine, judged)
    get_run_logger().info("%d rates", len(judged.clean))
