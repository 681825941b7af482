"""When a ladder holds, must be adapted, or falls apart: rules that were set before any result was looked at.

Asked only where there is evidence enough; until then the verdict is INSUFFICIENT, in `alvh_core.verdict`. The reference
ladder on SPX is judged by the same rules. Limits are `EvidenceRule`'s. What the filter itself costs is asked where a
twin runs without it, the default profile's: also where the filter itself is why the ladder has no evidence.
"""

from dataclasses import dataclass
from math import isfinite


@dataclass(frozen=True, kw_only=True)
class EvidenceRule:
    """How much evidence a verdict needs, and what it must show.

    Attributes
    ----------
    min_nights : int
        Nights with a reading of the whole ladder, on quotes of a trusted scope.
    min_stress_windows : int
        Stress windows that the nights cover, and that not the filter alone kept the ladder out of.
    max_missing_frac : float
        Share of nights without a reading of the filter, and of readings on quotes that are not trusted. [fraction]
    trusted_scopes : tuple of str
        Quote scopes that may carry a verdict. What earlier nights counted stays: a change of it needs a migration that
        empties ``untrusted_count`` of the verdicts, and all is counted anew.
    max_blocked_frac : float
        Of first armings, stopped by the filter. [fraction]
    min_hit_frac : float
        Of deep losses of the host, in which the ladder earns something. [fraction]
    max_friction_frac : float
        Crossing and fees over what stress paid at mid. [fraction]
    min_acid_test : float
        Contracts that can be had over contracts needed, for the smallest ladder.
    min_pass_frac : float
        Of armed sessions, on which the filter passes. [fraction]
    min_reference_share : float
        Of the reference ladder's benefit per cost. [fraction]
    max_placebo_p : float
        Share of random calendars that may do as well. [fraction]
    """

    min_nights: int = 250
    min_stress_windows: int = 3
    max_missing_frac: float = 0.10
    trusted_scopes: tuple[str, ...] = ("nbbo", "exclusive_listing")
    max_blocked_frac: float = 0.50
    min_hit_frac: float = 0.50
    max_friction_frac: float = 0.50
    min_acid_test: float = 1.0
    min_pass_frac: float = 0.80
    min_reference_share: float = 0.75
    max_placebo_p: float = 0.10


@dataclass(frozen=True, kw_only=True)
class Measured:
    """What is known of a ladder whose evidence suffices; NaN where a measure does not apply.

    Attributes
    ----------
    saved_frac, cost_frac : float
        Shortfall saved, and lost a year. [fraction]
    edge_frac, edge_low_frac, edge_high_frac : float
        Saved beyond holding less of the host, with its interval. [fraction]
    blocked_frac, pass_frac : float
        Of first armings stopped, of armed sessions passed; NaN where nothing was armed, or no filter asked.
    unfiltered_edge_frac : float
        The edge of the same ladder without the filter. [fraction] NaN where no such ladder has evidence enough.
    hit_frac, payoff_usd, friction_frac : float
        As in `EVALUATION`.
    acid_test : float
    placebo_p : float
        NaN for a ladder without a trigger.
    """

    saved_frac: float
    cost_frac: float
    edge_frac: float
    edge_low_frac: float
    edge_high_frac: float
    blocked_frac: float
    pass_frac: float
    unfiltered_edge_frac: float
    hit_frac: float
    payoff_usd: float
    friction_frac: float
    acid_test: float
    placebo_p: float


def failures(found: Measured, rule: EvidenceRule) -> list[str]:
    """Return why a ladder falls apart; empty where it does not.

    Parameters
    ----------
    found : Measured
    rule : EvidenceRule

    Returns
    -------
    list of str
        Nothing is saved beyond holding less; the filter stops most triggers, and nothing is saved without it either;
        basis; friction; capacity. What is not known is no failure.
    """
    told = []
    if found.edge_high_frac <= 0.0:
        told.append(f"NO_EDGE: beyond holding less it saves at most {found.edge_high_frac:.2%}")
    told += blocked_either_way(found.blocked_frac, found.unfiltered_edge_frac, rule)
    if found.hit_frac < rule.min_hit_frac:
        told.append(f"NO_BASIS: it earned something in {found.hit_frac:.0%} of the host's deep losses")
    if found.payoff_usd <= 0.0:
        told.append(f"NO_PAYOFF: in stress it earned {found.payoff_usd:,.0f} USD at mid")
    elif found.friction_frac >= rule.max_friction_frac:
        told.append(f"FRICTION: crossing and fees are {found.friction_frac:.0%} of what stress paid at mid")
    if found.acid_test < rule.min_acid_test:
        told.append(f"NO_CAPACITY: {found.acid_test:.2f} of the smallest ladder can be had")
    return told


