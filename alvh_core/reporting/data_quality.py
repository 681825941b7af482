"""Whether the night's data can be trusted: rows in and out, rules broken, when quotes were taken, what did not arrive."""

from collections.abc import Mapping

import pandas as pd

from alvh_core.reporting.ladders import class_label
from alvh_core.reporting.model import Cell, Column, Quality, Row, Table
from alvh_core.reporting.texts import (
    CLOCK_WORDS,
    count,
    listed,
    minutes,
    new_york,
    several,
    text,
)
from alvh_core.schemas import (
    LADDER_SIGNALS,
    META_PAYLOADS,
    META_QUARANTINE,
    META_VALIDATIONS,
    OPTION_QUOTES,
    SNAPSHOTS,
)

_SEVERITY_TAKES = {
    "row": "the row", "expiry": "the expiry", "underlying": "the underlying", "night": "the night",
}  # fmt: skip


def quality_view(tables: Mapping[str, pd.DataFrame], priced_count: int, ledger: Mapping[str, object]) -> Quality:
    """Describe the night's data quality.

    Parameters
    ----------
    tables : mapping of str to DataFrame
    priced_count : int
        Rows of `PRICED_QUOTES`.
    ledger : mapping
        Row of `META_NIGHTS`; its counts win over those taken from the tables.

    Returns
    -------
    Quality
    """
    rows_in, rejected = _counts(tables, ledger)
    published = ledger.get("rows_published_count")
    out = rows_in - rejected if published is None else int(str(published))
    adjusted = f"; {out - priced_count:,} of them adjusted, so not priced" if 0 < out - priced_count else ""
    balance = f"{rows_in:,} contracts in = {out:,} published + {rejected:,} quarantined{adjusted}."
    return Quality(
        balance=balance, is_balanced=rows_in == out + rejected and out >= priced_count,
        checks=_checks(tables[META_VALIDATIONS.name]), broken=_broken(tables[META_VALIDATIONS.name]),
        quarantine=_quarantine(tables[META_QUARANTINE.name]), clocks=_clocks(tables[SNAPSHOTS.name]),
    )  # fmt: skip


def _counts(tables: Mapping[str, pd.DataFrame], ledger: Mapping[str, object]) -> tuple[int, int]:
    """Return contracts in and contracts quarantined."""
    quarantine = tables[META_QUARANTINE.name]
    mine = quarantine[quarantine["dataset"] == OPTION_QUOTES.name]
    rows_in, rejected = ledger.get("rows_in_count"), ledger.get("rows_quarantined_count")
    return (
        int(tables[SNAPSHOTS.name]["contracts_count"].sum()) if rows_in is None else int(str(rows_in)),
        int(mine["rows_count"].sum()) if rejected is None else int(str(rejected)),
    )


def _checks(validations: pd.DataFrame) -> Table:
    columns = (Column(label="Dataset", is_number=False), Column(label="A failure takes out", is_number=False),
               Column(label="Rules"), Column(label="Broken"), Column(label="Rows looked at"), Column(label="Rows at fault"))  # fmt: skip
    checks = validations.astype({"dataset": "str", "severity": "str"})
    grouped = checks.assign(broken=~checks["is_success"]).groupby(["dataset", "severity"])
    totals = grouped.agg(rules=("broken", "size"), broken=("broken", "sum"), looked=("evaluated_count", "max"),
                         rows=("unexpected_count", "sum")).reset_index()  # fmt: skip
    body = tuple(
        Row(cells=(Cell(text=r.dataset), Cell(text=_SEVERITY_TAKES.get(r.severity, r.severity)), Cell(text=count(r.rules)),
                   Cell(text=count(r.broken), tone="bad" if r.broken else ""), Cell(text=count(r.looked)),
                   Cell(text=count(r.rows), tone="bad" if r.rows else "")))
        for r in totals.itertuples(index=False)
    )  # fmt: skip
    return Table(caption="Validation by dataset", columns=columns, rows=body, empty="No rule was evaluated.")


def _broken(validations: pd.DataFrame) -> Table:
    columns = (Column(label="Dataset", is_number=False), Column(label="Rule", is_number=False),
               Column(label="Columns", is_number=False), Column(label="Takes out", is_number=False),
               Column(label="Rows at fault"), Column(label="Rows looked at"))  # fmt: skip
    failed = validations[~validations["is_success"]].sort_values(
        ["unexpected_count", "dataset", "check_name", "check_column"], ascending=[False, True, True, True]
    )
    body = tuple(
        Row(cells=(Cell(text=str(r.dataset)), Cell(text=str(r.check_name)), Cell(text=str(r.check_column)),
                   Cell(text=_SEVERITY_TAKES.get(str(r.severity), str(r.severity))),
                   Cell(text=count(r.unexpected_count), tone="bad"), Cell(text=count(r.evaluated_count))))
        for r in failed.itertuples(index=False)
    )  # fmt: skip
    return Table(caption="Broken rules", columns=columns, rows=body, empty="Every rule held.")


