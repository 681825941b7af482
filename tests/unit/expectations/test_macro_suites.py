"""The rules for macro files: a conforming frame passes, each planted fault is found with its code and row."""

import pandas as pd
import pytest

from alvh_core import frames
from alvh_core.schemas import MACRO_LISTED, MACRO_VALUES
from expectations.runner import validate
from expectations.suites import macro_listed_suite, macro_values_suite

NIGHT = {"trade_date": pd.Timestamp("2026-08-21"), "source_mode": "recorded", "payload_sha256": "a" * 64}


def listed(**columns):
    rows = {"event_type": "CPI", "event_source": "bls_ics", "event_period": ["2026-08", "2026-09", "in 2026-11"],
            "event_date": ["2026-09-11", "2026-10-14", "2026-11-10"], "event_title": "Consumer Price Index",
            "event_at_utc": ["2026-09-11T12:30:00Z", "2026-10-14T12:30:00Z", "2026-11-10T13:30:00Z"],
            "time_source": "stated", "row_position": [0, 1, 2]}  # fmt: skip
    return frames.conform(pd.DataFrame(NIGHT | rows | columns), MACRO_LISTED)


def values(**columns):
    rows = {"series_id": ["DGS10", "CPIAUCSL", "GDPC1"], "observation_date": ["2026-08-19", "2026-06-01", "2026-01-01"],
            "known_from_date": ["2026-08-20", "2026-07-14", "2026-05-01"], "series_value": [4.2, 330.1, 24000.0],
            "series_unit": ["percent", "index 1982-84=100", "bn chained 2017 USD"], "known_by": "VINTAGE",
            "superseded_date": [None, None, "2026-07-01"], "series_source": "fred_api",
            "row_position": [0, 1, 2]}  # fmt: skip
    return frames.conform(pd.DataFrame(NIGHT | rows | columns), MACRO_VALUES)


def codes(report):
    found = [(at, rule.name) for rule, outcome in report.broken for at in outcome.positions]
    return sorted(found, key=lambda pair: pair[0])


def test_good_rows_pass():
    assert not validate(listed(), macro_listed_suite()).broken
    assert not validate(values(), macro_values_suite()).broken


@pytest.mark.parametrize(("columns", "code"), [
    ({"event_date": ["2026-09-11", "2026-10-14", "2026-11-14"],
      "event_at_utc": ["2026-09-11T12:30:00Z", "2026-10-14T12:30:00Z", "2026-11-14T13:30:00Z"]}, "WEEKEND"),
    ({"event_at_utc": ["2026-09-11T12:30:00Z", "2026-10-14T12:30:00Z", "2026-11-11T13:30:00Z"]}, "TIME_OFF_DATE"),
    ({"event_at_utc": ["2026-09-11T12:30:00Z", "2026-10-14T12:30:00Z", "2026-11-10T08:30:00Z"]}, "TIME_AT_NIGHT"),
    ({"event_type": ["CPI", "CPI", "RUMOUR"]}, "NOT_ALLOWED"), ({"event_source": ["bls_ics", "bls_ics", "x"]},
     "NOT_ALLOWED"), ({"event_period": ["2026-08", "2026-09", "soon"]}, "PATTERN"),
])  # fmt: skip
def test_a_line_of_a_calendar_that_cannot_be(columns, code):
    assert codes(validate(listed(**columns), macro_listed_suite())) == [(2, code)]


def test_two_times_for_one_release_and_day_are_both_refused():
    twice = {"event_date": ["2026-09-11", "2026-10-14", "2026-10-14"],
             "event_period": ["2026-08", "2026-09", "2026-09"],
             "event_at_utc": ["2026-09-11T12:30:00Z", "2026-10-14T12:30:00Z", "2026-10-14T14:00:00Z"]}  # fmt: skip
    assert codes(validate(listed(**twice), macro_listed_suite())) == [(1, "DUPLICATE_KEY"), (2, "DUPLICATE_KEY")]


@pytest.mark.parametrize(("columns", "found"), [
    ({"known_from_date": ["2026-08-24", "2026-07-14", "2026-05-01"]}, (0, "AFTER_THE_NIGHT")),
    ({"known_from_date": ["2026-08-18", "2026-07-14", "2026-05-01"]}, (0, "KNOWN_BEFORE_IT_BEGAN")),
    ({"superseded_date": [None, None, "2026-04-01"]}, (2, "SUPERSEDED_BEFORE_KNOWN")),
    ({"series_value": [420.0, 330.1, 24000.0]}, (0, "ABSURD_PERCENT")),
    ({"series_value": [4.2, -330.1, 24000.0]}, (1, "INDEX_NOT_POSITIVE")),
    ({"series_id": ["DGS10", "CPIAUCSL", "VIXCLS"]}, (2, "NOT_ALLOWED")),
    ({"known_by": ["VINTAGE", "LAG", "RUMOUR"]}, (2, "NOT_ALLOWED")),
])  # fmt: skip
def test_a_value_that_cannot_be(columns, found):
    assert codes(validate(values(**columns), macro_values_suite())) == [found]


@pytest.mark.parametrize(("table", "suite"), [(MACRO_LISTED, macro_listed_suite), (MACRO_VALUES, macro_values_suite)])
def test_nothing_arrived_does_not_stop_the_night(table, suite):
    missing = validate(frames.empty(table), suite())
    assert missing.worst_severity == "underlying"
    assert not missing.has_night_failure
