"""Alerts end to end: raised with a night, kept in the outbox, sent to real servers by processes that may die."""

import json
import os
import re
import signal
import socket
import subprocess
import sys
import threading
import time
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from types import SimpleNamespace

import pandas as pd
import pytest

from alvh_core import frames
from alvh_core.alerting.plan import alert_plan
from alvh_core.profiles import PROFILES
from alvh_core.schemas import LADDER_LEGS, LADDER_STATE, META_ALERTS, NIGHT_TABLES
from alvh_core.universe import DEFAULT_UNIVERSE
from tasks.alert import night_news, raise_night_alerts, raise_watch_alert
from tasks.deliver import deliver
from tasks.warehouse import outbox
from tasks.warehouse.repository import NightKey, Warehouse, query_warehouse

# Apprise loads its plugins at the first message, among them one that asks Python 3.11 and 3.12 for a deprecated module.
pytestmark = pytest.mark.filterwarnings("ignore:'imghdr' is deprecated:DeprecationWarning")
SECRET = "hunter2-Xq7"  # planted, to be found nowhere
NOW = datetime(2026, 7, 16, 22, 45, tzinfo=UTC)
DESK = {"channels": {"desk": "env:DESK_ADDRESS"}}


def alerts(*ids):
    row = {
        "trade_date": pd.Timestamp(2026, 7, 16), "source_mode": "live", "alert_rule": "filter_flip",
        "subject": "VIX calls", "turned_to": "FAILS", "alert_severity": "WARNING", "alert_status": "PENDING",
        "created_at_utc": pd.Timestamp(NOW),
    }  # fmt: skip
    rows = [row | {"alert_id": i, "title": f"title {i}", "body": f"alert <{i}>."} for i in ids]
    return frames.conform(pd.DataFrame(rows), META_ALERTS)


class Desk:
    """A webhook with a secret in its address, and a warehouse in whose outbox alerts wait for it."""

    def __init__(self, server, warehouse, url):
        self.server, self.warehouse, self.url = server, warehouse, url
        self.plan, self.now = alert_plan(DESK, "test"), NOW
        self.address = f"json://127.0.0.1:{server.port}/{SECRET}"

    def add(self, *ids):
        with self.warehouse.writing() as connection:
            outbox.add_alerts(connection, alerts(*ids))

    def deliver(self, **options):
        outcomes = deliver(self.warehouse, self.plan, lambda: self.now, **options)
        return {name: str(outcome) for name, outcome in outcomes.items()}

    def received(self):
        """Alerts the webhook took, as often as it took them."""
        messages = [request.json["message"] for request, answer in self.server.log if answer.status_code == 200]
        return sorted(found for message in messages for found in re.findall(r"alert <(\w+)>", message))

    def statuses(self):
        found = query_warehouse(self.url, "select alert_id, alert_status from meta_alerts")
        return dict(found.itertuples(index=False, name=None))


@pytest.fixture
def desk(httpserver, tmp_path, monkeypatch):
    url = f"sqlite:///{tmp_path}/home/warehouse.sqlite"
    desk = Desk(httpserver, Warehouse(url), url)
    monkeypatch.setenv("DESK_ADDRESS", desk.address)
    yield desk
    desk.warehouse.close()


def test_what_is_due_together_is_one_message(desk):
    desk.server.expect_request(f"/{SECRET}").respond_with_data("ok")
    desk.add("a", "b")
    assert desk.deliver() == {"desk": "2 sent"}
    ((request, _),) = desk.server.log
    assert request.json["title"] == "ALVH title a (and 1 more)"
    assert desk.received() == ["a", "b"]
    assert desk.statuses() == {"a": "DELIVERED", "b": "DELIVERED"}
    assert desk.deliver() == {"desk": "0 sent"}


def test_a_webhook_that_stumbles_twice_gets_it_once_at_the_third_attempt(desk):
    for status in (500, 500, 200):
        desk.server.expect_ordered_request(f"/{SECRET}").respond_with_data("", status)
    desk.add("a")
    outcomes = []
    for minutes in (0, 0, 1, 2, 60):
        desk.now += timedelta(minutes=minutes)
        outcomes.append(desk.deliver()["desk"])
    failed = "0 sent; channel desk: expected HTTP 2xx, found 500"
    assert outcomes == [failed, "0 sent", failed, "1 sent", "0 sent"]
    assert desk.received() == ["a"]
    assert desk.statuses() == {"a": "DELIVERED"}


