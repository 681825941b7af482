"""Verdicts: INSUFFICIENT with every reason, tonight's reading beside it, and the evidence counted."""

import numpy as np
import pandas as pd
import pytest

from alvh_core import frames
from alvh_core.evaluation.measures import measures
from alvh_core.evaluation.paths import FILLS, Paths
from alvh_core.evaluation.rules import EvidenceRule
from alvh_core.evaluation.ruling import Evaluation
from alvh_core.profiles import UNFILTERED_TWIN
from alvh_core.schemas import LADDER_SIGNALS, VERDICTS_TABLE
from alvh_core.summary import verdict_summary
from alvh_core.triggers import LADDER
from alvh_core.universe import DEFAULT_UNIVERSE
from alvh_core.verdict import SCOPES, evidence, insufficiency, uncounted
from alvh_core.verdict import judge as judge_ladders

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


def scopes(scope, *signals, others=None):
    """Whose quotes the chain of each night was; of some nights another's."""
    nights = frames.concat(signals or [TONIGHT], LADDER_SIGNALS)[["trade_date", "hedge_symbol"]].drop_duplicates()
    told = [(others or {}).get(f"{day:%Y-%m-%d}", scope) for day in nights["trade_date"]]
    return frames.conform(nights.set_axis(["trade_date", "underlying"], axis=1).assign(venue_scope=told), SCOPES)


def evaluated(signals, *, nights=1, windows=0, deep=0):
    """An evaluation of ladders on hosts that fall every other span and ladders whose contracts earn nothing."""
    count = len(signals)
    price = np.repeat(100.0 + np.arange(nights)[:, None] % 7, count, axis=1)
    gain = np.zeros((nights, count))
    paths = Paths(dates=np.datetime64("2025-01-01") + np.arange(nights), price=price,
                  gain=dict.fromkeys(FILLS, gain), is_held=gain == 0, refused_count=gain,
                  notional_usd=np.ones(count))  # fmt: skip
    table = measures(paths, [], 0.04).assign(stress_windows_count=windows, deep_losses_count=deep)
    standing = pd.DataFrame(np.nan, index=range(count), columns=["pass_rate_deploy_frac",
                            "filter_blocks_trigger_frac", "acid_test_ratio"])  # fmt: skip
    return Evaluation(ladders=signals[LADDER].astype("str").reset_index(drop=True), paths=paths, table=table,
                      standing=standing, has_trigger=np.ones(count, dtype=bool), bill_rate=0.04)  # fmt: skip


def judge(signals, history, universe, scopes_of, rule, counted=None):
    """Verdicts of one night without a past in the book."""
    return judge_ladders(signals, history, universe, scopes_of, rule, evaluated(signals), counted)[0]


NONE = frames.empty(LADDER_SIGNALS)
TONIGHT = _signals(("2026-07-16", "PASS", "at_close", ""))


# --- evidence ---------------------------------------------------------------------------------------------------------
def test_nights_with_a_usable_reading_are_counted():
    history = _signals(("2026-07-13", "FAIL_ILLIQUID", "in_session", ""), ("2026-07-14", "NO_DATA", None, ""),
                       ("2026-07-15", "PASS", "after_hours", ""), ("2026-07-16", "PASS", "at_close", ""),
                       ("2026-07-17", "MISSING_LEG", "at_close", ""), ("2026-07-20", "ZERO_BID", "at_close", ""),
                       ("2026-07-21", "BAD_QUOTE", "at_close", ""))  # fmt: skip
    found = evidence(history, scopes("nbbo", history), RULE).iloc[0]
    assert (found["nights_count"], found["missing_count"], found["untrusted_count"]) == (3, 4, 0)
    assert found["missing_frac"] == 4 / 7


def test_ladders_are_counted_apart():
    both = frames.concat([TONIGHT, _signals(("2026-07-16", "NO_DATA", None, ""), host="NDX")], LADDER_SIGNALS)
    assert evidence(both, scopes("nbbo"), RULE).set_index("host")["nights_count"].to_dict() == {"SPX": 1, "NDX": 0}


@pytest.mark.parametrize(
    ("arguments", "codes"),
    [
        pytest.param((250, 0, 0.10, "live", "nbbo"), [], id="enough"),
        pytest.param((249, 0, 0.10, "live", "nbbo"), ["TOO_FEW_NIGHTS"], id="one night short"),
        pytest.param((250, 0, 0.11, "live", "nbbo"), ["TOO_MANY_GAPS"], id="too many gaps"),
        pytest.param((251, 2, 0.10, "live", "nbbo"), ["TOO_FEW_NIGHTS"], id="one trusted night short"),
        pytest.param((300, 30, 0.10, "live", "?"), [], id="a tenth on quotes of a scope that is not known"),
        pytest.param((300, 31, 0.10, "live", "nbbo"), ["QUOTE_SCOPE"], id="more than that, whatever tonight's"),
        pytest.param((250, 0, 0.10, "simulated", "nbbo"), ["SIMULATED"], id="simulated"),
        pytest.param((250, 0, 0.10, "recorded", "nbbo"), [], id="recorded"),
        pytest.param(
            (1, 1, 1.0, "simulated", "?"), ["SIMULATED", "TOO_FEW_NIGHTS", "TOO_MANY_GAPS", "QUOTE_SCOPE"], id="all"
        ),
    ],
)
def test_every_reason(arguments, codes):
    enough = {"measured": "OK", "stress_windows_count": 3, "deep_losses_count": 1}
    assert [r.split(":")[0] for r in insufficiency(*arguments, RULE, **enough)] == codes


