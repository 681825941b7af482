"""Locks across processes and machines that the system gives back when their holder dies, whatever killed it.

Beside a SQLite file they are files, locked by the kernel; on PostgreSQL they are advisory locks of a session of their
own. A holder whose session breaks does not notice: what it publishes is fenced by the ledger, `tasks.warehouse.ledger`.
"""

import contextlib
import hashlib
import time
from collections.abc import Iterator
from pathlib import Path

import sqlalchemy as sa
from filelock import FileLock, Timeout

from alvh_core.errors import RetriableError
from tasks.warehouse import postgresql
from tasks.warehouse.engine import describe_url, is_postgresql, parse_url
from tasks.warehouse.faults import clear_errors

_POLL_SECONDS = 0.2


class LockHeldError(RetriableError):
    """Another process holds the lock still."""


@contextlib.contextmanager
def hold(url: str, name: str, timeout_seconds: float) -> Iterator[None]:
    """Hold a lock of a warehouse.

    Parameters
    ----------
    url : str
        Address of the warehouse.
    name : str
        Fit for the name of a file.
    timeout_seconds : float
        How long to wait for it; 0 asks once.

    Raises
    ------
    LockHeldError
        Others held it all the time.
    RetriableError
        The database does not answer.
    """
    address = parse_url(url)
    label = f"lock {name} of {describe_url(url)}"
    held = (
        _hold_session(address, name, label, timeout_seconds)
        if is_postgresql(address)
        else _hold_file(Path(f"{address.database}.locks") / f"{name}.lock", label, timeout_seconds)
    )
    with held:
        yield


def take_turns(connection: sa.Connection, name: str) -> None:
    """Wait until no other transaction has the lock, and have it until this one ends; SQLite has one writer anyway."""
    if connection.dialect.name == "postgresql":
        connection.execute(sa.select(sa.func.pg_advisory_xact_lock(_number(name))))


@contextlib.contextmanager
def _hold_file(path: Path, label: str, timeout_seconds: float) -> Iterator[None]:
    path.parent.mkdir(parents=True, exist_ok=True)
    try:
        held = FileLock(path, timeout=timeout_seconds, thread_local=False).acquire()
    except Timeout as error:
        raise _held(label, timeout_seconds) from error
    with held:
        yield


@contextlib.contextmanager
def _hold_session(address: sa.URL, name: str, label: str, timeout_seconds: float) -> Iterator[None]:
    with clear_errors(label):
        connection = postgresql.session_engine(address).connect()
    try:
        with clear_errors(label):
            _acquire(connection, _number(name), label, timeout_seconds)
        yield
    finally:
        # the session may be broken by now, and known to be: its lock is free then
        with contextlib.suppress(sa.exc.DBAPIError, sa.exc.PendingRollbackError):
            connection.execute(sa.select(sa.func.pg_advisory_unlock(_number(name))))
        connection.invalidate()  # not handed back, which would speak to the server once more
        connection.close()


def _acquire(connection: sa.Connection, number: int, label: str, timeout_seconds: float) -> None:
    deadline = time.monotonic() + timeout_seconds
    while not connection.scalar(sa.select(sa.func.pg_try_advisory_lock(number))):
        if time.monotonic() >= deadline:
            raise _held(label, timeout_seconds)
        time.sleep(_POLL_SECONDS)


def _held(label: str, timeout_seconds: float) -> LockHeldError:
    return LockHeldError(f"{label}: expected it free within {timeout_seconds:g} s, another run holds it; wait for it")


def _number(name: str) -> int:
    """Return the lock's number: 64 bits with sign, the same on every machine."""
    return int.from_bytes(hashlib.sha256(f"alvh {name}".encode()).digest()[:8], "big", signed=True)
