"""The evaluation: paths, shortfall beside holding less, stress windows, luck, and every branch of the rules."""

from dataclasses import replace
from datetime import date

import numpy as np
import pandas as pd
import pytest

from alvh_core import frames
from alvh_core.bars import host_returns
from alvh_core.basis.closes import Closes
from alvh_core.evaluation.luck import edge_interval, placebo_p_value, random_calendars
from alvh_core.evaluation.measures import measures
from alvh_core.evaluation.nights import PRINTS, VOUCHED, host_closes
from alvh_core.evaluation.paths import BOOKED, Paths, ladder_paths
from alvh_core.evaluation.rules import EvidenceRule, Measured, decide, failures, shortcomings
from alvh_core.evaluation.ruling import Evaluation, rule_on
from alvh_core.evaluation.shortfall import benefit, derisk_saved
from alvh_core.evaluation.windows import StressWindow, found_windows
from alvh_core.profiles import UNFILTERED_TWIN
from alvh_core.registry.evaluation import EVALUATION
from alvh_core.triggers import LADDER

RULE = EvidenceRule()
NAN = float("nan")


def days(count):
    return np.datetime64("2026-01-01") + np.arange(count)


def path(returns, gains, *, held=None):
    """Paths of ladders with one host each; returns and gains of shape (n, columns)."""
    returns, gains = (np.atleast_2d(np.asarray(x, dtype=float).T).T for x in (returns, gains))
    start = np.zeros((1, returns.shape[1]))
    price = 100.0 * np.vstack([1.0 + start, np.cumprod(1.0 + returns, axis=0)])
    gain = np.vstack([start, np.cumsum(gains, axis=0)])
    is_held = np.ones(price.shape, dtype=bool) if held is None else np.asarray(held)[:, None]
    return Paths(dates=days(len(price)), price=price, gain={"mid": gain, "eff": gain, "touch": gain},
                 is_held=is_held, refused_count=np.zeros(price.shape),
                 notional_usd=np.full(price.shape[1], 1e6))  # fmt: skip


# --- paths ------------------------------------------------------------------------------------------------------------
def test_a_gain_is_value_and_cash_less_what_crossing_and_fees_took():
    night = {"host": "SPX", "variant": "V0_REF", "hedge_symbol": "VIX", "profile": "trigger_442"}
    rows = pd.DataFrame([
        {**night, "trade_date": "2026-07-13", "book_mark_usd": 100.0, "cash_mid_usd": -100.0, "crossing_usd": 10.0,
         "fees_usd": 1.0, "units_open": 4, "armed_sessions_count": 3, "armed_passes_count": 1},
        {**night, "trade_date": "2026-07-15", "book_mark_usd": None, "cash_mid_usd": 0.0, "crossing_usd": 0.0,
         "fees_usd": 0.0, "units_open": 4},
        {**night, "trade_date": "2026-07-16", "book_mark_usd": 150.0, "cash_mid_usd": 30.0, "crossing_usd": 0.0,
         "fees_usd": 0.0, "units_open": 2, "armed_sessions_count": 5, "armed_passes_count": 2},
    ]).assign(trade_date=lambda x: pd.to_datetime(x["trade_date"]))  # fmt: skip
    closes = Closes(dates=np.arange("2026-07-10", "2026-07-18", dtype="datetime64[D]"), symbols=("SPX",),
                    values=np.arange(8.0)[:, None] + 100.0)  # fmt: skip
    both = pd.DataFrame([night, {**night, "host": "IWM"}])[LADDER]
    found = ladder_paths(frames.conform(rows, BOOKED), both, closes, np.array([1000.0, 1000.0]))
    assert found.dates.astype(str).tolist() == ["2026-07-13", "2026-07-14", "2026-07-15", "2026-07-16"]
    np.testing.assert_allclose(found.gain["mid"][:, 0], [0.0, NAN, NAN, 0.08])  # no night, no mark: no gain
    np.testing.assert_allclose(found.gain["touch"][:, 0], [-0.011, NAN, NAN, 0.069])
    np.testing.assert_allclose(found.gain["eff"][-1, 0], 0.08 - 0.0059 - 0.001)
    np.testing.assert_allclose(found.price[:, 0], [103.0, 104.0, 105.0, 106.0])
    assert np.isnan(found.gain["mid"][:, 1]).all(), "a ladder without rows"
    np.testing.assert_allclose(found.refused_count[:, 0], [2.0, NAN, NAN, 3.0])


