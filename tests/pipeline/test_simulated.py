"""The whole flow on the simulated market: idempotent, replayable, honest about what is missing."""

import shutil
import subprocess
import sys
from datetime import date
from pathlib import Path

import pandas as pd
import pytest

from alvh_core.profiles import DEFAULT_PROFILE
from alvh_core.triggers import LADDER

DAY = date(2026, 11, 18)
VIX_CHAIN = "cdn-api.cboe.com/api/global/delayed_quotes/options/_VIX.json.gz"


def raw_root(home: Path) -> Path:
    return home / "lake" / "raw"


def test_a_second_run_finds_the_night_complete(run_night, warehouse_of, tmp_path: Path) -> None:
    assert run_night(tmp_path, DAY).name == "Completed"
    before = warehouse_of(tmp_path).fingerprint("simulated", DAY)
    assert run_night(tmp_path, DAY).name == "AlreadyComplete"
    assert run_night(tmp_path, DAY, force=True).name == "Completed"
    assert warehouse_of(tmp_path).fingerprint("simulated", DAY) == before


def test_the_archive_of_a_night_replays_it_row_for_row(run_night, simulated_home, warehouse_of, tmp_path: Path) -> None:
    first, second = simulated_home, tmp_path
    run_night(second, DAY, f"recorded:{raw_root(first)}")
    assert warehouse_of(second).fingerprint("simulated", DAY) == warehouse_of(first).fingerprint("simulated", DAY)
    for name, frame in warehouse_of(first).night("simulated", DAY).items():
        pd.testing.assert_frame_equal(frame, warehouse_of(second).night("simulated", DAY)[name], obj=name)


def test_the_first_night_knows_how_rates_have_moved(simulated_home, warehouse_of) -> None:
    basis = warehouse_of(simulated_home).night("simulated", DAY)["out_basis__daily_hosts"].set_index("host")
    assert basis.loc[["IWM", "XLF"], "rate_status"].eq("OK").all()
    assert basis.loc[["IWM", "XLF"], "rate_nobs_count"].eq(248).all(), "two days off of the banks take two moves each"
    assert basis.loc["XLF", "rate_share_frac"] > 0.0


def test_every_row_says_that_it_is_simulated(simulated_home, warehouse_of) -> None:
    for name, frame in warehouse_of(simulated_home).night("simulated", DAY).items():
        # the small universe has no crypto-linked host to give a context to
        assert len(frame) or name in {"meta_quarantine", "out_market__daily_macro_context"}, name
        assert set(frame["source_mode"]) <= {"simulated"}
    verdicts = warehouse_of(simulated_home).night("simulated", DAY)["out_alvh__daily_verdicts"]
    assert (verdicts["verdict"] == "INSUFFICIENT").all()
    assert verdicts["reasons"].str.contains("simulated quotes are never evidence").all()
    for page in ("", "quality/"):
        assert "SIMULATED" in (simulated_home / "reports" / f"{page}{DAY}-simulated.html").read_text()


def crossing_sessions() -> list[date]:
    """Four sessions around the first time in 2024 that the simulated VIX closes at 18 or above after a calm night."""
    from alvh_core.market.simulated import SimulatedMarket
    from alvh_core.universe import DEFAULT_UNIVERSE
    from tasks.sources.cboe import parse_index_history
    from tasks.sources.exchange import load_calendar

    market = SimulatedMarket(DEFAULT_UNIVERSE, load_calendar().dates)
    history = parse_index_history(market.index_history("VIX", date(2025, 12, 31)), "VIX", "VIX_History.csv")
    closes = history[history["bar_date"] >= "2024-01-01"].reset_index(drop=True)
    high = closes["close_usd"] >= 18.0
    at = int((high & ~high.shift(1, fill_value=True)).idxmax())
    return [day.date() for day in closes["bar_date"].iloc[at - 1 : at + 3]]


