"""Two things that silently break when versions drift: a flow runs, and a server schedules a deployment."""

import os
import subprocess
import sys
import time
from pathlib import Path

import requests

ROOT = Path(__file__).parents[2]


def test_an_empty_flow_runs(run_night) -> None:
    from prefect import flow

    assert flow(lambda: 1, name="empty")() == 1


def test_the_nightly_deployment_gets_scheduled(prefect_api: str, tmp_path: Path) -> None:
    """A newer SQLAlchemy stops the scheduler without a word in the flow's own log."""
    env = dict(os.environ, PREFECT_API_URL=prefect_api, PREFECT_HOME=str(tmp_path), DO_NOT_TRACK="1")
    cli = [sys.executable, "-m", "prefect", "--no-prompt"]
    subprocess.run(
        [*cli, "work-pool", "create", "local", "--type", "process"], env=env, check=True, capture_output=True
    )
    deploy = [*cli, "deploy", "--prefect-file", "deploy/prefect.yaml", "--all"]
    done = subprocess.run(deploy, env=env, cwd=ROOT, check=False, capture_output=True, text=True)
    assert done.returncode == 0, done.stdout + done.stderr
    question = {"flow_runs": {"state": {"type": {"any_": ["SCHEDULED"]}}}}
    for _ in range(100):
        count = requests.post(f"{prefect_api}/flow_runs/count", json=question, timeout=5).json()
        if count:
            break
        time.sleep(0.3)
    assert count > 0, "the scheduler made no runs"