def test_a_channel_that_hangs_keeps_no_other_waiting(desk, monkeypatch):
    monkeypatch.setattr("tasks.notify.notifier.SOCKET_SECONDS", 0.3)
    desk.server.expect_request(f"/{SECRET}").respond_with_data("ok")
    with socket.create_server(("127.0.0.1", 0)) as silent:
        monkeypatch.setenv("PAGER_ADDRESS", f"json://127.0.0.1:{silent.getsockname()[1]}/{SECRET}")
        desk.plan = alert_plan({"channels": {"pager": "env:PAGER_ADDRESS", **DESK["channels"]}}, "test")
        desk.add("a")
        began = time.monotonic()
        told = desk.deliver()
    assert time.monotonic() - began < 10
    assert "no answer within" in told["pager"]
    assert told["desk"] == "1 sent"
    assert desk.statuses() == {"a": "PENDING"}


def test_a_channel_without_an_address_spends_no_attempt(desk, monkeypatch):
    monkeypatch.delenv("DESK_ADDRESS")
    desk.add("a")
    assert "the environment variable DESK_ADDRESS, which is not set" in desk.deliver()["desk"]
    assert query_warehouse(desk.url, "select attempts_count from meta_alert_deliveries")["attempts_count"].tolist() == [
        0
    ]


def test_a_mended_channel_is_tried_at_once_if_asked(desk):
    desk.server.expect_ordered_request(f"/{SECRET}").respond_with_data("", 404)
    desk.server.expect_ordered_request(f"/{SECRET}").respond_with_data("")
    desk.add("a")
    assert [desk.deliver()["desk"], desk.deliver()["desk"], desk.deliver(is_again=True)["desk"]] == [
        "0 sent; channel desk: expected HTTP 2xx, found 404", "0 sent", "1 sent",
    ]  # fmt: skip


KILLED = """
import os, signal, sys
from alvh_core.alerting.plan import alert_plan
from alvh_core.profiles import PROFILES
from tasks import deliver
from tasks.warehouse.repository import Warehouse

deliver.outbox.record_sent = lambda *_: os.kill(os.getpid(), signal.SIGKILL)
deliver.deliver(Warehouse(sys.argv[1]), alert_plan({"channels": {"desk": "env:DESK_ADDRESS"}}, "test"))
"""


def test_killed_between_sending_and_recording_it_is_sent_again(desk):
    desk.server.expect_request(f"/{SECRET}").respond_with_data("ok")
    desk.now = datetime.now(UTC)
    with desk.warehouse.writing() as connection:
        outbox.add_alerts(connection, alerts("a").assign(created_at_utc=pd.Timestamp(desk.now)))
    done = subprocess.run([sys.executable, "-c", KILLED, desk.url], timeout=120, check=False, capture_output=True)
    assert done.returncode == -signal.SIGKILL, done.stderr.decode()
    assert (desk.received(), desk.statuses()) == (["a"], {"a": "PENDING"})
    assert desk.deliver() == {"desk": "0 sent"}  # the lease of the dead
    desk.now += outbox.LEASE + timedelta(minutes=1)
    assert desk.deliver() == {"desk": "1 sent"}
    assert (desk.received(), desk.statuses()) == (["a", "a"], {"a": "DELIVERED"})


