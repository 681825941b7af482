"""What a rule is given, what it returns, and how that becomes an alert a person can act on. No rule lives here."""

import hashlib
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime

import pandas as pd

from alvh_core import frames
from alvh_core.alerting.rules import AlertLimits, AlertRule
from alvh_core.params import LadderProfile
from alvh_core.schemas import (
    CROSS_CHECK,
    DRIFT,
    FORWARDS,
    LADDER_LEGS,
    LADDER_SIGNALS,
    LADDER_STATE,
    META_ALERTS,
    META_PAYLOADS,
    META_QUARANTINE,
    SNAPSHOTS,
    VERDICTS_TABLE,
)
from alvh_core.triggers import LADDER

# What a rule may look at of earlier nights: to read all of their tables would cost more than the rules
BEFORE_TABLES = (
    CROSS_CHECK.only(["symbol", "cross_check", "spread_ratio"]),
    DRIFT.only(["underlying", "contracts_ratio", "spread_ratio", "two_sided_change_frac", "is_repeated"]),
    FORWARDS.only(["root", "expiry_date", "discount", "vx_gap_vol_points"]),
    LADDER_SIGNALS.only(["hedge_symbol", "filter_state"]),
    LADDER_STATE.only([*LADDER, "layer_no", "is_armed"]),
    META_PAYLOADS.only(["dataset", "symbol", "payload_outcome", "reason"]),
    META_QUARANTINE.only(["row_key", "severity", "reason"]),
    SNAPSHOTS.only(["underlying", "quote_clock"]),
    VERDICTS_TABLE.only([*LADDER, "verdict"]),
)
HISTORY = LADDER_SIGNALS.only(["trade_date", *LADDER, "filter_state", "s_ladder_frac", "quote_clock"])
BOUGHT_LEGS = LADDER_LEGS.only(["trade_date", *LADDER, "layer_no", "osi_symbol", "expiry_date"])
TONIGHT_TABLES = (*(table.name for table in BEFORE_TABLES), LADDER_LEGS.name)


@dataclass(frozen=True, kw_only=True)
class NightEvidence:
    """Everything the rules may look at.

    Attributes
    ----------
    trade_date : date
    source_mode : str
    tonight : mapping of str to DataFrame
        `TONIGHT_TABLES` by name of the night about to be published.
    before : mapping of str to DataFrame
        `BEFORE_TABLES` by name of the night published before it; may be empty.
    history : DataFrame
        `HISTORY` of earlier nights of the same source mode.
    bought_legs : DataFrame
        `BOUGHT_LEGS` of the sessions on which held layers were deployed.
    counts : mapping of str to int
        rows_in_count and rows_quarantined_count of the night; None where it was claimed anew since it was published.
    told : mapping of str to str
        What the desk was last told each book's filter had turned to, by subject.
    profiles : mapping of str to LadderProfile
        Parameters of the night's ladders by host, its entry's overrides laid over them.
    limits : AlertLimits
    """

    trade_date: date
    source_mode: str
    tonight: Mapping[str, pd.DataFrame]
    before: Mapping[str, pd.DataFrame]
    history: pd.DataFrame
    bought_legs: pd.DataFrame
    counts: Mapping[str, int | None]
    told: Mapping[str, str]
    profiles: Mapping[str, LadderProfile]
    limits: AlertLimits


@dataclass(frozen=True, kw_only=True)
class Finding:
    """What a rule found.

    Attributes
    ----------
    subject, turned_to : str
        What it is about and what that became: the identity of the alert within a night and rule.
    headline : str
        The alert in half a line.
    expected, found, to_do : str
    concerns : str
        Hosts, symbols or contracts; may be empty.
    severity : str, optional
        Where it is graver than its rule.
    """

    subject: str
    turned_to: str
    headline: str
    expected: str
    found: str
    to_do: str
    concerns: str = ""
    severity: str | None = None


def alert_frame(findings: Iterable[tuple[AlertRule, Finding]], trade_date: date, source_mode: str,
                created_at: datetime) -> pd.DataFrame:  # fmt: skip
    """Write findings down as PENDING alerts, one row each.

    Parameters
    ----------
    findings : iterable of (AlertRule, Finding)
    trade_date : date
    source_mode : str
    created_at : datetime
        With time zone.

    Returns
    -------
    DataFrame
        `META_ALERTS`, ordered by its key.
    """
    rows = [_row(rule, finding, trade_date, source_mode) for rule, finding in findings]
    if not rows:
        return frames.empty(META_ALERTS)
    frame = pd.DataFrame(rows).sort_values("alert_id", ignore_index=True)
    dated = frame.assign(
        trade_date=pd.Timestamp(trade_date), source_mode=source_mode, created_at_utc=pd.Timestamp(created_at)
    )
    return frames.conform(dated, META_ALERTS)


def told_lines(body: str) -> dict[str, str]:
    """Return the lines of an alert's body by their names: Expected, Found, Concerns and To do, those there are."""
    return dict(line.split(": ", 1) for line in body.partition("\n\n")[0].split("\n") if ": " in line)


def _row(rule: AlertRule, finding: Finding, trade_date: date, source_mode: str) -> dict[str, str]:
    severity = finding.severity or rule.severity
    identity = (str(trade_date), source_mode, rule.name, finding.subject, finding.turned_to)
    alert_id = hashlib.sha256("\n".join(identity).encode()).hexdigest()[:32]
    lines = {"Expected": finding.expected, "Found": finding.found, "Concerns": finding.concerns, "To do": finding.to_do}
    body = "\n".join(f"{name}: {' '.join(text.split())}" for name, text in lines.items() if text)
    label = " SIMULATED" if source_mode == "simulated" else ""
    return {
        "alert_id": alert_id, "alert_rule": rule.name, "subject": finding.subject, "turned_to": finding.turned_to,
        "alert_severity": severity, "alert_status": "PENDING",
        "title": f"{severity} {trade_date}{label}: {finding.headline}",
        "body": f"{body}\n\nSession {trade_date}, {source_mode} quotes. Rule {rule.name}, alert {alert_id}.",
    }  # fmt: skip


def bundled(texts: Sequence[tuple[str, str]]) -> tuple[str, str]:
    """Return one message for several alerts: the first one's title, and all of them in the body.

    Parameters
    ----------
    texts : sequence of (title, body)
        Gravest first; at least one.
    """
    if len(texts) == 1:
        return texts[0]
    sections = "\n\n".join(f"{title}\n{'-' * len(title)}\n{body}" for title, body in texts)
    return f"{texts[0][0]} (and {len(texts) - 1} more)", sections
