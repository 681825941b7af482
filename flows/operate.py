"""Commands that keep the pipeline going; `flows.cli` puts them on `alvh`."""

import os
import sys
from datetime import date
from pathlib import Path
from typing import Annotated

import typer

from alvh_core.errors import ContractError
from flows.rejects import quarantine
from flows.start import EXIT_FAILED, parse_date, prepare, show_log, show_stages
from flows.stop import as_typed, stoppable

SOURCE = Annotated[
    str | None, typer.Option(help="simulated, live, recorded:PATH, or imported[:HISTORIES]; default: ALVH_SOURCE.")
]


def serve() -> None:
    """Start the Prefect server and the schedules on this machine; Ctrl-C stops all of it."""
    settings = prepare(is_server=True)
    from flows.serve import serve as run  # noqa: PLC0415 - seconds of imports

    run(settings, typer.echo)


def backfill(
    start: Annotated[str, typer.Option("--from", help="First day, YYYY-MM-DD.")],
    end: Annotated[str, typer.Option("--to", help="Last day, YYYY-MM-DD.")],
    source: SOURCE = None,
    force: Annotated[bool, typer.Option(help="Compute COMPLETE nights again from what has landed.")] = False,
    workers: Annotated[int, typer.Option(min=1, max=4, help="Nights prepared side by side.")] = 2,
) -> None:
    """Publish every session of a period that is not published yet; stop it with Ctrl-C and go on later."""
    settings, first, last = prepare(), parse_date(start, "--from"), parse_date(end, "--to")
    from alvh_core.reporting.texts import several  # noqa: PLC0415 - pandas
    from flows.serve import own_server  # noqa: PLC0415

    with own_server(settings) as address:
        os.environ["PREFECT_API_URL"] = address
        from flows.backfill import backfill as flow  # noqa: PLC0415 - Prefect reads the address when it is imported
        from flows.backfill import worker_pool  # noqa: PLC0415

        show_log("alvh.progress", sys.stdout)
        outcomes = stoppable(
            lambda: flow.with_options(task_runner=worker_pool(workers))(first, last, source, force),
            # nights are decided in order: what was forced before the oldest that is open need not be forced again
            lambda opened: as_typed("backfill", {"from": opened if force and opened else first, "to": last,
                                                 "source": source, "force": force, "workers": workers}),
        )  # fmt: skip
    nights = several(len(outcomes), "night")
    typer.echo(f"{nights} run" if outcomes else f"every session from {first} to {last} is published")


def reconcile(
    day: Annotated[str | None, typer.Option("--date", help="Last session to look at; default: yesterday's.")] = None,
    source: SOURCE = None,
    sessions: Annotated[int, typer.Option(min=1, max=250, help="How many sessions to look back.")] = 5,
) -> None:
    """Run the last sessions that are not published, and decide again those that rest on a provisional close."""
    prepare()
    from flows.reconcile import reconcile as flow  # noqa: PLC0415

    show_stages()
    ended = stoppable(lambda: flow(trade_date=_optional(day), source=source, sessions=sessions))
    for one, outcome in ended.nights.items():
        typer.echo(_told(one, ended.source_mode, outcome))
    if not ended.nights:
        from alvh_core.reporting.texts import several  # noqa: PLC0415 - pandas

        looked_at = several(len(ended.looked_at), "session")
        typer.echo(f"{ended.source_mode.upper()}: nothing to reconcile in {looked_at}")


def watch(
    day: Annotated[str | None, typer.Option("--date", help="Session; default: the one due last.")] = None,
    source: SOURCE = None,
) -> None:
    """Look after one night: run it if it is not published, raise the alarm if it is overdue."""
    prepare()
    from flows.watch import watch as flow  # noqa: PLC0415

    show_stages()
    seen = stoppable(lambda: flow(trade_date=_optional(day), source=source))
    typer.echo(_told(seen["trade_date"], seen["source_mode"], seen["status"], seen["done"]))
    raise typer.Exit(0 if seen["status"] in {"COMPLETE", "RUNNING"} else EXIT_FAILED)


def import_files(
    paths: Annotated[
        list[Path], typer.Argument(help="Files or folders, zipped or not; what they are, their columns say.")
    ],
    symbol: Annotated[str | None, typer.Option(help="Whose options they hold, where a file does not say.")] = None,
    histories: Annotated[Path | None, typer.Option(help="Folder with curve, bars and index histories.")] = None,
    replace: Annotated[bool, typer.Option(help="Let a chain take the place of one from another file.")] = False,
    partial: Annotated[bool, typer.Option(help="Near expiries were cut away; do not doubt the date for it.")] = False,
) -> None:
    """Take in files as desks save them, and run the nights they belong to."""
    prepare()
    if histories is not None and not histories.is_dir():
        raise ContractError(f"--histories: expected a folder, found none at {histories}; nothing was imported")
    from tasks.sources.filedrops.unpack import files_of, nothing_at  # noqa: PLC0415

    if not any(file.exists() for file in files_of(paths)):
        raise ContractError("import: " + "; ".join(f"{path}: {nothing_at(path)}" for path in paths))
    from flows.imports import import_files as flow  # noqa: PLC0415

    show_stages()
    show_log("alvh.progress", sys.stdout)  # each file and each night as it ends
    ended = stoppable(lambda: flow(
        paths=[path.absolute() for path in paths],
        symbol=symbol,
        histories=histories and histories.absolute(),
        is_replacing=replace,
        is_partial=partial,
    ))  # fmt: skip
    raise typer.Exit(EXIT_FAILED if ended.has_failed else 0)


def migrate() -> None:
    """Bring the warehouse's tables to this version; ALVH_WAREHOUSE_URL must be their owner's."""
    settings = prepare()
    from tasks.warehouse.engine import describe_url  # noqa: PLC0415
    from tasks.warehouse.migrate import migrate as run  # noqa: PLC0415

    before, after = run(settings.database_url)
    change = f"is at {after}" if before == after else f"from {before or 'empty'} to {after}"
    typer.echo(f"{describe_url(settings.database_url)} {change}")


def _optional(day: str | None) -> date | None:
    return parse_date(day) if day else None


def _told(day: date | str, mode: str, outcome: str, done: str = "run now") -> str:
    """Say which night of which source mode it was, how it stands, and what was done."""
    words = {"COMPLETE": done, "SETTLED": "decided again on the published close", "RUNNING": "another run has it"}
    return f"{day} · {mode.upper()}  {outcome}" + (f" ({words[outcome]})" if outcome in words else "")


def mount(app: typer.Typer) -> None:
    """Put the commands on the `alvh` command."""
    for command in (serve, backfill, reconcile, watch, migrate, quarantine):
        app.command()(command)
    app.command("import")(import_files)
