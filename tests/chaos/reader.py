"""Reads the warehouse without a pause until told to stop; a program of `test_chaos.py`.

One statement counts the rows of every night in several tables, so that all of it is one state of the warehouse. Prints
one JSON object: reads, times the database was away, numbers of nights seen, and every fault with what was seen.
"""

import json
import select
import sys
import time
from pathlib import Path

from alvh_core.errors import ContractError, RetriableError
from alvh_core.schemas import NIGHT_TABLES
from tasks.warehouse.repository import query_warehouse

TABLES = [spec.name for spec in NIGHT_TABLES]
COUNTS = " union all ".join(
    f"select trade_date, '{name}' as t, count(*) as n from {name} group by 1" for name in TABLES
)
SQL = f"{COUNTS} union all select trade_date, night_status as t, 1 as n from meta_nights"
PAUSE_SECONDS = 0.02


def faults_of(rows: list[tuple[str, str, int]], expected: dict[str, dict[str, int]]) -> tuple[int, list[str]]:
    """Number of whole nights, and what is neither a whole night nor none."""
    found: dict[str, dict[str, int]] = {}
    for day, name, count in rows:
        found.setdefault(str(day)[:10], {})[name] = int(count)
    whole, faults = 0, []
    for day, counts in found.items():
        status = (counts.keys() - set(TABLES)) or {"none"}
        rows_of = {name: counts.get(name, 0) for name in TABLES}
        if rows_of == expected[day] and status == {"COMPLETE"}:
            whole += 1
        elif any(rows_of.values()) or status == {"COMPLETE"}:
            faults.append(f"{day}: {status} {rows_of}")
    return whole, faults


def main() -> None:
    url, expected = sys.argv[1], json.loads(Path(sys.argv[2]).read_text())
    seen = {"reads": 0, "away": 0, "none_yet": 0, "faults": []}
    nights = set()
    while not select.select([sys.stdin], [], [], 0)[0]:
        try:
            frame = query_warehouse(url, SQL)
        except RetriableError:
            seen["away"] += 1
        except ContractError as error:
            seen["none_yet"] += 1
            if nights:
                seen["faults"].append(str(error))
        else:
            whole, faults = faults_of(list(frame.itertuples(index=False, name=None)), expected)
            seen["reads"] += 1
            nights.add(whole)
            seen["faults"] += faults[: 20 - len(seen["faults"])]
        time.sleep(PAUSE_SECONDS)
    print(json.dumps(seen | {"nights_seen": sorted(nights)}))


if __name__ == "__main__":
    main()
