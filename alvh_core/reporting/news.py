"""What is new tonight, in the words of the alerts, whether or not anybody was to hear them."""

from typing import Any

import pandas as pd

from alvh_core.alerting.findings import told_lines
from alvh_core.columns import ALERT_SEVERITIES
from alvh_core.reporting.model import Cell, Column, Row, Table
from alvh_core.reporting.texts import DASH

NOTHING = "No alert rule found anything that it had not found the night before."
_COLUMNS = (
    Column.words("Severity"), Column.words("What"), Column.words("Expected"), Column.words("Found"),
    Column.words("Concerns"), Column.words("Rule", "Of the first profile, as the rules stand when the page is made"),
)  # fmt: skip
_TONES = {"CRITICAL": "bad", "WARNING": "warn"}


def news_table(alerts: pd.DataFrame) -> Table:
    """Lay out alerts, gravest first.

    Parameters
    ----------
    alerts : DataFrame
        `META_ALERTS` of the night that are news; may be empty.

    Returns
    -------
    Table
        What is to do is in the note of the cell that says what it is.
    """
    place = alerts["alert_severity"].astype("str").map({name: -at for at, name in enumerate(ALERT_SEVERITIES)})
    ranked = alerts.assign(place=place).sort_values(["place", "alert_rule", "title"], ignore_index=True)
    rows = tuple(_row(alert) for alert in ranked.to_dict("records"))
    return Table(caption="New tonight", columns=_COLUMNS, rows=rows, empty=NOTHING)


def _row(alert: Any) -> Row:
    told, severity = told_lines(str(alert["body"])), str(alert["alert_severity"])
    return Row(cells=(
        Cell(severity, tone=_TONES.get(severity, "")),
        Cell(str(alert["title"]).partition(": ")[2], note=told.get("To do", "")),
        *(Cell(told.get(name, DASH)) for name in ("Expected", "Found", "Concerns")), Cell(str(alert["alert_rule"])),
    ))  # fmt: skip
