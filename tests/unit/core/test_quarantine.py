"""The bookkeeping of rejects, and the facts validation looks at; the rules themselves are tested through the gate."""

from datetime import date, datetime

import numpy as np
import pandas as pd
import pytest

from alvh_core.errors import FatalError
from alvh_core.forwards import expiry_forwards
from alvh_core.quality import expiry_facts, underlying_facts, with_quality
from alvh_core.quality_groups import ChainContext
from alvh_core.quarantine import MARKS, mark_rejects, observed, quarantine_entries, row_entries, settle
from alvh_core.schemas import META_QUARANTINE, OPTION_QUOTES
from alvh_core.universe import DEFAULT_UNIVERSE
from expectations.packs import pack_bounds

QUOTE_AT = datetime.fromisoformat("2026-07-16 15:50")
AUG, SEP = date(2026, 8, 19), date(2026, 9, 16)
BOUNDS = pack_bounds(DEFAULT_UNIVERSE)
NO_ROWS = pd.DataFrame({name: [] for name in ("position", *MARKS)})
NO_GROUPS = pd.DataFrame({name: [] for name in ("underlying", "root", "expiry_date", *MARKS)})


@pytest.fixture(scope="module")
def vix(chains):
    raw = chains.wire(
        "VIX", [("VIX", AUG, 21.0, 0.9), ("VIX", SEP, 22.0, 0.8)], np.arange(18.0, 26.0), quote_at=QUOTE_AT
    )
    return chains.normalise(raw, chains.snapshots({"VIX": 20.0}, QUOTE_AT))[0]


@pytest.fixture(scope="module")
def forwards(vix, chains):
    return expiry_forwards(vix, chains.curve(QUOTE_AT.date()))


def _group(**columns):
    return pd.DataFrame([columns]).assign(severity="expiry", rule_name="WHY", reason="WHY: because", observed="x=1")


AUG_GROUP = _group(underlying="VIX", root="VIX", expiry_date=pd.Timestamp(AUG))


def test_the_gravest_severity_wins(vix):
    rows = pd.DataFrame({"position": [0, 31], "severity": "row", "rule_name": "CROSSED",
                         "reason": ["CROSSED: a", "CROSSED: b"], "observed": ["a=1", "b=2"]})  # fmt: skip
    found = mark_rejects(vix, rows, AUG_GROUP, NO_GROUPS)
    assert found["severity"].tolist() == ["expiry"] * 16 + [None] * 15 + ["row"] or found["severity"].isna().sum() == 15
    assert found.loc[0, "reason"] == "WHY: because"
    assert found.loc[0, ["rule_name", "observed"]].tolist() == ["WHY", "x=1"]
    assert found.loc[31].tolist() == ["row", "CROSSED", "CROSSED: b", "b=2"]
    whole = mark_rejects(vix, rows, AUG_GROUP, _group(underlying="VIX"))
    assert whole["severity"].eq("underlying").all()


def test_nothing_rejected(vix):
    found = mark_rejects(vix, NO_ROWS, NO_GROUPS, NO_GROUPS)
    assert found.isna().all(axis=None)
    assert len(found) == len(vix)


def test_groups_are_one_entry_each(vix):
    marks = mark_rejects(vix, NO_ROWS, AUG_GROUP, NO_GROUPS)
    rejected = vix[marks["severity"].notna()].join(marks)
    entries = quarantine_entries(rejected, OPTION_QUOTES.name)
    assert list(entries.columns) == list(META_QUARANTINE.names)
    entry = entries.iloc[0]
    assert (entry["row_key"], entry["severity"], entry["rows_count"]) == ("VIX VIX 2026-08-19", "expiry", 16)
    assert pd.isna(entry["row_json"])
    assert (entry["rule_name"], entry["symbol"], entry["observed"]) == ("WHY", "VIX", "x=1")
    assert quarantine_entries(rejected.iloc[:0], OPTION_QUOTES.name).empty


def test_content_of_a_row_survives(vix):
    row = vix.iloc[[0]].assign(severity="row", rule_name="CROSSED", reason="CROSSED: a\nb \u2028 c", observed="a=1")
    entry = row_entries(row, OPTION_QUOTES.name, row["osi_symbol"]).iloc[0]
    content = pd.read_json(pd.io.common.StringIO(f"[{entry['row_json']}]")).iloc[0]
    assert content["strike_usd"] == 18.0
    assert content["osi_symbol"] == vix["osi_symbol"].iloc[0]
    assert entry["rows_count"] == 1
    assert (entry["rule_name"], entry["symbol"], entry["observed"]) == ("CROSSED", "VIX", "a=1")


