"""Cutting a night into shards: whole symbols, in order, of about the same size, none lost."""

from types import SimpleNamespace

import pandas as pd
from hypothesis import given, settings
from hypothesis import strategies as st

from alvh_core import frames
from alvh_core.landing import Landing
from alvh_core.schemas import META_VALIDATIONS
from tasks.gather import cut, night_checks
from tasks.normalise import SYMBOLS
from tasks.sources.source import BARS, CHAIN, CURVE

LAWS = settings(max_examples=60)


def landings_of(sizes):
    made = [
        Landing(dataset=CHAIN, symbol=symbol, url=f"c/{symbol}", bytes_count=size) for symbol, size in sizes.items()
    ]
    made += [Landing(dataset=BARS, symbol=symbol, url=f"b/{symbol}", bytes_count=50) for symbol in sizes]
    return [Landing(dataset=CURVE, symbol="UST2026", url="curve", bytes_count=10**9), *made]


@LAWS
@given(st.lists(st.integers(0, 10**8), max_size=30), st.integers(1, 12))
def test_a_cut_keeps_every_symbol_whole_and_in_order(numbers, count):
    sizes = {f"S{at:02d}": size for at, size in enumerate(numbers)}
    parts = cut(landings_of(sizes), count)
    assert len(parts) <= count
    assert all(parts)
    symbols = [list(dict.fromkeys(landing.symbol for landing in part)) for part in parts]
    assert [symbol for part in symbols for symbol in part] == sorted(sizes)
    assert sum(map(len, parts)) == 2 * len(sizes)


@LAWS
@given(st.integers(1, 40), st.integers(1, 12))
def test_symbols_of_one_size_are_dealt_evenly(symbols, count):
    parts = cut([Landing(dataset=CHAIN, symbol=f"S{n:03d}", url="u", bytes_count=7) for n in range(symbols)], count)
    sizes = [len(part) for part in parts]
    assert len(parts) == min(symbols, count)
    assert max(sizes) - min(sizes) <= 1


def test_a_symbol_larger_than_a_part_stands_alone():
    sizes = {"A": 10, "B": 10, "SPX": 10_000, "T": 10}
    assert [{x.symbol for x in part} for part in cut(landings_of(sizes), 3)] == [{"A", "B"}, {"SPX"}, {"T"}]


def test_what_did_not_land_is_one_part():
    nothing = [Landing(dataset=CHAIN, symbol=symbol, url="u", reason="403") for symbol in "ABC"]
    assert [[x.symbol for x in part] for part in cut(nothing, 4)] == [["A", "B", "C"]]


def counted(dataset, count, *, is_success):
    row = {"trade_date": pd.Timestamp(2026, 7, 16), "source_mode": "simulated", "dataset": dataset,
           "check_name": "ROW_COUNT", "check_column": "*", "severity": "night", "is_success": is_success,
           "evaluated_count": count, "unexpected_count": 0}  # fmt: skip
    return frames.conform(pd.DataFrame([row]), META_VALIDATIONS)


def test_a_table_of_the_night_may_be_empty_and_the_quotes_may_not():
    parts = {SYMBOLS: counted("quotes", 0, is_success=True), CURVE: counted("actions", 0, is_success=True)}
    nothing = frames.empty(META_VALIDATIONS)
    night = SimpleNamespace(lake=SimpleNamespace(read=lambda _table, part: parts.get(part, nothing)))
    found = night_checks(night, [night, night])
    assert dict(zip(found["dataset"], found["is_success"], strict=True)) == {"quotes": False, "actions": True}
