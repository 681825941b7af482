"""The database of deploy/compose.yaml and the dashboard on it: made by the script, filled by two nights as the writer,
read by every panel as the reader."""

import json
import os
import re
import shutil
import subprocess
from collections.abc import Iterator
from datetime import date
from pathlib import Path

import psycopg
import pytest
import yaml

from alvh_core.columns import FILTER_STATES
from alvh_core.schemas import TABLES

DEPLOY = Path(__file__).parents[2] / "deploy"
ROLES = ("owner", "writer", "reader")
NIGHTS = (date(2026, 11, 17), date(2026, 11, 18))
DASHBOARD = json.loads((DEPLOY / "grafana" / "dashboards" / "alvh.json").read_text())
PANELS = {panel["title"]: panel for panel in DASHBOARD["panels"]}
MAY_BE_EMPTY = {"Nights that are open", "Alerts", "Gaps"}  # two good nights leave nothing there, or little


@pytest.fixture(scope="module")
def urls(postgres) -> Iterator[dict[str, str]]:
    """Addresses by role, of databases made as the container makes them."""
    if shutil.which("psql") is None:
        pytest.skip("needs psql (Debian: apt-get install postgresql-client)")
    secrets = {f"{role.upper()}_PASSWORD": f"it's {role}" for role in ROLES} | {"PREFECT_DB_PASSWORD": "prefect's"}
    server = {
        "PGHOST": "127.0.0.1",
        "PGPORT": str(postgres.port),
        "PGUSER": "alvh",
        "PGPASSWORD": "secret-of-the-tests",
    }
    roles = {"ROLES_SQL": str(DEPLOY.parent / "tasks" / "warehouse" / "roles.sql")}
    script = DEPLOY / "compose" / "init-databases.sh"
    done = subprocess.run(["sh", script], env=os.environ | server | secrets | roles, capture_output=True, text=True,
                          check=False)  # fmt: skip
    assert (done.returncode, done.stderr) == (0, "")
    assert not any(password in done.stdout for password in secrets.values())
    yield {role: postgres.url("alvh", f"alvh_{role}", f"it's {role}".replace(" ", "%20")) for role in ROLES} | {
        "prefect": postgres.url("prefect", "prefect", "prefect's")
    }
    for statement in ("database alvh with (force)", "database prefect with (force)", "role prefect"):
        postgres.execute(f"drop {statement}")


@pytest.fixture(scope="module")
def published(urls: dict[str, str], run_night, tmp_path_factory: pytest.TempPathFactory) -> dict[str, str]:
    """Two simulated nights, by the roles of compose.yaml."""
    from tasks.warehouse.migrate import migrate

    migrate(urls["owner"])
    home = tmp_path_factory.mktemp("dashboard")
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("ALVH_WAREHOUSE_URL", urls["writer"])
        for night in NIGHTS:
            assert run_night(home, night).name == "Completed"
    return urls


def asked(sql: str, mode: str = "simulated") -> str:
    """A panel's SQL with its variable as Grafana fills it in."""
    return sql.replace("${mode:sqlstring}", f"'{mode}'")


def test_no_panel_mixes_profiles() -> None:
    for title, panel in PANELS.items():
        (target,) = panel["targets"]
        tables = [TABLES[word] for word in re.findall(r"\w+", target["rawSql"]) if word in TABLES]
        assert "profile =" in target["rawSql"] or not any("profile" in table.names for table in tables), title


@pytest.mark.slow
@pytest.mark.parametrize("title", PANELS)
def test_a_panel_shows_the_nights(published: dict[str, str], title: str) -> None:
    panel = PANELS[title]
    (target,) = panel["targets"]
    with psycopg.connect(published["reader"]) as connection:
        answer = connection.execute(asked(target["rawSql"]))
        names, rows = [column.name for column in answer.description], answer.fetchall()
    assert rows or title in MAY_BE_EMPTY
    if target["format"] == "time_series":
        times = [row[names.index("time")] for row in rows]
        assert names[0] == "time"
        assert times == sorted(times), "Grafana wants time series in order"
        assert {at.date() for at in times} == set(NIGHTS)
    if title == "Last published night":
        assert [(row[0], row[1]) for row in rows] == [(NIGHTS[-1], "OK")]
    if title == "The 8 % filter, last night":
        assert {row[names.index("filter_state")] for row in rows} <= set(FILTER_STATES)


@pytest.mark.slow
def test_the_choice_of_mode_is_what_there_is(published: dict[str, str]) -> None:
    (variable,) = DASHBOARD["templating"]["list"]
    with psycopg.connect(published["reader"]) as connection:
        assert connection.execute(variable["query"]).fetchall() == [("simulated",)]
        for panel in PANELS.values():
            assert connection.execute(asked(panel["targets"][0]["rawSql"], "live")).fetchall() == []


@pytest.mark.slow
def test_the_dashboard_can_change_nothing(published: dict[str, str]) -> None:
    with psycopg.connect(published["reader"]) as connection, pytest.raises(psycopg.errors.Error):
        connection.execute("delete from meta_nights")
    with psycopg.connect(published["reader"]) as connection:
        connection.execute("set transaction read write")
        with pytest.raises(psycopg.errors.InsufficientPrivilege):
            connection.execute("delete from meta_nights")


def test_prefects_database_is_its_own(urls: dict[str, str]) -> None:
    with psycopg.connect(urls["prefect"], autocommit=True) as connection:
        connection.execute("create table mine (n int)")
        connection.execute("drop table mine")
    for role in ("reader", "writer"):
        with pytest.raises(psycopg.OperationalError, match="permission denied"):
            psycopg.connect(urls[role].rpartition("/")[0] + "/prefect")
    with pytest.raises(psycopg.OperationalError, match="permission denied"):
        psycopg.connect(urls["prefect"].rpartition("/")[0] + "/alvh")


def test_the_dashboard_asks_as_the_reader() -> None:
    (source,) = yaml.safe_load((DEPLOY / "grafana" / "provisioning" / "datasources" / "warehouse.yaml").read_text())[
        "datasources"
    ]
    assert (source["user"], source["secureJsonData"]) == ("alvh_reader", {"password": "$READER_PASSWORD"})
    used = {panel["datasource"]["uid"] for panel in PANELS.values()} | {
        target["datasource"]["uid"] for panel in PANELS.values() for target in panel["targets"]
    }
    assert used == {source["uid"]}
    environment = yaml.safe_load((DEPLOY / "compose.yaml").read_text())["services"]["dashboard"]["environment"]
    wanted = re.findall(r"\$(\w+)", str(source))
    assert set(wanted) <= set(environment)
    assert {panel["id"] for panel in PANELS.values()} == set(range(1, len(PANELS) + 1))
