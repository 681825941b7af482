"""`alvh serve` as a user has it: what it shows, whom it refuses, what it survives, and that nothing of it is left.

The tests are one story, in order: starting a server takes as long as all of them.
"""

import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import pytest
import requests

from tasks.warehouse.repository import Warehouse

pytestmark = pytest.mark.slow
BUSY_SECONDS = 300.0  # a minute on an idle machine; CI is none
ALL = {"nightly", "watch", "reconcile", "backfill", "report"}


class Served:
    """A home and its `alvh serve`."""

    def __init__(self, home: Path, universe: Path, network: Any) -> None:
        self.home, self.port, self.network = home, _free_port(), network
        kept = {n: v for n, v in os.environ.items() if not n.startswith(("ALVH_", "PREFECT_", "DO_NOT"))}
        today = datetime.now(ZoneInfo("America/New_York")).date()  # closed: the night due last is the same at 18:30
        calendar = home.with_name("calendar.toml")
        calendar.write_text(f"closed = [{today}, {today + timedelta(days=1)}]\n")
        self.environment = kept | network.environment | {
            "ALVH_HOME": str(home), "ALVH_UNIVERSE_FILE": str(universe), "ALVH_CALENDAR_FILE": str(calendar),
            "ALVH_PREFECT_PORT": str(self.port),
        }  # fmt: skip
        self.log = home.with_suffix(".out")
        self.start()

    def start(self) -> None:
        with self.log.open("a") as sink:
            self.process = subprocess.Popen([sys.executable, "-u", "-m", "flows.cli", "serve"], env=self.environment,
                                            stdout=sink, stderr=sink, start_new_session=True)  # fmt: skip

    def run(self, **environment: str) -> subprocess.CompletedProcess:
        """Run a second `alvh serve`, which should be refused."""
        return subprocess.run([sys.executable, "-m", "flows.cli", "serve"], env=self.environment | environment,
                              capture_output=True, text=True, timeout=120, check=False)  # fmt: skip

    def ask(self, path: str, **question: object) -> list[dict]:
        address = f"http://127.0.0.1:{self.port}/api/{path}"
        answer = requests.post(address, json=question, timeout=30)
        while answer.status_code == 503:  # its database was busy; Prefect's own clients ask again too
            time.sleep(0.5)
            answer = requests.post(address, json=question, timeout=30)
        assert answer.ok, answer.text
        return answer.json()

    def until(self, is_so: Callable[[], object], what: str, seconds: float = BUSY_SECONDS) -> None:
        """Wait for something; a server that is down in between is no answer yet."""
        end = time.monotonic() + seconds
        while time.monotonic() < end:
            assert self.process.poll() is None, self.log.read_text()
            try:
                if is_so():
                    return
            except requests.RequestException:
                pass
            time.sleep(0.2)
        raise AssertionError(f"not within {seconds} s: {what}; {self.log.read_text()}")

    def members(self, *words: str) -> list[int]:
        """Processes of the group that run, by words of their command, which has no spaces here."""
        found = []
        for folder in Path("/proc").glob("[0-9]*"):
            try:
                state, _parent, group = folder.joinpath("stat").read_text().rpartition(")")[2].split()[:3]
                command = folder.joinpath("cmdline").read_text().replace("\0", "")
            except OSError:
                continue
            if int(group) == self.process.pid and state != "Z" and all(word in command for word in words):
                found.append(int(folder.name))
        return found

    def kill(self, *words: str) -> None:
        """SIGKILL the processes of the group whose command has these words."""
        victims = self.members(*words)
        assert victims, words
        for victim in victims:
            os.kill(victim, signal.SIGKILL)

    def runs(self, flow: str, *states: str) -> list[dict]:
        return self.ask("flow_runs/filter", flows={"name": {"any_": [flow]}},
                        flow_runs={"state": {"type": {"any_": list(states)}}})  # fmt: skip

    def last_night(self) -> dict:
        """Ledger row of the latest COMPLETE night."""
        warehouse = Warehouse(f"sqlite:///{self.home}/warehouse.sqlite")
        day, mode = warehouse.latest_complete() or (None, None)
        row = warehouse.ledger(mode, day) if day else {}
        warehouse.close()
        return row

    def answers(self) -> str:
        """Hash of the latest COMPLETE night's answers."""
        return self.last_night()["answers_sha256"]

    def force_half_a_night(self) -> None:
        """Have the nightly deployment compute the night due last again, and return when that is half-way."""
        day = str(self.last_night()["trade_date"])
        [nightly] = self.ask("deployments/filter", deployments={"name": {"any_": ["nightly"]}})
        half = self.home / f"lake/core_options__daily_priced/source_mode=simulated/trade_date={day}/part.parquet"
        half.unlink()
        self.ask(f"deployments/{nightly['id']}/create_flow_run", parameters={"trade_date": day, "force": True},
                 state={"type": "SCHEDULED"})  # fmt: skip
        self.until(half.exists, "the night half-way")


def _free_port() -> int:
    """A port whose successor is free too: the reports have it."""
    while True:
        with socket.socket() as first, socket.socket() as second:
            first.bind(("127.0.0.1", 0))
            port = first.getsockname()[1]
            try:
                second.bind(("127.0.0.1", port + 1))
            except OSError:
                continue
            return port


