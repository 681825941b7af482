"""Macro calendars and series as the public offices publish them, traps included, and what is refused."""

import gzip
import json
from datetime import date

import pandas as pd
import pytest

from alvh_core.errors import RetriableError, SkippableError
from alvh_core.market import macro_files
from tasks.sources import bea, bls, fed, fred, treasury

BOM = b"\xef\xbb\xbf"
DAY = date(2026, 7, 16)


def fed_json(*events, bom=BOM):
    return bom + json.dumps({"events": list(events)}).encode()


def meeting(days="27-28", month="2026-10", title="FOMC Meeting", at="2:00 p.m.", **more):
    return {"title": title, "time": at, "month": month, "days": days, "type": "FOMC"} | more


def dates(frame, kind=None):
    chosen = frame if kind is None else frame[frame["event_type"] == kind]
    return chosen["event_date"].dt.strftime("%Y-%m-%d").tolist()


def test_the_feds_json_begins_with_a_byte_order_mark():
    body = fed_json(meeting(), meeting(title="FOMC Minutes", days="7"), meeting(title="FOMC Press Conference"),
                    {"title": "Beige &amp; Book", "time": "", "month": "2026-10", "days": "1, 8, 15"})  # fmt: skip
    frame = fed.parse_fed(body, "FED", "u")
    assert dates(frame, "FOMC_DECISION") == ["2026-10-28"], "the last day of the meeting"
    assert dates(frame, "FOMC_MINUTES") == ["2026-10-07"]
    assert frame["event_at_utc"].iloc[0] == pd.Timestamp("2026-10-28 18:00Z")
    assert len(frame) == 2
    assert fed.parse_fed(fed_json(meeting(), bom=b""), "FED", "u")["event_source"].tolist() == ["fed_json"]


def test_daylight_saving_is_new_yorks():
    frame = fed.parse_fed(fed_json(meeting(), meeting("8-9", "2026-12")), "FED", "u")
    assert frame["event_at_utc"].dt.strftime("%H:%M").tolist() == ["18:00", "19:00"]


@pytest.mark.parametrize("change", [
    {"description": "(unscheduled)"}, {"description": "Notation vote"}, {"title": "FOMC Meeting (cancelled)"},
])  # fmt: skip
def test_only_scheduled_meetings_count(change):
    frame = fed.parse_fed(fed_json(meeting(), meeting(days="5", **change)), "FED", "u")
    assert dates(frame) == ["2026-10-28"]


def test_a_meeting_that_runs_over_the_end_of_the_month_and_a_blank_time():
    frame = fed.parse_fed(fed_json(meeting("30-1", "2025-12", at="")), "FED", "u")
    assert dates(frame) == ["2026-01-01"]
    assert frame["time_source"].tolist() == ["convention"]


def cells(month, days, *, shaded=""):
    return (f'<div class="{shaded}row fomc-meeting"><div class="{shaded}fomc-meeting__month col-xs-5"><strong>{month}'
            f'</strong></div><div class="fomc-meeting__date col-xs-4">{days}</div></div>\n')  # fmt: skip


PAGE = "".join((
    '<!DOCTYPE html><div class="panel-heading"><h4><a id="42828">2026 FOMC Meetings</a></h4></div>',
    cells("January", "27-28"), cells("Apr/May", "30-1", shaded="fomc-meeting--shaded "), cells("September", "15-16*"),
    cells("August", "22 (notation vote)"), "<h4>2025 FOMC Meetings</h4>", cells("December", "9-10*"),
)).encode()  # fmt: skip


def test_the_page_of_meetings_where_the_json_fails():
    frame = fed.parse_fed(PAGE, "FED", "u")
    assert dates(frame) == ["2026-01-28", "2026-05-01", "2026-09-16", "2025-12-10"]
    assert set(frame["event_source"]) == {"fed_html"}
    assert set(frame["time_source"]) == {"convention"}


@pytest.mark.parametrize(("body", "told"), [
    (fed_json(*[meeting(str(day), "2026-06") for day in range(1, 10)]), "up to 8 meetings"),
    (fed_json(meeting("10", "2026-10")), "a weekend"), (fed_json(), "none"),
    (b"<html>one moment, please</html>", "none"), (fed_json(meeting("soon")), "days 'soon'"), (b"[]", "expected JSON"),
    (fed_json(meeting(month="October")), "expected title"),
])  # fmt: skip
def test_a_fed_calendar_that_is_none(body, told):
    with pytest.raises(SkippableError, match=f"FED: u: .*{told}|expected JSON"):
        fed.parse_fed(body, "FED", "u")


