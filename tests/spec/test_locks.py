"""A night is held by one run, wherever it runs, and free again as soon as that run is gone."""

import subprocess
import sys
import threading
import time
from datetime import date

import pytest

from alvh_core.errors import RetriableError
from tasks.warehouse.locks import LockHeldError
from tasks.warehouse.repository import NightKey, Warehouse

KEY = NightKey(trade_date=date(2026, 7, 16), universe="default", source_mode="simulated")

HOLDER = """
import sys, time
from tasks.warehouse import locks
with locks.hold(sys.argv[1], "2026-07-16-simulated", 0):
    print("held", flush=True)
    time.sleep(600)
"""


def test_a_held_night_is_held_for_everybody_else(warehouse, url):
    other = Warehouse(url)
    with warehouse.hold(KEY, 0):
        start = time.monotonic()
        with pytest.raises(LockHeldError, match=r"2026-07-16-simulated of .*: expected it free within 0\.3 s"):  # noqa: SIM117
            with other.hold(KEY, 0.3):
                pass
        assert 0.3 <= time.monotonic() - start < 15.0
        with pytest.raises(LockHeldError), other.hold(NightKey(**vars(KEY) | {"universe": "mine"}), 0):
            pass
        for elsewhere in ({"source_mode": "live"}, {"trade_date": date(2026, 7, 17)}):
            with other.hold(NightKey(**vars(KEY) | elsewhere), 0):
                pass
        with other.hold_mode("simulated", 0), pytest.raises(LockHeldError), warehouse.hold_mode("simulated", 0):
            pass
    with other.hold(KEY, 0):
        pass
    other.close()


def test_a_lock_is_given_back_when_its_holder_fails(warehouse):
    for _ in range(3):
        with pytest.raises(RuntimeError, match="boom"), warehouse.hold(KEY, 0):
            raise RuntimeError("boom")


def test_who_waits_gets_the_lock(warehouse, url):
    other, has_it = Warehouse(url), threading.Event()

    def wait():
        with other.hold(KEY, 30):
            has_it.set()

    with warehouse.hold(KEY, 0):
        thread = threading.Thread(target=wait)
        thread.start()
        assert not has_it.wait(0.3)
    assert has_it.wait(10)
    thread.join()
    other.close()


def test_a_killed_holder_gives_the_lock_back(warehouse, url):
    with subprocess.Popen([sys.executable, "-W", "error", "-c", HOLDER, url], stdout=subprocess.PIPE) as holder:
        assert holder.stdout.readline() == b"held\n"
        with pytest.raises(LockHeldError), warehouse.hold(KEY, 0):
            pass
        holder.kill()
    with warehouse.hold(KEY, 10):
        pass


def test_lock_files_stay_beside_their_database(sqlite_url, tmp_path):
    warehouse = Warehouse(sqlite_url)
    with warehouse.hold(KEY, 0), warehouse.hold_mode("live", 0):
        folder = tmp_path / "desk #1 50%25 ü" / "warehouse.sqlite.locks"
        assert {path.name for path in folder.iterdir()} >= {"2026-07-16-simulated.lock", "order-live.lock"}
    warehouse.close()


def test_a_lock_whose_session_breaks_ends_quietly(postgres, postgres_url):
    """The night that is computed under it goes on; what it publishes is fenced."""
    warehouse, other = Warehouse(postgres_url), Warehouse(postgres_url)
    with warehouse.hold(KEY, 0):
        postgres.execute("select pg_terminate_backend(pid) from pg_locks where locktype = 'advisory' and granted")
        with other.hold(KEY, 10):
            pass
    warehouse.close()
    other.close()


def test_no_lock_without_a_server(postgres, postgres_url):
    warehouse = Warehouse(postgres_url)
    dead = warehouse._url.replace(str(postgres.port), "1")
    warehouse._url = dead
    with pytest.raises(RetriableError, match=r"lock order-live of .*connection"), warehouse.hold_mode("live", 5):
        pass
    warehouse.close()


def test_a_vanished_holder_is_noticed_in_a_minute(postgres, postgres_url):
    """The server asks the holder's machine whether it lives; by default it would after two hours."""
    from tasks.warehouse import postgresql
    from tasks.warehouse.engine import parse_url

    with postgresql.session_engine(parse_url(postgres_url)).connect() as connection:
        ask = "select current_setting('tcp_keepalives_{}')"
        idle, interval, tries = (
            int(connection.exec_driver_sql(ask.format(name)).scalar_one()) for name in ("idle", "interval", "count")
        )
        assert idle + interval * tries <= 60
        assert connection.exec_driver_sql("show idle_session_timeout").scalar_one() == "0"


def test_who_waits_and_loses_the_session_may_try_again(postgres, postgres_url):
    """Giving back what was never had must not hide why."""
    warehouse, other = Warehouse(postgres_url), Warehouse(postgres_url)
    end = "select pg_terminate_backend(pid) from pg_stat_activity where query like '%pg_try_advisory_lock%' and pid <> "
    told = []

    def wait():
        try:
            with other.hold(KEY, 30):
                pass
        except Exception as error:  # noqa: BLE001 - what it is, is the question
            told.append(error)

    with warehouse.hold(KEY, 0):
        holder = "(select pid from pg_locks where locktype = 'advisory' and granted limit 1)"
        thread = threading.Thread(target=wait)
        thread.start()
        time.sleep(0.5)
        postgres.execute(f"{end} {holder} and pid <> pg_backend_pid()")
        thread.join(20)
    assert [type(error) for error in told] == [RetriableError], told
    assert "lock 2026-07-16-simulated" in str(told[0])
    warehouse.close()
    other.close()
