"""OptionsDX end-of-day text: call and put of a strike in one row, names in brackets, no symbol and no open interest."""

import pandas as pd

from tasks.sources.filedrops.rows import CALL, PUT, RowLayout, Snapshot

_SIZES = ("BID_SIZE", "ASK_SIZE")


def _split_sizes(frame: pd.DataFrame) -> pd.DataFrame:
    """Sizes come as ``bid x ask`` in one field."""
    parts: dict[str, pd.Series] = {}
    for side in (CALL, PUT):
        pair = frame.get(f"{side}_SIZE", pd.Series("", frame.index)).fillna("").str.split("x", n=1, expand=True)
        pair = pair.reindex(columns=[0, 1])
        parts |= {f"{side}_{name}": pair[at] for at, name in enumerate(_SIZES)}
    return frame.assign(**parts)


def _side(right: str) -> dict[str, str]:
    names = {"bid": "BID", "ask": "ASK", "iv": "IV", "delta": "DELTA", "volume": "VOLUME", "bid_size": "BID_SIZE",
             "ask_size": "ASK_SIZE"}  # fmt: skip
    return {wire: f"{right}_{name}" for wire, name in names.items()}


OPTIONSDX = RowLayout(
    name="optionsdx", session="QUOTE_DATE", expiry="EXPIRE_DATE", strike="STRIKE", extra_needs=("QUOTE_UNIXTIME",),
    prepare=_split_sizes,
    snapshots=(
        Snapshot(scope="optionsdx_close", sides={CALL: _side(CALL), PUT: _side(PUT)}, spot=("UNDERLYING_LAST",)),
    ),
)  # fmt: skip
