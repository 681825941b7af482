"""Stage 7, judge: the verdict per host and variant on all evidence so far."""

from prefect import get_run_logger

from alvh_core.frames import empty
from alvh_core.schemas import LADDER_SIGNALS, SNAPSHOTS, VERDICTS_TABLE
from alvh_core.verdict import judge as judge_ladders
from alvh_core.verdict import uncounted
from tasks.assets import in_lake, in_warehouse, stage
from tasks.night import Night


@stage(
    reads=[in_lake(LADDER_SIGNALS), in_lake(SNAPSHOTS), *map(in_warehouse, (VERDICTS_TABLE, LADDER_SIGNALS))],
    writes=[in_lake(VERDICTS_TABLE)],
)
def judge(night: Night) -> None:
    """Judge tonight's ladders on this and all earlier nights."""
    lake, mode, day, warehouse = night.lake, night.source_mode, night.trade_date, night.warehouse
    signals, snapshots = lake.read(LADDER_SIGNALS), lake.read(SNAPSHOTS)
    counted, history = warehouse.rows_before(VERDICTS_TABLE, mode, day), empty(LADDER_SIGNALS)
    if uncounted(signals, counted):  # rare: a ladder that is new, or has slept; then everything is counted anew
        counted, history = empty(VERDICTS_TABLE), warehouse.signals_before(mode, day)
    scopes = dict(zip(snapshots["underlying"].astype("str"), snapshots["venue_scope"].astype("str"), strict=True))
    verdicts = judge_ladders(signals, history, night.universe, scopes, night.evidence_rule, counted)
    lake.write(verdicts, VERDICTS_TABLE)
    get_run_logger().info("%d verdicts", len(verdicts))
