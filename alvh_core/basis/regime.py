"""The regime of a night: expected daily range and the three conditions of Big Top.

The conditions are columns and size nothing: their conjunction is nearly empty, because they contradict one another.
"""

import numpy as np
import pandas as pd

from alvh_core import frames
from alvh_core.bars import SESSIONS_PER_YEAR
from alvh_core.basis.closes import Closes
from alvh_core.basis.indicators import LONG_MEAN_BARS, last_mean
from alvh_core.expiries import IsSession
from alvh_core.futures import listed_contracts
from alvh_core.registry.basis import REGIME, VIX_REGIMES

EDR_WEIGHT = 0.6  # of VIX9D, the rest is 20-day realised volatility; of five weights in print the middle
MAX_AGE_DAYS = 4
OVER_RV_FRAC, CONTANGO_FRAC, RV_RETURNS = 0.18, 0.12, 30  # C25, vixshield.com/ask on Big Top
_REGIME_EDGES = (18.0, 22.0, 28.0)
_CONDITIONS = ("is_bt_vix_above_200dma", "is_bt_iv_over_rv", "is_bt_contango")


def expected_daily_range(vix9d_vol_points: float, hv20_vol: float) -> float:
    """Return the expected daily range.

    Parameters
    ----------
    vix9d_vol_points : float
        [VIX points]
    hv20_vol : float
        20-day realised volatility of SPX. [annual, decimal]

    Returns
    -------
    float
        ``(w VIX9D / 100 + (1 - w) HV20) / sqrt(252)``, w = 0.6. [fraction] NaN in gives NaN out.

    Examples
    --------
    >>> round(expected_daily_range(17.95, 0.1795), 6), round(expected_daily_range(16.0, 0.16), 5)
    (0.011307, 0.01008)
    """
    return (EDR_WEIGHT * vix9d_vol_points / 100.0 + (1.0 - EDR_WEIGHT) * hv20_vol) / float(np.sqrt(SESSIONS_PER_YEAR))


def vix_regime(close_vol_points: float) -> str:
    """Return the band of a VIX close; a level belongs to the band above it.

    Examples
    --------
    >>> [vix_regime(close) for close in (17.99, 18.0, 22.0, 28.0, float("nan"))]
    ['below_18', '18_to_22', '22_to_28', '28_and_above', 'unknown']
    """
    if np.isnan(close_vol_points):
        return VIX_REGIMES[-1]
    return VIX_REGIMES[int(np.searchsorted(_REGIME_EDGES, close_vol_points, side="right"))]


def night_regime(closes: Closes, settlements: pd.DataFrame, previous: pd.DataFrame, vix_close: float,
                 is_session: IsSession, trade_date: pd.Timestamp, source_mode: str) -> pd.DataFrame:  # fmt: skip
    """Return `REGIME` of the night.

    Parameters
    ----------
    closes : Closes
    settlements : DataFrame
        `VX_SETTLEMENTS` as known on the night.
    previous : DataFrame
        `REGIME` of the night before: its counts go on.
    vix_close : float
        Tonight's. [VIX points]
    is_session : callable
        Date to bool.
    trade_date : Timestamp
    source_mode : str

    Returns
    -------
    DataFrame
        One row.
    """
    vix, spx, vix9d = (closes.of_symbol(name) for name in ("VIX", "SPX", "VIX9D"))
    first, second = front_futures(settlements, trade_date, is_session)
    edr = expected_daily_range(_last(vix9d), _realised(spx, 20))
    over_rv = first / (100.0 * _realised(spx, RV_RETURNS)) - 1.0
    contango = second / first - 1.0
    mean = float(last_mean(vix[~np.isnan(vix), None], LONG_MEAN_BARS)[0])  # that of the indicators of VIX
    told = {_CONDITIONS[0]: _above(vix_close - mean), _CONDITIONS[1]: _above(over_rv - OVER_RV_FRAC, at=True),
            _CONDITIONS[2]: _above(contango - CONTANGO_FRAC, at=True)}  # fmt: skip
    is_known = None not in told.values()
    every = bool(all(told.values())) if is_known else None
    nights, true = (
        int(previous[name].iloc[0]) if len(previous) else 0 for name in ("bt_nights_count", "bt_true_count")
    )
    nights, true = nights + is_known, true + bool(every)
    row = {
        "trade_date": trade_date, "source_mode": source_mode, "symbol": "VIX", "vix_close_vol_points": vix_close,
        "vix_regime": vix_regime(vix_close), "edr_frac": edr, "edr_status": "NO_DATA" if np.isnan(edr) else "OK",
        "contango_frac": contango, "front_over_rv_frac": over_rv, **told, "is_bt_all": every,
        "bt_base_rate_frac": true / nights if nights else np.nan, "bt_nights_count": nights, "bt_true_count": true,
    }  # fmt: skip
    return frames.conform(pd.DataFrame([row]), REGIME)


def front_futures(settlements: pd.DataFrame, trade_date: pd.Timestamp, is_session: IsSession) -> tuple[float, float]:
    """Return the next two monthly VIX futures at their newest settlement; NaN where one is missing.

    Parameters
    ----------
    settlements : DataFrame
        `VX_SETTLEMENTS`.
    trade_date : Timestamp
    is_session : callable
        Date to bool: which contracts are the next two is the expiry rule's, not the file's, which may lack the first.

    Returns
    -------
    first, second : float
        [VIX points] Settlements of more than four calendar days ago are no reading.
    """
    quoted = settlements[(settlements["settle_kind"] != "final")
                         & (settlements["settle_date"] >= trade_date - pd.Timedelta(days=MAX_AGE_DAYS))]  # fmt: skip
    if quoted.empty:
        return float("nan"), float("nan")
    day = quoted["settle_date"].max()
    newest = quoted[quoted["settle_date"] == day].drop_duplicates("futures_symbol")
    values = newest.astype({"futures_symbol": "str"}).set_index("futures_symbol")["settle_vol_points"]
    names = listed_contracts(day.date(), is_session, 2)
    first, second = values.reindex(names).to_numpy(dtype=np.float64)
    return float(first), float(second)


def _above(gap: float, *, at: bool = False) -> bool | None:
    if np.isnan(gap):
        return None
    return gap >= 0.0 if at else gap > 0.0


def _last(values: np.ndarray) -> float:
    return float(values[-1]) if len(values) else float("nan")


def _realised(values: np.ndarray, returns: int) -> float:
    """Return realised volatility over the last sessions; a gap among them leaves none."""
    if len(values) <= returns:
        return float("nan")
    return float(np.diff(np.log(values[-returns - 1 :])).std(ddof=1) * np.sqrt(SESSIONS_PER_YEAR))