def test_what_a_rule_saw_is_written_short():
    values = pd.DataFrame({
        "day": pd.to_datetime(["2026-07-16", None]), "at": pd.to_datetime(["2026-07-16 20:00:01", None], utc=True),
        "count": pd.array([3, None], dtype="Int64"), "flag": pd.Categorical(["OK", None]), "is": [True, False],
        "long": ["x" * 100, None],
    }, index=[7, 7])  # fmt: skip
    found = observed(values)
    assert found.tolist() == [
        f"day=2026-07-16, at=2026-07-16 20:00:01, count=3, flag=OK, is=True, long={'x' * 60}...",
        "day is missing, at is missing, count is missing, flag is missing, is=False, long is missing",
    ]
    assert found.index.tolist() == [7, 7]


def test_a_lost_row_stops_the_night():
    settle(3, 2, 5, OPTION_QUOTES)
    for clean, rejected in ((3, 1), (3, 3)):
        with pytest.raises(FatalError, match="core_options__daily_quotes: 5 rows in"):
            settle(clean, rejected, 5, OPTION_QUOTES)


# --- facts ------------------------------------------------------------------------------------------------------------
def test_helper_columns_of_contracts(vix, forwards, chains):
    found = with_quality(vix, forwards, chains.universe, chains.calendar, BOUNDS)
    call = found[found["osi_symbol"] == "VIX   260819C00019000"].iloc[0]
    put = found[found["osi_symbol"] == "VIX   260819P00019000"].iloc[0]
    discount = forwards["discount"].iloc[0]
    assert call["intrinsic_forward_usd"] == pytest.approx(2.0 * discount)
    assert put["intrinsic_forward_usd"] == 0.0
    assert call["intrinsic_tolerance_usd"] == pytest.approx(forwards["half_width_usd"].iloc[0] + 0.005 * 21.0)
    assert np.isnan(call["absurd_ask_usd"])
    assert len(found) == len(vix)
    dead = with_quality(vix.assign(quote_flag="ZERO_BID"), forwards, chains.universe, chains.calendar, BOUNDS)
    high = dead[dead["osi_symbol"] == "VIX   260819C00025000"].iloc[0]
    assert high["absurd_ask_usd"] == pytest.approx(3.75)  # 15 % of the strike, which is above the forward


def test_without_a_forward_there_is_no_intrinsic_value(vix, forwards, chains):
    found = with_quality(
        vix, forwards.assign(forward_usd=np.nan, half_width_usd=np.nan), chains.universe, chains.calendar, BOUNDS
    )
    assert found["intrinsic_forward_usd"].isna().all()
    assert found["intrinsic_tolerance_usd"].eq(0.0).all()


def test_facts_of_expiries(vix, forwards, chains):
    half = vix.assign(quote_flag=np.where(vix["option_right"] == "C", "OK", "ZERO_BID"))
    found = expiry_facts(half, forwards, chains.universe, chains.calendar, BOUNDS)
    assert found["contracts_count"].tolist() == [16, 16]
    assert found["two_sided_frac"].tolist() == [0.5, 0.5]
    assert found["calendar_status"].tolist() == ["OK", "OK"]
    unknown = expiry_facts(vix, forwards.iloc[:0], chains.universe, chains.calendar, BOUNDS)
    assert unknown["parity_status"].tolist() == ["UNKNOWN", "UNKNOWN"]
    assert expiry_facts(vix.assign(is_adjusted=True), forwards, chains.universe, chains.calendar, BOUNDS).empty


def test_facts_of_underlyings(vix, forwards, chains):
    flags = np.select([np.arange(32) < 8, np.arange(32) < 16], ["NO_QUOTE", "ZERO_BID"], default="OK")
    rejected = pd.Series(np.arange(32) == 20)
    silent = vix.assign(quote_flag=flags, bid_usd=vix["bid_usd"].where(flags != "NO_QUOTE", 0.0))
    found = underlying_facts(
        silent.assign(is_off_tick=False), rejected, forwards, ChainContext(calendar=chains.calendar), BOUNDS
    ).iloc[0]
    assert found[["contracts_count", "two_sided_frac", "zero_quote_frac", "rejected_frac"]].tolist() == [
        32,
        0.5,
        0.25,
        1 / 32,
    ]
    assert found[["call_frac", "bodies_count", "is_session", "is_of_session"]].tolist() == [0.5, 1, True, True]
    assert np.isnan(found["spot_frac"])
