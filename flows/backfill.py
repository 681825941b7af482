"""Many nights: prepared side by side, decided one after the other in the order of their dates.

What a night is, landing to scores, depends on no other night and runs in worker processes, a few nights ahead; what
starts from the night before, signals to publication, stays here. Stopped at any moment, it goes on where it was the
next time: published nights are left alone, the others start from what has landed.
"""

import logging
import time
from collections import deque
from collections.abc import Generator, Iterable, Iterator
from concurrent.futures import BrokenExecutor
from contextlib import ExitStack, closing, contextmanager, suppress
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from functools import cache
from typing import Any

from prefect import flow, runtime, task
from prefect.artifacts import create_markdown_artifact, create_progress_artifact, update_progress_artifact
from prefect.cache_policies import NO_CACHE
from prefect.futures import PrefectFuture
from prefect.task_runners import ProcessPoolTaskRunner

from alvh_core.errors import AlvhError, ContractError, FatalError
from alvh_core.upkeep import open_nights, progress_line
from expectations.runner import proofs_first
from flows.children import begin_worker
from flows.nightly import conclude, prepare, restate
from flows.wiring import check_over, held_night, trading_calendar
from tasks.assets import untracked
from tasks.night import Night
from tasks.open_night import NightTakenError, open_night
from tasks.settings import load_settings

WORKERS = 2
AHEAD = 3  # nights prepared or in preparation while one is decided; more workers have nothing to do
LOG = logging.getLogger("alvh.progress")


def worker_pool(count: int) -> Any:
    """Return the runner that prepares nights in processes of this machine."""
    return ProcessPoolTaskRunner(max_workers=count, initializer=begin_worker)


@task(task_run_name="prepare-{night.trade_date}", cache_policy=NO_CACHE)
def prepare_night(night: Night) -> dict[str, int]:
    """Take one night from landing to scores, in a worker process."""
    with in_bulk(night):
        return prepare(night)


@contextmanager
def in_bulk(night: Night) -> Iterator[None]:
    """Track the night, not its stages, keep its tables at hand, and ask the engine only what is not proven.

    A live night is run as any other. The answers are the same: a test compares them with those of the nightly run.
    """
    if night.source_mode == "live":
        yield
        return
    with untracked(), proofs_first(), night.lake.in_memory():
        yield


@flow(name="backfill", flow_run_name="backfill-{start}-to-{end}", task_runner=worker_pool(WORKERS))
def backfill(start: date, end: date, source: str | None = None, force: bool = False) -> dict[str, str]:
    """Publish every session of a period that is not published yet.

    Parameters
    ----------
    start, end : date
        First and last day of the period.
    source : str, optional
        As for `nightly`.
    force : bool
        Compute COMPLETE nights again, from what has landed.

    Returns
    -------
    dict of str to str
        Outcome by session: OK, NO_DATA, AlreadyRunning, or FAILED: why.

    Raises
    ------
    ContractError
        The period ends before it begins, holds no session, or is live and not over.
    FatalError
        Nights failed; the others are published, and the gap ledger says what is open.
    """
    last, nights = planned_nights(start, end, source, force=force)
    progress = Progress(len(nights))
    with closing(_ahead(nights, force=force)) as in_hand:
        for started in in_hand:
            is_last = started.night.trade_date == nights[-1].trade_date  # the others' pages are made when asked for
            progress.note(started.night.trade_date, _decide(started, has_page=is_last))
    restate(last)  # also where nothing was to be run: a backfill that was killed may have left it undone
    progress.end()
    failed = [day for day, outcome in progress.outcomes.items() if outcome.startswith("FAILED")]
    if failed:
        raise FatalError(f"{len(failed)} of {len(nights)} nights failed: {', '.join(failed)}; the others are published;"
                         " meta_gaps says why; run the same backfill again")  # fmt: skip
    return progress.outcomes


