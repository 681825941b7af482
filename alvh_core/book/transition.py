"""One night of the paper book: what is held and tonight's market in, what is held, traded and summed out.

A pure function of the night before and of tonight, for all ladders at once. Fills are kept at mid with their spread, so
that every fill model follows: a fill at k pays k half-spreads more.
"""

from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd

from alvh_core import frames
from alvh_core.book.exits import CLOSE_OUT, DISARM, ROLL, SETTLE, decide_exits
from alvh_core.book.market import QUOTED, quotes_of, settled
from alvh_core.keys import rows_beside, rows_of
from alvh_core.params import FEE_USD_PER_CONTRACT
from alvh_core.registry.book import FILLS, POSITIONS
from alvh_core.triggers import LADDER, LAYER, ladder_keys

_OF_LEG = ["units_target", "side", "is_armed", "leg_status", "leg_action", "is_eligible", "mid_usd", "bid_usd",
           "ask_usd", "extrinsic_usd"]  # fmt: skip
_CONTRACT = ["osi_symbol", "root", "expiry_date", "option_right", "strike_usd", "multiplier"]
ROLL_TERMS = ["roll_cost_mid_usd", "roll_cost_crossing_usd", "tv_before_usd_per_day", "tv_after_usd_per_day"]
READ = [name for name in (*LAYER, *_CONTRACT, *_OF_LEG) if name != "option_right"]


@dataclass(frozen=True, kw_only=True, eq=False)
class NightTrades:
    """The book after a night: `POSITIONS`, `FILLS`, and one row per position of before with what became of it."""

    positions: pd.DataFrame
    fills: pd.DataFrame
    before: pd.DataFrame


def trade(before: pd.DataFrame, legs: pd.DataFrame, chains: pd.DataFrame, values: pd.DataFrame, terms: pd.DataFrame, *,
          trade_date: pd.Timestamp, source_mode: str, splits: pd.DataFrame,
          closing: pd.Series) -> NightTrades:  # fmt: skip
    """Take the positions of the night before through one night.

    Parameters
    ----------
    before : DataFrame
        `POSITIONS` of the night before; may be empty.
    legs : DataFrame
        `LADDER_LEGS` of tonight with ``option_right``: what each layer would buy, ``units_target`` of it, its
        ``leg_action``, and ``is_eligible``: whether a roll may buy it.
    chains : DataFrame
        `PRICED_QUOTES` of the hedge chains.
    values : DataFrame
        From `alvh_core.book.market.settlement_values`.
    terms : DataFrame
        From `alvh_core.ladders.ladder_terms`: one row per ladder of tonight.
    trade_date : Timestamp
    source_mode : str
    splits : DataFrame
        From `alvh_core.book.splits.splits_since_entry`, aligned with ``before``.
    closing : Series of bool
        From `alvh_core.book.market.on_last_session`, aligned with ``before``.
    """
    held = frames.as_text(before).drop(columns=["position_state", "position_reason"]).join(splits)
    held = held.assign(is_closing=closing).reset_index(drop=True)
    candidates, layers = _candidates(legs), ladder_keys(legs, "layer_no")
    beside = (rows_beside(ladder_keys(held, "layer_no"), candidates.drop(columns=LAYER), layers),
              rows_beside(ladder_keys(held), terms.drop(columns=LADDER), ladder_keys(terms)))  # fmt: skip
    held = held.join([frames.as_text(rows) for rows in beside])
    held[QUOTED] = quotes_of(chains, held["osi_symbol"]).where(held["split_told"] == "")
    held["payoff_usd"] = settled(held, values)
    held = held.join(decide_exits(held, trade_date))
    sold, rolled = held[held["exit_kind"] != ""], held[held["is_rolled"]]
    remaining = held[held["units_open"] != held["units_sold"]]
    waiting = remaining["position_state"] == "AWAITING_SETTLEMENT"  # protects nothing any more: the layer is free
    taken = ladder_keys(pd.concat([remaining[~waiting], rolled]), "layer_no")
    is_free = rows_of(layers, taken) < 0
    deploys = candidates["leg_action"].eq("DEPLOY") & (candidates["new_units"] > 0)
    opened = frames.as_text(candidates[deploys & is_free])
    # a roll buys the layer whole again: what was sold for a profit would else be missing for good
    replaced = _entries(rolled, "ROLL_OPEN").join(roll_terms(rolled, trade_date))
    bought = pd.concat([replaced, _entries(opened, "OPEN")], ignore_index=True)
    night: dict[str, Any] = {"trade_date": trade_date, "source_mode": source_mode}
    fills = _numbered(pd.concat([_sales(sold, trade_date), _purchases(bought)], ignore_index=True))
    positions = pd.concat([_kept(remaining, trade_date), _new(bought, trade_date)], ignore_index=True)
    # what waits for its settlement value, for as many nights as it takes, has no days left
    positions["dte_days"] = (positions["expiry_date"] - trade_date).dt.days.clip(lower=0)
    positions = frames.conform(positions.assign(**night), POSITIONS)
    return NightTrades(positions=positions, fills=frames.conform(fills.assign(**night), FILLS), before=held)


