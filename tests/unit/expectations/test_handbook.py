"""All suites in one place: complete, in words, and a hash that notices a change."""

from dataclasses import replace

from alvh_core.schemas import OUT_TABLES
from expectations import handbook, packs, rules


def test_every_suite_function_is_in_the_handbook():
    """A suite that nobody lists would be missing from the documents and from the hash."""
    from expectations import suites

    named = {name for name in vars(suites) if name.endswith("_suite") and not name.startswith("_")}
    assert len(handbook.night_suites()) == len(named) - 1 + len(OUT_TABLES)  # out_suite makes one per table


def test_every_rule_has_words():
    words = handbook.rule_words()
    assert len(words) == sum(len(suite.rules) for suite in handbook.night_suites())
    assert all(rule.text and rule.why for rule in words.values())


def test_the_hash_follows_the_rules(monkeypatch):
    before, found = handbook.suites_hash(), handbook.night_suites()
    assert handbook.suites_hash() == before
    tighter = replace(found[0], rules=(*found[0].rules, rules.between("par_yield_frac", 0, 0.2, name="TIGHT")))
    monkeypatch.setattr(handbook, "night_suites", lambda: (tighter, *found[1:]))
    assert handbook.suites_hash() != before


def test_the_rulebook_tells_a_suites_own_rules_first(monkeypatch):
    suite = rules.Suite(dataset="core_rates__daily_curve", rules=(
        rules.not_null("a", why="must"), rules.between("a", 0, 1, "night", name="OWN", why="so"),
        rules.matches("c", "^x|y$", why="it is"),
    ))  # fmt: skip
    monkeypatch.setattr(handbook, "night_suites", lambda: (suite,))
    text = handbook.rulebook()
    assert [line for line in text.partition("## Bounds")[0].splitlines() if line.startswith("| `")] == [
        "| `OWN` | a >= 0 and a <= 1 | the night | so |",
        "| `NOT_NULL` | a is present | the row | must |",
        r"| `PATTERN` | c matches ^x\|y$ | the row | it is |",
    ]
    assert "1 suites, 3 rules." in text


def test_the_rulebook_has_the_bounds_of_every_class():
    bounds = handbook.rulebook().partition("## Bounds")[2]
    assert all(name in bounds for name in packs.PACKS)
    assert f"| `vol_low` | {packs.PACKS['vix_index'].vol_low:g} |" in bounds
