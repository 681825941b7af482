"""Stage signal: the ladder of every host and variant, from tonight's quotes and the state the last night left."""

from functools import partial

from prefect import get_run_logger

from alvh_core import frames
from alvh_core.bars import missed_closes, trigger_close
from alvh_core.host_rules import replayed_rules
from alvh_core.ladders import hedge_symbols, plan_ladders
from alvh_core.landing import missing_chains
from alvh_core.pricing import hedge_chains
from alvh_core.quotes import night_before
from alvh_core.registry.rules import HOST_RULES
from alvh_core.schemas import (
    DAILY_BARS,
    LADDER_LEGS,
    LADDER_SIGNALS,
    LADDER_STATE,
    META_PAYLOADS,
    META_QUARANTINE,
    PRICED_QUOTES,
    QUARANTINED_QUOTES,
    SNAPSHOTS,
)
from alvh_core.signals import night_signals
from alvh_core.upkeep import sessions_up_to
from alvh_core.volumes import SESSIONS
from tasks.assets import in_lake, in_warehouse, stage
from tasks.lake.volumes import volumes_of
from tasks.night import Night


@stage(reads=[in_warehouse(LADDER_STATE), *map(in_lake, (DAILY_BARS, HOST_RULES, SNAPSHOTS, PRICED_QUOTES,
                                                         QUARANTINED_QUOTES, META_PAYLOADS, META_QUARANTINE))],
       writes=[*map(in_lake, (LADDER_LEGS, LADDER_SIGNALS, LADDER_STATE))])  # fmt: skip
def signal(night: Night) -> None:
    """Choose legs, apply the filter, advance the state machine."""
    lake, day, mode = night.lake, night.trade_date, night.source_mode
    bars, snapshots = lake.read(DAILY_BARS), lake.read(SNAPSHOTS)
    previous = night.warehouse.rows_before(LADDER_STATE, mode, day)
    priced = lake.read(PRICED_QUOTES)
    plan = plan_ladders(night.universe, priced, night.profiles.values())
    missed = missed_closes(bars, night_before(previous), day, night.calendar)
    rules = replayed_rules(night.universe, bars, [session for session, _ in missed], night.profile, mode)
    # quotes of the nights before are looked up in the lake; they are no asset of this night
    earlier = night.warehouse.published(mode, sessions_up_to(night.calendar, day, SESSIONS)[0], night.eve)
    answers = night_signals(
        hedge_chains(priced, lake.read(QUARANTINED_QUOTES), hedge_symbols(plan)), plan,
        close=trigger_close(bars, snapshots, day), previous=previous, trade_date=day, source_mode=mode,
        missed_closes=missed,
        missing=missing_chains(lake.read(META_PAYLOADS), lake.read(META_QUARANTINE)),
        host_rules=frames.concat([rules, lake.read(HOST_RULES)], HOST_RULES),
        volumes_of=partial(volumes_of, night.lake_root, mode, earlier),
    )  # fmt: skip
    lake.write(answers.legs, LADDER_LEGS)
    lake.write(answers.signals, LADDER_SIGNALS)
    lake.write(answers.state, LADDER_STATE)
    get_run_logger().info("%d ladders", len(plan))
