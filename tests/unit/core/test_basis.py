"""Betas, correlations, indicators and the regime against slow loops, injected values and figures of the paper."""

import numpy as np
import pandas as pd
import pytest

from alvh_core.basis.betas import correlations, partial_r2, slopes
from alvh_core.basis.closes import Closes
from alvh_core.basis.hosts import night_basis
from alvh_core.basis.indicators import night_indicators
from alvh_core.basis.regime import expected_daily_range
from alvh_core.basis.term import tenor_beta
from alvh_core.indicators import macd, wilder_rsi

DAY = pd.Timestamp("2026-07-16")
SESSIONS = pd.bdate_range(end=DAY, periods=800)


def _walk(rng, returns):
    return 100.0 * np.cumprod(np.concatenate([[1.0], 1.0 + np.asarray(returns)]))


def _closes(columns):
    """Columns of equal length, the last value on the night; NaN means no bar."""
    count = len(next(iter(columns.values())))
    wide = pd.DataFrame(columns, index=SESSIONS[-count:]).rename_axis("bar_date").reset_index()
    return Closes.of(wide.melt("bar_date", var_name="symbol", value_name="close_usd").dropna())


def _basis(closes, names, curve=None, changes=None):
    nothing = pd.DataFrame({"curve_date": pd.Series(dtype="datetime64[s]"), "tenor_years": pd.Series(dtype="float64"),
                            "par_yield_frac": pd.Series(dtype="float64")})  # fmt: skip
    no_vol = pd.DataFrame({"underlying": pd.Series(dtype="str"), "trade_date": pd.Series(dtype="datetime64[s]"),
                           "iv30_vol": pd.Series(dtype="float64")})  # fmt: skip
    no_one = pd.DataFrame(index=pd.DatetimeIndex([], dtype="datetime64[s]"))
    found = night_basis(closes, names, no_one if changes is None else changes,
                        curve=nothing if curve is None else curve, volatility=no_vol, trade_date=DAY,
                        source_mode="simulated")  # fmt: skip
    return found.set_index(found["host"].astype("str"))


# --- betas ------------------------------------------------------------------------------------------------------------
def _newey_west(y, x, lags):
    """One regression as its formula is printed, with loops."""
    x_mean, y_mean = sum(x) / len(x), sum(y) / len(y)
    sxx = sum((a - x_mean) ** 2 for a in x)
    slope = sum((a - x_mean) * (b - y_mean) for a, b in zip(x, y, strict=True)) / sxx
    g = [(a - x_mean) * (b - y_mean - slope * (a - x_mean)) for a, b in zip(x, y, strict=True)]
    total = 0.0
    for t in range(len(g)):
        for s in range(len(g)):
            if abs(t - s) <= lags:
                total += (1.0 - abs(t - s) / (lags + 1.0)) * g[t] * g[s]
    return slope, total**0.5 / sxx


@pytest.mark.parametrize("lags", [0, 1, 5])
def test_newey_west_against_a_slow_loop(lags):
    rng = np.random.default_rng(3)
    x = rng.normal(size=80)
    noise = np.convolve(rng.normal(size=84), [0.2] * 5, mode="valid")
    y = np.column_stack([2.0 * x + noise, -x + noise**2])
    fit = slopes(y, x, min_nobs=10, lags=lags)
    for at in range(2):
        slope, se = _newey_west(y[:, at], x, lags)
        assert (fit.slope[at], fit.se[at]) == pytest.approx((slope, se))


def test_an_injected_beta_is_recovered_within_two_errors():
    rng = np.random.default_rng(11)
    x = rng.normal(0.0, 1.2, 252)
    betas = np.array([-0.004, -0.001, 0.0, 0.002])
    fit = slopes(np.outer(x, betas) + rng.normal(0.0, 0.002, (252, 4)), x, min_nobs=120)
    assert (np.abs(fit.slope - betas) <= 2.0 * fit.se).all()
    assert (fit.se > 0).all()


def test_scale():
    rng = np.random.default_rng(2)
    x, y = rng.normal(size=150), rng.normal(size=(150, 2))
    fit, larger = slopes(y, x, min_nobs=120), slopes(3.0 * y, 0.5 * x, min_nobs=120)
    assert larger.slope == pytest.approx(6.0 * fit.slope)
    assert larger.se == pytest.approx(6.0 * fit.se)
    assert larger.r2 == pytest.approx(fit.r2)


@pytest.mark.parametrize(("known", "is_told"), [(119, False), (120, True)])
def test_too_few_pairs_have_no_slope(known, is_told):
    rng = np.random.default_rng(2)
    x, y = rng.normal(size=150), rng.normal(size=(150, 1))
    y[known:] = np.nan
    fit = slopes(y, x, min_nobs=120)
    assert (np.isfinite(fit.slope[0]), fit.nobs[0]) == (is_told, known)


