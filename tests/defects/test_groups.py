"""Seeded defects of whole expiries and chains: the group is suspended by its rule, every other contract stays."""

import numpy as np
import pandas as pd
import pytest

from alvh_core.errors import FatalError

SEEDS = (1, 442)
EXPIRY = ["underlying", "root", "expiry_date"]


def _reprice(quotes, rows, factor):
    for name in ("bid_usd", "ask_usd"):
        quotes.loc[rows, name] = (quotes.loc[rows, name] * factor).round(2)


def _dated(quotes, rows, days):
    """File an expiry under another date: symbol, date, settlement and days all move together, as a wire would."""
    by = pd.Timedelta(days=days)
    quotes.loc[rows, "expiry_date"] += by
    quotes.loc[rows, "settle_at_utc"] += by
    quotes.loc[rows, "dte_days"] += days
    quotes.loc[rows, "years"] += days / 365.0
    day = quotes.loc[rows, "expiry_date"].dt.strftime("%y%m%d").astype("str")
    symbol = quotes.loc[rows, "osi_symbol"]
    quotes.loc[rows, "osi_symbol"] = symbol.str[:6] + day + symbol.str[12:]


def _weekend(quotes, rows, _rng):
    _dated(quotes, rows, 1)  # Friday to Saturday
    return quotes


def _century(quotes, rows, _rng):
    _dated(quotes, rows, 364 * 10)
    return quotes


