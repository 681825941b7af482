"""Whole files under one root: a folder of this machine, or any address that fsspec knows.

A file appears whole under its name or not at all, whatever kills its writer. What lies in the files, and where, is the
archive's and the tables' business. Credentials are never part of an address; they come from the environment in the way
of each file system (``AWS_*`` and ``AWS_ENDPOINT_URL_S3`` for ``s3://``). What goes wrong is an `OSError`, here as
there; what cannot be written, and all that a remote store refuses, is a `StoreError` with what to do.
"""

import contextlib
import errno
import os
import tempfile
import uuid
from collections.abc import Iterator
from pathlib import Path, PurePosixPath
from typing import Any, Protocol
from urllib.parse import urlsplit

import fsspec
import pyarrow as pa

from alvh_core.errors import ContractError, FatalError

# Here an upload is seen whole or not at all; elsewhere a file is written beside its place and moved there.
_WHOLE_UPLOADS = frozenset({"s3", "s3a", "gs", "gcs", "abfs", "abfss", "az", "oci", "tos"})

_FULL = {errno.ENOSPC, errno.EDQUOT}


class StoreError(FatalError, OSError):
    """A store does not take or give a file: the night stops and is run again, it is not published without the file."""


class Store(Protocol):
    """Files by their path below the root, with slashes."""

    def where(self, path: str = "") -> str:
        """Return the full address of a path, for people and for DuckDB."""

    def read(self, path: str) -> bytes:
        """Return a file; `FileNotFoundError` if there is none."""

    def source(self, path: str) -> Any:
        """Return what pyarrow reads a file from; `FileNotFoundError` if there is none."""

    def write(self, path: str, data: bytes | memoryview) -> None:
        """Write a file whole or not at all, in place of any before it; `StoreError` if it cannot be written."""

    def exists(self, path: str) -> bool:
        """Tell whether there is such a file."""

    def glob(self, pattern: str) -> list[str]:
        """Return the files that match a pattern, sorted."""

    def move(self, path: str, target: str) -> None:
        """Give a file another name."""

    def remove(self, path: str) -> None:
        """Remove a file; nothing happens if there is none."""


def open_store(root: str | Path) -> Store:
    """Return the store at a folder or an fsspec address.

    Parameters
    ----------
    root : str or Path
        ``/folder``, ``file:///folder``, ``s3://bucket/prefix`` and so on.

    Returns
    -------
    Store

    Raises
    ------
    ContractError
        The address holds a password, or its file system is not known or not installed.
    """
    text = str(root)
    if "://" not in text:
        return LocalStore(Path(text))
    if urlsplit(text).password is not None:
        raise ContractError("lake: expected an address without a password, found one; credentials belong in the "
                            "environment, for s3:// AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY")  # fmt: skip
    scheme, _, path = text.partition("://")
    return LocalStore(Path(path)) if scheme in {"file", "local"} else RemoteStore(text)


class LocalStore:
    """A folder.

    Parameters
    ----------
    root : Path
    """

    def __init__(self, root: Path) -> None:
        self._root = root

    def where(self, path: str = "") -> str:
        """Return the full path."""
        return (self._root / path).as_posix()

    def read(self, path: str) -> bytes:
        """Return a file."""
        return (self._root / path).read_bytes()

    def source(self, path: str) -> str:
        """Return a path: Arrow reads it without passing through Python."""
        if not self.exists(path):
            raise FileNotFoundError(self.where(path))
        return self.where(path)

    def write(self, path: str, data: bytes | memoryview) -> None:
        """Write a file whole or not at all."""
        write_atomic(self._root / path, data)

    def exists(self, path: str) -> bool:
        """Tell whether there is such a file."""
        return (self._root / path).is_file()

    def glob(self, pattern: str) -> list[str]:
        """Return the files that match a pattern, sorted."""
        found = (path for path in self._root.glob(pattern) if path.is_file())
        return sorted(path.relative_to(self._root).as_posix() for path in found)

    def move(self, path: str, target: str) -> None:
        """Give a file another name."""
        (self._root / path).replace(self._root / target)

    def remove(self, path: str) -> None:
        """Remove a file."""
        (self._root / path).unlink(missing_ok=True)


