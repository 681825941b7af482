"""An invented, tiny but complete night for the report: three hosts, VIX and VXX calls, native puts, a missing chain."""

from dataclasses import dataclass, field

import numpy as np
import pandas as pd
import pytest

from alvh_core import frames
from alvh_core.schemas import NIGHT_TABLES, PRICED_QUOTES, TABLES
from alvh_core.universe import DEFAULT_UNIVERSE, extend_universe

DAY, SHA, QUOTES = pd.Timestamp("2026-07-16"), "0" * 64, "core_options__daily_quotes"
LEGS = {  # hedge, right: strike, forward, bid, ask of the three layers
    ("VIX", "C"): [(19, 18.55, 1.72, 1.78), (22, 20.34, 2.57, 2.65), (23, 21.1, 2.9, 3.0)],
    ("VXX", "C"): [(30, 29.0, 1.28, 2.74), (31, 29.5, 2.26, 4.55), (32, 30.0, 2.59, 5.9)],
    ("SPX", "P"): [(6000, 6100.0, 60.0, 61.0), (5900, 6150.0, 120.0, 122.0), (5800, 6200.0, 180.0, 183.0)],
    ("XLK", "P"): [(280, 290.0, 5.0, 5.6), None, (270, 295.0, 12.0, 13.0)],
}
EXPIRIES, DAYS, UNITS = ("2026-08-19", "2026-10-21", "2027-02-17"), (34, 97, 216), (4, 4, 2)
FILTERS = {"VIX": ("PASS", 0.0321), "VXX": ("FAIL_ILLIQUID", 0.7171), "SPX": ("PASS", 0.0149),
           "XLK": ("MISSING_LEG", 0.08571), "EEM": ("NO_DATA", np.nan)}  # fmt: skip
WHY = {
    "PASS": "spread below the limit; ladder ARM",
    "FAIL_ILLIQUID": "FAIL_ILLIQUID: spread 71.71% of the premium (limit 8%), worst leg 77.97% (limit 16%)",
    "MISSING_LEG": "MISSING_LEG: layer 2 NO_EXPIRY",
    "NO_DATA": "NO_DATA: EEM: answered 404, expected 200",
}


@dataclass
class ReportNight:
    """Frames of the night; change them before use."""

    source_mode: str
    tables: dict = field(default_factory=dict)
    priced: pd.DataFrame | None = None
    universe: dict = field(default_factory=dict)

    def put(self, name, rows):
        """Put rows, dated and conforming, in the place of a table."""
        dated = pd.DataFrame(rows).assign(trade_date=DAY, source_mode=self.source_mode)
        self.tables[name] = frames.conform(dated, TABLES[name])


@pytest.fixture
def report_night():
    """Return a maker of nights by source mode; ``empty=True`` leaves every table without rows."""

    def make(source_mode="recorded", *, empty=False):
        night = ReportNight(source_mode=source_mode)
        night.universe = extend_universe({"include": ["VIX", "SPX", "XLK", "EEM", "VXX"]}, "test")
        night.tables = {spec.name: frames.empty(spec) for spec in NIGHT_TABLES}
        night.priced = frames.empty(PRICED_QUOTES)
        if not empty:
            _fill_ladders(night)
            _fill_market(night)
            _fill_ledger(night)
            night.priced = frames.conform(_priced(source_mode), PRICED_QUOTES)
        return night

    return make


def _ladders():
    for host in ("SPX", "XLK", "EEM"):
        kinds = [("V1_SAME_HEDGE", "VIX"), ("V2_VOL_WRAPPER", "VXX"), ("V3_NATIVE", host)]
        for variant, hedge in ([("V0_REF", "VIX")] if host == "SPX" else []) + kinds:
            yield {"host": host, "variant": variant, "hedge_symbol": hedge, "profile": "trigger_442"}


def _fill_ladders(night):
    ladders, layers = list(_ladders()), [(ladder, at) for ladder in _ladders() for at in range(3)]
    night.put("out_alvh__daily_ladder_legs", [ladder | _leg(ladder, at) for ladder, at in layers])
    night.put("out_alvh__daily_ladder_signals", [_signal(ladder) for ladder in ladders])
    night.put("out_alvh__daily_verdicts", [_verdict(ladder, night.source_mode) for ladder in ladders])
    night.put("out_alvh__daily_ladder_state", [
        {**ladder, "layer_no": at + 1, "is_armed": at == 0, "armed_date": DAY if at == 0 else None, "below_count": 0,
         "retries_count": 0, "units_deployed": 0} for ladder, at in layers
    ])  # fmt: skip


