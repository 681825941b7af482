"""Seeded defects go through the gate: each is caught at the right severity, everything else stays, no row is lost."""

from datetime import date, datetime

import numpy as np
import pandas as pd
import pytest

from alvh_core import frames
from alvh_core.forwards import expiry_forwards
from alvh_core.quarantine import unkeyed_entries
from alvh_core.schemas import META_QUARANTINE, OPTION_QUOTES, RATE_CURVE
from expectations.gate import validate_option_quotes

QUOTE_AT = datetime.fromisoformat("2026-07-16 15:50")
NIGHT = QUOTE_AT.date()
AUG, SEP = date(2026, 8, 19), date(2026, 9, 16)
STRIKES = np.arange(14.0, 36.0)


@pytest.fixture(scope="module")
def night(chains):
    """VIX far below its forwards, SPX and SPXW twins, UVXY; no defect."""
    raw = pd.concat(
        [
            chains.wire("VIX", [("VIX", AUG, 24.55, 0.9), ("VIX", SEP, 26.0, 0.8)], STRIKES, quote_at=QUOTE_AT,
                        on_ticks=True),
            chains.wire("SPX", [("SPX", date(2026, 8, 21), 6000.0, 0.2), ("SPXW", date(2026, 8, 21), 6001.0, 0.2)],
                        np.arange(5500.0, 6501.0, 100.0), quote_at=QUOTE_AT, on_ticks=True),
            chains.wire("UVXY", [("UVXY", date(2026, 8, 21), 15.0, 1.2)], np.arange(8.0, 25.0), quote_at=QUOTE_AT,
                        on_ticks=True),
        ],
        ignore_index=True,
    ).astype({"underlying": "category"})  # fmt: skip
    return raw, chains.snapshots({"VIX": 18.0, "SPX": 5990.0, "UVXY": 15.0}, QUOTE_AT)


@pytest.fixture(scope="module")
def gate(night, chains):
    """Run the gate on the night with some wire rows changed by OCC symbol; a run costs half a second."""

    def run(changes=None, *, extra=(), drop=(), curve=None):
        raw, snapshots = night
        raw = pd.concat([raw[~raw["option"].isin(drop)], *extra], ignore_index=True).astype({"underlying": "category"})
        for option, columns in (changes or {}).items():
            for name, value in columns.items():
                raw.loc[raw["option"] == option, name] = value
        quotes, rejects = chains.normalise(raw, snapshots)
        forwards = expiry_forwards(quotes, chains.curve(NIGHT) if curve is None else curve)
        gated = validate_option_quotes(quotes, forwards, chains.universe, chains.calendar)
        assert len(gated.clean) + len(gated.rejected) + len(rejects) == len(raw)
        assert gated.entries["rows_count"].sum() == len(gated.rejected)
        return gated

    return run


def _rows(night, *options):
    raw = night[0]
    return raw[raw["option"].isin(options)]


def _of_day(night, root, yymmdd):
    raw = night[0]
    return raw[raw["option"].str.startswith(f"{root}{yymmdd}")]


def _shifted(night, root, yymmdd, to):
    rows = _of_day(night, root, yymmdd)
    return rows.assign(option=rows["option"].str.replace(yymmdd, to))


def _rejected(gated):
    return {
        (osi.replace(" ", ""), str(severity), str(reason).split(":")[0])
        for osi, severity, reason in gated.rejected[["osi_symbol", "severity", "reason"]].itertuples(index=False)
    }


def _suspended(gated):
    """Group key and code of everything but single rows."""
    groups = gated.entries[gated.entries["severity"] != "row"]
    return {(r.row_key, str(r.severity), r.reason.split(":")[0], r.rows_count) for r in groups.itertuples()}


