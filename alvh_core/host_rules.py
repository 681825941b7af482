"""What the rules that hosts declare say tonight, layer by layer, each with the state it is in and the reason.

Which rules a host has is `alvh_core.declared_rules`; what the ladder makes of it `alvh_core.triggers`. A rule without
the data it needs says so and changes nothing.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from functools import cached_property
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from alvh_core import frames
from alvh_core.basis.closes import Closes
from alvh_core.basis.indicators import night_indicators
from alvh_core.declared_rules import DeclaredRule
from alvh_core.indicators import crosses, macd
from alvh_core.ladders import host_profiles
from alvh_core.params import LAYERS, LadderProfile
from alvh_core.registry.basis import EVENT_WINDOWS, HOST_BASIS, MACRO_CONTEXT
from alvh_core.registry.rules import HOST_RULES
from alvh_core.universe import Asset, hosts


@dataclass(frozen=True, kw_only=True, eq=False)
class NightContext:
    """What rules read: tonight's closes, and the tables that were made of them.

    Attributes
    ----------
    closes : Closes
    indicators, basis, windows, macro : DataFrame
        `INDICATORS`, `HOST_BASIS`, `EVENT_WINDOWS`, `MACRO_CONTEXT`.
    has_calendar : bool
        Whether any macro calendar is known.
    """

    closes: Closes
    indicators: pd.DataFrame
    basis: pd.DataFrame
    windows: pd.DataFrame
    macro: pd.DataFrame
    has_calendar: bool

    @cached_property
    def indicators_of(self) -> Mapping[str, Any]:
        """Rows of the indicators by symbol."""
        return _by_name(self.indicators, "symbol")

    @cached_property
    def basis_of(self) -> Mapping[str, Any]:
        """Rows of the basis by host."""
        return _by_name(self.basis, "host")

    @cached_property
    def macro_of(self) -> Mapping[str, Any]:
        """Rows of the macro context by host."""
        return _by_name(self.macro, "host")


@dataclass(frozen=True, kw_only=True)
class Saying:
    """What a rule says of one layer."""

    state: str
    reason: str
    level_factor: float = float("nan")
    level_vol_points: float = float("nan")
    blocks_new: bool = False
    is_arming: bool | None = None
    ignores_index: bool = False


def night_rules(universe: Mapping[str, Asset], context: NightContext, profile: LadderProfile, trade_date: pd.Timestamp,
                source_mode: str) -> pd.DataFrame:  # fmt: skip
    """Return `HOST_RULES` of the night.

    Parameters
    ----------
    universe : mapping of str to Asset
    context : NightContext
    profile : LadderProfile
        Whose levels are told beside the factor, with what the host's entry lays over them.
    trade_date : Timestamp
    source_mode : str

    Returns
    -------
    DataFrame
        One row per host, declared rule and layer it speaks to.
    """
    shared, own = {"event_window": _event_window(context)}, host_profiles(universe, profile)
    rows = []
    for asset in hosts(universe):
        for rule in asset.declared:
            said = shared.get(rule.kind) or _SAYINGS[rule.kind](asset, rule, context, own[asset.symbol])
            of_layer = said if isinstance(said, Mapping) else dict.fromkeys(LAYERS, said)
            rows += [_row(asset, rule, layer, of_layer[layer]) for layer in rule.layers]
    frame = pd.DataFrame(rows, columns=[n for n in HOST_RULES.names if n not in {"trade_date", "source_mode"}])
    return frames.conform(frame.assign(trade_date=trade_date, source_mode=source_mode), HOST_RULES)


def replayed_rules(universe: Mapping[str, Asset], bars: pd.DataFrame, days: Sequence[date], profile: LadderProfile,
                   source_mode: str) -> pd.DataFrame:  # fmt: skip
    """Return `HOST_RULES` of sessions whose nights are missing, of closes up to each and of nothing after it.

    Parameters
    ----------
    universe : mapping of str to Asset
        As declared tonight: a night that never was left no other.
    bars : DataFrame
        `DAILY_BARS` of tonight.
    days : sequence of date
    profile : LadderProfile
    source_mode : str

    Returns
    -------
    DataFrame
        Only closes arm and disarm. Breadth, events and macro data, which move no layer of a night that bought nothing,
        are not looked up and say ``NO_DATA``.
    """
    if not days:
        return frames.empty(HOST_RULES)
    every = Closes.of(bars)
    return frames.concat([_replayed(universe, every, day, profile, source_mode) for day in days], HOST_RULES)


def _replayed(universe: Mapping[str, Asset], closes: Closes, day: date, profile: LadderProfile,
              source_mode: str) -> pd.DataFrame:  # fmt: skip
    known, at = closes.until(np.datetime64(day, "D")), pd.Timestamp(day)
    context = NightContext(
        closes=known, indicators=night_indicators(known, at, source_mode), basis=frames.empty(HOST_BASIS),
        windows=frames.empty(EVENT_WINDOWS), macro=frames.empty(MACRO_CONTEXT), has_calendar=False,
    )  # fmt: skip
    return night_rules(universe, context, profile, at, source_mode)


def _row(asset: Asset, rule: DeclaredRule, layer: int, said: Saying) -> dict[str, Any]:
    state = said.state if rule.is_enabled or said.state in {"WARMING_UP", "NO_DATA"} else "OFF"
    return {"host": asset.symbol, "host_rule": rule.kind, "layer_no": layer, "is_enabled": rule.is_enabled,
            "rule_state": state, "rule_reason": said.reason, "level_factor": said.level_factor,
            "level_vol_points": said.level_vol_points, "is_new_blocked": said.blocks_new, "is_arming": said.is_arming,
            "is_index_ignored": said.ignores_index}  # fmt: skip


def _by_name(frame: pd.DataFrame, name: str) -> dict[str, Any]:
    return {str(getattr(row, name)): row for row in frame.itertuples(index=False)}


def _event_window(context: NightContext) -> Saying:
    """Hold back what is new between the close before a release and the release; what is held stays."""
    if not context.has_calendar:
        return Saying(state="NO_DATA", reason="no macro calendar is known tonight")
    blocking = context.windows[context.windows["is_blocking"]]
    if blocking.empty:
        return Saying(state="CLEAR", reason="no release before the next close")
    told = ", ".join(f"{r.event_type} {r.event_date:%Y-%m-%d}" for r in blocking.itertuples(index=False))
    return Saying(state="ACTIVE", reason=f"released before the next close: {told}", blocks_new=True)


def _rsi(asset: Asset, rule: DeclaredRule, context: NightContext, profile: LadderProfile) -> dict[int, Saying] | Saying:
    """Move the levels of every ladder by where the host's RSI stands in its own three years: ``L (1 - alpha z)``."""
    own = context.indicators_of.get(asset.symbol)
    if own is None:
        return Saying(state="NO_DATA", reason=f"no bars of {asset.symbol}")
    if own.rsi_status != "OK" or np.isnan(own.rsi_pctile_frac):
        return Saying(state="WARMING_UP", reason=f"{own.bars_count} bars, 250 are needed")
    side = -1.0 if rule.mode == "oversold_earlier" else 1.0
    z = side * (2.0 * own.rsi_pctile_frac - 1.0)
    reason = f"RSI {own.rsi14:.1f} is above {own.rsi_pctile_frac:.0%} of its own; {rule.mode}, alpha {rule.alpha:g}"
    if rule.alpha == 0.0:
        return Saying(state="CLEAR", reason=f"{reason}: levels stay")
    factor = 1.0 - rule.alpha * z
    levels = {layer: factor * level for layer, level in zip(LAYERS, profile.levels_vol_points, strict=True)}
    told = f"{reason}: levels times {factor:.3f}"
    return {layer: Saying(state="ACTIVE", reason=f"{told}, {level:.2f} of {profile.name}", level_factor=factor,
                          level_vol_points=level) for layer, level in levels.items()}  # fmt: skip


