"""Every rule says why it is there, and chains have enough of their own."""

import pytest

from alvh_core.schemas import OUT_TABLES
from expectations import suites


def _all_suites():
    named = [getattr(suites, name) for name in suites.__all__ if name != "out_suite"]
    return [build() for build in named] + [suites.out_suite(table) for table in OUT_TABLES]


@pytest.mark.parametrize("suite", _all_suites(), ids=lambda suite: suite.dataset)
def test_every_rule_gives_its_reason_in_a_sentence(suite):
    without = [rule.name for rule in suite.rules if len(rule.why.split()) < 4 or not rule.why.endswith(".")]
    assert not without


def test_chains_have_forty_rules_of_their_own():
    chain = (suites.option_quotes_suite(), suites.expiry_suite(), suites.underlying_suite())
    generic = {"NOT_NULL", "OUT_OF_RANGE", "NOT_ALLOWED", "PATTERN", "DUPLICATE_KEY", "ROW_COUNT"}
    assert len({rule.name for suite in chain for rule in suite.rules} - generic) >= 40
