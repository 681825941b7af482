"""Time `implied_vol` against the packaged implied-volatility solvers, side by side in one run.

Run it with ``python tests/bench/iv_peers.py [n] [seed]``; it is a measurement, not a test. Every peer gets its fastest
documented vectorised entry point, its default thread setting, and inputs already in the form it wants (undiscounted,
split into calls and puts, contiguous): only our own timing includes all of that. Rounds are interleaved, so that a busy
machine is busy for everyone, and the median is reported. A peer that is not installed is named and skipped.
"""

import sys
import time
import warnings
from collections.abc import Callable
from dataclasses import dataclass, field
from importlib.metadata import version
from importlib.util import find_spec

import numpy as np
import pandas as pd
from scipy.special import ndtri

from alvh_core.black import price
from alvh_core.implied import implied_vol

ROUNDS = 7


@dataclass(frozen=True)
class Sample:
    """Contracts with a known volatility, premiums by `alvh_core.black.price`."""

    premium: np.ndarray
    forward: np.ndarray
    strike: np.ndarray
    years: np.ndarray
    discount: np.ndarray
    is_call: np.ndarray
    vol: np.ndarray = field(repr=False)

    def head(self, n: int) -> "Sample":
        return Sample(**{name: values[:n].copy() for name, values in vars(self).items()})

    def half(self, is_call: bool) -> "Sample":
        return Sample(**{name: values[self.is_call == is_call].copy() for name, values in vars(self).items()})

    @property
    def is_otm(self) -> np.ndarray:
        return (self.forward < self.strike) == self.is_call


@dataclass(frozen=True)
class Solver:
    """A solver, and how to call it on a prepared sample."""

    name: str
    package: str
    entry_point: str
    rows: int  # at most: per-element solvers get a part of the sample
    prepare: Callable[[Sample], Callable[[], np.ndarray]]


def make_sample(n: int, seed: int) -> Sample:
    """VIX-like and equity-like contracts: vol 5 %-250 %, a day to two years, call delta 0.02-0.98, calls and puts."""
    rng = np.random.default_rng(seed)
    forward = np.where(rng.random(n) < 0.5, rng.uniform(10.0, 80.0, n), rng.uniform(20.0, 6000.0, n))
    years = np.exp(rng.uniform(np.log(1 / 365), np.log(2.0), n))
    vol = rng.uniform(0.05, 2.5, n)
    total = vol * np.sqrt(years)
    strike = forward * np.exp(total * (0.5 * total - ndtri(rng.uniform(0.02, 0.98, n))))
    discount = np.exp(-0.04 * years)
    is_call = rng.random(n) < 0.5
    premium = price(forward, strike, years, vol, discount, is_call)
    return Sample(premium, forward, strike, years, discount, is_call, vol)


def _ours(threads: int) -> Callable[[Sample], Callable[[], np.ndarray]]:
    def prepare(s: Sample) -> Callable[[], np.ndarray]:
        return lambda: implied_vol(s.premium, s.forward, s.strike, s.years, s.discount, s.is_call, threads=threads).vol

    return prepare


def _split(sample: Sample, solve_half: Callable[[Sample], Callable[[], np.ndarray]]) -> Callable[[], np.ndarray]:
    """Solve calls and puts apart, for peers whose flag is one per call."""
    calls, puts = solve_half(sample.half(True)), solve_half(sample.half(False))

    def run() -> np.ndarray:
        out = np.empty(sample.vol.size)
        out[sample.is_call] = calls()
        out[~sample.is_call] = puts()
        return out

    return run


def _iv_engine(sample: Sample) -> Callable[[], np.ndarray]:
    from iv_engine import implied_volatilities

    def half(s: Sample) -> Callable[[], np.ndarray]:
        undiscounted, is_call = s.premium / s.discount, bool(s.is_call.all())
        return lambda: implied_volatilities(undiscounted, s.forward, s.strike, s.years, is_call=is_call)

    return _split(sample, half)


def _lbriv(sample: Sample) -> Callable[[], np.ndarray]:
    from lbriv import vectorized_implied_vol_strikes

    def half(s: Sample) -> Callable[[], np.ndarray]:  # one forward per call: everything in units of the forward
        scaled, ratio, root = s.premium / s.discount / s.forward, s.strike / s.forward, np.sqrt(s.years)
        flag = 1 if s.is_call.all() else -1
        return lambda: vectorized_implied_vol_strikes(scaled, 1.0, ratio, flag) / root

    return _split(sample, half)


def _fast_vollib(sample: Sample) -> Callable[[], np.ndarray]:
    from fast_vollib import fast_implied_volatility_black

    flags = np.where(sample.is_call, "c", "p")
    rate = -np.log(sample.discount) / sample.years
    s = sample
    return lambda: fast_implied_volatility_black(
        s.premium, s.forward, s.strike, rate, s.years, flags, on_error="ignore", return_as="numpy"
    )


