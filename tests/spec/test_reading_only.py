"""Whatever a question says, it changes nothing: not the warehouse, not the machine it is on."""

import time
from datetime import date

import pytest
import sqlalchemy as sa

from alvh_core.errors import ContractError
from alvh_core.schemas import META_NIGHTS
from tasks.warehouse import postgresql
from tasks.warehouse.engine import reader_engine
from tasks.warehouse.repository import NightKey, Warehouse, query_warehouse

KEY = NightKey(trade_date=date(2026, 7, 16), universe="default", source_mode="simulated")
CLAIM = {"run_id": "run-1", "code_version": "0.1", "rules_hash": "abc"}
NIGHTS = META_NIGHTS.name


@pytest.fixture(scope="module")
def lite(tmp_path_factory):
    """Address of a warehouse on SQLite with one night in its ledger."""
    url = f"sqlite:///{tmp_path_factory.mktemp('reading only')}/warehouse.sqlite"
    warehouse = Warehouse(url)
    warehouse.claim(KEY, **CLAIM)
    warehouse.close()
    return url


@pytest.fixture(scope="module")
def server(postgres):
    """Address of one on PostgreSQL, of the superuser: what he must not do, nobody can."""
    url = postgres.new_database()
    warehouse = Warehouse(url)
    warehouse.claim(KEY, **CLAIM)
    warehouse.close()
    database = url.rpartition("/")[2]
    postgres.execute("create sequence numbers", database)
    yield url
    postgres.drop(url)


def everything_in(url):
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(postgresql, "STATEMENT_TIMEOUT_SECONDS", 60)
        return query_warehouse(url, f"select * from {NIGHTS}").to_dict("records")


@pytest.mark.parametrize("engine", ["lite", "server"])
def test_a_wrong_column_is_answered_with_those_there_are(request, engine):
    with pytest.raises(ContractError, match=rf"columns of {NIGHTS}: trade_date, ") as refused:
        query_warehouse(request.getfixturevalue(engine), f"select day from {NIGHTS}")
    assert "meta_gaps" not in str(refused.value)


def test_an_empty_database_is_not_said_to_have_our_tables(postgres_url):
    with pytest.raises(ContractError, match=r"tables are of revision none, .*: run `alvh migrate`") as refused:
        query_warehouse(postgres_url, f"select * from {NIGHTS}")
    assert "meta_gaps" not in str(refused.value)


# SQLite


@pytest.mark.parametrize("sql", [
    "select 1 as a", "select strftime('%H:%M', '2026-07-16 20:15') as t", "select ':x %s ?' as a",
    "select 100 % 7 as m",
    "with recursive c(x) as (select 1 union all select x + 1 from c where x < 5) select * from c",
    f"pragma table_info({NIGHTS})", f"explain query plan select * from {NIGHTS}",
    "select json_extract('{\"a\": 1}', '$.a') as v", "select name from sqlite_master", "values (1)", "select 1;",
])  # fmt: skip
def test_ways_to_read_sqlite(lite, sql):
    assert len(query_warehouse(lite, sql)) >= 1


@pytest.mark.parametrize("sql", [
    f"insert into {NIGHTS} (trade_date) values ('2026-07-16')", f"update {NIGHTS} set reason = 'x'",
    f"delete from {NIGHTS}", f"drop table {NIGHTS}", "create table t (a)", "create temp table t (a)",
    "attach '{folder}/other.db' as z", "vacuum", "vacuum into '{folder}/copy.db'", "pragma journal_mode = delete",
    "pragma user_version = 3", "pragma writable_schema = 1", "pragma wal_checkpoint(truncate)", "reindex", "analyze",
    f"with x as (select 1) delete from {NIGHTS}", "select 1; select 2", "begin immediate", "commit", "rollback",
    f"select 1; delete from {NIGHTS}", "savepoint x", "select load_extension('x')", "detach main",
    f"commit; delete from {NIGHTS}", "", "-- nothing", "select", "select * from nope",
    f"replace into {NIGHTS} (trade_date) values ('2026-07-16')", "alter table meta_nights add column x",
])  # fmt: skip
def test_nothing_else_is_done_on_sqlite(lite, tmp_path, sql):
    before = everything_in(lite)
    with pytest.raises(ContractError, match=r"the warehouse did not answer: .+(.|\n)*tables: .*meta_nights"):
        query_warehouse(lite, sql.replace("{folder}", str(tmp_path)))
    assert everything_in(lite) == before
    assert not list(tmp_path.iterdir())


# PostgreSQL


@pytest.mark.parametrize("sql", [
    "select 1 as a", "select ':x %s ?' as a", "select 100 % 7 as m", "values (1)", "select 1;", f"table {NIGHTS}",
    "with recursive c(x) as (select 1 union all select x + 1 from c where x < 5) select * from c",
    "(select 1 union select 2) order by 1 desc", "select '{\"a\": 1}'::jsonb -> 'a'", "/* why */ select 1 -- so",
    "select current_setting('transaction_read_only')", "select relname, oid::regclass, reltuples from pg_class limit 3",
    "select null, true, 1.5, now(), array[1, 2], '1 day'::interval", "select 1 as a, 2 as a",
])  # fmt: skip
def test_ways_to_read_postgresql(server, sql):
    assert len(query_warehouse(server, sql)) >= 1


