"""Recorded real nights, end to end: the contracts a ladder would really have bought.

The recordings may not be redistributed; where their folder is absent these tests skip.
"""

import gzip
import shutil
from collections.abc import Callable
from datetime import date
from functools import cache
from pathlib import Path

import pandas as pd
import pytest

from alvh_core.profiles import PROFILES
from alvh_core.universe import DEFAULT_UNIVERSE, hosts

LEGS, SIGNALS, VERDICTS = "out_alvh__daily_ladder_legs", "out_alvh__daily_ladder_signals", "out_alvh__daily_verdicts"
JULY_10, JULY_16, JULY_31 = date(2026, 7, 10), date(2026, 7, 16), date(2026, 7, 31)


Night = dict[str, pd.DataFrame]


@pytest.fixture(scope="module")
def replay(run_night, recorded: Path, tmp_path_factory) -> Callable[..., Night]:
    """Replay a night of a recording, each once, on the whole universe; its published tables."""
    from tasks.warehouse.repository import Warehouse

    @cache
    def one(day: date, source: Path = recorded) -> Night:
        home = tmp_path_factory.mktemp("home")
        state = run_night(home, day, f"recorded:{source}", is_small=False)
        assert state.is_completed(), state
        warehouse = Warehouse(f"sqlite:///{home}/warehouse.sqlite")
        night = warehouse.night("recorded", day)
        warehouse.close()
        return night

    return one


def reference_legs(night: Night) -> pd.DataFrame:
    legs = night[LEGS]
    mine = (legs["host"] == "SPX") & (legs["variant"] == "V0_REF") & (legs["profile"] == "trigger_442")
    return legs[mine].set_index("layer_no")


def test_july_16_buys_the_monthlies_and_misses_the_third_layer(replay) -> None:
    night = replay(JULY_16)
    legs = reference_legs(night)
    assert legs.loc[1, "osi_symbol"].startswith("VIX   260819C")
    assert legs.loc[1, "dte_days"] == 34
    assert round(legs.loc[1, "forward_usd"], 2) == 18.55
    assert legs.loc[2, "expiry_date"] == pd.Timestamp("2026-10-21")
    assert round(legs.loc[2, "forward_usd"], 2) == 20.34
    assert legs.loc[3, "leg_status"] == "NO_EXPIRY"
    signals = night[SIGNALS]
    is_default = signals["profile"] == "trigger_442"
    reference = signals[(signals["variant"] == "V0_REF") & is_default].iloc[0]
    assert reference["filter_state"] == "MISSING_LEG"
    assert reference["vix_close_vol_points"] == 16.73
    assert reference["layers_armed_count"] == 0


def test_july_31_takes_a_weekly_because_the_monthly_would_be_rolled_at_once(replay) -> None:
    first = reference_legs(replay(JULY_31)).loc[1]
    assert first["osi_symbol"].startswith("VIXW  260902C")
    assert first["root"] == "VIXW"


@pytest.mark.parametrize("day", [JULY_16, JULY_31], ids=str)
def test_every_host_variant_and_profile_has_a_row_with_a_state(replay, day: date) -> None:
    night = replay(day)
    wrappers = [asset.symbol for asset in DEFAULT_UNIVERSE.values() if asset.asset_class == "volatility_etp"]
    kinds = [("V1_SAME_HEDGE", 1), ("V2_VOL_WRAPPER", len(wrappers)), ("V3_NATIVE", 1)]
    expected = {(host.symbol, kind, profile): count
                for host in hosts(DEFAULT_UNIVERSE) for kind, count in kinds for profile in PROFILES}  # fmt: skip
    expected |= {("SPX", "V0_REF", profile): 1 for profile in PROFILES}
    signals = night[SIGNALS].astype({"host": "str", "variant": "str", "profile": "str"})
    assert signals.groupby(["host", "variant", "profile"]).size().to_dict() == expected
    assert signals[["filter_state", "action"]].notna().all(axis=None)
    legs = night[LEGS]
    assert len(legs) == 3 * len(signals)
    assert legs[["leg_status", "leg_action", "size_status"]].notna().all(axis=None)


