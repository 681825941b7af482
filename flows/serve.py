"""`alvh serve`: a Prefect server and the runner of the schedules on one machine, in one process group, loopback only.

Both are child processes; whichever dies is started again. Earlier runs and artifacts are in the same database. What is
scheduled is `flows.schedules`; how crashed runs are noticed, `flows.automations`.
"""

import os
import signal
import socket
import subprocess
import sys
import time
from collections import deque
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

import requests

from alvh_core.errors import FatalError
from flows.children import end_with_parent
from tasks.settings import Settings

HOST = "127.0.0.1"
START_SECONDS, STOP_SECONDS = 180.0, 30.0
MAX_STARTS, WITHIN_SECONDS = 5, 300.0  # more often than that it does not help to start it again
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


@dataclass
class Service:
    """A child process that is kept running."""

    name: str
    command: list[str]
    environment: dict[str, str]
    log: Path
    is_up: Callable[[], bool]
    is_apart: bool = False  # in a process group of its own, which no Ctrl-C reaches
    _starts: deque[float] = field(default_factory=lambda: deque(maxlen=MAX_STARTS))
    _child: subprocess.Popen[bytes] | None = None

    def start(self) -> None:
        """Start it and wait until it is up.

        Raises
        ------
        FatalError
            It stops while starting, does not come up, or dies again and again; carries the end of its log.
        """
        now = time.monotonic()
        if len(self._starts) == MAX_STARTS and now - self._starts[0] < WITHIN_SECONDS:
            raise FatalError(
                f"the {self.name} died {MAX_STARTS} times within {WITHIN_SECONDS:g} s; {self._last_words()}"
            )
        self._starts.append(now)
        with self.log.open("a", encoding="utf-8") as sink:
            self._child = subprocess.Popen(  # noqa: S603
                self.command, stdout=sink, stderr=sink, env=self.environment,
                preexec_fn=end_with_parent,  # noqa: PLW1509 - no threads here when services start
                start_new_session=self.is_apart,
            )  # fmt: skip
        while not self.is_up():
            if self.has_died() or time.monotonic() - now > START_SECONDS:
                raise FatalError(f"the {self.name} did not come up within {START_SECONDS:g} s; {self._last_words()}")
            time.sleep(0.2)

    def has_died(self) -> bool:
        """Tell whether it was started and is gone."""
        return self._child is not None and self._child.poll() is not None

    def stop(self) -> None:
        """Ask it to stop, and end it if it does not."""
        if self._child is None:
            return
        self._child.terminate()
        try:
            self._child.wait(STOP_SECONDS)
        except subprocess.TimeoutExpired:
            self._child.kill()
            self._child.wait()

    def _last_words(self) -> str:
        return f"{self.log} ends: {self.log.read_text(encoding='utf-8', errors='replace')[-2000:]}"


def serve(settings: Settings, announce: Callable[[str], None]) -> None:
    """Keep the server and the runner going until Ctrl-C or SIGTERM.

    Raises
    ------
    FatalError
        Another server has the port, or a service does not come up or dies again and again.
    """
    address = f"http://{HOST}:{settings.prefect_port}/api"
    if is_healthy(address):
        raise FatalError(f"expected port {settings.prefect_port} to be free, found a Prefect server there already; "
                         "stop it, or set ALVH_PREFECT_PORT")  # fmt: skip
    note = settings.prefect_home / API_FILE
    services = _services(settings, address, note)
    with _stopping_on_signals(), _tidied(services, note):
        for service in services:
            service.start()
        _greet(address, announce)
        while True:
            for service in services:
                if service.has_died():
                    announce(f"the {service.name} died and is started again; see {service.log}")
                    service.start()
            time.sleep(0.5)


@contextmanager
def own_server(settings: Settings) -> Iterator[str]:
    """Give the address of the server that is configured, or of this home's; start one for the while if none runs.

    Prefect's ephemeral server serves one process: every worker process of a pool would start another on the same file.
    """
    running = os.environ.get("PREFECT_API_URL") or running_api(settings)
    if running:
        yield running
        return
    with socket.socket() as probe:
        probe.bind((HOST, 0))
        port = probe.getsockname()[1]
    note = settings.prefect_home / API_FILE
    service = _server(settings, f"http://{HOST}:{port}/api", port, note)
    service.is_apart = True  # Ctrl-C ends the flow, which then still has to tell it
    with _tidied([service], note):
        service.start()
        yield f"http://{HOST}:{port}/api"


def _services(settings: Settings, address: str, note: Path) -> list[Service]:
    ready = settings.prefect_home / "runner.ready"
    ready.unlink(missing_ok=True)
    command = [sys.executable, "-m", "flows.runner", str(ready)]
    log = settings.prefect_home / "runner.log"
    environment = {**os.environ, "PREFECT_API_URL": address, "ALVH_HOME": str(settings.home.resolve())}
    runner = Service("runner", command, environment, log, ready.is_file)
    return [_server(settings, address, settings.prefect_port, note), runner]


def _server(settings: Settings, address: str, port: int, note: Path) -> Service:
    def is_up() -> bool:
        if not is_healthy(address):
            return False
        note.write_text(address, encoding="utf-8")
        return True

    command = [sys.executable, "-m", "prefect", "server", "start", "--host", HOST, "--port", str(port)]
    environment = {**os.environ, "PREFECT_API_URL": address}
    if environment.get("PREFECT_SERVER_LOGGING_LEVEL", "").upper() == "DEBUG":
        environment["PREFECT_SERVER_LOGGING_LEVEL"] = "INFO"  # uvicorn's DEBUG writes down the password of every client
    return Service("Prefect server", command, environment, settings.prefect_home / "server.log", is_up)


def _greet(address: str, announce: Callable[[str], None]) -> None:
    from flows.schedules import DEPLOYMENTS  # noqa: PLC0415 - after Prefect is set up

    announce(f"Prefect UI: {address.removesuffix('/api')}")
    for planned in DEPLOYMENTS:
        announce(f"  {planned.name:<10} {planned.cron or 'by hand':<20} {planned.description}")
    announce("Ctrl-C stops it; a night that runs is then taken up at the next start.")


@contextmanager
def _stopping_on_signals() -> Iterator[None]:
    """Turn the first SIGTERM into what Ctrl-C is, and end quietly on either."""

    def interrupt(_number: int, _frame: object) -> None:
        raise KeyboardInterrupt

    before = signal.signal(signal.SIGTERM, interrupt)
    try:
        yield
    except KeyboardInterrupt:
        pass
    finally:
        signal.signal(signal.SIGTERM, before)


@contextmanager
def _tidied(services: list[Service], note: Path) -> Iterator[None]:
    """Stop the services in the opposite order of their start, whatever happens."""
    try:
        yield
    finally:
        for service in reversed(services):
            service.stop()
        note.unlink(missing_ok=True)
