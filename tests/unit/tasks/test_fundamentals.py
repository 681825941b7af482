"""From the wire to a night's ratios and back from the archive, without a server; and a company that is refused."""

from datetime import date
from types import SimpleNamespace

import pandas as pd
import pytest
from prefect.logging import disable_run_logger

from alvh_core import frames
from alvh_core.errors import AlvhError
from alvh_core.market.simulated import SimulatedMarket
from alvh_core.schemas import CLOSES, DAILY_ACTIONS, DAILY_RATIOS, FACTS, META_PAYLOADS, META_VALIDATIONS
from alvh_core.universe import DEFAULT_UNIVERSE
from tasks.fundamentals import fundamentals, ratios
from tasks.lake.raw import RawArchive
from tasks.lake.tables import LakeTables
from tasks.land import land, outcome
from tasks.sources.catalogue import night_requests
from tasks.sources.client import HttpClient
from tasks.sources.source import FUNDAMENTALS
from tasks.sources.transport import RecordedTransport, SimulatedTransport, live_transport, session_with

DAY = date(2026, 11, 18)


def run(root, transport, calendar, mode, bases=None, universe=DEFAULT_UNIVERSE):
    session = session_with(transport)
    session.trust_env = False
    night = SimpleNamespace(
        archive=RawArchive(root / "raw", mode, DAY), client=HttpClient(session, mode, user_agent="x"),
        calendar=calendar, source_mode=mode, universe=universe, session=calendar.session(DAY), trade_date=DAY, shard="",
        lake=LakeTables(root / "lake", mode, DAY),
    )  # fmt: skip
    closes = {"trade_date": pd.Timestamp(DAY), "source_mode": mode, "symbol": list(universe), "close_usd": 100.0,
              "bar_date": pd.Timestamp(DAY)}  # fmt: skip
    landings = []
    with disable_run_logger():
        night.lake.write(frames.conform(pd.DataFrame(closes), CLOSES), CLOSES)
        night.lake.write(frames.empty(DAILY_ACTIONS), DAILY_ACTIONS)
        for request in night_requests(universe, DAY, bases=bases):
            if request.dataset == FUNDAMENTALS:
                try:
                    landings.append(land.fn(night, request))
                except AlvhError as error:
                    landings.append(outcome(request, error))
        night.archive.note_misses(landings)
        fundamentals.fn(night, landings)
        ratios.fn(night)
    night.client.close()
    return night.lake, landings


@pytest.fixture(scope="module")
def market(calendar):
    return SimulatedMarket(DEFAULT_UNIVERSE, calendar.dates)


def test_a_night_and_its_replay_are_the_same_row_for_row(market, calendar, tmp_path):
    first, landings = run(tmp_path / "first", SimulatedTransport(market, DAY), calendar, "simulated")
    again, _ = run(tmp_path / "again", RecordedTransport(tmp_path / "first" / "raw", DAY), calendar, "simulated")
    assert [landing.symbol for landing in landings] == [s for s, asset in DEFAULT_UNIVERSE.items() if asset.cik]
    assert all(landing.is_landed for landing in landings), "funds and indices are not asked for"
    for table in (FACTS, DAILY_RATIOS):
        pd.testing.assert_frame_equal(first.read(table), again.read(table))
    assert len(first.read(DAILY_RATIOS)) == 9
    assert first.read(META_VALIDATIONS, FUNDAMENTALS)["is_success"].all()


def test_a_company_that_is_refused_is_missing_and_says_what_to_do(httpserver, calendar, tmp_path):
    httpserver.expect_request("/api/xbrl/companyfacts/CIK0000021344.json").respond_with_data("<html>block</html>", 403)
    httpserver.expect_request("/api/xbrl/companyfacts/CIK0000019617.json").respond_with_data("no such key", 404)
    universe = {symbol: DEFAULT_UNIVERSE[symbol] for symbol in ("KO", "JPM", "SPY")}
    lake, _ = run(tmp_path, live_transport(), calendar, "live", {"sec": httpserver.url_for("")[:-1]}, universe)
    told = lake.read(META_PAYLOADS, FUNDAMENTALS).set_index("symbol")["reason"].astype("str")
    assert "answered 403" in told["KO"]
    assert "set ALVH_USER_AGENT to a contact" in told["KO"]
    assert "answered 404" in told["JPM"]
    found = lake.read(DAILY_RATIOS)
    assert found["symbol"].tolist() == ["KO", "JPM"]
    assert (found["eps_status"] == "NO_FACTS").all()
    checks = lake.read(META_VALIDATIONS, FUNDAMENTALS)
    assert checks.loc[~checks["is_success"], "check_name"].tolist() == ["ROW_COUNT"]


def test_a_universe_without_companies_has_nothing_to_miss(market, calendar, tmp_path):
    universe = {symbol: DEFAULT_UNIVERSE[symbol] for symbol in ("VIX", "SPY")}
    lake, landings = run(tmp_path, SimulatedTransport(market, DAY), calendar, "simulated", universe=universe)
    assert landings == []
    assert lake.read(DAILY_RATIOS).empty
    assert lake.read(META_VALIDATIONS, FUNDAMENTALS)["is_success"].all()
