"""VIX settlement values: VRO against the opening print (data/vix_settlements.csv, from shared/reference, 2011-12)."""

from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from alvh_core.book.market import settled, settlement_values

GOLDENS = pd.read_csv(Path(__file__).parent / "data" / "vix_settlements.csv", index_col="date")
ROOTS = pd.DataFrame({"underlying": ["VIX"], "root": ["VIX"], "settlement": ["SOQ"]})


def _paid(official, strike, right="C"):
    """What contracts of one multiplier pay where the future of their expiry settled at these values."""
    days = pd.date_range("2011-01-19", periods=len(official), freq="28D")
    finals = pd.DataFrame({"expiry_date": days, "settle_kind": "final", "settle_vol_points": official})
    bars = pd.DataFrame({"symbol": "VIX", "bar_date": days, "close_usd": 99.0})
    held = pd.DataFrame({"root": "VIX", "expiry_date": days, "strike_usd": strike, "option_right": right,
                         "split_factor": 1.0})  # fmt: skip
    return 100.0 * settled(held, settlement_values(finals, bars, ROOTS)).to_numpy()


@pytest.mark.parametrize(
    ("day", "strike", "usd"),
    [
        pytest.param("2011-12-21", 22.0, 0.0, id="the open of 22.52 would pay 52"),
        pytest.param("2011-12-21", 20.0, 136.0, id="VRO 21.36"),
        pytest.param("2011-09-21", 33.5, 22.0, id="the open of 33.00 would pay nothing"),
    ],
)
def test_pitfall_03_a_call_pays_on_vro_never_on_the_open(day, strike, usd):
    assert _paid([GOLDENS.loc[day, "vro"]], strike)[0] == pytest.approx(usd, abs=1e-9)
    assert _paid([GOLDENS.loc[day, "open"]], strike)[0] != pytest.approx(usd, abs=1.0)


def test_open_and_settlement_differ_by_up_to_116_cents():
    assert np.abs(GOLDENS["open"] - GOLDENS["vro"]).max() == pytest.approx(1.16)


def test_call_less_put_is_the_forward_payoff():
    values = GOLDENS["vro"].to_numpy()
    difference = _paid(values, 25.0) - _paid(values, 25.0, "P")
    np.testing.assert_allclose(difference, 100.0 * (values - 25.0))


def test_an_unknown_settlement_has_no_value_and_the_close_does_not_stand_in():
    assert np.isnan(_paid([np.nan], 20.0)[0])
