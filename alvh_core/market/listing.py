"""What is listed on a night: the expiries of each root and the strikes of each expiry.

Follows the listing programmes in outline: dailies and weeklies near, standard monthlies, quarter ends and LEAPS far,
VIX on its own Wednesdays. Strikes once near the money stay listed for months. Values and quotes are elsewhere.
"""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import date, timedelta
from types import MappingProxyType

import numpy as np
from numpy.typing import NDArray

from alvh_core.expiries import (
    ONE_DAY,
    IsSession,
    is_vix_monthly,
    last_session_on_or_before,
    month_end,
    monthly_expiry,
    next_month,
    vix_settlement,
    vix_week_settlement,
)
from alvh_core.market.noise import FloatArray
from alvh_core.universe import PM, Asset, Root

DAILY, WEEKLY, MONTHLY = "daily", "weekly", "monthly"
FAR_DAYS = 150
_LEAP_DAYS = 400
_QUARTER_MONTHS = (3, 6, 9, 12)
# typical life [days]; sessions whose range stays listed, coarse and fine; half-width of the fine strikes [deviations]
_WIDTHS = MappingProxyType({DAILY: (12.0, 10, 5, 1.2), WEEKLY: (45.0, 32, 10, 0.8), MONTHLY: (150.0, 160, 70, 0.45)})


@dataclass(frozen=True, kw_only=True)
class Style:
    """How many expiries of each kind a symbol lists.

    Attributes
    ----------
    dailies, weeklies, month_ends, monthlies, quarterlies, leaps : int
        Count of the next sessions, Fridays, month ends, standard monthlies in a row, standard monthlies of the
        March cycle, and Januaries.
    twins : int
        Third Fridays on which the PM root lists beside the AM root.
    """

    dailies: int = 0
    weeklies: int = 0
    month_ends: int = 0
    monthlies: int = 3
    quarterlies: int = 0
    leaps: int = 0
    twins: int = 0


STYLES = MappingProxyType({
    "index": Style(dailies=10, weeklies=7, month_ends=5, monthlies=12, quarterlies=6, leaps=2, twins=12),
    "index_near": Style(dailies=8, weeklies=5, month_ends=3, monthlies=8, quarterlies=4, leaps=1, twins=6),
    "daily": Style(dailies=9, weeklies=6, month_ends=3, monthlies=8, quarterlies=4, leaps=2),
    "weekly": Style(weeklies=6, monthlies=8, quarterlies=3, leaps=2),
    "monthly": Style(monthlies=3, quarterlies=3, leaps=1),
    "thin": Style(monthlies=3, quarterlies=3),
    "vix": Style(weeklies=5, monthlies=10),
})  # fmt: skip


@dataclass(frozen=True)
class Expiry:
    """One listed expiry of one root; ``kind`` (daily, weekly, monthly) decides the width of its strikes."""

    day: date
    root: Root
    kind: str


def listed_expiries(asset: Asset, style: Style, session: date, is_session: IsSession) -> list[Expiry]:
    """Return the expiries of a symbol at the close of a session.

    Parameters
    ----------
    asset : Asset
        Its roots decide settlement: standard monthlies go to the root that ``is_monthly``, the rest to the other.
    style : Style
        How many of each kind.
    session : date
        Today. An expiry that settled this morning is gone; one that settles this afternoon is still in the file.
    is_session : callable
        Date to bool.

    Returns
    -------
    list of Expiry
        Ascending by date, the monthly root first.
    """
    standard = next((root for root in asset.roots if root.is_monthly), asset.roots[0])
    other = next((root for root in asset.roots if not root.is_monthly), standard)
    if asset.asset_class == "vix_index":
        found = _vix_expiries(standard, other, style, session, is_session)
    else:
        found = _share_expiries(standard, other, style, session, is_session)
    alive = [
        expiry for expiry in found if expiry.day > session or (expiry.day == session and expiry.root.settlement == PM)
    ]
    return sorted(alive, key=lambda expiry: (expiry.day, expiry.root is not standard))


def _vix_expiries(standard: Root, weekly: Root, style: Style, session: date, is_session: IsSession) -> list[Expiry]:
    monthlies = [
        Expiry(day, standard, MONTHLY) for day in _months(session, style.monthlies, vix_settlement, is_session)
    ]
    wednesday = session + timedelta(days=(2 - session.weekday()) % 7)
    weeks = [wednesday + timedelta(days=7 * week) for week in range(style.weeklies + 3)]
    days = [vix_week_settlement(week, is_session) for week in weeks if not is_vix_monthly(week)]
    return monthlies + [Expiry(day, weekly, WEEKLY) for day in days if day > session][: style.weeklies]


