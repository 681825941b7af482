"""What `alvh serve` runs at once when it starts."""

from datetime import UTC, date, datetime
from pathlib import Path

import pytest

from flows.runner import first_run
from tasks.settings import Settings

MORNING = datetime(2026, 11, 24, 15, 0, tzinfo=UTC)  # Tuesday, before its night


@pytest.fixture
def small(small_universe: Path) -> dict[str, Path]:
    return {"universe_file": small_universe}


def test_an_empty_simulated_home_gets_something_to_look_at(small: dict, tmp_path: Path) -> None:
    name, parameters = first_run(Settings(home=tmp_path, **small), MORNING)
    assert (name, parameters) == ("backfill/backfill", {"start": date(2026, 11, 19), "end": date(2026, 11, 23)})


def test_a_home_with_a_night_is_watched(small: dict, simulated_home: Path) -> None:
    assert first_run(Settings(home=simulated_home, **small), MORNING) == ("watch/watch", {})


def test_real_quotes_are_never_backfilled_by_themselves(small: dict, tmp_path: Path) -> None:
    assert first_run(Settings(home=tmp_path, source="live", **small), MORNING) == ("watch/watch", {})
