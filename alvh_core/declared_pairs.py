"""Instruments that a universe entry declares to be tried beside the ladder: the candidates of a pairing.

Declarations only; whether one earns its place is `alvh_core.costs.pairing`. The built-in universe has no bars of
gold, Treasuries or the dollar, so the defaults are its own ETFs: short what falls with everything, energy either way.
"""

from collections.abc import Mapping
from dataclasses import dataclass

from alvh_core.errors import ContractError
from alvh_core.keys import repeated

DIRECTIONS = (1, -1)
REFUSED_CLASSES = ("volatility_etp", "vix_index")  # the ladder's own instrument, or a wrapper of it


@dataclass(frozen=True, kw_only=True)
class PairCandidate:
    """One instrument that may be held beside a smaller ladder.

    Attributes
    ----------
    symbol : str
        Of the universe; its closes are the night's.
    direction : {1, -1}
        Bought or sold short.
    """

    symbol: str
    direction: int = 1


_EVERY = (PairCandidate(symbol="IWM", direction=-1), PairCandidate(symbol="EEM", direction=-1),
          PairCandidate(symbol="XLE", direction=-1), PairCandidate(symbol="XLE"))  # fmt: skip
_OF_CLASS = {
    "reit_etf": (PairCandidate(symbol="XLF", direction=-1),),
    "crypto_etf": (PairCandidate(symbol="QQQ", direction=-1),),
}


def pairs_of_class(asset_class: str, symbol: str) -> tuple[PairCandidate, ...]:
    """Return the candidates of a host of an asset class unless its entry says otherwise; never the host itself."""
    return tuple(each for each in (*_EVERY, *_OF_CLASS.get(asset_class, ())) if each.symbol != symbol)


def pairs_of_entry(tables: object, where: str) -> tuple[PairCandidate, ...]:
    """Return the candidates of a TOML entry: ``pair_candidates = [{symbol = "GLD", direction = 1}]``.

    Raises
    ------
    ContractError
        A key or a value is not known, or a candidate is there twice; the message names it.
    """
    if not isinstance(tables, list | tuple) or not all(isinstance(table, Mapping) for table in tables):
        raise ContractError(f"{where}: expected a list of tables with symbol, found {tables!r}")
    pairs = tuple(_candidate(table, f"{where}[{at}]") for at, table in enumerate(tables))
    for symbol, direction in repeated((each.symbol, each.direction) for each in pairs):
        raise ContractError(f"{where}: expected every candidate once, found {symbol!r}, direction {direction}, twice")
    return pairs


def _candidate(table: Mapping[str, object], where: str) -> PairCandidate:
    for key in table:
        if key not in {"symbol", "direction"}:
            raise ContractError(f"{where}: unknown key {key!r}; expected symbol or direction")
    symbol, direction = table.get("symbol"), table.get("direction", 1)
    if not isinstance(symbol, str) or not symbol:
        raise ContractError(f"{where}.symbol: expected a symbol of the universe, found {symbol!r}")
    if not isinstance(direction, int) or isinstance(direction, bool) or direction not in DIRECTIONS:
        raise ContractError(f"{where}.direction: expected 1 (bought) or -1 (sold short), found {direction!r}")
    return PairCandidate(symbol=symbol, direction=direction)


def checked_pairs(symbol: str, pairs: tuple[PairCandidate, ...], classes: Mapping[str, str], where: str) -> None:
    """Refuse candidates that are unknown, or the same instrument as the host or the ladder.

    Parameters
    ----------
    symbol : str
        The host.
    pairs : tuple of PairCandidate
    classes : mapping of str to str
        Asset class by symbol, of the whole universe.
    where : str
        For the message.

    Raises
    ------
    ContractError
    """
    for at, each in enumerate(pairs):
        place = f"{where}[{at}].symbol"
        if each.symbol not in classes:
            raise ContractError(f"{place}: no symbol {each.symbol!r} in the universe; add it under [assets], "
                                "or to include")  # fmt: skip
        if each.symbol == symbol or classes[each.symbol] in REFUSED_CLASSES:
            raise ContractError(f"{place}: expected an instrument that is neither the host nor made of VIX, found "
                                f"{each.symbol!r}; what is the same as one of the two pairs nothing")  # fmt: skip