@pytest.mark.parametrize("sql", [
    # statements that write
    f"insert into {NIGHTS} (trade_date) values ('2026-07-16')", f"update {NIGHTS} set reason = 'x'",
    f"delete from {NIGHTS}", f"truncate {NIGHTS}", f"drop table {NIGHTS}", "create table t (a int)",
    "create temp table t (a int)", f"alter table {NIGHTS} add column x int", "vacuum", "reindex database postgres",
    f"select * into t from {NIGHTS}", f"create table t as select * from {NIGHTS}", "create extension dblink",
    f"with x as (delete from {NIGHTS} returning *) select * from x", f"select * from {NIGHTS} for update",
    f"explain analyze delete from {NIGHTS}", f"lock table {NIGHTS}", "refresh materialized view x",
    # more than one
    f"select 1; delete from {NIGHTS}", f"commit; delete from {NIGHTS}", "select 1; select 2",
    f"select 1; close answer; set transaction read write; delete from {NIGHTS}",
    f"select 1; commit; drop table {NIGHTS}",
    f"rollback; begin read write; delete from {NIGHTS}; commit", f"select $$;$$; delete from {NIGHTS}",
    # ways out of reading only
    "set transaction read write", "set session characteristics as transaction read write", "reset all", "begin",
    "set default_transaction_read_only = off", "commit", "rollback", "savepoint x", "discard all",
    "select set_config('transaction_read_only', 'off', false)", "prepare x as select 1", "execute x", "listen x",
    f"do $$ begin delete from {NIGHTS}; end $$", "call x()", "notify x", "declare x cursor for select 1",
    f"do $$ begin commit; delete from {NIGHTS}; commit; end $$",
    # functions that write
    "select nextval('numbers')", "select setval('numbers', 7)",
    f"select query_to_xml('delete from {NIGHTS}', true, true, '')",
    # files and programs of the server, for who may
    f"copy {NIGHTS} to '{{folder}}/copy'", f"copy {NIGHTS} to program 'cat > {{folder}}/copy'",
    "copy (select 1) to program 'touch {folder}/copy'", f"copy {NIGHTS} to stdout", f"copy {NIGHTS} from stdin",
    "select 1; copy (select 1) to program 'touch {folder}/copy'",
    # nothing to ask
    "", "-- nothing", "select * from nope", "selec 1", "select 1) x; (select 2",
])  # fmt: skip
def test_nothing_else_is_done_on_postgresql(server, postgres, sql):
    before = everything_in(server)
    with pytest.raises(ContractError, match=r"the warehouse did not answer: .+(.|\n)*tables: .*meta_nights"):
        query_warehouse(server, sql.replace("{folder}", str(postgres.folder)))
    assert everything_in(server) == before
    assert not (postgres.folder / "copy").exists()
    assert not query_warehouse(server, "select 1 from pg_tables where tablename = 't'").size


def test_the_superuser_could_do_harm(server, postgres):
    """The test above can fail."""
    postgres.execute(f"copy (select 1) to program 'touch {postgres.folder}/copy'", server.rpartition("/")[2])
    (postgres.folder / "copy").unlink()


@pytest.mark.parametrize("sql", ["select lo_create(4711)", "select lo_from_bytea(4711, 'x')",
                                 "select set_config('default_transaction_read_only', 'off', false)"])  # fmt: skip
def test_what_the_server_lets_pass_is_rolled_back(server, sql):
    """PostgreSQL counts large objects as writing since version 16 only."""
    refusal = "read-only"  # or none at all
    try:
        query_warehouse(server, sql)
    except ContractError as error:
        refusal = str(error)
    assert "read-only" in refusal
    assert not query_warehouse(server, "select 1 from pg_largeobject_metadata").size
    setting = query_warehouse(server, "select current_setting('default_transaction_read_only')")
    assert setting.iloc[0, 0] == "on"


def test_a_reading_engine_stays_one_for_statement_after_statement(server):
    """Not only questions: what is executed on such an engine piece by piece writes no more than in one string."""
    before = everything_in(server)
    engine = reader_engine(server)
    for attack in ("set transaction read write", "set session characteristics as transaction read write", "commit",
                   "rollback", "reset all", "set default_transaction_read_only = off",
                   f"select 1; delete from {NIGHTS}", "rollback; begin read write",
                   "select set_config('transaction_read_only', 'off', true)"):  # fmt: skip
        for execute in (sa.Connection.exec_driver_sql, lambda c, sql: c.execute(sa.text(sql))):
            with engine.connect() as connection:
                for statement in (attack, f"delete from {NIGHTS}", "commit"):
                    try:
                        execute(connection, statement)
                    except sa.exc.DBAPIError:
                        connection.rollback()
                    execute(connection, "select 1")
                connection.commit()
            assert everything_in(server) == before, attack
    engine.dispose()


def test_a_question_without_end_is_stopped(server, monkeypatch):
    monkeypatch.setattr(postgresql, "STATEMENT_TIMEOUT_SECONDS", 1)
    start = time.monotonic()
    with pytest.raises(ContractError, match="statement timeout"):
        query_warehouse(server, "select count(*) from generate_series(1, 100000000000)")
    with pytest.raises(ContractError, match="statement timeout"):
        query_warehouse(server, "select set_config('statement_timeout', '0', false), pg_sleep(600)")
    assert time.monotonic() - start < 10


def test_a_transaction_of_a_reader_sees_one_state(server):
    warehouse = Warehouse(server)
    with warehouse.reading() as connection:
        ask = sa.text(f"select run_id from {NIGHTS}")
        assert connection.scalar(ask) == "run-1"
        warehouse.claim(KEY, **CLAIM | {"run_id": "run-2"})
        assert connection.scalar(ask) == "run-1"
        warehouse.claim(KEY, **CLAIM)
    warehouse.close()
