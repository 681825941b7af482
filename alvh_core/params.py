"""Frozen parameter sets: ladder profiles and rules, each with the source of its numbers.

Numbers that decide anything live here, never in the functions that use them. A profile is named and versioned, because
"4/4/2" has seven incompatible definitions at its own publisher. What is not a decision parameter does not belong here.
"""

import math
from collections.abc import Mapping
from dataclasses import dataclass, fields, replace
from itertools import pairwise
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from alvh_core.errors import ContractError

LAYERS = (1, 2, 3)
FEE_USD_PER_CONTRACT = 1.0  # a judgement: about what brokers charge
MONTHLY_HELD_FRAC = 0.25  # a judgement: the spread of recorded VIX monthlies over that of the weeklies beside them
STRESS_RETURN_FRAC = -0.02  # section 8 of the specification
EQUITY_PREMIUM_FRAC = 0.05  # a declared judgement, for the cost of equity of the dividend model only
DIVIDEND_GROWTH_FRAC = 0.03  # a judgement as well: about that of nominal output


@dataclass(frozen=True, kw_only=True)
class SpreadRule:
    """The article's filter: deploy only while the average spread is below 8 % of the premium.

    Attributes
    ----------
    limit_frac : float
        The decision value passes strictly below this. [fraction of mid premium]
    worst_leg_frac : float
        No single leg may reach this. [fraction] A judgement, not in the article.
    """

    limit_frac: float = 0.08
    worst_leg_frac: float = 0.16