def _leg(ladder, at):
    hedge, right = ladder["hedge_symbol"], "P" if ladder["variant"] == "V3_NATIVE" else "C"
    quote = LEGS.get((hedge, right), [None] * 3)[at]
    layer = {
        "layer_no": at + 1,
        "units_target": UNITS[at],
        "is_armed": at == 0,
        "leg_action": ["ARM", "IDLE", "IDLE"][at],
    }
    if quote is None:
        return layer | {"leg_status": "NO_DATA" if hedge == "EEM" else "NO_EXPIRY"}
    strike, forward, bid, ask = quote
    mid, sign = (bid + ask) / 2, 1 if right == "C" else -1
    return layer | {
        "osi_symbol": f"{hedge:<6}{EXPIRIES[at][2:].replace('-', '')}{right}{strike * 1000:08d}", "root": hedge,
        "expiry_date": EXPIRIES[at], "dte_days": DAYS[at], "forward_usd": forward, "strike_usd": strike,
        "delta_fwd": 0.51 * sign, "iv_vol": 0.8692, "bid_usd": bid, "ask_usd": ask, "mid_usd": mid,
        "spread_frac": (ask - bid) / mid, "tick_floor_frac": 0.01 / mid, "extrinsic_usd": mid,
        "break_even_usd": strike + sign * mid, "break_even_touch_usd": strike + sign * ask, "be_erosion_usd": ask - mid,
        "be_erosion_frac": 0.0136, "tenor_error_days": DAYS[at] - 30, "premium_usd": UNITS[at] * 100 * mid,
        "quote_clock": "at_close", "leg_status": "OK",
    }  # fmt: skip


def _signal(ladder):
    state, spread = FILTERS[ladder["hedge_symbol"]]
    return ladder | {
        "vix_close_vol_points": 18.77, "is_vix_provisional": False, "layers_armed_count": 1, "units_armed_count": 4,
        "units_deployed_count": 0, "s_ladder_frac": spread, "s_simple_frac": spread, "s_median_frac": spread,
        "s_worst_frac": spread * 1.1, "tick_floor_frac": 0.0046, "ladder_premium_usd": 1744.0, "action": "ARM",
        "be_erosion_max_frac": 0.0136, "quote_clock": "at_close", "filter_state": state, "spread_limit_frac": 0.08,
        "worst_leg_limit_frac": 0.16, "block_reason": WHY[state] if state != "PASS" else "",
    }  # fmt: skip


def _verdict(ladder, mode):
    state, _ = FILTERS[ladder["hedge_symbol"]]
    simulated = "SIMULATED: simulated quotes are never evidence about the market; " if mode == "simulated" else ""
    return ladder | {
        "asset_class": DEFAULT_UNIVERSE[ladder["host"]].asset_class, "verdict": "INSUFFICIENT", "nights_count": 2,
        "untrusted_count": 1,
        "tonight": "DEPLOYABLE" if state == "PASS" else "BLOCKED", "tonight_reason": WHY[state],
        "reasons": f"{simulated}TOO_FEW_NIGHTS: 2 of 250 nights with a reading of the whole ladder; "
        "TOO_SHORT: no spans",
    }  # fmt: skip


