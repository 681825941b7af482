"""Twelve nights of one ladder's paper book, every figure worked out by hand beside invented quotes.

Mid and spread are USD a share, the multiplier is 100. A night's profit is the value now, less the value before, plus
cash. Settlement 21.36 and opening print 22.52 are those of 2011-12-21 (data/vix_settlements.csv).
"""

import numpy as np
import pandas as pd
import pytest

from alvh_core import frames
from alvh_core.book.market import QUOTED, settlement_values
from alvh_core.book.sums import night_book
from alvh_core.book.transition import ROLL_TERMS, trade
from alvh_core.ladders import TERMS
from alvh_core.profiles import PROFILES
from alvh_core.registry.book import BOOK, POSITIONS
from alvh_core.triggers import LADDER

ME = dict(zip(LADDER, ["SPX", "V0_REF", "VIX", "trigger_442"], strict=True))
MODE = {"source_mode": "simulated"}
TERM = pd.DataFrame([ME | {name: getattr(PROFILES["trigger_442"], name) for name in TERMS}])
CONTRACTS = {  # name: expiry, strike
    "P": ("2011-12-21", 20.0), "N": ("2012-01-18", 21.0), "Q": ("2012-01-18", 22.0),
    "R": ("2012-02-15", 24.0), "D": ("2012-05-16", 30.0),
}  # fmt: skip
SYMBOL = {name: f"VIX   {day[2:].replace('-', '')}C{round(strike * 1000):08d}"
          for name, (day, strike) in CONTRACTS.items()}  # fmt: skip
