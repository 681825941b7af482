"""Scenarios 1 to 9: what can happen on the way, before anybody reads what arrived."""

import gzip
import socket
import time

import pytest
from werkzeug import Response

from alvh_core.schemas import OPTION_QUOTES
from tasks.sources.catalogue import PROVIDERS, PUBLISHERS
from tasks.sources.source import BARS, CHAIN, CURVE, INDEX, MACRO_CALENDAR, MACRO_SERIES

VIX = (CHAIN, "VIX")
PATH = "/delayed_quotes/options/_VIX.json"
CURVE_PATH = "/resource-center/data-chart-center/interest-rates/daily-treasury-rates.csv/2026/all"
OK = b"HTTP/1.1 200 OK\r\n"


@pytest.fixture
def named_hosts(monkeypatch):
    """Let names that end in .test lead to this machine."""
    real = socket.getaddrinfo
    monkeypatch.setattr(socket, "getaddrinfo", lambda host, *rest, **more: real(
        "127.0.0.1" if str(host).endswith(".test") else host, *rest, **more))  # fmt: skip


def whole(body):
    return OK + b"Content-Length: %d\r\n\r\n" % len(body) + body


def test_01_a_redirect_leads_to_a_host_of_the_owner_and_to_no_other(road, httpserver, named_hosts, chain):
    old, new, foreign = (f"http://{name}:{httpserver.port}" for name in
                         ("cdn.cboe.test", "cdn-api.cboe.test", "cdn.evil.test"))  # fmt: skip
    body = chain()
    httpserver.expect_request("/moved.json", headers={"Host": new.split("//")[1]}).respond_with_data(body)
    httpserver.expect_oneshot_request(PATH).respond_with_data("", 301, {"Location": f"{new}/moved.json"})
    mine = road(bases={"cboe": old})
    landing = mine.land(*VIX)
    assert landing.is_landed
    assert landing.url == f"{old}{PATH}", "a body is known by the address that was asked"
    assert mine.body(landing) == body

    httpserver.expect_request(PATH).respond_with_data("", 301, {"Location": f"{foreign}/moved.json"})
    refused = road(bases={"cboe": old}, home="other").land(*VIX)
    assert not refused.is_landed
    assert "redirects to http://cdn.evil.test" in refused.reason
    assert "evil" not in {request.host.split(".")[1] for request, _ in httpserver.log}, "nobody went there"


def test_02_403_is_a_symbol_that_nobody_knows(road, httpserver):
    httpserver.expect_request(PATH).respond_with_data("<Error><Code>AccessDenied</Code></Error>", 403)
    mine = road("cboe")
    landing = mine.land(*VIX)
    assert mine.tries == 1, "asking again does not make it known"
    assert "VIX: http" in landing.reason
    assert "answered 403 (unknown symbol" in landing.reason


def test_03_429_is_asked_again_when_it_wants(road, httpserver, chain):
    httpserver.expect_oneshot_request(PATH).respond_with_data("", 429, {"Retry-After": "1"})
    httpserver.expect_request(PATH).respond_with_data(chain())
    mine, start = road("cboe"), time.monotonic()
    assert mine.land(*VIX).is_landed
    assert mine.tries == 2
    assert time.monotonic() - start >= 1.0


def test_04_420_is_throttling(road, httpserver, chain):
    httpserver.expect_oneshot_request(PATH).respond_with_data("Enhance your calm", 420)
    httpserver.expect_request(PATH).respond_with_data(chain())
    mine = road("cboe")
    assert mine.land(*VIX).is_landed
    assert mine.tries == 2


def test_05_503_twice_then_200(road, httpserver, chain):
    for _ in range(2):
        httpserver.expect_oneshot_request(PATH).respond_with_data("", 503)
    httpserver.expect_request(PATH).respond_with_data(chain())
    mine = road("cboe")
    landing = mine.land(*VIX)
    assert (landing.is_landed, landing.http_status, mine.tries) == (True, 200, 3)

    httpserver.clear()
    httpserver.expect_request(PATH).respond_with_data("", 503)
    never = road("cboe", home="other")
    assert "answered 503" in never.land(*VIX).reason
    assert never.tries == 4, "a retry has an end"


