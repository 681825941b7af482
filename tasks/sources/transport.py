"""Transports: where the bytes of a session come from. Mounted on the client's session, invisible to it.

`RecordedTransport` answers from a folder of bodies laid out by session and URL path, the shape of our own raw archive;
`SimulatedTransport` from the seeded market model, `ImportedTransport` from a folder of histories. The network is
requests' own adapter.
"""

import gzip
import io
import json
import zlib
from bisect import bisect_left
from collections.abc import Iterator, Mapping
from datetime import date
from functools import lru_cache
from pathlib import Path
from typing import Any
from urllib.parse import parse_qsl, urlsplit

import numpy as np
import requests
import urllib3
from requests.adapters import BaseAdapter, HTTPAdapter

from alvh_core.errors import AbsentNightError, ContractError, FatalError
from alvh_core.landing import MISSES, SIDECAR, archived_name
from alvh_core.market.simulated import FIRST_SESSION, SimulatedMarket
from alvh_core.universe import Asset
from tasks.sources.catalogue import SOURCES
from tasks.sources.client import FETCHED_AT_HEADER, MAX_BODY_BYTES, MISSING_HEADER
from tasks.sources.filedrops.layout import SCHEME

_REFUSED: tuple[int, bytes, dict[str, str]] = (requests.codes.forbidden, b"AccessDenied", {})
_BUILDER = HTTPAdapter()  # only turns urllib3's response into requests'


class _BodyTransport(BaseAdapter):
    """Answers a request from bytes in hand."""

    def send(self, request: requests.PreparedRequest, stream: bool = False, timeout: Any = None, verify: Any = True,
             cert: Any = None, proxies: Mapping[str, str] | None = None) -> requests.Response:  # fmt: skip
        """Build the response that a server would have given."""
        status, body, headers = self.answer(str(request.url))
        reason = "OK" if status == requests.codes.ok else str(headers.pop("X-Reason", "Forbidden"))
        raw = urllib3.HTTPResponse(
            body=io.BytesIO(body), status=status, reason=reason, headers=headers, preload_content=False
        )
        return _BUILDER.build_response(request, raw)

    def answer(self, url: str) -> tuple[int, bytes, dict[str, str]]:
        """Return status, body and headers for a URL."""
        raise AssertionError("a transport says where its bytes come from")

    def close(self) -> None:
        """Nothing is held open."""


class RecordedTransport(_BodyTransport):
    """Replays a recorded session.

    Parameters
    ----------
    root : Path
        ``{root}/{session}/{host}/{url path}.gz``, then ``{root}/histories/...``; our own archive puts a folder
        ``source_mode=...`` above the sessions, which is found by itself.
    session : date

    Raises
    ------
    ContractError
        There is no such folder.
    AbsentNightError
        The folder does not hold the session; it may hold others.
    FatalError
        It holds the session under several source modes.
    """

    def __init__(self, root: Path, session: date) -> None:
        super().__init__()
        if not root.is_dir():
            raise ContractError(f"--source recorded: expected a folder of nights, found no such folder: {root}")
        homes = [home for home in (root, *sorted(root.glob("source_mode=*"))) if (home / str(session)).is_dir()]
        if len(homes) > 1:
            raise FatalError(f"{root} holds session {session} more than once: {', '.join(h.name for h in homes)}; "
                             "name one of these folders in --source recorded:PATH")  # fmt: skip
        if not homes:
            raise AbsentNightError(
                f"expected a recording of session {session} in {root}, found {_held(root, str(session))}"
            )
        self._folders = (homes[0] / str(session), homes[0] / "histories")
        misses = self._folders[0] / MISSES
        try:
            self._misses: dict[str, str] = dict(json.loads(misses.read_text("utf-8"))) if misses.is_file() else {}
        except (OSError, ValueError, TypeError, RecursionError) as error:
            raise FatalError(f"expected the addresses a night missed in {misses}, found {error}; remove it") from error
        sidecar = next(iter(sorted(self._folders[0].rglob(f"*{SIDECAR}"))), None)
        self._is_archive = sidecar is not None  # our own: its label stays, so that simulated stays simulated
        self.source_mode = str(_read_sidecar(sidecar)["source_mode"]) if sidecar else "recorded"

    def answer(self, url: str) -> tuple[int, bytes, dict[str, str]]:
        """Look the URL up in the session, then in the histories."""
        found = next((path for folder in self._folders for path in _places(folder, url) if self._counts(path)), None)
        if found:
            return _recorded_body(found)
        known = {MISSING_HEADER: json.dumps(self._misses[url])} if url in self._misses else {}
        return requests.codes.not_found, b"", {"X-Reason": "not in the recording"} | known

    def knows(self, host: str) -> bool:
        """Tell whether the night had anything to do with a host, and be it that nothing came from there."""
        name = urlsplit(f"//{host}").hostname or ""
        asked = {urlsplit(url).hostname for url in self._misses}
        return name in asked or any((folder / name).is_dir() for folder in self._folders)

    def _counts(self, path: Path) -> bool:
        """Tell whether a body is there; in our own archive only once its sidecar is."""
        is_whole = not self._is_archive or path.with_name(path.name + SIDECAR).is_file()
        return is_whole and path.is_file()