@pytest.mark.parametrize(
    ("change", "code"),
    [
        pytest.param({"stress_windows_count": 2}, "TOO_FEW_STRESS_WINDOWS", id="stress"),
        pytest.param({"measured": "TOO_SHORT", "deep_losses_count": 0}, "TOO_SHORT", id="short"),
        pytest.param({"measured": "NEVER_HELD", "deep_losses_count": 0}, "NEVER_HELD", id="never held"),
        pytest.param({"deep_losses_count": 0}, "NO_DEEP_LOSS", id="never fell"),
    ],
)
def test_every_reason_of_the_evaluation(change, code):
    enough = {"measured": "OK", "stress_windows_count": 3, "deep_losses_count": 1} | change
    assert [r.split(":")[0] for r in insufficiency(250, 0, 0.1, "live", "nbbo", RULE, **enough)] == [code]


# --- verdicts ---------------------------------------------------------------------------------------------------------
def test_a_verdict_of_one_night():
    found = judge(TONIGHT, NONE, DEFAULT_UNIVERSE, scopes("cboe_delayed(unknown)"), RULE)
    assert list(found.columns) == list(VERDICTS_TABLE.names)
    row = found.iloc[0]
    assert (row["verdict"], row["tonight"], row["asset_class"]) == ("INSUFFICIENT", "DEPLOYABLE", "sp500_index")
    assert row["tonight_reason"] == "spread 5.00% of the premium; ladder IDLE"
    assert (row["nights_count"], row["untrusted_count"]) == (1, 1)
    unknown = "quotes not known to be the national best bid and offer"
    assert row["reasons"].split("; ")[:2] == [
        "TOO_FEW_NIGHTS: 0 of 250 nights with a reading of the whole ladder on quotes of a trusted scope",
        f"QUOTE_SCOPE: 1 of 1 nights on {unknown} (tonight: cboe_delayed(unknown))",
    ]
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


@pytest.mark.parametrize("why", [
    "NOT_ARMED: VIX closed at 15.00, first level 18", "TOO_SMALL: the budget pays for no contract",
    "HELD_BACK: a rule of the host buys nothing new tonight; TOO_THIN: no contract", "GAVE_UP: refused on 10 sessions",
])  # fmt: skip
def test_a_ladder_that_passes_and_is_not_bought_says_why(why):
    signals = _signals(("2026-07-16", "PASS", "at_close", why)).assign(action="BLOCKED")
    signals = frames.conform(signals, LADDER_SIGNALS)
    row = judge(signals, NONE, DEFAULT_UNIVERSE, scopes("nbbo"), RULE).iloc[0]
    assert (row["tonight"], row["tonight_reason"]) == (
        "DEPLOYABLE",
        f"spread 5.00% of the premium; ladder BLOCKED; {why}",
    )


def test_earlier_nights_count():
    history = _signals(*((f"2026-07-{day}", "PASS", "at_close", "") for day in (13, 14, 15)))
    assert judge(TONIGHT, history, DEFAULT_UNIVERSE, scopes("nbbo"), RULE)["nights_count"].tolist() == [4]


def test_a_trusted_night_does_not_vouch_for_those_before_it():
    """Counted anew or carried from the night before, nights on other quotes are told apart from tonight's."""
    history = _signals(*((f"2026-07-{day}", "PASS", "at_close", "") for day in (13, 14, 15)))
    mixed = scopes("nbbo", history, TONIGHT, others={"2026-07-13": "schwab", "2026-07-14": "cboe_delayed(unknown)"})
    rule = EvidenceRule(min_nights=1)
    anew = judge(TONIGHT, history, DEFAULT_UNIVERSE, mixed, rule).iloc[0]
    assert (anew["nights_count"], anew["untrusted_count"], anew["missing_count"]) == (4, 2, 0)
    assert "QUOTE_SCOPE: 2 of 4 nights on quotes not known" in anew["reasons"]
    eve = judge(history.iloc[2:], history.iloc[:2], DEFAULT_UNIVERSE, mixed, rule)
    carried = judge(TONIGHT, NONE, DEFAULT_UNIVERSE, mixed, rule, eve).iloc[0]
    assert carried["reasons"] == anew["reasons"]
    assert not uncounted(TONIGHT, eve)
    assert uncounted(TONIGHT, eve.assign(untrusted_count=None)), "nights of a release that did not count them"


