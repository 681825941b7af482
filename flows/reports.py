"""The page of a published night, written anew: after a backfill, which makes none, or with a newer version's layout."""

from datetime import date

from prefect import flow

from alvh_core.errors import ContractError
from flows.wiring import build_night, run_name
from tasks.report import report
from tasks.settings import load_settings


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
    known = night.warehouse.ledger(night.source_mode, trade_date) or {}
    if known.get("publication_no") is None and known.get("night_status") != "COMPLETE":  # failed again, still published
        raise ContractError(f"{trade_date} ({night.source_mode}) is not published; run `alvh nightly` first")
    return str(report(night))
