"""The second engine: what is planted in both halves is found, what is luck or a copy is not; no look-ahead."""

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest

from alvh_core.basis.closes import Closes
from alvh_core.basis.resampling import drawn_counts
from alvh_core.costs.pair_rows import _budgets as budgets_of
from alvh_core.costs.pair_rows import night_pairs
from alvh_core.costs.pairing import MIN_STRESS, NOISE_KEPT_FRAC, Sessions, try_pairs
from alvh_core.costs.structure import READ
from alvh_core.declared_pairs import PairCandidate
from alvh_core.errors import ContractError
from alvh_core.registry.costs import PAIRS
from alvh_core.reporting.pairs import pairs_section
from alvh_core.universe import DEFAULT_UNIVERSE, extend_universe, hosts

SESSIONS, BUDGET = 250, 10_000.0
DATES = pd.bdate_range("2025-07-01", periods=SESSIONS).to_numpy().astype("datetime64[D]")
NIGHT = pd.Timestamp("2026-07-16")


def _sessions(hosts_count=1, every=8, seed=3):
    """A host that loses 3 % on every eighth session, and a ladder that gains a little then."""
    rng = np.random.default_rng(seed)
    returns = np.clip(rng.normal(0.0, 0.005, (SESSIONS, hosts_count)), -0.015, 0.015)
    returns[::every] = -0.03 - 0.01 * rng.random((len(returns[::every]), hosts_count))
    pnl = rng.normal(0.0, 50.0, (SESSIONS, hosts_count)) + np.where(returns < -0.02, 200.0, 0.0)
    return Sessions(dates=DATES, host_returns=returns, pnl_usd=pnl, is_held=np.full(pnl.shape, True))


def _budgets(sessions):
    return np.full(sessions.pnl_usd.shape[1], BUDGET)


def _with_edge(sessions, first, later, noise=0.01, seed=4):
    """A candidate per host that beats the ladder by so much on stress sessions, and is noise on all others."""
    rng = np.random.default_rng(seed)
    edge = np.where(sessions.early, first, later)
    luck = rng.normal(0.0, noise, edge.shape)
    return np.where(sessions.stressed, sessions.pnl_usd / BUDGET + edge, 0.0) + luck


def _tried(sessions, paid):
    return try_pairs(sessions, _budgets(sessions), paid, range(sessions.pnl_usd.shape[1]))


def test_the_first_half_ends_with_its_last_session_that_counts():
    """What is bought between the halves, while nothing was held, is the second half's: no budget looks ahead."""
    held = np.array([1, 1, 1, 0, 0, 1, 1, 1], dtype=bool)[:, None]
    some = Sessions(dates=DATES[:8], host_returns=np.zeros((8, 1)), pnl_usd=np.zeros((8, 1)), is_held=held)
    assert some.early[:, 0].tolist() == [True, True, True] + [False] * 5
    assert some.in_first_half[:, 0].tolist() == [True, True, True] + [False] * 5


def test_a_copy_of_the_ladder_adds_nothing():
    sessions = _sessions()
    found = _tried(sessions, sessions.pnl_usd / BUDGET)
    assert (found.incremental_es[0], found.choice_es[0], found.p_value[0]) == (0.0, 0.0, 1.0)
    assert not found.is_kept[0]
    assert found.corr_stress[0] == pytest.approx(1.0)


def test_a_pair_that_pays_in_stress_in_both_halves_is_kept():
    sessions = _sessions()
    found = _tried(sessions, _with_edge(sessions, 0.05, 0.05))
    assert found.incremental_es[0] == pytest.approx(0.3 * 0.05, abs=0.002)
    assert found.p_value[0] < 0.10
    assert found.is_kept[0]


def test_what_is_saved_is_the_difference_of_two_mean_losses():
    """By hand: the mean loss of host and ladder less that of host, 0.7 of the ladder and 0.3 of the pair."""
    sessions = _sessions()
    paid, scale = _with_edge(sessions, 0.05, 0.02), 0.015
    late = (sessions.stressed & ~sessions.early)[:, 0]
    host, ladder, pair = sessions.host_returns[late, 0], sessions.pnl_usd[late, 0] / BUDGET, paid[late, 0]
    alone, paired = -(host + scale * ladder).mean(), -(host + scale * (0.7 * ladder + 0.3 * pair)).mean()
    assert _tried(sessions, paid).incremental_es[0] == pytest.approx((alone - paired) / scale)


@pytest.mark.parametrize("later", [0.0, -0.05])
def test_a_pair_that_pays_in_the_first_half_only_is_rejected(later):
    sessions = _sessions()
    found = _tried(sessions, _with_edge(sessions, 0.05, later, noise=0.0))
    assert found.choice_es[0] == pytest.approx(0.015)
    assert found.incremental_es[0] == pytest.approx(0.3 * later, abs=1e-12)
    assert not found.is_kept[0]


