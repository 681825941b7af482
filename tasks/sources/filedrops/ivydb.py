"""OptionMetrics IvyDB option prices: strikes times 1000, missing volatilities -99.99, no sizes and no spot.

``am_settlement`` tells the morning from the evening twin of a third Friday, ``ss_flag`` 1 a contract that settles in no
standard way.
"""

from tasks.sources.filedrops.rows import EITHER, RowLayout, Snapshot

_COLUMNS = {"bid": "best_bid", "ask": "best_offer", "volume": "volume", "open_interest": "open_interest",
            "iv": "impl_volatility", "delta": "delta"}  # fmt: skip

IVYDB = RowLayout(
    name="ivydb", underlying="ticker", session="date", expiry="exdate", strike="strike_price", right="cp_flag",
    option="symbol", am_flag="am_settlement", adjusted="ss_flag", strike_scale=0.001, extra_needs=("secid",),
    snapshots=(Snapshot(scope="ivydb_close", sides={EITHER: _COLUMNS}),),
)  # fmt: skip
