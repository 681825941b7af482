"""The raw archive: every body of a night as it arrived, with its hash and origin. Written once, never changed.

``{root}/source_mode={mode}/{session}/{host}/{url path}.gz`` beside a small JSON sidecar. The folder is a valid
``recorded:`` source, so any archived night replays bit for bit.
"""

import contextlib
import gzip
import json
import os
import tempfile
from dataclasses import asdict, dataclass
from datetime import date
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from alvh_core.landing import Landing

GZIP_LEVEL = 1
SIDECAR = ".meta"


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

    def landing(self) -> Landing:
        """Return the entry as the night's bookkeeping knows it."""
        return Landing(dataset=self.dataset, symbol=self.symbol, url=self.url, http_status=self.http_status,
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
        """Return where the body of an address lies."""
        parts = urlsplit(url)
        path = (self.folder / f"{parts.hostname}{parts.path}.gz").resolve()
        if not path.is_relative_to(self.folder.resolve()):
            raise ValueError(f"{url} leaves the archive")
        return path

    def find(self, url: str) -> RawEntry | None:
        """Return the archived body of an address, or None; a body counts once its sidecar is there."""
        sidecar = self._sidecar(self.path_of(url))
        return RawEntry(**json.loads(sidecar.read_text(encoding="utf-8"))) if sidecar.is_file() else None

    def read(self, url: str) -> bytes:
        """Return the uncompressed body of an address."""
        return gzip.decompress(self.path_of(url).read_bytes())

    def put(self, body: bytes, **origin: Any) -> RawEntry:
        """Archive a body: first the body, then its sidecar, each whole or not at all.

        Parameters
        ----------
        body : bytes
        **origin
            The other fields of `RawEntry`.
        """
        path = self.path_of(origin["url"])
        entry = RawEntry(bytes_count=len(body), **origin)
        write_atomic(path, gzip.compress(body, GZIP_LEVEL, mtime=0))
        write_atomic(self._sidecar(path), json.dumps(asdict(entry), indent=1).encode())
        return entry

    def sweep(self) -> None:
        """Remove what a killed run left half written."""
        for stray in self.folder.rglob(".*.tmp"):
            stray.unlink(missing_ok=True)

    @staticmethod
    def _sidecar(path: Path) -> Path:
        return path.with_name(path.name + SIDECAR)


def write_atomic(path: Path, data: bytes) -> None:
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
