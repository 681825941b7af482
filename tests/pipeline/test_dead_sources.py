"""Live nights whose publishers are servers on this machine, of which one at a time is dead.

Every publisher of the registry gets its turn. The servers say what the simulated market says, so a night with all of
them alive is the measure of the others.
"""

import socket
import subprocess
import sys
import threading
import tomllib
from collections import Counter
from datetime import date
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import urlsplit

import pandas as pd
import pytest

from alvh_core.landing import Landing
from alvh_core.market.simulated import SimulatedMarket
from alvh_core.schemas import OUT_TABLES
from alvh_core.universe import extend_universe
from tasks.lake.raw import RawArchive
from tasks.sources.catalogue import PUBLISHERS, SOURCES
from tasks.sources.exchange import early_closes
from tasks.sources.transport import SimulatedTransport

pytestmark = pytest.mark.slow
DAY = date(2026, 11, 18)
PAGE = b"<!DOCTYPE html><html><body>one moment, please</body></html>"
FAULTS = {"refuses": (403, b"Access Denied"), "stumbles": (500, b"oops"), "sends a page": (200, PAGE), "is gone": None}
KEYS = {source.key.variable: "planted" for source in SOURCES.values() if source.key}
DECIDING = {"option_chain", "daily_bars", "index_history", "treasury_curve"}
LADDERS = ("out_alvh__", "out_liquidity__", "out_vol__")  # what is made of those alone


class Publishers:
    """One server per publisher; `faults` tells who answers what instead, by publisher or by the end of a path."""

    def __init__(self, market):
        self.faults, self.asked, self._market = {}, Counter(), SimulatedTransport(market, DAY)
        self._lock, self._servers = threading.Lock(), {name: self._serve(name) for name in sorted(PUBLISHERS)}
        self.bases = {name: f"http://127.0.0.1:{one.server_port}" for name, one in self._servers.items()}

    def answer(self, publisher, path):
        with self._lock:  # the market remembers what it has computed
            self.asked[path] += 1
            faults = [fault for name, fault in self.faults.items() if name == publisher or path.endswith(name)]
            if faults:
                return faults[0]
            return self._market.answer(f"http://any{path}")[:2]

    def _serve(self, publisher):
        owner = self

        class Handler(BaseHTTPRequestHandler):
            def do_GET(self):
                status, body = owner.answer(publisher, self.path)
                self.send_response(status)
                self.send_header("Content-Length", str(len(body)))
                self.end_headers()
                self.wfile.write(body)

            def log_message(self, *_):
                pass

        server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        threading.Thread(target=server.serve_forever, args=(0.05,), daemon=True).start()
        return server

    def close(self):
        for server in self._servers.values():
            server.shutdown()
            server.server_close()


@pytest.fixture(scope="module")
def publishers(tiny, calendar):
    universe = extend_universe(tomllib.loads(tiny.read_text()), "tiny")
    found = Publishers(SimulatedMarket(universe, calendar.dates, early_closes(calendar), density=0.3))
    yield found
    found.close()


@pytest.fixture(scope="module")
def tiny(tmp_path_factory):
    path = tmp_path_factory.mktemp("universe") / "tiny.toml"
    path.write_text('include = ["VIX", "KO"]\n')
    return path


class Run:
    """What a night left behind."""

    def __init__(self, home, state, warehouse):
        self.state, self.tables, self.home = state, warehouse.night("live", DAY), home
        self.ledger = warehouse.ledger("live", DAY)
        self.alerts = _alerts(home)
        self.payloads = self.tables["meta_payloads"].astype({"dataset": "str", "symbol": "str"}).set_index(
            ["dataset", "symbol"])  # fmt: skip

    @property
    def landed(self):
        return self.payloads[self.payloads["payload_outcome"] == "LANDED"]

    @property
    def missing(self):
        return self.payloads[self.payloads["payload_outcome"] == "MISSING"]

    def deciding(self):
        """Hashes of the payloads that answers are made of."""
        mine = self.landed[self.landed.index.get_level_values("dataset").isin(DECIDING)]
        return mine["payload_sha256"].sort_index()


def _alerts(home):
    from tasks.warehouse.repository import query_warehouse

    return query_warehouse(f"sqlite:///{home}/warehouse.sqlite", "select alert_rule, alert_severity, subject, body, "
                           "title from meta_alerts where source_mode = 'live'")  # fmt: skip


@pytest.fixture(scope="module")
def live(run_night, publishers, tiny):
    """Run a live night of the tiny universe, without pauses, and return what it left behind."""
    import flows.nightly
    from tasks.warehouse.repository import Warehouse

    def run(home, faults=(), *, force=False, **environment):
        bases = publishers.bases | {name: _closed_port() for name, fault in dict(faults).items() if fault is None}
        publishers.faults = {name: fault for name, fault in dict(faults).items() if fault is not None}
        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(flows.nightly, "land", flows.nightly.land.with_options(retry_delay_seconds=0))
            patch.setattr("tasks.sources.client.Pacer.wait", lambda *_: None)
            for name, value in environment_of(bases, tiny).items() | environment.items():
                patch.setenv(name, value)
            state = run_night(home, DAY, "live", force=force, is_small=False)
        warehouse = Warehouse(f"sqlite:///{home}/warehouse.sqlite")
        try:
            return Run(home, state, warehouse)
        finally:
            warehouse.close()

    return run


