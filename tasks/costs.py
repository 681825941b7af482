"""Stage costs: what tonight's ladders are worth in a shock, and what they have cost beside what they protect."""

import pandas as pd
from prefect import get_run_logger

from alvh_core.costs.carry import night_costs
from alvh_core.costs.dividends import hedged_betas, host_yields, night_dividends, night_drip
from alvh_core.costs.held import HELD, QUOTED, held_scenarios
from alvh_core.costs.pair_rows import night_pairs
from alvh_core.costs.scenario import READ as LEG_COLUMNS
from alvh_core.costs.scenario import distinct_legs, known_betas, night_scenarios
from alvh_core.costs.structure import BOOKED, READ, WINDOW_NIGHTS, night_structure
from alvh_core.curve import rate_at
from alvh_core.frames import as_mapping, only
from alvh_core.ladders import ladder_books, legs_to_trade, plan_ladders
from alvh_core.profiles import comparison_profile
from alvh_core.registry.basis import HOST_BASIS, TERM
from alvh_core.registry.book import BOOK, POSITIONS
from alvh_core.registry.costs import (
    COST_TABLES,
    COSTS,
    DIVIDEND_VALUE,
    DRIP,
    HELD_SCENARIOS,
    PAIRS,
    SCENARIOS,
    STRUCTURE,
)
from alvh_core.registry.tightness import BOOK_SPREADS
from alvh_core.schemas import (
    CLOSES,
    DAILY_ACTIONS,
    DAILY_BARS,
    DAILY_RATIOS,
    LADDER_LEGS,
    MODEL_FREE,
    PRICED_QUOTES,
    RATE_CURVE,
    SNAPSHOTS,
)
from tasks.assets import in_lake, in_warehouse, stage
from tasks.night import Night


@stage(
    reads=[*map(in_lake, (PRICED_QUOTES, LADDER_LEGS, BOOK, POSITIONS, BOOK_SPREADS, HOST_BASIS, TERM)),
           *map(in_lake, (RATE_CURVE, DAILY_ACTIONS, CLOSES, DAILY_RATIOS, DAILY_BARS, SNAPSHOTS, MODEL_FREE)),
           *map(in_warehouse, (BOOK, SNAPSHOTS, MODEL_FREE))],
    writes=[*map(in_lake, COST_TABLES)],
)  # fmt: skip
def costs(night: Night) -> None:
    """Compute scenarios, yearly costs, structure, pairs and dividend values of the night."""
    lake, mode, day = night.lake, night.source_mode, pd.Timestamp(night.trade_date)
    profile = comparison_profile(night.profiles)
    priced = lake.read(PRICED_QUOTES, columns=["underlying", *QUOTED])
    plan = plan_ladders(night.universe, priced, night.profiles.values())
    basis, curve, book, spreads = (lake.read(table) for table in (HOST_BASIS, RATE_CURVE, BOOK, BOOK_SPREADS))
    betas, weak = known_betas(basis)
    measured = lake.read(TERM)
    term = dict(zip(measured["beta_tenor_days"], measured["fwd_beta"], strict=True))
    chosen = legs_to_trade(lake.read(LADDER_LEGS, columns=LEG_COLUMNS), plan)
    legs = distinct_legs(chosen, betas, term, weak=weak)
    p95 = as_mapping(spreads, ["hedge_symbol", "option_right"], "s_p95_frac")
    lake.write(night_scenarios(legs, p95, day, mode), SCENARIOS)
    held = lake.read(POSITIONS, columns=HELD)
    lake.write(held_scenarios(held, priced, betas, p95, day, mode, term=term, weak=weak), HELD_SCENARIOS)
    yields = host_yields(lake.read(DAILY_ACTIONS), lake.read(CLOSES), day)
    yearly = night_costs(book, legs, ladder_books(plan), yields, funding_rate=rate_at(curve, 0.25), trade_date=day,
                         source_mode=mode)  # fmt: skip
    lake.write(yearly, COSTS)
    notionals = {each.host: each.profile.hedged_notional_usd for each in plan if each.profile.name == profile.name}
    earlier = night.warehouse.last_nights(BOOKED, mode, night.eve, WINDOW_NIGHTS - 1, profile=profile.name)
    tonight, closes = only(book, READ, "profile", profile.name), night.closes()
    structure = night_structure(earlier, tonight, closes, notionals, day, mode)
    lake.write(structure, STRUCTURE)
    lake.write(night_pairs(earlier, closes, night.universe, profile.name, day, mode), PAIRS)
    market_betas = hedged_betas(structure), as_mapping(basis, "host", "stress_beta")
    ratios = lake.read(DAILY_RATIOS)
    lake.write(night_drip(lake.read(DAILY_ACTIONS), lake.read(DAILY_BARS), day, mode), DRIP)
    lake.write(night_dividends(ratios, night.universe, *market_betas, rate_at(curve, 10.0), day, mode), DIVIDEND_VALUE)
    get_run_logger().info("%d ladders", len(yearly))
