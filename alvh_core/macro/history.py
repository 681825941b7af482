"""Bitemporal rows: each says from which day it was known and, where something replaced it, from which day no longer.

Nothing is ever overwritten: tonight's file adds rows and closes those it no longer lists. What the rows are about, a
release date or a value, is the caller's business.
"""

from collections.abc import Callable, Sequence
from datetime import date
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

KNOWN_FROM, SUPERSEDED = "known_from_date", "superseded_date"


def observe(known: pd.DataFrame, seen: pd.DataFrame, day: date, *, identity: Sequence[str], group: Sequence[str],
            about: str, subject: Callable[[pd.DataFrame], pd.Series] | None = None) -> pd.DataFrame:  # fmt: skip
    """Join what was known with what a source says today.

    Parameters
    ----------
    known : DataFrame
        Rows of earlier days with ``known_from_date`` and ``superseded_date``.
    seen : DataFrame
        Today's rows, same columns; those that are new keep the ``known_from_date`` they bring.
    day : date
        Today; where a standing row is no longer listed, it is superseded from today on.
    identity : sequence of str
        Columns that make two rows the same statement.
    group : sequence of str
        Columns that tell one list from another, e.g. the source and the kind of event. A list speaks only for itself,
        and not for what lies in the past and before its first date: files drop what is long past.
    about : str
        Column of the date that a row is about.
    subject : callable, optional
        Gives what a row is about as a text: what is listed otherwise now is superseded whatever its date.

    Returns
    -------
    DataFrame
        All rows of ``known``, some now superseded, then the new ones of ``seen``; columns of ``seen``.
    """
    if known.empty or seen.empty:
        return (seen if known.empty else known)[list(seen.columns)].reset_index(drop=True)
    is_standing = known[SUPERSEDED].isna()
    said, says = numbers(known, seen, identity)
    list_no, lists = numbers(known, seen, group)
    start = pd.Series(list_no).map(seen[about].groupby(lists).min())
    is_after = (known[about].to_numpy() >= start.to_numpy()) | (known[about] >= pd.Timestamp(day)).to_numpy()
    is_covered = is_after & start.notna().to_numpy()
    if subject is not None:
        is_covered |= subject(known).isin(subject(seen)).to_numpy()
    is_closed = is_standing & ~np.isin(said, says) & is_covered
    kept = known.assign(**{SUPERSEDED: known[SUPERSEDED].mask(is_closed, pd.Timestamp(day))})
    new = seen[~np.isin(says, said[is_standing])]
    return pd.concat([kept[list(seen.columns)], new], ignore_index=True) if len(new) else kept[list(seen.columns)]


def numbers(rows: pd.DataFrame, others: pd.DataFrame,
            names: Sequence[str]) -> tuple[NDArray[np.integer[Any]], NDArray[np.integer[Any]]]:  # fmt: skip
    """Return numbers for what some columns say, alike in two frames; two absent values are the same."""
    both = pd.concat([rows[list(names)], others[list(names)]])
    number = both.groupby(list(names), dropna=False, observed=True, sort=False).ngroup().to_numpy()
    return number[: len(rows)], number[len(rows) :]
