"""The ladder profiles: the readings of 4/4/2 that run side by side every night, each with its source.

"4/4/2" has seven definitions at its own publisher; none of them is a constant of the code. What a field means is said
in `alvh_core.params`; a user's own profiles are laid over these.
"""

from alvh_core.params import LadderProfile

DEFAULT_PROFILE = "trigger_442"
_ABLATION = "domain paper C32: is the fixed 4/4/2 better than other ratios, at equal premium?"
_SITE = "vixshield.com/ask"


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
            source="Cboe VIX Tail Hedge Index, cboe.com/index/dashboard/VXTH: 30-delta one-month calls, monthly",
        ),
        _ratio("ratio_4_4_2", 4, 4, 2),
        _ratio("ratio_10_0_0", 10, 0, 0),
        _ratio("ratio_5_5_0", 5, 5, 0),
        _ratio("ratio_3_3_3", 1, 1, 1),
        _ratio("ratio_2_4_4", 2, 4, 4),
    )
}  # fmt: skip
