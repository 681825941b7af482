"""What tonight's ladder would be worth after a jump of spot VIX: payoff by layer, and what a sale would bring.

A VIX forward follows spot damped by its tenor; a share or a wrapper moves by its own measured beta to VIX, if chance
alone would seldom have made one so large. Volatility stays, or rises by ten points. What the ladder has cost is
`alvh_core.costs.carry`.
"""

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from alvh_core import frames
from alvh_core.basis.term import DECLARED_BETAS, tenor_beta
from alvh_core.black import price
from alvh_core.frames import as_mapping
from alvh_core.keys import keys_of
from alvh_core.ladders import HEDGE_INDEX
from alvh_core.registry.costs import SCENARIO_STATUSES, SCENARIOS, SHOCK_STATUSES

SHOCKS = (0, 5, 10, 20, 30)
STRESS_VOL_POINTS, VOL_UP = 10.0, 0.10  # the declared stress: the jump, and VIX's own volatility
MAX_SHOCK, GRID_STEP, HALVINGS = 100.0, 2.0, 24
MIN_ERRORS = 1.645  # two-sided 10 % of the normal law
SHARED_BOOK = ["hedge_symbol", "option_right", "profile", "scenario_host"]
READ = ["host", "variant", "hedge_symbol", "profile", "layer_no", "units_target", "side", "multiplier", "strike_usd",
        "forward_usd", "iv_vol", "years", "dte_days", "discount", "mid_usd", "bid_usd", "ask_usd", "spread_frac",
        "leg_status", "size_status"]  # fmt: skip


def known_betas(basis: pd.DataFrame) -> tuple[dict[str, float], frozenset[str]]:
    """Return the betas to VIX that differ from zero, and the chains of which none can be told from zero.

    Parameters
    ----------
    basis : DataFrame
        `HOST_BASIS`.

    Returns
    -------
    betas : dict of str to float
        Return of a chain's underlying per VIX point.
    weak : frozenset of str
        Chains whose beta is not more than 1.645 errors away from zero, or has no error: that is no evidence of any.

    Notes
    -----
    One multiple for all samples: from the 120 sessions that a beta needs, Student's is 1.658, and to it the Newey-West
    errors are the larger flaw. They are too small there, so that 12 to 14 of 100 betas of zero pass instead of 10.
    """
    beta, error = (basis[name].astype("float64") for name in ("vix_beta_frac", "vix_beta_se"))
    is_weak = beta.notna() & ~(beta.abs() > MIN_ERRORS * error)
    weak = frozenset(basis.loc[is_weak, "host"].astype("str"))
    return as_mapping(basis[~is_weak], "host", "vix_beta_frac"), weak


def distinct_legs(legs: pd.DataFrame, betas: Mapping[str, float], term: Mapping[int, float] = DECLARED_BETAS, *,
                  weak: Collection[str] = ()) -> pd.DataFrame:  # fmt: skip
    """Return the legs of every distinct ladder, with how far their forward moves for a point of spot VIX.

    Parameters
    ----------
    legs : DataFrame
        `LADDER_LEGS` with ``option_right`` and ``scenario_host``, from `alvh_core.ladders.legs_to_trade`.
    betas : mapping of str to float
        Return of a chain's underlying per VIX point; NaN or none where it is not known.
    term : mapping of int to float
        Move of a VIX future per point of spot, by days to settlement.
    weak : collection of str
        Chains whose beta is not told from zero, see `known_betas`.

    Returns
    -------
    DataFrame
        Three rows per book, in order, numbered by ``book_no``, with ``move_usd`` (per VIX point), ``is_weak`` (no beta
        is told from zero), ``is_declared`` (the profile gives the layer a share), ``is_missing`` (it does, and there
        is no leg to price or to size) and ``is_bought``. A layer whose budget pays for no contract is not missing: the
        ladder goes without it, and is worth what the others are.
    """
    first = legs[legs["host"].astype("str") == legs["scenario_host"].astype("str")]
    rows = first.drop_duplicates([*SHARED_BOOK, "layer_no"]).sort_values([*SHARED_BOOK, "layer_no"], ignore_index=True)
    priced = rows["iv_vol"].notna() & rows["forward_usd"].notna() & rows["discount"].notna()
    has_leg = priced & (rows["leg_status"] == "OK") & (rows["size_status"] != "NO_QUOTE")
    is_declared = rows["size_status"] != "NOT_IN_LADDER"
    size = rows["side"] * rows["units_target"] * rows["multiplier"].astype("float64")
    return rows.assign(book_no=(~rows.duplicated(SHARED_BOOK)).cumsum() - 1,
                       move_usd=vix_moves(rows, betas, term), is_weak=rows["hedge_symbol"].isin(weak),
                       shares=size.fillna(0.0), is_declared=is_declared, is_missing=is_declared & ~has_leg,
                       is_bought=is_declared & has_leg & (rows["units_target"] > 0),
                       premium_usd=(size * rows["mid_usd"]).fillna(0.0))  # fmt: skip


