"""A proof says what the engine says, or nothing: the same verdict and the same count of rows looked at."""

import numpy as np
import pandas as pd
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from expectations.engine import session
from expectations.proofs import proven_count
from expectations.rules import Rule

NUMBERS = st.one_of(st.sampled_from([0.0, 1.0, 2.0, np.inf, -np.inf, np.nan]), st.floats(-3, 3))
WORDS = st.sampled_from(["A", "B", "C", "a", "", "A\n", None])
BETWEEN = [(0.0, None, False), (None, 2.0, False), (0.0, 2.0, False), (0.0, 2.0, True)]


def rule(kind, *columns, **arguments):
    return Rule(name=kind, kind=kind, columns=columns, text=kind, arguments=arguments)


RULES = [
    *(rule("between", "x", low=low, high=high, is_below=is_below) for low, high, is_below in BETWEEN),
    rule("not_null", "x"), rule("not_null", "word"), rule("at_least", "x", "y"),
    rule("in_set", "word", allowed=("A", "B")), rule("matches", "word", pattern="^[A-Z]+$"),
    rule("unique", "word"), rule("unique", "word", "x"), rule("law", "x", "y", law="at_most", settings={}),
]  # fmt: skip


@pytest.fixture(scope="module")
def evaluate():
    with session() as ask:
        yield ask


@given(rows=st.lists(st.tuples(NUMBERS, NUMBERS, WORDS), min_size=1, max_size=6))
@settings(max_examples=20, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_what_is_proven_the_engine_finds_too(evaluate, rows):
    x, y, word = zip(*rows, strict=True)
    frame = pd.DataFrame({"x": np.array(x, float), "y": np.array(y, float), "word": pd.Series(word, dtype="str")})
    proofs = [proven_count(each, frame) for each in RULES]
    for each, count, found in zip(RULES, proofs, evaluate(frame, RULES), strict=True):
        if count is not None:
            assert (found.is_success, found.evaluated_count, len(found.positions)) == (True, count, 0), each
        else:
            assert not found.is_success or each.kind == "row_count", each
