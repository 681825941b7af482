"""Bars, index histories, VIX futures, dividends and the closes of a whole market: the publishers' traps, one by one."""

import gzip
import json
from datetime import date
from pathlib import Path

import pandas as pd
import pytest

from alvh_core.bars import bars_as_of
from alvh_core.errors import RetriableError, SkippableError
from alvh_core.futures import night_settlements
from alvh_core.universe import DEFAULT_UNIVERSE
from tasks.sources import cboe, cfe, massive_stocks, tiingo
from tasks.sources.catalogue import INDICES, night_requests
from tasks.sources.source import Wanted, bundled

DAY = date(2026, 7, 16)
EVENING = "https://h/us/futures/market_statistics/settlement/csv?dt=2026-07-16"
HEADER = "Product,Symbol,Expiration Date,Price\n"
HISTORY = "Trade Date,Futures,Open,High,Low,Close,Settle,Change,Total Volume,EFP,Open Interest\n"
GROUPED = "https://h/v2/aggs/grouped/locale/us/market/stocks/2026-07-16?adjusted=true"
recorded = pytest.mark.skipif(
    not (Path(__file__).parents[3] / "shared/data/recorded").is_dir(), reason="needs ../shared/data, real quotes"
)


def wanted(symbol, calendar, day=DAY):
    return Wanted(symbol=symbol, asset=DEFAULT_UNIVERSE.get(symbol), trade_date=day, is_session=calendar.is_session)


# Where a night asks


def test_addresses_follow_the_exchanges_calendar(calendar):
    """Labour Day lies between, and Juneteenth moves a settlement to a Tuesday."""
    tuesday = wanted(cfe.BEFORE, calendar, date(2026, 9, 8))
    assert cfe.evening_url(tuesday).endswith("?dt=2026-09-04")
    assert (
        massive_stocks.grouped_url(wanted(massive_stocks.BEFORE, calendar, date(2026, 9, 8))).count("2026-09-04") == 1
    )
    assert cfe.history_url(wanted("VX/K6", calendar, date(2026, 4, 1))).endswith("/VX/VX_2026-05-19.csv")


def test_a_night_asks_for_every_index_and_no_fund_stands_in_for_one(calendar):
    requests = night_requests(DEFAULT_UNIVERSE, DAY, is_session=calendar.is_session)
    assert {r.symbol for r in requests if r.dataset == "index_history"} == set(INDICES)
    bars = {r.symbol: r.urls for r in requests if r.dataset == "daily_bars"}
    assert [url.rpartition("/")[2] for url in bars["NDX"]] == ["_NDX.json", "_NDX.json", "NDX_History.csv"]
    assert [url.split("?")[0].rpartition("/")[2] for url in bars["QQQ"]] == ["QQQ.json", "QQQ.json", "prices"]
    assert not [r for r in requests if r.dataset == "daily_actions" and r.symbol in {"SPX", "NDX", "RUT", "VIX"}]


# Cboe: scenarios 19 and 20


def test_strings_for_numbers_and_rows_before_the_listing():
    rows = [{"date": "2026-07-14", "open": "0.0", "high": "0.0", "low": "0.0", "close": "0.0", "volume": "0"},
            {"date": "2026-07-15", "open": "54.30", "high": "54.95", "low": "54.22", "close": "54.88",
             "volume": "7"}]  # fmt: skip
    found = cboe.read_bars(json.dumps({"data": rows}).encode(), "XLF", "u")
    assert found[["bar_date", "close_usd", "volume_shares"]].values.tolist() == [[pd.Timestamp("2026-07-15"), 54.88, 7]]


def test_a_history_of_two_columns_whose_last_row_is_missing(calendar):
    body = b"DATE,VVIX\n07/14/2026,91.100000\n07/15/2026,92.250000\n"
    bars = bars_as_of(cboe.parse_index_history(body, "VVIX", "u").assign(payload_sha256="a"), DAY, "live", calendar)
    assert bars["close_usd"].tolist() == [91.1, 92.25]
    assert bars["bar_date"].max() == pd.Timestamp("2026-07-15"), "nothing is carried to tonight"


# VIX futures: scenarios 31 and 32


def test_weeklies_and_minis_are_decoys():
    body = (
        HEADER
        + "VX,VX/N6,2026-07-22,17.1\nVX,VX30/N6,2026-07-29,18.2\nVXM,VXM/Q6,2026-08-19,18.2\nVX,VX/Q6,2026-08-19,18.2\n"
    )
    found = cfe.parse_evening(body.encode(), "VX", EVENING)
    assert found["futures_symbol"].tolist() == ["VX/N6", "VX/Q6"]
    assert set(found["settle_date"]) == {pd.Timestamp(DAY)}


