"""The command as a person meets it: every error says what to do, without a traceback, and ends with 2."""

import io
import json
import logging
import os
import re
import resource
import subprocess
import sys
from datetime import date
from pathlib import Path

import pandas as pd
import pytest

from alvh_core.frames import conform
from alvh_core.schemas import DAILY_BARS, META_QUARANTINE, NIGHT_TABLES, VERDICTS_TABLE
from flows import cli
from tasks.lake.tables import LakeTables
from tasks.warehouse.repository import NightKey, Warehouse

KEY = NightKey(trade_date=date(2026, 7, 16), universe="default", source_mode="simulated")


@pytest.fixture
def home(tmp_path, monkeypatch):
    for name in list(os.environ):
        if name.upper().startswith(("ALVH_", "PREFECT_")):
            monkeypatch.delenv(name)
    monkeypatch.setenv("ALVH_HOME", str(tmp_path / "home"))
    for name in ("PREFECT_HOME", "DO_NOT_TRACK", "PREFECT_SERVER_ANALYTICS_ENABLED", "PREFECT_LOGGING_LEVEL",
                 "PREFECT_SERVER_EPHEMERAL_STARTUP_TIMEOUT_SECONDS"):  # fmt: skip
        monkeypatch.setenv(name, "1")  # what the command sets must not outlive the test
        monkeypatch.delenv(name)
    return tmp_path / "home"


@pytest.fixture
def alvh(home, monkeypatch, capsys):
    """Run a command in this process: exit code, standard output, standard error."""

    def run(*words):
        monkeypatch.setattr(sys, "argv", ["alvh", *words])
        with pytest.raises(SystemExit) as ended:
            cli.main()
        out, err = capsys.readouterr()
        return ended.value.code or 0, out, err

    return run


@pytest.fixture
def published(home, sample_frame):
    """A home with one published night and one lake table."""
    home.mkdir()
    warehouse = Warehouse(f"sqlite:///{home}/warehouse.sqlite")
    warehouse.claim(KEY, run_id="r", code_version="0", rules_hash="x")
    tables = {s.name: sample_frame(s, trade_date="2026-07-16", source_mode="simulated") for s in NIGHT_TABLES}
    warehouse.publish(KEY, tables, outcome="OK", reason=None, counts={}, run_id="r")
    warehouse.close()
    LakeTables(home / "lake", "simulated", KEY.trade_date).write(sample_frame(DAILY_BARS), DAILY_BARS)
    return home


SQL = f"select trade_date, host, verdict from {VERDICTS_TABLE.name} order by host"


def test_query_table(alvh, published):
    code, out, err = alvh("query", SQL)
    assert (code, err) == (0, "")
    lines = out.splitlines()
    assert lines[0].split() == ["trade_date", "host", "verdict"]
    assert lines[-1] == "4 rows"


def test_query_csv_json_parquet(alvh, published):
    code, out, _ = alvh("query", SQL, "--format", "csv")
    assert code == 0
    assert pd.read_csv(io.StringIO(out))["host"].tolist() == ["w", "x", "y", "z"]
    code, out, _ = alvh("query", SQL, "--format", "json")
    assert code == 0
    assert json.loads(out)[0] == {"trade_date": "2026-07-16", "host": "w", "verdict": "w"}


def test_query_parquet(published, home):
    done = subprocess.run([sys.executable, "-m", "flows.cli", "query", SQL, "--format", "parquet"], check=False,
                          capture_output=True)  # fmt: skip
    assert done.returncode == 0, done.stderr.decode()
    assert len(pd.read_parquet(io.BytesIO(done.stdout))) == 4


def test_query_lake(alvh, published):
    code, out, _ = alvh("query", "--lake", f"select symbol, close_usd from {DAILY_BARS.name}", "--format", "csv")
    assert code == 0
    assert len(out.splitlines()) == 5


