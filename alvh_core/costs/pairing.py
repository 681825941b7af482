r"""The second engine (V4): whether 30 % of the hedge budget saves more in another instrument than in calls.

Stress is a session on which the host lost 2 % or more; the expected shortfall of a portfolio is its mean loss on those.
The host's own loss is in both portfolios and cancels, so that a pair of return p beside a ladder of P&L l, both per
dollar of hedge budget, saves

.. math:: \Delta = \mathrm{mean}_{stress}\,[(1 - w)\,l + w\,p] - \mathrm{mean}_{stress}\,[l]
    = \mathrm{mean}_{stress}\,[w\,(p - l)], \qquad w = 0.30 .

Only sessions count that the ladder began holding something: an empty ladder earns 0, which any short sale of shares
beats in stress. The candidate is chosen on the first half of these sessions and judged on the second alone. The ladder
pays its fees and crosses at k = 0.59; the pair is held from day to day and pays nothing, which flatters it. Shares
close a quarter of an hour before VIX options, which blurs single sessions. Which candidates there are is
`alvh_core.declared_pairs`.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from alvh_core.basis.betas import correlations
from alvh_core.basis.resampling import MEAN_BLOCK, drawn_counts
from alvh_core.params import is_stress

WEIGHT_FRAC = 0.30  # at most 30 % of the hedge budget: the ladder stays the hedge
MAX_P_VALUE = 0.10  # C31
NOISE_KEPT_FRAC = 0.12  # of pairs of pure noise, measured by the tests: ten and more sessions are few for a bootstrap
MIN_STRESS = 10  # in each half: together the 20 that a beta in stress needs, C18
IDENTICAL_CORR = 0.99  # SPY for SPX, IYR for VNQ: to sell one is to hold less of the other
Array = NDArray[np.float64]


@dataclass(frozen=True, eq=False)
class Sessions:
    """Sessions before tonight, side by side; NaN where nothing is known.

    Attributes
    ----------
    dates : ndarray of datetime64[D] of shape (n_sessions,)
    host_returns : ndarray of shape (n_sessions, n_hosts)
        [fraction]
    pnl_usd : ndarray of shape (n_sessions, n_hosts)
        Of the host's ladder, after crossing and fees. [USD]
    is_held : ndarray of bool of shape (n_sessions, n_hosts)
        The ladder held something when the session began.
    """

    dates: NDArray[np.datetime64]
    host_returns: Array
    pnl_usd: Array
    is_held: NDArray[np.bool_]

    @property
    def known(self) -> NDArray[np.bool_]:
        """Sessions on which the ladder was held, and what host and ladder did is known."""
        return np.asarray(self.is_held & np.isfinite(self.host_returns) & np.isfinite(self.pnl_usd))

    @property
    def in_first_half(self) -> NDArray[np.bool_]:
        """All sessions up to the last known one of each host's first half, the smaller one."""
        return np.asarray(np.cumsum(self.early[::-1], axis=0)[::-1] > 0)

    @property
    def stressed(self) -> NDArray[np.bool_]:
        """Sessions on which the host lost what is no calm night to the book either."""
        return np.asarray(self.known & is_stress(self.host_returns))

    @property
    def early(self) -> NDArray[np.bool_]:
        """The first half of each host's known sessions."""
        return np.asarray(self.known & (2 * np.cumsum(self.known, axis=0) <= self.known.sum(axis=0)))


@dataclass(frozen=True, eq=False)
class _Trials:
    """Candidates as columns, arrays of shape (n_sessions, n_candidates).

    Attributes
    ----------
    paid, ladder : ndarray
        P&L of the candidate and of its host's ladder, per dollar of budget. [fraction]
    edge : ndarray
        What the pair saves of the host's loss. [fraction]
    first, later : ndarray of bool
        Stress sessions of the two halves on which all of it is known.
    """

    paid: Array
    ladder: Array
    edge: Array
    first: NDArray[np.bool_]
    later: NDArray[np.bool_]

    def only(self, columns: NDArray[np.int64]) -> "_Trials":
        """Return some candidates only."""
        return _Trials(paid=self.paid[:, columns], ladder=self.ladder[:, columns], edge=self.edge[:, columns],
                      first=self.first[:, columns], later=self.later[:, columns])  # fmt: skip


@dataclass(frozen=True, eq=False)
class Verdicts:
    """What is found for every host, arrays of shape (n_hosts,); NaN where there is too little to tell."""

    chosen: NDArray[np.int64]
    is_identical: NDArray[np.bool_]
    choice_stress: NDArray[np.int64]
    late_stress: NDArray[np.int64]
    choice_es: Array
    incremental_es: Array
    p_value: Array
    corr_stress: Array

    @property
    def is_kept(self) -> NDArray[np.bool_]:
        """Something is saved out of sample, and not by luck."""
        return np.asarray((self.incremental_es > 0.0) & (self.p_value < MAX_P_VALUE))


