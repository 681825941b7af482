"""Cutting a night into shards, and stage gather: making one night of its parts.

A shard is a run of neighbouring symbols, so that the rows of all shards one after another are the rows of the night.
"""

from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from itertools import accumulate, chain

import pandas as pd
from prefect import get_run_logger

from alvh_core.columns import LEVELS
from alvh_core.frames import concat
from alvh_core.landing import Landing
from alvh_core.liquidity import score_classes
from alvh_core.registry.spec import TableSpec
from alvh_core.schemas import (
    CLOSES,
    CONTRACT_SCORES,
    DAILY_BARS,
    FORWARDS,
    META_PAYLOADS,
    META_QUARANTINE,
    META_VALIDATIONS,
    MODEL_FREE,
    OPTION_QUOTES,
    PRICED_QUOTES,
    QUARANTINED_QUOTES,
    SNAPSHOTS,
    SPREAD_SCORES,
)
from expectations.gate import together
from tasks.assets import in_lake, stage
from tasks.bookkeeping import BOOKS
from tasks.cross_check import SAMPLE
from tasks.macro import MACRO
from tasks.markets import MARKETS
from tasks.night import Night
from tasks.normalise import SYMBOLS
from tasks.sources.catalogue import NIGHT_DATASETS
from tasks.sources.source import CURVE, FUNDAMENTALS

SYMBOL_TABLES = (OPTION_QUOTES, QUARANTINED_QUOTES, PRICED_QUOTES, CONTRACT_SCORES, DAILY_BARS, SNAPSHOTS, FORWARDS,
                 CLOSES, MODEL_FREE)  # fmt: skip
OF_NIGHT = (CURVE, MACRO, MARKETS, FUNDAMENTALS, SAMPLE)  # parts of them that belong to no shard
JOIN_THREADS = 2


def cut(landings: Sequence[Landing], count: int) -> list[list[Landing]]:
    """Cut the symbols of a night into runs of about the same number of bytes.

    Parameters
    ----------
    landings : sequence of Landing
        Those of the night, such as the curve's, are left out: no symbol has them.
    count : int
        At most so many parts; fewer where a symbol is larger than a part.

    Returns
    -------
    list of list of Landing
        None empty; all payloads of a symbol in one part, symbols in order.
    """
    mine = sorted((x for x in landings if x.dataset not in NIGHT_DATASETS), key=lambda landing: landing.symbol)
    sizes: dict[str, int] = {}
    for landing in mine:
        sizes[landing.symbol] = sizes.get(landing.symbol, 0) + (landing.bytes_count or 0)
    ends = accumulate(sizes.values())
    middles = {symbol: end - size / 2.0 for (symbol, size), end in zip(sizes.items(), ends, strict=True)}
    total = max(sum(sizes.values()), 1)
    parts: dict[int, list[Landing]] = {}
    for landing in mine:
        at = min(int(middles[landing.symbol] * count / total), count - 1)
        parts.setdefault(at, []).append(landing)
    return list(parts.values())


@stage(reads=[in_lake(SNAPSHOTS), in_lake(SPREAD_SCORES, SYMBOLS),
              *(in_lake(table, part) for table in BOOKS for part in (SYMBOLS, *OF_NIGHT))],
       writes=[*map(in_lake, (*BOOKS, SPREAD_SCORES))])  # fmt: skip
def gather(night: Night, counts: Sequence[Mapping[str, int]]) -> dict[str, int]:
    """Join the tables of the shards, if there are any, and what symbols decide together; return the sum of counts."""
    lake, number = night.lake, len(counts)
    shards = [night.as_shard(at, number) for at in range(number)] if number > 1 else [night]
    if number > 1:
        with ThreadPoolExecutor(JOIN_THREADS) as pool:
            list(pool.map(lambda table: lake.join(table, [shard.shard for shard in shards]), SYMBOL_TABLES))
    for table in (META_QUARANTINE, META_PAYLOADS):
        rows = concat(chain(*_parts(night, shards, table)), table)
        lake.write(rows.sort_values(list(table.key), ignore_index=True), table)  # however many parts there were
    lake.write(night_checks(night, shards), META_VALIDATIONS)
    _gather_scores(night, shards)
    lake.sweep()
    night.archive.sweep()  # also after a worker that was killed while it landed: no one opens the night again
    get_run_logger().info("%d parts", number)
    return {name: sum(part[name] for part in counts) for name in counts[0]}


def night_checks(night: Night, shards: Sequence[Night]) -> pd.DataFrame:
    """Return `META_VALIDATIONS`: the symbols' checks added up, and those of the night, each of one part."""
    of_symbols, of_night = _parts(night, shards, META_VALIDATIONS)
    return concat([together(of_symbols), *of_night], META_VALIDATIONS)


def _parts(night: Night, shards: Sequence[Night], table: TableSpec) -> tuple[list[pd.DataFrame], list[pd.DataFrame]]:
    """Read the bookkeeping of the symbols, shard by shard, and apart from it what belongs to the night."""
    of_night = [night.lake.read(table, part) for part in OF_NIGHT]
    return [shard.lake.read(table, SYMBOLS) for shard in shards], of_night


def _gather_scores(night: Night, shards: Sequence[Night]) -> None:
    """Stack the symbols' scores level by level and add those of the asset classes."""
    symbols = concat([shard.lake.read(SPREAD_SCORES, SYMBOLS) for shard in shards], SPREAD_SCORES)
    levels = [symbols[symbols["level"] == level] for level in LEVELS]
    classes = score_classes(symbols, night.lake.read(SNAPSHOTS))
    night.lake.write(concat([*levels, classes], SPREAD_SCORES), SPREAD_SCORES)
