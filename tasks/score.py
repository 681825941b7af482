"""Stage 6, score: spread-liquidity of contracts, expiries and underlyings; asset classes wait for all of them."""

from prefect import get_run_logger, task
from prefect.cache_policies import NO_CACHE

from alvh_core.liquidity import score_contracts, score_symbols
from alvh_core.schemas import CONTRACT_SCORES, PRICED_QUOTES, SNAPSHOTS, SPREAD_SCORES
from tasks.night import Night
from tasks.normalise import SYMBOLS


@task(cache_policy=NO_CACHE)
def score(night: Night) -> None:
    """Score the night's priced quotes."""
    lake = night.lake
    priced = lake.read(PRICED_QUOTES)
    contracts = score_contracts(priced)
    scores = score_symbols(priced, contracts, lake.read(SNAPSHOTS), night.profile)
    lake.write(contracts, CONTRACT_SCORES)
    lake.write(scores, SPREAD_SCORES, SYMBOLS)
    get_run_logger().info("%d scores", len(scores))
