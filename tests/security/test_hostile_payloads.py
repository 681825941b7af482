"""Payloads made to hurt, over a real socket or in a recorded folder: refused in seconds, as one symbol's loss.

The answer is always `SkippableError` or `RetriableError`: anything else would end the night of every other symbol.
"""

import contextlib
import gzip
import json
import resource
import subprocess
import sys
import time
from datetime import UTC, date, datetime

import pytest
from hypothesis import given, settings
from hypothesis.strategies import data, integers, sampled_from

from alvh_core.errors import FatalError, RetriableError, SkippableError
from alvh_core.universe import DEFAULT_UNIVERSE
from tasks.lake.raw import RawArchive
from tasks.sources import cboe, treasury
from tasks.sources import client as client_module
from tasks.sources import transport as transport_module
from tasks.sources.catalogue import PayloadRequest, check_payload, read_table
from tasks.sources.client import FETCHED_AT_HEADER, MISSING_HEADER, HttpClient, Payload
from tasks.sources.limits import MAX_CONTRACTS, MAX_CSV_BYTES, MAX_JSON_VALUES, unique_keys
from tasks.sources.source import BARS, CHAIN, CURVE, INDEX
from tasks.sources.transport import RecordedTransport, live_transport, session_with

DAY = date(2026, 7, 16)
PATIENCE_SECONDS = 5.0  # of the processor, for what once took minutes; most take a fraction of one
CONTRACT = b'{"option":"VIX260819C00020000","bid":1.6,"ask":1.7,"iv":0.8,"open_interest":2,"volume":1}'
BAR = b'{"date":"2026-07-16","open":1,"high":1,"low":1,"close":1,"volume":1}'
DIGITS = b"9" * 1_000_000


def chain(contracts: bytes = CONTRACT, head: bytes = b"") -> bytes:
    return (b'{"timestamp":"2026-07-17 00:41:09",%b"data":{"options":[%b],"current_price":17.4,'
            b'"last_trade_time":"2026-07-16T16:15:02"}}') % (head, contracts)  # fmt: skip


def bars(rows: bytes = BAR) -> bytes:
    return b'{"data":[%b]}' % rows


def nested(opening: bytes, closing: bytes, depth: int = 1_000_000) -> bytes:
    return b'"x":' + opening * depth + b"1" + closing * depth + b","


def history(rows: bytes, columns: bytes = b"DATE,CLOSE") -> bytes:
    return columns + b"\n" + rows + b"\n"


