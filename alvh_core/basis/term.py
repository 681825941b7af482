r"""How far a VIX future of some tenor moves when spot VIX moves by one point.

.. math:: \Delta F_\tau = \alpha + \beta_\tau\, \Delta \mathrm{VIX} + u

over the moves that each of the last 252 nights knew. Futures settle a quarter of an hour before VIX closes, which draws
the slopes towards zero. What a ladder is worth after a shock is `alvh_core.costs.scenario`.
"""

from collections.abc import Mapping
from types import MappingProxyType
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike, NDArray

from alvh_core import frames
from alvh_core.basis.betas import slopes
from alvh_core.basis.closes import Closes
from alvh_core.registry.basis import TERM

# VIX futures 2022-2026: means of UX1 and UX2, UX4, and UX7 and UX8.
DECLARED_BETAS: Mapping[int, float] = MappingProxyType({30: 0.53, 110: 0.27, 220: 0.17})
# The same contracts, by time to settlement; what is about to settle moves with the index itself.
_NEAR_DAYS: Mapping[int, tuple[int, int]] = MappingProxyType({30: (8, 60), 110: (85, 145), 220: (175, 265)})
MIN_NOBS = 120


def tenor_beta(days: ArrayLike, betas: Mapping[int, float] = DECLARED_BETAS) -> NDArray[np.float64]:
    """Return the move of a VIX forward for one point of spot VIX.

    Parameters
    ----------
    days : array_like
        Time to settlement. [calendar days]
    betas : mapping of int to float
        Beta by tenor.

    Returns
    -------
    ndarray
        Linear between the tenors, flat beyond them; never rising with tenor. NaN days give NaN.

    Examples
    --------
    >>> tenor_beta([10, 30, 70, 220, 400]).tolist()
    [0.53, 0.53, 0.4, 0.17, 0.17]
    """
    tenors = np.array(sorted(betas), dtype=np.float64)
    values = np.minimum.accumulate([betas[int(tenor)] for tenor in tenors])
    asked = np.asarray(days, dtype=np.float64)
    return np.asarray(np.where(np.isnan(asked), np.nan, np.interp(asked, tenors, values)))


def night_term(settlements: pd.DataFrame, closes: Closes, earlier: pd.DataFrame, trade_date: pd.Timestamp,
               source_mode: str) -> pd.DataFrame:  # fmt: skip
    """Return `TERM` of the night.

    Parameters
    ----------
    settlements : DataFrame
        `VX_SETTLEMENTS` as known on the night.
    closes : Closes
    earlier : DataFrame
        `TERM` of the nights before, whose moves the slopes are measured on together with tonight's.
    trade_date : Timestamp
    source_mode : str

    Returns
    -------
    DataFrame
        One row per declared tenor. The measured curve is used whole or not at all: 120 sessions at every tenor, and
        none that falls when VIX rises.
    """
    rows = pd.DataFrame({"beta_tenor_days": list(DECLARED_BETAS)}).assign(**_moves(settlements, closes))
    known = pd.concat([earlier.sort_values("trade_date")[list(rows)], rows]).dropna(subset="move_date")
    known = known.drop_duplicates(["beta_tenor_days", "move_date"], keep="last")
    moves = known.pivot_table("future_move_vol_points", "move_date", "beta_tenor_days", aggfunc="last")
    spot = known.drop_duplicates("move_date").set_index("move_date")["vix_move_vol_points"].reindex(moves.index)
    fit = slopes(moves.reindex(columns=list(DECLARED_BETAS)), spot, min_nobs=MIN_NOBS)
    is_measured = bool((fit.slope > 0.0).all())
    return frames.conform(rows.assign(
        fwd_beta=fit.slope if is_measured else list(DECLARED_BETAS.values()), fwd_beta_measured=fit.slope,
        fwd_beta_se=fit.se, fwd_beta_nobs_count=fit.nobs, fwd_beta_status="MEASURED" if is_measured else "DECLARED",
        trade_date=trade_date, source_mode=source_mode,
    ), TERM)  # fmt: skip


def _moves(settlements: pd.DataFrame, closes: Closes) -> dict[str, Any]:
    """Return the moves of the newest session that has, like the one before it, settlements and a close of VIX."""
    quoted = settlements[settlements["settle_kind"] != "final"].dropna(subset="settle_vol_points")
    vix = pd.Series(closes.of_symbol("VIX"), index=pd.DatetimeIndex(closes.dates).as_unit("s")).dropna()
    settled = set(quoted["settle_date"].unique())
    newest_first = zip(vix.index[:0:-1], vix.index[-2::-1], strict=True)
    newest = next((pair for pair in newest_first if settled.issuperset(pair)), None)
    if newest is None:
        return {"move_date": pd.NaT, "future_move_vol_points": np.nan, "vix_move_vol_points": np.nan}
    day, eve = newest
    moved = _settled_on(quoted, day) - _settled_on(quoted, eve)
    left = (moved.index - day).days
    near = [moved[(left >= low) & (left <= high)].mean() for low, high in _NEAR_DAYS.values()]
    return {"move_date": day, "future_move_vol_points": near, "vix_move_vol_points": float(vix[day] - vix[eve])}


def _settled_on(quoted: pd.DataFrame, day: pd.Timestamp) -> pd.Series:
    """Return one settlement per expiry of a session; the day's own file counts before a history."""
    mine = quoted[quoted["settle_date"] == day]
    mine = mine.assign(is_history=mine["settle_kind"] == "history").sort_values("is_history", kind="stable")
    return mine.drop_duplicates("expiry_date").set_index("expiry_date")["settle_vol_points"]
