"""What every warehouse must do, on SQLite and on a real PostgreSQL; what only one of them does has its own file."""

import random
import subprocess
import sys
import time
from datetime import date, datetime

import pandas as pd
import pytest
import sqlalchemy as sa

from alvh_core import frames
from alvh_core.errors import ContractError, FatalError
from alvh_core.schemas import (
    LADDER_LEGS,
    LADDER_SIGNALS,
    LADDER_STATE,
    META_NIGHTS,
    META_PAYLOADS,
    NIGHT_TABLES,
    SNAPSHOTS,
    TABLES,
    VERDICTS_TABLE,
)
from tasks.warehouse import ledger, repository
from tasks.warehouse.published import find_published
from tasks.warehouse.repository import NightKey, Warehouse, query_warehouse
from tasks.warehouse.tables import SQL_TABLES, plain_columns, typed_frame

KEY = NightKey(trade_date=date(2026, 7, 16), universe="default", source_mode="simulated")
COUNTS = {"rows_in_count": 10, "rows_published_count": 9, "rows_quarantined_count": 1}
CLAIM = {"run_id": "run-1", "code_version": "0.1", "rules_hash": "abc"}
DONE = {"run_id": "run-1", "outcome": "OK", "reason": None, "counts": COUNTS}
WAREHOUSE_TABLES = [pytest.param(TABLES[name], id=name) for name in SQL_TABLES]


def publish(warehouse, tables, key=KEY, **more):
    warehouse.claim(key, **CLAIM)
    return warehouse.publish(key, tables, **DONE, **more)


def night_of(day, source_mode="simulated"):
    return NightKey(trade_date=date(2026, 7, day), universe="default", source_mode=source_mode)


def count(url, table=VERDICTS_TABLE.name):
    return int(query_warehouse(url, f"select count(*) as n from {table}")["n"][0])


# The ledger


def test_claim_complete(warehouse, night, url):
    assert warehouse.status(KEY) is None
    assert warehouse.ledger("simulated", KEY.trade_date) is None
    assert warehouse.latest_complete() is None
    warehouse.claim(KEY, **CLAIM)
    assert warehouse.status(KEY) == "RUNNING"
    rows = warehouse.publish(KEY, night(), **DONE | {"outcome": "NO_DATA", "reason": "no VIX chain"})
    assert warehouse.status(KEY) == "COMPLETE"
    assert rows == dict.fromkeys((s.name for s in NIGHT_TABLES), 4)
    row = warehouse.ledger("simulated", KEY.trade_date)
    assert (row["outcome"], row["reason"], row["run_id"]) == ("NO_DATA", "no VIX chain", "run-1")
    assert {name: row[name] for name in COUNTS} == COUNTS
    assert row["claimed_at_utc"] <= row["finished_at_utc"]
    assert warehouse.latest_complete() == (KEY.trade_date, "simulated")
    assert count(url, META_NIGHTS.name) == 1


def test_claim_fail_claim(warehouse, night):
    warehouse.claim(KEY, **CLAIM)
    warehouse.fail(KEY, "RuntimeError: boom", run_id="another run")
    assert warehouse.status(KEY) == "RUNNING", "a run ends its own claim only"
    warehouse.fail(KEY, "RuntimeError: boom", run_id="run-1")
    row = warehouse.ledger("simulated", KEY.trade_date)
    assert (row["night_status"], row["reason"]) == ("FAILED", "RuntimeError: boom")
    warehouse.claim(KEY, **CLAIM)
    row = warehouse.ledger("simulated", KEY.trade_date)
    assert (row["night_status"], row["reason"], row["finished_at_utc"]) == ("RUNNING", None, None)
    publish(warehouse, night())
    assert warehouse.status(KEY) == "COMPLETE"


def test_what_fails_after_publishing_does_not_unpublish(warehouse, night):
    publish(warehouse, night())
    warehouse.fail(KEY, "the report could not be written", run_id="run-1")
    assert warehouse.status(KEY) == "COMPLETE"


