"""The tables of a warehouse are those of the registry, whichever version made it, and no row is lost on the way."""

import ast
import subprocess
import sys
from datetime import date
from importlib import import_module
from pathlib import Path

import pytest
import sqlalchemy as sa
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory

from alvh_core.errors import ContractError, FatalError
from alvh_core.schemas import NIGHT_TABLES, VERDICTS_TABLE
from tasks.warehouse import migrate as migration
from tasks.warehouse.engine import writer_engine
from tasks.warehouse.migrate import MIGRATIONS, current_revision, head_revision, migrate
from tasks.warehouse.repository import NightKey, Warehouse, query_warehouse
from tasks.warehouse.rows import replace_night
from tasks.warehouse.tables import METADATA, SQL_TABLES, plain_columns

KEY = NightKey(trade_date=date(2026, 7, 16), universe="default", source_mode="simulated")
# Tables of a night that the first release did not have, and columns that have come to those it had.
SINCE = {
    "core_quality__daily_cross_check",
    "core_quality__daily_drift",
    "core_macro__events",
    "core_macro__series",
    "core_market__daily_actions",
    "core_vol__daily_vx_settlements",
    "out_market__daily_breadth",
    "out_fundamentals__daily_ratios",
    "out_alvh__daily_host_rules",
    "out_market__daily_indicators",
    "out_market__daily_regime",
    "out_basis__daily_term",
    "out_basis__daily_hosts",
    "out_market__daily_event_windows",
    "out_market__daily_macro_context",
    "out_alvh__daily_positions",
    "out_alvh__daily_fills",
    "out_alvh__daily_book",
    "out_liquidity__daily_parity",
    "out_liquidity__daily_leg_tightness",
    "out_liquidity__daily_book_spreads",
    "out_alvh__daily_ladder_tightness",
    "out_alvh__daily_scenarios",
    "out_alvh__daily_held_scenarios",
    "out_alvh__daily_costs",
    "out_alvh__daily_structure",
    "out_fundamentals__daily_dividend_value",
    "out_alvh__daily_pairs",
    "out_market__daily_drip",
    "out_alvh__daily_evaluation",
}
WIDER = {
    "rule_name", "symbol", "observed", "vx_settle_vol_points", "vx_gap_vol_points", "side", "unit_basis", "multiplier",
    "volume_count", "open_interest_count", "bid_size_count", "ask_size_count", "discount", "years", "budget_usd",
    "residual_usd", "min_account_usd", "size_status", "is_eligible", "missing_count", "adv20_count",
    "adv20_nights_count", "extrinsic_frac", "extrinsic_usd_per_day", "s_buy_frac", "buy_filter_state",
    "spread_limit_frac", "worst_leg_limit_frac", "budget_used_frac", "untrusted_count",
}  # fmt: skip


@pytest.fixture
def engine(url):
    engine = writer_engine(url)
    yield engine
    engine.dispose()


def of_the_first_release(engine):
    """Make the tables as the first release did, without a revision."""
    first = import_module("tasks.warehouse.migrations.versions.v0001_first_release")
    with engine.begin() as connection:
        migration._alembic(connection, "upgrade", first.revision)
        connection.execute(sa.text("drop table alembic_version"))


def test_revisions_are_a_line_and_know_nothing_of_today():
    script = ScriptDirectory(str(MIGRATIONS))
    found = list(script.walk_revisions())
    assert [step.revision for step in found] == migration._revisions()[::-1]
    assert script.get_current_head() == head_revision()
    for path in (MIGRATIONS / "versions").glob("*.py"):
        nodes = [
            node for node in ast.walk(ast.parse(path.read_text())) if isinstance(node, ast.Import | ast.ImportFrom)
        ]
        names = {alias.name for node in nodes if isinstance(node, ast.Import) for alias in node.names}
        names |= {node.module for node in nodes if isinstance(node, ast.ImportFrom)}
        assert names <= {"sqlalchemy", "alembic", "typing"}, f"{path.name}: history is frozen"


