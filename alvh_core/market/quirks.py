"""Planted faults: what real files get wrong, at rates that leave a night healthy.

Zeroed greeks, lost trade times, locked, crossed and absurd quotes, adjusted roots, previous closes rolled too early.
All are decided by the seed, the symbol and the session. Honest quotes are in `quoting`.
"""

import numpy as np
from numpy.typing import NDArray

from alvh_core.market.activity import NEVER, Columns
from alvh_core.market.noise import generator

ABSURD_ASK_USD = 4999.0
GREEKS = ("iv", "delta", "gamma", "vega", "theta", "rho", "theo")

_ZERO_GREEKS, _LOST_TIME, _LOCKED, _CROSSED, _EARLY_ROLL = 0.002, 0.01, 0.001, 0.0003, 0.003  # shares of rows
_ABSURD_NIGHTS = 0.15  # share of nights with one absurd offer
_MOST_BAD = 0.004  # of a chain's rows, so that a thin chain stays clean
_ADJUSTED_STRIKES = 2


def with_quirks(columns: Columns, *, labels: tuple[str | int, ...], has_adjusted: bool) -> Columns:
    """Return the columns of a chain with faults planted.

    Parameters
    ----------
    columns : dict of str to ndarray
        Clean vendor columns; not changed.
    labels : tuple
        Seed, symbol and session ordinal.
    has_adjusted : bool
        Whether some contracts of an adjusted root are appended, e.g. ``VXX1``.
    """
    seed, *rest = labels
    rng = generator(int(seed), "quirks", *rest)
    found = {name: column.copy() for name, column in columns.items()}
    draws = rng.random((5, len(found["bid"])))
    _spoil_greeks(found, draws[0])
    found["trade_age"][(draws[1] < _LOST_TIME) & (found["volume"] == 0.0)] = NEVER
    allowed = int(_MOST_BAD * len(found["bid"]))
    _lock_and_cross(found, draws[2:4], allowed)
    early = draws[4] < _EARLY_ROLL
    found["prev_day_close"][early] = ((found["bid"] + found["ask"]) / 2.0)[early]
    no_bid = np.flatnonzero(found["bid"] == 0.0)
    if allowed and len(no_bid) and rng.random() < _ABSURD_NIGHTS:
        found["ask"][rng.choice(no_bid)] = ABSURD_ASK_USD
    return _append_adjusted(found) if has_adjusted else found


def _spoil_greeks(found: Columns, draw: NDArray[np.float64]) -> None:
    worthless = (found["bid"] == 0.0) & (found["theo"] < 0.005)
    for name in GREEKS:
        found[name][worthless | (draw < _ZERO_GREEKS)] = 0.0
    deep = np.abs(found["delta"]) > 0.999  # iv is not computed there, but delta is
    found["iv"][deep] = 0.0


def _lock_and_cross(found: Columns, draws: NDArray[np.float64], allowed: int) -> None:
    two_sided = found["bid"] > 0.0
    locked = np.flatnonzero(two_sided & (draws[0] < _LOCKED))[:allowed]
    found["ask"][locked] = found["bid"][locked]
    crossed = np.flatnonzero(two_sided & (draws[1] < _CROSSED))[:allowed]
    bid, ask = found["bid"][crossed], found["ask"][crossed]
    found["bid"][crossed], found["ask"][crossed] = np.maximum(ask, bid + 0.05), bid


def _append_adjusted(found: Columns) -> Columns:
    """Append copies of some contracts near the money under the root with a digit, worth a quarter each."""
    order = np.argsort(np.abs(np.abs(found["delta"]) - 0.5), kind="stable")
    series = found["series"][order[0]]
    same = (found["series"][order] == series) & (found["right"][order] == "C")
    calls = order[same][:_ADJUSTED_STRIKES].tolist()
    rows = np.array([row for at in calls for row in (at, at + 1)], dtype=np.int64)
    extra = {name: column[rows] for name, column in found.items()}
    extra["series"] = np.array([f"{text[:-6]}1{text[-6:]}" for text in extra["series"].tolist()], dtype=object)
    for name in ("bid", "ask", "theo", "open", "high", "low", "last_trade_price", "prev_day_close"):
        extra[name] = np.round(extra[name] / 4.0, 2)
    extra["open_interest"], extra["volume"] = np.full(len(rows), 12.0), np.zeros(len(rows))
    return {name: np.concatenate([column, extra[name]]) for name, column in found.items()}