@pytest.mark.parametrize("day", [JULY_16, JULY_31], ids=str)
def test_the_same_hedge_is_the_same_to_the_cent_for_every_host(replay, day: date) -> None:
    legs = replay(day)[LEGS]
    columns = [
        "layer_no",
        "osi_symbol",
        "strike_usd",
        "bid_usd",
        "ask_usd",
        "mid_usd",
        "spread_frac",
        "premium_usd",
        "leg_status",
    ]
    reference = legs.loc[legs["variant"] == "V0_REF", columns].reset_index(drop=True)
    same = legs[legs["variant"] == "V1_SAME_HEDGE"]
    assert same["host"].nunique() == 27
    for _, host in same.groupby("host", observed=True):
        pd.testing.assert_frame_equal(host[columns].reset_index(drop=True), reference)


def test_nothing_after_the_night_is_seen(replay, recorded: Path, tmp_path: Path) -> None:
    """Plant a VIX close, a bar and a curve row of the next day: the night must not change."""
    honest = replay(JULY_16)
    planted = tmp_path / "planted"
    assert honest["core_market__daily_closes"].set_index("symbol").loc["VIX", "close_usd"] == 16.73
    shutil.copytree(recorded / "histories", planted / "histories")
    shutil.copytree(recorded / str(JULY_16), planted / str(JULY_16))
    bar = '{"date":"2026-07-17","open":1,"high":9,"low":1,"close":5,"volume":1}'
    cboe, treasury = "cdn-api.cboe.com/api/global", "home.treasury.gov/resource-center/data-chart-center"
    _change(planted / f"histories/{cboe}/us_indices/daily_prices/VIX_History.csv.gz",
            lambda text: "\n".join(_without_after(text)) + "\n07/17/2026,99,99,99,99\n")  # fmt: skip
    _change(planted / f"histories/{cboe}/delayed_quotes/charts/historical/XLF.json.gz",
            lambda text: text.replace('"data":[', f'"data":[{bar},'))  # fmt: skip
    _change(planted / f"histories/{treasury}/interest-rates/daily-treasury-rates.csv/2026/all.csv.gz",
            lambda text: text.replace("\n", "\n07/17/2026,90,90,90,90,90\n", 1))  # fmt: skip
    tempted = replay(JULY_16, planted)
    for name, frame in honest.items():
        if name.startswith(
            ("out_", "core_")
        ):  # the planted file has another hash and other row numbers, no other values
            kept = [c for c in frame.columns if c not in {"payload_sha256", "row_position"}]
            pd.testing.assert_frame_equal(tempted[name][kept], frame[kept], obj=name)


def _without_after(text: str) -> list[str]:
    head, *rows = text.splitlines()
    return [head, *(row for row in rows if pd.to_datetime(row[:10], format="%m/%d/%Y") <= pd.Timestamp(JULY_16))]


def _change(path: Path, edit) -> None:
    before = gzip.decompress(path.read_bytes()).decode()
    after = edit(before)
    assert after != before
    path.chmod(0o644)
    path.parent.chmod(0o755)
    path.unlink()
    path.write_bytes(gzip.compress(after.encode()))


def test_quotes_taken_at_night_are_labelled_and_block(replay) -> None:
    """The wrappers' chains of 10 July were collected after midnight; there is no VIX chain at all."""
    night = replay(JULY_10)
    snapshots = night["core_options__daily_snapshots"].set_index("underlying")
    assert snapshots.loc["VXX", "quote_clock"] == "after_hours"
    signals = night[SIGNALS]
    assert (signals.loc[signals["hedge_symbol"] == "VIX", "filter_state"] == "NO_DATA").all()
    wrapped = night[VERDICTS].query("hedge_symbol == 'VXX'")
    assert len(wrapped)
    assert (wrapped["tonight"] == "BLOCKED").all()
    scores = night["out_liquidity__daily_spread_scores"]
    assert "after hours" in scores.loc[scores["key"] == "VXX", "quotes_note"].iloc[0]
