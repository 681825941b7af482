"""Scenarios 23, 31 and 32: what belongs to the market as a whole."""

from datetime import date

import pandas as pd
import pytest
from prefect.logging import disable_run_logger

from alvh_core.schemas import BREADTH_COUNTS, VX_SETTLEMENTS
from tasks.markets import MARKETS, markets
from tasks.sources.cfe import BEFORE
from tasks.sources.massive_stocks import BEFORE as STOCKS_BEFORE
from tasks.sources.source import GROUPED, REFERENCE, VX_HISTORY, VX_SETTLEMENT

DAY = date(2026, 8, 21)
EVENING = "/us/futures/market_statistics/settlement/csv"
HISTORY = "/data/us/futures/market_statistics/historical_data/VX/VX_2026-09-16.csv"
GROUPS, TICKERS = "/v2/aggs/grouped/locale/us/market/stocks/", "/v3/reference/tickers"
HEAD = "Product,Symbol,Expiration Date,Price\n"


@pytest.fixture
def market_road(road):
    """Land payloads of a night and take them through the stage that reads them."""

    def take(*wanted, day=DAY, home="home", publishers=("cfe", "cfe_history")):
        mine = road(*publishers, day=day, home=home, massive_key="planted-key")
        with disable_run_logger():
            markets.fn(mine.night, [mine.land(*one) for one in wanted])
        return mine

    return take


def settled(mine):
    rows = mine.table(VX_SETTLEMENTS)
    names = ["settle_date", "expiry_date", "settle_kind", "settle_vol_points"]
    return rows[names].astype({"settle_date": str, "expiry_date": str, "settle_kind": str}).to_numpy().tolist()


def grouped(*closes):
    rows = [{"T": ticker, "c": close, "t": 1787342400000} for ticker, close in closes]
    return {"status": "OK", "adjusted": True, "resultsCount": len(rows)} | ({"results": rows} if rows else {})


def test_23_a_day_without_results_is_no_session_and_no_breadth(market_road, httpserver):
    listed = {"status": "OK", "results": [{"ticker": name, "primary_exchange": "XNYS", "type": "CS"} for name in "AB"]}
    httpserver.expect_request(TICKERS).respond_with_json(listed)
    httpserver.expect_request(f"{GROUPS}2026-08-20").respond_with_json(grouped(("A", 10.0), ("B", 5.0), ("C", 1.0)))
    httpserver.expect_oneshot_request(f"{GROUPS}2026-08-21").respond_with_json(grouped())
    wanted = [(GROUPED, "US_STOCKS"), (GROUPED, STOCKS_BEFORE), (REFERENCE, "XNYS")]
    empty = market_road(*wanted, publishers=["massive"])
    assert empty.table(BREADTH_COUNTS).empty, "not all unchanged"
    assert "no session, or not released yet" in empty.payload("US_STOCKS", MARKETS)["reason"]

    httpserver.expect_request(f"{GROUPS}2026-08-21").respond_with_json(grouped(("A", 11.0), ("B", 4.0), ("C", 2.0)))
    counts = market_road(*wanted, publishers=["massive"], home="whole").table(BREADTH_COUNTS)
    told = counts.set_index("breadth_method")[["advances_count", "declines_count"]]
    assert told.loc["nyse_true"].tolist() == [1, 1]
    assert told.loc["massive_us_all"].tolist() == [2, 1]


def test_31_the_evening_file_of_a_weekend_a_settlement_wednesday_and_weeklies(market_road, httpserver):
    """A header alone is no curve, and the session before is a row of its own date, never tonight's."""
    decoys = "VX,VX36/U6,2026-09-09,18.6750\nVXM,VXM/U6,2026-09-16,18.6750\n"
    httpserver.expect_request(EVENING, query_string={"dt": "2026-08-21"}).respond_with_data(HEAD)
    httpserver.expect_request(EVENING, query_string={"dt": "2026-08-20"}).respond_with_data(
        f"{HEAD}VX,VX/U6,2026-09-16,18.8250\n{decoys}VX,VX/V6,2026-10-21,19.6500\n"
    )
    mine = market_road((VX_SETTLEMENT, "VX"), (VX_SETTLEMENT, BEFORE))
    assert settled(mine) == [["2026-08-20", "2026-09-16", "settlement", 18.825],
                             ["2026-08-20", "2026-10-21", "settlement", 19.65]]  # fmt: skip
    assert "no session, or not settled yet" in mine.payload("VX", MARKETS)["reason"]

    httpserver.clear()
    httpserver.expect_request(EVENING, query_string={"dt": "2026-08-19"}).respond_with_data(
        f"{HEAD}VX,VX/Q6,2026-08-19,17.9300\n"
    )
    final = market_road((VX_SETTLEMENT, "VX"), day=date(2026, 8, 19), home="wednesday")
    assert settled(final) == [["2026-08-19", "2026-08-19", "final", 17.93]], "what it settled at is no curve point"


def test_32_a_future_nobody_traded_and_a_line_of_small_print(market_road, httpserver):
    """Zeros are no bar; the settlement stands, and nothing later than the night is read."""
    httpserver.expect_request(HISTORY).respond_with_data(
        "CFE data is provided as is\n"
        "Trade Date,Futures,Open,High,Low,Close,Settle,Change,Total Volume,EFP,Open Interest\n"
        "2026-08-20,U (Sep 2026),18.9,19.25,18.6,18.85,18.825,-0.175,61204,0,142077\n"
        "2026-08-21,U (Sep 2026),0,0,0,0,18.675,-0.15,0,0,139901\n"
        "2026-08-24,U (Sep 2026),19,20,18,19,19.5,0.8,1,0,1\n"
    )
    mine = market_road((VX_HISTORY, "VX/U6"))
    assert settled(mine) == [["2026-08-20", "2026-09-16", "history", 18.825],
                             ["2026-08-21", "2026-09-16", "history", 18.675]]  # fmt: skip
    bars = mine.table(VX_SETTLEMENTS).set_index("settle_date")[["open_usd", "high_usd", "low_usd", "close_usd"]]
    assert bars.loc[pd.Timestamp("2026-08-20")].tolist() == [18.9, 19.25, 18.6, 18.85]
    assert bars.loc[pd.Timestamp("2026-08-21")].isna().all()