def _two_moments(quotes, rows, rng):
    puts = rows[(quotes.loc[rows, "option_right"] == "P").to_numpy()]
    chosen = rng.permutation(puts)[: len(puts) // 2]
    for name in ("bid_usd", "ask_usd"):
        quotes.loc[chosen, name] = (quotes.loc[chosen, name] + 0.06 * quotes.loc[chosen, "strike_usd"]).round(2)
    quotes.loc[chosen, "quote_flag"] = "OK"
    return quotes


def _one_right(quotes, rows, _rng):
    return quotes.drop(index=rows[(quotes.loc[rows, "option_right"] == "P").to_numpy()])


def _swapped_deltas(quotes, rows, _rng):
    quotes.loc[rows, "vendor_delta"] *= -1.0
    return quotes


def _constant(quotes, rows, _rng):
    quotes.loc[rows, ["bid_usd", "ask_usd"]] = [1.0, 1.05]
    quotes.loc[rows, "quote_flag"] = "OK"
    return quotes


def _pre_split(quotes, rows, _rng):
    """Strikes and prices of one expiry on the share basis of before a four-for-one split."""
    _reprice(quotes, rows, 4.0)
    thousandths = (quotes.loc[rows, "strike_usd"] * 4000.0).round().astype("int64")
    quotes.loc[rows, "strike_usd"] = thousandths / 1000.0
    quotes.loc[rows, "osi_symbol"] = quotes.loc[rows, "osi_symbol"].str[:13] + thousandths.astype("str").str.zfill(8)
    return quotes


EXPIRY_DEFECTS = {
    "Friday filed as Saturday": (_weekend, "EXPIRY_DATE", "AAPL"),
    "wrong decade": (_century, "EXPIRY_TOO_FAR", "AAPL"),
    "calls and puts of two moments": (_two_moments, "PARITY_BROKEN", "SPY"),
    "puts lost": (_one_right, "UNPAIRED_STRIKES", "QQQ"),
    "calls and puts exchanged by the vendor": (_swapped_deltas, "RIGHTS_SWAPPED", "MSFT"),
    "one quote on every strike": (_constant, "CONSTANT_QUOTES", "TSLA"),
    "before a split": (_pre_split, "FORWARD_OFF_CHAIN", "NVDA"),
    "strikes before a split": (_pre_split, "STRIKES_OFF_FORWARD", "NVDA"),
}


def _loose(clean):
    names = ("settlement", "quote_flag", "option_right", "root", "payload_sha256", "quote_clock")
    return clean.quotes.astype(dict.fromkeys(names, "str"))


def _codes(gated, severity):
    entries = gated.entries[gated.entries["severity"] == severity]
    return {str(key): {part.split(":")[0] for part in reason.split("; ")}
            for key, reason in zip(entries["row_key"], entries["reason"].astype("str"), strict=True)}  # fmt: skip


@pytest.mark.parametrize("seed", SEEDS)
@pytest.mark.parametrize("name", EXPIRY_DEFECTS)
def test_a_defect_of_an_expiry_suspends_it_alone(clean, judge, name, seed):
    plant, rule, symbol = EXPIRY_DEFECTS[name]
    rng, quotes = np.random.default_rng(seed), _loose(clean)
    mine = quotes[(quotes["underlying"] == symbol) & (quotes["dte_days"].between(7, 300))]
    fridays = mine[mine["expiry_date"].dt.day_of_week == 4]
    sizes = fridays.groupby("expiry_date").size()
    day = rng.choice(sizes.index[(sizes >= 40) & (sizes < 0.18 * (quotes["underlying"] == symbol).sum())])
    rows = mine.index[mine["expiry_date"] == day]
    planted = plant(quotes, rows, rng)
    gated = judge(planted)
    (key,) = _codes(gated, "expiry")
    assert key.startswith(f"{symbol} {symbol} ")
    assert rule in _codes(gated, "expiry")[key]
    assert not _codes(gated, "underlying")
    expected = set(planted.loc[planted.index.intersection(rows), "osi_symbol"])
    lost = set(gated.rejected["osi_symbol"]) - expected
    assert not lost, gated.rejected[gated.rejected["osi_symbol"].isin(lost)][["osi_symbol", "reason"]].to_string()
    assert expected <= set(gated.rejected["osi_symbol"])


@pytest.mark.parametrize("seed", SEEDS)
def test_an_expiry_filed_twice_suspends_both_dates(clean, judge, seed):
    rng, quotes = np.random.default_rng(seed), _loose(clean)
    days = quotes.loc[(quotes["underlying"] == "KO") & (quotes["dte_days"] > 20), "expiry_date"].unique()
    copy = quotes[(quotes["underlying"] == "KO") & (quotes["expiry_date"] == rng.choice(days))].copy()
    _dated(copy, copy.index, -1)
    gated = judge(pd.concat([quotes, copy], ignore_index=True))
    found = _codes(gated, "expiry")
    assert len(found) == 2
    assert all("COPIED_EXPIRY" in codes for codes in found.values())


def test_mixed_twins_suspend_the_date(clean, judge):
    quotes = _loose(clean)
    spx = quotes[(quotes["root"] == "SPX") & quotes["dte_days"].between(20, 120)]
    day = spx["expiry_date"].min()
    rows = spx.index[spx["expiry_date"] == day]
    assert len(quotes[(quotes["root"] == "SPXW") & (quotes["expiry_date"] == day)])
    shift = np.where(quotes.loc[rows, "option_right"] == "C", 1.0, -1.0) * 120.0
    for name in ("bid_usd", "ask_usd"):
        quotes.loc[rows, name] = ((quotes.loc[rows, name] + shift).clip(lower=0.05) * 10).round() / 10
    found = _codes(judge(quotes), "expiry")
    assert {"SPX SPX", "SPX SPXW"} == {key[:-11] for key in found}
    assert all("TWIN_FORWARDS" in codes for codes in found.values())


def _dead_evening(quotes, rows, rng):
    gone = rng.permutation(rows)[: int(0.9 * len(rows))]
    quotes.loc[gone, "bid_usd"], quotes.loc[gone, "quote_flag"] = 0.0, "ZERO_BID"
    return quotes


def _all_zero(quotes, rows, _rng):
    quotes.loc[rows, "bid_usd"], quotes.loc[rows, "ask_usd"] = 0.0, np.nan
    quotes.loc[rows, "quote_flag"] = "NO_QUOTE"
    return quotes


def _half_chain(quotes, rows, _rng):
    return quotes.drop(index=rows[(quotes.loc[rows, "option_right"] == "P").to_numpy()])


def _two_bodies(quotes, rows, rng):
    quotes.loc[rng.permutation(rows)[: len(rows) // 3], "payload_sha256"] = "another"
    return quotes


def _future(quotes, rows, _rng):
    quotes.loc[rows, "quote_age_minutes"] = -300.0
    return quotes


def _mislabelled(quotes, rows, _rng):
    quotes.loc[rows, "quote_clock"] = "in_session"
    return quotes


def _yesterday(quotes, rows, _rng):
    quotes.loc[rows, "quote_at_utc"] -= pd.Timedelta(days=1)
    quotes.loc[rows, "years"] += 1.0 / 365.0
    quotes.loc[rows, "quote_clock"] = "after_hours"
    return quotes


def _rescaled(quotes, rows, _rng):
    for name in ("bid_usd", "ask_usd"):
        quotes.loc[rows, name] = np.where(quotes.loc[rows, name] >= 3.0, quotes.loc[rows, name].round(2) + 0.01,
                                          quotes.loc[rows, name])  # fmt: skip
    return quotes


def _crossed_feed(quotes, rows, rng):
    chosen = rng.permutation(rows)[: len(rows) // 3]
    sides = quotes.loc[chosen, ["ask_usd", "bid_usd"]].to_numpy()
    quotes.loc[chosen, ["bid_usd", "ask_usd"]] = np.add(sides, [0.05, 0.0])
    quotes.loc[chosen, "quote_flag"] = "OK"
    return quotes


CHAIN_DEFECTS = {
    "dead evening snapshot": (_dead_evening, "DEAD_SNAPSHOT", "KO"),
    "feed of zeros": (_all_zero, "ALL_ZERO_CHAIN", "VIX"),
    "puts cut off": (_half_chain, "ONE_RIGHT_MISSING", "VIX"),
    "two snapshots in one": (_two_bodies, "MIXED_SNAPSHOTS", "VIX"),
    "quotes from the future": (_future, "CLOCK_AHEAD", "EEM"),
    "after hours called in session": (_mislabelled, "CLOCK_LABEL", "VIX"),
    "yesterday's chain filed tonight": (_yesterday, "OTHER_SESSION", "VIX"),
    "off its tick": (_rescaled, "OFF_TICK", "SPX"),
    "a third of the rows crossed": (_crossed_feed, "TOO_MANY_REJECTS", "XLK"),
}


@pytest.mark.parametrize("seed", SEEDS)
@pytest.mark.parametrize("name", CHAIN_DEFECTS)
def test_a_defect_of_a_chain_suspends_it_alone(clean, judge, name, seed):
    plant, rule, symbol = CHAIN_DEFECTS[name]
    quotes = _loose(clean)
    quotes = plant(quotes, quotes.index[quotes["underlying"] == symbol], np.random.default_rng(seed))
    gated = judge(quotes)
    found = _codes(gated, "underlying")
    assert set(found) == {symbol}
    assert rule in found[symbol]
    assert set(gated.rejected["underlying"].astype("str")) == {symbol}
    assert len(gated.rejected) == (quotes["underlying"] == symbol).sum()


@pytest.mark.parametrize(("factor", "rule"), [(10.0, "SPOT_OFF_FORWARD"), (0.1, "SPOT_OFF_FORWARD")])
def test_a_price_times_ten_suspends_its_chain(clean, judge, factor, rule):
    snapshots = clean.snapshots.copy()
    snapshots.loc[snapshots["underlying"] == "VIX", "underlying_price_usd"] *= factor
    found = _codes(judge(clean.quotes, snapshots=snapshots), "underlying")
    assert found == {"VIX": {rule}}


def test_bars_of_before_a_split_suspend_the_chain(clean, judge):
    bars = clean.bars.copy()
    bars.loc[bars["symbol"] == "NVDA", ["open_usd", "high_usd", "low_usd", "close_usd"]] *= 4.0
    assert _codes(judge(clean.quotes, bars=bars), "underlying") == {"NVDA": {"CLOSE_OFF_FORWARD"}}


def test_a_chain_filled_forward_onto_a_holiday_stops_the_night(clean, judge):
    sunday = clean.quotes.assign(trade_date=pd.Timestamp("2026-07-19"))
    sunday["dte_days"] = (sunday["expiry_date"] - sunday["trade_date"]).dt.days
    with pytest.raises(FatalError, match="NOT_A_SESSION"):
        judge(sunday[sunday["dte_days"] >= 0].reset_index(drop=True))


def test_an_empty_night_is_told(clean, judge):
    """It is published as a night without data: `meta_validations` says why, the command and an alert say so too."""
    checks = judge(clean.quotes.iloc[:0]).checks
    empty = checks[(checks["check_name"] == "ROW_COUNT") & ~checks["is_success"]]
    assert {"core_options__daily_quotes", "option_expiries", "option_underlyings"} <= set(empty["dataset"])
