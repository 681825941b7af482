"""Pricing of a night: forward, volatility with a reason, greeks, intrinsic value, ticks, chains for the ladders."""

from datetime import date, datetime

import numpy as np
import pandas as pd
import pytest

from alvh_core import black, frames
from alvh_core.forwards import expiry_forwards
from alvh_core.pricing import hedge_chains, price_quotes
from alvh_core.schemas import PRICED_QUOTES, QUARANTINED_QUOTES, RATE_CURVE

QUOTE_AT = datetime.fromisoformat("2026-07-16 15:50")
NIGHT = QUOTE_AT.date()
AUG = date(2026, 8, 19)
FRIDAY = date(2026, 8, 21)
STRIKES = np.arange(14.0, 36.0)
SPOTS = {"VIX": 24.40, "UVXY": 15.0, "SPX": 5990.0}


@pytest.fixture(scope="module")
def night(chains):
    """VIX spot 24.40, future 24.55; UVXY American; SPX European."""
    raw = pd.concat(
        [
            chains.wire("VIX", [("VIX", AUG, 24.55, lambda k: 0.5 + k / 50)], STRIKES, quote_at=QUOTE_AT),
            chains.wire("UVXY", [("UVXY", FRIDAY, 15.1, 1.2)], np.arange(10.0, 20.0), quote_at=QUOTE_AT),
            chains.wire("SPX", [("SPX", FRIDAY, 6000.0, 0.2)], np.arange(5500.0, 6501.0, 250.0), quote_at=QUOTE_AT),
        ],
        ignore_index=True,
    ).astype({"underlying": "category"})  # fmt: skip
    snapshots = chains.snapshots(SPOTS, QUOTE_AT)
    return chains.normalise(raw, snapshots)[0], snapshots


def _priced(chains, quotes, snapshots, curve=None, threads=2):
    forwards = expiry_forwards(quotes, chains.curve(NIGHT) if curve is None else curve)
    return price_quotes(quotes, forwards, snapshots, chains.universe, threads=threads)


@pytest.fixture(scope="module")
def priced(night, chains):
    return _priced(chains, *night)


def _one(frame, osi):
    return frame.set_index("osi_symbol").loc[osi]


def _set(quotes, osi, **columns):
    result = quotes.astype({"quote_flag": "str"})
    for name, value in columns.items():
        result.loc[result["osi_symbol"] == osi, name] = value
    return result.astype({"quote_flag": "category"})


def test_pitfall_01_volatility_comes_from_the_forward(priced):
    vix = priced[priced["underlying"] == "VIX"]
    assert vix["iv_status"].eq("OK").all()
    np.testing.assert_allclose(vix["iv_vol"], 0.5 + vix["strike_usd"] / 50, rtol=1e-9)
    assert vix["forward_usd"].tolist() == pytest.approx([24.55] * len(vix))


def test_pitfall_01_spot_would_have_given_another_volatility(priced):
    row = _one(priced, "VIX   260819C00018000")
    wrong, _ = black_iv(row["mid_usd"], 24.40, row)
    assert abs(float(wrong) - row["iv_vol"]) > 0.03


def black_iv(mid, forward, row):
    from alvh_core.implied import implied_vol

    return implied_vol(mid, forward, row["strike_usd"], row["years"], row["discount"], True)


def test_columns_follow_their_definitions(priced):
    row = _one(priced, "VIX   260819C00030000")
    greeks = black.greeks(row["forward_usd"], 30.0, row["years"], row["iv_vol"], row["discount"], True)
    assert row["mid_usd"] == pytest.approx((row["bid_usd"] + row["ask_usd"]) / 2)
    assert row["spread_usd"] == pytest.approx(row["ask_usd"] - row["bid_usd"])
    assert row["spread_frac"] == pytest.approx(0.02)
    assert row["delta_fwd"] == pytest.approx(float(greeks.delta_fwd))
    assert row["theta_usd_per_day"] == pytest.approx(float(greeks.theta) / 365.0)
    assert (row["tick_usd"], row["spread_ticks"]) == (0.01, pytest.approx(row["spread_usd"] / 0.01))
    assert row["tick_floor_frac"] == pytest.approx(0.01 / row["mid_usd"])
    assert list(priced.columns) == list(PRICED_QUOTES.names)


def test_call_and_put_deltas_differ_by_one_and_fall_in_the_strike(priced):
    vix = priced[priced["underlying"] == "VIX"].sort_values("strike_usd")
    calls, puts = (vix[vix["option_right"] == right]["delta_fwd"].to_numpy() for right in "CP")
    np.testing.assert_allclose(calls - puts, 1.0, atol=1e-9)
    assert (np.diff(calls) < 0).all()


def test_time_value_of_call_and_put_agree_under_parity(priced):
    spx = priced[priced["underlying"] == "SPX"].sort_values("strike_usd")
    calls, puts = (spx[spx["option_right"] == right] for right in "CP")
    np.testing.assert_allclose(calls["extrinsic_usd"], puts["extrinsic_usd"].to_numpy(), atol=1e-6)
    assert calls["strike_usd"].iloc[int(calls["extrinsic_usd"].argmax())] == 6000.0  # largest near the forward
    assert (calls["extrinsic_usd"] > 0).all()


def test_european_intrinsic_is_on_the_forward_american_on_the_spot(priced, chains):
    vix, uvxy = _one(priced, "VIX   260819C00020000"), _one(priced, "UVXY  260821C00012000")
    assert vix["intrinsic_usd"] == pytest.approx(vix["discount"] * 4.55)
    assert uvxy["intrinsic_usd"] == pytest.approx(3.0)
    put = _one(priced, "UVXY  260821P00018000")
    assert put["intrinsic_usd"] == pytest.approx(3.0)