@pytest.mark.parametrize(("low", "count"), [(49.0, 30), (49.01, 0)])
def test_a_loss_of_two_percent_is_stress_to_the_basis_as_to_the_book(low, count):
    spx = np.tile([50.0, low], 30)
    row = _basis(_closes({"SPX": spx, "VIX": 20.0 + np.arange(60.0)}), ["SPX"])
    assert row.loc["SPX", "stress_nobs_count"] == count


def test_spx_on_spx_is_one():
    rng = np.random.default_rng(4)
    spx = _walk(rng, rng.normal(0.0, 0.02, 799))
    half = _walk(rng, np.diff(spx) / spx[:-1] / 2)
    row = _basis(_closes({"SPX": spx, "VIX": 20.0 + rng.normal(size=800), "HALF": half}), ["SPX", "HALF", "GONE"])
    count = int((np.diff(spx) / spx[:-1] < -0.02).sum())
    assert row.loc["SPX", "stress_beta"] == pytest.approx(1.0)
    assert row.loc["HALF", "stress_beta"] == pytest.approx(0.5)
    assert row.loc["SPX", "stress_nobs_count"] == count > 20
    assert row.loc["GONE", ["stress_beta_status", "vix_beta_status"]].tolist() == ["NO_DATA", "NO_DATA"]


def test_vix_beta_of_a_night():
    rng = np.random.default_rng(6)
    moves = rng.normal(0.0, 1.0, 299)
    vix = 50.0 + np.concatenate([[0.0], np.cumsum(moves)])
    row = _basis(_closes({"VIX": vix, "SPX": _walk(rng, -0.004 * moves)}), ["SPX"]).iloc[0]
    assert row["vix_beta_frac"] == pytest.approx(-0.004)
    assert (row["vix_beta_nobs_count"], row["vix_beta_r2_frac"]) == (252, pytest.approx(1.0))
    assert (row["stress_nobs_count"], row["stress_beta_status"]) == (0, "NO_DATA"), "SPX never lost 2 %"


def test_a_night_without_any_bars_says_so():
    row = _basis(_closes({"SPX": np.full(1, np.nan)}), ["SPX"]).iloc[0]
    assert row[["vix_beta_status", "stress_beta_status", "ad_status", "rate_status"]].tolist() == ["NO_DATA"] * 4


# --- rates ------------------------------------------------------------------------------------------------------------
def test_rates_of_a_property_fund():
    rng = np.random.default_rng(8)
    spx, ten = rng.normal(0.0, 0.01, 252), rng.normal(0.0, 0.05, 252)  # percentage points
    other = rng.normal(0.0, 0.05, 252)
    vnq = 0.8 * spx - 0.05 * ten
    share, fit = partial_r2(np.column_stack([vnq, spx]), spx, np.column_stack([ten, other]), min_nobs=120)
    assert fit.slope[0] == pytest.approx(-0.05)
    assert share[0] == pytest.approx(1.0)


def test_the_error_of_a_slope_on_rates_is_that_of_the_printed_formula():
    """``(X'X)^-1 S (X'X)^-1`` with S summed by loops over sessions, two of them missing."""
    rng = np.random.default_rng(13)
    base, ten, slope, noise = rng.normal(size=(4, 90))
    ten = ten + 0.5 * base
    y = 0.7 * base - 0.3 * ten + np.convolve(np.r_[0.0, 0.0, noise], [0.5, 0.3, 0.2], mode="valid")
    y[[20, 21]] = np.nan
    _, fit = partial_r2(y[:, None], base, np.column_stack([ten, slope]), min_nobs=60)
    for nothing_new in (np.column_stack([ten, ten]), np.column_stack([0.0 * ten, slope])):
        share, none = partial_r2(y[:, None], base, nothing_new, min_nobs=60)
        assert np.isnan([share[0], none.slope[0], none.se[0]]).all(), "nobody can tell one from the other"
    x = np.column_stack([np.ones(90), base, ten, slope])
    rows = ~np.isnan(y)
    inverse = np.linalg.inv(x[rows].T @ x[rows])
    beta = inverse @ x[rows].T @ y[rows]
    moments = np.where(rows, y - x @ beta, 0.0)[:, None] * x
    inner = sum((1.0 - abs(t - s) / 6.0) * np.outer(moments[t], moments[s])
                for t in range(90) for s in range(90) if abs(t - s) <= 5)  # fmt: skip
    assert (fit.slope[0], fit.nobs[0]) == (pytest.approx(beta[2]), 88)
    assert fit.se[0] == pytest.approx((inverse @ inner @ inverse)[2, 2] ** 0.5)


