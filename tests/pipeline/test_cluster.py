"""A night in shards on a cluster, its lake on S3 and its warehouse on PostgreSQL, is the night of one process."""

import contextlib
import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from datetime import date
from pathlib import Path

import pandas as pd
import pytest

from alvh_core.registry.spec import TableSpec
from alvh_core.schemas import NIGHT_TABLES, TABLES
from tasks.lake.store import open_store
from tasks.lake.tables import LakeTables
from tasks.warehouse.repository import Warehouse

pytestmark = pytest.mark.slow

DAY = date(2026, 11, 18)
LANDED, SCORED = "core_options__daily_quotes/*/*/landed.*.parquet", "out_liquidity__daily_spread_scores/*/*/*.*.*"
CLOCKS = ["fetched_at_utc"]  # of the machine, not of the market


@pytest.fixture(scope="module")
def dask_workers(s3_server, tmp_path_factory) -> Iterator[tuple[str, list[subprocess.Popen]]]:
    """A scheduler and two workers, processes that know nothing of the night; address and workers."""
    folder = tmp_path_factory.mktemp("dask")
    file = folder / "scheduler.json"
    kept = {name: value for name, value in os.environ.items() if not name.startswith(("ALVH_", "PREFECT_"))}
    host = ["--host", "127.0.0.1", "--no-dashboard"]
    with contextlib.ExitStack() as stack:
        log = stack.enter_context((folder / "log").open("w"))

        def start(*arguments: str) -> subprocess.Popen:
            command = [sys.executable, "-W", "ignore", "-m", *arguments, *host]
            process = subprocess.Popen(command, env=kept | s3_server, cwd=folder, stdout=log, stderr=log)
            stack.callback(process.wait, 60)
            stack.callback(process.terminate)
            return process

        pytest.importorskip("distributed")
        scheduler = start("distributed.cli.dask_scheduler", "--port", "0", "--scheduler-file", str(file))
        workers = [start("distributed.cli.dask_worker", "--scheduler-file", str(file), "--no-nanny", "--nthreads", "1")
                   for _ in range(2)]  # fmt: skip
        yield _address(file, scheduler, folder / "log"), workers


def _address(file: Path, scheduler: subprocess.Popen, log: Path) -> str:
    """Wait until the scheduler has written down where it is."""
    while True:
        with contextlib.suppress(OSError, ValueError):  # not there yet, or not whole
            return json.loads(file.read_text())["address"]
        assert scheduler.poll() is None, log.read_text()
        time.sleep(0.05)


@pytest.fixture
def on_cluster(environment, bucket, postgres_url) -> dict[str, str]:
    """Environment of a child: three shards, the lake in a bucket, the warehouse in PostgreSQL."""
    cloud = {name: value for name, value in os.environ.items() if name.startswith("AWS_")}
    return environment | cloud | {
        "ALVH_LAKE_URL": f"{bucket}/lake", "ALVH_WAREHOUSE_URL": postgres_url, "ALVH_SHARDS": "3",
    }  # fmt: skip


def alvh(environment: dict[str, str], *arguments: str) -> subprocess.Popen:
    command = [sys.executable, "-m", "flows.cli", *arguments]
    return subprocess.Popen(command, env=environment, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)


def ended_well(child: subprocess.Popen) -> str:
    out, err = child.communicate(timeout=300)
    assert child.returncode == 0, f"{out[-2000:]}\n{err[-4000:]}"
    return out


@pytest.fixture
def is_the_same_night(simulated_home: Path, on_cluster) -> Callable[[], None]:
    """Compare what stands in warehouse and lake with the night of one process, row by row."""
    one = LakeTables(simulated_home / "lake", "simulated", DAY)
    many = LakeTables(on_cluster["ALVH_LAKE_URL"], "simulated", DAY)
    store, home_store = open_store(on_cluster["ALVH_LAKE_URL"]), open_store(simulated_home / "lake")

    def same(left: pd.DataFrame, right: pd.DataFrame, table: TableSpec) -> None:
        kept = [name for name in left if name not in CLOCKS]
        # a dictionary may hold names that no row has
        pd.testing.assert_frame_equal(left[kept], right[kept], obj=table.name, check_categorical=False)

    def compare() -> None:
        warehouses = [Warehouse(url) for url in (f"sqlite:///{simulated_home}/warehouse.sqlite",
                                                 on_cluster["ALVH_WAREHOUSE_URL"])]  # fmt: skip
        nights = [warehouse.night("simulated", DAY) for warehouse in warehouses]
        assert len({warehouse.fingerprint("simulated", DAY) for warehouse in warehouses}) == 1
        for warehouse in warehouses:
            warehouse.close()
        for table in NIGHT_TABLES:
            same(nights[0][table.name], nights[1][table.name], table)
        lake = [table for table in TABLES.values() if home_store.exists(one.path_of(table))]
        assert len(lake) > 15
        assert store.glob("*/*/*/part.parquet") == sorted(many.path_of(table) for table in lake)
        assert store.glob("*/*/*/*.*.*") == [], "files of shards are left"
        for table in lake:
            same(one.read(table), many.read(table), table)

    return compare


def test_dask_workers(dask_workers, on_cluster, is_the_same_night) -> None:
    address, _ = dask_workers
    night = ended_well(alvh(on_cluster | {"ALVH_RUNNER": "dask", "ALVH_RUNNER_ADDRESS": address}, "nightly", "--date",
                            str(DAY)))  # fmt: skip
    assert "INSUFFICIENT" in night
    is_the_same_night()
    asked = ended_well(alvh(on_cluster, "query", "--lake", "--format", "csv", "select count(distinct underlying) as n "
                            "from core_options__daily_priced"))  # fmt: skip
    assert asked.split() == ["n", "8"]


def test_ray_workers(on_cluster, is_the_same_night) -> None:
    pytest.importorskip("ray")
    ended_well(alvh(on_cluster | {"ALVH_RUNNER": "ray"}, "nightly", "--date", str(DAY)))
    is_the_same_night()


def test_a_worker_killed_in_its_shard(dask_workers, on_cluster, is_the_same_night) -> None:
    address, workers = dask_workers
    store = open_store(on_cluster["ALVH_LAKE_URL"])
    night = alvh(on_cluster | {"ALVH_RUNNER": "dask", "ALVH_RUNNER_ADDRESS": address}, "nightly", "--date", str(DAY))
    while not store.glob(LANDED):
        assert night.poll() is None, night.communicate()
        time.sleep(0.02)
    assert not store.glob(SCORED), "a shard is finished already: the killer came late"
    workers[0].send_signal(signal.SIGKILL)
    ended_well(night)
    assert workers[0].wait(10) == -signal.SIGKILL
    is_the_same_night()


def test_nothing_landed_is_told_alike_however_many_shards(run_night, tmp_path: Path, monkeypatch) -> None:
    told = []
    (tmp_path / "recorded" / str(DAY)).mkdir(parents=True)
    for shards in ("1", "3"):
        monkeypatch.setenv("ALVH_SHARDS", shards)
        state = run_night(tmp_path / shards, DAY, f"recorded:{tmp_path / 'recorded'}")
        warehouse = Warehouse(f"sqlite:///{tmp_path / shards / 'warehouse.sqlite'}")
        ledger = warehouse.ledger("recorded", DAY) or {}
        told.append((state.is_completed(), ledger["outcome"], ledger["reason"],
                     warehouse.fingerprint("recorded", DAY)))  # fmt: skip
        warehouse.close()
    assert told[0] == told[1]
    assert told[0][:2] == (True, "NO_DATA")