INTRINSIC = {"Q": 1.0}  # of the forward 23.00 over its strike, at no rate, when it is rolled
HOLD3, PQD = ("HOLD",) * 3, ("P", "Q", "D")
# day, action of the three layers, contract each would buy (None: no such expiry), filter passes, host's return, quotes
NIGHTS = [
    ("2011-11-14", ("BLOCKED",) * 3, PQD, False, 0.001, {"P": (2.9, 3.1), "Q": (3.4, 3.6), "D": (3.8, 4.2)}),
    ("2011-11-15", ("DEPLOY",) * 3, PQD, True, 0.001, {"P": (2.9, 3.1), "Q": (3.4, 3.6), "D": (3.8, 4.2)}),
    ("2011-11-16", HOLD3, (None,) * 3, False, 0.001, {}),  # the chain did not arrive
    ("2011-11-17", HOLD3, ("P", "Q", None), False, 0.001, {"P": (3.4, 3.6), "Q": (3.9, 4.1)}),  # D has no quote
    ("2011-11-21", HOLD3, PQD, True, -0.03, {"P": (8.8, 9.2), "Q": (5.9, 6.1), "D": (4.8, 5.2)}),  # 9.00 = 3 x 3.00
    ("2011-11-22", HOLD3, PQD, True, 0.001, {"P": (9.3, 9.7), "Q": (5.9, 6.1), "D": (4.8, 5.2)}),  # only once
    ("2011-11-23", ("HOLD", "HOLD", "DISARM"), PQD, True, -0.02,
     {"P": (8.9, 9.1), "Q": (5.9, 6.1), "D": (3.0, 5.0)}),  # spread of D 50 %, 175 days left
    ("2011-11-28", ("HOLD", "HOLD", "IDLE"), PQD, True, None,
     {"P": (7.9, 8.1), "Q": (5.4, 5.6), "D": (4.4, 4.6)}),
    ("2011-11-30", ("HOLD", "HOLD", "IDLE"), ("N", "Q", "D"), False, 0.001,  # P has 21 days left, the filter fails
     {"P": (6.9, 7.1), "N": (6.0, 8.0), "Q": (4.9, 5.1), "D": (4.4, 4.6)}),
    ("2011-12-21", ("HOLD", "HOLD", "IDLE"), (None, "Q", "D"), False, 0.001, {"Q": (2.9, 3.1), "D": (4.4, 4.6)}),
    ("2011-12-28", ("IDLE", "HOLD", "IDLE"), (None, "Q", "D"), True, 0.001, {"Q": (2.4, 2.6)}),  # Q: 21 days, Q again
    ("2011-12-29", ("IDLE", "HOLD", "IDLE"), (None, "R", "D"), True, 0.001, {"Q": (2.55, 2.65), "R": (4.0, 4.2)}),
]  # fmt: skip
NAN = np.nan
# units of P, Q, D, R; mark; liquidation; cash; crossing; fees; profit
EXPECTED = [
    ((0, 0, 0, 0), 0, 0, 0, 0, 0, 0),
    # mark 3.0*400 + 3.5*400 + 4.0*200; at bid 2.9*400 + 3.4*400 + 3.8*200; crossing .1*400 + .1*400 + .2*200
    ((4, 4, 2, 0), 3400, 3280, -3400, 120, 10, 0),
    ((4, 4, 2, 0), NAN, NAN, 0, 0, 0, 0),
    ((4, 4, 2, 0), NAN, NAN, 0, 0, 0, 400),  # P +0.5*400, Q +0.5*400, D unknown: not counted
    # P +5.5*400, Q +2*400, D +1*200; 2 of P sold at 9.00; mark 9*200 + 6*400 + 5*200; bid 1760 + 2360 + 960
    ((2, 4, 2, 0), 5200, 5080, 1800, 40, 2, 3200),
    ((2, 4, 2, 0), 5300, 5180, 0, 0, 0, 100),  # P +0.5*200; bid 1860 + 2360 + 960
    ((2, 4, 2, 0), 5000, 4740, 0, 0, 0, -300),  # P -0.5*200, D -1*200; bid 1780 + 2360 + 600
    # P -1*200, Q -0.5*400, D +0.5*200; 2 of D sold at 4.50; bid 1580 + 2160
    ((2, 4, 0, 0), 3800, 3740, 900, 20, 2, -300),
    ((2, 4, 0, 0), 3400, 3340, 0, 0, 0, -400),  # P -1*200, Q -0.5*400; bid 1380 + 1960
    ((0, 4, 0, 0), 1200, 1160, 272, 0, 0, -1928),  # P pays 1.36*200 after 7.0*200; Q -2*400; no fee, nothing crossed
    ((0, 4, 0, 0), 1000, 960, 0, 0, 0, -200),
    # Q +0.1*400; 1040 for Q, 1640 for R; crossing .05*400 + .1*400; fees of 8 contracts; bid 4.0*400
    ((0, 0, 0, 4), 1640, 1600, -600, 60, 8, 40),
]  # fmt: skip
FILLS = [  # night, kind, contract, units
    (1, "OPEN", "P", 4), (1, "OPEN", "Q", 4), (1, "OPEN", "D", 2), (4, "TAKE_PROFIT", "P", -2), (7, "DISARM", "D", -2),
    (9, "SETTLE", "P", -2), (11, "ROLL_CLOSE", "Q", -4), (11, "ROLL_OPEN", "R", 4),
]  # fmt: skip
SUMS = {
    "sum_pnl_mid_usd": 612, "sum_crossing_usd": 240, "sum_fees_usd": 22, "sum_premium_usd": 3400 + 1640,
    # nights at -3 % (3200), at -2 % exactly (-300) and without a return (-300) are not calm
    "sum_pnl_calm_usd": 612 - 3200 + 300 + 300, "calm_nights_count": 9, "book_nights_count": 12,
    "held_nights_count": 11,  # all but the first
    # value before, times days since: 3400*1 + 3400*1 + 3800*4 + 5200*1 + 5300*1 + 5000*5 + 3800*2 + 3400*21 + 1200*7
    # + 1000*1
    "sum_outlay_days_usd": 145900,
    "pnl_per_premium_frac": 612 / 5040,
    "rolls_due_count": 2, "rolls_done_count": 1,  # 11-30 refused, 12-29 made; 12-28 asked for nothing
}  # fmt: skip


def _contract(name):
    day, strike = CONTRACTS[name]
    return {"osi_symbol": SYMBOL[name], "root": "VIX", "expiry_date": pd.Timestamp(day), "option_right": "C",
            "strike_usd": strike, "multiplier": 100}  # fmt: skip


def _quote(quotes, name):
    bid, ask = quotes[name]
    mid = (bid + ask) / 2
    return {"bid_usd": bid, "ask_usd": ask, "mid_usd": mid, "extrinsic_usd": mid - INTRINSIC.get(name, 0.0)}


