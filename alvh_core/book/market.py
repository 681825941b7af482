"""What tonight's market says of contracts that are held: a quote, a settlement value, or neither.

VIX options settle to the special opening quotation, which the final settlement of the future of the same expiry is;
shares and PM indices to the close of the expiry session, from a daily bar or, for an index without bars, from its last
print after the close. The opening value of other AM indices has no source here: what settles to it is closed out on its
last session of trading, and what had no quote then at its last mark. Never a close in place of an opening value.
"""

from collections.abc import Collection, Sequence

import numpy as np
import pandas as pd

from alvh_core.bars import CLOSE, printed_closes
from alvh_core.columns import TWO_SIDED
from alvh_core.ladders import HEDGE_INDEX
from alvh_core.universe import AM

_GOOD = (*TWO_SIDED, "ZERO_BID")
QUOTED = ["bid_usd", "ask_usd", "mid_usd", "extrinsic_usd"]


def quotes_of(chains: pd.DataFrame, symbols: pd.Series, columns: Sequence[str] = QUOTED) -> pd.DataFrame:
    """Return tonight's quotes of contracts.

    Parameters
    ----------
    chains : DataFrame
        `PRICED_QUOTES` of the hedge chains: ``osi_symbol``, ``quote_flag`` and the columns.
    symbols : Series of str
        OCC symbols, in any number and order.
    columns : sequence of str
        Those wanted.

    Returns
    -------
    DataFrame
        The columns, aligned with ``symbols``; NaN where there is no usable quote.
    """
    mine = chains[chains["osi_symbol"].isin(symbols.unique()) & chains["quote_flag"].isin(_GOOD)]
    known = mine.drop_duplicates("osi_symbol", keep=False).set_index("osi_symbol")[list(columns)]
    found = known.reindex(symbols.to_numpy())
    return found.set_index(symbols.index)


def settlement_values(settlements: pd.DataFrame, closes: pd.DataFrame, roots: pd.DataFrame) -> pd.DataFrame:
    """Return the official values that contracts settle to.

    Parameters
    ----------
    settlements : DataFrame
        `VX_SETTLEMENTS`; rows of kind ``final`` are the special opening quotation.
    closes : DataFrame
        From `official_closes`.
    roots : DataFrame
        ``underlying``, ``root``, ``settlement`` of every root of the universe.

    Returns
    -------
    DataFrame
        ``root``, ``expiry_date``, ``official_value``, one row per value that is known.
    """
    final = settlements[(settlements["settle_kind"] == "final") & settlements["settle_vol_points"].notna()]
    opening = final[["expiry_date", "settle_vol_points"]].drop_duplicates("expiry_date", keep="last")
    opening = opening.set_axis(["expiry_date", "official_value"], axis=1)
    soq = roots[(roots["settlement"] == "SOQ") & (roots["underlying"] == HEDGE_INDEX)]
    pm = roots[roots["settlement"] == "PM"]
    closing = closes[CLOSE].astype({"symbol": "str"})
    closing = closing.set_axis(["underlying", "expiry_date", "official_value"], axis=1)
    parts = [soq[["root"]].merge(opening, how="cross"), pm.merge(closing, on="underlying")]
    return pd.concat([part[["root", "expiry_date", "official_value"]] for part in parts], ignore_index=True)


def on_last_session(held: pd.DataFrame, roots: pd.DataFrame, following: pd.Timestamp) -> pd.Series:
    """Tell which positions settle, before they trade again or already, to an opening value that no source here tells.

    Parameters
    ----------
    held : DataFrame
        ``root`` and ``expiry_date``.
    roots : DataFrame
        As for `settlement_values`.
    following : Timestamp
        The session after tonight's.

    Notes
    -----
    AM series are bought nevertheless: of twins they have the open interest, and most are rolled long before. Sold at
    the last quotes they pay a spread and forgo a night; held, they would leave their ladder without a value for good.
    """
    is_morning = held["root"].isin(set(roots.loc[roots["settlement"] == AM, "root"]))
    found: pd.Series = is_morning & (held["expiry_date"] <= following)
    return found


def official_closes(bars: pd.DataFrame, snapshots: pd.DataFrame, indices: Collection[str],
                    dates: pd.Series) -> pd.DataFrame:  # fmt: skip
    """Return closes of some sessions: of daily bars, and tonight's of indices that nobody gives bars of.

    Parameters
    ----------
    bars : DataFrame
        `DAILY_BARS`.
    snapshots : DataFrame
        `SNAPSHOTS` of the night.
    indices : collection of str
        Indices whose chain was sound tonight, so that its forwards vouch for the print.
    dates : Series of datetime64
        Sessions whose bars are wanted.

    Returns
    -------
    DataFrame
        ``symbol``, ``bar_date``, ``close_usd``.
    """
    parts = (bars.loc[bars["bar_date"].isin(dates), CLOSE].astype({"symbol": "str"}),
             printed_closes(snapshots, bars, indices))  # fmt: skip
    found: pd.DataFrame = pd.concat(parts, ignore_index=True)
    return found


def settled(positions: pd.DataFrame, values: pd.DataFrame) -> pd.Series:
    """Return what one share of each position pays at its settlement; NaN where the value is not known.

    Parameters
    ----------
    positions : DataFrame
        ``root``, ``expiry_date``, ``strike_usd``, ``option_right``, and ``split_factor`` of
        `alvh_core.book.splits`: a strike is of the shares of the entry, a close of those of today.
    values : DataFrame
        From `settlement_values`.
    """
    table = values.drop_duplicates(["root", "expiry_date"], keep="last")
    keys = pd.MultiIndex.from_arrays([table["root"].astype("str"), pd.DatetimeIndex(table["expiry_date"])])
    by_key = pd.Series(table["official_value"].to_numpy(dtype=np.float64), index=keys)
    mine = pd.MultiIndex.from_arrays([positions["root"].astype("str"), pd.DatetimeIndex(positions["expiry_date"])])
    official = by_key.reindex(mine).to_numpy() * positions["split_factor"].to_numpy(dtype=np.float64)
    gain = official - positions["strike_usd"].to_numpy(dtype=np.float64)
    is_call = (positions["option_right"] == "C").to_numpy()
    return pd.Series(np.maximum(np.where(is_call, gain, -gain), 0.0), index=positions.index)
