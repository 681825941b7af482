"""Who may publish, in which order nights were published, whose past has changed since, and which nights are missing."""

import threading
from datetime import date
from functools import partial
from types import SimpleNamespace

import pandas as pd
import pytest
import sqlalchemy as sa

from alvh_core import frames
from alvh_core.alerting.plan import AlertPlan
from alvh_core.errors import ContractError, FatalError
from alvh_core.schemas import CLOSES, LADDER_LEGS, META_ALERTS, META_PAYLOADS, VERDICTS_TABLE
from tasks.alert import store_night_alerts
from tasks.warehouse.ledger import NIGHTS
from tasks.warehouse.repository import NightKey, Warehouse, query_warehouse

CLAIM = {"run_id": "run-1", "code_version": "0.1", "rules_hash": "abc"}
DONE = {"run_id": "run-1", "outcome": "OK", "reason": None, "counts": {}}
MODE = "simulated"


def key_of(day, source_mode=MODE, universe="default"):
    return NightKey(trade_date=date(2026, 7, day), universe=universe, source_mode=source_mode)


KEY = key_of(16)


@pytest.fixture
def publish(warehouse, night):
    """Run a night as the pipeline does: claim, read what it starts from, publish."""

    def run(key, mark="m", **more):
        warehouse.claim(key, **CLAIM)
        based_on_no = warehouse.last_publication(key.source_mode, before=key.trade_date)
        warehouse.publish(key, night(key, rows=1, mark=mark), **DONE | {"based_on_no": based_on_no} | more)
        return warehouse.ledger(key.source_mode, key.trade_date)["publication_no"]

    return run


# Fencing


def test_the_source_of_a_night_is_written_down(warehouse):
    warehouse.claim(KEY, **CLAIM, source="recorded:/archive")
    assert warehouse.ledger(MODE, KEY.trade_date)["source"] == "recorded:/archive"


def test_a_run_that_lost_its_claim_publishes_nothing(warehouse, publish, night, url):
    publish(KEY, mark="old")
    before = warehouse.fingerprint(MODE, KEY.trade_date)
    warehouse.claim(KEY, **CLAIM)
    warehouse.claim(KEY, **CLAIM | {"run_id": "run-2"})
    with pytest.raises(
        FatalError, match=r"claimed by run run-1 when it is published, found run run-2; nothing was pub"
    ):
        warehouse.publish(KEY, night(KEY, rows=1, mark="lost"), **DONE)
    assert warehouse.fingerprint(MODE, KEY.trade_date) == before
    assert warehouse.status(KEY) == "RUNNING"
    warehouse.publish(KEY, night(KEY, rows=1, mark="new"), **DONE | {"run_id": "run-2"})
    assert set(query_warehouse(url, f"select reasons from {VERDICTS_TABLE.name}")["reasons"]) == {"new"}


def test_a_complete_night_changes_hands_without_ceasing_to_be_complete(warehouse, publish, night):
    assert not warehouse.take_over(KEY, run_id="run-2"), "there is none"
    publish(KEY)
    before = warehouse.ledger(MODE, KEY.trade_date)
    assert warehouse.take_over(KEY, run_id="run-2")
    assert warehouse.ledger(MODE, KEY.trade_date) == before | {"run_id": "run-2"}
    with pytest.raises(FatalError, match="found run run-2"):
        warehouse.publish(KEY, night(KEY, rows=1, mark="lost"), **DONE)
    warehouse.claim(KEY, **CLAIM)
    assert not warehouse.take_over(KEY, run_id="run-2"), "a run has claimed it"
    assert not warehouse.take_over(key_of(16, universe="mine"), run_id="run-2")


def test_publishing_once_more_after_an_unknown_end_changes_nothing(warehouse, publish, night):
    number = publish(KEY)
    before = warehouse.fingerprint(MODE, KEY.trade_date)
    warehouse.publish(KEY, night(KEY, rows=1), **DONE)
    assert warehouse.fingerprint(MODE, KEY.trade_date) == before
    assert warehouse.ledger(MODE, KEY.trade_date)["publication_no"] == number