def _ad(asset: Asset, rule: DeclaredRule, context: NightContext, profile: LadderProfile) -> Saying:
    """Tell how well the host goes with breadth: where it does not, VIX is a poor alarm for it. It moves no level."""
    own = context.basis_of.get(asset.symbol)
    if own is None or own.ad_status != "OK":
        state = "NO_DATA" if own is None or own.ad_status == "NO_DATA" else "WARMING_UP"
        return Saying(state=state, reason="too few sessions with both the host's return and breadth")
    told = f"correlation with the breadth of all others {own.ad_corr63:.2f} ± {own.ad_corr_se:.2f} over 63 sessions"
    diverges = not pd.isna(own.is_ad_divergence) and bool(own.is_ad_divergence)
    return Saying(state="ACTIVE" if diverges else "CLEAR", reason=f"{told}{'; diverges' if diverges else ''}")


def _macd(
    asset: Asset, rule: DeclaredRule, context: NightContext, profile: LadderProfile
) -> dict[int, Saying] | Saying:
    """Arm the second layer by a recent bearish cross, the third by the line below zero after it, both above the floor.

    A bullish cross since disarms both; so does the first layer when it disarms, see `alvh_core.triggers`. The floor
    keeps volatility from being bought on drift of rates alone.
    """
    every = context.closes.of_symbol(asset.symbol)
    has_bar = ~np.isnan(every)
    closes = every[has_bar]
    own = context.indicators_of.get(asset.symbol)
    if own is None or not has_bar[-1:].all() or own.macd_status == "NO_DATA":
        return Saying(state="NO_DATA", reason=f"no bar of {asset.symbol} tonight: layers are held", ignores_index=True)
    if own.macd_status != "OK":
        return Saying(state="WARMING_UP", reason=f"{own.bars_count} bars, 85 are needed")
    vix = context.closes.of_symbol("VIX")[has_bar]
    if np.isnan(vix[-1]):
        return Saying(state="NO_DATA", reason="close of VIX unknown: layers are held", ignores_index=True)
    line = macd(closes)
    crossed = crosses(line.histogram)
    last = int(np.flatnonzero(crossed)[-1]) if crossed.any() else -1
    if last < 0 or crossed[last] > 0:
        return Saying(state="CLEAR", reason="no bearish cross, or a bullish one since: disarmed", is_arming=False,
                      ignores_index=True)  # fmt: skip
    arms = _macd_layers(line.line, vix, last, rule)
    told = (
        f"bearish cross {len(crossed) - 1 - last} sessions ago, line {line.line[-1]:.2f}, VIX {vix[-1]:.2f}, "
        f"floor {rule.floor_vol_points:g}"
    )
    return {layer: Saying(state="ACTIVE" if is_on else "CLEAR", reason=told, is_arming=True if is_on else None,
                          ignores_index=True) for layer, is_on in zip(LAYERS, (False, *arms), strict=True)}  # fmt: skip


