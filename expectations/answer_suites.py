"""Which rules the tables of answers have on top of their registry entries; a breach stops the night."""

from alvh_core.costs.pairing import MAX_P_VALUE
from alvh_core.registry.basis import EVENT_WINDOWS, INDICATORS, MACRO_CONTEXT
from alvh_core.registry.book import FILLS, POSITIONS
from alvh_core.registry.costs import COSTS, DIVIDEND_VALUE, DRIP, HELD_SCENARIOS, PAIRS
from alvh_core.registry.rules import HOST_RULES
from alvh_core.registry.spec import TableSpec
from alvh_core.registry.tightness import LEG_TIGHTNESS, PARITY
from alvh_core.schemas import (
    BREADTH,
    DAILY_RATIOS,
    LADDER_LEGS,
    LADDER_SIGNALS,
    LADDER_STATE,
    MODEL_FREE,
    VERDICTS_TABLE,
)
from expectations.company_suites import ratio_laws
from expectations.rules import LOOK_AHEAD, Rule, Suite, at_least, law, registry_rules

ROUNDING = 1e-12
_HELD_VALUES = ("book_mark_usd", "value_mid_usd", "value_vol_up_usd", "held_gain_usd", "liq_tonight_usd")
# A universe may have no single stock and no crypto fund, a night no calendar, no dividends and none of its closes.
MAY_BE_EMPTY = frozenset(table.name for table in (
    DAILY_RATIOS, BREADTH, INDICATORS, HOST_RULES, EVENT_WINDOWS, MACRO_CONTEXT, POSITIONS, FILLS, PARITY,
    LEG_TIGHTNESS, DIVIDEND_VALUE, DRIP, HELD_SCENARIOS,
))  # fmt: skip


def out_suite(table: TableSpec, *, min_rows: int = 1) -> Suite:
    """Return the rules for a table of answers; a breach stops the night, for no wrong answer may be published.

    Parameters
    ----------
    table : TableSpec
        Usually one of `alvh_core.schemas.OUT_TABLES`; any other has its registry rules.
    min_rows : int
        0 where no answer is an answer, as in `MAY_BE_EMPTY`.

    Returns
    -------
    Suite
    """
    laws = _answer_laws().get(table.name, ())
    return Suite(dataset=table.name, rules=(*registry_rules(table, "night", min_rows=min_rows), *laws))


def _answer_laws() -> dict[str, tuple[Rule, ...]]:
    return {
        DAILY_RATIOS.name: ratio_laws(),
        LADDER_LEGS.name: (
            _law("LEG_INCOMPLETE", "present_when", ("leg_status", "osi_symbol", "strike_usd", "ask_usd"),
                 "leg_status OK has osi_symbol, strike_usd and ask_usd", equals="OK",
                 why="A leg that is called buyable must name what is bought, at which strike, at which price."),
            _law("LEG_CROSSED", "not_crossed_when", ("leg_status", "ask_usd", "bid_usd"),
                 "leg_status OK has ask_usd >= bid_usd", equals="OK",
                 why="A crossed leg has no spread, and none may be read from it; shown as BAD_QUOTE it may stand."),
            _law("LEG_SPREAD_WRONG", "spread_of_sides", ("spread_frac", "bid_usd", "ask_usd"),
                 "spread_frac is the spread over the mid of bid and ask",
                 why="The 8 % rule reads this number: its denominator is the mid, always."),
            at_least("LEG_EXPIRED", "expiry_date", "trade_date", "night", why="What has expired cannot be bought."),
        ),
        VERDICTS_TABLE.name: (
            _law("VERDICT_ON_SIMULATION", "equal_when", ("source_mode", "verdict"),
                 "source_mode simulated has verdict INSUFFICIENT", equals="simulated", then="INSUFFICIENT",
                 why="Simulated quotes are never evidence about a market."),
            _law("VERDICT_WITHOUT_NIGHTS", "present_when_positive", ("nights_count", "verdict"),
                 "a night counted has a verdict", why="Evidence that leads to no verdict was lost on the way."),
        ),
        LADDER_SIGNALS.name: _signal_laws(),
        LADDER_STATE.name: (
            _law("ARMED_WITHOUT_DATE", "present_when_positive", ("is_armed", "armed_date"),
                 "an armed layer has armed_date",
                 why="An armed layer without its date cannot be disarmed or judged later."),
            _law("DEPLOYED_WITHOUT_DATE", "present_when_positive", ("units_deployed", "deployed_date"),
                 "a deployed layer has deployed_date",
                 why="A position without its date has no cost and no age."),
            at_least("ARMED_AFTER_THE_NIGHT", "trade_date", "armed_date", "night", why=LOOK_AHEAD),
            at_least("DEPLOYED_AFTER_THE_NIGHT", "trade_date", "deployed_date", "night", why=LOOK_AHEAD),
        ),
        BREADTH.name: (
            _law("COUNTS_DO_NOT_ADD_UP", "adds_up",
                 ("members_count", "advances_count", "declines_count", "unchanged_count"),
                 "members_count = advances_count + declines_count + unchanged_count",
                 why="A member rose, fell or stood still; one that did neither was not counted."),
            _law("DIFFERENCE_WRONG", "adds_up", ("advances_count", "ad_diff_count", "declines_count"),
                 "advances_count = ad_diff_count + declines_count",
                 why="The line is the sum of these differences; one that is wrong stays in it for ever."),
            at_least("BEFORE_AFTER_THE_NIGHT", "trade_date", "before_date", "night", why=LOOK_AHEAD),
            at_least("LINE_FROM_THE_FUTURE", "trade_date", "line_from_date", "night", why=LOOK_AHEAD),
        ),
        PAIRS.name: _pair_laws(),
        HELD_SCENARIOS.name: _held_laws(),
        COSTS.name: (
            _law("BREAK_EVEN_MISSING", "present_when", ("be_shock_status", "be_shock_touch_vol_points"),
                 "be_shock_status OK has be_shock_touch_vol_points", equals="OK",
                 why="The status is of the break-even at the touch; the one at mid is even at once, whatever follows."),
        ),
        MODEL_FREE.name: (
            _law("STATUS_WITHOUT_VALUE", "present_when", ("status", "iv30_vol"), "status OK has iv30_vol", equals="OK",
                 why="A status that promises a number must come with it."),
            at_least("EXPIRIES_SWAPPED", "next_expiry_date", "near_expiry_date", "night",
                     why="Near after next turns the interpolation round."),
        ),
    }  # fmt: skip


