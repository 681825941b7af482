"""Parsed bodies, kept for a while: a payload is parsed to be accepted, and again minutes later to be used.

What is kept is bounded by the bytes it was parsed from, whatever the night. Whoever is given a parsed body does not
change it.
"""

import hashlib
from threading import RLock
from typing import Any

from cachetools import LRUCache, cached

from tasks.sources.source import Source

KEPT_BYTES = 32_000_000  # of bodies; the small files of a night, not the facts of thirty companies
_CACHE: LRUCache[Any, tuple[Any, int]] = LRUCache(KEPT_BYTES, getsizeof=lambda kept: kept[1])


def parse(source: Source, body: bytes, symbol: str, url: str) -> Any:
    """Return what a source's parser makes of a body; a refusal is not kept.

    A source with a check of its own is parsed once anyway, and not kept.

    Raises
    ------
    RetriableError, SkippableError
        As the parser does.
    """
    if source.check is not None or len(body) > KEPT_BYTES // 8:
        return source.read(body, symbol, url)
    return _kept(source, body, symbol, url)[0]


@cached(_CACHE, lock=RLock(),  # payloads land side by side
        key=lambda source, body, *of: (source.read, hashlib.sha256(body).digest(), *of))  # fmt: skip
def _kept(source: Source, body: bytes, symbol: str, url: str) -> tuple[Any, int]:
    return source.read(body, symbol, url), len(body)
