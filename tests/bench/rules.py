"""The rules for option quotes on 1.7 million quotes: our gate, raw pandera and plain pandas, side by side in one run.

Run it with ``python tests/bench/rules.py [rows]``; it is a measurement, not a test. The quotes are one simulated night
of the default universe, repeated under other roots until there are enough, with faults planted in them. The facts that
rules look at are there before the clock starts, for all three. Each translates every rule of the suite by its kind;
laws are the same functions everywhere. That all find the same rows for the same rules is checked, else no time is
printed. Processor seconds, so that a busy machine does not count; rounds are interleaved, the median is reported.
"""

import statistics
import sys
import time
from collections.abc import Callable
from importlib.metadata import version
from importlib.util import find_spec
from pathlib import Path

import numpy as np
import pandas as pd

sys.path.insert(0, str(Path(__file__).parent))
import kernels

from alvh_core.forwards import expiry_forwards
from alvh_core.quality import with_quality
from expectations.laws import LAWS
from expectations.packs import pack_bounds
from expectations.rules import Rule, Suite
from expectations.runner import validate
from expectations.suites import option_quotes_suite

ROWS, ROUNDS = 1_700_000, 3
NIGHTS = {"a usual night": 0.0005, "a night of faults": 0.02}  # share of rows at fault, for each of nine kinds
MARKS = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ"  # sixth letter of a root: none is that long
Found = dict[tuple[str, str], np.ndarray]


