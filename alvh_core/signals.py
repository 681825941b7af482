"""Tonight's ladders: legs, filter and state machine put together for every host, variant and profile.

What the distinct ladders read is `alvh_core.ladders`, what is armed `alvh_core.triggers`; here they meet, as columns
over all ladders at once.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from alvh_core import frames
from alvh_core.columns import ACTIONS
from alvh_core.ladders import HEDGE_INDEX, SETS_COUNT, Books, Ladder, night_books
from alvh_core.params import LAYERS, LadderProfile
from alvh_core.readings import READINGS
from alvh_core.schemas import LADDER_LEGS, LADDER_SIGNALS, LADDER_STATE
from alvh_core.triggers import LADDER, LayerRules, advance, arm_through, carry_over, ladder_keys, moved_levels
from alvh_core.volumes import VolumesOf

LAYERS_COUNT = len(LAYERS)


@dataclass(frozen=True, kw_only=True)
class TriggerClose:
    """Close of the trigger index on the night; NaN if unknown, provisional if not yet in the published history."""

    vol_points: float
    is_provisional: bool


@dataclass(frozen=True, kw_only=True)
class NightSignals:
    """Answers of one night: `LADDER_LEGS`, `LADDER_SIGNALS` and `LADDER_STATE`."""

    legs: pd.DataFrame
    signals: pd.DataFrame
    state: pd.DataFrame


def night_outcome(tables: Mapping[str, pd.DataFrame]) -> tuple[str, str | None]:
    """Say how a night ended: NO_DATA where the hedge index's chain is missing, else OK.

    Parameters
    ----------
    tables : mapping of str to DataFrame
        Every warehouse table of the night, by name.

    Returns
    -------
    outcome : {'OK', 'NO_DATA'}
    reason : str or None
    """
    signals = tables[LADDER_SIGNALS.name]
    lost = signals[(signals["hedge_symbol"] == HEDGE_INDEX) & (signals["filter_state"] == "NO_DATA")]
    if lost.empty:
        return "OK", None
    return "NO_DATA", without_trigger(str(lost["block_reason"].iloc[0])).removeprefix("NO_DATA: ")


_OF_TRIGGER = ("NOT_ARMED", "NO_TRIGGER", "GAVE_UP", "HELD_BACK", "TOO_SMALL", "TOO_THIN")


def without_trigger(block_reason: str) -> str:
    """Return the part of a block reason that is about the filter, without what the trigger says after it."""
    return "; ".join(part for part in block_reason.split("; ") if not part.startswith(_OF_TRIGGER))


def night_signals(chains: pd.DataFrame, plan: Sequence[Ladder], *, close: TriggerClose,
                  previous: pd.DataFrame, missed_closes: Sequence[tuple[date, float]], trade_date: date,
                  source_mode: str, missing: Mapping[str, str], host_rules: pd.DataFrame,
                  volumes_of: VolumesOf) -> NightSignals:  # fmt: skip
    """Compute legs, signals and the state after the night.

    Parameters
    ----------
    chains : DataFrame
        `PRICED_QUOTES` of the hedge chains, quarantined strikes included with ``quote_flag`` BAD.
    plan : sequence of Ladder
    close : TriggerClose
    previous : DataFrame
        `LADDER_STATE` of the latest earlier night of the same source mode.
    missed_closes : sequence of (date, close)
        Published closes of sessions between that night and this one.
    trade_date : date
    source_mode : str
    missing : mapping of str to str
        Why a chain did not arrive, by symbol.
    host_rules : DataFrame
        `HOST_RULES` of the night, and of the sessions of ``missed_closes``; may be empty.
    volumes_of : callable
        As `alvh_core.volumes.with_average_volume` asks it.
    """
    if not plan:
        return NightSignals(legs=frames.empty(LADDER_LEGS), signals=frames.empty(LADDER_SIGNALS),
                            state=frames.empty(LADDER_STATE))  # fmt: skip
    books = night_books(chains, plan, missing, volumes_of)
    rows = [[p.host, p.variant, p.hedge_symbol, p.profile.name] for p in plan]
    ladders = pd.DataFrame(rows, columns=LADDER, dtype="str").astype("category")
    legs = books.legs.iloc[_rows_of(books.number_of)].reset_index(drop=True)
    readings = books.readings.iloc[books.number_of].reset_index(drop=True)
    before = carry_over(previous, ladders, trade_date, source_mode)
    closes = [*missed_closes, (trade_date, close.vol_points)]
    rules = _layer_rules(before, host_rules, closes)
    state = _advance_all(plan, books, before, legs, close, missed_closes, trade_date, rules)
    orders = books.orders.iloc[SETS_COUNT * books.number_of + _by_ladder(state["layer_set"])[:, 0]]
    orders = orders.reset_index(drop=True)
    legs["is_eligible"] = _are_eligible(plan, books, before)
    night: dict[str, Any] = {"trade_date": pd.Timestamp(trade_date), "source_mode": source_mode}
    told = _signals(plan, ladders, readings, orders, legs, state, close, rules[trade_date])
    return NightSignals(
        legs=frames.conform(_with_ladder(legs, ladders, state).assign(**night), LADDER_LEGS),
        signals=frames.conform(told.assign(**night), LADDER_SIGNALS),
        state=frames.concat([
            frames.conform(state, LADDER_STATE), _dormant(plan, previous, ladders, closes, host_rules, night),
        ], LADDER_STATE),
    )  # fmt: skip


def _rows_of(numbers: NDArray[np.int64]) -> NDArray[np.int64]:
    """Return the rows of three layers each that belong to some books."""
    return np.asarray(LAYERS_COUNT * numbers[:, None] + np.arange(LAYERS_COUNT)).ravel()


def _layer_rules(state: pd.DataFrame, host_rules: pd.DataFrame,
                 closes: Sequence[tuple[date, float]]) -> dict[date, LayerRules]:  # fmt: skip
    """Lay what the hosts' enabled rules say of each session over the layers of the ladders."""
    speaking = host_rules[host_rules["is_enabled"].astype(bool)]
    return {day: _rules_of(state, speaking[speaking["trade_date"] == pd.Timestamp(day)]) for day, _ in closes}


