"""Volumes of contracts on earlier nights, out of the lake."""

from datetime import date

import pytest

from alvh_core import frames
from alvh_core.schemas import OPTION_QUOTES
from tasks.lake.tables import LakeTables
from tasks.lake.volumes import volumes_of

FIRST, SECOND, THIRD = date(2026, 7, 14), date(2026, 7, 15), date(2026, 7, 16)


@pytest.fixture
def put(tmp_path, sample_frame):
    def put(day, mode="simulated", **volumes):
        rows = sample_frame(OPTION_QUOTES).iloc[[0] * len(volumes)]
        named = rows.assign(osi_symbol=list(volumes), volume_count=list(volumes.values()))
        LakeTables(tmp_path, mode, day).write(frames.conform(named, OPTION_QUOTES), OPTION_QUOTES)

    return put


def _found(root, nights, symbols):
    frame = volumes_of(root, "simulated", nights, symbols)
    return sorted(zip(frame["osi_symbol"], frame["volume_count"], strict=True))


def test_of_the_nights_asked_for_and_the_contracts_asked_for_only(tmp_path, put):
    put(FIRST, A=1.0, B=2.0)
    put(SECOND, A=3.0, C=4.0)
    put(THIRD, A=1e9)
    put(SECOND, mode="recorded", A=1e9)
    assert _found(tmp_path, {FIRST: 1, SECOND: 1}, ["A", "B", "X"]) == [("A", 1.0), ("A", 3.0), ("B", 2.0)]
    assert _found(tmp_path, {}, ["A"]) == []


def test_a_night_that_is_not_in_the_lake_has_no_volumes(tmp_path, put):
    put(FIRST, A=1.0)
    assert _found(tmp_path, {FIRST: 1, SECOND: 1}, ["A"]) == [("A", 1.0)]


def test_a_night_that_was_computed_again_is_read_again(tmp_path, put):
    put(FIRST, A=1.0)
    assert _found(tmp_path, {FIRST: 1}, ["A"]) == [("A", 1.0)]
    put(FIRST, A=7.0)
    assert _found(tmp_path, {FIRST: 2}, ["A"]) == [("A", 7.0)]
