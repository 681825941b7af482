"""The exit protocol: which of the held positions leave tonight, in which order of reasons, and which must wait.

Order: settlement, profit, time, disarmed, the last session of what no source settles. A sale into too wide a market is
deferred until the position is near to its settlement. A sale without a quote waits, if need be until the settlement: a
bid of zero is a quote. A roll whose new leg may not be bought waits; near its settlement the old leg goes without it,
for no purchase has to be made at any spread: the layer is empty then, and the state machine buys it as any other. What
is traded is `alvh_core.book.transition`.
"""

import numpy as np
import pandas as pd

SETTLE, TAKE_PROFIT, ROLL, DISARM, CLOSE_OUT = "SETTLE", "TAKE_PROFIT", "ROLL_CLOSE", "DISARM", "CLOSE_OUT"
NONE = ""


def decide_exits(held: pd.DataFrame, trade_date: pd.Timestamp) -> pd.DataFrame:
    """Decide what happens to every held position tonight.

    Parameters
    ----------
    held : DataFrame
        Positions with

        - ``bid_usd``, ``ask_usd``, ``mid_usd``, and ``payoff_usd``, NaN where it is not known;
        - ``split_told``, empty where the underlying was not split; else there is no quote, and it is settled only;
        - ``is_closing`` from `alvh_core.book.market.on_last_session`: it is sold however wide the market is, and goes
          at its last mark where it had no quote on that session, as nobody will ever tell its value;
        - ``is_armed`` and ``is_eligible`` of its layer, and the leg that the layer would buy tonight: ``new_symbol``,
          ``new_status``, ``new_units``;
        - the profile's ``mode``, ``roll_dte_days``, ``hold_days``, ``profit_multiple``, ``profit_sold_frac``,
          ``defer_spread_frac`` and ``defer_until_dte_days``.

        The last two are null for a ladder that sleeps tonight: it only settles.
    trade_date : Timestamp

    Returns
    -------
    DataFrame
        ``exit_kind``, ``units_sold`` (signed as the position), ``is_rolled`` (its layer buys the new leg),
        ``is_roll_due``, ``position_state``, ``position_reason`` and ``exit_reason``, aligned with ``held``.
    """
    dte = (held["expiry_date"] - trade_date).dt.days
    units = held["units_open"].to_numpy(dtype=np.int64)
    is_over = dte <= 0
    # rounded, as the limits are: 0.30 / 0.10 falls short of 3 in binary
    multiple = (held["mid_usd"] / held["entry_mid_usd"].where(held["entry_mid_usd"] > 0)).round(9)
    part = np.floor(np.round(units * held["profit_sold_frac"].fillna(0.0).to_numpy(), 9)).astype(np.int64)
    profits = (units > 0) & ~held["is_profit_taken"] & (multiple >= held["profit_multiple"]) & (part > 0)
    profits &= ~held["is_closing"]  # all of it goes
    disarms, due = _disarms(held), rolls_due(held, trade_date)
    # what was sold has to be bought back at a price: only what is owned may go at any
    is_near = held["is_closing"] | (dte <= held["defer_until_dte_days"].fillna(0))
    is_last = is_near & (held["units_open"] > 0)
    has_new = held["new_status"].eq("OK") & (held["new_units"].fillna(0) > 0)
    passes = has_new & held["is_eligible"].eq(True)
    kind = np.select(
        [is_over & ~held["is_closing"], is_over, profits, due & passes, disarms, held["is_closing"], due & is_near],
        [SETTLE, CLOSE_OUT, TAKE_PROFIT, ROLL, DISARM, CLOSE_OUT, ROLL], default=NONE,
    )  # fmt: skip
    sold = np.where(kind == TAKE_PROFIT, part, units)
    return _with_waits(held, kind, sold, is_last, due & ~is_over, passes, dte, multiple)