class RemoteStore:
    """An fsspec address.

    Parameters
    ----------
    url : str

    Raises
    ------
    ContractError
        The file system is not known or not installed.
    """

    def __init__(self, url: str) -> None:
        scheme = url.partition("://")[0]
        self.is_whole_upload = scheme in _WHOLE_UPLOADS
        # another machine may have written since we looked
        options: dict[str, Any] = {"use_listings_cache": False} if self.is_whole_upload else {}
        try:
            self.filesystem, root = fsspec.url_to_fs(url, **options)
        except (ImportError, ValueError) as error:
            raise ContractError(f"lake: expected an address that fsspec knows, found {scheme}://: {error}") from error
        self._url, self._root = url.rstrip("/"), root.rstrip("/")

    def where(self, path: str = "") -> str:
        """Return the full address."""
        return f"{self._url}/{path}".rstrip("/")

    def read(self, path: str) -> bytes:
        """Return a file."""
        with _told(self.where(path)):
            return bytes(self.filesystem.cat_file(self._full(path)))

    def source(self, path: str) -> pa.BufferReader:
        """Return the file itself: one request instead of one for every column."""
        return pa.BufferReader(self.read(path))

    def write(self, path: str, data: bytes | memoryview) -> None:
        """Write a file whole or not at all."""
        with _told(self.where(path), is_there_to_be=False):
            if self.is_whole_upload:
                self.filesystem.pipe_file(self._full(path), bytes(data))
                return
            name = PurePosixPath(path)
            beside = self._full(str(name.with_name(f".{name.name}.{uuid.uuid4().hex[:8]}.tmp")))
            self.filesystem.makedirs(self._full(str(name.parent)), exist_ok=True)
            self.filesystem.pipe_file(beside, bytes(data))
            self.filesystem.mv(beside, self._full(path))

    def exists(self, path: str) -> bool:
        """Tell whether there is such a file."""
        with _told(self.where(path)):
            return bool(self.filesystem.isfile(self._full(path)))

    def glob(self, pattern: str) -> list[str]:
        """Return the files that match a pattern, sorted."""
        with _told(self.where(pattern)):
            found = self.filesystem.glob(self._full(pattern), detail=True)
        return sorted(path[len(self._root) :].strip("/") for path, file in found.items() if file["type"] == "file")

    def move(self, path: str, target: str) -> None:
        """Give a file another name."""
        with _told(self.where(path)):
            self.filesystem.mv(self._full(path), self._full(target))

    def remove(self, path: str) -> None:
        """Remove a file."""
        with _told(self.where(path)), contextlib.suppress(FileNotFoundError):
            self.filesystem.rm_file(self._full(path))

    def _full(self, path: str) -> str:
        return f"{self._root}/{path}"


@contextlib.contextmanager
def _told(where: str, *, is_there_to_be: bool = True) -> Iterator[None]:
    """Say which file it was, in the one class of errors that a folder has too."""
    try:
        yield
    except Exception as error:  # every file system has errors of its own
        if is_there_to_be and isinstance(error, FileNotFoundError):
            raise
        raise StoreError(
            f"{where}: {type(error).__name__}: {error}; expected a store that answers and lets us read and write: "
            "check its address and the credentials in the environment"
        ) from error


def write_atomic(path: Path, data: bytes | memoryview) -> None:
    """Write a file so that it appears whole under its name, or not at all.

    Raises
    ------
    StoreError
        The disk is full, or does not let us write; nothing half written is left.
    """
    try:
        _write_atomic(path, data)
    except OSError as error:
        advice = "make room, see *Disk full* in docs/runbook.md" if error.errno in _FULL else "let this account write"
        raise StoreError(
            f"{path}: expected to write {len(data)} bytes, found: {error.strerror or error}; nothing half written is "
            f"left; {advice}, then run it again: what has landed is kept"
        ) from error


def _write_atomic(path: Path, data: bytes | memoryview) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    handle, name = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name[:40]}.", suffix=".tmp")
    try:
        with os.fdopen(handle, "wb") as out:
            out.write(data)
            out.flush()
            os.fsync(out.fileno())
        os.chmod(name, 0o644)  # mkstemp is private to its owner; the lake is read by other accounts  # noqa: PTH101
        os.replace(name, path)  # noqa: PTH105 - the pair of mkstemp
    except BaseException:
        with contextlib.suppress(FileNotFoundError):
            Path(name).unlink()
        raise
    folder = os.open(path.parent, os.O_RDONLY)
    try:
        os.fsync(folder)
    finally:
        os.close(folder)
