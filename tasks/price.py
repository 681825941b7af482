"""Stage price: forward per expiry by parity, Black-76 volatility and greeks, model-free 30-day volatility."""

from prefect import get_run_logger

from alvh_core.bars import last_closes
from alvh_core.forwards import expiry_forwards, forward_rows
from alvh_core.model_free import model_free_30d
from alvh_core.pricing import price_quotes
from alvh_core.schemas import (
    CLOSES,
    DAILY_BARS,
    FORWARDS,
    MODEL_FREE,
    OPTION_QUOTES,
    PRICED_QUOTES,
    RATE_CURVE,
    SNAPSHOTS,
    VX_SETTLEMENTS,
)
from tasks.assets import in_lake, stage
from tasks.night import Night


@stage(reads=[*map(in_lake, (OPTION_QUOTES, SNAPSHOTS, DAILY_BARS, RATE_CURVE, VX_SETTLEMENTS))],
       writes=[*map(in_lake, (PRICED_QUOTES, FORWARDS, CLOSES, MODEL_FREE))])  # fmt: skip
def price(night: Night) -> None:
    """Price every validated quote of the night."""
    lake = night.lake
    quotes, snapshots, closes = lake.read(OPTION_QUOTES), lake.read(SNAPSHOTS), last_closes(lake.read(DAILY_BARS))
    forwards = expiry_forwards(quotes, night.common.read(RATE_CURVE))
    priced = price_quotes(quotes, forwards, snapshots, night.universe, threads=night.price_threads)
    lake.write(priced, PRICED_QUOTES)
    lake.write(forward_rows(forwards, snapshots, night.common.read(VX_SETTLEMENTS)), FORWARDS)
    lake.write(closes, CLOSES)
    lake.write(model_free_30d(priced, snapshots, closes), MODEL_FREE)
    get_run_logger().info("%d contracts priced on %d expiries", len(priced), len(forwards))
