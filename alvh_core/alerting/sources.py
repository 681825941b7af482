"""What a night lacks: payloads that did not arrive, chains that cannot be used, rows in quarantine.

One pure function per rule. All tell news only: what was missing or unusable the night before is not told again. The
VIX chain is graver than everything else, because without it no variant but the hosts' own puts has an answer.
"""

from collections.abc import Iterator, Mapping
from typing import Any

import pandas as pd

from alvh_core.alerting.findings import Finding, NightEvidence
from alvh_core.alerting.rules import CRITICAL
from alvh_core.crosscheck import DATASET as SAMPLE
from alvh_core.crosscheck import DIFFERS
from alvh_core.drift import is_unusual
from alvh_core.ladders import HEDGE_INDEX
from alvh_core.landing import missing_chains
from alvh_core.schemas import CROSS_CHECK, DRIFT, FORWARDS, LADDER_SIGNALS, META_PAYLOADS, META_QUARANTINE, SNAPSHOTS

VX_GAP_LIMIT_VOL_POINTS = 0.5  # quotes of a tick or two, 15 minutes apart, agree within 0.1
_VIX_CHAIN = f"option_chain {HEDGE_INDEX}"
_Tables = Mapping[str, pd.DataFrame]


def missing_sources(night: NightEvidence) -> Iterator[Finding]:
    """Find payloads that are missing tonight and were not the night before; one alert per kind of payload."""
    lost, before = _missing(night.tonight), _missing(night.before)
    news = lost[~lost["payload"].isin(before["payload"])]
    for subject, part in news.groupby(news["dataset"].where(news["payload"] != _VIX_CHAIN, _VIX_CHAIN)):
        names, kind = ", ".join(part["symbol"]), str(part["dataset"].iloc[0]).replace("_", " ")
        more = f"; {len(part) - 1} more, reasons in meta_payloads" if len(part) > 1 else ""
        grave = subject == _VIX_CHAIN
        yield Finding(
            subject=str(subject), turned_to=names, severity=CRITICAL if grave else None,
            headline=f"{kind} missing: {names}" + (", no answer but for the hosts' own puts" if grave else ""),
            expected=f"{kind} of {names}", found=f"{part['reason'].iloc[0]}{more}",
            to_do=f"the night is published without; `alvh nightly --date {night.trade_date} --force` asks again for"
                  " what is missing, while the source still has it",
        )  # fmt: skip


def differing_feeds(night: NightEvidence) -> Iterator[Finding]:
    """Find chains whose spreads differ from a second feed's by more than a quarter, which they did not before."""
    known = {(row.symbol, row.spread_ratio > 1.0) for row in _differing(night.before)}
    for row in _differing(night.tonight):
        is_wider = row.spread_ratio > 1.0
        if (row.symbol, is_wider) not in known:
            told = f"{row.default_spread_frac:.2%} of the premium, the second feed {row.second_spread_frac:.2%}"
            yield Finding(
                subject=f"spreads of {row.symbol}", turned_to="WIDER" if is_wider else "NARROWER",
                headline=f"{row.symbol} is {'wider' if is_wider else 'narrower'} than in the second feed",
                expected="medians of the same contracts within a quarter of each other",
                found=f"{told}, {row.compared_count} contracts; {row.check_note}",
                to_do="the 8 % rule is read off the first feed: do not trust tonight's reading of this chain before"
                      " the cause is known; docs/sources.md has the query",
            )  # fmt: skip


def _differing(tables: _Tables) -> list[Any]:
    checks = tables[CROSS_CHECK.name].astype({"symbol": "str"})
    rows: list[Any] = list(checks[checks["cross_check"] == DIFFERS].sort_values("symbol").itertuples(index=False))
    return rows


