"""Cboe's sample calculation of the VIX (data/vixnearterm.tsv, vixnextterm.tsv, from shared/reference).

The quotes are the Cboe white paper's, in the copy of meixler/vix; the expected numbers are printed there, by Cboe, or
come from the independent recomputation described in shared/reference/README.md.
"""

from pathlib import Path

import numpy as np
import pytest

from alvh_core.model_free import MINUTES_PER_YEAR, expiry_variance, thirty_day_volatility

DATA = Path(__file__).parent / "data"
NEAR = np.loadtxt(DATA / "vixnearterm.tsv").T
NEXT = np.loadtxt(DATA / "vixnextterm.tsv").T

# minutes and rates, near and next; sums of contributions, variances, VIX
PAPER = (
    (35_924, 46_394), (0.000305, 0.000286), (0.0006320516, 0.0008314022), (0.01846292, 0.01882101), 13.68582,
)  # fmt: skip
CURRENT = (
    (34_484, 44_954), (0.00031664, 0.00028797), (0.0006320516, 0.0008314016), (0.019233906, 0.019423884), 13.92784,
)  # fmt: skip
INPUTS = [pytest.param(*PAPER, id="2014 paper"), pytest.param(*CURRENT, id="current methodology")]


def _both(minutes, rates):
    years = tuple(m / MINUTES_PER_YEAR for m in minutes)
    expiries = [
        expiry_variance(*quotes, years=t, growth=np.exp(r * t))
        for quotes, t, r in zip((NEAR, NEXT), years, rates, strict=True)
    ]
    return years, expiries


@pytest.mark.parametrize(("minutes", "rates", "sums", "variances", "vix"), INPUTS)
def test_vix(minutes, rates, sums, variances, vix):
    years, (near, following) = _both(minutes, rates)
    found = 100.0 * thirty_day_volatility(years, (near.variance, following.variance))
    assert found == pytest.approx(vix, abs=5e-6)
    assert round(found, 2) == round(vix, 2)
    assert [near.variance, following.variance] == pytest.approx(variances, abs=5e-9)
    assert [near.contribution, following.contribution] == pytest.approx(sums, abs=5e-11)


@pytest.mark.parametrize(("minutes", "rates", "sums", "variances", "vix"), INPUTS)
def test_forwards_and_wings(minutes, rates, sums, variances, vix):
    _, (near, following) = _both(minutes, rates)
    assert [near.forward, following.forward] == pytest.approx([1962.89996, 1962.40006], abs=5e-6)
    # two zero bids in a row end a wing: 1350 and 1355 have bids and stay out
    assert (near.strikes_count, near.low_strike, near.high_strike) == (146, 1370.0, 2125.0)
    assert (following.strikes_count, following.low_strike, following.high_strike) == (122, 1275.0, 2200.0)


@pytest.mark.parametrize(
    ("quotes", "strike"), [pytest.param(NEAR, 1965.0, id="near"), pytest.param(NEXT, 1960.0, id="next")]
)
def test_forward_strike_is_where_call_and_put_differ_least(quotes, strike):
    strikes, call_bid, call_ask, put_bid, put_ask = quotes
    at = np.flatnonzero(strikes == strike)[0]
    gap = (call_bid + call_ask - put_bid - put_ask)[at] / 2.0
    found = expiry_variance(*quotes, years=0.0683486, growth=1.0)
    assert found.forward == pytest.approx(strike + gap, abs=1e-9)


def test_a_rate_read_in_percent_moves_the_forward():
    # .031664 % is .00031664; the units bug of a public copy gives this forward instead of 1962.89996
    years = 34_484 / MINUTES_PER_YEAR
    wrong = expiry_variance(*NEAR, years=years, growth=np.exp(0.031664 * years))
    assert wrong.forward == pytest.approx(1962.8956, abs=5e-5)


def test_the_put_call_average_stands_at_k0():
    at = np.flatnonzero(NEAR[0] == 1960.0)[0]
    years = 35_924 / MINUTES_PER_YEAR
    base = expiry_variance(*NEAR, years=years, growth=1.0)
    moved = [column.copy() for column in NEAR]
    for column in moved[1:]:
        column[at] += 1.0  # call and put alike: the forward stays
    raised = expiry_variance(*moved, years=years, growth=1.0)
    assert raised.forward == pytest.approx(base.forward)
    assert raised.contribution - base.contribution == pytest.approx(5.0 / 1960.0**2, rel=1e-6)
