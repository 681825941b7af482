"""Tonight's evaluation put together: all nights of the paper book beside hosts, bills, filter and capacity."""

from collections.abc import Collection, Mapping

import numpy as np
import pandas as pd

from alvh_core import frames
from alvh_core.bars import CLOSE, printed_closes
from alvh_core.basis.closes import Closes
from alvh_core.evaluation.measures import measures
from alvh_core.evaluation.paths import BOOKED, READ, ladder_paths
from alvh_core.evaluation.ruling import Evaluation
from alvh_core.evaluation.windows import DECLARED, found_windows
from alvh_core.keys import keys_of, rows_beside
from alvh_core.ladders import REFERENCE_HOST
from alvh_core.params import LadderProfile
from alvh_core.registry.tightness import LADDER_TIGHTNESS
from alvh_core.schemas import MODEL_FREE, RATE_CURVE, SNAPSHOTS
from alvh_core.triggers import LADDER, ladder_keys

NIGHTS, CAPACITY_NIGHTS, BILL_YEARS = 1_260, 63, 0.25  # five years of nights; a quarter of acid tests
BILLS = RATE_CURVE.only(("trade_date", "tenor_years", "zero_rate_frac"))
CAPACITY = LADDER_TIGHTNESS.only(("trade_date", *LADDER, "acid_test_ratio"))
PRINTS = SNAPSHOTS.only(("trade_date", "underlying", "minutes_to_close", "underlying_price_usd"))
VOUCHED = MODEL_FREE.only(("trade_date", "underlying", "status"))
_CHAIN = ["host", "variant", "hedge_symbol"]


def host_closes(bars: pd.DataFrame, prints: pd.DataFrame, quoted: pd.DataFrame,
                indices: Collection[str]) -> pd.DataFrame:  # fmt: skip
    """Return the closes that hosts are evaluated by: bars, and last prints of indices that nobody gives bars of.

    Parameters
    ----------
    bars : DataFrame
        `DAILY_BARS` of tonight.
    prints, quoted : DataFrame
        `PRINTS` and `VOUCHED` of tonight and of the nights before: where a chain was in quarantine, nothing vouches for
        its print.
    indices : collection of str

    Returns
    -------
    DataFrame
        `CLOSE`.
    """
    printed = printed_closes(prints, bars, indices)
    sound = quoted[(quoted["status"] != "NO_QUOTES") & quoted["underlying"].isin(printed["symbol"].unique())]
    vouched = sound[["underlying", "trade_date"]].set_axis(CLOSE[:2], axis=1).astype({"symbol": "str"})
    return pd.concat([bars[CLOSE].astype({"symbol": "str"}), printed.merge(vouched)], ignore_index=True)


def night_evaluation(ladders: pd.DataFrame, book: pd.DataFrame, earlier: pd.DataFrame, capacity: pd.DataFrame,
                     curves: pd.DataFrame, notionals: pd.DataFrame, closes: Closes,
                     profiles: Mapping[str, LadderProfile]) -> Evaluation:  # fmt: skip
    """Evaluate the ladders of a night.

    Parameters
    ----------
    ladders : DataFrame
        `LADDER`, one row each.
    book : DataFrame
        `BOOK` of tonight.
    earlier : DataFrame
        `BOOKED` of the nights before, at most `NIGHTS` of them.
    capacity : DataFrame
        `CAPACITY` of the first profile, whose units are the smallest ladder, tonight's and of nights before.
    curves : DataFrame
        `BILLS` of the same nights as the book's.
    notionals : DataFrame
        `LADDER` and ``hedged_notional_usd``.
    closes : Closes
        Of `host_closes`.
    profiles : mapping of str to LadderProfile
    """
    keys = ladder_keys(ladders)
    tonight = rows_beside(keys, book, ladder_keys(book))
    notional = rows_beside(keys, notionals[["hedged_notional_usd"]], ladder_keys(notionals))["hedged_notional_usd"]
    rows = frames.concat([earlier, frames.conform(book[list(READ)], BOOKED)], BOOKED)
    bills = curves.loc[(curves["tenor_years"] - BILL_YEARS).abs() < 1e-6, "zero_rate_frac"]
    bill_rate = float(bills.mean()) if len(bills) else float("nan")
    paths = ladder_paths(rows, ladders, closes, notional.to_numpy(dtype=np.float64))
    windows = [*DECLARED, *found_windows(closes.dates, closes.of_symbol(REFERENCE_HOST))]
    smallest = capacity.groupby(_CHAIN, observed=True)[["acid_test_ratio"]].median().reset_index()
    acid = rows_beside(keys_of(ladders, _CHAIN), smallest[["acid_test_ratio"]], keys_of(smallest, _CHAIN))
    standing = tonight[["pass_rate_deploy_frac", "filter_blocks_trigger_frac"]].assign(**acid)
    modes = ladders["profile"].astype("str").map({name: profile.mode for name, profile in profiles.items()})
    return Evaluation(
        ladders=ladders[LADDER].astype("str").reset_index(drop=True), paths=paths,
        table=measures(paths, windows, bill_rate), standing=standing.astype("float64"),
        has_trigger=(modes == "trigger").to_numpy(), bill_rate=bill_rate,
    )  # fmt: skip