@pytest.fixture(scope="module")
def served(small_universe: Path, network: Callable, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    one = Served(tmp_path_factory.mktemp("served") / "home", small_universe, network())
    yield one
    if one.process.poll() is None:
        os.killpg(one.process.pid, signal.SIGKILL)
        one.process.wait()


@pytest.fixture(scope="module")
def answers(served: Served) -> str:
    """Hash of the last night's answers, once the first run of a fresh home is done."""
    served.until(lambda: served.runs("backfill", "COMPLETED"), "the first run")
    return served.answers()


def test_a_fresh_home_shows_deployments_schedules_runs_and_artifacts(served: Served) -> None:
    served.until(lambda: {d["name"] for d in served.ask("deployments/filter")} == ALL, "deployments")
    served.until(lambda: {"verdicts", "validations", "report", "backfill"}
                 <= {a["key"] for a in served.ask("artifacts/filter")}, "artifacts")  # fmt: skip
    served.until(lambda: served.runs("nightly", "SCHEDULED"), "scheduled nights")
    for run in served.runs("nightly", "SCHEDULED"):
        due = datetime.fromisoformat(run["expected_start_time"]).astimezone(ZoneInfo("America/New_York"))
        assert (due.hour, due.minute, due.weekday() < 5) == (18, 30, True)
    assert served.runs("reconcile", "SCHEDULED")
    served.until(lambda: f"Prefect UI: http://127.0.0.1:{served.port}" in served.log.read_text(), "the address")


def test_the_link_to_the_report_opens_it(served: Served, answers: str) -> None:
    day = served.last_night()["trade_date"]
    [text] = {a["data"] for a in served.ask("artifacts/filter") if a["description"] == f"Report of {day}, simulated"}
    link = text.partition("](")[2].partition(")")[0]
    page = requests.get(link, timeout=10)
    assert page.status_code == 200
    assert "SIMULATED" in page.text
    outside = requests.Request("GET", link).prepare()
    outside.url = f"http://127.0.0.1:{served.port + 1}/../warehouse.sqlite"
    assert requests.Session().send(outside, timeout=10).status_code == 404


def test_a_second_server_is_refused(served: Served, answers: str, tmp_path: Path) -> None:
    same_home = served.run(ALVH_PREFECT_PORT=str(_free_port()))
    assert (same_home.returncode, f"found one at http://127.0.0.1:{served.port}" in same_home.stderr) == (1, True)
    same_port = served.run(ALVH_HOME=str(tmp_path / "other"))
    assert (same_port.returncode, f"expected port {served.port} to be free" in same_port.stderr) == (1, True)


def test_a_killed_night_is_taken_up(served: Served, answers: str) -> None:
    served.force_half_a_night()
    served.kill("prefect.engine")
    served.until(lambda: served.runs("nightly", "CRASHED"), "the crash noticed")
    served.until(lambda: served.answers() == answers, "the night taken up")
    assert served.runs("watch", "COMPLETED", "RUNNING")


@pytest.mark.parametrize(("name", "word"), [("runner", "flows.runner"), ("Prefect server", "prefectserverstart")])
def test_what_is_killed_comes_back_and_the_night_ends(served: Served, answers: str, name: str, word: str) -> None:
    served.force_half_a_night()
    served.kill(word)
    served.until(lambda: f"the {name} died" in served.log.read_text(), "its death noticed")
    served.until(lambda: served.answers() == answers, "the night's end")
    served.until(lambda: {d["name"] for d in served.ask("deployments/filter") if d["status"] == "READY"} == ALL,
                 "deployments served again")  # fmt: skip
    served.until(lambda: not served.runs("nightly", "RUNNING", "PENDING"), "no run left hanging")


def test_everything_killed_and_started_again_ends_the_night(served: Served, answers: str) -> None:
    served.force_half_a_night()
    os.killpg(served.process.pid, signal.SIGKILL)
    served.process.wait()
    served.start()
    served.until(lambda: served.answers() == answers, "the night's end")


def test_its_children_end_with_a_parent_that_was_killed(served: Served) -> None:
    served.until((served.home / "prefect/runner.ready").exists, "the runner")
    os.kill(served.process.pid, signal.SIGKILL)
    served.process.wait()
    gone = time.monotonic() + 60.0
    while served.members():
        assert time.monotonic() < gone, served.members()
        time.sleep(0.2)
    served.start()
    served.until(lambda: {d["name"] for d in served.ask("deployments/filter")} == ALL, "deployments")


def test_ctrl_c_stops_it_and_leaves_nothing(served: Served) -> None:
    served.until(lambda: served.log.read_text().count("Ctrl-C stops it") == 3, "the third greeting")
    began = time.monotonic()
    os.killpg(served.process.pid, signal.SIGINT)
    assert served.process.wait(60) == 0
    assert time.monotonic() - began < 60
    assert served.members() == []
    assert not (served.home / "prefect/api_url").exists()
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        probe.bind(("127.0.0.1", served.port))


def test_nothing_of_it_talked_to_another_machine(served: Served) -> None:
    """Telemetry of every dependency is off, whatever the environment says."""
    assert served.network.hosts() == {"127.0.0.1"}
