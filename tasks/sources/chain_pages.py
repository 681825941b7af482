"""Chains that come as JSON pages, whoever sends them: pages, lists of one, epochs, and contracts to wire columns.

What a vendor's fields are called is its own module's business.
"""

import json
from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import UTC, datetime
from functools import wraps
from typing import Any
from zoneinfo import ZoneInfo

import pandas as pd
import pyarrow as pa

from alvh_core.errors import SkippableError
from alvh_core.sessions import NEW_YORK
from tasks.sources.documents import check_json, reading
from tasks.sources.filedrops.layout import wire_table
from tasks.sources.limits import MAX_CONTRACTS, MAX_NAME_BYTES, unique_keys
from tasks.sources.source import Chain

HORIZON_DAYS = 260  # the longest layer is bought at 220 days, give or take 35
NBBO = "nbbo"
PER_SECOND = {"ms": 1e3, "ns": 1e9}
_EARLIEST, _LATEST = 946_684_800.0, 7_258_118_400.0  # 2000 to 2200: an epoch outside is no clock
_TOLD_CHARS = 200
_USUAL_MULTIPLIER = 100


def guarded(read: Callable[[bytes, str, str], Chain]) -> Callable[[bytes, str, str], Chain]:
    """Make a parser lose its symbol, and nothing else, whatever strangers put into a field."""

    @wraps(read)
    def safe(body: bytes, symbol: str, url: str) -> Chain:
        with reading(body, f"{symbol}: {url}", "a chain"):
            return read(body, symbol, url)

    return safe


def read_pages(body: bytes, symbol: str, url: str) -> list[dict[str, Any]]:
    """Read the pages of a body: one document, or a bundle ``{"pages": [...]}`` of several.

    Raises
    ------
    SkippableError
        No JSON object, a key that stands there twice, or a page that is none.
    RetriableError
        The body is cut short.
    """
    check_json(body, symbol, url)
    with reading(body, f"{symbol}: {url}", "a JSON object, or pages of them"):
        document = json.loads(body.decode("utf-8-sig"), object_pairs_hook=unique_keys)
        pages = [dict(page) for page in document.get("pages", [document])]
    if not pages:
        raise SkippableError(f"{symbol}: {url}: expected pages of a chain, found none")
    return pages


def as_list(value: Any) -> list[Any]:
    """Return a list, where a vendor sends a list of one as the bare element and an empty one as null.

    Examples
    --------
    >>> as_list(None), as_list("2026-09-16"), as_list(["a", "b"])
    ([], ['2026-09-16'], ['a', 'b'])
    """
    return value if isinstance(value, list) else [] if value is None else [value]


def told(value: Any) -> str:
    """Return the beginning of what a vendor says, for a message."""
    return repr(value)[:_TOLD_CHARS]


def found(document: Any, *names: str) -> Any:
    """Return what stands at the end of a path of names; null where one of them leads nowhere."""
    return column([document], names)[0]


def column(documents: Sequence[Any], names: Sequence[str]) -> Sequence[Any]:
    """Return what stands at the end of a path of names in each of some documents, as `found` does."""
    for name in names:
        documents = [one.get(name) if isinstance(one, dict) else None for one in documents]
    return documents


def number(value: Any) -> float:
    """Return a number, NaN for what is none."""
    return float(pd.to_numeric(pd.Series([value], dtype="object"), errors="coerce").iloc[0])


def newest(epochs: Iterable[Any], unit: str) -> datetime | None:
    """Return the newest of some epochs as New York wall time; 0, null and what is no instant count for nothing.

    Parameters
    ----------
    epochs : iterable
        Numbers since 1970.
    unit : {'ms', 'ns'}

    Examples
    --------
    >>> newest([0, None, 1787342399000], "ms").isoformat()
    '2026-08-21T15:59:59'
    """
    texts = pd.Series([str(epoch) for epoch in epochs if not isinstance(epoch, bool)], dtype="object")
    seconds = pd.to_numeric(texts, errors="coerce") / PER_SECOND[unit]
    legal = seconds[(seconds >= _EARLIEST) & (seconds < _LATEST)]
    if legal.empty:
        return None
    return datetime.fromtimestamp(int(legal.max()), UTC).astimezone(ZoneInfo(NEW_YORK)).replace(tzinfo=None)


def marked_adjusted(option: pd.Series, changed: pd.Series) -> pd.Series:
    """Give contracts of another deliverable a root with a digit, as the exchanges do, where the vendor does not."""
    roots = option[changed].str.slice(0, -15)
    plain = roots[~roots.str.contains(r"\d$")]
    marked = option.copy()
    marked[plain.index] = plain + "1" + option[plain.index].str.slice(-15)
    return marked


def chain_table(symbol: str, rows: Sequence[Any], option: Sequence[Any], places: Mapping[str, tuple[str, ...]], *,
                needed: Sequence[str], multiplier: tuple[str, ...], where: str) -> pa.Table:  # fmt: skip
    """Return wire columns of a chain.

    Parameters
    ----------
    symbol : str
        Ours.
    rows, option : sequence
        Contracts as the vendor sends them, and their OCC symbols without padding.
    places : mapping of str to tuple of str
        Wire column to the path of the vendor's field.
    needed : sequence of str
        Wire columns without which the feed is another one.
    multiplier : tuple of str
        Path of the size of a contract.
    where : str
        For the messages.

    Raises
    ------
    SkippableError
        No contracts, too many, one without a symbol, or none with a field that is needed.
    """
    if not rows or len(rows) > MAX_CONTRACTS:
        raise SkippableError(f"{where}: expected 1 to {MAX_CONTRACTS} option contracts, found {len(rows)}")
    named = [isinstance(text, str) and 0 < len(text.encode(errors="replace")) <= MAX_NAME_BYTES for text in option]
    if not all(named):
        raise SkippableError(f"{where}: {named.count(False)} of {len(rows)} contracts have no symbol of at most "
                             f"{MAX_NAME_BYTES} bytes; the vendor's schema has changed")  # fmt: skip
    values = {wire: column(rows, place) for wire, place in places.items()}
    lost = [wire for wire in needed if all(value is None for value in values[wire])]
    if lost:
        raise SkippableError(f"{where}: no contract has {', '.join(lost)}; the vendor's schema has changed")
    sizes = pd.to_numeric(pd.Series(list(map(str, column(rows, multiplier))), dtype="object"), errors="coerce")
    names = marked_adjusted(pd.Series(option, dtype="str"), sizes.notna() & sizes.ne(_USUAL_MULTIPLIER))
    return wire_table(symbol, names, pd.DataFrame(values, dtype="object"))
