"""The schedule that comes with the package: public-domain dates, the last resort where no office has answered.

``macro_schedule.csv`` says of every date from when it may be used, so that a replay of an earlier night does not know
it. A newer one is a newer file.
"""

import csv
import hashlib
import io
from datetime import date
from functools import cache
from pathlib import Path

import pandas as pd

from alvh_core.macro.events import Event, listed
from alvh_core.macro.history import KNOWN_FROM

FILE = Path(__file__).with_name("macro_schedule.csv")


@cache
def packaged_schedule() -> pd.DataFrame:
    """Return the packaged dates.

    Returns
    -------
    DataFrame
        From `alvh_core.macro.events.listed`, with ``known_from_date`` and ``payload_sha256``.
    """
    body = FILE.read_bytes()
    rows = list(csv.DictReader(io.StringIO(body.decode("utf-8"))))
    lines = [
        Event(kind=row["event_type"], day=date.fromisoformat(row["event_date"]), period=row["event_period"],
              title=f"packaged schedule of {row['known_from_date']}", source="packaged") for row in rows
    ]  # fmt: skip
    frame = listed(lines)
    known = pd.to_datetime(pd.Series([rows[at]["known_from_date"] for at in frame["row_position"]]))
    return frame.assign(**{KNOWN_FROM: known}, payload_sha256=hashlib.sha256(body).hexdigest())
