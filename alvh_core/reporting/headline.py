"""What must be known first: which night, whose quotes, and the article's two questions in a sentence each."""

from collections.abc import Mapping

import pandas as pd

from alvh_core.columns import QUOTE_CLOCKS, VERDICTS
from alvh_core.evaluation.rules import EvidenceRule
from alvh_core.ladders import REFERENCE_HOST
from alvh_core.params import LadderProfile, SpreadRule
from alvh_core.reporting.ladders import variant_table
from alvh_core.reporting.model import Answer, Fact, Headline
from alvh_core.reporting.texts import CLOCK_WORDS, DASH, SPREAD_STATES, STATE_WORDS, count, limit, number, several
from alvh_core.schemas import LADDER_SIGNALS, META_PAYLOADS, SNAPSHOTS
from alvh_core.signals import night_outcome
from alvh_core.universe import Asset

CAN_IT = "Can the 4/4/2 layering be adapted outside SPX?"
FALLS = "Does it fall apart without tight spreads?"


def headline(tables: Mapping[str, pd.DataFrame], rows: pd.DataFrame, universe: Mapping[str, Asset],
             profile: LadderProfile, rule: SpreadRule, evidence: EvidenceRule,
             ledger: Mapping[str, object]) -> Headline:  # fmt: skip
    """Say what must be known first.

    Parameters
    ----------
    tables : mapping of str to DataFrame
    rows : DataFrame
        From `alvh_core.reporting.ladders.ladder_rows`.
    universe : mapping of str to Asset
    profile : LadderProfile
    rule : SpreadRule
    evidence : EvidenceRule
    ledger : mapping
        Row of `META_NIGHTS`, as far as known.

    Returns
    -------
    Headline
    """
    found, source_mode = identity(tables, ledger)
    outcome, reason = _outcome(tables)
    return Headline(
        trade_date="unknown" if found is None else found.strftime("%Y-%m-%d"),
        weekday="" if found is None else found.strftime("%A"), source_mode=source_mode, outcome=outcome,
        outcome_reason=reason,
        facts=(_close_fact(tables, profile.mode), *_ladder_facts(rows), *_chain_facts(tables, universe)),
        answers=(_adapted(rows, evidence), _falls_apart(rows, rule)),
    )  # fmt: skip


def identity(tables: Mapping[str, pd.DataFrame], ledger: Mapping[str, object]) -> tuple[pd.Timestamp | None, str]:
    """Return trade date and source mode of the night; of an empty one what the ledger says."""
    for frame in tables.values():
        if len(frame):
            return pd.Timestamp(frame["trade_date"].iloc[0]), str(frame["source_mode"].iloc[0])
    day = ledger.get("trade_date")
    return (None if day is None else pd.Timestamp(str(day))), str(ledger.get("source_mode", "unknown"))


def trigger_close(tables: Mapping[str, pd.DataFrame]) -> tuple[float, bool]:
    """Return the close of the trigger index, NaN if unknown, and whether it is provisional."""
    signals = tables[LADDER_SIGNALS.name]
    seen = signals.loc[signals["vix_close_vol_points"].notna(), ["vix_close_vol_points", "is_vix_provisional"]]
    if seen.empty:
        return float("nan"), False
    provisional = seen["is_vix_provisional"].fillna(False)
    return float(seen["vix_close_vol_points"].iloc[0]), bool(provisional.iloc[0])


def _outcome(tables: Mapping[str, pd.DataFrame]) -> tuple[str, str]:
    if tables[LADDER_SIGNALS.name].empty:
        return "NO_DATA", "no ladder was computed"
    outcome, reason = night_outcome(tables)
    return outcome, (reason or "").removeprefix(f"{outcome}: ")


def _close_fact(tables: Mapping[str, pd.DataFrame], mode: str) -> Fact:
    close, provisional = trigger_close(tables)
    if pd.isna(close):
        note = "trigger state held" if mode == "trigger" else "nothing follows from it"
        return Fact(label="VIX close", value="unknown", note=note, tone="warn")
    note = "provisional, from the chain's header" if provisional else "published"
    return Fact(label="VIX close", value=number(close), note=note, tone="warn" if provisional else "")


def _ladder_facts(rows: pd.DataFrame) -> tuple[Fact, Fact]:
    deployable = int(rows["tonight"].eq("DEPLOYABLE").sum())
    bought = int(rows["action"].eq("DEPLOY").sum())
    verdicts = rows["verdict"].astype("str").value_counts()
    told = " · ".join(f"{name} {verdicts[name]:,}" for name in VERDICTS if name in verdicts)
    return (
        Fact(label="Deployable tonight", value=f"{deployable:,} of {len(rows):,}",
             note=f"ladders; {bought:,} bought on paper", tone="good" if deployable else "bad"),
        Fact(label="Verdicts", value=told or DASH, note="host and variant pairs"),
    )  # fmt: skip


