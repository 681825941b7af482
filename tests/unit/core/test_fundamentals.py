"""Why a ratio is empty, and what of a company's facts a night may know."""

from dataclasses import replace
from datetime import date

import numpy as np
import pandas as pd
import pytest

from alvh_core import frames
from alvh_core.fundamentals.facts import EPS, SHARES, UNITS, in_force, night_facts, splits_seen
from alvh_core.fundamentals.ratios import night_ratios
from alvh_core.market.simulated import SimulatedMarket
from alvh_core.schemas import CLOSES, DAILY_ACTIONS, FACTS
from alvh_core.universe import DEFAULT_UNIVERSE, extend_universe
from tasks.sources.sec import parse_facts

DAY = date(2026, 3, 2)
KO = {"KO": DEFAULT_UNIVERSE["KO"]}
NO_ACTIONS = frames.empty(DAILY_ACTIONS)
DILUTED, CASH, DECLARED = EPS[0], "NetCashProvidedByUsedInOperatingActivities", "CommonStockDividendsPerShareDeclared"
YEAR = ("2025-01-01", "2025-12-31")


def facts(*rows):
    names = ["fact_tag", "start_date", "end_date", "fact_value", "filed_date"]
    frame = pd.DataFrame(rows, columns=names).assign(
        symbol="KO", filing_form="10-K", row_position=range(len(rows)), payload_sha256="x"
    )
    frame["fact_unit"] = frame["fact_tag"].map(UNITS)
    dates = ("start_date", "end_date", "filed_date")
    return frame.assign(**{name: pd.to_datetime(frame[name]).astype("datetime64[s]") for name in dates})


def closes(day=DAY, symbols=("KO",), close=80.0, bar=None):
    return frames.conform(pd.DataFrame({"trade_date": pd.Timestamp(day), "source_mode": "live", "symbol": list(symbols),
                                        "close_usd": close, "bar_date": pd.Timestamp(bar or day)}), CLOSES)  # fmt: skip


def row(*found, day=DAY, universe=KO, **close):
    known = night_facts(facts(*found), day, "live") if found else frames.empty(FACTS)
    return night_ratios(known, closes(day, **close), NO_ACTIONS, universe, day, "live").iloc[0]


GOOD = [(DILUTED, *YEAR, 4.0, "2026-02-20"), (CASH, *YEAR, 8e9, "2026-02-20"), (DECLARED, *YEAR, 2.0, "2026-02-20"),
        (SHARES[0], None, "2026-02-10", 1e9, "2026-02-20")]  # fmt: skip
INPUTS = ("shares_status", "eps_status", "cfo_status", "dividends_status", "quick_status")


def test_a_company_that_reports_well():
    found = row(*GOOD)
    assert found[["pe_ratio", "pcf_ratio", "market_cap_usd", "dividend_yield_frac", "earnings_cover"]].tolist() == [
        20.0, 10.0, 80e9, 0.025, 2.0,
    ]  # fmt: skip
    assert not found["is_stale"]


@pytest.mark.parametrize(("cik", "found", "status"), [
    (None, [], "NO_CIK"), (1, [], "NO_FACTS"), (1, GOOD[3:], "NOT_REPORTED"),
])  # fmt: skip
def test_nothing_reported_says_why(cik, found, status):
    answer = row(*found, universe={"KO": replace(KO["KO"], cik=cik)})
    assert answer["eps_status"] == answer["pe_status"] == answer["cover_status"] == status
    assert answer[["eps_ttm_usd", "pe_ratio", "earnings_cover"]].isna().all()


def test_funds_have_no_row_and_a_universe_of_them_no_table():
    assert night_ratios(frames.empty(FACTS), closes(), NO_ACTIONS, {"SPY": DEFAULT_UNIVERSE["SPY"]}, DAY, "live").empty


@pytest.mark.parametrize(("eps", "status"), [(0.0, "NOT_POSITIVE"), (-1.5, "NOT_POSITIVE")])
def test_a_loss_has_no_price_earnings_ratio_but_stands(eps, status):
    found = row((DILUTED, *YEAR, eps, "2026-02-20"), *GOOD[1:])
    assert (found["pe_status"], found["eps_status"], found["eps_ttm_usd"]) == (status, "OK", eps)
    assert np.isnan(found["pe_ratio"])


