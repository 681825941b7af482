"""All suites of a night in one place: as Markdown for the documents, as words for the pages, as a hash for the ledger.

What a rule says stands in `expectations.suites`. Nothing is evaluated here, so Great Expectations is not imported.
"""

import hashlib
from collections.abc import Iterator
from dataclasses import fields

from alvh_core.reporting.data_quality import SEVERITY_TAKES
from alvh_core.reporting.quality_page import RuleWords
from alvh_core.schemas import OUT_TABLES, TABLES
from expectations import suites
from expectations.packs import DEFAULT, PACKS, Pack
from expectations.rules import ROW_COUNT, Rule, Suite

_HEAD = """# Validation rules

Generated from the suites in `expectations/` by `make docs`; do not edit.
Every rule a night is judged by. What a broken rule takes out is its severity: the row, the expiry, the underlying (the
whole chain) or the night, which is then not published. A null passes every rule but those that want a value.
What a rule took out, and what it saw: `alvh quarantine`; how it fared over the last nights: the quality page.
"""
_DECLARED = {ROW_COUNT, "NOT_NULL", "OUT_OF_RANGE", "NOT_ALLOWED", "PATTERN", "DUPLICATE_KEY"}
_ABOUT = {
    "option_expiries": "One row per underlying, root and expiry of the night",
    "option_underlyings": "One row per option chain of the night",
}


def night_suites() -> tuple[Suite, ...]:
    """Return every suite of a night, in the order in which they run."""
    return (
        suites.curve_suite(), suites.listed_yields_suite(),
        suites.macro_listed_suite(), suites.macro_values_suite(), suites.facts_suite(),
        suites.daily_actions_suite(), suites.vx_settlements_suite(),
        suites.cross_check_suite(), suites.daily_bars_suite(),
        suites.option_quotes_suite(), suites.expiry_suite(), suites.underlying_suite(),
        suites.drift_suite(),
        *(suites.out_suite(table) for table in OUT_TABLES),
    )  # fmt: skip


def rule_words() -> dict[tuple[str, str, str], RuleWords]:
    """Return every rule in words, by dataset, name and columns as in ``meta_validations``."""
    return {
        (suite.dataset, rule.name, rule.column): RuleWords(rule.text, rule.why, rule.name in _DECLARED)
        for suite in night_suites()
        for rule in suite.rules
    }


def suites_hash() -> str:
    """Return a hash that changes with any rule or bound; what a named law computes is the code's version."""
    return hashlib.sha256(repr((night_suites(), PACKS)).encode()).hexdigest()[:16]


def rulebook() -> str:
    """Return all suites as Markdown, one table each; what follows from a column's declaration comes last.

    Returns
    -------
    str
    """
    found = night_suites()
    total = f"{len(found)} suites, {sum(len(suite.rules) for suite in found)} rules.\n"
    return "\n".join([_HEAD, total, *map(_section, found), *_bounds()])


def _bounds() -> Iterator[str]:
    """Yield the bounds of the packs, one column for the classes that share one."""
    classes: dict[Pack, list[str]] = {}
    for name, pack in PACKS.items():
        classes.setdefault(pack, []).append(name)
    yield "## Bounds per asset class\n"
    yield f"The rules are the same for every chain; these bounds differ. A class not named has those of {DEFAULT}.\n"
    yield f"| bound | {' | '.join(', '.join(names) for names in classes.values())} |"
    yield f"|---|{'---|' * len(classes)}"
    for bound in fields(Pack):
        yield f"| `{bound.name}` | {' | '.join(f'{getattr(pack, bound.name):g}' for pack in classes)} |"
    yield ""


def _section(suite: Suite) -> str:
    about = _ABOUT.get(suite.dataset) or TABLES[suite.dataset].description
    head = f"## `{suite.dataset}`\n\n{about}. {len(suite.rules)} rules.\n"
    ranked = sorted(suite.rules, key=lambda rule: rule.name in _DECLARED)
    return "\n".join([head, "| rule | in words | takes out | why |", "|---|---|---|---|", *map(_line, ranked), ""])


def _line(rule: Rule) -> str:
    cells = (f"`{rule.name}`", rule.text, SEVERITY_TAKES[rule.severity], rule.why)
    return f"| {' | '.join(cell.replace('|', chr(92) + '|') for cell in cells)} |"
