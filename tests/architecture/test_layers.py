"""Who may import whom, beyond what import-linter is told: read from the source, so that a lazy import counts too."""

import ast
import sys
from functools import cache
from importlib import import_module
from importlib.metadata import entry_points
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
PACKAGES = ("flows", "tasks", "expectations", "alvh_core")
MODULES = sorted(path for package in PACKAGES for path in (ROOT / package).rglob("*.py"))


@cache
def tree_of(path):
    return ast.parse(path.read_text(encoding="utf-8"))


@cache
def imports(path):
    """Names of the modules a module imports, wherever it does."""
    names = set()
    for node in ast.walk(tree_of(path)):
        if isinstance(node, ast.Import):
            names |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{path}: relative import"
            names.add(str(node.module))
    return names


def uses(names, *packages):
    return {name for name in names for package in packages if name == package or name.startswith(f"{package}.")}


def parametrize(*folders):
    paths = [path for path in MODULES for folder in folders if path.is_relative_to(ROOT / folder)]
    return pytest.mark.parametrize("path", [pytest.param(p, id=str(p.relative_to(ROOT))) for p in paths])


def test_there_is_something_to_look_at():
    assert len(MODULES) > 40


@parametrize("tasks/sources", "tasks/lake", "tasks/warehouse", "tasks/render", "tasks/notify")
def test_adapters_know_no_prefect_no_settings_and_no_stage(path):
    names = imports(path)
    assert not uses(names, "prefect", "flows", "expectations")
    own = {name for name in names if name.startswith("tasks.")}
    assert not {name for name in own if name.split(".")[1] not in {"sources", "lake", "warehouse", "render", "notify"}}


ROOMS = {"tasks/sources": "tasks.sources", "tasks/lake": "tasks.lake", "tasks/warehouse": "tasks.warehouse",
         "tasks/render": "tasks.render", "tasks/notify": "tasks.notify"}  # fmt: skip


@parametrize(*ROOMS)
def test_adapters_do_not_know_one_another(path):
    room = next(package for folder, package in ROOMS.items() if path.is_relative_to(ROOT / folder))
    assert not uses(imports(path), *(set(ROOMS.values()) - {room}))


@parametrize("flows")
def test_flows_hold_no_frames_and_no_stores(path):
    assert not uses(imports(path), "pandas", "numpy", "pyarrow", "duckdb", "sqlalchemy", "great_expectations", "scipy")


@parametrize("flows", "tasks", "alvh_core")
def test_only_expectations_know_great_expectations(path):
    assert not uses(imports(path), "great_expectations")


@parametrize("alvh_core")
def test_the_core_knows_numbers_only(path):
    outside = {n for n in imports(path) if n.split(".")[0] not in {*sys.stdlib_module_names, "alvh_core"}}
    assert not outside - uses(outside, "numpy", "pandas", "scipy")
    assert not uses(
        imports(path), "os", "io", "pathlib", "socket", "subprocess", "logging", "random", "time", "tempfile"
    )


@parametrize("expectations")
def test_expectations_know_no_prefect_and_no_store(path):
    assert not uses(imports(path), "prefect", "tasks", "flows", "sqlalchemy", "duckdb", "requests", "pyarrow")


@pytest.mark.parametrize(("package", "only"), [
    ("requests", "tasks/sources"), ("urllib3", "tasks/sources"), ("sqlalchemy", "tasks/warehouse"),
    ("sqlite3", "tasks/warehouse"), ("duckdb", "tasks/lake"), ("exchange_calendars", "tasks/sources/exchange.py"),
    ("pydantic_settings", "tasks/settings.py"), ("jinja2", "tasks/render"), ("matplotlib", "tasks/render"),
    ("typer", "flows"), ("apprise", "tasks/notify"),
])  # fmt: skip
def test_a_library_has_one_room(package, only):
    users = {str(path.relative_to(ROOT)) for path in MODULES if uses(imports(path), package)}
    if (package, only) == ("requests", "tasks/sources"):
        users -= {"flows/sources.py", "flows/serve.py"}  # the type of a transport; the health of a server
    assert all(user.startswith(only) for user in users), users


def test_only_the_settings_and_the_command_read_the_environment():
    readers = {str(p.relative_to(ROOT)) for p in MODULES if {"environ", "getenv"} & _attributes(p)}
    assert readers <= {"tasks/settings.py", "flows/start.py", "flows/serve.py", "flows/operate.py", "flows/runners.py"}


def _attributes(path):
    return {node.attr for node in ast.walk(tree_of(path)) if isinstance(node, ast.Attribute)}


def test_nothing_prints_and_nothing_is_caught_bare():
    for path in MODULES:
        for node in ast.walk(tree_of(path)):
            assert not (isinstance(node, ast.ExceptHandler) and node.type is None), f"{path}:{node.lineno}: bare except"
            is_print = isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id == "print"
            assert not is_print, f"{path}:{node.lineno}: print"


def test_every_package_says_what_it_is():
    for path in MODULES:
        assert ast.get_docstring(tree_of(path)), f"{path} has no docstring"


def test_tests_are_no_packages():
    assert not list((ROOT / "tests").rglob("__init__.py"))


def test_entry_points_load():
    found = [
        entry for entry in entry_points(group="console_scripts") if entry.dist and entry.dist.name == "alvh-pipeline"
    ]
    assert [entry.name for entry in found] == ["alvh"]
    assert all(callable(entry.load()) for entry in found)


@pytest.mark.parametrize("name", ["flows.cli", "flows.wiring", "flows.doctor", "tasks.sources.catalogue",
    "tasks.lake.sql",
                                  "tasks.warehouse.repository", "tasks.settings", "expectations.gate"])  # fmt: skip
def test_modules_import(name):
    assert import_module(name)
