"""The simulated market's files: formats, clocks, listings, faults and refusals."""

import csv
import io
import json
import re
import warnings
from datetime import date

import exchange_calendars
import numpy as np
import pytest

from alvh_core.errors import ContractError
from alvh_core.market.simulated import SimulatedMarket
from alvh_core.market.wire import number_texts
from alvh_core.universe import DEFAULT_UNIVERSE, extend_universe

NIGHT = date(2026, 8, 21)
OCC = re.compile(r"^([A-Z0-9]{1,6}?)(\d{6})([CP])(\d{8})$")
RECORD_KEYS = ["option", "bid", "bid_size", "ask", "ask_size", "iv", "open_interest", "volume", "delta", "gamma",
               "vega", "theta", "rho", "theo", "change", "open", "high", "low", "tick", "last_trade_price",
               "last_trade_time", "percent_change", "prev_day_close"]  # fmt: skip
HEADER_KEYS = ["options", "symbol", "security_type", "exchange_id", "current_price", "price_change",
               "price_change_percent", "bid", "ask", "bid_size", "ask_size", "open", "high", "low", "close",
               "prev_day_close", "volume", "iv30", "iv30_change", "iv30_change_percent", "seqno", "last_trade_time",
               "tick"]  # fmt: skip


def _xnys():
    with warnings.catch_warnings():  # exchange_calendars 4.13 trips a deprecation of pandas 3.1
        warnings.simplefilter("ignore")
        return exchange_calendars.get_calendar("XNYS", start="2019-01-01")


_CALENDAR = _xnys()
SESSIONS = _CALENDAR.sessions.to_numpy().astype("datetime64[D]")
EARLY = [day.date() for day in _CALENDAR.early_closes]


def _market(**more):
    return SimulatedMarket(more.pop("universe", DEFAULT_UNIVERSE), SESSIONS, EARLY, **more)


@pytest.fixture(scope="module")
def market():
    return _market()


@pytest.fixture(scope="module")
def clean():
    return _market(quirks=False)


def _chain(market, wire_symbol, session=NIGHT):
    return json.loads(market.chain(wire_symbol, session))


def _expiries(market, wire_symbol, session=NIGHT):
    found = {}
    for record in _chain(market, wire_symbol, session)["data"]["options"]:
        root, day, _, _ = OCC.match(record["option"]).groups()
        found.setdefault(root, set()).add(date.fromisoformat(f"20{day}"))
    return found


@pytest.mark.parametrize("wire_symbol", ["_VIX", "SPY", "DVY"])
def test_chain_has_the_documented_shape(market, wire_symbol):
    document = _chain(market, wire_symbol)
    assert list(document) == ["timestamp", "data", "symbol"]
    assert document["symbol"] == wire_symbol
    assert list(document["data"]) == HEADER_KEYS
    for record in document["data"]["options"]:
        assert list(record) == RECORD_KEYS
        assert OCC.match(record["option"])
        kinds = {key: type(value) for key, value in record.items() if key not in {"option", "tick", "last_trade_time"}}
        assert set(kinds.values()) == {float}
        assert record["tick"] in {"up", "down", "no_change"}
    assert type(document["data"]["volume"]) is int


def test_every_symbol_answers_and_the_night_is_as_large_as_planned(market):
    counts = {
        symbol: market.chain(asset.wire_symbol, NIGHT).count(b'"option":') for symbol, asset in DEFAULT_UNIVERSE.items()
    }
    assert max(counts, key=counts.get) == "SPX"
    assert 25_000 < sum(counts.values()) < 65_000
    assert min(counts.values()) >= 60


