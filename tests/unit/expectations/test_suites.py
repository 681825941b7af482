"""Every dataset's suite: a conforming frame passes, each planted fault is found with its code, row and severity."""

import numpy as np
import pandas as pd
import pytest

from alvh_core import frames
from alvh_core.errors import ContractError
from alvh_core.registry.costs import COSTS, DIVIDEND_VALUE, HELD_SCENARIOS, PAIRS
from alvh_core.schemas import (
    BREADTH,
    DAILY_BARS,
    DAILY_RATIOS,
    LADDER_LEGS,
    LADDER_SIGNALS,
    LADDER_STATE,
    LISTED_YIELDS,
    MODEL_FREE,
    OPTION_QUOTES,
    OUT_TABLES,
    RATE_CURVE,
    SPREAD_SCORES,
    VERDICTS_TABLE,
)
from expectations import suites
from expectations.gate import validate_answers
from expectations.runner import validate

NAN = float("nan")
NIGHT = {"trade_date": pd.Timestamp("2026-08-21"), "source_mode": "recorded"}
LADDER = {"host": "SPX", "variant": "V0_REF", "hedge_symbol": "VIX", "profile": "trigger_442"}


def _codes(report):
    """Pairs of position and reason code, in order."""
    found = [(position, rule.name) for rule, outcome in report.broken for position in outcome.positions]
    return sorted(found, key=lambda pair: pair[0])


SOUND = {  # what `alvh_core.quality` finds on a sound contract, expiry and chain
    "symbol_status": "OK", "root_settlement": "SOQ", "settle_gap_minutes": 0.0, "dte_gap_days": 0.0,
    "years_gap_days": 0.0, "root_multiplier": NAN, "is_root_adjusted": False, "off_cent_usd": 0.0, "bid_cap_usd": 99.0,
    "vol_cap_usd": NAN, "vol_floor_usd": NAN, "strike_frac": 1.0, "listed_low_frac": 0.05, "listed_high_frac": 25.0,
    "monotone_usd": 0.0, "vertical_usd": 0.0, "butterfly_usd": 0.0, "calendar_usd": 0.0,
}  # fmt: skip
SOUND_EXPIRY = {
    "centre_frac": 1.0, "centre_low_frac": 0.2, "centre_high_frac": 6.0, "term_frac": 1.0, "term_low_frac": 0.25,
    "term_high_frac": 4.0, "max_dte_days": 450.0, "dte_days": 61, "paired_frac": NAN, "wrong_delta_frac": 0.0,
    "same_quotes_count": 0.0, "distinct_quotes_count": NAN, "twin_gap_frac": 0.0,
}  # fmt: skip
SOUND_CHAIN = {
    "call_frac": 0.5, "bodies_count": 1, "quote_age_minutes": 15.0, "quote_clock": "at_close", "due_clock": "at_close",
    "is_session": True, "is_of_session": True, "off_tick_frac": 0.01, "spot_frac": 1.02, "spot_low_frac": 0.3,
    "spot_high_frac": 2.5, "close_frac": NAN, "close_low_frac": 0.3, "close_high_frac": 3.0,
}  # fmt: skip


# --- option quotes ----------------------------------------------------------------------------------------------------
def _quotes(n=6):
    frame = frames.conform(
        pd.DataFrame({
            **NIGHT, "osi_symbol": [f"VIXW  261021C000{20 + k}000" for k in range(n)], "underlying": "VIX",
            "root": "VIXW",
            "expiry_date": "2026-10-21", "option_right": "C", "strike_usd": 20.0 + np.arange(n), "settlement": "SOQ",
            "settle_at_utc": "2026-10-21T13:30:00Z", "dte_days": 61, "years": 0.167, "multiplier": 100,
            "is_adjusted": False, "is_monthly": True, "bid_usd": 1.0, "ask_usd": 1.1, "quote_flag": "OK",
            "quote_at_utc": "2026-08-21T20:00:00Z", "quote_age_minutes": 15.0, "quote_clock": "at_close",
            "payload_sha256": "a" * 64, "row_position": np.arange(n),
        }),
        OPTION_QUOTES,
    )  # fmt: skip
    return frame.assign(
        intrinsic_forward_usd=[0.5, NAN, 0.5, 0.5, 0.5, 0.5][:n], intrinsic_tolerance_usd=0.05, absurd_ask_usd=NAN,
        duplicate_no=0, **SOUND,
    )  # fmt: skip


