"""Scenarios 19, 20 and 25: bars, index histories and the curve."""

import json
from datetime import date

import pandas as pd
import pytest

from alvh_core.bars import trigger_close
from alvh_core.schemas import DAILY_BARS, RATE_CURVE, SNAPSHOTS
from tasks.normalise import LANDED
from tasks.sources.source import BARS, CHAIN, CURVE, INDEX

BARS_PATH = "/delayed_quotes/charts/historical/{}.json"
INDEX_PATH = "/us_indices/daily_prices/{}_History.csv"
CURVE_PATH = "/resource-center/data-chart-center/interest-rates/daily-treasury-rates.csv/{}/all"
BAR = {"date": "2026-07-15", "open": 54.4, "high": 54.71, "low": 54.02, "close": 54.19, "volume": 35500231}
TEXTS = {"date": "2026-07-16", "open": "54.30", "high": "54.95", "low": "54.22", "close": "54.88", "volume": "0"}


def test_19_numbers_that_are_strings_in_a_chart_are_numbers(road, httpserver):
    body = {"timestamp": "2026-07-17 01:00:04", "symbol": "XLF", "data": [BAR, TEXTS]}
    httpserver.expect_request(BARS_PATH.format("XLF")).respond_with_data(json.dumps(body))
    bars = road("cboe").take((BARS, "XLF")).table(DAILY_BARS)
    assert list(bars["close_usd"]) == [54.19, 54.88]
    assert list(bars["volume_shares"]) == [35500231.0, 0.0]
    assert bars["open_usd"].dtype == "float64"


def test_20_two_columns_are_a_history_and_its_last_row_may_be_missing(road, httpserver, chain):
    """Nothing stands in for the missing close but tonight's own chain, and that is said."""
    two = "DATE,VVIX\n07/14/2026,96.410000\n07/15/2026,94.870000\n"
    four = "DATE,OPEN,HIGH,LOW,CLOSE\n07/14/2026,17.6,18.4,17.3,17.8\n07/15/2026,17.9,18.2,17.2,17.42\n"
    httpserver.expect_request(INDEX_PATH.format("VVIX")).respond_with_data(two)
    httpserver.expect_request(INDEX_PATH.format("VIX")).respond_with_data(four)
    httpserver.expect_request("/delayed_quotes/options/_VIX.json").respond_with_data(chain(current_price=21.5))
    mine = road("cboe")
    wanted = next(request.symbol for request in mine.night.requests if request.dataset == INDEX
                  and request.symbol == "VVIX")  # fmt: skip
    mine.take((INDEX, wanted), (INDEX, "VIX"), (CHAIN, "VIX"))
    bars = mine.table(DAILY_BARS)
    assert bars["bar_date"].max() == pd.Timestamp("2026-07-15"), "nothing is carried forward"
    vvix = bars[bars["symbol"] == "VVIX"]
    assert list(vvix["close_usd"]) == [96.41, 94.87]
    assert vvix[["open_usd", "high_usd", "low_usd"]].isna().all(axis=None)
    close = trigger_close(bars, mine.table(SNAPSHOTS), mine.night.trade_date)
    assert (close.vol_points, close.is_provisional) == (21.5, True)


TENORS = ["1 Mo", "1.5 Month", "2 Mo", "3 Mo", "4 Mo", "6 Mo", "1 Yr", "2 Yr", "3 Yr", "5 Yr", "7 Yr", "10 Yr",
          "20 Yr", "30 Yr"]  # fmt: skip


def curve_file(tenors, *days):
    names = ",".join(f'"{name}"' for name in tenors)
    return "\n".join([f"Date,{names}", *(",".join([day, *["3.70"] * len(tenors)]) for day in days), ""])


@pytest.mark.parametrize("tenors", [TENORS, [name for name in TENORS if name != "1.5 Month"]], ids=len)
def test_25_a_curve_of_fourteen_tenors_or_thirteen(road, httpserver, tenors):
    httpserver.expect_request(CURVE_PATH.format(2026)).respond_with_data(curve_file(tenors, "07/16/2026", "07/15/2026"))
    rates = road("treasury").take((CURVE, "UST2026")).table(RATE_CURVE)
    assert len(rates) == len(tenors)
    assert set(rates["curve_date"]) == {pd.Timestamp("2026-07-16")}
    assert rates["par_yield_frac"].tolist() == pytest.approx([0.037] * len(tenors))
    assert ((rates["tenor_years"] - 0.125).abs() < 1e-9).any() == ("1.5 Month" in tenors)


def test_25_an_empty_january_is_no_fault_and_december_is_asked_too(road, httpserver):
    """Some years the file is not even there."""
    for number, january in enumerate([(curve_file(TENORS), 200), ("not found", 404)]):
        httpserver.clear()
        httpserver.expect_request(CURVE_PATH.format(2026)).respond_with_data(*january)
        httpserver.expect_request(CURVE_PATH.format(2025)).respond_with_data(curve_file(TENORS, "12/31/2025"))
        mine = road("treasury", day=date(2026, 1, 2), home=f"january{number}")
        rates = mine.take((CURVE, "UST2026"), (CURVE, "UST2025")).table(RATE_CURVE)
        assert set(rates["curve_date"]) == {pd.Timestamp("2025-12-31")}
        told = mine.payload("UST2026", CURVE)
        assert told["payload_outcome"] == ("LANDED", "MISSING")[number]
    late = road("treasury", day=date(2026, 1, 6), home="late").read((CURVE, "UST2026"), (CURVE, "UST2025"))
    assert late.table(RATE_CURVE).empty, "six days are too old to discount with"
    assert late.table(DAILY_BARS, LANDED).empty
