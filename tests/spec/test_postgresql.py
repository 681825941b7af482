"""What only a server can do: roles, dying in the middle, and holding the same nights as SQLite does."""

import subprocess
from datetime import date
from pathlib import Path

import pytest
import sqlalchemy as sa

import tasks.warehouse.migrate
from alvh_core.errors import ContractError, RetriableError
from alvh_core.schemas import LADDER_LEGS, NIGHT_TABLES, VERDICTS_TABLE
from tasks.warehouse import repository
from tasks.warehouse.engine import reader_engine, writer_engine
from tasks.warehouse.migrate import current_revision, head_revision, migrate
from tasks.warehouse.repository import NightKey, Warehouse, query_warehouse

KEY = NightKey(trade_date=date(2026, 7, 16), universe="default", source_mode="simulated")
CLAIM = {"run_id": "run-1", "code_version": "0.1", "rules_hash": "abc"}
DONE = {"run_id": "run-1", "outcome": "OK", "reason": None, "counts": {}}
ROOT = Path(__file__).parents[2]
ROLES = ROOT / "tasks" / "warehouse" / "roles.sql"


def publish(warehouse, tables, **more):
    warehouse.claim(KEY, **CLAIM)
    return warehouse.publish(KEY, tables, **DONE, **more)


# Roles


@pytest.fixture
def roles(postgres):
    """Addresses of a new database by role, set up as the operator's guide says."""
    url = postgres.new_database()
    database = url.rpartition("/")[2]
    names = ("owner", "writer", "reader")
    for _ in range(2):
        postgres.execute(ROLES.read_text(), database)  # may be run again
    for name in names:
        postgres.execute(f"alter role alvh_{name} password 'secret-of-{name}'")
    yield {name: postgres.url(database, f"alvh_{name}", f"secret-of-{name}") for name in names}
    postgres.drop(url)
    for name in names:
        postgres.execute(f"drop role alvh_{name}")


FORBIDDEN, READ_ONLY = "42501", "25006"


def _run_all(engine, statements):
    with engine.begin() as connection:
        for sql in statements:
            connection.execute(sa.text(sql))


def refused(url, *statements):
    """Return the server's code for what a role may not do, on an engine that would let it."""
    engine = writer_engine(url)
    try:
        with pytest.raises(sa.exc.DBAPIError) as raised:
            _run_all(engine, statements)
    finally:
        engine.dispose()
    return raised.value.orig.sqlstate


def test_the_owner_migrates_the_writer_publishes_the_reader_reads(roles, night):
    with pytest.raises(
        ContractError, match=r"found none, and this role may not .*`alvh migrate` with the address of th"
    ):
        Warehouse(roles["writer"])
    assert migrate(roles["owner"]) == (None, head_revision())
    warehouse = Warehouse(roles["writer"])
    with warehouse.hold(KEY, 0), warehouse.hold_mode("simulated", 0):
        warehouse.note_gaps({KEY: "never ran"})
        publish(warehouse, night(KEY), based_on_no=warehouse.last_publication("simulated", KEY.trade_date))
    publish(warehouse, night(KEY, rows=2))
    assert warehouse.gaps("simulated")[0]["gap_status"] == "FILLED"
    assert warehouse.stale_nights("simulated") == []
    warehouse.close()
    assert current_revision(roles["reader"]) == head_revision()
    assert query_warehouse(roles["reader"], f"select count(*) as n from {VERDICTS_TABLE.name}")["n"][0] == 2


def test_a_writer_changes_no_tables(roles):
    migrate(roles["owner"])
    for sql in ("create table t (a int)", "create temp table t (a int)", "drop table meta_nights", "create schema s",
                "alter table meta_nights add column a int", "create index on meta_nights (run_id)",
                "truncate meta_nights", "create extension dblink",
                "copy meta_nights to program 'true'", "select pg_read_file('/etc/passwd')",
                "set role alvh_owner"):  # fmt: skip
        assert refused(roles["writer"], sql) == FORBIDDEN, sql


