"""The universe: one declarative entry per symbol, and how a user's overrides are laid over it.

An entry says where a symbol's quotes are found, where its option roots are listed and how each settles, and which role
it plays. Adding a symbol is adding one line; nothing else in the code names symbols. Reading a TOML file is the
settings' business.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field, fields, replace
from types import MappingProxyType
from typing import Any

import pandas as pd

from alvh_core.declared_pairs import REFUSED_CLASSES, PairCandidate, checked_pairs, pairs_of_class, pairs_of_entry
from alvh_core.declared_rules import DeclaredRule, rules_of_class, rules_of_entry
from alvh_core.errors import ContractError
from alvh_core.params import LadderProfile, with_overrides

AM, PM = "AM", "PM"
SOQ = "SOQ"
SETTLEMENTS = (AM, PM, SOQ)
SEVERAL, CBOE = "several", "cboe"
LISTINGS = (SEVERAL, CBOE)

ASSET_CLASSES: dict[str, str] = {
    "sp500_index": "S&P 500 index",
    "nasdaq100_index": "Nasdaq-100 index",
    "russell2000_index": "Russell 2000 index",
    "index_etf": "Broad index ETFs",
    "sector_etf": "Sector ETFs",
    "reit_etf": "REIT ETFs",
    "emerging_etf": "Emerging-market ETFs",
    "crypto_etf": "Crypto-linked ETFs",
    "dividend_etf": "Dividend ETFs",
    "single_stock": "Single stocks",
    "volatility_etp": "Volatility products",
    "vix_index": "VIX options",
}
TICK_CLASSES = ("VIX", "VIXW", "index", "equity_penny_program", "SPY_QQQ_IWM", "equity_other")


@dataclass(frozen=True, kw_only=True)
class Root:
    """An option root: how its contracts settle, and where they are listed.

    Attributes
    ----------
    name : str
        OCC root symbol.
    settlement : {'AM', 'PM', 'SOQ'}
        AM and SOQ settle at 09:30 New York on the expiry date, PM at 16:00. SOQ is VIX's special opening quotation.
    multiplier : int
        Deliverable per contract. [units of the underlying]
    tick_class : str
        Row of the dated tick table.
    is_monthly : bool
        The root of standard monthly expiries only.
    listing : {'several', 'cboe'}
        The one exchange that lists it, under the name it publishes by; ``several`` also where nobody knows.
    """

    name: str
    settlement: str = PM
    multiplier: int = 100
    tick_class: str = "equity_penny_program"
    is_monthly: bool = False
    listing: str = SEVERAL


@dataclass(frozen=True, kw_only=True)
class Asset:
    """One symbol of the universe.

    Attributes
    ----------
    symbol, wire_symbol : str
        Our name and the vendor's (an index takes a leading underscore).
    asset_class : str
        Key of `ASSET_CLASSES`.
    roots : tuple of Root
        Every root its chain file may hold; any other root is rejected.
    vol_index : str, optional
        Index of volatility with a published history, e.g. ``VXN``.
    proxy : str, optional
        Symbol whose chain stands in for V3_NATIVE where this one has none.
    exercise : {'european', 'american'}
        Decides the intrinsic value.
    is_host : bool
        Something a desk holds and hedges. VIX and its wrappers are hedge chains only.
    profile_overrides : mapping
        Fields of the ladder profile replaced for this host.
    cik : int, optional
        Number of the company at the SEC; without one there are no fundamentals.
    rules : tuple of DeclaredRule, optional
        What may change the host's triggers; by default the rules of its class.
    pair_candidates : tuple of PairCandidate, optional
        What is tried beside the ladder; by default the candidates of its class.
    """

    symbol: str
    wire_symbol: str
    asset_class: str
    roots: tuple[Root, ...]
    vol_index: str | None = None
    proxy: str | None = None
    exercise: str = "american"
    is_host: bool = True
    profile_overrides: Mapping[str, Any] = field(default_factory=lambda: MappingProxyType({}), hash=False)
    cik: int | None = None
    rules: tuple[DeclaredRule, ...] | None = None
    pair_candidates: tuple[PairCandidate, ...] | None = None

    @property
    def is_index(self) -> bool:
        """Whether it is an index: nobody trades it, and its wire symbol has a leading underscore."""
        return self.wire_symbol.startswith("_")

    @property
    def listing(self) -> str:
        """The one exchange that lists all of its roots, or ``several``."""
        every = {root.listing for root in self.roots}
        return every.pop() if len(every) == 1 else SEVERAL

    @property
    def declared(self) -> tuple[DeclaredRule, ...]:
        """The rules of the entry, or those of its class."""
        return rules_of_class(self.asset_class) if self.rules is None else self.rules

    @property
    def pairs(self) -> tuple[PairCandidate, ...]:
        """The candidates of the entry, or those of its class."""
        return pairs_of_class(self.asset_class, self.symbol) if self.pair_candidates is None else self.pair_candidates


def _index(symbol: str, asset_class: str, weekly: str, vol_index: str, listing: str = SEVERAL, **more: Any) -> Asset:
    roots = (
        Root(name=symbol, settlement=AM, tick_class="index", is_monthly=True, listing=listing),
        Root(name=weekly, tick_class="index", listing=listing),
    )
    return Asset(symbol=symbol, wire_symbol=f"_{symbol}", asset_class=asset_class, roots=roots, vol_index=vol_index,
                 exercise="european", **more)  # fmt: skip


def _share(symbol: str, asset_class: str, tick_class: str = "equity_penny_program", **more: Any) -> Asset:
    root = Root(name=symbol, tick_class=tick_class)
    return Asset(symbol=symbol, wire_symbol=symbol, asset_class=asset_class, roots=(root,), **more)


def _shares(asset_class: str, *symbols: str, **more: Any) -> list[Asset]:
    return [_share(symbol, asset_class, **more) for symbol in symbols]


_VIX = Asset(
    symbol="VIX", wire_symbol="_VIX", asset_class="vix_index", vol_index="VVIX", exercise="european", is_host=False,
    roots=(Root(name="VIX", settlement=SOQ, tick_class="VIX", is_monthly=True, listing=CBOE),
           Root(name="VIXW", settlement=SOQ, tick_class="VIXW", listing=CBOE)),
)  # fmt: skip

_COMPANIES = {
    "AAPL": 320193, "MSFT": 789019, "NVDA": 1045810, "TSLA": 1318605, "JPM": 19617, "KO": 21344, "JNJ": 200406,
    "O": 726728, "PLD": 1045609,
}  # fmt: skip

DEFAULT_UNIVERSE: dict[str, Asset] = {
    asset.symbol: asset
    for asset in [
        _VIX,
        _index("SPX", "sp500_index", "SPXW", "VIX", listing=CBOE),
        _index("NDX", "nasdaq100_index", "NDXP", "VXN"),
        _index("RUT", "russell2000_index", "RUTW", "RVX", proxy="IWM"),
        *_shares("index_etf", "SPY", "QQQ", "IWM", tick_class="SPY_QQQ_IWM"),
        *_shares("sector_etf", "XLK", "XLF", "XLE"),
        *_shares("reit_etf", "VNQ", "IYR", tick_class="equity_other"),
        *_shares("emerging_etf", "EEM"),
        *_shares("crypto_etf", "IBIT", "BITO", "ETHA"),
        *_shares("volatility_etp", "VXX", "UVXY", is_host=False),
        *(_share(symbol, "single_stock", cik=cik) for symbol, cik in _COMPANIES.items()),
        *_shares("dividend_etf", "SCHD", "VYM", "DVY", tick_class="equity_other"),
    ]
}

_DEFAULTS = LadderProfile(name="defaults", version="", source="")  # overrides are tried out on it, and named at once
_ASSET_KEYS = {f.name for f in fields(Asset)} - {"symbol"}
_ROOT_KEYS = {f.name for f in fields(Root)}
_KINDS: dict[str, tuple[type, str]] = {  # what has no entry is checked where it is read
    **dict.fromkeys(("wire_symbol", "vol_index", "proxy", "name"), (str, "a text")),
    **dict.fromkeys(("is_host", "is_monthly"), (bool, "true or false")),
    "assets": (Mapping, "a table of symbols"), "multiplier": (int, "a whole number from 1 on"),
    "roots": (list, "a list of tables with name"),
}  # fmt: skip
_CHOICES = {"exercise": ("european", "american")}


def hosts(universe: Mapping[str, Asset]) -> list[Asset]:
    """Return the assets a desk holds and hedges, in universe order."""
    return [asset for asset in universe.values() if asset.is_host]


def based_on_vix(universe: Mapping[str, Asset]) -> list[str]:
    """Return the symbols whose basis to VIX is measured: hosts, and the wrappers that ladders are bought in."""
    return [asset.symbol for asset in universe.values() if asset.is_host or asset.asset_class == "volatility_etp"]


def option_roots(universe: Mapping[str, Asset]) -> pd.DataFrame:
    """Return ``underlying``, ``root`` and ``settlement`` of every option root."""
    rows = [(asset.symbol, root.name, root.settlement) for asset in universe.values() for root in asset.roots]
    return pd.DataFrame(rows, columns=["underlying", "root", "settlement"])


def cash_indices(universe: Mapping[str, Asset]) -> set[str]:
    """Return the indices: their options are exercised in the European way, in cash."""
    return {asset.symbol for asset in universe.values() if asset.exercise == "european"}


def extend_universe(document: Mapping[str, Any], where: str) -> dict[str, Asset]:
    """Lay a user's ``[assets.SYMBOL]`` tables over the built-in universe.

    Parameters
    ----------
    document : mapping
        Parsed TOML: ``include`` (list of symbols to keep, optional), ``asset_classes`` (list of classes besides the
        built-in ones, optional) and ``assets`` (symbol to table).
    where : str
        File name, for the messages.

    Raises
    ------
    ContractError
        A key, a choice or a symbol is not known, a value cannot be, two symbols share an option root, or nothing is
        left to hedge or to hedge with; the message names it.
    """
    _known(document, {"include", "assets", "asset_classes"}, where)
    for name in {"include", "asset_classes"} & set(document):
        named = document[name]  # a text would be read letter by letter
        if not isinstance(named, list) or not all(isinstance(each, str) for each in named):
            raise ContractError(f"{where}: {name}: expected a list of names, found {named!r}")
    classes = (*ASSET_CLASSES, *document.get("asset_classes", ()))
    result, own = dict(DEFAULT_UNIVERSE), document.get("assets", {})
    for symbol, table in own.items():
        result[symbol] = _asset(symbol, result.get(symbol), table, classes, f"{where}: assets.{symbol}")
    if "include" in document:
        for symbol in document["include"]:
            if symbol not in result:
                raise ContractError(f"{where}: include names {symbol!r}, which is neither built in nor under [assets]")
        result = {symbol: result[symbol] for symbol in document["include"]}
    named = {symbol: asset.asset_class for symbol, asset in result.items()}
    for symbol in own.keys() & named.keys():
        if own[symbol].get("proxy") not in {None, *result}:
            raise ContractError(f"{where}: assets.{symbol}.proxy: no symbol {own[symbol]['proxy']!r} in the universe; "
                                "add it under [assets], or to include")  # fmt: skip
        checked_pairs(symbol, result[symbol].pair_candidates or (), named, f"{where}: assets.{symbol}.pair_candidates")
    _one_owner_per_root(result, where)
    _something_to_hedge(result, where)
    return result


def _something_to_hedge(universe: Mapping[str, Asset], where: str) -> None:
    """Refuse a universe that has no ladder, or none that could ever be bought."""
    if _VIX.symbol not in universe:
        raise ContractError(f"{where}: include: expected {_VIX.symbol}, in whose calls ladders are bought, found only "
                            f"{', '.join(universe) or 'nothing'}; add it")  # fmt: skip
    if not hosts(universe):
        raise ContractError(f"{where}: expected a host at least, something held and hedged, found only "
                            f"{', '.join(universe)}; add one to include, or let its is_host be true")  # fmt: skip


def _one_owner_per_root(universe: Mapping[str, Asset], where: str) -> None:
    """Refuse contracts that would count twice: rows are known by OCC symbol, and shards do not see one another's."""
    owners: dict[str, str] = {}
    for symbol, asset in universe.items():
        for root in asset.roots:
            if (owner := owners.setdefault(root.name, symbol)) != symbol:
                raise ContractError(f"{where}: expected every option root under one symbol, found {root.name!r} under "
                                    f"assets.{owner} and assets.{symbol}; leave one out by include, or change its "
                                    "roots")  # fmt: skip


