"""The verdict per host and variant: INSUFFICIENT, with every reason, until the evidence rules are met.

The rules are fixed before any result is looked at. Tonight's reading of the filter is another matter and another
column: one night proves nothing. Measures of hedge benefit belong to the evaluation, which does not exist yet.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

import pandas as pd

from alvh_core import frames
from alvh_core.schemas import LADDER_SIGNALS, VERDICTS_TABLE
from alvh_core.signals import without_trigger
from alvh_core.triggers import LADDER
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
    parts = [
        history[LADDER]
        .astype("str")
        .assign(nights_count=usable.astype("int64"), missing_count=(~usable).astype("int64"))
    ]
    if counted is not None and len(counted):
        parts.append(counted[[*LADDER, "nights_count", "missing_count"]].astype(dict.fromkeys(LADDER, "str")))
    sums = pd.concat(parts).groupby(LADDER)[["nights_count", "missing_count"]].sum().reset_index()
    return sums.assign(missing_frac=sums["missing_count"] / (sums["nights_count"] + sums["missing_count"]))


def uncounted(signals: pd.DataFrame, counted: pd.DataFrame) -> bool:
    """Tell whether a ladder of tonight was not there the night before: its history must be counted anew."""
    tonight = pd.MultiIndex.from_frame(signals[LADDER].astype("str"))
    known = counted[counted["missing_count"].notna()]  # an earlier release did not count it
    return not tonight.isin(pd.MultiIndex.from_frame(known[LADDER].astype("str"))).all()


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
    counts = found[["nights_count", "missing_count", "missing_frac"]].itertuples(index=False, name=None)
    of_ladder = dict(zip(found[LADDER].itertuples(index=False, name=None), counts, strict=True))
    rows = []
    tonight: Iterator[Any] = signals.itertuples(index=False)
    for signal in tonight:
        nights, lost, missing = of_ladder[tuple(str(getattr(signal, name)) for name in LADDER)]
        reasons = insufficiency(nights, missing, str(signal.source_mode),
                                scopes.get(str(signal.hedge_symbol), NO_CHAIN), rule)  # fmt: skip
        deployable = bool(signal.filter_state == "PASS" and signal.quote_clock != "after_hours")
        rows.append({
            "trade_date": signal.trade_date, "source_mode": signal.source_mode, "host": signal.host,
            "asset_class": universe[str(signal.host)].asset_class, "variant": signal.variant,
            "hedge_symbol": signal.hedge_symbol, "profile": signal.profile, "verdict": "INSUFFICIENT",
            "tonight": "DEPLOYABLE" if deployable else "BLOCKED", "tonight_reason": _tonight_reason(signal, deployable),
            "nights_count": nights, "missing_count": lost, "reasons": "; ".join(reasons),
        })  # fmt: skip
    return frames.conform(pd.DataFrame(rows), VERDICTS_TABLE) if rows else frames.empty(VERDICTS_TABLE)


def _tonight_reason(signal: Any, deployable: bool) -> str:
    if deployable:
        return f"spread {signal.s_ladder_frac:.2%} of the premium; ladder {signal.action}"
    return without_trigger(str(signal.block_reason))
