"""The runner: every kind of rule finds its row, errors are errors, and nothing depends on dtypes, index or threads."""

import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pandas as pd
import pytest

from alvh_core import frames
from alvh_core.errors import ContractError
from alvh_core.schemas import META_VALIDATIONS
from expectations import rules
from expectations.report import CHECK_COLUMNS, combine
from expectations.rules import OSI_PATTERN, Suite
from expectations.runner import validate

NAN = float("nan")
GOOD = {
    "number": pd.Series([1.0, 2.0, NAN, 3.0, 0.0, 1.0]),
    "other": pd.Series([1.0, 1.0, 9.0, NAN, 0.0, 1.0]),
    "count": pd.Series([1, 2, 3, 4, 5, 6]),
    "maybe": pd.array([1, None, 2, 3, 4, 5], dtype="Int64"),
    "flag": pd.Categorical(["OK", "NO", "OK", None, "NO", "NO"]),
    "text": pd.Series(["C", "P", None, "C", "C", "P"]),
    "osi": pd.Series([f"SPXW  260918C0500000{n}" for n in range(5)] + [None]),
    "day": pd.to_datetime(["2026-08-21"] * 6).astype("datetime64[s]"),
    "past": pd.to_datetime(["2026-08-20", "2026-08-21", None, "2026-08-21", "2026-08-21", "2026-01-02"]),
}


def _run(frame, *some):
    return validate(frame, Suite(dataset="d", rules=some))


def _checks(report):
    return combine([report])


def _rows_at(report, severity):
    """Positions that break a rule of exactly this severity, each once."""
    return sorted({at for rule, outcome in report.broken if rule.severity == severity for at in outcome.positions})


KINDS = [
    pytest.param(rules.not_null("number"), {"number": [1, NAN]}, [1], id="not-null-float"),
    pytest.param(rules.not_null("flag"), {"flag": ["OK", None]}, [1], id="not-null-category"),
    pytest.param(rules.not_null("text"), {"text": ["C", None]}, [1], id="not-null-str"),
    pytest.param(rules.not_null("day"), {"day": pd.to_datetime(["2026-08-21", None])}, [1], id="not-null-date"),
    pytest.param(rules.not_null("day"), {"day": pd.to_datetime([None, "2026-08-21"], utc=True)}, [0],
                 id="not-null-utc"),
    pytest.param(rules.not_null("maybe"), {"maybe": pd.array([1, None], dtype="Int64")}, [1], id="not-null-Int64"),
    pytest.param(rules.between("number", 0, 2), {"number": [0.0, 2.0, 2.1, -0.1, NAN]}, [2, 3], id="between"),
    pytest.param(rules.between("number", 0, None), {"number": [0.0, np.inf, NAN, 1e9]}, [1], id="between-infinite"),
    pytest.param(rules.between("number", 0, 0.98, is_below=True), {"number": [0.97, 0.98]}, [1], id="between-strict"),
    pytest.param(rules.between("count", 0, 0), {"count": [0, 0, 1]}, [2], id="between-int"),
    pytest.param(rules.between("maybe", 0, 5), {"maybe": pd.array([1, None, 6], dtype="Int64")}, [2],
                 id="between-Int64"),
    pytest.param(rules.in_set("flag", ("OK", "NO")), {"flag": pd.Categorical(["OK", None, "ODD"])}, [2],
                 id="in-category"),
    pytest.param(rules.in_set("text", ("C", "P")), {"text": ["C", "X", None]}, [1], id="in-str"),
    pytest.param(rules.matches("osi", OSI_PATTERN), {"osi": ["VIX   261021C00022000", None, "VIX261021C00022000"]}, [2],
                 id="matches"),
    pytest.param(rules.unique(("text",)), {"text": ["C", "P", "C"]}, [0, 2], id="unique-one"),
    pytest.param(rules.unique(("flag", "count")), {"flag": pd.Categorical(["a", "b", "a"]), "count": [1, 1, 1]}, [0, 2],
                 id="unique-two"),
    pytest.param(rules.at_least("X", "number", "other"), {"number": [1.0, 1.0, NAN, 1.0], "other": [1.0, 2.0,
                 1.0, NAN]},
                 [1], id="at-least"),
    pytest.param(rules.at_least("X", "day", "past"), {"day": pd.to_datetime(["2026-08-21"] * 3), "past":
                 pd.to_datetime(["2026-08-21", None, "2026-08-22"])}, [2], id="at-least-date"),
    pytest.param(rules.law("X", "at_most", ("number", "other"), ""), {"number": [1.0, 3.0], "other": [2.0, 2.0]}, [1],
                 id="law"),
    pytest.param(rules.law("X", "present_when", ("flag", "number"), "", equals="GO"),
                 {"flag": pd.Categorical(["GO", "OK", "GO"]), "number": [1.0, NAN, NAN]}, [2], id="law-setting"),
]  # fmt: skip


