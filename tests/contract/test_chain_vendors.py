"""Chains of Tradier, Massive and Schwab as they come: every known quirk, and what is refused with which words."""
# ruff: noqa: DTZ001 - the clocks of quotes are wall times of New York

import copy
import json
from datetime import date, datetime
from pathlib import Path

import numpy as np
import pytest

from alvh_core.errors import RetriableError, SkippableError
from alvh_core.quotes import snapshot_row
from alvh_core.universe import DEFAULT_UNIVERSE
from tasks.sources import massive, schwab, tradier
from tasks.sources.source import Wanted

DAY = date(2026, 7, 16)
VIX, KO = (Wanted(symbol=name, asset=DEFAULT_UNIVERSE[name], trade_date=DAY) for name in ("VIX", "KO"))
URLS = {tradier: tradier.chain_url(VIX), massive: massive.chain_url(VIX), schwab: schwab.chain_url(VIX)}
SAMPLES = {
    vendor: json.loads((Path(__file__).with_name("samples") / f"{vendor.__name__.rpartition('.')[2]}_chain.json")
                       .read_text())["pages"]
    for vendor in URLS
}  # fmt: skip


def pages_of(vendor):
    return copy.deepcopy(SAMPLES[vendor])


def read(vendor, pages):
    return vendor.read_chain(json.dumps({"pages": pages}).encode(), "VIX", URLS[vendor])


def rows(chain):
    return {row["option"]: row for row in chain.table.to_pylist()}


every_vendor = pytest.mark.parametrize("vendor", URLS, ids=lambda v: v.__name__)


@every_vendor
def test_one_canonical_row_whoever_says_it(vendor):
    chain = read(vendor, pages_of(vendor))
    found = rows(chain)
    call, put = found["VIX260819C00020000"], found["VIX260819P00010000"]
    assert (call["bid"], call["ask"], call["bid_size"], call["ask_size"]) == (1.62, 1.7, 412.0, 388.0)
    assert (call["volume"], call["open_interest"], call["delta"]) == (1820.0, 21487.0, 0.4311)
    assert call["iv"] == pytest.approx(0.8815)
    assert (put["bid"], put["ask"]) == (0.0, 0.02)
    assert put["iv"] in {None, 0.0} or np.isnan(put["iv"])
    assert put["delta"] in {None, 0.0} or np.isnan(put["delta"])
    assert chain.header.quote_at == datetime(2026, 7, 16, 16, 14, 59)
    assert chain.header.underlying_price_usd == 17.42
    assert chain.header.contracts_count == len(found)


@every_vendor
def test_its_clock_says_which_session(vendor, calendar):
    header = read(vendor, pages_of(vendor)).header
    vix = DEFAULT_UNIVERSE["VIX"]
    row = snapshot_row(header, vix, calendar.session(DAY), calendar=calendar, source_mode="live", venue_scope="x")
    assert row["quote_clock"] == "at_close"
    with pytest.raises(SkippableError, match="expected quotes of session 2026-07-17"):
        snapshot_row(header, vix, calendar.session(date(2026, 7, 17)), calendar=calendar, source_mode="live",
                     venue_scope="x")  # fmt: skip


@every_vendor
def test_numbers_may_be_strings(vendor):
    def spelled(value):
        if isinstance(value, dict):
            return {name: spelled(inner) for name, inner in value.items()}
        if isinstance(value, list):
            return [spelled(inner) for inner in value]
        return str(value) if isinstance(value, (int, float)) and not isinstance(value, bool) else value

    assert read(vendor, spelled(pages_of(vendor))).table.equals(read(vendor, pages_of(vendor)).table)


def strip(value, name):
    """Take a field out, wherever it stands."""
    if isinstance(value, dict):
        return {key: strip(inner, name) for key, inner in value.items() if key != name}
    return [strip(inner, name) for inner in value] if isinstance(value, list) else value


@pytest.mark.parametrize(("vendor", "field", "words"), [
    (tradier, "bid", "no contract has bid"), (tradier, "open_interest", "no contract has open_interest"),
    (massive, "ask", "no contract has ask"), (massive, "details", "have no symbol"),
    (schwab, "openInterest", "without openInterest"), (schwab, "quoteTimeInLong", "without quoteTimeInLong"),
])  # fmt: skip
def test_a_field_that_is_gone_fails_loudly(vendor, field, words):
    with pytest.raises(SkippableError, match=rf"VIX: http.*{words}"):
        read(vendor, strip(pages_of(vendor), field))


@every_vendor
def test_a_field_nobody_knows_passes(vendor):
    pages = pages_of(vendor)
    pages[0]["news"] = {"a": [1]}
    assert read(vendor, pages).table.equals(read(vendor, pages_of(vendor)).table)


# Tradier


def option(pages, at=2):
    return pages[at]["options"]["option"]


