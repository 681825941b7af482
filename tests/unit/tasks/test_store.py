"""Stores: a folder, a file system without whole uploads, and S3 over HTTP behave the same."""

import errno
import os
import pickle
import uuid
from datetime import date

import pandas as pd
import pytest

from alvh_core.errors import ContractError, FatalError
from alvh_core.schemas import DAILY_BARS
from tasks.lake.sql import query_lake
from tasks.lake.store import LocalStore, RemoteStore, StoreError, open_store
from tasks.lake.tables import LakeTables

DAY = date(2026, 7, 16)


@pytest.fixture(params=["folder", "file", "memory", "s3"])
def root(request, tmp_path):
    name = uuid.uuid4().hex
    if request.param == "s3":
        return f"{request.getfixturevalue('bucket')}/{name}"
    return {"folder": str(tmp_path), "file": f"file://{tmp_path}", "memory": f"memory://{name}"}[request.param]


def test_what_is_written_is_read_moved_and_removed(root):
    store = open_store(root)
    assert not store.exists("a/b/one")
    with pytest.raises(FileNotFoundError):
        store.read("a/b/one")
    store.write("a/b/one", b"old")
    store.write("a/b/one", memoryview(b"new"))
    assert store.read("a/b/one") == b"new"
    assert store.glob("a/*/*") == ["a/b/one"], "nothing half written is left beside it"
    store.move("a/b/one", "a/b/two")
    assert (store.exists("a/b/one"), store.exists("a/b/two")) == (False, True)
    store.remove("a/b/two")
    store.remove("a/b/two")
    assert store.glob("**/*") == []


def test_tables_come_back_and_join(root, sample_frame):
    lake, whole = LakeTables(root, "live", DAY), sample_frame(DAILY_BARS)
    for number in range(2):
        LakeTables(root, "live", DAY, f"{number}of2").write(whole.iloc[number * 2 : number * 2 + 2], DAILY_BARS)
    lake.join(DAILY_BARS, ["0of2", "1of2"])
    lake.sweep()
    pd.testing.assert_frame_equal(lake.read(DAILY_BARS), whole)
    with pytest.raises(FatalError, match=r"found no file: .*`alvh nightly --date 2026-07-17 --force`"):
        LakeTables(root, "live", date(2026, 7, 17)).read(DAILY_BARS)


def test_sql_over_s3_stays_in_the_lake(bucket, sample_frame):
    lake, other = f"{bucket}/{uuid.uuid4().hex}", f"{bucket}/other"
    LakeTables(lake, "live", DAY).write(sample_frame(DAILY_BARS), DAILY_BARS)
    LakeTables(other, "live", DAY).write(sample_frame(DAILY_BARS), DAILY_BARS)
    assert query_lake(lake, f"select count(*) from {DAILY_BARS.name}").iloc[0, 0] == 4
    for target in (f"{other}/**", f"{lake}2/x", f"{lake}/../other/**", "/etc/passwd"):
        with pytest.raises(ContractError, match="the lake did not answer"):
            query_lake(lake, f"select * from read_text('{target}')")


def test_an_address_with_a_password_is_refused_and_not_repeated():
    with pytest.raises(ContractError, match="without a password") as refused:
        open_store("s3://key:hunter2@bucket/lake")
    assert "hunter2" not in str(refused.value)


def test_an_unknown_file_system_is_told():
    with pytest.raises(ContractError, match="nope://"):
        open_store("nope://bucket")


def test_a_store_that_does_not_answer_is_an_error_of_the_system(bucket):
    with pytest.raises(OSError, match=r"s3://alvh-nowhere/x: .*check its address"):
        open_store("s3://alvh-nowhere").write("x", b"")


def test_a_key_that_is_refused_is_told_and_not_repeated(bucket, monkeypatch):
    import s3fs

    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "hunter2")
    s3fs.S3FileSystem.clear_instance_cache()  # else the one that knows the right key answers
    with pytest.raises(OSError, match=r"s3://.*/x: .*the credentials in the environment") as refused:
        open_store(bucket).read("x")
    s3fs.S3FileSystem.clear_instance_cache()
    assert "hunter2" not in str(refused.value)


def test_which_store_it_is(tmp_path):
    assert isinstance(open_store(tmp_path), LocalStore)
    assert isinstance(open_store("memory://x"), RemoteStore)


@pytest.mark.parametrize(("number", "advice"), [(errno.ENOSPC, "make room"), (errno.EDQUOT, "make room"),
                                                (errno.EROFS, "let this account write")])  # fmt: skip
def test_a_disk_that_takes_no_more_is_told_and_leaves_nothing_half_written(tmp_path, monkeypatch, number, advice):
    store = open_store(tmp_path)
    store.write("a/one", b"old")

    def refuse(_handle):
        raise OSError(number, os.strerror(number))

    monkeypatch.setattr(os, "fsync", refuse)
    with pytest.raises(StoreError, match=rf"/a/one: expected to write 3 bytes, .*{advice}.*run it again") as refused:
        store.write("a/one", b"new")
    monkeypatch.undo()
    assert isinstance(refused.value, FatalError)
    assert isinstance(refused.value, OSError)
    assert str(pickle.loads(pickle.dumps(refused.value))) == str(refused.value), "it comes back from a worker"
    assert store.read("a/one") == b"old"
    assert [path.name for path in (tmp_path / "a").iterdir()] == ["one"]
