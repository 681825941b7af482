"""The 4/4/2 state machine: which layers are armed after a close, and what is done with them.

State of night t is a pure function of the state of night t-1 and of night t: a layer arms at a close, its order goes to
the next session's quotes, never to the same day's. A missing close holds the state; nothing is inferred. All ladders
go through as one frame.
"""

from collections.abc import Sequence
from datetime import date

import numpy as np
import pandas as pd

from alvh_core import frames
from alvh_core.columns import ACTIONS
from alvh_core.params import LAYERS, LadderProfile
from alvh_core.schemas import LADDER_STATE

LADDER = ["host", "variant", "hedge_symbol", "profile"]


def initial_state(ladders: pd.DataFrame, trade_date: date, source_mode: str) -> pd.DataFrame:
    """Return the state before the first night: nothing armed, nothing held.

    Parameters
    ----------
    ladders : DataFrame
        `LADDER` columns, one row per ladder.
    trade_date : date
    source_mode : str

    Returns
    -------
    DataFrame
        `LADDER_STATE`, three rows per ladder.
    """
    layers = ladders[LADDER].merge(pd.DataFrame({"layer_no": LAYERS}), how="cross")
    return frames.conform(
        layers.assign(trade_date=pd.Timestamp(trade_date), source_mode=source_mode, is_armed=False, below_count=0,
                      retries_count=0, units_deployed=0),
        LADDER_STATE,
    )  # fmt: skip


def carry_over(previous: pd.DataFrame, ladders: pd.DataFrame, trade_date: date, source_mode: str) -> pd.DataFrame:
    """Line the previous night's state up with tonight's ladders; a ladder new to the universe starts empty.

    Parameters
    ----------
    previous : DataFrame
        `LADDER_STATE` of the latest earlier night of this source mode; may be empty.
    ladders : DataFrame
        `LADDER` columns.
    trade_date : date
    source_mode : str

    Returns
    -------
    DataFrame
        `LADDER_STATE` dated tonight.
    """
    fresh = initial_state(ladders, trade_date, source_mode)
    if previous.empty:
        return fresh
    key = [*LADDER, "layer_no"]
    as_text = dict.fromkeys(LADDER, "str")
    kept = fresh[["trade_date", "source_mode", *key]].astype(as_text).merge(
        previous.drop(columns=["trade_date", "source_mode"]).astype(as_text), on=key, how="left", indicator=True
    )  # fmt: skip
    fresh_rows = kept["_merge"] == "left_only"
    defaults = {"is_armed": False, "below_count": 0, "retries_count": 0, "units_deployed": 0}
    for name, value in defaults.items():
        kept[name] = kept[name].astype("object").where(~fresh_rows, value)
    return frames.conform(kept, LADDER_STATE)


def arm(state: pd.DataFrame, close_vol_points: float, trade_date: date, profile: LadderProfile) -> pd.DataFrame:
    """Arm and disarm layers on one close of the trigger index.

    Parameters
    ----------
    state : DataFrame
        `LADDER_STATE` before the close.
    close_vol_points : float
        Close of the trigger index. [VIX points] NaN holds the state.
    trade_date : date
        Session of the close.
    profile : LadderProfile

    Returns
    -------
    DataFrame
        The state after the close. A disarmed layer gives up its retries and its paper position. A layer that arms
        renews the retries of the whole ladder, so that lower layers are not left out of an escalation.
    """
    if np.isnan(close_vol_points):
        return state.copy()
    level = np.array(profile.levels_vol_points)[state["layer_no"].to_numpy() - 1]
    was_armed = state["is_armed"].to_numpy()
    arms = ~was_armed & (close_vol_points >= level)
    below = np.where(
        was_armed & (close_vol_points < level - profile.disarm_gap_vol_points), state["below_count"] + 1, 0
    )
    disarms = was_armed & (below >= profile.disarm_sessions)
    escalates = state[LADDER].assign(arms=arms).groupby(LADDER, observed=True)["arms"].transform("any")
    armed_date = state["armed_date"].mask(arms, pd.Timestamp(trade_date)).mask(disarms)
    return state.assign(
        is_armed=(was_armed | arms) & ~disarms, armed_date=armed_date, below_count=np.where(disarms, 0, below),
        retries_count=state["retries_count"].mask(disarms | escalates.to_numpy(), 0),
        units_deployed=state["units_deployed"].mask(disarms, 0), deployed_date=state["deployed_date"].mask(disarms),
    )  # fmt: skip


def arm_through(state: pd.DataFrame, closes: Sequence[tuple[date, float]], profile: LadderProfile) -> pd.DataFrame:
    """Apply the published closes of sessions whose nights are missing; without quotes nothing is deployed."""
    for day, close in closes:
        state = arm(state, close, day, profile)
    return state


def advance(state: pd.DataFrame, close_vol_points: float, passes: pd.Series, trade_date: date,
            profile: LadderProfile) -> pd.DataFrame:  # fmt: skip
    """Take the state of the night before through one night.

    Parameters
    ----------
    state : DataFrame
        `LADDER_STATE` before tonight, one profile.
    close_vol_points : float
        Tonight's close of the trigger index. [VIX points]
    passes : Series of bool
        Whether the 8 % filter passes tonight, aligned with ``state``.
    trade_date : date
    profile : LadderProfile

    Returns
    -------
    DataFrame
        `LADDER_STATE` after tonight with ``leg_action`` of every layer.

    Notes
    -----
    A layer armed at an earlier close and not yet bought goes to tonight's quotes: DEPLOY if the filter passes, else
    BLOCKED, up to ``max_retries`` sessions. A layer that tonight's close disarms is not bought.
    """
    after = arm(state, close_vol_points, trade_date, profile)
    before_armed, armed = state["is_armed"].to_numpy(), after["is_armed"].to_numpy()
    waiting = before_armed & armed & (state["units_deployed"].to_numpy() == 0)
    retries = after["retries_count"].to_numpy()  # an escalation tonight has renewed them
    tries = waiting & (retries < profile.max_retries)
    ok = passes.to_numpy(dtype=bool)
    deploys, blocked = tries & ok, tries & ~ok
    units = np.array(profile.units)[state["layer_no"].to_numpy() - 1]
    action = np.select(
        [before_armed & ~armed, deploys, blocked, ~before_armed & armed, armed],
        ["DISARM", "DEPLOY", "BLOCKED", "ARM", "HOLD"], default="IDLE",
    )  # fmt: skip
    return after.assign(
        units_deployed=np.where(deploys, units, after["units_deployed"]), leg_action=pd.Categorical(action),
        deployed_date=after["deployed_date"].mask(deploys, pd.Timestamp(trade_date)),
        retries_count=np.where(blocked, retries + 1, retries),
    )  # fmt: skip


def ladder_action(layer_actions: Sequence[str]) -> str:
    """Return the most telling action of a ladder's layers: DEPLOY, BLOCKED, ARM, DISARM, HOLD, IDLE in that order."""
    return min(layer_actions, key=ACTIONS.index)
