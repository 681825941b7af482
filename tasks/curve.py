"""Stage 2, curve: what belongs to the night and to no symbol of it: the discount curve, and which payloads it missed.

Everything after it can be computed symbol by symbol, so in shards.
"""

from collections.abc import Sequence

from prefect import get_run_logger

from alvh_core.curve import night_curve, night_yields
from alvh_core.frames import concat
from alvh_core.landing import Landing, payload_rows
from alvh_core.schemas import LISTED_YIELDS, META_PAYLOADS, META_QUARANTINE, META_VALIDATIONS, RATE_CURVE
from expectations.gate import dated, validate_rows
from expectations.suites import curve_suite, listed_yields_suite
from tasks.assets import RAW, in_lake, stage
from tasks.night import Night
from tasks.sources.decode import decode_tables
from tasks.sources.source import CURVE


@stage(reads=[RAW], writes=[*map(in_lake, (RATE_CURVE, LISTED_YIELDS)), *(in_lake(t, CURVE) for t in
       (META_QUARANTINE, META_VALIDATIONS, META_PAYLOADS))])  # fmt: skip
def curve(night: Night, landings: Sequence[Landing]) -> None:
    """Decode and validate the curve that discounts every expiry, and the yields that rates have had."""
    lake, day, mode = night.lake, night.trade_date, night.source_mode
    night.archive.note_misses(landings)
    mine = [landing for landing in landings if landing.dataset == CURVE]
    found, mine = decode_tables(mine, night.archive.read, {CURVE})
    judged = validate_rows(night_curve(found, day, mode), RATE_CURVE, curve_suite())
    earlier = validate_rows(night_yields(found, day, mode), LISTED_YIELDS, listed_yields_suite())
    lake.write(judged.clean, RATE_CURVE)
    lake.write(earlier.clean, LISTED_YIELDS)
    lake.write(concat([judged.entries, earlier.entries], META_QUARANTINE), META_QUARANTINE, CURVE)
    lake.write(dated([judged.checks, earlier.checks], day, mode), META_VALIDATIONS, CURVE)
    lake.write(payload_rows(mine, day, mode), META_PAYLOADS, CURVE)
    get_run_logger().info("%d rates", len(judged.clean))
