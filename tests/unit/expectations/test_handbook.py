"""All suites in one place: complete, in words, and a hash that notices a change."""

from dataclasses import replace

from alvh_core.schemas import OUT_TABLES
from expectations import handbook, rules


def test_every_suite_function_is_in_the_handbook():
    """A suite that nobody lists would be missing from the documents and from the hash."""
    from expectations import suites

    named = {name for name in vars(suites) if name.endswith("_suite") and not name.startswith("_")}
    assert len(handbook.night_suites()) == len(named) - 1 + len(OUT_TABLES)  # out_suite makes one per table


def test_every_rule_has_words():
    words = handbook.rule_words()
    assert len(words) == sum(len(suite.rules) for suite in handbook.night_suites())
    assert all(rule.text for rule in words.values())


def test_the_hash_follows_the_rules(monkeypatch):
    before, found = handbook.suites_hash(), handbook.night_suites()
    assert handbook.suites_hash() == before
    tighter = replace(found[0], rules=(*found[0].rules, rules.between("par_yield_frac", 0, 0.2, name="TIGHT")))
    monkeypatch.setattr(handbook, "night_suites", lambda: (tighter, *found[1:]))
    assert handbook.suites_hash() != before


def test_rules_of_a_name_share_a_line(monkeypatch):
    suite = rules.Suite(dataset="core_rates__daily_curve", rules=(
        rules.not_null("a"), rules.not_null("b"), rules.between("a", 0, 1), rules.between("b", 0, None),
        rules.matches("c", "^x|y$", "night"),
    ))  # fmt: skip
    monkeypatch.setattr(handbook, "night_suites", lambda: (suite,))
    lines = [line for line in handbook.rulebook().splitlines() if line.startswith("| `")]
    assert lines == [
        "| `NOT_NULL` | a, b are present | the row |  |",
        "| `OUT_OF_RANGE` | a >= 0 and a <= 1<br>b >= 0 | the row |  |",
        r"| `PATTERN` | c matches ^x\|y$ | the night |  |",
    ]
