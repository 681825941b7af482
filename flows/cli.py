"""The `alvh` command: thin, one function per command, heavy imports inside. The one exit boundary of the project."""

import sys
import webbrowser
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Annotated, Any

import typer

from alvh_core.columns import SOURCE_MODES
from alvh_core.errors import AbsentNightError, AlvhError, ContractError
from flows import alerts, operate
from flows.meant import MODE_HELP, session_meant, tell_other_modes
from flows.output import aligned, check_format, write_frame
from flows.start import EXIT_FAILED, EXIT_NO_DATA, EXIT_USAGE, parse_date, prepare, show_stages
from flows.stop import as_typed, stoppable

app = typer.Typer(add_completion=False, no_args_is_help=True, pretty_exceptions_enable=False,
                  help="Nightly evidence on the 4/4/2 VIX-call ladder: spreads, ladder signals, verdicts.")  # fmt: skip
operate.mount(app)
app.add_typer(alerts.app, name="alert")


@app.command()
def nightly(
    day: Annotated[
        str | None, typer.Option("--date", help="Session, YYYY-MM-DD, live one that is over; default: the last one.")
    ] = None,
    source: Annotated[str | None, typer.Option(help="simulated, live, recorded:PATH, or imported[:HISTORIES].")] = None,
    force: Annotated[bool, typer.Option(help="Compute a COMPLETE night again from what has landed.")] = False,
) -> None:
    """Run one night and print its verdicts."""
    settings, wanted = prepare(), parse_date(day) if day else None
    from flows import wiring  # noqa: PLC0415 - seconds of imports
    from flows.nightly import nightly as flow  # noqa: PLC0415

    calendar = wiring.trading_calendar(settings.calendar_file)
    trade_date = wanted or calendar.last_closed(datetime.now(UTC))
    night = None
    if calendar.is_session(trade_date):  # a wrong source or date is told before a server starts
        night = wiring.build_night(settings, trade_date, source or settings.source, "check")
        if night.source_mode == "live":
            wiring.check_over(calendar, trade_date, datetime.now(UTC))
    show_stages()
    state = stoppable(
        lambda: flow(trade_date=trade_date, source=source or settings.source, force=force, return_state=True),
        lambda _: as_typed("nightly", {"date": trade_date, "source": source, "force": force}),
    )
    if state.is_failed() or state.is_crashed():
        state.result()
    if state.name != "Completed":
        typer.echo(f"{state.name}: {state.message}", err=True)
    if state.name == "AlreadyRunning":  # still, after an hour: nobody knows yet whether it will be published
        raise typer.Exit(EXIT_FAILED)
    if night is not None and state.name in {"Completed", "AlreadyComplete"}:
        raise typer.Exit(_print_night(settings, trade_date, night.source_mode))


@app.command()
def report(
    day: Annotated[str | None, typer.Option("--date", help="Session; default: the night published last.")] = None,
    mode: Annotated[str | None, typer.Option(help=MODE_HELP)] = None,
    open_it: Annotated[bool, typer.Option("--open", help="Open it in a browser.")] = False,
    gx_pages: Annotated[
        bool, typer.Option("--data-docs", help="Build Great Expectations' pages too; they load scripts from the web.")
    ] = False,
) -> None:
    """Print where a night's report is; --open shows it."""
    settings = prepare()
    if mode not in {None, *SOURCE_MODES}:
        raise ContractError(f"--mode: expected {', '.join(SOURCE_MODES)}, found {mode!r}")
    trade_date = parse_date(day) if day else None
    from tasks.warehouse.published import published_night  # noqa: PLC0415 - SQLAlchemy

    with session_meant(settings, trade_date):  # the ledger knows what is current, files do not
        night = published_night(settings.query_url, trade_date, mode)
    tell_other_modes(settings, trade_date, mode, night.source_mode)
    page = settings.reports_root / f"{night.trade_date}-{night.source_mode}.html"
    if not page.is_file():
        from flows.reports import report_night  # noqa: PLC0415 - seconds of imports

        page = Path(report_night(night.trade_date, night.source))
    typer.echo(page)
    if gx_pages:
        from flows.data_docs import data_docs  # noqa: PLC0415 - seconds of imports

        typer.echo(data_docs(settings, night.trade_date, night.source_mode))
    if open_it:
        webbrowser.open(page.absolute().as_uri())