def _vollib(sample: Sample) -> Callable[[], np.ndarray]:
    from vollib.black.implied_volatility import implied_volatility

    rate = -np.log(sample.discount) / sample.years
    flags = np.where(sample.is_call, "c", "p").tolist()
    columns = [values.tolist() for values in (sample.premium, sample.forward, sample.strike, rate, sample.years)]
    rows = list(zip(*columns, flags, strict=True))
    return lambda: np.array([_or_nan(implied_volatility, row) for row in rows])


def _quantlib(sample: Sample) -> Callable[[], np.ndarray]:
    import QuantLib

    types = [QuantLib.Option.Call if flag else QuantLib.Option.Put for flag in sample.is_call]
    columns = [v.tolist() for v in (sample.strike, sample.forward, sample.premium, sample.discount)]
    extra = (0.0, QuantLib.nullDouble(), 1.0, 1e-14)  # displacement, no guess, relaxation, accuracy
    rows = [(*row, *extra) for row in zip(types, *columns, strict=True)]
    root = np.sqrt(sample.years)
    return lambda: np.array([_or_nan(QuantLib.blackFormulaImpliedStdDevLiRS, row) for row in rows]) / root


def _or_nan(function: Callable[..., float], row: tuple[object, ...]) -> float:
    try:
        return function(*row)
    except Exception:  # noqa: BLE001 - each peer has its own way of refusing
        return np.nan


SOLVERS = (
    Solver("ours, threads=1", "alvh-pipeline", "alvh_core.implied.implied_vol", 10**9, _ours(1)),
    Solver("ours, threads=2", "alvh-pipeline", "alvh_core.implied.implied_vol", 10**9, _ours(2)),
    Solver("iv_engine", "iv-engine", "implied_volatilities (parallel by default)", 10**9, _iv_engine),
    Solver("lbriv", "lbriv", "vectorized_implied_vol_strikes", 10**9, _lbriv),
    Solver("fast_vollib", "fast-vollib", "fast_implied_volatility_black (numpy)", 200_000, _fast_vollib),
    Solver("QuantLib", "QuantLib", "blackFormulaImpliedStdDevLiRS, per element", 20_000, _quantlib),
    Solver("vollib", "vollib", "black.implied_volatility, per element", 5_000, _vollib),
)
_MODULES = {"alvh-pipeline": "alvh_core", "iv-engine": "iv_engine", "fast-vollib": "fast_vollib"}


def compare(n: int = 500_000, seed: int = 7) -> pd.DataFrame:
    """Return one row per installed solver: speed, ratio to ours, cores kept busy and errors against the true vol.

    ``ours_1_over_peer`` and ``ours_2_over_peer`` are our contracts per second with one and two threads over the
    peer's. ``max_rel_error`` covers all contracts: deep in the money the premium itself has lost the volatility, for
    everyone. ``cores_busy`` is processor time over wall time.
    """
    sample = make_sample(n, seed)
    solvers = [solver for solver in SOLVERS if find_spec(_MODULES.get(solver.package, solver.package))]
    parts = {solver.name: sample.head(min(n, solver.rows)) for solver in solvers}
    runs = {solver.name: solver.prepare(parts[solver.name]) for solver in solvers}
    times: dict[str, list[tuple[float, float]]] = {name: [] for name in runs}
    rows = []
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # the peers'
        answers = {name: run() for name, run in runs.items()}  # warm-up: tables, thread pools, caches
        for _ in range(ROUNDS):
            for name, run in runs.items():
                wall, cpu = time.perf_counter(), time.process_time()
                run()
                times[name].append((time.perf_counter() - wall, time.process_time() - cpu))
    for solver in solvers:
        part, (wall, cpu) = parts[solver.name], np.median(times[solver.name], axis=0)
        error = np.abs(answers[solver.name] / part.vol - 1.0)
        rows.append(
            {
                "solver": solver.name,
                "version": version(solver.package),
                "entry_point": solver.entry_point,
                "contracts": part.vol.size,
                "contracts_per_s": part.vol.size / wall,
                "cores_busy": cpu / wall,
                "max_rel_error": np.nanmax(error),
                "max_rel_error_otm": np.nanmax(error[part.is_otm]),
                "unsolved": int(np.isnan(error).sum()),
            }
        )
    table = pd.DataFrame(rows).set_index("solver")
    for threads in (1, 2):
        ours = table.loc[f"ours, threads={threads}", "contracts_per_s"]
        table.insert(3 + threads, f"ours_{threads}_over_peer", ours / table["contracts_per_s"])
    return table


def main() -> None:
    """Print the comparison and the peers that are missing."""
    arguments = [int(argument) for argument in sys.argv[1:3]]
    table = compare(*arguments)
    formats = dict.fromkeys(("max_rel_error", "max_rel_error_otm"), "{:.1e}".format)
    formats |= dict.fromkeys(("ours_1_over_peer", "ours_2_over_peer", "cores_busy"), "{:.2f}".format)
    formats["contracts_per_s"] = "{:,.0f}".format
    print(table.drop(columns="entry_point").to_string(formatters=formats))
    print()
    for name, entry_point in table["entry_point"].items():
        print(f"{name}: {entry_point}")
    for solver in SOLVERS:
        if solver.name not in table.index:
            print(f"{solver.name}: not installed, skipped")


if __name__ == "__main__":
    main()
