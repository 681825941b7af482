"""Dividends and splits: prices across a split, and nothing that a night cannot know."""

from datetime import date

import numpy as np
import pandas as pd
import pytest

from alvh_core.actions import ACTION_DAYS, night_actions, split_adjusted
from alvh_core.bars import last_closes
from alvh_core.frames import conform
from alvh_core.schemas import DAILY_ACTIONS, DAILY_BARS
from expectations.runner import validate
from expectations.suites import daily_actions_suite

DAY = date(2026, 7, 16)


def raw(closes, ratios):
    days = pd.bdate_range(end=DAY, periods=len(closes)).astype("datetime64[s]")
    prices = {f"{name}_usd": np.array(closes, dtype="float64") for name in ("open", "high", "low", "close")}
    return pd.DataFrame({"bar_date": days, **prices, "volume_shares": 100.0, "split_ratio": ratios})


def actions(*rows):
    frame = pd.DataFrame(rows, columns=["symbol", "ex_date", "dividend_usd", "split_ratio"])
    return frame.assign(ex_date=pd.to_datetime(frame["ex_date"]), payload_sha256="a", row_position=range(len(rows)))


def test_a_split_moves_no_price():
    found = split_adjusted(raw([100.0, 102.0, 25.5, 26.0], [1.0, 1.0, 4.0, 1.0]))
    assert found["close_usd"].tolist() == [25.0, 25.5, 25.5, 26.0]
    assert found["volume_shares"].tolist() == [400.0, 400.0, 100.0, 100.0]


def test_splits_multiply_and_a_reverse_split_divides():
    found = split_adjusted(raw([100.0, 50.0, 10.0, 100.0], [1.0, 2.0, 5.0, 0.1]))
    assert found["close_usd"].tolist() == [100.0] * 4


def test_rows_may_come_in_any_order_and_a_ratio_of_zero_is_no_split():
    rows = raw([100.0, 25.0, 26.0], [1.0, 4.0, 0.0])
    assert split_adjusted(rows[::-1]).equals(split_adjusted(rows))
    assert split_adjusted(rows)["close_usd"].tolist() == [25.0, 25.0, 26.0]


def test_realised_volatility_does_not_see_a_split():
    calm = raw(100.0 * 1.001 ** np.arange(30), 1.0)
    split = calm.assign(split_ratio=[1.0] * 15 + [10.0] + [1.0] * 14)
    split.loc[:14, ["open_usd", "high_usd", "low_usd", "close_usd"]] *= 10.0

    def volatility(rows):
        rows = rows.assign(symbol="X", trade_date=pd.Timestamp(DAY), source_mode="live", payload_sha256="a",
                           row_position=range(len(rows)))  # fmt: skip
        return last_closes(conform(rows, DAILY_BARS))["hv20_vol"].iloc[0]

    assert volatility(split_adjusted(split)) == pytest.approx(volatility(calm), abs=1e-12)
    assert volatility(split) > 5.0, "the test above can fail"


def test_nothing_goes_ex_after_the_night_and_a_year_is_enough():
    old = pd.Timestamp(DAY) - pd.Timedelta(days=ACTION_DAYS)
    found = night_actions(actions(("A", "2026-07-16", 0.2, 1.0), ("A", "2026-07-17", 0.3, 1.0), ("A", old, 0.1, 1.0),
                                  ("A", old - pd.Timedelta(days=1), 0.1, 1.0)), DAY, "live")  # fmt: skip
    assert found["ex_date"].tolist() == [pd.Timestamp(DAY), old]
    assert list(found.columns) == list(DAILY_ACTIONS.names)
    assert night_actions(pd.DataFrame(), DAY, "live").empty


@pytest.mark.parametrize(("row", "rule"), [
    (("A", "2026-07-16", -0.2, 1.0), "OUT_OF_RANGE"), (("A", "2026-07-16", 0.2, 0.0), "OUT_OF_RANGE"),
    (("A", "2026-07-16", float("nan"), 1.0), "NOT_NULL"), (("A", None, 0.2, 1.0), "NOT_NULL"),
])  # fmt: skip
def test_an_action_that_is_none_is_refused(row, rule):
    judged = validate(night_actions(actions(("B", "2026-07-16", 0.2, 1.0), row), DAY, "live"), daily_actions_suite())
    assert judged.rejects()["position"].tolist() == [1]
    assert judged.rejects()["reason"].iloc[0].startswith(rule)
