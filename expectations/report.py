"""What a validation found, in our own words: one row per rule, one row per broken rule and frame row.

Pure pandas. No Great Expectations type, no rule and no decision what to do about a fault belongs here.
"""

from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from alvh_core.columns import SEVERITIES

CHECK_COLUMNS = ("check_name", "check_column", "severity", "is_success", "evaluated_count", "unexpected_count")
FAULT_COLUMNS = ("position", "severity", "reason")


@dataclass(frozen=True, eq=False)
class ValidationReport:
    """The outcome of one suite on one frame.

    Attributes
    ----------
    dataset : str
        What was validated.
    checks : DataFrame
        One row per rule, columns `CHECK_COLUMNS`; fits ``meta_validations`` once the night's keys are added.
    faults : DataFrame
        One row per (frame row, broken rule), columns `FAULT_COLUMNS`, sorted by position. ``position`` counts the rows
        of the validated frame from 0, whatever its index. Rules about the whole frame (row counts) have no fault rows.
    """

    dataset: str
    checks: pd.DataFrame
    faults: pd.DataFrame

    @property
    def is_success(self) -> bool:
        """Whether every rule held."""
        return bool(self.checks["is_success"].all())

    @property
    def worst_severity(self) -> str | None:
        """The gravest severity among the broken rules; None when every rule held."""
        broken = set(self.checks.loc[~self.checks["is_success"], "severity"])
        return next((severity for severity in reversed(SEVERITIES) if severity in broken), None)

    @property
    def has_night_failure(self) -> bool:
        """Whether the night must stop."""
        return self.worst_severity == "night"

    def rows_at(self, severity: str) -> NDArray[np.int64]:
        """Return the positions that break a rule of exactly this severity.

        Parameters
        ----------
        severity : {'row', 'expiry', 'underlying', 'night'}

        Returns
        -------
        ndarray of shape (n_rows,)
            Sorted, each position once.
        """
        if severity not in SEVERITIES:
            raise ValueError(f"severity: expected one of {SEVERITIES}, found {severity!r}")
        return np.unique(self.faults.loc[self.faults["severity"] == severity, "position"].to_numpy(dtype="int64"))

    def rejects(self) -> pd.DataFrame:
        """Return one row per faulty position: its gravest severity and all its reasons, joined by "; ".

        Returns
        -------
        DataFrame
            Columns `FAULT_COLUMNS`, sorted by position.
        """
        positions, row = np.unique(self.faults["position"].to_numpy(dtype="int64"), return_inverse=True)
        rank = np.zeros(len(positions), dtype="int64")
        np.maximum.at(rank, row, self.faults["severity"].map(SEVERITIES.index).to_numpy(dtype="int64"))
        return pd.DataFrame(
            {
                "position": positions,
                "severity": np.array(SEVERITIES)[rank],
                "reason": _joined(row, len(positions), self.faults["reason"]),
            }
        )


def combine(reports: Iterable[ValidationReport]) -> pd.DataFrame:
    """Stack the checks of several reports.

    Parameters
    ----------
    reports : iterable of ValidationReport

    Returns
    -------
    DataFrame
        ``dataset`` and `CHECK_COLUMNS`; no reports give an empty frame. Faults are not stacked: their positions only
        mean something within their own frame.
    """
    frames = [report.checks.assign(dataset=report.dataset) for report in reports]
    if not frames:
        return pd.DataFrame({name: [] for name in ("dataset", *CHECK_COLUMNS)})
    return pd.concat(frames, ignore_index=True)[["dataset", *CHECK_COLUMNS]]


def _joined(row: NDArray[np.int64], n_rows: int, reasons: pd.Series) -> list[str]:
    """Join the reasons of every row; joined once per combination, of which there are few, not once per row."""
    categories = reasons.astype("category").cat
    codes, names = categories.codes.to_numpy(), categories.categories.to_numpy()
    has_reason = np.zeros((n_rows, len(names)), dtype=bool)
    has_reason[row, codes] = True
    combinations, number = np.unique(np.packbits(has_reason, axis=1), axis=0, return_inverse=True)
    masks = np.unpackbits(combinations, axis=1, count=len(names)).astype(bool)
    texts = ["; ".join(str(name) for name in names[mask]) for mask in masks]
    return [texts[index] for index in number]