# one row each; every other row must stay
ROW_FAULTS = {
    "VIX260819C00030000": ({"bid": 2.0, "ask": 1.0}, "CROSSED"),
    "VIX260819C00031000": ({"bid": -0.5, "ask": 1.0}, "OUT_OF_RANGE"),
    "VIX260819C00032000": ({"bid": -1.0, "ask": -0.5}, "OUT_OF_RANGE"),
    "VIX260819C00033000": ({"bid": np.nan}, "QUOTE_INCOMPLETE"),
    "VIX260819C00034000": ({"ask": np.nan}, "QUOTE_INCOMPLETE"),
    "VIX260916C00030000": ({"bid": np.inf, "ask": np.inf}, "OUT_OF_RANGE"),
    "VIX260916C00031000": ({"bid": 0.0, "ask": 199.9}, "ABSURD_ASK"),  # a placeholder, not an offer
    "VIX260916C00032000": ({"bid_size": -1.0}, "OUT_OF_RANGE"),
    # spot 18, forward 24.55: by spot a 20 call is worthless, by the forward it is worth 4.5
    "VIX260819C00020000": ({"bid": 1.8, "ask": 2.0}, "ASK_BELOW_INTRINSIC"),
}
FACTS = {
    "VIX260819C00029000": {"bid": 0.0, "ask": 0.05},  # no buyer
    "VIX260819C00028000": {"bid": 0.0, "ask": 0.0},  # no quote
    "VIX260819C00027000": {"bid": 1.74, "ask": 1.74},  # locked
    "VIX260916C00033000": {"iv": 20.0, "delta": 7.0},  # pitfall 12: the vendor's own nonsense
    "VIX260916C00034000": {"open_interest": np.nan, "volume": np.nan},  # pitfall 11
    "VIX260819P00020000": {"bid": 0.78, "ask": 0.8},  # pitfall 1: below intrinsic by spot, sound by the forward
}
SAME, OTHER = "VIX260916C00025000", "VIX260916C00026000"
ADJUSTED = "UVXY1260821C00015000"


@pytest.fixture(scope="module")
def planted(gate, night):
    """A night with every row-level fault, and every fact that only looks like one."""
    extra = [
        _rows(night, SAME),
        _rows(night, OTHER).assign(bid=0.01),
        _rows(night, "UVXY260821C00015000").assign(option=ADJUSTED),
    ]
    return gate({option: columns for option, (columns, _) in ROW_FAULTS.items()} | FACTS, extra=extra)


def test_a_clean_night_has_no_rejects(gate):
    gated = gate()
    assert gated.rejected.empty
    assert gated.entries.empty
    assert gated.checks["is_success"].all()


def test_every_row_fault_takes_its_row_and_nothing_else(planted):
    expected = {(option, "row", code) for option, (_, code) in ROW_FAULTS.items()}
    duplicates = {(SAME, "row", "DUPLICATE"), (OTHER, "row", "DUPLICATE")}
    assert _rejected(planted) == expected | duplicates
    assert len(planted.rejected) == len(ROW_FAULTS) + 1 + 2


def test_pitfall_18_every_rejected_row_is_written_down(planted):
    entry = planted.entries.set_index("row_key").loc["VIX   260819C00030000"]
    assert (entry["severity"], entry["rows_count"], entry["payload_sha256"]) == ("row", 1, "vixvixvix")
    assert '"strike_usd":30.0' in entry["row_json"]
    assert (planted.entries["severity"] == "row").all()


def test_facts_about_a_market_are_no_faults(planted):
    clean = set(planted.clean["osi_symbol"].str.replace(" ", ""))
    assert set(FACTS) <= clean


def test_identical_duplicates_keep_one_and_conflicting_none(planted):
    kept = planted.clean["osi_symbol"].str.replace(" ", "").value_counts()
    assert kept.get(SAME) == 1
    assert OTHER not in kept
    assert kept.max() == 1


def test_pitfall_05_adjusted_contracts_are_kept_apart_not_rejected(planted):
    assert planted.clean.loc[planted.clean["is_adjusted"], "root"].tolist() == ["UVXY1"]


def test_pitfall_04_twin_roots_are_no_duplicates(planted):
    twins = planted.clean[planted.clean["osi_symbol"].str.endswith("260821C06000000")]
    assert twins["root"].astype(str).tolist() == ["SPX", "SPXW"]


def test_pitfall_07_a_chain_of_zeros_suspends_the_underlying(gate, night):
    raw = night[0]
    dead = raw.loc[raw["underlying"] == "UVXY", "option"]
    gated = gate({option: {"bid": 0.0, "ask": 0.0} for option in dead})
    assert _suspended(gated) == {("UVXY", "underlying", "ALL_ZERO_CHAIN", len(dead))}
    assert set(gated.clean["underlying"]) == {"VIX", "SPX"}