def test_head_is_the_registry(url, engine):
    assert migrate(url) == (None, head_revision())
    with engine.connect() as connection:
        context = MigrationContext.configure(connection, opts={"compare_type": True, "compare_server_default": True})
        assert compare_metadata(context, METADATA) == []
        inspector = sa.inspect(connection)
        for name, table in SQL_TABLES.items():
            found = {column["name"]: column for column in inspector.get_columns(name)}
            assert list(found) == list(table.columns.keys()), "in the registry's order"
            assert {n: c["nullable"] for n, c in found.items()} == {c.name: c.nullable for c in table.columns}
            types = {n: str(c["type"].compile(engine.dialect)).partition(" COLLATE")[0] for n, c in found.items()}
            expected = {c.name: str(c.type.compile(engine.dialect)).partition(" COLLATE")[0] for c in table.columns}
            assert types == expected
            assert inspector.get_pk_constraint(name)["constrained_columns"] == list(table.primary_key.columns.keys())


def test_the_comparison_sees_what_differs(url, engine):
    """The test above can fail."""
    migrate(url)
    with engine.begin() as connection:
        connection.execute(sa.text("alter table meta_gaps add column stray text"))
        connection.execute(sa.text("drop table meta_alerts"))
    with engine.connect() as connection:
        differences = compare_metadata(MigrationContext.configure(connection), METADATA)
    assert {difference[0] for difference in differences} >= {"remove_column", "add_table"}


def test_migrating_again_does_nothing(url):
    assert migrate(url) == (None, head_revision())
    assert current_revision(url) == head_revision()
    assert migrate(url) == (head_revision(), head_revision())


def test_a_warehouse_of_the_first_release_keeps_its_rows(url, engine, night):
    """Made by `create_all`, without revisions; opening it is enough."""
    of_the_first_release(engine)
    tables = night(KEY, rows=3)
    of_the_first = [spec for spec in NIGHT_TABLES if spec.name not in SINCE]
    old_night = {"trade_date": KEY.trade_date, "universe": "default", "source_mode": "simulated", "run_id": "old",
                 "night_status": "COMPLETE", "code_version": "0.1", "rules_hash": "x",
                 "claimed_at_utc": "2026-07-16 22:30:00", "reason": "kept"}  # fmt: skip
    with engine.begin() as connection:
        names = ", ".join(old_night)
        places = ", ".join(f":{name}" for name in old_night)
        connection.execute(sa.text(f"insert into meta_nights ({names}) values ({places})"), old_night)
        for spec in of_the_first:
            old = sa.Table(spec.name, sa.MetaData(), autoload_with=connection)
            columns = plain_columns(tables[spec.name], spec)
            filled = {c.name: [0.0 if value is None and not c.nullable else value for value in columns[c.name]]
                      for c in old.columns}  # fmt: skip
            replace_night(connection, old, KEY, filled)
    assert current_revision(url) is None
    warehouse = Warehouse(url)
    assert current_revision(url) == head_revision()
    assert warehouse.status(KEY) == "COMPLETE"
    row = warehouse.ledger("simulated", KEY.trade_date)
    assert (row["run_id"], row["reason"], row["publication_no"], row["source"]) == ("old", "kept", None, None)
    published = warehouse.night("simulated", KEY.trade_date)
    assert {name: len(frame) for name, frame in published.items()} == {
        spec.name: 3 * (spec in of_the_first) for spec in NIGHT_TABLES
    }
    quarantine = published["meta_quarantine"]
    assert quarantine["rule_name"].tolist() == quarantine["reason"].str.split(":").str[0].tolist()
    warehouse.claim(KEY, run_id="new", code_version="0.2", rules_hash="y")
    warehouse.publish(KEY, tables, run_id="new", outcome="OK", reason=None, counts={})
    assert warehouse.ledger("simulated", KEY.trade_date)["publication_no"] == 1
    warehouse.close()