def test_an_index_without_bars_is_evaluated_by_its_last_prints(calendar):
    bars = pd.DataFrame([["SPX", "2026-07-15", 6000.0], ["SPX", "2026-07-16", 6010.0]],
                        columns=["symbol", "bar_date", "close_usd"]).astype({"bar_date": "datetime64[s]"})  # fmt: skip
    prints = frames.conform(pd.DataFrame([
        ["2026-07-15", "NDX", -15.0, 23000.0], ["2026-07-16", "NDX", -15.0, 23100.0],
        ["2026-07-15", "RUT", 240.0, 2500.0],  # at noon
        ["2026-07-16", "RUT", -15.0, 2510.0],  # in quarantine
        ["2026-07-16", "SPX", -15.0, 9.0], ["2026-07-16", "KO", -15.0, 70.0],  # has bars; trades after hours
    ], columns=["trade_date", "underlying", "minutes_to_close", "underlying_price_usd"]), PRINTS)  # fmt: skip
    quoted = frames.conform(prints[["trade_date", "underlying"]].assign(
        status=np.where(prints["underlying"] == "RUT", "NO_QUOTES", "OK")), VOUCHED)  # fmt: skip
    known = host_closes(bars, prints, quoted, {"SPX", "NDX", "RUT"})
    found = Closes.of(known)
    assert found.symbols == ("NDX", "SPX")
    assert found.of_symbol("NDX").tolist() == [23000.0, 23100.0]
    assert found.of_symbol("SPX").tolist() == [6000.0, 6010.0]
    moves = host_returns(known, date(2026, 7, 16), calendar)
    assert moves.dropna().to_dict() == pytest.approx({"NDX": 100.0 / 23000.0, "SPX": 10.0 / 6000.0})


# --- shortfall beside holding less ------------------------------------------------------------------------------------
def test_half_of_the_host_sold_for_bills_has_no_edge_over_itself():
    rng = np.random.default_rng(1)
    host = rng.normal(0.003, 0.02, (400, 1))
    found = benefit(host, -0.5 * host, 0.0)
    np.testing.assert_allclose(found.hedged, 0.5 * found.unhedged)
    np.testing.assert_allclose(found.edge, 0.0, atol=1e-12)
    np.testing.assert_allclose(found.ratio, 0.5 * found.unhedged / found.cost)


def test_shortfall_by_hand_and_too_few_spans():
    host = np.zeros((100, 1))
    host[:5, 0] = [-0.10, -0.09, -0.08, -0.07, -0.06]
    insured = np.where(host < 0, 0.05, -0.001)
    found = benefit(host, insured, 0.0)
    np.testing.assert_allclose([found.unhedged[0], found.hedged[0]], [0.08, 0.03])
    assert np.isnan(benefit(host[:62], insured[:62], 0.0).edge[0])
    assert benefit(host[:63], insured[:63], 0.0).spans.tolist() == [63]


@pytest.mark.parametrize(
    ("cost", "excess", "saved"),
    [
        pytest.param(0.01, 0.04, 0.25 * 0.08, id="a quarter is sold"),
        pytest.param(0.08, 0.04, 0.08, id="at most all of it"),
        pytest.param(-0.01, 0.04, 0.0, id="what earns is compared with nothing sold"),
        pytest.param(0.01, -0.02, 0.08, id="bills earned more: all of it"),
        pytest.param(0.01, NAN, NAN, id="bills are not known"),
    ],
)
def test_holding_less(cost, excess, saved):
    np.testing.assert_allclose(derisk_saved(np.array([cost]), np.array([excess]), np.array([0.08]), 0.0), [saved])


# --- measures ---------------------------------------------------------------------------------------------------------
def test_measures_of_a_ladder_that_pays_in_the_fall():
    returns, gains = np.zeros(120), np.full(120, -0.0001)
    returns[60:80], gains[60:80] = -0.01, 0.004
    window = StressWindow(first=date(2026, 3, 3), last=date(2026, 3, 21), name="fall")  # sessions 61 to 79 after day 0
    found = measures(path(returns, gains), [window], 0.0).iloc[0]
    assert (found["evaluation_status"], found["windows5_count"], found["stress_windows_count"]) == ("OK", 116, 1)
    np.testing.assert_allclose(found["stress_payoff_usd"], 1e6 * 0.004 * 19, rtol=1e-9)
    assert found["stress_offsets"].startswith("2026-03-03 to 2026-03-21: ")
    assert found["deep_losses_count"] > 0
    assert found["basis_hit_frac"] == 1.0
    np.testing.assert_allclose(found["drawdown_unhedged_frac"], 0.99**20 - 1.0)
    assert found["drawdown_hedged_frac"] > found["drawdown_unhedged_frac"]
    assert found["edge_frac"] > 0.0


