"""How a query's answer leaves the program: a table for people, csv, json or parquet for programs."""

import io
import sys
from collections.abc import Sequence
from typing import Any

import typer

from alvh_core.errors import ContractError

FORMATS = ("table", "csv", "json", "parquet")


def check_format(output: str) -> None:
    """Refuse a format before anything is asked.

    Raises
    ------
    ContractError
        Not one of `FORMATS`, or Parquet to a terminal.
    """
    if output not in FORMATS:
        raise ContractError(f"--format: expected one of {', '.join(FORMATS)}, found {output!r}")
    if output == "parquet" and sys.stdout.isatty():
        raise ContractError(
            "--format parquet writes bytes; send them to a file: alvh query ... --format parquet > answer.parquet"
        )


def write_frame(frame: Any, output: str) -> None:
    """Write an answer to standard output.

    Parameters
    ----------
    frame : DataFrame
    output : {'table', 'csv', 'json', 'parquet'}

    Raises
    ------
    ContractError
        Another format, or columns that this format cannot hold.
    """
    check_format(output)
    if output == "table":
        typer.echo(as_text(frame))
    elif output == "csv":
        typer.echo(frame.to_csv(index=False, lineterminator="\n"), nl=False)
    else:
        typer.echo(_encoded(frame, output), nl=output == "json")


def _encoded(frame: Any, output: str) -> str | bytes:
    names = list(map(str, frame.columns))
    twice = sorted({name for name in names if names.count(name) > 1})
    if twice:
        raise ContractError(
            f"--format {output}: expected different column names, found {', '.join(twice)} twice; rename with `as`"
        )
    if output == "json":
        return str(frame.to_json(orient="records", date_format="iso", indent=1, double_precision=15))
    sink = io.BytesIO()
    frame.to_parquet(sink, index=False)
    return sink.getvalue()


def as_text(frame: Any) -> str:
    """Return a frame as aligned columns, as wide as they need to be, and the number of rows.

    Parameters
    ----------
    frame : DataFrame

    Returns
    -------
    str
        Numbers to the right, nulls blank.
    """
    columns = [_column(str(name), frame.iloc[:, at]) for at, name in enumerate(frame.columns)]
    return f"{aligned(columns)}\n{len(frame)} row{'s' if len(frame) != 1 else ''}"


def aligned(columns: Sequence[Sequence[str]]) -> str:
    """Return columns of text side by side; a cell that begins with a blank was aligned by the caller."""
    padded = [[cell.ljust(max(map(len, column))) for cell in column] for column in columns]
    return "\n".join("  ".join(row).rstrip() for row in zip(*padded, strict=True))


def _column(name: str, values: Any) -> list[str]:
    """Return a column's name and cells; numbers padded on the left to one width."""
    cells = [name, *("" if null else _cell(value) for value, null in zip(values, values.isna(), strict=True))]
    width = max(map(len, cells)) if values.dtype.kind in "iufb" else 0
    return [cell.rjust(width) for cell in cells]


def _cell(value: Any) -> str:
    return f"{value:.8g}" if isinstance(value, float) else " ".join(str(value).split())
