"""Stages markets and breadth on local sockets and on the simulated market: what lands and what is missing."""

import json
from datetime import date
from types import SimpleNamespace

import pandas as pd
import pytest
from prefect.logging import disable_run_logger
from pydantic import SecretStr

from alvh_core import frames
from alvh_core.errors import AlvhError
from alvh_core.market.simulated import SimulatedMarket
from alvh_core.schemas import (
    BREADTH,
    DAILY_ACTIONS,
    DAILY_BARS,
    META_PAYLOADS,
    META_QUARANTINE,
    META_VALIDATIONS,
    VX_SETTLEMENTS,
)
from alvh_core.universe import DEFAULT_UNIVERSE
from flows.sources import open_source
from tasks.lake.raw import RawArchive
from tasks.lake.tables import LakeTables
from tasks.land import land, outcome
from tasks.markets import MARKETS, breadth, markets
from tasks.settings import Settings
from tasks.sources import massive_stocks
from tasks.sources.catalogue import MARKET_DATASETS, PUBLISHERS, night_requests
from tasks.sources.client import HttpClient
from tasks.sources.keys import HostKey
from tasks.sources.transport import RecordedTransport, SimulatedTransport, live_transport, session_with

DAY, BEFORE = date(2026, 9, 8), date(2026, 9, 4)  # Labour Day in between
UNIVERSE = {name: DEFAULT_UNIVERSE[name] for name in ("VIX", "SPX", "KO", "XLF", "O")}
SETTLEMENTS = "/us/futures/market_statistics/settlement/csv"
STOCKS = "/v2/aggs/grouped/locale/us/market/stocks"
HEADER = "Product,Symbol,Expiration Date,Price\n"


@pytest.fixture(autouse=True)
def _second_try(monkeypatch):
    monkeypatch.setenv("PREFECT__RUNTIME__TASK_RUN__RUN_COUNT", "2")


def night_of(root, transport, calendar, mode="live", day=DAY, keys=None):
    session = session_with(transport)
    session.trust_env = False
    return SimpleNamespace(
        archive=RawArchive(root / "raw", mode, day), source_mode=mode, trade_date=day, shard="", calendar=calendar,
        client=HttpClient(session, mode, user_agent="test", keys=keys), lake=LakeTables(root / "lake", mode, day),
        universe=UNIVERSE, session=calendar.session(day), warehouse=Remembers(),
    )  # fmt: skip


class Remembers:
    """A warehouse of one table."""

    def __init__(self):
        self.rows = frames.empty(BREADTH)

    def rows_before(self, _spec, _mode, day):
        earlier = self.rows[self.rows["trade_date"] < pd.Timestamp(day)]
        return earlier[earlier["trade_date"] == earlier["trade_date"].max()]


def requests_of(calendar, day=DAY, **more):
    return [r for r in night_requests(UNIVERSE, day, is_session=calendar.is_session, **more)
            if r.dataset in MARKET_DATASETS]  # fmt: skip


def run(night, requests):
    """Land, decode, count; the payloads by symbol."""
    landings = []
    with disable_run_logger():
        for request in requests:
            try:
                landings.append(land.fn(night, request))
            except AlvhError as error:
                landings.append(outcome(request, error))
        markets.fn(night, landings)
    return night.lake.read(META_PAYLOADS, MARKETS).set_index("symbol")


@pytest.fixture
def local(httpserver, calendar, tmp_path):
    """A night whose publishers are one local server, and its requests of a dataset."""
    base = httpserver.url_for("")[:-1]
    requests = requests_of(calendar, bases=dict.fromkeys(PUBLISHERS, base))

    def one(*datasets, keys=None):
        return night_of(tmp_path, live_transport(), calendar, keys=keys), [r for r in requests if r.dataset in datasets]

    return one