def _planted(**columns):
    """Good quotes with row 2 (or the rows given) changed."""
    frame = _quotes()
    for column, value in columns.items():
        if isinstance(frame[column].dtype, pd.CategoricalDtype):
            frame[column] = frame[column].astype("str")
        frame.loc[2, column] = value
    return frames.conform(frame, OPTION_QUOTES).assign(
        **{name: frame[name] for name in frame.columns if name not in OPTION_QUOTES.names}
    )


def test_good_quotes_pass():
    assert not validate(_quotes(), suites.option_quotes_suite()).broken


@pytest.mark.parametrize(
    "columns",
    [
        pytest.param({"bid_usd": 0.0, "quote_flag": "ZERO_BID"}, id="zero-bid"),
        pytest.param({"bid_usd": 0.0, "quote_flag": "ZERO_BID", "absurd_ask_usd": 3.0}, id="zero-bid-sane-ask"),
        pytest.param({"bid_usd": NAN, "ask_usd": NAN, "quote_flag": "NO_QUOTE"}, id="no-quote"),
        pytest.param({"ask_usd": NAN, "quote_flag": "NO_QUOTE"}, id="no-ask"),
        pytest.param({"ask_usd": 0.0, "quote_flag": "NO_QUOTE", "intrinsic_forward_usd": 0.0}, id="zero-ask"),
        pytest.param({"ask_usd": 1.0, "quote_flag": "LOCKED"}, id="locked"),
        pytest.param({"is_adjusted": True, "root": "SDS1", "is_root_adjusted": True}, id="adjusted"),
        pytest.param({"osi_symbol": "VIX   261021C00020000", "root": "VIX"}, id="twin-of-another-root"),
        pytest.param({"vendor_iv_vol": -1.0, "vendor_delta": 9.0}, id="absurd-vendor-numbers"),
        pytest.param({"intrinsic_forward_usd": 1.14}, id="intrinsic-within-tolerance"),
        pytest.param({"bid_size_count": NAN, "volume_count": NAN, "open_interest_count": NAN}, id="no-sizes"),
    ],
)
def test_facts_about_a_market_are_no_faults(columns):
    assert not validate(_planted(**columns), suites.option_quotes_suite()).broken


