"""`make bench`: every figure in one run. Steps, rules and implied volatility against their peers, and a whole night.

A measurement, not a test; figures are medians where a step is short and single runs where it is long. Large
nights and shards are `make bench-scale`.
"""

import os
import platform
import sys
import tempfile
from pathlib import Path

HERE = Path(__file__).parent


def main() -> None:
    sys.path.insert(0, str(HERE))
    import iv_peers
    import kernels
    import rules
    import scale

    print(f"Python {platform.python_version()} on {os.cpu_count()} cores")
    # first: on Linux a child's peak memory begins with its parent's
    with tempfile.TemporaryDirectory() as home:
        scale.show("night of the default universe", scale.one_night(Path(home), 0))
    rates = kernels.measure()
    print(f"\nsteps on {int(rates.pop('contracts')):,} contracts, median of {kernels.ROUNDS}")
    for name, rate in rates.items():
        print(f"  {name:10s} {rate / 1e6:6.2f} M contracts/s")
    print("\nimplied volatility against packaged peers")
    iv_peers.main()
    print("\nrules for option quotes against pandera and pandas")
    rules.measure()


if __name__ == "__main__":
    main()
