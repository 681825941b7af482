"""COPY against INSERT for the rows a night publishes: `python tests/bench/bulk_load.py`, for docs/adr/0008.

Real nights of the default universe and so many further stocks, published in one transaction into a PostgreSQL that is
started for it, by either way in turn. The server does not sync to disk: what is compared is the way in, not the disk.
"""

import importlib.util
import shutil
import statistics
import sys
import tempfile
import time
from pathlib import Path
from unittest import mock

HERE = Path(__file__).parent
ROUNDS = 7
STOCKS = (0, 240)


def conftest():
    """Return the module of the tests' fixtures, which knows how to start a server."""
    spec = importlib.util.spec_from_file_location("fixtures", HERE.parent / "conftest.py")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def insert_rows(connection, table, rows) -> None:
    import sqlalchemy as sa

    connection.execute(sa.insert(table), rows)


def seconds_of(engine, key, rows) -> float:
    """Publish the rows once and time the transaction."""
    from tasks.warehouse.rows import replace_night
    from tasks.warehouse.tables import SQL_TABLES

    start = time.perf_counter()
    with engine.begin() as connection:
        for name, part in rows.items():
            replace_night(connection, SQL_TABLES[name], key, part)
    return time.perf_counter() - start


def measure(url: str, warehouse, key) -> None:
    """Publish a night that stands in a warehouse both ways into a new database, in turn."""
    from alvh_core.schemas import TABLES
    from tasks.warehouse import postgresql
    from tasks.warehouse.engine import writer_engine
    from tasks.warehouse.repository import Warehouse
    from tasks.warehouse.tables import records

    published = warehouse.night(key.source_mode, key.trade_date)
    rows = {name: records(frame, TABLES[name]) for name, frame in published.items()}
    Warehouse(url).close()
    engine, copy = writer_engine(url), postgresql.copy_rows
    print(f"{sum(map(len, rows.values())):,} rows of {len(rows)} tables, median of {ROUNDS} transactions in turn")
    times = {"COPY": [], "INSERT": []}
    for _ in range(ROUNDS):
        for name, way in (("COPY", copy), ("INSERT", insert_rows)):
            with mock.patch.object(postgresql, "copy_rows", way):
                times[name].append(seconds_of(engine, key, rows))
    for name, found in times.items():
        print(f"  {name:7s} {statistics.median(found):6.3f} s, from {min(found):.3f} to {max(found):.3f}")
    engine.dispose()


def main() -> None:
    sys.path.insert(0, str(HERE))
    import one_night

    folder, tests = Path(tempfile.mkdtemp(prefix="alvh-bulk-")), conftest()
    try:
        folder.chmod(0o755)  # the server runs as another user
        (folder / "postgres").mkdir()
        server = tests.Postgres(tests._postgres_binaries(), folder / "postgres")
        server.start()
        try:
            for stocks in [int(text) for text in sys.argv[1:]] or STOCKS:
                night, _ = one_night.run(folder / str(stocks), stocks, "simulated")
                measure(server.new_database(), night.warehouse, night.key)
        finally:
            server.stop()
    finally:
        shutil.rmtree(folder)


if __name__ == "__main__":
    main()
