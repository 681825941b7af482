"""Wire columns to canonical quotes: keys, roots, settlement instants, quote states, snapshots."""

from datetime import UTC, date, datetime

import numpy as np
import pandas as pd
import pytest

from alvh_core.errors import ContractError, SkippableError
from alvh_core.quotes import find_root, night_before, snapshot_row, trade_date_of
from alvh_core.schemas import OPTION_QUOTES, SNAPSHOTS
from alvh_core.universe import DEFAULT_UNIVERSE

QUOTE_AT = datetime.fromisoformat("2026-07-16 15:50")
AUG = date(2026, 8, 19)


@pytest.fixture(scope="module")
def vix(chains):
    """Four VIX contracts and their snapshot."""
    raw = chains.wire("VIX", [("VIX", AUG, 21.0, 0.9)], [20.0, 22.5], quote_at=QUOTE_AT)
    return raw, chains.snapshots({"VIX": 20.0, "SPX": 6000.0, "UVXY": 15.0, "SPY": 600.0}, QUOTE_AT)


def _with(raw, **columns):
    return raw.assign(**{name: [value, *raw[name].tolist()[1:]] for name, value in columns.items()})


def _of(raw, symbol, *options):
    """One row per OCC symbol, with the first row's numbers."""
    rows = pd.concat([raw.iloc[[0]]] * len(options), ignore_index=True)
    return rows.assign(option=list(options), underlying=pd.Categorical([symbol] * len(options)))


def test_a_canonical_row(vix, chains):
    quotes, rejects = chains.normalise(*vix)
    assert list(quotes.columns) == list(OPTION_QUOTES.names)
    assert rejects.empty
    row = quotes.iloc[2]
    assert row["osi_symbol"] == "VIX   260819C00022500"
    assert (row["root"], row["settlement"], row["option_right"], row["strike_usd"]) == ("VIX", "SOQ", "C", 22.5)
    assert (row["dte_days"], row["multiplier"], row["is_monthly"], row["is_adjusted"]) == (34, 100, True, False)
    assert row["years"] == pytest.approx((33 * 24 + 17 + 40 / 60) / 24 / 365, rel=1e-12)


def test_input_is_not_changed(vix, chains):
    raw, snapshots = vix
    before = raw.copy(), snapshots.copy()
    chains.normalise(raw, snapshots)
    pd.testing.assert_frame_equal(raw, before[0])
    pd.testing.assert_frame_equal(snapshots, before[1])


def test_no_rows_give_no_rows(vix, chains):
    raw, snapshots = vix
    quotes, rejects = chains.normalise(raw.iloc[:0], snapshots)
    assert list(quotes.columns) == list(OPTION_QUOTES.names)
    assert quotes.empty
    assert rejects.empty


def test_pitfall_04_twins_keep_their_roots(vix, chains):
    raw = _of(vix[0], "SPX", "SPX260821C06000000", "SPXW260821C06000000")
    quotes, _ = chains.normalise(raw, vix[1])
    assert quotes["osi_symbol"].tolist() == ["SPX   260821C06000000", "SPXW  260821C06000000"]
    assert quotes["osi_symbol"].str.len().eq(21).all()
    assert quotes["root"].astype(str).tolist() == ["SPX", "SPXW"]


def test_pitfall_02_settlement_follows_the_root(vix, chains):
    raw = pd.concat(
        [
            _of(vix[0], "SPX", "SPX260821C06000000", "SPXW260821C06000000", "SPXW261127C06000000"),
            _of(vix[0], "VIX", "VIX260819C00020000", "VIXW260826C00020000"),
            _of(vix[0], "SPY", "SPY260821C00600000", "SPY260116C00600000"),
        ],
        ignore_index=True,
    ).astype({"underlying": "category"})
    quotes, _ = chains.normalise(raw, vix[1])
    assert quotes["settlement"].astype(str).tolist() == ["AM", "PM", "PM", "SOQ", "SOQ", "PM", "PM"]
    assert quotes["settle_at_utc"].dt.strftime("%m-%d %H:%M").tolist() == [
        "08-21 13:30",  # AM: the opening of the expiry date
        "08-21 20:00",
        "11-27 18:00",  # early close
        "08-19 13:30",
        "08-26 13:30",
        "08-21 20:00",
        "01-16 21:00",  # winter time
    ]
    assert quotes["years"].iloc[-1] == 0.0  # settled before the quote: no time left, no fault here


def test_pitfall_02_an_unknown_root_is_rejected_with_its_reason(vix, chains):
    raw = _of(vix[0], "SPX", "SPX260821C06000000", "XSPX260821C00600000", "1SPX260821C06000000")
    quotes, rejects = chains.normalise(raw, vix[1])
    assert len(quotes) + len(rejects) == 3
    assert rejects["option"].tolist() == ["XSPX260821C00600000", "1SPX260821C06000000"]
    assert rejects["reason"].str.startswith("UNKNOWN_ROOT").all()
    assert rejects["payload_sha256"].tolist() == ["spxspxspx"] * 2


