"""Our one custom expectation: rows obey a named law of `expectations.laws`.

The classes exist only once Great Expectations is imported, so a cached function defines them. Everything a ready-made
expectation can say is said with that one, in `expectations.engine`.
"""

from functools import cache
from typing import Any, Literal

import pandas as pd

from expectations.laws import LAWS


@cache
def row_law() -> Any:
    """Return the expectation class, defining and registering it on the first call.

    Returns
    -------
    type
        Fields: ``column_list`` (at least two), ``law`` (key of `LAWS`) and ``settings`` (keyword arguments of the law).

    Notes
    -----
    Callers hold the engine's lock: two threads defining it at once would register it twice.
    """
    # Imported here, not above: 4 to 6 s.
    from great_expectations.execution_engine.pandas_execution_engine import PandasExecutionEngine  # noqa: PLC0415
    from great_expectations.expectations.expectation import MulticolumnMapExpectation  # noqa: PLC0415
    from great_expectations.expectations.metrics.map_metric_provider.multicolumn_condition_partial import (  # noqa: PLC0415
        multicolumn_condition_partial,
    )
    from great_expectations.expectations.metrics.map_metric_provider.multicolumn_map_metric_provider import (  # noqa: PLC0415
        MulticolumnMapMetricProvider,
    )

    class RowLawMetric(MulticolumnMapMetricProvider):
        """Evaluates a law on its columns."""

        condition_metric_name = "multicolumn_values.obey_row_law"
        condition_domain_keys = ("column_list", "ignore_row_if")
        condition_value_keys = ("law", "settings")
        _pandas = multicolumn_condition_partial(engine=PandasExecutionEngine)(_evaluate)

    class ExpectRowsToObeyLaw(MulticolumnMapExpectation):
        """Expect every row to obey a law."""

        map_metric = RowLawMetric.condition_metric_name
        law: str
        settings: dict[str, Any]
        # Laws see every row and say themselves what nulls mean.
        ignore_row_if: Literal["all_values_are_missing", "any_value_is_missing", "never"] = "never"
        success_keys = ("law", "settings", "mostly")

    return ExpectRowsToObeyLaw


def _evaluate(_provider: Any, dataframe: pd.DataFrame, law: str, settings: dict[str, Any], **_: Any) -> pd.Series:
    return LAWS[law](dataframe, **settings).astype(bool)
