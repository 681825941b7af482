"""What was known when: releases that move, sources that disagree, values that are revised; nothing from the future."""

import gzip
import json
from datetime import date, timedelta

import numpy as np
import pandas as pd
import pytest

from alvh_core import frames
from alvh_core.macro.events import Event, listed, night_events, night_listed
from alvh_core.macro.history import observe
from alvh_core.macro.series import LAG, SERIES, VINTAGE, night_series, night_values
from alvh_core.market.simulated import SimulatedMarket
from alvh_core.schemas import MACRO_EVENTS, MACRO_SERIES
from alvh_core.universe import DEFAULT_UNIVERSE
from tasks.sources import fred
from tasks.sources.schedule import packaged_schedule

NOTHING = listed([]).assign(known_from_date=pd.NaT, payload_sha256="")
SEPTEMBER, SHUTDOWN, NOVEMBER = date(2025, 9, 30), date(2025, 10, 14), date(2025, 11, 3)


def cpi(day, period="2025-09", source="bls_ics", kind="CPI"):
    return Event(kind=kind, day=day, title=f"{kind} for {period}", source=source, period=period)


def play(nights, packaged=NOTHING):
    """Take calendars through one night after the other; what each of them knew."""
    known, before = {}, frames.empty(MACRO_EVENTS)
    for night, lines in nights.items():
        seen = night_listed(listed(lines).assign(payload_sha256=str(night)), night, "live")
        before = known[night] = night_events(seen, before, packaged, night, "live")
    return known


def known_on(history, day):
    """The rows that were known and not yet superseded on a day, told from a later night's history."""
    at = pd.Timestamp(day)
    is_known = (history["known_from_date"] <= at) & ~(history["superseded_date"] <= at)
    return history[is_known].reset_index(drop=True)


def values_on(series, day):
    """One value per series and observation: the one that was known on a day."""
    return known_on(series, day).sort_values(["series_id", "observation_date"], ignore_index=True)


def told(events, *names):
    return events[list(names)].astype("str").fillna("-").to_numpy().tolist()


def test_a_release_that_moves_replaces_its_date_without_losing_it():
    old, new, later = date(2025, 10, 15), date(2025, 10, 24), date(2025, 11, 13)
    known = play({
        SEPTEMBER: [cpi(date(2025, 9, 11), "2025-08"), cpi(old), cpi(later, "2025-10")],
        SHUTDOWN: [cpi(date(2025, 9, 11), "2025-08"), cpi(new), cpi(later, "2025-10")],
        NOVEMBER: [cpi(date(2025, 9, 11), "2025-08"), cpi(new)],
    })  # fmt: skip
    names = ("event_date", "known_from_date", "superseded_date", "moved_to_date")
    assert told(known[SEPTEMBER], *names[:3]) == [
        [day, "2025-09-30", "-"] for day in ("2025-09-11", "2025-10-15", "2025-11-13")
    ]
    assert sorted(told(known[NOVEMBER], *names)) == [
        ["2025-09-11", "2025-09-30", "-", "-"],
        ["2025-10-15", "2025-09-30", "2025-10-14", "2025-10-24"],
        ["2025-10-24", "2025-10-14", "-", "-"],
        ["2025-11-13", "2025-09-30", "2025-11-03", "-"],
    ], "the prices of October 2025 were never published"


def test_what_each_night_knew_is_what_is_later_known_to_have_been_known():
    rng, nights = np.random.default_rng(7), {}
    plan = {f"2025-{month:02d}": date(2025, month, 11) + timedelta(days=30) for month in range(1, 12)}
    for at in range(60):
        night = date(2025, 3, 3) + timedelta(days=at)
        if at and rng.random() < 0.4:
            period = rng.choice(sorted(plan))
            plan[period] += timedelta(days=int(rng.integers(-5, 10)))
        nights[night] = [cpi(day, period) for period, day in plan.items()] if rng.random() < 0.9 else []
    known = play(nights)
    last = list(known.values())[-1]
    assert last["superseded_date"].notna().sum() > 5
    for night, events in known.items():
        assert (events["known_from_date"] <= pd.Timestamp(night)).all()
        names = ["event_type", "event_period", "event_date"]
        then, now = known_on(events, night)[names], known_on(last, night)[names]
        pd.testing.assert_frame_equal(
            *(frame.astype("str").sort_values(names, ignore_index=True) for frame in (then, now))
        )
        if nights[night]:
            assert sorted(then["event_date"]) == sorted(pd.Timestamp(line.day) for line in nights[night])


def test_a_date_that_moves_there_and_back_has_two_lives():
    home, away = date(2025, 10, 15), date(2025, 10, 24)
    last = play({SEPTEMBER: [cpi(home)], SHUTDOWN: [cpi(away)], NOVEMBER: [cpi(home)]})[NOVEMBER]
    assert told(last[last["event_date"] == pd.Timestamp(home)], "known_from_date", "superseded_date") == [
        ["2025-09-30", "2025-10-14"], ["2025-11-03", "-"]
    ]  # fmt: skip


