"""The market tonight: how wide the chains are, how they score, and what volatility they price."""

from collections.abc import Mapping
from typing import Any

import numpy as np
import pandas as pd

from alvh_core.columns import TWO_SIDED
from alvh_core.liquidity import in_band
from alvh_core.params import LadderProfile, SpreadRule
from alvh_core.reporting.ladders import class_label
from alvh_core.reporting.model import Cell, Column, Row, SpreadBox, SpreadPlot, Table
from alvh_core.reporting.texts import DASH, count, day, gain, known, number, percent, records, text
from alvh_core.schemas import MODEL_FREE, SPREAD_SCORES
from alvh_core.universe import ASSET_CLASSES, Asset

_QUANTILES = (0.05, 0.25, 0.50, 0.75, 0.95)
_UNKNOWN_CLASS = "unknown"


def spread_plot(
    priced: pd.DataFrame, universe: Mapping[str, Asset], profile: LadderProfile, rule: SpreadRule
) -> SpreadPlot:
    """Describe the spreads of every chain over the ladder's tenor windows.

    Parameters
    ----------
    priced : DataFrame
        `PRICED_QUOTES`, at least underlying, dte_days, option_right, delta_fwd, strike_usd, forward_usd, spread_frac,
        quote_flag.
    universe : mapping of str to Asset
    profile : LadderProfile
    rule : SpreadRule

    Returns
    -------
    SpreadPlot
        Quantiles cover contracts out of the money with |delta| 0.10 to 0.60; the two-sided count covers every
        out-of-the-money strike in the windows, so that dead strikes are seen.
    """
    layer = _layer_of(priced["dte_days"], profile)
    is_call = priced["option_right"] == "C"
    otm = ((priced["strike_usd"] >= priced["forward_usd"]) == is_call) & priced["forward_usd"].notna()
    names = priced["underlying"].astype("str")
    inside = priced.assign(layer=layer, name=names)[otm & (layer > 0)]
    two_sided = inside["quote_flag"].isin(TWO_SIDED).groupby(inside["name"]).agg(["sum", "size"])
    band = inside[in_band(inside) & inside["spread_frac"].notna()]
    quantiles = band.groupby("name")["spread_frac"].quantile(np.array(_QUANTILES)).unstack()  # noqa: PD010 - a Series
    sizes = band.groupby("name").size()
    medians = band.groupby(["name", "layer"])["spread_frac"].median()
    boxes = [
        _box(str(name), universe, list(row), [float(medians.get((name, n), np.nan)) for n in (1, 2, 3)],
             (int(sizes[name]), int(two_sided.loc[name, "sum"]), int(two_sided.loc[name, "size"])))
        for name, row in zip(quantiles.index, quantiles.to_numpy(), strict=True)
    ]  # fmt: skip
    without = [symbol for symbol in universe if symbol not in set(quantiles.index)]
    return SpreadPlot(
        boxes=tuple(sorted(boxes, key=lambda box: (box.median, box.label))), limit_frac=rule.limit_frac,
        layer_labels=tuple(f"{t} d" for t in profile.tenors_days), without=", ".join(without),
    )  # fmt: skip


def _layer_of(dte_days: pd.Series, profile: LadderProfile) -> pd.Series:
    result = np.zeros(len(dte_days), dtype=np.int64)
    windows = list(zip(profile.tenors_days, profile.tolerances_days, strict=True))
    for number_, (tenor, tolerance) in reversed(list(enumerate(windows, start=1))):
        result[dte_days.between(tenor - tolerance, tenor + tolerance).to_numpy()] = number_
    return pd.Series(result, index=dte_days.index)


def _box(name: str, universe: Mapping[str, Asset], quantiles: list[float], layers: list[float],
         counts: tuple[int, int, int]) -> SpreadBox:  # fmt: skip
    key = universe[name].asset_class if name in universe else _UNKNOWN_CLASS
    low, lower, median, upper, high = quantiles
    return SpreadBox(label=name, class_key=key, class_label=class_label(key), low=low, lower=lower, median=median,
                     upper=upper, high=high, layer_medians=tuple(layers), band_count=counts[0],
                     two_sided_count=counts[1], listed_count=counts[2])  # fmt: skip


_SCORES = (
    Column("Score", "0 to 100 over the three tenor windows; a missing tenor counts 0"),
    Column("Median of tenors", "Median of up to three medians: |delta| 0.10 to 0.60 out of the money, in the expiry "
           "nearest to each tenor; of a class, that of its members. The plot takes every expiry of the windows"),
    Column("Two-sided", "Share of contracts with a bid and an ask"),
    Column("Contracts, all expiries", "In the band; the plot's n are those of the tenor windows"),
    Column("Coverage", "Share of the score's weight that had data"),
)  # fmt: skip


