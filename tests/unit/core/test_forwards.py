"""Forwards by put-call parity: per expiry and root, from two-sided quotes, with a reason where there is none."""

from datetime import date, datetime
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from alvh_core import frames
from alvh_core.curve import curve_as_of
from alvh_core.forwards import expiry_forwards, forward_rows, parity_pairs
from alvh_core.schemas import FORWARDS, RATE_CURVE, VX_SETTLEMENTS

QUOTE_AT = datetime.fromisoformat("2026-07-16 15:50")
NIGHT = QUOTE_AT.date()
AUG, SEP = date(2026, 8, 19), date(2026, 9, 16)
STRIKES = np.arange(14.0, 36.0)
NO_CURVE = frames.empty(RATE_CURVE)


@pytest.fixture(scope="module")
def vix(chains):
    """Two VIX expiries whose forwards differ from each other and from spot."""
    raw = chains.wire("VIX", [("VIX", AUG, 24.55, 0.9), ("VIX", SEP, 26.0, 0.8)], STRIKES, quote_at=QUOTE_AT)
    return chains.normalise(raw, chains.snapshots({"VIX": 18.0}, QUOTE_AT))[0]


def _changed(quotes, symbols, **columns):
    result = quotes.copy()
    for name, value in columns.items():
        result[name] = result[name].astype("object").where(~result["osi_symbol"].isin(symbols), value)
        result[name] = result[name].astype(quotes[name].dtype if name != "quote_flag" else "category")
    return result


def test_pitfall_01_each_expiry_has_its_own_forward_never_spot(vix, chains):
    found = expiry_forwards(vix, chains.curve(NIGHT))
    assert found["forward_usd"].tolist() == pytest.approx([24.55, 26.0], abs=1e-9)
    assert found["forward_status"].tolist() == ["OK", "OK"]
    assert found["parity_status"].tolist() == ["OK", "OK"]
    assert found["pairs_count"].tolist() == [len(STRIKES)] * 2
    np.testing.assert_allclose(found["discount"], np.exp(-chains.rate * found["years"]))


def test_pitfall_04_twin_roots_have_two_forwards(chains):
    third_friday = date(2026, 8, 21)
    raw = chains.wire("SPX", [("SPX", third_friday, 6000.0, 0.2), ("SPXW", third_friday, 6003.0, 0.2)],
                      np.arange(5500.0, 6501.0, 100.0), quote_at=QUOTE_AT)  # fmt: skip
    quotes, _ = chains.normalise(raw, chains.snapshots({"SPX": 5990.0}, QUOTE_AT))
    found = expiry_forwards(quotes, chains.curve(NIGHT))
    assert found["root"].astype(str).tolist() == ["SPX", "SPXW"]
    assert found["forward_usd"].tolist() == pytest.approx([6000.0, 6003.0], abs=1e-6)
    assert found["years"].is_monotonic_increasing


def test_pitfall_09_the_gap_to_the_vendors_price_is_stored(vix, chains):
    snapshots = chains.snapshots({"VIX": 18.0}, QUOTE_AT)
    rows = forward_rows(expiry_forwards(vix, chains.curve(NIGHT)), snapshots, frames.empty(VX_SETTLEMENTS))
    assert list(rows.columns) == list(FORWARDS.names)
    assert rows["forward_gap_usd"].tolist() == pytest.approx([6.55, 8.0])


def test_a_missing_curve_is_not_a_broken_parity(vix):
    found = expiry_forwards(vix, NO_CURVE)
    assert found["forward_status"].tolist() == ["NO_CURVE"] * 2
    assert found["forward_usd"].isna().all()
    assert found["parity_status"].tolist() == ["UNKNOWN"] * 2


def test_a_settled_expiry_has_no_time(vix, chains):
    found = expiry_forwards(vix.assign(years=0.0), chains.curve(NIGHT))
    assert found["forward_status"].tolist() == ["NO_TIME"] * 2
    assert found["parity_status"].tolist() == ["UNKNOWN"] * 2


def test_one_sided_contracts_make_no_pair(vix, chains):
    dead = vix[(vix["option_right"] == "P") & (vix["expiry_date"] == pd.Timestamp(AUG))]["osi_symbol"]
    found = expiry_forwards(_changed(vix, dead, quote_flag="ZERO_BID", bid_usd=0.0), chains.curve(NIGHT))
    assert found["forward_status"].tolist() == ["NO_PAIRS", "OK"]
    assert found["pairs_count"].tolist() == [0, len(STRIKES)]
    assert np.isnan(found["forward_usd"].iloc[0])


def test_one_stale_quote_does_not_move_the_forward(vix, chains):
    # an in-the-money call quoted like its own put has the smallest gap of all, far from the money
    call, put = "VIX   260819C00016000", vix[vix["osi_symbol"] == "VIX   260819P00016000"].iloc[0]
    found = expiry_forwards(_changed(vix, [call], bid_usd=put["bid_usd"], ask_usd=put["ask_usd"]), chains.curve(NIGHT))
    assert found["forward_usd"].tolist() == pytest.approx([24.55, 26.0], abs=1e-9)
    assert found["parity_status"].tolist() == ["OK", "OK"]