def of_last_night(positions: pd.DataFrame, book: pd.DataFrame) -> pd.DataFrame:
    """Return the positions of the night that the sums are of: after a night that left nothing there are none.

    Parameters
    ----------
    positions : DataFrame
        `POSITIONS` of the latest night that has any.
    book : DataFrame
        `BOOK` of the night before, which has rows whatever is held.
    """
    return positions[positions["trade_date"].isin(book["trade_date"].unique())]


def _candidates(legs: pd.DataFrame) -> pd.DataFrame:
    """Return what each layer would buy tonight under names of its own."""
    plain = legs[[*LAYER, *_CONTRACT, *_OF_LEG]]
    renamed = {name: f"new_{name}" for name in (*_CONTRACT, *QUOTED)}
    renamed |= {"leg_status": "new_status", "osi_symbol": "new_symbol"}
    result = plain.rename(columns=renamed)
    return result.assign(new_units=result["units_target"].astype("int64"), new_side=result["side"].astype("int64"))


def _entries(rows: pd.DataFrame, kind: str) -> pd.DataFrame:
    """Return purchases of the layers' candidate legs, each in its full size."""
    spread = rows["new_ask_usd"] - rows["new_bid_usd"]
    return pd.DataFrame({
        **{name: rows[name] for name in LAYER}, "osi_symbol": rows["new_symbol"],
        **{name: rows[f"new_{name}"] for name in _CONTRACT if name != "osi_symbol"},
        "units": rows["new_units"] * rows["new_side"], "mid": rows["new_mid_usd"], "spread": spread, "kind": kind,
        "bid": rows["new_bid_usd"], "ask": rows["new_ask_usd"],
    })  # fmt: skip


def roll_terms(rolled: pd.DataFrame, trade_date: pd.Timestamp) -> pd.DataFrame:
    """Return what a roll costs a share, and the time value that a day uses up before and after it.

    Parameters
    ----------
    rolled : DataFrame
        Positions that are rolled tonight: ``mid_usd``, ``bid_usd``, ``ask_usd``, ``extrinsic_usd`` and ``expiry_date``
        of the old leg, the same under ``new_`` of the new one, and ``units_open``.
    trade_date : Timestamp

    Returns
    -------
    DataFrame
        `ROLL_TERMS`: ``m_new - m_old``, with the other sign where the leg is sold; ``(S_old + S_new) / 2``, of which k
        is paid on top; and time value over days left, straight-line. NaN time value where the chain cannot say it.
    """
    spreads = rolled["ask_usd"] - rolled["bid_usd"] + rolled["new_ask_usd"] - rolled["new_bid_usd"]
    terms = [np.sign(rolled["units_open"]) * (rolled["new_mid_usd"] - rolled["mid_usd"]), spreads / 2.0]
    for name in ("", "new_"):
        days = (rolled[f"{name}expiry_date"] - trade_date).dt.days
        terms.append(rolled[f"{name}extrinsic_usd"] / days.where(days > 0))
    return pd.DataFrame(dict(zip(ROLL_TERMS, terms, strict=True)), index=rolled.index).astype("float64")


