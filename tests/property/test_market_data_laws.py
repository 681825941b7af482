"""Laws of splits, breadth and VIX futures, and of the files in which the simulated market tells them."""

import json
from datetime import date, timedelta

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from alvh_core.actions import split_adjusted
from alvh_core.breadth import exchange_breadth
from alvh_core.expiries import vix_settlement
from alvh_core.futures import expiry_of, futures_symbol
from alvh_core.market.simulated import SimulatedMarket
from alvh_core.market.stock_files import SPLITS
from alvh_core.universe import DEFAULT_UNIVERSE
from tasks.sources import cboe, tiingo

WEEKDAYS = np.arange("2019-01-02", "2027-06-01", dtype="datetime64[D]")
SESSIONS = WEEKDAYS[np.is_busday(WEEKDAYS)]
MARKET = SimulatedMarket(DEFAULT_UNIVERSE, SESSIONS)
USABLE = SESSIONS[261:].astype(object).tolist()
NIGHTS = st.integers(0, len(USABLE) - 300)
PRICES = st.lists(st.floats(1.0, 1000.0), min_size=2, max_size=12)
BAR = ("open_usd", "high_usd", "low_usd", "close_usd")
BEFORE, DAY = date(2026, 7, 15), date(2026, 7, 16)


def is_session(day):
    return day.weekday() < 5


@given(closes=PRICES, ratios=st.lists(st.sampled_from([1.0, 1.0, 1.0, 2.0, 10.0, 0.1]), min_size=12, max_size=12))
def test_splitting_and_adjusting_gives_the_prices_back(closes, ratios):
    ratio = np.array(ratios[: len(closes)])
    later = np.array([np.prod(ratio[at + 1 :]) for at in range(len(closes))])
    days = pd.date_range("2026-01-05", periods=len(closes))
    raw = pd.DataFrame({"bar_date": days, "split_ratio": ratio, "volume_shares": 100.0 / later,
                        **dict.fromkeys(BAR, np.array(closes) * later)})  # fmt: skip
    found = split_adjusted(raw)
    np.testing.assert_allclose(found["close_usd"], closes, rtol=1e-12)
    np.testing.assert_allclose(found["volume_shares"], 100.0, rtol=1e-12)


CHANGES = st.dictionaries(st.text("ABCDEF", min_size=1, max_size=3), st.tuples(st.floats(1, 9), st.floats(1, 9)),
                          min_size=1, max_size=20)  # fmt: skip


@given(changes=CHANGES, scale=st.sampled_from([0.5, 2.0, 64.0]))
def test_breadth_is_antisymmetric_and_does_not_depend_on_price(changes, scale):
    def count(first, second, factor=1.0):
        rows = [(name, pd.Timestamp(day), close * factor) for name, pair in changes.items()
                for day, close in zip((BEFORE, DAY), (pair[first], pair[second]), strict=True)]  # fmt: skip
        closes = pd.DataFrame(rows, columns=["ticker", "session_date", "close_usd"])
        found = exchange_breadth(closes, set(changes), BEFORE, DAY, "live").iloc[0]
        return tuple(int(found[f"{name}_count"]) for name in ("advances", "declines", "unchanged", "members"))

    up, down, same, members = count(0, 1)
    assert up + down + same == members == len(changes)
    assert count(1, 0) == (down, up, same, members)
    assert count(0, 1, scale) == (up, down, same, members), "a power of two rounds nothing"


@given(year=st.integers(2006, 2040), month=st.integers(1, 12), ahead=st.integers(0, 300))
def test_a_contracts_name_leads_to_its_day(year, month, ahead):
    day = vix_settlement(year, month, is_session)
    assert expiry_of(futures_symbol(year, month), day - timedelta(days=ahead), is_session) == day


@settings(max_examples=15)
@given(at=NIGHTS, ahead=st.integers(1, 200), symbol=st.sampled_from(["KO", "O", "XLF", "NVDA"]))
def test_prices_of_a_night_are_the_first_part_of_those_of_a_later_one(at, ahead, symbol):
    raw = ("date", "open", "high", "low", "close", "volume", "divCash", "splitFactor")

    def rows(session):
        return [tuple(row[name] for name in raw) for row in json.loads(MARKET.share_prices(symbol, session, {}))]

    early = rows(USABLE[at])
    assert rows(USABLE[at + ahead])[: len(early)] == early


@settings(max_examples=15)
@given(at=NIGHTS, ahead=st.integers(1, 60), months=st.integers(1, 7))
def test_futures_do_not_know_tomorrow(at, ahead, months):
    night, later = USABLE[at], USABLE[at + ahead]
    month = (night.month - 1 + months) % 12 + 1
    expiry = vix_settlement(night.year + (night.month - 1 + months) // 12, month, is_session)
    early = MARKET.vx_history(expiry, night)
    assert MARKET.vx_history(expiry, later).startswith(early.rstrip(b"\n"))
    assert str(night).encode() not in early, "the history is a session late"
    assert MARKET.vx_settlements(later, night).count(b"\n") == 1
    assert MARKET.grouped_daily(later, night) is None
    assert MARKET.vx_settlements(night, later) == MARKET.vx_settlements(night, night)
    assert MARKET.grouped_daily(night, later) == MARKET.grouped_daily(night, night)


@pytest.mark.parametrize("symbol", ["NVDA", "KO", "SCHD"])
@pytest.mark.parametrize("night", [date(2020, 3, 2), date(2026, 7, 16)])
def test_two_publishers_tell_one_history_across_the_split(symbol, night):
    chart = cboe.read_bars(MARKET.bars(symbol, night), symbol, "u")
    prices = tiingo.parse_bars(MARKET.share_prices(symbol, night, {}), symbol, "u")
    assert chart["bar_date"].tolist() == prices["bar_date"].tolist()
    for name in BAR:
        np.testing.assert_allclose(prices[name], chart[name], atol=1e-9)
    actions = tiingo.parse_actions(MARKET.share_prices(symbol, night, {}), symbol, "u")
    assert (actions["split_ratio"] != 1.0).sum() == (symbol in SPLITS)
