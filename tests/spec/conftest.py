"""An empty warehouse on either engine, and nights to publish into it."""

from datetime import date

import pytest

from alvh_core.schemas import META_PAYLOADS, NIGHT_TABLES, VERDICTS_TABLE
from tasks.warehouse.repository import NightKey, Warehouse


@pytest.fixture
def sqlite_url(tmp_path):
    """Address of no file yet; its folder has a name that addresses stumble over."""
    return f"sqlite:///{tmp_path}/desk #1 50%25 ü/warehouse.sqlite"


@pytest.fixture(params=["sqlite", "postgresql"])
def url(request):
    """Address of an empty warehouse."""
    return request.getfixturevalue({"sqlite": "sqlite_url", "postgresql": "postgres_url"}[request.param])


@pytest.fixture
def warehouse(url):
    warehouse = Warehouse(url)
    yield warehouse
    warehouse.close()


KEY = NightKey(trade_date=date(2026, 7, 16), universe="default", source_mode="simulated")


@pytest.fixture(scope="session")
def made_nights():
    """Nights made before: frames are never changed in place, and making them is most of a test's time."""
    return {}


@pytest.fixture
def night(sample_frame, made_nights):
    """Make every table of a night; ``mark`` tells one publication from another."""

    def make(key=KEY, *, rows=4, mark="m", has_nulls=True):
        wanted = (key, rows, mark, has_nulls)
        if wanted not in made_nights:
            made_nights[wanted] = build(*wanted)
        return dict(made_nights[wanted])

    def build(key, rows, mark, has_nulls):
        fixed = {"trade_date": str(key.trade_date), "source_mode": key.source_mode}
        tables = {s.name: sample_frame(s, rows=rows, has_nulls=has_nulls, **fixed) for s in NIGHT_TABLES}
        tables[VERDICTS_TABLE.name] = tables[VERDICTS_TABLE.name].assign(reasons=mark)
        tables[META_PAYLOADS.name] = tables[META_PAYLOADS.name].assign(url=mark)
        return tables

    return make
