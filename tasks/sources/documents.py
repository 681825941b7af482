"""Documents as strangers send them, JSON and plain text: read whole or refused, never in part.

What their fields mean is the publishers' own modules' business.
"""

import json
import traceback
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pyarrow as pa

from alvh_core.errors import RetriableError, SkippableError
from tasks.sources.limits import check_json_values, count_of, unique_keys

BOM = b"\xef\xbb\xbf"
MAX_BYTES = 4 << 20  # the largest calendar has a tenth of one
MAX_TITLE_CHARS = 200
_UNREADABLE = (ValueError, TypeError, KeyError, IndexError, AttributeError, OverflowError, RecursionError,
               pa.ArrowException)  # fmt: skip


@contextmanager
def reading(body: bytes, where: str, expected: str) -> Iterator[None]:
    """Lose one body, and nothing else, whatever strangers put into its fields.

    Raises
    ------
    SkippableError
        It could not be read; says what was expected and how it begins.
    """
    try:
        yield
    except MemoryError:  # one of Arrow's is unreadable, too, by its class
        raise
    except _UNREADABLE as error:
        at = traceback.extract_tb(error.__traceback__)[-1]  # tells a fault of ours from a strange body
        raise SkippableError(f"{where}: expected {expected}, found {body[:60]!r}: {type(error).__name__} "
                             f"{str(error)[:200]} ({Path(at.filename).name}:{at.lineno})") from error  # fmt: skip


def check_json(body: bytes, symbol: str, url: str) -> None:
    """Refuse what cannot be a whole JSON document, cheaply enough for every landing.

    Raises
    ------
    SkippableError
        A page of HTML, something else that is no JSON object, or one of too many values.
    RetriableError
        An empty body, or one cut short: brackets do not balance.
    """
    head = body[:200].removeprefix(BOM).lstrip()
    if not head.startswith(b"{") and body:
        raise SkippableError(f"{symbol}: {url} answered 200, expected JSON, found {head[:40]!r}")
    if not body or any(count_of(opening, body) != count_of(closing, body) for opening, closing in ("{}", "[]")):
        raise RetriableError(
            f"{symbol}: {url} answered a body cut short after {len(body)} bytes: brackets do not balance"
        )
    check_json_values(body, f"{symbol}: {url}")


def read_json(body: bytes, symbol: str, url: str, max_bytes: int = MAX_BYTES) -> dict[str, Any]:
    """Read a JSON object, with or without a byte order mark.

    Parameters
    ----------
    body : bytes
    symbol, url : str
        Ours; named in errors.
    max_bytes : int
        More is refused.

    Raises
    ------
    SkippableError
        HTML, no object, nested without end, or larger than any of ours.
    RetriableError
        The body is cut short.
    """
    check_size(body, symbol, url, max_bytes)
    check_json(body, symbol, url)
    with reading(body, f"{symbol}: {url}", "a JSON object"):
        return dict(json.loads(body.decode("utf-8-sig"), object_pairs_hook=unique_keys))


def read_text(body: bytes, symbol: str, url: str) -> str:
    """Read a text of UTF-8.

    Raises
    ------
    SkippableError
        It is none, or larger than any of ours.
    """
    check_size(body, symbol, url)
    with reading(body, f"{symbol}: {url}", "text"):
        return body.decode("utf-8-sig")


def check_size(body: bytes, symbol: str, url: str, max_bytes: int = MAX_BYTES) -> None:
    """Refuse what is larger than any calendar, or whatever it is.

    Raises
    ------
    SkippableError
        Says how large.
    """
    if len(body) > max_bytes:
        raise SkippableError(f"{symbol}: {url}: expected at most {max_bytes >> 20} MB, found {len(body)} bytes")


def told(text: str) -> str:
    """Return a title as it may stand in a table: one line, not without end."""
    return " ".join(text.split())[:MAX_TITLE_CHARS]


def first_byte(body: bytes) -> bytes:
    """Return the byte that tells JSON from a page of tags, past a byte order mark and blanks."""
    return body[:200].removeprefix(BOM).lstrip()[:1]
