"""The universe: every entry is valid, overrides lie over it, and what is unknown is named."""

from collections import Counter
from dataclasses import replace

import pytest

from alvh_core.errors import ContractError
from alvh_core.market.profiles import profile_of
from alvh_core.params import with_overrides
from alvh_core.profiles import PROFILES
from alvh_core.ticks import tick_size
from alvh_core.universe import (
    ASSET_CLASSES,
    DEFAULT_UNIVERSE,
    SETTLEMENTS,
    TICK_CLASSES,
    Asset,
    extend_universe,
    hosts,
)

ASSETS = list(DEFAULT_UNIVERSE.values())


def test_an_asset_class_of_ones_own_is_named_once():
    document = {"asset_classes": ["commodity_etf"], "assets": {"GLD": {"asset_class": "commodity_etf"}}}
    assert extend_universe(document, "x")["GLD"].asset_class == "commodity_etf"
    with pytest.raises(ContractError, match=r"asset_class: expected one of .*commodity_etf, found 'comodity_etf'"):
        extend_universe(document | {"assets": {"GLD": {"asset_class": "comodity_etf"}}}, "x")


@pytest.mark.parametrize("asset", ASSETS, ids=lambda a: a.symbol)
def test_every_entry_is_valid(asset):
    assert DEFAULT_UNIVERSE[asset.symbol] is asset
    assert asset.asset_class in ASSET_CLASSES
    assert asset.exercise in {"european", "american"}
    assert asset.wire_symbol.lstrip("_") == asset.symbol
    assert asset.roots
    for root in asset.roots:
        assert root.settlement in SETTLEMENTS
        assert root.tick_class in TICK_CLASSES
        assert tick_size(root.tick_class, 1.0, "2026-07-16") > 0
        assert root.multiplier == 100
        assert 1 <= len(root.name) <= 5  # a sixth character is left for an adjustment digit
        assert not root.name[-1].isdigit()
    assert asset.proxy is None or asset.proxy in DEFAULT_UNIVERSE
    with_overrides(PROFILES["trigger_442"], dict(asset.profile_overrides), asset.symbol)


def test_every_class_has_a_member_and_no_root_two_owners():
    assert {asset.asset_class for asset in ASSETS} == set(ASSET_CLASSES)
    assert max(Counter(root.name for asset in ASSETS for root in asset.roots).values()) == 1
    assert max(Counter(asset.wire_symbol for asset in ASSETS).values()) == 1


def test_pitfall_02_settlement_of_the_known_roots():
    found = {root.name: root.settlement for asset in ASSETS for root in asset.roots}
    expected = {"VIX": "SOQ", "VIXW": "SOQ", "SPX": "AM", "SPXW": "PM", "NDX": "AM", "NDXP": "PM", "RUT": "AM",
                "RUTW": "PM", "SPY": "PM", "UVXY": "PM"}  # fmt: skip
    assert {name: found[name] for name in expected} == expected
    assert DEFAULT_UNIVERSE["SPX"].exercise == DEFAULT_UNIVERSE["VIX"].exercise == "european"
    assert DEFAULT_UNIVERSE["SPY"].exercise == DEFAULT_UNIVERSE["VXX"].exercise == "american"


def test_what_one_exchange_alone_lists():
    """NDX is listed at several exchanges of one owner, and RUT at two of another."""
    assert {asset.symbol for asset in ASSETS if asset.listing == "cboe"} == {"VIX", "SPX"}
    roots = [{"name": "SPX", "listing": "cboe"}, {"name": "SPXW"}]
    assert extend_universe({"assets": {"SPX": {"roots": roots}}}, "x")["SPX"].listing == "several"


def test_hedge_chains_are_no_hosts():
    names = [asset.symbol for asset in hosts(DEFAULT_UNIVERSE)]
    assert not {"VIX", "VXX", "UVXY"} & set(names)
    assert names[0] == "SPX"
    assert DEFAULT_UNIVERSE["RUT"].proxy == "IWM"


# --- a user's file ----------------------------------------------------------------------------------------------------
def _extend(document):
    return extend_universe(document, "my.toml")


def test_an_empty_file_changes_nothing():
    assert _extend({}) == DEFAULT_UNIVERSE


@pytest.mark.parametrize("name", ["include", "asset_classes"])
def test_a_name_instead_of_a_list_is_refused(name):
    with pytest.raises(ContractError, match=rf"my.toml: {name}: expected a list of names, found 'VIX'"):
        extend_universe({name: "VIX"}, "my.toml")


