"""Arbitrage between contracts: what could be locked in at the bid and ask, and what only the mids contradict.

A contradiction at the mids is a score: half the quotes of any real chain have one. One that could be traded is a fault,
for the market would not leave it: one of the two or three rows is wrong. Which one is told by how many neighbours it
contradicts; where that is equal, all of them are.
"""

from dataclasses import dataclass

import numpy as np
import pandas as pd
from numpy.typing import NDArray

FloatArray = NDArray[np.float64]
REACH = 4  # neighbours looked at on either side
SLACK_USD = 0.011  # less than a tick and a bit is not worth a fault: fees are more
KINDS = ("monotone_usd", "vertical_usd", "butterfly_usd", "calendar_usd")


@dataclass(frozen=True)
class _Book:
    """Quoted contracts in order, with what tells series apart."""

    series: NDArray[np.int64]
    strike: FloatArray
    bid: FloatArray
    ask: FloatArray
    is_call: NDArray[np.bool_]


def arbitrage_columns(quotes: pd.DataFrame, is_american: NDArray[np.bool_], *, at_mid: bool = False,
                      slack_usd: float = SLACK_USD) -> dict[str, FloatArray]:  # fmt: skip
    """Return the largest profit that each contract's quote offers against its neighbours.

    Parameters
    ----------
    quotes : DataFrame
        `OPTION_QUOTES`.
    is_american : ndarray of bool
        Per row. Only there a longer life cannot be worth less: European calls pay no dividend, and the expiries of VIX
        are options on different futures.
    at_mid : bool
        Take mids for both sides: the score.
    slack_usd : float
        Smaller profits do not count.

    Returns
    -------
    dict of str to ndarray of shape (n_quotes,)
        `KINDS`, 0 where there is none. [USD per share] ``monotone``: a call of higher strike (put of lower) bids more
        than the other asks. ``vertical``: the difference is more than the strikes are apart. ``butterfly``: the middle
        bids more than both wings ask. ``calendar``: the shorter bids more than the longer asks, same root and strike.
    """
    usable = (quotes["quote_flag"].isin(["OK", "LOCKED"]) & ~quotes["is_adjusted"]
              & (quotes["bid_usd"] > 0) & (quotes["ask_usd"] >= quotes["bid_usd"])
              & np.isfinite(quotes["ask_usd"]) & (quotes["strike_usd"] > 0)).to_numpy()  # fmt: skip
    at = np.flatnonzero(usable & ~quotes.duplicated(["osi_symbol"], keep=False).to_numpy())
    chosen = quotes.iloc[at]
    groups = _codes(chosen, ["root", "expiry_date", "option_right"])
    by_strike = np.lexsort((chosen["strike_usd"].to_numpy(), groups))
    found = _strike_faults(_book(chosen.iloc[by_strike], groups[by_strike], at_mid), slack_usd)
    result = {name: np.zeros(len(quotes)) for name in KINDS}
    for name, value in found.items():
        result[name][at[by_strike]] = value
    american = at[is_american[at]]
    if len(american):
        chosen = quotes.iloc[american]
        groups = _codes(chosen, ["root", "option_right", "strike_usd"])
        by_life = np.lexsort((chosen["expiry_date"].to_numpy(), groups))
        result["calendar_usd"][american[by_life]] = _life_faults(
            _book(chosen.iloc[by_life], groups[by_life], at_mid), slack_usd
        )
    return result


def _codes(frame: pd.DataFrame, names: list[str]) -> NDArray[np.int64]:
    result = np.zeros(len(frame), dtype=np.int64)
    for name in names:
        codes, distinct = pd.factorize(frame[name])
        result = result * (len(distinct) + 1) + codes
    return result


def _book(ordered: pd.DataFrame, series: NDArray[np.int64], at_mid: bool) -> _Book:
    bid, ask = ordered["bid_usd"].to_numpy(), ordered["ask_usd"].to_numpy()
    mid = (bid + ask) / 2.0
    return _Book(series, ordered["strike_usd"].to_numpy(), mid if at_mid else bid, mid if at_mid else ask,
                 ordered["option_right"].eq("C").to_numpy(dtype=bool))  # fmt: skip


class _Tally:
    """Sets of rows that contradict one another, and the rows that are to blame."""

    def __init__(self, count: int, slack_usd: float) -> None:
        self._rows: list[NDArray[np.int64]] = []
        self._profit: list[FloatArray] = []
        self._count, self._slack = count, slack_usd

    def add(self, rows: tuple[NDArray[np.int64], ...], profit: FloatArray) -> None:
        """Note the sets of rows that offer more than the slack."""
        hit = profit > self._slack
        if hit.any():
            self._rows.append(np.stack([part[hit] for part in rows], axis=1))
            self._profit.append(profit[hit])

    def blame(self) -> FloatArray:
        """Return the largest profit of every guilty row, 0 for the others.

        A row that is part of more contradictions than any other of its sets is guilty of them; without it the rest is
        looked at again. Where all rows of a set are part of as many, all are guilty.
        """
        result = np.zeros(self._count)
        if not self._rows:
            return result
        rows, profit = np.concatenate(self._rows), np.concatenate(self._profit)
        while len(rows):
            count = np.bincount(rows.ravel(), minlength=self._count)[rows]
            most = count == count.max(axis=1, keepdims=True)
            alone = most.sum(axis=1) == 1
            is_clear = most & (count == count.max(where=alone[:, None], initial=0)) & alone[:, None]
            guilty = is_clear if is_clear.any() else most
            np.maximum.at(result, rows[guilty], np.broadcast_to(profit[:, None], rows.shape)[guilty])
            keep = ~np.isin(rows, rows[guilty]).any(axis=1)
            rows, profit = rows[keep], profit[keep]
        return result


def _strike_faults(book: _Book, slack_usd: float) -> dict[str, FloatArray]:
    count = len(book.strike)
    monotone, vertical, butterfly = (_Tally(count, slack_usd) for _ in range(3))
    for step in range(1, min(REACH, count - 1) + 1):
        low = np.arange(count - step)
        high = low + step
        same = book.series[low] == book.series[high]
        low, high = low[same], high[same]
        # the dearer of the two by right: calls fall with the strike, puts rise
        calls = book.is_call[low]
        rich, poor = np.where(calls, low, high), np.where(calls, high, low)
        monotone.add((rich, poor), book.bid[poor] - book.ask[rich])
        vertical.add((rich, poor), book.bid[rich] - book.ask[poor] - (book.strike[high] - book.strike[low]))
        middle = np.arange(step, count - step)
        left, right = middle - step, middle + step
        same = (book.series[left] == book.series[right]) & (book.strike[left] < book.strike[right])
        left, middle, right = left[same], middle[same], right[same]
        weight = (book.strike[right] - book.strike[middle]) / (book.strike[right] - book.strike[left])
        wings = weight * book.ask[left] + (1.0 - weight) * book.ask[right]
        butterfly.add((left, middle, right), book.bid[middle] - wings)
    return {"monotone_usd": monotone.blame(), "vertical_usd": vertical.blame(), "butterfly_usd": butterfly.blame()}


def _life_faults(book: _Book, slack_usd: float) -> FloatArray:
    count = len(book.strike)
    tally = _Tally(count, slack_usd)
    for step in range(1, min(REACH, count - 1) + 1):
        short = np.arange(count - step)
        same = book.series[short] == book.series[short + step]
        short = short[same]
        tally.add((short, short + step), book.bid[short] - book.ask[short + step])
    return tally.blame()