def test_a_settlement_that_is_late_is_missing_and_yesterdays_stays_yesterdays(local, httpserver):
    httpserver.expect_request(SETTLEMENTS, query_string=f"dt={DAY}").respond_with_data(HEADER)
    body = HEADER + "VX,VX/U6,2026-09-16,18.5000\nVX,VX37/U6,2026-09-15,18.5000\nVXM,VXM/U6,2026-09-16,18.5000\n"
    httpserver.expect_request(SETTLEMENTS, query_string=f"dt={BEFORE}").respond_with_data(body)
    night, requests = local("vx_settlement")
    payloads = run(night, requests)
    assert payloads["payload_outcome"].tolist() == ["MISSING", "LANDED"]
    assert "no session, or not settled yet" in payloads.loc["VX", "reason"]
    found = night.lake.read(VX_SETTLEMENTS)
    assert found["settle_date"].tolist() == [pd.Timestamp(BEFORE)]
    assert found["trade_date"].tolist() == [pd.Timestamp(DAY)]


def test_two_bodies_that_only_the_date_tells_apart_are_archived_apart(local, httpserver):
    body = HEADER + "VX,VX/U6,2026-09-16,18.5000\n"
    httpserver.expect_request(SETTLEMENTS).respond_with_data(body)
    night, requests = local("vx_settlement")
    run(night, requests)
    assert len(night.lake.read(VX_SETTLEMENTS)) == 2
    assert len({night.archive.path_of(r.url) for r in requests}) == 2


def grouped(**closes):
    return json.dumps({"adjusted": True, "status": "OK", "results": [{"T": t, "c": c} for t, c in closes.items()]})


def members(*names, **more):
    rows = [{"ticker": name, "primary_exchange": "XNYS", "type": "CS"} for name in names]
    return json.dumps({"status": "OK", "results": rows} | more)


KEYS = {"ALVH_MASSIVE_KEY": "hush"}


def test_advances_and_declines_of_the_exchange(local, httpserver, tmp_path):
    """Two pages of members, whose second address has no key in it: the key travels in a header, and nowhere else."""
    authorised = {"Authorization": "Bearer hush"}
    for day, closes in ((DAY, {"A": 2.0, "B": 1.0, "ETF": 5.0}), (BEFORE, {"A": 1.0, "B": 2.0, "ETF": 4.0})):
        httpserver.expect_request(f"{STOCKS}/{day}", headers=authorised).respond_with_data(grouped(**closes))
    tickers = "/v3/reference/tickers"
    httpserver.expect_request(tickers, query_string="cursor=two", headers=authorised).respond_with_data(members("B"))
    following = members("A", next_url="https://api.massive.com/v3/reference/tickers?cursor=two")
    httpserver.expect_request(tickers, headers=authorised).respond_with_data(following)
    keys = {f"{httpserver.host}:{httpserver.port}": HostKey(massive_stocks.KEY, SecretStr("hush"))}
    night, requests = local("grouped_daily", "reference_tickers", keys=keys)
    payloads = run(night, requests)
    assert set(payloads["payload_outcome"]) == {"LANDED"}
    assert "hush" not in payloads.to_csv()
    assert "hush" not in "".join(map(str, (tmp_path / "raw").rglob("*")))
    night.lake.write(frames.empty(DAILY_BARS), DAILY_BARS)
    with disable_run_logger():
        breadth.fn(night)
    found = night.lake.read(BREADTH).astype({"breadth_method": "str"}).set_index("breadth_method")
    assert found.loc["nyse_true", ["advances_count", "declines_count", "members_count"]].tolist() == [1, 1, 2]
    assert found.loc["massive_us_all", ["advances_count", "declines_count", "members_count"]].tolist() == [2, 1, 3]


@pytest.mark.parametrize("answer", [
    ('{"queryCount":0,"resultsCount":0,"adjusted":true,"status":"OK","count":0}', 200),
    ('{"status":"NOT_AUTHORIZED","message":"not yet"}', 403), ("<html>one moment</html>", 200), ('{"results":[', 200),
])  # fmt: skip
def test_without_tonights_closes_there_is_no_row_and_no_fault(answer, local, httpserver):
    httpserver.expect_request(f"{STOCKS}/{DAY}").respond_with_data(*answer)
    httpserver.expect_request(f"{STOCKS}/{BEFORE}").respond_with_data(grouped(A=1.0))
    night, requests = local("grouped_daily")
    payloads = run(night, requests)
    assert payloads["payload_outcome"].tolist() == ["MISSING", "LANDED"]
    night.lake.write(frames.empty(DAILY_BARS), DAILY_BARS)
    with disable_run_logger():
        breadth.fn(night)
    assert night.lake.read(BREADTH).empty


