"""What validation looks at: helper columns per contract, one row per expiry, one row per underlying.

Facts only, no verdicts: which fact breaks which rule, and how gravely, is said in `expectations`. The facts themselves
are computed in `quality_identity`, `quality_bounds`, `quality_arbitrage` and `quality_groups`.
"""

from collections.abc import Iterator, Mapping
from datetime import date, timedelta
from typing import Any

import numpy as np
import pandas as pd

from alvh_core.columns import TWO_SIDED
from alvh_core.expiries import monthly_expiry, vix_week_settlement
from alvh_core.forwards import EXPIRY
from alvh_core.quality_arbitrage import KINDS, arbitrage_columns
from alvh_core.quality_bounds import bound_columns, tick_columns
from alvh_core.quality_groups import ChainContext, chain_columns, expiry_columns
from alvh_core.quality_identity import identity_columns
from alvh_core.quotes import find_root
from alvh_core.sessions import TradingCalendar
from alvh_core.universe import AM, SOQ, Asset

_QUOTE = ["bid_usd", "ask_usd", "bid_size_count", "ask_size_count"]


def with_quality(quotes: pd.DataFrame, forwards: pd.DataFrame, universe: Mapping[str, Asset], calendar: TradingCalendar,
                 bounds: pd.DataFrame, suspended: pd.DataFrame | None = None) -> pd.DataFrame:  # fmt: skip
    """Add the columns that row rules need.

    Parameters
    ----------
    quotes : DataFrame
        `OPTION_QUOTES`.
    forwards : DataFrame
        From `alvh_core.forwards.expiry_forwards`.
    universe : mapping of str to Asset
    calendar : TradingCalendar
    bounds : DataFrame
        Bounds per symbol, from `expectations.packs.pack_bounds`.
    suspended : DataFrame, optional
        `EXPIRY` of expiries that are out as a whole: nothing in them contradicts a sound neighbour.

    Returns
    -------
    DataFrame
        The same rows, with the columns of `identity_columns`, `bound_columns`, `tick_columns`, `arbitrage_columns`
        and ``duplicate_no`` (0 keeps the row).

    Notes
    -----
    Of identical duplicates the first is kept; of conflicting ones none, because which is right cannot be told.
    """
    if quotes.empty:
        arbitrage: dict[str, Any] = dict.fromkeys(KINDS, 0.0)
    else:
        is_american = quotes["underlying"].isin(_american(universe)).to_numpy()
        arbitrage = arbitrage_columns(quotes, is_american, skip=_inside(quotes, suspended))
    return quotes.assign(
        **identity_columns(quotes, universe, calendar),
        **bound_columns(quotes, forwards, bounds),
        **tick_columns(quotes, universe),
        **arbitrage,
        duplicate_no=_duplicate_no(quotes),
    )


def _american(universe: Mapping[str, Asset]) -> set[str]:
    return {symbol for symbol, asset in universe.items() if asset.exercise == "american"}


def _inside(quotes: pd.DataFrame, suspended: pd.DataFrame | None) -> np.ndarray | None:
    """Tell the rows of some expiries; None for no expiry at all."""
    if suspended is None or suspended.empty:
        return None
    as_text = {"underlying": "str", "root": "str"}
    keys = suspended[EXPIRY].astype(as_text).drop_duplicates().assign(is_inside=True)
    joined = quotes[EXPIRY].astype(as_text).merge(keys, on=EXPIRY, how="left")
    return joined["is_inside"].notna().to_numpy()


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
                 calendar: TradingCalendar, bounds: pd.DataFrame) -> pd.DataFrame:  # fmt: skip
    """Describe every expiry of the night.

    Parameters
    ----------
    quotes : DataFrame
        `OPTION_QUOTES`.
    forwards : DataFrame
        From `alvh_core.forwards.expiry_forwards`.
    universe : mapping of str to Asset
    calendar : TradingCalendar
    bounds : DataFrame
        Bounds per symbol, from `expectations.packs.pack_bounds`.

    Returns
    -------
    DataFrame
        The columns of `expiry_columns`, ``calendar_status`` (OK, NOT_A_SESSION, NOT_THE_RULE_DATE) and
        ``parity_status`` (OK, UNKNOWN, BROKEN).
        Tuesday-dated VIX expiries are legal where the rule says so.
    """
    facts = expiry_columns(quotes, forwards, bounds)
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


def underlying_facts(quotes: pd.DataFrame, rejected: pd.Series, forwards: pd.DataFrame, context: ChainContext,
                     bounds: pd.DataFrame) -> pd.DataFrame:  # fmt: skip
    """Describe every underlying of the night.

    Parameters
    ----------
    quotes : DataFrame
        `OPTION_QUOTES`.
    rejected : Series of bool
        Rows that broke a row rule, aligned with ``quotes``.
    forwards : DataFrame
        From `alvh_core.forwards.expiry_forwards`.
    context : ChainContext
        What is known of the night beside its quotes.
    bounds : DataFrame
        Bounds per symbol, from `expectations.packs.pack_bounds`.

    Returns
    -------
    DataFrame
        The columns of `chain_columns`. ``zero_quote_frac`` counts contracts with neither bid nor ask: a feed that is
        switched off, not an illiquid chain.
    """
    flag = quotes["quote_flag"]
    silent = (flag == "NO_QUOTE") & ~(quotes["bid_usd"] > 0)
    told = quotes.assign(two_sided=flag.isin(TWO_SIDED), zero=silent, rejected=rejected.to_numpy())
    return chain_columns(told, forwards, context, bounds)
