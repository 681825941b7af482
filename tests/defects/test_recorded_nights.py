"""What the rules say of real recorded nights, counted again and held against the list in the docs.

The recordings may not be redistributed; where their folder is absent these tests skip.
"""

import gzip
import hashlib
import re
from datetime import date
from pathlib import Path

import pytest

from alvh_core.bars import bars_as_of
from alvh_core.curve import night_curve
from alvh_core.forwards import expiry_forwards
from alvh_core.landing import Landing
from alvh_core.quotes import normalise_quotes
from alvh_core.universe import DEFAULT_UNIVERSE
from expectations.gate import validate_option_quotes

ROOT = Path(__file__).resolve().parents[2]
LISTED = ROOT / "docs" / "false_alarms.md"
NIGHTS = [f"2026-07-{day}" for day in (10, 14, 15, 16, 17, 20, 21, 22, 23, 24, 27, 28, 29, 30, 31)]
LINE = re.compile(r"^\| (2026-\d\d-\d\d) \| (\w+) \| `(\w+)` \| (\d+) \|")


def _landings(day, folder):
    from tasks.sources.catalogue import night_requests

    bodies, landings = {}, []
    for request in night_requests(DEFAULT_UNIVERSE, day, source_mode="recorded"):
        place = request.url.split("://", 1)[1].split("?", maxsplit=1)[0]
        files = [folder / home / f"{place}{end}" for home in (str(day), "histories") for end in (".gz", ".csv.gz")]
        found = next((file for file in files if file.is_file()), None)
        if found is not None:
            bodies[request.url] = gzip.decompress(found.read_bytes())
            landings.append(Landing(dataset=request.dataset, symbol=request.symbol, url=request.url,
                                    payload_sha256=hashlib.sha256(bodies[request.url]).hexdigest()))  # fmt: skip
    return landings, bodies


def alarms(day, folder, calendar):
    """Every broken rule of a night: severity, rule and how many rows or groups broke it."""
    from tasks.sources.catalogue import BARS, CURVE, INDEX
    from tasks.sources.decode import decode_chains, decode_tables

    landings, bodies = _landings(day, folder)
    read = bodies.__getitem__
    chains = decode_chains(landings, read, DEFAULT_UNIVERSE, calendar.session(day), calendar=calendar,
                           source_mode="recorded")  # fmt: skip
    bars, _ = decode_tables(landings, read, {BARS, INDEX})
    curve, _ = decode_tables(landings, read, {CURVE})
    quotes, _ = normalise_quotes(chains.raw, chains.snapshots, DEFAULT_UNIVERSE, calendar)
    gated = validate_option_quotes(
        quotes, expiry_forwards(quotes, night_curve(curve, day, "recorded")), DEFAULT_UNIVERSE, calendar,
        snapshots=chains.snapshots, bars=bars_as_of(bars, day, "recorded", calendar),
    )  # fmt: skip
    broken = gated.checks[~gated.checks["is_success"]]
    return {(str(row.severity), str(row.check_name)): int(row.unexpected_count) for row in broken.itertuples()}


@pytest.mark.parametrize("night", NIGHTS)
def test_the_docs_list_every_alarm_of_the_night(night, recorded_root, calendar):
    lines = map(LINE.match, LISTED.read_text(encoding="utf-8").splitlines())
    listed = {(m[2], m[3]): int(m[4]) for m in lines if m and m[1] == night}
    found = alarms(date.fromisoformat(night), recorded_root, calendar)
    assert found == listed
