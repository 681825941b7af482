r"""The starting guess of the implied volatility: a small table of a smooth function, interpolated quadratically.

The total volatility s(x, c) is singular in every corner, but in the coordinates

.. math:: w = \ln(1 + \ln(1 + x/c)), \qquad z = \ln(1 + \ell), \qquad \ell = x - \ln(1 - c)

the ratio s / l is smooth, positive and bounded over the whole domain: z = 0 is the Bachelier limit, w = 0 is at the
money, large w is deep out of the money. A table of 128 x 72 nodes gives s within about 2e-4, from which one Householder
step of order four reaches double precision. The table is computed at first use (about ten milliseconds).

Only the guess belongs here; nothing in this module decides whether an answer is right (see `_normalised.solve`).
"""

from functools import cache
from typing import Final

import numpy as np

from alvh_core._contracts import FloatArray
from alvh_core._normalised import solve

_W_NODES: Final = 128
_Z_NODES: Final = 72
_ETA_MAX: Final = 650.0  # ln(1 + x/c) at the far edge: prices down to 1e-282 of the moneyness
_ELL_MAX: Final = 45.0
_W_STEP: Final = float(np.log1p(_ETA_MAX)) / (_W_NODES - 1)
_Z_STEP: Final = float(np.log1p(_ELL_MAX)) / (_Z_NODES - 1)


def guess(x: FloatArray, c: FloatArray) -> FloatArray:
    """Return the total volatility s with c(x, s) = c, to a relative 2e-4 inside the table.

    Parameters
    ----------
    x : ndarray of shape (n,)
        |ln(F/K)|. [1] Not negative.
    c : ndarray of shape (n,)
        Out-of-the-money price over min(F, K). [fraction, 0 to 1]

    Returns
    -------
    ndarray of shape (n,)
        Total volatility. [1] Outside the table an extrapolation without any promise; NaN gives NaN.
    """
    ell = x - np.log1p(-c)
    p = x / c
    np.log1p(p, out=p)
    np.log1p(p, out=p)
    p *= 1.0 / _W_STEP
    q = np.log1p(ell)
    q *= 1.0 / _Z_STEP
    row = np.rint(p)
    np.fmin(np.fmax(row, 1.0, out=row), _W_NODES - 2.0, out=row)  # fmin, fmax: NaN becomes a legal index
    column = np.rint(q)
    np.fmin(np.fmax(column, 1.0, out=column), _Z_NODES - 2.0, out=column)
    p -= row
    q -= column
    row -= 1.0
    row *= _Z_NODES - 2.0
    row += column
    row -= 1.0
    cell = row.astype(np.intp)

    result = np.zeros_like(p)
    for low, middle, high in reversed(_table()):
        inner = high.take(cell)
        inner *= q
        inner += middle.take(cell)
        inner *= q
        inner += low.take(cell)
        result *= p
        result += inner
    result *= ell
    return result


def cold_start(x: FloatArray, c: FloatArray) -> FloatArray:
    """Return a closed-form total volatility, right to a factor of about three wherever there is an answer.

    It blends three limits, s = 2.5 c at the money, s = x / sqrt(2 ln(x/c)) in the wings and s = sqrt(-8 ln(1 - c)).

    Parameters
    ----------
    x, c : ndarray of shape (n,)
        As in `guess`. [1]

    Returns
    -------
    ndarray of shape (n,)
        Total volatility. [1] NaN gives NaN.
    """
    return _cold_start(x - np.log1p(-c), np.log1p(x / c))


def _cold_start(ell: FloatArray, eta: FloatArray) -> FloatArray:
    blend: FloatArray = ell / (0.4 + np.sqrt(2.0 * eta) + np.sqrt(0.125 * ell))
    return blend


@cache
def _table() -> tuple[tuple[FloatArray, FloatArray, FloatArray], ...]:
    """Return the coefficients of p^i q^j, i, j = 0..2, one flat array each, for the cell around every inner node."""
    nodes = _node_values()
    coefficients = []
    for rows in _parabola(nodes):
        low, middle, high = (part.T.ravel() for part in _parabola(rows.T))
        coefficients.append((low, middle, high))
    return tuple(coefficients)


def _parabola(values: FloatArray) -> tuple[FloatArray, FloatArray, FloatArray]:
    """Return the powers 0, 1, 2 of the parabola through each node and its two neighbours along the first axis."""
    left, centre, right = values[:-2], values[1:-1], values[2:]
    return centre, 0.5 * (right - left), 0.5 * (right + left) - centre


def _node_values() -> FloatArray:
    """Return s / l at the nodes, shape (_W_NODES, _Z_NODES), solved by the careful path."""
    w = _W_STEP * np.arange(_W_NODES)
    z = _Z_STEP * np.arange(_Z_NODES)
    z[0] = 1e-4 * _Z_STEP  # zero itself is a limit
    eta, ell = (grid.ravel() for grid in np.meshgrid(np.expm1(w), np.expm1(z), indexing="ij"))
    with np.errstate(all="ignore"):  # steps that leave the bracket
        odds = np.expm1(eta)  # x / c
        v = ell / (1.0 + odds)  # v = -ln(1 - c) solves odds (1 - e^-v) + v = l, concave: Newton from the left
        for _ in range(30):
            v -= (v - ell - odds * np.expm1(-v)) / (odds * np.exp(-v) + 1.0)
        c = -np.expm1(-v)
        s, verified = solve(odds * c, c, np.exp(-v), _cold_start(ell, eta))
    assert verified.all(), "the table of implied volatilities did not converge"
    nodes: FloatArray = (s / ell).reshape(_W_NODES, _Z_NODES)
    return nodes
