"""The rules put to the ladders whose evidence suffices, with what only a verdict needs: intervals and placebos.

Chance is drawn here and nowhere else, for one ladder at a time; without evidence nothing is drawn.
"""

from collections.abc import Collection, Mapping
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from alvh_core.evaluation.luck import edge_interval, placebo_p_value
from alvh_core.evaluation.paths import Paths
from alvh_core.evaluation.rules import EvidenceRule, Measured, blocked_either_way, decide, failures, shortcomings
from alvh_core.evaluation.shortfall import SPAN, benefit
from alvh_core.profiles import DEFAULT_PROFILE, UNFILTERED_TWIN
from alvh_core.triggers import LADDER, ladder_keys

ALWAYS_TWIN, REFERENCE = "tenor_442", "V0_REF"  # the profile that is always on
Key = tuple[Any, ...]


@dataclass(frozen=True, eq=False)
class Evaluation:
    """All ladders of the night, side by side.

    Attributes
    ----------
    ladders : DataFrame
        `LADDER`.
    paths : Paths
    table : DataFrame
        From `alvh_core.evaluation.measures.measures`, row by row.
    standing : DataFrame
        ``pass_rate_deploy_frac``, ``filter_blocks_trigger_frac`` and ``acid_test_ratio``, row by row.
    has_trigger : ndarray of bool
    bill_rate : float
        [fraction a year]
    """

    ladders: pd.DataFrame
    paths: Paths
    table: pd.DataFrame
    standing: pd.DataFrame
    has_trigger: NDArray[np.bool_]
    bill_rate: float

    @cached_property
    def _places(self) -> dict[Key, int]:
        return {key: at for at, key in enumerate(ladder_keys(self.ladders))}

    def place(self, at: int, **other: str) -> int | None:
        """Return the ladder that differs from another one by some keys only."""
        mine = dict(zip(LADDER, self.ladders.iloc[at][LADDER], strict=True)) | other
        return self._places.get(tuple(mine[name] for name in LADDER))

    def late_half(self) -> "Evaluation":
        """Return the same ladders on the second half of the sessions; what is not of spans stays of all of them."""
        paths = self.paths.only(np.arange(len(self.ladders)), slice(len(self.paths.dates) // 2, None))
        found = benefit(paths.host_moves(SPAN), paths.ladder_moves(SPAN), self.bill_rate)
        table = self.table.assign(es95_unhedged_frac=found.unhedged, es95_hedged_frac=found.hedged,
                                  hedge_cost_frac=found.cost, edge_frac=found.edge)  # fmt: skip
        return replace(self, paths=paths, table=table)


@dataclass(frozen=True, eq=False)
class Ruling:
    """What is decided, by place of the ladder; nothing of those on which the evidence says nothing.

    Attributes
    ----------
    verdicts : mapping of int to (str, list of str)
        Verdict and reasons.
    measured : mapping of int to Measured
        Of those whose evidence suffices.
    """

    verdicts: Mapping[int, tuple[str, list[str]]]
    measured: Mapping[int, Measured]


def rule_on(evaluation: Evaluation, suffices: NDArray[np.bool_], lacks_purchases: NDArray[np.bool_],
            rule: EvidenceRule) -> Ruling:  # fmt: skip
    """Decide every ladder whose evidence suffices, and those that fall apart whether or not the filter lets them buy.

    Parameters
    ----------
    evaluation : Evaluation
    suffices : ndarray of bool of shape (n_ladders,)
    lacks_purchases : ndarray of bool of shape (n_ladders,)
        The evidence would suffice, had the ladder bought in time.
    rule : EvidenceRule

    Returns
    -------
    Ruling
    """
    places = [int(at) for at in np.flatnonzero(suffices)]
    if not places:
        return Ruling(verdicts={}, measured={})
    found = {at: measured(evaluation, at, places) for at in places}
    other = _Adaptations(evaluation, places, rule)
    verdicts = {}
    for at, mine in found.items():
        reference = found.get(_reference(evaluation, at))
        needs = not failures(mine, rule) and bool(shortcomings(mine, reference, rule))
        verdicts[at] = decide(mine, reference, other.of(at) if needs else None, rule)
    blocked = evaluation.standing["filter_blocks_trigger_frac"].to_numpy()
    for at in map(int, np.flatnonzero(lacks_purchases & (blocked >= rule.max_blocked_frac))):
        failed = blocked_either_way(float(blocked[at]), _unfiltered_edge(evaluation, at, places), rule)
        if failed:
            verdicts[at] = "FALLS_APART", failed
    return Ruling(verdicts=verdicts, measured=found)


def measured(evaluation: Evaluation, at: int, places: Collection[int]) -> Measured:
    """Return what the rules ask of one ladder, with interval and placebo; its twins must have evidence too."""
    row, standing, path = evaluation.table.iloc[at], evaluation.standing.iloc[at], evaluation.paths.only(np.array([at]))
    low, high = edge_interval(path, evaluation.bill_rate)
    always, placebo = evaluation.place(at, profile=ALWAYS_TWIN), float("nan")
    if evaluation.has_trigger[at] and always is not None and low > 0.0:
        placebo = placebo_p_value(path, evaluation.paths.only(np.array([always])), evaluation.bill_rate)
    return Measured(
        saved_frac=row["es95_unhedged_frac"] - row["es95_hedged_frac"], cost_frac=row["hedge_cost_frac"],
        edge_frac=row["edge_frac"], edge_low_frac=low, edge_high_frac=high,
        blocked_frac=standing["filter_blocks_trigger_frac"], pass_frac=standing["pass_rate_deploy_frac"],
        unfiltered_edge_frac=_unfiltered_edge(evaluation, at, places),
        hit_frac=row["basis_hit_frac"], payoff_usd=row["stress_payoff_usd"], friction_frac=row["friction_share_frac"],
        acid_test=standing["acid_test_ratio"], placebo_p=placebo,
    )  # fmt: skip


def _unfiltered_edge(evaluation: Evaluation, at: int, places: Collection[int]) -> float:
    """Return the edge of a default ladder's twin; NaN of other ladders, and where the twin has no evidence."""
    twin = evaluation.place(at, profile=UNFILTERED_TWIN)
    if evaluation.ladders["profile"].iloc[at] != DEFAULT_PROFILE or twin is None or twin not in places:
        return float("nan")
    return float(evaluation.table["edge_frac"].iloc[twin])


def _reference(evaluation: Evaluation, at: int) -> int:
    """Return the place of the same profile's ladder on SPX, -1 where there is none."""
    same = evaluation.ladders["profile"] == evaluation.ladders["profile"].iloc[at]
    found = np.flatnonzero(same & (evaluation.ladders["variant"] == REFERENCE))
    return int(found[0]) if len(found) else -1


class _Adaptations:
    """Other ladders of a host: the best of the first half of the sessions, if it holds on the second alone.

    A control is none of them: a ladder that buys at any spread is there to be compared with, not to be had.
    """

    def __init__(self, evaluation: Evaluation, places: list[int], rule: EvidenceRule) -> None:
        self._late, self._rule, self._places = evaluation.late_half(), rule, places
        self._is_control = (evaluation.ladders["profile"] == UNFILTERED_TWIN).to_numpy()
        half = evaluation.paths.only(np.arange(len(evaluation.ladders)), slice(0, len(evaluation.paths.dates) // 2 + 1))
        self._early_edge = benefit(half.host_moves(SPAN), half.ladder_moves(SPAN), evaluation.bill_rate).edge
        self._tried: dict[int, bool] = {}

    def of(self, at: int) -> str | None:
        """Name the ladder that a host should have instead; None where none holds."""
        ladders = self._late.ladders
        host = ladders["host"].iloc[at]
        others = [place for place in self._places if place != at and ladders["host"].iloc[place] == host]
        known = [place for place in others if np.isfinite(self._early_edge[place]) and not self._is_control[place]]
        if not known:
            return None
        best = max(known, key=lambda place: float(self._early_edge[place]))
        if best not in self._tried:
            self._tried[best] = self._holds(best)
        row = ladders.iloc[best]
        return f"{row['profile']} as {row['variant']} in {row['hedge_symbol']}" if self._tried[best] else None

    def _holds(self, at: int) -> bool:
        reference = _reference(self._late, at)
        beside = measured(self._late, reference, self._places) if reference in self._places else None
        mine = measured(self._late, at, self._places)
        return not failures(mine, self._rule) and not shortcomings(mine, beside, self._rule)
