"""The data dictionary as Markdown, generated from the registry. `make docs` writes it; a test holds the file to it."""

from alvh_core.columns import ColumnSpec
from alvh_core.registry.spec import TableSpec
from alvh_core.schemas import TABLES

_HEAD = """# Data dictionary

Generated from `alvh_core/schemas.py` and `alvh_core/columns.py` by `make docs`; do not edit.
Tables at home in the *warehouse* answer `alvh query "..."`, tables of the *lake* answer `alvh query --lake "..."`.
Dates are ISO dates, instants are UTC, fractions are fractions (0.08 is 8 %), volatilities are annual and decimal.
**Bold** columns are the key; *may be empty* means the answer exists without it, and another column says why.
"""


def data_dictionary() -> str:
    """Return the dictionary of all tables, answers first.

    Returns
    -------
    str
        Markdown.
    """
    order = {"out": 0, "core": 1, "meta": 2}
    tables = sorted(TABLES.values(), key=lambda table: (order[table.name.split("_")[0]], table.name))
    return "\n".join([_HEAD, *(_section(table) for table in tables)])


def _section(table: TableSpec) -> str:
    rows = [_row(column, table) for column in table.columns]
    head = f"## `{table.name}`\n\n{table.description}. Home: {table.home}.\n"
    return "\n".join([head, "| column | type | unit | range | meaning |", "|---|---|---|---|---|", *rows, ""])


def _row(column: ColumnSpec, table: TableSpec) -> str:
    name = f"**`{column.name}`**" if column.name in table.key else f"`{column.name}`"
    meaning = column.description + (" *(may be empty)*" if table.is_nullable(column.name) else "")
    meaning += f" (source: {column.source})" if column.source else ""
    return f"| {name} | {column.dtype} | {column.unit} | {_range(column)} | {meaning.replace('|', chr(92) + '|')} |"


def _range(column: ColumnSpec) -> str:
    if column.allowed:
        return ", ".join(column.allowed)
    if column.minimum is None and column.maximum is None:
        return ""
    low = "" if column.minimum is None else f"{column.minimum:g}"
    high = "" if column.maximum is None else f"{column.maximum:g}"
    return f"{low} to {high}" if high else f"from {low}"
