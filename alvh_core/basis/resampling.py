"""Stationary block bootstrap: how often each session is drawn, so that means of many columns are one product.

References
----------
.. [1] Dimitris N. Politis, Joseph P. Romano, "The stationary bootstrap", Journal of the American Statistical
   Association 89, 1994.
"""

import zlib

import numpy as np
from numpy.typing import NDArray

RESAMPLES, MEAN_BLOCK = 500, 20.0  # blocks of a trading month on average


def drawn_counts(dates: NDArray[np.datetime64], mean_block: float = MEAN_BLOCK) -> NDArray[np.float64]:
    """Draw sessions in blocks of random length, round the end of the sample.

    Parameters
    ----------
    dates : ndarray of datetime64[D] of shape (n_sessions,)
        Seed of the draws too: the same sessions give the same draws, whatever columns stand beside them.
    mean_block : float
        Mean length of a block, 1 or more; at 1 sessions are drawn one by one. [sessions]

    Returns
    -------
    ndarray of shape (n_sessions, RESAMPLES)
        How often a session is drawn; columns sum to n_sessions.
    """
    size = len(dates)
    rng = np.random.default_rng(zlib.crc32(dates.astype("datetime64[D]").astype(np.int64).tobytes()))
    is_start = rng.random((RESAMPLES, size)) < 1.0 / mean_block
    is_start[:, 0] = True
    at = np.arange(size)
    block = np.maximum.accumulate(np.where(is_start, at, 0), axis=1)  # where the block of each draw began
    begins = rng.integers(0, size, (RESAMPLES, size))
    drawn = (np.take_along_axis(begins, block, axis=1) + at - block) % size
    flat = np.bincount((drawn + size * np.arange(RESAMPLES)[:, None]).ravel(), minlength=RESAMPLES * size)
    return np.ascontiguousarray(flat.reshape(RESAMPLES, size).T, dtype=np.float64)