@pytest.mark.parametrize(("words", "expected"), [
    pytest.param(("query", "selec 1"), ["syntax error", "tables:", VERDICTS_TABLE.name], id="syntax"),
    pytest.param(("query", "select * from verdicts"), ["no such table: verdicts", VERDICTS_TABLE.name], id="table"),
    pytest.param(("query", "delete from meta_nights"), ["not authorized; `alvh query` only reads"], id="write"),
    pytest.param(("query", "drop table meta_nights"), ["not authorized; `alvh query` only reads"], id="drop"),
    pytest.param(("query", "select day from meta_nights n join meta_gaps g using (trade_date)"),
                 ["no such column: day", "\ncolumns of meta_nights: trade_date, ", "\ncolumns of meta_gaps: "],
                 id="column"),
    pytest.param(("query", "select 1", "--format", "xml"), ["--format: expected one of table, csv"], id="format"),
    pytest.param(("query", "--lake", "copy (select 1) to '/tmp/x'"), ["lake is only read"], id="lake-write"),
    pytest.param(("query", "--lake", "select * from nope"), ["nope does not exist", DAILY_BARS.name], id="lake-table"),
    pytest.param(("report", "--date", "2026-07-15"), ["found none; run `alvh nightly --date 2026-07-15` first"],
                 id="no-report"),
    pytest.param(("report", "--date", "2026-07-16", "--mode", "live"),
                 ["(2026-07-16 live), found none; run `alvh nightly --date 2026-07-16 --source live` first"],
                 id="no-live"),
    pytest.param(("report", "--mode", "imported"), ["found none; run `alvh import FILE` first"], id="no-import"),
    pytest.param(("report", "--date", "2026-07-19"),
                 ["2026-07-19 is no trading session; the nearest before is 2026-07-17"], id="sunday"),
    pytest.param(("quarantine", "--date", "2026-07-19"), ["2026-07-19 is no trading session"], id="sunday-quarantine"),
    pytest.param(("report", "--date", "16.07.2026"), ["--date: expected YYYY-MM-DD, found '16.07.2026'"], id="date"),
    pytest.param(("report", "--mode", "../../etc/*"), ["--mode: expected live, recorded, imported, sim"], id="mode"),
    pytest.param(("quarantine", "--severity", "grave"), ["--severity: expected row, expiry"], id="severity"),
    pytest.param(("quarantine", "--mode", "real"), ["--mode: expected live, recorded"], id="quarantine-mode"),
    pytest.param(("quarantine", "--date", "2026-07-15"), ["expected a published night (2026-07-15), found none"],
                 id="no-such-night"),
    pytest.param(("quarantine", "--rule", "CROSED"), ["--rule: expected a rule", "found 'CROSED'; near it: CROSSED"],
                 id="rule"),
    pytest.param(("quarantine", "--symbol", "spx"), ["a symbol of the universe default, found 'spx'; near it: SPX"],
                 id="symbol"),
    pytest.param(("quarantine", "--rule", "ZZZZ", "--format", "csv"), ["near it: none like it"], id="rule-csv"),
    pytest.param(("nightly", "--date", "2027-06-01", "--source", "live"),
                 ["expected a run after the close of 2027-06-01", "run it after the close"], id="not-over"),
    pytest.param(("nightly", "--date", "2026-07-16", "--source", "recorded:/nope"), ["found no such folder: /nope"],
                 id="no-folder"),
    pytest.param(("nightly", "--date", "2026-07-16", "--source", "recorded:/"), ["2026-07-16 in /, found no sessions"],
                 id="not-recorded"),
    pytest.param(("nightly", "--date", "2026-07-16", "--source", "imported"),
                 ["expected imported files of 2026-07-16, found none; run `alvh import FILE`"], id="not-imported"),
    pytest.param(("nightly", "--date", "yesterday"), ["--date: expected YYYY-MM-DD"], id="nightly-date"),
    pytest.param(("import", "/nope/*.zip", "/nope.csv"),
                 ["import: /nope/*.zip: no such file; nothing matches this pattern; /nope.csv: no such file\n"],
                 id="no-file"),
])  # fmt: skip
def test_errors_say_what_to_do(alvh, published, words, expected):
    code, out, err = alvh(*words)
    assert code == 2
    assert out == ""
    assert "Traceback" not in err
    for word in expected:
        assert word in err


def test_import_of_histories_that_are_not_there(alvh, home, tmp_path):
    code, out, err = alvh("import", "file.csv", "--histories", str(tmp_path / "none"))
    assert (code, out) == (2, "")
    assert f"--histories: expected a folder, found none at {tmp_path / 'none'}; nothing was imported" in err


def test_nothing_published_yet(alvh, home):
    code, _, err = alvh("query", "select 1")
    assert code == 2
    assert f"expected a warehouse at {home}/warehouse.sqlite, found none; run `alvh nightly` first" in err


