"""A night killed at any stage and run again is the night that was never disturbed."""

import json
import subprocess
import sys
from pathlib import Path

import pytest

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def trials(prefect_api: str, small_universe: Path, tmp_path_factory: pytest.TempPathFactory) -> dict[str, dict]:
    import os

    base = tmp_path_factory.mktemp("trials")
    env = {n: v for n, v in os.environ.items() if not n.startswith(("ALVH_", "PREFECT_"))}
    env |= {"ALVH_UNIVERSE_FILE": str(small_universe), "PREFECT_API_URL": prefect_api, "DO_NOT_TRACK": "1",
            "PREFECT_HOME": str(base / "prefect"), "PREFECT_LOGGING_LEVEL": "ERROR"}  # fmt: skip
    program = Path(__file__).with_name("trials.py")
    done = subprocess.run(
        [sys.executable, str(program), str(base), "442"],
        env=env,
        capture_output=True,
        text=True,
        timeout=900,
        check=False,
    )
    assert done.returncode == 0, done.stderr[-4000:]
    return json.loads(done.stdout.splitlines()[-1])


def test_every_trial_publishes_the_rows_of_the_undisturbed_night(trials: dict[str, dict]) -> None:
    whole = trials["whole"]
    assert whole["counts"]["out_alvh__daily_verdicts"] > 0
    assert {name: t["fingerprint"] for name, t in trials.items()} == dict.fromkeys(trials, whole["fingerprint"])
    assert {name: t["counts"] for name, t in trials.items()} == dict.fromkeys(trials, whole["counts"])


def test_every_trial_ends_with_one_complete_night_and_a_report(trials: dict[str, dict]) -> None:
    assert {name: (t["nights"], t["has_report"]) for name, t in trials.items()} == dict.fromkeys(
        trials, (["COMPLETE"], True)
    )


def test_no_trial_leaves_half_written_files(trials: dict[str, dict]) -> None:
    assert {name: t["strays"] for name, t in trials.items()} == dict.fromkeys(trials, 0)
