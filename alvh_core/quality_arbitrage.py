"""Arbitrage between contracts that could be locked in at the bid and ask.

The market would not leave it: one of the two or three rows is wrong. Which one is told by how many neighbours it
contradicts; where that is equal, all of them are. Mids that contradict one another are no fault.
"""

from dataclasses import dataclass

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from alvh_core.columns import TWO_SIDED

FloatArray = NDArray[np.float64]
REACH = 4  # neighbours looked at on either side
SLACK_USD = 0.011  # less than a tick and a bit is not worth a fault: fees are more
KINDS = ("monotone_usd", "vertical_usd", "butterfly_usd", "calendar_usd")


@dataclass(frozen=True)
class _Book:
    """Quoted contracts in order, with what tells series apart."""

    position: NDArray[np.int64]
    series: NDArray[np.int64]
    strike: FloatArray
    bid: FloatArray
    ask: FloatArray
    is_call: NDArray[np.bool_]


def arbitrage_columns(quotes: pd.DataFrame, is_american: NDArray[np.bool_], *,
                      skip: NDArray[np.bool_] | None = None) -> dict[str, FloatArray]:  # fmt: skip
    """Return the largest profit that each contract's quote offers against its neighbours.

    Parameters
    ----------
    quotes : DataFrame
        `OPTION_QUOTES`.
    is_american : ndarray of bool
        Per row. Only there a longer life cannot be worth less: European calls pay no dividend, and the expiries of VIX
        are options on different futures.
    skip : ndarray of bool, optional
        Rows that are out already and blame nobody.

    Returns
    -------
    dict of str to ndarray of shape (n_quotes,)
        `KINDS`, 0 up to `SLACK_USD`. [USD per share] ``monotone``: a call of higher strike (put of lower) bids more
        than the other asks. ``vertical``: the difference is more than the strikes are apart. ``butterfly``: the middle
        bids more than both wings ask. ``calendar``: the shorter bids more than the longer asks, same root and strike.
    """
    usable = (quotes["quote_flag"].isin(TWO_SIDED) & ~quotes["is_adjusted"]
              & (quotes["bid_usd"] > 0) & (quotes["ask_usd"] >= quotes["bid_usd"])
              & np.isfinite(quotes["ask_usd"]) & (quotes["strike_usd"] > 0)).to_numpy()  # fmt: skip
    at = np.flatnonzero(usable & ~quotes["osi_symbol"].duplicated(keep=False).to_numpy())
    at = at if skip is None else at[~skip[at]]
    tally = _Tally(len(quotes))
    order = _ordered(quotes, at, ["root", "expiry_date", "option_right"], "strike_usd")
    _strike_faults(_book(quotes, *order), tally)
    order = _ordered(quotes, at[is_american[at]], ["root", "option_right", "strike_usd"], "expiry_date")
    _life_faults(_book(quotes, *order), tally)
    return tally.blame()


def _ordered(quotes: pd.DataFrame, at: NDArray[np.int64], series: list[str],
             along: str) -> tuple[NDArray[np.int64], NDArray[np.int64]]:  # fmt: skip
    """Return the rows series by series, and the number of each row's series."""
    chosen = quotes[[*series, along]].iloc[at]
    codes = _codes(chosen, series)
    order = np.lexsort((chosen[along].to_numpy(), codes))
    return at[order], codes[order]


def _codes(frame: pd.DataFrame, names: list[str]) -> NDArray[np.int64]:
    result = np.zeros(len(frame), dtype=np.int64)
    for name in names:
        codes, distinct = pd.factorize(frame[name])
        result = result * (len(distinct) + 1) + codes
    return result


def _book(quotes: pd.DataFrame, at: NDArray[np.int64], series: NDArray[np.int64]) -> _Book:
    strike, bid, ask = (quotes[name].to_numpy()[at] for name in ("strike_usd", "bid_usd", "ask_usd"))
    return _Book(at, series, strike, bid, ask, quotes["option_right"].eq("C").to_numpy(dtype=bool)[at])


