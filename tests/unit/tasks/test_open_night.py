"""Taking a night: one run at a time, and the ledger says how it ended, whatever ended it."""

import subprocess
import sys
import threading
import time
from datetime import date
from types import SimpleNamespace

import pytest

from alvh_core.errors import FatalError
from tasks.lake.raw import RawArchive
from tasks.lake.tables import LakeTables
from tasks.open_night import NightTakenError, open_days, open_night, reopen_night, stop_open_nights
from tasks.warehouse.repository import NightKey, Warehouse

DAY = date(2026, 7, 16)


def a_night(home, run_id="run-1", day=DAY):
    """Return what `open_night` needs of a `Night`."""
    lake = home / "lake"
    return SimpleNamespace(
        key=NightKey(trade_date=day, universe="default", source_mode="simulated"), trade_date=day, run_id=run_id,
        source="simulated", source_mode="simulated", code_version="0", rules_hash="x",
        lake_root=lake, raw_root=lake / "raw",
        lake=LakeTables(lake, "simulated", day),
        archive=RawArchive(lake / "raw", "simulated", day), warehouse=Warehouse(f"sqlite:///{home / 'w.sqlite'}"),
    )  # fmt: skip


@pytest.fixture
def night(tmp_path):
    return a_night(tmp_path)


@pytest.fixture
def claiming(monkeypatch):
    """The right to claim, which a stop takes for good."""
    right = threading.Lock()
    monkeypatch.setattr("tasks.open_night._CLAIMING", right)
    return right


def complete(night, sample_frame):
    from alvh_core.schemas import NIGHT_TABLES

    tables = {s.name: sample_frame(s, rows=1) for s in NIGHT_TABLES}
    night.warehouse.publish(night.key, tables, outcome="OK", reason=None, counts={}, run_id=night.run_id)


def test_a_night_is_running_while_it_is_open(night):
    with open_night(night, force=False):
        assert night.warehouse.status(night.key) == "RUNNING"


def test_a_second_run_stops_at_once(night, tmp_path):
    with (
        open_night(night, force=False),
        pytest.raises(NightTakenError, match="another run holds") as taken,
        open_night(a_night(tmp_path, "run-2"), force=True),
    ):
        pytest.fail("two runs had the night")
    assert taken.value.state == "AlreadyRunning"
    assert night.warehouse.ledger("simulated", DAY)["run_id"] == "run-1", "the second run left no trace"


def test_a_complete_night_is_left_alone_unless_forced(night, sample_frame):
    with open_night(night, force=False):
        complete(night, sample_frame)
    with pytest.raises(NightTakenError, match="--force") as taken, open_night(night, force=False):
        pytest.fail("computed again")
    assert taken.value.state == "AlreadyComplete"
    assert night.warehouse.status(night.key) == "COMPLETE"
    with open_night(night, force=True):
        assert night.warehouse.status(night.key) == "RUNNING"


def test_a_failing_stage_leaves_the_reason_and_frees_the_night(night):
    with pytest.raises(RuntimeError, match="boom"), open_night(night, force=False):
        raise RuntimeError("boom")
    assert night.warehouse.ledger("simulated", DAY)["reason"] == "RuntimeError: boom"
    assert night.warehouse.status(night.key) == "FAILED"
    with open_night(night, force=False):
        assert night.warehouse.status(night.key) == "RUNNING"


def test_a_report_that_fails_does_not_unpublish(night, sample_frame):
    def publish_and_fail():
        with open_night(night, force=False):
            complete(night, sample_frame)
            raise RuntimeError("no report")

    with pytest.raises(RuntimeError):
        publish_and_fail()
    assert night.warehouse.status(night.key) == "COMPLETE"


def test_a_night_that_is_concluded_again_is_complete_whatever_becomes_of_it(night, tmp_path, sample_frame):
    with open_night(night, force=False):
        complete(night, sample_frame)
    later = a_night(tmp_path, "run-2")
    with pytest.raises(FatalError, match="found run run-2"), reopen_night(later):
        complete(night, sample_frame)
    assert night.warehouse.status(night.key) == "COMPLETE"
    with (
        reopen_night(later),
        pytest.raises(NightTakenError, match="another run holds"),
        reopen_night(night),
    ):
        pytest.fail("two runs had the night")


