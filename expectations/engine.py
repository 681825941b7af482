"""The thin shell around Great Expectations: rules in, plain outcomes out.

The only module that builds its objects and runs it. It is imported on the first run, not with this module: that costs
4 to 6 s and 270 MB. What the outcomes mean belongs to `expectations.runner`.
"""

import logging
import threading
import warnings
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from functools import cache
from typing import Any

import pandas as pd

from alvh_core.errors import ContractError
from expectations.custom import row_law
from expectations.report import Outcome
from expectations.rules import Rule

# Positions are read from the plain index (the index-column option costs 26 s on a million faults); the query string and
# the offending values are not read at all.
_RESULT_FORMAT = {
    "result_format": "COMPLETE",
    "return_unexpected_index_query": False,
    "exclude_unexpected_values": True,
}
# One run at a time: a context registers itself process-wide and threads gave no speed-up where they were tried.
_LOCK = threading.Lock()


@contextmanager
def session() -> Iterator[Callable[[pd.DataFrame, Sequence[Rule]], list[Outcome]]]:
    """Open an engine of our own and yield the function that evaluates rules on a frame.

    Yields
    ------
    callable
        ``(frame, rules) -> outcomes`` in the order of the rules. The frame's index must count its rows from 0.
    """
    with _LOCK:
        gx, context = open_context()
        asset = context.data_sources.add_pandas("memory").add_dataframe_asset("frame")
        batches = asset.add_batch_definition_whole_dataframe("all")

        def evaluate(frame: pd.DataFrame, rules: Sequence[Rule]) -> list[Outcome]:
            expectations = [expectation_of(gx, rule, number) for number, rule in enumerate(rules)]
            suite = gx.ExpectationSuite(name="rules", expectations=expectations)
            results = batches.get_batch({"dataframe": frame}).validate(suite, result_format=_RESULT_FORMAT).results
            by_number = {result.expectation_config.meta["rule"]: result for result in results}
            return [_outcome(rule, by_number[number]) for number, rule in enumerate(rules)]

        yield evaluate


def open_context() -> tuple[Any, Any]:
    """Return Great Expectations and a context of our own, in memory and silent."""
    gx = _import()
    from great_expectations.data_context.types.base import ProgressBarsConfig  # noqa: PLC0415

    context = gx.get_context(mode="ephemeral")
    context.variables.progress_bars = ProgressBarsConfig(globally=False)
    return gx, context


@cache
def _import() -> Any:
    with warnings.catch_warnings():
        # great_expectations 1.24.1 imports sre_constants and sre_parse, deprecated since Python 3.11.
        warnings.filterwarnings("ignore", message="module 'sre_.*' is deprecated", category=DeprecationWarning)
        import great_expectations as gx  # noqa: PLC0415 (4 to 6 s)
        import great_expectations.expectations  # noqa: PLC0415
        from great_expectations.execution_engine import pandas_execution_engine  # noqa: PLC0415
    logging.getLogger("great_expectations.data_context.types.base").setLevel(logging.WARNING)  # every temporary folder
    # Batches below this size are hashed twice for a fingerprint that nobody reads: 5 of 7 s on 1.7 million quotes.
    pandas_execution_engine.HASH_THRESHOLD = 0
    return gx


def expectation_of(gx: Any, rule: Rule, number: int) -> Any:
    """Return a rule as an expectation, by which its number is known again."""
    build = row_law() if rule.kind == "law" else getattr(gx.expectations, _class_name(rule))
    return build(**_arguments(rule), meta={"rule": number})


def _class_name(rule: Rule) -> str:
    if rule.kind == "unique" and len(rule.columns) == 1:
        return "ExpectColumnValuesToBeUnique"  # the compound one refuses a single column
    return {
        "row_count": "ExpectTableRowCountToBeBetween",
        "not_null": "ExpectColumnValuesToNotBeNull",
        "between": "ExpectColumnValuesToBeBetween",
        "in_set": "ExpectColumnValuesToBeInSet",
        "matches": "ExpectColumnValuesToMatchRegex",
        "unique": "ExpectCompoundColumnsToBeUnique",
        "at_least": "ExpectColumnPairValuesAToBeGreaterThanB",
    }[rule.kind]


def _arguments(rule: Rule) -> dict[str, Any]:
    given, columns = rule.arguments, rule.columns
    match rule.kind:
        case "row_count":
            return {"min_value": given["minimum"]}
        case "law":
            return {"column_list": list(columns), "law": given["law"], "settings": dict(given["settings"])}
        case "at_least":
            either = "either_value_is_missing"
            return {"column_A": columns[0], "column_B": columns[1], "or_equal": True, "ignore_row_if": either}
        case "unique" if len(columns) > 1:
            return {"column_list": list(columns), "ignore_row_if": "never"}
    own = {
        "between": {"min_value": "low", "max_value": "high", "strict_max": "is_below"},
        "in_set": {"value_set": "allowed"},
        "matches": {"regex": "pattern"},
    }.get(rule.kind, {})
    return {"column": columns[0], **{theirs: given[ours] for theirs, ours in own.items()}}


def _outcome(rule: Rule, result: Any) -> Outcome:
    infos = [result.exception_info, *(result.exception_info or {}).values()]  # flat, or keyed by metric id
    for info in infos:
        # A rule that could not be evaluated looks like a broken one: no error, success False.
        if isinstance(info, dict) and info.get("raised_exception"):
            message = info.get("exception_message")
            raise ContractError(f"rule {rule.reason} on {rule.column} could not be evaluated: {message}")
    details = result.result
    if rule.kind == "row_count":
        return Outcome(bool(result.success), int(details["observed_value"]), ())
    evaluated = int(details["element_count"]) - int(details.get("missing_count") or 0)
    return Outcome(bool(result.success), evaluated, details.get("unexpected_index_list") or ())
