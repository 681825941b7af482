"""What the paper book would be worth after a jump of spot VIX: `alvh_core.costs.scenario`, of what is held already.

A book is valued whole or not at all: a sum without one of its contracts is the value of no book. A bought contract
whose quote has no volatility, often for want of a bid or below its intrinsic value, counts at its intrinsic value after
the jump, the least it can be worth. What has expired and waits for its settlement value protects nothing any more, and
is no part of the book.
"""

from collections.abc import Collection, Mapping
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from alvh_core import frames
from alvh_core.basis.term import DECLARED_BETAS
from alvh_core.book.market import quotes_of
from alvh_core.costs.scenario import SHOCKS, VOL_UP, Contracts, sold, vix_moves
from alvh_core.keys import keys_of
from alvh_core.registry.costs import HELD_SCENARIOS, HELD_STATUSES
from alvh_core.triggers import LADDER

HELD = [*LADDER, "layer_no", "osi_symbol", "option_right", "strike_usd", "multiplier", "units_open", "dte_days",
        "mark_usd", "position_state"]  # fmt: skip
_VALUED_BY = ("forward_usd", "iv_vol", "years", "discount", "spread_frac")
QUOTED = ["osi_symbol", "quote_flag", *_VALUED_BY]


def held_scenarios(positions: pd.DataFrame, priced: pd.DataFrame, betas: Mapping[str, float],
                   p95: Mapping[tuple[str, str], float], trade_date: pd.Timestamp, source_mode: str, *,
                   term: Mapping[int, float] = DECLARED_BETAS, weak: Collection[str] = ()) -> pd.DataFrame:  # fmt: skip
    """Value every paper book after every jump.

    Parameters
    ----------
    positions : DataFrame
        `POSITIONS` after the night; `HELD` are enough.
    priced : DataFrame
        `PRICED_QUOTES`; `QUOTED` are enough. A symbol that occurs twice is two contracts, and prices neither.
    betas : mapping of str to float
        Return of a chain's underlying per VIX point; NaN or none where it is not known.
    p95 : mapping of (hedge symbol, right) to float
        95th percentile of the chain's spread, where there is a history.
    trade_date : Timestamp
    source_mode : str
    term : mapping of int to float
        Move of a VIX future per point of spot, by days to settlement.
    weak : collection of str
        Chains whose beta is not told from zero, see `alvh_core.costs.scenario.known_betas`.

    Returns
    -------
    DataFrame
        `HELD_SCENARIOS`: a row per book that holds something and per jump.
    """
    alive = frames.as_text(positions.loc[positions["position_state"] != "AWAITING_SETTLEMENT", HELD])
    held = alive.join(quotes_of(priced, alive["osi_symbol"], _VALUED_BY))
    held = held.sort_values([*LADDER, "layer_no", "osi_symbol"], ignore_index=True)  # the order makes the last bit
    held["move_usd"] = vix_moves(held, betas, term)
    books = held.groupby(LADDER, sort=True)
    numbers, ladders = books.ngroup().to_numpy(), books.size().reset_index()[LADDER]
    held["iv_vol"], lacks = _volatility(held, weak)
    worst = pd.Series(lacks).groupby(numbers).max().to_numpy()
    sums = _sums(held, numbers, len(ladders), p95)
    status = pd.Categorical.from_codes(np.tile(worst, len(SHOCKS)), pd.Index(HELD_STATUSES))
    keys = pd.concat([ladders] * len(SHOCKS), ignore_index=True)
    rows = keys.assign(shock_vol_points=np.repeat(SHOCKS, len(ladders)), **sums, held_status=status)
    return frames.of_night(rows, HELD_SCENARIOS, trade_date, source_mode)


def _volatility(held: pd.DataFrame, weak: Collection[str]) -> tuple[pd.Series, NDArray[np.int64]]:
    """Return the volatility every contract is valued at, and the place of its own status in `HELD_STATUSES`.

    A position without a mark has no quote of its own: after a split its old symbol may be another contract's.
    """
    is_quoted, has_forward = held["mark_usd"].notna(), held[["forward_usd", "years", "discount"]].notna().all(axis=1)
    has_vol, is_bought = held["iv_vol"].notna(), held["units_open"] > 0
    cases = {"NO_QUOTE": ~is_quoted, "NO_VOL": ~has_forward | ~(has_vol | is_bought),
             "WEAK_BETA": held["hedge_symbol"].isin(weak), "NO_BETA": held["move_usd"].isna(),
             "FLOOR": ~has_vol}  # fmt: skip
    places = [HELD_STATUSES.index(name) for name in cases]
    used = held["iv_vol"].mask(~has_vol & is_bought, 0.0).where(is_quoted)
    return used, np.select(list(cases.values()), places, default=0).astype(np.int64)


def _sums(held: pd.DataFrame, numbers: NDArray[np.integer[Any]], books_count: int,
          p95: Mapping[tuple[str, str], float]) -> dict[str, NDArray[np.float64]]:  # fmt: skip
    """Return the values of the books, jump by jump."""
    contracts, shocks = Contracts.of(held), np.array(SHOCKS, dtype=np.float64)[:, None]
    shares = (held["units_open"] * held["multiplier"]).to_numpy(dtype=np.float64)
    value, wide = shares * contracts.after(shocks), held["spread_frac"].to_numpy(dtype=np.float64)
    usual = np.array([p95.get(key, np.nan) for key in keys_of(held, ["hedge_symbol", "option_right"])])
    mark = np.broadcast_to(shares * held["mark_usd"].to_numpy(dtype=np.float64), value.shape)
    now = np.where(contracts.vol > 0.0, shares * contracts.after(0.0), mark)  # the mark, and 0 is gained without a jump
    each: dict[str, Any] = {
        "book_mark_usd": mark, "value_mid_usd": value, "value_vol_up_usd": shares * contracts.after(shocks, VOL_UP),
        "held_gain_usd": value - now, "liq_tonight_usd": sold(value, wide), "liq_p95_usd": sold(value, usual),
        "liq_x2_usd": sold(value, 2.0 * wide), "liq_x3_usd": sold(value, 3.0 * wide),
        "units_open": np.broadcast_to(held["units_open"].abs().to_numpy(dtype=np.float64), value.shape),
    }  # fmt: skip
    return {name: np.concatenate([np.bincount(numbers, row, minlength=books_count) for row in rows])
            for name, rows in each.items()}  # fmt: skip
