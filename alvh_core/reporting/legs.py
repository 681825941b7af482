"""The contracts behind the ladders: one table per hedge chain for the calls, one long one for the hosts' own puts."""

from collections.abc import Mapping, Sequence
from typing import Any

import pandas as pd

from alvh_core.reporting.ladders import class_label, word
from alvh_core.reporting.model import Cell, Column, LegTable, Row, Table
from alvh_core.reporting.texts import (
    DASH,
    VARIANT_WORDS,
    count,
    day,
    gain,
    known,
    limit,
    listed,
    number,
    percent,
    plain,
    records,
    several,
    tally,
    text,
)
from alvh_core.schemas import LADDER_LEGS
from alvh_core.triggers import LADDER

NATIVE = "V3_NATIVE"
_RIGHTS = {"C": "call", "P": "put"}
_COLUMNS = (
    Column.words("Layer", "And the contracts it buys"),
    Column.words("Contract", "Root, expiry, strike and right"),
    Column("Days", "Calendar days to expiry, and how far from the target tenor"),
    Column("Forward", "From put-call parity of the same expiry, never spot"),
    Column("Delta", "Undiscounted forward delta"), Column("IV", "Black-76, from the mid"),
    Column("Bid"), Column("Ask"), Column("Mid"),
    Column("Spread", "Ask less bid over mid"),
    Column("Tick floor", "Smallest spread the tick allows, over mid"),
    Column("Time value", "Mid less discounted intrinsic value on the forward"),
    Column("Break-even", "Underlying at expiry that earns the premium back: bought at mid, then at the ask"),
    Column("Erosion", "Break-even at the ask less at mid; in brackets over the distance from the forward"),
    Column("Premium $", "Units times multiplier times mid"),
    Column.words("Status", "Of the leg; of the layer; what the state machine did"),
)  # fmt: skip


def hedge_legs(tables: Mapping[str, pd.DataFrame], rows: pd.DataFrame) -> tuple[LegTable, ...]:
    """Return the call ladders, hosts that share the same contracts together.

    Parameters
    ----------
    tables : mapping of str to DataFrame
    rows : DataFrame
        From `alvh_core.reporting.ladders.ladder_rows`.

    Returns
    -------
    tuple of LegTable
        The VIX ladder first.
    """
    legs = _legs(tables)
    calls = rows[rows["variant"] != NATIVE].sort_values(["kind", "hedge_symbol"], kind="stable")
    shared: dict[tuple[str, ...], list[Any]] = {}
    for ladder in records(calls):
        content = [f"{text(leg.osi_symbol)} {leg.leg_status}" for leg in legs.get(_key(ladder), [])]
        shared.setdefault((ladder.hedge_symbol, *_limits(ladder), *content), []).append(ladder)
    return tuple(_shared_ladder(ladders, legs, rows["host"].nunique()) for ladders in shared.values())


def native_legs(tables: Mapping[str, pd.DataFrame], rows: pd.DataFrame) -> LegTable:
    """Return the put ladders in the hosts' own chains, one group per host."""
    legs = _legs(tables)
    own = rows[rows["variant"] == NATIVE]
    body: list[Row] = []
    for ladder in records(own):
        body += [Row(heading=_native_heading(ladder), tone=word(ladder.whole_state).tone)]
        shown = [] if ladder.whole_state == "NO_DATA" else legs.get(_key(ladder), [])
        body += [_leg_row(leg, _layer_state([leg])) for leg in shown]
    deployable = int(own["tonight"].eq("DEPLOYABLE").sum())
    return LegTable(
        title="V3 native: the host's own puts",
        remark="The only variant in which the host's own spreads enter the hedge.",
        summary=f"{deployable:,} of {len(own):,} hosts pass their filter", tone="",
        table=Table(caption="Native legs by host", columns=_COLUMNS, rows=tuple(body), empty="No native ladders."),
    )  # fmt: skip


def _legs(tables: Mapping[str, pd.DataFrame]) -> dict[tuple[str, ...], list[Any]]:
    """Return the legs of every ladder, layer by layer."""
    legs = tables[LADDER_LEGS.name].astype(dict.fromkeys([*LADDER, "leg_action", "leg_status"], "str"))
    result: dict[tuple[str, ...], list[Any]] = {}
    for leg in records(legs.sort_values([*LADDER, "layer_no"])):
        result.setdefault(_key(leg), []).append(leg)
    return result


def _key(ladder: Any) -> tuple[str, ...]:
    return tuple(getattr(ladder, name) for name in LADDER)