@pytest.mark.parametrize(
    "symbol",
    [
        pytest.param("VIX261332C00020000", id="no such month"),
        pytest.param("VIX260230C00020000", id="no such day"),
        pytest.param("VIX260819X00020000", id="neither call nor put"),
        pytest.param("VIX260819C0002000", id="strike too short"),
        pytest.param("", id="empty"),
        pytest.param("vix260819C00020000", id="lower case"),
        pytest.param(None, id="null"),
    ],
)
def test_what_is_no_symbol_is_rejected_alone(symbol, vix, chains):
    raw = _with(vix[0], option=symbol)
    quotes, rejects = chains.normalise(raw, vix[1])
    assert rejects["reason"].str.startswith("BAD_SYMBOL").tolist() == [True]
    assert len(quotes) == len(raw) - 1
    assert quotes["row_position"].tolist() == [1, 2, 3]


def test_nothing_but_impossible_dates(vix, chains):
    quotes, rejects = chains.normalise(_of(vix[0], "VIX", "VIX261332C00020000"), vix[1])
    assert quotes.empty
    assert len(rejects) == 1


def test_pitfall_05_adjusted_roots_belong_to_their_root_and_say_so(vix, chains):
    raw = _of(vix[0], "UVXY", "UVXY1260821C00015000", "UVXY260821C00015000")
    quotes, rejects = chains.normalise(raw, vix[1])
    assert rejects.empty
    assert quotes["is_adjusted"].tolist() == [True, False]
    assert quotes["osi_symbol"].tolist() == ["UVXY1 260821C00015000", "UVXY  260821C00015000"]
    assert find_root(DEFAULT_UNIVERSE["UVXY"], "UVXY1").name == "UVXY"
    assert find_root(DEFAULT_UNIVERSE["UVXY"], "VXX1") is None


@pytest.mark.parametrize(
    ("option", "is_monthly"),
    [
        pytest.param("SPY260821C00600000", True, id="third Friday"),
        pytest.param("SPY260814C00600000", False, id="second Friday"),
        pytest.param("SPY260828C00600000", False, id="fourth Friday"),
        pytest.param("SPY260618C00600000", True, id="Thursday before a closed third Friday"),
        pytest.param("SPY220414C00600000", True, id="the earliest such Thursday, of the 14th"),
        pytest.param("SPY260820C00600000", False, id="Thursday before an open third Friday"),
        pytest.param("SPY260930C00600000", False, id="month end"),
    ],
)
def test_standard_monthlies(option, is_monthly, vix, chains):
    quotes, _ = chains.normalise(_of(vix[0], "SPY", option), vix[1])
    assert quotes["is_monthly"].tolist() == [is_monthly]


def test_a_monthly_root_is_monthly_on_any_date(vix, chains):
    quotes, _ = chains.normalise(_of(vix[0], "VIX", "VIX260519C00020000", "VIXW260512C00020000"), vix[1])
    assert quotes["is_monthly"].tolist() == [True, False]  # 2026-05-19 is a Tuesday


@pytest.mark.parametrize(
    ("bid", "ask", "flag", "kept"),
    [
        pytest.param(1.0, 1.1, "OK", (1.0, 1.1), id="two-sided"),
        pytest.param(0.0, 0.1, "ZERO_BID", (0.0, 0.1), id="no buyer"),
        pytest.param(1.0, 1.0, "LOCKED", (1.0, 1.0), id="locked"),
        pytest.param(1.1, 1.0, "OK", (1.1, 1.0), id="crossed stays for validation"),
        pytest.param(-1.0, 1.0, "OK", (-1.0, 1.0), id="negative stays for validation"),
        pytest.param(np.nan, 1.0, "OK", (None, 1.0), id="missing bid stays for validation"),
        pytest.param(1.0, np.nan, "OK", (1.0, None), id="missing ask stays for validation"),
        pytest.param(0.0, 0.0, "NO_QUOTE", (0.0, None), id="zeros are no quote"),
        pytest.param(1.0, 0.0, "NO_QUOTE", (1.0, None), id="a zero ask is no ask"),
        pytest.param(np.nan, np.nan, "NO_QUOTE", (None, None), id="nothing"),
        pytest.param(0.0, np.nan, "NO_QUOTE", (0.0, None), id="no bid and a missing ask"),
    ],
)
def test_quote_states(bid, ask, flag, kept, vix, chains):
    quotes, _ = chains.normalise(_with(vix[0], bid=bid, ask=ask), vix[1])
    row = quotes.iloc[0]
    assert row["quote_flag"] == flag
    assert tuple(None if pd.isna(row[c]) else row[c] for c in ("bid_usd", "ask_usd")) == kept


