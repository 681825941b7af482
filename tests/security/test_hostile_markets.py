"""Files of futures, dividends and closes made to hurt: refused in seconds, as one file's loss."""

import time
from datetime import date

import pytest
from hypothesis import given, settings
from hypothesis.strategies import binary, integers, sampled_from

from alvh_core.errors import RetriableError, SkippableError
from tasks.sources import cfe, massive_stocks, tiingo
from tasks.sources.documents import MAX_BYTES
from tasks.sources.limits import MAX_CSV_BYTES

PATIENCE_SECONDS = 5.0  # of the processor
DIGITS = b"9" * 1_000_000
EVENING = b"Product,Symbol,Expiration Date,Price\nVX,VX/U6,2026-09-16,18.6750\n"
HISTORY = (b"Trade Date,Futures,Open,High,Low,Close,Settle,Change,Total Volume,EFP,Open Interest\n"
           b"2026-07-15,U (Sep 2026),18.9,19.25,18.6,18.85,18.825,-0.175,61204,0,142077\n")  # fmt: skip
PRICES = (b'[{"date":"2026-07-14T00:00:00.000Z","close":1.0,"high":1.0,"low":1.0,"open":1.0,"volume":1,"divCash":0.1,'
          b'"splitFactor":1.0}]')  # fmt: skip
CLOSES = b'{"adjusted":true,"status":"OK","results":[{"T":"A","c":1.0}]}'
MEMBERS = b'{"status":"OK","results":[{"ticker":"A","primary_exchange":"XNYS","type":"CS"}]}'
READ = {
    "evening": (cfe.parse_evening, EVENING), "history": (cfe.parse_history, HISTORY),
    "bars": (tiingo.parse_bars, PRICES), "actions": (tiingo.parse_actions, PRICES),
    "grouped": (massive_stocks.parse_grouped, CLOSES), "members": (massive_stocks.parse_reference, MEMBERS),
}  # fmt: skip
HOSTILE = {
    "settlements of megabytes": ("evening", EVENING + EVENING[37:] * (MAX_CSV_BYTES // 20)),
    "columns without end": ("evening", EVENING[:36] + b",x" * 100_000 + b"\n"),
    "a price of a million digits": ("evening", EVENING.replace(b"18.6750", DIGITS)),
    "an expiry of a million digits": ("evening", EVENING.replace(b"2026-09-16", DIGITS)),
    "an expiry beyond time": ("evening", EVENING.replace(b"2026-09-16", b"9999-99-99")),
    "a contract of a million digits": ("history", HISTORY.replace(b"U (Sep 2026)", DIGITS)),
    "a column that only begins as ours": ("history", HISTORY.replace(b"Volume", b"Volumes")),
    "a month that is none": ("history", HISTORY.replace(b"Sep 2026", b"Xyz 2026")),
    "no text": ("history", b"\xff\xfe" + HISTORY),
    "a quote that never ends": ("history", HISTORY + b'"2026-07-16,U (Sep 2026),1,1,1,1,1,1,1,1,1\n'),
    "a list of megabytes": ("bars", PRICES[:-1] + b"," + PRICES[1:-1] * (MAX_BYTES // len(PRICES) + 1) + b"]"),
    "lists without end": ("bars", b"[" * 1_000_000 + b"]" * 1_000_000),
    "days of null": ("actions", b"[" + b"null," * 700_000 + b"null]"),
    "a number of a million digits": ("bars", PRICES.replace(b'"close":1.0', b'"close":' + DIGITS)),
    "a day twice in one row": ("bars", PRICES.replace(b'"open"', b'"close"')),
    "a date that is none": ("actions", PRICES.replace(b"2026-07-14", b"2026-99-99")),
    "results of null": ("grouped", CLOSES.replace(b'{"T":"A","c":1.0}', b"null," * 700_000 + b"null")),
    "a ticker of a megabyte": ("grouped", CLOSES.replace(b'"A"', b'"' + b"A" * 1_000_000 + b'"')),
    "closes twice": ("grouped", CLOSES[:-1] + b',"results":[]}'),
    "members that are numbers": ("members", MEMBERS.replace(b'"A"', b"7")),
    "pages in pages": ("members", b'{"pages":[' * 200_000 + b"]}" * 200_000),
}


@pytest.mark.parametrize("name", HOSTILE)
def test_it_is_refused_soon(name):
    kind, body = HOSTILE[name]
    start = time.process_time()
    with pytest.raises((SkippableError, RetriableError), match="X: https://h/x") as refusal:
        READ[kind][0](body, "X", "https://h/x")
    assert time.process_time() - start < PATIENCE_SECONDS
    assert len(str(refusal.value)) < 1000


@pytest.mark.parametrize("kind", READ)
def test_the_bodies_they_are_made_from_are_read(kind):
    read, body = READ[kind]
    assert len(read(body, "XNYS", "https://h/x")) == 1


@pytest.mark.parametrize("text", [b"NaN", b"Infinity", b"1e999", b"-1e999"])
def test_a_number_that_is_none_is_never_a_price(text):
    body = PRICES.replace(b'"close":1.0', b'"close":' + text)
    assert tiingo.parse_bars(body, "X", "u")["close_usd"].isna().all()
    found = cfe.parse_evening(EVENING.replace(b"18.6750", text), "VX", "u?dt=2026-07-16")
    assert found["settle_vol_points"].isna().all()
    assert massive_stocks.parse_grouped(CLOSES.replace(b'"c":1.0', b'"c":' + text), "X", "u").empty


@settings(max_examples=150)
@given(kind=sampled_from(sorted(READ)), at=integers(0, 200), junk=binary(max_size=8))
def test_a_damaged_body_is_read_or_refused_and_never_a_fault_of_ours(kind, at, junk):
    read, body = READ[kind]
    place = at % len(body)
    for damaged in (body[:place] + junk + body[place:], body[:place] + junk + body[place + len(junk) :]):
        try:
            found = read(damaged, "XNYS", f"https://h/x?dt={date(2026, 7, 16)}")
        except (SkippableError, RetriableError):
            continue
        assert len(found) <= 3
