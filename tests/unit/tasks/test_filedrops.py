"""Traps of dropped files: two clocks, early closes, roots nobody names, adjusted contracts, dates in many languages."""

import gzip
import io
import re
import zipfile
from datetime import date, datetime
from pathlib import Path

import pandas as pd
import pyarrow.parquet as pq
import pytest

from alvh_core.errors import ContractError, SkippableError
from alvh_core.universe import DEFAULT_UNIVERSE
from tasks.sources.filedrops import unpack as unpack_module
from tasks.sources.filedrops.datashop import DATASHOP
from tasks.sources.filedrops.ivydb import IVYDB
from tasks.sources.filedrops.layout import drop_url, numbers
from tasks.sources.filedrops.localised import read_moment
from tasks.sources.filedrops.own_lake import OwnLake
from tasks.sources.filedrops.quotedata import QuoteData
from tasks.sources.filedrops.registry import recognise
from tasks.sources.filedrops.schwab import Schwab
from tasks.sources.filedrops.sessions import check_claim
from tasks.sources.filedrops.unpack import unpack

SAMPLES = Path(__file__).parents[2] / "contract" / "data" / "filedrops"
DATASHOP_BODY = (SAMPLES / "datashop.csv").read_bytes()
CALCULATED = ["implied_underlying_price_1545", "active_underlying_price_1545", "implied_volatility_1545", "delta_1545",
              "gamma_1545", "theta_1545", "vega_1545", "rho_1545"]  # fmt: skip


def table_of(body):
    return pd.read_csv(io.BytesIO(body), dtype="str", keep_default_na=False)


def csv_of(frame):
    return frame.to_csv(index=False).encode()


def read(layout, body, calendar, symbol="VIX"):
    return layout.read(body, DEFAULT_UNIVERSE[symbol], drop_url(symbol), calendar)


def options(drop):
    return drop.table["option"].to_pylist()


# Dates


@pytest.mark.parametrize(("text", "utc"), [
    ("September 14, 2023 at 4:31 PM EDT", "2023-09-14 20:31"),
    ("January 6, 2025 at 9:30 PM EST", "2025-01-07 02:30"),
    ("14 April 2023, 18:31 UTC\u22124", "2023-04-14 22:31"),
    ("23 de marzo de 2022, 10:11 GMT-4", "2022-03-23 14:11"),
    ("9 декабря 2023 г. в 13:49 GMT-5", "2023-12-09 18:49"),
    ("July 12, 2022, 12:05 AM EDT", "2022-07-12 04:05"),
    ("July 12, 2022, 12:05\u202fPM EDT", "2022-07-12 16:05"),
    ("1 May 2023, 06:00 UTC", "2023-05-01 06:00"),
    ("1 May 2023, 06:00 GMT+5:30", "2023-05-01 00:30"),
])  # fmt: skip
def test_a_date_in_its_readers_language(text, utc):
    found = read_moment(text, "f")
    assert found.timestamp() == datetime.fromisoformat(f"{utc}+00:00").timestamp()


@pytest.mark.parametrize(("text", "lacks"), [
    ("4 June 4, 3:15 PM EDT", "one year, one day"), ("June 4, 2023", "a clock"), ("2023 at 4:31 PM EDT", "month name"),
    ("4 Juni 2023, 15:15 GMT+2", "one month name"), ("May June 4, 2023 at 4:31 PM EDT", "one month name"), ("", "year"),
])  # fmt: skip
def test_nothing_of_a_date_is_guessed(text, lacks):
    with pytest.raises(SkippableError, match=rf"found '{re.escape(text)}', which lacks .*{lacks}"):
        read_moment(text, "f")


@pytest.mark.parametrize("text", ["June 31, 2023 at 4:31 PM EDT", "June 4, 2023 at 14:31 PM EDT",
                                  "June 4, 2023 at 4:61 PM EDT", "June 4, 2023 at 4:31 PM UTC+99"])  # fmt: skip
def test_no_such_moment(text):
    with pytest.raises(SkippableError, match="no such moment as"):
        read_moment(text, "f")


@pytest.mark.parametrize("zone", ["CET", "Moscow", "", "GMT-4 or so"])
def test_a_zone_nobody_knows(zone):
    with pytest.raises(SkippableError, match="expected a clock in EST, EDT, GMT or UTC"):
        read_moment(f"June 4, 2023 at 4:31 PM {zone}", "f")


# Two clocks


