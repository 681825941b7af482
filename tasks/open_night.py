"""Stage 0, open: one run at a time takes a night, and writes down how it ends.

A lock of the operating system tells a running night from a killed one: the kernel gives it back when a process dies,
whatever killed it. The ledger tells a finished night from an open one.
"""

from collections.abc import Iterator
from contextlib import contextmanager

from filelock import FileLock, Timeout

from tasks.night import Night


class NightTakenError(Exception):
    """The night is complete, or another run has it; the caller stops cleanly."""

    def __init__(self, state: str, message: str) -> None:
        super().__init__(message)
        self.state = state


@contextmanager
def open_night(night: Night, *, force: bool) -> Iterator[None]:
    """Hold a night while its stages run; a stage that raises leaves the night FAILED with the reason.

    Raises
    ------
    NightTakenError
        The night is COMPLETE and not forced, or another run holds it.
    """
    path = night.lake_root / "locks" / f"{night.trade_date}-{night.source_mode}.lock"
    path.parent.mkdir(parents=True, exist_ok=True)
    lock = FileLock(path, timeout=0, thread_local=False)
    try:
        lock.acquire()
    except Timeout as error:
        raise NightTakenError(
            "AlreadyRunning", f"another run holds {night.trade_date} ({night.source_mode})"
        ) from error
    try:
        if night.warehouse.status(night.key) == "COMPLETE" and not force:
            raise NightTakenError(
                "AlreadyComplete", f"{night.trade_date} ({night.source_mode}) is published; --force computes it again"
            )
        night.archive.sweep()
        night.lake.sweep()
        night.warehouse.claim(
            night.key, run_id=night.run_id, code_version=night.code_version, rules_hash=night.rules_hash
        )
        with _recorded(night):
            yield
    finally:
        lock.release()


@contextmanager
def _recorded(night: Night) -> Iterator[None]:
    """Mark the night FAILED with the reason if a stage raises; what it had published before stays."""
    try:
        yield
    except Exception as error:
        night.warehouse.fail(night.key, f"{type(error).__name__}: {error}", run_id=night.run_id)
        raise
