"""Files into the archive: once, chain by chain, never in place of another, never under a wrong day."""

import gzip
import hashlib
from dataclasses import replace
from datetime import date
from pathlib import Path

import pytest
from prefect.logging import disable_run_logger

from alvh_core.errors import ContractError, SkippableError
from alvh_core.universe import DEFAULT_UNIVERSE
from tasks.lake.raw import RawArchive
from tasks.receive import Desk, receive
from tasks.sources.catalogue import PayloadRequest, check_payload, night_requests
from tasks.sources.client import HttpClient, RecordedMissError
from tasks.sources.decode import decode_chains
from tasks.sources.filedrops.layout import drop_url
from tasks.sources.source import CHAIN
from tasks.sources.transport import ImportedTransport, RecordedTransport, session_with

SAMPLES = Path(__file__).parents[2] / "contract" / "data" / "filedrops"
DAY, URL = date(2026, 8, 21), drop_url("VIX")


@pytest.fixture
def desk(tmp_path, calendar):
    return Desk(universe=DEFAULT_UNIVERSE, calendar=calendar, raw_root=tmp_path / "raw")


@pytest.fixture
def take(desk, tmp_path):
    """Receive a body as a file; what became of its chains."""

    def run(body, **changes):
        (tmp_path / "drop").write_bytes(body)
        with disable_run_logger():
            return receive.fn(replace(desk, **changes), tmp_path / "drop")

    return run


def sample(name="datashop.csv"):
    return (SAMPLES / name).read_bytes()


def test_a_chain_lands_with_its_origin_and_the_file_is_kept(take, desk):
    (one,) = take(sample())
    assert (one.outcome, one.symbol, one.session, one.contracts_count) == ("LANDED", "VIX", DAY, 4)
    archive, sha256 = RawArchive(desk.raw_root, "imported", DAY), hashlib.sha256(sample()).hexdigest()
    assert archive.read(URL) == sample()
    assert archive.find(URL).etag == f"datashop:{sha256}"
    assert (desk.raw_root / "imports" / f"{sha256}.gz").is_file()


def test_the_second_time_nothing_changes(take, desk):
    take(sample())
    before = {path: path.stat().st_mtime_ns for path in desk.raw_root.rglob("*")}
    (one,) = take(sample())
    assert one.outcome == "KNOWN"
    assert {path: path.stat().st_mtime_ns for path in desk.raw_root.rglob("*")} == before


def test_another_file_of_the_same_chain_needs_a_word(take, desk):
    take(sample())
    (one,) = take(sample("orats.csv"))
    assert one.outcome == "REFUSED"
    assert "is there from another file (datashop:" in one.reason
    assert "--replace" in one.reason
    (one,) = take(sample("orats.csv"), is_replacing=True)
    assert one.outcome == "LANDED"
    assert RawArchive(desk.raw_root, "imported", DAY).read(URL) == sample("orats.csv")


def test_a_file_of_several_days_and_symbols_is_cut(take, desk):
    header, *rows = sample().splitlines()
    later = [row.replace(b"2026-08-21", b"2026-08-24") for row in rows]
    strange = [row.replace(b"^VIX", b"NOPE") for row in rows]
    undated = [rows[0].replace(b"2026-08-21", b"")]
    found = take(b"\n".join([header, *rows, *later, *strange, *undated]) + b"\n")
    told = {(one.symbol, one.outcome, str(one.session), one.contracts_count) for one in found}
    assert told == {("VIX", "LANDED", "2026-08-21", 4), ("VIX", "LANDED", "2026-08-24", 4),
                    ("NOPE", "LEFT OUT", "None", 0), ("VIX", "REFUSED", "None", 0)}  # fmt: skip
    assert RawArchive(desk.raw_root, "imported", date(2026, 8, 24)).read(URL) == b"\n".join([header, *later]) + b"\n"


def test_a_file_that_does_not_say_whose_options_it_holds(take):
    (one,) = take(sample("optionsdx.txt"))
    assert one.outcome == "REFUSED"
    assert "name it with --symbol" in one.reason
    (one,) = take(sample("optionsdx.txt"), symbol="vix")
    assert (one.outcome, one.symbol) == ("LANDED", "VIX")


def test_what_a_file_says_goes_before_what_the_operator_says(take):
    (one,) = take(sample(), symbol="SPY")
    assert (one.outcome, one.symbol) == ("LANDED", "VIX")


@pytest.mark.parametrize("day", ["2026-08-27", "2026-07-20", "2026-08-22", "2031-08-21", "1980-01-02"])
def test_a_wrong_day_never_lands(take, desk, day):
    (one,) = take(sample().replace(b"2026-08-21", day.encode()))
    assert one.outcome == "REFUSED"
    assert not list(desk.raw_root.glob("source_mode=*"))


