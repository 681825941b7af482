"""The Treasury's par yields: columns that grow over the years, an empty January, and what is refused."""

import gzip

import pytest

from alvh_core.errors import RetriableError, SkippableError
from tasks.sources.treasury import curve_url, parse_curve

HEAD = (b'Date,"1 Mo","1.5 Month","2 Mo","3 Mo","4 Mo","6 Mo","1 Yr","2 Yr","3 Yr","5 Yr","7 Yr","10 Yr","20 Yr",'
        b'"30 Yr"\n')  # fmt: skip
ROWS = (b"08/21/2026,3.71,3.70,3.69,3.66,3.64,3.60,3.55,3.58,3.61,3.72,3.92,4.15,4.70,4.74\n"
        b"08/20/2026,3.72,3.71,3.70,3.67,3.64,3.61,3.57,3.60,3.63,3.74,3.93,4.16,4.71,4.75\n")  # fmt: skip


def curve(body):
    return parse_curve(body, "UST2026", "u")


def test_fourteen_tenors():
    frame = curve(HEAD + ROWS)
    assert len(frame) == 28
    newest = frame[frame["row_position"] == 0].sort_values("tenor_years")
    months = [1, 1.5, 2, 3, 4, 6, 12, 24, 36, 60, 84, 120, 240, 360]
    assert newest["tenor_years"].tolist() == pytest.approx([m / 12 for m in months])
    assert newest["par_yield_frac"].iloc[0] == pytest.approx(0.0371)
    assert set(frame["curve_date"].astype(str)) == {"2026-08-21", "2026-08-20"}


def test_thirteen_and_nine_tenors():
    thirteen = (
        HEAD.replace(b'"1.5 Month",', b"") + b"08/21/2024,5.31,5.30,5.29,5.2,5.1,4.9,4.6,4.4,4.3,4.3,4.3,4.6,4.5\n"
    )
    assert len(curve(thirteen)) == 13
    nine = b"""Date,"3 Mo","6 Mo","1 Yr","2 Yr","3 Yr","5 Yr","7 Yr","10 Yr","30 Yr"
01/02/1990,7.83,7.89,7.81,7.87,7.90,7.87,7.98,7.94,8.00
"""
    assert len(curve(nine)) == 9


def test_january_without_a_row_is_no_fault():
    frame = curve(HEAD)
    assert len(frame) == 0
    assert list(frame.columns) == ["curve_date", "tenor_years", "par_yield_frac", "row_position"]
    assert frame["par_yield_frac"].dtype == "float64"


@pytest.mark.parametrize("blank", [b"", b"N/A", b".", b"--"])
def test_blank_yields_are_dropped(blank):
    frame = curve(HEAD + ROWS.replace(b"4.74", blank))
    assert len(frame) == 27


@pytest.mark.parametrize("change", [
    pytest.param(lambda b: b"\xef\xbb\xbf" + b, id="bom"), pytest.param(lambda b: b.replace(b"\n", b"\r\n"), id="crlf"),
    pytest.param(lambda b: b.replace(b'"', b""), id="unquoted"),
    pytest.param(lambda b: b.rstrip(), id="no-last-newline"),
    pytest.param(lambda b: b.replace(b'"30 Yr"', b'"30 yr "'), id="case"),
    pytest.param(lambda b: b.replace(b'"30 Yr"', b'"30 Yr",Note').replace(b"4.74", b"4.74,a").replace(b"4.75",
                 b"4.75,b"), id="extra-column"),
])  # fmt: skip
def test_spelling_does_not_matter(change):
    assert curve(change(HEAD + ROWS)).equals(curve(HEAD + ROWS))


@pytest.mark.parametrize("cut", [6, 20, 60])
def test_a_file_cut_in_its_last_row(cut):
    with pytest.raises(RetriableError, match="UST2026: u: a body cut short"):
        curve((HEAD + ROWS)[:-cut])


@pytest.mark.parametrize("body", [
    pytest.param(b"", id="empty"), pytest.param(b"<!DOCTYPE html><html>maintenance</html>", id="html"),
    pytest.param((HEAD + ROWS).replace(b"Date", b"Day"), id="date-renamed"),
    pytest.param(b"Date,a,b\n08/21/2026,1,2\n", id="no-maturities"),
    pytest.param((HEAD + ROWS).replace(b"08/21/2026", b"2026-08-21"), id="other-date-format"),
    pytest.param((HEAD + ROWS).replace(b"08/21/2026", b""), id="row-without-date"),
    pytest.param((HEAD + ROWS).replace(b"4.74", b"four"), id="words"),
    pytest.param((HEAD + ROWS).replace(b'"1.5 Month"', b'"1 mo"'), id="tenor-twice"),
])  # fmt: skip
def test_what_is_refused(body):
    with pytest.raises(SkippableError, match=r"UST2026: u: "):
        curve(body)


def test_address():
    assert curve_url(2026).startswith("https://home.treasury.gov/")
    assert "/2026/all?" in curve_url(2026)
    rates = "resource-center/data-chart-center/interest-rates"
    assert curve_url(2025, "http://127.0.0.1:1").startswith(
        f"http://127.0.0.1:1/{rates}/daily-treasury-rates.csv/2025/all?"
    )


def test_the_recorded_curves(recorded_root):
    for path in recorded_root.glob("histories/home.treasury.gov/**/all.csv.gz"):
        assert curve(gzip.decompress(path.read_bytes()))["par_yield_frac"].between(0.0, 0.1).all()
