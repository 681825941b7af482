"""What is a reading of the filter, and which one decides tonight."""

import pandas as pd
import pytest

from alvh_core.columns import FILTER_STATES
from alvh_core.readings import READINGS, decided, is_reading


@pytest.mark.parametrize("clock", ["in_session", "at_close", "after_hours", None])
@pytest.mark.parametrize("state", FILTER_STATES)
def test_a_reading_is_of_whole_orders_at_quotes_that_could_be_traded(state, clock):
    found = is_reading(pd.DataFrame({"filter_state": [state], "quote_clock": [clock]}))
    assert found.tolist() == [state in READINGS and clock in {"in_session", "at_close"}]


def test_what_is_bought_decides_and_else_the_whole_ladder():
    signals = pd.DataFrame({
        "filter_state": pd.Categorical(["PASS", "PASS", "FAIL_ILLIQUID"]), "s_ladder_frac": [0.05, 0.06, 0.2],
        "buy_filter_state": pd.Categorical(["FAIL_ILLIQUID", None, "MISSING_LEG"]), "s_buy_frac": [0.09, None, None],
    })  # fmt: skip
    found = decided(signals)
    assert found["filter_state"].tolist() == ["FAIL_ILLIQUID", "PASS", "MISSING_LEG"]
    assert found["s_ladder_frac"].fillna(-1.0).tolist() == [0.09, 0.06, -1.0]
