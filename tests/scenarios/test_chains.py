"""Scenarios 10 to 18 and 34: option chains that arrive whole and say something odd."""

import json
from datetime import date

import pandas as pd
import pytest

from alvh_core import frames
from alvh_core.schemas import (
    CONTRACT_SCORES,
    META_PAYLOADS,
    META_QUARANTINE,
    NIGHT_TABLES,
    OPTION_QUOTES,
    QUARANTINED_QUOTES,
    SNAPSHOTS,
)
from tasks.normalise import LANDED, SYMBOLS
from tasks.price import price
from tasks.score import score
from tasks.sources.source import CHAIN, CURVE

VIX, CURVE_FILE = (CHAIN, "VIX"), (CURVE, "UST2026")
PATH = "/delayed_quotes/options/{}.json"
THANKSGIVING, FRIDAY = date(2026, 11, 26), date(2026, 11, 27)
WEDNESDAY = date(2026, 11, 25)
CALL = "VIXW260805C00024000"


@pytest.fixture
def serve(httpserver, market):
    """Serve chains by symbol, beside a curve to discount them with."""

    def put(day=date(2026, 7, 16), **bodies):
        httpserver.clear()
        for wire, body in bodies.items():
            httpserver.expect_request(PATH.format(wire)).respond_with_data(body)
        rates = market.treasury_curve(day.year, day)
        httpserver.expect_request("/resource-center/data-chart-center/interest-rates/daily-treasury-rates.csv/2026/all"
                                  ).respond_with_data(rates)  # fmt: skip

    return put


def by_option(quotes):
    return quotes.assign(option=quotes["osi_symbol"].astype("str").str.replace(" ", "")).set_index("option")


def test_10_a_stale_session_behind_a_fresh_timestamp_does_not_land(road, serve, chain):
    serve(_VIX=chain(last_trade_time="2026-07-14T16:15:02", timestamp="2026-07-17 00:41:09"))
    mine = road("cboe")
    landing = mine.land(*VIX)
    assert "expected quotes of session 2026-07-16, found 2026-07-14 16:15:02" in landing.reason
    assert mine.tries == 1
    assert not mine.night.archive.has_any()
    mine.take(landing)
    assert mine.table(OPTION_QUOTES).empty
    assert mine.payload("VIX")["payload_outcome"] == "MISSING"


def test_11_an_envelope_dated_on_a_holiday_says_nothing_about_the_session(road, serve, chain):
    """Wednesday's file rendered on Thanksgiving is Wednesday's; what was quoted on the holiday itself is no close."""
    late = chain("_VIX", day=WEDNESDAY, timestamp=f"{THANKSGIVING} 18:00:09")
    serve(WEDNESDAY, _VIX=late)
    mine = road("cboe", "treasury", day=WEDNESDAY).take(VIX, CURVE_FILE)
    (row,) = mine.table(SNAPSHOTS).to_dict("records")
    assert (row["trade_date"], row["quote_clock"]) == (pd.Timestamp(WEDNESDAY), "at_close")
    assert row["quote_age_minutes"] > 12 * 60
    assert len(mine.table(OPTION_QUOTES)) > 100

    refused = road("cboe", day=FRIDAY, home="friday").land(*VIX)
    assert f"expected quotes of session {FRIDAY}" in refused.reason

    serve(WEDNESDAY, _VIX=chain("_VIX", day=WEDNESDAY, last_trade_time=f"{THANKSGIVING}T11:00:00"))
    found = road("cboe", "treasury", day=WEDNESDAY, home="holiday").take(VIX, CURVE_FILE).table(SNAPSHOTS)
    assert list(found["quote_clock"]) == ["after_hours"], "labelled, so that it cannot make a PASS"


def test_12_greeks_of_zero_are_no_greeks_and_cost_no_quote(road, serve, chain):
    zeros = dict.fromkeys(("iv", "delta", "gamma", "vega", "theta", "rho", "theo"), 0.0)
    serve(_VIX=chain("_VIX", lambda options: [option | zeros for option in options]))
    bare = road("cboe", "treasury").take(VIX, CURVE_FILE)
    serve(_VIX=chain())
    whole = road("cboe", "treasury", home="whole").take(VIX, CURVE_FILE)
    quotes, other = bare.table(OPTION_QUOTES), whole.table(OPTION_QUOTES)
    assert quotes["vendor_iv_vol"].isna().all()
    assert quotes["vendor_delta"].isna().all()
    assert other["vendor_iv_vol"].notna().any()
    told = ["osi_symbol", "bid_usd", "ask_usd", "quote_flag"]
    pd.testing.assert_frame_equal(quotes[told], other[told])


