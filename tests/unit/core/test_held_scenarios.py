"""What paper books would be worth after a jump of VIX: goldens by hand, whole books or none, any order of rows."""

import numpy as np
import pandas as pd
import pytest

from alvh_core import frames
from alvh_core.black import price
from alvh_core.costs.held import held_scenarios
from alvh_core.costs.scenario import SHOCKS
from alvh_core.profiles import PROFILES
from alvh_core.registry.costs import HELD_SCENARIOS
from alvh_core.reporting.held import held_table

NIGHT = pd.Timestamp("2026-07-16")
NEAR, FAR, PUT = "VIX   260819C00023000", "VIX   261021C00027000", "SPY   260821P00600000"
STRIKES, FORWARDS, VOLS, YEARS = [23.0, 27.0, 600.0], [18.25, 19.5, 620.0], [0.95, 0.75, 0.2], [0.1, 0.3, 0.1]
DAYS, IS_CALL, DISCOUNT = [30, 110, 36], [True, True, False], np.array([0.99, 0.98, 0.99])
MIDS = price(FORWARDS, STRIKES, YEARS, VOLS, DISCOUNT, IS_CALL)


def _quotes(**changes):
    frame = pd.DataFrame({"osi_symbol": [NEAR, FAR, PUT], "quote_flag": "OK", "forward_usd": FORWARDS, "iv_vol": VOLS,
                          "years": YEARS, "discount": DISCOUNT, "spread_frac": [0.06, 0.10, 0.02]})  # fmt: skip
    return frame.assign(**changes)


def _position(symbol, units, *, host="SPX", variant="V1_SAME_HEDGE", state="HELD", layer=1):
    at = [NEAR, FAR, PUT].index(symbol)
    hedge = symbol[:3]
    return {"host": host, "variant": variant, "hedge_symbol": hedge, "profile": "trigger_442", "osi_symbol": symbol,
            "option_right": "C" if IS_CALL[at] else "P", "strike_usd": STRIKES[at], "multiplier": 100,
            "units_open": units, "dte_days": DAYS[at], "mark_usd": MIDS[at], "position_state": state,
            "layer_no": layer}  # fmt: skip


def _found(*positions, quotes=None, betas=None, p95=None, **options):
    quotes = _quotes() if quotes is None else quotes
    return held_scenarios(pd.DataFrame(positions), quotes, betas or {}, p95 or {}, NIGHT, "recorded", **options)


def test_a_book_is_worth_what_its_contracts_are_priced_at_after_the_jump():
    found = _found(_position(NEAR, 4), _position(FAR, 4, layer=2)).set_index("shock_vol_points")
    assert list(found.index) == list(SHOCKS)
    rounded = _found(_position(NEAR, 4) | {"mark_usd": MIDS[0] * (1.0 + 1e-12)}).set_index("shock_vol_points")
    assert rounded.loc[0, "held_gain_usd"] == 0.0, "a volatility gives its mid back but for rounding"
    assert found.loc[0, "book_mark_usd"] == pytest.approx(400.0 * (MIDS[0] + MIDS[1]))
    forwards = [18.25 + 10.0 * 0.53, 19.5 + 10.0 * 0.27]  # damped by the declared betas at 30 and 110 days
    near, far = 400.0 * price(forwards, STRIKES[:2], YEARS[:2], VOLS[:2], DISCOUNT[:2], is_call=True)
    assert found.loc[10, "value_mid_usd"] == pytest.approx(near + far)
    assert found.loc[10, "held_gain_usd"] == pytest.approx(near + far - found.loc[0, "book_mark_usd"])
    assert found.loc[10, "liq_tonight_usd"] == pytest.approx(0.97 * near + 0.95 * far)
    assert found.loc[10, "liq_x2_usd"] == pytest.approx(0.94 * near + 0.90 * far)
    assert found.loc[10, "liq_x3_usd"] == pytest.approx(0.91 * near + 0.85 * far)
    assert np.isnan(found.loc[10, "liq_p95_usd"])
    assert found["value_mid_usd"].is_monotonic_increasing
    higher = price(forwards, STRIKES[:2], YEARS[:2], [1.05, 0.85], DISCOUNT[:2], is_call=True)
    assert found.loc[10, "value_vol_up_usd"] == pytest.approx(400.0 * higher.sum())


def test_a_measured_damping_counts_and_a_contract_is_as_many_shares_as_it_says():
    found = _found(_position(NEAR, 4) | {"multiplier": 10}, term={30: 0.9, 220: 0.1}).set_index("shock_vol_points")
    worth = 40.0 * price(18.25 + 9.0, 23.0, 0.1, 0.95, 0.99, is_call=True)
    assert found.loc[10, "value_mid_usd"] == pytest.approx(worth)