def ics(*events):
    lines = ["BEGIN:VCALENDAR", "VERSION:2.0"]
    for title, start in events:
        lines += ["BEGIN:VEVENT", f"DTSTART{start}", f"SUMMARY:{title}", "END:VEVENT"]
    return "\r\n".join([*lines, "END:VCALENDAR", ""]).encode()


EASTERN = ";TZID=US-Eastern:20260911T083000"


def test_titles_are_taken_exactly():
    frame = bls.parse_bls(ics(
        ("Consumer Price Index for August 2026", EASTERN), ("Employment Situation of Veterans", EASTERN),
        ("State Job Openings and Labor Turnover", EASTERN), ("Employment Situation", EASTERN),
        ("Job Openings and Labor Turnover Survey", EASTERN),
    ), "BLS", "u")  # fmt: skip
    assert frame["event_type"].tolist() == ["CPI", "EMPLOYMENT", "JOLTS"]
    assert frame["event_period"].tolist() == ["2026-08", "in 2026-09", "in 2026-09"]
    assert set(frame["event_at_utc"]) == {pd.Timestamp("2026-09-11 12:30Z")}


@pytest.mark.parametrize(("start", "at", "source"), [
    (";TZID=America/New_York:20261215T083000", "2026-12-15 13:30Z", "stated"),
    (':20261215T133000Z', "2026-12-15 13:30Z", "stated"), (";VALUE=DATE:20261215", "2026-12-15 13:30Z", "convention"),
])  # fmt: skip
def test_every_way_to_say_when(start, at, source):
    frame = bls.parse_bls(ics(("Consumer Price Index", start)), "BLS", "u")
    assert frame["event_at_utc"].tolist() == [pd.Timestamp(at)]
    assert frame["time_source"].tolist() == [source]


def test_folded_lines_are_one():
    folded = ics(("Consumer Price Index for August 2026", EASTERN)).replace(b"Price Index", b"Pri\r\n ce Ind\r\n\tex")
    assert bls.parse_bls(folded, "BLS", "u")["event_type"].tolist() == ["CPI"]


@pytest.mark.parametrize(("body", "error"), [
    (b"<html>Access Denied</html>", SkippableError), (ics(), SkippableError), (b"\xff\xfe", SkippableError),
    (ics(("Consumer Price Index", ";TZID=Mars/Olympus:20260911T083000")), SkippableError),
    (ics(("Consumer Price Index", ";TZID=US-Eastern:20261311T083000")), SkippableError),
    (ics(("Consumer Price Index", EASTERN))[:-12], RetriableError), (ics(("Something else", EASTERN)), SkippableError),
])  # fmt: skip
def test_a_bls_calendar_that_is_none(body, error):
    with pytest.raises(error, match="BLS: u: "):
        bls.parse_bls(body, "BLS", "u")


def test_freds_list_of_releases_stands_in_for_the_bls():
    rows = [{"release_id": 10, "release_name": "Consumer Price Index", "date": "2026-09-11"},
            {"release_id": 10, "release_name": "Consumer Price Index", "date": "2026-09-11"},
            {"release_id": 9, "release_name": "Advance Monthly Sales", "date": "2026-09-15"}]  # fmt: skip
    frame = fred.parse_releases(json.dumps({"release_dates": rows, "count": 9000, "limit": 1000}).encode(), "BLS", "u")
    assert frame[["event_type", "time_source", "event_source"]].to_numpy().tolist() == [
        ["CPI", "convention", "fred_releases"]
    ]
    assert frame["event_at_utc"].tolist() == [pd.Timestamp("2026-09-11 12:30Z")]


BEA = {"Gross Domestic Product": {"release_dates": ["2026-08-26T12:30:00+00:00", "2026-09-30T12:30:00+00:00",
                                                    "2026-09-30T12:30:00+00:00", "2026-12-23T13:30:00+00:00"],
                                  "to_be_rescheduled": ["2026-12-23T13:30:00+00:00"]},
       "Personal Income and Outlays": {"release_dates": ["2026-08-27T12:30:00+00:00"]},
       "file_generated": "2026-08-20", "GDP by State": None}  # fmt: skip


