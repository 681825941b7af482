"""Frozen parameter sets: ladder profiles and rules, each with the source of its numbers.

Numbers that decide anything live here, never in the functions that use them. A profile is named and versioned, because
"4/4/2" has seven incompatible definitions at its own publisher. What is not a decision parameter does not belong here.
"""

import math
from dataclasses import dataclass, fields, replace
from typing import Any

from alvh_core.errors import ContractError

LAYERS = (1, 2, 3)


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
        Target time to settlement and how far a listed expiry may lie from it. [calendar days]
    monthly_preference_days : int
        A standard monthly this close to the target beats a nearer weekly. [calendar days]
    target_delta : float
        Undiscounted forward delta of the calls. [-]
    native_put_delta : float
        Undiscounted forward delta of the host's own puts in V3_NATIVE. [-] A declared judgement.
    max_delta_error : float
        No strike this near the target delta means NO_STRIKE. [-]
    disarm_gap_vol_points, disarm_sessions : float, int
        A layer disarms after so many consecutive closes below its level minus the gap.
    max_retries : int
        Sessions for which a blocked deployment is tried again while armed.
    """

    name: str
    version: str
    source: str
    units: tuple[int, ...] = (4, 4, 2)
    levels_vol_points: tuple[float, ...] = (18.0, 22.0, 28.0)
    tenors_days: tuple[int, ...] = (30, 110, 220)
    tolerances_days: tuple[int, ...] = (12, 20, 35)
    monthly_preference_days: int = 5
    target_delta: float = 0.50
    native_put_delta: float = -0.30
    max_delta_error: float = 0.10
    disarm_gap_vol_points: float = 2.0
    disarm_sessions: int = 3
    max_retries: int = 10

    def __post_init__(self) -> None:
        """Refuse a profile whose layers do not line up, or that holds something else than numbers."""
        for name in _PER_LAYER:
            values = getattr(self, name)
            if not isinstance(values, tuple) or len(values) != len(LAYERS):
                found = len(values) if isinstance(values, tuple) else repr(values)
                raise ContractError(f"profile {self.name}: {name} needs {len(LAYERS)} entries, found {found}")
        for name in (*_PER_LAYER, *_NUMBERS):
            values = getattr(self, name)
            whole = name in _WHOLE
            if not all(_is_number(value, whole) for value in (values if name in _PER_LAYER else (values,))):
                kind = "whole numbers from 0 on" if whole else "numbers"
                raise ContractError(f"profile {self.name}: {name} needs {kind}, found {values!r}")
        if any(low >= high for low, high in zip(self.levels_vol_points, self.levels_vol_points[1:], strict=False)):
            raise ContractError(f"profile {self.name}: levels must increase, found {self.levels_vol_points}")


_PER_LAYER = ("units", "levels_vol_points", "tenors_days", "tolerances_days")
_NUMBERS = (
    "monthly_preference_days", "target_delta", "native_put_delta", "max_delta_error", "disarm_gap_vol_points",
    "disarm_sessions", "max_retries",
)  # fmt: skip
_WHOLE = {"units", "tenors_days", "tolerances_days", "monthly_preference_days", "disarm_sessions", "max_retries"}


def _is_number(value: object, whole: bool) -> bool:
    if isinstance(value, bool) or not isinstance(value, int | float):
        return False
    return isinstance(value, int) and value >= 0 if whole else math.isfinite(value)


PROFILES: dict[str, LadderProfile] = {
    "trigger_442": LadderProfile(
        name="trigger_442",
        version="1",
        source="source article (units at triggers); vixshield.com/ask, pages on 18/22/28 (levels), 30/110/220 (tenors)",
    )
}


def with_overrides(profile: LadderProfile, overrides: dict[str, Any], where: str) -> LadderProfile:
    """Return the profile with some fields replaced.

    Parameters
    ----------
    profile : LadderProfile
        The named base.
    overrides : dict
        Field name to value; lists become tuples.
    where : str
        Named in the error, e.g. ``universe.toml: assets.VNQ.profile_overrides``.

    Raises
    ------
    ContractError
        An override names no field of the profile, or the field cannot hold its value.
    """
    known = {field.name for field in fields(LadderProfile)} - {"name", "version", "source"}
    for key in overrides:
        if key not in known:
            raise ContractError(f"{where}: unknown key {key!r}; expected one of {', '.join(sorted(known))}")
    values: dict[str, Any] = {k: tuple(v) if isinstance(v, list) else v for k, v in overrides.items()}
    try:
        return replace(profile, **values)
    except ContractError as error:
        raise ContractError(f"{where}: {error}") from error
