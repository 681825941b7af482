"""Basis of every host: how its returns follow VIX, SPX, breadth and rates, each with its error or why it has none.

The regressions are `alvh_core.basis.betas`. Nothing here sizes or triggers anything by itself.
"""

from collections.abc import Sequence

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from alvh_core import frames
from alvh_core.basis.betas import Fit, correlations, partial_r2, rank_columns, slopes
from alvh_core.basis.closes import Closes
from alvh_core.curve import SLOPE_YEARS
from alvh_core.params import is_stress
from alvh_core.registry.basis import HOST_BASIS
from alvh_core.schemas import RATE_CURVE

WINDOW, MIN_NOBS = 252, 120  # a year of sessions, and half of one
MIN_STRESS = 20
AD_WINDOW, MIN_AD, HIGH_WINDOW = 63, 60, 20  # C16
YIELDS = RATE_CURVE.only(("trade_date", "curve_date", "tenor_years", "par_yield_frac"))


def night_basis(closes: Closes, names: Sequence[str], changes: pd.DataFrame, *, curve: pd.DataFrame,
                volatility: pd.DataFrame, trade_date: pd.Timestamp, source_mode: str) -> pd.DataFrame:  # fmt: skip
    """Return `HOST_BASIS` of the night.

    Parameters
    ----------
    closes : Closes
    names : sequence of str
        Hosts and volatility products.
    changes : DataFrame
        Sessions by members of the breadth, from `alvh_core.breadth.universe_changes`.
    curve : DataFrame
        `YIELDS` known tonight; of a date told twice the later row counts.
    volatility : DataFrame
        `MODEL_FREE` of the last nights.
    trade_date : Timestamp
    source_mode : str

    Returns
    -------
    DataFrame
        One row per name. A host without bars has no measure and says so.
    """
    recent = closes.last(WINDOW + 1)
    returns = _returns(recent, names)
    vix = np.diff(recent.of_symbol("VIX"))
    by_vix = slopes(returns, vix, min_nobs=MIN_NOBS)
    by_stress, stress_count = _stress(closes, names)
    result = pd.DataFrame({
        "host": list(names), "vix_beta_frac": by_vix.slope, "vix_beta_se": by_vix.se, "vix_beta_r2_frac": by_vix.r2,
        "vix_beta_nobs_count": by_vix.nobs, "vix_beta_status": _status(by_vix),
        "stress_beta": by_stress.slope, "stress_beta_se": by_stress.se, "stress_nobs_count": stress_count,
        "stress_beta_status": _status(by_stress), "breadth_scope": "universe",
        **_breadth(closes, names, changes), **_rates(closes, names, curve), **_vol_beta(closes, names, volatility),
        **_curve(curve, trade_date),
    })  # fmt: skip
    return frames.of_night(result, HOST_BASIS, trade_date, source_mode)


def _days(closes: Closes) -> pd.DatetimeIndex:
    return pd.DatetimeIndex(closes.dates.astype("datetime64[s]"))


def _columns(closes: Closes, names: Sequence[str]) -> NDArray[np.float64]:
    return np.column_stack([closes.of_symbol(name) for name in names])


def _returns(closes: Closes, names: Sequence[str]) -> NDArray[np.float64]:
    values = _columns(closes, names)
    return np.asarray(values[1:] / values[:-1] - 1.0)


def _status(fit: Fit) -> NDArray[np.str_]:
    return np.where(np.isfinite(fit.slope), "OK", np.where(fit.nobs > 0, "INSUFFICIENT", "NO_DATA"))


def _stress(closes: Closes, names: Sequence[str]) -> tuple[Fit, NDArray[np.int64]]:
    """Regress on SPX over every session of the bars on which SPX was in stress."""
    market = _returns(closes, ["SPX"])[:, 0]
    days = is_stress(market)
    fit = slopes(_returns(closes, names)[days], market[days], min_nobs=MIN_STRESS, lags=0)
    return fit, fit.nobs


