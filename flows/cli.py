"""The `alvh` command: thin, one function per command, heavy imports inside. The one exit boundary of the project."""

import os
import sys
import webbrowser
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Annotated, Any

import typer
from rich.console import Console
from rich.table import Table

from alvh_core.errors import AlvhError, ContractError

app = typer.Typer(add_completion=False, no_args_is_help=True, pretty_exceptions_enable=False,
                  help="Nightly evidence on the 4/4/2 VIX-call ladder: spreads, ladder signals, verdicts.")  # fmt: skip
EXIT_NO_DATA = 3


@app.command()
def nightly(
    day: Annotated[
        str | None, typer.Option("--date", help="Session, YYYY-MM-DD; default: the last one closed.")
    ] = None,
    source: Annotated[str | None, typer.Option(help="simulated, live, or recorded:PATH.")] = None,
    force: Annotated[bool, typer.Option(help="Compute a COMPLETE night again from what has landed.")] = False,
) -> None:
    """Run one night and print its verdicts."""
    settings = _prepare()
    from flows import wiring  # noqa: PLC0415 - seconds of imports
    from flows.nightly import nightly as flow  # noqa: PLC0415

    calendar = wiring.trading_calendar(settings.calendar_file)
    trade_date = _date(day) if day else calendar.last_closed(datetime.now(UTC))
    state = flow(trade_date=trade_date, source=source or settings.source, force=force, return_state=True)
    if state.is_failed() or state.is_crashed():
        state.result()
    if state.name != "Completed":
        Console(stderr=True).print(f"{state.name}: {state.message}")
    if state.name in {"Completed", "AlreadyComplete"}:
        mode = wiring.build_night(settings, trade_date, source or settings.source, "print").source_mode
        raise typer.Exit(_print_night(settings, trade_date, mode))


@app.command()
def report(
    day: Annotated[str | None, typer.Option("--date", help="Session; default: the night published last.")] = None,
    mode: Annotated[str | None, typer.Option(help="live, recorded or simulated.")] = None,
    open_it: Annotated[bool, typer.Option("--open", help="Open it in a browser.")] = False,
) -> None:
    """Print where a night's report is; --open shows it."""
    settings = _prepare()
    pattern = f"{_date(day) if day else '*'}-{mode or '*'}.html"
    pages = sorted(settings.reports_root.glob(pattern), key=lambda page: page.stat().st_mtime)
    if not pages:
        raise ContractError(
            f"expected a report {pattern} in {settings.reports_root}, found none; run `alvh nightly` first"
        )
    Console().print(str(pages[-1]), soft_wrap=True)
    if open_it:
        webbrowser.open(pages[-1].as_uri())


@app.command()
def query(
    sql: Annotated[str, typer.Argument(help="One read-only statement.")],
    output: Annotated[str, typer.Option("--format", help="table, csv, json or parquet.")] = "table",
    lake: Annotated[
        bool, typer.Option("--lake", help="Ask the Parquet lake (DuckDB) instead of the warehouse.")
    ] = False,
) -> None:
    """Ask the warehouse or the lake in SQL; nothing can be changed."""
    settings = _prepare()
    from flows.output import write_frame  # noqa: PLC0415 - pandas

    if lake:
        from tasks.lake.sql import query_lake  # noqa: PLC0415

        frame = query_lake(settings.lake_root, sql)
    else:
        from tasks.warehouse.repository import query_warehouse  # noqa: PLC0415

        frame = query_warehouse(settings.database_url, sql)
    write_frame(frame, output)


@app.command()
def doctor() -> None:
    """Check settings, stores and sources: what works, what does not, what to do."""
    settings = _prepare()
    from flows.doctor import examine  # noqa: PLC0415 - seconds of imports

    findings = examine(settings)
    table = Table("check", "", "found", "what to do", box=None)
    for finding in findings:
        table.add_row(finding.check, "[green]ok[/]" if finding.is_ok else "[red]no[/]", finding.found, finding.advice)
    Console().print(table)
    raise typer.Exit(0 if all(finding.is_ok or finding.is_optional for finding in findings) else 1)


def _prepare() -> Any:
    """Read the settings and give Prefect its own quiet home before it is imported."""
    from tasks.settings import load_settings  # noqa: PLC0415 - pydantic

    settings = load_settings()
    settings.prefect_home.mkdir(parents=True, exist_ok=True)
    defaults = {
        "PREFECT_HOME": str(settings.prefect_home), "DO_NOT_TRACK": "1", "PREFECT_SERVER_ANALYTICS_ENABLED": "false",
        "PREFECT_SERVER_EPHEMERAL_STARTUP_TIMEOUT_SECONDS": "120", "PREFECT_LOGGING_LEVEL": "WARNING",
    }  # fmt: skip
    for name, value in defaults.items():
        os.environ.setdefault(name, value)
    return settings


def _date(text: str) -> date:
    try:
        return date.fromisoformat(text)
    except ValueError as error:
        raise ContractError(f"--date: expected YYYY-MM-DD, found {text!r}") from error


def _print_night(settings: Any, trade_date: date, mode: str) -> int:
    """Print the verdict table, the data quality line and the report's path; return the exit code."""
    from alvh_core.summary import verdict_summary  # noqa: PLC0415
    from tasks.warehouse.repository import Warehouse, query_warehouse  # noqa: PLC0415

    warehouse = Warehouse(settings.database_url)
    rows = verdict_summary(warehouse.night(mode, trade_date))
    warehouse.close()
    nights = query_warehouse(settings.database_url, "select * from meta_nights").query(
        "trade_date == @trade_date.isoformat() and source_mode == @mode"
    )
    night = nights.iloc[-1]
    console = Console()
    table = Table(*rows[0].keys(), box=None, title=f"{trade_date} · {mode.upper()}") if rows else Table()
    for row in rows:
        table.add_row(*row.values())
    console.print(table)
    console.print(f"{night.rows_in_count} contracts in = {night.rows_published_count} published + "
                  f"{night.rows_quarantined_count} quarantined; outcome {night.outcome}"
                  + (f": {night.reason}" if night.reason else ""))  # fmt: skip
    console.print(f"report: {Path(settings.reports_root) / f'{trade_date}-{mode}.html'}", soft_wrap=True)
    return 0 if night.outcome == "OK" else EXIT_NO_DATA


def main() -> None:
    """Run the command; our own errors print without a traceback."""
    try:
        app()
    except AlvhError as error:
        Console(stderr=True).print(f"[red]{type(error).__name__}[/]: {error}", soft_wrap=True, highlight=False)
        sys.exit(2)


if __name__ == "__main__":
    main()
