"""What contracts traded on earlier nights, out of the quotes of those nights in the lake."""

from collections.abc import Mapping, Sequence
from contextlib import suppress
from datetime import date
from functools import lru_cache
from pathlib import Path
from typing import Any

import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc

from alvh_core.schemas import OPTION_QUOTES
from alvh_core.volumes import READ, SESSIONS
from tasks.lake.tables import LakeTables


def volumes_of(root: str | Path, source_mode: str, nights: Mapping[date, Any], symbols: Sequence[str]) -> pd.DataFrame:
    """Return the volumes of some contracts on some nights.

    Parameters
    ----------
    root : str or Path
        Folder or address of the lake.
    source_mode : str
    nights : mapping of date
        The nights, and when each was computed last: a night that was computed again is read again.
    symbols : sequence of str

    Returns
    -------
    DataFrame
        `READ`, one row per contract and night that quoted it; a night whose quotes are not in the lake has none.
    """
    wanted = pa.array(symbols, pa.string())
    found = []
    for day, computed in nights.items():
        with suppress(FileNotFoundError):
            found.append(_volumes(str(root), source_mode, day, computed))
    parts = [part.filter(pc.is_in(part["osi_symbol"], value_set=wanted)) for part in found]
    none = pa.schema([("osi_symbol", pa.string()), ("volume_count", pa.float64())])
    frame: pd.DataFrame = pa.concat_tables([none.empty_table(), *parts]).to_pandas()
    return frame


@lru_cache(maxsize=SESSIONS)  # night after night in one process, 19 of 20 are those of the night before; errors are not
def _volumes(root: str, source_mode: str, day: date, computed: Any) -> pa.Table:
    return LakeTables(root, source_mode, day).columns_of(OPTION_QUOTES, READ)