def test_the_quote_of_a_quarter_to_four_is_preferred(calendar):
    drop = read(DATASHOP, DATASHOP_BODY, calendar)
    assert drop.venue_scope == "cboe_datashop_1545"
    assert drop.header.quote_at == datetime.fromisoformat("2026-08-21 15:45")
    assert drop.table["bid"].to_pylist()[0] == 1.62


def test_without_it_the_close_is_taken_and_no_volatility_of_the_other_clock(calendar):
    frame = table_of(DATASHOP_BODY)
    frame[["bid_1545", "ask_1545", "bid_size_1545", "ask_size_1545"]] = ""
    drop = read(DATASHOP, csv_of(frame), calendar)
    assert drop.venue_scope == "cboe_datashop_eod"
    assert drop.header.quote_at == datetime.fromisoformat("2026-08-21 16:00")
    assert drop.table["bid"].to_pylist()[0] == 1.60
    assert drop.table["iv"].null_count == drop.table["delta"].null_count == 4


def test_an_early_close_is_the_calendars(calendar):
    frame = table_of(DATASHOP_BODY).assign(quote_date="2026-11-27", expiration="2026-12-16")
    frame[["bid_1545", "ask_1545"]] = ""
    assert read(DATASHOP, csv_of(frame), calendar).header.quote_at == datetime.fromisoformat("2026-11-27 13:00")


def test_a_day_without_trading_is_refused(calendar):
    with pytest.raises(ContractError, match="2026-08-22 is no trading session"):
        read(DATASHOP, csv_of(table_of(DATASHOP_BODY).assign(quote_date="2026-08-22")), calendar)


def test_the_quotes_only_product_is_the_same_layout(calendar):
    body = csv_of(table_of(DATASHOP_BODY).drop(columns=CALCULATED))
    assert recognise(body, "f") is DATASHOP
    drop = read(DATASHOP, body, calendar)
    assert drop.table["ask"].to_pylist()[0] == 1.70
    assert drop.table["iv"].null_count == 4


def test_the_shorter_vintage_of_historical_data_is_the_same_layout(calendar):
    body = csv_of(table_of((SAMPLES / "historicaloptiondata.csv").read_bytes()).iloc[:, :14])
    drop = read(recognise(body, "f"), body, calendar)
    assert drop.table["open_interest"].to_pylist()[0] == 214_877
    assert drop.table["iv"].null_count == 4


# Contracts


def test_small_letters_and_a_changed_deliverable(calendar):
    frame = table_of(DATASHOP_BODY)
    frame["option_type"] = frame["option_type"].str.lower()
    frame.loc[0, "delivery_code"] = "A"
    assert options(read(DATASHOP, csv_of(frame), calendar))[:2] == ["VIX1260916C00020000", "VIX260916P00020000"]


@pytest.mark.parametrize(("column", "value"), [("strike", "abc"), ("strike", ""), ("strike", "1e9"), ("strike", "-5"),
                                               ("expiration", "2026-13-01"), ("expiration", ""),
                                               ("option_type", "")])  # fmt: skip
def test_a_contract_that_cannot_be_told_stays_a_row(calendar, column, value):
    frame = table_of(DATASHOP_BODY)
    frame.loc[0, column] = value
    found = options(read(DATASHOP, csv_of(frame), calendar))
    assert len(found) == 4
    assert found[0] not in {"VIX260916C00020000", None}
    assert "VIX260916P00020000" in found


@pytest.mark.parametrize(("flag", "root"), [("1", "SPX"), ("0", "SPXW"), ("", "SPX")])
def test_twins_of_a_third_friday_are_told_by_the_vendors_flag(calendar, flag, root):
    frame = table_of((SAMPLES / "ivydb.csv").read_bytes()).head(1)
    frame = frame.assign(exdate="2026-09-18", am_settlement=flag, ticker="SPX", strike_price="5000000")
    assert options(read(IVYDB, csv_of(frame), calendar, "SPX")) == [f"{root}260918C05000000"]


def test_numbers_are_read_as_they_are_printed():
    """A short float is 0.15, not the double nearest to it; what is no number is seen by validation."""
    assert numbers(pd.Series([0.15, 2.55], dtype="float32")).tolist() == [0.15, 2.55]
    found = numbers(pd.Series([" 1.5 ", "x", None, "inf", 7], dtype="object"))
    assert found.fillna(-1.0).tolist() == [1.5, -1.0, -1.0, -1.0, 7.0]


