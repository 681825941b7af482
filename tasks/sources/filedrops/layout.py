"""What every layout of a dropped file is: the columns it is known by, how a file is cut, how a part is read.

No vendor's columns here, and no store.
"""

from dataclasses import dataclass
from datetime import date
from typing import Protocol

import numpy as np
import pandas as pd
import pyarrow as pa

from alvh_core.quotes import WIRE_NUMBERS
from alvh_core.sessions import TradingCalendar
from alvh_core.universe import Asset
from tasks.sources.source import Chain

SCHEME = "import://drops/"
NULLS = ("", ".", "--", "-", "N/A", "NaN", "nan", "null", "NULL")
SENTINELS = (-999.0, -99.99)  # how vendors write that there is no volatility or delta


@dataclass(frozen=True, kw_only=True)
class Part:
    """One chain of a file: the vendor's bytes of one underlying and, where the file says so, one day.

    Attributes
    ----------
    symbol : str
        The vendor's; empty where the file does not say.
    body : bytes
        In the layout of the file, so that the archive can be read again by the same parser.
    """

    symbol: str
    body: bytes


@dataclass(frozen=True, kw_only=True)
class Drop(Chain):
    """A chain from a file, and the day that the file itself says it is."""

    claimed: date


class Layout(Protocol):
    """A kind of file.

    Attributes
    ----------
    name : str
    needs : tuple of str
        Columns, or keys, without which a file is another one. Names are stripped of blanks and brackets.
    has_symbol : bool
        Whether the file says whose options it holds.
    """

    @property
    def name(self) -> str:
        """Name of the layout."""

    @property
    def needs(self) -> tuple[str, ...]:
        """Columns it is known by."""

    def split(self, body: bytes, where: str) -> list[Part]:
        """Cut a file into chains."""

    def read(self, body: bytes, asset: Asset, url: str, calendar: TradingCalendar) -> Drop:
        """Read one chain of such a file."""


def drop_url(symbol: str) -> str:
    """Address that an imported chain has in the archive; it names no host, for nobody can be asked."""
    return f"{SCHEME}{symbol}"


def plain_symbol(text: str) -> str:
    """Return a vendor's symbol without the mark that it is an index, and without dots."""
    return text.strip().lstrip("^$_").upper().replace(".", "").replace("/", "")


def numbers(values: pd.Series) -> pd.Series:
    """Return finite numbers; what is none becomes NaN, and validation sees it in its row."""
    texts = values.astype("str").tolist()  # a short float as printed
    stripped = np.array([str(text).strip() for text in texts], dtype=object)
    found = np.asarray(pd.to_numeric(stripped, errors="coerce"), dtype=np.float64)
    return pd.Series(np.where(np.isfinite(found), found, np.nan), index=values.index, name=values.name)


def wire_table(symbol: str, option: pd.Series, values: pd.DataFrame) -> pa.Table:
    """Return wire columns of one chain; a column that the layout lacks is null.

    Parameters
    ----------
    symbol : str
        Ours.
    option : Series of str
        Unpadded OCC symbols, or what stands in their place.
    values : DataFrame
        Some of `WIRE_NUMBERS`.
    """
    n_rows = len(option)
    name = pa.DictionaryArray.from_arrays(pa.array(np.zeros(n_rows, dtype="int32")), pa.array([symbol]))
    columns = {"underlying": name, "row_position": pa.array(np.arange(n_rows)),
               "option": pa.array(option.astype("object").tolist(), pa.string())}  # fmt: skip
    for field in WIRE_NUMBERS:
        column = numbers(values[field]) if field in values else pd.Series(float("nan"), index=range(n_rows))
        if field in {"iv", "delta"}:
            column = column.where(~column.isin(SENTINELS))
        columns[field] = pa.array(column.to_numpy(), pa.float64(), from_pandas=True)
    return pa.table(columns)
