"""Cboe's files as they come: the documented shapes, every known quirk, and what is refused with which words."""
# ruff: noqa: DTZ001 - the feed's clocks are wall times without a zone

import gzip
import json
from datetime import UTC, date, datetime

import numpy as np
import pandas as pd
import pytest

from alvh_core.errors import RetriableError, SkippableError
from alvh_core.quotes import WIRE_NUMBERS, snapshot_row
from alvh_core.universe import DEFAULT_UNIVERSE
from tasks.sources import cboe, treasury
from tasks.sources.catalogue import PayloadRequest, check_payload
from tasks.sources.client import Payload
from tasks.sources.documents import check_json
from tasks.sources.source import BARS, CHAIN, CURVE, INDEX

URL = "https://cdn-api.cboe.com/api/global/delayed_quotes/options/_VIX.json"
WHERE = r"VIX: https://cdn-api\.cboe\.com.*_VIX\.json"


def header(body):
    return cboe.read_header(body, "VIX", URL)


def contracts(body):
    return cboe.parse_chain(body, "VIX", URL)


def check(body):
    check_json(body, "VIX", URL)


# Landing


def test_a_whole_file_passes(chain_body):
    check(chain_body())
    check(b"\xef\xbb\xbf" + chain_body())
    check(b"\r\n  " + json.dumps(json.loads(chain_body()), indent=2).encode())


def test_every_cut_is_noticed(chain_body):
    body = chain_body()
    for length in range(1, len(body)):
        with pytest.raises(RetriableError, match=rf"{WHERE}.*cut short after {length} bytes"):
            check(body[:length])


def test_nothing_at_all_may_come_later():
    with pytest.raises(RetriableError, match="cut short after 0 bytes"):
        check(b"")


@pytest.mark.parametrize("body", [
    pytest.param(b"<!DOCTYPE html><html>Just a moment...</html>", id="proof-of-work-page"),
    pytest.param(b"\xef\xbb\xbf <html>", id="with-bom"), pytest.param(b"[]", id="list"),
    pytest.param(b'"text"', id="string"), pytest.param(b"\x1f\x8b\x08", id="gzip"),
    pytest.param(b"DATE,VVIX\n", id="csv"),
])  # fmt: skip
def test_another_kind_of_file_is_refused(body):
    with pytest.raises(SkippableError, match=rf"{WHERE} answered 200, expected JSON, found b"):
        check(body)


# Header


def test_header(chain_body):
    found = header(chain_body())
    assert found.rendered_at_utc == datetime(2026, 7, 17, 0, 41, 9)
    assert found.quote_at == datetime(2026, 7, 16, 16, 15, 2)
    assert (found.contracts_count, found.underlying_price_usd) == (2, 17.42)
    assert found.iv30_vol == pytest.approx(0.88214)


@pytest.mark.parametrize(("field", "value", "attribute", "expected"), [
    pytest.param("last_trade_time", None, "quote_at", None, id="null"),
    pytest.param("last_trade_time", "", "quote_at", None, id="blank"),
    pytest.param("last_trade_time", 1784232902, "quote_at", None, id="epoch"),
    pytest.param("last_trade_time", "yesterday", "quote_at", None, id="words"),
    pytest.param("last_trade_time", "1970-01-01T00:00:00", "quote_at", None, id="epoch-zero"),
    pytest.param("last_trade_time", "9999-12-31T23:59:59", "quote_at", None, id="end-of-time"),
    pytest.param("last_trade_time", ["2026-07-16"], "quote_at", None, id="list"),
    pytest.param("last_trade_time", "2026-07-16T20:15:02Z", "quote_at", datetime(2026, 7, 16, 16, 15, 2), id="utc"),
    pytest.param("last_trade_time", "2026-07-16 16:15:02",
    "quote_at", datetime(2026, 7, 16, 16, 15, 2), id="blank-sep"),
])  # fmt: skip
def test_the_clock_of_the_quotes(chain_body, field, value, attribute, expected):
    assert getattr(header(chain_body(**{field: value})), attribute) == expected


