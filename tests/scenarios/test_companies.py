"""Scenario 30: what companies report to the SEC, up to the ratios of the night."""

import json
from datetime import date

import pandas as pd
import pytest
from prefect.logging import disable_run_logger
from werkzeug import Response

from alvh_core.schemas import DAILY_RATIOS, FACTS
from tasks.fundamentals import fundamentals, ratios
from tasks.price import price
from tasks.sources.source import BARS, FUNDAMENTALS

DAY, CONTACT = date(2026, 8, 21), "Example Desk desk@example.com"
KO, JNJ = 21344, 200406
# start, end, value, filed: no fourth quarter anywhere, and the half of 2025 stands in two filings
EARNED = [("2025-01-01", "2025-03-31", 1.00, "2025-05-06"), ("2025-01-01", "2025-06-30", 2.00, "2025-08-05"),
          ("2025-01-01", "2025-09-30", 3.05, "2025-11-04"), ("2025-01-01", "2025-12-31", 4.10, "2026-02-20"),
          ("2026-01-01", "2026-03-31", 1.12, "2026-05-05"), ("2025-01-01", "2025-06-30", 2.00, "2026-08-04"),
          ("2026-01-01", "2026-06-30", 2.31, "2026-08-04")]  # fmt: skip


def company(cik, counted_on):
    def facts(rows):
        return [{"end": end, "val": value, "filed": filed, "form": "10-Q", "fy": 2026, "fp": "Q2", "accn": "x"}
                | ({"start": start} if start else {}) for start, end, value, filed in rows]  # fmt: skip

    shares = facts([(None, counted_on, 402_000_000, "2026-08-04")])
    return json.dumps({"cik": cik, "entityName": "EXAMPLE", "facts": {
        "dei": {"EntityCommonStockSharesOutstanding": {"units": {"shares": shares}}},
        "us-gaap": {"EarningsPerShareDiluted": {"units": {"USD/shares": facts(EARNED)}}},
    }})  # fmt: skip


def test_30_sec_wants_a_contact_and_says_things_twice_too_little_and_too_late(road, httpserver):
    def guard(body):
        return lambda request: Response(body) if "@" in request.headers["User-Agent"] else Response(
            "<html>Your Request Originates from an Undeclared Automated Tool</html>", 403)  # fmt: skip

    bar = {"date": str(DAY), "open": 88.0, "high": 89.0, "low": 87.0, "close": 88.2, "volume": 1}
    for symbol, cik, counted_on in (("KO", KO, "2026-07-31"), ("JNJ", JNJ, "2010-06-30")):
        path = f"/api/xbrl/companyfacts/CIK{cik:010d}.json"
        httpserver.expect_request(path).respond_with_handler(guard(company(cik, counted_on)))
        httpserver.expect_request(f"/delayed_quotes/charts/historical/{symbol}.json").respond_with_json({"data": [bar]})
    nameless = road("sec", day=DAY)
    lost = nameless.land(FUNDAMENTALS, "KO")
    assert "answered 403" in lost.reason
    assert "set ALVH_USER_AGENT to a contact" in lost.reason
    assert nameless.tries == 1, "asking again prolongs the block"

    mine = road("sec", "cboe", day=DAY, user_agent=CONTACT, home="named")
    landings = [mine.land(FUNDAMENTALS, symbol) for symbol in ("KO", "JNJ")]
    with disable_run_logger():
        fundamentals.fn(mine.night, landings)
    mine.take((BARS, "KO"), (BARS, "JNJ")).run(price, ratios)
    facts = mine.table(FACTS)
    half = facts[(facts["symbol"] == "KO") & (facts["period_end_date"] == pd.Timestamp("2025-06-30"))]
    assert half["known_from_date"].astype(str).tolist() == ["2025-08-06"], "said twice, known once"
    found = mine.table(DAILY_RATIOS).set_index("symbol")
    assert found.loc["KO", "eps_ttm_usd"] == pytest.approx(2.31 + 4.10 - 2.00), "the year less its first half"
    assert found.loc["KO", "pe_ratio"] == pytest.approx(88.2 / 4.41)
    assert found.loc["KO", "market_cap_usd"] == pytest.approx(88.2 * 402e6)
    assert found.loc["JNJ", "shares_status"] == "STALE", "a count that froze in 2010 is none"
    assert pd.isna(found.loc["JNJ", "market_cap_usd"])
    assert found.loc["JNJ", "pe_status"] == "OK", "which costs nothing else"
