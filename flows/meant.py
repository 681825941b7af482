"""Which published night a date means: what to say where it is no session, or is published under several modes."""

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import date
from typing import TYPE_CHECKING

import typer

from alvh_core.errors import ContractError

if TYPE_CHECKING:
    from tasks.settings import Settings

MODE_HELP = "live, recorded, imported or simulated; default: the one published last, others are named."


@contextmanager
def session_meant(settings: "Settings", day: date | None) -> Iterator[None]:
    """Say of a date that has no published night that it is no session, if so: to run it would be of no use.

    Raises
    ------
    ContractError
        What is raised inside, or that the date is no session.
    """
    try:
        yield
    except ContractError:
        from tasks.sources.exchange import load_calendar  # noqa: PLC0415 - half a second

        if day is not None:
            load_calendar(settings.calendar_file).session(day)
        raise


def tell_other_modes(settings: "Settings", day: date | None, mode: str | None, shown: str) -> None:
    """Say under which other source modes a session is published, to who named it by its date alone."""
    if day is None or mode is not None:
        return
    from tasks.warehouse.published import published_modes  # noqa: PLC0415 - SQLAlchemy

    others = [other for other in published_modes(settings.query_url, day) if other != shown]
    if others:
        typer.echo("also published: " + ", ".join(f"{other} (--mode {other})" for other in others), err=True)