@pytest.mark.parametrize(("share", "status"), [
    ((SHARES[0], None, "2025-08-13", 1e9, "2025-08-20"), "STALE"),  # 201 days
    ((SHARES[0], None, "2025-08-14", 1e9, "2025-08-20"), "OK"),
    ((SHARES[0], None, "2010-04-30", 1e9, "2010-05-04"), "STALE"),  # frozen when classes were told apart
    ((SHARES[0], None, "2026-02-10", 1000, "2026-02-20"), "IMPLAUSIBLE"),
    ((SHARES[0], None, "2026-02-10", 1e5, "2026-02-20"), "IMPLAUSIBLE"),
    ((SHARES[2], *YEAR, 1e9, "2026-02-20"), "OK"),
])  # fmt: skip
def test_share_counts(share, status):
    found = row(*GOOD[:3], share)
    assert found["shares_status"] == found["market_cap_status"] == found["pcf_status"] == status
    assert found["is_stale"] == (status == "STALE")
    assert found["pe_ratio"] == 20.0


def test_a_frozen_count_is_not_replaced_by_another_measure():
    frozen = (SHARES[0], None, "2019-07-31", 1e9, "2019-08-05")
    assert row(*GOOD[:3], frozen, (SHARES[2], *YEAR, 1e9, "2026-02-20"))["shares_status"] == "STALE"


def test_an_old_report_is_stale_and_a_gap_is_no_year():
    assert row(*GOOD, day=date(2026, 7, 20), bar="2026-07-20")["eps_status"] == "STALE"
    half = [(DILUTED, "2025-01-01", "2025-06-30", 1.0, "2025-08-01"),
            (DILUTED, "2025-07-01", "2025-09-30", 1.0, "2025-11-01")]  # fmt: skip
    assert row(*half)["eps_status"] == "INCOMPLETE"


@pytest.mark.parametrize(("bar", "status", "is_stale"), [
    ("2026-03-02", "OK", False), ("2026-02-27", "OK", True), ("2026-02-23", "OK", True),
    ("2026-02-20", "NO_CLOSE", True),
    ("2026-03-03", "NO_CLOSE", True),
])  # fmt: skip
def test_the_close_is_the_nights_or_says_so(bar, status, is_stale):
    found = row(*GOOD, bar=bar)
    assert (found["pe_status"], found["is_stale"]) == (status, is_stale)
    assert pd.isna(found["close_usd"]) == (status == "NO_CLOSE") == pd.isna(found["bar_date"])


def test_a_split_is_not_added_to_what_was_told_before_it():
    """Ten for one: the new quarter's comparative is restated, the quarters between are not."""
    quarters = [("2025-01-01", "2025-03-31", 5.0, "2025-05-01"), ("2025-04-01", "2025-06-30", 5.0, "2025-08-01"),
                ("2025-07-01", "2025-09-30", 5.0, "2025-11-01"), ("2025-01-01", "2025-09-30", 15.0, "2025-11-01"),
                ("2025-01-01", "2025-12-31", 20.0, "2026-02-01"), ("2025-01-01", "2025-03-31", 0.5, "2026-05-01"),
                ("2026-01-01", "2026-03-31", 0.6, "2026-05-01")]  # fmt: skip
    told = [(DILUTED, *quarter) for quarter in quarters]
    before, after = (row(*told, day=day) for day in (date(2026, 4, 30), date(2026, 5, 4)))
    assert (before["eps_status"], before["eps_ttm_usd"]) == ("OK", 20.0)
    assert after["eps_status"] == after["pe_status"] == "MIXED_SPLITS"
    assert splits_seen(night_facts(facts(*told), date(2026, 5, 4), "live"))["split_from_date"].tolist() == [
        pd.Timestamp("2026-05-02")
    ]


def test_facts_say_from_when_they_were_known_and_until_when_they_stood():
    told = [(DILUTED, *YEAR, value, filed) for value, filed in
            ((4.0, "2026-02-20"), (4.0, "2026-05-01"), (3.5, "2027-02-20"))]  # fmt: skip
    known = night_facts(facts(*told), date(2027, 3, 1), "live")
    shown = known[["fact_value", "known_from_date", "superseded_date"]].astype("str").fillna("-")
    assert shown.to_numpy().tolist() == [
        ["4.0", "2026-02-21", "2027-02-21"], ["3.5", "2027-02-21", "-"],
    ], "a comparative that repeats a value is no news"  # fmt: skip
    assert in_force(known)["fact_value"].tolist() == [3.5]
    assert night_facts(facts(*told), date(2027, 2, 20), "live")["superseded_date"].isna().all(), "nor is tomorrow"