def environment_of(bases, universe):
    return {
        "ALVH_BASE_URLS": ",".join(f"{name}={url}" for name, url in bases.items()),
        "ALVH_UNIVERSE_FILE": str(universe),
        "NO_PROXY": "127.0.0.1",
    }


def _closed_port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return f"http://127.0.0.1:{probe.getsockname()[1]}"


@pytest.fixture(scope="module")
def whole(live, tmp_path_factory):
    """A night of all publishers, keys and all."""
    return live(tmp_path_factory.mktemp("whole"), **KEYS)


def check_nothing_is_lost(run):
    archive = RawArchive(run.home / "lake" / "raw", "live", DAY)
    for row in run.landed.itertuples():
        entry = archive.find_whole(row.url)
        assert isinstance(entry.landing(*row.Index), Landing)
        assert entry.payload_sha256 == row.payload_sha256


def test_with_everybody_alive_the_night_misses_nothing(whole):
    assert whole.state.name == "Completed", whole.state
    assert whole.ledger["outcome"] == "OK"
    assert whole.missing.empty, whole.missing["reason"].tolist()
    assert set(whole.alerts["alert_rule"]).isdisjoint({"source_missing", "data_degraded"})
    check_nothing_is_lost(whole)


@pytest.mark.parametrize(("publisher", "fault"), [
    (name, list(FAULTS)[at % len(FAULTS)]) for at, name in enumerate(sorted(PUBLISHERS))
])  # fmt: skip
def test_one_dead_publisher_costs_what_nobody_else_has_and_no_more(live, whole, publishers, tmp_path, publisher, fault):
    night = live(tmp_path, {publisher: FAULTS[fault]}, **KEYS)
    assert night.state.name == "Completed", night.state
    assert set(night.payloads.index) == set(whole.payloads.index), "one row for each request"

    its_own = f"http://127.0.0.1:{urlsplit(publishers.bases[publisher]).port}/"
    concerned = whole.payloads.index[whole.payloads["url"].str.startswith(its_own)]
    assert set(night.missing.index) <= set(concerned), "nothing else is missing"
    for row in night.missing.itertuples():
        assert row.reason.startswith(f"{row.Index[1]}: "), "it says what is missing and why"
    untouched = whole.payloads.index.difference(concerned)
    pd.testing.assert_series_equal(night.payloads.loc[untouched, "payload_sha256"].sort_index(),
                                   whole.payloads.loc[untouched, "payload_sha256"].sort_index())  # fmt: skip
    check_nothing_is_lost(night)

    told = night.alerts[night.alerts["alert_rule"] == "source_missing"]
    for dataset, symbol in night.missing.index:
        mine = told[told["title"].str.contains(dataset.replace("_", " "), regex=False)]
        assert mine["title"].str.contains(symbol, regex=False).any(), (dataset, symbol)
    assert night.missing.empty == told.empty
    lost = night.missing.index
    can_answer = ("option_chain", "VIX") not in lost and ("treasury_curve", f"UST{DAY.year}") not in lost
    assert night.ledger["outcome"] == ("OK" if can_answer else "NO_DATA")
    if night.deciding().equals(whole.deciding()):
        for spec in (spec for spec in OUT_TABLES if spec.name.startswith(LADDERS)):
            pd.testing.assert_frame_equal(night.tables[spec.name], whole.tables[spec.name], obj=spec.name)
    assert (night.home / "reports" / f"{DAY}-live.html").is_file()


def test_without_keys_and_without_cboe_there_is_no_data_and_the_night_says_so(publishers, environment, tiny,
                                                                              tmp_path):  # fmt: skip
    """The command, as a scheduler runs it: published, told, and not 0."""
    publishers.faults = {"cboe": FAULTS["refuses"]}
    command = [sys.executable, "-m", "flows.cli", "nightly", "--date", str(DAY), "--source", "live"]
    mine = environment | environment_of(publishers.bases, tiny) | {"ALVH_REQUESTS_PER_SECOND": "10"}
    done = subprocess.run(command, env=mine, capture_output=True, text=True, check=False, timeout=300)
    assert done.returncode == 3, done.stdout[-3000:] + done.stderr[-3000:]
    assert "outcome NO_DATA: " in done.stdout
    assert "payloads missing" in done.stdout
    (grave,) = _alerts(tmp_path / "home").query("subject == 'option_chain VIX'").to_dict("records")
    assert (grave["alert_rule"], grave["alert_severity"]) == ("source_missing", "CRITICAL")
    assert "answered 403" in grave["body"]


def test_without_the_vix_chain_the_rest_is_published_and_fetched_no_second_time(live, publishers, tmp_path):
    lost = {"_VIX.json": FAULTS["refuses"]}
    night = live(tmp_path, lost)
    assert night.ledger["outcome"] == "NO_DATA"
    assert list(night.missing.index) == [("option_chain", "VIX")]
    assert len(night.tables["out_liquidity__daily_spread_scores"]) > 3
    assert "option_chain VIX" in set(night.alerts.query("alert_severity == 'CRITICAL'")["subject"])
    publishers.asked.clear()
    mended = live(tmp_path, force=True)
    assert mended.ledger["outcome"] == "OK"
    assert mended.missing.empty
    assert {path.rsplit("/", 1)[-1] for path in publishers.asked} == {"_VIX.json"}
    check_nothing_is_lost(mended)