def test_rates_of_a_night():
    rng = np.random.default_rng(9)
    spx, ten = rng.normal(0.0, 0.01, 252), rng.normal(0.0, 0.0005, 252)
    days = SESSIONS[-253:]
    levels = 0.04 + np.concatenate([[0.0], np.cumsum(ten)])
    bills = 0.03 + np.concatenate([[0.0], np.cumsum(rng.normal(0.0, 0.0005, 252))])
    curve = pd.concat([pd.DataFrame({"curve_date": days, "tenor_years": tenor, "par_yield_frac": values})
                       for tenor, values in ((10.0, levels), (0.25, bills))])  # fmt: skip
    closes = _closes({"SPX": _walk(rng, spx), "VNQ": _walk(rng, 0.8 * spx - 5.0 * ten), "FLAT": np.full(253, 25.0),
                      "VIX": 20.0 + rng.normal(size=253)})  # fmt: skip
    row, market, flat = (_basis(closes, ["VNQ", "SPX", "FLAT"], curve).iloc[at] for at in range(3))
    assert market["rate_status"] == "IDENTICAL_INSTRUMENTS"
    assert flat["rate_status"] == "INSUFFICIENT", "what does not move is not the market"
    for nothing in (market, flat):
        assert np.isnan(nothing[["rate_beta_frac", "rate_beta_se", "rate_share_frac"]].astype(float)).all()
    assert row["rate_beta_frac"] == pytest.approx(-0.05)  # -5 per unit of yield is -0.05 per percentage point
    assert row["rate_share_frac"] == pytest.approx(1.0)
    assert (row["rate_status"], row["rate_nobs_count"]) == ("OK", 252)
    assert row["rate_beta_se"] == pytest.approx(0.0, abs=1e-9)
    assert row["curve_10y3m_frac"] == pytest.approx(levels[-1] - bills[-1])
    assert row["curve_date"] == days[-1]


@pytest.mark.parametrize(
    ("rows", "slope", "day"),
    [
        ([(0, 10.0, 0.042), (0, 0.25, 0.039)], 0.003, 0),
        ([(0, 10.0, 0.042), (0, 0.25, 0.045)], -0.003, 0),
        ([(-1, 10.0, 0.042), (-1, 0.25, 0.039)], 0.003, -1),  # yesterday's stays yesterday's
        ([(-1, 10.0, 0.042), (-1, 0.25, 0.039), (1, 10.0, 0.09), (1, 0.25, 0.01)], 0.003, -1),  # tomorrow is not known
        ([(-1, 10.0, 0.042), (-1, 0.25, 0.039), (0, 10.0, 0.043)], None, None),  # no three months tonight
        ([], None, None),
    ],
)
def test_slope_of_the_curve(rows, slope, day):
    night = SESSIONS[-1]
    curve = pd.DataFrame([(night + pd.Timedelta(days=at), *told) for at, *told in rows],
                         columns=["curve_date", "tenor_years", "par_yield_frac"])  # fmt: skip
    curve = curve.astype({"curve_date": "datetime64[s]", "tenor_years": "float64", "par_yield_frac": "float64"})
    found = _basis(_closes({"SPX": np.full(3, 100.0), "VNQ": np.full(3, 80.0)}), ["SPX", "VNQ"], curve)
    if slope is None:
        assert found[["curve_10y3m_frac", "curve_date"]].isna().all(axis=None)
    else:
        assert found["curve_10y3m_frac"].tolist() == pytest.approx([slope, slope])
        assert (found["curve_date"] == night + pd.Timedelta(days=day)).all()


# --- correlations -----------------------------------------------------------------------------------------------------
def test_levels_of_random_walks_correlate_for_nothing():
    rng = np.random.default_rng(1)
    x, y = rng.normal(size=(400, 252)).cumsum(axis=1), rng.normal(size=(400, 252)).cumsum(axis=1)
    level = np.array([np.corrcoef(a, b)[0, 1] for a, b in zip(x, y, strict=True)])
    change = np.array([
        correlations(np.diff(b)[:, None], np.diff(a), min_nobs=60).slope[0] for a, b in zip(x, y, strict=True)
    ])  # fmt: skip
    assert np.sqrt(np.mean(level**2)) > 0.4
    assert np.sqrt(np.mean(change**2)) == pytest.approx(1.0 / np.sqrt(251), rel=0.1)


