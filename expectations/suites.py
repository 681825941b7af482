"""Which rules each dataset has on top of its registry entry.

One function per dataset, from facts to answers. A new rule is a line here; a new kind of rule belongs in
`expectations.rules` and `expectations.engine`, a new row law in `expectations.laws`.
"""

from alvh_core.crosscheck import AGREES, DIFFERS
from alvh_core.macro.series import SERIES
from alvh_core.params import SpreadRule
from alvh_core.schemas import (
    CROSS_CHECK,
    DAILY_BARS,
    DAILY_RATIOS,
    LADDER_LEGS,
    LADDER_SIGNALS,
    LADDER_STATE,
    MACRO_LISTED,
    MACRO_VALUES,
    MODEL_FREE,
    OPTION_QUOTES,
    RATE_CURVE,
    TableSpec,
)
from expectations.company_suites import ratio_laws
from expectations.rules import (
    Rule,
    Suite,
    at_least,
    between,
    in_set,
    law,
    matches,
    not_null,
    registry_rules,
    row_count,
    unique,
)

# Kept for comparison only; a vendor's nonsense is no reason to lose the quote.
VENDOR_COLUMNS = ("vendor_iv_vol", "vendor_delta")
ZERO_QUOTE_LIMIT = 0.98  # a chain almost without quotes is an outage of the source, not a market
REJECTED_LIMIT = 0.20  # beyond this the rest of the chain is not trusted either
ROUNDING = 1e-12
MAY_BE_EMPTY = frozenset({DAILY_RATIOS.name})  # a universe may have no single stock


def option_quotes_suite(*, min_rows: int = 1) -> Suite:
    """Return the rules for a night's quotes of all chains.

    Parameters
    ----------
    min_rows : int
        Fewer rows break the row-count rule; a night without chains is published as NO_DATA.

    Returns
    -------
    Suite
        For ``core_options__daily_quotes`` frames with the helper columns of `alvh_core.quality`:
        ``intrinsic_forward_usd``, ``intrinsic_tolerance_usd``, ``absurd_ask_usd`` and ``duplicate_no``.

    Notes
    -----
    Of a repeated contract the copy with ``duplicate_no`` 0 stays, so the key is unique together with that number. Zero
    bids, locked markets, adjusted roots and mid-price arbitrage are no faults: they are facts about a market.
    """
    bid_ask = ("ask_usd", "bid_usd")
    intrinsic = ("ask_usd", "intrinsic_forward_usd", "intrinsic_tolerance_usd")
    return Suite(
        dataset=OPTION_QUOTES.name,
        rules=(
            *registry_rules(OPTION_QUOTES, min_rows=min_rows, empty_severity="underlying", no_range=VENDOR_COLUMNS,
                            extra_key=("duplicate_no",)),
            between("duplicate_no", 0, 0, name="DUPLICATE"),
            between("intrinsic_tolerance_usd", 0, None),
            law("QUOTE_INCOMPLETE", "present_when", ("quote_flag", "bid_usd", "ask_usd"),
                "quote_flag OK has bid_usd and ask_usd", equals="OK"),
            law("CROSSED", "ask_not_below_bid", bid_ask, "ask_usd >= bid_usd"),
            law("ASK_BELOW_INTRINSIC", "ask_covers_intrinsic", intrinsic,
                "ask_usd >= intrinsic_forward_usd - intrinsic_tolerance_usd"),
            at_least("ABSURD_ASK", "absurd_ask_usd", "ask_usd"),
        ),
    )  # fmt: skip


def expiry_suite(*, min_rows: int = 1) -> Suite:
    """Return the rules for expiries: one row per (underlying, root, expiry_date).

    Parameters
    ----------
    min_rows : int
        Fewer rows break the row-count rule; a night without chains is published as NO_DATA.

    Returns
    -------
    Suite
        Columns: ``underlying``, ``root``, ``expiry_date``, ``contracts_count``, ``two_sided_frac``,
        ``calendar_status`` (OK, NOT_A_SESSION, NOT_THE_RULE_DATE) and ``parity_status`` (OK, UNKNOWN, BROKEN).
        A breach suspends the expiry.
    """
    severity = "expiry"
    return Suite(
        dataset="option_expiries",
        rules=(
            row_count(min_rows, severity),
            unique(("underlying", "root", "expiry_date"), severity),
            not_null("calendar_status", severity),
            in_set("calendar_status", ("OK",), severity, name="EXPIRY_DATE"),
            not_null("parity_status", severity),
            in_set("parity_status", ("OK", "UNKNOWN"), severity, name="PARITY_BROKEN"),
            between("contracts_count", 1, None, severity),
            between("two_sided_frac", 0, 1, severity),
        ),
    )