def test_the_spread_of_a_chain_with_a_history_is_its_95th_percentile():
    found = _found(_position(NEAR, 4), p95={("VIX", "C"): 0.2})
    np.testing.assert_allclose(found["liq_p95_usd"], 0.9 * found["value_mid_usd"])


def test_what_is_sold_is_owed_and_costs_more_to_buy_back_the_wider_the_market():
    found = _found(_position(NEAR, -2)).set_index("shock_vol_points")
    assert set(found["units_open"]) == {2}
    assert found.loc[10, "value_mid_usd"] < 0
    assert found.loc[10, "held_gain_usd"] < 0
    assert found.loc[10, "liq_x3_usd"] < found.loc[10, "liq_tonight_usd"] < found.loc[10, "value_mid_usd"]


def test_a_share_follows_its_own_beta():
    put = _position(PUT, 1, host="SPY", variant="V3_NATIVE") | {"hedge_symbol": "SPY"}
    found = _found(put, betas={"SPY": -0.005}).set_index("shock_vol_points")
    worth = 100.0 * price(620.0 * (1 - 0.05), 600.0, 0.1, 0.2, 0.99, is_call=False)
    assert found.loc[10, "value_mid_usd"] == pytest.approx(worth)


VALUES = ["value_mid_usd", "value_vol_up_usd", "held_gain_usd", "liq_tonight_usd", "liq_x2_usd", "liq_x3_usd"]
NO_VOL = _quotes(iv_vol=[0.95, np.nan, 0.2])


def _states(found):
    told = found.groupby("host", observed=True)["held_status"].agg(lambda states: set(states.astype("str")))
    return told.to_dict()


@pytest.mark.parametrize(("quotes", "change", "status"), [
    pytest.param(NO_VOL, {"units_open": -4}, "NO_VOL", id="sold, without a volatility"),
    pytest.param(_quotes(forward_usd=[18.25, np.nan, 620.0]), {}, "NO_VOL", id="no forward"),
    pytest.param(_quotes().iloc[[0, 2]], {}, "NO_VOL", id="no price"),
    pytest.param(_quotes(quote_flag=["OK", "CROSSED", "OK"]), {}, "NO_VOL", id="no usable quote"),
    pytest.param(pd.concat([_quotes(), _quotes().iloc[[1]]]), {}, "NO_VOL", id="a symbol of two contracts"),
    pytest.param(_quotes(), {"mark_usd": np.nan}, "NO_QUOTE", id="another contract's quote, after a split"),
    pytest.param(NO_VOL, {"mark_usd": np.nan}, "NO_QUOTE", id="neither"),
])  # fmt: skip
def test_a_book_without_one_of_its_contracts_has_no_value_and_others_have(quotes, change, status):
    whole, lacking = _position(NEAR, 4, host="QQQ"), (_position(NEAR, 4), _position(FAR, 4, layer=2) | change)
    found = _found(whole, *lacking, quotes=quotes)
    assert _states(found) == {"QQQ": {"OK"}, "SPX": {status}}
    assert found.loc[found["host"] == "SPX", VALUES].isna().all(axis=None)
    assert found.loc[found["host"] == "QQQ", VALUES].notna().all(axis=None)


def test_a_bought_contract_without_a_volatility_is_worth_its_intrinsic_value_at_least():
    found = _found(_position(NEAR, 4), _position(FAR, 4, layer=2), quotes=NO_VOL).set_index("shock_vol_points")
    assert set(found["held_status"].astype("str")) == {"FLOOR"}
    near = 400.0 * price(18.25 + 30.0 * 0.53, 23.0, 0.1, 0.95, 0.99, is_call=True)
    far = 400.0 * 0.98 * (19.5 + 30.0 * 0.27 - 27.0)
    assert found.loc[30, "value_mid_usd"] == pytest.approx(near + far)
    assert found.loc[30, "held_gain_usd"] == pytest.approx(near + far - 400.0 * (MIDS[0] + MIDS[1]))
    sound = _found(_position(NEAR, 4), _position(FAR, 4, layer=2)).set_index("shock_vol_points")
    assert (found["value_mid_usd"] < sound["value_mid_usd"]).all()
    assert (found["value_vol_up_usd"] < sound["value_vol_up_usd"]).all()


def test_what_lacks_both_a_volatility_and_a_beta_has_no_value():
    put = _position(PUT, 1, host="SPY", variant="V3_NATIVE") | {"hedge_symbol": "SPY"}
    found = _found(put, quotes=_quotes(iv_vol=[0.95, 0.75, np.nan]))
    assert _states(found) == {"SPY": {"NO_BETA"}}
    assert found[VALUES].isna().all(axis=None)


