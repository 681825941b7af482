"""Secrets are planted wherever an operator may put one; a desk works and fails with them; then everything is searched.

Planted: the warehouse's password, keys of the object store, addresses of alert channels (one in the environment, one in
a Prefect Secret block), the authentication of the Prefect server. Searched: what commands and services say, Prefect's
database and API, lake, warehouse, reports. Each place must also hold something known, so that the search is one.
"""

import base64
import gzip
import io
import os
import socket
import sqlite3
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from datetime import date
from pathlib import Path

import cloudpickle
import psycopg
import pyarrow.parquet as pq
import pytest
import requests

from tasks.sources.catalogue import PUBLISHERS

KEYS = ("FRED_API_KEY", "TRADIER_TOKEN", "MASSIVE_KEY", "SCHWAB_TOKEN", "TIINGO_TOKEN")
TOKENS = {
    name: f"Xq7planted{name}9" for name in ("Warehouse", "StoreKey", "StoreSecret", "Desk", "Pager", "Server", *KEYS)
}
NIGHT, WORKED_NIGHT, FAILED_NIGHT = date(2026, 11, 17), date(2026, 11, 18), date(2026, 11, 19)
CHANNELS = '[channels]\ndesk = "env:DESK_ADDRESS"\npager = "block:pager-address"\n'
SMALL = 'include = ["VIX", "SPX"]\n'


def forms(token: str) -> list[bytes]:
    """A token as it is, and in Base64 wherever it begins in what was encoded."""
    shifted = [base64.b64encode(b"x" * shift + token.encode())[4:-4] for shift in range(3)]
    return [token.encode(), *shifted]


def found_in(data: bytes) -> list[str]:
    return [name for name, token in TOKENS.items() if any(form in data for form in forms(token))]


@pytest.mark.parametrize("name", TOKENS)
def test_the_search_finds_what_is_there(name: str) -> None:
    header = base64.b64encode(f"someone:{TOKENS[name]}".encode())
    assert found_in(b"a b" + TOKENS[name].encode()) == found_in(header + b"==") == [name]
    assert found_in(b"nothing") == []


@dataclass
class Desk:
    """A home, its environment and services, and everything that was said."""

    home: Path
    environment: dict[str, str]
    said: dict[str, str] = field(default_factory=dict)

    @property
    def api(self) -> str:
        return (self.home / "prefect" / "api_url").read_text()

    def alvh(self, *words: str, **changes: str) -> int:
        return self.python("-m", "flows.cli", *words, **changes)

    def python(self, *words: str, **changes: str) -> int:
        done = subprocess.run([sys.executable, *words], env=self.environment | changes, cwd=self.home.parent,
                              capture_output=True, text=True, check=False, timeout=300)  # fmt: skip
        self.said[f"{len(self.said)}: {' '.join(words)} {sorted(changes)}"] = done.stdout + done.stderr
        return done.returncode

    def ask(self, path: str, question: dict | None = None) -> requests.Response:
        who, url = ("operator", TOKENS["Server"]), f"{self.api}/{path}"
        method = "GET" if question is None else "POST"
        for _ in range(60):
            answer = requests.request(method, url, json=question, auth=who, timeout=60)
            if answer.status_code != requests.codes.service_unavailable:
                break
            time.sleep(1.0)  # the server's SQLite is busy, as it says
        assert answer.ok, f"{url}: {answer.status_code} {answer.text}"
        return answer

    def ask_for_all(self, path: str) -> str:
        """Everything of one kind, page by page."""
        pages: list[str] = []
        while not pages or pages[-1] != "[]":
            pages.append(self.ask(f"{path}/filter", {"offset": 200 * len(pages), "limit": 200}).text)
        return "".join(pages)

    def work(self, name: str, parameters: dict) -> str:
        """Let the runner of `alvh serve` run a deployment; how it ended."""
        deployment = self.ask(f"deployments/name/{name}/{name}").json()["id"]
        run = self.ask(f"deployments/{deployment}/create_flow_run",
                       {"parameters": parameters, "state": {"type": "SCHEDULED"}}).json()["id"]  # fmt: skip
        for _ in range(400):
            state = self.ask(f"flow_runs/{run}").json()["state"]["type"]
            if state in {"COMPLETED", "FAILED", "CRASHED", "CANCELLED"}:
                return state
            time.sleep(0.5)
        raise AssertionError((self.home / "prefect" / "runner.log").read_text())


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


@pytest.fixture(scope="module")
def bucket() -> Iterator[dict[str, str]]:
    """Environment of an S3-compatible server with a bucket, and keys that must not be seen."""
    server = pytest.importorskip("moto.server")
    import s3fs

    keys = {"AWS_ACCESS_KEY_ID": TOKENS["StoreKey"], "AWS_SECRET_ACCESS_KEY": TOKENS["StoreSecret"],
            "AWS_DEFAULT_REGION": "us-east-1"}  # fmt: skip
    moto = server.ThreadedMotoServer(ip_address="127.0.0.1", port=0, verbose=False)
    moto.start()
    host, port = moto.get_host_and_port()
    with pytest.MonkeyPatch.context() as patch:
        for name, value in (keys := keys | {"AWS_ENDPOINT_URL_S3": f"http://{host}:{port}"}).items():
            patch.setenv(name, value)
        s3fs.S3FileSystem.clear_instance_cache()
        s3fs.S3FileSystem().mkdir("alvh-secrets")
        yield keys
    s3fs.S3FileSystem.clear_instance_cache()
    moto.stop()


