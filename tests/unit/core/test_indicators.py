"""RSI and MACD: seeds, gaps, degenerate series. Published numbers are in tests/golden."""

from itertools import pairwise

import numpy as np
import pytest

from alvh_core.indicators import exponential_mean, macd, wilder_rsi


def _slow_ema(values, span):
    mean, result = values[0], []
    for value in values:
        mean = mean + 2.0 * (value - mean) / (span + 1.0)
        result.append(mean)
    return result


def _slow_rsi(close, periods=14):
    changes = [b - a for a, b in pairwise(close)]
    up = sum(max(c, 0.0) for c in changes[:periods]) / periods
    down = sum(max(-c, 0.0) for c in changes[:periods]) / periods
    result = [100.0 * up / (up + down)]
    for c in changes[periods:]:
        up = (up * (periods - 1) + max(c, 0.0)) / periods
        down = (down * (periods - 1) + max(-c, 0.0)) / periods
        result.append(100.0 * up / (up + down))
    return result


@pytest.fixture(scope="module")
def closes():
    rng = np.random.default_rng(7)
    return 40.0 * np.exp(np.cumsum(rng.normal(0.0, 0.02, 300)))


def test_macd_against_a_slow_recursion(closes):
    found = macd(closes)
    line = [f - s for f, s in zip(_slow_ema(closes, 12), _slow_ema(closes, 26), strict=True)]
    signal = _slow_ema(line, 9)
    np.testing.assert_allclose(found.line, line, atol=1e-12)
    np.testing.assert_allclose(found.signal, signal, atol=1e-12)
    np.testing.assert_allclose(found.histogram, np.subtract(line, signal), atol=1e-12)


def test_macd_of_the_last_published_row():
    # bukosabino/ta cs-macd.csv, last row: the line is the difference of its two means, the histogram line less signal
    assert pytest.approx(0.9956504772, abs=2e-8) == 39.24092881 - 38.24527833
    assert pytest.approx(0.0352967683, abs=1e-9) == 0.9956504772 - 0.9603537089


def test_rsi_against_a_slow_recursion(closes):
    found = wilder_rsi(closes)
    assert np.isnan(found[:14]).all()
    np.testing.assert_allclose(found[14:], _slow_rsi(list(closes)), atol=1e-10)


@pytest.mark.parametrize(
    ("close", "expected"),
    [
        pytest.param(np.arange(1.0, 21.0), 100.0, id="nothing fell"),
        pytest.param(np.arange(20.0, 0.0, -1.0), 0.0, id="nothing rose"),
        pytest.param(np.full(20, 5.0), 50.0, id="nothing moved"),
    ],
)
def test_rsi_of_degenerate_series(close, expected):
    assert wilder_rsi(close)[14:].tolist() == [expected] * 6


@pytest.mark.parametrize("n", [0, 1, 14])
def test_rsi_is_missing_before_the_fifteenth_bar(n):
    found = wilder_rsi(np.linspace(1.0, 2.0, n))
    assert found.shape == (n,)
    assert np.isnan(found).all()


def test_a_missing_close_spoils_what_follows_and_nothing_before(closes):
    holed = closes.copy()
    holed[40] = np.nan
    for function in (wilder_rsi, lambda c: macd(c).histogram):
        whole, cut = function(closes), function(holed)
        np.testing.assert_array_equal(cut[:40], whole[:40])
        assert np.isnan(cut[40:]).all()


def test_no_value_depends_on_later_closes(closes):
    np.testing.assert_array_equal(wilder_rsi(closes[:100]), wilder_rsi(closes)[:100])
    np.testing.assert_array_equal(macd(closes[:100]).signal, macd(closes).signal[:100])


def test_an_empty_series_has_an_empty_mean():
    assert exponential_mean([], 9).shape == (0,)
    assert macd([]).line.shape == (0,)
    assert exponential_mean([3.0], 9).tolist() == [3.0]
