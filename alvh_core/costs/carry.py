"""What a ladder has cost a year, in basis points of what it protects, and what it takes to earn tonight's premium back.

A hedge has no WACC: carry, friction, fees and financing are what the word can honestly mean. All of it comes from the
running sums of the paper book; nothing here looks at earlier nights.
"""

from collections.abc import Mapping

import numpy as np
import pandas as pd

from alvh_core import frames
from alvh_core.costs.scenario import SHARED_BOOK, STRESS_VOL_POINTS, break_even_shocks, value_after
from alvh_core.keys import keys_of, rows_beside
from alvh_core.registry.costs import COSTS
from alvh_core.triggers import ladder_keys

SESSIONS, MIN_NIGHTS, EFFECTIVE_FILL = 252.0, 63, 0.59
_BP = 1e4
# All are 0 where nothing was ever traded; premium alone would say so of a ladder that only sells.
_TRACES = ["held_nights_count", "sum_crossing_usd", "sum_fees_usd", "sum_outlay_days_usd"]


def yearly_costs(book: pd.DataFrame, notional_usd: pd.Series, funding_rate: float) -> pd.DataFrame:
    """Return the yearly costs of every ladder.

    Parameters
    ----------
    book : DataFrame
        The sums of `BOOK`, one row per ladder.
    notional_usd : Series
        Aligned with ``book``.
    funding_rate : float
        Three-month rate. [fraction a year] NaN leaves financing and the sum empty.

    Returns
    -------
    DataFrame
        ``carry_mid_bp`` = -1e4 (252 / n) sum(P&L of calm nights) / N with n the calm nights; friction, fees and
        financing over all nights; linear in the notional and in the fill. ``cost_status`` INSUFFICIENT and no numbers
        below 63 nights, or 63 calm ones; NO_RETURNS where of 63 nights or more not one is calm: no host loses 2 % on
        each, it has no bars; NEVER_HELD and no numbers where nothing was ever traded: what it would cost is not known.
    """
    never = book[_TRACES].eq(0).all(axis=1)
    nights, calm = book["book_nights_count"].astype("float64"), book["calm_nights_count"].astype("float64")
    enough = ~never & (nights >= MIN_NIGHTS) & (calm >= MIN_NIGHTS)
    year = (_BP * SESSIONS / nights.where(enough)) / notional_usd
    friction = book["sum_crossing_usd"] * year
    parts = {
        "carry_mid_bp": -book["sum_pnl_calm_usd"] * _BP * SESSIONS / calm.where(enough) / notional_usd,
        "friction_touch_bp": friction, "fees_bp": book["sum_fees_usd"] * year,
        "financing_bp": book["sum_outlay_days_usd"] / 365.0 * funding_rate * year,
    }  # fmt: skip
    total = parts["carry_mid_bp"] + parts["friction_touch_bp"] + parts["fees_bp"] + parts["financing_bp"]
    status = np.select([never, enough, (nights >= MIN_NIGHTS) & (calm == 0)], ["NEVER_HELD", "OK", "NO_RETURNS"],
                       default="INSUFFICIENT")  # fmt: skip
    return pd.DataFrame({**parts, "friction_eff_bp": EFFECTIVE_FILL * friction, "hedge_cost_of_capital_bp": total,
                         "cost_status": status})  # fmt: skip


def night_costs(book: pd.DataFrame, legs: pd.DataFrame, ladders: pd.DataFrame, yields: Mapping[str, float], *,
                funding_rate: float, trade_date: pd.Timestamp, source_mode: str) -> pd.DataFrame:  # fmt: skip
    """Return `COSTS` of the night.

    Parameters
    ----------
    book : DataFrame
        `BOOK` of tonight.
    legs : DataFrame
        From `alvh_core.costs.scenario.distinct_legs`.
    ladders : DataFrame
        From `alvh_core.ladders.ladder_books`.
    yields : mapping of str to float
        Dividends of twelve months over the close, by host.
    funding_rate : float
    trade_date : Timestamp
    source_mode : str
    """
    shocks = _shocks(legs)
    booked = rows_beside(ladder_keys(ladders), book, ladder_keys(book))
    shocked = rows_beside(keys_of(ladders, SHARED_BOOK), shocks.drop(columns=SHARED_BOOK), keys_of(shocks, SHARED_BOOK))
    cost = yearly_costs(booked, ladders["hedged_notional_usd"], funding_rate)
    dividend = ladders["host"].map(dict(yields)).astype("float64")
    cover = dividend / (cost["hedge_cost_of_capital_bp"] / _BP).where(cost["hedge_cost_of_capital_bp"] > 0)
    told = shocked.assign(be_shock_status=shocked["be_shock_status"].fillna("NO_LEG"))
    return frames.conform(ladders.assign(**told, **cost, dividend_cover_ratio=cover,
                                         held_nights_count=booked["held_nights_count"], trade_date=trade_date,
                                         source_mode=source_mode), COSTS)  # fmt: skip


def _shocks(legs: pd.DataFrame) -> pd.DataFrame:
    """Return break-even jumps and what the premium buys in the declared stress, by book."""
    at_mid, at_touch = break_even_shocks(legs, 0.0), break_even_shocks(legs, 1.0)
    stressed = (legs["shares"] * value_after(legs, STRESS_VOL_POINTS)).where(legs["is_bought"], 0.0)
    half = (legs["ask_usd"] - legs["bid_usd"]).fillna(0.0) / 2.0
    touch = legs["premium_usd"] + legs["shares"].abs() * half
    sums = pd.DataFrame({
        "stressed": stressed, "mid": legs["premium_usd"].where(legs["is_bought"], 0.0),
        "touch": touch.where(legs["is_bought"], 0.0),
    }).groupby(legs["book_no"]).sum()  # fmt: skip
    found = at_mid.assign(shock_touch=at_touch["shock"], **sums.reset_index(drop=True))  # all in the order of the books
    known = found["status"].isin(["OK", "NO_SOLUTION"]) & (found["stressed"] > 0)
    ratio = {name: (found[name] / found["stressed"]).where(known & (found[name] > 0)) for name in ("mid", "touch")}
    return found[SHARED_BOOK].assign(
        be_shock_mid_vol_points=found["shock"], be_shock_touch_vol_points=found["shock_touch"],
        be_shock_status=at_touch["status"], stress_price_mid_ratio=ratio["mid"],
        stress_price_touch_ratio=ratio["touch"],
    )  # fmt: skip
