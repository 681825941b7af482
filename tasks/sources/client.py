"""The one HTTP client: paced, identified, and the only place where a status code becomes an error class.

Where the bytes come from is the transport mounted on the session (`tasks.sources.transport`); this module cannot tell. What
the bytes mean is the providers' business.
"""

import hashlib
import threading
import time
from dataclasses import dataclass
from datetime import UTC, datetime
from urllib.parse import urljoin, urlsplit

import requests

from alvh_core.errors import RetriableError, SkippableError

TIMEOUT_SECONDS = (10.0, 30.0)
MAX_REDIRECTS = 5
RETRIABLE_STATUS = frozenset({408, 420, 425, 429, 500, 502, 503, 504})


@dataclass(frozen=True, kw_only=True)
class Payload:
    """A body as it arrived, with what is needed to find it again.

    Attributes
    ----------
    url : str
        Address asked for, without query secrets (no source of ours has any).
    http_status : int
    body : bytes
        Decoded from any transfer compression.
    etag, last_modified : str, optional
    fetched_at_utc : datetime
    source_mode : str
        live, recorded or simulated.
    """

    url: str
    http_status: int
    body: bytes
    etag: str | None
    last_modified: str | None
    fetched_at_utc: datetime
    source_mode: str

    @property
    def sha256(self) -> str:
        """Hash of the body."""
        return hashlib.sha256(self.body).hexdigest()


class Pacer:
    """At most so many calls a second over all threads, without bursts; 0 means unpaced."""

    def __init__(self, per_second: float) -> None:
        self._gap = 1.0 / per_second if per_second > 0 else 0.0
        self._next, self._lock = 0.0, threading.Lock()

    def wait(self) -> None:
        """Sleep until the caller's slot."""
        with self._lock:  # reserve under the lock, sleep outside it
            now = time.monotonic()
            slot = max(self._next, now)
            self._next = slot + self._gap
        if slot > now:
            time.sleep(slot - now)


class HttpClient:
    """Fetch bodies and say what the caller should do when that fails.

    Parameters
    ----------
    session : requests.Session
        With the transport mounted.
    source_mode : str
        Label of the transport.
    user_agent : str
        Contact string; vendors refuse anonymous library agents.
    per_second : float
        Pace of request starts.
    """

    def __init__(
        self, session: requests.Session, source_mode: str, *, user_agent: str, per_second: float = 0.0
    ) -> None:
        self._session, self.source_mode, self._pacer = session, source_mode, Pacer(per_second)
        session.headers.update({"User-Agent": user_agent, "Accept": "application/json, text/csv"})

    def get(self, url: str, symbol: str) -> Payload:
        """Fetch one body.

        Raises
        ------
        RetriableError
            No connection, a time-out, or the server asks to come back.
        SkippableError
            The address is not known (403 is how the vendor says so), or a redirect leaves the vendor's hosts.
        """
        response = self._follow(url, symbol)
        _raise_for_status(response, symbol, url)
        fetched = response.headers.get("X-Alvh-Fetched-At")
        return Payload(
            url=url, http_status=response.status_code, body=response.content, etag=response.headers.get("ETag"),
            last_modified=response.headers.get("Last-Modified"), source_mode=self.source_mode,
            fetched_at_utc=datetime.fromisoformat(fetched) if fetched else datetime.now(UTC),
        )  # fmt: skip

    def _follow(self, url: str, symbol: str) -> requests.Response:
        """Follow redirects by hand: only to hosts of the same owner, and not for ever."""
        target = url
        for _ in range(MAX_REDIRECTS + 1):
            response = self._send(target, symbol)
            if not response.is_redirect:
                return response
            target = urljoin(target, response.headers["Location"])
            if _owner(target) != _owner(url):
                raise SkippableError(
                    f"{symbol}: {url} redirects to {target}, which is not a host of {_owner(url)}; refused"
                )
        raise SkippableError(f"{symbol}: {url} redirects more than {MAX_REDIRECTS} times")

    def _send(self, url: str, symbol: str) -> requests.Response:
        self._pacer.wait()
        try:
            return self._session.get(url, timeout=TIMEOUT_SECONDS, allow_redirects=False)
        except requests.RequestException as error:
            raise RetriableError(f"{symbol}: no answer from {url}: {type(error).__name__}: {error}") from error


def _owner(url: str) -> str:
    return ".".join((urlsplit(url).hostname or "").split(".")[-2:])


def _raise_for_status(response: requests.Response, symbol: str, url: str) -> None:
    status = response.status_code
    if status == requests.codes.ok:
        return
    if status in RETRIABLE_STATUS:
        wait = response.headers.get("Retry-After", "0")
        raise RetriableError(f"{symbol}: {url} answered {status}, expected 200; asked to wait {wait} s",
                             retry_after_seconds=float(wait) if wait.isdigit() else 0.0)  # fmt: skip
    reason = response.reason or "no reason given"
    meaning = "unknown symbol" if status == requests.codes.forbidden else reason
    raise SkippableError(f"{symbol}: {url} answered {status} ({meaning}), expected 200")
