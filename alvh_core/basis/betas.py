r"""Least squares with errors that allow for correlated and uneven noise, for many columns at once.

.. math:: \hat\beta = \frac{\sum \tilde x y}{\sum \tilde x^2}, \qquad
    \mathrm{se}^2 = \frac{\sum_{|l| \le L} (1 - |l|/(L+1)) \sum_t g_t g_{t-l}}{(\sum \tilde x^2)^2}, \quad
    g_t = \tilde x_t u_t .

What is regressed on what is `alvh_core.basis.hosts`.

References
----------
.. [1] Whitney K. Newey, Kenneth D. West, "A simple, positive semi-definite, heteroskedasticity and autocorrelation
   consistent covariance matrix", Econometrica 55, 1987.
"""

from dataclasses import dataclass

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike, NDArray

LAGS = 5
_ROUNDING = 1e-12  # share of a sum of squares below which nothing is left of it but rounding


@dataclass(frozen=True, eq=False)
class Fit:
    """Slopes of many regressions, arrays of shape (n_columns,); NaN where there is too little to tell.

    What one regresses on has to vary for a slope, and the column as well for ``r2``.
    """

    slope: NDArray[np.float64]
    se: NDArray[np.float64]
    r2: NDArray[np.float64]
    nobs: NDArray[np.int64]


def slopes(y: ArrayLike, x: ArrayLike, *, min_nobs: int, lags: int = LAGS) -> Fit:
    """Regress every column on one variable, with an intercept.

    Parameters
    ----------
    y : array_like of shape (n_obs, n_columns)
    x : array_like of shape (n_obs,) or (n_obs, n_columns)
    min_nobs : int
        A column with fewer complete pairs has no slope.
    lags : int
        Newey-West lags; 0 allows for uneven noise only.

    Returns
    -------
    Fit
        Pairs with a NaN are left out.
    """
    left = np.asarray(y, dtype=np.float64)
    given = np.asarray(x, dtype=np.float64)
    right = np.broadcast_to(given if given.ndim == 2 else given[:, None], left.shape)
    known = ~np.isnan(left) & ~np.isnan(right)
    nobs = known.sum(axis=0)
    with np.errstate(all="ignore"):  # NaN is a result here
        dx = np.where(known, right - np.where(known, right, 0.0).sum(axis=0) / nobs, 0.0)
        dy = np.where(known, left - np.where(known, left, 0.0).sum(axis=0) / nobs, 0.0)
        sxx, syy = (dx * dx).sum(axis=0), (dy * dy).sum(axis=0)
        slope = (dx * dy).sum(axis=0) / sxx
        noise = dy - slope * dx
        se = np.sqrt(np.maximum(_long_run(dx * noise, lags), 0.0)) / sxx
        r2 = 1.0 - (noise * noise).sum(axis=0) / syy
    enough = (nobs >= min_nobs) & _varies(sxx, right, known)
    both = enough & _varies(syy, left, known)
    none = np.full(left.shape[1], np.nan)
    return Fit(slope=np.where(enough, slope, none), se=np.where(enough, se, none), r2=np.where(both, r2, none),
               nobs=nobs)  # fmt: skip


def _varies(square_sum: NDArray[np.float64], values: NDArray[np.float64],
            known: NDArray[np.bool_]) -> NDArray[np.bool_]:  # fmt: skip
    """Tell which columns vary by more than the rounding of their mean, whatever unit they are in."""
    return np.asarray(square_sum > 1e-24 * (np.where(known, values, 0.0) ** 2).sum(axis=0))


def partial_r2(y: ArrayLike, base: ArrayLike, more: ArrayLike, *, min_nobs: int) -> tuple[NDArray[np.float64], Fit]:
    """Return what further variables explain of what a first one leaves, and the slope on the first of them.

    Parameters
    ----------
    y : array_like of shape (n_obs, n_columns)
    base : array_like of shape (n_obs,)
    more : array_like of shape (n_obs, n_more)
    min_nobs : int

    Returns
    -------
    share : ndarray of shape (n_columns,)
        ``1 - RSS(base and more) / RSS(base)``, 0 to 1; NaN with too few complete rows, or where the first variable
        leaves nothing. All are NaN where the first column of ``more`` says nothing that the others do not.
    fit : Fit
        Slope on the first column of ``more`` beside the others, with its Newey-West error; ``r2`` is not computed.
    """
    left = np.asarray(y, dtype=np.float64)
    columns = np.column_stack([np.asarray(base, dtype=np.float64), np.asarray(more, dtype=np.float64)])
    share, slope, se = (np.full(left.shape[1], np.nan) for _ in range(3))
    nobs = np.zeros(left.shape[1], dtype=np.int64)
    known_x = ~np.isnan(columns).any(axis=1)
    for at in range(left.shape[1]):  # few columns, and each has its own missing rows
        rows = known_x & ~np.isnan(left[:, at])
        nobs[at] = rows.sum()
        if nobs[at] < min_nobs:
            continue
        full = np.column_stack([np.ones(nobs[at]), columns[rows]])
        own, _ = _residuals(full[:, 2], np.delete(full, 2, axis=1))  # what of it the others do not tell
        if own @ own <= _ROUNDING * (full[:, 2] @ full[:, 2]):
            continue
        (before, _), (noise, solution) = (_residuals(left[rows, at], full[:, :width]) for width in (2, full.shape[1]))
        is_left = before @ before > _ROUNDING * (left[rows, at] @ left[rows, at])
        share[at] = 1.0 - (noise @ noise) / (before @ before) if is_left else np.nan
        slope[at] = solution[2]
        moments = np.zeros((len(rows), 1))
        moments[rows, 0] = own * noise  # a missing row keeps its place, so that lags are sessions
        se[at] = np.sqrt(np.maximum(_long_run(moments, LAGS)[0], 0.0)) / (own @ own)
    return share, Fit(slope=slope, se=se, r2=np.full(left.shape[1], np.nan), nobs=nobs)


def _residuals(y: NDArray[np.float64], x: NDArray[np.float64]) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Return what least squares leave, and their solution."""
    solution, *_ = np.linalg.lstsq(x, y, rcond=None)
    return np.asarray(y - x @ solution), np.asarray(solution, dtype=np.float64)


def _long_run(moments: NDArray[np.float64], lags: int) -> NDArray[np.float64]:
    """Return the Bartlett-weighted sum of autocovariances, column by column."""
    total = (moments * moments).sum(axis=0)
    for lag in range(1, min(lags, len(moments) - 1) + 1):
        total += 2.0 * (1.0 - lag / (lags + 1.0)) * (moments[lag:] * moments[:-lag]).sum(axis=0)
    return np.asarray(total)


def rank_columns(values: ArrayLike) -> NDArray[np.float64]:
    """Return ranks down every column, ties at their mean, NaN where there is no value: for Spearman's correlation."""
    return np.asarray(pd.DataFrame(np.asarray(values, dtype=np.float64)).rank(axis=0).to_numpy())


def correlations(y: ArrayLike, x: ArrayLike, *, min_nobs: int) -> Fit:
    """Return Pearson correlations of every column with one variable; ``slope`` holds the correlation.

    ``se`` is ``sqrt((1 - rho^2) / (n - 2))``.
    """
    found = slopes(y, x, min_nobs=min_nobs, lags=0)
    with np.errstate(invalid="ignore"):
        rho = np.sign(found.slope) * np.sqrt(np.clip(found.r2, 0.0, 1.0))
        se = np.sqrt((1.0 - rho**2) / np.maximum(found.nobs - 2, 1))
    return Fit(slope=rho, se=se, r2=found.r2, nobs=found.nobs)
