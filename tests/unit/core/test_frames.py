"""The boundary normaliser: exactly the columns, order and types of the table, or an error that names the column."""

import numpy as np
import pandas as pd
import pytest

from alvh_core import frames
from alvh_core.columns import COLUMNS
from alvh_core.errors import ContractError
from alvh_core.registry.spec import TableSpec
from alvh_core.schemas import LADDER_STATE, META_NIGHTS, SNAPSHOTS, TABLES


def _state(**columns):
    base = {
        "trade_date": "2026-07-16", "source_mode": "simulated", "host": "SPX", "variant": "V0_REF",
        "hedge_symbol": "VIX", "profile": "p", "layer_no": [1, 2], "is_armed": [True, False], "armed_date": None,
        "below_count": 0, "retries_count": 0, "units_deployed": 0,
    }  # fmt: skip
    return pd.DataFrame(base | columns)


def test_columns_order_and_types():
    frame = _state(extra=1)[["extra", *reversed(_state().columns)]].set_index(pd.Index([5, 9]))
    found = frames.conform(frame, LADDER_STATE)
    assert list(found.columns) == list(LADDER_STATE.names)
    assert found.index.tolist() == [0, 1]
    assert found.dtypes.astype(str).to_dict() == {
        "trade_date": "datetime64[s]", "source_mode": "category", "host": "category", "variant": "category",
        "hedge_symbol": "category", "profile": "category", "layer_no": "int64", "is_armed": "bool",
        "armed_date": "datetime64[s]", "below_count": "int64", "retries_count": "int64", "units_deployed": "int64",
        "deployed_date": "datetime64[s]",
    }  # fmt: skip
    assert found["deployed_date"].isna().all()  # nullable and absent: added empty


def test_conforming_twice_changes_nothing():
    once = frames.conform(_state(), LADDER_STATE)
    pd.testing.assert_frame_equal(frames.conform(once, LADDER_STATE), once)


@pytest.mark.parametrize(
    ("columns", "name"),
    [
        pytest.param({"is_armed": [True, None]}, "is_armed", id="a null flag is not true"),
        pytest.param({"is_armed": [True, np.nan]}, "is_armed", id="a NaN flag is not true"),
        pytest.param({"is_armed": ["yes", "no"]}, "is_armed", id="text is no flag"),
        pytest.param({"below_count": [0, 1.5]}, "below_count", id="half a session"),
        pytest.param({"below_count": [0, np.nan]}, "below_count", id="a missing count"),
        pytest.param({"below_count": ["a", "b"]}, "below_count", id="text is no count"),
        pytest.param({"armed_date": ["2026-07-16", "soon"]}, "armed_date", id="no date"),
        pytest.param({"armed_date": ["2026-07-16", "2026-07-16 15:50"]}, "armed_date", id="a time of day"),
        pytest.param({"armed_date": [None, pd.Timestamp("2026-07-16 15:50")]}, "armed_date", id="a clock"),
        pytest.param({"armed_date": np.array(["2026-07-16T15:50"] * 2, dtype="M8[s]")}, "armed_date", id="in its type"),
        pytest.param({"armed_date": pd.to_datetime(["2026-07-16"] * 2, utc=True)}, "armed_date", id="a time zone"),
    ],
)
def test_what_cannot_be_cast_is_named(columns, name):
    with pytest.raises(ContractError, match=rf"out_alvh__daily_ladder_state\.{name}"):
        frames.conform(_state(**columns), LADDER_STATE)


def test_a_missing_column_is_named():
    with pytest.raises(ContractError, match="below_count"):
        frames.conform(_state().drop(columns="below_count"), LADDER_STATE)


def test_floats_that_are_whole_and_flags_of_zero_and_one_are_fine():
    found = frames.conform(_state(below_count=[0.0, 2.0], is_armed=[1, 0]), LADDER_STATE)
    assert found["below_count"].tolist() == [0, 2]
    assert found["is_armed"].tolist() == [True, False]


def test_nullable_counts_and_flags_keep_their_nulls():
    night = {
        "trade_date": "2026-07-16", "universe": "default", "source_mode": "live", "night_status": "RUNNING",
        "run_id": "r", "code_version": "1", "rules_hash": "h", "claimed_at_utc": "2026-07-16T22:00:00Z",
    }  # fmt: skip
    found = frames.conform(pd.DataFrame([night, night | {"rows_in_count": 7, "outcome": "OK"}]), META_NIGHTS)
    assert found["rows_in_count"].dtype == "Int64"
    assert found["rows_in_count"].isna().tolist() == [True, False]
    assert found["outcome"].isna().tolist() == [True, False]
    assert str(found["claimed_at_utc"].dtype) == "datetime64[us, UTC]"


@pytest.mark.parametrize("spec", TABLES.values(), ids=lambda spec: spec.name)
def test_empty_tables_have_types(spec):
    found = frames.empty(spec)
    assert list(found.columns) == list(spec.names)
    assert found.empty
    pd.testing.assert_frame_equal(frames.conform(found, spec), found)
    pd.testing.assert_frame_equal(frames.concat([], spec), found)


def test_stacking_keeps_types_and_categories():
    one = frames.conform(_state(host="SPX"), LADDER_STATE)
    two = frames.conform(_state(host="NDX", armed_date="2026-07-15"), LADDER_STATE)
    found = frames.concat([one, frames.empty(LADDER_STATE), two], LADDER_STATE)
    assert found.dtypes.astype(str).tolist() == one.dtypes.astype(str).tolist()
    assert found["host"].astype(str).tolist() == ["SPX", "SPX", "NDX", "NDX"]
    assert found.index.tolist() == [0, 1, 2, 3]
    assert found["armed_date"].isna().tolist() == [True, True, False, False]


def test_stacking_empty_categories():
    empty_text = frames.conform(_state().assign(host=None), LADDER_STATE)
    found = frames.concat([empty_text, frames.conform(_state(), LADDER_STATE)], LADDER_STATE)
    assert found["host"].isna().tolist() == [True, True, False, False]


def test_input_is_not_changed():
    frame = _state()
    before = frame.copy()
    frames.conform(frame, LADDER_STATE)
    pd.testing.assert_frame_equal(frame, before)


def test_specs_of_a_table():
    assert SNAPSHOTS.is_nullable("underlying_price_usd")
    assert not SNAPSHOTS.is_nullable("quote_clock")
    assert SNAPSHOTS.columns[0] is COLUMNS["trade_date"]
    assert TableSpec(name="x", key=("symbol",), values=("score?",)).names == ("symbol", "score")