def test_scenarios_of_before_are_of_the_first_host_of_their_chain(url, engine):
    with engine.begin() as connection:
        migration._alembic(connection, "upgrade", "0010")
        night = {"trade_date": KEY.trade_date, "source_mode": "simulated", "profile": "trigger_442"}
        costs, scenarios = (sa.Table(name, sa.MetaData(), autoload_with=connection)
                            for name in ("out_alvh__daily_costs", "out_alvh__daily_scenarios"))  # fmt: skip
        cost = {**night, "hedged_notional_usd": 1e7, "be_shock_status": "OK", "cost_status": "OK"}
        for host, variant, hedge in (("IWM", "V1_SAME_HEDGE", "VIX"), ("EEM", "V1_SAME_HEDGE", "VIX"),
                                     ("IWM", "V3_NATIVE", "IWM"), ("EEM", "V2_VOL_WRAPPER", "IWM")):  # fmt: skip
            connection.execute(costs.insert(), {**cost, "host": host, "variant": variant, "hedge_symbol": hedge})
        for hedge, right in (("VIX", "C"), ("IWM", "P"), ("IWM", "C"), ("SLV", "P")):
            connection.execute(scenarios.insert(), {
                **night, "hedge_symbol": hedge, "option_right": right, "shock_vol_points": 10, "scenario_layer_no": 0,
                "units_target": 10, "value_mid_usd": 5.0, "scenario_status": "OK",
            })  # fmt: skip
    migrate(url)
    with engine.connect() as connection:
        found = connection.execute(sa.text("select hedge_symbol, option_right, scenario_host, value_mid_usd "
                                           "from out_alvh__daily_scenarios order by 1, 2")).all()  # fmt: skip
    assert list(map(tuple, found)) == [
        ("IWM", "C", "EEM", 5.0), ("IWM", "P", "IWM", 5.0), ("SLV", "P", "", 5.0), ("VIX", "C", "EEM", 5.0),
    ]  # fmt: skip


def test_nights_held_before_are_counted(url, engine):
    """A ladder that only sold was held too; the count goes on over nights without a contract."""
    units = {"SPX": (0, 4, 0, 4), "IWM": (0, 0, 0, 0), "EEM": (2, 2)}
    with engine.begin() as connection:
        migration._alembic(connection, "upgrade", "0018")
        book, costs = (sa.Table(name, sa.MetaData(), autoload_with=connection)
                       for name in ("out_alvh__daily_book", "out_alvh__daily_costs"))  # fmt: skip
        blank = {column.name: 0 for column in book.columns if not column.nullable}
        for host, held in units.items():
            for at, open_units in enumerate(held):
                night = {"trade_date": date(2026, 7, 13 + at), "source_mode": "recorded", "host": host,
                         "variant": "V1_SAME_HEDGE", "hedge_symbol": "VIX", "profile": "trigger_442"}  # fmt: skip
                connection.execute(book.insert(), {**blank, **night, "units_open": open_units})
                cost = {"hedged_notional_usd": 1e7, "be_shock_status": "OK", "cost_status": "OK"}
                connection.execute(costs.insert(), {**night, **cost})
    migrate(url)
    for name in ("out_alvh__daily_book", "out_alvh__daily_costs"):
        found = query_warehouse(url, f"select host, held_nights_count from {name} order by trade_date")
        counts = found.groupby("host")["held_nights_count"].agg(list).to_dict()
        assert counts == {"SPX": [0, 1, 1, 2], "IWM": [0, 0, 0, 0], "EEM": [1, 2]}


def test_migrate_tells_where_it_came_from(url, engine):
    of_the_first_release(engine)
    assert migrate(url) == ("0001", head_revision())


