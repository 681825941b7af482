"""The discount curve: what is known on the night, how old it may be, how it is read."""

from datetime import date

import numpy as np
import pandas as pd
import pytest

from alvh_core.curve import continuous_rate, curve_as_of, discount_factor, night_curve, night_yields
from alvh_core.schemas import LISTED_YIELDS, RATE_CURVE

NIGHT = date(2026, 7, 16)


def _rows(*days, yields=(0.04, 0.05)):
    return pd.DataFrame(
        [
            {"curve_date": pd.Timestamp(day), "tenor_years": tenor, "par_yield_frac": y, "payload_sha256": "a",
             "row_position": 0}
            for day in days
            for tenor, y in zip((1.0, 0.25), yields, strict=True)
        ]
    )  # fmt: skip


@pytest.mark.parametrize(
    ("days", "chosen"),
    [
        pytest.param(["2026-07-15", "2026-07-16"], "2026-07-16", id="tonight's"),
        pytest.param(["2026-07-16", "2026-07-17"], "2026-07-16", id="nothing after the night"),
        pytest.param(["2026-07-17", "2027-01-04"], None, id="only the future"),
        pytest.param(["2026-07-12"], "2026-07-12", id="four days old"),
        pytest.param(["2026-07-11"], None, id="five days old"),
        pytest.param(["2026-07-11", "2026-07-17"], None, id="too old and too young"),
    ],
)
def test_pitfall_20_the_newest_curve_known_on_the_night(days, chosen):
    found = curve_as_of(_rows(*days), NIGHT)
    assert found["curve_date"].unique().tolist() == ([pd.Timestamp(chosen)] if chosen else [])
    assert found["tenor_years"].is_monotonic_increasing
    assert night_curve(_rows(*days), NIGHT, "simulated").shape[0] == len(found)


def test_night_curve_is_a_table():
    found = night_curve(_rows("2026-07-16"), NIGHT, "simulated")
    assert list(found.columns) == list(RATE_CURVE.names)
    assert found["zero_rate_frac"].tolist() == pytest.approx([2 * np.log(1.025), 2 * np.log(1.02)])
    assert night_curve(pd.DataFrame(), NIGHT, "simulated").empty


def test_listed_yields_are_those_of_the_slope_up_to_the_night():
    found = night_yields(_rows("2026-01-02", "2026-07-16", "2026-07-17"), NIGHT, "simulated")
    assert list(found.columns) == list(LISTED_YIELDS.names)
    assert found["curve_date"].tolist() == [pd.Timestamp("2026-01-02"), pd.Timestamp("2026-07-16")]
    assert found["tenor_years"].unique().tolist() == [0.25]
    assert night_yields(pd.DataFrame(), NIGHT, "simulated").empty


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        pytest.param(0.0, 0.0, id="zero"),
        pytest.param(-0.01, 2 * np.log(0.995), id="negative"),
        pytest.param(np.nan, np.nan, id="missing"),
        pytest.param([], [], id="empty"),
        pytest.param([0.05, np.nan], [2 * np.log(1.025), np.nan], id="vector"),
    ],
)
def test_continuous_rate(value, expected):
    np.testing.assert_allclose(continuous_rate(value), expected, atol=1e-15)


def test_two_half_years_at_the_par_yield_are_the_growth():
    assert np.exp(continuous_rate(0.05)) == pytest.approx(1.025**2)


def test_rates_are_linear_between_tenors_and_flat_beyond():
    curve = curve_as_of(_rows("2026-07-16", yields=(0.04, 0.02)), NIGHT)
    short, long = continuous_rate([0.02, 0.04])
    years = np.array([0.0, 0.1, 0.25, 0.625, 1.0, 3.0, np.nan])
    rates = np.array([0.0, short, short, (short + long) / 2, long, long, np.nan])
    np.testing.assert_allclose(discount_factor(curve, years), np.exp(-rates * years), rtol=1e-14)
    shuffled = curve.iloc[::-1].reset_index(drop=True)
    np.testing.assert_array_equal(discount_factor(shuffled, years), discount_factor(curve, years))


def test_without_a_curve_there_is_no_discount_factor():
    found = discount_factor(curve_as_of(_rows("2026-07-01"), NIGHT), [0.1, 0.2])
    assert np.isnan(found).all()
    assert found.shape == (2,)
