"""The gate of a night: run the suites of a dataset and split its rows into clean and quarantined.

What a rule says is in `expectations.suites`, how it is evaluated in `expectations.runner`, the bookkeeping of rejects
in `alvh_core.quarantine`. A fault of severity night raises; everything lesser is quarantined and the night goes on.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from alvh_core import frames
from alvh_core.errors import FatalError
from alvh_core.forwards import EXPIRY
from alvh_core.quality import expiry_facts, underlying_facts, with_quality
from alvh_core.quality_groups import ChainContext
from alvh_core.quarantine import MARKS, mark_rejects, quarantine_entries, row_entries, settle
from alvh_core.registry.spec import TableSpec
from alvh_core.schemas import META_VALIDATIONS, OPTION_QUOTES, QUARANTINED_QUOTES
from alvh_core.sessions import TradingCalendar
from alvh_core.universe import Asset
from expectations.answer_suites import MAY_BE_EMPTY
from expectations.packs import pack_bounds
from expectations.report import ValidationReport, combine
from expectations.rules import ROW_COUNT, Suite
from expectations.runner import validate
from expectations.suites import expiry_suite, option_quotes_suite, out_suite, underlying_suite


@dataclass(frozen=True, kw_only=True, eq=False)
class Gated:
    """A validated dataset.

    Attributes
    ----------
    clean, rejected : DataFrame
        Disjoint; together the rows that came in.
    entries : DataFrame
        `META_QUARANTINE`.
    checks : DataFrame
        One row per rule; `dated` makes it `META_VALIDATIONS`.
    """

    clean: pd.DataFrame
    rejected: pd.DataFrame
    entries: pd.DataFrame
    checks: pd.DataFrame


def validate_option_quotes(quotes: pd.DataFrame, forwards: pd.DataFrame, universe: Mapping[str, Asset],
                           calendar: TradingCalendar, *, snapshots: pd.DataFrame | None = None,
                           bars: pd.DataFrame | None = None, min_rows: int = 1) -> Gated:  # fmt: skip
    """Judge expiries, then contracts, for a broken expiry blames sound neighbours, then underlyings.

    Parameters
    ----------
    quotes : DataFrame
        `OPTION_QUOTES`, all chains of the night or of a shard.
    forwards : DataFrame
        From `alvh_core.forwards.expiry_forwards`.
    universe : mapping of str to Asset
    calendar : TradingCalendar
    snapshots, bars : DataFrame, optional
        `SNAPSHOTS` and `DAILY_BARS` of the night; without them the rules that compare with them hold.
    min_rows : int
        0 for a shard: whether the night has contracts is seen when the shards are together (`together`).

    Returns
    -------
    Gated

    Raises
    ------
    FatalError
        A row was lost.
    """
    bounds, context = pack_bounds(universe), ChainContext(calendar=calendar, snapshots=snapshots, bars=bars)
    expiries = expiry_facts(quotes, forwards, universe, calendar, bounds)
    by_expiry = _passed(validate(expiries, expiry_suite(min_rows=min_rows)), expiries)
    suspended = _suspended(expiries, by_expiry, EXPIRY)
    judged = with_quality(quotes, forwards, universe, calendar, bounds, suspended)
    by_row = _passed(validate(judged, option_quotes_suite(min_rows=min_rows)), quotes)
    rejected_rows = by_row.rejects()
    hit = _hit(rejected_rows, len(quotes))
    underlyings = underlying_facts(judged, pd.Series(hit), forwards, context, bounds)
    by_underlying = _passed(validate(underlyings, underlying_suite(min_rows=min_rows)), underlyings)
    marks = mark_rejects(quotes, rejected_rows, suspended,
                         _suspended(underlyings, by_underlying, ["underlying"]))  # fmt: skip
    bad = marks["severity"].notna()
    rejected = frames.conform(quotes[bad].join(marks[bad]), QUARANTINED_QUOTES)
    clean = frames.conform(quotes[~bad], OPTION_QUOTES)
    settle(len(clean), len(rejected), len(quotes), OPTION_QUOTES)
    return Gated(clean=clean, rejected=rejected, entries=quarantine_entries(rejected, OPTION_QUOTES.name),
                 checks=combine([by_row, by_expiry, by_underlying]))  # fmt: skip


def validate_rows(frame: pd.DataFrame, table: TableSpec, suite: Suite) -> Gated:
    """Judge a small fact table row by row; an empty one is written down as a failed check, no more.

    Parameters
    ----------
    frame : DataFrame
        Of the table.
    table : TableSpec
    suite : Suite

    Returns
    -------
    Gated
    """
    report = validate(frame, suite)
    rejects = report.rejects()
    bad = _hit(rejects, len(frame))
    rejected = frame[bad].assign(**_marks(rejects)).assign(severity="row")
    if "row_position" not in rejected:  # made here, not read from a payload
        rejected = rejected.assign(row_position=np.flatnonzero(bad))
    if "payload_sha256" not in rejected:
        rejected = rejected.assign(payload_sha256="")
    names = [name for name in table.key if name not in {"trade_date", "source_mode"}]
    row_key = frames.joined(rejected, names)
    clean = frame[~bad].reset_index(drop=True)
    settle(len(clean), len(rejected), len(frame), table)
    return Gated(clean=clean, rejected=rejected,
                 entries=row_entries(rejected, table.name, row_key), checks=combine([report]))  # fmt: skip


def validate_answers(tables: Mapping[str, tuple[pd.DataFrame, TableSpec]], *, min_rows: int = 1) -> pd.DataFrame:
    """Judge the answers before they are published; an answer that breaks its own contract stops the night.

    Parameters
    ----------
    tables : mapping of str to (DataFrame, TableSpec)
        Every ``out_`` table of the night.
    min_rows : int
        0 for a night without any quote: it has nothing to answer from.

    Returns
    -------
    DataFrame
        One row per rule; `dated` makes it `META_VALIDATIONS`.

    Raises
    ------
    FatalError
        A rule is broken; names table, rule and number of rows.
    """
    return combine(
        _passed(validate(frame, out_suite(spec, min_rows=0 if name in MAY_BE_EMPTY else min_rows)), frame)
        for name, (frame, spec) in tables.items()
    )


def dated(checks: Iterable[pd.DataFrame], trade_date: date, source_mode: str) -> pd.DataFrame:
    """Stack checks and date them.

    Parameters
    ----------
    checks : iterable of DataFrame
    trade_date : date
    source_mode : str

    Returns
    -------
    DataFrame
        `META_VALIDATIONS`.
    """
    stacked = pd.concat(checks, ignore_index=True)
    return frames.conform(
        stacked.assign(trade_date=pd.Timestamp(trade_date), source_mode=source_mode), META_VALIDATIONS
    )


def together(parts: Iterable[pd.DataFrame]) -> pd.DataFrame:
    """Add up the checks of a night's parts, as if every rule had seen all rows at once.

    Every rule judges a row by itself or beside rows of its own underlying, and parts are made of whole underlyings: so
    rows evaluated and rows unexpected add up, and a rule holds if it holds in every part. Only the number of rows is a
    matter of the whole: a part may be empty and the rule still hold.

    Parameters
    ----------
    parts : iterable of DataFrame
        `META_VALIDATIONS`, from `dated`.

    Returns
    -------
    DataFrame
        `META_VALIDATIONS`, rules in order of appearance.

    """
    stacked = frames.concat(parts, META_VALIDATIONS)
    whole = stacked.groupby([*META_VALIDATIONS.key, "severity"], sort=False, observed=True).agg(
        is_success=("is_success", "all"), evaluated_count=("evaluated_count", "sum"),
        unexpected_count=("unexpected_count", "sum"),
    ).reset_index()  # fmt: skip
    is_count = whole["check_name"] == ROW_COUNT
    whole["is_success"] = whole["is_success"].where(~is_count, whole["evaluated_count"] > 0)
    return frames.conform(whole, META_VALIDATIONS)


def _passed(report: ValidationReport, frame: pd.DataFrame) -> ValidationReport:
    """Stop the night on a fault of that severity."""
    if not report.has_night_failure:
        return report
    told = "; ".join(f"{rule.name} ({rule.column}): {len(outcome.positions)} rows"
                     for rule, outcome in report.broken if rule.severity == "night")  # fmt: skip
    raise FatalError(f"{report.dataset}: {len(frame)} rows, expected every night rule to hold, broken: {told}. "
                     "Nothing is published; the raw payloads are kept")  # fmt: skip


def _hit(rejects: pd.DataFrame, n_rows: int) -> NDArray[np.bool_]:
    hit = np.zeros(n_rows, dtype=bool)
    hit[rejects["position"].to_numpy(dtype=np.int64)] = True
    return hit


def _suspended(facts: pd.DataFrame, report: ValidationReport, keys: list[str]) -> pd.DataFrame:
    rejects = report.rejects()
    return facts.iloc[rejects["position"]][keys].assign(**_marks(rejects))


def _marks(rejects: pd.DataFrame) -> dict[str, NDArray[np.object_]]:
    return {name: rejects[name].to_numpy(dtype="object") for name in MARKS}
