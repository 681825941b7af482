"""A command that is stopped: it answers a signal at once, and what it prints can be typed."""

import os
import signal
import subprocess
import sys

import pytest

from flows.stop import as_typed, stoppable

WORK = """
import signal, threading, time
from flows.stop import stoppable
{ignore}
def work():
    print("begun", flush=True)
    time.sleep({seconds})  # as a socket, or a thread pool that waits for its threads
stoppable(work)
"""


def begun(seconds: float, ignore: str = "") -> subprocess.Popen:
    process = subprocess.Popen([sys.executable, "-c", WORK.format(seconds=seconds, ignore=ignore)], text=True,
                               stdout=subprocess.PIPE, stderr=subprocess.PIPE)  # fmt: skip
    assert process.stdout.readline() == "begun\n"
    return process


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_a_signal_ends_it_whatever_the_work_waits_for(number: int) -> None:
    process = begun(600)
    process.send_signal(number)
    assert process.communicate(timeout=10)[1] == (
        "stopped; what has landed and what is published stays; to go on: the same command\n"
    )
    assert process.returncode == 128 + number


def test_what_a_script_started_in_the_background_is_not_stopped_by_its_ctrl_c() -> None:
    process = begun(0.5, "signal.signal(signal.SIGINT, signal.SIG_IGN)")
    process.send_signal(signal.SIGINT)
    assert (process.communicate(timeout=10)[1], process.returncode) == ("", 0)


def test_the_answer_and_the_error_are_those_of_the_work_and_handlers_are_given_back() -> None:
    before = [signal.getsignal(number) for number in (signal.SIGINT, signal.SIGTERM)]
    assert stoppable(os.getpid) == os.getpid()
    with pytest.raises(ZeroDivisionError):
        stoppable(lambda: 1 // 0)
    assert [signal.getsignal(number) for number in (signal.SIGINT, signal.SIGTERM)] == before


def test_a_command_is_told_as_it_is_typed() -> None:
    options = {"date": "2026-07-16", "source": "recorded:/my nights", "force": True, "open": False, "mode": None}
    assert as_typed("nightly", options) == "alvh nightly --date 2026-07-16 --source 'recorded:/my nights' --force"
