"""Pages of strangers in the words of Tradier, Massive and Schwab: whatever they hold, the night loses one symbol."""

import contextlib
import json
from datetime import UTC, date, datetime
from pathlib import Path
from time import perf_counter
from urllib.parse import urlsplit

import pytest
from hypothesis import given, settings
from hypothesis.strategies import data, integers, sampled_from

from alvh_core.errors import RetriableError, SkippableError
from alvh_core.universe import DEFAULT_UNIVERSE
from tasks.sources.catalogue import SOURCES, PayloadRequest, check_payload
from tasks.sources.client import Payload
from tasks.sources.fetching import MAX_PAGES, ask
from tasks.sources.source import CHAIN, Wanted

DAY = date(2026, 7, 16)
SAMPLES = Path(__file__).parents[1] / "contract" / "samples"
NAMES = ("tradier_chain", "massive_chain", "schwab_chain")
URLS = {name: SOURCES[name].addresses(Wanted(symbol="VIX", asset=DEFAULT_UNIVERSE["VIX"], trade_date=DAY), {})[0]
        for name in NAMES}  # fmt: skip
HONEST = {name: (SAMPLES / SOURCES[name].sample).read_bytes() for name in NAMES}
TOKENS = [b"null", b"[", b"]", b"{", b"}", b'"', b",", b":", b"NaN", b"1e999", b"-1", b"\\ud800", b"\xff", b"\x00",
          b"true", b"9" * 400, b"", b"[]", b"{}", b'""', b"0", b"2026-07-16", b'"2026-99-99"', b"[null]", b'[{"a":1}]',
          b'"pages":', b'"option":', b'"results":', b"1784232899000000000000"]  # fmt: skip


def take_in(name, body, calendar):
    """What a night does with a body: check, decode, and look for further pages."""
    payload = Payload(url=URLS[name], http_status=200, body=body, etag=None, last_modified=None, source_mode="live",
                      fetched_at_utc=datetime(2026, 7, 17, tzinfo=UTC))  # fmt: skip
    request = PayloadRequest(dataset=CHAIN, symbol="VIX", url=URLS[name])
    check_payload(request, payload, DEFAULT_UNIVERSE, calendar.session(DAY), calendar)
    return SOURCES[name].read(body, "VIX", URLS[name])


@given(name=sampled_from(NAMES), data=data())
@settings(max_examples=150)
def test_whatever_is_put_into_a_body_only_our_errors_come_out(name, data, calendar):
    body = HONEST[name]
    for _ in range(data.draw(integers(1, 3))):
        start = data.draw(integers(0, len(body)))
        body = body[:start] + data.draw(sampled_from(TOKENS)) + body[start + data.draw(integers(0, 12)) :]
    with contextlib.suppress(SkippableError, RetriableError):
        take_in(name, body, calendar)
    with contextlib.suppress(SkippableError, RetriableError):
        SOURCES[name].more(body, URLS[name])


@given(name=sampled_from(NAMES), data=data())
@settings(max_examples=150)
def test_whatever_a_field_turns_into_only_our_errors_come_out(name, data, calendar):
    values = sampled_from([None, True, 0, -1, 1e308, 10**40, "", "x", "NaN", [], {}, [None], [[]], {"a": {}}, "\ud800",
                           ["2026-07-29"], {"date": 1}, "é" * 40])  # fmt: skip

    def changed(part):
        if data.draw(integers(0, 60)) == 0:
            return data.draw(values)
        if isinstance(part, dict):
            return {key: changed(inner) for key, inner in part.items()}
        return [changed(inner) for inner in part] if isinstance(part, list) else part

    body = json.dumps({"pages": changed(json.loads(HONEST[name])["pages"])}).encode()
    with contextlib.suppress(SkippableError, RetriableError):
        take_in(name, body, calendar)
    for page in json.loads(HONEST[name])["pages"]:
        with contextlib.suppress(SkippableError, RetriableError):
            SOURCES[name].more(json.dumps(changed(page)).encode(), URLS[name])


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize("body", [
    pytest.param(b'{"pages":[' + b"[" * 100_000 + b"]" * 100_000 + b"]}", id="deep"),
    pytest.param(b'{"pages":[{"options":' + b'{"a":' * 100_000 + b"1" + b"}" * 100_000 + b"}]}", id="deep-objects"),
    pytest.param(b'{"pages":[' + b"{}," * 3_100_000 + b"{}]}", id="three-million-pages"),
    pytest.param(b'{"pages":[{"status":"OK","status":"OK"}]}', id="key-twice"),
    pytest.param(b'{"pages":[{"options":{"option":[' + b"{}," * 160_000 + b"{}]}}]}", id="too-many-contracts"),
    pytest.param(b'{"pages":[{"status":"OK","results":[' + b"{}," * 160_000 + b"{}]}]}", id="too-many-results"),
])  # fmt: skip
def test_a_body_that_would_hurt_is_refused_soon(name, body, calendar):
    start = perf_counter()
    with pytest.raises(SkippableError, match="VIX"):
        take_in(name, body, calendar)
    assert perf_counter() - start < 20.0


class Pages:
    """Stands for the client: answers with one page after another."""

    def __init__(self, page):
        self.page, self.count = page, 0

    def get(self, url, symbol, headers=None):
        self.count += 1
        body = json.dumps(self.page(self.count)).encode()
        return Payload(url=url, http_status=200, body=body, etag=None, last_modified=None, source_mode="live",
                       fetched_at_utc=datetime(2026, 7, 17, tzinfo=UTC))  # fmt: skip


def test_a_cursor_that_comes_back_ends_it():
    link = "https://api.massive.com/v3/snapshot/options/I:VIX?cursor=YXA9MjA"
    client = Pages(lambda _count: {"status": "OK", "results": [], "next_url": link})
    with pytest.raises(SkippableError, match=f"at most {MAX_PAGES} different pages of one host, found {link[:40]}"):
        ask(client, CHAIN, "VIX", URLS["massive_chain"])
    assert client.count == 2


def test_pages_without_end_end():
    link = "https://api.massive.com/v3/snapshot/options/I:VIX?cursor={}"
    client = Pages(lambda count: {"status": "OK", "results": [], "next_url": link.format(count)})
    with pytest.raises(SkippableError, match=f"after {MAX_PAGES}"):
        ask(client, CHAIN, "VIX", URLS["massive_chain"])
    assert client.count == MAX_PAGES


def test_a_century_of_expiries_is_no_list_of_ours():
    days = [f"2026-{month:02d}-{day:02d}" for month in range(7, 13) for day in range(1, 29)]
    days += [f"2027-{month:02d}-{day:02d}" for month in range(1, 4) for day in range(1, 29)]
    client = Pages(lambda count: {"expirations": {"date": days}} if count == 1 else {"options": None})
    with pytest.raises(SkippableError, match=f"after {MAX_PAGES}"):
        ask(client, CHAIN, "VIX", URLS["tradier_chain"])


@pytest.mark.parametrize("symbol", ["../../x", "VIX&greeks=false", "a b", "?x", "#x", "é"])
def test_a_symbol_stays_a_symbol_in_every_address(symbol):
    """A universe file is the operator's, and may be mistyped or made by somebody else."""
    asset = DEFAULT_UNIVERSE["KO"]
    for name in NAMES:
        [url, *_] = SOURCES[name].addresses(Wanted(symbol=symbol, asset=asset, trade_date=DAY), {})
        assert SOURCES[name].route.search(urlsplit(url).path)
        assert not set("# é") & set(url)
        assert url.count("greeks") == url.count("%26greeks")
