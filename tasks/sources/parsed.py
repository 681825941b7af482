"""Parsed bodies, kept for a while: a payload is parsed to be accepted, and again minutes later to be used.

What is kept is bounded by the bytes it was parsed from, whatever the night. Whoever is given a parsed body does not
change it.
"""

import hashlib
from threading import RLock
from typing import Any

from cachetools import LRUCache

from tasks.sources.source import Source

KEPT_BYTES = 32_000_000  # of bodies; the small files of a night, not the facts of thirty companies
_CACHE: LRUCache[Any, tuple[Any, int]] = LRUCache(KEPT_BYTES, getsizeof=lambda kept: kept[1])
_LOCK = RLock()  # payloads land side by side


def parse(source: Source, body: bytes, symbol: str, url: str) -> Any:
    """Return what a source's parser makes of a body; a refusal is not kept.

    A source with a check of its own is parsed once anyway, and not kept.

    Raises
    ------
    RetriableError, SkippableError
        As the parser does.
    """
    if source.check is not None:
        return source.read(body, symbol, url)
    key = (source.read, symbol, url, hashlib.sha256(body).digest())
    with _LOCK:
        found = _CACHE.get(key)
    if found is None:
        found = (source.read(body, symbol, url), len(body))
        if len(body) <= KEPT_BYTES // 8:
            with _LOCK:
                _CACHE[key] = found
    return found[0]
