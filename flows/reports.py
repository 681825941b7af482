"""The page of a published night, written anew: after a backfill, which makes none, or with a newer version's layout."""

from datetime import date

from prefect import flow

from flows.wiring import build_night, run_name
from tasks.report import report
from tasks.settings import load_settings
from tasks.warehouse.published import find_published


@flow(name="report", flow_run_name=run_name)
def report_night(trade_date: date, source: str | None = None) -> str:
    """Write a night's page.

    Parameters
    ----------
    trade_date : date
    source : str, optional
        As for `nightly`.

    Raises
    ------
    ContractError
        The night is not published.
    """
    settings = load_settings()
    night = build_night(settings, trade_date, source or settings.source, "report")
    with night.warehouse.reading() as connection:
        find_published(connection, trade_date, night.source_mode)
    return str(report(night))
