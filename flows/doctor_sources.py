"""The doctor's word on every source: switched off, without its key, silent, refused, stale or fresh, and what to do.

What was asked and answered is `tasks.sources.probe`'s. A source that fails is a remark; a live night without anybody to
ask for chains, the trigger's index or the curve is a fault.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta

from flows.sources import check_publishers, host_keys
from flows.wiring import read_universe, trading_calendar
from tasks.settings import Settings
from tasks.sources.catalogue import SOURCES
from tasks.sources.client import HttpClient
from tasks.sources.probe import (
    BUSY,
    LATE,
    LIMIT_SECONDS,
    NOTHING,
    REFUSED,
    SILENT,
    STALE,
    UNREADABLE,
    WORKING,
    Probe,
    probe_all,
    stand_ins,
)
from tasks.sources.source import CHAIN, CURVE, INDEX, Source
from tasks.sources.transport import live_transport, session_with

NEEDED = (CHAIN, INDEX, CURVE)  # without one of them a live night has no answers
_NOBODY = frozenset({SILENT, LATE})
_ADVICE = {
    SILENT: "is the network up, and the publisher's address right? ALVH_BASE_URLS replaces it",
    LATE: "slow, or a firewall that answers nothing; ALVH_BASE_URLS replaces the address",
    STALE: "the publisher is late, or shows an older session: ask again later",
    BUSY: "it asked to come back later: lower ALVH_REQUESTS_PER_SECOND",
    UNREADABLE: "a page for people, or another format: see the address in a browser; ALVH_BASE_URLS replaces it",
}


@dataclass(frozen=True, kw_only=True)
class Finding:
    """One check: whether it is fine, what was found, what to do. An optional one does not fail the doctor."""

    check: str
    is_ok: bool
    found: str
    advice: str = ""
    is_optional: bool = False


def examine_sources(settings: Settings, now: datetime, *, is_offline: bool = False,
                    limit_seconds: float = LIMIT_SECONDS) -> Iterator[Finding]:  # fmt: skip
    """Ask every source that the settings allow, and say what to do about each that fails.

    Parameters
    ----------
    settings : Settings
    now : datetime
        Tells which session's numbers are expected.
    is_offline : bool
        Ask nobody; say who would be asked.
    limit_seconds : float
        For all of them together.

    Yields
    ------
    Finding
        One per source, in the order of trust; one for all where nobody answers.
    """
    check_publishers(settings)
    yield _contact(settings)
    asked = [source for source in SOURCES.values() if _barrier(source, settings) is None]
    found = {} if is_offline else _answers(asked, settings, now, limit_seconds)
    is_cut_off = bool(found) and all(probe.outcome in _NOBODY for probe in found.values())
    if is_cut_off:
        yield _cut_off(found, is_needed=settings.source == "live")
    for source in SOURCES.values():
        if not (is_cut_off and source.name in found):
            yield _finding(source, settings, found.get(source.name))
    if settings.source == "live" and not is_cut_off:
        yield from _missing(found)


def _contact(settings: Settings) -> Finding:
    if "@" in settings.user_agent:
        return Finding(check="contact", is_ok=True, found=settings.user_agent)
    return Finding(check="contact", is_ok=False, is_optional=True, found="ALVH_USER_AGENT names nobody to write to",
                   advice="set it, such as 'desk name desk@example.com': the SEC answers 403 without")  # fmt: skip


def _answers(asked: list[Source], settings: Settings, now: datetime, limit_seconds: float) -> dict[str, Probe]:
    calendar, universe = trading_calendar(settings.calendar_file), read_universe(settings)[1]
    session = calendar.last_closed(now)
    before = calendar.between(session - timedelta(days=14), session).astype(object)[-2]
    keys = host_keys(settings)

    def client() -> HttpClient:
        return HttpClient(session_with(live_transport()), "live", user_agent=settings.user_agent, keys=keys,
                          per_second=settings.requests_per_second)  # fmt: skip

    return probe_all(asked, universe, settings.base_urls, session=session, before=before, make_client=client,
                     limit_seconds=limit_seconds)  # fmt: skip


def _barrier(source: Source, settings: Settings) -> tuple[str, str] | None:
    """Return why a source is not asked at all, and what to do."""
    if source.publisher in settings.sources_off:
        return "switched off by ALVH_SOURCES_OFF", f"take {source.publisher} out of it to ask again"
    if source.key and settings.key_of(source.key.variable) is None:
        return f"not asked: {source.key.variable} is not set", f"set {source.key.variable} to the publisher's key"
    return None


def _finding(source: Source, settings: Settings, probe: Probe | None) -> Finding:
    barrier = _barrier(source, settings)
    if barrier is not None:
        told, advice = barrier
        return _remark(source, settings, told, advice)
    key = f"{source.key.variable} is set" if source.key else "no key needed"
    if probe is None:
        return Finding(check=source.name, is_ok=True, found=f"{source.dataset}: not asked (--offline), {key}")
    if probe.outcome in WORKING or probe.outcome == NOTHING:
        allowed = f", {key}" if probe.outcome in WORKING else ""
        return Finding(check=source.name, is_ok=True,
                       found=f"{source.dataset}: {probe.outcome}, {probe.told}{allowed}")  # fmt: skip
    advice = _refused(source) if probe.outcome == REFUSED else _ADVICE[probe.outcome]
    return _remark(source, settings, f"{probe.outcome}: {probe.told}", advice)


def _refused(source: Source) -> str:
    if source.key:
        return f"the key in {source.key.variable} is wrong, has expired, or does not include this file"
    return "set ALVH_USER_AGENT to a contact such as 'desk name desk@example.com'; a block passes after some minutes"


def _remark(source: Source, settings: Settings, told: str, advice: str) -> Finding:
    others = stand_ins(source, [other for other in SOURCES.values() if _barrier(other, settings) is None])
    instead = f"the night asks {', then '.join(others)}" if others else "nothing stands in for it"
    return Finding(check=source.name, is_ok=False, is_optional=True, found=f"{source.dataset}: {told}",
                   advice=f"{advice}; {instead}")  # fmt: skip


def _cut_off(found: Mapping[str, Probe], *, is_needed: bool) -> Finding:
    first = next(iter(found.values()))
    return Finding(check="sources", is_ok=False, is_optional=not is_needed,
                   found=f"no answer from any of {len(found)} sources asked; {first.told}",
                   advice="check network, proxy and firewall; simulated and recorded:PATH need none")  # fmt: skip


def _missing(found: Mapping[str, Probe]) -> Iterator[Finding]:
    """Find what a live night needs and nobody would give."""
    for dataset in NEEDED if found else ():
        mine = [found.get(source.name) for source in SOURCES.values() if source.dataset == dataset]
        if not any(probe is not None and probe.outcome in WORKING for probe in mine):
            yield Finding(check=dataset, is_ok=False, found="ALVH_SOURCE is live, and no source of it works",
                          advice="a night would be NO_DATA: mend one of its sources above")  # fmt: skip