def test_a_reader_reads_only_whatever_engine_it_has(roles):
    migrate(roles["owner"])
    for sql in ("delete from meta_nights", "create table t (a int)", "create temp table t (a int)",
                "update alembic_version set version_num = 'x'", "drop table meta_nights"):  # fmt: skip
        assert refused(roles["reader"], sql) == READ_ONLY, sql
        # its own setting is no fence, its privileges are
        assert refused(roles["reader"], "set transaction read write", sql) == FORBIDDEN, sql
    for sql in ("copy meta_nights to program 'true'", "set role alvh_writer", "select pg_read_file('/etc/passwd')"):
        assert refused(roles["reader"], sql) == FORBIDDEN, sql


def test_an_old_warehouse_waits_for_its_owner(roles, monkeypatch):
    with writer_engine(roles["owner"]).begin() as connection:
        tasks.warehouse.migrate._alembic(connection, "upgrade", "0001")
    for role in ("writer", "reader"):
        with pytest.raises(
            ContractError, match=rf"revision {head_revision()}, found 0001, and this role may not"
        ) as told:
            Warehouse(roles[role])
        assert "secret" not in str(told.value)
    assert migrate(roles["owner"]) == ("0001", head_revision())
    Warehouse(roles["writer"]).close()


def test_the_guide_names_what_there_is(postgres):
    guide = (ROOT / "docs" / "postgresql.md").read_text()
    assert all(f"alvh_{role}" in guide for role in ("owner", "writer", "reader"))
    sql = guide.split("```sql\n")[1].split("```")[0]
    url = postgres.new_database()
    warehouse = Warehouse(url)
    with warehouse.hold(KEY, 0), writer_engine(url).connect() as connection:
        assert len(connection.execute(sa.text(sql)).all()) == 1, "the guide's way to find who holds a night"
    warehouse.close()
    postgres.drop(url)


# A server that dies


def test_a_server_killed_in_the_middle_leaves_the_old_night(postgres, postgres_url, night, monkeypatch):
    warehouse = Warehouse(postgres_url)
    publish(warehouse, night(KEY, mark="old"))
    before = warehouse.fingerprint("simulated", KEY.trade_date)
    real, calls = repository.replace_night, []

    def dying(*args):
        if len(calls) == len(NIGHT_TABLES) // 2:
            postgres.kill()
        calls.append(1)
        real(*args)

    warehouse.claim(KEY, **CLAIM)
    moments = {
        "between tables": lambda: monkeypatch.setattr(repository, "replace_night", dying),
        "before the commit": lambda: None, "before the connection": postgres.kill,
    }  # fmt: skip
    for moment, prepare in moments.items():
        also = (lambda _connection: postgres.kill()) if moment == "before the commit" else None
        try:
            prepare()
            with pytest.raises(RetriableError, match="try again once the database answers"):
                warehouse.publish(KEY, night(KEY, rows=2, mark="new"), **DONE, also=also)
        finally:
            monkeypatch.undo()
            postgres.start()
        assert warehouse.fingerprint("simulated", KEY.trade_date) == before, moment
    warehouse.publish(KEY, night(KEY, rows=2, mark="new"), **DONE)
    assert len(warehouse.night("simulated", KEY.trade_date)[VERDICTS_TABLE.name]) == 2
    warehouse.close()


def test_a_server_that_is_not_there_may_be_tried_again(postgres, postgres_url):
    absent = postgres_url.replace(str(postgres.port), "1")
    with pytest.raises(RetriableError, match="expected an answer, found: connection failed"):
        Warehouse(absent)
    with pytest.raises(RetriableError, match=r"expected an answer, found: .*connection failed"):
        query_warehouse(absent, "select 1")