def test_06_a_server_that_takes_its_time(road, raw_server, chain, monkeypatch):
    body = chain()
    with socket.create_server(("127.0.0.1", 0), backlog=0) as full:
        place = full.getsockname()
        waiting = [socket.socket() for _ in range(2)]
        for one in waiting:  # they fill its queue, so that the next one gets no answer at all
            one.setblocking(False)
            one.connect_ex(place)
        mine = road(bases={"cboe": f"http://127.0.0.1:{place[1]}"})
        assert "ConnectTimeout" in mine.land(*VIX).reason
        assert mine.tries == 4
        for one in waiting:
            one.close()

    with raw_server(whole(body)[:5000], pause=0.8, later=[whole(body)]) as slow:
        mine = road(bases={"cboe": slow.base}, home="slow")
        landing = mine.land(*VIX)
        assert (landing.is_landed, mine.tries, mine.body(landing)) == (True, 2, body)

    monkeypatch.setattr("tasks.sources.client.MAX_BODY_SECONDS", 0.3)
    with raw_server(OK + b"\r\n", *[b" "] * 30, pause=0.05) as dripping:
        assert "and no end; given up" in road(bases={"cboe": dripping.base}, home="dripping").land(*VIX).reason


def test_07_a_body_cut_short_is_never_loaded_in_part(road, raw_server, chain):
    """By a connection that breaks, and by a cache that kept half a file and calls it whole."""
    body = chain()
    half = body[: len(body) // 2]
    for number, broken in enumerate([whole(body)[: len(half)], whole(half)]):
        with raw_server(broken, later=[whole(body)]) as server:
            mine = road(bases={"cboe": server.base}, home=f"once{number}")
            landing = mine.land(*VIX)
            assert (landing.is_landed, mine.tries, mine.body(landing)) == (True, 2, body)
        with raw_server(broken) as server:
            mine = road(bases={"cboe": server.base}, home=f"always{number}")
            lost = mine.land(*VIX)
            assert not lost.is_landed
            assert ("broke off after", "cut short after")[number] in lost.reason
            assert mine.tries == 4
            assert not mine.night.archive.has_any()


PAGE = "<!DOCTYPE html><html><head><title>One moment</title></head><body>proof of work</body></html>"


def test_08_a_page_of_html_is_no_success(road, httpserver):
    """Whoever sends it: every kind of file of every publisher."""
    httpserver.expect_request("").respond_with_handler(lambda _: Response(PAGE, 200, {"Content-Type": "text/html"}))
    keys = {source.key.variable.removeprefix("ALVH_").lower(): "planted"
            for provider in PROVIDERS for source in provider.SOURCES if source.key}  # fmt: skip
    mine = road(*PUBLISHERS, **keys)
    first = {request.dataset: request.symbol for request in reversed(mine.night.requests)}
    assert {CHAIN, INDEX, CURVE, BARS, MACRO_CALENDAR, MACRO_SERIES} <= set(first)
    for dataset, symbol in first.items():
        landing = mine.land(dataset, symbol)
        assert not landing.is_landed, dataset
        assert "answered 500" not in landing.reason
        assert "expected" in landing.reason, dataset
        for url in mine.request(dataset, symbol).urls:
            assert url in landing.reason, "each says why"
    assert not mine.night.archive.has_any()


def test_09_a_packed_body_is_unpacked_and_an_unpacked_one_passes(road, httpserver, chain, market):
    body, rates = chain(), market.treasury_curve(2026, road("cboe").night.trade_date)
    found = {}
    for coding, pack in (("gzip", gzip.compress), ("identity", bytes)):
        httpserver.clear()
        head = {"Content-Encoding": coding}
        httpserver.expect_request(PATH).respond_with_data(pack(body), headers=head)
        httpserver.expect_request(CURVE_PATH).respond_with_data(pack(rates), headers=head)
        mine = road("cboe", "treasury", home=coding)
        landings = [mine.land(*VIX), mine.land(CURVE, "UST2026")]
        assert [mine.body(one) for one in landings] == [body, rates]
        assert [one.bytes_count for one in landings] == [len(body), len(rates)]
        found[coding] = mine.take(*landings).table(OPTION_QUOTES)
        assert len(found[coding]) > 100
    assert found["gzip"].equals(found["identity"])
