"""The ladders of a night: who is protected, under which variant, in which chain, by which profile.

Many ladders buy the same contracts: V1 of every host buys what V0 buys, and profiles that only differ in units choose
alike. What is the same is a book, read once; `alvh_core.signals` lays books over ladders.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from alvh_core.keys import rows_of
from alvh_core.ladder import band_medians, with_costs
from alvh_core.params import LAYERS, LadderProfile, with_overrides
from alvh_core.profiles import UNFILTERED_TWIN, unfiltered
from alvh_core.readings import READINGS
from alvh_core.selection import LegRule, Selection, select_legs
from alvh_core.sizing import layer_shares, roll_budgets, size_legs
from alvh_core.spreads import ladder_spreads
from alvh_core.triggers import LADDER, band_weight, ladder_keys
from alvh_core.universe import Asset, hosts
from alvh_core.volumes import VolumesOf, with_average_volume

HEDGE_INDEX, REFERENCE_HOST = "VIX", "SPX"
REFERENCE_VARIANTS = ("V0_REF", "V1_SAME_HEDGE")  # the reference's calls: the first beside SPX, the second elsewhere
TERMS = ("roll_dte_days", "hold_days", "profit_multiple", "profit_sold_frac", "defer_spread_frac",
         "defer_until_dte_days", "mode")  # fmt: skip
SETS_COUNT = 2 ** len(LAYERS)  # sets of layers that a ladder may buy of, the empty one among them
NO_FORWARD = "no forward, see forward_status in core_options__daily_forwards"


@dataclass(frozen=True, kw_only=True)
class Ladder:
    """One ladder: who is protected, under which variant, in which chain, by which contracts and parameters."""

    host: str
    variant: str
    hedge_symbol: str
    rule: LegRule
    profile: LadderProfile

    @property
    def key(self) -> tuple[str, str, str, str]:
        """Its `LADDER`."""
        return self.host, self.variant, self.hedge_symbol, self.profile.name


def host_profiles(universe: Mapping[str, Asset], profile: LadderProfile) -> dict[str, LadderProfile]:
    """Return the profile of every host, what its entry declares laid over it; over a control all but a filter."""
    own = {
        asset.symbol: with_overrides(profile, asset.profile_overrides, f"universe: {asset.symbol}.profile_overrides")
        for asset in hosts(universe)
    }
    return {host: unfiltered(each) for host, each in own.items()} if profile.name == UNFILTERED_TWIN else own


def plan_ladders(universe: Mapping[str, Asset], priced: pd.DataFrame,
                 profiles: Iterable[LadderProfile]) -> list[Ladder]:  # fmt: skip
    """List the ladders of a night.

    Parameters
    ----------
    universe : mapping of str to Asset
    priced : DataFrame
        `PRICED_QUOTES`; where a host has none its proxy stands in for V3_NATIVE.
    profiles : iterable of LadderProfile
        Run side by side.

    Returns
    -------
    list of Ladder
        For every profile: V0_REF for the reference host; V1, V2 (one per wrapper) and V3 for every host.
    """
    available = set(priced["underlying"].unique())
    wrappers = [asset.symbol for asset in universe.values() if asset.asset_class == "volatility_etp"]
    plan = []
    for profile in profiles:
        own_of = host_profiles(universe, profile)
        for asset in hosts(universe):
            own = own_of[asset.symbol]
            call = LegRule(option_right="C", target_delta=own.target_delta)
            put = LegRule(option_right="P", target_delta=own.native_put_delta)
            native = asset.proxy if asset.proxy and asset.symbol not in available else asset.symbol
            kinds = [
                ("V1_SAME_HEDGE", HEDGE_INDEX, call),
                *(("V2_VOL_WRAPPER", w, call) for w in wrappers),
                ("V3_NATIVE", native, put),
            ]
            if asset.symbol == REFERENCE_HOST:
                kinds.insert(0, ("V0_REF", HEDGE_INDEX, call))
            plan += [Ladder(host=asset.symbol, variant=v, hedge_symbol=h, rule=r, profile=own) for v, h, r in kinds]
    return plan


def hedge_symbols(plan: Sequence[Ladder]) -> set[str]:
    """Return the chains that ladders are bought in."""
    return {ladder.hedge_symbol for ladder in plan}


def ladder_terms(plan: Sequence[Ladder]) -> pd.DataFrame:
    """Return `LADDER` and what the exit protocol reads of each ladder's profile."""
    rows = [[*ladder.key, *(getattr(ladder.profile, term) for term in TERMS)] for ladder in plan]
    return pd.DataFrame(rows, columns=[*LADDER, *TERMS])