def _quarantine(quarantine: pd.DataFrame) -> Table:
    columns = (Column(label="Dataset", is_number=False), Column(label="Takes out", is_number=False),
               Column(label="Reason", is_number=False), Column(label="Entries"), Column(label="Rows"))  # fmt: skip
    names = ["dataset", "severity", "reason"]
    rows = quarantine.astype(dict.fromkeys(names, "str")).groupby(names)["rows_count"].agg(["size", "sum"]).reset_index()
    body = tuple(
        Row(cells=(Cell(text=r.dataset), Cell(text=_SEVERITY_TAKES.get(r.severity, r.severity)), Cell(text=r.reason),
                   Cell(text=count(r.size)), Cell(text=count(r.sum))))
        for r in rows.rename(columns={"size": "size_", "sum": "sum_"}).rename(columns={"size_": "size", "sum_": "sum"})
        .sort_values(["sum", "dataset", "reason"], ascending=[False, True, True]).itertuples(index=False)
    )  # fmt: skip
    return Table(caption="Quarantine by reason", columns=columns, rows=body, empty="Nothing was quarantined.")


def _clocks(snapshots: pd.DataFrame) -> Table:
    columns = (
        Column(label="Underlying", is_number=False), Column(label="Asset class", is_number=False),
        Column(label="Quotes taken", is_number=False), Column(label="At (New York)"),
        Column(label="Against the close", note="Close of the session at 16:00 New York, earlier on half days"),
        Column(label="Age when rendered", note="Rendering of the vendor's file less quote time"), Column(label="Contracts"),
        Column(label="Whose quotes", is_number=False),
    )  # fmt: skip
    tones = {"after_hours": "warn"}
    ranked = snapshots.astype({"quote_clock": "str", "underlying": "str"}).sort_values(["quote_clock", "underlying"])
    body = tuple(
        Row(cells=(Cell(text=r.underlying), Cell(text=class_label(str(r.asset_class))),
                   Cell(text=CLOCK_WORDS.get(r.quote_clock, r.quote_clock), tone=tones.get(r.quote_clock, "")),
                   Cell(text=new_york(r.quote_at_utc)), Cell(text=_against_close(r.minutes_to_close)),
                   Cell(text=minutes(r.quote_age_minutes)), Cell(text=count(r.contracts_count)), Cell(text=text(r.venue_scope))))
        for r in ranked.itertuples(index=False)
    )  # fmt: skip
    return Table(caption="Quote clock", columns=columns, rows=body, empty="No chain arrived.")


def _against_close(minutes_to_close: float) -> str:
    if abs(minutes_to_close) < 0.5:
        return "at the close"
    return f"{minutes(minutes_to_close)} {'before' if minutes_to_close > 0 else 'after'}"


def missing_table(tables: Mapping[str, pd.DataFrame]) -> Table:
    """List what the night went without: payloads that did not land, chains that validation suspended, hedges without data.

    Parameters
    ----------
    tables : mapping of str to DataFrame

    Returns
    -------
    Table
    """
    payloads, quarantine = tables[META_PAYLOADS.name], tables[META_QUARANTINE.name]
    lost = payloads[payloads["payload_outcome"] == "MISSING"].astype({"dataset": "str", "symbol": "str"})
    suspended = quarantine[quarantine["severity"] == "underlying"]
    without = _without(tables[LADDER_SIGNALS.name])
    entries = [(r.symbol, r.dataset, text(r.reason)) for r in lost.sort_values(["dataset", "symbol"]).itertuples(index=False)]
    entries += [(str(r.row_key), "suspended by validation", text(r.reason)) for r in suspended.itertuples(index=False)]
    told = {symbol for symbol, kind, _ in entries if kind in {"option_chain", "suspended by validation"}}
    entries += [(symbol, "no chain tonight", "") for symbol in without if symbol not in told]
    columns = (Column(label="Symbol", is_number=False), Column(label="What", is_number=False),
               Column(label="Why", is_number=False), Column(label="Costs", is_number=False))  # fmt: skip
    body = tuple(
        Row(cells=(Cell(text=symbol), Cell(text=kind), Cell(text=why),
                   Cell(text=without.get(symbol, "") if kind != "daily_bars" and kind != "index_history" else "")))
        for symbol, kind, why in entries
    )  # fmt: skip
    return Table(caption="What was missing", columns=columns, rows=body, empty="Nothing: every payload landed.")


def _without(signals: pd.DataFrame) -> dict[str, str]:
    """Return what each hedge chain without data costs: which ladders could not be measured."""
    lost = signals[signals["filter_state"] == "NO_DATA"].astype({"host": "str", "hedge_symbol": "str"})
    every = int(signals["host"].nunique())
    return {
        str(symbol): f"{several(len(part), 'ladder')} NO_DATA: {listed(sorted(part['host'].unique()), every, 'hosts')}"
        for symbol, part in lost.groupby("hedge_symbol")
    }
