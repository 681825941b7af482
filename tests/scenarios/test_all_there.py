"""Each of the 34 ways in which a publisher may fail has a test of its number; what they are, docs/sources.md says."""

import re
from pathlib import Path


def test_every_scenario_has_its_test():
    here = Path(__file__).parent
    tests = "".join(path.read_text(encoding="utf-8") for path in here.glob("test_*.py"))
    assert {int(number) for number in re.findall(r"^def test_(\d\d)_", tests, re.MULTILINE)} == set(range(1, 35))
