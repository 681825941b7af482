"""Whether the night's data can be trusted: rows in and out, broken rules, quote clock, what did not arrive."""

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
    records,
    several,
    text,
)
from alvh_core.schemas import (
    CLOSES,
    LADDER_SIGNALS,
    META_PAYLOADS,
    META_QUARANTINE,
    META_VALIDATIONS,
    OPTION_QUOTES,
    SNAPSHOTS,
)
from alvh_core.signals import without_trigger

SEVERITY_TAKES = {
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
    adjusted = f"; {out - priced_count:,} of them adjusted, so not priced" if out > priced_count else ""
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
    columns = (Column.words("Dataset"), Column.words("A failure takes out"),
               Column("Rules"), Column("Broken"), Column("Rows looked at"), Column("Rows at fault"))  # fmt: skip
    checks = validations.astype({"dataset": "str", "severity": "str"})
    grouped = checks.assign(broken=~checks["is_success"]).groupby(["dataset", "severity"])
    totals = grouped.agg(rules=("broken", "size"), broken=("broken", "sum"), looked=("evaluated_count", "max"),
                         rows=("unexpected_count", "sum")).reset_index()  # fmt: skip
    body = tuple(
        Row(cells=(Cell(r.dataset), Cell(SEVERITY_TAKES.get(r.severity, r.severity)), Cell(count(r.rules)),
                   Cell(count(r.broken), tone="bad" if r.broken else ""), Cell(count(r.looked)),
                   Cell(count(r.rows), tone="bad" if r.rows else "")))
        for r in records(totals)
    )  # fmt: skip
    return Table(caption="Validation by dataset", columns=columns, rows=body, empty="No rule was evaluated.")


def _broken(validations: pd.DataFrame) -> Table:
    columns = (Column.words("Dataset"), Column.words("Rule"),
               Column.words("Columns"), Column.words("Takes out"),
               Column("Rows at fault"), Column("Rows looked at"))  # fmt: skip
    failed = validations[~validations["is_success"]].sort_values(
        ["unexpected_count", "dataset", "check_name", "check_column"], ascending=[False, True, True, True]
    )
    body = tuple(
        Row(cells=(Cell(str(r.dataset)), Cell(str(r.check_name)), Cell(str(r.check_column)),
                   Cell(SEVERITY_TAKES.get(str(r.severity), str(r.severity))),
                   Cell(count(r.unexpected_count), tone="bad"), Cell(count(r.evaluated_count))))
        for r in records(failed)
    )  # fmt: skip
    return Table(caption="Broken rules", columns=columns, rows=body, empty="Every rule held.")


def _quarantine(quarantine: pd.DataFrame) -> Table:
    columns = (Column.words("Dataset"), Column.words("Takes out"),
               Column.words("Reason"), Column("Entries"), Column("Rows"))  # fmt: skip
    names = ["dataset", "severity", "reason"]
    grouped = quarantine.astype(dict.fromkeys(names, "str")).groupby(names)["rows_count"]
    totals = grouped.agg(entries="size", rows="sum").reset_index()
    ranked = totals.sort_values(["rows", "dataset", "reason"], ascending=[False, True, True])
    body = tuple(
        Row(cells=(Cell(r.dataset), Cell(SEVERITY_TAKES.get(r.severity, r.severity)), Cell(r.reason),
                   Cell(count(r.entries)), Cell(count(r.rows))))
        for r in records(ranked)
    )  # fmt: skip
    return Table(caption="Quarantine by reason", columns=columns, rows=body, empty="Nothing was quarantined.")


def _clocks(snapshots: pd.DataFrame) -> Table:
    columns = (
        Column.words("Underlying"), Column.words("Asset class"),
        Column.words("Quotes taken"), Column("At (New York)"),
        Column("Against the close", "Close of the session at 16:00 New York, earlier on half days"),
        Column("Age when rendered", "Rendering of the vendor's file less quote time"), Column("Contracts"),
        Column.words("Whose quotes"),
    )  # fmt: skip
    tones = {"after_hours": "warn"}
    ranked = snapshots.astype({"quote_clock": "str", "underlying": "str"}).sort_values(["quote_clock", "underlying"])
    body = tuple(
        Row(cells=(Cell(r.underlying), Cell(class_label(str(r.asset_class))),
                   Cell(CLOCK_WORDS.get(r.quote_clock, r.quote_clock), tone=tones.get(r.quote_clock, "")),
                   Cell(new_york(r.quote_at_utc)), Cell(_against_close(r.minutes_to_close)),
                   Cell(minutes(r.quote_age_minutes)), Cell(count(r.contracts_count)), Cell(text(r.venue_scope))))
        for r in records(ranked)
    )  # fmt: skip
    return Table(caption="Quote clock", columns=columns, rows=body, empty="No chain arrived.")


def _against_close(minutes_to_close: float) -> str:
    if abs(minutes_to_close) < 0.5:
        return "at the close"
    return f"{minutes(minutes_to_close)} {'before' if minutes_to_close > 0 else 'after'}"


def missing_table(tables: Mapping[str, pd.DataFrame]) -> Table:
    """List what the night went without: payloads that did not land, chains that validation suspended.

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
    without, reasons = _without(tables[LADDER_SIGNALS.name]), _signal_reasons(tables[LADDER_SIGNALS.name])
    arrived = set(tables[SNAPSHOTS.name]["underlying"].astype("str"))
    entries = [(r.symbol, r.dataset, text(r.reason)) for r in records(lost.sort_values(["dataset", "symbol"]))]
    entries += [(str(r.row_key), "suspended by validation", text(r.reason)) for r in records(suspended)]
    told = {symbol for symbol, kind, _ in entries if kind in {"option_chain", "suspended by validation"}}
    entries += [
        (symbol, "chain without a reading" if symbol in arrived else "no chain tonight", reasons.get(symbol, ""))
        for symbol in sorted(without) if symbol not in told
    ]  # fmt: skip
    columns = (Column.words("Symbol"), Column.words("What"),
               Column.words("Cost to the night"), Column.words("Why"))  # fmt: skip
    closes = set(tables[CLOSES.name]["symbol"].astype("str"))
    body = tuple(
        Row(cells=(Cell(symbol), Cell(kind), Cell(_cost(symbol, kind, without, closes)), Cell(why)))
        for symbol, kind, why in entries
    )
    return Table(caption="What was missing", columns=columns, rows=body, empty="Nothing: every payload landed.")


_COSTS = {
    "daily_actions": "no dividends, no splits", "vx_history": "no bars of the VX future",
    "vx_settlement": "no gap of the VIX forwards to the futures",
    "grouped_daily": "no advances and declines of all shares",
    "reference_tickers": "no advances and declines of the exchange",
}  # fmt: skip


def _cost(symbol: str, kind: str, without: Mapping[str, str], closes: set[str]) -> str:
    if kind in {"daily_bars", "index_history"}:
        return "" if symbol in closes else "no close, no hv20"
    if kind in _COSTS:
        return _COSTS[kind]
    return without.get(symbol, "")


def _signal_reasons(signals: pd.DataFrame) -> dict[str, str]:
    """Return why the signals have no data of a chain, in their own words."""
    lost = signals[signals["filter_state"] == "NO_DATA"]
    return {str(r.hedge_symbol): without_trigger(text(r.block_reason)).removeprefix("NO_DATA: ") for r in records(lost)}


def _without(signals: pd.DataFrame) -> dict[str, str]:
    """Return what each chain without data costs: ladders that could not be measured, or stand in another chain."""
    lost = signals[signals["filter_state"] == "NO_DATA"].astype({"host": "str", "hedge_symbol": "str"})
    every = int(signals["host"].nunique())
    costs = {
        str(symbol): f"{several(len(part), 'ladder')} NO_DATA: {listed(sorted(part['host'].unique()), every, 'hosts')}"
        for symbol, part in lost.groupby("hedge_symbol")
    }
    native = signals[signals["variant"] == "V3_NATIVE"].astype({"host": "str", "hedge_symbol": "str"})
    moved = native[native["hedge_symbol"] != native["host"]]
    return {r.host: f"V3 stands in {r.hedge_symbol}" for r in records(moved)} | costs
