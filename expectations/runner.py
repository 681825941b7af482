"""Validate a frame against a suite: the one function callers need.

Checks the frame's contract, cuts the rules into blocks that share few columns, and turns the engine's outcomes into our
report. Great Expectations itself is touched in `expectations.engine` only.
"""

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, nullcontext
from contextvars import ContextVar
from typing import Any

import numpy as np
import pandas as pd

from alvh_core.columns import COLUMNS
from alvh_core.errors import ContractError
from expectations.engine import session
from expectations.proofs import proven_count
from expectations.report import Outcome, ValidationReport
from expectations.rules import Rule, Suite

# Every rule on a column copies the whole frame it is given (to leave out nulls), so rules see only a few columns at a
# time: 1.9 s instead of 4.8 s on 1.7 million quotes. Narrower gains nothing, each run costs some 20 ms.
BLOCK_COLUMNS = 8


_PROOFS_FIRST: ContextVar[bool] = ContextVar("proofs_first", default=False)


@contextmanager
def proofs_first() -> Iterator[None]:
    """Ask the engine, inside, only about rules that a plain look does not prove.

    The engine's cost is by the rule, some 10 ms each whatever the rows, and a night has hundreds: a backfill of
    hundreds of nights spends most of its time there. The nightly run asks the engine about every rule.
    """
    token = _PROOFS_FIRST.set(True)
    try:
        yield
    finally:
        _PROOFS_FIRST.reset(token)


def validate(frame: pd.DataFrame, suite: Suite) -> ValidationReport:
    """Evaluate every rule of a suite on the whole frame.

    Parameters
    ----------
    frame : DataFrame
        Conforming to its table (`alvh_core.frames.conform`); any index, further columns are ignored.
    suite : Suite

    Returns
    -------
    ValidationReport
        Checks in the order of the suite's rules; fault positions count the frame's rows from 0.

    Raises
    ------
    ContractError
        A column is missing or of the wrong type, or a rule could not be evaluated. A broken rule raises nothing.
    """
    missing = [column for column in suite.columns if column not in frame]
    if missing:
        raise ContractError(f"{suite.dataset}: expected columns {missing}, found {list(frame.columns)}")
    counted = frame.reset_index(drop=True)
    _check_types(counted, suite)
    outcomes = {number: _proven(rule, counted) for number, rule in enumerate(suite.rules)}
    open_rules = {number: rule for number, rule in enumerate(suite.rules) if outcomes[number] is None}
    with session() if open_rules else nullcontext(_nothing) as evaluate:
        for columns, numbers in _blocks(open_rules):
            block = counted[columns]
            outcomes.update(zip(numbers, evaluate(block, [open_rules[number] for number in numbers]), strict=True))
    return ValidationReport(suite.dataset, suite.rules, tuple(filter(None, outcomes.values())), frame)


def _nothing(_frame: pd.DataFrame, _rules: Sequence[Rule]) -> list[Outcome]:
    return []


def _check_types(frame: pd.DataFrame, suite: Suite) -> None:
    if frame.empty:  # a column may have lost its type
        return
    types = frame.dtypes.to_dict()
    families = {column: _family(types[column]) for column in suite.columns}
    for rule in suite.rules:
        for column in rule.columns:
            if (expected := _expected_family(rule, column)) not in (None, families[column]):
                raise ContractError(
                    f"{suite.dataset}.{column}: expected {expected} values, found {frame[column].dtype}; conform the "
                    "frame first"
                )


def _expected_family(rule: Rule, column: str) -> str | None:
    if column in COLUMNS:
        return _FAMILIES[COLUMNS[column].dtype]
    return {"between": "number", "in_set": "string", "matches": "string"}.get(rule.kind)


def _family(dtype: Any) -> str | None:
    of_values = dtype.categories.dtype if isinstance(dtype, pd.CategoricalDtype) else dtype
    return next((family for family, is_family in _IS_FAMILY.items() if is_family(of_values)), None)


def _proven(rule: Rule, frame: pd.DataFrame) -> Outcome | None:
    """Outcome of a rule that the type alone decides, plain integers and booleans cannot be null; or a plain proof."""
    if _PROOFS_FIRST.get():
        count = proven_count(rule, frame)
        return None if count is None else Outcome(is_success=True, evaluated_count=count, positions=())
    if rule.kind != "not_null":
        return None
    dtype = frame[rule.columns[0]].dtype
    has_no_nulls = isinstance(dtype, np.dtype) and dtype.kind in "iub"
    return Outcome(is_success=True, evaluated_count=len(frame), positions=()) if has_no_nulls else None


def _blocks(rules: dict[int, Rule]) -> Iterator[tuple[list[str], list[int]]]:
    """Yield (columns, rule numbers), filling a block until the next rule would widen it too far."""
    columns: list[str] = []
    numbers: list[int] = []
    for number, rule in rules.items():
        widened = list(dict.fromkeys([*columns, *rule.columns]))
        if numbers and len(widened) > BLOCK_COLUMNS:
            yield columns, numbers
            widened, numbers = list(rule.columns), []
        columns = widened
        numbers.append(number)
    if numbers:
        yield columns, numbers


_FAMILIES = {
    "date": "date", "timestamp": "instant", "str": "string", "category": "string", "float": "number", "int": "number",
    "bool": "boolean",
}  # fmt: skip
_IS_FAMILY: dict[str, Callable[[Any], bool]] = {
    "boolean": pd.api.types.is_bool_dtype,
    "number": pd.api.types.is_numeric_dtype,
    "instant": lambda dtype: isinstance(dtype, pd.DatetimeTZDtype),
    "date": pd.api.types.is_datetime64_dtype,
    "string": lambda dtype: isinstance(dtype, pd.StringDtype),
}
