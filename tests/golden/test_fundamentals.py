"""Trailing quarters and ratios against numbers worked out by hand, from reports as companies file them."""

from datetime import date

import pandas as pd
import pytest

from alvh_core import frames
from alvh_core.fundamentals.facts import UNITS, night_facts
from alvh_core.fundamentals.ratios import night_ratios
from alvh_core.schemas import CLOSES, DAILY_ACTIONS
from alvh_core.universe import DEFAULT_UNIVERSE

EPS, PAID = "EarningsPerShareDiluted", "PaymentsOfDividendsCommonStock"
DECLARED, CASH = "CommonStockDividendsPerShareDeclared", "NetCashProvidedByUsedInOperatingActivities"
SHARES, WEIGHTED = "EntityCommonStockSharesOutstanding", "WeightedAverageNumberOfDilutedSharesOutstanding"
ASSETS, INVENTORY, LIABILITIES = "AssetsCurrent", "InventoryNet", "LiabilitiesCurrent"
DAY = date(2026, 8, 21)
KO = {"KO": DEFAULT_UNIVERSE["KO"]}
NO_ACTIONS = frames.empty(DAILY_ACTIONS)


def facts(*rows, symbol="KO"):
    """Rows of (tag, start or None, end, value, filed)."""
    names = ["fact_tag", "start_date", "end_date", "fact_value", "filed_date"]
    frame = pd.DataFrame(rows, columns=names).assign(
        symbol=symbol, filing_form="10-Q", row_position=range(len(rows)), payload_sha256="x"
    )
    frame["fact_unit"] = frame["fact_tag"].map(UNITS)
    dates = ("start_date", "end_date", "filed_date")
    return frame.assign(**{name: pd.to_datetime(frame[name]).astype("datetime64[s]") for name in dates})


def actions(*splits):
    """Rows of (ex date, shares for one)."""
    rows = pd.DataFrame(splits, columns=["ex_date", "split_ratio"]).astype({"ex_date": "datetime64[s]"})
    return frames.conform(rows.assign(trade_date=pd.Timestamp(DAY), source_mode="live", symbol="KO", dividend_usd=0.0,
                                      payload_sha256="x", row_position=0), DAILY_ACTIONS)  # fmt: skip


def ratios(found, day=DAY, close=87.0, bar=None, split=NO_ACTIONS):
    night = {"trade_date": pd.Timestamp(day), "source_mode": "live", "symbol": ["KO"]}
    closes = frames.conform(pd.DataFrame({**night, "close_usd": close, "bar_date": pd.Timestamp(bar or day)}), CLOSES)
    return night_ratios(night_facts(found, day, "live"), closes, split, KO, day, "live").iloc[0]


YEAR = [
    (EPS, "2025-01-01", "2025-03-31", 0.60, "2025-05-01"), (EPS, "2025-04-01", "2025-06-30", 0.70, "2025-08-01"),
    (EPS, "2025-01-01", "2025-06-30", 1.30, "2025-08-01"), (EPS, "2025-07-01", "2025-09-30", 0.80, "2025-11-01"),
    (EPS, "2025-01-01", "2025-09-30", 2.10, "2025-11-01"), (EPS, "2025-01-01", "2025-12-31", 3.00, "2026-02-20"),
]  # fmt: skip
HALF = [(EPS, "2026-01-01", "2026-03-31", 0.65, "2026-05-01"), (EPS, "2026-04-01", "2026-06-30", 0.75, "2026-08-04"),
        (EPS, "2026-01-01", "2026-06-30", 1.40, "2026-08-04"), (EPS, "2025-04-01", "2025-06-30", 0.70, "2026-08-04"),
        (EPS, "2025-01-01", "2025-06-30", 1.30, "2026-08-04")]  # fmt: skip


