"""Many nights at once: side by side and in order, stopped by Ctrl-C and gone on with, the same rows as one by one."""

import os
import re
import signal
import subprocess
import sys
from datetime import date
from pathlib import Path

import pytest
import requests

pytestmark = pytest.mark.slow
DAYS = [date(2026, 10, d) for d in (9, 12, 13, 14)]


@pytest.fixture
def tiny(environment: dict[str, str], tiny_universe: Path) -> dict[str, str]:
    return environment | {"ALVH_UNIVERSE_FILE": str(tiny_universe)}


def started(environment: dict[str, str]) -> subprocess.Popen:
    command = [sys.executable, "-m", "flows.cli", "backfill", "--from", str(DAYS[0]), "--to", str(DAYS[-1])]
    return subprocess.Popen(command, env=environment, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True,
                            start_new_session=True)  # fmt: skip


def test_it_is_stopped_and_goes_on_and_ends_as_nights_run_one_by_one(
    tiny: dict[str, str], run_night, warehouse_of, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    first = started(tiny)
    heard = [first.stdout.readline()]
    os.killpg(first.pid, signal.SIGINT)  # as a terminal does: to the command and all its children
    heard += first.communicate(timeout=900)[0].splitlines(keepends=True)
    assert first.returncode == 130, "".join(heard)
    assert heard[0] == f"1/4  {DAYS[0]}  OK\n"
    assert heard[-1] == (
        "stopped; what has landed and what is published stays; to go on: "
        f"alvh backfill --from {DAYS[0]} --to {DAYS[-1]} --workers 2\n"
    ), "".join(heard)
    assert "Traceback" not in "".join(heard)

    warehouse = warehouse_of(Path(tiny["ALVH_HOME"]))
    published = [day for day, s in warehouse.nights("simulated", DAYS[0], DAYS[-1]).items() if s == "COMPLETE"]
    assert published == DAYS[: len(published)]
    assert 1 <= len(published) < 4
    still = {str(gap["trade_date"]): gap["gap_status"] for gap in warehouse.gaps("simulated")}
    assert {day for day, status in still.items() if status == "OPEN"} == {str(d) for d in DAYS[len(published) :]}

    second = started(tiny)
    lines = second.communicate(timeout=900)[0].splitlines()
    left = 4 - len(published)
    ended = f"{left} night{'s' if left > 1 else ''} run"
    assert second.returncode == 0, lines
    assert [re.sub(r", about .* left", "", line) for line in lines] == [
        *(f"{n}/{left}  {day}  OK" for n, day in enumerate(DAYS[-left:], 1)), ended
    ]  # fmt: skip
    assert {gap["gap_status"] for gap in warehouse.gaps("simulated")} == {"FILLED"}
    numbers = [warehouse.ledger("simulated", day)["publication_no"] for day in DAYS]
    assert numbers == [1, 2, 3, 4], "decided in the order of their dates"

    monkeypatch.setenv("ALVH_UNIVERSE_FILE", tiny["ALVH_UNIVERSE_FILE"])
    for day in DAYS:
        assert run_night(tmp_path / "single", day, is_small=False).name == "Completed"
    single = warehouse_of(tmp_path / "single")
    assert [warehouse.fingerprint("simulated", d) for d in DAYS] == [single.fingerprint("simulated", d) for d in DAYS]

    found = requests.post(f"{tiny['PREFECT_API_URL']}/artifacts/latest/filter", json={}, timeout=10).json()
    artifacts = {artifact["key"]: artifact for artifact in found}
    assert artifacts["backfill"]["data"] == 100.0
    assert f"| {DAYS[-1]} | OK |" in artifacts["backfill-nights"]["data"]


@pytest.mark.parametrize(("words", "expected"), [
    (["2026-07-17", "--to", "2026-07-16"], "expected --from not to be later than --to, found 2026-07-17 and 2026-07-1"),
    (["2027-06-01", "--to", "2027-06-02", "--source", "live"], "expected a run after the close of 2027-06-02"),
])  # fmt: skip
def test_a_period_that_cannot_be_is_refused(tiny: dict[str, str], words: list[str], expected: str) -> None:
    command = [sys.executable, "-m", "flows.cli", "backfill", "--from", *words]
    done = subprocess.run(command, env=tiny, capture_output=True, text=True, timeout=120, check=False)
    assert done.returncode == 2, done.stderr
    assert expected in done.stderr
    assert not (Path(tiny["ALVH_HOME"]) / "lake").exists(), "nothing was claimed or asked for"


def test_a_period_without_a_session_is_refused(tiny: dict[str, str]) -> None:
    command = [sys.executable, "-m", "flows.cli", "backfill", "--from", "2026-11-21", "--to", "2026-11-22"]
    done = subprocess.run(command, env=tiny, capture_output=True, text=True, timeout=120, check=False)
    assert done.returncode == 2, done.stderr
    assert "ContractError: backfill: expected a session from 2026-11-21 to 2026-11-22, found none" in done.stderr
