"""The `alvh alert` commands: try the channels, look into the outbox, send what is due; `flows.cli` mounts them."""

from typing import Annotated, Any

import typer

from alvh_core.errors import AlvhError, ContractError
from flows.output import aligned, as_text
from flows.start import EXIT_FAILED, parse_date, prepare

app = typer.Typer(no_args_is_help=True, help="Alerts: channels, rules, and what waits to be sent.")
NO_CHANNEL = (
    'expected a channel, found none: write `[channels]` with `desk = "env:DESK_ADDRESS"` into a file, name it in '
    "ALVH_ALERTS_FILE, and put an address such as mailtos://user:password@host into DESK_ADDRESS; see docs/alerts.md"
)


@app.command(name="test")
def try_channels(
    channel: Annotated[str | None, typer.Argument(help="One channel; default: every one.")] = None,
) -> None:
    """Send a test message through every channel, or one, and say what became of it."""
    plan = _plan()
    if not plan.channels:
        raise ContractError(NO_CHANNEL)
    wanted = [c for c in plan.channels if channel in {None, c.name}]
    if not wanted:
        raise ContractError(f"no channel {channel!r}; there are {', '.join(c.name for c in plan.channels)}")
    from tasks.deliver import open_channels  # noqa: PLC0415 - seconds of imports

    notifier, faults = open_channels(wanted)
    failed = {c.name: faults.get(c.name) or _try(notifier, c.name) for c in wanted}
    for name, fault in failed.items():
        mark = typer.style("NO", fg="red") if fault else typer.style("ok", fg="green")
        typer.echo(f"{mark}  {fault or f'channel {name}: the message was taken'}")
    raise typer.Exit(EXIT_FAILED if any(failed.values()) else 0)


@app.command(name="list")
def list_alerts(
    day: Annotated[str | None, typer.Option("--date", help="One session, YYYY-MM-DD.")] = None,
    everything: Annotated[bool, typer.Option("--all", help="Also what is delivered or was kept quiet.")] = False,
) -> None:
    """Show the outbox: what waits, what was given up, and why."""
    warehouse = _warehouse()
    from tasks.warehouse.outbox import listing, settled_count  # noqa: PLC0415

    trade_date = parse_date(day) if day else None
    with warehouse.reading() as connection:
        frame = listing(connection, trade_date=trade_date, with_settled=everything)
        left_out = 0 if everything else settled_count(connection, trade_date)
    typer.echo(as_text(frame))
    if left_out:
        typer.echo(f"{left_out} quiet or delivered: --all")


@app.command()
def deliver(
    again: Annotated[
        bool, typer.Option("--again", help="Also what waits for its next attempt or was given up.")
    ] = False,
) -> None:
    """Send what is due now."""
    plan, warehouse = _plan(), _warehouse()
    if not plan.channels:
        raise ContractError(NO_CHANNEL)
    from tasks.deliver import deliver as send  # noqa: PLC0415 - seconds of imports

    outcomes = send(warehouse, plan, is_again=again)
    for name, outcome in outcomes.items():
        typer.echo(f"{name}  {outcome}")
    raise typer.Exit(EXIT_FAILED if any(outcome.fault for outcome in outcomes.values()) else 0)


@app.command()
def rules() -> None:
    """Show the rules as they are tuned here, and who hears them."""
    plan = _plan()
    table = plan.rules.values()
    typer.echo(aligned([
        ["rule", *(rule.name for rule in table)],
        ["severity", *(rule.severity if rule.is_enabled else "off" for rule in table)],
        ["quiet", *(f"{rule.quiet_nights} nights" for rule in table)],
        ["speaks when", *(rule.description for rule in table)],
    ]))  # fmt: skip
    for channel in plan.channels:
        hours = "" if channel.quiet_hours is None else "; only CRITICAL {:%H:%M} to {:%H:%M} New York".format(
            *channel.quiet_hours
        )  # fmt: skip
        typer.echo(f"channel {channel.name}: {', '.join(channel.severities)}{hours}")
    if not plan.channels:
        typer.echo("no channel: alerts stay in the outbox; see docs/alerts.md")


def _plan() -> Any:
    settings = prepare()
    from flows.wiring import read_alert_plan  # noqa: PLC0415 - seconds of imports

    return read_alert_plan(settings)


def _warehouse() -> Any:
    settings = prepare()
    from tasks.warehouse.repository import Warehouse  # noqa: PLC0415 - seconds of imports

    return Warehouse(settings.database_url)


def _try(notifier: Any, name: str) -> str:
    """Send the test message; return why it failed, or nothing."""
    try:
        notifier.send(name, "INFO test: this channel works", "Sent by `alvh alert test`. Nothing to do.", "INFO")
    except AlvhError as error:
        return str(error)
    return ""
