"""Transports: recordings are found and never left, our own archive keeps its label, the simulated market answers."""

import gzip
import hashlib
import json
from datetime import UTC, date, datetime

import pytest

from alvh_core.errors import AbsentNightError, ContractError, FatalError, SkippableError
from alvh_core.market.simulated import SimulatedMarket
from alvh_core.universe import DEFAULT_UNIVERSE
from tasks.lake.raw import RawArchive
from tasks.sources import cboe, treasury
from tasks.sources.catalogue import PUBLISHERS, night_requests, source_of
from tasks.sources.client import HttpClient
from tasks.sources.exchange import early_closes
from tasks.sources.source import CHAIN
from tasks.sources.transport import RecordedTransport, SimulatedTransport, session_with

DAY = date(2026, 7, 16)
URL = cboe.chain_url("_VIX")


def client_of(transport):
    return HttpClient(session_with(transport), transport.source_mode, user_agent="test")


def record(root, url, body, *, folder=str(DAY), ending=".gz"):
    path = root / folder / f"{url.split('://')[1].split('?')[0]}{ending}"
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(gzip.compress(body))
    return path


# Recorded


def test_the_session_comes_before_the_histories(tmp_path):
    bars = cboe.bars_url("XLF")
    record(tmp_path, URL, b"tonight")
    record(tmp_path, URL, b"some night", folder="histories")
    record(tmp_path, bars, b"bars", folder="histories")
    client = client_of(RecordedTransport(tmp_path, DAY))
    payload = client.get(URL, "VIX")
    assert (payload.body, payload.source_mode, payload.url) == (b"tonight", "recorded", URL)
    assert client.get(bars, "XLF").body == b"bars"


def test_the_treasury_file_has_an_ending_its_address_has_not(tmp_path):
    record(tmp_path, URL, b"x")
    record(tmp_path, treasury.curve_url(2026), b"curve", folder="histories", ending=".csv.gz")
    assert client_of(RecordedTransport(tmp_path, DAY)).get(treasury.curve_url(2026), "UST2026").body == b"curve"


def test_what_was_not_recorded_is_lost(tmp_path):
    record(tmp_path, URL, b"x")
    with pytest.raises(SkippableError, match=r"SPX: https.*_SPX\.json answered 404 \(not in the recording\)"):
        client_of(RecordedTransport(tmp_path, DAY)).get(cboe.chain_url("_SPX"), "SPX")


@pytest.mark.parametrize("path", [
    "/../../../secret", "/a/../../../secret", "/%2e%2e/%2e%2e/%2e%2e/secret", "//../../../../secret",
    "/..%2f..%2f..%2fsecret",
])  # fmt: skip
def test_a_recording_is_never_left(tmp_path, path):
    root = tmp_path / "recorded"
    record(root, URL, b"x")
    for folder in (tmp_path, root, root / str(DAY).replace("16", "17")):
        folder.mkdir(exist_ok=True)
        (folder / "secret.gz").write_bytes(gzip.compress(b"secret"))
    transport = RecordedTransport(root, DAY)
    assert transport.answer(f"https://cdn-api.cboe.com{path}")[0] == 404
    with pytest.raises(SkippableError):
        client_of(transport).get(f"https://cdn-api.cboe.com{path}", "X")


def test_an_unknown_session_tells_where_those_are_that_there_are(tmp_path):
    record(tmp_path, URL, b"x")
    record(tmp_path, URL, b"x", folder="source_mode=live/2026-07-17")
    record(tmp_path, URL, b"x", folder="source_mode=live/2026-07-22")
    held = rf"in {tmp_path}, found 3 sessions, 2026-07-16 to source_mode=live/2026-07-22; nearest: "
    for day, near in (("15", "2026-07-16"), ("20", "source_mode=live/2026-07-17 and source_mode=live/2026-07-22"),
                      ("23", "source_mode=live/2026-07-22")):  # fmt: skip
        with pytest.raises(AbsentNightError, match=rf"session 2026-07-{day} {held}{near}$"):
            RecordedTransport(tmp_path, date(2026, 7, int(day)))
    (tmp_path / "empty").mkdir()
    with pytest.raises(SkippableError, match="found no sessions"):
        RecordedTransport(tmp_path / "empty", DAY)


