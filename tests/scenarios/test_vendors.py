"""Scenarios 21 and 22: the vendors that stand in for the default one, page by page."""

import json
import time
from datetime import datetime
from zoneinfo import ZoneInfo

import pytest

from alvh_core.schemas import OPTION_QUOTES, SNAPSHOTS
from tasks.normalise import LANDED
from tasks.sources.source import CHAIN, CURVE

VIX = (CHAIN, "VIX")
CLOSE = datetime(2026, 7, 16, 16, 14, tzinfo=ZoneInfo("America/New_York")).timestamp()
EXPIRIES, CHAINS, QUOTES = "/markets/options/expirations", "/markets/options/chains", "/markets/quotes"
SNAPSHOT = "/v3/snapshot/options/I:VIX"


def option(name="VIX260819C00020000", **fields):
    """One contract as Tradier has it."""
    return {"symbol": name, "bid": 1.62, "ask": 1.7, "bidsize": 412, "asksize": 388, "volume": 18204,
            "open_interest": 214877, "contract_size": 100, "bid_date": int(CLOSE * 1e3), "ask_date": 0,
            "root_symbol": "VIX", "greeks": {"delta": 4.311e-1, "mid_iv": 0.8815}} | fields  # fmt: skip


def told(mine):
    quotes = mine.table(OPTION_QUOTES, LANDED)
    return dict(zip(quotes["osi_symbol"].astype(str).str.replace(" ", ""), quotes["bid_usd"], strict=True))


def test_21_tradier_sends_bare_objects_nulls_and_milliseconds(road, httpserver):
    quote = {"quotes": {"quote": {"symbol": "VIX", "last": 17.42}}}
    lonely = {"options": {"option": option(greeks=None)}}
    pages = {EXPIRIES: {"expirations": {"date": "2026-08-19"}}, CHAINS: lonely, QUOTES: quote}
    limits = {"X-Ratelimit-Available": "0", "X-Ratelimit-Expiry": str(int((time.time() + 2) * 1e3))}
    httpserver.expect_oneshot_request(EXPIRIES).respond_with_json({}, 429, limits)
    for path, page in pages.items():
        httpserver.expect_request(path).respond_with_json(page)
    start = time.monotonic()
    mine = road("tradier", tradier_token="planted-token").read(VIX)
    assert 1.0 < time.monotonic() - start < 30.0, "as long as it asked, and milliseconds are no seconds"
    assert told(mine) == {"VIX260819C00020000": 1.62}
    quotes = mine.table(OPTION_QUOTES, LANDED)
    assert quotes[["vendor_iv_vol", "vendor_delta"]].isna().all(axis=None)
    (snapshot,) = mine.table(SNAPSHOTS).to_dict("records")
    assert (snapshot["venue_scope"], snapshot["underlying_price_usd"]) == ("nbbo", 17.42)
    assert str(snapshot["quote_at_utc"]) == "2026-07-16 20:14:00+00:00"
    request, _ = httpserver.log[-1]
    assert request.headers["Authorization"] == "Bearer planted-token"
    assert request.headers["Accept"] == "application/json", "the default is XML"
    assert "planted-token" not in mine.payload("VIX")["url"]

    httpserver.clear()
    httpserver.expect_request(EXPIRIES).respond_with_json({"expirations": {"date": ["2026-08-19", "2026-09-16"]}})
    httpserver.expect_request(CHAINS, query_string={"symbol": "VIX", "expiration": "2026-09-16", "greeks": "true"}
                              ).respond_with_json({"options": None})  # fmt: skip
    httpserver.expect_request(CHAINS).respond_with_json(lonely)
    httpserver.expect_request(QUOTES).respond_with_json({"quotes": {"unmatched_symbols": {"symbol": "VIX"}}})
    assert told(road("tradier", tradier_token="x", home="half").read(VIX)) == {"VIX260819C00020000": 1.62}

    httpserver.clear()
    httpserver.expect_request(EXPIRIES).respond_with_json({"expirations": None})
    assert "no expiries" in road("tradier", tradier_token="x", home="none").land(*VIX).reason


def contract(name, **fields):
    """One contract as Massive has it."""
    return {"day": {"volume": 18204}, "details": {"ticker": f"O:{name}", "shares_per_contract": 100}, "greeks": {},
            "implied_volatility": 0.8815, "open_interest": 214877, "underlying_asset": {"value": 17.42},
            "last_quote": {"ask": 1.7, "ask_size": 388, "bid": 1.62, "bid_size": 412,
                           "last_updated": int(CLOSE * 1e9)}} | fields  # fmt: skip


@pytest.fixture
def massive(road, httpserver):
    """Serve pages of a snapshot by cursor and land them; what is first has no cursor."""

    def land(home, **pages):
        httpserver.clear()
        for cursor, (rows, following, *status) in pages.items():
            page = {"status": "OK", "results": rows, "request_id": "77aa"}
            if following:
                page["next_url"] = f"https://api.massive.com{SNAPSHOT}?cursor={following}"
            query = {} if cursor == "first" else {"query_string": {"cursor": cursor}}
            httpserver.expect_request(SNAPSHOT, **query).respond_with_json(page, *status)
        return road("massive", massive_key="planted-key", home=home)

    return land


def test_22_massive_pages_without_the_key_in_circles_without_leave_and_without_quotes(massive, httpserver, road):
    first, second = contract("VIX260819C00020000"), contract("VIX260819P00020000")
    mine = massive("pages", b=([second], None), first=([first], "b")).read(VIX)
    assert told(mine) == {"VIX260819C00020000": 1.62, "VIX260819P00020000": 1.62}
    assert {request.headers["Authorization"] for request, _ in httpserver.log} == {"Bearer planted-key"}
    assert len(httpserver.log) == 2, "at the host that was asked, wherever next_url points"
    assert "planted-key" not in json.dumps([request.url for request, _ in httpserver.log])

    circle = massive("circle", b=([second], "c"), c=([second], "b"), first=([first], "b"))
    assert "different pages of one host" in circle.land(*VIX).reason
    assert len(httpserver.log) == 3
    assert not circle.night.archive.has_any(), "nothing is loaded in part"

    httpserver.clear()
    refusal = {"status": "NOT_AUTHORIZED", "message": "You are not entitled to this data."}
    httpserver.expect_request(SNAPSHOT).respond_with_json(refusal, 403)
    stranger = road("massive", massive_key="planted-key", home="refused")
    reason = stranger.land(*VIX).reason
    assert "answered 403" in reason
    assert "planted-key" not in reason
    assert stranger.tries == 1

    bare = {name: value for name, value in first.items() if name != "last_quote"}
    poor = massive("poor", first=([bare], None)).land(*VIX)
    assert "no_quotes: none of 1 contracts has last_quote" in poor.reason
    mixed = massive("mixed", first=([first, bare | {"details": second["details"]}], None)).take(VIX, (CURVE, "UST2026"))
    found = told(mixed)
    assert found["VIX260819C00020000"] == 1.62
    assert found["VIX260819P00020000"] != found["VIX260819P00020000"], "no quote is no price"
