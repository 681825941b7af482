"""Laws of the model-free volatility on Cboe's own sample: what is in the money says nothing, except at K0."""

from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from alvh_core.model_free import expiry_variance

DATA = Path(__file__).parents[1] / "golden/data"
SAMPLES = {name: np.loadtxt(DATA / f"vix{name}term.tsv").T for name in ("near", "next")}
K0_USD, SETS_FORWARD_USD = 1960.0, {"near": 1965.0, "next": 1960.0}


@pytest.mark.parametrize("name", SAMPLES)
@given(seed=st.integers(0, 2**32 - 1), share=st.floats(0.0, 1.0))
def test_quotes_in_the_money_can_all_be_missing(name: str, seed: int, share: float) -> None:
    strike, *sides = SAMPLES[name]
    gone = np.random.default_rng(seed).random(len(strike)) < share
    gone &= ~np.isin(strike, [K0_USD, SETS_FORWARD_USD[name]])
    calls = [np.where(gone & (strike < K0_USD), np.nan, quote) for quote in sides[:2]]
    puts = [np.where(gone & (strike > K0_USD), np.nan, quote) for quote in sides[2:]]
    whole = expiry_variance(strike, *sides, years=0.0683486, growth=1.0)
    assert expiry_variance(strike, *calls, *puts, years=0.0683486, growth=1.0) == whole
