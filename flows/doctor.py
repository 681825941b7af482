"""What works, what does not, what to do: each check is one function that finds and advises, and changes nothing it need not."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

from packaging.requirements import Requirement

from alvh_core.errors import AlvhError
from flows.wiring import read_universe, trading_calendar
from tasks.settings import Settings
from tasks.sources.catalogue import night_requests
from tasks.sources.client import HttpClient
from tasks.sources.transport import live_transport, session_with
from tasks.warehouse.repository import Warehouse, query_warehouse


@dataclass(frozen=True, kw_only=True)
class Finding:
    """One check: whether it is fine, what was found, what to do. An optional one does not fail the doctor."""

    check: str
    is_ok: bool
    found: str
    advice: str = ""
    is_optional: bool = False


def examine(settings: Settings) -> list[Finding]:
    """Run every check; a check that raises is a finding, not a crash."""
    return [
        finding for check in (_packages, _stores, _parameters, _nights, _live) for finding in _guarded(check, settings)
    ]


def _guarded(check: Callable[[Settings], Iterator[Finding]], settings: Settings) -> Iterator[Finding]:
    try:
        yield from check(settings)
    except (AlvhError, OSError) as error:
        yield Finding(check=check.__name__.strip("_"), is_ok=False, found=str(error), advice="see the message")


def _packages(_settings: Settings) -> Iterator[Finding]:
    """Bounds that work together: outside them the scheduler or the server stops without a word."""
    for bound in ("prefect>=3.8.8,<3.9", "fastapi>=0.139,<0.151", "sqlalchemy>=2.0.50,<2.1"):
        requirement = Requirement(bound)
        try:
            found = version(requirement.name)
        except PackageNotFoundError:
            found = "not installed"
        is_ok = found != "not installed" and found in requirement.specifier
        yield Finding(check=requirement.name, is_ok=is_ok, found=found,
                      advice="" if is_ok else f"install {bound}, or `make` again from requirements.lock")  # fmt: skip


def _stores(settings: Settings) -> Iterator[Finding]:
    home = settings.home.resolve()
    home.mkdir(parents=True, exist_ok=True)
    probe = home / ".doctor"
    probe.write_text("", encoding="utf-8")
    probe.unlink()
    yield Finding(check="home", is_ok=True, found=f"{home}, writable")
    Warehouse(settings.database_url).close()
    nights = query_warehouse(
        settings.database_url, "select count(*) as n from meta_nights where night_status = 'COMPLETE'"
    )
    yield Finding(
        check="warehouse", is_ok=True, found=f"{settings.database_url}, {nights['n'].iloc[0]} nights published"
    )
    sessions = {p.name for p in Path(settings.raw_root).glob("source_mode=*/20*")}
    yield Finding(check="lake", is_ok=True, found=f"{settings.lake_root}, {len(sessions)} sessions archived")


def _parameters(settings: Settings) -> Iterator[Finding]:
    name, universe = read_universe(settings)
    yield Finding(check="universe", is_ok=True, found=f"{name}, {len(universe)} symbols")
    calendar = trading_calendar(settings.calendar_file)
    latest = calendar.last_closed(datetime.now(UTC))
    left = calendar.dates[-1].astype(object) - latest
    yield Finding(check="calendar", is_ok=left > timedelta(days=60), found=f"last session closed {latest}, known to {calendar.dates[-1]}",
                  advice="" if left > timedelta(days=60) else "upgrade exchange-calendars")  # fmt: skip


def _nights(settings: Settings) -> Iterator[Finding]:
    open_nights = query_warehouse(
        settings.database_url,
        "select trade_date, source_mode, night_status, reason from meta_nights where night_status <> 'COMPLETE'",
    )
    for night in open_nights.itertuples():
        yield Finding(check=f"night {night.trade_date}", is_ok=False, found=f"{night.source_mode} {night.night_status} {night.reason or ''}",
                      advice=f"alvh nightly --date {night.trade_date} goes on from what has landed")  # fmt: skip


def _live(settings: Settings) -> Iterator[Finding]:
    """Ask the live source for its smallest file; without a network the simulated and recorded sources still work."""
    request = next(
        r for r in night_requests(read_universe(settings)[1], datetime.now(UTC).date()) if r.dataset == "index_history"
    )
    try:
        client = HttpClient(session_with(live_transport()), "live", user_agent=settings.user_agent)
        payload = client.get(request.url, request.symbol)
        yield Finding(check="source live", is_ok=True, found=f"{len(payload.body)} bytes from {request.url}")
    except AlvhError as error:
        yield Finding(check="source live", is_ok=False, is_optional=True, found=str(error),
                      advice="check network and ALVH_USER_AGENT; --source simulated and recorded:PATH need neither")  # fmt: skip
