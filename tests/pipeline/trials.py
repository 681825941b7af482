"""Kill trials, run as a program by test_kill.py: real flow runs against a real Prefect server, killed and run again.

One process imports everything once and forks a child per run, so that a trial costs a night and not the imports. Prints
one JSON object: trial name to fingerprint, published tables' row counts and number of ledger rows.
"""

import json
import os
import random
import signal
import sys
import time
from datetime import date
from pathlib import Path

DAY = date(2026, 11, 18)
STAGES = {
    "land": "lake/raw/source_mode=simulated/2026-11-18/cdn-api.cboe.com",
    "normalise": "lake/core_options__daily_quotes/source_mode=simulated/trade_date=2026-11-18/landed.parquet",
    "validate": "lake/core_options__daily_quotes/source_mode=simulated/trade_date=2026-11-18/part.parquet",
    "price": "lake/core_options__daily_priced/source_mode=simulated/trade_date=2026-11-18/part.parquet",
    "score": "lake/out_liquidity__daily_spread_scores/source_mode=simulated/trade_date=2026-11-18/part.parquet",
    "signal": "lake/out_alvh__daily_ladder_state/source_mode=simulated/trade_date=2026-11-18/part.parquet",
    "judge": "lake/out_alvh__daily_verdicts/source_mode=simulated/trade_date=2026-11-18/part.parquet",
}


def start(home: Path) -> int:
    """Fork a child that runs the night."""
    child = os.fork()
    if child:
        return child
    os.environ["ALVH_HOME"] = str(home)
    code = 1
    try:
        from flows.nightly import nightly

        nightly(trade_date=DAY, source="simulated")
        code = 0
    finally:
        os._exit(code)


def finish(home: Path) -> None:
    _, status = os.waitpid(start(home), 0)
    assert os.waitstatus_to_exitcode(status) == 0, f"the night in {home} failed"


def killed(home: Path, marker: Path, delay_seconds: float) -> None:
    child = start(home)
    while not marker.exists():
        time.sleep(0.002)
        if os.waitpid(child, os.WNOHANG)[0]:
            return  # it was faster than the killer: still a trial, of a finished night
    time.sleep(delay_seconds)
    os.kill(child, signal.SIGKILL)
    os.waitpid(child, 0)


def look(home: Path) -> dict:
    """Read the outcome in a child of its own: the parent must not hold database handles across forks."""
    out, into = os.pipe()
    if not os.fork():
        from tasks.warehouse.repository import Warehouse, query_warehouse

        url = f"sqlite:///{home}/warehouse.sqlite"
        warehouse = Warehouse(url)
        nights = query_warehouse(url, "select night_status from meta_nights")["night_status"].tolist()
        counts = {name: len(frame) for name, frame in warehouse.night("simulated", DAY).items()}
        page = (home / "reports" / f"{DAY}-simulated.html").is_file()
        strays = len(list(home.rglob("*.tmp")))
        answer = {"fingerprint": warehouse.fingerprint("simulated", DAY), "nights": nights, "counts": counts,
                  "has_report": page, "strays": strays}  # fmt: skip
        os.write(into, json.dumps(answer).encode())
        os._exit(0)
    os.close(into)
    with os.fdopen(out) as pipe:
        text = pipe.read()
    os.wait()
    return json.loads(text)


def main() -> None:
    base, seed = Path(sys.argv[1]), int(sys.argv[2])
    import great_expectations  # noqa: F401 - imported once for all children

    import flows.nightly  # noqa: F401

    chance = random.Random(seed)
    finish(base / "whole")
    results = {"whole": look(base / "whole")}
    finish(base / "whole")  # a second run of a complete night
    results["twice"] = look(base / "whole")
    for stage, marker in STAGES.items():
        home = base / stage
        killed(home, home / marker, chance.uniform(0.0, 0.15))
        finish(home)
        results[f"killed in {stage}"] = look(home)
    for number in range(3):  # around the publishing transaction and the report
        home = base / f"publish{number}"
        killed(home, home / STAGES["judge"], chance.uniform(0.1, 1.5))
        killed(home, home / STAGES["judge"], chance.uniform(0.1, 1.5))
        finish(home)
        results[f"killed twice after judge {number}"] = look(home)
    print(json.dumps(results))


if __name__ == "__main__":
    main()