def test_sources_that_disagree_are_two_rows():
    night = play({SHUTDOWN: [cpi(date(2025, 10, 24)), cpi(date(2025, 10, 15), source="fred_releases")]})[SHUTDOWN]
    assert sorted(told(night, "event_source", "event_date")) == [
        ["bls_ics", "2025-10-24"], ["fred_releases", "2025-10-15"]
    ]  # fmt: skip
    assert night["superseded_date"].isna().all()


def test_a_calendar_that_did_not_arrive_changes_nothing():
    known = play({SEPTEMBER: [cpi(date(2025, 10, 15))], SHUTDOWN: []})
    assert told(known[SHUTDOWN], "event_date", "known_from_date") == told(
        known[SEPTEMBER], "event_date", "known_from_date"
    )
    assert set(known[SHUTDOWN]["trade_date"]) == {pd.Timestamp(SHUTDOWN)}


def test_what_is_long_past_drops_out_of_a_file_not_out_of_history():
    past, next_one = date(2025, 9, 11), date(2025, 10, 15)
    known = play({SEPTEMBER: [cpi(past, "2025-08"), cpi(next_one)], SHUTDOWN: [cpi(next_one)]})
    assert known[SHUTDOWN]["superseded_date"].isna().all()
    assert len(known[SHUTDOWN]) == 2


def test_the_packaged_schedule_is_the_last_resort_and_knows_its_own_date():
    made, day = date(2026, 8, 21), date(2026, 9, 1)
    packaged = packaged_schedule()
    assert len(packaged) == 23
    assert set(packaged["known_from_date"]) == {pd.Timestamp(made)}
    alone = play({made - timedelta(days=1): [], day: []}, packaged)
    assert alone[made - timedelta(days=1)].empty
    assert set(alone[day]["event_source"]) == {"packaged"}
    with_bls = play({made: [], day: [cpi(date(2026, 9, 11), "2026-08")]}, packaged)[day]
    assert set(with_bls.loc[with_bls["event_type"] == "CPI", "event_source"]) == {"bls_ics"}
    assert set(with_bls.loc[with_bls["event_type"] != "CPI", "event_source"]) == {"packaged"}


# Series


def values(series_id, rows, known_by=LAG):
    frame = pd.DataFrame(rows, columns=["observation_date", "series_value", "known_from_date", "superseded_date"])
    days = {name: pd.to_datetime(frame[name]) for name in frame.columns if name != "series_value"}
    return frame.assign(**days, series_id=series_id, series_unit=SERIES[series_id].unit, known_by=known_by,
                        payload_sha256="p", series_source="fredgraph", row_position=range(len(frame)))  # fmt: skip


def test_without_vintages_a_value_is_known_after_its_lag():
    rows = [("2026-05-01", 333.9, None, None), ("2026-06-01", 334.5, None, None)]
    lag = timedelta(days=SERIES["CPIAUCSL"].lag_days)
    for night, count in ((date(2026, 5, 1) + lag, 1), (date(2026, 5, 1) + lag - timedelta(days=1), 0)):
        found = night_values(values("CPIAUCSL", rows), night, "recorded")
        assert len(found) == count


def test_a_vintage_of_the_future_is_not_seen_and_one_that_ends_later_stands():
    rows = [("2026-01-01", 100.5, "2026-05-01", "2026-07-01"), ("2026-01-01", 101.5, "2026-07-01", None)]
    found = night_values(values("GDPC1", rows, VINTAGE), date(2026, 6, 30), "recorded")
    assert found["series_value"].tolist() == [100.5]
    assert found["superseded_date"].isna().all()
    both = night_values(values("GDPC1", rows, VINTAGE), date(2026, 7, 1), "recorded")
    assert values_on(both, date(2026, 6, 30))["series_value"].tolist() == [100.5]
    assert values_on(both, date(2026, 7, 1))["series_value"].tolist() == [101.5]


def test_a_value_that_changes_without_vintages_is_a_revision_known_from_the_night_that_saw_it():
    nights, before = (date(2026, 7, 10), date(2026, 7, 13), date(2026, 7, 14)), frames.empty(MACRO_SERIES)
    for night, value in zip(nights, (333.9, 334.1, None), strict=True):
        found = values("CPIAUCSL", [("2026-05-01", value, None, None)]) if value else pd.DataFrame()
        before = night_series(night_values(found, night, "live"), before, night, "live")
    assert told(before, "series_value", "known_from_date", "superseded_date") == [
        ["333.9", "2026-06-30", "2026-07-13"], ["334.1", "2026-07-13", "-"]
    ]  # fmt: skip
    assert set(before["trade_date"]) == {pd.Timestamp(nights[-1])}, "what did not arrive stands as last known"


