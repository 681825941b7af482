"""Tables of the lake: types come back as they went in, faults are named; SQL over them reads and does nothing else."""

from datetime import date
from pathlib import Path

import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from alvh_core import frames
from alvh_core.errors import ContractError, FatalError
from alvh_core.registry.spec import LAKE
from alvh_core.schemas import DAILY_BARS, OPTION_QUOTES, TABLES
from tasks.lake.sql import query_lake
from tasks.lake.tables import LakeTables, arrow_schema

DAY = date(2026, 7, 16)
EVERY_TABLE = [pytest.param(spec, id=name) for name, spec in TABLES.items()]


@pytest.fixture
def lake(tmp_path):
    return LakeTables(tmp_path, "simulated", DAY)


def put(lake, frame, spec, part="part"):
    """Write a table and return its file."""
    lake.write(frame, spec, part)
    return file_of(lake, spec, part)


def file_of(lake, spec, part="part"):
    return Path(lake._store.where(lake.path_of(spec, part)))


@pytest.mark.parametrize("spec", EVERY_TABLE)
def test_types_and_values_come_back(lake, sample_frame, spec):
    frame = sample_frame(spec)
    lake.write(frame, spec)
    pd.testing.assert_frame_equal(lake.read(spec), frame)


@pytest.mark.parametrize("spec", EVERY_TABLE)
def test_an_empty_table_keeps_its_types(lake, spec):
    lake.write(frames.empty(spec), spec)
    found = lake.read(spec)
    assert len(found) == 0
    assert found.dtypes.astype(str).to_dict() == frames.empty(spec).dtypes.astype(str).to_dict()


@pytest.mark.parametrize("spec", EVERY_TABLE)
def test_the_file_explains_itself(lake, sample_frame, spec):
    path = put(lake, sample_frame(spec), spec)
    schema = pq.read_schema(path)
    assert schema.names == list(spec.names)
    for column in spec.columns:
        field = schema.field(column.name)
        assert field.metadata[b"unit"].decode() == column.unit
        assert field.metadata[b"description"].decode() == column.description
        assert field.nullable == spec.is_nullable(column.name)
    assert pq.ParquetFile(path).metadata.row_group(0).column(0).compression == "ZSTD"


@pytest.mark.parametrize("spec", EVERY_TABLE)
def test_in_memory_a_table_is_what_its_file_is(lake, sample_frame, spec):
    with lake.in_memory():
        lake.write(sample_frame(spec), spec)
        at_hand = lake.read(spec)
    pd.testing.assert_frame_equal(at_hand, lake.read(spec))


def test_in_memory_only_what_waits_for_validation_has_no_file(lake, sample_frame):
    with lake.in_memory():
        lake.write(sample_frame(DAILY_BARS), DAILY_BARS, "landed")
        assert len(lake.read(DAILY_BARS, "landed")) == 4
        lake.sweep()
        assert put(lake, sample_frame(DAILY_BARS), DAILY_BARS).exists()
        with pytest.raises(FatalError, match="found no file"):
            lake.read(DAILY_BARS, "landed")
    with pytest.raises(FatalError, match="found no file"):
        lake.read(DAILY_BARS, "landed")


def test_in_memory_nobody_changes_what_others_read(lake, sample_frame):
    frame = sample_frame(DAILY_BARS)
    with lake.in_memory():
        lake.write(frame, DAILY_BARS)
        frame.loc[0, "close_usd"] = -1.0
        first = lake.read(DAILY_BARS)
        first.loc[0, "close_usd"] = -1.0
        first["further"] = 1
        pd.testing.assert_frame_equal(lake.read(DAILY_BARS), sample_frame(DAILY_BARS))
        assert lake.read(DAILY_BARS, columns=["close_usd"]).columns.tolist() == ["close_usd"]