def test_old_periods_are_dropped_but_for_the_newest_of_a_tag():
    told = [(DILUTED, f"{year}-01-01", f"{year}-12-31", 1.0, f"{year + 1}-02-20") for year in range(2009, 2026)]
    known = night_facts(facts(*told, (SHARES[0], None, "2010-04-30", 1e9, "2010-05-04")), DAY, "live")
    assert sorted(known["period_end_date"].dt.year) == [2010, 2023, 2024, 2025]


def test_a_number_at_the_sec_is_up_to_ten_digits():
    from alvh_core.errors import ContractError

    given = {"assets": {"PEP": {"asset_class": "single_stock", "cik": 77476}}}
    assert extend_universe(given, "t")["PEP"].cik == 77476
    for cik in ("77476", 0, -1, 10**10, 1.5, True):
        with pytest.raises(ContractError, match=r"t: assets.PEP.cik: expected a whole number of up to ten digits"):
            extend_universe({"assets": {"PEP": {"asset_class": "single_stock", "cik": cik}}}, "t")


# The simulated market


@pytest.fixture(scope="module")
def market(calendar):
    return SimulatedMarket(DEFAULT_UNIVERSE, calendar.dates)


def simulated(market, day):
    stocks = {s: a for s, a in DEFAULT_UNIVERSE.items() if a.cik}
    parts = [parse_facts(market.company_facts(a.cik, day), s, "u").assign(payload_sha256=s) for s, a in stocks.items()]
    return pd.concat(parts, ignore_index=True)


def test_a_simulated_night_has_ratios_and_every_trap(market):
    day = date(2026, 11, 18)
    stocks = [s for s, a in DEFAULT_UNIVERSE.items() if a.cik]
    found = simulated(market, day)
    known = night_ratios(
        night_facts(found, day, "simulated"), closes(day, stocks, 100.0), NO_ACTIONS, DEFAULT_UNIVERSE, day, "x"
    )
    by = known.astype({"symbol": "str"}).set_index("symbol")
    assert (by["eps_status"] == "OK").all()
    assert (by["cfo_status"] == "OK").all()
    assert by["quick_status"].astype("str").to_dict() == {
        s: "NO_CURRENT_CLASSIFICATION" if s in {"JPM", "O", "PLD"} else "OK" for s in stocks
    }
    assert by.loc[["TSLA", "NVDA", "KO"], "shares_status"].tolist() == ["STALE", "OK", "OK"]
    assert by.loc["TSLA", "dividends_status"] == "NOT_REPORTED"
    assert by.loc["PLD", "dividends_tag"] == "PaymentsOfDividendsCommonStock"
    period = ["symbol", "fact_tag", "start_date", "end_date"]
    assert found.duplicated(period).any(), "comparatives are repeated"
    told = found.groupby(period, dropna=False)["fact_value"]
    assert (told.max() > told.min()).any(), "and some restated"
    days = (found["end_date"] - found["start_date"]).dt.days + 1
    assert set(days[found["symbol"] == "JNJ"].dropna()) >= {91, 364, 371}, "years of 53 weeks"
    starts = found["start_date"].dt.strftime("%m-%d")
    assert not (starts[found["symbol"] == "KO"] == "10-01").any(), "no fourth quarter"


def test_a_later_file_begins_with_the_earlier_one(market):
    """Nothing that had been filed changes; what is new was filed since."""
    early, late = (simulated(market, day) for day in (date(2026, 7, 16), date(2026, 11, 18)))
    names = ["symbol", "fact_tag", "start_date", "end_date", "fact_value", "filed_date"]
    filed = late[late["filed_date"] <= "2026-07-16"]
    pd.testing.assert_frame_equal(early[names], filed[names].reset_index(drop=True))


def test_nobody_else_has_facts(market):
    assert market.company_facts(1, date(2026, 7, 16)) is None
