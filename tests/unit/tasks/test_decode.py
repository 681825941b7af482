"""Decoding a night: what cannot be read is lost with its reason and takes nothing else with it."""

from datetime import date

import pandas as pd
import pytest

from alvh_core import frames
from alvh_core.errors import SkippableError
from alvh_core.landing import Landing
from alvh_core.schemas import SNAPSHOTS
from alvh_core.universe import DEFAULT_UNIVERSE
from tasks.sources.catalogue import SOURCES
from tasks.sources.decode import decode_chains, decode_tables
from tasks.sources.source import BARS, CHAIN, CURVE, INDEX, Wanted

DAY = date(2026, 7, 16)
OHLC = b"DATE,OPEN,HIGH,LOW,CLOSE\n07/15/2026,17,18,16,17.5\n07/16/2026,17.5,18,17,17.4\n"
TWO = b"DATE,VVIX\n07/16/2026,94.87\n"
BARS_BODY = b'{"data": [{"date": "2026-07-16", "open": "1", "high": 2, "low": 1, "close": "1.5", "volume": 7}]}'


def address(dataset, symbol):
    wanted = Wanted(symbol=symbol, asset=DEFAULT_UNIVERSE.get(symbol, DEFAULT_UNIVERSE["XLF"]), trade_date=DAY)
    return next(s for s in SOURCES.values() if s.dataset == dataset).addresses(wanted, {})[0]


def landing(dataset, symbol, **more):
    url = address(dataset, symbol)
    return Landing(dataset=dataset, symbol=symbol, url=url, payload_sha256=f"sha-{symbol}", **more)


def decode(calendar, landings, bodies):
    return decode_chains(landings, lambda url: _read(bodies, url), DEFAULT_UNIVERSE, calendar.session(DAY),
                         calendar=calendar, source_mode="live")  # fmt: skip


def _read(bodies, url):
    body = bodies[url]
    if isinstance(body, Exception):
        raise body
    return body


def test_good_chains_survive_bad_ones(calendar, chain_body):
    landings = [landing(CHAIN, s) for s in ("VIX", "SPX", "SPY", "QQQ", "XLF")]
    landings += [landing(CHAIN, "IWM", reason="answered 403"), landing(INDEX, "VIX")]
    bodies = {address(CHAIN, symbol): body for symbol, body in {
        "VIX": chain_body(), "SPX": chain_body([{"bid": 1.0}]), "SPY": SkippableError("u/SPY: damaged"),
        "QQQ": chain_body(last_trade_time="2026-07-15T16:00:00"), "XLF": chain_body([chain_body.contract]),
    }.items()}  # fmt: skip
    found = decode(calendar, landings, bodies)
    assert found.raw["underlying"].astype(str).tolist() == ["VIX", "VIX", "XLF"]
    assert found.snapshots["underlying"].astype(str).tolist() == ["VIX", "XLF"]
    assert found.snapshots["payload_sha256"].tolist() == ["sha-VIX", "sha-XLF"]
    lost = {x.symbol: x.reason for x in found.landings if not x.is_landed}
    assert set(lost) == {"SPX", "SPY", "QQQ", "IWM"}
    assert "schema has changed" in lost["SPX"]
    assert lost["SPY"] == "u/SPY: damaged"
    assert "session 2026-07-15" in lost["QQQ"]
    assert lost["IWM"] == "answered 403", "an older reason stays"
    assert [(x.dataset, x.symbol) for x in found.landings] == [(x.dataset, x.symbol) for x in landings]


def test_no_chain_at_all(calendar):
    found = decode(calendar, [landing(CHAIN, "VIX", reason="x")], {})
    assert len(found.raw) == 0
    assert found.snapshots.dtypes.astype(str).to_dict() == frames.empty(SNAPSHOTS).dtypes.astype(str).to_dict()


def test_a_fault_of_ours_is_not_the_symbols(calendar):
    with pytest.raises(ZeroDivisionError):
        decode(calendar, [landing(CHAIN, "VIX")], {address(CHAIN, "VIX"): ZeroDivisionError()})


def test_bars_and_histories_stack(recwarn):
    landings = [landing(BARS, "XLF"), landing(INDEX, "VIX"), landing(INDEX, "VVIX"), landing(BARS, "SPY"),
                landing(CURVE, "UST2026")]  # fmt: skip
    bodies = {address(BARS, "XLF"): BARS_BODY, address(INDEX, "VIX"): OHLC, address(INDEX, "VVIX"): TWO,
              address(BARS, "SPY"): b"{}"}  # fmt: skip
    frame, kept = decode_tables(landings, bodies.__getitem__, {BARS, INDEX})
    assert frame["symbol"].tolist() == ["XLF", "VIX", "VIX", "VVIX"]
    assert frame["payload_sha256"].tolist() == ["sha-XLF", "sha-VIX", "sha-VIX", "sha-VVIX"]
    assert frame["close_usd"].tolist() == [1.5, 17.5, 17.4, 94.87]
    assert pd.api.types.is_datetime64_any_dtype(frame["bar_date"])
    assert [x.symbol for x in kept if not x.is_landed] == ["SPY"]
    assert "UST2026" in {x.symbol for x in kept}


def test_nothing_decoded_is_an_empty_frame():
    frame, kept = decode_tables([landing(CURVE, "UST2026")], lambda _: b"<html>", {CURVE})
    assert frame.empty
    assert not kept[0].is_landed


def test_a_year_without_rows_beside_one_with():
    bodies = {address(CURVE, "UST2026"): b'Date,"1 Mo"\n', address(CURVE, "UST2025"): b'Date,"1 Mo"\n12/31/2025,3.7\n'}
    frame, kept = decode_tables([landing(CURVE, "UST2026"), landing(CURVE, "UST2025")], bodies.__getitem__, {CURVE})
    assert frame["par_yield_frac"].tolist() == [pytest.approx(0.037)]
    assert all(x.is_landed for x in kept)
