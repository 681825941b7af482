"""What works, what does not, what to do: each check is one function that finds and advises, and changes nothing."""

from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from importlib.metadata import requires, version
from pathlib import Path
from tempfile import TemporaryFile

from packaging.requirements import Requirement

from alvh_core.errors import AlvhError
from alvh_core.reporting.texts import several
from flows.doctor_sources import Finding, examine_sources
from flows.wiring import PACKAGE, read_universe, trading_calendar
from tasks.lake.raw import archived_sessions
from tasks.settings import Settings
from tasks.sources.catalogue import IMPORTED
from tasks.warehouse.engine import describe_url, one_look
from tasks.warehouse.ledger import stale_nights
from tasks.warehouse.migrate import current_revision, head_revision
from tasks.warehouse.repository import query_warehouse


def examine(settings: Settings, *, is_offline: bool = False) -> list[Finding]:
    """Run every check; a check that raises is a finding, not a crash."""

    def sources(settings: Settings) -> Iterator[Finding]:
        return examine_sources(settings, datetime.now(UTC), is_offline=is_offline)

    checks = (_packages, _home, _warehouse, _lake, _universe, _calendar, sources)
    return [finding for check in checks for finding in _guarded(check, settings)]


def _guarded(check: Callable[[Settings], Iterator[Finding]], settings: Settings) -> Iterator[Finding]:
    try:
        yield from check(settings)
    except AlvhError as error:
        yield Finding(check=check.__name__.strip("_"), is_ok=False, found=str(error), advice="see the message")
    except Exception as error:  # noqa: BLE001 - whatever is broken, the other checks still tell something
        yield Finding(check=check.__name__.strip("_"), is_ok=False, found=f"{type(error).__name__}: {error}",
                      advice="not foreseen; please report it")  # fmt: skip


def _packages(_settings: Settings) -> Iterator[Finding]:
    """Bounds that work together: outside them the scheduler or the server stops without a word."""
    ours = {requirement.name: requirement for requirement in map(Requirement, requires(PACKAGE) or ())}
    for name in ("prefect", "fastapi", "sqlalchemy"):
        found = version(name)
        is_ok = found in ours[name].specifier
        advice = "" if is_ok else f"install {ours[name]}, or `make` again from requirements.lock"
        yield Finding(check=name, is_ok=is_ok, found=found, advice=advice)


def _home(settings: Settings) -> Iterator[Finding]:
    home = settings.home.resolve()
    try:
        home.mkdir(parents=True, exist_ok=True)
        with TemporaryFile(dir=home):
            pass
        yield Finding(check="home", is_ok=True, found=f"{home}, writable")
    except OSError as error:
        yield Finding(check="home", is_ok=False, found=str(error), advice="set ALVH_HOME to a folder of yours")


def _warehouse(settings: Settings) -> Iterator[Finding]:
    url, shown = settings.database_url, describe_url(settings.database_url)
    file = url.removeprefix("sqlite:///")
    if file != url and not Path(file).exists():
        yield Finding(check="warehouse", is_ok=True, found=f"{shown}, none yet: `alvh nightly` makes it")
        return
    if (revision := current_revision(url)) != (head := head_revision()):
        found = f"{shown}, tables of revision {revision or 'none'}, this version's are of {head}"
        yield Finding(check="warehouse", is_ok=False, found=found, advice="`alvh migrate`, with their owner's address")
        return
    nights = query_warehouse(url, "select trade_date, source_mode, night_status, reason from meta_nights")
    is_complete = nights["night_status"] == "COMPLETE"
    published = several(int(is_complete.sum()), "night")
    yield Finding(check="warehouse", is_ok=True, found=f"{shown}, {published} published")
    for day, mode, status, reason in nights[~is_complete].itertuples(index=False):
        yield Finding(check=f"night {day}", is_ok=False, found=f"{mode} {status} {reason or ''}".rstrip(),
                      advice=f"unless it runs now: `alvh nightly --date {day}` takes it up again")  # fmt: skip
    with one_look(url) as connection:  # nights that `restate` could not conclude again: other rules, another version
        stale = [(day, mode) for mode in sorted(set(nights["source_mode"]))
                 for day in stale_nights(connection, mode)]  # fmt: skip
    for day, mode in stale:
        yield Finding(check=f"night {day}", is_ok=False, found=f"{mode} follows from a night that has changed since",
                      advice=f"`alvh nightly --date {day} --force` computes it anew")  # fmt: skip


def _lake(settings: Settings) -> Iterator[Finding]:
    sessions = archived_sessions(settings.raw_root)
    yield Finding(check="lake", is_ok=True, found=f"{settings.lake_root}, {len(sessions)} sessions archived")
    imported = sorted(archived_sessions(settings.raw_root, IMPORTED))
    told = (
        f"{len(imported)} sessions, {imported[0]} to {imported[-1]}" if imported else "none: `alvh import` takes files"
    )
    yield Finding(check="imports", is_ok=True, found=told)


def _universe(settings: Settings) -> Iterator[Finding]:
    name, universe = read_universe(settings)
    yield Finding(check="universe", is_ok=True, found=f"{name}, {len(universe)} symbols")


def _calendar(settings: Settings) -> Iterator[Finding]:
    calendar = trading_calendar(settings.calendar_file)
    latest, last = calendar.last_closed(datetime.now(UTC)), calendar.dates[-1].astype(object)
    is_ok = last - latest > timedelta(days=60)
    yield Finding(check="calendar", is_ok=is_ok, found=f"last session closed {latest}, known to {last}",
                  advice="" if is_ok else "upgrade exchange-calendars")  # fmt: skip
