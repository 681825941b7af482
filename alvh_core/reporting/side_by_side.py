"""The ladder profiles side by side: what each reads 4/4/2 as, and what tonight says to each."""

from collections.abc import Mapping
from typing import Any

import pandas as pd

from alvh_core.params import LadderProfile
from alvh_core.readings import decided
from alvh_core.reporting.model import Cell, Column, Row, Section, Table
from alvh_core.reporting.texts import (
    DASH,
    SPREAD_STATES,
    count,
    percent,
    plain,
    records,
    several,
    tally,
    text,
)
from alvh_core.schemas import LADDER_LEGS, LADDER_SIGNALS

REFERENCE = "V0_REF"
_RULES = (
    Column.words("Profile", "Named and versioned"), Column.words("Armed by"), Column.words("Units or shares"),
    Column.words("Tenors", "Calendar days"), Column.words("Source"),
)  # fmt: skip
_COLUMNS = (
    Column.words("Profile"), Column("Ladders", "Host and variant pairs"),
    Column("Armed", "Ladders with an armed layer"),
    Column("Deployable", "The filter passes tonight"), Column("Too wide", "Blocked by the spread, the tick or no bid"),
    Column("Not measurable", "A leg, its quote or the whole chain is missing"),
    Column("Spread, SPX ladder", "Premium-weighted, of the reference ladder in VIX calls"),
    Column("Premium, SPX ladder", "USD at mid, all layers"),
    Column("Budget used, SPX ladder", "By layer, at the ask; none where contracts are declared"),
    Column("Layers capped", "Of those with a budget, over all ladders: a tenth of the average volume or a hundredth of "
           "the open interest is all that is bought"),
    Column.words("SPX ladder tonight"),
)  # fmt: skip


def profiles_section(tables: Mapping[str, pd.DataFrame], profiles: Mapping[str, LadderProfile]) -> Section:
    """Set the profiles of the night side by side.

    Parameters
    ----------
    tables : mapping of str to DataFrame
    profiles : mapping of str to LadderProfile
        In the order of the rows.

    Returns
    -------
    Section
    """
    signals, legs = tables[LADDER_SIGNALS.name], tables[LADDER_LEGS.name]
    rules = tuple(_rules(profile) for profile in profiles.values())
    body = tuple(_row(profile, signals[signals["profile"] == name], legs[legs["profile"] == name])
                 for name, profile in profiles.items())  # fmt: skip
    return Section(
        anchor="profiles", short="Profiles", title="Profiles side by side", lead=_lead(signals, profiles),
        tables=(Table(caption="Ladder profiles", columns=_RULES, rows=rules, empty="No profile was run."),
                Table(caption="Ladder profiles tonight", columns=_COLUMNS, rows=body, empty="No profile was run.")),
        remark="The pages above this section show the first profile. 4/4/2 has several definitions at its own "
        "publisher; none is preferred here but by being the article's own. Budgets are equal, what they buy is not: "
        "where caps leave a layer a few per cent of its budget, profiles no longer spend the same.",
    )  # fmt: skip


def _lead(signals: pd.DataFrame, profiles: Mapping[str, LadderProfile]) -> str:
    passing = signals.loc[decided(signals)["filter_state"] == "PASS", "profile"].astype("str")
    return (f"{several(len(profiles), 'profile')} run side by side on {several(len(signals), 'ladder')}; "
            f"{passing.nunique()} of them have a ladder that may be deployed tonight.")  # fmt: skip


def _rules(profile: LadderProfile) -> Row:
    tenors = (f"{days} ± {off}" for days, off in zip(profile.tenors_days, profile.tolerances_days, strict=True))
    return Row(cells=(
        Cell(profile.name, note=f"version {profile.version}"), Cell(armed_by(profile)), Cell(units_of(profile)),
        Cell(" / ".join(tenors)), Cell(profile.source),
    ))  # fmt: skip


def _row(profile: LadderProfile, signals: pd.DataFrame, legs: pd.DataFrame) -> Row:
    state = decided(signals)["filter_state"]
    passes, wide = state.eq("PASS"), state.isin(SPREAD_STATES)
    reference: Any = next(records(signals[signals["variant"] == REFERENCE]), None)
    premium = DASH if reference is None else count(reference.ladder_premium_usd)
    return Row(cells=(
        Cell(profile.name), Cell(count(len(signals))), Cell(count((signals["layers_armed_count"] > 0).sum())),
        Cell(count(passes.sum()), tone="good" if passes.any() else ""),
        Cell(count(wide.sum()), tone="bad" if wide.any() else ""),
        Cell(count((~passes & ~wide).sum()), tone="warn" if (~passes & ~wide).any() else ""),
        Cell(DASH if reference is None else percent(reference.s_ladder_frac)), Cell(premium),
        *_budget(legs),
        Cell(DASH if reference is None else _tonight(reference), note=tally(signals["action"])),
    ))  # fmt: skip


def _budget(legs: pd.DataFrame) -> tuple[Cell, Cell]:
    """Say what the reference ladder spends of its budgets, and how many layers of all ladders are capped."""
    asked = legs[legs["budget_usd"] > 0]
    if asked.empty:
        return Cell(DASH), Cell(DASH)
    used = asked.loc[asked["variant"] == REFERENCE].sort_values("layer_no")["budget_used_frac"]
    is_capped = asked["size_status"].eq("CAPPED")
    capped = Cell(f"{count(is_capped.sum())} of {count(len(asked))}", tone="warn" if is_capped.any() else "")
    return Cell(" / ".join(percent(share, 0) for share in used) or DASH), capped


def _tonight(ladder: Any) -> str:
    why = text(ladder.block_reason)
    return str(ladder.action) if why == DASH else f"{ladder.action}: {why}"


def armed_by(profile: LadderProfile) -> str:
    """Say what arms the layers of a profile."""
    if profile.mode == "trigger":
        return f"VIX close {' / '.join(map(plain, profile.levels_vol_points))}"
    if profile.mode == "bands":
        return f"forward of VIX, edges {' / '.join(map(plain, profile.bands_vol_points))}"
    return "always armed, rolled"


def units_of(profile: LadderProfile) -> str:
    """Say what the layers buy, or sell, and in what it is counted."""
    signed = (side * units for side, units in zip(profile.sides, profile.units, strict=True))
    basis = "of the premium" if profile.unit_basis == "premium" else "contracts"
    return f"{' / '.join(f'{value:g}' for value in signed)} {basis}"
