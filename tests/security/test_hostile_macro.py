"""Macro files made to hurt: refused in seconds, as one file's loss. And the key of FRED, which nobody may see."""

import contextlib
import json
import logging
import time
from datetime import UTC, date, datetime

import pytest
from hypothesis import given, settings
from hypothesis.strategies import data, integers, sampled_from
from pydantic import SecretStr

from alvh_core.errors import RetriableError, SkippableError
from alvh_core.market import macro_files
from alvh_core.universe import DEFAULT_UNIVERSE
from tasks.sources.catalogue import SOURCES, PayloadRequest, check_payload
from tasks.sources.client import HttpClient, Payload
from tasks.sources.documents import MAX_BYTES
from tasks.sources.fred import KEY as ASKED
from tasks.sources.keys import HostKey
from tasks.sources.source import Wanted
from tasks.sources.transport import live_transport, session_with

DAY = date(2026, 7, 16)
PATIENCE_SECONDS = 5.0  # of the processor
DIGITS = b"9" * 1_000_000
EVENT = b"BEGIN:VEVENT\r\nDTSTART;TZID=US-Eastern:20260911T083000\r\nSUMMARY:Consumer Price Index\r\nEND:VEVENT\r\n"
MEETING = b'{"title":"FOMC Meeting","time":"2:00 p.m.","month":"2026-10","days":"27-28"}'
OBSERVATION = b'{"realtime_start":"2026-05-01","realtime_end":"2026-07-16","date":"2026-01-01","value":"1.5"}'
MONTH = b'<div class="fomc-meeting__month">May</div>'


def ics(events=EVENT):
    return b"BEGIN:VCALENDAR\r\n" + events + b"END:VCALENDAR\r\n"


def fed(events=MEETING):
    return b'\xef\xbb\xbf{"events":[' + events + b"]}"


def api(rows=OBSERVATION, head=b""):
    return b'{"realtime_end":"2026-07-16",' + head + b'"observations":[' + rows + b"]}"


def feed(properties):
    return b"<feed>" + properties + b"</feed>"


