"""The alert rules as data, their limits, and how a desk tunes them.

A rule says how grave its alerts are and how often one subject may repeat itself. What each rule looks for in a night is
in `alvh_core.alerting.ladders` and `alvh_core.alerting.sources`; what a watcher raises, in `alvh_core.alerting.nights`.
"""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

from alvh_core.columns import ALERT_SEVERITIES
from alvh_core.errors import ContractError

CRITICAL = "CRITICAL"


@dataclass(frozen=True, kw_only=True)
class AlertRule:
    """One rule.

    Attributes
    ----------
    name : str
    severity : {'INFO', 'WARNING', 'CRITICAL'}
        Of its alerts, unless one is graver by itself: without the VIX chain there is no answer at all.
    quiet_nights : int
        The same subject turning to the same thing is not sent again for so many sessions. CRITICAL always is.
    is_enabled : bool
        A disabled rule raises nothing.
    description : str
        When it speaks.
    """

    name: str
    severity: str
    quiet_nights: int
    description: str
    is_enabled: bool = True


ALERT_RULES: dict[str, AlertRule] = {
    rule.name: rule
    for rule in (
        AlertRule(name="filter_flip", severity="WARNING", quiet_nights=2,
                  description="A ladder passes the 8 % rule and did not, the other way round, or cannot be read now"),
        AlertRule(name="layer_armed", severity="WARNING", quiet_nights=0,
                  description="A layer has armed or disarmed at the close of the trigger index"),
        AlertRule(name="verdict_change", severity="WARNING", quiet_nights=0,
                  description="The verdict on a host and variant is another one than the night before"),
        AlertRule(name="roll_due", severity="WARNING", quiet_nights=5,
                  description="A contract held on paper is due to roll by its profile, has 5 days left, then none"),
        AlertRule(name="data_degraded", severity="WARNING", quiet_nights=3,
                  description="Many rows in quarantine; a chain suspended, quoted after hours, without a forward, or "
                              "unlike its last nights"),
        AlertRule(name="source_missing", severity="WARNING", quiet_nights=3,
                  description="A payload is missing that was not the night before; CRITICAL for the VIX chain"),
        AlertRule(name="spread_regime", severity="INFO", quiet_nights=10,
                  description="The spread of a ladder leaves the range of its own last 20 nights"),
        AlertRule(name="feeds_differ", severity="WARNING", quiet_nights=5,
                  description="The spreads of a chain differ from a second feed's by more than a quarter"),
        AlertRule(name="night_missing", severity="CRITICAL", quiet_nights=0,
                  description="A session is not published when it should be"),
        AlertRule(name="night_failed", severity="CRITICAL", quiet_nights=0,
                  description="A night ended without publishing"),
        AlertRule(name="night_restated", severity="WARNING", quiet_nights=0,
                  description="A published night has other answers now: an earlier night changed, or it ran again"),
        AlertRule(name="rules_failed", severity="CRITICAL", quiet_nights=0,
                  description="A fault of these rules themselves; the night is published without its alerts"),
    )
}  # fmt: skip


@dataclass(frozen=True, kw_only=True)
class AlertLimits:
    """Numbers the rules decide by; all are judgements.

    Attributes
    ----------
    last_dte_days : int
        Days to expiry at which a roll is late; when it is due is the profile's. [calendar days]
    quarantined_frac : float
        Share of a night's rows in quarantine above which the night counts as degraded. [fraction]
    regime_nights, regime_min_nights : int
        Nights the range of a spread is taken over, and fewer than which say nothing.
    regime_margin_frac : float
        How far outside its range a spread must be. [fraction of the range's width] Without a margin one night in ten
        is outside by chance: of 21 equal nights, two are the extremes.
    history_nights : int
        Earlier nights the rules look back over.
    stale_days : int
        A night older than this when it is published is old news. [calendar days]
    """

    last_dte_days: int = 5
    quarantined_frac: float = 0.05
    regime_nights: int = 20
    regime_min_nights: int = 10
    regime_margin_frac: float = 0.5
    history_nights: int = 60
    stale_days: int = 4


def tuned_rules(tables: Mapping[str, Any], where: str) -> dict[str, AlertRule]:
    """Lay ``[rules.NAME]`` tables over the rules.

    Parameters
    ----------
    tables : mapping
        Rule name to a table of ``severity``, ``quiet_nights`` and ``enabled``, any of them.
    where : str
        File name, for the messages.

    Raises
    ------
    ContractError
        A rule or a key is not known, or a value is not what it should be.
    """
    result = dict(ALERT_RULES)
    for name, table in tables.items():
        if name not in result:
            raise ContractError(f"{where}: rules.{name}: no such rule; expected one of {', '.join(ALERT_RULES)}")
        result[name] = _tuned(result[name], table, f"{where}: rules.{name}")
    return result


def _tuned(rule: AlertRule, table: Any, where: str) -> AlertRule:
    if not isinstance(table, Mapping):
        raise ContractError(f"{where}: expected a table, found {table!r}")
    for key, value in table.items():
        if key not in _KEYS:
            raise ContractError(f"{where}: unknown key {key!r}; expected one of {', '.join(_KEYS)}")
        field, is_legal, expected = _KEYS[key]
        if not is_legal(value):
            raise ContractError(f"{where}.{key}: expected {expected}, found {value!r}")
        rule = replace(rule, **{field: value})
    return rule


_KEYS: dict[str, tuple[str, Any, str]] = {
    "severity": ("severity", lambda x: x in ALERT_SEVERITIES, f"one of {', '.join(ALERT_SEVERITIES)}"),
    "quiet_nights": ("quiet_nights", lambda x: type(x) is int and x >= 0, "a whole number of sessions from 0 on"),
    "enabled": ("is_enabled", lambda x: isinstance(x, bool), "true or false"),
}
