"""Model-free volatility on synthetic chains; Cboe's published sample is in tests/golden."""

from datetime import date, datetime

import numpy as np
import pandas as pd
import pytest

from alvh_core import frames
from alvh_core.forwards import expiry_forwards
from alvh_core.model_free import expiry_variance, model_free_30d, thirty_day_volatility
from alvh_core.pricing import price_quotes
from alvh_core.schemas import CLOSES, MODEL_FREE

QUOTE_AT = datetime.fromisoformat("2026-07-16 15:50")
NIGHT = QUOTE_AT.date()
NEAR, NEXT, FAR = date(2026, 8, 7), date(2026, 8, 21), date(2026, 9, 18)  # 22, 36 and 64 days
STRIKES = np.arange(300.0, 1000.0, 5.0)
NO_CLOSES = frames.empty(CLOSES)


def _everything(priced):
    return priced


def _answer(chains, expiries, *, strikes=STRIKES, closes=NO_CLOSES, edit=None, keep=_everything):
    raw = chains.wire("SPY", [("SPY", day, 600.0, vol) for day, vol in expiries], strikes, quote_at=QUOTE_AT)
    raw = raw if edit is None else edit(raw)
    snapshots = chains.snapshots({"SPY": 600.0}, QUOTE_AT)
    quotes, _ = chains.normalise(raw, snapshots)
    priced = price_quotes(quotes, expiry_forwards(quotes, chains.curve(NIGHT)), snapshots, chains.universe)
    return model_free_30d(keep(priced), snapshots, closes).iloc[0]


def test_a_flat_surface_gives_its_volatility(chains):
    row = _answer(chains, [(NEAR, 0.25), (NEXT, 0.25)])
    assert row["iv30_vol"] == pytest.approx(0.25, rel=2e-3)
    assert (row["method"], row["status"]) == ("interpolated", "OK")
    assert (row["near_expiry_date"], row["next_expiry_date"]) == (pd.Timestamp(NEAR), pd.Timestamp(NEXT))
    assert row["vendor_iv30_vol"] == 0.8


def test_total_variance_is_interpolated_between_the_two_nearest(chains):
    row = _answer(chains, [(NEAR, 0.20), (NEXT, 0.30), (FAR, 0.90)])
    near, following = (chains.years("SPY", "SPY", day, QUOTE_AT) for day in (NEAR, NEXT))
    target = 30 / 365
    weight = (following - target) / (following - near)
    expected = np.sqrt((weight * near * 0.04 + (1 - weight) * following * 0.09) / target)
    assert row["iv30_vol"] == pytest.approx(expected, rel=3e-3)
    assert row["next_expiry_date"] == pd.Timestamp(NEXT)


def test_one_expiry_near_thirty_days_stands_alone(chains):
    row = _answer(chains, [(NEXT, 0.25)])
    assert (row["method"], row["status"]) == ("single", "OK")
    assert row["iv30_vol"] == pytest.approx(0.25, rel=2e-3)
    assert pd.isna(row["next_expiry_date"])


@pytest.mark.parametrize(
    ("expiries", "strikes"),
    [
        pytest.param([(FAR, 0.25)], STRIKES, id="none within 15 days of 30"),
        pytest.param([(NEXT, 0.25)], [595.0, 600.0, 605.0, 610.0], id="four strikes"),
        pytest.param([(date(2026, 7, 20), 0.25)], STRIKES, id="four days"),
        pytest.param([(date(2027, 12, 17), 0.25)], STRIKES, id="beyond a year"),
    ],
)
def test_no_number_without_expiries(expiries, strikes, chains):
    row = _answer(chains, expiries, strikes=strikes)
    assert np.isnan(row["iv30_vol"])
    assert row["method"] == "none"
    assert str(row["status"]).startswith("NO_EXPIRY")


def test_a_dead_near_expiry_falls_back_to_the_next_ones(chains):
    def kill(raw):
        puts = raw["option"].str.contains("260807P")
        return raw.assign(bid=raw["bid"].where(~puts, 0.0))

    row = _answer(chains, [(NEAR, 0.25), (NEXT, 0.25)], edit=kill)
    assert (row["method"], row["near_expiry_date"]) == ("single", pd.Timestamp(NEXT))


def _without(side, low, high):
    """Leave out a side's strikes from low to high, as the quarantine does."""

    def keep(priced):
        return priced[~(priced["option_right"].eq(side) & priced["strike_usd"].between(low, high))]

    return keep


@pytest.mark.parametrize(
    "keep",
    [
        pytest.param(_without("C", 0.0, 590.0), id="calls below K0"),
        pytest.param(_without("P", 610.0, 2000.0), id="puts above K0"),
    ],
)
def test_an_in_the_money_quote_that_is_missing_takes_nothing_away(keep, chains):
    expiries = [(NEAR, 0.25), (NEXT, lambda strike: 0.25 + (600.0 - strike) / 4000.0)]
    whole, held = (_answer(chains, expiries, keep=one) for one in (_everything, keep))
    assert held["iv30_vol"] == pytest.approx(whole["iv30_vol"], rel=1e-12)
    assert held["status"] == "OK"


def test_an_out_of_the_money_quote_that_is_missing_is_not_a_zero_bid(chains):
    # two strikes in a row without a listed put: the wing goes on beyond them, as beyond strikes that do not exist
    expiries = [(NEAR, 0.25), (NEXT, 0.25)]
    row = _answer(chains, expiries, keep=_without("P", 550.0, 555.0))
    assert row["iv30_vol"] == pytest.approx(0.25, rel=5e-3)


