"""The spread-liquidity score: contract, expiry, underlying, asset class."""

from datetime import date, datetime

import numpy as np
import pandas as pd
import pytest

from alvh_core import frames
from alvh_core.forwards import expiry_forwards
from alvh_core.liquidity import (
    PERCENT_ANCHORS,
    VOL_ANCHORS,
    WEIGHTS,
    in_band,
    log_linear,
    score_classes,
    score_contracts,
    score_symbols,
)
from alvh_core.pricing import price_quotes
from alvh_core.profiles import PROFILES
from alvh_core.schemas import CONTRACT_SCORES, SPREAD_SCORES

QUOTE_AT = datetime.fromisoformat("2026-07-16 15:50")
NIGHT = QUOTE_AT.date()
PROFILE = PROFILES["trigger_442"]
DAYS = (date(2026, 8, 19), date(2026, 11, 18), date(2027, 2, 17))  # 34, 125 and 216 days
STRIKES = np.arange(12.0, 60.0, 2.0)


def _price(chains, spots, *raws):
    snapshots = chains.snapshots(spots, QUOTE_AT)
    raw = pd.concat(raws, ignore_index=True).astype({"underlying": "category"})
    quotes, _ = chains.normalise(raw, snapshots)
    return price_quotes(quotes, expiry_forwards(quotes, chains.curve(NIGHT)), snapshots, chains.universe), snapshots


def _vix(chains, days=DAYS, **more):
    return chains.wire("VIX", [("VIX", day, 21.0, 0.8) for day in days], STRIKES, quote_at=QUOTE_AT, **more)


@pytest.fixture(scope="module")
def night(chains):
    return _price(chains, {"VIX": 20.0}, _vix(chains))


def _scores(priced, snapshots):
    symbols = score_symbols(priced, score_contracts(priced), snapshots, PROFILE)
    return frames.concat([symbols, score_classes(symbols, snapshots)], SPREAD_SCORES).set_index(["level", "key"])


@pytest.mark.parametrize(
    ("value", "score"),
    [
        pytest.param(0.0, 1.0, id="zero"),
        pytest.param(0.01, 1.0, id="best anchor"),
        pytest.param(0.08, 0.5, id="the article's limit"),
        pytest.param(0.40, 0.01, id="worst anchor"),
        pytest.param(2.0, 0.01, id="no bid"),
        pytest.param(np.sqrt(0.01 * 0.08), 0.75, id="halfway in the logarithm"),
        pytest.param(np.nan, np.nan, id="missing"),
        pytest.param([], [], id="empty"),
        pytest.param([0.08, np.nan], [0.5, np.nan], id="vector"),
    ],
)
def test_percent_component(value, score):
    np.testing.assert_allclose(log_linear(value, PERCENT_ANCHORS), score, rtol=1e-12)


def test_vol_component():
    np.testing.assert_allclose(log_linear([0.01, 0.06, 0.30], VOL_ANCHORS), [1.0, 0.5, 0.01])


def test_weights_make_one():
    assert sum(WEIGHTS.values()) == 1.0


# --- contracts --------------------------------------------------------------------------------------------------------
@pytest.fixture
def contract(night):
    """One contract's priced row, to be changed."""

    def change(**columns):
        row = night[0][night[0]["osi_symbol"] == "VIX   260819C00022000"].astype({"quote_flag": "str"})
        return score_contracts(row.assign(**columns).astype({"quote_flag": "category"})).iloc[0]

    return change


def test_eight_percent_alone_gives_half_a_component(contract):
    assert contract(spread_frac=0.08)["score_percent_spread"] == 0.5


def test_a_perfect_contract_scores_100(contract):
    best = contract(spread_frac=0.005, spread_usd=1e-4, bid_size_count=1e4, ask_size_count=1e4,
                    open_interest_count=1e6, volume_count=1e6)  # fmt: skip
    assert (best["score"], best["coverage_frac"]) == (100.0, 1.0)


def test_the_worst_two_sided_contract_scores_1(contract):
    worst = contract(spread_frac=1.9, spread_usd=1e3, bid_size_count=0, ask_size_count=5, open_interest_count=0,
                     volume_count=0)  # fmt: skip
    assert worst["score"] == pytest.approx(1.0)


@pytest.mark.parametrize("flag", ["ZERO_BID", "NO_QUOTE"])
def test_a_one_sided_contract_scores_0(flag, contract):
    assert contract(quote_flag=flag)["score"] == 0.0


def test_a_locked_market_is_tight_not_dead(contract):
    assert contract(quote_flag="LOCKED", spread_frac=0.0, spread_usd=0.0)["score"] > 50.0