@pytest.mark.parametrize("series_id", sorted(SERIES))
def test_the_simulated_market_never_takes_back_what_a_night_knew(series_id, calendar):
    """Nights a quarter apart: what the later vintages say of the earlier night is what it saw."""
    market, nights = SimulatedMarket(DEFAULT_UNIVERSE, calendar.dates), (date(2026, 3, 31), date(2026, 7, 16))
    found = []
    for night in nights:
        query = {"observation_start": "2024-06-01", "realtime_start": "2025-06-01"}
        body = market.observations(series_id, night, query)
        rows = fred.parse_series(body, series_id, "u").assign(payload_sha256="p")
        found.append(rows[~(rows["known_from_date"] > pd.Timestamp(night))])
        assert len(found[-1]) == len(rows), "nothing is published after the night"
        graph = fred.parse_series(market.graph(series_id, night, {"cosd": "2024-06-01"}), series_id, "u")
        columns = ["observation_date", "series_value"]
        standing = known_on(rows, night)[columns].sort_values(columns, ignore_index=True)
        pd.testing.assert_frame_equal(standing, graph[columns])
    then, now = (known_on(frame, nights[0])[["observation_date", "series_value"]] for frame in found)
    pd.testing.assert_frame_equal(then.reset_index(drop=True), now.reset_index(drop=True))


# The same series as seen on four dates


@pytest.fixture(scope="module")
def caches(recorded_root):
    found = {}
    for path in sorted((recorded_root.parent / "macro").glob("fred_cache_*.json.gz")):
        document = json.loads(gzip.decompress(path.read_bytes()))
        rows = [(name, day, value) for name, points in document["series"].items() for day, value in points]
        frame = pd.DataFrame(rows, columns=["series_id", "observation_date", "series_value"])
        frame["observation_date"] = pd.to_datetime(frame["observation_date"])
        found[date.fromisoformat(document["fetched_at"][:10])] = frame
    assert len(found) == 4
    return found


def test_the_values_known_on_each_date_come_back_as_they_were(caches):
    history = pd.DataFrame()
    for day, frame in caches.items():
        seen = frame.assign(known_from_date=pd.Timestamp(day), superseded_date=pd.NaT)
        history = observe(history, seen, day, identity=("series_id", "observation_date", "series_value"),
                          group=("series_id",), about="observation_date")  # fmt: skip
    assert history["superseded_date"].notna().sum() > 100, "they were revised"
    names = ["series_id", "observation_date"]
    for day, frame in caches.items():
        known = known_on(history, day)
        starts = known["series_id"].map(frame.groupby("series_id")["observation_date"].min())
        covered = known[known["observation_date"] >= starts]  # some series show only their last years
        assert not covered.duplicated(names).any(), "one value each"
        back = covered[[*names, "series_value"]].sort_values(names, ignore_index=True)
        pd.testing.assert_frame_equal(back, frame.sort_values(names, ignore_index=True))


def test_nights_on_those_dates_keep_what_each_of_them_was_told(caches):
    """By the night's own road, the keyless file of each series: what is revised later stays as it was known."""
    nights, before, names = {}, frames.empty(MACRO_SERIES), ["series_id", "observation_date"]
    for day, frame in caches.items():
        files = [(name, part) for name, part in frame.groupby("series_id") if name in SERIES]
        bodies = {name: part[[*names[1:], "series_value"]].set_axis(["DATE", name], axis=1) for name, part in files}
        read = [fred.parse_series(body.to_csv(index=False).encode(), name, "u") for name, body in bodies.items()]
        told_tonight = pd.concat(read).assign(payload_sha256="p")
        before = nights[day] = night_series(night_values(told_tonight, day, "live"), before, day, "live")
        known = values_on(before, day).astype({"series_id": "str"})
        both = known.merge(frame, on=names, suffixes=("", "_told"))
        assert len(both) == len(known) >= 30
        assert both["series_value"].equals(both["series_value_told"]), day
    last = nights[max(nights)]
    assert last["superseded_date"].notna().any(), "some were revised"
    revised = 0
    for day, night in nights.items():
        then, back = (values_on(one, day).astype({"series_id": "str"}) for one in (night, last))
        both = then.merge(back, on=names, how="right", suffixes=("", "_back"))  # a night keeps the newest only
        assert both["series_value"].equals(both["series_value_back"]), day
        newest = values_on(last, max(nights)).astype({"series_id": "str"}).merge(then, on=names, suffixes=("_new", ""))
        revised += int((newest["series_value"] != newest["series_value_new"]).sum())
    assert revised > 0, "and the old nights show the old values"


def test_no_lag_shows_a_value_before_it_was_there(caches):
    """Of every series we keep, whatever the lag calls known on the date of a cache is in that cache."""
    newest = caches[max(caches)]
    compared = 0
    for day, frame in caches.items():
        for name, spec in SERIES.items():
            mine = newest[newest["series_id"] == name]
            is_known = mine["observation_date"] + pd.Timedelta(days=spec.lag_days) <= pd.Timestamp(day)
            there = set(frame.loc[frame["series_id"] == name, "observation_date"])
            if there:
                compared += 1
                assert set(mine.loc[is_known, "observation_date"]) <= there, (name, day)
    assert compared >= 12
