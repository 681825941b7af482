"""SQL tables derived from the column registry, and frames turned into the plain values they take."""

from typing import Any

import pandas as pd
import sqlalchemy as sa

from alvh_core.errors import ContractError
from alvh_core.frames import conform
from alvh_core.registry.spec import WAREHOUSE, TableSpec
from alvh_core.schemas import TABLES

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


def records(frame: pd.DataFrame, spec: TableSpec) -> list[dict[str, Any]]:
    """Turn a frame into rows of plain values, ordered by key.

    Parameters
    ----------
    frame : DataFrame
    spec : TableSpec

    Returns
    -------
    list of dict
        Dates as `date`, instants as naive UTC `datetime`, numbers as Python numbers, nulls as None. What not every
        engine keeps is made the same for all: a negative zero, and the character NUL in a text.

    Raises
    ------
    ContractError
        A column is missing, cannot be cast, or has nulls it must not have.
    """
    columns = dict(conform(frame, spec).items())
    plain = {column.name: _plain(columns[column.name], column.dtype) for column in spec.columns}
    lost = [name for name, values in plain.items() if None in values and not spec.is_nullable(name)]
    if lost:
        raise ContractError(f"{spec.name}: expected no nulls in {', '.join(lost)}, found some")
    rows = [dict(zip(plain, row, strict=True)) for row in zip(*plain.values(), strict=True)]
    return sorted(rows, key=lambda row: [row[name] for name in spec.key])


def _plain(values: pd.Series, dtype: str) -> list[Any]:
    """Return a column's values as the database drivers take them."""
    if dtype == "float":
        return [None if value != value else value + 0.0 for value in values.tolist()]  # noqa: PLR0124 - NaN
    if dtype == "date":
        return list(values.to_numpy().astype("datetime64[D]").tolist())
    if dtype == "timestamp":
        return list(values.dt.tz_convert(None).to_numpy().astype("datetime64[us]").tolist())
    known = values.astype("object").where(values.notna(), None).tolist()
    if dtype in {"str", "category"}:
        return [value if value is None else value.replace("\0", "\N{REPLACEMENT CHARACTER}") for value in known]
    return known
