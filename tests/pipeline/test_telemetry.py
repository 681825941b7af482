"""No dependency calls home: a night by default settings talks to loopback only."""

import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

pytestmark = pytest.mark.slow


def test_a_night_talks_to_no_other_machine(small_universe: Path, network: Callable, tmp_path: Path) -> None:
    watched = network()
    kept = {n: v for n, v in os.environ.items() if not n.startswith(("ALVH_", "PREFECT_", "DO_NOT"))}
    environment = {"ALVH_HOME": str(tmp_path), "ALVH_UNIVERSE_FILE": str(small_universe)}
    done = subprocess.run([sys.executable, "-m", "flows.cli", "nightly"], capture_output=True, text=True, timeout=600,
                          env=kept | watched.environment | environment, check=False)  # fmt: skip
    assert done.returncode == 0, done.stderr
    assert watched.hosts() == {"127.0.0.1"}


def test_the_watch_sees_a_name_that_is_asked_for(network: Callable) -> None:
    watched = network()
    asks = "import contextlib, socket\nwith contextlib.suppress(OSError): socket.getaddrinfo('example.invalid', 80)"
    subprocess.run([sys.executable, "-c", asks], env=os.environ | watched.environment, check=True)
    assert watched.hosts() == {"example.invalid"}


def test_the_interface_of_the_server_is_the_one_without_telemetry(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    from flows.start import prepare

    for name in [name for name in os.environ if name.startswith(("PREFECT_", "DO_NOT", "ALVH_"))]:
        monkeypatch.delenv(name)
    monkeypatch.setenv("ALVH_HOME", str(tmp_path))
    with monkeypatch.context() as patched:
        patched.setattr(os, "environ", dict(os.environ))
        prepare(is_server=True)
        switched = {name: os.environ.get(name) for name in (
            "DO_NOT_TRACK", "PREFECT_SERVER_ANALYTICS_ENABLED", "PREFECT_SERVER_UI_V2_ENABLED",
            "PREFECT_SERVER_UI_SHOW_PROMOTIONAL_CONTENT")}  # fmt: skip
    assert switched.pop("DO_NOT_TRACK") == "1"
    assert set(switched.values()) == {"false"}
