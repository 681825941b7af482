"""Splitting a night into what is published and what is quarantined, without losing or doubling a row.

Rules and their severities come from validation; here only the bookkeeping: every contract is either clean or rejected
once, at its gravest severity, with the reasons of that severity.
"""

from datetime import date

import numpy as np
import pandas as pd

from alvh_core import frames
from alvh_core.columns import SEVERITIES
from alvh_core.errors import FatalError
from alvh_core.forwards import EXPIRY
from alvh_core.schemas import META_QUARANTINE, TableSpec

_NIGHT = ["trade_date", "source_mode"]


def mark_rejects(
    quotes: pd.DataFrame, rows: pd.DataFrame, expiries: pd.DataFrame, underlyings: pd.DataFrame
) -> pd.DataFrame:
    """Mark every contract that a row, expiry or underlying rule takes out.

    Parameters
    ----------
    quotes : DataFrame
        `OPTION_QUOTES`.
    rows : DataFrame
        ``position``, ``severity``, ``reason``: one row per rejected position of ``quotes``.
    expiries, underlyings : DataFrame
        Suspended groups: `EXPIRY` or ``underlying``, with ``reason``.

    Returns
    -------
    DataFrame
        Aligned with ``quotes``: ``severity`` and ``reason``, both null for a clean contract.
    """
    severity = np.full(len(quotes), -1)
    reason = np.full(len(quotes), "", dtype=object)
    positions = rows["position"].to_numpy(dtype=np.int64)
    severity[positions] = SEVERITIES.index("row")
    reason[positions] = rows["reason"].to_numpy(dtype=object)
    for level, keys, groups in (("expiry", EXPIRY, expiries), ("underlying", ["underlying"], underlyings)):
        if len(groups):
            why = _group_reason(quotes, groups, keys)
            hit = why.notna().to_numpy()
            severity[hit] = SEVERITIES.index(level)
            reason[hit] = why[hit].to_numpy(dtype=object)
    names = np.array([*SEVERITIES, None], dtype=object)  # -1 is the last one: none
    reason[severity < 0] = None
    marks = {"severity": pd.Series(names[severity], dtype="str"), "reason": pd.Series(reason, dtype="str")}
    return pd.DataFrame(marks).set_axis(quotes.index)


def _group_reason(quotes: pd.DataFrame, groups: pd.DataFrame, keys: list[str]) -> pd.Series:
    as_text = {k: "str" for k in keys if k != "expiry_date"}
    left, right = quotes[keys].astype(as_text), groups[[*keys, "reason"]].astype(as_text)
    return left.merge(right.drop_duplicates(keys), on=keys, how="left")["reason"].set_axis(quotes.index)


def quarantine_entries(rejected: pd.DataFrame, dataset: str) -> pd.DataFrame:
    """Write rejected contracts down: row faults one by one, suspended groups once with their number of rows.

    Parameters
    ----------
    rejected : DataFrame
        Rejected `OPTION_QUOTES` with ``severity`` and ``reason``.
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
        groups = part.groupby([*_NIGHT, *keys, "payload_sha256", "severity", "reason"], observed=True)
        entry = groups.agg(rows_count=("row_position", "size"), row_position=("row_position", "min")).reset_index()
        name = entry[keys].astype("str").agg(" ".join, axis=1)
        parts.append(frames.conform(entry.assign(dataset=dataset, row_key=name), META_QUARANTINE))
    return frames.concat(parts, META_QUARANTINE)


def row_entries(rejected: pd.DataFrame, dataset: str, row_key: pd.Series) -> pd.DataFrame:
    """Write rejected rows down one by one, with their content.

    Parameters
    ----------
    rejected : DataFrame
        ``trade_date``, ``source_mode``, ``row_position``, ``payload_sha256``, ``severity``, ``reason`` and any others.
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
    content = rejected.drop(columns=["severity", "reason", "payload_sha256"])
    lines = content.to_json(orient="records", lines=True, date_format="iso").splitlines()
    entry = rejected.assign(dataset=dataset, row_key=row_key, rows_count=1, row_json=lines)
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
    night = rejects.assign(trade_date=pd.Timestamp(trade_date), source_mode=source_mode, severity="row")
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