@pytest.mark.parametrize(
    ("columns", "coverage"),
    [
        pytest.param({"bid_size_count": np.nan}, 0.85, id="no sizes"),
        pytest.param({"open_interest_count": np.nan, "volume_count": np.nan}, 0.80, id="no open interest, no volume"),
        pytest.param({"vega": np.nan}, 0.80, id="no volatility"),
    ],
)
def test_what_has_no_data_is_dropped_and_said(columns, coverage, contract):
    found = contract(**columns)
    assert found["coverage_frac"] == pytest.approx(coverage)
    assert 0.0 < found["score"] <= 100.0


def test_only_the_spread_is_known(contract):
    nothing = dict.fromkeys(["vega", "bid_size_count", "open_interest_count", "volume_count"], np.nan)
    found = contract(spread_frac=0.08, **nothing)
    assert found["score"] == pytest.approx(50.0)
    assert found["coverage_frac"] == pytest.approx(0.45)


def test_a_contract_without_any_data_scores_0(contract):
    names = ["spread_frac", "vega", "bid_size_count", "open_interest_count", "volume_count"]
    found = contract(**dict.fromkeys(names, np.nan))
    assert (found["score"], found["coverage_frac"]) == (0.0, 0.0)


def test_contract_scores_are_a_table(night):
    found = score_contracts(night[0])
    assert list(found.columns) == list(CONTRACT_SCORES.names)
    assert len(found) == len(night[0])
    assert found["score"].between(0.0, 100.0).all()


# --- bands and levels -------------------------------------------------------------------------------------------------
def test_the_band_is_out_of_the_money_with_a_delta(night):
    band = night[0][in_band(night[0])]
    assert band["delta_fwd"].abs().between(0.10, 0.60).all()
    assert ((band["option_right"] == "C") == (band["strike_usd"] >= 21.0)).all()
    assert not in_band(night[0].assign(delta_fwd=np.nan)).any()


def test_every_level_is_there(night):
    found = _scores(*night)
    assert found.index.tolist() == [
        *(("expiry", f"VIX {day}") for day in DAYS), ("underlying", "VIX"), ("asset_class", "vix_index"),
    ]  # fmt: skip
    assert list(found.reset_index()[list(SPREAD_SCORES.names)].columns) == list(SPREAD_SCORES.names)
    assert found.loc[("underlying", "VIX"), "members_count"] == 3
    assert found.loc[("underlying", "VIX"), "quotes_note"] == "closing quotes"


def test_an_expiry_is_the_premium_weighted_mean_of_its_band(night):
    priced, snapshots = night
    scored = priced.assign(score=score_contracts(priced)["score"])
    band = scored[in_band(priced) & (scored["expiry_date"] == pd.Timestamp(DAYS[0]))]
    expected = (band["mid_usd"] * band["score"]).sum() / band["mid_usd"].sum()
    assert _scores(priced, snapshots).loc[("expiry", f"VIX {DAYS[0]}"), "score"] == pytest.approx(expected)


def test_the_underlying_weights_its_tenors(night):
    found = _scores(*night)
    each = [found.loc[("expiry", f"VIX {day}"), "score"] for day in DAYS]
    assert found.loc[("underlying", "VIX"), "score"] == pytest.approx(np.dot([0.4, 0.4, 0.2], each))
    assert found.loc[("underlying", "VIX"), "score_min"] == pytest.approx(min(each))


def test_a_missing_tenor_counts_zero(chains, night):
    two = _price(chains, {"VIX": 20.0}, _vix(chains, DAYS[:2]))
    found, whole = _scores(*two), _scores(*night)
    each = [whole.loc[("expiry", f"VIX {day}"), "score"] for day in DAYS[:2]]
    assert found.loc[("underlying", "VIX"), "score"] == pytest.approx(np.dot([0.4, 0.4], each))
    assert found.loc[("underlying", "VIX"), "members_count"] == 2
    assert found.loc[("underlying", "VIX"), "coverage_frac"] == pytest.approx(0.8)


def test_a_chain_without_any_tenor_has_no_score(chains, night):
    weekly = _price(chains, {"VIX": 20.0}, _vix(chains, [date(2026, 7, 22)]))
    row = _scores(*weekly).loc[("underlying", "VIX")]
    assert np.isnan(row[["score", "score_min"]].astype(float)).all()
    assert (row["members_count"], row["quotes_note"]) == (0, "no reading: no expiry near any tenor")
    assert row["two_sided_frac"] > 0.0
    one = _scores(*_price(chains, {"VIX": 20.0}, _vix(chains, DAYS[:1]))).loc[("underlying", "VIX")]
    assert one["score"] < one["score_min"], "two missing tenors count 0, and are not the lowest member"


def test_of_two_expiries_the_nearer_to_the_tenor_counts_ties_to_the_longer(chains):
    days = (date(2026, 8, 12), date(2026, 8, 18))  # 27 and 33 days: both three away from thirty
    raw = chains.wire("UVXY", [("UVXY", day, 15.0, 1.0) for day in days], np.arange(8.0, 30.0), quote_at=QUOTE_AT)
    wide = raw["option"].str.contains("260812")
    raw = raw.assign(bid=raw["bid"].where(~wide, raw["bid"] / 2))
    found = _scores(*_price(chains, {"UVXY": 15.0}, raw))
    assert found.loc[("underlying", "UVXY"), "score"] == pytest.approx(
        0.4 * found.loc[("expiry", "UVXY 2026-08-18"), "score"]
    )


