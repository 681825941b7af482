"""What a column and a table are, and the one registry of columns.

Topics declare their columns and tables in modules beside this one; a name is declared once and means the same
everywhere. No column and no table is declared here.
"""

from collections.abc import Iterable
from dataclasses import dataclass, replace

from alvh_core.errors import ContractError

LAKE, WAREHOUSE = "lake", "warehouse"
NIGHT = ("trade_date", "source_mode")
NIGHT_LADDER = (*NIGHT, "host", "variant", "hedge_symbol", "profile")


@dataclass(frozen=True, kw_only=True)
class ColumnSpec:
    """One column.

    Attributes
    ----------
    name : str
        Unit at the end: ``_usd``, ``_frac``, ``_vol``, ``_days``, ``_count``, ``_date``, ``_at_utc`` ...
    dtype : str
        date, timestamp, str, category (a string of few values), float, int or bool.
    unit : str
        In words; empty for names and flags.
    minimum, maximum : float, optional
        Closed range of legal values. Out of range is a row-level fault.
    allowed : tuple of str
        Legal values of a category; empty means free.
    description, source : str
        For the data dictionary.
    """

    name: str
    dtype: str
    unit: str = ""
    minimum: float | None = None
    maximum: float | None = None
    allowed: tuple[str, ...] = ()
    description: str = ""
    source: str = ""


COLUMNS: dict[str, ColumnSpec] = {}


def column(name: str, dtype: str, description: str, unit: str = "", *, low: float | None = None,
           high: float | None = None, allowed: tuple[str, ...] = (), source: str = "") -> None:  # fmt: skip
    """Declare a column; see `ColumnSpec`.

    Raises
    ------
    ContractError
        The name is taken.
    """
    if name in COLUMNS:
        raise ContractError(f"column {name}: expected a name that is not taken, found it declared before")
    COLUMNS[name] = ColumnSpec(name=name, dtype=dtype, unit=unit, minimum=low, maximum=high, allowed=allowed,
                               description=description, source=source)  # fmt: skip


@dataclass(frozen=True, kw_only=True)
class TableSpec:
    """One table.

    Attributes
    ----------
    name : str
        ``layer_source__grain_subject``.
    key : tuple of str
        Columns that identify a row; never null.
    values : tuple of str
        The other columns. A trailing ``?`` marks a column that may be null.
    home : {'lake', 'warehouse'}
        Parquet or SQL.
    description : str
        For the data dictionary.
    """

    name: str
    key: tuple[str, ...]
    values: tuple[str, ...]
    home: str = WAREHOUSE
    description: str = ""

    @property
    def columns(self) -> tuple[ColumnSpec, ...]:
        """Specs of all columns, keys first."""
        return tuple(COLUMNS[name] for name in self.names)

    @property
    def names(self) -> tuple[str, ...]:
        """Names of all columns, keys first."""
        return self.key + tuple(name.rstrip("?") for name in self.values)

    def only(self, names: Iterable[str]) -> "TableSpec":
        """Return the table as far as some of its columns go."""
        kept = frozenset(names)
        return replace(self, key=tuple(name for name in self.key if name in kept),
                       values=tuple(name for name in self.values if name.rstrip("?") in kept))  # fmt: skip

    def is_nullable(self, name: str) -> bool:
        """Whether a column may hold nulls."""
        return f"{name}?" in self.values
