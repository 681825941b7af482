"""Stage 2, normalise: archived bodies to canonical quotes, bars and curve in the lake; nothing later gets in."""

from collections.abc import Sequence

from prefect import get_run_logger, task
from prefect.cache_policies import NO_CACHE

from alvh_core.bars import bars_as_of
from alvh_core.curve import night_curve
from alvh_core.landing import Landing, payload_rows
from alvh_core.quarantine import unkeyed_entries
from alvh_core.quotes import normalise_quotes
from alvh_core.schemas import DAILY_BARS, META_PAYLOADS, META_QUARANTINE, OPTION_QUOTES, RATE_CURVE, SNAPSHOTS
from tasks.night import Night
from tasks.sources.catalogue import BARS, CURVE, INDEX
from tasks.sources.decode import decode_chains, decode_tables

LANDED = "landed"


@task(cache_policy=NO_CACHE)
def normalise(night: Night, landings: Sequence[Landing]) -> None:
    """Decode the night's payloads and write what they say, before any judgement."""
    lake, day, mode = night.lake, night.trade_date, night.source_mode
    night.archive.note_misses(landings)
    chains = decode_chains(landings, night.archive.read, night.universe, night.session, calendar=night.calendar,
                           source_mode=mode)  # fmt: skip
    bars, landings = decode_tables(chains.landings, night.archive.read, {BARS, INDEX})
    curve, landings = decode_tables(landings, night.archive.read, {CURVE})
    quotes, unkeyed = normalise_quotes(chains.raw, chains.snapshots, night.universe, night.calendar)
    lake.write(quotes, OPTION_QUOTES, LANDED)
    lake.write(unkeyed_entries(unkeyed, OPTION_QUOTES.name, day, mode), META_QUARANTINE, LANDED)
    lake.write(chains.snapshots, SNAPSHOTS)
    lake.write(bars_as_of(bars, day, mode), DAILY_BARS, LANDED)
    lake.write(night_curve(curve, day, mode), RATE_CURVE, LANDED)
    lake.write(payload_rows(landings, day, mode), META_PAYLOADS)
    get_run_logger().info("%d contracts of %d chains, %d bars", len(chains.raw), len(chains.snapshots), len(bars))
