"""Stage cross-check: the spreads of a few chains in the night's own feed and in a second one.

It reads both from the archive and needs nothing that other stages make, so it stands beside them and stops nothing.
"""

from collections.abc import Sequence

import pandas as pd
from prefect import get_run_logger

from alvh_core.crosscheck import Feed, compare, cross_check_rows
from alvh_core.errors import AlvhError
from alvh_core.landing import Landing
from alvh_core.quotes import snapshot_row
from alvh_core.schemas import CROSS_CHECK
from expectations.gate import validate_rows
from expectations.suites import cross_check_suite
from tasks.assets import RAW, in_lake, stage
from tasks.bookkeeping import books, keep_books
from tasks.night import Night
from tasks.sources.catalogue import read_chain
from tasks.sources.source import CHAIN
from tasks.sources.source import CROSS_CHECK as SAMPLED

SAMPLE = "sample"  # bookkeeping, before `tasks.gather` joins it with the symbols'


@stage(reads=[RAW], writes=[in_lake(CROSS_CHECK), *books(SAMPLE)])
def cross_check(night: Night, landings: Sequence[Landing]) -> None:
    """Compare what the second feed sent tonight with the chains of the night."""
    chains = {landing.symbol: landing for landing in landings if landing.dataset == CHAIN}
    rows, mine = [], []
    for landing in (x for x in landings if x.dataset == SAMPLED):
        second, kept = _feed(night, landing)
        mine.append(kept)
        if second is not None:
            default, _ = _feed(night, chains[landing.symbol])
            rows.append(compare(night.universe[landing.symbol], default, second))
    compared = cross_check_rows(rows, night.trade_date, night.source_mode)
    checked = validate_rows(compared, CROSS_CHECK, cross_check_suite())
    night.lake.write(checked.clean, CROSS_CHECK)
    keep_books(night, SAMPLE, mine, checked)
    for row in checked.clean.itertuples(index=False):
        get_run_logger().info("%s: %s, %s", row.symbol, row.cross_check, row.check_note)


def _feed(night: Night, landing: Landing) -> tuple[Feed | None, Landing]:
    """Read one chain and its clock; one that did not arrive or cannot be used is lost with its reason."""
    if not landing.is_landed:
        return None, landing
    asset = night.universe[landing.symbol]
    try:
        chain = read_chain(night.archive.read(landing.url), asset, landing.url, night.calendar)
        row = snapshot_row(chain.header, asset, night.session, calendar=night.calendar, source_mode=night.source_mode,
                           venue_scope=chain.venue_scope)  # fmt: skip
    except AlvhError as error:
        return None, landing.lost(str(error))
    quotes = chain.table.select(["option", "bid", "ask"]).to_pandas()
    return Feed(quotes=quotes, scope=chain.venue_scope, quote_at_utc=pd.Timestamp(str(row["quote_at_utc"])),
                payload_sha256=str(landing.payload_sha256)), landing  # fmt: skip