@pytest.mark.parametrize(
    ("held", "refused", "deep", "hit"),
    [
        pytest.param(range(120), (), 19, 0.0, id="held: 11 of its 20 sessions fall in spans from 51 to 69"),
        pytest.param((), (), 19, NAN, id="no trigger saw the fall"),
        pytest.param((), range(120), 0, NAN, id="the filter never let it in"),
        pytest.param([0], range(1, 120), 0, NAN, id="nor when the host fell"),
        pytest.param([0, 75], range(1, 120), 14, 0.0, id="late, but in, from 56 on"),
        pytest.param([0], [60], 9, 0.0, id="refused once: the spans from 61 on are the trigger's"),
    ],
)
def test_what_the_filter_kept_out_says_nothing_of_the_basis(held, refused, deep, hit):
    returns = np.zeros(120)
    returns[60:80] = -0.01
    mine, counted = np.isin(np.arange(121), list(held)), np.isin(np.arange(121), list(refused)).cumsum()
    paths = replace(path(returns, np.full(120, -0.0001), held=mine), refused_count=counted[:, None].astype(float))
    found = measures(paths, [], 0.0).iloc[0]
    assert found["deep_losses_count"] == deep
    np.testing.assert_allclose(found["basis_hit_frac"], hit if held else NAN)


@pytest.mark.parametrize(
    ("held", "refused", "payoff", "told"),
    [
        pytest.param([30], range(40, 100), NAN, "the filter kept it out", id="refused every night"),
        pytest.param([30], [80], 0.0, "0.0% of 17.4% lost", id="refused on the last night alone"),
        pytest.param([30], (), 0.0, "0.0% of 17.4% lost", id="no trigger saw the fall"),
        pytest.param([30, 79], range(40, 100), 0.0, "0.0% of 17.4% lost", id="late, but in"),
    ],
)
def test_what_the_filter_kept_out_says_nothing_of_the_payoff_in_stress(held, refused, payoff, told):
    returns = np.zeros(120)
    returns[60:80] = -0.01
    mine, counted = np.isin(np.arange(121), list(held)), np.isin(np.arange(121), list(refused)).cumsum()
    paths = replace(path(returns, np.zeros(120), held=mine), refused_count=counted[:, None].astype(float))
    fall = StressWindow(first=date(2026, 3, 4), last=date(2026, 3, 22), name="fall")  # sessions 62 to 80 after day 0
    found = measures(paths, [fall], 0.0).iloc[0]
    used = 0 if np.isnan(payoff) else 1
    assert (found["stress_windows_count"], found["stress_offsets"]) == (used, f"2026-03-04 to 2026-03-22: {told}")
    np.testing.assert_allclose(found["stress_payoff_usd"], payoff)
    grind = StressWindow(first=date(2026, 4, 15), last=date(2026, 4, 20), name="after it, nothing refused")
    np.testing.assert_allclose(measures(paths, [fall, grind], 0.0)["stress_payoff_usd"], 0.0)


@pytest.mark.parametrize(
    ("counts", "spans"),
    [
        pytest.param([0, 0, 0, 1, 1, 1], [False, True, True], id="an order of the last night earns nothing in it"),
        pytest.param([0, 0, 1, 1, 1, 1], [True, True, True], id="one of the first night does"),
        pytest.param([1, 1, 1, 1, 1, 1], [True, False, False], id="of the first night of all too"),
        pytest.param([0, NAN, NAN, 1, 1, NAN], [False, True, True], id="no night refuses nothing"),
        pytest.param([50, 50, 50, 51, 51, 51], [False, True, True], id="refusals of nights before the first are past"),
        pytest.param([NAN, 50, 50, 51, 51, 51], [False, True, True], id="of one that slept then too"),
    ],
)
def test_a_refusal_keeps_a_ladder_out_of_the_spans_that_its_order_could_earn_in(counts, spans):
    idle = replace(path(np.zeros(5), np.zeros(5), held=np.zeros(6, dtype=bool)), refused_count=np.array([counts]).T)
    assert idle.kept_out(slice(-3), slice(3, None))[:, 0].tolist() == spans


