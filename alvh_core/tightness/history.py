"""Tonight's spread of each hedge chain beside its own last nights, by VIX regime and by moves of the underlying."""

from collections.abc import Sequence

import numpy as np
import pandas as pd

from alvh_core import frames
from alvh_core.basis.closes import Closes
from alvh_core.basis.regime import vix_regime
from alvh_core.keys import keys_of
from alvh_core.ladders import Ladder
from alvh_core.params import LadderProfile
from alvh_core.readings import is_reading
from alvh_core.registry.tightness import BOOK_SPREADS

WINDOW_NIGHTS, MIN_NIGHTS = 252, 20
MOVES_WINDOW = 60  # sessions, of which 20 must have a reading
_BOOK = ["hedge_symbol", "option_right"]


def book_spreads(signals: pd.DataFrame, plan: Sequence[Ladder], profile: LadderProfile, earlier: pd.DataFrame,
                 closes: Closes, volatility: pd.DataFrame, trade_date: pd.Timestamp,
                 source_mode: str) -> pd.DataFrame:  # fmt: skip
    """Return `BOOK_SPREADS`: the default profile's reading of every hedge chain, once.

    Parameters
    ----------
    signals : DataFrame
        `LADDER_SIGNALS` of tonight.
    plan : sequence of Ladder
        Tells calls from puts.
    profile : LadderProfile
        The default one; a host whose entry changes it is no reading of it.
    earlier : DataFrame
        `BOOK_SPREADS` of the last 252 nights before tonight.
    closes : Closes
        As known tonight.
    volatility : DataFrame
        `MODEL_FREE` of tonight.
    trade_date : Timestamp
    source_mode : str

    Returns
    -------
    DataFrame
        A percentile needs 20 nights of the same regime, a 95th percentile 20 nights in all; tonight counts. What is
        no reading, as `alvh_core.readings` says, has no spread here.
    """
    tonight, read = _readings(signals, plan, profile), [*_BOOK, "s_ladder_frac", "vix_regime"]
    implied = frames.as_mapping(volatility, "underlying", "iv30_vol")
    tonight["iv30_vol"] = tonight["hedge_symbol"].map(dict(implied)).astype("float64")
    dated = [*read, "trade_date", "iv30_vol"]
    past = pd.concat([earlier[dated], tonight.assign(trade_date=trade_date)[dated]])
    past = past.astype(dict.fromkeys((*_BOOK, "vix_regime"), "str"))
    entry = iv_percentiles(past, tonight)
    past = past[past["s_ladder_frac"].notna()]
    joined = past.merge(tonight[read], on=_BOOK, suffixes=("", "_now"))
    same = joined["vix_regime"] == joined["vix_regime_now"]
    below = joined["s_ladder_frac"] <= joined["s_ladder_frac_now"]
    counted = joined[_BOOK].assign(same=same, below=same & below, s=joined["s_ladder_frac"]).groupby(_BOOK)
    found = counted[["same", "below"]].sum().rename(columns={"same": "regime_nights_count"})
    found["spread_nights_count"] = counted.size()
    found["s_p95_frac"] = counted["s"].quantile(0.95).where(found["spread_nights_count"] >= MIN_NIGHTS)
    enough = found["regime_nights_count"] >= MIN_NIGHTS
    found["s_regime_pctile_frac"] = (found["below"] / found["regime_nights_count"]).where(enough)
    moves = spreads_on_moves(past, closes)
    result = tonight.merge(found.join(moves, how="outer").join(entry, how="outer").reset_index(), on=_BOOK, how="left")
    names = ("spread_nights_count", "regime_nights_count", "adv_sel_nobs_count", "iv30_nights_count")
    counts = {name: result[name].fillna(0) for name in names}
    quality = np.select([result["adv_sel_proxy"].notna(), counts["adv_sel_nobs_count"] > 0], ["OK", "INSUFFICIENT"],
                        default="NO_DATA")  # fmt: skip
    pctile = result["s_regime_pctile_frac"].where(result["s_ladder_frac"].notna())
    answer = result.assign(**counts, s_regime_pctile_frac=pctile, adv_sel_quality=quality, trade_date=trade_date,
                           source_mode=source_mode)  # fmt: skip
    return frames.conform(answer.sort_values(_BOOK), BOOK_SPREADS)


