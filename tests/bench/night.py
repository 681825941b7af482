"""`make bench`: every figure in one run. Steps, implied volatility against its peers, whole nights small and large.

A measurement, not a test; figures are medians where a step is short and single runs where it is long. Nights run in
processes of their own, so that peak memory is theirs.
"""

import json
import os
import platform
import subprocess
import sys
from pathlib import Path

HERE = Path(__file__).parent


def night(kind: str) -> dict:
    """Run one night in a process of its own."""
    env = {name: value for name, value in os.environ.items() if not name.startswith("ALVH_")}
    done = subprocess.run(
        [sys.executable, str(HERE / "one_night.py"), kind], env=env, capture_output=True, text=True, check=False
    )
    if done.returncode:
        sys.exit(done.stderr[-3000:])
    return json.loads(done.stdout.splitlines()[-1])


def show(kind: str, outcome: dict) -> None:
    seconds = outcome["seconds"]
    contracts = int(seconds.pop("contracts"))
    total = sum(seconds.values())
    peak = outcome["peak_bytes"] / 1e9
    print(f"\n{kind} night: {contracts:,} contracts, {total:.1f} s after imports, peak {peak:.2f} GB")
    for name, value in seconds.items():
        print(f"  {name:10s} {value:7.2f} s  {contracts / value / 1e3:9.0f} k contracts/s")


def main() -> None:
    sys.path.insert(0, str(HERE))
    import iv_peers
    import kernels

    print(f"Python {platform.python_version()} on {os.cpu_count()} cores")
    rates = kernels.measure()
    print(f"\nsteps on {int(rates.pop('contracts')):,} contracts, median of {kernels.ROUNDS}")
    for name, rate in rates.items():
        print(f"  {name:10s} {rate / 1e6:6.2f} M contracts/s")
    print("\nimplied volatility against packaged peers")
    iv_peers.main()
    for kind in ("default", "large"):
        show(kind, night(kind))


if __name__ == "__main__":
    main()
