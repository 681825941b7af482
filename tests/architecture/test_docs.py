"""The documents are held to the code: what exists is documented, what is documented exists."""

import re
from pathlib import Path

import pytest

from alvh_core.dictionary import data_dictionary
from alvh_core.schemas import TABLES
from alvh_core.universe import DEFAULT_UNIVERSE
from expectations.handbook import rulebook
from tasks.settings import Settings

ROOT = Path(__file__).parents[2]
DOCS = {path.name: path.read_text() for path in (ROOT / "docs").glob("*.md")}
TOP_LEVEL = {
    "pyproject.toml", "flows", "tasks", "alvh_core", "expectations", "tests", "deploy", "README.md", "CHANGELOG.md",
    "Makefile", "requirements.lock", "docs", ".ci", ".gitignore",
}  # fmt: skip


def test_the_data_dictionary_is_what_the_registry_says() -> None:
    assert DOCS["data_dictionary.md"] == data_dictionary(), "run `make docs`"


def test_the_rules_are_what_the_suites_say() -> None:
    assert DOCS["rules.md"] == rulebook(), "run `make docs`"


@pytest.mark.parametrize("name", sorted(TABLES))
def test_every_column_is_in_the_dictionary(name: str) -> None:
    section = DOCS["data_dictionary.md"].split(f"## `{name}`")[1].split("\n## ")[0]
    assert [c.name for c in TABLES[name].columns] == re.findall(r"^\| (?:\*\*)?`(\w+)`", section, re.MULTILINE)


def test_every_setting_is_in_the_quick_start() -> None:
    documented = set(re.findall(r"^\| `(ALVH_\w+)`", DOCS["quickstart.md"], re.MULTILINE))
    assert documented == {f"ALVH_{name.upper()}" for name in Settings.model_fields}


def test_every_command_is_in_the_readme() -> None:
    from flows.cli import app

    commands = {command.name or command.callback.__name__ for command in app.registered_commands}
    assert commands == {"nightly", "report", "query", "doctor", "serve", "backfill", "reconcile", "watch", "migrate",
                        "import", "quarantine"}  # fmt: skip
    readme = (ROOT / "README.md").read_text()
    assert {name for name in commands if f"alvh {name}" in readme} == commands


def test_every_stage_is_on_the_one_page() -> None:
    stages = {path.name for path in (ROOT / "tasks").glob("*.py")} - {"__init__.py", "night.py", "settings.py"}
    assert {stage for stage in stages if f"`tasks/{stage}`" in DOCS["nightly.md"]} == stages


def test_links_of_the_documents_lead_somewhere() -> None:
    for path in [ROOT / "README.md", *(ROOT / "docs").rglob("*.md"), *(ROOT / "deploy").glob("*.md")]:
        for target in re.findall(r"\]\((?!https?:)([^)#]+)", path.read_text()):
            assert (path.parent / target).exists(), f"{path.name} links to {target}"


def test_the_readme_counts_the_universe() -> None:
    assert f"Universe of {len(DEFAULT_UNIVERSE)} symbols" in (ROOT / "CHANGELOG.md").read_text()


def test_the_top_level_is_what_it_should_be() -> None:
    import subprocess

    listed = subprocess.run(["git", "ls-files"], cwd=ROOT, capture_output=True, text=True, check=False)
    if listed.returncode:
        pytest.skip("not a git checkout")
    assert {line.split("/")[0] for line in listed.stdout.splitlines()} == TOP_LEVEL
