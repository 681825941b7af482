"""Average daily volume of a contract: over the nights that quoted it, and only where there are enough of them."""

import numpy as np
import pandas as pd

from alvh_core.volumes import MIN_NIGHTS, with_average_volume

NAN = float("nan")


def _average(tonight, earlier):
    """Return mean and nights of the legs' contracts; ``earlier`` gives the volumes of each."""
    legs = pd.DataFrame(
        {"osi_symbol": list(tonight), "volume_count": list(tonight.values())}, index=range(7, 7 + len(tonight))
    )
    rows = [(name, volume) for name, volumes in earlier.items() for volume in volumes]
    asked = []

    def volumes_of(symbols):
        asked.extend(symbols)
        return pd.DataFrame(rows, columns=["osi_symbol", "volume_count"]).query("osi_symbol in @symbols")

    found = with_average_volume(legs, volumes_of)
    assert asked == [name for name in tonight if name is not None], "nothing but what is chosen is asked for"
    assert found.index.equals(legs.index)
    return found[["adv20_count", "adv20_nights_count"]]


def test_the_mean_is_over_all_nights_that_quoted_the_contract_tonight_included():
    found = _average({"A": 10.0, "B": 0.0}, {"A": [0.0] * 18 + [90.0], "B": [12.0, 0.0, 0.0, 0.0], "C": [1e9] * 19})
    assert found.to_numpy(dtype=float).tolist() == [[5.0, 20.0], [2.4, 5.0]]


def test_too_few_nights_are_no_average():
    found = _average({"A": 10.0, "B": NAN}, {"A": [10.0] * (MIN_NIGHTS - 2), "B": [8.0] * MIN_NIGHTS})
    assert np.isnan(found["adv20_count"].iloc[0])
    assert found["adv20_count"].iloc[1] == 8.0, "a night without a volume counts for nothing"
    assert found["adv20_nights_count"].tolist() == [MIN_NIGHTS - 1, MIN_NIGHTS]


def test_without_a_contract_there_is_nothing():
    found = _average({"A": 10.0, None: NAN}, {"A": [20.0] * 4})
    assert found["adv20_count"].iloc[0] == 18.0
    assert np.isnan(found["adv20_count"].iloc[1])
    assert found["adv20_nights_count"].iloc[1] is pd.NA


def test_a_contract_that_two_ladders_choose_counts_once():
    legs = pd.DataFrame({"osi_symbol": ["A", "A"], "volume_count": [10.0, 10.0]})
    earlier = pd.DataFrame({"osi_symbol": ["A"] * 4, "volume_count": [0.0] * 4})
    found = with_average_volume(legs, lambda symbols: earlier)
    assert found["adv20_count"].tolist() == [2.0, 2.0]
    assert found["adv20_nights_count"].tolist() == [5, 5]
