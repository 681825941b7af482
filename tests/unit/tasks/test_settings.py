"""Settings: what an operator mistypes is named, with what was meant."""

import os
import subprocess
import sys
from pathlib import Path

import pytest
from pydantic import ValidationError

from alvh_core.errors import ContractError
from tasks.settings import Settings, load_settings


@pytest.fixture(autouse=True)
def clean(monkeypatch):
    for name in list(os.environ):
        if name.upper().startswith("ALVH_"):
            monkeypatch.delenv(name)


def test_defaults():
    settings = load_settings()
    assert settings.source == "simulated"
    assert settings.home == Path(".alvh")
    assert settings.lake_root == str(Path.cwd() / ".alvh" / "lake")
    assert settings.raw_root == f"{settings.lake_root}/raw"
    assert settings.database_url == f"sqlite:///{Path.cwd() / '.alvh' / 'warehouse.sqlite'}"
    assert "contact" in settings.user_agent


@pytest.mark.parametrize(("name", "value", "field", "expected"), [
    ("ALVH_HOME", "/srv/alvh", "home", Path("/srv/alvh")), ("alvh_home", "/srv/alvh", "home", Path("/srv/alvh")),
    ("ALVH_HOME", "~/alvh", "home", Path.home() / "alvh"), ("Alvh_Seed", "7", "seed", 7),
    ("ALVH_UNIVERSE_FILE", "~/u.toml", "universe_file", Path.home() / "u.toml"),
    ("ALVH_UNIVERSE_FILE", "", "universe_file", None), ("ALVH_SEED", "", "seed", 442),
    ("ALVH_WAREHOUSE_URL", "postgresql://x/y", "database_url", "postgresql://x/y"),
    ("ALVH_LAKE_URL", "s3://bucket/lake/", "lake_root", "s3://bucket/lake"),
    ("ALVH_LAKE_URL", "s3://bucket/lake", "raw_root", "s3://bucket/lake/raw"),
    ("ALVH_LAKE_URL", "/srv/lake", "raw_root", "/srv/lake/raw"),
    ("ALVH_REQUESTS_PER_SECOND", "0.5", "requests_per_second", 0.5),
])  # fmt: skip
def test_variables(monkeypatch, name, value, field, expected):
    monkeypatch.setenv(name, value)
    assert getattr(load_settings(), field) == expected


def test_a_run_of_a_worker_needs_an_absolute_home(monkeypatch, tmp_path):
    monkeypatch.setenv("PREFECT__FLOW_RUN_ID", "run")
    with pytest.raises(ContractError, match=r"ALVH_HOME: expected an absolute path .* found '.alvh'"):
        load_settings()
    monkeypatch.setenv("ALVH_HOME", str(tmp_path))
    assert load_settings().home == tmp_path


@pytest.mark.parametrize(("name", "words"), [
    ("ALVH_HOM", r"environment variable ALVH_HOM is not known; did you mean ALVH_HOME\? Known are: ALVH_ALERTS_FILE"),
    ("alvh_sources", r"alvh_sources is not known; did you mean ALVH_SOURCE\?"),
    ("ALVH_ZZZ", r"ALVH_ZZZ is not known\. Known are: "), ("ALVH_", r"ALVH_ is not known"),
])  # fmt: skip
def test_an_unknown_variable_stops_the_start(monkeypatch, name, words):
    monkeypatch.setenv(name, "x")
    with pytest.raises(ContractError, match=words):
        load_settings()


@pytest.mark.parametrize(("name", "value", "words"), [
    ("ALVH_SEED", "abc", "ALVH_SEED: .*integer.*found 'abc'"),
    ("ALVH_REQUESTS_PER_SECOND", "0", "ALVH_REQUESTS_PER_SECOND: .*greater than 0, found '0'"),
    ("ALVH_REQUESTS_PER_SECOND", "1000", "ALVH_REQUESTS_PER_SECOND: .*less than or equal to 10"),
    ("ALVH_PRICE_THREADS", "0", "ALVH_PRICE_THREADS"), ("alvh_price_threads", "many", "ALVH_PRICE_THREADS"),
])  # fmt: skip
def test_an_illegal_value_is_named(monkeypatch, name, value, words):
    monkeypatch.setenv(name, value)
    with pytest.raises(ContractError, match=words):
        load_settings()


def test_all_faults_at_once(monkeypatch):
    monkeypatch.setenv("ALVH_SEED", "abc")
    monkeypatch.setenv("ALVH_PRICE_THREADS", "-1")
    with pytest.raises(ContractError, match=r"ALVH_SEED.*; ALVH_PRICE_THREADS"):
        load_settings()


def test_other_variables_are_nobodys_business(monkeypatch):
    for name in ("_ALVH_INTERNAL", "XALVH_HOME", "ALVHOME", "PREFECT_HOME"):
        monkeypatch.setenv(name, "x")
    load_settings()


def test_what_the_commands_tell_their_child_processes_can_be_read_by_them(tmp_path):
    reads = "from tasks.settings import load_settings; load_settings()"
    child = f"subprocess.run([sys.executable, '-c', {reads!r}]).returncode"
    script = f"import subprocess, sys; from flows.start import prepare; prepare(); sys.exit({child})"
    env = {**os.environ, "ALVH_HOME": str(tmp_path)}
    assert subprocess.run([sys.executable, "-c", script], env=env, check=False).returncode == 0


def test_settings_do_not_change():
    with pytest.raises(ValidationError):
        load_settings().seed = 1
    assert all(field.description for field in Settings.model_fields.values())


def test_addresses_and_publishers_are_told_with_commas(monkeypatch):
    monkeypatch.setenv("ALVH_BASE_URLS", "cboe=http://127.0.0.1:1/x, fred=https://h.example?a=b")
    monkeypatch.setenv("ALVH_SOURCES_OFF", "fredgraph, sec,")
    settings = load_settings()
    assert settings.base_urls == {"cboe": "http://127.0.0.1:1/x", "fred": "https://h.example?a=b"}
    assert settings.sources_off == ("fredgraph", "sec")


@pytest.mark.parametrize("pairs", ["cboe", "cboe=", "=http://h", "cboe=h.example", "{}"])
def test_an_address_that_is_none_is_refused(pairs, monkeypatch):
    monkeypatch.setenv("ALVH_BASE_URLS", pairs)
    with pytest.raises(ContractError, match=r"ALVH_BASE_URLS: .*expected publisher=https://"):
        load_settings()
