"""Contracts per second of each step on one simulated night, columns in, columns out, no disk."""

import statistics
import time
from collections.abc import Callable
from datetime import date

from alvh_core.curve import night_curve
from alvh_core.forwards import expiry_forwards
from alvh_core.landing import Landing
from alvh_core.liquidity import score_contracts, score_symbols
from alvh_core.market.simulated import SimulatedMarket
from alvh_core.pricing import price_quotes
from alvh_core.profiles import PROFILES
from alvh_core.quotes import normalise_quotes
from alvh_core.universe import DEFAULT_UNIVERSE
from expectations.gate import validate_option_quotes
from tasks.sources.cboe import chain_url
from tasks.sources.decode import decode_chains
from tasks.sources.exchange import early_closes, load_calendar
from tasks.sources.treasury import curve_url, parse_curve

DAY, ROUNDS = date(2026, 11, 18), 5


def simulated_night():
    """Return universe, calendar, curve and how to parse the chains of one simulated night."""
    calendar, universe = load_calendar(), DEFAULT_UNIVERSE
    market = SimulatedMarket(universe, calendar.dates, early_closes(calendar))
    bodies = {chain_url(asset.wire_symbol): market.chain(asset.wire_symbol, DAY) for asset in universe.values()}
    landings = [
        Landing(dataset="option_chain", symbol=a.symbol, url=chain_url(a.wire_symbol), payload_sha256="0")
        for a in universe.values()
    ]
    curve = night_curve(
        parse_curve(market.treasury_curve(2026, DAY), "UST", curve_url(2026)).assign(payload_sha256="0"),
        DAY,
        "simulated",
    )
    session = calendar.session(DAY)

    def parse():
        decoded = decode_chains(
            landings, bodies.__getitem__, universe, session, calendar=calendar, source_mode="simulated"
        )
        return normalise_quotes(decoded.raw, decoded.snapshots, universe, calendar)[0], decoded.snapshots

    return universe, calendar, curve, parse


def measure() -> dict[str, float]:
    """Return contracts per second by step, medians of five rounds."""
    universe, calendar, curve, parse = simulated_night()
    (quotes, snapshots), speed = _rate(parse)
    rates = {"parse": len(quotes) / speed}
    gated, speed = _rate(lambda: validate_option_quotes(quotes, expiry_forwards(quotes, curve), universe, calendar))
    rates["validate"] = len(quotes) / speed
    clean = gated.clean
    priced, speed = _rate(lambda: price_quotes(clean, expiry_forwards(clean, curve), snapshots, universe))
    rates["price"] = len(clean) / speed
    _, speed = _rate(lambda: score_symbols(priced, score_contracts(priced), snapshots, PROFILES["trigger_442"]))
    rates["score"] = len(clean) / speed
    return rates | {"contracts": float(len(quotes))}


def _rate(step: Callable):
    step()  # warm-up: imports inside functions, first-use tables
    times = []
    for _ in range(ROUNDS):
        start = time.perf_counter()
        result = step()
        times.append(time.perf_counter() - start)
    return result, statistics.median(times)
