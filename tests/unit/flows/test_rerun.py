"""A night judged again: by --force under a corrected rule, from what has landed; and for Great Expectations' pages."""

from dataclasses import replace
from datetime import date

import pytest
from prefect.logging import disable_run_logger

from alvh_core.errors import AlvhError
from alvh_core.landing import Landing
from alvh_core.schemas import OUT_TABLES
from expectations import gate, rules, suites
from flows import nightly, wiring
from flows.data_docs import data_docs
from tasks.book import book
from tasks.context import context
from tasks.costs import costs
from tasks.cross_check import cross_check
from tasks.curve import curve
from tasks.drift import drift
from tasks.fundamentals import fundamentals, ratios
from tasks.gather import gather
from tasks.judge import judge
from tasks.land import land, outcome
from tasks.macro import macro, remember
from tasks.markets import breadth, markets
from tasks.night import no_client
from tasks.normalise import normalise
from tasks.open_night import open_night
from tasks.price import price
from tasks.publish import publish
from tasks.score import score
from tasks.settings import Settings
from tasks.signals import signal
from tasks.tightness import tightness
from tasks.validate import validate

DAY = date(2026, 11, 18)


def run(night) -> None:
    """Take a night through its stages, forced, as the flow does but without a server."""
    with disable_run_logger(), open_night(night, force=True):
        landings = [landed(night, request) for request in night.requests]
        for stage in (curve, macro, markets, cross_check, fundamentals, normalise):
            stage.fn(night, landings)
        counts = validate.fn(night)
        for stage in (price, score):
            stage.fn(night)
        counts = gather.fn(night, [counts])
        ratios.fn(night)
        remember.fn(night)
        context.fn(night)
        based_on_no = signal.fn(night)
        for stage in (book, tightness, costs, breadth, judge, drift):
            stage.fn(night)
        publish.fn(night, counts, based_on_no)


def landed(night, request) -> Landing:
    """Land a payload; one that nobody has, or may be asked for, is missing."""
    try:
        return land.fn(night, request)
    except AlvhError as error:
        return outcome(request, error)


@pytest.fixture
def settings(tmp_path):
    universe = tmp_path / "tiny.toml"
    universe.write_text('include = ["VIX", "SPX", "KO"]')
    return Settings(home=tmp_path / "home", universe_file=universe)


@pytest.fixture
def make_night(settings):
    return lambda: wiring.build_night(settings, DAY, "simulated", "run")


def with_wrong_rule(monkeypatch):
    """Let the suite refuse every strike below 25: a filter made for equities, which deletes the hedge legs."""
    right = suites.option_quotes_suite

    def wrong(**options):
        suite = right(**options)
        return replace(suite, rules=(*suite.rules, rules.between("strike_usd", 25, None, name="WRONG")))

    for module in (gate, suites):
        monkeypatch.setattr(module, "option_quotes_suite", wrong)


def test_a_corrected_rule_gives_a_night_its_rows_back_without_a_fetch(make_night, monkeypatch):
    with monkeypatch.context() as patch:
        with_wrong_rule(patch)
        wrong = make_night()
        run(wrong)
        before = wrong.warehouse.ledger("simulated", DAY)
        refused, had = (wrong.warehouse.night("simulated", DAY)[name] for name in ("meta_quarantine", "meta_payloads"))
    assert refused["rule_name"].eq("WRONG").any() or refused["rule_name"].eq("TOO_MANY_REJECTS").any()
    right = replace(make_night(), make_client=no_client)  # fetching anything would raise
    run(right)
    after = right.warehouse.ledger("simulated", DAY)
    kept, has = (right.warehouse.night("simulated", DAY)[name] for name in ("meta_quarantine", "meta_payloads"))
    assert has["payload_outcome"].tolist() == had["payload_outcome"].tolist(), "whatever had landed was there"
    assert wrong.rules_hash == before["rules_hash"] != after["rules_hash"] == right.rules_hash
    assert not kept["rule_name"].isin(["WRONG", "TOO_MANY_REJECTS"]).any()
    assert before["rows_in_count"] == after["rows_in_count"]
    assert before["rows_published_count"] < after["rows_published_count"] > 0.99 * after["rows_in_count"]
    assert before["answers_sha256"] != after["answers_sha256"]


def test_publishing_anew_removes_the_old_pages_even_if_no_page_is_made(make_night, monkeypatch):
    night, seen = make_night(), []
    pages = (night.report_path, night.quality_path)
    for page in pages:
        page.parent.mkdir(parents=True, exist_ok=True)
        page.write_text("of the publication before")
    for name in ("remember", "context", "signal", "book", "tightness", "costs", "breadth", "judge", "drift"):
        monkeypatch.setattr(nightly, name, lambda _: None)
    monkeypatch.setattr(nightly, "publish", lambda *_: seen.append([page.is_file() for page in pages]))
    nightly.conclude(night, {}, has_page=False)
    assert seen == [[False, False]], "gone before, so that a run killed in between leaves no stale page"


def test_great_expectations_pages_of_a_published_night(make_night, settings):
    run(make_night())
    index = data_docs(settings, DAY, "simulated")
    pages = {
        page.parent.parent.parent.name: page.read_text() for page in (index.parent / "validations").rglob("*.html")
    }
    assert index.is_file()
    assert len(pages) == 3 + len(OUT_TABLES)
    assert "CROSSED: ask_usd" in pages["core_options__daily_quotes"]