def test_dead_strikes_cannot_be_dropped_to_look_better(chains):
    raw = _vix(chains)
    dead = raw["option"].str.contains("C0004|C0005")  # the far wing loses its bids
    whole, dying = (
        _scores(*_price(chains, {"VIX": 20.0}, r)) for r in (raw, raw.assign(bid=raw["bid"].where(~dead, 0.0)))
    )
    key = ("underlying", "VIX")
    assert dying.loc[key, "two_sided_frac"] < whole.loc[key, "two_sided_frac"] == 1.0
    assert dying.loc[key, "score"] < whole.loc[key, "score"]


def test_the_median_of_an_expiry_counts_its_dead_strikes(night):
    priced, snapshots = night
    priced, key = priced[priced["option_right"] == "C"], ("expiry", f"VIX {DAYS[0]}")
    strikes = priced.loc[in_band(priced) & (priced["expiry_date"] == pd.Timestamp(DAYS[0])), "strike_usd"]
    inner = priced["strike_usd"].between(strikes.min(), strikes.max(), inclusive="neither")
    dying = priced.assign(quote_flag=priced["quote_flag"].astype("str").mask(inner, "ZERO_BID"),
                          spread_frac=priced["spread_frac"].mask(inner, 2.0),
                          delta_fwd=priced["delta_fwd"].mask(inner))  # fmt: skip
    assert _scores(priced, snapshots).loc[key, "s_median_frac"] < 0.1
    assert _scores(dying, snapshots).loc[key, "s_median_frac"] == pytest.approx((0.02 + 2.0) / 2), "two of four"


def test_a_dead_chain_scores_zero_and_stays_in_its_class(chains):
    raw = chains.wire("UVXY", [("UVXY", date(2026, 8, 21), 15.0, 1.0)], np.arange(8.0, 30.0), quote_at=QUOTE_AT)
    dead = raw.assign(
        bid=0.0, underlying=pd.Categorical(["VXX"] * len(raw)), option=raw["option"].str.replace("UVXY", "VXX")
    )
    found = _scores(*_price(chains, {"UVXY": 15.0, "VXX": 30.0}, raw, dead))
    assert found.loc[("underlying", "VXX"), "score"] == 0.0
    members = found.loc[("asset_class", "volatility_etp")]
    assert members["members_count"] == 2
    assert members["score_min"] == 0.0
    assert members["score"] == pytest.approx(found.loc[("underlying", "UVXY"), "score"] / 2)


def test_an_underlying_whose_quotes_were_all_suspended_is_still_listed(night, chains):
    priced, _ = night
    found = _scores(priced, chains.snapshots({"VIX": 20.0, "SPY": 600.0}, QUOTE_AT))
    row = found.loc[("underlying", "SPY")]
    assert (row["contracts_count"], row["two_sided_frac"], row["coverage_frac"]) == (0, 0.0, 0.0)


def test_a_chain_that_was_not_read_has_no_score_and_does_not_make_its_class_look_bad(night, chains):
    priced, _ = night
    funds = chains.snapshots({"VIX": 20.0, "SPY": 600.0, "QQQ": 500.0}, QUOTE_AT)
    funds["asset_class"] = "index_etf"
    found = _scores(priced, funds)
    unread, members = found.loc[("underlying", "SPY")], found.loc[("asset_class", "index_etf")]
    assert np.isnan(unread[["score", "score_min"]].astype(float)).all()
    assert unread["quotes_note"] == "no reading: no contract could be priced"
    assert (members["score"], members["members_count"]) == (found.loc[("underlying", "VIX"), "score"], 1)
    none = _scores(priced, funds[funds["underlying"] != "VIX"]).loc[("asset_class", "index_etf")]
    assert np.isnan(none["score"])
    assert none["quotes_note"] == "no reading: no contract could be priced"


@pytest.mark.parametrize("n_snapshots", [0, 1])
def test_no_quotes(n_snapshots, night):
    priced, snapshots = night
    none = priced.iloc[:0]
    found = _scores(none, snapshots.iloc[:n_snapshots]).reset_index()[list(SPREAD_SCORES.names)]
    assert found["level"].astype(str).tolist() == ["underlying", "asset_class"][: 2 * n_snapshots]


def test_row_order_does_not_matter(night):
    priced, snapshots = night
    shuffled = priced.sample(frac=1.0, random_state=3).reset_index(drop=True)
    pd.testing.assert_frame_equal(_scores(shuffled, snapshots), _scores(priced, snapshots), rtol=1e-12)