def test_a_session_held_twice_must_be_named(tmp_path):
    for mode in ("live", "simulated"):
        record(tmp_path, URL, mode.encode(), folder=f"source_mode={mode}/{DAY}")
    with pytest.raises(FatalError, match=r"more than once: source_mode=live, source_mode=simulated; name one"):
        RecordedTransport(tmp_path, DAY)
    assert client_of(RecordedTransport(tmp_path / "source_mode=live", DAY)).get(URL, "VIX").body == b"live"


@pytest.mark.parametrize("damage", [
    pytest.param(lambda data: data[: len(data) // 2], id="cut"), pytest.param(lambda _: b"plain", id="not-gzip"),
    pytest.param(lambda data: data[:12] + bytes([data[12] ^ 255]) + data[13:], id="bit-rot"),
])  # fmt: skip
def test_a_damaged_recording_loses_its_symbol_only(tmp_path, damage):
    path = record(tmp_path, URL, b'{"a": 1}' * 50)
    path.write_bytes(damage(path.read_bytes()))
    with pytest.raises(SkippableError, match=r"VIX: .*damaged recording .*_VIX\.json\.gz"):
        client_of(RecordedTransport(tmp_path, DAY)).get(URL, "VIX")


def archived(root, body=b'{"a": 1}', mode="simulated", url=URL):
    payload = {"dataset": CHAIN, "symbol": "VIX", "url": url, "source_mode": mode, "http_status": 200, "etag": '"e"',
               "last_modified": "then", "fetched_at_utc": "2026-07-16T22:31:05.123456+00:00",
               "payload_sha256": hashlib.sha256(body).hexdigest()}  # fmt: skip
    archive = RawArchive(root, mode, DAY)
    archive.put(body, **payload)
    return archive


def test_our_own_archive_replays_with_its_label_and_its_clock(tmp_path):
    archived(tmp_path)
    transport = RecordedTransport(tmp_path, DAY)
    payload = client_of(transport).get(URL, "VIX")
    assert transport.source_mode == payload.source_mode == "simulated", "simulated stays simulated"
    assert (payload.body, payload.etag, payload.last_modified) == (b'{"a": 1}', '"e"', "then")
    assert payload.fetched_at_utc == datetime(2026, 7, 16, 22, 31, 5, 123456, tzinfo=UTC)


def test_a_body_that_our_archive_had_not_finished_is_not_replayed(tmp_path):
    archive = archived(tmp_path)
    other = cboe.chain_url("_SPX")
    path = tmp_path / archived(tmp_path, url=other).path_of(other)
    path.with_name(path.name + ".meta").unlink()
    assert archive.find(other) is None
    with pytest.raises(SkippableError, match="not in the recording"):
        client_of(RecordedTransport(tmp_path, DAY)).get(other, "SPX")


@pytest.mark.parametrize("text", ["", "{", "[1]", "{}", "null"])
def test_a_damaged_sidecar_says_which(tmp_path, text):
    path = tmp_path / archived(tmp_path).path_of(URL)
    sidecar = path.with_name(path.name + ".meta")
    sidecar.write_text(text)
    with pytest.raises(FatalError, match=r"origin of an archived body in .*_VIX\.json\.gz\.meta"):
        RecordedTransport(tmp_path, DAY)


def test_a_clock_in_a_sidecar_that_is_none_is_now(tmp_path):
    path = tmp_path / archived(tmp_path).path_of(URL)
    sidecar = path.with_name(path.name + ".meta")
    sidecar.write_text(json.dumps(json.loads(sidecar.read_text()) | {"fetched_at_utc": "yesterday"}))
    payload = client_of(RecordedTransport(tmp_path, DAY)).get(URL, "VIX")
    assert (datetime.now(UTC) - payload.fetched_at_utc).total_seconds() < 60


def test_the_recorded_nights_answer_a_nights_requests(recorded_root):
    transport = RecordedTransport(recorded_root, DAY)
    client = client_of(transport)
    landed = set()
    for request in night_requests(DEFAULT_UNIVERSE, DAY):
        try:
            landed.add((request.dataset, client.get(request.url, request.symbol).http_status, request.symbol))
        except SkippableError:
            continue
    assert {("option_chain", 200, s) for s in ("VIX", "SPX", "SPY", "XLF")} <= landed
    assert {("index_history", 200, "VIX"), ("treasury_curve", 200, "UST2026"), ("daily_bars", 200, "SPX")} <= landed


# Simulated


@pytest.fixture(scope="module")
def market(calendar):
    return SimulatedMarket(DEFAULT_UNIVERSE, calendar.dates, early_closes(calendar), seed=7)


@pytest.fixture
def simulated(market):
    return client_of(SimulatedTransport(market, DAY))


def test_every_request_of_a_night_is_routed(simulated):
    missing = []
    for request in night_requests(DEFAULT_UNIVERSE, DAY):
        try:
            payload = simulated.get(request.url, request.symbol)
        except SkippableError:
            missing.append((request.dataset, request.symbol))
        else:
            assert payload.body
            assert payload.source_mode == "simulated"
    assert missing == [("daily_bars", "NDX"), ("daily_bars", "RUT")], "the real feed has no history of these"


@pytest.mark.parametrize("url", [
    cboe.chain_url("NOPE"), cboe.bars_url("NOPE"), cboe.index_history_url("NOPE"), "https://cdn-api.cboe.com/",
    "https://cdn-api.cboe.com/api/global/delayed_quotes/quotes/_VIX.json",
    f"{treasury.BASE_URL}/daily-treasury-rates.csv/abcd/all",
])  # fmt: skip
def test_an_unknown_address_is_forbidden(simulated, url):
    with pytest.raises(SkippableError, match="answered 403"):
        simulated.get(url, "NOPE")


def test_the_same_bytes_twice_and_other_bytes_the_next_night(market, simulated):
    first, second = simulated.get(URL, "VIX"), simulated.get(URL, "VIX")
    assert first.sha256 == second.sha256
    tomorrow = client_of(SimulatedTransport(market, date(2026, 7, 17))).get(URL, "VIX")
    assert tomorrow.sha256 != first.sha256


def test_before_the_market_begins(market):
    with pytest.raises(
        ContractError, match="--source simulated: expected a session from 2020-01-01 on, found 2019-06-03"
    ):
        SimulatedTransport(market, date(2019, 6, 3))


# What a night asks for


def test_requests_are_distinct_and_chains_come_first():
    requests = night_requests(DEFAULT_UNIVERSE, DAY)
    assert len({r.url for r in requests}) == len(requests)
    assert len({(r.dataset, r.symbol) for r in requests}) == len(requests)
    first_other = next(i for i, r in enumerate(requests) if r.dataset != CHAIN)
    assert all(r.dataset != CHAIN for r in requests[first_other:])
    assert requests[0].symbol == "VIX"


@pytest.mark.parametrize("day", [date(2026, 1, 2), DAY])
def test_rates_of_the_year_before_are_read_too(day):
    curves = [r.symbol for r in night_requests(DEFAULT_UNIVERSE, day) if r.dataset == "treasury_curve"]
    assert curves == ["UST2026", "UST2025"]


def test_another_base_address():
    bases = {publisher: f"http://127.0.0.1:{port}" for port, publisher in enumerate(sorted(PUBLISHERS), 1)}
    for request in night_requests(DEFAULT_UNIVERSE, DAY, bases=bases):
        for url in request.urls:
            assert url.startswith(f"{bases[source_of(request.dataset, url).publisher]}/")


def test_a_publisher_that_is_off_is_not_asked():
    requests = night_requests(DEFAULT_UNIVERSE, DAY, off=("fred", "treasury"))
    assert "treasury_curve" not in {r.dataset for r in requests}
    assert all("fredgraph" in r.url and not r.fallbacks for r in requests if r.dataset == "macro_series")
    assert [r.fallbacks for r in requests if r.symbol == "BLS"] == [()]
