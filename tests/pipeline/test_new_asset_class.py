"""An asset class that the code does not know is added by one entry of a user's file, and changes no other host."""

import html
from datetime import date
from pathlib import Path

import pandas as pd
import pytest

from alvh_core.profiles import DEFAULT_PROFILE, PROFILES
from alvh_core.registry.rules import RULE_STATES

DAY = date(2026, 11, 18)  # VIX closes at 17.54: below every level and floor that is built in
ENTRY = """
asset_classes = ["commodity_etf"]

[assets.GLD]
asset_class = "commodity_etf"
profile_overrides = { levels_vol_points = [15, 24, 30] }
rules = [
    { kind = "macd_cross", is_enabled = true, layers = [2, 3], floor_vol_points = 17 },
    { kind = "rsi_percentile" },
]
"""
LADDERS = {("V1_SAME_HEDGE", "VIX"), ("V2_VOL_WRAPPER", "VXX"), ("V2_VOL_WRAPPER", "UVXY"), ("V3_NATIVE", "GLD")}
# what is counted over the whole universe, or says when something happened
OF_THE_UNIVERSE = {
    "out_market__daily_breadth", "core_quality__daily_cross_check", "meta_payloads", "meta_validations",
}  # fmt: skip


@pytest.fixture(scope="module")
def with_gold(run_night, small_universe: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    home = tmp_path_factory.mktemp("gold")
    own = home / "own.toml"
    own.write_text(small_universe.read_text().replace("]", ', "GLD"]', 1) + ENTRY)
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("ALVH_UNIVERSE_FILE", str(own))
        assert run_night(home, DAY, is_small=False).name == "Completed"
    return home


@pytest.fixture
def night(with_gold: Path, warehouse_of) -> dict[str, pd.DataFrame]:
    return warehouse_of(with_gold).night("simulated", DAY)


def test_it_is_there_under_every_variant_and_profile(night) -> None:
    expected = {(*ladder, profile) for ladder in LADDERS for profile in PROFILES}
    for table, rows_each in (("ladder_signals", 1), ("verdicts", 1), ("book", 1), ("ladder_legs", 3), ("costs", 1)):
        mine = night[f"out_alvh__daily_{table}"].query("host == 'GLD'")
        assert set(mine[["variant", "hedge_symbol", "profile"]].itertuples(index=False, name=None)) == expected, table
        assert len(mine) == rows_each * len(expected), table
    verdicts = night["out_alvh__daily_verdicts"].query("host == 'GLD'")
    assert set(verdicts["asset_class"]) == {"commodity_etf"}
    assert verdicts["tonight_reason"].ne("").all()
    scored = night["out_liquidity__daily_spread_scores"].query("level == 'asset_class'")
    assert "commodity_etf" in set(scored["key"])


def test_its_rules_say_their_state_and_reason(night) -> None:
    rules = night["out_alvh__daily_host_rules"].query("host == 'GLD'").set_index(["host_rule", "layer_no"])
    assert set(rules.index) == {("macd_cross", 2), ("macd_cross", 3), *(("rsi_percentile", at) for at in (1, 2, 3))}
    assert set(rules["rule_state"]) <= set(RULE_STATES)
    assert rules.loc["rsi_percentile", "rule_state"].tolist() == ["OFF"] * 3  # told, and not enabled
    assert rules.loc["rsi_percentile", "rule_reason"].str.startswith("RSI ").all()
    assert rules.loc["macd_cross", "rule_state"].tolist() == ["ACTIVE", "CLEAR"]
    assert rules.loc["macd_cross", "rule_reason"].str.contains(r"^bearish cross .* VIX 17\.54, floor 17$").all()


def test_its_own_level_and_rule_arm_its_ladders_and_no_others(night) -> None:
    state = night["out_alvh__daily_ladder_state"].query("is_armed")
    state = state[state["profile"] == DEFAULT_PROFILE]
    armed = set(state[["host", "variant", "hedge_symbol", "layer_no"]].itertuples(index=False, name=None))
    # layer 1 by its level of 15; layer 2 by the rule, far below its level of 24
    assert armed == {("GLD", *ladder, layer) for ladder in LADDERS for layer in (1, 2)}


def test_the_report_has_it(night, with_gold: Path) -> None:
    page = html.unescape((with_gold / "reports" / f"{DAY}-simulated.html").read_text())
    assert '<th scope="row">GLD</th>' in page
    assert "<span>commodity_etf</span>" in page
    assert "Levels of their own: GLD." in page
    rules = night["out_alvh__daily_host_rules"].query("host == 'GLD' and host_rule == 'macd_cross'")
    assert all(reason in page for reason in rules["rule_reason"])


def test_nothing_else_changes(night, simulated_home: Path, warehouse_of) -> None:
    """The same night without the entry: every row of every other symbol is the same to the last digit."""
    without = warehouse_of(simulated_home).night("simulated", DAY)
    assert set(night) == set(without)
    for name in set(night) - OF_THE_UNIVERSE:
        left, right = _of_others(name, night[name]), _of_others(name, without[name])
        pd.testing.assert_frame_equal(left, right, obj=name)


def _of_others(name: str, frame: pd.DataFrame) -> pd.DataFrame:
    text = frame.astype("str")
    text = text[~text.apply(lambda column: column.str.contains(r"\bGLD\b|commodity_etf")).any(axis=1)]
    # in the simulated market breadth is counted over the universe's own symbols, of which there is one more
    if name == "out_alvh__daily_host_rules":
        text = text[text["host_rule"] != "ad_correlation"]
    if name == "out_basis__daily_hosts":
        text = text.drop(columns=[column for column in text if column.startswith("ad_") and column != "ad_status"])
    return text.sort_values(list(text)).reset_index(drop=True)
