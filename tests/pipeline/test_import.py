"""Dropped files to published nights, by the flow itself; the second import changes nothing."""

from datetime import date
from pathlib import Path

import pandas as pd
import pytest

SAMPLES = Path(__file__).parents[1] / "contract" / "data" / "filedrops"
DAY = date(2026, 8, 21)


@pytest.fixture(scope="module")
def imported(run_night, small_universe, tmp_path_factory):
    """A home into which one file was imported twice; what the flow said both times."""
    from flows.imports import import_files

    home = tmp_path_factory.mktemp("imported")
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("ALVH_HOME", str(home))
        patch.setenv("ALVH_UNIVERSE_FILE", str(small_universe))
        answers = []
        for _ in range(2):
            answers.append(import_files([SAMPLES / "datashop.csv"]))
            answers.append({path: path.read_bytes() for path in home.rglob("*.parquet")})
    return home, answers


def test_the_night_is_published_with_its_snapshot_and_its_counts(imported, warehouse_of):
    home, (first, *_) = imported
    assert [one.outcome for one in first.received] == ["LANDED"]
    assert first.nights[DAY].startswith("NO_DATA: 4 contracts in = 4 published + 0 quarantined")  # and no curve
    assert not first.has_failed
    night = warehouse_of(home).night("imported", DAY)
    (snapshot,) = night["core_options__daily_snapshots"].to_dict("records")
    assert (snapshot["underlying"], snapshot["venue_scope"]) == ("VIX", "cboe_datashop_1545")
    assert str(snapshot["quote_at_utc"]) == "2026-08-21 19:45:00+00:00"
    payloads = night["meta_payloads"].set_index(["dataset", "symbol"])
    assert payloads.loc[("option_chain", "VIX"), "etag"].startswith("datashop:")
    assert "no imported file had this chain" in payloads.loc[("option_chain", "SPX"), "reason"]
    assert (home / "reports" / f"{DAY}-imported.html").is_file()


def test_the_second_import_changes_nothing(imported):
    _, (_, before, second, after) = imported
    assert [one.outcome for one in second.received] == ["KNOWN"]
    assert second.nights[DAY].startswith("unchanged: 4 contracts in")
    assert before
    assert after == before


def test_a_chain_that_a_killed_import_has_landed_gets_in(run_night, small_universe, warehouse_of, tmp_path):
    """Landed, but killed before its night was run again: the next import finds it KNOWN, and not published."""
    from flows.imports import import_files

    lines = (SAMPLES / "datashop.csv").read_text().splitlines()
    for symbol in ("VXX", "UVXY"):
        rows = [row.replace("^VIX", symbol).replace(",VIXW,", f",{symbol},").replace(",VIX,", f",{symbol},")
                for row in lines[1:]]  # fmt: skip
        (tmp_path / f"{symbol}.csv").write_text("\n".join([lines[0], *rows]) + "\n")
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("ALVH_HOME", str(tmp_path / "home"))
        patch.setenv("ALVH_UNIVERSE_FILE", str(small_universe))
        import_files([tmp_path / "VXX.csv"])
        patch.setattr("flows.imports.run_night", lambda *_, **__: None)
        import_files([tmp_path / "UVXY.csv"])
        patch.undo()
        patch.setenv("ALVH_HOME", str(tmp_path / "home"))
        patch.setenv("ALVH_UNIVERSE_FILE", str(small_universe))
        found = import_files([tmp_path / "UVXY.csv"])
    assert [one.outcome for one in found.received] == ["KNOWN"]
    assert found.nights[DAY].startswith("NO_DATA: 8 contracts in")
    snapshots = warehouse_of(tmp_path / "home").night("imported", DAY)["core_options__daily_snapshots"]
    assert sorted(snapshots["underlying"]) == ["UVXY", "VXX"]


def test_a_recorded_night_imported_from_its_own_lake_decides_the_same(run_night, recorded, warehouse_of, small_universe,
                                                                      tmp_path):  # fmt: skip
    """Chains by way of a file, the rest from the same histories: what the ladder does must not depend on the way."""
    from flows.imports import import_files

    day, ladder = date(2026, 7, 16), ["out_alvh__daily_ladder_signals", "out_alvh__daily_ladder_legs"]
    assert run_night(tmp_path / "one", day, f"recorded:{recorded}").is_completed()
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("ALVH_HOME", str(tmp_path / "other"))
        patch.setenv("ALVH_UNIVERSE_FILE", str(small_universe))
        found = import_files([tmp_path / "one" / "lake" / "core_options__daily_quotes"], histories=recorded)
    assert {one.outcome for one in found.received} == {"LANDED"}
    assert found.nights[day].startswith("OK: ")
    before, after = (warehouse_of(tmp_path / home).night(mode, day)
                     for home, mode in (("one", "recorded"), ("other", "imported")))  # fmt: skip
    other = {"source_mode", "block_reason"}  # they name the way
    # American options have theirs on the spot, which the lake's quotes do not hold
    other |= {"extrinsic_usd", "extrinsic_frac", "extrinsic_usd_per_day"}
    for name in ladder:
        told = [column for column in before[name] if column not in other]
        pd.testing.assert_frame_equal(after[name][told], before[name][told])
