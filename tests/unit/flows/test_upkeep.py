"""What fails while a night is looked after: whose fault it is decides neither the alarm nor the nights after it."""

from contextlib import contextmanager
from datetime import date
from types import SimpleNamespace

import pytest
from prefect.logging import disable_run_logger

from alvh_core.errors import AlvhError, FatalError, RetriableError
from flows import nightly, upkeep

DAY = date(2026, 7, 16)


@pytest.fixture
def raised(monkeypatch):
    """The alerts that are raised, by rule and reason."""
    alerts = []
    monkeypatch.setattr(upkeep, "raise_watch_alert", lambda _night, rule, reason: alerts.append((rule, reason)))
    return alerts


def looked_after(monkeypatch, error, status):
    def run_night(*_, **__):
        raise error

    monkeypatch.setattr(upkeep, "run_night", run_night)
    night = SimpleNamespace(trade_date=DAY, key="night", warehouse=SimpleNamespace(status=lambda _key: status))
    with disable_run_logger():
        return upkeep.run_guarded(None, night, wait_seconds=0.0)


@pytest.mark.parametrize(("error", "reason"), [
    (FatalError("planted"), "planted"), (KeyError("delta_fwd"), "KeyError: 'delta_fwd'"),
])  # fmt: skip
def test_a_fault_of_the_program_is_an_alarm_too(monkeypatch, raised, error, reason):
    assert looked_after(monkeypatch, error, "FAILED") == f"FAILED: {reason}"
    assert raised == [("night_failed", reason)]


def test_a_database_that_is_gone_does_not_hide_why_nor_stop_the_next_night(monkeypatch, raised):
    def gone(_key):
        raise RetriableError("no database")

    monkeypatch.setattr(upkeep, "run_night", lambda *_, **__: gone(None))
    night = SimpleNamespace(trade_date=DAY, key="night", warehouse=SimpleNamespace(status=gone))
    with disable_run_logger():
        assert upkeep.run_guarded(None, night, wait_seconds=0.0) == "FAILED: no database"
    assert raised == [], "there is no place for it"


def test_a_lake_that_does_not_answer_is_an_alarm(monkeypatch, raised):
    def has_any():
        raise FatalError("no lake")

    night = SimpleNamespace(trade_date=DAY, key="night", warehouse=SimpleNamespace(status=lambda _key: "RUNNING"),
                            archive=SimpleNamespace(has_any=has_any))  # fmt: skip
    monkeypatch.setattr(upkeep, "held_night", lambda *_: night)
    monkeypatch.setattr(upkeep, "_open", lambda _settings, days, _source: days)
    with disable_run_logger():
        assert upkeep.take_up(SimpleNamespace(source="live"), [DAY], wait_seconds=0.0) == {DAY: "FAILED: no lake"}
    assert raised == [("night_failed", "no lake")]


def test_a_session_that_was_not_recorded_is_lost_and_stops_no_other(monkeypatch):
    nights = {DAY: SimpleNamespace(trade_date=DAY), date(2026, 7, 15): None}
    monkeypatch.setattr(upkeep, "held_night", lambda _settings, day, *_: nights[day])
    monkeypatch.setattr(upkeep, "_open", lambda _settings, days, _source: days)
    monkeypatch.setattr(upkeep, "_note_gap", lambda _night: None)
    monkeypatch.setattr(upkeep, "run_guarded", lambda *_, **__: "COMPLETE")
    with disable_run_logger():
        ended = upkeep.take_up(SimpleNamespace(source="recorded:x"), sorted(nights), wait_seconds=0.0)
    assert ended == {date(2026, 7, 15): "LOST: the source does not hold it", DAY: "COMPLETE"}


def test_a_report_that_fails_is_no_night_that_is_missing(monkeypatch, raised):
    assert looked_after(monkeypatch, OSError("disk full"), "COMPLETE") == "COMPLETE"
    assert raised == []


@pytest.mark.parametrize("error", [FatalError("no lake"), RetriableError("no database")])
def test_a_night_that_cannot_be_concluded_again_keeps_no_other_from_it(monkeypatch, error):
    """One after the other, each tried once, and the run that tried goes on."""
    stale, tried = [date(2026, 7, day) for day in (14, 15, 16)], []

    @contextmanager
    def reopened(_night):
        yield

    def conclude(later, _counts):
        tried.append(later.trade_date)
        if later.trade_date.day == 15:
            raise error
        stale.remove(later.trade_date)

    warehouse = SimpleNamespace(stale_nights=lambda _mode: list(stale))
    night = SimpleNamespace(source_mode="live", warehouse=warehouse)
    monkeypatch.setattr(nightly, "sibling", lambda _night, day: (SimpleNamespace(**vars(night), trade_date=day), {}))
    monkeypatch.setattr(nightly, "reopen_night", reopened)
    monkeypatch.setattr(nightly, "conclude", conclude)
    with disable_run_logger():
        assert nightly.restate(night) is True
        assert nightly.restate(night) is False, "what was passed over is tried again, in vain"
    assert [day.day for day in tried] == [14, 15, 16, 15]
    assert stale == [date(2026, 7, 15)]
    assert isinstance(error, AlvhError)
