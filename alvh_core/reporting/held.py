"""The paper books after a jump of spot VIX: every book of the first profile, and the reference ladder of the others."""

from collections.abc import Mapping
from typing import Any

import pandas as pd

from alvh_core.costs.scenario import SHOCKS, STRESS_VOL_POINTS
from alvh_core.params import LadderProfile
from alvh_core.reporting.model import Cell, Column, Row, Table
from alvh_core.reporting.side_by_side import REFERENCE
from alvh_core.reporting.texts import DASH, count, listed, number, records
from alvh_core.triggers import LADDER

_JUMPS = [shock for shock in SHOCKS if shock > 0]
_STRESS = int(STRESS_VOL_POINTS)
_STRESSED = {
    "value_vol_up_usd": Column(f"+{_STRESS}, vol + 10", "USD at mid, volatility 10 points higher too"),
    "liq_tonight_usd": Column(f"+{_STRESS}, sold", "USD, at tonight's spread of every contract"),
    "liq_x3_usd": Column(f"+{_STRESS}, sold wide", "USD, at three times tonight's spread"),
}
_LACKS = {
    "OK": DASH, "FLOOR": "at least: a contract without a volatility",
    "NO_BETA": "how it follows VIX", "WEAK_BETA": "how it follows VIX: its beta may be 0",
    "NO_VOL": "a contract's forward, or a sold one's volatility", "NO_QUOTE": "a contract's quote",
}  # fmt: skip
_COLUMNS = (
    Column.words("Profile"), Column.words("Held in"), Column.words("Hosts"), Column("Contracts"),
    Column("Mid tonight", "USD; none where a contract has no quote"),
    *(Column(f"VIX +{shock}", "USD at mid, volatility unchanged") for shock in _JUMPS),
    *_STRESSED.values(),
    Column.words("Missing", "A bought contract without a volatility counts at its intrinsic value"),
)  # fmt: skip


def held_table(held: pd.DataFrame, positions: pd.DataFrame, profiles: Mapping[str, LadderProfile],
               hosts_count: int) -> Table:  # fmt: skip
    """Lay out what paper books would be worth; hosts whose books are worth the same share a row.

    Parameters
    ----------
    held : DataFrame
        `HELD_SCENARIOS`.
    positions : DataFrame
        `POSITIONS`: a night that was published before there were such values has some all the same.
    profiles : mapping of str to LadderProfile
        In the order of the rows; of the first every book is shown.
    hosts_count : int
        Hosts that have ladders tonight.

    Returns
    -------
    Table
    """
    first, place = next(iter(profiles)), {name: at for at, name in enumerate(profiles)}
    named = held.astype(dict.fromkeys([*LADDER, "held_status"], "str"))
    mine = named[(named["profile"] == first) | (named["variant"] == REFERENCE)]
    rows = []
    if len(mine):
        books = _wide(mine)
        books = books.assign(place=books["profile"].map(place), kind=books["variant"] == "V3_NATIVE")
        alike = [name for name in books if name not in {"host", "variant"}]
        groups = books.groupby(alike, dropna=False, sort=False)["host"].agg(lambda hosts: sorted(set(hosts)))
        ordered = groups.reset_index().sort_values(["place", "kind", "hedge_symbol"])
        rows = [_row(row, hosts_count) for row in records(ordered)]
    nothing = f"Neither {first} nor a reference ladder holds anything."
    is_computed = len(held) or positions["position_state"].eq("AWAITING_SETTLEMENT").all()
    return Table(caption="What is held, after a jump of spot VIX", columns=_COLUMNS, rows=tuple(rows),
                 empty=nothing if is_computed else "The night was published before this was computed.")  # fmt: skip


def _wide(held: pd.DataFrame) -> pd.DataFrame:
    """Return a row per book: what it is worth now and after each jump, and what a sale brings after the stress."""
    by_jump = held.set_index([*LADDER, "shock_vol_points"]).sort_index()
    now = by_jump.xs(0, level="shock_vol_points")[["units_open", "book_mark_usd", "held_status"]]
    worth = {f"at_{shock}": by_jump["value_mid_usd"].xs(shock, level="shock_vol_points") for shock in _JUMPS}
    stressed = by_jump.xs(_STRESS, level="shock_vol_points")[list(_STRESSED)]
    return now.assign(**worth).join(stressed).reset_index()


def _row(row: Any, hosts_count: int) -> Row:
    what = f"{row.hedge_symbol} {'puts' if row.kind else 'calls'}"
    values = (row.book_mark_usd, *(getattr(row, f"at_{shock}") for shock in _JUMPS),
              *(getattr(row, name) for name in _STRESSED))  # fmt: skip
    return Row(cells=(
        Cell(row.profile), Cell(what), Cell(listed(row.host, hosts_count, "hosts")), Cell(count(row.units_open)),
        *(Cell(number(value, 0)) for value in values),
        Cell(_LACKS[row.held_status], tone="" if row.held_status == "OK" else "warn"),
    ))  # fmt: skip
