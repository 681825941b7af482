"""Rules as data, the rules a registry entry implies, and the row laws by value."""

import sys

import numpy as np
import pandas as pd
import pytest

from alvh_core.errors import ContractError
from alvh_core.schemas import OPTION_QUOTES, RATE_CURVE, TABLES
from expectations import laws, rules
from expectations.rules import OSI_PATTERN, Rule, Suite, registry_rules

NAN = float("nan")


def _keys(table, **options):
    return {(rule.name, rule.column) for rule in registry_rules(table, **options)}


def test_registry_rules_cover_keys_nulls_ranges_sets_pattern_and_row_count():
    keys = _keys(OPTION_QUOTES)
    assert ("ROW_COUNT", "*") in keys
    assert ("NOT_NULL", "osi_symbol") in keys
    assert ("NOT_NULL", "quote_flag") in keys
    assert ("OUT_OF_RANGE", "strike_usd") in keys
    assert ("NOT_ALLOWED", "option_right") in keys
    assert ("PATTERN", "osi_symbol") in keys
    assert ("DUPLICATE_KEY", "trade_date,source_mode,osi_symbol") in keys
    assert ("NOT_NULL", "bid_usd") not in keys, "a missing bid is legal"


@pytest.mark.parametrize("table", TABLES.values(), ids=lambda table: table.name)
def test_every_registry_table_makes_a_suite(table):
    suite = Suite(dataset=table.name, rules=registry_rules(table))
    assert set(suite.columns) <= set(table.names)
    assert {rule.column for rule in suite.rules if rule.kind == "not_null"} == {
        name for name in table.names if not table.is_nullable(name)
    }


def test_registry_rules_take_severities_row_count_and_exceptions():
    found = registry_rules(RATE_CURVE, "expiry", min_rows=7, empty_severity="underlying",
                           no_range=("tenor_years",), extra_key=("row_position",))  # fmt: skip
    assert {rule.severity for rule in found if rule.kind != "row_count"} == {"expiry"}
    assert (found[0].severity, found[0].arguments["minimum"]) == ("underlying", 7)
    assert not [rule for rule in found if rule.kind == "between" and rule.columns == ("tenor_years",)]
    assert found[-1].columns == (*RATE_CURVE.key, "row_position")


@pytest.mark.parametrize(
    ("rule", "reason"),
    [
        (rules.row_count(3), "ROW_COUNT: at least 3 rows"),
        (rules.not_null("a"), "NOT_NULL: a is present"),
        (rules.between("a", 0, None), "OUT_OF_RANGE: a >= 0"),
        (rules.between("a", None, 2), "OUT_OF_RANGE: a <= 2"),
        (rules.between("a", 0, 0.98, is_below=True, name="X"), "X: a >= 0 and a < 0.98"),
        (rules.in_set("a", ("C", "P")), "NOT_ALLOWED: a is C or P"),
        (rules.unique(("a", "b")), "DUPLICATE_KEY: a, b occurs once"),
        (rules.at_least("CROSSED", "ask", "bid"), "CROSSED: ask >= bid"),
        (rules.matches("osi_symbol", OSI_PATTERN), f"PATTERN: osi_symbol matches {OSI_PATTERN}"),
    ],
)
def test_reasons_say_the_rule(rule, reason):
    assert rule.reason == reason


def test_an_open_side_of_a_range_excludes_infinity():
    assert rules.between("a", 0, None).arguments["high"] == sys.float_info.max
    assert rules.between("a", None, 0).arguments["low"] == -sys.float_info.max


def test_rules_cannot_be_changed():
    rule = rules.row_count(1)
    with pytest.raises(AttributeError):
        rule.severity = "row"
    with pytest.raises(TypeError):
        rule.arguments["minimum"] = 0


@pytest.mark.parametrize("change", [{"kind": "guess"}, {"severity": "mild"}])
def test_unknown_kind_or_severity_is_refused(change):
    with pytest.raises(ContractError, match="unknown kind"):
        Rule(**{"name": "A", "kind": "not_null", "columns": ("a",), "text": "", **change})


