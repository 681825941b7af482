"""Stage publish: answers are checked against their own contract, then the night appears in one transaction."""

from collections.abc import Mapping
from functools import partial

from prefect import get_run_logger

from alvh_core.frames import concat
from alvh_core.schemas import META_ALERTS, META_NIGHTS, META_VALIDATIONS, NIGHT_TABLES, OUT_TABLES
from alvh_core.signals import night_outcome
from expectations.gate import dated, validate_answers
from tasks.alert import raise_night_alerts, store_night_alerts
from tasks.assets import in_lake, in_warehouse, note_rows, stage
from tasks.drift import CHECKS
from tasks.night import Night
from tasks.warehouse import ledger


@stage(
    reads=[*map(in_lake, NIGHT_TABLES), in_lake(META_VALIDATIONS, CHECKS)],
    writes=[*map(in_warehouse, (*NIGHT_TABLES, META_NIGHTS, META_ALERTS))],
)
def publish(night: Night, counts: Mapping[str, int], based_on_no: int) -> str:
    """Publish every warehouse table of the night; return its outcome."""
    tables = {spec.name: night.lake.read(spec) for spec in NIGHT_TABLES}
    has_quotes = counts["rows_published_count"] > 0
    checks = validate_answers({spec.name: (tables[spec.name], spec) for spec in OUT_TABLES}, min_rows=int(has_quotes))
    answers = dated([checks], night.trade_date, night.source_mode)
    drifts = night.lake.read(META_VALIDATIONS, CHECKS)
    tables[META_VALIDATIONS.name] = concat([tables[META_VALIDATIONS.name], drifts, answers], META_VALIDATIONS)
    outcome, reason = night_outcome(tables)
    alerts = raise_night_alerts(night, tables, counts)
    with night.warehouse.reading() as connection:  # the published ones, whoever claimed the night since
        before = ledger.last_answers(connection, night.source_mode, night.trade_date, 1).get(night.trade_date)
    rows = night.warehouse.publish(
        night.key, tables, outcome=outcome, reason=reason, counts=counts, run_id=night.run_id, based_on_no=based_on_no,
        also=partial(store_night_alerts, night=night, alerts=alerts, answers_before=before),
    )  # fmt: skip
    note_rows({**rows, META_NIGHTS.name: 1, META_ALERTS.name: len(alerts)})
    get_run_logger().info(
        "%s published: %d rows in %d tables, outcome %s", night.trade_date, sum(rows.values()), len(rows), outcome
    )
    return outcome
