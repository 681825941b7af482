"""The HTTP client over real sockets: what each answer of a server makes the caller do."""

import gzip
import json
import socket
import threading
import time
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime

import pytest
import requests
from pydantic import SecretStr
from werkzeug import Response

from alvh_core.errors import ContractError, RetriableError, SkippableError
from tasks.sources import client as client_module
from tasks.sources.cboe import chain_url
from tasks.sources.client import HttpClient, Pacer
from tasks.sources.keys import ApiKey, HostKey
from tasks.sources.transport import _BodyTransport, live_transport, session_with

PATH = "/delayed_quotes/options/_VIX.json"
AGENT = "desk@example.com"


@pytest.fixture
def client(monkeypatch):
    monkeypatch.setattr(client_module, "TIMEOUT_SECONDS", (1.0, 0.5))
    for name in ("http_proxy", "HTTP_PROXY", "all_proxy", "ALL_PROXY"):
        monkeypatch.delenv(name, raising=False)
    client = HttpClient(session_with(live_transport()), "live", user_agent=AGENT)
    yield client
    client.close()


@pytest.fixture
def url(httpserver):
    return chain_url("_VIX", f"http://127.0.0.1:{httpserver.port}")


def test_a_body_arrives_with_its_origin(httpserver, client, url, chain_body):
    body = chain_body()
    httpserver.expect_request(PATH).respond_with_data(body, headers={"ETag": '"abc"', "Last-Modified": "yesterday"})
    payload = client.get(url, "VIX")
    assert (payload.body, payload.url, payload.http_status) == (body, url, 200)
    assert (payload.etag, payload.last_modified, payload.source_mode) == ('"abc"', "yesterday", "live")
    assert datetime.now(UTC) - payload.fetched_at_utc < timedelta(minutes=1)
    request, _ = httpserver.log[0]
    assert request.headers["User-Agent"] == AGENT
    assert "gzip" in request.headers["Accept-Encoding"]


def test_gzip_is_unpacked(httpserver, client, url, chain_body):
    body = chain_body()
    httpserver.expect_request(PATH).respond_with_data(gzip.compress(body), headers={"Content-Encoding": "gzip"})
    assert client.get(url, "VIX").body == body


def test_a_redirect_to_the_same_owner_is_followed(httpserver, client, url, chain_body):
    httpserver.expect_request(PATH).respond_with_data("", 301, {"Location": "/api/global/moved.json"})
    httpserver.expect_request("/api/global/moved.json").respond_with_data(chain_body())
    payload = client.get(url, "VIX")
    assert payload.body == chain_body()
    assert payload.url == url, "the archive knows a body by the address that was asked for"


@pytest.mark.parametrize("location", [
    pytest.param("http://localhost:{port}/x", id="other-name-of-this-machine"),
    pytest.param("http://127.0.0.2:{port}/x", id="neighbouring-address"),
    pytest.param("https://cdn.cboe.com@evil.example/x", id="user-part"),
    pytest.param("ftp://127.0.0.1/x", id="other-scheme"),
    pytest.param("//evil.example/x", id="scheme-relative"),
])  # fmt: skip
def test_a_redirect_to_somebody_else_is_refused(httpserver, client, url, location):
    httpserver.expect_request(PATH).respond_with_data("", 302, {"Location": location.format(port=httpserver.port)})
    with pytest.raises(SkippableError, match=r"VIX: .*redirects to"):
        client.get(url, "VIX")
    assert len(httpserver.log) == 1


@pytest.mark.parametrize(("first", "second", "is_same"), [
    ("https://cdn.cboe.com/a", "https://cdn-api.cboe.com/a", True),
    ("https://cdn.cboe.com/a", "https://cdn.cboe.com.:443/a", True),
    ("https://cdn.cboe.com/a", "https://cboe.com.evil.example/a", False),
    ("https://cdn.cboe.com/a", "https://evilcboe.com/a", False),
    ("http://10.0.0.1/a", "http://127.0.0.1/a", False),
    ("http://[::1]/a", "http://[::2]/a", False),
    ("http://localhost/a", "http://localhost:81/a", True),
])  # fmt: skip
def test_owner(first, second, is_same):
    assert (client_module._owner(first) == client_module._owner(second)) is is_same