def test_13_no_last_trade_is_a_contracts_affair_and_the_ruin_of_a_chain(road, serve, chain):
    never = {"last_trade_time": None}
    serve(_VIX=chain("_VIX", lambda options: [option | never for option in options]), _SPX=chain("_SPX", **never))
    mine = road("cboe", "treasury").take(VIX, (CHAIN, "SPX"), CURVE_FILE)
    assert set(mine.table(OPTION_QUOTES)["underlying"].astype("str")) == {"VIX"}
    lost = mine.payload("SPX")
    assert lost["payload_outcome"] == "MISSING"
    assert "expected data.last_trade_time, found none; the session cannot be told" in lost["reason"]


def test_14_no_bid_and_locked_are_markets_and_crossed_is_a_fault(road, serve, chain):
    odd = {"VIXW260805C00025000": lambda bid, ask: (ask, ask), "VIXW260805C00026000": lambda bid, ask: (ask, bid),
           CALL: lambda _, ask: (0.0, ask)}  # fmt: skip

    def quoted(one):
        bid, ask = odd[one["option"]](one["bid"], one["ask"]) if one["option"] in odd else (one["bid"], one["ask"])
        return one | {"bid": bid, "ask": ask} | ({"bid_size": 0.0} if bid == 0.0 else {})

    serve(_VIX=chain("_VIX", lambda options: [quoted(one) for one in options]))
    mine = road("cboe", "treasury").take(VIX, CURVE_FILE)
    flags = by_option(mine.table(OPTION_QUOTES))["quote_flag"]
    bad = by_option(mine.table(QUARANTINED_QUOTES))
    assert flags["VIXW260805C00025000"] == "LOCKED"
    assert bad.loc["VIXW260805C00026000", "severity"] == "row"
    assert "CROSSED" in bad.loc["VIXW260805C00026000", "reason"]
    noted = mine.table(META_QUARANTINE, SYMBOLS)
    assert noted["payload_sha256"].eq(mine.land(*VIX).payload_sha256).all()
    everywhere = pd.concat([flags, bad["quote_flag"]])
    assert everywhere[CALL] == "ZERO_BID", "a fact of the market, whatever a rule makes of its price"
    assert mine.counts["rows_in_count"] == len(flags) + len(bad)


def test_15_adjusted_roots_are_apart_and_twins_of_a_third_friday_are_two(road, serve, chain):
    def adjusted(options):
        return options + [one | {"option": one["option"].replace("UVXY", "UVXY1")} for one in options[:40]]

    def third_friday(options):
        return [one for one in options if one["option"].startswith(("SPX260821", "SPXW260821"))]

    serve(UVXY=chain("UVXY", adjusted), _SPX=chain("_SPX", third_friday, expiries=slice(None)))
    mine = road("cboe", "treasury").take((CHAIN, "UVXY"), (CHAIN, "SPX"), CURVE_FILE)
    quotes = mine.table(OPTION_QUOTES)
    odd = quotes[quotes["is_adjusted"]]
    assert set(odd["root"].astype("str")) <= {"UVXY1"}
    assert len(odd) > 20
    assert not (set(odd["osi_symbol"]) & set(quotes.loc[~quotes["is_adjusted"], "osi_symbol"]))

    twins = quotes[quotes["underlying"] == "SPX"].groupby("root", observed=True)
    assert twins["settlement"].first().astype("str").to_dict() == {"SPX": "AM", "SPXW": "PM"}
    assert twins["settle_at_utc"].nunique().to_dict() == {"SPX": 1, "SPXW": 1}
    morning, evening = twins["settle_at_utc"].first()[["SPX", "SPXW"]]
    assert evening - morning == pd.Timedelta(hours=6, minutes=30)
    assert twins["strike_usd"].nunique().gt(100).all(), "same expiry, same strikes, nobody lost"

    mine.run(price, score)
    scored = mine.table(CONTRACT_SCORES)
    assert len(scored) > 100
    assert not scored["osi_symbol"].astype("str").str.startswith("UVXY1").any()