def test_bea_dates_repeat_wait_and_stand_beside_strangers():
    frame = bea.parse_bea(json.dumps(BEA).encode(), "BEA", "u")
    assert dates(frame, "GDP") == ["2026-08-26", "2026-09-30"]
    assert dates(frame, "PERSONAL_INCOME") == ["2026-08-27"]


@pytest.mark.parametrize("body", [
    b"{}", b'{"Gross Domestic Product": {"release_dates": ["2026-08-26T12:30:00"]}}',
    b'{"Gross Domestic Product": {"release_dates": ["soon"]}}', b'{"Gross Domestic Product": {}}', b"<html>",
])  # fmt: skip
def test_a_bea_calendar_that_is_none(body):
    with pytest.raises(SkippableError, match="BEA: u"):
        bea.parse_bea(body, "BEA", "u")


def observations(*rows, until="2026-08-22", **more):
    named = [dict(zip(("realtime_start", "realtime_end", "date", "value"), row, strict=True)) for row in rows]
    return json.dumps({"realtime_start": "2026-01-01", "realtime_end": until, "count": len(rows), "limit": 100000,
                       "observations": named} | more).encode()  # fmt: skip


def test_freds_vintages_say_when_a_value_was_known():
    frame = fred.parse_series(observations(
        ("2026-05-01", "2026-06-30", "2026-01-01", "100.5"), ("2026-07-01", "2026-08-22", "2026-01-01", "101.5"),
        ("2026-07-01", "2026-08-22", "2026-04-01", "."),
    ), "GDPC1", "u")  # fmt: skip
    assert frame["series_value"].tolist() == [100.5, 101.5]
    assert frame["known_from_date"].astype(str).tolist() == ["2026-05-01", "2026-07-01"]
    assert frame["superseded_date"].tolist()[0] == pd.Timestamp("2026-07-01")
    assert frame["superseded_date"].isna().tolist() == [False, True]
    assert set(frame["known_by"]) == {"VINTAGE"}


@pytest.mark.parametrize("head", ["observation_date", "DATE"])
@pytest.mark.parametrize("blank", ["", "."])
def test_the_keyless_csv(head, blank):
    body = f"{head},DGS10\n2026-08-19,4.18\n2026-08-20,4.15\n2026-08-21,{blank}\n".encode()
    frame = fred.parse_series(body, "DGS10", "u")
    assert frame["series_value"].tolist() == [4.18, 4.15]
    assert frame["known_from_date"].isna().all()
    assert set(frame["known_by"]) == {"LAG"}


REFUSED = b'{"error_code":400,"error_message":"Bad Request.  The value for variable api_key is not registered."}'


@pytest.mark.parametrize(("body", "error"), [
    (REFUSED, SkippableError), (b"<html>not found</html>", SkippableError), (b"", SkippableError),
    (b"observation_date,DGS2\n2026-08-19,4.18\n", SkippableError),
    (b"observation_date,DGS10\n2026-08-", RetriableError),
    (b"observation_date,DGS10\n2026-08-19,four\n", SkippableError), (b"observation_date,DGS10\n1,1\n", SkippableError),
    (b"observation_date,DGS10\n2026-08-19,inf\n", SkippableError), (observations(count=200000), SkippableError),
    (observations(("2026-05-01", "2026-06-30", "2026-01-01", "1"))[:-9], RetriableError),
    (observations(("2026-05-01", "2026-06-30", "99999-01-01", "1")), SkippableError),
    (b'{"observations": 5, "realtime_end": "2026-01-01"}', SkippableError),
])  # fmt: skip
def test_a_series_that_is_none(body, error):
    with pytest.raises(error, match="DGS10: u"):
        fred.parse_series(body, "DGS10", "u")


