"""`alvh quarantine`: what a night refused, by rule and then one by one, and what to do about it."""

import shlex
from difflib import get_close_matches
from typing import TYPE_CHECKING, Annotated, Any

import typer

from alvh_core.columns import SEVERITIES, SOURCE_MODES
from alvh_core.errors import ContractError
from flows.meant import MODE_HELP, session_meant, tell_other_modes
from flows.output import as_text, check_format, write_frame
from flows.start import parse_date, prepare

if TYPE_CHECKING:
    from tasks.settings import Settings
    from tasks.warehouse.rejects import Rejects

SHOWN = ["row_key", "severity", "rule_name", "rows_count", "observed", "payload_sha256"]
HASH_DIGITS = 12


def quarantine(
    day: Annotated[str | None, typer.Option("--date", help="Session; default: the night published last.")] = None,
    symbol: Annotated[str | None, typer.Option(help="Only this symbol's.")] = None,
    rule: Annotated[str | None, typer.Option(help="Only what broke this rule, e.g. CROSSED.")] = None,
    severity: Annotated[str | None, typer.Option(help="row, expiry, underlying or night.")] = None,
    mode: Annotated[str | None, typer.Option(help=MODE_HELP)] = None,
    limit: Annotated[int, typer.Option(min=1, help="Entries to list.")] = 20,
    output: Annotated[str, typer.Option("--format", help="table; or csv, json, parquet: entries only.")] = "table",
) -> None:
    """List what validation refused: by rule, then entry by entry with what the rule saw."""
    settings = prepare()
    check_format(output)
    for option, value, known in (("--severity", severity, SEVERITIES), ("--mode", mode, SOURCE_MODES)):
        if value not in {None, *known}:
            raise ContractError(f"{option}: expected {', '.join(known)}, found {value!r}")
    from tasks.warehouse.rejects import Wanted, rejects_of  # noqa: PLC0415 - pandas, SQLAlchemy

    rule = rule.upper() if rule else None

    wanted = Wanted(trade_date=parse_date(day) if day else None, source_mode=mode, symbol=symbol, rule=rule,
                    severity=severity)  # fmt: skip
    with session_meant(settings, wanted.trade_date):
        found = rejects_of(settings.query_url, wanted, limit)
    tell_other_modes(settings, wanted.trade_date, mode, found.source_mode)
    if found.entries.empty:  # what a night once refused has a name, whatever rules and universe are now
        _check_names(settings, symbol, rule)
    if output != "table":
        write_frame(found.entries, output)
        return
    typer.echo(f"{found.trade_date} · {found.source_mode.upper()}")
    typer.echo(_listing(found) if len(found.entries) else "nothing of this kind was quarantined")


def _check_names(settings: "Settings", symbol: str | None, rule: str | None) -> None:
    """Refuse a rule or symbol that nobody has: to a mistyped one, "nothing" would read as good news."""
    from expectations.handbook import rule_words  # noqa: PLC0415 - seconds of imports
    from flows.wiring import read_universe  # noqa: PLC0415

    universe, assets = read_universe(settings)
    for option, value, known, where in (
        ("--rule", rule, {name for _, name, _ in rule_words()}, "a rule of docs/rules.md"),
        ("--symbol", symbol, set(assets), f"a symbol of the universe {universe}"),
    ):
        if value not in {None, *known}:
            near = ", ".join(get_close_matches(str(value).upper(), sorted(known))) or "none like it"
            raise ContractError(f"{option}: expected {where}, found {value!r}; near it: {near}")


def _listing(found: "Rejects") -> str:
    """Return summary, entries and next steps."""
    entries, every = _short(found.entries), int(found.summary["entries"].sum())
    left = f" of {every}; more: --limit {every}" if len(entries) < every else ""
    night = f"trade_date = '{found.trade_date}' and source_mode = '{found.source_mode}'"
    source = f" --source {shlex.quote(found.source)}" if found.source else ""
    return "\n".join([
        as_text(found.summary), "", as_text(entries) + left, "",
        f'whole rows:      alvh query "select row_key, reason, row_json from meta_quarantine where {night}"',  # noqa: S608 - to be read
        f'suspended ones:  alvh query --lake "select * from core_options__daily_quarantined where {night}"',  # noqa: S608
        f"a rule changed:  alvh nightly --date {found.trade_date}{source} --force   # from what has landed",
    ])  # fmt: skip


def _short(entries: Any) -> Any:
    shown = entries[SHOWN]
    return shown.assign(payload_sha256=shown["payload_sha256"].str[:HASH_DIGITS])
