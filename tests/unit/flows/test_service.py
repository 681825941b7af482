"""A child process that is kept running, and the folder of reports over HTTP."""

import importlib
import os
import socket
import subprocess
import sys
from datetime import timedelta
from pathlib import Path
from uuid import uuid4

import anyio
import pytest
import requests

from alvh_core.errors import FatalError
from flows.pages import pages_url, served_pages
from flows.serve import _server
from flows.service import MAX_STARTS, Service
from tasks.settings import Settings


def service(folder: Path, *module: str, is_up=lambda: False) -> Service:
    environment = os.environ | {"PYTHONPATH": os.pathsep.join(sys.path)}
    return Service("child", module, environment, folder / "child.log", is_up, folder / "ready")


def test_one_that_dies_again_and_again_is_given_up_with_its_last_words(tmp_path: Path) -> None:
    child = service(tmp_path, "no_such_module")
    assert [child.start() for _ in range(MAX_STARTS)] == [False] * MAX_STARTS
    with pytest.raises(FatalError, match=r"(?s)died 5 times within 300 s.*No module named no_such_module"):
        child.start()


def test_a_file_of_an_earlier_start_is_no_sign_of_life(tmp_path: Path) -> None:
    (tmp_path / "ready").touch()
    child = service(tmp_path, "no_such_module", is_up=(tmp_path / "ready").exists)
    assert not child.start()


def test_one_that_is_up_stops_when_asked_to(tmp_path: Path) -> None:
    child = service(tmp_path, "http.server", "0", "--bind", "127.0.0.1", is_up=lambda: True)
    assert child.start()
    assert not child.has_died()
    child.stop()
    assert child.has_died()


def test_a_log_that_is_cut_while_it_is_written_goes_on_from_its_beginning(tmp_path: Path) -> None:
    """As logrotate's copytruncate does; without O_APPEND the next line would stand behind a hole of the old length."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    child = service(tmp_path, "http.server", str(port), is_up=lambda: answers(port))
    assert child.start()
    try:
        assert child.log.stat().st_size > 0
        os.truncate(child.log, 0)
        assert answers(port)
    finally:
        child.stop()
    assert child.log.read_bytes().startswith(b"127.0.0.1 - - ")


def answers(port: int) -> bool:
    try:
        return requests.get(f"http://127.0.0.1:{port}/", timeout=5).ok
    except requests.ConnectionError:
        return False


STRANGE = """
import os, subprocess, sys
from pathlib import Path
from flows.service import Service
from flows.start import prepare
prepare()
Service("child", ("html",), dict(os.environ), Path("child.log"), lambda: False).start()
subprocess.run([sys.executable, "-c", "import html"], check=True)
"""


def test_a_file_in_the_working_directory_is_no_module_of_a_child(tmp_path: Path) -> None:
    (tmp_path / "html.py").write_text("open('poisoned', 'a').close()")
    environment = {name: value for name, value in os.environ.items() if name != "PYTHONSAFEPATH"}
    environment |= {"PYTHONPATH": str(Path(__file__).parents[3]), "ALVH_HOME": str(tmp_path / "home")}
    subprocess.run([sys.executable, "-P", "-c", STRANGE], env=environment, cwd=tmp_path, check=True, timeout=120)
    assert "html' is a package" in (tmp_path / "child.log").read_text(), "the library's own"
    assert not (tmp_path / "poisoned").exists()


def test_pages_are_served_and_nothing_beside_them(tmp_path: Path) -> None:
    (tmp_path / "secret.txt").write_text("secret")
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        url = f"http://127.0.0.1:{probe.getsockname()[1]}"
    with served_pages(url, tmp_path / "reports"):
        (tmp_path / "reports" / "night.html").write_text("a night")
        assert requests.get(f"{url}/night.html", timeout=5).text == "a night"
        beside = requests.Request("GET", url).prepare()
        beside.url = f"{url}/../secret.txt"
        with requests.Session() as session:
            assert session.send(beside, timeout=5).status_code == 404


@pytest.mark.parametrize(("host", "status"), [
    ("127.0.0.1:4201", 200), ("localhost:4201", 200), ("rebound.example:4201", 421), ("", 421), ("[::1", 421),
])  # fmt: skip
def test_pages_answer_to_no_name_of_another_site(tmp_path: Path, host: str, status: int) -> None:
    (tmp_path / "night.html").write_text("a night")
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        url = f"http://127.0.0.1:{probe.getsockname()[1]}"
    with served_pages(url, tmp_path):
        for method in ("GET", "HEAD"):
            answer = requests.request(method, f"{url}/night.html", headers={"Host": host}, timeout=5)
            assert answer.status_code == status
            assert ("a night" in answer.text) == (status == 200 and method == "GET")


def test_only_the_pages_of_the_server_itself_may_ask_it(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    name, own = "PREFECT_SERVER_CORS_ALLOWED_ORIGINS", "http://127.0.0.1:4200,http://localhost:4200"
    settings = Settings(home=tmp_path)
    monkeypatch.delenv(name, raising=False)
    assert _server(settings, "http://127.0.0.1:4200/api", 4200).environment[name] == own
    monkeypatch.setenv(name, "https://prefect.example")
    assert _server(settings, "http://127.0.0.1:4200/api", 4200).environment[name] == "https://prefect.example"


def test_what_a_run_leases_outlives_the_server(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A run whose lease the next server does not know is ended by Prefect, however healthy it is."""
    from prefect.settings import PREFECT_HOME, temporary_settings

    name = "PREFECT_SERVER_CONCURRENCY_LEASE_STORAGE"
    monkeypatch.delenv(name, raising=False)
    chosen = _server(Settings(home=tmp_path), "http://127.0.0.1:4200/api", 4200).environment[name]
    storage = importlib.import_module(chosen).ConcurrencyLeaseStorage

    async def renewed_by_the_next() -> bool:
        lease = await storage().create_lease(resource_ids=[uuid4()], ttl=timedelta(seconds=60))
        return await storage().renew_lease(lease.id, timedelta(seconds=60))

    with temporary_settings({PREFECT_HOME: tmp_path}):
        assert anyio.run(renewed_by_the_next)


def test_a_port_that_is_taken_is_told(tmp_path: Path) -> None:
    with socket.socket() as other:
        other.bind(("127.0.0.1", 0))
        other.listen()
        port = other.getsockname()[1]
        with pytest.raises(FatalError, match=f"expected port {port} to be free for the reports"):
            served_pages(f"http://127.0.0.1:{port}", tmp_path).__enter__()


def test_the_reports_have_the_port_after_the_server() -> None:
    assert pages_url("http://127.0.0.1:4200/api") == "http://127.0.0.1:4201"
