"""Stable randomness: seeds from names, and hashes that give every contract its own draws in any order.

Nothing here touches global state or Python's own ``hash`` (which changes with PYTHONHASHSEED).
"""

from zlib import crc32

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy.special import ndtri

FloatArray = NDArray[np.float64]

_MASK = (1 << 64) - 1
_GOLDEN = np.uint64(0x9E3779B97F4A7C15)
_MIX_A = np.uint64(0xBF58476D1CE4E5B9)
_MIX_B = np.uint64(0x94D049BB133111EB)


def name_code(name: str) -> int:
    """Return a 32-bit number that depends on the name only."""
    return crc32(name.encode())


def generator(seed: int, *labels: str | int) -> np.random.Generator:
    """Return a generator whose stream depends on the seed and the labels only."""
    words = [name_code(label) if isinstance(label, str) else label for label in labels]
    return np.random.Generator(np.random.PCG64(np.random.SeedSequence([seed & _MASK, *words])))


def mix(value: ArrayLike) -> NDArray[np.uint64]:
    """Return SplitMix64 of unsigned 64-bit numbers (Steele, Lea, Flood, 2014)."""
    z = np.atleast_1d(np.asarray(value, dtype=np.uint64)) + _GOLDEN
    z = (z ^ (z >> np.uint64(30))) * _MIX_A
    z = (z ^ (z >> np.uint64(27))) * _MIX_B
    return np.asarray(z ^ (z >> np.uint64(31)), dtype=np.uint64)


def hashed_uniform(keys: NDArray[np.uint64], salt: int) -> FloatArray:
    """Return one uniform draw per key, strictly inside (0, 1)."""
    bits = mix(keys ^ mix(np.uint64(salt & _MASK))) >> np.uint64(11)
    return (bits.astype(np.float64) + 0.5) * 2.0**-53


def hashed_normal(keys: NDArray[np.uint64], salt: int) -> FloatArray:
    """Return one standard normal draw per key."""
    return np.asarray(ndtri(hashed_uniform(keys, salt)), dtype=np.float64)
