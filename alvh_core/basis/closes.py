"""Closes of the night side by side: one matrix of sessions by symbols, the ground of every indicator and beta.

Nothing is filled: a symbol without a bar on a session has none. What is computed from it is said in other modules.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd
from numpy.typing import NDArray


@dataclass(frozen=True, eq=False)
class Closes:
    """Daily closes.

    Attributes
    ----------
    dates : ndarray of datetime64[D] of shape (n_sessions,)
        Rising; every date on which any symbol has a bar.
    symbols : tuple of str
        Sorted.
    values : ndarray of shape (n_sessions, n_symbols)
        [USD or points] NaN where there is no bar.
    """

    dates: NDArray[np.datetime64]
    symbols: tuple[str, ...]
    values: NDArray[np.float64]

    @classmethod
    def of(cls, bars: pd.DataFrame) -> "Closes":
        """Lay `DAILY_BARS` out; one bar per symbol and date."""
        code, names = pd.factorize(bars["symbol"])
        symbols, column = np.unique(np.asarray(names, dtype="U"), return_inverse=True)
        row, days = pd.factorize(bars["bar_date"].to_numpy().astype("datetime64[D]"), sort=True)
        values = np.full((len(days), len(symbols)), np.nan)
        values[row, column[code]] = bars["close_usd"].to_numpy(dtype=np.float64)
        return cls(dates=days, symbols=tuple(map(str, symbols)), values=values)

    def of_symbol(self, symbol: str) -> NDArray[np.float64]:
        """Return one symbol's closes, all NaN where it has none."""
        if symbol not in self.symbols:
            return np.full(len(self.dates), np.nan)
        return self.values[:, self.symbols.index(symbol)]

    def on(self, dates: NDArray[np.datetime64], symbols: Sequence[str]) -> NDArray[np.float64]:
        """Return the closes of some symbols on some dates, of shape (n_dates, n_symbols); NaN where there is no bar."""
        row, column = (pd.Index(known).get_indexer(pd.Index(wanted)) for known, wanted in
                       ((self.dates, dates), (list(self.symbols), list(symbols))))  # fmt: skip
        padded = np.pad(self.values, (0, 1), constant_values=np.nan)  # what is not there is found at -1
        return np.asarray(padded[np.ix_(row, column)])

    def last(self, count: int) -> "Closes":
        """Return the last sessions only."""
        return Closes(dates=self.dates[-count:], symbols=self.symbols, values=self.values[-count:])

    def until(self, day: np.datetime64) -> "Closes":
        """Return the sessions up to a date only: what was known after it."""
        count = int(np.searchsorted(self.dates, day, side="right"))
        return Closes(dates=self.dates[:count], symbols=self.symbols, values=self.values[:count])

    def returns(self) -> NDArray[np.float64]:
        """Return simple returns from session to session, of shape (n_sessions - 1, n_symbols); gaps give NaN."""
        return np.asarray(self.values[1:] / self.values[:-1] - 1.0)