def _sales(sold: pd.DataFrame, trade_date: pd.Timestamp) -> pd.DataFrame:
    """Return the fills that close positions: at tonight's quotes, or without a market once the contract is over.

    What settles to a value that no source tells is closed at its last mark: nobody has sold it, so that it crossed no
    spread; no price is made up; and a ladder that waited for its value would never be measured again.
    """
    is_over = (sold["expiry_date"] <= trade_date).to_numpy()
    ending = sold["payoff_usd"].where(sold["exit_kind"] == SETTLE, sold["last_mark_usd"])
    mid = np.where(is_over, ending, sold["mid_usd"])
    spread = np.where(is_over, 0.0, sold["ask_usd"] - sold["bid_usd"])
    fees = np.where(is_over, 0.0, FEE_USD_PER_CONTRACT)
    return _fill(sold, sold["exit_kind"], -sold["units_sold"], mid, spread, fees, sold["exit_reason"])


def _purchases(bought: pd.DataFrame) -> pd.DataFrame:
    units, mid = bought["units"].astype("int64").astype("str"), bought["mid"].round(4).astype("str")
    why = units + " contracts, " + mid + " a share at mid"
    fills = _fill(bought, bought["kind"], bought["units"], bought["mid"], bought["spread"], FEE_USD_PER_CONTRACT, why)
    return fills.join(bought[ROLL_TERMS])


def _fill(rows: pd.DataFrame, kind: Any, units: Any, mid: Any, spread: Any, fee: Any, why: Any) -> pd.DataFrame:
    shares = rows["multiplier"].to_numpy(dtype=np.float64) * np.asarray(units, dtype=np.float64)
    return pd.DataFrame({
        **{name: rows[name] for name in LAYER}, "fill_kind": kind, "osi_symbol": rows["osi_symbol"],
        "units_traded": units, "fill_mid_usd": mid, "fill_spread_usd": spread, "fees_usd": fee * np.abs(units),
        "cash_mid_usd": -shares * mid, "crossing_usd": np.abs(shares) * spread / 2.0, "fill_reason": why,
    })  # fmt: skip


def _numbered(fills: pd.DataFrame) -> pd.DataFrame:
    """Give the fills of a layer their numbers, in the order of the exit protocol, purchases last."""
    order = {"SETTLE": 0, "TAKE_PROFIT": 1, ROLL: 2, DISARM: 3, CLOSE_OUT: 4, "ROLL_OPEN": 5, "OPEN": 6}
    ranked = fills.assign(rank=fills["fill_kind"].map(order)).sort_values([*LAYER, "rank", "osi_symbol"])
    return ranked.assign(fill_no=ranked.groupby(LAYER).cumcount() + 1)


def _kept(held: pd.DataFrame, trade_date: pd.Timestamp) -> pd.DataFrame:
    """Return what stays, marked tonight where there is a quote; the last mark is kept for differences only."""
    has_mark = held["mid_usd"].notna()
    marked = held.assign(
        units_open=held["units_open"] - held["units_sold"], mark_usd=held["mid_usd"],
        liquidation_usd=held["bid_usd"].where(held["units_open"] > 0, held["ask_usd"]),
        last_mark_usd=held["mid_usd"].where(has_mark, held["last_mark_usd"]),
        last_mark_date=held["last_mark_date"].mask(has_mark, trade_date),
        is_profit_taken=held["is_profit_taken"].astype(bool) | (held["exit_kind"] == "TAKE_PROFIT"),
    )  # fmt: skip
    return marked[[name for name in POSITIONS.names if name in marked]]


def _new(bought: pd.DataFrame, trade_date: pd.Timestamp) -> pd.DataFrame:
    return bought.rename(columns={"units": "units_open", "mid": "entry_mid_usd", "spread": "entry_spread_usd"}).assign(
        entry_date=trade_date, mark_usd=bought["mid"], last_mark_usd=bought["mid"], last_mark_date=trade_date,
        liquidation_usd=bought["bid"].where(bought["units"] > 0, bought["ask"]), is_profit_taken=False,
        position_state="HELD", position_reason=None,
    )  # fmt: skip
