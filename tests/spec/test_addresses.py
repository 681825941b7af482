"""What stands in an address, what is said of a wrong one, and that its password never is."""

import traceback

import pytest

from alvh_core.errors import AlvhError, ContractError, FatalError
from tasks.warehouse.engine import describe_url, parse_url, writer_engine
from tasks.warehouse.migrate import current_revision, migrate
from tasks.warehouse.repository import Warehouse, query_warehouse


def test_a_warehouse_that_is_not_there_says_what_to_do(sqlite_url, tmp_path):
    for ask in (lambda: query_warehouse(sqlite_url, "select 1"), lambda: current_revision(sqlite_url)):
        with pytest.raises(
            ContractError, match=r"expected a warehouse at .*warehouse\.sqlite, found none; run `alvh ni"
        ):
            ask()
    assert not list(tmp_path.iterdir()), "asking makes nothing"


@pytest.mark.parametrize(("address", "words"), [
    ("nonsense", "expected an address such as sqlite.*'nonsense'"), ("", "expected an address such as sqlite"),
    ("oracel://x/y", "expected an address such as .*'oracel'"), ("mysql://x/y", "'mysql'"),
    ("postgresql+asyncpg://x/y", r"'postgresql\+asyncpg'"), ("sqlite+aiosqlite:///x.db", r"'sqlite\+aiosqlite'"),
    ("sqlite://", "expected a file"), ("sqlite:///:memory:", "expected a file"),
    ("sqlite:////proc/alvh/w.sqlite", "folder cannot be made"),
])  # fmt: skip
def test_an_address_that_is_none(address, words):
    with pytest.raises(ContractError, match=words):
        Warehouse(address)


@pytest.mark.parametrize("scheme", ["postgres", "postgresql", "postgresql+psycopg"])
def test_ways_to_write_postgresql(scheme):
    address = parse_url(f"{scheme}://desk:p%40ss@db.example:5433/alvh?sslmode=require")
    assert (address.drivername, address.password, address.port) == ("postgresql+psycopg", "p@ss", 5433)
    assert describe_url(f"{scheme}://desk:p%40ss@db.example/alvh?sslmode=require") == (
        "postgresql+psycopg://desk:***@db.example/alvh"
    )


@pytest.mark.parametrize("address", [
    "oracel://desk:SECRET@host/y",  # no database of ours
    "postgresql:/desk:SECRET@host/y", "desk:SECRET@host", "://desk:SECRET@host/y",  # no address
    "postgresql://desk:SECRET@host:port/y", "postgresql://desk:x@SECRET@127.0.0.1:1/y",  # an @ in the password
    "postgresql://desk:SECRET@127.0.0.1:1/alvh", "postgresql://127.0.0.1:1/alvh?user=desk&password=SECRET",  # no server
    "postgresql://desk:SECRET@127.0.0.1:1/a?nonsense=SECRET",
])  # fmt: skip
@pytest.mark.parametrize("use", [Warehouse, migrate, current_revision, lambda url: query_warehouse(url, "select 1")],
                         ids=["open", "migrate", "revision", "query"])  # fmt: skip
def test_a_password_is_in_no_error(use, address):
    with pytest.raises(AlvhError) as raised:
        use(address)
    assert "SECRET" not in "".join(traceback.format_exception(raised.value))


def test_a_password_is_in_no_error_of_the_server(postgres, postgres_url):
    database = postgres_url.rpartition("/")[2]
    for url in (
        postgres.url(database, password="SECRET"),
        postgres.url(database, role="SECRET-less", password="SECRET"),
    ):
        with pytest.raises(AlvhError, match=r"\*\*\*@127") as raised:
            Warehouse(url)
        assert "SECRET" not in "".join(traceback.format_exception(raised.value)).replace("SECRET-less", "")


def test_a_password_is_in_no_repr(postgres_url):
    warehouse = Warehouse(postgres_url)
    engine = writer_engine(postgres_url)
    with warehouse.reading() as connection:
        shown = [repr(warehouse), str(warehouse), repr(engine), str(engine.url), repr(connection), repr(engine.pool)]
    assert "secret-of-the-tests" not in " ".join(shown)
    warehouse.close()


def test_a_file_that_is_no_database(tmp_path):
    path = tmp_path / "junk.sqlite"
    path.write_bytes(b"this is a text file, not a database\n" * 200)
    with pytest.raises(FatalError, match=r"junk\.sqlite.*file is not a database"):
        Warehouse(f"sqlite:///{path}")
    with pytest.raises(ContractError, match="file is not a database"):
        query_warehouse(f"sqlite:///{path}", "select * from sqlite_master")
