"""No night sees the future: neither of what was recorded, nor of two simulated ones that part after it."""

import gzip
from datetime import date
from urllib.parse import urlsplit

import pandas as pd
import pytest

from alvh_core.landing import archived_name
from alvh_core.macro.events import IDENTITY, PAST_DAYS
from alvh_core.market.simulated import SimulatedMarket
from alvh_core.schemas import DAILY_BARS, NIGHT_TABLES, RATE_CURVE
from alvh_core.universe import extend_universe
from tasks.sources.catalogue import SOURCES
from tasks.sources.exchange import early_closes
from tasks.sources.fred import GRAPH_URL, graph_url
from tasks.sources.source import CHAIN, MACRO_CALENDAR, VX_HISTORY, Wanted
from tasks.sources.transport import SimulatedTransport, _BodyTransport

FIRST, REVISED, LAST = date(2026, 7, 14), date(2026, 7, 23), date(2026, 7, 31)
EVENTS, SERIES = "core_macro__events", "core_macro__series"
# Dates that a night knows beforehand, and clocks of machines; every other date is of something that had happened.
AHEAD = {"event_date", "event_at_utc", "moved_to_date", "expiry_date", "near_expiry_date", "next_expiry_date",
         "settle_at_utc", "settlement_date", "fetched_at_utc", "rendered_at_utc"}  # fmt: skip
ORIGIN = {"payload_sha256", "row_position", "bytes_count", "etag", "fetched_at_utc"}  # of the file, not of the fact
OLD, NEW = date(2026, 8, 12), date(2026, 8, 14)


def known_on(history, day):
    """The rows that were known and not yet superseded on a day, told from a later night's history."""
    at = pd.Timestamp(day)
    return history[(history["known_from_date"] <= at) & ~(history["superseded_date"] <= at)].reset_index(drop=True)


def check_dates(tables, day):
    """Nothing that a night holds happened, or was published, after it."""
    end, checked = pd.Timestamp(day) + pd.Timedelta(days=1), 0
    for name, frame in tables.items():
        for column in set(frame.select_dtypes(["datetime", "datetimetz"])) - AHEAD:
            newest = frame[column].max()
            if not pd.isna(newest):
                local = newest.tz_convert("America/New_York").tz_localize(None) if newest.tzinfo else newest
                assert local < end, (name, column)
                checked += 1
    assert checked > len(tables) // 2


# Recorded


@pytest.fixture(scope="module")
def recording(recorded_root, calendar, tmp_path_factory):
    """The recorded histories, beside sessions of our own: a price index revised and a release moved on 23 July.

    The values are invented, and there are no chains: what is bought is another test's business.
    """
    root = tmp_path_factory.mktemp("recording")
    (root / "histories").symlink_to(recorded_root / "histories")
    calendar_file = (recorded_root / "histories/www.bls.gov/schedule/news_release/bls.ics.gz").read_bytes()
    moved = gzip.decompress(calendar_file).replace(f"{OLD:%Y%m%d}".encode(), f"{NEW:%Y%m%d}".encode())
    assert moved != gzip.decompress(calendar_file)
    for day in calendar.between(date(2026, 7, 13), LAST).astype(object):
        value = 333.4 if day >= REVISED else 333.1
        series = Wanted(symbol="CPIAUCSL", asset=None, trade_date=day)
        put(root, day, graph_url(series, GRAPH_URL), f"observation_date,CPIAUCSL\n2026-04-01,{value}\n".encode())
        if day >= REVISED:
            put(root, day, "https://www.bls.gov/schedule/news_release/bls.ics", moved)
    return root


def put(root, day, url, body):
    parts = urlsplit(url)
    path = root / str(day) / f"{parts.hostname}{archived_name(parts.path, parts.query)}.gz"
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(gzip.compress(body))


