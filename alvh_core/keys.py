"""Rows of two tables that belong together, found by some columns as one key.

For tables of some thousand rows: pandas would make numbers of every text of both tables, at each merge anew.
"""

from collections import Counter
from collections.abc import Iterable
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

Keys = list[tuple[Any, ...]]


def keys_of(frame: pd.DataFrame, names: Iterable[str]) -> Keys:
    """Return some columns of every row as tuples: keys alike, whatever the columns' types."""
    return list(zip(*(frame[name].to_numpy(dtype="object") for name in names), strict=True))


def repeated(keys: Iterable[tuple[Any, ...]]) -> Keys:
    """Return the keys that stand there more than once, in their order.

    Examples
    --------
    >>> repeated([("a", 1), ("b", 1), ("a", 1)])
    [('a', 1)]
    """
    return [key for key, count in Counter(keys).items() if count > 1]


def rows_of(keys: Iterable[tuple[Any, ...]], known: Iterable[tuple[Any, ...]]) -> NDArray[np.int64]:
    """Return where each key stands among the known ones, the last place of several; -1 for one that is not there."""
    places = {key: at for at, key in enumerate(known)}
    return np.array([places.get(key, -1) for key in keys], dtype=np.int64)


def rows_beside(keys: Iterable[tuple[Any, ...]], rows: pd.DataFrame,
                known: Iterable[tuple[Any, ...]]) -> pd.DataFrame:  # fmt: skip
    """Return the row that belongs to each key, as a left join would; of nulls where there is none.

    Parameters
    ----------
    keys : iterable of tuple
    rows : DataFrame
    known : iterable of tuple
        Key of each of ``rows``.
    """
    return rows.reset_index(drop=True).reindex(rows_of(keys, known)).reset_index(drop=True)