def _shared_ladder(ladders: list[Any], legs: Mapping[tuple[str, ...], list[Any]], every: int) -> LegTable:
    """Show the contracts once; armed and action may differ by host, so they are counted over all of them."""
    first = ladders[0]
    layers = list(zip(*(legs.get(_key(ladder), []) for ladder in ladders), strict=True))
    shown = [] if first.whole_state == "NO_DATA" else layers
    body = tuple(_leg_row(layer[0], _layer_state(layer)) for layer in shown)
    numbers = [" ".join(VARIANT_WORDS[v]) for v in dict.fromkeys(ladder.variant for ladder in ladders)]
    hosts = listed(list(dict.fromkeys(ladder.host for ladder in ladders)), every, "hosts")
    return LegTable(
        title=f"{first.hedge_symbol} calls: {' and '.join(numbers)}", remark=f"The hedge of {hosts}.",
        summary=_summary(first), tone=word(first.whole_state).tone,
        table=Table(caption=f"Legs in {first.hedge_symbol}", columns=_COLUMNS, rows=body, empty="none to buy."),
    )  # fmt: skip


def _summary(ladder: Any) -> str:
    sign, (whole, leg) = word(ladder.whole_state), _limits(ladder)
    if ladder.whole_state == "NO_DATA":
        return f"{sign.symbol} {text(ladder.tonight_reason)}"
    return (
        f"{sign.symbol} {sign.word}: spread {percent(ladder.s_ladder_frac)} of the premium "
        f"(limit {whole}), "
        f"worst leg {percent(ladder.s_worst_frac)} (limit {leg}), "
        f"simple mean {percent(ladder.s_simple_frac)}, "
        f"median of the chain from Δ 0.10 to 0.60 {percent(ladder.s_median_frac)}, "
        f"tick floor {percent(ladder.tick_floor_frac)}, premium $ {number(ladder.ladder_premium_usd, 0)}"
    )


def _limits(ladder: Any) -> tuple[str, ...]:
    """Return the limits that the ladder is held to, of its profile and its host; older nights do not tell them."""
    both = (ladder.spread_limit_frac, ladder.worst_leg_limit_frac)
    return tuple(limit(value) if known(value) else DASH for value in both)


def _native_heading(ladder: Any) -> str:
    sign = word(ladder.whole_state)
    proxy = "" if ladder.hedge_symbol == ladder.host else f" through {ladder.hedge_symbol}"
    read = known(ladder.s_ladder_frac)
    spreads = f" · spread {percent(ladder.s_ladder_frac)}, worst leg {percent(ladder.s_worst_frac)}" if read else ""
    return f"{ladder.host}{proxy} · {class_label(str(ladder.asset_class))} · {sign.symbol} {sign.word}{spreads}"


def _layer_state(legs: Sequence[Any]) -> str:
    """Say whether a layer is armed and what it did, counted over the ladders that share it."""
    armed, every = sum(bool(leg.is_armed) for leg in legs), len(legs)
    told = "armed" if armed == every else "not armed" if armed == 0 else f"armed {armed} of {every}"
    return f"{told} · {tally(pd.Series([leg.leg_action for leg in legs]))}"


def _leg_row(leg: Any, layer_state: str) -> Row:
    status = str(leg.leg_status)
    ends = f"{number(leg.break_even_usd)} → {number(leg.break_even_touch_usd)}" if known(leg.break_even_usd) else DASH
    eroded = f" ({percent(leg.be_erosion_frac)})" if known(leg.be_erosion_frac) else ""
    off = f" ({gain(leg.tenor_error_days, 0)})" if known(leg.tenor_error_days) else ""
    cells = (
        f"{leg.layer_no}: {several(leg.units_target, 'unit')}", contract(leg), f"{count(leg.dte_days)}{off}",
        number(leg.forward_usd), number(leg.delta_fwd),
        percent(leg.iv_vol, 1), number(leg.bid_usd), number(leg.ask_usd), number(leg.mid_usd, 3),
        percent(leg.spread_frac), percent(leg.tick_floor_frac), number(leg.extrinsic_usd), ends,
        f"{number(leg.be_erosion_usd, 3)}{eroded}", number(leg.premium_usd, 0),
    )  # fmt: skip
    tone = "" if status == "OK" else "mute" if status == "NO_DATA" else "warn"
    return Row(cells=(*(Cell(value) for value in cells), Cell(f"{status} · {layer_state}", tone=tone)))


def contract(leg: Any) -> str:
    """Write a contract as a desk says it: root, expiry, strike, right."""
    if not known(leg.strike_usd):
        return f"{text(leg.root)} {day(leg.expiry_date)}" if known(leg.expiry_date) else DASH
    right = _RIGHTS.get(str(leg.osi_symbol)[12:13], "")
    return f"{text(leg.root)} {day(leg.expiry_date)} {plain(leg.strike_usd)} {right}".rstrip()
