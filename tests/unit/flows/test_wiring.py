"""Settings to a night: each source finds its transport, and what is mistyped is named."""

from dataclasses import replace
from datetime import UTC, date, datetime, time, timedelta

import pytest

from alvh_core.errors import AbsentNightError, ContractError, FatalError, SkippableError
from alvh_core.schemas import NIGHT_TABLES
from flows import sources, wiring
from tasks.lake.raw import RawArchive
from tasks.settings import Settings

DAY = date(2026, 7, 16)


@pytest.fixture
def settings(tmp_path):
    def make(**changes):
        return Settings(home=tmp_path / "home", **changes)

    return make


def test_a_simulated_night(settings):
    night = wiring.build_night(settings(), DAY, "simulated", "run-1")
    assert (night.source_mode, night.trade_date, night.run_id) == ("simulated", DAY, "run-1")
    assert night.key.universe == "default"
    assert night.client.source_mode == "simulated"
    assert night.client is night.client, "one client, so one pace over all threads"
    url = "https://cdn-api.cboe.com/api/global/us_indices/daily_prices/VIX_History.csv"
    assert night.client.get(url, "VIX").body.startswith(b"DATE,OPEN")
    with pytest.raises(SkippableError):
        night.client.get("https://cdn-api.cboe.com/api/global/delayed_quotes/options/NOPE.json", "NOPE")


def test_a_night_that_is_over_keeps_no_adapter_and_builds_it_anew(settings):
    night = wiring.build_night(settings(), DAY, "simulated", "run-1")
    night.connect()
    assert {"warehouse", "client", "lake", "archive"} <= set(vars(night)), "built before threads share them"
    old = night.warehouse
    night.disconnect()
    assert not {"warehouse", "client", "lake"} & set(vars(night))
    assert night.warehouse.status(night.key) is None
    assert night.warehouse is not old


def test_a_live_night_is_paced(settings):
    night = wiring.build_night(settings(requests_per_second=4.0), DAY, "live", "run-1")
    assert night.source_mode == "live"
    assert night.client._pacer._gap == 0.25
    night.client.close()


def test_a_recorded_night(settings, recorded_root):
    night = wiring.build_night(settings(), DAY, f"recorded:{recorded_root}", "run-1")
    assert night.source_mode == "recorded"
    assert night.client.get("https://cdn-api.cboe.com/api/global/delayed_quotes/options/_VIX.json", "VIX").body


def test_a_recording_under_the_users_home(settings, tmp_path, monkeypatch):
    monkeypatch.setenv("HOME", str(tmp_path))
    (tmp_path / "nights" / str(DAY)).mkdir(parents=True)
    assert wiring.build_night(settings(), DAY, "recorded:~/nights", "run-1").source_mode == "recorded"


@pytest.mark.parametrize("source", ["", "recorded", "recorded:", "Simulated", "https://x", "simulated:1"])
def test_an_unknown_source(settings, source):
    with pytest.raises(
        ContractError, match=r"--source, ALVH_SOURCE: expected simulated, live, recorded:PATH, or imported"
    ):
        wiring.build_night(settings(), DAY, source, "run-1")


def test_a_recording_that_is_not_there(settings, tmp_path):
    with pytest.raises(ContractError, match=rf"--source recorded: .*found no such folder: {tmp_path}/nowhere"):
        wiring.build_night(settings(), DAY, f"recorded:{tmp_path}/nowhere", "run-1")


def drop(settings, url, day=DAY):
    RawArchive(settings.raw_root, "imported", day).put(
        b"x", dataset="option_chain", symbol="SPX", url=url, source_mode="imported", http_status=0, etag=None,
        payload_sha256="0", last_modified=None, fetched_at_utc="2026-07-16T20:00:00+00:00")  # fmt: skip


def test_an_imported_night_has_a_file_whatever_it_holds(settings):
    made = settings()
    drop(made, "https://home.treasury.gov/x.csv")  # what a night before has read from a folder of histories
    drop(made, "import://drops/VIX", date(2026, 7, 15))
    with pytest.raises(AbsentNightError, match="imported files of 2026-07-16, found none; run `alvh import FILE`"):
        sources.check_imported(made, DAY, "imported")
    assert wiring.held_night(made, DAY, "imported", "run-1") is None, "a backfill leaves it out"
    drop(made, "import://drops/SPX")
    night = wiring.held_night(made, DAY, "imported", "run-1")
    assert night.source_mode == "imported"
    assert not asks_second_feed(night)


@pytest.mark.parametrize(("day", "words"), [
    (date(2026, 7, 19), "2026-07-19 is no trading session; the nearest before is 2026-07-17$"),
    (date(2031, 1, 6), "2031-01-06 lies outside the calendar, 2019-01-02 to "),
    (date(2019, 6, 3), "--source simulated: expected a session"),
])  # fmt: skip
def test_a_date_that_is_none(settings, day, words):
    with pytest.raises(ContractError, match=words):
        wiring.build_night(settings(), day, "simulated", "run-1")


@pytest.mark.parametrize(("text", "words"), [
    (None, "ALVH_UNIVERSE_FILE: expected a TOML file at"), (b"assets = [",
    "ALVH_UNIVERSE_FILE: expected a TOML file at"),
    (b"\xff", "ALVH_UNIVERSE_FILE: expected a TOML file at"),
    (b'include = ["NOPE"]', "mine.toml: include names 'NOPE'"),
    (b"[asset.SPX]\n", "mine.toml: unknown key 'asset'"),
    (b'include = ["VIX"]', "mine.toml: expected a host at least"),
])  # fmt: skip
def test_a_faulty_universe(settings, tmp_path, text, words):
    path = tmp_path / "mine.toml"
    if text is not None:
        path.write_bytes(text)
    with pytest.raises(ContractError, match=words):
        wiring.read_universe(settings(universe_file=path))


