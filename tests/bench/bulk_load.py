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


def insert_rows(connection, table, columns) -> None:
    import sqlalchemy as sa

    rows = [dict(zip(columns, row, strict=True)) for row in zip(*columns.values(), strict=True)]
    connection.execute(sa.insert(table), rows)


def seconds_of(engine, key, tables) -> float:
    """Publish the rows once and time the transaction."""
    from tasks.warehouse.rows import replace_night
    from tasks.warehouse.tables import SQL_TABLES

    start = time.perf_counter()
    with engine.begin() as connection:
        for name, columns in tables.items():
            replace_night(connection, SQL_TABLES[name], key, columns)
    return time.perf_counter() - start


def measure(url: str, warehouse, key) -> None:
    """Publish a night that stands in a warehouse both ways into a new database, in turn."""
    from alvh_core.schemas import TABLES
    from tasks.warehouse import postgresql
    from tasks.warehouse.engine import writer_engine
    from tasks.warehouse.repository import Warehouse
    from tasks.warehouse.tables import plain_columns

    published = warehouse.night(key.source_mode, key.trade_date)
    tables = {name: plain_columns(frame, TABLES[name]) for name, frame in published.items()}
    Warehouse(url).close()
    engine, copy = writer_engine(url), postgresql.load_rows
    count = sum(map(len, published.values()))
    print(f"{count:,} rows of {len(tables)} tables, median of {ROUNDS} transactions in turn")
    times = {"COPY": [], "INSERT": []}
    for _ in range(ROUNDS):
        for name, way in (("COPY", copy), ("INSERT", insert_rows)):
            with mock.patch.object(postgresql, "load_rows", way):
                times[name].append(seconds_of(engine, key, tables))
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
