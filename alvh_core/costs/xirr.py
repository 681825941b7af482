"""The internal rate of dated cash flows, for many columns at once, with the reason where there is none.

A ladder that expires worthless has no internal rate: its flows never change sign. Flows of a hedged host change sign
many times: premium goes in, payoffs come out. Their rate is the only one if, at that rate, the investor has money in on
every date before the last. What the flows are is `alvh_core.costs.structure`.

References
----------
.. [1] C. S. Soper, "The marginal efficiency of capital: a further note", Economic Journal 69, 1959: a rate at which no
   balance turns before the last date is the only one above -1.
"""

import numpy as np
from numpy.typing import ArrayLike, NDArray

_LOW, _HIGH, _HALVINGS, _ROUNDING = -0.9999, 100.0, 80, 1e-9


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
        OK, NO_SIGN_CHANGE, TOO_SHORT, NO_DATA; MULTIPLE_SIGN_CHANGES where the rate need not be the only one, or there
        is none from -99.99 % to 10,000 %.

    Examples
    --------
    >>> rate, status = xirr([0, 365], [[-100.0, -100.0], [110.0, 0.0]])
    >>> rate.round(6).tolist(), status.tolist()
    ([0.1, nan], ['OK', 'NO_SIGN_CHANGE'])

    Notes
    -----
    The balance :math:`B_j = \sum_{i \le j} f_i (1 + r)^{-d_i / 365}` of the one rate keeps the sign of the first flow
    up to the last date but one, and is 0 on the last.
    """
    when, paid = np.asarray(days, dtype=np.float64) / 365.0, np.asarray(flows, dtype=np.float64)
    known = np.asarray(~np.isnan(paid).any(axis=0))
    count = paid.shape[1]
    span = 365.0 * (when[-1] - when[0]) if len(when) else 0.0
    is_mixed = np.asarray((paid < 0.0).any(axis=0) & (paid > 0.0).any(axis=0))
    asked = known & is_mixed & (span > min_days)  # the others have no rate
    plain = paid[:, asked]
    first = np.argmax(plain != 0.0, axis=0) if len(when) else np.zeros(0, dtype=np.int64)
    sign = np.where(plain[first, np.arange(plain.shape[1])] < 0.0, 1.0, -1.0)
    low, high = np.full(plain.shape[1], np.log1p(_LOW)), np.full(plain.shape[1], np.log1p(_HIGH))
    for _ in range(_HALVINGS):
        middle = (low + high) / 2.0
        above = sign * (plain * np.exp(-np.outer(when, middle))).sum(axis=0) > 0.0
        low, high = np.where(above, middle, low), np.where(above, high, middle)
    found, is_only = np.full(count, np.nan), np.zeros(count, dtype=bool)
    found[asked] = (low + high) / 2.0
    is_only[asked] = _is_only_rate(sign * plain, when, found[asked])
    status = np.select(
        [~known, np.full(count, span <= min_days), ~is_mixed, ~is_only],
        [np.array(name) for name in ("NO_DATA", "TOO_SHORT", "NO_SIGN_CHANGE", "MULTIPLE_SIGN_CHANGES")],
        default=np.array("OK"),
    )  # fmt: skip
    return np.where(status == "OK", np.expm1(found), np.nan), status


def _is_only_rate(flows: NDArray[np.float64], when: NDArray[np.float64],
                  rate: NDArray[np.float64]) -> NDArray[np.bool_]:  # fmt: skip
    """Tell whether a logarithmic rate solves flows that begin negative, and no balance turns before the last date."""
    discounted = flows * np.exp(-np.outer(when, rate))
    rounding = _ROUNDING * np.abs(discounted).sum(axis=0)
    balance = np.cumsum(discounted, axis=0)
    return np.asarray((balance[:-1] <= rounding).all(axis=0) & (np.abs(balance[-1:]) <= rounding).all(axis=0))
