"""The indicators of a night: every symbol's closes through the formulas of `alvh_core.indicators` at once.

What an indicator triggers is `alvh_core.host_rules`.
"""

from collections import defaultdict

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from alvh_core import frames
from alvh_core.bars import SESSIONS_PER_YEAR
from alvh_core.basis.closes import Closes
from alvh_core.indicators import crosses, macd, wilder_rsi
from alvh_core.registry.basis import INDICATORS, MACD_CROSSES

RSI_WARM_UP_BARS, MACD_WARM_UP_BARS, RSI_WINDOW_BARS = 250, 85, 756
SHORT_MEAN_BARS, LONG_MEAN_BARS = 50, 200


def night_indicators(closes: Closes, trade_date: pd.Timestamp, source_mode: str) -> pd.DataFrame:
    """Return `INDICATORS` of the night.

    Parameters
    ----------
    closes : Closes
        Up to the night and nothing after it.
    trade_date : Timestamp
    source_mode : str

    Returns
    -------
    DataFrame
        One row per symbol. A symbol with a gap in its bars is computed from its own bars one after the other.
    """
    parts = [_block(closes.dates[rows], names, values) for rows, names, values in _blocks(closes)]
    found = pd.concat(parts, ignore_index=True) if parts else pd.DataFrame(columns=list(INDICATORS.names))
    stale = found["bar_date"] != trade_date  # an indicator of another day is none of tonight
    found[["rsi_status", "macd_status"]] = found[["rsi_status", "macd_status"]].mask(stale, "NO_DATA")
    return frames.conform(
        found.assign(trade_date=trade_date, source_mode=source_mode).sort_values("symbol"), INDICATORS
    )


def _blocks(closes: Closes) -> list[tuple[NDArray[np.bool_], list[str], NDArray[np.float64]]]:
    """Group symbols that have bars on the same sessions: each group is one matrix without gaps."""
    present = ~np.isnan(closes.values)
    groups: dict[bytes, list[int]] = defaultdict(list)
    for at in range(present.shape[1]):
        groups[present[:, at].tobytes()].append(at)
    found = [(present[:, members[0]], members) for members in groups.values()]
    return [
        (rows, [closes.symbols[at] for at in members], closes.values[rows][:, members])
        for rows, members in found
        if rows.any()
    ]


def _block(dates: NDArray[np.datetime64], names: list[str], values: NDArray[np.float64]) -> pd.DataFrame:
    """Compute a matrix of bars by symbols."""
    count = len(values)
    rsi, cross = wilder_rsi(values), macd(values)
    is_ready = count >= MACD_WARM_UP_BARS
    crossed = crosses(cross.histogram)[-1] if is_ready else np.zeros(len(names), dtype=np.int64)
    moves = np.diff(np.log(values), axis=0)
    return pd.DataFrame({
        "symbol": names, "bar_date": pd.Timestamp(dates[-1]), "bars_count": count, "close_usd": values[-1],
        "rsi14": rsi[-1], "rsi_pctile_frac": _percentile(rsi[-RSI_WINDOW_BARS:]),
        "rsi_status": "OK" if count >= RSI_WARM_UP_BARS else "INSUFFICIENT",
        "macd_line_usd": cross.line[-1], "macd_signal_usd": cross.signal[-1], "macd_hist_usd": cross.histogram[-1],
        "macd_cross": np.select([crossed > 0, crossed < 0], MACD_CROSSES[:2], MACD_CROSSES[2]),
        "macd_status": "OK" if is_ready else "INSUFFICIENT",
        "ma50_usd": last_mean(values, SHORT_MEAN_BARS),
        "ma200_usd": last_mean(values, LONG_MEAN_BARS),
        "hv20_vol": _volatility(moves, 20), "hv63_vol": _volatility(moves, 63),
    })  # fmt: skip


def _percentile(values: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return the share of the known values of a column that are not above its last."""
    known = (~np.isnan(values)).sum(axis=0)
    with np.errstate(invalid="ignore"):
        share = (values <= values[-1]).sum(axis=0) / known
    return np.where(np.isnan(values[-1]), np.nan, share)


def last_mean(values: NDArray[np.float64], bars: int) -> NDArray[np.float64]:
    """Return the mean of the last bars of every column; NaN with fewer.

    Parameters
    ----------
    values : ndarray of shape (n_bars, n_symbols)
        Bars of the symbols themselves, without gaps: a session without a bar is none of them.
    bars : int
    """
    return values[-bars:].mean(axis=0) if len(values) >= bars else np.full(values.shape[1], np.nan)


def _volatility(moves: NDArray[np.float64], bars: int) -> NDArray[np.float64]:
    enough = len(moves) >= bars
    return moves[-bars:].std(axis=0, ddof=1) * np.sqrt(SESSIONS_PER_YEAR) if enough else np.full(moves.shape[1], np.nan)
