"""Laws of the paper book that hold on every path of nights, whatever is quoted, signalled, settled or missing."""

from collections import Counter
from io import BytesIO

import numpy as np
import pandas as pd
from hypothesis import Phase, example, given, settings
from hypothesis import strategies as st

from alvh_core import frames
from alvh_core.book.market import QUOTED, on_last_session, settlement_values
from alvh_core.book.sums import held_state, night_book
from alvh_core.book.transition import of_last_night, trade
from alvh_core.columns import ACTIONS
from alvh_core.ladders import TERMS
from alvh_core.params import FEE_USD_PER_CONTRACT
from alvh_core.profiles import PROFILES
from alvh_core.registry.book import BOOK, EXIT_STATES, FILL_KINDS, FILLS, POSITIONS
from alvh_core.schemas import LADDER_STATE
from alvh_core.triggers import LADDER, LAYER

FIRST, LAYERS = pd.Timestamp("2026-07-16"), (1, 2, 3)
COPIES = range(6)  # paths in one: a night costs the same for many ladders, and each copy has contracts of its own
# by contracts; with a layer that is sold; by premium; in bands, held to settlement; the host's own puts, settled PM;
# own puts to be held to a settlement that no source tells
KINDS = [("V0_REF", "VIX", "trigger_442"), ("V1_SAME_HEDGE", "VIX", "calendar_sell2"),
         ("V1_SAME_HEDGE", "VIX", "ratio_4_4_2"), ("V1_SAME_HEDGE", "VIX", "vxth_baseline"),
         ("V3_NATIVE", "XLF", "tenor_442"), ("V3_NATIVE", "SPX", "vxth_baseline")]  # fmt: skip
LADDERS = [(f"HOST{copy}", *kind) for copy in COPIES for kind in KINDS]
EXPIRIES = [FIRST + pd.Timedelta(days=days) for days in (9, 34, 62, 125)]
CONTRACTS = pd.DataFrame([
    {"osi_symbol": f"{root:6}{day:%y%m%d}{right}{1000 * strike + copy:08d}", "root": root, "expiry_date": day,
     "option_right": right, "strike_usd": strike + copy / 1000, "multiplier": 100, "host": f"HOST{copy}"}
    for copy in COPIES
    for root, right, strikes in (("VIX", "C", (18, 22)), ("XLF", "P", (50, 55)), ("SPX", "P", (50, 55)))
    for day in EXPIRIES for strike in strikes
])  # fmt: skip
ROOTS = pd.DataFrame([["VIX", "VIX", "SOQ"], ["XLF", "XLF", "PM"], ["SPX", "SPX", "AM"]],
                     columns=["underlying", "root", "settlement"])  # fmt: skip
NEXT_SESSION = pd.Timedelta(days=4)
TERM = pd.DataFrame([[*key, *(getattr(PROFILES[key[3]], term) for term in TERMS)] for key in LADDERS],
                    columns=[*LADDER, *TERMS])  # fmt: skip
OFFERED = CONTRACTS.groupby(["host", "root"])["osi_symbol"].agg(list).to_dict()
DRAWN = [*ACTIONS, "DEPLOY", "HOLD", "HOLD"]
PRICES = QUOTED

# a night: days since the one before, whether settlements are published by then, what quotes and signals are made of
night = st.tuples(st.sampled_from([12, 1, 4, 8, 20]), st.sampled_from([True, False]), st.integers(0, 2**32 - 1))
paths = st.lists(night, min_size=3, max_size=4)
LONG = [(1, False, 50), (5, False, 51), (24, False, 52), (3, True, 53), (20, False, 54), (14, True, 55)]
# the phase that explains failures traces every line, which takes as long as the nights
laws = settings(max_examples=2,
                phases=[Phase.explicit, Phase.generate, Phase.shrink])  # fmt: skip


def _market(rng):
    """Return quotes, some missing, some for nothing, some as wide as no sale is made in."""
    count = len(CONTRACTS)
    bid = rng.integers(0, 900, count) * rng.choice([0.0, 0.01, 0.01, 0.01], count)
    ask = bid + rng.integers(1, rng.choice([5, 20, 300], count)) / 100
    chain = CONTRACTS.assign(bid_usd=bid, ask_usd=ask, mid_usd=(bid + ask) / 2, extrinsic_usd=(bid + ask) / 4,
                             quote_flag="OK")  # fmt: skip
    chain = chain[rng.random(count) > 0.2].drop(columns="host")
    double = chain[rng.random(len(chain)) > 0.95]  # quoted twice, so not quoted
    return pd.concat([chain, double.assign(**{name: double[name] + 1.0 for name in PRICES})], ignore_index=True)