@pytest.mark.parametrize("value", [None, "", "n/a", [1], {"a": 1}, float("nan"), float("inf"), 10**400])
def test_a_price_that_is_no_number_is_missing(chain_body, value):
    found = header(chain_body(current_price=value, iv30=value))
    assert np.isnan(found.underlying_price_usd)
    assert np.isnan(found.iv30_vol)


def test_numbers_may_be_strings_in_the_header(chain_body):
    assert header(chain_body(current_price="17.42")).underlying_price_usd == 17.42


@pytest.mark.parametrize("extra", [
    pytest.param({"legs": [1, [2, 3]]}, id="list"), pytest.param({"venue": {"name": "C1]"}}, id="object"),
])  # fmt: skip
def test_fields_we_do_not_know_pass(chain_body, extra):
    for body in (chain_body(**extra), chain_body([chain_body.contract | extra] * 3, **extra)):
        document = json.loads(body)
        document = {
            "news": ["a", {"options": 1}],
            **document,
            "data": {"flags": [[1], []], **document["data"]},
            "z": [0],
        }
        for variant in (body, json.dumps(document).encode()):
            found, table = header(variant), contracts(variant)
            assert found.quote_at == datetime(2026, 7, 16, 16, 15, 2)
            assert found.underlying_price_usd == 17.42
            assert found.contracts_count == len(table)
            assert table["bid"].to_pylist()[0] == 1.62


@pytest.mark.parametrize("body", [
    pytest.param(b"{}", id="empty-object"), pytest.param(b'{"data": null}', id="null-data"),
    pytest.param(b'{"data": [1]}', id="list-data"), pytest.param(b'{"data": {}}', id="no-options"),
    pytest.param(b'{"data": {"options": null}}', id="null-options"),
    pytest.param(b'{"data": {"options": 3}}', id="number-options"),
    pytest.param(b'{"error": "maintenance"}', id="error-object"), pytest.param(b"{", id="no-json"),
    pytest.param(b'{"data": {"options": []}} {"data": {"options": []}}', id="two-documents"),
    pytest.param(b'{"data": {"options": [}}', id="unbalanced"), pytest.param(b'{"\xff": 1}', id="no-utf8"),
    pytest.param(b'{"a":' * 200_000 + b"1" + b"}" * 200_000, id="deep"),
    pytest.param(b'{"data": {"options": [{"option": ' + b"[" * 200_000 + b"]" * 200_000 + b"}]}}", id="deep-contract"),
    pytest.param(b'{"data": {"options": [' + b"9" * 5000 + b"]}, " + b"9" * 5000 + b"}", id="long-number"),
])  # fmt: skip
def test_an_envelope_that_is_no_chains(body):
    with pytest.raises(SkippableError, match=WHERE):
        header(body)


# Contracts


def test_contracts_column_by_column(chain_body):
    table = contracts(chain_body())
    assert table.column_names == ["underlying", "row_position", "option", *WIRE_NUMBERS]
    rows = table.to_pylist()
    assert rows[0]["option"] == "VIX260819C00020000"
    assert (rows[0]["bid"], rows[0]["ask"], rows[0]["open_interest"]) == (1.62, 1.7, 214877.0)
    assert [row["row_position"] for row in rows] == [0, 1]
    assert {row["underlying"] for row in rows} == {"VIX"}


@pytest.mark.parametrize("change", [
    pytest.param(lambda body: b"\xef\xbb\xbf" + body, id="bom"),
    pytest.param(lambda body: json.dumps(json.loads(body), indent=2).replace("\n", "\r\n").encode(), id="pretty-crlf"),
    pytest.param(lambda body: json.dumps(json.loads(body), separators=(",", ":")).encode(), id="compact"),
    pytest.param(lambda body: json.dumps(json.loads(body), sort_keys=True).encode(), id="other-order"),
    pytest.param(lambda body: body.replace(b"214877.0", b"214877"), id="integers"),
    pytest.param(lambda body: body.replace(b"1.62", b"1.62e0"), id="exponent"),
])  # fmt: skip
def test_spelling_does_not_matter(chain_body, change):
    body = change(chain_body())
    check(body)
    assert contracts(body).equals(contracts(chain_body()))
    assert header(body) == header(chain_body())