def _rules_of(state: pd.DataFrame, speaking: pd.DataFrame) -> LayerRules:
    """Lay the rules of one session over the layers; of two factors the higher one counts."""
    if speaking.empty:
        return LayerRules.none(len(state))
    rows = pd.DataFrame({
        "host": speaking["host"].astype("str"), "layer_no": speaking["layer_no"].astype("int64"),
        "level": speaking["level_factor"].astype("float64"), "blocks": speaking["is_new_blocked"].astype(bool),
        "arming": speaking["is_arming"].astype("Float64").astype("float64"),
        "ignores": speaking["is_index_ignored"].astype(bool),
    })  # fmt: skip
    said = rows.groupby(["host", "layer_no"]).agg(
        level=("level", "max"), arming=("arming", "min"), blocks=("blocks", "any"), ignores=("ignores", "any")
    )
    keys = pd.MultiIndex.from_arrays([state["host"].astype("str"), state["layer_no"].astype("int64")])
    found = said.reindex(keys)
    return LayerRules(level_factor=found["level"].to_numpy(dtype=np.float64),
                      is_arming=found["arming"].to_numpy(dtype=np.float64),
                      ignores_index=found["ignores"].eq(True).to_numpy(dtype=bool),
                      blocks_new=found["blocks"].eq(True).to_numpy(dtype=bool))  # fmt: skip


