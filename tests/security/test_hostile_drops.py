"""Files that somebody else has made: whatever is in them, one file is lost with a short reason, and soon."""

import json
import time
from datetime import date
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis.strategies import binary, integers, sampled_from
from prefect.logging import disable_run_logger

from alvh_core.universe import DEFAULT_UNIVERSE
from tasks.receive import Desk, receive
from tasks.sources.limits import MAX_CONTRACTS, MAX_JSON_VALUES

SAMPLES = sorted((Path(__file__).parents[1] / "contract" / "data" / "filedrops").iterdir())
BODIES = {path.stem: path.read_bytes() for path in SAMPLES}
HEADER, ROW = BODIES["datashop"].splitlines()[:2]
PATIENCE_SECONDS = 20.0  # of the processor; each takes a second or two


def nested(depth=1_000_000):
    return (
        b'{"symbol":"VIX","status":"SUCCESS","putExpDateMap":{},"callExpDateMap":' + b"[" * depth + b"]" * depth + b"}"
    )


def chain(contract):
    document = {"symbol": "VIX", "status": "SUCCESS", "callExpDateMap": {"x": {"1": contract}}, "putExpDateMap": {}}
    return json.dumps(document).encode()


HOSTILE = {
    "lists without end": nested(),
    "millions of values": b'{"symbol":1,"status":2,"callExpDateMap":[0' + b",0" * MAX_JSON_VALUES + b"]}",
    "contracts that are words": chain(["word"]),
    "contracts that are numbers": chain([1, 2]),
    "contracts that are lists of pairs": chain([[["symbol", "x"]]]),
    "a time without bound": BODIES["schwab"].replace(b'"quoteTimeInLong": ', b'"quoteTimeInLong": ' + b"9" * 300),
    "a time that is none": BODIES["schwab"].replace(b'"quoteTimeInLong": ', b'"quoteTimeInLong": -9'),
    "a key twice": BODIES["schwab"].replace(b'"status"', b'"symbol": "SPX",\n "status"'),
    "fifty thousand columns": HEADER + b",x" * 50_000 + b"\n" + ROW + b",1" * 50_000 + b"\n",
    "a field of megabytes": HEADER + b"\n" + ROW.replace(b"^VIX", b"V" * 4_000_000) + b"\n",
    "a quote that never closes": HEADER + b"\n" + (b'"' + ROW + b"\n") * 3,
    "a row of more fields": HEADER + b"\n" + ROW + b",1,2,3\n",
    "no UTF-8": HEADER + b"\n" + ROW.replace(b"^VIX", b"\xff\xfe") + b"\n",
    "null bytes": HEADER + b"\n" + ROW.replace(b"^VIX", b"\0\0") + b"\n",
    "more contracts than any chain": HEADER + b"\n" + (ROW + b"\n") * (MAX_CONTRACTS + 1),
    "a header twice the same": HEADER.replace(b"root", b"strike") + b"\n" + ROW + b"\n",
    "a symbol that is a path": HEADER + b"\n" + ROW.replace(b"^VIX", b"../../etc") + b"\n",
    "a year without bound": HEADER + b"\n" + ROW.replace(b"2026-08-21", b"99999999-08-21") + b"\n",
    "a day of the year 9999": HEADER + b"\n" + ROW.replace(b"2026-08-21", b"9999-12-31") + b"\n",
    "Parquet that is none": b"PAR1" + b"\0" * 1000 + b"PAR1",
    "Parquet with a broken footer": BODIES["own_lake"][:-40] + b"\xff" * 40,
    "Parquet with a name that is no text": BODIES["own_lake"].replace(b"underlying", b"\x80nderlying"),
    "nothing": b"",
    "blank lines": b"\n" * 1_000_000,
    "a page": b"<!DOCTYPE html><html>Just a moment...</html>",
    "a locked zip": b"PK\x03\x04\x14\x00\x01\x00" + b"\0" * 100,
}  # fmt: skip


@pytest.fixture
def take(calendar, tmp_path):
    folder = tmp_path
    desk = Desk(universe=DEFAULT_UNIVERSE, calendar=calendar, raw_root=folder / "raw")

    def run(body):
        (folder / "drop").write_bytes(body)
        with disable_run_logger():
            return receive.fn(desk, folder / "drop"), folder

    return run


@pytest.mark.parametrize("name", HOSTILE)
def test_a_hostile_file_is_one_files_loss(name, take):
    started = time.process_time()
    found, folder = take(HOSTILE[name])
    assert time.process_time() - started < PATIENCE_SECONDS
    assert {one.outcome for one in found} <= {"REFUSED", "LEFT OUT"}
    assert found
    assert all(0 < len(one.reason) < 3000 for one in found)
    assert not list(folder.glob("raw/source_mode=*"))


@settings(max_examples=150, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(name=sampled_from(sorted(BODIES)), at=integers(0, 10_000), noise=binary(min_size=1, max_size=12))
def test_no_noise_in_a_file_crashes(name, at, noise, take):
    body = BODIES[name]
    at %= len(body)
    found, _ = take(body[:at] + noise + body[at + len(noise) :])
    for one in found:
        assert one.outcome in {"LANDED", "KNOWN", "REFUSED", "LEFT OUT"}
        assert one.session is None or isinstance(one.session, date)
