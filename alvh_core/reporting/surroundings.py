"""What surrounds the ladders on the page: regime, events, the hosts' rules; and what the hedge costs and is worth."""

from collections.abc import Mapping
from typing import Any

import pandas as pd

from alvh_core.ladders import HEDGE_INDEX
from alvh_core.params import LadderProfile
from alvh_core.registry.basis import EVENT_WINDOWS, HOST_BASIS, REGIME, TERM
from alvh_core.registry.costs import COSTS, SCENARIOS
from alvh_core.registry.rules import HOST_RULES
from alvh_core.reporting.model import Cell, Column, Row, Section, Table
from alvh_core.reporting.side_by_side import REFERENCE
from alvh_core.reporting.texts import DASH, count, day, gain, number, percent, records, several, text

_RULES = (Column.words("Rule"), Column.words("May act"), Column.words("State"), Column("Layers", "Over all hosts"),
          Column.words("Hosts"), Column.words("Example"))  # fmt: skip
_BASIS = (
    Column.words("Host"), Column("Return per VIX point"), Column("± ", "Newey-West error"), Column("R²"),
    Column("Slope in stress", "On SPX's return, with an intercept, over the days SPX lost 2 % or more"),
    Column("Days of it"), Column("Breadth", "Correlation of changes, 63 sessions"),
    Column("Rate share", "Of what SPX leaves; no VIX hedge touches it"), Column.words("Missing"),
)  # fmt: skip
_EVENTS = (Column.words("Event"), Column.words("Date"), Column("Sessions from it"), Column.words("Tonight"))
_COSTS = (
    Column.words("Profile"), Column("Even at the touch", "Jump of spot VIX"), Column("Price of stress, mid",
    "Premium over the value at VIX + 10"), Column("at the touch"), Column("Carry", "bp a year at mid"),
    Column("Friction", "bp a year at the touch"), Column("Fees", "bp"), Column("Financing", "bp"), Column("Sum", "bp"),
    Column("Nights held", "Nights since the first on which it held contracts; the costs are of all its nights"),
    Column.words("Evidence"),
)  # fmt: skip
_SHOCKS = (
    Column.words("Profile"), Column("VIX jumps"), Column("Layer 1"), Column("Layer 2"), Column("Layer 3"),
    Column("Whole", "USD at mid"), Column("Vol + 10"), Column("Sold tonight", "At tonight's spread"),
    Column("at p95", "95th percentile of the chain's spread"), Column("at twice"), Column("at three times"),
)  # fmt: skip


def context_section(tables: Mapping[str, pd.DataFrame]) -> Section:
    """Show the regime, the events near the night, what the hosts' rules say, and the basis of the hosts."""
    regime, rules, events = tables[REGIME.name], tables[HOST_RULES.name], tables[EVENT_WINDOWS.name]
    basis = tables[HOST_BASIS.name]
    return Section(
        anchor="context", short="Regime", title="Regime, events and basis", lead=_regime(regime),
        tables=(
            Table(caption="Rules of the hosts", columns=_RULES, rows=_rule_rows(rules), empty="No rule is declared."),
            Table(caption="Macro events near the night", columns=_EVENTS, empty="No calendar is known tonight.",
                  rows=tuple(map(_event, records(events.sort_values(["event_date", "event_type"]))))),
            Table(caption="Basis of hosts and wrappers", columns=_BASIS, empty="No host has bars.",
                  rows=tuple(map(_basis, records(basis)))),
        ),
        remark="Rules speak to profiles that VIX arms. A rule that may not act is told, and changes nothing.",
    )  # fmt: skip


def _regime(regime: pd.DataFrame) -> str:
    if regime.empty:
        return "No regime was computed."
    row: Any = next(records(regime))
    flags = (row.is_bt_vix_above_200dma, row.is_bt_iv_over_rv, row.is_bt_contango)
    told = ", ".join("unknown" if pd.isna(flag) else "yes" if flag else "no" for flag in flags)
    return (
        f"VIX regime {str(row.vix_regime).replace('_', ' ')}; expected daily range {percent(row.edr_frac)}; contango "
        f"{percent(row.contango_frac)}. Big Top's three conditions (VIX over its 200-day mean, front future 18 % over "
        f"realised, contango 12 %): {told}; all three on {percent(row.bt_base_rate_frac)} of "
        f"{several(int(row.bt_nights_count), 'night')}."
    )


def _rule_rows(rules: pd.DataFrame) -> tuple[Row, ...]:
    named = rules.astype(dict.fromkeys(("host", "host_rule", "rule_state", "rule_reason"), "str"))
    grouped = named.groupby(["host_rule", "is_enabled", "rule_state"], sort=True)
    return tuple(
        Row(cells=(Cell(str(rule)), Cell("yes" if enabled else "no"),
                   Cell(str(state), tone="warn" if state == "ACTIVE" else ""), Cell(count(len(part))),
                   Cell(", ".join(sorted(part["host"].unique()))), Cell(_example(part))))
        for (rule, enabled, state), part in grouped
    )  # fmt: skip


def _example(part: pd.DataFrame) -> str:
    """Tell what a rule says, and of whom where it does not say the same of all."""
    host, reason = str(part["host"].iloc[0]), str(part["rule_reason"].iloc[0])
    return reason if (part["rule_reason"] == reason).all() else f"{host}: {reason}"


