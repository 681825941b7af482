"""What is written down and not sent: simulated nights, old news, what the desk was told a moment ago. And the news."""

from collections.abc import Mapping
from datetime import date, datetime
from typing import Any
from zoneinfo import ZoneInfo

import numpy as np
import pandas as pd

from alvh_core import frames
from alvh_core.alerting.rules import ALERT_RULES, CRITICAL, AlertLimits, AlertRule
from alvh_core.keys import keys_of
from alvh_core.schemas import META_ALERTS
from alvh_core.sessions import NEW_YORK, TradingCalendar

RECENT_DAYS = 90  # longer than any sensible quiet_nights
WITHDRAWN = "withdrawn: the night was published again without it"
_TOLD = ("PENDING", "DELIVERED")
_IDENTITY = ["source_mode", "alert_rule", "subject", "turned_to"]


def told(recent: pd.DataFrame, rule_name: str, trade_date: date) -> dict[str, str]:
    """Return what the desk was last told each subject of a rule had turned to.

    Parameters
    ----------
    recent : DataFrame
        `META_ALERTS` of one source mode.
    rule_name : str
    trade_date : date
        Only what was said of sessions before it counts.

    Returns
    -------
    dict of str to str
    """
    said = _said_before(recent, trade_date)
    last = said[said["alert_rule"] == rule_name].sort_values(["trade_date", "alert_id"])
    return dict(zip(last["subject"], last["turned_to"], strict=True))


def with_quiet(alerts: pd.DataFrame, recent: pd.DataFrame, calendar: TradingCalendar, *,
               rules: Mapping[str, AlertRule] = ALERT_RULES, speaks_simulated: bool = False,
               limits: AlertLimits | None = None) -> pd.DataFrame:  # fmt: skip
    """Turn alerts QUIET that nobody should be sent, each with its reason.

    Parameters
    ----------
    alerts : DataFrame
        `META_ALERTS`, new and PENDING.
    recent : DataFrame
        `META_ALERTS` of earlier sessions of the same source mode.
    calendar : TradingCalendar
        Counts sessions.
    rules : mapping of str to AlertRule
    speaks_simulated : bool
        Whether alerts about simulated nights are sent.
    limits : AlertLimits, optional

    Returns
    -------
    DataFrame
        The same rows. A CRITICAL alert is never kept quiet for repeating itself: each time is a night without answer.
    """
    stale_days = (limits or AlertLimits()).stale_days
    reasons = [
        _simulated(alert, speaks_simulated) or _old_news(alert, stale_days) or _repeated(alert, recent, calendar, rules)
        for alert in alerts.itertuples(index=False)
    ]
    quiet = pd.Series(reasons, index=alerts.index, dtype="str")
    status = alerts["alert_status"].astype("str").where(quiet.isna(), "QUIET").astype("category")
    return alerts.assign(alert_status=status, quiet_reason=quiet)


def news_of(alerts: pd.DataFrame, recent: pd.DataFrame, trade_date: date, last: date | None) -> pd.DataFrame:
    """Return what a night raises that the night before had not, sent or not, and whether its answers have changed.

    Parameters
    ----------
    alerts : DataFrame
        `META_ALERTS` that the night raises.
    recent : DataFrame
        `META_ALERTS` of the same source mode, of this night and the one before.
    trade_date : date
    last : date, optional
        The night published before it.

    Returns
    -------
    DataFrame
        `META_ALERTS`. What is CRITICAL is news every night.
    """
    session, is_gone = recent["trade_date"], recent["quiet_reason"].eq(WITHDRAWN).fillna(value=False)
    before = recent[(session == (pd.Timestamp(last) if last else pd.NaT)) & ~is_gone]
    known = set(keys_of(before, _IDENTITY))
    is_news = np.array([key not in known for key in keys_of(alerts, _IDENTITY)], dtype=bool)
    restated = recent[(session == pd.Timestamp(trade_date)) & recent["alert_rule"].eq("night_restated")]
    restated = restated.sort_values("created_at_utc").tail(1)  # one for every time its answers changed
    fresh = alerts[alerts["alert_severity"].eq(CRITICAL) | is_news]
    return frames.concat([fresh, restated], META_ALERTS)


def _simulated(alert: Any, speaks_simulated: bool) -> str | None:
    return "simulated night" if alert.source_mode == "simulated" and not speaks_simulated else None


def _old_news(alert: Any, stale_days: int) -> str | None:
    written: datetime = alert.created_at_utc.tz_convert(ZoneInfo(NEW_YORK))
    days = (written.date() - alert.trade_date.date()).days
    return f"old news: published {days} days after the session, limit {stale_days}" if days > stale_days else None


def _repeated(
    alert: Any, recent: pd.DataFrame, calendar: TradingCalendar, rules: Mapping[str, AlertRule]
) -> str | None:
    if alert.alert_severity == CRITICAL:
        return None
    said = _said_before(recent, alert.trade_date.date())
    same = (said[_IDENTITY].astype("str") == [str(getattr(alert, name)) for name in _IDENTITY]).all(axis=1)
    if not same.any():
        return None
    last: date = said.loc[same, "trade_date"].max().date()
    sessions = len(calendar.between(last, alert.trade_date.date()))
    limit = rules[str(alert.alert_rule)].quiet_nights
    return f"repeats {last}, {sessions} sessions ago; quiet for {limit}" if sessions <= limit else None


def _said_before(recent: pd.DataFrame, trade_date: date) -> pd.DataFrame:
    return recent[recent["alert_status"].isin(_TOLD) & (recent["trade_date"] < pd.Timestamp(trade_date))]
