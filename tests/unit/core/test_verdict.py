"""Verdicts: INSUFFICIENT with every reason, tonight's reading beside it, and the evidence counted."""

import pandas as pd
import pytest

from alvh_core import frames
from alvh_core.schemas import LADDER_SIGNALS, VERDICTS_TABLE
from alvh_core.summary import verdict_summary
from alvh_core.universe import DEFAULT_UNIVERSE
from alvh_core.verdict import EvidenceRule, evidence, insufficiency, judge

RULE = EvidenceRule()


def _signals(*nights, host="SPX", mode="live", variant="V0_REF"):
    """(date, filter state, quote clock, reason) of each night."""
    rows = [
        {
            "trade_date": day, "source_mode": mode, "host": host, "variant": variant, "hedge_symbol": "VIX",
            "profile": "trigger_442", "layers_armed_count": 0, "units_armed_count": 0, "units_deployed_count": 0,
            "filter_state": state, "quote_clock": clock, "action": "IDLE", "block_reason": reason,
            "s_ladder_frac": 0.05 if state == "PASS" else None,
        }
        for day, state, clock, reason in nights
    ]  # fmt: skip
    return frames.conform(pd.DataFrame(rows), LADDER_SIGNALS)


def scopes(scope):
    return dict.fromkeys(DEFAULT_UNIVERSE, scope)


NONE = frames.empty(LADDER_SIGNALS)
TONIGHT = _signals(("2026-07-16", "PASS", "at_close", ""))


# --- evidence ---------------------------------------------------------------------------------------------------------
def test_nights_with_a_usable_reading_are_counted():
    history = _signals(("2026-07-13", "FAIL_ILLIQUID", "in_session", ""), ("2026-07-14", "NO_DATA", None, ""),
                       ("2026-07-15", "PASS", "after_hours", ""), ("2026-07-16", "PASS", "at_close", ""))  # fmt: skip
    found = evidence(history).iloc[0]
    assert found["nights_count"] == 2
    assert found["missing_frac"] == 0.5


def test_ladders_are_counted_apart():
    both = frames.concat([TONIGHT, _signals(("2026-07-16", "NO_DATA", None, ""), host="NDX")], LADDER_SIGNALS)
    assert evidence(both).set_index("host")["nights_count"].to_dict() == {"SPX": 1, "NDX": 0}


@pytest.mark.parametrize(
    ("arguments", "codes"),
    [
        pytest.param((250, 0.10, "live", "nbbo"), [], id="enough"),
        pytest.param((250, 0.10, "live", "exclusive_listing"), [], id="exclusive listing"),
        pytest.param((249, 0.10, "live", "nbbo"), ["TOO_FEW_NIGHTS"], id="one night short"),
        pytest.param((250, 0.11, "live", "nbbo"), ["TOO_MANY_GAPS"], id="too many gaps"),
        pytest.param((250, 0.10, "live", "cboe_delayed(unknown)"), ["QUOTE_SCOPE"], id="unknown scope"),
        pytest.param((250, 0.10, "simulated", "nbbo"), ["SIMULATED"], id="simulated"),
        pytest.param((250, 0.10, "recorded", "nbbo"), [], id="recorded"),
        pytest.param(
            (0, 1.0, "simulated", "?"), ["SIMULATED", "TOO_FEW_NIGHTS", "TOO_MANY_GAPS", "QUOTE_SCOPE"], id="all"
        ),
    ],
)
def test_every_reason_and_always_the_missing_evaluation(arguments, codes):
    assert [r.split(":")[0] for r in insufficiency(*arguments, RULE)] == [*codes, "NO_EVALUATION"]


# --- verdicts ---------------------------------------------------------------------------------------------------------
def test_a_verdict_of_one_night():
    found = judge(TONIGHT, NONE, DEFAULT_UNIVERSE, scopes("cboe_delayed(unknown)"), RULE)
    assert list(found.columns) == list(VERDICTS_TABLE.names)
    row = found.iloc[0]
    assert (row["verdict"], row["tonight"], row["asset_class"]) == ("INSUFFICIENT", "DEPLOYABLE", "sp500_index")
    assert row["tonight_reason"] == "spread 5.00% of the premium; ladder IDLE"
    assert row["reasons"].startswith("TOO_FEW_NIGHTS: 1 of 250 nights")
    moved = judge(TONIGHT.set_axis(TONIGHT.index + 5), NONE, DEFAULT_UNIVERSE, scopes("nbbo"), RULE)
    assert moved["nights_count"].tolist() == found["nights_count"].tolist(), "rows count, not their labels"


@pytest.mark.parametrize(
    ("state", "clock", "block_reason", "told"),
    [
        pytest.param(
            "FAIL_ILLIQUID", "at_close", "FAIL_ILLIQUID: wide; NOT_ARMED: VIX", "FAIL_ILLIQUID: wide", id="wide"
        ),
        pytest.param("NO_DATA", None, "NO_DATA: 404", "NO_DATA: 404", id="no chain"),
        pytest.param("PASS", "after_hours", "AFTER_HOURS: late", "AFTER_HOURS: late", id="after hours"),
    ],
)
def test_what_blocks_tonight(state, clock, block_reason, told):
    signals = _signals(("2026-07-16", state, clock, block_reason))
    row = judge(signals, NONE, DEFAULT_UNIVERSE, scopes("nbbo"), RULE).iloc[0]
    assert (row["tonight"], row["tonight_reason"]) == ("BLOCKED", told)


def test_earlier_nights_count():
    history = _signals(*((f"2026-07-{day}", "PASS", "at_close", "") for day in (13, 14, 15)))
    assert judge(TONIGHT, history, DEFAULT_UNIVERSE, scopes("nbbo"), RULE)["nights_count"].tolist() == [4]


def test_enough_nights_are_still_no_evaluation():
    rule = EvidenceRule(min_nights=1)
    row = judge(TONIGHT, NONE, DEFAULT_UNIVERSE, scopes("nbbo"), rule).iloc[0]
    assert (row["verdict"], row["reasons"].split(":")[0]) == ("INSUFFICIENT", "NO_EVALUATION")


def test_no_ladders_no_verdicts():
    found = judge(NONE, NONE, DEFAULT_UNIVERSE, scopes("nbbo"), RULE)
    assert found.empty
    assert list(found.columns) == list(VERDICTS_TABLE.names)


# --- summaries --------------------------------------------------------------------------------------------------------
def test_verdicts_in_plain_words():
    signals = frames.concat(
        [TONIGHT, _signals(("2026-07-16", "NO_DATA", None, "NO_DATA: 404"), host="IWM", variant="V3_NATIVE")],
        LADDER_SIGNALS,
    )
    verdicts = judge(signals, NONE, DEFAULT_UNIVERSE, scopes("nbbo"), RULE)
    found = verdict_summary({VERDICTS_TABLE.name: verdicts, LADDER_SIGNALS.name: signals})
    assert found == [
        {"asset class": "index_etf", "host": "IWM", "variant": "V3_NATIVE", "hedge": "VIX", "spread": "",
         "filter": "NO_DATA", "tonight": "BLOCKED", "why": "NO_DATA: 404", "verdict": "INSUFFICIENT"},
        {"asset class": "sp500_index", "host": "SPX", "variant": "V0_REF", "hedge": "VIX", "spread": "5.00%",
         "filter": "PASS", "tonight": "DEPLOYABLE", "why": "spread 5.00% of the premium; ladder IDLE",
         "verdict": "INSUFFICIENT"},
    ]  # fmt: skip
