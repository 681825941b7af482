"""One night in its own process, timed: `python one_night.py HOME STOCKS [SOURCE]`. Prints one JSON object.

The real stages in a real Prefect run, on the default universe and so many further stocks; shards and where they run
come from `ALVH_SHARDS` and `ALVH_RUNNER`, as in production. Imports and the start of Prefect's server are over before
the clock starts.
"""

import json
import os
import resource
import sys
import time
from collections.abc import Callable, Collection
from datetime import date
from pathlib import Path
from typing import Any

DAY = date(2026, 11, 18)
SHARDED = ("normalise", "validate", "price", "score")  # what shards compute side by side
WHOLE = {"land_all": "land", "compute_shards": "shards"}


def prepare(home: Path, stocks: int) -> None:
    """Set the environment, before anything reads it."""
    home.mkdir(parents=True, exist_ok=True)
    names = [f"S{number:04d}X" for number in range(stocks)]
    universe = "".join(f'[assets.{name}]\nasset_class = "single_stock"\nis_host = false\n' for name in names)
    (home / "universe.toml").write_text(universe)
    os.environ |= {"ALVH_HOME": str(home), "ALVH_UNIVERSE_FILE": str(home / "universe.toml")}


def clocked(flows: Any, inside: Collection[str], clocks: dict[str, tuple[float, float]]) -> None:
    """Replace the stages that the flow calls by ones whose time is taken: the wall's, and this process's processor."""
    from tasks.assets import Stage

    def timed(name: str, function: Callable[..., Any]) -> Callable[..., Any]:
        def run(*arguments: Any, **named: Any) -> Any:
            start, used = time.perf_counter(), time.process_time()
            result = function(*arguments, **named)
            clocks[name] = time.perf_counter() - start, time.process_time() - used
            return result

        return run

    for name, function in list(vars(flows).items()):
        if name in WHOLE or (isinstance(function, Stage) and name not in inside):
            setattr(flows, name, timed(WHOLE.get(name, name), function))


def stages(night: Any, clocks: dict[str, tuple[float, float]]) -> dict[str, int]:
    """Take the night through the flow's own stages, whichever they are."""
    from flows import nightly as flows

    clocked(flows, {"land", *(SHARDED if night.shards > 1 else ())}, clocks)
    with flows.open_night(night, force=True):
        counts = flows.prepare(night)
        flows.conclude(night, counts)
    return counts


def folder_bytes(folder: Path) -> int:
    """Return the size of all files below a folder."""
    return sum(path.stat().st_size for path in folder.rglob("*") if path.is_file())


def run(home: Path, stocks: int, source: str) -> tuple[Any, dict[str, Any]]:
    """Run the night in this process; return it and what was measured."""
    prepare(home, stocks)
    from flows.start import prepare as prepare_prefect

    settings = prepare_prefect()
    import great_expectations  # noqa: F401 - an import, not part of the night
    from prefect import flow
    from prefect.logging.handlers import APILogHandler

    from flows.wiring import build_night

    night, clocks = build_night(settings, DAY, source, "bench"), {}
    counts = flow(name="bench", validate_parameters=False)(stages)(night, clocks)
    APILogHandler().flush()  # else the last log records keep the process for a minute
    raw = folder_bytes(home / "lake" / "raw")
    return night, {
        "seconds": {name: wall for name, (wall, _) in clocks.items()},
        "cpu_seconds": {name: used for name, (_, used) in clocks.items()}, "contracts": counts["rows_in_count"],
        "peak_bytes": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024,
        "peak_child_bytes": resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss * 1024,
        "raw_bytes": raw, "lake_bytes": folder_bytes(home / "lake") - raw,
        "fingerprint": night.warehouse.fingerprint(night.source_mode, DAY),
    }  # fmt: skip


def main() -> None:
    print(json.dumps(run(Path(sys.argv[1]), int(sys.argv[2]), [*sys.argv[3:], "simulated"][0])[1]))


if __name__ == "__main__":
    main()
