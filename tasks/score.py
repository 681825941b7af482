"""Stage score: spread-liquidity of contracts, expiries and underlyings; asset classes wait for all of them."""

from prefect import get_run_logger

from alvh_core.liquidity import score_contracts, score_symbols
from alvh_core.schemas import CONTRACT_SCORES, PRICED_QUOTES, SNAPSHOTS, SPREAD_SCORES
from tasks.assets import in_lake, stage
from tasks.night import Night
from tasks.normalise import SYMBOLS


@stage(reads=[in_lake(PRICED_QUOTES), in_lake(SNAPSHOTS)],
       writes=[in_lake(CONTRACT_SCORES), in_lake(SPREAD_SCORES, SYMBOLS)])  # fmt: skip
def score(night: Night) -> None:
    """Score the night's priced quotes."""
    lake = night.lake
    priced = lake.read(PRICED_QUOTES)
    contracts = score_contracts(priced)
    scores = score_symbols(priced, contracts, lake.read(SNAPSHOTS), night.profile)
    lake.write(contracts, CONTRACT_SCORES)
    lake.write(scores, SPREAD_SCORES, SYMBOLS)
    get_run_logger().info("%d scores", len(scores))
