"""Laws of the spread-liquidity score (domain section 4): bounded, monotone, scale-free, respecting dominance."""

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from alvh_core.liquidity import PERCENT_ANCHORS, log_linear, score_contracts
from alvh_core.spreads import relative_spread

LAWS = settings(max_examples=60)

bids, widths = st.floats(0.05, 50.0), st.floats(0.0, 20.0)
sizes = st.floats(0.0, 500.0)


def _contract(bid, width, depth=50.0, interest=100.0, volume=10.0, vega=2.0, scale=1.0):
    bid, ask = bid * scale, (bid + width) * scale
    return {
        "trade_date": pd.Timestamp("2026-07-16"), "source_mode": "simulated", "osi_symbol": "X", "underlying": "X",
        "root": "X", "expiry_date": pd.Timestamp("2026-08-21"), "quote_flag": "OK", "spread_usd": ask - bid,
        "spread_frac": float(relative_spread(bid, ask)), "vega": vega * scale, "iv_vol": 0.8, "bid_size_count": depth,
        "ask_size_count": depth, "open_interest_count": interest, "volume_count": volume,
    }  # fmt: skip


def _score(*contracts):
    return score_contracts(pd.DataFrame(contracts))["score"].to_numpy()


@LAWS
@given(bids, widths, sizes, sizes, sizes)
def test_between_0_and_100(bid, width, depth, interest, volume):
    assert 0.0 <= _score(_contract(bid, width, depth, interest, volume))[0] <= 100.0


@LAWS
@given(bids, widths, st.floats(0.0, 5.0))
def test_a_higher_ask_or_a_lower_bid_never_helps(bid, width, more):
    lower = max(bid - more, 0.01)
    contracts = _contract(bid, width), _contract(bid, width + more), _contract(lower, width + bid - lower)
    base, ask_up, bid_down = _score(*contracts)
    assert ask_up <= base + 1e-9
    assert bid_down <= base + 1e-9


@LAWS
@given(bids, widths, st.floats(1e-3, 1e3))
def test_scaling_all_prices_changes_nothing(bid, width, scale):
    base, scaled = _score(_contract(bid, width), _contract(bid, width, scale=scale))
    assert scaled == pytest.approx(base, rel=1e-9, abs=1e-9)


@LAWS
@given(st.lists(st.tuples(bids, widths), min_size=2, max_size=6), st.randoms(use_true_random=False))
def test_rows_are_scored_one_by_one(contracts, random):
    rows = [_contract(*contract) for contract in contracts]
    order = list(range(len(rows)))
    random.shuffle(order)
    np.testing.assert_array_equal(_score(*[rows[i] for i in order]), _score(*rows)[order])


@LAWS
@given(bids, widths, sizes, sizes, sizes, st.floats(0.0, 1.0), st.floats(1.0, 3.0))
def test_tighter_in_everything_is_never_scored_lower(bid, width, depth, interest, volume, less, more):
    worse = _contract(bid, width, depth, interest, volume)
    better = _contract(bid, width * less, depth * more, interest * more, volume * more)
    low, high = _score(worse, better)
    assert high >= low - 1e-9


@LAWS
@given(st.floats(0.0, 2.0), st.floats(0.0, 2.0))
def test_the_percent_component_falls_in_the_spread(a, b):
    low, high = sorted((a, b))
    assert log_linear(low, PERCENT_ANCHORS) >= log_linear(high, PERCENT_ANCHORS)