def test_sizes_and_greeks_may_be_absent(chain_body):
    slim = [{k: v for k, v in c.items() if k not in {"bid_size", "ask_size", "delta"}} for c in
            (chain_body.contract, chain_body.put)]  # fmt: skip
    table = contracts(chain_body(slim))
    assert table["bid_size"].null_count == table["ask_size"].null_count == table["delta"].null_count == 2
    assert table["bid"].to_pylist() == [1.62, 0.0]


@pytest.mark.parametrize("field", cboe.REQUIRED_FIELDS)
def test_a_field_that_is_gone_or_renamed_fails_loudly(chain_body, field):
    gone = [{k: v for k, v in c.items() if k != field} for c in (chain_body.contract, chain_body.put)]
    renamed = [c | {f"{field}Price": 1.0} for c in gone]
    for body in (chain_body(gone), chain_body(renamed)):
        with pytest.raises(SkippableError, match=rf"{WHERE}.*no contract has .*{field}.*schema has changed"):
            contracts(body)


@pytest.mark.parametrize("field", ["bid", "ask"])
def test_a_side_that_is_null_everywhere_fails_loudly(chain_body, field):
    with pytest.raises(SkippableError, match=f"no contract has {field}; the vendor's schema has changed"):
        contracts(chain_body([chain_body.contract | {field: None}, chain_body.put | {field: None}]))


def test_one_contract_without_a_name_fails_the_file(chain_body):
    with pytest.raises(SkippableError, match="1 of 2 contracts have no `option`"):
        contracts(chain_body([chain_body.contract, chain_body.put | {"option": None}]))


def test_one_null_price_is_one_rows_affair(chain_body):
    table = contracts(chain_body([chain_body.contract | {"bid": None}, chain_body.put]))
    assert table["bid"].to_pylist() == [None, 0.0]


@pytest.mark.parametrize("literal", [b"NaN", b"Infinity", b"-Infinity", b"9" * 400])
def test_numbers_that_are_not_finite_are_null(chain_body, literal):
    body = chain_body().replace(b'"bid": 1.62', b'"bid": ' + literal)
    assert contracts(body)["bid"].to_pylist() == [None, 0.0]


@pytest.mark.parametrize("change", [
    pytest.param({"bid": "1.62"}, id="string-for-number"), pytest.param({"ask": True}, id="boolean"),
    pytest.param({"iv": {"mid": 1}}, id="object"), pytest.param({"option": 7}, id="number-for-name"),
])  # fmt: skip
def test_another_type_fails_loudly(chain_body, change):
    with pytest.raises(SkippableError, match=rf"{WHERE}: expected contracts that can be decoded.*row 0"):
        contracts(chain_body([chain_body.contract | change, chain_body.put]))


@pytest.mark.parametrize("body", [
    pytest.param(lambda b: b.replace(b"1.62", b"1e400"), id="beyond-float"),
    pytest.param(lambda b: b.replace(b"VIX260819C", b"\xff\xfe260819C"), id="no-utf8"),
    pytest.param(lambda b: b.replace(b'"bid": 1.62', b'"bid": 1.62, "bid": 9.9'), id="field-twice"),
    pytest.param(lambda b: b.replace(b"[{", b"[1, {"), id="number-among-contracts"),
    pytest.param(lambda b: b.replace(b"[{", b"[null, {"), id="null-among-contracts"),
    pytest.param(lambda b: b.replace(b"{", b"[", 2).replace(b"}", b"]"), id="brackets-swapped"),
])  # fmt: skip
def test_hostile_contracts_are_refused(chain_body, body):
    with pytest.raises(SkippableError, match=WHERE):
        contracts(body(chain_body()))


def test_deep_nesting_in_a_field_we_ignore_is_harmless(chain_body):
    body = chain_body().replace(b'"bid": 1.62', b'"bid": 1.62, "z": ' + b"[" * 500_000 + b"]" * 500_000)
    assert contracts(body)["bid"].to_pylist() == [1.62, 0.0]


