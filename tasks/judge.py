"""Stage judge: the verdict per ladder on all evidence so far, and the measures it rests on."""

import pandas as pd
from prefect import get_run_logger

from alvh_core.evaluation.nights import BILLS, CAPACITY, CAPACITY_NIGHTS, NIGHTS, night_evaluation
from alvh_core.evaluation.paths import BOOKED
from alvh_core.evaluation.ruling import Evaluation
from alvh_core.frames import concat, conform, empty
from alvh_core.registry.book import BOOK
from alvh_core.registry.costs import COSTS
from alvh_core.registry.evaluation import EVALUATION
from alvh_core.registry.tightness import LADDER_TIGHTNESS
from alvh_core.schemas import DAILY_BARS, LADDER_SIGNALS, MODEL_FREE, RATE_CURVE, SNAPSHOTS, VERDICTS_TABLE
from alvh_core.triggers import LADDER
from alvh_core.verdict import SCOPES, uncounted
from alvh_core.verdict import judge as judge_ladders
from tasks.assets import in_lake, in_warehouse, stage
from tasks.night import Night


@stage(
    reads=[*map(in_lake, (LADDER_SIGNALS, BOOK, COSTS, LADDER_TIGHTNESS)),
           *map(in_lake, (DAILY_BARS, RATE_CURVE, SNAPSHOTS, MODEL_FREE)),
           *map(in_warehouse, (VERDICTS_TABLE, LADDER_SIGNALS, BOOK, LADDER_TIGHTNESS)),
           *map(in_warehouse, (RATE_CURVE, SNAPSHOTS, MODEL_FREE))],
    writes=[in_lake(VERDICTS_TABLE), in_lake(EVALUATION)],
)  # fmt: skip
def judge(night: Night) -> None:
    """Judge tonight's ladders on this and all earlier nights."""
    lake, mode, day, warehouse = night.lake, night.source_mode, night.trade_date, night.warehouse
    signals, snapshots = lake.read(LADDER_SIGNALS), lake.read(SNAPSHOTS)
    counted, history = warehouse.rows_before(VERDICTS_TABLE, mode, day), empty(LADDER_SIGNALS)
    scopes = conform(snapshots, SCOPES)
    if uncounted(signals, counted):  # rare: a ladder that is new, or has slept; then everything is counted anew
        counted, history = empty(VERDICTS_TABLE), warehouse.all_before(LADDER_SIGNALS, mode, day)
        scopes = concat([warehouse.all_before(SCOPES, mode, day), scopes], SCOPES)
    verdicts, measures = judge_ladders(signals, history, night.universe, scopes, night.evidence_rule,
                                       _evaluated(night, signals), counted)  # fmt: skip
    lake.write(verdicts, VERDICTS_TABLE)
    lake.write(measures, EVALUATION)
    get_run_logger().info("%d verdicts", len(verdicts))


def _evaluated(night: Night, signals: pd.DataFrame) -> Evaluation:
    """Read what the nights before left, and evaluate tonight's ladders on all of them."""
    lake, mode, eve, warehouse = night.lake, night.source_mode, night.eve, night.warehouse
    first = night.profile.name
    capacity = conform(lake.read(LADDER_TIGHTNESS), CAPACITY)
    return night_evaluation(
        signals[LADDER], lake.read(BOOK), warehouse.last_nights(BOOKED, mode, eve, NIGHTS - 1),
        concat([warehouse.last_nights(CAPACITY, mode, eve, CAPACITY_NIGHTS - 1, profile=first),
                capacity[capacity["profile"] == first]], CAPACITY),
        night.and_before(RATE_CURVE, BILLS), lake.read(COSTS), night.closes(), night.profiles,
    )  # fmt: skip