def test_an_extract_without_near_expiries_needs_a_word_that_is_written_down(take, desk):
    body = sample().replace(b"2026-08-21", b"2026-07-24")
    (one,) = take(body)
    assert one.outcome == "REFUSED"
    assert "--partial" in one.reason
    assert [take(body, is_partial=True)[0].outcome for _ in range(2)] == ["LANDED", "KNOWN"]
    assert RawArchive(desk.raw_root, "imported", date(2026, 7, 24)).find(URL).etag.endswith("+partial")


def test_a_night_reads_what_was_imported(take, desk, calendar):
    """The archive's chain through the night's own front door, and as a recording."""
    take(sample())
    session = calendar.session(DAY)
    request = next(r for r in night_requests(DEFAULT_UNIVERSE, DAY, source_mode="imported") if r.symbol == "VIX")
    assert request == PayloadRequest(dataset=CHAIN, symbol="VIX", url=URL)
    transport = RecordedTransport(desk.raw_root, DAY)
    assert transport.source_mode == "imported"
    client = HttpClient(session_with(transport), "imported", user_agent="desk@example.com")
    payload = client.get(URL, "VIX")
    check_payload(request, payload, DEFAULT_UNIVERSE, session, calendar)
    archive = RawArchive(desk.raw_root, "imported", DAY)
    landing = archive.find(URL).landing(CHAIN, "VIX")
    found = decode_chains([landing], archive.read, DEFAULT_UNIVERSE, session, calendar=calendar, source_mode="imported")
    assert len(found.raw) == 4
    assert found.snapshots["venue_scope"].tolist() == ["cboe_datashop_1545"]
    assert found.snapshots["quote_clock"].tolist() == ["at_close"]
    assert str(found.snapshots["quote_at_utc"].iloc[0]) == "2026-08-21 19:45:00+00:00"
    with pytest.raises(SkippableError, match="quotes of session 2026-08-24, found 2026-08-21"):
        check_payload(request, payload, DEFAULT_UNIVERSE, calendar.session(date(2026, 8, 24)), calendar)
    client.close()


def test_other_nights_ask_for_chains_as_before():
    for mode in ("", "live", "recorded", "simulated"):
        assert not [r for r in night_requests(DEFAULT_UNIVERSE, DAY, source_mode=mode) if "import:" in r.url]


def get(transport, url):
    client = HttpClient(session_with(transport), "imported", user_agent="desk@example.com")
    try:
        return client.get(url, "VIX").body
    finally:
        client.close()


CURVE = "https://home.treasury.gov/rates/csv/2026/all?type=daily&page"
SERIES = "https://fred.stlouisfed.org/graph/fredgraph.csv?id="


def keep(folder, name, body):
    file = folder / name
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_bytes(gzip.compress(body))


def test_histories_come_from_a_folder(tmp_path):
    keep(tmp_path / "histories", "home.treasury.gov/rates/csv/2026/all.csv.gz", b"curve")
    for folder in (tmp_path, tmp_path / "histories"):
        assert get(ImportedTransport(folder), CURVE) == b"curve"
    with pytest.raises(SkippableError, match="imported nights ask nobody"):
        get(ImportedTransport(tmp_path), "https://home.treasury.gov/../../etc/passwd")


def test_histories_answer_what_a_recording_of_the_same_bodies_does(tmp_path):
    keep(tmp_path / "histories", "fred.stlouisfed.org/graph/fredgraph.csv@id=DGS10.gz", b"ten years")
    (tmp_path / str(DAY)).mkdir()
    for transport in (RecordedTransport(tmp_path, DAY), ImportedTransport(tmp_path)):
        assert get(transport, SERIES + "DGS10") == b"ten years"
        with pytest.raises(SkippableError):
            get(transport, SERIES + "DGS2")


def test_what_is_not_in_the_histories_may_be_there_under_another_address(tmp_path):
    with pytest.raises(SkippableError) as miss:
        get(ImportedTransport(tmp_path), SERIES + "DGS10")
    assert not isinstance(miss.value, RecordedMissError), "the next address is asked"
    with pytest.raises(RecordedMissError):
        get(ImportedTransport(tmp_path), URL)


def test_what_nobody_has_is_told_with_its_reason(tmp_path):
    with pytest.raises(SkippableError, match="imported nights ask nobody; --histories PATH names a folder"):
        get(ImportedTransport(), "https://home.treasury.gov/curve/2026")
    with pytest.raises(SkippableError, match="import://drops/VIX: no imported file had this chain"):
        get(ImportedTransport(), URL)
    with pytest.raises(ContractError, match="--histories: expected a folder"):
        ImportedTransport(tmp_path / "none")
