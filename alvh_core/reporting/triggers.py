"""Triggers and state machine: where the index closed, what that arms, and what the layers did."""

from collections.abc import Mapping

import pandas as pd

from alvh_core.ladders import HEDGE_INDEX
from alvh_core.params import LAYERS, LadderProfile
from alvh_core.reporting.headline import trigger_close
from alvh_core.reporting.model import Cell, Column, LegMark, Row, Table, TriggerPlot, Triggers
from alvh_core.reporting.texts import DASH, count, day, gain, known, limit, number, plain, records, tally
from alvh_core.schemas import FORWARDS, LADDER_LEGS, LADDER_STATE
from alvh_core.triggers import LADDER
from alvh_core.universe import Asset

_COLUMNS = (
    Column.words("Layer"), Column("Arms at", "Close of VIX at or above"),
    Column("Close less level", "VIX points"), Column("Disarms below", "On consecutive closes"),
    Column("Tenor", "Target, calendar days"), Column("Units"),
    Column("Ladders armed"), Column.words("Armed since"),
    Column.words("State machine tonight"), Column("Units held on paper", "Over all ladders"),
    Column("Most retries", "Sessions a deployment has been blocked"),
)  # fmt: skip


def trigger_view(tables: Mapping[str, pd.DataFrame], universe: Mapping[str, Asset], profile: LadderProfile) -> Triggers:
    """Describe tonight's close against the levels, and the state after the night.

    Parameters
    ----------
    tables : mapping of str to DataFrame
    universe : mapping of str to Asset
        Names the hosts with levels of their own.
    profile : LadderProfile

    Returns
    -------
    Triggers
    """
    close, provisional = trigger_close(tables)
    body = tuple(_layer_row(layer, tables, close, profile) for layer in LAYERS)
    return Triggers(
        lead=_lead(close, provisional, profile) if profile.mode == "trigger" else _other_lead(close, tables, profile),
        remark=_remark(universe, profile),
        plot=_plot(tables, close, profile),
        table=Table(caption="Layers", columns=_COLUMNS, rows=body),
    )


def _remark(universe: Mapping[str, Asset], profile: LadderProfile) -> str:
    if profile.mode == "always":
        return "A layer that holds nothing is bought on the first night's own quotes on which the filter passes."
    order = "A layer armed tonight sends its order to the next session's quotes, never to the same day's."
    if profile.mode == "bands":
        return f"{order} A blocked deployment is tried again for as long as the layer is armed."
    own = [s for s, asset in universe.items() if "levels_vol_points" in asset.profile_overrides]
    told = (
        f"{order} It disarms after {profile.disarm_sessions} consecutive closes below its level less "
        f"{profile.disarm_gap_vol_points:g}; a deployment that the filter refuses is tried again on "
        f"{profile.max_retries} sessions."
    )
    return f"{told} Levels of their own: {', '.join(own)}." if own else told


def _other_lead(close: float, tables: Mapping[str, pd.DataFrame], profile: LadderProfile) -> str:
    """Say what arms a profile that no close of VIX does."""
    told = f"VIX closed at {number(close)}" if known(close) else "The close of VIX is not known"
    if profile.mode == "always":
        return f"{profile.name} has no trigger: its layers are always armed. {told}; nothing follows from it."
    legs = tables[LADDER_LEGS.name]
    first = legs.loc[(legs["hedge_symbol"] == HEDGE_INDEX) & (legs["layer_no"] == 1), "forward_usd"].dropna()
    forward = number(first.iloc[0]) if len(first) else "not known"
    edges, weights = " / ".join(map(plain, profile.bands_vol_points)), " / ".join(map(limit, profile.band_weights_frac))
    return (
        f"{profile.name} has no levels: the forward of VIX at the first layer's expiry, tonight {forward}, lies in a "
        f"band. Bands end at {edges} and buy {weights} of the notional. {told}; nothing follows from it."
    )


def _lead(close: float, provisional: bool, profile: LadderProfile) -> str:
    if pd.isna(close):
        return "The close of VIX is not known: every layer holds its state, nothing is inferred."
    reached = [level for level in profile.levels_vol_points if close >= level]
    state = "provisional" if provisional else "published"
    if not reached:
        return f"VIX closed at {number(close)} ({state}), below the first level {profile.levels_vol_points[0]:g}."
    levels, every = " and ".join(map(plain, reached)), " / ".join(map(plain, profile.levels_vol_points))
    return f"VIX closed at {number(close)} ({state}), at or above {levels} of {every}."


def _layer_row(layer: int, tables: Mapping[str, pd.DataFrame], close: float, profile: LadderProfile) -> Row:
    state, legs = tables[LADDER_STATE.name], tables[LADDER_LEGS.name]
    state, legs = state[state["layer_no"] == layer], legs[legs["layer_no"] == layer]
    has_levels, armed = profile.mode == "trigger", int(state["is_armed"].sum())
    level = profile.levels_vol_points[layer - 1] if has_levels else float("nan")
    retries = count(state["retries_count"].max())
    since = state["armed_date"].dropna()
    return Row(cells=(
        Cell(f"{layer}"), Cell(plain(level)),
        Cell(gain(close - level), tone="warn" if close >= level else ""),
        Cell(plain(level - profile.disarm_gap_vol_points)), Cell(f"{profile.tenors_days[layer - 1]} d"),
        Cell(f"{profile.units[layer - 1]}"),
        Cell(f"{armed:,} of {len(state):,}", tone="warn" if armed else ""),
        Cell(tally(since.map(day)) if len(since) else DASH),
        Cell(tally(legs["leg_action"]) if len(legs) else DASH),
        Cell(count(state["units_deployed"].sum())),
        Cell(f"{retries} of {profile.max_retries}" if has_levels else retries),
    ))  # fmt: skip


def _plot(tables: Mapping[str, pd.DataFrame], close: float, profile: LadderProfile) -> TriggerPlot:
    forwards = tables[FORWARDS.name]
    mine = forwards[(forwards["underlying"] == HEDGE_INDEX) & forwards["forward_usd"].notna()].sort_values(
        ["dte_days", "root"]
    )
    levels = profile.levels_vol_points if profile.mode == "trigger" else ()
    return TriggerPlot(
        close=None if pd.isna(close) else close, levels=levels,
        disarm_levels=tuple(level - profile.disarm_gap_vol_points for level in levels),
        curve=tuple((int(r.dte_days), float(r.forward_usd)) for r in records(mine)),
        legs=_marks(tables[LADDER_LEGS.name]),
    )  # fmt: skip


def _marks(legs: pd.DataFrame) -> tuple[LegMark, ...]:
    """Mark the VIX legs of the first ladder; with few exceptions it is everybody's."""
    calls = legs[(legs["hedge_symbol"] == HEDGE_INDEX) & legs["variant"].isin(["V0_REF", "V1_SAME_HEDGE"])]
    calls = calls.astype(dict.fromkeys(LADDER, "str")).sort_values(["variant", *LADDER, "layer_no"])
    first = calls[(calls[LADDER] == calls[LADDER].iloc[0]).all(axis=1)] if len(calls) else calls
    priced = first[first["strike_usd"].notna() & first["break_even_usd"].notna()]
    return tuple(
        LegMark(label=f"layer {r.layer_no}", days=int(r.dte_days), strike=float(r.strike_usd),
                break_even=float(r.break_even_usd))
        for r in records(priced)
    )  # fmt: skip
