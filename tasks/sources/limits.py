"""How much a body may hold before anything decodes it: several times what vendors send, far below what hurts.

A decoder's cost follows the number of its values and columns, not its bytes: 22 MB of ``{}`` took Arrow 15 seconds, a
CSV of three million columns kept pandas busy for minutes. What a body means is the parsers' business.
"""

import csv
import io
from collections import Counter
from typing import Any

import numpy as np

from alvh_core.errors import SkippableError

MAX_CONTRACTS = 150_000  # the largest chain has 31 thousand
MAX_JSON_VALUES = 20 * MAX_CONTRACTS  # a contract has up to twenty fields
MAX_NAME_BYTES = 64  # an OCC symbol has 21
MAX_CSV_BYTES = 4 << 20  # the longest index history has 0.5 MB
MAX_CSV_COLUMNS = 64  # the widest curve has 15 with its date
MAX_CSV_FIELD_CHARS = 200  # a name or a number


def check_json_values(body: bytes, where: str) -> None:
    """Refuse a JSON document of more values than any of ours has.

    Raises
    ------
    SkippableError
        Says how many were found.
    """
    found = count_of(",", body) + 1
    if found > MAX_JSON_VALUES:
        raise SkippableError(f"{where}: expected at most {MAX_JSON_VALUES} values, found {found}; refused")


def count_of(letter: str, body: bytes) -> int:
    """Count a letter in a body; `bytes.count` stops at every one, which takes four times as long."""
    return int(np.count_nonzero(np.frombuffer(body, dtype=np.uint8) == ord(letter)))


def check_csv(body: bytes, where: str) -> None:
    """Refuse a CSV file that is longer or wider than any of ours.

    Raises
    ------
    SkippableError
        Says what was expected; also where the file is no text.
    """
    if len(body) > MAX_CSV_BYTES:
        raise SkippableError(f"{where}: expected at most {MAX_CSV_BYTES >> 20} MB of CSV, found {len(body)} bytes")
    try:
        for row in csv.reader(io.StringIO(body.decode("utf-8-sig"), newline="")):
            if len(row) > MAX_CSV_COLUMNS or max(map(len, row), default=0) > MAX_CSV_FIELD_CHARS:
                raise SkippableError(f"{where}: expected rows of at most {MAX_CSV_COLUMNS} fields of at most "
                                     f"{MAX_CSV_FIELD_CHARS} characters, found a larger one; refused")  # fmt: skip
    except (ValueError, csv.Error) as error:
        raise SkippableError(f"{where}: expected CSV, found {body[:60]!r}: {error}") from error


def unique_keys(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    """Build a JSON object (`object_pairs_hook`); of two values for one key nobody knows which was meant.

    Raises
    ------
    ValueError
        Names the key.
    """
    document = dict(pairs)
    if len(document) != len(pairs):
        key, _ = Counter(key for key, _ in pairs).most_common(1)[0]
        raise ValueError(f"key {key[:80]!r} stands there twice")
    return document