def try_pairs(sessions: Sessions, budgets_usd: Array, paid: Array, owners: Sequence[int]) -> Verdicts:
    """Choose a candidate per host on its first half, and judge it on the second.

    Parameters
    ----------
    sessions : Sessions
    budgets_usd : ndarray of shape (n_hosts,)
        What the ladder put to work in the first half; not positive: nothing to judge by. [USD]
    paid : ndarray of shape (n_sessions, n_candidates)
        P&L of a candidate in its direction, per dollar held. [fraction]
    owners : sequence of int
        Host of each candidate, by position; of several that save the same the first one is chosen.

    Returns
    -------
    Verdicts
        ``chosen`` is -1 where no candidate has 10 stress sessions in the first half; ``p_value`` is the share of draws
        with nothing saved, counting a draw without stress as one: a single episode does not prove much.
    """
    at = np.asarray(owners, dtype=np.int64)
    with np.errstate(invalid="ignore", divide="ignore"):
        ladder = np.where(budgets_usd > 0.0, sessions.pnl_usd / budgets_usd, np.nan)[:, at]
    edge = WEIGHT_FRAC * (paid - ladder)  # exactly 0 for a copy of the ladder
    early, stressed = sessions.early[:, at], sessions.stressed[:, at] & np.isfinite(edge)
    trials = _Trials(paid=paid, ladder=ladder, edge=edge, first=stressed & early, later=stressed & ~early)
    alike = correlations(np.where(early, paid, np.nan), sessions.host_returns[:, at], min_nobs=2 * MIN_STRESS).slope
    identical = np.abs(alike) > IDENTICAL_CORR
    saved = np.where(identical, np.nan, _mean(edge, trials.first))
    return _judged(sessions, trials, *_choice(saved, identical, at, len(budgets_usd)))


def _mean(values: Array, mask: NDArray[np.bool_]) -> Array:
    count = mask.sum(axis=0)
    total = np.where(mask, values, 0.0).sum(axis=0)
    return np.asarray(np.where(count >= MIN_STRESS, total / np.maximum(count, 1), np.nan))


def _choice(saved: Array, identical: NDArray[np.bool_], owners: NDArray[np.int64],
            hosts: int) -> tuple[NDArray[np.int64], NDArray[np.bool_]]:  # fmt: skip
    """Return the best candidate of each host, -1 for none, and whether all of them are the host itself."""
    chosen, same = np.full(hosts, -1, dtype=np.int64), np.zeros(hosts, dtype=np.bool_)
    for host in range(hosts):
        mine = np.flatnonzero(owners == host)
        same[host] = len(mine) > 0 and bool(identical[mine].all())
        if np.isfinite(saved[mine]).any():
            chosen[host] = mine[np.nanargmax(saved[mine])]
    return chosen, same


def _judged(sessions: Sessions, trials: _Trials, chosen: NDArray[np.int64], identical: NDArray[np.bool_]) -> Verdicts:
    """Judge the chosen candidates on the second half; a host without one has counts of its own sessions only."""
    has = chosen >= 0
    first, later = ((sessions.stressed & half).sum(axis=0) for half in (sessions.early, ~sessions.early))
    choice, saved, p_value, corr = (np.full(len(chosen), np.nan) for _ in range(4))
    if has.any():
        mine = trials.only(chosen[has])
        first[has], later[has] = mine.first.sum(axis=0), mine.later.sum(axis=0)
        saved[has] = _mean(mine.edge, mine.later)
        choice[has] = np.where(np.isfinite(saved[has]), _mean(mine.edge, mine.first), np.nan)
        corr[has] = correlations(np.where(mine.later, mine.paid, np.nan), mine.ladder, min_nobs=MIN_STRESS).slope
        if np.isfinite(saved).any():
            p_value[has] = np.where(np.isfinite(saved[has]), _p_values(sessions.dates, mine), np.nan)
    return Verdicts(chosen=chosen, is_identical=identical, choice_stress=first, late_stress=later, choice_es=choice,
                    incremental_es=saved, p_value=p_value, corr_stress=corr)  # fmt: skip


def _p_values(dates: NDArray[np.datetime64], trials: _Trials) -> Array:
    """Return the share of draws whose mean is not above 0; the sample itself counts as one of them.

    The larger share of blocks and of single sessions: blocks see that stress comes in episodes, but so few of them are
    noisy themselves, and alone they keep 15 of 100 pairs of pure noise; both together keep 12 at most.
    """
    draws = [drawn_counts(dates, mean_block) for mean_block in (MEAN_BLOCK, 1.0)]
    result = np.empty(trials.edge.shape[1])
    for at, (edge, later) in enumerate(zip(trials.edge.T, trials.later.T, strict=True)):  # few rows: no large product
        losing = max(int((edge[later] @ drawn[later] <= 0.0).sum()) for drawn in draws)  # sign of the sum: of the mean
        result[at] = (1.0 + losing) / (1.0 + draws[0].shape[1])
    return result
