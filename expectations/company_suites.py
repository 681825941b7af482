"""Which rules company facts and the ratios made of them have on top of their registry entries.

Apart from `expectations.suites` only for its length.
"""

from alvh_core.fundamentals.facts import PER_SHARE, UNITS
from alvh_core.schemas import FACTS
from expectations.rules import LOOK_AHEAD, Rule, Suite, at_least, in_set, law, registry_rules

ABSURD_PER_SHARE_USD = 200_000.0  # the dearest share earns some 60 thousand a year
_VALUES = {
    "shares_status": "shares_count", "market_cap_status": "market_cap_usd", "eps_status": "eps_ttm_usd",
    "pe_status": "pe_ratio", "cfo_status": "cfo_ttm_usd", "pcf_status": "pcf_ratio", "quick_status": "quick_ratio",
    "dividends_status": "dividends_ttm_usd", "yield_status": "dividend_yield_frac", "cover_status": "earnings_cover",
}  # fmt: skip


def facts_suite(*, min_rows: int = 1) -> Suite:
    """Return the rules for what companies have reported; no row is no reason to stop the night.

    Parameters
    ----------
    min_rows : int
        Fewer rows break the row-count rule, at severity ``underlying``.

    Notes
    -----
    Two values for one period on one day are both refused: nobody knows which was meant.
    """
    return Suite(
        dataset=FACTS.name,
        rules=(
            *registry_rules(FACTS, min_rows=min_rows, empty_severity="underlying"),
            in_set("fact_tag", tuple(UNITS), why="A fact nobody asked for has no unit to check it by."),
            at_least("AFTER_THE_NIGHT", "trade_date", "known_from_date", why=LOOK_AHEAD),
            at_least("KNOWN_BEFORE_FILED", "known_from_date", "filed_date",
                     why="Nobody outside the company knows a number before its filing."),
            at_least("FILED_BEFORE_IT_ENDED", "filed_date", "period_end_date",
                     why="A period is reported after it has ended; the other way round a date is wrong."),
            at_least("SUPERSEDED_BEFORE_KNOWN", "superseded_date", "known_from_date",
                     why="A value that was replaced before it was known was never known."),
            law("ABSURD_PER_SHARE", "percent_when", ("fact_unit", "fact_value"),
                f"fact_unit {PER_SHARE} has fact_value between -{ABSURD_PER_SHARE_USD:g} and {ABSURD_PER_SHARE_USD:g}",
                equals=PER_SHARE, low=-ABSURD_PER_SHARE_USD, high=ABSURD_PER_SHARE_USD,
                why="Dollars of the whole company, filed under a unit per share."),
        ),
    )  # fmt: skip


def ratio_laws() -> tuple[Rule, ...]:
    """Return the rules for a night's ratios: a value where the status is OK, else none; nothing from the future."""
    pairs = (
        (
            law("STATUS_WITHOUT_VALUE", "present_when", (status, value), f"{status} OK has {value}", "night",
                equals="OK", why="A status that promises a number must come with it."),
            law("VALUE_WITHOUT_STATUS", "absent_unless", (status, value), f"{status} other than OK has no {value}",
                "night", equals="OK", why="A number beside the reason why there is none is one of the two too many."),
        )
        for status, value in _VALUES.items()
    )  # fmt: skip
    return (
        *(rule for pair in pairs for rule in pair),
        at_least("CLOSE_AFTER_THE_NIGHT", "trade_date", "bar_date", "night", why=LOOK_AHEAD),
        at_least("REPORT_AFTER_THE_NIGHT", "trade_date", "available_date", "night", why=LOOK_AHEAD),
        at_least("REPORT_BEFORE_ITS_PERIOD_ENDED", "available_date", "period_end_date", "night",
                 why="A report is available after the period it is about."),
    )  # fmt: skip