def test_16_a_previous_close_that_is_the_close_changes_nothing(road, serve, chain):
    """The vendor rolled too early; nothing of ours is made of his previous close."""
    honest = json.loads(chain())["data"]
    assert honest["prev_day_close"] != honest["close"]
    rolled = {"prev_day_close": honest["close"], "price_change": 0.0, "price_change_percent": 0.0}
    found = {}
    for home, header in (("honest", {}), ("rolled", rolled)):
        serve(_VIX=chain("_VIX", **header))
        mine = road("cboe", "treasury", home=home).take(VIX, CURVE_FILE)
        found[home] = [mine.table(spec).drop(columns="payload_sha256") for spec in (SNAPSHOTS, OPTION_QUOTES)]
    for before, after in zip(found["honest"], found["rolled"], strict=True):
        pd.testing.assert_frame_equal(before, after)


def test_17_a_chain_without_contracts_is_no_chain(road, serve, chain):
    serve(_VIX=chain("_VIX", lambda _: []))
    mine = road("cboe")
    landing = mine.land(*VIX)
    assert "empty chain" in landing.reason
    assert not mine.night.archive.has_any()


REQUIRED = ("option", "bid", "ask", "iv", "open_interest", "volume")


def without(name, new=None):
    """Take a field out of every contract, or give it another name."""

    def edit(options):
        kept = [{key: value for key, value in one.items() if key != name} for one in options]
        return [one | {new: old[name]} for one, old in zip(kept, options, strict=True)] if new else kept

    return edit


def test_18_a_schema_that_drifts_fails_loudly_and_one_that_grows_passes(road, serve, chain):
    for number, name in enumerate(REQUIRED):
        for edit in (without(name), without(name, f"{name}_price")):
            serve(_VIX=chain("_VIX", edit))
            mine = road("cboe", home=f"{number}{edit}").read(VIX)
            lost = mine.payload("VIX")
            assert (lost["payload_outcome"], mine.table(OPTION_QUOTES, LANDED).empty) == ("MISSING", True), name
            assert "the vendor's schema has changed" in lost["reason"]
            assert name in lost["reason"]

    serve(_VIX=chain("_VIX", lambda options: [one | {"lambda": 0.1, "venue": {"mic": "X"}} for one in options],
                     session="rth"))  # fmt: skip
    grown = road("cboe", "treasury", home="grown").take(VIX, CURVE_FILE)
    serve(_VIX=chain())
    plain = road("cboe", "treasury", home="plain").take(VIX, CURVE_FILE)
    assert grown.payload("VIX")["payload_outcome"] == "LANDED"
    new, old = (one.table(OPTION_QUOTES).drop(columns="payload_sha256") for one in (grown, plain))
    pd.testing.assert_frame_equal(new, old)


def test_34_a_snapshot_that_is_delivered_twice_is_there_once(road, serve, chain, httpserver):
    """Landed again, published again, and with all of its contracts twice in one file."""
    serve(_VIX=chain())
    mine = road("cboe", "treasury")
    first, second = mine.land(*VIX), mine.land(*VIX)
    assert first == second
    assert len(httpserver.log) == 1, "what is archived is not fetched again"
    mine.take(first, second and CURVE_FILE)
    tables = {spec.name: frames.empty(spec) for spec in NIGHT_TABLES}
    tables |= {SNAPSHOTS.name: mine.table(SNAPSHOTS), META_PAYLOADS.name: mine.table(META_PAYLOADS, SYMBOLS)}
    warehouse, key, prints = mine.night.warehouse, mine.night.key, []
    for run in ("one", "two"):
        warehouse.claim(key, run_id=run, code_version="0", rules_hash="0", source="live")
        warehouse.publish(key, tables, run_id=run, outcome="OK", reason=None, counts=mine.counts)
        prints.append(warehouse.fingerprint("live", key.trade_date))
        assert len(warehouse.night("live", key.trade_date)[SNAPSHOTS.name]) == 1
    assert prints[0] == prints[1]

    serve(_VIX=chain("_VIX", lambda options: options + options[:40]))
    twice = road("cboe", "treasury", home="twice").take(VIX, CURVE_FILE)
    once, again = mine.table(OPTION_QUOTES), twice.table(OPTION_QUOTES)
    assert list(again["osi_symbol"]) == list(once["osi_symbol"])
    bad = twice.table(QUARANTINED_QUOTES)
    assert bad["reason"].str.contains("DUPLICATE").sum() == 40
    assert twice.counts["rows_in_count"] == mine.counts["rows_in_count"] + 40