def test_what_else_belongs_to_the_publication_is_in_its_transaction(warehouse, publish, url):
    def fail(connection):
        connection.execute(sa.update(NIGHTS).values(reason="written by the outbox"))
        raise RuntimeError("the outbox is full")

    with pytest.raises(RuntimeError, match="the outbox is full"):
        publish(KEY, also=fail)
    assert warehouse.status(KEY) == "RUNNING"
    assert len(query_warehouse(url, f"select * from {VERDICTS_TABLE.name}")) == 0
    publish(KEY, also=lambda connection: connection.execute(sa.update(NIGHTS).values(reason="written")))
    assert warehouse.ledger(MODE, KEY.trade_date)["reason"] == "written"


def test_a_night_with_other_answers_than_before_says_so_in_its_transaction(warehouse, publish, calendar, url):
    """Once for each change, whatever changed them; the same answers again neither tell nor take back."""
    key = key_of(16, "live")
    night = SimpleNamespace(
        trade_date=key.trade_date, source_mode="live", calendar=calendar, alert_plan=AlertPlan(), warehouse=warehouse
    )

    def told(mark):
        before = (warehouse.ledger("live", key.trade_date) or {}).get("answers_sha256")
        tell = partial(store_night_alerts, night=night, alerts=frames.empty(META_ALERTS), answers_before=before)
        publish(key, mark=mark, also=tell)
        found = query_warehouse(
            url, "select turned_to, quiet_reason from meta_alerts where alert_rule = 'night_restated'"
        )
        assert not found["quiet_reason"].fillna("").str.startswith("withdrawn").any()
        return found["turned_to"].tolist()

    assert told("first") == []
    assert told("first") == []
    assert told("second") == [warehouse.fingerprint("live", key.trade_date)]
    assert len(told("second")) == 1
    assert set(told("third")) > {warehouse.fingerprint("live", key.trade_date)}


# Numbers


def test_published_nights_say_when_they_were_computed_last(warehouse, publish):
    for day in (13, 14, 15, 16):
        publish(key_of(day))
    publish(key_of(14, "live"))
    warehouse.claim(key_of(17), **CLAIM)  # published by nobody yet
    first = warehouse.published(MODE, date(2026, 7, 14), date(2026, 7, 17))
    assert list(first) == [date(2026, 7, day) for day in (14, 15, 16)]
    publish(key_of(15))
    again = warehouse.published(MODE, date(2026, 7, 14), date(2026, 7, 17))
    assert {day for day in first if first[day] != again[day]} == {date(2026, 7, 15)}


def test_a_table_of_some_nights(warehouse, publish):
    for day in (13, 14, 15):
        publish(key_of(day))
    publish(key_of(13, "live"))
    nights = pd.Series(pd.to_datetime(["2026-07-15", "2026-07-13", "2026-07-13", "2026-07-10"]))
    found = warehouse.rows_of(CLOSES, MODE, nights)
    assert sorted(found["trade_date"].dt.day) == [13, 15]
    assert warehouse.rows_of(CLOSES, MODE, nights[:0]).empty


def test_publications_are_numbered_and_hashed(warehouse, publish):
    assert warehouse.last_publication(MODE, before=date(2026, 7, 16)) == 0
    assert [publish(key_of(day)) for day in (13, 14, 15)] == [1, 2, 3]
    assert publish(key_of(15, "live")) == 4, "one order over the whole ledger"
    row = warehouse.ledger(MODE, date(2026, 7, 15))
    assert row["answers_sha256"] == warehouse.fingerprint(MODE, date(2026, 7, 15))
    assert row["based_on_no"] == 2
    assert warehouse.last_publication(MODE, before=date(2026, 7, 15)) == 2
    assert warehouse.last_publication("live", before=date(2026, 7, 15)) == 0


def test_unchanged_answers_keep_their_number(warehouse, publish, night):
    assert publish(KEY) == 1
    assert publish(key_of(17)) == 2
    assert publish(KEY) == 1
    warehouse.claim(KEY, **CLAIM)
    other_payload = night(KEY, rows=1)
    other_payload[META_PAYLOADS.name] = other_payload[META_PAYLOADS.name].assign(url="elsewhere")
    warehouse.publish(KEY, other_payload, **DONE)
    assert warehouse.ledger(MODE, KEY.trade_date)["publication_no"] == 1, "the run's own records are no answers"
    assert publish(KEY, mark="changed") == 3


