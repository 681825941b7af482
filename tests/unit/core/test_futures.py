"""VIX futures: contracts and their days, settlements as known on a night, the gap to the forwards."""

from datetime import date, timedelta
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from alvh_core.frames import empty
from alvh_core.futures import (
    CONTRACTS,
    expiry_of,
    futures_symbol,
    listed_contracts,
    night_settlements,
    with_vx_gaps,
)
from alvh_core.schemas import VX_SETTLEMENTS
from expectations.runner import validate
from expectations.suites import vx_settlements_suite

DAY = date(2026, 7, 16)


def settled(*rows, calendar, day=DAY):
    names = ["futures_symbol", "expiry_date", "settle_date", "settle_kind", "settle_vol_points"]
    frame = pd.DataFrame(rows, columns=names)
    dates = {name: pd.to_datetime(frame[name]) for name in ("expiry_date", "settle_date")}
    bar = dict.fromkeys(["open_usd", "high_usd", "low_usd", "close_usd", "volume_count"], np.nan)
    found = frame.assign(**dates, **bar, payload_sha256="a", row_position=range(len(rows)))
    return night_settlements(found, day, "live", calendar.is_session)


def test_names_lead_to_the_published_settlement_days(calendar):
    published = pd.read_csv(Path(__file__).parents[2] / "golden" / "data" / "vix_expiries.csv")
    known = published[published["date"] < str(calendar.dates[-1] - 31)]
    assert len(known) > 100
    for row in known.itertuples():
        day = date.fromisoformat(row.date)
        for ahead in (0, 30, 270):
            assert (
                expiry_of(futures_symbol(row.year, row.month), day - timedelta(days=ahead), calendar.is_session) == day
            )


def test_the_nearest_contracts_are_asked_for_until_they_have_settled(calendar):
    assert listed_contracts(date(2026, 5, 18), calendar.is_session)[0] == "VX/K6"
    assert listed_contracts(date(2026, 5, 19), calendar.is_session)[0] == "VX/M6", "a Tuesday: Juneteenth shifts it"
    names = listed_contracts(date(2026, 11, 17), calendar.is_session)
    assert names == ["VX/X6", "VX/Z6", "VX/F7", "VX/G7", "VX/H7", "VX/J7", "VX/K7", "VX/M7"]
    assert len(names) == CONTRACTS


def test_a_settlement_stands_under_its_own_session(calendar):
    found = settled(("VX/Q6", "2026-08-19", "2026-07-15", "settlement", 18.0),
                    ("VX/Q6", "2026-08-19", "2026-07-17", "settlement", 19.0),
                    ("VX/Q6", "2026-08-19", "2026-07-01", "history", 17.0), calendar=calendar)  # fmt: skip
    assert found["settle_date"].tolist() == [pd.Timestamp("2026-07-15")], "not tomorrow's, nor long ago's"
    assert found["trade_date"].tolist() == [pd.Timestamp(DAY)]
    assert night_settlements(pd.DataFrame(), DAY, "live", calendar.is_session).empty


def test_where_the_file_names_no_expiry_the_rule_does(calendar):
    found = settled(("VX/U6", None, "2026-07-16", "history", 19.4), calendar=calendar)
    assert found["expiry_date"].tolist() == [pd.Timestamp("2026-09-16")]


def test_the_price_on_the_day_of_settlement_is_no_point_of_the_curve(calendar):
    found = settled(
        ("VX/N6", "2026-07-22", "2026-07-22", "settlement", 17.11), calendar=calendar, day=date(2026, 7, 22)
    )
    assert found["settle_kind"].tolist() == ["final"]
    forwards = pd.DataFrame({"trade_date": [pd.Timestamp("2026-07-22")], "underlying": ["VIX"], "root": ["VIX"],
                             "expiry_date": [pd.Timestamp("2026-07-22")], "forward_usd": [17.0]})  # fmt: skip
    assert with_vx_gaps(forwards, found)["vx_settle_vol_points"].isna().all()


