"""The verdict per host and variant: INSUFFICIENT, with every reason, until there is evidence; then by the rules.

What evidence is stands here; what it must show, in `alvh_core.evaluation.rules`. Both are fixed before any result is
looked at. Tonight's reading of the filter is another matter and another column: one night proves nothing.
"""

from collections.abc import Mapping

import numpy as np
import pandas as pd

from alvh_core import frames
from alvh_core.evaluation.rules import EvidenceRule
from alvh_core.evaluation.ruling import Evaluation, rule_on
from alvh_core.evaluation.shortfall import MIN_SPANS
from alvh_core.keys import rows_of
from alvh_core.readings import decided, is_reading
from alvh_core.registry.evaluation import EVALUATION
from alvh_core.schemas import LADDER_SIGNALS, SNAPSHOTS, VERDICTS_TABLE
from alvh_core.signals import without_trigger
from alvh_core.triggers import LADDER, ladder_keys
from alvh_core.universe import Asset

NO_CHAIN = "no chain"
SCOPES = SNAPSHOTS.only(("trade_date", "underlying", "venue_scope"))
_COUNTS = ["nights_count", "missing_count", "untrusted_count"]
_UNMEASURED = {
    "TOO_SHORT": f"fewer than {MIN_SPANS} spans of five sessions with a value at both ends",
    "NEVER_HELD": "nothing was ever held: no layer armed, or the filter let none be bought",
    "NO_CLOSES": "closes of the host are not known",
    "NO_VALUES": "something held had no mark on any night",
}
_UNBOUGHT = ("NEVER_HELD:", "NO_DEEP_LOSS:", "TOO_FEW_STRESS_WINDOWS:")  # the filter may be why
_DRAWN = ["edge_low_frac", "edge_high_frac", "placebo_p_value"]


def evidence(history: pd.DataFrame, scopes: pd.DataFrame, rule: EvidenceRule,
             counted: pd.DataFrame | None = None) -> pd.DataFrame:  # fmt: skip
    """Count the nights behind each ladder.

    Parameters
    ----------
    history : DataFrame
        `LADDER_SIGNALS` of nights of one source mode.
    scopes : DataFrame
        `SCOPES` of the same nights.
    rule : EvidenceRule
    counted : DataFrame, optional
        `VERDICTS_TABLE` of the night before those: what it counted is not counted again.

    Returns
    -------
    DataFrame
        `LADDER`, ``nights_count`` (nights with a reading of the whole ladder), ``untrusted_count`` (of them on quotes
        of a scope that may carry no verdict), ``missing_count`` and ``missing_frac`` (without a reading).
    """
    usable = is_reading(history)
    keys = ladder_keys(history)
    trusted = scopes.loc[scopes["venue_scope"].isin(rule.trusted_scopes), ["trade_date", "underlying"]]
    bought_in = history[["trade_date", "hedge_symbol"]].astype({"hedge_symbol": "str"})
    known = pd.MultiIndex.from_frame(trusted.astype({"underlying": "str"}))
    is_trusted = pd.MultiIndex.from_frame(bought_in).isin(known)
    parts = [pd.DataFrame(dict(zip(_COUNTS, (usable, ~usable, usable & ~is_trusted), strict=True))).astype("int64")]
    if counted is not None and len(counted):
        keys += ladder_keys(counted)
        parts.append(counted[_COUNTS])
    ladders = sorted(set(keys))
    sums = pd.concat(parts).groupby(rows_of(keys, ladders)).sum()
    missing_frac = sums["missing_count"] / (sums["nights_count"] + sums["missing_count"])
    return pd.DataFrame(ladders, columns=LADDER).assign(**sums, missing_frac=missing_frac)


def uncounted(signals: pd.DataFrame, counted: pd.DataFrame) -> bool:
    """Tell whether a ladder of tonight was not there the night before: its history must be counted anew."""
    known = counted[counted["untrusted_count"].notna()]  # an earlier release did not count it
    return not set(ladder_keys(signals)) <= set(ladder_keys(known))


def insufficiency(nights_count: int, untrusted_count: int, missing_frac: float, source_mode: str, venue_scope: str,
                  rule: EvidenceRule, *, measured: str, stress_windows_count: int,
                  deep_losses_count: int) -> list[str]:  # fmt: skip
    """List everything that keeps the evidence from carrying a verdict; empty means enough.

    Parameters
    ----------
    nights_count, untrusted_count, missing_frac : int, int, float
        From `evidence`.
    source_mode, venue_scope : str
        The scope is tonight's, and only told: a verdict rests on all nights, tonight is one of them.
    rule : EvidenceRule
    measured : str
        ``evaluation_status`` of the ladder.
    stress_windows_count, deep_losses_count : int
        Of its `EVALUATION`.

    Returns
    -------
    list of str
    """
    reasons = []
    if source_mode == "simulated":
        reasons.append("SIMULATED: simulated quotes are never evidence about the market")
    trusted_count = nights_count - untrusted_count
    if trusted_count < rule.min_nights:
        more = " on quotes of a trusted scope" if untrusted_count else ""
        reasons.append(f"TOO_FEW_NIGHTS: {trusted_count} of {rule.min_nights} nights with a reading of the whole "
                       f"ladder{more}")  # fmt: skip
    if missing_frac > rule.max_missing_frac:
        reasons.append(
            f"TOO_MANY_GAPS: {missing_frac:.0%} of nights without a reading, limit {rule.max_missing_frac:.0%}"
        )
    if untrusted_count > rule.max_missing_frac * nights_count:
        reasons.append(f"QUOTE_SCOPE: {untrusted_count} of {nights_count} nights on quotes not known to be the "
                       f"national best bid and offer (tonight: {venue_scope})")  # fmt: skip
    if stress_windows_count < rule.min_stress_windows:
        reasons.append(f"TOO_FEW_STRESS_WINDOWS: {stress_windows_count} of {rule.min_stress_windows} that these nights "
                       "cover and the filter let the ladder into")  # fmt: skip
    if measured != "OK":
        reasons.append(f"{measured}: {_UNMEASURED[measured]}")
    elif deep_losses_count == 0:
        reasons.append("NO_DEEP_LOSS: the host has not lost a tenth within 20 sessions that the filter let the ladder "
                       "into, so its basis is not known")  # fmt: skip
    return reasons


