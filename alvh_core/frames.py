"""The boundary normaliser: any frame to exactly the columns, order and types its table says.

Everything stored or validated passes here once. Rules about values are expectations, not casts.
"""

from collections.abc import Iterable, Mapping, Sequence
from datetime import date
from functools import cache
from types import MappingProxyType
from typing import Any

import numpy as np
import pandas as pd

from alvh_core.columns import ColumnSpec
from alvh_core.errors import ContractError
from alvh_core.registry.spec import TableSpec

# For the whole process, before any frame is made. Most frames here have some hundred rows, on which a step on texts of
# Arrow costs more than the work; the few long columns of texts are written and read, hardly ever computed with.
pd.set_option("mode.string_storage", "python")

_PANDAS: dict[str, Any] = {  # names that the stubs cannot take from a variable
    "date": "datetime64[s]",
    "timestamp": "datetime64[us, UTC]",
    "str": "str",
    "float": "float64",
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
        A required column is missing or cannot be cast, or a date has a time of day; the message names table and
        column.
    """
    found = dict(zip(frame.columns, frame.dtypes, strict=True))
    missing = [name for name in table.names if name not in found and not table.is_nullable(name)]
    if missing:
        raise ContractError(f"{table.name}: expected columns {missing}, found {list(frame.columns)}")
    target = dtypes(table)
    right = {name for name, dtype in target.items() if name in found and _is(found[name], dtype)}
    is_plain = frame.columns.is_unique and frame.columns.name is None
    if is_plain and len(right) == len(target):  # most frames come right
        plain = frame if list(found) == list(target) else frame[list(target)]
        return _without_times(plain, table).reset_index(drop=True)
    cast = {spec.name: frame[spec.name] if spec.name in right else _cast(frame, spec, table) for spec in table.columns}
    return _without_times(pd.DataFrame(cast, index=frame.index), table).reset_index(drop=True)


def of_night(rows: pd.DataFrame, table: TableSpec, trade_date: date, source_mode: str) -> pd.DataFrame:
    """Return rows of a night as its table has them; no rows, even without columns, give an empty one."""
    if rows.empty:
        return empty(table)
    return conform(rows.assign(trade_date=pd.Timestamp(trade_date), source_mode=source_mode), table)


def _without_times(frame: pd.DataFrame, table: TableSpec) -> pd.DataFrame:
    """Refuse a date with a time of day: it would equal no other date."""
    for name in (spec.name for spec in table.columns if spec.dtype == "date"):
        days = frame[name].to_numpy()
        timed = (days != days.astype("datetime64[D]")) & ~np.isnat(days)
        if timed.any():
            raise ContractError(f"{table.name}.{name}: expected dates, found a time of day, {days[timed][0]}; leave it "
                                "out, or give the session's date")  # fmt: skip
    return frame


def empty(table: TableSpec) -> pd.DataFrame:
    """Return a frame of the table's columns and types without rows."""
    return _empty(table).copy(deep=False)


@cache
def _empty(table: TableSpec) -> pd.DataFrame:
    return conform(pd.DataFrame({name: [] for name in table.names}), table)


@cache
def dtypes(table: TableSpec) -> Mapping[str, Any]:
    """Return the types of a table's columns as pandas has them; a category is any whose names are strings."""
    masked = {"int": "Int64", "bool": "boolean"}
    plain = {**_PANDAS, "category": "category", "int": "int64", "bool": "bool"}
    return MappingProxyType({
        spec.name: pd.api.types.pandas_dtype((plain | masked if table.is_nullable(spec.name) else plain)[spec.dtype])
        for spec in table.columns
    })  # fmt: skip


def _is(found: Any, target: Any) -> bool:
    if isinstance(target, pd.CategoricalDtype):
        return isinstance(found, pd.CategoricalDtype) and found.categories.dtype == "str"
    return bool(found == target)


def concat(frames: Iterable[pd.DataFrame], table: TableSpec) -> pd.DataFrame:
    """Stack frames of one table, keeping its types; no frames give an empty one."""
    parts = [part for part in frames if len(part)]
    if not parts:
        return empty(table)
    categories = [spec.name for spec in table.columns if spec.dtype == "category"]
    plain = [name for name in table.names if name not in categories]
    stacked: dict[Any, Any] = dict(pd.concat([part[plain] for part in parts], ignore_index=True).items())
    for name in categories:  # concat of unlike categories would fall back to objects
        stacked[name] = pd.api.types.union_categoricals([part[name] for part in parts], sort_categories=True)
    return pd.DataFrame({name: stacked[name] for name in table.names}, copy=False)  # all of it is new


def narrowed(tables: Mapping[str, pd.DataFrame], column: str, value: str) -> dict[str, pd.DataFrame]:
    """Return the tables with the rows of one value, where they have the column.

    Parameters
    ----------
    tables : mapping of str to DataFrame
    column : str
        e.g. ``profile``.
    value : str
    """
    return {
        name: frame[frame[column] == value].reset_index(drop=True) if column in frame else frame
        for name, frame in tables.items()
    }


def as_text(frame: pd.DataFrame) -> pd.DataFrame:
    """Return categories as text: those of two nights do not compare."""
    categories = frame.select_dtypes("category").columns
    return frame.astype(dict.fromkeys(categories, "str"))


def only(frame: pd.DataFrame, columns: Sequence[str], name: str, value: str) -> pd.DataFrame:
    """Return some columns of the rows that have one value."""
    return frame.loc[frame[name] == value, list(columns)]


def joined(frame: pd.DataFrame, names: Sequence[str]) -> pd.Series:
    """Return the texts of some columns in one, with a space between them."""
    first, *others = (frame[name].astype("str") for name in names)
    for text in others:
        first = first + " " + text
    return first


def as_mapping(frame: pd.DataFrame, key: str | list[str], value: str) -> dict[Any, float]:
    """Return a column of numbers by one key, or by a tuple of several."""
    names = frame[key].astype("str")
    keys = names if isinstance(key, str) else names.itertuples(index=False, name=None)
    return dict(zip(keys, frame[value].astype("float64"), strict=True))


def before(frame: pd.DataFrame, day: date) -> pd.DataFrame:
    """Return the rows of nights before a date."""
    return frame[frame["trade_date"] < pd.Timestamp(day)]


def _cast(frame: pd.DataFrame, spec: ColumnSpec, table: TableSpec) -> pd.Series:
    has_column = spec.name in frame
    values = frame[spec.name] if has_column else pd.Series(None, index=frame.index, dtype="object")
    try:
        return _converted(values, spec.dtype, is_nullable=table.is_nullable(spec.name))
    except (TypeError, ValueError) as error:
        raise ContractError(
            f"{table.name}.{spec.name}: expected {spec.dtype}, found {values.dtype}: {error}"
        ) from error


def _converted(values: pd.Series, dtype: str, *, is_nullable: bool) -> pd.Series:
    if dtype == "category":
        is_category = isinstance(values.dtype, pd.CategoricalDtype) and values.cat.categories.dtype == "str"
        return values if is_category else values.astype("str").astype("category")
    if dtype == "timestamp":
        values = pd.to_datetime(values, utc=True, format="ISO8601")  # whole seconds may stand beside fractions
    if dtype == "date":
        values = pd.to_datetime(values)
    if dtype == "int":
        whole = values.astype("Int64")  # refuses fractions, which a plain cast would cut off
        return whole if is_nullable else whole.astype("int64")
    if dtype == "bool":
        known = values.astype("boolean")  # keeps a null apart, which a plain cast would call true
        return known if is_nullable else known.astype("bool")
    plain: pd.Series = values.astype(_PANDAS[dtype])
    return plain