def test_what_was_never_held_cost_and_saved_nothing_that_is_known():
    returns = np.where(np.arange(120) % 10 == 0, -0.05, 0.004)
    window = StressWindow(first=date(2026, 2, 1), last=date(2026, 2, 11), name="fall")
    idle = replace(path(returns, np.zeros(120)), is_held=np.zeros((121, 1), dtype=bool))
    found = measures(idle, [window], 0.0).iloc[0]
    assert (found["evaluation_status"], found["stress_windows_count"]) == ("NEVER_HELD", 1)
    of_ladder = [name for name in EVALUATION.names if name.endswith(("_frac", "_ratio", "_usd", "_offsets"))
                 and "unhedged" not in name and name in found.index]  # fmt: skip
    assert len(of_ladder) == 13
    assert found[of_ladder].isna().all()
    assert found[["es95_unhedged_frac", "cagr_unhedged_frac", "drawdown_unhedged_frac"]].notna().all()


def test_what_is_not_known_is_said():
    lost = path(np.zeros(99), np.full(99, NAN))
    assert measures(lost, [], 0.0)["evaluation_status"].tolist() == ["TOO_SHORT"], "one session is known"
    unmarked = replace(lost, gain={name: np.full((100, 1), NAN) for name in lost.gain})
    assert measures(unmarked, [], 0.0)["evaluation_status"].tolist() == ["NO_VALUES"]
    blind = replace(lost, price=np.full((100, 1), NAN))
    assert measures(blind, [], 0.0)["evaluation_status"].tolist() == ["NO_CLOSES"]
    one = measures(path(np.zeros(1), np.zeros(1)), [], 0.0).iloc[0]
    assert (one["evaluation_status"], one["windows5_count"], one["deep_losses_count"]) == ("TOO_SHORT", 0, 0)


# --- stress windows ---------------------------------------------------------------------------------------------------
def test_a_fall_of_seven_per_cent_is_a_window_from_its_high_to_its_low():
    spx = np.concatenate([np.full(30, 100.0), [98.0, 95.0, 92.9, 91.0, 94.0], np.full(40, 100.0), [93.1], [93.0]])
    found = found_windows(days(len(spx)), spx, ())
    assert [(window.first, window.last) for window in found] == [
        (date(2026, 1, 31), date(2026, 2, 3)), (date(2026, 3, 17), date(2026, 3, 18)),
    ]  # fmt: skip
    declared = [StressWindow(first=date(2026, 2, 1), last=date(2026, 2, 2), name="declared")]
    assert [window.first for window in found_windows(days(len(spx)), spx, declared)] == [date(2026, 3, 17)]
    assert found_windows(days(20), np.full(20, 100.0), ()) == []


# --- luck -------------------------------------------------------------------------------------------------------------
def test_the_interval_holds_the_edge_and_tells_noise_from_insurance():
    rng = np.random.default_rng(2)
    returns = rng.normal(0.0005, 0.01, 500)
    insurance = np.where(returns < -0.01, -0.5 * returns, -0.0004)
    noise = rng.normal(0.0, 0.002, 500)
    for gains, is_real in ((insurance, True), (noise, False)):
        one = path(returns, gains)
        low, high = edge_interval(one, 0.0)
        assert low <= measures(one, [], 0.0)["edge_frac"].iloc[0] <= high
        assert (low > 0.0) == is_real
    assert edge_interval(one, 0.0) == (low, high), "the same sessions give the same draws"


def test_calendars_keep_their_spells():
    held = np.array([False] * 10 + [True] * 5 + [False] * 20 + [True] * 3 + [False] * 12)
    drawn = random_calendars(held, days(len(held)))
    assert (drawn.sum(axis=0) == 8).all()
    assert len({tuple(column) for column in drawn.T}) > 50


