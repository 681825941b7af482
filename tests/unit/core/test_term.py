"""How far VIX futures follow spot: measured from what each night knew, the paper's until that is enough."""

import numpy as np
import pandas as pd
import pytest

from alvh_core import frames
from alvh_core.basis.closes import Closes
from alvh_core.basis.term import DECLARED_BETAS, MIN_NOBS, night_term
from alvh_core.registry.basis import TERM
from alvh_core.schemas import VX_SETTLEMENTS

SESSIONS = pd.bdate_range("2026-01-05", periods=160)
TENORS = list(DECLARED_BETAS)
BETAS = np.array([0.6, 0.3, 0.1])


def closes_of(values, days=SESSIONS):
    dates = days.to_numpy().astype("datetime64[D]")
    return Closes(dates=dates, symbols=("VIX",), values=np.asarray(values, dtype=np.float64)[:, None])


def settled(points, kind="settlement"):
    """`VX_SETTLEMENTS` from {(session, expiry): points}."""
    rows = [{"trade_date": SESSIONS[-1], "source_mode": "simulated", "settle_date": day, "expiry_date": expiry,
             "settle_kind": kind, "futures_symbol": "VX/X6", "settle_vol_points": value, "payload_sha256": "x",
             "row_position": 0} for (day, expiry), value in points.items()]  # fmt: skip
    return frames.conform(pd.DataFrame(rows), VX_SETTLEMENTS)


def curve(vix, day, days=SESSIONS, noise=None):
    """Futures of three tenors on a session and the one before it, which follow VIX by `BETAS`."""
    at = days.get_loc(day)
    points = {}
    for tenor, beta, extra in zip(TENORS, BETAS, np.zeros(3) if noise is None else noise, strict=True):
        expiry = day + pd.Timedelta(days=tenor)
        points[days[at - 1], expiry] = 20.0
        points[day, expiry] = 20.0 + beta * (vix[at] - vix[at - 1]) + extra
    return settled(points)


def run_nights(vix, count, noise=0.0, seed=1):
    """Run nights one after the other, each from what those before it left."""
    rng = np.random.default_rng(seed)
    parts = [frames.empty(TERM)]
    for at in range(1, count + 1):
        day = SESSIONS[at]
        known = closes_of(vix[: at + 1], SESSIONS[: at + 1])
        earlier = frames.concat(parts, TERM)
        parts.append(night_term(curve(vix, day, noise=rng.normal(0, noise, 3)), known, earlier, day, "simulated"))
    return parts[-1].set_index("beta_tenor_days")


def test_an_injected_damping_is_recovered_within_two_errors():
    vix = 18.0 + np.cumsum(np.random.default_rng(7).normal(0.0, 1.0, len(SESSIONS)))
    found = run_nights(vix, MIN_NOBS + 20, noise=0.2)
    assert (found["fwd_beta_status"] == "MEASURED").all()
    assert (found["fwd_beta_nobs_count"] == MIN_NOBS + 20).all()
    assert (np.abs(found["fwd_beta"] - BETAS) < 2.0 * found["fwd_beta_se"]).all()
    assert found["fwd_beta_se"].between(0.005, 0.05).all()


def test_until_there_are_enough_sessions_the_papers_betas_are_used():
    vix = 18.0 + np.cumsum(np.random.default_rng(7).normal(0.0, 1.0, len(SESSIONS)))
    for count, status in ((MIN_NOBS - 1, "DECLARED"), (MIN_NOBS, "MEASURED")):
        found = run_nights(vix, count)
        assert set(found["fwd_beta_status"]) == {status}
        expected = BETAS if status == "MEASURED" else list(DECLARED_BETAS.values())
        assert found["fwd_beta"].tolist() == pytest.approx(list(expected))
        assert (found["fwd_beta_nobs_count"] == count).all()
        assert found["fwd_beta_measured"].isna().all() == (status == "DECLARED")


def test_a_curve_that_falls_when_vix_rises_is_told_and_not_used():
    vix = 18.0 + np.cumsum(np.random.default_rng(7).normal(0.0, 1.0, len(SESSIONS)))
    moves = np.diff(vix)
    earlier = pd.concat([
        pd.DataFrame({"beta_tenor_days": TENORS, "move_date": SESSIONS[at], "vix_move_vol_points": moves[at - 1],
                      "future_move_vol_points": np.array([0.5, 0.3, -0.1]) * moves[at - 1]})
        for at in range(1, MIN_NOBS + 1)
    ])  # fmt: skip
    earlier = earlier.assign(fwd_beta=0.5, fwd_beta_nobs_count=0, fwd_beta_status="DECLARED", source_mode="simulated",
                             trade_date=earlier["move_date"])  # fmt: skip
    found = night_term(frames.empty(VX_SETTLEMENTS), closes_of(vix), frames.conform(earlier, TERM), SESSIONS[-1],
                       "simulated")  # fmt: skip
    assert found["fwd_beta_measured"].tolist() == pytest.approx([0.5, 0.3, -0.1])
    assert found["fwd_beta"].tolist() == list(DECLARED_BETAS.values())