class ImportedTransport(_BodyTransport):
    """Answers what an imported night needs besides its chains, from a folder of histories; chains lie in the archive.

    Parameters
    ----------
    histories : Path, optional
        ``{histories}/{host}/{url path}.gz``, as `RecordedTransport` has them; its whole recording does as well.

    Raises
    ------
    ContractError
        There is no such folder.
    """

    source_mode = "imported"

    def __init__(self, histories: Path | None = None) -> None:
        super().__init__()
        if histories is not None and not histories.is_dir():
            raise ContractError(
                f"--histories: expected a folder of {{host}}/{{url path}}.gz, found nothing at {histories}"
            )
        inner = histories / "histories" if histories else None
        self._folder = inner if inner and inner.is_dir() else histories

    def answer(self, url: str) -> tuple[int, bytes, dict[str, str]]:
        """Look the URL up in the histories; what is not there may be under another of its addresses."""
        if url.startswith(SCHEME):
            told = {MISSING_HEADER: json.dumps(f"{url}: no imported file had this chain")}
            return requests.codes.not_found, b"", told
        found = next((path for path in _places(self._folder, url) if path.is_file()), None) if self._folder else None
        if found:
            return _recorded_body(found)
        nobody = "imported nights ask nobody; --histories PATH names a folder that has it"
        return requests.codes.not_found, b"", {"X-Reason": nobody}


def _held(root: Path, session: str) -> str:
    """Say which sessions a folder of recordings has, wherever below it, and which are nearest to one it has not."""
    day = "20??-??-??"
    nights = sorted((night for pattern in (day, f"*/{day}") for night in root.glob(pattern) if night.is_dir()),
                    key=lambda night: night.name)  # fmt: skip
    if not nights:
        return "no sessions"
    at = bisect_left([night.name for night in nights], session)
    held = [str(night.relative_to(root)) for night in nights]
    near = " and ".join(held[max(at - 1, 0) : at + 1])
    return f"{len(held)} sessions, {held[0]} to {held[-1]}; nearest: {near}"


def _places(folder: Path, url: str) -> Iterator[Path]:
    """Yield where a folder may have the body of an address; never outside of it."""
    parts = urlsplit(url)
    for ending in (".gz", ".csv.gz"):
        path = folder / f"{parts.hostname}{archived_name(parts.path, parts.query)}{ending}"
        if ".." not in path.relative_to(folder).parts:
            yield path


def _recorded_body(path: Path) -> tuple[int, bytes, dict[str, str]]:
    sidecar = path.with_name(path.name + SIDECAR)
    try:
        with gzip.open(path) as packed:
            body = packed.read(MAX_BODY_BYTES + 1)  # one more than the client takes: it says so
    except (OSError, EOFError, zlib.error) as error:
        return requests.codes.unprocessable, b"", {"X-Reason": f"damaged recording {path}: {error}"}
    meta = _read_sidecar(sidecar) if sidecar.is_file() else {}
    headers = {"ETag": "etag", "Last-Modified": "last_modified", FETCHED_AT_HEADER: "fetched_at_utc"}
    return requests.codes.ok, body, {name: str(meta[key]) for name, key in headers.items() if meta.get(key)}


def _read_sidecar(path: Path) -> dict[str, Any]:
    try:
        meta: dict[str, Any] = dict(json.loads(path.read_text(encoding="utf-8")))
        return meta | {"source_mode": meta["source_mode"]}
    except (OSError, ValueError, TypeError, KeyError, RecursionError) as error:
        raise FatalError(
            f"expected the origin of an archived body in {path}, found {type(error).__name__} {error}; remove that body"
        ) from error


@lru_cache(maxsize=1)
def simulated_market(assets: tuple[Asset, ...], sessions: bytes, early_closes: frozenset[date],
                     seed: int) -> SimulatedMarket:  # fmt: skip
    """Return the market of this process: its history is the same every night, and drawn once.

    Parameters
    ----------
    assets : tuple of Asset
    sessions : bytes
        Of an array of datetime64[D]: bytes compare by value.
    early_closes : frozenset of date
    seed : int
    """
    universe = {asset.symbol: asset for asset in assets}
    return SimulatedMarket(universe, np.frombuffer(sessions, dtype="datetime64[D]"), early_closes, seed=seed)


class SimulatedTransport(_BodyTransport):
    """Answers the vendors' addresses from the seeded market model.

    Parameters
    ----------
    market : SimulatedMarket
    session : date

    Raises
    ------
    ContractError
        The session lies before the market begins.
    """

    source_mode = "simulated"

    def __init__(self, market: SimulatedMarket, session: date) -> None:
        super().__init__()
        if session < FIRST_SESSION:
            raise ContractError(f"--source simulated: expected a session from {FIRST_SESSION} on, found {session}")
        self._market, self._session = market, session

    def answer(self, url: str) -> tuple[int, bytes, dict[str, str]]:
        """Let the source that an address is of speak for its publisher."""
        parts = urlsplit(url)
        for source in SOURCES.values():
            if found := source.route.search(parts.path):
                body = source.simulate(self._market, self._session, dict(parse_qsl(parts.query)) | found.groupdict())
                return (requests.codes.ok, body, {}) if body is not None else _REFUSED
        return _REFUSED


def session_with(transport: BaseAdapter) -> requests.Session:
    """Return a requests session that sends everything through one transport.

    The network keeps a desk's proxy and certificate variables; nothing else looks at the environment.
    """
    session = requests.Session()
    session.trust_env = isinstance(transport, HTTPAdapter)
    session.mount("https://", transport)
    session.mount("http://", transport)
    session.mount("import://", transport)  # chains of dropped files: only the archive has them
    return session


def live_transport() -> HTTPAdapter:
    """Return the network; retries are the task's business, not the adapter's."""
    return HTTPAdapter(max_retries=0, pool_maxsize=8)
