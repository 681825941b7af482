"""How realistic the simulated market is: VIX, correlations, forwards, smiles and spread levels."""

import csv
import io
import json
import warnings
from datetime import date

import exchange_calendars
import numpy as np
import pandas as pd
import pytest

from alvh_core.market.paths import Factors, vix_forward
from alvh_core.market.simulated import SimulatedMarket
from alvh_core.universe import DEFAULT_UNIVERSE


def _xnys():
    with warnings.catch_warnings():  # exchange_calendars 4.13 trips a deprecation of pandas 3.1
        warnings.simplefilter("ignore")
        return exchange_calendars.get_calendar("XNYS", start="2019-01-01")


_CALENDAR = _xnys()
SESSIONS = _CALENDAR.sessions.to_numpy().astype("datetime64[D]")
TODAY = date(2026, 11, 20)
NIGHTS = [date(2025, 3, 12), date(2025, 10, 16), date(2026, 5, 13), date(2026, 8, 21)]


@pytest.fixture(scope="module")
def market():
    early = [day.date() for day in _CALENDAR.early_closes]
    return SimulatedMarket(DEFAULT_UNIVERSE, SESSIONS, early, quirks=False)


@pytest.fixture(scope="module")
def vix(market):
    rows = csv.DictReader(io.StringIO(market.index_history("VIX", TODAY).decode()))
    return np.array([float(row["CLOSE"]) for row in rows])


def _closes(market, wire_symbol):
    return np.array([float(bar["close"]) for bar in json.loads(market.bars(wire_symbol, TODAY))["data"]])


def _frame(market, wire_symbol, session):
    document = json.loads(market.chain(wire_symbol, session))["data"]
    frame = pd.DataFrame(document["options"])
    parts = frame["option"].str.extract(r"^(?P<root>[A-Z0-9]{1,6}?)(?P<day>\d{6})(?P<right>[CP])(?P<strike>\d{8})$")
    frame = frame.join(parts)
    frame["strike"] = frame["strike"].astype(float) / 1000.0
    frame["days"] = (pd.to_datetime(frame["day"], format="%y%m%d") - pd.Timestamp(session)).dt.days
    frame["mid"] = (frame["bid"] + frame["ask"]) / 2.0
    frame["spot"] = document["current_price"]
    return frame


def _spread_fracs(frame):
    near = frame["days"].between(20, 90) & ((frame["strike"] / frame["spot"] - 1.0).abs() <= 0.1) & (frame["bid"] > 0)
    return ((frame["ask"] - frame["bid"]) / frame["mid"])[near].to_numpy()


def test_share_of_days_at_the_trigger_levels(vix):
    shares = [float((vix >= level).mean()) for level in (18, 22, 28)]
    assert shares == pytest.approx([0.42, 0.23, 0.09], abs=0.06)
    assert vix.max() < 80
    assert vix.min() > 8
    assert ((vix > 12) & (vix < 16)).mean() > 0.25


def test_other_seeds_have_similar_shares():
    levels = np.concatenate([Factors(SESSIONS, seed).vix for seed in range(12)])
    shares = [float((levels >= level).mean()) for level in (18, 22, 28)]
    assert shares == pytest.approx([0.42, 0.22, 0.085], abs=0.05)


def test_shares_fall_when_vix_rises(market, vix):
    moves = np.diff(vix)

    def correlation(symbol):
        return float(np.corrcoef(np.diff(np.log(_closes(market, symbol))), moves)[0, 1])

    found = {symbol: correlation(symbol) for symbol in ("_SPX", "QQQ", "XLF", "IBIT", "VXX", "UVXY")}
    assert found["_SPX"] == pytest.approx(-0.78, abs=0.08)
    assert found["_SPX"] < found["QQQ"] < found["IBIT"] < -0.2
    assert found["XLF"] < -0.5
    assert min(found["VXX"], found["UVXY"]) > 0.85


def test_volatility_products_decay_and_uvxy_is_levered(market):
    vxx, uvxy = _closes(market, "VXX"), _closes(market, "UVXY")
    assert vxx[-1] < 0.5 * vxx[0]
    assert uvxy[-1] < 0.5 * uvxy[0]
    assert np.polyfit(np.diff(np.log(vxx)), np.diff(np.log(uvxy)), 1)[0] == pytest.approx(1.5, abs=0.1)


def test_vix_futures_curve():
    days = np.array([15.0, 45.0, 105.0, 225.0])
    calm, spike = (
        vix_forward(np.full(4, level), np.full(4, anchor), days) for level, anchor in ((13.0, 16.5), (40.0, 21.0))
    )
    assert (np.diff(calm) > 0).all()
    assert (np.diff(spike) < 0).all()
    up = vix_forward(np.full(4, 21.0), np.full(4, 18.0), days) - vix_forward(np.full(4, 20.0), np.full(4, 18.0), days)
    assert up == pytest.approx([0.61, 0.45, 0.27, 0.17], abs=0.04)


