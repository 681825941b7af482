"""What every command does first: read the settings, and give Prefect its own quiet home before it is imported."""

import logging
import os
import sys
from datetime import date
from typing import TYPE_CHECKING, TextIO

from alvh_core.errors import ContractError
from flows.pages import pages_url

if TYPE_CHECKING:
    from tasks.settings import Settings

EXIT_FAILED, EXIT_USAGE, EXIT_NO_DATA = 1, 2, 3  # 128 and a signal's number: `flows.stop`
HEARTBEAT_SECONDS = 30  # how often a run says that it lives; the smallest that Prefect takes


def prepare(*, is_server: bool = False) -> "Settings":
    """Return the settings; Prefect is set up, and talks to the server of this home if one runs.

    Raises
    ------
    ContractError
        A setting is wrong, or the home folder cannot be written.
    """
    from tasks.settings import load_settings  # noqa: PLC0415 - pydantic; --help needs none of it

    settings = load_settings()
    try:
        settings.prefect_home.mkdir(parents=True, exist_ok=True, mode=0o700)  # Secret blocks, and the key to them
    except OSError as error:
        raise ContractError(f"ALVH_HOME: expected a folder that can be written, found {error}") from error
    defaults = {
        "PREFECT_HOME": str(settings.prefect_home), "DO_NOT_TRACK": "1", "PREFECT_SERVER_ANALYTICS_ENABLED": "false",
        "PREFECT_SERVER_EPHEMERAL_STARTUP_TIMEOUT_SECONDS": "120",
        "PREFECT_SERVER_UI_SHOW_PROMOTIONAL_CONTENT": "false",
        "PREFECT_SERVER_UI_V2_ENABLED": "false",  # the new UI's pages call amplitude.com, whatever is set
        "PREFECT_LOGGING_LEVEL": "INFO" if is_server else "CRITICAL",  # a run's log in the UI is worth reading
        "PREFECT_FLOWS_HEARTBEAT_FREQUENCY": str(HEARTBEAT_SECONDS),
        # where the server unpacks its UI: by default into its installation, which a service may not write
        "PREFECT_SERVER_UI_STATIC_DIRECTORY": str(settings.prefect_home / "ui"),
        # multiprocessing cleans up behind a command that was stopped, and need not tell the operator
        "PYTHONWARNINGS": "ignore:resource_tracker",
        # Servers, runs and workers are Pythons of their own: a file html.py where the operator stands is none of theirs
        "PYTHONSAFEPATH": "1",
    }  # fmt: skip
    if not is_server and (running := _running_server(settings)):
        defaults |= {"PREFECT_API_URL": running, "ALVH_REPORTS_URL": pages_url(running)}
    if auth := os.environ.get("PREFECT_SERVER_API_AUTH_STRING"):  # such a server would refuse its own runner
        defaults["PREFECT_API_AUTH_STRING"] = auth
    for name, value in defaults.items():
        os.environ.setdefault(name, value)
    return settings


def parse_date(text: str, option: str = "--date") -> date:
    """Return an ISO date given on the command line.

    Raises
    ------
    ContractError
        It is none.
    """
    try:
        return date.fromisoformat(text)
    except ValueError as error:
        raise ContractError(f"{option}: expected YYYY-MM-DD, found {text!r}") from error


def show_stages() -> None:
    """Print one line per stage of a night, where somebody waits for it before a terminal."""
    if sys.stderr.isatty():
        show_log("alvh.stages", sys.stderr)


def show_log(name: str, stream: TextIO) -> None:
    """Print the lines of one log of ours; everything else of the log stays quiet."""
    log = logging.getLogger(name)
    log.setLevel(logging.INFO)
    log.propagate = False
    log.addHandler(logging.StreamHandler(stream))


def _running_server(settings: "Settings") -> str | None:
    from flows.serve import running_api  # noqa: PLC0415 - requests, only needed where a server has been started

    return running_api(settings) if (settings.prefect_home / "api_url").is_file() else None
