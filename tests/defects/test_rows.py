"""Seeded defects of single contracts: every planted row is found by its rule at severity row, and no other row is lost.

All kinds are planted into one night, each into contracts of expiries of its own, at random places.
"""

from dataclasses import dataclass

import numpy as np
import pandas as pd
import pytest

from alvh_core.quality_bounds import bound_columns
from alvh_core.universe import DEFAULT_UNIVERSE
from expectations.packs import pack_bounds

EACH, SEEDS = 3, (1, 442)
EXPIRY = ["underlying", "root", "expiry_date"]


@dataclass(frozen=True)
class Defect:
    """What is planted where: the change of the frame at some rows, the rows it may hit, and the rule that finds it."""

    rule: str
    plant: object
    where: str = "quoted"


def _set(**columns):
    def plant(frame, rows):
        for name, value in columns.items():
            frame.loc[rows, name] = value

    return plant


def _price(bid, ask):
    """Reprice rows by functions of the row's own frame, as the wire would deliver it."""

    def plant(frame, rows):
        at = frame.loc[rows]
        frame.loc[rows, "bid_usd"], frame.loc[rows, "ask_usd"] = bid(at).round(2), ask(at).round(2)
        flag = np.select([frame.loc[rows, "bid_usd"] == 0.0], ["ZERO_BID"], default="OK")
        frame.loc[rows, "quote_flag"] = flag

    return plant


def _symbol(start, stop, text):
    def plant(frame, rows):
        symbol = frame.loc[rows, "osi_symbol"]
        frame.loc[rows, "osi_symbol"] = symbol.str[:start] + text(symbol.str[start:stop]) + symbol.str[stop:]

    return plant


def _strike(factor):
    def plant(frame, rows):
        thousandths = (frame.loc[rows, "strike_usd"] * 1000.0 * factor).round().clip(1, 99_999_999).astype("int64")
        frame.loc[rows, "strike_usd"] = thousandths / 1000.0
        frame.loc[rows, "osi_symbol"] = frame.loc[rows, "osi_symbol"].str[:13] + thousandths.astype("str").str.zfill(8)

    return plant


def _shift(name, by):
    def plant(frame, rows):
        frame.loc[rows, name] = frame.loc[rows, name] + by

    return plant


def _up(by):
    """Lift a quote by so many of its strike intervals."""
    return _price(lambda at: at["bid_usd"] + by * at["gap"], lambda at: at["ask_usd"] + by * at["gap"])