@dataclass(frozen=True, kw_only=True)
class LadderProfile:
    """One reading of the 4/4/2 ladder; all tuples have one entry per layer.

    Attributes
    ----------
    name, version, source : str
        Identity of the parameter set and where its numbers come from.
    units : tuple of int
        Contracts bought per layer.
    levels_vol_points : tuple of float
        A layer arms when the trigger index closes at or above its level. [VIX points]
    tenors_days, tolerances_days : tuple of int
        Target time to settlement and how far a listed expiry may lie from it; within that a standard monthly beats a
        weekly, see `alvh_core.selection.choose_expiries`. [calendar days]
    target_delta : float
        Undiscounted forward delta of the calls. [-]
    native_put_delta : float
        Undiscounted forward delta of the host's own puts in V3_NATIVE. [-] A declared judgement.
    max_delta_error : float
        No strike this near the target delta means NO_STRIKE. [-]
    disarm_gap_vol_points, disarm_sessions : float, int
        A layer disarms after so many consecutive closes below its level minus the gap.
    max_retries : int
        Sessions on which a deployment that the filter refused is tried again while armed.
    mode : {'trigger', 'always', 'bands'}
        What arms a layer: a close of the trigger index; nothing, it is always armed; the band that the forward of the
        first layer's expiry lies in.
    unit_basis : {'contracts', 'premium'}
        Whether ``units`` count contracts, or are shares of the premium budget.
    sides : tuple of int
        1 buys a layer, -1 sells it.
    bands_vol_points, band_weights_frac : tuple of float
        Upper edges of the forward's bands, each inclusive, and the premium bought in each and above the last, of the
        hedged notional, at one roll. [VIX points, fraction]
    roll_dte_days : int
        A leg this near to settlement is rolled; 0 holds it to settlement. [calendar days]
    hold_days : int
        A leg held this long is rolled; 0 for no such rule. [calendar days]
    profit_multiple, profit_sold_frac : float
        At this multiple of its cost, this share of a leg is sold, once. [-, fraction]
    defer_spread_frac : float
        A leg with a wider spread is not sold, except near to settlement. [fraction of mid]
    defer_until_dte_days : int
        This near to settlement no sale is deferred, and a leg whose roll is refused goes without it. [calendar days]
    spread_limit_frac, worst_leg_frac : float
        The filter's `SpreadRule`. [fraction of mid premium]
    keep_spread_frac : float
        A layer that is held may be rolled until the new leg's spread reaches this. [fraction] Hysteresis of the filter.
    hedged_notional_usd, budget_frac_per_year : float
        What is protected, and the premium spent on it in a year. [USD, fraction]
    """

    name: str
    version: str
    source: str
    units: tuple[int, ...] = (4, 4, 2)
    levels_vol_points: tuple[float, ...] = (18.0, 22.0, 28.0)
    tenors_days: tuple[int, ...] = (30, 110, 220)
    tolerances_days: tuple[int, ...] = (12, 20, 35)
    target_delta: float = 0.50
    native_put_delta: float = -0.30
    max_delta_error: float = 0.10
    disarm_gap_vol_points: float = 2.0
    disarm_sessions: int = 3
    max_retries: int = 10
    mode: str = "trigger"
    unit_basis: str = "contracts"
    sides: tuple[int, ...] = (1, 1, 1)
    bands_vol_points: tuple[float, ...] = ()
    band_weights_frac: tuple[float, ...] = ()
    roll_dte_days: int = 21
    hold_days: int = 0
    profit_multiple: float = 3.0
    profit_sold_frac: float = 0.5
    defer_spread_frac: float = 0.25
    defer_until_dte_days: int = 5
    spread_limit_frac: float = SpreadRule.limit_frac
    worst_leg_frac: float = SpreadRule.worst_leg_frac
    keep_spread_frac: float = 0.10
    hedged_notional_usd: float = 10_000_000.0
    budget_frac_per_year: float = 0.015

    def __post_init__(self) -> None:
        """Refuse a profile whose layers do not line up, or that holds what no ladder can be run by."""
        for name in _PER_LAYER:
            values = getattr(self, name)
            if not isinstance(values, tuple) or len(values) != len(LAYERS):
                found = len(values) if isinstance(values, tuple) else repr(values)
                raise ContractError(f"profile {self.name}: {name} needs {len(LAYERS)} entries, found {found}")
        self._check_numbers()
        if not any(self.units):
            raise ContractError(f"profile {self.name}: units: expected some in one layer at least, found none")
        if any(low >= high for low, high in pairwise(self.levels_vol_points)):
            raise ContractError(f"profile {self.name}: levels must increase, found {self.levels_vol_points}")
        for name, allowed in _CHOICES.items():
            if getattr(self, name) not in allowed:
                raise ContractError(f"profile {self.name}: {name} is one of {', '.join(allowed)}, found "
                                    f"{getattr(self, name)!r}")  # fmt: skip
        if not _are_numbers(self.sides) or len(self.sides) != len(LAYERS) or any(x not in (-1, 1) for x in self.sides):
            raise ContractError(f"profile {self.name}: sides needs 1 or -1 per layer, found {self.sides!r}")
        self._check_bands()
        self._check_times()

    def _check_numbers(self) -> None:
        for name in (*_PER_LAYER, *_NUMBERS):
            found = getattr(self, name)
            values, whole = found if name in _PER_LAYER else (found,), name in _WHOLE
            if not all(_is_number(value, whole) for value in values):
                kind = "whole numbers from 0 on" if whole else "numbers"
                raise ContractError(f"profile {self.name}: {name} needs {kind}, found {found!r}")
            low, high = _RANGES.get(name, _ANY)
            if not all(low <= value <= high for value in values):
                raise ContractError(f"profile {self.name}: {name}: expected {_told(low, high)}, found {found!r}")

    def _check_times(self) -> None:
        """Refuse a leg that is due on the night it is bought: its budget is the year's over the days it is held."""
        days = min(self.tenors_days) - self.roll_dte_days
        if days < 1:
            raise ContractError(f"profile {self.name}: roll_dte_days: expected fewer than each of tenors_days "
                                f"{self.tenors_days!r}, found {self.roll_dte_days}; lower it, or lengthen "
                                "the tenors")  # fmt: skip
        if self.hold_days > days:
            raise ContractError(f"profile {self.name}: hold_days: expected at most {days}, after which the shortest of "
                                f"tenors_days is {self.roll_dte_days} days from settlement and rolled, found "
                                f"{self.hold_days}; lower it, or 0 for no such rule")  # fmt: skip

    @property
    def spread_rule(self) -> SpreadRule:
        """The filter that the ladder goes through."""
        return SpreadRule(limit_frac=self.spread_limit_frac, worst_leg_frac=self.worst_leg_frac)

    def _check_bands(self) -> None:
        edges, weights = self.bands_vol_points, self.band_weights_frac
        is_told = _are_numbers(edges) and _are_numbers(weights)
        expected = len(edges) + 1 if is_told and self.mode == "bands" else 0
        if not is_told or len(weights) != expected or any(low >= high for low, high in pairwise(edges)):
            raise ContractError(f"profile {self.name}: expected rising bands_vol_points and one weight more than edges"
                                f" in mode bands, none in others, found {edges!r} and {weights!r}")  # fmt: skip
        if any(weight < 0.0 or weight > 1.0 for weight in weights):
            raise ContractError(f"profile {self.name}: band_weights_frac: expected {_told(0, 1)}, found {weights!r}")


