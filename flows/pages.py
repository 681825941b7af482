"""The folder of reports over HTTP, loopback only: a browser opens no file from a page that came from a server.

What a report says is `tasks.report`; who may see it is whoever can reach this machine's loopback.
"""

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial
from http import HTTPStatus
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from alvh_core.errors import FatalError


def pages_url(api: str) -> str:
    """Return where the reports are served beside a Prefect API: the next port."""
    address = urlsplit(api)
    return f"http://{address.hostname}:{(address.port or 80) + 1}"


@contextmanager
def served_pages(url: str, folder: Path) -> Iterator[None]:
    """Serve a folder for a while, in a thread of this process.

    Raises
    ------
    FatalError
        Something else has the port.
    """
    address = urlsplit(url)
    folder.mkdir(parents=True, exist_ok=True)
    try:
        server = ThreadingHTTPServer(
            (str(address.hostname), address.port or 80), partial(_Quiet, directory=str(folder))
        )
    except (OSError, OverflowError) as error:
        raise FatalError(
            f"expected port {address.port} to be free for the reports, found {error}; it follows ALVH_PREFECT_PORT: "
            "set another, or say in ALVH_REPORTS_URL where you serve the reports"
        ) from error
    with server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        try:
            yield
        finally:
            server.shutdown()


class _Quiet(SimpleHTTPRequestHandler):
    def send_head(self) -> Any:
        """Answer to this machine's own names only: a site that has its name point here would read the reports."""
        try:
            asked = urlsplit(f"//{self.headers.get('Host', '')}").hostname
        except ValueError:
            asked = None
        here: Any = self.server.server_address
        if asked not in {"localhost", here[0]}:
            self.send_error(HTTPStatus.MISDIRECTED_REQUEST)
            return None
        return super().send_head()

    def log_message(self, *_parts: Any) -> None:
        """Log nothing: who reads a report is nobody's business."""
