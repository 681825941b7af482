"""Nights under random kills of flow, worker, server and database, watched by a reader: `make chaos`, some minutes.

The nights are run by `alvh backfill` as an operator types it, again and again until it ends well, against a Prefect
server and a database that something else starts again, as a supervisor does. Afterwards they are, row for row, the
nights of a run that nobody disturbed; and whoever read meanwhile has seen whole nights only.
"""

import json
import os
import random
import signal
import socket
import subprocess
import sys
import time
import urllib.request
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import date
from pathlib import Path

import pytest

READER = Path(__file__).with_name("reader.py")
FIRST, LAST = date(2026, 9, 14), date(2026, 10, 23)  # thirty sessions
FEW = date(2026, 9, 23)  # eight of them
TINY = """include = ["VIX", "SPX", "KO"]\n"""
SEED = int(os.environ.get("CHAOS_SEED", "442"))
MAX_ATTEMPTS = 40


class Server:
    """A Prefect server that is started again after it was killed."""

    def __init__(self, home: Path) -> None:
        with socket.socket() as probe:
            probe.bind(("127.0.0.1", 0))
            self.port = probe.getsockname()[1]
        self.home, self.api = home, f"http://127.0.0.1:{self.port}/api"

    def start(self) -> None:
        env = _plain() | {"PREFECT_HOME": str(self.home), "DO_NOT_TRACK": "1",
                          "PREFECT_SERVER_ANALYTICS_ENABLED": "false"}  # fmt: skip
        command = [sys.executable, "-m", "prefect", "server", "start", "--host", "127.0.0.1", "--port", str(self.port)]
        self.home.mkdir(parents=True, exist_ok=True)
        with (self.home / "server.log").open("a") as log:
            self.child = subprocess.Popen(command, env=env, stdout=log, stderr=log, start_new_session=True)
        for _ in range(900):
            try:
                with urllib.request.urlopen(f"{self.api}/health", timeout=1) as answer:
                    if answer.read() == b"true":
                        return
            except OSError:
                time.sleep(0.2)
        raise AssertionError((self.home / "server.log").read_text()[-3000:])

    def kill(self) -> None:
        os.killpg(self.child.pid, signal.SIGKILL)
        self.child.wait()


@dataclass
class Backfill:
    """`alvh backfill` over a period, as often as it takes."""

    home: Path
    last: date
    environment: dict[str, str]
    attempts: list[int] = field(default_factory=list)

    def start(self) -> subprocess.Popen:
        command = [sys.executable, "-m", "flows.cli", "backfill", "--from", str(FIRST), "--to", str(self.last)]
        self.home.mkdir(parents=True, exist_ok=True)
        with (self.home / "backfill.log").open("a") as log:
            return subprocess.Popen(command, env=self.environment, stdout=log, stderr=log, start_new_session=True)

    def log(self) -> str:
        return (self.home / "backfill.log").read_text()


def _plain() -> dict[str, str]:
    return {name: value for name, value in os.environ.items() if not name.startswith(("ALVH_", "PREFECT_"))}


def _backfill(home: Path, last: date, api: str, **settings: str) -> Backfill:
    home.mkdir(parents=True)
    (home / "tiny.toml").write_text(TINY)
    environment = _plain() | {
        "ALVH_HOME": str(home), "ALVH_UNIVERSE_FILE": str(home / "tiny.toml"), "PREFECT_API_URL": api,
        "PREFECT_LOGGING_LEVEL": "ERROR", **settings,
    }  # fmt: skip
    return Backfill(home, last, environment)


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    server = Server(tmp_path_factory.mktemp("prefect"))
    server.start()
    yield server
    server.kill()


@dataclass(frozen=True)
class Undisturbed:
    """What the nights are when nobody disturbs them, and how long one of them takes here."""

    nights: dict[str, dict]
    seconds: float


@pytest.fixture(scope="module")
def undisturbed(server: Server, tmp_path_factory: pytest.TempPathFactory) -> Undisturbed:
    run, began = _backfill(tmp_path_factory.mktemp("undisturbed") / "home", LAST, server.api), time.monotonic()
    assert run.start().wait(1800) == 0, run.log()
    seconds = time.monotonic() - began
    nights = look(f"sqlite:///{run.home}/warehouse.sqlite", LAST)
    assert len(nights) == 30
    return Undisturbed(nights, seconds / len(nights))


