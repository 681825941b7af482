"""CSV files with one row a day, as vendors publish them: read whole or refused, never in part.

What the other columns mean is the provider's business.
"""

import io

import numpy as np
import pandas as pd

from alvh_core.errors import RetriableError, SkippableError
from tasks.sources.documents import reading
from tasks.sources.limits import check_csv

NULLS = ["N/A", ".", "--", "-"]  # what stands for no value, besides nothing


def read_dated_csv(body: bytes, where: str) -> tuple[pd.DataFrame, pd.Series]:
    """Read a file whose column ``DATE`` holds MM/DD/YYYY.

    Parameters
    ----------
    body : bytes
    where : str
        Symbol and address, for the messages.

    Returns
    -------
    frame : DataFrame
        Column names stripped and in capitals; rows without any value are dropped.
    days : Series of datetime64

    Raises
    ------
    SkippableError
        No such file, a row without a date, or more bytes or columns than any of ours.
    RetriableError
        The last row is cut short.
    """
    check_csv(body, where)
    with reading(body, where, "CSV with a column of dates MM/DD/YYYY"):
        frame = pd.read_csv(io.BytesIO(body), na_values=NULLS, low_memory=False).dropna(how="all")
        frame = frame.set_axis([str(name).strip().upper() for name in frame.columns], axis="columns")
        days = pd.to_datetime(frame["DATE"].astype("str"), format="%m/%d/%Y")
    if not frame.columns.is_unique:
        raise SkippableError(f"{where}: expected different columns, found {', '.join(frame.columns)}")
    if days.isna().any():
        raise SkippableError(f"{where}: expected a date in every row, found {days.isna().sum()} rows without")
    first, last = body.split(b"\n", 1)[0], body.rstrip().rsplit(b"\n", 1)[-1]
    if last.count(b",") < first.count(b","):
        raise RetriableError(f"{where}: a body cut short after {len(body)} bytes, its last row is {last[:60]!r}")
    return frame, days


def finite(values: pd.Series) -> pd.Series:
    """Return finite numbers; what is none becomes NaN, and validation sees it in its row."""
    numbers = pd.to_numeric(values, errors="coerce").astype("float64")
    return numbers.where(np.isfinite(numbers))