def _quoted(chains):
    return chains.drop_duplicates("osi_symbol", keep=False)[["osi_symbol", *PRICES]]


def _signals(rng):
    """Return what every layer of every ladder that is awake would do, and with which contract."""
    for ladder in LADDERS:
        key, profile = dict(zip(LADDER, ladder, strict=True)), PROFILES[ladder[3]]
        mine = OFFERED[ladder[0], ladder[2]]
        is_awake, is_eligible = rng.random() > 0.1, bool(rng.random() > 0.4)
        for at in LAYERS if is_awake else ():
            action = DRAWN[rng.integers(len(DRAWN))]
            units = profile.units[at - 1] if profile.unit_basis == "contracts" else rng.integers(0, 6)
            yield key | {
                "layer_no": at, "leg_action": action, "is_armed": action not in {"DISARM", "IDLE"},
                "is_eligible": is_eligible, "osi_symbol": mine[rng.integers(len(mine))], "units_target": int(units),
                "side": profile.sides[at - 1], "unit_basis": profile.unit_basis,
            }  # fmt: skip


def _inputs(day, is_told, seed):
    """Return the frames that a night of the book reads, besides what it holds, and what the hosts did."""
    rng = np.random.default_rng(seed)
    chains, legs = _market(rng), pd.DataFrame(_signals(rng))
    told = [expiry for expiry in EXPIRIES if expiry <= day and is_told]
    finals = pd.DataFrame({"expiry_date": pd.to_datetime(told), "settle_kind": "final", "settle_vol_points": 21.36})
    bars = pd.DataFrame({"symbol": "XLF", "bar_date": pd.to_datetime(told), "close_usd": 52.5})
    legs = legs.merge(CONTRACTS.drop(columns="host"), on="osi_symbol")
    legs = legs.merge(_quoted(chains), how="left", on="osi_symbol")
    is_there = legs["mid_usd"].notna() & (legs["expiry_date"] > day)
    legs["leg_status"] = np.where(is_there, "OK", "NO_EXPIRY")
    legs.loc[~is_there, ["osi_symbol", "root", "option_right"]] = None
    # the state machine deploys what passes the filter, and nothing passes with a layer missing
    legs["leg_action"] = legs["leg_action"].mask(legs["leg_action"].eq("DEPLOY") & ~is_there, "BLOCKED")
    moves = pd.Series(rng.uniform(-0.06, 0.04, len(COPIES)), index=[f"HOST{copy}" for copy in COPIES])
    return {"legs": legs, "chains": chains, "finals": finals, "bars": bars, "roots": ROOTS, "moves": moves,
            "terms": TERM.merge(legs[LADDER].drop_duplicates())}  # fmt: skip


def _every_number_may_be_published(nights):
    """A number out of its column's range would stop the night, and with it every later one."""
    for _, _, trades, book in nights:
        for table, spec in ((trades.positions, POSITIONS), (trades.fills, FILLS), (book, BOOK)):
            for column in spec.columns:
                values = table[column.name].dropna()
                assert column.minimum is None or (values >= column.minimum).all(), column.name
                assert column.maximum is None or (values <= column.maximum).all(), column.name
                assert spec.is_nullable(column.name) or len(values) == len(table), column.name


def _night(positions, book, inputs, day):
    told = {"trade_date": day, "source_mode": "simulated"}
    values = settlement_values(inputs["finals"], inputs["bars"], inputs["roots"])
    held = of_last_night(positions, book)
    closing = on_last_session(held, inputs["roots"], day + NEXT_SESSION)
    splits = pd.DataFrame({"split_factor": 1.0, "split_told": ""}, index=held.index)
    trades = trade(held, inputs["legs"], inputs["chains"], values, inputs["terms"], splits=splits, closing=closing,
                   **told)  # fmt: skip
    return trades, night_book(trades, book, inputs["terms"], inputs["moves"], **told)


def _walk(path, change=lambda frame: frame):
    """Run the nights; return day, inputs, trades and book of each."""
    positions, book, day, nights = frames.empty(POSITIONS), frames.empty(BOOK), FIRST, []
    for gap, is_told, seed in path:
        day += pd.Timedelta(days=gap)
        inputs = {name: change(frame) for name, frame in _inputs(day, is_told, seed).items()}
        trades, book = _night(change(positions), change(book), inputs, day)
        positions = trades.positions
        nights.append((day, inputs, trades, book))
    return nights


def _plain(frame, key):
    texts = frame.select_dtypes("category").columns
    return frame.astype(dict.fromkeys(texts, "str")).sort_values(list(key)).reset_index(drop=True)


