"""How far a ladder's edge could be luck: an interval by blocks of sessions, and random calendars of its trigger.

Both are drawn for one ladder at a time, and only where a verdict hangs on them: over a year of nights they take 5 and
20 milliseconds, and there are a thousand ladders.

References
----------
.. [1] Dimitris N. Politis, Joseph P. Romano, "The stationary bootstrap", Journal of the American Statistical
   Association 89, 1994.
"""

import zlib

import numpy as np
from numpy.typing import NDArray

from alvh_core.basis.resampling import drawn_counts
from alvh_core.evaluation.paths import Paths
from alvh_core.evaluation.shortfall import SESSIONS, SPAN, benefit, derisk_saved, tail_count

CALENDARS, INTERVAL = 500, (0.05, 0.95)
Array = NDArray[np.float64]


def edge_interval(path: Paths, bill_rate: float) -> tuple[float, float]:
    """Return the 90 % interval of a ladder's edge.

    Parameters
    ----------
    path : Paths
        Of one ladder.
    bill_rate : float
        [fraction a year]

    Returns
    -------
    low, high : float
        By the stationary bootstrap with blocks of 20 sessions on average. [fraction] NaN where no span is known.
    """
    host, ladder = path.host_moves(SPAN)[:, 0], path.ladder_moves(SPAN)[:, 0]
    known = np.isfinite(host) & np.isfinite(ladder)
    if not known.any():
        return float("nan"), float("nan")
    host, ladder = host[known], ladder[known]
    drawn = drawn_counts(path.dates[SPAN:][known])
    of_host, of_ladder = (values @ drawn / len(values) for values in (host, ladder))
    unhedged, hedged = _worst_drawn(host, drawn), _worst_drawn(host + ladder, drawn)
    year = SESSIONS / SPAN
    saved = derisk_saved(-of_ladder * year, of_host * year - bill_rate, unhedged, bill_rate)
    low, high = np.quantile(unhedged - hedged - saved, INTERVAL)
    return float(low), float(high)


def _worst_drawn(values: Array, drawn: Array) -> Array:
    """Return the mean loss on the worst 5 % of every draw."""
    tail = int(tail_count(np.array([len(values)]))[0])
    order = np.argsort(values, kind="stable")
    weight = drawn[order]
    taken = np.clip(tail - (weight.cumsum(axis=0) - weight), 0.0, weight)
    return np.asarray(-(values[order] @ taken) / tail)


def placebo_p_value(path: Paths, always: Paths, bill_rate: float) -> float:
    """Return how often a random calendar does as well as a ladder's trigger did.

    Parameters
    ----------
    path : Paths
        Of one ladder that a trigger arms.
    always : Paths
        Of the ladder of the same chain that is always on, on the same sessions: what any calendar would have earned.
    bill_rate : float
        [fraction a year]

    Returns
    -------
    float
        Share of `CALENDARS` whose edge is not below that of the trigger's own, which counts as one of them: they hold
        for as many spells of the same lengths, in another order, from another session on. NaN where the ladder was
        held always or never, or the other one is not known.
    """
    held = path.is_held[:-1, 0]
    earned = always.ladder_moves(1)[:, 0]
    if not 0 < held.sum() < len(held) or not np.isfinite(earned).any():
        return float("nan")
    calendars = np.column_stack([held, random_calendars(held, path.dates)])
    total = np.vstack([np.zeros(calendars.shape[1]), np.cumsum(calendars * np.nan_to_num(earned)[:, None], axis=0)])
    gaps = np.concatenate([[0], np.cumsum(np.isnan(earned))])
    whole = (gaps[SPAN:] == gaps[:-SPAN])[:, None]
    moves = np.where(whole, total[SPAN:] - total[:-SPAN], np.nan)
    edge = benefit(np.broadcast_to(path.host_moves(SPAN), moves.shape), moves, bill_rate).edge
    return float((edge >= edge[0]).mean()) if np.isfinite(edge[0]) else float("nan")


def random_calendars(held: NDArray[np.bool_], dates: NDArray[np.datetime64]) -> NDArray[np.bool_]:
    """Return calendars with the spells of one, shuffled and begun anywhere.

    Parameters
    ----------
    held : ndarray of bool of shape (n,)
    dates : ndarray of datetime64[D]
        Seed: the same sessions give the same calendars.

    Returns
    -------
    ndarray of bool of shape (n, CALENDARS)
        Every column holds as often, and changes as often but for a spell that runs over the end.
    """
    rng = np.random.default_rng(zlib.crc32(dates.astype("datetime64[D]").astype(np.int64).tobytes()))
    starts = np.flatnonzero(np.diff(held.astype(np.int8), prepend=-1))
    lengths, is_on = np.diff(starts, append=len(held)), held[starts]
    found = np.empty((len(held), CALENDARS), dtype=np.bool_)
    for at in range(CALENDARS):
        shuffled = np.empty_like(lengths)
        for kind in (True, False):
            shuffled[is_on == kind] = rng.permutation(lengths[is_on == kind])
        found[:, at] = np.roll(np.repeat(is_on, shuffled), rng.integers(len(held)))
    return found
