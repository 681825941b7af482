"""Stage drift: every chain beside its own last twenty nights. It is told and takes nothing out."""

import pandas as pd
from prefect import get_run_logger

from alvh_core.drift import COMPARED, HASHED, WINDOW_NIGHTS, daily_drift
from alvh_core.schemas import DRIFT, META_VALIDATIONS, PRICED_QUOTES, SPREAD_SCORES
from expectations.gate import dated, validate_rows
from expectations.suites import drift_suite
from tasks.assets import in_lake, in_warehouse, stage
from tasks.night import Night

CHECKS = "drift"  # the part of the checks that `tasks.publish` adds


@stage(reads=[*map(in_lake, (SPREAD_SCORES, PRICED_QUOTES)), *map(in_warehouse, (SPREAD_SCORES, DRIFT))],
       writes=[in_lake(DRIFT), in_lake(META_VALIDATIONS, CHECKS)])  # fmt: skip
def drift(night: Night) -> None:
    """Compare tonight's chains with the nights before."""
    lake, day, mode, warehouse = night.lake, night.trade_date, night.source_mode, night.warehouse
    found = daily_drift(
        lake.read(SPREAD_SCORES), lake.read(PRICED_QUOTES, columns=HASHED),
        warehouse.last_nights(COMPARED, mode, day, WINDOW_NIGHTS + 1, level="underlying"),
        warehouse.rows_before(DRIFT, mode, day),
        pd.Timestamp(day), mode,
    )  # fmt: skip
    checks = validate_rows(found, DRIFT, drift_suite()).checks
    lake.write(found, DRIFT)
    lake.write(dated([checks], day, mode), META_VALIDATIONS, CHECKS)
    get_run_logger().info("%d chains beside their last nights", len(found))