@pytest.mark.parametrize("words", [("nightly",), ("report",), ("query", "select 1"), ("doctor",)])
def test_an_unknown_variable_stops_every_command(alvh, monkeypatch, words):
    monkeypatch.setenv("ALVH_HOMES", "x")
    code, out, err = alvh(*words)
    assert (code, out) == (2, "")
    assert "ALVH_HOMES is not known; did you mean ALVH_HOME?" in err


def test_a_home_that_is_a_file(alvh, tmp_path, monkeypatch):
    (tmp_path / "file").write_text("x")
    monkeypatch.setenv("ALVH_HOME", str(tmp_path / "file"))
    code, _, err = alvh("query", "select 1")
    assert code == 2
    assert "ALVH_HOME: expected a folder that can be written" in err


def test_brackets_in_a_message_are_printed(alvh, published):
    _, _, err = alvh("query", "select [bold] from meta_nights")
    assert "no such column: bold" in err
    _, _, err = alvh("query", "select '[/red]' as a, [closed] from meta_nights")
    assert "no such column: closed" in err


def test_report_is_of_the_night_published_last_whatever_the_files_say(alvh, published, monkeypatch, sample_frame):
    opened, pages = [], []
    monkeypatch.setattr(cli.webbrowser, "open", opened.append)
    warehouse = Warehouse(f"sqlite:///{published}/warehouse.sqlite")
    last = NightKey(trade_date=date(2026, 7, 15), universe="default", source_mode="live")
    tables = {s.name: sample_frame(s, trade_date="2026-07-15", source_mode="live") for s in NIGHT_TABLES}
    warehouse.claim(last, run_id="r", code_version="0", rules_hash="x")
    warehouse.publish(last, tables, outcome="OK", reason=None, counts={}, run_id="r")
    warehouse.close()
    for at, name in enumerate(["2026-07-15-live", "2026-07-16-simulated", "2026-07-17-recorded"]):
        page = published / "reports" / f"{name}.html"
        page.parent.mkdir(exist_ok=True)
        page.write_text("x")
        os.utime(page, (at, at))  # the oldest file is the page of the night published last
        pages.append(page)
    assert alvh("report")[1].strip() == str(pages[0])
    assert alvh("report", "--mode", "simulated")[1].strip() == str(pages[1])
    assert alvh("report", "--date", "2026-07-16", "--mode", "simulated", "--open")[1].strip() == str(pages[1])
    assert opened == [pages[1].as_uri()]
    code, out, err = alvh("report", "--mode", "recorded")
    assert (code, out) == (2, ""), "a page of no published night is nobody's answer"
    assert "expected a published night (recorded), found none; run `alvh nightly --source recorded:PATH` first" in err


@pytest.mark.parametrize("command", ["report", "quarantine"])
def test_a_session_published_twice_says_so_to_who_named_its_date_alone(alvh, published, sample_frame, command,
                                                                       monkeypatch):  # fmt: skip
    monkeypatch.setattr("flows.reports.report_night", lambda *_: "page")
    date_alone = (command, "--date", "2026-07-16")
    assert alvh(*date_alone)[::2] == (0, "")
    warehouse = Warehouse(f"sqlite:///{published}/warehouse.sqlite")
    for mode in ("recorded", "live"):
        key = NightKey(trade_date=KEY.trade_date, universe="default", source_mode=mode)
        warehouse.claim(key, run_id="r", code_version="0", rules_hash="x", source=f"{mode}:x")
        if mode == "recorded":
            tables = {s.name: sample_frame(s, trade_date="2026-07-16", source_mode=mode) for s in NIGHT_TABLES}
            warehouse.publish(key, tables, outcome="OK", reason=None, counts={}, run_id="r")
    warehouse.close()
    assert alvh(*date_alone)[2] == "also published: simulated (--mode simulated)\n", "a claimed one is not published"
    assert alvh(*date_alone, "--mode", "simulated")[2] == ""
    assert alvh(command)[2] == ""


@pytest.mark.parametrize(("status", "done", "expected", "ends"), [
    ("COMPLETE", "run now", "COMPLETE (run now)", 0), ("COMPLETE", "was there", "COMPLETE (was there)", 0),
    ("RUNNING", "run now", "RUNNING (another run has it)", 0), ("FAILED: boom", "run now", "FAILED: boom", 1),
])  # fmt: skip
def test_watch_says_which_source_mode_and_what_was_done(alvh, home, monkeypatch, status, done, expected, ends):
    seen = {"trade_date": "2026-07-16", "source_mode": "live", "status": status, "done": done}
    monkeypatch.setattr("flows.watch.watch", lambda **_: seen)
    assert alvh("watch", "--date", "2026-07-16")[:2] == (ends, f"2026-07-16 · LIVE  {expected}\n")


