"""Laws of the simulated market: same bytes in any order and process, and no look-ahead."""

import os
import subprocess
import sys
import warnings
from datetime import date
from zlib import crc32

import exchange_calendars
import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from alvh_core.market.simulated import SimulatedMarket
from alvh_core.universe import DEFAULT_UNIVERSE


def _xnys():
    with warnings.catch_warnings():  # exchange_calendars 4.13 trips a deprecation of pandas 3.1
        warnings.simplefilter("ignore")
        return exchange_calendars.get_calendar("XNYS", start="2019-01-01")


_CALENDAR = _xnys()
SESSIONS = _CALENDAR.sessions.to_numpy().astype("datetime64[D]")
USABLE = SESSIONS[np.datetime64("2020-01-01") <= SESSIONS].astype(object).tolist()
MARKET = SimulatedMarket(DEFAULT_UNIVERSE, SESSIONS)
SYMBOLS = st.sampled_from(["_VIX", "VXX", "XLF", "DVY", "O"])
NIGHTS = st.integers(0, len(USABLE) - 2)
INDICES = st.sampled_from(["VIX", "VXN", "RVX", "VIX9D", "VIX3M", "VVIX", "SKEW"])


def _without_clock(payload):
    return payload.split(b'"data"', 1)[1]


@settings(max_examples=15)
@given(symbol=SYMBOLS, at=NIGHTS, seed=st.sampled_from([442, 7]))
def test_same_question_same_bytes_in_any_order(symbol, at, seed):
    first = SimulatedMarket(DEFAULT_UNIVERSE, SESSIONS, seed=seed).chain(symbol, USABLE[at])
    used = SimulatedMarket(DEFAULT_UNIVERSE, SESSIONS, seed=seed)
    used.bars("SPY", USABLE[-1])
    used.chain("_VIX", USABLE[at + 1])
    used.chain(symbol, USABLE[at + 1])
    assert used.chain(symbol, USABLE[at]) == first
    assert SimulatedMarket(DEFAULT_UNIVERSE, SESSIONS, seed=seed + 1).chain(symbol, USABLE[at]) != first


@settings(max_examples=15)
@given(symbol=SYMBOLS, at=NIGHTS, ahead=st.integers(1, 300))
def test_bars_seen_early_are_the_first_part_of_those_seen_late(symbol, at, ahead):
    early = _without_clock(MARKET.bars(symbol, USABLE[at]))
    late = _without_clock(MARKET.bars(symbol, USABLE[min(at + ahead, len(USABLE) - 1)]))
    assert late.startswith(early.removesuffix(b"]}"))


@settings(max_examples=15)
@given(name=INDICES, at=NIGHTS, ahead=st.integers(1, 300))
def test_index_history_seen_early_is_the_first_part(name, at, ahead):
    early = MARKET.index_history(name, USABLE[at])
    assert MARKET.index_history(name, USABLE[min(at + ahead, len(USABLE) - 1)]).startswith(early)


@settings(max_examples=15)
@given(at=NIGHTS)
def test_curve_seen_early_is_the_last_part(at):
    year = USABLE[at].year
    early = MARKET.treasury_curve(year, USABLE[at]).splitlines()[1:]
    late = MARKET.treasury_curve(year, USABLE[at + 1]).splitlines()[1:]
    if len(early) and early[-1].count(b",") == late[-1].count(b","):  # a tenor added that day widens the whole file
        assert late[len(late) - len(early) :] == early


@settings(max_examples=8)
@given(symbol=SYMBOLS, at=st.integers(0, 1000))
def test_a_shorter_calendar_changes_nothing_in_the_past(symbol, at):
    shorter = SimulatedMarket(DEFAULT_UNIVERSE, SESSIONS[:1950])
    assert shorter.bars(symbol, USABLE[at]) == MARKET.bars(symbol, USABLE[at])
    assert shorter.chain(symbol, USABLE[at - at % 250]) is not None


def test_a_fresh_process_with_another_hash_seed_agrees():
    code = (
        "import sys, numpy as np; from zlib import crc32; from datetime import date\n"
        "from alvh_core.market.simulated import SimulatedMarket; from alvh_core.universe import DEFAULT_UNIVERSE\n"
        "days = np.array(sys.stdin.read().split(), dtype='datetime64[D]')\n"
        "market = SimulatedMarket(DEFAULT_UNIVERSE, days)\n"
        "print(*[crc32(market.chain(symbol, date(2026, 8, 21))) for symbol in ('_VIX', 'VXX', 'XLF')])"
    )
    env = os.environ | {"PYTHONHASHSEED": "12345"}
    days = " ".join(SESSIONS.astype(str))
    result = subprocess.run(
        [sys.executable, "-c", code], input=days, env=env, capture_output=True, text=True, check=True
    )
    here = [crc32(MARKET.chain(symbol, date(2026, 8, 21))) for symbol in ("_VIX", "VXX", "XLF")]
    assert result.stdout.split() == [str(code) for code in here]