def _legs(actions, wanted, is_eligible, quotes):
    blank = dict.fromkeys([*_contract("P"), *QUOTED], None)
    rows = []
    for at, (action, name) in enumerate(zip(actions, wanted, strict=True)):
        found = name in quotes
        leg = _contract(name) | _quote(quotes, name) if found else blank
        rows.append(ME | leg | {
            "layer_no": at + 1, "units_target": (4, 4, 2)[at], "side": 1, "leg_action": action,
            "is_armed": action not in {"DISARM", "IDLE"},
            "leg_status": "OK" if found else "NO_EXPIRY", "is_eligible": is_eligible, "unit_basis": "contracts",
        })  # fmt: skip
    legs = pd.DataFrame(rows)
    prices = ["strike_usd", *QUOTED]
    return legs.astype(dict.fromkeys(prices, "float64") | {"expiry_date": "datetime64[s]"})


def _chain(quotes):
    rows = [{"osi_symbol": SYMBOL[name], "quote_flag": "OK", **_quote(quotes, name)} for name in quotes]
    return pd.DataFrame(rows, columns=["osi_symbol", "quote_flag", *QUOTED])


def _values():
    day = pd.Timestamp("2011-12-21")
    settlements = pd.DataFrame({"expiry_date": [day], "settle_kind": ["final"], "settle_vol_points": [21.36]})
    bars = pd.DataFrame({"symbol": ["VIX"], "bar_date": [day], "open_usd": [22.52], "close_usd": [21.43]})
    roots = pd.DataFrame({"underlying": ["VIX"], "root": ["VIX"], "settlement": ["SOQ"]})
    return settlement_values(settlements, bars, roots)


def _trade(held, legs, quotes, **night):
    """Trade a night on which nothing splits, and no contract has its last session."""
    unsplit = pd.DataFrame({"split_factor": 1.0, "split_told": ""}, index=held.index)
    return trade(held, legs, _chain(quotes), _values(), TERM, splits=unsplit,
                 closing=pd.Series(False, index=held.index), **night)  # fmt: skip


@pytest.fixture(scope="module")
def path():
    """Return trades and book of every night."""
    positions, book, nights = frames.empty(POSITIONS), frames.empty(BOOK), []
    for day, actions, wanted, passes, host_return, quotes in NIGHTS:
        night = {"trade_date": pd.Timestamp(day), **MODE}
        returns = pd.Series({} if host_return is None else {"SPX": host_return}, dtype="float64")
        trades = _trade(positions, _legs(actions, wanted, passes, quotes), quotes, **night)
        book = night_book(trades, book, pd.DataFrame([ME]), returns, **night)
        positions = trades.positions
        nights.append((trades, book))
    return nights


@pytest.mark.parametrize("at", range(12), ids=[night[0] for night in NIGHTS])
def test_a_night_of_the_book_by_hand(path, at):
    trades, book = path[at]
    units, *figures = EXPECTED[at]
    held = trades.positions.set_index("osi_symbol")["units_open"]
    assert tuple(held.reindex([SYMBOL[name] for name in "PQDR"], fill_value=0)) == units
    assert len(held) == np.count_nonzero(units)
    names = ["book_mark_usd", "book_liquidation_usd", "cash_mid_usd", "crossing_usd", "fees_usd", "pnl_mid_usd"]
    np.testing.assert_allclose(book[names].to_numpy(dtype=float)[0], figures, atol=1e-9)
    assert book["units_open"].tolist() == [sum(units)]


def test_the_fills_are_these_and_no_others(path):
    made = [(at, *row) for at, (trades, _) in enumerate(path)
            for row in trades.fills[["fill_kind", "osi_symbol", "units_traded"]].itertuples(index=False)]  # fmt: skip
    assert made == [(at, kind, SYMBOL[name], units) for at, kind, name, units in FILLS]


def test_the_sums_after_twelve_nights(path):
    book = path[-1][1].iloc[0]
    for name, expected in SUMS.items():
        assert book[name] == pytest.approx(expected, abs=1e-9), name
    cash = sum(trades.fills["cash_mid_usd"].sum() for trades, _ in path)
    assert book["sum_pnl_mid_usd"] == pytest.approx(cash + 1640)
    assert cash == pytest.approx(-3400 + 1800 + 900 + 272 - 600)