DEFECTS = {
    "crossed": Defect("CROSSED", _price(lambda at: at["ask_usd"] + 0.05, lambda at: at["bid_usd"])),
    "negative bid": Defect("OUT_OF_RANGE", _set(bid_usd=-0.5)),
    "infinite ask": Defect("OUT_OF_RANGE", _set(ask_usd=np.inf)),
    "lost bid": Defect("QUOTE_INCOMPLETE", _set(bid_usd=np.nan)),
    "lost ask": Defect("QUOTE_INCOMPLETE", _set(ask_usd=np.nan)),
    "placeholder ask": Defect("ABSURD_ASK", _set(bid_usd=0.0, ask_usd=4999.0, quote_flag="ZERO_BID")),
    "fraction of a cent": Defect("OFF_CENT", _shift("ask_usd", 0.0037)),
    "ask below intrinsic": Defect("ASK_BELOW_INTRINSIC", _price(lambda at: at["intrinsic"] * 0.4,
                                                                lambda at: at["intrinsic"] * 0.5), "deep"),
    "put above its strike": Defect("BID_ABOVE_CAP", _price(lambda at: at["strike_usd"] * 1.2,
                                                           lambda at: at["strike_usd"] * 1.25), "put"),
    "call above its underlying": Defect("BID_ABOVE_CAP", _price(lambda at: at["cap"] * 1.2, lambda at: at["cap"] * 1.3),
                                        "call"),
    "absurd volatility": Defect("BID_ABOVE_VOL_CAP", _price(lambda at: at["vol_cap"] * 1.1,
                                                            lambda at: at["vol_cap"] * 1.2), "capped"),
    "volatility near zero": Defect("ASK_BELOW_VOL_FLOOR", _price(lambda at: at["vol_floor"] * 0.4,
                                                                 lambda at: at["vol_floor"] * 0.5), "floored"),
    "dearer than a better right": Defect("MONOTONE_ARBITRAGE", _up(3.0), "inner"),
    "spread above its width": Defect("VERTICAL_ARBITRAGE", _up(3.0), "inner"),
    "bent smile": Defect("BUTTERFLY_ARBITRAGE", _up(1.5), "inner"),
    "dearer than a longer life": Defect("CALENDAR_ARBITRAGE", _up(25.0), "american"),
    "root of the twin": Defect("SYMBOL_ROOT", _set(root="SPXW"), "am"),
    "expiry of another year": Defect("SYMBOL_EXPIRY", _symbol(6, 8, lambda part: part.map(lambda _: "38"))),
    "right exchanged": Defect("SYMBOL_RIGHT", lambda frame, rows: frame.loc.__setitem__(
        (rows, "option_right"), np.where(frame.loc[rows, "option_right"] == "C", "P", "C")), "quoted"),
    "strike of another scale": Defect("SYMBOL_STRIKE", _symbol(20, 21, lambda part: part.map(lambda _: "7"))),
    "AM called PM": Defect("SETTLEMENT_OF_ROOT", _set(settlement="PM"), "am"),
    "settlement half a day off": Defect("SETTLE_INSTANT", _shift("settle_at_utc", pd.Timedelta(hours=-6.5))),
    "days by the host's clock": Defect("DTE_WRONG", _shift("dte_days", 1)),
    "years wrong": Defect("YEARS_WRONG", _shift("years", 0.3)),
    "mini deliverable": Defect("MULTIPLIER", _set(multiplier=10)),
    "adjusted by mistake": Defect("ADJUSTED_FLAG", _set(is_adjusted=True)),
    "locked by mistake": Defect("FLAG_WRONG", _set(quote_flag="LOCKED")),
    "negative size": Defect("OUT_OF_RANGE", _set(bid_size_count=-1.0)),
    "sentinel size": Defect("SIZE_ABSURD", _set(ask_size_count=2_147_483_647.0)),
    "half a contract": Defect("SIZE_FRACTION", _set(bid_size_count=10.5)),
    "sentinel volume": Defect("VOLUME_ABSURD", _set(volume_count=2_147_483_647.0)),
    "price as volume": Defect("VOLUME_FRACTION", _set(volume_count=12.35)),
    "negative open interest": Defect("OUT_OF_RANGE", _set(open_interest_count=-999.0)),
    "sentinel open interest": Defect("OPEN_INTEREST_ABSURD", _set(open_interest_count=4_294_967_295.0)),
    "estimated open interest": Defect("OPEN_INTEREST_FRACTION", _set(open_interest_count=100.25)),
    "strike before a split": Defect("STRIKE_TOO_HIGH", _strike(20.0), "share"),
    "strike in thousandths": Defect("STRIKE_TOO_LOW", _strike(0.001), "share"),
}  # fmt: skip


def _annotated(clean, chains):
    """Add what the generators choose by; the gate never sees it."""
    from alvh_core.forwards import expiry_forwards

    quotes = clean.quotes.astype(dict.fromkeys(("settlement", "quote_flag", "option_right", "root"), "str"))
    forwards = expiry_forwards(clean.quotes, chains.curve(pd.Timestamp(clean.quotes["trade_date"].iloc[0]).date()))
    bounds = bound_columns(clean.quotes, forwards, pack_bounds(DEFAULT_UNIVERSE))
    names = {"intrinsic": "intrinsic_forward_usd", "cap": "bid_cap_usd", "vol_cap": "vol_cap_usd",
             "vol_floor": "vol_floor_usd", "frac": "strike_frac"}  # fmt: skip
    quotes = quotes.assign(**{name: bounds[column] for name, column in names.items()})
    series = quotes.sort_values("strike_usd").groupby([*EXPIRY, "option_right"], observed=True)["strike_usd"]
    quotes["gap"] = pd.concat([series.diff(), -series.diff(-1)], axis=1).max(axis=1)
    order = series.cumcount()
    edge = pd.concat([order, series.transform("size") - 1 - order], axis=1).min(axis=1)
    return quotes.assign(edge=edge.reindex(quotes.index))


