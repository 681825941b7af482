"""Runners of shards: what is asked for is what is opened, and what cannot work is said before it is tried."""

import pytest
from prefect.task_runners import ThreadPoolTaskRunner

from alvh_core.errors import ContractError
from flows.runners import check_reach, task_runner

LOCAL, SHARED = "http://127.0.0.1:4200/api", "http://prefect.example:4200/api"


@pytest.mark.parametrize(("kind", "name"), [("dask", "DaskTaskRunner"), ("ray", "RayTaskRunner")])
def test_a_cluster_of_this_machine_or_elsewhere(kind, name):
    pytest.importorskip(f"prefect_{kind}")
    assert type(task_runner(kind, None, 2)).__name__ == name
    assert type(task_runner(kind, "tcp://scheduler.example:8786", 2)).__name__ == name


def test_threads_are_no_more_than_shards():
    runner = task_runner("threads", None, 1)
    assert isinstance(runner, ThreadPoolTaskRunner)
    assert runner._max_workers == 1


def test_an_unknown_kind_is_named():
    with pytest.raises(ContractError, match="ALVH_RUNNER: expected one of threads, dask, ray, found 'spark'"):
        task_runner("spark", None, 2)


@pytest.mark.parametrize(
    ("address", "server"),
    [(None, LOCAL), ("auto", LOCAL), ("tcp://127.0.0.1:8786", LOCAL), ("tcp://localhost:8786", LOCAL),
     ("tcp://10.0.0.5:8786", SHARED), ("ray://head.example:10001", SHARED)],
)  # fmt: skip
def test_workers_reach_the_server(address, server):
    check_reach(address, server)


@pytest.mark.parametrize("address", ["tcp://10.0.0.5:8786", "ray://head.example:10001"])
def test_workers_elsewhere_cannot_report_to_a_server_on_loopback(address):
    with pytest.raises(ContractError, match=r"workers at (10\.0\.0\.5|head\.example) reach, found http://127"):
        check_reach(address, LOCAL)
