"""Which nights a period has: a recording with holes gives those it holds. And what becomes of those given up."""

from concurrent.futures import Future
from contextlib import closing
from datetime import date

import pytest

from alvh_core.errors import ContractError
from flows import backfill
from flows.backfill import planned_nights

START, END = date(2026, 7, 14), date(2026, 7, 17)


@pytest.fixture
def recording(tmp_path, monkeypatch):
    monkeypatch.setenv("ALVH_HOME", str(tmp_path / "home"))
    for day in ("2026-07-14", "2026-07-16"):
        (tmp_path / "nights" / day).mkdir(parents=True)
    return f"recorded:{tmp_path}/nights"


@pytest.mark.parametrize("force", [False, True])
def test_a_session_that_was_not_recorded_is_left_out_and_said(recording, caplog, force):
    last, nights = planned_nights(START, END, recording, force=force)
    assert [night.trade_date.day for night in nights] == [14, 16]
    assert last.trade_date.day == 16
    said = [record.getMessage() for record in caplog.records if record.name == "alvh.progress"]
    assert sorted(line.partition(": expected a recording")[0] for line in said) == [
        "2026-07-15 is left out", "2026-07-17 is left out"]  # fmt: skip
    assert {gap["trade_date"].day for gap in last.warehouse.gaps("recorded")} == {14, 16}


def test_a_period_of_which_nothing_was_recorded_is_refused(recording):
    with pytest.raises(ContractError, match=r"recorded:.*found none"):
        planned_nights(END, END, recording, force=False)


def test_nights_that_nobody_decides_any_more_say_so(recording, monkeypatch):
    monkeypatch.setattr(backfill, "_submit", lambda _night: Future())
    last, nights = planned_nights(START, END, recording, force=False)
    with (
        pytest.raises(ZeroDivisionError),
        closing(backfill._ahead(nights, force=False)) as in_hand,
        next(in_hand).held,
    ):
        raise ZeroDivisionError
    (taken, left) = (last.warehouse.ledger("recorded", night.trade_date) for night in nights)
    assert (taken["night_status"], taken["reason"]) == ("FAILED", "ZeroDivisionError: ")
    assert (left["night_status"], left["reason"]) == ("FAILED", "the backfill ended before this night")
