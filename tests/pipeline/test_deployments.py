"""deploy/prefect.yaml on a live server: what it deploys, when that is due, and a real worker that runs a night."""

import os
import subprocess
import sys
import time
from datetime import date, datetime, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest
import requests
import yaml

from alvh_core.sessions import NEW_YORK
from flows.schedules import DEPLOYMENTS

ROOT = Path(__file__).parents[2]
CLI = [sys.executable, "-m", "prefect", "--no-prompt"]
IMAGE = "registry.example/alvh-pipeline:test"
POOLS = ("alvh-process", "alvh-docker")
DAY = date(2026, 11, 18)


class Server:
    """The Prefect server with the deployments on it, asked as a browser would."""

    def __init__(self, api: str) -> None:
        self.api = api
        found = self.ask("deployments/filter", {"limit": 200})
        self.deployments = {d["name"]: d for d in found if d["work_pool_name"] in POOLS}

    def ask(self, path: str, question: dict | None = None):
        answer = (
            requests.get(f"{self.api}/{path}", timeout=20)
            if question is None
            else requests.post(f"{self.api}/{path}", json=question, timeout=20)
        )
        assert answer.ok, answer.text
        return answer.json()

    def scheduled(self, name: str) -> list[datetime]:
        """When the next runs of a deployment are due; waits for the scheduler."""
        question = {
            "deployments": {"id": {"any_": [self.deployments[name]["id"]]}},
            "flow_runs": {"state": {"type": {"any_": ["SCHEDULED"]}}},
        }  # fmt: skip
        for _ in range(1000):
            runs = self.ask("flow_runs/filter", question)
            if runs:
                return [datetime.fromisoformat(run["expected_start_time"]) for run in runs]
            time.sleep(0.3)
        return []


@pytest.fixture(scope="module")
def server(prefect_api: str, tmp_path_factory: pytest.TempPathFactory) -> Server:
    env = dict(os.environ, PREFECT_API_URL=prefect_api, PREFECT_HOME=str(tmp_path_factory.mktemp("client")),
               DO_NOT_TRACK="1", PIPELINE_IMAGE=IMAGE, PYTHONPATH=absolute_python_path(),
               PATH=f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}")  # fmt: skip
    for deployment in ("watch/watch-docker", "watch/watch"):  # what is there is brought up to date, not made twice
        done = subprocess.run(["sh", ROOT / "deploy" / "apply.sh", deployment], env=env, check=False,
                              capture_output=True, text=True)  # fmt: skip
        assert done.returncode == 0, done.stdout + done.stderr
    return Server(prefect_api)


def absolute_python_path() -> str:
    """What this run imports from, also from another folder."""
    return os.pathsep.join(str(Path(p).resolve()) for p in os.environ.get("PYTHONPATH", "").split(os.pathsep) if p)


def names() -> list[str]:
    return [f"{planned.name}{suffix}" for planned in DEPLOYMENTS for suffix in ("", "-docker")]


def test_the_file_deploys_what_the_schedules_say(server: Server) -> None:
    assert sorted(server.deployments) == sorted(names())
    for planned in DEPLOYMENTS:
        for name, pool in ((planned.name, "alvh-process"), (f"{planned.name}-docker", "alvh-docker")):
            found = server.deployments[name]
            told = {key: found[key] for key in ("entrypoint", "description", "work_pool_name", "paused")}
            assert told == {"entrypoint": planned.entrypoint, "description": planned.description,
                            "work_pool_name": pool, "paused": False}  # fmt: skip
            crons = [(s["schedule"]["cron"], s["schedule"]["timezone"]) for s in found["schedules"]]
            assert crons == ([(planned.cron, NEW_YORK)] if planned.cron else [])
            assert found["global_concurrency_limit"]["limit"] == 1
            assert found["concurrency_options"]["collision_strategy"] == "ENQUEUE"


def test_only_one_pool_is_scheduled(server: Server) -> None:
    active = {name: [s["active"] for s in found["schedules"]] for name, found in server.deployments.items()}
    for planned in DEPLOYMENTS:
        assert active[planned.name] == ([True] if planned.cron else [])
        assert active[f"{planned.name}-docker"] == ([False] if planned.cron else [])


def test_the_pools_change_over_by_two_words() -> None:
    text = (ROOT / "deploy" / "prefect.yaml").read_text()
    swapped = text.replace("&process_is_scheduled true", "&process_is_scheduled false")
    swapped = swapped.replace("&docker_is_scheduled false", "&docker_is_scheduled true")
    for document, scheduled_pool in ((text, "alvh-process"), (swapped, "alvh-docker")):
        deployments = yaml.safe_load(document)["deployments"]
        active = {d["work_pool"]["name"] for d in deployments for s in d["schedules"] if s["active"]}
        assert active == {scheduled_pool}


