"""Rules as data: what a frame must satisfy, and what a breach takes out.

A rule names its kind and columns; how a kind is evaluated is `expectations.engine`'s business. The rules every table
has are derived here from its registry entry. Which rules a dataset has on top is said in `expectations.suites`.
"""

import sys
from collections.abc import Mapping
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import Any

from alvh_core.columns import COLUMNS, SEVERITIES, ColumnSpec
from alvh_core.errors import ContractError
from alvh_core.registry.spec import TableSpec
from expectations.laws import LAWS

KINDS = ("row_count", "not_null", "between", "in_set", "matches", "unique", "at_least", "law")
ROW_COUNT = "ROW_COUNT"  # the one rule that is about all rows together
LOOK_AHEAD = "What became known after the night would be look-ahead in every replay."
OSI_PATTERN = r"^[A-Z0-9 ]{6}\d{6}[CP]\d{8}$"
_PATTERNS = {"osi_symbol": OSI_PATTERN}


@dataclass(frozen=True, kw_only=True)
class Rule:
    """One rule.

    Attributes
    ----------
    name : str
        Stable reason code, e.g. ``CROSSED``; unique together with the columns.
    kind : str
        One of `KINDS`. Nulls pass every kind but ``not_null``; in a key of several columns a null counts as a value;
        a law says itself what nulls mean.
    columns : tuple of str
        What the rule looks at; empty for ``row_count``.
    text : str
        The rule as a reader would say it, e.g. ``ask_usd >= bid_usd``.
    severity : {'row', 'expiry', 'underlying', 'night'}
        What a breach takes out.
    why : str
        The reason for the rule, in one sentence; a test asks every rule of every suite for it.
    arguments : Mapping
        Bounds, legal values, pattern or the law and its settings, by kind.
    """

    name: str
    kind: str
    columns: tuple[str, ...]
    text: str
    severity: str = "row"
    why: str = ""
    arguments: Mapping[str, Any] = field(default_factory=dict)

    def __post_init__(self) -> None:
        """Refuse a kind or severity that nobody would evaluate."""
        if self.kind not in KINDS or self.severity not in SEVERITIES:
            raise ContractError(f"rule {self.name}: unknown kind {self.kind!r} or severity {self.severity!r}")
        object.__setattr__(self, "arguments", MappingProxyType(dict(self.arguments)))

    @property
    def reason(self) -> str:
        """Code and rule, e.g. ``CROSSED: ask_usd >= bid_usd``."""
        return f"{self.name}: {self.text}"

    @property
    def column(self) -> str:
        """The columns as one name; ``*`` for a rule about the whole frame."""
        return ",".join(self.columns) or "*"


@dataclass(frozen=True, kw_only=True)
class Suite:
    """The rules of one dataset.

    Attributes
    ----------
    dataset : str
    rules : tuple of Rule
        No two with the same name and columns: they are keys of ``meta_validations``.
    """

    dataset: str
    rules: tuple[Rule, ...]

    def __post_init__(self) -> None:
        """Refuse two rules that the report could not tell apart."""
        keys = [(rule.name, rule.column) for rule in self.rules]
        twice = sorted({key for key in keys if keys.count(key) > 1})
        if twice:
            raise ContractError(f"suite {self.dataset}: rules {twice} occur twice; give one another name")

    @property
    def columns(self) -> tuple[str, ...]:
        """Columns the rules look at, in order of appearance."""
        return tuple(dict.fromkeys(name for rule in self.rules for name in rule.columns))


def row_count(minimum: int, severity: str = "night") -> Rule:
    """Return the rule that the frame has at least so many rows; without it an empty frame passes everything."""
    return Rule(name=ROW_COUNT, kind="row_count", columns=(), text=f"at least {minimum} rows", severity=severity,
                why="Without it an empty frame would pass every other rule.",
                arguments={"minimum": minimum})  # fmt: skip


def not_null(column: str, severity: str = "row", *, why: str = "") -> Rule:
    """Return the rule that a column has no nulls."""
    return Rule(name="NOT_NULL", kind="not_null", columns=(column,), text=f"{column} is present", severity=severity,
                why=why or _of_registry(column, "every row of the table needs it"))  # fmt: skip


def between(column: str, low: float | None, high: float | None, severity: str = "row", *, name: str = "OUT_OF_RANGE",
            is_below: bool = False, why: str = "", text: str = "") -> Rule:  # fmt: skip
    """Return the rule that values lie in a closed range; an open side still excludes infinity.

    Parameters
    ----------
    column : str
    low, high : float, optional
    severity, name, why, text : str
    is_below : bool
        The upper bound itself is out.
    """
    sides = [
        f">= {low:g}" if low is not None else "",
        f"{'<' if is_below else '<='} {high:g}" if high is not None else "",
    ]
    text = text or " and ".join(f"{column} {side}" for side in sides if side)
    arguments = {
        "low": -sys.float_info.max if low is None else low,
        "high": sys.float_info.max if high is None else high,
        "is_below": is_below,
    }
    return Rule(name=name, kind="between", columns=(column,), text=text, severity=severity, arguments=arguments,
                why=why or _of_registry(column, "no market or vendor means a value outside this range"))  # fmt: skip


