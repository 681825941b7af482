"""What the gate writes down of a refusal: rule, whose row, what the rule saw, and never fewer rows than came in."""

from datetime import date, datetime

import numpy as np
import pandas as pd
import pytest

from alvh_core.forwards import expiry_forwards
from alvh_core.frames import conform
from alvh_core.schemas import DAILY_BARS
from expectations.gate import validate_option_quotes, validate_rows
from expectations.suites import daily_bars_suite

QUOTE_AT = datetime.fromisoformat("2026-07-16 15:50")
AUG, SEP, OFF_RULE = date(2026, 8, 19), date(2026, 9, 16), date(2026, 8, 20)


@pytest.fixture(scope="module")
def judged(chains):
    """VIX with a crossed quote in August and an expiry on a day of no VIX settlement."""
    raw = chains.wire("VIX", [("VIX", AUG, 21.0, 0.9), ("VIX", OFF_RULE, 21.0, 0.9), ("VIX", SEP, 22.0, 0.8)],
                      np.arange(15.0, 36.0), quote_at=QUOTE_AT)  # fmt: skip
    raw = raw.assign(bid=np.floor(raw["bid"] * 10) / 10, ask=np.ceil(raw["ask"] * 10) / 10)  # a grid, as markets have
    quotes = chains.normalise(raw, chains.snapshots({"VIX": 20.0}, QUOTE_AT))[0]
    at = quotes.index[quotes["osi_symbol"] == "VIX   260819C00021000"]
    quotes.loc[at, ["bid_usd", "ask_usd"]] = [2.7, 2.5]
    forwards = expiry_forwards(quotes, chains.curve(QUOTE_AT.date()))
    return quotes, validate_option_quotes(quotes, forwards, chains.universe, chains.calendar)


def test_a_row_says_which_rule_and_what_it_saw(judged):
    entry = judged[1].entries.query("row_key == 'VIX   260819C00021000'").iloc[0]
    assert (entry["severity"], entry["rule_name"], entry["symbol"]) == ("row", "CROSSED", "VIX")
    assert "ask_usd=2.5, bid_usd=2.7" in entry["observed"]
    assert "CROSSED: ask_usd >= bid_usd" in entry["reason"]


def test_a_suspended_expiry_says_which_fact_broke(judged):
    entry = judged[1].entries.query("severity == 'expiry'").iloc[0]
    assert (entry["row_key"], entry["rule_name"], entry["symbol"]) == ("VIX VIX 2026-08-20", "EXPIRY_DATE", "VIX")
    assert entry["observed"] == "calendar_status=NOT_THE_RULE_DATE"
    contracts = judged[1].rejected.query("severity == 'expiry'")
    assert len(contracts) == entry["rows_count"] == 42
    assert contracts["observed"].eq(entry["observed"]).all()


def test_no_row_is_lost_or_counted_twice(judged):
    quotes, gated = judged
    assert len(gated.clean) + len(gated.rejected) == len(quotes)
    assert gated.entries["rows_count"].sum() == len(gated.rejected)
    assert set(gated.clean["osi_symbol"]) | set(gated.rejected["osi_symbol"]) == set(quotes["osi_symbol"])


def test_a_bar_says_whose_it_is():
    bars = conform(pd.DataFrame({
        "trade_date": "2026-07-16", "source_mode": "live", "symbol": ["KO", "XLF"], "bar_date": "2026-07-15",
        "open_usd": 10.0, "high_usd": [11.0, 9.0], "low_usd": [9.0, 11.0], "close_usd": 10.0, "volume_shares": 1.0,
        "payload_sha256": "0", "row_position": [0, 1],
    }), DAILY_BARS)  # fmt: skip
    entry = validate_rows(bars, DAILY_BARS, daily_bars_suite()).entries.iloc[0]
    assert (entry["symbol"], entry["rule_name"]) == ("XLF", "HIGH_BELOW_LOW")
    assert entry["observed"].startswith("high_usd=9, low_usd=11")