_PER_LAYER = ("units", "levels_vol_points", "tenors_days", "tolerances_days")
_NUMBERS = (
    "target_delta", "native_put_delta", "max_delta_error", "disarm_gap_vol_points",
    "disarm_sessions", "max_retries", "roll_dte_days", "hold_days", "profit_multiple", "profit_sold_frac",
    "defer_spread_frac", "defer_until_dte_days", "keep_spread_frac", "hedged_notional_usd", "budget_frac_per_year",
    "spread_limit_frac", "worst_leg_frac",
)  # fmt: skip
_CHOICES = {"mode": ("trigger", "always", "bands"), "unit_basis": ("contracts", "premium")}
_WHOLE = {"units", "tenors_days", "tolerances_days", "disarm_sessions", "max_retries", "roll_dte_days", "hold_days",
          "defer_until_dte_days"}  # fmt: skip

_ANY = (-math.inf, math.inf)
# Lowest and highest value, both allowed: beyond, a sale would be of more than is held, or a layer never leave a state
_RANGES: dict[str, tuple[float, float]] = {
    "levels_vol_points": (0, 200), "tenors_days": (1, math.inf), "target_delta": (0, 1), "native_put_delta": (-1, 0),
    "max_delta_error": (0, 1), "disarm_gap_vol_points": (0, 200), "disarm_sessions": (1, math.inf),
    "max_retries": (1, math.inf), "profit_multiple": (1, math.inf), "profit_sold_frac": (0, 1),
    "defer_spread_frac": (0, 2), "keep_spread_frac": (0, 2), "spread_limit_frac": (0, 2), "worst_leg_frac": (0, 2),
    "hedged_notional_usd": (1, math.inf), "budget_frac_per_year": (0, 1),
}  # fmt: skip


def is_stress(returns: ArrayLike) -> NDArray[np.bool_]:
    """Tell on which sessions 2 % or more was lost, the stress of every measure; an unknown return is none.

    Examples
    --------
    >>> is_stress([-0.0199, 98.0 / 100.0 - 1.0, -0.05, float("nan")]).tolist()
    [False, True, True, False]
    """
    # rounded, as the limit is: 49.0 / 50.0 - 1.0 is not -0.02 in binary
    return np.asarray(np.round(np.asarray(returns, dtype=np.float64), 9) <= STRESS_RETURN_FRAC)


def _told(low: float, high: float) -> str:
    return f"from {low:g} to {high:g}" if high < math.inf else f"{low:g} or more"


def _is_number(value: object, whole: bool) -> bool:
    if isinstance(value, bool) or not isinstance(value, int | float):
        return False
    return isinstance(value, int) and value >= 0 if whole else math.isfinite(value)


def _are_numbers(values: object) -> bool:
    return isinstance(values, tuple) and all(_is_number(value, whole=False) for value in values)


def with_overrides(profile: LadderProfile, overrides: Mapping[str, Any], where: str) -> LadderProfile:
    """Return the profile with some fields replaced.

    Parameters
    ----------
    profile : LadderProfile
        The named base.
    overrides : mapping
        Field name to value; lists become tuples.
    where : str
        Named in the error, e.g. ``universe.toml: assets.VNQ.profile_overrides``.

    Raises
    ------
    ContractError
        What is given is no table, an override names no field of the profile, or the field cannot hold its value.
    """
    if not isinstance(overrides, Mapping):
        raise ContractError(f"{where}: expected a table of a profile's fields, found {overrides!r}")
    if not overrides:
        return profile
    known = {field.name for field in fields(LadderProfile)} - {"name", "version", "source"}
    for key in overrides:
        if key not in known:
            raise ContractError(f"{where}: unknown key {key!r}; expected one of {', '.join(sorted(known))}")
    values: dict[str, Any] = {k: tuple(v) if isinstance(v, list) else v for k, v in overrides.items()}
    try:
        return replace(profile, **values)
    except ContractError as error:
        raise ContractError(f"{where}: {error}") from error
