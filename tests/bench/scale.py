"""`make bench-scale`: what a million contracts cost, where the time goes, and what shards save.

A measurement, not a test; single runs. The simulated market makes the bytes of a night once; then the night is computed
again and again from its archive, each time in a process of its own. Landing is measured apart, by replaying a recorded
night. Sizes are further stocks beside the default universe: `python tests/bench/scale.py 240 960`; 960 make about as
many contracts as all US-listed series.
"""

import json
import os
import platform
import subprocess
import sys
import tempfile
from pathlib import Path

from one_night import SHARDED

ONE_NIGHT = Path(__file__).with_name("one_night.py")
STOCKS = (240, 960)
WAYS = {
    "one process": {},
    "2 shards, threads": {"ALVH_SHARDS": "2"},
    "2 shards, 2 Dask workers": {"ALVH_SHARDS": "2", "ALVH_RUNNER": "dask"},
    "2 shards, 2 Ray workers": {"ALVH_SHARDS": "2", "ALVH_RUNNER": "ray"},
}


def one_night(home: Path, stocks: int, *source: str, **settings: str) -> dict:
    """Run one night in a process of its own."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith(("ALVH_", "PREFECT_"))}
    done = subprocess.run([sys.executable, str(ONE_NIGHT), str(home), str(stocks), *source],
                          env=kept | settings, capture_output=True, text=True, check=False)  # fmt: skip
    if done.returncode:
        sys.exit(done.stderr[-3000:])
    return json.loads(done.stdout.splitlines()[-1])


def show(name: str, night: dict) -> None:
    """Print a night, stage by stage: seconds, seconds on a processor (another's load does not count), memory, bytes."""
    contracts, seconds, used = night["contracts"], night["seconds"], night["cpu_seconds"]
    total, total_used = sum(seconds.values()), sum(used.values())
    print(f"\n{name}: {contracts:,} contracts, {total:.1f} s; fingerprint {night['fingerprint'][:12]}")
    print(
        f"  {'stage':10s} {'s':>8s} {'cpu s':>8s} {'s / million':>12s} {'cpu s / million':>16s} {'contracts / s':>14s}"
    )
    for stage, value, cpu in [*((s, v, used[s]) for s, v in seconds.items()), ("all", total, total_used)]:
        print(f"  {stage:10s} {value:8.2f} {cpu:8.2f} {value / contracts * 1e6:12.1f} {cpu / contracts * 1e6:16.1f} "
              f"{contracts / value:14,.0f}")  # fmt: skip
    for what in ("raw", "lake"):
        print(f"  {what} bytes per contract {night[f'{what}_bytes'] / contracts:8.1f}")
    for what, key in (("this process", "peak_bytes"), ("its largest child", "peak_child_bytes")):
        gigabytes = night[key] / 1e9
        print(
            f"  peak memory of {what}: {gigabytes:.2f} GB, {gigabytes / contracts * 1e6:.2f} GB per million contracts"
        )


def compare(nights: dict[str, dict]) -> None:
    """Print what shards save: on what is computed in shards, and on everything after landing."""
    part = {
        name: sum(night["seconds"].get(stage, 0.0) for stage in (*SHARDED, "shards")) for name, night in nights.items()
    }
    after = {name: sum(night["seconds"].values()) - night["seconds"]["land"] for name, night in nights.items()}
    first = next(iter(nights))
    print(f"\n  {'':26s} {'in shards':>10s} {'speed-up':>9s} {'gather':>8s} {'after landing':>14s} {'speed-up':>9s}")
    for name, night in nights.items():
        print(f"  {name:26s} {part[name]:8.1f} s {part[first] / part[name]:8.2f}x {night['seconds']['gather']:6.1f} s "
              f"{after[name]:12.1f} s {after[first] / after[name]:8.2f}x")  # fmt: skip
    same = len({night["fingerprint"] for night in nights.values()}) == 1
    print(f"  published rows are {'the same every way' if same else 'NOT THE SAME'}; load {os.getloadavg()[0]:.1f}")


def measure(stocks: int, home: Path) -> None:
    """Measure a universe every way, on the same bytes."""
    show(f"making the bytes, default universe + {stocks} stocks (land is the simulated market's cost)",
         one_night(home, stocks))  # fmt: skip
    nights = {}
    for name, settings in WAYS.items():
        nights[name] = one_night(home, stocks, **settings)
        show(f"{name} (land checks the archive)", nights[name])
    compare(nights)


def measure_landing(base: Path) -> None:
    """Measure landing without the simulated market's cost and without a network: from the archive of another home."""
    one_night(base / "first", 0)
    replay = one_night(base / "second", 0, f"recorded:{base / 'first' / 'lake' / 'raw'}")
    show("landing a recorded night", replay)


def main() -> None:
    print(f"Python {platform.python_version()} on {os.cpu_count()} cores, load {os.getloadavg()[0]:.1f}")
    with tempfile.TemporaryDirectory() as base:
        measure_landing(Path(base))
    for stocks in [int(text) for text in sys.argv[1:]] or STOCKS:
        with tempfile.TemporaryDirectory() as home:
            measure(stocks, Path(home))
    print(f"\nload at the end {os.getloadavg()[0]:.1f}")


if __name__ == "__main__":
    main()
