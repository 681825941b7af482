"""The raw archive: every body of a night as it arrived, with its hash and origin. Written once, never changed.

``{root}/source_mode={mode}/{session}/{host}/{url path}.gz`` beside a small JSON sidecar. A folder of it is a valid
``recorded:`` source, so any archived night replays bit for bit.
"""

import hashlib
import io
import json
import posixpath
from collections.abc import Iterable
from dataclasses import asdict, dataclass
from datetime import date
from pathlib import Path
from threading import Lock
from typing import Any, cast
from urllib.parse import urlsplit

from isal import igzip, isal_zlib

from alvh_core.errors import SkippableError
from alvh_core.landing import MISSES, SIDECAR, Landing, archived_name
from tasks.lake.store import open_store

GZIP_LEVEL = 1  # of ISA-L: a quarter of the time that zlib's level 1 takes, and no larger
_DamagedError = cast("type[Exception]", isal_zlib.error)  # whose stub takes the class for one of its errors
MAX_BODY_BYTES = 256 << 20  # the client lets in no larger one; a damaged file may unpack to anything


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
    root : str or Path
        The lake's raw folder or address.
    source_mode : str
    session : date
    """

    def __init__(self, root: str | Path, source_mode: str, session: date) -> None:
        self._store, self._folder = open_store(root), f"source_mode={source_mode}/{session}"
        self._putting: dict[str, Lock] = {}

    def path_of(self, url: str) -> str:
        """Return where the body of an address lies, below the root.

        Raises
        ------
        SkippableError
            The address leads out of the night's folder.
        """
        parts = urlsplit(url)
        path = posixpath.normpath(f"{self._folder}/{parts.hostname}{archived_name(parts.path, parts.query)}.gz")
        if not parts.hostname or not path.startswith(f"{self._folder}/"):
            raise SkippableError(f"{url} is no address that can be archived under {self._store.where(self._folder)}")
        return path

    def find(self, url: str) -> RawEntry | None:
        """Return the archived body of an address, or None; a body counts once its sidecar is there.

        Raises
        ------
        SkippableError
            The sidecar cannot be read.
        """
        path = self.path_of(url)
        try:
            text = self._store.read(path + SIDECAR)
            return RawEntry(**json.loads(text)) if self._store.exists(path) else None
        except FileNotFoundError:
            return None
        except (ValueError, TypeError) as error:
            raise SkippableError(f"{url}: the archive's {self._store.where(path + SIDECAR)} is damaged: {error}; "
                                 "remove it to fetch again") from error  # fmt: skip

    def find_whole(self, url: str) -> RawEntry | None:
        """Return the archived body's entry if body and sidecar are what was fetched; a damaged pair is set aside."""
        try:
            entry = self.find(url)
            if entry is not None:
                self.read(url)
        except SkippableError:
            path = self.path_of(url)
            for damaged in (path, path + SIDECAR):
                if self._store.exists(damaged):
                    self._store.move(damaged, f"{damaged}.damaged")
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
        where = self._store.where(path)
        try:
            body = _unpacked(self._store.read(path))
        except (FileNotFoundError, EOFError, igzip.BadGzipFile, _DamagedError, ValueError) as error:
            raise SkippableError(
                f"{url}: the archive's {where} cannot be read: {error}; remove it to fetch again"
            ) from error
        if entry is None or hashlib.sha256(body).hexdigest() != entry.payload_sha256:
            raise SkippableError(
                f"{url}: the archive's {where} is not the body that was fetched; remove it to fetch again"
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
        path = self.path_of(entry.url)
        with self._putting.setdefault(path, Lock()):  # two datasets may share an address, and land side by side
            present = self.find(entry.url)
            if present is not None:
                return present
            self._store.write(path, igzip.compress(body, GZIP_LEVEL, mtime=0))
            self._store.write(path + SIDECAR, json.dumps(asdict(entry), indent=1).encode())
        return entry

    def has_any(self, host: str = "") -> bool:
        """Tell whether any body of the night, or of one host in it, is archived."""
        return bool(self._store.glob(posixpath.join(self._folder, host, f"**/*{SIDECAR}")))

    def supersede(self, url: str) -> None:
        """Set a body aside, under its hash, so that a later one of the same address can be archived."""
        entry, path = self.find_whole(url), self.path_of(url)
        if entry is not None:
            for name in (path + SIDECAR, path):  # the sidecar first: a body without one does not count
                self._store.move(name, f"{name}.{entry.payload_sha256[:12]}")

    def note_misses(self, landings: Iterable[Landing]) -> None:
        """Write down which addresses gave nothing and why, so that a replay misses the same with the same reason."""
        misses = {landing.url: landing.reason for landing in landings if not landing.is_landed}
        self._store.write(f"{self._folder}/{MISSES}", json.dumps(misses, indent=1).encode())

    def sweep(self) -> None:
        """Remove what a killed run left half written."""
        for stray in self._store.glob(f"{self._folder}/**/.*.tmp"):
            self._store.remove(stray)


def keep_original(root: str | Path, body: bytes, name: str) -> str:
    """Keep a dropped file whole, once, whatever of it can be used; return its hash.

    Parameters
    ----------
    root : str or Path
        The lake's raw folder or address.
    body : bytes
    name : str
        What it was called when it first came.
    """
    store, sha256 = open_store(root), hashlib.sha256(body).hexdigest()
    path = f"imports/{sha256}.gz"
    if not store.exists(path + SIDECAR):
        store.write(path, igzip.compress(body, GZIP_LEVEL, mtime=0))
        store.write(path + SIDECAR, json.dumps({"name": name, "bytes_count": len(body)}, indent=1).encode())
    return sha256


def archived_sessions(root: str | Path, source_mode: str = "*") -> set[str]:
    """Return the sessions that anything was fetched for, as ISO dates; by default whatever the source mode."""
    return {path.split("/")[1] for path in open_store(root).glob(f"source_mode={source_mode}/*/{MISSES}")}


def _unpacked(data: bytes) -> bytes:
    """Unpack a body, up to the size that any may have.

    Raises
    ------
    EOFError, igzip.BadGzipFile, isal_zlib.error, ValueError
        It is cut, no gzip, damaged, or a bomb.
    """
    with igzip.GzipFile(fileobj=io.BytesIO(data)) as packed:
        body = packed.read(MAX_BODY_BYTES + 1)
    if len(body) > MAX_BODY_BYTES:
        raise ValueError(f"expected at most {MAX_BODY_BYTES >> 20} MB, found more")
    return body
