"""A Prefect server for the session, and small universes: pipeline tests run the real flow."""

import os
import socket
import subprocess
import sys
import time
import urllib.request
from collections.abc import Callable, Iterator
from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from prefect import State

    from tasks.warehouse.repository import Warehouse

TINY = """include = ["VIX", "SPX", "KO"]\n"""  # the smallest that has a ladder
SMALL = """include = ["VIX", "SPX", "RUT", "IWM", "XLF", "VXX", "UVXY", "KO"]\n"""


@pytest.fixture(scope="session")
def prefect_api(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """Start one Prefect server on loopback; its address."""
    home = tmp_path_factory.mktemp("prefect")
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    api = f"http://127.0.0.1:{port}/api"
    env = dict(os.environ, PREFECT_HOME=str(home), DO_NOT_TRACK="1", PREFECT_SERVER_ANALYTICS_ENABLED="false")
    env.pop("PREFECT_API_URL", None)
    with (home / "server.log").open("w") as log:
        server = subprocess.Popen(
            [sys.executable, "-m", "prefect", "server", "start", "--host", "127.0.0.1", "--port", str(port)],
            env=env, stdout=log, stderr=log,
        )  # fmt: skip
        try:
            _wait_until_healthy(api, server, home / "server.log")
            yield api
        finally:
            server.terminate()
            server.wait(30)


def _wait_until_healthy(api: str, server: subprocess.Popen, log: Path) -> None:
    for _ in range(600):
        assert server.poll() is None, log.read_text()
        try:
            with urllib.request.urlopen(f"{api}/health", timeout=1) as answer:
                if answer.read() == b"true":
                    return
        except OSError:
            time.sleep(0.2)
    raise AssertionError(f"the Prefect server did not come up: {log.read_text()}")


@pytest.fixture(scope="session")
def small_universe(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("universe") / "small.toml"
    path.write_text(SMALL)
    return path


@pytest.fixture
def tiny_universe(tmp_path: Path) -> Path:
    path = tmp_path / "tiny.toml"
    path.write_text(TINY)
    return path


@pytest.fixture
def environment(prefect_api: str, small_universe: Path, tmp_path: Path) -> dict[str, str]:
    """Environment of a child process: own home, small universe, the session's Prefect server."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith(("ALVH_", "PREFECT_"))}
    return kept | {
        "ALVH_HOME": str(tmp_path / "home"), "ALVH_UNIVERSE_FILE": str(small_universe), "PREFECT_API_URL": prefect_api,
        "PREFECT_HOME": str(tmp_path / "prefect"), "PREFECT_LOGGING_LEVEL": "WARNING", "DO_NOT_TRACK": "1",
    }  # fmt: skip


class Network:
    """Whom child processes with this environment talk to."""

    def __init__(self, log: Path) -> None:
        folder = Path(__file__).with_name("network")
        path = os.pathsep.join([str(folder), *filter(None, [os.environ.get("PYTHONPATH")])])
        self.environment = {"NETWORK_LOG": str(log), "PYTHONPATH": path}
        self._log = log

    def hosts(self) -> set[str]:
        return set(self._log.read_text().split())


@pytest.fixture(scope="session")
def network(tmp_path_factory: pytest.TempPathFactory) -> Callable[[], Network]:
    return lambda: Network(tmp_path_factory.mktemp("network") / "hosts.log")


@pytest.fixture(scope="session")
def recorded() -> Path:
    """Folder of recorded real nights, kept outside the repository."""
    folder = Path(__file__).parents[3] / "shared" / "data" / "recorded"
    if not folder.is_dir():
        pytest.skip(f"no recorded nights at {folder}: they may not be redistributed")
    return folder


class Runner:
    """Runs real nights in this process, each home with its own stores, against the session's Prefect server."""

    def __init__(self, small: Path) -> None:
        self._small = small

    def __call__(self, home: Path, day: date, source: str = "simulated", *, force: bool = False,
                 is_small: bool = True) -> "State":  # fmt: skip
        from flows.nightly import nightly

        with pytest.MonkeyPatch.context() as patch:
            patch.setenv("ALVH_HOME", str(home))
            if is_small:
                patch.setenv("ALVH_UNIVERSE_FILE", str(self._small))
            return nightly(trade_date=day, source=source, force=force, return_state=True)


@pytest.fixture(scope="session")
def run_night(prefect_api: str, small_universe: Path) -> Iterator[Runner]:
    from prefect.logging.handlers import APILogHandler
    from prefect.settings import PREFECT_API_URL, PREFECT_LOGGING_LEVEL, temporary_settings

    with temporary_settings({PREFECT_API_URL: prefect_api, PREFECT_LOGGING_LEVEL: "ERROR"}):
        yield Runner(small_universe)
        APILogHandler().flush()  # else the last log records keep the process for a minute


@pytest.fixture
def home(tmp_path: Path, tiny_universe: Path, monkeypatch: pytest.MonkeyPatch, run_night: Runner) -> Path:
    """A home of its own with the smallest universe, for flows run in this process."""
    monkeypatch.setenv("ALVH_HOME", str(tmp_path / "home"))
    monkeypatch.setenv("ALVH_UNIVERSE_FILE", str(tiny_universe))
    return tmp_path / "home"


@pytest.fixture(scope="session")
def simulated_home(run_night: Runner, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A home in which one simulated night was run; to read, not to change."""
    home = tmp_path_factory.mktemp("simulated")
    assert run_night(home, date(2026, 11, 18)).name == "Completed"
    return home


@pytest.fixture
def warehouse_of() -> Iterator[Callable[[Path], "Warehouse"]]:
    from tasks.warehouse.repository import Warehouse

    opened = []

    def open_one(home: Path) -> Warehouse:
        opened.append(Warehouse(f"sqlite:///{home}/warehouse.sqlite"))
        return opened[-1]

    yield open_one
    for warehouse in opened:
        warehouse.close()
