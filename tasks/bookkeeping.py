"""The bookkeeping of a stage that decodes payloads: what was refused, how the rules fared, which bodies it had.

Every such stage keeps a part of its own; `tasks.gather` joins them.
"""

from collections.abc import Sequence

from prefect.assets import Asset

from alvh_core.frames import concat
from alvh_core.landing import Landing, payload_rows
from alvh_core.schemas import META_PAYLOADS, META_QUARANTINE, META_VALIDATIONS
from expectations.gate import Gated, dated
from tasks.assets import in_lake
from tasks.night import Night

BOOKS = (META_QUARANTINE, META_PAYLOADS, META_VALIDATIONS)


def books(part: str) -> list[Asset]:
    """Return what `keep_books` writes, as assets."""
    return [in_lake(table, part) for table in BOOKS]


def keep_books(night: Night, part: str, landings: Sequence[Landing], *judged: Gated) -> None:
    """Write a part of the books, from the stage's payloads and the datasets it judged."""
    lake, day, mode = night.lake, night.trade_date, night.source_mode
    lake.write(concat([one.entries for one in judged], META_QUARANTINE), META_QUARANTINE, part)
    lake.write(payload_rows(landings, day, mode), META_PAYLOADS, part)
    lake.write(dated([one.checks for one in judged], day, mode), META_VALIDATIONS, part)
