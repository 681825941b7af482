"""Ask sources for one small file each: whether they answer, let us in, and how new their newest number is.

For whoever wants to know before the night does. One publisher after the other's own pace, all publishers side by side,
within one limit of time. What to do about an answer is `flows.doctor_sources`'.
"""

import threading
import time
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any
from urllib.parse import urlsplit

from alvh_core.errors import AlvhError
from alvh_core.fundamentals.trailing import STALE_DAYS
from alvh_core.macro.series import SERIES
from alvh_core.quotes import ChainHeader
from alvh_core.universe import DEFAULT_UNIVERSE, Asset
from tasks.sources.catalogue import SYMBOLS
from tasks.sources.client import HttpClient
from tasks.sources.fetching import ask as fetch_pages
from tasks.sources.source import (
    CHAIN,
    CROSS_CHECK,
    FUNDAMENTALS,
    MACRO_CALENDAR,
    MACRO_SERIES,
    Chain,
    Source,
    Wanted,
)

LIMIT_SECONDS = 20.0
_ANY_DAY = date(2026, 1, 2)  # who has what does not depend on it
LATE_DAYS = 5  # beyond its usual delay, for a weekend and a holiday
FRESH, STALE, READABLE, REFUSED, BUSY, UNREADABLE, SILENT, LATE, NOTHING = (
    "fresh", "stale", "readable", "refused", "busy", "unreadable", "silent", "late", "nothing to ask",
)  # fmt: skip
WORKING = frozenset({FRESH, READABLE})
_REFUSALS, _TOO_MANY = frozenset({401, 403, 407}), 429


@dataclass(frozen=True, kw_only=True)
class Probe:
    """What became of one question.

    Attributes
    ----------
    outcome : str
        One of the constants above; STALE has an older number than the night would want, LATE did not answer in time.
    told : str
        The answer in words.
    """

    outcome: str
    told: str


def probe_all(sources: Collection[Source], universe: Mapping[str, Asset], bases: Mapping[str, str], *, session: date,
              before: date, make_client: Callable[[], HttpClient],
              limit_seconds: float = LIMIT_SECONDS) -> dict[str, Probe]:  # fmt: skip
    """Ask all sources, each for the file of its sample.

    Parameters
    ----------
    sources : collection of Source
    universe : mapping of str to Asset
    bases : mapping of str to str
        Addresses in place of publishers' own.
    session, before : date
        The session whose numbers are expected, and the one before it.
    make_client : callable
        One client a publisher, so that each keeps its own pace.
    limit_seconds : float

    Returns
    -------
    dict of str to Probe
        By name of the source.
    """
    found: dict[str, Probe] = {}

    def ask(mine: Sequence[Source]) -> None:
        client, answers = make_client(), dict[str, Probe]()
        try:
            for source in mine:
                found[source.name] = _probe(client, source, universe, bases, session, before, answers)
        finally:
            client.close()

    publishers = {source.publisher: [s for s in sources if s.publisher == source.publisher] for source in sources}
    # daemons: one that hangs in a name server must not keep the command from ending
    threads = [threading.Thread(target=ask, args=(mine,), daemon=True) for mine in publishers.values()]
    deadline = time.monotonic() + limit_seconds
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(max(deadline - time.monotonic(), 0.0))
    late = Probe(outcome=LATE, told=f"no answer within {limit_seconds:g} s")
    return {source.name: found.get(source.name, late) for source in sources}


def stand_ins(source: Source, others: Collection[Source]) -> list[str]:
    """Return which of other sources have what a source's sample is of, in their order."""
    wanted = Wanted(symbol=source.sample_symbol, asset=DEFAULT_UNIVERSE.get(source.sample_symbol), trade_date=_ANY_DAY)
    mine = [other for other in others if other.dataset == source.dataset and other != source]
    return [other.name for other in mine if other.addresses(wanted, {})]