def class_scores(tables: Mapping[str, pd.DataFrame]) -> Table:
    """Return the score of every asset class, best first."""
    scores = tables[SPREAD_SCORES.name]
    found = scores[scores["level"] == "asset_class"].sort_values(["score", "key"], ascending=[False, True])
    columns = (Column.words("Asset class"), *_SCORES, Column("Lowest"), Column("Members"),
               Column.words("Quotes"))  # fmt: skip
    body = tuple(
        Row(cells=(Cell(class_label(str(r.key))), *_score_cells(r), Cell(number(r.score_min, 1)),
                   Cell(count(r.members_count)), Cell(str(r.quotes_note) or "in session")))
        for r in records(found)
    )  # fmt: skip
    return Table(caption="Liquidity by asset class", columns=columns, rows=body, empty="No chain was scored.")


def underlying_scores(tables: Mapping[str, pd.DataFrame], universe: Mapping[str, Asset]) -> Table:
    """Return the score of every underlying, best first."""
    scores = tables[SPREAD_SCORES.name]
    found = scores[scores["level"] == "underlying"].sort_values(["score", "key"], ascending=[False, True])
    columns = (Column.words("Underlying"), Column.words("Asset class"), *_SCORES,
               Column("Lowest tenor", "Of those with a listed expiry; a missing one counts 0 in the score"),
               Column("Tenors", "Of the three windows, with a listed expiry"),
               Column.words("Quotes"))  # fmt: skip
    body = tuple(
        Row(cells=(Cell(str(r.key)), Cell(_class_of(str(r.key), universe)), *_score_cells(r),
                   Cell(number(r.score_min, 1)),
                   Cell(f"{r.members_count} of 3", tone="warn" if r.members_count < 3 else ""),
                   Cell(str(r.quotes_note) or "in session")))
        for r in records(found)
    )  # fmt: skip
    return Table(caption="Liquidity by underlying", columns=columns, rows=body, empty="No chain was scored.")


def _score_cells(row: Any) -> tuple[Cell, ...]:
    return (
        Cell(number(row.score, 1), bar=float(row.score) if known(row.score) else None),
        Cell(percent(row.s_median_frac, 1)), Cell(percent(row.two_sided_frac, 1)), Cell(count(row.contracts_count)),
        Cell(percent(row.coverage_frac, 0), tone="warn" if row.coverage_frac < 0.5 else ""),
    )  # fmt: skip


def _class_of(symbol: str, universe: Mapping[str, Asset]) -> str:
    return class_label(universe[symbol].asset_class) if symbol in universe else DASH


def volatility_table(tables: Mapping[str, pd.DataFrame], universe: Mapping[str, Asset]) -> Table:
    """Return model-free 30-day volatility beside the vendor's and the realised one, in universe order."""
    found = tables[MODEL_FREE.name]
    place = {symbol: at for at, symbol in enumerate(sorted(universe, key=lambda s: _rank(s, universe)))}
    ranked = found.assign(place=found["underlying"].astype("str").map(place).fillna(len(place)))
    columns = (
        Column.words("Underlying"), Column.words("Asset class"),
        Column("iv30", "Model-free, VIX methodology"), Column("Vendor iv30", "For comparison"),
        Column("Gap", "Ours less the vendor's, volatility points"), Column("hv20", "Realised, 20 daily log returns"),
        Column("iv30 − hv20", "Volatility points"), Column.words("Method"),
        Column("Near"), Column("Next"), Column.words("Status"),
    )  # fmt: skip
    body = tuple(_volatility_row(row, universe) for row in records(ranked.sort_values(["place", "underlying"])))
    return Table(
        caption="Model-free 30-day volatility", columns=columns, rows=body, empty="No chain to compute it from."
    )


def _rank(symbol: str, universe: Mapping[str, Asset]) -> int:
    classes = list(ASSET_CLASSES)
    asset_class = universe[symbol].asset_class
    return classes.index(asset_class) if asset_class in classes else len(classes)


def _volatility_row(row: Any, universe: Mapping[str, Asset]) -> Row:
    status = str(row.status)
    gap, premium = 100.0 * (row.iv30_vol - row.vendor_iv30_vol), 100.0 * (row.iv30_vol - row.hv20_vol)
    return Row(cells=(
        Cell(str(row.underlying)), Cell(_class_of(str(row.underlying), universe)),
        Cell(percent(row.iv30_vol)), Cell(percent(row.vendor_iv30_vol)), Cell(gain(gap)),
        Cell(percent(row.hv20_vol)), Cell(gain(premium)), Cell(text(row.method)),
        Cell(day(row.near_expiry_date)), Cell(day(row.next_expiry_date)),
        Cell(status, tone="" if status == "OK" else "warn"),
    ))  # fmt: skip