def test_a_redirect_to_an_unencrypted_host_is_refused():
    with pytest.raises(SkippableError, match="as safe as before"):
        client_module._redirected("https://cdn.cboe.com/a", "http://cdn-api.cboe.com/a", "VIX")


def test_a_redirect_to_no_address_is_refused():
    with pytest.raises(SkippableError, match="no address"):
        client_module._redirected("https://cdn.cboe.com/a", "http://[::1/x", "VIX")


def test_redirects_end(httpserver, client, url):
    httpserver.expect_request(PATH).respond_with_data("", 302, {"Location": PATH})
    with pytest.raises(SkippableError, match="more than 5 times"):
        client.get(url, "VIX")


@pytest.mark.parametrize("status", [400, 401, 403, 404, 410, 204, 304])
def test_the_symbol_is_lost(httpserver, client, url, status):
    httpserver.expect_request(PATH).respond_with_data("<Error>AccessDenied</Error>" if status > 399 else "", status)
    with pytest.raises(SkippableError, match=rf"VIX: http.*_VIX\.json answered {status} .*expected 200"):
        client.get(url, "VIX")


def test_403_says_what_it_means(httpserver, client, url):
    httpserver.expect_request(PATH).respond_with_data("<Error>AccessDenied</Error>", 403)
    with pytest.raises(SkippableError, match="unknown symbol, or refused: set ALVH_USER_AGENT to a contact"):
        client.get(url, "NOPE")


@pytest.mark.parametrize("mode", ["simulated", "recorded", "imported"])
def test_403_of_what_is_no_network_asks_for_no_contact(httpserver, url, mode):
    httpserver.expect_request(PATH).respond_with_data("", 403)
    with pytest.raises(SkippableError, match=r"answered 403 \(unknown symbol\), expected 200"):
        HttpClient(session_with(live_transport()), mode, user_agent=AGENT).get(url, "NOPE")


@pytest.mark.parametrize("status", [408, 420, 425, 429, 500, 502, 503, 504, 520, 524])
def test_the_server_may_answer_later(httpserver, client, url, status):
    httpserver.expect_request(PATH).respond_with_data("later", status)
    with pytest.raises(RetriableError, match=f"answered {status}, expected 200; asked to wait 0 s"):
        client.get(url, "VIX")


@pytest.mark.parametrize(("header", "low", "high"), [
    ("7", 7.0, 7.0), (" 7 ", 7.0, 7.0), ("0", 0.0, 0.0), ("-5", 0.0, 0.0), ("soon", 0.0, 0.0), ("", 0.0, 0.0),
    ("\u00b2", 0.0, 0.0), ("1.5", 0.0, 0.0), ("Wed, 01 Jan 2020 00:00:00 GMT", 0.0, 0.0),
])  # fmt: skip
def test_how_long_the_server_asks_to_wait(header, low, high):
    assert low <= client_module._seconds_to_wait({"Retry-After": header}) <= high


def test_the_server_may_name_the_instant():
    later = format_datetime(datetime.now(UTC) + timedelta(seconds=3000), usegmt=True)
    assert 2900.0 <= client_module._seconds_to_wait({"Retry-After": later}) <= 3000.0


@pytest.mark.parametrize(("headers", "low", "high"), [
    pytest.param({"X-Ratelimit-Expiry": "{ms}"}, 20.0, 30.0, id="milliseconds"),
    pytest.param({"X-Ratelimit-Expiry": "{ms}", "Retry-After": "3"}, 3.0, 3.0, id="retry-after-first"),
    pytest.param({"X-Ratelimit-Expiry": "{s}"}, 0.0, 0.0, id="seconds-are-long-past"),
    pytest.param({"X-Ratelimit-Expiry": "soon"}, 0.0, 0.0, id="words"),
    pytest.param({"X-Ratelimit-Expiry": "9" * 400}, 0.0, 120.0, id="never"),
])  # fmt: skip
def test_a_rate_limit_may_name_its_end(headers, low, high):
    now = time.time() + 30.0
    told = {name: text.format(ms=int(1000 * now), s=int(now)) for name, text in headers.items()}
    assert low <= client_module._seconds_to_wait(told) <= high


@pytest.fixture
def slept(monkeypatch):
    """Seconds that a thread was to sleep, one after the other; nobody sleeps."""
    seconds = []
    monkeypatch.setattr(client_module.time, "sleep", seconds.append)
    return seconds