def test_what_a_weekly_settled_at_is_read_on_its_day(calendar):
    """VIXW options of that Wednesday settle to it; what the weekly is listed at before is a reference price."""
    others = "VX,VX29/N6,2026-07-29,18.2000\nVX,VX31/Q6,n/a,18.2000\nVX,VX/Q6,2026-08-19,18.2000\n"
    body = f"{HEADER}VX,VX28/N6,2026-07-15,17.2500\n{others}"
    found = cfe.parse_evening(body.encode(), "VX", EVENING.replace("07-16", "07-15")).assign(payload_sha256="a")
    rows = night_settlements(found, date(2026, 7, 15), "live", calendar.is_session)
    assert rows[["futures_symbol", "settle_kind", "settle_vol_points"]].values.tolist() == [
        ["VX28/N6", "final", 17.25],
        ["VX/Q6", "settlement", 18.2],
    ]


@pytest.mark.parametrize(
    "body",
    [
        HEADER,
        HEADER + "VX,VX30/N6,2026-07-29,18.2\n",
        HEADER + "VXM,VXM/Q6,2026-08-19,1\n",
        HEADER + "VX,VX28/N6,2026-07-16,17.2\n",
    ],
)
def test_a_header_alone_is_a_weekend(body):
    with pytest.raises(SkippableError, match="no session, or not settled yet"):
        cfe.parse_evening(body.encode(), "VX", EVENING)


def test_a_settlement_wednesday_alone(calendar):
    body = (HEADER + "VX,VX/N6,2026-07-22,17.0300\n").encode()
    found = cfe.parse_evening(body, "VX", EVENING.replace("07-16", "07-22")).assign(payload_sha256="a")
    rows = night_settlements(found, date(2026, 7, 22), "live", calendar.is_session)
    assert rows[["settle_kind", "settle_vol_points"]].values.tolist() == [["final", 17.03]]


def history(*rows, header=HISTORY):
    return (header + "".join(f"{row}\n" for row in rows)).encode()


TRADED = "2026-07-15,U (Sep 2026),18.9,19.25,18.6,18.85,18.825,-0.175,61204,0,142077"
QUIET = "2026-07-14,U (Sep 2026),0.0000,0.0000,0.0000,0.0000,19.0,0,0,0,140000"


def test_zero_bars_and_small_print(calendar):
    body = history(QUIET, TRADED, header="CFE data is compiled for the convenience of visitors,\n" + HISTORY)
    found = cfe.parse_history(body, "VX/U6", "u")
    rows = night_settlements(found.assign(payload_sha256="a"), DAY, "live", calendar.is_session)
    assert rows["settle_vol_points"].tolist() == [19.0, 18.825]
    assert rows["open_usd"].isna().tolist() == [True, False]
    assert rows["expiry_date"].tolist() == [pd.Timestamp("2026-09-16")] * 2


def test_the_archive_spells_dates_otherwise_and_ends_rows_with_commas():
    header = HISTORY.replace("\n", ",\n")
    row = "03/23/2007,K (May 2007),144.2,145.1,143.0,144.0,144.1,0.3,900,0,2100,"
    found = cfe.parse_history(history(row, row, header=header), "VX/K7", "u")
    assert found["settle_date"].tolist() == [pd.Timestamp("2007-03-23")] * 2
    assert found["settle_vol_points"].tolist() == [144.1, 144.1]


@pytest.mark.parametrize(("body", "told"), [
    (history("2026-07-15,Sep 2026,1,1,1,1,1,0,0,0,0"), "expected rows of a contract"), (history(), "found 0 rows"),
    (history(TRADED.replace("U (Sep", "V (Sep")), "expected rows of a contract"),
    (history(TRADED.replace("2026-07-15", "soon")), "expected dates"), (b"<html>", "expected CSV of trade date"),
    (b"Date,Price\n", "expected CSV of trade date"),
])  # fmt: skip
def test_a_history_that_is_none(body, told):
    with pytest.raises(SkippableError, match=rf"VX/U6: u: .*{told}"):
        cfe.parse_history(body, "VX/U6", "u")


def test_a_history_cut_short():
    with pytest.raises(RetriableError, match="cut short"):
        cfe.parse_history(history(QUIET, TRADED)[:-40], "VX/U6", "u")


# Tiingo


def prices(*rows):
    names = ("date", "close", "divCash", "splitFactor")
    bars = [dict(zip(names, row, strict=True)) for row in rows]
    return json.dumps([{**bar, "open": bar["close"], "high": bar["close"], "low": bar["close"], "volume": 100,
                        "adjClose": 1.0} for bar in bars]).encode()  # fmt: skip


SPLIT = prices(("2026-07-13T00:00:00.000Z", 100.0, 0.0, 1.0), ("2026-07-14T00:00:00.000Z", 25.0, 0.1, 4.0),
               ("2026-07-20T00:00:00.000Z", 2.5, 0.0, 10.0))  # fmt: skip


def test_prices_as_traded_become_prices_across_the_splits_known_on_the_night():
    found = tiingo.parse_bars(SPLIT, "XLF", "https://h/prices?endDate=2026-07-16")
    assert found["close_usd"].tolist() == [25.0, 25.0], "the split of 20 July is not known on 16 July"
    assert found["volume_shares"].tolist() == [400.0, 100.0]
    actions = tiingo.parse_actions(SPLIT, "XLF", "https://h/prices?endDate=2026-07-16")
    assert actions[["dividend_usd", "split_ratio"]].values.tolist() == [[0.1, 4.0]]


