"""Stage validate: every dataset against its suite; rejected rows to quarantine, the rest is the night."""

from prefect import get_run_logger

from alvh_core.forwards import expiry_forwards
from alvh_core.frames import concat
from alvh_core.schemas import (
    DAILY_BARS,
    META_QUARANTINE,
    META_VALIDATIONS,
    OPTION_QUOTES,
    QUARANTINED_QUOTES,
    RATE_CURVE,
    SNAPSHOTS,
)
from expectations.gate import dated, validate_option_quotes, validate_rows
from expectations.suites import daily_bars_suite
from tasks.assets import in_lake, stage
from tasks.night import Night
from tasks.normalise import LANDED, SYMBOLS


@stage(reads=[*map(in_lake, (RATE_CURVE, SNAPSHOTS)),
              *(in_lake(t, LANDED) for t in (OPTION_QUOTES, META_QUARANTINE, DAILY_BARS))],
       writes=[*map(in_lake, (OPTION_QUOTES, QUARANTINED_QUOTES, DAILY_BARS)),
               in_lake(META_QUARANTINE, SYMBOLS), in_lake(META_VALIDATIONS, SYMBOLS)])  # fmt: skip
def validate(night: Night) -> dict[str, int]:
    """Judge quotes and bars; raise if the night cannot go on."""
    lake, min_rows = night.lake, 0 if night.shard else 1  # whether the night has rows is seen when it is whole
    bars = validate_rows(lake.read(DAILY_BARS, LANDED), DAILY_BARS, daily_bars_suite(min_rows=min_rows))
    landed = lake.read(OPTION_QUOTES, LANDED)
    forwards = expiry_forwards(landed, night.common.read(RATE_CURVE))
    quotes = validate_option_quotes(landed, forwards, night.universe, night.calendar, min_rows=min_rows,
                                    snapshots=lake.read(SNAPSHOTS), bars=bars.clean)  # fmt: skip
    unkeyed = lake.read(META_QUARANTINE, LANDED)
    lake.write(quotes.clean, OPTION_QUOTES)
    lake.write(quotes.rejected, QUARANTINED_QUOTES)
    lake.write(bars.clean, DAILY_BARS)
    lake.write(concat([unkeyed, quotes.entries, bars.entries], META_QUARANTINE), META_QUARANTINE, SYMBOLS)
    lake.write(dated([quotes.checks, bars.checks], night.trade_date, night.source_mode), META_VALIDATIONS, SYMBOLS)
    counts = {"rows_in_count": len(landed) + len(unkeyed), "rows_published_count": len(quotes.clean),
              "rows_quarantined_count": len(quotes.rejected) + len(unkeyed)}  # fmt: skip
    get_run_logger().info("contracts: %(rows_in_count)d in, %(rows_published_count)d published, "
                          "%(rows_quarantined_count)d quarantined", counts)  # fmt: skip
    return counts