def test_what_create_all_made_at_the_first_release_is_its_revision(sqlite_url):
    """The frozen tables of revision 0001 are the registry's of today, less what later ones add or let be empty."""
    engine = writer_engine(sqlite_url)
    of_the_first_release(engine)
    with engine.connect() as connection:
        differences = compare_metadata(MigrationContext.configure(connection, opts={"compare_type": True}), METADATA)
    engine.dispose()
    changed = [d for steps in differences if isinstance(steps, list) for d in steps]
    assert {(d[0], d[2], d[3], d[-1]) for d in changed} == {
        ("modify_nullable", "out_liquidity__daily_spread_scores", name, True) for name in ("score", "score_min")
    }
    differences = [d for d in differences if not isinstance(d, list)]
    added = {d[1].name if d[0] == "add_table" else d[3].name for d in differences}
    assert {d[0] for d in differences} == {"add_table", "add_column"}
    assert added == {"meta_gaps", "meta_alerts", "meta_alert_deliveries", "source", "publication_no", "based_on_no",
                     "answers_sha256", *SINCE, *WIDER}  # fmt: skip


def test_a_warehouse_of_a_newer_version_is_refused(url, engine):
    migrate(url)
    with engine.begin() as connection:
        connection.execute(sa.text("update alembic_version set version_num = '9999'"))
    for use in (Warehouse, migrate):
        with pytest.raises(ContractError, match=rf"expected a revision up to {head_revision()}, found 9999: a newer"):
            use(url)
    assert current_revision(url) == "9999"


def test_tables_of_somebody_else_stay_as_they_are(url, engine):
    with engine.begin() as connection:
        connection.execute(sa.text(f"create table {VERDICTS_TABLE.name} (a text)"))
    with pytest.raises(FatalError, match=r"already exists.*nothing was changed"):
        Warehouse(url)
    with engine.connect() as connection:
        assert sa.inspect(connection).get_table_names() == [VERDICTS_TABLE.name], "not even the first tables are made"


def test_a_migration_that_fails_leaves_the_old_tables(url, engine, monkeypatch):
    of_the_first_release(engine)
    monkeypatch.setattr(migration, "_describe", lambda connection: connection.execute(sa.text("select nope")))
    with pytest.raises(FatalError, match="nope"):
        migrate(url)
    assert current_revision(url) is None
    assert "meta_gaps" not in sa.inspect(engine).get_table_names()
    monkeypatch.undo()
    assert migrate(url) == ("0001", head_revision())


def test_two_processes_may_migrate_the_warehouse_at_once(url, engine):
    of_the_first_release(engine)
    script = "import sys; from tasks.warehouse.repository import Warehouse; Warehouse(sys.argv[1]).close()"
    children = [
        subprocess.Popen([sys.executable, "-W", "error", "-c", script, url], stderr=subprocess.PIPE) for _ in range(2)
    ]
    for child in children:
        with child:
            _, errors = child.communicate(timeout=60)
            assert child.returncode == 0, errors.decode()
            assert not errors, "nothing is printed"
    assert int(query_warehouse(url, "select count(*) as n from meta_gaps")["n"][0]) == 0


def test_opening_a_warehouse_at_head_is_a_look(url, monkeypatch):
    """No migration, no lock, no import of Alembic: a writer at work is not waited for."""
    Warehouse(url).close()
    monkeypatch.setattr(migration, "_upgrade", lambda _engine: pytest.fail("nothing is to be done"))
    busy = writer_engine(url)
    with busy.begin() as connection:
        connection.execute(sa.text("delete from meta_nights"))
        Warehouse(url).close()
    busy.dispose()


def test_a_server_knows_what_columns_mean(postgres_url):
    migrate(postgres_url)
    comment = query_warehouse(postgres_url, "select col_description('meta_nights'::regclass, 1)").iloc[0, 0]
    assert comment == SQL_TABLES["meta_nights"].columns["trade_date"].comment


def test_a_folder_with_a_percent_sign_holds_migrations_too(tmp_path, monkeypatch):
    """Alembic's configuration would take it for a variable."""
    import shutil

    monkeypatch.setattr(migration, "MIGRATIONS", Path(shutil.copytree(MIGRATIONS, tmp_path / "100%s" / "migrations")))
    assert migrate(f"sqlite:///{tmp_path}/w.sqlite") == (None, head_revision())
