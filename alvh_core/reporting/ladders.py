"""Ladders of the night as one frame, the verdict matrix, and the counts by variant."""

from collections.abc import Mapping, Sequence
from typing import Any

import pandas as pd

from alvh_core.columns import VARIANTS, VERDICTS
from alvh_core.params import LadderProfile
from alvh_core.readings import READINGS, decided
from alvh_core.reporting.model import Cell, Column, Matrix, MatrixCell, MatrixGroup, MatrixRow, Reason, Row, Table
from alvh_core.reporting.texts import (
    AFTER_HOURS,
    DASH,
    SPREAD_STATES,
    STATE_WORDS,
    VARIANT_WORDS,
    VERDICT_SYMBOLS,
    Word,
    count,
    listed,
    number,
    percent,
    reading,
    records,
    text,
)
from alvh_core.schemas import LADDER_SIGNALS, VERDICTS_TABLE
from alvh_core.triggers import LADDER
from alvh_core.universe import ASSET_CLASSES, Asset

_FROM_SIGNALS = [
    "filter_state", "s_ladder_frac", "s_simple_frac", "s_median_frac", "s_worst_frac", "tick_floor_frac",
    "ladder_premium_usd", "be_erosion_max_frac", "action", "quote_clock", "s_buy_frac", "buy_filter_state",
    "spread_limit_frac", "worst_leg_limit_frac",
]  # fmt: skip
_FROM_VERDICTS = ["asset_class", "verdict", "tonight", "tonight_reason", "nights_count", "untrusted_count", "reasons"]


def ladder_rows(tables: Mapping[str, pd.DataFrame], universe: Mapping[str, Asset]) -> pd.DataFrame:
    """Join the night's signals and verdicts.

    Parameters
    ----------
    tables : mapping of str to DataFrame
    universe : mapping of str to Asset
        Gives the order of the hosts.

    Returns
    -------
    DataFrame
        One row per ladder in reading order: `LADDER` as text, signals and verdicts, ``state`` and ``spread_frac`` of
        what decides tonight, ``whole_state`` of the whole ladder, each a filter state or after hours (quotes nobody
        could trade say nothing, narrow or wide), and ``column`` (its column of the matrix).
    """
    as_text = dict.fromkeys(LADDER, "str")
    signals = tables[LADDER_SIGNALS.name][[*LADDER, *_FROM_SIGNALS]].astype({**as_text, "filter_state": "str"})
    verdicts = tables[VERDICTS_TABLE.name][[*LADDER, *_FROM_VERDICTS]].astype(as_text)
    rows = signals.merge(verdicts, on=LADDER)
    deciding = decided(rows)
    rows["whole_state"], rows["state"] = _shown(rows), _shown(deciding)
    rows["spread_frac"] = deciding["s_ladder_frac"]
    own = rows["variant"] == "V3_NATIVE"
    rows["column"] = rows["variant"].where(own, rows["variant"] + " " + rows["hedge_symbol"])
    order = [list(universe).index(h) if h in universe else len(universe) for h in rows["host"]]
    place = [list(ASSET_CLASSES).index(c) if c in ASSET_CLASSES else 99 for c in rows["asset_class"].astype("str")]
    kind = [VARIANTS.index(v) for v in rows["variant"]]
    ranked = rows.assign(place=place, order=order, kind=kind)
    keys = ["place", "order", "host", "kind", "hedge_symbol", "profile"]
    return ranked.sort_values(keys).reset_index(drop=True)


def _shown(readings: pd.DataFrame) -> pd.Series:
    """Return the states as they are shown: what was no reading for its hour is after hours."""
    is_late = readings["filter_state"].isin([*READINGS, "BAD_QUOTE"]) & (readings["quote_clock"] == "after_hours")
    return readings["filter_state"].mask(is_late, AFTER_HOURS)


def word(state: str) -> Word:
    """Return how a state is shown; an unknown one by its own name."""
    return STATE_WORDS.get(state, Word("!", state, "warn"))


def class_label(asset_class: str) -> str:
    """Return the reader's name of an asset class."""
    return ASSET_CLASSES.get(asset_class, asset_class)


def verdict_matrix(rows: pd.DataFrame, profile: LadderProfile) -> Matrix:
    """Lay the ladders out as host by variant.

    Parameters
    ----------
    rows : DataFrame
        From `ladder_rows`.
    profile : LadderProfile
        Gives the deltas: a spread in percent is the wider the lower the delta, whatever the market.

    Returns
    -------
    Matrix
    """
    columns = list(rows.sort_values(["kind", "hedge_symbol"])["column"].unique())
    reasons = _reasons(rows)
    numbers = {reason.text: reason.number for reason in reasons}
    groups = []
    for asset_class, members in rows.groupby("asset_class", observed=True, sort=False):
        hosts = tuple(_host_row(part, columns, numbers) for _, part in members.groupby("host", sort=False))
        groups.append(MatrixGroup(label=class_label(str(asset_class)), rows=hosts))
    seen = [state for state in STATE_WORDS if state in set(rows["state"])]
    return Matrix(
        columns=tuple(_matrix_column(name, profile) for name in columns), groups=tuple(groups), reasons=reasons,
        legend=tuple((*STATE_WORDS[state][:2], STATE_WORDS[state].tone) for state in seen),
    )  # fmt: skip


def _matrix_column(name: str, profile: LadderProfile) -> Column:
    variant, _, hedge = name.partition(" ")
    numbered, kind = VARIANT_WORDS.get(variant, (variant, ""))
    bought = f"{hedge} calls" if hedge else "host's own puts"
    delta = profile.target_delta if hedge else profile.native_put_delta
    return Column(f"{numbered} {kind}", f"{bought} Δ {number(delta)}")


