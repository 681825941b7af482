"""Tonight's spread of each hedge chain beside its own last nights, told apart by the regime of VIX."""

from collections.abc import Sequence

import numpy as np
import pandas as pd

from alvh_core import frames
from alvh_core.basis.regime import vix_regime
from alvh_core.keys import keys_of, rows_of
from alvh_core.ladders import Ladder
from alvh_core.registry.tightness import BOOK_SPREADS

WINDOW_NIGHTS, MIN_NIGHTS = 252, 20
_BOOK = ["hedge_symbol", "option_right"]


def book_spreads(signals: pd.DataFrame, plan: Sequence[Ladder], profile: str, earlier: pd.DataFrame,
                 trade_date: pd.Timestamp, source_mode: str) -> pd.DataFrame:  # fmt: skip
    """Return `BOOK_SPREADS`: the default profile's reading of every hedge chain, once.

    Parameters
    ----------
    signals : DataFrame
        `LADDER_SIGNALS` of tonight.
    plan : sequence of Ladder
        Tells calls from puts.
    profile : str
        The default profile; chains are the same for all.
    earlier : DataFrame
        `BOOK_SPREADS` of the last 252 nights before tonight.
    trade_date : Timestamp
    source_mode : str

    Returns
    -------
    DataFrame
        A percentile needs 20 nights of the same regime, a 95th percentile 20 nights in all; tonight counts. Quotes
        after hours are no reading: the filter calls them BAD_QUOTE.
    """
    rights = {(p.host, p.variant, p.hedge_symbol): p.rule.option_right for p in plan if p.profile.name == profile}
    mine = signals[signals["profile"] == profile]
    keys = keys_of(mine, ["host", "variant", "hedge_symbol"])
    whole = mine["filter_state"].isin(["PASS", "FAIL_ILLIQUID", "FAIL_TICK"])
    tonight = mine.assign(
        option_right=[rights.get(key, "C") for key in keys], s_ladder_frac=mine["s_ladder_frac"].where(whole),
        vix_regime=mine["vix_close_vol_points"].astype("float64").map(vix_regime, na_action=None),
    ).drop_duplicates(_BOOK, ignore_index=True)  # fmt: skip
    read = [*_BOOK, "s_ladder_frac", "vix_regime"]
    past = pd.concat([part.loc[part["s_ladder_frac"].notna(), read].astype("object") for part in (earlier, tonight)])
    at = rows_of(keys_of(past, _BOOK), keys_of(tonight, _BOOK))
    past, at = past[at >= 0], at[at >= 0]
    now, spread = tonight.take(at), past["s_ladder_frac"].to_numpy(dtype=np.float64)
    same = past["vix_regime"].to_numpy() == now["vix_regime"].to_numpy(dtype="object")
    below = spread <= now["s_ladder_frac"].to_numpy()
    counted = pd.DataFrame({"same": same, "below": same & below, "s": spread}).groupby(at)
    found = counted[["same", "below"]].sum().rename(columns={"same": "regime_nights_count"})
    found["spread_nights_count"] = counted.size()
    found["s_p95_frac"] = counted["s"].quantile(0.95).where(found["spread_nights_count"] >= MIN_NIGHTS)
    enough = found["regime_nights_count"] >= MIN_NIGHTS
    found["s_regime_pctile_frac"] = (found["below"] / found["regime_nights_count"]).where(enough)
    result = tonight.join(found)
    counts = {name: result[name].fillna(0) for name in ("spread_nights_count", "regime_nights_count")}
    pctile = result["s_regime_pctile_frac"].where(result["s_ladder_frac"].notna())
    dated = result.assign(**counts, s_regime_pctile_frac=pctile, trade_date=trade_date, source_mode=source_mode)
    return frames.conform(dated.sort_values(_BOOK), BOOK_SPREADS)