def test_expiries_lead_to_their_chains_and_the_quote():
    page = json.dumps({"expirations": {"date": ["2026-08-19", "2026-07-29", "2027-03-17", "2027-04-21"]}}).encode()
    found = tradier.further_pages(page, URLS[tradier])
    base = "https://api.tradier.com/v1/markets"
    assert found == [*(f"{base}/options/chains?symbol=VIX&expiration={day}&greeks=true" for day in
                       ("2026-07-29", "2026-08-19", "2027-03-17")), f"{base}/quotes?symbols=VIX"]  # fmt: skip
    assert all(tradier.further_pages(b"{}", url) == [] for url in found), "they lead nowhere else"
    assert "includeAllRoots=true" in URLS[tradier]


@pytest.mark.parametrize("expirations", [
    {"date": "2026-08-19"}, {"date": ["2026-08-19"]}, {"expiration": {"date": "2026-08-19", "strikes": {"strike": 1}}},
    {"expiration": [{"date": "2026-08-19"}]},
])  # fmt: skip
def test_a_list_of_one_expiry_may_be_bare(expirations):
    found = tradier.further_pages(json.dumps({"expirations": expirations}).encode(), URLS[tradier])
    assert [url.count("expiration=2026-08-19") for url in found] == [1, 0]


@pytest.mark.parametrize(("page", "words"), [
    ({"expirations": None}, "no expiries"), ({"expirations": {"date": []}}, "no expiries"),
    ({"expirations": {"date": ["soon"]}}, "ISO dates"), ({"expirations": {"date": [20260819]}}, "ISO dates"),
    ({"expirations": {"date": ["2026-08-19&symbol=X"]}}, "ISO dates"), ({"expirations": "none"}, "no expiries"),
    ({"fault": {"faultstring": "Rate limit quota violation"}}, "expected expirations, found.*quota violation"),
    ({"errors": {"error": "bad symbol"}}, "bad symbol"),
])  # fmt: skip
def test_what_is_no_list_of_expiries_is_told(page, words):
    with pytest.raises(SkippableError, match=rf"VIX: https://api\.tradier.*{words}"):
        tradier.further_pages(json.dumps(page).encode(), URLS[tradier])


def test_a_chain_of_one_a_null_one_and_null_greeks():
    chain = read(tradier, pages_of(tradier))  # the sample holds all three
    assert len(rows(chain)) == 3
    pages = pages_of(tradier)
    for contract in option(pages):
        contract["greeks"] = None
    option(pages, 1)["greeks"] = None
    assert read(tradier, pages).table["iv"].null_count == 3


def test_a_chain_that_was_promised_and_is_not_there_is_no_chain():
    for lost in (1, 2, 3):
        pages = pages_of(tradier)
        del pages[lost]
        with pytest.raises(RetriableError, match="expected the chains of 3 expiries, found 2"):
            read(tradier, pages)


def test_an_epoch_of_zero_is_no_clock():
    pages = pages_of(tradier)
    for contract in (*option(pages), option(pages, 1)):
        contract["bid_date"] = contract["ask_date"] = 0
    assert read(tradier, pages).header.quote_at is None


def test_without_its_quote_the_underlyings_price_is_missing():
    for quotes in ({"quote": []}, None, {"unmatched_symbols": {"symbol": "VIX"}}):
        pages = pages_of(tradier)
        pages[-1] = {"quotes": quotes}
        assert np.isnan(read(tradier, pages).header.underlying_price_usd)


@pytest.mark.parametrize(("symbol", "size", "expected"), [
    ("UVXY260819C00020000", 100, "UVXY260819C00020000"), ("UVXY260819C00020000", 25, "UVXY1260819C00020000"),
    ("UVXY1260819C00020000", 25, "UVXY1260819C00020000"), ("UVXY260819C00020000", None, "UVXY260819C00020000"),
])  # fmt: skip
def test_another_deliverable_shows_in_the_root(symbol, size, expected):
    pages = pages_of(tradier)
    option(pages, 1).update(symbol=symbol, contract_size=size)
    assert expected in rows(read(tradier, pages))


@pytest.mark.parametrize("contract", ["x", 7, [1], {"symbol": None}, {"symbol": 5}, {}])
def test_a_contract_that_is_none_fails_the_chain(contract):
    pages = pages_of(tradier)
    option(pages).append(contract)
    with pytest.raises(SkippableError, match="VIX: http"):
        read(tradier, pages)


# Massive


def test_indices_have_a_name_of_their_own_and_the_horizon_is_in_the_address():
    assert "/v3/snapshot/options/I:VIX?expiration_date.gte=2026-07-16" in URLS[massive]
    assert "/v3/snapshot/options/KO?" in massive.chain_url(KO)
    assert "expiration_date.lte=2027-04-02&limit=250" in URLS[massive]