def test_pearson_is_numpys():
    rng = np.random.default_rng(1)
    x, y = rng.normal(size=63), rng.normal(size=(63, 3))
    fit = correlations(y - 0.5 * x[:, None], x, min_nobs=60)
    expected = [np.corrcoef(y[:, at] - 0.5 * x, x)[0, 1] for at in range(3)]
    assert fit.slope == pytest.approx(expected)
    assert fit.se == pytest.approx(np.sqrt((1.0 - np.square(expected)) / 61))


def test_a_host_is_beside_the_breadth_of_all_others():
    """Ten members that know nothing of one another, and one outside: by a plain loop, and near zero on average."""
    rng = np.random.default_rng(21)
    names = [f"M{at}" for at in range(10)]
    closes = _closes({name: _walk(rng, rng.normal(0.0, 0.01, 63).round(3)) for name in [*names, "OUT"]})
    moves = np.diff(closes.values, axis=0)
    changes = pd.DataFrame(moves, SESSIONS[-63:].astype("datetime64[s]"), closes.symbols)[names]
    changes.iloc[5, 3] = np.nan  # M3 splits: it is not counted, and its own return is known
    found = _basis(closes, [*names, "OUT"], changes=changes)
    for name in [*names, "OUT"]:
        own = closes.of_symbol(name)
        shares = []
        for day in range(63):
            others = [changes.iloc[day][other] for other in names if other != name]
            up, down = sum(move > 0 for move in others), sum(move < 0 for move in others)
            shares.append((up - down) / (up + down))
        returns = pd.Series(own[1:] / own[:-1] - 1.0)
        assert found.loc[name, "ad_corr63"] == pytest.approx(returns.corr(pd.Series(shares)))
        assert found.loc[name, "ad_rank_corr63"] == pytest.approx(returns.corr(pd.Series(shares), method="spearman"))
    assert abs(found.loc[names, "ad_corr63"].mean()) < 0.1, "counted with themselves they are at 0.25"
    assert (found["ad_status"] == "OK").all()


# --- indicators -------------------------------------------------------------------------------------------------------
def test_a_matrix_equals_column_by_column():
    rng = np.random.default_rng(12)
    prices = {name: _walk(rng, rng.normal(0.0, 0.01, 399)) for name in ("AAA", "BBB", "GAP", "LATE", "NEW")}
    prices["GAP"][200] = np.nan
    prices["LATE"][:100] = np.nan
    prices["NEW"][:-84] = np.nan
    found = night_indicators(_closes(prices), DAY, "simulated")
    rows = found.set_index(found["symbol"].astype("str"))
    for name, values in prices.items():
        own = values[~np.isnan(values)]
        line = macd(own)
        assert rows.loc[name, "bars_count"] == len(own)
        assert rows.loc[name, "rsi14"] == pytest.approx(wilder_rsi(own)[-1])
        assert rows.loc[name, "macd_line_usd"] == pytest.approx(line.line[-1])
        assert rows.loc[name, "macd_signal_usd"] == pytest.approx(line.signal[-1])
        assert rows.loc[name, "macd_hist_usd"] == pytest.approx(line.histogram[-1])
        assert rows.loc[name, "ma50_usd"] == pytest.approx(own[-50:].mean())
        moves = np.diff(np.log(own))[-20:]
        assert rows.loc[name, "hv20_vol"] == pytest.approx(moves.std(ddof=1) * 252**0.5)
    assert rows["rsi_status"].astype(str).to_dict() == dict.fromkeys(prices, "OK") | {"NEW": "INSUFFICIENT"}
    assert rows.loc["NEW", "macd_status"] == "INSUFFICIENT"
    turned = night_indicators(_closes(dict(reversed(prices.items()))), DAY, "simulated")
    pd.testing.assert_frame_equal(found.reset_index(drop=True), turned.reset_index(drop=True))


# --- the regime -------------------------------------------------------------------------------------------------------
@pytest.mark.parametrize(("vol", "percent"), [(17.95, 1.1307), (16.0, 1.008), (14.92, 0.94)])
def test_expected_daily_range_of_the_paper(vol, percent):
    assert 100.0 * expected_daily_range(vol, vol / 100.0) == pytest.approx(percent, abs=1e-4 if vol != 14.92 else 5e-4)


# --- tenors -----------------------------------------------------------------------------------------------------------
def test_a_longer_future_follows_less():
    betas = tenor_beta(np.arange(1, 400))
    assert (np.diff(betas) <= 0).all()
    assert tenor_beta([30, 110, 220]).tolist() == [0.53, 0.27, 0.17]
    assert (tenor_beta(np.arange(1, 400), {30: 0.2, 110: 0.5, 220: 0.1}) <= 0.2).all()
    assert np.isnan(tenor_beta([np.nan])[0])