def bar(settle_date, settle, *, opened=15.0, high=15.5, low=14.5, close=15.2):
    return pd.DataFrame({
        "futures_symbol": ["VX/H7"], "expiry_date": pd.Timestamp("2007-03-21"),
        "settle_date": pd.Timestamp(settle_date),
        "settle_kind": "history", "settle_vol_points": settle, "open_usd": opened, "high_usd": high, "low_usd": low,
        "close_usd": close, "volume_count": 0.0, "payload_sha256": "a", "row_position": 0,
    })  # fmt: skip


def test_zeros_are_no_prices_and_a_day_without_trades_has_no_bar(calendar):
    def known(**more):
        return night_settlements(bar("2013-03-18", **more), date(2013, 3, 18), "live", calendar.is_session).iloc[0]

    quiet = known(settle=14.9, opened=0.0, high=0.0, low=0.0, close=0.0)
    assert quiet["settle_vol_points"] == 14.9
    assert quiet[["open_usd", "high_usd", "low_usd", "close_usd"]].isna().all()
    assert pd.isna(known(settle=14.9, opened=0.0)["close_usd"]), "half a bar is none"
    old = known(settle=0.0)
    assert pd.isna(old["settle_vol_points"])
    assert old["close_usd"] == 15.2


def test_prices_were_tenfold_once(calendar):
    for day, price in (("2007-03-23", 13.2), ("2007-03-26", 132.0)):
        rows = bar(day, 132.0, opened=130.0, high=135.0, low=129.0, close=131.0)
        found = night_settlements(rows, pd.Timestamp(day).date(), "live", calendar.is_session).iloc[0]
        assert found["settle_vol_points"] == pytest.approx(price)
        assert found["high_usd"] == pytest.approx(135.0 * price / 132.0)


def test_the_gap_is_to_the_same_expiry_and_session_or_there_is_none(calendar):
    found = settled(
        ("VX/Q6", "2026-08-19", "2026-07-16", "history", 18.5),
        ("VX/Q6", "2026-08-19", "2026-07-16", "settlement", 18.25),
        ("VX/U6", "2026-09-16", "2026-07-15", "settlement", 19.0),
        ("VX/V6", "2026-10-21", "2026-07-16", "history", 20.0),
        calendar=calendar,
    )  # fmt: skip
    forwards = pd.DataFrame({
        "trade_date": pd.Timestamp(DAY), "underlying": ["VIX"] * 5 + ["SPX"], "root": "x",
        "expiry_date": pd.to_datetime(["2026-08-19", "2026-08-12", "2026-09-16", "2026-10-21", "2026-11-18",
                                       "2026-08-19"]),
        "forward_usd": [18.4, 18.1, 19.2, np.nan, 20.5, 7400.0],
    })  # fmt: skip
    gaps = with_vx_gaps(forwards, found)
    assert gaps["vx_settle_vol_points"].fillna(0.0).tolist() == [18.25, 0.0, 0.0, 20.0, 0.0, 0.0]
    assert gaps["vx_gap_vol_points"].round(6).fillna(0.0).tolist() == [0.15, 0.0, 0.0, 0.0, 0.0, 0.0]
    assert with_vx_gaps(forwards, empty(VX_SETTLEMENTS))["vx_gap_vol_points"].isna().all()


@pytest.mark.parametrize(("change", "rule"), [
    ({"low_usd": 16.0}, "HIGH_BELOW_LOW"), ({"settle_date": pd.Timestamp("2007-03-22")}, "AFTER_EXPIRY"),
    ({"trade_date": pd.Timestamp("2007-03-19")}, "AFTER_THE_NIGHT"), ({"futures_symbol": "VXM/H7"}, "PATTERN"),
    ({"futures_symbol": "VX12/H7"}, "WEEKLY_NOT_FINAL"),
    ({"settle_vol_points": 1320.0}, "OUT_OF_RANGE"), ({"settle_date": pd.NaT}, "NOT_NULL"),
])  # fmt: skip
def test_a_settlement_that_is_none_is_refused(change, rule, calendar):
    good = night_settlements(bar("2007-03-20", 150.0), date(2007, 3, 30), "live", calendar.is_session)
    assert validate(good, vx_settlements_suite()).rejects().empty
    found = validate(good.astype({"futures_symbol": "str"}).assign(**change), vx_settlements_suite()).rejects()
    assert [reason.split(":")[0] for reason in found["reason"]] == [rule]
