"""The quality page: the gate's verdict, every rule in words with its last nights, and what was refused, by example.

Enter through `quality_page`. Rules are told by `expectations`, which this package does not know: their words are handed
in. How the page looks is `tasks.render`.
"""

from collections.abc import Mapping
from typing import Any, NamedTuple

import pandas as pd

from alvh_core.columns import SEVERITIES
from alvh_core.reporting.data_quality import SEVERITY_TAKES, missing_table, quality_view
from alvh_core.reporting.headline import identity
from alvh_core.reporting.model import (
    Cell,
    Column,
    Fact,
    QualityPage,
    RejectGroup,
    Row,
    RuleRow,
    SuiteView,
    Table,
    Trend,
)
from alvh_core.reporting.texts import DASH, count, day, percent, records, several, text
from alvh_core.schemas import META_PAYLOADS, META_QUARANTINE, META_VALIDATIONS

TREND_NIGHTS = 20
EXAMPLES = 5
HASH_DIGITS = 12
_RULE = ["dataset", "check_name", "check_column"]


class RuleWords(NamedTuple):
    """A rule as a reader would say it, its reason, and whether it only follows from what a column is declared to be."""

    text: str
    why: str
    is_declared: bool = False


Words = Mapping[tuple[str, str, str], RuleWords]


def quality_page(tables: Mapping[str, pd.DataFrame], history: pd.DataFrame, words: Words, *, priced_count: int = 0,
                 ledger: Mapping[str, object] | None = None) -> QualityPage:  # fmt: skip
    """Say everything the quality page says.

    Parameters
    ----------
    tables : mapping of str to DataFrame
        Every table of `alvh_core.schemas.NIGHT_TABLES`, by name, as published. Any may be empty.
    history : DataFrame
        `META_VALIDATIONS` of the last `TREND_NIGHTS` nights, this one among them.
    words : mapping
        By dataset, check_name and check_column. A rule without is shown by its columns.
    priced_count : int
        Rows of `PRICED_QUOTES`.
    ledger : mapping, optional
        Row of `META_NIGHTS`.

    Returns
    -------
    QualityPage
    """
    known = {name: value for name, value in (ledger or {}).items() if not pd.isna(value)}  # type: ignore[call-overload]
    found, mode = identity(tables, known)
    quality = quality_view(tables, priced_count, known)
    checks, quarantine = tables[META_VALIDATIONS.name], tables[META_QUARANTINE.name]
    suites = _suites(checks, history, words)
    verdict, tone = _verdict(checks, quarantine)
    return QualityPage(
        trade_date="unknown" if found is None else day(found),
        weekday="" if found is None else found.strftime("%A"), source_mode=mode, verdict=verdict, tone=tone,
        balance=quality.balance, is_balanced=quality.is_balanced,
        facts=_facts(tables, suites, known), overview=_overview(checks), rejects=_rejects(quarantine),
        groups=_groups(quarantine, words), suites=suites, missing=missing_table(tables), clocks=quality.clocks,
        provenance=_provenance(known),
    )  # fmt: skip


def _verdict(checks: pd.DataFrame, quarantine: pd.DataFrame) -> tuple[str, str]:
    """Say in a sentence how the gate let the night through; one it stopped has no page."""
    if checks.empty:
        return "No rule was evaluated: nothing is known about this night's data.", "bad"
    broken = int((~checks["is_success"]).sum())
    if not broken and quarantine.empty:
        return f"Passed: all {several(len(checks), 'rule')} held.", "good"
    taken = quarantine["severity"].astype("str").value_counts()
    nouns = {"row": ("row", "rows"), "expiry": ("whole expiry", "whole expiries"),
             "underlying": ("whole chain", "whole chains")}  # fmt: skip
    parts = [several(int(taken[name]), *noun) for name, noun in nouns.items() if name in taken]
    out = f"; taken out: {', '.join(parts)}" if parts else ""
    return (f"Passed with {several(broken, 'broken rule')} of {len(checks):,}{out}.",
            "bad" if "underlying" in taken else "warn")  # fmt: skip


