"""The one HTTP client: paced, identified, and the only place where a status code becomes an error class.

Where the bytes come from is the transport mounted on the session (`tasks.sources.transport`); this module cannot tell.
What the bytes mean is the providers' business.
"""

import hashlib
import json
import logging
import threading
import time
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from functools import cached_property
from urllib.parse import urljoin, urlsplit

import requests
import urllib3

from alvh_core.errors import AlvhError, ContractError, RetriableError, SkippableError
from tasks.sources.keys import HostKey

TIMEOUT_SECONDS = (10.0, 30.0)  # to connect, and between two pieces of a body
MAX_BODY_SECONDS = 120.0
MAX_BODY_BYTES = 256 << 20  # the largest chain is 14 MB
MAX_PAUSE_SECONDS = 120.0
MAX_REDIRECTS = 5
RETRIABLE_STATUS = frozenset({408, 420, 425, 429})  # and everything from 500 on
FETCHED_AT_HEADER = "X-Alvh-Fetched-At"  # how a recording says when its body was first fetched
MISSING_HEADER = "X-Alvh-Missing"  # and why, in JSON, a body was missing on the night it recorded
_CHUNK_BYTES = 1 << 20
_TOLD_BYTES = 300


@dataclass(frozen=True, kw_only=True)
class Payload:
    """A body as it arrived, with what is needed to find it again.

    Attributes
    ----------
    url : str
        Address asked for; a key is never a part of it.
    http_status : int
    body : bytes
        Decoded from any transfer compression.
    etag, last_modified : str, optional
    fetched_at_utc : datetime
    source_mode : str
        live, recorded, imported or simulated.
    """

    url: str
    http_status: int
    body: bytes
    etag: str | None
    last_modified: str | None
    fetched_at_utc: datetime
    source_mode: str

    @cached_property
    def sha256(self) -> str:
        """Hash of the body."""
        return hashlib.sha256(self.body).hexdigest()


class Pacer:
    """At most so many calls a second to a host over all threads, without bursts; 0 means unpaced."""

    def __init__(self, per_second: float) -> None:
        self._gap = 1.0 / per_second if per_second > 0 else 0.0
        self._next: dict[str, float] = {}
        self._lock = threading.Lock()

    def wait(self, host: str = "") -> None:
        """Sleep until the caller's slot."""
        with self._lock:  # reserve under the lock, sleep outside it
            now = time.monotonic()
            slot = max(self._next.get(host, 0.0), now)
            self._next[host] = slot + self._gap
        if slot > now:
            time.sleep(slot - now)

    def pause(self, host: str, seconds: float) -> None:
        """Give out no slot before a host is willing again; a retry of any thread then waits as long as it asked."""
        with self._lock:
            self._next[host] = max(self._next.get(host, 0.0), time.monotonic() + min(seconds, MAX_PAUSE_SECONDS))


