"""The contracts behind the ladders: one table per hedge chain for the calls, one long one for the hosts' own puts."""

from collections.abc import Mapping
from typing import Any

import pandas as pd

from alvh_core.params import SpreadRule
from alvh_core.reporting.ladders import LADDER, class_label, word
from alvh_core.reporting.model import Cell, Column, LegTable, Row, Table
from alvh_core.reporting.texts import (
    DASH,
    VARIANT_WORDS,
    count,
    day,
    known,
    listed,
    number,
    percent,
    plain,
    tally,
    text,
)
from alvh_core.schemas import LADDER_LEGS

NATIVE = "V3_NATIVE"
_RIGHTS = {"C": "call", "P": "put"}
_COLUMNS = (
    Column(label="Layer", is_number=False), Column(label="Units", note="Contracts the layer buys"),
    Column(label="Contract", is_number=False, note="Root, expiry, strike and right"),
    Column(label="Days", note="Calendar days to expiry, and how far from the target tenor"),
    Column(label="Forward", note="From put-call parity of the same expiry, never spot"),
    Column(label="Delta", note="Undiscounted forward delta"), Column(label="IV", note="Black-76, from the mid"),
    Column(label="Bid"), Column(label="Ask"), Column(label="Mid"),
    Column(label="Spread", note="Ask less bid over mid"),
    Column(label="Tick floor", note="Smallest spread the tick allows, over mid"),
    Column(label="Time value", note="Mid less discounted intrinsic value on the forward"),
    Column(label="Break-even", note="Underlying at expiry that earns the premium back: bought at mid, then at the ask"),
    Column(label="Erosion", note="Break-even at the ask less at mid; in brackets over the distance from the forward"),
    Column(label="Premium $", note="Units times multiplier times mid"),
    Column(label="Leg", is_number=False), Column(label="Layer state", is_number=False),
)  # fmt: skip


def hedge_legs(tables: Mapping[str, pd.DataFrame], rows: pd.DataFrame, rule: SpreadRule) -> tuple[LegTable, ...]:
    """Return the call ladders, hosts that share the same contracts together.

    Parameters
    ----------
    tables : mapping of str to DataFrame
    rows : DataFrame
        From `alvh_core.reporting.ladders.ladder_rows`.
    rule : SpreadRule

    Returns
    -------
    tuple of LegTable
        The VIX ladder first.
    """
    legs = _legs(tables)
    calls = rows[rows["variant"] != NATIVE].sort_values(["kind", "hedge_symbol"], kind="stable")
    shared = legs.groupby(LADDER)[["osi_symbol", "leg_status"]].agg(lambda part: " | ".join(part.map(text)))
    contents = [(r.hedge_symbol, *shared.loc[tuple(getattr(r, k) for k in LADDER)]) if _has(shared, r) else
                (r.hedge_symbol,) for r in calls.itertuples(index=False)]  # fmt: skip
    result = []
    for content in dict.fromkeys(contents):
        part = calls[[found == content for found in contents]]
        result.append(_shared_ladder(part, legs, rows["host"].nunique(), rule))
    return tuple(result)


def native_legs(tables: Mapping[str, pd.DataFrame], rows: pd.DataFrame, rule: SpreadRule) -> LegTable:
    """Return the put ladders in the hosts' own chains, one group per host."""
    legs = _legs(tables)
    own = rows[rows["variant"] == NATIVE]
    body: list[Row] = []
    for ladder in own.itertuples(index=False):
        mine = _of(legs, ladder)
        body += [Row(heading=_native_heading(ladder), tone=word(ladder.state).tone)]
        body += [_leg_row(leg, _layer_state(mine, leg.layer_no)) for leg in mine.itertuples(index=False)]
    deployable = int(own["tonight"].eq("DEPLOYABLE").sum())
    return LegTable(
        title="V3 native: the host's own puts", remark="The only variant in which the host's own spreads enter the hedge.",
        summary=f"{deployable:,} of {len(own):,} hosts pass the {percent(rule.limit_frac, 0)} rule", tone="",
        table=Table(caption="Native legs by host", columns=_COLUMNS, rows=tuple(body), empty="No native ladders."),
    )  # fmt: skip


def _legs(tables: Mapping[str, pd.DataFrame]) -> pd.DataFrame:
    legs = tables[LADDER_LEGS.name]
    return legs.astype(dict.fromkeys([*LADDER, "leg_action", "leg_status"], "str")).sort_values([*LADDER, "layer_no"])


def _has(shared: pd.DataFrame, ladder: Any) -> bool:
    return tuple(getattr(ladder, k) for k in LADDER) in shared.index