def test_a_chain_whose_beta_is_not_told_from_zero_says_so():
    put = _position(PUT, 1, host="SPY", variant="V3_NATIVE")
    found = _found(put, _position(NEAR, 4), weak={"SPY"})
    assert _states(found) == {"SPY": {"WEAK_BETA"}, "SPX": {"OK"}}
    assert found.loc[found["hedge_symbol"] == "SPY", VALUES].isna().all(axis=None)
    mine = {"trigger_442": PROFILES["trigger_442"]}
    row = held_table(found, pd.DataFrame([put, _position(NEAR, 4)]), mine, 2).rows[1]
    assert row.cells[-1].text == "how it follows VIX: its beta may be 0"
    blind = _found(put, quotes=_quotes(iv_vol=[0.95, 0.75, np.nan]), weak={"SPY"})
    assert _states(blind) == {"SPY": {"WEAK_BETA"}}, "no least value either"


def test_a_chain_whose_beta_is_not_known_says_so():
    put = _position(PUT, 1, host="SPY", variant="V3_NATIVE") | {"hedge_symbol": "SPY"}
    found = _found(put)
    assert set(found["held_status"].astype("str")) == {"NO_BETA"}
    assert found[VALUES].isna().all(axis=None)
    assert found["book_mark_usd"].notna().all(), "what it is worth tonight needs no beta"


def test_what_waits_for_its_settlement_is_no_part_of_the_book():
    found = _found(_position(NEAR, 4, state="AWAITING_SETTLEMENT"), _position(FAR, 4, layer=2))
    assert set(found["units_open"]) == {4}
    assert set(found["held_status"].astype("str")) == {"OK"}
    assert _found(_position(NEAR, 4, state="AWAITING_SETTLEMENT")).empty


def test_rows_in_any_order_give_the_same_to_the_last_bit():
    positions = [_position(symbol, units, host=host, layer=layer) for host in ("SPX", "QQQ", "XLE")
                 for layer, (symbol, units) in enumerate([(NEAR, 4), (FAR, 3), (NEAR, -1)], start=1)]  # fmt: skip
    found = _found(*positions)
    pd.testing.assert_frame_equal(_found(*positions[::-1], quotes=_quotes().iloc[::-1]), found, check_exact=True)
    assert len(found) == 3 * len(SHOCKS)


POSITIONS_HELD = pd.DataFrame([_position(NEAR, 4)])


def _cells(table):
    return [[cell.text for cell in row.cells] for row in table.rows]


def test_the_page_shows_every_book_of_the_first_profile_and_hosts_alike_in_one_row():
    positions = [_position(NEAR, 4, host=host) for host in ("SPX", "QQQ")]
    positions += [_position(NEAR, 4, variant="V0_REF"), _position(FAR, 2, variant="V0_REF") | {"profile": "tenor_442"},
                  _position(FAR, 2) | {"profile": "tenor_442"}]  # fmt: skip
    lost = _position(PUT, 1, host="IWM", variant="V3_NATIVE") | {"hedge_symbol": "SPY"}
    found = _found(*positions, lost)
    profiles = {name: PROFILES[name] for name in ("trigger_442", "tenor_442")}
    table = held_table(found, POSITIONS_HELD, profiles, 3)
    assert [row[:4] for row in _cells(table)] == [
        ["trigger_442", "VIX calls", "QQQ, SPX", "4"], ["trigger_442", "SPY puts", "IWM", "1"],
        ["tenor_442", "VIX calls", "SPX", "2"],
    ]  # fmt: skip
    first = found[(found["host"] == "QQQ") & (found["shock_vol_points"] == 10)].iloc[0]
    names = [column.label for column in table.columns]
    shown = dict(zip(names, _cells(table)[0], strict=True))
    worth = found[found["host"] == "QQQ"].set_index("shock_vol_points")["value_mid_usd"]
    assert {name: shown[name] for name in names if name.startswith("VIX +")} == {
        f"VIX +{jump}": f"{worth[jump]:,.0f}" for jump in SHOCKS[1:]
    }
    assert shown["+10, vol + 10"] == f"{first['value_vol_up_usd']:,.0f}"
    assert shown["+10, sold"] == f"{first['liq_tonight_usd']:,.0f}"
    assert shown["+10, sold wide"] == f"{first['liq_x3_usd']:,.0f}"
    assert [row[-1] for row in _cells(table)] == ["—", "how it follows VIX", "—"]
    assert all(len(row.cells) == len(table.columns) for row in table.rows)


def test_a_page_without_a_book_says_so_and_one_of_an_earlier_release_says_that():
    profiles, none = {"trigger_442": PROFILES["trigger_442"]}, frames.empty(HELD_SCENARIOS)
    waiting = POSITIONS_HELD.assign(position_state="AWAITING_SETTLEMENT")
    for positions in (POSITIONS_HELD.iloc[:0], waiting):
        table = held_table(none, positions, profiles, 3)
        assert (table.rows, table.empty) == ((), "Neither trigger_442 nor a reference ladder holds anything.")
    table = held_table(none, POSITIONS_HELD, profiles, 3)
    assert (table.rows, table.empty) == ((), "The night was published before this was computed.")
