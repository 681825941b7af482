"""Stage 9, report: one self-contained HTML page per night, and what the Prefect UI shows of it."""

from pathlib import Path

from prefect import get_run_logger
from prefect.artifacts import create_markdown_artifact, create_table_artifact

from alvh_core.reporting.view import PRICED_COLUMNS, night_view
from alvh_core.schemas import NIGHT_TABLES, PRICED_QUOTES
from alvh_core.summary import validation_summary, verdict_summary
from tasks.assets import REPORT, in_lake, in_warehouse, stage
from tasks.lake.store import write_atomic
from tasks.night import Night
from tasks.render.page import render_report


@stage(reads=[in_lake(PRICED_QUOTES), *map(in_warehouse, NIGHT_TABLES)], writes=[REPORT])
def report(night: Night) -> Path:
    """Write the night's page and leave its tables in the UI."""
    tables = night.warehouse.night(night.source_mode, night.trade_date)
    priced = night.lake.read(PRICED_QUOTES, columns=PRICED_COLUMNS)
    view = night_view(
        tables,
        priced,
        night.universe,
        profile=night.profile,
        rule=night.spread_rule,
        evidence=night.evidence_rule,
        ledger=night.warehouse.ledger(night.source_mode, night.trade_date),
    )
    path = night.report_path
    write_atomic(path, render_report(view).encode())
    label = f"{night.trade_date}, {night.source_mode}"
    create_table_artifact(verdict_summary(tables), key="verdicts", description=f"Verdicts of {label}")
    create_table_artifact(validation_summary(tables), key="validations", description=f"Validation of {label}")
    create_markdown_artifact(_where(night), key="report", description=f"Report of {label}")
    get_run_logger().info("report: %s", path)
    return path


def _where(night: Night) -> str:
    """Say how to open the page: a browser follows no link from a server's page to a file."""
    page, url = night.report_path, night.reports_url
    link = f"[Open the report]({url.rstrip('/')}/{page.name})\n\n" if url else ""
    command = f"alvh report --date {night.trade_date} --mode {night.source_mode} --open"
    return f"{link}On the machine that wrote it: `{command}`, or the file `{page}`"