def test_reconcile_says_which_source_mode_and_what_was_done(alvh, home, monkeypatch):
    from flows.reconcile import Reconciled

    days = [date(2026, 7, day) for day in (14, 15, 16)]
    nights = {days[0]: "SETTLED", days[1]: "COMPLETE"}
    ended = Reconciled(source_mode="live", looked_at=days, nights=nights)
    monkeypatch.setattr("flows.reconcile.reconcile", lambda **_: ended)
    assert alvh("reconcile")[1].splitlines() == [
        "2026-07-14 · LIVE  SETTLED (decided again on the published close)",
        "2026-07-15 · LIVE  COMPLETE (run now)",
    ]
    nights.clear()
    assert alvh("reconcile")[1] == "LIVE: nothing to reconcile in 3 sessions\n"


def test_an_import_tells_each_file_before_the_next_and_each_night_as_it_ends(alvh, home, tmp_path, monkeypatch, capsys):
    """Whoever stops it during the nights knows what was refused."""
    from flows import imports
    from tasks.receive import Received

    log = logging.getLogger("alvh.progress")
    monkeypatch.setattr(log, "handlers", [])
    told = []

    def receive(_desk, path):
        told.append(capsys.readouterr().out)
        day = date(2026, 7, 16) if path.name == "a.csv" else None
        return [
            Received(file=path.name, outcome="LANDED" if day else "REFUSED", session=day, reason="" if day else "bad")
        ]

    def run(*_):
        told.append(capsys.readouterr().out)
        return "OK: counted"

    monkeypatch.setattr(imports, "receive", receive)
    monkeypatch.setattr(imports, "_run", run)
    monkeypatch.setattr(imports, "import_files", imports.import_files.fn)
    for name in ("a.csv", "b.csv"):
        (tmp_path / name).touch()
    code, out, _ = alvh("import", str(tmp_path / "a.csv"), str(tmp_path / "b.csv"))
    assert told == ["", "LANDED    a.csv: 2026-07-16\n", "REFUSED   b.csv: bad\n"]
    assert (code, out) == (1, "2026-07-16  OK: counted\n")


def test_report_writes_the_page_that_a_backfill_left_out(alvh, published, monkeypatch):
    monkeypatch.setattr("flows.reports.report_night", lambda *night: f"page of {night[0]} from {night[1]}")
    assert alvh("report")[1].strip() == "page of 2026-07-16 from None"


@pytest.fixture
def rejected(published, sample_frame):
    """The same night, published with a quarantine: 30 crossed quotes of KO, and VIX's September suspended."""
    rows = [{"row_key": f"KO {n:02d}", "symbol": "KO", "severity": "row", "rule_name": "CROSSED",
             "reason": "CROSSED: ask_usd >= bid_usd", "observed": f"ask_usd=1, bid_usd={n + 2}", "rows_count": 1}
            for n in range(30)]  # fmt: skip
    rows.append({"row_key": "VIX VIX 2026-09-16", "symbol": "VIX", "severity": "expiry", "rule_name": "EXPIRY_DATE",
                 "reason": "EXPIRY_DATE: calendar_status is OK", "observed": "calendar_status=NOT_A_SESSION",
                 "rows_count": 84})  # fmt: skip
    table = conform(pd.DataFrame(rows).assign(
        trade_date="2026-07-16", source_mode="simulated", dataset="quotes", payload_sha256="0123456789abcdef",
        row_position=range(len(rows))), META_QUARANTINE)  # fmt: skip
    tables = {s.name: sample_frame(s, trade_date="2026-07-16", source_mode="simulated") for s in NIGHT_TABLES}
    warehouse = Warehouse(f"sqlite:///{published}/warehouse.sqlite")
    warehouse.claim(KEY, run_id="r", code_version="0", rules_hash="x", source="recorded:my nights")
    warehouse.publish(KEY, tables | {META_QUARANTINE.name: table}, outcome="OK", reason=None, counts={}, run_id="r")
    warehouse.close()
    return published


