"""Real files as desks saved them, traps included; they may not be redistributed, so they lie outside the repository."""

from datetime import date, datetime
from pathlib import Path

import pandas as pd
import pytest

from alvh_core.errors import SkippableError
from alvh_core.universe import extend_universe
from tasks.receive import Desk, receive
from tasks.sources.filedrops.registry import recognise
from tasks.sources.filedrops.sessions import check_claim
from tasks.sources.filedrops.unpack import unpack

FOLDER = Path(__file__).parents[3] / "shared" / "data" / "filedrops"
if not FOLDER.is_dir():
    pytest.skip(f"no dropped files at {FOLDER}: they may not be redistributed", allow_module_level=True)

UNIVERSE = extend_universe(
    {"assets": {"XSP": {"asset_class": "sp500_index"}, "LUNR": {"asset_class": "single_stock"}}}, "t"
)
FOUND = {  # file: symbol, clock of the quotes in New York, their session, contracts
    "2022-04-07_e95a6a1_spx": ("SPX", "2022-03-23 10:11", "2022-03-23", 19_002),  # Spanish
    "2022-07-12_ca757af_spx": ("SPX", "2022-07-12 11:55", "2022-07-12", 19_378),
    "2023-04-14_906198d_ndx": ("NDX", "2023-04-14 18:31", "2023-04-14", 19_720),  # UTC-4 with a typographer's minus
    "2023-04-14_f5ab13b_spx": ("SPX", "2023-04-14 19:12", "2023-04-14", 18_096),
    "2023-05-15_d5f9f7e_vix": ("VIX", "2023-05-15 11:47", "2023-05-15", 1_314),
    "2023-09-04_a914015_spx": ("SPX", "2023-09-04 14:56", "2023-09-01", 19_158),  # Labor Day: Friday's quotes
    "2023-09-16_0fa2b19_spy": ("SPY", "2023-09-14 16:31", "2023-09-14", 7_292),
    "2023-09-16_247c61d_spx": ("SPX", "2023-09-14 16:31", "2023-09-14", 19_920),
    "2023-09-16_92a936c_xsp": ("XSP", "2023-09-14 16:30", "2023-09-14", 10_882),
    "2023-12-09_7ccb8dd_spx": ("SPX", "2023-12-09 13:49", "2023-12-08", 6_230),  # Russian, on a Saturday
    "2025-01-06_5998ec4_nvda": ("NVDA", "2025-01-06 21:30", "2025-01-06", 1_086),
    "LUNR_options_data": ("LUNR", "2025-03-28 16:00", "2025-03-28", 758),
    "VXX_options_data": ("VXX", "2025-03-25 16:15", "2025-03-25", 1_282),
}


def bodies(stem):
    (path,) = FOLDER.rglob(f"{stem}*")
    return unpack(path)


def read(stem, calendar, change=lambda body: body):
    ((name, body),) = bodies(stem)
    layout, body = recognise(body, name), change(body)
    (part,) = layout.split(body, name)
    symbol = next(a for a in UNIVERSE.values() if part.symbol in {a.symbol, *(r.name for r in a.roots)})
    return layout.read(part.body, symbol, "import://drops/X", calendar)


@pytest.mark.parametrize("stem", FOUND)
def test_a_real_file(stem, calendar):
    symbol, clock, session, count = FOUND[stem]
    drop = read(stem, calendar)
    assert (drop.header.symbol, drop.header.contracts_count) == (symbol, count)
    assert drop.header.quote_at.replace(second=0, microsecond=0) == datetime.fromisoformat(clock)
    instant = pd.Timestamp(str(drop.header.quote_at)).tz_localize("America/New_York")
    assert str(calendar.session_of(instant)) == session
    check_claim(drop, calendar.session_of(instant), stem)
    table = drop.table.to_pandas()
    assert not table.duplicated("option").any()
    assert table["iv"].dropna().between(0, 50).all()
    assert (table["ask"] >= table["bid"]).mean() > 0.99


def test_a_date_edited_by_hand_is_not_guessed(calendar):
    with pytest.raises(SkippableError, match=r"'4 June 4, 3:15 PM EDT', which lacks one year"):
        read("2023-06-08_5f630a3_spy", calendar)


def test_a_file_that_says_may_though_its_expiries_say_june(calendar):
    def in_may(body):
        return body.replace(b"4 June 4, 3:15", b"4 May 2023, 3:15")

    drop = read("2023-06-08_5f630a3_spy", calendar, in_may)
    with pytest.raises(SkippableError, match=r"says 2023-05-04.*first expiry is 2023-06-05, 32 days later"):
        check_claim(drop, date(2023, 5, 4), "f")


def test_a_file_that_says_july_though_its_expiries_begin_in_june(calendar):
    drop = read("2023-06-08_5f630a3_spy", calendar, lambda body: body.replace(b"4 June 4, 3:15", b"5 July 2023, 3:15"))
    with pytest.raises(SkippableError, match=r"says 2023-07-05.*expired on 2023-06-05; its date is wrong"):
        check_claim(drop, date(2023, 7, 5), "f")


@pytest.mark.parametrize("symbol", ["SPY", "QQQ", "IWM"])
def test_a_layout_nobody_documented_is_refused_with_what_it_lacks(symbol):
    ((name, body),) = bodies(f"{symbol}.csv")
    with pytest.raises(SkippableError, match="which also needs quote_date, expiration, underlying_symbol"):
        recognise(body, name)


def test_a_folder_of_files_lands_once(calendar, tmp_path):
    from prefect.logging import disable_run_logger

    desk = Desk(universe=UNIVERSE, calendar=calendar, raw_root=tmp_path)
    paths = sorted(FOLDER.glob("cboe_quotedata/2023-09-16*")) + sorted(FOLDER.glob("schwab/*"))
    with disable_run_logger():
        first, second = ([one for path in paths for one in receive.fn(desk, path)] for _ in range(2))
    assert {one.outcome for one in first} == {"LANDED"}
    assert {one.outcome for one in second} == {"KNOWN"}
    assert [one.contracts_count for one in first] == [7_292, 19_920, 10_882, 758, 1_282]