def test_nothing_of_the_deploying_machine_is_in_a_deployment(server: Server) -> None:
    for found in server.deployments.values():
        assert (found["pull_steps"], found["path"]) == ([], None)
        assert str(ROOT) not in str(found)


def test_the_nightly_is_due_at_half_past_six_in_new_york(server: Server) -> None:
    """A newer SQLAlchemy stops the scheduler without a word in the flow's own log."""
    due = [at.astimezone(ZoneInfo(NEW_YORK)) for at in server.scheduled("nightly")]
    assert due, "the scheduler made no runs"
    assert {f"{at:%H:%M}" for at in due} == {"18:30"}
    assert all(at.weekday() < 5 for at in due)
    assert len({at.date() for at in due}) == len(due), "two runs for one night"


def test_a_container_run_is_what_the_pool_takes(server: Server) -> None:
    """Deploying needs no prefect-docker, only the worker does: the server knows what its pools take."""
    from prefect.utilities.schema_tools import validate

    template = server.ask("work_pools/alvh-docker")["base_job_template"]
    for name in (name for name in server.deployments if name.endswith("-docker")):
        variables = server.deployments[name]["job_variables"]
        assert set(variables) <= set(template["variables"]["properties"])
        validate(variables, template["variables"], raise_on_error=True)
        assert variables["image"] == IMAGE
    with pytest.raises(Exception, match="sometimes"):
        validate({**variables, "image_pull_policy": "sometimes"}, template["variables"], raise_on_error=True)


def test_crashed_nights_are_watched_for_once(server: Server) -> None:
    mine = [a for a in server.ask("automations/filter", {}) if a["name"].startswith("alvh: ")]
    assert sorted(a["name"] for a in mine) == ["alvh: silent runs have crashed", "alvh: take up crashed nights"]
    action = next(a for a in mine if "take up" in a["name"])["actions"][0]
    assert action["deployment_id"] == server.deployments["watch"]["id"]


class Worker:
    """A process worker as the unit in deploy/systemd starts it; what it says is kept."""

    def __init__(self, server: Server, environment: dict[str, str], folder: Path) -> None:
        self._server, self._env, self._folder = server, environment, folder

    def run(self, name: str, parameters: dict, **changes: str) -> tuple[dict, str]:
        """Run a deployment once; its final state and the worker's log."""
        created = f"deployments/{self._server.deployments[name]['id']}/create_flow_run"
        run = self._server.ask(created, {"parameters": parameters, "state": {"type": "SCHEDULED"}})
        with (self._folder / "worker.log").open("w") as log:
            command = [*CLI, "worker", "start", "--pool", "alvh-process", "--name", "test"]
            worker = subprocess.Popen(command, env=self._env | changes, cwd=self._folder, stdout=log, stderr=log)
            try:
                state = self._final_state(run["id"], worker)
            finally:
                worker.terminate()
                worker.wait(60)
        return state, (self._folder / "worker.log").read_text()

    def _final_state(self, run_id: str, worker: subprocess.Popen) -> dict:
        end = time.monotonic() + 480
        while time.monotonic() < end:
            assert worker.poll() is None, (self._folder / "worker.log").read_text()
            state = self._server.ask(f"flow_runs/{run_id}")["state"]
            if state["type"] in {"COMPLETED", "FAILED", "CRASHED", "CANCELLED"}:
                return state
            time.sleep(0.5)
        raise AssertionError((self._folder / "worker.log").read_text()[-4000:])


@pytest.fixture
def worker(server: Server, environment: dict[str, str], tmp_path: Path) -> Worker:
    (tmp_path / "cwd").mkdir()
    return Worker(server, environment | {"PYTHONPATH": absolute_python_path()}, tmp_path / "cwd")


@pytest.mark.slow
def test_a_worker_runs_the_night(worker: Worker, environment: dict[str, str], warehouse_of) -> None:
    state, log = worker.run("nightly", {"trade_date": str(DAY)})
    assert state["type"] == "COMPLETED", log[-4000:]
    home = Path(environment["ALVH_HOME"])
    night = warehouse_of(home).ledger("simulated", DAY)
    assert (night["night_status"], night["outcome"]) == ("COMPLETE", "OK")
    assert (home / "reports" / f"{DAY}-simulated.html").is_file()


@pytest.mark.slow
def test_a_worker_without_an_absolute_home_loses_nothing_quietly(worker: Worker) -> None:
    state, _ = worker.run("nightly", {"trade_date": str(DAY + timedelta(days=1))}, ALVH_HOME="relative")
    assert state["type"] == "FAILED"
    assert "ALVH_HOME: expected an absolute path" in state["message"]
