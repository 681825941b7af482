"""The glossary is held to the article, the registry and the tests: every term has an answer, or the reason why not."""

import ast
import re
from pathlib import Path

import pytest

from alvh_core.schemas import TABLES

ROOT = Path(__file__).parents[2]
ARTICLE = ROOT.parent / "shared" / "article"
HEADING = ["the article says", "reading", "where the answer is", "formula and default", "test"]
TERMS = (
    "ALVH", "4/4/2", "Time Value", "Break-Even Point", "MEV", "HFT", "WACC", "IRR", "NDX", "RUT", "XLK", "XLF", "VXX",
    "UVXY", "slippage", "RSI", "A/D Line", "REIT", "volatility beta", "Interest Rate Differential", "MACD", "Liquidity",
    "Conversion", "Reversal", "single-stock options", "emerging market ETFs", "fill quality", "filter rule", "P/CF",
    "Second Engine", "DeFi", "Real Effective Exchange Rate", "PPI", "False Binary", "FOMC", "CPI", "GDP", "Big Top",
    "Time-Shifting", "CAPM", "Market Cap", "P/E", "DDM", "DRIP", "Quick Ratio", "entry triggers", "position sizing",
    "exit protocols", "Steward vs. Promoter", "DAO", "spreads",
)  # fmt: skip
ROWS = [
    [cell.strip() for cell in line.strip("| ").split(" | ")]
    for line in (ROOT / "docs" / "glossary.md").read_text().splitlines()
    if line.startswith("| ")
]
ANSWERS = ROWS[1:]


def test_the_table_has_its_five_columns() -> None:
    assert ROWS[0] == HEADING
    assert [row for row in ANSWERS if len(row) != len(HEADING)] == []


@pytest.mark.parametrize("term", TERMS)
def test_every_term_of_the_article_has_a_row(term: str) -> None:
    assert any(term.lower() in row[0].lower() for row in ANSWERS)


def test_the_terms_are_the_articles() -> None:
    if not ARTICLE.is_dir():
        pytest.skip("the article is not beside the project: ../shared/article")
    text = "".join(path.read_text() for path in sorted(ARTICLE.glob("*.txt")))
    assert [term for term in TERMS if term.lower() not in text.lower()] == []
    told = " ".join(row[0] for row in ANSWERS).lower()
    explained = set(re.findall(r"\(([A-Z]{2,5}|[A-Z]/[A-Z]{1,2}(?= Line|\)| Ratio))", text))
    assert {short for short in explained if short.lower() not in told} == set()


def test_every_answer_names_tables_and_columns_that_exist_or_says_why_there_is_none() -> None:
    columns = {name: {column.name for column in table.columns} for name, table in TABLES.items()}
    for term, _, where, *_ in ANSWERS:
        named = re.findall(r"`([a-z0-9_]+)\.([a-z0-9_]+)`", where)
        assert named or where.startswith("none: "), f"{term}: expected `table.column` or none: why, found {where!r}"
        assert [f"{t}.{c}" for t, c in named if c not in columns.get(t, ())] == [], term


def test_every_test_that_is_named_exists() -> None:
    for term, _, where, _, test in ANSWERS:
        named = re.findall(r"`(tests/[\w/]+\.py)::(\w+)`", test)
        assert named or where.startswith("none: "), f"{term}: expected a test, found {test!r}"
        for path, function in named:
            tree = ast.parse((ROOT / path).read_text())
            assert function in {n.name for n in ast.walk(tree) if isinstance(n, ast.FunctionDef)}, f"{path}::{function}"
