"""Workers of a pool: Ctrl-C is not theirs, one that leaves is noticed, and none outlives who started it."""

import multiprocessing
import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from concurrent.futures import ProcessPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from pathlib import Path

import pytest

from flows.children import begin_worker


@pytest.fixture
def pool() -> Iterator[ProcessPoolExecutor]:
    context = multiprocessing.get_context("spawn")
    with ProcessPoolExecutor(1, mp_context=context, initializer=begin_worker) as pool:
        yield pool


def test_a_worker_leaves_ctrl_c_to_its_parent(pool: ProcessPoolExecutor) -> None:
    assert pool.submit(eval, "__import__('os').kill(__import__('os').getpid(), 2) or 7").result(60) == 7


def test_a_worker_that_leaves_is_noticed(pool: ProcessPoolExecutor) -> None:
    """As Prefect does when the server cannot be told of a task; its SystemExit would end the pool's own thread."""
    future, next_one = pool.submit(eval, "exit(1)"), pool.submit(eval, "7")
    future.add_done_callback(lambda done: done.result())
    with pytest.raises(BrokenProcessPool):
        future.result(60)
    with pytest.raises(BrokenProcessPool):
        next_one.result(60)


@pytest.mark.skipif(sys.platform != "linux", reason="needs a system that tells of a parent's death")
def test_a_worker_does_not_outlive_a_parent_that_was_killed(tmp_path: Path) -> None:
    script = (
        "import multiprocessing, time\n"
        "from concurrent.futures import ProcessPoolExecutor\n"
        "from flows.children import begin_worker\n"
        "if __name__ == '__main__':\n"
        "    context = multiprocessing.get_context('spawn')\n"
        "    pool = ProcessPoolExecutor(1, mp_context=context, initializer=begin_worker)\n"
        "    print(pool.submit(eval, \"__import__('os').getpid()\").result(), flush=True)\n"
        "    time.sleep(60)\n"
    )  # fmt: skip
    (tmp_path / "parent.py").write_text(script)
    parent = subprocess.Popen([sys.executable, tmp_path / "parent.py"], stdout=subprocess.PIPE, text=True)
    worker = int(parent.stdout.readline())
    parent.kill()
    parent.communicate()
    for _ in range(600):
        try:
            os.kill(worker, 0)
        except ProcessLookupError:
            return
        if "Z" in Path(f"/proc/{worker}/stat").read_text().rpartition(")")[2].split()[:1]:
            return
        time.sleep(0.1)
    os.kill(worker, signal.SIGKILL)
    pytest.fail("the worker lives on")
