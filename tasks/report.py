"""Stage report: two self-contained HTML pages per night, and what the Prefect UI shows of them."""

from collections.abc import Mapping
from pathlib import Path

import pandas as pd
from prefect import get_run_logger
from prefect.artifacts import create_markdown_artifact, create_table_artifact

from alvh_core.frames import narrowed
from alvh_core.reporting.model import QualityPage
from alvh_core.reporting.quality_page import TREND_NIGHTS, quality_page
from alvh_core.reporting.view import PRICED_COLUMNS, night_view
from alvh_core.schemas import META_ALERTS, META_VALIDATIONS, NIGHT_TABLES, PRICED_QUOTES
from alvh_core.summary import table_summary, validation_summary, verdict_summary
from expectations.handbook import rule_words
from tasks.alert import night_news
from tasks.assets import REPORT, in_lake, in_warehouse, stage
from tasks.lake.store import write_atomic
from tasks.night import Night
from tasks.render.page import render_quality, render_report


@stage(reads=[in_lake(PRICED_QUOTES), *map(in_warehouse, (*NIGHT_TABLES, META_ALERTS))], writes=[REPORT])
def report(night: Night) -> Path:
    """Write the night's pages and leave its tables in the UI."""
    tables = night.warehouse.night(night.source_mode, night.trade_date)
    priced = night.lake.read(PRICED_QUOTES, columns=PRICED_COLUMNS)
    ledger = night.warehouse.ledger(night.source_mode, night.trade_date) or {}
    view = night_view(tables, priced, night.universe, profile=night.profile, evidence=night.evidence_rule,
                      ledger=ledger, profiles=night.profiles, news=night_news(night, tables, ledger))  # fmt: skip
    path, quality = night.report_path, _quality(night, tables, len(priced), ledger)
    write_atomic(night.quality_path, render_quality(quality, f"../{path.name}").encode())
    write_atomic(path, render_report(view, f"quality/{path.name}").encode())
    label = f"{night.trade_date}, {night.source_mode}"
    headline = narrowed(tables, "profile", night.profile.name)
    create_table_artifact(verdict_summary(headline), key="verdicts", description=f"Verdicts of {label}")
    validations = f"{_where(night, night.quality_path, 'quality page')}\n\n{validation_summary(quality)}"
    create_markdown_artifact(validations, key="validations", description=f"Validation of {label}")
    answers = f"{_where(night, path, 'report')}\n\n{table_summary(view.classes)}\n\n{table_summary(view.news)}"
    create_markdown_artifact(answers, key="report", description=f"Report of {label}")
    get_run_logger().info("report: %s", path)
    return path


def forget_pages(night: Night) -> None:
    """Remove the old pages of a night about to be published: a missing page is made when asked for, an old one lies."""
    for page in (night.report_path, night.quality_path):
        page.unlink(missing_ok=True)


def _quality(night: Night, tables: Mapping[str, pd.DataFrame], priced_count: int,
             ledger: Mapping[str, object]) -> QualityPage:  # fmt: skip
    history = night.warehouse.last_nights(META_VALIDATIONS, night.source_mode, night.trade_date, TREND_NIGHTS)
    return quality_page(tables, history, rule_words(), priced_count=priced_count, ledger=ledger)


def _where(night: Night, page: Path, what: str) -> str:
    """Say how to open a page: a browser follows no link from a server's page to a file."""
    url, name = night.reports_url, page.relative_to(night.reports_root).as_posix()
    link = f"[Open the {what}]({url.rstrip('/')}/{name})\n\n" if url else ""
    command = f"alvh report --date {night.trade_date} --mode {night.source_mode} --open"
    return f"{link}On the machine that wrote it: `{command}`, or the file `{page}`"
