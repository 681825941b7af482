"""Parity and the implied financing rate on Cboe's sample quotes of SPX, 2014 (data/*.tsv, from shared/reference)."""

from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from alvh_core.tightness.parity import _financing_status, band_measures, implied_rates

DATA = Path(__file__).parent / "data"
# file, minutes to settlement, rate, forward: the white paper's own
TERMS = {
    "near": ("vixnearterm.tsv", 35_924, 0.000305, 1962.89996),
    "next": ("vixnextterm.tsv", 46_394, 0.000286, 1962.40006),
}


def _band(term, width):
    file, minutes, rate, forward = TERMS[term]
    strike, call_bid, call_ask, put_bid, put_ask = np.loadtxt(DATA / file).T
    years = minutes / 525_600.0
    near = (np.abs(strike / forward - 1.0) <= width) & (call_bid > 0) & (put_bid > 0)
    return pd.DataFrame({
        "expiry_no": 0, "strike_usd": strike[near], "gap_usd": ((call_bid + call_ask - put_bid - put_ask) / 2.0)[near],
        "low_usd": (call_bid - put_ask)[near], "high_usd": (call_ask - put_bid)[near], "forward_usd": forward,
        "discount": np.exp(-rate * years), "years": years,
    })  # fmt: skip


@pytest.mark.parametrize(("term", "pairs", "mean", "largest"), [("near", 40, 0.074, 0.201), ("next", 39, 0.317, 0.528)])
def test_the_market_is_within_its_own_spread_of_parity(term, pairs, mean, largest):
    band = _band(term, 0.05)
    found = band_measures(band).iloc[0]
    assert (len(band), found["band_pairs_count"]) == (pairs, pairs)
    assert found["parity_ratio_max"] == pytest.approx(largest, abs=0.0006)
    fair = band["discount"] * (band["forward_usd"] - band["strike_usd"])
    slow = (band["gap_usd"] - fair).abs() / ((band["high_usd"] - band["low_usd"]) / 2.0)
    assert slow.mean() == pytest.approx(mean, abs=0.0006)
    assert found["parity_ratio_median"] == pytest.approx(slow.median())
    assert max(found["conv_edge_usd"], found["rev_edge_usd"]) < 0.0, "no executable edge in 79 strikes"


@pytest.mark.parametrize(("width", "rate", "error"), [(0.05, 0.0007, 0.0048), (0.02, -0.0036, 0.0177)])
def test_the_financing_rate_of_a_short_tenor_is_hopeless_and_refused(width, rate, error):
    found = implied_rates(_band("near", width)).iloc[0]
    assert found["r_implied_frac"] == pytest.approx(rate, abs=0.0001)
    assert found["r_implied_se_frac"] == pytest.approx(error, abs=0.0001)
    asked = pd.DataFrame([{**found, "band_pairs_count": 40, "discount": 1.0, "dte_days": 25}])
    assert _financing_status(asked, np.array([False])).tolist() == ["SHORT_TENOR"]
    long_enough = _financing_status(asked.assign(dte_days=60, r_implied_se_frac=0.0051), np.array([False]))
    assert long_enough.tolist() == ["WIDE_ERROR"]
    assert _financing_status(asked.assign(dte_days=60, r_implied_se_frac=0.005), np.array([False])).tolist() == ["OK"]


def test_a_rate_that_was_put_in_comes_out():
    years, rate = 0.5, 0.045
    strike = np.arange(90.0, 111.0)
    gap = np.exp(-rate * years) * (100.0 - strike)
    pairs = pd.DataFrame({"expiry_no": 0, "strike_usd": strike, "gap_usd": gap, "low_usd": gap - 0.1,
                          "high_usd": gap + 0.1, "years": years})  # fmt: skip
    found = implied_rates(pairs).iloc[0]
    assert found["r_implied_frac"] == pytest.approx(rate, abs=1e-10)
    assert found["r_implied_se_frac"] == pytest.approx(0.0, abs=1e-7)