def blocked_either_way(blocked_frac: float, unfiltered_edge_frac: float, rule: EvidenceRule) -> list[str]:
    """Return that the filter stops most triggers and nothing is saved without it either; empty where it is not so.

    It is the one failure that shows of a ladder that the filter never let buy: all it asks is of the ladder without.

    Parameters
    ----------
    blocked_frac, unfiltered_edge_frac : float
        As in `Measured`.
    rule : EvidenceRule
    """
    if not (blocked_frac >= rule.max_blocked_frac and unfiltered_edge_frac <= 0.0):
        return []
    told = f"without it {unfiltered_edge_frac:.2%} is saved beyond holding less"
    return [f"BLOCKED_EITHER_WAY: the filter stops {blocked_frac:.0%} of first armings; {told}"]


def shortcomings(found: Measured, reference: Measured | None, rule: EvidenceRule) -> list[str]:
    """Return what keeps a ladder that does not fall apart from holding; empty where it holds.

    Parameters
    ----------
    found : Measured
    reference : Measured, optional
        The same profile's ladder on SPX; None where it is not known: then nothing can be as good.
    rule : EvidenceRule
    """
    told = []
    if not found.edge_low_frac > 0.0:
        told.append(f"EDGE_BY_LUCK: its interval begins at {found.edge_low_frac:.2%}")
    if reference is None:
        told.append("NO_REFERENCE: the SPX ladder has no evidence yet")
    elif not _is_as_good(found, reference, rule.min_reference_share):
        told.append(f"BELOW_REFERENCE: benefit per cost under {rule.min_reference_share:.0%} of the SPX ladder's")
    if found.blocked_frac >= rule.max_blocked_frac:  # no failure: without the filter it saves, or nobody knows
        told.append(f"BLOCKED: the filter stops {found.blocked_frac:.0%} of first armings")
    if found.pass_frac < rule.min_pass_frac:
        told.append(f"SELDOM_PASSES: the filter passes on {found.pass_frac:.0%} of armed sessions")
    if isfinite(found.placebo_p) and found.placebo_p >= rule.max_placebo_p:
        told.append(f"TRIGGER_BY_LUCK: {found.placebo_p:.0%} of random calendars do as well")
    return told


def _is_as_good(found: Measured, reference: Measured, share: float) -> bool:
    """Compare benefit per cost without dividing: what earns is as good as anything that costs."""
    if found.cost_frac <= 0.0 or reference.cost_frac <= 0.0:
        return found.saved_frac > 0.0 and found.cost_frac <= max(reference.cost_frac, 0.0)
    return found.saved_frac * reference.cost_frac >= share * reference.saved_frac * found.cost_frac


def decide(found: Measured, reference: Measured | None, adaptation: str | None,
           rule: EvidenceRule) -> tuple[str, list[str]]:  # fmt: skip
    """Return the verdict of a ladder whose evidence suffices, and why.

    Parameters
    ----------
    found : Measured
    reference : Measured, optional
        As for `shortcomings`.
    adaptation : str, optional
        Another ladder of the host that holds out of sample.
    rule : EvidenceRule

    Returns
    -------
    verdict : {'HOLDS', 'ADAPT', 'FALLS_APART'}
    reasons : list of str
        Of HOLDS one line of numbers.
    """
    failed = failures(found, rule)
    if failed:
        return "FALLS_APART", failed
    short = shortcomings(found, reference, rule)
    if not short:
        return "HOLDS", [f"EDGE: saves {found.edge_frac:.2%} beyond holding less, at least {found.edge_low_frac:.2%}"]
    if adaptation is not None:
        return "ADAPT", [f"ADAPTATION: {adaptation} holds out of sample", *short]
    return "FALLS_APART", [*short, "NO_ADAPTATION: no other ladder of the host holds out of sample"]