def test_the_second_half_does_not_choose():
    sessions = _sessions()
    paid = np.column_stack([_with_edge(sessions, 0.05, -0.05), _with_edge(sessions, 0.02, 0.20)])
    found = try_pairs(sessions, _budgets(sessions), paid, [0, 0])
    assert found.chosen.tolist() == [0]
    assert not found.is_kept[0]


def test_noise_is_rejected_about_as_often_as_is_said():
    kept = []
    for seed in range(4):
        sessions = _sessions(hosts_count=400, seed=seed)
        kept.append(_tried(sessions, _with_edge(sessions, 0.0, 0.0, noise=0.02, seed=100 + seed)).is_kept.mean())
    assert np.mean(kept) == pytest.approx(NOISE_KEPT_FRAC, abs=0.02)
    one = _sessions(seed=11)
    assert not _tried(one, _with_edge(one, 0.0, 0.0, noise=0.02, seed=13)).is_kept[0]


def test_a_single_episode_proves_less_than_the_same_in_many():
    many = _sessions(every=10)
    returns = many.host_returns.copy()
    late = np.flatnonzero(many.stressed[:, 0] & ~many.early[:, 0])
    returns[late] = 0.0
    returns[200 : 200 + len(late)] = -0.03
    once = replace(many, host_returns=returns)
    scattered, clustered = (_tried(each, _with_edge(each, 0.05, 0.05)).p_value[0] for each in (many, once))
    assert scattered < 0.01 < clustered


@pytest.mark.parametrize("every", [30, 251])
def test_too_few_stress_sessions_have_counts_and_no_values(every):
    sessions = _sessions(every=every)
    found = _tried(sessions, _with_edge(sessions, 0.05, 0.05))
    assert found.choice_stress[0] + found.late_stress[0] == sessions.stressed.sum() < 2 * MIN_STRESS
    assert np.isnan([found.choice_es[0], found.incremental_es[0], found.p_value[0], found.corr_stress[0]]).all()
    assert not found.is_kept[0]


def test_a_ladder_that_bought_nothing_is_no_measure():
    sessions = _sessions()
    found = try_pairs(sessions, np.zeros(1), _with_edge(sessions, 0.05, 0.05), [0])
    assert (found.chosen[0], np.isnan(found.incremental_es[0])) == (-1, True)


def test_sessions_without_a_ladder_are_no_evidence_of_a_pair():
    """Half of the year nothing is held: what a short proxy earns then, and what it loses, changes nothing."""
    sessions = _sessions(every=4)
    held = np.arange(SESSIONS)[:, None] % 8 < 4  # 32 stress sessions held, 31 not
    paid = _with_edge(sessions, 0.05, 0.05)
    mine = replace(sessions, is_held=held)
    kept, other = (_tried(mine, np.where(held, paid, x)) for x in (0.5, -0.5))
    assert kept.is_kept[0]
    assert (kept.choice_stress[0], kept.late_stress[0]) == (16, 16)
    for name in ("incremental_es", "choice_es", "p_value"):
        assert getattr(kept, name)[0] == getattr(other, name)[0]


@pytest.mark.parametrize("held_sessions", [0, 40])
def test_a_short_proxy_beside_a_ladder_that_was_hardly_held_is_not_judged(held_sessions):
    sessions = _sessions()
    mine = replace(sessions, is_held=np.arange(SESSIONS)[:, None] < held_sessions)
    found = _tried(mine, np.where(sessions.host_returns < -0.02, 0.03, 0.0))
    assert (found.is_kept[0], np.isnan(found.incremental_es[0])) == (False, True)
    assert found.choice_stress[0] + found.late_stress[0] == mine.stressed.sum() == held_sessions // 8


def test_what_moves_as_the_host_is_identical_whichever_way_it_is_held():
    sessions = _sessions()
    found = _tried(sessions, -sessions.host_returns)
    assert (found.is_identical[0], found.chosen[0]) == (True, -1)


def test_hosts_do_not_depend_on_one_another():
    sessions = _sessions(hosts_count=5)
    paid, turned = _with_edge(sessions, 0.01, 0.005, noise=0.03), [3, 0, 4, 2, 1]
    straight = _tried(sessions, paid)
    other = replace(sessions, host_returns=sessions.host_returns[:, turned], pnl_usd=sessions.pnl_usd[:, turned])
    mixed = _tried(other, paid[:, turned])
    for name in ("incremental_es", "choice_es", "p_value", "corr_stress", "late_stress"):
        np.testing.assert_array_equal(getattr(mixed, name), getattr(straight, name)[turned])