@pytest.mark.slow
def test_no_recorded_night_sees_a_release_a_vintage_or_a_bar_of_later(recording, road, calendar, tmp_path):
    """Night after night in one warehouse; then each is held against what the last of them knows."""
    (tmp_path / "few.toml").write_text('include = ["VIX", "SPX", "XLF", "KO", "VXX", "EEM"]\n')
    few = {"source": f"recorded:{recording}", "universe_file": tmp_path / "few.toml"}
    days, nights, bars, curves = calendar.between(date(2026, 7, 13), LAST).astype(object), {}, {}, {}
    for day in days:
        mine = road(day=day, **few)
        nights[day] = mine.whole_night(lacking={CHAIN})
        bars[day], curves[day] = mine.table(DAILY_BARS), mine.table(RATE_CURVE)
        check_dates(nights[day] | {"bars": bars[day], "curve": curves[day]}, day)
    assert len(days) == 14
    last, facts = nights[LAST], [name for name in bars[LAST] if name not in ORIGIN | {"trade_date"}]
    for day in days:
        at = pd.Timestamp(day)
        then = bars[LAST][bars[LAST]["bar_date"] <= at]
        pd.testing.assert_frame_equal(bars[day][facts].reset_index(drop=True), then[facts].reset_index(drop=True))
        assert bars[day]["bar_date"].max() == at, "and what was there on the night is seen"
        assert curves[day]["curve_date"].max() == at
        for name, identity in ((EVENTS, list(IDENTITY)), (SERIES, ["series_id", "observation_date", "series_value"])):
            mine, later = (known_on(tables[name], day) for tables in (nights[day], last))
            if name == EVENTS:  # a night keeps no older ones
                mine = mine[mine["event_date"] >= pd.Timestamp(LAST) - pd.Timedelta(days=PAST_DAYS)]
                later, mine = later[later["event_source"] != "packaged"], mine[mine["event_source"] != "packaged"]
            told = [frame[identity].astype("str").sort_values(identity, ignore_index=True) for frame in (mine, later)]
            pd.testing.assert_frame_equal(*told)
        known = known_on(nights[day][SERIES], day)
        assert known["series_value"].tolist() == [333.4 if day >= REVISED else 333.1]
        release = known_on(nights[day][EVENTS], day).query("event_type == 'CPI' and event_period == '2026-07'")
        assert set(release["event_date"].dt.date) == {NEW if day >= REVISED else OLD}
    again = road(day=FIRST, home="again", **few).whole_night(lacking={CHAIN})
    for name in (EVENTS, SERIES):
        pd.testing.assert_frame_equal(again[name], nights[FIRST][name])


# Simulated


class Later(_BodyTransport):
    """Chains and calendars of a night beside histories that were fetched on a later one."""

    source_mode = "simulated"

    def __init__(self, market, day, later):
        super().__init__()
        self._then, self._later = SimulatedTransport(market, day), SimulatedTransport(market, later)

    def answer(self, url):
        path = url.split("?")[0]
        kinds = {source.dataset for source in SOURCES.values() if source.route.search(path)}
        # the history of a future has a session's row only the day after; fetched later, it repeats the evening's
        is_of_the_night = kinds & {CHAIN, MACRO_CALENDAR, VX_HISTORY} or "/graph/" in path  # no vintages: as it stood
        return (self._then if is_of_the_night else self._later).answer(url)


def test_whatever_comes_after_a_night_its_tables_are_the_same(road, calendar, tmp_path):
    """Fetched on the night, the day after, and two months later, when values had been revised."""
    day, later = date(2026, 7, 16), (date(2026, 7, 16), date(2026, 7, 17), date(2026, 9, 16))
    (tmp_path / "tiny.toml").write_text('include = ["VIX", "SPX", "KO"]\n')
    universe = extend_universe({"include": ["VIX", "SPX", "KO"]}, "test")
    market = SimulatedMarket(universe, calendar.dates, early_closes(calendar), density=0.3)
    found = []
    for fetched in later:
        mine = road(day=day, source="simulated", home=str(fetched), universe_file=tmp_path / "tiny.toml")
        tables = mine.whole_night(transport=Later(market, day, fetched))
        tables |= {"bars": mine.table(DAILY_BARS), "curve": mine.table(RATE_CURVE)}
        assert len(tables[SERIES]) > 50
        check_dates(tables, day)
        found.append(tables)
    bodies = [set(tables["meta_payloads"]["payload_sha256"]) for tables in found]
    assert all(len(bodies[0] - other) > 5 for other in bodies[1:]), "the files were other ones"
    for tables in found[1:]:
        for name in {spec.name for spec in NIGHT_TABLES} | {"bars", "curve"}:
            kept = [column for column in tables[name] if column not in ORIGIN]
            pd.testing.assert_frame_equal(tables[name][kept], found[0][name][kept], obj=name)