FEED = b"""<?xml version="1.0"?><feed xmlns="http://www.w3.org/2005/Atom" xmlns:m="x" xmlns:d="y">
 <entry><content type="application/xml"><m:properties>
  <d:NEW_DATE m:type="Edm.DateTime">2026-08-21T00:00:00</d:NEW_DATE>
  <d:BC_1MONTH m:type="Edm.Double">3.71</d:BC_1MONTH><d:BC_1_5MONTH m:type="Edm.Double">3.70</d:BC_1_5MONTH>
  <d:BC_30YEAR m:type="Edm.Double">4.74</d:BC_30YEAR><d:BC_30YEARDISPLAY m:type="Edm.Double">0</d:BC_30YEARDISPLAY>
 </m:properties></content></entry>
 <entry><content><m:properties><d:NEW_DATE m:type="Edm.DateTime">2026-08-20T00:00:00</d:NEW_DATE>
 <d:BC_1MONTH m:type="Edm.Double">3.72</d:BC_1MONTH><d:BC_1_5MONTH m:null="true" /></m:properties></content></entry>
</feed>
"""


def test_the_treasurys_feed_says_what_its_csv_says():
    csv = b'Date,"1 Mo","1.5 Month","30 Yr"\n08/21/2026,3.71,3.70,4.74\n08/20/2026,3.72,,\n'
    pd.testing.assert_frame_equal(treasury.parse_curve(FEED, "UST2026", "u"), treasury.parse_curve(csv, "UST2026", "u"))
    with pytest.raises(RetriableError, match="cut short"):
        treasury.parse_curve(FEED[:-20], "UST2026", "u")


@pytest.mark.parametrize("year", [2020, 2025, 2026])
def test_the_simulated_calendars_are_read_like_the_real_ones(year):
    day = date(year, 10, 5)
    meetings = fed.parse_fed(macro_files.fed_bytes(day), "FED", "u")
    assert meetings[meetings["event_type"] == "FOMC_DECISION"].groupby(
        meetings["event_date"].dt.year
    ).size().tolist() == [
        8,
        8,
        8,
    ]
    releases = bls.parse_bls(macro_files.bls_bytes(day), "BLS", "u")
    assert releases["event_type"].value_counts().to_dict() == {
        "CPI": 24,
        "PPI": 24,
        "EMPLOYMENT": 24,
        "JOLTS": 24,
        "ECI": 8,
    }
    assert len(bea.parse_bea(macro_files.bea_bytes(day), "BEA", "u")) == 48


# Real files, where they are


def recorded_body(recorded_root, path):
    return gzip.decompress((recorded_root / "histories" / path).read_bytes())


def test_the_recorded_calendars(recorded_root):
    meetings = fed.parse_fed(recorded_body(recorded_root, "www.federalreserve.gov/json/calendar.json.gz"), "FED", "u")
    assert "2026-07-29" in dates(meetings, "FOMC_DECISION")
    releases = bls.parse_bls(recorded_body(recorded_root, "www.bls.gov/schedule/news_release/bls.ics.gz"), "BLS", "u")
    assert releases["event_type"].value_counts().to_dict() == {"CPI": 23, "PPI": 23, "EMPLOYMENT": 23}
    assert releases.loc[releases["event_period"] == "2025-09", "event_date"].dt.strftime("%Y-%m-%d").tolist() == [
        "2025-10-24", "2025-11-20", "2025-11-25"
    ], "the shutdown"  # fmt: skip
    gdp = bea.parse_bea(recorded_body(recorded_root, "apps.bea.gov/API/signup/release_dates.json.gz"), "BEA", "u")
    assert dates(gdp) == ["2026-06-25", "2026-07-30", "2026-08-26"]


def test_a_raw_bls_calendar_of_two_years(recorded_root):
    body = gzip.decompress((recorded_root.parent / "macro/bls_2023_2024.ics.gz").read_bytes())
    frame = bls.parse_bls(body, "BLS", "u")
    assert frame["event_type"].value_counts().to_dict() == {
        "CPI": 24,
        "PPI": 24,
        "EMPLOYMENT": 24,
        "JOLTS": 24,
        "ECI": 8,
    }
    assert frame.loc[frame["event_type"] == "CPI", "event_at_utc"].min() == pd.Timestamp("2023-01-12 13:30Z")


@pytest.mark.parametrize(("name", "head"), [("DGS10", b"date,value"), ("RBUSBIS", b"DATE,RBUSBIS")])
def test_keyless_csv_of_the_real_door(recorded_root, name, head):
    body = gzip.decompress((recorded_root.parent / f"macro/fredgraph_{name}.csv.gz").read_bytes())
    assert body.startswith(head)
    frame = fred.parse_series(body.replace(b"date,value", b"DATE,DGS10", 1), name, "u")
    assert len(frame) > 300
    assert frame["series_value"].between(0, 200).all()
