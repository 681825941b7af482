"""House rules as tests: what the core must not do, how modules and columns are named, what the registry promises."""

import ast
import re
import sys
from collections import defaultdict
from collections.abc import Iterator
from pathlib import Path

import pytest

from alvh_core.columns import COLUMNS
from alvh_core.schemas import LASTING_TABLES, TABLES

ROOT = Path(__file__).parents[2]
PACKAGES = ("flows", "tasks", "alvh_core", "expectations")
CORE = sorted((ROOT / "alvh_core").rglob("*.py"))
SOURCES = [path for package in PACKAGES for path in sorted((ROOT / package).rglob("*.py"))]

FORBIDDEN_IMPORTS = {
    "os", "io", "socket", "pathlib", "subprocess", "logging", "urllib", "requests", "prefect", "sqlalchemy", "duckdb",
    "pyarrow", "great_expectations", "time", "random", "secrets", "tempfile", "shutil", "sys", "httpx", "sqlite3",
    "flows", "tasks", "expectations",
}  # fmt: skip
FORBIDDEN_CALLS = {
    "open", "print", "input", "exec", "eval", "breakpoint", "__import__", "now", "today", "utcnow", "getenv",
}  # fmt: skip
WRITERS = re.compile(r"to_(csv|parquet|sql|pickle|excel|feather|hdf|orc|stata|clipboard|gbq)$|tofile$|savetxt$|save$")
READERS = re.compile(r"read_\w+$|loadtxt$|genfromtxt$|fromfile$")
GLOBAL_RANDOMNESS = {"seed", "rand", "randn", "randint", "shuffle", "normal", "uniform", "choice", "random"}


def _name(path: Path) -> str:
    return str(path.relative_to(ROOT))


def _calls(tree: ast.AST) -> Iterator[tuple[str, ast.Call]]:
    for node in ast.walk(tree):
        if isinstance(node, ast.Call):
            function = node.func
            if isinstance(function, ast.Attribute):
                yield function.attr, node
            elif isinstance(function, ast.Name):
                yield function.id, node


