"""The internal rate of dated cash flows, for many columns at once, with the reason where there is none.

A ladder that expires worthless has no internal rate: its flows never change sign. What the flows are is
`alvh_core.costs.structure`.
"""

import numpy as np
from numpy.typing import ArrayLike, NDArray

_LOW, _HIGH, _HALVINGS = -0.9999, 100.0, 80


def xirr(days: ArrayLike, flows: ArrayLike, min_days: float = 0.0) -> tuple[NDArray[np.float64], NDArray[np.str_]]:
    r"""Return the yearly rate r with :math:`\sum_i f_i (1 + r)^{-d_i / 365} = 0`.

    Parameters
    ----------
    days : array_like of shape (n_dates,)
        Calendar days since the first flow, rising.
    flows : array_like of shape (n_dates, n_columns)
        [USD] Negative is paid. NaN makes the column's status NO_DATA.
    min_days : float
        A shorter span is TOO_SHORT: yearly rates of days say nothing.

    Returns
    -------
    rate : ndarray of shape (n_columns,)
        [fraction a year] NaN unless the status is OK.
    status : ndarray of str
        OK, NO_SIGN_CHANGE, MULTIPLE_SIGN_CHANGES, TOO_SHORT, NO_DATA.

    Examples
    --------
    >>> rate, status = xirr([0, 365], [[-100.0, -100.0], [110.0, 0.0]])
    >>> rate.round(6).tolist(), status.tolist()
    ([0.1, nan], ['OK', 'NO_SIGN_CHANGE'])
    """
    when, paid = np.asarray(days, dtype=np.float64) / 365.0, np.asarray(flows, dtype=np.float64)
    known = np.asarray(~np.isnan(paid).any(axis=0))
    count = paid.shape[1]
    changes = _sign_changes(np.nan_to_num(paid))
    span = 365.0 * (when[-1] - when[0]) if len(when) else 0.0
    status = np.select(
        [~known, np.full(count, span <= min_days), changes == 0, changes > 1],
        [np.array(name) for name in ("NO_DATA", "TOO_SHORT", "NO_SIGN_CHANGE", "MULTIPLE_SIGN_CHANGES")],
        default=np.array("OK"),
    )  # fmt: skip
    plain = paid[:, status == "OK"]  # the others have no rate
    low, high = np.full(plain.shape[1], np.log1p(_LOW)), np.full(plain.shape[1], np.log1p(_HIGH))
    first = np.argmax(plain != 0.0, axis=0)
    sign = np.where(plain[first, np.arange(plain.shape[1])] < 0.0, 1.0, -1.0)
    for _ in range(_HALVINGS):  # one change of sign: the value falls through zero once as the rate rises
        middle = (low + high) / 2.0
        above = sign * (plain * np.exp(-np.outer(when, middle))).sum(axis=0) > 0.0
        low, high = np.where(above, middle, low), np.where(above, high, middle)
    rate = np.full(count, np.nan)
    rate[status == "OK"] = np.expm1((low + high) / 2.0)
    return rate, status


def _sign_changes(flows: NDArray[np.float64]) -> NDArray[np.int64]:
    """Count changes of sign down every column, zeros left out."""
    counts = []
    for column in np.sign(flows).T:
        signs = column[column != 0.0]
        counts.append(int((signs[1:] != signs[:-1]).sum()))
    return np.array(counts, dtype=np.int64)