def _fills(nights):
    return _plain(pd.concat([trades.fills for _, _, trades, _ in nights]), ["trade_date", *FILLS.key])


@laws
@given(paths)
def test_a_path_keeps_the_laws(path):
    _keeps_the_laws(_walk(path))


def test_a_long_path_keeps_them_and_comes_to_every_kind_of_fill_and_of_waiting():
    nights = _walk(LONG)
    _keeps_the_laws(nights)
    assert set(_fills(nights)["fill_kind"]) == set(FILL_KINDS)
    states = [state for _, _, trades, _ in nights for state in trades.positions["position_state"].astype("str")]
    assert set(states) == set(EXIT_STATES)


def _keeps_the_laws(nights):
    _profit_is_cash_and_what_is_still_there(nights)
    _a_fill_costs_more_the_more_of_the_spread_it_pays_and_at_one_is_at_the_touch(nights)
    _held_is_what_was_bought_and_not_sold_and_never_more_than_was_wanted(nights)
    _what_a_sale_brings_is_never_more_than_mid(nights)
    _every_number_may_be_published(nights)


def _profit_is_cash_and_what_is_still_there(nights):
    fills, last, book = _fills(nights), nights[-1][2].positions, _plain(nights[-1][3], LADDER).set_index(LADDER)
    seen = pd.concat([_quoted(inputs["chains"]) for _, inputs, *_ in nights]).drop_duplicates("osi_symbol", keep="last")
    marks = last["osi_symbol"].map(seen.set_index("osi_symbol")["mid_usd"])
    worth = (marks * last["units_open"] * last["multiplier"]).groupby(
        [last[name].astype("str") for name in LADDER]).sum()  # fmt: skip
    by_ladder = fills.groupby(LADDER)[["cash_mid_usd", "crossing_usd", "fees_usd"]].sum().reindex(book.index).fillna(0)
    expected = by_ladder["cash_mid_usd"] + worth.reindex(book.index).fillna(0)
    np.testing.assert_allclose(book["sum_pnl_mid_usd"], expected, atol=1e-6)
    nightly = pd.concat([_plain(each, LADDER) for *_, each in nights]).groupby(LADDER)
    for name in ("pnl_mid_usd", "crossing_usd", "fees_usd"):
        np.testing.assert_allclose(book[f"sum_{name}"], nightly[name].sum().reindex(book.index), atol=1e-6)
    for name in ("crossing_usd", "fees_usd"):
        np.testing.assert_allclose(book[f"sum_{name}"], by_ladder[name], atol=1e-6)


def _a_fill_costs_more_the_more_of_the_spread_it_pays_and_at_one_is_at_the_touch(nights):
    for _, inputs, trades, _ in nights:
        fills = _plain(trades.fills, FILLS.key).merge(_quoted(inputs["chains"]), on="osi_symbol", how="left")
        paid = np.array([k * fills["crossing_usd"] - fills["cash_mid_usd"] for k in (0.0, 0.32, 0.59, 0.79, 1.0)])
        assert (np.diff(paid, axis=0) >= 0).all()
        is_settled = fills["osi_symbol"].map(CONTRACTS.set_index("osi_symbol")["expiry_date"]) <= fills["trade_date"]
        assert is_settled[fills["fill_kind"] == "SETTLE"].all()
        assert set(fills.loc[is_settled, "fill_kind"]) <= {"SETTLE", "CLOSE_OUT"}
        touch = fills["ask_usd"].where(fills["units_traded"] > 0, fills["bid_usd"])  # nothing is sold without a quote
        at_touch = (touch * fills["units_traded"] * 100)[~is_settled]
        np.testing.assert_allclose(paid[-1][~is_settled], at_touch, atol=1e-6)
        np.testing.assert_allclose(paid[0][is_settled], paid[-1][is_settled])
        fees = fills["units_traded"].abs() * FEE_USD_PER_CONTRACT * ~is_settled
        np.testing.assert_allclose(fills["fees_usd"], fees)


