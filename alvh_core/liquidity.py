"""The spread-liquidity score, 0 to 100: contract -> expiry -> underlying -> asset class.

Contracts score by a weighted geometric mean, so that one broken component cannot be averaged away. A tenor that is not
listed, or not quoted on both sides, counts as zero: no ladder can be built there, however tight its other layers are. A
chain of which nothing could be priced, or none of whose expiries lies near any tenor, has no score, which is no bad
score. The score ranks; the gate is the 8 % rule in `alvh_core.spreads`.
"""

from collections.abc import Mapping

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike, NDArray

from alvh_core import frames
from alvh_core.columns import TWO_SIDED
from alvh_core.params import LadderProfile
from alvh_core.schemas import CONTRACT_SCORES, SPREAD_SCORES

SCORE_VERSION = "1"
FLOOR = 0.01
WEIGHTS = {
    "score_percent_spread": 0.45,
    "score_vol_spread": 0.20,
    "score_depth": 0.15,
    "score_open_interest": 0.10,
    "score_volume": 0.10,
}
PERCENT_ANCHORS = ((0.01, 1.0), (0.08, 0.5), (0.40, FLOOR))
VOL_ANCHORS = ((0.01, 1.0), (0.06, 0.5), (0.30, FLOOR))
TENOR_WEIGHTS = (0.4, 0.4, 0.2)
DELTA_BAND = (0.10, 0.60)
ORDER_CONTRACTS = 10.0

_EXPIRY = ["underlying", "expiry_date"]
_SIDE = [*_EXPIRY, "root", "option_right"]


def log_linear(value: ArrayLike, anchors: tuple[tuple[float, float], ...]) -> NDArray[np.float64]:
    """Map values to (0, 1] by linear interpolation in the logarithm of the value, clipped at both ends.

    Parameters
    ----------
    value : array_like
        Non-negative. Zero maps to the first anchor.
    anchors : tuple of (value, score)
        Ascending values.

    Returns
    -------
    ndarray
        NaN where the value is NaN.

    Examples
    --------
    >>> log_linear([0.0, 0.08, 1.0], PERCENT_ANCHORS).tolist()
    [1.0, 0.5, 0.01]
    """
    x = np.log(np.maximum(np.asarray(value, dtype=np.float64), 1e-300))
    knots = np.log([a for a, _ in anchors])
    return np.where(np.isnan(x), np.nan, np.interp(x, knots, [score for _, score in anchors]))


def score_contracts(priced: pd.DataFrame) -> pd.DataFrame:
    """Score every contract.

    Parameters
    ----------
    priced : DataFrame
        `PRICED_QUOTES`.

    Returns
    -------
    DataFrame
        `CONTRACT_SCORES`. Without a bid or an ask the score is 0. A component without data is dropped, the weights of
        the others are scaled up and ``coverage_frac`` falls below 1.
    """
    scale = priced["vega"] * priced["iv_vol"]
    vol_spread = priced["spread_usd"] / scale.where(scale > 0.0)
    sizes = np.minimum(priced["bid_size_count"].to_numpy(), priced["ask_size_count"].to_numpy())
    depth = sizes / (3.0 * ORDER_CONTRACTS)
    parts = {
        "score_percent_spread": log_linear(priced["spread_frac"], PERCENT_ANCHORS),
        "score_vol_spread": log_linear(vol_spread, VOL_ANCHORS),
        "score_depth": np.clip(depth, FLOOR, 1.0),
        "score_open_interest": np.clip(np.log10(1.0 + priced["open_interest_count"].to_numpy()) / 4.0, FLOOR, 1.0),
        "score_volume": np.clip(np.log10(1.0 + priced["volume_count"].to_numpy()) / 3.5, FLOOR, 1.0),
    }
    two_sided = priced["quote_flag"].isin(TWO_SIDED).to_numpy()
    score, coverage = _geometric_mean(parts)
    columns = priced[["trade_date", "source_mode", "osi_symbol", "underlying", "root", "expiry_date"]]
    result = columns.assign(**parts, score=np.where(two_sided, 100.0 * score, 0.0), coverage_frac=coverage,
                            score_version=SCORE_VERSION)  # fmt: skip
    return frames.conform(result, CONTRACT_SCORES)


