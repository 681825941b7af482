"""The boundary normaliser: any frame to exactly the columns, order and types its table says.

Everything stored or validated passes here once. Rules about values are expectations, not casts.
"""

from collections.abc import Iterable

import pandas as pd

from alvh_core.columns import ColumnSpec
from alvh_core.errors import ContractError
from alvh_core.schemas import TableSpec

_PANDAS = {
    "date": "datetime64[s]",
    "timestamp": "datetime64[us, UTC]",
    "str": "str",
    "float": "float64",
    "bool": "bool",
}


def conform(frame: pd.DataFrame, table: TableSpec) -> pd.DataFrame:
    """Return the frame with exactly the table's columns, in order, in its types.

    Parameters
    ----------
    frame : DataFrame
        May hold further columns; they are dropped.
    table : TableSpec

    Returns
    -------
    DataFrame
        New frame with a fresh index. A nullable column the frame lacks is added empty.

    Raises
    ------
    ContractError
        A required column is missing or cannot be cast; the message names table and column.
    """
    missing = [name for name in table.names if name not in frame and not table.is_nullable(name)]
    if missing:
        raise ContractError(f"{table.name}: expected columns {missing}, found {list(frame.columns)}")
    cast = {spec.name: _cast(frame, spec, table) for spec in table.columns}
    return pd.DataFrame(cast, index=frame.index).reset_index(drop=True)


def empty(table: TableSpec) -> pd.DataFrame:
    """Return a frame of the table's columns and types without rows."""
    return conform(pd.DataFrame({name: [] for name in table.names}), table)


def concat(frames: Iterable[pd.DataFrame], table: TableSpec) -> pd.DataFrame:
    """Stack frames of one table, keeping its types; no frames give an empty one.

    Parameters
    ----------
    frames : iterable of DataFrame
    table : TableSpec

    Returns
    -------
    DataFrame
    """
    parts = [part for part in frames if len(part)]
    if not parts:
        return empty(table)
    stacked = {}
    for spec in table.columns:
        columns = [part[spec.name] for part in parts]
        if spec.dtype == "category":  # concat of unlike categories would fall back to objects
            stacked[spec.name] = pd.Series(pd.api.types.union_categoricals(columns, sort_categories=True))
        else:
            stacked[spec.name] = pd.concat(columns, ignore_index=True)
    return pd.DataFrame(stacked)


def _cast(frame: pd.DataFrame, spec: ColumnSpec, table: TableSpec) -> pd.Series:
    if spec.name not in frame:
        values = pd.Series(None, index=frame.index, dtype="object")
    else:
        values = frame[spec.name]
    try:
        if spec.dtype == "category":
            is_category = isinstance(values.dtype, pd.CategoricalDtype) and values.cat.categories.dtype == "str"
            return values if is_category else values.astype("str").astype("category")
        if spec.dtype == "int":
            return values.astype("Int64" if table.is_nullable(spec.name) else "int64")
        if spec.dtype == "bool" and table.is_nullable(spec.name):
            return values.astype("boolean")
        if spec.dtype == "timestamp":
            return pd.to_datetime(values, utc=True).astype(_PANDAS["timestamp"])
        if spec.dtype == "date":
            return pd.to_datetime(values).astype(_PANDAS["date"])
        return values.astype(_PANDAS[spec.dtype])
    except (TypeError, ValueError) as error:
        raise ContractError(
            f"{table.name}.{spec.name}: expected {spec.dtype}, found {values.dtype}: {error}"
        ) from error
