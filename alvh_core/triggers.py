"""The 4/4/2 state machine: which layers are armed after a close, and what is done with them.

State of night t is a pure function of the state of night t-1 and of night t. A layer arms at a close; its order goes to
the next session's quotes, never to the same day's. A missing close holds the state; nothing is inferred. Whatever arms
a layer, it is armed only while all lower layers with units are. All ladders go through as one frame.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike, NDArray

from alvh_core import frames
from alvh_core.keys import Keys, keys_of, rows_of
from alvh_core.params import LAYERS, LadderProfile
from alvh_core.schemas import LADDER_STATE

LADDER = ["host", "variant", "hedge_symbol", "profile"]
LAYER = [*LADDER, "layer_no"]
_LIVED = ("is_armed", "armed_date", "below_count", "retries_count", "units_deployed", "deployed_date")


@dataclass(frozen=True, kw_only=True, eq=False)
class LayerRules:
    """What the rules of the hosts say tonight about every layer, aligned with the state.

    Attributes
    ----------
    level_factor : ndarray of float
        What the level of each ladder's own profile is multiplied by; NaN leaves it.
    is_arming : ndarray of float
        In place of the index: 1 arms, 0 disarms, NaN leaves it to the index.
    ignores_index : ndarray of bool
        The index neither arms nor disarms; without a word from the rule the layer stays as it is.
    blocks_new : ndarray of bool
        Nothing new is bought tonight, and tonight is no retry.
    """

    level_factor: NDArray[np.float64]
    is_arming: NDArray[np.float64]
    ignores_index: NDArray[np.bool_]
    blocks_new: NDArray[np.bool_]

    @classmethod
    def none(cls, n_rows: int) -> "LayerRules":
        """Return the rules of hosts that have none."""
        unset, no = np.full(n_rows, np.nan), np.zeros(n_rows, dtype=bool)
        return cls(level_factor=unset, is_arming=unset, ignores_index=no, blocks_new=no)

    def at(self, rows: NDArray[Any]) -> "LayerRules":
        """Return what is said of some layers."""
        return LayerRules(**{name: values[rows] for name, values in vars(self).items()})


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
    layers = ladders[LADDER].iloc[np.repeat(np.arange(len(ladders)), len(LAYERS))]
    return frames.conform(
        layers.assign(layer_no=np.tile(LAYERS, len(ladders)), trade_date=pd.Timestamp(trade_date),
                      source_mode=source_mode, is_armed=False, below_count=0, retries_count=0, units_deployed=0),
        LADDER_STATE,
    )  # fmt: skip


def ladder_keys(frame: pd.DataFrame, *more: str) -> Keys:
    """Return the ladder of every row, and further columns of it, as `keys_of` does.

    Parameters
    ----------
    frame : DataFrame
        With `LADDER`.
    *more : str
    """
    return keys_of(frame, [*LADDER, *more])


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
    found = rows_of(ladder_keys(fresh, "layer_no"), ladder_keys(previous, "layer_no"))
    lived = {name: np.where(found < 0, fresh[name].to_numpy(), previous[name].to_numpy()[found]) for name in _LIVED}
    return fresh.assign(**lived)


def arm(state: pd.DataFrame, close_vol_points: float, trade_date: date, profile: LadderProfile,
        rules: LayerRules | None = None) -> pd.DataFrame:  # fmt: skip
    """Arm and disarm layers on one close of what the profile is armed by.

    Parameters
    ----------
    state : DataFrame
        `LADDER_STATE` before the close.
    close_vol_points : float
        Close of the trigger index; the forward of VIX for a profile of mode ``bands``. [VIX points] NaN holds the
        state; mode ``always`` does not look at it.
    trade_date : date
        Session of the close.
    profile : LadderProfile
    rules : LayerRules, optional
        Of the hosts; profiles of other modes than ``trigger`` do not listen.

    Returns
    -------
    DataFrame
        The state after the close. A layer above one that is not armed is not armed either. A disarmed layer gives up
        its retries and its paper position. A layer that arms renews the retries of the whole ladder, so that lower
        layers are not left out of an escalation.
    """
    was_armed = state["is_armed"].to_numpy()
    has_units = (np.array(profile.units) > 0)[state["layer_no"].to_numpy() - 1]
    if profile.mode == "trigger":
        arms, disarms, below = _by_level(state, close_vol_points, profile, rules or LayerRules.none(len(state)))
    else:
        wanted = has_units if profile.mode == "always" else has_units & (band_weight(close_vol_points, profile) > 0)
        holds = profile.mode == "bands" and np.isnan(close_vol_points)
        arms, disarms = ~was_armed & wanted & (not holds), was_armed & ~wanted & (not holds)
        below = np.zeros(len(state), dtype=np.int64)
    ladder_no = _ladder_numbers(state)
    armed = (was_armed | (arms & has_units)) & ~disarms
    armed &= _is_on_armed(armed | ~has_units, ladder_no, state["layer_no"].to_numpy())
    arms, disarms = armed & ~was_armed, was_armed & ~armed
    is_renewed, none = disarms | np.isin(ladder_no, ladder_no[arms]), np.datetime64("NaT", "s")
    armed_date = np.where(arms, np.datetime64(trade_date, "s"), state["armed_date"].to_numpy())
    return state.assign(
        is_armed=armed, armed_date=np.where(disarms, none, armed_date),
        below_count=np.where(disarms, 0, below), retries_count=np.where(is_renewed, 0, state["retries_count"]),
        units_deployed=np.where(disarms, 0, state["units_deployed"]),
        deployed_date=np.where(disarms, none, state["deployed_date"].to_numpy()),
    )  # fmt: skip


def _ladder_numbers(state: pd.DataFrame) -> NDArray[np.int64]:
    return np.ravel_multi_index([state[name].cat.codes for name in LADDER],
                                [len(state[name].cat.categories) for name in LADDER])  # fmt: skip


def _is_on_armed(armed: NDArray[np.bool_], ladder_no: NDArray[np.int64],
                 layer_no: NDArray[np.int64]) -> NDArray[np.bool_]:  # fmt: skip
    """Tell whether all lower layers of the same ladder are armed."""
    lowest = np.full(ladder_no.max(initial=-1) + 1, LAYERS[-1] + 1)
    np.minimum.at(lowest, ladder_no[~armed], layer_no[~armed])
    return np.asarray(layer_no <= lowest[ladder_no])


def band_weight(forward_vol_points: float, profile: LadderProfile) -> float:
    """Return the share of the notional that the forward's band buys; upper edges belong to their band.

    Examples
    --------
    >>> from alvh_core.profiles import PROFILES
    >>> [band_weight(forward, PROFILES["vxth_baseline"]) for forward in (15.0, 15.01, 30.0, 50.0, 50.01)]
    [0.0, 0.01, 0.01, 0.005, 0.0]
    """
    if np.isnan(forward_vol_points):
        return float("nan")
    return profile.band_weights_frac[int(np.searchsorted(profile.bands_vol_points, forward_vol_points))]


def _by_level(state: pd.DataFrame, close: float, profile: LadderProfile,
              rules: LayerRules) -> tuple[NDArray[np.bool_], NDArray[np.bool_], NDArray[np.int64]]:  # fmt: skip
    """Compare the close with the layers' levels; a rule speaks in place of the index where it has something to say."""
    own = np.array(profile.levels_vol_points)[state["layer_no"].to_numpy() - 1]
    level = moved_levels(own, rules.level_factor)
    was_armed, count = state["is_armed"].to_numpy(), state["below_count"].to_numpy(dtype=np.int64)
    is_known = not np.isnan(close)  # an unknown close compares as neither, and holds the count
    below = np.where(was_armed & (close < level - profile.disarm_gap_vol_points), count + 1, 0)
    below = below if is_known else count
    says = rules.ignores_index | ~np.isnan(rules.is_arming)
    arms = ~was_armed & np.where(says, rules.is_arming == 1.0, close >= level)
    disarms = was_armed & np.where(says, rules.is_arming == 0.0, is_known & (below >= profile.disarm_sessions))
    return arms, disarms, np.where(says, 0, below)


