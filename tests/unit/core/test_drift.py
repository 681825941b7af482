"""Drift: a chain beside its own last nights; what is usual, what is not, and what is not known."""

import pandas as pd
import pytest

from alvh_core import frames
from alvh_core.drift import HASHED, MIN_NIGHTS, WINDOW_NIGHTS, daily_drift, is_unusual, quotes_hashes
from alvh_core.schemas import DRIFT, SPREAD_SCORES
from expectations.report import combine
from expectations.runner import validate
from expectations.suites import drift_suite

DAYS = pd.bdate_range("2026-06-01", periods=40)
TONIGHT = DAYS[-1]


def scores(days, **values):
    row = {"source_mode": "live", "level": "underlying", "key": "VIX", "score": 50.0, "s_median_frac": 0.1,
           "two_sided_frac": 0.9, "contracts_count": 1000, "coverage_frac": 1.0, "score_min": 1.0, "members_count": 1,
           "score_version": "1", "quotes_note": "x"}  # fmt: skip
    return frames.conform(pd.DataFrame([row | values | {"trade_date": day} for day in days]), SPREAD_SCORES)


def quotes(**values):
    rows = [{"underlying": "VIX", "osi_symbol": f"VIX   260819C000{k}000", "bid_usd": 1.0, "ask_usd": 1.1,
             "bid_size_count": 5.0, "ask_size_count": 7.0} for k in (20, 21, 22)]  # fmt: skip
    return pd.DataFrame(rows)[HASHED].assign(**values)


def drift(tonight, nights=30, before=None, found=None):
    past = scores(DAYS[-1 - nights : -1]) if nights else frames.empty(SPREAD_SCORES)
    return daily_drift(
        tonight, quotes() if found is None else found, past, frames.empty(DRIFT) if before is None else before,
        TONIGHT, "live",
    )  # fmt: skip


def test_a_usual_night():
    [row] = drift(scores([TONIGHT])).to_dict("records")
    assert (row["nights_count"], row["contracts_ratio"], row["spread_ratio"]) == (WINDOW_NIGHTS, 1.0, 1.0)
    assert row["two_sided_change_frac"] == pytest.approx(0.0)
    assert not row["is_repeated"]


@pytest.mark.parametrize(("values", "rule"), [
    ({"contracts_count": 500}, "CONTRACTS_DRIFT"), ({"contracts_count": 2000}, "CONTRACTS_DRIFT"),
    ({"two_sided_frac": 0.6}, "TWO_SIDED_DRIFT"), ({"s_median_frac": 0.4}, "SPREAD_DRIFT"),
    ({"s_median_frac": 0.03}, "SPREAD_DRIFT"),
])  # fmt: skip
def test_what_leaves_its_bounds_is_told(values, rule):
    found = drift(scores([TONIGHT], **values))
    assert is_unusual(found).tolist() == [True]
    checks = combine([validate(found, drift_suite())])
    assert checks.loc[~checks["is_success"], "check_name"].tolist() == [rule]


@pytest.mark.parametrize("values", [{"contracts_count": 700}, {"two_sided_frac": 0.7}, {"s_median_frac": 0.25}])
def test_what_stays_within_is_not(values):
    found = drift(scores([TONIGHT], **values))
    assert not is_unusual(found).any()
    assert not validate(found, drift_suite()).broken


def test_too_few_nights_have_no_usual_value():
    found = drift(scores([TONIGHT], contracts_count=1), nights=MIN_NIGHTS - 1)
    assert found[["contracts_ratio", "spread_ratio", "two_sided_change_frac"]].isna().all(axis=None)
    assert not is_unusual(found).any()
    assert drift(scores([TONIGHT], contracts_count=1), nights=MIN_NIGHTS)["contracts_ratio"].notna().all()
    assert drift(scores([TONIGHT]), nights=0)["nights_count"].tolist() == [0]


def test_only_the_last_nights_count_and_never_tonight_or_later():
    old = scores(DAYS[:19], contracts_count=9999)
    later = scores([TONIGHT, TONIGHT + pd.Timedelta(days=1)], contracts_count=9999)
    past = pd.concat([old, scores(DAYS[19:39]), later])
    found = daily_drift(scores([TONIGHT]), quotes(), past, frames.empty(DRIFT), TONIGHT, "live")
    assert found["contracts_ratio"].tolist() == [1.0]


def test_a_whole_chain_of_the_night_before():
    first = drift(scores([TONIGHT]))
    again = drift(scores([TONIGHT]), before=first, found=quotes().iloc[::-1])
    assert again["is_repeated"].tolist() == [True]
    assert is_unusual(again).all()
    checks = combine([validate(again, drift_suite())])
    assert checks.loc[~checks["is_success"], "check_name"].tolist() == ["REPEATED_CHAIN"]
    moved = quotes()
    moved.loc[1, "bid_size_count"] = 6.0
    assert not drift(scores([TONIGHT]), before=first, found=moved)["is_repeated"].any()
    assert not drift(scores([TONIGHT]), before=first, found=quotes().iloc[:2])["is_repeated"].any()


def test_hashes_are_of_each_chain_by_itself():
    both = pd.concat([quotes(), quotes(underlying="SPX")])
    assert quotes_hashes(both)["VIX"] == quotes_hashes(quotes())["VIX"]
    assert quotes_hashes(quotes().iloc[:0]).empty


def test_a_night_without_chains():
    found = drift(frames.empty(SPREAD_SCORES), found=quotes().iloc[:0])
    assert found.empty
    assert list(found.columns) == list(DRIFT.names)