@pytest.mark.parametrize("wire_symbol", ["_VIX", "_SPX", "SPY", "XLF", "KO"])
@pytest.mark.parametrize("session", NIGHTS[:2])
def test_values_are_monotone_in_strike_and_respect_bounds(market, wire_symbol, session):
    frame = _frame(market, wire_symbol, session)
    for (_, _, right), chain in frame.groupby(["root", "day", "right"]):
        steps = np.diff(chain.sort_values("strike")["theo"].to_numpy())
        assert (steps <= 1e-3).all() if right == "C" else (steps >= -1e-3).all()
    assert (frame["theo"] >= 0).all()
    assert (frame["ask"] > frame["bid"]).all()
    assert frame["delta"].where(frame["right"] == "C", -frame["delta"]).between(0, 1.01).all()


@pytest.mark.parametrize("session", NIGHTS)
def test_parity_recovers_the_vix_future(market, session):
    factors = Factors(np.concatenate([SESSIONS]), 442)
    at = int(np.searchsorted(SESSIONS, np.datetime64(session)))
    frame = _frame(market, "_VIX", session)
    sides = ["bid", "ask", "mid"]
    pairs = frame.pivot_table(index=["root", "days", "strike"], columns="right", values=sides).reset_index()
    for (_, days), chain in pairs.groupby(["root", "days"]):
        gap = chain[("mid", "C")] - chain[("mid", "P")]
        best = gap.abs().idxmin()
        future = vix_forward(factors.vix[[at]], factors.anchor[[at]], np.array([days - 6.75 / 24.0]))[0]
        width = (
            chain.loc[best, [("ask", "C"), ("ask", "P")]].sum() - chain.loc[best, [("bid", "C"), ("bid", "P")]].sum()
        )
        assert chain.loc[best, ("strike", "")] + gap[best] == pytest.approx(future, abs=0.5 * width + 0.03)


def test_smiles_lean_the_right_way(market):
    spx, vix = _frame(market, "_SPX", NIGHTS[2]), _frame(market, "_VIX", NIGHTS[2])
    spx = spx[spx["days"].between(20, 40)]
    low, high = spx["strike"] / spx["spot"] < 0.93, spx["strike"] / spx["spot"] > 1.03
    assert spx["iv"][low].median() > 1.2 * spx["iv"][high].median()
    vix = vix[(vix["right"] == "C") & vix["delta"].between(0.05, 0.6)]
    by_tenor = vix[vix["delta"] > 0.4].groupby("days")["iv"].mean()
    assert by_tenor.iloc[0] > by_tenor.iloc[-1]
    assert by_tenor.between(0.45, 1.6).all()
    month = vix[vix["days"].between(20, 40)]
    assert month["iv"][month["delta"] < 0.15].mean() > month["iv"][month["delta"] > 0.4].mean()


def test_chain_volatility_agrees_with_the_index(market):
    frame = _frame(market, "_SPX", NIGHTS[3])
    month = frame[frame["days"] == min(frame["days"].unique(), key=lambda days: abs(days - 30))]
    strikes = month.groupby("strike")["mid"].min()
    years = month["days"].iloc[0] / 365
    variance = (
        2 / years * np.sum(np.gradient(strikes.index.to_numpy()) / strikes.index.to_numpy() ** 2 * strikes.to_numpy())
    )
    level = json.loads(market.bars("_VIX", NIGHTS[3]))["data"][-1]["close"]
    assert 100 * np.sqrt(variance) == pytest.approx(float(level), rel=0.15)


def test_spread_levels_are_ordered_and_near_their_targets(market):
    targets = {
        "SPY": 0.007,
        "IWM": 0.015,
        "IBIT": 0.04,
        "XLF": 0.10,
        "XLK": 0.19,
        "VXX": 0.34,
        "SCHD": 0.60,
        "DVY": 1.0,
    }
    medians = {}
    for symbol in targets:
        medians[symbol] = float(
            np.median(np.concatenate([_spread_fracs(_frame(market, symbol, night)) for night in NIGHTS]))
        )
    assert list(medians) == sorted(medians, key=medians.__getitem__)
    for symbol, target in targets.items():
        assert medians[symbol] == pytest.approx(target, rel=0.35), medians


def test_the_eight_percent_rule_sometimes_passes_and_sometimes_blocks(market):
    passes = []
    for night in SESSIONS[(np.datetime64("2025-06-01") < SESSIONS) & (np.datetime64(TODAY) >= SESSIONS)][::16].astype(
        object
    ):
        frame = _frame(market, "_VIX", night)
        calls = frame[(frame["right"] == "C") & frame["days"].between(20, 75) & frame["delta"].between(0.4, 0.6)]
        passes.append(float((calls["ask"] - calls["bid"]).sum() / calls["mid"].sum()) < 0.08)
    assert 0.2 < np.mean(passes) < 0.8


def test_activity_is_heavy_tailed_and_half_of_the_contracts_do_not_trade(market):
    frame = _frame(market, "SPY", NIGHTS[3])
    assert 0.4 < (frame["volume"] == 0).mean() < 0.7
    assert frame["volume"].max() > 50 * frame["volume"][frame["volume"] > 0].median()
    near = (frame["strike"] / frame["spot"] - 1).abs() < 0.03
    assert frame["open_interest"][near].mean() > frame["open_interest"][~near].mean()
    assert frame["open_interest"].max() < 5e6
