"""What is other than the night before, in the words of the night's alerts, whether or not anybody was to hear them."""

from typing import Any

import pandas as pd

from alvh_core.alerting.findings import told_lines
from alvh_core.columns import ALERT_SEVERITIES
from alvh_core.reporting.model import Cell, Column, Row, Table

NOTHING = "No alert rule found anything new."
_COLUMNS = (
    Column.words("What"), Column.words("Expected"), Column.words("Found"),
    Column.words("Rule", "See docs/alerts.md; alerts are about the first profile"),
)  # fmt: skip


def news_table(alerts: pd.DataFrame) -> Table:
    """Lay out what a night has raised, gravest first.

    Parameters
    ----------
    alerts : DataFrame
        `META_ALERTS` of the night; may be empty.

    Returns
    -------
    Table
        Whom a row concerns and what is to do is in the note of its first cell.
    """
    place = alerts["alert_severity"].astype("str").map({name: -at for at, name in enumerate(ALERT_SEVERITIES)})
    ranked = alerts.assign(place=place).sort_values(["place", "alert_rule", "title"], ignore_index=True)
    rows = tuple(_row(alert) for alert in ranked.to_dict("records"))
    return Table(caption="New tonight", columns=_COLUMNS, rows=rows, empty=NOTHING)


def _row(alert: Any) -> Row:
    told = told_lines(str(alert["body"]))
    more = " — ".join(f"{name}: {told[name]}" for name in ("Concerns", "To do") if name in told)
    severity = str(alert["alert_severity"])
    return Row(cells=(
        Cell(str(alert["title"]).partition(": ")[2], tone="" if severity == "INFO" else "warn", note=more),
        Cell(told.get("Expected", "")), Cell(told.get("Found", "")), Cell(str(alert["alert_rule"])),
    ))  # fmt: skip