@pytest.mark.parametrize("part", ["part", "landed"])
def test_a_large_table_is_not_kept_in_memory(lake, sample_frame, monkeypatch, part):
    with lake.in_memory():
        lake.write(sample_frame(DAILY_BARS, rows=1), DAILY_BARS, part)
        monkeypatch.setattr("tasks.lake.tables.HELD_CELLS", 1)
        path = put(lake, sample_frame(DAILY_BARS), DAILY_BARS, part)
        assert len(lake.read(DAILY_BARS, part)) == 4
        path.unlink()
        with pytest.raises(FatalError):
            lake.read(DAILY_BARS, part)


def test_some_columns_in_the_order_asked_for(lake, sample_frame):
    frame = sample_frame(OPTION_QUOTES)
    lake.write(frame, OPTION_QUOTES)
    columns = ["bid_usd", "osi_symbol", "volume_count", "expiry_date", "underlying"]
    pd.testing.assert_frame_equal(lake.read(OPTION_QUOTES, columns=columns), frame[columns])


def test_a_table_is_replaced_whole(lake, sample_frame):
    path = put(lake, sample_frame(DAILY_BARS), DAILY_BARS)
    lake.write(sample_frame(DAILY_BARS, rows=1), DAILY_BARS)
    assert len(lake.read(DAILY_BARS)) == 1
    assert [p.name for p in path.parent.iterdir()] == ["part.parquet"]


def test_nights_modes_and_parts_do_not_mix(tmp_path, sample_frame):
    for mode in ("live", "simulated"):
        for day in (16, 17):
            for part in ("part", "landed"):
                frame = sample_frame(DAILY_BARS, open_usd=float(day), symbol=f"{mode}-{part}")
                LakeTables(tmp_path, mode, date(2026, 7, day)).write(frame, DAILY_BARS, part)
    frame = LakeTables(tmp_path, "live", date(2026, 7, 17)).read(DAILY_BARS, "landed")
    assert set(frame["open_usd"]) == {17.0}
    assert set(frame["symbol"]) == {"live-landed"}


def test_a_table_that_is_not_there_says_what_makes_it(lake):
    named = rf"expected {OPTION_QUOTES.name} of 2026-07-16 \(simulated\) at .*found no file"
    with pytest.raises(FatalError, match=named + ": .*`alvh nightly --date 2026-07-16 --force`"):
        lake.read(OPTION_QUOTES)


def test_a_damaged_file_is_named(lake, sample_frame):
    path = put(lake, sample_frame(DAILY_BARS), DAILY_BARS)
    path.write_bytes(path.read_bytes()[:-20])
    with pytest.raises(FatalError, match=r"part\.parquet cannot be read"):
        lake.read(DAILY_BARS)


def test_faulty_rows_can_wait_for_validation(lake, sample_frame):
    """An impossible expiry (no such day) or a bar without close must reach quarantine, not stop the night."""
    frame = sample_frame(OPTION_QUOTES)
    frame.loc[0, "expiry_date"] = pd.NaT
    lake.write(frame, OPTION_QUOTES, "landed")
    assert lake.read(OPTION_QUOTES, "landed")["expiry_date"].isna().tolist() == [True, False, False, False]
    bars = sample_frame(DAILY_BARS)
    bars.loc[2, "close_usd"] = None
    lake.write(bars, DAILY_BARS, "landed")
    assert lake.read(DAILY_BARS, "landed")["close_usd"].isna().sum() == 1


def test_judged_rows_must_be_whole(lake, sample_frame):
    frame = sample_frame(OPTION_QUOTES)
    frame.loc[0, "expiry_date"] = pd.NaT
    with pytest.raises(ContractError, match=rf"{OPTION_QUOTES.name} of 2026-07-16.*expiry_date"):
        lake.write(frame, OPTION_QUOTES)
    with pytest.raises(FatalError):
        lake.read(OPTION_QUOTES)


