"""Bookkeeping of payloads: landed with a hash, or missing with a reason."""

from datetime import date

import pandas as pd

from alvh_core import frames
from alvh_core.landing import Landing, missing_chains, payload_rows
from alvh_core.schemas import META_PAYLOADS, META_QUARANTINE

NIGHT = date(2026, 7, 16)
LANDED = Landing(dataset="option_chain", symbol="VIX", url="u", http_status=200, bytes_count=9, payload_sha256="a",
                 fetched_at_utc="2026-07-16T21:00:00+00:00")  # fmt: skip
MISSING = Landing(dataset="option_chain", symbol="VXX", url="v", reason="404", http_status=404)


def test_rows_of_a_night():
    found = payload_rows([LANDED, MISSING, LANDED.lost("no JSON")], NIGHT, "simulated")
    assert list(found.columns) == list(META_PAYLOADS.names)
    assert found["payload_outcome"].astype(str).tolist() == ["LANDED", "MISSING", "MISSING"]
    assert found["reason"].isna().tolist() == [True, False, False]
    assert found["http_status_count"].tolist() == [200, 404, 200]
    assert found["fetched_at_utc"].isna().tolist() == [False, True, False]


def test_a_lost_body_keeps_its_hash():
    lost = LANDED.lost("no JSON")
    assert LANDED.is_landed
    assert (lost.is_landed, lost.payload_sha256, lost.reason) == (False, "a", "no JSON")


def test_a_night_that_asked_for_nothing():
    assert payload_rows([], NIGHT, "simulated").empty


def test_why_a_chain_is_missing():
    bars = Landing(dataset="daily_bars", symbol="SPX", url="w", reason="500")
    payloads = payload_rows([LANDED, MISSING, bars], NIGHT, "simulated")
    entry = {
        "trade_date": pd.Timestamp(NIGHT), "source_mode": "simulated", "dataset": "core_options__daily_quotes",
        "row_position": 0, "payload_sha256": "a", "rows_count": 9,
    }  # fmt: skip
    suspended = frames.conform(
        pd.DataFrame([
            entry | {"row_key": "UVXY", "severity": "underlying", "reason": "ALL_ZERO_CHAIN: ..."},
            entry | {"row_key": "VIX VIX 2026-08-19", "severity": "expiry", "reason": "EXPIRY_DATE: ..."},
            entry | {"row_key": "VIX   260819C00020000", "severity": "row", "reason": "CROSSED: ..."},
        ]),
        META_QUARANTINE,
    )  # fmt: skip
    assert missing_chains(payloads, suspended) == {"VXX": "404", "UVXY": "ALL_ZERO_CHAIN: ..."}
    assert missing_chains(payloads, frames.empty(META_QUARANTINE)) == {"VXX": "404"}