def test_two_deliverers_at_once_send_everything_once(desk):
    desk.server.expect_request(f"/{SECRET}").respond_with_data("ok")
    wanted = [f"a{at:02d}" for at in range(50)]
    desk.add(*wanted)
    at_once = threading.Barrier(2)

    def work():
        at_once.wait(30)
        deliver(Warehouse(desk.url), desk.plan, lambda: NOW)

    threads = [threading.Thread(target=work) for _ in range(2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)
    assert desk.received() == wanted
    assert set(desk.statuses().values()) == {"DELIVERED"}


# The command


@pytest.fixture
def alvh(desk, tmp_path, monkeypatch, capfd):
    """Run a command in this process, as a person would: exit code, standard output, standard error."""
    from flows import cli

    for name in [name for name in os.environ if name.startswith(("ALVH_", "PREFECT_")) or name == "DO_NOT_TRACK"]:
        monkeypatch.delenv(name)
    for name in ("PREFECT_HOME", "DO_NOT_TRACK", "PREFECT_SERVER_ANALYTICS_ENABLED", "PREFECT_LOGGING_LEVEL",
                 "PREFECT_SERVER_EPHEMERAL_STARTUP_TIMEOUT_SECONDS", "PREFECT_FLOWS_HEARTBEAT_FREQUENCY"):  # fmt: skip
        monkeypatch.setenv(name, "1")  # what the command sets must not outlive the test
        monkeypatch.delenv(name)
    monkeypatch.setenv("ALVH_HOME", str(tmp_path / "home"))
    monkeypatch.setenv("ALVH_ALERTS_FILE", str(tmp_path / "alerts.toml"))
    (tmp_path / "alerts.toml").write_text('[channels]\ndesk = "env:DESK_ADDRESS"\ngone = "env:GONE_ADDRESS"\n')

    def run(*words):
        monkeypatch.setattr(sys, "argv", ["alvh", "alert", *words])
        with pytest.raises(SystemExit) as ended:
            cli.main()
        out, err = capfd.readouterr()
        return ended.value.code or 0, out, err

    return run


def test_the_test_message_tells_each_channel(alvh, desk, monkeypatch):
    import tasks.deliver

    opened, address_of = [], tasks.deliver._address
    desk.server.expect_request(f"/{SECRET}").respond_with_data("ok")
    code, out, err = alvh("test")
    assert (code, err) == (1, "")
    assert out.splitlines() == [
        "ok  channel desk: the message was taken",
        "NO  channel gone: expected its address in the environment variable GONE_ADDRESS, which is not set",
    ]
    with monkeypatch.context() as patch:
        patch.setattr(tasks.deliver, "_address", lambda channel: opened.append(channel.name) or address_of(channel))
        assert alvh("test", "desk")[0] == 0
    assert opened == ["desk"], "nobody else's address, which may be a Prefect server's to give"
    assert [request.json["title"] for request, _ in desk.server.log] == ["ALVH INFO test: this channel works"] * 2


@pytest.mark.parametrize(("words", "file", "expected"), [
    (("test",), "", "expected a channel, found none: write `[channels]`"),
    (("deliver",), "", "put an address such as mailtos://user:password@host into DESK_ADDRESS"),
    (("test", "disk"), '[channels]\ndesk = "env:DESK_ADDRESS"', "no channel 'disk'; there are desk"),
    (("rules",), f'[channels]\ndesk = "mailto://me:{SECRET}@host"', "channels.desk: expected address"),
    (("rules",), "[channels", "ALVH_ALERTS_FILE: expected a TOML file at"),
    (("list", "--date", "yesterday"), "", "--date: expected YYYY-MM-DD, found 'yesterday'"),
])  # fmt: skip
def test_a_mistake_says_what_to_do(alvh, tmp_path, words, file, expected):
    (tmp_path / "alerts.toml").write_text(file)
    code, out, err = alvh(*words)
    assert (code, out) == (2, "")
    assert expected in err
    assert SECRET not in err


def test_the_outbox_is_listed_and_emptied_by_hand(alvh, desk, monkeypatch):
    desk.server.expect_ordered_request(f"/{SECRET}").respond_with_data("", 500)
    desk.server.expect_ordered_request(f"/{SECRET}").respond_with_data("ok")
    monkeypatch.setenv("GONE_ADDRESS", desk.address)
    with desk.warehouse.writing() as connection:
        outbox.add_alerts(connection, alerts("a").assign(created_at_utc=pd.Timestamp(datetime.now(UTC))))
    code, out, _ = alvh("deliver")
    assert code == 1
    assert out.splitlines() == ["desk  0 sent; channel desk: expected HTTP 2xx, found 500", "gone  1 sent"]
    assert "desk PENDING after 1: channel desk: expected HTTP 2xx, found 500; gone SENT" in alvh("list")[1]
    desk.server.expect_ordered_request(f"/{SECRET}").respond_with_data("ok")
    assert alvh("deliver", "--again")[0] == 0
    assert alvh("list")[1].splitlines()[-2:] == ["0 rows", "1 quiet or delivered: --all"]
    assert alvh("list", "--date", "2026-07-15")[1].splitlines()[-1] == "0 rows"
    everything = alvh("list", "--all")[1]
    assert "DELIVERED" in everything
    assert everything.splitlines()[-1] == "1 row"
    assert alvh("list", "--all", "--date", "2026-07-15")[1].splitlines()[-1] == "0 rows"


def test_the_rules_are_shown_as_they_are_tuned(alvh, tmp_path):
    (tmp_path / "alerts.toml").write_text(
        '[channels.pager]\naddress = "block:pager"\nmin_severity = "CRITICAL"\nquiet_hours = "22:00-07:00"\n'
        "[rules.spread_regime]\nenabled = false\n[rules.filter_flip]\nquiet_nights = 9\n"
    )
    code, out, _ = alvh("rules")
    assert code == 0
    assert re.search(r"^spread_regime +off ", out, re.MULTILINE)
    assert re.search(r"^filter_flip +WARNING +9 nights ", out, re.MULTILINE)
    assert out.splitlines()[-1] == "channel pager: CRITICAL; only CRITICAL 22:00 to 07:00 New York"


def test_the_secret_is_nowhere(alvh, desk, tmp_path, monkeypatch, caplog):
    """Whatever fails: not in what is printed, logged or stored."""
    caplog.set_level(1)
    desk.server.expect_request(f"/{SECRET}").respond_with_data(SECRET, 500)
    monkeypatch.setenv("GONE_ADDRESS", f"slack://{SECRET}")
    with desk.warehouse.writing() as connection:
        outbox.add_alerts(connection, alerts("a").assign(created_at_utc=pd.Timestamp(datetime.now(UTC))))
    printed = "".join(text for words in (("test",), ("deliver",), ("list",), ("rules",)) for text in alvh(*words)[1:])
    logged = [record.getMessage() for record in caplog.records if record.name != "werkzeug"]  # the server, in here
    stored = [path.read_bytes() for path in tmp_path.rglob("*") if path.is_file()]
    assert SECRET not in "".join([printed, *logged])
    assert all(SECRET.encode() not in content for content in stored)
    assert "found 500" in printed
    assert len(stored) >= 2


# The night


class TwoNights:
    """A night that bought a VIX call, published, and the night after it, about to be."""

    first, second, mode = date(2026, 7, 15), date(2026, 7, 16), "live"

    def __init__(self, warehouse, calendar):
        self.night = SimpleNamespace(trade_date=self.second, source_mode=self.mode, warehouse=warehouse,
                                     key=NightKey(trade_date=self.second, universe="default", source_mode=self.mode),
                                     calendar=calendar, alert_plan=alert_plan({}, "test"),
                                     profile=replace(PROFILES["trigger_442"], name="p"),
                                     universe=DEFAULT_UNIVERSE)  # fmt: skip
        key = NightKey(trade_date=self.first, universe="default", source_mode=self.mode)
        warehouse.claim(key, run_id="r", code_version="0", rules_hash="x")
        warehouse.publish(key, self.tables(self.first), run_id="r", outcome="OK", reason=None, counts={})

    def tables(self, day):
        ladder = {"host": "SPX", "variant": "V0_REF", "hedge_symbol": "VIX", "profile": "p", "layer_no": 1,
                  "trade_date": pd.Timestamp(day), "source_mode": self.mode, "is_armed": True}  # fmt: skip
        leg = ladder | {"units_target": 4, "osi_symbol": f"bought on {day}", "expiry_date": pd.Timestamp(2026, 8, 6),
                        "leg_action": "HOLD", "leg_status": "OK"}  # fmt: skip
        state = ladder | {"below_count": 0, "retries_count": 0, "units_deployed": 4,
                          "deployed_date": pd.Timestamp(self.first)}  # fmt: skip
        rows = {LADDER_LEGS: leg, LADDER_STATE: state}
        return {spec.name: frames.conform(pd.DataFrame([rows[spec]]), spec) if spec in rows else frames.empty(spec)
                for spec in NIGHT_TABLES}  # fmt: skip


def test_a_night_is_compared_with_the_one_before_and_with_what_was_bought(desk, calendar):
    """21 days before its expiry the contract of the night before is due; the layer was armed then, and is no news."""
    nights = TwoNights(desk.warehouse, calendar)
    raised = raise_night_alerts(nights.night, nights.tables(nights.second), {})
    told = raised[["alert_rule", "turned_to"]].itertuples(index=False, name=None)
    assert list(told) == [("roll_due", "DUE")]
    assert "bought on 2026-07-15 for SPX" in raised["body"].item()
    blank = {"rows_in_count": None, "rows_quarantined_count": None}  # claimed anew since it was published
    news = night_news(nights.night, nights.tables(nights.second), blank)
    assert news["alert_id"].tolist() == raised["alert_id"].tolist()
    with desk.warehouse.writing() as connection:
        outbox.add_alerts(connection, raised.assign(alert_id="0" * 32, trade_date=pd.Timestamp(nights.first)))
    assert night_news(nights.night, nights.tables(nights.second), blank).empty, "the night before had it too"


def test_a_fault_of_the_rules_is_an_alert_and_not_the_end_of_the_night(desk, calendar, monkeypatch):
    def broken(*_):
        raise KeyError("s_ladder_frac")

    nights = TwoNights(desk.warehouse, calendar)
    monkeypatch.setattr("tasks.alert.night_alerts", broken)
    raised = raise_night_alerts(nights.night, nights.tables(nights.second), {})
    assert (raised["alert_rule"].item(), raised["alert_severity"].item()) == ("rules_failed", "CRITICAL")
    assert "Found: KeyError: 's_ladder_frac'" in raised["body"].item()


def test_a_watcher_may_see_the_same_trouble_twice(desk, calendar):
    night = TwoNights(desk.warehouse, calendar).night
    for reason in ("RUNNING since 18:30", "RUNNING still"):
        raise_watch_alert(night, "night_missing", reason)
    found = query_warehouse(desk.url, "select alert_rule, body from meta_alerts")
    assert found["alert_rule"].tolist() == ["night_missing"]
    assert "Found: RUNNING since 18:30" in found["body"].item()


def test_a_watcher_who_comes_too_late_raises_nothing(desk, calendar, monkeypatch):
    """Another run published the night after the watcher had looked."""
    night = TwoNights(desk.warehouse, calendar).night
    monkeypatch.setattr("tasks.alert.ledger.status", lambda _connection, key: {night.key: "COMPLETE"}[key])
    raise_watch_alert(night, "night_missing", "RUNNING since 18:30")
    assert query_warehouse(desk.url, "select * from meta_alerts").empty


@pytest.mark.slow
def test_a_night_tells_the_desk_once(run_night, calendar, httpserver, tmp_path, monkeypatch):
    """The simulated market has no bars of RUT: one alert with the night, and none when the night is computed again."""
    httpserver.expect_request(f"/{SECRET}").respond_with_data("ok")
    (tmp_path / "alerts.toml").write_text('[channels]\ndesk = "env:DESK_ADDRESS"\n')
    for name, value in {"ALVH_ALERTS_FILE": str(tmp_path / "alerts.toml"), "ALVH_ALERT_SIMULATED": "true",
                        "DESK_ADDRESS": f"json://127.0.0.1:{httpserver.port}/{SECRET}"}.items():  # fmt: skip
        monkeypatch.setenv(name, value)
    day: date = calendar.last_closed(datetime.now(UTC))  # an older night would be old news
    assert run_night(tmp_path / "home", day).name == "Completed"
    ((request, _),) = httpserver.log
    assert request.json["title"].startswith(f"ALVH WARNING {day} SIMULATED: ")
    told = request.json["title"] + request.json["message"]  # what else a night raises depends on the day
    assert "daily bars missing: RUT" in told
    assert "To do: " in told
    assert run_night(tmp_path / "home", day, force=True).name == "Completed"
    assert len(httpserver.log) == 1
    found = query_warehouse(f"sqlite:///{tmp_path}/home/warehouse.sqlite", "select alert_status from meta_alerts")
    assert set(found["alert_status"]) == {"DELIVERED"}


@pytest.mark.slow
def test_an_address_may_be_kept_by_prefect(prefect_api, desk):
    from prefect.blocks.system import Secret
    from prefect.settings import PREFECT_API_URL, temporary_settings

    desk.server.expect_request(f"/{SECRET}").respond_with_data("ok")
    desk.plan = alert_plan({"channels": {"desk": "block:desk-alerts", "other": "block:no-such-block"}}, "test")
    desk.add("a")
    with temporary_settings({PREFECT_API_URL: prefect_api}):
        Secret(value=desk.address).save("desk-alerts")
        told = desk.deliver()
    assert told["desk"] == "1 sent"
    assert "Prefect Secret block no-such-block, which cannot be loaded (ValueError); if there is none" in told["other"]
    assert "/blocks/catalog/secret/create" in told["other"]
    assert json.dumps(told).count(SECRET) == 0