def underlying_suite(*, min_rows: int = 1) -> Suite:
    """Return the rules for chains: one row per underlying.

    Parameters
    ----------
    min_rows : int
        Fewer rows break the row-count rule; a night without chains is published as NO_DATA.

    Returns
    -------
    Suite
        Columns: ``underlying``, ``contracts_count``, ``two_sided_frac``, ``zero_quote_frac`` (share without bid and
        ask) and ``rejected_frac`` (share of rows already rejected). A breach suspends the underlying.
    """
    severity = "underlying"
    return Suite(
        dataset="option_underlyings",
        rules=(
            row_count(min_rows, severity),
            unique(("underlying",), severity),
            between("contracts_count", 1, None, severity, name="NO_CONTRACTS"),
            between("two_sided_frac", 0, 1, severity),
            not_null("zero_quote_frac", severity),
            between("zero_quote_frac", 0, ZERO_QUOTE_LIMIT, severity, name="ALL_ZERO_CHAIN", is_below=True),
            not_null("rejected_frac", severity),
            between("rejected_frac", 0, REJECTED_LIMIT, severity, name="TOO_MANY_REJECTS"),
        ),
    )


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
            at_least("HIGH_BELOW_LOW", "high_usd", "low_usd"),
            law("CLOSE_OUTSIDE_BAR", "close_inside_bar", ("close_usd", "low_usd", "high_usd"),
                "low_usd <= close_usd <= high_usd"),
            at_least("AFTER_THE_NIGHT", "trade_date", "bar_date"),
        ),
    )  # fmt: skip


def curve_suite(*, min_rows: int = 1) -> Suite:
    """Return the rules for the discount curve; a missing one suspends what needs it and never stops the night.

    Parameters
    ----------
    min_rows : int
        Fewer rows break the row-count rule, at severity ``underlying``.
    """
    return Suite(
        dataset=RATE_CURVE.name,
        rules=(
            *registry_rules(RATE_CURVE, min_rows=min_rows, empty_severity="underlying"),
            at_least("AFTER_THE_NIGHT", "trade_date", "curve_date"),
        ),
    )


def macro_listed_suite(*, min_rows: int = 1) -> Suite:
    """Return the rules for what the macro calendars of a night list; no row is no reason to stop it.

    Parameters
    ----------
    min_rows : int
        Fewer rows break the row-count rule, at severity ``underlying``.

    Notes
    -----
    Two lines for one release and day are both refused: nobody knows which time was meant.
    """
    return Suite(
        dataset=MACRO_LISTED.name,
        rules=(
            *registry_rules(MACRO_LISTED, min_rows=min_rows, empty_severity="underlying"),
            law("WEEKEND", "on_weekday", ("event_date", "event_type"), "event_date is a weekday"),
            law("TIME_OFF_DATE", "within_day", ("event_at_utc", "event_date"),
                "event_at_utc falls on event_date in New York"),
            law("TIME_AT_NIGHT", "in_office_hours", ("event_at_utc", "event_date"),
                "event_at_utc is 07:00 to 18:00 in New York"),
            matches("event_period", r"^(?:in )?\d{4}-\d{2}$"),
        ),
    )  # fmt: skip