def _of(legs: pd.DataFrame, ladder: Any) -> pd.DataFrame:
    same = legs["host"].eq(ladder.host) & legs["variant"].eq(ladder.variant)
    return legs[same & legs["hedge_symbol"].eq(ladder.hedge_symbol) & legs["profile"].eq(ladder.profile)]


def _shared_ladder(part: pd.DataFrame, legs: pd.DataFrame, every: int, rule: SpreadRule) -> LegTable:
    """Show the contracts once; armed and action may differ by host, so they are counted over all of them."""
    first: Any = next(part.itertuples(index=False))
    key = pd.MultiIndex.from_frame(part[LADDER])
    every_leg = legs[pd.MultiIndex.from_frame(legs[LADDER]).isin(key)]
    body = tuple(_leg_row(leg, _layer_state(every_leg, leg.layer_no)) for leg in _of(legs, first).itertuples(index=False))
    numbers = [" ".join(VARIANT_WORDS[v]) for v in dict.fromkeys(part["variant"])]
    hosts = listed(list(part["host"].unique()), every, "hosts")
    return LegTable(
        title=f"{first.hedge_symbol} calls: {' and '.join(numbers)}", remark=f"Bought for {hosts}.",
        summary=_summary(first, rule), tone=word(first.state).tone,
        table=Table(caption=f"Legs in {first.hedge_symbol}", columns=_COLUMNS, rows=body, empty="No legs."),
    )  # fmt: skip


def _summary(ladder: Any, rule: SpreadRule) -> str:
    sign = word(ladder.state)
    return (
        f"{sign.symbol} {sign.word}: spread {percent(ladder.s_ladder_frac)} of the premium (limit {percent(rule.limit_frac, 0)}), "
        f"worst leg {percent(ladder.s_worst_frac)} (limit {percent(rule.worst_leg_frac, 0)}), "
        f"simple mean {percent(ladder.s_simple_frac)}, median of the chain's band {percent(ladder.s_median_frac)}, "
        f"tick floor {percent(ladder.tick_floor_frac)}, premium $ {number(ladder.ladder_premium_usd, 0)}"
    )


def _native_heading(ladder: Any) -> str:
    sign = word(ladder.state)
    proxy = "" if ladder.hedge_symbol == ladder.host else f" through {ladder.hedge_symbol}"
    return (f"{ladder.host}{proxy} · {class_label(str(ladder.asset_class))} · {sign.symbol} {sign.word} · "
            f"spread {percent(ladder.s_ladder_frac)}, worst leg {percent(ladder.s_worst_frac)}")  # fmt: skip


def _layer_state(legs: pd.DataFrame, layer_no: int) -> str:
    mine = legs[legs["layer_no"] == layer_no]
    armed, every = int(mine["is_armed"].sum()), len(mine)
    told = "armed" if armed == every else "not armed" if armed == 0 else f"armed {armed} of {every}"
    return f"{told} · {tally(mine['leg_action'])}"


def _leg_row(leg: Any, layer_state: str) -> Row:
    status = str(leg.leg_status)
    ends = f"{number(leg.break_even_usd)} → {number(leg.break_even_touch_usd)}" if known(leg.break_even_usd) else DASH
    eroded = f" ({percent(leg.be_erosion_frac)})" if known(leg.be_erosion_frac) else ""
    off = f" ({int(leg.tenor_error_days):+d})" if known(leg.tenor_error_days) else ""
    cells = (
        f"{leg.layer_no}", count(leg.units_target), contract(leg), f"{count(leg.dte_days)}{off}", number(leg.forward_usd),
        number(leg.delta_fwd), percent(leg.iv_vol, 1), number(leg.bid_usd), number(leg.ask_usd), number(leg.mid_usd, 3),
        percent(leg.spread_frac), percent(leg.tick_floor_frac), number(leg.extrinsic_usd), ends,
        f"{number(leg.be_erosion_usd, 3)}{eroded}", number(leg.premium_usd, 0),
    )  # fmt: skip
    tone = "" if status == "OK" else "mute" if status == "NO_DATA" else "warn"
    return Row(cells=(*(Cell(text=value) for value in cells), Cell(text=status, tone=tone), Cell(text=layer_state)))


def contract(leg: Any) -> str:
    """Write a contract as a desk says it: root, expiry, strike, right."""
    if not known(leg.strike_usd):
        return f"{text(leg.root)} {day(leg.expiry_date)}" if known(leg.expiry_date) else DASH
    right = _RIGHTS.get(str(leg.osi_symbol)[12:13], "")
    return f"{text(leg.root)} {day(leg.expiry_date)} {plain(leg.strike_usd)} {right}".rstrip()
