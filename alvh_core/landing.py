"""What became of every payload of a night: landed with its hash, or missing with its reason.

Bookkeeping only; fetching and decoding are the sources'.
"""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date

import pandas as pd

from alvh_core import frames
from alvh_core.schemas import META_PAYLOADS

SIDECAR, MISSES = ".meta", "misses.json"  # names in the raw archive, known to who writes it and who replays it
_UNSAFE = re.compile(r"[^A-Za-z0-9.=-]+")  # object stores sign other characters each in its own way
_YEAR_FILES = "/all"  # the Treasury's year stands in the path; its query says nothing more


def archived_name(path: str, query: str) -> str:
    """Return the path under which a body of an address is archived, without the ending.

    Examples
    --------
    >>> archived_name("/csv/2026/all", "type=daily&page"), archived_name("/graph/fredgraph.csv", "id=DGS10")
    ('/csv/2026/all', '/graph/fredgraph.csv@id=DGS10')
    """
    told = _UNSAFE.sub("_", query)
    return f"{path}@{told}" if told and not path.endswith(_YEAR_FILES) else path


@dataclass(frozen=True, kw_only=True)
class Landing:
    """One payload of the night.

    Attributes
    ----------
    dataset, symbol, url : str
    reason : str, optional
        Why it is missing; None if it landed.
    http_status, bytes_count : int, optional
    payload_sha256, etag, fetched_at_utc : str, optional
    """

    dataset: str
    symbol: str
    url: str
    reason: str | None = None
    http_status: int | None = None
    bytes_count: int | None = None
    payload_sha256: str | None = None
    etag: str | None = None
    fetched_at_utc: str | None = None

    @property
    def is_landed(self) -> bool:
        """Whether the body is in the archive."""
        return self.reason is None

    def lost(self, reason: str) -> "Landing":
        """Return the landing as missing: it arrived but could not be used."""
        return replace(self, reason=reason)


def payload_rows(landings: Sequence[Landing], trade_date: date, source_mode: str) -> pd.DataFrame:
    """Return `META_PAYLOADS` of a night."""
    rows = [
        {"dataset": x.dataset, "symbol": x.symbol, "url": x.url, "reason": x.reason, "http_status_count": x.http_status,
         "bytes_count": x.bytes_count, "payload_sha256": x.payload_sha256, "etag": x.etag,
         "fetched_at_utc": x.fetched_at_utc, "payload_outcome": "LANDED" if x.is_landed else "MISSING"}
        for x in landings
    ]  # fmt: skip
    return frames.of_night(pd.DataFrame(rows), META_PAYLOADS, trade_date, source_mode)


def missing_chains(payloads: pd.DataFrame, quarantine: pd.DataFrame) -> Mapping[str, str]:
    """Return why a symbol has no chain tonight: it did not arrive, or validation suspended it.

    Parameters
    ----------
    payloads : DataFrame
        `META_PAYLOADS`.
    quarantine : DataFrame
        `META_QUARANTINE`.
    """
    lost = payloads[(payloads["dataset"] == "option_chain") & (payloads["payload_outcome"] == "MISSING")]
    suspended = quarantine[quarantine["severity"] == "underlying"]
    reasons = dict(zip(lost["symbol"].astype("str"), lost["reason"].astype("str"), strict=True))
    return reasons | dict(zip(suspended["row_key"].astype("str"), suspended["reason"].astype("str"), strict=True))
