"""Company facts made to hurt: refused in seconds, as one company's loss."""

import contextlib
import time

import pytest
from hypothesis import given, settings
from hypothesis.strategies import data, integers, sampled_from

from alvh_core.errors import RetriableError, SkippableError
from tasks.sources import sec

PATIENCE_SECONDS = 5.0  # of the processor
DIGITS = b"9" * 1_000_000
FACT = (b'{"start":"2025-01-01","end":"2025-12-31","val":4.1,"accn":"x","fy":2025,"fp":"FY","form":"10-K",'
        b'"filed":"2026-02-20"}')  # fmt: skip


def company(facts=FACT, tag=b"EarningsPerShareDiluted"):
    return (b'{"cik":21344,"facts":{"dei":{},"us-gaap":{"' + tag + b'":{"units":{"USD/shares":[' + facts +
            b"]}}}}}")  # fmt: skip


HOSTILE = {
    "facts of null": company(b"null," * 2_000_000 + b"null"),
    "facts without end": company(FACT + (b"," + FACT) * 60_000),
    "objects without end": b'{"facts":' + b'{"a":' * 500_000 + b"1" + b"}" * 500_001,
    "more values than any company": company(b"1," * 3_000_001 + b"1"),
    "a tag twice": company()[:-3] + b',"EarningsPerShareDiluted":{"units":{}}}}}',
    "a number of a million digits": company(FACT.replace(b"4.1", DIGITS)),
    "a date of a million digits": company(FACT.replace(b"2026-02-20", DIGITS)),
    "a company of a million digits": company().replace(b"21344", DIGITS),
    "a year 99999": company(FACT.replace(b"2026-02", b"99999-02")),
    "a period of null": company(FACT.replace(b'"2025-12-31"', b"null")),
    "a value that is not finite": company(FACT.replace(b"4.1", b"-Infinity")),
    "more bytes than any company": company(b" " * (sec.MAX_BYTES + 1)),
}


@pytest.mark.parametrize("name", HOSTILE)
def test_a_hostile_body_is_one_companys_loss(name):
    started = time.process_time()
    with pytest.raises((SkippableError, RetriableError)) as refusal:
        sec.parse_facts(HOSTILE[name], "KO", "u")
    assert time.process_time() - started < PATIENCE_SECONDS
    assert len(str(refusal.value)) < 3000


TOKENS = [b"null", b"[", b"]", b"{", b"}", b'"', b",", b":", b"NaN", b"1e999", b"-1", b"\\ud800", b"\xff", b"\x00",
          b"true", b"9" * 400, b"", b"2026-07-16", b"0000-00-00", b"units", b"us-gaap"]  # fmt: skip


@given(data=data())
@settings(max_examples=300)
def test_whatever_is_put_into_a_body_only_our_errors_come_out(data):
    body = company(FACT + b"," + FACT)
    for _ in range(data.draw(integers(1, 3))):
        start = data.draw(integers(0, len(body)))
        body = body[:start] + data.draw(sampled_from(TOKENS)) + body[start + data.draw(integers(0, 12)) :]
    with contextlib.suppress(SkippableError, RetriableError):
        sec.parse_facts(body, "KO", "u")


def test_an_honest_body_passes():
    assert len(sec.parse_facts(company(), "KO", "u")) == 1
