"""What an expiring option pays. VIX options settle to VRO, the special opening quotation: never to close or open.

When a contract settles is `alvh_core.quotes`; where official settlement values come from is a source's business.
"""

import numpy as np
from numpy.typing import ArrayLike, NDArray

VIX_MULTIPLIER = 100


def settlement_value(official_value: ArrayLike, strike: ArrayLike, *, is_call: bool = True,
                     multiplier: int = VIX_MULTIPLIER) -> NDArray[np.float64]:  # fmt: skip
    """Return what one contract pays at settlement.

    Parameters
    ----------
    official_value : array_like
        Official settlement value: VRO for VIX. [index points] The opening print differs from it by up to 1.16 points.
    strike : array_like
        [index points]
    is_call : bool
    multiplier : int
        [units of the underlying per contract]

    Returns
    -------
    ndarray
        ``max(V - K, 0)`` times the multiplier, ``max(K - V, 0)`` for a put. [USD per contract] An unknown value gives
        NaN: there is no fallback to the close.

    Examples
    --------
    >>> settlement_value([21.36, float("nan")], 20.0).round(2).tolist()
    [136.0, nan]
    """
    gain = np.asarray(official_value, dtype=np.float64) - np.asarray(strike, dtype=np.float64)
    return np.asarray(multiplier * np.maximum(gain if is_call else -gain, 0.0))
