"""Each of the 34 ways in which a publisher may fail has a test of its number; what they are, docs/sources.md says."""

import re
from pathlib import Path


def test_every_scenario_has_its_test():
    here = Path(__file__).parent
    texts = [path.read_text(encoding="utf-8") for path in here.glob("test_*.py")]
    numbers = {int(number) for text in texts for number in re.findall(r"^def test_(\d\d)_", text, re.MULTILINE)}
    assert numbers == set(range(1, 35))