def test_draws_are_blocks_of_the_sample():
    drawn = drawn_counts(DATES).T
    assert (drawn.sum(axis=1) == SESSIONS).all()
    np.testing.assert_allclose(drawn.mean(axis=0), 1.0, atol=0.5)
    together = np.mean([np.corrcoef(drawn[:, at], drawn[:, at + 1])[0, 1] for at in range(100)])
    assert together == pytest.approx(0.95, abs=0.04), "neighbours are drawn together but where a block ends"
    np.testing.assert_array_equal(drawn.T, drawn_counts(DATES))


# The rows of a night

SOME = {name: DEFAULT_UNIVERSE[name] for name in ("VIX", "SPX", "XLF", "IWM", "XLE", "KO")}


def _history(sessions, names):
    """Nights of the books of hosts, one more than there are sessions; premium is bought on the first of them."""
    nights = np.concatenate([[DATES[0] - np.timedelta64(1, "D")], DATES])
    rows = []
    for at, name in enumerate(names):
        pnl = np.concatenate([[0.0], sessions.pnl_usd[:, at]])
        variant = "V0_REF" if name == "SPX" else "V1_SAME_HEDGE"
        held = np.append(sessions.is_held[:, at], True)
        rows += [[name, variant, "VIX", "trigger_442", pd.Timestamp(day).date(), x, 0.0, 0.0, 0.0, BUDGET, BUDGET, 0.0,
                  int(units)] for day, x, units in zip(nights, pnl, held, strict=True)]  # fmt: skip
    return pd.DataFrame(rows, columns=list(READ)), nights


def _night(sessions, returns):
    """Return the rows of a night: books of SPX and KO, and closes of everything from its returns."""
    history, nights = _history(sessions, ["SPX", "KO"])
    returns = {"SPX": sessions.host_returns[:, 0], "KO": sessions.host_returns[:, 1], **returns}
    values = np.column_stack([100.0 * np.cumprod(np.concatenate([[1.0], 1.0 + x])) for x in returns.values()])
    closes = Closes(dates=nights, symbols=tuple(returns), values=values)
    found = night_pairs(history, closes, SOME, "mine", NIGHT, "recorded")
    return found.astype({"host": "str", "pair_status": "str", "pair_symbol": "object"}).set_index("host")


def test_a_budget_is_what_was_held_and_what_was_bought():
    early = np.array([[True], [True], [False]])
    marks = np.array([[50.0], [60.0], [70.0], [80.0]])
    for premium, expected in (
        ([100.0, 120.0, 150.0, 400.0], 100.0),  # 50 held, 20 and 30 bought; what comes later does not count
        ([100.0, np.nan, 150.0, 400.0], 100.0),  # a night without a row is no sale and no purchase
        ([np.nan, 120.0, 150.0, 400.0], 150.0),  # a ladder that begins: nothing held before
    ):
        assert budgets_of(np.array(premium)[:, None], marks, early).tolist() == [expected]
    unpriced = np.vstack([[np.nan], marks[1:]])
    assert np.isnan(budgets_of(np.array([[100.0], [120.0], [150.0], [400.0]]), unpriced, early)).all()


def test_every_host_has_a_row_and_a_planted_pair_is_kept_in_its_direction():
    sessions = _sessions(hosts_count=2)
    paid = _with_edge(sessions, 0.05, 0.05)
    rng = np.random.default_rng(9)
    found = _night(sessions, {"IWM": rng.normal(0.0, 0.01, SESSIONS), "XLE": -paid[:, 0]})
    assert found.index.tolist() == [asset.symbol for asset in hosts(SOME)]
    spx = found.loc["SPX"]
    assert (spx["pair_status"], spx["pair_symbol"], spx["pair_direction"]) == ("KEPT", "XLE", -1)
    assert spx["pair_incremental_es"] == pytest.approx(0.015, abs=0.002)
    assert (spx["pair_candidates_count"], spx["pair_nobs_count"]) == (3, SESSIONS), "EEM is not in this universe"
    assert spx["pair_choice_stress_count"] + spx["pair_stress_count"] == sessions.stressed[:, 0].sum()
    told = pairs_section({PAIRS.name: found.reset_index()})
    assert "the ladder of mine put to work" in told.remark
    assert set(found["profile"]) == {"mine"}
    assert told.lead == "5 hosts: INSUFFICIENT 3 · KEPT 2. Kept 2 of 2 judged; about 0.2 would be by luck alone."
    cells = {row.cells[0].text: [cell.text for cell in row.cells] for row in told.tables[0].rows}
    assert (cells["SPX"][1], cells["SPX"][10], cells["XLF"][8]) == ("short XLE", "KEPT", "—")
    bare = found.loc["XLF"]
    assert (bare["pair_status"], bare["pair_nobs_count"], pd.isna(bare["pair_symbol"])) == ("INSUFFICIENT", 0, True)


