"""The ladder profiles: the readings of 4/4/2 that run side by side every night, each with its source.

"4/4/2" has seven definitions at its own publisher; none of them is a constant of the code. What a field means is said
in `alvh_core.params`; a user's own profiles are laid over these.
"""

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from alvh_core.errors import ContractError
from alvh_core.params import LadderProfile, with_overrides

DEFAULT_PROFILE = "trigger_442"
COMPARISON_PROFILE = "ratio_4_4_2"  # the same ladder sized by premium: equal dollars across assets
_ABLATION = "source article (the False Binary): is the fixed 4/4/2 better than other ratios, at equal premium?"
UNFILTERED_TWIN = "unfiltered_442"  # the default without its filter: what the filter does is the difference
NO_LIMIT_FRAC = 2.0  # the spread of a quote without a bid, which is no market whatever the filter says
_SITE = "vixshield.com/ask"


def unfiltered(default: LadderProfile) -> LadderProfile:
    """Return the control of a default profile, a user's or a host's own too: the same ladder without its filter.

    Anything else that differed would be told as what the filter does.
    """
    return replace(
        default, name=UNFILTERED_TWIN, spread_limit_frac=NO_LIMIT_FRAC, worst_leg_frac=NO_LIMIT_FRAC,
        keep_spread_frac=NO_LIMIT_FRAC,
        source=f"source article (the 8 % filter): a control, {DEFAULT_PROFILE} at any spread that has two sides",
    )  # fmt: skip


def _ratio(name: str, *units: int) -> LadderProfile:
    return LadderProfile(name=name, version="1", source=_ABLATION, units=units, unit_basis="premium")


PROFILES: dict[str, LadderProfile] = {
    profile.name: profile
    for profile in (
        LadderProfile(
            name="trigger_442", version="1",
            source=f"source article (units at triggers); {_SITE}, pages on 18/22/28 (levels), 30/110/220 (tenors)",
        ),
        LadderProfile(
            name="tenor_442", version="1", mode="always",
            source=f"{_SITE}, page on 4/4/2 across 30/110/220 DTE: units by tenor, always on, rolled",
        ),
        LadderProfile(
            name="weight_40_40_20", version="1", mode="always", unit_basis="premium",
            tenors_days=(10, 37, 75), tolerances_days=(4, 8, 15), roll_dte_days=3,
            source=f"{_SITE}, how-exactly-does-the-alvh-442: premium 40/40/20 in 7-14, 30-45 and 60-90 days",
        ),
        LadderProfile(
            name="calendar_sell2", version="1", mode="always", sides=(1, 1, -1),
            tenors_days=(10, 37, 75), tolerances_days=(4, 8, 15), roll_dte_days=3, hold_days=7,
            source=f"{_SITE}, anyone-using-the-alvh: buy 4 in 7-14 and 4 in 30-45 days, sell 2 in 60-90, roll weekly",
        ),
        LadderProfile(
            name="vxth_baseline", version="1", mode="bands", unit_basis="premium", units=(1, 0, 0), target_delta=0.30,
            bands_vol_points=(15.0, 30.0, 50.0), band_weights_frac=(0.0, 0.01, 0.005, 0.0), roll_dte_days=0,
            profit_sold_frac=0.0,  # the index holds its calls to settlement
            source="Cboe VIX Tail Hedge Index, cboe.com/index/dashboard/VXTH: 30-delta one-month calls, monthly",
        ),
        _ratio("ratio_4_4_2", 4, 4, 2),
        _ratio("ratio_10_0_0", 10, 0, 0),
        _ratio("ratio_5_5_0", 5, 5, 0),
        _ratio("ratio_3_3_3", 1, 1, 1),
        _ratio("ratio_2_4_4", 2, 4, 4),
    )
}  # fmt: skip
PROFILES[UNFILTERED_TWIN] = unfiltered(PROFILES[DEFAULT_PROFILE])


