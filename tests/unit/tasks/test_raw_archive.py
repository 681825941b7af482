"""The raw archive: whole or not at all, whatever kills the writer; the same bytes for the same body."""

import gzip
import hashlib
import json
import subprocess
import sys
import threading
import time
from datetime import date
from pathlib import Path

import pytest

from alvh_core.errors import SkippableError
from tasks.lake import raw, store
from tasks.lake.raw import RawArchive
from tasks.lake.store import write_atomic

DAY = date(2026, 7, 16)
URL = "https://cdn-api.cboe.com/api/global/delayed_quotes/options/_VIX.json"
BODY = b'{"timestamp": "2026-07-16 20:48:22"}' * 1000


@pytest.fixture
def archive(tmp_path):
    return RawArchive(tmp_path, "live", DAY)


def put(archive, body=BODY, url=URL, **changes):
    origin = {"dataset": "option_chain", "symbol": "VIX", "url": url, "source_mode": "live", "http_status": 200,
              "payload_sha256": hashlib.sha256(body).hexdigest(), "etag": None, "last_modified": None,
              "fetched_at_utc": "2026-07-16T22:31:05+00:00"}  # fmt: skip
    return archive.put(body, **(origin | changes))


def body_of(archive, url=URL):
    return Path(archive._store.where(archive.path_of(url)))


def sidecar_of(path):
    return path.with_name(path.name + ".meta")


def test_what_is_put_is_found(archive):
    assert archive.find(URL) is None
    entry = put(archive)
    assert archive.find(URL) == entry
    assert archive.read(URL) == BODY
    assert entry.bytes_count == len(BODY)
    landing = entry.landing(entry.dataset, entry.symbol)
    assert (landing.symbol, landing.payload_sha256, landing.is_landed) == ("VIX", entry.payload_sha256, True)


def test_where_a_body_lies(archive, tmp_path):
    expected = tmp_path / "source_mode=live/2026-07-16/cdn-api.cboe.com/api/global/delayed_quotes/options/_VIX.json.gz"
    assert body_of(archive) == expected
    assert body_of(archive, f"{URL}?a=1&b=2") == expected.with_name("_VIX.json@a=1_b=2.gz"), "another body"


def test_the_same_body_is_the_same_file(tmp_path):
    first, second = (RawArchive(tmp_path / name, "live", DAY) for name in "ab")
    put(first)
    time.sleep(1.1)  # a gzip header knows seconds
    put(second)
    assert body_of(first).read_bytes() == body_of(second).read_bytes()


def test_a_second_put_changes_nothing(archive):
    first = put(archive)
    again = put(archive, body=b"{}", fetched_at_utc="2026-07-17T07:00:00+00:00")
    assert again == first == archive.find(URL)
    assert archive.read(URL) == BODY


def test_two_that_land_one_address_at_once_leave_a_body_with_its_own_sidecar(archive, monkeypatch):
    begun, write = threading.Event(), store.LocalStore.write

    def slowly_at_first(self, path, data):
        write(self, path, data)
        if not begun.is_set():
            begun.set()
            time.sleep(0.3)  # the other one is at it

    monkeypatch.setattr(store.LocalStore, "write", slowly_at_first)
    first = threading.Thread(target=put, args=(archive,))
    first.start()
    begun.wait()
    put(archive, body=b"{}")
    first.join()
    assert archive.read(URL) == BODY


def test_files_can_be_read_by_others(archive):
    put(archive)
    assert body_of(archive).stat().st_mode & 0o777 == 0o644


def test_a_body_without_sidecar_does_not_count(archive):
    put(archive)
    sidecar_of(body_of(archive)).unlink()
    assert archive.find(URL) is None
    with pytest.raises(SkippableError):
        archive.read(URL)
    put(archive, body=b"{}")
    assert archive.read(URL) == b"{}"


def test_a_sidecar_without_body_does_not_count(archive):
    put(archive)
    body_of(archive).unlink()
    assert archive.find(URL) is None
    with pytest.raises(SkippableError, match=r"cannot be read.*remove it to fetch again"):
        archive.read(URL)


@pytest.mark.parametrize("text", ["", "{", "[]", "{}", '{"dataset": "x"}'])
def test_a_damaged_sidecar_loses_its_body_only(archive, text):
    put(archive)
    sidecar_of(body_of(archive)).write_text(text)
    with pytest.raises(SkippableError, match=r"_VIX\.json\.gz\.meta is damaged.*remove it to fetch again"):
        archive.find(URL)


@pytest.mark.parametrize(("damage", "words"), [
    pytest.param(lambda data: data[:-9], "cannot be read", id="cut"),
    pytest.param(lambda _: b"plain text", "cannot be read", id="not-gzip"),
    pytest.param(lambda _: b"", "not the body that was fetched", id="empty"),
    pytest.param(lambda _: gzip.compress(b"another body"), "not the body that was fetched", id="another-body"),
])  # fmt: skip
def test_a_damaged_body_is_lost_with_a_reason(archive, damage, words):
    put(archive)
    path = body_of(archive)
    path.write_bytes(damage(path.read_bytes()))
    with pytest.raises(SkippableError, match=words):
        archive.read(URL)