@pytest.mark.parametrize(("day", "earned"), [
    (date(2026, 2, 23), 3.00),  # the year as reported
    (date(2026, 5, 4), 0.70 + 0.80 + (3.00 - 2.10) + 0.65),  # Q4 is the year less nine months
    (date(2026, 8, 5), 0.80 + (3.00 - 2.10) + 0.65 + 0.75),
])  # fmt: skip
def test_four_quarters_of_which_the_last_of_the_year_is_never_reported(day, earned):
    found = ratios(facts(*YEAR, *HALF), day)
    assert found["eps_ttm_usd"] == pytest.approx(earned, abs=1e-12)
    assert found["pe_ratio"] == pytest.approx(87.0 / earned, rel=1e-12)


def test_a_filing_of_the_nights_own_day_counts_from_the_next_night():
    """It may have come after the close that the ratio uses: the stamp has no time."""
    both = [ratios(facts(*YEAR, *HALF), date(2026, 8, day)) for day in (4, 5)]
    assert [row["period_end_date"] for row in both] == [pd.Timestamp("2026-03-31"), pd.Timestamp("2026-06-30")]
    assert both[1]["available_date"] == pd.Timestamp("2026-08-05")


def test_cash_flows_come_as_years_to_date_only():
    found = ratios(facts(
        (CASH, "2025-01-01", "2025-03-31", 1e9, "2025-05-01"), (CASH, "2025-01-01", "2025-06-30", 3e9, "2025-08-01"),
        (CASH, "2025-01-01", "2025-09-30", 6e9, "2025-11-01"), (CASH, "2025-01-01", "2025-12-31", 10e9, "2026-02-20"),
        (CASH, "2026-01-01", "2026-03-31", 2e9, "2026-05-01"), (CASH, "2026-01-01", "2026-06-30", 7e9, "2026-08-04"),
        (SHARES, None, "2026-07-25", 4e9, "2026-08-04"),
    ))  # fmt: skip
    assert found["cfo_ttm_usd"] == (6e9 - 3e9) + (10e9 - 6e9) + 2e9 + (7e9 - 2e9)  # 14e9 = 10e9 + 7e9 - 3e9
    assert found["market_cap_usd"] == 348e9
    assert found["pcf_ratio"] == pytest.approx(348 / 14)


def test_a_year_of_53_weeks():
    """28 September 2025 to 3 October 2026: the fourth quarter has 14 weeks, 98 days."""
    found = ratios(facts(
        (EPS, "2025-09-28", "2025-12-27", 2.00, "2026-01-30"), (EPS, "2025-12-28", "2026-03-28", 1.00, "2026-05-01"),
        (EPS, "2025-09-28", "2026-03-28", 3.00, "2026-05-01"), (EPS, "2026-03-29", "2026-06-27", 1.10, "2026-07-31"),
        (EPS, "2025-09-28", "2026-06-27", 4.10, "2026-07-31"), (EPS, "2025-09-28", "2026-10-03", 5.60, "2026-11-20"),
        (EPS, "2026-10-04", "2027-01-02", 2.20, "2027-02-01"),
    ), date(2027, 2, 5))  # fmt: skip
    assert found["eps_ttm_usd"] == pytest.approx(1.00 + 1.10 + (5.60 - 4.10) + 2.20)


def test_a_restated_year_is_used_from_the_day_it_is_known():
    again = (EPS, "2025-01-01", "2025-12-31", 2.70, "2026-04-10")  # 10-K/A
    earned = [ratios(facts(*YEAR, again), date(2026, 4, day))["eps_ttm_usd"] for day in (10, 13)]
    assert earned == [3.00, 2.70]


def test_dividends_stated_per_share_or_paid_in_all():
    stated = [(DECLARED, f"2025-{3 * q - 2:02d}-01", f"2025-{3 * q:02d}-{30 if q in (2, 3) else 31}", 0.5, "2026-02-20")
              for q in (1, 2, 3, 4)]  # fmt: skip
    paid = [(PAID, "2025-01-01", "2025-12-31", 6.4e9, "2026-02-20"), (SHARES, None, "2026-02-01", 4e9, "2026-02-20")]
    day = date(2026, 3, 2)
    both = ratios(facts(*YEAR, *stated, *paid), day)
    assert (both["dividends_ttm_usd"], both["dividends_tag"]) == (2.0, DECLARED)
    assert both["dividend_yield_frac"] == pytest.approx(2.0 / 87.0)
    assert both["earnings_cover"] == pytest.approx(1.5)
    other = ratios(facts(*YEAR, *paid), day)
    assert (other["dividends_ttm_usd"], other["dividends_tag"]) == (1.6, PAID)


