"""Ctrl-C and SIGTERM on a command that runs nights: it ends within seconds, whatever its threads are waiting for.

The work runs in a thread beside the main one, which waits for its end or for a signal. Nothing is raised into the work:
what is raised has to pass Prefect's engine, which reports it for more than a minute to a temporary server that the same
Ctrl-C has ended. To be ended between any two instructions is what files, locks and the ledger are made for. The ledger
is told, and the Prefect server if it answers at once.
"""

import multiprocessing
import os
import shlex
import signal
import sys
import threading
from collections.abc import Callable, Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from contextvars import Context
from datetime import date
from typing import Any, TypeVar

import typer

T = TypeVar("T")
SIGNALS = (signal.SIGINT, signal.SIGTERM)
RECORD_SECONDS = 3.0  # for the ledger to take down what was stopped; it does without if its database does not answer
PREFECT_SECONDS = 3.0  # for the Prefect server, which would find out by itself that the run is silent
REASON = "stopped by Ctrl-C or SIGTERM; run it again"


class _StoppedError(BaseException):
    def __init__(self, number: int) -> None:
        super().__init__(number)
        self.number = number


def stoppable(work: Callable[[], T], go_on: Callable[[date | None], str] = lambda _oldest: "the same command") -> T:
    """Return what the work returns, or end the process on a signal, with 128 and its number: 130, 143.

    A signal that is ignored, as a script's shell does for what it starts in the background, stays ignored.

    Parameters
    ----------
    work : callable
    go_on : callable
        Command that goes on, told the oldest night that was being worked on, if any.
    """

    def stop(number: int, _frame: object) -> None:
        raise _StoppedError(number)

    heard = [number for number in SIGNALS if signal.getsignal(number) is not signal.SIG_IGN]
    before = {number: signal.signal(number, stop) for number in heard}
    context = Context()  # of the work, where Prefect keeps which run it is
    try:
        return ThreadPoolExecutor(1, "alvh").submit(context.run, work).result()
    except _StoppedError as stopped:
        for number in heard:
            signal.signal(number, signal.SIG_DFL)  # a second one ends it at once
        _leave(stopped.number, go_on, context)
        raise  # not reached
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


def as_typed(command: str, options: Mapping[str, Any]) -> str:
    """Return a command as it is typed; options that are None or False are left out."""
    given = {f"--{name}": value for name, value in options.items() if value not in (None, False)}
    words = [word for name, value in given.items() for word in ([name] if value is True else [name, str(value)])]
    return shlex.join(["alvh", command, *words])


def _leave(number: int, go_on: Callable[[date | None], str], context: Context) -> None:
    """Write down what was stopped, say how to go on, and end this process and its children."""
    _end_server()
    telling = _begin(lambda: _cancel_run(context))
    opened = sys.modules.get("tasks.open_night")  # not imported: there is no night yet
    days: list[date] = []
    if opened is not None:
        days += opened.open_days()
        _begin(lambda: opened.stop_open_nights(REASON)).join(RECORD_SECONDS)
        days += opened.open_days()  # one was in the middle of its claim
    telling.join(PREFECT_SECONDS)
    command = go_on(min(days, default=None))
    typer.echo(f"stopped; what has landed and what is published stays; to go on: {command}", err=True)
    for child in multiprocessing.active_children():
        child.kill()
    sys.stdout.flush()
    sys.stderr.flush()
    os._exit(128 + number)


def _begin(telling: Callable[[], None]) -> threading.Thread:
    """Tell somebody who may never answer."""
    thread = threading.Thread(target=telling, daemon=True)
    thread.start()
    return thread


def _cancel_run(context: Context) -> None:
    """Have the run Cancelled, not Crashed, after which an automation would at once start what somebody has stopped.

    The run's own client knows its server and the password; a server of ours is gone by now, and refuses.
    """
    with suppress(Exception):  # no run, one that is just being imported, or nobody answers
        prefect: Any = sys.modules["prefect"]
        run = context[prefect.context.FlowRunContext.__var__]
        run.client.set_flow_run_state(run.flow_run.id, prefect.states.Cancelled(message=REASON))


def _end_server() -> None:
    """End the temporary server of Prefect, before it prints what a signal to the whole terminal interrupted there."""
    prefect = sys.modules.get("prefect.server.api.server")
    if prefect is not None and (server := prefect.SubprocessASGIServer().server_process) is not None:
        server.kill()