@pytest.mark.parametrize(
    ("columns", "code"),
    [
        pytest.param({"bid_usd": 1.2}, "CROSSED", id="crossed"),
        pytest.param({"bid_usd": NAN}, "QUOTE_INCOMPLETE", id="ok-without-bid"),
        pytest.param({"ask_usd": NAN}, "QUOTE_INCOMPLETE", id="ok-without-ask"),
        pytest.param({"intrinsic_forward_usd": 1.16}, "ASK_BELOW_INTRINSIC", id="below-intrinsic"),
        pytest.param({"absurd_ask_usd": 1.05}, "ABSURD_ASK", id="absurd-ask"),
        pytest.param({"duplicate_no": 1}, "DUPLICATE", id="duplicate"),
        pytest.param({"symbol_status": "ROOT"}, "SYMBOL_ROOT", id="symbol-root"),
        pytest.param({"symbol_status": "EXPIRY"}, "SYMBOL_EXPIRY", id="symbol-expiry"),
        pytest.param({"symbol_status": "RIGHT"}, "SYMBOL_RIGHT", id="symbol-right"),
        pytest.param({"symbol_status": "STRIKE"}, "SYMBOL_STRIKE", id="symbol-strike"),
        pytest.param({"root_settlement": "PM"}, "SETTLEMENT_OF_ROOT", id="settlement"),
        pytest.param({"settle_gap_minutes": -390.0}, "SETTLE_INSTANT", id="settle-instant"),
        pytest.param({"dte_gap_days": 1.0}, "DTE_WRONG", id="dte"),
        pytest.param({"years_gap_days": 0.2}, "YEARS_WRONG", id="years"),
        pytest.param({"root_multiplier": 10.0}, "MULTIPLIER", id="multiplier"),
        pytest.param({"is_root_adjusted": True}, "ADJUSTED_FLAG", id="adjusted-unflagged"),
        pytest.param({"quote_flag": "LOCKED"}, "FLAG_WRONG", id="flag-locked"),
        pytest.param({"quote_flag": "ZERO_BID"}, "FLAG_WRONG", id="flag-zero-bid"),
        pytest.param({"quote_flag": "NO_QUOTE"}, "FLAG_WRONG", id="flag-no-quote"),
        pytest.param({"bid_usd": 0.0}, "FLAG_WRONG", id="flag-ok"),
        pytest.param({"off_cent_usd": 0.004}, "OFF_CENT", id="off-cent"),
        pytest.param({"bid_cap_usd": 0.9}, "BID_ABOVE_CAP", id="bid-above-cap"),
        pytest.param({"vol_cap_usd": 0.9}, "BID_ABOVE_VOL_CAP", id="bid-above-vol-cap"),
        pytest.param({"vol_floor_usd": 1.2}, "ASK_BELOW_VOL_FLOOR", id="ask-below-vol-floor"),
        pytest.param({"strike_frac": 0.04}, "STRIKE_TOO_LOW", id="strike-low"),
        pytest.param({"strike_frac": 26.0}, "STRIKE_TOO_HIGH", id="strike-high"),
        pytest.param({"monotone_usd": 0.02}, "MONOTONE_ARBITRAGE", id="monotone"),
        pytest.param({"vertical_usd": 0.02}, "VERTICAL_ARBITRAGE", id="vertical"),
        pytest.param({"butterfly_usd": 0.02}, "BUTTERFLY_ARBITRAGE", id="butterfly"),
        pytest.param({"calendar_usd": 0.02}, "CALENDAR_ARBITRAGE", id="calendar"),
        pytest.param({"bid_size_count": 2e6}, "SIZE_ABSURD", id="size"),
        pytest.param({"ask_size_count": 1.5}, "SIZE_FRACTION", id="half-a-contract"),
        pytest.param({"volume_count": 1e9}, "VOLUME_ABSURD", id="volume"),
        pytest.param({"volume_count": 0.5}, "VOLUME_FRACTION", id="volume-fraction"),
        pytest.param({"open_interest_count": 1e9}, "OPEN_INTEREST_ABSURD", id="open-interest"),
        pytest.param({"open_interest_count": 0.5}, "OPEN_INTEREST_FRACTION", id="open-interest-fraction"),
        pytest.param({"bid_usd": -0.5}, "OUT_OF_RANGE", id="negative-bid"),
        pytest.param({"ask_usd": np.inf}, "OUT_OF_RANGE", id="infinite-ask"),
        pytest.param({"strike_usd": 0.0}, "OUT_OF_RANGE", id="zero-strike"),
        pytest.param({"dte_days": -1}, "OUT_OF_RANGE", id="expired"),
        pytest.param({"option_right": "X"}, "NOT_ALLOWED", id="right"),
        pytest.param({"quote_flag": None}, "NOT_NULL", id="no-flag"),
        pytest.param({"expiry_date": None}, "NOT_NULL", id="no-expiry"),
        pytest.param({"osi_symbol": "VIX261021C00022000"}, "PATTERN", id="unpadded-symbol"),
    ],
)
def test_each_row_fault_takes_out_its_row_only(columns, code):
    report = validate(_planted(**columns), suites.option_quotes_suite())
    assert _codes(report) == [(2, code)]
    assert report.worst_severity == "row"


def test_of_a_duplicate_the_first_stays_but_an_unnumbered_duplicate_takes_both_out():
    frame = _planted(osi_symbol="VIXW  261021C00020000")
    assert _codes(validate(frame.assign(duplicate_no=[0, 0, 1, 0, 0, 0]), suites.option_quotes_suite())) == [
        (2, "DUPLICATE")
    ]
    report = validate(frame, suites.option_quotes_suite())
    assert _codes(report) == [(0, "DUPLICATE_KEY"), (2, "DUPLICATE_KEY")]


def test_no_quotes_or_too_few_are_told_and_stop_nothing():
    for frame, min_rows in ((_quotes().iloc[:0], 1), (_quotes(), 7)):
        assert validate(frame, suites.option_quotes_suite(min_rows=min_rows)).worst_severity == "underlying"


def test_quotes_without_helper_columns_are_a_contract_error():
    with pytest.raises(ContractError, match="absurd_ask_usd"):
        validate(_quotes().drop(columns="absurd_ask_usd"), suites.option_quotes_suite())


# --- groups -----------------------------------------------------------------------------------------------------------
def _expiries(**columns):
    return pd.DataFrame({
        "underlying": ["VIX", "VIX", "SPY"], "root": ["VIX", "VIXW", "SPY"],
        "expiry_date": pd.to_datetime(["2026-10-21"] * 3), "contracts_count": [10, 10, 4],
        "two_sided_frac": [1.0, 0.5, 0.0],
        "calendar_status": ["OK"] * 3, "parity_status": ["OK", "UNKNOWN", "OK"],
        **(SOUND_EXPIRY | columns),
    })  # fmt: skip


def _underlyings(**columns):
    return pd.DataFrame({
        "underlying": pd.Categorical(["SPY", "VIX"]), "contracts_count": [4, 20], "two_sided_frac": [0.9, 0.25],
        "zero_quote_frac": [0.0, 0.97], "rejected_frac": [0.2, 0.0], **(SOUND_CHAIN | columns),
    })  # fmt: skip