HOSTILE = {
    "lists without end in the header": (CHAIN, chain(head=nested(b"[", b"]"))),
    "objects without end in the header": (CHAIN, chain(head=nested(b'{"a":', b"}"))),
    "lists without end in a contract": (CHAIN, chain(CONTRACT[:-1] + b"," + nested(b"[", b"]")[:-1] + b"}")),
    "a number of a million digits in the header": (CHAIN, chain(head=b'"x":' + DIGITS + b",")),
    "an exponent of a million digits": (CHAIN, chain(CONTRACT.replace(b"1.6", b"1e" + DIGITS))),
    "millions of contracts that are null": (CHAIN, chain(CONTRACT + b",null" * MAX_JSON_VALUES)),
    "millions of contracts that are empty": (CHAIN, chain(CONTRACT + b",{}" * MAX_JSON_VALUES)),
    "more contracts than any chain": (CHAIN, chain(b",".join([b'{"option":"A","bid":1}'] * (MAX_CONTRACTS + 1)))),
    "a name of megabytes": (CHAIN, chain(CONTRACT.replace(b"VIX", b"V" * 4_000_000))),
    "a field twice in a contract": (CHAIN, chain(CONTRACT[:-1] + b',"bid":9}')),
    "the session twice": (CHAIN, chain()[:-2] + b',"last_trade_time":"2026-07-16T16:15:02"}}'),
    "half a surrogate": (CHAIN, chain(CONTRACT.replace(b"VIX", b"\\ud800"))),
    "no UTF-8": (CHAIN, chain(CONTRACT.replace(b"VIX", b"\xff\xfe"))),
    "brackets in the wrong order": (CHAIN, b'{"options" : [' + b'{"options"   ' * 100_000 + b"}" * 100_001 + b"]"),
    "bars nested without end": (BARS, bars(BAR[:-1] + b"," + nested(b"[", b"]")[:-1] + b',"open":"1"}')),
    "bars of null": (BARS, bars(BAR + b",null" * MAX_JSON_VALUES)),
    "a bar's date of a megabyte": (BARS, bars(BAR.replace(b"2026", DIGITS))),
    "a price that no float holds": (
        BARS, bars(BAR.replace(b":1", b':"1"') + b"," + BAR.replace(b"1}", b"9" * 400 + b"}"))
    ),
    "bars that are one word": (BARS, b'{"data":"word"}'),
    "a CSV of a million columns": (INDEX, history(b"07/16/2026" + b",1" * 900_000, b"DATE" + b",C" * 900_000)),
    "a row of a million values": (INDEX, history(b"07/16/2026" + b",1" * 1_000_000)),
    "columns hidden in line ends": (INDEX, history(b"07/16/2026", b"DATE" + b',"\n"' * 900_000)),
    "columns hidden behind a quote": (INDEX, history(b'x","\n' * 700_000, b"DATE,CLOSE")),
    "rows without end": (INDEX, history(b"07/16/2026,1\n" * (MAX_CSV_BYTES // 13 + 1))),
    "a quote that never closes": (INDEX, history(b'07/16/2026,"' + b"x,1\n" * 900_000)),
    "a value of a million digits": (INDEX, history(b"07/16/2026," + DIGITS)),
    "a date of the year 99999": (INDEX, history(b"07/16/99999,1")),
    "a yield without bound": (CURVE, history(b"07/16/2026,1e999", b'Date,"1 Mo"')),
    "a yield that is no number": (CURVE, history(b"07/16/2026,4.1x", b'Date,"1 Mo"')),
    "a maturity without bound": (CURVE, history(b"07/16/2026,1", b"Date," + DIGITS[:190] + b" Mo")),
    "a curve of fifty thousand columns": (CURVE, history(b"07/16/2026" + b",1" * 50_000, b"Date" + b",1 Mo" * 50_000)),
}  # fmt: skip
URLS = {
    CHAIN: lambda base: cboe.chain_url("_VIX", base), BARS: lambda base: cboe.bars_url("_VIX", base),
    INDEX: lambda base: cboe.index_history_url("VIX", base), CURVE: lambda base: treasury.curve_url(2026, base),
}  # fmt: skip


@pytest.fixture
def client():
    session = session_with(live_transport())
    session.trust_env = False  # a desk's proxy has no business on loopback
    client = HttpClient(session, "live", user_agent="desk@example.com")
    yield client
    client.close()


def take_in(dataset, url, client, calendar):
    """Fetch, check and decode one body, as landing and normalising do."""
    request = PayloadRequest(dataset=dataset, symbol="VIX", url=url)
    payload = client.get(url, "VIX")
    check_payload(request, payload, DEFAULT_UNIVERSE, calendar.session(DAY), calendar)
    return decode(dataset, payload.body)


def decode(dataset, body):
    return (
        cboe.parse_chain(body, "VIX", "u")
        if dataset == CHAIN
        else read_table(dataset, body, "VIX", URLS[dataset]("http://h"))
    )


def serve(httpserver, dataset, body, **headers):
    url = URLS[dataset](httpserver.url_for("")[:-1])
    httpserver.expect_request(url.removeprefix(httpserver.url_for("")[:-1]).split("?")[0]).respond_with_data(
        body, headers=headers
    )
    return url


@pytest.mark.parametrize("name", HOSTILE)
def test_a_hostile_body_is_one_symbols_loss(name, httpserver, client, calendar):
    dataset, body = HOSTILE[name]
    url = serve(httpserver, dataset, body)
    started = time.process_time()
    with pytest.raises(SkippableError) as refusal:
        take_in(dataset, url, client, calendar)
    assert time.process_time() - started < PATIENCE_SECONDS
    assert len(str(refusal.value)) < 3000, "a reason goes to logs, tables and pages"


@pytest.mark.parametrize("dataset", URLS)
def test_the_same_shapes_of_an_honest_size_pass(dataset, httpserver, client, calendar):
    honest = {CHAIN: chain(), BARS: bars(), INDEX: history(b"07/16/2026,17.4"),
              CURVE: history(b"07/16/2026,4.1", b'Date,"1 Mo"')}  # fmt: skip
    assert len(take_in(dataset, serve(httpserver, dataset, honest[dataset]), client, calendar)) == 1


@pytest.mark.parametrize("literal", [b"NaN", b"Infinity", b"-Infinity", DIGITS, b"null"])
def test_a_number_that_is_none_is_one_contracts_affair(literal, httpserver, client, calendar):
    body = chain(CONTRACT.replace(b"1.6", literal) + b"," + CONTRACT)
    table = take_in(CHAIN, serve(httpserver, CHAIN, body), client, calendar)
    assert table["bid"].to_pylist() == [None, 1.6]


def test_a_key_that_stands_there_twice_is_found_at_once():
    pairs = [(str(i), i) for i in range(100_000)]
    assert unique_keys(pairs) == dict(pairs)
    with pytest.raises(ValueError, match=r"key '99999' stands there twice"):
        unique_keys([*pairs, pairs[-1]])


TOKENS = [b"null", b"[", b"]", b"{", b"}", b'"', b",", b":", b"NaN", b"1e999", b"-1", b"\\ud800", b"\xff", b"\x00",
          b"\r", b"\n", b"true", b"9" * 400, b"", b"<script>", b"2026-07-16", b"0000-00-00", b"options",
          b"data"]  # fmt: skip
HONEST = {CHAIN: chain(CONTRACT + b"," + CONTRACT), BARS: bars(BAR + b"," + BAR),
          INDEX: history(b"07/16/2026,17.4\n07/17/2026,17.5"),
          CURVE: history(b"07/16/2026,4.1,\n07/17/2026,,N/A", b'Date,"1 Mo","30 Yr"')}  # fmt: skip


@given(dataset=sampled_from(sorted(HONEST)), data=data())
@settings(max_examples=400)
def test_whatever_is_put_into_a_body_only_our_errors_come_out(dataset, data, calendar):
    body = HONEST[dataset]
    for _ in range(data.draw(integers(1, 3))):
        start = data.draw(integers(0, len(body)))
        body = body[:start] + data.draw(sampled_from(TOKENS)) + body[start + data.draw(integers(0, 12)) :]
    url = URLS[dataset]("http://h")
    payload = Payload(url=url, http_status=200, body=body, etag=None, last_modified=None, source_mode="live",
                      fetched_at_utc=datetime(2026, 7, 17, tzinfo=UTC))  # fmt: skip
    request = PayloadRequest(dataset=dataset, symbol="VIX", url=url)
    with contextlib.suppress(SkippableError, RetriableError):
        check_payload(request, payload, DEFAULT_UNIVERSE, calendar.session(DAY), calendar)
        decode(dataset, body)


# On the wire


def bomb(layers: int) -> bytes:
    packed = bytes(64 << 20)
    for _ in range(layers):
        packed = gzip.compress(packed, 9)
    return packed


@pytest.mark.parametrize("layers", [1, 2, 3, 20])
def test_a_bomb_is_refused_before_it_goes_off(layers, httpserver, client, calendar, monkeypatch):
    monkeypatch.setattr(client_module, "MAX_BODY_BYTES", 4 << 20)
    packed, coding = bomb(min(layers, 3)), ", ".join(["gzip"] * layers)
    url = serve(httpserver, CHAIN, packed, **{"Content-Encoding": coding})
    with pytest.raises(
        (SkippableError, RetriableError), match=r"expected at most 4 MB|Too many content encodings|broke"
    ):
        take_in(CHAIN, url, client, calendar)


def test_a_bomb_never_fills_the_memory(tmp_path):
    """One megabyte that unpacks to a gigabyte, in a process that may have no gigabyte."""
    packed = tmp_path / "bomb.gz"
    packed.write_bytes(bomb(1) * 16)
    program = f"""
import resource, pathlib, threading
from http.server import BaseHTTPRequestHandler, HTTPServer
from tasks.sources.client import HttpClient
from tasks.sources.transport import live_transport, session_with
body = pathlib.Path({str(packed)!r}).read_bytes()
class Bomb(BaseHTTPRequestHandler):
    def do_GET(self):
        self.send_response(200)
        self.send_header("Content-Encoding", "gzip")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)
    def log_message(self, *args): pass
server = HTTPServer(("127.0.0.1", 0), Bomb)
threading.Thread(target=server.serve_forever, daemon=True).start()
session = session_with(live_transport()); session.trust_env = False
before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
try:
    HttpClient(session, "live", user_agent="x").get(f"http://127.0.0.1:{{server.server_port}}/x.json", "VIX")
except Exception as error:
    print(type(error).__name__, resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before)
"""
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, timeout=60, check=True)
    error, grown_kb = done.stdout.split()
    assert error == "SkippableError"
    assert int(grown_kb) < 450 * 1024, "the limit is 256 MB"


@pytest.mark.parametrize("header", [
    {MISSING_HEADER: "no JSON"}, {MISSING_HEADER: "[" * 10_000}, {MISSING_HEADER: json.dumps("said a stranger")},
])  # fmt: skip
def test_a_live_server_cannot_speak_for_a_recording(header, httpserver, client):
    httpserver.expect_request("/x").respond_with_data("", 404, headers=header)
    with pytest.raises(SkippableError, match="answered 404") as refusal:
        client.get(httpserver.url_for("/x"), "VIX")
    assert "stranger" not in str(refusal.value)


def test_a_live_server_cannot_tell_our_clock(httpserver, client):
    httpserver.expect_request("/x").respond_with_data("{}", headers={FETCHED_AT_HEADER: "2001-01-01T00:00:00"})
    assert client.get(httpserver.url_for("/x"), "VIX").fetched_at_utc.year > 2001


def test_what_a_server_says_is_quoted_short(httpserver, client):
    httpserver.expect_request("/x").respond_with_data(
        "", 302, headers={"Location": "https://evil.example/" + "e" * 30_000}
    )
    with pytest.raises(SkippableError) as refusal:
        client.get(httpserver.url_for("/x"), "VIX")
    assert len(str(refusal.value)) < 3000


# In a recorded folder


def recording(tmp_path, body: bytes, url: str):
    path = tmp_path / str(DAY) / f"{url.split('://')[1]}.gz"
    path.parent.mkdir(parents=True)
    path.write_bytes(body)
    return path


def replay(tmp_path) -> HttpClient:
    transport = RecordedTransport(tmp_path, DAY)
    return HttpClient(session_with(transport), transport.source_mode, user_agent="test")


def test_a_bomb_in_a_recording_is_unpacked_no_further_than_the_limit(tmp_path, monkeypatch):
    for module in (client_module, transport_module):
        monkeypatch.setattr(module, "MAX_BODY_BYTES", 4 << 20)
    url = cboe.chain_url("_VIX")
    recording(tmp_path, bomb(1), url)
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    with pytest.raises(SkippableError, match="expected at most 4 MB, found more"):
        replay(tmp_path).get(url, "VIX")
    assert resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before < 48 * 1024


@pytest.mark.parametrize("misses", ["5", "[[1]]", "[" * 100_000, "null"])
def test_a_hostile_list_of_misses_is_named(tmp_path, misses):
    recording(tmp_path, gzip.compress(b"{}"), cboe.chain_url("_VIX"))
    (tmp_path / str(DAY) / "misses.json").write_text(misses)
    with pytest.raises(FatalError, match=r"misses\.json.*remove it"):
        RecordedTransport(tmp_path, DAY)


def test_a_reason_in_a_recording_may_be_anything(tmp_path):
    url = cboe.chain_url("_VIX")
    recording(tmp_path, gzip.compress(b"{}"), url)
    (tmp_path / str(DAY) / "misses.json").write_text(json.dumps({cboe.chain_url("_SPX"): {"no": "text"}}))
    with pytest.raises(SkippableError, match="no"):
        replay(tmp_path).get(cboe.chain_url("_SPX"), "SPX")


@pytest.mark.parametrize("symbol", ["../../../../../etc/passwd", "..%2f..%2f..%2fetc", "/etc/passwd", "a/../../../x"])
def test_a_symbol_leads_nowhere_else(tmp_path, symbol):
    """A universe file is the operator's, and may be mistyped or made by somebody else."""
    url = cboe.chain_url(symbol)
    recording(tmp_path, gzip.compress(b"{}"), cboe.chain_url("_VIX"))
    with pytest.raises(SkippableError):
        replay(tmp_path).get(url, "X")
    path = RawArchive(str(tmp_path / "raw"), "live", DAY).path_of(url)
    assert path.startswith(f"source_mode=live/{DAY}/")
    assert ".." not in path.split("/")


def test_a_recording_of_our_own_server_answers(tmp_path):
    """The refusals above are not refusals of everything."""
    url = cboe.chain_url("_VIX")
    recording(tmp_path, gzip.compress(chain()), url)
    assert replay(tmp_path).get(url, "VIX").body == chain()
