"""Stage curve: what belongs to the night and to no symbol of it: the discount curve, and which payloads it missed.

Everything after it can be computed symbol by symbol, so in shards.
"""

from collections.abc import Sequence

from prefect import get_run_logger

from alvh_core.curve import night_curve, night_yields
from alvh_core.landing import Landing
from alvh_core.schemas import LISTED_YIELDS, RATE_CURVE
from expectations.gate import validate_rows
from expectations.suites import curve_suite, listed_yields_suite
from tasks.assets import RAW, in_lake, stage
from tasks.bookkeeping import books, keep_books
from tasks.night import Night
from tasks.sources.decode import decode_tables
from tasks.sources.source import CURVE


@stage(reads=[RAW], writes=[*map(in_lake, (RATE_CURVE, LISTED_YIELDS)), *books(CURVE)])
def curve(night: Night, landings: Sequence[Landing]) -> None:
    """Decode and validate the curve that discounts every expiry, and the yields that rates have had."""
    day, mode = night.trade_date, night.source_mode
    night.archive.note_misses(landings)
    mine = [landing for landing in landings if landing.dataset == CURVE]
    found, mine = decode_tables(mine, night.archive.read, {CURVE})
    judged = validate_rows(night_curve(found, day, mode), RATE_CURVE, curve_suite())
    earlier = validate_rows(night_yields(found, day, mode), LISTED_YIELDS, listed_yields_suite())
    night.lake.write(judged.clean, RATE_CURVE)
    night.lake.write(earlier.clean, LISTED_YIELDS)
    keep_books(night, CURVE, mine, judged, earlier)
    get_run_logger().info("%d rates", len(judged.clean))