@pytest.mark.parametrize(
    ("suite", "frame", "codes"),
    [
        (suites.expiry_suite(), _expiries(), []),
        (suites.expiry_suite(), _expiries(calendar_status=["OK", "NOT_A_SESSION", "NOT_THE_RULE_DATE"]),
         [(1, "EXPIRY_DATE"), (2, "EXPIRY_DATE")]),
        (suites.expiry_suite(), _expiries(parity_status=["BROKEN", "OK", None]),
         [(0, "PARITY_BROKEN"), (2, "NOT_NULL")]),
        (suites.expiry_suite(), _expiries(root="VIX", underlying="VIX"), [(k, "DUPLICATE_KEY") for k in range(3)]),
        (suites.underlying_suite(), _underlyings(), []),
        (suites.underlying_suite(), _underlyings(zero_quote_frac=[0.98, NAN]), [(0, "ALL_ZERO_CHAIN"), (1,
        "NOT_NULL")]),
        (suites.underlying_suite(), _underlyings(rejected_frac=[0.2001, 0.2]), [(0, "TOO_MANY_REJECTS")]),
        (suites.underlying_suite(), _underlyings(contracts_count=[0, 1]), [(0, "NO_CONTRACTS")]),
        *[(suites.expiry_suite(), _expiries(**{column: [SOUND_EXPIRY[column], value, NAN]}), [(1, code)])
          for column, value, code in (
              ("centre_frac", 0.1, "STRIKES_OFF_FORWARD"), ("term_frac", 4.1, "FORWARD_OFF_CHAIN"),
              ("paired_frac", 0.0, "UNPAIRED_STRIKES"), ("wrong_delta_frac", 0.9, "RIGHTS_SWAPPED"),
              ("same_quotes_count", 1.0, "COPIED_EXPIRY"), ("distinct_quotes_count", 1.0, "CONSTANT_QUOTES"),
              ("twin_gap_frac", 0.02, "TWIN_FORWARDS"))],
        (suites.expiry_suite(), _expiries(dte_days=[61, 451, 450]), [(1, "EXPIRY_TOO_FAR")]),
        *[(suites.underlying_suite(), _underlyings(**{column: [value, SOUND_CHAIN[column]]}), [(0, code)])
          for column, value, code in (
              ("call_frac", 0.1, "ONE_RIGHT_MISSING"), ("bodies_count", 2, "MIXED_SNAPSHOTS"),
              ("quote_age_minutes", -60.0, "CLOCK_AHEAD"), ("quote_clock", "in_session", "CLOCK_LABEL"),
              ("is_of_session", False, "OTHER_SESSION"), ("off_tick_frac", 0.9, "OFF_TICK"),
              ("spot_frac", 0.1, "SPOT_OFF_FORWARD"), ("close_frac", 10.0, "CLOSE_OFF_FORWARD"))],
        (suites.underlying_suite(), _underlyings(two_sided_frac=[0.24, 0.25]), [(0, "DEAD_SNAPSHOT")]),
        (suites.underlying_suite(), _underlyings(underlying="VIX"), [(0, "DUPLICATE_KEY"), (1, "DUPLICATE_KEY")]),
    ],
)  # fmt: skip
def test_groups_are_suspended_by_their_own_severity(suite, frame, codes):
    report = validate(frame, suite)
    assert _codes(report) == codes
    if codes:
        assert report.worst_severity == ("expiry" if suite.dataset == "option_expiries" else "underlying")


@pytest.mark.parametrize("suite", [suites.expiry_suite(), suites.underlying_suite()], ids=lambda suite: suite.dataset)
def test_no_groups_at_all_are_told_and_stop_nothing(suite):
    report = validate(pd.DataFrame({name: [] for name in suite.columns}), suite)
    assert report.broken
    assert not report.has_night_failure


# --- bars and rates ---------------------------------------------------------------------------------------------------
def _bars(**columns):
    return frames.conform(
        pd.DataFrame({
            **NIGHT, "symbol": "VIX", "bar_date": pd.to_datetime(["1990-01-02", "2026-08-20", "2026-08-21"]),
            "open_usd": [17.24, 20.0, NAN], "high_usd": [17.24, 21.0, NAN], "low_usd": [17.24, 19.0, NAN],
            "close_usd": [17.24, 21.00001, 20.0], "payload_sha256": "b" * 64, "row_position": [0, 1, 2], **columns,
        }),
        DAILY_BARS,
    )  # fmt: skip


