"""Which rules a night's option chains have: contracts, expiries, underlyings.

Bounds that differ between asset classes are data of `expectations.packs`; other datasets' rules are in `suites` and
`answer_suites`.
"""

from alvh_core.schemas import OPTION_QUOTES
from expectations.rules import Rule, Suite, at_least, between, in_set, law, not_null, registry_rules, row_count, unique

# Kept for comparison only; a vendor's nonsense is no reason to lose the quote.
VENDOR_COLUMNS = ("vendor_iv_vol", "vendor_delta")
ZERO_QUOTE_LIMIT = 0.98  # a chain almost without quotes is an outage of the source, not a market
DEAD_LIMIT = 0.25  # two-sided share below which a snapshot is an evening's leftovers
PAIRED_LIMIT, WRONG_DELTA_LIMIT, TWIN_LIMIT = 0.02, 0.5, 0.01
CLOCK_SLACK_MINUTES, OFF_TICK_LIMIT = -2.0, 0.5
SIZE_LIMIT, COUNT_LIMIT = 1e6, 2e7
REJECTED_LIMIT = 0.20  # beyond this the rest of the chain is not trusted either


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
    return Suite(
        dataset=OPTION_QUOTES.name,
        rules=(
            *registry_rules(OPTION_QUOTES, min_rows=min_rows, empty_severity="underlying", no_range=VENDOR_COLUMNS,
                            extra_key=("duplicate_no",)),
            between("duplicate_no", 0, 0, name="DUPLICATE",
                    why="A contract counts once; of copies that disagree nobody knows the right one."),
            *_identity_rules(),
            *_quote_rules(),
            *_bound_rules(),
            *_arbitrage_rules(),
            *_count_rules(),
        ),
    )  # fmt: skip


def _identity_rules() -> tuple[Rule, ...]:
    """Return what a contract says of itself, against its symbol, its root and the calendar."""
    whys = {
        "ROOT": "SPX and SPXW share dates and strikes: the wrong root is another contract with another settlement.",
        "EXPIRY": "A date shifted by a time zone moves every tenor and every volatility.",
        "RIGHT": "A put called a call turns parity, delta and the leg to be bought round.",
        "STRIKE": "A strike in other units than its symbol is a split or a scale that nobody applied.",
    }
    symbol = [
        in_set("symbol_status", tuple(s for s in ("OK", *whys) if s != part), name=f"SYMBOL_{part}", why=why,
               text=f"the {part.lower()} in osi_symbol is that of its column")
        for part, why in whys.items()
    ]  # fmt: skip
    return (
        *symbol,
        law("SETTLEMENT_OF_ROOT", "same", ("settlement", "root_settlement"), "settlement is that of the root",
            why="AM and PM twins share everything but the hours before settlement; VIXW is no PM root."),
        law("SETTLE_INSTANT", "near", ("settlement", "settle_gap_minutes"),
            "settle_at_utc is 09:30 New York for AM and SOQ, the session's close for PM", tolerance=0.5,
            why="Time to expiry runs to the settlement instant; half a day is much of a week's option."),
        law("DTE_WRONG", "near", ("settlement", "dte_gap_days"), "dte_days is expiry_date less trade_date",
            tolerance=0.5, why="Days counted by the host's clock pick other legs in Tokyo than in New York."),
        law("YEARS_WRONG", "near", ("settlement", "years_gap_days"),
            "years runs from quote_at_utc to settle_at_utc over 365 days", tolerance=0.01,
            why="Every volatility divides by it."),
        law("MULTIPLIER", "same", ("multiplier", "root_multiplier"), "multiplier is the root's, unless adjusted",
            why="Another deliverable under an ordinary root is a corporate action that nobody flagged."),
        law("ADJUSTED_FLAG", "same", ("is_adjusted", "is_root_adjusted"),
            "is_adjusted is true exactly for roots with a digit appended",
            why="An adjusted deliverable among ordinary ones poisons parity; it is flagged and left out, not judged."),
    )  # fmt: skip


def _quote_rules() -> tuple[Rule, ...]:
    bid_ask = ("ask_usd", "bid_usd")
    return (
        law("QUOTE_INCOMPLETE", "present_when", ("quote_flag", "bid_usd", "ask_usd"),
            "quote_flag OK has bid_usd and ask_usd", equals="OK",
            why="A quote that is called good must have both sides, else its spread is an invention."),
        law("FLAG_WRONG", "flag_agrees", ("quote_flag", "bid_usd", "ask_usd"), "quote_flag is what the prices give",
            why="Locked, zero-bid and missing quotes are facts that everything later trusts the flag for."),
        law("CROSSED", "ask_not_below_bid", bid_ask, "ask_usd >= bid_usd",
            why="A crossed quote can be traded against itself; it is two moments or two contracts in one row."),
        at_least("ABSURD_ASK", "absurd_ask_usd", "ask_usd",
                 why="A contract without a bid is worth ticks; an ask far above is a market maker's placeholder."),
        between("off_cent_usd", None, 1e-4, name="OFF_CENT", text="bid_usd and ask_usd are whole cents",
                why="No option is quoted in fractions of a cent: this is a theoretical value or a rescaled price."),
    )  # fmt: skip