def test_a_new_wrapper_of_vix_is_a_hedge_and_no_host():
    assert not _extend({"assets": {"SVIX": {"asset_class": "volatility_etp"}}})["SVIX"].is_host


def test_include_keeps_order_and_drops_the_rest():
    assert list(_extend({"include": ["VIX", "XLK", "SPX"]})) == ["VIX", "XLK", "SPX"]


def test_a_new_symbol_needs_a_class_only():
    found = _extend({"assets": {"XLV": {"asset_class": "sector_etf"}}})["XLV"]
    assert found == Asset(symbol="XLV", wire_symbol="XLV", asset_class="sector_etf", roots=found.roots)
    assert [root.name for root in found.roots] == ["XLV"]
    assert found.is_host


def test_an_override_keeps_what_it_does_not_name():
    document = {"assets": {"VNQ": {"is_host": False, "profile_overrides": {"target_delta": 0.3}}}}
    found = _extend(document)["VNQ"]
    assert (found.is_host, found.asset_class) == (False, "reit_etf")
    assert found.roots == DEFAULT_UNIVERSE["VNQ"].roots
    assert DEFAULT_UNIVERSE["VNQ"].is_host


def test_roots_of_a_new_symbol():
    roots = [{"name": "XSP", "settlement": "PM", "tick_class": "index", "multiplier": 100, "is_monthly": False}]
    found = _extend({"assets": {"XSP": {"asset_class": "sp500_index", "wire_symbol": "_XSP", "roots": roots}}})["XSP"]
    assert (found.roots[0].settlement, found.roots[0].tick_class, found.wire_symbol) == ("PM", "index", "_XSP")