def test_quarantine_lists_by_rule_then_one_by_one_and_says_what_to_do(alvh, rejected):
    code, out, err = alvh("quarantine", "--limit", "3")
    assert (code, err) == (0, "")
    lines = [line.split() for line in out.splitlines()]
    assert lines[0] == ["2026-07-16", "·", "SIMULATED"]
    assert lines[2] == ["quotes", "expiry", "EXPIRY_DATE", "1", "1", "84"]
    assert lines[3] == ["quotes", "row", "CROSSED", "1", "30", "30"]
    assert lines[7] == ["VIX", "VIX", "2026-09-16", "expiry", "EXPIRY_DATE", "84", "calendar_status=NOT_A_SESSION",
                        "0123456789ab"]  # fmt: skip
    assert lines[8][:2] == ["KO", "00"]
    assert "3 rows of 31; more: --limit 31" in out
    assert "alvh nightly --date 2026-07-16 --source 'recorded:my nights' --force" in out


@pytest.mark.parametrize(("words", "keys"), [
    (("--symbol", "VIX"), ["VIX VIX 2026-09-16"]), (("--rule", "EXPIRY_DATE"), ["VIX VIX 2026-09-16"]),
    (("--severity", "expiry"), ["VIX VIX 2026-09-16"]), (("--symbol", "KO", "--severity", "expiry"), []),
    (("--rule", "crossed", "--limit", "1", "--date", "2026-07-16", "--mode", "simulated"), ["KO 00"]),
])  # fmt: skip
def test_quarantine_for_programs(alvh, rejected, words, keys):
    code, out, _ = alvh("quarantine", "--format", "json", *words)
    assert code == 0
    assert [row["row_key"] for row in json.loads(out)] == keys


def test_quarantine_of_nothing(alvh, rejected):
    code, out, _ = alvh("quarantine", "--symbol", "XLF")
    assert (code, out.splitlines()[-1]) == (0, "nothing of this kind was quarantined")


def test_doctor_on_a_fresh_machine(alvh, home, monkeypatch):
    monkeypatch.setattr("flows.doctor_sources.live_transport", _no_network)
    code, out, _ = alvh("doctor")
    assert code == 0, "without a network the embedded default works"
    for word in ("prefect", "warehouse", "none yet: `alvh nightly` makes it", "default, 30 symbols",
                 "last session closed",
                 "--  sources", "no answer from any of", "check network, proxy and firewall",
                 "--  contact"):  # fmt: skip
        assert word in out
    assert not (home / "warehouse.sqlite").exists(), "the doctor changes nothing"


def test_doctor_finds_what_is_wrong(alvh, published, monkeypatch, tmp_path):
    monkeypatch.setattr("flows.doctor_sources.live_transport", _no_network)
    warehouse = Warehouse(f"sqlite:///{published}/warehouse.sqlite")
    other = NightKey(trade_date=date(2026, 7, 17), universe="default", source_mode="live")
    warehouse.claim(other, run_id="r", code_version="0", rules_hash="x")
    warehouse.fail(other, "RuntimeError: boom", run_id="r")
    warehouse.close()
    monkeypatch.setenv("ALVH_UNIVERSE_FILE", str(tmp_path / "nope.toml"))
    code, out, _ = alvh("doctor")
    assert code == 1
    assert "1 night published" in out
    assert "NO  night 2026-07-17" in out
    assert "RuntimeError: boom" in out
    assert "alvh nightly --date 2026-07-17" in out
    assert "NO  universe" in out
    assert "ALVH_UNIVERSE_FILE: expected a TOML file" in out
    assert "ok  calendar" in out, "one fault does not hide the rest"


def test_doctor_asks_for_the_tables_of_this_version_first(alvh, home, monkeypatch):
    monkeypatch.setattr("flows.doctor_sources.live_transport", _no_network)
    home.mkdir(parents=True, exist_ok=True)
    (home / "warehouse.sqlite").touch()  # made by somebody, of no revision
    code, out, _ = alvh("doctor")
    assert code == 1
    assert re.search(r"NO  warehouse .*tables of revision none, this version's are of \d{4}\n +`alvh migrate`", out)
    code, out, err = alvh("query", "select * from meta_nights")
    assert (code, "run `alvh migrate`" in err, "tables: " in err) == (2, True, False), err


