"""The article's question in one table: does the 4/4/2 layering work for an asset class tonight, and what limits it."""

from typing import Any

import pandas as pd

from alvh_core.params import LadderProfile
from alvh_core.readings import READINGS
from alvh_core.reporting.ladders import class_label, distinct_books
from alvh_core.reporting.model import Cell, Column, Row, Table
from alvh_core.reporting.texts import DASH, STATE_WORDS, count, limit, number, percent, reading

_KIND_OF = {"V0_REF": "VIX calls", "V1_SAME_HEDGE": "VIX calls", "V2_VOL_WRAPPER": "wrapper calls",
            "V3_NATIVE": "own puts"}  # fmt: skip
_KINDS = tuple(dict.fromkeys(_KIND_OF.values()))
_LIMITING = ("VIX calls", "own puts")  # the article's ladder is lost with the first, for every class at once


def class_table(rows: pd.DataFrame, profile: LadderProfile, source_mode: str) -> Table:
    """Answer by asset class, with every distinct book counted once.

    Parameters
    ----------
    rows : DataFrame
        From `alvh_core.reporting.ladders.ladder_rows`, of one profile.
    profile : LadderProfile
        Gives the deltas: the lower the delta, the wider the spread in percent, so kinds compare only beside them.
    source_mode : str
        Told in the caption.

    Returns
    -------
    Table
        One row per asset class. A spread is the median of what was read in session or at the close, also of books
        with a leg missing: without them a class would look the narrower the more of it cannot be bought. It stands in
        brackets where such are in it.
    """
    kinds = rows.assign(kind=rows["variant"].map(_KIND_OF))
    deltas = dict.fromkeys(_KINDS, profile.target_delta) | {"own puts": profile.native_put_delta}
    passing = (f"Median spread of the premium, in brackets where books lack legs, and how many distinct books pass the "
               f"{limit(profile.spread_limit_frac)} rule")  # fmt: skip
    columns = (
        Column.words("Asset class"), Column("Hosts"),
        *(Column(f"{kind} Δ {number(deltas[kind])}", passing) for kind in _KINDS),
        Column("Measured", "Distinct books whose filter could be read tonight"),
        Column.words("Limited tonight by", "What keeps books of the article's VIX calls, or else of the hosts' own "
                     "puts, from passing: the commonest reason"),
        Column.words("Verdict", "Of the VIX calls, on all nights, with what is lacking first"),
    )  # fmt: skip
    mode = f"{source_mode.upper()}, not evidence" if source_mode == "simulated" else source_mode
    return Table(
        caption=f"By asset class: {profile.name}, limit {limit(profile.spread_limit_frac)} of the premium ({mode})",
        columns=columns, empty="No ladder was computed.",
        rows=tuple(_row(str(name), part) for name, part in kinds.groupby("asset_class", observed=True, sort=False)),
    )  # fmt: skip


def _row(asset_class: str, part: pd.DataFrame) -> Row:
    books = {kind: distinct_books(part[part["kind"] == kind]) for kind in _KINDS}
    every = pd.concat(books.values())
    measured = every["state"].isin(READINGS)
    return Row(cells=(
        Cell(class_label(asset_class)), Cell(count(part["host"].nunique())),
        *(_reading(books[kind]) for kind in _KINDS),
        Cell(f"{count(measured.sum())} of {count(len(every))}", tone="" if measured.all() else "warn"),
        _limit(books), _verdict(part[part["kind"] == _LIMITING[0]]),
    ))  # fmt: skip


def _reading(books: pd.DataFrame) -> Cell:
    """Say what the books of a kind cost to cross, and how many pass."""
    if books.empty:
        return Cell(DASH)
    read = books[books["quote_clock"].ne("after_hours") & books["spread_frac"].notna()]
    partial = next((state for state in read["state"] if state not in READINGS), READINGS[0])
    spread = reading(percent(read["spread_frac"].median(), 1), partial)
    if not books["state"].isin(READINGS).any():
        return Cell(f"{spread}, not measured", tone="warn")
    passing = int(books["tonight"].eq("DEPLOYABLE").sum())
    tone = "good" if passing == len(books) else "bad" if passing == 0 else "warn"
    return Cell(f"{spread}, {passing} of {len(books)} pass", tone=tone)


def _limit(books: dict[str, pd.DataFrame]) -> Cell:
    """Name the commonest reason of the first kind that does not pass; of equally common ones the first in the list."""
    for kind in _LIMITING:
        lost = books[kind][books[kind]["tonight"].ne("DEPLOYABLE")]
        if len(lost):
            states = lost["state"].value_counts()
            worst = max(states.index, key=lambda state: (states[state], -_place(state)))
            word = STATE_WORDS[worst].word if worst in STATE_WORDS else worst
            chains = ", ".join(lost.loc[lost["state"] == worst, "hedge_symbol"])
            return Cell(f"{kind}: {word}, {states[worst]} of {len(books[kind])}", note=chains)
    return Cell("nothing")


def _place(state: str) -> int:
    return list(STATE_WORDS).index(state) if state in STATE_WORDS else len(STATE_WORDS)


def _verdict(rows: pd.DataFrame) -> Cell:
    """Count the verdicts, each with the first thing it rests on."""
    told: Any = rows["verdict"].astype("str")
    lacking = told.eq("INSUFFICIENT")
    first = rows["reasons"].astype("str").str.split("; ").str[0]
    named = told.mask(lacking, told + ": " + first.str.partition(": ")[0]).value_counts()
    words = " · ".join(name if len(named) == 1 else f"{name} {amount}" for name, amount in named.items())
    return Cell(words or DASH, note=str(first.iloc[0]) if len(first) else "")