@pytest.mark.parametrize(
    ("columns", "codes"),
    [
        ({}, []),
        ({"close_usd": [17.24, 21.1, 20.0]}, [(1, "CLOSE_OUTSIDE_BAR")]),
        ({"high_usd": [17.24, 18.0, NAN], "close_usd": [17.24, 18.5, 20.0]},
         [(1, "HIGH_BELOW_LOW"), (1, "CLOSE_OUTSIDE_BAR")]),
        ({"close_usd": [0.0, 20.0, 20.0], "low_usd": [0.0, 19.0, NAN]}, [(0, "OUT_OF_RANGE")]),
        ({"bar_date": pd.to_datetime(["1990-01-02", "2026-08-20", "2026-08-24"])}, [(2, "AFTER_THE_NIGHT")]),
        ({"bar_date": pd.Timestamp("2026-08-20")}, [(k, "DUPLICATE_KEY") for k in range(3)]),
    ],
)  # fmt: skip
def test_daily_bars(columns, codes):
    report = validate(_bars(**columns), suites.daily_bars_suite())
    assert _codes(report) == codes
    assert report.worst_severity == ("row" if codes else None)


def _curve(**columns):
    return frames.conform(
        pd.DataFrame({
            **NIGHT, "curve_date": pd.Timestamp("2026-08-20"), "tenor_years": [0.25, 1.0],
            "par_yield_frac": [0.04, 0.041],
            "zero_rate_frac": [0.0398, 0.0405], "payload_sha256": "c" * 64, "row_position": [0, 1], **columns,
        }),
        RATE_CURVE,
    )  # fmt: skip


def test_the_yields_of_earlier_dates():
    rows = _curve().drop(columns="zero_rate_frac").assign(curve_date=pd.to_datetime(["2026-08-19", "2026-08-22"]))
    rows = frames.conform(rows.assign(par_yield_frac=[0.3, 0.04]), LISTED_YIELDS)
    found = validate(rows, suites.listed_yields_suite())
    assert _codes(found) == [(0, "ABSURD_YIELD"), (1, "AFTER_THE_NIGHT"), (1, "CURVE_AT_WEEKEND")]
    assert validate(frames.empty(LISTED_YIELDS), suites.listed_yields_suite()).worst_severity == "underlying"


def test_the_curve_and_that_a_missing_one_does_not_stop_the_night():
    assert not validate(_curve(), suites.curve_suite()).broken
    assert _codes(validate(_curve(zero_rate_frac=[4.0, 0.04]), suites.curve_suite())) == [(0, "OUT_OF_RANGE")]
    assert _codes(validate(_curve(curve_date="2026-08-24"), suites.curve_suite())) == [
        (0, "AFTER_THE_NIGHT"), (1, "AFTER_THE_NIGHT"),
    ]  # fmt: skip
    missing = validate(frames.empty(RATE_CURVE), suites.curve_suite())
    assert missing.worst_severity == "underlying"
    assert not missing.has_night_failure


