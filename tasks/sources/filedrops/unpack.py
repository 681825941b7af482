"""Dropped files out of their wrapping: plain, gzip or zip, in memory, up to a size; nothing is unpacked onto a disk."""

import gzip
import io
import zipfile
import zlib
from collections.abc import Iterable
from pathlib import Path

from alvh_core.errors import SkippableError

MAX_FILE_BYTES = 256 << 20  # unpacked; a day of every US underlying has about 200 MB
MAX_MEMBERS = 64  # a month of daily files has 23


def files_of(paths: Iterable[Path]) -> list[Path]:
    """Return what was named, and in the place of a folder the files below it."""
    found = [sorted(path.rglob("*")) if path.is_dir() else [path] for path in paths]
    return [path for group in found for path in group if not path.is_dir()]


def nothing_at(path: Path) -> str:
    """Say why there is no file where one was named: a shell hands on a pattern that matches nothing as it was typed."""
    if path.is_dir():
        return "no file in this folder"
    return "no such file" + ("; nothing matches this pattern" if set("*?[") & set(str(path)) else "")


def unpack(path: Path) -> list[tuple[str, bytes]]:
    """Read a file, or the files in it.

    Returns
    -------
    list of (str, bytes)
        Name and content; files hidden in a zip by its packer (``__MACOSX``, folders) are left out.

    Raises
    ------
    SkippableError
        It is not there, cannot be read, is damaged, is locked, or is larger than any of ours.
    """
    if not path.exists():
        raise SkippableError(f"{path}: {nothing_at(path)}")
    try:
        with path.open("rb") as file:
            body = _at_most(file.read(MAX_FILE_BYTES + 1), path.name)
        if body.startswith(b"PK\x03\x04"):
            return _members(body, path.name)
        if body.startswith(b"\x1f\x8b"):
            with gzip.GzipFile(fileobj=io.BytesIO(body)) as packed:
                return [(path.name.removesuffix(".gz"), _at_most(packed.read(MAX_FILE_BYTES + 1), path.name))]
    except (OSError, EOFError, zlib.error, zipfile.BadZipFile, RuntimeError, NotImplementedError, ValueError) as error:
        raise SkippableError(
            f"{path}: expected a file that can be read, found {type(error).__name__}: {error}"
        ) from error
    return [(path.name, body)]


def _members(body: bytes, name: str) -> list[tuple[str, bytes]]:
    with zipfile.ZipFile(io.BytesIO(body)) as packed:
        members = [m for m in packed.infolist() if not m.is_dir() and not m.filename.startswith("__MACOSX")]
        if len(members) > MAX_MEMBERS:
            raise SkippableError(f"{name}: expected at most {MAX_MEMBERS} files, found {len(members)}; refused")
        found, left = [], MAX_FILE_BYTES
        for member in members:
            with packed.open(member) as file:
                content = file.read(left + 1)  # what a member says of its size is not believed
            left -= len(content)
            if left < 0:
                raise SkippableError(
                    f"{name}: expected at most {MAX_FILE_BYTES >> 20} MB unpacked, found more; refused"
                )
            found.append((f"{name}/{member.filename}", content))
    return found


def _at_most(body: bytes, name: str) -> bytes:
    if len(body) > MAX_FILE_BYTES:
        raise SkippableError(f"{name}: expected at most {MAX_FILE_BYTES >> 20} MB, found more; cut it by day or symbol")
    return body
