"""Stage 3, validate: every dataset against its suite; rejected rows to quarantine, the rest is the night."""

from prefect import get_run_logger, task
from prefect.cache_policies import NO_CACHE

from alvh_core.forwards import expiry_forwards
from alvh_core.frames import concat
from alvh_core.schemas import (
    DAILY_BARS,
    META_QUARANTINE,
    META_VALIDATIONS,
    OPTION_QUOTES,
    QUARANTINED_QUOTES,
    RATE_CURVE,
)
from expectations.gate import dated, validate_option_quotes, validate_rows
from expectations.suites import curve_suite, daily_bars_suite
from tasks.night import Night
from tasks.normalise import LANDED


@task(cache_policy=NO_CACHE)
def validate(night: Night) -> dict[str, int]:
    """Judge quotes, bars and curve; raise if the night cannot go on."""
    lake = night.lake
    bars = validate_rows(lake.read(DAILY_BARS, LANDED), DAILY_BARS, daily_bars_suite())
    curve = validate_rows(lake.read(RATE_CURVE, LANDED), RATE_CURVE, curve_suite())
    landed = lake.read(OPTION_QUOTES, LANDED)
    quotes = validate_option_quotes(landed, expiry_forwards(landed, curve.clean), night.universe, night.calendar)
    unkeyed = lake.read(META_QUARANTINE, LANDED)
    lake.write(quotes.clean, OPTION_QUOTES)
    lake.write(quotes.rejected, QUARANTINED_QUOTES)
    lake.write(bars.clean, DAILY_BARS)
    lake.write(curve.clean, RATE_CURVE)
    lake.write(concat([unkeyed, quotes.entries, bars.entries, curve.entries], META_QUARANTINE), META_QUARANTINE)
    checks = dated([quotes.checks, bars.checks, curve.checks], night.trade_date, night.source_mode)
    lake.write(checks, META_VALIDATIONS)
    counts = {"rows_in_count": len(landed) + len(unkeyed), "rows_published_count": len(quotes.clean),
              "rows_quarantined_count": len(quotes.rejected) + len(unkeyed)}  # fmt: skip
    get_run_logger().info("contracts: %(rows_in_count)d in, %(rows_published_count)d published, "
                          "%(rows_quarantined_count)d quarantined", counts)  # fmt: skip
    return counts
