"""Every layout of dropped files against one invented sample each: a new layout with a sample gets all of these tests.

The samples hold the same four contracts in each vendor's spelling, so that one table says what must come out.
"""

import contextlib
import gzip
import io
import zipfile
from datetime import date
from pathlib import Path

import pandas as pd
import pyarrow.parquet as pq
import pytest

from alvh_core import frames
from alvh_core.columns import QUOTE_SCOPES
from alvh_core.errors import SkippableError
from alvh_core.quotes import normalise_quotes, snapshot_row
from alvh_core.schemas import SNAPSHOTS
from alvh_core.universe import DEFAULT_UNIVERSE
from tasks.sources.filedrops.layout import drop_url, plain_symbol
from tasks.sources.filedrops.registry import LAYOUTS, read_drop, recognise, split_file
from tasks.sources.filedrops.sessions import check_claim
from tasks.sources.filedrops.unpack import unpack

SAMPLES = Path(__file__).parent / "data" / "filedrops"
VIX, DAY = DEFAULT_UNIVERSE["VIX"], date(2026, 8, 21)
QUOTES = pd.DataFrame(
    {"bid": [1.62, 2.85, 0.31, 2.90], "ask": [1.70, 2.95, 0.40, 3.10], "bid_size": [412.0, 120, 55, 20],
     "ask_size": [388.0, 130, 120, 25], "iv": [0.8815, 0.8815, 1.1402, 1.1402], "volume": [18204.0, 77, 377, 12],
     "open_interest": [214877.0, 1500, 4021, 310], "delta": [0.4311, -0.5689, 0.1903, -0.8097]},
    index=["VIX260916C00020000", "VIX260916P00020000", "VIXW260826C00020000", "VIXW260826P00020000"],
)  # fmt: skip
OPTIONAL = {"bid_size", "ask_size", "open_interest", "iv", "delta"}  # not every vendor sells them

each = pytest.mark.parametrize("layout", LAYOUTS, ids=lambda layout: layout.name)


def sample(layout):
    (path,) = SAMPLES.glob(f"{layout.name}.*")
    return path.read_bytes()


def read(layout, body, calendar):
    """Read a file of one chain as an import and, later, its night do."""
    assert recognise(body, "f") is layout
    (part,) = layout.split(body, "f")
    return read_drop(part.body, VIX, drop_url("VIX"), calendar)


def read_what_can_be(layout, body, calendar):
    try:
        assert recognise(body, "f") is layout
        parts = split_file(layout, body, "f")
    except SkippableError:
        return
    for part in parts:  # a cut date makes a part of its own
        with contextlib.suppress(SkippableError):
            yield frame(read_drop(part.body, VIX, drop_url("VIX"), calendar))


def frame(drop):
    return drop.table.to_pandas().set_index("option").sort_index()


def without(body, name):
    """The sample with a column, or a key, under another name."""
    if body.startswith(b"PAR1"):
        table, sink = pq.read_table(io.BytesIO(body)), io.BytesIO()
        pq.write_table(table.rename_columns({name: name.upper()}), sink)
        return sink.getvalue()
    return body.replace(name.encode(), name.encode().swapcase())


@each
def test_the_quotes_come_out_as_the_vendor_wrote_them(layout, calendar):
    found = frame(read(layout, sample(layout), calendar))
    assert list(found.index) == sorted(QUOTES.index)
    for name in QUOTES:
        if not (name in OPTIONAL and found[name].isna().all()):
            pd.testing.assert_series_equal(found[name], QUOTES[name].sort_index(), check_names=False, check_index=False)


@each
def test_the_clock_is_the_vendors_and_its_snapshot_is_named(layout, calendar):
    drop = read(layout, sample(layout), calendar)
    session = calendar.session(DAY)
    row = snapshot_row(drop.header, VIX, session, calendar=calendar, source_mode="imported",
                       venue_scope=drop.venue_scope)  # fmt: skip
    assert drop.claimed == DAY
    assert row["quote_clock"] == "at_close"
    assert 0.0 <= row["minutes_to_close"] <= 15.0
    assert row["venue_scope"] in QUOTE_SCOPES
    check_claim(drop, DAY, "f")


@each
def test_rows_in_are_quotes_out(layout, calendar):
    drop = read(layout, sample(layout), calendar)
    row = snapshot_row(drop.header, VIX, calendar.session(DAY), calendar=calendar, source_mode="imported",
                       venue_scope=drop.venue_scope)  # fmt: skip
    snapshots = frames.conform(pd.DataFrame([row | {"payload_sha256": "hash"}]), SNAPSHOTS)
    quotes, rejects = normalise_quotes(drop.table.to_pandas(), snapshots, DEFAULT_UNIVERSE, calendar)
    assert (len(quotes), len(rejects), drop.header.contracts_count) == (4, 0, 4)
    assert set(quotes["settlement"]) == {"SOQ"}
    assert set(quotes["quote_flag"]) == {"OK"}


@each
def test_a_part_is_a_file_of_the_same_layout(layout, calendar):
    (part,) = layout.split(sample(layout), "f")
    assert plain_symbol(part.symbol) in {"VIX", ""}
    assert recognise(part.body, "f") is layout
    (again,) = layout.split(part.body, "f")
    assert frame(read(layout, again.body, calendar)).equals(frame(read(layout, sample(layout), calendar)))


@each
def test_the_wrapping_does_not_matter(layout, tmp_path):
    body = sample(layout)
    zipped = io.BytesIO()
    with zipfile.ZipFile(zipped, "w") as archive:
        archive.writestr("month/day.bin", body)
        archive.writestr("__MACOSX/day.bin", b"x")
    for name, content in {"a": body, "b.csv.gz": gzip.compress(body), "c": zipped.getvalue()}.items():
        (tmp_path / name).write_bytes(content)
        assert [inner for _, inner in unpack(tmp_path / name)] == [body]


@each
def test_a_column_that_is_gone_is_named(layout):
    name = layout.needs[-1]
    with pytest.raises(SkippableError, match=rf"nearest is {layout.name}, which also needs .*{name}"):
        recognise(without(sample(layout), name), "f")


@each
def test_what_is_cut_is_refused_or_says_less_and_never_crashes(layout, calendar):
    body, whole = sample(layout), frame(read(layout, sample(layout), calendar))
    for length in range(0, len(body), 1 + len(body) // 200):
        for found in read_what_can_be(layout, body[:length], calendar):
            assert set(found.index) <= set(whole.index)
            assert found["bid"].equals(whole["bid"].loc[found.index])


def test_every_layout_has_one_sample_and_every_sample_a_layout():
    assert {path.stem for path in SAMPLES.iterdir()} == {layout.name for layout in LAYOUTS}


def test_layouts_do_not_claim_one_another():
    for layout in LAYOUTS:
        others = [other.name for other in LAYOUTS if other is not layout and set(other.needs) <= set(layout.needs)]
        assert others == []