def _chain_facts(tables: Mapping[str, pd.DataFrame], universe: Mapping[str, Asset]) -> tuple[Fact, Fact]:
    snapshots, payloads = tables[SNAPSHOTS.name], tables[META_PAYLOADS.name]
    asked = int(payloads["dataset"].eq("option_chain").sum()) or len(universe)
    clocks = snapshots["quote_clock"].astype("str").value_counts()
    told = " · ".join(f"{CLOCK_WORDS[name]} {clocks[name]}" for name in QUOTE_CLOCKS if name in clocks)
    ages = snapshots["minutes_to_close"]
    spread = f"; earliest {number(ages.max() / 60.0, 1)} h before the close" if len(ages) and ages.max() > 60.0 else ""
    return (
        Fact(label="Option chains", value=f"{len(snapshots):,} of {asked:,}", note="arrived",
             tone="warn" if len(snapshots) < asked else ""),
        Fact(label="Quote clock", value=told or DASH, note=f"when the quotes were taken{spread}",
             tone="warn" if clocks.get("after_hours", 0) else ""),
    )  # fmt: skip


def _adapted(rows: pd.DataFrame, evidence: EvidenceRule) -> Answer:
    """Answer by the verdicts of every host but the reference."""
    outside = rows[rows["host"] != REFERENCE_HOST]
    hosts = several(outside["host"].nunique(), "host")
    scope = f"{several(len(outside), 'ladder')} on {hosts} outside {REFERENCE_HOST}"
    if outside.empty:
        return Answer(question=CAN_IT, lead=f"No reading: no ladder outside {REFERENCE_HOST} was computed.", points=())
    verdicts = outside["verdict"].astype("str").value_counts()
    if set(verdicts.index) == {"INSUFFICIENT"}:
        lead = f"Not answered yet: all {scope} are INSUFFICIENT."
    else:
        told = ", ".join(f"{name} {verdicts.get(name, 0):,}" for name in VERDICTS)
        lead = f"Of {scope}: {told}."
    trusted = outside["nights_count"] - outside["untrusted_count"].fillna(0)  # an earlier release told none
    nights = several(int(trusted.max()), "night")
    why = (f"Best-covered ladder: {nights} of {evidence.min_nights:,} with a reading of the whole ladder, on quotes of "
           "a trusted scope.")  # fmt: skip
    return Answer(question=CAN_IT, lead=lead, points=(why, *_why_insufficient(outside)))


def _why_insufficient(rows: pd.DataFrame) -> tuple[str, ...]:
    """Count the evidence rules that are not met, in the verdicts' own words."""
    lacking = rows.loc[rows["verdict"].astype("str") == "INSUFFICIENT", "reasons"].astype("str")
    told = lacking.str.split("; ").explode()
    told = told[told.str.match(r"[A-Z_]+: ")]
    codes = told.str.partition(": ")[0]
    points = []
    for code in dict.fromkeys(codes):
        wordings = told[codes == code].value_counts()
        more = " (numbers differ by ladder)" if len(wordings) > 1 else ""
        points.append(f"{wordings.index[0]}{more} — {several(int(wordings.sum()), 'ladder')}")
    return tuple(points)


def _falls_apart(rows: pd.DataFrame, rule: SpreadRule) -> Answer:
    """Answer by tonight's readings of the filter, telling width from want of data."""
    deployable, wide = rows["tonight"].eq("DEPLOYABLE"), rows["state"].isin(SPREAD_STATES)
    if rows.empty:
        return Answer(question=FALLS, lead="No reading: no ladder was computed.", points=(), table=variant_table(rows))
    unmeasured = rows[~deployable & ~wide]["state"].value_counts()
    passing = f"{count(deployable.sum())} of {several(len(rows), 'ladder')}"
    lead = (
        f"Tonight {passing} pass the {limit(rule.limit_frac)} rule, {count((wide & ~deployable).sum())} are "
        f"blocked by their spread, {count(unmeasured.sum())} cannot be measured."
    )
    points = []
    if len(unmeasured):
        told = ", ".join(f"{STATE_WORDS[s].word} {unmeasured[s]:,}" for s in STATE_WORDS if s in unmeasured)
        points.append(f"Not measurable says nothing about spreads: {told}.")
    points.append(
        f"V0 and V1 buy the same VIX calls whatever the host: one reading, counted {_same_hedge(rows)} times."
    )
    points.append("One night is a reading of the filter, not a verdict.")
    return Answer(question=FALLS, lead=lead, points=tuple(points), table=variant_table(rows))


def _same_hedge(rows: pd.DataFrame) -> str:
    return count(rows["variant"].isin(["V0_REF", "V1_SAME_HEDGE"]).sum())