def test_enough_evidence_is_ruled_on():
    rule = EvidenceRule(min_nights=1)
    verdicts, found = judge_ladders(TONIGHT, NONE, DEFAULT_UNIVERSE, scopes("nbbo"), rule,
                                    evaluated(TONIGHT, nights=100, windows=3, deep=1))  # fmt: skip
    assert verdicts["verdict"].tolist() == ["FALLS_APART"]
    assert verdicts["reasons"].iloc[0] == "NO_EDGE: beyond holding less it saves at most 0.00%"
    assert found["edge_low_frac"].notna().all(), "what was drawn is published"
    verdicts, found = judge_ladders(TONIGHT, NONE, DEFAULT_UNIVERSE, scopes("?"), rule,
                                    evaluated(TONIGHT, nights=100, windows=3, deep=1))  # fmt: skip
    assert (verdicts["verdict"].tolist(), found["edge_low_frac"].isna().all()) == (["INSUFFICIENT"], True)


def _beside_its_control(*, saves, held=(), blocked=1.0, windows=(3, 3)):
    """The default ladder, refused on every night, and its control that was always held, on a host that fell deep."""
    control = frames.conform(TONIGHT.assign(profile=UNFILTERED_TWIN), LADDER_SIGNALS)
    signals = frames.concat([TONIGHT, control], LADDER_SIGNALS)
    returns = np.random.default_rng(5).normal(0.0005, 0.01, 400)
    returns[200:220] = -0.012
    earned = np.where(returns < -0.01, 0.006, -0.0004) if saves else np.full(400, -0.0004)
    gain = np.vstack([np.zeros(2), np.column_stack([np.zeros(400), earned]).cumsum(axis=0)])
    nights = np.arange(401)
    paths = Paths(
        dates=np.datetime64("2025-01-01") + nights, price=100.0 * np.cumprod(1.0 + np.append(0.0, returns))[:, None]
        + np.zeros(2), gain=dict.fromkeys(FILLS, gain), notional_usd=np.ones(2),
        is_held=np.column_stack([np.isin(nights, held), nights >= 0]),
        refused_count=np.column_stack([nights, 0 * nights]).astype(float),
    )  # fmt: skip
    standing = pd.DataFrame({"pass_rate_deploy_frac": [0.0, 1.0], "filter_blocks_trigger_frac": [blocked, 0.0],
                             "acid_test_ratio": [5.0, 5.0]})  # fmt: skip
    return signals, Evaluation(
        ladders=signals[LADDER].astype("str"), paths=paths, standing=standing, has_trigger=np.ones(2, dtype=bool),
        table=measures(paths, [], 0.0).assign(stress_windows_count=windows), bill_rate=0.0,
    )  # fmt: skip


@pytest.mark.parametrize(
    ("night", "told", "missing", "code"),
    [
        pytest.param({"saves": False}, "nbbo", 0, "BLOCKED_EITHER_WAY", id="it never bought"),
        pytest.param({"saves": False, "held": [20]}, "nbbo", 0, "BLOCKED_EITHER_WAY", id="nor when the host fell"),
        pytest.param({"saves": False, "windows": (0, 3)}, "nbbo", 0, "BLOCKED_EITHER_WAY", id="nor in stress"),
        pytest.param({"saves": False, "windows": (0, 2)}, "nbbo", 0, "TOO_FEW_STRESS_WINDOWS", id="there were too few"),
        pytest.param({"saves": False, "blocked": 0.49}, "nbbo", 0, "NEVER_HELD", id="triggers passed"),
        pytest.param({"saves": False, "blocked": np.nan}, "nbbo", 0, "NEVER_HELD", id="no trigger"),
        pytest.param({"saves": True}, "nbbo", 0, "NEVER_HELD", id="without the filter it saves"),
        pytest.param({"saves": True, "held": [20]}, "nbbo", 0, "NO_DEEP_LOSS", id="it does, and this bought once"),
        pytest.param({"saves": False}, "?", 0, "QUOTE_SCOPE", id="the control has no evidence either"),
        pytest.param({"saves": False}, "nbbo", 1, "TOO_MANY_GAPS", id="its own nights are not enough"),
    ],
)
def test_a_ladder_that_the_filter_keeps_out_falls_apart_if_it_would_without(night, told, missing, code):
    signals, evaluation = _beside_its_control(**night)
    counted = signals.assign(nights_count=1, missing_count=[missing, 0], untrusted_count=0)
    verdicts, found = judge_ladders(signals, NONE, DEFAULT_UNIVERSE, scopes(told), EvidenceRule(min_nights=1),
                                    evaluation, counted)  # fmt: skip
    verdict = "FALLS_APART" if code == "BLOCKED_EITHER_WAY" else "INSUFFICIENT"
    assert (verdicts["verdict"].iloc[0], verdicts["reasons"].iloc[0].split(":")[0]) == (verdict, code)
    assert found["edge_low_frac"].isna().iloc[0], "nothing is drawn of what was not there"


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
