"""Rules that a universe entry declares: what may change a host's triggers, with which parameters.

Declarations only; what a rule says tonight is `alvh_core.host_rules`. A rule that is not enabled is told every night
and changes nothing.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from alvh_core.errors import ContractError
from alvh_core.keys import repeated
from alvh_core.params import LAYERS
from alvh_core.registry.rules import RULE_NAMES

RSI_MODES = ("oversold_earlier", "overbought_earlier")  # the publisher uses both signs: both are registered beforehand


@dataclass(frozen=True, kw_only=True)
class DeclaredRule:
    """One rule of a host.

    Attributes
    ----------
    kind : str
        One of `RULE_NAMES`.
    is_enabled : bool
        Whether it may change what the ladder does.
    layers : tuple of int
        Layers it speaks to; ``macd_cross`` to those above the first only.
    mode : str
        For ``rsi_percentile``: which end of the range lowers the levels.
    alpha : float
        For ``rsi_percentile``: how far the levels move, ``L (1 - alpha z)`` with z from -1 to 1. 0 moves nothing;
        from 1 on a level would be 0 or less, so it is below.
    floor_vol_points : float
        For ``macd_cross``: no layer arms below this VIX close. [VIX points]
    recent_sessions : int
        For ``macd_cross``: how long a bearish cross counts. [sessions]
    """

    kind: str
    is_enabled: bool = False
    layers: tuple[int, ...] = LAYERS
    mode: str = RSI_MODES[0]
    alpha: float = 0.0
    floor_vol_points: float = 18.0
    recent_sessions: int = 5


_RANGES = {"alpha": (0.0, 0.99), "floor_vol_points": (0.0, 200.0), "recent_sessions": (1, 252)}  # both ends allowed
_LAYERS_OF: dict[str, tuple[int, ...]] = {
    "macd_cross": (2, 3)
}  # the first layer is the index's: what waits for it would never arm
_EVERY = (DeclaredRule(kind="rsi_percentile"), DeclaredRule(kind="ad_correlation"),
          DeclaredRule(kind="event_window", is_enabled=True))  # fmt: skip
_OF_CLASS = {
    "reit_etf": (DeclaredRule(kind="macd_cross", is_enabled=True, layers=(2, 3)),),
    "crypto_etf": (DeclaredRule(kind="macro_context"),),
}


def rules_of_class(asset_class: str) -> tuple[DeclaredRule, ...]:
    """Return the rules that a host of an asset class has unless its entry says otherwise."""
    return (*_EVERY, *_OF_CLASS.get(asset_class, ()))


def rules_of_entry(tables: object, where: str) -> tuple[DeclaredRule, ...]:
    """Return the rules of a TOML entry: ``rules = [{kind = "macd_cross", is_enabled = true, layers = [2, 3]}]``.

    Raises
    ------
    ContractError
        A key or a kind is not known, a value cannot be, or a layer is spoken to twice; the message names it.
    """
    if not isinstance(tables, list | tuple) or not all(isinstance(table, Mapping) for table in tables):
        raise ContractError(f"{where}: expected a list of tables with kind, found {tables!r}")
    rules = tuple(_read(table, f"{where}[{at}]") for at, table in enumerate(tables))
    for kind, layer in repeated((rule.kind, layer) for rule in rules for layer in rule.layers):
        raise ContractError(f"{where}: expected one word of each rule to each layer, found {kind} for layer {layer} "
                            "twice; leave one out")  # fmt: skip
    return rules


def _read(table: Mapping[str, Any], where: str) -> DeclaredRule:
    expected: dict[str, Any] = {"kind": str, "is_enabled": bool, "layers": list, "mode": str, "alpha": (int, float),
                                "floor_vol_points": (int, float), "recent_sessions": int}  # fmt: skip
    for key, value in table.items():
        if key not in expected:
            raise ContractError(f"{where}: unknown key {key!r}; expected one of {', '.join(expected)}")
        if not isinstance(value, expected[key]) or (key != "is_enabled" and isinstance(value, bool)):
            raise ContractError(f"{where}.{key}: expected another kind of value, found {value!r}")
    for key, allowed in (("kind", RULE_NAMES), ("mode", RSI_MODES)):
        if table.get(key, allowed[0]) not in allowed or (key == "kind" and key not in table):
            raise ContractError(f"{where}.{key}: expected one of {', '.join(allowed)}, found {table.get(key)!r}")
    for key, (low, high) in _RANGES.items():
        if not low <= table.get(key, low) <= high:
            raise ContractError(f"{where}.{key}: expected from {low:g} to {high:g}, found {table[key]!r}")
    own = _LAYERS_OF.get(table["kind"], LAYERS)
    layers = table.get("layers", own)
    if not layers or any(type(layer) is not int or layer not in own for layer in layers):
        raise ContractError(f"{where}.layers: expected layers among {own}, found {layers!r}")
    return DeclaredRule(**{**table, "layers": tuple(layers)})
