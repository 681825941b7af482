"""VIX futures: which contracts a night asks for, their settlements as known on it, and the gap to parity's forwards.

Only the standard monthly contract makes the curve; of a weekly, which repeats a reference price, what it settled at in
the end is known. A settlement stands under the session it is of, and is never carried to another. Decoding files is the
sources' business.
"""

from datetime import date

import numpy as np
import pandas as pd

from alvh_core import frames
from alvh_core.expiries import IsSession, next_month, vix_settlement
from alvh_core.schemas import VX_SETTLEMENTS

MONTH_LETTERS = "FGHJKMNQUVXZ"
CONTRACTS = 8  # monthlies listed ahead; the ladder's longest leg is 220 days
KEPT_DAYS = 10  # of settlements before the night
TENFOLD_UNTIL = pd.Timestamp("2007-03-26")  # before, prices were ten times the index
KINDS = ("settlement", "history")  # that have a curve point, in the order of trust


def futures_symbol(year: int, month: int) -> str:
    """Return the exchange's name of the contract of a month.

    Examples
    --------
    >>> futures_symbol(2026, 9)
    'VX/U6'
    """
    return f"VX/{MONTH_LETTERS[month - 1]}{year % 10}"


def expiry_of(symbol: str, near: date, is_session: IsSession) -> date:
    """Return the settlement date of a contract by the expiry rule; its one digit means the year nearest to a date.

    Parameters
    ----------
    symbol : str
        e.g. ``VX/U6``.
    near : date
        A contract is listed for less than a year: the year that ends with the digit, from four before to five after.
    is_session : callable
        Date to bool.
    """
    month, digit = MONTH_LETTERS.index(symbol[-2]) + 1, int(symbol[-1])
    year = near.year - 4 + (digit - near.year + 4) % 10
    return vix_settlement(year, month, is_session)


def listed_contracts(trade_date: date, is_session: IsSession, count: int = CONTRACTS) -> list[str]:
    """Return the next monthly contracts that are not yet settled when a night is run, nearest first."""
    months = [next_month(trade_date.year, trade_date.month, ahead) for ahead in range(count + 1)]
    alive = [month for month in months if vix_settlement(*month, is_session) > trade_date]
    return [futures_symbol(*month) for month in alive[:count]]


def night_settlements(found: pd.DataFrame, trade_date: date, source_mode: str, is_session: IsSession) -> pd.DataFrame:
    """Return `VX_SETTLEMENTS` of a night.

    Parameters
    ----------
    found : DataFrame
        Stacked rows of the sources: ``futures_symbol``, ``expiry_date`` (missing where the file does not say: then it
        is the rule's), ``settle_date``, ``settle_kind``, prices, ``payload_sha256``. May be empty, without columns.
    trade_date : date
    source_mode : str
    is_session : callable
        Date to bool.

    Returns
    -------
    DataFrame
        Nothing after the night. Of a row that a file repeats the last counts. Zero is no price, and no trade leaves
        the whole bar empty; a price for a contract on its own expiry date is its final settlement.
    """
    if found.empty:
        return frames.empty(VX_SETTLEMENTS)
    day = pd.Timestamp(trade_date)
    known = found[~(found["settle_date"] > day) & ~(found["settle_date"] < day - pd.Timedelta(days=KEPT_DAYS))].copy()
    names = known["futures_symbol"].astype("str")
    rule = {name: pd.Timestamp(expiry_of(name, trade_date, is_session)) for name in names.unique()}
    known["expiry_date"] = known["expiry_date"].fillna(names.map(rule)).astype("datetime64[s]")
    is_final = known["settle_date"] == known["expiry_date"]
    known["settle_kind"] = known["settle_kind"].astype("str").mask(is_final, "final")
    known = without_zeros(known).assign(trade_date=day, source_mode=source_mode)
    known = known.drop_duplicates(["settle_date", "expiry_date", "settle_kind"], keep="last")
    return frames.conform(known, VX_SETTLEMENTS)


def without_zeros(rows: pd.DataFrame) -> pd.DataFrame:
    """Return settlements with zeros as missing, and in index points also where prices were ten times as large."""
    scale = np.where(rows["settle_date"] < TENFOLD_UNTIL, 0.1, 1.0)
    bar = ["open_usd", "high_usd", "low_usd", "close_usd"]
    prices = {name: (rows[name] * scale).where(rows[name] > 0.0) for name in (*bar, "settle_vol_points")}
    is_traded = pd.concat([prices[name].notna() for name in bar], axis=1).all(axis=1)
    return rows.assign(**prices | {name: prices[name].where(is_traded) for name in bar})


def with_vx_gaps(forwards: pd.DataFrame, settlements: pd.DataFrame) -> pd.DataFrame:
    """Add to forwards the settlement of the session of the VX future of the same expiry, and the gap to it.

    Parameters
    ----------
    forwards : DataFrame
        ``trade_date``, ``underlying``, ``root``, ``expiry_date``, ``forward_usd`` at least.
    settlements : DataFrame
        `VX_SETTLEMENTS`.

    Returns
    -------
    DataFrame
        With ``vx_settle_vol_points`` and ``vx_gap_vol_points``; empty for everything but VIX, and where the session has
        no settlement of that expiry: no other session's stands in.
    """
    curve = settlements[(settlements["settle_date"] == settlements["trade_date"])
                        & settlements["settle_kind"].isin(KINDS)]  # fmt: skip
    rank = curve["settle_kind"].astype("str").map({kind: at for at, kind in enumerate(KINDS)})
    curve = curve.assign(rank=rank).dropna(subset="settle_vol_points").sort_values("rank")
    first = curve.drop_duplicates("expiry_date").set_index("expiry_date")["settle_vol_points"]
    is_vix = forwards["underlying"].astype("str") == "VIX"
    settle = forwards["expiry_date"].map(first).astype("float64").where(is_vix)
    return forwards.assign(vx_settle_vol_points=settle, vx_gap_vol_points=forwards["forward_usd"] - settle)
