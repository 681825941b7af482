"""`alvh serve`: a Prefect server and the runner of the schedules on one machine, in one process group, loopback only.

Both are child processes; whichever dies is started again. Earlier runs and artifacts are in the same database. What is
scheduled is `flows.schedules`; how crashed runs are noticed, `flows.automations`.
"""

import os
import signal
import socket
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, nullcontext
from dataclasses import replace
from functools import partial

import requests
from filelock import FileLock, Timeout

from alvh_core.errors import FatalError
from flows.pages import pages_url, served_pages
from flows.service import STOP_SECONDS, Service
from tasks.settings import Settings

HOST = "127.0.0.1"
API_FILE = "api_url"  # how another command finds the server of this home


def running_api(settings: Settings) -> str | None:
    """Return the address of the server that serves this home now, if one does."""
    note = settings.prefect_home / API_FILE
    if not note.is_file():
        return None
    address = note.read_text(encoding="utf-8")
    return address if is_healthy(address) else None


def is_healthy(address: str) -> bool:
    """Tell whether a Prefect API answers."""
    try:
        return requests.get(f"{address}/health", timeout=2).text == "true"
    except requests.RequestException:
        return False


def serve(settings: Settings, announce: Callable[[str], None]) -> None:
    """Keep the server, the runner and the pages of the reports going until Ctrl-C or SIGTERM.

    Raises
    ------
    FatalError
        Another server has the home or the port, or a service does not come up or dies again and again.
    """
    api = f"http://{HOST}:{settings.prefect_port}/api"
    reports = settings.reports_url or pages_url(api)
    pages = nullcontext() if settings.reports_url else served_pages(reports, settings.reports_root)
    server = _server(settings, api, settings.prefect_port)
    runner = _runner(settings, api, reports)
    services = [server, runner]
    with _stopping_on_signals(), _held_home(settings):
        _await_port(settings)
        with pages, _tidied(services, settings):
            _begin(server)
            (settings.prefect_home / API_FILE).write_text(api, encoding="utf-8")
            _begin(runner)
            _greet(api, reports, announce)
            while True:
                for service in services:
                    if service.has_died():
                        announce(f"the {service.name} died and is started again; see {service.log}")
                        service.start()
                time.sleep(0.5)


@contextmanager
def own_server(settings: Settings) -> Iterator[str]:
    """Give the address of the server that is configured, or of this home's; start one for the while if none runs.

    That one is nobody else's: it leaves with this command, and whoever had borrowed it would wait for it in vain.
    Prefect's ephemeral server serves one process: every worker process of a pool would start another on the same file.
    """
    running = os.environ.get("PREFECT_API_URL") or running_api(settings)
    if running:
        yield running
        return
    with socket.socket() as probe:
        probe.bind((HOST, 0))
        port = probe.getsockname()[1]
    api = f"http://{HOST}:{port}/api"
    service = replace(_server(settings, api, port), is_apart=True)  # it leaves when this command has left
    with _held_home(settings), _tidied([service], settings):
        _begin(service)
        yield api


def _begin(service: Service) -> None:
    if not service.start():
        raise FatalError(f"the {service.name} stopped while starting; {service.last_words()}")


@contextmanager
def _held_home(settings: Settings) -> Iterator[None]:
    """Hold the Prefect database of this home: two servers would act twice on what they see in it."""
    try:
        held = FileLock(settings.prefect_home / "serve.lock").acquire(blocking=False)
    except Timeout as error:
        note = settings.prefect_home / API_FILE
        where = f" at {note.read_text(encoding='utf-8').removesuffix('/api')}" if note.is_file() else ""
        raise FatalError(
            f"expected no Prefect server on {settings.home}, found one{where}: another `alvh serve`, or an "
            "`alvh backfill` with a server of its own; stop it, or use another ALVH_HOME"
        ) from error
    with held:
        yield


def _await_port(settings: Settings) -> None:
    """Wait for the port if a server of this home, whose parent was killed, is just leaving it; else it must be free."""
    is_left = (settings.prefect_home / API_FILE).is_file()
    until = time.monotonic() + (STOP_SECONDS if is_left else 0.0)
    while not _is_free(settings.prefect_port):
        if time.monotonic() >= until:
            raise FatalError(f"expected port {settings.prefect_port} to be free, found it taken; stop what listens "
                             "there, or set ALVH_PREFECT_PORT")  # fmt: skip
        time.sleep(0.2)


def _is_free(port: int) -> bool:
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)  # as servers bind: old connections are no server
        try:
            probe.bind((HOST, port))
        except OSError:
            return False
    return True


def _runner(settings: Settings, api: str, reports: str) -> Service:
    ready = settings.prefect_home / "runner.ready"
    environment = {**os.environ, "PREFECT_API_URL": api, "ALVH_REPORTS_URL": reports,
                   "ALVH_HOME": str(settings.home.resolve())}  # fmt: skip
    log = settings.prefect_home / "runner.log"
    return Service("runner", ("flows.runner", str(ready)), environment, log, ready.is_file, ready)


def _server(settings: Settings, api: str, port: int) -> Service:
    module = ("prefect", "server", "start", "--host", HOST, "--port", str(port))
    defaults = {
        # Prefect lets the pages of every site ask it, and so run code here: only its own UI, under both names, may
        "PREFECT_SERVER_CORS_ALLOWED_ORIGINS": f"{api.removesuffix('/api')},http://localhost:{port}",
        # In memory, as by default, leases are gone with the server: the next one would end every run within minutes,
        # and a slot of a run that died with the old one would stay taken.
        "PREFECT_SERVER_CONCURRENCY_LEASE_STORAGE": "prefect.server.concurrency.lease_storage.filesystem",
        # By default only events are: runs, their logs and artifacts would stay for ever, here 90 days.
        "PREFECT_SERVER_SERVICES_DB_VACUUM_ENABLED": "events,flow_runs",
    }
    environment = {**defaults, **os.environ, "PREFECT_API_URL": api}
    if environment.get("PREFECT_SERVER_LOGGING_LEVEL", "").upper() == "DEBUG":
        environment["PREFECT_SERVER_LOGGING_LEVEL"] = "INFO"  # uvicorn's DEBUG writes down the password of every client
    return Service(
        "Prefect server", module, environment, settings.prefect_home / "server.log", partial(is_healthy, api)
    )


def _greet(api: str, reports: str, announce: Callable[[str], None]) -> None:
    from flows.schedules import DEPLOYMENTS  # noqa: PLC0415 - after Prefect is set up

    ui = api.removesuffix("/api")
    announce(f"Prefect UI: {ui}\nartifacts:  {ui}/artifacts\nreports:    {reports}")
    for planned in DEPLOYMENTS:
        announce(f"  {planned.name:<10} {planned.cron or 'by hand':<20} {planned.description}")
    announce("Ctrl-C stops it; a night that runs is then taken up at the next start.")


@contextmanager
def _stopping_on_signals() -> Iterator[None]:
    """End quietly on Ctrl-C or SIGTERM, also where a shell that starts it in the background has SIGINT ignored."""

    def interrupt(_number: int, _frame: object) -> None:
        raise KeyboardInterrupt

    before = {number: signal.signal(number, interrupt) for number in (signal.SIGTERM, signal.SIGINT)}
    try:
        yield
    except KeyboardInterrupt:
        pass
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


@contextmanager
def _tidied(services: list[Service], settings: Settings) -> Iterator[None]:
    """Stop the services in the opposite order of their start, whatever happens."""
    try:
        yield
    finally:
        for service in reversed(services):
            service.stop()
        (settings.prefect_home / API_FILE).unlink(missing_ok=True)
