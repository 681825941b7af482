"""Which rules each dataset has on top of its registry entry: bars, curve, macro; and the door to all suites.

One function per dataset, from facts to answers. A new rule is a line here; a new kind of rule belongs in
`expectations.rules` and `expectations.engine`, a new row law in `expectations.laws`. Chains have their suites in
`expectations.option_suites`, answers in `expectations.answer_suites`.
"""

from alvh_core.crosscheck import AGREES, DIFFERS
from alvh_core.drift import CONTRACTS_RATIO, SPREAD_RATIO, TWO_SIDED_CHANGE_FRAC
from alvh_core.macro.series import SERIES
from alvh_core.schemas import (
    CROSS_CHECK,
    DAILY_ACTIONS,
    DAILY_BARS,
    DRIFT,
    LISTED_YIELDS,
    MACRO_LISTED,
    MACRO_VALUES,
    RATE_CURVE,
    VX_SETTLEMENTS,
)
from expectations.answer_suites import out_suite
from expectations.company_suites import facts_suite
from expectations.option_suites import expiry_suite, option_quotes_suite, underlying_suite
from expectations.rules import LOOK_AHEAD, Rule, Suite, at_least, between, in_set, law, matches, registry_rules

SPIKE_FACTOR = 4.0  # VIX has doubled in a day, never quadrupled

__all__ = [
    "cross_check_suite", "curve_suite", "daily_bars_suite", "drift_suite", "expiry_suite", "facts_suite",
    "listed_yields_suite", "macro_listed_suite", "macro_values_suite", "option_quotes_suite", "out_suite",
    "underlying_suite",
]  # fmt: skip


def daily_bars_suite(*, min_rows: int = 1) -> Suite:
    """Return the rules for daily bars and index histories; nothing in them may be younger than the night.

    Parameters
    ----------
    min_rows : int
        Fewer rows stop the night.
    """
    return Suite(
        dataset=DAILY_BARS.name,
        rules=(
            *registry_rules(DAILY_BARS, min_rows=min_rows),
            at_least("HIGH_BELOW_LOW", "high_usd", "low_usd", why="The two were swapped, or belong to two bars."),
            law("CLOSE_OUTSIDE_BAR", "close_inside_bar", ("close_usd", "low_usd", "high_usd"),
                "low_usd <= close_usd <= high_usd",
                why="A close outside its own bar belongs to another session or another share basis."),
            at_least("AFTER_THE_NIGHT", "trade_date", "bar_date", why=LOOK_AHEAD),
            law("BAR_AT_WEEKEND", "on_weekday", ("bar_date", "symbol"), "bar_date is a weekday",
                why="Nothing trades at the weekend: the date was shifted by a time zone."),
            law("BAR_SPIKE", "no_spike", ("symbol", "bar_date", "close_usd"),
                "no close is more than four times off its neighbours", factor=SPIKE_FACTOR,
                why="A price times ten or a split on one bar; a VIX close times ten would arm every layer."),
            law("BAR_REPEATED", "no_repeat", ("symbol", "bar_date", "open_usd", "high_usd", "low_usd", "close_usd"),
                "no bar repeats the four prices of the bar before",
                why="A bar filled forward over a day without data hides the gap and lowers realised volatility."),
        ),
    )  # fmt: skip


def curve_suite() -> Suite:
    """Return the rules for the discount curve; a missing one suspends what needs it and never stops the night."""
    return Suite(
        dataset=RATE_CURVE.name,
        rules=(
            *registry_rules(RATE_CURVE, empty_severity="underlying"),
            *_yield_rules(),
            between("tenor_years", 1 / 13, 30, name="ABSURD_TENOR",
                    why="The curve runs from one month to thirty years: months were taken for years."),
        ),
    )  # fmt: skip


def listed_yields_suite() -> Suite:
    """Return the rules for the yields of earlier dates; without them only the share of rates is missing."""
    rows = registry_rules(LISTED_YIELDS, empty_severity="underlying")
    return Suite(dataset=LISTED_YIELDS.name, rules=(*rows, *_yield_rules()))


def _yield_rules() -> tuple[Rule, ...]:
    return (
        at_least("AFTER_THE_NIGHT", "trade_date", "curve_date", why=LOOK_AHEAD),
        law("CURVE_AT_WEEKEND", "on_weekday", ("curve_date", "tenor_years"), "curve_date is a weekday",
            why="The Treasury publishes on business days: the date was misread."),
        between("par_yield_frac", -0.02, 0.20, name="ABSURD_YIELD",
                why="A yield outside this range is percent taken for a fraction, or a wrong column."),
    )  # fmt: skip


def daily_actions_suite() -> Suite:
    """Return the rules for dividends and splits; without a source of them there are none."""
    return Suite(
        dataset=DAILY_ACTIONS.name,
        rules=(
            *registry_rules(DAILY_ACTIONS, min_rows=0),
            at_least("AFTER_THE_NIGHT", "trade_date", "ex_date", why=LOOK_AHEAD),
        ),
    )


