"""Reads the warehouse without a pause until told to stop; a program of `test_chaos.py`.

One statement counts the rows of every night in several tables, so that all of it is one state of the warehouse. Prints
one JSON object: reads, times the database was away, numbers of nights seen, every fault with what was seen. A night
before which another had failed has started from another past; the ledger tells, and it is concluded again: told apart.
"""

import json
import select
import sys
import time
from pathlib import Path

from alvh_core.errors import ContractError, RetriableError
from alvh_core.schemas import LADDER_SIGNALS, LADDER_STATE, NIGHT_TABLES, SNAPSHOTS
from tasks.warehouse.repository import query_warehouse

TABLES = [spec.name for spec in NIGHT_TABLES]
COUNTS = " union all ".join(
    f"select trade_date, '{name}' as t, count(*) as n from {name} group by 1" for name in TABLES
)
NUMBERS = ("publication_no", "based_on_no")
SQL = f"{COUNTS} union all select trade_date, night_status as t, 1 as n from meta_nights" + "".join(
    f" union all select trade_date, '{name}' as t, coalesce({name}, 0) as n from meta_nights" for name in NUMBERS
)
PAUSE_SECONDS = 0.02
ALWAYS = (SNAPSHOTS.name, LADDER_SIGNALS.name, LADDER_STATE.name)  # tables that no night leaves empty


def faults_of(rows: list[tuple[str, str, int]], expected: dict[str, dict[str, int]]) -> tuple[int, int, list[str]]:
    """Number of whole nights, of those that started from another past, and what is neither such a night nor none."""
    found: dict[str, dict[str, int]] = {}
    for day, name, count in rows:
        found.setdefault(str(day)[:10], {})[name] = int(count)
    whole, other_past, faults = 0, 0, []
    for day, counts in found.items():
        status = (counts.keys() - {*TABLES, *NUMBERS}) or {"none"}
        rows_of = {name: counts.get(name, 0) for name in TABLES}
        is_complete = status == {"COMPLETE"}
        if is_complete and rows_of == expected[day]:
            whole += 1
        elif is_complete and all(rows_of[name] for name in ALWAYS) and _is_of_another_past(day, found, expected):
            other_past += 1
        elif is_complete or any(rows_of.values()):
            faults.append(f"{day}: {status} {rows_of}")
    return whole, other_past, faults


def _is_of_another_past(day: str, found: dict[str, dict[str, int]], expected: dict[str, dict[str, int]]) -> bool:
    """Tell whether an earlier night is not published, or was after this one was computed."""
    based_on, earlier = found[day]["based_on_no"], (found.get(other, {}) for other in expected if other < day)
    numbers = [night.get("publication_no", 0) for night in earlier]
    return any(number == 0 or number > based_on for number in numbers)


def main() -> None:
    url, expected = sys.argv[1], json.loads(Path(sys.argv[2]).read_text())
    seen = {"reads": 0, "away": 0, "none_yet": 0, "other_past": 0, "faults": []}
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
            whole, other_past, faults = faults_of(list(frame.itertuples(index=False, name=None)), expected)
            seen["reads"] += 1
            nights.add(whole)
            seen["other_past"] += other_past
            seen["faults"] += faults[: 20 - len(seen["faults"])]
        time.sleep(PAUSE_SECONDS)
    print(json.dumps(seen | {"nights_seen": sorted(nights)}))


if __name__ == "__main__":
    main()
