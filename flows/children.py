"""Worker processes of a pool: they leave Ctrl-C to their parent and do not outlive it, whatever ends it.

Services, which can hold on to their parent by a pipe, are `flows.service`.
"""

import ctypes
import signal
import sys

_PR_SET_PDEATHSIG = 1  # linux/prctl.h


def begin_worker() -> None:
    """Begin a worker process; elsewhere than on Linux one whose parent was killed waits for work for ever."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # a terminal sends it to all; what becomes of the work the parent says
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(_PR_SET_PDEATHSIG, signal.SIGKILL)