def _imports(tree: ast.AST) -> Iterator[str]:
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            yield from (alias.name.split(".")[0] for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            yield (node.module or "").split(".")[0]


def _is_global_random(call: ast.Call) -> bool:
    """Tell ``np.random.x(...)`` of the shared generator; a generator of one's own is fine."""
    function = call.func
    return (
        isinstance(function, ast.Attribute)
        and function.attr in GLOBAL_RANDOMNESS
        and isinstance(function.value, ast.Attribute)
        and function.value.attr == "random"
    )


@pytest.mark.parametrize("path", CORE, ids=_name)
def test_the_core_touches_nothing(path):
    tree = ast.parse(path.read_text(encoding="utf-8"))
    assert not FORBIDDEN_IMPORTS & set(_imports(tree))
    for name, call in _calls(tree):
        where = f"{_name(path)}:{call.lineno}: {name}"
        assert name not in FORBIDDEN_CALLS, where
        assert not WRITERS.match(name), where
        assert not READERS.match(name), where
        assert not _is_global_random(call), where
        if name == "to_json":  # without a path it returns a string
            assert not call.args, where
            assert "path_or_buf" not in {keyword.arg for keyword in call.keywords}, where


@pytest.mark.parametrize("path", CORE, ids=_name)
def test_the_core_has_no_state_to_change(path):
    tree = ast.parse(path.read_text(encoding="utf-8"))
    assert not [node.lineno for node in ast.walk(tree) if isinstance(node, ast.Global)]


def test_a_list_is_written_down_once():
    """A second one beside it would go its own way."""
    homes = defaultdict(list)
    for path in CORE:
        for node in ast.parse(path.read_text(encoding="utf-8")).body:
            match node:
                case ast.Assign(targets=[ast.Name(id=name)], value=ast.List() | ast.Tuple() | ast.Dict() as value):
                    homes[ast.dump(value)].append(f"{_name(path)}: {name}")
    assert not [found for found in homes.values() if len(found) > 1]


def _public(parent: ast.Module | ast.ClassDef) -> Iterator[ast.FunctionDef | ast.ClassDef]:
    for node in parent.body:
        if isinstance(node, ast.FunctionDef | ast.ClassDef) and not node.name.startswith("_"):
            yield node


@pytest.mark.parametrize("path", CORE, ids=_name)
def test_everything_public_in_the_core_is_described(path):
    tree = ast.parse(path.read_text(encoding="utf-8"))
    assert ast.get_docstring(tree), f"{_name(path)} has no module docstring"
    public = list(_public(tree))
    methods = [method for node in public if isinstance(node, ast.ClassDef) for method in _public(node)]
    for node in [*public, *methods]:
        assert ast.get_docstring(node), f"{_name(path)}:{node.lineno}: {node.name} has no docstring"


def test_no_module_is_named_like_the_standard_library():
    names = {path.stem for path in SOURCES if path.stem != "__init__"}
    names |= {path.parent.name for path in SOURCES if path.stem == "__init__"}
    clashes = names & set(sys.stdlib_module_names)
    assert not clashes


@pytest.mark.parametrize("path", [path for path in SOURCES if path.stem == "__init__"], ids=_name)
def test_packages_import_nothing(path):
    tree = ast.parse(path.read_text(encoding="utf-8"))
    assert not [node for node in ast.walk(tree) if isinstance(node, ast.Import | ast.ImportFrom)]


def test_no_packages_under_tests():
    assert not [_name(path) for path in (ROOT / "tests").rglob("__init__.py")]


# --- registry ---------------------------------------------------------------------------------------------------------
USED = {name for table in TABLES.values() for name in table.names}


def test_every_column_is_used_and_every_used_column_is_registered():
    assert set(COLUMNS) - USED == set()
    assert USED - set(COLUMNS) == set()


@pytest.mark.parametrize("table", TABLES.values(), ids=lambda table: table.name)
def test_tables(table):
    assert re.fullmatch(r"(core|out|meta)_[a-z0-9_]+", table.name)
    assert len(set(table.names)) == len(table.names)
    assert not [name for name in table.key if name.endswith("?")]
    assert table.description
    assert table.home in {"lake", "warehouse"}
    if table not in LASTING_TABLES:
        assert table.key[:2] == ("trade_date", "source_mode")


UNITS = {
    "_usd": ("USD", "points"), "_frac": ("fraction",), "_vol": ("annual, decimal",), "_years": ("years",),
    "_days": ("days",), "_minutes": ("minutes",), "_date": ("ISO date",), "_at_utc": ("UTC",),
    "_ticks": ("ticks",), "_shares": ("shares",), "_vol_points": ("VIX points",),
}  # fmt: skip


PER_SHARE = (
    "vega", "theta_usd_per_day", "intrinsic_usd", "extrinsic_usd", "extrinsic_usd_per_day", "tv_before_usd_per_day",
    "tv_after_usd_per_day",
)  # fmt: skip


@pytest.mark.parametrize("name", PER_SHARE)
def test_what_is_of_one_price_is_not_taken_for_the_layers(name):
    assert COLUMNS[name].unit.startswith("USD per share"), "premium_usd beside it is of all its contracts"


@pytest.mark.parametrize("column", COLUMNS.values(), ids=lambda column: column.name)
def test_columns(column):
    assert column.name == column.name.lower()
    assert not column.name.endswith(("_pct", "_percent"))
    assert column.description
    for suffix, words in UNITS.items():
        if column.name.endswith(suffix):
            assert any(word in column.unit for word in words), f"{column.name}: unit {column.unit!r}"
    kinds = {"_date": "date", "_at_utc": "timestamp"}
    for suffix, dtype in kinds.items():
        assert column.name.endswith(suffix) == (column.dtype == dtype), column.name
    assert column.name.startswith(("is_", "has_")) == (column.dtype == "bool"), column.name
    if column.allowed:
        assert column.dtype == "category"
    if column.minimum is not None and column.maximum is not None:
        assert column.minimum < column.maximum