def _facts(tables: Mapping[str, pd.DataFrame], suites: tuple[SuiteView, ...],
           ledger: Mapping[str, object]) -> tuple[Fact, ...]:  # fmt: skip
    payloads = tables[META_PAYLOADS.name]
    landed = int(payloads["payload_outcome"].eq("LANDED").sum())
    held = sum(not suite.is_broken for suite in suites)
    rules = [rule for suite in suites for rule in (*suite.rules, *suite.declared)]
    kept = sum(not rule.is_broken for rule in rules)
    rows_in, published, rejected = (ledger.get(f"rows_{name}_count") for name in ("in", "published", "quarantined"))
    share = float(str(rejected)) / float(str(rows_in)) if rejected is not None and rows_in else None
    return (
        Fact(label="Contracts in", value=count(rows_in), note="decoded from the payloads"),
        Fact(label="Published", value=count(published), note="passed every rule"),
        Fact(label="Quarantined", value=count(rejected), note=f"{percent(share)} of the contracts",
             tone="warn" if rejected else ""),
        Fact(label="Suites that held", value=f"{held:,} of {len(suites):,}", note=f"{kept:,} of {len(rules):,} rules",
             tone="good" if held == len(suites) else "warn"),
        Fact(label="Sources landed", value=f"{landed:,} of {len(payloads):,}",
             note=f"{several(len(payloads) - landed, 'payload')} missing" if landed < len(payloads) else "none missing",
             tone="warn" if landed < len(payloads) else "good"),
    )  # fmt: skip


def _overview(checks: pd.DataFrame) -> Table:
    columns = (Column.words("Dataset"), Column("Rules"), Column("Broken"), Column("Rows looked at"),
               Column("Rows at fault", "A row that breaks two rules counts twice"),
               Column.words("Gravest broken rule takes out"))  # fmt: skip
    body = []
    for dataset, part in checks.groupby(checks["dataset"].astype("str"), sort=True):
        broken = part[~part["is_success"]]
        worst = max(broken["severity"].astype("str"), key=SEVERITIES.index, default=None)
        body.append(Row(cells=(
            Cell(str(dataset)), Cell(count(len(part))), Cell(count(len(broken)), tone="bad" if len(broken) else "good"),
            Cell(count(part["evaluated_count"].max())), Cell(count(part["unexpected_count"].sum())),
            Cell(SEVERITY_TAKES.get(worst, "") if worst else "nothing", tone="" if worst else "mute"),
        )))  # fmt: skip
    return Table(caption="Suites", columns=columns, rows=tuple(body), empty="No suite was run.")


def _suites(checks: pd.DataFrame, history: pd.DataFrame, words: Words) -> tuple[SuiteView, ...]:
    trends = _trends(history)
    views = []
    for name, part in checks.groupby(checks["dataset"].astype("str"), sort=True):
        dataset = str(name)
        rules = tuple(_rule(row, words, trends) for row in records(part))
        declared = tuple(rule for rule in rules if rule.is_declared and not rule.is_broken)
        told_first = sorted(set(rules) - set(declared), key=lambda rule: (not rule.is_broken, rule.code, rule.text))
        broken = sum(rule.is_broken for rule in rules)
        told = f"{broken:,} of {several(len(rules), 'rule')} broken" if broken else f"all {len(rules):,} rules held"
        views.append(SuiteView(dataset=dataset, anchor=f"suite-{dataset}", summary=told, rules=tuple(told_first),
                               declared=declared, tone="warn" if broken else "good"))  # fmt: skip
    return tuple(sorted(views, key=lambda view: not view.is_broken))


def _rule(row: Any, words: Words, trends: Mapping[tuple[str, str, str], Trend]) -> RuleRow:
    key = (str(row.dataset), str(row.check_name), str(row.check_column))
    known = words.get(key, RuleWords(text=row.check_column, why=""))
    severity = str(row.severity)
    return RuleRow(
        code=row.check_name, text=known.text, why=known.why, takes=SEVERITY_TAKES.get(severity, severity),
        looked=count(row.evaluated_count), faults=count(row.unexpected_count), is_broken=not row.is_success,
        is_declared=known.is_declared, trend=trends.get(key, Trend(shares=(), dates=(), words=DASH)),
    )  # fmt: skip