def test_a_session_whose_settlements_come_a_night_late_counts_once():
    vix = np.array([18.0, 20.0, 19.0])
    first = night_term(curve(vix, SESSIONS[1], SESSIONS[:3]), closes_of(vix[:2], SESSIONS[:2]), frames.empty(TERM),
                       SESSIONS[1], "simulated")  # fmt: skip
    assert (first["move_date"] == SESSIONS[1]).all()
    again = night_term(curve(vix, SESSIONS[1], SESSIONS[:3]), closes_of(vix, SESSIONS[:3]), first, SESSIONS[2],
                       "simulated")  # fmt: skip
    assert (again["move_date"] == SESSIONS[1]).all()
    assert (again["fwd_beta_nobs_count"] == 1).all()


def test_the_order_of_earlier_rows_does_not_matter():
    """Every eighth night knew the session before it only, with settlements that were corrected a night later."""
    vix = 18.0 + np.cumsum(np.random.default_rng(7).normal(0.0, 1.0, len(SESSIONS)))
    moves = np.diff(vix)
    earlier = pd.concat([
        pd.DataFrame({"beta_tenor_days": TENORS, "trade_date": SESSIONS[at], "move_date": SESSIONS[late],
                      "vix_move_vol_points": moves[late - 1],
                      "future_move_vol_points": (BETAS + 0.5 * (late < at)) * moves[late - 1]})
        for at in range(1, MIN_NOBS + 35) for late in [at - (at % 8 == 0)]
    ])  # fmt: skip
    earlier = frames.conform(earlier.assign(fwd_beta=0.5, fwd_beta_nobs_count=0, fwd_beta_status="DECLARED",
                                            source_mode="simulated"), TERM)  # fmt: skip
    args = (frames.empty(VX_SETTLEMENTS), closes_of(vix))
    expected = night_term(*args, earlier, SESSIONS[-1], "simulated")
    turned = night_term(*args, earlier.iloc[::-1].reset_index(drop=True), SESSIONS[-1], "simulated")
    pd.testing.assert_frame_equal(expected, turned)
    assert (expected["fwd_beta_status"] == "MEASURED").all()
    assert (expected["fwd_beta"] > BETAS + 0.02).all(), "the later night's settlements count"


def test_a_move_over_a_missing_session_is_none():
    vix = np.array([18.0, 20.0, 19.0])
    expiry = SESSIONS[2] + pd.Timedelta(days=30)
    gap = settled({(SESSIONS[0], expiry): 20.0, (SESSIONS[2], expiry): 22.0})
    found = night_term(gap, closes_of(vix, SESSIONS[:3]), frames.empty(TERM), SESSIONS[2], "simulated")
    assert found["move_date"].isna().all()
    assert (found["fwd_beta_nobs_count"] == 0).all()
    unknown = closes_of([18.0, np.nan, 19.0], SESSIONS[:3])
    assert night_term(curve(vix, SESSIONS[1], SESSIONS[:3]), unknown, frames.empty(TERM), SESSIONS[2],
                      "simulated")["move_date"].isna().all()  # fmt: skip


def test_the_evening_settlement_counts_before_the_history_and_the_final_value_never():
    vix = np.array([18.0, 20.0])
    day, expiry = SESSIONS[1], SESSIONS[1] + pd.Timedelta(days=30)
    mine = {(SESSIONS[0], expiry): 20.0, (day, expiry): 21.0}
    other = {(SESSIONS[0], expiry): 30.0, (day, expiry): 39.0}
    for further in (settled(other, "history"), settled(other, "final")):
        both = pd.concat([further, settled(mine)], ignore_index=True)
        found = night_term(both, closes_of(vix, SESSIONS[:2]), frames.empty(TERM), day, "simulated")
        assert found["future_move_vol_points"].iloc[0] == pytest.approx(1.0)
        assert found["future_move_vol_points"].iloc[1:].isna().all()
    assert found["vix_move_vol_points"].tolist() == [2.0] * 3
