"""VIX settlement values: VRO against the opening print (data/vix_settlements.csv, from shared/reference, 2011-12)."""

from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from alvh_core.settlement import settlement_value

GOLDENS = pd.read_csv(Path(__file__).parent / "data" / "vix_settlements.csv", index_col="date")


@pytest.mark.parametrize(
    ("day", "strike", "usd"),
    [
        pytest.param("2011-12-21", 22.0, 0.0, id="the open of 22.52 would pay 52"),
        pytest.param("2011-12-21", 20.0, 136.0, id="VRO 21.36"),
        pytest.param("2011-09-21", 33.5, 22.0, id="the open of 33.00 would pay nothing"),
    ],
)
def test_pitfall_03_a_call_pays_on_vro_never_on_the_open(day, strike, usd):
    assert settlement_value(GOLDENS.loc[day, "vro"], strike) == pytest.approx(usd, abs=1e-9)
    assert settlement_value(GOLDENS.loc[day, "open"], strike) != pytest.approx(usd, abs=1.0)


def test_open_and_settlement_differ_by_up_to_116_cents():
    assert np.abs(GOLDENS["open"] - GOLDENS["vro"]).max() == pytest.approx(1.16)


def test_call_less_put_is_the_forward_payoff():
    values = GOLDENS["vro"].to_numpy()
    difference = settlement_value(values, 25.0) - settlement_value(values, 25.0, is_call=False)
    np.testing.assert_allclose(difference, 100.0 * (values - 25.0))


def test_an_unknown_settlement_has_no_value():
    assert np.isnan(settlement_value(np.nan, 20.0))
