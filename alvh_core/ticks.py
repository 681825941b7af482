"""Minimum price increments: which tick an option trades in, by class, price and date.

Which class a root belongs to is the universe's business; what a spread in ticks means is the spread scoring's.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike, NDArray

from alvh_core.errors import ContractError
from alvh_core.universe import Asset

FloatArray = NDArray[np.float64]

_EPSILON = 1e-9  # of a tick: 1.15 / 0.05 is 22.999999999999996 in floating point


@dataclass(frozen=True, kw_only=True)
class TickRule:
    """One row of the tick table.

    Attributes
    ----------
    tick_class : str
        Class of option roots, see `alvh_core.universe.TICK_CLASSES`.
    valid_from : str, optional
        First trade date, ISO; None holds since ever.
    price_from_usd : float
        Lowest premium the row covers. [USD per share]
    tick_usd : float
        Increment. [USD per share]
    """

    tick_class: str
    valid_from: str | None = None
    price_from_usd: float = 0.0
    tick_usd: float


def _pair(tick_class: str, below: float, above: float, valid_from: str | None = None) -> tuple[TickRule, TickRule]:
    return (
        TickRule(tick_class=tick_class, valid_from=valid_from, tick_usd=below),
        TickRule(tick_class=tick_class, valid_from=valid_from, price_from_usd=3.0, tick_usd=above),
    )


# Cboe fee and minimum-increment circulars; VIX went to pennies on 2022-10-03.
TICK_RULES: tuple[TickRule, ...] = (
    *_pair("VIX", 0.05, 0.10),
    *_pair("VIX", 0.01, 0.05, "2022-10-03"),
    TickRule(tick_class="VIXW", tick_usd=0.01),
    *_pair("index", 0.05, 0.10),
    *_pair("equity_penny_program", 0.01, 0.05),
    TickRule(tick_class="SPY_QQQ_IWM", tick_usd=0.01),
    *_pair("equity_other", 0.05, 0.10),
)


def _rules_of(tick_class: str) -> list[TickRule]:
    rules = [rule for rule in TICK_RULES if rule.tick_class == tick_class]
    if not rules:
        known = ", ".join(sorted({rule.tick_class for rule in TICK_RULES}))
        raise ContractError(f"tick table: expected a tick class among {known}, found {tick_class!r}")
    return sorted(rules, key=lambda rule: (rule.valid_from or "", rule.price_from_usd))


def tick_size(tick_class: str, price: ArrayLike, trade_date: Any) -> FloatArray:
    """Return the minimum increment that applies to each premium of one class of roots.

    Parameters
    ----------
    tick_class : str
    price : array_like
        Premium. [USD per share]
    trade_date : date, datetime64 or array_like of them
        Session of the quote; rules with a date do not apply to NaT.

    Returns
    -------
    ndarray
        Tick in the broadcast shape. [USD per share] A negative or NaN premium yields NaN.

    Raises
    ------
    ContractError
        The class is not in the table.

    Examples
    --------
    >>> tick_size("VIX", [2.99, 3.0], "2022-10-03").tolist()
    [0.01, 0.05]
    >>> tick_size("VIX", [2.99, 3.0], "2022-09-30").tolist()
    [0.05, 0.1]
    """
    prices = np.asarray(price, dtype=np.float64)
    days = np.asarray(trade_date, dtype="datetime64[D]")
    result = np.full(np.broadcast_shapes(prices.shape, days.shape), np.nan)
    for rule in _rules_of(tick_class):
        applies = prices >= rule.price_from_usd
        if rule.valid_from is not None:
            applies = applies & (days >= np.datetime64(rule.valid_from))
        result = np.where(applies, rule.tick_usd, result)
    return result


def tick_sizes(classes: Sequence[str], codes: NDArray[Any], price: FloatArray, trade_date: Any) -> FloatArray:
    """Return `tick_size` of premiums of several classes, each named by its code; NaN where the name is empty."""
    days = np.broadcast_to(np.asarray(trade_date, dtype="datetime64[D]"), price.shape)
    result = np.full(price.shape, np.nan)
    for name in set(classes) - {""}:
        mine = np.array([each == name for each in classes])[codes]
        result[mine] = tick_size(name, price[mine], days[mine])
    return result


def quote_ticks(quotes: pd.DataFrame, price: FloatArray, universe: Mapping[str, Asset]) -> FloatArray:
    """Return the tick of a price of every quote, by its root and date; NaN where the root is none of the universe.

    Parameters
    ----------
    quotes : DataFrame
        ``root`` and ``trade_date``.
    price : ndarray of shape (n_quotes,)
        [USD per share]
    universe : mapping of str to Asset
    """
    classes = {root.name: root.tick_class for asset in universe.values() for root in asset.roots}
    root = quotes["root"].astype("category")
    by_root = [*(classes.get(str(name), "") for name in root.cat.categories), ""]  # a missing root has code -1
    return tick_sizes(by_root, root.cat.codes.to_numpy(), price, quotes["trade_date"].to_numpy())


def snap_down(price: ArrayLike, tick: ArrayLike) -> FloatArray:
    """Return the largest multiple of the tick at or below each premium, in USD per share."""
    price, tick = np.asarray(price, dtype=np.float64), np.asarray(tick, dtype=np.float64)
    return np.asarray(np.round(np.floor(price / tick + _EPSILON) * tick, 4))


def snap_up(price: ArrayLike, tick: ArrayLike) -> FloatArray:
    """Return the smallest multiple of the tick at or above each premium, in USD per share."""
    price, tick = np.asarray(price, dtype=np.float64), np.asarray(tick, dtype=np.float64)
    return np.asarray(np.round(np.ceil(price / tick - _EPSILON) * tick, 4))
