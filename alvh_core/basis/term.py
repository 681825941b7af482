"""How far a VIX future of some tenor moves when spot VIX moves by one point.

Measured slopes belong here, and how they go between tenors. What a ladder is worth after a shock is
`alvh_core.costs.scenario`.
"""

from collections.abc import Mapping
from types import MappingProxyType

import numpy as np
from numpy.typing import ArrayLike, NDArray

# Domain paper 10.4, VIX futures 2022-2026: means of UX1 and UX2, UX4, and UX7 and UX8.
DECLARED_BETAS: Mapping[int, float] = MappingProxyType({30: 0.53, 110: 0.27, 220: 0.17})


def tenor_beta(days: ArrayLike, betas: Mapping[int, float] = DECLARED_BETAS) -> NDArray[np.float64]:
    """Return the move of a VIX forward for one point of spot VIX.

    Parameters
    ----------
    days : array_like
        Time to settlement. [calendar days]
    betas : mapping of int to float
        Beta by tenor.

    Returns
    -------
    ndarray
        Linear between the tenors, flat beyond them; never rising with tenor. NaN days give NaN.

    Examples
    --------
    >>> tenor_beta([10, 30, 70, 220, 400]).tolist()
    [0.53, 0.53, 0.4, 0.17, 0.17]
    """
    tenors = np.array(sorted(betas), dtype=np.float64)
    values = np.minimum.accumulate([betas[int(tenor)] for tenor in tenors])
    asked = np.asarray(days, dtype=np.float64)
    return np.asarray(np.where(np.isnan(asked), np.nan, np.interp(asked, tenors, values)))
