"""The pairs of the night as rows: earlier nights side by side, and what `alvh_core.costs.pairing` finds in them.

Only nights before tonight count: their closes no longer change. Nothing is read here.
"""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from alvh_core import frames
from alvh_core.basis.closes import Closes
from alvh_core.costs.carry import EFFECTIVE_FILL
from alvh_core.costs.pairing import MAX_P_VALUE, MIN_STRESS, WEIGHT_FRAC, Array, Sessions, Verdicts, try_pairs
from alvh_core.costs.structure import Tables, laid_out
from alvh_core.declared_pairs import PairCandidate
from alvh_core.ladders import REFERENCE_VARIANTS
from alvh_core.registry.costs import PAIRS
from alvh_core.universe import Asset, hosts

_BOOKED = ("pnl_mid_usd", "crossing_usd", "fees_usd", "sum_premium_usd", "book_mark_usd", "units_open")


def night_pairs(earlier: pd.DataFrame, closes: Closes, universe: Mapping[str, Asset], profile: str,
                trade_date: pd.Timestamp, source_mode: str) -> pd.DataFrame:  # fmt: skip
    """Return `PAIRS` of the night.

    Parameters
    ----------
    earlier : DataFrame
        `alvh_core.costs.structure.BOOKED` of one profile over the nights before tonight.
    closes : Closes
        Of hosts and candidates.
    universe : mapping of str to Asset
    profile : str
        Whose ladders the candidates are tried beside.
    trade_date : Timestamp
    source_mode : str

    Returns
    -------
    DataFrame
        One row per host of the universe. A return is from one earlier night to the next.
    """
    desk = hosts(universe)
    names = [asset.symbol for asset in desk]
    mine = [(at, pair) for at, asset in enumerate(desk) for pair in asset.pairs if pair.symbol in universe]
    owners, pairs = [at for at, _ in mine], [pair for _, pair in mine]
    nights, booked = _laid_out(earlier, names)
    sessions = Sessions(
        dates=nights[1:], host_returns=_returns(closes, nights, names),
        pnl_usd=(booked["pnl_mid_usd"] - EFFECTIVE_FILL * booked["crossing_usd"] - booked["fees_usd"])[1:],
        is_held=booked["units_open"][:-1] > 0,
    )  # fmt: skip
    budgets = _budgets(booked["sum_premium_usd"], booked["book_mark_usd"], sessions.in_first_half)
    directions = np.array([pair.direction for pair in pairs], dtype=np.float64)
    found = try_pairs(sessions, budgets, directions * _returns(closes, nights, [p.symbol for p in pairs]), owners)
    nobs = sessions.known.sum(axis=0)
    rows = [_row(name, pairs, owners.count(at), int(nobs[at]), float(budgets[at]), found, at)
            for at, name in enumerate(names)]  # fmt: skip
    night: dict[str, Any] = {"trade_date": trade_date, "source_mode": source_mode, "profile": profile}
    frame = pd.DataFrame(rows, columns=[name for name in PAIRS.names if name not in night])
    return frames.conform(frame.assign(**night), PAIRS)


def _laid_out(earlier: pd.DataFrame, names: Sequence[str]) -> tuple[NDArray[np.datetime64], Tables]:
    """Return the nights, and what is booked of each host's reference ladder, nights by hosts."""
    rows = earlier[earlier["variant"].isin(REFERENCE_VARIANTS)]
    column = pd.Categorical(rows["host"], categories=list(names)).codes
    rows, column = rows[column >= 0], column[column >= 0]  # a host may have left the universe since
    days, booked = laid_out(rows, _BOOKED, column, len(names))
    return pd.to_datetime(pd.Series(days)).to_numpy().astype("datetime64[D]"), booked


def _returns(closes: Closes, nights: NDArray[np.datetime64], symbols: Sequence[str]) -> Array:
    """Return simple returns from night to night, of shape (n_nights - 1, n_symbols)."""
    values = closes.on(nights, symbols)
    return np.asarray(values[1:] / values[:-1] - 1.0)


def _budgets(premium: Array, marks: Array, early: NDArray[np.bool_]) -> Array:
    """Return what each ladder put to work in its first half: what it held before at its mark, and what it bought then.

    Parameters
    ----------
    premium, marks : ndarray of shape (n_nights, n_hosts)
        Premium since the first night, and value at mid. [USD] A ladder without a row had bought and held nothing; one
        with a leg that nobody quoted on the first night has no budget, NaN.
    early : ndarray of bool of shape (n_nights - 1, n_hosts)
        What follows a night of the first half, held or not: the first purchase is made while nothing is held.
    """
    counted = pd.DataFrame(premium).ffill().fillna(0.0).to_numpy()  # a night without a row bought nothing
    bought = np.diff(counted, axis=0)
    if not len(bought):
        return np.zeros(premium.shape[1])
    held = np.where(np.isnan(premium[0]), 0.0, marks[0])
    return np.asarray(held + np.where(early, bought, 0.0).sum(axis=0))


def _row(host: str, pairs: Sequence[PairCandidate], candidates: int, nobs: int, budget_usd: float, found: Verdicts,
         at: int) -> dict[str, object]:  # fmt: skip
    chosen = pairs[found.chosen[at]] if found.chosen[at] >= 0 else None
    status, reason = _told(candidates, nobs, budget_usd, found, at)
    return {
        "host": host, "pair_symbol": chosen.symbol if chosen else None,
        "pair_direction": chosen.direction if chosen else None, "pair_candidates_count": candidates,
        "pair_nobs_count": nobs, "pair_choice_stress_count": found.choice_stress[at],
        "pair_stress_count": found.late_stress[at], "pair_weight_frac": WEIGHT_FRAC,
        "pair_corr_stress": found.corr_stress[at], "pair_choice_es": found.choice_es[at],
        "pair_incremental_es": found.incremental_es[at], "pair_p_value": found.p_value[at],
        "pair_status": status, "pair_reason": reason,
    }  # fmt: skip


def _lack(nobs: int, budget_usd: float, found: Verdicts, at: int) -> str:
    """Return what is lacking besides sessions of stress; without a session there are no halves to have bought in."""
    if nobs == 0:
        return "no session has both a held ladder and a known return; "
    if np.isnan(budget_usd):
        return "what the ladder held on the first night has no price; "
    if budget_usd <= 0.0:
        return "the ladder bought nothing in the first half; "
    has_stress = min(found.choice_stress[at], found.late_stress[at]) >= MIN_STRESS
    return "no candidate has bars on enough of them; " if has_stress else ""


def _told(candidates: int, nobs: int, budget_usd: float, found: Verdicts, at: int) -> tuple[str, str]:
    """Return the status and the reason for it."""
    if not candidates:
        return "NO_CANDIDATE", "no declared candidate is in the universe"
    if found.is_identical[at]:
        return "IDENTICAL", "every candidate moves as the host itself: to sell it is to hold less of the host"
    saved, p_value = found.incremental_es[at], found.p_value[at]
    if np.isnan(saved):
        counts = (f"{found.choice_stress[at]} and {found.late_stress[at]} stress sessions in the halves of the {nobs} "
                  f"on which the ladder was held, {MIN_STRESS} needed in each")  # fmt: skip
        return "INSUFFICIENT", f"{_lack(nobs, budget_usd, found, at)}{counts}"
    told = f"{saved:+.4f} a session per USD of budget out of sample, p {p_value:.3f}"
    if found.is_kept[at]:
        return "KEPT", told
    return "REJECTED", f"{told}; kept only above 0 with p below {MAX_P_VALUE:.2f}"