def _bound_rules() -> tuple[Rule, ...]:
    intrinsic = ("ask_usd", "intrinsic_forward_usd", "intrinsic_tolerance_usd")
    return (
        between("intrinsic_tolerance_usd", 0, None,
                why="A tolerance below zero would turn the intrinsic rule round."),
        law("ASK_BELOW_INTRINSIC", "ask_covers_intrinsic", intrinsic,
            "ask_usd >= intrinsic_forward_usd - intrinsic_tolerance_usd",
            why="Nobody sells below what exercise pays: the strike, the side or the quote is wrong."),
        at_least("BID_ABOVE_CAP", "bid_cap_usd", "bid_usd",
                 why="A put is worth its strike at most, a call its underlying: strikes or prices of another basis."),
        at_least("BID_ABOVE_VOL_CAP", "vol_cap_usd", "bid_usd",
                 why="The bid pays more than the highest volatility its asset class has: a price of something else."),
        at_least("ASK_BELOW_VOL_FLOOR", "ask_usd", "vol_floor_usd",
                 why="The ask sells below the lowest volatility its asset class has: a stale or misplaced price."),
        at_least("STRIKE_TOO_LOW", "strike_frac", "listed_low_frac",
                 why="So far below the forward nothing is listed: a pre-split forward or a strike in other units."),
        at_least("STRIKE_TOO_HIGH", "listed_high_frac", "strike_frac",
                 why="So far above the forward nothing is listed: a pre-split strike or one in other units."),
    )  # fmt: skip


def _arbitrage_rules() -> tuple[Rule, ...]:
    """Return what could be locked in at bid and ask; contradictions of mids are counted, never refused."""
    told = {
        "MONOTONE": ("monotone_usd", "no call of higher strike, or put of lower, bids above this ask",
                     "The dearer right sold and the cheaper bought would pay at once and never cost."),
        "VERTICAL": ("vertical_usd", "no vertical spread sells for more than its width",
                     "A spread pays its width at most; more at the bid is a quote of another moment."),
        "BUTTERFLY": ("butterfly_usd", "no middle strike bids above what its wings ask",
                      "Wings bought and middles sold would pay at once and never cost."),
        "CALENDAR": ("calendar_usd", "no shorter American contract bids above what the longer asks",
                     "A longer American right contains the shorter one; European and VIX expiries are not compared."),
    }  # fmt: skip
    return tuple(
        between(column, None, 0, name=f"{name}_ARBITRAGE", text=text, why=why)
        for name, (column, text, why) in told.items()
    )


def _count_rules() -> tuple[Rule, ...]:
    sizes, totals = ("bid_size_count", "ask_size_count"), ("volume_count", "open_interest_count")
    names = {"volume_count": "VOLUME", "open_interest_count": "OPEN_INTEREST"}
    absurd = [
        between(column, None, SIZE_LIMIT, name="SIZE_ABSURD",
                why="No market shows a million contracts: an identifier or a sentinel in the wrong column.")
        for column in sizes
    ] + [
        between(column, None, COUNT_LIMIT, name=f"{names[column]}_ABSURD",
                why="More than any contract ever had: shares for contracts, or a sentinel.")
        for column in totals
    ]  # fmt: skip
    return (
        *absurd,
        law("SIZE_FRACTION", "whole", sizes, "sizes are whole contracts", first=2,
            why="Contracts are whole: a fraction is a price or an average in the wrong column."),
        law("VOLUME_FRACTION", "whole", ("volume_count", "strike_usd"), "volume_count is whole", first=1,
            why="Contracts are whole: a fraction is a price or an average in the wrong column."),
        law("OPEN_INTEREST_FRACTION", "whole", ("open_interest_count", "strike_usd"),
            "open_interest_count is whole", first=1,
            why="Open interest of the session before is counted, not estimated."),
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
            not_null("calendar_status", severity,
                     why="An expiry nobody compared with the calendar is not known to exist."),
            in_set("calendar_status", ("OK",), severity, name="EXPIRY_DATE",
                   why="A date the exchange's rule does not give is a shifted date, and every tenor with it."),
            not_null("parity_status", severity, why="An expiry nobody tested for parity is not known to be in order."),
            in_set("parity_status", ("OK", "UNKNOWN"), severity, name="PARITY_BROKEN",
                   why="Calls and puts that do not price one forward are of different moments or strikes."),
            between("contracts_count", 1, None, severity, why="An expiry without contracts is a fault of ours."),
            between("two_sided_frac", 0, 1, severity, why="A share is between none and all."),
            *_expiry_rules(),
        ),
    )  # fmt: skip


