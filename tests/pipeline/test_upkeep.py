"""Nights that should be there and are not: the morning's reconcile and the evening's watch, on real nights."""

import gzip
import shutil
from datetime import UTC, date, datetime
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest
import time_machine

from tasks.warehouse.repository import NightKey, query_warehouse

pytestmark = pytest.mark.slow
DAYS = [date(2026, 10, d) for d in (9, 12, 13)]
DAY = date(2026, 11, 18)


def alerts_of(home: Path) -> list[tuple[str, str]]:
    found = query_warehouse(f"sqlite:///{home}/warehouse.sqlite", "select alert_rule, body from meta_alerts order by 1")
    return list(found.itertuples(index=False, name=None))


def evening(clock: str) -> time_machine.travel:
    """Move the clock to New York's evening of the first day."""
    return time_machine.travel(
        datetime.fromisoformat(f"{DAYS[0]} {clock}").replace(tzinfo=ZoneInfo("America/New_York"))
    )


def test_the_morning_fills_what_is_missing_oldest_first(
    home: Path, run_night, warehouse_of, monkeypatch: pytest.MonkeyPatch
) -> None:
    import flows.reconcile
    from alvh_core.errors import FatalError, SkippableError
    from flows.reconcile import reconcile

    for day in (DAYS[0], DAYS[2]):
        assert run_night(home, day, is_small=False).name == "Completed"
    warehouse = warehouse_of(home)
    early = warehouse.ledger("simulated", DAYS[2])["based_on_no"]
    ended = reconcile(trade_date=DAYS[2], sessions=5)
    assert (ended.source_mode, ended.nights) == ("simulated", {DAYS[1]: "COMPLETE"})
    assert ended.looked_at == DAYS, "none before the first ever claimed"
    assert warehouse.nights("simulated", DAYS[0], DAYS[2]) == dict.fromkeys(DAYS, "COMPLETE")
    (gap,) = warehouse.gaps("simulated")
    assert (gap["trade_date"], gap["gap_status"], gap["attempts_count"]) == (DAYS[1], "FILLED", 1)
    assert warehouse.ledger("simulated", DAYS[2])["based_on_no"] > early, "concluded again on its new past"
    assert reconcile(trade_date=DAYS[2], sessions=5).nights == {}, "nothing is left to do"

    seen = []

    def damaged(night) -> bool:
        seen.append(night.trade_date)
        if night.trade_date == DAYS[0]:
            raise SkippableError("planted")
        return False

    monkeypatch.setattr(flows.reconcile, "settle_closes", damaged)
    with pytest.raises(FatalError, match=r"1 of 3 nights .*FAILED: planted"):
        reconcile(trade_date=DAYS[2], sessions=5)
    assert seen == DAYS, "one day's archive keeps no other from its close"


