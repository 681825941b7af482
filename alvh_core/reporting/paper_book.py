"""The paper book on the page: what the reference ladders hold, what all ladders traded tonight, their sums."""

from collections.abc import Mapping
from typing import Any

import pandas as pd

from alvh_core.params import LadderProfile
from alvh_core.registry.book import BOOK, FILLS, POSITIONS
from alvh_core.registry.costs import HELD_SCENARIOS
from alvh_core.reporting.held import held_table
from alvh_core.reporting.model import Cell, Column, Row, Section, Table
from alvh_core.reporting.side_by_side import REFERENCE
from alvh_core.reporting.texts import DASH, count, day, gain, known, number, percent, plain, records, several, text
from alvh_core.schemas import LADDER_SIGNALS

_HELD = (
    Column.words("Profile"), Column("Layer"), Column.words("Contract"), Column("Days left"), Column("Units"),
    Column.words("Bought on"), Column("Paid", "Mid at entry"),
    Column("Mid tonight", "Without a quote none; in brackets the last one and its night, which the P&L still counts"),
    Column("Liquidation", "Bid of what is bought, ask of what is sold"), Column.words("State"),
)  # fmt: skip
_SUMS = (
    Column.words("Profile"), Column("Nights"), Column("Premium bought", "USD at mid, since the first night"),
    Column("Open at mid", "USD"), Column("Open at bid", "USD"), Column("P&L tonight", "USD at mid"),
    Column.words("At old marks", "Positions without a quote tonight, which the P&L counts at their last mark"),
    Column("P&L since start", "USD at mid"), Column("P&L per premium", "Of the premium bought: equal dollars"),
    Column("Crossing", "USD from mid to touch, since start"),
    Column("Fees", "USD"), Column("Rolls made", "Of those that came due"),
    Column("Filter passed", "Of armed sessions with a reading, of the order or else of the whole ladder"),
    Column("No reading", "Armed sessions on which a leg or its quote was missing, or the market had closed"),
    Column("Stopped at the trigger", "Of layers that armed, and whose order had a reading"),
)  # fmt: skip
_TRADED = (
    Column.words("Profile"), Column.words("What"), Column("Fills", "Over all hosts and variants"),
    Column("Contracts"), Column("Crossing", "USD, at the touch"), Column.words("Example"),
)  # fmt: skip


def book_section(tables: Mapping[str, pd.DataFrame], profiles: Mapping[str, LadderProfile]) -> Section:
    """Show the paper book: holdings and sums of the reference ladder by profile, books in a jump, the night's fills.

    Parameters
    ----------
    tables : mapping of str to DataFrame
    profiles : mapping of str to LadderProfile
        In the order of the rows.

    Returns
    -------
    Section
    """
    held, fills = tables[POSITIONS.name], tables[FILLS.name]
    old = int(held["mark_usd"].isna().sum())
    unmarked = f" In the P&L at an older mark, for want of a quote tonight: {several(old, 'position')}." if old else ""
    sums = _reference(tables[BOOK.name], profiles)
    return Section(
        anchor="book", short="Book", title="The paper book",
        lead=f"{several(len(held), 'position')} held on paper by all ladders, {several(len(fills), 'fill')} tonight. "
        f"Fills are stored at mid with their spread: a fill at k pays k half-spreads more.{unmarked}",
        tables=(
            Table(caption="SPX reference ladder: holdings", columns=_HELD, empty="Nothing is held.",
                  rows=tuple(map(_held, records(_reference(held, profiles))))),
            held_table(tables[HELD_SCENARIOS.name], held, profiles, tables[LADDER_SIGNALS.name]["host"].nunique()),
            Table(caption="SPX reference ladder: sums", columns=_SUMS, empty="No book yet.",
                  rows=tuple(map(_sums, records(sums)))),
            Table(caption="Fills tonight, all ladders", columns=_TRADED, empty="Nothing was traded.",
                  rows=_traded(fills, profiles)),
        ),
        remark="No order is sent. What has no quote tonight has no mark; VIX options settle to the special opening "
        "quotation, never to a close. Profiles spend unequal sums, also those of equal budgets, for upper layers arm "
        "seldom: compare P&L per premium.",
    )  # fmt: skip