def ladder_books(plan: Sequence[Ladder]) -> pd.DataFrame:
    """Return which book each ladder buys, and what it protects.

    Returns
    -------
    DataFrame
        `LADDER`, ``option_right``, ``scenario_host`` and ``hedged_notional_usd`` [USD]. Ladders in the same chain with
        the same parameters, those of a universe entry laid over the profile's, are one book: it is named by the first
        of its hosts in the alphabet.
    """
    seen: dict[LadderProfile, int] = {}
    alike = {key: seen.setdefault(each, key) for key, each in {id(p.profile): p.profile for p in plan}.items()}
    books = [(p.hedge_symbol, p.rule.option_right, alike[id(p.profile)]) for p in plan]  # the profile makes the rule
    first: dict[tuple[str, str, int], str] = {}
    for p, book in zip(plan, books, strict=True):
        first[book] = min(p.host, first.get(book, p.host))
    rows = [[p.host, p.variant, p.hedge_symbol, p.profile.name, p.rule.option_right, first[book],
             p.profile.hedged_notional_usd] for p, book in zip(plan, books, strict=True)]  # fmt: skip
    return pd.DataFrame(rows, columns=[*LADDER, "option_right", "scenario_host", "hedged_notional_usd"])


def legs_to_trade(legs: pd.DataFrame, plan: Sequence[Ladder]) -> pd.DataFrame:
    """Return tonight's legs with the book they are of.

    A leg of a ladder that is not planned is none of tonight's.

    Parameters
    ----------
    legs : DataFrame
        `LADDER_LEGS` of the night, in any order.
    plan : sequence of Ladder
    """
    books = ladder_books(plan)
    planned = rows_of(ladder_keys(legs), ladder_keys(books))
    mine = books.iloc[planned[planned >= 0]]
    return legs[planned >= 0].assign(
        option_right=pd.Categorical(mine["option_right"]), scenario_host=pd.Categorical(mine["scenario_host"])
    )


@dataclass(frozen=True, kw_only=True, eq=False)
class Books:
    """Legs and readings of the distinct ladders of a night.

    Attributes
    ----------
    legs : DataFrame
        Three rows per book, in order: the leg columns of `LADDER_LEGS`, ``side`` and ``share``.
    readings : DataFrame
        One row per book: what the filter says of the whole ladder, the columns of `LADDER_SIGNALS`, and ``reason``.
    orders : DataFrame
        `SETS_COUNT` rows per book, by the number of `alvh_core.triggers.layer_sets`: what the filter says if the ladder
        buys these layers and no other. ``s_buy_frac``, ``buy_filter_state`` (none where nothing would be bought),
        ``passes`` and ``reason``.
    number_of : ndarray of int
        Book of every ladder of the plan.
    forward_vol_points : dict
        Forward of VIX that a profile of mode bands reads, by profile.
    """

    legs: pd.DataFrame
    readings: pd.DataFrame
    orders: pd.DataFrame
    number_of: np.ndarray
    forward_vol_points: Mapping[LadderProfile, float]


def night_books(chains: pd.DataFrame, plan: Sequence[Ladder], missing: Mapping[str, str],
                volumes_of: VolumesOf) -> Books:  # fmt: skip
    """Choose, size and judge the legs of every distinct ladder.

    Parameters
    ----------
    chains : DataFrame
        `PRICED_QUOTES` of the hedge chains, quarantined strikes included with ``quote_flag`` BAD.
    plan : sequence of Ladder
    missing : mapping of str to str
        Why a chain did not arrive, by symbol.
    volumes_of : callable
        As `alvh_core.volumes.with_average_volume` asks it.
    """
    books = list(dict.fromkeys((ladder.hedge_symbol, ladder.rule, ladder.profile) for ladder in plan))
    numbers = {book: at for at, book in enumerate(books)}
    chosen = [(name, Selection.of(profile, leg_rule)) for name, leg_rule, profile in books]
    wanted = list(dict.fromkeys(chosen))
    place = {selection: at for at, selection in enumerate(wanted)}
    found = with_average_volume(select_legs(chains, wanted), volumes_of)
    at = np.array([place[selection] for selection in chosen])
    legs = found.iloc[(3 * at[:, None] + np.arange(len(LAYERS))).ravel()].reset_index(drop=True)
    forwards = _band_forwards(books, legs)
    legs = with_costs(size_legs(_declared(legs, books, forwards)))
    names = set(chains["underlying"].astype("str").unique())
    lost = {name: missing.get(name, NO_FORWARD if name in names else "no chain") for name, _, _ in books}
    asked = pd.DataFrame({"lost": [lost[name] for name, _, _ in books],
                          "spread_limit_frac": [profile.spread_limit_frac for *_, profile in books],
                          "worst_leg_limit_frac": [profile.worst_leg_frac for *_, profile in books]})  # fmt: skip
    readings = _readings(legs, asked, band_medians(chains, wanted)[at])
    number_of = np.array([numbers[ladder.hedge_symbol, ladder.rule, ladder.profile] for ladder in plan])
    return Books(legs=legs, readings=readings, orders=_orders(legs, asked), number_of=number_of,
                 forward_vol_points=forwards)  # fmt: skip