def test_a_forced_night_that_fails_keeps_its_rows(warehouse, night):
    publish(warehouse, night())
    before = warehouse.fingerprint("simulated", KEY.trade_date)
    warehouse.claim(KEY, **CLAIM)
    warehouse.fail(KEY, "boom", run_id="run-1")
    assert warehouse.status(KEY) == "FAILED"
    assert warehouse.fingerprint("simulated", KEY.trade_date) == before


def test_only_a_claimed_night_is_published(warehouse, night, url):
    with pytest.raises(FatalError, match=r"2026-07-16 \(simulated, default\): expected it to be claimed .*no claim"):
        warehouse.publish(KEY, night(), **DONE)
    assert count(url) == 0


def test_a_night_is_every_table(warehouse, night):
    tables = night()
    del tables[LADDER_LEGS.name]
    with pytest.raises(ContractError, match=rf"missing \['{LADDER_LEGS.name}'\]"):
        publish(warehouse, tables)


def test_another_universes_claim_on_the_same_rows_ends(warehouse, night, url):
    other = NightKey(trade_date=KEY.trade_date, universe="mine", source_mode="simulated")
    elsewhere = NightKey(trade_date=KEY.trade_date, universe="mine", source_mode="live")
    publish(warehouse, night(elsewhere), elsewhere)
    publish(warehouse, night())
    publish(warehouse, night(other, rows=2), other)
    assert warehouse.status(KEY) == "COMPLETE", "published under another universe: only a forced run may replace it"
    assert warehouse.status(other) == warehouse.status(elsewhere) == "COMPLETE"
    assert query_warehouse(url, "select universe from meta_nights where source_mode = 'simulated'").values == [["mine"]]
    assert count(url) == 2 + 4


def test_what_is_published_stays_so_whoever_claims_the_night_next(warehouse, night):
    publish(warehouse, night())
    other = NightKey(trade_date=KEY.trade_date, universe="mine", source_mode="simulated")
    warehouse.claim(other, **CLAIM)
    warehouse.fail(other, "boom", run_id="run-1")
    with warehouse.reading() as connection:
        assert find_published(connection, KEY.trade_date, "simulated").trade_date == KEY.trade_date
        assert ledger.last_answers(connection, "simulated", KEY.trade_date, 1)[KEY.trade_date] is not None


# Rows


def test_types_and_values_come_back(warehouse, night):
    tables = night()
    publish(warehouse, tables)
    found = warehouse.night("simulated", KEY.trade_date)
    assert set(found) == {spec.name for spec in NIGHT_TABLES}
    for spec in NIGHT_TABLES:
        keys = [name for name in spec.key if name not in {"trade_date", "source_mode"}]
        expected = tables[spec.name].astype(dict.fromkeys(keys, "object")).sort_values(keys)
        expected = frames.conform(expected, spec)
        pd.testing.assert_frame_equal(found[spec.name], expected, check_categorical=False, obj=spec.name)


@pytest.mark.parametrize("spec", WAREHOUSE_TABLES)
def test_columns_are_plain_values(sample_frame, spec):
    columns = plain_columns(sample_frame(spec), spec)
    plain = {"date": date, "timestamp": datetime, "str": str, "category": str, "float": float, "int": int, "bool": bool}
    for column in spec.columns:
        for value in columns[column.name]:
            assert type(value) in {plain[column.dtype], type(None)} or isinstance(value, datetime)
            assert value is not None or spec.is_nullable(column.name)
            assert value == value, "a missing number is None"
    keys = list(zip(*(columns[name] for name in spec.key), strict=True))
    assert keys == sorted(keys)
    assert list(columns) == list(spec.names)
    assert {len(values) for values in columns.values()} == {len(keys)}


@pytest.mark.parametrize(
    ("spec", "column", "value"),
    [
        (LADDER_LEGS, "strike_usd", "twenty"), (LADDER_STATE, "below_count", 1.5), (LADDER_STATE, "below_count", None),
        (LADDER_STATE, "is_armed", "no"), (LADDER_STATE, "is_armed", None),
    ],
)  # fmt: skip
def test_a_value_that_is_none_of_its_column_is_told_by_name(spec, column, value):
    with pytest.raises(ContractError, match=rf"{spec.name}.{column}: expected .* in the warehouse"):
        typed_frame([(1,), (value,)], spec.only([column]))