HOSTILE = {
    "objects without end": ("FED", b'{"events":' + b'{"a":' * 1_000_000 + b"1" + b"}" * 1_000_001),
    "meetings without end": ("FED", fed(MEETING + b"," + MEETING * 1 + (b"," + MEETING) * 60_000)),
    "meetings in one field": ("FED", fed(MEETING.replace(b"27-28", b"1," * 1_900_000))),
    "a day of a million digits": ("FED", fed(MEETING.replace(b"27-28", DIGITS))),
    "a year of a million digits": ("FED", fed(MEETING.replace(b"2026", DIGITS))),
    "a title twice": ("FED", fed(MEETING[:-1] + b',"title":"FOMC Meeting"}')),
    "a page of openings": ("FED", b"<html>" + b'<div class="fomc-meeting__month">' * 120_000),
    "a page of brackets": ("FED", b"<html>" + b"<div " * 800_000),
    "a page of months": ("FED", b"<html>2026 FOMC Meetings" + MONTH * 90_000),
    "a calendar of megabytes": ("BLS", ics(EVENT * (MAX_BYTES // len(EVENT) + 1))),
    "a calendar of folds": ("BLS", ics(b"BEGIN:VEVENT\r\nSUMMARY:" + b"\r\n " * 1_300_000 + b"\r\nEND:VEVENT\r\n")),
    "events that never end": ("BLS", ics(b"BEGIN:VEVENT" * 340_000)),
    "a date of a million digits": ("BLS", ics(EVENT.replace(b"20260911T083000", DIGITS))),
    "a zone of a megabyte": ("BLS", ics(EVENT.replace(b"US-Eastern", DIGITS))),
    "a calendar that is no text": ("BLS", ics(b"\xff\xfe\x00")),
    "releases of null": ("BLS", b'{"release_dates":[' + b"null," * 800_000 + b"null]}"),
    "dates of null": ("BEA", b'{"Gross Domestic Product":{"release_dates":[' + b"null," * 800_000 + b"null]}}"),
    "a time of a megabyte": ("BEA", b'{"Gross Domestic Product":{"release_dates":["' + DIGITS + b'"]}}'),
    "rows of null": ("GDPC1", api(b"null," * 800_000 + b"null")),
    "a value of a million digits": ("GDPC1", api(OBSERVATION.replace(b"1.5", b"1e" + DIGITS))),
    "a value that is a list": ("GDPC1", api(OBSERVATION.replace(b'"1.5"', b"[[1]]"))),
    "a value that is not finite": ("GDPC1", api(OBSERVATION.replace(b"1.5", b"-Infinity"))),
    "a vintage of the year 99999": ("GDPC1", api(OBSERVATION.replace(b"2026-05", b"99999-05"))),
    "a count of a million digits": ("GDPC1", api(head=b'"count":' + DIGITS + b",")),
    "columns without end": ("GDPC1", b"observation_date" + b",GDPC1" * 100_000 + b"\n2026-01-01,1\n"),
    "rows without end": ("GDPC1", b"observation_date,GDPC1\n" + b"2026-01-01,1\n" * 400_000),
    "a date of the year 0": ("GDPC1", b"observation_date,GDPC1\n0000-00-00,1\n"),
    "a feed of tenors": ("UST2026", feed(b"<d:NEW_DATE>2026-08-21</d:NEW_DATE>" + b"".join(
        b"<d:BC_%d_%dMONTH>1</d:" % (n // 10, n % 10) for n in range(1000)))),
    "a feed of dates": ("UST2026", feed(b"<d:NEW_DATE>nineteen ninety</d:NEW_DATE><d:BC_1MONTH>1</d:" * 40_000)),
    "a feed of openings": ("UST2026", feed(b"<d:BC_1MONTH " * 300_000)),
    "a feed that expands": ("UST2026", b'<!DOCTYPE x [<!ENTITY a "aaaa">]>' + feed(b"&a;" * 100_000)),
}  # fmt: skip


SPEAKING = {"FED": "fed_json", "BLS": "bls_ics", "BEA": "bea_json", "GDPC1": "fred_vintages", "UST2026": "treasury_csv"}


def source_for(symbol, body):
    is_fallback = symbol == "BLS" and body.startswith(b"{")
    return SOURCES["fred_releases" if is_fallback else SPEAKING[symbol]]


@pytest.mark.parametrize("name", HOSTILE)
def test_a_hostile_body_is_one_files_loss(name):
    symbol, body = HOSTILE[name]
    started = time.process_time()
    with pytest.raises((SkippableError, RetriableError)) as refusal:
        source_for(symbol, body).read(body, symbol, "u")
    assert time.process_time() - started < PATIENCE_SECONDS
    assert len(str(refusal.value)) < 3000


HONEST = {
    "FED": fed(MEETING + b"," + MEETING.replace(b"10", b"12").replace(b"27-28", b"8-9")), "BLS": ics(EVENT + EVENT),
    "BEA": macro_files.bea_bytes(DAY), "GDPC1": api(OBSERVATION + b"," + OBSERVATION),
    "UST2026": feed(b'<d:NEW_DATE m:type="x">2026-08-21T00:00:00</d:NEW_DATE><d:BC_1MONTH>3.71</d:BC_1MONTH>'),
}  # fmt: skip
TOKENS = [b"null", b"[", b"]", b"{", b"}", b'"', b",", b":", b"NaN", b"1e999", b"-1", b"\\ud800", b"\xff", b"\x00",
          b"\r\n ", b"\n", b"true", b"9" * 400, b"", b"<div>", b"2026-07-16", b"0000-00-00", b"events", b"FOMC Meeting",
          b";TZID=", b"BEGIN:VEVENT", b"release_dates", b"days"]  # fmt: skip


@pytest.mark.parametrize("symbol", HONEST)
def test_an_honest_body_passes(symbol):
    assert len(source_for(symbol, HONEST[symbol]).read(HONEST[symbol], symbol, "u"))


@given(symbol=sampled_from(sorted(HONEST)), data=data())
@settings(max_examples=400)
def test_whatever_is_put_into_a_body_only_our_errors_come_out(symbol, data, calendar):
    body = HONEST[symbol]
    for _ in range(data.draw(integers(1, 3))):
        start = data.draw(integers(0, len(body)))
        body = body[:start] + data.draw(sampled_from(TOKENS)) + body[start + data.draw(integers(0, 12)) :]
    source = SOURCES[SPEAKING[symbol]]
    [url] = source.addresses(Wanted(symbol=symbol, asset=None, trade_date=DAY), {})
    payload = Payload(url=url, http_status=200, body=body, etag=None, last_modified=None, source_mode="live",
                      fetched_at_utc=datetime(2026, 7, 17, tzinfo=UTC))  # fmt: skip
    request = PayloadRequest(dataset=source.dataset, symbol=symbol, url=url)
    with contextlib.suppress(SkippableError, RetriableError):
        check_payload(request, payload, DEFAULT_UNIVERSE, calendar.session(DAY), calendar)


# The key

KEY = "planted/secret+key"


LOCK = HostKey(ASKED, SecretStr(KEY))


@pytest.fixture
def keyed(httpserver):
    session = session_with(live_transport())
    session.trust_env = False
    client = HttpClient(
        session,
        "live",
        user_agent="desk@example.com",
        keys={f"localhost:{port}": LOCK for port in (httpserver.port, 1)},
    )
    yield client
    client.close()


def spellings(text):
    return [spelled for spelled in (KEY, "planted%2Fsecret%2Bkey", "planted%2fsecret%2bkey") if spelled in text]


def test_the_key_goes_over_the_wire_and_stands_in_no_address(httpserver, keyed, caplog):
    caplog.set_level(logging.DEBUG)
    httpserver.expect_request("/fred/x", query_string={"series_id": "A", "api_key": KEY}).respond_with_data("{}")
    payload = keyed.get(httpserver.url_for("/fred/x?series_id=A"), "A")
    assert payload.body == b"{}"
    assert not spellings(payload.url)
    assert "series_id=A" in caplog.text, "urllib3 did log the address"
    assert not spellings(caplog.text)


@pytest.mark.parametrize("answer", ["status", "redirect", "nothing"])
def test_an_error_does_not_tell_the_key(answer, httpserver, keyed, caplog):
    caplog.set_level(logging.DEBUG)
    url = httpserver.url_for("/fred/x?series_id=A")
    if answer == "status":
        httpserver.expect_request("/fred/x").respond_with_data("no", 400)
    elif answer == "redirect":
        headers = {"Location": f"https://evil.example/?api_key={KEY}"}
        httpserver.expect_request("/fred/x").respond_with_data("", 302, headers=headers)
    else:
        url = "http://localhost:1/fred/x?series_id=A"
    with pytest.raises((SkippableError, RetriableError)) as failed:
        keyed.get(url, "A")
    chain, error = [], failed.value
    while error is not None:  # what a traceback would print
        chain.append(str(error))
        error = error.__cause__ or (None if error.__suppress_context__ else error.__context__)
    assert "A: " in chain[0]
    assert not spellings(" ".join(chain) + caplog.text)


def test_the_key_goes_to_its_own_host_only(httpserver):
    session = session_with(live_transport())
    session.trust_env = False
    client = HttpClient(session, "live", user_agent="x", keys={"api.stlouisfed.org": LOCK})
    httpserver.expect_request("/x").respond_with_handler(_query)
    assert client.get(httpserver.url_for("/x"), "A").body == b""
    client.close()


def _query(request):
    from werkzeug import Response

    return Response(request.query_string)


def test_without_a_key_its_host_is_not_asked():
    client = HttpClient(session_with(live_transport()), "live", user_agent="x",
                        keys={"api.stlouisfed.org": HostKey(ASKED, None)})  # fmt: skip
    with pytest.raises(SkippableError, match="ALVH_FRED_API_KEY is not set"):
        client.get("https://api.stlouisfed.org/fred/x", "A")
    client.close()


def test_a_key_is_not_shown():
    client = HttpClient(session_with(live_transport()), "live", user_agent="x", keys={"h": LOCK})
    assert not spellings(repr(vars(client)) + json.dumps(str(client._keys)))
    client.close()