@pytest.mark.parametrize(
    ("at", "name", "state", "reason"),
    [
        (6, "D", "DEFERRED", "DISARM is due, spread 50.0 % of mid"),
        (8, "P", "DEFERRED", "roll is due with 21 days left, the new leg fails the filter or is missing"),
        (10, "Q", "HELD", None),
    ],
)
def test_what_waits_says_why(path, at, name, state, reason):
    mine = path[at][0].positions.set_index("osi_symbol").loc[SYMBOL[name]]
    assert mine["position_state"] == state
    assert mine["position_reason"] == reason if reason else pd.isna(mine["position_reason"])


def test_a_leg_without_quote_keeps_its_last_mark_for_differences_only(path):
    leg = path[3][0].positions.set_index("osi_symbol").loc[SYMBOL["D"]]
    assert np.isnan(leg["mark_usd"])
    assert np.isnan(leg["liquidation_usd"])
    assert (leg["last_mark_usd"], leg["last_mark_date"]) == (4.0, pd.Timestamp("2011-11-15"))


def test_a_profit_that_rests_on_old_marks_says_how_many_and_how_old(path):
    """No chain on 11-16, and no quote of D the night after."""
    told = [(sums["old_marks_count"].iloc[0], sums["oldest_mark_date"].iloc[0]) for _, sums in path]
    assert [count for count, _ in told] == [0, 0, 3, 1, 0, 0, 0, 0, 0, 0, 0, 0]
    assert {day for count, day in told if count} == {pd.Timestamp("2011-11-15")}
    assert all(pd.isna(day) for count, day in told if not count)


@pytest.mark.parametrize("k", [0.0, 0.5, 1.0])
def test_a_roll_costs_half_both_spreads_and_the_difference_of_mids(path, k):
    fills = path[11][0].fills
    paid = (k * fills["crossing_usd"] - fills["cash_mid_usd"]).sum()
    assert paid == pytest.approx(400 * (k * (0.10 + 0.20) / 2 + (4.10 - 2.60)))


def test_a_roll_buys_back_what_was_sold_for_a_profit(path):
    """Two of four are left after the profit: the roll sells these two and buys the layer's four."""
    half = path[7][0].positions
    quotes = {"P": (6.9, 7.1), "N": (6.0, 6.2), "Q": (4.9, 5.1)}
    legs = _legs(("HOLD", "HOLD", "IDLE"), ("N", "Q", None), True, quotes)
    night = {"trade_date": pd.Timestamp("2011-11-30"), **MODE}
    trades = _trade(half, legs, quotes, **night)
    made = trades.fills[["fill_kind", "osi_symbol", "units_traded"]].values.tolist()
    assert made == [["ROLL_CLOSE", SYMBOL["P"], -2], ["ROLL_OPEN", SYMBOL["N"], 4]]
    assert not trades.positions.set_index("osi_symbol").loc[SYMBOL["N"], "is_profit_taken"], "what is new may profit"


def test_what_a_roll_costs_a_share_and_how_much_time_value_a_day_uses_up(path):
    """Q on 12-29: 20 days left, mid 2.60 of which 1.00 is intrinsic; R: 48 days left, mid 4.10, all of it time."""
    old, new = path[11][0].fills[ROLL_TERMS].to_numpy(dtype=float)
    assert np.isnan(old).all(), "told once, with what is bought"
    np.testing.assert_allclose(new, [4.10 - 2.60, (0.10 + 0.20) / 2, 1.60 / 20, 4.10 / 48])
    others = pd.concat([trades.fills for trades, _ in path[:11]])
    assert others[ROLL_TERMS].isna().all(axis=None), "no other fill is a roll"


def test_a_roll_into_the_same_contract_is_none_and_costs_nothing(path):
    assert path[10][0].fills.empty  # 12-28: Q has 21 days left, and Q is what the layer would buy


def test_vix_settles_at_vro_never_at_the_opening_print(path):
    fill = path[9][0].fills.iloc[0]
    assert fill["cash_mid_usd"] == pytest.approx((21.36 - 20.0) * 200)
    assert fill["cash_mid_usd"] != pytest.approx((22.52 - 20.0) * 200)
    assert (fill["fees_usd"], fill["crossing_usd"]) == (0.0, 0.0)