def in_set(column: str, allowed: tuple[str, ...], severity: str = "row", *, name: str = "NOT_ALLOWED",
           why: str = "", text: str = "") -> Rule:  # fmt: skip
    """Return the rule that values are among the legal ones."""
    text = text or f"{column} is {' or '.join(allowed)}"
    return Rule(name=name, kind="in_set", columns=(column,), text=text, severity=severity,
                why=why or _of_registry(column, "a word outside its vocabulary has no meaning to any reader"),
                arguments={"allowed": allowed})  # fmt: skip


def matches(column: str, pattern: str, severity: str = "row", *, why: str = "") -> Rule:
    """Return the rule that strings match a pattern."""
    return Rule(name="PATTERN", kind="matches", columns=(column,), text=f"{column} matches {pattern}",
                severity=severity, why=why or _of_registry(column, "other layouts would be read as something else"),
                arguments={"pattern": pattern})  # fmt: skip


def unique(columns: tuple[str, ...], severity: str = "row") -> Rule:
    """Return the rule that no two rows agree in all the columns; every row of a repeated key is a fault."""
    text = f"{', '.join(columns)} occurs once"
    why = "A key that occurs twice would count one thing twice, or let the later copy win by chance."
    return Rule(name="DUPLICATE_KEY", kind="unique", columns=columns, text=text, severity=severity, why=why)


def at_least(name: str, larger: str, smaller: str, severity: str = "row", *, why: str = "") -> Rule:
    """Return the rule that one column is not below another, where both are present; numbers or dates."""
    return Rule(name=name, kind="at_least", columns=(larger, smaller), text=f"{larger} >= {smaller}", severity=severity,
                why=why)  # fmt: skip


def law(name: str, function: str, columns: tuple[str, ...], text: str, severity: str = "row", *, why: str = "",
        **settings: Any) -> Rule:  # fmt: skip
    """Return the rule that every row obeys a function of `expectations.laws`.

    Parameters
    ----------
    name : str
        Reason code.
    function : str
        Key of `expectations.laws.LAWS`.
    columns : tuple of str
        At least two, in the order the law takes them.
    text, severity, why : str
    **settings
        Keyword arguments of the law: numbers or strings.

    Raises
    ------
    ContractError
        There is no such law.
    """
    if function not in LAWS:
        raise ContractError(f"rule {name}: no law {function!r}; there are {', '.join(sorted(LAWS))}")
    return Rule(name=name, kind="law", columns=columns, text=text, severity=severity, why=why,
                arguments={"law": function, "settings": settings})  # fmt: skip


def _of_registry(column: str, reason: str) -> str:
    """Word the reason of a rule that follows from a column's declaration."""
    meaning = COLUMNS[column].description if column in COLUMNS else ""
    is_acronym = meaning[:2].isupper()
    told = meaning if is_acronym else f"{meaning[:1].lower()}{meaning[1:]}"
    return f"{column}{f' ({told})' if told else ''}: {reason}."


def registry_rules(table: TableSpec, severity: str = "row", *, min_rows: int = 1, empty_severity: str = "night",
                   no_range: tuple[str, ...] = (), extra_key: tuple[str, ...] = ()) -> tuple[Rule, ...]:  # fmt: skip
    """Return the rules that follow from a table's registry entry.

    Parameters
    ----------
    table : TableSpec
    severity : str
        Of all rules but the row count.
    min_rows : int
        Fewer rows break the row-count rule.
    empty_severity : str
        Severity of the row-count rule.
    no_range : tuple of str
        Columns whose range is not enforced.
    extra_key : tuple of str
        Added to the key that must be unique.

    Returns
    -------
    tuple of Rule
    """
    rules = [row_count(min_rows, empty_severity)]
    for spec in table.columns:
        if not table.is_nullable(spec.name):
            rules.append(not_null(spec.name, severity))
        rules.extend(_value_rules(spec, severity, spec.name not in no_range))
    return (*rules, unique((*table.key, *extra_key), severity))


def _value_rules(spec: ColumnSpec, severity: str, has_range: bool) -> list[Rule]:
    rules = []
    if has_range and (spec.minimum is not None or spec.maximum is not None):
        rules.append(between(spec.name, spec.minimum, spec.maximum, severity))
    if spec.allowed:
        rules.append(in_set(spec.name, spec.allowed, severity))
    if spec.name in _PATTERNS:
        rules.append(matches(spec.name, _PATTERNS[spec.name], severity))
    return rules
