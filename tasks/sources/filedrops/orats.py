"""ORATS SMV strikes: call and put of a strike in one row; the one delta is the call's.

For VIX ``stkPx`` is the matching future and ``spot_px`` the index. Quotes are of about 14 minutes before the close
(not verified). Dates are of either fashion.
"""

from datetime import timedelta

import pandas as pd

from tasks.sources.filedrops.layout import numbers
from tasks.sources.filedrops.rows import CALL, PUT, RowLayout, Snapshot


def _put_delta(frame: pd.DataFrame) -> pd.DataFrame:
    return frame.assign(_put_delta=numbers(frame["delta"]) - 1.0)


def _side(letter: str, delta: str) -> dict[str, str]:
    return {"bid": f"{letter}BidPx", "ask": f"{letter}AskPx", "iv": f"{letter}MidIv", "open_interest": f"{letter}Oi",
            "volume": f"{letter}Volu", "delta": delta}  # fmt: skip


ORATS = RowLayout(
    name="orats", underlying="ticker", session="trade_date", expiry="expirDate", strike="strike",
    extra_needs=("stkPx", "cOi", "pOi", "cMidIv", "pMidIv", "delta"), prepare=_put_delta,
    snapshots=(Snapshot(
        scope="orats_smv", before_close=timedelta(minutes=14), spot=("spot_px", "stkPx"),
        sides={CALL: _side("c", "delta"), PUT: _side("p", "_put_delta")},
    ),),
)  # fmt: skip
