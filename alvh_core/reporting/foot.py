"""The foot of the page: the rules the night was judged by, what the terms mean, where the data came from."""

from collections.abc import Mapping

import pandas as pd

from alvh_core.columns import COLUMNS
from alvh_core.evaluation.rules import EvidenceRule
from alvh_core.params import LadderProfile, SpreadRule
from alvh_core.reporting.model import Foot
from alvh_core.reporting.side_by_side import armed_by, units_of
from alvh_core.reporting.texts import DASH, count, day, limit, new_york, number, tally
from alvh_core.schemas import META_PAYLOADS, RATE_CURVE, SNAPSHOTS, SPREAD_SCORES

_TERMS = (
    ("Spread", "spread_frac"), ("Spread of the premium", "s_ladder_frac"), ("Worst leg", "s_worst_frac"),
    ("Simple mean", "s_simple_frac"), ("Median of the band", "s_median_frac"), ("Tick floor", "tick_floor_frac"),
    ("Forward", "forward_usd"), ("Delta", "delta_fwd"), ("IV", "iv_vol"), ("Time value", "extrinsic_usd"),
    ("Break-even", "break_even_usd"), ("Erosion", "be_erosion_frac"), ("Premium", "ladder_premium_usd"),
    ("Score", "score"), ("Two-sided", "two_sided_frac"), ("Coverage", "coverage_frac"), ("iv30", "iv30_vol"),
    ("hv20", "hv20_vol"), ("Quote clock", "quote_clock"), ("Tonight", "tonight"), ("Verdict", "verdict"),
)  # fmt: skip
_VARIANTS = (
    ("V0 reference", "VIX calls, host SPX: the article's own ladder"),
    ("V1 same hedge", "the same VIX calls for another host; only the basis differs"),
    ("V2 wrapper", "calls on a volatility product instead of VIX"),
    ("V3 native", "out-of-the-money puts in the host's own chain; no VIX at all"),
)


def foot(tables: Mapping[str, pd.DataFrame], profile: LadderProfile, rule: SpreadRule, evidence: EvidenceRule,
         ledger: Mapping[str, object]) -> Foot:  # fmt: skip
    """Return rules, glossary and provenance.

    Parameters
    ----------
    tables : mapping of str to DataFrame
    profile : LadderProfile
    rule : SpreadRule
    evidence : EvidenceRule
    ledger : mapping
        Row of `META_NIGHTS`, as far as known.

    Returns
    -------
    Foot
    """
    terms = tuple((label, COLUMNS[name].description, name) for label, name in _TERMS)
    return Foot(rules=_rules(profile, rule, evidence), glossary=(*((a, b, "") for a, b in _VARIANTS), *terms),
                provenance=_provenance(tables, profile, ledger))  # fmt: skip


def _rules(profile: LadderProfile, rule: SpreadRule, evidence: EvidenceRule) -> tuple[str, ...]:
    tenors = " / ".join(f"{t} ± {e}" for t, e in zip(profile.tenors_days, profile.tolerances_days, strict=True))
    ours, worst = limit(rule.limit_frac), limit(rule.worst_leg_frac)
    gaps, scopes = limit(evidence.max_missing_frac), ", ".join(evidence.trusted_scopes)
    spread = (
        f"Filter: deploy only while the premium-weighted spread of what would be bought tonight is below {ours} of the "
        f"mid premium, no leg of it reaches {worst}, and none is missing. Below means below: exactly {ours} fails."
    )
    contracts = (
        f"Tenors {tenors} calendar days; calls at delta {number(profile.target_delta)}, native puts at "
        f"{number(profile.native_put_delta)}, forward delta, at most {number(profile.max_delta_error)} away."
    )
    verdict = (
        f"Verdict: INSUFFICIENT until {evidence.min_nights} nights with a reading of the whole ladder, "
        f"{evidence.min_stress_windows} stress windows, a host that lost a tenth once and at most {gaps} gaps, "
        f"on quotes of a trusted scope ({scopes})."
    )
    return spread, f"Units {units_of(profile)}, armed by: {armed_by(profile)}.", contracts, verdict


def _provenance(tables: Mapping[str, pd.DataFrame], profile: LadderProfile,
                ledger: Mapping[str, object]) -> tuple[tuple[str, str], ...]:  # fmt: skip
    payloads, curve, scores = tables[META_PAYLOADS.name], tables[RATE_CURVE.name], tables[SPREAD_SCORES.name]
    landed = payloads[payloads["payload_outcome"] == "LANDED"]
    fetched = landed["fetched_at_utc"].dropna()
    entries = [
        ("Payloads", f"{len(landed):,} of {len(payloads):,} landed, {count(landed['bytes_count'].sum())} bytes"),
        ("Fetched (New York)", f"{new_york(fetched.min())} to {new_york(fetched.max())}" if len(fetched) else DASH),
        ("Whose quotes", tally(tables[SNAPSHOTS.name]["venue_scope"]) if len(tables[SNAPSHOTS.name]) else DASH),
        ("Rates", f"Treasury par curve of {day(curve['curve_date'].max())}" if len(curve) else DASH),
        ("Ladder profile", f"{profile.name}, version {profile.version}: {profile.source}"),
        ("Score version", tally(scores["score_version"]) if len(scores) else DASH),
    ]  # fmt: skip
    labels = {"universe": "Universe", "code_version": "Code version", "rules_hash": "Rules", "run_id": "Run"}
    entries += [(label, str(ledger[name])) for name, label in labels.items() if ledger.get(name)]
    return tuple(entries)