def test_a_share_that_pays_nothing_has_no_actions():
    found = tiingo.parse_actions(prices(("2026-07-13", 100.0, 0.0, 1.0)), "TSLA", "u")
    assert found.empty
    assert {"symbol", "ex_date", "dividend_usd", "split_ratio", "row_position"} <= set(found.columns)


@pytest.mark.parametrize(("body", "told"), [
    (b'{"detail":"Not found."}', "expected a list of days"), (b"You have run over your limit", "expected a list"),
    (b"[]", "found none among 0"), (SPLIT.replace(b"splitFactor", b"split"), "KeyError 'splitFactor'"),
    (SPLIT.replace(b"100.0", b'"n/a"'), "ValueError"), (SPLIT.replace(b"2026-07-13T", b"soonT"), "ValueError"),
])  # fmt: skip
def test_prices_that_are_none(body, told):
    with pytest.raises(SkippableError, match=rf"XLF: u: .*{told}"):
        tiingo.parse_bars(body, "XLF", "u")


def test_prices_cut_short():
    with pytest.raises(RetriableError, match="cut short"):
        tiingo.parse_bars(SPLIT[:-20], "XLF", "u")


# Massive: scenario 23


def test_no_results_is_a_holiday_or_too_early():
    body = b'{"queryCount":0,"resultsCount":0,"adjusted":true,"status":"OK","request_id":"r","count":0}'
    with pytest.raises(SkippableError, match="no session, or not released yet"):
        massive_stocks.parse_grouped(body, "US_STOCKS", GROUPED)


@pytest.mark.parametrize(("change", "told"), [
    ({"adjusted": False}, "expected adjusted closes"), ({"status": "NOT_AUTHORIZED", "message": "no plan"}, "no plan"),
    ({"results": [{"T": "A"}]}, "KeyError 'c'"), ({"results": [{"T": "A" * 99, "c": 1}]}, "no ticker"),
    ({"results": {"T": "A", "c": 1}}, "expected results"), ({"results": [{"T": "A", "c": "dear"}]}, "ValueError"),
])  # fmt: skip
def test_closes_that_are_none(change, told):
    page = {"adjusted": True, "status": "OK", "results": [{"T": "A", "c": 1.0}]} | change
    with pytest.raises(SkippableError, match=rf"US_STOCKS: .*{told}"):
        massive_stocks.parse_grouped(json.dumps(page).encode(), "US_STOCKS", GROUPED)


def test_the_day_is_the_one_asked_for_and_a_close_of_nothing_is_none():
    page = {"adjusted": True, "status": "OK", "results": [{"T": "A", "c": 1.0, "t": 0}, {"T": "B", "c": 0}]}
    found = massive_stocks.parse_grouped(json.dumps(page).encode(), "US_STOCKS", GROUPED)
    assert found[["ticker", "session_date"]].values.tolist() == [["A", pd.Timestamp(DAY)]]


def listed(*names, **more):
    rows = [{"ticker": name, "primary_exchange": "XNYS", "type": "CS"} for name in names]
    return json.dumps({"status": "OK", "results": rows} | more).encode()


def test_pages_of_members_follow_the_host_that_was_asked_without_a_key():
    url = "http://127.0.0.1:1/v3/reference/tickers?exchange=XNYS"
    first = listed("A", next_url="https://api.massive.com/v3/reference/tickers?cursor=abc&apiKey=stolen")
    assert massive_stocks.further_pages(first, url) == ["http://127.0.0.1:1/v3/reference/tickers?cursor=abc"]
    assert massive_stocks.further_pages(listed("B"), url) == []
    found = massive_stocks.parse_reference(bundled([first, listed("B", "A")]), "XNYS", url)
    assert found["ticker"].tolist() == ["A", "B"]


@pytest.mark.parametrize("address", ["https://evil.example/steal?cursor=a", "/v3/reference/tickers", "http://[x]/", 7])
def test_a_next_page_elsewhere_is_refused(address):
    with pytest.raises(SkippableError, match="next_url"):
        massive_stocks.further_pages(listed("A", next_url=address), "https://api.massive.com/v3/reference/tickers")


# Real files


@recorded
@pytest.mark.parametrize("name", ["VIX", "VIX3M", "VIX6M", "VVIX", "SKEW"])
def test_the_recorded_index_histories(name, calendar):
    root = (
        Path(__file__).parents[3] / "shared/data/recorded/histories/cdn-api.cboe.com/api/global/us_indices/daily_prices"
    )
    body = gzip.decompress((root / f"{name}_History.csv.gz").read_bytes())
    found = cboe.parse_index_history(body, name, "u").assign(payload_sha256="a")
    assert len(found) > 200
    assert found["close_usd"].notna().all()
    assert found["close_usd"].between(5.0, 250.0).all()
    assert bars_as_of(found, DAY, "recorded", calendar)["bar_date"].max() <= pd.Timestamp(DAY)
    assert (found["bar_date"].max() == pd.Timestamp("2026-07-31")) == (name == "VIX"), "the others end in spring"