def _fill_market(night):
    clocks = {
        "SPX": ("at_close", 0.0),
        "VIX": ("at_close", -15.0),
        "VXX": ("at_close", 0.0),
        "XLK": ("in_session", 273.0),
    }
    night.put("core_options__daily_snapshots", [
        {"underlying": s, "asset_class": DEFAULT_UNIVERSE[s].asset_class, "quote_age_minutes": 48.0,
         "contracts_count": 100,
         "quote_at_utc": pd.Timestamp("2026-07-16T20:00Z") - pd.Timedelta(minutes=left), "minutes_to_close": left,
         "rendered_at_utc": "2026-07-16T20:48:00Z", "quote_clock": clock, "venue_scope": "cboe_delayed(unknown)",
         "payload_sha256": SHA} for s, (clock, left) in clocks.items()
    ])  # fmt: skip
    night.put("core_options__daily_forwards", [
        {"underlying": "VIX", "root": "VIX", "expiry_date": day, "dte_days": dte, "years": dte / 365, "discount": 0.99,
         "forward_usd": leg[1], "forward_gap_usd": 0.1, "pairs_count": 20, "forward_status": "OK"}
        for day, dte, leg in zip(EXPIRIES, DAYS, LEGS["VIX", "C"], strict=True)
    ])  # fmt: skip
    night.put("out_vol__daily_model_free", [
        {"underlying": "SPX", "iv30_vol": 0.1234, "method": "interpolated", "status": "OK", "vendor_iv30_vol": 0.1200,
         "near_expiry_date": "2026-08-14", "next_expiry_date": "2026-08-21", "hv20_vol": 0.1101},
        {"underlying": "XLK", "method": "none", "status": "NO_EXPIRY: none within 15 days of 30"},
    ])  # fmt: skip
    scored = [("underlying", "SPX", 55.375), ("underlying", "XLK", 12.1), ("asset_class", "sp500_index", 55.375)]
    night.put("out_liquidity__daily_spread_scores", [
        {"level": level, "key": key, "score": score, "s_median_frac": 0.0303, "two_sided_frac": 0.925,
         "score_min": 52.8, "contracts_count": 3191, "coverage_frac": 1.0, "members_count": 3, "score_version": "1",
         "quotes_note": "closing quotes"} for level, key, score in scored
    ])  # fmt: skip
    night.put(
        "core_market__daily_closes", [{"symbol": "SPX", "close_usd": 6100.0, "bar_date": DAY, "hv20_vol": 0.1101}]
    )
    night.put("core_rates__daily_curve", [
        {"curve_date": DAY, "tenor_years": 0.25, "par_yield_frac": 0.0384, "zero_rate_frac": 0.038,
         "payload_sha256": SHA, "row_position": 0}
    ])  # fmt: skip


def _fill_ledger(night):
    landed = [("option_chain", symbol, None) for symbol in ("SPX", "VIX", "VXX", "XLK")]
    lost = [("option_chain", "EEM", "EEM: answered 404, expected 200"), ("daily_bars", "EEM", "EEM: timed out")]
    night.put("meta_payloads", [
        {"dataset": dataset, "symbol": symbol, "reason": why, "payload_outcome": "MISSING" if why else "LANDED",
         "url": f"https://example.org/{dataset}/{symbol}", "bytes_count": None if why else 1000,
         "fetched_at_utc": None if why else "2026-07-16T22:30:00Z"} for dataset, symbol, why in landed + lost
    ])  # fmt: skip
    checks = [("CROSSED", "ask_usd,bid_usd", "row", 6), ("ROW_COUNT", "*", "night", 0)]
    night.put("meta_validations", [
        {"dataset": QUOTES, "check_name": name, "check_column": column, "severity": severity, "is_success": not faults,
         "evaluated_count": 400, "unexpected_count": faults} for name, column, severity, faults in checks
    ])  # fmt: skip
    night.put("meta_quarantine", [
        {"dataset": QUOTES, "row_key": f"SPX {i}", "row_position": i, "payload_sha256": SHA, "severity": "row",
         "rule_name": "CROSSED", "symbol": "SPX", "reason": "CROSSED: ask_usd >= bid_usd",
         "observed": f"ask_usd={i}, bid_usd={i + 1}", "rows_count": 1} for i in range(6)
    ])  # fmt: skip


def _priced(source_mode):
    """Return sixty puts and calls per chain around the forward; every fifth has no bid."""
    at = np.arange(60)
    is_call, dead = at % 2 == 0, at % 5 == 4
    side = np.where(is_call, 1.0, -1.0)
    chain = pd.DataFrame({
        "trade_date": DAY, "source_mode": source_mode, "expiry_date": "2026-08-15", "dte_days": 30, "years": 0.08,
        "option_right": np.where(is_call, "C", "P"), "strike_usd": 100.0 + side * (0.05 + at / 10), "multiplier": 100,
        "is_monthly": False, "quote_clock": "at_close", "quote_flag": np.where(dead, "ZERO_BID", "OK"),
        "forward_usd": 100.0, "iv_status": np.where(dead, "NO_BID", "OK"), "is_neg_extrinsic": False,
        "delta_fwd": np.where(dead, np.nan, 0.3 * side),
    })  # fmt: skip
    parts = [
        chain.assign(underlying=symbol, root=symbol, osi_symbol=[f"{symbol:<6}260815C{i:08d}" for i in at],
                     spread_frac=np.where(dead, 2.0, width * (1 + at / 60)))
        for symbol, width in (("SPX", 0.01), ("XLK", 0.20))
    ]  # fmt: skip
    return pd.concat(parts, ignore_index=True)
