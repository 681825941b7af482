"""What tonight's market says of contracts that are held: a quote, a settlement value, or neither.

VIX options settle to the special opening quotation, which the final settlement of the future of the same expiry is;
shares and PM indices to the close of the expiry session, from a daily bar or, for an index without bars, from its last
print after the close. The opening value of other AM indices has no source here, so those wait. Never a close in place
of an opening value.
"""

import numpy as np
import pandas as pd

from alvh_core.ladders import HEDGE_INDEX

_GOOD = ("OK", "LOCKED", "ZERO_BID")
QUOTED = ["bid_usd", "ask_usd", "mid_usd"]


def quotes_of(chains: pd.DataFrame, symbols: pd.Series) -> pd.DataFrame:
    """Return tonight's quotes of contracts.

    Parameters
    ----------
    chains : DataFrame
        `PRICED_QUOTES` of the hedge chains: ``osi_symbol``, ``quote_flag`` and `QUOTED`.
    symbols : Series of str
        OCC symbols, in any number and order.

    Returns
    -------
    DataFrame
        `QUOTED` aligned with ``symbols``; NaN where there is no usable quote.
    """
    mine = chains[chains["osi_symbol"].isin(symbols.unique()) & chains["quote_flag"].isin(_GOOD)]
    known = mine.drop_duplicates("osi_symbol", keep=False).set_index("osi_symbol")[QUOTED]
    found = known.reindex(symbols.to_numpy())
    return found.set_index(symbols.index)


def settlement_values(settlements: pd.DataFrame, bars: pd.DataFrame, snapshots: pd.DataFrame,
                      roots: pd.DataFrame) -> pd.DataFrame:  # fmt: skip
    """Return the official values that contracts settle to.

    Parameters
    ----------
    settlements : DataFrame
        `VX_SETTLEMENTS`; rows of kind ``final`` are the special opening quotation.
    bars : DataFrame
        `DAILY_BARS`, closes of the expiry session among them.
    snapshots : DataFrame
        `SNAPSHOTS` of the night.
    roots : DataFrame
        ``underlying``, ``root``, ``settlement``, ``exercise`` of every root of the universe.

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
    closes = _closes(bars, snapshots, pm.loc[pm["exercise"] == "european", "underlying"])
    parts = [soq[["root"]].merge(opening, how="cross"), pm.merge(closes, on="underlying")]
    return pd.concat([part[["root", "expiry_date", "official_value"]] for part in parts], ignore_index=True)


def _closes(bars: pd.DataFrame, snapshots: pd.DataFrame, indices: pd.Series) -> pd.DataFrame:
    """Return closes by ``underlying`` and ``expiry_date``; an index is not traded after hours: its last print is."""
    names = ["underlying", "expiry_date", "official_value"]
    is_close = snapshots["underlying"].isin(indices) & (snapshots["minutes_to_close"] <= 0.0)
    printed = snapshots.loc[is_close, ["underlying", "trade_date", "underlying_price_usd"]].set_axis(names, axis=1)
    closes = bars[["symbol", "bar_date", "close_usd"]].set_axis(names, axis=1)
    known = pd.concat([part.astype({"underlying": "str"}) for part in (printed, closes)], ignore_index=True)
    return known.dropna().drop_duplicates(["underlying", "expiry_date"], keep="last")


def settled(positions: pd.DataFrame, values: pd.DataFrame) -> pd.Series:
    """Return what one share of each position pays at its settlement; NaN where the value is not known.

    Parameters
    ----------
    positions : DataFrame
        ``root``, ``expiry_date``, ``strike_usd``, ``option_right``.
    values : DataFrame
        From `settlement_values`.
    """
    table = values.drop_duplicates(["root", "expiry_date"], keep="last")
    keys = pd.MultiIndex.from_arrays([table["root"].astype("str"), pd.DatetimeIndex(table["expiry_date"])])
    by_key = pd.Series(table["official_value"].to_numpy(dtype=np.float64), index=keys)
    mine = pd.MultiIndex.from_arrays([positions["root"].astype("str"), pd.DatetimeIndex(positions["expiry_date"])])
    official = by_key.reindex(mine).to_numpy()
    gain = official - positions["strike_usd"].to_numpy(dtype=np.float64)
    is_call = (positions["option_right"] == "C").to_numpy()
    return pd.Series(np.maximum(np.where(is_call, gain, -gain), 0.0), index=positions.index)
