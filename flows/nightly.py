"""The main job: one trading night, from raw bytes to verdicts. Read the stages in order; each is one task module.

Runs at 18:30 New York on weekdays (vendors are final from 17:30; a weekday that is no session ends as MarketClosed). A
night that is already COMPLETE is left alone, so a second run is harmless; a killed run is simply run again and goes on
from what has landed. Nothing is published until everything is, in one transaction.
"""

from collections.abc import Mapping, Sequence
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

from prefect import flow, get_run_logger, runtime, task
from prefect.cache_policies import NO_CACHE
from prefect.states import Completed, State
from prefect.task_runners import ThreadPoolTaskRunner
from prefect.utilities.annotations import quote

from alvh_core.errors import AlvhError
from alvh_core.landing import Landing
from flows.runners import open_runner
from flows.sources import check_imported
from flows.wiring import build_night, check_over, check_version, run_name, scheduled_date, sibling, trading_calendar
from tasks.assets import STAGES, is_untracked
from tasks.book import book
from tasks.context import context
from tasks.costs import costs
from tasks.cross_check import cross_check
from tasks.curve import curve
from tasks.deliver import deliver_alerts
from tasks.drift import drift
from tasks.fundamentals import fundamentals, ratios
from tasks.gather import cut, gather
from tasks.judge import judge
from tasks.land import land, land_quietly, outcome
from tasks.macro import macro, remember
from tasks.markets import breadth, markets
from tasks.night import Night
from tasks.normalise import normalise
from tasks.open_night import NightTakenError, in_order, open_night, reopen_night
from tasks.price import price
from tasks.publish import publish
from tasks.report import forget_pages, report
from tasks.score import score
from tasks.settings import Settings, load_settings
from tasks.signals import signal
from tasks.tightness import tightness
from tasks.validate import validate

LANES = 4  # payloads landing side by side
WAIT_SECONDS = 3600.0  # for another run of the same night: to find it complete is better than to fail


@flow(name="nightly", flow_run_name=run_name)
def nightly(
    trade_date: date | None = None, source: str | None = None, force: bool = False
) -> State[Any] | dict[str, str]:
    """Run one night.

    Parameters
    ----------
    trade_date : date, optional
        Session to run; by default the New York date the run was scheduled for, never today's, if that session was over.
        A live one must be over now; the simulated market has every session of its calendar, those to come too.
    source : str, optional
        ``simulated``, ``live``, ``recorded:PATH`` or ``imported[:HISTORIES]``; by default ``ALVH_SOURCE``.
    force : bool
        Compute a night again that is already COMPLETE, from what has landed.
    """
    settings = load_settings()
    day = trade_date or scheduled_date(runtime.flow_run.scheduled_start_time)
    calendar = trading_calendar(settings.calendar_file)
    if not calendar.is_session(day):
        return Completed(name="MarketClosed", message=f"{day} is no trading session")
    if trade_date is None:
        check_over(calendar, day, runtime.flow_run.scheduled_start_time)
    elif (source or settings.source) == "live":
        check_over(calendar, day, datetime.now(UTC))
    return run_night(settings, day, source, force=force)


def run_night(settings: Settings, day: date, source: str | None = None, *, force: bool = False,
              wait_seconds: float = WAIT_SECONDS) -> State[Any] | dict[str, str]:  # fmt: skip
    """Open a night, take it through its stages, and conclude again what had been built on its absence."""
    check_imported(settings, day, source or settings.source)
    night = build_night(settings, day, source or settings.source, str(runtime.flow_run.id))
    answer: State[Any] | dict[str, str]
    try:
        with open_night(night, force=force, wait_seconds=wait_seconds):
            STAGES.info("%s · %s", day, night.source_mode.upper())
            answer = conclude(night, prepare(night))
    except NightTakenError as taken:
        if taken.state == "AlreadyComplete" and not night.report_path.is_file():
            report(night)  # killed between publishing and reporting
        answer = Completed(name=taken.state, message=str(taken))
    deliver_alerts(night)
    if restate(night):  # which may take long
        deliver_alerts(night)
    return answer


