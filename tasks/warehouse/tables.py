"""SQL tables derived from the column registry, and frames turned into the plain values they take, and back."""

from collections.abc import Sequence
from typing import Any

import numpy as np
import pandas as pd
import sqlalchemy as sa

from alvh_core.errors import ContractError
from alvh_core.frames import conform, dtypes
from alvh_core.registry.spec import WAREHOUSE, TableSpec
from alvh_core.schemas import TABLES

Columns = dict[str, list[Any]]  # by name; of one length

METADATA = sa.MetaData()
# Byte order on every server: its locale must neither order the answers nor, when it is upgraded, break their indexes.
_TEXT = sa.Text().with_variant(sa.Text(collation="C"), "postgresql")
_TYPES: dict[str, sa.types.TypeEngine[Any]] = {
    "date": sa.Date(), "timestamp": sa.DateTime(), "str": _TEXT, "category": _TEXT, "float": sa.Double(),
    "int": sa.BigInteger(), "bool": sa.Boolean(),
}  # fmt: skip


def _sql_table(spec: TableSpec) -> sa.Table:
    columns = [
        sa.Column(c.name, _TYPES[c.dtype], primary_key=c.name in spec.key, nullable=spec.is_nullable(c.name),
                  autoincrement=False, comment=c.description)
        for c in spec.columns
    ]  # fmt: skip
    return sa.Table(spec.name, METADATA, *columns, comment=spec.description)


SQL_TABLES: dict[str, sa.Table] = {name: _sql_table(spec) for name, spec in TABLES.items() if spec.home == WAREHOUSE}


def plain_columns(frame: pd.DataFrame, spec: TableSpec) -> Columns:
    """Turn a frame into columns of plain values, ordered by key.

    Parameters
    ----------
    frame : DataFrame
    spec : TableSpec

    Returns
    -------
    dict of str to list
        Dates as `date`, instants as naive UTC `datetime`, numbers as Python numbers, nulls as None. What not every
        engine keeps is made the same for all: a negative zero, and the character NUL in a text.

    Raises
    ------
    ContractError
        A column is missing, cannot be cast, or has nulls it must not have.
    """
    conformed = conform(frame, spec)
    plain = {column.name: _plain(conformed[column.name], column.dtype) for column in spec.columns}
    lost = [name for name, values in plain.items() if not spec.is_nullable(name) and None in values]
    if lost:
        raise ContractError(f"{spec.name}: expected no nulls in {', '.join(lost)}, found some")
    keys = list(zip(*(plain[name] for name in spec.key), strict=True))
    order = sorted(range(len(keys)), key=keys.__getitem__)
    return {name: [values[at] for at in order] for name, values in plain.items()}


def typed_frame(rows: Sequence[Sequence[Any]], spec: TableSpec) -> pd.DataFrame:
    """Turn rows of plain values, in the order of the table's columns, into its frame: the way back.

    Raises
    ------
    ContractError
        A value is not of its column's type: the table was written by something else.
    """
    columns = zip(*rows, strict=True) if rows else [()] * len(spec.names)
    typed = {}
    for (name, dtype), values in zip(dtypes(spec).items(), columns, strict=True):
        try:
            typed[name] = _typed(values, dtype)
        except (TypeError, ValueError) as error:
            raise ContractError(f"{spec.name}.{name}: expected {dtype} in the warehouse, found {error}") from error
    return pd.DataFrame(typed)


def _plain(values: pd.Series, dtype: str) -> list[Any]:
    """Return a column's values as the database drivers take them."""
    if dtype == "float":
        return [None if value != value else value for value in (values.to_numpy() + 0.0).tolist()]  # noqa: PLR0124 - NaN
    if dtype == "date":
        return list(values.to_numpy().astype("datetime64[D]").tolist())
    if dtype == "timestamp":
        return list(values.dt.tz_convert(None).to_numpy().astype("datetime64[us]").tolist())
    if dtype == "category":  # few names, many rows; the code of a null is -1, the last place
        names = np.array([*map(_storable, values.cat.categories), None], dtype="object")
        return list(names[values.cat.codes.to_numpy()].tolist())
    known = values.array.to_numpy(dtype="object", na_value=None).tolist()
    return [value if value is None else _storable(value) for value in known] if dtype == "str" else list(known)


def _storable(text: str) -> str:
    return text.replace("\0", "\N{REPLACEMENT CHARACTER}")


def _typed(values: Sequence[Any], dtype: Any) -> Any:
    if isinstance(dtype, pd.CategoricalDtype):  # few names, many rows
        codes, names = pd.factorize(np.array(values, dtype="object"), sort=True)
        return pd.Categorical.from_codes(codes, categories=pd.Index(names, dtype="str"))
    masked: Any = {"int64": "Int64", "bool": "boolean"}.get(str(dtype))
    if masked is not None:  # refuses fractions and nulls, which numpy would cut off or call false
        return pd.array(values, dtype=masked).to_numpy(dtype=dtype)
    return np.array(values, dtype=dtype) if dtype == "float64" else pd.array(values, dtype=dtype)