def vix_moves(contracts: pd.DataFrame, betas: Mapping[str, float], term: Mapping[int, float]) -> NDArray[np.float64]:
    """Return how far the forwards of contracts move for a point of spot VIX, NaN where it is not known.

    Parameters
    ----------
    contracts : DataFrame
        ``hedge_symbol``, ``forward_usd`` and ``dte_days``.
    betas, term : mapping
        As for `distinct_legs`.

    Returns
    -------
    ndarray of shape (n_contracts,)
        [USD or points per VIX point]
    """
    names = contracts["hedge_symbol"].astype("str")
    own = names.map(dict(betas)).astype("float64") * contracts["forward_usd"]
    return np.where(names == HEDGE_INDEX, tenor_beta(contracts["dte_days"].astype("float64"), term), own)


def books_of(legs: pd.DataFrame) -> pd.DataFrame:
    """Return `SHARED_BOOK` of every distinct ladder, in the order of their numbers."""
    return legs.loc[~legs["book_no"].duplicated(), SHARED_BOOK].reset_index(drop=True)


@dataclass(frozen=True, eq=False)
class Contracts:
    """The numbers that value contracts after a jump, arrays of shape (n,): taken from the frame once, priced often."""

    forward: NDArray[np.float64]
    move: NDArray[np.float64]
    strike: NDArray[np.float64]
    years: NDArray[np.float64]
    vol: NDArray[np.float64]
    discount: NDArray[np.float64]
    is_call: NDArray[np.bool_]

    @classmethod
    def of(cls, legs: pd.DataFrame) -> "Contracts":
        """Take the numbers of `distinct_legs`, or of any contracts with the same columns."""

        def numbers(name: str) -> NDArray[np.float64]:
            return legs[name].to_numpy(dtype=np.float64)

        return cls(forward=numbers("forward_usd"), move=numbers("move_usd"), strike=numbers("strike_usd"),
                   years=numbers("years"), vol=numbers("iv_vol"), discount=numbers("discount"),
                   is_call=(legs["option_right"] == "C").to_numpy())  # fmt: skip

    def after(self, shock: NDArray[np.float64] | float, vol_up: float = 0.0) -> NDArray[np.float64]:
        """Return what a share is worth after jumps of shape (..., n), in USD, volatility higher by ``vol_up``."""
        forward = np.maximum(self.forward + shock * self.move, 1e-6)
        return price(forward, self.strike, self.years, self.vol + vol_up, self.discount, self.is_call)


def value_after(legs: pd.DataFrame, shock: NDArray[np.float64] | float) -> NDArray[np.float64]:
    """Return what a share of every leg is worth after a jump of spot VIX.

    Parameters
    ----------
    legs : DataFrame
        From `distinct_legs`.
    shock : float or ndarray of shape (..., n_legs)
        [VIX points]

    Returns
    -------
    ndarray of shape (..., n_legs)
        [USD per share] NaN where the leg has no volatility or no beta.
    """
    return Contracts.of(legs).after(shock)


def night_scenarios(legs: pd.DataFrame, p95: Mapping[tuple[str, str], float], trade_date: pd.Timestamp,
                    source_mode: str) -> pd.DataFrame:  # fmt: skip
    """Return `SCENARIOS` of the night.

    Parameters
    ----------
    legs : DataFrame
        From `distinct_legs`.
    p95 : mapping of (hedge symbol, right) to float
        95th percentile of the chain's spread, where there is a history.
    trade_date : Timestamp
    source_mode : str
    """
    layers = _layers(legs, p95)
    sums = [name for name in map(str, layers) if name.endswith("_usd") and name != "shocked_forward_usd"]
    by = layers[layers["is_declared"]].groupby(["book_no", "shock_vol_points"])
    total, is_whole = by[sums].sum(min_count=1), by[sums].count().to_numpy() == by.size().to_numpy()[:, None]
    units = by["units_target"].sum()
    is_whole &= (units > 0).to_numpy()[:, None]  # a missing layer leaves no sum, nor does a night that buys nothing
    rank = by["rank"].max().where(units > 0, SCENARIO_STATUSES.index("NO_LEG"))
    whole = total.where(is_whole).assign(units_target=units, rank=rank, scenario_layer_no=0)
    result = pd.concat([layers, whole.reset_index()], ignore_index=True)
    result = result.sort_values(["book_no", "shock_vol_points", "scenario_layer_no"], ignore_index=True)
    status = pd.Categorical.from_codes(result["rank"].to_numpy(dtype=np.int64), pd.Index(SCENARIO_STATUSES))
    books = books_of(legs).take(result["book_no"].to_numpy()).reset_index(drop=True)
    dated = result.assign(**books, scenario_status=status, trade_date=trade_date, source_mode=source_mode)
    return frames.conform(dated, SCENARIOS)