def moved_levels(levels: ArrayLike, factor: ArrayLike) -> NDArray[np.float64]:
    """Return what arms layers once the rules of their host have spoken.

    Parameters
    ----------
    levels : array_like
        Of the ladder's own profile. [VIX points]
    factor : array_like
        Of the rules; NaN leaves the level.

    Returns
    -------
    ndarray
        Level times factor. [VIX points]
    """
    factors = np.asarray(factor, dtype=np.float64)
    return np.asarray(levels, dtype=np.float64) * np.where(np.isnan(factors), 1.0, factors)


def arm_through(state: pd.DataFrame, closes: Sequence[tuple[date, float]], profile: LadderProfile,
                rules: Mapping[date, LayerRules]) -> pd.DataFrame:  # fmt: skip
    """Apply the published closes of sessions whose nights are missing; without quotes nothing is deployed.

    Parameters
    ----------
    state : DataFrame
        `LADDER_STATE` before them, one profile.
    closes : sequence of (date, close)
        [VIX points]
    profile : LadderProfile
    rules : mapping of date to LayerRules
        What the hosts' rules said after each of the sessions; one that is not there had none.
    """
    for day, close in closes:
        state = arm(state, close, day, profile, rules.get(day))
    return state


def layer_sets(
    is_in: NDArray[np.bool_], layer_no: NDArray[np.int64], ladder_no: NDArray[np.int64]
) -> NDArray[np.int64]:
    """Return the number of each ladder's set of layers, on each of its rows: layer l counts 2 ** (l - 1), none is 0."""
    sums = np.bincount(ladder_no, weights=is_in * 2.0 ** (layer_no - 1))
    return np.asarray(sums[ladder_no], dtype=np.int64)