def _readings(signals: pd.DataFrame, plan: Sequence[Ladder], profile: LadderProfile) -> pd.DataFrame:
    """Return tonight's signal of each chain by the profile as it is declared."""
    rights = {(p.host, p.variant, p.hedge_symbol): p.rule.option_right for p in plan if p.profile == profile}
    mine = signals[signals["profile"] == profile.name]
    keys = keys_of(mine, ["host", "variant", "hedge_symbol"])
    told = mine.assign(
        option_right=pd.Series([rights.get(key) for key in keys], index=mine.index, dtype="object"),
        s_ladder_frac=mine["s_ladder_frac"].where(is_reading(mine)),
        vix_regime=mine["vix_close_vol_points"].astype("float64").map(vix_regime, na_action=None),
    )  # fmt: skip
    return told[told["option_right"].notna()].drop_duplicates(_BOOK, ignore_index=True)


def iv_percentiles(readings: pd.DataFrame, tonight: pd.DataFrame) -> pd.DataFrame:
    """Return where tonight's volatility of each chain stands in its own last nights: whether insurance is dear.

    Parameters
    ----------
    readings : DataFrame
        ``hedge_symbol``, ``option_right``, ``iv30_vol`` of tonight and the nights before.
    tonight : DataFrame
        The same of tonight only.

    Returns
    -------
    DataFrame
        By chain ``iv30_nights_count``, the nights with a volatility, and ``iv30_pctile_frac``, the share of them whose
        own is not above tonight's, which counts. NaN with fewer than 20, or without one tonight.
    """
    read = [*_BOOK, "iv30_vol"]
    both = readings[read].dropna().merge(tonight[read], on=_BOOK, suffixes=("", "_now"))
    below = (both["iv30_vol"] <= both["iv30_vol_now"]).astype("float64").where(both["iv30_vol_now"].notna())
    nights = below.groupby([both[name] for name in _BOOK])
    count = nights.size()
    return pd.DataFrame({"iv30_pctile_frac": nights.mean().where(count >= MIN_NIGHTS), "iv30_nights_count": count})


def spreads_on_moves(readings: pd.DataFrame, closes: Closes) -> pd.DataFrame:
    """Return by how much each chain's spread widens when its underlying moves: least squares of log s on |r|.

    Whoever quotes against better informed orders widens when prices move; one snapshot a night cannot show more.

    Parameters
    ----------
    readings : DataFrame
        ``hedge_symbol``, ``option_right``, ``trade_date``, ``s_ladder_frac`` of tonight and the nights before.
    closes : Closes

    Returns
    -------
    DataFrame
        ``adv_sel_proxy`` and ``adv_sel_nobs_count`` by chain, over nights of the last 60 sessions with a spread above
        zero and closes of that session and the one before. NaN with fewer than 20, or where nothing ever moved.
    """
    recent = closes.last(MOVES_WINDOW + 1)
    moves = np.abs(recent.returns())
    sessions = pd.DatetimeIndex(recent.dates[1:].astype("datetime64[s]"))
    readings = readings[readings["trade_date"].isin(sessions)].sort_values(
        [*_BOOK, "trade_date"]
    )  # the last bit of a sum depends on the order
    row = sessions.get_indexer(pd.DatetimeIndex(readings["trade_date"]))
    at = pd.Index(recent.symbols, dtype="str").get_indexer(pd.Index(readings["hedge_symbol"], dtype="str"))
    is_there = (at >= 0) & (readings["s_ladder_frac"] > 0.0).to_numpy()
    pairs = readings.loc[is_there, _BOOK].assign(
        x=moves[row[is_there], at[is_there]], y=np.log(readings.loc[is_there, "s_ladder_frac"].astype("float64"))
    )
    pairs = pairs[pairs["x"].notna()]
    grouped = pairs.groupby(_BOOK)
    dx, dy = (pairs[name] - grouped[name].transform("mean") for name in ("x", "y"))
    sums = pairs.assign(xy=dx * dy, xx=dx * dx, nights=1).groupby(_BOOK)[["xy", "xx", "nights"]].sum()
    is_enough = (sums["nights"] >= MIN_NIGHTS) & (sums["xx"] > 0.0)
    return pd.DataFrame({"adv_sel_proxy": (sums["xy"] / sums["xx"]).where(is_enough),
                         "adv_sel_nobs_count": sums["nights"]})  # fmt: skip
