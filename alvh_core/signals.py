"""Tonight's ladders: legs, filter and state machine put together for every host and variant.

A ladder is a host, a variant and a hedge chain. Which contract is bought is `alvh_core.ladder`, whether the spread
allows it `alvh_core.spreads`, what is armed `alvh_core.triggers`; here they meet.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any

import numpy as np
import pandas as pd

from alvh_core import frames
from alvh_core.ladder import LegRule, band_median, missing_legs, select_legs
from alvh_core.params import LAYERS, LadderProfile, SpreadRule, with_overrides
from alvh_core.schemas import LADDER_LEGS, LADDER_SIGNALS, LADDER_STATE
from alvh_core.spreads import LadderSpread, ladder_spread
from alvh_core.triggers import LADDER, advance, arm_through, carry_over, ladder_action
from alvh_core.universe import Asset, hosts

HEDGE_INDEX, REFERENCE_HOST = "VIX", "SPX"
NO_FORWARD = "no forward, see forward_status in core_options__daily_forwards"


@dataclass(frozen=True, kw_only=True)
class Ladder:
    """One ladder: who is protected, under which variant, in which chain, by which contracts and parameters."""

    host: str
    variant: str
    hedge_symbol: str
    rule: LegRule
    profile: LadderProfile


@dataclass(frozen=True, kw_only=True)
class TriggerClose:
    """Close of the trigger index on the night; NaN if unknown, provisional if not yet in the published history."""

    vol_points: float
    is_provisional: bool


@dataclass(frozen=True, kw_only=True)
class NightSignals:
    """Answers of one night: `LADDER_LEGS`, `LADDER_SIGNALS` and `LADDER_STATE`."""

    legs: pd.DataFrame
    signals: pd.DataFrame
    state: pd.DataFrame


def plan_ladders(universe: Mapping[str, Asset], priced: pd.DataFrame, profile: LadderProfile) -> list[Ladder]:
    """List the ladders of a night.

    Parameters
    ----------
    universe : mapping of str to Asset
    priced : DataFrame
        `PRICED_QUOTES`; where a host has none its proxy stands in for V3_NATIVE.
    profile : LadderProfile

    Returns
    -------
    list of Ladder
        V0_REF for the reference host; V1, V2 (one per wrapper) and V3 for every host.
    """
    available = set(priced["underlying"].unique())
    wrappers = [asset.symbol for asset in universe.values() if asset.asset_class == "volatility_etp"]
    plan = []
    for asset in hosts(universe):
        own = with_overrides(profile, dict(asset.profile_overrides), f"universe: {asset.symbol}.profile_overrides")
        call = LegRule(option_right="C", target_delta=own.target_delta)
        put = LegRule(option_right="P", target_delta=own.native_put_delta)
        native = asset.proxy if asset.proxy and asset.symbol not in available else asset.symbol
        kinds = [
            ("V1_SAME_HEDGE", HEDGE_INDEX, call),
            *(("V2_VOL_WRAPPER", w, call) for w in wrappers),
            ("V3_NATIVE", native, put),
        ]
        if asset.symbol == REFERENCE_HOST:
            kinds.insert(0, ("V0_REF", HEDGE_INDEX, call))
        plan += [Ladder(host=asset.symbol, variant=v, hedge_symbol=h, rule=r, profile=own) for v, h, r in kinds]
    return plan


def hedge_symbols(plan: Sequence[Ladder]) -> set[str]:
    """Return the chains that ladders are bought in."""
    return {ladder.hedge_symbol for ladder in plan}


def night_outcome(tables: Mapping[str, pd.DataFrame]) -> tuple[str, str | None]:
    """Say how a night ended: NO_DATA where the hedge index's chain is missing, else OK.

    Parameters
    ----------
    tables : mapping of str to DataFrame
        Every warehouse table of the night, by name.

    Returns
    -------
    outcome : {'OK', 'NO_DATA'}
    reason : str or None
    """
    signals = tables[LADDER_SIGNALS.name]
    lost = signals[(signals["hedge_symbol"] == HEDGE_INDEX) & (signals["filter_state"] == "NO_DATA")]
    if lost.empty:
        return "OK", None
    return "NO_DATA", without_trigger(str(lost["block_reason"].iloc[0])).removeprefix("NO_DATA: ")


def without_trigger(block_reason: str) -> str:
    """Return the part of a block reason that is about the filter, without what the trigger says after it."""
    parts = block_reason.split("; ")
    return "; ".join(part for part in parts if not part.startswith(("NOT_ARMED", "NO_TRIGGER", "GAVE_UP")))


def night_signals(chains: Mapping[str, pd.DataFrame], plan: Sequence[Ladder], rule: SpreadRule, *, close: TriggerClose,
                  previous: pd.DataFrame, missed_closes: Sequence[tuple[date, float]], trade_date: date,
                  source_mode: str, missing: Mapping[str, str]) -> NightSignals:  # fmt: skip
    """Compute legs, signals and the state after the night.

    Parameters
    ----------
    chains : mapping of str to DataFrame
        `PRICED_QUOTES` by underlying, quarantined strikes included with ``quote_flag`` BAD.
    plan : sequence of Ladder
    rule : SpreadRule
    close : TriggerClose
    previous : DataFrame
        `LADDER_STATE` of the latest earlier night of the same source mode.
    missed_closes : sequence of (date, close)
        Published closes of sessions between that night and this one.
    trade_date : date
    source_mode : str
    missing : mapping of str to str
        Why a chain did not arrive, by symbol.

    Returns
    -------
    NightSignals
    """
    if not plan:
        return NightSignals(legs=frames.empty(LADDER_LEGS), signals=frames.empty(LADDER_SIGNALS),
                            state=frames.empty(LADDER_STATE))  # fmt: skip
    books = _Books(chains, rule, missing)
    ladders = pd.DataFrame([[p.host, p.variant, p.hedge_symbol, p.profile.name] for p in plan], columns=LADDER)
    legs = [books.legs(ladder) for ladder in plan]
    readings = [books.reading(ladder) for ladder in plan]
    before = carry_over(previous, ladders, trade_date, source_mode)
    state = _advance_all(plan, readings, before, close, missed_closes, trade_date)
    night: dict[str, Any] = {"trade_date": pd.Timestamp(trade_date), "source_mode": source_mode}
    by_ladder = state.groupby(LADDER, observed=True, sort=False)
    parts = [by_ladder.get_group(tuple(row)) for row in ladders.itertuples(index=False)]
    leg_rows = [_leg_rows(p, leg, part) for p, leg, part in zip(plan, legs, parts, strict=True)]
    signal_rows = [_signal_row(p, r, part, close) for p, r, part in zip(plan, readings, parts, strict=True)]
    return NightSignals(
        legs=frames.conform(pd.concat(leg_rows, ignore_index=True).assign(**night), LADDER_LEGS),
        signals=frames.conform(pd.DataFrame(signal_rows).assign(**night), LADDER_SIGNALS),
        state=frames.concat([
            frames.conform(state, LADDER_STATE),
            _dormant(plan, previous, ladders, [*missed_closes, (trade_date, close.vol_points)], night),
        ], LADDER_STATE),
    )  # fmt: skip


class _Books:
    """Legs and readings by hedge chain, right and profile, made once however many hosts share them: V1 equals V0."""

    def __init__(self, chains: Mapping[str, pd.DataFrame], rule: SpreadRule, missing: Mapping[str, str]) -> None:
        self._chains, self._rule, self._missing = chains, rule, missing
        self._legs: dict[tuple[str, LegRule, LadderProfile], pd.DataFrame] = {}
        self._readings: dict[tuple[str, LegRule, LadderProfile], _Reading] = {}

    def legs(self, ladder: Ladder) -> pd.DataFrame:
        key = (ladder.hedge_symbol, ladder.rule, ladder.profile)
        if key not in self._legs:
            chain = self._chains.get(ladder.hedge_symbol)
            if chain is None or chain.empty:
                self._legs[key] = missing_legs(ladder.profile)
            else:
                self._legs[key] = select_legs(chain, ladder.rule, ladder.profile)
        return self._legs[key]

    def reading(self, ladder: Ladder) -> "_Reading":
        key = (ladder.hedge_symbol, ladder.rule, ladder.profile)
        if key not in self._readings:
            chain = self._chains.get(ladder.hedge_symbol)
            median = np.nan if chain is None else band_median(chain, ladder.rule, ladder.profile)
            why_missing = self._missing.get(ladder.hedge_symbol, "no chain" if chain is None else NO_FORWARD)
            self._readings[key] = _reading(self.legs(ladder), self._rule, median, why_missing)
        return self._readings[key]


@dataclass(frozen=True, kw_only=True)
class _Reading:
    """What the filter says of one ladder tonight, whatever the trigger does."""

    columns: Mapping[str, Any]
    passes: bool
    reason: str


def _reading(legs: pd.DataFrame, rule: SpreadRule, s_median_frac: float, why_missing: str) -> _Reading:
    spread = ladder_spread(legs, rule)
    clocks = legs["quote_clock"].dropna().astype("str")
    clock = clocks.iloc[0] if len(clocks) else None
    is_late = spread.filter_state == "PASS" and clock == "after_hours"
    reason = "AFTER_HOURS: quotes taken after hours are not tradeable" if is_late else _filter_reason(
        spread, legs, rule, why_missing
    )  # fmt: skip
    columns = {
        "s_ladder_frac": spread.s_ladder_frac, "s_simple_frac": spread.s_simple_frac,
        "s_worst_frac": spread.s_worst_frac, "s_median_frac": s_median_frac,
        "tick_floor_frac": spread.tick_floor_frac, "quote_clock": clock,
        "filter_state": "BAD_QUOTE" if is_late else spread.filter_state,  # no PASS on what could not be traded
        "ladder_premium_usd": legs["premium_usd"].sum(min_count=1),
        "be_erosion_max_frac": legs["be_erosion_frac"].max(),
    }  # fmt: skip
    return _Reading(columns=columns, passes=not reason, reason=reason)


def _filter_reason(spread: LadderSpread, legs: pd.DataFrame, rule: SpreadRule, why_missing: str) -> str:
    """Say why the filter does not pass; empty where it does."""
    state = spread.filter_state
    if state == "PASS":
        return ""
    if state == "NO_DATA":
        return f"NO_DATA: {why_missing}"
    if state in {"MISSING_LEG", "ZERO_BID", "BAD_QUOTE"}:
        bad = legs[legs["leg_status"] != "OK"]
        return f"{state}: " + ", ".join(f"layer {r.layer_no} {r.leg_status}" for r in bad.itertuples())
    if state == "FAIL_TICK":
        return f"FAIL_TICK: one tick alone is {spread.tick_floor_frac:.1%} of the premium, limit {rule.limit_frac:.0%}"
    return (
        f"FAIL_ILLIQUID: spread {spread.s_ladder_frac:.2%} of the premium (limit {rule.limit_frac:.0%}), "
        f"worst leg {spread.s_worst_frac:.2%} (limit {rule.worst_leg_frac:.0%})"
    )


def _advance_all(plan: Sequence[Ladder], readings: Sequence[_Reading], before: pd.DataFrame, close: TriggerClose,
                 missed_closes: Sequence[tuple[date, float]], trade_date: date) -> pd.DataFrame:  # fmt: skip
    """Run the state machine once per distinct parameter set; hosts without overrides share one."""
    passes = np.repeat([reading.passes for reading in readings], len(LAYERS))
    parts = []
    for profile in dict.fromkeys(ladder.profile for ladder in plan):
        mine = np.repeat([ladder.profile == profile for ladder in plan], len(LAYERS))
        ready = arm_through(before[mine], missed_closes, profile)
        parts.append(advance(ready, close.vol_points, pd.Series(passes[mine], index=ready.index), trade_date, profile))
    return pd.concat(parts).sort_index()


def _dormant(plan: Sequence[Ladder], previous: pd.DataFrame, ladders: pd.DataFrame,
             closes: Sequence[tuple[date, float]], night: Mapping[str, Any]) -> pd.DataFrame:  # fmt: skip
    """Carry the state of ladders that sleep tonight, a proxy's or the one it stands in for, by closes alone."""
    awake = set(ladders.itertuples(index=False, name=None))
    keys = previous[LADDER].astype("str").itertuples(index=False, name=None)
    asleep = previous[np.array([key not in awake for key in keys], dtype=bool)].assign(**night)
    profiles = {ladder.host: ladder.profile for ladder in plan}
    parts = [arm_through(part, closes, profiles[str(host)]) if host in profiles else part  # a host left out tonight
             for host, part in asleep.groupby("host", observed=True)]  # fmt: skip
    return frames.concat([frames.conform(part, LADDER_STATE) for part in parts], LADDER_STATE)


