"""One name, several addresses: the first that gives a body is landed, and a replay takes the same road."""

from datetime import date
from types import SimpleNamespace

import pytest
from prefect.logging import disable_run_logger

from alvh_core.errors import AlvhError, RetriableError, SkippableError
from alvh_core.landing import archived_name
from alvh_core.market.macro_files import fed_bytes
from alvh_core.market.simulated import SimulatedMarket
from alvh_core.universe import DEFAULT_UNIVERSE
from tasks.lake.raw import RawArchive
from tasks.lake.tables import LakeTables
from tasks.land import fetch, land, outcome
from tasks.macro import macro, remember
from tasks.sources.catalogue import NIGHT_DATASETS, PUBLISHERS, PayloadRequest, night_requests
from tasks.sources.client import HttpClient
from tasks.sources.transport import RecordedTransport, SimulatedTransport, live_transport, session_with
from tasks.warehouse.repository import Warehouse

DAY = date(2026, 9, 30)
MACRO = {"macro_calendar", "macro_series"}
VINTAGE = (b'{"realtime_end":"2026-09-30","observations":[{"realtime_start":"2026-05-01","realtime_end":"2026-09-30",'
           b'"date":"2026-01-01","value":"1.5"}]}')  # fmt: skip


def night_of(root, transport, calendar, mode="live", day=DAY, **more):
    session = session_with(transport)
    session.trust_env = False
    return SimpleNamespace(
        archive=RawArchive(root, mode, day), client=HttpClient(session, mode, user_agent="test"), source_mode=mode,
        universe=DEFAULT_UNIVERSE, session=calendar.session(day), calendar=calendar, trade_date=day, shard="",
        lake=LakeTables(root.parent / "lake", mode, day), **more,
    )  # fmt: skip


def landed(night, request):
    with disable_run_logger():
        try:
            return land.fn(night, request)
        except AlvhError as error:
            return outcome(request, error)


@pytest.fixture(autouse=True)
def _second_try(monkeypatch):
    """What Prefect tells of a task that is retried."""
    monkeypatch.setenv("PREFECT__RUNTIME__TASK_RUN__RUN_COUNT", "2")


@pytest.fixture
def requests(httpserver):
    """The macro requests of a night, all addressed to one local server."""
    base = httpserver.url_for("")[:-1]
    return {r.symbol: r for r in night_requests(DEFAULT_UNIVERSE, DAY, bases=dict.fromkeys(PUBLISHERS, base))
            if r.dataset in MACRO}  # fmt: skip


PAGE = (
    b'<html>2026 FOMC Meetings<div class="fomc-meeting__month">October</div><div class="fomc-meeting__date">27-28</div>'
)


@pytest.mark.parametrize("refusal", [("Access Denied", 403), ("<html>one moment</html>", 200), ("{", 200)])
def test_where_the_first_address_gives_nothing_the_next_is_asked(refusal, requests, httpserver, calendar, tmp_path):
    httpserver.expect_request("/json/calendar.json").respond_with_data(*refusal)
    httpserver.expect_request("/monetarypolicy/fomccalendars.htm").respond_with_data(PAGE)
    night = night_of(tmp_path / "raw", live_transport(), calendar)
    found = landed(night, requests["FED"])
    assert found.is_landed
    assert found.url == requests["FED"].fallbacks[0]
    assert night.archive.read(found.url) == PAGE
    before = len(httpserver.log)
    assert landed(night, requests["FED"]) == found, "what is archived is not fetched again"
    assert len(httpserver.log) == before
    replay = night_of(tmp_path / "again", RecordedTransport(tmp_path / "raw", DAY), calendar)
    assert landed(replay, requests["FED"]).url == found.url


def test_who_asks_to_come_back_is_asked_again_before_anyone_else(requests, httpserver, calendar, tmp_path, monkeypatch):
    monkeypatch.setenv("PREFECT__RUNTIME__TASK_RUN__RUN_COUNT", "1")
    httpserver.expect_ordered_request("/json/calendar.json").respond_with_data("", 503)
    httpserver.expect_ordered_request("/json/calendar.json").respond_with_data(fed_bytes(DAY))
    night = night_of(tmp_path, live_transport(), calendar)
    with disable_run_logger(), pytest.raises(RetriableError, match="503"):
        land.fn(night, requests["FED"])
    assert landed(night, requests["FED"]).url == requests["FED"].url
    assert len(httpserver.log) == 2, "the page was not asked"


