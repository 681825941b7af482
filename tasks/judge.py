"""Stage 7, judge: the verdict per host and variant on all evidence so far."""

from prefect import get_run_logger

from alvh_core.schemas import LADDER_SIGNALS, SNAPSHOTS, VERDICTS_TABLE
from alvh_core.verdict import judge as judge_ladders
from tasks.assets import in_lake, in_warehouse, stage
from tasks.night import Night


@stage(
    reads=[in_lake(LADDER_SIGNALS), in_lake(SNAPSHOTS), in_warehouse(LADDER_SIGNALS)], writes=[in_lake(VERDICTS_TABLE)]
)
def judge(night: Night) -> None:
    """Judge tonight's ladders on this and all earlier nights."""
    signals = night.lake.read(LADDER_SIGNALS)
    history = night.warehouse.signals_before(night.source_mode, night.trade_date)
    snapshots = night.lake.read(SNAPSHOTS)
    scopes = dict(zip(snapshots["underlying"].astype("str"), snapshots["venue_scope"].astype("str"), strict=True))
    verdicts = judge_ladders(signals, history, night.universe, scopes, night.evidence_rule)
    night.lake.write(verdicts, VERDICTS_TABLE)
    get_run_logger().info("%d verdicts", len(verdicts))
