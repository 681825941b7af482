"""Lineage: what every stage says it reads and writes arrives as events, and is what it does read and write."""

import re
import time
from collections.abc import Callable
from datetime import date
from pathlib import Path

import pytest
import requests

DAY = date(2026, 11, 18)
STAGES = ["curve", "macro", "markets", "cross_check", "fundamentals", "normalise", "validate", "price", "score",
          "gather", "ratios", "remember", "context", "signal", "book", "tightness", "costs", "breadth", "judge",
          "drift", "publish", "report"]  # fmt: skip
LAST = "alvh://report"
PATIENCE_SECONDS = 300.0  # a busy server that has had many nights took over 30 s for one answer


def declared(attribute: str) -> dict[str, set[str]]:
    """Keys of the assets each stage names."""
    import flows.nightly

    stages = {name: getattr(flows.nightly, name) for name in STAGES}
    return {name: {asset.key for asset in getattr(stage, attribute)} for name, stage in stages.items()}


def asset_events(api: str, run_id: str) -> list[dict]:
    found: list[dict] = []
    question = {"filter": {"event": {"prefix": ["prefect.asset.materialization."]},
                           "related": {"id": [f"prefect.flow-run.{run_id}"]}}, "limit": 50}  # fmt: skip
    page = requests.post(f"{api}/events/filter", json=question, timeout=PATIENCE_SECONDS).json()
    while True:
        found += page["events"]
        if not page["next_page"]:
            return found
        page = requests.get(page["next_page"], timeout=PATIENCE_SECONDS).json()


@pytest.fixture(scope="module")
def events(prefect_api: str, simulated_home: Path) -> list[dict]:
    from tasks.warehouse.repository import Warehouse

    warehouse = Warehouse(f"sqlite:///{simulated_home}/warehouse.sqlite")
    run_id = (warehouse.ledger("simulated", DAY) or {})["run_id"]
    warehouse.close()
    until = time.monotonic() + PATIENCE_SECONDS
    found: list[dict] = []
    while time.monotonic() < until:  # events travel by themselves, after the night
        found = asset_events(prefect_api, run_id)
        if any(event["resource"]["prefect.resource.id"] == LAST for event in found):
            return found
        time.sleep(2.0)  # each answer costs the server seconds
    raise AssertionError(f"no event of {LAST} among {len(found)} of run {run_id}")


def lineage(events: list[dict]) -> dict[str, set[str]]:
    """What each asset was made from."""
    made: dict[str, set[str]] = {}
    for event in events:
        sources = {r["prefect.resource.id"] for r in event["related"] if r.get("prefect.resource.role") == "asset"}
        made.setdefault(event["resource"]["prefect.resource.id"], set()).update(sources)
    return made


def test_every_stage_tells_what_its_tables_were_made_from(events: list[dict]) -> None:
    made, reads = lineage(events), declared("asset_deps")
    for name, writes in declared("assets").items():
        for key in writes:
            assert made[key] >= reads[name], (name, key)


def test_the_report_goes_back_to_the_raw_archive(events: list[dict]) -> None:
    made, seen, todo = lineage(events), set(), [LAST]
    while todo:
        key = todo.pop()
        if key not in seen:
            seen.add(key)
            todo += made.get(key, ())
    assert "alvh://lake/raw" in seen
    assert {"alvh://lake/core_options__daily_priced", "alvh://warehouse/out_alvh__daily_verdicts"} <= seen


def test_an_event_says_which_night_and_how_many_rows(
    events: list[dict], simulated_home: Path, warehouse_of: Callable
) -> None:
    ledger = warehouse_of(simulated_home).ledger("simulated", DAY)
    night = {"trade_date": "2026-11-18", "source_mode": "simulated"}
    by_key = {event["resource"]["prefect.resource.id"]: event["payload"] for event in events}
    counted = {"rows": ledger["rows_published_count"]}
    assert by_key["alvh://lake/core_options__daily_quotes"] == night | counted
    verdicts = len(warehouse_of(simulated_home).night("simulated", DAY)["out_alvh__daily_verdicts"])
    assert by_key["alvh://warehouse/out_alvh__daily_verdicts"] == night | {"rows": verdicts}


def test_keys_name_no_machine_and_no_night(events: list[dict]) -> None:
    for key in lineage(events):
        assert re.fullmatch(r"alvh://(lake/|warehouse/|report)[a-z0-9_/]*", key)


def test_what_is_declared_is_what_is_read_and_written(
    run_night: Callable, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from prefect.context import TaskRunContext

    from tasks.lake.tables import PART, LakeTables

    seen: dict[str, dict[str, set[str]]] = {"assets": {}, "asset_deps": {}}

    def spy(kind: str, real: Callable) -> Callable:
        def spied(self: LakeTables, *arguments: object, **named: object) -> object:
            table, *rest = arguments[1:] if kind == "assets" else arguments
            key = f"alvh://lake/{table.name}" + (f"/{rest[0]}" if rest and rest[0] != PART else "")
            seen[kind].setdefault(TaskRunContext.get().task.name, set()).add(key)
            return real(self, *arguments, **named)

        return spied

    monkeypatch.setattr(LakeTables, "write", spy("assets", LakeTables.write))
    monkeypatch.setattr(LakeTables, "read", spy("asset_deps", LakeTables.read))
    assert run_night(tmp_path, DAY).name == "Completed"
    for kind, found in seen.items():
        told = {name: {key for key in keys if key.startswith("alvh://lake/") and key != "alvh://lake/raw"}
                for name, keys in declared(kind).items()}  # fmt: skip
        assert found == {name: keys for name, keys in told.items() if keys}