def test_state_follows_from_the_night_before(run_night, warehouse_of, tmp_path: Path) -> None:
    """A layer arms at a close and goes to the next night's quotes, never to its own."""
    days = crossing_sessions()
    for day in days:
        assert run_night(tmp_path, day).name == "Completed"
    nights = [warehouse_of(tmp_path).night("simulated", day) for day in days]
    for tables in nights:  # one number of contracts, whichever table tells it
        held, book, layers = (tables[f"out_alvh__daily_{name}"].astype(dict.fromkeys(LADDER, "str")).groupby(LADDER)
                              for name in ("ladder_signals", "book", "ladder_state"))  # fmt: skip
        units = held["units_deployed_count"].sum()
        assert (units == book["units_open"].sum().reindex(units.index)).all()
        assert (units == layers["units_deployed"].sum().reindex(units.index)).all()
        assert units.sum() > 0
        assert_books_are_valued(tables)
    book = nights[-1]["out_alvh__daily_book"]
    assert (book.loc[book["host"] == "RUT", "calm_nights_count"] > 0).all(), "no bars, but its own last prints"
    structure = nights[-1]["out_alvh__daily_structure"]
    assert structure.loc[structure["host"] == "RUT", "irr_status"].eq("TOO_SHORT").all(), "no rate yet, but its prints"
    signals = [tables["out_alvh__daily_ladder_signals"] for tables in nights]
    reference = pd.concat(signals, ignore_index=True).query("variant == 'V0_REF'")
    reference = reference[reference["profile"] == DEFAULT_PROFILE]
    assert reference["action"].iloc[:2].tolist() == ["IDLE", "ARM"]
    assert reference["action"].iloc[2] == ("DEPLOY" if reference["buy_filter_state"].iloc[2] == "PASS" else "BLOCKED")
    assert reference["units_deployed_count"].iloc[1] == 0
    assert (reference["units_armed_count"].iloc[1:] >= 4).all()


def assert_books_are_valued(tables: dict[str, pd.DataFrame]) -> None:
    """Without a jump a paper book is worth its mark; a jump of VIX makes SPX puts dearer; RUT has no bars, no beta."""
    book, held = (tables[f"out_alvh__daily_{name}"].astype(dict.fromkeys(LADDER, "str"))
                  for name in ("book", "held_scenarios"))  # fmt: skip
    now = held[held["shock_vol_points"] == 0].merge(book[book["units_open"] > 0], on=LADDER, how="outer")
    assert (now["units_open_x"] == now["units_open_y"]).all()
    pd.testing.assert_series_equal(now["book_mark_usd_x"], now["book_mark_usd_y"], check_names=False)
    is_ok = now["held_status"] == "OK"
    pd.testing.assert_series_equal(now.loc[is_ok, "value_mid_usd"], now.loc[is_ok, "book_mark_usd_y"],
                                   check_names=False, rtol=1e-9)  # fmt: skip
    jumps = held[held["hedge_symbol"].eq("SPX") & held["profile"].eq("tenor_442")].set_index("shock_vol_points")
    assert jumps["value_mid_usd"].is_monotonic_increasing
    assert jumps["held_status"].eq("OK").all()
    assert held.loc[held["hedge_symbol"] == "RUT", "held_status"].eq("NO_BETA").all()


def archive_of(home: Path, tmp_path: Path) -> Path:
    """A copy of a home that may be changed."""
    return Path(shutil.copytree(home, tmp_path / "copy"))


def test_one_missing_symbol_never_stops_the_night(run_night, simulated_home, warehouse_of, tmp_path: Path) -> None:
    first, second = archive_of(simulated_home, tmp_path), tmp_path / "second"
    lost = raw_root(first) / "source_mode=simulated" / str(DAY) / VIX_CHAIN.replace("_VIX", "XLF")
    lost.unlink()
    assert run_night(second, DAY, f"recorded:{raw_root(first)}").name == "Completed"
    night = warehouse_of(second).night("simulated", DAY)
    native = night["out_alvh__daily_ladder_signals"].query("host == 'XLF' and variant == 'V3_NATIVE'").iloc[0]
    assert native["filter_state"] == "NO_DATA"
    assert "XLF.json answered 404" in native["block_reason"]
    assert (night["out_alvh__daily_ladder_signals"].query("host == 'KO'")["filter_state"] != "NO_DATA").all()