def test_a_night_that_runs_again_keeps_its_number_until_it_publishes(warehouse, publish):
    publish(KEY)
    for end in ("RUNNING", "FAILED"):
        warehouse.claim(KEY, **CLAIM)
        if end == "FAILED":
            warehouse.fail(KEY, "boom", run_id="run-1")
        assert warehouse.status(KEY) == end
        assert warehouse.last_publication(MODE, before=date(2026, 7, 17)) == 1, "its rows are what others read"


def test_another_universe_takes_the_next_number(warehouse, publish):
    publish(KEY)
    assert publish(key_of(16, universe="mine"), mark="mine") == 2, "never one that was given before"
    assert publish(key_of(16, universe="mine"), mark="mine") == 2


def test_numbers_are_in_the_order_of_the_commits(url, warehouse, night):
    """Two nights that publish at once: the second waits, and takes the number after the first's."""
    is_inside, both = threading.Event(), threading.Barrier(2)

    def run(key, also=None):
        own = Warehouse(url)
        own.claim(key, **CLAIM)
        tables = night(key, rows=1)
        both.wait(30)
        if also is None:
            assert is_inside.wait(30)
        own.publish(key, tables, **DONE, also=also)
        own.close()

    def slow(_connection):
        is_inside.set()
        threading.Event().wait(0.5)

    threads = [threading.Thread(target=run, args=(key_of(15), slow)), threading.Thread(target=run, args=(key_of(14),))]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)
    found = [warehouse.ledger(MODE, date(2026, 7, day)) for day in (15, 14)]
    assert [row["publication_no"] for row in found] == [1, 2]
    assert found[0]["finished_at_utc"] < found[1]["finished_at_utc"]


# A past that has changed


def test_nights_computed_from_a_past_that_changed_are_stale(warehouse, publish):
    for day in (13, 14, 16, 17):
        publish(key_of(day))
    publish(key_of(17, "live"))
    assert warehouse.stale_nights(MODE) == []
    publish(key_of(15))
    assert warehouse.stale_nights(MODE) == [date(2026, 7, 16), date(2026, 7, 17)], "a night came in between"
    assert warehouse.stale_nights("live") == []
    publish(key_of(16))
    assert warehouse.stale_nights(MODE) == [date(2026, 7, 17)], "unchanged by it, but the 15th is news to the 17th"
    publish(key_of(17))
    assert warehouse.stale_nights(MODE) == []
    publish(key_of(15))
    assert warehouse.stale_nights(MODE) == [], "published again with the same answers"
    publish(key_of(13), mark="changed")
    assert warehouse.stale_nights(MODE) == [date(2026, 7, day) for day in (14, 15, 16, 17)]
    warehouse.claim(key_of(14), **CLAIM)
    assert warehouse.stale_nights(MODE)[0] == date(2026, 7, 15), "a night that runs is no COMPLETE one"


def test_a_night_published_while_another_reads_makes_it_stale(warehouse, publish, night):
    later = key_of(17)
    warehouse.claim(later, **CLAIM)
    based_on_no = warehouse.last_publication(MODE, before=later.trade_date)
    publish(KEY)
    warehouse.publish(later, night(later, rows=1), **DONE, based_on_no=based_on_no)
    assert warehouse.stale_nights(MODE) == [later.trade_date]


def test_nights_of_a_version_without_numbers(warehouse, publish):
    for day in (15, 16, 17):
        publish(key_of(day))
    with warehouse.writing() as connection:
        connection.execute(sa.update(NIGHTS).values(publication_no=None, based_on_no=None, answers_sha256=None))
    assert warehouse.stale_nights(MODE) == [], "nobody knows of a change"
    assert publish(key_of(16)) == 1
    assert warehouse.stale_nights(MODE) == [date(2026, 7, 17)], "what has a number was published after it"