def _reference(frame: pd.DataFrame, profiles: Mapping[str, LadderProfile]) -> pd.DataFrame:
    """Return the rows of the reference ladders, in the order of the profiles."""
    mine = frame[frame["variant"] == REFERENCE].assign(name=lambda rows: rows["profile"].astype("str"))
    place = {name: at for at, name in enumerate(profiles)}
    return mine.assign(place=mine["name"].map(place)).sort_values(
        ["place", *(name for name in ("layer_no", "expiry_date", "osi_symbol") if name in mine)]
    )


def _held(row: Any) -> Row:
    waits = text(row.position_reason)
    return Row(cells=(
        Cell(str(row.profile)), Cell(count(row.layer_no)),
        Cell(f"{row.root} {day(row.expiry_date)} {row.option_right}{plain(row.strike_usd)}"),
        Cell(count(row.dte_days)), Cell(count(row.units_open)), Cell(day(row.entry_date)),
        Cell(number(row.entry_mid_usd)), _mark(row), Cell(number(row.liquidation_usd)),
        Cell(str(row.position_state) if waits == DASH else f"{row.position_state}: {waits}",
             tone="" if str(row.position_state) == "HELD" else "warn"),
    ))  # fmt: skip


def _mark(row: Any) -> Cell:
    if known(row.mark_usd):
        return Cell(number(row.mark_usd))
    return Cell(f"{DASH} ({number(row.last_mark_usd)} on {day(row.last_mark_date)})", tone="warn")


def _old_marks(row: Any) -> Cell:
    if not known(row.old_marks_count) or row.old_marks_count == 0:
        return Cell(DASH if not known(row.old_marks_count) else "0")
    return Cell(f"{count(row.old_marks_count)}, oldest of {day(row.oldest_mark_date)}", tone="warn")


def _sums(row: Any) -> Row:
    return Row(cells=(
        Cell(str(row.profile)), Cell(count(row.book_nights_count)), Cell(number(row.sum_premium_usd, 0)),
        Cell(number(row.book_mark_usd, 0)), Cell(number(row.book_liquidation_usd, 0)), Cell(gain(row.pnl_mid_usd, 0)),
        _old_marks(row), Cell(gain(row.sum_pnl_mid_usd, 0)), Cell(percent(row.pnl_per_premium_frac, 1)),
        Cell(number(row.sum_crossing_usd, 0)), Cell(number(row.sum_fees_usd, 0)),
        Cell(f"{count(row.rolls_done_count)} of {count(row.rolls_due_count)}"),
        Cell(f"{count(row.armed_passes_count)} of {count(row.armed_sessions_count)}"),
        Cell(count(row.armed_unreadable_count)),
        Cell(f"{count(row.first_arms_blocked_count)} of {count(row.first_arms_count)}"),
    ))  # fmt: skip


def _traded(fills: pd.DataFrame, profiles: Mapping[str, LadderProfile]) -> tuple[Row, ...]:
    place = {name: at for at, name in enumerate(profiles)}
    named = fills.assign(**{name: fills[name].astype("str") for name in ("profile", "fill_kind")})
    grouped = named.assign(size=fills["units_traded"].abs()).groupby(["profile", "fill_kind"], sort=True)
    found = grouped.agg(fills=("size", "size"), contracts=("size", "sum"), crossing_usd=("crossing_usd", "sum"),
                        example=("fill_reason", "first")).reset_index()  # fmt: skip
    found["place"] = found["profile"].map(place)
    return tuple(
        Row(cells=(Cell(row.profile), Cell(row.fill_kind), Cell(count(row.fills)), Cell(count(row.contracts)),
                   Cell(number(row.crossing_usd, 0)), Cell(text(row.example))))
        for row in records(found.sort_values(["place", "fill_kind"]))
    )  # fmt: skip