class _Tally:
    """Sets of two or three rows that contradict one another, of all kinds, and the rows that are to blame."""

    def __init__(self, count: int) -> None:
        self._rows, self._profit, self._kind = [np.zeros((0, 3), np.int64)], [np.zeros(0)], [np.zeros(0, np.int64)]
        self._count = count

    def add(self, kind: str, book: _Book, rows: tuple[NDArray[np.int64], ...], profit: FloatArray) -> None:
        """Note the sets of rows that offer more than the slack."""
        hit = profit > SLACK_USD
        found = np.full((int(hit.sum()), 3), self._count)  # beyond the last row: nobody
        for place, part in enumerate(rows):
            found[:, place] = book.position[part[hit]]
        self._rows.append(found)
        self._profit.append(profit[hit])
        self._kind.append(np.full(len(found), KINDS.index(kind)))

    def blame(self) -> dict[str, FloatArray]:
        """Return by kind the largest profit of every guilty row, 0 for the others.

        The row that is part of most contradictions is guilty of them; without it the rest is looked at again. Where
        all rows of a set are part of as many, all are guilty.
        """
        rows, profit, kind = (np.concatenate(parts) for parts in (self._rows, self._profit, self._kind))
        result = np.zeros((len(KINDS), self._count + 1))
        while len(rows):
            count = np.bincount(rows.ravel(), minlength=self._count + 1)
            count[self._count] = 0
            of_row = count[rows]
            most = of_row == of_row.max(axis=1, keepdims=True)
            alone = most & (most.sum(axis=1) == 1)[:, None]
            guilty = alone & (of_row == of_row[alone].max()) if alone.any() else most
            where = np.broadcast_to(kind[:, None], rows.shape)
            blamed = np.zeros(self._count + 1, dtype=bool)
            blamed[rows[guilty]] = True
            inside = blamed[rows]
            # every set of a guilty row is its fault, also of kinds where another row is in more sets
            np.maximum.at(result, (where[inside], rows[inside]), np.broadcast_to(profit[:, None], rows.shape)[inside])
            keep = ~inside.any(axis=1)
            rows, profit, kind = rows[keep], profit[keep], kind[keep]
        return {name: result[place, : self._count] for place, name in enumerate(KINDS)}


def _strike_faults(book: _Book, tally: _Tally) -> None:
    count = len(book.strike)
    for step in range(1, min(REACH, count - 1) + 1):
        low = np.arange(count - step)
        low = low[book.series[low] == book.series[low + step]]
        high = low + step
        # the dearer of the two by right: calls fall with the strike, puts rise
        calls = book.is_call[low]
        rich, poor = np.where(calls, low, high), np.where(calls, high, low)
        width = book.strike[high] - book.strike[low]
        tally.add("monotone_usd", book, (rich, poor), book.bid[poor] - book.ask[rich])
        tally.add("vertical_usd", book, (rich, poor), book.bid[rich] - book.ask[poor] - width)
        middle = np.arange(step, count - step)
        left, right = middle - step, middle + step
        same = (book.series[left] == book.series[right]) & (book.strike[left] < book.strike[right])
        left, middle, right = left[same], middle[same], right[same]
        weight = (book.strike[right] - book.strike[middle]) / (book.strike[right] - book.strike[left])
        wings = weight * book.ask[left] + (1.0 - weight) * book.ask[right]
        tally.add("butterfly_usd", book, (left, middle, right), book.bid[middle] - wings)


def _life_faults(book: _Book, tally: _Tally) -> None:
    count = len(book.strike)
    for step in range(1, min(REACH, count - 1) + 1):
        short = np.arange(count - step)
        short = short[book.series[short] == book.series[short + step]]
        tally.add("calendar_usd", book, (short, short + step), book.bid[short] - book.ask[short + step])