def test_pages_that_go_round_are_refused(local, httpserver):
    round_about = members("A", next_url="/v3/reference/tickers?cursor=again")
    httpserver.expect_request("/v3/reference/tickers").respond_with_data(round_about)
    payloads = run(*local("reference_tickers"))
    assert "different pages" in payloads.loc["XNYS", "reason"]


def test_everything_dead_is_a_night_without_markets(local):
    night, requests = local(*MARKET_DATASETS)
    payloads = run(night, requests)
    assert set(payloads["payload_outcome"]) == {"MISSING"}
    assert payloads["reason"].str.contains("http://").all(), "each says where it was asked"
    for spec in (DAILY_ACTIONS, VX_SETTLEMENTS):
        assert night.lake.read(spec).empty
    checks = night.lake.read(META_VALIDATIONS, MARKETS)
    assert checks.loc[~checks["is_success"], "dataset"].tolist() == [VX_SETTLEMENTS.name]


def simulated(calendar, root, day, **more):
    transport = SimulatedTransport(SimulatedMarket(UNIVERSE, calendar.dates), day)
    return night_of(root, transport, calendar, "simulated", day, **more)


def test_two_simulated_nights_continue_their_lines_and_a_replay_is_the_same(calendar, tmp_path):
    memory = Remembers()
    for day in (BEFORE, DAY):
        night = simulated(calendar, tmp_path, day)
        payloads = run(night, requests_of(calendar, day))
        assert set(payloads["payload_outcome"]) == {"LANDED"}, payloads["reason"].dropna().tolist()
        assert night.lake.read(META_QUARANTINE, MARKETS).empty
        night.lake.write(frames.empty(DAILY_BARS), DAILY_BARS)
        night.warehouse = memory
        with disable_run_logger():
            breadth.fn(night)
        memory.rows = frames.concat([memory.rows, night.lake.read(BREADTH)], BREADTH)
    tables = {spec.name: night.lake.read(spec) for spec in (DAILY_ACTIONS, VX_SETTLEMENTS, BREADTH)}
    lines = memory.rows.astype({"breadth_method": "str"}).sort_values("trade_date").groupby("breadth_method")
    assert sorted(lines.groups) == ["massive_us_all", "nyse_true"]
    for _, line in lines:
        assert line["ad_line_count"].tolist() == line["ad_diff_count"].cumsum().tolist()
        assert set(line["line_from_date"]) == {pd.Timestamp(BEFORE)}
    assert set(tables[DAILY_ACTIONS.name]["symbol"].astype("str")) == {"KO", "XLF", "O"}
    replay = night_of(tmp_path / "again", RecordedTransport(tmp_path / "raw", DAY), calendar, "simulated")
    run(replay, requests_of(calendar))
    for spec in (DAILY_ACTIONS, VX_SETTLEMENTS):
        pd.testing.assert_frame_equal(replay.lake.read(spec), tables[spec.name])


def test_without_a_key_nobody_is_asked(calendar):
    def without(**keys):
        made = Settings(**keys)
        return set(open_source(made, DAY, "live", UNIVERSE, calendar)[2])

    assert {"daily_actions", "grouped_daily", "reference_tickers"} <= without()
    assert "daily_actions" not in without(tiingo_token="t")
    assert "grouped_daily" in without(massive_key=""), "an empty key is none"
    assert not {"grouped_daily", "reference_tickers"} & without(massive_key="m")
    assert open_source(Settings(), DAY, "simulated", UNIVERSE, calendar)[2] == ()
    asked = {request.dataset for request in requests_of(calendar, without=without())}
    assert asked == {"vx_settlement", "vx_history"}
