"""A clean simulated night of many chains, and the gate that judges whatever was planted into it."""

from dataclasses import dataclass
from datetime import date

import pandas as pd
import pytest

from alvh_core.bars import bars_as_of
from alvh_core.forwards import expiry_forwards
from alvh_core.frames import conform
from alvh_core.market.simulated import SimulatedMarket
from alvh_core.quotes import normalise_quotes, snapshot_row
from alvh_core.schemas import OPTION_QUOTES, SNAPSHOTS
from alvh_core.universe import DEFAULT_UNIVERSE
from expectations.gate import Gated, validate_option_quotes

DAY = date(2026, 7, 15)
SYMBOLS = ("VIX", "SPX", "SPY", "QQQ", "IWM", "AAPL", "MSFT", "NVDA", "TSLA", "JPM", "KO", "XLK", "EEM", "VXX", "UVXY")


@dataclass(frozen=True)
class Clean:
    """The night before anything is planted."""

    quotes: pd.DataFrame
    snapshots: pd.DataFrame
    bars: pd.DataFrame


@pytest.fixture(scope="session")
def clean(calendar) -> Clean:
    """Chains as the vendor sends them, without a fault, taken through the front door."""
    from tasks.sources import cboe

    market = SimulatedMarket(DEFAULT_UNIVERSE, calendar.dates, quirks=False, density=0.6)
    tables, rows, bars = [], [], []
    for symbol in SYMBOLS:
        asset, url = DEFAULT_UNIVERSE[symbol], f"{symbol}.json"
        body = market.chain(asset.wire_symbol, DAY)
        header = cboe.read_header(body, symbol, url)
        rows.append(snapshot_row(header, asset, calendar.session(DAY), calendar=calendar, source_mode="simulated",
                                 venue_scope="test") | {"payload_sha256": symbol.lower()})  # fmt: skip
        tables.append(cboe.parse_chain(body, symbol, url))
        bars.append(cboe.parse_bars(market.bars(asset.wire_symbol, DAY), symbol, url).assign(payload_sha256="b"))
    snapshots = conform(pd.DataFrame(rows), SNAPSHOTS)
    quotes, rejects = normalise_quotes(cboe.stack_chains(tables), snapshots, DEFAULT_UNIVERSE, calendar)
    assert rejects.empty
    return Clean(quotes, snapshots, bars_as_of(pd.concat(bars, ignore_index=True), DAY, "simulated", calendar))


@pytest.fixture(scope="session")
def judge(clean, chains, calendar):
    """Send quotes through the gate, with the rest of the clean night beside them."""

    def run(quotes: pd.DataFrame, snapshots: pd.DataFrame | None = None, bars: pd.DataFrame | None = None) -> Gated:
        forwards = expiry_forwards(quotes, chains.curve(DAY))
        return validate_option_quotes(
            conform(quotes, OPTION_QUOTES), forwards, DEFAULT_UNIVERSE, calendar,
            snapshots=clean.snapshots if snapshots is None else snapshots, bars=clean.bars if bars is None else bars,
        )  # fmt: skip

    return run