def test_a_chain_without_quotes(chains):
    snapshots = chains.snapshots({"SPY": 600.0}, QUOTE_AT)
    row = _answer(chains, [(NEXT, 0.25)])
    from alvh_core.schemas import PRICED_QUOTES

    none = model_free_30d(frames.empty(PRICED_QUOTES), snapshots, NO_CLOSES).iloc[0]
    assert (none["method"], none["status"]) == ("none", "NO_QUOTES")
    assert list(row.index) == list(MODEL_FREE.names)
    assert model_free_30d(frames.empty(PRICED_QUOTES), snapshots.iloc[:0], NO_CLOSES).empty


def test_realised_volatility_stands_beside(chains):
    closes = frames.conform(
        pd.DataFrame({
            "trade_date": [pd.Timestamp(NIGHT)], "source_mode": "simulated", "symbol": "SPY", "close_usd": 600.0,
            "bar_date": pd.Timestamp(NIGHT), "hv20_vol": 0.11,
        }),
        CLOSES,
    )  # fmt: skip
    assert _answer(chains, [(NEXT, 0.25)], closes=closes)["hv20_vol"] == 0.11


# --- one expiry -------------------------------------------------------------------------------------------------------
def _grid(n=11):
    strike = 95.0 + np.arange(n)
    call = np.maximum(100.0 - strike, 0.0) + 1.0
    put = np.maximum(strike - 100.0, 0.0) + 1.0
    return [strike, call - 0.1, call + 0.1, put - 0.1, put + 0.1]


def test_all_strikes_of_a_live_grid():
    found = expiry_variance(*_grid(), years=0.1, growth=1.0)
    assert (found.strikes_count, found.low_strike, found.high_strike, found.forward) == (11, 95.0, 105.0, 100.0)
    # every out-of-the-money mid and the average at K0 are 1: sum of dK / K^2, dK = 1 everywhere
    assert found.contribution == pytest.approx(np.sum(1.0 / _grid()[0] ** 2))
    assert found.variance == pytest.approx(2.0 / 0.1 * found.contribution)


@pytest.mark.parametrize(
    ("dead_puts", "used"),
    [
        pytest.param([98.0], 10, id="one dead strike is skipped"),
        pytest.param([98.0, 96.0], 9, id="two apart are skipped"),
        pytest.param([98.0, 97.0], 7, id="two in a row end the wing: 95 and 96 stay out although bid"),
        pytest.param([99.0, 98.0, 97.0, 96.0, 95.0], 6, id="a dead wing"),
    ],
)
def test_dead_strikes(dead_puts, used):
    quotes = _grid()
    quotes[3] = np.where(np.isin(quotes[0], dead_puts), 0.0, quotes[3])
    assert expiry_variance(*quotes, years=0.1, growth=1.0).strikes_count == used


@pytest.mark.parametrize(
    "edit",
    [
        pytest.param(lambda q: [q[0], q[1] * 0, *q[2:]], id="no call has a bid"),
        pytest.param(lambda q: [q[0], q[1] * np.nan, *q[2:]], id="call bids are missing"),
        pytest.param(lambda q: [c[:4] for c in q], id="four strikes"),
        pytest.param(lambda q: [c[:0] for c in q], id="no strikes"),
        pytest.param(
            lambda q: [q[0], q[1] * 0 + 0.1, q[2] * 0 + 0.2, q[3] + 200, q[4] + 200], id="forward below all strikes"
        ),
    ],
)
def test_no_variance(edit):
    assert expiry_variance(*edit(_grid()), years=0.1, growth=1.0) is None


def test_a_missing_ask_at_k0_leaves_no_variance():
    # 100.5 is the forward, K0 = 100 has lost its call
    quotes = _grid()
    quotes[1][5], quotes[2][5] = 0.0, np.nan
    assert expiry_variance(*quotes, years=0.1, growth=1.0) is None


def test_only_k0_needs_both_sides():
    quotes = _grid()
    whole = expiry_variance(*quotes, years=0.1, growth=1.0)
    for side, is_in_the_money in ((slice(1, 3), quotes[0] < 100.0), (slice(3, 5), quotes[0] > 100.0)):
        quotes[side] = [np.where(is_in_the_money, np.nan, quote) for quote in quotes[side]]
    assert expiry_variance(*quotes, years=0.1, growth=1.0) == whole


def test_k0_is_the_highest_strike_that_lists_both_sides():
    # the put at the forward's own strike is not there: 99 is K0, and the call at 100 one above it
    quotes = _grid()
    quotes[3][5] = quotes[4][5] = np.nan
    found = expiry_variance(*quotes, years=0.1, growth=1.0)
    assert (found.strikes_count, found.forward) == (11, 100.0)
    moved = [*quotes[:3], quotes[3] + (quotes[0] == 99.0), quotes[4] + (quotes[0] == 99.0)]
    assert expiry_variance(*moved, years=0.1, growth=1.0).contribution > found.contribution


@pytest.mark.parametrize("absent", [np.nan, 0.0])
def test_a_listed_strike_without_a_bid_ends_a_wing_and_an_absent_one_does_not(absent):
    quotes = _grid()
    gone = np.isin(quotes[0], [98.0, 97.0])
    quotes[3] = np.where(gone, absent, quotes[3])
    assert expiry_variance(*quotes, years=0.1, growth=1.0).strikes_count == (9 if np.isnan(absent) else 7)


def test_thirty_days_exactly_is_the_near_expiry_alone():
    month = 30 / 365
    assert thirty_day_volatility((month, 2 * month), (0.04, 0.09)) == pytest.approx(0.2)


def test_a_negative_weighted_variance_has_no_root():
    assert np.isnan(thirty_day_volatility((0.05, 0.1), (0.0, -0.01)))
