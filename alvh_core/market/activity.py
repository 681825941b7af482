"""Trading activity of a night: sizes, volume, open interest, last trades and daily extremes of every contract.

Heavy-tailed and concentrated near the money, about half of the contracts without a trade. Quotes are in `quoting`.
"""

from typing import Any

import numpy as np
from numpy.typing import NDArray

from alvh_core.market.noise import FloatArray, generator, hashed_normal, hashed_uniform
from alvh_core.market.profiles import Profile
from alvh_core.market.quoting import Book, Quotes
from alvh_core.ticks import snap_down

OPEN_SECOND = 34_200  # 09:30 New York
NEVER = -1
_SALT_INTEREST, _SALT_EVER = 21, 22
_OLDEST_TRADE_SESSIONS = 60

Columns = dict[str, NDArray[Any]]


def day_activity(
    book: Book,
    quotes: Quotes,
    previous_mid: FloatArray,
    profile: Profile,
    *,
    labels: tuple[str | int, ...],
    close_second: int,
    is_complete: bool,
) -> Columns:
    """Return the activity columns of a night.

    Parameters
    ----------
    book, quotes : Book, Quotes
        Contracts and tonight's quotes.
    previous_mid : ndarray of shape (n_contracts,)
        Last night's mids; changes are measured from them. [USD per share]
    profile : Profile
        How actively the symbol trades.
    labels : tuple
        Seed, symbol and session ordinal: the identity of the night's random stream.
    close_second : int
        Close, New York. [seconds of the day]
    is_complete : bool
        Whether every contract has traded some day; otherwise some never have, and have no time of trade.

    Returns
    -------
    dict of str to ndarray
        Vendor columns, and ``trade_second`` (second of the day of the last trade) and ``trade_age`` (sessions since it,
        -1: never traded).
    """
    seed, *rest = labels
    rng = generator(int(seed), "activity", *rest)
    count = len(book.keys)
    score = _interest_score(quotes, book) + 1.5 * rng.standard_normal(count)
    score -= 0.0 if profile.activity >= 20 else 0.8
    traded = score > 0.0
    volume = np.where(traded, np.ceil(0.15 * profile.activity * np.exp(1.2 * np.minimum(score, 6.0))), 0.0)
    lasting = _interest_score(quotes, book) + 1.6 * hashed_normal(book.keys, _SALT_INTEREST)
    interest = np.floor(0.8 * profile.activity * np.exp(1.1 * np.minimum(lasting, 6.0)))
    sizes = np.ceil(np.exp(np.log(4.0 + profile.activity / 3.0) + 0.8 * rng.standard_normal((2, count))))
    ever = is_complete | traded | (interest > 0.0) | (hashed_uniform(book.keys, _SALT_EVER) < 0.5)
    age = np.where(traded, 0, 1 + np.floor(_OLDEST_TRADE_SESSIONS * rng.random(count) ** 2).astype(np.int64))
    columns: Columns = {
        "bid_size": np.where(quotes.bid > 0.0, sizes[0], 0.0),
        "ask_size": sizes[1],
        "open_interest": interest,
        "volume": volume,
        "trade_age": np.where(ever, age, NEVER),
        "trade_second": OPEN_SECOND
        + np.floor((close_second - OPEN_SECOND) * rng.random(count) ** 0.6).astype(np.int64),
    }
    return columns | _prices(quotes, previous_mid, traded=traded, ever=ever, draws=rng.random((4, count)))


def _interest_score(quotes: Quotes, book: Book) -> FloatArray:
    """Return how attractive a contract is: near the money and near in time, zero for the median contract.

    The time value of a strike is that of its cheaper contract, call or put.
    """
    atm = np.sqrt(np.maximum(quotes.years, 1e-4))
    time_value = np.repeat(np.maximum(quotes.theo.reshape(-1, 2).min(axis=1), 0.0), 2)
    cheap = np.log1p(time_value / np.maximum(quotes.tick, 0.01))
    spread = (quotes.ask - quotes.bid) / np.maximum(quotes.mid, 0.01)
    score = 0.8 * np.minimum(cheap, 3.0) - 0.8 * np.minimum(spread, 2.0) - 1.2 * atm
    round_strike = np.where(book.thousandths % 5000 == 0, 0.5, 0.0)
    score = score + round_strike
    return np.asarray(score - np.median(score), dtype=np.float64)


def _prices(
    quotes: Quotes, previous_mid: FloatArray, *, traded: NDArray[np.bool_], ever: NDArray[np.bool_], draws: FloatArray
) -> Columns:
    place = quotes.bid + (quotes.ask - quotes.bid) * draws[0]
    last = np.maximum(snap_down(place, quotes.tick), quotes.tick)
    swing = 0.25 * np.abs(quotes.theo - previous_mid) + 0.04 * last
    high = np.maximum(snap_down(last + swing * draws[1], quotes.tick), last)
    low = np.minimum(np.maximum(snap_down(last - swing * draws[2], quotes.tick), quotes.tick), last)
    opened = np.clip(snap_down(low + (high - low) * draws[3], quotes.tick), low, high)
    change = np.where(traded, np.round(last - previous_mid, 4), 0.0)
    direction = np.where(change > 0.0, "up", np.where(change < 0.0, "down", "no_change"))
    percent = np.divide(100.0 * change, previous_mid, out=np.zeros_like(change), where=previous_mid > 0.0)
    return {
        "change": change,
        "open": np.where(traded, opened, 0.0),
        "high": np.where(traded, high, 0.0),
        "low": np.where(traded, low, 0.0),
        "tick": direction,
        "last_trade_price": np.where(ever, last, 0.0),
        "percent_change": percent,
        "prev_day_close": previous_mid,
    }