def test_the_published_sample_has_the_published_forwards(chains):
    # Cboe's VIX sample calculation: 1962.90 at strike 1965 near, 1962.40 at strike 1960 next
    data = Path(__file__).parents[2] / "golden" / "data"
    for file, years, rate, forward in (
        ("vixnearterm.tsv", 34_484 / 525_600, 0.00031664, 1962.89996),
        ("vixnextterm.tsv", 44_954 / 525_600, 0.00028797, 1962.40006),
    ):
        strike, *quotes = np.loadtxt(data / file).T
        sides = [
            pd.DataFrame(
                {"strike_usd": strike, "bid_usd": quotes[at], "ask_usd": quotes[at + 1], "option_right": right}
            )
            for at, right in ((0, "C"), (2, "P"))
        ]
        frame = pd.concat(sides, ignore_index=True).assign(
            underlying="SPX", root="SPX", expiry_date=pd.Timestamp("2014-01-17"), years=years, dte_days=25,
            is_adjusted=False,
        )  # fmt: skip
        frame["quote_flag"] = np.where(frame["bid_usd"] > 0, "OK", "ZERO_BID")
        curve = pd.DataFrame({"tenor_years": [0.1], "zero_rate_frac": [rate]})
        found = expiry_forwards(frame, curve)
        assert found["forward_usd"].tolist() == pytest.approx([forward], abs=5e-6)
        assert found["parity_status"].tolist() == ["OK"]


def test_crossed_quotes_and_duplicates_make_no_pair(vix):
    first = vix.iloc[[0]]
    assert len(parity_pairs(vix)) == 2 * len(STRIKES)
    assert len(parity_pairs(pd.concat([vix, first], ignore_index=True))) == 2 * len(STRIKES) - 1
    crossed = _changed(vix, first["osi_symbol"], ask_usd=0.01)
    assert len(parity_pairs(crossed)) == 2 * len(STRIKES) - 1


def test_pitfall_05_adjusted_contracts_make_no_pair(vix):
    assert parity_pairs(vix.assign(is_adjusted=True)).empty


def test_two_pairs_are_too_few_to_call_parity_broken(vix, chains):
    few = vix[vix["strike_usd"].isin([24.0, 25.0])]
    found = expiry_forwards(few, chains.curve(NIGHT))
    assert found["parity_status"].tolist() == ["UNKNOWN"] * 2
    assert found["forward_status"].tolist() == ["OK"] * 2


def test_pitfall_06_strikes_of_two_split_regimes_break_parity(chains):
    # half of the strikes belong to a world in which the underlying costs twice as much
    friday = date(2026, 8, 21)
    old = chains.wire("UVXY", [("UVXY", friday, 30.0, 1.0)], np.arange(20.0, 40.0, 2.0), quote_at=QUOTE_AT)
    new = chains.wire("UVXY", [("UVXY", friday, 60.0, 1.0)], np.arange(21.0, 40.0, 2.0), quote_at=QUOTE_AT)
    raw = pd.concat([old, new], ignore_index=True)
    quotes, _ = chains.normalise(raw, chains.snapshots({"UVXY": 30.0}, QUOTE_AT))
    found = expiry_forwards(quotes, chains.curve(NIGHT))
    assert found["parity_status"].tolist() == ["BROKEN"]
    assert found["forward_status"].tolist() == ["INCONSISTENT"]
    assert found["forward_usd"].isna().all()


def test_pitfall_14_noise_inside_the_spread_is_no_break(chains):
    rng = np.random.default_rng(5)
    raw = chains.wire("VIX", [("VIX", AUG, 24.55, 0.9)], STRIKES, quote_at=QUOTE_AT, spread_frac=0.10)
    noise = (raw["ask"] - raw["bid"]) * rng.uniform(-0.45, 0.45, len(raw))
    raw = raw.assign(bid=raw["bid"] + noise, ask=raw["ask"] + noise)
    quotes, _ = chains.normalise(raw, chains.snapshots({"VIX": 18.0}, QUOTE_AT))
    found = expiry_forwards(quotes, chains.curve(NIGHT))
    assert found["parity_status"].tolist() == ["OK"]
    assert abs(found["forward_usd"].iloc[0] - 24.55) <= found["half_width_usd"].iloc[0]


def test_a_forward_below_zero_is_out_of_the_band(vix, chains):
    absurd = vix[vix["strike_usd"] == 14.0]
    puts = absurd["option_right"] == "P"
    absurd = absurd.assign(bid_usd=np.where(puts, 50.0, 0.1), ask_usd=np.where(puts, 51.0, 0.2))
    found = expiry_forwards(absurd, chains.curve(NIGHT))
    assert found["forward_status"].tolist() == ["BAND"] * 2
    assert found["forward_usd"].isna().all()


def test_no_quotes_give_no_forwards(vix, chains):
    found = expiry_forwards(vix.iloc[:0], chains.curve(NIGHT))
    assert found.empty
    assert {"forward_usd", "parity_status", "half_width_usd"} <= set(found.columns)
    assert forward_rows(found, chains.snapshots({"VIX": 18.0}, QUOTE_AT), frames.empty(VX_SETTLEMENTS)).empty


def test_curve_of_the_night_feeds_the_forward(vix, chains):
    future = chains.curve(date(2026, 7, 17))
    assert curve_as_of(future, NIGHT).empty
    assert expiry_forwards(vix, curve_as_of(future, NIGHT))["forward_status"].tolist() == ["NO_CURVE"] * 2