def test_a_trigger_that_foresees_falls_beats_random_calendars():
    rng = np.random.default_rng(3)
    returns = rng.normal(0.001, 0.004, 400)
    for start in (50, 150, 250, 350):
        returns[start : start + 6] = -0.02
    always = path(returns, np.where(returns < -0.015, 0.01, -0.0003))
    held = np.zeros(401, dtype=bool)
    for start in (50, 150, 250, 350):
        held[start : start + 6] = True
    foresees = path(returns, np.zeros(400), held=held)
    assert placebo_p_value(foresees, always, 0.0) < 0.02
    late = path(returns, np.zeros(400), held=np.roll(held, 20))
    assert placebo_p_value(late, always, 0.0) > 0.3
    assert np.isnan(placebo_p_value(path(returns, np.zeros(400)), always, 0.0)), "always held has no calendar"


# --- rules ------------------------------------------------------------------------------------------------------------
GOOD = Measured(saved_frac=0.02, cost_frac=0.01, edge_frac=0.01, edge_low_frac=0.004, edge_high_frac=0.02,
                blocked_frac=0.1, pass_frac=0.9, unfiltered_edge_frac=NAN, hit_frac=0.8, payoff_usd=1e5,
                friction_frac=0.2, acid_test=2.0, placebo_p=0.02)  # fmt: skip


@pytest.mark.parametrize(
    ("change", "code"),
    [
        pytest.param({"edge_high_frac": 0.0}, "NO_EDGE", id="F1"),
        pytest.param({"blocked_frac": 0.5, "unfiltered_edge_frac": 0.0}, "BLOCKED_EITHER_WAY", id="F2"),
        pytest.param({"hit_frac": 0.49}, "NO_BASIS", id="F3"),
        pytest.param({"friction_frac": 0.5}, "FRICTION", id="F4"),
        pytest.param({"payoff_usd": 0.0, "friction_frac": NAN}, "NO_PAYOFF", id="F4 without a payoff"),
        pytest.param({"acid_test": 0.99}, "NO_CAPACITY", id="F5"),
    ],
)
def test_each_failure_alone_makes_it_fall_apart(change, code):
    found = replace(GOOD, **change)
    assert [line.split(":")[0] for line in failures(found, RULE)] == [code]
    verdict, reasons = decide(found, GOOD, "another", RULE)
    assert (verdict, reasons[0].split(":")[0]) == ("FALLS_APART", code)


@pytest.mark.parametrize(
    "change",
    [
        pytest.param({"blocked_frac": 1.0}, id="what it would have earned without the filter is not known"),
        pytest.param({"blocked_frac": 1.0, "unfiltered_edge_frac": 1e-9}, id="without the filter it saves something"),
        pytest.param({"blocked_frac": 0.49, "unfiltered_edge_frac": -0.01}, id="the filter is not in the way"),
        pytest.param({"hit_frac": 0.5}, id="half of the falls"),
        pytest.param({"blocked_frac": NAN, "acid_test": NAN}, id="not known"),
    ],
)
def test_at_the_limit_and_unknown_is_no_failure(change):
    assert failures(replace(GOOD, **change), RULE) == []


@pytest.mark.parametrize(
    ("change", "code"),
    [
        pytest.param({"edge_low_frac": 0.0}, "EDGE_BY_LUCK", id="interval"),
        pytest.param({"edge_low_frac": NAN}, "EDGE_BY_LUCK", id="no interval"),
        pytest.param({"saved_frac": 0.0149}, "BELOW_REFERENCE", id="three quarters of the reference"),
        pytest.param({"blocked_frac": 0.50}, "BLOCKED", id="trigger stopped by the filter"),
        pytest.param({"pass_frac": 0.79}, "SELDOM_PASSES", id="filter"),
        pytest.param({"placebo_p": 0.10}, "TRIGGER_BY_LUCK", id="placebo"),
    ],
)
def test_each_shortcoming_alone_asks_for_an_adaptation(change, code):
    found = replace(GOOD, **change)
    assert [line.split(":")[0] for line in shortcomings(found, GOOD, RULE)] == [code]
    assert decide(found, GOOD, "ratio_5_5_0 as V0_REF in VIX", RULE)[0] == "ADAPT"
    verdict, reasons = decide(found, GOOD, None, RULE)
    assert (verdict, reasons[-1].split(":")[0]) == ("FALLS_APART", "NO_ADAPTATION")