def test_a_first_address_that_answers_is_enough(requests, httpserver, calendar, tmp_path):
    httpserver.expect_request("/json/calendar.json").respond_with_data(fed_bytes(DAY))
    assert landed(night_of(tmp_path, live_transport(), calendar), requests["FED"]).url == requests["FED"].url
    assert len(httpserver.log) == 1


def test_what_nobody_gives_is_missing_with_every_reason_and_a_replay_misses_the_same(
    requests, httpserver, calendar, tmp_path
):
    httpserver.expect_request("/schedule/news_release/bls.ics").respond_with_data("Access Denied", 403)
    httpserver.expect_request("/fred/releases/dates").respond_with_data("no key", 400)
    httpserver.expect_request("/json/calendar.json").respond_with_data(fed_bytes(DAY))
    night = night_of(tmp_path / "raw", live_transport(), calendar)
    lost, kept = landed(night, requests["BLS"]), landed(night, requests["FED"])
    assert not lost.is_landed
    assert "bls.ics answered 403" in lost.reason
    assert "releases/dates" in lost.reason
    night.archive.note_misses([lost, kept])
    replay = night_of(tmp_path / "again", RecordedTransport(tmp_path / "raw", DAY), calendar)
    replay.client._is_replay = True
    assert landed(replay, requests["BLS"]).reason == lost.reason


def test_a_retry_is_worth_while_if_any_address_says_so(requests, httpserver, calendar, tmp_path):
    httpserver.expect_request("/schedule/news_release/bls.ics").respond_with_data("", 403)
    httpserver.expect_request("/fred/releases/dates").respond_with_data("", 429, headers={"Retry-After": "7"})
    night = night_of(tmp_path, live_transport(), calendar)
    with pytest.raises(RetriableError, match=r"answered 403.*asked to wait 7 s"):
        fetch(night, requests["BLS"])
    alone = PayloadRequest(dataset="macro_calendar", symbol="BLS", url=requests["BLS"].url)
    with pytest.raises(SkippableError, match="403"):
        fetch(night, alone)


def test_bodies_that_only_the_query_tells_apart_are_archived_apart(requests, httpserver, calendar, tmp_path):
    httpserver.expect_request("/fred/series/observations").respond_with_data(VINTAGE)
    night = night_of(tmp_path, live_transport(), calendar)
    urls = {landed(night, requests[name]).url for name in ("DGS10", "GDPC1")}
    assert len({night.archive.path_of(url) for url in urls}) == 2
    assert archived_name("/x/2026/all", "type=daily") == "/x/2026/all", "as recordings have it"


def test_two_simulated_nights_remember_what_moved(calendar, tmp_path):
    """From the wire to the warehouse's rows, without a server; then again from the archive, row for row."""
    market = SimulatedMarket(DEFAULT_UNIVERSE, calendar.dates)
    tables = {}
    for home in ("first", "again"):
        warehouse = Warehouse(f"sqlite:///{tmp_path}/{home}.sqlite")
        for day in (DAY, date(2026, 10, 1)):
            raw = tmp_path / home / "raw"
            source = tmp_path / "first" / "raw"
            transport = SimulatedTransport(market, day) if home == "first" else RecordedTransport(source, day)
            before = _Remembered(warehouse, tables, home)
            night = night_of(raw, transport, calendar, "simulated", day, warehouse=before)
            landings = [landed(night, request) for request in night_requests(DEFAULT_UNIVERSE, day)
                        if request.dataset in MACRO]  # fmt: skip
            assert all(x.is_landed and x.dataset in NIGHT_DATASETS for x in landings)
            with disable_run_logger():
                macro.fn(night, landings)
                remember.fn(night)
            tables[home] = {spec: night.lake.read(spec) for spec in before.specs}
        warehouse.close()
    for spec, frame in tables["first"].items():
        assert frame.equals(tables["again"][spec]), spec.name
        assert len(frame) > 100, spec.name
    events = next(frame for spec, frame in tables["first"].items() if spec.name == "core_macro__events")
    moved = events[events["superseded_date"].notna()].astype("str")
    assert moved[["event_type", "event_date", "moved_to_date", "known_from_date"]].to_numpy().tolist() == [
        ["CPI", "2026-10-14", "2026-10-23", "2026-09-30"]
    ]


class _Remembered:
    """The night before, from the tables of the test where there is one, else from an empty warehouse."""

    def __init__(self, warehouse, tables, home):
        self.warehouse, self.tables, self.home, self.specs = warehouse, tables, home, []

    def rows_before(self, spec, mode, day):
        self.specs.append(spec)
        had = self.tables.get(self.home, {}).get(spec)
        return self.warehouse.rows_before(spec, mode, day) if had is None else had