def test_who_holds_a_night_too_long_is_not_waited_for(postgres_url, night, monkeypatch):
    warehouse = Warehouse(postgres_url)
    warehouse.claim(KEY, **CLAIM)
    asleep = writer_engine(postgres_url)
    with asleep.begin() as connection:
        connection.execute(sa.text("select * from meta_nights for update"))
        connection.execute(sa.text("set local lock_timeout = 0"))
        sa.event.listen(warehouse._engine, "connect", lambda raw, _record: raw.execute("set lock_timeout = '100ms'"))
        with pytest.raises(RetriableError, match="lock timeout"):
            warehouse.publish(KEY, night(KEY), **DONE)
    asleep.dispose()
    warehouse.publish(KEY, night(KEY), **DONE)
    warehouse.close()


# The same nights


def test_both_engines_hold_the_same_night(postgres_url, sqlite_url, night):
    """Byte for byte: awkward texts, a negative zero, numbers beyond a float's, the first and last microsecond."""
    tables = night(KEY)
    odd = ["\0 in a text", "a\ttab, a\nline, a \\. and \\N", "Ünïcode 😀 %s :x", "'; drop table x --"]
    tables[LADDER_LEGS.name] = tables[LADDER_LEGS.name].assign(osi_symbol=odd, spread_frac=[-0.0, 0.1, None, 5e-324])
    both = [Warehouse(postgres_url), Warehouse(sqlite_url)]
    for warehouse in both:
        publish(warehouse, tables)
    assert len({warehouse.fingerprint("simulated", KEY.trade_date) for warehouse in both}) == 1
    first, second = (warehouse.night("simulated", KEY.trade_date) for warehouse in both)
    assert {name for name in first if not first[name].equals(second[name])} == set()
    found = set(first[LADDER_LEGS.name]["osi_symbol"])
    assert found == {text.replace("\0", "�") for text in odd}, "no engine's text can hold NUL"
    ledgers = [warehouse.ledger("simulated", KEY.trade_date) for warehouse in both]
    assert (
        ledgers[0]["answers_sha256"] == ledgers[1]["answers_sha256"] == both[0].fingerprint("simulated", KEY.trade_date)
    )
    for warehouse in both:
        warehouse.close()


def test_connections_are_ours_and_end(postgres, postgres_url):
    """They say whose they are, let a sleeper go, and none is left over."""
    warehouse = Warehouse(postgres_url)
    with warehouse.writing() as connection:
        settings = {name: connection.exec_driver_sql(f"show {name}").scalar_one() for name in
                    ("application_name", "lock_timeout", "idle_in_transaction_session_timeout")}  # fmt: skip
    assert settings == {"application_name": "alvh", "lock_timeout": "30s",
                        "idle_in_transaction_session_timeout": "5min"}  # fmt: skip
    mine = "select count(*) from pg_stat_activity where datname = current_database() and pid <> pg_backend_pid()"
    with warehouse.reading() as connection:
        assert connection.exec_driver_sql(mine).scalar_one() == 0
    warehouse.close()
    own = reader_engine(f"{postgres_url}?options=-c%20statement_timeout%3D7s&application_name=mine")
    with own.connect() as connection:
        assert connection.exec_driver_sql("show statement_timeout").scalar_one() == "7s", "the operator's word counts"
        assert connection.exec_driver_sql("show application_name").scalar_one() == "mine"
    own.dispose()


def test_roles_file_is_run_as_the_guide_says(postgres, postgres_url):
    """By psql, where it is installed beside the server."""
    psql = postgres.binaries / "psql"
    if not psql.exists():
        pytest.skip(f"needs psql beside the server, found none in {postgres.binaries}")
    done = subprocess.run([psql, postgres_url, "-v", "ON_ERROR_STOP=1", "-f", ROLES], capture_output=True, text=True,
                          check=False, timeout=60)  # fmt: skip
    assert done.returncode == 0, done.stderr
    postgres.drop(postgres_url)
    for name in ("owner", "writer", "reader"):
        postgres.execute(f"drop role alvh_{name}")
    postgres.execute(f"create database {postgres_url.rpartition('/')[2]}")