def test_no_contracts_at_all(chain_body):
    assert header(chain_body([])).contracts_count == 0
    with pytest.raises(SkippableError, match="expected option contracts, found an empty list"):
        contracts(chain_body([]))


def test_chains_stack_into_one_frame(chain_body):
    frame = cboe.stack_chains([contracts(chain_body()), cboe.parse_chain(chain_body(), "SPX", URL)])
    assert list(frame["underlying"].astype(str)) == ["VIX", "VIX", "SPX", "SPX"]
    assert isinstance(frame["underlying"].dtype, pd.CategoricalDtype)
    assert list(frame["row_position"]) == [0, 1, 0, 1]
    nothing = cboe.stack_chains([])
    assert list(nothing.columns) == list(frame.columns)
    assert len(nothing) == 0


# The session a chain belongs to


def _check_chain(body, calendar, day=date(2026, 7, 16)):
    payload = Payload(url=URL, http_status=200, body=body, etag=None, last_modified=None,
                      fetched_at_utc=datetime.now(UTC), source_mode="live")  # fmt: skip
    request = PayloadRequest(dataset=CHAIN, symbol="VIX", url=URL)
    return check_payload(request, payload, DEFAULT_UNIVERSE, calendar.session(day), calendar)


def test_tonights_chain_lands(chain_body, calendar):
    assert _check_chain(chain_body(), calendar)["trade_date"] == date(2026, 7, 16)


@pytest.mark.parametrize(("header", "words"), [
    pytest.param({"last_trade_time": "2026-07-14T16:15:02"},
                 rf"{WHERE}.*expected quotes of session 2026-07-16, found 2026-07-14 16:15:02.*session 2026-07-14",
                 id="stale-with-fresh-timestamp"),
    pytest.param({"last_trade_time": "2026-07-17T09:31:00"}, "which is session 2026-07-17", id="next-session"),
    pytest.param({"last_trade_time": None}, rf"{WHERE}.*expected data.last_trade_time, found none", id="no-clock"),
])  # fmt: skip
def test_another_nights_chain_does_not(chain_body, calendar, header, words):
    with pytest.raises(SkippableError, match=words):
        _check_chain(chain_body(**header), calendar)


def test_an_empty_chain_does_not_land(chain_body, calendar):
    with pytest.raises(SkippableError, match=rf"{WHERE}.*empty chain"):
        _check_chain(chain_body([]), calendar)


def test_a_collection_after_midnight_still_belongs_to_the_evening(chain_body, calendar):
    row = _check_chain(chain_body(last_trade_time="2026-07-17T03:24:00"), calendar)
    assert (row["trade_date"], row["quote_clock"]) == (date(2026, 7, 16), "after_hours")


def test_a_chain_of_a_friday_rendered_on_sunday(chain_body, calendar):
    body = chain_body(last_trade_time="2026-07-17T16:15:00").replace(b"2026-07-17 00:41:09", b"2026-07-19 22:00:00")
    row = snapshot_row(header(body), DEFAULT_UNIVERSE["VIX"], calendar.session(date(2026, 7, 17)), calendar=calendar,
                       source_mode="live", venue_scope="x")  # fmt: skip
    assert row["trade_date"] == date(2026, 7, 17)
    assert row["quote_age_minutes"] == pytest.approx(2 * 1440 + 105)


# Daily bars


def bars_body(*rows):
    return json.dumps({"timestamp": "2026-08-22 01:00:04", "symbol": "XLF", "data": rows}).encode()


BAR = {"date": "2026-08-20", "open": 54.4, "high": 54.71, "low": 54.02, "close": 54.19, "volume": 35500231}


def bars(body):
    return cboe.parse_bars(body, "XLF", "u")


