"""The book of a night in sums, and the state of the layers that follows from what is really held.

Everything here follows from positions and fills; what costs are made of it is `alvh_core.costs`.
"""

from typing import Any

import numpy as np
import pandas as pd

from alvh_core import frames
from alvh_core.book.exits import CLOSE_OUT
from alvh_core.book.filtering import FILTER_COUNTS
from alvh_core.book.transition import NightTrades
from alvh_core.keys import Keys, rows_beside, rows_of
from alvh_core.params import is_stress
from alvh_core.registry.book import BOOK
from alvh_core.schemas import LADDER_STATE
from alvh_core.triggers import LADDER, ladder_keys

_SUMS = (
    "sum_pnl_mid_usd", "sum_pnl_calm_usd", "sum_crossing_usd", "sum_fees_usd", "sum_premium_usd",
    "sum_outlay_days_usd", "book_nights_count", "calm_nights_count", "held_nights_count", "rolls_due_count",
    "rolls_done_count", *FILTER_COUNTS,
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
        `LADDER` of tonight, with `FILTER_COUNTS` where the filter was asked.
    host_returns : Series
        Return of tonight by host. NaN or none: the night counts as neither calm nor stressed.
    trade_date : Timestamp
    source_mode : str

    Returns
    -------
    DataFrame
        For every ladder ``sum(pnl) = sum(cash) + value at the last marks``.
    """
    earlier = ladder_keys(before)
    told = dict.fromkeys([*ladder_keys(ladders), *earlier])
    keys = sorted(told)  # the last bit of a sum depends on the order of groups
    days = (trade_date - before["trade_date"].max()).days if len(before) else 0
    fills, was, now = _of_fills(trades.fills, keys), _of_past(trades.before, keys), _of_now(trades.positions, keys)
    pnl, old = now["value"] - was["value"] + fills["cash_mid_usd"], _old_marks(trades, keys)
    named = pd.DataFrame(keys, columns=LADDER)
    moved = host_returns.reindex(named["host"]).to_numpy(dtype=np.float64)
    is_calm = ~np.isnan(moved) & ~is_stress(moved)
    past = before[list(_SUMS)].reset_index(drop=True).reindex(rows_of(keys, earlier)).reset_index(drop=True).fillna(0)
    gains: dict[str, Any] = {
        "sum_pnl_mid_usd": pnl, "sum_pnl_calm_usd": pnl.where(is_calm, 0.0), "sum_crossing_usd": fills["crossing_usd"],
        "sum_fees_usd": fills["fees_usd"], "sum_premium_usd": fills["premium"],
        "sum_outlay_days_usd": was["value"] * days, "book_nights_count": 1,
        "calm_nights_count": is_calm.astype("int64"), "held_nights_count": (now["units"] > 0).astype("int64"),
        "rolls_due_count": was["due"], "rolls_done_count": was["done"], **_of_filter(ladders, keys),
    }  # fmt: skip
    sums = {name: past[name] + gain for name, gain in gains.items()}
    result = named.assign(
        **fills[["cash_mid_usd", "crossing_usd", "fees_usd"]], **sums, pnl_mid_usd=pnl, units_open=now["units"],
        pnl_per_premium_frac=_share(sums["sum_pnl_mid_usd"], sums["sum_premium_usd"]),
        pass_rate_deploy_frac=_share(sums["armed_passes_count"], sums["armed_sessions_count"]),
        filter_blocks_trigger_frac=_share(sums["first_arms_blocked_count"], sums["first_arms_count"]),
        book_mark_usd=now["mark"].where(old["size"] == 0),  # none where a position has no quote tonight
        book_liquidation_usd=now["liquidation"].where(old["size"] == 0),
        old_marks_count=old["size"], oldest_mark_date=old["min"],
        trade_date=trade_date, source_mode=source_mode,
    )  # fmt: skip
    return frames.conform(result.take(rows_of(told, keys)), BOOK)


def _of_fills(fills: pd.DataFrame, keys: Keys) -> pd.DataFrame:
    """Sum what was paid; at mid it is premium where a leg is bought to be held.

    Neither what a sold leg brings in nor what it is bought back for is: a profile that sells would be set beside the
    others by less than it has spent.
    """
    opens = fills["fill_kind"].astype("str").isin(["OPEN", "ROLL_OPEN"]) & (fills["units_traded"] > 0)
    return _by_ladder(fills, keys, cash_mid_usd=fills["cash_mid_usd"], crossing_usd=fills["crossing_usd"],
                      fees_usd=fills["fees_usd"], premium=-fills["cash_mid_usd"].where(opens, 0.0))  # fmt: skip


def _of_past(held: pd.DataFrame, keys: Keys) -> pd.DataFrame:
    """Sum what was held before the night at its last marks, and the rolls that were due."""
    return _by_ladder(held, keys, value=_valued(held), due=held["is_roll_due"].astype("int64"),
                      done=held["is_rolled"].astype("int64"))  # fmt: skip


def _of_filter(ladders: pd.DataFrame, keys: Keys) -> pd.DataFrame:
    """Return tonight's counts of every ladder; 0 where the ladder sleeps."""
    counts = ladders.reindex(columns=FILTER_COUNTS)
    return rows_beside(keys, counts, ladder_keys(ladders)).fillna(0).astype("int64")


def _share(part: pd.Series, whole: pd.Series) -> pd.Series:
    """Return part over whole; NaN where the whole is nothing."""
    return part.astype("float64") / whole.astype("float64").where(whole > 0)


def _of_now(positions: pd.DataFrame, keys: Keys) -> pd.DataFrame:
    """Sum what is held after the night at its last marks, at tonight's and at liquidation, where it has them.

    What waits for its settlement value has its last mark still, and is no open contract: it protects nothing.
    """
    lives = positions["position_state"] != "AWAITING_SETTLEMENT"
    size = positions["units_open"] * positions["multiplier"]
    mark, sale = ((positions[price] * size).astype("float64") for price in ("mark_usd", "liquidation_usd"))
    return _by_ladder(positions, keys, value=_valued(positions), units=positions["units_open"].abs().where(lives, 0),
                      mark=mark, liquidation=sale)  # fmt: skip


def _valued(positions: pd.DataFrame) -> pd.Series:
    return positions["last_mark_usd"] * positions["units_open"] * positions["multiplier"]


def _old_marks(trades: NightTrades, keys: Keys) -> pd.DataFrame:
    """Return, by ladder, how many older marks stand in for one of tonight, and the night of the oldest; else NaT.

    A position that was closed out without a quote left at one: nobody knows what it was worth, and the night says so.
    """
    held, gone = trades.positions, trades.before
    parts = held[held["mark_usd"].isna()], gone[(gone["exit_kind"] == CLOSE_OUT) & gone["mid_usd"].isna()]
    old = pd.concat([frames.as_text(part[[*LADDER, "last_mark_date"]]) for part in parts], ignore_index=True)
    nights = old["last_mark_date"].groupby(rows_of(ladder_keys(old), keys)).agg(["size", "min"])
    return nights.reindex(range(len(keys))).fillna({"size": 0})


def _by_ladder(rows: pd.DataFrame, keys: Keys, **values: pd.Series) -> pd.DataFrame:
    """Sum values by ladder over all ladders, in their order."""
    numbers = rows_of(ladder_keys(rows), keys)
    return pd.DataFrame(values).groupby(numbers).sum().reindex(range(len(keys)), fill_value=0)


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
    numbers = rows_of(ladder_keys(alive, "layer_no"), ladder_keys(state, "layer_no"))
    layers = pd.DataFrame({"units": alive["units_open"].abs(), "since": alive["entry_date"]}).groupby(numbers)
    units = layers["units"].sum().reindex(range(len(state)), fill_value=0)
    since = layers["since"].max().reindex(range(len(state)))
    return frames.conform(state.assign(units_deployed=units.to_numpy(dtype=np.int64), deployed_date=since.to_numpy()),
                          LADDER_STATE)  # fmt: skip


def held_signals(signals: pd.DataFrame, book: pd.DataFrame) -> pd.DataFrame:
    """Return `LADDER_SIGNALS` with what the ladders really hold: an order is not always filled, and a layer is sold.

    Parameters
    ----------
    signals : DataFrame
        `LADDER_SIGNALS` of the night.
    book : DataFrame
        `BOOK` of the night; it has every ladder of the signals.
    """
    held = rows_beside(ladder_keys(signals), book[["units_open"]], ladder_keys(book))
    return signals.assign(units_deployed_count=held["units_open"].astype("int64"))
