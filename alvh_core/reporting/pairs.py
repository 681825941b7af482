"""The second engine on the page: which instrument was tried beside each host's ladder, and whether it is kept."""

from collections.abc import Mapping
from typing import Any

import pandas as pd

from alvh_core.costs.pairing import NOISE_KEPT_FRAC
from alvh_core.registry.costs import PAIRS
from alvh_core.reporting.model import Cell, Column, Row, Section, Table
from alvh_core.reporting.texts import DASH, count, number, percent, records, several, tally, text

_COLUMNS = (
    Column.words("Host"), Column.words("Pair", "Best of the declared candidates on the first half"),
    Column("Candidates"), Column("Held", "Sessions into which the ladder was held"),
    Column("Stress, chosen on", "Sessions of the first half"),
    Column("Stress, judged on", "Sessions of the second half"),
    Column("Correlation", "With the ladder, stress sessions of the second half"),
    Column("Saved, first half", "Of the budget, a stress session"), Column("Saved, second half", "Out of sample"),
    Column("p", "Share of bootstrap draws in which nothing is saved"), Column.words("Status"), Column.words("Why"),
)  # fmt: skip
_TONES = {"KEPT": "good", "REJECTED": "bad"}


def pairs_section(tables: Mapping[str, pd.DataFrame]) -> Section:
    """Show what a second instrument beside a ladder sized by premium would have saved, host by host."""
    pairs = tables[PAIRS.name]
    beside = " and ".join(sorted(pairs["profile"].dropna().astype("str").unique())) or "the first profile"
    return Section(
        anchor="pairs", short="Pairs", title="A second engine beside the ladder", lead=_lead(pairs),
        tables=(Table(caption="Pairs", columns=_COLUMNS, rows=tuple(map(_pair, records(pairs))),
                      empty="No host."),),
        remark=f"The instrument takes 30 % of what the ladder of {beside} put to work. Chosen on the first half "
        "of the sessions on which that ladder was held, judged on the second half alone: an empty ladder proves "
        "nothing. Stress: the host lost 2 % or more. Holding the pair is taken to cost nothing, which flatters it.",
    )  # fmt: skip


def _lead(pairs: pd.DataFrame) -> str:
    status = pairs["pair_status"].astype("str")
    kept, judged = int((status == "KEPT").sum()), int(status.isin(["KEPT", "REJECTED"]).sum())
    luck = f"; about {NOISE_KEPT_FRAC * judged:.1f} would be by luck alone" if judged else ""
    return f"{several(len(pairs), 'host')}: {tally(status)}. Kept {kept} of {judged} judged{luck}."


def _pair(row: Any) -> Row:
    status, symbol = str(row.pair_status), text(row.pair_symbol)
    held = symbol if symbol == DASH else f"{'short ' if row.pair_direction < 0 else ''}{symbol}"
    return Row(cells=(
        Cell(str(row.host)), Cell(held), Cell(count(row.pair_candidates_count)), Cell(count(row.pair_nobs_count)),
        Cell(count(row.pair_choice_stress_count)), Cell(count(row.pair_stress_count)),
        Cell(number(row.pair_corr_stress)), Cell(percent(row.pair_choice_es)), Cell(percent(row.pair_incremental_es)),
        Cell(number(row.pair_p_value, 3)), Cell(status, tone=_TONES.get(status, "mute")), Cell(str(row.pair_reason)),
    ))  # fmt: skip