def _host_row(part: pd.DataFrame, columns: Sequence[str], numbers: Mapping[str, int]) -> MatrixRow:
    by_column = {str(row.column): row for row in records(part)}
    cells = tuple(_matrix_cell(by_column[name], numbers) if name in by_column else None for name in columns)
    host = str(part["host"].iloc[0])
    stand_in = part.loc[(part["variant"] == "V3_NATIVE") & (part["hedge_symbol"] != host), "hedge_symbol"]
    verdicts = part["verdict"].astype("str").value_counts()
    told = " · ".join(f"{name} {verdicts[name]}" for name in VERDICTS if name in verdicts)
    return MatrixRow(host=host, remark=f"V3 in {stand_in.iloc[0]}" if len(stand_in) else "", cells=cells,
                     verdict=told if len(verdicts) > 1 else f"{verdicts.index[0]}")  # fmt: skip


def _matrix_cell(row: Any, numbers: Mapping[str, int]) -> MatrixCell:
    sign, verdict, spread = word(row.state), str(row.verdict), percent(row.spread_frac)
    return MatrixCell(
        symbol=sign.symbol, word=sign.word, tone=sign.tone, verdict=verdict,
        verdict_symbol=VERDICT_SYMBOLS.get(verdict, verdict),
        reading=reading(spread, row.state),
        reason_no=numbers.get(str(row.tonight_reason)) if row.tonight == "BLOCKED" else None,
        note=f"{row.host} {row.variant} in {row.hedge_symbol}: {row.tonight_reason}. Verdict {verdict}: {row.reasons}",
    )  # fmt: skip


def _reasons(rows: pd.DataFrame) -> tuple[Reason, ...]:
    """Give the distinct reasons for blocking their numbers, the most frequent first."""
    blocked = rows[rows["tonight"] == "BLOCKED"].assign(why=lambda part: part["tonight_reason"].map(text))
    grouped = sorted(blocked.groupby("why"), key=lambda item: (-len(item[1]), str(item[0])))
    every = rows["host"].nunique()
    return tuple(
        Reason(number=number, text=str(why), who=_who(part, every), ladders_count=len(part))
        for number, (why, part) in enumerate(grouped, start=1)
    )


def _who(part: pd.DataFrame, every: int) -> str:
    told = []
    for column, members in part.groupby("column", sort=False):
        variant, _, hedge = str(column).partition(" ")
        hosts = listed(list(members["host"].unique()), every, "hosts")
        told.append(f"{VARIANT_WORDS[variant][0]}{' ' + hedge if hedge else ''}: {hosts}")
    return "; ".join(told)


_VARIANT_COLUMNS = (
    Column.words("Variant"),
    Column.words("Bought in"),
    Column("Ladders", "Host and variant pairs"),
    Column("Distinct", "Different sets of contracts; V1 buys the same calls for every host"),
    Column("Deployable"),
    Column("Blocked by spread", ", ".join(SPREAD_STATES)),
    Column("Not measurable", "A leg, its quote or the whole chain is missing, or quotes after hours"),
    Column("Spread of premium", "Of what decides tonight, where it is complete: median, lowest to highest"),
    Column.words("States"),
)


def distinct_books(rows: pd.DataFrame) -> pd.DataFrame:
    """Return one row for each set of contracts read alike: hosts that buy the same calls are one reading."""
    is_own = rows["variant"] == "V3_NATIVE"
    return rows[~rows.assign(is_own=is_own).duplicated(["hedge_symbol", "is_own", "spread_frac", "state"])]


def variant_table(rows: pd.DataFrame) -> Table:
    """Count tonight's ladders by variant and hedge chain.

    Parameters
    ----------
    rows : DataFrame
        From `ladder_rows`.

    Returns
    -------
    Table
    """
    ordered = rows.sort_values(["kind", "hedge_symbol"])
    body = [_variant_row(str(name), part) for name, part in ordered.groupby("column", sort=False)]
    return Table(caption="Tonight by variant", columns=_VARIANT_COLUMNS, rows=tuple(body), empty="No ladders.")


def _variant_row(column: str, part: pd.DataFrame) -> Row:
    variant, _, hedge = column.partition(" ")
    deployable, by_spread = part["tonight"].eq("DEPLOYABLE"), part["state"].isin(SPREAD_STATES)
    rest = ~deployable & ~by_spread
    complete = part.loc[part["state"].isin(READINGS), "spread_frac"]
    states = part["state"].value_counts()
    told = " · ".join(f"{STATE_WORDS[s].word} {states[s]}" for s in STATE_WORDS if s in states)
    return Row(cells=(
        Cell(" ".join(VARIANT_WORDS[variant])), Cell(f"{hedge} calls" if hedge else "own puts"),
        Cell(count(len(part))), Cell(count(len(distinct_books(part)))),
        Cell(count(deployable.sum()), tone="good" if deployable.any() else ""),
        Cell(count(by_spread.sum()), tone="bad" if by_spread.any() else ""),
        Cell(count(rest.sum()), tone="warn" if rest.any() else ""),
        Cell(_range(complete)), Cell(told),
    ))  # fmt: skip


def _range(spreads: pd.Series) -> str:
    if spreads.notna().sum() == 0:
        return DASH
    low, middle, high = spreads.min(), spreads.median(), spreads.max()
    return percent(middle) if low == high else f"{percent(middle)} ({percent(low)} to {percent(high)})"
