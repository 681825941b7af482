"""The measures of every ladder over all its nights: benefit, basis, stress windows, growth and falls.

What they decide is `alvh_core.evaluation.rules`; what could be luck, `alvh_core.evaluation.luck`.
"""

from collections.abc import Sequence
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from alvh_core.evaluation.paths import Paths
from alvh_core.evaluation.shortfall import MIN_SPANS, SESSIONS, SPAN, benefit
from alvh_core.evaluation.windows import StressWindow

DEEP_SPAN, DEEP_FRAC = 20, -0.10  # a loss that a hedge is bought for
KEPT_OUT = "the filter kept it out"
_OF_LADDER = ["es95_hedged_frac", "hedge_cost_frac", "derisk_saved_frac", "edge_frac", "basis_hit_frac",
              "stress_payoff_usd", "stress_offsets", "cagr_hedged_frac", "drawdown_hedged_frac"]  # fmt: skip
Array = NDArray[np.float64]


def measures(paths: Paths, windows: Sequence[StressWindow], bill_rate: float) -> pd.DataFrame:
    """Return the measures of `EVALUATION`, row by row with the ladders.

    Parameters
    ----------
    paths : Paths
    windows : sequence of StressWindow
    bill_rate : float
        What bills earned over the nights. [fraction a year] NaN leaves what they are compared with empty.

    Returns
    -------
    DataFrame
        Numbers are empty, and ``evaluation_status`` says why, below 63 spans of five sessions; those of the ladder
        also where it never held anything: it cost and saved nothing, and what it would have is not known.
    """
    moves = {fill: benefit(paths.host_moves(SPAN), paths.ladder_moves(SPAN, fill), bill_rate) for fill in paths.gain}
    eff, known = moves["eff"], paths.known
    enough = eff.spans >= MIN_SPANS
    was_held = paths.is_held.any(axis=0)
    status = np.select(
        [~was_held, enough, ~np.isfinite(paths.price).any(axis=0), ~np.isfinite(paths.gain["mid"]).any(axis=0)],
        ["NEVER_HELD", "OK", "NO_CLOSES", "NO_VALUES"], default="TOO_SHORT",
    )  # fmt: skip
    first = np.where(known.any(axis=0), known.argmax(axis=0), 0)
    found: dict[str, Any] = {
        "evaluation_status": status, "valued_nights_count": known.sum(axis=0), "windows5_count": eff.spans,
        "evaluated_from_date": np.where(known.any(axis=0), paths.dates[first], np.datetime64("NaT")),
        "es95_unhedged_frac": eff.unhedged, "es95_hedged_frac": eff.hedged, "hedge_cost_frac": eff.cost,
        **{f"benefit_{fill}_ratio": move.ratio for fill, move in moves.items()},
        "derisk_saved_frac": eff.derisk_saved, "edge_frac": eff.edge,
        **_basis(paths), **_stress(paths, windows),
        **{name: np.where(enough, values, np.nan) for name, values in _growth(paths).items()},
    }  # fmt: skip
    table = pd.DataFrame(found)
    return table.assign(**table[_OF_LADDER].where(pd.Series(was_held), axis=0))


def _basis(paths: Paths) -> dict[str, Any]:
    """Tell how often the ladder earned something while the host lost a tenth.

    A span in which the filter alone kept the ladder out says nothing of the basis; one that no trigger saw does.
    """
    if len(paths.dates) <= DEEP_SPAN:
        return {"deep_losses_count": 0, "basis_hit_frac": np.nan}
    host, ladder = paths.host_moves(DEEP_SPAN), paths.ladder_moves(DEEP_SPAN)
    with np.errstate(invalid="ignore"):
        deep = (host <= DEEP_FRAC) & np.isfinite(ladder) & ~paths.kept_out(slice(-DEEP_SPAN), slice(DEEP_SPAN, None))
        hits = (deep & (ladder > 0.0)).sum(axis=0)
    count = deep.sum(axis=0)
    return {"deep_losses_count": count, "basis_hit_frac": np.where(count > 0, hits / np.maximum(count, 1), np.nan)}


def _stress(paths: Paths, windows: Sequence[StressWindow]) -> dict[str, Any]:
    """Add up what the ladder earned in the windows whose both ends are known, and what crossing cost altogether.

    A window that the filter alone kept the ladder out of says nothing of what it earns in stress, and is not counted.
    """
    columns = paths.price.shape[1]
    count, payoff = np.zeros(columns, dtype=np.int64), np.full(columns, np.nan)
    told: list[list[str]] = [[] for _ in range(columns)]
    for window in windows:
        begin = int(np.searchsorted(paths.dates, np.datetime64(window.first, "D"))) - 1
        end = int(np.searchsorted(paths.dates, np.datetime64(window.last, "D"), side="right")) - 1
        if begin < 0 or end <= begin or paths.dates[-1] < np.datetime64(window.last, "D"):
            continue
        lost = 1.0 - paths.price[end] / paths.price[begin]
        mid, eff = (paths.gain[fill][end] - paths.gain[fill][begin] for fill in ("mid", "eff"))
        covered, is_out = np.isfinite(lost) & np.isfinite(mid), paths.kept_out(begin, end)
        count += covered & ~is_out
        payoff = np.where(covered & ~is_out, np.nan_to_num(payoff) + mid, payoff)
        for at in np.flatnonzero(covered):
            offset = f"{eff[at] / lost[at]:.1%} of {lost[at]:.1%} lost" if lost[at] > 0.0 else "host lost nothing"
            told[at].append(f"{window.first} to {window.last}: {KEPT_OUT if is_out[at] else offset}")
    friction = _last(paths.gain["mid"] - paths.gain["eff"])
    with np.errstate(invalid="ignore", divide="ignore"):
        share = np.where(payoff > 0.0, friction / payoff, np.nan)
    return {
        "stress_windows_count": count, "friction_share_frac": share, "stress_payoff_usd": payoff * paths.notional_usd,
        "stress_offsets": ["; ".join(each) or None for each in told],
    }  # fmt: skip


def _growth(paths: Paths) -> dict[str, Array]:
    """Return yearly growth and the deepest fall, of the host alone and with the ladder on the notional."""
    known = paths.known
    first, last = known.argmax(axis=0), len(known) - 1 - known[::-1].argmax(axis=0)
    at = np.arange(known.shape[1])
    alone = paths.price / paths.price[first, at]
    hedged = alone + paths.gain["eff"] - paths.gain["eff"][first, at]
    years = np.maximum(last - first, 1) / SESSIONS
    found = {}
    for name, worth in (("unhedged", alone), ("hedged", hedged)):
        path = np.where(known, worth, np.nan)
        high = np.fmax.accumulate(path, axis=0)
        fall = np.where(known, path / high - 1.0, 0.0)
        end = path[last, at]
        found[f"cagr_{name}_frac"] = np.where(end > 0.0, np.maximum(end, 0.0) ** (1.0 / years) - 1.0, -1.0)
        found[f"drawdown_{name}_frac"] = fall.min(axis=0)
    return found


def _last(values: Array) -> Array:
    """Return the last known value of each column, NaN where none is."""
    known = np.isfinite(values)
    last = len(values) - 1 - known[::-1].argmax(axis=0)
    return np.asarray(np.where(known.any(axis=0), values[last, np.arange(values.shape[1])], np.nan))
