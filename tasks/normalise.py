"""Stage normalise: archived bodies to canonical quotes and bars in the lake; nothing later gets in."""

from collections.abc import Sequence

from prefect import get_run_logger

from alvh_core.bars import bars_as_of
from alvh_core.landing import Landing, payload_rows
from alvh_core.quarantine import unkeyed_entries
from alvh_core.quotes import normalise_quotes
from alvh_core.schemas import DAILY_BARS, META_PAYLOADS, META_QUARANTINE, OPTION_QUOTES, SNAPSHOTS
from tasks.assets import RAW, in_lake, stage
from tasks.night import Night
from tasks.sources.catalogue import NIGHT_DATASETS
from tasks.sources.decode import decode_chains, decode_tables
from tasks.sources.source import BARS, INDEX

LANDED = "landed"
SYMBOLS = "symbols"  # bookkeeping of the symbols, before `tasks.gather` joins it with the curve's


@stage(reads=[RAW], writes=[in_lake(SNAPSHOTS), in_lake(META_PAYLOADS, SYMBOLS),
       *(in_lake(table, LANDED) for table in (OPTION_QUOTES, META_QUARANTINE, DAILY_BARS))])  # fmt: skip
def normalise(night: Night, landings: Sequence[Landing]) -> None:
    """Decode the symbols' payloads, in the order of the symbols, and write what they say, before any judgement."""
    lake, day, mode = night.lake, night.trade_date, night.source_mode
    mine = sorted((x for x in landings if x.dataset not in NIGHT_DATASETS), key=lambda landing: landing.symbol)
    chains = decode_chains(mine, night.archive.read, night.universe, night.session, calendar=night.calendar,
                           source_mode=mode)  # fmt: skip
    bars, mine = decode_tables(chains.landings, night.archive.read, {BARS, INDEX})
    quotes, unkeyed = normalise_quotes(chains.raw, chains.snapshots, night.universe, night.calendar)
    lake.write(quotes, OPTION_QUOTES, LANDED)
    lake.write(unkeyed_entries(unkeyed, OPTION_QUOTES.name, day, mode), META_QUARANTINE, LANDED)
    lake.write(chains.snapshots, SNAPSHOTS)
    lake.write(bars_as_of(bars, day, mode, night.calendar), DAILY_BARS, LANDED)
    lake.write(payload_rows(mine, day, mode), META_PAYLOADS, SYMBOLS)
    get_run_logger().info("%d contracts of %d chains, %d bars", len(chains.raw), len(chains.snapshots), len(bars))