@app.command()
def query(
    sql: Annotated[str, typer.Argument(help="One read-only statement.")],
    output: Annotated[str, typer.Option("--format", help="table, csv, json or parquet.")] = "table",
    lake: Annotated[
        bool, typer.Option("--lake", help="Ask the Parquet lake (DuckDB) instead of the warehouse.")
    ] = False,
) -> None:
    """Ask the warehouse or the lake in SQL; nothing can be changed."""
    settings = prepare()
    check_format(output)
    if lake:
        from tasks.lake.sql import query_lake  # noqa: PLC0415

        frame = query_lake(settings.lake_root, sql)
    else:
        from tasks.warehouse.repository import query_warehouse  # noqa: PLC0415

        frame = query_warehouse(settings.query_url, sql)
    write_frame(frame, output)


@app.command()
def doctor(
    offline: Annotated[bool, typer.Option("--offline", help="Ask no source over the network.")] = False,
) -> None:
    """Check settings, stores and every source: what works, what does not, what to do."""
    settings = prepare()
    from flows.doctor import examine  # noqa: PLC0415 - seconds of imports

    findings = examine(settings, is_offline=offline)
    for finding in findings:
        mark, colour = ("ok", "green") if finding.is_ok else ("--", "yellow") if finding.is_optional else ("NO", "red")
        typer.echo(f"{typer.style(mark, fg=colour)}  {finding.check:<18} {finding.found}")
        if finding.advice:
            typer.echo(f"{'':<22} {finding.advice}")
    raise typer.Exit(0 if all(finding.is_ok or finding.is_optional for finding in findings) else 1)


def _print_night(settings: Any, trade_date: date, mode: str) -> int:
    """Print the verdicts by host and by class, the data quality line, the report's path; return the exit code."""
    from alvh_core.summary import class_columns, missing_payloads, verdict_matrix  # noqa: PLC0415
    from flows.wiring import read_profiles  # noqa: PLC0415
    from tasks.warehouse.repository import Warehouse  # noqa: PLC0415

    warehouse, profile = Warehouse(settings.database_url), next(iter(read_profiles(settings).values()))
    tables, night = warehouse.night(mode, trade_date, profile=profile.name), warehouse.ledger(mode, trade_date) or {}
    rows, missing = verdict_matrix(tables), missing_payloads(tables)
    warehouse.close()
    typer.echo(f"{trade_date} · {mode.upper()}")
    if rows:
        typer.echo(aligned([[name, *(row[name] for row in rows)] for name in rows[0]]))
        caption, columns = class_columns(tables, profile, mode)
        typer.echo(f"\n{caption}\n{aligned(columns)}\n")
    rows_in, published, rejected = (night.get(f"rows_{name}_count") for name in ("in", "published", "quarantined"))
    reason = f": {night['reason']}" if night.get("reason") else ""
    typer.echo(f"{rows_in} contracts in = {published} published + {rejected} quarantined; "
               f"outcome {night.get('outcome')}{reason}")  # fmt: skip
    if missing:
        typer.echo(f"{len(missing)} payloads missing ({', '.join(missing)}); reasons in meta_payloads")
    typer.echo(f"report: {Path(settings.reports_root) / f'{trade_date}-{mode}.html'}")
    return 0 if night.get("outcome") == "OK" else EXIT_NO_DATA


def main() -> None:
    """Run the command; our own errors print without a traceback."""
    try:
        app()
    except AlvhError as error:
        typer.echo(f"{typer.style(type(error).__name__, fg='red')}: {error}", err=True)
        sys.exit(EXIT_USAGE if isinstance(error, ContractError | AbsentNightError) else EXIT_FAILED)


if __name__ == "__main__":
    main()