def _macd_layers(line: NDArray[np.float64], vix: NDArray[np.float64], last: int,
                 rule: DeclaredRule) -> tuple[bool, bool]:  # fmt: skip
    """Tell whether the second and the third layer arm tonight, the newest bearish cross being at ``last``.

    The second arms within some sessions of the cross, VIX at its floor or above. The third arms on a session after one
    on which the second could, when the line falls through zero with VIX there too.
    """
    sessions = np.arange(last, len(line))
    is_high = vix[last:] >= rule.floor_vol_points
    second = is_high & (sessions - last < rule.recent_sessions)
    if not second.any():
        return False, False
    first = last + int(np.argmax(second))
    falls = (line[1:] < 0.0) & (line[:-1] >= 0.0)
    third = bool(falls[first:].any() and line[-1] < 0.0 and is_high[-1])
    return bool(second[-1]), third


def _macro(asset: Asset, rule: DeclaredRule, context: NightContext, profile: LadderProfile) -> Saying:
    own = context.macro_of.get(asset.symbol)
    if own is None or np.isnan(own.reer_level):
        return Saying(state="NO_DATA", reason="no real effective exchange rate is known")
    ratio = f"{own.ppi_event_ratio:.2f}" if own.context_status == "OK" else f"unknown, {own.ppi_events_count} releases"
    told = f"REER {own.reer_level:.1f} of {own.reer_date:%Y-%m}; moves on PPI days over others {ratio}"
    return Saying(state="CLEAR", reason=f"{told}; context, no trigger")


_SAYINGS = {"rsi_percentile": _rsi, "ad_correlation": _ad, "macd_cross": _macd, "macro_context": _macro}


def crypto_hosts(universe: Mapping[str, Asset]) -> Sequence[str]:
    """Return the hosts that declare the macro context."""
    return [a.symbol for a in hosts(universe) if any(rule.kind == "macro_context" for rule in a.declared)]
