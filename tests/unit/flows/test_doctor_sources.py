"""What the doctor says of every source, asked over real sockets on loopback."""

import re
import socket
import time
from datetime import UTC, date, datetime
from urllib.parse import parse_qsl, urlsplit

import pytest
from pydantic import SecretStr
from werkzeug import Response

from alvh_core.errors import ContractError
from alvh_core.market.simulated import SimulatedMarket
from alvh_core.universe import DEFAULT_UNIVERSE
from flows.doctor_sources import examine_sources
from tasks.settings import Settings
from tasks.sources.catalogue import PUBLISHERS, SOURCES
from tasks.sources.exchange import early_closes
from tasks.sources.source import CHAIN, MACRO_CALENDAR

NOW = datetime(2026, 7, 17, 1, 0, tzinfo=UTC)  # the evening of the 16th in New York
SESSION, WEEK_BEFORE = date(2026, 7, 16), date(2026, 7, 9)
KEYS = {source.key.variable.removeprefix("ALVH_").lower(): SecretStr("planted-key")
        for source in SOURCES.values() if source.key}  # fmt: skip


@pytest.fixture(autouse=True)
def no_proxy(monkeypatch):
    monkeypatch.setenv("NO_PROXY", "*")


@pytest.fixture(scope="module")
def market(calendar):
    return SimulatedMarket(DEFAULT_UNIVERSE, calendar.dates, early_closes(calendar))


@pytest.fixture
def publishers(httpserver, market):
    """All publishers on one server, which answers as they do; `answer` may be changed before it is asked."""

    def simulated(source, told, day):
        body = source.simulate(market, day, told)
        return Response(body) if body is not None else Response("AccessDenied", 403)

    def handle(request):
        parts = urlsplit(request.url)
        for source in SOURCES.values():
            if found := source.route.search(parts.path):
                told = dict(parse_qsl(parts.query)) | found.groupdict()
                return handle.answer(source, told, handle.day) or simulated(source, told, handle.day)
        return Response("no such file", 404)

    handle.answer, handle.day = lambda *_: None, SESSION
    httpserver.expect_request(re.compile("/.*")).respond_with_handler(handle)
    handle.url = httpserver.url_for("")[:-1]
    return handle


def settings_of(url, **more):
    given = {"base_urls": dict.fromkeys(PUBLISHERS, url), "requests_per_second": 10.0, **KEYS}
    return Settings(**(given | {"user_agent": "desk desk@example.com"} | more))


def examined(settings, **more):
    return {finding.check: finding for finding in examine_sources(settings, NOW, **more)}


def test_every_source_is_asked_and_fresh(publishers):
    found = examined(settings_of(publishers.url))
    assert set(found) == {"contact", *SOURCES}
    for name in SOURCES:
        if found[name].is_ok:
            assert "fresh, newest 20" in found[name].found or "readable" in found[name].found, found[name]
            assert found[name].found.endswith("is set" if SOURCES[name].key else "no key needed")
    assert {"cboe_chain", "cboe_bars", "treasury_csv", "fredgraph", "sec_companyfacts"} <= {
        name for name in SOURCES if found[name].is_ok
    }
    assert "fresh, newest 2026-07-16" in found["cboe_chain"].found
    assert all(finding.is_ok or finding.is_optional for finding in found.values())


def test_yesterdays_chain_is_stale_and_last_weeks_bars_are(publishers):
    publishers.day = date(2026, 7, 15)
    found = examined(settings_of(publishers.url))
    assert "stale: newest 2026-07-15, expected 2026-07-16 or later" in found["cboe_chain"].found
    assert "ask again later" in found["cboe_chain"].advice
    assert found["cboe_bars"].is_ok, "a history may come the morning after"
    publishers.day = WEEK_BEFORE
    found = examined(settings_of(publishers.url))
    assert "stale: newest 2026-07-09, expected 2026-07-15 or later" in found["cboe_bars"].found
    assert "stale" in found["treasury_csv"].found
    assert found["sec_companyfacts"].is_ok, "reports come by the quarter"