def rolls_due(held: pd.DataFrame, trade_date: pd.Timestamp) -> pd.Series:
    """Tell which positions their profile rolls by now: near to settlement, or held for its time.

    Parameters
    ----------
    held : DataFrame
        ``expiry_date``, ``entry_date``, ``osi_symbol``; the profile's ``mode``, ``roll_dte_days`` and ``hold_days``,
        null where the ladder sleeps; the layer's ``is_armed`` and ``new_symbol``, the contract it would buy tonight:
        the same one is no roll.
    trade_date : Timestamp

    Returns
    -------
    Series of bool
        False for a layer that is given up: it is sold, and nothing bought in its place.
    """
    dte, age = (held["expiry_date"] - trade_date).dt.days, (trade_date - held["entry_date"]).dt.days
    by_time = (held["roll_dte_days"] > 0) & (dte <= held["roll_dte_days"])
    by_time |= (held["hold_days"] > 0) & (age >= held["hold_days"])
    due: pd.Series = by_time & ~_disarms(held) & (held["new_symbol"] != held["osi_symbol"])
    return due


def _disarms(held: pd.DataFrame) -> pd.Series:
    """Ask every night whether a layer is armed: a sale that had to wait is due when the layer's action has passed."""
    return held["is_armed"].eq(False) & (held["mode"] == "trigger")


def _with_waits(held: pd.DataFrame, kind: np.ndarray, units: np.ndarray, is_last: pd.Series, due: pd.Series,
                passes: pd.Series, dte: pd.Series, multiple: pd.Series) -> pd.DataFrame:  # fmt: skip
    """Hold back what cannot be sold sensibly tonight."""
    spread = (2.0 * (held["ask_usd"] - held["bid_usd"]) / (held["ask_usd"] + held["bid_usd"])).round(9)
    is_sale = (kind != NONE) & (dte > 0).to_numpy()
    no_quote = is_sale & spread.isna().to_numpy()
    too_wide = is_sale & ((spread > held["defer_spread_frac"]) & ~is_last & ~held["is_closing"]).to_numpy()
    unpaid = (kind == SETTLE) & held["payoff_usd"].isna().to_numpy()
    refused = (due & ~passes).to_numpy() & (kind == NONE)
    unsized = held["new_status"].eq("OK") & held["new_units"].eq(0)
    why_not = pd.Series("the new leg fails the filter or is missing", index=held.index)
    why_not = why_not.mask(unsized, "budget or volume allow no contract of the new leg")
    waits = ["AWAITING_SETTLEMENT", "NO_QUOTE", "DEFERRED", "DEFERRED"]
    state = np.select([unpaid, no_quote, too_wide, refused], waits, default="HELD")
    done = (kind != NONE) & (state == "HELD")
    told = pd.Series(np.select(
        [unpaid, no_quote, too_wide, refused],
        [
            "settled " + held["expiry_date"].dt.strftime("%Y-%m-%d") + ", official value not known; no close stands in",
            pd.Series(kind, index=held.index) + " is due, no quote tonight",
            pd.Series(kind, index=held.index) + " is due, spread " + _percent(spread) + " of mid",
            "roll is due with " + dte.astype("str") + " days left, " + why_not,
        ], default="",
    ), index=held.index)  # fmt: skip
    split = ("; " + held["split_told"]).where(held["split_told"] != "", "")
    told = (told + split).str.removeprefix("; ")
    untold = ("at its last mark, of " + held["last_mark_date"].dt.strftime("%Y-%m-%d")
              + ": no quote on its last session, and no source here tells its opening value")  # fmt: skip
    why = np.select(
        [kind == SETTLE, kind == TAKE_PROFIT, kind == ROLL, kind == DISARM, kind == CLOSE_OUT],
        [
            "settled at " + held["payoff_usd"].round(4).astype("str") + " a share" + split,
            "mid is " + multiple.round(2).astype("str") + " times the cost",
            dte.astype("str") + " days left or held its time"
            + ("; nothing bought in its place: " + why_not).where(~passes, ""),
            "layer disarmed",
            np.where(dte > 0, "last session before an opening value that no source here tells", untold),
        ], default="",
    )  # fmt: skip
    return pd.DataFrame({
        "exit_kind": np.where(done, kind, NONE), "units_sold": np.where(done, units, 0),
        "is_rolled": done & (kind == ROLL) & passes.to_numpy(), "is_roll_due": due.to_numpy(), "position_state": state,
        "position_reason": told.where(told != "", None), "exit_reason": why,
    }, index=held.index)  # fmt: skip


def _percent(values: pd.Series) -> pd.Series:
    return (100.0 * values).round(1).astype("str") + " %"
