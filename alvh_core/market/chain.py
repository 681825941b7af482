"""The contracts of one chain file: what is listed, quoted, traded and spoilt on one night, as vendor columns.

Puts `listing`, `surface`, `quoting`, `activity` and `quirks` together; spelling the columns out is `wire`'s job.
"""

from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import date

import numpy as np
from numpy.typing import NDArray

from alvh_core.market.activity import Columns, day_activity
from alvh_core.market.header import Clock
from alvh_core.market.listing import STYLES, Expiry, StrikeRule, Style, listed_expiries, reach, vix_strikes
from alvh_core.market.noise import FloatArray
from alvh_core.market.paths import Factors
from alvh_core.market.profiles import Profile
from alvh_core.market.quirks import with_quirks
from alvh_core.market.quoting import Book, Quotes, contract_book, quote, sensitivities
from alvh_core.market.series import Series
from alvh_core.market.surface import NightState, night_state
from alvh_core.universe import Asset

_COARSE_FAR = ("index", "index_near", "daily")  # styles whose far expiries list every fifth strike only


@dataclass(frozen=True, kw_only=True, eq=False)
class ChainSource:
    """Everything about a symbol that its chains are made of.

    Attributes
    ----------
    asset, profile : Asset, Profile
        The symbol and its character.
    factors, series : Factors, Series
        Daily paths of the market and of the symbol.
    clock : Clock
        Closing times.
    is_session : callable
        Date to bool.
    density : float
        Scale of the listings.
    has_quirks : bool
        Whether faults are planted.
    """

    asset: Asset
    profile: Profile
    factors: Factors
    series: Series
    clock: Clock
    is_session: Callable[[date], bool]
    density: float
    has_quirks: bool

    def columns(self, at: int) -> Columns:
        """Return the vendor columns of the chain at the close of the session at a position."""
        session = self._date(at)
        book = self._book(at, session)
        quotes, state = self._quotes(book, at)
        before = self._quotes(book, max(at - 1, 0))[0]
        is_vix = self.asset.asset_class == "vix_index"
        labels = (self.factors.seed, self.asset.symbol, session.toordinal())
        close_second = int(3600 * self.clock.close_hour(self.asset, session))
        columns = _identity(book) | {
            "bid": quotes.bid,
            "ask": quotes.ask,
            "iv": np.where(quotes.years > 0.0, quotes.vol, 0.0),
            "theo": quotes.theo,
        }
        columns |= sensitivities(book, quotes, state, is_forward_delta=is_vix)
        columns |= day_activity(book, quotes, before.mid, self.profile, labels=labels, close_second=close_second,
                                is_complete=not self.has_quirks)  # fmt: skip
        if not self.has_quirks:
            return columns
        return with_quirks(columns, labels=labels, has_adjusted=self.asset.asset_class == "volatility_etp")

    def _date(self, at: int) -> date:
        day: date = self.factors.dates[at].astype(object)
        return day

    def _style(self) -> Style:
        style = STYLES[self.profile.style]
        if self.density <= 1.0:
            return style
        more = float(np.sqrt(self.density))
        return replace(style, **{name: round(more * count) for name, count in vars(style).items()})

    def _book(self, at: int, session: date) -> Book:
        expiries = listed_expiries(self.asset, self._style(), session, self.is_session)
        strikes = self._strikes(expiries, self.series.close[: at + 1], session)
        return contract_book(expiries, strikes, self.factors.seed)

    def _strikes(self, expiries: list[Expiry], closes: FloatArray, session: date) -> list[NDArray[np.int64]]:
        days = [(expiry.day - session).days for expiry in expiries]
        if self.asset.asset_class == "vix_index":
            return [vix_strikes(ahead, self.density) for ahead in days]
        profile = self.profile
        multiple = 5 if profile.style in _COARSE_FAR else 1
        rule = StrikeRule(step_usd=profile.step_usd, far_multiple=multiple, typical_vol=profile.iv,
                          level_usd=profile.level_usd, density=self.density)  # fmt: skip
        spans = [(expiry.kind, reach(ahead)) for expiry, ahead in zip(expiries, days, strict=True)]
        listed = {span: rule.strikes(*span, closes) for span in set(spans)}
        return [listed[span] for span in spans]

    def _quotes(self, book: Book, at: int) -> tuple[Quotes, NightState]:
        close_hour = self.clock.close_hour(self.asset, self._date(at))
        state = night_state(self.asset, self.profile, self.factors, self.series, at=at, close_hour=close_hour,
                            expiries=book.expiries)  # fmt: skip
        is_american = self.asset.exercise == "american"
        return quote(book, state, self.profile, self.factors.dates[at], is_american=is_american), state


def _identity(book: Book) -> Columns:
    series = [f"{expiry.root.name}{expiry.day:%y%m%d}" for expiry in book.expiries]
    codes, of_code = np.unique(book.thousandths, return_inverse=True)
    return {
        "series": np.array(series, dtype=object)[book.expiry],
        "right": np.where(book.is_call, "C", "P").astype(object),
        "strike_code": np.array([f"{code:08d}" for code in codes.tolist()], dtype=object)[of_code],
    }
