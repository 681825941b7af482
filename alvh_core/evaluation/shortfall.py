r"""Whether a ladder saves more than holding less of the host would have, for the same yearly cost.

Over spans of five sessions, which overlap, with :math:`ES` the mean loss on the worst 5 % of them,

.. math:: \mathrm{saved} = ES(r) - ES(r + h), \qquad \mathrm{cost} = -\tfrac{252}{5}\,\overline{h}, \qquad
    H = \mathrm{saved} / \mathrm{cost},

with r the host's return and h the ladder's gain over the notional. Who holds w less of the host and bills instead
pays :math:`w\,(\tfrac{252}{5}\overline{r} - b)` a year; with w chosen so that both cost the same, at most all of it,
he saves :math:`w\,(ES(r) + \tfrac{5}{252}b)`. The edge is what the ladder saves beyond that: it needs no quotient, and
so has an answer also where a ladder or bills cost nothing.

References
----------
.. [1] Roni Israelov, "Pathetic Protection: The Elusive Benefits of Protective Puts", Journal of Alternative
   Investments, 2019: puts against holding less.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

SPAN, SESSIONS, TAIL_FRAC = 5, 252.0, 0.05
MIN_SPANS = 63  # three of them in the tail
Array = NDArray[np.float64]


@dataclass(frozen=True, eq=False)
class Benefit:
    """What is found for each column; NaN below `MIN_SPANS` known spans.

    Attributes
    ----------
    unhedged, hedged : ndarray of shape (n_columns,)
        Mean loss on the worst 5 % of the spans. [fraction]
    cost : ndarray of shape (n_columns,)
        Lost a year; negative where something was earned. [fraction of the notional]
    derisk_saved : ndarray of shape (n_columns,)
        Saved by holding less. [fraction]
    spans : ndarray of int of shape (n_columns,)
    """

    unhedged: Array
    hedged: Array
    cost: Array
    derisk_saved: Array
    spans: NDArray[np.int64]

    @property
    def edge(self) -> Array:
        """What the ladder saves beyond holding less, a fraction."""
        return np.asarray(self.unhedged - self.hedged - self.derisk_saved)

    @property
    def ratio(self) -> Array:
        """H, shortfall saved over cost; NaN where nothing was lost."""
        with np.errstate(invalid="ignore", divide="ignore"):
            return np.asarray(np.where(self.cost > 0.0, (self.unhedged - self.hedged) / self.cost, np.nan))


def benefit(host: Array, ladder: Array, bill_rate: float) -> Benefit:
    """Compare a ladder with holding less of its host.

    Parameters
    ----------
    host, ladder : ndarray of shape (n_spans, n_columns)
        Return of the host and gain of the ladder over spans of `SPAN` sessions; NaN where one of them is not known.
        [fraction]
    bill_rate : float
        What bills earned. [fraction a year] NaN leaves what they are compared with empty.
    """
    known = np.isfinite(host) & np.isfinite(ladder)
    count = known.sum(axis=0)
    enough = np.where(count >= MIN_SPANS, 1.0, np.nan)
    of_host, of_ladder = (np.where(known, values, 0.0).sum(axis=0) / np.maximum(count, 1) for values in (host, ladder))
    unhedged, hedged = (_worst(np.where(known, values, np.inf), count) for values in (host, host + ladder))
    cost = -of_ladder * SESSIONS / SPAN
    return Benefit(
        unhedged=unhedged * enough, hedged=hedged * enough, cost=cost * enough, spans=count,
        derisk_saved=derisk_saved(cost, of_host * SESSIONS / SPAN - bill_rate, unhedged, bill_rate) * enough,
    )  # fmt: skip


def tail_count(spans: NDArray[np.int64]) -> NDArray[np.int64]:
    """Return how many spans are the worst 5 %, at least one."""
    return np.asarray(np.maximum(np.floor(TAIL_FRAC * spans), 1.0), dtype=np.int64)


def derisk_saved(cost: Array, excess: Array, unhedged: Array, bill_rate: float) -> Array:
    """Return the shortfall saved by holding less at the same yearly cost.

    Parameters
    ----------
    cost : ndarray
        Of the ladder. [fraction a year] Nothing need be sold where it is not above 0.
    excess : ndarray
        Return of the host above bills. [fraction a year] Where it is not above 0, holding nothing costs nothing.
    unhedged : ndarray
        Shortfall of the host. [fraction]
    bill_rate : float
        [fraction a year]
    """
    with np.errstate(invalid="ignore", divide="ignore"):
        sold = np.where(excess > 0.0, np.minimum(cost / excess, 1.0), np.where(np.isnan(excess), np.nan, 1.0))
    return np.asarray(np.where(cost > 0.0, sold, 0.0 * excess) * (unhedged + bill_rate * SPAN / SESSIONS))


def _worst(values: Array, count: NDArray[np.int64]) -> Array:
    """Return the mean loss on the worst spans of each column; infinite ones are not known."""
    tail = tail_count(count)
    if not len(values):
        return np.full(values.shape[1], np.nan)
    deepest = int(tail.max())
    worst = np.sort(np.partition(values, deepest - 1, axis=0)[:deepest], axis=0).cumsum(axis=0)
    found = -worst[tail - 1, np.arange(values.shape[1])] / tail
    return np.asarray(np.where(np.isfinite(found), found, np.nan))
