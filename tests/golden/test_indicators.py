"""RSI(14) against StockCharts' worked example (data/rsi_goldens.csv, from shared/reference: QQQQ, 2009-12 on)."""

from pathlib import Path

import numpy as np
import pandas as pd

from alvh_core.indicators import wilder_rsi

GOLDENS = pd.read_csv(Path(__file__).parent / "data" / "rsi_goldens.csv")


def test_stockcharts_rsi():
    found = wilder_rsi(GOLDENS["close"])
    assert np.isnan(found[:14]).all()
    np.testing.assert_allclose(found[14:], GOLDENS["rsi14"][14:], atol=0.005)


def test_the_exponential_seed_of_a_known_library_is_another_answer():
    # bukosabino/ta cs-rsi.csv answers 71.86 on the first value: a mean seeded on bar 1
    assert abs(wilder_rsi(GOLDENS["close"])[14] - 71.86) > 1.3


def test_rounded_closes_are_not_good_enough():
    off = np.abs(wilder_rsi(GOLDENS["close"].round(2)) - wilder_rsi(GOLDENS["close"]))
    assert 0.02 < np.nanmax(off) < 0.1