def _asset(symbol: str, base: Asset | None, table: Mapping[str, Any], classes: tuple[str, ...], where: str) -> Asset:
    _known(table, _ASSET_KEYS, where)
    values = dict(table)
    for key, allowed in (_CHOICES | {"asset_class": classes}).items():
        if key in values and values[key] not in allowed:
            raise ContractError(f"{where}.{key}: expected one of {', '.join(allowed)}, found {values[key]!r}")
    for key, declared in (("roots", _roots), ("rules", rules_of_entry), ("pair_candidates", pairs_of_entry)):
        if key in values:
            values[key] = declared(values[key], f"{where}.{key}")
    if not _is_cik(values.get("cik", 1)):
        raise ContractError(f"{where}.cik: expected a whole number of up to ten digits, found {values['cik']!r}")
    if "profile_overrides" in values:
        with_overrides(_DEFAULTS, values["profile_overrides"], f"{where}.profile_overrides")
    made_of = values.get("asset_class", base.asset_class if base else "")
    if made_of in REFUSED_CLASSES and values.get("is_host", base is not None and base.is_host):
        raise ContractError(f"{where}.is_host: expected false for {made_of}, found true; what is made of VIX is bought "
                            "as a hedge, not hedged")  # fmt: skip
    if base is not None:
        return replace(base, **values)
    if "asset_class" not in values:
        raise ContractError(f"{where}: a new symbol needs asset_class, one of {', '.join(classes)}")
    of_vix = values["asset_class"] in REFUSED_CLASSES
    defaults: dict[str, Any] = {"wire_symbol": symbol, "roots": (Root(name=symbol),), "is_host": not of_vix}
    return Asset(symbol=symbol, **(defaults | values))


