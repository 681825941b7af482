"""Where the shards of a night are computed: threads of this process, a Dask cluster or a Ray cluster.

The flow's own runner stays a pool of threads, because landing keeps one pace per host; a cluster is opened around the
shards alone. Both libraries are extras and imported only when asked for.
"""

import importlib
import logging
import os
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any
from urllib.parse import urlsplit

from prefect.client.orchestration import get_client
from prefect.settings import PREFECT_API_URL, temporary_settings
from prefect.task_runners import TaskRunner, ThreadPoolTaskRunner

from alvh_core.errors import ContractError

KINDS = ("threads", "dask", "ray")
LOOPBACK = "127.0.0.1"


@contextmanager
def open_runner(kind: str, address: str | None, workers: int) -> Iterator[TaskRunner[Any]]:
    """Open what computes shards, for as long as the night needs it.

    Every process of it reports to the server of this run, even to one that lives in this process only; left alone, each
    would start a server of its own on the same database.

    Parameters
    ----------
    kind : {'threads', 'dask', 'ray'}
    address : str, optional
        Of a running scheduler; without one a cluster of this machine is started, on loopback.
    workers : int
        At most so many side by side on this machine.

    Yields
    ------
    TaskRunner

    Raises
    ------
    ContractError
        Another kind, its extra is not installed, or its workers cannot reach the server of this run.
    """
    server = str(get_client(sync_client=True).api_url)
    check_reach(address, server)
    with temporary_settings({PREFECT_API_URL: server}), task_runner(kind, address, workers) as runner:
        yield runner


def check_reach(address: str | None, server: str) -> None:
    """Refuse a cluster elsewhere whose workers would report to a server that only this machine reaches.

    Raises
    ------
    ContractError
        Names both addresses.
    """
    there, here = urlsplit(address or "").hostname, urlsplit(server).hostname
    if there and not _is_loopback(there) and _is_loopback(str(here)):
        raise ContractError(
            f"ALVH_RUNNER_ADDRESS: expected a Prefect server that workers at {there} reach, found {server}, which only "
            "this machine does; start one on an address of its own and set PREFECT_API_URL to it (docs/scale.md)"
        )


def _is_loopback(host: str) -> bool:
    return host in {"localhost", "::1"} or host.startswith("127.")


def task_runner(kind: str, address: str | None, workers: int) -> TaskRunner[Any]:
    """Return the runner that `open_runner` opens."""
    local = min(workers, os.cpu_count() or 1)
    if kind == "threads":
        return ThreadPoolTaskRunner(max_workers=local)
    if kind == "dask":
        return _dask(address, local)
    if kind == "ray":
        return _ray(address, local)
    raise ContractError(f"ALVH_RUNNER: expected one of {', '.join(KINDS)}, found {kind!r}")


def _dask(address: str | None, workers: int) -> TaskRunner[Any]:
    runner: Any = _imported("dask").DaskTaskRunner
    logging.getLogger("distributed").setLevel(logging.WARNING)  # tells every connection it opens
    logging.getLogger("distributed.nanny").setLevel(logging.ERROR)  # a worker slow to end has nothing left to do
    here = {"n_workers": workers, "threads_per_worker": 1, "host": LOOPBACK, "dashboard_address": f"{LOOPBACK}:0"}
    made: TaskRunner[Any] = runner(address=address) if address else runner(cluster_kwargs=here)
    return made


def _ray(address: str | None, workers: int) -> TaskRunner[Any]:
    os.environ["RAY_USAGE_STATS_ENABLED"] = "0"  # telemetry; read when Ray starts
    runner: Any = _imported("ray").RayTaskRunner
    here = {"num_cpus": workers, "include_dashboard": False, "log_to_driver": False, "_node_ip_address": LOOPBACK}
    made: TaskRunner[Any] = runner(address=address) if address else runner(init_kwargs=here)
    return made


def _imported(kind: str) -> Any:
    try:
        return importlib.import_module(f"prefect_{kind}.task_runners")
    except ImportError as error:
        raise ContractError(
            f"ALVH_RUNNER={kind}: expected prefect-{kind} to be installed, found {error}; "
            f"`pip install 'alvh-pipeline[{kind}]'`"
        ) from error
