"""What is new about a night: what the night before had not, in force, and that its answers have changed."""

from datetime import UTC, date, datetime

import pandas as pd
import pytest

from alvh_core import frames
from alvh_core.alerting.findings import Finding, alert_frame
from alvh_core.alerting.quiet import WITHDRAWN, news_of
from alvh_core.alerting.rules import ALERT_RULES
from alvh_core.schemas import META_ALERTS

TONIGHT, BEFORE, LONG_AGO = date(2026, 7, 16), date(2026, 7, 15), date(2026, 7, 10)


def _alert(subject="VIX calls", turned_to="FAILS", rule="filter_flip", day=TONIGHT, severity=None, **changes):
    finding = Finding(subject=subject, turned_to=turned_to, headline="h", expected="e", found="f", to_do="t",
                      severity=severity)  # fmt: skip
    made = alert_frame([(ALERT_RULES[rule], finding)], day, "live", datetime(2026, 7, 16, 23, tzinfo=UTC))
    return frames.conform(made.assign(**changes), META_ALERTS)


def _subjects(raised, *recent, last=BEFORE):
    before = frames.concat(recent, META_ALERTS)
    return news_of(frames.concat(raised, META_ALERTS), before, TONIGHT, last)["subject"].tolist()


@pytest.mark.parametrize("status", ["PENDING", "DELIVERED", "QUIET", "DEAD"])
def test_what_the_night_before_had_is_no_news_whatever_became_of_it(status):
    known = _alert(day=BEFORE, alert_status=status, quiet_reason="simulated night" if status == "QUIET" else None)
    assert _subjects([_alert(), _alert("KO puts")], known) == ["KO puts"]


@pytest.mark.parametrize("recent", [
    pytest.param(_alert(day=BEFORE, turned_to="PASSES"), id="it turned the other way"),
    pytest.param(_alert(day=BEFORE, rule="spread_regime"), id="another rule"),
    pytest.param(_alert(day=LONG_AGO), id="long ago"),
    pytest.param(_alert(day=TONIGHT), id="an earlier publication of tonight"),
    pytest.param(_alert(day=BEFORE, alert_status="QUIET", quiet_reason=WITHDRAWN), id="withdrawn"),
    pytest.param(_alert(day=BEFORE, alert_status="DELIVERED", quiet_reason=WITHDRAWN), id="sent, then withdrawn"),
])  # fmt: skip
def test_what_the_night_before_had_not_is_news(recent):
    assert _subjects([_alert()], recent) == ["VIX calls"]


def test_what_is_critical_is_news_every_night():
    lost = {"subject": "chains missing", "turned_to": "VIX", "rule": "source_missing", "severity": "CRITICAL"}
    assert _subjects([_alert(**lost)], _alert(day=BEFORE, **lost)) == ["chains missing"]


def test_a_night_with_other_answers_says_so_and_no_other_does():
    restated = {"subject": "night", "turned_to": "0" * 64, "rule": "night_restated"}
    again = _alert(**restated | {"turned_to": "1" * 64}, created_at_utc=pd.Timestamp("2026-07-17T12:00:00Z"))
    assert _subjects([], again, _alert(**restated), _alert("KO puts")) == ["night"]
    assert _subjects([], _alert(day=BEFORE, **restated)) == []


def test_the_first_night_has_nothing_to_repeat():
    assert _subjects([_alert()], last=None) == ["VIX calls"]
    empty = frames.empty(META_ALERTS)
    pd.testing.assert_frame_equal(news_of(empty, empty, TONIGHT, None), empty)