@pytest.mark.parametrize(("rule", "columns", "positions"), KINDS)
def test_every_kind_finds_its_rows(rule, columns, positions):
    frame = pd.DataFrame(columns)
    report = _run(frame, rule)
    assert _rows_at(report, "row") == positions
    assert report.rejects()["reason"].tolist() == [rule.reason] * len(positions)
    assert report.worst_severity == "row"
    assert report.broken
    good = frame.drop(index=positions)
    if rule.kind == "unique":
        good = frame.iloc[:2]
    assert not _run(good, rule).broken, "the other rows are lawful"


def test_all_kinds_together_on_a_good_frame():
    report = _run(
        pd.DataFrame(GOOD), rules.row_count(6), rules.not_null("count"), rules.between("number", 0, None),
        rules.in_set("flag", ("OK", "NO")), rules.in_set("text", ("C", "P")), rules.matches("osi", OSI_PATTERN),
        rules.unique(("count", "day")), rules.at_least("PAST", "day", "past"), rules.between("maybe", 0, 9),
        rules.law("LAW", "at_most", ("other", "count"), "", tolerance=9.0),
    )  # fmt: skip
    assert not report.broken
    assert report.worst_severity is None
    assert not report.has_night_failure
    assert report.rejects()["position"].dtype == "int64"
    assert _checks(report)["evaluated_count"].tolist() == [6, 6, 5, 5, 5, 5, 6, 5, 5, 6], "nulls are not looked at"


def test_checks_keep_the_order_of_the_rules_and_fit_their_table():
    checks = _checks(_run(pd.DataFrame(GOOD), rules.not_null("text"), rules.row_count(9), rules.not_null("number")))
    assert list(checks.columns) == ["dataset", *CHECK_COLUMNS]
    assert checks["check_column"].tolist() == ["text", "*", "number"]
    assert checks["unexpected_count"].tolist() == [1, 0, 1]
    stored = frames.conform(
        checks.assign(trade_date=pd.Timestamp("2026-08-21"), source_mode="simulated"), META_VALIDATIONS
    )
    assert stored["dataset"].tolist() == ["d"] * 3
    assert stored["is_success"].tolist() == [False, False, False]


def test_positions_count_rows_whatever_the_index_and_the_frame_is_left_alone():
    frame = pd.DataFrame({"number": [1.0, -1.0, NAN, -2.0]}, index=[7, 7, 3, 0])
    before = frame.copy()
    assert _rows_at(_run(frame, rules.between("number", 0, None)), "row") == [1, 3]
    pd.testing.assert_frame_equal(frame, before)


def test_severities_are_kept_apart_and_rejects_name_every_reason():
    frame = pd.DataFrame({"number": [1.0, -1.0, 9.0], "text": ["C", "X", "C"], "count": [1, 1, -1]})
    report = _run(
        frame, rules.between("number", 0, None), rules.in_set("text", ("C", "P"), "expiry"),
        rules.between("count", 0, None, "underlying"),
    )  # fmt: skip
    assert _rows_at(report, "row") == [1]
    assert _rows_at(report, "expiry") == [1]
    assert _rows_at(report, "underlying") == [2]
    assert report.worst_severity == "underlying"
    assert report.rejects().to_dict("list") == {
        "position": [1, 2],
        "severity": ["expiry", "underlying"],
        "rule_name": ["NOT_ALLOWED", "OUT_OF_RANGE"],
        "reason": ["OUT_OF_RANGE: number >= 0; NOT_ALLOWED: text is C or P", "OUT_OF_RANGE: count >= 0"],
        "observed": ["number=-1, text=X", "count=-1"],
    }


def test_no_faults_give_no_rejects_and_no_reports_no_checks():
    report = _run(pd.DataFrame(GOOD), rules.row_count(1))
    assert report.rejects().shape == (0, 5)
    assert combine([]).shape == (0, 1 + len(CHECK_COLUMNS))


@pytest.mark.parametrize("frame", [pd.DataFrame(GOOD).iloc[:0], pd.DataFrame({name: [] for name in GOOD})])
def test_an_empty_frame_fails_at_night_severity(frame):
    report = _run(
        frame, rules.row_count(1), rules.not_null("number"), rules.between("number", 0, 1), rules.matches("osi", "^x$"),
        rules.in_set("flag", ("OK",)), rules.unique(("count", "text")), rules.at_least("X", "number", "other"),
        rules.law("Y", "at_most", ("number", "other"), ""),
    )  # fmt: skip
    assert report.has_night_failure
    assert _checks(report)["is_success"].tolist() == [False] + [True] * 7
    assert report.rejects().empty


