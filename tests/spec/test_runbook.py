"""The runbook: every rule has its heading, and every question it tells a desk to ask is answered on both engines."""

import re
from datetime import date
from pathlib import Path

import pytest

from alvh_core.alerting.rules import ALERT_RULES
from alvh_core.schemas import TABLES
from tasks.warehouse.repository import NightKey, query_warehouse

DOCS = Path(__file__).parents[2] / "docs"
TONIGHT = NightKey(trade_date=date(2026, 7, 16), universe="default", source_mode="simulated")
RUNBOOK = (DOCS / "runbook.md").read_text()
CLAIM = {"run_id": "run-1", "code_version": "0.1", "rules_hash": "abc", "source": "live"}
COUNTS = {"rows_in_count": 10, "rows_published_count": 9, "rows_quarantined_count": 1}


def questions(options: str = r"(?: --format \w+)?") -> list[str]:
    pages = [*sorted(DOCS.glob("*.md")), DOCS.parent / "README.md"]
    found = [sql for page in pages for sql in re.findall(rf'alvh query{options} "([^"]+)"', page.read_text())]
    return [sql for sql in found if sql != "..."]


def test_every_alert_has_its_place() -> None:
    alerts = RUNBOOK.split("\n## Alerts\n")[1].split("\n## Events\n")[0]
    assert re.findall(r"^### (\w+)$", alerts, re.MULTILINE) == list(ALERT_RULES)
    for section in alerts.split("\n### ")[1:]:
        assert "*Do*" in section, section
        assert "*Good*" in section, section


def test_every_section_that_is_named_is_there() -> None:
    headings = set(re.findall(r"^###? (.+)$", RUNBOOK + (DOCS / "postgresql.md").read_text(), re.MULTILINE))
    named = {"Server down", "Worker down", "Late data", "Lake damaged", "Database restored from a backup",
             "Who holds a night"}  # fmt: skip
    assert named <= headings


def test_every_command_exists() -> None:
    from flows.alerts import app as alerts
    from flows.cli import app

    commands = {command.name or command.callback.__name__ for command in app.registered_commands} | {"alert"}
    assert set(re.findall(r"(?:`|^)alvh ([a-z]+)", RUNBOOK, re.MULTILINE)) <= commands
    below = {command.name or command.callback.__name__ for command in alerts.registered_commands}
    assert set(re.findall(r"alvh alert ([a-z]+)", RUNBOOK)) <= below


@pytest.mark.parametrize("sql", questions(r"(?: --format \w+| --lake)?"))
def test_a_question_says_which_nights_modes_and_profiles_it_means(sql: str) -> None:
    for name in {word for word in re.findall(r"\w+", sql) if word in TABLES}:
        meant = {"trade_date", "source_mode", "profile"} & set(TABLES[name].names)
        assert "select *" in sql or meant <= set(re.findall(r"\w+", sql)), "its answer would mix them"


def test_the_quarantine_is_told_by_rule() -> None:
    (sql,) = [sql for sql in questions() if "meta_quarantine" in sql and "sum(rows_count)" in sql]
    assert "group by dataset, rule_name, severity" in sql, "a reason joins all the rules that a row broke"


@pytest.mark.parametrize("sql", questions())
def test_a_question_is_answered(sql: str, url: str, warehouse, night) -> None:
    warehouse.claim(TONIGHT, **CLAIM)
    warehouse.publish(TONIGHT, night(TONIGHT), run_id="run-1", outcome="OK", reason=None, counts=COUNTS)
    assert len(query_warehouse(url, sql).columns) > 0
