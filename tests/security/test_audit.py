"""The dependency audit of CI: what fails it, and that an audit which did not happen is never taken for a clean one."""

import json
import os
import runpy
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
CLEAN = {"name": "requests", "version": "2.33.0", "vulns": []}
SKIPPED = {"name": "typer", "skip_reason": "Dependency not found on PyPI and could not be audited: typer (0.29.2)"}
BROKEN = {"name": "jinja2", "version": "2.4.1", "vulns": [
    {"id": "PYSEC-2014-8", "fix_versions": ["2.7.2"], "aliases": ["CVE-2014-1402"], "description": ""}]}  # fmt: skip


@pytest.mark.parametrize(("packages", "code", "words"), [
    ([CLEAN], 0, "1 packages audited, 0 known vulnerabilities"),
    ([CLEAN, BROKEN], 1, "jinja2 2.4.1: PYSEC-2014-8, fixed in 2.7.2"),
    ([SKIPPED, BROKEN], 1, "NOT AUDITED: typer"),
    ([SKIPPED, CLEAN], 0, "NOT AUDITED: typer"),
    ([SKIPPED, SKIPPED], 0, "NOT AUDITED: no advisory service answered"),
])  # fmt: skip
def test_what_an_audit_says(packages: list, code: int, words: str) -> None:
    judge = runpy.run_path(str(ROOT / ".ci" / "audit.py"))["judge"]
    found, lines = judge(json.loads(json.dumps({"dependencies": packages, "fixes": []})))
    assert found == code
    assert words in "\n".join(lines)


def test_without_a_network_it_is_loud_and_does_not_fail() -> None:
    nowhere = dict.fromkeys(("HTTP_PROXY", "HTTPS_PROXY", "http_proxy", "https_proxy"), "http://127.0.0.1:9")
    done = subprocess.run([sys.executable, ".ci/audit.py"], cwd=ROOT, env=os.environ | nowhere, capture_output=True,
                          text=True, check=False, timeout=300)  # fmt: skip
    assert done.returncode == 0
    assert "NOT AUDITED: no advisory service answered" in done.stdout
