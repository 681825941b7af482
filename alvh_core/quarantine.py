"""Splitting a night into what is published and what is quarantined, without losing or doubling a row.

Rules and their severities come from validation; here only the bookkeeping: every contract is either clean or rejected
once, at its gravest severity, with the reasons of that severity.
"""

from datetime import date
from typing import Any

import numpy as np
import pandas as pd

from alvh_core import frames
from alvh_core.errors import FatalError
from alvh_core.forwards import EXPIRY
from alvh_core.registry.spec import TableSpec
from alvh_core.schemas import META_QUARANTINE

MARKS = ("severity", "rule_name", "reason", "observed")
_NIGHT = ["trade_date", "source_mode"]
_TEXT_LIMIT = 60


def mark_rejects(
    quotes: pd.DataFrame, rows: pd.DataFrame, expiries: pd.DataFrame, underlyings: pd.DataFrame
) -> pd.DataFrame:
    """Mark every contract that a row, expiry or underlying rule takes out.

    Parameters
    ----------
    quotes : DataFrame
        `OPTION_QUOTES`.
    rows : DataFrame
        ``position`` and `MARKS`: one row per rejected position of ``quotes``.
    expiries, underlyings : DataFrame
        Suspended groups: `EXPIRY` or ``underlying``, with the `MARKS` but their severity, which is the group's.

    Returns
    -------
    DataFrame
        Aligned with ``quotes``: `MARKS`, all null for a clean contract.
    """
    marks = rows.set_index("position")[list(MARKS)].reindex(range(len(quotes))).astype("object")
    marks["severity"] = marks["severity"].mask(marks["severity"].notna(), "row")
    for level, keys, groups in (("expiry", EXPIRY, expiries), ("underlying", ["underlying"], underlyings)):
        if len(groups):
            found = _group_marks(quotes, groups.assign(severity=level), keys)
            hit = found["severity"].notna()
            marks[hit] = found[hit]
    return marks.astype("str").set_axis(quotes.index)


def _group_marks(quotes: pd.DataFrame, groups: pd.DataFrame, keys: list[str]) -> pd.DataFrame:
    as_text = {k: "str" for k in keys if k != "expiry_date"}
    left, right = quotes[keys].astype(as_text), groups[[*keys, *MARKS]].astype(as_text)
    return left.merge(right.drop_duplicates(keys), on=keys, how="left")[list(MARKS)]


def observed(values: pd.DataFrame) -> pd.Series:
    """Write what a rule saw, e.g. ``ask_usd=1.1, bid_usd=1.2``.

    Parameters
    ----------
    values : DataFrame
        The columns the rule looks at.

    Returns
    -------
    Series of str
        Aligned with the rows. Every distinct value is written once, so that millions of rows take seconds.

    Examples
    --------
    >>> observed(pd.DataFrame({"ask_usd": [1.1, None], "bid_usd": [1.25, 0.0]})).tolist()
    ['ask_usd=1.1, bid_usd=1.25', 'ask_usd is missing, bid_usd=0']
    """
    text = pd.Series("", index=values.index, dtype="str")
    for at, name in enumerate(values):
        text = text + (", " if at else "") + _named(str(name), values[name])
    return text


def _named(name: str, values: pd.Series) -> pd.Series:
    codes, distinct = pd.factorize(values)
    words = pd.array([*(f"{name}={_word(value)}" for value in distinct), f"{name} is missing"], dtype="str")
    return pd.Series(words.take(np.where(codes < 0, len(distinct), codes)), index=values.index)


def _word(value: Any) -> str:
    if isinstance(value, pd.Timestamp):
        return value.strftime("%Y-%m-%d" if value == value.normalize() else "%Y-%m-%d %H:%M:%S")
    if isinstance(value, float):
        return f"{value:.8g}"
    text = str(value)
    return text if len(text) <= _TEXT_LIMIT else f"{text[:_TEXT_LIMIT]}..."


def quarantine_entries(rejected: pd.DataFrame, dataset: str) -> pd.DataFrame:
    """Write rejected contracts down: row faults one by one, suspended groups once with their number of rows.

    Parameters
    ----------
    rejected : DataFrame
        Rejected `OPTION_QUOTES` with `MARKS`.
    dataset : str

    Returns
    -------
    DataFrame
        `META_QUARANTINE`; ``rows_count`` sums to the rows given.
    """
    single = rejected[rejected["severity"] == "row"]
    parts = [row_entries(single, dataset, single["osi_symbol"])]
    for level, keys in (("expiry", EXPIRY), ("underlying", ["underlying"])):
        part = rejected[rejected["severity"] == level]
        if part.empty:
            continue
        part = part.assign(symbol=part["underlying"])
        names = [*_NIGHT, *dict.fromkeys([*keys, "symbol", "payload_sha256", *MARKS])]
        groups = part.groupby(names, observed=True)
        entry = groups.agg(rows_count=("row_position", "size"), row_position=("row_position", "min")).reset_index()
        named = entry.assign(dataset=dataset, row_key=frames.joined(entry, keys))
        parts.append(frames.conform(named, META_QUARANTINE))
    return frames.concat(parts, META_QUARANTINE)


def row_entries(rejected: pd.DataFrame, dataset: str, row_key: pd.Series) -> pd.DataFrame:
    """Write rejected rows down one by one, with their content.

    Parameters
    ----------
    rejected : DataFrame
        ``trade_date``, ``source_mode``, ``row_position``, ``payload_sha256``, `MARKS` and any others; whose row it is
        stands in ``symbol`` or ``underlying``, if anywhere.
    dataset : str
    row_key : Series
        Aligned with ``rejected``.

    Returns
    -------
    DataFrame
        `META_QUARANTINE`.
    """
    if rejected.empty:
        return frames.empty(META_QUARANTINE)
    content = rejected.drop(columns=[*MARKS, "payload_sha256"])
    lines = content.to_json(orient="records", lines=True, date_format="iso").splitlines()
    symbol = rejected.get("symbol", rejected.get("underlying"))
    entry = rejected.assign(dataset=dataset, row_key=row_key, rows_count=1, row_json=lines, symbol=symbol)
    return frames.conform(entry, META_QUARANTINE)


def unkeyed_entries(rejects: pd.DataFrame, dataset: str, trade_date: date, source_mode: str) -> pd.DataFrame:
    """Write rows down that could not even be keyed: no OCC symbol, or a root without a settlement rule.

    Parameters
    ----------
    rejects : DataFrame
        From `alvh_core.quotes.normalise_quotes`: wire columns, ``reason``, ``payload_sha256``.
    dataset : str
    trade_date : date
    source_mode : str

    Returns
    -------
    DataFrame
        `META_QUARANTINE`.
    """
    code, seen = rejects["reason"].str.split(":").str[0], observed(rejects[["option"]])
    night = rejects.assign(trade_date=pd.Timestamp(trade_date), source_mode=source_mode, severity="row",
                           rule_name=code, observed=seen)  # fmt: skip
    return row_entries(night, dataset, rejects["option"].astype("str"))


def settle(clean_count: int, rejected_count: int, in_count: int, table: TableSpec) -> None:
    """Assert that rows in = rows published + rows quarantined.

    Raises
    ------
    FatalError
        A row was lost or counted twice.
    """
    if clean_count + rejected_count != in_count:
        raise FatalError(f"{table.name}: {in_count} rows in, but {clean_count} published + {rejected_count} "
                         "quarantined; nothing is published")  # fmt: skip