def test_nulls_are_null_in_sql(warehouse, night, url):
    publish(warehouse, night())
    nulls = "spread_frac is null and expiry_date is null and dte_days is null and osi_symbol is null"
    assert count(url, f"{LADDER_LEGS.name} where {nulls}") == 1


def test_dates_read_as_iso_and_numbers_are_numbers(warehouse, night, url):
    publish(warehouse, night())
    row = query_warehouse(url, f"select * from {LADDER_LEGS.name} where spread_frac is not null limit 1").iloc[0]
    assert str(row["trade_date"]) == "2026-07-16"
    assert query_warehouse(url, f"select sum(units_target) as s from {LADDER_LEGS.name}")["s"][0] > 2**53
    assert count(url, f"{LADDER_LEGS.name} where is_armed") == 2
    snapshot = query_warehouse(url, f"select max(quote_at_utc) as t from {SNAPSHOTS.name}")["t"][0]
    assert str(snapshot).startswith("2030-02-28 12:00:00"), "instants are naive UTC"


@pytest.mark.parametrize("fault", ["null", "missing", "type", "twice"])
def test_rows_that_break_their_contract_are_not_published(warehouse, night, fault):
    publish(warehouse, night(mark="old"))
    before = warehouse.fingerprint("simulated", KEY.trade_date)
    tables = night(mark="new")
    name = VERDICTS_TABLE.name
    tables[name] = {
        "null": lambda f: f.assign(reasons=None), "missing": lambda f: f.drop(columns="reasons"),
        "type": lambda f: f.assign(nights_count="many"), "twice": lambda f: pd.concat([f, f]),
    }[fault](tables[name])  # fmt: skip
    with pytest.raises(FatalError, match=name):
        publish(warehouse, tables)
    assert warehouse.fingerprint("simulated", KEY.trade_date) == before
    assert warehouse.status(KEY) == "RUNNING"


def test_publishing_again_replaces(warehouse, night, url):
    publish(warehouse, night(rows=4, mark="first"))
    publish(warehouse, night(rows=2, mark="second"))
    assert count(url) == 2
    assert set(query_warehouse(url, f"select distinct reasons from {VERDICTS_TABLE.name}")["reasons"]) == {"second"}


def test_other_nights_and_modes_stay(warehouse, night, url):
    keys = [NightKey(trade_date=date(2026, 7, d), universe="default", source_mode=m) for d in (15, 16) for m in
            ("simulated", "live")]  # fmt: skip
    for key in keys:
        publish(warehouse, night(key, mark="old"), key)
    publish(warehouse, night(keys[0], rows=1, mark="new"), keys[0])
    assert count(url) == 3 * 4 + 1
    assert warehouse.latest_complete() == (date(2026, 7, 15), "simulated"), "published last, not the latest session"


def test_the_fingerprint_knows_rows_and_not_their_order(warehouse, night):
    tables = night()
    publish(warehouse, tables)
    first = warehouse.fingerprint("simulated", KEY.trade_date)
    shuffled = {name: frame.sample(frac=1, random_state=3) for name, frame in tables.items()}
    publish(warehouse, shuffled)
    assert warehouse.fingerprint("simulated", KEY.trade_date) == first
    changed = tables | {LADDER_LEGS.name: tables[LADDER_LEGS.name].assign(units_target=[4, 4, 2, 3])}
    publish(warehouse, changed)
    assert warehouse.fingerprint("simulated", KEY.trade_date) != first
    publish(warehouse, night(mark="m"))
    assert warehouse.fingerprint("simulated", KEY.trade_date) == first
    assert warehouse.fingerprint("live", KEY.trade_date) != first


def test_the_fingerprint_forgets_the_runs_own_records(warehouse, night):
    publish(warehouse, night())
    first = warehouse.fingerprint("simulated", KEY.trade_date)
    again = night()
    again[META_PAYLOADS.name] = again[META_PAYLOADS.name].assign(fetched_at_utc=pd.Timestamp("2026-08-01", tz="UTC"))
    publish(warehouse, again)
    assert warehouse.fingerprint("simulated", KEY.trade_date) == first


