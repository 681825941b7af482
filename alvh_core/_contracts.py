"""Option contracts as flat columns: the one place where the inputs of `black` and `implied` take shape.

Only conversion and broadcasting belong here; whether a value is legal is for the caller to say.
"""

import numpy as np
from numpy.typing import ArrayLike, NDArray

FloatArray = NDArray[np.float64]
BoolArray = NDArray[np.bool_]


def contract_columns(*values: ArrayLike, is_call: ArrayLike) -> tuple[list[FloatArray], BoolArray, tuple[int, ...]]:
    """Return the inputs as one-dimensional columns of one length, and the shape they broadcast to.

    Parameters
    ----------
    *values : array_like
        Numeric inputs that broadcast against each other.
    is_call : array_like of bool
        True for a call, False for a put.

    Returns
    -------
    columns : list of ndarray of shape (n_contracts,)
        Columns of float64, views of the inputs where nothing had to be converted: do not write to them.
    calls : ndarray of bool of shape (n_contracts,)
        The flags, likewise.
    shape : tuple of int
        Shape of the result; empty for scalars.

    Raises
    ------
    TypeError
        If `is_call` is not boolean: a missing value in it cannot be told from a put.
    ValueError
        If the shapes do not broadcast.
    """
    calls = np.asarray(is_call)
    if calls.dtype != np.bool_ and calls.size:
        raise TypeError(f"is_call must be boolean, found dtype {calls.dtype}")
    numbers: list[FloatArray] = [np.asarray(value, dtype=np.float64) for value in values]
    shape = np.broadcast_shapes(calls.shape, *(number.shape for number in numbers))
    columns = [np.broadcast_to(number, shape).reshape(-1) for number in numbers]
    return columns, np.broadcast_to(calls.astype(np.bool_, copy=False), shape).reshape(-1), shape