def _breadth(closes: Closes, names: Sequence[str], changes: pd.DataFrame) -> dict[str, object]:
    """Correlate changes with changes: levels of two random walks correlate for nothing.

    A host is beside the signs of all others: its own would correlate with it by construction.
    """
    recent = closes.last(AD_WINDOW + 1)
    values = _columns(recent, names)
    known = changes.reindex(_days(recent)).fillna(0.0)
    own = np.sign(known.reindex(columns=list(names), fill_value=0.0).to_numpy(dtype=np.float64))
    signs = np.sign(known.to_numpy(dtype=np.float64))
    net, moved = signs.sum(axis=1), np.abs(signs).sum(axis=1)
    with np.errstate(invalid="ignore", divide="ignore"):
        share = ((net[:, None] - own) / (moved[:, None] - np.abs(own)))[1:]
    returns = _returns(recent, names)
    both = ~np.isnan(returns) & ~np.isnan(share)
    paired = np.where(both, share, np.nan)
    pearson = correlations(returns, share, min_nobs=MIN_AD)
    ranked = correlations(rank_columns(np.where(both, returns, np.nan)), rank_columns(paired), min_nobs=MIN_AD)
    line = np.cumsum(net)
    high = values[-1:] >= np.where(np.isnan(values), -np.inf, values)[-HIGH_WINDOW:].max(axis=0, initial=-np.inf)
    high = high.any(axis=0)  # no bars at all: no high
    lags = line[-1] < line[-HIGH_WINDOW:].max() if len(line) else False
    is_told = np.isfinite(pearson.slope)
    return {
        "ad_corr63": pearson.slope, "ad_rank_corr63": ranked.slope,
        "ad_corr_se": np.where(is_told, pearson.se, np.nan),
        "is_ad_divergence": pd.Series(high & lags, dtype="boolean").where(is_told).array,
        "ad_status": _status(pearson),
    }  # fmt: skip


def _rates(closes: Closes, names: Sequence[str], curve: pd.DataFrame) -> dict[str, object]:
    """Regress on SPX, the 10-year yield and its slope over three months, from session to session.

    Where SPX leaves nothing, the host is the market itself: rates have nothing to explain, and move nothing beside it.
    """
    yields = _yields(curve)
    recent = closes.last(WINDOW + 1)
    at = yields.reindex(_days(recent)).to_numpy(dtype=np.float64)
    changes = 100.0 * np.diff(at, axis=0)  # percentage points
    returns, market = _returns(recent, names), _returns(recent, ["SPX"])[:, 0]
    share, fit = partial_r2(returns, market, changes, min_nobs=MIN_NOBS)
    nothing_left, moves = np.isfinite(fit.slope) & np.isnan(share), np.nan_to_num(returns).any(axis=0)
    status = np.select([nothing_left & moves, nothing_left], ["IDENTICAL_INSTRUMENTS", "INSUFFICIENT"], _status(fit))
    slope, se = (np.where(nothing_left, np.nan, values) for values in (fit.slope, fit.se))
    return {"rate_beta_frac": slope, "rate_beta_se": se, "rate_share_frac": np.clip(share, 0.0, 1.0),
            "rate_nobs_count": fit.nobs, "rate_status": status}  # fmt: skip


def _curve(curve: pd.DataFrame, trade_date: pd.Timestamp) -> dict[str, object]:
    """Return the slope of the newest curve that the night knows, under its own date: nothing is moved to the night."""
    known = _yields(curve)["slope"].loc[:trade_date].tail(1).dropna()
    if known.empty:
        return {"curve_10y3m_frac": np.nan, "curve_date": pd.NaT}
    return {"curve_10y3m_frac": known.iloc[0], "curve_date": known.index[0]}


def _yields(curve: pd.DataFrame) -> pd.DataFrame:
    """Return the 10-year yield and its distance from three months by date."""
    tenors = curve[curve["tenor_years"].isin(SLOPE_YEARS)].drop_duplicates(["curve_date", "tenor_years"], keep="last")
    table = tenors.pivot_table(index="curve_date", columns="tenor_years", values="par_yield_frac", aggfunc="last")
    table = table.reindex(columns=list(SLOPE_YEARS))
    short, ten = (table[years] for years in SLOPE_YEARS)
    return pd.DataFrame({"ten": ten, "slope": ten - short}).astype("float64")


def _vol_beta(closes: Closes, names: Sequence[str], volatility: pd.DataFrame) -> dict[str, object]:
    """Regress changes of the host's own 30-day volatility on those of VIX, night after night."""
    known = volatility[volatility["iv30_vol"].notna()]
    named = known.astype({"underlying": "str"})
    table = named.pivot_table(index="trade_date", columns="underlying", values="iv30_vol", aggfunc="last")
    table = table.reindex(columns=list(names)).astype("float64")
    vix = pd.Series(closes.of_symbol("VIX"), index=_days(closes))
    at_night = vix.reindex(table.index).to_numpy(dtype=np.float64)
    if len(table) < 2:
        nothing = np.full(len(names), np.nan)
        fit = Fit(slope=nothing, se=nothing, r2=nothing, nobs=np.zeros(len(names), dtype=np.int64))
    else:
        fit = slopes(100.0 * np.diff(table.to_numpy(), axis=0), np.diff(at_night), min_nobs=MIN_NOBS)
    return {
        "vol_beta": fit.slope,
        "vol_beta_se": fit.se,
        "vol_beta_nobs_count": fit.nobs,
        "vol_beta_status": _status(fit),
    }
