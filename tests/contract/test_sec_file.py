"""Company facts as the SEC publishes them, traps included, and what is refused."""

import json
from pathlib import Path

import pandas as pd
import pytest

from alvh_core.errors import RetriableError, SkippableError
from tasks.sources import sec

SAMPLE = json.loads((Path(__file__).with_name("samples") / "sec_companyfacts.json").read_text())
URL = "https://data.sec.gov/api/xbrl/companyfacts/CIK0000021344.json"
EPS = "EarningsPerShareDiluted"


def body(change=None):
    document = json.loads(json.dumps(SAMPLE))
    if change:
        change(document)
    return json.dumps(document).encode()


def first(document):
    return document["facts"]["us-gaap"][EPS]["units"]["USD/shares"][0]


def test_facts_are_told_by_their_period_and_filing_not_by_the_filings_own_year():
    found = sec.parse_facts(body(), "KO", URL)
    eps = found[found["fact_tag"] == EPS]
    assert len(eps) == 7
    quarter = eps[eps["end_date"] == "2025-03-31"].iloc[0]
    assert quarter["start_date"] == pd.Timestamp("2025-01-01"), "its fy and fp are those of the report of 2026"
    assert quarter["filed_date"] == pd.Timestamp("2026-05-05")
    assert found["fact_tag"].isin(["EntityPublicFloat", "Assets"]).sum() == 0
    assert found[found["fact_tag"] == "EntityCommonStockSharesOutstanding"]["start_date"].isna().all(), "a balance"
    assert found["row_position"].tolist() == list(range(len(found)))


def test_other_units_are_left_alone_and_so_are_companies_without_facts():
    def in_pesos(document):
        units = document["facts"]["us-gaap"][EPS]["units"]
        units["MXN/shares"] = units.pop("USD/shares")

    assert EPS not in set(sec.parse_facts(body(in_pesos), "KO", URL)["fact_tag"])
    fund = sec.parse_facts(body(lambda document: document.update(facts={"dei": {}})), "KO", URL)
    assert fund.empty
    assert {"symbol", "fact_tag", "start_date", "filed_date"} <= set(fund)


@pytest.mark.parametrize(("change", "told"), [
    (lambda d: d.update(cik=320193), "facts of company 320193, not of the one asked for"),
    (lambda d: d.pop("cik"), "KeyError 'cik'"), (lambda d: d.update(facts=[]), "AttributeError"),
    (lambda d: first(d).update(val="4.10"), "val '4.10'"), (lambda d: first(d).update(val=None), "val 'None'"),
    (lambda d: first(d).update(val=True), "val 'True'"), (lambda d: first(d).update(val=float("inf")), "finite"),
    (lambda d: first(d).update(val=float("nan")), "finite"), (lambda d: first(d).update(end="2025-02-30"), "Value"),
    (lambda d: first(d).update(filed="soon"), "ValueError"), (lambda d: first(d).update(start=20250101), "ValueError"),
    (lambda d: first(d).pop("filed"), "KeyError 'filed'"), (lambda d: first(d).update(val=10**400), "OverflowError"),
    (lambda d: d["facts"]["us-gaap"].update({EPS: None}), "TypeError"),
])  # fmt: skip
def test_what_cannot_be_read_is_one_companys_loss(change, told):
    with pytest.raises(SkippableError, match=f"KO: {URL}: .*{told}"):
        sec.parse_facts(body(change), "KO", URL)


def test_more_facts_than_any_company_has_are_refused(monkeypatch):
    monkeypatch.setattr(sec, "MAX_FACTS", 5)
    with pytest.raises(SkippableError, match="more than 5 facts"):
        sec.parse_facts(body(), "KO", URL)


def test_a_file_cut_short_is_worth_another_try():
    with pytest.raises(RetriableError, match="cut short"):
        sec.parse_facts(body()[:-30], "KO", URL)
