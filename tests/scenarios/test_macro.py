"""Scenarios 24 and 26 to 29: the public offices' calendars and series, as they really answer."""

import json
from datetime import date

import pandas as pd
import pytest

from alvh_core.schemas import MACRO_EVENTS, MACRO_SERIES
from tasks.macro import MACRO
from tasks.sources.source import MACRO_CALENDAR
from tasks.sources.source import MACRO_SERIES as SERIES

DAY = date(2026, 8, 21)
OBSERVATIONS, GRAPH = "/fred/series/observations", "/graph/fredgraph.csv"
FED_JSON, FED_PAGE = "/json/calendar.json", "/monetarypolicy/fomccalendars.htm"
ICS, RELEASES, BEA = "/schedule/news_release/bls.ics", "/fred/releases/dates", "/API/signup/release_dates.json"
REFUSED = '{"error_code":400,"error_message":"Bad Request.  The value for variable api_key is not registered."}'


@pytest.fixture
def macro_road(road):
    """A road of the offices' own night; FRED has a key."""
    return lambda *publishers, **options: road(*publishers, day=DAY, fred_api_key="planted-key", **options)


def values(mine):
    known = mine.table(MACRO_SERIES)
    return dict(zip(known["observation_date"].astype(str), known["series_value"], strict=True))


def dates(mine, kind):
    known = mine.table(MACRO_EVENTS)
    mine_only = known[(known["event_type"] == kind) & (known["event_source"] != "packaged")]
    return mine_only["event_date"].astype(str).tolist()


def vintages(*values):
    rows = [{"realtime_start": "2026-08-20", "realtime_end": "2026-08-21", "date": day, "value": value}
            for day, value in values]  # fmt: skip
    return json.dumps({"realtime_start": "2025-07-17", "realtime_end": "2026-08-21", "count": len(rows),
                       "limit": 100000, "observations": rows})  # fmt: skip


def test_24_a_dot_a_blank_and_an_error_in_words_are_no_values(macro_road, httpserver):
    httpserver.expect_request(OBSERVATIONS).respond_with_data(vintages(
        ("2026-08-18", "4.20"), ("2026-08-19", "."), ("2026-08-20", "4.15")))  # fmt: skip
    mine = macro_road("fred").take_macro((SERIES, "DGS10"))
    assert values(mine) == {"2026-08-18": 4.20, "2026-08-20": 4.15}
    (request, _), *_ = httpserver.log
    assert request.args["api_key"] == "planted-key"
    assert "planted-key" not in mine.land(SERIES, "DGS10").url

    for number, refusal in enumerate([(REFUSED, 200), (REFUSED, 400)]):
        httpserver.clear()
        httpserver.expect_request(OBSERVATIONS).respond_with_data(*refusal)
        httpserver.expect_request(GRAPH).respond_with_data(
            "observation_date,DGS10\n2026-08-12,4.18\n2026-08-13,\n2026-08-14,.\n2026-08-15,4.11\n"
        )
        told = macro_road("fred", "fredgraph", home=f"graph{number}").take_macro((SERIES, "DGS10"))
        assert values(told) == {"2026-08-12": 4.18, "2026-08-15": 4.11}
        assert set(told.table(MACRO_SERIES)["known_by"]) == {"LAG"}
        lost = macro_road("fred", home=f"lost{number}").land(SERIES, "DGS10")
        assert ("FRED refuses, 400" if refusal[1] == 200 else "answered 400") in lost.reason
        assert "planted-key" not in lost.reason


def test_26_a_byte_order_mark_before_json(macro_road, httpserver):
    events = [{"title": "FOMC Meeting", "time": "2:00 p.m.", "month": "2026-09", "days": "15-16", "type": "FOMC"},
              {"title": "FOMC Minutes", "time": "2:00 p.m.", "month": "2026-10", "days": "7", "type": "FOMC"},
              {"title": "Beige Book", "time": "", "month": "2026-10", "days": "1, 8, 15", "type": "Beige"}]  # fmt: skip
    body = b"\xef\xbb\xbf" + json.dumps({"events": events}).encode()
    httpserver.expect_request(FED_JSON).respond_with_data(body)
    mine = macro_road("fed").take_macro((MACRO_CALENDAR, "FED"))
    assert dates(mine, "FOMC_DECISION") == ["2026-09-16"]
    assert mine.body(mine.land(MACRO_CALENDAR, "FED")) == body, "archived as it came"
    known = mine.table(MACRO_EVENTS)
    assert set(known["event_source"]) >= {"fed_json"}