def test_the_next_request_waits_where_this_one_was_the_last_allowed(httpserver, client, url, chain_body, slept):
    headers = {"X-Ratelimit-Available": "0", "X-Ratelimit-Expiry": str(int(1000 * (time.time() + 60.0)))}
    httpserver.expect_oneshot_request(PATH).respond_with_data(chain_body(), headers=headers)
    httpserver.expect_request(PATH).respond_with_data(chain_body(), headers={"X-Ratelimit-Available": "119"})
    client.get(url, "VIX")
    assert slept == []
    client.get(url, "VIX")
    assert 10.0 < slept[0] <= 60.0


@pytest.fixture
def keyed(client, httpserver):
    """A client that holds a key for the server."""
    key = HostKey(ApiKey(variable="ALVH_TRADIER_TOKEN", header="Authorization", template="Bearer {}"),
                  SecretStr("planted-token"))  # fmt: skip
    keyed = HttpClient(session_with(live_transport()), "live", user_agent=AGENT,
                       keys={f"127.0.0.1:{httpserver.port}": key})  # fmt: skip
    yield keyed
    keyed.close()


@pytest.mark.parametrize(("status", "body", "words"), [
    pytest.param(401, "Invalid Access Token", "Invalid Access Token.*ALVH_TRADIER_TOKEN holds no valid key", id="401"),
    pytest.param(403, '{"status":"NOT_AUTHORIZED","message":"You are not entitled to this data"}',
                 "not entitled.*the account of ALVH_TRADIER_TOKEN has no right to this", id="not-entitled"),
    pytest.param(400, "Invalid parameter,\n expiration: is required", "Invalid parameter, expiration", id="400"),
    pytest.param(400, "your key planted-token is odd", r"your key \*\*\* is odd", id="key-said-back"),
    pytest.param(400, "x" * 100_000, "x{300}'", id="long"),
])  # fmt: skip
def test_a_host_with_a_key_says_what_is_wrong(httpserver, keyed, url, status, body, words):
    httpserver.expect_request(PATH).respond_with_data(body, status)
    with pytest.raises(SkippableError, match=rf"VIX: .*answered {status} .*{words}") as refusal:
        keyed.get(url, "VIX")
    assert "planted-token" not in str(refusal.value)
    assert len(str(refusal.value)) < 700
    assert httpserver.log[0][0].headers["Authorization"] == "Bearer planted-token"


@pytest.mark.parametrize("headers", [{"Content-Encoding": "gzip"}, {"Content-Length": "500"}])
def test_a_refusal_whose_words_cannot_be_read_is_one(httpserver, keyed, url, headers):
    httpserver.expect_request(PATH).respond_with_data("no gzip, and cut short", 401, headers=headers)
    with pytest.raises(SkippableError, match=r"answered 401 .*holds no valid key"):
        keyed.get(url, "VIX")


def test_the_next_request_waits_as_long_as_the_server_asked(httpserver, client, url, chain_body, slept):
    httpserver.expect_oneshot_request(PATH).respond_with_data("", 429, {"Retry-After": "60"})
    httpserver.expect_request(PATH).respond_with_data(chain_body())
    with pytest.raises(RetriableError, match="asked to wait 60 s"):
        client.get(url, "VIX")
    assert slept == [], "it is the retry that waits, not the error"
    client.get(url, "VIX")
    assert 10.0 < slept[0] <= 60.0


def test_503_twice_then_200(httpserver, client, url, chain_body):
    for _ in range(2):
        httpserver.expect_oneshot_request(PATH).respond_with_data("", 503)
    httpserver.expect_request(PATH).respond_with_data(chain_body())
    for _ in range(2):
        with pytest.raises(RetriableError):
            client.get(url, "VIX")
    assert client.get(url, "VIX").body == chain_body()


def test_nobody_listens(client):
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    with pytest.raises(RetriableError, match=r"VIX: no answer from http://127.0.0.1.*ConnectionError"):
        client.get(f"http://127.0.0.1:{port}/x", "VIX")


def test_a_server_that_does_not_answer_in_time(httpserver, client, url):
    httpserver.expect_request(PATH).respond_with_handler(lambda _: time.sleep(0.8) or Response("late"))
    with pytest.raises(RetriableError, match="ReadTimeout"):
        client.get(url, "VIX")