def prepare(night: Night) -> dict[str, int]:
    """Land and score a night: everything that depends on no other night."""
    landings = land_all(night)
    curve(night, landings)
    macro(night, landings)
    markets(night, landings)
    cross_check(night, landings)
    fundamentals(night, landings)
    parts = cut(landings, night.shards)
    counts = compute_shards(night, parts) if len(parts) > 1 else [compute(night, landings)]
    total: dict[str, int] = gather(night, counts)
    ratios(night)
    return total


def land_all(night: Night) -> list[Landing]:
    """Fetch every payload by threads of this process, whatever computes them: one pace per host."""
    night.connect()
    requests = night.requests
    if is_untracked():
        return [land_quietly(night, request) for request in requests]
    STAGES.info("land, %d payloads", len(requests))
    lanes: Any
    with ThreadPoolTaskRunner(max_workers=LANES) as lanes:
        # quoted: looking for futures in the universe, Prefect would read all of it for each of its symbols
        futures = [lanes.submit(land, {"night": quote(night), "request": request}) for request in requests]
        results: list[Any] = [future.result(raise_on_failure=False) for future in futures]
    return [outcome(request, result) for request, result in zip(requests, results, strict=True)]


def compute(night: Night, landings: Sequence[Landing]) -> dict[str, int]:
    """Take a night, or a shard of it, from raw bodies to scores; no symbol needs another."""
    normalise(night, landings)
    counts: dict[str, int] = validate(night)
    price(night)
    score(night)
    return counts


@task(name="shard", task_run_name="shard-{night.shard}", cache_policy=NO_CACHE)
def compute_shard(night: Night, landings: Sequence[Landing]) -> dict[str, int]:
    """Compute a part of a night, on whatever worker the runner chose."""
    check_version(night)
    return compute(night, landings)


def compute_shards(night: Night, parts: Sequence[Sequence[Landing]]) -> list[dict[str, int]]:
    """Compute the parts of a night side by side, wherever the settings say; paths travel, frames do not."""
    with open_runner(night.runner, night.runner_address, len(parts)) as runner:
        futures = [
            runner.submit(compute_shard, {"night": night.as_shard(number, len(parts)), "landings": part})
            for number, part in enumerate(parts)
        ]
        return [future.result() for future in futures]


def conclude(night: Night, counts: Mapping[str, int], *, has_page: bool = True) -> dict[str, str]:
    """Decide and publish a prepared night: what starts from the state that earlier nights left."""
    with in_order(night):
        based_on_no = night.warehouse.last_publication(night.source_mode, before=night.trade_date)
        remember(night)
        context(night)
        signal(night)
        book(night)
        tightness(night)
        costs(night)
        breadth(night)
        judge(night)
        drift(night)
        forget_pages(night)
        ended = publish(night, counts, based_on_no)
    page: Path = report(night) if has_page else night.report_path
    return {
        "trade_date": str(night.trade_date),
        "source_mode": night.source_mode,
        "outcome": ended,
        "report": str(page),
    }


def restate(night: Night) -> bool:
    """Conclude later nights again that started from a past which has changed, oldest first; tell whether any was.

    Late runs arrive out of order: a night published after its successor changes the state the successor began with.
    One that cannot be concluded stays as it was published, and stale: the next run tries again.
    """
    restated, passed_over = False, set[date]()
    while days := [day for day in night.warehouse.stale_nights(night.source_mode) if day not in passed_over]:
        try:
            later, counts = sibling(night, days[0])
            with reopen_night(later):
                STAGES.info("%s again: an earlier night has changed", days[0])
                conclude(later, counts)
            restated = True
            get_run_logger().info("%s restated: an earlier night has changed", days[0])
        except (NightTakenError, AlvhError) as error:  # whoever holds it reads the changed past
            passed_over.add(days[0])
            get_run_logger().warning("%s could not be restated: %s", days[0], error)
    return restated