def _is_cik(value: object) -> bool:
    return isinstance(value, int) and not isinstance(value, bool) and 0 < value < 10**10


def _roots(tables: list[Any], where: str) -> tuple[Root, ...]:
    if not tables:
        raise ContractError(f"{where}: expected at least one root, found none")
    return tuple(_root(table, f"{where}[{at}]") for at, table in enumerate(tables))


def _root(table: Mapping[str, Any], where: str) -> Root:
    _known(table, _ROOT_KEYS, where)
    if "name" not in table:
        raise ContractError(f"{where}: a root needs a name")
    for key, allowed in (("settlement", SETTLEMENTS), ("tick_class", TICK_CLASSES), ("listing", LISTINGS)):
        if key in table and table[key] not in allowed:
            raise ContractError(f"{where}.{key}: expected one of {', '.join(allowed)}, found {table[key]!r}")
    if table.get("multiplier", 1) < 1:
        raise ContractError(f"{where}.multiplier: expected {_KINDS['multiplier'][1]}, found {table['multiplier']!r}")
    return Root(**table)


def _known(table: Mapping[str, Any], allowed: set[str], where: str) -> None:
    if not isinstance(table, Mapping):
        raise ContractError(f"{where}: expected a table of {', '.join(sorted(allowed))}, found {table!r}")
    for key, value in table.items():
        if key not in allowed:
            raise ContractError(f"{where}: unknown key {key!r}; expected one of {', '.join(sorted(allowed))}")
        kind, told = _KINDS.get(key, (object, ""))
        is_other = isinstance(value, bool) and kind is int  # which Python counts as whole numbers
        if not isinstance(value, kind) or is_other or (kind is str and not value):
            raise ContractError(f"{where}.{key}: expected {told}, found {value!r}")