@pytest.mark.parametrize(
    ("document", "told"),
    [
        pytest.param(
            {"asets": {}},
            r"my.toml: unknown key 'asets'; expected one of asset_classes, assets, include",
            id="top level",
        ),
        pytest.param({"assets": {"VNQ": {"clas": 1}}}, r"assets\.VNQ: unknown key 'clas'", id="asset key"),
        pytest.param(
            {"assets": {"VNQ": {"symbol": "X"}}}, r"unknown key 'symbol'", id="the symbol is the table's name"
        ),
        pytest.param(
            {"assets": {"VNQ": {"asset_class": "reits"}}},
            r"asset_class: expected one of .*reit_etf.*found 'reits'",
            id="class",
        ),
        pytest.param(
            {"assets": {"VNQ": {"exercise": "bermudan"}}},
            r"exercise: expected one of european, american",
            id="exercise",
        ),
        pytest.param({"assets": {"XLV": {}}}, r"assets\.XLV: a new symbol needs asset_class", id="no class"),
        pytest.param(
            {"assets": {"XLV": {"asset_class": "sector_etf", "roots": [{}]}}},
            r"roots\[0\]: a root needs a name",
            id="no name",
        ),
        pytest.param(
            {"assets": {"XLV": {"asset_class": "sector_etf", "roots": []}}},
            r"roots: expected at least one",
            id="no roots",
        ),
        pytest.param(
            {"assets": {"XLV": {"asset_class": "sector_etf", "roots": [{"name": "XLV", "tick": 1}]}}},
            r"unknown key 'tick'",
            id="root key",
        ),
        pytest.param(
            {"assets": {"XLV": {"asset_class": "sector_etf", "roots": [{"name": "XLV", "settlement": "pm"}]}}},
            r"settlement: expected one of AM, PM, SOQ, found 'pm'",
            id="settlement",
        ),
        pytest.param(
            {"assets": {"XLV": {"asset_class": "sector_etf", "roots": [{"name": "XLV", "tick_class": "x"}]}}},
            r"tick_class: expected one of",
            id="tick class",
        ),
        pytest.param(
            {"assets": {"XLV": {"asset_class": "sector_etf", "roots": [{"name": "XLV", "listing": "CBOE"}]}}},
            r"listing: expected one of several, cboe, found 'CBOE'",
            id="listing",
        ),
        pytest.param(
            {"assets": {"VNQ": {"profile_overrides": {"levles": 1}}}},
            r"assets\.VNQ\.profile_overrides: unknown key 'levles'",
            id="override",
        ),
        pytest.param(
            {"assets": {"VNQ": {"profile_overrides": {"units": [4, 4]}}}},
            r"units needs 3 entries",
            id="override of the wrong length",
        ),
        pytest.param({"assets": {"VNQ": {"proxy": "NOPE"}}}, r"assets\.VNQ\.proxy: .*'NOPE'", id="proxy"),
        pytest.param(
            {"assets": {"XSP": {"asset_class": "sp500_index", "roots": [{"name": "XSP"}, {"name": "SPXW"}]}}},
            r"my.toml: .*'SPXW' under assets\.SPX and assets\.XSP; leave one out",
            id="a root of two symbols",
        ),
        pytest.param(
            {"assets": {"VNQ": {"vol_index": ["VIX"]}}},
            r"assets\.VNQ\.vol_index: expected a text, found \['VIX'\]",
            id="a list",
        ),
        pytest.param(
            {"assets": {"XLV": {"asset_class": "sector_etf", "roots": [{"name": "XLV", "multiplier": [100]}]}}},
            r"roots\[0\]\.multiplier: expected a whole number from 1 on, found \[100\]",
            id="a list in a root",
        ),
        pytest.param({"include": ["VIX", "NOPE"]}, r"include names 'NOPE'", id="include"),
        pytest.param({"include": ["VIX", 7]}, r"include: expected a list of names", id="a number in include"),
        pytest.param({"include": ["SPX", "KO"]}, r"include: expected VIX, .* found only SPX, KO; add it", id="no VIX"),
        pytest.param({"include": ["VIX", "VXX"]}, r"expected a host at least, .* found only VIX, VXX", id="no host"),
        pytest.param(
            {"include": ["VIX", "VNQ"], "assets": {"VNQ": {"proxy": "IYR"}}},
            r"assets\.VNQ\.proxy: no symbol 'IYR' .* or to include",
            id="a proxy left out",
        ),
        pytest.param(
            {"include": ["VIX", "VNQ"], "assets": {"VNQ": {"pair_candidates": [{"symbol": "XLE"}]}}},
            r"pair_candidates\[0\]\.symbol: no symbol 'XLE' .* or to include",
            id="a candidate left out",
        ),
        pytest.param(
            {"assets": {"VNQ": {"pair_candidates": [{"symbol": "XLE"}, {"symbol": "XLE"}]}}},
            r"pair_candidates: expected every candidate once, found 'XLE', direction 1, twice",
            id="twice",
        ),
        pytest.param({"assets": [1]}, r"my.toml.assets: expected a table of symbols, found \[1\]", id="assets a list"),
        pytest.param(
            {"assets": {"VNQ": 1}}, r"assets\.VNQ: expected a table of asset_class, .*, found 1", id="no table"
        ),
        pytest.param(
            {"assets": {"VNQ": {"roots": ["VNQ"]}}}, r"roots\[0\]: expected a table of .*name", id="a bare root"
        ),
        pytest.param(
            {"assets": {"VNQ": {"roots": 1}}}, r"roots: expected a list of tables with name, found 1", id="roots"
        ),
        pytest.param(
            {"assets": {"VNQ": {"roots": [{"name": "VNQ", "multiplier": 0}]}}},
            r"multiplier: expected a whole number from 1 on, found 0",
            id="multiplier",
        ),
        pytest.param(
            {"assets": {"VNQ": {"roots": [{"name": "VNQ", "multiplier": True}]}}},
            r"multiplier: expected a whole number from 1 on, found True",
            id="a flag for a multiplier",
        ),
        pytest.param(
            {"assets": {"VNQ": {"is_host": "no"}}}, r"is_host: expected true or false, found 'no'", id="is_host"
        ),
        pytest.param(
            {"assets": {"VXX": {"is_host": True}}}, r"is_host: expected false for volatility_etp", id="VXX held"
        ),
        pytest.param(
            {"assets": {"VNQ": {"profile_overrides": [1]}}}, r"expected a table of a profile's fields", id="list"
        ),
    ],
)
def test_what_is_unknown_is_named(document, told):
    with pytest.raises(ContractError, match=told):
        _extend(document)


def test_a_root_may_change_its_symbol():
    roots = [{"name": "SPXW", "tick_class": "index"}]
    weekly = {"SPXW": {"asset_class": "sp500_index", "wire_symbol": "_SPX", "roots": roots}}
    assert list(_extend({"assets": weekly, "include": ["VIX", "SPXW"]})) == ["VIX", "SPXW"]
    monthly = {"SPX": {"roots": [{"name": "SPX", "settlement": "AM"}]}}
    assert {"SPX", "SPXW"} <= set(_extend({"assets": monthly | weekly}))


def test_the_simulated_market_quotes_a_class_it_has_never_heard_of():
    asset = replace(DEFAULT_UNIVERSE["SCHD"], symbol="GLD", asset_class="commodity_etf")
    assert profile_of(asset, 442).level_usd > 0