@pytest.mark.parametrize("url", [
    "https://cdn-api.cboe.com/../../../../etc/passwd", "https://cdn-api.cboe.com/../../x", "https:///x", "x.json",
])  # fmt: skip
def test_an_address_never_leaves_the_night(archive, url):
    with pytest.raises(SkippableError, match="no address that can be archived"):
        archive.path_of(url)


def test_sweep_removes_what_a_killed_run_left(archive, tmp_path):
    put(archive)
    stray = body_of(archive).parent / "._VIX.json.gz.abc123.tmp"
    stray.write_bytes(b"half")
    archive.sweep()
    assert not stray.exists()
    assert archive.read(URL) == BODY
    RawArchive(tmp_path / "nowhere", "live", DAY).sweep()


@pytest.mark.parametrize("step", ["fsync", "replace"])
def test_a_failing_disk_leaves_nothing(tmp_path, monkeypatch, step):
    path = tmp_path / "a" / "file"
    write_atomic(path, b"old")

    def fail(*_args):
        raise OSError("no space left on device")

    monkeypatch.setattr(store.os, step, fail)
    with pytest.raises(OSError, match="no space"):
        write_atomic(path, b"new")
    assert path.read_bytes() == b"old"
    assert [p.name for p in path.parent.iterdir()] == ["file"]


def test_the_sidecar_comes_last(archive, monkeypatch):
    written = []
    real = store.write_atomic

    def watch(path, data):
        written.append(path.name)
        real(path, data)

    monkeypatch.setattr(store, "write_atomic", watch)
    put(archive)
    assert written == ["_VIX.json.gz", "_VIX.json.gz.meta"]


KILLED = """
import hashlib, os, sys
from datetime import date
from pathlib import Path
from tasks.lake.raw import RawArchive
archive = RawArchive(Path(sys.argv[1]), "live", date(2026, 7, 16))
print("ready", flush=True)
i = 0
while True:
    body = os.urandom(2_000_000) + str(i).encode()
    archive.put(body, dataset="option_chain", symbol=f"S{i}", url=f"https://cdn-api.cboe.com/{i}.json",
    source_mode="live",
                http_status=200, payload_sha256=hashlib.sha256(body).hexdigest(), etag=None, last_modified=None,
                fetched_at_utc="2026-07-16T22:31:05+00:00")
    i += 1
"""


def test_a_killed_writer_leaves_nothing_half(tmp_path):
    for trial in range(3):
        root = tmp_path / str(trial)
        child = subprocess.Popen([sys.executable, "-c", KILLED, str(root)], stdout=subprocess.PIPE)
        with child:
            assert child.stdout.readline() == b"ready\n"
            while not list(root.rglob("*.gz")):  # a busy machine takes its time
                assert child.poll() is None
                time.sleep(0.01)
            time.sleep(0.1 + 0.053 * trial)
            child.kill()
        archive = RawArchive(root, "live", DAY)
        bodies = list(root.rglob("*.gz"))
        for path in bodies:  # every final name holds a whole file
            number = path.name.split(".")[0]
            whole = gzip.decompress(path.read_bytes())
            assert whole.endswith(number.encode())
            if archive.find(f"https://cdn-api.cboe.com/{path.stem}"):
                assert archive.read(f"https://cdn-api.cboe.com/{path.stem}") == whole
        for sidecar in root.rglob("*.meta"):
            assert json.loads(sidecar.read_text())["http_status"] == 200
        archive.sweep()
        assert not list(root.rglob("*.tmp"))
        assert bodies


@pytest.mark.parametrize("damage", ["body", "sidecar"])
def test_a_damaged_pair_is_set_aside_and_can_be_fetched_again(archive, damage):
    entry = put(archive)
    assert archive.find_whole(URL) == entry
    path = body_of(archive)
    (path if damage == "body" else sidecar_of(path)).write_bytes(b"garbage")
    assert archive.find_whole(URL) is None
    assert path.with_name(path.name + ".damaged").is_file(), "the evidence is kept"
    put(archive)
    assert archive.read(URL) == BODY


def test_a_body_that_is_set_aside_stops_counting_before_it_moves(archive, monkeypatch):
    """A run that is killed in between leaves a body without a sidecar, which is fetched again."""
    put(archive)
    moved = []

    def move_one(self, path, target):
        if moved:
            raise KeyboardInterrupt
        moved.append(path)
        (self._root / path).replace(self._root / target)

    monkeypatch.setattr(store.LocalStore, "move", move_one)
    with pytest.raises(KeyboardInterrupt):
        archive.supersede(URL)
    assert archive.find(URL) is None
    assert body_of(archive).is_file()


@pytest.mark.parametrize("damage", ["body", "sidecar"])
def test_a_damaged_body_is_in_nobodys_way(archive, damage):
    put(archive)
    path = body_of(archive)
    (path if damage == "body" else sidecar_of(path)).write_bytes(b"garbage")
    archive.supersede(URL)
    put(archive, body=b"{}")
    assert archive.read(URL) == b"{}"


def test_a_bomb_is_not_unpacked(archive, monkeypatch):
    monkeypatch.setattr(raw, "MAX_BODY_BYTES", 1000)
    put(archive)
    with pytest.raises(SkippableError, match="cannot be read: expected at most"):
        archive.read(URL)
