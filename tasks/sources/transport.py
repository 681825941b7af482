"""Transports: where the bytes of a session come from. Mounted on the client's session, invisible to it.

`RecordedTransport` answers from a folder of bodies laid out by session and URL path, the shape of our own raw archive;
`SimulatedTransport` from the seeded market model. The network is requests' own adapter.
"""

import gzip
import io
import json
from collections.abc import Mapping
from datetime import date
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import requests
import urllib3
from requests.adapters import BaseAdapter, HTTPAdapter

from alvh_core.errors import FatalError
from alvh_core.market.simulated import SimulatedMarket

SIDECAR = ".meta"


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
        return HTTPAdapter().build_response(request, raw)

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
    FatalError
        The folder does not hold the session, or holds it under several source modes.
    """

    def __init__(self, root: Path, session: date) -> None:
        super().__init__()
        homes = [home for home in (root, *sorted(root.glob("source_mode=*"))) if (home / str(session)).is_dir()]
        if len(homes) > 1:
            raise FatalError(f"{root} holds session {session} more than once: {', '.join(h.name for h in homes)}; "
                             "name one of these folders in --source recorded:PATH")  # fmt: skip
        if not homes:
            found = sorted(p.name for p in [*root.glob("20*"), *root.glob("*/20*")] if p.is_dir())
            raise FatalError(f"expected a recording of session {session} under {root}, found "
                             f"{', '.join(found) or 'no sessions'}")  # fmt: skip
        self._folders = (homes[0] / str(session), homes[0] / "histories")
        self.source_mode = self._origin()

    def _origin(self) -> str:
        """Return the label of the night that was recorded: in a replay of our own archive simulated stays simulated."""
        for sidecar in self._folders[0].rglob(f"*{SIDECAR}"):
            return str(json.loads(sidecar.read_text(encoding="utf-8"))["source_mode"])
        return "recorded"

    def answer(self, url: str) -> tuple[int, bytes, dict[str, str]]:
        """Look the URL up in the session, then in the histories."""
        parts = urlsplit(url)
        relative = f"{parts.hostname}{parts.path}"
        for folder in self._folders:
            for name in (f"{relative}.gz", f"{relative}.csv.gz"):
                path = (folder / name).resolve()
                if path.is_relative_to(folder.resolve()) and path.is_file():
                    return requests.codes.ok, gzip.decompress(path.read_bytes()), _sidecar_headers(path)
        return requests.codes.not_found, b"", {"X-Reason": "not in the recording"}


def _sidecar_headers(path: Path) -> dict[str, str]:
    sidecar = path.with_name(path.name + SIDECAR)
    if not sidecar.is_file():
        return {}
    meta = json.loads(sidecar.read_text(encoding="utf-8"))
    known = {
        "ETag": meta.get("etag"),
        "Last-Modified": meta.get("last_modified"),
        "X-Alvh-Fetched-At": meta.get("fetched_at_utc"),
    }
    return {name: value for name, value in known.items() if value}


class SimulatedTransport(_BodyTransport):
    """Answers the vendors' addresses from the seeded market model.

    Parameters
    ----------
    market : SimulatedMarket
    session : date
    """

    source_mode = "simulated"

    def __init__(self, market: SimulatedMarket, session: date) -> None:
        super().__init__()
        self._market, self._session = market, session

    def answer(self, url: str) -> tuple[int, bytes, dict[str, str]]:
        """Route a vendor's URL path to the model."""
        *folders, name = urlsplit(url).path.strip("/").split("/")
        stem, day = name.split(".")[0], self._session
        if folders[-2:] == ["delayed_quotes", "options"]:
            body = self._market.chain(stem, day)
        elif folders[-2:] == ["charts", "historical"]:
            body = self._market.bars(stem, day)
        elif folders[-1:] == ["daily_prices"]:
            body = self._market.index_history(stem.removesuffix("_History"), day)
        elif len(folders) > 1 and folders[-2] == "daily-treasury-rates.csv":
            body = self._market.treasury_curve(int(folders[-1]), day)
        else:
            body = None
        return (requests.codes.ok, body, {}) if body is not None else (requests.codes.forbidden, b"AccessDenied", {})


def session_with(transport: BaseAdapter) -> requests.Session:
    """Return a requests session that sends everything through one transport."""
    session = requests.Session()
    session.trust_env = False
    session.mount("https://", transport)
    session.mount("http://", transport)
    return session


def live_transport() -> HTTPAdapter:
    """Return the network; retries are the task's business, not the adapter's."""
    return HTTPAdapter(max_retries=0, pool_maxsize=8)