def test_a_missing_column_is_a_contract_error():
    with pytest.raises(ContractError, match=r"d: expected columns \['nowhere'\]"):
        _run(pd.DataFrame(GOOD), rules.not_null("nowhere"))


@pytest.mark.parametrize(
    ("rule", "frame"),
    [
        pytest.param(rules.between("number", 0, 1), {"number": ["0.5"]}, id="range-of-strings"),
        pytest.param(rules.in_set("text", ("1",)), {"text": [1.0]}, id="set-of-numbers"),
        pytest.param(rules.in_set("text", ("1",)), {"text": pd.Categorical([1, 2])}, id="set-of-number-categories"),
        pytest.param(rules.not_null("bid_usd"), {"bid_usd": ["1.0"]}, id="registry-float"),
        pytest.param(rules.not_null("osi_symbol"), {"osi_symbol": [1.0]}, id="registry-str"),
        pytest.param(rules.not_null("trade_date"), {"trade_date": ["2026-08-21"]}, id="registry-date"),
        pytest.param(
            rules.not_null("quote_at_utc"), {"quote_at_utc": pd.to_datetime(["2026-08-21"])}, id="registry-utc"
        ),
        pytest.param(rules.not_null("is_armed"), {"is_armed": [1]}, id="registry-bool"),
        pytest.param(rules.not_null("bid_usd"), {"bid_usd": pd.Series([None], dtype="object")}, id="untyped"),
    ],
)
def test_a_column_of_the_wrong_type_is_a_contract_error(rule, frame):
    with pytest.raises(ContractError, match=r"expected .* values, found"):
        _run(pd.DataFrame(frame), rule)


def test_a_rule_that_cannot_be_evaluated_is_an_error_and_not_a_failed_rule():
    rule = rules.law("X", "at_most", ("left", "right"), "left <= right")
    with pytest.raises(ContractError, match=r"X: left <= right on left,right could not be evaluated"):
        _run(pd.DataFrame({"left": ["a"], "right": [1.0]}), rule)


def test_blocks_of_columns_give_the_same_as_one_block(monkeypatch):
    frame = pd.DataFrame({f"n{i}": [1.0, -float(i % 3), NAN] for i in range(20)})
    some = [rules.between(f"n{i}", 0, None) for i in range(20)] + [rules.at_least("X", "n0", "n19")]
    narrow = _run(frame, *some)
    monkeypatch.setattr("expectations.runner.BLOCK_COLUMNS", 99)
    wide = _run(frame, *some)
    pd.testing.assert_frame_equal(_checks(narrow), _checks(wide))
    pd.testing.assert_frame_equal(narrow.rejects(), wide.rejects())
    assert sum(len(outcome.positions) for _, outcome in narrow.broken) == 13


def test_threads_do_not_mix_results():
    def one(number):
        frame = pd.DataFrame({"number": np.where(np.arange(200) % 17 == number, -1.0, 1.0)})
        return _rows_at(_run(frame, rules.row_count(1), rules.between("number", 0, None)), "row")

    with ThreadPoolExecutor(4) as pool:
        found = list(pool.map(one, range(12)))
    assert found == [[row for row in range(200) if row % 17 == number] for number in range(12)]


def test_importing_the_package_does_not_import_great_expectations():
    code = (
        "import sys, expectations.runner, expectations.suites, expectations.custom, expectations.report;"
        "print([m for m in sys.modules if m.startswith(('great_expectations', 'prefect'))])"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"


def test_the_fingerprint_switch_we_turn_off_still_exists():
    _run(pd.DataFrame(GOOD), rules.row_count(1))
    from great_expectations.execution_engine import pandas_execution_engine

    assert pandas_execution_engine.HASH_THRESHOLD == 0
    source = pandas_execution_engine.PandasExecutionEngine.get_batch_data_and_markers
    assert "HASH_THRESHOLD" in source.__code__.co_names


def test_types_alone_prove_that_plain_integers_and_booleans_are_present():
    frame = pd.DataFrame({"count": [1, 2], "is_armed": [True, False]})
    report = _run(frame, rules.not_null("count"), rules.not_null("is_armed"))
    assert not report.broken
    assert _checks(report)["evaluated_count"].tolist() == [2, 2]
