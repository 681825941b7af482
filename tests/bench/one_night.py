"""One night in its own process, timed: `python one_night.py default|large`. Prints one JSON object.

Imports are over before the clock starts; the stages are the real task functions, without Prefect's own overhead, which
`night.py` measures apart on the real flow.
"""

import json
import resource
import sys
import tempfile
import time
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import date
from pathlib import Path

import great_expectations  # noqa: F401 - an import, not part of the night
from prefect.logging import disable_run_logger

from alvh_core.errors import AlvhError
from alvh_core.landing import Landing
from alvh_core.market.simulated import SimulatedMarket
from alvh_core.reporting.view import night_view
from alvh_core.schemas import PRICED_QUOTES
from alvh_core.universe import DEFAULT_UNIVERSE, Asset, Root
from flows import wiring
from tasks.judge import judge
from tasks.land import land, outcome
from tasks.night import Night
from tasks.normalise import normalise
from tasks.open_night import open_night
from tasks.price import price
from tasks.publish import publish
from tasks.render.page import render_report
from tasks.score import score
from tasks.settings import Settings
from tasks.signals import signal
from tasks.sources.catalogue import PayloadRequest, night_requests
from tasks.sources.client import HttpClient
from tasks.sources.exchange import early_closes
from tasks.sources.transport import SimulatedTransport, session_with
from tasks.validate import validate

DAY = date(2026, 11, 18)
LARGE_STOCKS, LARGE_DENSITY = 960, 1.0


def large_universe() -> dict[str, Asset]:
    """The default universe and several hundred further stocks, about one night of all US-listed series."""
    names = [f"S{number:04d}X" for number in range(LARGE_STOCKS)]
    stock = {"asset_class": "single_stock", "is_host": False}
    more = {n: Asset(symbol=n, wire_symbol=n, roots=(Root(name=n),), **stock) for n in names}
    return DEFAULT_UNIVERSE | more


def large(night: Night, density: float) -> Night:
    universe = large_universe()
    market = SimulatedMarket(universe, night.calendar.dates, early_closes(night.calendar), density=density)
    transport = SimulatedTransport(market, DAY)
    return replace(
        night,
        universe=universe,
        make_client=lambda: HttpClient(session_with(transport), "simulated", user_agent="bench"),
    )


def run(night: Night) -> dict[str, float]:
    """Take the night through its stages and time each."""
    seconds: dict[str, float] = {}

    def timed(name, function, *arguments):
        start = time.perf_counter()
        result = function(*arguments)
        seconds[name] = time.perf_counter() - start
        return result

    with disable_run_logger(), open_night(night, force=True):
        requests = night_requests(night.universe, DAY)
        landings = timed("land", _land_all, night, requests)
        timed("normalise", normalise.fn, night, landings)
        counts = timed("validate", validate.fn, night)
        for name, stage in (("price", price), ("score", score), ("signal", signal), ("judge", judge)):
            timed(name, stage.fn, night)
        timed("publish", publish.fn, night, counts)
        if "--no-report" not in sys.argv:
            timed("report", _page, night)
    return seconds | {"contracts": counts["rows_in_count"]}


def _page(night: Night) -> str:
    """The page alone: the task also leaves artifacts, which here would start a server of their own."""
    tables = night.warehouse.night(night.source_mode, night.trade_date)
    return render_report(night_view(tables, night.lake.read(PRICED_QUOTES), night.universe))


def _land_all(night: Night, requests: list[PayloadRequest]) -> list[Landing]:
    """Land with as many threads as the flow does."""
    with ThreadPoolExecutor(4) as pool:
        results = pool.map(lambda request: _landed(night, request), requests)
    return [outcome(request, result) for request, result in zip(requests, results, strict=True)]


def _landed(night: Night, request: PayloadRequest) -> Landing | AlvhError:
    try:
        return land.fn(night, request)
    except AlvhError as error:
        return error


def main() -> None:
    with tempfile.TemporaryDirectory() as home:
        night = wiring.build_night(Settings(home=Path(home)), DAY, "simulated", "bench")
        if sys.argv[1] == "large":
            night = large(night, float(sys.argv[2]) if len(sys.argv) > 2 and sys.argv[2][0] != "-" else LARGE_DENSITY)
        seconds = run(night)
        peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024
        print(json.dumps({"seconds": seconds, "peak_bytes": peak}))


if __name__ == "__main__":
    main()
