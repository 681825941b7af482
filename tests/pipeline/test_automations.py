"""What the server watches by itself: a run that falls silent is marked Crashed, and a crashed night is taken up."""

import os
import pickle
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
import requests

from flows.schedules import DEPLOYMENTS

pytestmark = pytest.mark.slow
SHORTEST = timedelta(seconds=10)  # that Prefect takes; in use it is three heartbeats
SILENT_NIGHT = """
import sys, time
from pathlib import Path
from prefect import flow
@flow(name="nightly")
def nightly():
    Path(sys.argv[1]).touch()
    time.sleep(600)
nightly()
"""


@pytest.fixture
def watched(prefect_api: str, run_night: Callable, monkeypatch: pytest.MonkeyPatch) -> Iterator[str]:
    """The session's server with our automations; address of the watch deployment's flow runs."""
    from prefect.automations import Automation

    from flows import automations
    from flows.schedules import runner_deployments

    monkeypatch.setattr(automations, "SILENCE", SHORTEST)
    for deployment in runner_deployments():
        deployment.apply()
    automations.ensure_automations()
    ours = [a for a in requests.post(f"{prefect_api}/automations/filter", timeout=30).json() if "alvh" in a["name"]]
    assert len(ours) == 2
    yield prefect_api
    for automation in ours:
        Automation.read(id=automation["id"]).delete()
    for planned in DEPLOYMENTS:
        flow = planned.name
        found = requests.get(f"{prefect_api}/deployments/name/{flow}/{planned.name}", timeout=30).json()
        requests.delete(f"{prefect_api}/deployments/{found['id']}", timeout=30)


def test_a_night_that_dies_without_a_word_is_crashed_and_taken_up(
    watched: str, environment: dict[str, str], tmp_path: Path
) -> None:
    from flows.automations import ensure_automations

    env = environment | {"PREFECT_FLOWS_HEARTBEAT_FREQUENCY": "30"}
    mark = tmp_path / "running"
    child = subprocess.Popen([sys.executable, "-c", SILENT_NIGHT, str(mark)], env=env)
    _until(mark.exists, 300)
    [run] = _runs(watched, "nightly", "RUNNING")
    _until(lambda: _heartbeats(watched, run["id"]), 240)
    os.kill(child.pid, signal.SIGKILL)
    child.wait()
    ensure_automations()  # as a runner does that is started again: what the server waits for must not be forgotten
    _until(lambda: _runs(watched, "nightly", "CRASHED"), 300)
    assert _runs(watched, "nightly", "CRASHED")[0]["state"]["message"] == "no heartbeat for 10 s"
    _until(lambda: any(run["auto_scheduled"] is False for run in _runs(watched, "watch", "SCHEDULED")), 240)


def test_a_run_that_the_automation_missed_is_crashed_by_the_watch(watched: str) -> None:
    from prefect import flow
    from prefect.client.orchestration import get_client
    from prefect.client.schemas import FlowRun
    from prefect.events import emit_event
    from prefect.states import Running

    from flows.automations import LONG_SILENCE, crash_silent_runs

    with get_client(sync_client=True) as client:

        def run(name: str) -> FlowRun:
            return client.create_flow_run(flow(lambda: None, name="silent"), name=name, state=Running())

        lost, heard = run("lost"), run("heard")
        since = datetime.now(UTC)
        emit_event("prefect.flow-run.heartbeat", {"prefect.resource.id": f"prefect.flow-run.{heard.id}"})
        young = run("young")
        _until(lambda: _heartbeats(watched, str(heard.id)), 240)
        crashed = crash_silent_runs(since + LONG_SILENCE)  # and what other tests left running on this server
        assert "lost" in crashed
        assert not {"heard", "young"} & set(crashed)
        assert [client.read_flow_run(made.id).state_name for made in (lost, heard, young)] == [
            "Crashed",
            "Running",
            "Running",
        ]
        for made in (heard, young):
            client.delete_flow_run(made.id)


def test_what_an_automation_says_does_not_hang_on_the_order_of_a_set() -> None:
    """Each start is another process, with another order: an update there would forget the silent runs."""
    shows = (
        "from flows.automations import _meaning, _silent_runs; import pickle\n"
        "print(_meaning(_silent_runs()) == pickle.loads(bytes.fromhex(input())))"
    )
    from flows.automations import _meaning, _silent_runs

    said = pickle.dumps(_meaning(_silent_runs())).hex()
    for seed in ("1", "2", "3"):
        done = subprocess.run([sys.executable, "-c", shows], input=said, capture_output=True, text=True, check=True,
                              env=os.environ | {"PYTHONHASHSEED": seed})  # fmt: skip
        assert done.stdout.strip() == "True"


def _runs(api: str, flow: str, state: str) -> list[dict]:
    question = {"flows": {"name": {"any_": [flow]}}, "flow_runs": {"state": {"type": {"any_": [state]}}}}
    return requests.post(f"{api}/flow_runs/filter", json=question, timeout=30).json()


def _heartbeats(api: str, run_id: str) -> list[dict]:
    question = {"filter": {"event": {"name": ["prefect.flow-run.heartbeat"]},
                           "resource": {"id": [f"prefect.flow-run.{run_id}"]}}}  # fmt: skip
    return requests.post(f"{api}/events/filter", json=question, timeout=240).json()["events"]


def _until(is_so: Callable[[], object], seconds: float) -> None:
    end = time.monotonic() + seconds
    while not is_so():
        assert time.monotonic() < end, f"not within {seconds} s"
        time.sleep(0.2)