def test_sweep_removes_strays_of_this_night_only(tmp_path, lake, sample_frame):
    mine = put(lake, sample_frame(DAILY_BARS), DAILY_BARS).with_name(".part.parquet.x.tmp")
    other = put(LakeTables(tmp_path, "live", DAY), sample_frame(DAILY_BARS), DAILY_BARS).with_name(
        ".part.parquet.x.tmp"
    )
    mine.write_bytes(b"half")
    other.write_bytes(b"half")
    stage = mine.with_name("landed.parquet")
    lake.write(sample_frame(DAILY_BARS), DAILY_BARS, "landed")
    lake.sweep()
    assert not mine.exists()
    assert not stage.exists(), "a stage before validation is no table of the night"
    assert other.exists(), "another run may be writing it"
    assert len(lake.read(DAILY_BARS)) == 4


# SQL


@pytest.fixture
def nights(tmp_path, sample_frame):
    """Three nights of two tables under a path with a quote in it."""
    root = tmp_path / "the desk's lake"
    for day in (16, 17, 20):
        tables = LakeTables(root, "simulated", date(2026, 7, day))
        for spec in (OPTION_QUOTES, DAILY_BARS):
            frame = sample_frame(spec, trade_date=f"2026-07-{day}", source_mode="simulated")
            tables.write(frame, spec)
            tables.write(frame, spec, "landed")
    return root


@pytest.fixture
def one(tmp_path, sample_frame):
    """One night of one table, under a path with a quote in it."""
    root = tmp_path / "the desk's lake"
    LakeTables(root, "simulated", DAY).write(sample_frame(DAILY_BARS), DAILY_BARS)
    return root


def test_sql_reads_all_nights_and_judged_rows_only(nights):
    sql = f"""select trade_date, count(*) as n, min(quote_at_utc) as first from {OPTION_QUOTES.name}
              group by trade_date order by trade_date"""
    frame = query_lake(nights, sql)
    assert frame["n"].tolist() == [4, 4, 4]
    assert frame["trade_date"].tolist() == [date(2026, 7, day) for day in (16, 17, 20)]
    assert frame["first"][0] == pd.Timestamp("1971-01-01", tz="UTC")


def test_dates_in_a_condition(nights):
    sql = f"select count(*) from {DAILY_BARS.name} where trade_date = '2026-07-17' and bar_date < '2026-08-01'"
    assert query_lake(nights, sql).iloc[0, 0] == 2


def test_instants_are_utc_wherever_the_machine_is(nights, monkeypatch):
    monkeypatch.setenv("TZ", "Asia/Tokyo")
    frame = query_lake(nights, f"select max(quote_at_utc)::varchar as t from {OPTION_QUOTES.name}")
    assert frame["t"][0] == "2030-02-28 12:00:00+00"


def test_a_night_from_before_a_column_was_added(nights):
    path = file_of(LakeTables(nights, "simulated", date(2026, 7, 16)), DAILY_BARS)
    pq.write_table(pq.read_table(path, partitioning=None).drop_columns(["open_usd"]), path)
    frame = query_lake(nights, f"select trade_date, count(open_usd) as n from {DAILY_BARS.name} group by 1 order by 1")
    assert frame["n"].tolist() == [0, 3, 3]


@pytest.mark.parametrize("sql", ["show tables", f"describe {DAILY_BARS.name}", f"summarize {DAILY_BARS.name}",
                                 f"from {DAILY_BARS.name} limit 1", "with a as (select 1 as x) select x from a",
                                 "select '%s :x $y' as text", "select 1;"])  # fmt: skip
def test_ways_to_read(one, sql):
    assert len(query_lake(one, sql)) >= 1


@pytest.mark.parametrize("sql", [
    "copy (select 1) to '{root}/x.csv'", "copy (select 1) to '/tmp/alvh-test-x.csv'",
    "export database '/tmp/alvh-test'",
    "create table t (a int)", "drop view {table}", "insert into {table} select * from {table}",
    "attach '/tmp/alvh.db' as z",
    "install httpfs", "load httpfs", "set enable_external_access = true", "reset allowed_directories",
    "set threads = 1",
    "pragma database_list", "call pragma_version()", "checkpoint", "explain analyze copy (select 1) to '{root}/x.csv'",
    "select 1; copy (select 1) to '{root}/x.csv'", "select 1; select 2", "", "-- nothing", "begin", "vacuum",
    "create macro m() as 1", "prepare p as copy (select 1) to '{root}/x.csv'",
])  # fmt: skip
def test_everything_else_is_refused(one, sql):
    before = sorted(one.rglob("*"))
    quoted = str(one).replace("'", "''")
    with pytest.raises(ContractError, match="lake is only read: expected one SELECT"):
        query_lake(one, sql.format(root=quoted, table=DAILY_BARS.name))
    assert sorted(one.rglob("*")) == before


