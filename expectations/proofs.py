"""Rules that a plain look at the columns proves: then there is nothing left for the engine to find.

A proof says that every row keeps the rule, and how many rows it looked at, in the engine's own count. What is not
proven goes to the engine, which alone says which rows break a rule. When proofs come first is said in
`expectations.runner`; that both ways agree is tested rule by rule.
"""

import re
from collections.abc import Callable

import numpy as np
import pandas as pd

from expectations.laws import LAWS
from expectations.rules import Rule


def proven_count(rule: Rule, frame: pd.DataFrame) -> int | None:
    """Return the rows a rule was looked at on, if it holds on all of them; None if that is not proven.

    Parameters
    ----------
    rule : Rule
    frame : DataFrame
        As for the engine: conforming, its index counts rows from 0.

    Returns
    -------
    int or None
    """
    return _PROOFS[rule.kind](rule, frame)


def _row_count(rule: Rule, frame: pd.DataFrame) -> int | None:
    return len(frame) if len(frame) >= rule.arguments["minimum"] else None


def _not_null(rule: Rule, frame: pd.DataFrame) -> int | None:
    return len(frame) if not frame[rule.columns[0]].hasnans else None


def _between(rule: Rule, frame: pd.DataFrame) -> int | None:
    values = frame[rule.columns[0]]
    count = int(values.count())
    if not count:
        return 0
    low, high = rule.arguments["low"], rule.arguments["high"]  # the extremes leave nulls out
    is_high = high is None or (values.max() < high if rule.arguments["is_below"] else values.max() <= high)
    return count if (low is None or values.min() >= low) and is_high else None


def _in_set(rule: Rule, frame: pd.DataFrame) -> int | None:
    codes, distinct = frame[rule.columns[0]].array.factorize()  # a null has no code
    return int((codes >= 0).sum()) if set(distinct.tolist()) <= set(rule.arguments["allowed"]) else None


def _matches(rule: Rule, frame: pd.DataFrame) -> int | None:
    codes, distinct = frame[rule.columns[0]].array.factorize()  # a null has no code
    pattern = re.compile(rule.arguments["pattern"])
    return int((codes >= 0).sum()) if all(map(pattern.match, distinct.tolist())) else None


def _unique(rule: Rule, frame: pd.DataFrame) -> int | None:
    names = list(rule.columns)
    values = frame[names] if len(names) > 1 else frame[names].dropna()
    return len(values) if not values.duplicated().any() else None


def _at_least(rule: Rule, frame: pd.DataFrame) -> int | None:
    larger, smaller = (frame[name] for name in rule.columns)
    both = larger.notna() & smaller.notna()
    holds = (larger[both].to_numpy() >= smaller[both].to_numpy()).all()
    return int(both.sum()) if bool(holds) else None


def _law(rule: Rule, frame: pd.DataFrame) -> int | None:
    obeyed = LAWS[rule.arguments["law"]](frame[list(rule.columns)], **rule.arguments["settings"]).astype(bool)
    return len(frame) if bool(np.all(obeyed)) else None


_PROOFS: dict[str, Callable[[Rule, pd.DataFrame], int | None]] = {
    "row_count": _row_count, "not_null": _not_null, "between": _between, "in_set": _in_set, "matches": _matches,
    "unique": _unique, "at_least": _at_least, "law": _law,
}  # fmt: skip