def night_frame(rows: int, suite: Suite) -> pd.DataFrame:
    """Return so many quotes with the columns the suite looks at."""
    universe, calendar, curve, parse = kernels.simulated_night()
    quotes = parse()[0]
    forwards = expiry_forwards(quotes, curve)
    facts = with_quality(quotes, forwards, universe, calendar, pack_bounds(universe))[list(suite.columns)]
    tiles = -(-rows // len(facts))
    assert tiles <= len(MARKS), f"{len(facts)} quotes of a night are too few for {rows}"
    symbol = facts["osi_symbol"].str
    parts = [facts.assign(osi_symbol=symbol[:5] + mark + symbol[6:]) for mark in MARKS[:tiles]]
    print(f"{len(facts):,} quotes of a simulated night, {tiles} times under other roots, cut at {rows:,}")
    return pd.concat(parts, ignore_index=True).iloc[:rows]


def planted(clean: pd.DataFrame, fault_frac: float) -> pd.DataFrame:
    """Plant faults of nine kinds, each in its own rows."""
    frame, rng = clean.copy(), np.random.default_rng(7)
    count = int(len(frame) * fault_frac)
    at = iter(rng.choice(len(frame), (9, count), replace=False))
    first, second = next(at), next(at)
    frame.loc[first, "bid_usd"] = frame.loc[first, "ask_usd"] + 1.0
    frame.loc[second, "bid_usd"] = -1.0
    frame.loc[next(at), "strike_usd"] = 0.0
    frame.loc[next(at), "strike_usd"] = np.nan
    frame.loc[next(at), "quote_flag"] = None
    frame["option_right"] = frame["option_right"].cat.add_categories(["X"])
    frame.loc[next(at), "option_right"] = "X"
    wrong = next(at)
    frame.loc[wrong, "osi_symbol"] = frame.loc[wrong, "osi_symbol"].str[:-1]
    frame.loc[next(at), "ask_usd"] = 1e-9
    twin = next(at)
    frame.loc[twin, "osi_symbol"] = frame["osi_symbol"].iloc[(twin + 1) % len(frame)].to_numpy()
    return frame


def by_gate(frame: pd.DataFrame, suite: Suite) -> Callable[[], Found]:
    def run() -> Found:
        broken = validate(frame, suite).broken
        return {(rule.name, rule.column): np.array(outcome.positions) for rule, outcome in broken if rule.columns}

    return run


def by_pandas(frame: pd.DataFrame, suite: Suite) -> Callable[[], Found]:
    def run() -> Found:
        masks = {(rule.name, rule.column): _is_broken(frame, rule) for rule in suite.rules if rule.columns}
        return {key: np.flatnonzero(mask) for key, mask in masks.items() if mask.any()}

    return run


def _is_broken(frame: pd.DataFrame, rule: Rule) -> np.ndarray:
    given, values = rule.arguments, frame[rule.columns[0]]
    match rule.kind:
        case "not_null":
            broken = values.isna()
        case "between":
            over = values >= given["high"] if given["is_below"] else values > given["high"]
            broken = (values < given["low"]) | over
        case "in_set":
            broken = values.notna() & ~values.isin(given["allowed"])
        case "matches":
            broken = values.notna() & ~values.str.match(given["pattern"]).fillna(True).astype(bool)
        case "unique":
            broken = frame.duplicated(list(rule.columns), keep=False)
        case "at_least":
            broken = values < frame[rule.columns[1]]
        case "law":
            broken = ~LAWS[given["law"]](frame[list(rule.columns)], **given["settings"]).astype(bool)
    return np.asarray(broken.fillna(False), dtype=bool)


def by_pandera(frame: pd.DataFrame, suite: Suite) -> Callable[[], Found]:
    import pandera.pandas as pa

    rules = [rule for rule in suite.rules if rule.columns]
    checks: dict[str, list[pa.Check]] = {name: [] for name in suite.columns}
    wide = []
    for rule in rules:
        if rule.kind in {"at_least", "law"}:
            wide.append(_wide_check(pa, rule))
        elif rule.kind not in {"not_null", "unique"}:
            checks[rule.columns[0]].append(_column_check(pa, rule))
    required = {rule.columns[0] for rule in rules if rule.kind == "not_null"}
    keys = [rule for rule in rules if rule.kind == "unique"]
    assert len(keys) == 1, "a schema of pandera has one key"
    schema = pa.DataFrameSchema(
        {name: pa.Column(checks=checks[name], nullable=name not in required) for name in suite.columns},
        checks=wide, unique=list(keys[0].columns),
    )  # fmt: skip
    own = {"not_nullable": "NOT_NULL", "multiple_fields_uniqueness": keys[0].name}

    def run() -> Found:
        try:
            schema.validate(frame, lazy=True)
        except pa.errors.SchemaErrors as errors:
            cases = errors.failure_cases
        else:
            return {}
        groups = cases.groupby(["schema_context", "column", "check"], dropna=False)["index"]
        found: dict[tuple[str, str], list[np.ndarray]] = {}
        for (context, column, check), rows in groups:
            name, _, columns = str(check).partition("|")
            if context == "DataFrameSchema" and name not in own:
                key = (name, columns)
            elif check == "multiple_fields_uniqueness":
                key = (keys[0].name, keys[0].column)
            else:
                key = (own.get(name, name), columns or str(column))
            found.setdefault(key, []).append(rows.to_numpy(dtype="int64"))
        return {key: np.unique(np.concatenate(parts)) for key, parts in found.items()}

    return run


def _column_check(pa, rule: Rule):
    given, name = rule.arguments, f"{rule.name}|{rule.column}"
    if rule.kind == "between":
        return pa.Check.in_range(given["low"], given["high"], include_max=not given["is_below"], error=name)
    if rule.kind == "in_set":
        return pa.Check.isin(given["allowed"], error=name)
    return pa.Check.str_matches(given["pattern"], error=name)


def _wide_check(pa, rule: Rule):
    columns, given = list(rule.columns), rule.arguments
    if rule.kind == "at_least":
        function = lambda frame: ~(frame[columns[0]] < frame[columns[1]])  # noqa: E731
    else:
        function = lambda frame: LAWS[given["law"]](frame[columns], **given["settings"]).astype(bool)  # noqa: E731
    return pa.Check(function, error=f"{rule.name}|{rule.column}")


def measure(rows: int = ROWS) -> None:
    """Print rules per second of each way, and the ratios, on a usual night and on one full of faults."""
    suite = option_quotes_suite()
    clean = night_frame(rows, suite)
    for title, fault_frac in NIGHTS.items():
        frame = planted(clean, fault_frac)
        ways = {"our gate": by_gate(frame, suite), "plain pandas": by_pandas(frame, suite)}
        if find_spec("pandera"):
            ways["raw pandera"] = by_pandera(frame, suite)
        pairs, times = timed(ways)
        print(f"{title}: {len(suite.rules)} rules, {pairs:,} broken (row, rule) pairs, the same in all")
        for name, seconds in times.items():
            each = len(suite.rules) / seconds
            print(f"  {name:12s} {seconds:7.2f} s  {each:6.1f} rules/s  {each * rows / 1e6:6.1f} M row-rules/s  "
                  f"{seconds / times['our gate']:5.2f} times our gate")  # fmt: skip
    print(f"pandera {version('pandera')}" if find_spec("pandera") else "raw pandera: not installed, skipped")


def timed(ways: dict[str, Callable[[], Found]]) -> tuple[int, dict[str, float]]:
    """Return how many faults all ways found, and the median seconds of each."""
    found = {name: run() for name, run in ways.items()}  # the first run imports
    pairs = [_same(found["our gate"], answer, name) for name, answer in found.items()]
    times: dict[str, list[float]] = {name: [] for name in ways}
    for _ in range(ROUNDS):
        for name, run in ways.items():
            start = time.process_time()
            run()
            times[name].append(time.process_time() - start)
    return pairs[0], {name: statistics.median(seconds) for name, seconds in times.items()}


def _same(ours: Found, theirs: Found, name: str) -> int:
    assert set(ours) == set(theirs), f"{name}: expected faults of {sorted(set(ours) ^ set(theirs))} in both"
    for key, rows in ours.items():
        assert np.array_equal(np.sort(rows), np.sort(theirs[key])), f"{name}: other rows break {key}"
    return sum(map(len, ours.values()))


if __name__ == "__main__":
    measure(int(sys.argv[1]) if len(sys.argv) > 1 else ROWS)
