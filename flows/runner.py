"""The runner of the schedules, a child process of `alvh serve`: starts flow runs when they are due, each as a process.

Not a command of its own: it expects a server, and tells by a file when it is ready.
"""

import sys
from pathlib import Path

from prefect import serve
from prefect.deployments import run_deployment

from flows.automations import ensure_automations
from flows.schedules import runner_deployments

CONCURRENT_RUNS = 4


def main(ready: Path) -> None:
    """Create the deployments and automations, catch up with what a machine that slept has missed, and serve."""
    deployments = runner_deployments()
    for deployment in deployments:
        deployment.apply()
    ensure_automations()
    run_deployment("watch/watch", timeout=0, as_subflow=False)
    ready.touch()
    serve(*deployments, pause_on_shutdown=False, print_starting_message=False, limit=CONCURRENT_RUNS)


if __name__ == "__main__":
    main(Path(sys.argv[1]))
