"""Contracts and their quotes: model value, half-spread and the tick grid.

A quote depends on the seed, the contract and the session only, so tonight's previous close is exactly last night's mid.
Trading activity is in `activity`; planted faults are in `quirks`.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from alvh_core.black import greeks, price
from alvh_core.market.listing import Expiry
from alvh_core.market.noise import FloatArray, hashed_normal, hashed_uniform, mix, name_code
from alvh_core.market.profiles import Profile
from alvh_core.market.surface import NightState, smile_vol
from alvh_core.ticks import snap_down, snap_up, tick_sizes

_LASTING_NOISE, _NIGHTLY_NOISE = 0.15, 0.12  # of the log spread of a contract
_LEAN = 0.25  # largest distance of the mid from the model value [half-spreads]
_SALT_LASTING, _SALT_NIGHT, _SALT_LEAN = 11, 12, 13


@dataclass(frozen=True, eq=False)
class Book:
    """The contracts of one file; arrays of shape (n_contracts,), calls and puts of a strike alternating.

    Attributes
    ----------
    expiries : list of Expiry
        Listed expiries.
    expiry : ndarray of int
        Position in `expiries`.
    thousandths : ndarray of int
        Strike. [thousandths of a USD]
    is_call : ndarray of bool
    keys : ndarray of uint64
        Identity of the contract under the seed, for hashed draws.
    """

    expiries: Sequence[Expiry]
    expiry: NDArray[np.int64]
    thousandths: NDArray[np.int64]
    is_call: NDArray[np.bool_]
    keys: NDArray[np.uint64]

    @property
    def strike(self) -> FloatArray:
        """Strikes. [USD]."""
        return self.thousandths / 1000.0


def contract_book(expiries: Sequence[Expiry], strikes: Sequence[NDArray[np.int64]], seed: int) -> Book:
    """Lay out calls and puts of every expiry, ascending.

    Parameters
    ----------
    expiries : sequence of Expiry
        In file order.
    strikes : sequence of ndarray
        Strikes per expiry. [thousandths of a USD]
    seed : int
        Seed of the market.
    """
    counts = [2 * len(of_expiry) for of_expiry in strikes]
    expiry = np.repeat(np.arange(len(expiries)), counts)
    thousandths = np.repeat(np.concatenate(strikes), 2)
    is_call = np.arange(len(expiry)) % 2 == 0
    codes = [(name_code(e.root.name) << 24) ^ e.day.toordinal() for e in expiries]
    base = mix(np.array(codes, dtype=np.uint64) ^ mix(np.uint64(seed & ((1 << 64) - 1))))
    contract = (2 * thousandths + is_call).astype(np.uint64)
    return Book(
        expiries=expiries, expiry=expiry, thousandths=thousandths, is_call=is_call, keys=mix(base[expiry] ^ contract)
    )


@dataclass(frozen=True, eq=False)
class Quotes:
    """One night's quotes of a book; arrays of shape (n_contracts,).

    Attributes
    ----------
    theo, bid, ask : ndarray
        Model value, best bid (zero: nobody bids) and best offer. [USD per share]
    vol, years : ndarray
        Model volatility [fraction], time to settlement [years].
    tick : ndarray
        Increment at the model value. [USD per share]
    """

    theo: FloatArray
    bid: FloatArray
    ask: FloatArray
    vol: FloatArray
    years: FloatArray
    tick: FloatArray

    @property
    def mid(self) -> FloatArray:
        """Middle of the quote. [USD per share]."""
        return np.asarray(np.round((self.bid + self.ask) / 2.0, 4))


def quote(book: Book, state: NightState, profile: Profile, session: np.datetime64, *, is_american: bool) -> Quotes:
    """Quote every contract of a book at one close.

    Parameters
    ----------
    book : Book
        The contracts.
    state : NightState
        The market at that close.
    profile : Profile
        Spread level and smile.
    session : datetime64[D]
        The night; picks the nightly draws and the tick table.
    is_american : bool
        Values below the intrinsic value of immediate exercise are lifted to it.

    Returns
    -------
    Quotes
        Bids are rounded down to the tick and offers up, with at least one tick between them.
    """
    forward, years, atm = state.forward[book.expiry], state.years[book.expiry], state.vol[book.expiry]
    discount = state.discount[book.expiry]
    vol = smile_vol(profile, book.strike, forward, years, atm)
    theo = price(forward, book.strike, years, vol, discount, book.is_call)
    if is_american:
        theo = np.maximum(theo, np.where(book.is_call, 1.0, -1.0) * (state.spot - book.strike))
    reference = 0.4 * discount * forward * atm * np.sqrt(years)
    half = 0.5 * _width(book, state, profile, session) * np.sqrt(theo * reference)
    mid = theo + _LEAN * half * (2.0 * hashed_uniform(book.keys, _night_salt(_SALT_LEAN, session)) - 1.0)
    bid = np.maximum(mid - half, 0.0)
    bid = snap_down(bid, _ticks(book, bid, session))
    ask = np.maximum(mid + half, bid + _ticks(book, bid, session))
    ask = snap_up(ask, _ticks(book, ask, session))
    return Quotes(theo=theo, bid=bid, ask=ask, vol=vol, years=years, tick=_ticks(book, theo, session))


def _night_salt(salt: int, session: np.datetime64) -> int:
    return salt * 1_000_003 + int(session.astype(np.int64))


def _width(book: Book, state: NightState, profile: Profile, session: np.datetime64) -> FloatArray:
    noise = _LASTING_NOISE * hashed_normal(book.keys, _SALT_LASTING)
    noise += _NIGHTLY_NOISE * hashed_normal(book.keys, _night_salt(_SALT_NIGHT, session))
    return np.asarray(profile.spread_frac * state.liquidity * np.exp(noise), dtype=np.float64)


def _ticks(book: Book, premium: FloatArray, session: np.datetime64) -> FloatArray:
    return tick_sizes([expiry.root.tick_class for expiry in book.expiries], book.expiry, premium, session)


def sensitivities(book: Book, quotes: Quotes, state: NightState, *, is_forward_delta: bool) -> dict[str, FloatArray]:
    """Return the greeks in the vendor's units.

    Parameters
    ----------
    book, quotes, state : Book, Quotes, NightState
        The night.
    is_forward_delta : bool
        Deltas of VIX options are per point of the future, all others per point of spot.

    Returns
    -------
    dict of str to ndarray
        ``delta`` and ``gamma`` per 1.00 of the underlying, ``vega`` per volatility point, ``theta`` per calendar day,
        ``rho`` per 1 %. Contracts without time have the delta of the payoff and zeros.
    """
    forward, years, discount = state.forward[book.expiry], quotes.years, state.discount[book.expiry]
    values = greeks(forward, book.strike, years, quotes.vol, discount, book.is_call)
    scale = discount if is_forward_delta else discount * forward / state.spot
    side = np.where(book.is_call, 1.0, -1.0)
    settled = np.where(side * (forward - book.strike) > 0.0, side, 0.0)
    cash_leg = discount * forward * values.delta_fwd - quotes.theo
    found = {
        "delta": np.where(years > 0.0, scale * values.delta_fwd, settled),
        "gamma": values.gamma * (scale / discount) ** 2,
        "vega": values.vega / 100.0,
        "theta": values.theta / 365.0,
        "rho": cash_leg * years / 100.0,
    }
    return {name: np.nan_to_num(value) for name, value in found.items()}