def test_doctor_names_a_night_whose_past_has_changed(alvh, published, monkeypatch, sample_frame):
    monkeypatch.setattr("flows.doctor_sources.live_transport", _no_network)
    warehouse = Warehouse(f"sqlite:///{published}/warehouse.sqlite")
    earlier = NightKey(trade_date=date(2026, 7, 15), universe="default", source_mode="simulated")
    warehouse.claim(earlier, run_id="late", code_version="0", rules_hash="x", source="simulated")
    tables = {s.name: sample_frame(s, trade_date="2026-07-15", source_mode="simulated") for s in NIGHT_TABLES}
    warehouse.publish(earlier, tables, outcome="OK", reason=None, counts={}, run_id="late", based_on_no=0)
    warehouse.close()
    code, out, _ = alvh("doctor")
    assert code == 1
    assert "night 2026-07-16   simulated follows from a night that has changed since" in out
    assert "night 2026-07-15" not in out


def test_doctor_with_a_broken_warehouse(alvh, home, monkeypatch):
    monkeypatch.setattr("flows.doctor_sources.live_transport", _no_network)
    home.mkdir()
    (home / "warehouse.sqlite").write_text("not a database " * 100)
    code, out, _ = alvh("doctor")
    assert code == 1
    assert "file is not a database" in out


def _no_network():
    from requests import ConnectionError as NoConnection
    from requests.adapters import BaseAdapter

    class Cut(BaseAdapter):
        def send(self, request, **_):
            raise NoConnection("no route to host")

        def close(self):
            pass

    return Cut()


def test_a_night_that_another_run_holds_for_too_long_is_no_success(alvh, home, monkeypatch):
    from prefect.states import Completed

    monkeypatch.setattr("flows.nightly.nightly", lambda **_: Completed(name="AlreadyRunning", message="another run"))
    code, out, err = alvh("nightly", "--date", "2026-07-16")
    assert (code, out, err) == (1, "", "AlreadyRunning: another run\n")


@pytest.mark.parametrize("is_terminal", [True, False])
def test_stages_are_told_to_who_waits_before_a_terminal(alvh, home, monkeypatch, is_terminal):
    from prefect.states import Completed
    from prefect.tasks import MaterializingTask

    from tasks.assets import STAGES, stage, untracked

    monkeypatch.setattr(STAGES, "handlers", [])
    monkeypatch.setattr(MaterializingTask, "__call__", lambda *_: None)
    monkeypatch.setattr(sys.stderr, "isatty", lambda: is_terminal)

    @stage(writes=[])
    def curve(_night):
        pass

    def flow(**_):
        curve(None)
        with untracked():
            monkeypatch.setattr(curve, "fn", lambda _: None)
            curve(None)  # one of hundreds of nights: the backfill tells the night
        return Completed(name="AlreadyRunning", message="another run")

    monkeypatch.setattr("flows.nightly.nightly", flow)
    told = alvh("nightly", "--date", "2026-07-16")[2].splitlines()
    assert told == ["curve", "AlreadyRunning: another run"][0 if is_terminal else 1 :]


def test_help_is_quick_and_names_the_commands():
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    done = subprocess.run([sys.executable, "-m", "flows.cli", "--help"], capture_output=True, text=True, check=False)
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    seconds = after.ru_utime - before.ru_utime  # of the processor: a loaded machine takes longer, not more
    assert done.returncode == 0
    for command in ("nightly", "report", "query", "quarantine", "doctor"):
        assert command in done.stdout
    assert seconds < 1.5, "0.3 s here"
    heavy = {"pandas", "prefect", "duckdb", "sqlalchemy", "pydantic"}
    script = f"import sys, flows.cli; print(sorted({heavy} & set(sys.modules)))"
    loaded = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True)
    assert loaded.stdout.strip() == "[]", "heavy imports wait for the command that needs them"


def test_a_pipe_that_closes_is_no_crash(published):
    sql = "with recursive c(x) as (select 1 union all select x + 1 from c where x < 60000) select * from c"
    command = f"{sys.executable} -m flows.cli query '{sql}' --format csv | head -1"
    done = subprocess.run(["bash", "-c", command], capture_output=True, text=True, check=False)
    assert done.stdout == "x\n"
    assert "Traceback" not in done.stderr


def test_the_entry_point_is_the_command():
    from importlib.metadata import entry_points

    (entry,) = entry_points(group="console_scripts", name="alvh")
    assert entry.load() is cli.main
    assert Path(cli.__file__).name == "cli.py"