def test_bars_with_numbers_as_strings():
    texts = {"date": "2026-08-21", "open": "54.30", "high": "54.95", "low": "54.22", "close": "54.88", "volume": "0"}
    frame = bars(bars_body(BAR, texts))
    assert list(frame["close_usd"]) == [54.19, 54.88]
    assert list(frame["volume_shares"]) == [35500231.0, 0.0]
    assert list(frame["bar_date"].astype(str)) == ["2026-08-20", "2026-08-21"]
    assert set(frame["symbol"]) == {"XLF"}
    assert frame.dtypes[["open_usd", "high_usd", "low_usd", "close_usd", "volume_shares"]].eq("float64").all()


def test_rows_before_the_listing_are_dropped():
    frame = bars(bars_body(BAR | {"date": "2000-01-03", "open": 0.0}, BAR | {"date": "2000-01-04", "open": "0.0"}, BAR))
    assert list(frame["row_position"]) == [2]


@pytest.mark.parametrize("value", [None, "", "n/a", "NaN", float("inf"), 10**400, {"v": 1}])
def test_a_close_that_is_no_number_is_one_rows_affair(value):
    frame = bars(bars_body(BAR | {"close": value}, BAR | {"date": "2026-08-21"}))
    assert frame["close_usd"].isna().tolist() == [True, False]


@pytest.mark.parametrize("body", [
    pytest.param(bars_body(), id="empty"), pytest.param(b'{"data": null}', id="null"), pytest.param(b"{}", id="none"),
    pytest.param(b'{"data": [1, 2]}', id="numbers"), pytest.param(b'{"data": {"date": "x"}}', id="object"),
    pytest.param(bars_body({k: v for k, v in BAR.items() if k != "close"}), id="close-gone"),
    pytest.param(bars_body({("last" if k == "close" else k): v for k, v in BAR.items()}), id="close-renamed"),
    pytest.param(bars_body(BAR | {"date": "08/20/2026"}), id="other-date-format"),
    pytest.param(bars_body(BAR | {"date": None}), id="no-date"),
    pytest.param(b'{"data": [' + b"[" * 200_000 + b"]" * 200_000 + b"]}", id="deep"),
    pytest.param(b"<html>", id="html"),
])  # fmt: skip
def test_bars_that_are_none(body):
    with pytest.raises(SkippableError, match="XLF: u: expected"):
        bars(body)


def test_a_new_field_in_bars_passes():
    assert len(bars(bars_body(BAR | {"vwap": 54.3}))) == 1


# Index histories

OHLC = b"""DATE,OPEN,HIGH,LOW,CLOSE
08/20/2026,17.660000,18.410000,17.310000,17.800000
08/21/2026,17.91,18.22,17.20,17.42
"""
TWO = b"DATE,VVIX\n08/20/2026,96.410000\n08/21/2026,94.870000\n"


def history(body):
    return cboe.parse_index_history(body, "VIX", "u")


def test_both_layouts():
    frame = history(OHLC)
    assert list(frame["close_usd"]) == [17.8, 17.42]
    assert list(frame["open_usd"]) == [17.66, 17.91]
    frame = history(TWO)
    assert list(frame["close_usd"]) == [96.41, 94.87]
    assert frame[["open_usd", "high_usd", "low_usd", "volume_shares"]].isna().all(axis=None)
    assert list(frame["bar_date"].astype(str)) == ["2026-08-20", "2026-08-21"]


@pytest.mark.parametrize("change", [
    pytest.param(lambda b: b"\xef\xbb\xbf" + b, id="bom"), pytest.param(lambda b: b.replace(b"\n", b"\r\n"), id="crlf"),
    pytest.param(lambda b: b.replace(b"CLOSE", b"Close").replace(b"DATE", b" Date"), id="header-case"),
    pytest.param(lambda b: b.rstrip(), id="no-last-newline"), pytest.param(lambda b: b + b"\n\n", id="blank-lines"),
    pytest.param(lambda b: b + b",,,,\n", id="empty-row"),
    pytest.param(lambda b: b.replace(b",CLOSE", b",CLOSE,NOTE").replace(b"17.42", b"17.42,x").replace(b"17.800000",
                 b"17.8,y"), id="extra-column"),
])  # fmt: skip
def test_spelling_of_a_history_does_not_matter(change):
    assert list(history(change(OHLC))["close_usd"]) == [17.8, 17.42]