def _held_is_what_was_bought_and_not_sold_and_never_more_than_was_wanted(nights):
    most, bought = Counter(), Counter()
    for _, inputs, trades, _ in nights:
        for leg in inputs["legs"].itertuples():
            key = (leg.host, leg.variant, leg.hedge_symbol, leg.profile, leg.layer_no)
            most[key] = max(most[key], leg.units_target)
        positions, fills = _plain(trades.positions, POSITIONS.key), _plain(trades.fills, FILLS.key)
        for *key, units in fills[[*LAYER, "osi_symbol", "units_traded"]].itertuples(index=False):
            bought[tuple(key)] += units
        rows = positions[[*LAYER, "osi_symbol", "units_open"]].itertuples(index=False)
        held = {tuple(key): units for *key, units in rows}
        assert len(held) == len(positions)
        assert {key: units for key, units in bought.items() if units} == held
        living = positions[positions["position_state"] != "AWAITING_SETTLEMENT"]
        assert not living.duplicated(LAYER).any()  # one contract protects a layer, what is over only waits to be paid
        for (*ladder, layer, _), units in held.items():
            assert 0 < units * PROFILES[ladder[3]].sides[layer - 1] <= most[*ladder, layer]


def _what_a_sale_brings_is_never_more_than_mid(nights):
    for _, _, trades, book in nights:
        positions = trades.positions
        gain = (positions["mark_usd"] - positions["liquidation_usd"]) * np.sign(positions["units_open"])
        assert (gain.isna() | (gain > -1e-9)).all()
        assert (positions["mark_usd"].isna() == positions["liquidation_usd"].isna()).all()
        both = book[["book_mark_usd", "book_liquidation_usd"]].dropna()
        assert (both["book_liquidation_usd"] <= both["book_mark_usd"] + 1e-9).all()
        assert book["book_mark_usd"].isna().equals(book["book_liquidation_usd"].isna())


@settings(laws, max_examples=1)
@example(path=LONG, seed=1)
@given(path=paths, seed=st.integers(0, 2**32 - 1))
def test_the_order_of_rows_changes_nothing(path, seed):
    rng = np.random.default_rng(seed)
    plain, mixed = _walk(path), _walk(path, lambda frame: frame.sample(frac=1.0, random_state=rng))
    for (day, _, trades, book), (_, _, other, other_book) in zip(plain, mixed, strict=True):
        for table, left, right in ((POSITIONS, trades.positions, other.positions), (FILLS, trades.fills, other.fills),
                                   (BOOK, book, other_book)):  # fmt: skip
            pd.testing.assert_frame_equal(_plain(left, table.key), _plain(right, table.key), obj=f"{table.name} {day}")
        states = [held_state(_state(day), found.positions) for found in (trades, other)]
        pd.testing.assert_frame_equal(*states)


def _state(day):
    rows = [dict(zip(LADDER, key, strict=True)) | {"layer_no": at} for key in LADDERS for at in LAYERS]
    return frames.conform(pd.DataFrame(rows).assign(
        trade_date=day, source_mode="simulated", is_armed=True, armed_date=day, below_count=0, retries_count=0,
        units_deployed=0, deployed_date=pd.NaT), LADDER_STATE)  # fmt: skip


class Store:
    """Rows by table and night, kept as files; a night starts from the latest one before it that has any."""

    def __init__(self):
        self.files = {}

    def write(self, table, day, frame):
        frame.to_parquet(file := BytesIO())
        self.files[table.name, day] = file.getvalue()

    def read(self, table, day):
        return frames.conform(pd.read_parquet(BytesIO(self.files[table.name, day])), table)

    def before(self, table, day):
        earlier = sorted(at for name, at in self.files if name == table.name and at < day)
        found = (self.read(table, at) for at in reversed(earlier))
        return next((frame for frame in found if len(frame)), frames.empty(table))

    def run(self, day, inputs, dies_after=3):
        trades, book = _night(self.before(POSITIONS, day), self.before(BOOK, day), inputs, day)
        for table, frame in ((POSITIONS, trades.positions), (FILLS, trades.fills), (BOOK, book))[:dies_after]:
            self.write(table, day, frame)


@laws
@given(paths, st.integers(0, 3), st.integers(1, 2), st.integers(0, 3))
def test_a_night_that_was_killed_or_is_run_again_is_the_same_night(path, killed_at, dies_after, again_at):
    # the night before the last leaves nothing: the last one must not start from what was held earlier
    nights, store = _walk([*path[:2], (200, True, 1), (1, True, 2)]), Store()
    for at, (day, inputs, *_) in enumerate(nights):
        if at == killed_at:
            store.run(day, inputs, dies_after)
        store.run(day, inputs)
    store.run(*nights[again_at][:2])  # an old night knows no later one
    for day, _, trades, book in nights:
        for table, frame in ((POSITIONS, trades.positions), (FILLS, trades.fills), (BOOK, book)):
            left, right = _plain(store.read(table, day), table.key), _plain(frame, table.key)
            pd.testing.assert_frame_equal(left, right, check_exact=True, obj=f"{table.name} {day}")