def _are_eligible(plan: Sequence[Ladder], books: Books, before: pd.DataFrame) -> NDArray[np.bool_]:
    """Tell which legs may be bought by themselves; one whose layer is held, up to the exit limit of its profile."""
    alone = SETS_COUNT * books.number_of[:, None] + 2 ** np.arange(LAYERS_COUNT)
    found = books.orders.iloc[alone.ravel()]
    limit = np.repeat([ladder.profile.keep_spread_frac for ladder in plan], LAYERS_COUNT)
    stays = (found["buy_filter_state"] == "FAIL_ILLIQUID") & (found["s_buy_frac"] < limit)
    is_held = before["units_deployed"].to_numpy() > 0
    return np.asarray(found["passes"].to_numpy(dtype=bool) | (is_held & stays.to_numpy()))


def _advance_all(plan: Sequence[Ladder], books: Books, before: pd.DataFrame, legs: pd.DataFrame, close: TriggerClose,
                 missed_closes: Sequence[tuple[date, float]], trade_date: date,
                 rules: Mapping[date, LayerRules]) -> pd.DataFrame:  # fmt: skip
    """Run the state machine once per distinct parameter set; hosts without overrides share one."""
    told = (books.orders["passes"], books.orders["buy_filter_state"].isin(READINGS))  # after hours it is BAD_QUOTE
    passes, is_read = (each.to_numpy(dtype=bool).reshape(-1, SETS_COUNT)[books.number_of].repeat(LAYERS_COUNT, axis=0)
                       for each in told)  # fmt: skip
    units = legs["units_target"].to_numpy(dtype=np.int64)
    profiles = list(dict.fromkeys(ladder.profile for ladder in plan))
    numbers = {profile: at for at, profile in enumerate(profiles)}
    number_of = np.repeat([numbers[ladder.profile] for ladder in plan], LAYERS_COUNT)
    parts = []
    for at, profile in enumerate(profiles):
        mine = number_of == at
        reading = close.vol_points if profile.mode == "trigger" else books.forward_vol_points.get(profile, np.nan)
        said = {day: every.at(mine) for day, every in rules.items()}
        ready = before[mine] if profile.mode == "bands" else arm_through(before[mine], missed_closes, profile, said)
        parts.append(advance(ready, reading, passes[mine], trade_date, profile, units=units[mine],
                             is_read=is_read[mine], rules=said[trade_date]))  # fmt: skip
    return pd.concat(parts).sort_index()


def _dormant(plan: Sequence[Ladder], previous: pd.DataFrame, ladders: pd.DataFrame,
             closes: Sequence[tuple[date, float]], host_rules: pd.DataFrame,
             night: Mapping[str, Any]) -> pd.DataFrame:  # fmt: skip
    """Carry the state of ladders that sleep tonight, a proxy's or the one it stands in for, by closes and rules."""
    awake = set(ladder_keys(ladders))
    is_asleep = np.array([key not in awake for key in ladder_keys(previous)], dtype=bool)
    asleep = previous[is_asleep].assign(**night).reset_index(drop=True)
    rules = _layer_rules(asleep, host_rules, closes)
    profiles = {(ladder.host, ladder.profile.name): ladder.profile for ladder in plan}
    parts = []
    for key, part in asleep.groupby(["host", "profile"], observed=True):
        profile = profiles.get((str(key[0]), str(key[1])))  # None: a host or a profile left out tonight
        is_led = profile is not None and profile.mode != "bands"
        said = {day: every.at(part.index.to_numpy()) for day, every in rules.items()}
        parts.append(arm_through(part, closes, profile, said) if profile is not None and is_led else part)
    return frames.concat([frames.conform(part, LADDER_STATE) for part in parts], LADDER_STATE)


def _with_ladder(legs: pd.DataFrame, ladders: pd.DataFrame, state: pd.DataFrame) -> pd.DataFrame:
    keys = ladders.iloc[np.arange(len(ladders)).repeat(LAYERS_COUNT)].reset_index(drop=True)
    return legs.assign(**keys, is_armed=state["is_armed"].to_numpy(), leg_action=state["leg_action"].to_numpy())


