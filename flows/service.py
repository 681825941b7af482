"""One child process that is kept running, and that ends when whoever started it is gone.

Run as a program, ``python -m flows.service MODULE ARGUMENTS``, it runs a module and holds on to its parent: the
parent's death, even by SIGKILL, closes standard input, and nobody is left behind on the port. What is run is not known
here.
"""

import os
import runpy
import signal
import subprocess
import sys
import threading
import time
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

from alvh_core.errors import FatalError

START_SECONDS, STOP_SECONDS = 180.0, 30.0
MAX_STARTS, WITHIN_SECONDS = 5, 300.0  # more often than that it does not help to start it again


@dataclass
class Service:
    """A module that runs as a child process.

    Attributes
    ----------
    name : str
        For people.
    module : tuple of str
        Module and its arguments.
    environment : dict of str to str
    log : Path
    is_up : callable
    ready : Path, optional
        A file by which it tells that it is up; removed before each start.
    is_apart : bool
        Whether it has a process group of its own, which no Ctrl-C of a terminal reaches.
    """

    name: str
    module: tuple[str, ...]
    environment: dict[str, str]
    log: Path
    is_up: Callable[[], bool]
    ready: Path | None = None
    is_apart: bool = False
    _starts: deque[float] = field(default_factory=lambda: deque(maxlen=MAX_STARTS))
    _child: subprocess.Popen[bytes] | None = None

    def start(self) -> bool:
        """Start it and wait until it is up; tell whether it is, or has died again.

        Raises
        ------
        FatalError
            It neither comes up nor dies, or has died again and again; carries the end of its log.
        """
        now = time.monotonic()
        if len(self._starts) == MAX_STARTS and now - self._starts[0] < WITHIN_SECONDS:
            raise FatalError(
                f"the {self.name} died {MAX_STARTS} times within {WITHIN_SECONDS:g} s; {self.last_words()}"
            )
        self._starts.append(now)
        self._let_go()
        if self.ready is not None:
            self.ready.unlink(missing_ok=True)
        command = [sys.executable, "-m", "flows.service", *self.module]
        with self.log.open("a", encoding="utf-8") as sink:
            self._child = subprocess.Popen(  # noqa: S603 - modules of ours and of Prefect
                command,
                stdin=subprocess.PIPE,
                stdout=sink,
                stderr=sink,
                env=self.environment,
                start_new_session=self.is_apart,
            )
        while not self.has_died():
            if self.is_up():
                return True
            if time.monotonic() - now > START_SECONDS:
                raise FatalError(f"the {self.name} did not come up within {START_SECONDS:g} s; {self.last_words()}")
            time.sleep(0.2)
        self._let_go()
        return False

    def has_died(self) -> bool:
        """Tell whether it was started and is gone."""
        return self._child is not None and self._child.poll() is not None

    def stop(self) -> None:
        """Ask it to stop, and end it if it does not."""
        if self._child is None:
            return
        self._child.terminate()
        try:
            self._child.wait(STOP_SECONDS)
        except subprocess.TimeoutExpired:
            self._child.kill()
            self._child.wait()
        self._let_go()

    def last_words(self) -> str:
        """Return the end of its log."""
        return f"{self.log} ends: {self.log.read_text(encoding='utf-8', errors='replace')[-2000:]}"

    def _let_go(self) -> None:
        """Close the pipe that a child holds on to its parent by."""
        if self._child is not None and self._child.stdin is not None:
            self._child.stdin.close()


def _end_with_parent() -> None:
    while os.read(0, 1024):
        pass
    os.kill(os.getpid(), signal.SIGTERM)


if __name__ == "__main__":
    threading.Thread(target=_end_with_parent, daemon=True).start()
    sys.argv = sys.argv[1:]
    runpy.run_module(sys.argv[0], run_name="__main__", alter_sys=True)
