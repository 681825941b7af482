"""Black-76 against printed values: Haug 1998, Hull, and VIX-like contracts of an independent implementation."""

import csv
from pathlib import Path

import numpy as np
import pytest

from alvh_core.black import greeks, price

DATA = Path(__file__).parent / "data" / "black_goldens.csv"


def _rows() -> list[dict[str, str]]:
    with DATA.open(encoding="utf-8", newline="") as lines:
        return list(csv.DictReader(lines))


def _quantities(row: dict[str, str]) -> dict[str, float]:
    """Every printed quantity; spot sensitivities follow from F = S exp(b T), b = r - q, by the chain rule."""
    level, strike, years, r, q, vol = (float(row[name]) for name in ("S_or_F", "K", "T", "r", "q", "vol"))
    carry = r - q if row["model"] == "bsm" else 0.0
    growth, discount = np.exp(carry * years), np.exp(-r * years)
    contract = (level * growth, strike, years, vol, discount, row["type"] == "C")
    g = greeks(*contract)
    return {
        "price": float(price(*contract)),
        "forward_delta": float(g.delta_fwd),
        "delta": float(discount * growth * g.delta_fwd),
        "gamma": float(growth**2 * g.gamma),
        "vega": float(g.vega),
        "theta": float(g.theta - discount * g.delta_fwd * carry * level * growth),
    }


@pytest.mark.parametrize("row", _rows(), ids=lambda row: "-".join(row[k] for k in ("type", "model", "K", "quantity")))
def test_printed_value_is_reproduced_to_its_last_digit(row: dict[str, str]) -> None:
    digits = len(row["expected"].partition(".")[2])
    found = _quantities(row)[row["quantity"]]
    assert found == pytest.approx(float(row["expected"]), rel=0, abs=0.502 * 10.0**-digits)


def test_all_rows_are_read() -> None:
    assert len(_rows()) == 28
    assert {row["quantity"] for row in _rows()} == set(_quantities(_rows()[0]))