def _pair_laws() -> tuple[Rule, ...]:
    return (
        _law("PAIR_KEPT_WITHOUT_TRIAL", "present_when",
             ("pair_status", "pair_symbol", "pair_direction", "pair_incremental_es"),
             "pair_status KEPT has pair_symbol, pair_direction and pair_incremental_es", equals="KEPT",
             why="What earns a place must say what it is, which way it is held and what it saved."),
        _law("PAIR_KEPT_BY_LUCK", "below_when", ("pair_status", "pair_p_value"),
             f"pair_status KEPT has pair_p_value < {MAX_P_VALUE:g}", equals="KEPT", limit=MAX_P_VALUE,
             why="The rule was set before any pair was looked at, and no pair is kept around it."),
    )  # fmt: skip


def _held_laws() -> tuple[Rule, ...]:
    return tuple(
        _law(f"HELD_{status}_MISSING", "present_when", ("held_status", *_HELD_VALUES),
             f"held_status {status} has {', '.join(_HELD_VALUES[:-1])} and {_HELD_VALUES[-1]}", equals=status,
             why="A status that promises what a book is worth must come with it.")
        for status in ("OK", "FLOOR")
    )  # fmt: skip


def _signal_laws() -> tuple[Rule, ...]:
    return (
        _law("LADDER_ABOVE_WORST", "at_most", ("s_ladder_frac", "s_worst_frac"),
             "s_ladder_frac <= s_worst_frac", tolerance=ROUNDING,
             why="A weighted mean cannot be above its largest member."),
        _law("SIMPLE_ABOVE_WORST", "at_most", ("s_simple_frac", "s_worst_frac"),
             "s_simple_frac <= s_worst_frac", tolerance=ROUNDING,
             why="A mean cannot be above its largest member."),
        _law("PASS_ABOVE_LIMIT", "below_other_when", ("filter_state", "s_ladder_frac", "spread_limit_frac"),
             "filter_state PASS has s_ladder_frac < spread_limit_frac", equals="PASS",
             why="The 8 % rule itself: no spread at or above the limit may be called a pass."),
        _law("PASS_ABOVE_WORST_LIMIT", "below_other_when", ("filter_state", "s_worst_frac", "worst_leg_limit_frac"),
             "filter_state PASS has s_worst_frac < worst_leg_limit_frac", equals="PASS",
             why="One leg nobody can trade spoils the ladder, whatever the mean says."),
        _law("BUY_ABOVE_LIMIT", "below_other_when", ("buy_filter_state", "s_buy_frac", "spread_limit_frac"),
             "buy_filter_state PASS has s_buy_frac < spread_limit_frac", equals="PASS",
             why="The 8 % rule itself, on exactly the contracts that are bought."),
        _law("BUY_ABOVE_WORST", "at_most", ("s_buy_frac", "s_worst_frac"),
             "s_buy_frac <= s_worst_frac", tolerance=ROUNDING,
             why="What is bought is of the ladder's legs, and no wider than the widest of them."),
        _law("PASS_AFTER_HOURS", "among_when", ("filter_state", "quote_clock"),
             "filter_state PASS has quotes in session or at the close", equals="PASS",
             allowed="in_session at_close", why="A quote of the evening cannot be traded, however narrow it is."),
        _law("BUY_AFTER_HOURS", "among_when", ("buy_filter_state", "quote_clock"),
             "buy_filter_state PASS has quotes in session or at the close", equals="PASS",
             allowed="in_session at_close", why="What is bought is bought at quotes that could be traded."),
        _law("DEPLOY_WITHOUT_PASS", "equal_when", ("action", "buy_filter_state"),
             "action DEPLOY has buy_filter_state PASS", equals="DEPLOY", then="PASS",
             why="Nothing is bought, even on paper, through a filter that did not pass."),
    )  # fmt: skip


def _law(name: str, function: str, columns: tuple[str, ...], text: str, *, why: str,
         **settings: float | str) -> Rule:  # fmt: skip
    return law(name, function, columns, text, "night", why=why, **settings)