def test_statuses_of_nights(warehouse, publish):
    publish(key_of(14))
    publish(key_of(15, universe="mine"))
    warehouse.claim(key_of(15), **CLAIM)
    warehouse.claim(KEY, **CLAIM)
    warehouse.fail(KEY, "boom", run_id="run-1")
    publish(key_of(17, "live"))
    found = warehouse.nights(MODE, date(2026, 7, 14), date(2026, 7, 17))
    assert found == {date(2026, 7, 14): "COMPLETE", date(2026, 7, 15): "COMPLETE", date(2026, 7, 16): "FAILED"}
    assert warehouse.nights(MODE, date(2026, 7, 15), date(2026, 7, 15)) == {date(2026, 7, 15): "COMPLETE"}


# Gaps


def gaps_of(warehouse, source_mode=MODE):
    names = ("gap_status", "reason", "attempts_count")
    return {row["trade_date"].day: tuple(row[name] for name in names) for row in warehouse.gaps(source_mode)}


def test_a_gap_is_noted_tried_and_filled(warehouse, publish):
    warehouse.note_gaps({key_of(14): "never ran", KEY: "never ran", key_of(14, "live"): "no network"})
    noted = warehouse.gaps(MODE)[0]["noted_at_utc"]
    warehouse.claim(key_of(14), **CLAIM)
    warehouse.fail(key_of(14), "boom", run_id="run-1")
    warehouse.note_gaps({key_of(14): "FAILED: boom"})
    assert gaps_of(warehouse) == {14: ("OPEN", "FAILED: boom", 1), 16: ("OPEN", "never ran", 0)}
    assert warehouse.gaps(MODE)[0]["noted_at_utc"] == noted
    publish(key_of(14))
    assert gaps_of(warehouse)[14] == ("FILLED", "FAILED: boom", 2)
    assert warehouse.gaps(MODE)[0]["closed_at_utc"] > noted
    publish(key_of(14))
    assert gaps_of(warehouse)[14][2] == 2, "a filled gap counts no attempts"
    assert gaps_of(warehouse, "live") == {14: ("OPEN", "no network", 0)}


def test_a_gap_is_filled_whatever_universe_fills_it(warehouse, publish):
    warehouse.note_gaps({KEY: "never ran"})
    publish(key_of(16, universe="mine"))
    assert gaps_of(warehouse)[16][0] == "FILLED"


def test_a_lost_gap_stays_lost_until_it_is_published(warehouse, publish):
    warehouse.note_gaps({KEY: "never ran"})
    warehouse.lose_gap(KEY, "the source keeps one day")
    warehouse.note_gaps({KEY: "never ran"})
    assert gaps_of(warehouse) == {16: ("LOST", "the source keeps one day", 0)}
    publish(KEY)
    assert gaps_of(warehouse)[16][0] == "FILLED"
    warehouse.note_gaps({KEY: "forced, and failed"})
    assert gaps_of(warehouse)[16][:2] == ("OPEN", "forced, and failed")
    assert warehouse.gaps(MODE)[0]["closed_at_utc"] is None


def test_a_publication_that_fails_fills_no_gap(warehouse, publish, night):
    warehouse.note_gaps({KEY: "never ran"})
    warehouse.claim(KEY, **CLAIM | {"run_id": "run-2"})
    with pytest.raises(FatalError):
        warehouse.publish(KEY, night(KEY, rows=1), **DONE)
    assert gaps_of(warehouse)[16][0] == "OPEN"


def test_what_is_no_gap_is_not_lost(warehouse):
    with pytest.raises(ContractError, match=r"2026-07-16 .*noted before"):
        warehouse.lose_gap(KEY, "x")


def test_legs_of_a_night_are_in_one_order_everywhere(warehouse, night):
    """Byte order, not a locale's: upper case before lower case, in what is read as in what is hashed."""
    tables = night(KEY, rows=4)
    tables[LADDER_LEGS.name] = tables[LADDER_LEGS.name].assign(host=["b", "A", "a", "B"])
    warehouse.claim(KEY, **CLAIM)
    warehouse.publish(KEY, tables, **DONE)
    assert list(warehouse.night(MODE, KEY.trade_date)[LADDER_LEGS.name]["host"]) == ["A", "B", "a", "b"]