# --- answers ----------------------------------------------------------------------------------------------------------
HELD_VALUES = ("book_mark_usd", "value_mid_usd", "value_vol_up_usd", "held_gain_usd", "liq_tonight_usd")
ANSWERS = {
    LADDER_LEGS: {
        **LADDER, "layer_no": [1, 2, 3], "units_target": [4, 4, 2], "osi_symbol": ["VIX   261021C00022000", None, None],
        "strike_usd": [22.0, NAN, NAN], "ask_usd": [1.1, NAN, NAN], "dte_days": pd.array([61, None, None],
        dtype="Int64"),
        "is_armed": [True, False, False], "leg_action": "IDLE", "leg_status": ["OK", "NO_EXPIRY", "NO_STRIKE"],
    },
    LADDER_SIGNALS: {
        **LADDER, "variant": ["V0_REF", "V1_SAME_HEDGE"], "layers_armed_count": [1, 0], "units_armed_count": [4, 0],
        "units_deployed_count": [4, 0], "s_ladder_frac": [0.0799, NAN], "s_simple_frac": [0.08, NAN],
        "s_worst_frac": [0.1, NAN], "quote_clock": "at_close",
        "filter_state": ["PASS", "NO_DATA"], "action": ["DEPLOY", "IDLE"], "s_buy_frac": [0.07, NAN],
        "buy_filter_state": ["PASS", None], "spread_limit_frac": 0.08, "worst_leg_limit_frac": 0.16,
    },
    LADDER_STATE: {
        **LADDER, "layer_no": [1, 2, 3], "is_armed": [True, True, False], "armed_date": ["2026-08-20",
        "2026-08-21", None],
        "below_count": 0, "retries_count": 0, "units_deployed": [4, 0, 0], "deployed_date": ["2026-08-21", None, None],
    },
    SPREAD_SCORES: {
        "level": ["expiry", "underlying"], "key": ["VIX 2026-10-21", "VIX"], "score": [60.0, 55.0],
        "two_sided_frac": 0.9,
        "contracts_count": [30, 300], "coverage_frac": 1.0, "score_min": 10.0, "members_count": [30, 10],
        "score_version": "1", "quotes_note": "",
    },
    VERDICTS_TABLE: {
        "asset_class": "equity_index", **LADDER, "verdict": ["INSUFFICIENT"], "tonight": "BLOCKED",
        "tonight_reason": "",
        "nights_count": 1, "reasons": "one night",
    },
    BREADTH: {
        "breadth_method": ["universe", "nyse_true"], "before_date": "2026-07-15", "advances_count": [3, 0],
        "declines_count": [1, 2], "unchanged_count": 0, "members_count": [4, 2], "ad_diff_count": [2, -2],
        "ad_line_count": [7, -2], "line_from_date": "2026-07-14",
    },
    DAILY_RATIOS: {
        "symbol": ["KO", "JPM"], "close_usd": [87.0, NAN], "bar_date": ["2026-08-21", None],
        **{f"{name}_status": ["OK", "NO_FACTS"] for name in ("shares", "market_cap", "eps", "pe", "cfo", "pcf", "quick",
                                                            "dividends", "yield", "cover")},
        "shares_count": [4e9, NAN], "market_cap_usd": [3.48e11, NAN], "eps_ttm_usd": [4.0, NAN],
        "pe_ratio": [21.75, NAN], "cfo_ttm_usd": [2e10, NAN], "pcf_ratio": [17.4, NAN], "quick_ratio": [1.1, NAN],
        "dividends_ttm_usd": [2.0, NAN], "dividend_yield_frac": [0.023, NAN], "earnings_cover": [2.0, NAN],
        "period_end_date": ["2026-06-30", None], "available_date": ["2026-08-05", None], "is_stale": False,
    },
    PAIRS: {
        "host": ["SPX", "XLF"], "pair_symbol": ["XLE", None], "pair_direction": [-1, None], "pair_candidates_count": 3,
        "pair_nobs_count": 250, "pair_choice_stress_count": [12, 4], "pair_stress_count": [11, 6],
        "pair_weight_frac": 0.3, "pair_corr_stress": [0.4, NAN], "pair_choice_es": [0.01, NAN],
        "pair_incremental_es": [0.008, NAN], "pair_p_value": [0.03, NAN], "pair_status": ["KEPT", "INSUFFICIENT"],
        "pair_reason": "x", "profile": "ratio_4_4_2",
    },
    HELD_SCENARIOS: {
        **LADDER, "variant": ["V0_REF", "V1_SAME_HEDGE", "V3_NATIVE"], "shock_vol_points": 10, "units_open": 4,
        "held_status": ["OK", "FLOOR", "NO_QUOTE"], **{name: [1.0, 1.0, NAN] for name in HELD_VALUES},
    },
    COSTS: {
        **LADDER, "variant": ["V0_REF", "V3_NATIVE"], "hedged_notional_usd": 1e7, "cost_status": "NEVER_HELD",
        "be_shock_status": ["OK", "WEAK_BETA"], "be_shock_touch_vol_points": [1.5, NAN],
    },
    MODEL_FREE: {
        "underlying": ["SPX", "GLD"], "iv30_vol": [0.2, NAN], "method": ["interpolated", "none"],
        "status": ["OK", "NO_QUOTES"],
        "near_expiry_date": ["2026-09-18", None], "next_expiry_date": ["2026-09-25", None],
    },
}  # fmt: skip
BREACHES = [
    (LADDER_LEGS, {"ask_usd": [NAN, NAN, NAN]}, [(0, "LEG_INCOMPLETE")]),
    (LADDER_LEGS, {"osi_symbol": [None, None, None]}, [(0, "LEG_INCOMPLETE")]),
    (LADDER_LEGS, {"layer_no": [1, 2, 4]}, [(2, "OUT_OF_RANGE")]),
    (LADDER_SIGNALS, {"s_ladder_frac": [0.11, NAN], "filter_state": "FAIL_TICK", "action": "HOLD"},
     [(0, "LADDER_ABOVE_WORST")]),
    (LADDER_SIGNALS, {"s_simple_frac": [0.11, NAN]}, [(0, "SIMPLE_ABOVE_WORST")]),
    (LADDER_SIGNALS, {"s_ladder_frac": [0.08, NAN]}, [(0, "PASS_ABOVE_LIMIT")]),
    (LADDER_SIGNALS, {"s_worst_frac": [0.16, NAN]}, [(0, "PASS_ABOVE_WORST_LIMIT")]),
    (LADDER_SIGNALS, {"buy_filter_state": ["ZERO_BID", None]}, [(0, "DEPLOY_WITHOUT_PASS")]),
    (LADDER_SIGNALS, {"buy_filter_state": None}, [(0, "DEPLOY_WITHOUT_PASS")]),
    (LADDER_SIGNALS, {"s_buy_frac": [0.08, NAN]}, [(0, "BUY_ABOVE_LIMIT")]),
    (LADDER_SIGNALS, {"s_buy_frac": [0.11, NAN], "buy_filter_state": "FAIL_TICK", "action": "HOLD"},
     [(0, "BUY_ABOVE_WORST")]),
    (LADDER_SIGNALS, {"filter_state": "FAIL_TICK", "quote_clock": "after_hours"}, [(0, "BUY_AFTER_HOURS")]),
    (LADDER_SIGNALS, {"filter_state": "MAYBE", "action": "HOLD"}, [(0, "NOT_ALLOWED"), (1, "NOT_ALLOWED")]),
    (LADDER_STATE, {"armed_date": [None, "2026-08-21", None]}, [(0, "ARMED_WITHOUT_DATE")]),
    (LADDER_STATE, {"deployed_date": [None, None, None]}, [(0, "DEPLOYED_WITHOUT_DATE")]),
    (LADDER_STATE, {"armed_date": ["2026-08-24", "2026-08-21", None]}, [(0, "ARMED_AFTER_THE_NIGHT")]),
    (LADDER_STATE, {"deployed_date": ["2026-08-24", None, None]}, [(0, "DEPLOYED_AFTER_THE_NIGHT")]),
    (SPREAD_SCORES, {"score": [101.0, 55.0]}, [(0, "OUT_OF_RANGE")]),
    (SPREAD_SCORES, {"level": "expiry", "key": "VIX"}, [(0, "DUPLICATE_KEY"), (1, "DUPLICATE_KEY")]),
    (VERDICTS_TABLE, {"verdict": ["PROBABLY"]}, [(0, "NOT_ALLOWED")]),
    (BREADTH, {"unchanged_count": [0, 1]}, [(1, "COUNTS_DO_NOT_ADD_UP")]),
    (DAILY_RATIOS, {"pe_ratio": [NAN, NAN]}, [(0, "STATUS_WITHOUT_VALUE")]),
    (DAILY_RATIOS, {"quick_ratio": [1.1, 0.0]}, [(1, "VALUE_WITHOUT_STATUS")]),
    (DAILY_RATIOS, {"pe_status": ["OK", "SOON"]}, [(1, "NOT_ALLOWED")]),
    (DAILY_RATIOS, {"bar_date": ["2026-08-24", None]}, [(0, "CLOSE_AFTER_THE_NIGHT")]),
    (DAILY_RATIOS, {"available_date": ["2026-08-22", None]}, [(0, "REPORT_AFTER_THE_NIGHT")]),
    (DAILY_RATIOS, {"period_end_date": ["2026-08-06", None]}, [(0, "REPORT_BEFORE_ITS_PERIOD_ENDED")]),
    (PAIRS, {"pair_p_value": [0.1, NAN]}, [(0, "PAIR_KEPT_BY_LUCK")]),
    (PAIRS, {"pair_p_value": [NAN, NAN]}, [(0, "PAIR_KEPT_BY_LUCK")]),
    (PAIRS, {"pair_incremental_es": [NAN, NAN]}, [(0, "PAIR_KEPT_WITHOUT_TRIAL")]),
    (PAIRS, {"pair_direction": [None, None]}, [(0, "PAIR_KEPT_WITHOUT_TRIAL")]),
    (PAIRS, {"pair_weight_frac": [0.31, 0.3]}, [(0, "OUT_OF_RANGE")]),
    *((HELD_SCENARIOS, {name: [NAN, 1.0, NAN]}, [(0, "HELD_OK_MISSING")]) for name in HELD_VALUES),
    *((HELD_SCENARIOS, {name: [1.0, NAN, NAN]}, [(1, "HELD_FLOOR_MISSING")]) for name in HELD_VALUES),
    (HELD_SCENARIOS, {"held_status": ["OK", "FLOOR", "LATER"]}, [(2, "NOT_ALLOWED")]),
    (COSTS, {"be_shock_touch_vol_points": [NAN, NAN]}, [(0, "BREAK_EVEN_MISSING")]),
    (COSTS, {"cost_status": ["NEVER_HELD", "CHEAP"]}, [(1, "NOT_ALLOWED")]),
    (MODEL_FREE, {"iv30_vol": [NAN, NAN]}, [(0, "STATUS_WITHOUT_VALUE")]),
    (MODEL_FREE, {"next_expiry_date": ["2026-09-11", None]}, [(0, "EXPIRIES_SWAPPED")]),
    (MODEL_FREE, {"underlying": ["SPX", None]}, [(1, "NOT_NULL")]),
]  # fmt: skip