def test_minus_99_99_is_no_volatility(calendar):
    frame = table_of((SAMPLES / "ivydb.csv").read_bytes()).assign(impl_volatility="-99.99", delta="-99.99")
    drop = read(IVYDB, csv_of(frame), calendar)
    assert drop.table["iv"].null_count == drop.table["delta"].null_count == 4


def test_schwab_percent_sentinels_and_non_standard_deliverables(calendar):
    body = (SAMPLES / "schwab.json").read_bytes()
    body = body.replace(b"88.15", b"-999.0").replace(b'"nonStandard": false', b'"nonStandard": true', 1)
    drop = read(Schwab(), body, calendar)
    assert drop.table["iv"].null_count == 2
    assert drop.table["iv"].to_pylist()[1] == pytest.approx(1.1402)
    assert options(drop)[0] == "VIX1260916C00020000"


def test_a_chain_that_failed_is_no_chain(calendar):
    body = (SAMPLES / "schwab.json").read_bytes().replace(b"SUCCESS", b"FAILED")
    with pytest.raises(SkippableError, match="expected status SUCCESS, found 'FAILED'"):
        read(Schwab(), body, calendar)


def test_an_expiry_that_is_not_its_contracts_was_edited(calendar):
    body = (SAMPLES / "cboe_quotedata.csv").read_bytes().replace(b"Wed Sep 16 2026", b"Wed Sep 23 2026")
    with pytest.raises(SkippableError, match="1 rows whose Expiration Date is not their contract's"):
        read(QuoteData(), body, calendar)


def test_simulated_rows_of_a_lake_are_refused(calendar):
    table = pq.read_table(SAMPLES / "own_lake.parquet")
    frame = table.to_pandas().assign(source_mode="simulated")
    sink = io.BytesIO()
    frame.to_parquet(sink)
    with pytest.raises(SkippableError, match="simulated rows are no evidence"):
        read(OwnLake(), sink.getvalue(), calendar)


# Does the file belong to its day?


def test_expiries_that_are_over_or_far_away_contradict_the_date(calendar):
    drop = read(DATASHOP, DATASHOP_BODY, calendar)  # expiries 2026-08-26 and 2026-09-16
    check_claim(drop, date(2026, 8, 26), "f")  # on the day itself a contract is still listed
    with pytest.raises(SkippableError, match="expired on 2026-08-26; its date is wrong"):
        check_claim(drop, date(2026, 8, 27), "f")
    with pytest.raises(SkippableError, match=r"first expiry is 2026-08-26, 33 days later, .* at most 21 days apart"):
        check_claim(drop, date(2026, 7, 24), "f")


# Wrappings


def zipped(**files):
    sink = io.BytesIO()
    with zipfile.ZipFile(sink, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, body in files.items():
            archive.writestr(name, body)
    return sink.getvalue()


@pytest.mark.parametrize(("body", "words"), [
    pytest.param(gzip.compress(b"\0" * 2000), "at most 0 MB, found more", id="gzip-bomb"),
    pytest.param(b"x" * 1001, "at most 0 MB, found more", id="large"),
    pytest.param(zipped(a=b"\0" * 2000), "unpacked, found more", id="zip-bomb"),
    pytest.param(zipped(a=b"\0" * 600, b=b"\0" * 600), "unpacked, found more", id="zip-of-many"),
    pytest.param(zipped(**{f"m{at}": b"" for at in range(9)}), "at most 8 files, found 9", id="members"),
    pytest.param(gzip.compress(b"abc" * 50)[:-9], "EOFError", id="gzip-cut"),
    pytest.param(zipped(a=b"abc")[:-9], "BadZipFile", id="zip-cut"),
])  # fmt: skip
def test_what_is_too_large_or_damaged_is_refused(tmp_path, monkeypatch, body, words):
    monkeypatch.setattr(unpack_module, "MAX_FILE_BYTES", 1000)
    monkeypatch.setattr(unpack_module, "MAX_MEMBERS", 8)
    (tmp_path / "drop").write_bytes(body)
    with pytest.raises(SkippableError, match=words):
        unpack(tmp_path / "drop")


def test_a_path_in_a_zip_leads_nowhere(tmp_path):
    (tmp_path / "drop.zip").write_bytes(zipped(**{"../../evil.csv": b"x"}))
    assert unpack(tmp_path / "drop.zip") == [("drop.zip/../../evil.csv", b"x")]
    assert sorted(path.name for path in tmp_path.rglob("*")) == ["drop.zip"]


def test_a_file_that_is_not_there(tmp_path):
    with pytest.raises(SkippableError, match=r"nothing\.csv: no such file$"):
        unpack(tmp_path / "nothing.csv")
