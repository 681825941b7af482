"""Basis: regressions against slow references, injected betas, changes against levels; regime and indicators."""

import numpy as np
import pandas as pd
import pytest

from alvh_core import frames
from alvh_core.basis.betas import correlations, partial_r2, slopes
from alvh_core.basis.closes import Closes
from alvh_core.basis.hosts import night_basis
from alvh_core.basis.indicators import night_indicators
from alvh_core.basis.regime import expected_daily_range, front_futures, night_regime
from alvh_core.indicators import macd, wilder_rsi
from alvh_core.registry.basis import REGIME
from alvh_core.schemas import MODEL_FREE, RATE_CURVE, VX_SETTLEMENTS

DAYS = pd.bdate_range("2025-01-02", periods=400)
NIGHT = DAYS[-1]
RNG = np.random.default_rng(11)


def is_session(day):
    return day.weekday() < 5


def _closes(**returns):
    """Lay returns out as closes that start at 100."""
    symbols = tuple(sorted(returns))
    paths = [100.0 * np.cumprod(np.concatenate([[1.0], 1.0 + np.asarray(returns[name])])) for name in symbols]
    return Closes(dates=DAYS.to_numpy().astype("datetime64[D]"), symbols=symbols, values=np.column_stack(paths))


def _bars(closes):
    rows = [pd.DataFrame({"symbol": name, "bar_date": closes.dates, "close_usd": closes.of_symbol(name)})
            for name in closes.symbols]  # fmt: skip
    return pd.concat(rows).dropna()


def _slow_newey_west(y, x, lags):
    x = x - x.mean()
    beta = (x * (y - y.mean())).sum() / (x * x).sum()
    moments = x * (y - y.mean() - beta * x)
    total = (moments * moments).sum()
    for lag in range(1, lags + 1):
        for at in range(lag, len(moments)):
            total += 2 * (1 - lag / (lags + 1)) * moments[at] * moments[at - lag]
    return beta, np.sqrt(total) / (x * x).sum()


def test_newey_west_against_a_slow_loop():
    x, y = RNG.normal(size=200), RNG.normal(size=200)
    found = slopes(y[:, None], x, min_nobs=120)
    np.testing.assert_allclose([found.slope[0], found.se[0]], _slow_newey_west(y, x, 5), rtol=1e-10)


@pytest.mark.parametrize("scale", [1e-12, 1.0, 1e12])
@pytest.mark.parametrize("level", [0.1, 0.3, 1.0 / 3.0])
def test_what_stands_still_has_no_slope_in_any_unit(scale, level):
    """The mean of 252 times 0.1 is not 0.1: what is left is rounding, and no move."""
    flat, moves = np.full(252, level * scale), np.random.default_rng(5).normal(size=252)
    found = slopes(moves[:, None], flat, min_nobs=120)
    assert np.isnan([found.slope[0], found.se[0], found.r2[0]]).all()
    still = slopes(flat[:, None], scale * moves, min_nobs=120)
    assert still.slope[0] == pytest.approx(0.0, abs=1e-12)
    assert np.isnan(still.r2[0])
    assert np.isnan(correlations(flat[:, None], moves, min_nobs=120).slope[0])
    small = slopes((0.7 * scale * moves)[:, None], scale * moves, min_nobs=120)
    assert small.slope[0] == pytest.approx(0.7)


def test_an_injected_beta_is_found_within_two_errors_and_scales():
    x = RNG.normal(size=252)
    y = 0.7 * x + RNG.normal(size=252)
    found = slopes(np.column_stack([y, 10.0 * y]), x, min_nobs=120)
    assert abs(found.slope[0] - 0.7) < 2.0 * found.se[0]
    assert found.slope[1] == pytest.approx(10.0 * found.slope[0])


def test_too_few_pairs_have_no_slope():
    y = np.where(np.arange(252) < 133, np.nan, RNG.normal(size=252))
    found = slopes(y[:, None], RNG.normal(size=252), min_nobs=120)
    assert (found.nobs[0], np.isnan(found.slope[0])) == (119, True)


