"""SQL tables derived from the column registry, and frames turned into the plain values they take."""

from typing import Any

import pandas as pd
import sqlalchemy as sa

from alvh_core.errors import ContractError
from alvh_core.frames import conform
from alvh_core.schemas import TABLES, WAREHOUSE, TableSpec

METADATA = sa.MetaData()
_TYPES: dict[str, type[sa.types.TypeEngine[Any]]] = {
    "date": sa.Date, "timestamp": sa.DateTime, "str": sa.Text, "category": sa.Text, "float": sa.Double,
    "int": sa.BigInteger, "bool": sa.Boolean,
}  # fmt: skip


def _sql_table(spec: TableSpec) -> sa.Table:
    columns = [
        sa.Column(c.name, _TYPES[c.dtype](), primary_key=c.name in spec.key, nullable=spec.is_nullable(c.name),
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
        Dates as `date`, instants as naive UTC `datetime`, numbers as Python numbers, nulls as None.

    Raises
    ------
    ContractError
        A column is missing, cannot be cast, or has nulls it must not have.
    """
    rows = conform(frame, spec)
    by_name = {name: rows[name].astype("str") for name in spec.key if isinstance(rows[name].dtype, pd.CategoricalDtype)}
    rows = rows.loc[rows.assign(**by_name).sort_values(list(spec.key), kind="stable").index]
    lost = [name for name in spec.names if not spec.is_nullable(name) and rows[name].isna().any()]
    if lost:
        raise ContractError(f"{spec.name}: expected no nulls in {', '.join(lost)}, found some")
    plain = {}
    for column in spec.columns:
        values = rows[column.name]
        if column.dtype == "date":
            converted = values.dt.date.astype("object")
        elif column.dtype == "timestamp":
            naive = values.dt.tz_convert("UTC").dt.tz_localize(None)
            converted = pd.Series(list(naive.dt.to_pydatetime()), index=values.index, dtype="object")
        else:
            converted = values.astype("object")
        plain[column.name] = [None if null else value for value, null in zip(converted, values.isna(), strict=True)]
    return [dict(zip(plain, row, strict=True)) for row in zip(*plain.values(), strict=True)]
