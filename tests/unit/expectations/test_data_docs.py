"""Great Expectations' own pages: built on request only, from our rules, with our words."""

import subprocess
import sys

import pandas as pd

from expectations import rules
from expectations.data_docs import build_data_docs
from expectations.rules import Suite


def test_the_pages_tell_every_rule_and_what_broke_it(tmp_path):
    suite = Suite(dataset="quotes", rules=(
        rules.law("CROSSED", "ask_not_below_bid", ("ask_usd", "bid_usd"), "ask_usd >= bid_usd", why="Two moments."),
        rules.between("bid_usd", 0, None),
    ))  # fmt: skip
    frame = pd.DataFrame({"ask_usd": [1.0, 2.0], "bid_usd": [1.5, 1.0], "other": ["x", "y"]}, index=[7, 7])
    (tmp_path / "docs").mkdir()
    (tmp_path / "docs" / "old.html").write_text("of an earlier build")
    index = build_data_docs(tmp_path / "docs", [(frame, suite)], "2026-07-16-live")
    assert index.is_file()
    assert not (tmp_path / "docs" / "old.html").exists()
    (page,) = (tmp_path / "docs" / "validations").rglob("*.html")
    text = page.read_text()
    for words in ("CROSSED: ask_usd &gt;= bid_usd (row)", "OUT_OF_RANGE: bid_usd &gt;= 0 (row)"):
        assert words in text or words.replace("&gt;", ">") in text
    assert "2026-07-16-live" in page.name
    assert "cdnjs.cloudflare.com" in text, "why they are no part of a night: they load from the web"


def test_a_night_never_builds_them():
    script = "import flows.nightly, sys; print('expectations.data_docs' in sys.modules)"
    done = subprocess.run([sys.executable, "-W", "ignore", "-c", script], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "False"
