"""historicaloptiondata.com, L2 and L3: one row a contract, US dates; L2 ends at the open interest."""

from tasks.sources.filedrops.rows import EITHER, RowLayout, Snapshot

_COLUMNS = {"bid": "Bid", "ask": "Ask", "volume": "Volume", "open_interest": "OpenInterest", "iv": "IV",
            "delta": "Delta"}  # fmt: skip

HISTORICAL = RowLayout(
    name="historicaloptiondata", underlying="UnderlyingSymbol", session="DataDate", expiry="Expiration",
    strike="Strike", right="Type", option="OptionSymbol", extra_needs=("OpenInterest",),
    snapshots=(
        Snapshot(scope="historicaloptiondata_close", sides={EITHER: _COLUMNS}, spot=("UnderlyingPrice",)),
    ),
)  # fmt: skip
