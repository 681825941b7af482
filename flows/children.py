"""Worker processes of a pool: they leave Ctrl-C to their parent and do not outlive it, whatever ends it.

Services, which can hold on to their parent by a pipe, are `flows.service`.
"""

import builtins
import ctypes
import os
import signal
import sys

_PR_SET_PDEATHSIG = 1  # linux/prctl.h


def begin_worker() -> None:
    """Begin a worker process; elsewhere than on Linux one whose parent was killed waits for work for ever."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # a terminal sends it to all; what becomes of the work the parent says
    # Prefect leaves a task that it cannot report by exit(). In a pool that is an answer like any other, and its
    # SystemExit ends the thread that hands answers on: everybody waits for ever. A process that is gone is noticed.
    builtins.exit = os._exit  # type: ignore[assignment]
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(_PR_SET_PDEATHSIG, signal.SIGKILL)