def test_extrinsic_value_is_not_clamped_but_flagged(night, chains):
    quotes, snapshots = night
    cheap = _set(quotes, "UVXY  260821C00010000", bid_usd=4.0, ask_usd=4.2)  # intrinsic 5 on the spot
    row = _one(_priced(chains, cheap, snapshots), "UVXY  260821C00010000")
    assert row["extrinsic_usd"] == pytest.approx(-0.9)
    assert row["is_neg_extrinsic"]
    inside = _set(quotes, "UVXY  260821C00010000", bid_usd=4.8, ask_usd=5.0)  # the ask still covers it
    assert not _one(_priced(chains, inside, snapshots), "UVXY  260821C00010000")["is_neg_extrinsic"]


@pytest.mark.parametrize(
    ("columns", "status"),
    [
        pytest.param({"bid_usd": 0.0, "ask_usd": 0.1, "quote_flag": "ZERO_BID"}, "NO_BID", id="no bid"),
        pytest.param({"bid_usd": 0.0, "ask_usd": np.nan, "quote_flag": "NO_QUOTE"}, "NO_QUOTE", id="no quote"),
        pytest.param({"bid_usd": 0.1, "ask_usd": 0.2}, "BELOW_INTRINSIC", id="below intrinsic"),
        pytest.param({"bid_usd": 24.6, "ask_usd": 24.8}, "ABOVE_MAX", id="above the forward"),
    ],
)
def test_pitfall_12_every_missing_volatility_has_a_reason(columns, status, night, chains):
    quotes, snapshots = night
    row = _one(_priced(chains, _set(quotes, "VIX   260819C00018000", **columns), snapshots), "VIX   260819C00018000")
    assert row["iv_status"] == status
    assert np.isnan(row["iv_vol"])
    assert np.isnan(row["delta_fwd"])


def test_a_settled_expiry_has_no_time(night, chains):
    quotes, snapshots = night
    settled = quotes.assign(years=quotes["years"].where(quotes["underlying"] != "VIX", 0.0))
    status = _priced(chains, settled, snapshots).groupby("underlying", observed=True)["iv_status"].unique()
    assert status["VIX"].tolist() == ["NO_TIME"]
    assert status["SPX"].tolist() == ["OK"]


def test_without_a_curve_there_is_no_forward_and_no_volatility(night, chains):
    found = _priced(chains, *night, curve=frames.empty(RATE_CURVE))
    assert found["iv_status"].astype(str).unique().tolist() == ["NO_FORWARD"]
    assert found["mid_usd"].notna().all()
    assert found["spread_frac"].notna().all()


def test_threads_change_nothing(night, chains, priced):
    pd.testing.assert_frame_equal(_priced(chains, *night, threads=1), priced)


def test_pitfall_05_adjusted_contracts_are_not_priced(night, chains):
    quotes, snapshots = night
    adjusted = quotes.assign(is_adjusted=quotes["underlying"] == "UVXY")
    assert set(_priced(chains, adjusted, snapshots)["underlying"]) == {"VIX", "SPX"}


def test_no_quotes_give_no_rows(night, chains):
    found = _priced(chains, night[0].iloc[:0], night[1])
    assert found.empty
    assert list(found.columns) == list(PRICED_QUOTES.names)


def test_pitfall_13_high_volatility_is_kept(chains):
    raw = chains.wire("VIX", [("VIX", AUG, 24.55, 3.5)], np.arange(14.0, 120.0, 4.0), quote_at=QUOTE_AT)
    quotes, _ = chains.normalise(raw, chains.snapshots({"VIX": 24.4}, QUOTE_AT))
    found = _priced(chains, quotes, chains.snapshots({"VIX": 24.4}, QUOTE_AT))
    np.testing.assert_allclose(found["iv_vol"], 3.5, rtol=1e-8)


# --- chains for the ladders -------------------------------------------------------------------------------------------
def _quarantined(quotes, osi, severity="row", **columns):
    rows = quotes[quotes["osi_symbol"] == osi].assign(severity=severity, reason="CROSSED: ...", **columns)
    return frames.conform(rows, QUARANTINED_QUOTES)


def test_a_rejected_strike_comes_back_flagged(night, priced):
    osi = "VIX   260819C00030000"
    rest = priced[priced["osi_symbol"] != osi]
    found = hedge_chains(rest, _quarantined(night[0], osi), {"VIX", "VXX"})
    assert set(found["underlying"]) == {"VIX"}
    row = _one(found, osi)
    assert (row["quote_flag"], row["iv_status"], row["strike_usd"]) == ("BAD", "NO_QUOTE", 30.0)
    assert np.isnan(row["iv_vol"])
    assert len(found) == 2 * len(STRIKES)


@pytest.mark.parametrize(
    "quarantine",
    [
        pytest.param({"severity": "expiry"}, id="suspended expiry"),
        pytest.param({"severity": "underlying"}, id="suspended underlying"),
        pytest.param({"is_adjusted": True}, id="adjusted"),
    ],
)
def test_suspended_and_adjusted_contracts_stay_out(quarantine, night, priced):
    osi = "VIX   260819C00030000"
    rest = priced[priced["osi_symbol"] != osi]
    found = hedge_chains(rest, _quarantined(night[0], osi, **quarantine), {"VIX"})
    assert osi not in set(found["osi_symbol"])


def test_a_duplicate_that_was_kept_is_not_bad(night, priced):
    osi = "VIX   260819C00030000"
    found = hedge_chains(priced, _quarantined(night[0], osi), {"VIX", "UVXY"})
    assert _one(found, osi)["quote_flag"] == "OK"
    assert set(found["underlying"]) == {"VIX", "UVXY"}
