"""Bitemporal rows: each says from which day it was known and, where something replaced it, from which day no longer.

Nothing is ever overwritten: tonight's file adds rows and closes those it no longer lists. What the rows are about, a
release date or a value, is the caller's business.
"""

from collections.abc import Callable, Sequence
from datetime import date

import pandas as pd

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
    is_listed = _in(known, seen, identity)
    starts = seen.groupby(list(group), observed=True)[about].min().rename("_start").reset_index()
    start = known[list(group)].astype("str").merge(starts.astype(dict.fromkeys(group, "str")), how="left")["_start"]
    is_after = (known[about].to_numpy() >= start.to_numpy()) | (known[about] >= pd.Timestamp(day)).to_numpy()
    is_covered = is_after & start.notna().to_numpy()
    if subject is not None:
        is_covered |= subject(known).isin(subject(seen)).to_numpy()
    is_closed = is_standing & ~is_listed & is_covered
    kept = known.assign(**{SUPERSEDED: known[SUPERSEDED].mask(is_closed, pd.Timestamp(day))})
    new = seen[~_in(seen, known[is_standing], identity)]
    return pd.concat([kept[list(seen.columns)], new], ignore_index=True) if len(new) else kept[list(seen.columns)]


def known_on(history: pd.DataFrame, day: date) -> pd.DataFrame:
    """Return the rows that were known and not yet superseded on a day.

    Parameters
    ----------
    history : DataFrame
        With ``known_from_date`` and ``superseded_date``.
    day : date

    Returns
    -------
    DataFrame
    """
    at = pd.Timestamp(day)
    is_known = (history[KNOWN_FROM] <= at) & ~(history[SUPERSEDED] <= at)
    return history[is_known].reset_index(drop=True)


def _in(rows: pd.DataFrame, others: pd.DataFrame, identity: Sequence[str]) -> pd.Series:
    """Tell which rows stand among others; two absent values are the same."""
    keys = pd.MultiIndex.from_frame(_plain(rows, identity))
    return pd.Series(keys.isin(pd.MultiIndex.from_frame(_plain(others, identity))), index=rows.index)


def _plain(rows: pd.DataFrame, identity: Sequence[str]) -> pd.DataFrame:
    return pd.DataFrame({name: rows[name].astype("str") for name in identity}).fillna("")
