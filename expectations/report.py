"""What a validation found, in our own words: one row per rule, one row per broken rule and frame row.

Pure pandas. No Great Expectations type, no rule and no decision what to do about a fault belongs here.
"""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from alvh_core.columns import SEVERITIES
from alvh_core.quarantine import MARKS, observed
from expectations.rules import Rule

CHECK_COLUMNS = ("check_name", "check_column", "severity", "is_success", "evaluated_count", "unexpected_count")
REJECT_COLUMNS = ("position", *MARKS)


@dataclass(frozen=True)
class Outcome:
    """What became of one rule: it held or not, the rows it looked at, and the positions that broke it."""

    is_success: bool
    evaluated_count: int
    positions: Sequence[int]


@dataclass(frozen=True, eq=False)
class ValidationReport:
    """The outcome of one suite on one frame.

    Attributes
    ----------
    dataset : str
        What was validated.
    rules : tuple of Rule
    outcomes : sequence of Outcome
        One per rule.
    frame : DataFrame
        What was validated, from which the faulty rows are told.
    """

    dataset: str
    rules: tuple[Rule, ...]
    outcomes: Sequence[Outcome]
    frame: pd.DataFrame

    @property
    def broken(self) -> list[tuple[Rule, Outcome]]:
        """The rules that did not hold."""
        return [both for both in zip(self.rules, self.outcomes, strict=True) if not both[1].is_success]

    @property
    def worst_severity(self) -> str | None:
        """The gravest severity among the broken rules; None when every rule held."""
        return max((rule.severity for rule, _ in self.broken), key=SEVERITIES.index, default=None)

    @property
    def has_night_failure(self) -> bool:
        """Whether the night must stop."""
        return self.worst_severity == "night"

    def rejects(self) -> pd.DataFrame:
        """Return one row per faulty position: how grave, by which rule, all its reasons, and what the rules saw.

        Returns
        -------
        DataFrame
            Columns `REJECT_COLUMNS`, sorted by position. ``rule_name`` is the first of the gravest rules; ``reason``
            has all of them, joined by "; ".
        """
        found = [np.asarray(outcome.positions, dtype="int64") for outcome in self.outcomes]
        positions, row = np.unique(np.concatenate(found), return_inverse=True)
        is_broken = np.zeros((len(positions), len(self.rules)), dtype=bool)
        is_broken[row, np.repeat(np.arange(len(self.rules)), list(map(len, found)))] = True
        faulty = self.frame.iloc[positions]
        parts = [_alike(faulty.iloc[at], at, broken) for at, broken in _combinations(is_broken, self.rules)]
        alike = pd.concat(parts) if parts else pd.DataFrame(columns=list(MARKS), dtype="str")
        return alike.sort_index().reset_index(drop=True).assign(position=positions)[list(REJECT_COLUMNS)]


def combine(reports: Iterable[ValidationReport]) -> pd.DataFrame:
    """Stack the checks of several reports.

    Parameters
    ----------
    reports : iterable of ValidationReport

    Returns
    -------
    DataFrame
        ``dataset`` and `CHECK_COLUMNS`, one row per rule; fits ``meta_validations`` once the night's keys are added.
        Faults are not stacked: their positions only mean something within their own frame.
    """
    rows = [
        (report.dataset, rule.name, rule.column, rule.severity, outcome.is_success, outcome.evaluated_count,
         len(outcome.positions))
        for report in reports for rule, outcome in zip(report.rules, report.outcomes, strict=True)
    ]  # fmt: skip
    return pd.DataFrame(rows, columns=["dataset", *CHECK_COLUMNS])


def _alike(rows: pd.DataFrame, at: NDArray[np.int64], broken: list[Rule]) -> pd.DataFrame:
    """Describe the rows that break the same rules; there are few such groups, however many rows."""
    gravest = max(broken, key=lambda rule: SEVERITIES.index(rule.severity))  # the first, of several
    columns = list(dict.fromkeys(name for rule in broken for name in rule.columns))
    return pd.DataFrame(
        {
            "severity": gravest.severity,
            "rule_name": gravest.name,
            "reason": "; ".join(dict.fromkeys(rule.reason for rule in broken)),
            "observed": observed(rows[columns]).to_numpy(),
        },
        index=at,
    )


def _combinations(
    is_broken: NDArray[np.bool_], rules: tuple[Rule, ...]
) -> Iterator[tuple[NDArray[np.int64], list[Rule]]]:
    """Yield the rows that break the same rules, and those rules."""
    packed = np.packbits(is_broken, axis=1)
    number, names = pd.factorize(pd.Series(packed.view(f"V{packed.shape[1]}").ravel().tolist()))
    order = np.argsort(number, kind="stable")
    for at in np.split(order, np.searchsorted(number[order], np.arange(1, len(names)))):
        if len(at):
            yield at, [rule for rule, broken in zip(rules, is_broken[at[0]], strict=True) if broken]
