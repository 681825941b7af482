"""The whole page from the night's tables: every section's view, put together in reading order."""

from collections.abc import Mapping

import pandas as pd

from alvh_core import frames
from alvh_core.evaluation.rules import EvidenceRule
from alvh_core.params import LadderProfile
from alvh_core.profiles import PROFILES
from alvh_core.reporting.classes import class_table
from alvh_core.reporting.data_quality import missing_table, quality_view
from alvh_core.reporting.foot import foot
from alvh_core.reporting.headline import headline
from alvh_core.reporting.ladders import ladder_rows, verdict_matrix
from alvh_core.reporting.legs import hedge_legs, native_legs
from alvh_core.reporting.markets import class_scores, spread_plot, underlying_scores, volatility_table
from alvh_core.reporting.model import NightView
from alvh_core.reporting.news import news_table
from alvh_core.reporting.pairs import pairs_section
from alvh_core.reporting.paper_book import book_section
from alvh_core.reporting.side_by_side import profiles_section
from alvh_core.reporting.surroundings import context_section, cost_section
from alvh_core.reporting.triggers import trigger_view
from alvh_core.schemas import META_ALERTS
from alvh_core.universe import Asset

PRICED_COLUMNS = ["underlying", "dte_days", "option_right", "delta_fwd", "strike_usd", "forward_usd", "spread_frac",
                  "quote_flag"]  # fmt: skip
_PROFILE, _EVIDENCE = PROFILES["trigger_442"], EvidenceRule()


def night_view(tables: Mapping[str, pd.DataFrame], priced: pd.DataFrame, universe: Mapping[str, Asset], *,
               profile: LadderProfile = _PROFILE, evidence: EvidenceRule = _EVIDENCE,
               ledger: Mapping[str, object] | None = None,
               profiles: Mapping[str, LadderProfile] | None = None,
               news: pd.DataFrame | None = None) -> NightView:  # fmt: skip
    """Say everything the nightly report says.

    Parameters
    ----------
    tables : mapping of str to DataFrame
        Every table of `alvh_core.schemas.NIGHT_TABLES`, by name, as published. Any may be empty.
    priced : DataFrame
        `PRICED_QUOTES`; `PRICED_COLUMNS` are enough.
    universe : mapping of str to Asset
        Order of the hosts and their asset classes.
    profile : LadderProfile
    evidence : EvidenceRule
    ledger : mapping, optional
        Row of `META_NIGHTS`: code_version, rules_hash, run_id, universe and the row counts, where given.
    profiles : mapping of str to LadderProfile, optional
        All that run side by side; by default the one.
    news : DataFrame, optional
        `META_ALERTS` that the night raises; none by default.

    Returns
    -------
    NightView
    """
    rule = profile.spread_rule
    known = {name: value for name, value in (ledger or {}).items() if not pd.isna(value)}  # type: ignore[call-overload]
    profiles = profiles or {profile.name: profile}
    sections = (context_section(tables), profiles_section(tables, profiles), book_section(tables, profiles),
                cost_section(tables, profiles), pairs_section(tables))  # fmt: skip
    tables = frames.narrowed(tables, "profile", profile.name)
    rows = ladder_rows(tables, universe)
    head = headline(tables, rows, universe, profile, rule, evidence, known)
    return NightView(
        headline=head,
        classes=class_table(rows, profile, head.source_mode),
        news=news_table(frames.empty(META_ALERTS) if news is None else news),
        matrix=verdict_matrix(rows, profile),
        hedge_legs=hedge_legs(tables, rows),
        native_legs=native_legs(tables, rows),
        spread_plot=spread_plot(priced, universe, profile, rule),
        class_scores=class_scores(tables),
        underlying_scores=underlying_scores(tables, universe),
        triggers=trigger_view(tables, universe, profile),
        sections=sections,
        volatility=volatility_table(tables, universe),
        quality=quality_view(tables, len(priced), known),
        missing=missing_table(tables),
        foot=foot(tables, profile, rule, evidence, known),
    )