CALENDAR = "\r\n".join([
    "BEGIN:VCALENDAR", "VERSION:2.0",
    "BEGIN:VEVENT", "DTSTART;TZID=US-Eastern:20260911T083000", "SUMMARY:Consumer Pri", " ce Index for Aug",
    "\tust 2026", "END:VEVENT",
    "BEGIN:VEVENT", "DTSTART;TZID=US-Eastern:20261020T100000", "SUMMARY:Employment Situation of Veterans", "END:VEVENT",
    "BEGIN:VEVENT", "DTSTART;TZID=US-Eastern:20260904T083000", "SUMMARY:Employment Situation for August 2026",
    "END:VEVENT", "END:VCALENDAR", "",
])  # fmt: skip
AKAMAI = ("<HTML><HEAD><TITLE>Access Denied</TITLE></HEAD></HTML>", 403)


def test_27_the_bureau_of_labor_and_what_stands_in_for_it(macro_road, httpserver):
    httpserver.expect_request(ICS).respond_with_data(CALENDAR)
    mine = macro_road("bls").take_macro((MACRO_CALENDAR, "BLS"))
    assert dates(mine, "CPI") == ["2026-09-11"], "a folded line"
    assert dates(mine, "EMPLOYMENT") == ["2026-09-04"], "and not that of veterans"
    known = mine.table(MACRO_EVENTS).set_index("event_type")
    assert known.loc["CPI", "event_at_utc"] == pd.Timestamp("2026-09-11 12:30Z"), "US-Eastern is New York"

    httpserver.clear()
    httpserver.expect_request(ICS).respond_with_data(*AKAMAI)
    httpserver.expect_request(RELEASES).respond_with_data(
        '{"release_dates":[{"release_id":10,"release_name":"Consumer Price Index","date":"2026-09-11"}]}'
    )
    other = macro_road("bls", "fred", home="fred").take_macro((MACRO_CALENDAR, "BLS"))
    assert dates(other, "CPI") == ["2026-09-11"]
    assert other.table(MACRO_EVENTS).set_index("event_type").loc["CPI", "time_source"] == "convention"

    httpserver.clear()
    httpserver.expect_request(ICS).respond_with_data(*AKAMAI)
    alone = macro_road("bls", home="alone").take_macro((MACRO_CALENDAR, "BLS"))
    assert "answered 403" in alone.payload("BLS", MACRO)["reason"]
    known = alone.table(MACRO_EVENTS)
    assert set(known.loc[known["event_type"] == "CPI", "event_source"]) == {"packaged"}, "the last resort, and named"


def test_28_bea_repeats_itself_and_has_strangers_among_its_values(macro_road, httpserver):
    stamp, other = "2026-09-30T12:30:00+00:00", "2026-12-23T13:30:00+00:00"
    body = {"Gross Domestic Product": {"release_dates": [stamp, stamp, other], "to_be_rescheduled": [other]},
            "Personal Income and Outlays": {"release_dates": ["2026-08-27T12:30:00+00:00"]},
            "file_generated": "2026-08-20", "GDP by State": None, "Trade": []}  # fmt: skip
    httpserver.expect_request(BEA).respond_with_data(json.dumps(body))
    mine = macro_road("bea").take_macro((MACRO_CALENDAR, "BEA"))
    assert dates(mine, "GDP") == ["2026-09-30"]
    assert dates(mine, "PERSONAL_INCOME") == ["2026-08-27"]
    known = mine.table(MACRO_EVENTS).set_index("event_type")
    assert known.loc["GDP", "event_at_utc"] == pd.Timestamp(stamp)


def row(month, days, shade=""):
    return (f'<div class="{shade} row fomc-meeting"><div class="{shade} fomc-meeting__month">{month}</div>'
            f'<div class="fomc-meeting__date col-xs-4">{days}</div></div>')  # fmt: skip


def test_29_a_page_of_meetings_with_a_vote_by_notation_two_months_in_a_cell_and_shading(macro_road, httpserver):
    page = "".join(['<html><div class="panel"><h4><a id="1">2026 FOMC Meetings</a></h4>', row("September", "15-16*"),
                    row("August", "22 (notation vote)"), row("Oct/Nov", "31-3", "fomc-meeting--shaded"),
                    row("December", "8-9 (cancelled)"), "</div></html>"])  # fmt: skip
    httpserver.expect_request(FED_JSON).respond_with_data("gone", 404)
    httpserver.expect_request(FED_PAGE).respond_with_data(page)
    mine = macro_road("fed").take_macro((MACRO_CALENDAR, "FED"))
    assert dates(mine, "FOMC_DECISION") == ["2026-09-16", "2026-11-03"]
    assert mine.payload("FED", MACRO)["url"].endswith(FED_PAGE)
