"""Ctrl-C and SIGTERM on a night at work: it ends within seconds, says how to go on, and the ledger says why."""

import json
import os
import pty
import signal
import sqlite3
import subprocess
import sys
import time
import urllib.request
from datetime import date
from pathlib import Path

import pytest

pytestmark = pytest.mark.slow
WORDS = "stopped; what has landed and what is published stays; to go on: "
REASON = "stopped by Ctrl-C or SIGTERM; run it again"


class Command:
    """A command at a terminal, which shows the stages; on its own temporary server where none is configured."""

    def __init__(self, environment: dict[str, str], *words: str) -> None:
        self._terminal, theirs = pty.openpty()
        self.process = subprocess.Popen([sys.executable, "-m", "flows.cli", *words], env=environment, stdout=theirs,
                                        stderr=theirs, start_new_session=True)  # fmt: skip
        os.close(theirs)
        self.text = ""

    def read_until(self, words: str) -> None:
        while words not in self.text:
            assert self._read(), self.text

    def end(self) -> float:
        """Read on to the end; the seconds it took."""
        start = time.monotonic()
        while self._read():
            pass
        self.process.wait(30)
        os.close(self._terminal)
        return time.monotonic() - start

    def _read(self) -> bool:
        try:
            found = os.read(self._terminal, 65536).decode(errors="replace")
        except OSError:  # the other end is closed
            return False
        self.text += found.replace("\r\n", "\n")
        return bool(found)


@pytest.mark.parametrize(("number", "stage"), [(signal.SIGINT, "land, "), (signal.SIGINT, "\nbook\n"),
                                               (signal.SIGTERM, "\nbook\n")])  # fmt: skip
def test_a_night_that_is_stopped_ends_at_once_and_goes_on(
    environment: dict[str, str], tiny_universe: Path, warehouse_of, number: int, stage: str
) -> None:
    del environment["PREFECT_API_URL"]  # the temporary server is ended by the same Ctrl-C: that took a minute
    environment["ALVH_UNIVERSE_FILE"] = str(tiny_universe)
    night = Command(environment, "nightly", "--source", "simulated", "--date", "2026-11-18")
    night.read_until(stage)
    if number == signal.SIGINT:
        os.killpg(night.process.pid, number)  # as a terminal does: to the command and all its children
    else:
        night.process.send_signal(number)
    assert night.end() < 10.0
    assert night.process.returncode == 128 + number, night.text
    assert night.text.splitlines()[-1] == f"{WORDS}alvh nightly --date 2026-11-18 --source simulated", night.text
    assert "Traceback" not in night.text
    assert reasons(warehouse_of(Path(environment["ALVH_HOME"]))) == {"2026-11-18": REASON}
    assert is_gone(night.process.pid)


def test_a_forced_backfill_that_is_stopped_goes_on_from_the_night_it_was_at(
    environment: dict[str, str], tiny_universe: Path, warehouse_of
) -> None:
    del environment["PREFECT_API_URL"]
    environment["ALVH_UNIVERSE_FILE"] = str(tiny_universe)
    period = ("--from", "2026-10-09", "--to", "2026-10-16", "--source", "simulated", "--force")
    run = Command(environment, "backfill", *period)
    run.read_until("1/6  2026-10-09  OK")
    assert not (Path(environment["PREFECT_HOME"]) / "api_url").exists(), "no other command may count on its server"
    run.process.terminate()
    assert run.end() < 10.0
    assert run.process.returncode == 143, run.text
    stopped = reasons(warehouse_of(Path(environment["ALVH_HOME"])))
    assert set(stopped.values()) == {REASON}
    oldest = min(stopped)
    assert oldest > "2026-10-09"
    assert run.text.splitlines()[-1] == (
        f"{WORDS}alvh backfill --from {oldest} --to 2026-10-16 --source simulated --force --workers 2"
    )
    assert is_gone(run.process.pid)
    with sqlite3.connect(Path(environment["PREFECT_HOME"]) / "prefect.db") as database:
        found = database.execute(
            "select f.state_type, s.message from flow_run f join flow_run_state s on s.id = f.state_id"
        )
        assert found.fetchall() == [("CANCELLED", REASON)]


def test_the_server_of_a_run_that_is_stopped_has_it_as_cancelled(
    environment: dict[str, str], tiny_universe: Path
) -> None:
    environment["ALVH_UNIVERSE_FILE"] = str(tiny_universe)
    for command in ("nightly", "watch"):
        run = Command(environment, command, "--source", "simulated", "--date", "2026-09-01")
        run.read_until("\nbook\n")
        run.process.send_signal(signal.SIGINT)
        assert run.end() < 10.0
        assert state_of(environment["PREFECT_API_URL"], f"{command}-2026-09-01") == ("CANCELLED", REASON)


def test_a_server_that_does_not_answer_keeps_nobody_waiting(environment: dict[str, str], tiny_universe: Path) -> None:
    del environment["PREFECT_API_URL"]
    environment["ALVH_UNIVERSE_FILE"] = str(tiny_universe)
    run = Command(environment, "backfill", "--from", "2026-10-09", "--to", "2026-10-16", "--source", "simulated")
    run.read_until("1/6  2026-10-09  OK")
    found = subprocess.run(
        ["pgrep", "-P", str(run.process.pid), "-f", "prefect server"], capture_output=True, check=True
    )
    server = int(found.stdout)
    os.kill(server, signal.SIGSTOP)
    try:
        run.process.terminate()
        assert run.end() < 10.0, "it answers nobody for as long as it stands still"
        assert run.process.returncode == 143, run.text
    finally:
        os.kill(server, signal.SIGKILL)


def state_of(api: str, run: str) -> tuple[str, str]:
    """What a server says of a run."""
    asked = json.dumps({"flow_runs": {"name": {"any_": [run]}}}).encode()
    request = urllib.request.Request(f"{api}/flow_runs/filter", asked, {"content-type": "application/json"})
    with urllib.request.urlopen(request, timeout=10) as answer:
        (found,) = json.load(answer)
    return found["state"]["type"], found["state"]["message"]


def reasons(warehouse) -> dict[str, str]:
    """Why nights of these tests are not published."""
    nights = warehouse.nights("simulated", date(2026, 10, 1), date(2026, 11, 30))
    return {str(day): warehouse.ledger("simulated", day)["reason"] for day, s in nights.items() if s != "COMPLETE"}


def is_gone(group: int) -> bool:
    """Wait until nobody of a process group is left."""
    for _ in range(600):
        try:
            os.killpg(group, 0)
        except ProcessLookupError:
            return True
        time.sleep(0.1)
    return False
