"""How many contracts a layer buys: the declared units, or what a premium budget pays for, never rounded up.

A tenth of the average volume and a hundredth of the open interest cap a leg. Which contract is bought is
`alvh_core.selection`.
"""

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from alvh_core.params import LAYERS, LadderProfile
from alvh_core.volumes import OPEN_INTEREST_FRAC, VOLUME_FRAC

DAYS_PER_YEAR = 365.0


def layer_shares(profile: LadderProfile) -> NDArray[np.float64]:
    """Return each layer's share of the premium; they add up to one."""
    units = np.array(profile.units, dtype=np.float64)
    return np.asarray(units / units.sum())


def roll_budgets(profile: LadderProfile, band_weight_frac: float = np.nan) -> NDArray[np.float64]:
    """Return the premium that each layer may spend at one purchase.

    Parameters
    ----------
    profile : LadderProfile
        Of ``unit_basis`` premium.
    band_weight_frac : float
        Share of the notional that the band of the night buys; read in mode ``bands`` only. NaN: the band is unknown.

    Returns
    -------
    ndarray of shape (3,)
        Annual budget times share over the purchases of a year, ``365 / days held``. [USD]

    Examples
    --------
    >>> from alvh_core.profiles import PROFILES
    >>> roll_budgets(PROFILES["ratio_4_4_2"]).round(2).tolist()
    [1479.45, 14630.14, 16356.16]
    """
    shares = layer_shares(profile)
    if profile.mode == "bands":
        return np.asarray(profile.hedged_notional_usd * band_weight_frac * shares)
    tenors = np.array(profile.tenors_days, dtype=np.float64)
    held = np.full(len(LAYERS), float(profile.hold_days)) if profile.hold_days else tenors - profile.roll_dte_days
    annual = profile.budget_frac_per_year * profile.hedged_notional_usd
    return np.asarray(annual * shares * held / DAYS_PER_YEAR)


def size_legs(legs: pd.DataFrame) -> pd.DataFrame:
    """Add how many contracts each leg buys tonight.

    Parameters
    ----------
    legs : DataFrame
        ``declared_units``, ``unit_basis``, ``roll_budget_usd`` (NaN for contracts), ``hedged_notional_usd``,
        ``ask_usd``, ``multiplier``, ``adv20_count``, ``open_interest_count``, ``leg_status``.

    Returns
    -------
    DataFrame
        With ``units_target``, ``budget_usd``, ``residual_usd`` (budget not spent at the ask),
        ``budget_used_frac`` (share spent: a cap may leave a layer a few per cent of what it asked for; NaN where the
        budget is 0 or nothing can be sized), ``min_account_usd`` (hedged notional whose budget pays for one contract)
        and ``size_status``: OK, CAPPED by average volume or open interest, TOO_SMALL, NO_QUOTE (no contract with a
        price to size, or no budget known), NOT_IN_LADDER. Declared contracts stay the target where
        there is none to buy.
    """
    declared = legs["declared_units"].to_numpy(dtype=np.int64)
    by_premium = (legs["unit_basis"] == "premium").to_numpy() & (declared > 0)
    price = (legs["ask_usd"] * legs["multiplier"]).to_numpy(dtype=np.float64)
    price = np.where((price > 0) & (legs["leg_status"] == "OK").to_numpy(), price, np.nan)
    budget = np.where(by_premium, legs["roll_budget_usd"].to_numpy(dtype=np.float64), np.nan)
    average, interest = (legs[name].to_numpy(dtype=np.float64) for name in ("adv20_count", "open_interest_count"))
    cap = np.floor(np.round(np.fmin(VOLUME_FRAC * average, OPEN_INTEREST_FRAC * interest), 9))
    with np.errstate(invalid="ignore", divide="ignore"):
        affordable = np.floor(np.round(budget / price, 9))
        account = legs["hedged_notional_usd"].to_numpy(dtype=np.float64) * price / budget
    is_capped = by_premium & (affordable > cap)  # what is not known caps nothing
    contracts = np.nan_to_num(np.where(is_capped, cap, affordable)).astype(np.int64)
    too_small = by_premium & (affordable == 0.0)
    unknown = (legs["leg_status"] != "OK").to_numpy() | (by_premium & np.isnan(affordable))
    status = np.select(
        [declared == 0, unknown, too_small, is_capped], ["NOT_IN_LADDER", "NO_QUOTE", "TOO_SMALL", "CAPPED"], "OK"
    )
    units = np.where(by_premium, contracts, declared)
    spent = np.where(by_premium, units * price, np.nan)
    used = np.minimum(spent / np.where(budget > 0, budget, np.nan), 1.0)  # a last bit above is rounding
    return legs.assign(
        units_target=units, budget_usd=budget, residual_usd=budget - spent, budget_used_frac=used,
        min_account_usd=np.where(too_small & np.isfinite(account), account, np.nan), size_status=status,
    )  # fmt: skip
