"""Stage open: one run at a time takes a night, and writes down how it ends.

A lock that the system gives back when its holder dies, whatever killed it, tells a running night from a killed one. The
ledger tells a finished night from an open one.
"""

from collections.abc import Iterator
from contextlib import ExitStack, contextmanager, suppress
from datetime import date
from threading import Lock

from alvh_core.errors import AlvhError, RetriableError
from tasks.night import Night
from tasks.warehouse.ledger import NightKey
from tasks.warehouse.locks import LockHeldError

ORDER_SECONDS = 3600.0
_OPEN: dict[NightKey, Night] = {}  # by this process: who ends it from outside their stages has to know
_CLAIMING = Lock()


class NightTakenError(Exception):
    """The night is complete, or another run has it; the caller stops cleanly."""

    def __init__(self, state: str, message: str) -> None:
        super().__init__(message)
        self.state = state


@contextmanager
def open_night(night: Night, *, force: bool, wait_seconds: float = 0.0) -> Iterator[None]:
    """Hold a night while its stages run; a stage that raises leaves the night FAILED with the reason.

    Raises
    ------
    NightTakenError
        The night is COMPLETE and not forced, or another run still holds it after the wait.
    """
    with _held(night, wait_seconds):
        if night.warehouse.status(night.key) == "COMPLETE" and not force:
            raise NightTakenError("AlreadyComplete", f"{_label(night)} is published; --force computes it again")
        night.archive.sweep()
        night.lake.sweep()
        with _CLAIMING:
            night.warehouse.claim(
                night.key, run_id=night.run_id, code_version=night.code_version, rules_hash=night.rules_hash,
                source=night.source,
            )  # fmt: skip
            _OPEN[night.key] = night
        with _recorded(night):
            yield


@contextmanager
def reopen_night(night: Night) -> Iterator[None]:
    """Hold a COMPLETE night while it is concluded again from what it computed; it stays COMPLETE all the time.

    Killed or failed, it still counts as started from a past that has changed, and the next run tries again; RUNNING or
    FAILED, nobody would look for it.

    Raises
    ------
    NightTakenError
        Another run holds the night, or has claimed it since it was published.
    """
    with _held(night, 0.0):
        if not night.warehouse.take_over(night.key, run_id=night.run_id):
            raise NightTakenError("AlreadyRunning", f"{_label(night)} is not COMPLETE any more")
        yield


@contextmanager
def in_order(night: Night) -> Iterator[None]:
    """Hold the order of one mode's nights while one of them reads the state of its past and publishes its own.

    Raises
    ------
    RetriableError
        Other runs have been publishing all the time.
    """
    with ExitStack() as held:
        try:
            held.enter_context(night.warehouse.hold_mode(night.source_mode, timeout_seconds=ORDER_SECONDS))
        except LockHeldError as error:
            raise RetriableError(f"{_label(night)}: expected its turn to publish within {ORDER_SECONDS:g} s, other "
                                 "nights still hold the order; run it again") from error  # fmt: skip
        yield


def open_days() -> list[date]:
    """Return the sessions that this process has opened and neither published nor given up."""
    return sorted(key.trade_date for key in list(_OPEN))


def stop_open_nights(reason: str) -> None:
    """Mark the nights that this process has open FAILED, from another thread, just before the process ends.

    It claims no other after that: a night taken while the rest is written down would stay RUNNING. Those that are open
    come first, as a claim may hang for as long as its database does.
    """
    has_right = _CLAIMING.acquire(blocking=False)  # for good
    _fail_open_nights(reason)
    if not has_right:
        _CLAIMING.acquire()
        _fail_open_nights(reason)  # what was in the middle of its claim


def _fail_open_nights(reason: str) -> None:
    for night in list(_OPEN.values()):
        with suppress(AlvhError):
            night.warehouse.fail(night.key, reason, run_id=night.run_id)


@contextmanager
def _held(night: Night, wait_seconds: float) -> Iterator[None]:
    try:
        with night.warehouse.hold(night.key, timeout_seconds=wait_seconds):
            yield
    except LockHeldError as error:
        raise NightTakenError("AlreadyRunning", f"another run holds {_label(night)}") from error


def _label(night: Night) -> str:
    return f"{night.trade_date} ({night.source_mode})"


@contextmanager
def _recorded(night: Night) -> Iterator[None]:
    """Mark the night FAILED with the reason if a stage raises; what it had published before stays."""
    try:
        yield
    except Exception as error:
        night.warehouse.fail(night.key, f"{type(error).__name__}: {error}", run_id=night.run_id)
        raise
    finally:
        _OPEN.pop(night.key, None)
