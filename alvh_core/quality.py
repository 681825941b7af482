"""What validation looks at: helper columns per contract, one row per expiry, one row per underlying.

Facts only, no verdicts: which fact breaks which rule, and how gravely, is said in `expectations`. Intrinsic value is
judged on the parity forward of the expiry, for VIX as for everything else, never on spot.
"""

from collections.abc import Iterator, Mapping
from datetime import date, timedelta
from typing import Any

import numpy as np
import pandas as pd

from alvh_core.expiries import monthly_expiry, vix_week_settlement
from alvh_core.forwards import EXPIRY
from alvh_core.quotes import find_root
from alvh_core.sessions import TradingCalendar
from alvh_core.universe import AM, SOQ, Asset

ABSURD_TIME_VALUE_FRAC = 0.15
FORWARD_SLACK_FRAC = 0.005
_QUOTE = ["bid_usd", "ask_usd", "bid_size_count", "ask_size_count"]


def with_quality(quotes: pd.DataFrame, forwards: pd.DataFrame) -> pd.DataFrame:
    """Add the columns that row rules need.

    Parameters
    ----------
    quotes : DataFrame
        `OPTION_QUOTES`.
    forwards : DataFrame
        From `alvh_core.forwards.expiry_forwards`.

    Returns
    -------
    DataFrame
        The same rows, with ``intrinsic_forward_usd`` (discounted, on the forward; NaN without one),
        ``intrinsic_tolerance_usd`` (half the width of the parity quote plus half a percent of the forward),
        ``absurd_ask_usd`` (limit of a no-bid contract's ask; NaN for others) and ``duplicate_no`` (0 keeps the row).

    Notes
    -----
    A contract without a bid is worth a few ticks; an ask 15 % of the forward above intrinsic is a placeholder.
    Of identical duplicates the first is kept; of conflicting ones none, because which is right cannot be told.
    """
    columns = [*EXPIRY, "forward_usd", "discount", "half_width_usd"]
    joined = quotes[EXPIRY].merge(forwards[columns], on=EXPIRY, how="left")
    forward, strike = joined["forward_usd"].to_numpy(), quotes["strike_usd"].to_numpy()
    payoff = np.where(quotes["option_right"] == "C", forward - strike, strike - forward)
    intrinsic = joined["discount"].to_numpy() * np.maximum(payoff, 0.0)
    limit = intrinsic + ABSURD_TIME_VALUE_FRAC * np.maximum(forward, strike)
    return quotes.assign(
        intrinsic_forward_usd=intrinsic,
        intrinsic_tolerance_usd=joined["half_width_usd"].fillna(0.0).to_numpy()
        + FORWARD_SLACK_FRAC * np.nan_to_num(forward),
        absurd_ask_usd=np.where(quotes["quote_flag"] == "ZERO_BID", limit, np.nan),
        duplicate_no=_duplicate_no(quotes),
    )


def _duplicate_no(quotes: pd.DataFrame) -> np.ndarray:
    result = np.zeros(len(quotes), dtype=np.int64)
    again = quotes["osi_symbol"].duplicated(keep=False)
    if not again.any():
        return result
    twins = quotes.loc[again, ["osi_symbol", *_QUOTE]]
    kinds = twins.drop_duplicates().groupby("osi_symbol").size()
    conflicting = twins["osi_symbol"].map(kinds) > 1
    result[again.to_numpy()] = twins.groupby("osi_symbol").cumcount().to_numpy() + conflicting.to_numpy()
    return result


def expiry_facts(quotes: pd.DataFrame, forwards: pd.DataFrame, universe: Mapping[str, Asset],
                 calendar: TradingCalendar) -> pd.DataFrame:  # fmt: skip
    """Describe every expiry of the night.

    Parameters
    ----------
    quotes : DataFrame
        `OPTION_QUOTES`.
    forwards : DataFrame
        From `alvh_core.forwards.expiry_forwards`.
    universe : mapping of str to Asset
    calendar : TradingCalendar

    Returns
    -------
    DataFrame
        `EXPIRY`, ``contracts_count``, ``two_sided_frac``, ``calendar_status`` (OK, NOT_A_SESSION, NOT_THE_RULE_DATE)
        and ``parity_status`` (OK, UNKNOWN, BROKEN). Tuesday-dated VIX expiries are legal where the rule says so.
    """
    plain = quotes[~quotes["is_adjusted"]]
    counted = plain.assign(two_sided=plain["quote_flag"].isin(["OK", "LOCKED"])).groupby(EXPIRY, observed=True)
    facts = counted.agg(contracts_count=("two_sided", "size"), two_sided_frac=("two_sided", "mean")).reset_index()
    listed = {str(symbol): set(part["expiry_date"]) for symbol, part in facts.groupby("underlying", observed=True)}
    rows: Iterator[Any] = facts.itertuples(index=False)
    facts["calendar_status"] = [
        _calendar_status(universe[row.underlying], row.root, row.expiry_date, calendar, listed[row.underlying])
        for row in rows
    ]
    facts = facts.merge(forwards[[*EXPIRY, "parity_status"]], on=EXPIRY, how="left")
    return facts.assign(parity_status=facts["parity_status"].fillna("UNKNOWN"))


def _calendar_status(asset: Asset, root: str, expiry: pd.Timestamp, calendar: TradingCalendar,
                     listed: set[pd.Timestamp]) -> str:  # fmt: skip
    """Check an expiry date against the exchange calendar and, for settlement indices, against its rule."""
    day = expiry.date()
    if not calendar.is_session(day):
        return "NOT_A_SESSION"
    found = find_root(asset, root)
    settlement = found.settlement if found else None
    if settlement == SOQ:
        expected = vix_week_settlement(day + timedelta(days=2 - day.weekday()), calendar.is_session)
    elif settlement == AM:
        expected = monthly_expiry(day.year, day.month, calendar.is_session)
    else:
        expected = _moved_monthly(day, listed, calendar)
    return "OK" if expected == day else "NOT_THE_RULE_DATE"


def _moved_monthly(day: date, listed: set[pd.Timestamp], calendar: TradingCalendar) -> date:
    """Weeklies may expire on any session; only a monthly that moved to the Thursday before its Friday is told."""
    monthly = monthly_expiry(day.year, day.month, calendar.is_session)
    is_day_before = monthly - day == timedelta(days=1) and monthly.weekday() == 4
    return monthly if is_day_before and pd.Timestamp(monthly) not in listed else day


def underlying_facts(quotes: pd.DataFrame, rejected: pd.Series) -> pd.DataFrame:
    """Describe every underlying of the night.

    Parameters
    ----------
    quotes : DataFrame
        `OPTION_QUOTES`.
    rejected : Series of bool
        Rows that broke a row rule, aligned with ``quotes``.

    Returns
    -------
    DataFrame
        ``underlying``, ``contracts_count``, ``two_sided_frac``, ``zero_quote_frac`` (neither bid nor ask: a feed that
        is switched off, not an illiquid chain) and ``rejected_frac``.
    """
    flag = quotes["quote_flag"]
    silent = (flag == "NO_QUOTE") & ~(quotes["bid_usd"] > 0)
    grouped = quotes.assign(two_sided=flag.isin(["OK", "LOCKED"]), zero=silent, rejected=rejected.to_numpy()).groupby(
        "underlying", observed=True
    )
    return grouped.agg(
        contracts_count=("two_sided", "size"), two_sided_frac=("two_sided", "mean"), zero_quote_frac=("zero", "mean"),
        rejected_frac=("rejected", "mean"),
    ).reset_index()  # fmt: skip