@pytest.fixture(scope="module")
def database(postgres) -> Iterator[str]:
    """A database of a role whose password must not be seen."""
    url = postgres.new_database()
    name = url.rpartition("/")[2]
    postgres.execute(f"create role planted login password '{TOKENS['Warehouse']}'")
    postgres.execute(f"alter database {name} owner to planted")
    yield postgres.url(name, role="planted", password=TOKENS["Warehouse"])
    postgres.drop(url)
    postgres.execute("drop role planted")


@pytest.fixture(scope="module")
def desk(bucket, database: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Desk]:
    """The desk's evening: nights by hand and by the runner, and whatever can fail."""
    folder = tmp_path_factory.mktemp("desk")
    (folder / "small.toml").write_text(SMALL)
    (folder / "alerts.toml").write_text(CHANNELS)
    kept = {name: value for name, value in os.environ.items() if not name.startswith(("ALVH_", "PREFECT_"))}
    nobody = f"json://desk:{{}}@127.0.0.1:{_free_port()}/hook"
    environment = kept | bucket | {
        "ALVH_HOME": str(folder / "home"), "ALVH_UNIVERSE_FILE": str(folder / "small.toml"),
        "ALVH_WAREHOUSE_URL": database, "ALVH_READER_URL": database, "ALVH_LAKE_URL": "s3://alvh-secrets/lake",
        "ALVH_ALERTS_FILE": str(folder / "alerts.toml"), "ALVH_ALERT_SIMULATED": "true",
        "ALVH_PREFECT_PORT": str(_free_port()), "DESK_ADDRESS": nobody.format(TOKENS["Desk"]),
        "PREFECT_SERVER_API_AUTH_STRING": f"operator:{TOKENS['Server']}", "PREFECT_LOGGING_LEVEL": "DEBUG",
        "PREFECT_SERVER_LOGGING_LEVEL": "DEBUG", **{f"ALVH_{key}": TOKENS[key] for key in KEYS},
        "ALVH_BASE_URLS": ",".join(f"{name}=http://127.0.0.1:{n}" for n, name in enumerate(sorted(PUBLISHERS), 2)),
        "PYTHONPATH": os.pathsep.join(str(Path(p).resolve()) for p in kept.get("PYTHONPATH", "").split(":") if p),
    }  # fmt: skip
    desk = Desk(folder / "home", environment)
    with (folder / "serve.log").open("w") as log:
        serving = subprocess.Popen(
            [sys.executable, "-m", "flows.cli", "serve"], env=environment, stdout=log, stderr=log
        )
        try:
            _wait(lambda: "Ctrl-C" in (folder / "serve.log").read_text(), serving, folder / "serve.log")
            _an_evening(desk, database, nobody.format(TOKENS["Pager"]))
            desk.said["serve"] = (folder / "serve.log").read_text()
            yield desk
        finally:
            serving.terminate()
            serving.wait(60)


def _wait(is_there: Callable[[], bool], process: subprocess.Popen, log: Path) -> None:
    for _ in range(600):
        if is_there():
            return
        assert process.poll() is None, log.read_text()
        time.sleep(0.3)
    raise AssertionError(log.read_text())


def _an_evening(desk: Desk, database: str, pager: str) -> None:
    save = "import sys; from prefect.blocks.system import Secret; Secret(value=sys.argv[1]).save('pager-address')"
    here = {"PREFECT_API_URL": desk.api}
    assert desk.python("-c", save, pager, **here, PREFECT_API_AUTH_STRING=f"operator:{TOKENS['Server']}") == 0
    desk.said = {}  # the words of the command that plants it
    assert desk.alvh("nightly", "--date", str(NIGHT)) == 0, desk.said
    assert desk.work("nightly", {"trade_date": str(WORKED_NIGHT)}) == "COMPLETED"
    for words in (["alert", "test"], ["alert", "deliver", "--again"]):
        assert desk.alvh(*words, **here) == 1, desk.said
    assert desk.alvh("doctor") in {0, 1}, "1 while the runner's catch-up is under way"
    assert desk.alvh("migrate") == 0, desk.said
    assert desk.alvh("query", "select trade_date, night_status from meta_nights") == 0, desk.said
    assert desk.alvh("query", "select no_such_column") == 2, desk.said
    nowhere = f"127.0.0.1:{_free_port()}"
    night = ["nightly", "--date", str(FAILED_NIGHT)]
    down = {"ALVH_WAREHOUSE_URL": f"postgresql://planted:{TOKENS['Warehouse']}@{nowhere}/night"}
    refusing = {"ALVH_WAREHOUSE_URL": database.replace("planted:", "nobody:")}
    no_port = {"ALVH_WAREHOUSE_URL": f"postgresql://planted:{TOKENS['Warehouse']}@127.0.0.1:port/night"}
    unquoted = {"ALVH_WAREHOUSE_URL": f"postgresql://planted:x@{TOKENS['Warehouse']}@{nowhere}/night"}
    no_store = {"AWS_ENDPOINT_URL_S3": f"http://{nowhere}"}
    in_address = {"ALVH_LAKE_URL": f"s3://{TOKENS['StoreKey']}:{TOKENS['StoreSecret']}@alvh-secrets/lake"}
    failures = [
        (night, down), (night, refusing), (night, unquoted), (night, no_store), (night, in_address),
        (["watch", *night[1:]], down), (["doctor"], down), (["doctor"], refusing), (["doctor"], no_port),
        (["doctor"], in_address), (["query", "--lake", "select 1"], in_address),
        *((["query", "select 1"], {"ALVH_READER_URL": wrong["ALVH_WAREHOUSE_URL"]})
          for wrong in (down, refusing, no_port, unquoted)),
    ]  # fmt: skip
    with ThreadPoolExecutor(3) as pool:
        codes = list(pool.map(lambda failure: desk.alvh(*failure[0], **failure[1]), failures))
    assert min(codes) > 0, desk.said


