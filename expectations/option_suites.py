"""Which rules a night's option chains have: contracts, expiries, underlyings.

Bounds that differ between asset classes are data of `expectations.packs`; other datasets' rules are in `suites` and
`answer_suites`.
"""

from alvh_core.schemas import OPTION_QUOTES
from expectations.rules import Suite, at_least, between, in_set, law, not_null, registry_rules, row_count, unique

# Kept for comparison only; a vendor's nonsense is no reason to lose the quote.
VENDOR_COLUMNS = ("vendor_iv_vol", "vendor_delta")
ZERO_QUOTE_LIMIT = 0.98  # a chain almost without quotes is an outage of the source, not a market
REJECTED_LIMIT = 0.20  # beyond this the rest of the chain is not trusted either


def option_quotes_suite(*, min_rows: int = 1) -> Suite:
    """Return the rules for a night's quotes of all chains.

    Parameters
    ----------
    min_rows : int
        Fewer rows stop the night.

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
            *registry_rules(OPTION_QUOTES, min_rows=min_rows, no_range=VENDOR_COLUMNS, extra_key=("duplicate_no",)),
            between("duplicate_no", 0, 0, name="DUPLICATE",
                    why="A contract counts once; of copies that disagree nobody knows the right one."),
            between("intrinsic_tolerance_usd", 0, None,
                    why="A tolerance below zero would turn the intrinsic rule round."),
            law("QUOTE_INCOMPLETE", "present_when", ("quote_flag", "bid_usd", "ask_usd"),
                "quote_flag OK has bid_usd and ask_usd", equals="OK",
                why="A quote that is called good must have both sides, else its spread is an invention."),
            law("CROSSED", "ask_not_below_bid", bid_ask, "ask_usd >= bid_usd",
                why="A crossed quote can be traded against itself; it is two moments or two contracts in one row."),
            law("ASK_BELOW_INTRINSIC", "ask_covers_intrinsic", intrinsic,
                "ask_usd >= intrinsic_forward_usd - intrinsic_tolerance_usd",
                why="Nobody sells below what exercise pays: the strike, the side or the quote is wrong."),
            at_least("ABSURD_ASK", "absurd_ask_usd", "ask_usd",
                     why="A contract without a bid is worth ticks; an ask far above is a market maker's placeholder."),
        ),
    )  # fmt: skip


def expiry_suite(*, min_rows: int = 1) -> Suite:
    """Return the rules for expiries: one row per (underlying, root, expiry_date).

    Parameters
    ----------
    min_rows : int
        Fewer rows stop the night.

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
            row_count(min_rows),
            unique(("underlying", "root", "expiry_date"), severity),
            not_null(
                "calendar_status", severity, why="An expiry nobody compared with the calendar is not known to exist."
            ),
            in_set(
                "calendar_status",
                ("OK",),
                severity,
                name="EXPIRY_DATE",
                why="A date the exchange's rule does not give is a shifted date, and every tenor with it.",
            ),
            not_null("parity_status", severity, why="An expiry nobody tested for parity is not known to be in order."),
            in_set(
                "parity_status",
                ("OK", "UNKNOWN"),
                severity,
                name="PARITY_BROKEN",
                why="Calls and puts that do not price one forward are of different moments or strikes.",
            ),
            between("contracts_count", 1, None, severity, why="An expiry without contracts is a fault of ours."),
            between("two_sided_frac", 0, 1, severity, why="A share is between none and all."),
        ),
    )


def underlying_suite(*, min_rows: int = 1) -> Suite:
    """Return the rules for chains: one row per underlying.

    Parameters
    ----------
    min_rows : int
        Fewer rows stop the night.

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
            row_count(min_rows),
            unique(("underlying",), severity),
            between(
                "contracts_count", 1, None, severity, name="NO_CONTRACTS", why="A chain without contracts is no chain."
            ),
            between("two_sided_frac", 0, 1, severity, why="A share is between none and all."),
            not_null("zero_quote_frac", severity, why="A chain whose silence nobody measured may be switched off."),
            between(
                "zero_quote_frac",
                0,
                ZERO_QUOTE_LIMIT,
                severity,
                name="ALL_ZERO_CHAIN",
                is_below=True,
                why="A chain almost without quotes is a source that is down, not an illiquid market.",
            ),
            not_null("rejected_frac", severity, why="A chain whose faults nobody counted is not known to be in order."),
            between(
                "rejected_frac",
                0,
                REJECTED_LIMIT,
                severity,
                name="TOO_MANY_REJECTS",
                why="Where a fifth of the rows is wrong, the rest came the same way.",
            ),
        ),
    )