def test_a_host_whose_ladder_was_never_held_says_so():
    sessions = _sessions(hosts_count=2)
    sessions.is_held[:, 0] = False
    found = _night(sessions, {"XLE": -_with_edge(sessions, 0.05, 0.05)[:, 0]}).loc["SPX"]
    assert (found["pair_status"], found["pair_nobs_count"]) == ("INSUFFICIENT", 0)
    assert found["pair_reason"] == (
        "no session has both a held ladder and a known return; 0 and 0 stress sessions in the halves of the 0 on which "
        "the ladder was held, 10 needed in each"
    )


def test_tonight_and_what_follows_change_nothing():
    sessions = _sessions(hosts_count=2)
    history, nights = _history(sessions, ["SPX", "KO"])
    days = np.append(nights, nights[-1] + np.arange(1, 4))
    rng, names = np.random.default_rng(9), ("IWM", "KO", "SPX", "XLE")
    values = 100.0 * np.cumprod(1.0 + rng.normal(0.0, 0.02, (len(days), len(names))), axis=0)
    other = values.copy()
    other[-3:] *= 0.5
    known, dropped, without = (
        night_pairs(history, Closes(dates=days[: len(x)], symbols=names, values=x), SOME, "mine", NIGHT, "recorded")
        for x in (values, other, values[:-3])
    )
    pd.testing.assert_frame_equal(known, dropped)
    pd.testing.assert_frame_equal(known, without)


def test_a_night_without_any_other_says_so():
    nothing = Closes(dates=DATES[:0], symbols=(), values=np.empty((0, 0)))
    found = night_pairs(pd.DataFrame(columns=list(READ)), nothing, SOME, "mine", NIGHT, "simulated")
    assert found["host"].tolist() == [asset.symbol for asset in hosts(SOME)]
    assert set(found["pair_status"]) == {"INSUFFICIENT"}
    assert found["pair_reason"].str.startswith("no session has both a held ladder and a known return; 0 and").all()
    alone = night_pairs(pd.DataFrame(columns=list(READ)), nothing, {"KO": SOME["KO"]}, "mine", NIGHT, "simulated")
    assert alone["pair_status"].tolist() == ["NO_CANDIDATE"]


# The declarations


def test_every_host_has_candidates_and_none_is_itself_or_made_of_vix():
    for asset in hosts(DEFAULT_UNIVERSE):
        assert asset.pairs
        for pair in asset.pairs:
            assert pair.symbol != asset.symbol
            assert DEFAULT_UNIVERSE[pair.symbol].asset_class not in {"volatility_etp", "vix_index"}


def test_an_entry_may_name_its_own_candidates():
    own = [{"symbol": "GLD"}, {"symbol": "XLE", "direction": -1}]
    document = {"assets": {"GLD": {"asset_class": "index_etf"}, "SPX": {"pair_candidates": own}}}
    found = extend_universe(document, "x")["SPX"]
    assert found.pairs == (PairCandidate(symbol="GLD"), PairCandidate(symbol="XLE", direction=-1))
    assert extend_universe({"assets": {"SPX": {"pair_candidates": []}}}, "x")["SPX"].pairs == ()


@pytest.mark.parametrize(
    ("tables", "message"),
    [
        ([{"symbol": "SPX"}], r"pair_candidates\[0\].symbol: expected an instrument that is neither the host nor"),
        ([{"symbol": "XLE"}, {"symbol": "VXX"}], r"pair_candidates\[1\].symbol: .* found 'VXX'"),
        ([{"symbol": "VIX"}], "found 'VIX'"),
        ([{"symbol": "TLT"}], "no symbol 'TLT' in the universe"),
        ([{"symbol": "XLE", "direction": 2}], r"direction: expected 1 \(bought\) or -1 \(sold short\), found 2"),
        ([{"symbol": "XLE", "direction": True}], "found True"),
        ([{"symbol": "XLE", "weight": 0.5}], "unknown key 'weight'"),
        ([{"direction": 1}], "symbol: expected a symbol of the universe, found None"),
        (["XLE"], "expected a list of tables with symbol"),
    ],
)
def test_identical_and_unknown_instruments_are_refused(tables, message):
    with pytest.raises(ContractError, match=message):
        extend_universe({"assets": {"SPX": {"pair_candidates": tables}}}, "x")
