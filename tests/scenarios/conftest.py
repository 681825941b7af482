"""The road of one payload, from a socket to the tables of its night, with faults on it.

A scenario serves what a publisher might; client, landing, decoding and validation are the night's own. Only Prefect is
left out: `Road.land` asks again as its task is set to, without the pauses.
"""

import json
import os
import socket
from dataclasses import replace
from datetime import date

import pytest
from prefect import Task
from prefect.logging import disable_run_logger

from alvh_core.errors import AlvhError
from alvh_core.landing import Landing
from alvh_core.market.simulated import SimulatedMarket
from alvh_core.registry.spec import TableSpec
from alvh_core.schemas import META_PAYLOADS
from alvh_core.universe import DEFAULT_UNIVERSE
from flows import nightly as flow
from flows.wiring import build_night
from tasks.curve import curve
from tasks.land import is_retriable, land, outcome
from tasks.macro import macro, remember
from tasks.markets import markets
from tasks.normalise import SYMBOLS, normalise
from tasks.settings import Settings
from tasks.sources import client as client_module
from tasks.sources.catalogue import PUBLISHERS
from tasks.sources.client import HttpClient
from tasks.sources.exchange import early_closes
from tasks.sources.transport import session_with
from tasks.validate import validate

DAY = date(2026, 7, 16)


class Road:
    """A night, live unless said, of which single payloads are asked; a publisher without an address is dead."""

    def __init__(self, home, dead, bases, day=DAY, source="live", **settings):
        addresses = dict.fromkeys(PUBLISHERS, dead) | bases if source == "live" else {}
        self.settings = Settings(home=home, base_urls=addresses, requests_per_second=10, **settings)
        self.night = build_night(self.settings, day, source, "scenario")
        self.tries = 0

    def request(self, dataset, symbol):
        return next(x for x in self.night.requests if (x.dataset, x.symbol) == (dataset, symbol))

    def land(self, dataset, symbol):
        """Land one payload as the night does; `tries` tells how often it was asked for."""
        request, most = self.request(dataset, symbol), land.retries + 1
        with pytest.MonkeyPatch.context() as patch, disable_run_logger():
            for self.tries in range(1, most + 1):
                patch.setenv("PREFECT__RUNTIME__TASK_RUN__RUN_COUNT", str(self.tries))
                try:
                    return land.fn(self.night, request)
                except AlvhError as error:
                    found = outcome(request, error)
                    if not is_retriable(None, None, _Raised(error)):
                        return found
        return found

    def body(self, landing):
        return self.night.archive.read(landing.url)

    def read(self, *wanted):
        """Land and decode payloads; each (dataset, symbol), or a landing."""
        landings = [one if isinstance(one, Landing) else self.land(*one) for one in wanted]
        with disable_run_logger():
            curve.fn(self.night, landings)
            markets.fn(self.night, landings)
            normalise.fn(self.night, landings)
        return self

    def take(self, *wanted):
        """Land, decode and validate payloads."""
        self.read(*wanted)
        with disable_run_logger():
            self.counts = validate.fn(self.night)
        return self

    def take_macro(self, *wanted):
        """The same for calendars and series, up to what the night knows."""
        with disable_run_logger():
            macro.fn(self.night, [self.land(*one) for one in wanted])
            remember.fn(self.night)
        return self

    def run(self, *stages):
        """Run further stages."""
        with disable_run_logger():
            for one in stages:
                one.fn(self.night)

    def whole_night(self, lacking=(), transport=None):
        """Run all stages of the flow but the report, and publish; the published tables. Datasets may be left out."""
        if transport is not None:
            client = HttpClient(session_with(transport), self.night.source_mode, user_agent="test")
            self.night = replace(self.night, make_client=lambda: client)
        night, stages = self.night, {name: one.fn for name, one in vars(flow).items() if isinstance(one, Task)}
        night.warehouse.claim(night.key, run_id=night.run_id, code_version="0", rules_hash="0", source=night.source)
        wanted = [(x.dataset, x.symbol) for x in night.requests if x.dataset not in lacking]
        with pytest.MonkeyPatch.context() as patch, disable_run_logger():
            for name, function in stages.items():
                patch.setattr(flow, name, function)
            patch.setattr(flow, "report", lambda night: night.report_path)
            patch.setattr(flow, "land_all", lambda _: [self.land(*one) for one in wanted])
            flow.conclude(night, flow.prepare(night))
        return night.warehouse.night(night.source_mode, night.trade_date)

    def table(self, spec: TableSpec, part=None):
        return self.night.lake.read(spec, part) if part else self.night.lake.read(spec)

    def payload(self, symbol, part=SYMBOLS):
        """What the night's books say of a payload."""
        rows = self.table(META_PAYLOADS, part)
        return rows[rows["symbol"] == symbol].iloc[0]

    def close(self):
        for name in {"client", "warehouse"} & vars(self.night).keys():  # those that were used
            getattr(self.night, name).close()


class _Raised:
    def __init__(self, error):
        self._error = error

    def result(self):
        raise self._error


@pytest.fixture(autouse=True)
def _short_patience(monkeypatch):
    monkeypatch.setattr(client_module, "TIMEOUT_SECONDS", (0.5, 0.5))
    for name in [name for name in os.environ if name.upper().startswith("ALVH_") or name.lower().endswith("_proxy")]:
        monkeypatch.delenv(name)


@pytest.fixture(scope="session")
def dead():
    """An address at which nobody listens."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return f"http://127.0.0.1:{probe.getsockname()[1]}"


@pytest.fixture
def road(tmp_path, dead, httpserver):
    """Make a road; publishers named in words are served by `httpserver`."""
    made = []

    def make(*publishers, home="home", **options):
        bases = dict.fromkeys(publishers, httpserver.url_for("")[:-1]) | options.pop("bases", {})
        made.append(Road(tmp_path / home, dead, bases, **options))
        return made[-1]

    yield make
    for one in made:
        one.close()


@pytest.fixture(scope="session")
def market(calendar):
    """The simulated market, without the faults that it plants itself."""
    return SimulatedMarket(DEFAULT_UNIVERSE, calendar.dates, early_closes(calendar), quirks=False)


@pytest.fixture
def chain(market):
    """Make a chain file of a few expiries: its contracts by a function of their list, fields of its header by name."""

    def make(wire="_VIX", edit=None, /, *, day=DAY, expiries=slice(1, 4), **header):
        document = json.loads(market.chain(wire, day))
        data = document["data"]
        kept = sorted({one["option"][-15:-9] for one in data["options"]})[expiries]
        data["options"] = [one for one in data["options"] if one["option"][-15:-9] in kept]
        if edit:
            data["options"] = edit(data["options"])
        document |= {"timestamp": header.pop("timestamp", document["timestamp"]), "data": data | header}
        return json.dumps(document).encode()

    return make
