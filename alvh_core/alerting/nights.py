"""Alerts of a night: what its rules find, and what a watcher says of a night that is missing, failed or restated.

Pure: the instant of writing is an argument, and a frame comes back. Storing and sending are the outbox's business.
"""

from collections.abc import Callable, Iterator, Mapping
from datetime import date, datetime

import pandas as pd

from alvh_core.alerting.findings import Finding, NightEvidence, alert_frame
from alvh_core.alerting.ladders import armed_layers, changed_verdicts, due_rolls, filter_flips, spread_regimes
from alvh_core.alerting.rules import ALERT_RULES, AlertRule
from alvh_core.alerting.sources import degraded, differing_feeds, missing_sources

FINDERS: dict[str, Callable[[NightEvidence], Iterator[Finding]]] = {
    "filter_flip": filter_flips, "layer_armed": armed_layers, "verdict_change": changed_verdicts,
    "roll_due": due_rolls, "data_degraded": degraded, "source_missing": missing_sources,
    "spread_regime": spread_regimes, "feeds_differ": differing_feeds,
}  # fmt: skip


def night_alerts(
    night: NightEvidence, created_at: datetime, rules: Mapping[str, AlertRule] = ALERT_RULES
) -> pd.DataFrame:
    """Return what a night raises, before anything is kept quiet.

    Parameters
    ----------
    night : NightEvidence
    created_at : datetime
        With time zone.
    rules : mapping of str to AlertRule

    Returns
    -------
    DataFrame
        `META_ALERTS`, all PENDING; the same whatever the order of rows in the evidence.
    """
    enabled = [(rules[name], find) for name, find in FINDERS.items() if rules[name].is_enabled]
    findings = [(rule, finding) for rule, find in enabled for finding in find(night)]
    return alert_frame(findings, night.trade_date, night.source_mode, created_at)


def watch_alert(rule_name: str, trade_date: date, source_mode: str, *, reason: str, created_at: datetime,
                turned_to: str = "", rules: Mapping[str, AlertRule] = ALERT_RULES) -> pd.DataFrame:  # fmt: skip
    """Return the alert a watcher raises about a whole night.

    Parameters
    ----------
    rule_name : {'night_missing', 'night_failed', 'night_restated', 'rules_failed'}
    trade_date : date
    source_mode : str
    reason : str
        What was found: the ledger's status, the error, or which earlier night changed.
    created_at : datetime
        With time zone.
    turned_to : str
        Tells one occasion from the next where that matters, such as the hash of the answers; the same occasion is
        stored once, however often it is raised.
    rules : mapping of str to AlertRule

    Returns
    -------
    DataFrame
        `META_ALERTS`; one row, or none where the rule is disabled.
    """
    headline, expected, to_do = _WATCHED[rule_name]
    again = f"alvh nightly --date {trade_date}"
    finding = Finding(subject="night", turned_to=turned_to or rule_name.removeprefix("night_").upper(),
                      headline=headline, expected=expected, found=reason, to_do=to_do.format(again=again))  # fmt: skip
    rule = rules[rule_name]
    return alert_frame([(rule, finding)] if rule.is_enabled else [], trade_date, source_mode, created_at)


_WATCHED = {
    "night_missing": ("the night is not published", "the night COMPLETE in the ledger by now",
                      "`alvh doctor`, then `{again}`; live chains are gone when the next session opens"),
    "night_failed": ("the night failed", "the night published",
                     "mend what the reason names, then `{again}`: it goes on from what has landed"),
    "night_restated": ("the night has been computed again, with other answers", "the answers published before",
                       "read the night's report again; what was done on the old answers is for a person to judge"),
    "rules_failed": ("the night is published, its alerts could not be worked out", "every rule to be worked out",
                     "read the night's report for what the alerts would have said, and report the error"),
}  # fmt: skip