def test_only_a_complete_night_is_concluded_again(night):
    with open_night(night, force=False):
        pass
    with pytest.raises(NightTakenError, match="is not COMPLETE any more"), reopen_night(night):
        pytest.fail("it never was")
    assert night.warehouse.status(night.key) == "RUNNING"


def test_an_interrupted_night_stays_open(night):
    with pytest.raises(KeyboardInterrupt), open_night(night, force=False):
        raise KeyboardInterrupt
    assert night.warehouse.status(night.key) == "RUNNING"
    with open_night(night, force=False):
        pass


def test_strays_of_a_killed_run_are_swept(night):
    stray = night.raw_root / f"source_mode=simulated/{DAY}" / "cdn" / ".x.tmp"
    stray.parent.mkdir(parents=True)
    stray.write_bytes(b"half")
    with open_night(night, force=False):
        assert not stray.exists()


KILLED = """
import os, signal, sys
from pathlib import Path
from importlib.util import module_from_spec, spec_from_file_location
spec = spec_from_file_location("helper", sys.argv[2])
helper = module_from_spec(spec)
spec.loader.exec_module(helper)
with helper.open_night(helper.a_night(Path(sys.argv[1])), force=False):
    os.kill(os.getpid(), signal.SIGKILL)
"""


def test_a_killed_run_holds_nothing(tmp_path):
    assert subprocess.run([sys.executable, "-c", KILLED, str(tmp_path), __file__], check=False).returncode == -9
    night = a_night(tmp_path, "run-2")
    assert night.warehouse.status(night.key) == "RUNNING", "nobody was there to write it down"
    with open_night(night, force=False):
        assert night.warehouse.ledger("simulated", DAY)["run_id"] == "run-2"


def reason_of(night):
    return night.warehouse.ledger("simulated", night.trade_date)["reason"]


def soon(is_so):
    """Wait until something is so, at most half a minute."""
    return any(is_so() or time.sleep(0.05) for _ in range(600))


@pytest.mark.usefixtures("claiming")
def test_a_night_that_is_open_can_be_stopped_from_outside_its_stages(night):
    with open_night(night, force=False):
        assert open_days() == [DAY]
        stop_open_nights("stopped")
        assert (night.warehouse.status(night.key), night.warehouse.ledger("simulated", DAY)["reason"]) == (
            "FAILED", "stopped",
        )  # fmt: skip
    assert open_days() == []


@pytest.mark.usefixtures("claiming")
def test_a_night_that_is_stopped_after_it_was_published_stays_published(night, sample_frame):
    with open_night(night, force=False):
        complete(night, sample_frame)
        stop_open_nights("stopped")
    assert night.warehouse.status(night.key) == "COMPLETE"


@pytest.mark.usefixtures("claiming")
@pytest.mark.parametrize("is_claimed", [True, False], ids=["in the middle of its claim", "before its claim"])
def test_a_night_that_is_taken_while_the_others_are_stopped_is_not_left_running(
    night, tmp_path, monkeypatch, is_claimed
):
    other = a_night(tmp_path / "other", day=date(2026, 7, 15))
    other_opened = open_night(other, force=False)
    other_opened.__enter__()
    reached, let_go, claim = threading.Event(), threading.Event(), night.warehouse.claim

    def wait_and_claim(*words, **named):
        if is_claimed:
            claim(*words, **named)
        reached.set()
        let_go.wait(30)
        if not is_claimed:
            claim(*words, **named)

    monkeypatch.setattr(night.warehouse, "claim", wait_and_claim)
    opened = open_night(night, force=False)
    taking = threading.Thread(target=opened.__enter__, daemon=True)
    taking.start()
    assert reached.wait(30)
    stopping = threading.Thread(target=stop_open_nights, args=("stopped",), daemon=True)
    stopping.start()
    assert soon(lambda: reason_of(other) == "stopped"), "whose claim does not hang"
    assert stopping.is_alive(), "it waits for the claim"
    let_go.set()
    taking.join(30)
    stopping.join(30)
    assert reason_of(night) == "stopped"


def test_no_night_is_claimed_after_a_stop(night, claiming):
    stop_open_nights("stopped")
    opened = open_night(night, force=False)
    taking = threading.Thread(target=opened.__enter__, daemon=True)
    taking.start()
    taking.join(0.5)
    assert taking.is_alive()
    assert night.warehouse.status(night.key) is None
    claiming.release()
    taking.join(30)
    assert night.warehouse.status(night.key) == "RUNNING"