def test_without_the_vix_chain_the_night_is_no_data(simulated_home, environment, warehouse_of, tmp_path: Path) -> None:
    first = archive_of(simulated_home, tmp_path)
    (raw_root(first) / "source_mode=simulated" / str(DAY) / VIX_CHAIN).unlink()
    command = [
        sys.executable,
        "-m",
        "flows.cli",
        "nightly",
        "--date",
        str(DAY),
        "--source",
        f"recorded:{raw_root(first)}",
    ]
    alone = environment | {"ALVH_SOURCES_OFF": "tradier"}  # whose sample of the night stands in for the chain else
    done = subprocess.run(command, env=alone, capture_output=True, text=True, check=False, timeout=300)
    assert done.returncode == 3, done.stderr[-3000:]
    assert "NO_DATA" in done.stdout
    night = warehouse_of(Path(environment["ALVH_HOME"])).night("simulated", DAY)
    signals = night["out_alvh__daily_ladder_signals"]
    assert (signals.loc[signals["hedge_symbol"] == "VIX", "filter_state"] == "NO_DATA").all()
    assert (signals.loc[signals["hedge_symbol"] == "KO", "filter_state"] != "NO_DATA").all()


def test_the_command_gives_the_same_night_in_tokyo(simulated_home, environment, warehouse_of) -> None:
    command = [sys.executable, "-m", "flows.cli", "nightly", "--date", str(DAY)]
    tokyo = environment | {"TZ": "Asia/Tokyo"}
    done = subprocess.run(command, env=tokyo, capture_output=True, text=True, check=False, timeout=300)
    assert done.returncode == 0, done.stderr[-3000:]
    assert "V0 VIX" in done.stdout
    assert "report:" in done.stdout
    there = Path(environment["ALVH_HOME"])
    assert warehouse_of(there).fingerprint("simulated", DAY) == warehouse_of(simulated_home).fingerprint(
        "simulated", DAY
    )


def test_a_holiday_is_no_night(run_night, tmp_path: Path) -> None:
    state = run_night(tmp_path, date(2026, 11, 26))
    assert state.name == "MarketClosed"
    assert not (tmp_path / "reports").exists()


@pytest.mark.usefixtures("simulated_home")
def test_the_ui_gets_verdicts_validation_and_report(prefect_api: str) -> None:
    import requests

    found = requests.post(f"{prefect_api}/artifacts/latest/filter", json={}, timeout=10).json()
    by_key = {artifact["key"]: artifact for artifact in found}
    assert {"verdicts", "validations", "report"} <= set(by_key)
    assert "V0_REF" in by_key["verdicts"]["data"]
    assert "| S&P 500 index | 1 |" in by_key["report"]["data"], "the answer by asset class"
    assert "**New tonight**" in by_key["report"]["data"]
    assert f"quality/{DAY}-simulated.html" in by_key["validations"]["data"]
    assert "| core_options__daily_quotes |" in by_key["validations"]["data"]


def test_a_failed_stage_is_in_the_ledger_and_the_next_run_goes_on(
    run_night, warehouse_of, monkeypatch, tmp_path: Path
) -> None:
    import flows.nightly
    from alvh_core.errors import FatalError

    def broken(_night) -> None:
        raise FatalError("planted")

    whole = flows.nightly.score
    monkeypatch.setattr(flows.nightly, "score", broken)
    with pytest.raises(FatalError, match="planted"):
        run_night(tmp_path, DAY).result()
    assert warehouse_of(tmp_path).night("simulated", DAY)["out_alvh__daily_verdicts"].empty
    monkeypatch.setattr(flows.nightly, "score", whole)
    assert run_night(tmp_path, DAY).name == "Completed"