@pytest.mark.parametrize(
    ("iv", "delta", "kept"),
    [
        pytest.param(0.0, 0.0, (None, None), id="both zero: the vendor has none"),
        pytest.param(0.5, 0.0, (0.5, 0.0), id="a delta of zero"),
        pytest.param(0.0, 1.0, (None, 1.0), id="no volatility, but a delta"),
        pytest.param(20.0, 0.4, (20.0, 0.4), id="absurd, kept for comparison"),
    ],
)
def test_pitfall_12_vendor_numbers_are_kept_apart(iv, delta, kept, vix, chains):
    quotes, _ = chains.normalise(_with(vix[0], iv=iv, delta=delta), vix[1])
    row = quotes.iloc[0]
    assert tuple(None if pd.isna(row[c]) else row[c] for c in ("vendor_iv_vol", "vendor_delta")) == kept


def test_pitfall_11_missing_open_interest_stays_missing(vix, chains):
    quotes, _ = chains.normalise(_with(vix[0], open_interest=np.nan, volume=0.0), vix[1])
    assert np.isnan(quotes["open_interest_count"].iloc[0])
    assert quotes["volume_count"].iloc[0] == 0.0


# --- snapshots --------------------------------------------------------------------------------------------------------
def _snapshot(chains, header, day=date(2026, 7, 16)):
    return snapshot_row(header, chains.universe[header.symbol], chains.calendar.session(day), calendar=chains.calendar,
                        source_mode="simulated", venue_scope="test")  # fmt: skip


def test_snapshot_describes_the_quotes_clock(chains):
    row = _snapshot(chains, chains.header("VIX", QUOTE_AT))
    assert row["quote_at_utc"] == pd.Timestamp("2026-07-16 19:50", tz="UTC")
    assert row["minutes_to_close"] == 10.0
    assert row["quote_clock"] == "at_close"
    assert row["quote_age_minutes"] == 5 * 60 + 10
    assert {*row, "payload_sha256"} == set(SNAPSHOTS.names)


@pytest.mark.parametrize(
    ("quote_at", "contracts", "told"),
    [
        pytest.param(
            datetime.fromisoformat("2026-07-15 16:00"), 9, "session 2026-07-15", id="stale: the session before"
        ),
        pytest.param(datetime.fromisoformat("2026-07-17 09:31"), 9, "session 2026-07-17", id="the next session"),
        pytest.param(None, 9, "last_trade_time", id="no clock"),
        pytest.param(QUOTE_AT, 0, "empty chain", id="empty"),
    ],
)
def test_pitfall_20_another_sessions_chain_is_skipped(quote_at, contracts, told, chains):
    with pytest.raises(SkippableError, match=told) as caught:
        _snapshot(chains, chains.header("VIX", quote_at, contracts=contracts))
    assert "VIX" in str(caught.value)


def test_a_quote_from_before_all_sessions_is_skipped_too(chains):
    with pytest.raises(SkippableError, match="1970"):
        _snapshot(chains, chains.header("VIX", datetime.fromisoformat("1970-01-01")))


def test_a_quote_after_midnight_belongs_to_the_evening_before(chains):
    row = _snapshot(chains, chains.header("VIX", datetime.fromisoformat("2026-07-17 03:24")))
    assert row["quote_clock"] == "after_hours"
    assert row["minutes_to_close"] == -684.0


@pytest.mark.parametrize(
    ("quote_at", "rendered"),
    [
        pytest.param(QUOTE_AT, datetime(2026, 7, 16, 20, 5, tzinfo=UTC), id="envelope with a zone"),
        pytest.param(
            datetime(2026, 7, 16, 19, 50, tzinfo=UTC),
            datetime.fromisoformat("2026-07-16 20:05"),
            id="quotes with a zone",
        ),
    ],
)
def test_a_vendor_may_start_writing_time_zones(quote_at, rendered, chains):
    from dataclasses import replace

    row = _snapshot(chains, replace(chains.header("VIX", quote_at), rendered_at_utc=rendered))
    assert row["quote_at_utc"] == pd.Timestamp("2026-07-16 19:50", tz="UTC")
    assert row["quote_age_minutes"] == 15.0


def test_without_an_envelope_time_the_age_is_zero(chains):
    from dataclasses import replace

    assert _snapshot(chains, replace(chains.header("VIX", QUOTE_AT), rendered_at_utc=None))["quote_age_minutes"] == 0.0


def test_an_hour_that_happens_twice_or_never_is_no_error(chains):
    for wall, day in (("2026-11-01 01:30", "2026-10-30"), ("2026-03-08 02:30", "2026-03-06")):
        row = _snapshot(chains, chains.header("VIX", datetime.fromisoformat(wall)), date.fromisoformat(day))
        assert row["quote_clock"] == "after_hours"


def test_dates_of_frames(vix, chains):
    quotes, _ = chains.normalise(*vix)
    assert trade_date_of(quotes) == date(2026, 7, 16)
    assert night_before(quotes) == date(2026, 7, 16)
    assert night_before(quotes.iloc[:0]) is None
    two = pd.concat([quotes, quotes.assign(trade_date=pd.Timestamp("2026-07-17"))])
    with pytest.raises(ContractError, match="one night"):
        trade_date_of(two)