def _layers(legs: pd.DataFrame, p95: Mapping[tuple[str, str], float]) -> pd.DataFrame:
    """Value every leg after every jump, a row for each."""
    contracts, shock = Contracts.of(legs), np.array(SHOCKS)[:, None]
    has_leg = (legs["is_declared"] & ~legs["is_missing"]).to_numpy()
    size, premium = (np.where(has_leg, legs[name], np.nan) for name in ("shares", "premium_usd"))
    value, wide = size * contracts.after(shock), legs["spread_frac"].to_numpy(dtype=np.float64)
    lacks = [SCENARIO_STATUSES.index(name) for name in ("NO_LEG", "WEAK_BETA", "NO_BETA")]
    usual = np.array([p95.get(key, np.nan) for key in keys_of(legs, ["hedge_symbol", "option_right"])])
    columns: dict[str, Any] = {
        **{name: legs[name] for name in ("book_no", "units_target", "is_declared")}, "shock_vol_points": shock,
        "scenario_layer_no": legs["layer_no"], "premium_usd": premium,
        "shocked_forward_usd": np.maximum(contracts.forward + shock * contracts.move, 1e-6), "value_mid_usd": value,
        "value_vol_up_usd": size * contracts.after(shock, VOL_UP), "gain_usd": value - size * contracts.after(0.0),
        "liq_tonight_usd": sold(value, wide), "liq_p95_usd": sold(value, usual),
        "liq_x2_usd": sold(value, 2.0 * wide), "liq_x3_usd": sold(value, 3.0 * wide),
        "rank": np.select([~has_leg, legs["is_weak"], np.isnan(contracts.move)], lacks, default=0),
    }  # fmt: skip
    return pd.DataFrame({name: np.broadcast_to(values, value.shape).ravel() for name, values in columns.items()})


def sold(value: NDArray[np.float64], spread_frac: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return what crossing half the spread leaves: less of what is owned, more to pay for what is owed."""
    return np.asarray(value - np.abs(value) * np.minimum(spread_frac, 2.0) / 2.0)


def break_even_shocks(legs: pd.DataFrame, fill: float) -> pd.DataFrame:
    """Return the smallest jump of spot VIX at which each ladder is worth what it cost, at once.

    Parameters
    ----------
    legs : DataFrame
        From `distinct_legs`.
    fill : float
        Half-spreads paid at the purchase: 0 at the mid, 1 at the ask.

    Returns
    -------
    DataFrame
        `SHARED_BOOK`, ``shock`` [VIX points; NaN: none below 100] and ``status``: NO_LEG where a declared layer has no
        leg, or nothing is bought; WEAK_BETA and NO_BETA where it is not known how what is bought follows VIX. A grid
        of two points brackets the first crossing, halvings close it.
    """
    half = (legs["ask_usd"] - legs["bid_usd"]).fillna(0.0) / 2.0
    paid = (legs["premium_usd"] + fill * legs["shares"].abs() * half).where(legs["is_bought"], 0.0)
    numbers, is_bought, books = legs["book_no"].to_numpy(), legs["is_bought"].to_numpy(), books_of(legs)
    usable = (np.bincount(numbers, legs["is_missing"]) == 0) & (np.bincount(numbers, is_bought) > 0)
    has_beta = np.bincount(numbers, is_bought & legs["move_usd"].isna()) == 0
    is_weak = np.bincount(numbers, legs["is_weak"]) > 0
    mine = is_bought & (usable & has_beta)[numbers]  # the others have no answer
    contracts, shares = Contracts.of(legs[mine]), legs["shares"].to_numpy()[mine]
    starts = np.diff(numbers[mine], prepend=-1) > 0
    book, at = numbers[mine][starts], np.cumsum(starts) - 1
    cost, first = np.bincount(numbers, paid)[book], np.flatnonzero(starts)

    def is_paid_back(shocks: NDArray[np.float64]) -> NDArray[np.bool_]:
        """Tell by jump, of shape (n_jumps, n_books), whether the books are worth what they cost."""
        worth = shares * np.nan_to_num(contracts.after(shocks[:, at]))
        return np.asarray(np.add.reduceat(worth, first, axis=1) - cost >= -1e-9)

    steps = np.arange(0.0, MAX_SHOCK + GRID_STEP, GRID_STEP)
    paid_back = is_paid_back(np.broadcast_to(steps[:, None], (len(steps), len(book))))
    high = np.where(paid_back.any(axis=0), steps[paid_back.argmax(axis=0)], np.nan)
    low = np.maximum(high - GRID_STEP, 0.0)
    for _ in range(HALVINGS):
        middle = (low + high) / 2.0
        above = is_paid_back(np.nan_to_num(middle)[None, :])[0]
        high, low = np.where(above, middle, high), np.where(above, low, middle)
    shock = np.full(len(books), np.nan)
    shock[book] = high
    status = np.select([~usable, is_weak, ~has_beta, np.isnan(shock)], list(SHOCK_STATUSES[1:]), default="OK")
    return books.assign(shock=shock, status=status)