# What earlier nights left


def test_state_of_the_night_before(warehouse, night):
    for day in (14, 15, 16):
        key = NightKey(trade_date=date(2026, 7, day), universe="default", source_mode="simulated")
        publish(warehouse, night(key), key)
    state = warehouse.rows_before(LADDER_STATE, "simulated", date(2026, 7, 16))
    assert set(state["trade_date"]) == {pd.Timestamp("2026-07-15")}
    assert state.dtypes.astype(str).to_dict() == frames.empty(LADDER_STATE).dtypes.astype(str).to_dict()
    assert len(warehouse.rows_before(LADDER_STATE, "simulated", date(2026, 7, 14))) == 0
    assert len(warehouse.rows_before(LADDER_STATE, "live", date(2026, 7, 20))) == 0


def test_signals_of_all_nights_before(warehouse, night):
    for day in (14, 15, 16):
        key = NightKey(trade_date=date(2026, 7, day), universe="default", source_mode="simulated")
        publish(warehouse, night(key), key)
    signals = warehouse.all_before(LADDER_SIGNALS, "simulated", date(2026, 7, 16))
    assert len(signals) == 8
    assert signals["trade_date"].max() == pd.Timestamp("2026-07-15"), "no look-ahead"
    assert list(signals.columns) == list(LADDER_SIGNALS.names)


# All or nothing


def test_an_injected_failure_leaves_the_old_night(warehouse, night, monkeypatch):
    publish(warehouse, night(mark="old"))
    before = warehouse.fingerprint("simulated", KEY.trade_date)
    real = repository.replace_night
    for stop_at in (0, 1, 6, len(NIGHT_TABLES) - 1, len(NIGHT_TABLES)):
        calls = []

        def failing(*args, stop_at=stop_at, calls=calls):
            if len(calls) == stop_at:
                raise RuntimeError("power cut")
            calls.append(1)
            real(*args)

        monkeypatch.setattr(repository, "replace_night", failing)
        if stop_at == len(NIGHT_TABLES):
            monkeypatch.setattr(ledger, "complete", failing)
        with pytest.raises(RuntimeError, match="power cut"):
            publish(warehouse, night(rows=2, mark="new"))
        assert warehouse.fingerprint("simulated", KEY.trade_date) == before


WRITER = """
import pickle, sys, time
from datetime import date
from tasks.warehouse import ledger, repository
from tasks.warehouse.repository import NightKey, Warehouse
url, path, times = sys.argv[1], sys.argv[2], int(sys.argv[3])
with open(path, "rb") as f:
    nights = pickle.load(f)
key = NightKey(trade_date=date(2026, 7, 16), universe="default", source_mode="simulated")
real = repository.replace_night
def slow(*args):  # most of the time passes inside the transaction
    real(*args)
    time.sleep(0.01)
warehouse = Warehouse(url)
for i in range(times):
    tables, rows = nights[i % len(nights)]
    warehouse.claim(key, run_id=str(i), code_version="0", rules_hash="x")
    warehouse.publish(key, tables, run_id=str(i), outcome="OK", reason=None,
                      counts={"rows_in_count": rows, "rows_published_count": rows, "rows_quarantined_count": 0})
    repository.replace_night = slow
    print(i, flush=True)
warehouse.close()
"""


@pytest.fixture
def big_nights(night, tmp_path):
    """Two publications of one night that differ in size and mark, on disk for a writer process."""
    nights = []
    for mark, copies in (("a", 30), ("b", 70)):
        tables = {}
        for name, frame in night(mark=mark, has_nulls=False).items():
            spec = TABLES[name]
            big = pd.concat([frame] * copies, ignore_index=True)
            big[spec.key[-1]] = {
                "date": pd.date_range("2000-01-01", periods=len(big)), "int": range(len(big)), "float": range(len(big)),
            }.get(spec.columns[len(spec.key) - 1].dtype, [f"{i:06d}" for i in range(len(big))])  # fmt: skip
            tables[name] = frames.conform(big, TABLES[name])
        nights.append((tables, 4 * copies))
    path = tmp_path / "nights.pickle"
    pd.to_pickle(nights, path)
    return path