def _share_expiries(standard: Root, other: Root, style: Style, session: date, is_session: IsSession) -> list[Expiry]:
    in_a_row = _months(session, style.monthlies, monthly_expiry, is_session)
    cycle = _months(session, style.quarterlies, monthly_expiry, is_session, _QUARTER_MONTHS)
    leaps = _months(session, style.leaps, monthly_expiry, is_session, (1,))
    months = {day: Expiry(day, standard, MONTHLY) for day in [*in_a_row, *cycle, *leaps]}
    fridays = [session + timedelta(days=(4 - session.weekday()) % 7 + 7 * week) for week in range(style.weeklies)]
    more = {last_session_on_or_before(friday, is_session): WEEKLY for friday in fridays}
    more |= dict.fromkeys(_months(session, style.month_ends, month_end, is_session), MONTHLY)
    more |= {day: more.get(day, DAILY) for day in _next_sessions(session, style.dailies, is_session)}
    twins = sorted(months)[: style.twins] if other is not standard else []
    more |= dict.fromkeys(twins, MONTHLY)
    extra = [Expiry(day, other, kind) for day, kind in more.items() if day not in months or day in twins]
    return [*months.values(), *extra]


def _months(
    session: date,
    count: int,
    rule: Callable[[int, int, IsSession], date],
    is_session: IsSession,
    cycle: tuple[int, ...] = tuple(range(1, 13)),
) -> list[date]:
    """Return the next dates that a monthly rule gives, today included, over the months of a cycle."""
    found: list[date] = []
    ahead = 0
    while len(found) < count:
        year, month = next_month(session.year, session.month, ahead)
        ahead += 1
        day = rule(year, month, is_session) if month in cycle else session - ONE_DAY
        if day >= session:
            found.append(day)
    return found


def _next_sessions(session: date, count: int, is_session: IsSession) -> list[date]:
    found: list[date] = []
    day = session
    while len(found) < count:
        if is_session(day):
            found.append(day)
        day += ONE_DAY
    return found


@dataclass(frozen=True, kw_only=True)
class StrikeRule:
    """Strike intervals and widths of one symbol.

    Attributes
    ----------
    step_usd : float
        Finest interval, used near the money. [USD]
    far_multiple : int
        Interval of expiries beyond `FAR_DAYS`, in finest intervals.
    typical_vol : float
        Volatility that scales the widths. [fraction]
    level_usd : float
        Strikes beyond 2.5 times this take five times the interval. [USD]
    density : float
        Divides every interval.
    """

    step_usd: float
    far_multiple: int
    typical_vol: float
    level_usd: float
    density: float = 1.0

    def strikes(self, kind: str, days: int, closes: FloatArray) -> NDArray[np.int64]:
        """Return the listed strikes of an expiry.

        Parameters
        ----------
        kind : {'daily', 'weekly', 'monthly'}
            Longer-lived kinds are wider and remember the underlying's range for longer.
        days : int
            Calendar days to expiry; far expiries list no fine intervals.
        closes : ndarray of shape (n_sessions,)
            Closes of the underlying up to and including tonight. [USD]

        Returns
        -------
        ndarray
            Ascending strikes. [thousandths of a USD, as in the OCC symbol]
        """
        life_days, memory, fine_memory, near = _WIDTHS[kind]
        if days > _LEAP_DAYS:
            life_days = float(_LEAP_DAYS)
        sigma = self.typical_vol * float(np.sqrt(life_days / 365.0))
        ever, lately = closes[-memory:], closes[-fine_memory:]
        coarse = self._grid(5, float(ever.min() * np.exp(-2.8 * sigma)), float(ever.max() * np.exp(2.2 * sigma)))
        multiple = self.far_multiple if days > FAR_DAYS else 1
        low, high = float(lately.min() * np.exp(-near * sigma)), float(lately.max() * np.exp(near * sigma))
        return np.union1d(coarse, self._grid(multiple, low, high))

    def _grid(self, multiple: int, low: float, high: float) -> NDArray[np.int64]:
        if self.step_usd == 2.5 and multiple == 5:
            multiple = 4  # 2.5-wide programmes go on in tens
        step = max(round(1000.0 * self.step_usd / self.density), 1) * multiple
        grid = np.arange(max(int(1000.0 * low / step), 1), int(1000.0 * high / step) + 2) * step
        return np.asarray(grid[(grid <= 2500.0 * self.level_usd) | (grid % (5 * step) == 0)], dtype=np.int64)


def reach(days: int) -> int:
    """Return the days to expiry that stand for all with the same strikes: near, far, or years ahead."""
    return 1 + max(edge for edge in (-1, FAR_DAYS, _LEAP_DAYS) if days > edge)


def vix_strikes(days: int, density: float) -> NDArray[np.int64]:
    """Return the strikes of a VIX expiry, in thousandths of a USD, the same on every night."""
    near = 1.0 if days > 60 else 0.5
    bands = ((10.0, 25.0, near), (25.0, 40.0, 1.0), (40.0, 80.0, 5.0), (80.0, 181.0, 20.0))
    grids = [np.arange(low, high, step / density) for low, high, step in bands]
    return np.unique(np.round(1000.0 * np.concatenate(grids)).astype(np.int64))