def test_unknown_law_is_refused():
    with pytest.raises(ContractError, match="no law 'gravity'"):
        rules.law("A", "gravity", ("a", "b"), "")


def test_two_rules_of_one_name_and_column_are_refused():
    with pytest.raises(ContractError, match="occur twice"):
        Suite(dataset="d", rules=(rules.not_null("a"), rules.not_null("a")))


def _frame(*columns):
    return pd.DataFrame({f"c{number}": column for number, column in enumerate(columns)})


@pytest.mark.parametrize(
    ("law", "frame", "settings", "expected"),
    [
        pytest.param(laws.at_most, _frame([1.0, 2.0, NAN, 1.0], [1.0, 1.0, 1.0, NAN]), {}, [1, 0, 1, 1], id="at-most"),
        pytest.param(laws.at_most, _frame([1.0 + 1e-13], [1.0]), {"tolerance": 1e-12}, [1], id="at-most-rounding"),
        pytest.param(laws.present_when, _frame(["OK", "OK", "NO", None], [1.0, NAN, NAN, NAN], [1.0, 1.0, NAN, NAN]),
                     {}, [1, 0, 1, 1], id="present-when"),
        pytest.param(laws.present_when, _frame(pd.Categorical(["OK", "NO", None]), ["x", None, None]), {}, [1, 1, 1],
                     id="present-when-categories"),
        pytest.param(laws.matches_unless, _frame(["final", "settlement", "settlement", "history", None],
                                                 ["VX28/N6", "VX28/N6", "VX/N6", None, "VX28/N6"]),
                     {"equals": "final", "pattern": "^VX/"}, [1, 0, 1, 1, 0], id="matches-unless"),
        pytest.param(laws.present_when_positive, _frame([True, True, False], [NAN, 1.0, NAN]), {}, [0, 1, 1],
                     id="bool"),
        pytest.param(laws.present_when_positive, _frame(pd.array([4, None, 0], dtype="Int64"), [NAN, NAN, NAN]), {},
                     [0, 1, 1], id="nullable-int"),
        pytest.param(laws.ask_not_below_bid, _frame([1.0, 0.9, 0.0, NAN, 1.0], [1.0, 1.0, 1.0, 1.0, NAN]), {},
                     [1, 0, 1, 1, 1], id="crossed-locked-no-ask"),
        pytest.param(laws.ask_covers_intrinsic, _frame([4.9, 4.8, NAN, 1.0], [5.0, 5.0, 5.0, NAN], [0.1, 0.1,
                     0.1, 0.1]),
                     {}, [1, 0, 1, 1], id="intrinsic"),
        pytest.param(laws.close_inside_bar, _frame([10.0, 10.0000001, 11.0, 8.0, 9.0], [9.0, 9, 9, 9, NAN],
                     [10.0, 10, 10, 10, NAN]), {}, [1, 1, 0, 0, 1], id="bar"),
        pytest.param(laws.below_when, _frame(["PASS", "PASS", "PASS", "PASS", "FAIL_TICK", None],
                     [np.nextafter(0.08, 0), 0.08, np.nextafter(0.08, 1), NAN, 0.5, 0.5]),
                     {"equals": "PASS", "limit": 0.08}, [1, 0, 0, 0, 1, 1], id="eight-percent"),
        pytest.param(laws.equal_when, _frame(["DEPLOY", "DEPLOY", "DEPLOY", "HOLD"], ["PASS", "FAIL_TICK", None, None]),
                     {"equals": "DEPLOY", "then": "PASS"}, [1, 0, 0, 1], id="deploy"),
    ],
)  # fmt: skip
def test_laws_by_value(law, frame, settings, expected):
    assert law(frame, **settings).astype(bool).tolist() == [bool(x) for x in expected]
    assert len(law(frame.iloc[:0], **settings)) == 0