def degraded(night: NightEvidence) -> Iterator[Finding]:
    """Find chains that arrived and cannot be used, and a quarantine that is larger than usual."""
    yield from _quarantined(night)
    checks = (
        ("suspended chains", _suspended, "chains that validation lets through", "were suspended",
         "see severity 'underlying' in meta_quarantine: is it the feed or the market?"),
        ("chains without a reading", _unread, "a forward and volatilities for every chain that arrived",
         "arrived and gave no legs", "see forward_status in core_options__daily_forwards and the Treasury curve"),
        ("chains quoted after hours", _late, "quotes of the session or its close", "were quoted after hours",
         "tonight's spreads of these chains are not tradeable; run the night earlier, or see why the feed was late"),
        ("chains unlike their last nights", _drifted, "chains within their usual bounds, at prices of their own",
         "are not", "see core_quality__daily_drift: a crisis, a listing, or a feed that has changed or stands still?"),
        ("forwards off the VX futures", _off_the_futures,
         f"VIX forwards within {VX_GAP_LIMIT_VOL_POINTS:g} points of the settlement of the same expiry", "are further",
         "see vx_gap_vol_points in core_options__daily_forwards: stale quotes, a late settlement, or another expiry"),
    )  # fmt: skip
    for subject, find, expected, found, to_do in checks:
        symbols = sorted(find(night.tonight) - find(night.before))
        if symbols:
            names = ", ".join(symbols)
            grave = HEDGE_INDEX in symbols and find is not _late
            yield Finding(
                subject=subject, turned_to=names, headline=f"{subject}: {names}", expected=expected,
                found=f"{names} {found}", to_do=to_do, severity=CRITICAL if grave else None,
            )  # fmt: skip


def _drifted(tables: _Tables) -> set[str]:
    rows = tables[DRIFT.name]
    return set(rows.loc[is_unusual(rows), "underlying"].astype("str"))


def _quarantined(night: NightEvidence) -> Iterator[Finding]:
    rows, rejected = (night.counts.get(f"rows_{name}_count") or 0 for name in ("in", "quarantined"))
    share, limit = rejected / max(rows, 1), night.limits.quarantined_frac
    if share > limit:
        yield Finding(
            subject="quarantine", turned_to="ABOVE_LIMIT", headline=f"{share:.1%} of the rows are in quarantine",
            expected=f"at most {limit:.0%} of the rows rejected", found=f"{rejected} of {rows} rows, {share:.1%}",
            to_do="one cause or many? docs/runbook.md, data_degraded, has the query for the reasons in meta_quarantine",
        )  # fmt: skip


def _off_the_futures(tables: _Tables) -> set[str]:
    forwards = tables[FORWARDS.name]
    is_far = forwards["vx_gap_vol_points"].abs() > VX_GAP_LIMIT_VOL_POINTS
    return {f"{root} {day:%Y-%m-%d}" for root, day in forwards.loc[is_far, ["root", "expiry_date"]].to_numpy().tolist()}


def _missing(tables: _Tables) -> pd.DataFrame:
    """Return what did not arrive, with dataset and symbol in one column too."""
    payloads = tables[META_PAYLOADS.name].astype({"dataset": "str", "symbol": "str"})
    is_lost, is_curve = payloads["payload_outcome"] == "MISSING", payloads["dataset"] == "treasury_curve"
    # beside a curve of the night an older year only makes a history longer; in early January the curve stands in it
    has_curve = tables[FORWARDS.name]["discount"].notna().any()
    newest = max(payloads.loc[is_curve & ~is_lost, "symbol"], default="") if has_curve else ""
    lost = payloads[is_lost & ~(is_curve & (payloads["symbol"] < newest))]
    names = lost["symbol"].where(lost["dataset"] != SAMPLE, "")  # another sample every night is no news
    return lost.assign(payload=lost["dataset"] + " " + names).sort_values(["payload", "symbol"])


def _suspended(tables: _Tables) -> set[str]:
    quarantine = tables[META_QUARANTINE.name]
    return set(quarantine.loc[quarantine["severity"] == "underlying", "row_key"].astype("str"))


def _unread(tables: _Tables) -> set[str]:
    signals = tables[LADDER_SIGNALS.name]
    silent = signals.loc[signals["filter_state"] == "NO_DATA", "hedge_symbol"].astype("str")
    return set(silent) - set(missing_chains(tables[META_PAYLOADS.name], tables[META_QUARANTINE.name]))


def _late(tables: _Tables) -> set[str]:
    snapshots, signals = tables[SNAPSHOTS.name], tables[LADDER_SIGNALS.name]
    late = snapshots.loc[snapshots["quote_clock"] == "after_hours", "underlying"].astype("str")
    return set(late) & set(signals["hedge_symbol"].astype("str"))