def test_rates_are_found_beside_the_market():
    market, ten, slope = RNG.normal(size=(3, 252)) * np.array([[0.01], [0.05], [0.04]])
    vnq = 0.8 * market - 0.05 * ten
    share, fit = partial_r2(np.column_stack([vnq, market]), market, np.column_stack([ten, slope]), min_nobs=120)
    assert share[0] == pytest.approx(1.0)
    assert fit.slope[0] == pytest.approx(-0.05)
    assert np.isnan(share[1]), "rounding explains nothing of what the market leaves of itself"


def test_levels_of_two_walks_correlate_for_nothing_and_changes_do_not():
    one, other = np.cumsum(RNG.normal(0.05, 1.0, (2, 2000)), axis=1)
    levels = correlations(one[:, None], other, min_nobs=60).slope[0]
    changes = correlations(np.diff(one)[:, None], np.diff(other), min_nobs=60).slope[0]
    assert abs(levels) > 0.5 > 0.1 > abs(changes)
    assert correlations(one[:, None], one, min_nobs=60).slope[0] == pytest.approx(1.0)
    assert correlations(one[:, None], one + 1e6, min_nobs=60).slope[0] == pytest.approx(1.0), (
        "the base of a line is free"
    )


def test_basis_of_a_night():
    market = RNG.normal(0.0, 0.02, len(DAYS) - 1)
    closes = _closes(SPX=market, IWM=1.3 * market, VIX=np.clip(-5.0 * market, -0.5, 0.5))
    changes = pd.DataFrame({"UP": 1.0, "DOWN": -1.0, "HIGH": 1.0}, index=DAYS)
    sizes = {"curve": frames.empty(RATE_CURVE), "volatility": frames.empty(MODEL_FREE), "trade_date": NIGHT,
             "source_mode": "recorded"}  # fmt: skip
    found = night_basis(closes, ["SPX", "IWM", "GONE"], changes, **sizes).set_index("host")
    assert found.loc["SPX", "stress_beta"] == pytest.approx(1.0)
    assert found.loc["IWM", "stress_beta"] == pytest.approx(1.3)
    assert found.loc["SPX", "vix_beta_frac"] < 0.0
    assert found.loc["GONE", ["vix_beta_status", "stress_beta_status"]].tolist() == ["NO_DATA", "NO_DATA"]
    mixed = night_basis(closes, ["GONE", "IWM", "SPX"], changes, **sizes).set_index("host")
    pd.testing.assert_frame_equal(found.sort_index(), mixed.sort_index())


def test_indicators_side_by_side_are_those_of_one_symbol():
    closes = _closes(AAA=RNG.normal(0, 0.01, 399), BBB=RNG.normal(0, 0.02, 399), LATE=RNG.normal(0, 0.02, 399))
    closes.values[:300, 2] = np.nan
    found = night_indicators(Closes.of(_bars(closes)), NIGHT, "recorded").set_index("symbol")
    for name in closes.symbols:
        own = closes.of_symbol(name)[~np.isnan(closes.of_symbol(name))]
        assert found.loc[name, "rsi14"] == pytest.approx(wilder_rsi(own)[-1])
        assert found.loc[name, "macd_hist_usd"] == pytest.approx(macd(own).histogram[-1])
    assert found["rsi_status"].tolist() == ["OK", "OK", "INSUFFICIENT"]
    rsi = wilder_rsi(closes.of_symbol("AAA"))
    assert found.loc["AAA", "rsi_pctile_frac"] == pytest.approx(np.mean(rsi[14:] <= rsi[-1]))


def test_a_bar_of_another_day_is_no_indicator_of_tonight():
    closes = _closes(AAA=RNG.normal(0, 0.01, 399), OLD=RNG.normal(0, 0.02, 399))
    closes.values[-10:, 1] = np.nan
    found = night_indicators(Closes.of(_bars(closes)), NIGHT, "recorded").set_index("symbol")
    assert found.loc["OLD", ["rsi_status", "macd_status"]].tolist() == ["NO_DATA", "NO_DATA"]