def comparison_profile(profiles: Mapping[str, LadderProfile]) -> LadderProfile:
    """Return the profile whose ladders are set beside one another and beside their hosts.

    Single contracts against a notional of millions say nothing in basis points, and a host's price level decides how
    much of a hedge they are. Sized by a share of the notional, ladders compare in equal dollars.

    Parameters
    ----------
    profiles : mapping of str to LadderProfile
        Of the night; one that does not run `COMPARISON_PROFILE` compares by its first.

    Examples
    --------
    >>> comparison_profile(PROFILES).name, comparison_profile({"own": PROFILES["tenor_442"]}).name
    ('ratio_4_4_2', 'tenor_442')
    """
    return profiles.get(COMPARISON_PROFILE) or next(iter(profiles.values()))


def extend_profiles(document: Mapping[str, Any], where: str) -> dict[str, LadderProfile]:
    """Return the profiles of a night: the built-in ones and a user's ``[profiles.NAME]`` tables over them.

    Parameters
    ----------
    document : mapping
        Parsed TOML: ``profiles`` (name to a table of ``base``, ``source`` and any fields of `LadderProfile`) and
        ``run`` (names in the order they are told, the first one in the headline; all by default).
    where : str
        File name, for the messages.

    Returns
    -------
    dict of str to LadderProfile
        The control, if it is run, is `unfiltered` of the default profile as the user has it.

    Raises
    ------
    ContractError
        A key or a name is not known, something is no list or no table where one belongs, a profile has no source or the
        name of the control, or its fields do not hold together.
    """
    for key in document:
        if key not in {"profiles", "run"}:
            raise ContractError(f"{where}: unknown key {key!r}; expected profiles or run")
    result = dict(PROFILES)
    tables = document.get("profiles", {})
    if not isinstance(tables, Mapping):
        raise ContractError(f"{where}: profiles: expected one table per profile, found {tables!r}; write each under "
                            "[profiles.NAME]")  # fmt: skip
    for name, table in tables.items():
        result[name] = _own(name, table, result, f"{where}: profiles.{name}")
        result[UNFILTERED_TWIN] = unfiltered(result[DEFAULT_PROFILE])
    return {name: result[name] for name in _names(document.get("run", list(result)), result, where)}


def _names(names: object, known: Mapping[str, LadderProfile], where: str) -> list[str]:
    if not isinstance(names, list) or not all(isinstance(name, str) for name in names):
        told = names if isinstance(names, str) else next(iter(known))
        raise ContractError(f'{where}: run: expected a list of names, found {names!r}; write run = ["{told}"]')
    for name in names:
        if name not in known:
            raise ContractError(f"{where}: run names {name!r}; expected one of {', '.join(known)}")
    if not names:
        raise ContractError(f"{where}: run: expected at least one profile, found none; name one, or leave run out for "
                            "all of them")  # fmt: skip
    return names


def _own(name: str, table: object, known: Mapping[str, LadderProfile], where: str) -> LadderProfile:
    if not isinstance(table, Mapping):
        raise ContractError(f"{where}: expected a table of base, source and fields, found {table!r}; write them under "
                            f"[profiles.{name}]")  # fmt: skip
    if name == UNFILTERED_TWIN:
        raise ContractError(f"{where}: expected another name, as this one is {DEFAULT_PROFILE} without its filter, "
                            f"whatever that is; change {DEFAULT_PROFILE}, or name yours otherwise")  # fmt: skip
    fields = dict(table)
    base, source = fields.pop("base", DEFAULT_PROFILE), fields.pop("source", "")
    version = str(fields.pop("version", "1"))
    if not isinstance(base, str) or base not in known:
        raise ContractError(f"{where}.base: expected one of {', '.join(known)}, found {base!r}")
    if not isinstance(source, str) or not source:
        found = repr(source) if source else "none"
        raise ContractError(f"{where}: expected a source that says where its numbers come from, found {found}")
    return with_overrides(replace(known[base], name=name, version=version, source=source), fields, where)
