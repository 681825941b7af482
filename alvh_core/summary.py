"""The night in a few plain rows: for a terminal and for the Prefect UI, which takes text and plain numbers only."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import pandas as pd

from alvh_core.params import LadderProfile
from alvh_core.readings import decided
from alvh_core.reporting.classes import class_table
from alvh_core.reporting.ladders import ladder_rows
from alvh_core.reporting.model import QualityPage, SuiteView, Table
from alvh_core.reporting.texts import reading
from alvh_core.schemas import LADDER_SIGNALS, META_PAYLOADS, VERDICTS_TABLE
from alvh_core.triggers import LADDER


def verdict_summary(tables: Mapping[str, pd.DataFrame]) -> list[dict[str, str]]:
    """Return one row per host and variant.

    Parameters
    ----------
    tables : mapping of str to DataFrame
        Warehouse tables of a night, by name.

    Returns
    -------
    list of dict
        Text only: asset class, host, variant, hedge, spread, filter, tonight, verdict, why.
    """
    verdicts, signals = tables[VERDICTS_TABLE.name], tables[LADDER_SIGNALS.name]
    joined = verdicts.astype(dict.fromkeys(LADDER, "str")).merge(
        decided(signals)[[*LADDER, "s_ladder_frac", "filter_state", "action"]].astype(dict.fromkeys(LADDER, "str")),
        on=LADDER,
    )
    rows: Iterator[Any] = joined.sort_values(["asset_class", "host", "variant", "hedge_symbol"]).itertuples(index=False)
    return [
        {
            "asset class": str(row.asset_class), "host": str(row.host), "variant": str(row.variant),
            "hedge": str(row.hedge_symbol), "spread": _spread(row),
            "filter": str(row.filter_state), "tonight": str(row.tonight), "verdict": str(row.verdict),
            "why": str(row.tonight_reason),
        }
        for row in rows
    ]  # fmt: skip


def _spread(row: Any) -> str:
    return reading("" if pd.isna(row.s_ladder_frac) else f"{row.s_ladder_frac:.2%}", str(row.filter_state))


def validation_summary(page: QualityPage) -> str:
    """Return the quality page's verdict, a table of all suites, and one for each with a broken rule, as Markdown."""
    facts = " · ".join(f"{fact.label} {fact.value}" for fact in page.facts)
    broken = [_suite_table(suite) for suite in page.suites if suite.is_broken]
    return "\n\n".join([f"**{page.verdict}**", facts, _table(page.overview), *broken])


def table_summary(table: Table) -> str:
    """Return a table of the report as Markdown, under its caption."""
    return f"**{table.caption}**\n\n{_table(table) if table.rows else table.empty}"


def _table(table: Table) -> str:
    return _markdown([c.label for c in table.columns], [[cell.text for cell in row.cells] for row in table.rows])


def _suite_table(suite: SuiteView) -> str:
    head = ["rule", "in words", "takes out", "at fault", "looked at", "last nights"]
    rows = [[r.code, r.text, r.takes, r.faults, r.looked, r.trend.words] for r in suite.rules if r.is_broken]
    return f"### {suite.dataset}: {suite.summary}\n\n{_markdown(head, rows)}"


def _markdown(head: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    lines = [head, ["---"] * len(head), *rows]
    return "\n".join(f"| {' | '.join(cell.replace('|', chr(92) + '|') for cell in line)} |" for line in lines)


def verdict_matrix(tables: Mapping[str, pd.DataFrame]) -> list[dict[str, str]]:
    """Return one row per host and one cell per variant and hedge chain, for a terminal.

    Parameters
    ----------
    tables : mapping of str to DataFrame
        Warehouse tables of a night, by name.

    Returns
    -------
    list of dict
        Text only: asset class, host, one column per variant (spread of the ladder and state of the filter), verdict.
        A proxy's chain is named in its cell.
    """
    rows: dict[str, dict[str, str]] = {}
    for row in verdict_summary(tables):
        native = row["variant"] == "V3_NATIVE"
        column = row["variant"][:2] + (" native" if native else f" {row['hedge']}")
        proxy = f" ({row['hedge']})" if native and row["hedge"] != row["host"] else ""
        cells = rows.setdefault(row["host"], {"asset class": row["asset class"], "host": row["host"]})
        cells[column] = f"{row['spread']:>8} {row['filter']}{proxy}"
        cells["verdict"] = row["verdict"]
    columns = sorted({name for cells in rows.values() for name in cells} - {"asset class", "host", "verdict"})
    names = ("asset class", "host", *columns, "verdict")
    return [{name: cells.get(name, "") for name in names} for cells in rows.values()]


def class_columns(tables: Mapping[str, pd.DataFrame], profile: LadderProfile,
                  source_mode: str) -> tuple[str, list[list[str]]]:  # fmt: skip
    """Return what the report answers by asset class, column by column, for a terminal.

    Parameters
    ----------
    tables : mapping of str to DataFrame
        Warehouse tables of a night and of one profile, by name.
    profile : LadderProfile
    source_mode : str

    Returns
    -------
    caption : str
    columns : list of list of str
        Each with its label first.
    """
    table = class_table(ladder_rows(tables, {}), profile, source_mode)
    rows = [[cell.text for cell in row.cells] for row in table.rows]
    return table.caption, [[column.label, *cells] for column, *cells in zip(table.columns, *rows, strict=True)]


def missing_payloads(tables: Mapping[str, pd.DataFrame]) -> list[str]:
    """Return what did not arrive, as ``dataset symbol``."""
    payloads = tables[META_PAYLOADS.name]
    lost = payloads[payloads["payload_outcome"] == "MISSING"]
    return [f"{row.dataset} {row.symbol}" for row in lost.itertuples(index=False)]