@pytest.mark.parametrize(
    ("mine", "other", "is_as_good"),
    [
        pytest.param((0.015, 0.01), (0.02, 0.01), True, id="exactly three quarters"),
        pytest.param((0.001, -0.01), (0.02, 0.01), True, id="it earned"),
        pytest.param((-0.001, -0.01), (0.02, 0.01), False, id="it earned and saved nothing"),
        pytest.param((0.02, 0.01), (0.02, -0.01), False, id="the reference earned"),
    ],
)
def test_benefit_per_cost_beside_the_reference(mine, other, is_as_good):
    found, reference = (replace(GOOD, saved_frac=saved, cost_frac=cost) for saved, cost in (mine, other))
    assert ("BELOW_REFERENCE" not in " ".join(shortcomings(found, reference, RULE))) == is_as_good


def test_holds():
    assert decide(GOOD, GOOD, None, RULE)[0] == "HOLDS"
    assert decide(replace(GOOD, placebo_p=NAN), GOOD, None, RULE)[0] == "HOLDS", "no trigger, no placebo"
    assert decide(GOOD, None, None, RULE)[1][0].startswith("NO_REFERENCE")


# --- rulings ----------------------------------------------------------------------------------------------------------
def _evaluation():
    """SPX insured well; IWM by nothing but noise, with another profile that is insured well."""
    rng = np.random.default_rng(4)
    returns = rng.normal(0.0005, 0.01, 600)
    insured, nothing = np.where(returns < -0.01, -0.5 * returns, -0.0004), rng.normal(0.0, 0.0005, 600)
    paths = path(np.column_stack([returns] * 3), np.column_stack([insured, nothing, insured]))
    ladders = pd.DataFrame([
        ["SPX", "V0_REF", "VIX", "tenor_442"], ["IWM", "V1_SAME_HEDGE", "VIX", "trigger_442"],
        ["IWM", "V1_SAME_HEDGE", "VIX", "tenor_442"],
    ], columns=LADDER)  # fmt: skip
    table = measures(paths, [], 0.0).assign(basis_hit_frac=0.9, stress_payoff_usd=1e5, friction_share_frac=0.1)
    standing = pd.DataFrame({"pass_rate_deploy_frac": [0.9] * 3, "filter_blocks_trigger_frac": [0.0] * 3,
                             "acid_test_ratio": [5.0] * 3})  # fmt: skip
    return Evaluation(ladders=ladders, paths=paths, table=table, standing=standing,
                      has_trigger=np.array([False, True, False]), bill_rate=0.0)  # fmt: skip


def _ruled(evaluation, suffices):
    return rule_on(evaluation, np.array(suffices), np.zeros(len(suffices), dtype=bool), RULE)


def test_an_adaptation_is_chosen_on_the_first_half_and_judged_on_the_second():
    found = _ruled(_evaluation(), [True, True, True])
    assert [found.verdicts[at][0] for at in range(3)] == ["HOLDS", "ADAPT", "HOLDS"]
    assert found.verdicts[1][1][0] == "ADAPTATION: tenor_442 as V1_SAME_HEDGE in VIX holds out of sample"
    alone = _ruled(_evaluation(), [True, True, False])
    assert alone.verdicts[1][0] == "FALLS_APART"
    assert 2 not in alone.verdicts
    assert _ruled(_evaluation(), [False] * 3).verdicts == {}


def test_a_control_is_no_adaptation():
    evaluation = _evaluation()
    evaluation.ladders["profile"] = [UNFILTERED_TWIN, "trigger_442", UNFILTERED_TWIN]
    found = _ruled(evaluation, [True, True, True]).verdicts
    assert [found[at][0] for at in range(3)] == ["HOLDS", "FALLS_APART", "HOLDS"]
    assert found[1][1][-1].startswith("NO_ADAPTATION: ")


@pytest.mark.parametrize(
    ("profile", "has_evidence", "is_known"),
    [("trigger_442", True, True), ("trigger_442", False, False), ("ratio_4_4_2", True, False)],
)
def test_what_the_filter_costs_is_read_of_the_default_profiles_twin(profile, has_evidence, is_known):
    evaluation = _evaluation()
    evaluation.ladders["profile"] = ["tenor_442", profile, UNFILTERED_TWIN]
    found = _ruled(evaluation, [True, True, has_evidence]).measured[1]
    assert np.isfinite(found.unfiltered_edge_frac) == is_known
    if is_known:
        assert found.unfiltered_edge_frac == evaluation.table["edge_frac"].iloc[2]
