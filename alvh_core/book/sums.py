"""The book of a night in sums, and the state of the layers that follows from what is really held.

Everything here follows from positions and fills; what costs are made of it is `alvh_core.costs`.
"""

from typing import Any

import numpy as np
import pandas as pd

from alvh_core import frames
from alvh_core.book.transition import LAYER, NightTrades
from alvh_core.registry.book import BOOK
from alvh_core.schemas import LADDER_STATE
from alvh_core.triggers import LADDER

CALM_FRAC = -0.02  # a night on which the host lost less is no stress: domain paper C13, C18
_SUMS = (
    "sum_pnl_mid_usd", "sum_pnl_calm_usd", "sum_crossing_usd", "sum_fees_usd", "sum_premium_usd",
    "sum_outlay_days_usd", "book_nights_count", "calm_nights_count", "rolls_due_count", "rolls_done_count",
)  # fmt: skip


def night_book(trades: NightTrades, before: pd.DataFrame, ladders: pd.DataFrame, host_returns: pd.Series, *,
               trade_date: pd.Timestamp, source_mode: str) -> pd.DataFrame:  # fmt: skip
    """Return `BOOK` of the night.

    Parameters
    ----------
    trades : NightTrades
    before : DataFrame
        `BOOK` of the night before; its sums go on, also those of ladders that sleep tonight.
    ladders : DataFrame
        `LADDER` of tonight.
    host_returns : Series
        Return of tonight by host. NaN or none: the night counts as neither calm nor stressed.
    trade_date : Timestamp
    source_mode : str

    Returns
    -------
    DataFrame
        For every ladder ``sum(pnl) = sum(cash) + value at the last marks``.
    """
    earlier = before.astype(dict.fromkeys(LADDER, "str"))
    keys = pd.concat([ladders[LADDER].astype("str"), earlier[LADDER]]).drop_duplicates(ignore_index=True)
    index = pd.MultiIndex.from_frame(keys)
    days = (trade_date - before["trade_date"].max()).days if len(before) else 0
    held, open_now, fills = _valued(trades.before, "units_open"), _valued(trades.positions, "units_open"), trades.fills
    traded = _by_ladder(fills, index, cash_mid_usd=fills["cash_mid_usd"], crossing_usd=fills["crossing_usd"],
                        fees_usd=fills["fees_usd"], premium=_premium(fills))  # fmt: skip
    was = _by_ladder(trades.before, index, value=held, due=trades.before["is_roll_due"].astype("int64"),
                     done=trades.before["is_rolled"].astype("int64"))  # fmt: skip
    now = _by_ladder(trades.positions, index, value=open_now, units=trades.positions["units_open"].abs())
    pnl = now["value"] - was["value"] + traded["cash_mid_usd"]
    moved = host_returns.reindex(keys["host"]).to_numpy(dtype=np.float64)
    is_calm = moved > CALM_FRAC
    past = earlier.set_index(LADDER)[list(_SUMS)].reindex(index).fillna(0)
    gains: dict[str, Any] = {
        "sum_pnl_mid_usd": pnl, "sum_pnl_calm_usd": pnl.where(is_calm, 0.0), "sum_crossing_usd": traded["crossing_usd"],
        "sum_fees_usd": traded["fees_usd"], "sum_premium_usd": traded["premium"],
        "sum_outlay_days_usd": was["value"] * days, "book_nights_count": 1,
        "calm_nights_count": is_calm.astype("int64"),
        "rolls_due_count": was["due"], "rolls_done_count": was["done"],
    }  # fmt: skip
    sums = {name: past[name] + gain for name, gain in gains.items()}
    marks = _marks(trades.positions, index)
    result = traded[["cash_mid_usd", "crossing_usd", "fees_usd"]].assign(
        **sums, **marks, pnl_mid_usd=pnl, units_open=now["units"], trade_date=trade_date, source_mode=source_mode
    )
    return frames.conform(result.reset_index(), BOOK)


def _valued(positions: pd.DataFrame, units: str) -> pd.Series:
    return positions["last_mark_usd"] * positions[units] * positions["multiplier"]


def _premium(fills: pd.DataFrame) -> pd.Series:
    """Return what was paid for purchases at mid; a sold layer's proceeds count against it."""
    opens = fills["fill_kind"].astype("str").isin(["OPEN", "ROLL_OPEN"])
    return -fills["cash_mid_usd"].where(opens, 0.0)


def _by_ladder(rows: pd.DataFrame, index: pd.MultiIndex, **values: pd.Series) -> pd.DataFrame:
    """Sum values by ladder over every ladder of the index."""
    summed = pd.DataFrame(values).groupby([rows[name].astype("str") for name in LADDER]).sum()
    return summed.reindex(index, fill_value=0)


def _marks(positions: pd.DataFrame, index: pd.MultiIndex) -> dict[str, pd.Series]:
    """Return the value at mid and at liquidation; none where a position has no quote tonight."""
    size = positions["units_open"] * positions["multiplier"]
    names = [positions[name].astype("str") for name in LADDER]
    result = {}
    for name, price in (("book_mark_usd", "mark_usd"), ("book_liquidation_usd", "liquidation_usd")):
        value = (positions[price] * size).astype("float64")
        total = value.groupby(names).sum().where(~value.isna().groupby(names).any())
        missing = ~index.isin(total.index)
        result[name] = total.reindex(index).mask(missing, 0.0)
    return result


def held_state(state: pd.DataFrame, positions: pd.DataFrame) -> pd.DataFrame:
    """Return `LADDER_STATE` with what the layers really hold: settled or sold, an armed layer may be bought again.

    Parameters
    ----------
    state : DataFrame
        `LADDER_STATE` after the signals of the night.
    positions : DataFrame
        `POSITIONS` after the night. What waits for its settlement value protects nothing and does not count.
    """
    alive = positions[positions["position_state"] != "AWAITING_SETTLEMENT"]
    keys = [alive[name].astype("str") if name in LADDER else alive[name] for name in LAYER]
    held = pd.DataFrame({"units": alive["units_open"].abs(), "since": alive["entry_date"]}).groupby(keys).agg(
        units=("units", "sum"), since=("since", "max")
    )  # fmt: skip
    mine = pd.MultiIndex.from_arrays([state[n].astype("str") if n in LADDER else state[n] for n in LAYER])
    found = held.reindex(mine)
    units = found["units"].fillna(0).to_numpy(dtype=np.int64)
    return frames.conform(state.assign(units_deployed=units, deployed_date=found["since"].to_numpy()), LADDER_STATE)
