"""The verdict per host and variant: INSUFFICIENT, with every reason, until the evidence rules are met.

The rules are fixed before any result is looked at. Tonight's reading of the filter is another matter and another
column: one night proves nothing. Measures of hedge benefit belong to the evaluation, which does not exist yet.
"""

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import pandas as pd

from alvh_core import frames
from alvh_core.keys import rows_of
from alvh_core.schemas import LADDER_SIGNALS, VERDICTS_TABLE
from alvh_core.signals import without_trigger
from alvh_core.triggers import LADDER, ladder_keys
from alvh_core.universe import Asset

NO_CHAIN = "no chain tonight"


@dataclass(frozen=True, kw_only=True)
class EvidenceRule:
    """How much evidence a verdict needs.

    Attributes
    ----------
    min_nights : int
        Nights with quotes taken in session or at the close.
    min_stress_windows : int
        Declared stress windows that the nights cover.
    max_missing_frac : float
        Share of nights without a reading of the filter. [fraction]
    trusted_scopes : tuple of str
        Quote scopes that may carry a verdict.
    """

    min_nights: int = 250
    min_stress_windows: int = 3
    max_missing_frac: float = 0.10
    trusted_scopes: tuple[str, ...] = ("nbbo", "exclusive_listing")


def evidence(history: pd.DataFrame, counted: pd.DataFrame | None = None) -> pd.DataFrame:
    """Count the nights behind each ladder.

    Parameters
    ----------
    history : DataFrame
        `LADDER_SIGNALS` of nights of one source mode.
    counted : DataFrame, optional
        `VERDICTS_TABLE` of the night before those: what it counted is not counted again.

    Returns
    -------
    DataFrame
        `LADDER`, ``nights_count`` (nights with a usable reading), ``missing_count`` and ``missing_frac`` (without).
    """
    usable = history["filter_state"].ne("NO_DATA") & history["quote_clock"].isin(["in_session", "at_close"])
    keys = ladder_keys(history)
    parts = [pd.DataFrame({"nights_count": usable, "missing_count": ~usable}).astype("int64")]
    if counted is not None and len(counted):
        keys += ladder_keys(counted)
        parts.append(counted[["nights_count", "missing_count"]])
    ladders = sorted(set(keys))
    sums = pd.concat(parts).groupby(rows_of(keys, ladders)).sum()
    missing_frac = sums["missing_count"] / (sums["nights_count"] + sums["missing_count"])
    return pd.DataFrame(ladders, columns=LADDER).assign(**sums, missing_frac=missing_frac)


def uncounted(signals: pd.DataFrame, counted: pd.DataFrame) -> bool:
    """Tell whether a ladder of tonight was not there the night before: its history must be counted anew."""
    known = counted[counted["missing_count"].notna()]  # an earlier release did not count it
    return not set(ladder_keys(signals)) <= set(ladder_keys(known))


def insufficiency(
    nights_count: int, missing_frac: float, source_mode: str, venue_scope: str, rule: EvidenceRule
) -> list[str]:
    """List everything that keeps the evidence from carrying a verdict; empty means enough.

    Parameters
    ----------
    nights_count, missing_frac : int, float
        From `evidence`.
    source_mode, venue_scope : str
    rule : EvidenceRule

    Returns
    -------
    list of str
    """
    reasons = []
    if source_mode == "simulated":
        reasons.append("SIMULATED: simulated quotes are never evidence about the market")
    if nights_count < rule.min_nights:
        reasons.append(f"TOO_FEW_NIGHTS: {nights_count} of {rule.min_nights} nights with tradeable quotes")
    if missing_frac > rule.max_missing_frac:
        reasons.append(
            f"TOO_MANY_GAPS: {missing_frac:.0%} of nights without a reading, limit {rule.max_missing_frac:.0%}"
        )
    if venue_scope not in rule.trusted_scopes:
        reasons.append(f"QUOTE_SCOPE: {venue_scope} is not known to be the national best bid and offer")
    reasons.append(f"NO_EVALUATION: hedge benefit over {rule.min_stress_windows} stress windows not measured yet")
    return reasons


def judge(signals: pd.DataFrame, history: pd.DataFrame, universe: Mapping[str, Asset], scopes: Mapping[str, str],
          rule: EvidenceRule, counted: pd.DataFrame | None = None) -> pd.DataFrame:  # fmt: skip
    """Give the verdict of every ladder.

    Parameters
    ----------
    signals : DataFrame
        Tonight's `LADDER_SIGNALS`.
    history : DataFrame
        `LADDER_SIGNALS` of earlier nights of the same source mode, as far as ``counted`` does not cover them.
    universe : mapping of str to Asset
    scopes : mapping of str to str
        Whose best quotes tonight's are, by the symbol of the chain.
    rule : EvidenceRule
    counted : DataFrame, optional
        `VERDICTS_TABLE` of the night before; see `evidence`.

    Returns
    -------
    DataFrame
        `VERDICTS_TABLE`. A ladder that slept the night before is counted by ``history`` alone.
    """
    found = evidence(frames.concat([history, signals], LADDER_SIGNALS), counted)
    counts = found.take(rows_of(ladder_keys(signals), ladder_keys(found)))
    about = signals[["source_mode", "hedge_symbol"]].astype("object")
    behind = zip(counts["nights_count"], counts["missing_frac"], about["source_mode"], about["hedge_symbol"],
                 strict=True)  # fmt: skip
    deployable = (signals["filter_state"] == "PASS") & (signals["quote_clock"] != "after_hours")
    return frames.conform(signals.assign(
        asset_class=signals["host"].astype("str").map({name: asset.asset_class for name, asset in universe.items()}),
        verdict="INSUFFICIENT", tonight=np.where(deployable, "DEPLOYABLE", "BLOCKED"),
        tonight_reason=_tonight_reasons(signals, deployable),
        nights_count=counts["nights_count"].to_numpy(), missing_count=counts["missing_count"].to_numpy(),
        reasons=["; ".join(insufficiency(nights, missing, mode, scopes.get(symbol, NO_CHAIN), rule))
                 for nights, missing, mode, symbol in behind],
    ), VERDICTS_TABLE)  # fmt: skip


def _tonight_reasons(signals: pd.DataFrame, deployable: pd.Series) -> list[str]:
    told = zip(deployable, signals["s_ladder_frac"], signals["action"], signals["block_reason"], strict=True)
    return [f"spread {spread:.2%} of the premium; ladder {action}" if is_on else without_trigger(str(reason))
            for is_on, spread, action, reason in told]  # fmt: skip