def planned_nights(start: date, end: date, source: str | None, *, force: bool) -> tuple[Night, list[Night]]:
    """Return a period's last night and the nights that are to be run, which enter the gap ledger."""
    settings = load_settings()
    calendar = trading_calendar(settings.calendar_file)
    if start > end:
        raise ContractError(f"backfill: expected --from not to be later than --to, found {start} and {end}")
    days = calendar.between(start - timedelta(days=1), end).astype(object).tolist()
    if not days:
        raise ContractError(f"backfill: expected a session from {start} to {end}, found none")
    run_id = str(runtime.flow_run.id)
    can_be_had = cache(lambda day: held_night(settings, day, source or settings.source, run_id))
    last = next(filter(None, map(can_be_had, reversed(days))), None)
    if last is None:
        raise ContractError(f"backfill: expected a session from {start} to {end} in {source}, found none")
    if last.source_mode == "live":
        check_over(calendar, days[-1], datetime.now(UTC))
    found = last.warehouse.nights(last.source_mode, days[0], days[-1])
    built = filter(None, map(can_be_had, days if force else open_nights(days, found)))
    nights = [night.with_warehouse(last.warehouse) for night in built]
    last.warehouse.note_gaps({n.key: "to be backfilled" for n in nights if found.get(n.trade_date) != "COMPLETE"})
    return last, nights


@dataclass(frozen=True, kw_only=True)
class Started:
    """A night in preparation, held until it is decided; or the outcome that keeps it from being started."""

    night: Night
    held: ExitStack
    counts: PrefectFuture[dict[str, int]] | None = None
    outcome: str = ""


def _ahead(nights: Iterable[Night], *, force: bool) -> Generator[Started]:
    """Start nights a few ahead and hand them out in order."""
    queue: deque[Started] = deque()
    try:
        for night in nights:
            queue.append(_start(night, force=force))
            if len(queue) > AHEAD:
                yield queue.popleft()
        while queue:
            yield queue.popleft()
    finally:
        for started in queue:
            _give_up(started)


def _give_up(started: Started) -> None:
    """Let go of a night that nobody decides any more, and say so."""
    night = started.night
    with started.held, suppress(AlvhError):
        night.warehouse.fail(night.key, "the backfill ended before this night", run_id=night.run_id)


def _start(night: Night, *, force: bool) -> Started:
    held = ExitStack()
    try:
        held.enter_context(open_night(night, force=force))
    except NightTakenError as taken:
        return Started(night=night, held=held, outcome=taken.state)
    except AlvhError as error:
        return Started(night=night, held=held, outcome=f"FAILED: {error}")
    return Started(night=night, held=held, counts=_submit(night))


def _submit(night: Night) -> PrefectFuture[dict[str, int]] | None:
    try:
        return prepare_night.submit(night)
    except BrokenExecutor:  # a worker died, and its pool with it
        return None


def _decide(started: Started, *, has_page: bool) -> str:
    try:
        if started.outcome:
            return started.outcome
        with started.held:
            counts = _prepared(started)
            with in_bulk(started.night):
                return conclude(started.night, counts, has_page=has_page)["outcome"]
    except AlvhError as error:
        return f"FAILED: {error}"
    finally:
        started.night.disconnect()  # hundreds of nights are held until the end


def _prepared(started: Started) -> dict[str, int]:
    """Return the counts of a night's preparation; without workers it is prepared here, from what has landed."""
    try:
        if started.counts is not None:
            return started.counts.result()
    except BrokenExecutor as error:
        LOG.warning("a worker died (%s); the rest is prepared without workers", error)
    with in_bulk(started.night):
        return prepare(started.night)


@dataclass
class Progress:
    """How far a backfill is: one line per night in the log, a progress bar and a table in the Prefect UI."""

    total: int
    outcomes: dict[str, str] = field(default_factory=dict)

    def __post_init__(self) -> None:
        """Open the progress bar."""
        self._first_done = 0.0
        self._bar: Any = create_progress_artifact(0.0, key="backfill", description=f"0 of {self.total} nights")

    def note(self, day: date, outcome: str) -> None:
        """Note how a night ended."""
        self.outcomes[str(day)] = outcome
        done = len(self.outcomes)
        self._first_done = self._first_done or time.monotonic()
        line = progress_line(day, outcome, done, self.total, time.monotonic() - self._first_done)
        LOG.info(line)
        update_progress_artifact(self._bar, 100.0 * done / self.total, description=line)

    def end(self) -> None:
        """Leave a table of the nights."""
        rows = [f"| {day} | {outcome} |" for day, outcome in self.outcomes.items()] or ["| | nothing to do |"]
        table = "\n".join(["| session | outcome |", "|---|---|", *rows])
        create_markdown_artifact(table, key="backfill-nights", description="Nights of the last backfill")
