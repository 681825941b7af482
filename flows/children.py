"""Child processes that leave Ctrl-C to their parent and do not outlive it, whatever ends it."""

import ctypes
import signal
import sys

_PR_SET_PDEATHSIG = 1  # linux/prctl.h


def end_with_parent(number: int = signal.SIGTERM) -> None:
    """Have the system send this process a signal when its parent dies; elsewhere than on Linux nothing is done.

    Without it a killed command would leave its server to hold the port, and its workers to wait for work for ever.
    """
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(_PR_SET_PDEATHSIG, int(number))


def begin_worker() -> None:
    """Begin a worker process of a pool."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # a terminal sends it to all; what becomes of the work the parent says
    end_with_parent(signal.SIGKILL)
