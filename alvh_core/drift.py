"""How a chain stands beside its own last nights: contracts, two-sided share, median spread, and whether it moved.

Facts and the limits of what is usual. A crisis widens spreads as a broken feed does, so a drift is told and takes
nothing out; who reads the report decides.
"""

import pandas as pd

from alvh_core import frames
from alvh_core.schemas import DRIFT, SPREAD_SCORES

WINDOW_NIGHTS = 20
MIN_NIGHTS = 10  # fewer have no usual value
CONTRACTS_RATIO = (0.6, 1.6667)
TWO_SIDED_CHANGE_FRAC = 0.25
SPREAD_RATIO = (0.3333, 3.0)
_QUOTE = ["osi_symbol", "bid_usd", "ask_usd", "bid_size_count", "ask_size_count"]
_MEASURES = ["contracts_count", "two_sided_frac", "s_median_frac"]
HASHED = ["underlying", *_QUOTE]
COMPARED = SPREAD_SCORES.only(["trade_date", "level", "key", *_MEASURES])


def daily_drift(scores: pd.DataFrame, quotes: pd.DataFrame, scores_before: pd.DataFrame, drift_before: pd.DataFrame,
                trade_date: pd.Timestamp, source_mode: str) -> pd.DataFrame:  # fmt: skip
    """Compare every chain of a night with its own past.

    Parameters
    ----------
    scores : DataFrame
        `SPREAD_SCORES` of the night.
    quotes : DataFrame
        Columns `HASHED` of the night's contracts.
    scores_before : DataFrame
        `COMPARED` of earlier nights; of these, the last `WINDOW_NIGHTS` before the night count.
    drift_before : DataFrame
        `DRIFT` of the night before.
    trade_date : Timestamp
    source_mode : str

    Returns
    -------
    DataFrame
        `DRIFT`, one row per chain. Ratios are tonight's value over the median of the past; NaN before `MIN_NIGHTS`
        nights, and where one of the two is missing or zero.
    """
    tonight = _chains(scores).set_index("underlying")
    past = _chains(scores_before[scores_before["trade_date"] < trade_date])
    kept = past["trade_date"].drop_duplicates().nlargest(WINDOW_NIGHTS)
    grouped = past[past["trade_date"].isin(kept)].groupby("underlying")
    counts = grouped.size().reindex(tonight.index).fillna(0).astype("int64")
    usual = grouped[_MEASURES].median().reindex(tonight.index).where(counts >= MIN_NIGHTS)
    ratio = tonight[_MEASURES].where(tonight[_MEASURES] > 0) / usual.where(usual > 0)
    hashes = quotes_hashes(quotes).reindex(tonight.index)
    last = drift_before.astype({"underlying": "str"}).set_index("underlying")["quotes_hash"].reindex(tonight.index)
    rows = pd.DataFrame({
        "nights_count": counts, "contracts_ratio": ratio["contracts_count"], "spread_ratio": ratio["s_median_frac"],
        "two_sided_change_frac": tonight["two_sided_frac"] - usual["two_sided_frac"], "quotes_hash": hashes,
        "is_repeated": (hashes.notna() & (hashes == last)).to_numpy(dtype=bool),
    })  # fmt: skip
    return frames.of_night(rows.reset_index(), DRIFT, trade_date, source_mode)


def is_unusual(drift: pd.DataFrame) -> pd.Series:
    """Tell which chains are outside the limits, or stand still; what is not known is not unusual.

    Parameters
    ----------
    drift : DataFrame
        `DRIFT`.

    Returns
    -------
    Series of bool
    """
    limits = {"contracts_ratio": CONTRACTS_RATIO, "spread_ratio": SPREAD_RATIO,
              "two_sided_change_frac": (-TWO_SIDED_CHANGE_FRAC, TWO_SIDED_CHANGE_FRAC)}  # fmt: skip
    outside = [drift[name].notna() & ~drift[name].between(*bounds) for name, bounds in limits.items()]
    return pd.concat([*outside, drift["is_repeated"].astype(bool)], axis=1).any(axis=1)


def quotes_hashes(quotes: pd.DataFrame) -> pd.Series:
    """Return a hash of each chain's quotes, by underlying; the order of rows does not matter.

    Two nights with the same hash have the same contracts at the same prices and sizes.
    """
    if quotes.empty:
        return pd.Series(dtype="str")
    hashed = pd.util.hash_pandas_object(quotes[_QUOTE], index=False, categorize=False)  # no contract comes twice
    summed = hashed.groupby(quotes["underlying"].astype("str").to_numpy()).sum()  # modulo 2**64, by unsigned addition
    return summed.map("{:016x}".format).astype("str")


def _chains(scores: pd.DataFrame) -> pd.DataFrame:
    chains = scores[scores["level"] == "underlying"]
    return chains.rename(columns={"key": "underlying"}).astype({"underlying": "str"})