def _pools(quotes):
    quoted = (quotes["quote_flag"] == "OK") & (quotes["bid_usd"] > 0.3) & (quotes["dte_days"] > 6)
    is_narrow = quotes["ask_usd"] - quotes["bid_usd"] < 0.25 * quotes["gap"]  # else there is nothing to trade
    near = quoted & quotes["frac"].between(0.9, 1.1) & (quotes["edge"] >= 5) & is_narrow
    is_index, american = quotes["underlying"].isin(["SPX", "VIX"]), ~quotes["underlying"].isin(["SPX", "VIX"])
    return {
        "quoted": quoted,
        "deep": quoted & (quotes["intrinsic"] > 0.1 * quotes["strike_usd"]),
        "put": quoted & (quotes["option_right"] == "P"),
        "call": quoted & (quotes["option_right"] == "C"),
        "capped": quoted & near & quotes["vol_cap"].notna() & (quotes["vol_cap"] * 1.2 < quotes["cap"]),
        "floored": quoted & (quotes["vol_floor"] > 0.3) & (quotes["intrinsic"] == 0.0),
        "inner": near,
        "american": near & american & (quotes["dte_days"] < 60),
        "am": quoted & (quotes["root"] == "SPX"),
        "share": quoted & ~is_index & (quotes["underlying"] != "VXX") & (quotes["underlying"] != "UVXY"),
    }


@pytest.fixture(scope="module", params=SEEDS)
def planted(request, clean, chains, judge):
    """One night with all kinds of defect, and where each was planted."""
    rng = np.random.default_rng(request.param)
    quotes = _annotated(clean, chains)
    pools, places = _pools(quotes), {}
    expiry = quotes.groupby(EXPIRY, observed=True).ngroup()
    free = set(expiry.unique().tolist())
    for name, defect in sorted(DEFECTS.items(), key=lambda item: int(pools[item[1].where].sum())):
        rows = []
        while len(rows) < EACH:
            candidates = quotes.index[pools[defect.where] & expiry.isin(free)]
            assert len(candidates), f"{name}: no expiry left to plant it in"
            rows.append(rng.choice(candidates))
            free.discard(int(expiry[rows[-1]]))
        places[name] = pd.Index(rows)
    for name, rows in places.items():
        DEFECTS[name].plant(quotes, rows)
    gated = judge(quotes)
    found = gated.rejected.set_index("osi_symbol")[["severity", "reason"]].astype("str")
    return {name: quotes.loc[rows, "osi_symbol"].tolist() for name, rows in places.items()}, found


@pytest.mark.parametrize("name", DEFECTS)
def test_every_planted_row_is_found_by_its_rule(planted, name):
    places, found = planted
    rows = found.reindex(places[name])
    assert rows["reason"].notna().all(), f"missed {rows[rows['reason'].isna()].index.tolist()}"
    assert (rows["severity"] == "row").all(), rows.to_string()
    codes = rows["reason"].map(lambda reason: {part.split(":")[0] for part in reason.split("; ")})
    assert codes.map(lambda codes: DEFECTS[name].rule in codes).all(), rows.to_string()


def test_nothing_else_is_lost(planted):
    places, found = planted
    lost = set(found.index) - {symbol for symbols in places.values() for symbol in symbols}
    assert not lost, found.loc[sorted(lost)].to_string()


@pytest.mark.parametrize("seed", SEEDS)
def test_of_copies_one_stays_and_of_contradictions_none(clean, judge, seed):
    chosen = clean.quotes.sample(6, random_state=seed)
    other = chosen.iloc[3:].assign(ask_usd=chosen["ask_usd"].iloc[3:] + 0.05)
    gated = judge(pd.concat([clean.quotes, chosen.iloc[:3], other], ignore_index=True))
    assert gated.rejected["reason"].astype("str").str.startswith("DUPLICATE:").all()
    kept = gated.clean["osi_symbol"]
    assert set(chosen["osi_symbol"].iloc[:3]) <= set(kept)
    assert not set(chosen["osi_symbol"].iloc[3:]) & set(kept)
    assert len(gated.rejected) == 3 + 6


def test_rows_that_cannot_be_keyed_never_reach_the_gate(clean, calendar):
    from alvh_core.quotes import normalise_quotes

    wire = pd.DataFrame({
        "underlying": pd.Categorical(["VIX"] * 4), "row_position": np.arange(4), "bid": 1.0, "ask": 1.1,
        "bid_size": 1.0, "ask_size": 1.0, "iv": 0.8, "open_interest": 1.0, "volume": 1.0, "delta": 0.5,
        "option": ["VIX260819C00020000", "VIXX260819C00020000", "VIX260231C00020000", "VIX 20 call"],
    })  # fmt: skip
    quotes, rejects = normalise_quotes(wire, clean.snapshots, DEFAULT_UNIVERSE, calendar)
    assert len(quotes) == 1
    assert rejects["reason"].str.split(":").str[0].tolist() == ["UNKNOWN_ROOT", "BAD_SYMBOL", "BAD_SYMBOL"]