def following(next_url, url=None):
    return massive.further_pages(json.dumps({"status": "OK", "next_url": next_url}).encode(), url or URLS[massive])


def test_the_next_page_is_asked_where_the_first_was():
    link = "https://api.massive.com/v3/snapshot/options/I:VIX?cursor=YXA9MjA"
    assert following(link) == [link]
    assert following(f"{link}&apiKey=secret") == [link], "a key is in no address"
    here = "http://127.0.0.1:8080/below/v3/snapshot/options/I:VIX?limit=250"
    assert following(link, here) == ["http://127.0.0.1:8080/below/v3/snapshot/options/I:VIX?cursor=YXA9MjA"]
    stranger = "https://evil.example/v3/snapshot/options/I:VIX?cursor=YXA9MjA"
    assert following(stranger) == [link], "only its query is believed"
    assert following(None) == following("") == []


@pytest.mark.parametrize("link", [
    "https://api.massive.com/v3/reference/tickers?cursor=1", "https://api.massive.com/v3/snapshot/options/I:SPX?cursor=1",
    "https://api.massive.com/", "x", 7, ["x"], "http://[x]/x", "https://api.massive.com/v3/snapshot/options/I:VIX",
])  # fmt: skip
def test_a_next_page_of_something_else_is_refused(link):
    with pytest.raises(SkippableError, match="next_url"):
        following(link)


def test_without_quotes_a_chain_is_not_wide_but_refused():
    with pytest.raises(SkippableError, match=r"no_quotes: none of 3 contracts has last_quote.*ALVH_MASSIVE_KEY needs"):
        read(massive, strip(pages_of(massive), "last_quote"))


def test_one_contract_without_a_quote_is_that_contracts_affair():
    pages = pages_of(massive)
    del pages[0]["results"][0]["last_quote"]
    row = rows(read(massive, pages))["VIX260819C00020000"]
    assert row["bid"] is row["ask"] is None


@pytest.mark.parametrize("page", [
    {"status": "NOT_AUTHORIZED", "message": "You are not entitled to this data"},
    {"status": "ERROR", "error": "You've exceeded the maximum requests per minute"}, {"results": []},
])  # fmt: skip
def test_an_error_of_theirs_is_told(page):
    with pytest.raises(SkippableError, match="expected status OK, found") as refusal:
        read(massive, [pages_of(massive)[0], page])
    assert (page.get("message") or page.get("error") or "")[4:20] in str(refusal.value)


def test_a_share_has_a_price_and_an_index_a_value():
    pages = pages_of(massive)
    for page in pages:
        for row in page["results"]:
            row["underlying_asset"] = {"ticker": "KO", "price": 98.69}
    assert read(massive, pages).header.underlying_price_usd == 98.69
    for page in pages:
        for row in page["results"]:
            del row["underlying_asset"]
    assert np.isnan(read(massive, pages).header.underlying_price_usd)


def test_no_contracts_is_no_chain():
    with pytest.raises(SkippableError, match="expected 1 to 150000 option contracts, found 0"):
        read(massive, [{"status": "OK", "results": []}])


# Schwab


def test_an_index_comes_in_windows_without_a_gap():
    urls = [URLS[schwab]]
    while following := schwab.further_pages(b"{}", urls[-1]):
        urls += following
    spans = [url.partition("fromDate=")[2].split("&toDate=") for url in urls]
    assert spans == [["2026-07-16", "2026-09-14"], ["2026-09-15", "2026-12-04"], ["2026-12-05", "2027-04-02"]]
    assert all("symbol=%24VIX&" in url for url in urls)
    assert schwab.further_pages(b"{}", schwab.chain_url(KO)) == []
    assert schwab.chain_url(KO).endswith("symbol=KO&contractType=ALL&includeUnderlyingQuote=true"
                                         "&fromDate=2026-07-16&toDate=2027-04-02")  # fmt: skip


def test_a_window_that_failed_fails_the_chain():
    pages = pages_of(schwab)
    pages[1]["status"] = "FAILED"
    with pytest.raises(SkippableError, match="expected status SUCCESS, found 'FAILED'"):
        read(schwab, pages)


@every_vendor
@pytest.mark.parametrize("value", [10**30, -5, "soon", True, [1], {"a": 1}, 1e308, "NaN", None])
def test_a_clock_that_is_none_is_missing(vendor, value):
    def changed(part):
        if isinstance(part, dict):
            clocks = {"bid_date", "ask_date", "last_updated", "quoteTimeInLong"}
            return {name: value if name in clocks else changed(inner) for name, inner in part.items()}
        return [changed(inner) for inner in part] if isinstance(part, list) else part

    body = json.dumps({"pages": changed(pages_of(vendor))}).encode()
    assert vendor.read_chain(body, "VIX", URLS[vendor]).header.quote_at is None