@pytest.mark.parametrize("sql", [
    "select * from read_csv('/etc/passwd')", "select * from read_text('/etc/passwd')", "select * from '/etc/passwd'",
    "select * from glob('/etc/*')", "select * from read_blob('{root}/../*')", "select * from read_text('/tmp/*')",
    "select * from read_text('{root}/../../../../etc/passwd')", "select * from parquet_metadata('/etc/passwd')",
    "select * from sniff_csv('/etc/passwd')", "select * from query('copy (select 1) to ''/tmp/alvh-test-x.csv''')",
    "select getenv('HOME')", "select * from present", "select * from root", "select * from TABLES",
    "select * from read_csv('https://example.com/x.csv')", "select * from read_json_auto('/proc/self/environ')",
])  # fmt: skip
def test_nothing_outside_the_lake_can_be_read(one, sql):
    with pytest.raises(ContractError, match="the lake did not answer"):
        query_lake(one, sql.format(root=str(one).replace("'", "''")))


def test_a_mistake_names_the_tables_there_are(nights):
    with pytest.raises(
        ContractError, match=rf"nope does not exist(.|\n)*tables: {OPTION_QUOTES.name}, {DAILY_BARS.name}"
    ):
        query_lake(nights, "select * from nope")
    with pytest.raises(ContractError, match="syntax error"):
        query_lake(nights, "selec 1")


def test_a_lake_without_nights(tmp_path):
    assert query_lake(tmp_path / "none", "select 1 as a")["a"].tolist() == [1]
    assert len(query_lake(tmp_path, "show tables")) == 0
    with pytest.raises(ContractError, match="tables: none yet, run `alvh nightly` first"):
        query_lake(tmp_path, f"select * from {DAILY_BARS.name}")


def test_a_damaged_part_is_an_answer_not_a_crash(nights):
    path = file_of(LakeTables(nights, "simulated", date(2026, 7, 16)), DAILY_BARS)
    path.write_bytes(b"PAR1 no more")
    with pytest.raises(ContractError, match=r"the lake did not answer(.|\n)*part\.parquet"):
        query_lake(nights, f"select * from {DAILY_BARS.name}")


def test_the_schema_of_every_lake_table_is_known_to_arrow():
    for spec in TABLES.values():
        if spec.home == LAKE:
            schema = arrow_schema(spec)
            assert schema.field("trade_date").type == pa.date32()


# Shards


def test_joined_shards_are_the_table_that_was_never_cut(tmp_path, lake, sample_frame):
    whole = sample_frame(OPTION_QUOTES)
    for number, rows in enumerate((slice(0, 2), slice(2, 2), slice(2, 4))):
        part = frames.conform(whole.iloc[rows].astype({"underlying": "str"}), OPTION_QUOTES)
        LakeTables(tmp_path, "simulated", DAY, f"{number}of3").write(part, OPTION_QUOTES)
    lake.join(OPTION_QUOTES, ["0of3", "1of3", "2of3"])
    pd.testing.assert_frame_equal(lake.read(OPTION_QUOTES), whole)
    lake.sweep()
    assert [path.name for path in file_of(lake, OPTION_QUOTES).parent.iterdir()] == ["part.parquet"]


def test_a_missing_shard_is_named(lake):
    with pytest.raises(FatalError, match=r"expected .* at .*part\.0of2\.parquet"):
        lake.join(OPTION_QUOTES, ["0of2", "1of2"])