def _writer(url, path, *, times):
    """Start a process that publishes one night again and again; return it once the first is out."""
    writer = subprocess.Popen([sys.executable, "-W", "error", "-c", WRITER, url, str(path), str(times)],
                              stdout=subprocess.PIPE)  # fmt: skip
    assert writer.stdout.readline() == b"0\n"
    return writer


STATE = f"""
select (select rows_in_count from meta_nights where night_status = 'COMPLETE') as claimed, count(*) as n,
       count(distinct reasons) as marks, (select count(*) from {LADDER_LEGS.name}) as legs,
       (select count(*) from {META_PAYLOADS.name}) as payloads,
       (select count(distinct url) from {META_PAYLOADS.name}) as urls,
       max(reasons) = (select max(url) from {META_PAYLOADS.name}) as is_one_publication
from {VERDICTS_TABLE.name}
"""


def _assert_whole(row):
    assert row["n"] in {120, 280}
    assert row["n"] == row["legs"] == row["payloads"]
    assert row["marks"] == row["urls"] == row["is_one_publication"] == 1
    assert pd.isna(row["claimed"]) or row["claimed"] == row["n"]


def test_readers_never_wait_and_never_see_half_a_night(url, big_nights):
    with _writer(url, big_nights, times=20) as writer:
        reader, seen, slowest = Warehouse(url), [], 0.0
        while writer.poll() is None:
            start = time.monotonic()
            row = query_warehouse(url, STATE).iloc[0]
            slowest = max(slowest, time.monotonic() - start)
            _assert_whole(row)
            seen.append(int(row["n"]))
            sizes = {len(frame) for frame in reader.night("simulated", KEY.trade_date).values()}
            assert len(sizes) == 1, "all tables of one publication"
        reader.close()
        assert writer.returncode == 0
    assert {120, 280} == set(seen)
    assert slowest < 15.0, "the writer's lock timeout is 30 s: nobody waited for it"


def test_an_open_reader_does_not_lock_the_writer_out(url, warehouse, night):
    publish(warehouse, night(mark="old"))
    engine = repository.reader_engine(url)
    with engine.connect() as connection:
        query = sa.text(f"select max(reasons) from {VERDICTS_TABLE.name}")
        assert connection.scalar(query) == "old"
        start = time.monotonic()
        publish(warehouse, night(mark="new"))
        assert time.monotonic() - start < 15.0
        assert connection.scalar(query) == "old", "a transaction sees one state"
    engine.dispose()
    assert set(query_warehouse(url, f"select reasons from {VERDICTS_TABLE.name}")["reasons"]) == {"new"}


def test_a_writer_killed_in_the_middle_leaves_a_whole_night(url, big_nights):
    dice = random.Random(442)
    for _ in range(3):
        with _writer(url, big_nights, times=1000) as writer:
            time.sleep(dice.uniform(0.2, 1.0))
            writer.kill()
        _assert_whole(query_warehouse(url, STATE).iloc[0])
    with _writer(url, big_nights, times=1) as writer:
        assert writer.wait(60) == 0
    row = query_warehouse(url, STATE).iloc[0]
    _assert_whole(row)
    assert row["claimed"] == row["n"] == 120, "a run after a kill finishes the night"


def test_two_processes_may_make_the_warehouse_at_once(url):
    script = "import sys; from tasks.warehouse.repository import Warehouse; Warehouse(sys.argv[1]).close()"
    children = [
        subprocess.Popen([sys.executable, "-W", "error", "-c", script, url], stderr=subprocess.PIPE) for _ in range(3)
    ]
    for child in children:
        with child:
            _, errors = child.communicate(timeout=60)
            assert child.returncode == 0, errors.decode()
    assert count(url, META_NIGHTS.name) == 0


def test_connections_are_given_back_even_if_nobody_closes(url, night):
    """Warnings are errors here: a connection left to the garbage collector would fail this test."""
    import gc

    warehouse = Warehouse(url)
    publish(warehouse, night())
    warehouse.night("simulated", KEY.trade_date)
    del warehouse
    gc.collect()