def _geometric_mean(parts: Mapping[str, NDArray[np.float64]]) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Weighted over the components that have data; also return the share of the weight they carry."""
    logs, weights = np.zeros_like(next(iter(parts.values()))), np.zeros_like(next(iter(parts.values())))
    for name, values in parts.items():
        known = ~np.isnan(values)
        logs += WEIGHTS[name] * np.log(np.where(known, values, 1.0))
        weights += WEIGHTS[name] * known
    safe = np.where(weights > 0, weights, 1.0)
    return np.where(weights > 0, np.exp(logs / safe), 0.0), weights


def score_symbols(priced: pd.DataFrame, contracts: pd.DataFrame, snapshots: pd.DataFrame,
                  profile: LadderProfile) -> pd.DataFrame:  # fmt: skip
    """Aggregate contract scores to expiries and underlyings; no underlying's score depends on another.

    Parameters
    ----------
    priced : DataFrame
        `PRICED_QUOTES`.
    contracts : DataFrame
        `CONTRACT_SCORES` of the same rows in the same order.
    snapshots : DataFrame
        `SNAPSHOTS`; gives the quote clock.
    profile : LadderProfile
        Tenor windows of the three layers.

    Returns
    -------
    DataFrame
        `SPREAD_SCORES` of the levels expiry and underlying. Expiry: premium-weighted mean over out-of-the-money
        contracts with |delta| 0.10 to 0.60, times the square root of the two-sided share. Underlying: 0.4 / 0.4 / 0.2
        over the listed expiry nearest to each tenor, a missing tenor counts 0; NaN, and why in ``quotes_note``, where
        no contract was priced or all three tenors are missing.
    """
    if snapshots.empty:
        return frames.empty(SPREAD_SCORES)
    expiries = _expiry_scores(priced.assign(contract_score=contracts["score"].to_numpy(),
                                            coverage_frac=contracts["coverage_frac"].to_numpy()))  # fmt: skip
    text = snapshots[["underlying", "quote_clock"]].astype("str")
    notes = dict(zip(text["underlying"], text["quote_clock"].map(_NOTES), strict=True))
    expiries["quotes_note"] = expiries["underlying"].astype("str").map(notes)
    underlyings = _underlying_scores(expiries, list(notes), profile)
    why = underlyings["key"].isin(expiries["underlying"].astype("str")).map({True: _NO_TENOR, False: _UNREAD})
    underlyings["quotes_note"] = underlyings["key"].map(notes).mask(underlyings["score"].isna(), why)
    return _stacked([expiries.assign(level="expiry"), underlyings.assign(level="underlying")], snapshots)


def score_classes(symbols: pd.DataFrame, snapshots: pd.DataFrame) -> pd.DataFrame:
    """Aggregate the scores of underlyings to asset classes, each by the median of those that have one.

    Parameters
    ----------
    symbols : DataFrame
        From `score_symbols`, of all underlyings of the night.
    snapshots : DataFrame
        `SNAPSHOTS`; gives the asset class.

    Returns
    -------
    DataFrame
        `SPREAD_SCORES` of the level asset_class.
    """
    if snapshots.empty:
        return frames.empty(SPREAD_SCORES)
    text = snapshots[["underlying", "asset_class"]].astype("str")
    classes = dict(zip(text["underlying"], text["asset_class"], strict=True))
    underlyings = symbols[symbols["level"] == "underlying"]
    classed = underlyings.assign(asset_class=underlyings["key"].map(classes))
    return _stacked([_class_scores(classed).assign(level="asset_class")], snapshots)


def _stacked(parts: list[pd.DataFrame], snapshots: pd.DataFrame) -> pd.DataFrame:
    """Put levels one after another and date them."""
    first = snapshots.iloc[0]
    stacked = pd.concat([part[_COLUMNS] for part in parts], ignore_index=True)
    return frames.conform(
        stacked.assign(
            trade_date=first["trade_date"], source_mode=str(first["source_mode"]), score_version=SCORE_VERSION
        ),
        SPREAD_SCORES,
    )


_NOTES = {"in_session": "", "at_close": "closing quotes", "after_hours": "after hours: not tradeable"}
_UNREAD = "no reading: no contract could be priced"
_NO_TENOR = "no reading: no expiry near any tenor"
_COLUMNS = [
    "level", "key", "score", "s_median_frac", "two_sided_frac", "contracts_count", "coverage_frac", "score_min",
    "members_count", "quotes_note",
]  # fmt: skip


def in_band(priced: pd.DataFrame) -> pd.Series:
    """Tell the out-of-the-money contracts with |delta| 0.10 to 0.60; one-sided ones have no delta and are not told."""
    is_call = priced["option_right"] == "C"
    otm = (priced["strike_usd"] >= priced["forward_usd"]) == is_call
    delta = priced["delta_fwd"].abs()
    return otm & delta.between(*DELTA_BAND)


def in_quoted_band(priced: pd.DataFrame) -> pd.Series:
    """Tell the contracts of `in_band`, and the strikes between them that nobody bids for.

    Those have no delta of their own, but their neighbours on both sides place them. A median without their 200 % would
    be the tighter the more strikes are dead.
    """
    band = in_band(priced)
    ends = priced["strike_usd"].where(band).groupby([priced[name] for name in _SIDE], observed=True, sort=False)
    is_between = priced["strike_usd"].between(ends.transform("min"), ends.transform("max"))
    return band | (is_between & priced["quote_flag"].eq("ZERO_BID"))


def _expiry_scores(rows: pd.DataFrame) -> pd.DataFrame:
    """Score per expiry; the two-sided share covers every contract of it, so that dropping dead strikes cannot help."""
    two_sided = rows["quote_flag"].isin(TWO_SIDED)
    every = rows.assign(two_sided=two_sided).groupby(_EXPIRY, observed=True)
    result = every.agg(two_sided_frac=("two_sided", "mean"), dte_days=("dte_days", "first"),
                       members_count=("two_sided", "size"))  # fmt: skip
    band = rows.loc[in_band(rows), [*_EXPIRY, "mid_usd", "contract_score", "coverage_frac"]]
    band = band.assign(weighted=band["mid_usd"] * band["contract_score"], cover=band["mid_usd"] * band["coverage_frac"])
    grouped = band.groupby(_EXPIRY, observed=True)
    sums = grouped[["weighted", "cover", "mid_usd"]].sum()
    band_stats = grouped.agg(contracts_count=("mid_usd", "size"), score_min=("contract_score", "min"))
    medians = rows.loc[in_quoted_band(rows)].groupby(_EXPIRY, observed=True)["spread_frac"].median()
    result = (
        result.join(band_stats)
        .join(medians.rename("s_median_frac"))
        .assign(score=sums["weighted"] / sums["mid_usd"], coverage_frac=sums["cover"] / sums["mid_usd"])
    )
    result["score"] = (result["score"] * np.sqrt(result["two_sided_frac"])).fillna(0.0).clip(0.0, 100.0)
    filled = {"contracts_count": 0, "coverage_frac": 0.0, "score_min": 0.0}
    result = result.fillna(filled).reset_index()
    result["coverage_frac"] = result["coverage_frac"].clip(0.0, 1.0)
    day = result["expiry_date"].dt.strftime("%Y-%m-%d").astype("str")
    return result.assign(key=result["underlying"].astype("str") + " " + day)


def _underlying_scores(expiries: pd.DataFrame, symbols: list[str], profile: LadderProfile) -> pd.DataFrame:
    """Score per underlying: of each tenor window the expiry nearest to the tenor, ties to the longer."""
    parts = []
    for weight, tenor, tolerance in zip(TENOR_WEIGHTS, profile.tenors_days, profile.tolerances_days, strict=True):
        window = expiries.assign(error=(expiries["dte_days"] - tenor).abs())
        window = window[window["error"] <= tolerance].sort_values(["error", "dte_days"], ascending=[True, False])
        parts.append(window.groupby("underlying", observed=True).head(1).assign(weight=weight))
    chosen = pd.concat(parts, ignore_index=True)
    chosen["symbol"] = chosen["underlying"].astype("str")
    chosen["weighted"] = chosen["weight"] * chosen["score"]
    chosen["covered"] = chosen["weight"] * chosen["coverage_frac"]
    grouped = chosen.groupby("symbol")
    result = grouped.agg(score=("weighted", "sum"), coverage_frac=("covered", "sum"), score_min=("score", "min"),
                         s_median_frac=("s_median_frac", "median"), members_count=("score", "size"))  # fmt: skip
    result = result.reindex(symbols)
    every = expiries.assign(symbol=expiries["underlying"].astype("str"))
    every["two_sided"] = every["two_sided_frac"] * every["members_count"]
    totals = every.groupby("symbol")[["two_sided", "members_count", "contracts_count"]].sum().reindex(symbols)
    result["two_sided_frac"] = (totals["two_sided"] / totals["members_count"]).fillna(0.0).clip(0.0, 1.0)
    result["contracts_count"] = totals["contracts_count"].fillna(0)
    result = result.fillna({"coverage_frac": 0.0, "members_count": 0})
    return result.rename_axis("key").reset_index()


def _class_scores(underlyings: pd.DataFrame) -> pd.DataFrame:
    """Median of the members; never weighted by open interest, or SPX would be its class.

    Quotes taken after hours, and chains without a score, count only where a class has no others: they are no reading of
    its market.
    """
    is_read = underlyings["score"].notna() & underlyings["quotes_note"].ne(_NOTES["after_hours"])
    has_none = ~is_read.groupby(underlyings["asset_class"]).transform("any")
    grouped = underlyings[is_read | has_none].groupby("asset_class")
    result = grouped.agg(
        score=("score", "median"), s_median_frac=("s_median_frac", "median"),
        two_sided_frac=("two_sided_frac", "median"), contracts_count=("contracts_count", "sum"),
        coverage_frac=("coverage_frac", "median"), score_min=("score", "min"), members_count=("score", "size"),
        quotes_note=("quotes_note", _joined),
    )  # fmt: skip
    return result.rename_axis("key").reset_index()


def _joined(notes: pd.Series) -> str:
    return "; ".join(sorted({note for note in notes if note}))