def _leg_rows(ladder: Ladder, legs: pd.DataFrame, state: pd.DataFrame) -> pd.DataFrame:
    return legs.assign(
        host=ladder.host, variant=ladder.variant, hedge_symbol=ladder.hedge_symbol, profile=ladder.profile.name,
        is_armed=state["is_armed"].to_numpy(), leg_action=state["leg_action"].astype("str").to_numpy(),
    )  # fmt: skip


def _signal_row(ladder: Ladder, reading: _Reading, state: pd.DataFrame, close: TriggerClose) -> dict[str, Any]:
    armed = state["is_armed"].to_numpy()
    units = np.array(ladder.profile.units)
    action = ladder_action([str(a) for a in state["leg_action"]])
    return {
        "host": ladder.host, "variant": ladder.variant, "hedge_symbol": ladder.hedge_symbol,
        "profile": ladder.profile.name, "vix_close_vol_points": close.vol_points,
        "is_vix_provisional": close.is_provisional, "layers_armed_count": int(armed.sum()),
        "units_armed_count": int(units[armed].sum()), "units_deployed_count": int(state["units_deployed"].sum()),
        **reading.columns, "action": action, "block_reason": _block_reason(ladder, reading, state, close, action),
    }  # fmt: skip


def _block_reason(ladder: Ladder, reading: _Reading, state: pd.DataFrame, close: TriggerClose, action: str) -> str:
    """Say why nothing is bought: the filter first, then the trigger; empty where something is."""
    if action == "DEPLOY":
        return ""
    reasons = [reading.reason] if reading.reason else []
    if np.isnan(close.vol_points):
        reasons.append("NO_TRIGGER: close of the trigger index unknown, state held")
    elif not state["is_armed"].any():
        reasons.append(
            f"NOT_ARMED: VIX closed at {close.vol_points:.2f}, first level {ladder.profile.levels_vol_points[0]:g}"
        )
    elif action == "HOLD" and (state["retries_count"] >= ladder.profile.max_retries).any():
        reasons.append(f"GAVE_UP: blocked on {ladder.profile.max_retries} sessions")
    return "; ".join(reasons)
