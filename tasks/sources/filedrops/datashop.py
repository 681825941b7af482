"""Cboe DataShop end-of-day files, with and without calculations: two clocks in one row.

The 15:45 quote is the better one, market makers pull at the close; on early closes its block is blank and the close is
taken. A 15:45 volatility never meets a closing quote. An index underlying is 0 without the index licence.
"""

from datetime import time

from tasks.sources.filedrops.rows import EITHER, RowLayout, Snapshot


def _snapshot(suffix: str, clock: time | None) -> Snapshot:
    names = {"bid": "bid", "ask": "ask", "bid_size": "bid_size", "ask_size": "ask_size"}
    columns = {wire: f"{name}_{suffix}" for wire, name in names.items()}
    columns |= {"volume": "trade_volume", "open_interest": "open_interest"}
    if suffix == "1545":
        columns |= {"iv": "implied_volatility_1545", "delta": "delta_1545"}
    spot = (f"active_underlying_price_{suffix}", f"underlying_ask_{suffix}")
    return Snapshot(scope=f"cboe_datashop_{suffix}", clock=clock, sides={EITHER: columns}, spot=spot)


DATASHOP = RowLayout(
    name="datashop", underlying="underlying_symbol", session="quote_date", root="root", expiry="expiration",
    strike="strike", right="option_type", adjusted="delivery_code",
    snapshots=(_snapshot("1545", time(15, 45)), _snapshot("eod", None)),
)  # fmt: skip