@pytest.mark.parametrize(("body", "status", "told", "advice"), [
    ("no", 401, "refused: .*answered 401", None), ("<html>block</html>", 403, "refused: .*answered 403", None),
    ("slow down", 429, "busy: .*answered 429", "lower ALVH_REQUESTS_PER_SECOND"),
    ("down", 503, "busy: .*answered 503", "come back later"), ("", 404, "unreadable: .*answered 404", "ALVH_BASE_URLS"),
    ("<html>one moment, please</html>", 200, "unreadable: ", "a page for people"),
])  # fmt: skip
def test_every_kind_of_refusal_says_what_to_do(publishers, body, status, told, advice):

    publishers.answer = lambda *_: Response(body, status)
    found = examined(settings_of(publishers.url))
    for name, source in SOURCES.items():
        assert not found[name].is_ok
        assert found[name].is_optional
        assert re.search(told, found[name].found), found[name].found
        key = source.key.variable if source.key else "set ALVH_USER_AGENT to a contact"
        assert (advice or key) in found[name].advice
        assert "planted-key" not in found[name].found + found[name].advice


def test_nobody_answers_in_one_line():
    started = time.monotonic()
    found = examined(settings_of("http://127.0.0.1:1"))
    assert set(found) == {"contact", "sources"}
    assert found["sources"].found == (
        f"no answer from any of {len(SOURCES)} sources asked; 127.0.0.1:1: [Errno 111] Connection refused"
    )
    assert found["sources"].is_optional
    assert time.monotonic() - started < 15.0
    [dead] = [f for f in examine_sources(settings_of("http://127.0.0.1:1", source="live"), NOW) if f.check == "sources"]
    assert not dead.is_optional, "a machine that runs live nights needs somebody to ask"


def test_one_that_never_answers_takes_no_longer_than_the_limit(publishers):
    with socket.socket() as mute:
        mute.bind(("127.0.0.1", 0))
        mute.listen()
        settings = settings_of(publishers.url)
        bases = settings.base_urls | {"cboe": f"http://127.0.0.1:{mute.getsockname()[1]}"}
        started = time.monotonic()
        found = examined(settings.model_copy(update={"base_urls": bases}), limit_seconds=6.0)
        assert time.monotonic() - started < 12.0
    assert "late: no answer within 6 s" in found["cboe_chain"].found
    assert found["bea_json"].is_ok, "nobody waits for it"


def test_a_key_that_is_not_set_is_not_asked_for_and_one_switched_off_says_so(publishers, httpserver):
    settings = settings_of(publishers.url, sources_off=("bea",), **dict.fromkeys(KEYS))
    found = examined(settings)
    for name, source in SOURCES.items():
        if source.key:
            assert f"not asked: {source.key.variable} is not set" in found[name].found
            assert f"set {source.key.variable}" in found[name].advice
    assert found["fred_vintages"].advice.endswith("the night asks fredgraph")
    assert found["fred_releases"].advice.endswith("the night asks bls_ics")
    assert "switched off by ALVH_SOURCES_OFF" in found["bea_json"].found
    assert found["bea_json"].advice.endswith("nothing stands in for it")
    paths = {urlsplit(request.url).path for request, _ in httpserver.log}
    assert not [path for path in paths if path.startswith("/fred/") or path.endswith("release_dates.json")]


def test_a_live_night_without_chains_is_a_fault(publishers):
    publishers.answer = lambda source, *_: Response("no", 403) if source.dataset in {CHAIN, MACRO_CALENDAR} else None
    found = examined(settings_of(publishers.url, source="live"))
    faults = {check for check, finding in found.items() if not finding.is_ok and not finding.is_optional}
    assert faults == {CHAIN}
    assert found[CHAIN].advice == "a night would be NO_DATA: mend one of its sources above"


def test_offline_nobody_is_asked(publishers, httpserver):
    found = examined(settings_of(publishers.url, source="live"), is_offline=True)
    assert httpserver.log == []
    assert all(finding.is_ok for finding in found.values())
    assert "not asked (--offline)" in found["cboe_chain"].found


def test_a_publisher_that_nobody_knows_is_named(publishers):
    with pytest.raises(ContractError, match=r"ALVH_SOURCES_OFF: expected publishers among .*, found bae"):
        examined(settings_of(publishers.url, sources_off=("bae",)))


def test_without_a_contact_the_sec_is_not_pleased(publishers):
    found = examined(settings_of(publishers.url, user_agent="alvh"), is_offline=True)
    assert found["contact"].is_optional
    assert "set it, such as" in found["contact"].advice
