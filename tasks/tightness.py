"""Stage tightness: parity, legs, depth and the spreads' own history, beside the 8 % rule."""

import pandas as pd
from prefect import get_run_logger

from alvh_core.basis.closes import Closes
from alvh_core.ladders import plan_ladders
from alvh_core.registry.tightness import BOOK_SPREADS, LADDER_TIGHTNESS, LEG_TIGHTNESS, PARITY, TIGHTNESS_TABLES
from alvh_core.schemas import DAILY_BARS, FORWARDS, LADDER_LEGS, LADDER_SIGNALS, MODEL_FREE, PRICED_QUOTES, SNAPSHOTS
from alvh_core.tightness.history import WINDOW_NIGHTS, book_spreads
from alvh_core.tightness.legs import ladder_tightness, leg_tightness
from alvh_core.tightness.parity import night_parity, spot_candidates
from tasks.assets import in_lake, in_warehouse, stage
from tasks.night import Night


@stage(reads=[*map(in_lake, (PRICED_QUOTES, FORWARDS, SNAPSHOTS, DAILY_BARS, MODEL_FREE, LADDER_LEGS, LADDER_SIGNALS)),
              in_warehouse(BOOK_SPREADS)], writes=[*map(in_lake, TIGHTNESS_TABLES)])  # fmt: skip
def tightness(night: Night) -> None:
    """Measure what the 8 % rule does not."""
    lake, mode, day = night.lake, night.source_mode, pd.Timestamp(night.trade_date)
    priced, legs, bars = lake.read(PRICED_QUOTES), lake.read(LADDER_LEGS), lake.read(DAILY_BARS)
    spots = spot_candidates(lake.read(SNAPSHOTS), bars, day)
    plan = plan_ladders(night.universe, priced, [night.profile])
    earlier = night.warehouse.last_nights(BOOK_SPREADS, mode, night.eve, WINDOW_NIGHTS)
    lake.write(night_parity(priced, lake.read(FORWARDS), spots, night.universe, day, mode), PARITY)
    lake.write(leg_tightness(legs, priced, night.profile.spread_rule, day, mode), LEG_TIGHTNESS)
    lake.write(ladder_tightness(legs, day, mode), LADDER_TIGHTNESS)
    spreads = book_spreads(lake.read(LADDER_SIGNALS), plan, night.profile, earlier,
                           Closes.of(bars), lake.read(MODEL_FREE), day, mode)  # fmt: skip
    lake.write(spreads, BOOK_SPREADS)
    get_run_logger().info("%d hedge chains", len(spreads))