def judge(signals: pd.DataFrame, history: pd.DataFrame, universe: Mapping[str, Asset], scopes: pd.DataFrame,
          rule: EvidenceRule, evaluation: Evaluation,
          counted: pd.DataFrame | None = None) -> tuple[pd.DataFrame, pd.DataFrame]:  # fmt: skip
    """Give the verdict of every ladder.

    Parameters
    ----------
    signals : DataFrame
        Tonight's `LADDER_SIGNALS`.
    history : DataFrame
        `LADDER_SIGNALS` of earlier nights of the same source mode, as far as ``counted`` does not cover them.
    universe : mapping of str to Asset
    scopes : DataFrame
        `SCOPES` of tonight, and of the nights of ``history``.
    rule : EvidenceRule
    evaluation : Evaluation
        Row by row with the signals.
    counted : DataFrame, optional
        `VERDICTS_TABLE` of the night before; see `evidence`.

    Returns
    -------
    verdicts : DataFrame
        `VERDICTS_TABLE`. A ladder that slept the night before is counted by ``history`` alone.
    measures : DataFrame
        `EVALUATION`, with what was drawn for those that were ruled on.
    """
    found = evidence(frames.concat([history, signals], LADDER_SIGNALS), scopes, rule, counted)
    counts = found.take(rows_of(ladder_keys(signals), ladder_keys(found)))
    about, measures = signals[["source_mode", "hedge_symbol"]].astype("object"), evaluation.table
    tonight = scopes[scopes["trade_date"].isin(signals["trade_date"])]
    scope_of = dict(zip(tonight["underlying"].astype("str"), tonight["venue_scope"].astype("str"), strict=True))
    behind = zip(counts["nights_count"], counts["untrusted_count"], counts["missing_frac"], about["source_mode"],
                 about["hedge_symbol"], measures["evaluation_status"], measures["stress_windows_count"],
                 measures["deep_losses_count"], strict=True)  # fmt: skip
    lacking = [
        insufficiency(nights, untrusted, missing, mode, scope_of.get(symbol, NO_CHAIN), rule, measured=status,
                      stress_windows_count=windows, deep_losses_count=deep)
        for nights, untrusted, missing, mode, symbol, status, windows, deep in behind
    ]  # fmt: skip
    suffices = np.array([not reasons for reasons in lacking], dtype=bool)
    unbought = np.array([all(told.startswith(_UNBOUGHT) for told in reasons) for reasons in lacking], dtype=bool)
    ruling = rule_on(evaluation, suffices, unbought & ~suffices, rule)
    said = [ruling.verdicts.get(at, ("INSUFFICIENT", reasons)) for at, reasons in enumerate(lacking)]
    told = decided(signals)
    deployable = is_reading(told) & (told["filter_state"] == "PASS")
    verdicts = signals.assign(
        asset_class=signals["host"].astype("str").map({name: asset.asset_class for name, asset in universe.items()}),
        verdict=[verdict for verdict, _ in said], tonight=np.where(deployable, "DEPLOYABLE", "BLOCKED"),
        tonight_reason=_tonight_reasons(told, deployable),
        **{name: counts[name].to_numpy() for name in _COUNTS}, reasons=["; ".join(reasons) for _, reasons in said],
    )  # fmt: skip
    drawn = pd.DataFrame(
        [[ruling.measured[at].edge_low_frac, ruling.measured[at].edge_high_frac, ruling.measured[at].placebo_p]
         if at in ruling.measured else [np.nan] * len(_DRAWN) for at in range(len(signals))], columns=_DRAWN,
    )  # fmt: skip
    night = signals[["trade_date", "source_mode", *LADDER]].reset_index(drop=True)
    return frames.conform(verdicts, VERDICTS_TABLE), frames.conform(
        pd.concat([night, measures, drawn], axis=1), EVALUATION
    )


def _tonight_reasons(signals: pd.DataFrame, deployable: pd.Series) -> list[str]:
    told = zip(deployable, signals["s_ladder_frac"], signals["action"], signals["block_reason"], strict=True)
    # the filter passes, and still the book may not buy: not armed, held back, or no contract for the budget
    return ["; ".join([f"spread {spread:.2%} of the premium", f"ladder {action}", *([str(reason)] if reason else [])])
            if is_on else without_trigger(str(reason)) for is_on, spread, action, reason in told]  # fmt: skip