def test_contracts_are_unique_and_calls_alternate_with_puts(market):
    names = [record["option"] for record in _chain(market, "_SPX")["data"]["options"]]
    assert len(set(names)) == len(names)
    rights = [OCC.match(name).group(3) for name in names]
    assert rights == ["C", "P"] * (len(names) // 2)


def test_header_agrees_with_the_bars_and_the_index_history(market):
    for symbol in ("SPY", "_VIX"):
        header = _chain(market, symbol)["data"]
        bar = json.loads(market.bars(symbol, NIGHT))["data"][-1]
        assert bar["date"] == NIGHT.isoformat()
        for key in ("open", "high", "low", "close"):
            assert float(bar[key]) == header[key]
    last = list(csv.DictReader(io.StringIO(market.index_history("VIX", NIGHT).decode())))[-1]
    assert last["DATE"] == "08/21/2026"
    assert float(last["CLOSE"]) == _chain(market, "_VIX")["data"]["current_price"]


def test_previous_close_is_last_nights_mid(clean):
    def by_name(session):
        return {record["option"]: record for record in _chain(clean, "_VIX", session)["data"]["options"]}

    before, now = by_name(date(2026, 8, 20)), by_name(NIGHT)
    shared = before.keys() & now.keys()
    assert len(shared) > 1000
    for name in shared:
        assert now[name]["prev_day_close"] == pytest.approx((before[name]["bid"] + before[name]["ask"]) / 2, abs=1e-9)


@pytest.mark.parametrize(
    ("wire_symbol", "session", "rendered", "first_second", "last_second"),
    [
        pytest.param("_VIX", NIGHT, "2026-08-21 20:48", "16:15:00", "16:15:03", id="index in summer"),
        pytest.param("_VIX", date(2026, 1, 15), "2026-01-15 21:48", "16:15:00", "16:15:03", id="index in winter"),
        pytest.param("SPY", NIGHT, "2026-08-21 20:48", "15:59:58", "16:00:00", id="share in summer"),
        pytest.param("_VIX", date(2026, 11, 27), "2026-11-27 18:48", "13:15:00", "13:15:03", id="index, early close"),
        pytest.param("XLK", date(2024, 7, 3), "2024-07-03 17:48", "12:59:58", "13:00:00", id="share, early close"),
    ],
)
def test_clocks(market, wire_symbol, session, rendered, first_second, last_second):
    document = _chain(market, wire_symbol, session)
    day, clock = document["data"]["last_trade_time"].split("T")
    assert document["timestamp"][:16] == rendered
    assert day == session.isoformat()
    assert first_second <= clock <= last_second
    trades = [record["last_trade_time"] for record in document["data"]["options"] if record["volume"] > 0]
    assert all(time.startswith(day) and "09:30:00" <= time[11:] <= last_second for time in trades)


def test_spx_lists_am_and_pm_twins_on_third_fridays(market):
    expiries = _expiries(market, "_SPX")
    assert date(2026, 9, 18) in expiries["SPX"] & expiries["SPXW"]
    names = {record["option"] for record in _chain(market, "_SPX")["data"]["options"]}
    twins = [name for name in names if name.startswith("SPX260918")]
    assert twins
    assert all(name.replace("SPX", "SPXW", 1) in names for name in twins)


def test_am_options_are_gone_on_their_settlement_day_and_pm_options_are_not(market):
    third_friday = date(2026, 9, 18)
    assert third_friday in _expiries(market, "_SPX", date(2026, 9, 17))["SPX"]
    on_the_day = _expiries(market, "_SPX", third_friday)
    assert third_friday not in on_the_day["SPX"]
    assert third_friday in on_the_day["SPXW"]


def test_holiday_shifts_are_listed(market):
    assert date(2026, 6, 18) in _expiries(market, "_SPX", date(2026, 6, 1))["SPX"]
    vix = _expiries(market, "_VIX", date(2026, 5, 11))
    assert date(2026, 5, 19) in vix["VIX"]  # a Tuesday: Juneteenth is the Friday 30 days on
    assert not {date(2026, 5, 19), date(2026, 5, 20)} & vix["VIXW"]
    assert date(2026, 5, 19) not in _expiries(market, "_VIX", date(2026, 5, 19))["VIX"]


def test_ladder_tenors_are_served_where_options_are_liquid(market):
    for session in (date(2020, 3, 2), date(2022, 9, 20), date(2025, 4, 8), NIGHT):
        for symbol in ("_VIX", "VXX", "UVXY", "_SPX", "IWM", "XLF", "NVDA"):
            days = [(day - session).days for days in _expiries(market, symbol, session).values() for day in days]
            for target, tolerance in ((30, 12), (110, 20), (220, 35)):
                assert any(abs(ahead - target) <= tolerance for ahead in days), (session, symbol, target)


def test_thin_funds_list_a_handful_of_monthlies(market):
    days = _expiries(market, "DVY")["DVY"]
    assert 3 <= len(days) <= 6
    assert len(_expiries(market, "_VIX")["VIX"]) == 10
    assert len(_expiries(market, "_VIX")["VIXW"]) == 5


def test_vix_strikes_do_not_vanish_while_an_expiry_lives(market):
    def strikes(session):
        names = [record["option"] for record in _chain(market, "_VIX", session)["data"]["options"]]
        return {name for name in names if name.startswith("VIX261118C")}

    assert strikes(date(2026, 6, 1)) <= strikes(date(2026, 11, 10))


def test_zero_bids_keep_their_rows(clean):
    rows = _chain(clean, "DVY")["data"]["options"]
    without = [row for row in rows if row["bid"] == 0.0]
    assert 0 < len(without) < len(rows)
    assert all(row["bid_size"] == 0.0 and row["ask"] > 0.0 for row in without)


def _faults(rows):
    return {
        "crossed": sum(row["bid"] > row["ask"] for row in rows),
        "locked": sum(row["bid"] == row["ask"] > 0 for row in rows),
        "absurd": sum(row["ask"] == 4999.0 for row in rows),
        "lost time": sum(row["last_trade_time"] is None for row in rows),
        "adjusted": sum(not row["option"][:-15].isalpha() for row in rows),
        "no greeks": sum(row["iv"] == 0.0 == row["delta"] for row in rows),
        "early roll": sum(row["prev_day_close"] == (row["bid"] + row["ask"]) / 2 > 0 for row in rows),
    }


def _rows_of_some_nights(market):
    sessions = [date(2026, 8, day) for day in (17, 18, 19, 20, 21)]
    return {
        (symbol, day): _chain(market, symbol, day)["data"]["options"]
        for symbol in ("VXX", "QQQ", "XLF")
        for day in sessions
    }


def test_quirks_are_present_at_a_low_rate(market):
    nights = _rows_of_some_nights(market)
    total = {}
    for (symbol, _), rows in nights.items():
        faults = _faults(rows)
        bad = faults["crossed"] + faults["locked"] + faults["absurd"] + faults["adjusted"]
        assert bad / len(rows) < 0.01
        assert faults["adjusted"] == (4 if symbol == "VXX" else 0)
        total = {name: total.get(name, 0) + count for name, count in faults.items()}
    assert all(count > 0 for count in total.values()), total


def test_clean_files_have_no_faults(clean):
    total = {"crossed": 0, "locked": 0, "absurd": 0, "lost time": 0, "adjusted": 0}
    for rows in _rows_of_some_nights(clean).values():
        assert {name: _faults(rows)[name] for name in total} == total
        assert all(row["prev_day_close"] == round(row["prev_day_close"], 4) for row in rows)


def test_quotes_lie_on_the_tick_grid(clean):
    for row in _chain(clean, "_SPX")["data"]["options"]:
        for side in (row["bid"], row["ask"]):
            tick = 0.05 if side < 3 else 0.10
            assert side / tick == pytest.approx(round(side / tick), abs=1e-6)


def test_index_charts_spell_numbers_as_strings(market):
    bar = json.loads(market.bars("_SPX", NIGHT))["data"][-1]
    assert list(bar) == ["date", "open", "high", "low", "close", "volume"]
    assert all(isinstance(value, str) for value in bar.values())
    assert bar["volume"] == "0"
    share = json.loads(market.bars("XLF", NIGHT))["data"][-1]
    assert isinstance(share["close"], float)
    assert isinstance(share["volume"], int)
    assert float(bar["low"]) <= min(float(bar["open"]), float(bar["close"]))


def test_index_histories_come_in_two_layouts(market):
    for name in ("VIX", "VXN", "RVX", "VIX9D", "VIX3M"):
        rows = list(csv.reader(io.StringIO(market.index_history(name, NIGHT).decode())))
        assert rows[0] == ["DATE", "OPEN", "HIGH", "LOW", "CLOSE"]
        assert re.fullmatch(r"\d+\.\d{6}", rows[-1][4])
        assert all(float(low) <= float(close) <= float(high) for _, _, high, low, close in rows[1:])
    for name in ("VVIX", "SKEW"):
        rows = list(csv.reader(io.StringIO(market.index_history(name, NIGHT).decode())))
        assert rows[0] == ["DATE", name]
        assert rows[-1][0] == "08/21/2026"
        assert rows[1][0] == "01/02/2019"


def test_treasury_file(market):
    rows = list(csv.reader(io.StringIO(market.treasury_curve(2026, NIGHT).decode())))
    assert rows[0][:4] == ["Date", "1 Mo", "1.5 Month", "2 Mo"]
    assert len(rows[0]) == 15
    assert rows[1][0] == "08/21/2026"
    assert rows[-1][0] == "01/02/2026"
    assert b'"1 Mo"' in market.treasury_curve(2026, NIGHT)
    assert all(2.0 < float(cell) < 6.0 for row in rows[1:] for cell in row[1:])


def test_treasury_tenors_appear_when_they_were_introduced(market):
    assert b"4 Mo" not in market.treasury_curve(2021, NIGHT)
    rows = list(csv.DictReader(io.StringIO(market.treasury_curve(2022, NIGHT).decode())))
    assert rows[0]["4 Mo"]
    assert rows[-1]["4 Mo"] == ""
    assert "1.5 Month" not in rows[0]
    assert "4 Mo" not in csv.DictReader(io.StringIO(market.treasury_curve(2022, date(2022, 3, 1)).decode())).fieldnames


def test_treasury_is_closed_on_bank_holidays_and_ahead_of_time(market):
    assert b"10/12/2026" not in market.treasury_curve(2026, date(2026, 11, 20))
    assert b"11/11/2026" not in market.treasury_curve(2026, date(2026, 11, 20))
    assert market.treasury_curve(2027, NIGHT).decode().count("\n") == 1


@pytest.mark.parametrize("wire_symbol", ["_NDX", "_RUT", "NOPE"])
def test_no_bars_where_the_feed_has_none(market, wire_symbol):
    assert market.bars(wire_symbol, NIGHT) is None


def test_unknown_names_give_none(market):
    assert market.chain("NOPE", NIGHT) is None
    assert market.chain("VIX", NIGHT) is None  # the wire says _VIX
    assert market.index_history("NOPE", NIGHT) is None


@pytest.mark.parametrize(
    ("session", "says"),
    [
        pytest.param(date(2026, 8, 22), "no session", id="Saturday"),
        pytest.param(date(2026, 11, 26), "no session", id="Thanksgiving"),
        pytest.param(date(2019, 6, 3), "2020-01-01", id="too early"),
    ],
)
def test_wrong_sessions_are_refused(market, session, says):
    for ask in (market.chain, market.bars):
        with pytest.raises(ContractError, match=says):
            ask("SPY", session)
    with pytest.raises(ContractError, match=says):
        market.index_history("VIX", session)
    with pytest.raises(ContractError, match=says):
        market.treasury_curve(2026, session)


def test_nonsense_arguments_are_refused():
    with pytest.raises(ContractError, match="ascending"):
        SimulatedMarket(DEFAULT_UNIVERSE, SESSIONS[::-1])
    with pytest.raises(ContractError, match="ascending"):
        SimulatedMarket(DEFAULT_UNIVERSE, SESSIONS[:0])
    with pytest.raises(ContractError, match="density"):
        _market(density=0.0)


def test_weekdays_count_as_sessions_beyond_the_array(market):
    beyond = (SESSIONS[-1] + np.timedelta64(40, "D")).astype(object)
    while beyond.weekday() != 2:
        beyond = beyond.replace(day=beyond.day + 1)
    assert _chain(market, "SPY", beyond)["data"]["last_trade_time"].startswith(beyond.isoformat())


def test_a_user_symbol_resembles_its_class():
    tables = {"TLT": {"asset_class": "index_etf"}, "XSP": {"asset_class": "sp500_index", "wire_symbol": "_XSP"}}
    universe = extend_universe({"assets": tables, "include": ["VIX", *tables]}, "universe.toml")
    market = _market(universe=universe)
    assert len(_chain(market, "TLT")["data"]["options"]) > 300
    assert _chain(market, "_XSP")["data"]["security_type"] == "index"
    other_seed = json.loads(_market(universe=universe, seed=7).bars("TLT", NIGHT))["data"][-1]
    assert other_seed != json.loads(market.bars("TLT", NIGHT))["data"][-1]


def test_density_grows_and_shrinks_the_chain(market):
    def count(density):
        return _market(density=density).chain("IWM", NIGHT).count(b'"option":')

    base = count(1.0)
    assert count(4.0) > 4 * base
    assert count(0.25) < 0.5 * base
    assert _market(density=4.0).chain("_VIX", NIGHT).count(b'"option":') > 3 * market.chain("_VIX", NIGHT).count(
        b'"option":'
    )


def test_number_texts_agree_with_repr_at_every_magnitude():
    values = np.array([0.0, -0.0, 0.0001, -0.0021, 1.7, 412.0, 32768.0, 32768.25, -40000.5, 1234567.8912])
    assert number_texts(values, 10_000) == [repr(float(value)) if value else "0.0" for value in values]
    assert number_texts(values[4:6], 1) == ["2.0", "412.0"]
    every = np.arange(0, 10_000) / 10_000 + 7.0
    assert number_texts(every, 10_000) == [repr(value) for value in np.round(every, 4).tolist()]
