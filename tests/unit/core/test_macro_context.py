"""Moves of a host on release days over those of other days."""

import numpy as np
import pandas as pd
import pytest

from alvh_core import frames
from alvh_core.basis.closes import Closes
from alvh_core.macro.events import night_listed
from alvh_core.macro.windows import MIN_RELEASES, macro_context
from alvh_core.schemas import MACRO_EVENTS, MACRO_SERIES

NIGHT = pd.Timestamp("2026-07-16")
SESSIONS = pd.bdate_range("2020-01-02", NIGHT)
RELEASES = pd.date_range("2020-01-01", NIGHT, freq="MS") + pd.offsets.BDay(9)
NO_SERIES = frames.empty(MACRO_SERIES)


def events(dates):
    """What a night keeps of a calendar of producer prices."""
    lines = pd.DataFrame({"event_type": "PPI", "event_period": [f"{day:%Y-%m}" for day in dates],
                          "event_source": "bls_ics", "event_date": dates, "event_at_utc": dates.tz_localize("UTC"),
                          "event_title": "PPI",
                          "time_source": "stated", "row_position": 0, "payload_sha256": "x"})  # fmt: skip
    kept = night_listed(lines, NIGHT.date(), "live")
    return frames.conform(kept.assign(known_from_date=NIGHT), MACRO_EVENTS)


def context(size, dates=RELEASES):
    closes = 100.0 * np.cumprod(1.0 + size * np.where(np.arange(len(size)) % 2, 1.0, -1.0))
    table = Closes(SESSIONS.to_numpy().astype("datetime64[D]"), ("IBIT",), closes[:, None])
    return macro_context(table, ["IBIT"], events(dates), NO_SERIES, NIGHT, "live").iloc[0]


def test_a_night_keeps_releases_enough_for_a_ratio():
    moves = np.random.default_rng(5).uniform(0.005, 0.015, len(SESSIONS))
    found = context(np.where(SESSIONS.isin(RELEASES), 2.0, 1.0) * moves)
    assert found["context_status"] == "OK"
    assert found["ppi_events_count"] >= MIN_RELEASES
    assert found["ppi_event_ratio"] == pytest.approx(2.0, rel=0.1)
    assert found["ppi_ratio_low"] < found["ppi_event_ratio"] < found["ppi_ratio_high"]


def test_sessions_before_the_first_known_release_are_neither():
    """Their releases are not told: they would count as other days."""
    size = np.where(SESSIONS.isin(RELEASES), 0.02, 0.01)
    assert context(np.where(SESSIONS < "2023-01-01", 0.5, size))["ppi_event_ratio"] == pytest.approx(2.0)


@pytest.mark.parametrize(("count", "status"), [(0, "NO_DATA"), (23, "INSUFFICIENT"), (24, "OK")])
def test_too_few_releases(count, status):
    found = context(np.full(len(SESSIONS), 0.01), RELEASES[RELEASES <= NIGHT][len(RELEASES) - count :])
    assert (found["ppi_events_count"], found["context_status"]) == (count, status)
    assert np.isnan(found["ppi_event_ratio"]) == (status != "OK")