class RecordedMissError(SkippableError):
    """The night that was recorded missed this body too, and said why; asking elsewhere would change the night."""


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
        Pace of request starts, host by host.
    keys : mapping of str to HostKey, optional
        By host and port; each goes there only, and live, nobody is asked whose key is not set.

    Raises
    ------
    ContractError
        The user agent is blank or cannot stand in a header.
    """

    def __init__(
        self, session: requests.Session, source_mode: str, *, user_agent: str, per_second: float = 0.0,
        keys: Mapping[str, HostKey] | None = None,
    ) -> None:  # fmt: skip
        if not user_agent.strip() or not user_agent.isascii() or not user_agent.isprintable():
            raise ContractError(
                f"user agent: expected a contact in plain ASCII, such as 'desk@example.com', found {user_agent!r}"
            )
        self._session, self.source_mode, self._pacer = session, source_mode, Pacer(per_second)
        self._locks = dict(keys or {})
        self._keys = {host: key for host, key in self._locks.items() if key.is_set}
        for key in self._keys.values():
            logging.getLogger("urllib3.connectionpool").addFilter(key)  # an equal one is not added again
        self._is_replay = source_mode != "live"  # only our own transports may speak for a recording
        session.headers.update({"User-Agent": user_agent.strip(), "Accept": "application/json, text/csv",
                                "Accept-Encoding": "gzip"})  # fmt: skip

    def get(self, url: str, symbol: str, headers: Mapping[str, str] | None = None) -> Payload:
        """Fetch one body.

        Parameters
        ----------
        url, symbol : str
        headers : mapping of str to str, optional
            In place of the client's own.

        Raises
        ------
        RetriableError
            No connection, a time-out, or the server asks to come back.
        SkippableError
            The address is not known (403 is how the vendor says so), a redirect leaves the vendor's hosts, or the body
            is larger than any chain can be.
        """
        host = urlsplit(url).netloc
        if not self._is_replay and host in self._locks and host not in self._keys:
            raise SkippableError(
                f"{symbol}: {host} answers only with a key, and {self._locks[host].asked.variable} is not set"
            )
        try:
            with self._follow(url, symbol, headers) as response:
                self._raise_for_status(response, symbol, url)
                if response.headers.get("X-Ratelimit-Available") == "0":  # the next request would be refused
                    self._pacer.pause(_owner(url), _seconds_to_wait(response.headers))
                body = _read_body(response, symbol, url)
        except AlvhError as error:
            if not self._keys:
                raise
            for key in self._keys.values():
                error.args = (key.struck(str(error)),)
            raise error from None  # what it came from quotes the address with its key
        return Payload(
            url=url, http_status=response.status_code, body=body, etag=response.headers.get("ETag"),
            last_modified=response.headers.get("Last-Modified"), source_mode=self.source_mode,
            fetched_at_utc=_fetched_at(response.headers.get(FETCHED_AT_HEADER) if self._is_replay else None),
        )  # fmt: skip

    def close(self) -> None:
        """Give the connections back."""
        self._session.close()

    def _follow(self, url: str, symbol: str, headers: Mapping[str, str] | None) -> requests.Response:
        """Follow redirects by hand: only to hosts of the same owner, and not for ever."""
        target = url
        for _ in range(MAX_REDIRECTS + 1):
            response = self._send(target, symbol, headers)
            if not response.is_redirect:
                return response
            response.close()
            target = _redirected(target, response.headers["Location"], symbol)
        raise SkippableError(f"{symbol}: {url} redirects more than {MAX_REDIRECTS} times")

    def _send(self, url: str, symbol: str, headers: Mapping[str, str] | None) -> requests.Response:
        self._pacer.wait(_owner(url))
        try:
            return self._session.get(url, timeout=TIMEOUT_SECONDS, allow_redirects=False, stream=True,
                                     auth=self._keys.get(urlsplit(url).netloc), headers=headers)  # fmt: skip
        except requests.RequestException as error:
            if isinstance(error, ValueError):  # requests' mark of an address that no retry makes legal
                raise SkippableError(f"{symbol}: {url} cannot be asked for: {error}") from error
            raise RetriableError(f"{symbol}: no answer from {url}: {type(error).__name__}: {error}") from error

    def _raise_for_status(self, response: requests.Response, symbol: str, url: str) -> None:
        status = response.status_code
        if status == requests.codes.ok:
            return
        if status in RETRIABLE_STATUS or status >= requests.codes.server_error:
            wait = _seconds_to_wait(response.headers)
            self._pacer.pause(_owner(str(response.url)), wait)
            raise _of(status, RetriableError(f"{symbol}: {url} answered {status}, expected 200; asked to wait "
                                             f"{wait:g} s"))  # fmt: skip
        if MISSING_HEADER in response.headers and self._is_replay:
            raise RecordedMissError(str(json.loads(response.headers[MISSING_HEADER])))
        raise _of(
            status, SkippableError(f"{symbol}: {url} answered {status} ({self._meaning(response)}), expected 200")
        )

    def _meaning(self, response: requests.Response) -> str:
        """Return what a refusal means; who wants a key says himself what is wrong, others send pages of HTML."""
        key = self._keys.get(urlsplit(str(response.url)).netloc)
        if key is None:
            is_forbidden = response.status_code == requests.codes.forbidden
            refused = "" if self._is_replay else ", or refused: set ALVH_USER_AGENT to a contact"
            meaning = f"unknown symbol{refused}"
            return meaning if is_forbidden else response.reason or "no reason"
        try:
            said = response.raw.read1(_TOLD_BYTES, decode_content=True)[:_TOLD_BYTES]  # what is there, without waiting
        except (urllib3.exceptions.HTTPError, OSError):
            said = b""
        told = " ".join(said.decode(errors="replace").split())
        advice = {
            requests.codes.unauthorized: f"; {key.asked.variable} holds no valid key: renew it",
            requests.codes.forbidden: f"; the account of {key.asked.variable} has no right to this: see its plan",
        }.get(response.status_code, "")
        return f"{response.reason or 'no reason'}: {told!r}{advice}"


def _of(status: int, error: AlvhError) -> AlvhError:
    """Return an error with the status it is about."""
    error.http_status = status
    return error


def _read_body(response: requests.Response, symbol: str, url: str) -> bytes:
    """Read a body as it drips in, so that neither its size nor its slowness is without end."""
    parts, size, deadline = [], 0, time.monotonic() + MAX_BODY_SECONDS
    try:
        while part := response.raw.read1(_CHUNK_BYTES, decode_content=True):
            parts.append(part)
            size += len(part)
            if size > MAX_BODY_BYTES:
                raise SkippableError(
                    f"{symbol}: {url}: expected at most {MAX_BODY_BYTES >> 20} MB, found more; refused"
                )
            if time.monotonic() > deadline:
                raise RetriableError(f"{symbol}: {url}: {size} bytes in {MAX_BODY_SECONDS:g} s and no end; given up")
    except (urllib3.exceptions.HTTPError, OSError) as error:
        raise RetriableError(
            f"{symbol}: {url} broke off after {size} bytes: {type(error).__name__}: {error}"
        ) from error
    return b"".join(parts)


def _redirected(url: str, location: str, symbol: str) -> str:
    """Return where a redirect leads, if that is a host of the same owner and no less secure."""
    try:
        target = urljoin(url, location)
        owner, scheme = _owner(target), urlsplit(target).scheme
    except ValueError as error:
        raise SkippableError(f"{symbol}: {url} redirects to {location!r}, which is no address: {error}") from error
    if owner != _owner(url) or scheme not in {"https", urlsplit(url).scheme}:
        raise SkippableError(
            f"{symbol}: {url} redirects to {target}, which is not a host of {_owner(url)} as safe as before; refused"
        )
    return target


def _owner(url: str) -> str:
    """Return who runs a host: its last two labels (our vendors' are .com and .gov); a number or bare name is itself."""
    host = (urlsplit(url).hostname or "").rstrip(".")
    labels = host.split(".")
    return host if ":" in host or labels[-1].isdigit() else ".".join(labels[-2:])


def _seconds_to_wait(headers: Mapping[str, str]) -> float:
    """Read ``Retry-After``, seconds or a date, or ``X-Ratelimit-Expiry``, milliseconds; 0 without a sensible one."""
    retry_after, expiry = headers.get("Retry-After", ""), headers.get("X-Ratelimit-Expiry", "")
    try:
        if not retry_after and expiry.isdecimal():
            return max(min(float(expiry) / 1000.0 - time.time(), MAX_PAUSE_SECONDS), 0.0)
        if retry_after.strip().isdecimal():
            return float(retry_after)
        return max((parsedate_to_datetime(retry_after) - datetime.now(UTC)).total_seconds(), 0.0)
    except (TypeError, ValueError):  # no date, or one without time zone
        return 0.0


def _fetched_at(header: str | None) -> datetime:
    """Return when the body was first fetched; a recording remembers it, for the network that is now."""
    try:
        instant = datetime.fromisoformat(header or "")
    except ValueError:
        return datetime.now(UTC)
    return instant.replace(tzinfo=UTC) if instant.tzinfo is None else instant.astimezone(UTC)