def test_expected_daily_range_of_the_paper():
    assert expected_daily_range(17.95, 0.1795) == pytest.approx(0.011307, abs=1e-6)
    assert expected_daily_range(16.0, 0.16) == pytest.approx(0.01008, abs=1e-5), "VIX 16 is not 0.94 %"
    assert expected_daily_range(14.92, 0.1492) == pytest.approx(0.0094, abs=1e-5)


def _settled(**values):
    listed = (("N", "2026-07-22"), ("Q", "2026-08-19"), ("U", "2026-09-16"))
    rows = [{"trade_date": "2026-07-15", "source_mode": "recorded", "settle_date": "2026-07-15",
             "settle_kind": "settlement", "expiry_date": day, "futures_symbol": f"VX/{letter}6",
             "settle_vol_points": values.get(letter), "payload_sha256": "x", "row_position": 0}
            for letter, day in listed if letter in values]  # fmt: skip
    return frames.conform(pd.DataFrame(rows), VX_SETTLEMENTS)


def test_the_first_two_futures_are_the_rules_not_the_files():
    night = pd.Timestamp("2026-07-15")
    assert front_futures(_settled(N=17.0, Q=18.0, U=19.0), night, is_session) == (17.0, 18.0)
    for lacking in (_settled(Q=18.0, U=19.0), _settled(N=None, Q=18.0, U=19.0)):
        first, second = front_futures(lacking, night, is_session)
        assert (np.isnan(first), second) == (True, 18.0)
    assert np.isnan(front_futures(_settled(N=17.0, Q=18.0), pd.Timestamp("2026-07-20"), is_session)).all(), (
        "five days old"
    )


def test_the_mean_of_vix_is_one_number_wherever_it_is_read():
    """A session without a bar of VIX is no bar of it: for the indicators, and for the regime as well."""
    night = pd.Timestamp("2026-07-15")
    dates = pd.bdate_range(end=night, periods=201).to_numpy().astype("datetime64[D]")
    vix = np.linspace(10.0, 30.0, 201)
    vix[50] = np.nan
    closes = Closes(dates=dates, symbols=("VIX",), values=vix[:, None])
    mean = night_indicators(closes, night, "recorded")["ma200_usd"].iloc[0]
    assert mean == pytest.approx(np.nanmean(vix))
    for close, above in ((mean - 0.01, False), (mean + 0.01, True)):
        told = night_regime(
            closes, frames.empty(VX_SETTLEMENTS), frames.empty(REGIME), close, is_session, night, "recorded"
        )
        assert bool(told["is_bt_vix_above_200dma"].iloc[0]) is above


@pytest.mark.parametrize(
    ("vix", "second", "expected"), [(30.0, 20.2, [True, True, True]), (10.0, 20.1, [False, True, False])]
)
def test_big_top_is_three_columns_and_their_base_rate(vix, second, expected):
    days = pd.bdate_range(end="2026-07-15", periods=260)
    path = 100.0 * np.cumprod(1.0 + np.where(np.arange(260) % 2, 0.005, -0.005))
    values = np.column_stack([path, np.full(260, 20.0), np.full(260, 18.0)])
    closes = Closes(dates=days.to_numpy().astype("datetime64[D]"), symbols=("SPX", "VIX", "VIX9D"), values=values)
    args = (
        closes,
        _settled(N=18.0, Q=second),
        frames.empty(REGIME),
        vix,
        is_session,
        pd.Timestamp("2026-07-15"),
        "recorded",
    )
    found = night_regime(*args)
    row = found.iloc[0]
    assert [bool(row[name]) for name in ("is_bt_vix_above_200dma", "is_bt_iv_over_rv", "is_bt_contango")] == expected
    assert bool(row["is_bt_all"]) == all(expected)
    after = night_regime(args[0], _settled(N=18.0, Q=18.1), found, *args[3:]).iloc[0]
    assert (after["bt_nights_count"], after["bt_base_rate_frac"]) == (2, all(expected) / 2)
    unknown = night_regime(args[0], frames.empty(VX_SETTLEMENTS), found, *args[3:]).iloc[0]
    assert pd.isna(unknown["is_bt_contango"]), "without the first future there is no contango"
    assert unknown["bt_nights_count"] == 1
