"""Archived bodies to frames: all chains of a night side by side, then every other table.

A body that cannot be decoded is lost with its reason and takes nothing else with it. Decoding releases the interpreter,
so two threads use two cores.
"""

from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import Any

import pandas as pd
import pyarrow as pa

from alvh_core import frames
from alvh_core.errors import AlvhError
from alvh_core.landing import Landing
from alvh_core.quotes import snapshot_row
from alvh_core.schemas import SNAPSHOTS
from alvh_core.sessions import Session, TradingCalendar
from alvh_core.universe import Asset
from tasks.sources import cboe
from tasks.sources.catalogue import read_chain, read_table
from tasks.sources.source import CHAIN

DECODE_THREADS = 2
Reader = Callable[[str], bytes]


@dataclass(frozen=True, kw_only=True)
class Decoded:
    """What came of decoding: the frames, and the landings with those that failed marked lost."""

    raw: pd.DataFrame
    snapshots: pd.DataFrame
    landings: list[Landing]


def decode_chains(landings: Sequence[Landing], read: Reader, universe: Mapping[str, Asset], session: Session, *,
                  calendar: TradingCalendar, source_mode: str) -> Decoded:  # fmt: skip
    """Decode every option chain of the night.

    Parameters
    ----------
    landings : sequence of Landing
        Of any dataset; others pass through.
    read : callable
        Address to body.
    universe : mapping of str to Asset
    session : Session
    calendar : TradingCalendar
    source_mode : str

    Returns
    -------
    Decoded
        ``raw`` holds wire columns for `alvh_core.quotes.normalise_quotes`; ``snapshots`` is `SNAPSHOTS`.
    """

    def one(landing: Landing) -> tuple[pa.Table, dict[str, Any]]:
        asset = universe[landing.symbol]
        chain = read_chain(read(landing.url), asset, landing.url, calendar)
        row = snapshot_row(chain.header, asset, session, calendar=calendar, source_mode=source_mode,
                           venue_scope=chain.venue_scope)  # fmt: skip
        return chain.table, row | {"payload_sha256": landing.payload_sha256}

    kept, parts = _each(landings, {CHAIN}, one)
    raw = cboe.stack_chains(table for table, _ in parts)
    rows = [row for _, row in parts]
    snapshots = frames.conform(pd.DataFrame(rows), SNAPSHOTS) if rows else frames.empty(SNAPSHOTS)
    return Decoded(raw=raw, snapshots=snapshots, landings=kept)


def decode_tables(landings: Sequence[Landing], read: Reader, datasets: set[str]) -> tuple[pd.DataFrame, list[Landing]]:
    """Decode small tables of the night: bars and index histories, or the curve.

    Parameters
    ----------
    landings : sequence of Landing
    read : callable
        Address to body.
    datasets : set of str
        Which to decode; others pass through.

    Returns
    -------
    frame : DataFrame
        Stacked, with ``payload_sha256``; without columns where nothing could be decoded.
    landings : list of Landing
        With those that failed marked lost.
    """

    def one(landing: Landing) -> pd.DataFrame:
        frame: pd.DataFrame = read_table(landing.dataset, read(landing.url), landing.symbol, landing.url)
        return frame.assign(payload_sha256=landing.payload_sha256)

    kept, parts = _each(landings, datasets, one)
    return pd.concat(parts, ignore_index=True) if parts else pd.DataFrame(), kept


def _each(
    landings: Sequence[Landing], datasets: set[str], one: Callable[[Landing], Any]
) -> tuple[list[Landing], list[Any]]:
    """Apply a decoder to the landed bodies of some datasets; a failure marks its landing lost."""
    results: dict[int, Any] = {}
    kept = list(landings)
    mine = [i for i, landing in enumerate(landings) if landing.dataset in datasets and landing.is_landed]
    with ThreadPoolExecutor(DECODE_THREADS) as pool:
        futures = {i: pool.submit(one, landings[i]) for i in mine}
    for i, future in futures.items():
        error = future.exception()
        if error is None:
            results[i] = future.result()
        elif isinstance(error, AlvhError):
            kept[i] = landings[i].lost(str(error))
        else:
            raise error
    return kept, list(results.values())
