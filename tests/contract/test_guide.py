"""docs/sources.md tells how to add a provider: what it prints is put in, and gets every contract test."""

import os
import re
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).parents[2]
PLUGIN = """
from dataclasses import replace
from pathlib import Path
import example_exchange
from tasks.sources import catalogue

[source] = example_exchange.SOURCES
source = replace(source, sample=str(Path(__file__).with_name(source.sample)))
example_exchange.SOURCES = (source,)
catalogue.PROVIDERS += (example_exchange,)
catalogue.SOURCES[source.name] = source
"""


def test_the_provider_of_the_guide_gets_the_contract_tests_and_passes(tmp_path):
    guide = (ROOT / "docs" / "sources.md").read_text("utf-8")
    [code] = re.findall(r"```python\n(.*?)```", guide, re.DOTALL)
    [sample] = re.findall(r"```csv\n(.*?)```", guide, re.DOTALL)
    (tmp_path / "example_exchange.py").write_text(code)
    (tmp_path / "example_bars.csv").write_text(sample)
    (tmp_path / "putting_it_in.py").write_text(PLUGIN)
    run = subprocess.run(
        [sys.executable, "-m", "pytest", "-q", "-p", "putting_it_in", "-p", "no:cacheprovider",
         "tests/contract/test_sources.py", "-k", "example_bars or forgotten"],
        cwd=ROOT, env=os.environ | {"PYTHONPATH": f"{tmp_path}{os.pathsep}{ROOT}"}, capture_output=True, text=True,
        timeout=240, check=False,
    )  # fmt: skip
    assert run.returncode == 0, run.stdout + run.stderr
    assert int(re.search(r"(\d+) passed", run.stdout)[1]) > 20