def test_the_newest_row_may_be_missing():
    assert len(history(OHLC.rsplit(b"08/21", 1)[0])) == 1


@pytest.mark.parametrize("cut", [7, 12, 18, 24])
def test_a_history_cut_in_its_last_row(cut):
    with pytest.raises(RetriableError, match="VIX: u: a body cut short"):
        history(OHLC[:-cut])


@pytest.mark.parametrize("body", [
    pytest.param(b"", id="empty"), pytest.param(b"DATE,OPEN,HIGH,LOW,CLOSE\n", id="header-only"),
    pytest.param(b"<!DOCTYPE html>\n<html><body>Just, a, moment</body></html>\n", id="html"),
    pytest.param(OHLC.replace(b"CLOSE", b"LAST"), id="close-renamed"),
    pytest.param(b"DATE,OPEN,HIGH,LOW\n08/20/2026,1,2,3\n", id="close-gone"),
    pytest.param(b"DATE\n08/20/2026\n", id="dates-only"),
    pytest.param(OHLC.replace(b"DATE", b"DAY"), id="date-renamed"),
    pytest.param(OHLC.replace(b"08/20/2026", b"2026-08-20"), id="other-date-format"),
    pytest.param(OHLC.replace(b"08/20/2026", b""), id="row-without-date"),
    pytest.param(OHLC.replace(b"OPEN", b"close"), id="column-twice"),
    pytest.param(b"DATE,VVIX\n08/20/2026,1,2,3\n08/20/2026,\xff\n", id="garbage"),
])  # fmt: skip
def test_histories_that_are_none(body):
    with pytest.raises(SkippableError, match="VIX: u: expected"):
        history(body)


@pytest.mark.parametrize("value", [b"", b"x", b"inf", b"."])
def test_a_value_that_is_no_number_is_one_rows_affair(value):
    assert history(OHLC.replace(b"17.42", value))["close_usd"].isna().tolist() == [False, True]


# At landing, by dataset


@pytest.mark.parametrize(("dataset", "good", "bad"), [
    (INDEX, OHLC, b"<html>"), (CURVE, b'Date,"1 Mo"\n08/21/2026,3.71\n', b"<html>"), (BARS, bars_body(BAR), b"<html>"),
])  # fmt: skip
def test_every_dataset_is_checked_before_it_is_archived(calendar, dataset, good, bad):
    urls = {INDEX: cboe.index_history_url("X"), CURVE: treasury.curve_url(2026), BARS: cboe.bars_url("X")}
    request = PayloadRequest(dataset=dataset, symbol="X", url=urls[dataset])
    for body, is_good in ((good, True), (bad, False)):
        payload = Payload(url=request.url, http_status=200, body=body, etag=None, last_modified=None,
                          source_mode="live", fetched_at_utc=datetime.now(UTC))  # fmt: skip
        if is_good:
            check_payload(request, payload, DEFAULT_UNIVERSE, calendar.session(date(2026, 7, 16)), calendar)
        else:
            with pytest.raises(SkippableError):
                check_payload(request, payload, DEFAULT_UNIVERSE, calendar.session(date(2026, 7, 16)), calendar)


# Real files


def test_every_recorded_chain_decodes(recorded_root):
    paths = sorted(recorded_root.glob("2026-07-16/**/options/*.gz"))
    assert paths
    for path in paths:
        body = gzip.decompress(path.read_bytes())
        check(body)
        assert header(body).contracts_count == len(contracts(body)) > 0
        assert header(body).quote_at is not None


def test_every_recorded_history_decodes(recorded_root):
    home = recorded_root / "histories" / "cdn-api.cboe.com" / "api" / "global"
    for path in home.glob("delayed_quotes/charts/historical/*.gz"):
        assert bars(gzip.decompress(path.read_bytes()))["close_usd"].notna().all()
    for path in home.glob("us_indices/daily_prices/*.gz"):
        assert history(gzip.decompress(path.read_bytes()))["close_usd"].gt(0).all()