def _plain(table):
    """One conforming row of any table: the first legal value of every column, nothing in columns that may be empty."""
    values = {}
    for column in table.columns:
        legal = {"date": "2026-08-21", "timestamp": "2026-08-21T20:00:00+00:00", "str": "x", "category": "x",
                 "float": column.minimum or 0.0, "int": int(column.minimum or 0), "bool": False}  # fmt: skip
        if column.name not in NIGHT and not table.is_nullable(column.name):
            plain = "VIX   260819C00030000" if column.name == "osi_symbol" else legal[column.dtype]
            values[column.name] = [column.allowed[0] if column.allowed else plain]
    return values


for table in OUT_TABLES:
    if table not in ANSWERS:
        ANSWERS[table] = _plain(table)
        narrow = [c for c in table.columns if c.name not in NIGHT and not table.is_nullable(c.name)]
        chosen = next((c for c in narrow if c.allowed), None)
        low = next((c for c in narrow if c.minimum is not None and c.minimum > -1), None)
        breach = (
            ({chosen.name: ["NOBODY"]}, "NOT_ALLOWED") if chosen else ({low.name: [low.minimum - 1]}, "OUT_OF_RANGE")
        )
        BREACHES.append((table, breach[0], [(0, breach[1])]))


def _answer(table, **changes):
    return frames.conform(pd.DataFrame({**NIGHT, **ANSWERS[table], **changes}), table)


