"""Whoever is dead, in whatever way and company: landing gives one line for each request, and only our own errors."""

from collections import Counter
from datetime import date
from functools import cache
from types import SimpleNamespace
from urllib.parse import urlsplit

import pytest
import requests
from hypothesis import HealthCheck, example, given, settings
from hypothesis.strategies import dictionaries, sampled_from
from prefect.logging import disable_run_logger

from alvh_core.errors import AlvhError
from alvh_core.landing import payload_rows
from alvh_core.market.simulated import SimulatedMarket
from alvh_core.universe import extend_universe
from tasks.lake.raw import RawArchive
from tasks.land import land, outcome
from tasks.sources.catalogue import PUBLISHERS, SOURCES, night_requests
from tasks.sources.client import HttpClient
from tasks.sources.exchange import early_closes
from tasks.sources.transport import SimulatedTransport, _BodyTransport, session_with

DAY = date(2026, 7, 16)
UNIVERSE = extend_universe({"include": ["VIX", "KO"]}, "test")
OWNERS = {urlsplit(base).netloc: source.publisher for source in SOURCES.values() for base in source.bases}
DEATHS = {
    "gone": requests.ConnectionError("nobody listens"), "late": requests.ReadTimeout("no answer"), "403": (403, b"no"),
    "500": (500, b"oops"), "429": (429, b""), "html": (200, b"<html>one moment, please</html>"), "empty": (200, b""),
    "cut": (200, b'{"data": ['), "text": (200, b"No data"), "null": (200, b"null"), "object": (200, b"{}"),
    "latin": (200, b"\xff\xfe"), "loop": (302, b""), "teapot": (418, b""), "nothing": (204, b""),
}  # fmt: skip


class Network(_BodyTransport):
    """The simulated market behind the publishers' own hosts, some of whom are dead."""

    def __init__(self, market):
        super().__init__()
        self.dead, self._answer = {}, cache(SimulatedTransport(market, DAY).answer)

    def answer(self, url):
        death = self.dead.get(OWNERS[urlsplit(url).netloc])
        if isinstance(death, Exception):
            raise death
        status, body, headers = self._answer(url) if death is None else (*death, {"Location": url})
        return status, body, dict(headers)


@pytest.fixture(scope="module")
def network(calendar):
    return Network(SimulatedMarket(UNIVERSE, calendar.dates, early_closes(calendar), density=0.3))


@given(dead=dictionaries(sampled_from(sorted(PUBLISHERS)), sampled_from(sorted(DEATHS))))
@example(dead=dict.fromkeys(sorted(PUBLISHERS), "gone"))
@example(dead={})
@example(dead={"cboe": "object"})
@settings(max_examples=40,
          suppress_health_check=[HealthCheck.function_scoped_fixture])  # fmt: skip
def test_landing_gives_one_line_for_each_request_whoever_is_dead(
    dead, network, calendar, tmp_path_factory, monkeypatch
):
    monkeypatch.setenv("PREFECT__RUNTIME__TASK_RUN__RUN_COUNT", "2")  # the first refusal is not the last word
    network.dead = {name: DEATHS[death] for name, death in dead.items()}
    night = SimpleNamespace(
        archive=RawArchive(tmp_path_factory.mktemp("raw"), "live", DAY), source_mode="live", universe=UNIVERSE,
        client=HttpClient(session_with(network), "live", user_agent="test"), calendar=calendar, trade_date=DAY,
        session=calendar.session(DAY), shard="", lake=SimpleNamespace(rows_written={}),
    )  # fmt: skip
    asked, landings = night_requests(UNIVERSE, DAY), []
    with disable_run_logger():
        for request in asked:
            try:
                landings.append(land.fn(night, request))
            except AlvhError as error:
                landings.append(outcome(request, error))
    rows = payload_rows(landings, DAY, "live")
    lines = Counter(zip(rows["dataset"].astype("str"), rows["symbol"].astype("str"), strict=True))
    assert lines == Counter((request.dataset, request.symbol) for request in asked)
    for request, landing in zip(asked, landings, strict=True):
        alive = [url for url in request.urls if OWNERS[urlsplit(url).netloc] not in dead]
        assert landing.is_landed or request.symbol in landing.reason
        if landing.is_landed:
            assert landing.url in alive
            assert night.archive.read(landing.url)
        elif not dead:
            raise AssertionError(landing.reason)
        for url in set(request.urls) - set(alive):
            assert landing.is_landed or url in landing.reason, "everybody who was asked is named"