def advance(state: pd.DataFrame, close_vol_points: float, passes: NDArray[np.bool_], trade_date: date,
            profile: LadderProfile, *, units: NDArray[np.int64] | None = None, is_read: NDArray[np.bool_] | None = None,
            rules: LayerRules | None = None) -> pd.DataFrame:  # fmt: skip
    """Take the state of the night before through one night.

    Parameters
    ----------
    state : DataFrame
        `LADDER_STATE` before tonight, one profile.
    close_vol_points : float
        Tonight's close of what the profile is armed by; see `arm`. [VIX points]
    passes : ndarray of bool of shape (n_layers, 8)
        Whether the 8 % filter passes tonight on each set of the ladder's layers, by the number of `layer_sets`.
    trade_date : date
    profile : LadderProfile
    units : ndarray of int, optional
        Contracts that each layer would buy tonight; by default those of the profile. 0 buys nothing.
    is_read : ndarray of bool, optional
        Whether there is a reading of the filter, shaped as ``passes``; by default there is one of every set.
    rules : LayerRules, optional

    Returns
    -------
    DataFrame
        `LADDER_STATE` after tonight with ``leg_action`` of every layer, and the ``layer_set`` that its ladder goes to
        the market for.

    Notes
    -----
    A layer armed at an earlier close and not yet bought goes to tonight's quotes: DEPLOY if the filter passes on all
    that the ladder goes to the market for, and on nothing else, else BLOCKED, up to ``max_retries`` sessions on which
    the filter refused: where a leg or its quote is missing, or the budget pays for no contract, it was not asked, and
    nothing is given up for that. A layer that tonight's close disarms is not bought. Only mode ``trigger`` gives up:
    the others say what is to be held, every night anew. One that is always armed waits for no close.
    """
    after = arm(state, close_vol_points, trade_date, profile, rules)
    armed = after["is_armed"].to_numpy()
    gives_up = profile.mode == "trigger"
    before_armed = armed if profile.mode == "always" else state["is_armed"].to_numpy()
    wanted = np.array(profile.units)[state["layer_no"].to_numpy() - 1] if units is None else units
    held_back = np.zeros(len(state), dtype=bool)
    if rules is not None and gives_up:
        held_back = rules.blocks_new
    waiting = before_armed & armed & (state["units_deployed"].to_numpy() == 0)
    retries = after["retries_count"].to_numpy()  # an escalation tonight has renewed them
    tries = waiting & ((retries < profile.max_retries) | (not gives_up)) & ~held_back
    sets = layer_sets(tries, state["layer_no"].to_numpy(), _ladder_numbers(state))
    at = np.arange(len(state))
    deploys = tries & passes[at, sets] & (wanted > 0)
    blocked = (tries & ~deploys) | (waiting & held_back)
    is_refused = tries & ~passes[at, sets] & (True if is_read is None else is_read[at, sets])
    action = np.select(
        [state["is_armed"].to_numpy() & ~armed, deploys, blocked, ~before_armed & armed, armed],
        ["DISARM", "DEPLOY", "BLOCKED", "ARM", "HOLD"], default="IDLE",
    )  # fmt: skip
    return after.assign(
        units_deployed=np.where(deploys, wanted, after["units_deployed"]), leg_action=pd.Categorical(action),
        layer_set=sets,
        deployed_date=np.where(deploys, np.datetime64(trade_date, "s"), after["deployed_date"].to_numpy()),
        retries_count=np.where(is_refused & gives_up, retries + 1, retries),
    )  # fmt: skip
