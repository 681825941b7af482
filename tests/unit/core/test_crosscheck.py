"""Two feeds of one chain: when they agree, when they differ, when nothing can be told, and whose turn it is."""

from collections import Counter
from datetime import date

import numpy as np
import pandas as pd
import pytest

from alvh_core.crosscheck import Feed, compare, cross_check_rows, sample
from alvh_core.schemas import CROSS_CHECK
from alvh_core.universe import DEFAULT_UNIVERSE
from expectations.gate import validate_rows
from expectations.suites import cross_check_suite

KO, VIX = DEFAULT_UNIVERSE["KO"], DEFAULT_UNIVERSE["VIX"]
NOON = pd.Timestamp("2026-07-16T20:00:00Z")


def feed(width, *, count=40, at=NOON, sha="a", scope="nbbo", mid=1.0, name="KO260918C{:08d}"):
    """Contracts whose spread is a share of the mid."""
    half = 0.5 * width * mid
    quotes = pd.DataFrame({"option": [name.format(k) for k in range(count)], "bid": mid - half, "ask": mid + half})
    return Feed(quotes=quotes, scope=scope, quote_at_utc=at, payload_sha256=sha)


def compared(default, second, asset=KO):
    return compare(asset, default, second)


@pytest.mark.parametrize(("mine", "theirs", "expected"), [
    (0.10, 0.10, "AGREES"), (0.1249, 0.10, "AGREES"), (0.1251, 0.10, "DIFFERS"), (0.10, 0.1249, "AGREES"),
    (0.10, 0.1251, "DIFFERS"), (0.4, 0.1, "DIFFERS"), (0.1, 0.0, "INSUFFICIENT"), (0.0, 0.1, "INSUFFICIENT"),
])  # fmt: skip
def test_a_quarter_is_the_limit(mine, theirs, expected):
    row = compared(feed(mine), feed(theirs, sha="b"))
    assert row["cross_check"] == expected
    assert row["default_spread_frac"] == pytest.approx(mine)
    assert row["second_spread_frac"] == pytest.approx(theirs)
    assert row["compared_count"] == 40
    if expected != "INSUFFICIENT":
        assert row["spread_ratio"] == pytest.approx(mine / theirs)


def test_which_of_the_two_is_wider_is_told():
    assert "one venue's own book" in compared(feed(0.4), feed(0.1, sha="b"))["check_note"]
    assert "the default feed is narrower" in compared(feed(0.1), feed(0.4, sha="b"))["check_note"]


def test_what_one_exchange_lists_says_nothing_of_the_others():
    assert "no sign of one venue's own book" in compared(feed(0.1), feed(0.1, sha="b"))["check_note"]
    assert "says nothing of others" in compared(feed(0.1), feed(0.1, sha="b"), VIX)["check_note"]


@pytest.mark.parametrize(("mine", "theirs"), [(NOON, pd.NaT), (pd.NaT, NOON), (pd.NaT, pd.NaT)])
def test_quotes_of_an_unknown_time_are_compared_with_none(mine, theirs):
    row = compared(feed(0.1, at=mine), feed(0.1, sha="b", at=theirs))
    assert (row["cross_check"], row["compared_count"]) == ("INSUFFICIENT", 40)
    assert "not known" in row["check_note"]
    assert cross_check_rows([row], date(2026, 7, 16), "live")["clock_gap_minutes"].isna().all()


def test_few_contracts_say_nothing():
    assert compared(feed(0.4, count=29), feed(0.1, sha="b"))["cross_check"] == "INSUFFICIENT"
    assert compared(feed(0.4, count=30), feed(0.1, sha="b"))["cross_check"] == "DIFFERS"


def test_quotes_of_another_hour_say_nothing():
    row = compared(feed(0.4, at=NOON - pd.Timedelta(minutes=46)), feed(0.1, sha="b"))
    assert (row["cross_check"], row["clock_gap_minutes"]) == ("INSUFFICIENT", -46.0)
    assert compared(feed(0.4, at=NOON + pd.Timedelta(minutes=45)), feed(0.1, sha="b"))["cross_check"] == "DIFFERS"


def test_only_contracts_with_two_sides_in_both_count():
    default, second = feed(0.1), feed(0.1, sha="b")
    default.quotes.loc[0, "bid"] = 0.0
    default.quotes.loc[1, ["bid", "ask"]] = 1.2, 1.1
    default.quotes.loc[2, "ask"] = np.nan
    second.quotes.loc[3, "ask"] = np.inf
    second.quotes.loc[4, "option"] = "KO260918P00000004"
    second.quotes.loc[5, "option"] = second.quotes.loc[6, "option"]  # which of the two is meant?
    assert compared(default, second)["compared_count"] == 40 - 7


def test_blanks_in_a_symbol_do_not_matter():
    padded = feed(0.1, sha="b", name="KO    260918C{:08d}")
    assert compared(feed(0.1), padded)["compared_count"] == 40


@pytest.mark.parametrize("default", [None, feed(0.1, sha="b")])
def test_without_a_chain_of_the_default_feed_there_is_nothing_to_compare(default):
    row = compared(default, feed(0.4, sha="b"))
    assert (row["cross_check"], row["compared_count"]) == ("INSUFFICIENT", 0)


def test_every_answer_keeps_its_contract():
    rows = [compared(feed(0.4), feed(0.1, sha="b")), compared(None, feed(0.1, sha="b"), VIX),
            compared(feed(0.0), feed(0.0, sha="b"), DEFAULT_UNIVERSE["SPX"]),
            compared(feed(0.1), feed(0.1, sha="b"), DEFAULT_UNIVERSE["XLF"])]  # fmt: skip
    for frame in (cross_check_rows(rows, date(2026, 7, 16), "live"), cross_check_rows([], date(2026, 7, 16), "live")):
        gated = validate_rows(frame, CROSS_CHECK, cross_check_suite())
        assert gated.rejected.empty
        assert gated.checks["is_success"].all()
    broken = cross_check_rows(rows, date(2026, 7, 16), "live").assign(spread_ratio=np.nan)
    gated = validate_rows(broken, CROSS_CHECK, cross_check_suite())
    assert sorted(gated.rejected["symbol"].astype("str")) == ["KO", "XLF"]


def test_everybody_has_a_turn_and_vix_every_night():
    symbols = list(DEFAULT_UNIVERSE)
    nights = [sample(symbols, day.date()) for day in pd.bdate_range("2026-01-01", "2026-12-31")]
    turns = Counter(symbol for night in nights for symbol in night)
    assert set(turns) == set(symbols)
    assert turns["VIX"] == len(nights)
    assert max(turns[s] for s in symbols if s != "VIX") - min(turns[s] for s in symbols if s != "VIX") <= 1
    assert {len(night) for night in nights} == {3}
    assert sample(symbols, date(2026, 7, 16)) == sample(symbols, date(2026, 7, 16))


@pytest.mark.parametrize(("symbols", "expected"), [
    ([], 0), (["VIX"], 1), (["KO"], 1), (["VIX", "KO"], 2), (["VIX", *(f"S{i}" for i in range(4000))], 6),
])  # fmt: skip
def test_a_sample_of_any_universe_is_small(symbols, expected):
    found = sample(symbols, date(2026, 7, 16))
    assert len(set(found)) == len(found) == expected
