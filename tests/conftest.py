"""Shared fixtures; append, do not overwrite. Test modules cannot import one another (no packages under tests)."""

import contextlib
import json
import os
import pwd
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import threading
import uuid
import warnings
from collections.abc import Sequence
from datetime import date, datetime, time
from pathlib import Path
from time import sleep
from zoneinfo import ZoneInfo

import numpy as np
import pandas as pd
import pytest
from hypothesis import HealthCheck, settings

from alvh_core import black, frames, ticks
from alvh_core.quotes import ChainHeader, normalise_quotes, snapshot_row
from alvh_core.schemas import RATE_CURVE, SNAPSHOTS
from alvh_core.universe import DEFAULT_UNIVERSE

NEW_YORK = ZoneInfo("America/New_York")

# How long an example takes says how busy the machine is: tests run beside one another. The same commit gets the same
# examples; `make search` draws others.
_SLOWLY = settings(deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.register_profile("alvh", _SLOWLY, derandomize=True)
settings.register_profile("search", _SLOWLY, print_blob=True)
settings.load_profile("alvh")


def pytest_configure() -> None:
    """Let children be interrupted: a shell that starts tests in the background has SIGINT ignored, by all of them."""
    if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
        signal.signal(signal.SIGINT, signal.default_int_handler)


@pytest.fixture(scope="session")
def calendar():
    """The New York sessions from 2019 on."""
    from tasks.sources.exchange import load_calendar

    with warnings.catch_warnings():  # exchange_calendars 4.13 trips a deprecation of pandas 3.1
        warnings.simplefilter("ignore")
        return load_calendar()


class Chains:
    """Prices clean Black-76 chains and takes them through the front door: wire columns to canonical frames."""

    rate = 0.04  # continuously compounded, flat

    def __init__(self, calendar, universe=DEFAULT_UNIVERSE):
        self.calendar, self.universe = calendar, universe

    def years(self, symbol: str, root: str, expiry: date, quote_at: datetime) -> float:
        """Time to settlement: 09:30 for AM and SOQ, 16:00 else, New York."""
        settlement = next(r.settlement for r in self.universe[symbol].roots if r.name == root)
        clock = time(16, 0) if settlement == "PM" else time(9, 30)
        settle = datetime.combine(expiry, clock, tzinfo=NEW_YORK)
        return (settle - quote_at.replace(tzinfo=NEW_YORK)).total_seconds() / (365.0 * 86_400.0)

    def wire(self, symbol: str, expiries: Sequence[tuple], strikes: Sequence[float], *, quote_at: datetime,
             spread_frac: float = 0.02, min_spread: float = 0.0, on_ticks: bool = False) -> pd.DataFrame:  # fmt: skip
        """Wire columns of one chain.

        ``expiries`` holds (root, expiry date, forward, volatility); volatility may be a function of the strike.
        """
        rows = []
        for root, expiry, forward, vol in expiries:
            years = self.years(symbol, root, expiry, quote_at)
            for strike in strikes:
                for right in "CP":
                    sigma = vol(strike) if callable(vol) else vol
                    mid = float(black.price(forward, strike, years, sigma, np.exp(-self.rate * years), right == "C"))
                    half = max(spread_frac * mid, min_spread) / 2.0
                    option = f"{root}{expiry:%y%m%d}{right}{round(strike * 1000):08d}"
                    bid, ask = mid - half, mid + half
                    if on_ticks:  # as markets quote; without it prices are exact
                        bid, ask = self.snapped(symbol, root, bid, ask, quote_at.date())
                    rows.append((option, bid, ask, 50.0, 60.0, sigma, 1000.0, 200.0, 0.5))
        names = ["option", "bid", "ask", "bid_size", "ask_size", "iv", "open_interest", "volume", "delta"]
        raw = pd.DataFrame(rows, columns=names)
        raw.insert(0, "row_position", np.arange(len(raw)))
        raw.insert(0, "underlying", pd.Categorical([symbol] * len(raw)))
        return raw

    def snapped(self, symbol: str, root: str, bid: float, ask: float, day: date) -> tuple[float, float]:
        """Bid and ask on the price grid of the root, never narrower."""
        tick_class = next(r.tick_class for r in self.universe[symbol].roots if r.name == root)
        low, high = ticks.tick_size(tick_class, [bid, ask], day)
        return float(ticks.snap_down(bid, low)), float(ticks.snap_up(ask, high))

    def header(self, symbol: str, quote_at: datetime | None, *, spot: float = 20.0, contracts: int = 1) -> ChainHeader:
        return ChainHeader(
            symbol=symbol, rendered_at_utc=datetime.fromisoformat("2026-07-17 01:00"), quote_at=quote_at,
            underlying_price_usd=spot, iv30_vol=0.8, contracts_count=contracts, url=f"https://x/{symbol}.json",
        )  # fmt: skip

    def snapshots(self, spots: dict[str, float], quote_at: datetime) -> pd.DataFrame:
        """`SNAPSHOTS` of several chains quoted at one New York wall time, simulated."""
        session = self.calendar.session(quote_at.date())
        rows = [
            snapshot_row(self.header(s, quote_at, spot=spot), self.universe[s], session, calendar=self.calendar,
                         source_mode="simulated", venue_scope="test") | {"payload_sha256": s.lower() * 3}
            for s, spot in spots.items()
        ]  # fmt: skip
        return frames.conform(pd.DataFrame(rows), SNAPSHOTS)

    def normalise(self, raw: pd.DataFrame, snapshots: pd.DataFrame) -> tuple[pd.DataFrame, pd.DataFrame]:
        return normalise_quotes(raw, snapshots, self.universe, self.calendar)

    def curve(self, day: date) -> pd.DataFrame:
        """A flat curve at ``rate``."""
        tenors = np.array([1 / 12, 0.5, 1.0, 2.0])
        return frames.conform(
            pd.DataFrame({
                "trade_date": pd.Timestamp(day), "source_mode": "simulated", "curve_date": pd.Timestamp(day),
                "tenor_years": tenors, "par_yield_frac": 2.0 * np.expm1(self.rate / 2.0), "zero_rate_frac": self.rate,
                "payload_sha256": "c", "row_position": np.arange(4),
            }),
            RATE_CURVE,
        )  # fmt: skip


@pytest.fixture(scope="session")
def chains(calendar):
    """A maker of clean chains."""
    return Chains(calendar)


# No network: every test, and whatever it starts in this process, talks to loopback only.


class NetworkBlockedError(RuntimeError):
    """A test reached for the network."""


def _is_loopback(sock: socket.socket, address: object) -> bool:
    if sock.family not in {socket.AF_INET, socket.AF_INET6} or not isinstance(address, tuple):
        return True
    host = str(address[0])
    return host in {"localhost", "::1", "::ffff:127.0.0.1", ""} or host.startswith("127.")


@pytest.fixture(autouse=True)
def no_network(monkeypatch):
    """Refuse connections that leave the machine, by name, so that a test cannot pass or fail by the weather."""
    for name in ("connect", "connect_ex"):
        real = getattr(socket.socket, name)

        def guarded(self, address, _real=real):
            if not _is_loopback(self, address):
                raise NetworkBlockedError(f"tests must not connect to {address}")
            return _real(self, address)

        monkeypatch.setattr(socket.socket, name, guarded)


class RawServer:
    """Answers every connection with given pieces of bytes, slowly: what no well-behaved server sends.

    ``later`` is what all connections but the first get.
    """

    def __init__(self, *pieces, pause=0.0, later=None):
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.base = f"http://127.0.0.1:{self._listener.getsockname()[1]}"
        self.url, self.asked_count = f"{self.base}/x.json", 0
        self._pieces, self._pause, self._later = pieces, pause, pieces if later is None else later
        self._thread = threading.Thread(target=self._serve)

    def _serve(self):
        with contextlib.suppress(OSError):  # the listener was closed
            while True:
                self._answer(self._listener.accept()[0])

    def _answer(self, connection):
        pieces = self._later if self.asked_count else self._pieces
        self.asked_count += 1
        with connection, contextlib.suppress(OSError):  # the client has gone
            connection.recv(65536)
            for piece in pieces:
                connection.sendall(piece)
                sleep(self._pause)

    def __enter__(self):
        self._thread.start()
        return self

    def __exit__(self, *_):
        with contextlib.suppress(OSError):
            self._listener.shutdown(socket.SHUT_RDWR)  # wakes who waits for a connection
        self._listener.close()
        self._thread.join(5)


@pytest.fixture(scope="session")
def raw_server():
    """A maker of servers on a bare socket."""
    return RawServer


# Adapters


@pytest.fixture(scope="session")
def recorded_root():
    """Real recorded nights, where this machine has them; their licence keeps them out of the repository."""
    root = Path(__file__).resolve().parents[2] / "shared" / "data" / "recorded"
    if not root.is_dir():
        pytest.skip(f"needs recorded nights in {root}, which no licence lets us ship")
    return root


VIX_CHAIN_URL = "https://cdn-api.cboe.com/api/global/delayed_quotes/options/_VIX.json"
CONTRACT = {
    "option": "VIX260819C00020000", "bid": 1.62, "bid_size": 412.0, "ask": 1.7, "ask_size": 388.0, "iv": 0.8815,
    "open_interest": 214877.0, "volume": 18204.0, "delta": 0.4311, "last_trade_time": "2026-07-16T16:12:37",
}  # fmt: skip
PUT = CONTRACT | {"option": "VIX260819P00010000", "bid": 0.0, "bid_size": 0.0, "ask": 0.02, "iv": 0.0, "delta": 0.0,
                  "last_trade_time": None}  # fmt: skip


@pytest.fixture
def chain_body():
    """Make the body of an option chain (invented numbers): contracts, then fields of the header."""

    def make(contracts=(CONTRACT, PUT), /, **header) -> bytes:
        data = {
            "options": list(contracts), "symbol": "^VIX", "security_type": "index", "current_price": 17.42,
            "bid": 0.0, "ask": 0.0, "iv30": 88.214, "last_trade_time": "2026-07-16T16:15:02",
        }  # fmt: skip
        return json.dumps({"timestamp": "2026-07-17 00:41:09", "data": data | header, "symbol": "_VIX"}).encode()

    make.contract, make.put, make.url = CONTRACT, PUT, VIX_CHAIN_URL
    return make


_SAMPLES = {
    "date": ["2026-07-16", "2026-07-17", "2026-08-19", "2026-10-21"],
    "timestamp": ["2026-07-16T20:15:02.123456+00:00", "1971-01-01T00:00:00.000000+00:00",
                 "2026-12-31T23:59:59.999999+00:00",
                  "2030-02-28T12:00:00.000000+00:00"],
    "str": ["b", "a", "c'\"; drop table x", "Ünïcode :x %s"], "category": ["y", "x", "z", "w"],
    "float": [1.5, -0.0, 1e300, 0.1 + 0.2], "int": [1, 2, 2**53 + 1, 4], "bool": [True, False, True, False],
}  # fmt: skip


@pytest.fixture
def sample_frame():
    """Make a frame of any registry table: awkward values, and a null in every column that may have one."""

    def make(spec, *, rows=4, has_nulls=True, **fixed) -> pd.DataFrame:
        columns = {}
        for column in spec.columns:
            values = list(_SAMPLES[column.dtype][:rows])
            if spec.is_nullable(column.name) and has_nulls and rows > 1:
                values[1] = None
            columns[column.name] = pd.Series(values, dtype="object")
        return frames.conform(pd.DataFrame(columns).assign(**fixed), spec)

    return make


# PostgreSQL: a real server, started by the tests


class Postgres:
    """A server of its own on loopback, in a temporary folder, fast and not durable; databases are made from it."""

    def __init__(self, binaries: Path, folder: Path) -> None:
        self.binaries, self.folder, self._count = binaries, folder, 0
        # the server refuses to be root; whom it runs as must own its folder
        self._user = {}
        if os.geteuid() == 0:
            who = next(who for who in ("postgres", "nobody") if who in {entry.pw_name for entry in pwd.getpwall()})
            self._user = {"user": who, "group": pwd.getpwnam(who).pw_gid, "extra_groups": []}
            os.chown(folder, pwd.getpwnam(who).pw_uid, pwd.getpwnam(who).pw_gid)
        (password := folder / "password").write_text("secret-of-the-tests")
        password.chmod(0o644)  # the folder is closed to others
        self._run("initdb", "-D", "data", "-U", "alvh", "-A", "scram-sha-256", "--pwfile=password", "-E", "UTF8",
                  "--locale=C.UTF-8", "--no-sync")  # fmt: skip
        with socket.socket() as probe:
            probe.bind(("127.0.0.1", 0))
            self.port = probe.getsockname()[1]

    def start(self) -> None:
        """Start the server, also after `kill`; return once it answers."""
        settings = {"listen_addresses": "127.0.0.1", "unix_socket_directories": "", "fsync": "off",
                    "max_connections": "60"}  # fmt: skip
        options = " ".join([f"-p {self.port}", *(f"-c {name}='{value}'" for name, value in settings.items())])
        self._run("pg_ctl", "start", "-D", "data", "-l", "log", "-w", "-t", "60", "-o", options)

    def stop(self) -> None:
        """Stop the server, whoever is connected."""
        self._run("pg_ctl", "stop", "-D", "data", "-m", "immediate")

    def kill(self) -> None:
        """Kill the server and what it started, as an operator or a lack of memory does."""
        claim = self.folder / "data" / "postmaster.pid"
        leader = int(claim.read_text().split()[0])
        children = Path(f"/proc/{leader}/task/{leader}/children")
        for process in [leader, *map(int, children.read_text().split() if children.exists() else [])]:
            with contextlib.suppress(ProcessLookupError):
                os.kill(process, signal.SIGKILL)
        while self._is_running(leader):
            sleep(0.01)
        claim.unlink()  # where nobody reaps the dead, it would look alive to the next server

    def url(self, database: str, role: str = "alvh", password: str = "secret-of-the-tests") -> str:
        return f"postgresql://{role}:{password}@127.0.0.1:{self.port}/{database}"

    def new_database(self) -> str:
        """Make an empty database; its address."""
        self._count += 1
        self.execute(f"create database night_{self._count}")
        return self.url(f"night_{self._count}")

    def drop(self, url: str) -> None:
        """Drop a database made here, whoever is connected."""
        self.execute(f"drop database {url.rpartition('/')[2]} with (force)")

    def execute(self, sql: str, database: str = "postgres") -> None:
        """Run SQL as the superuser, each statement for itself."""
        import psycopg

        with psycopg.connect(self.url(database), autocommit=True) as connection:
            connection.execute(sql)

    def _is_running(self, process: int) -> bool:
        try:
            os.kill(process, 0)
        except ProcessLookupError:
            return False
        return "Z" not in Path(f"/proc/{process}/stat").read_text().rpartition(")")[2].split()[:1]

    def _run(self, program: str, *arguments: str) -> None:
        done = subprocess.run([self.binaries / program, *arguments], cwd=self.folder, stdin=subprocess.DEVNULL,
                              stdout=subprocess.PIPE if program == "initdb" else subprocess.DEVNULL, timeout=120,
                              stderr=subprocess.STDOUT, check=False, **self._user)  # fmt: skip
        log = self.folder / "log"
        assert done.returncode == 0, f"{program}: {done.stdout!r} {log.read_text()[-2000:] if log.exists() else ''}"


def _postgres_binaries() -> Path | None:
    """Folder of the server's programs; Debian keeps them off the PATH."""
    found = shutil.which("initdb")
    folders = [Path(found).resolve().parent] if found else []
    folders += sorted(Path("/usr/lib/postgresql").glob("*/bin"), reverse=True)
    return next((folder for folder in folders if (folder / "pg_ctl").exists()), None)


@pytest.fixture(scope="session")
def postgres():
    """A PostgreSQL server for the session."""
    binaries = _postgres_binaries()
    if binaries is None:
        pytest.skip("needs the PostgreSQL server (Debian: apt-get install postgresql), found no initdb")
    folder = Path(tempfile.mkdtemp(prefix="alvh-postgres-"))  # pytest's own folders are closed to other users
    try:
        server = Postgres(binaries, folder)
        server.start()
        try:
            yield server
        finally:
            server.stop()
    finally:
        shutil.rmtree(folder)


@pytest.fixture
def postgres_url(postgres):
    """Address of a new, empty database; it is dropped afterwards."""
    url = postgres.new_database()
    yield url
    postgres.drop(url)


# S3: a real server over HTTP, in a process and a folder of its own


@pytest.fixture(scope="session")
def s3_server(tmp_path_factory):
    """An S3 server on loopback that checks signatures; the environment that reaches it."""
    places = os.pathsep.join([str(Path(sys.executable).parent), os.environ.get("PATH", "")])
    program = shutil.which("nanio", path=places)
    if program is None:
        pytest.skip("needs the S3 server nanio (pip install nanio), found none")
    folder = tmp_path_factory.mktemp("s3")
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    keys = {"NANIO_ACCESS_KEY": "alvh", "NANIO_SECRET_KEY": "planted-secret"}
    command = [program, "serve", "--host", "127.0.0.1", "--port", str(port), "--data-dir", str(folder / "data"),
               "--no-access-log"]  # fmt: skip
    with (folder / "log").open("w") as log:
        server = subprocess.Popen(command, env=os.environ | keys, stdout=log, stderr=log)
    try:
        for _ in range(1200):
            assert server.poll() is None, (folder / "log").read_text()
            with contextlib.suppress(OSError), socket.create_connection(("127.0.0.1", port), timeout=1):
                break
            sleep(0.1)
        yield {"AWS_ACCESS_KEY_ID": keys["NANIO_ACCESS_KEY"], "AWS_SECRET_ACCESS_KEY": keys["NANIO_SECRET_KEY"],
               "AWS_DEFAULT_REGION": "us-east-1", "AWS_ENDPOINT_URL_S3": f"http://127.0.0.1:{port}"}  # fmt: skip
    finally:
        server.terminate()
        server.wait(30)


@pytest.fixture
def bucket(s3_server, monkeypatch):
    """A new bucket, with its server's address and credentials in the environment."""
    s3fs = pytest.importorskip("s3fs")
    for name, value in s3_server.items():
        monkeypatch.setenv(name, value)
    name = f"alvh-{uuid.uuid4().hex[:12]}"
    s3fs.S3FileSystem().mkdir(name)
    return f"s3://{name}"