def _band_forwards(books: Sequence[tuple[str, LegRule, LadderProfile]],
                   legs: pd.DataFrame) -> dict[LadderProfile, float]:  # fmt: skip
    """Return the forward of VIX of the first layer's expiry, which decides the band for every chain."""
    forward = legs["forward_usd"].to_numpy(dtype=np.float64)
    return {profile: float(forward[3 * at]) for at, (name, _, profile) in enumerate(books)
            if profile.mode == "bands" and name == HEDGE_INDEX}  # fmt: skip


def _declared(legs: pd.DataFrame, books: Sequence[tuple[str, LegRule, LadderProfile]],
              forwards: Mapping[LadderProfile, float]) -> pd.DataFrame:  # fmt: skip
    """Lay what the profiles declare beside the legs."""
    profiles = [profile for _, _, profile in books]
    by_premium = [profile.unit_basis == "premium" for profile in profiles]
    no_budget = np.full(len(LAYERS), np.nan)
    weights = [band_weight(forwards.get(p, np.nan), p) if p.mode == "bands" else np.nan for p in profiles]
    budgets = [roll_budgets(p, w) if b else no_budget for p, w, b in zip(profiles, weights, by_premium, strict=True)]
    return legs.assign(
        book_no=np.repeat(np.arange(len(books)), len(LAYERS)),
        option_right=np.repeat([leg_rule.option_right for _, leg_rule, _ in books], len(LAYERS)),
        declared_units=np.concatenate([profile.units for profile in profiles]),
        side=np.concatenate([profile.sides for profile in profiles]),
        share=np.concatenate([layer_shares(profile) for profile in profiles]),
        unit_basis=np.repeat([profile.unit_basis for profile in profiles], len(LAYERS)),
        roll_budget_usd=np.concatenate(budgets),
        hedged_notional_usd=np.repeat([profile.hedged_notional_usd for profile in profiles], len(LAYERS)),
    )


def _readings(legs: pd.DataFrame, asked: pd.DataFrame, medians: np.ndarray) -> pd.DataFrame:
    """Say what the filter says of every book's whole ladder tonight, whatever the trigger does.

    ``asked`` has the limits of every book, and what to say where its chain did not come.
    """
    by_premium = (legs["unit_basis"] == "premium").to_numpy()
    # equal premium: a layer's weight in the sums is its share, so it counts as share / mid contracts
    weight = np.where(by_premium, legs["share"] / legs["mid_usd"].where(legs["mid_usd"] > 0), legs["declared_units"])
    weight = np.where(legs["declared_units"] > 0, np.nan_to_num(weight, nan=1.0), 0.0)
    grouped = legs[legs["declared_units"] > 0].groupby("book_no")
    premium = grouped["premium_usd"]  # a missing leg leaves no sum
    return _judged(legs.assign(units_target=weight), asked).assign(
        **asked[["spread_limit_frac", "worst_leg_limit_frac"]], s_median_frac=medians,
        ladder_premium_usd=premium.sum().where(premium.count() == grouped.size()).reindex(asked.index),
        be_erosion_max_frac=grouped["be_erosion_frac"].max().reindex(asked.index),
    )  # fmt: skip