def _probe(client: HttpClient, source: Source, universe: Mapping[str, Asset], bases: Mapping[str, str], session: date,
           before: date, answers: dict[str, Probe]) -> Probe:  # fmt: skip
    """Ask a source, at one of its publisher's hosts after the other; no address twice."""
    urls, symbol = _question(source, universe, bases, session)
    if not urls:
        return Probe(outcome=NOTHING, told="no symbol of this universe has one")
    for url in urls:
        if url not in answers:
            answers[url] = _ask(client, source, symbol, url, session, before)
        if answers[url].outcome in WORKING:
            return answers[url]
    return answers[urls[0]]


def _ask(client: HttpClient, source: Source, symbol: str, url: str, session: date, before: date) -> Probe:
    started = time.monotonic()
    try:
        body = fetch_pages(client, source.dataset, symbol, url).body  # all of them: the first tells no clock
    except AlvhError as error:
        return Probe(outcome=_failure(error), told=_why(error, url))
    except Exception as error:  # noqa: BLE001 - one source's fault must not hide what the others say
        return Probe(outcome=SILENT, told=f"{symbol}: no answer from {url}: {type(error).__name__}: {error}")
    told = f"{max(len(body) // 1024, 1)} kB, {time.monotonic() - started:.1f} s"
    try:
        newest = _newest(source, source.read(body, symbol, url))
    except AlvhError as error:
        return Probe(outcome=UNREADABLE, told=str(error))
    if newest is None:
        return Probe(outcome=READABLE, told=told)
    expected = _expected(source, symbol, session, before)
    is_fresh = newest >= expected
    behind = "" if is_fresh else f", expected {expected} or later"
    return Probe(outcome=FRESH if is_fresh else STALE, told=f"newest {newest}{behind}, {told}")


def _question(source: Source, universe: Mapping[str, Asset], bases: Mapping[str, str],
              session: date) -> tuple[list[str], str]:  # fmt: skip
    """Return where to ask and for what: the sample's symbol if the night asks for it, else the first that it does."""
    names = SYMBOLS[source.dataset](universe, session)
    for name in sorted(names, key=lambda name: name != source.sample_symbol):
        urls = source.addresses(Wanted(symbol=name, asset=universe.get(name), trade_date=session), bases)
        if urls:
            return urls, name
    return [], source.sample_symbol


def _why(error: AlvhError, url: str) -> str:
    """Return an error in words; of what the network says only what it means."""
    cause = error.__context__
    reason = getattr(cause.args[0], "reason", None) if cause and cause.args else None
    host = urlsplit(url).netloc
    return f"{host}: {str(reason).rpartition(': ')[2]}" if reason is not None else str(error)


def _failure(error: AlvhError) -> str:
    if error.http_status is None:  # an exception of requests is an OSError: nobody was there
        return SILENT if isinstance(error.__context__, OSError) else UNREADABLE
    if error.http_status in _REFUSALS:
        return REFUSED
    return BUSY if error.http_status == _TOO_MANY or error.http_status >= 500 else UNREADABLE


def _newest(source: Source, found: Any) -> date | None:
    """Return the newest day a body tells something about; None where it tells of no day."""
    if isinstance(found, Chain | ChainHeader):
        header = found.header if isinstance(found, Chain) else found
        return header.quote_at.date() if header.quote_at else None
    names = {FUNDAMENTALS: ["filed_date"], MACRO_CALENDAR: ["event_date"], MACRO_SERIES: ["observation_date"]}
    dated = names.get(source.dataset) or [name for name in found.columns if name.endswith("_date")]
    if not dated or found.empty or found[dated[0]].isna().all():
        return None
    newest: date = found[dated[0]].max().date()
    return newest


def _expected(source: Source, symbol: str, session: date, before: date) -> date:
    """Return how old the newest number may be; histories and the curve of a session may come the morning after."""
    if source.dataset in {CHAIN, CROSS_CHECK}:
        return session
    if source.dataset == FUNDAMENTALS:
        return session - timedelta(days=STALE_DAYS)
    if source.dataset == MACRO_SERIES:
        return session - timedelta(days=SERIES[symbol].lag_days + LATE_DAYS)
    return session if source.dataset == MACRO_CALENDAR else before
