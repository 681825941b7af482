"""The raw archive: every body of a night as it arrived, with its hash and origin. Written once, never changed.

``{root}/source_mode={mode}/{session}/{host}/{url path}.gz`` beside a small JSON sidecar. The folder is a valid
``recorded:`` source, so any archived night replays bit for bit.
"""

import contextlib
import gzip
import hashlib
import json
import os
import tempfile
import zlib
from collections.abc import Iterable
from dataclasses import asdict, dataclass
from datetime import date
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from alvh_core.errors import SkippableError
from alvh_core.landing import MISSES, SIDECAR, Landing

GZIP_LEVEL = 1


@dataclass(frozen=True, kw_only=True)
class RawEntry:
    """One archived body.

    Attributes
    ----------
    dataset, symbol, url, source_mode : str
    http_status, bytes_count : int
    payload_sha256 : str
        Of the uncompressed body.
    etag, last_modified : str, optional
    fetched_at_utc : str
        ISO instant.
    """

    dataset: str
    symbol: str
    url: str
    source_mode: str
    http_status: int
    bytes_count: int
    payload_sha256: str
    etag: str | None
    last_modified: str | None
    fetched_at_utc: str

    def landing(self, dataset: str, symbol: str) -> Landing:
        """Return the entry as the bookkeeping of whoever asked for it knows it."""
        return Landing(dataset=dataset, symbol=symbol, url=self.url, http_status=self.http_status,
                       bytes_count=self.bytes_count, payload_sha256=self.payload_sha256, etag=self.etag,
                       fetched_at_utc=self.fetched_at_utc)  # fmt: skip


class RawArchive:
    """The archive of one night.

    Parameters
    ----------
    root : Path
        The lake's raw folder.
    source_mode : str
    session : date
    """

    def __init__(self, root: Path, source_mode: str, session: date) -> None:
        self.folder = root / f"source_mode={source_mode}" / str(session)

    def path_of(self, url: str) -> Path:
        """Return where the body of an address lies.

        Raises
        ------
        SkippableError
            The address leads out of the night's folder.
        """
        parts = urlsplit(url)
        path = (self.folder / f"{parts.hostname}{parts.path}.gz").resolve()
        if not parts.hostname or not path.is_relative_to(self.folder.resolve()):
            raise SkippableError(f"{url} is no address that can be archived under {self.folder}")
        return path

    def find(self, url: str) -> RawEntry | None:
        """Return the archived body of an address, or None; a body counts once its sidecar is there.

        Raises
        ------
        SkippableError
            The sidecar cannot be read.
        """
        path = self.path_of(url)
        sidecar = self._sidecar(path)
        if not path.is_file() or not sidecar.is_file():
            return None
        try:
            return RawEntry(**json.loads(sidecar.read_text(encoding="utf-8")))
        except (OSError, ValueError, TypeError) as error:
            raise SkippableError(
                f"{url}: the archive's {sidecar} is damaged: {error}; remove it to fetch again"
            ) from error

    def find_whole(self, url: str) -> RawEntry | None:
        """Return the archived body's entry if body and sidecar are what was fetched; a damaged pair is set aside."""
        try:
            entry = self.find(url)
            if entry is not None:
                self.read(url)
        except SkippableError:
            path = self.path_of(url)
            for damaged in (path, self._sidecar(path)):
                if damaged.exists():
                    damaged.replace(damaged.with_name(damaged.name + ".damaged"))
            return None
        return entry

    def read(self, url: str) -> bytes:
        """Return the uncompressed body of an address.

        Raises
        ------
        SkippableError
            It is not there, cannot be unpacked, or is not what was archived.
        """
        path, entry = self.path_of(url), self.find(url)
        try:
            body = gzip.decompress(path.read_bytes())
        except (OSError, EOFError, zlib.error) as error:
            raise SkippableError(
                f"{url}: the archive's {path} cannot be read: {error}; remove it to fetch again"
            ) from error
        if entry is None or hashlib.sha256(body).hexdigest() != entry.payload_sha256:
            raise SkippableError(
                f"{url}: the archive's {path} is not the body that was fetched; remove it to fetch again"
            )
        return body

    def put(self, body: bytes, **origin: Any) -> RawEntry:
        """Archive a body: first the body, then its sidecar, each whole or not at all.

        Parameters
        ----------
        body : bytes
        **origin
            The other fields of `RawEntry`.

        Returns
        -------
        RawEntry
            What the archive holds now: a body that was there before stays as it was, with its first origin.
        """
        entry = RawEntry(bytes_count=len(body), **origin)
        present = self.find(entry.url)
        if present is not None:
            return present
        path = self.path_of(entry.url)
        write_atomic(path, gzip.compress(body, GZIP_LEVEL, mtime=0))
        write_atomic(self._sidecar(path), json.dumps(asdict(entry), indent=1).encode())
        return entry

    def note_misses(self, landings: Iterable[Landing]) -> None:
        """Write down which addresses gave nothing and why, so that a replay misses the same with the same reason."""
        misses = {landing.url: landing.reason for landing in landings if not landing.is_landed}
        write_atomic(self.folder / MISSES, json.dumps(misses, indent=1).encode())

    def sweep(self) -> None:
        """Remove what a killed run left half written."""
        for stray in self.folder.rglob(".*.tmp"):
            stray.unlink(missing_ok=True)

    @staticmethod
    def _sidecar(path: Path) -> Path:
        return path.with_name(path.name + SIDECAR)


def write_atomic(path: Path, data: bytes | memoryview) -> None:
    """Write a file so that it appears whole under its name, or not at all."""
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
