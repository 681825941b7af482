"""The page of a published night, written anew: after a lost folder, or with a newer version's layout."""

from datetime import date

from prefect import flow

from alvh_core.columns import SOURCE_MODES
from alvh_core.errors import ContractError
from flows.wiring import build_night, run_name
from tasks.report import report
from tasks.settings import Settings, load_settings
from tasks.warehouse.repository import Warehouse


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
    if night.warehouse.status(night.key) != "COMPLETE":
        raise ContractError(f"{trade_date} ({night.source_mode}) is not published; run `alvh nightly` first")
    return str(report(night))


def write_page(settings: Settings, trade_date: date, mode: str | None) -> list[str]:
    """Write the page of a night that was published without one, as a backfill does; none if it is not published."""
    warehouse = Warehouse(settings.database_url)
    rows = [warehouse.ledger(name, trade_date) or {} for name in ([mode] if mode else SOURCE_MODES)]
    warehouse.close()
    sources = [str(row["source"]) for row in rows if row.get("night_status") == "COMPLETE"]
    return [report_night(trade_date, source) for source in sources[-1:]]