def test_quick_ratio():
    sheet = [(ASSETS, None, "2026-06-30", 9.5e9, "2026-08-04"), (INVENTORY, None, "2026-06-30", 1.5e9, "2026-08-04"),
             (LIABILITIES, None, "2026-06-30", 8e9, "2026-08-04")]  # fmt: skip
    assert ratios(facts(*sheet))["quick_ratio"] == 1.0
    older = [(tag, None, "2026-03-31", value, "2026-05-01") for tag, _, _, value, _ in sheet]
    mixed = ratios(facts(*sheet[:1], *older))
    assert mixed["quick_status"] == "NO_CURRENT_CLASSIFICATION", "an older balance sheet lends nothing to the newest"
    assert ratios(facts(sheet[0], sheet[2]))["quick_status"] == "NO_INVENTORY"
    assert ratios(facts(*HALF))["quick_status"] == "NO_CURRENT_CLASSIFICATION", "a bank has none, which is not 0"


SPLIT = actions(("2026-03-02", 10.0))
BEFORE = [*YEAR, (CASH, "2025-01-01", "2025-12-31", 4e9, "2026-02-20"), (SHARES, None, "2026-02-01", 1e9, "2026-02-20"),
          (DECLARED, "2025-01-01", "2025-12-31", 1.5, "2026-02-20")]  # fmt: skip


def test_ten_for_one_changes_no_ratio():
    """Earnings of 3.00 a share and a close of 75.00: 25 times, before the split and after it."""
    shown = ["pe_ratio", "market_cap_usd", "pcf_ratio", "dividend_yield_frac", "earnings_cover"]
    eve = ratios(facts(*BEFORE), date(2026, 2, 27), 75.0)
    ex_day = ratios(facts(*BEFORE), date(2026, 3, 2), 7.5, split=SPLIT)
    assert eve[shown].tolist() == [25.0, 75e9, 18.75, 0.02, 2.0]
    assert ex_day[shown].astype(float).tolist() == pytest.approx([25.0, 75e9, 18.75, 0.02, 2.0], rel=1e-12)
    assert (ex_day["eps_ttm_usd"], ex_day["shares_count"]) == (pytest.approx(0.30), 1e10)


def test_a_report_after_the_split_is_in_new_shares_and_goes_on_from_the_old_ones():
    """The first quarter's comparative is restated to 0.06; the three between are not, and are added all the same."""
    quarter = [(EPS, "2026-01-01", "2026-03-31", 0.065, "2026-05-01"),
               (EPS, "2025-01-01", "2025-03-31", 0.06, "2026-05-01"),
               (SHARES, None, "2026-04-20", 1e10, "2026-05-01")]  # fmt: skip
    found = ratios(facts(*BEFORE, *quarter), date(2026, 5, 4), 8.0, split=SPLIT)
    assert found["eps_ttm_usd"] == pytest.approx((0.70 + 0.80 + 0.90) / 10 + 0.065)
    assert found["market_cap_usd"] == 8e10
    assert ratios(facts(*BEFORE, *quarter), date(2026, 5, 4), 8.0)["eps_status"] == "MIXED_SPLITS", "untold"


def test_one_for_four_and_a_close_from_before_it():
    merged = actions(("2026-03-02", 0.25))
    assert ratios(facts(*BEFORE), date(2026, 3, 3), 300.0, split=merged)["pe_ratio"] == pytest.approx(25.0)
    stale = ratios(facts(*BEFORE), date(2026, 3, 3), 75.0, bar="2026-02-27", split=merged)
    assert (stale["pe_status"], stale["market_cap_status"]) == ("NO_CLOSE", "NO_CLOSE")