def _orders(legs: pd.DataFrame, asked: pd.DataFrame) -> pd.DataFrame:
    """Say what the filter says of every set of a book's layers, in the contracts that would be bought."""
    declared, units = (legs[name].to_numpy() for name in ("declared_units", "units_target"))
    # a leg without a contract to buy is missing, not spared; one that its budget does not pay for is spared
    weight = np.where(legs["leg_status"] == "OK", units, np.maximum(units, declared > 0)).reshape(-1, 1, len(LAYERS))
    is_in = (np.arange(SETS_COUNT)[:, None] >> np.arange(len(LAYERS))) & 1
    weights = (weight * is_in).reshape(-1, len(LAYERS))
    rows = np.arange(len(legs)).reshape(-1, len(LAYERS)).repeat(SETS_COUNT, axis=0).ravel()
    read = ["layer_no", "leg_status", "quote_clock", "bid_usd", "ask_usd", "tick_usd"]
    numbers = np.arange(len(weights)).repeat(len(LAYERS))
    each = legs[read].iloc[rows].assign(units_target=weights.ravel(), book_no=numbers)
    found = _judged(each, asked.iloc[asked.index.repeat(SETS_COUNT)].reset_index(drop=True))
    state = found["filter_state"].where((weights > 0).any(axis=1), None)
    parts = _parts(weights > 0, (declared > 0).reshape(-1, len(LAYERS)).repeat(SETS_COUNT, axis=0))
    return pd.DataFrame({
        "s_buy_frac": found["s_ladder_frac"], "buy_filter_state": state, "passes": state == "PASS",
        "reason": found["reason"] + np.where(state.isin(["FAIL_ILLIQUID", "FAIL_TICK"]), parts, ""),
    })  # fmt: skip


def _parts(is_bought: NDArray[np.bool_], is_declared: NDArray[np.bool_]) -> NDArray[Any]:
    """Name the layers that are bought, where they are not the whole ladder."""
    names = np.array([
        ", in layer " + " and ".join(str(layer) for at, layer in enumerate(LAYERS) if number >> at & 1)
        for number in range(SETS_COUNT)
    ], dtype=object)  # fmt: skip
    return np.where((is_bought != is_declared).any(axis=1), names[is_bought @ 2 ** np.arange(len(LAYERS))], "")


def _judged(legs: pd.DataFrame, asked: pd.DataFrame) -> pd.DataFrame:
    """Apply the filter to legs with their weights; quotes after hours are no reading, whatever they say."""
    limits = asked["spread_limit_frac"].to_numpy(), asked["worst_leg_limit_frac"].to_numpy()
    found = ladder_spreads(legs, *limits).reset_index(drop=True)
    counted = legs[legs["units_target"] > 0]
    clock = counted.groupby("book_no")["quote_clock"].first().reindex(asked.index)
    clock = clock.astype("object").where(clock.notna(), None)
    is_late = (found["filter_state"].isin(READINGS) & (clock == "after_hours")).to_numpy()
    reasons = _filter_reasons(found.join(asked), counted)
    reasons[is_late] = "AFTER_HOURS: quotes taken after hours are not tradeable"
    return found.assign(quote_clock=clock.to_numpy(), reason=reasons,
                        filter_state=found["filter_state"].mask(is_late, "BAD_QUOTE"))  # fmt: skip


def _filter_reasons(found: pd.DataFrame, legs: pd.DataFrame) -> np.ndarray:
    """Say why the filter does not pass; empty where it does."""
    bad = legs[legs["leg_status"] != "OK"]
    told = ("layer " + bad["layer_no"].astype("str") + " " + bad["leg_status"].astype("str")).groupby(bad["book_no"])
    broken = told.agg(", ".join).to_dict()
    rows = enumerate(found.itertuples(index=False))
    reasons = [_filter_reason(row, broken.get(number, "")) for number, row in rows]
    return np.array(reasons, dtype=object)


def _filter_reason(row: Any, broken: str) -> str:
    state = row.filter_state
    if state == "PASS":
        return ""
    if state == "NO_DATA":
        return f"NO_DATA: {row.lost}"
    if state in {"MISSING_LEG", "ZERO_BID", "BAD_QUOTE"}:
        return f"{state}: {broken}"
    whole, leg = (f"{100.0 * limit:g}%" for limit in (row.spread_limit_frac, row.worst_leg_limit_frac))
    if state == "FAIL_TICK":
        return f"FAIL_TICK: one tick alone is {row.tick_floor_frac:.1%} of the premium, limit {whole}"
    return (
        f"FAIL_ILLIQUID: spread {row.s_ladder_frac:.2%} of the premium (limit {whole}), "
        f"worst leg {row.s_worst_frac:.2%} (limit {leg})"
    )