def _by_ladder(values: Any) -> NDArray[Any]:
    """Fold a column of layers to one row per ladder."""
    return np.asarray(values).reshape(-1, LAYERS_COUNT)


def _signals(plan: Sequence[Ladder], ladders: pd.DataFrame, readings: pd.DataFrame, orders: pd.DataFrame,
             legs: pd.DataFrame, state: pd.DataFrame, close: TriggerClose,
             rules: LayerRules) -> pd.DataFrame:  # fmt: skip
    armed, units = _by_ladder(state["is_armed"]), _by_ladder(legs["units_target"])
    actions = _by_ladder(pd.Index(ACTIONS).get_indexer(pd.Index(state["leg_action"].astype("str")))).min(axis=1)
    action = np.array(ACTIONS, dtype=object)[actions]
    why = readings["reason"].mask(orders["buy_filter_state"].notna(), orders["reason"])
    return ladders.assign(
        vix_close_vol_points=close.vol_points, is_vix_provisional=close.is_provisional,
        layers_armed_count=armed.sum(axis=1), units_armed_count=(armed * units).sum(axis=1),
        units_deployed_count=_by_ladder(state["units_deployed"]).sum(axis=1),  # as ordered; the book tells what came
        **readings.drop(columns="reason"), **orders[["s_buy_frac", "buy_filter_state"]],
        action=action, block_reason=_block_reasons(plan, why, legs, state, close, action, rules),
    )  # fmt: skip


def _block_reasons(plan: Sequence[Ladder], filtered: pd.Series, legs: pd.DataFrame, state: pd.DataFrame,
                   close: TriggerClose, action: NDArray[Any], rules: LayerRules) -> list[str]:  # fmt: skip
    """Say why nothing is bought: what the filter says first, then what holds it back; empty where something is."""
    armed, retries = _by_ladder(state["is_armed"]), _by_ladder(state["retries_count"])
    small = (_by_ladder(legs["size_status"] == "TOO_SMALL") & armed).any(axis=1)
    none_left = (legs["size_status"] == "CAPPED") & (legs["units_target"] == 0)
    capped = (_by_ladder(none_left) & armed).any(axis=1)
    held_back = (_by_ladder(rules.blocks_new) & armed).any(axis=1)
    factor = _by_ladder(rules.level_factor)[:, 0]
    told = []
    for at, (ladder, why) in enumerate(zip(plan, filtered, strict=True)):
        if action[at] == "DEPLOY":
            told.append("")
            continue
        profile = ladder.profile
        gave_up = action[at] == "HOLD" and bool((retries[at] >= profile.max_retries).any())
        trigger = _trigger_reason(profile, close, bool(armed[at].any()), gave_up, float(factor[at]))
        more = [trigger] if trigger else []
        if held_back[at] and profile.mode == "trigger":
            more.append("HELD_BACK: a rule of the host buys nothing new tonight, see out_alvh__daily_host_rules")
        if small[at]:
            more.append("TOO_SMALL: the budget pays for no contract, see min_account_usd of the legs")
        if capped[at]:
            more.append("TOO_THIN: a tenth of the average volume or a hundredth of the open interest is no contract")
        told.append("; ".join([why, *more] if why else more))
    return told


def _trigger_reason(profile: LadderProfile, close: TriggerClose, is_armed: bool, gave_up: bool, factor: float) -> str:
    if profile.mode == "trigger" and np.isnan(close.vol_points):
        return "NO_TRIGGER: close of the trigger index unknown, state held"
    if not is_armed and profile.mode == "trigger":
        level = moved_levels(profile.levels_vol_points[0], factor)
        return f"NOT_ARMED: VIX closed at {close.vol_points:.2f}, first level {level:g}"
    if not is_armed:
        return "NOT_ARMED: the band of the VIX forward buys nothing, or the forward is not known"
    return f"GAVE_UP: refused on {profile.max_retries} sessions" if gave_up else ""
