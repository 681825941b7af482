"""The night in a few plain rows: for a terminal and for the Prefect UI, which takes text and plain numbers only."""

from collections.abc import Iterator, Mapping
from typing import Any

import pandas as pd

from alvh_core.schemas import LADDER_SIGNALS, META_PAYLOADS, META_VALIDATIONS, VERDICTS_TABLE

_LADDER = ["host", "variant", "hedge_symbol", "profile"]


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
    joined = verdicts.astype(dict.fromkeys(_LADDER, "str")).merge(
        signals[[*_LADDER, "s_ladder_frac", "filter_state", "action"]].astype(dict.fromkeys(_LADDER, "str")), on=_LADDER
    )
    rows: Iterator[Any] = joined.sort_values(["asset_class", "host", "variant", "hedge_symbol"]).itertuples(index=False)
    return [
        {
            "asset class": str(row.asset_class), "host": str(row.host), "variant": str(row.variant),
            "hedge": str(row.hedge_symbol), "spread": "" if pd.isna(row.s_ladder_frac) else f"{row.s_ladder_frac:.2%}",
            "filter": str(row.filter_state), "tonight": str(row.tonight), "verdict": str(row.verdict),
            "why": str(row.tonight_reason),
        }
        for row in rows
    ]  # fmt: skip


def validation_summary(tables: Mapping[str, pd.DataFrame]) -> list[dict[str, str | int | bool]]:
    """Return one row per dataset and severity: rules, broken rules, rows that broke them."""
    checks = tables[META_VALIDATIONS.name].astype({"dataset": "str", "severity": "str"})
    grouped = checks.assign(broken=~checks["is_success"]).groupby(["dataset", "severity"])
    totals = grouped.agg(rules=("broken", "size"), broken=("broken", "sum"), rows=("unexpected_count", "sum"))
    rows: Iterator[Any] = totals.reset_index().itertuples(index=False)
    return [
        {
            "dataset": row.dataset, "severity": row.severity, "rules": int(row.rules), "broken": int(row.broken),
            "rows": int(row.rows),
        }
        for row in rows
    ]  # fmt: skip


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
        cells[column] = f"{row['spread']:>6} {row['filter']}{proxy}"
        cells["verdict"] = row["verdict"]
    columns = sorted({name for cells in rows.values() for name in cells} - {"asset class", "host", "verdict"})
    names = ("asset class", "host", *columns, "verdict")
    return [{name: cells.get(name, "") for name in names} for cells in rows.values()]


def missing_payloads(tables: Mapping[str, pd.DataFrame]) -> list[str]:
    """Return what did not arrive, as ``dataset symbol``."""
    payloads = tables[META_PAYLOADS.name]
    lost = payloads[payloads["payload_outcome"] == "MISSING"]
    return [f"{row.dataset} {row.symbol}" for row in lost.itertuples(index=False)]
