"""What every ladder has gained since its first night, beside its host's closes, laid out on sessions.

Nothing is filled: a session without a night, or on whose night something held had no mark, has no gain, and whatever
begins or ends there is not known. What lies between two known sessions is exact: on a night that was missed nothing
was traded.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from alvh_core.basis.closes import Closes
from alvh_core.costs.carry import EFFECTIVE_FILL
from alvh_core.registry.book import BOOK
from alvh_core.triggers import LADDER

READ = (*LADDER, "trade_date", "book_mark_usd", "cash_mid_usd", "crossing_usd", "fees_usd", "units_open",
        "armed_sessions_count", "armed_passes_count")  # fmt: skip
BOOKED = BOOK.only(READ)
FILLS = {"mid": 0.0, "eff": EFFECTIVE_FILL, "touch": 1.0}  # k of the fills; at mid nothing is paid, fees neither
Array = NDArray[np.float64]


@dataclass(frozen=True, eq=False)
class Paths:
    """Ladders as columns, sessions as rows.

    Attributes
    ----------
    dates : ndarray of datetime64[D] of shape (n_sessions,)
        Every session from the first night to the last one.
    price : ndarray of shape (n_sessions, n_ladders)
        Close of the host. [USD or points]
    gain : mapping of str to ndarray of shape (n_sessions, n_ladders)
        Gain since the first night over the notional, by `FILLS`. [fraction]
    is_held : ndarray of bool of shape (n_sessions, n_ladders)
        Something was open after the session's night.
    refused_count : ndarray of shape (n_sessions, n_ladders)
        Armed sessions on which the filter did not pass, since the first night. NaN where it is not known.
    notional_usd : ndarray of shape (n_ladders,)
    """

    dates: NDArray[np.datetime64]
    price: Array
    gain: Mapping[str, Array]
    is_held: NDArray[np.bool_]
    refused_count: Array
    notional_usd: Array

    @property
    def known(self) -> NDArray[np.bool_]:
        """Sessions on which host and ladder have a value."""
        return np.asarray(np.isfinite(self.price) & np.isfinite(self.gain["mid"]))

    def only(self, columns: NDArray[Any], rows: slice = slice(None)) -> "Paths":
        """Return some ladders, on some sessions."""
        return Paths(dates=self.dates[rows], price=self.price[rows, columns], is_held=self.is_held[rows, columns],
                     refused_count=self.refused_count[rows, columns],
                     gain={name: values[rows, columns] for name, values in self.gain.items()},
                     notional_usd=self.notional_usd[columns])  # fmt: skip

    def host_moves(self, sessions: int) -> Array:
        """Return the host's return over spans of so many sessions, of shape (n_sessions - sessions, n_ladders)."""
        return np.asarray(self.price[sessions:] / self.price[:-sessions] - 1.0)

    def kept_out(self, begin: int | slice, end: int | slice) -> NDArray[np.bool_]:
        """Tell whether nothing was held from some sessions to others, and the filter had refused an armed ladder.

        What the nights from the first session to the last but one hold earns in between; the last night's does not.
        """
        held, refused = self._before
        return np.asarray((held[end] == held[begin]) & (refused[end] > refused[begin]))

    @cached_property
    def _before(self) -> tuple[NDArray[np.int64], Array]:
        """Nights before each session on which something was held, and refusals; no night, no refusal.

        A night refuses a ladder once: a count that begins above one is of nights before the first session.
        """
        held = np.pad(self.is_held.cumsum(axis=0), ((1, 0), (0, 0)))[:-1]
        counts = self.refused_count
        first = np.take_along_axis(counts, np.isfinite(counts).argmax(axis=0)[None], axis=0)
        earlier = np.where(first > 1.0, first, 0.0)
        return held, np.fmax.accumulate(np.vstack([earlier, counts]), axis=0)[:-1]

    def ladder_moves(self, sessions: int, fill: str = "eff") -> Array:
        """Return what the ladder gained over the same spans, as a fraction of the notional."""
        return np.asarray(self.gain[fill][sessions:] - self.gain[fill][:-sessions])


def ladder_paths(rows: pd.DataFrame, ladders: pd.DataFrame, closes: Closes, notional_usd: Array) -> Paths:
    """Lay the nights of some ladders out.

    Parameters
    ----------
    rows : DataFrame
        `BOOKED` of every night, tonight's among them; ladders that are not asked for may be too.
    ladders : DataFrame
        `LADDER`, distinct.
    closes : Closes
        Of the hosts.
    notional_usd : ndarray of shape (n_ladders,)
        Above 0.
    """
    nights = rows["trade_date"].to_numpy().astype("datetime64[D]")
    within = closes.dates[(closes.dates >= nights.min()) & (closes.dates <= nights.max())]
    dates = np.union1d(within, nights)
    row, column = np.searchsorted(dates, nights), _columns(rows, ladders)
    mine = column >= 0
    tables = {}
    for name in READ[len(LADDER) + 1 :]:
        tables[name] = np.full((len(dates), len(ladders)), np.nan)
        tables[name][row[mine], column[mine]] = rows[name].to_numpy(dtype=np.float64)[mine]
    paid = {name: np.nan_to_num(tables[name]).cumsum(axis=0) for name in ("cash_mid_usd", "crossing_usd", "fees_usd")}
    value = tables["book_mark_usd"] + paid["cash_mid_usd"]
    gain = {
        name: (value - fill * paid["crossing_usd"] - (fill > 0.0) * paid["fees_usd"]) / notional_usd
        for name, fill in FILLS.items()
    }
    hosts, host_of = np.unique(ladders["host"].to_numpy(dtype="U"), return_inverse=True)
    price = closes.on(dates, [str(name) for name in hosts])[:, host_of]
    refused = tables["armed_sessions_count"] - tables["armed_passes_count"]
    return Paths(dates=dates, price=price, gain=gain, is_held=tables["units_open"] > 0, refused_count=refused,
                 notional_usd=notional_usd)  # fmt: skip


def _columns(rows: pd.DataFrame, ladders: pd.DataFrame) -> NDArray[np.int64]:
    """Return the place among the ladders of every row, -1 for none: by number, there are a thousand a night."""
    number, wanted = np.zeros(len(rows), dtype=np.int64), np.zeros(len(ladders), dtype=np.int64)
    for name in LADDER:
        code, names = pd.factorize(rows[name])
        number = number * (len(names) + 1) + code
        wanted = wanted * (len(names) + 1) + pd.Index(np.asarray(names, dtype="object")).get_indexer(
            pd.Index(ladders[name].to_numpy(dtype="object"))
        )
    order = np.argsort(wanted)
    found = order[np.minimum(np.searchsorted(wanted, number, sorter=order), len(wanted) - 1)]
    return np.where(wanted[found] == number, found, -1)