def vx_settlements_suite() -> Suite:
    """Return the rules for settlements of VIX futures; without them only the gap to the forwards is missing."""
    return Suite(
        dataset=VX_SETTLEMENTS.name,
        rules=(
            *registry_rules(VX_SETTLEMENTS, empty_severity="underlying"),
            at_least("AFTER_THE_NIGHT", "trade_date", "settle_date", why=LOOK_AHEAD),
            at_least("AFTER_EXPIRY", "expiry_date", "settle_date",
                     why="A future that has settled has no price any more: contract or date is wrong."),
            at_least("HIGH_BELOW_LOW", "high_usd", "low_usd",
                     why="Rows stitched from two files look like that, and neither half can be told."),
            matches("futures_symbol", r"^VX(?:\d\d)?/[FGHJKMNQUVXZ]\d$",
                    why="Minis and other products are no part of the curve."),
            law("WEEKLY_NOT_FINAL", "matches_unless", ("settle_kind", "futures_symbol"),
                "futures_symbol is a monthly's unless settle_kind is final", equals="final", pattern=r"^VX/",
                why="Until it settles, a weekly repeats a reference price and is no part of the curve."),
        ),
    )  # fmt: skip


def macro_listed_suite() -> Suite:
    """Return the rules for what the macro calendars of a night list; no row is no reason to stop it.

    Notes
    -----
    Two lines for one release and day are both refused: nobody knows which time was meant.
    """
    return Suite(
        dataset=MACRO_LISTED.name,
        rules=(
            *registry_rules(MACRO_LISTED, empty_severity="underlying"),
            law("WEEKEND", "on_weekday", ("event_date", "event_type"), "event_date is a weekday",
                why="No agency releases at the weekend: the date was shifted by a time zone or misread."),
            law("TIME_OFF_DATE", "within_day", ("event_at_utc", "event_date"),
                "event_at_utc falls on event_date in New York",
                why="Date and instant that disagree put the event on two nights."),
            law("TIME_AT_NIGHT", "in_office_hours", ("event_at_utc", "event_date"),
                "event_at_utc is 07:00 to 18:00 in New York",
                why="Agencies release in office hours; another time is a lost time zone."),
            matches("event_period", r"^(?:in )?\d{4}-\d{2}$",
                    why="The period tells a moved release from a second one; free text cannot be compared."),
        ),
    )  # fmt: skip


def macro_values_suite() -> Suite:
    """Return the rules for the values of the macro series; nothing in them may have been published after the night."""
    return Suite(
        dataset=MACRO_VALUES.name,
        rules=(
            *registry_rules(MACRO_VALUES, empty_severity="underlying"),
            in_set("series_id", tuple(SERIES), why="A series nobody asked for has no unit and no release lag."),
            at_least("AFTER_THE_NIGHT", "trade_date", "known_from_date", why=LOOK_AHEAD),
            at_least("KNOWN_BEFORE_IT_BEGAN", "known_from_date", "observation_date",
                     why="Nothing is published before the period it measures has begun."),
            at_least("SUPERSEDED_BEFORE_KNOWN", "superseded_date", "known_from_date",
                     why="A vintage that ends before it begins was never known."),
            law("ABSURD_PERCENT", "percent_when", ("series_unit", "series_value"),
                "series_unit percent has series_value between -5 and 30", equals="percent", low=-5.0, high=30.0,
                why="A rate outside this range is a decimal taken for percent, or a wrong column."),
            law("INDEX_NOT_POSITIVE", "positive_unless", ("series_unit", "series_value"),
                "series_unit other than percent has series_value > 0", equals="percent",
                why="Index levels and counts are positive; zero is a missing value in disguise."),
        ),
    )  # fmt: skip


def drift_suite() -> Suite:
    """Return the rules for chains beside their last nights; a breach is told and takes nothing out."""
    unusual = "Told only, nothing is taken out: a broken feed looks like this, and so does a crisis."
    return Suite(
        dataset=DRIFT.name,
        rules=(
            *registry_rules(DRIFT, min_rows=0),
            between("contracts_ratio", *CONTRACTS_RATIO, name="CONTRACTS_DRIFT", why=unusual),
            between("two_sided_change_frac", -TWO_SIDED_CHANGE_FRAC, TWO_SIDED_CHANGE_FRAC, name="TWO_SIDED_DRIFT",
                    why=unusual),
            between("spread_ratio", *SPREAD_RATIO, name="SPREAD_DRIFT", why=unusual),
            law("REPEATED_CHAIN", "false_law", ("is_repeated", "underlying"), "is_repeated is false",
                why="A whole chain at last night's prices and sizes is that chain under a new date; told only."),
        ),
    )  # fmt: skip


def cross_check_suite() -> Suite:
    """Return the rules for the comparison with a second feed; a night that asked for none has no rows."""
    measured = ("cross_check", "default_spread_frac", "second_spread_frac", "spread_ratio", "clock_gap_minutes")
    return Suite(
        dataset=CROSS_CHECK.name,
        rules=(
            *registry_rules(CROSS_CHECK, min_rows=0),
            *(law(f"{verdict}_WITHOUT_MEASURE", "present_when", measured, f"cross_check {verdict} has its measures",
                  equals=verdict, why="A comparison that was made shows what it compared.")
              for verdict in (AGREES, DIFFERS)),
        ),
    )  # fmt: skip
