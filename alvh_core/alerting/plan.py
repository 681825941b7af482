"""Who hears what: channels and tuned rules, as a desk writes them in one TOML file. Reading the file is the wiring's.

A channel names where its address is kept, never the address: that may be a password, and files are shared and logged.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, time
from typing import Any
from zoneinfo import ZoneInfo

from alvh_core.alerting.rules import ALERT_RULES, CRITICAL, AlertRule, tuned_rules
from alvh_core.columns import ALERT_SEVERITIES
from alvh_core.errors import ContractError
from alvh_core.sessions import NEW_YORK

_ADDRESS = re.compile(r"(env|block):([A-Za-z0-9_-]+)")
_HOURS = re.compile(r"([01]\d|2[0-3]):([0-5]\d)-([01]\d|2[0-3]):([0-5]\d)")
_KEYS = ("address", "min_severity", "quiet_hours")


@dataclass(frozen=True, kw_only=True)
class Channel:
    """One way to reach somebody.

    Attributes
    ----------
    name : str
        Stands in the outbox and in messages.
    address_kind, address_name : str
        ``env`` and the name of a variable, or ``block`` and the name of a Prefect Secret block: what holds the address.
    min_severity : str
        Nothing less grave is sent here.
    quiet_hours : (time, time), optional
        New York; only CRITICAL is sent in them, the rest waits for their end.
    """

    name: str
    address_kind: str
    address_name: str
    min_severity: str = "INFO"
    quiet_hours: tuple[time, time] | None = None

    @property
    def severities(self) -> tuple[str, ...]:
        """Severities the channel takes."""
        return ALERT_SEVERITIES[ALERT_SEVERITIES.index(self.min_severity) :]

    def severities_at(self, instant: datetime) -> tuple[str, ...]:
        """Return the severities it takes at an instant, which has a time zone."""
        if self.quiet_hours is None:
            return self.severities
        start, end = self.quiet_hours
        now = instant.astimezone(ZoneInfo(NEW_YORK)).time()
        is_quiet = start <= now < end if start <= end else now >= start or now < end
        return (CRITICAL,) if is_quiet else self.severities


@dataclass(frozen=True, kw_only=True)
class AlertPlan:
    """Rules, channels, and whether simulated nights are spoken of. Holds no secret; may travel and be printed."""

    rules: Mapping[str, AlertRule] = field(default_factory=lambda: dict(ALERT_RULES))
    channels: tuple[Channel, ...] = ()
    speaks_simulated: bool = False


def alert_plan(document: Mapping[str, Any], where: str, *, speaks_simulated: bool = False) -> AlertPlan:
    """Read a plan.

    Parameters
    ----------
    document : mapping
        Parsed TOML: ``[channels]`` (name to ``env:NAME``, ``block:NAME``, or a table of address, min_severity and
        quiet_hours) and ``[rules.NAME]``.
    where : str
        File name, for the messages.
    speaks_simulated : bool

    Raises
    ------
    ContractError
        A key, rule or value is not known. An address that stands in the file is refused, and not repeated.
    """
    for key in document:
        if key not in {"channels", "rules"}:
            raise ContractError(f"{where}: unknown key {key!r}; expected channels or rules")
    for key, tables in document.items():
        if not isinstance(tables, Mapping):
            raise ContractError(f"{where}: {key}: expected a table")
    channels = tuple(_channel(name, entry, where) for name, entry in document.get("channels", {}).items())
    rules = tuned_rules(document.get("rules", {}), where)
    return AlertPlan(rules=rules, channels=channels, speaks_simulated=speaks_simulated)


def _channel(name: str, entry: Any, where: str) -> Channel:
    place = f"{where}: channels.{name}"
    table = entry if isinstance(entry, Mapping) else {"address": entry}
    for key in table:
        if key not in _KEYS:
            raise ContractError(f"{place}: unknown key {key!r}; expected one of {', '.join(_KEYS)}")
    found = _ADDRESS.fullmatch(str(table.get("address", "")))
    if not found:  # what stands there may be the address itself: it is not repeated
        raise ContractError(f"{place}: expected address = \"env:VARIABLE\" or \"block:SECRET-BLOCK\": where the"
                            " address is kept; the address itself does not belong in a file")  # fmt: skip
    severity = table.get("min_severity", "INFO")
    if severity not in ALERT_SEVERITIES:
        raise ContractError(f"{place}.min_severity: expected one of {', '.join(ALERT_SEVERITIES)}, found {severity!r}")
    return Channel(name=name, address_kind=found[1], address_name=found[2], min_severity=severity,
                   quiet_hours=_hours(table.get("quiet_hours"), place))  # fmt: skip


def _hours(text: Any, place: str) -> tuple[time, time] | None:
    if text is None:
        return None
    found = _HOURS.fullmatch(str(text))
    if not found:
        raise ContractError(f'{place}.quiet_hours: expected New York times such as "22:00-07:00", found {text!r}')
    hour, minute, end_hour, end_minute = map(int, found.groups())
    return time(hour, minute), time(end_hour, end_minute)