def macro_values_suite(*, min_rows: int = 1) -> Suite:
    """Return the rules for the values of the macro series; nothing in them may have been published after the night.

    Parameters
    ----------
    min_rows : int
        Fewer rows break the row-count rule, at severity ``underlying``.
    """
    return Suite(
        dataset=MACRO_VALUES.name,
        rules=(
            *registry_rules(MACRO_VALUES, min_rows=min_rows, empty_severity="underlying"),
            in_set("series_id", tuple(SERIES)),
            at_least("AFTER_THE_NIGHT", "trade_date", "known_from_date"),
            at_least("KNOWN_BEFORE_IT_BEGAN", "known_from_date", "observation_date"),
            at_least("SUPERSEDED_BEFORE_KNOWN", "superseded_date", "known_from_date"),
            law("ABSURD_PERCENT", "percent_when", ("series_unit", "series_value"),
                "series_unit percent has series_value between -5 and 30", equals="percent", low=-5.0, high=30.0),
            law("INDEX_NOT_POSITIVE", "positive_unless", ("series_unit", "series_value"),
                "series_unit other than percent has series_value > 0", equals="percent"),
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
                  equals=verdict) for verdict in (AGREES, DIFFERS)),
        ),
    )  # fmt: skip


def out_suite(table: TableSpec, *, min_rows: int = 1, spread_rule: SpreadRule | None = None) -> Suite:
    """Return the rules for a table of answers; a breach stops the night, for no wrong answer may be published.

    Parameters
    ----------
    table : TableSpec
        Usually one of `alvh_core.schemas.OUT_TABLES`; any other has its registry rules.
    min_rows : int
        0 where no answer is an answer, as in `MAY_BE_EMPTY`.
    spread_rule : SpreadRule, optional
        Limits that a PASS must keep; the default rule if left out.

    Returns
    -------
    Suite
    """
    laws = _answer_laws(spread_rule or SpreadRule()).get(table.name, ())
    return Suite(dataset=table.name, rules=(*registry_rules(table, "night", min_rows=min_rows), *laws))


def _answer_laws(spread_rule: SpreadRule) -> dict[str, tuple[Rule, ...]]:
    limit = spread_rule.limit_frac
    return {
        LADDER_LEGS.name: (
            _law("LEG_INCOMPLETE", "present_when", ("leg_status", "osi_symbol", "strike_usd", "ask_usd"),
                 "leg_status OK has osi_symbol, strike_usd and ask_usd", equals="OK"),
        ),
        LADDER_SIGNALS.name: (
            _law("LADDER_ABOVE_WORST", "at_most", ("s_ladder_frac", "s_worst_frac"),
                 "s_ladder_frac <= s_worst_frac", tolerance=ROUNDING),
            _law("SIMPLE_ABOVE_WORST", "at_most", ("s_simple_frac", "s_worst_frac"),
                 "s_simple_frac <= s_worst_frac", tolerance=ROUNDING),
            _law("PASS_ABOVE_LIMIT", "below_when", ("filter_state", "s_ladder_frac"),
                 f"filter_state PASS has s_ladder_frac < {limit:g}", equals="PASS", limit=limit),
            _law("PASS_ABOVE_WORST_LIMIT", "below_when", ("filter_state", "s_worst_frac"),
                 f"filter_state PASS has s_worst_frac < {spread_rule.worst_leg_frac:g}", equals="PASS",
                 limit=spread_rule.worst_leg_frac),
            _law("DEPLOY_WITHOUT_PASS", "equal_when", ("action", "filter_state"),
                 "action DEPLOY has filter_state PASS", equals="DEPLOY", then="PASS"),
        ),
        LADDER_STATE.name: (
            _law("ARMED_WITHOUT_DATE", "present_when_positive", ("is_armed", "armed_date"),
                 "an armed layer has armed_date"),
            _law("DEPLOYED_WITHOUT_DATE", "present_when_positive", ("units_deployed", "deployed_date"),
                 "a deployed layer has deployed_date"),
            at_least("ARMED_AFTER_THE_NIGHT", "trade_date", "armed_date", "night"),
            at_least("DEPLOYED_AFTER_THE_NIGHT", "trade_date", "deployed_date", "night"),
        ),
        DAILY_RATIOS.name: ratio_laws(),
        MODEL_FREE.name: (
            _law("STATUS_WITHOUT_VALUE", "present_when", ("status", "iv30_vol"), "status OK has iv30_vol", equals="OK"),
            at_least("EXPIRIES_SWAPPED", "next_expiry_date", "near_expiry_date", "night"),
        ),
    }  # fmt: skip


def _law(name: str, function: str, columns: tuple[str, ...], text: str, **settings: float | str) -> Rule:
    return law(name, function, columns, text, "night", **settings)