def test_a_provisional_close_is_replaced_by_the_published_one(
    home: Path, run_night, simulated_home: Path, small_universe: Path, warehouse_of, tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:  # fmt: skip
    from flows.reconcile import reconcile

    monkeypatch.setenv("ALVH_UNIVERSE_FILE", str(small_universe))
    recording = Path(shutil.copytree(simulated_home / "lake" / "raw", tmp_path / "recording"))
    (history,) = recording.rglob("VIX_History.csv.gz")
    whole = history.read_bytes()
    rows = gzip.decompress(whole).decode().splitlines(keepends=True)
    assert rows[-1].startswith(f"{DAY:%m/%d/%Y}")
    history.write_bytes(gzip.compress("".join(rows[:-1]).encode()))
    source = f"recorded:{recording}"
    assert run_night(home, DAY, source).name == "Completed"
    signals = warehouse_of(home).night("simulated", DAY)["out_alvh__daily_ladder_signals"]
    assert signals["is_vix_provisional"].all()
    assert reconcile(trade_date=DAY, source=source, sessions=1).nights == {}, "the exchange has not published it yet"
    history.write_bytes(whole)
    assert reconcile(trade_date=DAY, source=source, sessions=1).nights == {DAY: "SETTLED"}
    assert warehouse_of(home).fingerprint("simulated", DAY) == warehouse_of(simulated_home).fingerprint(
        "simulated", DAY
    )
    (kept,) = (home / "lake" / "raw").rglob("VIX_History.csv.gz.????????????")
    assert gzip.decompress(kept.read_bytes()).decode().splitlines(keepends=True) == rows[:-1], "what it was decided on"


def test_a_live_night_that_nobody_can_have_again_is_written_down_as_lost(home: Path, warehouse_of) -> None:
    from prefect import flow

    from flows.upkeep import take_up
    from tasks.settings import load_settings

    ended = flow(lambda: take_up(load_settings(), [DAYS[0]], "live", wait_seconds=0.0), name="upkeep")()
    assert list(ended) == [DAYS[0]]
    assert ended[DAYS[0]].startswith(f"LOST: nothing of {DAYS[0]} was archived before the next session opened")
    (gap,) = warehouse_of(home).gaps("live")
    assert gap["gap_status"] == "LOST"


def test_the_evening_takes_up_what_never_started(home: Path, warehouse_of) -> None:
    from flows.watch import watch

    with evening("21:30"):
        for done in ("run now", "was there"):
            assert watch(trade_date=DAYS[0]) == {
                "trade_date": str(DAYS[0]), "source_mode": "simulated", "status": "COMPLETE", "done": done}  # fmt: skip
    assert (
        warehouse_of(home).status(NightKey(trade_date=DAYS[0], universe="tiny", source_mode="simulated")) == "COMPLETE"
    )
    assert "night_missing" not in dict(alerts_of(home))


def test_files_that_nobody_dropped_are_an_alarm(home: Path, warehouse_of) -> None:
    from flows.watch import watch

    with evening("21:30"):
        assert watch(trade_date=DAYS[0], source="imported")["status"] == "LOST: the source does not hold it"
    assert [rule for rule, _ in alerts_of(home)] == ["night_missing"]
    assert not warehouse_of(home).nights("imported", DAYS[0], DAYS[0]), "nothing was claimed"


def test_the_alarm_is_raised_once_after_the_deadline(home: Path, warehouse_of) -> None:
    """Another run has the night and does not end."""
    from flows.watch import watch

    key = NightKey(trade_date=DAYS[0], universe="tiny", source_mode="simulated")
    warehouse = warehouse_of(home)
    with warehouse.hold(key, timeout_seconds=0.0):
        warehouse.claim(key, run_id="hangs", code_version="0", rules_hash="x", source="simulated")
        for clock, raised in (("20:59", 0), ("21:00", 1), ("21:15", 1)):
            with evening(clock):
                assert watch(trade_date=DAYS[0])["status"] == "RUNNING"
            assert [rule for rule, _ in alerts_of(home)] == ["night_missing"] * raised, clock
    assert "not COMPLETE by 21:00 New York: RUNNING" in alerts_of(home)[0][1]
    with evening("21:30"):
        assert watch(trade_date=DAYS[0])["status"] == "COMPLETE"


def test_a_night_that_fails_says_why_and_the_next_look_tries_again(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    import flows.nightly
    from alvh_core.errors import FatalError
    from flows.watch import watch

    def broken(_night) -> None:
        raise FatalError("planted")

    whole = flows.nightly.score
    monkeypatch.setattr(flows.nightly, "score", broken)
    with evening("19:15"):
        assert watch(trade_date=DAYS[0])["status"] == "FAILED: planted"
    ((rule, body),) = alerts_of(home)
    assert rule == "night_failed"
    assert "planted" in body
    monkeypatch.setattr(flows.nightly, "score", whole)
    with evening("19:30"):
        assert watch(trade_date=DAYS[0])["status"] == "COMPLETE"


def test_the_clock_of_the_alarm_is_new_yorks() -> None:
    from datetime import time

    from alvh_core.upkeep import is_overdue

    due = datetime(2026, 10, 10, 1, 0, tzinfo=UTC)  # 21:00 of the 9th in daylight saving time
    assert is_overdue(DAYS[0], due, time(21))
    assert not is_overdue(DAYS[0], due.replace(hour=0, minute=59), time(21))
    assert not is_overdue(date(2026, 11, 9), datetime(2026, 11, 10, 1, 0, tzinfo=UTC), time(21)), (
        "an hour later in winter"
    )
