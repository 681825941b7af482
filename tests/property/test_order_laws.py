"""The order of rows and of symbols changes no answer of a night; a plain proof agrees with the engine."""

from datetime import date, datetime

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from alvh_core import frames
from alvh_core.forwards import expiry_forwards
from alvh_core.ladders import plan_ladders
from alvh_core.pricing import price_quotes
from alvh_core.profiles import PROFILES
from alvh_core.registry.rules import HOST_RULES
from alvh_core.schemas import LADDER_STATE
from alvh_core.signals import TriggerClose, night_signals
from alvh_core.universe import DEFAULT_UNIVERSE
from alvh_core.volumes import READ
from expectations import rules
from expectations.engine import session
from expectations.proofs import proven_count

AT = datetime.fromisoformat("2026-07-16 15:50")
DAYS = (date(2026, 8, 19), date(2026, 11, 18), date(2027, 2, 17))
NAMES = ("VIX", "SPX", "RUT", "IWM", "VXX")
PLAYED = [PROFILES[name] for name in ("trigger_442", "tenor_442", "vxth_baseline", "ratio_2_4_4")]
KEY = ["host", "variant", "hedge_symbol", "profile"]


@pytest.fixture(scope="module")
def priced(chains):
    raw = chains.wire("VIX", [("VIX", day, 21.0, 0.8) for day in DAYS], np.arange(12.0, 60.0), quote_at=AT)
    snapshots = chains.snapshots({"VIX": 20.0}, AT)
    quotes, _ = chains.normalise(raw, snapshots)
    return price_quotes(quotes, expiry_forwards(quotes, chains.curve(AT.date())), snapshots, chains.universe)


def _night(chain, names, profiles):
    plan = plan_ladders({name: DEFAULT_UNIVERSE[name] for name in names}, chain, profiles)
    return night_signals(
        chain, plan, close=TriggerClose(vol_points=23.0, is_provisional=False),
        previous=frames.empty(LADDER_STATE), missed_closes=(), trade_date=AT.date(), source_mode="simulated",
        missing={}, host_rules=frames.empty(HOST_RULES), volumes_of=lambda _: chain[READ].head(0),
    )  # fmt: skip


def _sorted(frame, key):
    plain = frame.astype(dict.fromkeys(frame.select_dtypes("category").columns, "str"))
    return plain.sort_values(key).reset_index(drop=True)


@settings(max_examples=5)
@given(seed=st.integers(0, 2**32 - 1), names=st.permutations(NAMES), profiles=st.permutations(PLAYED))
def test_order_changes_no_answer(priced, seed, names, profiles):
    plain = _night(priced, NAMES, PLAYED)
    mixed = _night(priced.sample(frac=1.0, random_state=seed), names, profiles)
    assert len(plain.signals) == 10 * len(PLAYED)
    for table, key in (("signals", KEY), ("legs", [*KEY, "layer_no"]), ("state", [*KEY, "layer_no"])):
        pd.testing.assert_frame_equal(_sorted(getattr(plain, table), key), _sorted(getattr(mixed, table), key))


RULES = [
    rules.row_count(3), rules.not_null("x"), rules.between("x", 0.0, 2.0), rules.between("x", None, 2.0, is_below=True),
    rules.in_set("word", ("a", "b")), rules.matches("word", "^[ab]$"), rules.unique(("word",)),
    rules.unique(("word", "x")), rules.at_least("ORDER", "x", "y"),
    rules.law("LAW", "present_when", ("word", "x"), "word a has x", equals="a"),
]  # fmt: skip
numbers = st.sampled_from([0.0, 1.0, 2.0, -1.0, float("nan")])
rows = st.lists(st.tuples(numbers, numbers, st.sampled_from(["a", "b", "c", None])), min_size=1, max_size=5)


@settings(max_examples=6)
@given(drawn=rows)
def test_a_proof_agrees_with_the_engine(drawn):
    frame = pd.DataFrame(drawn, columns=["x", "y", "word"]).astype({"x": "float64", "y": "float64", "word": "str"})
    with session() as evaluate:
        outcomes = evaluate(frame, RULES)
    for rule, outcome in zip(RULES, outcomes, strict=True):
        count = proven_count(rule, frame)
        assert (count is not None) == outcome.is_success, rule.text
        assert count is None or count == outcome.evaluated_count, rule.text