def _trends(history: pd.DataFrame) -> dict[tuple[str, str, str], Trend]:
    """Return the share of rows at fault of every rule, night by night."""
    if history.empty:
        return {}
    shares = history["unexpected_count"] / history["evaluated_count"].clip(lower=1)
    shares = shares.where(history["is_success"] | (shares > 0.0), 1.0)  # a count of rows that failed has no rows
    by_rule = history.astype(dict.fromkeys(_RULE, "str")).assign(share=shares)
    wide = by_rule.pivot_table(index=_RULE, columns="trade_date", values="share", aggfunc="first")
    dates = tuple(day(value) for value in wide.columns)
    return {
        key: _trend(tuple(None if pd.isna(share) else float(share) for share in row), dates)
        for key, row in zip(wide.index, wide.to_numpy().tolist(), strict=True)
    }


def _trend(shares: tuple[float | None, ...], dates: tuple[str, ...]) -> Trend:
    known = [share for share in shares if share is not None]
    broken = sum(share > 0.0 for share in known)
    nights = several(len(known), "night")
    told = f"at fault in {broken} of {nights}, at most {percent(max(known), 3)}" if broken else f"held for {nights}"
    return Trend(shares=shares, dates=dates, words=told)


def _rejects(quarantine: pd.DataFrame) -> Table:
    columns = (Column.words("Rule"), Column.words("Dataset"), Column.words("Takes out"), Column("Entries"),
               Column("Rows"), Column.words("Symbols"))  # fmt: skip
    body = tuple(
        Row(cells=(Cell(key[2]), Cell(key[0]), Cell(SEVERITY_TAKES.get(key[1], key[1])), Cell(count(len(part))),
                   Cell(count(part["rows_count"].sum())), Cell(_symbols(part))))
        for key, part in _by_rule(quarantine)
    )  # fmt: skip
    return Table(caption="Quarantine by rule", columns=columns, rows=body, empty="Nothing was quarantined.")


def _by_rule(quarantine: pd.DataFrame) -> list[tuple[tuple[str, str, str], pd.DataFrame]]:
    """Return the entries of every dataset, severity and rule, most rows first."""
    code = quarantine["reason"].astype("str").str.split(":").str[0]
    named = quarantine.assign(rule_name=quarantine["rule_name"].fillna(code))
    names = ["dataset", "severity", "rule_name"]
    groups = list(named.astype(dict.fromkeys(names, "str")).groupby(names))
    keyed = [((str(key[0]), str(key[1]), str(key[2])), part) for key, part in groups]
    return sorted(keyed, key=lambda item: (-int(item[1]["rows_count"].sum()), item[0]))


def _symbols(part: pd.DataFrame) -> str:
    counts = part.groupby(part["symbol"].astype("str"))["rows_count"].sum().sort_values(ascending=False, kind="stable")
    names = [f"{symbol} {rows:,}" for symbol, rows in counts.head(4).items()]
    more = f", {len(counts) - 4} more" if len(counts) > 4 else ""
    return f"{', '.join(names)}{more}" or DASH


def _groups(quarantine: pd.DataFrame, words: Words) -> tuple[RejectGroup, ...]:
    why = {(dataset, name): rule.why for (dataset, name, _), rule in words.items() if rule.why}
    return tuple(
        RejectGroup(
            code=key[2], title=f"{key[2]} takes out {SEVERITY_TAKES.get(key[1], key[1])}: "
            f"{several(int(part['rows_count'].sum()), 'row')} of {key[0]}",
            why=why.get((key[0], key[2]), ""), examples=_examples(part),
        )
        for key, part in _by_rule(quarantine)
    )  # fmt: skip


def _examples(part: pd.DataFrame) -> Table:
    columns = (Column.words("Key"), Column.words("Observed"), Column.words("Reason"), Column("Rows"),
               Column.words("Payload", "First digits of its hash; meta_payloads has the address"))  # fmt: skip
    body = tuple(
        Row(cells=(Cell(str(r.row_key)), Cell(text(r.observed)), Cell(str(r.reason)), Cell(count(r.rows_count)),
                   Cell(str(r.payload_sha256)[:HASH_DIGITS])))
        for r in records(part.sort_values(["rows_count", "row_key"], ascending=[False, True]).head(EXAMPLES))
    )  # fmt: skip
    caption = f"{min(EXAMPLES, len(part))} of {several(len(part), 'entry', 'entries')}"
    return Table(caption=caption, columns=columns, rows=body)


def _provenance(ledger: Mapping[str, object]) -> tuple[tuple[str, str], ...]:
    labels = {"rules_hash": "Rules", "code_version": "Code version", "source": "Source", "run_id": "Run"}
    return tuple((label, str(ledger[name])) for name, label in labels.items() if name in ledger)