HEAD = b"HTTP/1.1 200 OK\r\nContent-Length: 1000\r\n\r\n"


def test_a_connection_that_breaks_off_in_the_body(raw_server, client):
    with raw_server(HEAD, b'{"timestamp": ') as server, pytest.raises(RetriableError, match=r"VIX: .*broke off after"):
        client.get(server.url, "VIX")


def test_a_body_that_stops(raw_server, client):
    with raw_server(HEAD + b"{", pause=0.7) as server, pytest.raises(RetriableError, match="broke off after 1 bytes"):
        client.get(server.url, "VIX")


def test_a_body_that_drips_without_end(raw_server, client, monkeypatch):
    monkeypatch.setattr(client_module, "MAX_BODY_SECONDS", 0.3)
    with raw_server(HEAD, *[b"x"] * 10, pause=0.1) as server, pytest.raises(RetriableError, match="and no end"):
        client.get(server.url, "VIX")


def test_a_broken_transfer_compression(httpserver, client, url):
    httpserver.expect_request(PATH).respond_with_data(b"not gzip", headers={"Content-Encoding": "gzip"})
    with pytest.raises(RetriableError, match="broke off"):
        client.get(url, "VIX")


def test_a_body_too_large_is_refused_before_it_is_all_here(httpserver, client, url, monkeypatch):
    monkeypatch.setattr(client_module, "MAX_BODY_BYTES", 3 << 20)
    bomb = gzip.compress(bytes(64 << 20), 9)
    assert len(bomb) < 1 << 20
    httpserver.expect_request(PATH).respond_with_data(bomb, headers={"Content-Encoding": "gzip"})
    with pytest.raises(SkippableError, match=r"VIX: .*expected at most 3 MB"):
        client.get(url, "VIX")


def test_the_limit_is_far_above_the_largest_chain():
    assert client_module.MAX_BODY_BYTES == 256 * 1024 * 1024


@pytest.mark.parametrize(
    "address", ["nonsense", "gopher://127.0.0.1/x", "http://", "http://a b/", "http://\u2026.\u2026/"]
)
def test_an_illegal_address_is_not_retried(client, address):
    with pytest.raises(SkippableError, match="VIX"):
        client.get(address, "VIX")


@pytest.mark.parametrize("agent", ["", "   ", "desk\nX-Evil: 1", "B\u00f6rse \u2013 desk", "\x00"])
def test_an_agent_is_needed(agent):
    with requests.Session() as session, pytest.raises(ContractError, match="user agent"):
        HttpClient(session, "live", user_agent=agent)


def test_vendors_refuse_library_agents(httpserver, client, url, chain_body):
    def judge(request):
        agent = request.headers.get("User-Agent", "")
        return Response("", 403) if not agent or agent.startswith("python-requests/") else Response(chain_body())

    httpserver.expect_request(PATH).respond_with_handler(judge)
    assert json.loads(client.get(url, "VIX").body)["symbol"] == "_VIX"
    assert requests.get(url, timeout=1).status_code == 403


def test_the_live_network_keeps_a_desks_proxy_and_nothing_else_does():
    with session_with(live_transport()) as live, session_with(_BodyTransport()) as other:
        assert live.trust_env
        assert not other.trust_env


def test_pace_over_threads():
    pacer, starts, began = Pacer(20.0), [], time.monotonic()

    def call():
        pacer.wait("cboe.com")
        starts.append(time.monotonic())

    threads = [threading.Thread(target=call) for _ in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    for number, start in enumerate(sorted(starts)):  # a loaded machine may start one late, nothing starts one early
        assert start - began > 0.05 * number - 0.005


def test_hosts_are_paced_apart_and_a_pause_has_an_end(slept):
    pacer = Pacer(0.0)
    pacer.pause("cboe.com", 1e9)
    pacer.wait("treasury.gov")
    assert slept == []
    pacer.wait("cboe.com")
    assert slept[0] == pytest.approx(client_module.MAX_PAUSE_SECONDS, abs=1.0)


def test_unpaced_does_not_sleep(monkeypatch):
    monkeypatch.setattr(client_module.time, "sleep", lambda _: pytest.fail("slept"))
    pacer = Pacer(0.0)
    for _ in range(100):
        pacer.wait("cboe.com")
