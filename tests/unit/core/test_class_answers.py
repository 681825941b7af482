"""The answer by asset class: distinct books once, what cannot be read told, and the one thing that limits a class."""

import pandas as pd
import pytest

from alvh_core import frames
from alvh_core.profiles import PROFILES
from alvh_core.reporting.classes import class_table
from alvh_core.reporting.ladders import ladder_rows
from alvh_core.reporting.view import night_view
from alvh_core.schemas import LADDER_SIGNALS, VERDICTS_TABLE
from alvh_core.summary import class_columns

PROFILE = PROFILES["trigger_442"]
PUTS = "own puts Δ −0.30"
CALLS = "VIX calls Δ 0.50"


def _change(night, where, **values):
    """Change what the night says of some ladders, in whichever table has it."""
    for spec in (LADDER_SIGNALS, VERDICTS_TABLE):
        frame = night.tables[spec.name]
        mine = {name: value for name, value in values.items() if name in frame}
        frame = frame.astype(dict.fromkeys(mine, "object"))
        for name, value in mine.items():
            frame.loc[where(frame), name] = value
        night.tables[spec.name] = frames.conform(frame, spec)


def _answers(night, source_mode="recorded"):
    table = class_table(ladder_rows(night.tables, night.universe), PROFILE, source_mode)
    labels = [column.label for column in table.columns]
    return pd.DataFrame([[cell.text for cell in row.cells] for row in table.rows], columns=labels).set_index(labels[0])


def _of_one_class(night):
    """Make all hosts of the night single stocks: SPX passes, XLK lacks a leg, EEM's chain did not come."""
    _change(night, lambda f: f["host"].notna(), asset_class="single_stock")
    return night


def test_every_class_has_its_readings_its_limit_and_its_verdict(report_night):
    found = _answers(report_night())
    assert found.index.tolist() == ["S&P 500 index", "Sector ETFs", "Emerging-market ETFs"]
    assert found.loc["S&P 500 index"].tolist() == [
        "1", "3.2 %, 1 of 1 pass", "71.7 %, 0 of 1 pass", "1.5 %, 1 of 1 pass", "3 of 3", "nothing",
        "INSUFFICIENT: TOO_FEW_NIGHTS",
    ]  # fmt: skip
    assert found.loc["Sector ETFs", [PUTS, "Measured", "Limited tonight by"]].tolist() == [
        "(8.6 %), not measured", "2 of 3", "own puts: leg missing, 1 of 1",
    ]  # fmt: skip
    assert found.loc["Emerging-market ETFs", PUTS] == "—, not measured"


def test_a_book_that_hosts_share_is_one_reading(report_night):
    found = _answers(_of_one_class(report_night())).loc["Single stocks"]
    assert (found["Hosts"], found[CALLS]) == ("3", "3.2 %, 1 of 1 pass"), "the reference buys the same"


def test_a_book_with_a_leg_missing_is_not_left_out(report_night):
    found = _answers(_of_one_class(report_night())).loc["Single stocks"]
    assert found[PUTS] == "(5.0 %), 1 of 3 pass", "of 1.49 and 8.57 %; without the second it were 1.5 %"
    assert found["Measured"] == "3 of 5"
    assert found["Limited tonight by"] == "own puts: leg missing, 1 of 3", "as common as no data, and told first"


def test_without_vix_calls_every_class_is_limited_by_them(report_night):
    night = report_night()
    _change(night, lambda f: f["hedge_symbol"] == "VIX", filter_state="FAIL_ILLIQUID", tonight="BLOCKED")
    assert set(_answers(night)["Limited tonight by"]) == {"VIX calls: too wide, 1 of 1"}


def test_what_is_quoted_after_hours_is_no_reading(report_night):
    night = report_night()
    _change(night, lambda f: f["hedge_symbol"] == "SPX", filter_state="BAD_QUOTE", tonight="BLOCKED",
            quote_clock="after_hours")  # fmt: skip
    found = _answers(night).loc["S&P 500 index"]
    assert (found[PUTS], found["Measured"]) == ("—, not measured", "2 of 3")


def test_verdicts_of_the_vix_calls_are_counted(report_night):
    night = _of_one_class(report_night())
    _change(night, lambda f: f["host"] == "XLK", verdict="HOLDS", reasons="benefit above the benchmark")
    assert _answers(night)["Verdict"].tolist() == ["INSUFFICIENT: TOO_FEW_NIGHTS 3 · HOLDS 1"]


@pytest.mark.parametrize(("mode", "label"), [("simulated", "SIMULATED, not evidence"), ("live", "live")])
def test_page_and_terminal_say_the_same_and_whose_quotes(report_night, mode, label):
    night = report_night(mode)
    table = night_view(night.tables, night.priced, night.universe).classes
    caption, columns = class_columns(night.tables, PROFILE, mode)
    assert caption == table.caption == f"By asset class: trigger_442, limit 8 % of the premium ({label})"
    rows = {row.cells[0].text: [cell.text for cell in row.cells] for row in table.rows}
    assert {row[0]: list(row) for row in zip(*(column[1:] for column in columns), strict=True)} == rows


def test_a_night_without_ladders_is_said(report_night):
    night = report_night(empty=True)
    table = night_view(night.tables, night.priced, night.universe).classes
    assert (table.rows, table.empty) == ((), "No ladder was computed.")