def look(url: str, last: date) -> dict[str, dict]:
    """Fingerprint, rows per table and standing alerts of every night, and how the ledgers stand.

    A night that was published before one of its past was raises what it withdraws later, and that it was restated.
    """
    from tasks.warehouse.repository import Warehouse, query_warehouse

    warehouse = Warehouse(url)
    standing = "alert_rule <> 'night_restated' and coalesce(quiet_reason, '') not like 'withdrawn%'"
    alerts = query_warehouse(url, f"select trade_date, alert_id from meta_alerts where {standing} order by 1, 2")
    found = {}
    for day, status in warehouse.nights("simulated", FIRST, last).items():
        found[str(day)] = {
            "status": status, "fingerprint": warehouse.fingerprint("simulated", day),
            "counts": {name: len(frame) for name, frame in warehouse.night("simulated", day).items()},
            "alerts": alerts.loc[alerts["trade_date"].astype(str) == str(day), "alert_id"].tolist(),
        }  # fmt: skip
    assert {gap["gap_status"] for gap in warehouse.gaps("simulated")} == {"FILLED"}
    warehouse.close()
    return found


def _workers(pid: int) -> list[int]:
    """Worker processes of the pool below a process."""
    children = subprocess.run(
        ["pgrep", "-P", str(pid), "-f", "spawn_main"], capture_output=True, text=True, check=False
    )
    return [int(child) for child in children.stdout.split()]


def disturbed(run: Backfill, victims: list[str], kill: dict[str, Callable[[int], bool]], chance: random.Random,
              seconds: float) -> None:  # fmt: skip
    """Run the period, which takes so long, until it ends well; kill one victim after the other at random moments."""
    longest = seconds / len(victims)  # on a quick machine too all of them are killed before it is done
    while len(run.attempts) < MAX_ATTEMPTS:
        command = run.start()
        while command.poll() is None:
            pause = time.monotonic() + chance.uniform(0.1, 1.0) * longest
            while command.poll() is None and time.monotonic() < pause:
                time.sleep(0.05)
            if victims and command.poll() is None and kill[victims[0]](command.pid):
                victims.pop(0)
        run.attempts.append(command.returncode)
        if command.returncode == 0:
            return
    raise AssertionError(f"{MAX_ATTEMPTS} attempts were not enough: {run.attempts}\n{run.log()[-4000:]}")


def _signal(*pids: int) -> bool:
    for pid in pids[:1]:
        os.kill(pid, signal.SIGKILL)
    return bool(pids)


@pytest.mark.parametrize(("engine", "last", "kills"), [
    pytest.param("sqlite", FEW, {"flow": 2, "worker": 1, "server": 1}, id="sqlite"),
    pytest.param("postgresql", LAST, {"flow": 3, "worker": 2, "server": 2, "database": 4}, id="postgresql"),
])  # fmt: skip
def test_the_nights_are_those_of_an_undisturbed_run(
    engine: str, last: date, kills: dict[str, int], undisturbed: Undisturbed, server: Server,
    tmp_path: Path, request: pytest.FixtureRequest,
) -> None:  # fmt: skip
    chance, home = random.Random(f"{SEED} {engine}"), tmp_path / "home"
    url = f"sqlite:///{home}/warehouse.sqlite"
    settings = {}
    if engine == "postgresql":
        postgres, url = request.getfixturevalue("postgres"), request.getfixturevalue("postgres_url")
        settings = {"ALVH_WAREHOUSE_URL": url}

    def kill_server(_pid: int) -> bool:
        server.kill()
        time.sleep(chance.uniform(0.0, 5.0))
        server.start()
        return True

    def kill_database(_pid: int) -> bool:
        postgres.kill()
        time.sleep(chance.uniform(0.0, 5.0))
        postgres.start()
        return True

    run = _backfill(home, last, server.api, **settings)
    expected = {day: night for day, night in undisturbed.nights.items() if day <= str(last)}
    (tmp_path / "expected.json").write_text(json.dumps({day: night["counts"] for day, night in expected.items()}))
    reader = subprocess.Popen([sys.executable, str(READER), url, str(tmp_path / "expected.json")],
                              stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)  # fmt: skip
    victims = [kind for kind, count in kills.items() for _ in range(count)]
    chance.shuffle(victims)
    disturbed(run, victims, {"flow": _signal, "worker": lambda pid: _signal(*_workers(pid)),
                             "server": kill_server, "database": kill_database}, chance,
              undisturbed.seconds * len(expected))  # fmt: skip
    seen = json.loads(reader.communicate("stop\n", timeout=60)[0])
    print(f"{engine}: {len(expected)} nights, kills {kills}, attempts {run.attempts}, reader {seen}")

    assert victims == [], "the nights were done before every victim was killed"
    assert look(url, last) == expected
    assert seen["faults"] == []
    assert seen["reads"] > 50
    assert len(seen["nights_seen"]) > len(expected) // 2, "it read while nights were published"
    assert seen["away"] == 0 or engine == "postgresql", "a file is never away"
    assert list(home.rglob("*.tmp")) == []
