"""The quality page's words: the gate's verdict, every rule's last nights, examples of what was refused."""

import pandas as pd
import pytest

from alvh_core import frames
from alvh_core.reporting.quality_page import EXAMPLES, RuleWords, quality_page
from alvh_core.schemas import META_QUARANTINE, META_VALIDATIONS
from alvh_core.summary import validation_summary

QUOTES, BARS = "core_options__daily_quotes", "core_market__daily_bars"


def checks(day, *rules):
    """Rows of `META_VALIDATIONS`: dataset, name, severity, rows at fault, of ten looked at."""
    return frames.conform(pd.DataFrame([
        {"trade_date": day, "source_mode": "live", "dataset": dataset, "check_name": name, "check_column": "a,b",
         "severity": severity, "is_success": not faults, "evaluated_count": 10, "unexpected_count": faults}
        for dataset, name, severity, faults in rules
    ]), META_VALIDATIONS)  # fmt: skip


def rejects(*entries):
    """Rows of `META_QUARANTINE`: rule, severity, symbol, rows."""
    return frames.conform(pd.DataFrame([
        {"trade_date": "2026-07-16", "source_mode": "live", "dataset": QUOTES, "row_key": f"{symbol} {at}",
         "row_position": at, "payload_sha256": "0123456789abcdef", "severity": severity, "reason": f"{rule}: words",
         "rule_name": rule, "symbol": symbol, "observed": f"x={at}", "rows_count": rows}
        for at, (rule, severity, symbol, rows) in enumerate(entries)
    ]), META_QUARANTINE)  # fmt: skip


@pytest.fixture
def page(report_night):
    def make(tonight, *before, quarantine=None, words=(), **ledger):
        night = report_night()
        night.tables[META_VALIDATIONS.name] = tonight
        night.tables[META_QUARANTINE.name] = rejects() if quarantine is None else quarantine
        history = frames.concat([*before, tonight], META_VALIDATIONS)
        return quality_page(night.tables, history, dict(words), ledger=ledger)

    def rejects():
        return frames.empty(META_QUARANTINE)

    return make


HELD = (QUOTES, "CROSSED", "row", 0), (BARS, "HIGH_BELOW_LOW", "row", 0)


@pytest.mark.parametrize(("tonight", "refused", "verdict", "tone"), [
    (HELD, [], "Passed: all 2 rules held.", "good"),
    (((QUOTES, "CROSSED", "row", 1),), [("CROSSED", "row", "KO", 1)],
     "Passed with 1 broken rule of 1; taken out: 1 row.", "warn"),
    (((QUOTES, "PARITY", "expiry", 1), (QUOTES, "CROSSED", "row", 2)),
     [("PARITY", "expiry", "KO", 30), ("CROSSED", "row", "KO", 1), ("CROSSED", "row", "KO", 1)],
     "Passed with 2 broken rules of 2; taken out: 2 rows, 1 whole expiry.", "warn"),
    (((QUOTES, "DEAD", "underlying", 1),), [("DEAD", "underlying", "KO", 90)],
     "Passed with 1 broken rule of 1; taken out: 1 whole chain.", "bad"),
])  # fmt: skip
def test_the_verdict_in_a_sentence(page, tonight, refused, verdict, tone):
    quarantine = rejects(*refused) if refused else None
    found = page(checks("2026-07-16", *tonight), quarantine=quarantine)
    assert (found.verdict, found.tone) == (verdict, tone)


def test_without_checks_nothing_is_known(page):
    found = page(frames.empty(META_VALIDATIONS))
    assert found.tone == "bad"
    assert found.suites == ()
    assert found.overview.rows == ()


def test_a_rule_over_the_last_nights(page):
    tonight = checks("2026-07-16", (QUOTES, "CROSSED", "row", 1), (QUOTES, "NEW", "row", 0))
    before = [checks("2026-07-14", (QUOTES, "CROSSED", "row", 5)), checks("2026-07-15", (QUOTES, "CROSSED", "row", 0))]
    words = {(QUOTES, "CROSSED", "a,b"): RuleWords("ask_usd >= bid_usd", "nobody trades through")}
    crossed, new = page(tonight, *before, words=words).suites[0].rules
    assert (crossed.text, crossed.why, crossed.faults, crossed.is_broken) == (
        "ask_usd >= bid_usd", "nobody trades through", "1", True)  # fmt: skip
    assert crossed.trend.shares == (0.5, 0.0, 0.1)
    assert crossed.trend.words == "at fault in 2 of 3 nights, at most 50.000 %"
    assert [(at, round(height)) for at, height, _ in crossed.trend.bars] == [(0, 100), (1, 0), (2, 20)]
    assert [at for at, *_ in new.trend.bars] == [2]
    assert new.trend.shares == (None, None, 0.0)
    assert (new.trend.words, new.trend.is_flat, new.text) == ("held for 1 night", True, "a,b")


def test_broken_suites_and_rules_come_first(page):
    found = page(checks("2026-07-16", (BARS, "A", "row", 0), (QUOTES, "B", "row", 0), (QUOTES, "C", "row", 1)))
    assert [suite.dataset for suite in found.suites] == [QUOTES, BARS]
    assert [rule.code for rule in found.suites[0].rules] == ["C", "B"]
    assert [fact.value for fact in found.facts if fact.label == "Suites that held"] == ["1 of 2"]


def test_a_rule_about_the_whole_frame_is_drawn_when_it_fails(page):
    nothing = checks("2026-07-16", (QUOTES, "ROW_COUNT", "night", 0)).assign(is_success=False, evaluated_count=0)
    assert page(nothing).suites[0].rules[0].trend.shares == (1.0,)


def test_quarantine_by_rule_with_examples(page):
    many = [("CROSSED", "row", "KO", 1)] * 7 + [("CROSSED", "row", "XLF", 1), ("PARITY", "expiry", "VIX", 80)]
    found = page(checks("2026-07-16", *HELD), quarantine=rejects(*many),
                 words={(QUOTES, "CROSSED", "x"): RuleWords("w", "why so")}.items())  # fmt: skip
    cells = [[cell.text for cell in row.cells] for row in found.rejects.rows]
    assert cells == [["PARITY", QUOTES, "the expiry", "1", "80", "VIX 80"],
                     ["CROSSED", QUOTES, "the row", "8", "8", "KO 7, XLF 1"]]  # fmt: skip
    group = found.groups[1]
    assert (group.code, group.why, len(group.examples.rows)) == ("CROSSED", "why so", EXAMPLES)
    assert group.examples.caption == "5 of 8 entries"
    assert [cell.text for cell in group.examples.rows[0].cells] == [
        "KO 0",
        "x=0",
        "CROSSED: words",
        "1",
        "0123456789ab",
    ]


def test_the_artifact_has_a_table_for_every_suite_that_broke(page):
    found = page(checks("2026-07-16", (QUOTES, "CROSSED", "row", 1), (BARS, "A", "row", 0)),
                 words={(QUOTES, "CROSSED", "a,b"): RuleWords("a | b", "")})  # fmt: skip
    lines = validation_summary(found).splitlines()
    assert lines[0] == "**Passed with 1 broken rule of 2.**"
    assert f"| {BARS} | 1 | 0 | 10 | 0 | nothing |" in lines
    assert not any(line.startswith(f"### {BARS}") for line in lines)
    at = lines.index(f"### {QUOTES}: 1 of 1 rule broken")
    assert lines[at + 4] == r"| CROSSED | a \| b | the row | 1 | 10 | at fault in 1 of 1 night, at most 10.000 % |"