def test_pitfall_10_and_15_shifted_expiries_are_suspended_alone(gate, night):
    # August a day early, September on a Saturday, the AM root of SPX a day late, the monthly of UVXY a day early
    shifts = [("VIX", "260819", "260818"), ("VIX", "260916", "260919"), ("SPX", "260821", "260824"),
              ("UVXY", "260821", "260820")]  # fmt: skip
    gone = [option for root, day, _ in shifts for option in _of_day(night, root, day)["option"]]
    gated = gate(extra=[_shifted(night, *shift) for shift in shifts], drop=gone)
    assert _suspended(gated) == {
        ("VIX VIX 2026-08-18", "expiry", "EXPIRY_DATE", 44), ("VIX VIX 2026-09-19", "expiry", "EXPIRY_DATE", 44),
        ("SPX SPX 2026-08-24", "expiry", "EXPIRY_DATE", 22), ("UVXY UVXY 2026-08-20", "expiry", "EXPIRY_DATE", 34),
    }  # fmt: skip
    assert gated.clean["root"].astype(str).unique().tolist() == ["SPXW"]


def test_pitfall_15_a_tuesday_is_lawful_where_the_rule_says_so(chains):
    quote_at = datetime.fromisoformat("2026-04-16 15:50")
    days = [("VIX", date(2026, 5, 19), 20.0, 0.9), ("VIX", date(2026, 5, 20), 20.0, 0.9)]
    quotes, _ = chains.normalise(
        chains.wire("VIX", days, STRIKES, quote_at=quote_at, on_ticks=True), chains.snapshots({"VIX": 18.0}, quote_at)
    )
    forwards = expiry_forwards(quotes, chains.curve(date(2026, 4, 16)))
    gated = validate_option_quotes(quotes, forwards, chains.universe, chains.calendar)
    assert gated.clean["expiry_date"].unique().tolist() == [pd.Timestamp("2026-05-19")]


def test_a_thursday_beside_its_friday_is_a_weekly_of_its_own(gate, night):
    other = _shifted(night, "UVXY", "260821", "260820")  # with quotes of its own, else it were a copy
    assert gate(extra=[other.assign(ask=other["ask"] + 0.02)]).rejected.empty


def test_pitfall_06_two_split_regimes_and_too_many_bad_rows(gate, night, chains):
    other = chains.wire(
        "UVXY", [("UVXY", date(2026, 8, 21), 60.0, 1.2)], np.arange(8.5, 25.0), quote_at=QUOTE_AT, on_ticks=True
    )
    raw = night[0]
    bad = raw.loc[raw["underlying"] == "SPX", "option"].iloc[::4]
    gated = gate({option: {"bid": 9.0, "ask": 8.0} for option in bad}, extra=[other])
    assert _suspended(gated) == {
        ("UVXY", "underlying", "TOO_MANY_REJECTS", 68), ("SPX", "underlying", "TOO_MANY_REJECTS", 44),
    }  # fmt: skip
    assert set(gated.clean["underlying"]) == {"VIX"}


def test_a_missing_curve_quarantines_nothing(gate):
    assert gate(curve=frames.empty(RATE_CURVE)).rejected.empty


def test_no_contracts_at_all_are_a_night_without_data(chains):
    quotes = frames.empty(OPTION_QUOTES)
    forwards = expiry_forwards(quotes, chains.curve(NIGHT))
    gated = validate_option_quotes(quotes, forwards, chains.universe, chains.calendar)
    assert gated.clean.empty
    assert set(gated.checks.loc[~gated.checks["is_success"], "check_name"]) == {"ROW_COUNT"}


def test_rows_without_a_key_are_written_down(night, chains):
    raw = _rows(night, SAME, OTHER).assign(option=["XYZ260819C00030000", "not a symbol"])
    _, rejects = chains.normalise(raw, night[1])
    entries = unkeyed_entries(rejects, OPTION_QUOTES.name, NIGHT, "simulated")
    assert list(entries.columns) == list(META_QUARANTINE.names)
    assert entries["row_key"].tolist() == ["XYZ260819C00030000", "not a symbol"]
    assert entries["reason"].str.split(":").str[0].tolist() == ["UNKNOWN_ROOT", "BAD_SYMBOL"]
    assert entries["payload_sha256"].tolist() == ["vixvixvix"] * 2
    assert unkeyed_entries(rejects.iloc[:0], OPTION_QUOTES.name, NIGHT, "simulated").empty