def _expiry_rules() -> tuple[Rule, ...]:
    severity = "expiry"
    return (
        law("STRIKES_OFF_FORWARD", "within", ("centre_frac", "centre_low_frac", "centre_high_frac"),
            "the median strike is within the pack's band around the forward", severity,
            why="A whole expiry in other units or of before a split has its strikes far from the forward."),
        law("FORWARD_OFF_CHAIN", "within", ("term_frac", "term_low_frac", "term_high_frac"),
            "the forward is within the pack's band around the chain's", severity,
            why="One expiry on another share basis shows in its forward before anything else."),
        at_least("EXPIRY_TOO_FAR", "max_dte_days", "dte_days", severity,
                 why="Nothing is listed for so long: a wrong century, year or date format."),
        between("paired_frac", PAIRED_LIMIT, None, severity, name="UNPAIRED_STRIKES",
                why="Calls and puts are listed in pairs: where hardly a pair is left, half of the expiry was lost."),
        between("wrong_delta_frac", None, WRONG_DELTA_LIMIT, severity, name="RIGHTS_SWAPPED",
                why="Where most vendor deltas have the wrong sign, calls and puts were exchanged."),
        between("same_quotes_count", 0, 0, severity, name="COPIED_EXPIRY",
                why="Two dates with the very same quotes are one expiry filed twice."),
        between("distinct_quotes_count", 2, None, severity, name="CONSTANT_QUOTES",
                why="One quote on every strike is a filling, not a market."),
        between("twin_gap_frac", None, TWIN_LIMIT, severity, name="TWIN_FORWARDS",
                why="AM and PM contracts of one date settle on the same index hours apart: their rows are mixed."),
    )  # fmt: skip


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
            between("contracts_count", 1, None, severity, name="NO_CONTRACTS",
                    why="A chain without contracts is no chain."),
            between("two_sided_frac", 0, 1, severity, why="A share is between none and all."),
            not_null("zero_quote_frac", severity, why="A chain whose silence nobody measured may be switched off."),
            between("zero_quote_frac", 0, ZERO_QUOTE_LIMIT, severity, name="ALL_ZERO_CHAIN", is_below=True,
                    why="A chain almost without quotes is a source that is down, not an illiquid market."),
            not_null("rejected_frac", severity, why="A chain whose faults nobody counted is not known to be in order."),
            between("rejected_frac", 0, REJECTED_LIMIT, severity, name="TOO_MANY_REJECTS",
                    why="Where a fifth of the rows is wrong, the rest came the same way."),
            *_chain_rules(),
        ),
    )  # fmt: skip


def _chain_rules() -> tuple[Rule, ...]:
    severity = "underlying"
    return (
        between("two_sided_frac", DEAD_LIMIT, None, severity, name="DEAD_SNAPSHOT",
                why="Almost all quotes one-sided: the market makers had gone home, and what is left is no market."),
        between("call_frac", 0.2, 0.8, severity, name="ONE_RIGHT_MISSING",
                why="Calls and puts are listed in pairs: a chain of one kind was cut on the way."),
        between("bodies_count", 1, 1, severity, name="MIXED_SNAPSHOTS",
                why="A chain is one body of one moment; parts of two never belong together."),
        between("quote_age_minutes", CLOCK_SLACK_MINUTES, None, severity, name="CLOCK_AHEAD",
                why="Quotes younger than the file they came in: a time zone or a clock is wrong."),
        law("CLOCK_LABEL", "same", ("quote_clock", "due_clock"), "quote_clock is what quote time and session give",
            severity, why="After-hours quotes under another label would be taken for tradeable ones."),
        law("OTHER_SESSION", "true_law", ("is_of_session", "call_frac"), "quote_at_utc belongs to the trade_date",
            severity, why="Yesterday's quotes filed as tonight's are a forward fill."),
        law("NOT_A_SESSION", "true_law", ("is_session", "call_frac"), "trade_date is a session of the exchange",
            "night", why="A night dated on a holiday was filled forward; nothing traded."),
        between("off_tick_frac", 0, OFF_TICK_LIMIT, severity, name="OFF_TICK",
                why="One quote off its tick is a fact; half of a chain is a rescaled feed or a wrong tick class."),
        law("SPOT_OFF_FORWARD", "within", ("spot_frac", "spot_low_frac", "spot_high_frac"),
            "the nearest forward is within the pack's band around the vendor's price", severity,
            why="A price times ten, or of another share basis, disagrees with what calls and puts say together."),
        law("CLOSE_OFF_FORWARD", "within", ("close_frac", "close_low_frac", "close_high_frac"),
            "the nearest forward is within one session's move of the last close", severity,
            why="A split that chain and bars date differently, or a unit slip in one of them."),
    )  # fmt: skip
