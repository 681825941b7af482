"""What the report's sections on profiles and on the paper book say of budgets and of marks."""

from datetime import UTC, date, datetime

import pandas as pd
import pytest

from alvh_core import frames
from alvh_core.alerting.findings import Finding, alert_frame
from alvh_core.alerting.rules import ALERT_RULES
from alvh_core.params import is_stress
from alvh_core.profiles import PROFILES
from alvh_core.registry.book import BOOK, POSITIONS
from alvh_core.reporting.news import NOTHING, news_table
from alvh_core.reporting.paper_book import book_section
from alvh_core.reporting.side_by_side import profiles_section
from alvh_core.reporting.surroundings import context_section
from alvh_core.schemas import LADDER_LEGS, META_ALERTS

DAY = pd.Timestamp("2026-07-16")
SPX = {"trade_date": DAY, "source_mode": "recorded", "host": "SPX", "variant": "V0_REF", "hedge_symbol": "VIX",
       "profile": "trigger_442"}  # fmt: skip
RATIO = PROFILES["ratio_4_4_2"]


def _column(table, label):
    at = [column.label for column in table.columns].index(label)
    return [row.cells[at].text for row in table.rows]


@pytest.fixture
def booked(report_night):
    """Return a maker of the book's section, of a night with two positions, the second without a quote."""

    def make(marks=(2.5, None), **told):
        night = report_night()
        held = [SPX | {
            "layer_no": at, "osi_symbol": f"VIX   260819C0002{at}000", "root": "VIX", "option_right": "C",
            "expiry_date": pd.Timestamp("2026-08-19"), "strike_usd": 20.0 + at, "multiplier": 100, "units_open": 4,
            "entry_date": DAY, "entry_mid_usd": 2.0, "entry_spread_usd": 0.1, "dte_days": 34, "mark_usd": mark,
            "liquidation_usd": mark, "last_mark_usd": 2.25, "last_mark_date": pd.Timestamp("2026-07-14"),
            "is_profit_taken": False, "position_state": "HELD",
        } for at, mark in enumerate(marks, start=1)]  # fmt: skip
        night.tables[POSITIONS.name] = frames.conform(pd.DataFrame(held), POSITIONS)
        sums = pd.DataFrame([dict.fromkeys(BOOK.names, 0) | SPX | {"oldest_mark_date": pd.NaT} | told])
        night.tables[BOOK.name] = frames.conform(sums, BOOK)
        return book_section(night.tables, {"trigger_442": PROFILES["trigger_442"]})

    return make


def test_a_position_without_a_quote_shows_its_last_mark_with_its_night(booked):
    section = booked()
    assert _column(section.tables[0], "Mid tonight") == ["2.50", "— (2.25 on 2026-07-14)"]
    assert section.lead.endswith("In the P&L at an older mark, for want of a quote tonight: 1 position.")
    assert "older mark" not in booked(marks=(2.5, 2.5)).lead


@pytest.mark.parametrize(
    ("told", "words"),
    [
        ({"old_marks_count": 1, "oldest_mark_date": pd.Timestamp("2026-07-14")}, "1, oldest of 2026-07-14"),
        ({"old_marks_count": 0}, "0"),
        ({"old_marks_count": None}, "—"),  # a night of before the count
    ],
)
def test_a_profit_at_old_marks_says_so(booked, told, words):
    assert _column(booked(**told).tables[2], "At old marks") == [words]


def _profiles(night, **changes):
    legs = night.tables[LADDER_LEGS.name].assign(profile=RATIO.name, **changes)
    night.tables[LADDER_LEGS.name] = frames.conform(legs, LADDER_LEGS)
    return profiles_section(night.tables, {"trigger_442": PROFILES["trigger_442"], RATIO.name: RATIO}).tables[1]


def test_what_was_stopped_at_the_trigger_is_of_orders_with_a_reading(booked):
    column = next(c for c in booked().tables[2].columns if c.label == "Stopped at the trigger")
    assert column.note == "Of layers that armed, and whose order had a reading"


def test_stress_is_two_percent_or_more_as_it_is_measured(report_night):
    columns = context_section(report_night().tables).tables[2].columns
    told = next(c.note for c in columns if c.label == "Slope in stress")
    assert is_stress([-0.02]).all()
    assert "lost 2 % or more" in told


def test_budgets_that_are_capped_are_told(report_night):
    night = report_night()
    layer = night.tables[LADDER_LEGS.name]["layer_no"].astype(int)
    used, status = layer.map({1: 0.97, 2: 0.5, 3: 0.04}), layer.map({1: "OK", 2: "OK", 3: "CAPPED"})
    table = _profiles(night, unit_basis="premium", budget_usd=1000.0, budget_used_frac=used, size_status=status)
    assert _column(table, "Budget used, SPX ladder") == ["—", "97 % / 50 % / 4 %"]
    assert _column(table, "Layers capped") == ["—", "10 of 30"]


def _raised(*findings, mode="recorded"):
    found = [(ALERT_RULES[name], finding) for name, finding in findings]
    return alert_frame(found, date(2026, 7, 16), mode, datetime(2026, 7, 16, 23, tzinfo=UTC))


@pytest.mark.parametrize("mode", ["recorded", "simulated"])
def test_news_are_the_alerts_in_their_own_words_gravest_first(mode):
    flip = Finding(subject="VIX calls", turned_to="FAILS", headline="VIX calls fail the 8 % rule: too wide",
                   expected="PASS, 4.00% of the premium: as on 2026-07-15", found="FAIL_ILLIQUID, 9.00%",
                   concerns="hosts SPX", to_do="see the legs")  # fmt: skip
    wider = Finding(subject="XLK puts", turned_to="WIDER", headline="wider", expected="2%",
                    found="9%\nFound: the same\n\ntwice", to_do="look")  # fmt: skip
    lost = Finding(subject="VIX", turned_to="MISSING", headline="no VIX chain", expected="it", found="404", to_do="ask",
                   severity="CRITICAL")  # fmt: skip
    table = news_table(_raised(("spread_regime", wider), ("filter_flip", flip), ("source_missing", lost), mode=mode))
    assert [[cell.text for cell in row.cells] for row in table.rows] == [
        ["CRITICAL", "no VIX chain", "it", "404", "—", "source_missing"],
        ["WARNING", "VIX calls fail the 8 % rule: too wide", "PASS, 4.00% of the premium: as on 2026-07-15",
         "FAIL_ILLIQUID, 9.00%", "hosts SPX", "filter_flip"],
        ["INFO", "wider", "2%", "9% Found: the same twice", "—", "spread_regime"],
    ]  # fmt: skip
    assert [row.cells[1].note for row in table.rows] == ["ask", "see the legs", "look"]
    assert [row.cells[0].tone for row in table.rows] == ["bad", "warn", ""]


def test_a_night_without_news_says_so():
    table = news_table(frames.empty(META_ALERTS))
    assert (table.rows, table.empty) == ((), NOTHING)
