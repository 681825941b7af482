"""What of a contract's trading a ladder may count on: its average daily volume over the last twenty sessions.

The volume of one night is mostly that of a few orders, or none; an average tells whether anybody trades the contract.
"""

from collections.abc import Callable, Sequence

import numpy as np
import pandas as pd

SESSIONS, MIN_NIGHTS = 20, 5  # the ADV20 of liquidity limits; the minimum is a judgement
VOLUME_FRAC, OPEN_INTEREST_FRAC = 0.10, 0.01  # participation in it, and in the open interest
READ = ["osi_symbol", "volume_count"]

# Contracts in, their `READ` on the earlier nights of the window out: only who has chosen the contracts knows which.
VolumesOf = Callable[[Sequence[str]], pd.DataFrame]


def with_average_volume(legs: pd.DataFrame, volumes_of: VolumesOf) -> pd.DataFrame:
    """Add the average daily volume of each leg's contract.

    Parameters
    ----------
    legs : DataFrame
        ``osi_symbol``, null where there is no contract, and tonight's ``volume_count``, as far as the quotes' clock.
    volumes_of : callable
        Gives the contracts' volumes on the earlier nights of the last `SESSIONS` sessions.

    Returns
    -------
    DataFrame
        With ``adv20_count``, the mean over the nights on which the contract was quoted with a volume, tonight included,
        NaN with fewer than `MIN_NIGHTS`; and ``adv20_nights_count``, null where there is no contract. [contracts]
    """
    tonight = legs.loc[legs["osi_symbol"].notna(), READ].drop_duplicates("osi_symbol")
    known = pd.concat([tonight, volumes_of(tonight["osi_symbol"].tolist())]).dropna()
    volumes = known["volume_count"].astype("float64").groupby(known["osi_symbol"].astype("str"))
    found = volumes.agg(["mean", "count"]).reindex(legs["osi_symbol"])
    nights = found["count"].fillna(0.0).astype("Int64").array
    return legs.assign(
        adv20_count=found["mean"].where(found["count"] >= MIN_NIGHTS).to_numpy(dtype=np.float64),
        adv20_nights_count=pd.Series(nights, index=legs.index).where(legs["osi_symbol"].notna()),
    )