def test_an_entry_has_to_suit_every_profile_that_runs(settings, tmp_path):
    universe, profiles = tmp_path / "mine.toml", tmp_path / "profiles.toml"
    universe.write_text("[assets.VNQ]\nprofile_overrides = {roll_dte_days = 12}")
    with pytest.raises(
        ContractError, match=r"universe: VNQ\.profile_overrides: profile weight_40_40_20: roll_dte_days"
    ):
        wiring.build_night(settings(universe_file=universe), DAY, "simulated", "a")
    profiles.write_text('run = ["trigger_442"]')
    assert wiring.build_night(settings(universe_file=universe, profiles_file=profiles), DAY, "simulated", "a")


def test_the_rules_hash_knows_the_universe(settings, tmp_path):
    path = tmp_path / "mine.toml"
    path.write_text('include = ["VIX", "SPX"]')
    default = wiring.build_night(settings(), DAY, "simulated", "a")
    again = wiring.build_night(settings(), DAY, "simulated", "b")
    mine = wiring.build_night(settings(universe_file=path), DAY, "simulated", "c")
    assert default.rules_hash == again.rules_hash != mine.rules_hash
    assert mine.key.universe == "mine"
    assert set(mine.universe) == {"VIX", "SPX"}


def test_a_run_belongs_to_the_new_york_date_it_was_scheduled_for():
    assert wiring.scheduled_date(datetime(2026, 7, 17, 2, 30, tzinfo=UTC)) == DAY
    assert wiring.scheduled_date(datetime(2026, 7, 16, 22, 30, tzinfo=UTC)) == DAY


def test_a_click_in_the_middle_of_a_session_does_not_use_up_its_night(calendar):
    for day, minutes in ((DAY, 20 * 60), (date(2026, 11, 27), 18 * 60)):  # an early close, in winter
        close = datetime.combine(day, time(), UTC) + timedelta(minutes=minutes)
        wiring.check_over(calendar, day, close)
        with pytest.raises(ContractError, match=f"after the close of {day}, {close:%H:%M} UTC, found one for {day}"):
            wiring.check_over(calendar, day, close - timedelta(minutes=1))


def test_a_shard_is_computed_by_the_version_that_cut_it(settings):
    shard = wiring.build_night(settings(), DAY, "simulated", "run-1").as_shard(0, 2)
    wiring.check_version(shard)
    with pytest.raises(FatalError, match=r"shard 0of2-run-1: expected alvh-pipeline 0\.0\.9 on every worker, found"):
        wiring.check_version(replace(shard, code_version="0.0.9"))


@pytest.mark.parametrize("claim", ["RUNNING", "FAILED"])
def test_a_night_that_was_claimed_again_since_is_not_concluded_again(settings, claim, sample_frame):
    """Its counts are forgotten and its tables in the lake may be half another run's."""
    made = settings()
    made.home.mkdir()
    night = wiring.build_night(made, DAY, "simulated", "run-1")
    claimed = {"run_id": "r", "code_version": night.code_version, "rules_hash": night.rules_hash, "source": "simulated"}
    other = replace(night.key, universe="mine")
    night.warehouse.claim(other, **claimed)
    tables = {spec.name: sample_frame(spec, rows=1) for spec in NIGHT_TABLES}
    night.warehouse.publish(other, tables, run_id="r", outcome="OK", reason=None, counts={})
    night.warehouse.claim(night.key, **claimed)
    if claim == "FAILED":
        night.warehouse.fail(night.key, "boom", run_id="r")
    with pytest.raises(ContractError, match=f"expected night_status COMPLETE, the ledger has {claim}; `alvh nightly"):
        wiring.sibling(night, DAY)
    night.warehouse.close()


# The cross-check: asked where somebody can answer


def asks_second_feed(night):
    night.client.close()
    return any(request.dataset == "cross_check" for request in night.requests)


@pytest.mark.parametrize(("source", "changes", "expected"), [
    ("simulated", {}, True), ("live", {}, False), ("live", {"tradier_token": "planted"}, True),
    ("live", {"tradier_token": "planted", "sources_off": ("tradier",)}, False),
    ("live", {"tradier_token": "planted", "base_urls": {"tradier": "https://sandbox.tradier.com/v1"}}, True),
])  # fmt: skip
def test_the_second_feed_is_asked_where_it_can_answer(settings, source, changes, expected):
    assert asks_second_feed(wiring.build_night(settings(**changes), DAY, source, "run-1")) is expected


@pytest.mark.parametrize(("holds", "misses", "expected"), [
    ("api.tradier.com/v1/markets/options/expirations@symbol=VIX.gz", None, True),
    ("cdn-api.cboe.com/x.gz", None, False),
    ("cdn-api.cboe.com/x.gz", '{"https://api.tradier.com/v1/markets/options/expirations?symbol=VIX": "no"}', True),
    ("cdn-api.cboe.com/x.gz", '{"import://drops/VIX": "no"}', False),
])  # fmt: skip
def test_a_replay_asks_for_what_the_night_asked_for(settings, tmp_path, holds, misses, expected):
    body = tmp_path / "nights" / str(DAY) / holds
    body.parent.mkdir(parents=True)
    body.touch()
    if misses:
        (tmp_path / "nights" / str(DAY) / "misses.json").write_text(misses)
    night = wiring.build_night(settings(), DAY, f"recorded:{tmp_path / 'nights'}", "run-1")
    assert asks_second_feed(night) is expected


def test_a_key_at_fault_is_not_repeated(settings, monkeypatch):
    from tasks.settings import load_settings

    monkeypatch.setenv("ALVH_TRADIER_TOKEN", "planted-token")
    assert "planted" not in repr(load_settings())
