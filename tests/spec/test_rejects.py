"""A night's quarantine as it is asked for, alike on every engine."""

from dataclasses import replace
from datetime import date

import pandas as pd
import pytest

from alvh_core.errors import ContractError
from alvh_core.frames import conform
from alvh_core.schemas import META_QUARANTINE
from tasks.warehouse.rejects import Wanted, rejects_of
from tasks.warehouse.repository import NightKey

KEY = NightKey(trade_date=date(2026, 7, 16), universe="default", source_mode="simulated")
CROSSED, BOTH = "CROSSED: ask_usd >= bid_usd", "ABSURD_ASK: absurd_ask_usd >= ask_usd; CROSSED: ask_usd >= bid_usd"


def quarantine(key):
    rows = [("a", "KO", "row", "CROSSED", CROSSED, 1), ("b", "KO", "row", "ABSURD_ASK", BOTH, 1),
            ("c", "XLF", "row", "CROSSED", CROSSED, 1),
            ("d", "VIX", "underlying", "ALL_ZERO_CHAIN", "ALL_ZERO_CHAIN: x", 90),
            ("e", None, "row", None, "an older night", 1)]  # fmt: skip
    names = ["row_key", "symbol", "severity", "rule_name", "reason", "rows_count"]
    frame = pd.DataFrame(rows, columns=names).assign(
        trade_date=key.trade_date, source_mode=key.source_mode, dataset="quotes", payload_sha256="0", row_position=0
    )
    return {META_QUARANTINE.name: conform(frame, META_QUARANTINE)}


@pytest.fixture
def asked(url, warehouse, night):
    """A warehouse with a night that has a quarantine, and one published later that has none."""
    for key, tables in ((KEY, quarantine(KEY)), (replace(KEY, source_mode="recorded"), None)):
        warehouse.claim(key, run_id="r", code_version="0", rules_hash="x", source=f"from {key.source_mode}")
        empty = {META_QUARANTINE.name: quarantine(key)[META_QUARANTINE.name].iloc[:0]}
        warehouse.publish(key, night(key) | (tables or empty), run_id="r", outcome="OK", reason=None, counts={})
    return lambda limit=10, **wanted: rejects_of(url, Wanted(**wanted), limit)


def test_a_summary_by_rule_and_its_entries(asked):
    found = asked(source_mode="simulated")
    assert (found.trade_date, found.source_mode, found.source) == (KEY.trade_date, "simulated", "from simulated")
    summary = found.summary.drop(columns="dataset").astype("object").where(found.summary.notna(), None)
    assert summary.values.tolist()[:2] == [["underlying", "ALL_ZERO_CHAIN", 1, 1, 90], ["row", "CROSSED", 2, 2, 2]]
    assert sorted(found.summary["rule_name"].dropna()) == ["ABSURD_ASK", "ALL_ZERO_CHAIN", "CROSSED"]
    assert found.entries["row_key"].tolist()[:3] == ["d", "a", "c"]
    assert sorted(found.entries["row_key"]) == list("abcde")
    assert int(found.summary["rows"].sum()) == 94
    assert asked(limit=2, source_mode="simulated").entries["row_key"].tolist() == ["d", "a"]


@pytest.mark.parametrize(("wanted", "keys"), [
    ({"rule": "CROSSED"}, "abc"), ({"rule": "CROSS"}, ""), ({"rule": "CROSSE_"}, ""), ({"rule": "%"}, ""),
    ({"symbol": "KO"}, "ab"), ({"severity": "underlying"}, "d"), ({"symbol": "KO' or 1=1 --"}, ""),
])  # fmt: skip
def test_what_is_named(asked, wanted, keys):
    assert "".join(sorted(asked(source_mode="simulated", **wanted).entries["row_key"])) == keys


def test_the_night_published_last(asked):
    assert asked().source_mode == "recorded"
    assert asked().entries.empty
    assert asked(trade_date=KEY.trade_date, source_mode="simulated").source_mode == "simulated"
    with pytest.raises(ContractError, match=r"published night \(2026-07-17 live\), found none"):
        asked(trade_date=date(2026, 7, 17), source_mode="live")
