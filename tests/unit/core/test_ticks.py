"""The tick table against its reference copy, and the snapping helpers at their edges."""

import csv
from datetime import date
from pathlib import Path

import numpy as np
import pytest

from alvh_core.errors import ContractError
from alvh_core.ticks import TICK_RULES, snap_down, snap_up, tick_size, tick_sizes
from alvh_core.universe import TICK_CLASSES

REFERENCE = Path(__file__).parents[2] / "golden" / "data" / "tick_table.csv"


def _reference_rows():
    with REFERENCE.open() as file:
        return [
            (row["root_class"], row["valid_from"] or None, float(row["price_from"]), float(row["tick"]))
            for row in csv.DictReader(file)
        ]


def test_table_is_the_reference_plus_index_options():
    ours = [(rule.tick_class, rule.valid_from, rule.price_from_usd, rule.tick_usd) for rule in TICK_RULES]
    index = [row for row in ours if row[0] == "index"]
    others = [row for row in ours if row[0] != "index"]
    assert sorted(others, key=str) == sorted(_reference_rows(), key=str)
    assert index == [("index", None, 0.0, 0.05), ("index", None, 3.0, 0.10)]


def test_every_class_of_the_universe_has_a_rule():
    assert {rule.tick_class for rule in TICK_RULES} == set(TICK_CLASSES)


@pytest.mark.parametrize(
    ("tick_class", "price", "day", "expected"),
    [
        pytest.param("VIX", 2.99, date(2022, 10, 3), 0.01, id="pennies from the first day"),
        pytest.param("VIX", 3.00, date(2022, 10, 3), 0.05, id="at three dollars"),
        pytest.param("VIX", 2.99, date(2022, 9, 30), 0.05, id="before pennies"),
        pytest.param("VIX", 3.00, date(2022, 9, 30), 0.10, id="before pennies, at three dollars"),
        pytest.param("VIXW", 12.0, date(2021, 1, 4), 0.01, id="weeklies always trade in pennies"),
        pytest.param("SPY_QQQ_IWM", 50.0, date(2026, 1, 5), 0.01, id="SPY"),
        pytest.param("index", 0.0, date(2026, 1, 5), 0.05, id="zero is legal"),
        pytest.param("equity_other", 3.0, date(2026, 1, 5), 0.10, id="outside the penny programme"),
        pytest.param("equity_penny_program", 3.0, date(2026, 1, 5), 0.05, id="penny programme"),
    ],
)
def test_tick_size(tick_class, price, day, expected):
    assert float(tick_size(tick_class, price, day)) == expected


def test_every_premium_has_the_tick_of_its_class_and_date():
    classes, codes = ["VIX", "VIXW", ""], np.array([0, 0, 1, 2])
    days = np.array(["2022-09-30", "2022-10-03", "2022-10-03", "2022-10-03"], dtype="datetime64[D]")
    np.testing.assert_array_equal(tick_sizes(classes, codes, np.full(4, 3.5), days), [0.10, 0.05, 0.01, np.nan])


def test_tick_size_has_no_answer_for_nan_negative_or_undated():
    assert np.isnan(tick_size("index", [np.nan, -0.01], date(2026, 1, 5))).all()
    assert tick_size("VIX", 1.0, np.datetime64("NaT")).tolist() == 0.05
    assert tick_size("VIX", [], date(2026, 1, 5)).shape == (0,)
    assert tick_sizes([], np.array([], dtype=int), np.array([]), date(2026, 1, 5)).shape == (0,)


def test_unknown_class_is_named():
    with pytest.raises(ContractError, match="'penny'"):
        tick_size("penny", 1.0, date(2026, 1, 5))


def test_snapping_is_outward_and_idempotent():
    price, tick = np.array([1.15, 1.16, 0.04, 2.999]), 0.05
    assert snap_down(price, tick).tolist() == [1.15, 1.15, 0.0, 2.95]
    assert snap_up(price, tick).tolist() == [1.15, 1.2, 0.05, 3.0]
    assert snap_up(snap_up(price, tick), tick).tolist() == snap_up(price, tick).tolist()