@pytest.mark.parametrize("table", OUT_TABLES, ids=lambda table: table.name)
def test_every_answer_table_accepts_a_conforming_frame_and_refuses_an_empty_one(table):
    assert not validate(_answer(table), suites.out_suite(table)).broken
    assert validate(frames.empty(table), suites.out_suite(table)).has_night_failure
    assert not validate(frames.empty(table), suites.out_suite(table, min_rows=0)).broken


@pytest.mark.parametrize(("table", "changes", "codes"), BREACHES)
def test_a_broken_answer_stops_the_night(table, changes, codes):
    report = validate(_answer(table, **changes), suites.out_suite(table))
    assert _codes(report) == codes
    assert report.has_night_failure


def test_the_limit_of_a_pass_is_the_ladders_own():
    suite = suites.out_suite(LADDER_SIGNALS)
    control = _answer(LADDER_SIGNALS, spread_limit_frac=2.0, worst_leg_limit_frac=2.0, s_ladder_frac=[0.5, NAN],
                      s_buy_frac=[0.5, NAN], s_simple_frac=[0.5, NAN], s_worst_frac=[0.9, NAN])  # fmt: skip
    assert not validate(control, suite).broken
    strict = _answer(LADDER_SIGNALS, spread_limit_frac=0.05)
    assert _codes(validate(strict, suite)) == [(0, "PASS_ABOVE_LIMIT"), (0, "BUY_ABOVE_LIMIT")]


def test_there_is_a_breach_for_every_answer_table():
    assert {table.name for table, _, _ in BREACHES} == {table.name for table in OUT_TABLES} == {t.name for t in ANSWERS}


def test_a_night_on_a_holiday_is_stopped():
    report = validate(_underlyings(is_session=[False, True]), suites.underlying_suite())
    assert report.has_night_failure
    assert _codes(report) == [(0, "NOT_A_SESSION")]


@pytest.mark.parametrize(("status", "is_fault"), [("OK", True), ("BAD_QUOTE", False)])
def test_a_crossed_leg_is_a_fault_only_where_it_is_called_buyable(status, is_fault):
    """A leg whose quote is in quarantine is shown as it was quoted, and blocks; it must not stop the night."""
    legs = _answer(LADDER_LEGS, bid_usd=[1.2, NAN, NAN], leg_status=[status, "NO_EXPIRY", "NO_STRIKE"])
    report = validate(legs, suites.out_suite(LADDER_LEGS))
    assert report.has_night_failure is is_fault


def test_a_universe_without_single_stocks_may_answer_nothing_about_them():
    nothing = {table.name: (frames.empty(table), table) for table in (DAILY_RATIOS, DIVIDEND_VALUE)}
    assert validate_answers(nothing)["is_success"].all()
