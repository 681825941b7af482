"""The same night through every vendor's words is the same night: what a vendor has a field for, it says alike."""

from datetime import date
from urllib.parse import parse_qsl, urlsplit

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from alvh_core import frames
from alvh_core.market.simulated import SimulatedMarket
from alvh_core.quotes import normalise_quotes, snapshot_row
from alvh_core.schemas import SNAPSHOTS
from alvh_core.universe import DEFAULT_UNIVERSE
from tasks.sources.catalogue import SOURCES
from tasks.sources.exchange import early_closes
from tasks.sources.source import CHAIN, Wanted, bundled

VENDORS = [name for name, source in SOURCES.items() if source.dataset == CHAIN and name != "cboe_chain"]
SAME = ["osi_symbol", "underlying", "root", "expiry_date", "option_right", "strike_usd", "settlement", "is_adjusted",
        "multiplier", "bid_usd", "ask_usd", "quote_flag", "bid_size_count", "ask_size_count", "open_interest_count",
        "vendor_iv_vol", "vendor_delta"]  # fmt: skip


def asked(source, market, symbol, day):
    """Follow the pages as the client does."""
    wanted = Wanted(symbol=symbol, asset=DEFAULT_UNIVERSE[symbol], trade_date=day)
    [url, *_] = source.addresses(wanted, {})
    waiting, pages = [url], []
    for address in waiting:
        parts = urlsplit(address)
        told = dict(parse_qsl(parts.query)) | source.route.search(parts.path).groupdict()
        pages.append(source.simulate(market, day, told))
        waiting += source.more(pages[-1], address) if source.more else []
    assert len(set(waiting)) == len(waiting)
    return source.read(bundled(pages) if source.more else pages[0], symbol, url)


def canonical(chain, symbol, day, calendar):
    asset, session = DEFAULT_UNIVERSE[symbol], calendar.session(day)
    row = snapshot_row(chain.header, asset, session, calendar=calendar, source_mode="simulated",
                       venue_scope=chain.venue_scope)  # fmt: skip
    snapshots = frames.conform(pd.DataFrame([row | {"payload_sha256": "hash"}]), SNAPSHOTS)
    quotes, rejects = normalise_quotes(chain.table.to_pandas(), snapshots, DEFAULT_UNIVERSE, calendar)
    assert rejects.empty
    return quotes.set_index("osi_symbol", drop=False).sort_index(), row


@pytest.mark.parametrize("vendor", VENDORS)
@given(day=st.sampled_from([date(2026, 7, 16), date(2026, 8, 21), date(2026, 11, 27), date(2027, 1, 6)]),
       symbol=st.sampled_from(["VIX", "VXX", "KO", "VNQ"]), seed=st.integers(0, 3))  # fmt: skip
@settings(max_examples=8)
def test_every_vendor_tells_the_same_night(vendor, day, symbol, seed, calendar):
    market = SimulatedMarket(DEFAULT_UNIVERSE, calendar.dates, early_closes(calendar), seed=seed)
    ours, our_row = canonical(asked(SOURCES["cboe_chain"], market, symbol, day), symbol, day, calendar)
    theirs, row = canonical(asked(SOURCES[vendor], market, symbol, day), symbol, day, calendar)
    assert len(theirs) > 0.8 * len(ours)
    assert theirs["dte_days"].max() <= 365
    missing = ours[~ours.index.isin(theirs.index)]
    assert missing["dte_days"].min() > 200 if len(missing) else True, "only what no layer needs is left out"
    same = ours.loc[theirs.index]
    pd.testing.assert_frame_equal(same[SAME], theirs[SAME], check_categorical=False, rtol=1e-12)
    traded = same["volume_count"] > 0
    assert theirs["volume_count"][traded].equals(same["volume_count"][traded])
    assert theirs["volume_count"][~traded].fillna(0.0).eq(0.0).all(), "a day without trades may have no volume"
    assert row["underlying_price_usd"] == our_row["underlying_price_usd"]
    assert row["quote_clock"] == our_row["quote_clock"] == "at_close"
    assert abs((row["quote_at_utc"] - our_row["quote_at_utc"]) / np.timedelta64(1, "m")) < 1.0