def test_commands_and_services_do_not_say_them(desk: Desk) -> None:
    assert "the connection was refused" in "".join(desk.said.values())
    assert {words: found_in(text.encode()) for words, text in desk.said.items() if found_in(text.encode())} == {}


def test_files_of_the_home_do_not_hold_them(desk: Desk) -> None:
    files = {path: path.read_bytes() for path in desk.home.rglob("*") if path.is_file()}
    assert {"runner.log", "server.log", "prefect.db", f"{NIGHT}-simulated.html"} <= {path.name for path in files}
    assert {str(path): found_in(data) for path, data in files.items() if found_in(data)} == {}


def test_prefects_database_does_not_hold_them(desk: Desk, tmp_path: Path) -> None:
    """Parameters, states, logs, artifacts, results, and the Secret block, which is kept encrypted."""
    with sqlite3.connect(desk.home / "prefect" / "prefect.db") as live, sqlite3.connect(tmp_path / "copy.db") as copy:
        live.backup(copy)
        dump = "\n".join(copy.iterdump()).encode()
    assert b"pager-address" in dump
    assert b"verdicts" in dump
    assert found_in(dump) == []


def test_prefects_api_does_not_tell_them(desk: Desk) -> None:
    answers = {path: desk.ask_for_all(path) for path in
               ("logs", "artifacts", "flow_runs", "task_runs", "deployments", "block_documents")}  # fmt: skip
    answers["settings"] = desk.ask("admin/settings").text
    assert "channel desk" in answers["logs"]
    assert {path: found_in(text.encode()) for path, text in answers.items() if found_in(text.encode())} == {}


def test_prefect_asks_who_is_there(desk: Desk) -> None:
    refused = requests.post(f"{desk.api}/flow_runs/filter", json={}, timeout=20)
    assert refused.status_code == 401
    assert desk.ask("flow_runs/filter", {}).status_code == 200
    assert requests.get(f"{desk.api}/health", timeout=20).status_code == 200, "probes need no secret"


def test_the_lake_does_not_hold_them(desk: Desk) -> None:
    import s3fs

    store = s3fs.S3FileSystem()
    found, seen = {}, set()
    for path in store.find("alvh-secrets"):
        data = store.cat_file(path)
        kind = Path(path).suffix
        seen.add(kind)
        if kind == ".gz":
            data += gzip.decompress(data)
        elif kind == ".parquet":
            table = pq.read_table(io.BytesIO(data))
            data += repr(table.schema.metadata).encode() + table.to_pandas().to_csv().encode()
        if found_in(data):
            found[path] = found_in(data)
    assert {".gz", ".parquet"} <= seen
    assert found == {}


def test_the_warehouse_does_not_hold_them(desk: Desk, database: str) -> None:
    with psycopg.connect(database) as connection:
        names = [name for (name,) in connection.execute("select tablename from pg_tables where schemaname = 'public'")]
        rows = {n: str(connection.execute(f'select t::text from "{n}" t').fetchall()).encode() for n in names}
    assert str(WORKED_NIGHT).encode() in rows["meta_nights"]
    assert b"pager" in rows["meta_alert_deliveries"], "no alert was delivered: the search proves nothing about channels"
    assert {name: found_in(data) for name, data in rows.items() if found_in(data)} == {}


def test_a_shard_travels_without_them(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    """What Dask and Ray pickle, and may keep on their disks."""
    from flows.wiring import build_night
    from tasks.settings import load_settings

    for name, value in desk.environment.items():
        monkeypatch.setenv(name, value)
    night = build_night(load_settings(), NIGHT, "simulated", "run")
    assert found_in(cloudpickle.dumps(night.as_shard(0, 2))) == []
    assert found_in(cloudpickle.dumps(night)) == ["Warehouse"], "the search would not see it"
    assert found_in(repr(night).encode() + repr(load_settings()).encode()) == []