def _event(row: Any) -> Row:
    tonight = "holds back new layers" if row.is_blocking else "in its window" if row.is_in_window else DASH
    return Row(cells=(Cell(str(row.event_type)), Cell(day(row.event_date)), Cell(gain(row.window_pos_count, 0)),
                      Cell(tonight, tone="warn" if row.is_blocking else "")))  # fmt: skip


def _in_words(status: Any) -> str:
    return str(status).lower().replace("_", " ")


def _basis(row: Any) -> Row:
    statuses = {"VIX": row.vix_beta_status, "stress": row.stress_beta_status, "breadth": row.ad_status,
                "rates": row.rate_status, "volatility": row.vol_beta_status}  # fmt: skip
    missing = ", ".join(f"{name} {_in_words(state)}" for name, state in statuses.items() if state != "OK")
    return Row(cells=(
        Cell(str(row.host)), Cell(percent(row.vix_beta_frac)), Cell(percent(row.vix_beta_se)),
        Cell(number(row.vix_beta_r2_frac)), Cell(number(row.stress_beta)), Cell(count(row.stress_nobs_count)),
        Cell(number(row.ad_corr63)), Cell(percent(row.rate_share_frac)), Cell(text(missing)),
    ))  # fmt: skip


def cost_section(tables: Mapping[str, pd.DataFrame], profiles: Mapping[str, LadderProfile]) -> Section:
    """Show what the SPX reference ladder costs and is worth after a jump of VIX, profile by profile."""
    costs, scenarios = tables[COSTS.name], tables[SCENARIOS.name]
    mine = costs[costs["variant"] == REFERENCE].assign(name=lambda rows: rows["profile"].astype("str"))
    mine = mine.set_index("name").reindex([name for name in profiles if name in set(mine["name"])])
    calls = scenarios[(scenarios["hedge_symbol"] == HEDGE_INDEX) & (scenarios["option_right"] == "C")]
    told = calls["scenario_host"].astype("str")
    own = calls["profile"].astype("str").map(mine["scenario_host"].to_dict()).astype("object")
    calls = calls[(told == own) | own.isna()]  # a night that was published before there were more has one
    return Section(
        anchor="costs", short="Costs", title="What the hedge costs, and what it is worth",
        lead="Basis points a year of the notional that the profile declares, from the paper book. At mid a ladder "
        "tonight is even at once: the jump that pays for crossing the market is told.",
        tables=(
            Table(caption="SPX reference ladder: costs", columns=_COSTS, rows=tuple(map(_cost, records(mine))),
                  empty="No ladder."),
            Table(caption="SPX reference ladder: after a jump of spot VIX, USD", columns=_SHOCKS, empty="No legs.",
                  rows=_shock_rows(calls, profiles)),
        ),
        remark=f"Forwards follow spot damped by tenor ({_damping(tables[TERM.name])}), volatility stays: a jump moves "
        "the third layer little.",
    )  # fmt: skip


def _damping(term: pd.DataFrame) -> str:
    if term.empty:  # a night that was published before they were
        return "by the declared values"
    rows = list(records(term.sort_values("beta_tenor_days")))
    told = ", ".join(f"{row.fwd_beta:.2f} at {row.beta_tenor_days} days" for row in rows)
    status = "declared" if any(row.fwd_beta_status == "DECLARED" for row in rows) else "measured"
    return f"{told}; {status}, {several(min(row.fwd_beta_nobs_count for row in rows), 'session')} known"


def _cost(row: Any) -> Row:
    return Row(cells=(
        Cell(str(row.profile)), Cell(number(row.be_shock_touch_vol_points), note=str(row.be_shock_status)),
        Cell(percent(row.stress_price_mid_ratio, 1)), Cell(percent(row.stress_price_touch_ratio, 1)),
        Cell(number(row.carry_mid_bp, 1)), Cell(number(row.friction_touch_bp, 1)), Cell(number(row.fees_bp, 1)),
        Cell(number(row.financing_bp, 1)), Cell(number(row.hedge_cost_of_capital_bp, 1)),
        Cell(count(row.held_nights_count)), Cell(str(row.cost_status)),
    ))  # fmt: skip


def _shock_rows(scenarios: pd.DataFrame, profiles: Mapping[str, LadderProfile]) -> tuple[Row, ...]:
    place = {name: at for at, name in enumerate(profiles)}
    named = scenarios.assign(name=scenarios["profile"].astype("str"))
    layers = named.pivot_table(index=["name", "shock_vol_points"], columns="scenario_layer_no", values="value_mid_usd")
    layers = layers.reindex(columns=[1, 2, 3])
    whole = named[named["scenario_layer_no"] == 0].assign(place=named["name"].map(place))
    rows = []
    for row in records(whole.sort_values(["place", "shock_vol_points"])):
        key = (row.name, row.shock_vol_points)
        parts = list(layers.loc[key]) if key in layers.index else [None] * 3
        values = (row.value_mid_usd, row.value_vol_up_usd, row.liq_tonight_usd, row.liq_p95_usd, row.liq_x2_usd,
                  row.liq_x3_usd)  # fmt: skip
        cells = (Cell(number(value, 0)) for value in (*parts, *values))
        rows.append(Row(cells=(Cell(str(row.name)), Cell(gain(row.shock_vol_points, 0)), *cells)))
    return tuple(rows)
