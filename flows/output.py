"""How a query's answer leaves the program: a table for people, csv, json or parquet for programs."""

import sys
from typing import Any

import typer
from rich.console import Console
from rich.table import Table

from alvh_core.errors import ContractError

FORMATS = ("table", "csv", "json", "parquet")


def write_frame(frame: Any, output: str) -> None:
    """Write an answer to standard output.

    Parameters
    ----------
    frame : DataFrame
    output : {'table', 'csv', 'json', 'parquet'}

    Raises
    ------
    ContractError
        Another format, or Parquet to a terminal.
    """
    if output not in FORMATS:
        raise ContractError(f"--format: expected one of {', '.join(FORMATS)}, found {output!r}")
    if output == "csv":
        frame.to_csv(sys.stdout, index=False)
    elif output == "json":
        typer.echo(frame.to_json(orient="records", date_format="iso", indent=1))
    elif output == "parquet":
        if sys.stdout.isatty():
            raise ContractError(
                "--format parquet writes bytes; send them to a file: alvh query ... --format parquet > answer.parquet"
            )
        sys.stdout.buffer.write(frame.to_parquet(index=False))
    else:
        _table(frame)


def _table(frame: Any) -> None:
    table = Table(*map(str, frame.columns), box=None)
    for row in frame.itertuples(index=False):
        table.add_row(*(_cell(value) for value in row))
    console = Console()
    console.print(table)
    console.print(f"{len(frame)} rows")


def _cell(value: Any) -> str:
    if value is None or value != value:  # noqa: PLR0124 - NaN is the value that differs from itself
        return ""
    return f"{value:.6g}" if isinstance(value, float) else str(value)
